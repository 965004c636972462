//! Live days for the scripts of the pages.

use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode, header};
use serde_json::json;

use super::token::Source;
use super::{Pages, answer, api};
use crate::grpc::local::LiveParts;
use crate::grpc::{json as form, pb};

/// Bytes of a change that is to be applied, in its JSON form.
pub(super) const CHANGE_BYTES_MAX: usize = 12 << 20;

pub(super) async fn days(State(pages): State<Pages>) -> Response {
    match pages.api.list_live_days().await {
        Ok(listed) => answer::message(listed).await,
        Err(error) => answer::error(error),
    }
}

/// Everything: what is planned, and where everybody is.
pub(super) async fn day(State(pages): State<Pages>, Path(id): Path<String>) -> Response {
    let parts = LiveParts {
        couriers: true,
        plan: true,
    };
    read(&pages, id, parts).await
}

/// Where everybody is, for who has the plan already.
pub(super) async fn now(State(pages): State<Pages>, Path(id): Path<String>) -> Response {
    let parts = LiveParts {
        couriers: true,
        plan: false,
    };
    read(&pages, id, parts).await
}

/// Whether there is anything new.
pub(super) async fn summary(State(pages): State<Pages>, Path(id): Path<String>) -> Response {
    read(&pages, id, LiveParts::default()).await
}

async fn read(pages: &Pages, id: String, parts: LiveParts) -> Response {
    let _turn = pages.large.acquire().await;
    match pages.api.live_day(id, parts).await {
        Ok(mut day) => {
            let plan = day.plan.as_mut();
            plan.and_then(|plan| plan.problem.as_mut())
                .into_iter()
                .for_each(api::lighten);
            answer::message(day).await
        }
        Err(error) => answer::error(error),
    }
}

/// Open alerts and every change of them, as server-sent events.
pub(super) async fn watch(State(pages): State<Pages>, Path(id): Path<String>) -> Response {
    let Some(place) = api::place(&pages) else {
        return api::busy();
    };
    match pages.api.watch_risk(id).await {
        Ok(watch) => api::stream(place, watch, |news| form::write_line(&news)),
        Err(error) => answer::error(error),
    }
}

pub(super) async fn links(State(pages): State<Pages>, Path(id): Path<String>) -> Response {
    api::links(&pages, Source::Live(id)).await
}

/// What can be done about the promise of an order.
pub(super) async fn remedies(
    State(pages): State<Pages>,
    Path((id, order)): Path<(String, String)>,
) -> Response {
    let _turn = pages.large.acquire().await;
    match pages.api.suggest_remedies(id, order).await {
        Ok(suggested) => answer::message(suggested).await,
        Err(error) => answer::error(error),
    }
}

/// Changes the plan of a live day. Only pages of this server can ask: a page from elsewhere may send JSON only if it is
/// allowed to, and nobody is.
pub(super) async fn apply(
    State(pages): State<Pages>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let kind = headers.get(header::CONTENT_TYPE);
    if kind.is_none_or(|kind| kind.as_bytes() != answer::JSON.as_bytes()) {
        return refused(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the body is to be application/json",
        );
    }
    let request: pb::ApplyRemedyRequest = match form::read(&body) {
        Ok(request) => request,
        Err(error) => return refused(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let request = pb::ApplyRemedyRequest {
        live_day_id: id,
        ..request
    };
    match pages.api.apply_remedy(request).await {
        Ok(applied) => answer::message(applied).await,
        Err(error) => answer::error(error),
    }
}

fn refused(status: StatusCode, message: &str) -> Response {
    let said = json!({"code": "INVALID_ARGUMENT", "message": message});
    answer::of(status, answer::JSON, said.to_string())
}

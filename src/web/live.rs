//! Live days for the scripts of the pages.

use axum::extract::{Path, State};
use axum::response::Response;

use super::token::Source;
use super::{Pages, answer, api};
use crate::grpc::json as form;
use crate::grpc::local::LiveParts;

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

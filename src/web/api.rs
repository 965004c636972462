//! The API for the scripts of the pages: JSON forms of the messages of gRPC.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderValue, StatusCode};
use serde_json::{Map, json};
use tokio::sync::OwnedSemaphorePermit;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;

use super::token::Source;
use super::{Pages, answer};
use crate::grpc::local::{ApiError, LiveParts, Watch};
use crate::grpc::{json as form, pb};

/// Events that may wait for a slow browser; what is watched never waits.
const EVENTS_WAITING_MAX: usize = 4;

pub(super) async fn plans(State(pages): State<Pages>) -> Response {
    match pages.api.list_plans().await {
        Ok(listed) => answer::message(listed).await,
        Err(error) => answer::error(error),
    }
}

pub(super) async fn plan(State(pages): State<Pages>, Path(id): Path<String>) -> Response {
    let _turn = pages.large.acquire().await;
    match pages.api.plan(id, true).await {
        Ok(mut job) => {
            job.problem.iter_mut().for_each(lighten);
            answer::message(job).await
        }
        Err(error) => answer::error(error),
    }
}

pub(super) async fn days(State(pages): State<Pages>) -> Response {
    match pages.api.list_days().await {
        Ok(listed) => answer::message(listed).await,
        Err(error) => answer::error(error),
    }
}

pub(super) async fn day(State(pages): State<Pages>, Path(id): Path<String>) -> Response {
    let _turn = pages.large.acquire().await;
    match pages.api.day(id, true).await {
        Ok(mut day) => {
            let plan = day.plan.as_mut();
            plan.and_then(|plan| plan.problem.as_mut())
                .into_iter()
                .for_each(lighten);
            answer::message(day).await
        }
        Err(error) => answer::error(error),
    }
}

pub(super) async fn day_summary(State(pages): State<Pages>, Path(id): Path<String>) -> Response {
    match pages.api.day(id, false).await {
        Ok(day) => answer::message(day).await,
        Err(error) => answer::error(error),
    }
}

pub(super) async fn plan_links(State(pages): State<Pages>, Path(id): Path<String>) -> Response {
    links(&pages, Source::Job(id)).await
}

pub(super) async fn day_links(State(pages): State<Pages>, Path(id): Path<String>) -> Response {
    links(&pages, Source::Day(id)).await
}

/// The orders that are held, and not yet promised.
pub(super) async fn day_holds(State(pages): State<Pages>, Path(id): Path<String>) -> Response {
    match pages.api.held_orders(id).await {
        Ok(ids) => answer::of(
            StatusCode::OK,
            answer::JSON,
            json!({"orderIds": ids}).to_string(),
        ),
        Err(error) => answer::error(error),
    }
}

/// Travel times between all places are most of a problem, and no page needs them.
pub(super) fn lighten(problem: &mut pb::Problem) {
    problem.travel_profiles.clear();
}

/// A day with its plan, from wherever it is; `None` while a job has no plan.
pub(super) async fn planned_day(
    pages: &Pages,
    source: &Source,
) -> Result<Option<pb::PlannedDay>, ApiError> {
    match source {
        Source::Job(id) => {
            let job = pages.api.plan(id.clone(), true).await?;
            Ok(job.solved.map(|solved| pb::PlannedDay {
                problem: job.problem,
                plan: solved.plan,
                forecast: solved.forecast,
                target_outcome: solved.target_outcome,
            }))
        }
        Source::Day(id) => Ok(pages.api.day(id.clone(), true).await?.plan),
        Source::Live(id) => {
            let parts = LiveParts {
                plan: true,
                ..LiveParts::default()
            };
            Ok(pages.api.live_day(id.clone(), parts).await?.plan)
        }
    }
}

/// Paths of the couriers' own pages, by courier.
pub(super) async fn links(pages: &Pages, source: Source) -> Response {
    let _turn = pages.large.acquire().await;
    let day = match planned_day(pages, &source).await {
        Ok(day) => day.unwrap_or_default(),
        Err(error) => return answer::error(error),
    };
    let routes = day.plan.unwrap_or_default().routes;
    let link = |route: pb::Route| {
        let token = pages.secret.token(&source, &route.courier_id);
        (route.courier_id, format!("/c/{token}").into())
    };
    let links: Map<String, serde_json::Value> = routes.into_iter().map(link).collect();
    answer::of(
        StatusCode::OK,
        answer::JSON,
        json!({"links": links}).to_string(),
    )
}

/// What happens to a job until it ends, as server-sent events.
pub(super) async fn events(State(pages): State<Pages>, Path(id): Path<String>) -> Response {
    let Some(place) = place(&pages) else {
        return busy();
    };
    match pages.api.watch_plan(id).await {
        Ok(watch) => stream(place, watch, |mut news| {
            // A page asks for the plan itself once the job has ended.
            news.solved = None;
            form::write_line(&news)
        }),
        Err(error) => answer::error(error),
    }
}

/// A place among those who watch, if there is one.
pub(super) fn place(pages: &Pages) -> Option<OwnedSemaphorePermit> {
    pages.watchers.clone().try_acquire_owned().ok()
}

/// Says that there is no place.
pub(super) fn busy() -> Response {
    let busy = json!({"code": "RESOURCE_EXHAUSTED", "message": "too many pages watch already"});
    answer::of(
        StatusCode::TOO_MANY_REQUESTS,
        answer::JSON,
        busy.to_string(),
    )
}

/// What is watched, as server-sent events, each in the words of `said`.
pub(super) fn stream<T: Send + 'static>(
    place: OwnedSemaphorePermit,
    mut watch: Watch<T>,
    said: fn(T) -> String,
) -> Response {
    let (sender, receiver) = tokio::sync::mpsc::channel(EVENTS_WAITING_MAX);
    tokio::spawn(async move {
        loop {
            let next = tokio::select! {
                next = watch.next() => next,
                // Nobody listens any more.
                () = sender.closed() => break,
            };
            let event = match next {
                Some(Ok(news)) => format!("data: {}\n\n", said(news)),
                Some(Err(error)) => format!("event: failed\ndata: {}\n\n", error.json),
                None => break,
            };
            if sender.send(event).await.is_err() {
                break;
            }
        }
        drop(place);
    });
    let events = ReceiverStream::new(receiver).map(|event| Ok::<_, Infallible>(Bytes::from(event)));
    let mut answer = answer::of(
        StatusCode::OK,
        "text/event-stream",
        Body::from_stream(events),
    );
    // Some proxies would otherwise keep events until they are many.
    let unbuffered = HeaderValue::from_static("no");
    answer.headers_mut().insert("x-accel-buffering", unbuffered);
    answer
}

//! The pages that browsers are served: the dispatcher's, and a courier's own route for a phone.
//!
//! Everything here reads the API as any caller could ([`Api`]) and changes nothing but the plan of a live day, by a remedy
//! that a dispatcher chose. Pages are plain HTML, CSS and ES
//! modules in `assets/`, embedded in the program; they load nothing from elsewhere unless tiles are configured. What comes
//! from data is put into pages as text by the scripts, never as HTML.
//!
//! | address | what it gives |
//! |---|---|
//! | `/` | the dispatcher's page |
//! | `/assets/...` | what pages load |
//! | `/api/plans` | `ListPlansResponse` |
//! | `/api/plans/{id}` | `GetPlanResponse` with the problem, travel profiles left out |
//! | `/api/plans/{id}/events` | server-sent events, each a `WatchPlanResponse` without the plan |
//! | `/api/plans/{id}/links` | the paths of the couriers' own pages, by courier |
//! | `/api/days` | `ListDaysResponse` |
//! | `/api/days/{id}` | `GetDayResponse` with the plan, travel profiles left out |
//! | `/api/days/{id}/summary` | `GetDayResponse` without the plan |
//! | `/api/days/{id}/links` | as for plans |
//! | `/api/days/{id}/holds` | ids of the orders that are held and not confirmed |
//! | `/api/live` | `ListLiveDaysResponse` |
//! | `/api/live/{id}` | `GetLiveDayResponse` with couriers and plan, travel profiles left out |
//! | `/api/live/{id}/now` | `GetLiveDayResponse` with couriers, without the plan |
//! | `/api/live/{id}/summary` | `GetLiveDayResponse` without either |
//! | `/api/live/{id}/watch` | server-sent events, each a `WatchRiskResponse` |
//! | `/api/live/{id}/links` | as for plans |
//! | `/api/live/{id}/remedies/{order}` | `SuggestRemediesResponse` |
//! | `POST /api/live/{id}/apply` | `ApplyRemedyResponse` to an `ApplyRemedyRequest` |
//! | `/c/{token}` | a courier's own page |
//! | `/c/worker.js` | what keeps that page on the phone |
//! | `/c/{token}/route` | `PlannedDay` of that courier alone |

mod answer;
mod api;
mod asset;
mod courier;
mod host;
mod live;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};
use tokio::sync::Semaphore;

use crate::config::Config;
use crate::grpc::local::Api;

pub use token::{Secret, SecretError};

/// Answers made from large messages at the same time; more wait.
const LARGE_ANSWERS_MAX: usize = 4;
/// Jobs and live days watched at the same time; more are refused.
const WATCHERS_MAX: usize = 64;

/// What the pages need.
#[derive(Clone)]
struct Pages {
    api: Api,
    secret: Arc<Secret>,
    /// Address of tiles for maps; empty for none.
    tiles: Arc<str>,
    large: Arc<Semaphore>,
    watchers: Arc<Semaphore>,
}

/// The pages of a server that is called by `api`.
pub fn router(api: Api, secret: Secret, config: &Config) -> Router {
    let pages = Pages {
        api,
        secret: Arc::new(secret),
        tiles: config.tiles.as_str().into(),
        large: Arc::new(Semaphore::new(LARGE_ANSWERS_MAX)),
        watchers: Arc::new(Semaphore::new(WATCHERS_MAX)),
    };
    let hosts = host::Hosts::new(&config.page_hosts);
    let assets = asset::ALL.iter().chain([&asset::WORKER]);
    let router = assets.fold(Router::new(), |router, asset| {
        router.route(asset.path, get(move || std::future::ready(asset.answer())))
    });
    router
        .route("/", get(asset::dispatcher))
        .route("/api/plans", get(api::plans))
        .route("/api/plans/{id}", get(api::plan))
        .route("/api/plans/{id}/events", get(api::events))
        .route("/api/plans/{id}/links", get(api::plan_links))
        .route("/api/days", get(api::days))
        .route("/api/days/{id}", get(api::day))
        .route("/api/days/{id}/summary", get(api::day_summary))
        .route("/api/days/{id}/links", get(api::day_links))
        .route("/api/days/{id}/holds", get(api::day_holds))
        .route("/api/live", get(live::days))
        .route("/api/live/{id}", get(live::day))
        .route("/api/live/{id}/now", get(live::now))
        .route("/api/live/{id}/summary", get(live::summary))
        .route("/api/live/{id}/watch", get(live::watch))
        .route("/api/live/{id}/links", get(live::links))
        .route("/api/live/{id}/remedies/{order}", get(live::remedies))
        .route(
            "/api/live/{id}/apply",
            post(live::apply).layer(DefaultBodyLimit::max(live::CHANGE_BYTES_MAX)),
        )
        .route("/c/{token}", get(courier::page))
        .route("/c/{token}/route", get(courier::route))
        .route_layer(middleware::from_fn_with_state(hosts, host::check))
        .with_state(pages)
}

//! What `grpc.health.v1` says: everything is served until the end, but for what needs a store that is away.

use std::time::Duration;

use tokio::sync::watch;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use super::pb;
use crate::store::Store;

/// How often the store is looked at.
const CHECK: Duration = Duration::from_secs(2);

/// Names of the services that need no store, and of the whole process (the empty name).
const WITHOUT_STORE: [&str; 5] = [
    "",
    pb::planning_service_server::SERVICE_NAME,
    pb::forecast_service_server::SERVICE_NAME,
    pb::route_sheet_service_server::SERVICE_NAME,
    pb::benchmark_service_server::SERVICE_NAME,
];

/// Names of the services that do.
const WITH_STORE: [&str; 2] = [
    pb::promise_service_server::SERVICE_NAME,
    pb::day_service_server::SERVICE_NAME,
];

/// Says the same of everything.
pub(super) async fn report(health: &HealthReporter, status: ServingStatus) {
    for service in WITHOUT_STORE.into_iter().chain(WITH_STORE) {
        health.set_service_status(service, status).await;
    }
}

/// Says of the services that need the store whether it can be read and written, until `closing` is true.
pub(super) async fn follow(
    store: Store,
    health: HealthReporter,
    mut closing: watch::Receiver<bool>,
) {
    let mut was_well = true;
    loop {
        tokio::select! {
            // An error means that the server is gone.
            _ = closing.wait_for(|is_closing| *is_closing) => return,
            () = tokio::time::sleep(CHECK) => {}
        }
        let checked = store.check().await;
        let is_well = checked.is_ok();
        if is_well == was_well || *closing.borrow() {
            continue;
        }
        match checked {
            Ok(()) => tracing::info!("the store is back"),
            Err(error) => tracing::warn!("the store is away: {error}"),
        }
        let status = match is_well {
            true => ServingStatus::Serving,
            false => ServingStatus::NotServing,
        };
        for service in WITH_STORE {
            health.set_service_status(service, status).await;
        }
        was_well = is_well;
    }
}

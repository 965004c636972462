//! What is told of promises at risk while a day is played, and to whom it was told.

use std::collections::BTreeMap;
use std::time::Duration;

use tonic::transport::Channel;
use tonic::{Code, Streaming};

use super::play::failed;
use crate::cli::Failure;
use crate::grpc::pb;
use crate::grpc::pb::AlertChangeKind as Kind;
use crate::grpc::pb::day_service_client::DayServiceClient;
use crate::grpc::pb::watch_risk_response::Told;
use crate::units::Timestamp;

/// Longest wait for what is told of a minute that has passed.
const PATIENCE: Duration = Duration::from_secs(60);

/// Somebody who watches a live day.
pub(super) struct Ear {
    client: DayServiceClient<Channel>,
    id: String,
    watching: Streaming<pb::WatchRiskResponse>,
    /// By order.
    tales: BTreeMap<String, Tale>,
}

/// What a customer was told.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tale {
    /// How often.
    pub(super) times: usize,
    /// Whether the last word was that the promise is at risk, first said as long ahead as is wanted.
    pub(super) is_announced: bool,
    /// Whether it is at risk.
    is_open: bool,
}

impl Ear {
    /// Begins to watch the live day called `id`.
    pub(super) async fn new(
        mut client: DayServiceClient<Channel>,
        id: &str,
    ) -> Result<Self, Failure> {
        let watching = watch(&mut client, id).await?;
        Ok(Self {
            client,
            id: id.to_owned(),
            watching,
            tales: BTreeMap::new(),
        })
    }

    /// All that is told up to and including `now`, which the day has come to.
    pub(super) async fn hear(&mut self, now: Timestamp) -> Result<Vec<pb::AlertChange>, Failure> {
        let mut heard = Vec::new();
        loop {
            let message = tokio::time::timeout(PATIENCE, self.watching.message()).await;
            let message = message.map_err(|error| Failure::new("watch the day", error))?;
            let (at, changes) = match message {
                Ok(message) => match message.and_then(|message| message.told) {
                    Some(Told::Open(open)) => (open.as_of_time, self.raised(open.alerts)),
                    Some(Told::Change(change)) => (None, vec![change]),
                    Some(Told::Heartbeat(beat)) => (beat.as_of_time, Vec::new()),
                    None => return Err(Failure::new("watch the day", "the stream has ended")),
                },
                // Too far behind, or the day was read anew: what is open comes first again.
                Err(status)
                    if matches!(status.code(), Code::ResourceExhausted | Code::Unavailable) =>
                {
                    self.watching = watch(&mut self.client, &self.id).await?;
                    continue;
                }
                Err(status) => return Err(failed("watch the day")(status)),
            };
            for change in &changes {
                self.note(change);
            }
            heard.extend(changes);
            if at.is_some_and(|at| at.seconds >= now.0) {
                return Ok(heard);
            }
        }
    }

    /// Of alerts that are open, those that were not heard of.
    fn raised(&self, alerts: Vec<pb::LiveAlert>) -> Vec<pb::AlertChange> {
        let is_new = |alert: &pb::LiveAlert| {
            let tale = self.tales.get(&alert.order_id);
            tale.is_none_or(|tale| !tale.is_open)
        };
        let alerts = alerts.into_iter().filter(is_new);
        let raised = alerts.map(|alert| pb::AlertChange {
            kind: Kind::Raised as i32,
            as_of_time: alert.told_time,
            alert: Some(alert),
        });
        raised.collect()
    }

    fn note(&mut self, change: &pb::AlertChange) {
        let Some(alert) = &change.alert else { return };
        let tale = self.tales.entry(alert.order_id.clone()).or_default();
        match change.kind() {
            Kind::Raised | Kind::Moved => {
                tale.times += 1;
                tale.is_open = true;
                tale.is_announced = alert.is_in_time;
            }
            Kind::Cleared => {
                tale.times += 1;
                (tale.is_open, tale.is_announced) = (false, false);
            }
            Kind::Ended | Kind::Unspecified => tale.is_open = false,
        }
    }

    /// Orders at risk.
    pub(super) fn at_risk(&self) -> Vec<String> {
        let open = self.tales.iter().filter(|(_, tale)| tale.is_open);
        open.map(|(order, _)| order.clone()).collect()
    }

    /// What every customer was told who was told something, by order.
    pub(super) fn tales(self) -> BTreeMap<String, Tale> {
        self.tales
    }
}

async fn watch(
    client: &mut DayServiceClient<Channel>,
    id: &str,
) -> Result<Streaming<pb::WatchRiskResponse>, Failure> {
    let request = pb::WatchRiskRequest {
        live_day_id: id.to_owned(),
    };
    let watching = client.watch_risk(request).await;
    Ok(watching.map_err(failed("watch the day"))?.into_inner())
}

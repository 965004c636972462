//! What came of promises: the one definition of on time.
//!
//! A promise is kept if service starts by the last moment of the order's windows as they were told first, plus grace. An early courier waits, which
//! is no miss. The start of service is what was reported as such; if it was not, the arrival, or the opening of the window
//! that the courier came before; if neither was reported, the moment at which the courier left the door, which can only be
//! later than the start. Where nothing was handed over, the promise is not kept, except that customers who were not there
//! are counted apart.

use serde::{Deserialize, Serialize};

use super::courier::{StopRecord, StopState};
use super::event::FailureReason;
use super::roster::RosterStop;
use crate::model::OrderId;
use crate::units::{Seconds, Timestamp};

/// By which moment a promise is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The reported start of service.
    ServiceStart,
    /// The reported arrival, or the first moment in a window after it.
    Arrival,
    /// The moment at which the courier left the door.
    End,
}

/// What came of a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing yet, or it was not reported.
    Open,
    /// It was kept.
    Kept {
        /// When service started.
        at: Timestamp,
        /// How that is known.
        basis: Basis,
    },
    /// Service started too late.
    Late {
        /// When service started.
        at: Timestamp,
        /// How that is known.
        basis: Basis,
        /// How long after the last moment promised, grace not taken off.
        by: Seconds,
    },
    /// The courier was there in time, the customer was not.
    CustomerAbsent {
        /// When the courier was there.
        at: Timestamp,
    },
    /// Nothing was handed over.
    NotDelivered(FailureReason),
}

/// How many promises came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcomes {
    /// Of which nothing is known yet.
    pub open: usize,
    /// Kept.
    pub kept: usize,
    /// Late.
    pub late: usize,
    /// Customers who were not there when the courier came in time.
    pub absent: usize,
    /// Nothing handed over for another reason.
    pub not_delivered: usize,
    /// Nobody was reported to have come, and it is too late to: not kept as far as is known.
    #[serde(default)]
    pub overdue: usize,
}

impl Outcomes {
    /// Counts `outcomes` as they are at `now`.
    pub fn count<'a>(outcomes: impl IntoIterator<Item = &'a OrderOutcome>, now: Timestamp) -> Self {
        let mut counts = Self::default();
        for order in outcomes {
            let count = match order.outcome {
                Outcome::Open if order.is_overdue(now) => &mut counts.overdue,
                Outcome::Open => &mut counts.open,
                Outcome::Kept { .. } => &mut counts.kept,
                Outcome::Late { .. } => &mut counts.late,
                Outcome::CustomerAbsent { .. } => &mut counts.absent,
                Outcome::NotDelivered(_) => &mut counts.not_delivered,
            };
            *count += 1;
        }
        counts
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> usize {
        self.open + self.kept + self.late + self.absent + self.not_delivered + self.overdue
    }

    /// Promises kept among those of which something is known, customers who were not there apart; `None` if there are
    /// none.
    #[must_use]
    pub fn on_time_rate(&self) -> Option<f64> {
        let known = self.kept + self.late + self.not_delivered + self.overdue;
        (known > 0).then(|| self.kept as f64 / known as f64)
    }
}

/// What came of the promise of `stop`, as `record` has it.
pub(super) fn outcome(stop: &RosterStop, record: &StopRecord, grace: Seconds) -> Outcome {
    let failure = match record.state {
        StopState::ToCome
        | StopState::AtDoor
        | StopState::Skipped
        | StopState::Moved
        | StopState::Unreported => None,
        StopState::Delivered | StopState::DeliveredInPart => None,
        StopState::Failed(reason) => Some(reason),
    };
    if failure.is_some_and(|reason| reason != FailureReason::CustomerAbsent) {
        return Outcome::NotDelivered(failure.unwrap_or(FailureReason::Other));
    }
    let is_done = matches!(
        record.state,
        StopState::Delivered | StopState::DeliveredInPart
    );
    let Some((at, basis)) = start(stop, record, is_done || failure.is_some()) else {
        return Outcome::Open;
    };
    // Who waits at a door may be let in too late, or not at all.
    let has_begun = basis == Basis::ServiceStart || is_done || failure.is_some();
    let by = stop.windows.last().map(|window| at - window.end);
    match by {
        Some(by) if by > grace => Outcome::Late { at, basis, by },
        _ if failure.is_some() => Outcome::CustomerAbsent { at },
        _ if has_begun => Outcome::Kept { at, basis },
        _ => Outcome::Open,
    }
}

/// When service started, and how that is known; `has_left` tells whether the courier left the door.
fn start(stop: &RosterStop, record: &StopRecord, has_left: bool) -> Option<(Timestamp, Basis)> {
    if let Some(at) = record.service_start {
        return Some((at, Basis::ServiceStart));
    }
    if let Some(at) = record.arrival {
        // Who waits, waits for the window told last.
        let window = stop.told.iter().find(|window| at <= window.end);
        let at = window.map_or(at, |window| at.max(window.start));
        // Who came too early and left before the window opened started when leaving, at the latest.
        let at = record.end.map_or(at, |end| at.min(end));
        return Some((at, Basis::Arrival));
    }
    let end = record.end.filter(|_| has_left)?;
    Some((end, Basis::End))
}

/// An order with what came of its promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderOutcome {
    /// The order.
    pub order: OrderId,
    /// What came of it.
    pub outcome: Outcome,
    /// Where nobody was reported to have come: the last moment at which somebody may, for the promise to be kept.
    pub due: Option<Timestamp>,
}

impl OrderOutcome {
    /// Whether nobody was reported to have come, and it is too late to at `now`. A report that is late itself may still say
    /// that the promise was kept.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.outcome == Outcome::Open && self.due.is_some_and(|due| due < now)
    }

    /// Whether the promise is broken as far as is known at `now`.
    #[must_use]
    pub fn is_broken(&self, now: Timestamp) -> bool {
        let is_known = matches!(
            self.outcome,
            Outcome::Late { .. } | Outcome::NotDelivered(_)
        );
        is_known || self.is_overdue(now)
    }
}

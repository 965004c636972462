//! What really happened on days gone by, beside what had been planned.

use super::{CourierId, DepotId, OrderId, ZoneId};
use crate::units::{Seconds, Timestamp};

/// Recorded routes of past days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Routes by day, then by courier.
    pub routes: Vec<RecordedRoute>,
}

/// One courier's recorded route of one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedRoute {
    /// The day, as midnight UTC of the calendar day that the operator counts the route to.
    pub day: Timestamp,
    /// Who drove it.
    pub courier: CourierId,
    /// Where it began, if at a depot.
    pub depot: Option<DepotId>,
    /// Departure from the start as planned.
    pub planned_departure: Timestamp,
    /// Departure from the start as it was.
    pub departure: Timestamp,
    /// Stops in the sequence in which they were made, which is that of the plan.
    pub stops: Vec<RecordedStop>,
}

/// What a recorded stop was for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordedPurpose {
    /// An order, at its door.
    Order(RecordedOrder),
    /// A depot, to load for the next trip.
    Reload,
    /// A break.
    Break,
}

/// The order of a recorded stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedOrder {
    /// The order.
    pub id: OrderId,
    /// The part of the city that it lies in.
    pub zone: ZoneId,
    /// First moment of service that was promised; couriers who come earlier wait.
    pub promised_start: Timestamp,
    /// Last moment of the start of service that was promised.
    pub promised_end: Timestamp,
}

/// One recorded stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedStop {
    /// What it was for.
    pub purpose: RecordedPurpose,
    /// Time on the way from the stop before, or the start, as planned.
    pub planned_travel: Seconds,
    /// Time at the door from the start of service on, as planned.
    pub planned_service: Seconds,
    /// Arrival as planned.
    pub planned_arrival: Timestamp,
    /// Arrival as it was.
    pub arrival: Timestamp,
    /// Start of service as it was, not before the arrival.
    pub service_start: Timestamp,
    /// Departure as it was, not before the start of service.
    pub departure: Timestamp,
}

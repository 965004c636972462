//! The nouns of the business as plain data: problems, orders, couriers, places, plans, noise.
//!
//! Knows nothing of the wire, the disk or the solver. References between things are ids, except that places are kept
//! once in [`Problem::places`] and referred to by [`PlaceIdx`].

mod courier;
mod finding;
#[cfg(test)]
pub(crate) mod fixture;
mod history;
mod ids;
mod initial;
mod noise;
mod order;
mod pairs;
mod plan;
mod problem;
mod validate;
mod zone;

pub use courier::{BreakStart, Costs, Courier, CourierBreak, Depot, Limits, RouteEnd, RouteStart};
pub use finding::{Finding, Reason};
pub use history::{History, RecordedOrder, RecordedPurpose, RecordedRoute, RecordedStop};
pub use ids::{
    CourierId, DayId, DepotId, EventId, MalformedId, OrderId, PlaceId, ProfileId, PromiseId,
    WindowId, ZoneId,
};
pub use initial::{InitialPlan, Lock, StopLock};
pub use noise::{
    BiasCell, CauseSplit, CourierEffect, ForecastOptions, LogFactor, NoiseModel, OnTimeTarget,
    PlanForecast, Probability, RouteForecast, SpreadSource, StopForecast, TargetOutcome,
};
pub use order::{Contact, DropPolicy, Order, OrderKind, Preference, Promise};
pub use plan::{
    Break, ConstraintKind, CostBreakdown, Obstacle, Plan, Provenance, Relaxation, Reload,
    ReloadSketch, Route, RouteSketch, Stop, StopReason, UnservedOrder, Verdict, Violation,
};
pub use problem::{
    GeoPoint, GeoTravel, Matrix, Place, PlaceIdx, Problem, Spot, TimeWindow, TravelBucket,
    TravelPace, TravelProfile, TravelSource,
};
pub use validate::{Calendar, Findings};

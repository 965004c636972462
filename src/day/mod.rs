//! A delivery day under way: what was reported from it, what that says of every courier, and what is to be expected.
//!
//! A pure state machine. A [`Day`] changes by [`Report`]s and changes of its plan alone, each with the time at which something happened and the
//! time at which it was reported; nothing here knows a clock. The state is a function of the set of reports, so that late
//! ones, and those that come in the wrong sequence, do no harm: a report sent twice changes nothing, and a record played
//! back gives the same state.
//!
//! A report is refused if it cannot be meant: an unknown order or courier, an order in another route, a moment in the
//! future beyond what clocks are allowed to be ahead. One that contradicts what happened before it is taken, since either
//! may be the mistake, but is set aside with the reason and has no effect.
//!
//! The plan may change under way ([`Replan`]): what was done stays, and so does what customers were told first. A report
//! about a stop that meanwhile belongs to somebody else is taken for what it says: who delivered an order did.
//!
//! A [`LiveDay`] is a day with what is to be expected of it: the forecast learns from every report
//! ([`DayUnderWay`](crate::forecast::DayUnderWay)), and promises at risk are told once, with the reason ([`Alerts`]). Its
//! record ([`Entry`]) tells all that happened to it, and gives it back.

mod alerts;
mod area;
mod courier;
#[cfg(test)]
mod edge_tests;
mod event;
mod history;
mod live;
#[cfg(test)]
mod live_tests;
mod outcome;
mod record;
mod refusal;
mod replan;
#[cfg(test)]
mod replan_tests;
mod roster;
mod state;
#[cfg(test)]
mod tests;
mod words;

pub use crate::forecast::{ArrivalBand, RouteOutlook, StopOutlook};
pub use alerts::{Alert, AlertChange, AlertRules, Alerts, Cause};
pub use courier::{CourierState, Outage, StopRecord, StopState, Whereabouts};
pub use event::{Event, FailureReason, RefusedItem, Report};
pub use live::{Answer, LiveDay, LiveTerms};
pub use outcome::{Basis, OrderOutcome, Outcome, Outcomes};
pub use record::{Entry, Recorded, Start, Unfit};
pub use refusal::Refusal;
pub use replan::{NewBreak, NewReload, NewRoute, Replan, ReplanRefusal};
pub(crate) use roster::first_chance;
pub use roster::{Roster, RosterRoute, RosterStop, span};
pub use state::{Day, Rating, Rules, Taken, TrafficNote};
pub(crate) use words::bounds;

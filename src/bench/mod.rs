//! The bench for analysts: days planned in several ways, every plan tried out under several stresses on the same
//! simulated days.
//!
//! Knows how plans are made, judged and forecast; nothing of files, of the wire or of what a study's figures mean
//! (that is [`analysis`](crate::analysis)).
//!
//! # What makes ways comparable
//! * Every plan, whoever made it, is timed from its sequences by the same rule of starts, that of plans for a target
//!   ([`evaluate_early`](crate::planner::evaluate_early)); starts that came with it do not count.
//! * Every plan is judged by [`check`](crate::check).
//! * All plans for a day meet the same simulated days: noise belongs to orders and couriers, not to plans. They are not
//!   the days that plans for a target were made for.
//! * Searches run one after the other, each on all threads.
//!
//! Days under way are run in several ways as well ([`LiveSpec`]): the same day, with the same noise and the same trouble, as
//! a [`World`](crate::world::World) has it.

mod filling;
mod instance;
mod live;
mod noise;
mod outcome;
mod remedied;
mod run;
#[cfg(test)]
mod tests;
mod told;

pub use filling::{FilledPromise, Filling, FillingError, FillingSpec, Hindsight, fill, hindsight};
pub use instance::{day_of_instance, routes_of_nodes};
pub use live::{Contrast, Fate, Handling, LiveRun, LiveSpec, LiveTotals};
pub use noise::stressed;
pub use run::{Bench, Day, Event, Given, RunError, digest};
pub use told::LEADS;

use crate::forecast;

/// Simulated days of a study: multiples of the least of them, up to the most.
const SCENARIOS: std::ops::RangeInclusive<u32> = forecast::SCENARIOS_STEP..=forecast::SCENARIOS_MAX;

/// Whether a study can have so many simulated days.
#[must_use]
pub fn can_simulate(scenarios: u32) -> bool {
    SCENARIOS.contains(&scenarios) && scenarios.is_multiple_of(*SCENARIOS.start())
}

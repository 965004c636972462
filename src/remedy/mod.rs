//! What can be done about promises at risk: remedies for one of them, already priced, and repair of the whole day.
//!
//! Nothing here changes a day: what is found is a [`Replan`](crate::day::Replan), ready to be taken by the day at the
//! version that it was found for.
//!
//! # How changes are judged
//! Routes are tried out on the same simulated days as the live forecast has them, with what is known now (`scene`): who is
//! where and free when, how fast ways and services are today, what was said of the traffic. A change counts by the promises
//! it lets expect to be broken on the whole day and by how long anybody waits, beyond what may be luck of those days, then by
//! who is not served, by how late promises are, and by what the rest of the day costs (`worth`).
//! The rest of the day is also a problem of its own (`residual`): every change is timed there and judged by
//! [`check`](crate::check): nothing is proposed that breaks a constraint more than the plan does that goes on unchanged,
//! windows apart, which the forecast judges better.
//!
//! # How changes are found
//! Orders are put at the places where they delay others least, by expected times and a guess of how surely these hold
//! (`walk`, `insertion`); what looks best by that is tried out in full. A repair takes orders out and puts them in again
//! many times (`search`, ruin and recreate), and never lets more stops change courier than it may.
//!
//! # Where goods are
//! See [`Goods`]: what a courier has departed with goes with that courier. When a vehicle has broken down, others come and
//! take goods over where it stands: its orders are then loaded there, like at a depot, which takes [`Terms::handover`].

mod draft;
mod goods;
mod insertion;
#[cfg(test)]
mod left_out_tests;
mod remedies;
mod repair;
mod request;
mod residual;
mod scene;
mod search;
#[cfg(test)]
mod tests;
mod walk;
mod ways;
mod worth;

pub use goods::Goods;
pub use remedies::{Quote, Remedy, RemedyKind, UnknownOrder, remedies};
pub use repair::{Change, Figures, Repair, Why, repair};
pub use request::{MovedWindow, OutageChange, RepairRequest};

use crate::units::Seconds;

/// What remedies and repairs go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Where goods can be had.
    pub goods: Goods,
    /// How long it takes to take goods over from a vehicle that has broken down.
    pub handover: Seconds,
    /// How far a promise may be moved by a remedy; longer moves are not looked at.
    pub move_max: Seconds,
    /// Remedies told, at most.
    pub remedies_max: usize,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            goods: Goods::OnBoard,
            handover: Seconds(5 * 60),
            move_max: Seconds(3 * 3_600),
            remedies_max: 10,
        }
    }
}

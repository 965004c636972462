//! Moves of the local search, one family a file.
//!
//! An operator says what the routes become and how far the detour is; whether that pays off is worked out in one place.
//! The detour is looked at first: where both routes are cheap but for their distance, it decides alone.

mod relocate;
mod swap;
mod two_opt;
mod two_opt_star;

pub(super) use relocate::Relocate;
pub(super) use swap::Swap;
pub(super) use two_opt::TwoOpt;
pub(super) use two_opt_star::TwoOptStar;

use super::sequence::Change;
use super::tour::Tour;
use crate::solver::problem::FAR;

/// A family of moves of a client `u` and a node `v` that is a client or the start of a route.
pub(super) trait Operator {
    /// How much more distance (and vehicles) cost after the move; `None` if it makes no sense or breaks something hard.
    fn detour(&self, tour: &Tour<'_>, u: u32, v: u32) -> Option<i64>;

    /// What the routes become; asked only if there is a detour.
    fn change(&self, tour: &Tour<'_>, u: u32, v: u32) -> Change;
}

/// The change that a move makes and by how much the cost grows, if that is negative.
pub(super) fn evaluate(
    operator: &impl Operator,
    tour: &Tour<'_>,
    u: u32,
    v: u32,
) -> Option<(i64, Change)> {
    let detour = operator.detour(tour, u, v)?;
    let (a, b) = (tour.node(u).route, tour.node(v).route);
    let mut soft = tour.routes[a as usize].price.soft;
    if a != b {
        soft += tour.routes[b as usize].price.soft;
    }
    if detour >= soft {
        return None;
    }
    let change = operator.change(tour, u, v);
    let delta = delta(tour, &change);
    (delta < 0).then_some((delta, change))
}

/// By how much a change makes the cost grow.
pub(super) fn delta(tour: &Tour<'_>, change: &Change) -> i64 {
    let sequences = change.sequences().iter();
    sequences
        .map(|sequence| tour.price(sequence).cost - tour.routes[sequence.route as usize].price.cost)
        .sum()
}

/// The sum of distances, or `None` if one of them stands for no way.
#[inline]
fn way(distances: &[i64]) -> Option<i64> {
    let sum: i64 = distances.iter().sum();
    (sum < i64::from(FAR)).then_some(sum)
}

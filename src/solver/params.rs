//! What the search can be told.

use std::time::Duration;

/// When to stop, and from which random numbers to start.
#[derive(Clone, Copy, Debug)]
pub struct SearchParams {
    /// Random seed.
    pub seed: u64,
    /// Wall time on the clock handed to the search; `None` for no limit.
    pub time_limit: Option<Duration>,
    /// Iterations over all parts together, of which exactly so many are made; `None` for no limit.
    pub iteration_limit: Option<u64>,
    /// Iterations without improvement after which to stop; `None` for never. An improvement counts from the end of the
    /// epoch that found it: up to as many iterations more are made. Without a table of arcs, it is looked at between
    /// rounds, which are as long as they are without this limit.
    pub stagnation_limit: Option<u64>,
}

/// Clients listed as neighbors for an insertion: as many as it looks at in the end.
///
/// Source, as for all numbers here: fitted on Solomon, Gehring-Homberger and ORTEC instances.
pub(super) const INSERTION_NEIGHBORS: usize = 150;
/// Neighbors an insertion looks at in the beginning.
const INSERTION_NEIGHBORS_HOT: usize = 40;
/// Clients listed as neighbors for a ruin.
pub(super) const RUIN_NEIGHBORS: usize = 300;
/// Chance of passing over a best position.
pub(super) const BLINK: f64 = 0.01;

/// Exchanges of tails tried before each ruin.
pub(super) const TAIL_TRIES: u32 = 10;

/// Neighbors an insertion looks at after a share `done` of the search, when routes have `length` clients.
///
/// Few of them name many routes when routes are long, and every route named is looked at from end to end. While it is
/// hot, routes change all the time and hardly any place is remembered, so that looking far costs much; later it costs
/// little, and what is still to be found lies farther away.
pub(super) fn neighbors(length: f64, done: f64) -> usize {
    let (hot, cold) = (INSERTION_NEIGHBORS_HOT as f64, INSERTION_NEIGHBORS as f64);
    let share = if length > 25.0 { 0.5 } else { 1.0 };
    (share * hot * (cold / hot).powf(done)) as usize
}

/// How much there is to do or was done, in units of about four nanoseconds.
///
/// Counted and not measured, so that it is the same on every machine and every day: what the search looks at, weighed
/// by how long that takes. Parts that work the same time keep all threads busy; parts that make the same number of
/// iterations do not, for routes differ in length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Work(pub(super) u64);

impl Work {
    /// An iteration, whatever it does.
    pub(super) const ITERATION: u64 = 50;
    /// Inserting a client, whatever is looked at for that.
    pub(super) const INSERTION: u64 = 100;
    /// Asking for the best place in a route.
    pub(super) const ROUTE: u64 = 15;
    /// Trying one gap of a route.
    pub(super) const GAP: u64 = 1;

    /// Of each of `n_lanes` lanes between two joins: enough that joining takes little time in comparison, and little
    /// enough that cuts change often.
    pub(super) fn of_lane(n_lanes: usize) -> Self {
        const ALL: u64 = 12_000_000;
        const LEAST: u64 = 800_000;
        const MOST: u64 = 3_000_000;
        Self((ALL / n_lanes.max(1) as u64).clamp(LEAST, MOST))
    }
}

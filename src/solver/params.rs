//! What the search can be told.

use std::time::Duration;

/// When to stop, and from which random numbers to start.
#[derive(Clone, Copy, Debug)]
pub struct SearchParams {
    /// Random seed.
    pub seed: u64,
    /// Wall time on the clock handed to the search; `None` for no limit.
    pub time_limit: Option<Duration>,
    /// Iterations over all parts together; `None` for no limit.
    pub iteration_limit: Option<u64>,
    /// Iterations without improvement after which to stop; `None` for never.
    pub stagnation_limit: Option<u64>,
}

/// Numbers the search runs with, derived from the size of the problem.
///
/// Source: fitted on Solomon, Gehring-Homberger and ORTEC instances.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tuning {
    /// Clients considered as neighbors of an insertion.
    pub(super) insertion_neighbors: usize,
    /// Clients considered as neighbors of a ruin.
    pub(super) ruin_neighbors: usize,
    /// Chance of passing over a best position.
    pub(super) blink: f64,
    /// Iterations of one part between two joins.
    pub(super) epoch_iterations: u32,
}

impl Tuning {
    /// The numbers for `n_clients` clients.
    pub(super) fn new(n_clients: usize) -> Self {
        Self {
            insertion_neighbors: if n_clients <= 300 { 120 } else { 60 },
            ruin_neighbors: 300,
            blink: 0.01,
            epoch_iterations: 500,
        }
    }

    /// Neighbors an insertion looks at when routes have `length` clients: few of them name many routes when routes
    /// are long, and every route named is looked at from end to end.
    pub(super) fn neighbors_for_length(&self, length: f64) -> usize {
        if length > 25.0 {
            self.insertion_neighbors / 2
        } else {
            self.insertion_neighbors
        }
    }
}

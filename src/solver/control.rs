//! What a search is given from outside besides the problem, and what it gives back.

use super::local::penalty::Penalties;
use super::solution::Solution;
use super::success::Operators;
use crate::clock::Clock;

/// Why the search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchEnd {
    /// There was nothing to decide.
    Trivial,
    /// No improvement for the stated number of iterations.
    Stagnated,
    /// The time limit was reached.
    TimeLimit,
    /// The caller asked to stop.
    Cancelled,
    /// The iteration limit was reached.
    IterationLimit,
}

/// What the search found.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What a unit of harm cost in the end; 0 without a limit on it.
    pub toll: i64,
    /// The best solution.
    pub solution: Solution,
    /// Whether a first solution was finished; false only if the caller asked to stop before every client was tried.
    pub is_built: bool,
    /// Iterations made.
    pub iterations: u64,
    /// Why it ended.
    pub end: SearchEnd,
}

/// How far the search is.
#[derive(Clone, Copy, Debug)]
pub struct SearchProgress<'a> {
    /// Share of the limits used up, 0 to 1.
    pub done: f64,
    /// Iterations made.
    pub iterations: u64,
    /// Temperature of the epoch before, in units of cost; 0 before the first.
    pub temperature: f64,
    /// The best solution so far.
    pub best: &'a Solution,
    /// What has come of all operators, epochs that were broken off aside.
    pub operators: Operators,
    /// What breaking something costs in the local search of the population; `None` while there is no population.
    pub penalties: Option<&'a Penalties>,
}

/// What the search asks from outside.
pub struct Control<'a> {
    /// Runs since the moment that the time limit counts from.
    pub clock: &'a Clock,
    /// Whether to stop.
    pub is_cancelled: &'a (dyn Fn() -> bool + Sync),
    /// Told after every epoch, on any of the search's threads.
    pub on_progress: &'a mut (dyn FnMut(&SearchProgress<'_>) + Send),
}

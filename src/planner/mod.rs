//! From a problem to a checked plan: translates ids to dense indices, runs the solver, times the routes, explains what
//! is left out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::clock::Clock;
use crate::model::{Plan, Problem, RouteSketch};
use crate::travel::TravelTimes;
use crate::units::{Cost, Meters};

/// How to search.
#[derive(Clone, Debug)]
pub struct PlanOptions {
    /// Wall time on the clock handed to [`plan`]; `None` for no limit.
    pub time_budget: Option<Duration>,
    /// Largest number of iterations; makes the result independent of time and threads.
    pub iteration_limit: Option<u64>,
    /// Ends the search after so many iterations without improvement.
    pub stagnation_limit: Option<u64>,
    /// Random seed.
    pub seed: u64,
    /// Search threads, at least 1.
    pub threads: usize,
}

/// How far a search is: the best plan so far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlanProgress {
    /// Time on the clock.
    pub elapsed: Duration,
    /// Share of the budget used, 0 to 1.
    pub done: f64,
    /// Iterations made.
    pub iterations: u64,
    /// `must_serve` orders left out.
    pub broken_promises: usize,
    /// Orders left out in all.
    pub unserved: usize,
    /// Routes used.
    pub routes: usize,
    /// Distance.
    pub distance: Meters,
    /// Cost.
    pub cost: Cost,
}

/// A request to stop, shared between the search and whoever may stop it.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks the search to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the search was asked to stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Searches for the best plan.
///
/// Blocks the calling thread and uses `options.threads` threads of its own. `on_progress` is called on the calling
/// thread with the first plan found and then whenever something is to tell, at most ten times a second. The plan
/// returned has passed the independent checker; its verdict says so.
///
/// The problem must have passed [`Problem::validate`].
pub fn plan(
    _problem: &Problem,
    _travel: &TravelTimes<'_>,
    _options: &PlanOptions,
    _clock: &Clock,
    _cancel: &Cancel,
    _on_progress: &mut (dyn FnMut(&PlanProgress) + Send),
) -> Result<Plan, rayon::ThreadPoolBuildError> {
    Ok(placeholder::plan(
        _problem,
        _travel,
        _options,
        _clock,
        _cancel,
        _on_progress,
    ))
}

/// Times, prices and checks given routes without any search. Orders in no route are unserved.
///
/// The sketches must have passed [`sketch_findings`].
#[must_use]
pub fn evaluate(problem: &Problem, travel: &TravelTimes<'_>, sketches: &[RouteSketch]) -> Plan {
    placeholder::evaluate(problem, travel, sketches)
}

/// Sequences of orders.
pub mod schedule {
    use super::placeholder;
    use crate::model::{Finding, Problem, RouteSketch};

    /// What is wrong with sketches of routes for `problem`, with paths as in `routes[0].order_ids[2]`.
    #[must_use]
    pub fn sketch_findings(problem: &Problem, sketches: &[RouteSketch]) -> Vec<Finding> {
        placeholder::sketch_findings(problem, sketches)
    }
}

mod placeholder;

//! From a problem to a checked plan: translates ids to dense indices, runs the solver, times the routes, explains what
//! is left out.

pub mod explain;
pub mod schedule;
mod translate;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::check::check;
use crate::clock::Clock;
use crate::model::{
    DropPolicy, Plan, Problem, Provenance, RouteSketch, StopReason, UnservedOrder, Verdict,
};
use crate::solver;
use crate::solver::control::{Control, Outcome, SearchEnd, SearchProgress};
use crate::solver::params::SearchParams;
use crate::travel::TravelTimes;
use crate::units::{Cost, Meters};
use translate::Translation;

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
/// Blocks the calling thread and searches on `options.threads` threads of its own. `on_progress` is called on one of
/// them with the first solution found and then at most ten times a second. The plan returned carries the independent
/// checker's verdict.
///
/// The problem must have passed [`Problem::validate`].
///
/// # Errors
/// If the operating system refuses the threads.
pub fn plan(
    problem: &Problem,
    travel: &TravelTimes<'_>,
    options: &PlanOptions,
    clock: &Clock,
    cancel: &Cancel,
    on_progress: &mut (dyn FnMut(&PlanProgress) + Send),
) -> Result<Plan, rayon::ThreadPoolBuildError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads.max(1))
        .build()?;
    Ok(pool.install(|| {
        let started = clock.elapsed();
        let (sketches, outcome) = search(problem, travel, options, clock, cancel, on_progress);
        let provenance = Provenance {
            stop_reason: stop_reason(outcome.end),
            seed: options.seed,
            threads: options.threads.max(1),
            iterations: outcome.iterations,
            elapsed: clock.elapsed().saturating_sub(started),
            input_digest: String::new(),
        };
        finish(problem, travel, sketches, true, provenance)
    }))
}

/// Times, prices, explains and checks given sequences, without any search.
///
/// The problem must have passed [`Problem::validate`] and the sketches [`schedule::sketch_findings`].
#[must_use]
pub fn evaluate(problem: &Problem, travel: &TravelTimes<'_>, sketches: &[RouteSketch]) -> Plan {
    let provenance = Provenance {
        stop_reason: StopReason::NotSearched,
        seed: 0,
        threads: 0,
        iterations: 0,
        elapsed: Duration::ZERO,
        input_digest: String::new(),
    };
    finish(problem, travel, sketches.to_vec(), false, provenance)
}

/// From sequences to a plan; `is_searched` allows a last sweep for orders that the search left out.
fn finish(
    problem: &Problem,
    travel: &TravelTimes<'_>,
    mut sketches: Vec<RouteSketch>,
    is_searched: bool,
    provenance: Provenance,
) -> Plan {
    let mut schedule = schedule::schedule(problem, travel, &sketches);
    let is_wanted = is_searched && provenance.stop_reason != StopReason::Cancelled;
    if is_wanted && !schedule.unserved.is_empty() {
        let mut looked_at = most_important(problem, &schedule.unserved);
        explain::last_sweep(problem, travel, &mut sketches, &mut looked_at);
        schedule = schedule::schedule(problem, travel, &sketches);
    }
    let unserved = explained(problem, travel, &schedule, provenance.stop_reason);
    let mut plan = Plan {
        routes: schedule.routes,
        unserved,
        provenance,
        verdict: Verdict::default(),
    };
    plan.verdict = check(problem, travel, &plan);
    plan
}

/// Unserved orders that get a last try and an explanation: both take time for each.
const EXPLAINED_MAX: usize = 100;

/// The unserved orders that it would matter most to serve, at most [`EXPLAINED_MAX`], ascending.
fn most_important(problem: &Problem, unserved: &[usize]) -> Vec<usize> {
    let mut chosen = unserved.to_vec();
    chosen.sort_by_key(|&position| match problem.orders[position].drop_policy {
        DropPolicy::MustServe => i64::MIN,
        DropPolicy::MayDrop { penalty } => -penalty,
    });
    chosen.truncate(EXPLAINED_MAX);
    chosen.sort_unstable();
    chosen
}

/// The unserved orders, the most important ones explained; none are if the caller does not wait for it.
fn explained(
    problem: &Problem,
    travel: &TravelTimes<'_>,
    schedule: &schedule::Schedule,
    stop_reason: StopReason,
) -> Vec<UnservedOrder> {
    let told = if stop_reason == StopReason::Cancelled {
        Vec::new()
    } else {
        most_important(problem, &schedule.unserved)
    };
    let mut explanations = explain::explain(problem, travel, &schedule.routes, &told).into_iter();
    let mut told = told.into_iter().peekable();
    let mut entry = |&position: &usize| {
        if told.next_if_eq(&position).is_some()
            && let Some(explanation) = explanations.next()
        {
            return explanation;
        }
        let order = &problem.orders[position];
        UnservedOrder {
            order: order.id.clone(),
            must_serve: order.drop_policy == DropPolicy::MustServe,
            obstacles: Vec::new(),
            relaxation: None,
        }
    };
    schedule.unserved.iter().map(&mut entry).collect()
}

/// Time between two reports of progress.
const REPORT_INTERVAL: Duration = Duration::from_millis(100);

fn search(
    problem: &Problem,
    travel: &TravelTimes<'_>,
    options: &PlanOptions,
    clock: &Clock,
    cancel: &Cancel,
    on_progress: &mut (dyn FnMut(&PlanProgress) + Send),
) -> (Vec<RouteSketch>, Outcome) {
    let translation = Translation::new(problem, travel, &|| cancel.is_cancelled());
    let params = SearchParams {
        seed: options.seed,
        time_limit: options.time_budget,
        iteration_limit: options.iteration_limit,
        stagnation_limit: options.stagnation_limit,
    };
    let mut reported: Option<Duration> = None;
    let mut report = |progress: &SearchProgress<'_>| {
        let elapsed = clock.elapsed();
        if reported.is_none_or(|last| elapsed - last >= REPORT_INTERVAL) {
            reported = Some(elapsed);
            on_progress(&translation.progress(problem, progress, elapsed));
        }
    };
    let mut control = Control {
        clock,
        is_cancelled: &|| cancel.is_cancelled(),
        on_progress: &mut report,
    };
    let outcome = solver::search::search(&translation.target, &params, &mut control);
    (translation.sketches(problem, &outcome.solution), outcome)
}

fn stop_reason(end: SearchEnd) -> StopReason {
    match end {
        SearchEnd::Trivial => StopReason::TargetReached,
        SearchEnd::Stagnated => StopReason::Stagnated,
        SearchEnd::TimeLimit => StopReason::Deadline,
        SearchEnd::Cancelled => StopReason::Cancelled,
        SearchEnd::IterationLimit => StopReason::IterationLimit,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::fixture::arbitrary;
    use crate::units::ExactCost;

    fn options() -> PlanOptions {
        PlanOptions {
            time_budget: None,
            iteration_limit: Some(200),
            stagnation_limit: None,
            seed: 1,
            threads: 1,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn what_is_searched_for_holds_and_costs_no_more_than_the_search_said(
            mut problem in arbitrary::day()
        ) {
            // The search may wait for a preferred window where the schedule does not.
            for order in &mut problem.orders {
                order.preference = None;
            }
            let travel = TravelTimes::new(&problem);
            let (clock, cancel) = (Clock::start(), Cancel::default());
            let (sketches, outcome) =
                search(&problem, &travel, &options(), &clock, &cancel, &mut |_| {});
            let target = Translation::new(&problem, &travel, &|| false).target;
            let absent = outcome.solution.absent.iter();
            let dropped: i64 = absent.map(|&client| target.drop_cost(client)).sum();
            let plan = evaluate(&problem, &travel, &sketches);
            let cost: ExactCost = plan.routes.iter().map(|route| route.cost.total()).sum();
            prop_assert!(cost.0 <= outcome.solution.cost - dropped);
            prop_assert_eq!(plan.verdict.violations, []);
        }
    }
}

//! From a problem to a checked plan: translates ids to dense indices, runs the solver, from nothing or from an initial
//! plan, times the routes, explains what is left out.

mod early;
pub mod explain;
pub mod initial;
pub mod reliability;
pub mod schedule;
mod starts;
mod translate;
mod warm;
mod ways;

#[cfg(test)]
mod tests;

pub use early::evaluate_early;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::check::{check, check_locks};
use crate::clock::Clock;
use crate::model::{
    DropPolicy, Finding, InitialPlan, Plan, Problem, Provenance, Route, RouteSketch, StopReason,
    UnservedOrder, Verdict,
};
use crate::solver::control::{Control, SearchEnd, SearchProgress};
use crate::solver::hazard::HarmLimit;
use crate::solver::params::SearchParams;
use crate::solver::search::search_from;
use crate::solver::solution::Solution;
use crate::solver::start::Start;
use crate::travel::TravelTimes;
use crate::units::{Cost, Meters};
use explain::SweepTerms;
use initial::{InitialRoute, Pins, UNPINNED};
use reliability::Reliability;
use starts::{Rehearsed, Starts};
use translate::{Fixed, Translation};
use warm::{Terms, WarmStart};

/// How to search. The default has no limit.
#[derive(Clone, Debug, Default)]
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
    /// Whether the number of couriers who drive comes before cost.
    pub fleet_first: bool,
    /// How reliable the plan is to be; `None` to plan as if everything went as planned.
    ///
    /// Not with reloads or breaks, nor with so many orders that no table of travel times is kept; the caller validates.
    pub reliability: Option<Reliability>,
    /// The plan to start from; must have passed [`initial::initial_findings`] without errors.
    pub initial: Option<InitialPlan>,
}

/// A plan and what deserves a look about how it was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// What of the initial plan did not fit any more; paths start at the initial plan.
    pub notes: Vec<Finding>,
    /// What the last promise cost that is kept on average because of the target; `None` without one.
    pub promise_cost: Option<Cost>,
    /// Expected share of all promises kept on the days that the plan was audited on for the target, 0 to 1. `None`
    /// without a target.
    pub rehearsed: Option<f64>,
    /// Whether the plan is worth the name; false if the search was cancelled before every order had been tried, and
    /// there was no initial plan that breaks nothing.
    pub is_usable: bool,
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
#[derive(Clone, Default)]
pub struct Cancel {
    is_cancelled: Arc<AtomicBool>,
    give_way: Option<Arc<dyn Fn() + Send + Sync>>,
}

impl fmt::Debug for Cancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cancel").field(&self.is_cancelled).finish()
    }
}

impl Cancel {
    /// The same request for a search that lets others go first: whenever it looks whether to stop, every few milliseconds,
    /// each of its threads calls `give_way` and goes on when that returns. Time limits go on meanwhile.
    #[must_use]
    pub fn giving_way(self, give_way: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            give_way: Some(Arc::new(give_way)),
            ..self
        }
    }

    /// Asks the search to stop.
    pub fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether the search was asked to stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        if let Some(give_way) = &self.give_way {
            give_way();
        }
        self.is_cancelled.load(Ordering::Relaxed)
    }
}

/// Searches for the best plan.
///
/// Blocks the calling thread and searches on `options.threads` threads of its own. `on_progress` is called on one of
/// them with the first solution found and then at most ten times a second. The plan returned carries the independent
/// checker's verdict.
///
/// From an initial plan, whatever keeps its locks is found no worse than it: by promises kept, then by the penalties of
/// orders left out, then by what lacks to the target if there is one, then by the number of couriers if that comes first,
/// then by cost. Orders that do not fit in their route any more are placed anew; new ones are inserted.
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
) -> Result<Planned, rayon::ThreadPoolBuildError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads.max(1))
        .build()?;
    Ok(pool.install(|| {
        let started = clock.elapsed();
        let initial = options.initial.as_ref();
        let warm = initial.map(|initial| WarmStart::new(problem, travel, initial));
        let order = Order {
            problem: warm.as_ref().map_or(problem, |warm| &warm.bound),
            travel,
            options,
            warm: warm.as_ref(),
        };
        let found = order.search(clock, cancel, on_progress);
        let provenance = Provenance {
            stop_reason: stop_reason(found.end),
            seed: options.seed,
            threads: options.threads.max(1),
            iterations: found.iterations,
            elapsed: clock.elapsed().saturating_sub(started),
            input_digest: String::new(),
        };
        let mut plan = order.finish(found.sketches, true, provenance);
        plan.verdict = check(problem, travel, &plan);
        if let Some(initial) = initial {
            plan.verdict.violations.extend(check_locks(initial, &plan));
        }
        Planned {
            plan,
            notes: found.notes,
            promise_cost: (options.reliability.as_ref())
                .map(|_| Reliability::promise_cost(problem, found.toll)),
            rehearsed: found.rehearsed,
            is_usable: found.is_usable,
        }
    }))
}

/// Times, prices, explains and checks given sequences, without any search.
///
/// The problem must have passed [`Problem::validate`] and the sketches [`schedule::sketch_findings`].
#[must_use]
pub fn evaluate(problem: &Problem, travel: &TravelTimes<'_>, sketches: &[RouteSketch]) -> Plan {
    let provenance = Provenance::not_searched();
    let order = Order {
        problem,
        travel,
        options: &PlanOptions::default(),
        warm: None,
    };
    let mut plan = order.finish(sketches.to_vec(), false, provenance);
    plan.verdict = check(problem, travel, &plan);
    plan
}

/// Unserved orders that get a last try and an explanation, at most: both take time for each.
const EXPLAINED_MAX: usize = 100;
/// Tries for all of them together, about: each order is tried in every position.
const TRIES_MAX: usize = 500_000;

/// The unserved orders that it would matter most to serve, as many as there is time for, ascending.
fn most_important(problem: &Problem, unserved: &[usize]) -> Vec<usize> {
    let mut chosen = unserved.to_vec();
    chosen.sort_by_key(|&position| match problem.orders[position].drop_policy {
        DropPolicy::MustServe => i64::MIN,
        DropPolicy::MayDrop { penalty } => -penalty,
    });
    let tries = (problem.orders.len() + problem.couriers.len()).max(1);
    chosen.truncate((TRIES_MAX / tries).clamp(1, EXPLAINED_MAX));
    chosen.sort_unstable();
    chosen
}

/// Time between two reports of progress.
const REPORT_INTERVAL: Duration = Duration::from_millis(100);

/// What to plan.
struct Order<'a> {
    /// The problem, with the locks of the initial plan as lists of couriers.
    problem: &'a Problem,
    travel: &'a TravelTimes<'a>,
    options: &'a PlanOptions,
    warm: Option<&'a WarmStart<'a>>,
}

/// What a search found.
struct Found {
    sketches: Vec<RouteSketch>,
    iterations: u64,
    end: SearchEnd,
    /// What one promise broken on one day of the rehearsal cost in the end.
    toll: i64,
    /// Share of promises kept on the days of the rehearsal.
    rehearsed: Option<f64>,
    /// Whether every order was tried, or there is a sound plan from before.
    is_usable: bool,
    notes: Vec<Finding>,
}

impl Order<'_> {
    fn search(
        &self,
        clock: &Clock,
        cancel: &Cancel,
        on_progress: &mut (dyn FnMut(&PlanProgress) + Send),
    ) -> Found {
        let (problem, options, warm) = (self.problem, self.options, self.warm);
        let unfixed = Fixed::default();
        let fixed = warm.map_or(&unfixed, |warm| &warm.fixed);
        let is_cancelled = || cancel.is_cancelled();
        let mut translation = Translation::new(problem, self.travel, fixed, &is_cancelled);
        if options.fleet_first {
            translation.target = translation.target.with_fleet_first();
        }
        let (limit, rehearsed) = self.rehearsed(&translation).unzip();
        if let Some(limit) = limit {
            translation.target = translation.target.with_harm_limit(limit);
        }
        let before = warm.map_or(&[][..], WarmStart::routes);
        let ready = Ready {
            order: self,
            translation: &translation,
            starts: (rehearsed.as_ref())
                .map(|rehearsed| rehearsed.starts(problem, self.travel, &translation, self.pins())),
            before,
        };
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
                let mut progress_made = translation.progress(problem, progress, elapsed);
                if let Some(cost) = ready.cost(progress.best) {
                    progress_made.cost = cost;
                }
                on_progress(&progress_made);
            }
        };
        let mut control = Control {
            clock,
            is_cancelled: &is_cancelled,
            on_progress: &mut report,
        };
        let start = warm.map(|warm| warm.start(&translation));
        let target = &translation.target;
        let outcome = search_from(target, &params, start.as_ref(), &mut control);
        let mut found = Found {
            sketches: ready.sketches(&outcome.solution),
            iterations: outcome.iterations,
            end: outcome.end,
            toll: outcome.toll,
            rehearsed: None,
            is_usable: outcome.is_built,
            notes: Vec::new(),
        };
        if let (Some(warm), Some(start)) = (warm, start) {
            ready.compare(warm, &start, &mut found);
        }
        found.rehearsed = ready
            .starts
            .as_ref()
            .map(|starts| starts.kept(&found.sketches));
        found
    }

    /// The limit that the target sets, and the days on which it is looked at; `None` without a target.
    fn rehearsed(&self, translation: &Translation) -> Option<(HarmLimit, Rehearsed<'_>)> {
        let reliability = self.options.reliability.as_ref()?;
        let (problem, seed) = (self.problem, self.options.seed);
        let audit = reliability.audit(problem, translation, seed);
        let limit = reliability.limit(
            problem,
            translation,
            reliability.hazard(problem, translation, seed),
            Arc::clone(&audit),
            self.warm.is_some(),
        );
        let rehearsed = Rehearsed {
            reliability,
            hazard: audit,
            allowed: limit.audit.limit,
        };
        Some((limit, rehearsed))
    }

    /// From sequences to a plan without a verdict; `is_searched` allows a last sweep for orders that the search left
    /// out.
    fn finish(
        &self,
        mut sketches: Vec<RouteSketch>,
        is_searched: bool,
        provenance: Provenance,
    ) -> Plan {
        let (problem, travel) = (self.problem, self.travel);
        let mut schedule = schedule::schedule(problem, travel, &sketches);
        let is_wanted = is_searched && provenance.stop_reason != StopReason::Cancelled;
        if is_wanted && !schedule.unserved.is_empty() {
            let mut looked_at = most_important(problem, &schedule.unserved);
            let terms = SweepTerms {
                pins: self.pins(),
                fleet_first: self.options.fleet_first,
            };
            explain::last_sweep(problem, travel, &mut sketches, &mut looked_at, &terms);
            schedule = schedule::schedule(problem, travel, &sketches);
        }
        let unserved = self.explained(&schedule, provenance.stop_reason);
        Plan {
            routes: schedule.routes,
            unserved,
            provenance,
            verdict: Verdict::default(),
        }
    }

    fn pins(&self) -> &Pins {
        self.warm.map_or(&UNPINNED, |warm| &warm.pins)
    }

    /// The unserved orders, the most important ones explained; none are if the caller does not wait for it.
    fn explained(
        &self,
        schedule: &schedule::Schedule,
        stop_reason: StopReason,
    ) -> Vec<UnservedOrder> {
        let (problem, travel) = (self.problem, self.travel);
        let told = if stop_reason == StopReason::Cancelled {
            Vec::new()
        } else {
            most_important(problem, &schedule.unserved)
        };
        let explanations = explain::explain(problem, travel, &schedule.routes, &told, self.pins());
        let mut explanations = explanations.into_iter();
        let mut told = told.into_iter().peekable();
        let mut entry = |&position: &usize| {
            if told.next_if_eq(&position).is_some()
                && let Some(explanation) = explanations.next()
            {
                return explanation;
            }
            UnservedOrder::unexplained(&problem.orders[position])
        };
        schedule.unserved.iter().map(&mut entry).collect()
    }
}

/// A translated problem, with what turns the solver's solutions into sketches.
struct Ready<'a> {
    order: &'a Order<'a>,
    translation: &'a Translation,
    /// When couriers start, for a target.
    starts: Option<Starts<'a>>,
    /// The routes by which couriers are told apart.
    before: &'a [InitialRoute],
}

impl Ready<'_> {
    /// The sketches of a solution; for a target with the starts that it takes.
    fn sketches(&self, solution: &Solution) -> Vec<RouteSketch> {
        let (problem, translation) = (self.order.problem, self.translation);
        let sketches = translation.sketches(problem, solution, self.before);
        match &self.starts {
            Some(starts) => starts.choose(solution, sketches),
            None => sketches,
        }
    }

    /// What a solution costs with the starts that the target takes; `None` without one, where the search knows.
    fn cost(&self, solution: &Solution) -> Option<Cost> {
        let starts = self.starts.as_ref()?;
        let mut sketches = self.sketches(solution);
        if let Some(warm) = self.order.warm {
            sketches = warm.complete(sketches);
        }
        Some(starts.cost(&sketches))
    }

    /// Replaces what was found by the plan that the search had to start from, if that is better.
    fn compare(&self, warm: &WarmStart<'_>, start: &Start, found: &mut Found) {
        let (travel, options) = (self.order.travel, self.order.options);
        let sketches = warm.complete(std::mem::take(&mut found.sketches));
        let as_given = warm.as_given(travel);
        // The search tries few starts of who takes breaks, and may have moved what the plan given can do.
        if as_given.is_none() {
            found.notes = warm.notes(start.displaced());
        }
        found.sketches = match as_given {
            // Ways that were not measured for lack of time tell nothing of other plans.
            Some(as_given) if !found.is_usable => {
                found.is_usable = true;
                as_given
            }
            as_given => {
                let solution = start.solution(&self.translation.target);
                let mended = warm.complete(self.sketches(&solution));
                let others = std::iter::once(mended).chain(as_given);
                let lacking = |routes: &[Route]| {
                    let starts = self.starts.as_ref();
                    starts.map_or(0, |starts| starts.lacking(routes))
                };
                let terms = Terms {
                    travel,
                    fleet_first: options.fleet_first,
                    lacking: &lacking,
                };
                warm.no_worse(&terms, sketches, others)
            }
        };
    }
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

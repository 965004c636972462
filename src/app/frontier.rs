//! What more promises cost: plans of one day for several targets.
//!
//! Every plan is searched for from nothing: started from the plan for a softer target, the search keeps too much of it and
//! ends with dearer plans.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use super::admission::{Place, Turn};
use super::jobs::{JobOrigin, JobSubject, Jobs};
use super::planning::asked_to_close;
use super::{Accepted, App, Fault, Order, Outcome, Refusal, SolveOptions, Solved, drop_penalty};
use crate::clock::Clock;
use crate::forecast;
use crate::model::{Finding, OnTimeTarget, Plan, PlanForecast, Problem, TargetOutcome};
use crate::planner::{self, Cancel, PlanProgress};
use crate::travel::TravelTimes;
use crate::units::Cost;

/// Most plans of a frontier.
pub const FRONTIER_POINTS_MAX: usize = 10;

/// The largest target of a frontier whose targets are not given, as the share of promises that may be broken.
const LEAST_BROKEN: f64 = 0.005;

/// The least that a target asks for.
const LEAST_TARGET: f64 = 0.5;

/// What to plan for.
#[derive(Clone, Debug, PartialEq)]
pub enum Aims {
    /// These expected shares of promises kept.
    Targets {
        /// The shares, 0 to 1.
        expected: Vec<f64>,
        /// Chance of each promise, at least; `None` for no floor.
        floor: Option<f64>,
    },
    /// So many plans, at least two: the first as if nothing varied, the others for targets from what that one keeps up to
    /// 99.5 %, each allowing the same part of the broken promises of the one before.
    Points {
        /// Plans.
        n: usize,
        /// Chance of each promise, at least; `None` for no floor.
        floor: Option<f64>,
    },
}

impl Aims {
    /// How many plans there will be.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Targets { expected, .. } => expected.len(),
            Self::Points { n, .. } => *n,
        }
    }

    /// Whether there will be none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One plan of a frontier.
#[derive(Clone, Debug)]
pub struct FrontierPoint {
    /// The plan.
    pub plan: Plan,
    /// Its forecast, on days it was not made for.
    pub forecast: PlanForecast,
    /// What became of its target; `None` of a plan made as if nothing varied.
    pub target_outcome: Option<TargetOutcome>,
    /// What one promise more, kept on average, cost between the plan before and this one; `None` of the first and where
    /// no more are kept.
    pub marginal_cost: Option<f64>,
}

/// Plans of one day from the least to the most promises kept: none costs less and keeps more than another.
#[derive(Clone, Debug)]
pub struct Frontier {
    /// The problem, without the orders set aside.
    pub problem: Arc<Problem>,
    /// The plans by target; a plan that is better for several targets stands for each of them.
    pub points: Vec<FrontierPoint>,
    /// Ids of the orders set aside, as written in the request.
    pub set_aside: Vec<String>,
    /// Why they were set aside, and what else deserves a look.
    pub warnings: Vec<Finding>,
}

/// Where a frontier stands.
#[derive(Clone, Debug, Default)]
pub struct FrontierView {
    /// Number of the plan that is being made, from 1; 0 while the frontier waits.
    pub number: usize,
    /// Plans in all.
    pub of: usize,
    /// The search.
    pub search: Option<PlanProgress>,
    /// How it ended, if it has.
    pub ended: Option<Result<Arc<Frontier>, Refusal>>,
}

/// A frontier in the making, for whoever wants to watch it or end it early. It ends, too, when the last view is dropped.
pub struct FrontierRun {
    /// Where it stands.
    pub view: watch::Receiver<FrontierView>,
    /// Ends it with the plans that it has.
    pub cancel: Cancel,
}

impl App {
    /// Starts to plan a frontier. The order must have neither a target nor an initial plan; its time budget is for all
    /// plans together. `answer_by` is the moment on `clock` at which the answer must be ready.
    ///
    /// Must be called within a tokio runtime.
    #[must_use]
    pub fn launch_frontier(
        &self,
        place: Place,
        mut order: Order,
        aims: Aims,
        clock: Clock,
        answer_by: Option<Duration>,
    ) -> FrontierRun {
        self.configure(&mut order.options.forecast);
        let (sender, view) = watch::channel(FrontierView::default());
        let cancel = Cancel::default();
        let keeper = Keeper {
            jobs: Arc::clone(&self.jobs),
            subject: self.subject(&order, JobOrigin::Frontier),
        };
        let maker = Maker {
            order,
            aims,
            clock,
            answer_by,
            cancel: cancel.clone(),
            view: Arc::new(sender),
        };
        tokio::spawn(maker.supervise(place, self.closing.subscribe(), keeper));
        FrontierRun { view, cancel }
    }
}

/// A plan that was found, whatever it was made for.
struct Found {
    plan: Plan,
    forecast: PlanForecast,
    /// What the last promise cost in the search for it.
    promise_cost: Cost,
    /// What it comes to, worse first: promises broken on paper, couriers if they come first, cost.
    price: (usize, usize, i64),
}

/// Keeps the plans of a frontier among the jobs.
struct Keeper {
    jobs: Arc<Jobs>,
    subject: JobSubject,
}

impl Keeper {
    /// Keeps every plan once, the one for the hardest target as the latest.
    fn keep(&self, frontier: &Frontier) {
        for (number, point) in frontier.points.iter().enumerate() {
            let next = frontier.points.get(number + 1);
            if next.is_some_and(|next| next.plan.routes == point.plan.routes) {
                continue;
            }
            let target = point.target_outcome.as_ref();
            let subject = JobSubject {
                target: target.map(|outcome| outcome.target.expected),
                ..self.subject.clone()
            };
            let solved = Solved {
                problem: Arc::clone(&frontier.problem),
                plan: point.plan.clone(),
                forecast: point.forecast.clone(),
                target_outcome: point.target_outcome.clone(),
                set_aside: frontier.set_aside.clone(),
                warnings: frontier.warnings.clone(),
            };
            self.jobs.keep(subject, &Arc::new(Outcome::Solved(solved)));
        }
    }
}

struct Maker {
    order: Order,
    aims: Aims,
    clock: Clock,
    answer_by: Option<Duration>,
    cancel: Cancel,
    view: Arc<watch::Sender<FrontierView>>,
}

impl Maker {
    async fn supervise(self, place: Place, mut closing: watch::Receiver<bool>, keeper: Keeper) {
        let view = Arc::clone(&self.view);
        let ended = tokio::select! {
            biased;
            () = view.closed() => return,
            () = asked_to_close(&mut closing) => Err(Refusal::ShuttingDown),
            turn = place.turn() => self.run(turn, closing).await,
        };
        if let Ok(frontier) = &ended {
            keeper.keep(frontier);
        }
        view.send_modify(|view| view.ended = Some(ended));
    }

    async fn run(
        self,
        turn: Turn,
        mut closing: watch::Receiver<bool>,
    ) -> Result<Arc<Frontier>, Refusal> {
        let (view, cancel) = (Arc::clone(&self.view), self.cancel.clone());
        let (sender, mut receiver) = oneshot::channel();
        let thread = std::thread::Builder::new().name("frontier".to_owned());
        let spawned = thread.spawn(move || {
            let frontier = self.make();
            drop(turn);
            // The receiver waits for this for as long as the runtime lives.
            drop(sender.send(frontier));
        });
        spawned.map_err(|error| Fault::log("start a thread for a frontier", &error))?;
        let frontier = tokio::select! {
            frontier = &mut receiver => frontier,
            () = view.closed() => { cancel.cancel(); receiver.await }
            () = asked_to_close(&mut closing) => { cancel.cancel(); receiver.await }
        };
        match frontier {
            Ok(Ok(frontier)) => Ok(Arc::new(frontier)),
            Ok(Err(error)) => Err(Fault::log("start search threads", &error).into()),
            Err(_) => Err(Fault::log("plan a frontier", &"the search panicked").into()),
        }
    }

    fn make(self) -> Result<Frontier, rayon::ThreadPoolBuildError> {
        let now = self.clock.elapsed();
        let options = &self.order.options;
        let budget = now + options.time_budget;
        let ends = self.answer_by.map_or(budget, |moment| moment.min(budget));
        let problem = &self.order.accepted.problem;
        let travel = TravelTimes::new(problem);
        let mut found: Vec<Found> = Vec::new();
        let mut aims = match &self.aims {
            Aims::Targets { expected, floor } => targets(expected.clone(), *floor),
            Aims::Points { .. } => vec![None],
        };
        let mut number = 0;
        while let Some(aim) = aims.get(number).copied() {
            if self.cancel.is_cancelled() && !found.is_empty() {
                break;
            }
            let left = ends.saturating_sub(self.clock.elapsed());
            let n_left = u32::try_from(self.aims.len() - number).unwrap_or(1).max(1);
            let options = SolveOptions {
                target: aim,
                ..options.clone()
            };
            found.push(self.plan(&travel, &options, left / n_left, number + 1)?);
            if let (Aims::Points { n, floor }, [nominal]) = (&self.aims, &found[..]) {
                aims.extend(spread_out(nominal.forecast.expected_kept, n - 1, *floor));
            }
            number += 1;
        }
        drop(travel);
        let points = choose(&aims, &found, problem.orders.len());
        let Accepted {
            problem,
            set_aside,
            warnings,
        } = self.order.accepted;
        Ok(Frontier {
            problem: Arc::new(problem),
            points,
            set_aside,
            warnings,
        })
    }

    /// The best plan found for the options.
    fn plan(
        &self,
        travel: &TravelTimes<'_>,
        options: &SolveOptions,
        available: Duration,
        number: usize,
    ) -> Result<Found, rayon::ThreadPoolBuildError> {
        let problem = &self.order.accepted.problem;
        self.view.send_modify(|view| {
            (view.number, view.of, view.search) = (number, self.aims.len(), None);
        });
        let mut on_progress = |progress: &PlanProgress| {
            self.view.send_modify(|view| view.search = Some(*progress));
        };
        let planned = planner::plan(
            problem,
            travel,
            &options.plan_options(problem, self.clock.elapsed(), available, None),
            &self.clock,
            &self.cancel,
            &mut on_progress,
        )?;
        let mut plan = planned.plan;
        plan.provenance
            .input_digest
            .clone_from(&self.order.input_digest);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(options.threads)
            .build()?;
        let forecast =
            pool.install(|| forecast::forecast(problem, travel, &plan, &options.forecast));
        let n_couriers = if options.fleet_first {
            plan.routes.len()
        } else {
            0
        };
        let cost = plan
            .total_cost()
            .0
            .saturating_add(drop_penalty(problem, &plan));
        Ok(Found {
            price: (plan.broken_promises(), n_couriers, cost),
            promise_cost: planned.promise_cost.unwrap_or_default(),
            plan,
            forecast,
        })
    }
}

/// Targets by ascending share.
fn targets(mut expected: Vec<f64>, floor: Option<f64>) -> Vec<Option<OnTimeTarget>> {
    expected.sort_by(f64::total_cmp);
    let targets = expected.into_iter();
    targets
        .map(|expected| Some(OnTimeTarget { expected, floor }))
        .collect()
}

/// `n` targets from beyond the share `kept` to the largest one.
fn spread_out(kept: f64, n: usize, floor: Option<f64>) -> Vec<Option<OnTimeTarget>> {
    let broken = (1.0 - kept).clamp(2.0 * LEAST_BROKEN, 1.0 - LEAST_TARGET);
    let step = (LEAST_BROKEN / broken).powf(1.0 / n as f64);
    let shares = (1..).take(n).map(|number| 1.0 - broken * step.powi(number));
    targets(shares.collect(), floor)
}

/// For each aim the cheapest of all plans that reach it, or else the one that keeps most promises: a plan found for a
/// harder target replaces those of softer ones that cost as much or more, so that the frontier never crosses itself.
fn choose(aims: &[Option<OnTimeTarget>], found: &[Found], n_orders: usize) -> Vec<FrontierPoint> {
    let mut points: Vec<FrontierPoint> = Vec::new();
    for aim in aims {
        let outcome = |found: &Found| {
            aim.map(|target| TargetOutcome::of(target, &found.forecast, found.promise_cost))
        };
        let reaches = |found: &&Found| outcome(found).is_none_or(|outcome| outcome.is_met());
        let cheapest = found.iter().filter(reaches).min_by_key(|found| found.price);
        let surest = || {
            let kept = |found: &Found| found.forecast.expected_kept;
            found.iter().max_by(|a, b| kept(a).total_cmp(&kept(b)))
        };
        let Some(best) = cheapest.or_else(surest) else {
            break;
        };
        let marginal_cost = points.last().and_then(|before| {
            let more = best.forecast.expected_kept - before.forecast.expected_kept;
            let dearer = (best.plan.total_cost().0 - before.plan.total_cost().0) as f64;
            (more > 0.0).then(|| dearer / (more * n_orders as f64))
        });
        points.push(FrontierPoint {
            plan: best.plan.clone(),
            forecast: best.forecast.clone(),
            target_outcome: outcome(best),
            marginal_cost,
        });
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ForecastOptions;

    /// A plan that keeps the share `kept` and comes to `cost`.
    fn found(kept: f64, cost: i64) -> Found {
        let problem = Problem::default();
        let travel = TravelTimes::new(&problem);
        let plan = planner::evaluate(&problem, &travel, &[]);
        let forecast = forecast::forecast(&problem, &travel, &plan, &ForecastOptions::default());
        Found {
            plan,
            forecast: PlanForecast {
                expected_kept: kept,
                ..forecast
            },
            promise_cost: Cost(1),
            price: (0, 0, cost),
        }
    }

    fn kept(points: &[FrontierPoint]) -> Vec<f64> {
        let points = points.iter();
        points.map(|point| point.forecast.expected_kept).collect()
    }

    #[test]
    fn a_plan_for_a_harder_target_replaces_those_that_cost_more() {
        let aims = targets(vec![0.98, 0.9, 0.95], None);
        let crossing = [found(0.91, 100), found(0.955, 130), found(0.981, 120)];
        let points = choose(&aims, &crossing, 100);
        assert_eq!(kept(&points), [0.91, 0.981, 0.981]);
        let asked = |point: &FrontierPoint| {
            let outcome = point.target_outcome.as_ref().unwrap();
            (outcome.target.expected, outcome.is_met())
        };
        let asked: Vec<(f64, bool)> = points.iter().map(asked).collect();
        assert_eq!(asked, [(0.9, true), (0.95, true), (0.98, true)]);
        assert!(points[1].marginal_cost.is_some());
        assert_eq!(points[2].marginal_cost, None, "it is the same plan");
    }

    #[test]
    fn a_target_that_no_plan_reaches_has_the_one_that_keeps_most() {
        let aims = targets(vec![0.9, 0.99], None);
        let points = choose(&aims, &[found(0.97, 110), found(0.96, 130)], 100);
        assert_eq!(kept(&points), [0.97, 0.97]);
        assert!(!points[1].target_outcome.as_ref().unwrap().is_met());
    }

    #[test]
    fn promises_kept_on_paper_come_before_cost() {
        let aims = [None];
        let mut cheap = found(0.9, 10);
        cheap.price.0 = 1;
        let points = choose(&aims, &[cheap, found(0.8, 1_000)], 100);
        assert_eq!(kept(&points), [0.8]);
        assert!(points[0].target_outcome.is_none());
    }

    #[test]
    fn targets_are_spread_evenly_over_the_promises_broken() {
        let shares = |kept: f64, n: usize| -> Vec<f64> {
            let targets = spread_out(kept, n, None).into_iter().flatten();
            targets.map(|target| target.expected).collect()
        };
        let spread = shares(0.92, 4);
        assert!(
            (spread[0] - 0.96).abs() < 1e-9 && (spread[3] - 0.995).abs() < 1e-9,
            "{spread:?}"
        );
        // Whatever is kept, targets are those that can be asked for.
        for kept in [0.0, 0.5, 0.999, 1.0] {
            let spread = shares(kept, 9);
            assert_eq!(spread.len(), 9);
            assert!(spread.is_sorted_by(|a, b| a < b), "{spread:?}");
            assert!(spread[0] > 0.5 && spread[8] <= 0.995 + 1e-9, "{spread:?}");
        }
    }
}

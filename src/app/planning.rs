//! The life of one search: waiting for its turn, running on threads of its own, ending with a plan or without.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, oneshot, watch};

use super::admission::{Place, Turn};
use super::{Accepted, Fault, SolveOptions};
use crate::clock::Clock;
use crate::forecast;
use crate::model::{
    DropPolicy, Finding, InitialPlan, Plan, PlanForecast, Problem, StopReason, TargetOutcome,
};
use crate::planner::{self, Cancel, PlanProgress};
use crate::travel::TravelTimes;

/// What to search for.
pub struct Order {
    /// The problem, validated.
    pub accepted: Accepted,
    /// How to search.
    pub options: SolveOptions,
    /// The plan to start from, found to be sound.
    pub initial: Option<InitialPlan>,
    /// SHA-256 of the request's problem, in hexadecimal.
    pub input_digest: String,
}

/// What a search found.
#[derive(Clone, Debug)]
pub struct Solved {
    /// The problem it was found for, without the orders set aside.
    pub problem: Arc<Problem>,
    /// The plan.
    pub plan: Plan,
    /// Its forecast.
    pub forecast: PlanForecast,
    /// What became of the target, if there was one.
    pub target_outcome: Option<TargetOutcome>,
    /// Ids of the orders set aside, as written in the request.
    pub set_aside: Vec<String>,
    /// Why they were set aside, and what else deserves a look.
    pub warnings: Vec<Finding>,
}

/// Sum of the penalties of the orders that `plan` leaves out though they may be dropped.
#[must_use]
pub fn drop_penalty(problem: &Problem, plan: &Plan) -> i64 {
    let left_out: std::collections::BTreeSet<_> = plan
        .unserved
        .iter()
        .map(|unserved| &unserved.order)
        .collect();
    let penalties = problem
        .orders
        .iter()
        .filter(|order| left_out.contains(&order.id));
    penalties
        .map(|order| match order.drop_policy {
            DropPolicy::MustServe => 0,
            DropPolicy::MayDrop { penalty } => penalty,
        })
        .sum()
}

/// How a search ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// With a plan.
    Solved(Solved),
    /// Stopped by the caller, with the best plan until then if there was one.
    Cancelled(Option<Solved>),
    /// Its deadline passed while it waited.
    TooLate,
    /// By a fault of ours.
    Failed(Fault),
}

/// A finding about the initial plan, with its path from the request down.
fn in_initial_plan(mut finding: Finding) -> Finding {
    finding.field = format!("initial_plan.{}", finding.field);
    finding
}

/// Where a search stands.
#[derive(Clone, Debug)]
pub enum Phase {
    /// Waiting for its turn.
    Queued,
    /// Searching.
    Running,
    /// Over.
    Ended(Arc<Outcome>),
}

/// What can be seen of a search from outside.
#[derive(Clone, Debug)]
pub struct RunView {
    /// Where it stands.
    pub phase: Phase,
    /// Its latest progress; `None` before the first plan.
    pub progress: Option<PlanProgress>,
}

impl RunView {
    /// How it ended, if it has.
    #[must_use]
    pub fn outcome(&self) -> Option<&Arc<Outcome>> {
        match &self.phase {
            Phase::Queued | Phase::Running => None,
            Phase::Ended(outcome) => Some(outcome),
        }
    }
}

/// Ends a search early.
#[derive(Clone, Default)]
pub struct Stop {
    search: Cancel,
    abandoned: Arc<AtomicBool>,
    wake: Arc<Notify>,
}

impl Stop {
    /// Ends the search with the best plan it has.
    pub fn cancel(&self) {
        self.search.cancel();
        self.wake.notify_one();
    }

    /// Ends the search whose result nobody wants any more.
    pub fn abandon(&self) {
        self.abandoned.store(true, Ordering::Relaxed);
        self.cancel();
    }

    fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed)
    }

    async fn requested(&self) {
        while !self.search.is_cancelled() {
            self.wake.notified().await;
        }
    }
}

/// A search, for whoever wants to watch or stop it. Dropping it changes nothing.
#[derive(Clone)]
pub struct Run {
    /// What can be seen of it.
    pub view: watch::Receiver<RunView>,
    /// How to end it early.
    pub stop: Stop,
}

/// Takes note of how a search ended, before anybody else hears of it.
pub(super) type Witness = Box<dyn FnOnce(&Arc<Outcome>) + Send>;

/// Starts a search: it waits for its turn in a task and runs on threads of its own.
pub(super) fn launch(
    place: Place,
    order: Order,
    clock: Clock,
    answer_by: Option<Duration>,
    closing: watch::Receiver<bool>,
    witness: Option<Witness>,
) -> Run {
    let entry = place.turn_now();
    let (sender, view) = watch::channel(RunView {
        phase: match entry {
            Ok(_) => Phase::Running,
            Err(_) => Phase::Queued,
        },
        progress: None,
    });
    let stop = Stop::default();
    let search = Search {
        order,
        clock,
        answer_by,
        stop: stop.clone(),
        view: sender,
    };
    tokio::spawn(search.supervise(entry, closing, witness));
    Run { view, stop }
}

/// Ready when the process is ending.
pub(super) async fn asked_to_close(closing: &mut watch::Receiver<bool>) {
    // An error means that the application is gone, which is an end too.
    drop(closing.wait_for(|closing| *closing).await);
}

struct Search {
    order: Order,
    clock: Clock,
    answer_by: Option<Duration>,
    stop: Stop,
    view: watch::Sender<RunView>,
}

impl Search {
    async fn supervise(
        self,
        entry: Result<Turn, Place>,
        mut closing: watch::Receiver<bool>,
        witness: Option<Witness>,
    ) {
        let view = self.view.clone();
        let stop = self.stop.clone();
        let turn = match entry {
            Ok(turn) => Ok(turn),
            Err(place) => tokio::select! {
                biased;
                () = stop.requested() => Err(Outcome::Cancelled(None)),
                () = asked_to_close(&mut closing) => Err(Outcome::Cancelled(None)),
                turn = place.turn() => Ok(turn),
                () = self.deadline() => Err(Outcome::TooLate),
            },
        };
        let outcome = match turn {
            Ok(turn) => self.run(turn, closing).await,
            Err(outcome) => outcome,
        };
        let outcome = Arc::new(outcome);
        if let Some(witness) = witness {
            witness(&outcome);
        }
        view.send_modify(|view| view.phase = Phase::Ended(outcome));
    }

    async fn deadline(&self) {
        match self.answer_by {
            Some(moment) => tokio::time::sleep(moment.saturating_sub(self.clock.elapsed())).await,
            None => std::future::pending().await,
        }
    }

    /// Runs the search on a thread of its own; the turn is given back as soon as it has ended.
    async fn run(self, turn: Turn, mut closing: watch::Receiver<bool>) -> Outcome {
        let stop = self.stop.clone();
        let (sender, mut receiver) = oneshot::channel();
        self.view.send_modify(|view| view.phase = Phase::Running);
        let thread = std::thread::Builder::new().name("plan".to_owned());
        let spawned = thread.spawn(move || {
            let outcome = self.work();
            drop(turn);
            // The receiver waits for this for as long as the runtime lives.
            drop(sender.send(outcome));
        });
        if let Err(error) = spawned {
            return Outcome::Failed(Fault::log("start a search thread", &error));
        }
        let outcome = tokio::select! {
            outcome = &mut receiver => outcome,
            () = asked_to_close(&mut closing) => {
                stop.cancel();
                receiver.await
            }
        };
        outcome.unwrap_or_else(|_| {
            Outcome::Failed(Fault::log("search for a plan", &"the search panicked"))
        })
    }

    fn work(self) -> Outcome {
        self.search()
            .unwrap_or_else(|error| Outcome::Failed(Fault::log("start search threads", &error)))
    }

    fn search(self) -> Result<Outcome, rayon::ThreadPoolBuildError> {
        let Order {
            accepted:
                Accepted {
                    problem,
                    set_aside,
                    mut warnings,
                },
            options,
            initial,
            input_digest,
        } = self.order;
        let travel = TravelTimes::new(&problem);
        let now = self.clock.elapsed();
        let available = match self.answer_by {
            Some(moment) => moment.saturating_sub(now).min(options.time_budget),
            None => options.time_budget,
        };
        let plan_options = options.plan_options(&problem, now, available, initial);
        let view = &self.view;
        let mut on_progress = |progress: &PlanProgress| {
            view.send_modify(|view| view.progress = Some(*progress));
        };
        let planned = planner::plan(
            &problem,
            &travel,
            &plan_options,
            &self.clock,
            &self.stop.search,
            &mut on_progress,
        )?;
        if self.stop.is_abandoned() || !planned.is_usable {
            return Ok(Outcome::Cancelled(None));
        }
        let mut plan = planned.plan;
        plan.provenance.input_digest = input_digest;
        warnings.extend(planned.notes.into_iter().map(in_initial_plan));
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(options.threads)
            .thread_name(|index| format!("forecast-{index}"))
            .build()?;
        let forecast =
            pool.install(|| forecast::forecast(&problem, &travel, &plan, &options.forecast));
        drop(travel);
        let price = planned.promise_cost.unwrap_or_default();
        let outcome = |target| TargetOutcome::of(target, &forecast, price);
        let target_outcome = options.target.map(outcome);
        let is_cancelled = plan.provenance.stop_reason == StopReason::Cancelled;
        let solved = Solved {
            problem: Arc::new(problem),
            plan,
            forecast,
            target_outcome,
            set_aside,
            warnings,
        };
        Ok(if is_cancelled {
            Outcome::Cancelled(Some(solved))
        } else {
            Outcome::Solved(solved)
        })
    }
}

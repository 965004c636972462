//! Use cases, independent of the wire: taking requests in, searching, keeping jobs, evaluating, forecasting and
//! learning.
//!
//! Knows neither tonic nor protobuf. Nothing here blocks the async runtime: searches run on threads of their own,
//! everything else that takes time on a pool shared by all callers.

mod admission;
mod benching;
mod calibrating;
mod compute;
mod frontier;
mod intake;
mod jobs;
mod learning;
mod live;
mod planning;
mod promising;
mod search;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::clock::{Clock, WallClock};
use crate::config::{self, PlanningConfig};
use crate::model::{
    Finding, ForecastOptions, History, NoiseModel, Plan, PlanForecast, Problem, RouteSketch,
};
use crate::travel::TravelTimes;
use crate::{forecast, planner};

pub use admission::{Admission, Occupancy, Place};
pub use benching::BenchView;
pub use calibrating::Calibrated;
pub use compute::Compute;
pub use frontier::{Aims, FRONTIER_POINTS_MAX, Frontier, FrontierPoint, FrontierRun, FrontierView};
pub use intake::{Accepted, Draft, OnInvalidOrder, Positions};
pub use jobs::{JobEntry, JobOrigin, JobSubject, RequestKey};
pub use learning::{
    Evidence, Extent, HELD_OUT_SHARE, Learnt, Lecture, Lesson, Part, Promotion, Shortage, Taught,
    Verdict,
};
pub use live::{
    LiveDays, LiveError, LiveSetup, LiveState, LiveView, Look, News, Observed, OpenAlert, Ratings,
    Reported, Told, Watch,
};
pub use planning::{Order, Outcome, Phase, Run, RunView, Solved, Stop, drop_penalty};
pub use promising::{
    Counts, DayPlan, DayView, PromiseError, PromiseView, Promises, PromisesSetup, Standing,
};
pub use search::{SolveOptions, TARGET_ORDERS_MAX};

pub use crate::remedy::{
    Change, Figures, Goods, MovedWindow as ToldWindow, OutageChange, Quote, Remedy, RemedyKind,
    Repair, RepairRequest, Terms as RemedyTerms, Why, remedies, repair,
};

/// A fault of the server: the caller is told the id, the log has the rest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fault of the server; its log calls it {id}")]
pub struct Fault {
    /// Identifies the fault in the log.
    pub id: String,
}

impl Fault {
    /// Logs a fault in `action` and names it.
    #[must_use]
    pub fn log(action: &str, cause: &dyn std::fmt::Display) -> Self {
        let id = format!("{:032x}", crate::rng::unguessable());
        tracing::error!(fault = id, "{action}: {cause}");
        Self { id }
    }
}

/// Why a request is not served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The request is wrong; all that is wrong with it.
    #[error("the request is not valid")]
    Invalid(Vec<Finding>),
    /// Too many plans are running and waiting.
    #[error("too much is running and waiting already; try again later")]
    Busy,
    /// The job is not known, or not any more.
    #[error("there is no job {0:?}; finished jobs are kept for a while only")]
    UnknownJob(String),
    /// The request id was used before, with another body.
    #[error("request id {0:?} was used before with another body; use a new id for a new request")]
    RequestIdReused(String),
    /// The process is ending.
    #[error("the server is shutting down; ask another one, or this one after its restart")]
    ShuttingDown,
    /// The deadline passed before there was any plan.
    #[error(
        "the deadline passed before there was a plan; allow more time, or ask when fewer plans are waiting"
    )]
    TooLate,
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// The application: everything that the services share.
pub struct App {
    config: PlanningConfig,
    /// How much days vary, for requests that do not say.
    noise: Option<NoiseModel>,
    admission: Admission,
    compute: Arc<Compute>,
    promises: OnceLock<Promises>,
    live: OnceLock<LiveDays>,
    jobs: Arc<jobs::Jobs>,
    /// When jobs are started.
    wall: WallClock,
    closing: tokio::sync::watch::Sender<bool>,
}

impl App {
    /// An application under `config`, which must have passed validation. Where a request does not say how much days vary,
    /// it is by `noise`, or else by the built-in defaults.
    ///
    /// # Errors
    /// If the operating system does not give the threads for computations.
    pub fn new(config: PlanningConfig, noise: Option<NoiseModel>) -> std::io::Result<Self> {
        let admission = Admission::new(
            config::count(config.plans_running_max),
            config::count(config.plans_queued_max),
        );
        Ok(Self {
            admission,
            compute: Arc::new(Compute::new()?),
            promises: OnceLock::new(),
            live: OnceLock::new(),
            jobs: Arc::new(jobs::Jobs::new(
                config::count(config.jobs_kept_max),
                config::count(config.plans_kept_max),
            )),
            wall: WallClock::system(),
            closing: tokio::sync::watch::Sender::new(false),
            noise,
            config,
        })
    }

    /// The limits that requests are held to.
    #[must_use]
    pub fn config(&self) -> &PlanningConfig {
        &self.config
    }

    /// How much days vary, for requests that do not say; `None` for the built-in defaults.
    #[must_use]
    pub fn noise(&self) -> Option<&NoiseModel> {
        self.noise.as_ref()
    }

    /// Plans running and waiting.
    #[must_use]
    pub fn occupancy(&self) -> Occupancy {
        self.admission.occupancy()
    }

    /// Threads for everything short that computes.
    #[must_use]
    pub fn compute(&self) -> &Compute {
        &self.compute
    }

    /// A place among the running and waiting plans.
    ///
    /// # Errors
    /// If there is none, or the process is ending.
    pub fn enter(&self) -> Result<Place, Refusal> {
        if *self.closing.borrow() {
            return Err(Refusal::ShuttingDown);
        }
        self.admission.enter().ok_or(Refusal::Busy)
    }

    /// Starts a search. The search ends by itself when the last [`Stop`] says so or its time is over.
    ///
    /// Must be called within a tokio runtime. `answer_by` is the moment on `clock` at which the answer must be ready,
    /// on top of the time budget in the options.
    #[must_use]
    pub fn launch(
        &self,
        place: Place,
        mut order: Order,
        clock: Clock,
        answer_by: Option<Duration>,
    ) -> Run {
        self.configure(&mut order.options.forecast);
        planning::launch(
            place,
            order,
            clock,
            answer_by,
            self.closing.subscribe(),
            None,
        )
    }

    /// The same, and keeps the plan among the jobs if the search ends with one.
    #[must_use]
    pub fn launch_kept(
        &self,
        place: Place,
        mut order: Order,
        clock: Clock,
        answer_by: Option<Duration>,
    ) -> Run {
        self.configure(&mut order.options.forecast);
        let (jobs, subject) = (
            Arc::clone(&self.jobs),
            self.subject(&order, JobOrigin::Solve),
        );
        let keep = move |outcome: &Arc<Outcome>| jobs.keep(subject, outcome);
        planning::launch(
            place,
            order,
            clock,
            answer_by,
            self.closing.subscribe(),
            Some(Box::new(keep)),
        )
    }

    /// What a search is about.
    fn subject(&self, order: &Order, origin: JobOrigin) -> JobSubject {
        let problem = &order.accepted.problem;
        JobSubject {
            name: problem.name.clone(),
            n_orders: problem.orders.len(),
            n_couriers: problem.couriers.len(),
            started_at: self.wall.now(),
            origin,
            target: order.options.target.map(|target| target.expected),
        }
    }

    /// The job that an earlier call with the same key started, if there was one.
    ///
    /// # Errors
    /// If the request id was used with another body.
    pub fn find_job(&self, key: &RequestKey) -> Result<Option<String>, Refusal> {
        self.jobs.find(key)
    }

    /// Starts a search as a job, unless an earlier call with the same key has; gives the job's id.
    ///
    /// # Errors
    /// If the request id was used with another body.
    pub fn start_job(
        &self,
        key: RequestKey,
        place: Place,
        order: Order,
        clock: Clock,
    ) -> Result<String, Refusal> {
        let subject = self.subject(&order, JobOrigin::Job);
        self.jobs
            .start(key, subject, || self.launch(place, order, clock, None))
    }

    /// All jobs that are known, the latest first.
    #[must_use]
    pub fn jobs(&self) -> Vec<JobEntry> {
        self.jobs.list()
    }

    /// Begins to keep promises. Must be called within a tokio runtime, and once.
    ///
    /// # Errors
    /// If the operating system does not give the threads, or promises are kept already.
    pub fn keep_promises(&self, setup: PromisesSetup) -> std::io::Result<()> {
        let promises = Promises::start(setup, Arc::clone(&self.compute))?;
        let is_first = self.promises.set(promises).is_ok();
        let twice = || std::io::Error::other("promises are kept already");
        is_first.then_some(()).ok_or_else(twice)
    }

    /// Days and their promises; `None` if this process keeps none.
    #[must_use]
    pub fn promises(&self) -> Option<&Promises> {
        self.promises.get()
    }

    /// Begins to follow days under way.
    ///
    /// # Errors
    /// If they are followed already.
    pub fn follow_days(&self, setup: LiveSetup) -> std::io::Result<()> {
        let is_first = self.live.set(LiveDays::new(setup)).is_ok();
        let twice = || std::io::Error::other("days are followed already");
        is_first.then_some(()).ok_or_else(twice)
    }

    /// Days under way; `None` if this process follows none.
    #[must_use]
    pub fn live_days(&self) -> Option<&LiveDays> {
        self.live.get()
    }

    /// The job called `id`.
    ///
    /// # Errors
    /// If there is none, or not any more.
    pub fn job(&self, id: &str) -> Result<Run, Refusal> {
        self.jobs.get(id)
    }

    /// Says when the process is ending.
    #[must_use]
    pub fn closing(&self) -> tokio::sync::watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// Refuses new plans and stops the running ones, which end with the best they have.
    pub fn shut_down(&self) {
        self.closing.send_replace(true);
    }

    /// Completes the options of a request that does not say how much days vary.
    fn configure(&self, options: &mut ForecastOptions) {
        if options.noise.is_none() {
            options.noise.clone_from(&self.noise);
            options.is_configured = self.noise.is_some();
        }
    }

    /// Times, prices, checks and forecasts given routes.
    ///
    /// # Errors
    /// If the computation failed by our fault.
    pub async fn evaluate(
        &self,
        problem: Problem,
        sketches: Vec<RouteSketch>,
        mut options: ForecastOptions,
    ) -> Result<(Problem, Plan, PlanForecast), Refusal> {
        self.configure(&mut options);
        self.compute
            .run("evaluate a plan", move || {
                let travel = TravelTimes::new(&problem);
                let plan = planner::evaluate(&problem, &travel, &sketches);
                let forecast = forecast::forecast(&problem, &travel, &plan, &options);
                drop(travel);
                (problem, plan, forecast)
            })
            .await
    }

    /// Learns a noise model from a history, and compares it with the one so far.
    ///
    /// # Errors
    /// If the computation failed by our fault.
    pub async fn learn(&self, lecture: Lecture) -> Result<Taught, Refusal> {
        let Lecture {
            history,
            current,
            held_out,
        } = lecture;
        let current = current.or_else(|| self.noise.clone()).unwrap_or_default();
        self.compute
            .run("learn from a history", move || {
                learning::taught(&history, &current, held_out)
            })
            .await
    }

    /// Makes up the history of an operator who carries out given routes on `days` days in a row, which vary as the
    /// options say, or else this application's noise model, or else the built-in defaults.
    ///
    /// # Errors
    /// If the computation failed by our fault.
    pub async fn simulate(
        &self,
        problem: Problem,
        sketches: Vec<RouteSketch>,
        mut options: ForecastOptions,
        days: u32,
    ) -> Result<History, Refusal> {
        self.configure(&mut options);
        self.compute
            .run("simulate days", move || {
                let noise = options.noise.unwrap_or_default();
                let travel = TravelTimes::new(&problem);
                let plan = planner::evaluate(&problem, &travel, &sketches);
                let day =
                    |day| forecast::realize(&problem, &travel, &plan, &noise, options.seed, day);
                let mut routes: Vec<_> = (0..days).flat_map(day).collect();
                routes.sort_by(|a, b| (a.day, &a.courier).cmp(&(b.day, &b.courier)));
                History { routes }
            })
            .await
    }
}

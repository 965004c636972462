//! Looks for better plans while promises are made: less way, less risk, more room.
//!
//! Works on a copy of a day's plan, from where it stands, works out what of its finds is better for the day as published, and
//! hands that to the writer, who takes over what is still better for the promises that there are by then. Lets requests go
//! first: while some are under way it gets short turns only.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::command::Command;
use super::turns::Turns;
use super::writer::{Job, Wish};
use super::{Published, Shared};
use crate::book::Book;
use crate::clock::Clock;
use crate::config::{self, PromiseConfig};
use crate::model::{CourierId, DayId, InitialPlan, OrderId, Problem, RouteSketch};
use crate::planner::reliability::{ORDERS_MAX, Reliability};
use crate::planner::{self, Cancel, PlanOptions};
use crate::promise::{DayState, DayTerms};
use crate::rng;
use crate::travel::TravelTimes;

/// How often to look whether there is something to do, if nobody says so.
const PAUSE: Duration = Duration::from_millis(250);
/// Searches of the same plan, each with random numbers of its own, that may find nothing before it is left alone.
const TRIES_MAX: u64 = 3;

/// The search for better plans; it ends when this is dropped.
pub(super) struct Improver {
    cancel: Cancel,
}

impl Drop for Improver {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// A plan to improve.
struct Task {
    day: DayId,
    version: u64,
    /// Searches of this version that have found nothing.
    tries: u64,
    terms: Arc<DayTerms>,
    problem: Problem,
    sketches: Vec<RouteSketch>,
}

impl Improver {
    /// Starts a thread, unless the configuration gives it no time.
    pub(super) fn start(
        shared: &Arc<Shared>,
        jobs: mpsc::Sender<Job>,
        config: &PromiseConfig,
    ) -> std::io::Result<Self> {
        let cancel = Cancel::default();
        if config.improve_ms > 0 {
            let worker = Worker {
                shared: Arc::downgrade(shared),
                jobs: jobs.downgrade(),
                turns: Arc::new(Turns::new(Arc::clone(&shared.calls))),
                cancel: cancel.clone(),
                slice: Duration::from_millis(config.improve_ms),
                threads: config::count(config.improve_threads),
                done: BTreeMap::new(),
            };
            super::on_thread("improver", worker.run())?;
        }
        Ok(Self { cancel })
    }
}

struct Worker {
    shared: Weak<Shared>,
    /// Weak, so that the writer ends when nobody else can ask it.
    jobs: mpsc::WeakSender<Job>,
    cancel: Cancel,
    turns: Arc<Turns>,
    slice: Duration,
    threads: usize,
    /// The version of each day's plan that nothing better was found for last, and how often that was tried.
    done: BTreeMap<DayId, (u64, u64)>,
}

impl Worker {
    async fn run(mut self) {
        while !self.cancel.is_cancelled() {
            let Some(shared) = self.shared.upgrade() else {
                return;
            };
            let task = self.next(&shared);
            if task.is_none() {
                let rung = shared.changed.notified();
                // Whether it rings or not, have a look.
                let _ = tokio::time::timeout(PAUSE, rung).await;
            }
            drop(shared);
            if let Some(task) = task {
                self.improve(task).await;
            }
        }
    }

    /// The open day whose plan has waited longest, by version.
    fn next(&self, shared: &Shared) -> Option<Task> {
        let days = shared.days.read().unwrap_or_else(PoisonError::into_inner);
        let due = days.iter().filter_map(|(id, entry)| {
            let published = entry.read().unwrap_or_else(PoisonError::into_inner);
            let version = published.day.plan_version();
            let (last, tries) = self.done.get(id).copied().unwrap_or_default();
            let tries = if last == version { tries } else { 0 };
            let is_due = published.day.state() == DayState::Open
                && published.day.live().len() > 1
                && tries < TRIES_MAX;
            let waited = version.saturating_sub(last);
            is_due.then(|| (waited, id.clone(), tries, Arc::clone(entry)))
        });
        let longest = due.max_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        drop(days);
        let (_, id, tries, published) = longest?;
        let published = published.read().unwrap_or_else(PoisonError::into_inner);
        let Published { day, book } = &*published;
        Some(Task {
            day: id,
            version: day.plan_version(),
            tries,
            terms: Arc::clone(day.terms()),
            problem: book.problem(day),
            sketches: book.sketches(),
        })
    }

    /// Searches for a while and hands over what was found.
    async fn improve(&mut self, task: Task) {
        let (day, version, tries) = (task.day.clone(), task.version, task.tries);
        self.turns.wait();
        let better = self.search(task).and_then(|routes| {
            self.turns.wait();
            let shared = self.shared.upgrade()?;
            let published = shared.kept(&day)?;
            let published = published.read().unwrap_or_else(PoisonError::into_inner);
            let book = published.book.clone();
            drop(published);
            Some(book.taking_over(&routes)?.book)
        });
        let is_taken = match better {
            Some(better) => self.hand_over(&day, better).await,
            None => false,
        };
        if !is_taken {
            self.done.insert(day, (version, tries + 1));
        }
    }

    fn search(&self, task: Task) -> Option<BTreeMap<CourierId, Vec<OrderId>>> {
        let (terms, problem) = (task.terms, task.problem);
        let reliability = terms
            .search_target()
            .filter(|_| problem.orders.len() <= ORDERS_MAX)
            .map(|target| Reliability {
                target,
                noise: terms.noise.clone(),
                grace: terms.grace,
            });
        let options = PlanOptions {
            time_budget: Some(self.slice),
            seed: rng::hash(terms.seed, &[task.version, task.tries]),
            threads: self.threads,
            reliability,
            initial: Some(InitialPlan {
                routes: task.sketches,
                locks: Vec::new(),
            }),
            ..PlanOptions::default()
        };
        let travel = TravelTimes::new(&problem);
        let turns = Arc::clone(&self.turns);
        let cancel = self.cancel.clone().giving_way(move || turns.wait());
        let planned = planner::plan(
            &problem,
            &travel,
            &options,
            &Clock::start(),
            &cancel,
            &mut |_| {},
        );
        let planned = planned.ok()?;
        if !planned.plan.verdict.is_feasible() || !planned.plan.unserved.is_empty() {
            return None;
        }
        let routes = planned.plan.routes.into_iter().map(|route| {
            let orders = route.stops.into_iter().map(|stop| stop.order);
            (route.courier, orders.collect())
        });
        Some(routes.collect())
    }

    /// Gives a better plan to the writer; `true` if the day has another plan afterwards.
    async fn hand_over(&self, day: &DayId, better: Book) -> bool {
        let Some((jobs, shared)) = self.jobs.upgrade().zip(self.shared.upgrade()) else {
            return false;
        };
        let version = || {
            let published = shared.kept(day)?;
            let published = published.read().unwrap_or_else(PoisonError::into_inner);
            Some(published.day.plan_version())
        };
        let before = version();
        let (answer, told) = oneshot::channel();
        let job = Job {
            day: day.clone(),
            key: None,
            asked: shared.uptime.elapsed(),
            wish: Wish::Change(Command::TakeOver(Box::new(better))),
            answer,
        };
        if jobs.send(job).await.is_err() {
            return false;
        }
        drop(jobs);
        let is_answered = told.await.is_ok_and(|outcome| outcome.is_ok());
        is_answered && version() != before
    }
}

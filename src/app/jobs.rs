//! Jobs: searches that outlive the call that started them, and plans that outlive the call that searched for them.
//!
//! A job is kept while it waits and runs, and after that until `kept_max` later jobs have finished too; the oldest go
//! first. Plans of other calls are kept beside them under a limit of their own, so that neither pushes out the other.
//! Jobs live in memory: a restart forgets them, and with them their request ids.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use tokio::sync::watch;

use super::{Outcome, Phase, Refusal, Run, RunView, Stop};
use crate::units::Timestamp;

/// Identifies a request for a job: the caller's id and a digest of everything else in the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// The caller's id.
    pub id: String,
    /// Digest of the body.
    pub body: [u8; 32],
}

/// What made a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobOrigin {
    /// A job that was started as one.
    Job,
    /// A search whose caller waited for the plan.
    Solve,
    /// One of the plans of a frontier.
    Frontier,
}

/// What a job is about, for lists.
#[derive(Clone, Debug, PartialEq)]
pub struct JobSubject {
    /// Name of the day.
    pub name: String,
    /// Orders to plan.
    pub n_orders: usize,
    /// Couriers of the day.
    pub n_couriers: usize,
    /// When it was started.
    pub started_at: Timestamp,
    /// What made it.
    pub origin: JobOrigin,
    /// Expected share of promises kept that is aimed at, 0 to 1; `None` without a target.
    pub target: Option<f64>,
}

/// A job as it stands in a list.
#[derive(Clone, Debug)]
pub struct JobEntry {
    /// Its id.
    pub id: String,
    /// What it is about.
    pub subject: JobSubject,
    /// How it stands.
    pub view: RunView,
}

struct Job {
    /// `None` of a plan that was kept after its call.
    key: Option<RequestKey>,
    subject: JobSubject,
    run: Run,
}

#[derive(Default)]
struct Table {
    /// By number, in the order of starting.
    jobs: BTreeMap<u64, Job>,
    number_of_id: BTreeMap<String, u64>,
    number_of_request: BTreeMap<String, u64>,
    next: u64,
}

/// All jobs of the process.
pub(super) struct Jobs {
    table: Mutex<Table>,
    /// Finished jobs kept.
    kept_max: usize,
    /// Plans of other calls kept.
    plans_kept_max: usize,
    /// Makes job ids of this process differ from those of any other, and hard to guess.
    secret: u128,
}

impl Jobs {
    pub(super) fn new(kept_max: usize, plans_kept_max: usize) -> Self {
        Self {
            table: Mutex::default(),
            kept_max,
            plans_kept_max,
            secret: crate::rng::unguessable(),
        }
    }

    pub(super) fn find(&self, key: &RequestKey) -> Result<Option<String>, Refusal> {
        match self.table().number(key)? {
            Some(number) => Ok(Some(self.id(number))),
            None => Ok(None),
        }
    }

    pub(super) fn start(
        &self,
        key: RequestKey,
        subject: JobSubject,
        launch: impl FnOnce() -> Run,
    ) -> Result<String, Refusal> {
        let mut table = self.table();
        if let Some(number) = table.number(&key)? {
            return Ok(self.id(number));
        }
        let number = table.next;
        table.number_of_request.insert(key.id.clone(), number);
        let key = Some(key);
        let run = launch();
        Ok(self.add(&mut table, Job { key, subject, run }))
    }

    /// Keeps how a search of another call ended, if it ended with a plan.
    pub(super) fn keep(&self, subject: JobSubject, outcome: &Arc<Outcome>) {
        let has_plan = matches!(**outcome, Outcome::Solved(_) | Outcome::Cancelled(Some(_)));
        if !has_plan || self.plans_kept_max == 0 {
            return;
        }
        // Nobody changes it any more: the sender can go.
        let (_, view) = watch::channel(RunView {
            phase: Phase::Ended(Arc::clone(outcome)),
            progress: None,
        });
        let run = Run {
            view,
            stop: Stop::default(),
        };
        let job = Job {
            key: None,
            subject,
            run,
        };
        self.add(&mut self.table(), job);
    }

    /// Adds a job under the next number, forgets what is too much, and gives the job's id.
    fn add(&self, table: &mut Table, job: Job) -> String {
        let number = table.next;
        let id = self.id(number);
        table.next += 1;
        table.number_of_id.insert(id.clone(), number);
        table.jobs.insert(number, job);
        let started = table.finished_beyond(self.kept_max, |job| job.key.is_some());
        let kept = table.finished_beyond(self.plans_kept_max, |job| job.key.is_none());
        for surplus in started.into_iter().chain(kept) {
            table.forget(surplus, &self.id(surplus));
        }
        id
    }

    pub(super) fn get(&self, id: &str) -> Result<Run, Refusal> {
        let table = self.table();
        let job = table
            .number_of_id
            .get(id)
            .and_then(|number| table.jobs.get(number));
        job.map(|job| job.run.clone())
            .ok_or_else(|| Refusal::UnknownJob(id.to_owned()))
    }

    /// All jobs, the latest first.
    pub(super) fn list(&self) -> Vec<JobEntry> {
        let table = self.table();
        let entry = |(&number, job): (&u64, &Job)| JobEntry {
            id: self.id(number),
            subject: job.subject.clone(),
            view: job.run.view.borrow().clone(),
        };
        table.jobs.iter().rev().map(entry).collect()
    }

    fn id(&self, number: u64) -> String {
        let digest = Sha256::new()
            .chain_update(self.secret.to_be_bytes())
            .chain_update(number.to_be_bytes())
            .finalize();
        let hex: String = digest
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("job-{hex}")
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // Every change leaves the table whole, so a panic elsewhere does not spoil it.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn number(&self, key: &RequestKey) -> Result<Option<u64>, Refusal> {
        let Some(&number) = self.number_of_request.get(&key.id) else {
            return Ok(None);
        };
        match self.jobs.get(&number) {
            Some(job) if job.key.as_ref() == Some(key) => Ok(Some(number)),
            _ => Err(Refusal::RequestIdReused(key.id.clone())),
        }
    }

    /// Numbers of the oldest finished jobs of a kind that are too many.
    fn finished_beyond(&self, kept_max: usize, is_of_kind: impl Fn(&Job) -> bool) -> Vec<u64> {
        let is_finished = |job: &Job| job.run.view.borrow().outcome().is_some();
        let finished: Vec<u64> = self
            .jobs
            .iter()
            .filter(|(_, job)| is_of_kind(job) && is_finished(job))
            .map(|(&number, _)| number)
            .collect();
        let surplus = finished.len().saturating_sub(kept_max);
        finished.into_iter().take(surplus).collect()
    }

    fn forget(&mut self, number: u64, id: &str) {
        if let Some(job) = self.jobs.remove(&number) {
            if let Some(key) = &job.key {
                self.number_of_request.remove(&key.id);
            }
            self.number_of_id.remove(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Solved;
    use crate::model::{ForecastOptions, Problem};
    use crate::travel::TravelTimes;
    use crate::{forecast, planner};

    fn key(id: &str, body: u8) -> RequestKey {
        RequestKey {
            id: id.to_owned(),
            body: [body; 32],
        }
    }

    fn subject() -> JobSubject {
        JobSubject {
            name: "Monday".to_owned(),
            n_orders: 3,
            n_couriers: 1,
            started_at: Timestamp(7),
            origin: JobOrigin::Job,
            target: None,
        }
    }

    fn finished() -> Run {
        let (_, view) = watch::channel(RunView {
            phase: Phase::Ended(Arc::new(Outcome::Cancelled(None))),
            progress: None,
        });
        Run {
            view,
            stop: Stop::default(),
        }
    }

    #[test]
    fn a_repeated_request_starts_nothing_new() {
        let jobs = Jobs::new(8, 8);
        let first = jobs.start(key("a", 1), subject(), finished).unwrap();
        let again = jobs.start(key("a", 1), subject(), || panic!("must not be launched"));
        assert_eq!(again, Ok(first.clone()));
        assert_eq!(jobs.find(&key("a", 1)), Ok(Some(first)));
        let other = jobs.start(key("a", 2), subject(), || panic!("must not be launched"));
        assert_eq!(other, Err(Refusal::RequestIdReused("a".to_owned())));
    }

    #[test]
    fn the_oldest_finished_jobs_are_forgotten_with_their_request_ids() {
        let jobs = Jobs::new(2, 8);
        let ids: Vec<String> = ["a", "b", "c"]
            .iter()
            .map(|id| jobs.start(key(id, 1), subject(), finished).unwrap())
            .collect();
        assert!(matches!(jobs.get(&ids[0]), Err(Refusal::UnknownJob(_))));
        assert!(jobs.get(&ids[1]).is_ok() && jobs.get(&ids[2]).is_ok());
        assert_eq!(jobs.find(&key("a", 2)), Ok(None));
        let listed: Vec<String> = jobs.list().into_iter().map(|entry| entry.id).collect();
        assert_eq!(listed, [ids[2].clone(), ids[1].clone()], "the latest first");
    }

    fn plan(name: &str) -> (JobSubject, Arc<Outcome>) {
        let problem = Problem::default();
        let travel = TravelTimes::new(&problem);
        let plan = planner::evaluate(&problem, &travel, &[]);
        let forecast = forecast::forecast(&problem, &travel, &plan, &ForecastOptions::default());
        drop(travel);
        let solved = Solved {
            problem: Arc::new(problem),
            plan,
            forecast,
            target_outcome: None,
            set_aside: Vec::new(),
            warnings: Vec::new(),
        };
        let subject = JobSubject {
            name: name.to_owned(),
            origin: JobOrigin::Solve,
            ..subject()
        };
        (subject, Arc::new(Outcome::Solved(solved)))
    }

    fn names(jobs: &Jobs) -> Vec<String> {
        let entries = jobs.list().into_iter();
        entries.map(|entry| entry.subject.name).collect()
    }

    #[test]
    fn plans_of_other_calls_are_kept_under_a_limit_of_their_own() {
        let jobs = Jobs::new(1, 2);
        jobs.start(key("a", 1), subject(), finished).unwrap();
        for name in ["x", "y", "z"] {
            let (subject, outcome) = plan(name);
            jobs.keep(subject, &outcome);
        }
        assert_eq!(names(&jobs), ["z", "y", "Monday"], "the job is still there");
        let listed = jobs.list();
        let run = jobs.get(&listed[0].id).unwrap();
        assert!(run.view.borrow().outcome().is_some());
        jobs.start(key("b", 1), subject(), finished).unwrap();
        assert_eq!(names(&jobs), ["Monday", "z", "y"]);
    }

    #[test]
    fn what_ended_without_a_plan_is_not_kept_and_nothing_where_none_is_wanted() {
        let jobs = Jobs::new(1, 2);
        jobs.keep(subject(), &Arc::new(Outcome::Cancelled(None)));
        jobs.keep(subject(), &Arc::new(Outcome::TooLate));
        assert!(jobs.list().is_empty());
        let jobs = Jobs::new(1, 0);
        let (subject, outcome) = plan("x");
        jobs.keep(subject, &outcome);
        assert!(jobs.list().is_empty());
    }
}

//! The one who writes a live day: takes what is reported, makes it durable together, and only then shows it.
//!
//! Requests wait in a queue. The writer takes as many as there are, takes down what they report, looks anew at the couriers
//! concerned, appends everything in one transaction, and when that is on disk tells alerts to watchers and answers
//! everybody. So every answer rests on what is durable, and one sync serves many.
//!
//! If that fails, nothing of it is shown: the day is read anew from its record before anything else happens to it, because
//! nobody can say what has become of it.
//!
//! Between requests, time passes: once a minute everybody is looked at of whom nothing was heard. By the clock that is done
//! a few couriers at a time, so that requests do not wait for all of them; on a simulated day it is done at once, so that
//! the same requests always have the same answers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::draft::{Answering, Draft, is_current, moment};
use super::view::{LiveState, LiveView, Reported};
use super::{LiveError, Observed, Shared, Writers, locked, replay};
use crate::app::{Fault, PromiseError, RequestKey};
use crate::day::{Entry, LiveDay, Replan, Start};
use crate::model::DayId;
use crate::store::{Append, Book, Lease, StoreError};
use crate::units::Timestamp;

/// Requests taken from the queue at once, at most.
const BATCH_MAX: usize = 256;
/// Reports that are made durable together, if the next request brings more than one.
const REPORTS_MAX: usize = 256;
/// How often to see whether a minute has passed.
const TICK: Duration = Duration::from_millis(500);

/// What is wanted of a live day.
pub(super) enum Job {
    /// That it be started.
    Start {
        /// The request.
        key: RequestKey,
        /// How.
        start: Arc<Start>,
        /// What time it is, on a simulated day.
        at: Option<Timestamp>,
        /// Whom to answer.
        answer: oneshot::Sender<Result<LiveView, LiveError>>,
    },
    /// That it take reports.
    Report {
        /// What is reported.
        events: Arc<Vec<Observed>>,
        /// What time it is, on a simulated day.
        as_of: Option<Timestamp>,
        /// Whom to answer.
        answer: oneshot::Sender<Result<Reported, LiveError>>,
    },
    /// That its plan change.
    Replan {
        /// The request.
        key: RequestKey,
        /// How.
        replan: Arc<Replan>,
        /// What time it is, on a simulated day.
        as_of: Option<Timestamp>,
        /// Whom to answer.
        answer: oneshot::Sender<Result<LiveView, LiveError>>,
    },
    /// That it be looked at.
    Look(LookJob),
}

/// Looks at a live day, or hears why it cannot be.
pub(super) type LookJob = Box<dyn FnOnce(Result<&LiveState, LiveError>) + Send>;

/// Where a writer stands among all of them.
pub(super) struct Place {
    pub(super) day: DayId,
    pub(super) number: u64,
    pub(super) writers: Weak<Mutex<Writers>>,
}

/// The one who writes.
pub(super) struct Writer {
    shared: Arc<Shared>,
    place: Place,
    queue: mpsc::Receiver<Job>,
    waiting: VecDeque<Job>,
    draft: Option<Draft>,
    /// When the lease was renewed last, by the process's own clock.
    renewed: Duration,
    /// When somebody asked last, by the process's own clock.
    asked: Duration,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, place: Place, queue: mpsc::Receiver<Job>) -> Self {
        let now = shared.uptime.elapsed();
        Self {
            shared,
            place,
            queue,
            waiting: VecDeque::new(),
            draft: None,
            renewed: now,
            asked: now,
        }
    }

    /// Serves until nobody asks any more; then gives the day back.
    pub(super) async fn run(mut self) {
        let mut batch = Vec::new();
        loop {
            let is_due = !self.waiting.is_empty() || self.draft.as_ref().is_some_and(Draft::is_due);
            let wait = if is_due { Duration::ZERO } else { TICK };
            let taken = tokio::time::timeout(wait, self.queue.recv_many(&mut batch, BATCH_MAX));
            match taken.await {
                Ok(0) if self.waiting.is_empty() => break,
                Ok(_) => self.asked = self.shared.uptime.elapsed(),
                Err(_) => {}
            }
            self.waiting.extend(batch.drain(..));
            self.renew().await;
            self.serve().await;
            if self.waiting.is_empty() && self.may_go() {
                self.leave();
            }
        }
        if let Some(draft) = self.draft
            && let Err(error) = self.shared.store.release(&[draft.lease]).await
        {
            tracing::warn!("a live day stays with this process until its lease runs out: {error}");
        }
    }

    /// Whether nobody misses this writer.
    fn may_go(&self) -> bool {
        let Some(draft) = &self.draft else {
            return true;
        };
        let is_watched = draft.state.told.receiver_count() > 0;
        let idle = Duration::from_secs(self.shared.config.idle_seconds);
        let is_idle = self.shared.uptime.elapsed() >= self.asked + idle;
        is_idle && !is_watched && !draft.is_ticking(self.shared.clock.now())
    }

    /// Takes no more requests; those that are in the queue are served yet.
    fn leave(&mut self) {
        if let Some(writers) = self.place.writers.upgrade() {
            let mut writers = locked(&writers);
            let asked = writers.days.get(&self.place.day);
            if asked.is_some_and(|asked| asked.number == self.place.number) {
                writers.days.remove(&self.place.day);
            }
        }
        self.queue.close();
    }

    /// Serves the requests that wait, as many as are made durable together.
    async fn serve(&mut self) {
        if let Err(error) = self.load().await {
            for job in self.waiting.drain(..) {
                job.refuse(error.clone());
            }
            return;
        }
        let mut batch = Batch::default();
        while let Some(job) = self.waiting.pop_front() {
            if batch.n_reports > 0 && batch.n_reports + job.n_reports() > REPORTS_MAX {
                self.waiting.push_front(job);
                break;
            }
            self.attend(job, &mut batch).await;
        }
        if let Some(draft) = &mut self.draft {
            draft.pass(self.shared.clock.now());
            draft.look_at(&mut batch.answering);
        }
        let outcome = self.commit().await;
        batch.answer(&outcome, self.draft.as_ref());
    }

    /// Does one request on the draft.
    async fn attend(&mut self, job: Job, batch: &mut Batch) {
        let now = self.shared.clock.now();
        match (job, &mut self.draft) {
            (
                Job::Start {
                    key,
                    start,
                    at,
                    answer,
                },
                _,
            ) => match self.start(key, start, at).await {
                Ok(view) => batch.looks.push(Box::new(move |state| {
                    // Whoever does not wait any more can ask again.
                    drop(answer.send(state.map(|_| view)));
                })),
                Err(error) => drop(answer.send(Err(error))),
            },
            (job, None) => job.refuse(LiveError::UnknownDay(self.place.day.clone())),
            (
                Job::Report {
                    events,
                    as_of,
                    answer,
                },
                Some(draft),
            ) => match draft.report(&events, as_of, now) {
                Ok((reported, couriers)) => {
                    batch.n_reports += events.len();
                    batch.answering.push(Answering {
                        answer,
                        reported,
                        couriers,
                    });
                }
                Err(error) => drop(answer.send(Err(error))),
            },
            (
                Job::Replan {
                    key,
                    replan,
                    as_of,
                    answer,
                },
                Some(_),
            ) => match self.replan(key, &replan, as_of, now).await {
                Ok(view) => batch.looks.push(Box::new(move |state| {
                    drop(answer.send(state.map(|_| view)));
                })),
                Err(error) => drop(answer.send(Err(error))),
            },
            (Job::Look(look), Some(_)) => batch.looks.push(look),
        }
    }

    /// Changes the plan, once for each request.
    async fn replan(
        &mut self,
        key: RequestKey,
        replan: &Replan,
        as_of: Option<Timestamp>,
        clock: Timestamp,
    ) -> Result<LiveView, LiveError> {
        if let Some(view) = self.answered(&key).await? {
            return Ok(view);
        }
        let Some(draft) = &mut self.draft else {
            return Err(LiveError::UnknownDay(self.place.day.clone()));
        };
        draft.replan(replan, as_of, clock)?;
        draft.reply(key)
    }

    /// What the same request was answered before, if it was.
    async fn answered(&mut self, key: &RequestKey) -> Result<Option<LiveView>, LiveError> {
        let fresh = self.draft.iter().flat_map(|draft| &draft.replies);
        if let Some(reply) = { fresh }.find(|reply| reply.request_id == key.id) {
            return replay(key, reply).map(Some);
        }
        let reply = self.shared.store.reply(&key.id).await;
        let reply = reply.map_err(|error| PromiseError::of_read(&error))?;
        reply.map(|reply| replay(key, &reply)).transpose()
    }

    /// Starts the day, or sees that it was started in the same way.
    async fn start(
        &mut self,
        key: RequestKey,
        start: Arc<Start>,
        at: Option<Timestamp>,
    ) -> Result<LiveView, LiveError> {
        if let Some(view) = self.answered(&key).await? {
            return Ok(view);
        }
        if let Some(draft) = &self.draft {
            if draft.state.start != start {
                return Err(LiveError::DayExists(start.id.clone()));
            }
        } else {
            is_current(&start, self.shared.clock.now())?;
            let at = moment(&start, at, self.shared.clock.now())?;
            let lease = self.lease().await?;
            self.draft = Some(Draft::new(lease, start, at, &self.shared));
        }
        let Some(draft) = &mut self.draft else {
            return Err(LiveError::UnknownDay(self.place.day.clone()));
        };
        draft.reply(key)
    }

    /// Makes the day ready if there is one.
    async fn load(&mut self) -> Result<(), LiveError> {
        if self.draft.is_some() || self.waiting.is_empty() {
            return Ok(());
        }
        let store = self.shared.store.clone();
        let id = self.place.day.clone();
        let failed = |error: StoreError| PromiseError::of_read(&error);
        let entries = store.entries(&id, 0, usize::MAX).await;
        let mut entries: Vec<Entry> = entries.map_err(failed)?;
        if entries.is_empty() {
            return Ok(());
        }
        let lease = self.lease().await?;
        // Another process may have written until the lease changed hands.
        let later = store.entries(&id, entries.len() as u64, usize::MAX).await;
        entries.extend(later.map_err(failed)?);
        let length = entries.len() as u64;
        let changed_at = entries.last().map(|entry| entry.at).unwrap_or_default();
        let played = LiveDay::replay(entries);
        let (start, day) = played.map_err(|error| Fault::log("read a live day", &error))?;
        let mut draft = Draft::of(lease, Arc::new(start), day, &self.shared);
        draft.state.entries = length;
        draft.state.changed_at = changed_at;
        let now = self.shared.clock.now();
        draft.pass(now);
        if draft.is_ticking(now) {
            draft.look_at_all();
        } else {
            // Nothing has happened, so there is nothing to tell.
            draft.state.day.refresh();
        }
        self.draft = Some(draft);
        Ok(())
    }

    async fn lease(&mut self) -> Result<Lease, PromiseError> {
        let Shared { store, owner, .. } = &*self.shared;
        let lasts = self.shared.lease_lasts;
        let lease = store.acquire(Book::Record, &self.place.day, owner, lasts);
        let lease = lease.await.map_err(|error| PromiseError::of_read(&error))?;
        self.renewed = self.shared.uptime.elapsed();
        lease.map_err(|owner| PromiseError::kept_by(&owner.address))
    }

    /// Makes everything durable that is new, and tells it. If that fails, the day is read anew before it is shown again.
    async fn commit(&mut self) -> Result<(), LiveError> {
        let Some(draft) = &mut self.draft else {
            return Ok(());
        };
        if draft.fresh.is_empty() && draft.replies.is_empty() {
            return Ok(());
        }
        let append = Append {
            day: self.place.day.clone(),
            epoch: draft.lease.epoch,
            entries: std::mem::take(&mut draft.fresh),
            replies: std::mem::take(&mut draft.replies),
        };
        match self.shared.store.append(&[append]).await {
            Ok(()) => {
                draft.tell();
                Ok(())
            }
            Err(error) => {
                tracing::error!(day = %self.place.day, "reports were not stored: {error}");
                self.draft = None;
                let is_fenced = matches!(error, StoreError::Fenced(_));
                Err(LiveError::from(if is_fenced {
                    PromiseError::kept_by("another server")
                } else {
                    PromiseError::of_write(&error)
                }))
            }
        }
    }

    /// Keeps the lease alive; a day whose lease is lost is let go.
    async fn renew(&mut self) {
        let Shared {
            store,
            owner,
            uptime,
            lease_lasts,
            ..
        } = &*self.shared;
        let now = uptime.elapsed();
        let Some(draft) = &self.draft else { return };
        if now < self.renewed + *lease_lasts / 4 {
            return;
        }
        let lease = std::slice::from_ref(&draft.lease);
        match store.renew(owner, lease, *lease_lasts).await {
            Ok(kept) if !kept.is_empty() => self.renewed = now,
            Ok(_) => {
                tracing::warn!(day = %self.place.day, "another server keeps the live day now");
                self.draft = None;
            }
            Err(error) => {
                tracing::warn!("the lease of a live day was not renewed: {error}");
                // Whoever cannot reach the store cannot know whether a day still is its own.
                if now > self.renewed + *lease_lasts {
                    self.draft = None;
                }
            }
        }
    }
}

/// Requests that are made durable together.
#[derive(Default)]
struct Batch {
    answering: Vec<Answering>,
    looks: Vec<LookJob>,
    n_reports: usize,
}

impl Batch {
    /// Answers everybody, now that what they were told of is durable, or is known not to be.
    fn answer(self, outcome: &Result<(), LiveError>, draft: Option<&Draft>) {
        for Answering {
            answer, reported, ..
        } in self.answering
        {
            drop(answer.send(outcome.clone().map(|()| reported)));
        }
        for look in self.looks {
            match (outcome, draft) {
                (Err(error), _) => look(Err(error.clone())),
                (Ok(()), Some(draft)) => look(Ok(&draft.state)),
                (Ok(()), None) => look(Err(LiveError::let_go())),
            }
        }
    }
}

impl Job {
    /// How many reports it brings.
    fn n_reports(&self) -> usize {
        match self {
            Self::Report { events, .. } => events.len(),
            Self::Start { .. } | Self::Replan { .. } | Self::Look(_) => 0,
        }
    }

    fn refuse(self, error: LiveError) {
        match self {
            Self::Start { answer, .. } => drop(answer.send(Err(error))),
            Self::Replan { answer, .. } => drop(answer.send(Err(error))),
            Self::Report { answer, .. } => drop(answer.send(Err(error))),
            Self::Look(look) => look(Err(error)),
        }
    }
}

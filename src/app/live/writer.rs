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

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tokio::sync::{broadcast, mpsc, oneshot};

use super::view::{LiveState, LiveView, Look, Reported, Told};
use super::{LiveError, Observed, Shared, Writers, locked, replay};
use crate::app::{Fault, PromiseError, RequestKey};
use crate::config;
use crate::day::{AlertChange, Entry, LiveDay, Recorded, Replan, Report, Start, span};
use crate::model::{DayId, Finding, Reason, TimeWindow};
use crate::store::{Append, Book, Lease, StoreError, StoredReply};
use crate::units::{Seconds, Timestamp};

/// Requests taken from the queue at once, at most.
const BATCH_MAX: usize = 256;
/// Reports that are made durable together, if the next request brings more than one.
const REPORTS_MAX: usize = 256;
/// Couriers looked at between requests because of the time that has passed.
const LOOKS_MAX: usize = 8;
/// How often to see whether a minute has passed.
const TICK: Duration = Duration::from_millis(500);
/// A day that nobody has asked for so long is let go, unless it is under way by the clock.
const IDLE: Duration = Duration::from_secs(600);
/// A day is under way from so long before the first shift.
const BEFORE: Seconds = Seconds(3_600);
/// And until so long after the last one.
const AFTER: Seconds = Seconds(4 * 3_600);

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

/// A live day as its writer knows it: ahead of the record while a batch is under way.
struct Draft {
    lease: Lease,
    state: LiveState,
    /// Entries of this batch.
    fresh: Vec<Entry>,
    /// Answers of this batch.
    replies: Vec<StoredReply>,
    /// Couriers of whom something was reported in this batch.
    concerned: BTreeSet<usize>,
    /// What is to be told when they are durable.
    telling: Vec<Arc<Told>>,
    /// When the day is under way.
    hours: TimeWindow,
}

/// Reports taken down, of which nobody has heard yet.
struct Answering {
    answer: oneshot::Sender<Result<Reported, LiveError>>,
    reported: Reported,
    /// Couriers concerned.
    couriers: BTreeSet<usize>,
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
        let is_idle = self.shared.uptime.elapsed() >= self.asked + IDLE;
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
            draft.look_at(&mut batch);
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
        let reply = self.shared.store.reply(&key.id).await;
        let reply = reply.map_err(|error| PromiseError::of_read(&error))?;
        if let Some(reply) = reply {
            return replay(&key, &reply);
        }
        let Some(draft) = &mut self.draft else {
            return Err(LiveError::UnknownDay(self.place.day.clone()));
        };
        let same = draft
            .replies
            .iter()
            .find(|reply| reply.request_id == key.id);
        if let Some(reply) = same {
            return replay(&key, reply);
        }
        draft.replan(replan, as_of, clock)?;
        let view = LiveView::of(&draft.state);
        let body = serde_json::to_vec(&view);
        draft.replies.push(StoredReply {
            request_id: key.id,
            digest: key.body,
            body: body.map_err(|error| Fault::log("write an answer", &error))?,
        });
        Ok(view)
    }

    /// Starts the day, or sees that it was started in the same way.
    async fn start(
        &mut self,
        key: RequestKey,
        start: Arc<Start>,
        at: Option<Timestamp>,
    ) -> Result<LiveView, LiveError> {
        let reply = self.shared.store.reply(&key.id).await;
        let reply = reply.map_err(|error| PromiseError::of_read(&error))?;
        if let Some(reply) = reply {
            return replay(&key, &reply);
        }
        if let Some(draft) = &self.draft {
            if draft.state.start != start {
                return Err(LiveError::DayExists(start.id.clone()));
            }
        } else {
            let at = moment(&start, at, self.shared.clock.now())?;
            let lease = self.lease().await?;
            self.draft = Some(Draft::new(lease, start, at, &self.shared));
        }
        let Some(draft) = &mut self.draft else {
            return Err(LiveError::UnknownDay(self.place.day.clone()));
        };
        let view = LiveView::of(&draft.state);
        if draft.replies.iter().all(|reply| reply.request_id != key.id) {
            let body = serde_json::to_vec(&view);
            draft.replies.push(StoredReply {
                request_id: key.id,
                digest: key.body,
                body: body.map_err(|error| Fault::log("write an answer", &error))?,
            });
        }
        Ok(view)
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

impl Draft {
    /// Whether time passes by the clock, and something may come of it.
    fn is_ticking(&self, now: Timestamp) -> bool {
        !self.state.start.is_simulated && self.hours.contains(now)
    }

    /// Whether somebody is to be looked at because of the time that has passed.
    fn is_due(&self) -> bool {
        self.is_ticking(self.state.day.now()) && !self.state.day.due().is_empty()
    }

    /// Lets time pass by the clock, minute by minute.
    fn pass(&mut self, now: Timestamp) {
        let minute = |at: Timestamp| at.0.div_euclid(60);
        if self.is_ticking(now) && minute(now) > minute(self.state.day.now()) {
            self.state.day.pass(now);
            self.write(Recorded::Passed);
        }
    }

    /// Looks at the couriers of whom something was reported, and at some of whom nothing was; tells those who reported what
    /// is to be expected.
    fn look_at(&mut self, batch: &mut Batch) {
        let concerned = std::mem::take(&mut self.concerned);
        self.review(concerned);
        if self.is_ticking(self.state.day.now()) {
            let due = self.state.day.due();
            self.review(due.into_iter().take(LOOKS_MAX));
        }
        for Answering {
            reported, couriers, ..
        } in &mut batch.answering
        {
            let look = |courier: usize| {
                let (at, outlook) = self.state.day.look(courier)?;
                let outlook = Arc::clone(outlook);
                Some(Look {
                    courier,
                    at,
                    outlook,
                })
            };
            // The plan may have changed since.
            reported.roster = Arc::clone(self.state.day.day().roster());
            reported.looks = couriers.iter().copied().filter_map(look).collect();
        }
    }

    fn look_at_all(&mut self) {
        self.review(0..self.state.day.day().couriers().len());
    }

    /// Looks at couriers, and takes down what is to be told of them.
    fn review(&mut self, couriers: impl IntoIterator<Item = usize>) {
        let changes = self.state.day.look_at(couriers);
        self.announce(changes);
    }

    /// Takes down what is to be told.
    fn announce(&mut self, changes: Vec<AlertChange>) {
        for change in changes {
            let (courier, _) = change.alert().stop;
            let routes = self.state.day.day().roster().routes();
            self.telling.push(Arc::new(Told {
                change: change.clone(),
                courier: routes[courier].courier.clone(),
                at: self.state.day.now(),
            }));
            self.write(Recorded::Alerted(change));
        }
    }

    /// Tells watchers what is on record now.
    fn tell(&mut self) {
        let now = self.state.day.now().0;
        self.state.clock.store(now, Ordering::Relaxed);
        for told in self.telling.drain(..) {
            // Nobody may be watching.
            drop(self.state.told.send(told));
        }
    }

    /// A day that begins.
    fn new(lease: Lease, start: Arc<Start>, at: Timestamp, shared: &Shared) -> Self {
        let day = LiveDay::start(&start, at);
        let first = Recorded::Started(Box::new((*start).clone()));
        let mut draft = Self::of(lease, start, day, shared);
        draft.write(first);
        // Some promises may be at risk from the beginning.
        draft.look_at_all();
        draft
    }

    fn of(lease: Lease, start: Arc<Start>, day: LiveDay, shared: &Shared) -> Self {
        let behind_max = config::count(shared.config.changes_behind_max);
        Self {
            lease,
            hours: hours(&start),
            state: LiveState {
                start,
                entries: 0,
                changed_at: day.now(),
                told: broadcast::Sender::new(behind_max),
                clock: Arc::new(AtomicI64::new(day.now().0)),
                day,
            },
            fresh: Vec::new(),
            replies: Vec::new(),
            concerned: BTreeSet::new(),
            telling: Vec::new(),
        }
    }

    fn write(&mut self, what: Recorded) {
        let state = &mut self.state;
        state.changed_at = state.day.now();
        self.fresh.push(Entry {
            number: state.entries,
            at: state.changed_at,
            what,
        });
        state.entries += 1;
    }

    /// Changes the plan; everybody is looked at anew.
    fn replan(
        &mut self,
        replan: &Replan,
        as_of: Option<Timestamp>,
        clock: Timestamp,
    ) -> Result<(), LiveError> {
        let now = match as_of {
            None if self.state.start.is_simulated => self.state.day.now(),
            as_of => moment(&self.state.start, as_of, clock)?.max(self.state.day.now()),
        };
        self.state.day.try_replan(replan)?;
        if self.state.day.pass(now) {
            self.write(Recorded::Passed);
        }
        let ended = self.state.day.take_replan(replan)?;
        self.write(Recorded::Replanned(Box::new(replan.clone())));
        self.announce(ended);
        // Whoever asked for it sees what comes of it.
        self.look_at_all();
        Ok(())
    }

    /// Takes down what is reported; also gives the couriers concerned.
    fn report(
        &mut self,
        events: &[Observed],
        as_of: Option<Timestamp>,
        clock: Timestamp,
    ) -> Result<(Reported, BTreeSet<usize>), LiveError> {
        let is_simulated = self.state.start.is_simulated;
        if is_simulated && as_of.is_none() {
            let message = "the day is simulated: say what time it is";
            let finding = Finding::new("as_of_time", "", Reason::MissingField, message);
            return Err(vec![finding].into());
        }
        let now = moment(&self.state.start, as_of, clock)?.max(self.state.day.now());
        if events.is_empty() && !is_simulated {
            let finding = Finding::new(
                "events",
                "",
                Reason::MissingField,
                "at least one is required",
            );
            return Err(vec![finding].into());
        }
        let mut couriers = BTreeSet::new();
        let mut concerned = BTreeSet::new();
        let mut answers = Vec::with_capacity(events.len());
        let mut is_anything_new = false;
        for Observed { id, at, event } in events {
            let report = Report {
                id: id.clone(),
                at: *at,
                reported_at: now,
                event: event.clone(),
            };
            let taken = self.state.day.take(report.clone());
            if let Ok((taken, of)) = &taken {
                couriers.extend(taken.courier);
                concerned.extend(of.clone());
                if !taken.is_repeated {
                    is_anything_new = true;
                    self.write(Recorded::Reported(report));
                }
            }
            answers.push(taken.map(|(taken, _)| taken));
        }
        if is_simulated && !is_anything_new && now > self.state.day.now() {
            self.state.day.pass(now);
            self.write(Recorded::Passed);
        }
        if is_simulated {
            concerned.extend(self.state.day.due());
        }
        self.concerned.extend(concerned);
        let reported = Reported {
            answers,
            looks: Vec::new(),
            roster: Arc::clone(self.state.day.day().roster()),
            as_of: now,
        };
        Ok((reported, couriers))
    }
}

/// What time it is for a request: by whoever asks on a simulated day, by the clock on others.
fn moment(
    start: &Start,
    said: Option<Timestamp>,
    clock: Timestamp,
) -> Result<Timestamp, LiveError> {
    let wrong = |reason, message: &str| {
        let finding = Finding::new("as_of_time", "", reason, message);
        Err(vec![finding].into())
    };
    match said {
        None if start.is_simulated => Ok(first_start(start)),
        None => Ok(clock),
        Some(_) if !start.is_simulated => {
            let message = "the day is not simulated: what time it is is known";
            wrong(Reason::Conflict, message)
        }
        Some(at) if !span(&start.problem).contains(at) => wrong(
            Reason::OutOfRange,
            "must be on the day of the plan, or on the day before or after it",
        ),
        Some(at) => Ok(at),
    }
}

/// When the first courier starts loading.
fn first_start(start: &Start) -> Timestamp {
    let planned = start.plan.routes.iter().map(|route| route.start).min();
    planned.unwrap_or_else(|| hours(start).start)
}

/// When a day is under way by the clock.
pub(super) fn hours(start: &Start) -> TimeWindow {
    let shifts = || start.problem.couriers.iter().map(|courier| courier.shift);
    let first = shifts().map(|shift| shift.start).min().unwrap_or_default();
    let last = shifts().map(|shift| shift.end).max().unwrap_or_default();
    TimeWindow {
        start: first - BEFORE,
        end: last + AFTER,
    }
}

//! Days under way: reports taken and stored, what is to be expected, and alerts told to whoever watches.
//!
//! Each live day in memory has one [`Writer`], on a thread of its own, who alone changes it and through whom it is read, so
//! that what is shown is on record. Which process has a live day is settled by leases in the store, as for days of
//! promises. A day that nobody asks for is let go, unless it is under way by the clock, and read again from its record when
//! somebody does. A day under way whose owner does not answer any more is taken up by whoever notices first.

mod draft;
mod error;
#[cfg(test)]
mod tests;
mod view;
mod writer;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::promising::on_thread;
use super::{Fault, PromiseError, RequestKey};
use crate::clock::{Clock, WallClock};
use crate::config::{self, LiveConfig};
use crate::day::{Entry, Event, LiveDay, Recorded, Replan, Start};
use crate::model::{DayId, EventId, TimeWindow};
use crate::promise;
use crate::store::{Book, Owner, Store, StoredReply};
use crate::units::Timestamp;
pub use error::LiveError;
pub use view::{LiveState, LiveView, Look, News, OpenAlert, Ratings, Reported, Told, Watch};
use writer::{Job, Writer};

/// How often to ask again for a day whose writer has just let it go.
const TRIES_MAX: usize = 3;

/// An event as it is reported.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// Its id.
    pub id: EventId,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
}

/// How live days are followed by this process.
pub struct LiveSetup {
    /// Where records are.
    pub store: Store,
    /// This process, as other processes see it.
    pub owner: Owner,
    /// What time it is.
    pub clock: WallClock,
    /// Time after which a live day may be taken over from this process if it does not answer any more.
    pub lease_lasts: Duration,
    /// Knobs.
    pub config: LiveConfig,
}

/// What all writers share.
struct Shared {
    store: Store,
    owner: Owner,
    clock: WallClock,
    /// Time since the process began to follow days.
    uptime: Clock,
    lease_lasts: Duration,
    config: LiveConfig,
}

/// Whom to ask about a live day.
struct Asked {
    /// Tells this writer from those of the same day before and after.
    number: u64,
    jobs: mpsc::Sender<Job>,
}

/// Live days in memory.
#[derive(Default)]
struct Writers {
    days: HashMap<DayId, Asked>,
    /// How many there have been.
    count: u64,
}

fn locked(writers: &Mutex<Writers>) -> MutexGuard<'_, Writers> {
    writers.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Live days. Their writers end when this is dropped.
pub struct LiveDays {
    shared: Arc<Shared>,
    writers: Arc<Mutex<Writers>>,
    /// How the day was started whose record was read last: that never changes.
    started: Mutex<Option<Arc<Start>>>,
    /// When days are under way by the clock, of those that were looked at for whether to take them up; `None` for simulated
    /// ones.
    hours: Mutex<HashMap<DayId, Option<TimeWindow>>>,
}

impl LiveDays {
    /// Ready to follow days.
    #[must_use]
    pub fn new(setup: LiveSetup) -> Self {
        let LiveSetup {
            store,
            owner,
            clock,
            lease_lasts,
            config,
        } = setup;
        let shared = Shared {
            store,
            owner,
            clock,
            uptime: Clock::start(),
            lease_lasts,
            config,
        };
        Self {
            shared: Arc::new(shared),
            writers: Arc::default(),
            started: Mutex::default(),
            hours: Mutex::default(),
        }
    }

    /// Takes up the live days that are under way by the clock and that nobody has, so that alerts are raised though nobody
    /// asks: those that were under way before this process began, and those whose owner does not answer any more. As many as
    /// there is room for; called again, it looks again.
    ///
    /// Shape: one question to the store, one for each day that was never seen before, and one for each that is under way.
    ///
    /// # Errors
    /// If the store is away.
    pub async fn take_up(&self) -> Result<(), LiveError> {
        let days = self.days().await?;
        let now = self.shared.clock.now();
        for id in days {
            let hours = self.hours_of(&id).await?;
            if self.has(&id) || !hours.is_some_and(|hours| hours.contains(now)) {
                continue;
            }
            if locked(&self.writers).days.len() >= config::count(self.shared.config.days_max) {
                return Ok(());
            }
            let Shared { store, owner, .. } = &*self.shared;
            // Others' days are not read only to find that they are others'.
            let lease = store.acquire(Book::Record, &id, owner, self.shared.lease_lasts);
            let lease = lease.await.map_err(|error| PromiseError::of_read(&error))?;
            if lease.is_err() {
                continue;
            }
            match self.look(&id, |_| ()).await {
                Ok(()) => tracing::info!(day = %id, "a live day is taken up"),
                // What cannot be read now cannot be later.
                Err(LiveError::Other(PromiseError::Fault(_))) => self.forget_hours(&id),
                Err(error) => tracing::debug!(day = %id, "a live day is not taken up: {error}"),
            }
        }
        Ok(())
    }

    /// How often to look for days to take up.
    #[must_use]
    pub fn take_up_every(&self) -> Duration {
        self.shared.lease_lasts / 3
    }

    /// Whether this process has the day.
    fn has(&self, id: &DayId) -> bool {
        let writers = locked(&self.writers);
        writers
            .days
            .get(id)
            .is_some_and(|asked| !asked.jobs.is_closed())
    }

    /// Does not look at the day again for whether to take it up.
    fn forget_hours(&self, id: &DayId) {
        let mut hours = self.hours.lock().unwrap_or_else(PoisonError::into_inner);
        hours.insert(id.clone(), None);
    }

    /// When a day is under way by the clock; `None` if it is simulated. That never changes, and is remembered.
    async fn hours_of(&self, id: &DayId) -> Result<Option<TimeWindow>, LiveError> {
        let known = || self.hours.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hours) = known().get(id) {
            return Ok(*hours);
        }
        let first = self.shared.store.entries::<Entry>(id, 0, 1).await;
        let first = first.map_err(|error| PromiseError::of_read(&error))?;
        let hours = first.first().and_then(|entry| match &entry.what {
            Recorded::Started(start) => (!start.is_simulated).then(|| draft::hours(start)),
            Recorded::Reported(_)
            | Recorded::Passed
            | Recorded::Alerted(_)
            | Recorded::Replanned(_) => None,
        });
        known().insert(id.clone(), hours);
        Ok(hours)
    }

    /// Starts a live day, or does nothing if it was started in the same way. `at` is what time it is on a simulated day;
    /// `None` means when the first courier starts loading.
    ///
    /// # Errors
    /// If it was started otherwise, is kept elsewhere, or the store is away.
    pub async fn start(
        &self,
        key: RequestKey,
        start: Start,
        at: Option<Timestamp>,
    ) -> Result<LiveView, LiveError> {
        let reply = self.shared.store.reply(&key.id).await;
        let reply = reply.map_err(|error| PromiseError::of_read(&error))?;
        if let Some(reply) = reply {
            return replay(&key, &reply);
        }
        let id = start.id.clone();
        let start = Arc::new(start);
        let ask = |answer| Job::Start {
            key: key.clone(),
            start: Arc::clone(&start),
            at,
            answer,
        };
        self.ask(&id, ask).await
    }

    /// The ids of all live days that there are, whoever has them.
    ///
    /// # Errors
    /// If the store is away.
    pub async fn days(&self) -> Result<Vec<DayId>, LiveError> {
        let days = self.shared.store.days(Book::Record).await;
        Ok(days.map_err(|error| PromiseError::of_read(&error))?)
    }

    /// What `look` sees of a live day.
    ///
    /// # Errors
    /// If there is none, it is kept elsewhere, or the store is away.
    pub async fn look<T: Send + 'static>(
        &self,
        id: &DayId,
        look: impl Fn(&LiveState) -> T + Clone + Send + 'static,
    ) -> Result<T, LiveError> {
        let ask = |answer: oneshot::Sender<Result<T, LiveError>>| {
            let look = look.clone();
            Job::Look(Box::new(move |state| {
                // Whoever does not wait any more can ask again.
                drop(answer.send(state.map(look)));
            }))
        };
        self.ask(id, ask).await
    }

    /// Takes reports; on a simulated day `as_of` is what time it is. What was taken is durable on return.
    ///
    /// # Errors
    /// If `as_of` is missing or not wanted; as [`Self::look`]. Each report is taken or refused by itself.
    pub async fn report(
        &self,
        id: &DayId,
        events: Vec<Observed>,
        as_of: Option<Timestamp>,
    ) -> Result<Reported, LiveError> {
        let events = Arc::new(events);
        let ask = |answer| Job::Report {
            events: Arc::clone(&events),
            as_of,
            answer,
        };
        self.ask(id, ask).await
    }

    /// Changes the plan of a live day; on a simulated day `as_of` is what time it is, or nothing has passed. What was changed
    /// is durable on return.
    ///
    /// # Errors
    /// If the change is wrong, or one of another version of the plan; as [`Self::look`].
    pub async fn replan(
        &self,
        key: RequestKey,
        id: &DayId,
        replan: Replan,
        as_of: Option<Timestamp>,
    ) -> Result<LiveView, LiveError> {
        let replan = Arc::new(replan);
        let ask = |answer| Job::Replan {
            key: key.clone(),
            replan: Arc::clone(&replan),
            as_of,
            answer,
        };
        self.ask(id, ask).await
    }

    /// What the request of this id about a live day was answered, if it was made.
    ///
    /// # Errors
    /// If the store is away.
    pub async fn answered(
        &self,
        request_id: &str,
        id: &DayId,
    ) -> Result<Option<LiveView>, LiveError> {
        let reply = self.shared.store.reply(request_id).await;
        let reply = reply.map_err(|error| PromiseError::of_read(&error))?;
        // Other requests have answers of other kinds.
        let view = reply.and_then(|reply| serde_json::from_slice::<LiveView>(&reply.body).ok());
        Ok(view.filter(|view| view.id == *id))
    }

    /// The day as it is now, to find out what could be done about it: a copy, so that nobody waits meanwhile.
    ///
    /// # Errors
    /// As [`Self::look`].
    pub async fn snapshot(&self, id: &DayId) -> Result<LiveDay, LiveError> {
        self.look(id, |state| state.day.clone()).await
    }

    /// Begins to watch the alerts of a live day.
    ///
    /// # Errors
    /// As [`Self::look`].
    pub async fn watch(&self, id: &DayId) -> Result<Watch, LiveError> {
        self.look(id, LiveState::watch).await
    }

    /// Up to `limit` entries of a day's record from number `from` on.
    ///
    /// Shape: time in proportion to the entries that are given.
    ///
    /// # Errors
    /// If there is no such day, or the store is away.
    pub async fn record(
        &self,
        id: &DayId,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Entry>, LiveError> {
        let read = |from, limit| self.shared.store.entries(id, from, limit);
        let failed = |error| LiveError::from(PromiseError::of_read(&error));
        let entries = read(from, limit).await.map_err(failed)?;
        if entries.is_empty() && (from == 0 || read(0, 1).await.map_err(failed)?.is_empty()) {
            return Err(LiveError::UnknownDay(id.clone()));
        }
        Ok(entries)
    }

    /// How a day was started.
    ///
    /// # Errors
    /// If there is no such day, or the store is away.
    pub async fn start_of(&self, id: &DayId) -> Result<Arc<Start>, LiveError> {
        let known = || self.started.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(start) = known().as_ref().filter(|start| start.id == *id) {
            return Ok(Arc::clone(start));
        }
        let first = self.record(id, 0, 1).await?.pop();
        let Some(Entry {
            what: Recorded::Started(start),
            ..
        }) = first
        else {
            return Err(Fault::log("read a record", &"it does not start a day").into());
        };
        let start = Arc::new(*start);
        *known() = Some(Arc::clone(&start));
        Ok(start)
    }

    /// Asks the writer of a day, who is called if need be.
    async fn ask<T>(
        &self,
        id: &DayId,
        job: impl Fn(oneshot::Sender<Result<T, LiveError>>) -> Job,
    ) -> Result<T, LiveError> {
        for _ in 0..TRIES_MAX {
            let (answer, told) = oneshot::channel();
            let sent = self.writer(id)?.try_send(job(answer));
            match sent {
                Err(mpsc::error::TrySendError::Full(_)) => return Err(PromiseError::Busy.into()),
                // The writer has let the day go in between: the next one answers.
                Err(mpsc::error::TrySendError::Closed(_)) => tokio::task::yield_now().await,
                Ok(()) => {
                    if let Ok(outcome) = told.await {
                        return outcome;
                    }
                }
            }
        }
        Err(PromiseError::Busy.into())
    }

    /// The writer of a day.
    fn writer(&self, id: &DayId) -> Result<mpsc::Sender<Job>, LiveError> {
        let mut writers = locked(&self.writers);
        if let Some(asked) = writers.days.get(id)
            && !asked.jobs.is_closed()
        {
            return Ok(asked.jobs.clone());
        }
        if writers.days.len() >= config::count(self.shared.config.days_max) {
            return Err(PromiseError::Busy.into());
        }
        let (jobs, queue) = mpsc::channel(config::count(self.shared.config.requests_waiting_max));
        let number = writers.count;
        let place = writer::Place {
            day: id.clone(),
            number,
            writers: Arc::downgrade(&self.writers),
        };
        let writer = Writer::new(Arc::clone(&self.shared), place, queue);
        on_thread("live", writer.run())
            .map_err(|error| Fault::log("start a thread for a live day", &error))?;
        let asked = Asked {
            number,
            jobs: jobs.clone(),
        };
        writers.count += 1;
        writers.days.insert(id.clone(), asked);
        Ok(jobs)
    }
}

/// The answer that a request had before, if this is the same request.
fn replay(key: &RequestKey, reply: &StoredReply) -> Result<LiveView, LiveError> {
    if reply.digest != key.body {
        let reused = promise::Refusal::RequestIdReused(key.id.clone());
        return Err(PromiseError::from(reused).into());
    }
    let answer = serde_json::from_slice(&reply.body);
    answer.map_err(|error| Fault::log("read an earlier answer", &error).into())
}

//! Promises: what can be promised, holding and confirming it, the ledger, and better plans found meanwhile.
//!
//! One [`Writer`] changes the days that this process keeps, see there; everybody else looks at what it has published.
//! Which process keeps a day is settled by leases in the store.

mod command;
mod error;
mod improver;
#[cfg(test)]
mod tests;
mod turns;
mod view;
mod writer;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::{Compute, Fault, Refusal as AppRefusal, RequestKey};
use crate::book::{Book, Caller};
use crate::clock::{Clock, WallClock};
use crate::config::{self, PromiseConfig};
use crate::forecast;
use crate::model::{DayId, ForecastOptions, PromiseId, WindowId};
use crate::planner;
use crate::promise::{Booking, Day, DayTerms, Entry, PromiseState, Quote, Refusal};
use crate::store::{Book as Books, Owner, Store, StoredReply};
use crate::travel::TravelTimes;
use crate::units::{BasisPoints, Seconds};
use command::Command;
pub use error::PromiseError;
use improver::Improver;
use turns::Calls;
pub use view::{Counts, DayPlan, DayView, PromiseView, Standing};
use writer::{Answer, Job, Wish, Writer};

/// What is published of a day.
struct Published {
    day: Day,
    book: Book,
}

/// What the writer and everybody else share.
struct Shared {
    store: Store,
    owner: Owner,
    clock: WallClock,
    /// Time since the process began to keep promises.
    uptime: Clock,
    lease_lasts: Duration,
    quote_lasts: Seconds,
    days: RwLock<HashMap<DayId, Arc<RwLock<Published>>>>,
    /// Rung when a plan has changed.
    changed: tokio::sync::Notify,
    /// Requests that are being served.
    calls: Arc<Calls>,
}

impl Shared {
    /// The day `id`, if this process keeps it.
    fn kept(&self, id: &DayId) -> Option<Arc<RwLock<Published>>> {
        let days = self.days.read().unwrap_or_else(PoisonError::into_inner);
        days.get(id).cloned()
    }

    /// Shows a day after `entries`, which are durable; `day` and `book` are what they have led to.
    fn publish(&self, id: &DayId, entries: &[Entry], day: &Day, book: &Book) {
        let is_known = self.kept(id).is_some_and(|published| {
            let mut published = published.write().unwrap_or_else(PoisonError::into_inner);
            published.book = book.clone();
            let is_applied = !entries.is_empty()
                && (entries.iter()).all(|entry| published.day.apply(entry).is_ok());
            if !is_applied {
                published.day = day.clone();
            }
            true
        });
        if !is_known {
            let fresh = Published {
                day: day.clone(),
                book: book.clone(),
            };
            let mut days = self.days.write().unwrap_or_else(PoisonError::into_inner);
            days.insert(id.clone(), Arc::new(RwLock::new(fresh)));
        }
        self.changed.notify_one();
    }

    /// Shows a day no longer: somebody else keeps it.
    fn withdraw(&self, id: &DayId) {
        let mut days = self.days.write().unwrap_or_else(PoisonError::into_inner);
        days.remove(id);
    }
}

/// Days and their promises.
pub struct Promises {
    shared: Arc<Shared>,
    jobs: mpsc::Sender<Job>,
    compute: Arc<Compute>,
    /// Ends the search for better plans when it is dropped.
    _improver: Improver,
}

/// How promises are kept by this process.
pub struct PromisesSetup {
    /// Where the ledger is.
    pub store: Store,
    /// This process, as other processes see it.
    pub owner: Owner,
    /// What time it is.
    pub clock: WallClock,
    /// Knobs.
    pub config: PromiseConfig,
}

impl Promises {
    /// Begins to keep promises, on threads of its own.
    ///
    /// # Errors
    /// If the operating system does not give the threads.
    pub fn start(setup: PromisesSetup, compute: Arc<Compute>) -> std::io::Result<Self> {
        let PromisesSetup {
            store,
            owner,
            clock,
            config,
        } = setup;
        let shared = Arc::new(Shared {
            store,
            owner,
            clock,
            uptime: Clock::start(),
            lease_lasts: Duration::from_millis(config.lease_ms),
            quote_lasts: Seconds(i64::try_from(config.quote_seconds).unwrap_or(60)),
            days: RwLock::default(),
            changed: tokio::sync::Notify::new(),
            calls: Arc::default(),
        });
        let (jobs, queue) = mpsc::channel(config::count(config.changes_waiting_max));
        let writer = Writer::new(Arc::clone(&shared), queue);
        on_thread("promises", writer.run())?;
        let improver = Improver::start(&shared, jobs.clone(), &config)?;
        Ok(Self {
            shared,
            jobs,
            compute,
            _improver: improver,
        })
    }

    /// Opens a day, or does nothing if it is open already on the same terms.
    ///
    /// # Errors
    /// If it exists on other terms, is kept elsewhere, or the store is away.
    pub async fn open(&self, key: RequestKey, terms: DayTerms) -> Result<DayView, PromiseError> {
        let day = terms.id.clone();
        let wish = Wish::Open(Box::new(terms));
        match self.ask(day, Some(key), wish).await? {
            Answer::Day(view) => Ok(*view),
            Answer::Promise(_) | Answer::Nothing => Err(odd_answer()),
        }
    }

    /// Closes a day: its plan is final. Holds that are not confirmed are released.
    ///
    /// # Errors
    /// If there is no such day or it is closed, is kept elsewhere, or the store is away.
    pub async fn close(&self, key: RequestKey, id: &DayId) -> Result<DayView, PromiseError> {
        let wish = Wish::Change(Command::Close);
        match self.ask(id.clone(), Some(key), wish).await? {
            Answer::Day(view) => Ok(*view),
            Answer::Promise(_) | Answer::Nothing => Err(odd_answer()),
        }
    }

    /// The ids of all days that there are, whoever keeps them.
    ///
    /// # Errors
    /// If the store is away.
    pub async fn days(&self) -> Result<Vec<DayId>, PromiseError> {
        let days = self.shared.store.days(Books::Ledger).await;
        days.map_err(|error| PromiseError::of_read(&error))
    }

    /// A day as it stands.
    ///
    /// # Errors
    /// If there is none, it is kept elsewhere, or the store is away.
    pub async fn day(&self, id: &DayId) -> Result<DayView, PromiseError> {
        self.read(id, |published| DayView::of(&published.day, &published.book))
            .await
    }

    /// A day with its plan in full, forecast on so many simulated days.
    ///
    /// # Errors
    /// As [`Self::day`].
    pub async fn plan(&self, id: &DayId, scenarios: u32) -> Result<DayPlan, PromiseError> {
        let (view, problem, sketches) = self
            .read(id, |Published { day, book }| {
                (DayView::of(day, book), book.problem(day), book.sketches())
            })
            .await?;
        let terms = Arc::clone(&view.terms);
        let options = ForecastOptions {
            scenarios,
            seed: terms.seed,
            noise: terms.is_calibrated.then(|| terms.noise.clone()),
            is_configured: false,
            causes: false,
            grace: terms.grace,
        };
        self.compute("plan a day", move || {
            let travel = TravelTimes::new(&problem);
            let plan = planner::evaluate(&problem, &travel, &sketches);
            let forecast = forecast::forecast(&problem, &travel, &plan, &options);
            drop(travel);
            DayPlan {
                view,
                problem,
                plan,
                forecast,
            }
        })
        .await
    }

    /// What can be promised to an order. Nothing is kept for it.
    ///
    /// # Errors
    /// As [`Self::day`], and if the day is closed.
    pub async fn quote(&self, id: &DayId, booking: Booking) -> Result<Quote, PromiseError> {
        let _call = self.shared.calls.begin();
        let published = self.published(id).await?;
        let (now, quote_lasts) = (self.shared.clock.now(), self.shared.quote_lasts);
        let work = move || {
            let published = published.read().unwrap_or_else(PoisonError::into_inner);
            published.day.check_open()?;
            let book = published.book.clone();
            let (version, terms) = (
                published.day.plan_version(),
                Arc::clone(published.day.terms()),
            );
            drop(published);
            let caller = Caller::new(book.site(), Arc::new(booking));
            Ok(Quote {
                windows: book.quote(&caller, &terms.windows, now),
                plan_version: version,
                noise_version: terms.noise_version().to_owned(),
                at: now,
                expires_at: now + quote_lasts,
            })
        };
        self.compute("quote windows", work).await?
    }

    /// Keeps `window` for an order until the hold is confirmed, released, or runs out.
    ///
    /// # Errors
    /// If the window cannot be promised, or not with the chance `least`; if the order has a promise already; as
    /// [`Self::day`].
    pub async fn hold(
        &self,
        key: RequestKey,
        day: &DayId,
        booking: Booking,
        window: &WindowId,
        least: Option<BasisPoints>,
    ) -> Result<PromiseView, PromiseError> {
        let command = Command::Hold {
            booking: Box::new(booking),
            window: window.clone(),
            least,
        };
        self.change(key, day, command).await
    }

    /// Makes a hold a promise.
    ///
    /// # Errors
    /// If it has run out or ended; as [`Self::day`].
    pub async fn confirm(
        &self,
        key: RequestKey,
        day: &DayId,
        promise: &PromiseId,
    ) -> Result<PromiseView, PromiseError> {
        self.change(key, day, Command::Confirm(promise.clone()))
            .await
    }

    /// Lets a hold go.
    ///
    /// # Errors
    /// If it is confirmed; as [`Self::day`].
    pub async fn release(
        &self,
        key: RequestKey,
        day: &DayId,
        promise: &PromiseId,
    ) -> Result<PromiseView, PromiseError> {
        self.change(key, day, Command::Release(promise.clone()))
            .await
    }

    /// Takes a promise back.
    ///
    /// # Errors
    /// If it is not confirmed; as [`Self::day`].
    pub async fn cancel(
        &self,
        key: RequestKey,
        day: &DayId,
        promise: &PromiseId,
    ) -> Result<PromiseView, PromiseError> {
        self.change(key, day, Command::Cancel(promise.clone()))
            .await
    }

    /// Gives a promise another window, another content, or both; it stays as it is if that cannot be.
    ///
    /// # Errors
    /// As [`Self::hold`] and [`Self::confirm`].
    pub async fn amend(
        &self,
        key: RequestKey,
        day: &DayId,
        promise: &PromiseId,
        window: Option<WindowId>,
        booking: Option<Booking>,
        least: Option<BasisPoints>,
    ) -> Result<PromiseView, PromiseError> {
        let command = Command::Amend {
            promise: promise.clone(),
            window,
            booking: booking.map(Box::new),
            least,
        };
        self.change(key, day, command).await
    }

    /// A promise as it stands.
    ///
    /// # Errors
    /// If it is not known; as [`Self::day`].
    pub async fn promise(
        &self,
        day: &DayId,
        promise: &PromiseId,
    ) -> Result<PromiseView, PromiseError> {
        let view = self
            .read(day, |Published { day, book }| {
                PromiseView::of(day, book, promise)
            })
            .await?;
        Ok(view?)
    }

    /// Up to `limit` promises with ids after `after`, by id; with `states`, only those in one of them.
    ///
    /// # Errors
    /// As [`Self::day`].
    pub async fn list(
        &self,
        day: &DayId,
        after: Option<&PromiseId>,
        limit: usize,
        states: &[PromiseState],
    ) -> Result<Vec<PromiseView>, PromiseError> {
        use std::ops::Bound;
        let views = self
            .read(day, |Published { day, book }| {
                let from = after.map_or(Bound::Unbounded, Bound::Excluded);
                let promises = day.promises().range((from, Bound::Unbounded));
                let is_wanted = |state| states.is_empty() || states.contains(&state);
                let wanted = promises.filter(|(_, promise)| is_wanted(promise.state));
                let views = wanted
                    .take(limit)
                    .map(|(id, _)| PromiseView::of(day, book, id));
                views.collect::<Result<Vec<_>, Refusal>>()
            })
            .await?;
        Ok(views?)
    }

    /// Up to `limit` entries of a day's ledger from number `from` on; with `promise`, only those about it.
    ///
    /// Shape: time in proportion to the entries that are given.
    ///
    /// # Errors
    /// If there is no such day or promise, or the store is away; with `promise`, as [`Self::day`].
    pub async fn ledger(
        &self,
        day: &DayId,
        promise: Option<&PromiseId>,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Entry>, PromiseError> {
        let read = |from, limit| self.shared.store.entries(day, from, limit);
        let failed = |error| PromiseError::of_read(&error);
        if let Some(promise) = promise {
            let view = self.promise(day, promise).await?;
            let numbers = view.record.entries.iter().copied();
            let mut entries = Vec::new();
            for number in numbers.filter(|number| *number >= from).take(limit) {
                entries.extend(read(number, 1).await.map_err(failed)?);
            }
            return Ok(entries);
        }
        let entries = read(from, limit).await.map_err(failed)?;
        if entries.is_empty() && (from == 0 || read(0, 1).await.map_err(failed)?.is_empty()) {
            return Err(Refusal::UnknownDay(day.clone()).into());
        }
        Ok(entries)
    }

    /// The terms of a day.
    ///
    /// # Errors
    /// As [`Self::day`].
    pub async fn terms(&self, day: &DayId) -> Result<Arc<DayTerms>, PromiseError> {
        self.read(day, |published| Arc::clone(published.day.terms()))
            .await
    }

    async fn change(
        &self,
        key: RequestKey,
        day: &DayId,
        command: Command,
    ) -> Result<PromiseView, PromiseError> {
        let wish = Wish::Change(command);
        match self.ask(day.clone(), Some(key), wish).await? {
            Answer::Promise(view) => Ok(*view),
            Answer::Day(_) | Answer::Nothing => Err(odd_answer()),
        }
    }

    /// Asks the writer. A request that was answered before gets the same answer.
    async fn ask(
        &self,
        day: DayId,
        key: Option<RequestKey>,
        wish: Wish,
    ) -> Result<Answer, PromiseError> {
        let _call = self.shared.calls.begin();
        let asked = self.shared.uptime.elapsed();
        if let Some(key) = &key {
            let reply = self.shared.store.reply(&key.id).await;
            let reply = reply.map_err(|error| PromiseError::of_read(&error))?;
            if let Some(reply) = reply {
                return replay(key, &reply);
            }
        }
        let (answer, told) = oneshot::channel();
        let job = Job {
            day,
            key,
            asked,
            wish,
            answer,
        };
        self.jobs.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => PromiseError::Busy,
            mpsc::error::TrySendError::Closed(_) => PromiseError::ShuttingDown,
        })?;
        told.await.unwrap_or(Err(PromiseError::ShuttingDown))
    }

    /// The day `id` as it is published, made ready if it is not.
    async fn published(&self, id: &DayId) -> Result<Arc<RwLock<Published>>, PromiseError> {
        if let Some(published) = self.shared.kept(id) {
            return Ok(published);
        }
        self.ask(id.clone(), None, Wish::Read).await?;
        let published = self.shared.kept(id);
        published.ok_or_else(|| PromiseError::kept_by("another server"))
    }

    async fn read<T>(
        &self,
        id: &DayId,
        look: impl FnOnce(&Published) -> T,
    ) -> Result<T, PromiseError> {
        let published = self.published(id).await?;
        let published = published.read().unwrap_or_else(PoisonError::into_inner);
        Ok(look(&published))
    }

    async fn compute<T: Send + 'static>(
        &self,
        action: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PromiseError> {
        let outcome = self.compute.run(action, work).await;
        outcome.map_err(|refusal| {
            PromiseError::Fault(if let AppRefusal::Fault(fault) = refusal {
                fault
            } else {
                Fault::log(action, &refusal)
            })
        })
    }
}

/// Runs `work` on a thread of its own: what computes for long must not hold up those who answer calls.
pub(super) fn on_thread(
    name: &str,
    work: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || runtime.block_on(work))?;
    Ok(())
}

/// The answer that a request had before, if this is the same request.
fn replay(key: &RequestKey, reply: &StoredReply) -> Result<Answer, PromiseError> {
    if reply.digest != key.body {
        return Err(Refusal::RequestIdReused(key.id.clone()).into());
    }
    let answer = serde_json::from_slice(&reply.body);
    answer.map_err(|error| Fault::log("read an earlier answer", &error).into())
}

/// A request id that was used for another kind of call.
fn odd_answer() -> PromiseError {
    Fault::log("answer a request", &"the answer is of another kind").into()
}

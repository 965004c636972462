//! The one who writes: takes changes one after the other, makes them durable together, and only then shows them.
//!
//! Changes wait in a queue. The writer takes as many as there are, decides each on the day as the ones before have left
//! it, appends all their entries and answers in one transaction, and when that is on disk publishes the new days and
//! answers everybody. So every answer rests on what is durable, and one sync serves many.
//!
//! If the transaction fails, nothing of it is shown: the days concerned are read anew from the store before anything else
//! happens to them, because nobody can say what has become of it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::command::{Command, Decision, Desk};
use super::view::{DayView, PromiseView};
use super::{PromiseError, Shared};
use crate::app::{Fault, RequestKey};
use crate::book::{Book, Site};
use crate::model::{DayId, PromiseId};
use crate::promise::{Day, DayTerms, Entry, Event, Refusal};
use crate::rng;
use crate::store::{Append, Book as Books, Lease, StoreError, StoredReply};
use crate::units::Timestamp;

/// Changes that are made durable together, at most.
const BATCH_MAX: usize = 256;
/// Answers kept in memory; older ones are looked up in the store.
const REPLIES_MAX: usize = 65_536;
/// How often holds are looked through for those that have run out.
const TICK: Duration = Duration::from_millis(500);

/// What is wanted of a day.
pub(super) enum Wish {
    /// That it be open on these terms.
    Open(Box<DayTerms>),
    /// That it be ready for questions.
    Read,
    /// A change.
    Change(Command),
}

/// A wish with whom to answer.
pub(super) struct Job {
    pub(super) day: DayId,
    /// `None` for what needs no answer that lasts.
    pub(super) key: Option<RequestKey>,
    /// When the store was asked for an earlier answer and had none, by the process's own clock.
    pub(super) asked: Duration,
    pub(super) wish: Wish,
    pub(super) answer: oneshot::Sender<Result<Answer, PromiseError>>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) enum Answer {
    Day(Box<DayView>),
    Promise(Box<PromiseView>),
    Nothing,
}

/// A day as the writer knows it: ahead of what is published while a batch is under way.
struct Draft {
    lease: Lease,
    /// Since when nobody else can have written, by the process's own clock.
    since: Duration,
    day: Day,
    book: Book,
    /// Entries of this batch.
    entries: Vec<Entry>,
    replies: Vec<StoredReply>,
}

/// The one who writes.
pub(super) struct Writer {
    shared: Arc<Shared>,
    jobs: mpsc::Receiver<Job>,
    drafts: HashMap<DayId, Draft>,
    replies: HashMap<String, StoredReply>,
    /// Request ids in the order of their answers, the oldest first.
    replied: std::collections::VecDeque<String>,
    /// When leases were renewed last, by the process's own clock.
    renewed: Duration,
    /// Days that a fault of ours has spoilt in this batch.
    spoilt: BTreeMap<DayId, PromiseError>,
}

/// What is to be told once the batch is durable.
type Told = (
    oneshot::Sender<Result<Answer, PromiseError>>,
    DayId,
    Result<Answer, PromiseError>,
);

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, jobs: mpsc::Receiver<Job>) -> Self {
        Self {
            shared,
            jobs,
            drafts: HashMap::new(),
            replies: HashMap::new(),
            replied: std::collections::VecDeque::new(),
            renewed: Duration::ZERO,
            spoilt: BTreeMap::new(),
        }
    }

    /// Serves until nobody can ask any more; then gives the days back.
    pub(super) async fn run(mut self) {
        let mut batch = Vec::new();
        loop {
            let waited = tokio::time::timeout(TICK, self.jobs.recv_many(&mut batch, BATCH_MAX));
            if let Ok(0) = waited.await {
                break;
            }
            self.renew().await;
            self.serve(std::mem::take(&mut batch)).await;
        }
        let leases: Vec<Lease> = self.drafts.into_values().map(|draft| draft.lease).collect();
        if let Err(error) = self.shared.store.release(&leases).await {
            tracing::warn!("days stay with this process until their leases run out: {error}");
        }
    }

    /// Serves some jobs together.
    async fn serve(&mut self, jobs: Vec<Job>) {
        let mut told: Vec<Told> = Vec::new();
        self.expire_all();
        for job in jobs {
            let Job {
                day,
                key,
                asked,
                wish,
                answer,
            } = job;
            let outcome = self.attend(&day, key, asked, wish).await;
            told.push((answer, day, outcome));
        }
        let failed = self.commit().await;
        for (answer, day, outcome) in told {
            let outcome = match failed.get(&day) {
                Some(error) => Err(error.clone()),
                None => outcome,
            };
            // Whoever does not wait any more can ask again with the same request id.
            drop(answer.send(outcome));
        }
    }

    /// Decides one wish on the drafts.
    async fn attend(
        &mut self,
        id: &DayId,
        key: Option<RequestKey>,
        asked: Duration,
        wish: Wish,
    ) -> Result<Answer, PromiseError> {
        if let Some(key) = &key
            && let Some(answer) = self.replayed(key)?
        {
            return Ok(answer);
        }
        let is_known = self.load(id).await?;
        if let Some(key) = &key
            && let Some(answer) = self.answered_before(id, key, asked).await?
        {
            return Ok(answer);
        }
        let answer = match (wish, is_known) {
            (Wish::Open(terms), false) => self.open(*terms).await?,
            (Wish::Open(terms), true) => self.reopen(&terms)?,
            (Wish::Read | Wish::Change(_), false) => {
                return Err(Refusal::UnknownDay(id.clone()).into());
            }
            (Wish::Read, true) => Answer::Nothing,
            (Wish::Change(command), true) => self.change(id, command)?,
        };
        if let (Some(key), Some(draft)) = (key, self.drafts.get_mut(id)) {
            let body = serde_json::to_vec(&answer);
            let body = body.map_err(|error| Fault::log("write an answer", &error))?;
            let reply = StoredReply {
                request_id: key.id,
                digest: key.body,
                body,
            };
            self.replied.push_back(reply.request_id.clone());
            self.replies.insert(reply.request_id.clone(), reply.clone());
            draft.replies.push(reply);
        }
        Ok(answer)
    }

    /// The answer that a request had before.
    fn replayed(&self, key: &RequestKey) -> Result<Option<Answer>, PromiseError> {
        match self.replies.get(&key.id) {
            None => Ok(None),
            Some(reply) => super::replay(key, reply).map(Some),
        }
    }

    /// The answer that a request had while its day was not ours yet, if it came before that: it may have been answered by
    /// another process, or by this one in a batch of which nobody knew whether it was stored, after the store was asked.
    async fn answered_before(
        &self,
        id: &DayId,
        key: &RequestKey,
        asked: Duration,
    ) -> Result<Option<Answer>, PromiseError> {
        if (self.drafts.get(id)).is_none_or(|draft| asked > draft.since) {
            return Ok(None);
        }
        let reply = self.shared.store.reply(&key.id).await;
        let reply = reply.map_err(|error| PromiseError::of_read(&error))?;
        reply.map(|reply| super::replay(key, &reply)).transpose()
    }

    /// Makes the day `id` ready; `false` if there is none.
    async fn load(&mut self, id: &DayId) -> Result<bool, PromiseError> {
        if self.drafts.contains_key(id) {
            return Ok(true);
        }
        let store = &self.shared.store;
        let entries = store.entries(id, 0, usize::MAX).await;
        let mut entries: Vec<Entry> = entries.map_err(|error| PromiseError::of_read(&error))?;
        if entries.is_empty() {
            return Ok(false);
        }
        let lease = self.lease(id).await?;
        // Another process may have written until the lease changed hands.
        let next = entries.len() as u64;
        let later = store.entries(id, next, usize::MAX).await;
        entries.extend(later.map_err(|error| PromiseError::of_read(&error))?);
        let fault = |error: &dyn std::fmt::Display| Fault::log("read a day from the store", error);
        let day = Day::replay(&entries).map_err(|error| fault(&error))?;
        let site = Arc::new(Site::new(Arc::clone(day.terms())));
        let book = Book::of_day(&site, &day).map_err(|error| fault(&error))?;
        self.shared.publish(id, &[], &day, &book);
        self.keep(lease, day, book);
        Ok(true)
    }

    async fn lease(&self, id: &DayId) -> Result<Lease, PromiseError> {
        let Shared { store, owner, .. } = &*self.shared;
        let lease = store.acquire(Books::Ledger, id, owner, self.shared.lease_lasts);
        let lease = lease.await;
        let lease = lease.map_err(|error| PromiseError::of_read(&error))?;
        lease.map_err(|owner| PromiseError::kept_by(&owner.address))
    }

    fn keep(&mut self, lease: Lease, day: Day, book: Book) {
        let draft = Draft {
            lease,
            since: self.shared.uptime.elapsed(),
            day,
            book,
            entries: Vec::new(),
            replies: Vec::new(),
        };
        self.drafts.insert(draft.day.terms().id.clone(), draft);
    }

    /// Opens a day that does not exist.
    async fn open(&mut self, terms: DayTerms) -> Result<Answer, PromiseError> {
        let lease = self.lease(&terms.id).await?;
        let entry = Entry {
            number: 0,
            at: self.shared.clock.now(),
            event: Event::Opened(Box::new(terms)),
        };
        let day = Day::open(&entry).map_err(|error| Fault::log("open a day", &error))?;
        let book = Book::new(Arc::new(Site::new(Arc::clone(day.terms()))));
        let id = day.terms().id.clone();
        let view = DayView::of(&day, &book);
        self.keep(lease, day, book);
        if let Some(draft) = self.drafts.get_mut(&id) {
            draft.entries.push(entry);
        }
        Ok(Answer::Day(Box::new(view)))
    }

    /// A day that is there already can be opened again on the same terms: that changes nothing.
    fn reopen(&self, terms: &DayTerms) -> Result<Answer, PromiseError> {
        let Some(draft) = self.drafts.get(&terms.id) else {
            return Err(Refusal::UnknownDay(terms.id.clone()).into());
        };
        if **draft.day.terms() == *terms {
            let view = DayView::of(&draft.day, &draft.book);
            Ok(Answer::Day(Box::new(view)))
        } else {
            Err(Refusal::DayExists(terms.id.clone()).into())
        }
    }

    fn change(&mut self, id: &DayId, command: Command) -> Result<Answer, PromiseError> {
        let now = self.shared.clock.now();
        let quote_lasts = self.shared.quote_lasts;
        let Some(draft) = self.drafts.get_mut(id) else {
            return Err(Refusal::UnknownDay(id.clone()).into());
        };
        let is_closing = matches!(command, Command::Close);
        let desk = draft.desk(now, quote_lasts);
        let decision = desk.decide(command, fresh_promise()?)?;
        let about = decision.about.clone();
        if let Err(fault) = draft.take(decision, now) {
            self.spoil(id, &fault);
            return Err(fault);
        }
        Ok(match about {
            Some(promise) => {
                let view = PromiseView::of(&draft.day, &draft.book, &promise)?;
                Answer::Promise(Box::new(view))
            }
            None if is_closing => {
                let view = DayView::of(&draft.day, &draft.book);
                Answer::Day(Box::new(view))
            }
            None => Answer::Nothing,
        })
    }

    /// Ends the holds of all days that have run out.
    fn expire_all(&mut self) {
        let now = self.shared.clock.now();
        let quote_lasts = self.shared.quote_lasts;
        let mut faults = Vec::new();
        for (id, draft) in &mut self.drafts {
            while let Some(decision) = draft.desk(now, quote_lasts).expire() {
                if let Err(fault) = draft.take(decision, now) {
                    faults.push((id.clone(), fault));
                    break;
                }
            }
        }
        for (id, fault) in faults {
            self.spoil(&id, &fault);
        }
    }

    /// Forgets what a fault has left of a day: it is read anew from the store, and whoever changed it in this batch is
    /// told that nothing came of it.
    fn spoil(&mut self, id: &DayId, fault: &PromiseError) {
        if let Some(draft) = self.drafts.remove(id) {
            for reply in &draft.replies {
                self.replies.remove(&reply.request_id);
            }
        }
        self.spoilt.insert(id.clone(), fault.clone());
    }

    /// Makes everything durable that has been decided, and publishes it; tells what became of the days for which that
    /// failed.
    async fn commit(&mut self) -> BTreeMap<DayId, PromiseError> {
        let mut failed = std::mem::take(&mut self.spoilt);
        let mut appends = Vec::new();
        for (id, draft) in &mut self.drafts {
            if draft.entries.is_empty() && draft.replies.is_empty() {
                continue;
            }
            appends.push(Append {
                day: id.clone(),
                epoch: draft.lease.epoch,
                entries: std::mem::take(&mut draft.entries),
                replies: std::mem::take(&mut draft.replies),
            });
        }
        appends.sort_by(|a, b| a.day.cmp(&b.day));
        if appends.is_empty() {
            return failed;
        }
        match self.shared.store.append(&appends).await {
            Ok(()) => {
                for append in &appends {
                    if let Some(draft) = self.drafts.get(&append.day) {
                        let Draft { day, book, .. } = draft;
                        self.shared.publish(&append.day, &append.entries, day, book);
                    }
                }
                self.forget_old_replies();
            }
            Err(error) => failed.extend(self.lost(&appends, &error)),
        }
        failed
    }

    /// Forgets the days and answers of a batch that may or may not be in the store.
    fn lost(
        &mut self,
        appends: &[Append<Entry>],
        error: &StoreError,
    ) -> BTreeMap<DayId, PromiseError> {
        tracing::error!("changes were not stored: {error}");
        let mut failed = BTreeMap::new();
        for append in appends {
            self.drafts.remove(&append.day);
            self.shared.withdraw(&append.day);
            for reply in &append.replies {
                self.replies.remove(&reply.request_id);
            }
            let told = if *error == StoreError::Fenced(append.day.clone()) {
                PromiseError::kept_by("another server")
            } else {
                PromiseError::of_write(error)
            };
            failed.insert(append.day.clone(), told);
        }
        self.replied.retain(|id| self.replies.contains_key(id));
        failed
    }

    fn forget_old_replies(&mut self) {
        while self.replied.len() > REPLIES_MAX {
            if let Some(oldest) = self.replied.pop_front() {
                self.replies.remove(&oldest);
            }
        }
    }

    /// Keeps the leases of all days alive; days whose lease is lost are let go.
    async fn renew(&mut self) {
        let Shared {
            store,
            owner,
            uptime,
            lease_lasts,
            ..
        } = &*self.shared;
        let now = uptime.elapsed();
        if now < self.renewed + *lease_lasts / 4 || self.drafts.is_empty() {
            return;
        }
        let leases: Vec<Lease> = (self.drafts.values())
            .map(|draft| draft.lease.clone())
            .collect();
        match store.renew(owner, &leases, *lease_lasts).await {
            Ok(kept) => {
                self.renewed = now;
                for lease in leases {
                    if !kept.contains(&lease) {
                        tracing::warn!(day = %lease.day, "another server keeps the day now");
                        self.drafts.remove(&lease.day);
                        self.shared.withdraw(&lease.day);
                    }
                }
            }
            Err(error) => {
                tracing::warn!("leases were not renewed: {error}");
                // Whoever cannot reach the store cannot know whether a day still is its own.
                if now > self.renewed + *lease_lasts {
                    for lease in leases {
                        self.shared.withdraw(&lease.day);
                    }
                    self.drafts.clear();
                    self.renewed = now;
                }
            }
        }
    }
}

impl Draft {
    fn desk(&self, now: Timestamp, quote_lasts: crate::units::Seconds) -> Desk<'_> {
        Desk {
            day: &self.day,
            book: &self.book,
            now,
            quote_lasts,
        }
    }

    /// Takes a decision down.
    fn take(&mut self, decision: Decision, now: Timestamp) -> Result<(), PromiseError> {
        for event in decision.events {
            let entry = Entry {
                number: self.day.length(),
                at: now.max(self.day.last_at()),
                event,
            };
            let fault = |error| Fault::log("write an entry that does not fit", &error);
            self.day.apply(&entry).map_err(fault)?;
            self.entries.push(entry);
        }
        self.book = decision.book;
        Ok(())
    }
}

/// A name that no other promise has.
fn fresh_promise() -> Result<PromiseId, Fault> {
    let name = format!("p-{:032x}", rng::unguessable());
    PromiseId::parse(&name).map_err(|error| Fault::log("name a promise", &error))
}

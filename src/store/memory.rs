//! The store in memory: what the others are compared with, and a way to make a store fail.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::record::{self, Stored};
use super::{Append, Book, Lease, Owner, StoreError, StoredReply};
use crate::clock::Clock;
use crate::model::DayId;

/// How the next append is to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is written, and that is known.
    Refuse,
    /// Nothing is written, but nobody knows.
    LoseBefore,
    /// Everything is written, but nobody knows.
    LoseAfter,
}

/// A store that forgets everything at the end. Clones are the same store.
#[derive(Clone)]
pub struct Memory {
    inner: Arc<Mutex<Inner>>,
    clock: Clock,
}

struct Holder {
    epoch: u64,
    owner: Owner,
    until: Duration,
}

#[derive(Default)]
struct Inner {
    days: BTreeMap<(Book, DayId), Holder>,
    /// Entries as they are written, by number.
    books: BTreeMap<(Book, DayId), Vec<String>>,
    replies: BTreeMap<String, StoredReply>,
    secrets: BTreeMap<String, [u8; 32]>,
    faults: Vec<Fault>,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            inner: Arc::default(),
            clock: Clock::start(),
        }
    }
}

impl Memory {
    /// Makes the next appends fail, the first one by the last fault.
    pub fn fail(&self, faults: &[Fault]) {
        self.inner().faults.extend_from_slice(faults);
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[expect(clippy::unused_async, reason = "as the other engines have it")]
    pub(super) async fn days(&self, book: Book) -> Result<Vec<DayId>, StoreError> {
        let inner = self.inner();
        let days = inner.books.keys().filter(|(of, _)| *of == book);
        Ok(days.map(|(_, day)| day.clone()).collect())
    }

    #[expect(clippy::unused_async, reason = "as the other engines have it")]
    pub(super) async fn entries<E: Stored>(
        &self,
        day: &DayId,
        from: u64,
        limit: usize,
    ) -> Result<Vec<E>, StoreError> {
        let inner = self.inner();
        let entries = inner.books.get(&(E::BOOK, day.clone()));
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let wanted = entries.into_iter().flatten().skip(from).take(limit);
        let read = wanted.map(|body| serde_json::from_str(body));
        let read: Result<Vec<E>, serde_json::Error> = read.collect();
        read.map_err(|error| StoreError::Corrupt(error.to_string()))
    }

    #[expect(clippy::unused_async, reason = "as the other engines have it")]
    pub(super) async fn secret(&self, name: &str, drawn: [u8; 32]) -> Result<[u8; 32], StoreError> {
        let mut inner = self.inner();
        Ok(*inner.secrets.entry(name.to_owned()).or_insert(drawn))
    }

    #[expect(clippy::unused_async, reason = "as the other engines have it")]
    pub(super) async fn reply(&self, request_id: &str) -> Result<Option<StoredReply>, StoreError> {
        Ok(self.inner().replies.get(request_id).cloned())
    }

    #[expect(clippy::unused_async, reason = "as the other engines have it")]
    pub(super) async fn append<E: Stored>(&self, appends: &[Append<E>]) -> Result<(), StoreError> {
        let mut inner = self.inner();
        let fault = inner.faults.pop();
        match fault {
            Some(Fault::Refuse) => {
                return Err(StoreError::NotWritten("as was asked for".to_owned()));
            }
            Some(Fault::LoseBefore) => {
                return Err(StoreError::Unavailable("as was asked for".to_owned()));
            }
            Some(Fault::LoseAfter) | None => {}
        }
        inner.check(appends)?;
        for append in appends {
            let bodies: Result<Vec<String>, _> = append.entries.iter().map(record::write).collect();
            let entries = (inner.books.entry((E::BOOK, append.day.clone()))).or_default();
            entries.extend(bodies?);
            for reply in &append.replies {
                let id = reply.request_id.clone();
                inner.replies.insert(id, reply.clone());
            }
        }
        inner.books.retain(|_, entries| !entries.is_empty());
        match fault {
            Some(Fault::LoseAfter) => Err(StoreError::Unavailable("as was asked for".to_owned())),
            _ => Ok(()),
        }
    }

    #[expect(clippy::unused_async, reason = "as the other engines have it")]
    pub(super) async fn acquire(
        &self,
        book: Book,
        day: &DayId,
        owner: &Owner,
        lasts: Duration,
    ) -> Result<Result<Lease, Owner>, StoreError> {
        let now = self.clock.elapsed();
        let mut inner = self.inner();
        let holder = inner.days.get(&(book, day.clone()));
        let epoch = match holder {
            None => 1,
            Some(holder) if holder.owner.name == owner.name && holder.until > now => holder.epoch,
            Some(holder) if holder.owner.name == owner.name || holder.until <= now => {
                holder.epoch + 1
            }
            Some(holder) => return Ok(Err(holder.owner.clone())),
        };
        let holder = Holder {
            epoch,
            owner: owner.clone(),
            until: now + lasts,
        };
        inner.days.insert((book, day.clone()), holder);
        Ok(Ok(Lease {
            book,
            day: day.clone(),
            epoch,
        }))
    }

    #[expect(clippy::unused_async, reason = "as the other engines have it")]
    pub(super) async fn renew(
        &self,
        owner: &Owner,
        leases: &[Lease],
        lasts: Duration,
    ) -> Result<Vec<Lease>, StoreError> {
        let now = self.clock.elapsed();
        let mut inner = self.inner();
        let mut kept = Vec::new();
        for lease in leases {
            if let Some(holder) = inner.days.get_mut(&(lease.book, lease.day.clone()))
                && holder.epoch == lease.epoch
                && holder.owner.name == owner.name
            {
                holder.until = now + lasts;
                kept.push(lease.clone());
            }
        }
        Ok(kept)
    }

    #[expect(clippy::unused_async, reason = "as the other engines have it")]
    pub(super) async fn release(&self, leases: &[Lease]) -> Result<(), StoreError> {
        let mut inner = self.inner();
        for lease in leases {
            if let Some(holder) = inner.days.get_mut(&(lease.book, lease.day.clone()))
                && holder.epoch == lease.epoch
            {
                holder.until = Duration::ZERO;
            }
        }
        Ok(())
    }

    #[expect(clippy::unused_async, reason = "as the other engines have it")]
    pub(super) async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Inner {
    /// Whether appends fit, one after the other.
    fn check<E: Stored>(&self, appends: &[Append<E>]) -> Result<(), StoreError> {
        let mut lengths: BTreeMap<&DayId, u64> = BTreeMap::new();
        let mut answered: BTreeSet<&str> = BTreeSet::new();
        for append in appends {
            let key = (E::BOOK, append.day.clone());
            let holder = self.days.get(&key);
            if holder.is_none_or(|holder| holder.epoch != append.epoch) {
                return Err(StoreError::Fenced(append.day.clone()));
            }
            let stored = || self.books.get(&key).map_or(0, Vec::len) as u64;
            let next = lengths.entry(&append.day).or_insert_with(stored);
            for entry in &append.entries {
                if entry.number() != *next {
                    let what = format!("the next entry of day {} is number {next}", append.day);
                    return Err(StoreError::Conflict(what));
                }
                *next += 1;
            }
            for reply in &append.replies {
                let id = reply.request_id.as_str();
                if self.replies.contains_key(id) || !answered.insert(id) {
                    return Err(StoreError::Conflict(format!(
                        "request {id:?} has an answer"
                    )));
                }
            }
        }
        Ok(())
    }
}

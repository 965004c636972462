//! Where ledgers of promises and records of days under way are kept: what is appended is on disk before anybody hears of
//! it.
//!
//! # The contract
//! * [`Store::append`] writes everything it is given or nothing, and returns `Ok` only when it is durable.
//! * Entries of a day have consecutive numbers and are never changed; a request id has one answer.
//! * A day is written by the owner of its newest lease alone: an append under an older epoch changes nothing.
//! * After [`StoreError::Unavailable`] nobody knows what became of an append. After every other error nothing of it is
//!   there.
//!
//! Three engines keep it, and pass the same tests: SQLite, embedded in this process; PostgreSQL; and memory, for tests and
//! for trying things out, which forgets everything at the end.

mod engine;
mod error;
mod memory;
mod postgres;
mod record;
mod sqlite;
mod url;

use std::borrow::Cow;
use std::time::Duration;

use crate::model::DayId;
pub use error::StoreError;
pub use memory::{Fault, Memory};
use postgres::Postgres;
use record::Stored;
use sqlite::Sqlite;
pub use url::{MalformedUrl, StoreUrl};

/// What is kept of a day. A day may have both, and different owners then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Book {
    /// The ledger of its promises: [`promise::Entry`](crate::promise::Entry).
    Ledger,
    /// The record of it under way: [`day::Entry`](crate::day::Entry).
    Record,
}

/// How the keys of records begin. No id of a day has this character.
const RECORD: &str = "live/";

impl Book {
    /// What the store calls this book of `day`.
    fn key(self, day: &DayId) -> Cow<'_, str> {
        match self {
            Self::Ledger => day.as_str().into(),
            Self::Record => format!("{RECORD}{day}").into(),
        }
    }

    /// The day whose book of this kind is called `key`, if one can be.
    fn day(self, key: &str) -> Option<DayId> {
        let id = match self {
            Self::Ledger => key,
            Self::Record => key.strip_prefix(RECORD)?,
        };
        DayId::parse(id).ok()
    }
}

/// An entry of a book.
pub trait Line: Stored {}

impl<E: Stored> Line for E {}

/// The first answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredReply {
    /// The caller's id of the request.
    pub request_id: String,
    /// SHA-256 of everything else in the request.
    pub digest: [u8; 32],
    /// The answer.
    pub body: Vec<u8>,
}

/// What is to be written about one day.
#[derive(Clone, Debug, PartialEq)]
pub struct Append<E> {
    /// The day, which must be leased.
    pub day: DayId,
    /// The lease's epoch.
    pub epoch: u64,
    /// Entries, numbered on from those that are there.
    pub entries: Vec<E>,
    /// Answers.
    pub replies: Vec<StoredReply>,
}

/// The right to write about a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Which of its books.
    pub book: Book,
    /// The day.
    pub day: DayId,
    /// Grows each time the day changes hands.
    pub epoch: u64,
}

/// Who may keep days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Different for every process.
    pub name: String,
    /// Where it answers calls.
    pub address: String,
}

/// A place for ledgers. Cheap to clone.
#[derive(Clone)]
pub struct Store(Engine);

#[derive(Clone)]
enum Engine {
    Memory(Memory),
    Sqlite(Sqlite),
    Postgres(Postgres),
}

/// Hands a call to whichever engine there is.
macro_rules! engine {
    ($store:expr, $engine:ident => $call:expr) => {
        match &$store.0 {
            Engine::Memory($engine) => $call.await,
            Engine::Sqlite($engine) => $call.await,
            Engine::Postgres($engine) => postgres::in_time($call).await,
        }
    };
}

impl From<Memory> for Store {
    fn from(memory: Memory) -> Self {
        Self(Engine::Memory(memory))
    }
}

impl Store {
    /// Opens the store at `url`, creating what is not there and bringing what is there up to date.
    ///
    /// # Errors
    /// If it cannot be reached or written, is in use by another process (SQLite), or was written by a newer version.
    pub async fn open(url: &StoreUrl) -> Result<Self, StoreError> {
        Ok(Self(match url {
            StoreUrl::Memory => Engine::Memory(Memory::default()),
            StoreUrl::Sqlite(directory) => Engine::Sqlite(Sqlite::open(directory).await?),
            StoreUrl::Postgres(url) => Engine::Postgres(Postgres::open(url).await?),
        }))
    }

    /// All days that ever had such a book, by id.
    ///
    /// # Errors
    /// If the store is away.
    pub async fn days(&self, book: Book) -> Result<Vec<DayId>, StoreError> {
        engine!(self, engine => engine.days(book))
    }

    /// Up to `limit` entries of a day from number `from` on; none if there is no such day.
    ///
    /// Shape: time in proportion to what is read, wherever it begins.
    ///
    /// # Errors
    /// If the store is away, or an entry is not as it was written.
    pub async fn entries<E: Line>(
        &self,
        day: &DayId,
        from: u64,
        limit: usize,
    ) -> Result<Vec<E>, StoreError> {
        engine!(self, engine => engine.entries(day, from, limit))
    }

    /// The answer that a request had.
    ///
    /// # Errors
    /// If the store is away.
    pub async fn reply(&self, request_id: &str) -> Result<Option<StoredReply>, StoreError> {
        engine!(self, engine => engine.reply(request_id))
    }

    /// Writes everything or nothing; it is durable on return.
    ///
    /// # Errors
    /// If a lease has changed hands, a number or a request id is taken, or the store is away. Only
    /// [`StoreError::Unavailable`] leaves open whether it was written.
    pub async fn append<E: Line>(&self, appends: &[Append<E>]) -> Result<(), StoreError> {
        engine!(self, engine => engine.append(appends))
    }

    /// Takes the lease of a day's book that nobody, or `owner` itself, has; otherwise gives who has it.
    ///
    /// # Errors
    /// If the store is away.
    pub async fn acquire(
        &self,
        book: Book,
        day: &DayId,
        owner: &Owner,
        lasts: Duration,
    ) -> Result<Result<Lease, Owner>, StoreError> {
        engine!(self, engine => engine.acquire(book, day, owner, lasts))
    }

    /// Prolongs leases; gives those that are still held.
    ///
    /// # Errors
    /// If the store is away.
    pub async fn renew(
        &self,
        owner: &Owner,
        leases: &[Lease],
        lasts: Duration,
    ) -> Result<Vec<Lease>, StoreError> {
        engine!(self, engine => engine.renew(owner, leases, lasts))
    }

    /// Gives leases back, as far as they are held.
    ///
    /// # Errors
    /// If the store is away.
    pub async fn release(&self, leases: &[Lease]) -> Result<(), StoreError> {
        engine!(self, engine => engine.release(leases))
    }

    /// The secret called `name`: `drawn` if there was none until now.
    ///
    /// # Errors
    /// If the store is away, or the secret is not as it was written.
    pub async fn secret(&self, name: &str, drawn: [u8; 32]) -> Result<[u8; 32], StoreError> {
        engine!(self, engine => engine.secret(name, drawn))
    }

    /// Whether the store can be read and written now.
    ///
    /// # Errors
    /// If not.
    pub async fn check(&self) -> Result<(), StoreError> {
        engine!(self, engine => engine.check())
    }
}

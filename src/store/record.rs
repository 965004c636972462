//! Entries as rows: those of ledgers, and those of the records of days under way.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::{Book, StoreError};
use crate::units::Timestamp;
use crate::{day, promise};

/// What a column beside the body says, for queries.
#[derive(Clone, Copy)]
pub enum Column<'a> {
    /// A text, or nothing.
    Text(Option<&'a str>),
    /// A number, or nothing.
    Number(Option<i64>),
}

/// How entries of a kind are kept.
pub trait Stored: Clone + Serialize + DeserializeOwned + Send + Sync {
    /// Which book they belong to.
    const BOOK: Book;
    /// Reads number, body and checksum of those of a day ($1) from a number ($2) on, at most so many ($3).
    const SELECT: &'static str;
    /// Reads the number that comes next on a day ($1).
    const NEXT: &'static str;
    /// How to begin to write some: day, number, epoch, moment, kind, the columns for queries, body, checksum.
    const INSERT: &'static str;

    /// Its number within the day.
    fn number(&self) -> u64;
    /// When it was written.
    fn written_at(&self) -> Timestamp;
    /// Its kind in one word.
    fn kind(&self) -> &'static str;
    /// The columns for queries.
    fn columns(&self) -> Vec<Column<'_>>;
}

impl Stored for promise::Entry {
    const BOOK: Book = Book::Ledger;
    const SELECT: &'static str = "SELECT number, body, checksum FROM ledger WHERE day_id = $1 AND number >= $2 \
        ORDER BY number LIMIT $3";
    const NEXT: &'static str = "SELECT COALESCE(MAX(number) + 1, 0) FROM ledger WHERE day_id = $1";
    const INSERT: &'static str = "INSERT INTO ledger (day_id, number, epoch, written_at, kind, promise_id, order_id, \
        window_id, window_start, window_end, probability_bp, plan_version, noise_version, body, checksum) ";

    fn number(&self) -> u64 {
        self.number
    }

    fn written_at(&self) -> Timestamp {
        self.at
    }

    fn kind(&self) -> &'static str {
        self.event.kind()
    }

    fn columns(&self) -> Vec<Column<'_>> {
        use promise::Event;
        let (order, window) = match &self.event {
            Event::Held {
                booking, window, ..
            }
            | Event::Amended {
                booking, window, ..
            } => (Some(booking.order.id.as_str()), Some(window.as_str())),
            Event::Opened(_)
            | Event::Confirmed { .. }
            | Event::Ended { .. }
            | Event::Replanned { .. }
            | Event::Closed => (None, None),
        };
        let said = self.event.statement();
        vec![
            Column::Text(self.event.promise().map(|promise| promise.as_str())),
            Column::Text(order),
            Column::Text(window),
            Column::Number(said.map(|said| said.window.start.0)),
            Column::Number(said.map(|said| said.window.end.0)),
            Column::Number(said.map(|said| i64::from(said.probability.0))),
            Column::Number(said.map(|said| signed(said.plan_version))),
            Column::Text(said.map(|said| said.noise_version.as_str())),
        ]
    }
}

impl Stored for day::Entry {
    const BOOK: Book = Book::Record;
    const SELECT: &'static str = "SELECT number, body, checksum FROM record WHERE day_id = $1 AND number >= $2 \
        ORDER BY number LIMIT $3";
    const NEXT: &'static str = "SELECT COALESCE(MAX(number) + 1, 0) FROM record WHERE day_id = $1";
    const INSERT: &'static str = "INSERT INTO record (day_id, number, epoch, written_at, kind, event_id, courier_id, \
        order_id, happened_at, body, checksum) ";

    fn number(&self) -> u64 {
        self.number
    }

    fn written_at(&self) -> Timestamp {
        self.at
    }

    fn kind(&self) -> &'static str {
        self.what.kind()
    }

    fn columns(&self) -> Vec<Column<'_>> {
        let report = self.what.report();
        let courier = report.and_then(|report| report.event.courier());
        vec![
            Column::Text(report.map(|report| report.id.as_str())),
            Column::Text(courier.map(|courier| courier.as_str())),
            Column::Text(self.what.order().map(|order| order.as_str())),
            Column::Number(report.map(|report| report.at.0)),
        ]
    }
}

/// An entry as a row.
pub(super) struct Row<'a, E> {
    pub(super) entry: &'a E,
    pub(super) columns: Vec<Column<'a>>,
    pub(super) body: String,
    pub(super) checksum: [u8; 32],
}

impl<'a, E: Stored> Row<'a, E> {
    /// # Errors
    /// If the entry cannot be written down.
    pub(super) fn of(key: &str, entry: &'a E) -> Result<Self, StoreError> {
        let body = write(entry)?;
        Ok(Self {
            entry,
            columns: entry.columns(),
            checksum: checksum(key, entry.number(), &body),
            body,
        })
    }
}

/// Writes an entry down.
///
/// # Errors
/// If it cannot be.
pub(super) fn write(entry: &impl Serialize) -> Result<String, StoreError> {
    let body = serde_json::to_string(entry);
    body.map_err(|error| StoreError::NotWritten(error.to_string()))
}

/// Reads a row back.
///
/// # Errors
/// If it is not as it was written.
pub(super) fn read<E: Stored>(
    key: &str,
    number: i64,
    body: &str,
    checksum: &[u8],
) -> Result<E, StoreError> {
    let corrupt = |what: String| {
        StoreError::Corrupt(format!("entry {number} of day {key} is damaged: {what}"))
    };
    let expected = u64::try_from(number).map(|number| self::checksum(key, number, body));
    if expected.is_ok_and(|expected| expected == checksum) {
        serde_json::from_str(body).map_err(|error| corrupt(error.to_string()))
    } else {
        Err(corrupt("its checksum does not fit".to_owned()))
    }
}

fn checksum(key: &str, number: u64, body: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(key);
    hash.update([0]);
    hash.update(number.to_le_bytes());
    hash.update(body);
    hash.finalize().into()
}

/// A number as databases have it.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number as this program has it.
pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

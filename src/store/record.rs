//! Entries as rows.

use sha2::{Digest, Sha256};

use super::StoreError;
use crate::model::DayId;
use crate::promise::{Entry, Event};

/// An entry as a row of the ledger.
pub(super) struct Row<'a> {
    pub(super) entry: &'a Entry,
    pub(super) order: Option<&'a str>,
    pub(super) window: Option<&'a str>,
    pub(super) body: String,
    pub(super) checksum: [u8; 32],
}

impl<'a> Row<'a> {
    /// # Errors
    /// If the entry cannot be written down.
    pub(super) fn of(day: &DayId, entry: &'a Entry) -> Result<Self, StoreError> {
        let body = serde_json::to_string(entry);
        let body = body.map_err(|error| StoreError::NotWritten(error.to_string()))?;
        let (order, window) = match &entry.event {
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
        Ok(Self {
            entry,
            order,
            window,
            checksum: checksum(day, entry.number, &body),
            body,
        })
    }
}

/// Reads a row back.
///
/// # Errors
/// If it is not as it was written.
pub(super) fn read(
    day: &DayId,
    number: i64,
    body: &str,
    checksum: &[u8],
) -> Result<Entry, StoreError> {
    let corrupt = |what: String| {
        StoreError::Corrupt(format!("entry {number} of day {day} is damaged: {what}"))
    };
    let expected = u64::try_from(number).map(|number| self::checksum(day, number, body));
    if expected.is_ok_and(|expected| expected == checksum) {
        serde_json::from_str(body).map_err(|error| corrupt(error.to_string()))
    } else {
        Err(corrupt("its checksum does not fit".to_owned()))
    }
}

fn checksum(day: &DayId, number: u64, body: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(day.as_str());
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

//! What every store keeps to, against the real thing: memory, SQLite on a disk, and a PostgreSQL server of the test's own.

mod cases;
mod golden;
mod memory;
mod postgres;
mod server;
mod sql_cases;
mod sqlite;

use std::time::Duration;

use punctual::day::{Entry as LiveEntry, Recorded};
use punctual::model::{DayId, PromiseId};
use punctual::promise::{Entry, Event, Statement};
use punctual::store::{Append, Book, Lease, Owner, Store, StoredReply};
use punctual::units::Timestamp;

/// Longer than any test.
const LONG: Duration = Duration::from_secs(600);

fn day(name: &str) -> DayId {
    DayId::parse(name).unwrap()
}

fn owner(name: &str) -> Owner {
    Owner {
        name: name.to_owned(),
        address: format!("{name}:50061"),
    }
}

/// Entries of every kind.
fn golden() -> Vec<Entry> {
    let lines = include_str!("../../data/ledger/entries.jsonl").lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// What is said of promises in these tests.
fn statement() -> Statement {
    let entries = golden();
    let said = entries.iter().find_map(|entry| entry.event.statement());
    said.unwrap().clone()
}

/// The entry number `number` of a ledger: it confirms a promise of the same number.
fn confirmed(number: u64, statement: &Statement) -> Entry {
    Entry {
        number,
        at: Timestamp(1_790_000_000),
        event: Event::Confirmed {
            promise: PromiseId::parse(&format!("p{number}")).unwrap(),
            statement: statement.clone(),
        },
    }
}

fn entries(numbers: std::ops::Range<u64>) -> Vec<Entry> {
    let statement = statement();
    numbers
        .map(|number| confirmed(number, &statement))
        .collect()
}

/// Entries of a record in which nothing but time passes.
fn passed(numbers: std::ops::Range<u64>) -> Vec<LiveEntry> {
    let entry = |number| LiveEntry {
        number,
        at: Timestamp(1_790_000_000),
        what: Recorded::Passed,
    };
    numbers.map(entry).collect()
}

fn reply(request_id: &str) -> StoredReply {
    StoredReply {
        request_id: request_id.to_owned(),
        digest: [7; 32],
        body: vec![0, 255, 1, b'x'],
    }
}

fn append(lease: &Lease, entries: Vec<Entry>) -> Append<Entry> {
    Append {
        day: lease.day.clone(),
        epoch: lease.epoch,
        entries,
        replies: Vec::new(),
    }
}

async fn lease(store: &Store, name: &str, by: &str) -> Lease {
    let lease = store
        .acquire(Book::Ledger, &day(name), &owner(by), LONG)
        .await
        .unwrap();
    lease.unwrap()
}

async fn length(store: &Store, name: &str) -> u64 {
    store
        .entries::<Entry>(&day(name), 0, usize::MAX)
        .await
        .unwrap()
        .len() as u64
}

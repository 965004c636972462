//! The stored forms of ledgers and of records stay readable.

use std::collections::BTreeSet;

use punctual::day::{Entry as DayEntry, LiveDay};
use punctual::promise::Entry;

#[test]
fn entries_of_every_kind_are_read_and_written_as_they_were() {
    let mut kinds = BTreeSet::new();
    for line in include_str!("../../data/ledger/entries.jsonl").lines() {
        let entry: Entry = serde_json::from_str(line).unwrap();
        assert_eq!(serde_json::to_string(&entry).unwrap(), line);
        kinds.insert(entry.event.kind());
    }
    let every = [
        "amended",
        "cancelled",
        "closed",
        "confirmed",
        "expired",
        "held",
        "opened",
        "released",
        "replanned",
    ];
    assert!(kinds.iter().eq(&every), "{kinds:?}");
}

#[test]
fn entries_of_days_under_way_are_read_and_written_as_they_were_and_still_mean_the_same() {
    let mut kinds = BTreeSet::new();
    let mut entries: Vec<DayEntry> = Vec::new();
    for line in include_str!("../../data/live/entries.jsonl").lines() {
        let entry: DayEntry = serde_json::from_str(line).unwrap();
        assert_eq!(serde_json::to_string(&entry).unwrap(), line);
        kinds.insert(entry.what.kind());
        entries.push(entry);
    }
    let every = [
        "alert_cleared",
        "alert_ended",
        "alert_moved",
        "alert_raised",
        "arrived",
        "broken_down",
        "delivered",
        "delivered_in_part",
        "departed",
        "failed",
        "passed",
        "position",
        "rating",
        "replanned",
        "service_started",
        "skipped",
        "started",
        "traffic",
        "unavailable",
    ];
    assert!(kinds.iter().eq(&every), "{kinds:?}");
    let (_, day) = LiveDay::replay(entries).unwrap();
    let tally = day.tally();
    let figures = [
        tally.open,
        tally.kept,
        tally.late,
        tally.absent,
        tally.not_delivered,
        tally.overdue,
    ];
    assert_eq!(figures, [4, 2, 0, 1, 0, 0]);
    assert_eq!(day.version(), 1);
    assert!(day.alerts().open().is_empty());
}

#[test]
fn terms_written_before_alerts_had_more_rules_are_read() {
    let line = include_str!("../../data/live/entries.jsonl").lines().next();
    let mut value: serde_json::Value = serde_json::from_str(line.unwrap()).unwrap();
    let rules = value.pointer_mut("/what/Started/terms/alerts").unwrap();
    let rules = rules.as_object_mut().unwrap();
    assert!(rules.remove("grave").is_some());
    let entry: DayEntry = serde_json::from_value(value).unwrap();
    assert_eq!(entry.what.kind(), "started");
}

//! The stored form of the ledger stays readable.

use std::collections::BTreeSet;

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

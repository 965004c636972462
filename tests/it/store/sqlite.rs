//! The embedded store on a real disk.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use punctual::store::{Store, StoreError, StoreUrl};
use tempfile::TempDir;

use super::*;

fn place() -> (TempDir, StoreUrl) {
    let directory = tempfile::tempdir().unwrap();
    let url = StoreUrl::Sqlite(directory.path().join("data/ledger"));
    (directory, url)
}

macro_rules! on_disk {
    ($($case:ident),* $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            let (_directory, url) = place();
            let store = Store::open(&url).await.unwrap();
            super::cases::$case(&store, &store.clone()).await;
        }
    )*};
}

on_disk!(
    what_is_appended_is_read_back,
    a_secret_is_the_one_that_was_kept_first,
    records_and_ledgers_of_the_same_day_are_kept_apart,
    pages_have_what_is_asked_for,
    gaps_and_numbers_twice_are_refused_with_all_that_came_along,
    appends_of_one_batch_follow_one_another,
    a_former_owner_writes_nothing,
    of_many_owners_exactly_one_gets_a_lease,
    a_lease_is_kept_by_renewal_and_moves_when_it_runs_out,
    a_request_has_one_answer,
    of_contending_appends_each_number_is_written_once,
    a_long_ledger_is_written_and_read_in_seconds,
);

macro_rules! on_disk_from_outside {
    ($($case:ident($($argument:expr)?)),* $(,)?) => {$(
        #[tokio::test]
        async fn $case() {
            let (_directory, url) = place();
            super::sql_cases::$case(&url $(, $argument)?).await;
        }
    )*};
}

on_disk_from_outside!(
    the_ledger_cannot_be_changed_by_anybody(),
    columns_say_what_entries_say(),
    a_changed_byte_is_noticed("DROP TRIGGER ledger_keeps"),
    a_store_is_opened_again_as_it_was(),
    a_newer_store_is_refused(),
);

fn directory_of(url: &StoreUrl) -> &Path {
    match url {
        StoreUrl::Sqlite(directory) => directory,
        StoreUrl::Memory | StoreUrl::Postgres(_) => panic!("not on this disk"),
    }
}

#[tokio::test]
async fn others_cannot_read_it() {
    let (_directory, url) = place();
    let store = Store::open(&url).await.unwrap();
    let lease = lease(&store, "private", "one").await;
    store.append(&[append(&lease, golden())]).await.unwrap();
    let directory = directory_of(&url);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(directory), 0o700);
    for file in fs::read_dir(directory).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[tokio::test]
async fn a_directory_in_use_is_refused() {
    let (_directory, url) = place();
    let first = Store::open(&url).await.unwrap();
    let error = Store::open(&url).await.err().expect("it is in use");
    assert!(matches!(error, StoreError::InUse(_)), "{error}");
    drop(first);
    Store::open(&url).await.unwrap();
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "not a directory").unwrap();
    // Nobody, not even root, makes directories in these.
    for place in [file.join("data"), "/proc/punctual".into()] {
        let outcome = Store::open(&StoreUrl::Sqlite(place.clone())).await;
        let error = outcome.err().expect("it cannot be written");
        assert!(matches!(error, StoreError::NotUsable { .. }), "{error}");
        assert!(error.to_string().contains(place.to_str().unwrap()));
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_called_damaged() {
    let (_directory, url) = place();
    let directory = directory_of(&url);
    fs::create_dir_all(directory).unwrap();
    fs::write(directory.join("punctual.sqlite3"), [b'x'; 8192]).unwrap();
    let error = Store::open(&url).await.err().expect("it is no database");
    assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
}

/// Some bytes of an entry change on the disk, one at a time.
#[tokio::test]
async fn a_byte_that_the_disk_changes_is_noticed() {
    let (_directory, url) = place();
    let store = Store::open(&url).await.unwrap();
    let lease = lease(&store, "rotten", "one").await;
    store.append(&[append(&lease, golden())]).await.unwrap();
    drop(store);
    sql_cases::run(&url, "PRAGMA wal_checkpoint(TRUNCATE)")
        .await
        .unwrap();
    let file = directory_of(&url).join("punctual.sqlite3");
    let sound = fs::read(&file).unwrap();
    let body = serde_json::to_vec(&golden()[1]).unwrap();
    // What a split page left behind may lie around beside the entry itself.
    let places = sound.windows(body.len()).enumerate();
    let places: Vec<usize> = places
        .filter_map(|(at, bytes)| (bytes == body).then_some(at))
        .collect();
    assert!(!places.is_empty(), "a short entry is stored in one piece");
    for offset in (0..body.len()).step_by(body.len() / 8) {
        let mut rotten = sound.clone();
        for at in &places {
            rotten[at + offset] ^= 1;
        }
        let (_directory, url) = place();
        let directory = directory_of(&url);
        fs::create_dir_all(directory).unwrap();
        fs::write(directory.join("punctual.sqlite3"), rotten).unwrap();
        let store = Store::open(&url).await.unwrap();
        let outcome = store.entries::<Entry>(&lease.day, 0, usize::MAX).await;
        assert!(
            matches!(outcome, Err(StoreError::Corrupt(_))),
            "byte {offset}: {outcome:?}"
        );
    }
}

/// A file system of a megabyte, as long as it lives.
struct TinyDisk(TempDir);

impl TinyDisk {
    fn mount() -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]);
        let outcome = mount.arg(directory.path()).output();
        (outcome.is_ok_and(|output| output.status.success())).then(|| Self(directory))
    }
}

impl Drop for TinyDisk {
    fn drop(&mut self) {
        // Lazily: connections may be closing still. What fails here fails no test.
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_is_recovered_from() {
    let Some(disk) = TinyDisk::mount() else {
        println!("skipped: only root can mount a small file system");
        return;
    };
    let ballast = disk.0.path().join("ballast");
    fs::write(&ballast, vec![1; 400_000]).unwrap();
    let url = StoreUrl::Sqlite(disk.0.path().join("data"));
    let store = Store::open(&url).await.unwrap();
    let lease = lease(&store, "full", "one").await;
    let mut next = 0;
    let error = loop {
        match store
            .append(&[append(&lease, entries(next..next + 20))])
            .await
        {
            Ok(()) => next += 20,
            Err(error) => break error,
        }
        assert!(next < 100_000, "the disk never fills");
    };
    assert!(next > 0, "{error}");
    assert!(
        matches!(
            error,
            StoreError::NotWritten(_) | StoreError::Unavailable(_)
        ),
        "{error:?}"
    );
    assert!(error.to_string().contains("full"), "{error}");
    assert_eq!(
        store
            .entries::<Entry>(&lease.day, 0, usize::MAX)
            .await
            .unwrap(),
        entries(0..next)
    );
    fs::remove_file(&ballast).unwrap();
    store
        .append(&[append(&lease, entries(next..next + 20))])
        .await
        .unwrap();
    drop(store);
    let store = Store::open(&url).await.unwrap();
    assert_eq!(length(&store, "full").await, next + 20);
}

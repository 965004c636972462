//! The embedded store: one SQLite database in a directory of its own.
//!
//! Written ahead (WAL) and synced at every commit (`synchronous=FULL`): the weaker setting can lose the last commits when
//! the power goes. A lock on a file beside the database keeps a second process out.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::Sqlite as Database;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use super::engine::{ROWS_MAX, milliseconds, sql_engine, step};
use super::record::{self, Column, Row, Stored, signed, unsigned};
use super::{Append, Book, Lease, Owner, StoreError, StoredReply};
use crate::model::DayId;

/// Connections that read at the same time.
const READERS: u32 = 4;
/// Time to wait for a connection, which is the time to wait for writers that came before.
const WAIT: Duration = Duration::from_secs(10);

/// SQLite in a directory.
#[derive(Clone)]
pub(super) struct Sqlite {
    writer: SqlitePool,
    reader: SqlitePool,
    /// Locked as long as the store is open.
    _lock: Arc<File>,
}

sql_engine!(Sqlite, Database);

impl Sqlite {
    const BEGIN: &'static str = "BEGIN IMMEDIATE";
    const ACQUIRE: &'static str = "INSERT INTO days (day_id, epoch, owner_name, owner_address, lease_until) \
        VALUES ($1, 1, $2, $3, CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER) + $4) \
        ON CONFLICT (day_id) DO UPDATE SET \
        epoch = CASE WHEN days.owner_name = excluded.owner_name \
        AND days.lease_until > CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER) \
        THEN days.epoch ELSE days.epoch + 1 END, \
        owner_name = excluded.owner_name, owner_address = excluded.owner_address, lease_until = excluded.lease_until \
        WHERE days.owner_name = excluded.owner_name \
        OR days.lease_until <= CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER) RETURNING epoch";
    const RENEW: &'static str = "UPDATE days SET lease_until = CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER) + $4 \
        WHERE day_id = $1 AND epoch = $2 AND owner_name = $3";

    fn reader(&self) -> &SqlitePool {
        &self.reader
    }

    fn writer(&self) -> &SqlitePool {
        &self.writer
    }

    pub(super) async fn append<E: Stored>(&self, appends: &[Append<E>]) -> Result<(), StoreError> {
        self.append_once(appends).await
    }

    pub(super) async fn open(directory: &Path) -> Result<Self, StoreError> {
        let lock = prepare(directory)?;
        let options = SqliteConnectOptions::new()
            .filename(directory.join("punctual.sqlite3"))
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5));
        let pool = SqlitePoolOptions::new()
            .acquire_timeout(WAIT)
            .idle_timeout(None)
            .max_lifetime(None);
        let writer = (pool.clone().max_connections(1))
            .connect_with(options.clone())
            .await
            .map_err(StoreError::of)?;
        let migrations = [
            step(1, "ledger", include_str!("migrations/sqlite/1_ledger.sql")),
            step(2, "record", include_str!("migrations/sqlite/2_record.sql")),
            step(
                3,
                "secrets",
                include_str!("migrations/sqlite/3_secrets.sql"),
            ),
        ];
        Migrator::with_migrations(migrations.to_vec())
            .run(&writer)
            .await
            .map_err(StoreError::of_migration)?;
        // Nobody else can have the directory: whoever had leases is gone.
        sqlx::query("UPDATE days SET lease_until = 0")
            .execute(&writer)
            .await
            .map_err(StoreError::of)?;
        let reader = (pool.max_connections(READERS))
            .connect_with(options.read_only(true))
            .await
            .map_err(StoreError::of)?;
        Ok(Self {
            writer,
            reader,
            _lock: Arc::new(lock),
        })
    }
}

/// Makes the directory and the database's file, readable to their owner alone, and locks the directory.
fn prepare(directory: &Path) -> Result<File, StoreError> {
    let not_usable = |error: std::io::Error| StoreError::NotUsable {
        directory: directory.to_owned(),
        reason: match directory.is_file() {
            true => "it is a file".to_owned(),
            false => error.to_string(),
        },
    };
    let is_new = !directory.exists();
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(not_usable)?;
    let open = |name: &str| {
        File::options()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(directory.join(name))
            .map_err(not_usable)
    };
    let lock = open("lock")?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(StoreError::InUse(directory.to_owned())),
        Err(TryLockError::Error(error)) => return Err(not_usable(error)),
    }
    drop(open("punctual.sqlite3")?);
    // The name of a new file is durable only when its directory is, and that of a new directory when its parent is.
    let sync = |directory: &Path| File::open(directory).and_then(|file| file.sync_all());
    sync(directory).map_err(not_usable)?;
    let absolute = fs::canonicalize(directory).map_err(not_usable)?;
    if let (true, Some(parent)) = (is_new, absolute.parent()) {
        sync(parent).map_err(not_usable)?;
    }
    Ok(lock)
}

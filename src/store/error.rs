//! What can be wrong with a store, and what an operator can do about it.

use std::path::PathBuf;

use sqlx::error::DatabaseError;
use sqlx::sqlite::SqliteError;

use crate::model::DayId;

/// Why a store does not do what it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, or not be relied on. What became of an append is not known.
    #[error("{0}")]
    Unavailable(String),
    /// It could not be written. Nothing has changed.
    #[error("nothing was written: {0}")]
    NotWritten(String),
    /// Somebody else keeps the day now. Nothing has changed.
    #[error("day {0} has changed hands")]
    Fenced(DayId),
    /// What is to be written is there already. Nothing has changed.
    #[error("{0}")]
    Conflict(String),
    /// What is stored is not what was written.
    #[error("{0}; restore the store from a copy")]
    Corrupt(String),
    /// A newer version of this program has written the store.
    #[error(
        "the store was written by a newer version of this program (its schema has step {0}, which this version does not \
         know): start that version"
    )]
    NewerVersion(i64),
    /// The directory is no place for a store.
    #[error("{} cannot be used: {reason}", directory.display())]
    NotUsable {
        /// Which.
        directory: PathBuf,
        /// Why.
        reason: String,
    },
    /// Another process uses the directory.
    #[error(
        "{} is in use by another process: stop it, or give this one a directory of its own",
        .0.display()
    )]
    InUse(PathBuf),
}

/// How messages about transactions begin that the database gave up in favor of others.
const CONTENDED: &str = "others were writing the same";

/// Whether stored bytes are not what a database expects: `SQLITE_CORRUPT`, `SQLITE_NOTADB`, and PostgreSQL's class XX.
fn is_damage(error: &(dyn DatabaseError + 'static)) -> bool {
    let Some(code) = error.code() else {
        return false;
    };
    if error.try_downcast_ref::<SqliteError>().is_some() {
        // An extended code has the primary one in its lowest byte.
        let primary = code.parse::<i64>().map(|code| code & 0xff);
        return matches!(primary, Ok(11 | 26));
    }
    matches!(&*code, "XX001" | "XX002")
}

/// Whether PostgreSQL gave a transaction up so that another one could go on: a failed serialization or a deadlock. Its
/// messages are in the language of the server, its codes are not.
fn is_contention(error: &dyn DatabaseError) -> bool {
    matches!(error.code().as_deref(), Some("40001" | "40P01"))
}

impl StoreError {
    /// Whether nothing was written because others wrote the same, so that another try may succeed.
    pub(super) fn is_contention(&self) -> bool {
        matches!(self, Self::NotWritten(what) if what.starts_with(CONTENDED))
    }

    /// A failure before anything could have been committed.
    pub(super) fn of(error: sqlx::Error) -> Self {
        if let sqlx::Error::Migrate(cause) = error {
            return Self::of_migration(*cause);
        }
        match error.as_database_error() {
            Some(cause) if cause.is_unique_violation() => Self::Conflict(cause.to_string()),
            Some(cause) if is_damage(cause) => {
                Self::Corrupt(format!("the database is damaged: {cause}"))
            }
            Some(cause) if is_contention(cause) => {
                Self::NotWritten(format!("{CONTENDED}: {cause}"))
            }
            Some(_) | None => Self::NotWritten(error.to_string()),
        }
    }

    /// A failure of the commit itself.
    pub(super) fn of_commit(error: &sqlx::Error) -> Self {
        Self::Unavailable(format!("the commit failed: {error}"))
    }

    pub(super) fn of_migration(error: sqlx::migrate::MigrateError) -> Self {
        use sqlx::migrate::MigrateError;
        if let MigrateError::VersionMissing(version) = error {
            return Self::NewerVersion(version);
        }
        if let MigrateError::Execute(cause) = error {
            return Self::of(cause);
        }
        Self::Unavailable(format!("bring the schema up to date: {error}"))
    }
}

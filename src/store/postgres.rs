//! The store in a PostgreSQL database, which several processes may share.

use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{Connection, Executor, Postgres as Database};

use super::engine::{ROWS_MAX, milliseconds, sql_engine, step};
use super::record::{self, Column, Row, Stored, signed, unsigned};
use super::{Append, Book, Lease, Owner, StoreError, StoredReply};
use crate::model::DayId;
use crate::rng;

/// Connections of this process.
const CONNECTIONS: u32 = 8;
/// Time to get a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// Time for a call, tries included; statements end earlier by themselves.
const CALL: Duration = Duration::from_secs(15);
/// Tries of an append that the database gives up in favor of another one.
const TRIES_MAX: u32 = 5;

/// PostgreSQL.
#[derive(Clone)]
pub(super) struct Postgres {
    pool: PgPool,
}

sql_engine!(Postgres, Database);

impl Postgres {
    const BEGIN: &'static str = "BEGIN";
    const ACQUIRE: &'static str = "INSERT INTO days (day_id, epoch, owner_name, owner_address, lease_until) \
        VALUES ($1, 1, $2, $3, CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) + $4) \
        ON CONFLICT (day_id) DO UPDATE SET \
        epoch = CASE WHEN days.owner_name = excluded.owner_name \
        AND days.lease_until > CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) \
        THEN days.epoch ELSE days.epoch + 1 END, \
        owner_name = excluded.owner_name, owner_address = excluded.owner_address, lease_until = excluded.lease_until \
        WHERE days.owner_name = excluded.owner_name \
        OR days.lease_until <= CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) RETURNING epoch";
    const RENEW: &'static str = "UPDATE days SET \
        lease_until = CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) + $4 \
        WHERE day_id = $1 AND epoch = $2 AND owner_name = $3";

    fn reader(&self) -> &PgPool {
        &self.pool
    }

    fn writer(&self) -> &PgPool {
        &self.pool
    }

    pub(super) async fn open(url: &str) -> Result<Self, StoreError> {
        // A message of the parser might show the password.
        let options: PgConnectOptions = url.parse().map_err(|_| {
            StoreError::Unavailable("the URL of the PostgreSQL database is malformed".to_owned())
        })?;
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(CONNECT)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    connection
                        .execute(
                            "SET synchronous_commit = on; SET statement_timeout = '5s'; SET lock_timeout = '5s'; \
                             SET idle_in_transaction_session_timeout = '10s'",
                        )
                        .await?;
                    Ok(())
                })
            })
            .connect_with(options.clone())
            .await;
        let pool = match pool {
            Ok(pool) => pool,
            Err(error) => {
                let why = why_not(&options, error).await;
                let message = format!("connect to PostgreSQL: {why}");
                return Err(StoreError::Unavailable(message));
            }
        };
        let (fsync,): (String,) = sqlx::query_as("SHOW fsync")
            .fetch_one(&pool)
            .await
            .map_err(StoreError::of)?;
        if fsync != "on" {
            tracing::warn!(
                "PostgreSQL runs with fsync = {fsync}: a power failure may lose promises"
            );
        }
        let migrations = [
            step(
                1,
                "ledger",
                include_str!("migrations/postgres/1_ledger.sql"),
            ),
            step(
                2,
                "record",
                include_str!("migrations/postgres/2_record.sql"),
            ),
            step(
                3,
                "secrets",
                include_str!("migrations/postgres/3_secrets.sql"),
            ),
        ];
        Migrator::with_migrations(migrations.to_vec())
            .run(&pool)
            .await
            .map_err(StoreError::of_migration)?;
        Ok(Self { pool })
    }

    pub(super) async fn append<E: Stored>(&self, appends: &[Append<E>]) -> Result<(), StoreError> {
        let mut tries = 1;
        loop {
            let outcome = self.append_once(appends).await;
            let is_contended = outcome.as_ref().is_err_and(StoreError::is_contention);
            if !is_contended || tries == TRIES_MAX {
                return outcome;
            }
            tries += 1;
            #[expect(clippy::cast_possible_truncation, reason = "a few bits are enough")]
            let jitter = (rng::unguessable() as u64) % 20;
            tokio::time::sleep(Duration::from_millis(jitter)).await;
        }
    }
}

/// Why there is no connection: a pool says only how long it tried.
async fn why_not(options: &PgConnectOptions, error: sqlx::Error) -> String {
    if !matches!(error, sqlx::Error::PoolTimedOut) {
        return error.to_string();
    }
    match tokio::time::timeout(CONNECT, PgConnection::connect_with(options)).await {
        Ok(Err(error)) => error.to_string(),
        Ok(Ok(_)) | Err(_) => error.to_string(),
    }
}

/// Waits for a call, but not for ever: a network that swallows everything ends no connection.
pub(super) async fn in_time<T>(
    call: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let late = || StoreError::Unavailable("the database does not answer".to_owned());
    (tokio::time::timeout(CALL, call).await).unwrap_or_else(|_| Err(late()))
}

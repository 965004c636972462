//! What SQLite and PostgreSQL do in the same words.

/// Implements the store's calls for an engine with `reader()` and `writer()` pools, `NOW` (milliseconds since 1970, as
/// SQL) and `BEGIN`.
macro_rules! sql_engine {
    ($engine:ty, $database:ty) => {
        impl $engine {
            pub(super) async fn days(&self) -> Result<Vec<DayId>, StoreError> {
                let rows: Vec<(String,)> =
                    sqlx::query_as(
                        "SELECT day_id FROM days WHERE EXISTS (SELECT 1 FROM ledger \
                         WHERE ledger.day_id = days.day_id AND ledger.number = 0) ORDER BY day_id",
                    )
                    .fetch_all(self.reader())
                    .await
                    .map_err(StoreError::of)?;
                let day = |(id,): (String,)| {
                    DayId::parse(&id)
                        .map_err(|error| StoreError::Corrupt(format!("the day {id:?}: {error}")))
                };
                rows.into_iter().map(day).collect()
            }

            pub(super) async fn entries(
                &self,
                day: &DayId,
                from: u64,
            ) -> Result<Vec<Entry>, StoreError> {
                let rows: Vec<(i64, String, Vec<u8>)> = sqlx::query_as(
                    "SELECT number, body, checksum FROM ledger WHERE day_id = $1 AND number >= $2 ORDER BY number",
                )
                .bind(day.as_str())
                .bind(signed(from))
                .fetch_all(self.reader())
                .await
                .map_err(StoreError::of)?;
                let entry = |(number, body, checksum): &(i64, String, Vec<u8>)| {
                    record::read(day, *number, body, checksum)
                };
                rows.iter().map(entry).collect()
            }

            pub(super) async fn reply(
                &self,
                request_id: &str,
            ) -> Result<Option<StoredReply>, StoreError> {
                let row: Option<(Vec<u8>, Vec<u8>)> =
                    sqlx::query_as("SELECT digest, body FROM replies WHERE request_id = $1")
                        .bind(request_id)
                        .fetch_optional(self.reader())
                        .await
                        .map_err(StoreError::of)?;
                let Some((digest, body)) = row else {
                    return Ok(None);
                };
                let digest = digest.try_into().map_err(|_| {
                    StoreError::Corrupt(format!("the digest of request {request_id:?}"))
                })?;
                Ok(Some(StoredReply {
                    request_id: request_id.to_owned(),
                    digest,
                    body,
                }))
            }

            async fn append_once(&self, appends: &[Append]) -> Result<(), StoreError> {
                let mut connection = self.writer().acquire().await.map_err(StoreError::of)?;
                let outcome = Self::append_on(&mut connection, appends).await;
                match &outcome {
                    Ok(()) | Err(StoreError::Fenced(_) | StoreError::Conflict(_)) => {}
                    // Nobody knows in what state a failed connection is: SQLite ends a transaction by itself when the
                    // disk is full, and then is taken for being within it for ever.
                    Err(_) => connection.close_on_drop(),
                }
                outcome
            }

            async fn append_on(
                connection: &mut <$database as sqlx::Database>::Connection,
                appends: &[Append],
            ) -> Result<(), StoreError> {
                let mut transaction =
                    (sqlx::Connection::begin_with(connection, Self::BEGIN).await).map_err(StoreError::of)?;
                // Everybody locks days in the same sequence, so that nobody waits for somebody who waits for them.
                let mut sorted: Vec<&Append> = appends.iter().collect();
                sorted.sort_by(|a, b| a.day.cmp(&b.day));
                for append in sorted {
                    // Touching the row keeps others from taking the day over before the commit.
                    let touched =
                        sqlx::query("UPDATE days SET epoch = epoch WHERE day_id = $1 AND epoch = $2")
                            .bind(append.day.as_str())
                            .bind(signed(append.epoch))
                            .execute(&mut *transaction)
                            .await
                            .map_err(StoreError::of)?;
                    if touched.rows_affected() != 1 {
                        return Err(StoreError::Fenced(append.day.clone()));
                    }
                }
                for append in appends {
                    Self::check_next(append, &mut transaction).await?;
                    Self::insert_entries(append, &mut transaction).await?;
                    Self::insert_replies(append, &mut transaction).await?;
                }
                (transaction.commit().await).map_err(|error| StoreError::of_commit(&error))
            }

            /// Entries follow on those that are there.
            async fn check_next(
                append: &Append,
                transaction: &mut sqlx::Transaction<'_, $database>,
            ) -> Result<(), StoreError> {
                let Some(first) = append.entries.first() else {
                    return Ok(());
                };
                let (next,): (i64,) = sqlx::query_as(
                    "SELECT COALESCE(MAX(number) + 1, 0) FROM ledger WHERE day_id = $1",
                )
                .bind(append.day.as_str())
                .fetch_one(&mut **transaction)
                .await
                .map_err(StoreError::of)?;
                let numbers = append.entries.iter().map(|entry| entry.number);
                if unsigned(next) == first.number && numbers.eq((first.number..).take(append.entries.len())) {
                    Ok(())
                } else {
                    Err(StoreError::Conflict(format!(
                        "the next entry of day {} is number {next}, not {}",
                        append.day, first.number
                    )))
                }
            }

            async fn insert_entries(
                append: &Append,
                transaction: &mut sqlx::Transaction<'_, $database>,
            ) -> Result<(), StoreError> {
                for entries in append.entries.chunks(ROWS_MAX) {
                    let rows: Vec<Row<'_>> = (entries.iter())
                        .map(|entry| Row::of(&append.day, entry))
                        .collect::<Result<_, _>>()?;
                    let mut insert = sqlx::QueryBuilder::<$database>::new(
                        "INSERT INTO ledger (day_id, number, epoch, written_at, kind, promise_id, order_id, window_id, \
                         window_start, window_end, probability_bp, plan_version, noise_version, body, checksum) ",
                    );
                    insert.push_values(&rows, |mut values, row| {
                        let event = &row.entry.event;
                        let said = event.statement();
                        values
                            .push_bind(append.day.as_str())
                            .push_bind(signed(row.entry.number))
                            .push_bind(signed(append.epoch))
                            .push_bind(row.entry.at.0)
                            .push_bind(event.kind())
                            .push_bind(event.promise().map(|promise| promise.as_str()))
                            .push_bind(row.order)
                            .push_bind(row.window)
                            .push_bind(said.map(|said| said.window.start.0))
                            .push_bind(said.map(|said| said.window.end.0))
                            .push_bind(said.map(|said| i64::from(said.probability.0)))
                            .push_bind(said.map(|said| signed(said.plan_version)))
                            .push_bind(said.map(|said| said.noise_version.as_str()))
                            .push_bind(row.body.as_str())
                            .push_bind(row.checksum.as_slice());
                    });
                    (insert.build().execute(&mut **transaction).await).map_err(StoreError::of)?;
                }
                Ok(())
            }

            async fn insert_replies(
                append: &Append,
                transaction: &mut sqlx::Transaction<'_, $database>,
            ) -> Result<(), StoreError> {
                for replies in append.replies.chunks(ROWS_MAX) {
                    let mut insert = sqlx::QueryBuilder::<$database>::new(
                        "INSERT INTO replies (request_id, digest, body) ",
                    );
                    insert.push_values(replies, |mut values, reply| {
                        values
                            .push_bind(reply.request_id.as_str())
                            .push_bind(reply.digest.as_slice())
                            .push_bind(reply.body.as_slice());
                    });
                    (insert.build().execute(&mut **transaction).await).map_err(StoreError::of)?;
                }
                Ok(())
            }

            pub(super) async fn acquire(
                &self,
                day: &DayId,
                owner: &Owner,
                lasts: Duration,
            ) -> Result<Result<Lease, Owner>, StoreError> {
                let taken: Option<(i64,)> = sqlx::query_as(Self::ACQUIRE)
                    .bind(day.as_str())
                    .bind(owner.name.as_str())
                    .bind(owner.address.as_str())
                    .bind(milliseconds(lasts))
                    .fetch_optional(self.writer())
                    .await
                    .map_err(StoreError::of)?;
                if let Some((epoch,)) = taken {
                    return Ok(Ok(Lease {
                        day: day.clone(),
                        epoch: unsigned(epoch),
                    }));
                }
                let (name, address): (String, String) =
                    sqlx::query_as("SELECT owner_name, owner_address FROM days WHERE day_id = $1")
                        .bind(day.as_str())
                        .fetch_one(self.reader())
                        .await
                        .map_err(StoreError::of)?;
                Ok(Err(Owner { name, address }))
            }

            pub(super) async fn renew(
                &self,
                owner: &Owner,
                leases: &[Lease],
                lasts: Duration,
            ) -> Result<Vec<Lease>, StoreError> {
                let mut kept = Vec::new();
                for lease in leases {
                    let renewed = sqlx::query(Self::RENEW)
                        .bind(lease.day.as_str())
                        .bind(signed(lease.epoch))
                        .bind(owner.name.as_str())
                        .bind(milliseconds(lasts))
                        .execute(self.writer())
                        .await
                        .map_err(StoreError::of)?;
                    if renewed.rows_affected() == 1 {
                        kept.push(lease.clone());
                    }
                }
                Ok(kept)
            }

            pub(super) async fn release(&self, leases: &[Lease]) -> Result<(), StoreError> {
                for lease in leases {
                    sqlx::query(
                        "UPDATE days SET lease_until = 0 WHERE day_id = $1 AND epoch = $2",
                    )
                    .bind(lease.day.as_str())
                    .bind(signed(lease.epoch))
                    .execute(self.writer())
                    .await
                    .map_err(StoreError::of)?;
                }
                Ok(())
            }

            pub(super) async fn secret(
                &self,
                name: &str,
                drawn: [u8; 32],
            ) -> Result<[u8; 32], StoreError> {
                sqlx::query(
                    "INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
                )
                .bind(name)
                .bind(drawn.as_slice())
                .execute(self.writer())
                .await
                .map_err(StoreError::of)?;
                let (value,): (Vec<u8>,) =
                    sqlx::query_as("SELECT value FROM secrets WHERE name = $1")
                        .bind(name)
                        .fetch_one(self.writer())
                        .await
                        .map_err(StoreError::of)?;
                (value.try_into()).map_err(|_| StoreError::Corrupt(format!("the secret {name:?}")))
            }

            pub(super) async fn check(&self) -> Result<(), StoreError> {
                // Changes nothing, but asks for the right to.
                let mut transaction =
                    (self.writer().begin_with(Self::BEGIN).await).map_err(StoreError::of)?;
                sqlx::query("UPDATE days SET epoch = epoch WHERE day_id = ''")
                    .execute(&mut *transaction)
                    .await
                    .map_err(StoreError::of)?;
                (transaction.commit().await).map_err(|error| StoreError::of_commit(&error))
            }
        }
    };
}

pub(super) use sql_engine;

use std::time::Duration;

/// Rows inserted by one statement.
pub(super) const ROWS_MAX: usize = 100;

/// A span as databases have it.
pub(super) fn milliseconds(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

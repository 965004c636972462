//! What SQLite and PostgreSQL do in the same words.

/// Implements the store's calls for an engine with `reader()` and `writer()` pools, `NOW` (milliseconds since 1970, as
/// SQL) and `BEGIN`.
macro_rules! sql_engine {
    ($engine:ty, $database:ty) => {
        impl $engine {
            pub(super) async fn days(&self, book: Book) -> Result<Vec<DayId>, StoreError> {
                let select = match book {
                    Book::Ledger => {
                        "SELECT day_id FROM days WHERE EXISTS (SELECT 1 FROM ledger \
                         WHERE ledger.day_id = days.day_id AND ledger.number = 0)"
                    }
                    Book::Record => {
                        "SELECT day_id FROM days WHERE EXISTS (SELECT 1 FROM record \
                         WHERE record.day_id = days.day_id AND record.number = 0)"
                    }
                };
                let rows: Vec<(String,)> = sqlx::query_as(select)
                    .fetch_all(self.reader())
                    .await
                    .map_err(StoreError::of)?;
                let day = |(key,): (String,)| {
                    let day = book.day(&key);
                    day.ok_or_else(|| StoreError::Corrupt(format!("the day {key:?} has no id")))
                };
                let days: Result<Vec<DayId>, StoreError> = rows.into_iter().map(day).collect();
                // Databases have ideas of their own about the sequence of letters.
                let mut days = days?;
                days.sort_unstable();
                Ok(days)
            }

            pub(super) async fn entries<E: Stored>(
                &self,
                day: &DayId,
                from: u64,
                limit: usize,
            ) -> Result<Vec<E>, StoreError> {
                let key = E::BOOK.key(day);
                let rows: Vec<(i64, String, Vec<u8>)> = sqlx::query_as(E::SELECT)
                    .bind(&*key)
                    .bind(signed(from))
                    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
                    .fetch_all(self.reader())
                    .await
                    .map_err(StoreError::of)?;
                let entry = |(number, body, checksum): &(i64, String, Vec<u8>)| {
                    record::read(&key, *number, body, checksum)
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

            async fn append_once<E: Stored>(
                &self,
                appends: &[Append<E>],
            ) -> Result<(), StoreError> {
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

            async fn append_on<E: Stored>(
                connection: &mut <$database as sqlx::Database>::Connection,
                appends: &[Append<E>],
            ) -> Result<(), StoreError> {
                let mut transaction = (sqlx::Connection::begin_with(connection, Self::BEGIN).await)
                    .map_err(StoreError::of)?;
                // Everybody locks days in the same sequence, so that nobody waits for somebody who waits for them.
                let mut sorted: Vec<&Append<E>> = appends.iter().collect();
                sorted.sort_by(|a, b| a.day.cmp(&b.day));
                for append in sorted {
                    // Touching the row keeps others from taking the day over before the commit.
                    let touched = sqlx::query(
                        "UPDATE days SET epoch = epoch WHERE day_id = $1 AND epoch = $2",
                    )
                    .bind(E::BOOK.key(&append.day))
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
            async fn check_next<E: Stored>(
                append: &Append<E>,
                transaction: &mut sqlx::Transaction<'_, $database>,
            ) -> Result<(), StoreError> {
                let Some(first) = append.entries.first() else {
                    return Ok(());
                };
                let (next,): (i64,) = sqlx::query_as(E::NEXT)
                    .bind(E::BOOK.key(&append.day))
                    .fetch_one(&mut **transaction)
                    .await
                    .map_err(StoreError::of)?;
                let first = first.number();
                let numbers = append.entries.iter().map(Stored::number);
                if unsigned(next) == first && numbers.eq((first..).take(append.entries.len())) {
                    Ok(())
                } else {
                    Err(StoreError::Conflict(format!(
                        "the next entry of day {} is number {next}, not {}",
                        append.day, first
                    )))
                }
            }

            async fn insert_entries<E: Stored>(
                append: &Append<E>,
                transaction: &mut sqlx::Transaction<'_, $database>,
            ) -> Result<(), StoreError> {
                let key = E::BOOK.key(&append.day);
                for entries in append.entries.chunks(ROWS_MAX) {
                    let rows: Vec<Row<'_, E>> = (entries.iter())
                        .map(|entry| Row::of(&key, entry))
                        .collect::<Result<_, _>>()?;
                    let mut insert = sqlx::QueryBuilder::<$database>::new(E::INSERT);
                    insert.push_values(&rows, |mut values, row| {
                        values
                            .push_bind(&*key)
                            .push_bind(signed(row.entry.number()))
                            .push_bind(signed(append.epoch))
                            .push_bind(row.entry.written_at().0)
                            .push_bind(row.entry.kind());
                        for column in &row.columns {
                            match *column {
                                Column::Text(text) => values.push_bind(text),
                                Column::Number(number) => values.push_bind(number),
                            };
                        }
                        values
                            .push_bind(row.body.as_str())
                            .push_bind(row.checksum.as_slice());
                    });
                    (insert.build().execute(&mut **transaction).await).map_err(StoreError::of)?;
                }
                Ok(())
            }

            async fn insert_replies<E: Stored>(
                append: &Append<E>,
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
                book: Book,
                day: &DayId,
                owner: &Owner,
                lasts: Duration,
            ) -> Result<Result<Lease, Owner>, StoreError> {
                let key = book.key(day);
                // To the end: only then has SQLite written it, or found that it cannot.
                let taken: Vec<(i64,)> = sqlx::query_as(Self::ACQUIRE)
                    .bind(&*key)
                    .bind(owner.name.as_str())
                    .bind(owner.address.as_str())
                    .bind(milliseconds(lasts))
                    .fetch_all(self.writer())
                    .await
                    .map_err(StoreError::of)?;
                if let Some(&(epoch,)) = taken.first() {
                    return Ok(Ok(Lease {
                        book,
                        day: day.clone(),
                        epoch: unsigned(epoch),
                    }));
                }
                let (name, address): (String, String) =
                    sqlx::query_as("SELECT owner_name, owner_address FROM days WHERE day_id = $1")
                        .bind(&*key)
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
                        .bind(lease.book.key(&lease.day))
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
                    sqlx::query("UPDATE days SET lease_until = 0 WHERE day_id = $1 AND epoch = $2")
                        .bind(lease.book.key(&lease.day))
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

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType};

/// A step of the schema.
pub(super) fn step(number: i64, name: &'static str, sql: &'static str) -> Migration {
    let sql = sql.into_sql_str();
    Migration::new(number, name.into(), MigrationType::Simple, sql, false)
}

/// Rows inserted by one statement.
pub(super) const ROWS_MAX: usize = 100;

/// A span as databases have it.
pub(super) fn milliseconds(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

//! What holds for both databases, seen from the outside: by an analyst, a disk fault, another version.

use punctual::store::{Store, StoreError, StoreUrl};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};

use super::*;

/// Runs statements beside the store.
pub(super) async fn run(url: &StoreUrl, statement: &str) -> Result<(), sqlx::Error> {
    let statement = AssertSqlSafe(statement.to_owned());
    match url {
        StoreUrl::Memory => unreachable!("memory speaks no SQL"),
        StoreUrl::Sqlite(directory) => {
            let file = directory.join("punctual.sqlite3");
            let url = format!("sqlite://{}", file.display());
            let mut connection = SqliteConnection::connect(&url).await?;
            connection.execute(sqlx::raw_sql(statement)).await?;
            connection.close().await
        }
        StoreUrl::Postgres(url) => {
            let mut connection = PgConnection::connect(url).await?;
            connection.execute(sqlx::raw_sql(statement)).await?;
            connection.close().await
        }
    }
}

pub(super) async fn the_ledger_cannot_be_changed_by_anybody(url: &StoreUrl) {
    let store = Store::open(url).await.unwrap();
    let lease = lease(&store, "kept", "one").await;
    store.append(&[append(&lease, golden())]).await.unwrap();
    for statement in [
        "UPDATE ledger SET probability_bp = 10000",
        "DELETE FROM ledger WHERE number = 3",
    ] {
        let error = run(url, statement).await.unwrap_err().to_string();
        assert!(error.contains("append-only"), "{error}");
    }
    assert_eq!(
        store
            .entries::<Entry>(&lease.day, 0, usize::MAX)
            .await
            .unwrap(),
        golden()
    );
    run(url, "DELETE FROM days")
        .await
        .expect_err("the ledger refers to it");
}

pub(super) async fn columns_say_what_entries_say(url: &StoreUrl) {
    let store = Store::open(url).await.unwrap();
    let lease = lease(&store, "columns", "one").await;
    store.append(&[append(&lease, golden())]).await.unwrap();
    // Where a column says anything else, a row is not found, and a column of the answer is empty that must not be.
    let said = golden()[1].event.statement().unwrap().clone();
    let statement = format!(
        "INSERT INTO replies (request_id, digest, body) VALUES ('columns', \
         (SELECT checksum FROM ledger WHERE day_id = 'columns' AND kind = 'held' AND promise_id = 'p1' \
         AND order_id = 'a' AND window_id = 'early' AND window_start = {} AND window_end = {} \
         AND probability_bp = {} AND plan_version = {} AND noise_version = '{}' AND epoch = {} AND written_at = {}), \
         (SELECT checksum FROM ledger WHERE day_id = 'columns' AND kind = 'closed' AND promise_id IS NULL \
         AND probability_bp IS NULL AND window_id IS NULL))",
        said.window.start.0,
        said.window.end.0,
        said.probability.0,
        said.plan_version,
        said.noise_version,
        lease.epoch,
        golden()[1].at.0,
    );
    run(url, &statement).await.unwrap();
}

/// One byte of an entry changes behind the store's back.
pub(super) async fn a_changed_byte_is_noticed(url: &StoreUrl, unlock: &str) {
    let store = Store::open(url).await.unwrap();
    let lease = lease(&store, "damaged", "one").await;
    store
        .append(&[append(&lease, entries(0..3))])
        .await
        .unwrap();
    run(url, unlock).await.unwrap();
    run(
        url,
        "UPDATE ledger SET body = replace(body, '\"p1\"', '\"p2\"') WHERE day_id = 'damaged' AND number = 1",
    )
    .await
    .unwrap();
    let error = store
        .entries::<Entry>(&lease.day, 0, usize::MAX)
        .await
        .unwrap_err();
    let says = error.to_string();
    assert!(matches!(error, StoreError::Corrupt(_)), "{says}");
    assert!(says.contains("entry 1 of day damaged"), "{says}");
    assert_eq!(
        store
            .entries::<Entry>(&lease.day, 2, usize::MAX)
            .await
            .unwrap(),
        entries(2..3)
    );
}

pub(super) async fn a_store_is_opened_again_as_it_was(url: &StoreUrl) {
    let store = Store::open(url).await.unwrap();
    let first = lease(&store, "again", "one").await;
    store.append(&[append(&first, golden())]).await.unwrap();
    store.release(std::slice::from_ref(&first)).await.unwrap();
    drop(store);
    let store = Store::open(url).await.unwrap();
    assert_eq!(
        store
            .entries::<Entry>(&first.day, 0, usize::MAX)
            .await
            .unwrap(),
        golden()
    );
    let second = lease(&store, "again", "two").await;
    assert!(second.epoch > first.epoch);
}

pub(super) async fn a_newer_store_is_refused(url: &StoreUrl) {
    drop(Store::open(url).await.unwrap());
    run(
        url,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         SELECT 999, 'later', success, checksum, execution_time FROM _sqlx_migrations WHERE version = 1",
    )
    .await
    .unwrap();
    let error = Store::open(url).await.err().expect("it is newer");
    assert_eq!(error, StoreError::NewerVersion(999));
    let says = error.to_string();
    assert!(says.contains("newer version"), "{says}");
}

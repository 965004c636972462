//! The store in PostgreSQL, opened twice, with servers that are killed.

use punctual::clock::Clock;
use punctual::grpc::pb::promise_service_server::SERVICE_NAME;
use punctual::store::{Store, StoreError, StoreUrl};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::server::Server;
use super::*;
use crate::service::{Service, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_keeps_to_what_every_store_keeps_to() {
    let Some(server) = Server::start() else {
        return;
    };
    macro_rules! cases {
        ($($case:ident),* $(,)?) => {$({
            println!("{}", stringify!($case));
            let url = server.database(&stringify!($case)[..20]);
            let a = Store::open(&url).await.unwrap();
            let b = Store::open(&url).await.unwrap();
            super::cases::$case(&a, &b).await;
        })*};
    }
    cases!(
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
    macro_rules! cases_from_outside {
        ($($case:ident($($argument:expr)?)),* $(,)?) => {$(
            println!("{}", stringify!($case));
            let url = server.database(&stringify!($case)[..20]);
            super::sql_cases::$case(&url $(, $argument)?).await;
        )*};
    }
    cases_from_outside!(
        the_ledger_cannot_be_changed_by_anybody(),
        columns_say_what_entries_say(),
        a_changed_byte_is_noticed("ALTER TABLE ledger DISABLE TRIGGER ledger_keeps"),
        a_store_is_opened_again_as_it_was(),
        a_newer_store_is_refused(),
    );
    writers_of_the_same_days_do_not_block_each_other(&server).await;
    an_append_that_the_database_gives_up_is_made_again(&server).await;
    servers_that_start_together_bring_the_schema_up_to_date_once(&server).await;
}

/// Two stores write two days in opposite sequences: neither waits for the other for ever, nor for long.
async fn writers_of_the_same_days_do_not_block_each_other(server: &Server) {
    let url = server.database("opposite");
    let a = Store::open(&url).await.unwrap();
    let b = Store::open(&url).await.unwrap();
    let days = [lease(&a, "x", "one").await, lease(&a, "y", "one").await];
    let clock = Clock::start();
    let writers = [(a.clone(), [0, 1]), (b, [1, 0])].map(|(store, sequence)| {
        let days = days.clone();
        tokio::spawn(async move {
            for round in 0..40 {
                let batch = sequence.map(|index| Append {
                    replies: vec![reply(&format!("{round}-{sequence:?}-{index}"))],
                    ..append(&days[index], Vec::new())
                });
                store.append(&batch).await.unwrap();
            }
        })
    });
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(a.reply("39-[1, 0]-0").await.unwrap().is_some());
    assert!(clock.elapsed() < Duration::from_secs(20), "no deadlocks");
}

/// Somebody else locks the rows that an append needs, in the opposite sequence, so that the database ends the append.
async fn an_append_that_the_database_gives_up_is_made_again(server: &Server) {
    let url = server.database("deadlock");
    let store = Store::open(&url).await.unwrap();
    let days = [
        lease(&store, "x", "one").await,
        lease(&store, "y", "one").await,
    ];
    let StoreUrl::Postgres(url) = url else {
        panic!("not a server");
    };
    let mut other = PgConnection::connect(&url).await.unwrap();
    let lock = |day| format!("UPDATE days SET epoch = epoch WHERE day_id = '{day}'");
    let first = AssertSqlSafe(format!("BEGIN; {}", lock("y")));
    other.execute(sqlx::raw_sql(first)).await.unwrap();
    let batch = days.each_ref().map(|day| append(day, entries(0..1)));
    let writer = store.clone();
    let writing = tokio::spawn(async move { writer.append(&batch).await });
    tokio::time::sleep(Duration::from_millis(400)).await;
    let second = AssertSqlSafe(lock("x"));
    other.execute(sqlx::raw_sql(second)).await.unwrap();
    other.execute(sqlx::raw_sql("COMMIT")).await.unwrap();
    writing.await.unwrap().unwrap();
    assert_eq!(length(&store, "x").await, 1);
}

async fn servers_that_start_together_bring_the_schema_up_to_date_once(server: &Server) {
    let url = server.database("together");
    let openings = (0..4).map(|_| {
        let url = url.clone();
        tokio::spawn(async move { Store::open(&url).await.map(drop) })
    });
    for opening in openings.collect::<Vec<_>>() {
        opening.await.unwrap().unwrap();
    }
}

/// Appends until told to stop; gives what was acknowledged, resolving unknown outcomes by looking.
async fn write_through_failures(store: Store, lease: Lease, until: u64) -> (u64, u64) {
    let (mut next, mut failures) = (0, 0);
    while next < until {
        match store
            .append(&[append(&lease, entries(next..next + 1))])
            .await
        {
            Ok(()) => next += 1,
            Err(StoreError::NotWritten(_) | StoreError::Unavailable(_)) => {
                failures += 1;
                tokio::time::sleep(Duration::from_millis(20)).await;
                if let Ok(there) = store.entries::<Entry>(&lease.day, next, usize::MAX).await {
                    assert!(there.len() <= 1, "only the last one is in doubt");
                    next += there.len() as u64;
                }
            }
            // Written after all, while it was being looked for.
            Err(StoreError::Conflict(_)) => next = length(&store, lease.day.as_str()).await,
            Err(other) => panic!("{other}"),
        }
    }
    (next, failures)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_killed_and_returns_has_lost_nothing() {
    let Some(server) = Server::start() else {
        return;
    };
    let url = server.database("killed");
    let store = Store::open(&url).await.unwrap();
    let held = lease(&store, "killed", "one").await;
    store.append(&[append(&held, entries(0..5))]).await.unwrap();
    server.kill();
    let clock = Clock::start();
    store.check().await.expect_err("nobody is there");
    let outcome = store.append(&[append(&held, entries(5..6))]).await;
    outcome.expect_err("nobody is there");
    assert!(clock.elapsed() < Duration::from_secs(10), "it says so soon");
    server.run();
    assert_eq!(length(&store, "killed").await, 5);
    store.append(&[append(&held, entries(5..6))]).await.unwrap();

    let busy = lease(&store, "busy", "one").await;
    let writer = tokio::spawn(write_through_failures(store.clone(), busy.clone(), 1_500));
    for round in 0..3 {
        tokio::time::sleep(Duration::from_millis(150 + 60 * round)).await;
        server.kill();
        server.run();
    }
    let (written, failures) = writer.await.unwrap();
    println!("{written} appends through 3 kills, {failures} of them failed at first");
    assert!(failures > 0, "the kills came during appends");
    assert_eq!(
        store
            .entries::<Entry>(&busy.day, 0, usize::MAX)
            .await
            .unwrap(),
        entries(0..written)
    );
}

#[tokio::test]
async fn a_database_that_is_not_there_is_said_to_be_soon_and_without_its_password() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = nobody.local_addr().unwrap().port();
    let url = StoreUrl::Postgres(format!("postgres://shop:s3cret@127.0.0.1:{port}/x"));
    // It listens, but never answers.
    let clock = Clock::start();
    let error = Store::open(&url).await.err().expect("nobody answers");
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!(!error.to_string().contains("s3cret"), "{error}");
    drop(nobody);
    let error = Store::open(&url).await.err().expect("nobody is there");
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!(clock.elapsed() < Duration::from_secs(12));
}

/// What the health check says of a service.
async fn health_of(client: &mut HealthClient<Channel>, service: &str) -> ServingStatus {
    let request = HealthCheckRequest {
        service: service.to_owned(),
    };
    let answer = client.check(request).await.unwrap();
    answer.into_inner().status()
}

async fn until_health_is(client: &mut HealthClient<Channel>, expected: ServingStatus) {
    within(async {
        while health_of(client, SERVICE_NAME).await != expected {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promises_are_not_served_while_the_database_is_away_and_everything_else_is() {
    let Some(server) = Server::start() else {
        return;
    };
    let StoreUrl::Postgres(url) = server.database("health") else {
        panic!("it is PostgreSQL");
    };
    let service = Service::with(|config| config.store = url).await;
    let mut client = HealthClient::new(service.channel().await);
    until_health_is(&mut client, ServingStatus::Serving).await;
    server.kill();
    until_health_is(&mut client, ServingStatus::NotServing).await;
    assert_eq!(health_of(&mut client, "").await, ServingStatus::Serving);
    server.run();
    until_health_is(&mut client, ServingStatus::Serving).await;
}

//! How many entries a second become durable, one by one and in batches.
//!
//! SQLite on the disk of the temporary directory; PostgreSQL where `PUNCTUAL_BENCH_POSTGRES` has the URL of an empty
//! database.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use punctual::model::DayId;
use punctual::promise::Entry;
use punctual::store::{Append, Book, Lease, Owner, Store, StoreUrl};
use tokio::runtime::Runtime;

/// Entries of one transaction.
const BATCHES: [u64; 3] = [1, 16, 256];

/// A hold, of the size that holds have.
fn hold() -> Entry {
    let mut lines = include_str!("../tests/data/ledger/entries.jsonl").lines();
    let line = lines.nth(1).expect("the second entry is a hold");
    serde_json::from_str(line).expect("an entry in its stored form")
}

async fn open(url: &StoreUrl) -> (Store, Lease) {
    let store = Store::open(url).await.expect("a store");
    let day = DayId::parse("bench").expect("letters");
    let owner = Owner {
        name: "bench".to_owned(),
        address: String::new(),
    };
    let lease = store.acquire(Book::Ledger, &day, &owner, Duration::from_secs(3_600));
    let lease = lease.await.expect("a store").expect("nobody else");
    (store, lease)
}

fn measure(criterion: &mut Criterion, name: &str, url: &StoreUrl) {
    let runtime = Runtime::new().expect("threads");
    let (store, lease) = runtime.block_on(open(url));
    let hold = hold();
    let mut next = 0;
    let mut group = criterion.benchmark_group(format!("durable_entries/{name}"));
    for batch in BATCHES {
        group.throughput(Throughput::Elements(batch));
        group.bench_function(BenchmarkId::from_parameter(batch), |bencher| {
            bencher.iter(|| {
                let numbered = |number| Entry {
                    number,
                    ..hold.clone()
                };
                let append = Append {
                    day: lease.day.clone(),
                    epoch: lease.epoch,
                    entries: (next..next + batch).map(numbered).collect(),
                    replies: Vec::new(),
                };
                next += batch;
                runtime.block_on(store.append(&[append])).expect("written");
            });
        });
    }
    group.finish();
}

fn stores(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let url = StoreUrl::Sqlite(directory.path().to_owned());
    measure(criterion, "sqlite", &url);
    #[expect(clippy::disallowed_methods, reason = "benches have no configuration")]
    if let Ok(url) = std::env::var("PUNCTUAL_BENCH_POSTGRES") {
        measure(criterion, "postgres", &StoreUrl::Postgres(url));
    }
}

criterion_group!(benches, stores);
criterion_main!(benches);

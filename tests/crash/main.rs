//! Promises survive: servers and databases are killed under load, and after each kill an audit that shares no code with
//! the service compares the whole ledger with what customers were told, and with the plan.
//!
//! Days under way survive, too: a server is killed while couriers report, and what was acknowledged is on record.
//!
//! `PUNCTUAL_CRASH_CYCLES` says how many kills each test makes, `PUNCTUAL_CRASH_EVENTS` how many events are reported. Everything random follows from the seed, printed first;
//! `SEED` sets it. (When exactly a kill meets which instruction does not follow from it.)
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(
    clippy::disallowed_methods,
    reason = "times what other processes do, as told by its environment"
)]

mod audit;
mod customer;
mod live;
mod postgres;
mod server;
mod takeover;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use punctual::generate::{DaySpec, bookings, day_terms};
use punctual::grpc::{convert, pb};
use punctual::rng;
use tokio::sync::Mutex;
use tokio::time::sleep;

use audit::Reading;
use customer::{Customer, Dice};
use postgres::Postgres;
use server::{Clients, Line, Server};

/// Tests run one at a time: each has the machine's timing for itself.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

const CUSTOMERS: usize = 8;
/// Kills that a day lives through before the next one is opened.
const CYCLES_PER_DAY: u64 = 10;
/// A server that survives takes a day over within this time.
const TAKEOVER_MAX: Duration = Duration::from_secs(5);
/// After the database is back, changes go on within this time.
const RECOVERY_MAX: Duration = Duration::from_secs(15);
/// Time after which a server that answers nothing is broken.
const PATIENCE: Duration = Duration::from_secs(60);

fn cycles() -> u64 {
    let said = std::env::var("PUNCTUAL_CRASH_CYCLES").ok();
    said.map_or(6, |text| {
        text.parse().expect("PUNCTUAL_CRASH_CYCLES is a number")
    })
}

fn seed() -> u64 {
    let said = std::env::var("SEED").ok();
    let seed = said.map(|text| text.parse().expect("SEED is a number"));
    #[expect(clippy::cast_possible_truncation, reason = "any bits will do")]
    let seed = seed.unwrap_or_else(|| rng::unguessable() as u64);
    println!("SEED={seed}");
    seed
}

/// A day so small that not everybody finds room.
fn spec(seed: u64) -> DaySpec {
    DaySpec {
        seed: 1 + seed % 1_000,
        date: jiff::civil::date(2035, 6, 5),
        orders: 96,
        ..DaySpec::small()
    }
}

fn terms(number: u64, spec: &DaySpec) -> pb::DayTerms {
    pb::DayTerms {
        day_id: format!("day-{number}"),
        scenarios: Some(128),
        // Short, so that holds run out now and then.
        hold_duration: Some(prost_types::Duration {
            seconds: 10,
            nanos: 0,
        }),
        ..convert::terms_message(&day_terms(spec))
    }
}

/// A day with its customers.
struct OpenDay {
    id: String,
    customers: Vec<Customer>,
}

/// Servers on one store, and customers.
struct Shop {
    seed: u64,
    dice: Dice,
    store: String,
    log: PathBuf,
    line: Arc<Line>,
    servers: Vec<Option<Server>>,
    days: Vec<OpenDay>,
    entries: usize,
    slowest_start: Duration,
    slowest_takeover: Duration,
}

impl Shop {
    fn start(seed: u64, store: String, log: PathBuf, servers: usize) -> Self {
        let mut shop = Self {
            dice: Dice::new(seed, &[0]),
            seed,
            store,
            log,
            line: Arc::new(Line::new()),
            servers: (0..servers).map(|_| None).collect(),
            days: Vec::new(),
            entries: 0,
            slowest_start: Duration::ZERO,
            slowest_takeover: Duration::ZERO,
        };
        for number in 0..servers {
            shop.start_server(number);
        }
        shop
    }

    fn start_server(&mut self, number: usize) {
        let begun = Instant::now();
        let server = Server::start(&self.store, &self.log);
        self.slowest_start = self.slowest_start.max(begun.elapsed());
        self.line.connect(number, server.address);
        self.servers[number] = Some(server);
    }

    fn kill_server(&mut self, number: usize) {
        if let Some(mut server) = self.servers[number].take() {
            server.kill();
        }
        self.line.disconnect(number);
    }

    /// Opens the next day, with customers of its own.
    async fn open_day(&mut self) {
        let number = self.days.len() as u64;
        let spec = spec(rng::hash(self.seed, &[number]));
        let terms = terms(number, &spec);
        let orders: Vec<pb::Order> = bookings(&spec)
            .iter()
            .map(convert::booking_message)
            .collect();
        let customer = |nth: usize| {
            let own = orders.iter().skip(nth).step_by(CUSTOMERS).cloned();
            let dice = Dice::new(self.seed, &[1, number, nth as u64]);
            let name = format!("{}-{number}-{nth}", self.seed);
            Customer::new(name, &terms, own.collect(), dice)
        };
        let day = OpenDay {
            id: terms.day_id.clone(),
            customers: (0..CUSTOMERS).map(customer).collect(),
        };
        let request = pb::OpenDayRequest {
            request_id: format!("{}-{number}-open", self.seed),
            terms: Some(terms),
        };
        self.days.push(day);
        self.until_answered(async |clients| clients.promises.open_day(request.clone()).await)
            .await;
    }

    /// The answer of whichever server gives one.
    async fn until_answered<T>(
        &self,
        mut call: impl AsyncFnMut(&mut Clients) -> Result<T, tonic::Status>,
    ) -> T {
        let begun = Instant::now();
        let mut turn = 0;
        loop {
            let (_, address) = self.line.address(turn).unwrap();
            match call(&mut Clients::of(address)).await {
                Ok(answer) => return answer,
                Err(status) => assert!(begun.elapsed() < PATIENCE, "{status:?}"),
            }
            turn += 1;
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Lets the customers of the last day shop while `meanwhile` happens.
    async fn trade(&mut self, meanwhile: impl AsyncFnOnce(&mut Self)) {
        self.line.set_over(false);
        let customers = std::mem::take(&mut self.days.last_mut().unwrap().customers);
        let shopping: Vec<_> = customers
            .into_iter()
            .map(|mut customer| {
                let line = Arc::clone(&self.line);
                tokio::spawn(async move {
                    customer.shop(&line).await;
                    customer
                })
            })
            .collect();
        meanwhile(self).await;
        self.line.set_over(true);
        let mut customers = Vec::new();
        for customer in shopping {
            customers.push(customer.await.unwrap());
        }
        self.days.last_mut().unwrap().customers = customers;
    }

    /// A while of 20 to 2,000 ms, short ones as likely as long ones.
    async fn a_while(&mut self) {
        let exponent = self.dice.below(1_001) as f64 / 500.0;
        let millis = 20.0 * 10.0_f64.powf(exponent);
        sleep(Duration::from_secs_f64(millis / 1_000.0)).await;
    }

    /// Waits until a server other than `but` has acknowledged something after `since`; how long after.
    async fn goes_on(&self, since: Instant, but: Option<usize>) -> Duration {
        loop {
            let (server, at) = self.line.last();
            if at > since && Some(server) != but {
                return at - since;
            }
            if since.elapsed() > PATIENCE {
                self.line.violated("nothing goes on".to_owned());
                return PATIENCE;
            }
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Audits day `number` and fails if anything is wrong.
    async fn audit(&mut self, number: usize) {
        let day = &self.days[number];
        let reading = self
            .until_answered(async |clients| Reading::of(&day.id, clients).await)
            .await;
        let tickets: Vec<_> = day.customers.iter().flat_map(Customer::accounts).collect();
        let mut found = reading.audit(&tickets);
        found.extend(self.line.violations());
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let panicked = log.lines().filter(|line| line.contains("panicked"));
        found.extend(panicked.map(str::to_owned));
        self.entries = self.entries.max(reading.ledger.len());
        if !found.is_empty() {
            let log: Vec<&str> = log.lines().rev().take(20).collect();
            panic!(
                "SEED={} day {}:\n{}\nserver's log, the newest first:\n{}",
                self.seed,
                day.id,
                found.join("\n"),
                log.join("\n")
            );
        }
    }

    /// Runs `cycles` of trade with a kill in each, and audits after each; all days again at the end.
    async fn run(&mut self, cycles: u64, mut kill: impl AsyncFnMut(&mut Self)) {
        let begun = Instant::now();
        for cycle in 0..cycles {
            if cycle % CYCLES_PER_DAY == 0 {
                if !self.days.is_empty() {
                    self.close_day().await;
                }
                self.open_day().await;
            }
            self.trade(&mut kill).await;
            for number in 0..self.servers.len() {
                if self.servers[number].is_none() {
                    self.start_server(number);
                }
            }
            self.audit(self.days.len() - 1).await;
        }
        for number in 0..self.days.len() {
            self.audit(number).await;
        }
        let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::SeqCst);
        println!(
            "{cycles} kills in {:.0?}: {} changes acknowledged, {} refused, {} calls without answer, {} answers asked for \
             again; longest ledger {} entries; slowest start {:.0?}, slowest recovery {:.0?}",
            begun.elapsed(),
            count(&self.line.acknowledged),
            count(&self.line.refused),
            count(&self.line.unanswered),
            count(&self.line.replayed),
            self.entries,
            self.slowest_start,
            self.slowest_takeover,
        );
    }

    /// Closes the last day.
    async fn close_day(&mut self) {
        let day = self.days.last().unwrap();
        let request = pb::CloseDayRequest {
            request_id: format!("{}-{}-close", self.seed, day.id),
            day_id: day.id.clone(),
        };
        self.until_answered(async |clients| clients.promises.close_day(request.clone()).await)
            .await;
    }

    /// Notes a recovery, which must not take longer than `max`.
    fn recovered(&mut self, what: &str, took: Duration, max: Duration) {
        self.slowest_takeover = self.slowest_takeover.max(took);
        if took > max {
            self.line.violated(format!("{what} took {took:.1?}"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_promise_is_lost_or_doubled_when_the_server_is_killed() {
    let _one = ONE_AT_A_TIME.lock().await;
    let folder = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", folder.path().join("store").display());
    let mut shop = Shop::start(seed(), store, folder.path().join("log"), 1);
    shop.run(cycles(), async |shop| {
        shop.a_while().await;
        shop.kill_server(0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_promise_is_lost_or_doubled_when_server_or_database_is_killed() {
    let _one = ONE_AT_A_TIME.lock().await;
    let Some(mut postgres) = Postgres::start() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut shop = Shop::start(seed(), postgres.url(), folder.path().join("log"), 1);
    shop.run(cycles(), async |shop| {
        shop.a_while().await;
        if shop.dice.below(2) == 0 {
            shop.kill_server(0);
            return;
        }
        postgres.kill();
        shop.a_while().await;
        postgres.revive();
        let took = shop.goes_on(Instant::now(), None).await;
        shop.recovered("going on after the database was back", took, RECOVERY_MAX);
        shop.a_while().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_server_takes_over_when_the_owner_is_killed() {
    let _one = ONE_AT_A_TIME.lock().await;
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut shop = Shop::start(seed(), postgres.url(), folder.path().join("log"), 2);
    shop.run(cycles(), async |shop| {
        let begun = Instant::now();
        shop.goes_on(begun, None).await;
        shop.a_while().await;
        let (owner, _) = shop.line.last();
        shop.kill_server(owner);
        let took = shop.goes_on(Instant::now(), Some(owner)).await;
        shop.recovered("taking over", took, TAKEOVER_MAX);
        shop.a_while().await;
    })
    .await;
}

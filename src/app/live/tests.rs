//! Days under way, end to end but for the wire: what is told is on record, whatever becomes of the store, of leases and of
//! writers.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;

use super::*;
use crate::day::{AlertChange, Event, LiveTerms};
use crate::forecast::fixture::{at, courier_id, day, order, plan};
use crate::store::{Fault as StoreFault, Lease, Memory};

/// Longest wait for what should happen within a second or two.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long leases last here.
const LEASE: Duration = Duration::from_millis(500);

/// Two couriers with four stops each, promised from nine to half past ten.
fn start(is_simulated: bool) -> Start {
    let order = |number| order(number, 300, &[(at(9, 0), at(10, 30))]);
    let problem = day((1..=8).map(order).collect(), 2, |_, _| Some(600));
    let plan = plan(&[(0, at(8, 40), &[1, 2, 3, 4]), (1, at(8, 40), &[5, 6, 7, 8])]);
    Start {
        id: id(),
        terms: LiveTerms {
            days: 128,
            ..LiveTerms::default()
        },
        is_calibrated: false,
        is_simulated,
        problem: Arc::new(problem),
        plan: Arc::new(plan),
    }
}

fn id() -> DayId {
    DayId::parse("monday").unwrap()
}

fn key(id: &str) -> RequestKey {
    RequestKey {
        id: id.to_owned(),
        body: [7; 32],
    }
}

fn observed(id: &str, at: Timestamp, event: Event) -> Observed {
    Observed {
        id: EventId::parse(id).unwrap(),
        at,
        event,
    }
}

fn departed(courier: u32) -> Event {
    Event::Departed {
        courier: courier_id(courier),
    }
}

fn broken_down(courier: u32) -> Event {
    Event::BrokenDown {
        courier: courier_id(courier),
        until: None,
        note: String::new(),
    }
}

/// A process that follows days, beside others on the same store.
struct Server {
    days: LiveDays,
    memory: Memory,
    clock: WallClock,
}

impl Server {
    fn new(memory: &Memory, clock: &WallClock, name: &str) -> Self {
        let days = LiveDays::new(LiveSetup {
            store: Store::from(memory.clone()),
            owner: owner(name),
            clock: clock.clone(),
            lease_lasts: LEASE,
            config: LiveConfig {
                idle_seconds: 1,
                ..LiveConfig::default()
            },
        });
        Self {
            days,
            memory: memory.clone(),
            clock: clock.clone(),
        }
    }

    /// One with a day, at half past eight.
    async fn with_day(is_simulated: bool) -> Self {
        let server = Self::new(&Memory::default(), &WallClock::manual(at(8, 30)), "one");
        let as_of = is_simulated.then(|| at(8, 30));
        let started = server
            .days
            .start(key("start"), start(is_simulated), as_of)
            .await;
        started.unwrap();
        server
    }

    async fn report(&self, events: Vec<Observed>, now: Timestamp) -> Result<Reported, LiveError> {
        self.days.report(&id(), events, Some(now)).await
    }

    /// How many of these events are on record.
    async fn on_record(&self, event: &str) -> usize {
        let entries = self.days.record(&id(), 0, 10_000).await.unwrap();
        let reports = entries.iter().filter_map(|entry| entry.what.report());
        reports.filter(|report| report.id.as_str() == event).count()
    }

    /// The record played back is the day that is shown.
    async fn audit(&self) {
        let shown = self.days.snapshot(&id()).await.unwrap();
        let entries = self.days.record(&id(), 0, 10_000).await.unwrap();
        let (_, played) = LiveDay::replay(entries).unwrap();
        assert_eq!(played.day(), shown.day());
        assert_eq!(played.alerts(), shown.alerts());
        assert_eq!(played.now(), shown.now());
    }

    /// Days in memory.
    fn in_memory(&self) -> usize {
        locked(&self.days.writers).days.len()
    }
}

fn owner(name: &str) -> Owner {
    Owner {
        name: name.to_owned(),
        address: format!("http://{name}"),
    }
}

/// Waits until `is_so`.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    waited.unwrap_or_else(|_| panic!("{what} should have happened long ago"));
}

fn is_outcome_known(error: &LiveError) -> Option<bool> {
    if let LiveError::Other(PromiseError::Unavailable {
        is_outcome_known, ..
    }) = error
    {
        Some(*is_outcome_known)
    } else {
        None
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_acknowledged_that_is_not_stored() {
    let server = Server::with_day(true).await;
    server.memory.fail(&[StoreFault::Refuse]);
    let event = || vec![observed("e-1", at(8, 55), departed(0))];
    let error = server.report(event(), at(8, 55)).await.unwrap_err();
    assert_eq!(is_outcome_known(&error), Some(true), "{error:?}");
    assert_eq!(server.on_record("e-1").await, 0);
    let state = server.days.snapshot(&id()).await.unwrap();
    assert_eq!(state.day().couriers()[0].departure(), None);
    // The writer goes on once the store does.
    let again = server.report(event(), at(8, 55)).await.unwrap();
    assert!(!again.answers[0].as_ref().unwrap().is_repeated);
    assert_eq!(server.on_record("e-1").await, 1);
    server.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_whose_outcome_is_unknown_is_settled_by_sending_it_again() {
    for (fault, is_there) in [
        (StoreFault::LoseBefore, false),
        (StoreFault::LoseAfter, true),
    ] {
        let server = Server::with_day(true).await;
        server.memory.fail(&[fault]);
        let event = || vec![observed("e-1", at(8, 55), departed(0))];
        let error = server.report(event(), at(8, 55)).await.unwrap_err();
        assert_eq!(is_outcome_known(&error), Some(false), "{error:?}");
        let again = server.report(event(), at(8, 55)).await.unwrap();
        let taken = again.answers[0].as_ref().unwrap();
        assert_eq!(taken.is_repeated, is_there, "{fault:?}");
        assert_eq!(server.on_record("e-1").await, 1, "{fault:?}");
        server.audit().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_could_not_be_stored_is_not_there() {
    let server = Server::new(&Memory::default(), &WallClock::manual(at(8, 30)), "one");
    server.memory.fail(&[StoreFault::Refuse]);
    let start_it = || server.days.start(key("start"), start(true), None);
    let error = start_it().await.unwrap_err();
    assert_eq!(is_outcome_known(&error), Some(true), "{error:?}");
    let missing = server.days.look(&id(), |_| ()).await.unwrap_err();
    assert_eq!(missing, LiveError::UnknownDay(id()));
    start_it().await.unwrap();
    server.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_that_is_not_stored_is_not_told() {
    let server = Server::with_day(true).await;
    let mut watch = server.days.watch(&id()).await.unwrap();
    assert!(watch.open.is_empty());
    server.memory.fail(&[StoreFault::Refuse]);
    let event = || vec![observed("e-1", at(8, 55), broken_down(0))];
    server.report(event(), at(8, 55)).await.unwrap_err();
    // The watcher is sent away, without having been told anything.
    let told = tokio::time::timeout(PATIENCE, watch.changes.recv()).await;
    assert_eq!(told.unwrap().unwrap_err(), RecvError::Closed);
    let watch = server.days.watch(&id()).await.unwrap();
    assert!(watch.open.is_empty());
    server.report(event(), at(8, 55)).await.unwrap();
    let open = server.days.watch(&id()).await.unwrap().open;
    assert_eq!(open.len(), 4, "{open:?}");
    server.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_another_server_has_taken_is_let_go_and_nothing_is_written_twice() {
    let server = Server::with_day(true).await;
    let event = |id: &str, courier| vec![observed(id, at(8, 55), departed(courier))];
    server.report(event("e-1", 0), at(8, 55)).await.unwrap();
    let mut watch = server.days.watch(&id()).await.unwrap();
    // The lease runs out, as if this server had been asleep, and another one takes it.
    let store = Store::from(server.memory.clone());
    let lease = Lease {
        book: Book::Record,
        day: id(),
        epoch: 1,
    };
    let other = owner("two");
    let mut taken = None;
    until("the lease is taken", async || {
        store.release(std::slice::from_ref(&lease)).await.unwrap();
        let acquired = store.acquire(Book::Record, &lease.day, &other, PATIENCE);
        taken = acquired.await.unwrap().ok();
        taken.is_some()
    })
    .await;
    let error = server.report(event("e-2", 1), at(8, 56)).await.unwrap_err();
    assert!(
        matches!(&error, LiveError::Other(PromiseError::NotOwner { .. })),
        "{error:?}"
    );
    assert_eq!(server.on_record("e-2").await, 0);
    let told = tokio::time::timeout(PATIENCE, watch.changes.recv()).await;
    assert_eq!(told.unwrap().unwrap_err(), RecvError::Closed);
    // Whoever asks is sent to the other one by its address.
    let error = server.days.look(&id(), |_| ()).await.unwrap_err();
    assert!(
        matches!(&error, LiveError::Other(PromiseError::NotOwner { address, .. }) if address == "http://two"),
        "{error:?}"
    );
    // Once that one has given it back, this one goes on where the record is.
    store.release(&[taken.unwrap()]).await.unwrap();
    server.report(event("e-2", 1), at(8, 56)).await.unwrap();
    assert_eq!(server.on_record("e-1").await, 1);
    assert_eq!(server.on_record("e-2").await, 1);
    server.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_day_is_let_go_and_read_again_when_somebody_asks() {
    let server = Server::with_day(true).await;
    let event = vec![observed("e-1", at(8, 55), broken_down(0))];
    server.report(event, at(8, 55)).await.unwrap();
    let before = server.days.look(&id(), LiveView::of).await.unwrap();
    assert_eq!(before.open_alerts, 4);
    until("the day is let go", async || server.in_memory() == 0).await;
    let after = server.days.look(&id(), LiveView::of).await.unwrap();
    assert_eq!(after, before);
    server.audit().await;
    // One that is watched is not let go.
    let watch = server.days.watch(&id()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(server.in_memory(), 1);
    drop(watch);
    until("the day is let go", async || server.in_memory() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_courier_raises_an_alert_by_the_clock_alone() {
    let server = Server::with_day(false).await;
    server.clock.set(at(8, 52));
    let event = vec![observed("e-1", at(8, 51), departed(0))];
    server.days.report(&id(), event, None).await.unwrap();
    let mut watch = server.days.watch(&id()).await.unwrap();
    assert!(watch.open.is_empty(), "{:?}", watch.open);
    // Nothing is reported, nobody asks, only time passes.
    let told = async {
        let mut minute = 52;
        loop {
            minute += 5;
            server.clock.set(at(8, minute));
            let change = tokio::time::timeout(2 * LEASE, watch.changes.recv()).await;
            if let Ok(news) = change
                && let News::Alert(told) = &*news.unwrap()
            {
                return told.clone();
            }
        }
    };
    let told = tokio::time::timeout(PATIENCE, told).await.unwrap();
    assert!(matches!(told.change, AlertChange::Raised(_)), "{told:?}");
    let promised = told.change.alert().promised_end;
    assert!(told.at < promised, "{told:?}");
    server.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_under_way_is_kept_though_nobody_asks() {
    let server = Server::with_day(false).await;
    server.clock.set(at(9, 0));
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(server.in_memory(), 1);
    // The day after, nobody needs it.
    server.clock.set(at(33, 0));
    until("the day is let go", async || server.in_memory() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_under_way_that_nobody_has_is_taken_up_and_no_other() {
    let first = Server::with_day(false).await;
    let mut simulated = start(true);
    simulated.id = DayId::parse("simulated").unwrap();
    let started = first.days.start(key("simulated"), simulated, None).await;
    started.unwrap();
    let second = Server::new(&first.memory, &first.clock, "two");
    second.days.take_up().await.unwrap();
    assert_eq!(second.in_memory(), 0, "the first one has it");
    let event = vec![observed("e-1", at(8, 30), departed(0))];
    first.days.report(&id(), event, None).await.unwrap();
    drop(first);
    until("the day is taken up", async || {
        second.days.take_up().await.unwrap();
        second.in_memory() == 1
    })
    .await;
    assert!(second.days.has(&id()));
    assert_eq!(second.on_record("e-1").await, 1);
    // Of the courier who has left nothing is heard any more.
    second.clock.set(at(10, 10));
    until("an alert is raised", async || {
        let entries = second.days.record(&id(), 0, 10_000).await.unwrap();
        let kinds = entries.iter().map(|entry| entry.what.kind());
        { kinds }.any(|kind| kind == "alert_raised")
    })
    .await;
    second.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_days_are_taken_up_than_there_is_room_for() {
    let first = Server::with_day(false).await;
    for name in ["tuesday", "wednesday"] {
        let mut other = start(false);
        other.id = DayId::parse(name).unwrap();
        first.days.start(key(name), other, None).await.unwrap();
    }
    let days = LiveDays::new(LiveSetup {
        store: Store::from(first.memory.clone()),
        owner: owner("two"),
        clock: first.clock.clone(),
        lease_lasts: LEASE,
        config: LiveConfig {
            days_max: 2,
            ..LiveConfig::default()
        },
    });
    drop(first);
    until("two days are taken up", async || {
        days.take_up().await.unwrap();
        locked(&days.writers).days.len() == 2
    })
    .await;
    days.take_up().await.unwrap();
    assert_eq!(locked(&days.writers).days.len(), 2);
}

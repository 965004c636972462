//! Promises, end to end but for the wire.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::model::fixture::{Fixture, at, hours};
use crate::model::{NoiseModel, OnTimeTarget, Problem};
use crate::promise::{DayState, OfferedWindow};
use crate::store::{Fault as StoreFault, Memory};
use crate::units::{Load, Timestamp};

/// Two vans that hold three crates each, and six customers with one crate each and more.
fn town() -> Problem {
    let mut day = Fixture::new();
    for courier in ["anna", "boris"] {
        day = day.courier(courier, |courier| {
            courier.capacities.insert("crates".to_owned(), Load(3));
        });
    }
    for number in 0..20 {
        day = day.order(&format!("o{number}"), (300 + 20 * number, 0), |order| {
            order.loads.insert("crates".to_owned(), Load(1));
        });
    }
    day.build()
}

fn terms(problem: &Problem) -> DayTerms {
    let mut base = problem.clone();
    base.orders.clear();
    let window = |id: &str, start, end| OfferedWindow {
        id: WindowId::parse(id).unwrap(),
        window: hours(start, end),
        cut_off: None,
    };
    DayTerms {
        id: DayId::parse("monday").unwrap(),
        base,
        windows: vec![window("morning", 9, 12), window("noon", 12, 15)],
        area: None,
        target: Some(OnTimeTarget {
            expected: 0.95,
            floor: Some(0.8),
        }),
        hold_duration: Seconds(600),
        noise: NoiseModel::default(),
        drift: None,
        is_calibrated: false,
        grace: Seconds::ZERO,
        scenarios: 128,
        seed: 1,
    }
}

fn booking(problem: &Problem, number: usize) -> Booking {
    let order = &problem.orders[number];
    Booking {
        order: crate::model::Order {
            windows: Vec::new(),
            promise: None,
            ..order.clone()
        },
        place: problem.place(order.place).clone(),
    }
}

fn key(id: &str) -> RequestKey {
    RequestKey {
        id: id.to_owned(),
        body: [7; 32],
    }
}

struct Shop {
    promises: Promises,
    memory: Memory,
    clock: WallClock,
    problem: Problem,
    day: DayId,
}

impl Shop {
    async fn open() -> Self {
        let memory = Memory::default();
        let clock = WallClock::manual(at(6, 0));
        let problem = town();
        let terms = terms(&problem);
        let promises = promises(&memory, &clock, "one");
        promises.open(key("open"), terms.clone()).await.unwrap();
        Self {
            promises,
            memory,
            clock,
            problem,
            day: terms.id,
        }
    }

    async fn hold(&self, number: usize) -> Result<PromiseView, PromiseError> {
        self.hold_in(number, "morning").await
    }

    async fn hold_in(&self, number: usize, window: &str) -> Result<PromiseView, PromiseError> {
        let window = WindowId::parse(window).unwrap();
        let key = key(&format!("hold {number} {}", self.clock.now().0));
        let booking = booking(&self.problem, number);
        let day = &self.day;
        self.promises.hold(key, day, booking, &window, None).await
    }

    /// The ledger says what is published, and the plan of it is sound.
    async fn audit(&self) {
        let entries = self
            .promises
            .ledger(&self.day, None, 0, 1_000)
            .await
            .unwrap();
        let replayed = Day::replay(&entries).unwrap();
        let published = self.promises.published(&self.day).await.unwrap();
        let is_same = published.read().unwrap().day == replayed;
        assert!(is_same, "what is published is not what the ledger says");
        let plan = self.promises.plan(&self.day, 256).await.unwrap();
        assert!(plan.plan.verdict.is_feasible(), "{:?}", plan.plan.verdict);
        assert!(plan.plan.unserved.is_empty());
        assert_eq!(plan.problem.orders.len(), replayed.live().len());
    }
}

fn promises(memory: &Memory, clock: &WallClock, name: &str) -> Promises {
    let setup = PromisesSetup {
        store: Store::from(memory.clone()),
        owner: Owner {
            name: name.to_owned(),
            address: format!("http://{name}"),
        },
        clock: clock.clone(),
        config: PromiseConfig {
            improve_ms: 50,
            lease_ms: 500,
            ..PromiseConfig::default()
        },
    };
    Promises::start(setup, Arc::new(Compute::new().unwrap())).unwrap()
}

fn refusal<T: std::fmt::Debug>(outcome: Result<T, PromiseError>) -> Refusal {
    match outcome {
        Err(PromiseError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_is_quoted_held_and_confirmed() {
    let shop = Shop::open().await;
    let quote = shop
        .promises
        .quote(&shop.day, booking(&shop.problem, 0))
        .await
        .unwrap();
    assert!(quote.windows.iter().all(|window| window.outcome.is_ok()));
    let held = shop.hold(0).await.unwrap();
    assert_eq!(held.record.state, PromiseState::Held);
    assert_eq!(held.record.expires_at, at(6, 10));
    let id = held.record.id.clone();
    let confirmed = shop
        .promises
        .confirm(key("c"), &shop.day, &id)
        .await
        .unwrap();
    assert_eq!(confirmed.record.state, PromiseState::Confirmed);
    assert!(confirmed.standing.unwrap().probability.estimate > 0.9);
    // Confirming again, for whatever reason, changes nothing.
    let again = shop
        .promises
        .confirm(key("c2"), &shop.day, &id)
        .await
        .unwrap();
    assert_eq!(again.record, confirmed.record);
    let view = shop.promises.day(&shop.day).await.unwrap();
    assert_eq!((view.counts.confirmed, view.counts.held), (1, 0));
    shop.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_comes_again_gets_its_first_answer_and_another_body_none() {
    let shop = Shop::open().await;
    let window = WindowId::parse("morning").unwrap();
    let hold = |key| {
        let booking = booking(&shop.problem, 0);
        shop.promises.hold(key, &shop.day, booking, &window, None)
    };
    let first = hold(key("x")).await.unwrap();
    let id = first.record.id.clone();
    shop.promises
        .release(key("r"), &shop.day, &id)
        .await
        .unwrap();
    assert_eq!(
        hold(key("x")).await.unwrap(),
        first,
        "although it is released by now"
    );
    let other = RequestKey {
        id: "x".to_owned(),
        body: [8; 32],
    };
    let refused = refusal(hold(other).await);
    assert_eq!(refused, Refusal::RequestIdReused("x".to_owned()));
    shop.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_is_not_sold_twice() {
    let shop = Arc::new(Shop::open().await);
    let holds = (0..20).map(|number| {
        let shop = Arc::clone(&shop);
        tokio::spawn(async move { shop.hold(number).await })
    });
    let mut held = Vec::new();
    for hold in holds.collect::<Vec<_>>() {
        match hold.await.unwrap() {
            Ok(view) => held.push(view.record.id.clone()),
            Err(PromiseError::Refused(Refusal::NotPossible { alternatives, .. })) => {
                assert_eq!(alternatives.windows.len(), 2);
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(held.len(), 6, "two vans with three crates each");
    shop.audit().await;
    // Letting one go makes room for one.
    shop.promises
        .release(key("r"), &shop.day, &held[0])
        .await
        .unwrap();
    shop.clock.set(at(6, 1));
    let mut fresh = 0;
    for number in 0..20 {
        match shop.hold(number).await {
            Ok(_) => fresh += 1,
            Err(PromiseError::Refused(_)) => {}
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(fresh, 1);
    shop.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_runs_out_by_itself() {
    let shop = Shop::open().await;
    let held = shop.hold(0).await.unwrap();
    let id = held.record.id.clone();
    shop.clock.set(at(6, 10) + Seconds(1));
    let outcome = shop.promises.confirm(key("c"), &shop.day, &id).await;
    let Refusal::HoldExpired {
        at: expired_at,
        alternatives,
        ..
    } = refusal(outcome)
    else {
        panic!("not expired");
    };
    assert_eq!(expired_at, at(6, 10));
    assert!(alternatives.unwrap().windows[0].outcome.is_ok());
    let view = shop.promises.promise(&shop.day, &id).await.unwrap();
    assert_eq!(view.record.state, PromiseState::Expired);
    assert!(view.standing.is_none());
    // The order can be held again.
    assert!(shop.hold(0).await.is_ok());
    shop.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_amendment_moves_a_promise_or_leaves_it_as_it_is() {
    let shop = Shop::open().await;
    let held = shop.hold(0).await.unwrap();
    let id = held.record.id.clone();
    shop.promises
        .confirm(key("c"), &shop.day, &id)
        .await
        .unwrap();
    let noon = WindowId::parse("noon").unwrap();
    let (promises, day) = (&shop.promises, &shop.day);
    let moved = promises
        .amend(key("a"), day, &id, Some(noon.clone()), None, None)
        .await
        .unwrap();
    assert_eq!(moved.record.window, noon);
    assert_eq!(
        moved.record.first.0.window,
        hours(9, 12),
        "the first promise stays"
    );
    let mut heavy = booking(&shop.problem, 0);
    heavy.order.loads.insert("crates".to_owned(), Load(4));
    let outcome = promises
        .amend(key("b"), day, &id, None, Some(heavy), None)
        .await;
    assert!(matches!(refusal(outcome), Refusal::NotPossible { .. }));
    let view = promises.promise(day, &id).await.unwrap();
    assert_eq!(view.record, moved.record);
    shop.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_said() {
    let shop = Shop::open().await;
    let (promises, day) = (&shop.promises, &shop.day);
    let unknown = PromiseId::parse("nobody").unwrap();
    let outcome = promises.confirm(key("1"), day, &unknown).await;
    assert_eq!(refusal(outcome), Refusal::UnknownPromise(unknown));
    let nowhere = DayId::parse("sunday").unwrap();
    assert_eq!(
        refusal(promises.day(&nowhere).await),
        Refusal::UnknownDay(nowhere)
    );
    let outcome = shop.hold_in(0, "night").await;
    assert!(matches!(refusal(outcome), Refusal::UnknownWindow { .. }));
    let id = shop.hold(0).await.unwrap().record.id.clone();
    shop.clock.set(at(6, 1));
    assert!(matches!(
        refusal(shop.hold(0).await),
        Refusal::OrderTaken { .. }
    ));
    let outcome = promises.cancel(key("2"), day, &id).await;
    assert!(matches!(refusal(outcome), Refusal::WrongState { .. }));
    promises.release(key("3"), day, &id).await.unwrap();
    let outcome = promises.confirm(key("4"), day, &id).await;
    assert!(matches!(
        refusal(outcome),
        Refusal::WrongState {
            state: PromiseState::Released,
            ..
        }
    ));
    let mut other = terms(&shop.problem);
    other.seed = 2;
    let outcome = promises.open(key("5"), other).await;
    assert_eq!(refusal(outcome), Refusal::DayExists(day.clone()));
    shop.clock.set(at(12, 1));
    assert!(matches!(
        refusal(shop.hold(1).await),
        Refusal::PastCutOff { .. }
    ));
    promises.close(key("6"), day).await.unwrap();
    assert_eq!(refusal(shop.hold(1).await), Refusal::DayClosed(day.clone()));
    assert_eq!(promises.day(day).await.unwrap().state, DayState::Closed);
    shop.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_shown_that_is_not_stored() {
    let shop = Shop::open().await;
    shop.memory.fail(&[StoreFault::Refuse]);
    let outcome = shop.hold(0).await;
    assert!(
        matches!(
            outcome,
            Err(PromiseError::Unavailable {
                is_outcome_known: true,
                ..
            })
        ),
        "{outcome:?}"
    );
    assert_eq!(shop.promises.day(&shop.day).await.unwrap().counts.held, 0);
    // The same request goes through once the store is back.
    assert!(shop.hold(0).await.is_ok());
    shop.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_with_an_unknown_outcome_is_settled_by_repeating_it() {
    for (fault, number) in [(StoreFault::LoseBefore, 0), (StoreFault::LoseAfter, 1)] {
        let shop = Shop::open().await;
        shop.memory.fail(&[fault]);
        let outcome = shop.hold(number).await;
        assert!(matches!(
            outcome,
            Err(PromiseError::Unavailable {
                is_outcome_known: false,
                ..
            })
        ));
        let held = shop.hold(number).await.unwrap();
        let entries = shop
            .promises
            .ledger(&shop.day, None, 0, 1_000)
            .await
            .unwrap();
        let holds = entries.iter().filter(|entry| entry.event.kind() == "held");
        assert_eq!(holds.count(), 1, "{fault:?}");
        let order = &held.record.booking.order.id;
        assert_eq!(*order, shop.problem.orders[number].id);
        shop.promises.day(&shop.day).await.unwrap();
        shop.audit().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_moves_to_another_process_when_its_owner_is_gone() {
    let shop = Shop::open().await;
    let held = shop.hold(0).await.unwrap();
    let other = promises(&shop.memory, &shop.clock, "two");
    let outcome = other.day(&shop.day).await;
    assert!(
        matches!(&outcome, Err(PromiseError::NotOwner { address, .. }) if address == "http://one"),
        "{outcome:?}"
    );
    let Shop {
        promises: first,
        day,
        memory,
        ..
    } = shop;
    drop(first);
    let taken = async {
        loop {
            if let Ok(view) = other.day(&day).await {
                return view;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let view = tokio::time::timeout(Duration::from_secs(5), taken)
        .await
        .unwrap();
    assert_eq!(view.counts.held, 1);
    let id = held.record.id.clone();
    other.confirm(key("c"), &day, &id).await.unwrap();
    drop(memory);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_gets_better_while_nobody_asks() {
    let shop = Shop::open().await;
    for number in [0, 5, 1, 4] {
        let window = if number % 2 == 0 { "morning" } else { "noon" };
        shop.hold_in(number, window).await.unwrap();
    }
    let version = || async { shop.promises.day(&shop.day).await.unwrap().plan_version };
    let settled = async {
        let mut last = version().await;
        loop {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let now = version().await;
            if now == last {
                return;
            }
            last = now;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), settled)
        .await
        .unwrap();
    shop.audit().await;
    assert_eq!(shop.clock.now(), Timestamp(at(6, 0).0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_server_answered_while_a_request_was_waiting_is_answered_again() {
    let shop = Shop::open().await;
    let (window, day) = (WindowId::parse("morning").unwrap(), shop.day.clone());
    let booking = booking(&shop.problem, 0);
    let first = shop
        .promises
        .hold(key("x"), &day, booking.clone(), &window, None)
        .await
        .unwrap();
    let other = promises(&shop.memory, &shop.clock, "two");
    // The other server had looked for an answer before there was one. Then the first one is gone.
    let ask = || async {
        let (answer, told) = oneshot::channel();
        let job = Job {
            day: day.clone(),
            key: Some(key("x")),
            asked: Duration::ZERO,
            wish: Wish::Change(Command::Hold {
                booking: Box::new(booking.clone()),
                window: window.clone(),
                least: None,
            }),
            answer,
        };
        other.jobs.send(job).await.unwrap();
        told.await.unwrap()
    };
    drop(shop.promises);
    let answered = async {
        loop {
            match ask().await {
                Err(PromiseError::NotOwner { .. }) => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                other => return other,
            }
        }
    };
    let again = tokio::time::timeout(Duration::from_secs(5), answered).await;
    assert_eq!(again.unwrap(), Ok(Answer::Promise(Box::new(first))));
}

//! What a ledger keeps to, whatever is written to it.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::model::fixture::{Fixture, at, courier_id, hours, order_id};
use crate::model::{DayId, NoiseModel, PlaceIdx, PromiseId, WindowId};
use crate::units::{BasisPoints, Seconds, Timestamp};

fn terms() -> DayTerms {
    let day = Fixture::new()
        .courier("anna", |_| {})
        .courier("boris", |_| {})
        .build();
    let window = |id: &str, start, end| OfferedWindow {
        id: WindowId::parse(id).unwrap(),
        window: hours(start, end),
        cut_off: (id == "early").then(|| at(9, 0)),
    };
    DayTerms {
        id: DayId::parse("monday").unwrap(),
        base: day,
        windows: vec![window("early", 10, 12), window("late", 12, 14)],
        area: None,
        target: None,
        hold_duration: Seconds(600),
        noise: NoiseModel::default(),
        drift: None,
        is_calibrated: false,
        grace: Seconds::ZERO,
        scenarios: 128,
        seed: 1,
    }
}

fn statement(chance: u32) -> Statement {
    Statement {
        window: hours(10, 12),
        probability: BasisPoints(chance),
        at_close: None,
        error: BasisPoints(10),
        plan_version: 0,
        noise_version: "default".to_owned(),
    }
}

fn promise_id(number: usize) -> PromiseId {
    PromiseId::parse(&format!("p{number}")).unwrap()
}

fn booking(order: &str) -> Box<Booking> {
    let fixture = Fixture::new().courier("anna", |_| {});
    let day = fixture.order(order, (600, 0), |_| {}).build();
    let order = &day.orders[0];
    Box::new(Booking {
        place: day.place(order.place).clone(),
        order: crate::model::Order {
            place: PlaceIdx(0),
            ..order.clone()
        },
    })
}

fn change(courier: &str, orders: &[&str]) -> RouteChange {
    RouteChange {
        courier: courier_id(courier),
        orders: orders.iter().map(|order| order_id(order)).collect(),
        start: (!orders.is_empty()).then(|| at(9, 0)),
    }
}

fn held(number: usize, order: &str, routes: Vec<RouteChange>) -> Event {
    Event::Held {
        promise: promise_id(number),
        booking: booking(order),
        window: WindowId::parse("early").unwrap(),
        statement: statement(9_900),
        expires_at: at(8, 10),
        routes,
    }
}

/// A ledger under way.
struct Ledger {
    day: Day,
    entries: Vec<Entry>,
}

impl Ledger {
    fn open() -> Self {
        let entry = Entry {
            number: 0,
            at: at(8, 0),
            event: Event::Opened(Box::new(terms())),
        };
        Self {
            day: Day::open(&entry).unwrap(),
            entries: vec![entry],
        }
    }

    fn write(&mut self, event: Event) -> Result<(), Unfit> {
        let entry = Entry {
            number: self.day.length(),
            at: self.day.last_at(),
            event,
        };
        let before = self.day.clone();
        let outcome = self.day.apply(&entry);
        match &outcome {
            Ok(()) => self.entries.push(entry),
            Err(_) => assert_eq!(
                self.day, before,
                "an entry that does not fit changes nothing"
            ),
        }
        outcome
    }
}

#[test]
fn a_hold_becomes_a_promise_and_its_first_statement_stays() {
    let mut ledger = Ledger::open();
    ledger
        .write(held(1, "a", vec![change("anna", &["a"])]))
        .unwrap();
    let confirmed = Event::Confirmed {
        promise: promise_id(1),
        statement: statement(9_700),
    };
    ledger.write(confirmed).unwrap();
    let amended = Event::Amended {
        promise: promise_id(1),
        booking: booking("a"),
        window: WindowId::parse("late").unwrap(),
        statement: Statement {
            window: hours(12, 14),
            ..statement(9_999)
        },
        routes: vec![change("anna", &[]), change("boris", &["a"])],
    };
    ledger.write(amended).unwrap();
    let promise = &ledger.day.promises()[&promise_id(1)];
    assert_eq!(promise.state, PromiseState::Confirmed);
    assert_eq!(
        promise.first.0,
        statement(9_700),
        "what was confirmed first"
    );
    assert_eq!(promise.last.0.probability, BasisPoints(9_999));
    assert_eq!(promise.amendments, 1);
    assert_eq!(promise.entries, [1, 2, 3]);
    assert_eq!(
        ledger.day.courier_of(&order_id("a")),
        Some(&courier_id("boris"))
    );
    assert_eq!(ledger.day.plan_version(), 3);
    assert!(!ledger.day.routes().contains_key(&courier_id("anna")));
}

#[test]
fn entries_that_do_not_fit_are_refused() {
    let mut ledger = Ledger::open();
    let end = |end| Event::Ended {
        promise: promise_id(1),
        end,
        routes: vec![change("anna", &[])],
    };
    let misfits = [
        (held(1, "a", vec![]), "order a has no place"),
        (
            held(1, "a", vec![change("anna", &["b"])]),
            "order b has a place, but no promise",
        ),
        (
            held(1, "a", vec![change("zoe", &["a"])]),
            "there is no courier zoe",
        ),
        (
            held(
                1,
                "a",
                vec![change("anna", &["a"]), change("boris", &["a"])],
            ),
            "order a has two places",
        ),
        (end(End::Released), "there is no promise p1"),
        (Event::Opened(Box::new(terms())), "the day is open already"),
    ];
    for (event, reason) in misfits {
        assert_eq!(ledger.write(event).unwrap_err().reason, reason);
    }
    ledger
        .write(held(1, "a", vec![change("anna", &["a"])]))
        .unwrap();
    let misfits = [
        (
            held(2, "a", vec![change("anna", &["a"])]),
            "order a has a promise already",
        ),
        (
            held(1, "b", vec![change("boris", &["b"])]),
            "there is a promise p1 already",
        ),
        (
            held(2, "b", vec![change("anna", &["b"])]),
            "order a has no place",
        ),
        (end(End::Cancelled), "a held promise does not end like that"),
        (
            Event::Replanned {
                routes: vec![change("boris", &["a"])],
            },
            "order a has a place already",
        ),
    ];
    for (event, reason) in misfits {
        assert_eq!(ledger.write(event).unwrap_err().reason, reason);
    }
    ledger.write(end(End::Expired)).unwrap();
    ledger.write(Event::Closed).unwrap();
    let late = ledger.write(held(3, "c", vec![change("anna", &["c"])]));
    assert_eq!(late.unwrap_err().reason, "the day is closed");
}

#[test]
fn an_entry_out_of_turn_or_from_the_past_is_refused() {
    let mut ledger = Ledger::open();
    let entry = |number, moment| Entry {
        number,
        at: moment,
        event: Event::Closed,
    };
    assert!(ledger.day.apply(&entry(2, at(9, 0))).is_err());
    assert!(ledger.day.apply(&entry(1, at(7, 59))).is_err());
    assert!(ledger.day.apply(&entry(1, at(8, 0))).is_ok());
}

#[test]
fn what_may_be_done_depends_on_the_moment() {
    let mut ledger = Ledger::open();
    let early = WindowId::parse("early").unwrap();
    assert!(ledger.day.offered(&early, at(9, 0)).is_ok());
    assert!(matches!(
        ledger.day.offered(&early, at(9, 0) + Seconds(1)),
        Err(Refusal::PastCutOff { cut_off, .. }) if cut_off == at(9, 0)
    ));
    let unknown = ledger
        .day
        .offered(&WindowId::parse("noon").unwrap(), at(8, 0));
    assert_eq!(
        unknown.unwrap_err().to_string(),
        "the day has no window noon; it offers early, late"
    );
    ledger
        .write(held(1, "a", vec![change("anna", &["a"])]))
        .unwrap();
    let live = |moment| ledger.day.live_promise(&promise_id(1), "confirmed", moment);
    assert!(live(at(8, 10)).is_ok());
    assert!(matches!(
        live(at(8, 10) + Seconds(1)),
        Err(Refusal::HoldExpired { .. })
    ));
    assert_eq!(ledger.day.expired(at(8, 10)).count(), 0);
    assert_eq!(ledger.day.expired(at(8, 11)).count(), 1);
}

/// What somebody tries to write: kind, order, courier, promise.
fn attempt() -> impl Strategy<Value = (u8, usize, bool, usize)> {
    (0..6_u8, 0..4_usize, any::<bool>(), 0..8_usize)
}

proptest! {
    #[test]
    fn whatever_is_written_every_live_promise_has_one_place_and_a_replay_agrees(
        attempts in proptest::collection::vec(attempt(), 0..40)
    ) {
        const ORDERS: [&str; 4] = ["a", "b", "c", "d"];
        let mut ledger = Ledger::open();
        for (kind, order, is_anna, promise) in attempts {
            let courier = if is_anna { "anna" } else { "boris" };
            let sequence = |of: &str| -> Vec<String> {
                let route = ledger.day.routes().get(&courier_id(of));
                let orders = route.map_or(&[][..], |route| &route.orders);
                orders.iter().map(ToString::to_string).collect()
            };
            let name = ORDERS[order];
            let without = |of: &str| {
                let orders: Vec<String> =
                    sequence(of).into_iter().filter(|other| other != name).collect();
                let orders: Vec<&str> = orders.iter().map(String::as_str).collect();
                change(of, &orders)
            };
            let with = |of: &str| {
                let mut change = without(of);
                change.orders.push(order_id(name));
                change.start = Some(at(9, 0));
                change
            };
            let routes = vec![without("anna"), without("boris")];
            let event = match kind {
                0 | 1 => held(promise, name, vec![with(courier)]),
                2 => Event::Confirmed { promise: promise_id(promise), statement: statement(1) },
                3 => Event::Ended { promise: promise_id(promise), end: End::Released, routes },
                4 => Event::Ended { promise: promise_id(promise), end: End::Cancelled, routes },
                _ => Event::Replanned { routes: vec![with(courier)] },
            };
            let _ = ledger.write(event);
            let day = &ledger.day;
            let placed: Vec<_> = day.routes().values().flat_map(|route| &route.orders).collect();
            let distinct: BTreeSet<_> = placed.iter().collect();
            prop_assert_eq!(placed.len(), distinct.len());
            prop_assert_eq!(placed.len(), day.live().len());
            for (order, promise) in day.live() {
                prop_assert!(day.promises()[promise].state.is_live());
                prop_assert!(day.courier_of(order).is_some());
            }
            let live: BTreeMap<_, _> = day.promises().iter()
                .filter(|(_, promise)| promise.state.is_live())
                .map(|(id, promise)| (promise.booking.order.id.clone(), id.clone()))
                .collect();
            prop_assert_eq!(&live, day.live());
        }
        prop_assert_eq!(&Day::replay(&ledger.entries).unwrap(), &ledger.day);
        // Through the stored form as well.
        let stored: Vec<String> =
            ledger.entries.iter().map(|entry| serde_json::to_string(entry).unwrap()).collect();
        let read: Vec<Entry> =
            stored.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
        prop_assert_eq!(read, ledger.entries);
    }
}

#[test]
fn moments_of_the_stored_form_are_whole_seconds() {
    let entry = Entry {
        number: 7,
        at: Timestamp(1_790_000_000),
        event: Event::Closed,
    };
    assert_eq!(
        serde_json::to_string(&entry).unwrap(),
        r#"{"number":7,"at":1790000000,"event":"Closed"}"#
    );
}

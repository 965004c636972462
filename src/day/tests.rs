//! What holds of a day under way, whatever is reported from it.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::forecast::fixture::{at, courier_id, day, order, order_id, plan};
use crate::model::{CourierId, EventId, GeoPoint, Lock, Plan, Problem, Reason};
use crate::units::{BasisPoints, Load, Seconds, Timestamp};

/// Two couriers with four stops each, promised from nine to ten.
pub(super) fn planned() -> (Problem, Plan) {
    let order = |number| {
        let mut order = order(number, 300, &[(at(9, 0), at(10, 0))]);
        order.loads = BTreeMap::from([("kg".to_owned(), Load(10))]);
        order
    };
    let problem = day((1..=9).map(order).collect(), 3, |_, _| Some(600));
    let plan = plan(&[(0, at(8, 40), &[1, 2, 3, 4]), (1, at(8, 40), &[5, 6, 7, 8])]);
    (problem, plan)
}

fn roster() -> Arc<Roster> {
    let (problem, plan) = planned();
    Arc::new(Roster::new(&problem, &plan))
}

fn new_day() -> Day {
    Day::new(roster(), Rules::default())
}

fn event_id(id: &str) -> EventId {
    EventId::parse(id).unwrap()
}

/// Reported as it happens.
pub(super) fn report(id: &str, at: Timestamp, event: Event) -> Report {
    Report {
        id: event_id(id),
        at,
        reported_at: at,
        event,
    }
}

pub(super) fn departed(courier: u32) -> Event {
    Event::Departed {
        courier: courier_id(courier),
    }
}

pub(super) fn arrived(courier: u32, order: u32) -> Event {
    Event::Arrived {
        courier: courier_id(courier),
        order: order_id(order),
    }
}

pub(super) fn delivered(courier: u32, order: u32) -> Event {
    Event::Delivered {
        courier: courier_id(courier),
        order: order_id(order),
    }
}

fn failed(courier: u32, order: u32, reason: FailureReason) -> Event {
    Event::Failed {
        courier: courier_id(courier),
        order: order_id(order),
        reason,
        note: String::new(),
    }
}

/// The day after events of the given ids, moments and kinds, reported as they happened.
fn lived(events: &[(&str, Timestamp, Event)]) -> Day {
    let mut day = new_day();
    for (id, at, event) in events {
        day.report(report(id, *at, event.clone())).unwrap();
    }
    day
}

fn findings(refusal: Refusal) -> Vec<(String, String, Reason)> {
    match refusal {
        Refusal::Invalid(findings) => findings
            .into_iter()
            .map(|finding| (finding.field, finding.subject, finding.reason))
            .collect(),
        Refusal::IdReused(id) => panic!("{id} is not reused"),
    }
}

#[test]
fn a_courier_is_where_the_events_say() {
    let mut day = new_day();
    let at_start = day.courier(&courier_id(0)).unwrap().whereabouts;
    assert_eq!(at_start, Whereabouts::AtStart);
    for (id, moment, event, whereabouts) in [
        (
            "a",
            at(8, 50),
            departed(0),
            Whereabouts::OnTheWay {
                to: 0,
                since: at(8, 50),
            },
        ),
        (
            "b",
            at(9, 0),
            arrived(0, 1),
            Whereabouts::AtDoor {
                stop: 0,
                since: at(9, 0),
                in_service: false,
            },
        ),
        (
            "c",
            at(9, 5),
            delivered(0, 1),
            Whereabouts::OnTheWay {
                to: 1,
                since: at(9, 5),
            },
        ),
        (
            "d",
            at(9, 6),
            Event::Skipped {
                courier: courier_id(0),
                order: order_id(2),
            },
            Whereabouts::OnTheWay {
                to: 2,
                since: at(9, 5),
            },
        ),
    ] {
        let taken = day.report(report(id, moment, event)).unwrap();
        assert_eq!(taken.contradiction, None);
        let state = day.courier(&courier_id(0)).unwrap();
        assert_eq!(state.whereabouts, whereabouts);
    }
    let state = day.courier(&courier_id(0)).unwrap();
    let locks: Vec<Lock> = (0..4).map(|stop| state.lock(stop)).collect();
    assert_eq!(
        locks,
        [Lock::Done, Lock::Free, Lock::InProgress, Lock::Free]
    );
    assert_eq!(state.ahead().collect::<Vec<_>>(), [2, 3]);
}

#[test]
fn the_same_report_again_changes_nothing_and_is_said_to_be_repeated() {
    let mut day = lived(&[("a", at(8, 50), departed(0))]);
    let before = day.clone();
    let mut again = report("a", at(8, 50), departed(0));
    again.reported_at = at(9, 10);
    assert!(day.report(again).unwrap().is_repeated);
    assert_eq!(day, before);
}

#[test]
fn an_id_that_stands_for_another_event_is_refused() {
    let mut day = lived(&[("a", at(8, 50), departed(0))]);
    let before = day.clone();
    for other in [
        report("a", at(8, 50), departed(1)),
        report("a", at(8, 51), departed(0)),
    ] {
        assert_eq!(day.report(other), Err(Refusal::IdReused(event_id("a"))));
    }
    assert_eq!(day, before);
}

#[test]
fn an_arrival_after_the_delivery_is_set_aside_with_field_and_id() {
    let mut day = lived(&[
        ("a", at(8, 50), departed(0)),
        ("b", at(9, 5), delivered(0, 1)),
    ]);
    let taken = day.report(report("c", at(9, 7), arrived(0, 1))).unwrap();
    let finding = taken.contradiction.unwrap();
    assert_eq!(finding.field, "arrived.order_id");
    assert_eq!(finding.subject, "order-1");
    assert_eq!(finding.reason, Reason::Conflict);
    assert!(
        finding.message.contains("09:05:00 UTC"),
        "{}",
        finding.message
    );
    let state = day.courier(&courier_id(0)).unwrap();
    assert_eq!(state.stops[0].state, StopState::Delivered);
    assert_eq!(state.contradictions[0].0, event_id("c"));
}

#[test]
fn a_late_report_makes_sense_of_what_contradicted_before() {
    // The departure is reported last, but happened first.
    let mut day = lived(&[("a", at(9, 0), arrived(0, 1))]);
    let mut late = report("b", at(8, 50), departed(0));
    late.reported_at = at(9, 30);
    let taken = day.report(late).unwrap();
    assert_eq!(taken.contradiction, None);
    let state = day.courier(&courier_id(0)).unwrap();
    assert_eq!(state.departure(), Some(at(8, 50)));
    assert_eq!(state.stops[0].arrival, Some(at(9, 0)));
}

#[test]
fn unknown_orders_couriers_and_areas_are_refused_by_field_and_id() {
    let mut day = new_day();
    let wrong = report("a", at(9, 0), arrived(7, 99));
    assert_eq!(
        findings(day.report(wrong).unwrap_err()),
        [
            (
                "arrived.courier_id".to_owned(),
                "courier-7".to_owned(),
                Reason::UnknownReference
            ),
            (
                "arrived.order_id".to_owned(),
                "order-99".to_owned(),
                Reason::UnknownReference
            ),
        ]
    );
    let traffic = Event::Traffic {
        area: crate::model::ZoneId::parse("atlantis").ok(),
        factor: BasisPoints(999),
        until: Some(at(8, 0)),
    };
    let wrong = findings(day.report(report("b", at(9, 0), traffic)).unwrap_err());
    let fields: Vec<&str> = wrong.iter().map(|(field, ..)| field.as_str()).collect();
    assert_eq!(
        fields,
        ["traffic.area_id", "traffic.factor", "traffic.until_time"]
    );
    assert_eq!(day, new_day());
}

#[test]
fn an_order_of_another_route_is_refused_and_the_route_named() {
    let mut day = new_day();
    for (order, words) in [(5, "courier courier-1"), (9, "in no route")] {
        let refusal = day.report(report("a", at(9, 0), arrived(0, order)));
        let Err(Refusal::Invalid(findings)) = refusal else {
            panic!("{refusal:?}")
        };
        assert!(findings[0].message.contains(words), "{findings:?}");
    }
}

#[test]
fn the_future_is_refused_beyond_the_tolerance_and_an_hours_skew_is_named() {
    let mut day = new_day();
    let ahead = |id: &str, seconds: i64| Report {
        reported_at: at(8, 50) - Seconds(seconds),
        ..report(id, at(8, 50), departed(0))
    };
    assert!(day.report(ahead("a", 120)).is_ok());
    for (seconds, is_zone) in [(121, false), (3_600, true), (3_540, true), (5_000, false)] {
        let refusal = day.report(ahead("b", seconds));
        let Err(Refusal::Invalid(findings)) = refusal else {
            panic!("{refusal:?}")
        };
        assert_eq!(findings[0].field, "event_time");
        assert_eq!(findings[0].subject, "b");
        let message = &findings[0].message;
        assert_eq!(
            message.contains("clock seems to be 1 h fast"),
            is_zone,
            "{message}"
        );
    }
}

#[test]
fn a_clock_an_hour_slow_is_asked_about_where_it_contradicts() {
    let mut day = lived(&[
        ("a", at(8, 50), departed(0)),
        ("b", at(9, 0), arrived(0, 1)),
    ]);
    // Really at five past nine.
    let slow = Report {
        reported_at: at(9, 50),
        ..report("c", at(8, 50), departed(0))
    };
    let finding = day.report(slow).unwrap().contradiction.unwrap();
    assert!(
        finding.message.contains("clock 1 h slow"),
        "{}",
        finding.message
    );
}

#[test]
fn refused_items_come_back_on_board() {
    let refused = |kg| RefusedItem {
        name: "milk".to_owned(),
        count: 2,
        loads: BTreeMap::from([("kg".to_owned(), Load(kg))]),
        reason: "sour".to_owned(),
    };
    let day = lived(&[
        ("a", at(8, 50), departed(0)),
        ("b", at(9, 5), delivered(0, 1)),
        (
            "c",
            at(9, 15),
            Event::DeliveredInPart {
                courier: courier_id(0),
                order: order_id(2),
                refused: vec![refused(3)],
            },
        ),
        ("d", at(9, 25), failed(0, 3, FailureReason::CustomerAbsent)),
    ]);
    let route = &day.roster().routes()[0];
    let state = day.courier(&courier_id(0)).unwrap();
    let kg = |load| BTreeMap::from([("kg".to_owned(), Load(load))]);
    assert_eq!(state.returns(route), kg(13));
    assert_eq!(state.on_board(route), kg(23));
    assert_eq!(state.stops[1].refused, [refused(3)]);
}

#[test]
fn promises_are_judged_by_the_start_of_service_and_the_absent_apart() {
    let grace = Rules {
        grace: Seconds(60),
        ..Rules::default()
    };
    let mut day = Day::new(roster(), grace);
    let events = [
        ("a", at(8, 40), departed(0)),
        ("b", at(8, 50), arrived(0, 1)),
        ("c", at(9, 5), delivered(0, 1)),
        ("d", at(10, 1), arrived(0, 2)),
        ("e", at(10, 4), delivered(0, 2)),
        ("f", at(10, 10), arrived(0, 3)),
        ("g", at(8, 40), departed(1)),
        ("h", at(9, 0), arrived(1, 5)),
        ("i", at(9, 5), failed(1, 5, FailureReason::CustomerAbsent)),
        ("j", at(9, 20), failed(1, 6, FailureReason::GoodsMissing)),
        ("k", at(9, 40), delivered(1, 7)),
    ];
    for (id, at, event) in events {
        day.report(report(id, at, event)).unwrap();
    }
    let outcomes: Vec<Outcome> = (day.outcomes().into_iter())
        .map(|order| order.outcome)
        .collect();
    let kept = |at, basis| Outcome::Kept { at, basis };
    assert_eq!(
        outcomes,
        [
            kept(at(9, 0), Basis::Arrival),
            kept(at(10, 1), Basis::Arrival),
            Outcome::Late {
                at: at(10, 10),
                basis: Basis::Arrival,
                by: Seconds(600)
            },
            Outcome::Open,
            Outcome::CustomerAbsent { at: at(9, 0) },
            Outcome::NotDelivered(FailureReason::GoodsMissing),
            kept(at(9, 40), Basis::End),
            Outcome::Open,
            // In no route.
            Outcome::Open,
        ]
    );
    let tally = day.tally(at(9, 59));
    assert_eq!((tally.kept, tally.late, tally.absent), (3, 1, 1));
    assert_eq!(tally.on_time_rate(), Some(0.6));
}

#[test]
fn a_breakdown_lasts_until_the_courier_is_seen_at_work_again() {
    let broken = Event::BrokenDown {
        courier: courier_id(0),
        until: None,
        note: String::new(),
    };
    let mut day = lived(&[("a", at(8, 50), departed(0)), ("b", at(8, 55), broken)]);
    let outage = day.courier(&courier_id(0)).unwrap().outage.unwrap();
    assert!(outage.is_breakdown && outage.since == at(8, 55));
    assert!(!day.courier(&courier_id(0)).unwrap().is_going(at(9, 0)));
    day.report(report("c", at(9, 20), arrived(0, 1))).unwrap();
    assert_eq!(day.courier(&courier_id(0)).unwrap().outage, None);
}

#[test]
fn what_is_left_to_do_can_be_planned_anew() {
    let day = lived(&[
        ("a", at(8, 50), departed(0)),
        ("b", at(9, 5), delivered(0, 2)),
        (
            "c",
            at(9, 6),
            Event::Skipped {
                courier: courier_id(0),
                order: order_id(3),
            },
        ),
    ]);
    let initial = day.initial_plan();
    let orders: Vec<_> = [2, 1, 4].map(order_id).into();
    assert_eq!(initial.routes[0].orders, orders);
    assert_eq!(initial.routes.len(), 2);
    let locks: Vec<(&str, Lock)> = (initial.locks.iter())
        .map(|lock| (lock.order.as_str(), lock.lock))
        .collect();
    assert_eq!(
        locks,
        [("order-2", Lock::Done), ("order-1", Lock::InProgress)]
    );
}

#[test]
fn the_last_rating_of_an_order_counts() {
    let rating = |stars| Event::Rating {
        order: order_id(1),
        stars,
        words: "so so".to_owned(),
        reason: "late".to_owned(),
    };
    let day = lived(&[("b", at(11, 0), rating(4)), ("a", at(10, 0), rating(2))]);
    assert_eq!(day.rating(&order_id(1)).unwrap().stars, 4);
    let refusal = new_day().report(report("c", at(11, 0), rating(6)));
    assert_eq!(findings(refusal.unwrap_err())[0].0, "rating.stars");
}

/// An event of any kind that the day takes, of one of the first two couriers.
fn any_event() -> impl Strategy<Value = Event> {
    let courier_and_order = (0..2_u32, 0..4_u32);
    let until = proptest::option::of((9..12_i64, 0..60_i64));
    (courier_and_order, 0..12_u8, until, 1..=5_u8).prop_map(
        |((courier, stop), kind, until, stars)| {
            let (courier, order): (CourierId, _) =
                (courier_id(courier), order_id(1 + 4 * courier + stop));
            let until = until.map(|(hour, minute)| at(hour + 3, minute));
            let note = String::new();
            match kind {
                0 => Event::Departed { courier },
                1 => Event::Arrived { courier, order },
                2 => Event::ServiceStarted { courier, order },
                3 => Event::Delivered { courier, order },
                4 => Event::DeliveredInPart {
                    courier,
                    order,
                    refused: vec![RefusedItem {
                        name: "bread".to_owned(),
                        count: 1,
                        loads: BTreeMap::new(),
                        reason: String::new(),
                    }],
                },
                5 => Event::Failed {
                    courier,
                    order,
                    reason: FailureReason::Other,
                    note,
                },
                6 => Event::Skipped { courier, order },
                7 => Event::Position {
                    courier,
                    location: GeoPoint {
                        latitude: 55.0,
                        longitude: 37.0,
                    },
                },
                8 => Event::Unavailable {
                    courier,
                    until,
                    note,
                },
                9 => Event::BrokenDown {
                    courier,
                    until,
                    note,
                },
                10 => Event::Traffic {
                    area: None,
                    factor: BasisPoints(15_000),
                    until,
                },
                _ => Event::Rating {
                    order,
                    stars,
                    words: note.clone(),
                    reason: note,
                },
            }
        },
    )
}

/// Reports in the sequence in which they come, some late, some at the same moment as others.
pub(super) fn any_reports() -> impl Strategy<Value = Vec<Report>> {
    let one = (0..60_i64, 0..3_i64, any_event());
    proptest::collection::vec(one, 1..40).prop_map(|reports| {
        let reports = reports.into_iter().enumerate();
        let report = |(number, (minute, lag, event))| Report {
            id: event_id(&format!("event-{number}")),
            at: at(9, minute),
            reported_at: at(9, minute) + Seconds(lag * 900),
            event,
        };
        reports.map(report).collect()
    })
}

proptest! {
    #[test]
    fn the_state_does_not_depend_on_the_sequence_of_reports(
        (first, second) in any_reports()
            .prop_flat_map(|reports| (Just(reports.clone()), Just(reports).prop_shuffle())),
        repeated in any::<prop::sample::Index>(),
    ) {
        let mut one = new_day();
        for report in &first {
            one.report(report.clone()).unwrap();
        }
        let mut other = new_day();
        for report in &second {
            other.report(report.clone()).unwrap();
        }
        prop_assert_eq!(&one, &other);
        // What comes twice changes nothing, whenever it comes.
        let again = repeated.get(&first).clone();
        prop_assert!(other.report(again).unwrap().is_repeated);
        prop_assert_eq!(&one, &other);
    }

    #[test]
    fn a_day_played_back_from_its_record_is_the_day_that_was(reports in any_reports()) {
        let mut day = new_day();
        let mut record = String::new();
        for report in reports {
            record += &serde_json::to_string(&report).unwrap();
            record += "\n";
            day.report(report).unwrap();
        }
        let lines = record.lines().map(|line| serde_json::from_str(line).unwrap());
        let replayed = Day::replay(roster(), Rules::default(), lines).unwrap();
        prop_assert_eq!(replayed, day);
    }

    #[test]
    fn every_stop_is_to_come_visited_or_skipped_and_moments_do_not_run_backward(
        reports in any_reports(),
    ) {
        let mut day = new_day();
        for report in reports {
            day.report(report).unwrap();
        }
        for state in day.couriers() {
            for (number, stop) in state.stops.iter().enumerate() {
                let is_visited = state.visited.contains(&number);
                let has_been_there = stop.state.is_done() || stop.state == StopState::AtDoor;
                prop_assert!(!has_been_there || is_visited);
                prop_assert!(!is_visited || stop.state != StopState::ToCome);
                let moments = [stop.arrival, stop.service_start, stop.end];
                let known: Vec<Timestamp> = moments.into_iter().flatten().collect();
                prop_assert!(known.is_sorted(), "{stop:?}");
            }
            let at_doors = state.stops.iter().filter(|stop| stop.state == StopState::AtDoor);
            prop_assert!(at_doors.count() <= 1);
        }
        // What the day leaves to do is every stop once, but for those that are skipped.
        let initial = day.initial_plan();
        let planned: usize = initial.routes.iter().map(|route| route.orders.len()).sum();
        let skipped = day.couriers().iter().flat_map(|state| &state.stops);
        let skipped = skipped.filter(|stop| stop.state == StopState::Skipped).count();
        prop_assert_eq!(planned + skipped, 8);
    }
}

//! What holds where reports are strange, or come in the same second.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::tests::{arrived, delivered, departed, planned, report};
use super::*;
use crate::forecast::fixture::{at, calm, courier_id, order_id};
use crate::model::{GeoPoint, Place};
use crate::units::{Load, Seconds, Timestamp};

fn new_day() -> Day {
    let (mut problem, plan) = planned();
    for place in &mut problem.places {
        place.location = Some(point(55.75, 37.6));
    }
    Day::new(Arc::new(Roster::new(&problem, &plan)), Rules::default())
}

fn point(latitude: f64, longitude: f64) -> GeoPoint {
    GeoPoint {
        latitude,
        longitude,
    }
}

fn seen(latitude: f64, longitude: f64) -> Event {
    Event::Position {
        courier: courier_id(0),
        location: point(latitude, longitude),
    }
}

fn unavailable(until: Option<Timestamp>) -> Event {
    Event::Unavailable {
        courier: courier_id(0),
        until,
        note: String::new(),
    }
}

#[test]
fn who_cannot_go_on_in_the_second_of_a_delivery_cannot_after_it() {
    let mut day = new_day();
    let noon = at(9, 30);
    for (id, event) in [
        ("a", departed(0)),
        ("b", delivered(0, 1)),
        ("z", unavailable(Some(at(12, 0)))),
        // Whatever the ids and the sequence in which they come.
        ("c", delivered(0, 2)),
    ] {
        let moment = if id == "a" { at(9, 0) } else { noon };
        day.report(report(id, moment, event)).unwrap();
    }
    let state = day.courier(&courier_id(0)).unwrap();
    let outage = state.outage.unwrap();
    assert_eq!((outage.since, outage.until), (noon, Some(at(12, 0))));
    assert!(!state.is_going(at(10, 0)));
    // At another door, the courier goes on.
    day.report(report("d", noon + Seconds(1), arrived(0, 3)))
        .unwrap();
    assert_eq!(day.courier(&courier_id(0)).unwrap().outage, None);
}

#[test]
fn what_cannot_be_meant_is_refused_and_records_that_have_it_are_read_all_the_same() {
    let end_of_time = unavailable(Some(Timestamp(253_402_300_799)));
    for (event, says) in [
        (
            seen(0.0, 0.0),
            "position.location: 0, 0 is more than 200 km",
        ),
        (seen(-89.9, 179.0), "position.location: -89.9, 179 is more"),
        (end_of_time, "unavailable.until_time: must be from "),
    ] {
        let wanted = report("x", at(9, 0), event);
        let mut day = new_day();
        let Err(Refusal::Invalid(found)) = day.report(wanted.clone()) else {
            panic!("{wanted:?} is taken");
        };
        let said = format!("{}: {}", found[0].field, found[0].message);
        assert!(found.len() == 1 && said.starts_with(says), "{said}");
        day.recall(wanted).unwrap();
    }
    new_day()
        .report(report("x", at(9, 0), seen(55.0, 37.0)))
        .unwrap();
}

#[test]
fn a_day_that_does_not_know_where_its_places_are_takes_every_position() {
    let (mut problem, plan) = planned();
    for Place { location, .. } in &mut problem.places {
        *location = None;
    }
    let mut day = Day::new(Arc::new(Roster::new(&problem, &plan)), Rules::default());
    day.report(report("x", at(9, 0), seen(0.0, 0.0))).unwrap();
}

#[test]
fn no_more_comes_back_than_there_was() {
    let mut day = new_day();
    let item = |kg: i64| RefusedItem {
        name: "everything".to_owned(),
        count: 1,
        loads: BTreeMap::from([("kg".to_owned(), Load(kg)), ("bananas".to_owned(), Load(1))]),
        reason: String::new(),
    };
    let in_part = Event::DeliveredInPart {
        courier: courier_id(0),
        order: order_id(1),
        refused: vec![item(4), item(1_000_000_000_000)],
    };
    day.report(report("a", at(9, 0), departed(0))).unwrap();
    day.report(report("b", at(9, 10), in_part)).unwrap();
    let route = &day.roster().routes()[0];
    let state = &day.couriers()[0];
    // Of the order of 10 kg all, and the three that are to come.
    assert_eq!(state.returns(route)["kg"], Load(10));
    assert_eq!(state.on_board(route)["kg"], Load(40));
    assert!(!state.on_board(route).contains_key("bananas"));
}

fn broken_down(until: Option<Timestamp>) -> Event {
    Event::BrokenDown {
        courier: courier_id(0),
        until,
        note: String::new(),
    }
}

fn skipped(courier: u32, order: u32) -> Event {
    Event::Skipped {
        courier: courier_id(courier),
        order: order_id(order),
    }
}

/// The two couriers' day with a forecast, nothing of which is random.
fn live() -> LiveDay {
    let (problem, plan) = planned();
    let terms = LiveTerms {
        noise: calm(),
        days: 128,
        ..LiveTerms::default()
    };
    LiveDay::new(Arc::new(problem), &plan, &terms)
}

fn lived(events: &[(&str, Timestamp, Event)]) -> (LiveDay, Vec<AlertChange>) {
    let mut day = live();
    let mut told = day.tick(at(8, 40));
    for (id, at, event) in events {
        let answer = day.report(report(id, *at, event.clone())).unwrap();
        told.extend(answer.alerts);
    }
    (day, told)
}

#[test]
fn what_is_in_hand_at_a_door_is_handed_over_by_who_cannot_go_on() {
    let at_door = [
        ("a", at(8, 50), departed(0)),
        ("b", at(9, 0), arrived(0, 1)),
        ("c", at(9, 2), broken_down(None)),
        ("d", at(9, 5), delivered(0, 1)),
    ];
    let (day, told) = lived(&at_door);
    let outage = day.day().courier(&courier_id(0)).unwrap().outage.unwrap();
    assert!(outage.is_breakdown && outage.since == at(9, 2));
    let raised = |change: &&AlertChange| matches!(change, AlertChange::Raised(_));
    assert_eq!(told.iter().filter(raised).count(), 3);
    let stops = day.outlook(0, at(9, 6)).stops;
    assert!(stops.iter().all(|stop| stop.arrival.is_none()));
    // At another door, the courier goes on.
    let mut day = day;
    day.report(report("e", at(9, 40), arrived(0, 2))).unwrap();
    assert_eq!(day.day().couriers()[0].outage, None);
}

#[test]
fn who_only_reports_deliveries_goes_on_with_one_that_is_not_of_what_was_in_hand() {
    let outage = |minute| {
        let (day, _) = lived(&[
            ("a", at(8, 50), departed(0)),
            ("b", at(9, 0), broken_down(None)),
            ("c", at(9, minute), delivered(0, 1)),
        ]);
        day.day().couriers()[0].outage
    };
    assert!(outage(4).is_some() && outage(40).is_none());
    // Who said until when goes on then.
    let (day, _) = lived(&[
        ("a", at(8, 50), departed(0)),
        ("b", at(9, 0), broken_down(Some(at(9, 5)))),
        ("c", at(9, 6), delivered(0, 1)),
    ]);
    assert_eq!(day.day().couriers()[0].outage, None);
}

#[test]
fn who_waits_for_a_courier_who_skips_them_is_told_and_may_be_visited_after_all() {
    let (mut day, told) = lived(&[
        ("a", at(8, 50), departed(0)),
        ("b", at(8, 55), skipped(0, 3)),
    ]);
    let [AlertChange::Raised(alert)] = &told[..] else {
        panic!("{told:?}");
    };
    assert_eq!((&alert.order, alert.arrival), (&order_id(3), None));
    assert_eq!(day.day().left_out(), [order_id(3), order_id(9)]);
    assert_eq!(day.tally().open, 9);

    let orders = [1, 3, 2, 4].map(order_id).to_vec();
    let replan = Replan {
        at: at(8, 56),
        routes: vec![NewRoute {
            courier: courier_id(0),
            orders,
            start: None,
            reloads: Vec::new(),
            breaks: Vec::new(),
        }],
        ..Replan::default()
    };
    let mut still = day.clone();
    still.replan(&replan).unwrap();
    assert_eq!(still.day().couriers()[0].stops[1].state, StopState::Skipped);
    let resumed = Replan {
        resumed: vec![order_id(3)],
        ..replan
    };
    let told = day.replan(&resumed).unwrap();
    assert_eq!(day.day().couriers()[0].stops[1].state, StopState::ToCome);
    assert!(matches!(&told[..], [AlertChange::Cleared(alert)] if alert.order == order_id(3)));
    // A courier who skips it once more does.
    day.report(report("c", at(9, 10), skipped(0, 3))).unwrap();
    assert_eq!(day.day().left_out(), [order_id(3), order_id(9)]);
}

#[test]
fn a_promise_that_was_moved_counts_by_what_was_told_first() {
    let mut day = live();
    day.tick(at(8, 40));
    let mut moved = day.problem().order(&order_id(2)).unwrap().clone();
    moved.windows = vec![crate::model::TimeWindow {
        start: at(11, 0),
        end: at(12, 0),
    }];
    let replan = Replan {
        at: at(8, 41),
        orders: vec![moved],
        ..Replan::default()
    };
    day.try_replan(&replan).unwrap();
    let mut late = day.clone();
    day.replan(&replan).unwrap();
    let found = day.outlook(0, at(8, 42)).stops[1];
    assert!(found.on_time > 0.99 && day.first_chance(0, &found) < 0.01);

    // Who has been there already moves nothing; records of days on which that was taken are read all the same.
    late.report(report("a", at(8, 41), departed(0))).unwrap();
    late.report(report("b", at(9, 10), delivered(0, 2)))
        .unwrap();
    let refused = late.try_replan(&replan);
    assert!(
        matches!(refused, Err(ReplanRefusal::Overtaken(_))),
        "{refused:?}"
    );
    late.replan(&replan).unwrap();
}

#[test]
fn what_is_told_to_who_is_late_only_as_usual_is_that_there_is_little_room() {
    let (problem, plan) = planned();
    let day = LiveDay::new(Arc::new(problem), &plan, &LiveTerms::default());
    let causes = |now| {
        let stops = day.outlook(0, now).stops;
        let causes = Alert::causes_of(&stops[0]).into_iter();
        causes.map(|(cause, _)| cause).collect::<Vec<_>>()
    };
    // Nobody is late who has not left before it is time to.
    assert_eq!(causes(at(8, 30)), []);
    assert_eq!(causes(at(9, 40)).first(), Some(&Cause::Start));
}

#[test]
fn a_promise_whose_time_is_over_is_not_kept_as_far_as_is_known() {
    let (mut day, _) = lived(&[
        ("a", at(8, 50), departed(0)),
        ("b", at(9, 5), delivered(0, 1)),
        ("c", at(9, 50), arrived(0, 2)),
    ]);
    let tally = |day: &LiveDay| {
        let tally = day.tally();
        (tally.kept, tally.open, tally.overdue)
    };
    assert_eq!(tally(&day), (1, 8, 0));
    day.tick(at(10, 1));
    // The courier was at the second door in time. The ninth order is in no route.
    assert_eq!(tally(&day), (1, 1, 7));
    assert_eq!(day.tally().on_time_rate(), Some(1.0 / 8.0));
    // A late report may say otherwise.
    let mut late = report("d", at(9, 55), delivered(1, 5));
    late.reported_at = at(10, 5);
    day.report(late).unwrap();
    assert_eq!(tally(&day), (2, 1, 6));
}

//! What holds where reports are strange, or come in the same second.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::tests::{delivered, departed, planned, report};
use super::*;
use crate::forecast::fixture::{at, courier_id, order_id};
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
    day.report(report("d", noon + Seconds(1), delivered(0, 3)))
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

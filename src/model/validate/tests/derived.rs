//! What is wrong is said once: no finding only follows from another one. And couriers and loads that mean nothing.

use super::{day, errors, fields, geo_day, matrix, warnings};
use crate::model::fixture::{Fixture, at, depot_id, hours};
use crate::model::{
    BreakStart, CourierBreak, GeoPoint, Problem, ProfileId, Reason, TimeWindow, TravelBucket,
    TravelPace,
};
use crate::units::{Load, Seconds};

/// Expects exactly these errors and no warning after `change`.
#[track_caller]
fn only(mut day: Problem, change: impl FnOnce(&mut Problem), expected: &[(&str, Reason)]) {
    change(&mut day);
    let found = day.validate();
    assert_eq!(fields(&found.errors), expected);
    assert_eq!(fields(&found.warnings), []);
}

#[test]
fn a_courier_with_an_unknown_depot_may_come_from_the_depot_of_an_order() {
    let change = |day: &mut Problem| {
        day.couriers.truncate(1);
        day.couriers[0].start = crate::model::RouteStart::Depot(depot_id("nowhere"));
        day.orders[0].depots.insert(depot_id("depot"));
    };
    let unknown = ("couriers[0].start_depot_id", Reason::UnknownReference);
    only(day(), change, &[unknown]);
}

#[test]
fn orders_name_no_unknown_couriers_and_skills_where_there_are_no_couriers() {
    let change = |day: &mut Problem| {
        let anna = day.couriers[0].id.clone();
        day.couriers.clear();
        day.orders[0].allowed_couriers.insert(anna);
        day.orders[1].required_skills.insert("stairs".to_owned());
    };
    only(day(), change, &[("couriers", Reason::EmptyProblem)]);
}

#[test]
fn couriers_name_no_unknown_profiles_where_there_are_none() {
    let none = ("travel_profiles", Reason::EmptyProblem);
    only(day(), |day| day.profiles.clear(), &[none]);
}

#[test]
fn the_profile_that_a_courier_may_mean_is_not_unused() {
    let change = |day: &mut Problem| {
        for courier in &mut day.couriers {
            courier.profile = ProfileId::parse("cra").unwrap();
        }
    };
    let unknown = |field| (field, Reason::UnknownReference);
    let both = [
        unknown("couriers[0].profile_id"),
        unknown("couriers[1].profile_id"),
    ];
    only(day(), change, &both);
}

#[test]
fn a_negative_capacity_leaves_open_what_fits() {
    let change = |day: &mut Problem| {
        for courier in &mut day.couriers {
            courier.capacities.insert("kg".to_owned(), Load(-5));
        }
    };
    let range = |field| (field, Reason::OutOfRange);
    let both = [
        range("couriers[0].capacities[\"kg\"]"),
        range("couriers[1].capacities[\"kg\"]"),
    ];
    only(day(), change, &both);
}

#[test]
fn ways_from_a_depot_at_the_end_of_the_world_are_not_judged() {
    let change = |day: &mut Problem| {
        let place = day.depots[0].place.index();
        day.places[place].location = Some(GeoPoint {
            latitude: 95.0,
            longitude: 0.0,
        });
    };
    let latitude = "depots[0].place.location.latitude";
    only(geo_day(), change, &[(latitude, Reason::OutOfRange)]);
}

#[test]
fn coordinates_that_two_profiles_miss_are_missing_once() {
    let change = |day: &mut Problem| {
        let mut bike = day.profiles[0].clone();
        bike.id = ProfileId::parse("bike").unwrap();
        day.couriers[0].profile = bike.id.clone();
        day.profiles.push(bike);
        let place = day.orders[0].place.index();
        day.places[place].location = None;
    };
    let missing = ("orders[0].place.location", Reason::MissingField);
    only(geo_day(), change, &[missing]);
}

#[test]
fn shifts_are_not_compared_with_windows_that_are_wrong() {
    let change = |day: &mut Problem| {
        for order in &mut day.orders {
            order.windows = vec![TimeWindow {
                start: at(7, 0),
                end: at(6, 0),
            }];
        }
    };
    let bad = |field| (field, Reason::BadWindow);
    let both = [
        bad("orders[0].windows[0].end_time"),
        bad("orders[1].windows[0].end_time"),
    ];
    only(day(), change, &both);
}

#[test]
fn only_windows_that_are_right_overlap() {
    let far = TimeWindow {
        start: at(24 * 30, 0),
        end: at(24 * 30 + 2, 0),
    };
    let range = |field| (field, Reason::OutOfRange);
    let change = |day: &mut Problem| day.orders[0].windows = vec![far, far];
    let bounds = [
        range("orders[0].windows[0].start_time"),
        range("orders[0].windows[0].end_time"),
        range("orders[0].windows[1].start_time"),
        range("orders[0].windows[1].end_time"),
    ];
    only(day(), change, &bounds);
    let pause = |window| CourierBreak {
        start: BreakStart::Within(window),
        duration: Seconds(60),
    };
    let wrong = TimeWindow {
        start: at(13, 0),
        end: at(12, 0),
    };
    let change = |day: &mut Problem| {
        day.couriers[0].breaks = vec![pause(hours(13, 14)), pause(wrong)];
    };
    let bad = "couriers[0].breaks[1].start_window.end_time";
    only(day(), change, &[(bad, Reason::BadWindow)]);
}

#[test]
fn buckets_are_measured_by_the_places_and_not_by_a_matrix_that_is_wrong() {
    let change = |day: &mut Problem| {
        let durations = matrix(day).durations.clone();
        day.profiles[0].buckets = vec![TravelBucket {
            start: at(9, 0),
            pace: TravelPace::Durations(durations),
        }];
        matrix(day).durations.pop();
    };
    let shape = "travel_profiles[0].matrix.duration_seconds";
    only(day(), change, &[(shape, Reason::MatrixShape)]);
}

#[test]
fn a_load_that_no_courier_knows_is_warned_of_once() {
    let change = |day: &mut Problem| {
        day.couriers[1]
            .capacities
            .insert("crates".to_owned(), Load(10));
    };
    let unlimited = ("orders[0].loads[\"kg\"]", Reason::UnknownName);
    warnings(day(), change, &[unlimited]);
    let known = |day: &mut Problem| {
        change(day);
        day.couriers[0].capacities.insert("kg".to_owned(), Load(50));
    };
    warnings(day(), known, &[]);
}

fn three() -> Problem {
    Fixture::new()
        .courier("anna", |_| {})
        .courier("boris", |courier| {
            courier.capacities.insert("kg".to_owned(), Load(0));
        })
        .courier("clara", |courier| {
            courier.shift = hours(8, 9);
        })
        .order("a", (100, 0), |order| order.windows = vec![hours(9, 12)])
        .order("b", (0, 100), |order| {
            order.required_skills.insert("stairs".to_owned());
        })
        .build()
}

#[test]
fn a_courier_who_can_serve_nothing_is_warned_of_with_what_is_in_the_way() {
    let change = |day: &mut Problem| {
        day.couriers[0].skills.insert("stairs".to_owned());
    };
    let idle = |field| (field, Reason::Conflict);
    warnings(
        three(),
        change,
        &[idle("couriers[1].id"), idle("couriers[2].id")],
    );
    let mut day = three();
    change(&mut day);
    let found = day.validate().warnings;
    assert!(
        found[0]
            .message
            .ends_with("in the way are skills and depots (1), loads (1)"),
        "{}",
        found[0].message
    );
    assert!(
        found[1]
            .message
            .ends_with("in the way are skills and depots (1), ways and times (1)"),
        "{}",
        found[1].message
    );
}

#[test]
fn nobody_is_idle_for_what_is_said_of_orders_or_shifts_already() {
    // The order with an error may be for the two others.
    let unknown = ("orders[1].required_skills", Reason::UnknownSkill);
    errors(three(), |_| {}, &[unknown]);
    let mut day = three();
    assert_eq!(fields(&day.validate().warnings), []);
    // Nobody has room for the only order, which says enough.
    day.orders.pop();
    day.orders[0].loads.insert("kg".to_owned(), Load(9));
    day.couriers.remove(0);
    day.couriers.pop();
    let heavy = ("orders[0].loads[\"kg\"]", Reason::OutOfRange);
    assert_eq!(fields(&day.validate().warnings), [heavy]);
    // A shift on another day is why its courier is of no use.
    let mut day = three();
    day.orders.pop();
    day.couriers.remove(1);
    day.couriers[1].shift = hours(24, 30);
    let shift = |field| (field, Reason::BadWindow);
    let of_clara = shift("couriers[1].shift");
    assert_eq!(fields(&day.validate().warnings), [of_clara]);
    // If all are, nobody is in time for any order.
    day.couriers[0].shift = hours(24, 30);
    let of_both = [shift("couriers[0].shift"), of_clara];
    assert_eq!(fields(&day.validate().warnings), of_both);
}

//! Everything that can be wrong with a day, one at a time, against a day with nothing wrong.

mod breaks;
mod derived;
mod travel;

use proptest::prelude::*;

use crate::model::fixture::{Fixture, arbitrary, at, courier_id, depot_id, hours, place_id};
use crate::model::{
    DropPolicy, Finding, GeoPoint, GeoTravel, Matrix, OrderKind, Preference, Problem, ProfileId,
    Promise, Reason, RouteStart, TimeWindow, TravelBucket, TravelPace, TravelSource,
};
use crate::units::{BasisPoints, Cost, Load, Meters, Seconds, Timestamp};

fn day() -> Problem {
    Fixture::new()
        .courier("anna", |_| {})
        .courier("boris", |courier| {
            courier.skills.insert("stairs".to_owned());
        })
        .order("a", (100, 0), |_| {})
        .order("b", (0, 100), |_| {})
        .build()
}

fn geo_day() -> Problem {
    let mut day = day();
    day.profiles[0].source = TravelSource::Geo(GeoTravel {
        speed_kmh: 30.0,
        detour_factor: 1.3,
    });
    day
}

fn fields(findings: &[Finding]) -> Vec<(&str, Reason)> {
    findings
        .iter()
        .map(|finding| (finding.field.as_str(), finding.reason))
        .collect()
}

/// Expects exactly these errors after `change`.
#[track_caller]
fn errors(mut day: Problem, change: impl FnOnce(&mut Problem), expected: &[(&str, Reason)]) {
    change(&mut day);
    assert_eq!(fields(&day.validate().errors), expected);
}

/// Expects no errors and exactly these warnings after `change`.
#[track_caller]
fn warnings(mut day: Problem, change: impl FnOnce(&mut Problem), expected: &[(&str, Reason)]) {
    change(&mut day);
    let findings = day.validate();
    assert_eq!(findings.errors, []);
    assert_eq!(fields(&findings.warnings), expected);
}

fn matrix(day: &mut Problem) -> &mut Matrix {
    match &mut day.profiles[0].source {
        TravelSource::Matrix(matrix) => matrix,
        TravelSource::Geo(_) => panic!("the fixture has a matrix"),
    }
}

#[test]
fn sound_days_have_no_findings() {
    warnings(day(), |_| {}, &[]);
    warnings(geo_day(), |_| {}, &[]);
}

#[test]
fn an_empty_problem_lacks_everything_at_once() {
    let expected = [
        ("couriers", Reason::EmptyProblem),
        ("orders", Reason::EmptyProblem),
        ("travel_profiles", Reason::EmptyProblem),
    ];
    errors(Problem::default(), |_| {}, &expected);
}

#[test]
fn an_unknown_time_zone_is_named() {
    warnings(day(), |day| day.time_zone = "Europe/Moscow".to_owned(), &[]);
    let expected = [("time_zone", Reason::UnknownName)];
    errors(
        day(),
        |day| day.time_zone = "Europe/Atlantis".to_owned(),
        &expected,
    );
}

#[test]
fn every_kind_of_id_is_unique() {
    let double = |day: &mut Problem| {
        day.depots.push(day.depots[0].clone());
        day.couriers.push(day.couriers[0].clone());
        day.orders.push(day.orders[0].clone());
        day.profiles.push(day.profiles[0].clone());
        matrix(day).place_ids[2] = place_id("a");
        matrix(day).place_ids[1] = place_id("a");
        day.orders[1].place = day.orders[0].place;
    };
    let expected = [
        ("depots[1].id", Reason::DuplicateId),
        ("couriers[2].id", Reason::DuplicateId),
        ("orders[2].id", Reason::DuplicateId),
        (
            "travel_profiles[0].matrix.place_ids[2]",
            Reason::DuplicateId,
        ),
        ("travel_profiles[1].id", Reason::DuplicateId),
    ];
    errors(day(), double, &expected);
}

#[test]
fn references_to_nothing_are_found_where_they_stand() {
    let change = |day: &mut Problem| {
        day.couriers[0].profile = ProfileId::parse("sled").expect("plain");
        day.couriers[0].start = RouteStart::Depot(depot_id("north-pole"));
        day.orders[0].allowed_couriers = [courier_id("santa"), courier_id("boris")].into();
        day.orders[0]
            .forbidden_couriers
            .insert(courier_id("grinch"));
        day.orders[1].depots.insert(depot_id("south-pole"));
        day.orders[1].required_skills.insert("flying".to_owned());
    };
    let expected = [
        ("couriers[0].profile_id", Reason::UnknownReference),
        ("couriers[0].start_depot_id", Reason::UnknownReference),
        ("orders[0].allowed_courier_ids", Reason::UnknownReference),
        ("orders[0].forbidden_courier_ids", Reason::UnknownReference),
        ("orders[1].required_skills", Reason::UnknownSkill),
        ("orders[1].depot_ids", Reason::UnknownReference),
    ];
    errors(day(), change, &expected);
}

#[test]
fn windows_are_the_right_way_round_apart_and_leave_a_moment() {
    let backward = TimeWindow {
        start: at(12, 0),
        end: at(10, 0),
    };
    errors(
        day(),
        |day| day.orders[1].windows = vec![hours(8, 9), backward],
        &[("orders[1].windows[1].end_time", Reason::BadWindow)],
    );
    errors(
        day(),
        |day| day.couriers[1].shift = backward,
        &[("couriers[1].shift.end_time", Reason::BadWindow)],
    );
    errors(
        day(),
        |day| day.orders[0].windows = vec![hours(10, 12), hours(8, 11)],
        &[("orders[0].windows[0]", Reason::BadWindow)],
    );
    errors(
        day(),
        |day| day.orders[0].windows.clear(),
        &[("orders[0].windows", Reason::MissingField)],
    );
    let promise = |window| {
        Some(Promise {
            window,
            promised_at: Some(Timestamp(-5)),
            stated_probability: Some(BasisPoints(10_001)),
        })
    };
    errors(
        day(),
        |day| {
            day.orders[0].windows = vec![hours(8, 9), hours(12, 13)];
            day.orders[0].promise = promise(hours(10, 11));
        },
        &[
            (
                "orders[0].promise.stated_probability_percent",
                Reason::OutOfRange,
            ),
            ("orders[0].promise.window", Reason::BadWindow),
        ],
    );
    warnings(
        day(),
        |day| day.orders[0].windows = vec![hours(8, 9), hours(9, 10)],
        &[],
    );
}

#[test]
fn a_time_on_another_day_is_told_from_the_days_own() {
    let far = TimeWindow {
        start: at(8 + 24 * 9, 0),
        end: at(9 + 24 * 9, 0),
    };
    errors(
        day(),
        |day| day.orders[1].windows = vec![far],
        &[
            ("orders[1].windows[0].start_time", Reason::OutOfRange),
            ("orders[1].windows[0].end_time", Reason::OutOfRange),
        ],
    );
    errors(
        day(),
        |day| {
            day.couriers[0].shift = far;
            day.couriers.push(day.couriers[1].clone());
            day.couriers[2].id = courier_id("olga");
        },
        &[
            ("couriers[0].shift.start_time", Reason::OutOfRange),
            ("couriers[0].shift.end_time", Reason::OutOfRange),
        ],
    );
    errors(
        day(),
        |day| day.orders[0].ready = Some(Timestamp(i64::MIN)),
        &[("orders[0].ready_time", Reason::OutOfRange)],
    );
}

#[test]
fn every_bound_of_a_courier_is_checked() {
    let change = |day: &mut Problem| {
        let courier = &mut day.couriers[0];
        courier.capacities.insert("kg".to_owned(), Load(-1));
        courier.costs.fixed = Cost(-1);
        courier.costs.per_km = Cost(1_000_001);
        courier.costs.per_hour = Cost(-1);
        courier.costs.overtime_per_hour = Cost(5);
        courier.limits.max_distance = Some(Meters(-1));
        courier.limits.max_duty = Some(Seconds(i64::MAX));
        courier.speed_factor = BasisPoints(0);
        courier.service_factor = BasisPoints(100_001);
    };
    let expected = [
        ("couriers[0].capacities[\"kg\"]", Reason::OutOfRange),
        ("couriers[0].costs.fixed_cost", Reason::OutOfRange),
        ("couriers[0].costs.cost_per_km", Reason::OutOfRange),
        ("couriers[0].costs.cost_per_hour", Reason::OutOfRange),
        ("couriers[0].limits.max_distance_meters", Reason::OutOfRange),
        ("couriers[0].limits.max_duty_duration", Reason::OutOfRange),
        ("couriers[0].limits.regular_duration", Reason::MissingField),
        ("couriers[0].speed_factor", Reason::OutOfRange),
        ("couriers[0].service_factor", Reason::OutOfRange),
    ];
    errors(day(), change, &expected);
}

#[test]
fn every_bound_of_an_order_is_checked() {
    let change = |day: &mut Problem| {
        day.depots[0].loading = Seconds(-1);
        let order = &mut day.orders[0];
        order.loads.insert("kg".to_owned(), Load(-3));
        order.service = Seconds(86_401);
        order.drop_policy = DropPolicy::MayDrop { penalty: 0 };
        order.kind = OrderKind::Collection;
        order.ready = Some(at(9, 0));
        order.preference = Some(Preference {
            windows: Vec::new(),
            miss_cost: Cost(0),
        });
    };
    let expected = [
        ("depots[0].loading_duration", Reason::OutOfRange),
        ("orders[0].loads[\"kg\"]", Reason::OutOfRange),
        ("orders[0].service_duration", Reason::OutOfRange),
        ("orders[0].may_drop.penalty", Reason::OutOfRange),
        ("orders[0].ready_time", Reason::Conflict),
        ("orders[0].preference.miss_cost", Reason::OutOfRange),
        ("orders[0].preference.windows", Reason::MissingField),
    ];
    errors(day(), change, &expected);
}

#[test]
fn an_order_that_nobody_may_take_is_found() {
    let no_courier = |field| [(field, Reason::NoCourier)];
    errors(
        day(),
        |day| {
            day.orders[0].required_skills.insert("stairs".to_owned());
            day.orders[0].forbidden_couriers.insert(courier_id("boris"));
        },
        &no_courier("orders[0].allowed_courier_ids"),
    );
    errors(
        day(),
        |day| {
            let mut other = day.depots[0].clone();
            other.id = depot_id("other");
            day.depots.push(other);
            day.orders[0].depots.insert(depot_id("other"));
        },
        &no_courier("orders[0].depot_ids"),
    );
}

#[test]
fn what_cannot_be_meant_is_a_warning() {
    warnings(
        day(),
        |day| {
            for courier in &mut day.couriers {
                courier.capacities.insert("kg".to_owned(), Load(5));
            }
            day.orders[0].loads.insert("kg".to_owned(), Load(6));
        },
        &[("orders[0].loads[\"kg\"]", Reason::OutOfRange)],
    );
    warnings(
        day(),
        |day| day.couriers[0].shift = hours(21, 22),
        &[("couriers[0].shift", Reason::BadWindow)],
    );
    warnings(
        day(),
        |day| day.orders[0].windows = vec![hours(6, 8)],
        &[("orders[0].windows", Reason::BadWindow)],
    );
    warnings(
        day(),
        |day| day.orders[0].windows = vec![hours(20, 21)],
        &[("orders[0].windows", Reason::BadWindow)],
    );
    let prefer = |window| {
        Some(Preference {
            windows: vec![window],
            miss_cost: Cost(10),
        })
    };
    let preference = [("orders[0].preference.windows", Reason::BadWindow)];
    warnings(
        day(),
        |day| day.orders[0].preference = prefer(hours(20, 22)),
        &[],
    );
    warnings(
        day(),
        |day| day.orders[0].preference = prefer(hours(21, 22)),
        &preference,
    );
    warnings(
        day(),
        |day| day.orders[0].preference = prefer(hours(7, 21)),
        &preference,
    );
    warnings(
        day(),
        |day| {
            let mut unused = day.profiles[0].clone();
            unused.id = ProfileId::parse("bike").expect("plain");
            day.profiles.push(unused);
        },
        &[("travel_profiles[1].id", Reason::UnknownReference)],
    );
}

#[test]
fn reloads_need_depots_that_there_are() {
    errors(
        day(),
        |day| {
            day.couriers[0].reload_depots.insert(depot_id("nowhere"));
        },
        &[("couriers[0].reload_depot_ids", Reason::UnknownReference)],
    );
    warnings(
        day(),
        |day| day.couriers[0].max_reloads = Some(2),
        &[("couriers[0].max_reloads", Reason::Conflict)],
    );
}

#[test]
fn reloads_and_times_of_day_are_refused_together() {
    let bucket = TravelBucket {
        start: at(9, 0),
        pace: TravelPace::Speed(BasisPoints(8_000)),
    };
    let both = |max_reloads| {
        let bucket = bucket.clone();
        move |day: &mut Problem| {
            let depot = day.depots[0].id.clone();
            day.couriers[0].reload_depots.insert(depot);
            day.couriers[0].max_reloads = max_reloads;
            day.profiles[0].buckets.push(bucket.clone());
        }
    };
    let refused = ("couriers[0].reload_depot_ids", Reason::Conflict);
    errors(day(), both(None), &[refused]);
    errors(day(), both(Some(0)), &[]);
}

#[test]
fn goods_that_are_stocked_where_somebody_reloads_can_be_delivered() {
    let day = || {
        Fixture::new()
            .depot("other", (5, 5))
            .courier("anna", |_| {})
            .order("a", (100, 0), |order| {
                order.depots.insert(depot_id("other"));
            })
            .build()
    };
    errors(day(), |_| {}, &[("orders[0].depot_ids", Reason::NoCourier)]);
    errors(
        day(),
        |day| {
            day.couriers[0].reload_depots.insert(depot_id("other"));
        },
        &[],
    );
}

#[test]
fn an_order_set_aside_takes_its_errors_with_it() {
    let mut day = day();
    day.orders[0].windows.clear();
    day.orders[0].loads.insert("kg".to_owned(), Load(-1));
    let errors = day.validate().errors;
    assert!(errors.iter().all(|error| error.order_position() == Some(0)));
    day.orders.remove(0);
    assert_eq!(day.validate().errors, []);
}

proptest! {
    #[test]
    fn the_random_days_of_other_tests_are_valid(problem in arbitrary::day()) {
        prop_assert_eq!(problem.validate().errors, []);
    }

    #[test]
    fn no_figure_makes_validation_panic(
        mut problem in arbitrary::day(),
        values in proptest::collection::vec(
            prop_oneof![Just(i64::MIN), Just(-1), Just(0), Just(i64::MAX), any::<i64>()], 12),
        real in any::<f64>(),
        is_geo in any::<bool>(),
    ) {
        let courier = &mut problem.couriers[0];
        courier.shift.start.0 = values[0];
        courier.shift.end.0 = values[1];
        courier.costs.fixed.0 = values[2];
        courier.limits.max_duty = Some(Seconds(values[3]));
        courier.limits.max_distance = Some(Meters(values[4]));
        courier.capacities.insert("kg".to_owned(), Load(values[5]));
        let order = &mut problem.orders[0];
        order.service.0 = values[6];
        order.ready = Some(Timestamp(values[7]));
        order.windows[0].start.0 = values[8];
        order.loads.insert("kg".to_owned(), Load(values[9]));
        problem.depots[0].loading.0 = values[10];
        let place = problem.orders[0].place.index();
        problem.places[place].location = Some(GeoPoint { latitude: real, longitude: 0.0 });
        if is_geo {
            problem.profiles[0].source = TravelSource::Geo(GeoTravel { speed_kmh: real, detour_factor: 1.3 });
        } else {
            matrix(&mut problem).durations[1] = Some(Seconds(values[11]));
        }
        let _ = problem.validate();
    }
}

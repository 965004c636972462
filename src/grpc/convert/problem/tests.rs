use super::*;
use crate::model::Reason;

fn window(start: i64, end: i64) -> pb::TimeWindow {
    let at = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
    pb::TimeWindow {
        start_time: at(start),
        end_time: at(end),
    }
}

fn place(id: &str, latitude: f64) -> pb::Place {
    pb::Place {
        id: id.to_owned(),
        location: Some(pb::GeoPoint {
            latitude: Some(latitude),
            longitude: Some(37.5),
        }),
        address: format!("{id} street"),
        zone: String::new(),
    }
}

fn order(id: &str) -> pb::Order {
    pb::Order {
        id: id.to_owned(),
        kind: pb::OrderKind::Delivery as i32,
        place: Some(place(id, 55.7)),
        loads: [("kg".to_owned(), 3), ("crates".to_owned(), 1)].into(),
        service_duration: Some(prost_types::Duration {
            seconds: 300,
            nanos: 0,
        }),
        windows: vec![window(100, 200), window(300, 400)],
        promise: Some(pb::Promise {
            window: Some(window(100, 400)),
            promised_time: Some(prost_types::Timestamp {
                seconds: 5,
                nanos: 0,
            }),
            stated_probability_percent: Some(97.5),
        }),
        preference: Some(pb::Preference {
            windows: vec![window(100, 150)],
            miss_cost: 9,
        }),
        required_skills: vec!["cold".to_owned()],
        allowed_courier_ids: vec!["c".to_owned()],
        forbidden_courier_ids: vec!["d".to_owned()],
        depot_ids: vec!["store".to_owned()],
        drop_policy: Some(pb::order::DropPolicy::MayDrop(pb::MayDrop { penalty: 4 })),
        contact: Some(pb::Contact {
            name: "N".to_owned(),
            phone: "P".to_owned(),
        }),
        parcels: Some(2),
        ..pb::Order::default()
    }
}

fn courier(id: &str) -> pb::Courier {
    pb::Courier {
        id: id.to_owned(),
        profile_id: "car".to_owned(),
        capacities: [("kg".to_owned(), 100)].into(),
        skills: vec!["cold".to_owned()],
        shift: Some(window(0, 1_000)),
        start: Some(pb::courier::Start::StartDepotId("store".to_owned())),
        end: Some(pb::courier::End::EndPlace(place("home", 55.8))),
        costs: Some(pb::CourierCosts {
            fixed_cost: 1,
            cost_per_km: 2,
            cost_per_hour: 3,
            overtime_cost_per_hour: 4,
        }),
        limits: Some(pb::CourierLimits {
            max_stops: Some(30),
            max_distance_meters: Some(90_000),
            max_duty_duration: None,
            regular_duration: Some(prost_types::Duration {
                seconds: 28_800,
                nanos: 0,
            }),
        }),
        speed_factor: Some(1.1),
        service_factor: Some(0.9),
        reload_depot_ids: vec!["store".to_owned()],
        max_reloads: Some(2),
        ..pb::Courier::default()
    }
}

fn bucket(start: i64, pace: pb::travel_bucket::Pace) -> pb::TravelBucket {
    pb::TravelBucket {
        start_time: window(start, start).start_time,
        pace: Some(pace),
    }
}

fn slow_durations() -> pb::travel_bucket::Pace {
    pb::travel_bucket::Pace::Durations(pb::BucketDurations {
        duration_seconds: vec![0, 90, -1, 0],
    })
}

fn problem() -> pb::Problem {
    pb::Problem {
        name: "day".to_owned(),
        time_zone: "Europe/Moscow".to_owned(),
        depots: vec![pb::Depot {
            id: "store".to_owned(),
            name: "Store".to_owned(),
            place: Some(place("store", 55.6)),
            loading_duration: Some(prost_types::Duration {
                seconds: 600,
                nanos: 0,
            }),
        }],
        couriers: vec![courier("c"), courier("d")],
        orders: vec![order("a"), order("b")],
        travel_profiles: vec![
            pb::TravelProfile {
                id: "car".to_owned(),
                source: Some(pb::travel_profile::Source::Geo(pb::GeoTravel {
                    speed_kmh: 20.0,
                    detour_factor: Some(1.4),
                })),
                buckets: vec![bucket(500, pb::travel_bucket::Pace::SpeedFactor(0.6))],
            },
            pb::TravelProfile {
                id: "bike".to_owned(),
                source: Some(pb::travel_profile::Source::Matrix(pb::TravelMatrix {
                    place_ids: vec!["a".to_owned(), "b".to_owned()],
                    duration_seconds: vec![0, 60, -1, 0],
                    distance_meters: vec![0, 500, 0, 0],
                })),
                buckets: vec![
                    bucket(400, slow_durations()),
                    bucket(600, pb::travel_bucket::Pace::SpeedFactor(1.0)),
                ],
            },
        ],
    }
}

#[test]
fn a_problem_survives_the_way_there_and_back() {
    let message = problem();
    let draft = read_problem(&message);
    assert_eq!(draft.unreadable, []);
    assert_eq!(problem_message(&draft.problem), message);
}

#[test]
fn the_same_place_is_kept_once() {
    let draft = read_problem(&problem());
    // The store, both couriers' home, and one door each.
    assert_eq!(draft.problem.places.len(), 4);
    assert_eq!(draft.problem.couriers[0].end, draft.problem.couriers[1].end);
}

#[test]
fn every_unreadable_field_is_reported_with_its_path_and_owner() {
    let mut message = problem();
    message.orders[1] = pb::Order {
        id: "b b".to_owned(),
        kind: 99,
        windows: vec![window(1, 2), pb::TimeWindow::default()],
        parcels: Some(-1),
        ..pb::Order::default()
    };
    message.couriers[0].speed_factor = Some(f64::NAN);
    message.couriers[0].start = None;
    message.travel_profiles[0].buckets = vec![
        pb::TravelBucket::default(),
        bucket(500, pb::travel_bucket::Pace::SpeedFactor(f64::INFINITY)),
    ];
    let draft = read_problem(&message);
    let found: Vec<(&str, Reason)> = draft
        .unreadable
        .iter()
        .map(|finding| (finding.field.as_str(), finding.reason))
        .collect();
    let expected = [
        ("couriers[0]", Reason::MissingField),
        ("couriers[0].speed_factor", Reason::OutOfRange),
        ("orders[1].id", Reason::MalformedId),
        ("orders[1].kind", Reason::UnknownName),
        ("orders[1].place", Reason::MissingField),
        ("orders[1].windows[1].start_time", Reason::MissingField),
        ("orders[1].windows[1].end_time", Reason::MissingField),
        ("orders[1]", Reason::MissingField),
        ("orders[1].parcels", Reason::OutOfRange),
        (
            "travel_profiles[0].buckets[0].start_time",
            Reason::MissingField,
        ),
        ("travel_profiles[0].buckets[0]", Reason::MissingField),
        (
            "travel_profiles[0].buckets[1].speed_factor",
            Reason::OutOfRange,
        ),
    ];
    assert_eq!(found, expected);
    assert_eq!(draft.unreadable[0].subject, "c");
    assert_eq!(draft.positions.couriers, [1]);
    assert_eq!(draft.positions.orders, [0]);
}

#[test]
fn a_location_needs_both_coordinates() {
    let mut message = problem();
    message.orders[0].place = Some(pb::Place {
        location: Some(pb::GeoPoint::default()),
        ..pb::Place::default()
    });
    let draft = read_problem(&message);
    let fields: Vec<&str> = draft
        .unreadable
        .iter()
        .map(|finding| finding.field.as_str())
        .collect();
    let at = |coordinate: &str| format!("orders[0].place.location.{coordinate}");
    assert_eq!(fields, [at("latitude"), at("longitude")]);
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    prop_compose! {
        fn any_order()(
            id in "[a-z0-9_.:-]{0,12}|.{0,6}",
            kind in -1..4_i32,
            latitude in proptest::num::f64::ANY,
            start in proptest::num::i64::ANY,
            nanos in prop_oneof![Just(0), proptest::num::i32::ANY],
            parcels in proptest::option::of(proptest::num::i32::ANY),
            chance in proptest::option::of(proptest::num::f64::ANY),
            has_place in proptest::bool::ANY,
        ) -> pb::Order {
            let moment = Some(prost_types::Timestamp { seconds: start, nanos });
            pb::Order {
                place: has_place.then(|| place("x", latitude)),
                windows: vec![pb::TimeWindow { start_time: moment, end_time: moment }],
                promise: Some(pb::Promise {
                    window: Some(window(1, 2)),
                    promised_time: moment,
                    stated_probability_percent: chance,
                }),
                id,
                kind,
                parcels,
                ..order("a")
            }
        }
    }

    proptest! {
        #[test]
        fn nothing_on_the_wire_makes_reading_fail_otherwise_than_by_findings(
            orders in proptest::collection::vec(any_order(), 0..4),
            factor in proptest::option::of(proptest::num::f64::ANY),
        ) {
            let mut message = problem();
            message.orders = orders;
            message.couriers[0].speed_factor = factor;
            let draft = read_problem(&message);
            let unread = message.orders.len() - draft.problem.orders.len();
            let complaints = draft.unreadable.iter().filter_map(crate::model::Finding::order_position);
            let complained: std::collections::BTreeSet<usize> = complaints.collect();
            prop_assert_eq!(unread, complained.len());
            prop_assert_eq!(draft.positions.orders.len(), draft.problem.orders.len());
        }
    }
}

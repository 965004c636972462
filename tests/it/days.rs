//! Days to plan.

use punctual::generate::{DaySpec, generate};
use punctual::grpc::{convert, pb};

/// A valid day that is planned in a blink.
pub(crate) fn small() -> pb::Problem {
    convert::problem_message(&generate(&DaySpec::small()))
}

/// The same with baskets so heavy that couriers have to load several times.
pub(crate) fn with_reloads() -> pb::Problem {
    convert::problem_message(&generate(&DaySpec {
        reloads: true,
        basket_median_kg: 40.0,
        ..DaySpec::small()
    }))
}

/// The same with a break of half an hour for everybody.
pub(crate) fn with_breaks() -> pb::Problem {
    convert::problem_message(&generate(&DaySpec {
        breaks: true,
        ..DaySpec::small()
    }))
}

/// A valid day that keeps a search busy.
pub(crate) fn busy() -> pb::Problem {
    convert::problem_message(&generate(&DaySpec {
        orders: 120,
        couriers: 8,
        ..DaySpec::default()
    }))
}

pub(crate) fn moment(seconds: i64) -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp { seconds, nanos: 0 })
}

/// A day of two orders at named places, driven by a matrix.
pub(crate) fn with_matrix() -> pb::Problem {
    let mut day = small();
    day.orders.truncate(2);
    for order in &mut day.orders {
        order.place.as_mut().unwrap().id = format!("door-{}", order.id);
    }
    let depot = day.depots[0].place.as_mut().unwrap();
    depot.id = "store".to_owned();
    let mut place_ids = vec!["store".to_owned()];
    place_ids.extend(day.orders.iter().map(|order| format!("door-{}", order.id)));
    let profile = day.couriers[0].profile_id.clone();
    day.couriers.truncate(1);
    day.travel_profiles = vec![pb::TravelProfile {
        id: profile,
        source: Some(pb::travel_profile::Source::Matrix(pb::TravelMatrix {
            place_ids,
            duration_seconds: vec![0, 60, 60, 60, 0, 60, 60, 60, 0],
            distance_meters: vec![0, 500, 500, 500, 0, 500, 500, 500, 0],
        })),
        buckets: Vec::new(),
    }];
    // What the two orders ask for beyond time does not matter here.
    for order in &mut day.orders {
        order.required_skills.clear();
        order.allowed_courier_ids.clear();
        order.forbidden_courier_ids.clear();
        order.loads.clear();
    }
    day
}

pub(crate) fn matrix(day: &mut pb::Problem) -> &mut pb::TravelMatrix {
    match day.travel_profiles[0].source.as_mut().unwrap() {
        pb::travel_profile::Source::Matrix(matrix) => matrix,
        pb::travel_profile::Source::Geo(_) => panic!("the day is driven by a matrix"),
    }
}

//! Small days for tests: everything that a forecast does not look at is left empty.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::fixture::bare_order;
use crate::model::*;
use crate::units::{BasisPoints, Meters, Seconds, Timestamp};

/// Midnight of some day.
pub(crate) const MIDNIGHT: Timestamp = Timestamp(1_760_054_400);

/// A moment of the day.
pub(crate) fn at(hours: i64, minutes: i64) -> Timestamp {
    MIDNIGHT + Seconds(hours * 3_600 + minutes * 60)
}

/// No noise at all.
pub(crate) fn calm() -> NoiseModel {
    NoiseModel {
        day_sigma: 0.0,
        hour_sigma: 0.0,
        hour_time_constant: Seconds(3_600),
        courier_drive_sigma: 0.0,
        courier_drive_daily_sigma: 0.0,
        courier_service_sigma: 0.0,
        courier_service_daily_sigma: 0.0,
        leg_variance: 0.0,
        leg_variance_minutes: 0.0,
        service_sigma: 0.0,
        incident_probability: 0.0,
        incident_mean: Seconds::ZERO,
        start_delay: Seconds::ZERO,
        ..NoiseModel::default()
    }
}

/// Options with a noise model.
pub(crate) fn options(scenarios: u32, noise: NoiseModel) -> ForecastOptions {
    ForecastOptions {
        scenarios,
        noise: Some(noise),
        ..ForecastOptions::default()
    }
}

/// An order at place `number`, promised in windows from and to the given moments.
pub(crate) fn order(number: u32, service: i64, windows: &[(Timestamp, Timestamp)]) -> Order {
    Order {
        service: Seconds(service),
        windows: windows
            .iter()
            .map(|&(start, end)| TimeWindow { start, end })
            .collect(),
        ..bare_order(order_id(number), PlaceIdx(number))
    }
}

pub(crate) fn order_id(number: u32) -> OrderId {
    OrderId::parse(&format!("order-{number}")).unwrap()
}

pub(crate) fn courier_id(number: u32) -> CourierId {
    CourierId::parse(&format!("courier-{number}")).unwrap()
}

fn courier(number: u32) -> Courier {
    let depot = DepotId::parse("depot").unwrap();
    Courier {
        id: courier_id(number),
        name: String::new(),
        phone: String::new(),
        profile: ProfileId::parse("van").unwrap(),
        capacities: BTreeMap::new(),
        skills: BTreeSet::new(),
        shift: TimeWindow {
            start: at(8, 0),
            end: at(22, 0),
        },
        start: RouteStart::Depot(depot.clone()),
        end: RouteEnd::Depot(depot),
        costs: Costs::default(),
        limits: Limits::default(),
        speed_factor: BasisPoints::ONE,
        service_factor: BasisPoints::ONE,
        reload_depots: BTreeSet::new(),
        max_reloads: None,
        breaks: Vec::new(),
    }
}

/// A day with a depot at place 0, where couriers load for ten minutes, and orders at the places after it; `leg` tells
/// the seconds from place to place.
pub(crate) fn day(
    orders: Vec<Order>,
    n_couriers: u32,
    leg: impl Fn(u32, u32) -> Option<i64>,
) -> Problem {
    let n_places = orders.iter().map(|order| order.place.0).max().unwrap_or(0) + 1;
    let place_id = |number: u32| PlaceId::parse(&format!("place-{number}")).unwrap();
    let pairs = (0..n_places).flat_map(|from| (0..n_places).map(move |to| (from, to)));
    let durations: Vec<_> = pairs.map(|(from, to)| leg(from, to).map(Seconds)).collect();
    Problem {
        places: (0..n_places)
            .map(|number| Place {
                id: Some(place_id(number)),
                location: None,
                address: String::new(),
                zone: None,
            })
            .collect(),
        depots: vec![Depot {
            id: DepotId::parse("depot").unwrap(),
            name: String::new(),
            place: PlaceIdx(0),
            loading: Seconds(600),
        }],
        couriers: (0..n_couriers).map(courier).collect(),
        orders,
        profiles: vec![TravelProfile {
            id: ProfileId::parse("van").unwrap(),
            source: TravelSource::Matrix(Matrix {
                place_ids: (0..n_places).map(place_id).collect(),
                distances: vec![Meters::ZERO; durations.len()],
                durations,
            }),
            buckets: Vec::new(),
        }],
        ..Problem::default()
    }
}

/// A plan of routes, each with its courier, start of loading and orders.
pub(crate) fn plan(routes: &[(u32, Timestamp, &[u32])]) -> Plan {
    Plan {
        routes: routes
            .iter()
            .map(|(courier, start, orders)| route(*courier, *start, orders))
            .collect(),
        unserved: Vec::new(),
        provenance: Provenance::not_searched(),
        verdict: Verdict::default(),
    }
}

/// The times stated here are nonsense on purpose: a forecast computes its own.
fn route(courier: u32, start: Timestamp, orders: &[u32]) -> Route {
    let nonsense = Timestamp(77);
    let stop = |&number: &u32| Stop {
        order: order_id(number),
        arrival: nonsense,
        service_start: nonsense,
        departure: nonsense,
        slack: Seconds::ZERO,
        leg_distance: Meters::ZERO,
        leg_duration: Seconds::ZERO,
        load_after: BTreeMap::new(),
        lateness: Seconds::ZERO,
    };
    Route {
        courier: courier_id(courier),
        stops: orders.iter().map(stop).collect(),
        start,
        departure: nonsense,
        end: nonsense,
        distance: Meters::ZERO,
        travel: Seconds::ZERO,
        service: Seconds::ZERO,
        waiting: Seconds::ZERO,
        load_at_start: BTreeMap::new(),
        peak_load: BTreeMap::new(),
        cost: CostBreakdown::default(),
        return_distance: Meters::ZERO,
        return_duration: Seconds::ZERO,
        reloads: Vec::new(),
        breaks: Vec::new(),
    }
}

/// A return to the depot after so many stops; the times stated are nonsense, too.
pub(crate) fn reload(n_before: usize) -> Reload {
    let nonsense = Timestamp(77);
    Reload {
        depot: DepotId::parse("depot").unwrap(),
        n_before,
        arrival: nonsense,
        loading_start: nonsense,
        departure: nonsense,
        leg_distance: Meters::ZERO,
        leg_duration: Seconds::ZERO,
        load_at_departure: BTreeMap::new(),
    }
}

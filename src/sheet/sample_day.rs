//! A planned day for tests: two couriers, the second of whom the forecast says nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::sample::at;
use crate::model::fixture::bare_order;
use crate::model::{
    CostBreakdown, Costs, Courier, CourierId, Depot, DepotId, GeoPoint, Limits, Order, OrderId,
    OrderKind, Place, PlaceIdx, Plan, PlanForecast, Probability, Problem, ProfileId, Promise,
    Provenance, Route, RouteEnd, RouteForecast, RouteStart, SpreadSource, Stop, StopForecast,
    TimeWindow, Verdict,
};
use crate::units::{BasisPoints, Load, Meters, Seconds};

const SURE: Probability = Probability {
    estimate: 1.0,
    low: 1.0,
    high: 1.0,
};

pub(super) fn window(from: i64, to: i64) -> TimeWindow {
    TimeWindow {
        start: at(from, 0),
        end: at(to, 0),
    }
}

fn order(id: &str, kind: OrderKind, parcels: Option<u32>) -> Order {
    Order {
        kind,
        loads: BTreeMap::from([("kg".to_owned(), Load(3))]),
        service: Seconds(300),
        windows: vec![window(8, 9), window(12, 13)],
        entry_notes: "gate".into(),
        parcels,
        ..bare_order(OrderId::parse(id).expect("an id"), PlaceIdx(1))
    }
}

pub(super) fn depot() -> DepotId {
    DepotId::parse("d").expect("an id")
}

fn courier(id: &str) -> Courier {
    let depot = depot();
    Courier {
        id: CourierId::parse(id).expect("an id"),
        name: String::new(),
        phone: "1".into(),
        profile: ProfileId::parse("car").expect("an id"),
        capacities: BTreeMap::new(),
        skills: BTreeSet::new(),
        shift: window(7, 20),
        start: RouteStart::Depot(depot),
        end: RouteEnd::Open,
        costs: Costs::default(),
        limits: Limits::default(),
        speed_factor: BasisPoints::ONE,
        service_factor: BasisPoints::ONE,
        reload_depots: BTreeSet::new(),
        max_reloads: None,
        breaks: Vec::new(),
    }
}

pub(super) fn problem() -> Problem {
    let mut promised = order("promised", OrderKind::Delivery, Some(2));
    promised.promise = Some(Promise {
        window: window(8, 10),
        promised_at: None,
        stated_probability: None,
    });
    Problem {
        name: "day".into(),
        places: vec![
            Place {
                id: None,
                location: None,
                address: "Quay 1".into(),
                zone: None,
            },
            Place {
                id: None,
                location: Some(GeoPoint {
                    latitude: 55.75,
                    longitude: 37.6,
                }),
                address: " ".into(),
                zone: None,
            },
        ],
        depots: vec![Depot {
            id: depot(),
            name: "Store".into(),
            place: PlaceIdx(0),
            loading: Seconds(600),
        }],
        couriers: vec![courier("a"), courier("b")],
        orders: vec![
            promised,
            order("free", OrderKind::Delivery, None),
            order("bottles", OrderKind::Collection, Some(9)),
        ],
        ..Problem::default()
    }
}

fn stop(id: &str, hour: i64) -> Stop {
    Stop {
        order: OrderId::parse(id).expect("an id"),
        arrival: at(hour, 5),
        service_start: at(hour, 5),
        departure: at(hour, 10),
        slack: Seconds::ZERO,
        leg_distance: Meters(100),
        leg_duration: Seconds(60),
        load_after: BTreeMap::new(),
        lateness: Seconds::ZERO,
    }
}

fn route(courier: &str, stops: Vec<Stop>) -> Route {
    Route {
        courier: CourierId::parse(courier).expect("an id"),
        stops,
        start: at(7, 30),
        departure: at(7, 40),
        end: at(15, 0),
        distance: Meters(9_000),
        travel: Seconds(900),
        service: Seconds(900),
        waiting: Seconds::ZERO,
        load_at_start: BTreeMap::from([("kg".to_owned(), Load(6))]),
        peak_load: BTreeMap::new(),
        cost: CostBreakdown::default(),
        return_distance: Meters::ZERO,
        return_duration: Seconds::ZERO,
        reloads: Vec::new(),
        breaks: Vec::new(),
    }
}

pub(super) fn plan() -> Plan {
    Plan {
        routes: vec![
            route("a", vec![stop("promised", 8), stop("free", 12)]),
            route("b", vec![stop("bottles", 8), stop("unheard-of", 9)]),
        ],
        unserved: Vec::new(),
        provenance: Provenance::not_searched(),
        verdict: Verdict::default(),
    }
}

pub(super) fn forecast() -> PlanForecast {
    let stop = |id: &str, hour| StopForecast {
        order: OrderId::parse(id).expect("an id"),
        on_time: SURE,
        arrival_p10: at(hour, 1),
        arrival_p50: at(hour, 5),
        arrival_p80: at(hour, 15),
        arrival_p90: at(hour, 20),
        arrival_p95: at(hour, 25),
        arrival_p98_1: at(hour, 35),
        expected_lateness: Seconds::ZERO,
        leave_by: Some(at(hour, 30)),
    };
    PlanForecast {
        routes: vec![RouteForecast {
            courier: CourierId::parse("a").expect("an id"),
            stops: vec![stop("promised", 8), stop("free", 12)],
            expected_on_time: 1.0,
            on_time_p5: 1.0,
            all_on_time: SURE,
            leave_by: at(7, 55),
            end_p50: at(15, 0),
            end_p90: at(15, 30),
        }],
        expected_on_time: 1.0,
        expected_on_time_error: 0.0,
        realized_p5: 1.0,
        realized_p95: 1.0,
        expected_kept: 1.0,
        scenarios: 256,
        seed: 1,
        spread_source: SpreadSource::Default,
        noise_version: "default".into(),
        leave_by_confidence: 0.9,
        grace: Seconds::ZERO,
        causes: None,
    }
}

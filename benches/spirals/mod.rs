//! A day whose routes wind about the depot, for benches that need not plan it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use punctual::model::*;
use punctual::units::{BasisPoints, Seconds, Timestamp};

/// Stops of a route.
pub(crate) const N_STOPS: u32 = 25;
/// When shifts begin.
pub(crate) const DAY_START: Timestamp = Timestamp(1_760_000_000);

/// An id with a number in it.
pub(crate) fn id<T>(parse: impl Fn(&str) -> Result<T, MalformedId>, number: u32) -> T {
    parse(&format!("id-{number}")).expect("letters, digits and a hyphen")
}

/// Places on a spiral around the depot, a kilometer or two from stop to stop.
fn place(number: u32) -> Place {
    let angle = f64::from(number) * 0.37;
    let radius = 0.02 + 0.1 * f64::from(number % N_STOPS) / f64::from(N_STOPS);
    Place {
        id: None,
        location: Some(GeoPoint {
            latitude: 55.75 + radius * angle.sin(),
            longitude: 37.62 + radius * angle.cos(),
        }),
        address: String::new(),
        zone: None,
    }
}

fn order(number: u32) -> Order {
    let opens = DAY_START + Seconds(i64::from(number % N_STOPS) * 1_200);
    Order {
        id: id(OrderId::parse, number),
        reference: String::new(),
        kind: OrderKind::Delivery,
        place: PlaceIdx(number + 1),
        loads: BTreeMap::new(),
        service: Seconds(420),
        ready: None,
        windows: Vec::new(),
        promise: Some(Promise {
            window: TimeWindow {
                start: opens,
                end: opens + Seconds(7_200),
            },
            promised_at: None,
            stated_probability: None,
        }),
        preference: None,
        required_skills: BTreeSet::new(),
        allowed_couriers: BTreeSet::new(),
        forbidden_couriers: BTreeSet::new(),
        depots: BTreeSet::new(),
        drop_policy: DropPolicy::MustServe,
        contact: Contact::default(),
        entry_notes: String::new(),
        parcels: None,
        payment_note: String::new(),
        notes: String::new(),
    }
}

fn courier(number: u32) -> Courier {
    Courier {
        id: id(CourierId::parse, number),
        name: String::new(),
        phone: String::new(),
        profile: id(ProfileId::parse, 0),
        capacities: BTreeMap::new(),
        skills: BTreeSet::new(),
        shift: TimeWindow {
            start: DAY_START,
            end: DAY_START + Seconds(14 * 3_600),
        },
        start: RouteStart::Place(PlaceIdx(0)),
        end: RouteEnd::Place(PlaceIdx(0)),
        costs: Costs::default(),
        limits: Limits::default(),
        speed_factor: BasisPoints::ONE,
        service_factor: BasisPoints::ONE,
        reload_depots: BTreeSet::new(),
        max_reloads: None,
        breaks: Vec::new(),
    }
}

/// A day of so many couriers, each of whom can serve [`N_STOPS`] orders in the sequence of their numbers.
pub(crate) fn problem(n_routes: u32) -> Problem {
    Problem {
        places: (0..=n_routes * N_STOPS).map(place).collect(),
        couriers: (0..n_routes).map(courier).collect(),
        orders: (0..n_routes * N_STOPS).map(order).collect(),
        profiles: vec![TravelProfile {
            id: id(ProfileId::parse, 0),
            source: TravelSource::Geo(GeoTravel {
                speed_kmh: 25.0,
                detour_factor: 1.3,
            }),
            buckets: Vec::new(),
        }],
        ..Problem::default()
    }
}

/// A stop of which only the order matters.
fn stop(order: &Order) -> Stop {
    Stop {
        order: order.id.clone(),
        arrival: DAY_START,
        service_start: DAY_START,
        departure: DAY_START,
        slack: Seconds::ZERO,
        leg_distance: Default::default(),
        leg_duration: Seconds::ZERO,
        load_after: BTreeMap::new(),
        lateness: Seconds::ZERO,
    }
}

/// That plan, of which only sequences matter.
pub(crate) fn plan(problem: &Problem) -> Plan {
    let sequences = problem.orders.chunks(N_STOPS as usize);
    let routes = problem.couriers.iter().zip(sequences);
    Plan {
        routes: routes
            .map(|(courier, orders)| Route {
                courier: courier.id.clone(),
                stops: orders.iter().map(stop).collect(),
                start: DAY_START,
                departure: DAY_START,
                end: DAY_START,
                distance: Default::default(),
                travel: Seconds::ZERO,
                service: Seconds::ZERO,
                waiting: Seconds::ZERO,
                load_at_start: BTreeMap::new(),
                peak_load: BTreeMap::new(),
                cost: CostBreakdown::default(),
                return_distance: Default::default(),
                return_duration: Seconds::ZERO,
                reloads: Vec::new(),
                breaks: Vec::new(),
            })
            .collect(),
        unserved: Vec::new(),
        provenance: Provenance {
            stop_reason: StopReason::NotSearched,
            seed: 0,
            threads: 1,
            iterations: 0,
            elapsed: Duration::ZERO,
            input_digest: String::new(),
        },
        verdict: Verdict::default(),
    }
}

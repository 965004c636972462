//! Benchmark instances as delivery days: the suites `GH-S` and `ORTEC-S`.
//!
//! | of the instance | of the day |
//! |---|---|
//! | time window | promised window |
//! | distance, which is also travel time | travel time; 10 meters a second (36 km/h) |
//! | vehicle | courier, from when the depot opens until it closes |
//! | objective | driving time alone: 100 a kilometer, which is 1 a second |
//! | a unit of time | a second where ways are given as a matrix; otherwise as long as makes the mean service take 9 minutes |
//!
//! Whoever keeps the windows of the instance keeps those of the day: travel and service are rounded down, and windows
//! outwards.

use std::collections::{BTreeMap, BTreeSet};

use crate::formats::{FormatError, Instance, Plain};
use crate::model::{
    Contact, Costs, Courier, CourierId, Depot, DepotId, DropPolicy, Limits, Matrix, Order, OrderId,
    OrderKind, Place, PlaceId, PlaceIdx, Problem, ProfileId, Promise, RouteEnd, RouteSketch,
    RouteStart, TimeWindow, TravelProfile, TravelSource,
};
use crate::units::{BasisPoints, Cost, Load, Meters, Seconds, Timestamp};

/// Midnight (UTC) before the day, 2026-11-23.
const MIDNIGHT: Timestamp = Timestamp(1_795_392_000);
/// What a service takes on average where the unit of time means nothing: 9 minutes.
const SERVICE_MEAN: f64 = 540.0;
/// A second's way: 36 kilometers an hour.
const METERS_PER_SECOND: i64 = 10;
/// Makes a second of driving cost 1.
const COST_PER_KM: i64 = 100;
/// The dimension that demand is counted in.
const DIMENSION: &str = "units";

/// The day, called `name`, that `instance` stands for. Orders are called by the numbers of their nodes, couriers by
/// those of routes: `vehicle-1` and so on.
///
/// # Errors
/// If the instance has what days of a suite have not, see [`Instance::plain`].
pub fn day_of_instance(name: &str, instance: &Instance) -> Result<Problem, FormatError> {
    let plain = instance.plain()?;
    let clock = Clockwork::of(&plain);
    let n_nodes = plain.nodes.len();
    let ways = (0..n_nodes).flat_map(|from| (0..n_nodes).map(move |to| (from, to)));
    let ways = ways.map(|(from, to)| clock.down(instance.distance(from, to)));
    let durations: Vec<i64> = ways.collect();
    let matrix = Matrix {
        place_ids: (0..n_nodes).map(place_id).collect(),
        distances: durations
            .iter()
            .map(|&seconds| Meters(METERS_PER_SECOND * seconds))
            .collect(),
        durations: durations
            .into_iter()
            .map(|seconds| Some(Seconds(seconds)))
            .collect(),
    };
    let places = (0..n_nodes).map(|node| Place {
        id: Some(place_id(node)),
        location: None,
        address: String::new(),
        zone: None,
    });
    // More couriers than orders are never needed.
    let n_couriers = plain.n_vehicles.min(n_nodes - 1);
    Ok(Problem {
        name: name.to_owned(),
        time_zone: String::new(),
        places: places.collect(),
        depots: vec![Depot {
            id: depot_id(),
            name: "depot".to_owned(),
            place: PlaceIdx(0),
            loading: Seconds::ZERO,
        }],
        couriers: (0..n_couriers)
            .map(|number| courier(number, &plain, &clock))
            .collect(),
        orders: (1..n_nodes)
            .map(|node| order(node, &plain, &clock))
            .collect(),
        profiles: vec![TravelProfile {
            id: profile_id(),
            source: TravelSource::Matrix(matrix),
            buckets: Vec::new(),
        }],
    })
}

/// The routes of a solution of an instance, sequences of nodes, as routes of its day: the first one is that of
/// `vehicle-1`. What does not exist there is for [`sketch_findings`](crate::planner::schedule::sketch_findings) to find.
#[must_use]
pub fn routes_of_nodes(routes: &[Vec<usize>]) -> Vec<RouteSketch> {
    let used = routes.iter().filter(|nodes| !nodes.is_empty());
    let sketch = |(number, nodes): (usize, &Vec<usize>)| RouteSketch {
        courier: courier_id(number),
        orders: nodes.iter().map(|&node| order_id(node)).collect(),
        start: None,
        reloads: Vec::new(),
    };
    used.enumerate().map(sketch).collect()
}

/// What a unit of time lasts.
struct Clockwork {
    seconds: f64,
}

impl Clockwork {
    fn of(plain: &Plain) -> Self {
        let unit = 1.0 / plain.scale as f64;
        let clients = plain.nodes.iter().skip(1);
        let services: f64 = clients.clone().map(|node| node.service as f64).sum();
        let is_timed = plain.has_matrix || services <= 0.0;
        Self {
            seconds: if is_timed {
                unit
            } else {
                SERVICE_MEAN * clients.count() as f64 / services
            },
        }
    }

    /// Whole seconds of a span, rounded down.
    #[expect(clippy::cast_possible_truncation, reason = "instances are bounded")]
    fn down(&self, units: i64) -> i64 {
        // A span that is whole but for the last bit is whole.
        (units as f64 * self.seconds + 1e-6).floor() as i64
    }

    /// A window, rounded outwards.
    #[expect(clippy::cast_possible_truncation, reason = "instances are bounded")]
    fn window(&self, (start, end): (i64, i64)) -> TimeWindow {
        TimeWindow {
            start: MIDNIGHT + Seconds(self.down(start)),
            end: MIDNIGHT + Seconds((end as f64 * self.seconds - 1e-6).ceil() as i64),
        }
    }
}

fn courier(number: usize, plain: &Plain, clock: &Clockwork) -> Courier {
    Courier {
        id: courier_id(number),
        name: String::new(),
        phone: String::new(),
        profile: profile_id(),
        capacities: BTreeMap::from([(DIMENSION.to_owned(), Load(plain.capacity))]),
        skills: BTreeSet::new(),
        shift: clock.window(plain.nodes[0].window),
        start: RouteStart::Depot(depot_id()),
        end: RouteEnd::Depot(depot_id()),
        costs: Costs {
            per_km: Cost(COST_PER_KM),
            ..Costs::default()
        },
        limits: Limits {
            max_duty: plain.max_duration.map(|span| Seconds(clock.down(span))),
            ..Limits::default()
        },
        speed_factor: BasisPoints::ONE,
        service_factor: BasisPoints::ONE,
        reload_depots: BTreeSet::new(),
        max_reloads: None,
        breaks: Vec::new(),
    }
}

fn order(node: usize, plain: &Plain, clock: &Clockwork) -> Order {
    let data = &plain.nodes[node];
    Order {
        id: order_id(node),
        reference: String::new(),
        kind: OrderKind::Delivery,
        place: PlaceIdx(u32::try_from(node).unwrap_or(u32::MAX)),
        loads: BTreeMap::from([(DIMENSION.to_owned(), Load(data.demand))]),
        service: Seconds(clock.down(data.service)),
        ready: None,
        windows: Vec::new(),
        promise: Some(Promise {
            window: clock.window(data.window),
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

const PLAIN_ID: &str = "digits, letters and hyphens make an id";

fn place_id(node: usize) -> PlaceId {
    PlaceId::parse(&node.to_string()).expect(PLAIN_ID)
}

fn order_id(node: usize) -> OrderId {
    OrderId::parse(&node.to_string()).expect(PLAIN_ID)
}

fn courier_id(number: usize) -> CourierId {
    CourierId::parse(&format!("vehicle-{}", number + 1)).expect(PLAIN_ID)
}

fn depot_id() -> DepotId {
    DepotId::parse("depot").expect(PLAIN_ID)
}

fn profile_id() -> ProfileId {
    ProfileId::parse("road").expect(PLAIN_ID)
}

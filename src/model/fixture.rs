//! Small days for tests: places on a grid where one step takes a second and is ten meters long.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Contact, Costs, Courier, CourierId, Depot, DepotId, DropPolicy, GeoPoint, Limits, Matrix,
    Order, OrderId, OrderKind, Place, PlaceId, PlaceIdx, Problem, ProfileId, RouteEnd, RouteSketch,
    RouteStart, TimeWindow, TravelProfile, TravelSource,
};
use crate::units::{BasisPoints, Cost, Load, Meters, Seconds, Timestamp};

/// Midnight (UTC) before the fixture's day, 2026-11-23.
pub(crate) const MIDNIGHT: Timestamp = Timestamp(1_795_392_000);

/// A moment of the fixture's day.
pub(crate) fn at(hour: i64, minute: i64) -> Timestamp {
    MIDNIGHT + Seconds(hour * 3_600 + minute * 60)
}

/// A window of full hours of the fixture's day.
pub(crate) fn hours(start: i64, end: i64) -> TimeWindow {
    TimeWindow {
        start: at(start, 0),
        end: at(end, 0),
    }
}

/// The id of an order.
pub(crate) fn order_id(text: &str) -> OrderId {
    OrderId::parse(text).expect("fixtures use plain ids")
}

/// The id of a courier.
pub(crate) fn courier_id(text: &str) -> CourierId {
    CourierId::parse(text).expect("fixtures use plain ids")
}

/// The id of a depot.
pub(crate) fn depot_id(text: &str) -> DepotId {
    DepotId::parse(text).expect("fixtures use plain ids")
}

/// The id of a place.
pub(crate) fn place_id(text: &str) -> PlaceId {
    PlaceId::parse(text).expect("fixtures use plain ids")
}

/// The only profile of a fixture.
pub(crate) fn profile_id() -> ProfileId {
    ProfileId::parse("car").expect("fixtures use plain ids")
}

/// A courier's sequence, started by the planner's own rule.
pub(crate) fn sketch(courier: &str, orders: &[&str]) -> RouteSketch {
    RouteSketch {
        courier: courier_id(courier),
        orders: orders.iter().map(|order| order_id(order)).collect(),
        start: None,
    }
}

/// Builds a valid problem step by step.
///
/// Starts with one depot, `depot` at `(0, 0)`, without loading time, and one matrix profile, `car`, over every place
/// that the later steps name. A place has the id of its owner (`depot`, or the order's).
pub(crate) struct Fixture {
    problem: Problem,
    spots: Vec<(i64, i64)>,
    closed: BTreeSet<(PlaceIdx, PlaceIdx)>,
}

impl Fixture {
    /// A day with a depot and nothing to do.
    pub(crate) fn new() -> Self {
        Self {
            problem: Problem::default(),
            spots: Vec::new(),
            closed: BTreeSet::new(),
        }
        .depot("depot", (0, 0))
    }

    /// Adds a depot without loading time.
    pub(crate) fn depot(mut self, id: &str, spot: (i64, i64)) -> Self {
        let place = self.place(id, spot);
        self.problem.depots.push(Depot {
            id: depot_id(id),
            name: format!("Depot {id}"),
            place,
            loading: Seconds::ZERO,
        });
        self
    }

    /// Changes the depots added so far.
    pub(crate) fn loading(mut self, loading: Seconds) -> Self {
        for depot in &mut self.problem.depots {
            depot.loading = loading;
        }
        self
    }

    /// Adds a courier from and to `depot`, from 8 to 20 h, without limits, for 5 a kilometer and 100 an hour, then
    /// lets `change` have its way with it.
    pub(crate) fn courier(mut self, id: &str, change: impl FnOnce(&mut Courier)) -> Self {
        let mut courier = Courier {
            id: courier_id(id),
            name: format!("Courier {id}"),
            phone: String::new(),
            profile: profile_id(),
            capacities: BTreeMap::new(),
            skills: BTreeSet::new(),
            shift: hours(8, 20),
            start: RouteStart::Depot(depot_id("depot")),
            end: RouteEnd::Depot(depot_id("depot")),
            costs: Costs {
                per_km: Cost(5),
                per_hour: Cost(100),
                ..Costs::default()
            },
            limits: Limits::default(),
            speed_factor: BasisPoints::ONE,
            service_factor: BasisPoints::ONE,
        };
        change(&mut courier);
        self.problem.couriers.push(courier);
        self
    }

    /// Adds a delivery that must be served, of 1 kg, a minute at the door, from 8 to 20 h, then lets `change` have its
    /// way with it.
    pub(crate) fn order(
        mut self,
        id: &str,
        spot: (i64, i64),
        change: impl FnOnce(&mut Order),
    ) -> Self {
        let place = self.place(id, spot);
        let mut order = Order {
            id: order_id(id),
            kind: OrderKind::Delivery,
            place,
            loads: BTreeMap::from([("kg".to_owned(), Load(1))]),
            service: Seconds(60),
            ready: None,
            windows: vec![hours(8, 20)],
            promise: None,
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
        };
        change(&mut order);
        self.problem.orders.push(order);
        self
    }

    /// Adds a place that nothing uses yet.
    pub(crate) fn place(&mut self, id: &str, spot: (i64, i64)) -> PlaceIdx {
        let idx = PlaceIdx(u32::try_from(self.spots.len()).expect("fixtures are small"));
        self.problem.places.push(Place {
            id: Some(place_id(id)),
            location: Some(location(spot)),
            address: format!("{id} street"),
        });
        self.spots.push(spot);
        idx
    }

    /// Takes away the way from one place to another; the way back stays.
    pub(crate) fn no_way(mut self, from: &str, to: &str) -> Self {
        let find = |id: &str| {
            let position = |place: &Place| place.id.as_ref() == Some(&place_id(id));
            let idx = self.problem.places.iter().position(position);
            PlaceIdx(u32::try_from(idx.expect("named before")).expect("fixtures are small"))
        };
        let way = (find(from), find(to));
        self.closed.insert(way);
        self
    }

    /// The problem with its matrix.
    pub(crate) fn build(mut self) -> Problem {
        let places = &self.problem.places;
        let ids = places
            .iter()
            .map(|place| place.id.clone().expect("set by `place`"));
        let indices = || (0u32..).zip(&self.spots);
        let ways = || indices().flat_map(|from| indices().map(move |to| (from, to)));
        let steps =
            |from: &(i64, i64), to: &(i64, i64)| (from.0 - to.0).abs() + (from.1 - to.1).abs();
        let matrix = Matrix {
            place_ids: ids.collect(),
            durations: ways()
                .map(|((a, from), (b, to))| {
                    let is_closed = self.closed.contains(&(PlaceIdx(a), PlaceIdx(b)));
                    (!is_closed).then(|| Seconds(steps(from, to)))
                })
                .collect(),
            distances: ways()
                .map(|((_, from), (_, to))| Meters(10 * steps(from, to)))
                .collect(),
        };
        self.problem.profiles.push(TravelProfile {
            id: profile_id(),
            source: TravelSource::Matrix(matrix),
        });
        self.problem
    }
}

/// Where a spot of the grid would be near Moscow.
fn location(spot: (i64, i64)) -> GeoPoint {
    GeoPoint {
        latitude: 55.75 + spot.1 as f64 * 1e-4,
        longitude: 37.62 + spot.0 as f64 * 1.6e-4,
    }
}

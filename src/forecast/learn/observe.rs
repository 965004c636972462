//! What a history says of travel, service and starts, as numbers.

use std::collections::BTreeMap;

use crate::forecast::spread::SLOT;
use crate::model::{
    CourierId, DepotId, History, RecordedPurpose, RecordedRoute, RecordedStop, ZoneId,
};
use crate::units::{Seconds, Timestamp};

/// Ways and services planned or found to be shorter than this say more of how clocks are read than of the day.
const SHORTEST: Seconds = Seconds(20);

/// One way to an order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leg {
    pub(super) day: usize,
    pub(super) courier: usize,
    pub(super) zone: usize,
    /// Slot of the planned departure, since the epoch.
    pub(super) slot: i64,
    /// As planned, at least 1.
    pub(super) minutes: f64,
    /// Logarithm of the actual duration by the planned one.
    pub(super) log: f64,
}

/// One service at the door of an order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Service {
    pub(super) day: usize,
    pub(super) courier: usize,
    /// Seconds.
    pub(super) planned: f64,
    /// Seconds.
    pub(super) actual: f64,
}

/// All that can be learnt from.
#[derive(Debug, Default)]
pub(super) struct Observations {
    pub(super) legs: Vec<Leg>,
    pub(super) services: Vec<Service>,
    /// Seconds that a route left late, not negative, with where it began.
    pub(super) starts: Vec<(Option<DepotId>, f64)>,
    /// Ids by index.
    pub(super) couriers: Vec<CourierId>,
    pub(super) n_days: usize,
    pub(super) n_zones: usize,
}

impl Observations {
    pub(super) fn new(history: &History) -> Self {
        let mut days: BTreeMap<Timestamp, usize> = BTreeMap::new();
        let mut couriers: BTreeMap<&CourierId, usize> = BTreeMap::new();
        let mut zones: BTreeMap<&ZoneId, usize> = BTreeMap::new();
        let mut found = Self::default();
        for route in &history.routes {
            let next = days.len();
            let day = *days.entry(route.day).or_insert(next);
            let next = couriers.len();
            let courier = *couriers.entry(&route.courier).or_insert(next);
            if courier == next {
                found.couriers.push(route.courier.clone());
            }
            let delay = (route.departure - route.planned_departure).0.max(0) as f64;
            found.starts.push((route.depot.clone(), delay));
            for (stop, before) in route.stops.iter().zip(departures(route)) {
                let RecordedPurpose::Order(order) = &stop.purpose else {
                    continue;
                };
                let next = zones.len();
                let zone = *zones.entry(&order.zone).or_insert(next);
                found.legs.extend(leg(stop, before, [day, courier, zone]));
                found.services.extend(service(stop, [day, courier]));
            }
        }
        found.n_days = days.len();
        found.n_zones = zones.len();
        found
    }
}

/// The moments at which the ways to the stops of `route` began.
fn departures(route: &RecordedRoute) -> impl Iterator<Item = Timestamp> {
    let stops = route.stops.iter().map(|stop| stop.departure);
    [route.departure].into_iter().chain(stops)
}

fn leg(stop: &RecordedStop, before: Timestamp, [day, courier, zone]: [usize; 3]) -> Option<Leg> {
    let (planned, actual) = (stop.planned_travel, stop.arrival - before);
    (planned >= SHORTEST && actual >= SHORTEST).then(|| Leg {
        day,
        courier,
        zone,
        slot: (stop.planned_arrival - planned).0.div_euclid(SLOT),
        minutes: (planned.0 as f64 / 60.0).max(1.0),
        log: (actual.0 as f64 / planned.0 as f64).ln(),
    })
}

fn service(stop: &RecordedStop, [day, courier]: [usize; 2]) -> Option<Service> {
    let (planned, actual) = (stop.planned_service, stop.departure - stop.service_start);
    (planned >= SHORTEST && actual >= SHORTEST).then_some(Service {
        day,
        courier,
        planned: planned.0 as f64,
        actual: actual.0 as f64,
    })
}

//! What a history says of travel, service and starts, as numbers.

use std::collections::BTreeMap;

use crate::forecast::spread::SLOT;
use crate::model::{
    CourierId, DepotId, History, RecordedPurpose, RecordedRoute, RecordedStop, ZoneId,
};
use crate::units::{Seconds, Timestamp};

/// Ways planned to be shorter than this say more of how clocks are read than of the day. Those found to be shorter than
/// planned must not be left out, or else short ways would look slow.
const SHORTEST_WAY: Seconds = Seconds(60);

/// Services planned to be shorter than this, likewise.
const SHORTEST_SERVICE: Seconds = Seconds(20);

/// One way to an order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leg {
    pub(super) day: usize,
    pub(super) courier: usize,
    pub(super) zone: usize,
    /// Slot of the planned departure, since the epoch.
    pub(super) slot: i64,
    /// Hour of the planned departure, in UTC.
    pub(super) hour: u8,
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
    pub(super) zone: usize,
    /// Seconds.
    pub(super) planned: f64,
    /// Seconds.
    pub(super) actual: f64,
}

/// One start of a route.
#[derive(Clone, Debug)]
pub(super) struct Start {
    pub(super) day: usize,
    pub(super) courier: usize,
    pub(super) depot: Option<DepotId>,
    /// Seconds that the route left late, not negative.
    pub(super) delay: f64,
}

/// All that can be learnt from.
#[derive(Debug, Default)]
pub(super) struct Observations {
    pub(super) legs: Vec<Leg>,
    pub(super) services: Vec<Service>,
    pub(super) starts: Vec<Start>,
    /// Ids by index.
    pub(super) couriers: Vec<CourierId>,
    /// Ids by index.
    pub(super) zones: Vec<ZoneId>,
    pub(super) n_days: usize,
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
            found.starts.push(Start {
                day,
                courier,
                depot: route.depot.clone(),
                delay: (route.departure - route.planned_departure).0.max(0) as f64,
            });
            for (stop, before) in route.stops.iter().zip(departures(route)) {
                let RecordedPurpose::Order(order) = &stop.purpose else {
                    continue;
                };
                let next = zones.len();
                let zone = *zones.entry(&order.zone).or_insert(next);
                if zone == next {
                    found.zones.push(order.zone.clone());
                }
                found.legs.extend(leg(stop, before, [day, courier, zone]));
                found.services.extend(service(stop, [day, courier, zone]));
            }
        }
        found.n_days = days.len();
        found
    }

    /// What is left without the days and couriers that `is_out` names.
    pub(super) fn without(&self, is_out: impl Fn(usize, usize) -> bool) -> Self {
        let legs = self.legs.iter().filter(|leg| !is_out(leg.day, leg.courier));
        let services = (self.services.iter()).filter(|at| !is_out(at.day, at.courier));
        let starts = (self.starts.iter()).filter(|start| !is_out(start.day, start.courier));
        Self {
            legs: legs.copied().collect(),
            services: services.copied().collect(),
            starts: starts.cloned().collect(),
            couriers: self.couriers.clone(),
            zones: self.zones.clone(),
            n_days: self.n_days,
        }
    }
}

/// The moments at which the ways to the stops of `route` began.
fn departures(route: &RecordedRoute) -> impl Iterator<Item = Timestamp> {
    let stops = route.stops.iter().map(|stop| stop.departure);
    [route.departure].into_iter().chain(stops)
}

fn leg(stop: &RecordedStop, before: Timestamp, [day, courier, zone]: [usize; 3]) -> Option<Leg> {
    let (planned, actual) = (stop.planned_travel, stop.arrival - before);
    let departure = (stop.planned_arrival - planned).0;
    (planned >= SHORTEST_WAY).then(|| Leg {
        day,
        courier,
        zone,
        slot: departure.div_euclid(SLOT),
        hour: u8::try_from(departure.rem_euclid(86_400) / 3_600).unwrap_or_default(),
        minutes: planned.0 as f64 / 60.0,
        log: (actual.0.max(1) as f64 / planned.0 as f64).ln(),
    })
}

fn service(stop: &RecordedStop, [day, courier, zone]: [usize; 3]) -> Option<Service> {
    let (planned, actual) = (stop.planned_service, stop.departure - stop.service_start);
    (planned >= SHORTEST_SERVICE).then_some(Service {
        day,
        courier,
        zone,
        planned: planned.0 as f64,
        actual: actual.0.max(1) as f64,
    })
}

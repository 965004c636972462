//! A route in the sequence in which it is really made.

use std::collections::BTreeMap;

use super::jams::Jams;
use crate::forecast::draws;
use crate::forecast::itinerary::{Itinerary, Leg, Timetable, Visit};
use crate::model::{GeoPoint, Order, OrderId, PlaceIdx, Problem, Route};
use crate::units::{Seconds, Timestamp};

/// A route with what its progress is compared with.
#[derive(Clone, Debug)]
pub(super) struct Path {
    pub(super) itinerary: Itinerary,
    /// Numbers that the stops have in the plan, in the sequence in which they are made.
    pub(super) sequence: Vec<usize>,
    /// For each stop in that sequence, the index of its visit.
    pub(super) visits: Vec<usize>,
    /// By visit, the key of the zone that it lies in; 0 where nobody lives.
    pub(super) areas: Vec<u64>,
    /// By visit, where it is, if that is known.
    spots: Vec<Option<GeoPoint>>,
    /// Where the route starts, if that is known.
    start: Option<GeoPoint>,
}

/// Makes paths.
pub(super) struct Surveyor<'a> {
    problem: &'a Problem,
    timetable: Timetable<'a>,
    places: BTreeMap<&'a OrderId, PlaceIdx>,
}

impl<'a> Surveyor<'a> {
    pub(super) fn new(problem: &'a Problem, timetable: Timetable<'a>) -> Self {
        let place = |order: &'a Order| (&order.id, order.place);
        Self {
            problem,
            timetable,
            places: problem.orders.iter().map(place).collect(),
        }
    }

    /// Takes `order` instead of the one of the problem that has its id.
    pub(super) fn replace(&mut self, order: &'a Order) {
        self.places.insert(&order.id, order.place);
        self.timetable.replace(order);
    }

    /// The path of `route` with its stops in another sequence.
    pub(super) fn path(&self, route: &Route, sequence: &[usize]) -> Path {
        let itinerary = self.timetable.itinerary(&resequenced(route, sequence));
        let place = |visit: &Visit| {
            let order = visit.order.as_ref()?;
            let place = self.places.get(order)?;
            self.problem.places.get(place.index())
        };
        let places: Vec<_> = itinerary.visits.iter().map(place).collect();
        let areas = places.iter().map(|place| {
            let zone = place.map(|place| draws::key(place.zone().as_str()));
            zone.unwrap_or(0)
        });
        let doors = itinerary.visits.iter().enumerate();
        let doors = doors.filter(|(_, visit)| visit.order.is_some());
        let courier = self.problem.courier(&route.courier);
        let start = courier.and_then(|courier| self.problem.start_place(courier));
        Path {
            areas: areas.collect(),
            spots: (places.iter())
                .map(|place| place.and_then(|place| place.location))
                .collect(),
            visits: doors.map(|(at, _)| at).collect(),
            start: start.and_then(|start| self.problem.place(start).location),
            sequence: sequence.to_vec(),
            itinerary,
        }
    }
}

/// `route` with its stops in another sequence; reloads and breaks come after as many of the stops before them as are left.
fn resequenced(route: &Route, sequence: &[usize]) -> Route {
    let n_before = |planned: usize| sequence.iter().filter(|stop| **stop < planned).count();
    let stops = sequence.iter().filter_map(|stop| route.stops.get(*stop));
    let mut route = Route {
        stops: stops.cloned().collect(),
        ..route.clone()
    };
    for reload in &mut route.reloads {
        reload.n_before = n_before(reload.n_before);
    }
    for pause in &mut route.breaks {
        pause.n_before = n_before(pause.n_before);
    }
    route
}

impl Path {
    /// Seconds from the start of the route to `moment`.
    pub(super) fn seconds(&self, moment: Timestamp) -> f64 {
        moment.0.saturating_sub(self.itinerary.origin.0) as f64
    }

    /// The moment so many seconds after the start of the route.
    #[expect(clippy::cast_possible_truncation, reason = "saturates, which is meant")]
    pub(super) fn moment(&self, seconds: f64) -> Timestamp {
        let seconds = seconds.round() as i64;
        Timestamp(self.itinerary.origin.0.saturating_add(seconds))
    }

    /// How much of the way to the visit with index `visit` is covered between two moments, in seconds that it takes as
    /// planned. What holds up traffic covers less.
    pub(super) fn covered(&self, visit: usize, jams: &Jams, from: Timestamp, to: Timestamp) -> f64 {
        let leg = &self.itinerary.visits[visit].leg;
        let mut covered = 0.0;
        let mut at = from;
        for next in jams.changes(from, to).into_iter().chain([to]) {
            let factor = jams.factor(self.areas[visit], at);
            covered += planned_share(leg, self.seconds(at), self.seconds(next)) / factor;
            at = next;
        }
        covered * f64::from(leg.planned)
    }

    /// How much of the way to the visit with index `visit` is left from `spot`, as a share of it, by the distances as the
    /// crow flies; `None` where places are not known.
    pub(super) fn share_left(&self, visit: usize, spot: GeoPoint) -> Option<f64> {
        let to = self.spots[visit]?;
        let before = visit.checked_sub(1);
        let from = before.map_or(self.start, |before| self.spots[before])?;
        let whole = from.meters_to(to);
        (whole > 50.0).then(|| (spot.meters_to(to) / whole).clamp(0.02, 2.0))
    }

    /// When service begins of who comes to `visit` at `arrival`, in seconds since the start of the route.
    pub(super) fn service_start(&self, visit: usize, arrival: f64) -> f64 {
        let visit = &self.itinerary.visits[visit];
        let mut clock = arrival.max(f64::from(visit.open));
        for gap in &visit.gaps {
            if clock > f64::from(gap.from) && clock < f64::from(gap.to) {
                clock = f64::from(gap.to);
            }
        }
        clock
    }

    /// Arrival as planned, of the visit with index `visit`.
    pub(super) fn planned_arrival(&self, visit: usize) -> Timestamp {
        let leg = &self.itinerary.visits[visit].leg;
        let planned = self.seconds(leg.departure) + f64::from(leg.planned);
        self.moment(planned)
    }
}

/// The share of the way of `leg` that is covered between two moments as planned, in seconds since the start of the route.
fn planned_share(leg: &Leg, from: f64, to: f64) -> f64 {
    if leg.paces.is_empty() {
        return (to - from).max(0.0) / f64::from(leg.planned).max(1.0);
    }
    let share = leg.paces.iter().map(|pace| {
        let span = to.min(f64::from(pace.until)) - from.max(f64::from(pace.from));
        span.max(0.0) / f64::from(pace.seconds)
    });
    share.sum()
}

/// The arrival of who leaves for `leg` at `clock` and takes `factor` times as long as planned.
pub(super) fn arrival(leg: &Leg, clock: f64, factor: f64) -> f64 {
    if leg.paces.is_empty() {
        return clock + factor * f64::from(leg.planned);
    }
    let (mut at, mut left) = (clock, factor);
    for pace in &leg.paces {
        let room = (f64::from(pace.until) - at).max(0.0);
        let span = (left * f64::from(pace.seconds)).min(room);
        at += span;
        left -= span / f64::from(pace.seconds);
        if left <= 1e-9 {
            break;
        }
    }
    at
}

/// The half hour of `moment`, counted from that of `first`.
pub(super) fn slot(first: Timestamp, moment: Timestamp) -> usize {
    use crate::forecast::spread::SLOT;
    let slot = moment.0.div_euclid(SLOT) - first.0.div_euclid(SLOT);
    usize::try_from(slot).map_or(0, |slot| slot.min(super::levels::SLOTS - 1))
}

/// The hour of the day of `moment`, in UTC.
pub(super) fn hour(moment: Timestamp) -> u8 {
    u8::try_from(moment.0.div_euclid(3_600).rem_euclid(24)).unwrap_or(0)
}

/// Whole seconds.
#[expect(clippy::cast_possible_truncation, reason = "saturates, which is meant")]
pub(super) fn whole(seconds: f64) -> Seconds {
    Seconds(seconds.round() as i64)
}

//! A route as the simulation sees it: planned durations, windows and deadlines, relative to the start of loading.

use std::collections::BTreeMap;

use super::draws;
use super::spread::{Bias, Spread};
use crate::model::{
    Break, BreakStart, Courier, CourierId, DepotId, Order, OrderId, OrderKind, PlaceIdx, Problem,
    Route, RouteStart, Stop, TimeWindow,
};
use crate::travel::{Stretch, TravelTimes, Way};
use crate::units::{Seconds, Timestamp};

/// Moments further than this from the start (190 days) count as this far: single precision holds whole seconds so far.
const HORIZON: i64 = 1 << 24;

/// The way to a stop, or from the last one to the end.
#[derive(Clone, Debug)]
pub(super) struct Leg {
    /// Seconds.
    pub(super) planned: f32,
    /// Standard deviation of the logarithm of the leg's own noise.
    pub(super) sigma: f32,
    /// Planned departure.
    pub(super) departure: Timestamp,
    /// Key of the zone whose traffic it has: that of the stop it leads to. 0 if zones do not matter.
    pub(super) zone: u64,
    /// How long the whole way takes in each stretch of time; empty if that is always the same.
    pub(super) paces: Vec<Pace>,
}

/// A stretch of time in which a way takes the same time. Moments are in seconds since the start of loading.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    pub(super) from: f32,
    pub(super) until: f32,
    /// For the whole way, more than none.
    pub(super) seconds: f32,
}

/// Stretches of time further than this from the planned departure are not told apart.
const PACES_SPAN: Seconds = Seconds(86_400);

/// A time between two windows: who comes after `from` and before `to` waits until `to`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gap {
    pub(super) from: f32,
    pub(super) to: f32,
}

/// A stop: at a door, at a depot to load for the next trip, or where it is for a break. Moments are in seconds since the
/// start of loading.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    /// `None` where nothing is promised: at a depot, there is only the loading, once all goods are ready; in a break, only
    /// its time, once its window is open.
    pub(super) order: Option<OrderId>,
    /// Key of the stop's noise.
    pub(super) key: u64,
    pub(super) leg: Leg,
    /// Planned seconds at the door, with their bias, of loading, or of the break.
    pub(super) service: f32,
    /// How far off the bias of the service may be; `None` if it is certain.
    pub(super) service_doubt: Option<Bias>,
    /// When the first window opens.
    pub(super) open: f32,
    /// Between the windows, in sequence.
    pub(super) gaps: Vec<Gap>,
    /// Latest moment promised.
    pub(super) promised: f32,
    /// Latest arrival that counts as on time; `None` if none does, because there is no way, no window or no promise.
    pub(super) deadline: Option<f32>,
}

/// A route.
#[derive(Clone, Debug)]
pub(super) struct Itinerary {
    pub(super) courier: CourierId,
    /// Key of the courier's noise.
    pub(super) key: u64,
    /// Where the route begins, if at a depot.
    pub(super) depot: Option<DepotId>,
    /// Start of loading: moment zero.
    pub(super) origin: Timestamp,
    /// Planned departure, or the actual one of a courier who has left.
    pub(super) departure: f32,
    /// Whether the courier has left, so that no delay at the start is to be expected.
    pub(super) has_left: bool,
    pub(super) visits: Vec<Visit>,
    /// The way to the end; of no duration with an open end.
    pub(super) back: Leg,
}

impl Itinerary {
    /// How many stops are at doors.
    pub(super) fn n_orders(&self) -> usize {
        let visits = self.visits.iter();
        visits.filter(|visit| visit.order.is_some()).count()
    }

    /// All ways, the one to the end last.
    pub(super) fn legs(&self) -> impl Iterator<Item = &Leg> {
        let visits = self.visits.iter();
        visits.map(|visit| &visit.leg).chain([&self.back])
    }

    /// The moment `seconds` after the start, whole seconds rounded to the nearest.
    pub(super) fn moment(&self, seconds: f32) -> Timestamp {
        self.whole(seconds.round_ties_even())
    }

    /// The last whole second not after the moment `seconds` after the start.
    pub(super) fn moment_before(&self, seconds: f32) -> Timestamp {
        self.whole(seconds.floor())
    }

    #[expect(clippy::cast_possible_truncation, reason = "saturates, which is meant")]
    fn whole(&self, seconds: f32) -> Timestamp {
        Timestamp(self.origin.0.saturating_add(seconds as i64))
    }
}

/// Makes itineraries of routes.
pub(super) struct Timetable<'a> {
    problem: &'a Problem,
    travel: &'a TravelTimes<'a>,
    spread: &'a Spread,
    grace: Seconds,
    orders: BTreeMap<&'a OrderId, &'a Order>,
    couriers: BTreeMap<&'a CourierId, &'a Courier>,
    /// Keys of the places' zones.
    zones: Vec<u64>,
}

impl<'a> Timetable<'a> {
    pub(super) fn new(
        problem: &'a Problem,
        travel: &'a TravelTimes<'a>,
        spread: &'a Spread,
        grace: Seconds,
    ) -> Self {
        Self {
            problem,
            travel,
            spread,
            grace,
            orders: problem.orders.iter().map(|o| (&o.id, o)).collect(),
            couriers: problem.couriers.iter().map(|c| (&c.id, c)).collect(),
            zones: (problem.places.iter())
                .map(|place| draws::key(place.zone().as_str()))
                .collect(),
        }
    }

    /// Takes `order` instead of the one of the problem that has its id.
    pub(super) fn replace(&mut self, order: &'a Order) {
        self.orders.insert(&order.id, order);
    }

    /// The itinerary of `route`, timed anew from its start and sequence.
    ///
    /// From the first stop that cannot be reached (no way, or an id that the problem does not know) no promise can be
    /// kept; the missing way takes no time.
    pub(super) fn itinerary(&self, route: &Route) -> Itinerary {
        let courier = self.couriers.get(&route.courier).copied();
        let mut walk = Walk {
            timetable: self,
            courier,
            origin: route.start,
            clock: courier.map_or(0, |courier| self.problem.loading(courier).0),
            place: courier.and_then(|courier| self.problem.start_place(courier)),
            is_reachable: true,
        };
        let departure = walk.relative(walk.now());
        let mut visits = Vec::with_capacity(route.stops.len() + route.reloads.len());
        let breaks_after = |n_stops: usize| {
            let breaks = route.breaks.iter();
            breaks.filter(move |pause| pause.n_before == n_stops)
        };
        for (position, stop) in route.stops.iter().enumerate() {
            visits.extend(breaks_after(position).map(|pause| walk.rest(pause)));
            let reloads = route.reloads.iter().enumerate();
            for (number, reload) in reloads.filter(|(_, reload)| reload.n_before == position) {
                let next = route.reloads.iter().map(|reload| reload.n_before);
                let to = next.filter(|next| *next > position).min();
                let trip = &route.stops[position..to.unwrap_or(usize::MAX).min(route.stops.len())];
                visits.push(walk.reload(&reload.depot, number, trip));
            }
            visits.push(walk.visit(&stop.order));
        }
        visits.extend(breaks_after(route.stops.len()).map(|pause| walk.rest(pause)));
        let end = courier.and_then(|courier| self.problem.end_place(courier));
        let end = end.or(walk.place);
        let back = walk.way(end);
        Itinerary {
            courier: route.courier.clone(),
            key: draws::key(route.courier.as_str()),
            depot: courier.and_then(|courier| match &courier.start {
                RouteStart::Depot(depot) => Some(depot.clone()),
                RouteStart::Place(_) => None,
            }),
            origin: route.start,
            departure,
            has_left: false,
            visits,
            back: walk.leg(back.as_ref(), end),
        }
    }
}

/// Follows a route as planned.
struct Walk<'a> {
    timetable: &'a Timetable<'a>,
    courier: Option<&'a Courier>,
    origin: Timestamp,
    /// Seconds since the origin.
    clock: i64,
    /// `None` where nothing can be reached from.
    place: Option<PlaceIdx>,
    is_reachable: bool,
}

impl<'a> Walk<'a> {
    fn visit(&mut self, id: &OrderId) -> Visit {
        let order = self.timetable.orders.get(id).copied();
        let way = self.way(order.map(|order| order.place));
        self.is_reachable &= way.is_some();
        let place = order.map(|order| order.place);
        let leg = self.leg(way.as_ref(), place);
        let windows = order.map(Order::service_windows).unwrap_or_default();
        let service = match (order, self.courier) {
            (Some(order), Some(courier)) => courier.service_time(order),
            (Some(order), None) => order.service,
            (None, _) => Seconds::ZERO,
        };
        self.clock += self.travel_time(way.as_ref());
        self.wait(&windows);
        self.clock += service.0;
        self.place = order.map(|order| order.place);
        let promised = windows.last().map_or(self.now(), |window| window.end);
        let is_keepable = self.is_reachable && !windows.is_empty();
        let grace = self.timetable.grace.0.max(0);
        let deadline = Timestamp(promised.0.saturating_add(grace));
        let zone = self.zone(place);
        let bias = self.timetable.spread.service_bias(zone);
        let mean = bias.map_or(0.0, |bias| bias.factor.mean);
        Visit {
            order: Some(id.clone()),
            key: draws::key(id.as_str()),
            leg,
            service: float(service.0) * mean.exp(),
            service_doubt: bias.filter(|bias| bias.factor.sigma > 0.0),
            open: windows
                .first()
                .map_or(f32::NEG_INFINITY, |window| self.relative(window.start)),
            gaps: self.gaps(&windows),
            promised: self.relative(promised),
            deadline: is_keepable.then(|| self.relative(deadline)),
        }
    }

    /// The stop at `depot` to load for the orders of `trip`.
    fn reload(&mut self, depot: &DepotId, number: usize, trip: &[Stop]) -> Visit {
        let depot = self.timetable.problem.depot(depot);
        let way = self.way(depot.map(|depot| depot.place));
        self.is_reachable &= way.is_some();
        let leg = self.leg(way.as_ref(), depot.map(|depot| depot.place));
        let orders = trip
            .iter()
            .filter_map(|stop| self.timetable.orders.get(&stop.order).copied());
        let ready = orders
            .filter(|order| order.kind == OrderKind::Delivery)
            .filter_map(|order| order.ready)
            .max();
        let loading = depot.map_or(Seconds::ZERO, |depot| depot.loading);
        self.clock += self.travel_time(way.as_ref());
        if let Some(ready) = ready {
            self.clock += (ready.0.saturating_sub(self.now().0)).clamp(0, HORIZON);
        }
        self.clock += loading.0;
        self.place = depot.map(|depot| depot.place);
        let courier = self.courier.map_or("", |courier| courier.id.as_str());
        Visit {
            order: None,
            key: draws::key(&format!("{courier} reload {number}")),
            leg,
            service: float(loading.0),
            service_doubt: None,
            open: ready.map_or(f32::NEG_INFINITY, |ready| self.relative(ready)),
            gaps: Vec::new(),
            promised: f32::INFINITY,
            deadline: None,
        }
    }

    /// A break where the route has it: it begins when the courier comes to it, however late, but not before its window, and
    /// lasts as long as it has to.
    fn rest(&mut self, pause: &Break) -> Visit {
        let rule = self
            .courier
            .and_then(|courier| courier.breaks.get(pause.number));
        let window = rule.and_then(|rule| match rule.start {
            BreakStart::Within(window) => Some(window),
            BreakStart::AfterWork(_) => None,
        });
        let duration = rule.map_or(pause.end - pause.start, |rule| rule.duration);
        let leg = self.leg(None, self.place);
        if let Some(window) = window {
            self.clock += (window.start.0.saturating_sub(self.now().0)).clamp(0, HORIZON);
        }
        self.clock += duration.0.clamp(0, HORIZON);
        let courier = self.courier.map_or("", |courier| courier.id.as_str());
        Visit {
            order: None,
            key: draws::key(&format!("{courier} break {}", pause.number)),
            leg,
            service: float(duration.0.max(0)),
            service_doubt: None,
            open: window.map_or(f32::NEG_INFINITY, |window| self.relative(window.start)),
            gaps: Vec::new(),
            promised: f32::INFINITY,
            deadline: None,
        }
    }

    /// Lets time pass until the first moment in a window; past the last window there is nothing to wait for.
    fn wait(&mut self, windows: &[TimeWindow]) {
        let now = self.now();
        if let Some(window) = windows.iter().find(|window| now <= window.end) {
            self.clock += (window.start.0.saturating_sub(now.0)).clamp(0, HORIZON);
        }
    }

    fn gaps(&self, windows: &[TimeWindow]) -> Vec<Gap> {
        let pairs = windows.windows(2).map(|pair| Gap {
            from: self.relative(pair[0].end),
            to: self.relative(pair[1].start),
        });
        pairs.filter(|gap| gap.from < gap.to).collect()
    }

    /// The leg that `way` is, to `place`.
    fn leg(&self, way: Option<&Way<'_>>, place: Option<PlaceIdx>) -> Leg {
        let planned = self.travel_time(way);
        let spread = self.timetable.spread;
        Leg {
            planned: float(planned),
            sigma: spread.leg(planned),
            departure: self.now(),
            zone: if spread.has_zones() {
                self.zone(place)
            } else {
                0
            },
            paces: way.map_or(Vec::new(), |way| self.paces(way)),
        }
    }

    /// Key of the zone of `place`; 0 where nothing is known.
    fn zone(&self, place: Option<PlaceIdx>) -> u64 {
        let zones = &self.timetable.zones;
        let zone = place.and_then(|place| zones.get(place.index()));
        zone.copied().unwrap_or(0)
    }

    /// The paces of `way` in a day either way of now; those at the ends last forever.
    fn paces(&self, way: &Way<'_>) -> Vec<Pace> {
        if way.is_steady() || way.work() == 0 {
            return Vec::new();
        }
        let starts = way.stretches().map(|stretch| stretch.start);
        let ends = starts.skip(1).chain([None]);
        let moment = |start: Option<Timestamp>| start.map(|start| self.relative(start));
        let pace = |(stretch, end): (Stretch, Option<Timestamp>)| Pace {
            from: moment(stretch.start).unwrap_or(f32::NEG_INFINITY),
            until: moment(end).unwrap_or(f32::INFINITY),
            seconds: ratio(way.work(), stretch.rate),
        };
        let (early, late) = (
            self.relative(self.now() - PACES_SPAN),
            self.relative(self.now() + PACES_SPAN),
        );
        let mut paces: Vec<Pace> = (way.stretches().zip(ends).map(pace))
            .filter(|pace| pace.until > early && pace.from < late)
            .collect();
        if let Some(first) = paces.first_mut() {
            first.from = f32::NEG_INFINITY;
        }
        if let Some(last) = paces.last_mut() {
            last.until = f32::INFINITY;
        }
        paces
    }

    fn way(&self, to: Option<PlaceIdx>) -> Option<Way<'a>> {
        self.timetable.travel.way(self.courier?, self.place?, to?)
    }

    /// Seconds that `way` takes now; none where there is none.
    fn travel_time(&self, way: Option<&Way<'_>>) -> i64 {
        way.map_or(0, |way| way.duration(self.now()).0)
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.origin.0.saturating_add(self.clock))
    }

    fn relative(&self, moment: Timestamp) -> f32 {
        float(moment.0.saturating_sub(self.origin.0))
    }
}

/// Seconds within the horizon as a float, exactly.
#[expect(
    clippy::cast_precision_loss,
    reason = "whole numbers up to the horizon are exact"
)]
pub(super) fn float(seconds: i64) -> f32 {
    seconds.clamp(-HORIZON, HORIZON) as f32
}

/// Seconds for `work` at `rate`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "loses digits, not range"
)]
fn ratio(work: i64, rate: i64) -> f32 {
    (work as f64 / rate as f64) as f32
}

//! One route of the book: timed, priced, rehearsed, and ready to be asked what it can take.

use std::sync::Arc;

use super::driver::Driver;
use super::{BROKEN_STOPS, Site, Stop};
use crate::forecast::LiveStep;
use crate::model::{ConstraintKind, CourierId, OrderId, OrderKind, TimeWindow};
use crate::promise::RouteChange;
use crate::travel::Leg;
use crate::units::{ExactCost, Load, Meters, Seconds, Timestamp};

/// Mean delays at the start that couriers leave earlier by whose time costs nothing; those who are paid leave one earlier.
const FREE_LEADS: i64 = 3;
/// Mean delays at the start that the earliest start worth trying leaves: more than that hardly ever happens.
const EARLY_LEADS: i64 = 4;
/// Earlier starts that are tried out, one after the other.
const EARLIER_STARTS: i64 = 3;

/// What keeps a sequence from being a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Obstacle {
    pub(super) constraint: ConstraintKind,
    /// By how much, in the constraint's unit.
    pub(super) amount: i64,
    /// The dimension concerned, if any.
    pub(super) subject: String,
}

impl Obstacle {
    pub(super) fn new(constraint: ConstraintKind, amount: i64) -> Self {
        Self {
            constraint,
            amount,
            subject: String::new(),
        }
    }
}

/// One courier's stops with everything that follows from their sequence.
#[derive(Debug)]
pub struct LiveRoute {
    driver: usize,
    stops: Vec<Arc<Stop>>,
    /// When loading starts; without stops, the start of the shift.
    start: Timestamp,
    /// Planned starts of service.
    services: Vec<Timestamp>,
    distance: Meters,
    cost: ExactCost,
    /// Into each stop, and to the end.
    legs: Vec<Leg>,
    /// Earliest departures: from the depot, then from each stop.
    earliest: Vec<Timestamp>,
    /// Latest starts of service that leave everything after in time, then the latest arrival at the end.
    latest: Vec<Timestamp>,
    /// By dimension: the largest load from the start up to the departure from each stop.
    load_before: Vec<Vec<Load>>,
    /// By dimension: the largest load from the departure before each stop on.
    load_after: Vec<Vec<Load>>,
    /// Simulated days on which each stop is late.
    late: Vec<u32>,
}

/// A start of service in one of `windows`, not before `arrival`; `None` if they are over.
pub(super) fn service_start(windows: &[TimeWindow], arrival: Timestamp) -> Option<Timestamp> {
    let window = windows.iter().find(|window| window.end >= arrival)?;
    Some(arrival.max(window.start))
}

/// The last moment not after `bound` at which service may start in one of `windows`.
fn latest_service(windows: &[TimeWindow], bound: Timestamp) -> Option<Timestamp> {
    let window = windows.iter().rev().find(|window| window.start <= bound)?;
    Some(window.end.min(bound))
}

impl LiveRoute {
    /// The courier stays at home.
    pub(super) fn idle(site: &Site, driver: usize) -> Self {
        let own = &site.drivers()[driver];
        let loads = vec![vec![Load::ZERO]; site.dimensions().len()];
        Self {
            driver,
            stops: Vec::new(),
            start: own.courier.shift.start,
            services: Vec::new(),
            distance: Meters::ZERO,
            cost: ExactCost::default(),
            legs: Vec::new(),
            earliest: vec![own.courier.shift.start + own.loading],
            latest: vec![own.shift_end()],
            load_before: loads.clone(),
            load_after: loads,
            late: Vec::new(),
        }
    }

    /// The route of the courier with number `driver` along `stops`.
    ///
    /// # Errors
    /// The first constraint that it would break.
    pub(super) fn new(site: &Site, driver: usize, stops: Vec<Arc<Stop>>) -> Result<Self, Obstacle> {
        Ok(Self::drafted(site, driver, stops)?.rehearsed(site))
    }

    /// As [`Self::new`], but not rehearsed yet: no stop counts as late, and the start is the one that costs least.
    pub(super) fn drafted(
        site: &Site,
        driver: usize,
        stops: Vec<Arc<Stop>>,
    ) -> Result<Self, Obstacle> {
        let route = Self::timed(site, driver, stops)?;
        route.check_limits(site)?;
        Ok(route)
    }

    /// A drafted route with what its promises come to on simulated days, and the start that this asks for. It costs no less
    /// by that, unless customers prefer some times to others.
    pub(super) fn rehearsed(mut self, site: &Site) -> Self {
        self.rehearse(site);
        self.leave_earlier(site);
        self
    }

    /// Whether some customer prefers some times to others.
    pub(super) fn has_preferences(&self) -> bool {
        let mut stops = self.stops.iter();
        stops.any(|stop| stop.caller.booking.order.preference.is_some())
    }

    /// As [`Self::new`], and, if that breaks a constraint, the same route all the same: timed as early as it can be, with
    /// services that may be late, and without room for anything else.
    pub(super) fn bent(site: &Site, driver: usize, stops: Vec<Arc<Stop>>) -> Self {
        match Self::new(site, driver, stops.clone()) {
            Ok(route) => route,
            Err(_) => Self::forced(site, driver, stops),
        }
    }

    fn forced(site: &Site, driver: usize, stops: Vec<Arc<Stop>>) -> Self {
        let own = &site.drivers()[driver];
        let mut route = Self::idle(site, driver);
        route.stops = stops;
        route.legs = route
            .ways(site, own)
            .unwrap_or_else(|_| vec![Leg::NONE; route.stops.len() + 1]);
        route.distance = route.legs.iter().map(|leg| leg.distance).sum();
        let departure = route.earliest_start(own) + own.loading;
        route.start = departure - own.loading;
        let (visits, end) = route.visits(own, departure);
        route.services = visits.iter().map(|visit| visit.service).collect();
        route.cost = route.price(own, end);
        // Nothing can be put in: every gap is over before it begins.
        route.earliest = vec![Timestamp::LAST; route.stops.len() + 1];
        route.latest = vec![Timestamp(0); route.stops.len() + 1];
        let full = vec![vec![Load(i64::MAX / 4); route.stops.len() + 1]; site.dimensions().len()];
        (route.load_before, route.load_after) = (full.clone(), full);
        route.rehearse(site);
        route
    }

    /// Timed, loaded and priced, but not rehearsed.
    fn timed(site: &Site, driver: usize, stops: Vec<Arc<Stop>>) -> Result<Self, Obstacle> {
        let mut route = Self::idle(site, driver);
        if stops.is_empty() {
            return Ok(route);
        }
        let own = &site.drivers()[driver];
        route.stops = stops;
        route.legs = route.ways(site, own)?;
        route.distance = route.legs.iter().map(|leg| leg.distance).sum();
        route.load(site, own)?;
        route.find_bounds(own)?;
        route.settle(site, own)?;
        Ok(route)
    }

    fn ways(&self, site: &Site, own: &Driver) -> Result<Vec<Leg>, Obstacle> {
        let ways = site.ways();
        let mut here = own.start.as_ref();
        let mut legs = Vec::with_capacity(self.stops.len() + 1);
        let none = || Obstacle::new(ConstraintKind::Unreachable, 1);
        for stop in &self.stops {
            let to = &stop.caller.point;
            let leg = here.and_then(|here| own.leg(ways, here, to));
            legs.push(leg.ok_or_else(none)?);
            here = Some(to);
        }
        let back = here.and_then(|here| own.way_back(ways, here));
        legs.push(back.ok_or_else(none)?);
        Ok(legs)
    }

    /// Loads before and after each stop.
    fn load(&mut self, site: &Site, own: &Driver) -> Result<(), Obstacle> {
        for (dimension, capacity) in own.capacities.iter().enumerate() {
            let amount = |stop: &Stop, kind: OrderKind| {
                if stop.caller.booking.order.kind == kind {
                    stop.caller.loads[dimension]
                } else {
                    Load::ZERO
                }
            };
            let deliveries = self.stops.iter();
            let mut load: Load = deliveries
                .map(|stop| amount(stop, OrderKind::Delivery))
                .sum();
            let mut on_board = vec![load];
            for stop in &self.stops {
                load -= amount(stop, OrderKind::Delivery);
                load += amount(stop, OrderKind::Collection);
                on_board.push(load);
            }
            let running = |loads: &mut dyn Iterator<Item = &Load>| -> Vec<Load> {
                let mut peak = Load(i64::MIN);
                let peaks = loads.map(|load| {
                    peak = peak.max(*load);
                    peak
                });
                peaks.collect()
            };
            let before = running(&mut on_board.iter());
            let mut after = running(&mut on_board.iter().rev());
            after.reverse();
            if let Some(capacity) = capacity
                && after[0] > *capacity
            {
                return Err(Obstacle {
                    constraint: ConstraintKind::Capacity,
                    amount: (after[0] - *capacity).0,
                    subject: site.dimensions()[dimension].clone(),
                });
            }
            self.load_before[dimension] = before;
            self.load_after[dimension] = after;
        }
        Ok(())
    }

    /// The first moment at which loading may start.
    fn earliest_start(&self, own: &Driver) -> Timestamp {
        let ready = self.stops.iter();
        let ready = ready.filter_map(|stop| stop.caller.booking.order.ready);
        ready.fold(own.courier.shift.start, Timestamp::max)
    }

    /// Earliest departures and latest services.
    fn find_bounds(&mut self, own: &Driver) -> Result<(), Obstacle> {
        let mut clock = self.earliest_start(own) + own.loading;
        self.earliest.clear();
        self.earliest.push(clock);
        for (stop, leg) in self.stops.iter().zip(&self.legs) {
            let arrival = clock + leg.duration;
            let Some(service) = service_start(&stop.windows, arrival) else {
                let last = stop.windows.last().map_or(arrival, |window| window.end);
                let late = (arrival - last).0.max(1);
                return Err(Obstacle::new(ConstraintKind::TimeWindow, late));
            };
            clock = service + own.courier.service_time(&stop.caller.booking.order);
            self.earliest.push(clock);
        }
        let mut bound = own.shift_end();
        let arrival = clock + self.legs[self.stops.len()].duration;
        if arrival > bound {
            let late = (arrival - bound).0;
            return Err(Obstacle::new(ConstraintKind::ShiftEnd, late));
        }
        self.latest.clear();
        self.latest.push(bound);
        let later = self.legs[1..].iter();
        for (stop, leg) in self.stops.iter().zip(later).rev() {
            let service = own.courier.service_time(&stop.caller.booking.order);
            let Some(latest) = latest_service(&stop.windows, bound - leg.duration - service) else {
                // Cannot be: the earliest moments are in time.
                return Err(Obstacle::new(ConstraintKind::LaterStop, 1));
            };
            bound = latest;
            self.latest.push(bound);
        }
        self.latest.reverse();
        Ok(())
    }

    /// The start that costs least, by the rule of plans for a target (see `planner::reliability`): early enough to be at the
    /// first door when it opens with time to spare for a late departure; who is paid by the hour waits where that costs no
    /// later end.
    fn settle(&mut self, site: &Site, own: &Driver) -> Result<(), Obstacle> {
        let first = self.earliest[0];
        let lead = site.lead();
        let spare = if own.is_paid() {
            lead
        } else {
            Seconds(lead.0 * FREE_LEADS)
        };
        let opening = self.stops[0].windows[0].start;
        let soon = first.max(opening - self.legs[0].duration - spare);
        let (free, end) = self.freedom(own, soon);
        let duty = end - (soon - own.loading);
        let longest = own.courier.limits.max_duty;
        let too_long = longest.map_or(Seconds::ZERO, |longest| duty - longest);
        let idle = if own.is_paid() {
            free - lead
        } else {
            Seconds::ZERO
        };
        let later = idle.max(too_long).clamp(Seconds::ZERO, free);
        if too_long > later {
            let excess = (too_long - later).0;
            return Err(Obstacle::new(ConstraintKind::MaxDuty, excess));
        }
        self.depart(own, soon + later);
        Ok(())
    }

    /// Times and prices the route with a departure at `departure`.
    fn depart(&mut self, own: &Driver, departure: Timestamp) {
        self.start = departure - own.loading;
        let (visits, end) = self.visits(own, departure);
        self.services = visits.iter().map(|visit| visit.service).collect();
        self.cost = self.price(own, end);
    }

    /// Starts earlier than costs least if the promises that this saves are worth the longer duty.
    ///
    /// A late start saves waiting and leaves a few minutes for a late departure, but none for what goes wrong on the way:
    /// a route that could have waited is late for nothing else.
    fn leave_earlier(&mut self, site: &Site) {
        let Some(stop) = self.stops.first() else {
            return;
        };
        let own = &site.drivers()[self.driver];
        let (late, first) = (self.start + own.loading, self.earliest[0]);
        let soon =
            stop.windows[0].start - self.leg(0).duration - Seconds(site.lead().0 * EARLY_LEADS);
        let soon = soon.clamp(first.min(late), late);
        let promise = BROKEN_STOPS * self.cost.0 as f64 / self.stops.len().max(1) as f64;
        let a_day = promise / f64::from(site.days().days());
        let mut harm = site.harm(&self.late);
        for part in 1..=EARLIER_STARTS {
            let departure = late - Seconds((late - soon).0 * part / EARLIER_STARTS);
            let (_, end) = self.visits(own, departure);
            let duty = end - (departure - own.loading);
            let price = own.courier.time_cost(duty) + own.courier.overtime_cost(duty);
            let before = self.duty_cost(own);
            let added = (price - before).0 as f64;
            let is_allowed = own.courier.limits.max_duty.is_none_or(|max| duty <= max);
            // Not even if nothing were broken any more.
            if departure == late || !is_allowed || added > harm as f64 * a_day {
                return;
            }
            let kept = (
                self.start,
                self.cost,
                self.services.clone(),
                self.late.clone(),
            );
            self.depart(own, departure);
            self.rehearse(site);
            let less = site.harm(&self.late);
            if (self.cost - kept.1).0 as f64 >= (harm as f64 - less as f64) * a_day {
                (self.start, self.cost, self.services, self.late) = kept;
                return;
            }
            harm = less;
        }
    }

    /// What the time on duty costs.
    fn duty_cost(&self, own: &Driver) -> ExactCost {
        let (_, end) = self.visits(own, self.start + own.loading);
        let duty = end - self.start;
        own.courier.time_cost(duty) + own.courier.overtime_cost(duty)
    }

    /// What happens from `departure` on, and the end. Who is late is served on arrival.
    fn visits(&self, own: &Driver, departure: Timestamp) -> (Vec<Visit>, Timestamp) {
        let mut clock = departure;
        let visit = |(stop, leg): (&Arc<Stop>, &Leg)| {
            let arrival = clock + leg.duration;
            let service = service_start(&stop.windows, arrival).unwrap_or(arrival);
            let windows = stop.windows.iter();
            let window = windows.clone().find(|window| window.end >= service);
            clock = service + own.courier.service_time(&stop.caller.booking.order);
            Visit {
                arrival,
                service,
                room: window.map_or(Seconds::ZERO, |window| window.end - service),
            }
        };
        let visits = self.stops.iter().zip(&self.legs).map(visit).collect();
        (visits, clock + self.legs[self.stops.len()].duration)
    }

    /// How much later than at `departure` the route may begin without ending later or serving in another window; and its
    /// end.
    fn freedom(&self, own: &Driver, departure: Timestamp) -> (Seconds, Timestamp) {
        let (visits, end) = self.visits(own, departure);
        let (mut waits, mut free) = (Seconds::ZERO, Seconds(i64::MAX));
        for visit in &visits {
            waits += visit.service - visit.arrival;
            free = free.min(visit.room + waits);
        }
        (free.min(waits), end)
    }

    fn price(&self, own: &Driver, end: Timestamp) -> ExactCost {
        let courier = &own.courier;
        let duty = end - self.start;
        let preferences = self.stops.iter().zip(&self.services);
        let preferences = preferences.map(|(stop, service)| {
            ExactCost::from_cost(stop.caller.booking.order.preference_cost(*service))
        });
        ExactCost::from_cost(courier.costs.fixed)
            + courier.distance_cost(self.distance)
            + courier.time_cost(duty)
            + courier.overtime_cost(duty)
            + preferences.sum()
    }

    fn check_limits(&self, site: &Site) -> Result<(), Obstacle> {
        let own = &site.drivers()[self.driver];
        let limits = &own.courier.limits;
        let stops = i64::try_from(self.stops.len()).unwrap_or(i64::MAX);
        let pairs = [
            (
                ConstraintKind::MaxStops,
                stops,
                limits.max_stops.map(i64::from),
            ),
            (
                ConstraintKind::MaxDistance,
                self.distance.0,
                limits.max_distance.map(|meters| meters.0),
            ),
        ];
        for (constraint, amount, limit) in pairs {
            if let Some(limit) = limit.filter(|limit| amount > *limit) {
                return Err(Obstacle::new(constraint, amount - limit));
            }
        }
        Ok(())
    }

    fn rehearse(&mut self, site: &Site) {
        let own = &site.drivers()[self.driver];
        let steps = self
            .stops
            .iter()
            .zip(&self.legs)
            .map(|(stop, leg)| LiveStep {
                stop: &stop.caller.live,
                door: &stop.door,
                travel: leg.duration,
                service: own.courier.service_time(&stop.caller.booking.order),
            });
        let steps: Vec<LiveStep<'_>> = steps.collect();
        let departure = self.start + own.loading;
        site.days()
            .late_days(&own.live, departure, &steps, &mut self.late);
    }

    /// The courier's number.
    #[must_use]
    pub fn driver(&self) -> usize {
        self.driver
    }

    /// The stops, in the sequence of visits.
    #[must_use]
    pub fn stops(&self) -> &[Arc<Stop>] {
        &self.stops
    }

    /// When loading starts; the start of the shift if the courier stays at home.
    #[must_use]
    pub fn start(&self) -> Timestamp {
        self.start
    }

    /// When service starts at each stop, as planned.
    #[must_use]
    pub fn services(&self) -> &[Timestamp] {
        &self.services
    }

    /// On how many of the simulated days each stop is late.
    #[must_use]
    pub fn late_days(&self) -> &[u32] {
        &self.late
    }

    /// Its cost.
    #[must_use]
    pub fn cost(&self) -> ExactCost {
        self.cost
    }

    /// Its distance.
    #[must_use]
    pub fn distance(&self) -> Meters {
        self.distance
    }

    /// The route as the ledger has it.
    #[must_use]
    pub fn change(&self, site: &Site) -> RouteChange {
        let orders: Vec<OrderId> = self.stops.iter().map(|stop| stop.order().clone()).collect();
        RouteChange {
            courier: self.courier(site).clone(),
            start: (!orders.is_empty()).then_some(self.start),
            orders,
        }
    }

    /// Who drives.
    #[must_use]
    pub fn courier<'a>(&self, site: &'a Site) -> &'a CourierId {
        &site.drivers()[self.driver].courier.id
    }

    /// Where `order` stands.
    #[must_use]
    pub fn position(&self, order: &OrderId) -> Option<usize> {
        self.stops.iter().position(|stop| stop.order() == order)
    }

    /// The way into the stop at `position`, or to the end behind the last one.
    pub(super) fn leg(&self, position: usize) -> Leg {
        self.legs.get(position).copied().unwrap_or(Leg::NONE)
    }

    /// The earliest departure from what comes before `position`.
    pub(super) fn earliest_departure(&self, position: usize) -> Timestamp {
        self.earliest[position]
    }

    /// The latest start of service at `position`, or the latest arrival at the end behind the last one.
    pub(super) fn latest_service(&self, position: usize) -> Timestamp {
        self.latest[position]
    }

    /// The largest load in a dimension that an order at `position` would add to.
    pub(super) fn peak_beside(&self, dimension: usize, position: usize, kind: OrderKind) -> Load {
        match kind {
            OrderKind::Delivery => self.load_before[dimension][position],
            OrderKind::Collection => self.load_after[dimension][position],
        }
    }
}

/// What happens at a stop.
struct Visit {
    arrival: Timestamp,
    service: Timestamp,
    /// Time left in the window.
    room: Seconds,
}

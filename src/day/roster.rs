//! What a day was to be: who visits whom in which sequence, as far as the events of the day need to know it.

use std::collections::{BTreeMap, BTreeSet};

use super::area::Area;
use super::replan::{NewBreak, Replan};
use crate::forecast::ArrivalBand;
use crate::model::{
    CourierId, DropPolicy, GeoPoint, Order, OrderId, OrderKind, Plan, Problem, ReloadSketch,
    TimeWindow, ZoneId,
};
use crate::units::{Load, Seconds, Timestamp};

/// A plan as the day knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Roster {
    /// All couriers of the problem, in its order; those without stops too.
    pub(super) routes: Vec<RosterRoute>,
    couriers: BTreeMap<CourierId, usize>,
    /// All orders of the problem; where they are visited, if they are.
    orders: BTreeMap<OrderId, Option<(usize, usize)>>,
    /// Where orders were to be visited before the plan changed.
    former: BTreeMap<OrderId, Vec<(usize, usize)>>,
    /// Orders that are not to be served any more because their customers said so.
    cancelled: BTreeSet<OrderId>,
    /// Windows first told to customers who were told others since.
    first_told: BTreeMap<OrderId, Vec<TimeWindow>>,
    /// Orders that are in no route and never were, though they are promised or have to be served: their windows, as they
    /// were told first.
    loose: BTreeMap<OrderId, Vec<TimeWindow>>,
    zones: BTreeSet<ZoneId>,
    /// Where places are; `None` if that is not known of any.
    area: Option<Area>,
    /// The first and the last moment at which something may happen.
    pub(super) span: TimeWindow,
}

/// One courier's part.
#[derive(Clone, Debug, PartialEq)]
pub struct RosterRoute {
    /// Who.
    pub courier: CourierId,
    /// When loading starts, as planned; `None` without stops.
    pub start: Option<Timestamp>,
    /// Stops in sequence, then former ones.
    pub stops: Vec<RosterStop>,
    /// Returns to a depot, in sequence.
    pub reloads: Vec<ReloadSketch>,
    /// Breaks, in sequence.
    pub breaks: Vec<NewBreak>,
}

impl RosterRoute {
    /// How many of the stops are part of the route as it is now.
    #[must_use]
    pub fn n_current(&self) -> usize {
        let former = self.stops.iter().rev();
        self.stops.len() - former.take_while(|stop| stop.is_former).count()
    }
}

/// One stop.
#[derive(Clone, Debug, PartialEq)]
pub struct RosterStop {
    /// The order.
    pub order: OrderId,
    /// Delivery or collection.
    pub kind: OrderKind,
    /// When service may start by the promise first told, by which it is judged, sorted; empty if nothing keeps it.
    pub windows: Vec<TimeWindow>,
    /// When service may start by what the customer was told last, sorted: the same unless the promise was moved.
    pub told: Vec<TimeWindow>,
    /// Room that the goods take.
    pub loads: BTreeMap<String, Load>,
    /// Whether the stop was taken out of the route when the plan changed: somebody else makes it, or nobody does.
    pub is_former: bool,
    /// Whether the goods of a former stop are in the vehicle all the same.
    pub is_left_on_board: bool,
    /// When the plan last had the stop to come again that was skipped before.
    pub resumed: Option<Timestamp>,
}

impl RosterStop {
    /// The chance that the promise first told is kept, by which the stop is judged, where what was told last is kept with
    /// chance `on_time`, and the courier comes at `arrival`.
    #[must_use]
    pub fn first_chance(&self, on_time: f64, arrival: Option<ArrivalBand>, grace: Seconds) -> f64 {
        first_chance((&self.windows, &self.told), on_time, arrival, grace)
    }
}

/// The chance that a promise is kept by the windows `first` told, where the customer was told other ones later, which are
/// kept with chance `on_time`: who waits for these does not open before.
pub(crate) fn first_chance(
    (first, told): (&[TimeWindow], &[TimeWindow]),
    on_time: f64,
    arrival: Option<ArrivalBand>,
    grace: Seconds,
) -> f64 {
    let (Some(end), Some(opens)) = (first.last(), told.first()) else {
        return on_time;
    };
    let last = end.end + grace;
    match arrival {
        _ if first == told => on_time,
        Some(band) if opens.start <= last => band.chance_by(last),
        Some(_) | None => 0.0,
    }
}

/// Before the first shift and after the last one, something may happen for so long.
const MARGIN: i64 = 24 * 3_600;

impl Roster {
    /// The roster of `plan`, which is one of `problem`.
    #[must_use]
    pub fn new(problem: &Problem, plan: &Plan) -> Self {
        let orders: BTreeMap<&OrderId, &Order> = (problem.orders.iter())
            .map(|order| (&order.id, order))
            .collect();
        let mut roster = Self {
            routes: Vec::with_capacity(problem.couriers.len()),
            couriers: BTreeMap::new(),
            orders: (problem.orders.iter())
                .map(|order| (order.id.clone(), None))
                .collect(),
            former: BTreeMap::new(),
            cancelled: BTreeSet::new(),
            first_told: BTreeMap::new(),
            loose: BTreeMap::new(),
            zones: problem.places.iter().map(|place| place.zone()).collect(),
            area: Area::of(problem),
            span: span(problem),
        };
        for (number, courier) in problem.couriers.iter().enumerate() {
            let mut routes = plan.routes.iter();
            let route = routes.find(|route| route.courier == courier.id);
            let stops = route.map_or(&[][..], |route| &route.stops);
            for (position, stop) in stops.iter().enumerate() {
                let place = Some((number, position));
                roster.orders.insert(stop.order.clone(), place);
            }
            roster.couriers.insert(courier.id.clone(), number);
            let reloads = route.map_or(&[][..], |route| &route.reloads);
            roster.routes.push(RosterRoute {
                courier: courier.id.clone(),
                start: route.map(|route| route.start),
                stops: (stops.iter())
                    .map(|stop| RosterStop::of(&stop.order, orders.get(&stop.order).copied()))
                    .collect(),
                breaks: (route.map_or(&[][..], |route| &route.breaks).iter())
                    .map(|pause| NewBreak {
                        number: pause.number,
                        n_before: pause.n_before,
                    })
                    .collect(),
                reloads: (reloads.iter())
                    .map(|reload| ReloadSketch {
                        depot: reload.depot.clone(),
                        n_before: reload.n_before,
                    })
                    .collect(),
            });
        }
        roster.loosen(problem);
        roster
    }

    /// All routes, in the order of the problem's couriers.
    #[must_use]
    pub fn routes(&self) -> &[RosterRoute] {
        &self.routes
    }

    /// The number of the courier called `id`.
    #[must_use]
    pub fn courier(&self, id: &CourierId) -> Option<usize> {
        self.couriers.get(id).copied()
    }

    /// Where `order` is visited: the numbers of the courier and of the stop; the inner `None` if nowhere, the outer one
    /// if there is no such order.
    #[must_use]
    pub fn order(&self, order: &OrderId) -> Option<Option<(usize, usize)>> {
        self.orders.get(order).copied()
    }

    /// The number that `order` has, or had, among the stops of the courier with number `courier`.
    #[must_use]
    pub fn stop_of(&self, courier: usize, order: &OrderId) -> Option<usize> {
        let now = self.order(order).flatten();
        let former = self.former(order).iter();
        let mut places = former.copied().chain(now);
        places.find_map(|(driver, stop)| (driver == courier).then_some(stop))
    }

    /// Where `order` was to be visited before the plan changed: numbers of couriers and of stops.
    #[must_use]
    pub fn former(&self, order: &OrderId) -> &[(usize, usize)] {
        self.former.get(order).map_or(&[], Vec::as_slice)
    }

    /// Orders that were in a route before the plan changed, and are not where they were.
    pub(super) fn moved(&self) -> impl Iterator<Item = &OrderId> {
        self.former.keys()
    }

    /// The windows first told to the customer of `order`, if they are known.
    #[must_use]
    pub fn first_told(&self, order: &OrderId) -> Option<&[TimeWindow]> {
        if let Some(first) = self.first_told.get(order) {
            return Some(first);
        }
        let (courier, stop) = self.order(order).flatten()?;
        Some(&self.routes[courier].stops[stop].windows)
    }

    /// Orders that are in no route and never were, though they are promised or have to be served, with their windows.
    pub(super) fn loose(&self) -> impl Iterator<Item = (&OrderId, &[TimeWindow])> {
        self.loose
            .iter()
            .map(|(order, windows)| (order, &**windows))
    }

    /// Whether nobody visits `order`, whose customer waits for it.
    pub(super) fn is_left_out(&self, order: &OrderId) -> bool {
        let was_planned = self.former.contains_key(order) || self.loose.contains_key(order);
        was_planned && self.order(order) == Some(None) && !self.is_cancelled(order)
    }

    /// Notes anew which orders of `problem` are in no route and never were.
    fn loosen(&mut self, problem: &Problem) {
        let is_owed = |order: &&Order| {
            let is_optional = matches!(order.drop_policy, DropPolicy::MayDrop { .. });
            let is_loose = self.order(&order.id) == Some(None) && self.former(&order.id).is_empty();
            is_loose && (order.promise.is_some() || !is_optional) && !self.is_cancelled(&order.id)
        };
        let windows = |order: &Order| {
            let first = self.first_told.get(&order.id).cloned();
            (
                order.id.clone(),
                first.unwrap_or_else(|| order.service_windows()),
            )
        };
        let loose = problem.orders.iter().filter(is_owed).map(windows);
        self.loose = loose.collect();
    }

    /// Whether the customer of `order` does not want it any more.
    #[must_use]
    pub fn is_cancelled(&self, order: &OrderId) -> bool {
        self.cancelled.contains(order)
    }

    /// The roster after `replan`, which makes the problem `after` of `before`.
    pub(super) fn replanned(&self, before: &Problem, after: &Problem, replan: &Replan) -> Self {
        let mut roster = self.clone();
        let old: BTreeMap<&OrderId, &Order> = before.orders.iter().map(|it| (&it.id, it)).collect();
        for order in &replan.orders {
            roster.orders.entry(order.id.clone()).or_default();
            if let Some(old) = old.get(&order.id)
                && old.service_windows() != order.service_windows()
            {
                let told = roster.first_told.entry(order.id.clone());
                told.or_insert_with(|| old.service_windows());
            }
        }
        roster.cancelled.extend(replan.cancelled.iter().cloned());
        roster.zones = after.places.iter().map(|place| place.zone()).collect();
        roster.area = Area::of(after);
        let (own, theirs) = (roster.span, span(after));
        roster.span = TimeWindow {
            start: own.start.min(theirs.start),
            end: own.end.max(theirs.end),
        };
        for courier in after.couriers.iter().skip(roster.routes.len()) {
            let number = roster.routes.len();
            roster.couriers.insert(courier.id.clone(), number);
            roster.routes.push(RosterRoute {
                courier: courier.id.clone(),
                start: None,
                stops: Vec::new(),
                reloads: Vec::new(),
                breaks: Vec::new(),
            });
        }
        roster.take_routes(after, replan);
        roster.loosen(after);
        roster
    }

    fn take_routes(&mut self, after: &Problem, replan: &Replan) {
        let orders: BTreeMap<&OrderId, &Order> =
            after.orders.iter().map(|it| (&it.id, it)).collect();
        let stops = self.routes.iter().flat_map(|route| &route.stops);
        let mut resumed: BTreeMap<OrderId, Timestamp> = stops
            .filter_map(|stop| Some((stop.order.clone(), stop.resumed?)))
            .collect();
        resumed.extend(
            replan
                .resumed
                .iter()
                .map(|order| (order.clone(), replan.at)),
        );
        let stop = |roster: &Self, id: &OrderId, is_former: bool| {
            let mut stop = RosterStop::of(id, orders.get(id).copied());
            stop.resumed = resumed.get(id).copied();
            if let Some(first) = roster.first_told.get(id) {
                stop.windows.clone_from(first);
            }
            stop.is_former = is_former;
            stop.is_left_on_board = is_former && replan.left_on_board.contains(id);
            stop
        };
        // What is told may have changed where the route has not.
        for number in 0..self.routes.len() {
            for at in 0..self.routes[number].stops.len() {
                let old = &self.routes[number].stops[at];
                let (is_former, is_left) = (old.is_former, old.is_left_on_board);
                let mut new = stop(self, &old.order.clone(), is_former);
                new.is_left_on_board |= is_left && is_former;
                self.routes[number].stops[at] = new;
            }
        }
        for new in &replan.routes {
            let Some(&number) = self.couriers.get(&new.courier) else {
                continue;
            };
            let mut stops: Vec<RosterStop> = (new.orders.iter())
                .map(|order| stop(self, order, false))
                .collect();
            let kept: BTreeSet<&OrderId> = new.orders.iter().collect();
            let route = &self.routes[number];
            for old in route.stops.iter().filter(|old| !kept.contains(&old.order)) {
                let was_left = old.is_former && old.is_left_on_board;
                let mut former = stop(self, &old.order, true);
                former.is_left_on_board |= was_left;
                stops.push(former);
            }
            let route = &mut self.routes[number];
            route.stops = stops;
            route.start = new.start.or(route.start);
            route.reloads = new.reloads.iter().map(ReloadSketch::from).collect();
            route.breaks.clone_from(&new.breaks);
            for order in &new.orders {
                self.cancelled.remove(order);
            }
        }
        self.index();
    }

    /// Notes anew where orders are.
    fn index(&mut self) {
        self.orders.values_mut().for_each(|place| *place = None);
        self.former.clear();
        for (number, route) in self.routes.iter().enumerate() {
            for (at, stop) in route.stops.iter().enumerate() {
                if stop.is_former {
                    let former = self.former.entry(stop.order.clone()).or_default();
                    former.push((number, at));
                } else {
                    self.orders.insert(stop.order.clone(), Some((number, at)));
                }
            }
        }
    }

    /// Whether a courier may be at `point`: not farther than 200 km from where the places of the day are.
    #[must_use]
    pub fn is_near(&self, point: GeoPoint) -> bool {
        self.area.is_none_or(|area| area.is_near(point))
    }

    /// Whether some place lies in the part of the city called `id`.
    #[must_use]
    pub fn has_zone(&self, id: &ZoneId) -> bool {
        self.zones.contains(id)
    }
}

impl RosterStop {
    fn of(id: &OrderId, order: Option<&Order>) -> Self {
        Self {
            order: id.clone(),
            kind: order.map_or(OrderKind::Delivery, |order| order.kind),
            windows: order.map(Order::service_windows).unwrap_or_default(),
            told: order.map(Order::service_windows).unwrap_or_default(),
            is_former: false,
            is_left_on_board: false,
            resumed: None,
            loads: order.map(|order| order.loads.clone()).unwrap_or_default(),
        }
    }
}

/// The moments at which something may happen on the day of `problem`.
#[must_use]
pub fn span(problem: &Problem) -> TimeWindow {
    let shifts = || problem.couriers.iter().map(|courier| courier.shift);
    let first = shifts().map(|shift| shift.start).min().unwrap_or_default();
    let last = shifts().map(|shift| shift.end).max();
    TimeWindow {
        start: Timestamp(first.0.saturating_sub(MARGIN)),
        end: Timestamp(last.unwrap_or(Timestamp::LAST).0.saturating_add(MARGIN)),
    }
}

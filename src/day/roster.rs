//! What a day was to be: who visits whom in which sequence, as far as the events of the day need to know it.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    CourierId, Order, OrderId, OrderKind, Plan, Problem, ReloadSketch, TimeWindow, ZoneId,
};
use crate::units::{Load, Timestamp};

/// A plan as the day knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Roster {
    /// All couriers of the problem, in its order; those without stops too.
    pub(super) routes: Vec<RosterRoute>,
    couriers: BTreeMap<CourierId, usize>,
    /// All orders of the problem; where they are visited, if they are.
    orders: BTreeMap<OrderId, Option<(usize, usize)>>,
    zones: BTreeSet<ZoneId>,
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
    /// Stops in sequence.
    pub stops: Vec<RosterStop>,
    /// Returns to a depot, in sequence.
    pub reloads: Vec<ReloadSketch>,
}

/// One stop.
#[derive(Clone, Debug, PartialEq)]
pub struct RosterStop {
    /// The order.
    pub order: OrderId,
    /// Delivery or collection.
    pub kind: OrderKind,
    /// When service may start by the promise, sorted; empty if nothing keeps it.
    pub windows: Vec<TimeWindow>,
    /// Room that the goods take.
    pub loads: BTreeMap<String, Load>,
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
            zones: problem.places.iter().map(|place| place.zone()).collect(),
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
                reloads: (reloads.iter())
                    .map(|reload| ReloadSketch {
                        depot: reload.depot.clone(),
                        n_before: reload.n_before,
                    })
                    .collect(),
            });
        }
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

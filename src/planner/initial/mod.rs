//! Initial plans: what is wrong with them, and what they mean for a problem.
//!
//! Does not search and does not time anything.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Courier, CourierId, Finding, Findings, InitialPlan, Lock, Order, OrderId, Problem, Reason,
};
use crate::units::Timestamp;

/// What must not change in one courier's route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pin {
    /// How many of the first stops stay there, in this sequence.
    pub locked: usize,
    /// When loading started, if that has happened.
    pub start: Option<Timestamp>,
}

/// What must not change, by courier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pins(BTreeMap<CourierId, Pin>);

/// Nothing is pinned.
pub static UNPINNED: Pins = Pins(BTreeMap::new());

impl Pins {
    /// What must not change in this courier's route.
    #[must_use]
    pub fn of(&self, courier: &CourierId) -> Pin {
        self.0.get(courier).copied().unwrap_or_default()
    }
}

/// One route of an initial plan in positions of its problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InitialRoute {
    pub(super) courier: usize,
    /// The orders that the problem still has.
    pub(super) orders: Vec<usize>,
    pub(super) pin: Pin,
    /// Orders that no other courier may serve.
    pub(super) bound: Vec<usize>,
}

/// The routes of `initial`, which must have passed [`initial_findings`] without errors, as far as `problem` has their
/// couriers and orders.
pub(super) fn resolve(problem: &Problem, initial: &InitialPlan) -> Vec<InitialRoute> {
    let names = Names::new(problem, initial);
    let route = |sketch: &crate::model::RouteSketch| {
        let known = sketch.orders.iter().filter_map(|order| {
            let position = *names.orders.get(order)?;
            Some((position, names.lock(order)))
        });
        let (orders, locks): (Vec<usize>, Vec<Lock>) = known.unzip();
        let has_begun = locks.iter().any(|lock| lock.has_begun());
        let is_bound = |(_, lock): &(&usize, &Lock)| **lock >= Lock::FixedCourier;
        let bound = orders.iter().zip(&locks).filter(is_bound);
        Some(InitialRoute {
            courier: *names.couriers.get(&sketch.courier)?,
            bound: bound.map(|(&position, _)| position).collect(),
            pin: Pin {
                locked: locks.iter().filter(|lock| lock.keeps_place()).count(),
                start: sketch.start.filter(|_| has_begun),
            },
            orders,
        })
    };
    initial.routes.iter().filter_map(route).collect()
}

/// The pins of resolved routes.
pub(super) fn pins(problem: &Problem, routes: &[InitialRoute]) -> Pins {
    let pinned = routes.iter().filter(|route| route.pin != Pin::default());
    let entry = |route: &InitialRoute| (problem.couriers[route.courier].id.clone(), route.pin);
    Pins(pinned.map(entry).collect())
}

/// What is wrong with `initial`, and what of it is not part of `problem` any more.
///
/// Errors: couriers and orders named twice, locks of orders that are in no route or not in the problem, locked routes of
/// unknown couriers, orders locked to couriers that may not serve them, and stops that keep their place behind others
/// that do not. Warnings: orders and couriers that the problem does not have. Paths start at the initial plan, as in
/// `routes[1].order_ids[4]` and `locks[0].lock`.
#[must_use]
pub fn initial_findings(problem: &Problem, initial: &InitialPlan) -> Findings {
    let names = Names::new(problem, initial);
    let mut found = Findings::default();
    // What is wrong with any sketch, but for names that the problem lacks: those may have been cancelled.
    let sketches = super::schedule::sketch_findings(problem, &initial.routes);
    for finding in sketches {
        if finding.reason != Reason::UnknownReference {
            found.errors.push(finding);
        }
    }
    names.check_absent(&mut found);
    names.check_locks(&mut found.errors);
    names.check_sequences(&mut found.errors);
    found
}

/// An initial plan beside its problem, by names.
struct Names<'a> {
    problem: &'a Problem,
    initial: &'a InitialPlan,
    couriers: BTreeMap<&'a CourierId, usize>,
    orders: BTreeMap<&'a OrderId, usize>,
    /// The first lock named for each order, as a position in the list.
    locks: BTreeMap<&'a OrderId, usize>,
}

impl<'a> Names<'a> {
    fn new(problem: &'a Problem, initial: &'a InitialPlan) -> Self {
        let mut locks = BTreeMap::new();
        for (row, lock) in initial.locks.iter().enumerate() {
            locks.entry(&lock.order).or_insert(row);
        }
        Self {
            problem,
            initial,
            couriers: problem.couriers.iter().map(|it| &it.id).zip(0..).collect(),
            orders: problem.orders.iter().map(|it| &it.id).zip(0..).collect(),
            locks,
        }
    }

    fn lock(&self, order: &OrderId) -> Lock {
        self.locks
            .get(order)
            .map_or(Lock::Free, |&row| self.initial.locks[row].lock)
    }

    /// Orders and couriers that the problem lacks: gone if they are free, an error if they are locked.
    fn check_absent(&self, found: &mut Findings) {
        for (row, route) in self.initial.routes.iter().enumerate() {
            for (column, order) in route.orders.iter().enumerate() {
                if !self.orders.contains_key(order) && self.lock(order) == Lock::Free {
                    let path = format!("routes[{row}].order_ids[{column}]");
                    let message = format!(
                        "the problem has no order `{order}` (any more): it is left out of the route"
                    );
                    let finding =
                        Finding::new(path, order.as_str(), Reason::UnknownReference, message);
                    found.warnings.push(finding);
                }
            }
            let courier = &route.courier;
            if self.couriers.contains_key(courier) {
                continue;
            }
            let is_locked = |order: &&OrderId| self.lock(order) != Lock::Free;
            let path = format!("routes[{row}].courier_id");
            let of =
                |message| Finding::new(&path, courier.as_str(), Reason::UnknownReference, message);
            match route.orders.iter().find(is_locked) {
                None => found.warnings.push(of(format!(
                    "the problem has no courier `{courier}` (any more): the orders are placed anew"
                ))),
                Some(order) => found.errors.push(of(format!(
                    "the problem has no courier `{courier}`, to whom order `{order}` is locked: free the stops or name \
                     one of its couriers"
                ))),
            }
        }
    }

    /// Locks by themselves: of known orders, once, in a route, of couriers that may serve them.
    fn check_locks(&self, errors: &mut Vec<Finding>) {
        let mut courier_of = BTreeMap::new();
        for route in &self.initial.routes {
            let courier = self.couriers.get(&route.courier);
            courier_of.extend(route.orders.iter().map(|order| (order, courier.copied())));
        }
        let mut seen = BTreeSet::new();
        for (row, stop) in self.initial.locks.iter().enumerate() {
            let id = stop.order.as_str();
            let mut report = |field: &str, reason, message: String| {
                errors.push(Finding::new(
                    format!("locks[{row}].{field}"),
                    id,
                    reason,
                    message,
                ));
            };
            if !seen.insert(&stop.order) {
                let first = self.locks[&stop.order];
                let message = format!("order `{id}` is already in locks[{first}]: name it once");
                report("order_id", Reason::DuplicateId, message);
                continue;
            }
            if stop.lock == Lock::Free {
                continue;
            }
            let order = self.orders.get(&stop.order);
            if order.is_none() {
                let message =
                    format!("the problem has no order `{id}`: a lock needs one of its orders");
                report("order_id", Reason::UnknownReference, message);
            }
            match courier_of.get(&stop.order) {
                None => {
                    let message = format!("no route has order `{id}`: only stops can be locked");
                    report("order_id", Reason::UnknownReference, message);
                }
                Some(Some(courier)) => {
                    let courier = &self.problem.couriers[*courier];
                    let order = order.map(|&order| &self.problem.orders[order]);
                    if let Some(why) = order.and_then(|order| why_not(courier, order)) {
                        let message = format!("courier `{}` may not serve it: {why}", courier.id);
                        report("lock", Reason::Conflict, message);
                    }
                }
                // The courier is reported where it stands.
                Some(None) => {}
            }
        }
    }

    /// Along each route locks only loosen, but for the two that leave the place free, which may mix.
    fn check_sequences(&self, errors: &mut Vec<Finding>) {
        for route in &self.initial.routes {
            let known = route
                .orders
                .iter()
                .filter(|id| self.orders.contains_key(id));
            let stops: Vec<(&OrderId, Lock)> = known.map(|id| (id, self.lock(id))).collect();
            for pair in stops.windows(2) {
                let [(before, loose), (order, lock)] = [pair[0], pair[1]];
                let is_second = lock == Lock::InProgress && loose == Lock::InProgress;
                if !lock.keeps_place() || (loose >= lock && !is_second) {
                    continue;
                }
                let message = if is_second {
                    format!("order `{before}` before it is in progress too: only one can be")
                } else {
                    format!(
                        "order `{before}` before it is locked less firmly: lock that as firmly, or this one less"
                    )
                };
                let field = format!("locks[{}].lock", self.locks[order]);
                errors.push(Finding::new(
                    field,
                    order.as_str(),
                    Reason::Conflict,
                    message,
                ));
            }
        }
    }
}

/// Why a courier may not serve an order; `None` if it may.
fn why_not(courier: &Courier, order: &Order) -> Option<&'static str> {
    if !order.required_skills.is_subset(&courier.skills) {
        Some("a required skill is missing")
    } else if !courier.is_admitted_by(order) {
        Some("the order's lists exclude the courier")
    } else if !courier.comes_from_depot_of(order) {
        Some("the courier's depot does not have the goods")
    } else {
        None
    }
}

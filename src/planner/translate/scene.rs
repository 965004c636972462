//! What translating needs to look at again and again: the origin of time, the dimensions that matter, and who may not
//! serve what.
//!
//! Knows the model alone, nothing of the solver.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Courier, CourierId, DepotId, Order, PlaceIdx, Problem, RouteEnd, RouteStart};
use crate::units::Timestamp;

/// Where trips start and end. Depots at one place are told apart only where orders name depots and couriers reload.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Station<'a> {
    pub(super) place: PlaceIdx,
    pub(super) depot: Option<&'a DepotId>,
}

/// What translating needs to look at again and again.
pub(super) struct Scene<'a> {
    pub(super) problem: &'a Problem,
    pub(super) origin: Timestamp,
    pub(super) dimensions: Vec<&'a str>,
    /// Positions of the orders that not every courier may serve.
    pub(super) restricted: Vec<usize>,
    /// Sets of restricted orders that some courier may not serve, ascending, each once.
    pub(super) exclusions: Vec<Vec<usize>>,
    /// Which of them holds for each courier.
    pub(super) exclusion_of: Vec<usize>,
    /// No courier costs anything: distance decides.
    pub(super) is_free: bool,
    /// Some order names depots, and some courier reloads: then it depends on the trip who may serve whom.
    pub(super) names_depots: bool,
}

impl<'a> Scene<'a> {
    pub(super) fn new(problem: &'a Problem) -> Self {
        let shifts = problem.couriers.iter().map(|courier| courier.shift.start);
        let openings = problem
            .orders
            .iter()
            .flat_map(Order::service_windows)
            .map(|window| window.start);
        let origin = shifts.chain(openings).min().unwrap_or_default();
        // Dimensions that no courier limits do not matter.
        let dimensions: BTreeSet<&str> = problem
            .couriers
            .iter()
            .flat_map(|courier| courier.capacities.keys().map(String::as_str))
            .collect();
        let is_restricted = |order: &Order| {
            !(order.required_skills.is_empty()
                && order.allowed_couriers.is_empty()
                && order.forbidden_couriers.is_empty()
                && order.depots.is_empty())
        };
        let restricted: Vec<usize> = (0..problem.orders.len())
            .filter(|&number| is_restricted(&problem.orders[number]))
            .collect();
        let (exclusions, exclusion_of) = exclusions(problem, &restricted);
        let is_free = problem
            .couriers
            .iter()
            .all(|courier| courier.costs == crate::model::Costs::default());
        Self {
            problem,
            origin,
            dimensions: dimensions.into_iter().collect(),
            restricted,
            exclusions,
            exclusion_of,
            is_free,
            names_depots: problem.couriers.iter().any(Courier::may_reload)
                && problem.orders.iter().any(|order| !order.depots.is_empty()),
        }
    }

    pub(super) fn station(&self, place: PlaceIdx, depot: Option<&'a DepotId>) -> Station<'a> {
        let depot = depot.filter(|_| self.names_depots);
        Station { place, depot }
    }

    /// Seconds since the origin.
    pub(super) fn time(&self, moment: Timestamp) -> i64 {
        (moment - self.origin).0
    }
}

/// Different sets of the `restricted` orders that couriers may not serve, and which of them holds for each courier.
///
/// Couriers of equal skills and depots whom no order names are looked at once for all, for there may be many.
fn exclusions(problem: &Problem, restricted: &[usize]) -> (Vec<Vec<usize>>, Vec<usize>) {
    let orders = || restricted.iter().map(|&number| &problem.orders[number]);
    let named: BTreeSet<&CourierId> = orders()
        .flat_map(|order| {
            order
                .allowed_couriers
                .iter()
                .chain(&order.forbidden_couriers)
        })
        .collect();
    let mut number_of: BTreeMap<Vec<usize>, usize> = BTreeMap::new();
    let mut known = BTreeMap::new();
    let exclusion_of = problem.couriers.iter().map(|courier| {
        let start = match &courier.start {
            RouteStart::Depot(id) => Some(id),
            RouteStart::Place(_) => None,
        };
        let end = match &courier.end {
            RouteEnd::Depot(id) => Some(id),
            RouteEnd::Place(_) | RouteEnd::Open => None,
        };
        let name = named.get(&courier.id);
        *known
            .entry((&courier.skills, start, end, name))
            .or_insert_with(|| {
                let may_not = |&number: &usize| !courier.may_serve(&problem.orders[number]);
                let excluded = restricted.iter().copied().filter(may_not).collect();
                let next = number_of.len();
                *number_of.entry(excluded).or_insert(next)
            })
    });
    let exclusion_of = exclusion_of.collect();
    let mut sets: Vec<(Vec<usize>, usize)> = number_of.into_iter().collect();
    sets.sort_unstable_by_key(|&(_, number)| number);
    (sets.into_iter().map(|(set, _)| set).collect(), exclusion_of)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::exclusions;
    use crate::model::fixture::arbitrary::day;

    proptest! {
        #[test]
        fn couriers_are_kept_from_the_orders_they_may_not_serve(problem in day()) {
            let all: Vec<usize> = (0..problem.orders.len()).collect();
            let (sets, set_of) = exclusions(&problem, &all);
            for (courier, set) in problem.couriers.iter().zip(set_of) {
                let may_not = |&number: &usize| !courier.may_serve(&problem.orders[number]);
                let expected: Vec<usize> = all.iter().copied().filter(may_not).collect();
                prop_assert_eq!(&sets[set], &expected);
            }
        }
    }
}

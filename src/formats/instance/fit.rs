//! Whether routes are of an instance at all, and how good they are beside others.

use std::collections::BTreeMap;

use super::Instance;

/// Why routes cannot be of an instance. Routes are counted from 1, as solutions number them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// There are more routes than vehicles.
    #[error("there is no vehicle for route {route}: the instance has {n_vehicles}")]
    Vehicle {
        /// Which route.
        route: usize,
        /// Vehicles that there are.
        n_vehicles: usize,
    },
    /// A route visits what the instance does not have, or a depot where its vehicle cannot reload.
    #[error(
        "route {route}: {node} is no customer of the instance, whose customers are {first} to {last}"
    )]
    Node {
        /// Which route.
        route: usize,
        /// Which node.
        node: usize,
        /// The first customer.
        first: usize,
        /// The last customer.
        last: usize,
    },
    /// A customer is visited more than once.
    #[error("customer {node} is in route {first} and again in {}", show_again(*.first, *.route))]
    Again {
        /// Which customer.
        node: usize,
        /// The route that visits it first.
        first: usize,
        /// A later one, or the same.
        route: usize,
    },
    /// Customers who must be served are not.
    #[error("{}", show_missing(.0))]
    Missing(Vec<usize>),
}

fn show_again(first: usize, route: usize) -> String {
    match route == first {
        true => "the same".to_owned(),
        false => format!("route {route}"),
    }
}

/// Customers named when some are missing.
const NAMED_MAX: usize = 5;

fn show_missing(missing: &[usize]) -> String {
    let named: Vec<String> = missing
        .iter()
        .take(NAMED_MAX)
        .map(usize::to_string)
        .collect();
    let more = match missing.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let (customers, are) = match missing {
        [_] => ("customer", "is"),
        _ => ("customers", "are"),
    };
    format!("{customers} {}{more} {are} in no route", named.join(", "))
}

/// How good routes are; less is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    /// Prizes missed, where they come before vehicles.
    missed: i64,
    /// Vehicles used, if they come before cost.
    vehicles: usize,
    cost: i64,
}

impl Instance {
    /// Everything that shows `routes` not to be of this instance. Limits may be broken.
    pub(super) fn misfits(&self, routes: &[Vec<usize>]) -> Vec<Misfit> {
        let mut misfits = Vec::new();
        let mut firsts: BTreeMap<usize, usize> = BTreeMap::new();
        let n_vehicles = self.fleet.n_vehicles();
        for (route, nodes) in (1..).zip(routes) {
            if nodes.is_empty() {
                continue;
            }
            // What a vehicle that is not there may do is judged by the first one.
            let kind = self.fleet.vehicle(route - 1);
            if self.fleet.kind_of(route - 1).is_none() {
                misfits.push(Misfit::Vehicle { route, n_vehicles });
            }
            for &node in nodes {
                if self.is_client(node) {
                    match firsts.get(&node) {
                        Some(&first) => misfits.push(Misfit::Again { node, first, route }),
                        None => {
                            firsts.insert(node, route);
                        }
                    }
                } else if kind.reloads.binary_search(&node).is_err() {
                    misfits.push(Misfit::Node {
                        route,
                        node,
                        first: self.n_depots,
                        last: self.n_nodes() - 1,
                    });
                }
            }
        }
        let missing = self.unserved(routes);
        if !missing.is_empty() {
            misfits.push(Misfit::Missing(missing));
        }
        misfits
    }

    /// The clients that must be served and are in no route, ascending.
    #[must_use]
    pub fn unserved(&self, routes: &[Vec<usize>]) -> Vec<usize> {
        let mut is_served = vec![false; self.n_nodes()];
        for &node in routes.iter().flatten() {
            if let Some(is_served) = is_served.get_mut(node) {
                *is_served = true;
            }
        }
        let clients = self.n_depots..self.n_nodes();
        clients
            .filter(|&client| !is_served[client] && self.prizes[client] == 0)
            .collect()
    }

    /// How good a solution is: by its cost, or by the aims of [`Instance::to_problem_fleet_first`].
    ///
    /// # Panics
    /// If a route visits what is no node.
    #[must_use]
    pub fn rank(&self, routes: &[Vec<usize>], is_fleet_first: bool) -> Rank {
        let cost = self.cost(routes);
        if !is_fleet_first {
            return Rank {
                missed: 0,
                vehicles: 0,
                cost,
            };
        }
        let served = routes.iter().flatten();
        let collected: i64 = served.map(|&node| self.prizes[node]).sum();
        Rank {
            missed: self.prizes.iter().sum::<i64>() - collected,
            vehicles: routes.iter().filter(|route| !route.is_empty()).count(),
            cost,
        }
    }
}

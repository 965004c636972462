//! From an instance to a problem for the solver, and back from its solution to routes of nodes.

use std::sync;

use super::{Instance, Misfit, VALUE_MAX};
use crate::solver::problem::{Arc, Client, DropRule, FAR, Problem, Reload, VehicleType, Window};
use crate::solver::solution::{ReloadAfter, Solution, SolutionRoute};
use crate::solver::start::StartRoute;

impl Instance {
    /// The problem for the solver.
    #[must_use]
    pub fn to_problem(&self) -> Problem {
        self.problem(|prize| match prize {
            0 => DropRule::Required,
            prize => DropRule::Priced(prize),
        })
    }

    /// The same with the number of vehicles as an aim before cost. Not to serve anybody would take fewest of them, so
    /// that collecting prizes comes first (to a thousandth of the largest one), vehicles next, and driving last.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the weight of the largest prize is far below 2^32"
    )]
    pub fn to_problem_fleet_first(&self) -> Problem {
        const WEIGHT_MAX: i64 = 1_000_000;
        let largest = self.prizes.iter().copied().max().unwrap_or(0).max(1);
        let weight =
            |prize: i64| (i128::from(prize) * i128::from(WEIGHT_MAX) / i128::from(largest)) as u32;
        let problem = self.problem(|prize| match prize {
            0 => DropRule::Required,
            prize => DropRule::Tiered(weight(prize).max(1)),
        });
        problem.with_fleet_first()
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "values have been bounded by VALUE_MAX when reading"
    )]
    fn problem(&self, rule: impl Fn(i64) -> DropRule) -> Problem {
        let (n_clients, n_depots) = (self.n_clients(), self.n_depots);
        // The solver numbers clients first and stations last.
        let node = move |index: usize| {
            if index < n_clients {
                index + n_depots
            } else {
                index - n_clients
            }
        };
        let types = (0..self.fleet.kinds.len()).map(|kind| self.vehicle_type(kind));
        let is_timed = self.windows.is_some();
        let (distances, rounding, n_nodes) = (
            sync::Arc::clone(&self.distances),
            self.rounding,
            self.n_nodes(),
        );
        Problem::of_any_size(
            (n_depots..self.n_nodes())
                .map(|node| self.client(node, rule(self.prizes[node])))
                .collect(),
            types.collect(),
            n_depots,
            1,
            move |_, from, to| {
                let distance = distances.between(n_nodes, rounding, node(from), node(to)) as i32;
                Arc {
                    duration: if is_timed { distance } else { 0 },
                    distance,
                }
            },
        )
    }

    /// When a node may be visited: always, where time does not matter and takes none.
    fn window(&self, node: usize) -> (i64, i64) {
        self.windows
            .as_ref()
            .map_or((0, VALUE_MAX), |windows| windows[node])
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "values have been bounded by VALUE_MAX when reading"
    )]
    fn client(&self, node: usize, drop: DropRule) -> Client {
        let (start, end) = self.window(node);
        let kinds = &self.fleet.kinds;
        let is_open = kinds.iter().all(|(kind, _)| kind.clients.is_none());
        let admitted = kinds.iter().map(|(kind, _)| kind.may_serve(node));
        let service = match &self.windows {
            Some(_) => self.service[node] as i32,
            None => 0,
        };
        Client {
            windows: vec![Window {
                start: start as i32,
                end: end as i32,
                cost: 0,
            }],
            ready: Some(self.releases[node] as i32).filter(|&ready| ready > 0),
            delivery: vec![self.demand[node]],
            collection: vec![0],
            drop,
            service: vec![service],
            admitted: if is_open {
                Vec::new()
            } else {
                admitted.collect()
            },
            sources: Vec::new(),
            sinks: Vec::new(),
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "values have been bounded by VALUE_MAX when reading"
    )]
    fn vehicle_type(&self, kind: usize) -> VehicleType {
        let (kind, count) = &self.fleet.kinds[kind];
        let (earliest, latest) = self.window(kind.depot);
        VehicleType {
            count: *count,
            capacity: vec![kind.capacity],
            start: kind.depot,
            end: Some(kind.depot),
            earliest: earliest as i32,
            latest: latest as i32,
            latest_start: i32::MAX,
            loading: 0,
            reloads: (kind.reloads.iter())
                .map(|&station| Reload {
                    station,
                    loading: 0,
                })
                .collect(),
            max_reloads: if kind.reloads.is_empty() { 0 } else { u32::MAX },
            breaks: Vec::new(),
            fixed: kind.fixed,
            per_distance: kind.per_distance,
            per_time: 0,
            per_overtime: 0,
            regular_duration: FAR,
            max_clients: u32::MAX,
            max_distance: i64::MAX,
            max_duration: kind.max_duration.map_or(FAR, |longest| longest as i32),
            profile: 0,
            pace: 0,
        }
    }

    /// Routes for the solver to start from: where vehicles differ, number by number those of the vehicles.
    ///
    /// Routes may break limits: a search mends them.
    ///
    /// # Errors
    /// Everything that shows the routes to be those of another instance.
    pub fn start_routes(&self, routes: &[Vec<usize>]) -> Result<Vec<StartRoute>, Vec<Misfit>> {
        let misfits = self.misfits(routes);
        if !misfits.is_empty() {
            return Err(misfits);
        }
        let route = |(vehicle, nodes): (usize, &Vec<usize>)| {
            let kind = self.fleet.kind_of(vehicle).unwrap_or(0);
            let mut route = StartRoute {
                kind,
                clients: Vec::with_capacity(nodes.len()),
                reloads: Vec::new(),
                locked: 0,
            };
            for &node in nodes {
                let reloads = &self.fleet.kinds[kind].0.reloads;
                if node >= self.n_depots {
                    route.clients.push(node - self.n_depots);
                } else if let Ok(reload) = reloads.binary_search(&node) {
                    route.reloads.push(ReloadAfter {
                        n_before: route.clients.len(),
                        reload,
                    });
                }
            }
            route
        };
        let routes = routes.iter().enumerate();
        let routes = routes.filter(|(_, nodes)| !nodes.is_empty());
        Ok(routes.map(route).collect())
    }

    /// The routes of a solution of [`Instance::to_problem`] as nodes: one for each vehicle where vehicles differ, those
    /// in use where they do not.
    #[must_use]
    pub fn routes_of(&self, solution: &Solution) -> Vec<Vec<usize>> {
        let routes = solution.routes.iter();
        let routes = routes.map(|route| (route.kind, self.nodes_of(route)));
        self.fleet.assign(routes.collect())
    }

    /// Clients and, between two trips, depots.
    fn nodes_of(&self, route: &SolutionRoute) -> Vec<usize> {
        let depots = &self.fleet.kinds[route.kind].0.reloads;
        let mut reloads = route.reloads.iter().peekable();
        let mut nodes = Vec::with_capacity(route.clients.len() + route.reloads.len());
        for (n_before, client) in route.clients.iter().enumerate() {
            if let Some(after) = reloads.next_if(|after| after.n_before == n_before) {
                nodes.push(depots[after.reload]);
            }
            nodes.push(client + self.n_depots);
        }
        nodes
    }
}

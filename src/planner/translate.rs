//! Ids to dense indices and back: the only place where a model problem becomes a solver problem.

mod client;
mod kind;
mod scene;
mod timed;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::PlanProgress;
use super::initial::InitialRoute;
use super::ways::{Roads, narrow};
use crate::model::{
    CourierId, DepotId, DropPolicy, OrderId, PlaceIdx, Problem, ProfileId, ReloadSketch,
    RouteSketch,
};
use crate::solver::control::SearchProgress;
use crate::solver::problem::{self as target, Arc, Client, VehicleType};
use crate::solver::solution::{Solution, SolutionRoute};
use crate::travel::TravelTimes;
use crate::units::{BasisPoints, ExactCost, Meters, Timestamp};
use scene::{Scene, Station};
use timed::Timing;

/// A problem in the solver's terms, and what its indices mean.
pub(super) struct Translation {
    /// The solver's problem. Clients are orders in their sequence; costs are exact costs, distances meters, times
    /// seconds since the earliest moment of the problem.
    pub(super) target: target::Problem,
    origin: Timestamp,
    /// Couriers of each vehicle type, ascending.
    couriers_of: Vec<Vec<usize>>,
    /// No courier costs anything: a meter stands in for a cost.
    is_free: bool,
}

/// What has happened, or is on its way to.
#[derive(Default)]
pub(super) struct Fixed {
    /// Orders whose arrival and departure are given, whatever their windows say.
    pub(super) stops: BTreeMap<OrderId, (Timestamp, Timestamp)>,
    /// Couriers who started at a given moment.
    pub(super) starts: BTreeMap<CourierId, Timestamp>,
}

/// The solver's problem; `timings` are those of the profiles whose travel depends on the time of day.
fn assemble(
    clients: Vec<Client>,
    types: Vec<VehicleType>,
    n_stations: usize,
    roads: Roads,
    timings: &[Option<Timing<'_>>],
) -> target::Problem {
    let n_profiles = timings.len();
    if timings.iter().all(Option::is_none) {
        return target::Problem::of_any_size(
            clients,
            types,
            n_stations,
            n_profiles,
            move |profile, from, to| roads.arc(profile, from, to),
        );
    }
    // Validation keeps such days small enough for a table.
    let arc = |profile: usize, from: usize, to: usize| {
        let arc = roads.arc(profile, from, to);
        match (&timings[profile], roads.own(profile, from, to)) {
            (Some(timing), Some(own)) => Arc {
                duration: timing.shortest(own, from, to),
                ..arc
            },
            _ => arc,
        }
    };
    let target = target::Problem::new(clients, types, n_stations, n_profiles, arc);
    timed::apply_all(target, timings, |profile, from, to| {
        roads.own(profile, from, to)
    })
}

impl Translation {
    /// Ways still to be measured when `is_cancelled` says so count as none: the result serves nobody any more.
    pub(super) fn new(
        problem: &Problem,
        travel: &TravelTimes<'_>,
        fixed: &Fixed,
        is_cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Self {
        let scene = Scene::new(problem);
        let kinds = scene.kinds(&fixed.starts);
        let stations: Vec<Station<'_>> = collect_set(kinds.iter().flat_map(|(key, _)| {
            let ends = [Some(key.stations.0), key.stations.1];
            let reloads = key.reloads.iter().map(|(station, _)| *station);
            ends.into_iter().flatten().chain(reloads)
        }));
        let profiles: Vec<(ProfileId, BasisPoints)> =
            collect_set(kinds.iter().map(|(key, _)| key.travel.clone()));
        let paces: Vec<BasisPoints> = collect_set(kinds.iter().map(|(key, _)| key.pace));
        let types = kinds
            .iter()
            .map(|(key, couriers)| scene.vehicle_type(key, couriers, &stations, &profiles, &paces));
        let clients = problem.orders.iter().enumerate().map(|(number, order)| {
            let client = scene.client(number, order, &stations, &paces, &kinds);
            match fixed.stops.get(&order.id) {
                Some(&times) => scene.at_given_times(client, times),
                None => client,
            }
        });
        let places: Vec<PlaceIdx> = problem
            .orders
            .iter()
            .map(|order| order.place)
            .chain(stations.iter().map(|station| station.place))
            .collect();
        let roads = Roads::new(problem, travel, &profiles, &places, is_cancelled);
        let timings: Vec<Option<Timing<'_>>> = (profiles.iter())
            .map(|profile| Timing::new(&scene, travel, profile, &places))
            .collect();
        let (clients, types) = (clients.collect(), types.collect());
        let target = assemble(clients, types, stations.len(), roads, &timings);
        Self {
            target,
            origin: scene.origin,
            couriers_of: kinds.into_iter().map(|(_, couriers)| couriers).collect(),
            is_free: scene.is_free,
        }
    }

    /// Second zero of the solver's problem.
    pub(super) fn origin(&self) -> Timestamp {
        self.origin
    }

    /// A courier of each vehicle type.
    pub(super) fn first_couriers(&self) -> Vec<usize> {
        self.couriers_of
            .iter()
            .map(|couriers| couriers[0])
            .collect()
    }

    /// The vehicle type that the courier at a position has become.
    pub(super) fn kind_of(&self, courier: usize) -> Option<usize> {
        let is_member = |couriers: &Vec<usize>| couriers.binary_search(&courier).is_ok();
        self.couriers_of.iter().position(is_member)
    }

    /// A solution as sequences of ids.
    ///
    /// Routes of one type go to those of its couriers who drove most of their orders in `before`, the others in
    /// sequence.
    pub(super) fn sketches(
        &self,
        problem: &Problem,
        solution: &Solution,
        before: &[InitialRoute],
    ) -> Vec<RouteSketch> {
        let drivers = self.drivers(solution, before);
        let sketch = |(route, courier): (&SolutionRoute, usize)| {
            let depots: Vec<&DepotId> = problem.couriers[courier].reload_depots.iter().collect();
            RouteSketch {
                courier: problem.couriers[courier].id.clone(),
                orders: route
                    .clients
                    .iter()
                    .map(|&client| problem.orders[client].id.clone())
                    .collect(),
                start: None,
                reloads: (route.reloads.iter())
                    .map(|after| ReloadSketch {
                        depot: depots[after.reload].clone(),
                        n_before: after.n_before,
                    })
                    .collect(),
            }
        };
        solution.routes.iter().zip(drivers).map(sketch).collect()
    }

    /// The courier of each route.
    fn drivers(&self, solution: &Solution, before: &[InitialRoute]) -> Vec<usize> {
        let mut driver_before = BTreeMap::new();
        for route in before {
            driver_before.extend(route.orders.iter().map(|&order| (order, route.courier)));
        }
        let mut common: BTreeMap<(usize, usize), u32> = BTreeMap::new();
        for (number, route) in solution.routes.iter().enumerate() {
            let drivers = route
                .clients
                .iter()
                .filter_map(|client| driver_before.get(client));
            for &courier in drivers {
                if self.couriers_of[route.kind].binary_search(&courier).is_ok() {
                    *common.entry((number, courier)).or_default() += 1;
                }
            }
        }
        let mut pairs: Vec<_> = common.into_iter().collect();
        pairs.sort_by_key(|&(pair, orders)| (Reverse(orders), pair));
        let mut driver_of = vec![None; solution.routes.len()];
        let mut is_taken = BTreeSet::new();
        for ((number, courier), _) in pairs {
            if driver_of[number].is_none() && is_taken.insert(courier) {
                driver_of[number] = Some(courier);
            }
        }
        let next = |(driver, route): (Option<usize>, &SolutionRoute)| {
            let free = || {
                let mut couriers = self.couriers_of[route.kind].iter();
                let courier = couriers.find(|courier| !is_taken.contains(courier));
                *courier.expect("a type has as many routes as couriers at most")
            };
            let courier = driver.unwrap_or_else(free);
            is_taken.insert(courier);
            courier
        };
        driver_of
            .into_iter()
            .zip(&solution.routes)
            .map(next)
            .collect()
    }

    pub(super) fn progress(
        &self,
        problem: &Problem,
        progress: &SearchProgress<'_>,
        elapsed: Duration,
    ) -> PlanProgress {
        let best = progress.best;
        let dropped: i64 = best
            .absent
            .iter()
            .map(|&client| self.target.drop_cost(client))
            .sum();
        let stand_in = if self.is_free { best.distance } else { 0 };
        let fleet = self.target.vehicle_cost() * best.routes.len() as i64;
        let is_promise =
            |client: &&usize| problem.orders[**client].drop_policy == DropPolicy::MustServe;
        PlanProgress {
            elapsed,
            done: progress.done,
            iterations: progress.iterations,
            broken_promises: best.absent.iter().filter(is_promise).count(),
            unserved: best.absent.len(),
            routes: best.routes.len(),
            distance: Meters(best.distance),
            cost: ExactCost(best.cost - dropped - stand_in - fleet).rounded(),
        }
    }
}

fn collect_set<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    items.collect::<BTreeSet<T>>().into_iter().collect()
}

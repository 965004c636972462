//! Ids to dense indices and back: the only place where a model problem becomes a solver problem.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::PlanProgress;
use super::ways::{Ways, narrow};
use crate::model::{
    Courier, CourierId, DropPolicy, Order, OrderKind, PlaceIdx, Problem, ProfileId, RouteEnd,
    RouteSketch, RouteStart, TimeWindow,
};
use crate::solver::control::SearchProgress;
use crate::solver::problem::{self as target, Arc, Client, DropRule, FAR, VehicleType, Window};
use crate::solver::solution::Solution;
use crate::travel::TravelTimes;
use crate::units::{BasisPoints, ExactCost, Load, Meters, Seconds, Timestamp};

/// A problem in the solver's terms, and what its indices mean.
pub(super) struct Translation {
    /// The solver's problem. Clients are orders in their sequence; costs are exact costs, distances meters, times
    /// seconds since the earliest moment of the problem.
    pub(super) target: target::Problem,
    /// Couriers of each vehicle type, ascending.
    couriers_of: Vec<Vec<usize>>,
    /// No courier costs anything: a meter stands in for a cost.
    is_free: bool,
}

/// Windows of one order that are told apart; further ones are not planned in.
const WINDOWS_MAX: usize = 250;

/// Everything that makes two couriers one vehicle type.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct KindKey {
    capacity: Vec<i64>,
    stations: (PlaceIdx, Option<PlaceIdx>),
    times: [i64; 5],
    costs: [i64; 4],
    limits: [i64; 2],
    travel: (ProfileId, BasisPoints),
    pace: BasisPoints,
    /// Which of [`Scene::exclusions`].
    excluded: usize,
}

impl Translation {
    /// Ways still to be measured when `is_cancelled` says so count as none: the result serves nobody any more.
    pub(super) fn new(
        problem: &Problem,
        travel: &TravelTimes<'_>,
        is_cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Self {
        let scene = Scene::new(problem);
        let mut members: BTreeMap<KindKey, Vec<usize>> = BTreeMap::new();
        for (number, courier) in problem.couriers.iter().enumerate() {
            if let Some(key) = scene.kind_key(number, courier) {
                members.entry(key).or_default().push(number);
            }
        }
        // In the order of their first courier, so that renaming nothing changes nothing.
        let mut kinds: Vec<(KindKey, Vec<usize>)> = members.into_iter().collect();
        kinds.sort_by_key(|(_, couriers)| couriers[0]);
        let stations: Vec<PlaceIdx> = collect_set(
            kinds
                .iter()
                .flat_map(|(key, _)| [Some(key.stations.0), key.stations.1].into_iter().flatten()),
        );
        let profiles: Vec<(ProfileId, BasisPoints)> =
            collect_set(kinds.iter().map(|(key, _)| key.travel.clone()));
        let paces: Vec<BasisPoints> = collect_set(kinds.iter().map(|(key, _)| key.pace));
        let types = kinds
            .iter()
            .map(|(key, couriers)| scene.vehicle_type(key, couriers, &stations, &profiles, &paces));
        let clients = problem
            .orders
            .iter()
            .enumerate()
            .map(|(number, order)| scene.client(number, order, &paces, &kinds));
        let places: Vec<PlaceIdx> = problem
            .orders
            .iter()
            .map(|order| order.place)
            .chain(stations.iter().copied())
            .collect();
        // Couriers of different speed drive the same ways: each way is measured once a profile.
        let ways: Vec<Ways> = collect_set(profiles.iter().map(|(id, _)| id.clone()))
            .into_iter()
            .map(|id| Ways::new(problem, travel, id, &places, is_cancelled))
            .collect();
        let ways_of: Vec<(usize, BasisPoints)> = profiles
            .iter()
            .map(|(id, speed)| {
                let number = ways.iter().position(|ways| ways.profile == *id);
                (number.expect("there are ways for every profile"), *speed)
            })
            .collect();
        let n_profiles = profiles.len();
        let arc = move |profile: usize, from: usize, to: usize| {
            let (number, speed) = ways_of[profile];
            match ways[number].get(from, to) {
                Some((duration, distance)) => Arc {
                    duration: narrow(speed.divide(Seconds(i64::from(duration))).0),
                    distance,
                },
                None => Arc {
                    duration: FAR,
                    distance: FAR,
                },
            }
        };
        let target = target::Problem::of_any_size(
            clients.collect(),
            types.collect(),
            stations.len(),
            n_profiles,
            arc,
        );
        Self {
            target,
            couriers_of: kinds.into_iter().map(|(_, couriers)| couriers).collect(),
            is_free: scene.is_free,
        }
    }

    /// A solution as sequences of ids. Routes of one type go to its couriers in sequence.
    pub(super) fn sketches(&self, problem: &Problem, solution: &Solution) -> Vec<RouteSketch> {
        let mut next = vec![0; self.couriers_of.len()];
        let sketch = |route: &crate::solver::solution::SolutionRoute| {
            let courier = self.couriers_of[route.kind][next[route.kind]];
            next[route.kind] += 1;
            RouteSketch {
                courier: problem.couriers[courier].id.clone(),
                orders: route
                    .clients
                    .iter()
                    .map(|&client| problem.orders[client].id.clone())
                    .collect(),
                start: None,
            }
        };
        solution.routes.iter().map(sketch).collect()
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
            cost: ExactCost(best.cost - dropped - stand_in).rounded(),
        }
    }
}

/// What translating needs to look at again and again.
struct Scene<'a> {
    problem: &'a Problem,
    origin: Timestamp,
    dimensions: Vec<&'a str>,
    /// Positions of the orders that not every courier may serve.
    restricted: Vec<usize>,
    /// Sets of restricted orders that some courier may not serve, ascending, each once.
    exclusions: Vec<Vec<usize>>,
    /// Which of them holds for each courier.
    exclusion_of: Vec<usize>,
    /// No courier costs anything: distance decides.
    is_free: bool,
}

impl<'a> Scene<'a> {
    fn new(problem: &'a Problem) -> Self {
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
        }
    }

    /// Seconds since the origin.
    fn time(&self, moment: Timestamp) -> i64 {
        (moment - self.origin).0
    }

    /// What kind of vehicle `courier` is; `None` if a depot is unknown, which validation excludes.
    fn kind_key(&self, number: usize, courier: &Courier) -> Option<KindKey> {
        let limits = &courier.limits;
        let span = courier.shift.end - courier.shift.start;
        let costs = &courier.costs;
        Some(KindKey {
            capacity: self
                .dimensions
                .iter()
                .map(|name| {
                    courier
                        .capacities
                        .get(*name)
                        .map_or(i64::MAX, |load| load.0)
                })
                .collect(),
            stations: (
                self.problem.start_place(courier)?,
                self.problem.end_place(courier),
            ),
            times: [
                self.time(courier.shift.start),
                self.time(courier.shift.end),
                self.problem.loading(courier).0,
                limits.max_duty.unwrap_or(span).min(span).0,
                limits.regular_duty.unwrap_or(span).min(span).0,
            ],
            costs: [
                ExactCost::from_cost(costs.fixed).0,
                if self.is_free {
                    1
                } else {
                    ExactCost::of_distance(Meters(1), costs.per_km).0
                },
                ExactCost::of_time(Seconds(1), costs.per_hour).0,
                ExactCost::of_time(Seconds(1), costs.overtime_per_hour).0,
            ],
            limits: [
                limits.max_stops.map_or(i64::MAX, i64::from),
                limits.max_distance.map_or(i64::MAX, |distance| distance.0),
            ],
            travel: (courier.profile.clone(), courier.speed_factor),
            pace: courier.service_factor,
            excluded: self.exclusion_of[number],
        })
    }

    fn vehicle_type(
        &self,
        key: &KindKey,
        couriers: &[usize],
        stations: &[PlaceIdx],
        profiles: &[(ProfileId, BasisPoints)],
        paces: &[BasisPoints],
    ) -> VehicleType {
        let [earliest, latest, loading, max_duration, regular_duration] = key.times.map(narrow);
        let [fixed, per_distance, per_time, per_overtime] = key.costs;
        VehicleType {
            count: u32::try_from(couriers.len()).unwrap_or(u32::MAX),
            capacity: key.capacity.clone(),
            start: position(stations, &key.stations.0),
            end: key.stations.1.map(|place| position(stations, &place)),
            earliest,
            latest,
            loading,
            fixed,
            per_distance,
            per_time,
            per_overtime,
            regular_duration,
            max_clients: u32::try_from(key.limits[0]).unwrap_or(u32::MAX),
            max_distance: key.limits[1],
            max_duration,
            profile: position(profiles, &key.travel),
            pace: position(paces, &key.pace),
        }
    }

    fn client(
        &self,
        number: usize,
        order: &Order,
        paces: &[BasisPoints],
        kinds: &[(KindKey, Vec<usize>)],
    ) -> Client {
        let loads: Vec<i64> = self
            .dimensions
            .iter()
            .map(|name| order.load(name))
            .map(|Load(load)| load)
            .collect();
        let nothing = vec![0; loads.len()];
        let (delivery, collection) = match order.kind {
            OrderKind::Delivery => (loads, nothing),
            OrderKind::Collection => (nothing, loads),
        };
        let admits = |(key, _): &(KindKey, Vec<usize>)| {
            let excluded = &self.exclusions[key.excluded];
            excluded.binary_search(&number).is_err()
        };
        Client {
            windows: self.windows(order),
            ready: order.ready.map(|moment| narrow(self.time(moment))),
            delivery,
            collection,
            drop: match order.drop_policy {
                DropPolicy::MustServe => DropRule::Required,
                DropPolicy::MayDrop { penalty } => {
                    DropRule::Tiered(u32::try_from(penalty).unwrap_or(u32::MAX))
                }
            },
            service: paces
                .iter()
                .map(|pace| narrow(pace.scale(order.service).0))
                .collect(),
            admitted: if self.restricted.binary_search(&number).is_ok() {
                kinds.iter().map(admits).collect()
            } else {
                Vec::new()
            },
        }
    }

    /// Windows to choose from: preferred ones at no cost, then all of them at the cost of missing the preference.
    fn windows(&self, order: &Order) -> Vec<Window> {
        let hard = order.service_windows();
        let window = |window: TimeWindow, cost: i64| Window {
            start: narrow(self.time(window.start)),
            end: narrow(self.time(window.end)),
            cost,
        };
        let mut windows = Vec::new();
        let mut miss_cost = 0;
        if let Some(preference) = &order.preference {
            miss_cost = ExactCost::from_cost(preference.miss_cost).0;
            let liked = preference
                .windows
                .iter()
                .flat_map(|liked| hard.iter().filter_map(|hard| hard.intersection(*liked)));
            windows.extend(liked.map(|both| window(both, 0)));
        }
        windows.extend(hard.iter().map(|&hard| window(hard, miss_cost)));
        windows.truncate(WINDOWS_MAX);
        windows
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

fn collect_set<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    items.collect::<BTreeSet<T>>().into_iter().collect()
}

fn position<T: Ord>(sorted: &[T], item: &T) -> usize {
    sorted
        .binary_search(item)
        .expect("the list was collected from all items")
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

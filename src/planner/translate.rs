//! Ids to dense indices and back: the only place where a model problem becomes a solver problem.

mod timed;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rayon::prelude::*;

use super::PlanProgress;
use crate::model::{
    Courier, DropPolicy, Order, OrderKind, PlaceIdx, Problem, ProfileId, RouteSketch, TimeWindow,
};
use crate::solver::control::SearchProgress;
use crate::solver::problem::{self as target, Arc, Client, DropRule, FAR, VehicleType, Window};
use crate::solver::solution::Solution;
use crate::travel::TravelTimes;
use crate::units::{BasisPoints, ExactCost, Load, Meters, Seconds, Timestamp};
use timed::Timing;

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
    excluded: Vec<usize>,
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
            if let Some(key) = scene.kind_key(courier) {
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
            .map(|id| Ways::new(travel, id, &places, is_cancelled))
            .collect();
        let ways_of: Vec<&Ways> = profiles
            .iter()
            .filter_map(|(id, _)| ways.iter().find(|ways| ways.profile == *id))
            .collect();
        let timings: Vec<Option<Timing<'_>>> = (profiles.iter())
            .map(|profile| Timing::new(&scene, travel, profile, &places))
            .collect();
        let arc = |profile: usize, from: usize, to: usize| match ways_of[profile].get(from, to) {
            Some((duration, distance)) => Arc {
                duration: match &timings[profile] {
                    Some(timing) => timing.shortest(duration, from, to),
                    None => narrow(profiles[profile].1.divide(Seconds(i64::from(duration))).0),
                },
                distance,
            },
            None => Arc {
                duration: FAR,
                distance: FAR,
            },
        };
        let target = target::Problem::new(
            clients.collect(),
            types.collect(),
            stations.len(),
            profiles.len(),
            arc,
        );
        let own = |number: usize, from, to| Some(ways_of[number].get(from, to)?.0);
        let target = timed::apply_all(target, &timings, own);
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

/// Travel time and distance between all places under one profile, at the profile's own speed.
struct Ways {
    profile: ProfileId,
    n_places: usize,
    legs: Vec<Option<(i32, i32)>>,
}

impl Ways {
    fn new(
        travel: &TravelTimes<'_>,
        profile: ProfileId,
        places: &[PlaceIdx],
        is_cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Self {
        let leg = |from: PlaceIdx, to: PlaceIdx| {
            let leg = travel.profile_leg(&profile, from, to)?;
            Some((narrow(leg.duration.0), narrow(leg.distance.0)))
        };
        let row = |from: &PlaceIdx| -> Vec<Option<(i32, i32)>> {
            if is_cancelled() {
                return vec![None; places.len()];
            }
            places.iter().map(|to| leg(*from, *to)).collect()
        };
        let legs = places.par_iter().flat_map_iter(row).collect();
        Self {
            profile,
            n_places: places.len(),
            legs,
        }
    }

    fn get(&self, from: usize, to: usize) -> Option<(i32, i32)> {
        self.legs[from * self.n_places + to]
    }
}

/// What translating needs to look at again and again.
struct Scene<'a> {
    problem: &'a Problem,
    origin: Timestamp,
    dimensions: Vec<&'a str>,
    /// Positions of the orders that not every courier may serve.
    restricted: Vec<usize>,
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
        let restricted = (0..problem.orders.len())
            .filter(|&number| is_restricted(&problem.orders[number]))
            .collect();
        let is_free = problem
            .couriers
            .iter()
            .all(|courier| courier.costs == crate::model::Costs::default());
        Self {
            problem,
            origin,
            dimensions: dimensions.into_iter().collect(),
            restricted,
            is_free,
        }
    }

    /// Seconds since the origin.
    fn time(&self, moment: Timestamp) -> i64 {
        (moment - self.origin).0
    }

    /// What kind of vehicle `courier` is; `None` if a depot is unknown, which validation excludes.
    fn kind_key(&self, courier: &Courier) -> Option<KindKey> {
        let limits = &courier.limits;
        let span = courier.shift.end - courier.shift.start;
        let may_not = |&number: &usize| !courier.may_serve(&self.problem.orders[number]);
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
            excluded: self.restricted.iter().copied().filter(may_not).collect(),
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
        let admits =
            |(key, _): &(KindKey, Vec<usize>)| key.excluded.binary_search(&number).is_err();
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

/// Times span at most days and distances are bounded by validation, so nothing is cut off.
fn narrow(value: i64) -> i32 {
    i32::try_from(value.clamp(-i64::from(FAR), i64::from(FAR))).unwrap_or(FAR)
}

fn collect_set<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    items.collect::<BTreeSet<T>>().into_iter().collect()
}

fn position<T: Ord>(sorted: &[T], item: &T) -> usize {
    sorted
        .binary_search(item)
        .expect("the list was collected from all items")
}

//! Ids to dense indices and back: the only place where a model problem becomes a solver problem.

mod timed;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::PlanProgress;
use super::initial::InitialRoute;
use super::ways::{Roads, narrow};
use crate::model::{
    BreakStart, Courier, CourierId, DepotId, DropPolicy, Order, OrderId, OrderKind, PlaceIdx,
    Problem, ProfileId, ReloadSketch, RouteEnd, RouteSketch, RouteStart, TimeWindow,
};
use crate::solver::control::SearchProgress;
use crate::solver::problem::{
    self as target, Arc, Break, BreakRule, Client, DropRule, Reload, VehicleType, Window,
};
use crate::solver::solution::{Solution, SolutionRoute};
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

/// Orders whose arrival and departure are given, whatever their windows say.
pub(super) type Fixed = BTreeMap<OrderId, (Timestamp, Timestamp)>;

/// Windows of one order that are told apart; further ones are not planned in.
const WINDOWS_MAX: usize = 250;

/// Where trips start and end. Depots at one place are told apart only where orders name depots and couriers reload.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Station<'a> {
    place: PlaceIdx,
    depot: Option<&'a DepotId>,
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

/// Everything that makes two couriers one vehicle type.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct KindKey<'a> {
    capacity: Vec<i64>,
    stations: (Station<'a>, Option<Station<'a>>),
    /// Stations with their loading times, in the order of the courier's depots.
    reloads: Vec<(Station<'a>, i64)>,
    breaks: Vec<Break>,
    times: [i64; 5],
    costs: [i64; 4],
    limits: [i64; 3],
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
        fixed: &Fixed,
        is_cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Self {
        let scene = Scene::new(problem);
        let kinds = scene.kinds();
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
            match fixed.get(&order.id) {
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
            couriers_of: kinds.into_iter().map(|(_, couriers)| couriers).collect(),
            is_free: scene.is_free,
        }
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
    /// Some order names depots, and some courier reloads: then it depends on the trip who may serve whom.
    names_depots: bool,
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
            names_depots: problem.couriers.iter().any(Courier::may_reload)
                && problem.orders.iter().any(|order| !order.depots.is_empty()),
        }
    }

    fn station(&self, place: PlaceIdx, depot: Option<&'a DepotId>) -> Station<'a> {
        let depot = depot.filter(|_| self.names_depots);
        Station { place, depot }
    }

    /// Seconds since the origin.
    fn time(&self, moment: Timestamp) -> i64 {
        (moment - self.origin).0
    }

    /// Kinds of vehicles with their couriers, in the order of their first courier, so that renaming nothing changes
    /// nothing.
    fn kinds(&self) -> Vec<(KindKey<'a>, Vec<usize>)> {
        let mut members: BTreeMap<KindKey<'_>, Vec<usize>> = BTreeMap::new();
        for (number, courier) in self.problem.couriers.iter().enumerate() {
            if let Some(key) = self.kind_key(number, courier) {
                members.entry(key).or_default().push(number);
            }
        }
        let mut kinds: Vec<(KindKey<'_>, Vec<usize>)> = members.into_iter().collect();
        kinds.sort_by_key(|(_, couriers)| couriers[0]);
        kinds
    }

    /// What kind of vehicle `courier` is; `None` if a depot is unknown, which validation excludes.
    fn kind_key(&self, number: usize, courier: &'a Courier) -> Option<KindKey<'a>> {
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
                self.station(self.problem.start_place(courier)?, courier.start_depot()),
                (self.problem.end_place(courier))
                    .map(|place| self.station(place, courier.end_depot())),
            ),
            reloads: if courier.may_reload() {
                (courier.reload_depots.iter())
                    .map(|id| {
                        let depot = self.problem.depot(id)?;
                        Some((self.station(depot.place, Some(id)), depot.loading.0))
                    })
                    .collect::<Option<_>>()?
            } else {
                Vec::new()
            },
            breaks: self.breaks(courier),
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
                courier.max_reloads.map_or(i64::MAX, i64::from),
            ],
            travel: (courier.profile.clone(), courier.speed_factor),
            pace: courier.service_factor,
            excluded: self.exclusion_of[number],
        })
    }

    fn breaks(&self, courier: &Courier) -> Vec<Break> {
        let breaks = courier.breaks.iter().map(|pause| Break {
            duration: narrow(pause.duration.0),
            rule: match pause.start {
                BreakStart::Within(window) => BreakRule::Window {
                    start: narrow(self.time(window.start)),
                    end: narrow(self.time(window.end)),
                },
                BreakStart::AfterWork(limit) => BreakRule::AfterWork(narrow(limit.0)),
            },
        });
        breaks.collect()
    }

    fn vehicle_type(
        &self,
        key: &KindKey<'a>,
        couriers: &[usize],
        stations: &[Station<'a>],
        profiles: &[(ProfileId, BasisPoints)],
        paces: &[BasisPoints],
    ) -> VehicleType {
        let [earliest, latest, loading, max_duration, regular_duration] = key.times.map(narrow);
        let [fixed, per_distance, per_time, per_overtime] = key.costs;
        VehicleType {
            count: u32::try_from(couriers.len()).unwrap_or(u32::MAX),
            capacity: key.capacity.clone(),
            start: position(stations, &key.stations.0),
            end: key.stations.1.map(|station| position(stations, &station)),
            earliest,
            latest,
            loading,
            reloads: (key.reloads.iter())
                .map(|(station, loading)| Reload {
                    station: position(stations, station),
                    loading: narrow(*loading),
                })
                .collect(),
            max_reloads: u32::try_from(key.limits[2]).unwrap_or(u32::MAX),
            breaks: key.breaks.clone(),
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
        stations: &[Station<'a>],
        paces: &[BasisPoints],
        kinds: &[(KindKey<'a>, Vec<usize>)],
    ) -> Client {
        let stocked: Vec<bool> = if self.names_depots && !order.depots.is_empty() {
            let stocks = |station: &Station<'_>| {
                station
                    .depot
                    .is_some_and(|depot| order.depots.contains(depot))
            };
            stations.iter().map(stocks).collect()
        } else {
            Vec::new()
        };
        let (sources, sinks) = match order.kind {
            OrderKind::Delivery => (stocked, Vec::new()),
            OrderKind::Collection => (Vec::new(), stocked),
        };
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
        let admits = |(key, _): &(KindKey<'_>, Vec<usize>)| {
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
            sources,
            sinks,
        }
    }

    /// The client served at given times, whatever its windows and service time are.
    fn at_given_times(&self, client: Client, times: (Timestamp, Timestamp)) -> Client {
        let (arrival, departure) = times;
        let at = narrow(self.time(arrival));
        Client {
            windows: vec![Window {
                start: at,
                end: at,
                cost: 0,
            }],
            ready: None,
            service: vec![narrow((departure - arrival).0); client.service.len()],
            ..client
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

//! Starting from a plan: what the locks mean for the problem, where the search starts, and that it does not end worse.

use std::collections::{BTreeMap, BTreeSet};

use super::initial::{self, InitialRoute, Pins};
use super::schedule;
use super::translate::{Fixed, Translation};
use crate::check::check;
use crate::model::{
    ConstraintKind, CourierId, DropPolicy, Finding, InitialPlan, OrderId, Plan, Problem,
    Provenance, Reason, Route, RouteSketch, UnservedOrder, Verdict, Violation,
};
use crate::solver::start::{Start, StartRoute};
use crate::travel::TravelTimes;
use crate::units::ExactCost;

/// An initial plan and what follows from it for its problem.
pub(super) struct WarmStart<'a> {
    initial: &'a InitialPlan,
    problem: &'a Problem,
    routes: Vec<InitialRoute>,
    /// Couriers whose locked stops break a constraint by themselves: they keep these and get no others.
    frozen: BTreeMap<CourierId, Violation>,
    pub(super) pins: Pins,
    /// The problem in which only their couriers may serve locked orders; without travel profiles.
    pub(super) bound: Problem,
    /// Locked stops whose times are given, and when their couriers started.
    pub(super) fixed: Fixed,
}

impl<'a> WarmStart<'a> {
    /// `initial` must have passed [`initial::initial_findings`] without errors.
    pub(super) fn new(
        problem: &'a Problem,
        travel: &TravelTimes<'_>,
        initial: &'a InitialPlan,
    ) -> Self {
        let routes = initial::resolve(problem, initial);
        let pins = initial::pins(problem, &routes);
        let mut warm = Self {
            initial,
            problem,
            frozen: BTreeMap::new(),
            pins,
            bound: Problem {
                name: String::new(),
                time_zone: problem.time_zone.clone(),
                places: problem.places.clone(),
                depots: problem.depots.clone(),
                couriers: problem.couriers.clone(),
                orders: problem.orders.clone(),
                profiles: Vec::new(),
            },
            fixed: Fixed::default(),
            routes,
        };
        warm.begin();
        warm.judge_locked(travel);
        warm.bind();
        warm
    }

    /// Lets shifts begin when their couriers did: what has happened is no reason to plan the rest as impossible.
    fn begin(&mut self) {
        for route in &self.routes {
            if let Some(start) = route.pin.start {
                let shift = &mut self.bound.couriers[route.courier].shift;
                shift.start = shift.start.min(start);
            }
        }
    }

    /// Finds out when locked stops are, where that is given, and whether they are possible at all.
    ///
    /// They keep the times that they have in the whole of their route if that breaks nothing: by themselves they may
    /// leave breaks to later, take them earlier, or have no place for them.
    fn judge_locked(&mut self, travel: &TravelTimes<'_>) {
        let is_locked = |route: &InitialRoute| route.pin.locked > 0;
        let (whole, broken) = self.timed(travel, |route| is_locked(route).then_some(usize::MAX));
        let sound: BTreeSet<&CourierId> = (whole.routes.iter().map(|route| &route.courier))
            .filter(|courier| !broken.contains_key(courier))
            .collect();
        for route in &whole.routes {
            if sound.contains(&route.courier) && self.pins.of(&route.courier).start.is_some() {
                self.fix(route);
            }
        }
        let is_doubtful = |route: &InitialRoute| {
            is_locked(route) && !sound.contains(&self.problem.couriers[route.courier].id)
        };
        let (locked, broken) = self.timed(travel, |route| {
            is_doubtful(route).then_some(route.pin.locked)
        });
        for route in &locked.routes {
            let broken = broken.get(&route.courier).map_or(&[][..], Vec::as_slice);
            // A stop that is late will be late: the rest of the route can still be planned.
            let is_bearable = |violation: &&Violation| {
                matches!(
                    violation.constraint,
                    ConstraintKind::TimeWindow | ConstraintKind::NotReady
                )
            };
            if let Some(worst) = broken.iter().find(|violation| !is_bearable(violation)) {
                self.frozen.insert(route.courier.clone(), worst.clone());
            } else if !broken.is_empty() || self.pins.of(&route.courier).start.is_some() {
                self.fix(route);
            }
        }
    }

    /// The routes that have a length, cut to it, and what is wrong with them by courier.
    fn timed(
        &self,
        travel: &TravelTimes<'_>,
        length: impl Fn(&InitialRoute) -> Option<usize>,
    ) -> (Plan, BTreeMap<CourierId, Vec<Violation>>) {
        let sketch = |route: &InitialRoute| {
            let length = length(route)?.min(route.orders.len());
            Some(self.sketch(route, &route.orders[..length]))
        };
        let sketches: Vec<RouteSketch> = self.routes.iter().filter_map(sketch).collect();
        let plan = timed(&self.bound, travel, &sketches);
        let mut broken: BTreeMap<CourierId, Vec<Violation>> = BTreeMap::new();
        for violation in &plan.verdict.violations {
            if let Some(courier) = &violation.courier {
                let of_courier = broken.entry(courier.clone()).or_default();
                of_courier.push(violation.clone());
            }
        }
        (plan, broken)
    }

    /// Has the locked stops of `route` when they are there.
    fn fix(&mut self, route: &Route) {
        let pin = self.pins.of(&route.courier);
        let moments = route.stops[..pin.locked.min(route.stops.len())].iter();
        let moments = moments.map(|stop| (stop.order.clone(), (stop.arrival, stop.departure)));
        self.fixed.stops.extend(moments);
        let start = pin.start.map(|start| (route.courier.clone(), start));
        self.fixed.starts.extend(start);
    }

    /// Lets only their couriers serve locked orders, and no courier who is frozen anything.
    fn bind(&mut self) {
        for route in &self.routes {
            let courier = &self.problem.couriers[route.courier].id;
            for &order in &route.bound {
                self.bound.orders[order].allowed_couriers = BTreeSet::from([courier.clone()]);
            }
        }
        for order in &mut self.bound.orders {
            order.forbidden_couriers.extend(self.frozen.keys().cloned());
        }
    }

    fn sketch(&self, route: &InitialRoute, orders: &[usize]) -> RouteSketch {
        RouteSketch {
            courier: self.problem.couriers[route.courier].id.clone(),
            orders: orders
                .iter()
                .map(|&order| self.problem.orders[order].id.clone())
                .collect(),
            start: route.pin.start,
            reloads: Vec::new(),
        }
    }

    /// The routes by which couriers are told apart in the end.
    pub(super) fn routes(&self) -> &[InitialRoute] {
        &self.routes
    }

    /// Where the search starts.
    pub(super) fn start(&self, translation: &Translation) -> Start {
        let free = self.routes.iter().filter(|route| !self.is_frozen(route));
        let routes: Vec<StartRoute> = free
            .filter_map(|route| {
                Some(StartRoute {
                    kind: translation.kind_of(route.courier)?,
                    clients: route.orders.clone(),
                    reloads: Vec::new(),
                    locked: route.pin.locked,
                })
            })
            .collect();
        Start::new(&translation.target, &routes)
    }

    fn is_frozen(&self, route: &InitialRoute) -> bool {
        let courier = &self.problem.couriers[route.courier].id;
        self.frozen.contains_key(courier)
    }

    /// Adds what the search knows nothing of: the stops of frozen couriers, and starts that have happened.
    pub(super) fn complete(&self, mut sketches: Vec<RouteSketch>) -> Vec<RouteSketch> {
        for sketch in &mut sketches {
            sketch.start = self.pins.of(&sketch.courier).start.or(sketch.start);
        }
        for route in self.routes.iter().filter(|route| self.is_frozen(route)) {
            sketches.push(self.sketch(route, &route.orders[..route.pin.locked]));
        }
        sketches
    }

    /// The best one of what the search found and of `others`, what it had to start from.
    ///
    /// The search knows costs on its own scale; here promises, penalties and costs of the plan itself are compared.
    pub(super) fn no_worse(
        &self,
        terms: &Terms<'_>,
        found: Vec<RouteSketch>,
        others: impl Iterator<Item = Vec<RouteSketch>>,
    ) -> Vec<RouteSketch> {
        let mut best = (Rank::of(self.problem, terms, &found), found);
        for other in others {
            let rank = Rank::of(self.problem, terms, &other);
            if rank < best.0 {
                best = (rank, other);
            }
        }
        best.1
    }

    /// The initial plan as given, with its starts; `None` if that breaks anything.
    pub(super) fn as_given(&self, travel: &TravelTimes<'_>) -> Option<Vec<RouteSketch>> {
        let as_given: Vec<RouteSketch> = self
            .routes
            .iter()
            .map(|route| {
                let courier = &self.problem.couriers[route.courier].id;
                let start = self
                    .initial
                    .routes
                    .iter()
                    .find(|sketch| sketch.courier == *courier);
                RouteSketch {
                    start: start.and_then(|sketch| sketch.start),
                    ..self.sketch(route, &route.orders)
                }
            })
            .collect();
        let verdict = timed(self.problem, travel, &as_given).verdict;
        verdict.is_feasible().then_some(as_given)
    }

    /// What did not fit any more; paths start at the initial plan.
    pub(super) fn notes(&self, displaced: &[usize]) -> Vec<Finding> {
        let mut place_of: BTreeMap<&OrderId, (usize, usize)> = BTreeMap::new();
        for (row, sketch) in self.initial.routes.iter().enumerate() {
            place_of.extend(sketch.orders.iter().zip((0..).map(|column| (row, column))));
        }
        let note = |&order: &usize| {
            let id = &self.problem.orders[order].id;
            let (row, column) = place_of.get(id)?;
            let courier = &self.initial.routes[*row].courier;
            let message = format!(
                "order `{id}` does not fit in the route of courier `{courier}` any more: it was placed anew or left out"
            );
            let path = format!("routes[{row}].order_ids[{column}]");
            Some(Finding::new(path, id.as_str(), Reason::Conflict, message))
        };
        let frozen = self.initial.routes.iter().zip(0..).filter_map(|(sketch, row)| {
            let violation = self.frozen.get(&sketch.courier)?;
            let message = format!(
                "the locked stops break a constraint by themselves, so that the courier keeps them and gets no others: {}",
                violation.message
            );
            let id = sketch.courier.as_str();
            Some(Finding::new(format!("routes[{row}]"), id, Reason::Conflict, message))
        });
        let unseated = (self.routes.iter())
            .filter(|route| self.is_frozen(route))
            .flat_map(|route| &route.orders[route.pin.locked..]);
        let moved = displaced.iter().chain(unseated);
        moved.filter_map(note).chain(frozen).collect()
    }
}

/// By what plans are compared, besides promises, penalties and cost.
pub(super) struct Terms<'a> {
    pub(super) travel: &'a TravelTimes<'a>,
    pub(super) fleet_first: bool,
    /// What routes lack to the target; 0 if they meet it, or there is none.
    pub(super) lacking: &'a dyn Fn(&[Route]) -> i64,
}

/// How good a plan is: less is better, the first difference decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    broken_promises: usize,
    penalty: i64,
    /// What lacks to the target.
    lacking: i64,
    /// Nothing unless few vehicles come first.
    vehicles: usize,
    cost: ExactCost,
}

impl Rank {
    fn of(problem: &Problem, terms: &Terms<'_>, sketches: &[RouteSketch]) -> Self {
        let schedule = schedule::schedule(problem, terms.travel, sketches);
        let policies = schedule.unserved.iter();
        let policies = policies.map(|&position| problem.orders[position].drop_policy);
        let (mut broken_promises, mut penalty) = (0, 0);
        for policy in policies {
            match policy {
                DropPolicy::MustServe => broken_promises += 1,
                DropPolicy::MayDrop { penalty: lost } => penalty += lost,
            }
        }
        Self {
            broken_promises,
            penalty,
            lacking: (terms.lacking)(&schedule.routes),
            vehicles: if terms.fleet_first {
                schedule.routes.len()
            } else {
                0
            },
            cost: schedule.routes.iter().map(|route| route.cost.total()).sum(),
        }
    }
}

/// The plan of given sequences, with the checker's verdict.
fn timed(problem: &Problem, travel: &TravelTimes<'_>, sketches: &[RouteSketch]) -> Plan {
    let schedule = schedule::schedule(problem, travel, sketches);
    let unserved = |&position: &usize| UnservedOrder::unexplained(&problem.orders[position]);
    let mut plan = Plan {
        unserved: schedule.unserved.iter().map(unserved).collect(),
        routes: schedule.routes,
        provenance: Provenance::not_searched(),
        verdict: Verdict::default(),
    };
    plan.verdict = check(problem, travel, &plan);
    plan
}

//! The rest of the day as a problem of its own: couriers start where and when they are expected to be free, and are as fast
//! as they are known to be today.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::Draft;
use super::goods::Source;
use super::scene::{Crew, Halt, Scene};
use crate::check::check;
use crate::model::{
    ConstraintKind, Courier, DepotId, Plan, Problem, Provenance, ReloadSketch, Route, RouteSketch,
    RouteStart, UnservedOrder, Verdict,
};
use crate::planner::schedule::schedule;
use crate::units::{BasisPoints, Cost, ExactCost, Seconds, Timestamp};

/// The rest of the day.
pub(super) struct Residual {
    problem: Problem,
    /// Position of each order of the scene's problem in this one.
    number_of: BTreeMap<usize, usize>,
}

/// What some routes of the rest of the day come to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Account {
    pub(super) cost: ExactCost,
    /// By how much each constraint is broken.
    pub(super) broken: BTreeMap<ConstraintKind, i64>,
}

impl Account {
    pub(super) fn add(&mut self, other: &Self) {
        self.cost += other.cost;
        for (kind, amount) in &other.broken {
            *self.broken.entry(*kind).or_default() += amount;
        }
    }

    /// Whether no constraint is broken more than in `before`. Windows do not count: the forecast knows better than expected
    /// times.
    pub(super) fn is_as_sound_as(&self, before: &Self) -> bool {
        self.broken.iter().all(|(kind, amount)| {
            *kind == ConstraintKind::TimeWindow
                || *amount <= before.broken.get(kind).copied().unwrap_or(0)
        })
    }
}

impl Residual {
    pub(super) fn new(scene: &Scene<'_>, pool: &[usize]) -> Self {
        let aboard = scene.crews.iter().flat_map(|crew| crew.on_board.iter());
        let aboard: BTreeSet<usize> = aboard.copied().collect();
        let to_come = scene.crews.iter().flat_map(|crew| &crew.tail);
        let to_come = to_come.filter_map(|halt| halt.order());
        let mut orders: Vec<usize> = to_come.chain(pool.iter().copied()).collect();
        orders.sort_unstable();
        orders.dedup();
        // What is on board, or that anybody can have, is asked of no depot.
        let order = |&number: &usize| {
            let mut order = scene.problem.orders[number].clone();
            order.depots = match &scene.sources[number] {
                Source::At(depots) if !aboard.contains(&number) => (depots.iter())
                    .map(|depot| scene.problem.depots[*depot].id.clone())
                    .collect(),
                Source::At(_) | Source::Anywhere | Source::OnBoard(_) => BTreeSet::new(),
            };
            order
        };
        Self {
            number_of: orders.iter().copied().zip(0..).collect(),
            problem: Problem {
                name: String::new(),
                time_zone: scene.problem.time_zone.clone(),
                places: scene.problem.places.clone(),
                depots: scene.problem.depots.clone(),
                couriers: (0..scene.crews.len())
                    .map(|number| courier(scene, number))
                    .collect(),
                orders: orders.iter().map(order).collect(),
                profiles: Vec::new(),
            },
        }
    }

    /// What the routes to come of `couriers` in `draft` come to.
    pub(super) fn account(&self, scene: &Scene<'_>, draft: &Draft, couriers: &[usize]) -> Account {
        let plan = self.plan(scene, draft, couriers);
        let mut account = Account {
            cost: plan.cost().total(),
            ..Account::default()
        };
        for violation in &plan.verdict.violations {
            *account.broken.entry(violation.constraint).or_default() += violation.amount.max(1);
        }
        account
    }

    /// The rest of the day by `draft`, and what is wrong with it.
    pub(super) fn verdict(&self, scene: &Scene<'_>, draft: &Draft) -> Verdict {
        let all: Vec<usize> = (0..draft.tails.len()).collect();
        self.plan(scene, draft, &all).verdict
    }

    fn plan(&self, scene: &Scene<'_>, draft: &Draft, couriers: &[usize]) -> Plan {
        let mut routes: Vec<Route> = Vec::new();
        let mut changed = Vec::new();
        let mut sketches = Vec::new();
        for &number in couriers {
            let (sketch, other) = self.sketch(scene, draft, number);
            sketches.extend(sketch);
            changed.extend(other.map(|other| (number, other)));
        }
        let mut problem = &self.problem;
        let mut own;
        if !changed.is_empty() {
            own = self.problem.clone();
            for (number, courier) in changed {
                own.couriers[number] = courier;
            }
            problem = &own;
        }
        let scheduled = schedule(problem, scene.travel, &sketches);
        routes.extend(scheduled.routes);
        let unserved = |&order: &usize| UnservedOrder::unexplained(&problem.orders[order]);
        let mut plan = Plan {
            unserved: scheduled.unserved.iter().map(unserved).collect(),
            routes,
            provenance: Provenance::not_searched(),
            verdict: Verdict::default(),
        };
        plan.verdict = check(problem, scene.travel, &plan);
        plan
    }

    /// The route to come of a courier; `None` without stops or if nobody comes. Beside it the courier, if this plan makes
    /// another one.
    fn sketch(
        &self,
        scene: &Scene<'_>,
        draft: &Draft,
        number: usize,
    ) -> (Option<RouteSketch>, Option<Courier>) {
        let crew = &scene.crews[number];
        let tail = &draft.tails[number];
        let has_stops = tail.iter().any(|halt| halt.order().is_some());
        if crew.is_lost || !has_stops {
            return (None, None);
        }
        let mut sketch = RouteSketch {
            courier: self.problem.couriers[number].id.clone(),
            orders: Vec::new(),
            start: Some(begin(scene, draft, number)),
            reloads: Vec::new(),
        };
        let mut other: Option<Courier> = None;
        for (at, halt) in tail.iter().enumerate() {
            match *halt {
                Halt::Order(order) => {
                    let id = &scene.problem.orders[order].id;
                    if self.number_of.contains_key(&order) {
                        sketch.orders.push(id.clone());
                    }
                }
                Halt::Reload(depot) => {
                    let id = &scene.problem.depots[depot].id;
                    let courier =
                        other.get_or_insert_with(|| self.problem.couriers[number].clone());
                    if sketch.orders.is_empty() {
                        // Nothing is to be done before: the rest of the day begins there.
                        let start = goes_to(scene, draft, number, depot);
                        courier.start = RouteStart::Depot(id.clone());
                        courier.shift.start = start;
                        sketch.start = Some(start);
                    } else if tail[at..].iter().any(|halt| halt.order().is_some()) {
                        courier.reload_depots.insert(id.clone());
                        courier.max_reloads = None;
                        let n_before = sketch.orders.len();
                        let depot: DepotId = id.clone();
                        sketch.reloads.push(ReloadSketch { depot, n_before });
                    }
                }
                Halt::Break(_) => {}
            }
        }
        (Some(sketch), other)
    }
}

/// When the rest of the day of a courier begins: with loading, for who has not left.
fn begin(scene: &Scene<'_>, draft: &Draft, number: usize) -> Timestamp {
    let crew = &scene.crews[number];
    if crew.has_left {
        return crew.free;
    }
    match draft.starts.get(&number) {
        Some(start) => *start,
        None => crew.free - scene.problem.loading(&scene.problem.couriers[number]),
    }
}

/// When a courier whose rest of the day begins with loading at `depot` is there.
fn goes_to(scene: &Scene<'_>, draft: &Draft, number: usize, depot: usize) -> Timestamp {
    let crew = &scene.crews[number];
    let left = begin(scene, draft, number);
    let left = if crew.has_left {
        left
    } else {
        left + scene.problem.loading(&scene.problem.couriers[number])
    };
    let to = scene.problem.depots[depot].place;
    let seconds = crew.from.map_or(0.0, |from| scene.seconds(crew, from, to));
    left + whole(seconds)
}

/// A courier as the rest of the day has them.
fn courier(scene: &Scene<'_>, number: usize) -> Courier {
    let crew = &scene.crews[number];
    let mut courier = scene.problem.couriers[number].clone();
    let begins = if crew.has_left {
        crew.free
    } else {
        let loading = scene.problem.loading(&courier);
        (crew.free - loading).min(courier.shift.start.max(scene.now))
    };
    courier.shift.start = begins;
    if crew.has_left {
        if let Some(from) = crew.from {
            courier.start = RouteStart::Place(from);
        }
        spend(&mut courier, crew, scene.now);
    }
    courier.speed_factor = times(courier.speed_factor, 1.0 / crew.tempo.ways);
    courier.service_factor = times(courier.service_factor, crew.tempo.services);
    for (name, room) in scene.dimensions.iter().zip(&crew.room) {
        if let (Some(capacity), Some(room)) = (courier.capacities.get_mut(name), room) {
            capacity.0 = (*room).max(0);
        }
    }
    // Breaks that are over are not owed any more; others stay, by their rules.
    let (_, n_breaks) = crew.passed;
    courier.breaks.drain(..n_breaks.min(courier.breaks.len()));
    courier
}

/// Takes off what the courier has used up so far.
fn spend(courier: &mut Courier, crew: &Crew, now: Timestamp) {
    courier.costs.fixed = Cost::ZERO;
    let so_far = crew
        .start
        .map_or(Seconds::ZERO, |start| crew.free.max(now) - start);
    let left = |limit: Seconds| Seconds((limit - so_far).0.max(0));
    courier.limits.max_duty = courier.limits.max_duty.map(left);
    courier.limits.regular_duty = courier.limits.regular_duty.map(left);
    let stops = u32::try_from(crew.stops_max).ok();
    courier.limits.max_stops = courier.limits.max_stops.and(stops);
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to what factors may be"
)]
fn times(factor: BasisPoints, by: f64) -> BasisPoints {
    let value = (f64::from(factor.0) * by).round().clamp(1.0, 1e6);
    BasisPoints(value as u32)
}

#[expect(clippy::cast_possible_truncation, reason = "saturates, which is meant")]
fn whole(seconds: f64) -> Seconds {
    Seconds(seconds.round() as i64)
}

//! Plans: routes with times, what they cost, what they leave out, and what is wrong with them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{CourierId, DepotId, DropPolicy, Order, OrderId};
use crate::units::{Cost, ExactCost, Load, Meters, Seconds, Timestamp};

/// What keeps an order out of a route, or breaks a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ConstraintKind {
    /// Service would start after the order's last window, in seconds.
    TimeWindow,
    /// A later stop would become late, in seconds.
    LaterStop,
    /// The route would end after the shift, in seconds.
    ShiftEnd,
    /// The vehicle would be too full, in units of the dimension.
    Capacity,
    /// A required skill is missing.
    Skill,
    /// The order's lists exclude the courier.
    CourierForbidden,
    /// The depot of the trip does not stock the goods, or the courier may not reload there.
    Depot,
    /// Too many stops.
    MaxStops,
    /// Too long a way, in meters.
    MaxDistance,
    /// Too long a duty, in seconds.
    MaxDuty,
    /// There is no way to the place.
    Unreachable,
    /// Loading would start before the goods are ready, in seconds.
    NotReady,
    /// A stated figure does not agree with the problem.
    Inconsistent,
    /// An order is served twice, or neither served nor listed as unserved.
    Coverage,
    /// A stop is not where a lock of the initial plan keeps it.
    Locked,
    /// Too many reloads.
    MaxReloads,
    /// A break that is owed is missing, or begins too early or too late, in seconds.
    Break,
}

/// One visit as planned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stop {
    /// The order served.
    pub order: OrderId,
    /// Arrival at the door.
    pub arrival: Timestamp,
    /// Start of service.
    pub service_start: Timestamp,
    /// End of service.
    pub departure: Timestamp,
    /// How much later service may start without making this, a later stop or a later break late, the shift or the duty too
    /// long, or a break owed that is not planned.
    pub slack: Seconds,
    /// Distance from the stop before, or the depot of a reload in between.
    pub leg_distance: Meters,
    /// Travel time from there.
    pub leg_duration: Seconds,
    /// What is on board after the stop.
    pub load_after: BTreeMap<String, Load>,
    /// How late service starts after the order's last moment.
    pub lateness: Seconds,
}

impl Stop {
    /// Time between arrival and start of service.
    #[must_use]
    pub fn waiting(&self) -> Seconds {
        self.service_start - self.arrival
    }
}

/// A return to a depot between two trips.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reload {
    /// The depot.
    pub depot: DepotId,
    /// How many of the route's stops come before.
    pub n_before: usize,
    /// Arrival at the depot.
    pub arrival: Timestamp,
    /// Loading begins.
    pub loading_start: Timestamp,
    /// Leaving the depot.
    pub departure: Timestamp,
    /// Distance from the stop before.
    pub leg_distance: Meters,
    /// Travel time from the stop before.
    pub leg_duration: Seconds,
    /// What is on board at departure.
    pub load_at_departure: BTreeMap<String, Load>,
}

impl Reload {
    /// Time between arrival and the start of loading.
    #[must_use]
    pub fn waiting(&self) -> Seconds {
        self.loading_start - self.arrival
    }
}

/// A break as planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Break {
    /// Which of the courier's breaks.
    pub number: usize,
    /// How many of the route's stops come before; 0 for a break at the start, once loading is done.
    pub n_before: usize,
    /// Start.
    pub start: Timestamp,
    /// End.
    pub end: Timestamp,
}

/// Cost by component.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostBreakdown {
    /// For using couriers.
    pub fixed: ExactCost,
    /// For kilometers.
    pub distance: ExactCost,
    /// For hours.
    pub time: ExactCost,
    /// For overtime.
    pub overtime: ExactCost,
    /// For services outside preferred windows.
    pub preference: ExactCost,
}

impl CostBreakdown {
    /// All of it.
    #[must_use]
    pub fn total(&self) -> ExactCost {
        self.fixed + self.distance + self.time + self.overtime + self.preference
    }

    /// Adds `other` component by component.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            fixed: self.fixed + other.fixed,
            distance: self.distance + other.distance,
            time: self.time + other.time,
            overtime: self.overtime + other.overtime,
            preference: self.preference + other.preference,
        }
    }
}

/// One courier's sequence for the shift.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Route {
    /// Who drives it.
    pub courier: CourierId,
    /// Visits in order; never empty in a plan.
    pub stops: Vec<Stop>,
    /// Loading begins.
    pub start: Timestamp,
    /// Leaving the start place, or being ready for a break there.
    pub departure: Timestamp,
    /// Arrival at the end place, or departure from the last stop with an open end.
    pub end: Timestamp,
    /// Total distance.
    pub distance: Meters,
    /// Total travel time.
    pub travel: Seconds,
    /// Total time at doors.
    pub service: Seconds,
    /// Total waiting, at doors, for goods at reloads, and for breaks to begin.
    pub waiting: Seconds,
    /// What is on board at departure.
    pub load_at_start: BTreeMap<String, Load>,
    /// Largest load at any moment, by dimension.
    pub peak_load: BTreeMap<String, Load>,
    /// What it costs.
    pub cost: CostBreakdown,
    /// Distance of the last leg.
    pub return_distance: Meters,
    /// Travel time of the last leg.
    pub return_duration: Seconds,
    /// Returns to a depot between two trips, in sequence.
    pub reloads: Vec<Reload>,
    /// Breaks, in sequence.
    pub breaks: Vec<Break>,
}

impl Route {
    /// A route of which only the sequence is known, and when it starts: all times are the start, nothing costs anything.
    /// Breaks are given as their numbers and how many stops come before.
    pub fn sketched(
        courier: CourierId,
        start: Timestamp,
        orders: impl IntoIterator<Item = OrderId>,
        reloads: &[ReloadSketch],
        breaks: impl IntoIterator<Item = (usize, usize)>,
    ) -> Self {
        let stop = |order| Stop {
            order,
            arrival: start,
            service_start: start,
            departure: start,
            slack: Seconds::ZERO,
            leg_distance: Meters::ZERO,
            leg_duration: Seconds::ZERO,
            load_after: BTreeMap::new(),
            lateness: Seconds::ZERO,
        };
        let reload = |reload: &ReloadSketch| Reload {
            depot: reload.depot.clone(),
            n_before: reload.n_before,
            arrival: start,
            loading_start: start,
            departure: start,
            leg_distance: Meters::ZERO,
            leg_duration: Seconds::ZERO,
            load_at_departure: BTreeMap::new(),
        };
        let pause = |(number, n_before)| Break {
            number,
            n_before,
            start,
            end: start,
        };
        Self {
            courier,
            stops: orders.into_iter().map(stop).collect(),
            start,
            departure: start,
            end: start,
            distance: Meters::ZERO,
            travel: Seconds::ZERO,
            service: Seconds::ZERO,
            waiting: Seconds::ZERO,
            load_at_start: BTreeMap::new(),
            peak_load: BTreeMap::new(),
            cost: CostBreakdown::default(),
            return_distance: Meters::ZERO,
            return_duration: Seconds::ZERO,
            reloads: reloads.iter().map(reload).collect(),
            breaks: breaks.into_iter().map(pause).collect(),
        }
    }

    /// Time from the start of loading to the end.
    #[must_use]
    pub fn duty(&self) -> Seconds {
        self.end - self.start
    }
}

/// One constraint that blocks a courier from taking an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obstacle {
    /// The courier.
    pub courier: CourierId,
    /// What blocks it.
    pub constraint: ConstraintKind,
    /// By how much.
    pub shortfall: i64,
    /// The dimension or skill concerned, if any.
    pub subject: String,
}

/// The smallest single change found that would let an order in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relaxation {
    /// What to change.
    pub constraint: ConstraintKind,
    /// By how much.
    pub amount: i64,
    /// The courier who could then take the order.
    pub courier: CourierId,
    /// The stop after which it would go; `None` for the first position.
    pub after: Option<OrderId>,
    /// The dimension or skill concerned, if any.
    pub subject: String,
}

/// An order that no route serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnservedOrder {
    /// The order.
    pub order: OrderId,
    /// Whether leaving it out breaks a promise.
    pub must_serve: bool,
    /// What blocks the nearest couriers, nearest first.
    pub obstacles: Vec<Obstacle>,
    /// The smallest single change that would let it in.
    pub relaxation: Option<Relaxation>,
}

impl UnservedOrder {
    /// Without a word on why.
    #[must_use]
    pub fn unexplained(order: &Order) -> Self {
        Self {
            order: order.id.clone(),
            must_serve: order.drop_policy == DropPolicy::MustServe,
            obstacles: Vec::new(),
            relaxation: None,
        }
    }
}

/// Why a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StopReason {
    /// There was no search.
    NotSearched,
    /// There was nothing to search for.
    TargetReached,
    /// No improvement for the stated number of iterations.
    Stagnated,
    /// Time ran out.
    Deadline,
    /// The caller cancelled.
    Cancelled,
    /// The iteration limit was reached.
    IterationLimit,
}

/// How a plan came to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Why the search ended.
    pub stop_reason: StopReason,
    /// Random seed.
    pub seed: u64,
    /// Search threads.
    pub threads: usize,
    /// Iterations in all.
    pub iterations: u64,
    /// Wall time of the search.
    pub elapsed: Duration,
    /// SHA-256 of the canonical problem, in hexadecimal; empty if the caller does not know it.
    pub input_digest: String,
}

impl Provenance {
    /// Of a plan whose routes were given, not searched for, and whose problem's digest nobody knows yet.
    #[must_use]
    pub const fn not_searched() -> Self {
        Self {
            stop_reason: StopReason::NotSearched,
            seed: 0,
            threads: 0,
            iterations: 0,
            elapsed: Duration::ZERO,
            input_digest: String::new(),
        }
    }
}

/// A constraint that a plan breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// What is broken.
    pub constraint: ConstraintKind,
    /// In whose route.
    pub courier: Option<CourierId>,
    /// At which order.
    pub order: Option<OrderId>,
    /// By how much.
    pub amount: i64,
    /// The dimension or skill concerned, if any.
    pub subject: String,
    /// The same in words.
    pub message: String,
}

/// The independent checker's verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Everything that is broken.
    pub violations: Vec<Violation>,
}

impl Verdict {
    /// Whether nothing is broken.
    #[must_use]
    pub fn is_feasible(&self) -> bool {
        self.violations.is_empty()
    }
}

/// All routes of a day, with the orders that none serves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Routes with at least one stop, in the order of the couriers.
    pub routes: Vec<Route>,
    /// Orders left out, in the order of the problem.
    pub unserved: Vec<UnservedOrder>,
    /// How it was made.
    pub provenance: Provenance,
    /// What is wrong with it.
    pub verdict: Verdict,
}

impl Plan {
    /// Cost of all routes.
    #[must_use]
    pub fn cost(&self) -> CostBreakdown {
        self.routes
            .iter()
            .fold(CostBreakdown::default(), |total, route| {
                total.plus(&route.cost)
            })
    }

    /// Cost of all routes in whole currency units.
    #[must_use]
    pub fn total_cost(&self) -> Cost {
        self.cost().total().rounded()
    }

    /// Total distance.
    #[must_use]
    pub fn distance(&self) -> Meters {
        self.routes.iter().map(|route| route.distance).sum()
    }

    /// `must_serve` orders left out.
    #[must_use]
    pub fn broken_promises(&self) -> usize {
        self.unserved
            .iter()
            .filter(|order| order.must_serve)
            .count()
    }
}

/// A courier's orders in sequence, without times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteSketch {
    /// The courier.
    pub courier: CourierId,
    /// Orders in the sequence of visits.
    pub orders: Vec<OrderId>,
    /// When loading starts; `None` leaves it to the planner's rule.
    pub start: Option<Timestamp>,
    /// Returns to a depot between two trips, in sequence.
    pub reloads: Vec<ReloadSketch>,
}

impl RouteSketch {
    /// For each reload how many orders come before, and where it is.
    pub fn reloads_by_position(&self) -> impl Iterator<Item = (usize, &DepotId)> {
        self.reloads
            .iter()
            .map(|reload| (reload.n_before, &reload.depot))
    }
}

/// A return to a depot between two trips, without times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReloadSketch {
    /// The depot.
    pub depot: DepotId,
    /// How many of the route's orders come before: more than at the reload before, less than all.
    pub n_before: usize,
}

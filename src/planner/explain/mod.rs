//! Why orders are left out of a plan, and what would let them in.
//!
//! Nothing is guessed: every answer comes from inserting the order and timing the route exactly.

mod insertion;
mod sweep;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::model::{
    ConstraintKind, CourierId, Obstacle, Problem, Relaxation, Route, UnservedOrder,
};
use crate::planner::initial::Pins;
use crate::planner::schedule::{Book, Tour};
use crate::travel::TravelTimes;
use crate::units::{ExactCost, Seconds};
use insertion::{Base, Grant, Hurdle, Ways};

pub use sweep::{SweepTerms, last_sweep};

/// Couriers whose obstacles are told.
const OBSTACLES_MAX: usize = 5;

/// Changes of time beyond an hour are the last thing to suggest.
const SHORT_TIME: i64 = 3_600;

/// Explains why the orders at the positions `unserved` are in none of `routes`.
///
/// For each order, tries every position in every courier's route that is not locked, unused couriers included; starts
/// are chosen anew, unless they are pinned.
///
/// A further trip is not tried: an order goes into one of the trips as they are. Breaks are placed anew for each
/// insertion; where they find no place in time, amounts are those with each at the last place where it is not late, and a
/// later end of another window of the order might have done with less.
///
/// * The obstacles are those of the couriers with the smallest detour, at most five, nearest first. Each is told at the
///   best position of the route: the one that breaks the fewest constraints, then the constraint that is hardest to
///   move (from having no way, over skills, lists, depots, stops, capacity and distance, to times), then the smallest
///   excess.
/// * The relaxation is the smallest single change that admits the order, tested by inserting it with exactly that
///   change: a later end of the order's own window, a later end of the shift, a longer duty (least seconds first, up to
///   an hour), one more stop, more meters, more capacity (least share of it first), an excluded courier let in, a skill
///   granted, and last the times beyond an hour. Equal ones are decided by cost. It is the smallest among those tried:
///   only a constraint that alone stands in the way is relaxed.
///
/// An order with neither could be inserted as it is.
///
/// The routes must name couriers and orders of the problem, which must have passed [`Problem::validate`].
///
/// Shape: for every unserved order, O(couriers + stops) insertions timed in O(stops of the route).
#[must_use]
pub fn explain(
    problem: &Problem,
    travel: &TravelTimes<'_>,
    routes: &[Route],
    unserved: &[usize],
    pins: &Pins,
) -> Vec<UnservedOrder> {
    let book = Book::new(problem, travel);
    let route_of: BTreeMap<&CourierId, &Route> =
        routes.iter().map(|route| (&route.courier, route)).collect();
    let bases: Vec<Base<'_>> = (problem.couriers.iter())
        .map(|courier| {
            let route = route_of.get(&courier.id);
            let stops = route.map_or(&[][..], |route| &route.stops);
            let positions: Vec<usize> = stops
                .iter()
                .filter_map(|stop| book.order(&stop.order))
                .collect();
            let pin = pins.of(&courier.id);
            let reloads = route.map_or(&[][..], |route| &route.reloads);
            let reloads: Vec<_> = (reloads.iter())
                .map(|reload| (reload.n_before, &reload.depot))
                .collect();
            let tour = Tour::new(&book, courier, &positions, &reloads, pin.start);
            Base::new(&book, tour).behind(pin.locked)
        })
        .collect();
    unserved
        .iter()
        .map(|&position| explain_one(problem, &bases, position))
        .collect()
}

fn explain_one<'a>(problem: &'a Problem, bases: &[Base<'a>], position: usize) -> UnservedOrder {
    let order = &problem.orders[position];
    let mut explained = UnservedOrder::unexplained(order);
    let mut best = None;
    let mut obstacles = Vec::new();
    for base in bases {
        let survey = Survey::of(problem, base, position);
        if survey.is_open {
            return explained;
        }
        survey.relax(&mut best);
        obstacles.push((survey.detour, survey.obstacle));
    }
    obstacles.sort_by_key(|(detour, _)| detour.map_or(i64::MAX, |detour| detour.0));
    obstacles.truncate(OBSTACLES_MAX);
    explained.obstacles = obstacles
        .into_iter()
        .map(|(_, obstacle)| obstacle)
        .collect();
    explained.relaxation = best.map(|(_, relaxation)| relaxation);
    explained
}

/// One order tried everywhere in one courier's tour.
struct Survey<'b, 'a> {
    base: &'b Base<'a>,
    position: usize,
    /// Positions that can be reached, with what is broken there.
    trials: Vec<Trial<'a>>,
    /// The smallest travel time added; `None` if there is no way.
    detour: Option<Seconds>,
    obstacle: Obstacle,
    /// Whether some position breaks nothing.
    is_open: bool,
}

struct Trial<'a> {
    at: usize,
    ways: Ways<'a>,
    hurdles: Vec<Hurdle<'a>>,
    /// How far the arrival misses the window before it, and which one that is.
    missed: Option<(usize, i64)>,
}

impl<'b, 'a> Survey<'b, 'a> {
    fn of(problem: &'a Problem, base: &'b Base<'a>, position: usize) -> Self {
        let order = &problem.orders[position];
        let personal = base.personal_hurdles(order, None);
        let trial = |at| {
            let ways = base.ways(order, at)?;
            let tour = base.with(position, at, &ways, None);
            let mut hurdles = personal.clone();
            hurdles.extend(base.room_hurdles(order, at, None));
            hurdles.extend(base.way_hurdles(&tour, at, None));
            hurdles.sort_by_key(|hurdle| rank(hurdle.constraint));
            let missed = missed_window(&tour, at);
            Some(Trial {
                at,
                ways,
                hurdles,
                missed,
            })
        };
        let trials: Vec<Trial<'a>> = base.places().filter_map(trial).collect();
        let best = trials.iter().min_by_key(|trial| trial.badness());
        let unreachable = personal
            .first()
            .map_or((ConstraintKind::Unreachable, 1, ""), Hurdle::parts);
        let (constraint, shortfall, subject) = best
            .and_then(|trial| trial.hurdles.first())
            .map_or(unreachable, Hurdle::parts);
        Self {
            is_open: trials.iter().any(|trial| trial.hurdles.is_empty()),
            detour: trials.iter().map(|trial| trial.ways.detour()).min(),
            obstacle: Obstacle {
                courier: base.courier().id.clone(),
                constraint,
                shortfall,
                subject: subject.to_owned(),
            },
            base,
            position,
            trials,
        }
    }

    /// Replaces `best` by the smallest change that admits the order here, if that is smaller.
    fn relax(&self, best: &mut Option<(Size, Relaxation)>) {
        for trial in &self.trials {
            for grant in trial.grants() {
                let grant = self.least(trial, grant);
                let step = self.size(&grant.what);
                let is_hopeless = |(size, _): &(Size, Relaxation)| step > (size.0, size.1);
                if best.as_ref().is_some_and(is_hopeless) {
                    continue;
                }
                let Some(cost) = self.cost_with(trial, &grant) else {
                    continue;
                };
                let size = (step.0, step.1, cost);
                if best.as_ref().is_none_or(|(smallest, _)| size < *smallest) {
                    *best = Some((size, self.relaxation(trial, &grant)));
                }
            }
        }
    }

    /// As much of `grant` as the insertion needs. Where there are breaks, that may be less than what is missing with the
    /// breaks where they were put for want of it.
    fn least(&self, trial: &Trial<'a>, mut grant: Grant<'a>) -> Grant<'a> {
        if self.base.courier().breaks.is_empty() || self.cost_with(trial, &grant).is_none() {
            return grant;
        }
        let (mut short, mut enough) = (0, grant.what.amount);
        while enough - short > 1 {
            grant.what.amount = short + (enough - short) / 2;
            if self.cost_with(trial, &grant).is_some() {
                enough = grant.what.amount;
            } else {
                short = grant.what.amount;
            }
        }
        grant.what.amount = enough;
        grant
    }

    /// What the insertion costs under `grant`; `None` if it breaks a constraint even so.
    fn cost_with(&self, trial: &Trial<'a>, grant: &Grant<'a>) -> Option<ExactCost> {
        let (base, at, grant) = (self.base, trial.at, Some(grant));
        let tour = base.with(self.position, at, &trial.ways, grant);
        let order = &base.problem().orders[self.position];
        let is_admitted = base.personal_hurdles(order, grant).is_empty()
            && base.room_hurdles(order, at, grant).is_empty()
            && base.way_hurdles(&tour, at, grant).is_empty();
        is_admitted.then(|| tour.cost(tour.start()).total() - base.cost)
    }

    /// How large a change is: changes of different kinds by their class, of one class by their amount.
    fn size(&self, what: &Hurdle<'_>) -> (u8, i64) {
        match what.constraint {
            ConstraintKind::MaxStops => (1, what.amount),
            ConstraintKind::MaxDistance => (2, what.amount),
            ConstraintKind::Capacity => {
                let capacity = self.base.courier().capacities.get(what.subject);
                let capacity = capacity.map_or(1, |capacity| capacity.0.max(1));
                (3, what.amount.saturating_mul(1_000_000) / capacity)
            }
            ConstraintKind::CourierForbidden => (4, what.amount),
            ConstraintKind::Skill => (5, what.amount),
            ConstraintKind::TimeWindow
            | ConstraintKind::LaterStop
            | ConstraintKind::ShiftEnd
            | ConstraintKind::MaxDuty
            | ConstraintKind::NotReady
            | ConstraintKind::Depot
            | ConstraintKind::Unreachable
            | ConstraintKind::Inconsistent
            | ConstraintKind::Coverage
            | ConstraintKind::Locked
            | ConstraintKind::MaxReloads
            | ConstraintKind::Break => {
                let class = if what.amount <= SHORT_TIME { 0 } else { 6 };
                (class, what.amount)
            }
        }
    }

    fn relaxation(&self, trial: &Trial<'_>, grant: &Grant<'_>) -> Relaxation {
        Relaxation {
            constraint: grant.what.constraint,
            amount: grant.what.amount,
            courier: self.base.courier().id.clone(),
            after: self.base.before(trial.at).map(|order| order.id.clone()),
            subject: grant.what.subject.to_owned(),
        }
    }
}

/// Class and amount of a change, then the cost of the insertion.
type Size = (u8, i64, ExactCost);

impl<'a> Trial<'a> {
    /// Orders positions by how bad they are.
    fn badness(&self) -> (usize, u8, i64, Seconds) {
        let first = self.hurdles.first();
        (
            self.hurdles.len(),
            first.map_or(0, |hurdle| rank(hurdle.constraint)),
            first.map_or(0, |hurdle| hurdle.amount),
            self.ways.detour(),
        )
    }

    /// The single changes that may do: none if two constraints are in the way.
    fn grants(&self) -> Vec<Grant<'a>> {
        let [hurdle] = self.hurdles.as_slice() else {
            return Vec::new();
        };
        let mut grants = Vec::new();
        if is_grantable(hurdle.constraint) {
            grants.push(Grant {
                what: hurdle.clone(),
                window: 0,
            });
        }
        let is_about_time = matches!(
            hurdle.constraint,
            ConstraintKind::TimeWindow | ConstraintKind::LaterStop | ConstraintKind::ShiftEnd
        );
        if let Some((window, amount)) = self.missed.filter(|_| is_about_time) {
            let constraint = ConstraintKind::TimeWindow;
            grants.push(Grant {
                what: Hurdle {
                    constraint,
                    amount,
                    subject: "",
                },
                window,
            });
        }
        grants
    }
}

impl<'a> Hurdle<'a> {
    fn parts(&self) -> (ConstraintKind, i64, &'a str) {
        (self.constraint, self.amount, self.subject)
    }
}

/// The last of the order's windows that is over on arrival, if none is open then, and for how long it is over.
fn missed_window(tour: &Tour<'_>, at: usize) -> Option<(usize, i64)> {
    let arrival = tour.moments(tour.start()).nth(at)?.arrival;
    let windows = &tour.visits[at].windows;
    if windows.iter().any(|window| window.contains(arrival)) {
        return None;
    }
    let missed = windows.iter().rposition(|window| window.end < arrival)?;
    Some((missed, (arrival - windows[missed].end).0))
}

/// Whether `constraint` can be relaxed by its own excess; windows are relaxed through [`missed_window`].
fn is_grantable(constraint: ConstraintKind) -> bool {
    matches!(
        constraint,
        ConstraintKind::ShiftEnd
            | ConstraintKind::MaxDuty
            | ConstraintKind::MaxDistance
            | ConstraintKind::MaxStops
            | ConstraintKind::Capacity
            | ConstraintKind::CourierForbidden
            | ConstraintKind::Skill
    )
}

/// Which of several broken constraints is the binding one: the one that is hardest to move comes first.
fn rank(constraint: ConstraintKind) -> u8 {
    match constraint {
        ConstraintKind::Unreachable => 0,
        ConstraintKind::Skill => 1,
        ConstraintKind::CourierForbidden => 2,
        ConstraintKind::Depot => 3,
        ConstraintKind::MaxStops => 4,
        ConstraintKind::Capacity => 5,
        ConstraintKind::MaxDistance => 6,
        ConstraintKind::NotReady => 7,
        ConstraintKind::TimeWindow => 8,
        ConstraintKind::LaterStop => 9,
        ConstraintKind::Break => 10,
        ConstraintKind::ShiftEnd => 11,
        ConstraintKind::MaxDuty => 12,
        ConstraintKind::Inconsistent
        | ConstraintKind::Coverage
        | ConstraintKind::Locked
        | ConstraintKind::MaxReloads => 13,
    }
}

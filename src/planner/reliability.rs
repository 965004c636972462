//! Plans that keep promises: the search is told how many promises the days of a rehearsal may break.
//!
//! Source: sample average approximation of a chance constraint, its multiplier found on the way (see
//! [`crate::solver::hazard`]).

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clients and days are few, shares of them are positive, and prices saturate"
)]

use std::cell::RefCell;
use std::sync::Arc;

use super::translate::Translation;
use crate::forecast::{Rehearsal, Step};
use crate::model::{NoiseModel, OnTimeTarget, Problem};
use crate::rng;
use crate::solver::hazard::{Audit, HarmLimit, Hazard};
use crate::solver::problem::{self as target, VehicleType};
use crate::units::{Cost, ExactCost, Seconds};

/// How reliable a plan is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Reliability {
    /// What is to be reached.
    pub target: OnTimeTarget,
    /// How much the day varies.
    pub noise: NoiseModel,
    /// Lateness that still counts as on time.
    pub grace: Seconds,
}

/// Orders with which a plan can be made for a target: with more of them there is no table of travel times.
pub const ORDERS_MAX: usize = target::TABLE_CLIENTS_MAX;
/// Days that a plan is rehearsed on: few enough to look at every change.
const DAYS_MIN: usize = 256;
/// The most of them.
const DAYS_MAX: usize = 2_048;
/// Promises on all days together.
const PROMISES: usize = 100_000;
/// Days that plans to keep are audited on, at least: enough that a plan does as well on others, but for the margin.
const AUDITED_MIN: usize = 512;
/// The most of them.
const AUDITED_MAX: usize = 4_096;
/// Promises on all these days together.
const PROMISES_AUDITED: usize = 1_000_000;
/// Sets the days of audits apart from those that every change is looked at on.
const AUDIT: u64 = 0x0061_7564_6974;
/// How much better a plan has to do on the days that it is audited on than on all days, in standard errors of the rate on
/// them if promises were kept independently of each other. They are not: errors are about twice as large.
const MARGIN_ERRORS: f64 = 3.5;
/// Broken promises that one counts as where a stop is already below the floor.
const FLOOR_WEIGHT: i64 = 16;
/// Mean delays at the start that couriers leave earlier by whose time costs nothing: who leaves late by an exponential law
/// leaves later than this on one day of twenty.
const FREE_LEADS: i32 = 3;
/// What a broken promise costs at first, in mean ways to neighbors, in a search from nothing.
const FIRST_TOLL: f64 = 0.5;
/// The same in a search from a plan.
const WARM_TOLL: f64 = 4.0;
/// The same at most: no plan is looked for that goes farther out of its way for one.
const TOLL_MAX: f64 = 100.0;

/// Counts promises broken on the days of a rehearsal.
#[derive(Debug)]
pub(super) struct BrokenPromises {
    rehearsal: Rehearsal,
    /// A courier of each vehicle type.
    couriers: Vec<usize>,
    /// Seconds by which couriers plan to leave earlier than the first door asks for.
    lead: i32,
    /// Days on which a stop may be late without being below the floor.
    tolerated: u32,
}

impl Reliability {
    /// Counts promises that `translation`'s solutions break on the days that `seed` stands for.
    pub(super) fn hazard(
        &self,
        problem: &Problem,
        translation: &Translation,
        seed: u64,
    ) -> Arc<BrokenPromises> {
        self.broken_promises(problem, translation, days(problem), seed)
    }

    /// Counts promises that they break on more days, and others.
    pub(super) fn audit(
        &self,
        problem: &Problem,
        translation: &Translation,
        seed: u64,
    ) -> Arc<BrokenPromises> {
        let days = PROMISES_AUDITED / problem.orders.len().max(1);
        let days = days.clamp(AUDITED_MIN, AUDITED_MAX) as u32;
        self.broken_promises(problem, translation, days, rng::hash(seed, &[AUDIT]))
    }

    fn broken_promises(
        &self,
        problem: &Problem,
        translation: &Translation,
        days: u32,
        seed: u64,
    ) -> Arc<BrokenPromises> {
        let Self { noise, grace, .. } = self;
        let origin = translation.origin();
        let rehearsal = Rehearsal::new(problem, noise, *grace, days, seed, origin);
        let tolerated = self.target.floor.map_or(1.0, |floor| 1.0 - floor);
        Arc::new(BrokenPromises {
            couriers: translation.first_couriers(),
            lead: lead(noise),
            tolerated: (tolerated * f64::from(rehearsal.days())) as u32,
            rehearsal,
        })
    }

    /// The limit on the promises that `translation`'s solutions may break, as `hazard` counts them and `audit` has the
    /// last word, for a search that goes on from a plan if `is_warm`.
    pub(super) fn limit(
        &self,
        problem: &Problem,
        translation: &Translation,
        hazard: Arc<BrokenPromises>,
        audit: Arc<BrokenPromises>,
        is_warm: bool,
    ) -> HarmLimit {
        let n_days = f64::from(hazard.rehearsal.days());
        let promises = |judge: &BrokenPromises| {
            problem.orders.len() as f64 * f64::from(judge.rehearsal.days())
        };
        let broken = 1.0 - self.target.expected;
        let error = (broken * (1.0 - broken) / promises(&audit).max(1.0)).sqrt();
        let allowed = (broken - MARGIN_ERRORS * error).max(0.0);
        let limit = |judge: &BrokenPromises| (allowed * promises(judge)) as i64;
        let toll = |ways: f64| ((ways * translation.target.arc_cost_mean() / n_days) as i64).max(1);
        HarmLimit {
            limit: limit(&hazard),
            audit: Audit {
                limit: limit(&audit),
                hazard: audit,
            },
            hazard,
            toll: toll(if is_warm { WARM_TOLL } else { FIRST_TOLL }),
            toll_max: toll(TOLL_MAX),
            certain: i64::from(days(problem)),
            of_client: (1 + FLOOR_WEIGHT) * i64::from(days(problem)),
        }
    }

    /// What a promise costs where one broken on one day costs `toll`.
    pub(super) fn promise_cost(problem: &Problem, toll: i64) -> Cost {
        ExactCost(toll * i64::from(days(problem))).rounded()
    }

    /// When a vehicle of type `kind` begins to load for `clients`, in seconds since the solver's origin.
    pub(super) fn start(&self, problem: &target::Problem, kind: usize, clients: &[usize]) -> i32 {
        early_start(problem, kind, clients, &self.noise)
    }
}

/// When a vehicle of type `kind` begins to load for `clients` if days vary as `noise` says, in seconds since the
/// solver's origin.
pub(super) fn early_start(
    problem: &target::Problem,
    kind: usize,
    clients: &[usize],
    noise: &NoiseModel,
) -> i32 {
    let mut steps = Vec::new();
    let clients: Vec<u32> = clients.iter().map(|&client| client as u32).collect();
    let vehicle = &problem.types()[kind];
    let lead = lead(noise);
    departure(problem, vehicle, kind, &clients, lead, &mut steps) - vehicle.loading
}

/// Days to rehearse on.
fn days(problem: &Problem) -> u32 {
    let days = PROMISES / problem.orders.len().max(1);
    (days.clamp(DAYS_MIN, DAYS_MAX) as u32).next_multiple_of(Rehearsal::DAYS_STEP)
}

/// Who leaves late by so much on average plans to leave earlier by as much.
fn lead(noise: &NoiseModel) -> i32 {
    i32::try_from(noise.start_delay.0).unwrap_or(0).max(0)
}

thread_local! {
    /// Memory for one route at a time.
    static SCRATCH: RefCell<(Vec<Step>, Vec<u32>)> = const { RefCell::new((Vec::new(), Vec::new())) };
}

impl BrokenPromises {
    /// What `judge` makes of the number of days on which each of `clients` is late.
    fn late_days(
        &self,
        problem: &target::Problem,
        kind: usize,
        clients: &[u32],
        judge: impl FnOnce(&[u32]),
    ) {
        SCRATCH.with_borrow_mut(|(steps, late)| {
            let vehicle = &problem.types()[kind];
            let departure = departure(problem, vehicle, kind, clients, self.lead, steps);
            let courier = self.couriers[kind];
            self.rehearsal.late_days(courier, departure, steps, late);
            judge(late);
        })
    }

    /// On how many days a vehicle of type `kind` that departs so many seconds after the origin is late at each of `steps`.
    pub(super) fn late_days_of(&self, kind: usize, departure: i32, steps: &[Step]) -> Vec<u32> {
        let mut late = Vec::new();
        let courier = self.couriers[kind];
        self.rehearsal
            .late_days(courier, departure, steps, &mut late);
        late
    }

    /// Days of the rehearsal.
    pub(super) fn days(&self) -> u32 {
        self.rehearsal.days()
    }

    /// The harm of a stop that is late on so many days, in promises broken on one day of the rehearsal, those of stops
    /// below the floor several times.
    pub(super) fn harm_of(&self, days: u32) -> i64 {
        let beyond = days.saturating_sub(self.tolerated);
        i64::from(days) + FLOOR_WEIGHT * i64::from(beyond)
    }
}

impl Hazard for BrokenPromises {
    /// See [`BrokenPromises::harm_of`].
    fn harms(&self, problem: &target::Problem, kind: usize, clients: &[u32], harms: &mut Vec<i64>) {
        self.late_days(problem, kind, clients, |late| {
            harms.clear();
            harms.extend(late.iter().map(|&days| self.harm_of(days)));
        });
    }
}

/// The planned departure of a route, in seconds since the origin, and its steps.
///
/// Couriers leave early enough to be at the first door when it opens, [`FREE_LEADS`] times `lead` to spare, but neither
/// before their goods are ready nor so early that their duty gets too long. Those who are paid by the hour have `lead` to
/// spare, and leave no earlier than that before the last moment that costs neither lateness nor longer duty.
fn departure(
    problem: &target::Problem,
    vehicle: &VehicleType,
    kind: usize,
    clients: &[u32],
    lead: i32,
    steps: &mut Vec<Step>,
) -> i32 {
    steps.clear();
    let is_paid = vehicle.per_time > 0 || vehicle.per_overtime > 0;
    let clients_data = problem.clients();
    let ready = clients.iter();
    let ready = ready.filter_map(|&client| clients_data[client as usize].ready);
    let first = ready.fold(vehicle.earliest, i32::max) + vehicle.loading;
    let mut departure = first;
    let (mut place, mut clock) = (problem.start_node(kind), first);
    // How long the start can wait without a later end, and until when at the latest.
    let (mut waits, mut slack) = (0, i32::MAX);
    for &client in clients {
        let data = &clients_data[client as usize];
        let travel = problem.arrival(vehicle.profile, place, client as usize, clock) - clock;
        let windows = data.windows.iter();
        let opening = windows
            .clone()
            .map(|window| window.start)
            .min()
            .unwrap_or(clock);
        let closing = windows.map(|window| window.end).max().unwrap_or(i32::MAX);
        if steps.is_empty() {
            let spare = if is_paid {
                lead
            } else {
                lead.saturating_mul(FREE_LEADS)
            };
            departure = first.max(opening.saturating_sub(travel).saturating_sub(spare));
            clock = departure;
        }
        let arrival = clock + travel;
        slack = slack.min(closing.saturating_sub(arrival).saturating_add(waits).max(0));
        waits += (opening - arrival).max(0);
        let service = data.service[vehicle.pace];
        clock = arrival.max(opening) + service;
        steps.push(Step {
            order: client,
            travel,
            service,
        });
        place = client as usize;
    }
    let back = vehicle.end.map(|_| problem.end_node(kind));
    let end = back.map_or(clock, |node| {
        problem.arrival(vehicle.profile, place, node, clock)
    });
    // So much later the route may start without a later end.
    let free = waits.min(slack).max(0);
    let too_long = end - (departure - vehicle.loading) - vehicle.max_duration;
    let idle = if is_paid { free - lead } else { 0 };
    departure + idle.max(too_long).clamp(0, free)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lead_is_never_negative() {
        let odd = NoiseModel {
            start_delay: Seconds(-5),
            ..NoiseModel::default()
        };
        assert_eq!(lead(&odd), 0);
        assert_eq!(lead(&NoiseModel::default()), 360);
    }
}

//! The forecast of a day under way: what has happened says how the rest will be.
//!
//! The law is that of [`forecast`](super::forecast()). What couriers have done so far is evidence of the levels that a day
//! has in common (traffic of the day, of the hour, of zones), of each courier's own on the way and at doors, and of how
//! much single ways and services vary, and couriers and half hours differ, today (`spreads`). Levels follow by Gaussian conditioning of logarithms (`levels`, `learner`); a
//! way or service with an accident counts as little as it is likely to have had one. The rest of a route is drawn on many
//! days that begin as this one did (`draw`); what goes on already is known to take longer than it has (`overdue`), so that
//! promises of a courier who is silent become less likely by the mere passing of time.
//!
//! What is known is a function of what has happened, not of the sequence in which it became known: sums are whole numbers.

mod delay;
mod draw;
mod evidence;
mod jams;
mod learner;
mod levels;
mod normal;
mod outlook;
mod overdue;
mod path;
mod spreads;
#[cfg(test)]
mod tests;
mod what_if;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::draws::{self, BLOCK};
use super::itinerary::Timetable;
use super::spread::Spread;
use serde::{Deserialize, Serialize};

use crate::model::{DepotId, GeoPoint, NoiseModel, Plan, Problem, Route, RouteStart, ZoneId};
use crate::rng;
use crate::travel::TravelTimes;
use crate::units::{BasisPoints, Seconds, Timestamp};
use evidence::{Evidence, Pending, Yardstick};
use jams::Jams;
use learner::{Evidence as ScaleEvidence, N_SCALES};
use levels::{Levels, Prior};
use normal::tail;
use path::{Path, Surveyor};
use spreads::{Spreads, Weights};
pub use what_if::{Tempo, Trial, WhatIf};

/// Sets the days of live forecasts apart from others under the same seed.
const LIVE: u64 = 0x6c69_7665;

/// What a courier has done of a route. Stops have the numbers that they have in the plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RouteProgress {
    /// When the courier left the start.
    pub departure: Option<Timestamp>,
    /// When the courier left the depot of a reload, if no door was visited since.
    pub reload_departure: Option<Timestamp>,
    /// Doors in the sequence in which the courier was there.
    pub visits: Vec<VisitTimes>,
    /// Whether the courier is still at the last of them.
    pub is_at_door: bool,
    /// Stops still to come, in the sequence in which they are.
    pub ahead: Vec<usize>,
    /// Where the courier was seen last, and when.
    pub position: Option<(Timestamp, GeoPoint)>,
    /// What keeps the courier from going on.
    pub hold: Hold,
}

/// Times at one door, as far as they are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VisitTimes {
    /// The stop.
    pub stop: usize,
    /// Arrival.
    pub arrival: Option<Timestamp>,
    /// Start of service.
    pub service_start: Option<Timestamp>,
    /// Departure.
    pub end: Option<Timestamp>,
    /// Whether there was a service of the usual kind.
    pub is_served: bool,
}

/// What keeps a courier from going on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hold {
    /// Nothing.
    #[default]
    None,
    /// Something, up to a known moment.
    Until(Timestamp),
    /// Something, and nobody knows for how long: nothing more is to be expected.
    Lost,
}

/// What was said of the traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrafficShift {
    /// From when on.
    pub since: Timestamp,
    /// The last moment; `None` for the rest of the day.
    pub until: Option<Timestamp>,
    /// Ways into this zone; `None` for all of which nothing is said by themselves.
    pub zone: Option<ZoneId>,
    /// Factor on travel times.
    pub factor: BasisPoints,
}

/// What is to be expected of a route at some moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RouteOutlook {
    /// Stops still to come, in sequence, then those to which nobody comes.
    pub stops: Vec<StopOutlook>,
    /// By how much what goes on now takes longer than it was expected to; zero if it does not.
    pub overdue: Seconds,
}

/// What is to be expected of a stop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StopOutlook {
    /// The stop.
    pub stop: usize,
    /// Chance that the promise is kept, 0 to 1.
    pub on_time: f64,
    /// By how much the promise is broken on average, days on which it is kept included; grace is taken off. Zero if nobody is
    /// on the way there.
    pub late: Seconds,
    /// When the courier comes; `None` if nobody is on the way there.
    pub arrival: Option<ArrivalBand>,
    /// When the courier was to come by the plan.
    pub planned_arrival: Timestamp,
    /// What makes the median arrival later than planned; the sum of it is by how much it is.
    pub causes: DelayCauses,
}

impl StopOutlook {
    /// What is to be expected of a stop to which nobody comes.
    #[must_use]
    pub fn nobody(stop: usize, planned_arrival: Timestamp) -> Self {
        Self {
            stop,
            on_time: 0.0,
            late: Seconds::ZERO,
            arrival: None,
            planned_arrival,
            causes: DelayCauses::default(),
        }
    }
}

/// When a courier comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArrivalBand {
    /// Later than this with a chance of 90 %.
    pub p10: Timestamp,
    /// Half of the time earlier.
    pub p50: Timestamp,
    /// Earlier than this with a chance of 90 %.
    pub p90: Timestamp,
}

impl ArrivalBand {
    /// About how likely the courier comes by `at`, 0 to 1: as by a normal law on each side of the median.
    #[must_use]
    pub fn chance_by(&self, at: Timestamp) -> f64 {
        /// Of a normal law, in standard deviations.
        const P90: f64 = 1.281_55;
        let side = if at >= self.p50 {
            self.p90 - self.p50
        } else {
            self.p50 - self.p10
        };
        let sigma = (side.0 as f64 / P90).max(1.0);
        1.0 - tail((at - self.p50).0 as f64 / sigma)
    }
}

/// What makes a courier late, by how much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DelayCauses {
    /// Traffic: of the day, the hour, the zone and single ways, and what was said of it.
    pub traffic: Seconds,
    /// The courier drives slower, or is slower at doors, than others.
    pub courier: Seconds,
    /// Services that took longer.
    pub service: Seconds,
    /// A late start.
    pub start: Seconds,
    /// Accidents on the way, incidents at doors, and breakdowns.
    pub incident: Seconds,
    /// Nothing was heard of what should be over by now.
    pub silence: Seconds,
    /// Nothing in particular: couriers of any day take that much longer than planned before they have gone.
    pub usual: Seconds,
}

impl DelayCauses {
    /// All of them together.
    #[must_use]
    pub fn total(&self) -> Seconds {
        [
            self.traffic,
            self.courier,
            self.service,
            self.start,
            self.incident,
            self.silence,
            self.usual,
        ]
        .into_iter()
        .sum()
    }
}

/// A day under way, as far as forecasts need to know it. Couriers have the numbers that they have in the problem.
#[derive(Clone, Debug)]
pub struct DayUnderWay {
    problem: Arc<Problem>,
    spread: Spread,
    grace: Seconds,
    seed: u64,
    n_blocks: usize,
    /// The moment that half hours are counted from.
    first: Timestamp,
    /// Numbers of zones by their keys.
    zones: BTreeMap<u64, usize>,
    jams: Jams,
    levels: Levels,
    way_scale: ScaleEvidence,
    /// Of services, and of couriers' levels at doors.
    service_scale: Spreads,
    /// How likely each scale of ways is.
    way_weights: [f64; N_SCALES],
    /// And of services, with how much couriers differ.
    service_weights: Weights,
    /// The moment that what goes on was looked at.
    looked_at: Option<Timestamp>,
    /// By courier; `None` without stops.
    couriers: Vec<Option<CourierDay>>,
}

/// One courier's day.
#[derive(Clone, Debug)]
struct CourierDay {
    route: Route,
    depot: Option<DepotId>,
    /// As planned.
    planned: Arc<Path>,
    /// As it is made; the same as `planned` as long as the courier keeps to it.
    path: Arc<Path>,
    progress: RouteProgress,
    evidence: Evidence,
    /// What it says that what goes on has not ended.
    pending: Pending,
}

/// How often what goes on is looked at for how rough the day is.
const LOOK: Seconds = Seconds(60);

impl DayUnderWay {
    /// A day of which nothing is known but its plan. Outlooks are drawn on `days` days, rounded up to a multiple of 128.
    #[must_use]
    pub fn new(
        problem: Arc<Problem>,
        plan: &Plan,
        noise: &NoiseModel,
        grace: Seconds,
        days: u32,
        seed: u64,
    ) -> Self {
        let first = plan.routes.iter().map(|route| route.start).min();
        let spread = Spread::new(noise);
        let n_blocks = (days.max(1) as usize).div_ceil(BLOCK);
        let seed = rng::hash(seed, &[LIVE]);
        let routes = problem.couriers.iter().map(|courier| {
            let mut routes = plan.routes.iter();
            let route = routes.find(|route| route.courier == courier.id)?;
            Some((route.clone(), route.stops.len()))
        });
        let routes: Vec<_> = routes.collect();
        let first = first.unwrap_or_default();
        let mut day = Self::empty(problem, spread, grace, n_blocks, seed, first);
        day.start(&routes);
        day
    }

    /// A day without couriers.
    fn empty(
        problem: Arc<Problem>,
        spread: Spread,
        grace: Seconds,
        n_blocks: usize,
        seed: u64,
        first: Timestamp,
    ) -> Self {
        let zones = problem.places.iter().map(|place| place.zone());
        let mut keys: Vec<u64> = zones.map(|zone| draws::key(zone.as_str())).collect();
        keys.push(0);
        keys.sort_unstable();
        keys.dedup();
        Self {
            levels: Levels::new(Prior::new(&spread), keys.len()),
            zones: keys.into_iter().zip(0..).collect(),
            spread,
            grace,
            seed,
            n_blocks,
            first,
            jams: Jams::default(),
            way_scale: ScaleEvidence::default(),
            service_scale: Spreads::default(),
            way_weights: ScaleEvidence::default().weights(),
            service_weights: Spreads::default().weights(),
            looked_at: None,
            couriers: Vec::new(),
            problem,
        }
    }

    /// Gives everybody their routes, of which the first stops, as many as is said, are to be made.
    fn start(&mut self, routes: &[Option<(Route, usize)>]) {
        self.couriers = self.with_surveyor(|day, surveyor| {
            let couriers = day.problem.couriers.iter().zip(routes);
            let couriers = couriers.map(|(courier, route)| {
                let (route, n_stops) = route.as_ref()?;
                let sequence: Vec<usize> = (0..*n_stops).collect();
                let planned = Arc::new(surveyor.path(route, &sequence));
                Some(CourierDay {
                    route: route.clone(),
                    depot: match &courier.start {
                        RouteStart::Depot(depot) => Some(depot.clone()),
                        RouteStart::Place(_) => None,
                    },
                    path: Arc::clone(&planned),
                    planned,
                    progress: RouteProgress {
                        ahead: sequence,
                        ..RouteProgress::default()
                    },
                    evidence: Evidence::default(),
                    pending: Pending::default(),
                })
            });
            couriers.collect()
        });
        // What is known of couriers before they have done anything.
        self.set_traffic(&[]);
    }

    /// The same day, of which nothing has happened, with another plan: `problem` and, by courier, routes with how many of
    /// their stops are to be made; others that they have are made only by mistake.
    #[must_use]
    pub fn replanned(&self, problem: Arc<Problem>, routes: &[Option<(Route, usize)>]) -> Self {
        let mut day = Self::empty(
            problem,
            self.spread.clone(),
            self.grace,
            self.n_blocks,
            self.seed,
            self.first,
        );
        day.start(routes);
        day
    }

    /// Lets time pass: what has not ended by `now` says that it takes longer, of today as of itself. Outlooks at a later
    /// moment may be asked for without it; then only the route that is asked for counts as still going on.
    ///
    /// Says whether that was looked at: it is once for each minute.
    ///
    /// Shape: once for each minute, time in proportion to the couriers.
    pub fn pass(&mut self, now: Timestamp) -> bool {
        let minute = Timestamp(now.0.div_euclid(LOOK.0) * LOOK.0);
        let is_new = self.looked_at.is_none_or(|before| before < minute);
        if is_new {
            self.looked_at = Some(minute);
            for courier in 0..self.couriers.len() {
                self.wait(courier);
            }
            self.weigh();
        }
        is_new
    }

    /// Looks at how long what the courier with number `courier` does has been going on.
    fn wait(&mut self, courier: usize) {
        let (Some(Some(of)), Some(now)) = (self.couriers.get(courier), self.looked_at) else {
            return;
        };
        let yardstick = self.yardstick(of);
        let pending = yardstick.pending(&of.path, &of.progress, &of.evidence, now);
        if let Some(Some(of)) = self.couriers.get_mut(courier) {
            self.way_scale.replace(&of.pending.ways, &pending.ways);
            self.service_scale
                .replace_alike(&of.pending.services, &pending.services);
            self.levels.replace(&of.pending.shares, &pending.shares);
            of.pending = pending;
        }
    }

    fn weigh(&mut self) {
        self.way_weights = self.way_scale.weights();
        self.service_weights = self.service_scale.weights();
    }

    fn with_surveyor<T>(&self, work: impl FnOnce(&Self, &Surveyor<'_>) -> T) -> T {
        let travel = TravelTimes::new(&self.problem);
        let timetable = Timetable::new(&self.problem, &travel, &self.spread, self.grace);
        work(self, &Surveyor::new(&self.problem, timetable))
    }

    /// Learns from what the courier with number `courier` has done.
    ///
    /// Shape: time in proportion to the stops made; where the sequence is not that of the plan, to the orders of the day.
    pub fn observe(&mut self, courier: usize, progress: RouteProgress) {
        let Some(Some(of)) = self.couriers.get(courier) else {
            return;
        };
        let made = progress.visits.iter().map(|visit| visit.stop);
        let sequence: Vec<usize> = made.chain(progress.ahead.iter().copied()).collect();
        let path = if sequence == of.path.sequence {
            Arc::clone(&of.path)
        } else if sequence == of.planned.sequence {
            Arc::clone(&of.planned)
        } else {
            let route = &of.route;
            self.with_surveyor(|_, surveyor| Arc::new(surveyor.path(route, &sequence)))
        };
        let evidence = self.yardstick(of).evidence(&path, &progress);
        self.learn(courier, evidence);
        if let Some(Some(of)) = self.couriers.get_mut(courier) {
            of.path = path;
            of.progress = progress;
        }
        self.wait(courier);
        self.weigh();
    }

    /// Takes what was said of the traffic instead of what was said before.
    ///
    /// Shape: time in proportion to all stops made so far.
    pub fn set_traffic(&mut self, shifts: &[TrafficShift]) {
        self.jams = Jams::new(shifts);
        for courier in 0..self.couriers.len() {
            let Some(of) = &self.couriers[courier] else {
                continue;
            };
            let evidence = self.yardstick(of).evidence(&of.path, &of.progress);
            self.learn(courier, evidence);
            self.wait(courier);
        }
        self.weigh();
    }

    /// Takes the evidence of a courier instead of that before.
    fn learn(&mut self, courier: usize, evidence: Evidence) {
        let Some(Some(of)) = self.couriers.get_mut(courier) else {
            return;
        };
        self.levels.replace(&of.evidence.shares, &evidence.shares);
        let before = std::mem::replace(&mut of.evidence, evidence);
        let [old, new] = [&before, &of.evidence];
        (self.way_scale).replace(&old.way_lesson.evidence, &new.way_lesson.evidence);
        (self.service_scale).replace(&old.service_table, &new.service_table);
    }

    /// When the courier with number `courier` was to come to a stop by the plan; `None` if the plan has no such stop.
    #[must_use]
    pub fn planned_arrival(&self, courier: usize, stop: usize) -> Option<Timestamp> {
        let planned = &self.couriers.get(courier)?.as_ref()?.planned;
        Some(planned.planned_arrival(*planned.visits.get(stop)?))
    }

    /// What the courier's day is compared with.
    fn yardstick<'a>(&'a self, of: &'a CourierDay) -> Yardstick<'a> {
        let courier = &of.route.courier;
        Yardstick {
            spread: &self.spread,
            courier: self.spread.courier(courier, of.depot.as_ref()),
            jams: &self.jams,
            first: self.first,
            shared: Prior::new(&self.spread).total(),
            zones: &self.zones,
        }
    }

    /// The number of the zone with key `key`.
    fn zone(&self, key: u64) -> usize {
        self.zones.get(&key).copied().unwrap_or(0)
    }
}

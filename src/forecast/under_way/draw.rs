//! The rest of a route on many days that begin as this one did.
//!
//! Levels are drawn around what is known of them, what goes on already is continued, and what is still to come is drawn as
//! in every forecast, by keys of orders and couriers: two looks at the same route differ by what has become known, not by
//! luck. Everything called on blocks is inlined, as in `route`.

#![expect(
    clippy::needless_range_loop,
    reason = "several arrays side by side read best by index, and become vector code"
)]

use pulp::{Arch, Simd, WithSimd};

use super::learner::Gauss;
use super::overdue::Overdue;
use crate::forecast::draws::{BLOCK, Block, Draws, Purpose};
use crate::forecast::elementary::{exp, larger, ln};
use crate::forecast::factors::between;
use crate::forecast::itinerary::{Itinerary, Visit};
use crate::forecast::kernel::{arrive, wait};
use crate::forecast::quantiles::order_statistics;
use crate::forecast::spread::StartDelay;
use crate::forecast::statistics::rank;
use crate::rng;

/// What is known of the levels that a courier's route depends on, now.
#[derive(Clone, Debug)]
pub(super) struct Outset {
    /// The courier's own, on the way, beside what the noise model expects.
    pub(super) drive: Gauss,
    /// At the door.
    pub(super) pace: Gauss,
    /// Traffic of the day.
    pub(super) day: Gauss,
    /// Traffic of the hour in the whole city.
    pub(super) city: Gauss,
    /// Covariance of these two.
    pub(super) covariance: f64,
    /// Traffic of the hour in the zones that the route leads to, with the zones' numbers.
    pub(super) zones: Vec<(usize, Gauss)>,
}

/// How levels of the hour change.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    /// Correlation from one half hour to the next.
    pub(super) memory: f32,
    pub(super) city: f32,
    pub(super) zone: f32,
}

/// A stop to come.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// Index of the visit.
    pub(super) visit: usize,
    /// Half hour of the departure there.
    pub(super) slot: usize,
    /// The zone, among those of the outset.
    pub(super) zone: usize,
    /// Logarithm of the way's duration, levels not included, compared with its plan.
    pub(super) way: f32,
    /// Standard deviation of that.
    pub(super) way_sigma: f32,
    /// Logarithm of the service's duration, the courier's level not included, compared with its plan.
    pub(super) service: f32,
    /// Standard deviation of that.
    pub(super) service_sigma: f32,
}

/// What goes on now. Moments are in seconds since the start of the route.
#[derive(Clone, Debug)]
pub(super) enum Begin<'a> {
    /// The courier has not left: the route begins late by a random delay.
    Start {
        /// When it is to begin.
        planned: f32,
        /// By how much it is late already.
        elapsed: f32,
        law: StartDelay<'a>,
    },
    /// The courier left a place at a known moment for one that nobody reports from.
    Left { at: f32 },
    /// The courier is on the way to the first step.
    Way {
        /// The way, of which some is covered, in seconds as planned.
        overdue: Overdue,
        /// Logarithm of what is planned for the way.
        planned: f64,
        /// The moment up to which that is known.
        from: f32,
        /// What traffic holds the rest up by.
        jam: f64,
        /// Seconds that the whole way takes as planned, if times of day differ; 1 otherwise.
        whole: f64,
    },
    /// The courier is at a door.
    Door {
        /// The service, of which some is over.
        overdue: Overdue,
        /// Key of the stop's noise.
        key: u64,
        /// Logarithm of what is planned for the service, and what is added to it, the courier's level not included.
        planned: f64,
        sigma: f64,
        /// The moment up to which that is known.
        from: f32,
    },
}

/// All that the rest of a route is drawn from.
#[derive(Clone, Debug)]
pub(super) struct Rest<'a> {
    pub(super) seed: u64,
    pub(super) n_blocks: usize,
    pub(super) itinerary: &'a Itinerary,
    pub(super) outset: &'a Outset,
    pub(super) change: Change,
    /// The half hour of now.
    pub(super) slot: usize,
    pub(super) begin: Begin<'a>,
    /// Nobody has come to a later stop before this.
    pub(super) now: f32,
    /// The courier goes on at this moment at the earliest.
    pub(super) held_until: f32,
    pub(super) steps: &'a [Step],
    /// Logarithm of the chance of an incident.
    pub(super) incident_ln: f32,
    /// Seconds.
    pub(super) incident_mean: f32,
}

/// What is found for one stop at a door.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Drawn {
    /// Index of the visit.
    pub(super) visit: usize,
    /// The share of days on which the promise is kept.
    pub(super) on_time: f64,
    /// Seconds by which it is broken, on average over all days.
    pub(super) late: f64,
    /// Arrivals that 10, 50 and 90 % of days come before.
    pub(super) band: [f32; 3],
}

/// The rest of a route, drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Drawing {
    /// The stops at doors, in sequence.
    pub(super) stops: Vec<Drawn>,
    /// By day: how many of their promises are broken.
    pub(super) broken: Vec<u16>,
}

impl Rest<'_> {
    /// Draws the rest of the route.
    pub(super) fn draw(self) -> Drawing {
        Arch::new().dispatch(self)
    }

    #[inline(always)]
    fn go(&self) -> Drawing {
        let mut days = Days::new(self);
        let mut drawn = Vec::with_capacity(self.steps.len());
        days.begin(self);
        for (number, step) in self.steps.iter().enumerate() {
            days.move_to(self, step);
            let visit = &self.itinerary.visits[step.visit];
            days.step(self, step, visit, number == 0);
            if visit.order.is_some() {
                drawn.push(days.found(step.visit, visit));
            }
        }
        Drawing {
            stops: drawn,
            broken: days.broken,
        }
    }
}

impl WithSimd for Rest<'_> {
    type Output = Drawing;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Self::Output {
        self.go()
    }
}

/// A level of the hour on all days.
struct Row {
    slot: usize,
    level: Vec<Block>,
}

/// All days, at some stop of the route.
struct Days {
    /// Levels.
    drive: Vec<Block>,
    pace: Vec<Block>,
    day: Vec<Block>,
    city: Row,
    zones: Vec<Row>,
    clock: Vec<Block>,
    arrival: Vec<Block>,
    /// Numbers between 0 and 1 for the delay at the start.
    start: Vec<Block>,
    /// Promises broken so far.
    broken: Vec<u16>,
}

impl Days {
    #[inline(always)]
    fn new(rest: &Rest<'_>) -> Self {
        let n = rest.n_blocks;
        let row = || vec![[0.0; BLOCK]; n];
        let mut days = Self {
            drive: row(),
            pace: row(),
            day: row(),
            city: Row {
                slot: rest.slot,
                level: row(),
            },
            zones: Vec::with_capacity(rest.outset.zones.len()),
            clock: row(),
            arrival: row(),
            start: row(),
            broken: vec![0; n * BLOCK],
        };
        let Outset {
            drive,
            pace,
            day,
            city,
            covariance,
            ref zones,
        } = *rest.outset;
        let mut draws = Draws::new(rest.seed, Purpose::Courier, rest.itinerary.key);
        let mut traffic = Draws::new(rest.seed, Purpose::Traffic, 0);
        let slope = covariance / day.variance.max(1e-12);
        let own = (city.variance - slope * covariance).max(0.0);
        let (slope, own) = (narrow(slope), narrow(own.sqrt()));
        for b in 0..n {
            draws.normals(&mut days.drive[b], &mut days.pace[b]);
            draws.uniforms(&mut days.start[b]);
            traffic.normals(&mut days.day[b], &mut days.city.level[b]);
            scale(&mut days.drive[b], drive);
            scale(&mut days.pace[b], pace);
            scale(&mut days.day[b], day);
            let mean = narrow(city.mean - day.mean * f64::from(slope));
            for s in 0..BLOCK {
                days.city.level[b][s] = mean + slope * days.day[b][s] + own * days.city.level[b][s];
            }
        }
        for (number, zone) in zones {
            let mut level = row();
            let mut draws = Draws::new(rest.seed, Purpose::Zone, zone_key(*number, 0));
            for level in &mut level {
                draws.normals(level, &mut [0.0; BLOCK]);
                scale(level, *zone);
            }
            days.zones.push(Row {
                slot: rest.slot,
                level,
            });
        }
        days
    }

    /// Sets the clocks to where the courier is.
    #[inline(always)]
    fn begin(&mut self, rest: &Rest<'_>) {
        match &rest.begin {
            Begin::Start {
                planned,
                elapsed,
                law,
            } => {
                for (clock, uniform) in self.clock.iter_mut().zip(&self.start) {
                    *clock = uniform
                        .map(|u| larger(planned + delay(*law, *elapsed, u), rest.held_until));
                }
            }
            Begin::Left { at } => {
                let at = larger(*at, rest.held_until);
                self.clock.iter_mut().for_each(|clock| clock.fill(at));
            }
            // The first step does it.
            Begin::Way { .. } => {}
            Begin::Door {
                overdue,
                key,
                planned,
                sigma,
                from,
            } => {
                let mut noise = Draws::new(rest.seed, Purpose::Stop, *key);
                let mut chances = Draws::new(rest.seed, Purpose::Return, *key);
                let from = larger(*from, rest.held_until);
                for b in 0..self.clock.len() {
                    let [mut unused, mut service, mut one, mut other] = [[0.0; BLOCK]; 4];
                    noise.normals(&mut unused, &mut service);
                    noise.uniforms(&mut unused);
                    chances.uniforms(&mut one);
                    chances.uniforms(&mut other);
                    for s in 0..BLOCK {
                        let log =
                            planned + f64::from(self.pace[b][s]) + sigma * f64::from(service[s]);
                        let (left, slower) = overdue.rest(log, one[s].into(), other[s].into());
                        self.clock[b][s] = from + narrow(left);
                        self.pace[b][s] += narrow(slower);
                    }
                }
            }
        }
    }

    /// Lets the levels of the hour change up to the half hour of `step`.
    #[inline(always)]
    fn move_to(&mut self, rest: &Rest<'_>, step: &Step) {
        let Change { memory, city, zone } = rest.change;
        let key = rng::hash(0, &[step.slot as u64]);
        self.city.change(rest.seed, key, step.slot, memory, city);
        let key = zone_key(rest.outset.zones[step.zone].0, step.slot);
        self.zones[step.zone].change(rest.seed, key, step.slot, memory, zone);
    }

    /// Goes to the stop of `step` and leaves it.
    #[inline(always)]
    fn step(&mut self, rest: &Rest<'_>, step: &Step, visit: &Visit, is_first: bool) {
        let mut noise = Draws::new(rest.seed, Purpose::Stop, visit.key);
        let mut chances = Draws::new(rest.seed, Purpose::Return, visit.key);
        let planned = if visit.leg.paces.is_empty() {
            visit.leg.planned
        } else {
            1.0
        };
        let [mut way, mut service, mut incident, mut travel] = [[0.0; BLOCK]; 4];
        for b in 0..self.clock.len() {
            noise.normals(&mut way, &mut service);
            noise.uniforms(&mut incident);
            let levels = (
                &self.day[b],
                &self.city.level[b],
                &self.zones[step.zone].level[b],
            );
            for s in 0..BLOCK {
                let shared = levels.0[s] + levels.1[s] + levels.2[s];
                way[s] = step.way + shared + self.drive[b][s] + step.way_sigma * way[s];
            }
            if let (Begin::Way { .. }, true) = (&rest.begin, is_first) {
                self.finish_way(rest, visit, b, &way, &mut chances);
            } else {
                for s in 0..BLOCK {
                    travel[s] = planned * exp(way[s]);
                }
                arrive(&visit.leg, &travel, &self.clock[b], &mut self.arrival[b]);
                for s in 0..BLOCK {
                    self.arrival[b][s] = larger(self.arrival[b][s], rest.now);
                }
            }
            self.serve(rest, step, visit, b, &service, &incident);
        }
    }

    /// Ends the way to `visit` that the courier is on, whose duration would have had the logarithm `way`.
    #[inline(always)]
    fn finish_way(
        &mut self,
        rest: &Rest<'_>,
        visit: &Visit,
        b: usize,
        way: &Block,
        chances: &mut Draws,
    ) {
        let Begin::Way {
            overdue,
            planned,
            from,
            jam,
            whole,
        } = &rest.begin
        else {
            return;
        };
        let [mut one, mut other, mut travel] = [[0.0; BLOCK]; 3];
        chances.uniforms(&mut one);
        chances.uniforms(&mut other);
        for s in 0..BLOCK {
            let log = planned + f64::from(way[s]);
            let (left, slower) = overdue.rest(log, one[s].into(), other[s].into());
            travel[s] = narrow(left * jam / whole);
            self.drive[b][s] += narrow(slower);
        }
        let from = [larger(*from, rest.held_until); BLOCK];
        arrive(&visit.leg, &travel, &from, &mut self.arrival[b]);
    }

    /// Waits and serves at `visit`.
    #[inline(always)]
    fn serve(
        &mut self,
        rest: &Rest<'_>,
        step: &Step,
        visit: &Visit,
        b: usize,
        service: &Block,
        incident: &Block,
    ) {
        let clock = &mut self.clock[b];
        for s in 0..BLOCK {
            clock[s] = larger(self.arrival[b][s], visit.open);
        }
        wait(&visit.gaps, clock);
        if visit.order.is_none() {
            clock.iter_mut().for_each(|clock| *clock += visit.service);
            return;
        }
        for s in 0..BLOCK {
            let log = step.service + self.pace[b][s] + step.service_sigma * service[s];
            let held = larger(rest.incident_ln - ln(incident[s]), 0.0);
            clock[s] += visit.service * exp(log) + rest.incident_mean * held;
        }
    }

    /// What the arrivals at `visit` say.
    #[inline(always)]
    fn found(&mut self, at: usize, visit: &Visit) -> Drawn {
        let arrivals = self.arrival.as_flattened();
        let deadline = visit.deadline.unwrap_or(f32::NEG_INFINITY);
        // A promise that cannot be kept at all is not late by any time.
        let late_from = visit.deadline.unwrap_or(f32::INFINITY);
        let mut kept = 0_u32;
        let mut late = 0.0_f64;
        for (arrival, broken) in arrivals.iter().zip(&mut self.broken) {
            kept += u32::from(*arrival <= deadline);
            *broken += u16::from(*arrival > deadline);
            late += f64::from(larger(arrival - late_from, 0.0));
        }
        let ranks = [0.1, 0.5, 0.9].map(|p| rank(p, arrivals.len()));
        Drawn {
            visit: at,
            on_time: f64::from(kept) / arrivals.len() as f64,
            late: late / arrivals.len() as f64,
            band: order_statistics(&self.arrival, ranks, f32::round_ties_even),
        }
    }
}

impl Row {
    /// Lets the level, whose standard deviation is `sigma` if nothing is known, change up to `slot`.
    #[inline(always)]
    fn change(&mut self, seed: u64, key: u64, slot: usize, memory: f32, sigma: f32) {
        if slot <= self.slot || sigma <= 0.0 {
            return;
        }
        let steps = i32::try_from(slot - self.slot).unwrap_or(i32::MAX);
        let keep = memory.powi(steps);
        let renew = sigma * (1.0 - keep * keep).sqrt();
        let mut draws = Draws::new(seed, Purpose::Zone, key);
        let [mut fresh, mut unused] = [[0.0; BLOCK]; 2];
        for level in &mut self.level {
            draws.normals(&mut fresh, &mut unused);
            for s in 0..BLOCK {
                level[s] = keep * level[s] + renew * fresh[s];
            }
        }
        self.slot = slot;
    }
}

/// The delay at the start of a route that is late by `elapsed` already, for a number between 0 and 1.
#[inline(always)]
fn delay(law: StartDelay<'_>, elapsed: f32, u: f32) -> f32 {
    match law {
        StartDelay::Exponential(mean) => elapsed - mean * ln(u),
        StartDelay::Quantiles(quantiles) => {
            let passed = passed(quantiles, elapsed);
            if passed >= 1.0 {
                let mean = quantiles.iter().sum::<f32>() / quantiles.len() as f32;
                return elapsed - mean * ln(u);
            }
            larger(between(quantiles, passed + u * (1.0 - passed)), elapsed)
        }
    }
}

/// The share of delays that are at most `delay`.
fn passed(quantiles: &[f32], delay: f32) -> f32 {
    let n = (quantiles.len() - 1) as f32;
    if delay <= quantiles[0] {
        return 0.0;
    }
    let above = quantiles.iter().position(|quantile| *quantile > delay);
    let Some(above) = above else { return 1.0 };
    let (from, to) = (quantiles[above - 1], quantiles[above]);
    ((above - 1) as f32 + (delay - from) / (to - from)) / n
}

/// Key of the level of a zone in a half hour.
fn zone_key(zone: usize, slot: usize) -> u64 {
    rng::hash(1 + zone as u64, &[slot as u64])
}

#[inline(always)]
fn scale(normals: &mut Block, law: Gauss) {
    let (mean, sigma) = (narrow(law.mean), narrow(law.variance.max(0.0).sqrt()));
    for normal in normals.iter_mut() {
        *normal = mean + sigma * *normal;
    }
}

#[expect(clippy::cast_possible_truncation, reason = "loses digits, not range")]
#[inline(always)]
pub(super) fn narrow(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_at_the_start_are_longer_than_they_are_already() {
        let quantiles = [0.0, 120.0, 600.0];
        let law = StartDelay::Quantiles(&quantiles);
        assert!((delay(law, 0.0, 0.5) - 120.0).abs() < 1e-3);
        // Late by two minutes: what is left is spread between two and ten.
        assert!((delay(law, 120.0, 0.5) - 360.0).abs() < 1e-3);
        assert!(delay(law, 900.0, 0.5) > 900.0);
        let memoryless = StartDelay::Exponential(300.0);
        assert!((delay(memoryless, 60.0, 0.5) - delay(memoryless, 0.0, 0.5) - 60.0).abs() < 1e-3);
    }
}

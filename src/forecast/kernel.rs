//! The recursion along a route for a block of scenarios: forward from departure to arrival, backward from promise to
//! latest departure.
//!
//! All loops run over the scenarios of a block without branches. Moments are in seconds since the start of loading.

#![expect(
    clippy::needless_range_loop,
    reason = "several arrays side by side read best by index, and become vector code"
)]

use super::draws::{BLOCK, Block, Draws};
use super::elementary::{exp, larger, ln, smaller};
use super::factors::CourierBlock;
use super::itinerary::{Gap, Leg, Visit};
use super::spread::Spread;

/// The noise of one stop in one block.
#[derive(Clone, Debug)]
pub(super) struct NoiseBlock {
    /// Standard normal: how it becomes a factor depends on how long the leg is.
    pub(super) leg: Block,
    /// Factor of mean 1.
    pub(super) service: Block,
    /// Seconds on top.
    pub(super) incident: Block,
}

impl Default for NoiseBlock {
    fn default() -> Self {
        Self {
            leg: [0.0; BLOCK],
            service: [0.0; BLOCK],
            incident: [0.0; BLOCK],
        }
    }
}

impl NoiseBlock {
    /// Draws the noise of the next block of a stop.
    ///
    /// A uniform number below the chance of an incident both tells that there is one and, divided by that chance, how
    /// long it takes.
    #[inline(always)]
    pub(super) fn draw(&mut self, spread: &Spread, draws: &mut Draws) {
        draws.normals(&mut self.leg, &mut self.service);
        draws.uniforms(&mut self.incident);
        for s in 0..BLOCK {
            self.service[s] = exp(spread.service * (self.service[s] - spread.service / 2.0));
            let incident = larger(spread.incident_ln - ln(self.incident[s]), 0.0);
            self.incident[s] = spread.incident_mean * incident;
        }
    }

    /// Durations of a leg; where they depend on the time of day, the factors on them.
    #[inline(always)]
    pub(super) fn travel(
        &self,
        leg: &Leg,
        traffic: &Block,
        courier: &CourierBlock,
        durations: &mut Block,
    ) {
        let planned = if leg.paces.is_empty() {
            leg.planned
        } else {
            1.0
        };
        for s in 0..BLOCK {
            let own = exp(leg.sigma * (self.leg[s] - leg.sigma / 2.0));
            durations[s] = planned * traffic[s] * courier.drive[s] * own;
        }
    }

    /// Durations of a service planned to take `planned` seconds, incidents included.
    #[inline(always)]
    pub(super) fn service(&self, planned: f32, courier: &CourierBlock, durations: &mut Block) {
        for s in 0..BLOCK {
            durations[s] = planned * courier.pace[s] * self.service[s] + self.incident[s];
        }
    }
}

/// The arrivals of who travels `leg` from the moments of `clock` on.
///
/// Where it takes longer at some times of day than at others, the factor of a scenario multiplies the whole way: in each
/// stretch of time, what is left of it shrinks by the share that the stretch covers. That keeps the order in which
/// couriers who leave one after the other arrive.
#[inline(always)]
pub(super) fn arrive(leg: &Leg, travel: &Block, clock: &Block, arrival: &mut Block) {
    if leg.paces.is_empty() {
        for s in 0..BLOCK {
            arrival[s] = clock[s] + travel[s];
        }
        return;
    }
    *arrival = *clock;
    let mut left = *travel;
    for pace in &leg.paces {
        let rate = 1.0 / pace.seconds;
        for s in 0..BLOCK {
            let room = larger(pace.until - arrival[s], 0.0);
            let span = smaller(left[s] * pace.seconds, room);
            arrival[s] += span;
            left[s] = if span < room {
                0.0
            } else {
                larger(left[s] - span * rate, 0.0)
            };
        }
    }
}

/// Turns the moments of `latest`, by which one has to arrive, into those by which one has to leave for `leg`.
#[inline(always)]
fn leave(leg: &Leg, travel: &Block, latest: &mut Block) {
    if leg.paces.is_empty() {
        for s in 0..BLOCK {
            latest[s] -= travel[s];
        }
        return;
    }
    let mut left = *travel;
    for pace in leg.paces.iter().rev() {
        let rate = 1.0 / pace.seconds;
        for s in 0..BLOCK {
            let room = larger(latest[s] - pace.from, 0.0);
            let span = smaller(left[s] * pace.seconds, room);
            latest[s] -= span;
            left[s] = if span < room {
                0.0
            } else {
                larger(left[s] - span * rate, 0.0)
            };
        }
    }
}

/// Lets whoever comes between two windows wait for the next.
#[inline(always)]
pub(super) fn wait(gaps: &[Gap], clock: &mut Block) {
    for &Gap { from, to } in gaps {
        for clock in clock.iter_mut() {
            let waits = (*clock > from) & (*clock < to);
            *clock = if waits { to } else { *clock };
        }
    }
}

/// Moves `clock` from the departure before `visit` to the departure from it, notes the arrivals and counts the promises
/// kept.
#[inline(always)]
pub(super) fn advance(
    visit: &Visit,
    travel: &Block,
    service: &Block,
    clock: &mut Block,
    arrival: &mut Block,
    kept: &mut [u32; BLOCK],
) {
    let deadline = visit.deadline.unwrap_or(f32::NEG_INFINITY);
    arrive(&visit.leg, travel, clock, arrival);
    for s in 0..BLOCK {
        kept[s] += u32::from(arrival[s] <= deadline);
        clock[s] = larger(arrival[s], visit.open);
    }
    wait(&visit.gaps, clock);
    for s in 0..BLOCK {
        clock[s] += service[s];
    }
}

/// Moves `latest` from the latest departure from `visit` that keeps every later promise to the latest departure from
/// the place before that keeps the promise of `visit` too; minus infinity where no departure is early enough.
#[inline(always)]
pub(super) fn retreat(visit: &Visit, travel: &Block, service: &Block, latest: &mut Block) {
    // A promise that cannot be kept asks nothing of the departure.
    let deadline = visit.deadline.unwrap_or(f32::INFINITY);
    for s in 0..BLOCK {
        latest[s] = smaller(latest[s] - service[s], deadline);
    }
    for &Gap { from, to } in &visit.gaps {
        for latest in latest.iter_mut() {
            let falls_between = (*latest > from) & (*latest < to);
            *latest = if falls_between { from } else { *latest };
        }
    }
    for latest in latest.iter_mut() {
        let is_open = *latest >= visit.open;
        *latest = if is_open { *latest } else { f32::NEG_INFINITY };
    }
    leave(&visit.leg, travel, latest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::draws::Purpose;
    use crate::forecast::fixture::{at, order_id};
    use crate::forecast::itinerary::Pace;
    use crate::model::NoiseModel;

    const ONES: Block = [1.0; BLOCK];

    fn mean_durations(n_blocks: usize) -> (f64, f64) {
        let spread = Spread::new(&NoiseModel::default());
        let courier = CourierBlock {
            drive: ONES,
            pace: ONES,
            start_delay: [0.0; BLOCK],
        };
        let leg = Leg {
            planned: 600.0,
            sigma: spread.leg(600),
            departure: at(8, 0),
            zone: 0,
            paces: Vec::new(),
        };
        let mut draws = Draws::new(1, Purpose::Stop, 1);
        let (mut noise, mut durations) = (NoiseBlock::default(), [0.0; BLOCK]);
        let (mut travel, mut service) = (0.0, 0.0);
        for _ in 0..n_blocks {
            noise.draw(&spread, &mut draws);
            noise.travel(&leg, &ONES, &courier, &mut durations);
            travel += f64::from(durations.iter().sum::<f32>());
            noise.service(600.0, &courier, &mut durations);
            service += f64::from(durations.iter().sum::<f32>());
        }
        let n = (n_blocks * BLOCK) as f64;
        (travel / n, service / n)
    }

    #[test]
    fn durations_have_their_planned_means_plus_incidents() {
        let (travel, service) = mean_durations(2_000);
        assert!((travel / 600.0 - 1.0).abs() < 0.002, "{travel}");
        // 3 % of services cost nine minutes more.
        let with_incidents = 600.0 + 0.03 * 540.0;
        assert!((service / with_incidents - 1.0).abs() < 0.004, "{service}");
    }

    fn visit() -> Visit {
        Visit {
            order: Some(order_id(1)),
            key: 1,
            leg: Leg {
                planned: 0.0,
                sigma: 0.0,
                departure: at(8, 0),
                zone: 0,
                paces: Vec::new(),
            },
            service: 0.0,
            service_doubt: None,
            open: 100.0,
            gaps: vec![Gap {
                from: 200.0,
                to: 300.0,
            }],
            promised: 400.0,
            deadline: Some(450.0),
        }
    }

    #[test]
    fn the_way_back_is_the_inverse_of_the_way_forward() {
        let (visit, service) = (visit(), [50.0; BLOCK]);
        let travel: Block = std::array::from_fn(|s| s as f32 * 3.0);
        // Every later promise is kept if the visit is left by 400.
        let mut latest = [400.0; BLOCK];
        retreat(&visit, &travel, &service, &mut latest);
        for (shift, is_kept) in [(0.0, true), (1.0, false)] {
            let (mut arrival, mut kept) = ([0.0; BLOCK], [0; BLOCK]);
            let mut clock = latest.map(|latest| latest + shift);
            advance(
                &visit,
                &travel,
                &service,
                &mut clock,
                &mut arrival,
                &mut kept,
            );
            assert!(clock.iter().all(|clock| (*clock <= 400.0) == is_kept));
        }
    }

    #[test]
    fn a_way_through_slow_times_takes_longer_and_can_be_gone_back() {
        let pace = |from, until, seconds| Pace {
            from,
            until,
            seconds,
        };
        let leg = Leg {
            paces: vec![
                pace(f32::NEG_INFINITY, 1_000.0, 100.0),
                pace(1_000.0, 1_200.0, 400.0),
                pace(1_200.0, f32::INFINITY, 100.0),
            ],
            ..visit().leg
        };
        // Twice as long as planned: half of the way before the slow time, the rest in it, or a quarter after it.
        let factors = [2.0; BLOCK];
        for (departure, expected) in [(700.0, 900.0), (900.0, 1_250.0), (1_100.0, 1_375.0)] {
            let mut arrival = [0.0; BLOCK];
            arrive(&leg, &factors, &[departure; BLOCK], &mut arrival);
            assert!((arrival[0] - expected).abs() < 1e-3, "{}", arrival[0]);
            leave(&leg, &factors, &mut arrival);
            assert!((arrival[0] - departure).abs() < 1e-3, "{}", arrival[0]);
        }
        let mut never = [f32::NEG_INFINITY; BLOCK];
        leave(&leg, &factors, &mut never);
        assert!(never.iter().all(|moment| *moment == f32::NEG_INFINITY));
        let mut always = [f32::INFINITY; BLOCK];
        leave(&leg, &factors, &mut always);
        assert!(always.iter().all(|moment| *moment == f32::INFINITY));
    }

    #[test]
    fn no_departure_is_early_enough_for_a_window_that_opens_too_late() {
        let mut latest = [149.0; BLOCK];
        retreat(&visit(), &[0.0; BLOCK], &[50.0; BLOCK], &mut latest);
        assert!(latest.iter().all(|latest| *latest == f32::NEG_INFINITY));
    }
}

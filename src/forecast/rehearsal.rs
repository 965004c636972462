//! The same simulated days for many candidate routes: all noise is drawn once, and a route is tried out on it in
//! microseconds.
//!
//! Rows of noise belong to orders and couriers, not to positions, so that a route and its neighbor differ by what was
//! changed and not by luck (common random numbers).

#![expect(
    clippy::cast_possible_truncation,
    clippy::needless_range_loop,
    reason = "days are few and moments whole seconds; several arrays side by side read best by index"
)]

use pulp::{Arch, Simd, WithSimd};

use super::TRAINING;
use super::draws::{self, BLOCK, Block, Draws, Purpose};
use super::elementary::{exp, larger};
use super::factors::{CourierBlock, Traffic};
use super::itinerary::Gap;
use super::kernel::NoiseBlock;
use super::spread::Spread;
use crate::model::{NoiseModel, Order, Problem};
use crate::rng;
use crate::units::{Seconds, Timestamp};

/// Days on which routes are tried out.
#[derive(Debug)]
pub struct Rehearsal {
    /// Moments are in seconds since this.
    origin: Timestamp,
    n_blocks: usize,
    spread: Spread,
    traffic: Traffic,
    /// By courier, then by block.
    couriers: Vec<CourierBlock>,
    /// By order, then by block.
    noise: Vec<NoiseBlock>,
    /// By order.
    doors: Vec<Door>,
}

/// What an order asks of an arrival.
#[derive(Debug)]
struct Door {
    open: f32,
    gaps: Vec<Gap>,
    /// Latest arrival that counts as on time.
    deadline: f32,
}

/// A stop of a route to try out.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Position of the order.
    pub order: u32,
    /// Planned seconds from the stop before.
    pub travel: i32,
    /// Planned seconds at the door.
    pub service: i32,
}

impl Rehearsal {
    /// Draws `days` days (rounded up to a multiple of 128) for the orders and couriers of `problem`.
    ///
    /// They are others than those that forecasts report on under the same seed: a plan looks better on the days it was
    /// made for.
    #[must_use]
    pub fn new(
        problem: &Problem,
        noise: &NoiseModel,
        grace: Seconds,
        days: u32,
        seed: u64,
        origin: Timestamp,
    ) -> Self {
        let spread = Spread::new(noise);
        let seed = rng::hash(seed, &[TRAINING]);
        let n_blocks = (days.max(1) as usize).div_ceil(BLOCK);
        let until = problem.couriers.iter().map(|courier| courier.shift.end);
        let until = until.max().unwrap_or(origin);
        let traffic = Traffic::new(seed, &spread, origin, until, n_blocks);
        let mut couriers = Vec::new();
        for courier in &problem.couriers {
            let mut draws = Draws::new(seed, Purpose::Courier, draws::key(courier.id.as_str()));
            couriers.extend((0..n_blocks).map(|_| CourierBlock::draw(&spread, &mut draws)));
        }
        let mut rows = Vec::new();
        for order in &problem.orders {
            let mut draws = Draws::new(seed, Purpose::Stop, draws::key(order.id.as_str()));
            rows.extend((0..n_blocks).map(|_| {
                let mut row = NoiseBlock::default();
                row.draw(&spread, &mut draws);
                row
            }));
        }
        let door = |order: &Order| Door::new(order, origin, grace);
        Self {
            origin,
            n_blocks,
            traffic,
            couriers,
            noise: rows,
            doors: problem.orders.iter().map(door).collect(),
            spread,
        }
    }

    /// Days there are.
    #[must_use]
    pub fn days(&self) -> u32 {
        (self.n_blocks * BLOCK) as u32
    }

    /// On how many days the courier at position `courier`, who is to depart so many seconds after the origin, is late at
    /// each of `steps`.
    pub fn late_days(&self, courier: usize, departure: i32, steps: &[Step], late: &mut Vec<u32>) {
        late.clear();
        late.resize(steps.len(), 0);
        Arch::new().dispatch(Run {
            rehearsal: self,
            courier,
            departure,
            steps,
            late,
        });
    }

    #[inline(always)]
    fn run(&self, courier: usize, departure: i32, steps: &[Step], late: &mut [u32]) {
        for block in 0..self.n_blocks {
            let person = &self.couriers[courier * self.n_blocks + block];
            let mut planned = departure as f32;
            let mut clock = person.start_delay.map(|delay| planned + delay);
            for (step, late) in steps.iter().zip(late.iter_mut()) {
                let order = step.order as usize;
                let door = &self.doors[order];
                let call = Call {
                    noise: &self.noise[order * self.n_blocks + block],
                    person,
                    traffic: self.traffic.factors(block, self.slot(planned)),
                    sigma: self.spread.leg(i64::from(step.travel)),
                    travel: step.travel as f32,
                    service: step.service as f32,
                };
                *late += call.make(door, &mut clock);
                planned = larger(planned + call.travel, door.open) + call.service;
            }
        }
    }

    fn slot(&self, moment: f32) -> usize {
        self.traffic.slot(self.origin + Seconds(moment as i64))
    }
}

/// One stop in one block of days.
struct Call<'a> {
    noise: &'a NoiseBlock,
    person: &'a CourierBlock,
    traffic: &'a Block,
    /// Standard deviation of the logarithm of the leg's own noise.
    sigma: f32,
    /// Planned seconds of the leg.
    travel: f32,
    /// Planned seconds at the door.
    service: f32,
}

impl Call<'_> {
    /// Moves the clock over the stop and counts the days on which it is late.
    #[inline(always)]
    fn make(&self, door: &Door, clock: &mut Block) -> u32 {
        let (noise, person, half) = (self.noise, self.person, self.sigma / 2.0);
        let mut late = [0_u32; BLOCK];
        for s in 0..BLOCK {
            let own = exp(self.sigma * (noise.leg[s] - half));
            let arrival = clock[s] + self.travel * self.traffic[s] * person.drive[s] * own;
            late[s] = u32::from(arrival > door.deadline);
            clock[s] = larger(arrival, door.open);
        }
        for &Gap { from, to } in &door.gaps {
            for clock in clock.iter_mut() {
                let waits = (*clock > from) & (*clock < to);
                *clock = if waits { to } else { *clock };
            }
        }
        for s in 0..BLOCK {
            clock[s] += self.service * person.pace[s] * noise.service[s] + noise.incident[s];
        }
        late.iter().sum()
    }
}

impl Door {
    fn new(order: &Order, origin: Timestamp, grace: Seconds) -> Self {
        let windows = order.service_windows();
        let relative = |moment: Timestamp| (moment - origin).0 as f32;
        let gaps = windows.windows(2).map(|pair| Gap {
            from: relative(pair[0].end),
            to: relative(pair[1].start),
        });
        Self {
            open: windows
                .first()
                .map_or(f32::NEG_INFINITY, |window| relative(window.start)),
            gaps: gaps.filter(|gap| gap.from < gap.to).collect(),
            deadline: windows
                .last()
                .map_or(f32::NEG_INFINITY, |window| relative(window.end + grace)),
        }
    }
}

/// One route on all days, as what `pulp` compiles for each width of vector instructions.
struct Run<'a> {
    rehearsal: &'a Rehearsal,
    courier: usize,
    departure: i32,
    steps: &'a [Step],
    late: &'a mut [u32],
}

impl WithSimd for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.rehearsal
            .run(self.courier, self.departure, self.steps, self.late);
    }
}

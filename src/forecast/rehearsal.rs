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
use super::factors::{CourierBlock, ServiceDoubt, Traffic};
use super::itinerary::Gap;
use super::kernel::{NoiseBlock, wait};
use super::spread::{SLOT, Spread};
use crate::model::{Courier, NoiseModel, Order, OrderId, Problem, TimeWindow};
use crate::rng;
use crate::units::{Seconds, Timestamp};

/// Later departures than this (two days) meet the traffic of then.
const SPAN_MAX: i64 = 2 * 86_400;

/// Days on which routes are tried out.
#[derive(Debug)]
pub struct Rehearsal {
    /// Moments are in seconds since this.
    origin: Timestamp,
    n_blocks: usize,
    spread: Spread,
    traffic: Traffic,
    /// By zone, then by slot, the rows of traffic.
    rows: Vec<Vec<usize>>,
    /// By courier, then by block.
    couriers: Vec<CourierBlock>,
    /// By order, then by block.
    noise: Vec<NoiseBlock>,
    /// By order.
    doors: Vec<Door>,
}

/// What an order asks of an arrival.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) open: f32,
    gaps: Vec<Gap>,
    /// Latest arrival that counts as on time.
    deadline: f32,
    /// The zone whose traffic leads here, among those of [`Rehearsal::rows`].
    zone: usize,
    /// What services here take, compared with what is planned, on average.
    service: f32,
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
    /// The number of days is a multiple of this.
    pub const DAYS_STEP: u32 = BLOCK as u32;

    /// Draws `days` days (rounded up to a multiple of [`Self::DAYS_STEP`]) for the orders and couriers of `problem`.
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
        let own_zones: Vec<u64> = (problem.orders.iter())
            .map(|order| zone_key(problem, order))
            .collect();
        // Where zones do not matter, all traffic is that of one.
        let traffic_zone = |zone: u64| if spread.has_zones() { zone } else { 0 };
        let mut zones: Vec<u64> = own_zones.iter().copied().map(traffic_zone).collect();
        zones.sort_unstable();
        zones.dedup();
        let until = problem.couriers.iter().map(|courier| courier.shift.end);
        let slots = slots(origin, until.max().unwrap_or(origin));
        let cells = zones
            .iter()
            .flat_map(|&zone| slots.iter().map(move |&moment| (zone, moment)));
        let traffic = Traffic::new(seed, &spread, origin, cells, n_blocks);
        let rows = |&zone: &u64| {
            let row = |&moment: &Timestamp| traffic.row(zone, moment);
            slots.iter().map(row).collect()
        };
        let rows = zones.iter().map(rows).collect();
        let door = |(order, &zone): (&Order, &u64)| Door {
            zone: zones.binary_search(&traffic_zone(zone)).unwrap_or(0),
            service: spread
                .service_bias(zone)
                .map_or(1.0, |bias| bias.mean_factor()),
            ..Door::new(&order.service_windows(), origin, grace)
        };
        Self {
            origin,
            n_blocks,
            rows,
            couriers: couriers(problem, &spread, seed, n_blocks),
            noise: noise_of(problem, &own_zones, &spread, seed, n_blocks),
            doors: problem.orders.iter().zip(&own_zones).map(door).collect(),
            traffic,
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
                    traffic: self.traffic.factors(block, self.row(door, planned)),
                    sigma: self.spread.leg(i64::from(step.travel)),
                    travel: step.travel as f32,
                    service: step.service as f32 * door.service,
                };
                *late += call.make(door, &mut clock);
                planned = larger(planned + call.travel, door.open) + call.service;
            }
        }
    }

    /// The traffic of a departure for `door`.
    fn row(&self, door: &Door, departure: f32) -> usize {
        let into_slot = self.origin.0.rem_euclid(SLOT);
        let slot = (departure as i64 + into_slot).div_euclid(SLOT).max(0) as usize;
        let rows = &self.rows[door.zone];
        rows[slot.min(rows.len() - 1)]
    }
}

/// Moments in each slot from that of `from` to that of `until`.
pub(super) fn slots(from: Timestamp, until: Timestamp) -> Vec<Timestamp> {
    let span = (until - from).0.clamp(0, SPAN_MAX);
    (0..=span / SLOT + 1)
        .map(|slot| from + Seconds(slot * SLOT))
        .collect()
}

/// The key of the zone that an order lies in.
fn zone_key(problem: &Problem, order: &Order) -> u64 {
    let place = problem.places.get(order.place.index());
    place.map_or(0, |place| draws::key(place.zone().as_str()))
}

/// By courier, then by block, what shifts have in common.
fn couriers(problem: &Problem, spread: &Spread, seed: u64, n_blocks: usize) -> Vec<CourierBlock> {
    let couriers = problem.couriers.iter();
    couriers
        .flat_map(|courier| courier_blocks(courier, spread, seed, n_blocks))
        .collect()
}

/// What the shift of `courier` has in common, by block.
pub(super) fn courier_blocks(
    courier: &Courier,
    spread: &Spread,
    seed: u64,
    n_blocks: usize,
) -> Vec<CourierBlock> {
    let own = spread.courier(&courier.id, courier.start_depot());
    let mut draws = Draws::new(seed, Purpose::Courier, draws::key(courier.id.as_str()));
    (0..n_blocks)
        .map(|_| CourierBlock::draw(&own, &mut draws))
        .collect()
}

/// By order, then by block, the noise of stops; with how far off the biases of services may be.
fn noise_of(
    problem: &Problem,
    zones: &[u64],
    spread: &Spread,
    seed: u64,
    n_blocks: usize,
) -> Vec<NoiseBlock> {
    let orders = problem.orders.iter().zip(zones);
    orders
        .flat_map(|(order, &zone)| stop_blocks(&order.id, zone, spread, seed, n_blocks))
        .collect()
}

/// The noise of the stop at `order` in the zone with key `zone`, by block.
pub(super) fn stop_blocks(
    order: &OrderId,
    zone: u64,
    spread: &Spread,
    seed: u64,
    n_blocks: usize,
) -> Vec<NoiseBlock> {
    let mut draws = Draws::new(seed, Purpose::Stop, draws::key(order.as_str()));
    let mut blocks = vec![NoiseBlock::default(); n_blocks];
    for block in &mut blocks {
        block.draw(spread, &mut draws);
    }
    if let Some(bias) = spread.service_bias(zone) {
        let mut doubt = ServiceDoubt::new(seed, bias);
        for block in &mut blocks {
            let off = doubt.next();
            for s in 0..BLOCK {
                block.service[s] *= off[s];
            }
        }
    }
    blocks
}

/// One stop in one block of days.
pub(super) struct Call<'a> {
    pub(super) noise: &'a NoiseBlock,
    pub(super) person: &'a CourierBlock,
    pub(super) traffic: &'a Block,
    /// Standard deviation of the logarithm of the leg's own noise.
    pub(super) sigma: f32,
    /// Planned seconds of the leg.
    pub(super) travel: f32,
    /// Planned seconds at the door.
    pub(super) service: f32,
}

impl Call<'_> {
    /// Moves the clock over the stop and counts the days on which it is late.
    #[inline(always)]
    pub(super) fn make(&self, door: &Door, clock: &mut Block) -> u32 {
        let (noise, person, half) = (self.noise, self.person, self.sigma / 2.0);
        let mut late = [0_u32; BLOCK];
        for s in 0..BLOCK {
            let own = exp(self.sigma * (noise.leg[s] - half));
            let arrival = clock[s] + self.travel * self.traffic[s] * person.drive[s] * own;
            late[s] = u32::from(arrival > door.deadline);
            clock[s] = larger(arrival, door.open);
        }
        wait(&door.gaps, clock);
        for s in 0..BLOCK {
            clock[s] += self.service * person.pace[s] * noise.service[s] + noise.incident[s];
        }
        late.iter().sum()
    }
}

impl Door {
    /// With the given windows, sorted, and moments in seconds since `origin`.
    pub(super) fn new(windows: &[TimeWindow], origin: Timestamp, grace: Seconds) -> Self {
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
            zone: 0,
            service: 1.0,
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

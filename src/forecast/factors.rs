//! What a whole day or a courier's whole shift has in common: the factors that make promises fail together.
//!
//! Traffic of the city is the same for everyone and everything depends on it, so it is spread evenly over the scenarios (scrambled
//! Sobol points) instead of drawn. The scenarios form [`BATCHES`] batches, each with points scrambled on its own: the
//! batches are independent, which is what the sampling error of the forecast is computed from. Couriers and zones are
//! many, and even points for each cost more time than the scenarios they would save: their factors are drawn.

use std::collections::{BTreeMap, BTreeSet};

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::draws::{BLOCK, Block, Draws, Purpose};
use super::elementary::{exp, ln, normal_pair};
use super::spread::{Bias, CourierSpread, Factor, SLOT, Spread, StartDelay};
use crate::rng;
use crate::units::Timestamp;

/// Independent batches that the scenarios fall into; scenario `s` belongs to batch `s % BATCHES`.
pub const BATCHES: usize = 16;

/// Slots that have traffic of their own; later ones share that of the last.
const SLOTS_MAX: usize = 96;

/// A leg as traffic sees it: the key of the zone that it leads into, and the slot of its departure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Cell {
    zone: u64,
    slot: usize,
}

/// Traffic: for each zone and slot of 30 minutes that a leg needs, a factor for each scenario. Its mean is 1, or that of
/// the bias that holds there.
#[derive(Debug)]
pub(super) struct Traffic {
    first_slot: i64,
    rows: BTreeMap<Cell, usize>,
    /// By row, then by block of scenarios.
    factors: Vec<Vec<Block>>,
}

impl Traffic {
    /// Simulates the traffic of the zones with the given keys at the given moments; the first slot is that of `from`, in
    /// the caller's thread pool.
    ///
    /// The traffic of a zone in a slot depends neither on other zones nor on what comes later.
    pub(super) fn new(
        seed: u64,
        spread: &Spread,
        from: Timestamp,
        departures: impl Iterator<Item = (u64, Timestamp)>,
        n_blocks: usize,
    ) -> Self {
        let first_slot = from.0.div_euclid(SLOT);
        let cells: BTreeSet<Cell> = departures
            .map(|(zone, moment)| Cell {
                zone,
                slot: slot(first_slot, moment),
            })
            .collect();
        let n_slots = cells.iter().map(|cell| cell.slot + 1).max().unwrap_or(0);
        let city: Vec<Vec<Block>> = (0..n_blocks)
            .into_par_iter()
            .map(|block| city_block(seed, spread, n_slots, block))
            .collect();
        let cells: Vec<Cell> = cells.into_iter().collect();
        let zones: Vec<&[Cell]> = cells.chunk_by(|a, b| a.zone == b.zone).collect();
        let factors = zones.into_par_iter().flat_map_iter(|cells| {
            Arch::new().dispatch(Zone {
                seed,
                spread,
                first_slot,
                city: &city,
                cells,
            })
        });
        Self {
            first_slot,
            factors: factors.collect(),
            rows: cells.into_iter().zip(0..).collect(),
        }
    }

    /// The row of a departure at `moment` into the zone with key `zone`, which must be one of those simulated.
    pub(super) fn row(&self, zone: u64, moment: Timestamp) -> usize {
        let slot = slot(self.first_slot, moment);
        self.rows[&Cell { zone, slot }]
    }

    /// The factors of a row for the scenarios of a block.
    pub(super) fn factors(&self, block: usize, row: usize) -> &Block {
        &self.factors[row][block]
    }
}

/// The slot of a departure at `moment`.
fn slot(first_slot: i64, moment: Timestamp) -> usize {
    let slot = moment.0.div_euclid(SLOT).saturating_sub(first_slot);
    usize::try_from(slot).map_or(0, |slot| slot.min(SLOTS_MAX - 1))
}

/// How the hour's traffic goes on into `slot`: the weights of what it was and of what is new.
fn passing(spread: &Spread, slot: usize) -> (f32, f32) {
    let memory = spread.hour_memory;
    match slot {
        0 => (0.0, 1.0),
        _ => (memory, (1.0 - memory * memory).sqrt()),
    }
}

/// Logarithms of what the whole city has in common in each slot.
fn city_block(seed: u64, spread: &Spread, n_slots: usize, block: usize) -> Vec<Block> {
    let mut normals = Vec::new();
    for set in (0..).take(n_slots / 4 + 1) {
        normals.extend(even_normals(seed, Purpose::Traffic, 0, set, block));
    }
    let day = normals[0];
    let mut hour = [0.0; BLOCK];
    let mut slots = Vec::with_capacity(n_slots);
    for (slot, fresh) in normals[1..=n_slots].iter().enumerate() {
        let (keep, renew) = passing(spread, slot);
        for s in 0..BLOCK {
            hour[s] = keep * hour[s] + renew * fresh[s];
        }
        slots.push(std::array::from_fn(|s| {
            spread.day * day[s] + spread.hour_city * hour[s]
        }));
    }
    slots
}

/// One zone's traffic, as what `pulp` compiles for each width of vector instructions.
struct Zone<'a> {
    seed: u64,
    spread: &'a Spread,
    first_slot: i64,
    /// By block, then by slot.
    city: &'a [Vec<Block>],
    /// Of the same zone, in the order of their slots.
    cells: &'a [Cell],
}

impl Zone<'_> {
    /// Rows of factors, one for each cell.
    #[inline(always)]
    fn rows(&self) -> Vec<Vec<Block>> {
        let Self { seed, spread, .. } = *self;
        let zone = self.cells[0].zone;
        let n_slots = self.cells.last().map_or(0, |cell| cell.slot + 1);
        // Two slots share a stream, because normal numbers come in pairs.
        let mut pairs: Vec<Draws> = (0..n_slots.div_ceil(2))
            .map(|pair| Draws::new(seed, Purpose::Zone, rng::hash(zone, &[pair as u64])))
            .collect();
        let mut biases: Vec<Option<(Bias, Draws)>> = (self.cells.iter())
            .map(|cell| {
                let bias = spread.travel_bias(zone, hour(self.first_slot, cell.slot))?;
                Some((bias, Draws::new(seed, Purpose::TravelBias, bias.key)))
            })
            .collect();
        let row = |_: &Cell| vec![[0.0; BLOCK]; self.city.len()];
        let mut rows: Vec<Vec<Block>> = self.cells.iter().map(row).collect();
        let mut fresh = [[0.0; BLOCK]; 2];
        for (block, city) in self.city.iter().enumerate() {
            let mut own = [0.0; BLOCK];
            let mut cells = self.cells.iter().zip(&mut rows).zip(&mut biases).peekable();
            for slot in 0..n_slots {
                if spread.hour_zone > 0.0 {
                    if slot.is_multiple_of(2) {
                        let [first, second] = &mut fresh;
                        pairs[slot / 2].normals(first, second);
                    }
                    let (keep, renew) = passing(spread, slot);
                    let fresh = &fresh[slot % 2];
                    for s in 0..BLOCK {
                        own[s] = keep * own[s] + renew * fresh[s];
                    }
                }
                if let Some(((_, row), bias)) = cells.next_if(|((cell, _), _)| cell.slot == slot) {
                    self.fill(&mut row[block], &city[slot], &own, bias.as_mut());
                }
            }
        }
        rows
    }

    /// Turns logarithms into the factors of a cell.
    #[inline(always)]
    fn fill(
        &self,
        factors: &mut Block,
        city: &Block,
        own: &Block,
        bias: Option<&mut (Bias, Draws)>,
    ) {
        let Spread {
            day,
            hour_city,
            hour_zone,
            ..
        } = *self.spread;
        let mut mean = -(day * day + hour_city * hour_city + hour_zone * hour_zone) / 2.0;
        let mut logs = *own;
        for s in 0..BLOCK {
            logs[s] = city[s] + hour_zone * own[s];
        }
        if let Some((bias, draws)) = bias {
            let Factor { mean: log, sigma } = bias.factor;
            mean += log - sigma * sigma / 2.0;
            if sigma > 0.0 {
                let mut off = [0.0; BLOCK];
                draws.normals(&mut off, &mut [0.0; BLOCK]);
                for s in 0..BLOCK {
                    logs[s] += sigma * off[s];
                }
            }
        }
        for s in 0..BLOCK {
            factors[s] = exp(logs[s] + mean);
        }
    }
}

impl WithSimd for Zone<'_> {
    type Output = Vec<Vec<Block>>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Self::Output {
        self.rows()
    }
}

/// The hour of the day, in UTC, of a slot.
fn hour(first_slot: i64, slot: usize) -> u8 {
    let slot = first_slot.saturating_add(i64::try_from(slot).unwrap_or(i64::MAX));
    u8::try_from((slot.saturating_mul(SLOT) / 3_600).rem_euclid(24)).unwrap_or(0)
}

/// What a courier's whole shift has in common, for the scenarios of one block.
#[derive(Debug)]
pub(super) struct CourierBlock {
    /// Factor on travel times, mean 1.
    pub(super) drive: Block,
    /// Factor on service times, mean 1.
    pub(super) pace: Block,
    /// Seconds by which the route starts late.
    pub(super) start_delay: Block,
}

impl CourierBlock {
    /// The factors of a courier for the next block of their `draws`.
    #[inline(always)]
    pub(super) fn draw(spread: &CourierSpread<'_>, draws: &mut Draws) -> Self {
        let mut factors = Self {
            drive: [0.0; BLOCK],
            pace: [0.0; BLOCK],
            start_delay: [0.0; BLOCK],
        };
        draws.normals(&mut factors.drive, &mut factors.pace);
        draws.uniforms(&mut factors.start_delay);
        let (drive, pace) = (spread.drive, spread.pace);
        for s in 0..BLOCK {
            let factor = |factor: Factor, normal: f32| {
                exp(factor.sigma * (normal - factor.sigma / 2.0) + factor.mean)
            };
            factors.drive[s] = factor(drive, factors.drive[s]);
            factors.pace[s] = factor(pace, factors.pace[s]);
        }
        let delays = factors.start_delay.iter_mut();
        match spread.start_delay {
            StartDelay::Exponential(mean) => delays.for_each(|delay| *delay = -mean * ln(*delay)),
            StartDelay::Quantiles(quantiles) => {
                delays.for_each(|delay| *delay = between(quantiles, *delay));
            }
        }
        factors
    }
}

/// The value at probability `p` of a law with straight lines between `quantiles` at equally spaced probabilities.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an index, at least 0"
)]
pub(super) fn between(quantiles: &[f32], p: f32) -> f32 {
    let at = p * (quantiles.len() - 1) as f32;
    let low = (at as usize).min(quantiles.len() - 2);
    let (from, to) = (quantiles[low], quantiles[low + 1]);
    from + (to - from) * (at - low as f32)
}

/// How far off the bias of services in a zone may be.
pub(super) struct ServiceDoubt {
    sigma: f32,
    draws: Draws,
}

impl ServiceDoubt {
    pub(super) fn new(seed: u64, bias: Bias) -> Self {
        Self {
            sigma: bias.factor.sigma,
            draws: Draws::new(seed, Purpose::ServiceBias, bias.key),
        }
    }

    /// A factor of mean 1 for each scenario of the next block.
    #[inline(always)]
    pub(super) fn next(&mut self) -> Block {
        let (mut off, mut unused) = ([0.0; BLOCK], [0.0; BLOCK]);
        self.draws.normals(&mut off, &mut unused);
        off.map(|off| exp(self.sigma * (off - self.sigma / 2.0)))
    }
}

/// Four standard normal numbers for each scenario of a block.
fn even_normals(seed: u64, purpose: Purpose, key: u64, set: u32, block: usize) -> [Block; 4] {
    let points = even_points(seed, purpose, key, set, block);
    let mut normals = [[0.0; BLOCK]; 4];
    for (s, [t, u, v, w]) in points.into_iter().enumerate() {
        (normals[0][s], normals[1][s]) = normal_pair(t, u);
        (normals[2][s], normals[3][s]) = normal_pair(v, w);
    }
    normals
}

/// A point of the four-dimensional unit cube for each scenario of a block; the points of each batch are spread evenly.
fn even_points(seed: u64, purpose: Purpose, key: u64, set: u32, block: usize) -> [[f32; 4]; BLOCK] {
    /// Moves the points off zero, where logarithms end.
    const OFFSET: f32 = 1.0 / 33_554_432.0;
    let scramble: [u32; BATCHES] =
        std::array::from_fn(|batch| upper(rng::hash(seed, &[purpose as u64, key, batch as u64])));
    let first = index(block * BLOCK / BATCHES);
    std::array::from_fn(|at| {
        let index = first + index(at / BATCHES);
        sobol_burley::sample_4d(index, set, scramble[at % BATCHES]).map(|u| u + OFFSET)
    })
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "scenarios are at most 65,536"
)]
fn index(point: usize) -> u32 {
    point as u32
}

fn upper(word: u64) -> u32 {
    (word >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::fixture::{at, calm, courier_id};
    use crate::model::NoiseModel;

    fn mean(blocks: &[Block]) -> f64 {
        let values = blocks.as_flattened();
        values.iter().map(|x| f64::from(*x)).sum::<f64>() / values.len() as f64
    }

    /// The traffic of every slot from eight o'clock to `to` in each zone.
    fn whole_day(spread: &Spread, zones: &[u64], to: Timestamp, n_blocks: usize) -> Traffic {
        let slots = (at(8, 0).0..=to.0).step_by(1_800);
        let moments =
            slots.flat_map(|moment| zones.iter().map(move |zone| (*zone, Timestamp(moment))));
        Traffic::new(5, spread, at(8, 0), moments, n_blocks)
    }

    #[test]
    fn traffic_has_mean_one_and_the_stated_spread_in_every_slot() {
        let spread = Spread::new(&NoiseModel::default());
        let traffic = whole_day(&spread, &[1], at(20, 0), 64);
        for hour in [8, 12, 20] {
            let row = traffic.row(1, at(hour, 10));
            let factors: Vec<Block> = (0..64).map(|b| *traffic.factors(b, row)).collect();
            assert!((mean(&factors) - 1.0).abs() < 0.002, "{}", mean(&factors));
            let logs: Vec<Block> = factors.iter().map(|block| block.map(f32::ln)).collect();
            let center = mean(&logs);
            let squares: Vec<Block> = logs.iter().map(|block| block.map(|x| x * x)).collect();
            let variance = mean(&squares) - center * center;
            assert!((variance - 0.0089).abs() < 0.0004, "{variance}");
        }
    }

    #[test]
    fn traffic_forgets_in_the_stated_time() {
        let noise = NoiseModel {
            hour_sigma: 0.3,
            hour_time_constant: crate::units::Seconds(7_200),
            ..calm()
        };
        let traffic = whole_day(&Spread::new(&noise), &[1], at(20, 0), 64);
        let correlation = |later: usize| {
            let products: Vec<Block> = (0..64)
                .map(|block| {
                    let first = traffic.factors(block, 3);
                    let second = traffic.factors(block, 3 + later);
                    std::array::from_fn(|s| (first[s].ln() + 0.045) * (second[s].ln() + 0.045))
                })
                .collect();
            mean(&products) / 0.09
        };
        assert!((correlation(1) - (-0.25_f64).exp()).abs() < 0.03);
        assert!((correlation(4) - (-1.0_f64).exp()).abs() < 0.03);
    }

    #[test]
    fn a_longer_day_leaves_the_traffic_before_as_it_is() {
        let spread = Spread::new(&NoiseModel::default());
        let short = whole_day(&spread, &[2], at(9, 0), 1);
        let long = whole_day(&spread, &[1, 2, 3], at(21, 0), 1);
        let bits = |traffic: &Traffic| {
            let row = traffic.row(2, at(8, 59));
            traffic.factors(0, row).map(f32::to_bits)
        };
        assert_eq!(bits(&short), bits(&long));
        assert_eq!(long.row(1, at(3, 0)), long.row(1, at(8, 5)));
    }

    #[test]
    fn zones_share_the_stated_part_of_the_hours_variance() {
        let noise = NoiseModel {
            hour_sigma: 0.4,
            city_share: 0.25,
            ..calm()
        };
        let traffic = whole_day(&Spread::new(&noise), &[1, 2], at(12, 0), 64);
        let logs = |zone: u64| -> Vec<Block> {
            let row = traffic.row(zone, at(11, 0));
            let blocks = (0..64).map(|block| traffic.factors(block, row));
            blocks.map(|block| block.map(|x| x.ln() + 0.08)).collect()
        };
        let product = |a: Block, b: Block| -> Block { std::array::from_fn(|s| a[s] * b[s]) };
        let covariance = |a: u64, b: u64| {
            let pairs = logs(a).into_iter().zip(logs(b));
            let products: Vec<Block> = pairs.map(|(a, b)| product(a, b)).collect();
            mean(&products)
        };
        assert!((covariance(1, 1) - 0.16).abs() < 0.005);
        assert!((covariance(1, 2) - 0.04).abs() < 0.005);
    }

    #[test]
    fn couriers_have_factors_of_mean_one_and_delays_of_the_stated_mean() {
        let spread = Spread::new(&NoiseModel::default());
        let mut draws = Draws::new(5, Purpose::Courier, 42);
        let blocks: Vec<CourierBlock> = (0..64)
            .map(|_| CourierBlock::draw(&spread.courier(&courier_id(1), None), &mut draws))
            .collect();
        let mean_of =
            |row: fn(&CourierBlock) -> Block| mean(&blocks.iter().map(row).collect::<Vec<_>>());
        assert!((mean_of(|block| block.drive) - 1.0).abs() < 0.001);
        assert!((mean_of(|block| block.pace) - 1.0).abs() < 0.001);
        assert!((mean_of(|block| block.start_delay) - 360.0).abs() < 4.0);
    }
}

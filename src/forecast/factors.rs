//! What a whole day or a courier's whole shift has in common: the factors that make promises fail together.
//!
//! Traffic is the same for everyone and everything depends on it, so it is spread evenly over the scenarios (scrambled
//! Sobol points) instead of drawn. The scenarios form [`BATCHES`] batches, each with points scrambled on its own: the
//! batches are independent, which is what the sampling error of the forecast is computed from. Couriers are many, and
//! even points for each cost more time than the scenarios they would save: their factors are drawn.

use rayon::prelude::*;

use super::draws::{BLOCK, Block, Draws, Purpose};
use super::elementary::{exp, ln, normal_pair};
use super::spread::{SLOT, Spread};
use crate::rng;
use crate::units::Timestamp;

/// Independent batches that the scenarios fall into; scenario `s` belongs to batch `s % BATCHES`.
pub(super) const BATCHES: usize = 16;

/// Slots that have traffic of their own; later ones share that of the last.
const SLOTS_MAX: usize = 96;

/// Traffic that all couriers share: a factor of mean 1 for each slot of 30 minutes and each scenario.
#[derive(Debug)]
pub(super) struct Traffic {
    first_slot: i64,
    /// By block of scenarios, then by slot.
    factors: Vec<Vec<Block>>,
}

impl Traffic {
    /// Simulates the slots from the one that holds `from` to the one that holds `to`, in the caller's thread pool.
    ///
    /// The traffic of a slot does not depend on `to`.
    pub(super) fn new(
        seed: u64,
        spread: &Spread,
        from: Timestamp,
        to: Timestamp,
        n_blocks: usize,
    ) -> Self {
        let first_slot = from.0.div_euclid(SLOT);
        let n_slots = to.0.div_euclid(SLOT).saturating_sub(first_slot);
        let n_slots = usize::try_from(n_slots).map_or(1, |last| last.min(SLOTS_MAX - 1) + 1);
        let factors = (0..n_blocks)
            .into_par_iter()
            .map(|block| traffic_block(seed, spread, n_slots, block))
            .collect();
        Self {
            first_slot,
            factors,
        }
    }

    /// The slot of a departure at `moment`.
    pub(super) fn slot(&self, moment: Timestamp) -> usize {
        let slot = moment.0.div_euclid(SLOT).saturating_sub(self.first_slot);
        let n_slots = self.factors.first().map_or(1, Vec::len);
        usize::try_from(slot).map_or(0, |slot| slot.min(n_slots - 1))
    }

    /// The factors of `slot` for the scenarios of a block.
    pub(super) fn factors(&self, block: usize, slot: usize) -> &Block {
        &self.factors[block][slot]
    }
}

fn traffic_block(seed: u64, spread: &Spread, n_slots: usize, block: usize) -> Vec<Block> {
    let renewal = (1.0 - spread.hour_memory * spread.hour_memory).sqrt();
    let mut normals = Vec::new();
    for set in (0..).take(n_slots / 4 + 1) {
        normals.extend(even_normals(seed, Purpose::Traffic, 0, set, block));
    }
    let day = normals[0];
    let mut hour = [0.0; BLOCK];
    let mut slots = Vec::with_capacity(n_slots);
    for (slot, fresh) in normals[1..=n_slots].iter().enumerate() {
        let (keep, renew) = if slot == 0 {
            (0.0, 1.0)
        } else {
            (spread.hour_memory, renewal)
        };
        let mean = (spread.day * spread.day + spread.hour * spread.hour) / 2.0;
        let mut factor = [0.0; BLOCK];
        for s in 0..BLOCK {
            hour[s] = keep * hour[s] + renew * fresh[s];
            factor[s] = exp(spread.day * day[s] + spread.hour * hour[s] - mean);
        }
        slots.push(factor);
    }
    slots
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
    /// The factors of the courier for the next block of their `draws`.
    ///
    /// The start delay's law, a gamma distribution whose mean is its standard deviation, is the exponential.
    #[inline(always)]
    pub(super) fn draw(spread: &Spread, draws: &mut Draws) -> Self {
        let mut factors = Self {
            drive: [0.0; BLOCK],
            pace: [0.0; BLOCK],
            start_delay: [0.0; BLOCK],
        };
        draws.normals(&mut factors.drive, &mut factors.pace);
        draws.uniforms(&mut factors.start_delay);
        for s in 0..BLOCK {
            factors.drive[s] = exp(spread.drive * (factors.drive[s] - spread.drive / 2.0));
            factors.pace[s] = exp(spread.pace * (factors.pace[s] - spread.pace / 2.0));
            factors.start_delay[s] = -spread.start_delay * ln(factors.start_delay[s]);
        }
        factors
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
    use crate::forecast::fixture::{at, calm};
    use crate::model::NoiseModel;

    fn mean(blocks: &[Block]) -> f64 {
        let values = blocks.as_flattened();
        values.iter().map(|x| f64::from(*x)).sum::<f64>() / values.len() as f64
    }

    #[test]
    fn traffic_has_mean_one_and_the_stated_spread_in_every_slot() {
        let spread = Spread::new(&NoiseModel::default());
        let traffic = Traffic::new(5, &spread, at(8, 0), at(20, 0), 64);
        for hour in [8, 12, 20] {
            let slot = traffic.slot(at(hour, 10));
            let factors: Vec<Block> = (0..64).map(|b| *traffic.factors(b, slot)).collect();
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
        let traffic = Traffic::new(5, &Spread::new(&noise), at(8, 0), at(20, 0), 64);
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
        let short = Traffic::new(5, &spread, at(8, 0), at(9, 0), 1);
        let long = Traffic::new(5, &spread, at(8, 0), at(21, 0), 1);
        let bits = |traffic: &Traffic| traffic.factors(0, 2).map(f32::to_bits);
        assert_eq!(bits(&short), bits(&long));
        assert_eq!(long.slot(at(23, 0)), long.slot(at(21, 5)));
        assert_eq!(long.slot(at(3, 0)), 0);
    }

    #[test]
    fn couriers_have_factors_of_mean_one_and_delays_of_the_stated_mean() {
        let spread = Spread::new(&NoiseModel::default());
        let mut draws = Draws::new(5, Purpose::Courier, 42);
        let blocks: Vec<CourierBlock> = (0..64)
            .map(|_| CourierBlock::draw(&spread, &mut draws))
            .collect();
        let mean_of =
            |row: fn(&CourierBlock) -> Block| mean(&blocks.iter().map(row).collect::<Vec<_>>());
        assert!((mean_of(|block| block.drive) - 1.0).abs() < 0.001);
        assert!((mean_of(|block| block.pace) - 1.0).abs() < 0.001);
        assert!((mean_of(|block| block.start_delay) - 360.0).abs() < 4.0);
    }
}

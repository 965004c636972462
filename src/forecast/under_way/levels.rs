//! The level of traffic that couriers share: of the day, of the hour in the whole city, and of the hour in a zone.
//!
//! What ways took goes into sums by zone and half hour, whole numbers that do not depend on the sequence in which they
//! come. From these, the levels up to now follow by Gaussian conditioning: the day's level stays, the hour's forgets
//! (Kalman filter). One courier's ways have that courier's own pace in common; they count together for less, by how little
//! is known of it.

use super::learner::Gauss;
use crate::forecast::spread::Spread;

/// Half hours that are told apart.
pub(super) const SLOTS: usize = 96;

/// What the standard deviation of the day's level is compared with what the noise model says.
const DAY_RATIOS: [f64; 4] = [0.65, 1.0, 1.5, 2.3];

/// What that of the hour's is.
const HOUR_RATIOS: [f64; 3] = [0.7, 1.0, 1.4];

/// How far off the noise model's are taken to be before anything is seen, as the standard deviation of a logarithm.
const RATIO_SIGMA: f64 = 0.4;

/// Parts of one in which sums are counted.
const MICRO: f64 = 1e6;

/// Variances of the levels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Prior {
    pub(super) day: f64,
    pub(super) city: f64,
    pub(super) zone: f64,
    /// Correlation of the hour's level from one half hour to the next.
    pub(super) memory: f64,
}

impl Prior {
    pub(super) fn new(spread: &Spread) -> Self {
        let square = |sigma: f32| f64::from(sigma).powi(2);
        Self {
            day: square(spread.day),
            city: square(spread.hour_city),
            zone: square(spread.hour_zone),
            memory: f64::from(spread.hour_memory),
        }
    }

    /// Of all levels together.
    pub(super) fn total(&self) -> f64 {
        self.day + self.city + self.zone
    }
}

/// What ways into one zone in one half hour took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Cell {
    /// Sum of weights, in millionths.
    weight: i64,
    /// Weighted sum of logarithms, in millionths.
    value: i64,
    /// Weighted sum of half their variances by the noise model, in millionths.
    correction: i64,
}

/// What one courier's ways say of one cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Share {
    zone: usize,
    slot: usize,
    cell: Cell,
}

/// One way, compared with its plan and the courier's usual.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub(super) zone: usize,
    pub(super) slot: usize,
    /// Logarithm of what it took compared with what is usual, but for the noise of single legs.
    pub(super) log: f64,
    /// Variance of the noise of single legs by the noise model.
    pub(super) variance: f64,
    /// How much it counts, 1 over a variance.
    pub(super) weight: f64,
}

/// What `ways` of a courier, whose own pace has the given variance, say.
pub(super) fn shares(ways: &[Way], own_variance: f64) -> Vec<Share> {
    let total: f64 = ways.iter().map(|way| way.weight).sum();
    let together = 1.0 / (1.0 + own_variance * total);
    let share = |way: &Way| Share {
        zone: way.zone,
        slot: way.slot.min(SLOTS - 1),
        cell: Cell {
            weight: micro(together * way.weight),
            value: micro(together * way.weight * way.log),
            correction: micro(together * way.weight * way.variance / 2.0),
        },
    };
    ways.iter().map(share).collect()
}

/// What all couriers' ways say.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Levels {
    prior: Prior,
    /// By slot, then by zone.
    cells: Vec<Vec<Cell>>,
    /// By slot: what it says of the whole city.
    slots: Vec<Slot>,
}

/// What a half hour says of the whole city.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Slot {
    weight: f64,
    value: f64,
    correction: f64,
}

/// What is known of the shared levels, up to the half hour of now.
#[derive(Clone, Debug)]
pub(super) struct Belief {
    /// Level of day and city together, by slot.
    pub(super) path: Vec<Gauss>,
    /// The day's level now.
    pub(super) day: Gauss,
    /// The city's now.
    pub(super) city: Gauss,
    /// Covariance of the two.
    pub(super) covariance: f64,
}

impl Levels {
    pub(super) fn new(prior: Prior, n_zones: usize) -> Self {
        Self {
            prior,
            cells: vec![vec![Cell::default(); n_zones]; SLOTS],
            slots: vec![Slot::default(); SLOTS],
        }
    }

    /// Takes what a courier's ways say now instead of what they said before.
    pub(super) fn replace(&mut self, old: &[Share], new: &[Share]) {
        for (shares, sign) in [(old, -1), (new, 1)] {
            for Share { zone, slot, cell } in shares {
                let total = &mut self.cells[*slot][*zone];
                total.weight += sign * cell.weight;
                total.value += sign * cell.value;
                total.correction += sign * cell.correction;
            }
        }
        let mut touched: Vec<usize> = old.iter().chain(new).map(|share| share.slot).collect();
        touched.sort_unstable();
        touched.dedup();
        for slot in touched {
            self.slots[slot] = self.summed(slot);
        }
    }

    /// What a half hour says of the whole city: zones differ by their own levels.
    fn summed(&self, slot: usize) -> Slot {
        let mut sum = Slot::default();
        for cell in self.cells[slot].iter().filter(|cell| cell.weight > 0) {
            let own = cell.weight as f64 / MICRO;
            let weight = 1.0 / (1.0 / own + self.prior.zone);
            sum.weight += weight;
            sum.value += weight * cell.value as f64 / cell.weight as f64;
            sum.correction += weight * cell.correction as f64 / cell.weight as f64;
        }
        sum
    }

    /// The shared levels up to the half hour `now`, if variances of single legs are `scale` times those of the noise
    /// model.
    ///
    /// How much the day's and the hour's levels vary is learnt from the same half hours: a level that is far off says that
    /// days vary more than the noise model has it, and counts for more.
    pub(super) fn belief(&self, now: usize, scale: f64) -> Belief {
        let mut squares = [0.0; 2];
        let mut total = 0.0;
        let candidates = DAY_RATIOS
            .iter()
            .flat_map(|day| HOUR_RATIOS.map(|hour| [*day, hour]));
        let candidates: Vec<([f64; 2], f64)> = candidates
            .map(|ratios| {
                let unlikely: f64 = ratios
                    .iter()
                    .map(|ratio| (ratio.ln() / RATIO_SIGMA).powi(2))
                    .sum();
                let (_, log) = self.filter(now, scale, ratios.map(|ratio| ratio * ratio));
                (ratios, log - unlikely / 2.0)
            })
            .collect();
        let highest = candidates
            .iter()
            .map(|(_, log)| *log)
            .fold(f64::MIN, f64::max);
        for (ratios, log) in candidates {
            let weight = (log - highest).exp();
            total += weight;
            for (square, ratio) in squares.iter_mut().zip(ratios) {
                *square += weight * ratio * ratio;
            }
        }
        self.filter(now, scale, squares.map(|square| square / total))
            .0
    }

    /// The shared levels if variances of the day's and of the hour's are so many times those of the noise model, and the
    /// logarithm of how likely what was seen then is, but for a constant.
    fn filter(&self, now: usize, scale: f64, [of_day, of_hour]: [f64; 2]) -> (Belief, f64) {
        let Prior {
            day, city, memory, ..
        } = self.prior;
        let (day, city) = (day * of_day, city * of_hour);
        let mut belief = Belief {
            path: Vec::with_capacity(now + 1),
            day: Gauss {
                mean: 0.0,
                variance: day,
            },
            city: Gauss {
                mean: 0.0,
                variance: city,
            },
            covariance: 0.0,
        };
        let mut log = 0.0;
        for (number, slot) in self.slots[..=now.min(SLOTS - 1)].iter().enumerate() {
            if number > 0 {
                belief.city.mean *= memory;
                belief.city.variance *= memory * memory;
                belief.city.variance += (1.0 - memory * memory) * city;
                belief.covariance *= memory;
            }
            if slot.weight > 0.0 {
                let seen = (slot.value + scale * slot.correction) / slot.weight;
                log += belief.see(seen, 1.0 / slot.weight);
            }
            belief.path.push(belief.both());
        }
        (belief, log)
    }

    /// The own level of `zone` by half hour, beside `belief` of the whole city.
    pub(super) fn zone(&self, zone: usize, belief: &Belief, scale: f64) -> Vec<Gauss> {
        let Prior {
            zone: variance,
            memory,
            ..
        } = self.prior;
        let mut level = Gauss {
            mean: 0.0,
            variance,
        };
        let mut path = Vec::with_capacity(belief.path.len());
        for (slot, city) in belief.path.iter().enumerate() {
            if slot > 0 {
                level.mean *= memory;
                level.variance =
                    memory * memory * level.variance + (1.0 - memory * memory) * variance;
            }
            let cell = self.cells[slot][zone];
            if cell.weight > 0 {
                let weight = cell.weight as f64;
                let seen = (cell.value as f64 + scale * cell.correction as f64) / weight;
                let noise = MICRO / weight + city.variance;
                let gain = level.variance / (level.variance + noise);
                level.mean += gain * (seen - city.mean - level.mean);
                level.variance *= 1.0 - gain;
            }
            path.push(level);
        }
        path
    }
}

impl Belief {
    /// Level of day and city together.
    fn both(&self) -> Gauss {
        Gauss {
            mean: self.day.mean + self.city.mean,
            variance: self.day.variance + self.city.variance + 2.0 * self.covariance,
        }
    }

    /// Takes `seen`, the level of day and city with noise of the given variance; returns the logarithm of how likely it
    /// was, but for a constant.
    fn see(&mut self, seen: f64, noise: f64) -> f64 {
        let both = self.both();
        let off = seen - both.mean;
        let total = both.variance + noise;
        let day = (self.day.variance + self.covariance) / total;
        let city = (self.city.variance + self.covariance) / total;
        self.day.mean += day * off;
        self.city.mean += city * off;
        self.day.variance -= day * day * total;
        self.city.variance -= city * city * total;
        self.covariance -= day * city * total;
        -off * off / (2.0 * total) - total.ln() / 2.0
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "weights are below 10^9, logarithms below 10"
)]
fn micro(value: f64) -> i64 {
    (value * MICRO).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIOR: Prior = Prior {
        day: 0.0025,
        city: 0.0032,
        zone: 0.0032,
        memory: 0.88,
    };

    /// Ways of one courier into `zone` in a slot, all `log` longer than usual.
    fn ways(zone: usize, slot: usize, n: usize, log: f64) -> Vec<Way> {
        let way = Way {
            zone,
            slot,
            log: log - 0.04,
            variance: 0.08,
            weight: 12.5,
        };
        vec![way; n]
    }

    #[test]
    fn many_couriers_held_up_alike_are_held_up_by_traffic() {
        let mut levels = Levels::new(PRIOR, 2);
        for _ in 0..50 {
            for zone in [0, 1] {
                levels.replace(&[], &shares(&ways(zone, 3, 4, 0.2), 0.006));
            }
        }
        let belief = levels.belief(3, 1.0);
        assert!(
            (belief.path[3].mean - 0.17).abs() < 0.03,
            "{:?}",
            belief.path
        );
        // An hour and a half later, the day's part is still there, the hour's fades.
        let later = levels.belief(6, 1.0).path[6];
        assert!(
            later.mean < belief.path[3].mean && later.mean > 0.08,
            "{later:?}"
        );
        assert!(later.variance > belief.path[3].variance);
    }

    #[test]
    fn one_courier_alone_says_little_of_the_city() {
        let mut levels = Levels::new(PRIOR, 1);
        levels.replace(&[], &shares(&ways(0, 0, 40, 0.3), 0.006));
        let alone = levels.belief(0, 1.0).path[0];
        assert!(alone.mean < 0.15, "{alone:?}");
        assert!(alone.variance > 0.002, "{alone:?}");
    }

    #[test]
    fn a_zone_that_differs_from_the_city_has_a_level_of_its_own() {
        let mut levels = Levels::new(PRIOR, 5);
        for _ in 0..40 {
            for zone in 0..5 {
                let log = if zone == 4 { 0.2 } else { 0.0 };
                levels.replace(&[], &shares(&ways(zone, 0, 5, log), 0.006));
            }
        }
        let belief = levels.belief(0, 1.0);
        let [calm, jammed] = [0, 4].map(|zone| levels.zone(zone, &belief, 1.0)[0]);
        assert!(jammed.mean > 0.1, "{jammed:?}");
        assert!(calm.mean.abs() < 0.05, "{calm:?}");
    }

    #[test]
    fn what_is_replaced_leaves_no_trace() {
        let mut levels = Levels::new(PRIOR, 2);
        let empty = levels.clone();
        let first = shares(&ways(0, 2, 3, 0.1), 0.006);
        let second = shares(&ways(1, 4, 5, -0.1), 0.006);
        levels.replace(&[], &first);
        levels.replace(&first, &second);
        levels.replace(&second, &[]);
        assert_eq!(levels, empty);
    }
}

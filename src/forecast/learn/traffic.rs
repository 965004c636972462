//! Traffic of day and hour, told apart by how fast the hour's forgets.
//!
//! Two months hardly tell a day's traffic from an hour's that lasts for most of a day. Which memory the hour's traffic has
//! is therefore not left to the history alone: its logarithm is normal around that of the noise model before, with the
//! standard deviation [`MEMORY_DOUBT`]. The standard deviations of day and hour have a flat prior. Answers are means over
//! what the history leaves possible.
//!
//! The mean residuals of the half hours of a day are jointly normal: the day's level, traffic that fades with the time
//! between and that zones share in part, couriers' days, and the noise of single legs.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::observe::Leg;
use super::travel::leg_variance;
use crate::forecast::spread::SLOT;
use crate::units::Seconds;

/// Standard deviation of the logarithm of the hour's memory, before the history: a factor of 1.8 either way.
const MEMORY_DOUBT: f64 = 0.6;

/// Memories that are tried, in standard deviations of the prior.
const MEMORIES: [f64; 7] = [-2.4, -1.6, -0.8, 0.0, 0.8, 1.6, 2.4];

/// Standard deviations of day and of hour that are tried, each.
const STEPS: usize = 16;

/// The shortest and the longest memory, in slots of half an hour.
const SLOTS: [f64; 2] = [0.2, 48.0];

/// A number with its standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Measured {
    pub(super) value: f64,
    pub(super) error: f64,
}

/// Standard deviations of the traffic of day and hour, and the memory of the hour's in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Traffic {
    pub(super) day: Measured,
    pub(super) hour: Measured,
    pub(super) memory: Measured,
}

/// What has to be known besides the legs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'a> {
    /// Residual of each leg.
    pub(super) residuals: &'a [f64],
    /// Mean residual of each courier.
    pub(super) couriers: &'a [(f64, usize)],
    /// Variance of legs.
    pub(super) spread: [f64; 2],
    /// Share of the hour's traffic that the city has in common.
    pub(super) city_share: f64,
    /// Variance of a courier's driving from day to day.
    pub(super) daily: f64,
    /// Memory of the hour's traffic before.
    pub(super) memory: Seconds,
}

/// The half hours of one day in which there are legs.
struct Day {
    slots: Vec<i64>,
    means: Vec<f64>,
    /// Variances of the means, from single legs.
    own: Vec<f64>,
    /// How much of their zones two half hours share, from 0 to 1, row by row up to the diagonal.
    zones: Vec<f64>,
    /// How much of their couriers.
    couriers: Vec<f64>,
}

/// What the legs of a half hour are made of: shares that sum to 1.
#[derive(Clone, Debug, Default)]
struct Mix(BTreeMap<usize, f64>);

impl Mix {
    fn add(&mut self, key: usize, weight: f64) {
        *self.0.entry(key).or_default() += weight;
    }

    /// The covariance of two means whose parts with the same key are the same, with variance 1.
    fn overlap(&self, other: &Self) -> f64 {
        let common = self.0.iter();
        let common = common.filter_map(|(key, weight)| Some(weight * other.0.get(key)?));
        common.sum::<f64>() / (self.sum() * other.sum())
    }

    fn sum(&self) -> f64 {
        self.0.values().sum()
    }
}

/// What the residuals of `legs` say of traffic.
pub(super) fn traffic(legs: &[Leg], context: &Context<'_>) -> Traffic {
    let days = days(legs, context);
    let slots = (context.memory.0.max(1) as f64 / SLOT as f64).clamp(SLOTS[0], SLOTS[1]);
    let limit = limit(&days);
    let sigma = |step: usize| limit * (step as f64 + 0.5) / STEPS as f64;
    let pairs: Vec<(f64, usize)> = (MEMORIES.iter())
        .flat_map(|normal| (0..STEPS).map(move |step| (*normal, step)))
        .collect();
    let tried = pairs.par_iter().flat_map_iter(|&(normal, step)| {
        let memory = (slots * (MEMORY_DOUBT * normal).exp()).clamp(SLOTS[0], SLOTS[1]);
        let hour = sigma(step);
        let parts = days
            .iter()
            .filter_map(|day| Parts::of(day, context, hour * hour, memory));
        let parts: Vec<Parts> = parts.collect();
        (0..STEPS).map(move |step| {
            let day = sigma(step);
            let fits = parts.iter().map(|parts| parts.log_density(day * day));
            let fit = fits.sum::<f64>() - normal * normal / 2.0;
            (fit, [day, hour, memory.ln()])
        })
    });
    let tried: Vec<(f64, [f64; 3])> = tried.collect();
    let [day, hour, log_memory] = means(&tried);
    let memory = log_memory.value.exp() * SLOT as f64;
    Traffic {
        day,
        hour,
        memory: Measured {
            value: memory,
            error: memory * log_memory.error,
        },
    }
}

/// Means and standard deviations of numbers that each have a logarithm of their weight.
fn means(tried: &[(f64, [f64; 3])]) -> [Measured; 3] {
    let fits = tried.iter().map(|(fit, _)| *fit);
    let best = fits.fold(f64::NEG_INFINITY, f64::max);
    let mut total = 0.0;
    let mut sums = [[0.0; 2]; 3];
    for (fit, numbers) in tried {
        let weight = (fit - best).exp();
        total += weight;
        for (sum, number) in sums.iter_mut().zip(numbers) {
            sum[0] += weight * number;
            sum[1] += weight * number * number;
        }
    }
    sums.map(|[sum, squares]| {
        let value = sum / total;
        let error = (squares / total - value * value).max(0.0).sqrt();
        Measured { value, error }
    })
}

fn days(legs: &[Leg], context: &Context<'_>) -> Vec<Day> {
    let mut slots: BTreeMap<usize, BTreeMap<i64, (f64, Mix, Mix)>> = BTreeMap::new();
    for (leg, residual) in legs.iter().zip(context.residuals) {
        let weight = 1.0 / leg_variance(leg, context.spread).max(1e-4);
        let (of_courier, _) = context.couriers[leg.courier];
        let of_day = slots.entry(leg.day).or_default();
        let (sum, zones, couriers) = of_day.entry(leg.slot).or_default();
        *sum += weight * (residual - of_courier);
        zones.add(leg.zone, weight);
        couriers.add(leg.courier, weight);
    }
    let day = |slots: BTreeMap<i64, (f64, Mix, Mix)>| {
        let mixes: Vec<&(f64, Mix, Mix)> = slots.values().collect();
        let pairs = || (0..mixes.len()).flat_map(|row| (0..=row).map(move |column| (row, column)));
        let zones = pairs().map(|(row, column)| mixes[row].1.overlap(&mixes[column].1));
        let couriers = pairs().map(|(row, column)| mixes[row].2.overlap(&mixes[column].2));
        Day {
            slots: slots.keys().copied().collect(),
            means: (mixes.iter().map(|(sum, zones, _)| sum / zones.sum())).collect(),
            own: (mixes.iter().map(|(_, zones, _)| 1.0 / zones.sum())).collect(),
            zones: zones.collect(),
            couriers: couriers.collect(),
        }
    };
    slots.into_values().map(day).collect()
}

/// A standard deviation that neither day nor hour can have.
fn limit(days: &[Day]) -> f64 {
    let points = || days.iter().flat_map(|day| day.means.iter().zip(&day.own));
    let squares = points().map(|(mean, own)| mean.powi(2) - own);
    let variance = squares.sum::<f64>() / points().count().max(1) as f64;
    (1.8 * variance.max(0.0).sqrt()).max(0.01)
}

/// What the density of a day's means is made of, but for the day's own level.
struct Parts {
    log_determinant: f64,
    /// The quadratic form of the means with themselves, of the means with ones, and of ones with themselves.
    squares: f64,
    sum: f64,
    ones: f64,
}

impl Parts {
    /// Of `day`, where the hour's traffic has the variance `hour` and forgets in `memory` slots; `None` if rounding makes
    /// the covariance singular.
    fn of(day: &Day, context: &Context<'_>, hour: f64, memory: f64) -> Option<Self> {
        let n = day.slots.len();
        let mut lower = Vec::with_capacity(n * (n + 1) / 2);
        for row in 0..n {
            for column in 0..=row {
                let at = lower.len();
                let lag = (day.slots[row] - day.slots[column]) as f64;
                let shared = context.city_share + (1.0 - context.city_share) * day.zones[at];
                let own = if row == column { day.own[row] } else { 0.0 };
                let traffic = hour * shared * (-lag / memory).exp();
                lower.push(traffic + context.daily * day.couriers[at] + own);
            }
        }
        factorize(&mut lower, n)?;
        let means = forward(&lower, &day.means);
        let ones = forward(&lower, &vec![1.0; n]);
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let diagonal = (0..n).map(|row| lower[row * (row + 3) / 2].ln());
        Some(Self {
            log_determinant: 2.0 * diagonal.sum::<f64>(),
            squares: dot(&means, &means),
            sum: dot(&means, &ones),
            ones: dot(&ones, &ones),
        })
    }

    /// Logarithm of the density, up to a constant, where the day's level has the variance `day`.
    fn log_density(&self, day: f64) -> f64 {
        let growth = 1.0 + day * self.ones;
        let form = self.squares - day * self.sum * self.sum / growth;
        -(self.log_determinant + growth.ln() + form) / 2.0
    }
}

/// Replaces a covariance of `n` numbers, row by row up to the diagonal, by its Cholesky factor.
fn factorize(lower: &mut [f64], n: usize) -> Option<()> {
    for row in 0..n {
        let start = row * (row + 1) / 2;
        for column in 0..=row {
            let other = column * (column + 1) / 2;
            let products = (0..column).map(|k| lower[start + k] * lower[other + k]);
            let rest = lower[start + column] - products.sum::<f64>();
            lower[start + column] = if row == column {
                Some(rest.sqrt()).filter(|root| *root > 1e-9)?
            } else {
                rest / lower[other + column]
            };
        }
    }
    Some(())
}

/// Solves a lower triangle for `right`.
fn forward(lower: &[f64], right: &[f64]) -> Vec<f64> {
    let mut solved: Vec<f64> = Vec::with_capacity(right.len());
    for (row, value) in right.iter().enumerate() {
        let start = row * (row + 1) / 2;
        let known = (solved.iter().zip(&lower[start..])).map(|(solved, factor)| solved * factor);
        let rest = value - known.sum::<f64>();
        solved.push(rest / lower[start + row]);
    }
    solved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_density_of_two_half_hours_is_that_of_the_normal_law() {
        let day = Day {
            slots: vec![3, 5],
            means: vec![0.3, -0.1],
            own: vec![0.02, 0.03],
            zones: vec![1.0, 0.4, 0.8],
            couriers: vec![0.5, 0.25, 0.5],
        };
        let context = Context {
            residuals: &[],
            couriers: &[],
            spread: [0.0; 2],
            city_share: 0.6,
            daily: 0.01,
            memory: Seconds(0),
        };
        let (level, hour, memory) = (0.04, 0.09, 3.0);
        let a = level + hour + 0.005 + 0.02;
        let d = level + hour * (0.6 + 0.4 * 0.8) + 0.005 + 0.03;
        let b = level + hour * (0.6 + 0.4 * 0.4) * (-2.0_f64 / memory).exp() + 0.0025;
        let determinant = a * d - b * b;
        let form = (d * 0.09 - 2.0 * b * 0.3 * -0.1 + a * 0.01) / determinant;
        let expected = -(determinant.ln() + form) / 2.0;
        let parts = Parts::of(&day, &context, hour, memory).unwrap();
        assert!((parts.log_density(level) - expected).abs() < 1e-12);
    }

    #[test]
    fn means_do_not_depend_on_how_likely_everything_is() {
        let tried = |offset: f64| {
            [
                (offset, [1.0, 0.0, 2.0]),
                (offset + 3.0_f64.ln(), [3.0, 0.0, 2.0]),
            ]
        };
        for offset in [0.0, -1e5, 1e5] {
            let [first, second, third] = means(&tried(offset));
            assert!((first.value - 2.5).abs() < 1e-9, "{first:?}");
            assert!((first.error - 0.75_f64.sqrt()).abs() < 1e-9);
            assert_eq!(second, Measured::default());
            assert!((third.value - 2.0).abs() < 1e-12);
        }
    }
}

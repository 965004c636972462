//! Whether what was forecast is what happened: of chances, of arrival times, of the rate of a day.
//!
//! Knows nothing of orders and couriers. What happened on one day has its causes in common, so that days, not stops,
//! are what can be counted on: every interval and test here that matters takes whole days.

mod judgement;
mod rank;
mod recalibration;
mod reliability;

use std::collections::BTreeMap;

use super::statistics::t_quantile;
pub use judgement::{Case, DayCase, DayJudgement, Judgement};
pub use rank::{BANDS, Coverage, Histogram, PIT_BINS, Rank, crps};
pub use recalibration::{MIN_DAYS, MIN_OUTCOMES, Recalibration};
pub use reliability::{Bin, EDGES, Reliability};

/// The 97.5 % quantile of the normal law.
const NORMAL_975: f64 = 1.959_963_985;

/// A chance that was forecast, and what came of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// The day, as any number that tells days apart.
    pub day: i64,
    /// The chance, from 0 to 1; 0 and 1 themselves are allowed.
    pub predicted: f64,
    /// Whether it happened.
    pub happened: bool,
}

/// A share between two bounds of its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

/// Sorts `items` into groups, for a report on each: by lead time, zone, promised window or courier.
pub fn groups<T: Copy, K: Ord>(items: &[T], key: impl Fn(&T) -> K) -> BTreeMap<K, Vec<T>> {
    let mut groups: BTreeMap<K, Vec<T>> = BTreeMap::new();
    for item in items {
        groups.entry(key(item)).or_default().push(*item);
    }
    groups
}

/// The 95 % interval of a share of `hits` in `n` independent trials; 0 to 1 without trials.
///
/// Source: Wilson (1927).
fn wilson(hits: f64, n: f64) -> Bounds {
    if n <= 0.0 {
        return Bounds {
            low: 0.0,
            high: 1.0,
        };
    }
    let (share, z2) = (hits / n, NORMAL_975 * NORMAL_975);
    let center = (hits + z2 / 2.0) / (n + z2);
    let half = NORMAL_975 / (n + z2) * (hits * (1.0 - share) + z2 / 4.0).sqrt();
    Bounds {
        low: (center - half).clamp(0.0, share),
        high: (center + half).clamp(share, 1.0),
    }
}

/// Sums of one day.
#[derive(Clone, Copy, Debug, Default)]
struct DaySum {
    n: f64,
    sum: f64,
}

/// Sums of values by day, in the sequence of the days.
fn by_day(values: impl Iterator<Item = (i64, f64)>) -> Vec<DaySum> {
    let mut days: BTreeMap<i64, DaySum> = BTreeMap::new();
    for (day, value) in values {
        let day = days.entry(day).or_default();
        day.n += 1.0;
        day.sum += value;
    }
    days.into_values().collect()
}

/// Variance of the mean over all values, with days as the units that are independent; `None` of fewer than two days.
fn variance_of_mean(days: &[DaySum]) -> Option<f64> {
    let n_days = days.len() as f64;
    let n: f64 = days.iter().map(|day| day.n).sum();
    let mean = days.iter().map(|day| day.sum).sum::<f64>() / n;
    let squares = days.iter().map(|day| (day.sum - day.n * mean).powi(2));
    (days.len() >= 2).then(|| n_days / (n_days - 1.0) * squares.sum::<f64>() / (n * n))
}

/// Half the width of the 95 % interval of the mean over all values, with days as the units that are independent; `None` of
/// fewer than two days.
fn margin(days: &[DaySum]) -> Option<f64> {
    let variance = variance_of_mean(days)?;
    Some(t_quantile(days.len() - 1) * variance.sqrt())
}

/// The 95 % interval of the share that values from 0 to 1 have as their mean, with days as the units that are independent;
/// `None` of fewer than two days.
fn share_by_days(days: &[DaySum]) -> Option<Bounds> {
    let n: f64 = days.iter().map(|day| day.n).sum();
    let mean = days.iter().map(|day| day.sum).sum::<f64>() / n;
    margin(days).map(|margin| Bounds {
        low: (mean - margin).max(0.0),
        high: (mean + margin).min(1.0),
    })
}

/// How many times the variance of independent values that of the mean is, for values that are 0 or 1; `None` where it
/// cannot be told: of fewer than two days, or if all values are the same.
fn design_effect(days: &[DaySum]) -> Option<f64> {
    let n: f64 = days.iter().map(|day| day.n).sum();
    let mean = days.iter().map(|day| day.sum).sum::<f64>() / n;
    let independent = mean * (1.0 - mean) / n;
    let variance = variance_of_mean(days)?;
    (independent > 0.0).then(|| variance / independent)
}

#[cfg(test)]
mod tests;

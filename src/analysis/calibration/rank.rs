//! Where what happened lies in the distribution that was forecast.

use super::{Bounds, by_day, design_effect, share_by_days};

/// Bins of a [`Histogram`].
pub const PIT_BINS: usize = 10;

/// Bands around the median whose coverage is told, as the share that they should cover.
pub const BANDS: [f64; 4] = [0.5, 0.8, 0.9, 0.981];

/// The 95 % quantile of the chi-square law with `PIT_BINS - 1` degrees of freedom.
const CHI_SQUARE_9: f64 = 16.919;

/// The probability integral transform of what happened: uniform between two numbers, as samples are coarse and have
/// ties.
///
/// Source: Czado, Gneiting and Held (2009).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rank {
    day: i64,
    low: f64,
    high: f64,
}

impl Rank {
    /// The rank of what `happened` on `day` in the ascending `sample` forecast.
    #[must_use]
    pub fn of(day: i64, sample: &[f64], happened: f64) -> Self {
        let n_below = sample.partition_point(|&value| value < happened);
        let n_up_to = sample.partition_point(|&value| value <= happened);
        let n = sample.len() as f64 + 1.0;
        Self {
            day,
            low: n_below as f64 / n,
            high: (n_up_to as f64 + 1.0) / n,
        }
    }

    /// The part of the rank that lies between two bounds.
    fn part(&self, from: f64, to: f64) -> f64 {
        let overlap = self.high.min(to) - self.low.max(from);
        overlap.max(0.0) / (self.high - self.low)
    }
}

/// The ranks of many forecasts, which are spread evenly if the distributions forecast are right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Histogram {
    /// Share of the ranks in each tenth.
    pub shares: [f64; PIT_BINS],
    /// Pearson's statistic against equal shares, over the mean design effect of the bins (Rao and Scott, 1981); `None`
    /// of fewer than two days.
    pub statistic: Option<f64>,
}

impl Histogram {
    /// The histogram of `ranks`; `None` of nothing.
    #[must_use]
    pub fn of(ranks: &[Rank]) -> Option<Self> {
        if ranks.is_empty() {
            return None;
        }
        let n = ranks.len() as f64;
        let even = 1.0 / PIT_BINS as f64;
        let (mut shares, mut pearson) = ([0.0; PIT_BINS], 0.0);
        let (mut effect, mut is_known) = (0.0, false);
        for (number, share) in shares.iter_mut().enumerate() {
            let from = number as f64 * even;
            let days = by_day(ranks.iter().map(|r| (r.day, r.part(from, from + even))));
            *share = days.iter().map(|day| day.sum).sum::<f64>() / n;
            pearson += n * (*share - even).powi(2) / even;
            if let Some(of_bin) = design_effect(&days) {
                effect += of_bin * (1.0 - *share) / (PIT_BINS as f64 - 1.0);
                is_known = true;
            }
        }
        let statistic = is_known.then(|| pearson / effect.max(f64::MIN_POSITIVE));
        Some(Self { shares, statistic })
    }

    /// Whether chance explains how far the ranks are from even, at 5 %; `None` of fewer than two days.
    #[must_use]
    pub fn is_flat(&self) -> Option<bool> {
        self.statistic.map(|statistic| statistic <= CHI_SQUARE_9)
    }
}

/// How often a band around the median held what happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coverage {
    /// The share that it should have held.
    pub stated: f64,
    /// The share that it held.
    pub held: f64,
    /// The 95 % interval of that share, taking whole days; `None` of fewer than two days.
    pub interval: Option<Bounds>,
}

impl Coverage {
    /// Coverage of the band of the `stated` share; `None` of nothing.
    #[must_use]
    pub fn of(ranks: &[Rank], stated: f64) -> Option<Self> {
        if ranks.is_empty() {
            return None;
        }
        let (from, to) = ((1.0 - stated) / 2.0, f64::midpoint(1.0, stated));
        let days = by_day(ranks.iter().map(|rank| (rank.day, rank.part(from, to))));
        let held = days.iter().map(|day| day.sum).sum::<f64>() / ranks.len() as f64;
        Some(Self {
            stated,
            held,
            interval: share_by_days(&days),
        })
    }
}

/// The continuous ranked probability score of the ascending `sample` for what `happened`, in the unit of both; smaller
/// is better. `None` of an empty sample.
///
/// Source: Gneiting and Raftery (2007), the form for samples.
#[must_use]
pub fn crps(sample: &[f64], happened: f64) -> Option<f64> {
    if sample.is_empty() {
        return None;
    }
    let n = sample.len() as f64;
    let distance = sample.iter().map(|x| (x - happened).abs()).sum::<f64>() / n;
    let weighted = sample.iter().enumerate();
    let spread = weighted
        .map(|(i, x)| (2.0 * i as f64 + 1.0 - n) * x)
        .sum::<f64>()
        / (n * n);
    Some(distance - spread)
}

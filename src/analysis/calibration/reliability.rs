//! Reliability tables, and the scores that follow from them.

use std::f64::consts::PI;

use rand::RngExt;

use super::{
    Bounds, DaySum, Outcome, by_day, design_effect, share_by_days, variance_of_mean, wilson,
};
use crate::rng;

/// Where one bin of forecast chances ends and the next begins: even on a logit axis near 1, where promises lie.
pub const EDGES: [f64; 7] = [0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995];

/// Bins of chances.
const N_BINS: usize = EDGES.len() + 1;

/// Resamples of days for an interval.
const RESAMPLES: usize = 1_000;

/// How well chances of one group agree with what happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Reliability {
    /// Outcomes judged.
    pub n: usize,
    /// Days they are of.
    pub n_days: usize,
    /// Mean of the chances forecast.
    pub predicted: f64,
    /// Share that happened.
    pub happened: f64,
    /// The 95 % interval of that share, taking whole days; `None` of fewer than two days.
    pub happened_by_days: Option<Bounds>,
    /// Bins that hold outcomes, by ascending chance.
    pub bins: Vec<Bin>,
    /// Expected calibration error: mean over outcomes of how far the bin's forecast is from what happened. Chance alone
    /// makes it positive, the more so the fewer days there are.
    pub error: f64,
    /// What chance alone would make of it if forecasts were right, as days differ; `None` of fewer than two days.
    pub error_by_chance: Option<f64>,
    /// Mean squared difference between chance and outcome.
    pub brier: f64,
    /// Part of the Brier score that is lack of calibration; smaller is better.
    pub brier_reliability: f64,
    /// Part by which telling the bins apart lowers the Brier score; larger is better.
    pub brier_resolution: f64,
    /// Brier score of the overall share as the forecast.
    pub brier_uncertainty: f64,
    /// Variance of the share that happened over that of independent outcomes, if it can be told.
    pub design_effect: Option<f64>,
}

/// Outcomes with chances in one interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Bin {
    /// Least chance of the bin.
    pub from: f64,
    /// Where the bin ends: not part of it, except for 1.
    pub to: f64,
    /// Outcomes in it.
    pub n: usize,
    /// Mean of the chances forecast.
    pub predicted: f64,
    /// Share that happened.
    pub happened: f64,
    /// Interval of that share if outcomes were independent (Wilson).
    pub wilson: Bounds,
    /// Interval of that share over resamples of whole days; `None` of fewer than two days.
    pub by_days: Option<Bounds>,
    /// How far from the forecast the share would be by chance, on average; 0 if that cannot be told.
    apart_by_chance: f64,
}

impl Reliability {
    /// Judges `outcomes`; `None` of nothing.
    ///
    /// Source of the split of the Brier score: Murphy (1973). It adds up to the score except for differences between
    /// chances within a bin.
    #[must_use]
    pub fn of(outcomes: &[Outcome]) -> Option<Self> {
        if outcomes.is_empty() {
            return None;
        }
        let n = outcomes.len() as f64;
        let days = by_day(outcomes.iter().map(|o| (o.day, hit(o))));
        let happened = outcomes.iter().map(hit).sum::<f64>() / n;
        let bins: Vec<Bin> = (0..N_BINS).filter_map(|k| Bin::of(k, outcomes)).collect();
        let weighted = |value: &dyn Fn(&Bin) -> f64| {
            bins.iter().map(|b| b.n as f64 / n * value(b)).sum::<f64>()
        };
        Some(Self {
            n: outcomes.len(),
            n_days: days.len(),
            predicted: outcomes.iter().map(|o| o.predicted).sum::<f64>() / n,
            happened,
            happened_by_days: share_by_days(&days),
            error: weighted(&|bin| (bin.predicted - bin.happened).abs()),
            error_by_chance: (days.len() >= 2).then(|| weighted(&|bin| bin.apart_by_chance)),
            brier: outcomes
                .iter()
                .map(|o| (o.predicted - hit(o)).powi(2))
                .sum::<f64>()
                / n,
            brier_reliability: weighted(&|bin| (bin.predicted - bin.happened).powi(2)),
            brier_resolution: weighted(&|bin| (bin.happened - happened).powi(2)),
            brier_uncertainty: happened * (1.0 - happened),
            design_effect: design_effect(&days),
            bins,
        })
    }
}

impl Bin {
    fn of(number: usize, outcomes: &[Outcome]) -> Option<Self> {
        let inside = outcomes.iter().filter(|o| bin_of(o.predicted) == number);
        let inside: Vec<&Outcome> = inside.collect();
        if inside.is_empty() {
            return None;
        }
        let n = inside.len() as f64;
        let hits: f64 = inside.iter().map(|o| hit(o)).sum();
        let days = by_day(inside.iter().map(|o| (o.day, hit(o))));
        let variance = variance_of_mean(&days).unwrap_or(0.0);
        Some(Self {
            from: if number == 0 { 0.0 } else { EDGES[number - 1] },
            to: EDGES.get(number).copied().unwrap_or(1.0),
            n: inside.len(),
            predicted: inside.iter().map(|o| o.predicted).sum::<f64>() / n,
            happened: hits / n,
            wilson: wilson(hits, n),
            by_days: resampled(&days, number),
            apart_by_chance: (2.0 * variance / PI).sqrt(),
        })
    }
}

/// The middle 95 % of the share that happened over resamples of whole days.
fn resampled(days: &[DaySum], number: usize) -> Option<Bounds> {
    if days.len() < 2 {
        return None;
    }
    let mut random = rng::stream(0, &[number as u64]);
    let mut shares: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let (mut n, mut sum) = (0.0, 0.0);
            for _ in 0..days.len() {
                let day = days[random.random_range(0..days.len())];
                n += day.n;
                sum += day.sum;
            }
            sum / n
        })
        .collect();
    shares.sort_by(f64::total_cmp);
    Some(Bounds {
        low: shares[RESAMPLES / 40],
        high: shares[RESAMPLES - 1 - RESAMPLES / 40],
    })
}

fn bin_of(chance: f64) -> usize {
    EDGES.iter().filter(|&&edge| chance >= edge).count()
}

fn hit(outcome: &Outcome) -> f64 {
    f64::from(u8::from(outcome.happened))
}

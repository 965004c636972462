//! From simulated days to figures: Wilson intervals, rates of a day, sampling errors.

use super::factors::BATCHES;
use crate::model::Probability;

/// The 97.5 % quantile of the normal law.
const NORMAL_975: f64 = 1.959_963_985;

/// The 97.5 % quantile of Student's law with `BATCHES - 1` degrees of freedom.
const STUDENT_975: f64 = 2.131_449_546;

/// The chance of something that happened in `hits` of `n` trials, with its 95 % Wilson interval.
///
/// Source: Wilson (1927). Without trials nothing is known: 0 to 1, and the estimate is 1.
pub(super) fn wilson(hits: usize, n: usize) -> Probability {
    if n == 0 {
        return Probability {
            estimate: 1.0,
            low: 0.0,
            high: 1.0,
        };
    }
    let (hits, n) = (hits as f64, n as f64);
    let estimate = hits / n;
    let z2 = NORMAL_975 * NORMAL_975;
    let center = (hits + z2 / 2.0) / (n + z2);
    let half = NORMAL_975 / (n + z2) * (hits * (1.0 - estimate) + z2 / 4.0).sqrt();
    Probability {
        estimate,
        low: (center - half).clamp(0.0, estimate),
        high: (center + half).clamp(estimate, 1.0),
    }
}

/// The index, among `n` sorted values, of the smallest value that at least the share `p` of them does not exceed.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 0 and n"
)]
pub(super) fn rank(p: f64, n: usize) -> usize {
    ((p * n as f64).ceil() as usize).clamp(1, n.max(1)) - 1
}

/// The index, among `n` sorted values, of the largest value that at least the share `p` of them reaches.
pub(super) fn rank_from_above(p: f64, n: usize) -> usize {
    n.saturating_sub(rank(p, n) + 1)
}

/// Promises kept on each simulated day, out of a number that is the same every day.
pub(super) struct KeptCounts<'a> {
    by_scenario: &'a [u32],
    n_promises: usize,
    /// Days by the number of promises kept.
    days: Vec<usize>,
}

impl<'a> KeptCounts<'a> {
    pub(super) fn new(by_scenario: &'a [u32], n_promises: usize) -> Self {
        let mut days = vec![0; n_promises + 1];
        for &kept in by_scenario {
            days[kept as usize] += 1;
        }
        Self {
            by_scenario,
            n_promises,
            days,
        }
    }

    /// Promises kept on all days together.
    pub(super) fn total(&self) -> u64 {
        self.by_scenario.iter().copied().map(u64::from).sum()
    }

    /// The expected share of promises kept; 1 if there are none.
    pub(super) fn mean_rate(&self) -> f64 {
        rate(self.total(), self.by_scenario.len() * self.n_promises)
    }

    /// The share of promises kept that at least the share `p` of days does not exceed; 1 if there are none.
    pub(super) fn rate_quantile(&self, p: f64) -> f64 {
        let rank = rank(p, self.by_scenario.len());
        let mut n_days = 0;
        let kept = self.days.iter().position(|days| {
            n_days += days;
            n_days > rank
        });
        rate(kept.unwrap_or(0) as u64, self.n_promises)
    }

    /// The chance that every promise is kept.
    pub(super) fn all_kept(&self) -> Probability {
        wilson(self.days[self.n_promises], self.by_scenario.len())
    }

    /// Half the width of the 95 % confidence interval of [`Self::mean_rate`], from the spread between the batches.
    pub(super) fn sampling_error(&self) -> f64 {
        let mut totals = [0_u64; BATCHES];
        for days in self.by_scenario.chunks_exact(BATCHES) {
            for (total, &kept) in totals.iter_mut().zip(days) {
                *total += u64::from(kept);
            }
        }
        let n_per_batch = self.by_scenario.len() / BATCHES * self.n_promises;
        let rates = totals.map(|total| rate(total, n_per_batch));
        let n = BATCHES as f64;
        let mean = rates.iter().sum::<f64>() / n;
        let variance = rates.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / (n - 1.0);
        STUDENT_975 * (variance / n).sqrt()
    }
}

/// `kept` out of `n`; 1 if there is nothing to keep.
pub(super) fn rate(kept: u64, n: usize) -> f64 {
    if n == 0 { 1.0 } else { kept as f64 / n as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_intervals_agree_with_the_textbook() {
        let chance = wilson(9, 10);
        assert!((chance.low - 0.5958).abs() < 1e-4 && (chance.high - 0.9821).abs() < 1e-4);
        let sure = wilson(256, 256);
        assert!((sure.high - 1.0).abs() < 1e-12 && (sure.low - 0.9852).abs() < 1e-4);
        assert!(wilson(0, 256).low.abs() < 1e-12);
    }

    #[test]
    fn ranks_leave_the_stated_share_on_either_side() {
        assert_eq!(rank(0.5, 256), 127);
        assert_eq!(rank(0.05, 20), 0);
        assert_eq!(rank(1.0, 20), 19);
        assert_eq!(rank_from_above(0.9, 2_560), 256);
        assert_eq!(rank_from_above(0.9, 256), 25);
    }

    #[test]
    fn rates_of_a_day_are_counted_in_promises() {
        // On nine of ten days all four promises are kept, on one only one.
        let kept: Vec<u32> = (0..320)
            .map(|day| if day % 10 == 0 { 1 } else { 4 })
            .collect();
        let counts = KeptCounts::new(&kept, 4);
        assert!((counts.mean_rate() - 0.925).abs() < 1e-12);
        assert!((counts.rate_quantile(0.05) - 0.25).abs() < 1e-12);
        assert!((counts.rate_quantile(0.95) - 1.0).abs() < 1e-12);
        assert!((counts.all_kept().estimate - 0.9).abs() < 1e-12);
    }

    #[test]
    fn sampling_error_is_the_spread_between_batches() {
        // Half of the batches always keep the promise, the others never: the standard error is sqrt(4/15)/4.
        let kept: Vec<u32> = (0..256).map(|day| u32::from(day % BATCHES < 8)).collect();
        let error = KeptCounts::new(&kept, 1).sampling_error();
        assert!(
            (error - 2.1314 * (4.0_f64 / 15.0).sqrt() / 4.0).abs() < 1e-4,
            "{error}"
        );
    }
}

//! How sure a mean difference is, by resampling: no law is assumed for the differences.

use rand::RngExt;

use super::statistics::{mean, t_quantile};
use crate::rng;

/// How often differences are drawn again.
const RESAMPLES: usize = 2_000;
/// Every answer is the same every time.
const SEED: u64 = 0x0062_6f6f_7473;
/// So many differences have few enough patterns of signs to look at all of them.
const ALL_SIGNS_MAX: usize = 12;

/// A mean with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// How likely a mean so far from 0 would be if each difference were as likely to have the other sign.
    pub p: f64,
}

/// The mean of independent differences, one for each cluster (a day), with its interval by the bootstrap over clusters;
/// `None` of fewer than two.
///
/// With few clusters the plain percentiles of the bootstrap are too narrow; they are widened to those that a mean of
/// normal differences needs. `p` is that of the test by flipping signs, which is at least `2^(1-n)`.
///
/// Source: Hesterberg (2015), expanded percentile interval.
#[must_use]
pub fn estimate(differences: &[f64]) -> Option<Estimate> {
    let n = differences.len();
    let center = mean(differences).filter(|_| n >= 2)?;
    let mut draws = rng::stream(SEED, &[1, n as u64]);
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let drawn = (0..n).map(|_| differences[draws.random_range(0..n)]);
            drawn.sum::<f64>() / n as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);
    let degrees = (n - 1) as f64;
    let tail = normal_cdf(-t_quantile(n - 1) * (n as f64 / degrees).sqrt());
    let cut = share_of(tail, RESAMPLES);
    Some(Estimate {
        mean: center,
        low: means[cut].min(center),
        high: means[RESAMPLES - 1 - cut].max(center),
        p: sign_flip_p(differences),
    })
}

/// The share of patterns of signs with a sum at least as far from 0.
fn sign_flip_p(differences: &[f64]) -> f64 {
    let n = differences.len();
    let total = differences.iter().sum::<f64>().abs();
    let scale: f64 = differences.iter().map(|difference| difference.abs()).sum();
    // Sums of the same numbers in another order may differ in the last bits.
    let bound = total - 1e-12 * scale;
    let is_as_far = |is_flipped: &mut dyn FnMut(usize) -> bool| {
        let signed = differences.iter().enumerate();
        let signed = signed.map(|(at, difference)| {
            if is_flipped(at) {
                -difference
            } else {
                *difference
            }
        });
        signed.sum::<f64>().abs() >= bound
    };
    if n <= ALL_SIGNS_MAX {
        let patterns = 0..1_u32 << n;
        let n_patterns = patterns.len() as f64;
        let as_far = patterns.filter(|pattern| is_as_far(&mut |at| pattern >> at & 1 == 1));
        return as_far.count() as f64 / n_patterns;
    }
    let mut draws = rng::stream(SEED, &[2, n as u64]);
    let as_far = (0..RESAMPLES).filter(|_| is_as_far(&mut |_| draws.random_bool(0.5)));
    (as_far.count() + 1) as f64 / (RESAMPLES + 1) as f64
}

/// Adjusts the p-values of several comparisons, so that the chance of any false alarm among them stays 5 % if those
/// below 0.05 count.
///
/// Source: Holm (1979).
#[must_use]
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut by_size: Vec<usize> = (0..p_values.len()).collect();
    by_size.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut least = 0.0_f64;
    for (rank, &at) in by_size.iter().enumerate() {
        let n_left = (p_values.len() - rank) as f64;
        least = least.max(n_left * p_values[at]).min(1.0);
        adjusted[at] = least;
    }
    adjusted
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a few thousand"
)]
fn share_of(share: f64, n: usize) -> usize {
    (share.clamp(0.0, 0.5) * n as f64) as usize
}

/// The distribution function of the normal law, good to 1e-7.
///
/// Source: Abramowitz and Stegun (1964), 26.2.17.
fn normal_cdf(x: f64) -> f64 {
    const TERMS: [f64; 5] = [
        0.319_381_530,
        -0.356_563_782,
        1.781_477_937,
        -1.821_255_978,
        1.330_274_429,
    ];
    let t = 1.0 / (1.0 + 0.231_641_9 * x.abs());
    let density = (-x * x / 2.0).exp() / std::f64::consts::TAU.sqrt();
    let polynomial = TERMS.iter().rev().fold(0.0, |sum, term| (sum + term) * t);
    let upper = density * polynomial;
    if x > 0.0 { 1.0 - upper } else { upper }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Differences around `center`: normal, or skewed with many small and few large ones.
    fn sample(trial: u64, n: usize, center: f64, is_skewed: bool) -> Vec<f64> {
        let mut draws = rng::stream(trial, &[n as u64]);
        let mut unit = || draws.random_range(f64::EPSILON..1.0);
        let mut normal = || (-2.0 * unit().ln()).sqrt() * (std::f64::consts::TAU * unit()).cos();
        (0..n)
            .map(|_| match is_skewed {
                true => center + normal().exp() - 0.5_f64.exp(),
                false => center + normal(),
            })
            .collect()
    }

    fn coverage(n: usize, is_skewed: bool) -> f64 {
        let hits = (0..400).filter(|&trial| {
            let estimate = estimate(&sample(trial, n, 0.7, is_skewed)).unwrap();
            (estimate.low..=estimate.high).contains(&0.7)
        });
        hits.count() as f64 / 400.0
    }

    #[test]
    fn intervals_cover_the_difference_that_there_is() {
        for (n, is_skewed, allowed) in [
            (5, false, 0.92..0.995),
            (14, false, 0.92..0.98),
            (40, false, 0.925..0.975),
            // A mean of few skewed differences is missed more often, but not by much.
            (14, true, 0.82..0.97),
        ] {
            let covered = coverage(n, is_skewed);
            assert!(allowed.contains(&covered), "{n} {is_skewed}: {covered}");
        }
    }

    #[test]
    fn false_alarms_are_as_rare_as_stated() {
        for n in [8, 20] {
            let alarms =
                (0..400).filter(|&trial| estimate(&sample(trial, n, 0.0, false)).unwrap().p < 0.05);
            let share = alarms.count() as f64 / 400.0;
            assert!((0.02..0.08).contains(&share), "{n}: {share}");
        }
    }

    #[test]
    fn few_days_prove_little() {
        let estimate = estimate(&[1.0, 1.0, 1.0]).unwrap();
        assert!((estimate.p - 0.25).abs() < 1e-12);
        assert!((estimate.low - 1.0).abs() < 1e-12 && (estimate.high - 1.0).abs() < 1e-12);
        assert_eq!(super::estimate(&[1.0]), None);
    }

    #[test]
    fn the_same_differences_give_the_same_answer() {
        let differences = sample(3, 14, 0.1, false);
        assert_eq!(estimate(&differences), estimate(&differences));
    }

    #[test]
    fn holm_takes_the_smallest_first() {
        let adjusted = holm(&[0.04, 0.01, 0.03]);
        for (adjusted, expected) in adjusted.iter().zip([0.06, 0.03, 0.06]) {
            assert!((adjusted - expected).abs() < 1e-12);
        }
        assert_eq!(holm(&[]), Vec::<f64>::new());
    }

    #[test]
    fn the_normal_law_is_that_of_the_tables() {
        for (x, p) in [
            (0.0, 0.5),
            (-1.959_964, 0.025),
            (1.0, 0.841_345),
            (-4.0, 0.000_032),
        ] {
            assert!((normal_cdf(x) - p).abs() < 1e-6, "{x}");
        }
    }
}

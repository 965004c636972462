//! How much couriers differ today, beside how much single durations vary: both are learnt from all couriers together.
//!
//! What is known of one courier under each scale of single durations is, but for the prior, a normal law; so how likely it
//! is if couriers differed more or less than the noise model says follows without going through durations again. The two
//! are learnt jointly: where few durations are known of each courier, one looks like the other.

use super::learner::{Gauss, Lesson, Logs, N_SCALES, SCALES, log_chance, micro};

/// What the standard deviation between couriers is compared with what the noise model says.
const SPREADS: [f64; N_SPREADS] = [0.65, 0.8, 1.0, 1.25, 1.6, 2.0];

/// How many of them are told apart.
const N_SPREADS: usize = 6;

/// How far off the noise model is taken to be before anything is seen, as the standard deviation of a logarithm: of single
/// durations, and of the differences between couriers.
const PRIOR_SIGMAS: [f64; 2] = [0.35, 0.3];

/// Millionths of logarithms of chances, by scale and by spread.
pub(super) type Table = [[i64; N_SPREADS]; N_SCALES];

/// What all couriers say of scale and spread.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Spreads(Table);

/// How likely scales and spreads are.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Weights {
    /// Of each scale; they sum up to 1.
    pub(super) scales: [f64; N_SCALES],
    /// The mean square of the spread if that is the scale.
    spreads: [f64; N_SCALES],
}

impl Weights {
    /// The mean square of the spread.
    pub(super) fn spread(&self) -> f64 {
        let each = self.scales.iter().zip(&self.spreads);
        each.map(|(weight, spread)| weight * spread).sum()
    }
}

impl Spreads {
    /// Takes what a courier says now instead of what the courier said before.
    pub(super) fn replace(&mut self, old: &Table, new: &Table) {
        let rows = self.0.iter_mut().zip(old.iter().zip(new));
        for (total, (old, new)) in
            rows.flat_map(|(total, (old, new))| total.iter_mut().zip(old.iter().zip(new)))
        {
            *total += new - old;
        }
    }

    /// The same where it says nothing of how couriers differ.
    pub(super) fn replace_alike(&mut self, old: &Logs, new: &Logs) {
        for (row, (old, new)) in self.0.iter_mut().zip(old.iter().zip(new)) {
            row.iter_mut().for_each(|total| *total += new - old);
        }
    }

    pub(super) fn weights(&self) -> Weights {
        let prior = |ratio: f64, sigma: f64| -(ratio.ln() / sigma).powi(2) / 2.0;
        let logs: [[f64; N_SPREADS]; N_SCALES] = std::array::from_fn(|at| {
            let of_scale = prior(SCALES[at], PRIOR_SIGMAS[0]);
            std::array::from_fn(|spread| {
                log_chance(self.0[at][spread]) + of_scale + prior(SPREADS[spread], PRIOR_SIGMAS[1])
            })
        });
        let highest = logs.as_flattened().iter().copied().fold(f64::MIN, f64::max);
        let chances = logs.map(|row| row.map(|log| (log - highest).exp()));
        let total: f64 = chances.as_flattened().iter().sum();
        let sums = chances.map(|row| row.iter().sum::<f64>());
        Weights {
            scales: sums.map(|sum| sum / total),
            spreads: std::array::from_fn(|at| {
                let each = chances[at].iter().zip(SPREADS);
                let square: f64 = each.map(|(chance, spread)| chance * spread * spread).sum();
                if sums[at] > 0.0 {
                    square / sums[at]
                } else {
                    1.0
                }
            }),
        }
    }
}

/// A courier's level before anything is seen, if couriers differ by a spread whose square is `spread`; `prior` is that
/// without. The factor has the same mean.
pub(super) fn widened(prior: Gauss, spread: f64) -> Gauss {
    Gauss {
        mean: prior.mean + (1.0 - spread) * prior.variance / 2.0,
        variance: prior.variance * spread,
    }
}

/// What is known of a courier, but for the prior: a mean and its precision.
struct Seen {
    mean: f64,
    precision: f64,
}

impl Seen {
    /// What was seen, if it made `level` out of `prior`; `None` if that is next to nothing.
    fn between(prior: Gauss, level: Gauss) -> Option<Self> {
        if prior.variance <= 0.0 || level.variance <= 0.0 {
            return None;
        }
        let precision = 1.0 / level.variance - 1.0 / prior.variance;
        (precision > 1e-3 / prior.variance).then(|| Self {
            mean: (level.mean / level.variance - prior.mean / prior.variance) / precision,
            precision,
        })
    }

    /// Logarithm of how likely it is with `prior`, but for a constant.
    fn chance(&self, prior: Gauss) -> f64 {
        let variance = prior.variance + 1.0 / self.precision;
        -(self.mean - prior.mean).powi(2) / (2.0 * variance) - variance.ln() / 2.0
    }
}

impl Lesson {
    /// What the courier says of scale and spread.
    pub(super) fn table(&self, prior: Gauss) -> Table {
        std::array::from_fn(|at| {
            let seen = Seen::between(prior, self.levels[at]);
            let usual = seen.as_ref().map(|seen| seen.chance(prior));
            SPREADS.map(|spread| {
                let more = seen.as_ref().zip(usual).map_or(0.0, |(seen, usual)| {
                    seen.chance(widened(prior, spread * spread)) - usual
                });
                self.evidence[at] + micro(more)
            })
        })
    }

    /// The courier's level.
    pub(super) fn level(&self, prior: Gauss, weights: &Weights) -> Gauss {
        let levels: [Gauss; N_SCALES] = std::array::from_fn(|at| {
            let wide = widened(prior, weights.spreads[at]);
            match Seen::between(prior, self.levels[at]) {
                None => wide,
                Some(seen) => {
                    let precision = 1.0 / wide.variance + seen.precision;
                    let mean = wide.mean / wide.variance + seen.mean * seen.precision;
                    Gauss {
                        mean: mean / precision,
                        variance: 1.0 / precision,
                    }
                }
            }
        });
        let each = || levels.iter().zip(&weights.scales);
        let mean: f64 = each().map(|(level, weight)| weight * level.mean).sum();
        let around = |level: &Gauss| level.variance + (level.mean - mean).powi(2);
        let variance = each().map(|(level, weight)| weight * around(level)).sum();
        Gauss { mean, variance }
    }
}

#[cfg(test)]
mod tests {
    use super::super::learner::{Accident, Observed, learn, mean_square};
    use super::*;

    const PRIOR: Gauss = Gauss {
        mean: -0.0145,
        variance: 0.029,
    };

    const NONE: Accident = Accident {
        chance: 0.0,
        mean: 600.0,
    };

    /// What a courier with a level of `level` says after so many services of ten minutes, spread evenly by `sigma`.
    fn lesson(level: f64, sigma: f64) -> Lesson {
        let n = 12;
        let observed: Vec<Observed> = (0..n)
            .map(|at| {
                let share = (f64::from(at * 7 % n) + 0.5) / f64::from(n);
                let z = -super::super::normal::upper_quantile(share);
                Observed {
                    log: level - sigma * sigma / 2.0 + sigma * z,
                    variance: 0.2,
                    doubt: 0.0,
                    planned: 600.0,
                }
            })
            .collect();
        learn(PRIOR, NONE, &observed)
    }

    /// Thirty couriers whose levels are spread evenly by `between`.
    fn couriers(between: f64, sigma: f64) -> Spreads {
        let mut spreads = Spreads::default();
        for at in 0..30 {
            let z = -super::super::normal::upper_quantile((f64::from(at) + 0.5) / 30.0);
            let table = lesson(between * z, sigma).table(PRIOR);
            spreads.replace(&Table::default(), &table);
        }
        spreads
    }

    #[test]
    fn couriers_who_differ_more_than_usual_are_known_to() {
        let usual = couriers(0.17, 0.45).weights();
        let more = couriers(0.3, 0.45).weights();
        assert!(more.spread() > 1.3 * usual.spread(), "{usual:?} {more:?}");
        // It is not taken for services that vary more.
        let scales = [&usual, &more].map(|weights| mean_square(&weights.scales));
        assert!((scales[0] - scales[1]).abs() < 0.1, "{scales:?}");
    }

    #[test]
    fn services_that_vary_more_are_not_taken_for_couriers_who_differ() {
        let usual = couriers(0.17, 0.45).weights();
        let rough = couriers(0.17, 0.585).weights();
        assert!(mean_square(&rough.scales) > mean_square(&usual.scales) + 0.4);
        assert!(
            rough.spread() < 1.15 * usual.spread(),
            "{usual:?} {rough:?}"
        );
    }

    #[test]
    fn who_is_slow_is_believed_sooner_where_couriers_differ_more() {
        let slow = lesson(0.4, 0.45);
        let level = |between| slow.level(PRIOR, &couriers(between, 0.45).weights());
        assert!(level(0.3).mean > level(0.08).mean + 0.02);
    }

    #[test]
    fn what_is_replaced_leaves_no_trace() {
        let [first, second] = [0.2, -0.1].map(|level| lesson(level, 0.5).table(PRIOR));
        let mut spreads = Spreads::default();
        spreads.replace(&Table::default(), &first);
        spreads.replace(&first, &second);
        spreads.replace(&second, &Table::default());
        assert_eq!(spreads, Spreads::default());
    }
}

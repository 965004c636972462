//! What one courier's durations say: how fast the courier is today, and how much durations vary today.
//!
//! Logarithms of durations are normal around the courier's level, except for those with an accident, which takes extra
//! time by the exponential law. How much they vary is one of [`SCALES`] times what the noise model says; for each, the
//! courier's level is learnt one duration after the other, a possible accident counting as little as it is likely to be
//! one. The chance of all durations together is the evidence for the scale, to which all couriers contribute.

use super::normal::tail;

/// What the standard deviations of single legs and services are compared with what the noise model says.
pub(super) const SCALES: [f64; N_SCALES] = [0.6, 0.7, 0.8, 0.9, 1.0, 1.15, 1.3, 1.5, 1.75];

/// How many scales are told apart.
pub(super) const N_SCALES: usize = 9;

/// The scale at which durations are judged to be accidents or not: generous, so that a rough day is not taken for one of
/// many accidents.
const JUDGING: usize = 5;

/// How far off the noise model's standard deviations are taken to be before anything is seen, as that of a logarithm.
const SCALE_SIGMA: f64 = 0.35;

/// Parts of one in which evidence is counted: whole numbers, so that sums do not depend on the sequence.
const MICRO: f64 = 1e6;

/// A normal law.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Gauss {
    pub(super) mean: f64,
    pub(super) variance: f64,
}

/// Extra time that something may take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Accident {
    /// The chance of it, 0 to 1.
    pub(super) chance: f64,
    /// Seconds, on average.
    pub(super) mean: f64,
}

/// A duration compared with its plan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Observed {
    /// Logarithm of what it took, compared with what was planned.
    pub(super) log: f64,
    /// Variance of the logarithm by the noise model.
    pub(super) variance: f64,
    /// Variance on top from what is not known of the plan's bias.
    pub(super) doubt: f64,
    /// What was planned, in seconds.
    pub(super) planned: f64,
}

/// What a courier's durations say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Lesson {
    /// Of the chance of all durations.
    pub(super) evidence: Logs,
    /// The courier's level, by scale.
    pub(super) levels: [Gauss; N_SCALES],
    /// Of each duration, the chance that it had no accident.
    pub(super) weights: Vec<f64>,
}

/// Millionths of logarithms of chances, by scale.
pub(super) type Logs = [i64; N_SCALES];

/// What is known of how much durations vary today.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Evidence(Logs);

/// Points of the normal law that stand for a fifth of it each.
const FIFTHS: [f64; 5] = [-1.281_55, -0.524_4, 0.0, 0.524_4, 1.281_55];

/// The chances that durations planned around `bodies` (logarithms of seconds) with an accident exceed `seconds`, for each
/// fifth of them.
pub(super) fn still_held(body: Gauss, accident: Accident, seconds: f64) -> [(f64, f64); 5] {
    let sigma = body.variance.sqrt();
    FIFTHS.map(|z| {
        let without = (body.mean + sigma * z).exp();
        let over = (seconds - without).max(0.0);
        (without, (-over / accident.mean.max(1.0)).exp())
    })
}

/// Goes through `observed` of a courier whose level is `prior` before.
pub(super) fn learn(prior: Gauss, accident: Accident, observed: &[Observed]) -> Lesson {
    let mut lesson = Lesson {
        evidence: [0; N_SCALES],
        levels: [prior; N_SCALES],
        weights: Vec::with_capacity(observed.len()),
    };
    for one in observed {
        for (at, scale) in SCALES.into_iter().enumerate() {
            let level = &mut lesson.levels[at];
            let (evidence, weight) = one.teach(scale, accident, level);
            lesson.evidence[at] += micro(evidence);
            if at == JUDGING {
                lesson.weights.push(weight);
            }
        }
    }
    lesson
}

impl Observed {
    /// Moves `level` by the duration if durations vary by `scale`; returns the logarithm of the duration's chance, and the
    /// chance that it had no accident.
    fn teach(&self, scale: f64, accident: Accident, level: &mut Gauss) -> (f64, f64) {
        // Where nothing varies, whole seconds still do.
        let noise = (scale * scale * self.variance + self.doubt).max(1e-5);
        let body = Gauss {
            mean: level.mean - noise / 2.0,
            variance: level.variance + noise,
        };
        let off = self.log - body.mean;
        let smooth = (-off * off / (2.0 * body.variance)).exp()
            / (2.0 * std::f64::consts::PI * body.variance).sqrt();
        let held = Gauss {
            mean: body.mean + self.planned.ln(),
            ..body
        };
        let took = self.planned * self.log.exp();
        let density = still_held(held, accident, took).map(|(without, held)| {
            let is_longer = took > without;
            if is_longer { held } else { 0.0 }
        });
        let rough = density.iter().sum::<f64>() / 5.0 * took / accident.mean.max(1.0);
        let smooth = (1.0 - accident.chance) * smooth;
        // Something else happens now and then that no law foresees: it moves nothing far.
        let chance = smooth + accident.chance * rough + 1e-9;
        let weight = smooth / chance;
        let gain = level.variance / body.variance;
        level.mean += weight * gain * off;
        level.variance *= 1.0 - weight * gain;
        level.variance += weight * (1.0 - weight) * (gain * off).powi(2);
        (chance.ln(), weight)
    }
}

impl Lesson {
    /// What it says that something planned as `going` lasts for `elapsed` seconds already: those that end soon are seen
    /// sooner, and looking at them alone, days would seem to be calmer than they are.
    pub(super) fn still_going(&self, going: Observed, accident: Accident, elapsed: f64) -> Logs {
        std::array::from_fn(|at| {
            let scale = SCALES[at];
            let noise = (scale * scale * going.variance + going.doubt).max(1e-5);
            let level = self.levels[at];
            let body = Gauss {
                mean: going.planned.max(1.0).ln() + level.mean - noise / 2.0,
                variance: level.variance + noise,
            };
            let off = (elapsed.max(1e-3).ln() - body.mean) / body.variance.sqrt();
            let held = still_held(body, accident, elapsed).map(|(_, held)| held);
            let held = held.iter().sum::<f64>() / 5.0;
            let chance = (1.0 - accident.chance) * tail(off) + accident.chance * held;
            micro(chance.max(1e-9).ln())
        })
    }

    /// What that says of the level of something that goes on for `elapsed` seconds, as a duration that had ended: its
    /// logarithm, noise not corrected for, and its weight. `None` if it says nothing yet.
    ///
    /// Where the chance to last so long is a function of the level, its slope and its curvature there are those of a
    /// normal law of that mean and weight.
    pub(super) fn as_ended(&self, going: Observed, elapsed: f64) -> Option<(f64, f64)> {
        let scale = SCALES[JUDGING];
        let noise = (scale * scale * going.variance + going.doubt).max(1e-5);
        let level = self.levels[JUDGING].mean;
        let sigma = noise.sqrt();
        let planned = going.planned.max(1.0).ln();
        let off = ((elapsed.max(1e-3).ln() - planned - level + noise / 2.0) / sigma).min(8.0);
        let density = (-off * off / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let hazard = density / tail(off);
        let curve = (hazard * (hazard - off)).clamp(0.0, 1.0);
        (curve > 1e-3).then(|| (level - noise / 2.0 + sigma * hazard / curve, curve / noise))
    }
}

impl Evidence {
    /// Takes the evidence `new` instead of `old`.
    pub(super) fn replace(&mut self, old: &Logs, new: &Logs) {
        for (total, (new, old)) in self.0.iter_mut().zip(new.iter().zip(old)) {
            *total += new - old;
        }
    }

    /// How likely each scale is; they sum up to 1.
    pub(super) fn weights(&self) -> [f64; N_SCALES] {
        let log = |at: usize| {
            let prior = SCALES[at].ln() / SCALE_SIGMA;
            log_chance(self.0[at]) - prior * prior / 2.0
        };
        let logs: [f64; N_SCALES] = std::array::from_fn(log);
        let highest = logs.into_iter().fold(f64::MIN, f64::max);
        let weights = logs.map(|log| (log - highest).exp());
        let total: f64 = weights.iter().sum();
        weights.map(|weight| weight / total)
    }
}

/// The mean of the squares of scales that have the given weights.
pub(super) fn mean_square(weights: &[f64; N_SCALES]) -> f64 {
    let squares = SCALES.iter().zip(weights);
    squares.map(|(scale, weight)| weight * scale * scale).sum()
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a logarithm above -21, in millionths"
)]
pub(super) fn micro(value: f64) -> i64 {
    (value * MICRO).round() as i64
}

/// The logarithm that so many millionths are.
pub(super) fn log_chance(micro: i64) -> f64 {
    micro as f64 / MICRO
}

#[cfg(test)]
mod tests {
    use super::super::spreads::Spreads;
    use super::*;

    const ACCIDENT: Accident = Accident {
        chance: 0.03,
        mean: 600.0,
    };

    /// Durations of ten minutes with logarithms spread evenly around `level` by a normal law of `sigma`.
    fn even(n: usize, level: f64, sigma: f64) -> Vec<Observed> {
        let quantile =
            |at: usize| -super::super::normal::upper_quantile((at as f64 + 0.5) / n as f64);
        // In a sequence that does not go up all the way.
        let sequence = (0..n).map(|at| at * 7 % n);
        let one = |at: usize| Observed {
            log: level - sigma * sigma / 2.0 + sigma * quantile(at),
            variance: 0.16,
            doubt: 0.0,
            planned: 600.0,
        };
        sequence.map(one).collect()
    }

    fn prior() -> Gauss {
        Gauss {
            mean: 0.0,
            variance: 0.04,
        }
    }

    #[test]
    fn a_courier_who_is_slow_all_morning_is_known_to_be_slow() {
        let lesson = learn(prior(), ACCIDENT, &even(30, 0.2, 0.4));
        let level = lesson.level(prior(), &Spreads::default().weights());
        assert!((level.mean - 0.17).abs() < 0.04, "{level:?}");
        assert!(level.variance < 0.01, "{level:?}");
    }

    #[test]
    fn an_accident_says_little_of_how_fast_a_courier_is() {
        let mut observed = even(10, 0.0, 0.3);
        observed.iter_mut().for_each(|one| one.planned = 120.0);
        let calm = learn(prior(), ACCIDENT, &observed);
        observed.push(Observed {
            log: 1.8,
            ..observed[0]
        });
        let lesson = learn(prior(), ACCIDENT, &observed);
        let weights = Spreads::default().weights();
        let moved = lesson.level(prior(), &weights).mean - calm.level(prior(), &weights).mean;
        assert!(moved.abs() < 0.02, "{moved}");
        assert!(lesson.weights[10] < 0.1, "{:?}", lesson.weights);
        assert!(lesson.weights[..10].iter().all(|weight| *weight > 0.8));
    }

    #[test]
    fn all_couriers_together_tell_how_rough_the_day_is() {
        for (sigma, expected) in [(0.4, 1.0), (0.52, 1.3), (0.32, 0.8)] {
            let mut evidence = Evidence::default();
            for _ in 0..20 {
                let lesson = learn(prior(), ACCIDENT, &even(15, 0.1, sigma));
                evidence.replace(&Logs::default(), &lesson.evidence);
            }
            let scale = mean_square(&evidence.weights()).sqrt();
            assert!((scale - expected).abs() < 0.1, "{sigma}: {scale}");
        }
    }

    #[test]
    fn a_service_that_goes_on_and_on_says_that_the_day_is_rough() {
        let lesson = learn(prior(), ACCIDENT, &[]);
        let going = even(1, 0.0, 0.4)[0];
        let scale = |elapsed| {
            let mut evidence = Evidence::default();
            evidence.replace(
                &Logs::default(),
                &lesson.still_going(going, ACCIDENT, elapsed),
            );
            mean_square(&evidence.weights()).sqrt()
        };
        assert!((scale(1.0) - mean_square(&Evidence::default().weights()).sqrt()).abs() < 1e-6);
        assert!(scale(1_500.0) > scale(600.0) + 0.03);
    }

    #[test]
    fn evidence_that_is_replaced_leaves_no_trace() {
        let (first, second) = (even(9, 0.1, 0.5), even(12, -0.1, 0.4));
        let lessons = [first, second].map(|observed| learn(prior(), ACCIDENT, &observed));
        let [first, second] = lessons.map(|lesson| lesson.evidence);
        let mut evidence = Evidence::default();
        evidence.replace(&Logs::default(), &first);
        evidence.replace(&first, &second);
        evidence.replace(&second, &Logs::default());
        assert_eq!(evidence, Evidence::default());
    }
}

//! What goes on already, and is not over yet: that much is known, and the longer it goes on the longer it may.

use super::learner::{Accident, Gauss, still_held};
use super::normal::{tail, upper_quantile};

/// Beyond so many standard deviations it makes no difference how many.
const FAR: f64 = 30.0;

/// A duration of which some has passed.
#[derive(Clone, Debug)]
pub(super) struct Overdue {
    /// Logarithm of the whole duration without an accident.
    body: Gauss,
    /// The share of its variance that later durations have in common with it.
    lasting: f64,
    /// The chance that an accident is the reason, by what has passed.
    accident: f64,
    accident_mean: f64,
    /// Fifths of durations without the accident, each with the chance that it is that one or one before.
    fifths: [(f64, f64); 5],
    elapsed: f64,
    /// The chance that a duration without an accident takes longer than this one has already.
    tail: f64,
}

impl Overdue {
    /// A duration whose logarithm is `body` without an accident, of which `elapsed` seconds have passed; `lasting` is the
    /// part of its variance that later durations have in common with it.
    pub(super) fn new(body: Gauss, lasting: f64, accident: Accident, elapsed: f64) -> Self {
        let sigma = body.variance.sqrt().max(1e-6);
        let passed = elapsed.max(1e-3);
        let off = ((passed.ln() - body.mean) / sigma).min(FAR);
        let tail = tail(off);
        let mut fifths = still_held(body, accident, passed);
        let held: f64 = fifths.iter().map(|(_, chance)| chance).sum();
        let mut up_to = 0.0;
        for (_, chance) in &mut fifths {
            up_to += *chance;
            *chance = up_to / held.max(f64::MIN_POSITIVE);
        }
        let by_accident = accident.chance * held / 5.0;
        let all = (1.0 - accident.chance) * tail + by_accident;
        Self {
            body,
            lasting: lasting / body.variance.max(1e-12),
            accident: if all > 0.0 {
                by_accident / all
            } else {
                accident.chance
            },
            accident_mean: accident.mean,
            fifths,
            elapsed: elapsed.max(0.0),
            tail,
        }
    }

    /// The chance that it would take so long, were there no accidents.
    pub(super) fn tail(&self) -> f64 {
        self.tail
    }

    /// What is left of a duration whose logarithm would have been `log`, had nothing passed yet, and by how much the part
    /// that lasts is larger than it would have been. `one` and `other` are between 0 and 1, and independent.
    pub(super) fn rest(&self, log: f64, one: f64, other: f64) -> (f64, f64) {
        if one < self.accident {
            let pick = one / self.accident;
            let found = self.fifths.iter().find(|(_, up_to)| pick <= *up_to);
            let (without, _) = found.unwrap_or(&self.fifths[4]);
            let from = without.max(self.elapsed);
            return (from - self.elapsed - self.accident_mean * other.ln(), 0.0);
        }
        if self.tail > 0.9999 {
            return ((log.exp() - self.elapsed).max(0.0), 0.0);
        }
        let sigma = self.body.variance.sqrt().max(1e-6);
        let above = tail((log - self.body.mean) / sigma);
        let known = self.body.mean + sigma * upper_quantile(above * self.tail);
        let rest = (known.exp() - self.elapsed).max(0.0);
        (rest, self.lasting * (known - log))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCIDENT: Accident = Accident {
        chance: 0.03,
        mean: 600.0,
    };

    fn body() -> Gauss {
        Gauss {
            mean: 300.0_f64.ln() - 0.1,
            variance: 0.2,
        }
    }

    /// Rests of durations drawn evenly, and by how much the lasting part is larger.
    fn rests(elapsed: f64) -> Vec<(f64, f64)> {
        let overdue = Overdue::new(body(), 0.04, ACCIDENT, elapsed);
        let n = 4_000;
        let even = |at: usize, step: usize| ((at * step % n) as f64 + 0.5) / n as f64;
        let rest = |at: usize| {
            let log = body().mean + body().variance.sqrt() * upper_quantile(even(at, 1));
            overdue.rest(log, even(at, 1_237), even(at, 2_801))
        };
        (0..n).map(rest).collect()
    }

    fn mean(values: impl Iterator<Item = f64>) -> f64 {
        let (n, sum) = values.fold((0.0, 0.0), |(n, sum), value| (n + 1.0, sum + value));
        sum / n
    }

    #[test]
    fn what_has_just_begun_takes_what_is_usual() {
        let rest = mean(rests(0.0).into_iter().map(|(rest, _)| rest));
        assert!((rest - (300.0 * 0.97 + 0.03 * 900.0)).abs() < 8.0, "{rest}");
    }

    #[test]
    fn what_is_left_agrees_with_those_that_last_as_long() {
        // Against the same law without any conditioning: of many durations, those that last longer than ten minutes.
        let whole = rests(0.0);
        let long = whole.iter().filter(|(whole, _)| *whole > 600.0);
        let expected = mean(long.map(|(whole, _)| whole - 600.0));
        let found = mean(rests(600.0).into_iter().map(|(rest, _)| rest));
        assert!((found / expected - 1.0).abs() < 0.1, "{found} {expected}");
    }

    #[test]
    fn the_longer_it_takes_the_likelier_is_an_accident_and_the_slower_the_courier() {
        let chance = |elapsed| Overdue::new(body(), 0.04, ACCIDENT, elapsed).accident;
        assert!((chance(0.0) - 0.03).abs() < 1e-6);
        assert!(chance(600.0) < chance(1_200.0) && chance(3_600.0) > 0.9);
        let slower = |elapsed| mean(rests(elapsed).into_iter().map(|(_, shift)| shift));
        assert!(slower(0.0).abs() < 1e-9);
        assert!(slower(600.0) > 0.05, "{}", slower(600.0));
    }
}

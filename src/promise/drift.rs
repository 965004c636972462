//! What becomes of a chance while the day fills.
//!
//! A promise is quoted in the plan of that moment. Orders that come later are put beside it, which costs the surest
//! promises most, and the search for better plans helps the least sure ones: chances drift toward a level. Even on a full
//! day they go some of the way, because positions are chosen for doing well on the days that quotes look at, and do worse
//! on others.

use serde::{Deserialize, Serialize};

/// The surest that a chance counts as, which only so many simulated days say: they cannot tell it from certainty.
const SUREST: f64 = 0.9995;

/// How chances change from the moment at which they are stated to the end of the day's promising.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// The chance that all chances drift to, above 0 and below 1.
    pub toward: f64,
    /// How far chances stated on an empty day go there, on the scale of log odds: 0 not at all, 1 the whole way.
    pub pull_empty: f64,
    /// The same for chances stated on a full day.
    pub pull_full: f64,
}

impl Drift {
    /// What 8 generated days did that were filled by 600 customers, 16 couriers, for 98.1 % and nobody under 90 %: the best
    /// fit, by cross entropy, to what the closed plans kept of 2,383 promises (`punctual bench promises`, seeds 101 to 108).
    pub const MEASURED: Self = Self {
        toward: 0.93,
        pull_empty: 0.7,
        pull_full: 0.4,
    };

    /// The chance to be expected at the end of a promise that the plan keeps with `chance` while a share of `used` of the
    /// couriers' shifts is needed.
    ///
    /// Invariant: grows with `chance`.
    #[must_use]
    pub fn at_close(self, chance: f64, used: f64) -> f64 {
        let odds = |chance: f64| (chance / (1.0 - chance)).ln();
        let now = odds(chance.clamp(1.0 - SUREST, SUREST));
        let left = 1.0 - used.clamp(0.0, 1.0);
        let way = self.pull_full + (self.pull_empty - self.pull_full) * left;
        let then = now + way * (odds(self.toward) - now);
        1.0 / (1.0 + (-then).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sure_promises_become_less_sure_and_others_surer() {
        let drift = Drift::MEASURED;
        assert!(drift.at_close(0.999, 0.2) < 0.999);
        assert!(drift.at_close(0.9, 0.2) > 0.9);
        assert!((drift.at_close(drift.toward, 0.2) - drift.toward).abs() < 1e-12);
    }

    #[test]
    fn the_more_orders_are_still_to_come_the_more_chances_change() {
        let at = |used| Drift::MEASURED.at_close(0.999, used);
        assert!(at(0.0) < at(0.5) && at(0.5) < at(1.0));
        let settled = Drift {
            pull_full: 0.0,
            ..Drift::MEASURED
        };
        assert!((settled.at_close(0.97, 1.0) - 0.97).abs() < 1e-12);
        // Simulated days cannot tell what is certain.
        assert!(settled.at_close(1.0, 1.0) < 1.0);
        assert!(settled.at_close(0.0, 1.0) > 0.0);
    }

    #[test]
    fn what_is_surer_now_is_surer_then() {
        for pull in [0.0, 0.4, 1.0] {
            let drift = Drift {
                pull_empty: pull,
                ..Drift::MEASURED
            };
            let chances = (0..=100).map(|percent| drift.at_close(f64::from(percent) / 100.0, 0.0));
            assert!(chances.collect::<Vec<_>>().is_sorted());
        }
    }
}

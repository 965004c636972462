//! What becomes of a chance while the day fills.
//!
//! A promise is quoted in the plan of that moment. Orders that come later are put beside it, which costs the surest
//! promises most, and the search for better plans helps the least sure ones: chances drift toward a level.

use serde::{Deserialize, Serialize};

/// The surest that a chance counts as, which only so many simulated days say: they cannot tell it from certainty.
const SUREST: f64 = 0.9995;

/// How chances change from the moment at which they are stated to the end of the day's promising.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// The chance that all chances drift to, above 0 and below 1.
    pub toward: f64,
    /// How far they go there, on the scale of log odds, from an empty day to a full one: 0 not at all, 1 the whole way.
    pub pull: f64,
}

impl Drift {
    /// What days with a target were seen to do.
    pub const MEASURED: Self = Self {
        toward: 0.98,
        pull: 0.5,
    };

    /// The chance to be expected at the end of a promise that the plan keeps with `chance` while a share of `used` of the
    /// couriers' shifts is needed.
    ///
    /// Invariant: increases with `chance`; is `chance` on a full day, but never surer than what simulated days can tell.
    #[must_use]
    pub fn at_close(self, chance: f64, used: f64) -> f64 {
        let odds = |chance: f64| (chance / (1.0 - chance)).ln();
        let now = odds(chance.clamp(1.0 - SUREST, SUREST));
        let way = self.pull * (1.0 - used.clamp(0.0, 1.0));
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
        let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
        assert!(near(drift.at_close(drift.toward, 0.2), drift.toward));
    }

    #[test]
    fn on_a_full_day_nothing_changes_any_more() {
        for chance in [0.3, 0.9, 0.995] {
            assert!((Drift::MEASURED.at_close(chance, 1.0) - chance).abs() < 1e-12);
        }
        assert!(Drift::MEASURED.at_close(1.0, 1.0) < 1.0);
        assert!(Drift::MEASURED.at_close(0.0, 1.0) > 0.0);
    }

    #[test]
    fn what_is_surer_now_is_surer_then() {
        for pull in [0.0, 0.4, 1.0] {
            let drift = Drift { toward: 0.98, pull };
            let chances = (0..=100).map(|percent| drift.at_close(f64::from(percent) / 100.0, 0.0));
            assert!(chances.collect::<Vec<_>>().is_sorted());
        }
    }
}

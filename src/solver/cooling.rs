//! The temperature of annealing by progress: one long cooling, and for solutions annealed as a whole a few short ones
//! from the best solution.
//!
//! Source: geometric cooling from Kirkpatrick, Gelatt and Vecchi (1983); starting temperatures fitted on public
//! instances as shares of the mean arc cost.

/// How temperature falls over the search.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cooling {
    /// Share of the search that the first cooling takes.
    pub(super) first: f64,
    /// Number of coolings after it, equally long.
    pub(super) reheats: u32,
    /// Where they start, as a share of the first start.
    pub(super) reheat: f64,
    /// Start temperature divided by end temperature.
    pub(super) ratio: f64,
}

impl Cooling {
    /// Which cooling the search is in, and the temperature as a share of the first start.
    pub(super) fn at(&self, done: f64) -> (u32, f64) {
        if done < self.first || self.reheats == 0 {
            return (0, self.ratio.powf(-done / self.first));
        }
        let length = (1.0 - self.first) / f64::from(self.reheats);
        let number = (((done - self.first) / length) as u32).min(self.reheats - 1);
        let within = ((done - self.first) / length - f64::from(number)).clamp(0.0, 1.0);
        (
            number + 1,
            self.reheat * (self.ratio * self.reheat).powf(-within),
        )
    }
}

/// Start temperature as a share of the mean arc cost, for routes of `length` clients and `budget` iterations a client.
///
/// Long routes want a hotter start, and so does a search that has the time to cool slowly.
pub(super) fn start_heat(length: f64, budget: f64) -> f64 {
    const COOL: f64 = 0.12;
    const HOT: f64 = 0.4;
    let long = ((length - 12.0) / 12.0).clamp(0.0, 1.0);
    let patient = ((budget - 2_000.0) / 4_000.0).clamp(0.0, 1.0);
    COOL + (HOT - COOL) * long.max(patient)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COOLING: Cooling = Cooling {
        first: 0.5,
        reheats: 2,
        reheat: 0.1,
        ratio: 100.0,
    };

    #[test]
    fn every_cooling_ends_at_the_same_temperature() {
        for end in [0.4999, 0.7499, 1.0] {
            assert!(
                (COOLING.at(end).1 - 0.01).abs() < 1e-4,
                "{end}: {:?}",
                COOLING.at(end)
            );
        }
        assert_eq!([0.0, 0.5, 0.75].map(|done| COOLING.at(done).0), [0, 1, 2]);
        assert!((COOLING.at(0.0).1 - 1.0).abs() < 1e-9);
        assert!((COOLING.at(0.75).1 - 0.1).abs() < 1e-9);
    }
}

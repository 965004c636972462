//! What breaking a soft constraint costs while the local search runs, adapted so that it breaks them now and then.
//!
//! Source: Vidal et al. (2012), section 4.6: the share of solutions that break nothing steers the weights.

use crate::solver::problem::{FAR, Problem};

/// Weights of what solutions may break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Penalties {
    /// Cost of a second of time warp, or of a second more than a route may last.
    pub time: i64,
    /// Cost of a unit of load more than a vehicle holds, by dimension.
    pub load: Vec<i64>,
    /// Cost of a unit of distance more than a route may have.
    pub distance: i64,
}

/// Solutions between two adaptations.
const REGISTERED: u32 = 64;
/// Share of solutions that should break nothing, in percent: less, and weights rise; more, and they fall.
const TARGET: std::ops::RangeInclusive<u32> = 30..=50;
/// Weights rise by this factor in percent.
const RISE: i64 = 130;
/// Weights fall by this factor in percent.
const FALL: i64 = 85;

impl Penalties {
    /// Weights to begin with: of a size at which breaking a constraint a little pays off now and then.
    pub(in crate::solver) fn new(problem: &Problem) -> Self {
        let arc = problem.arc_cost_mean() as i64;
        let mean = |values: &mut dyn Iterator<Item = i64>| {
            let (sum, count) = values.fold((0, 0), |(sum, count), value| (sum + value, count + 1));
            (sum / i64::max(count, 1)).max(1)
        };
        let clients = problem.clients();
        let load = |dim: usize| {
            let loads = &mut clients.iter().map(|c| c.delivery[dim] + c.collection[dim]);
            (arc / mean(loads)).max(1)
        };
        let arcs = (0..problem.n_clients()).map(|client| {
            let next = (client + 1) % problem.n_clients();
            problem.arc(problem.types()[0].profile, client, next)
        });
        let times = &mut arcs
            .clone()
            .filter(|arc| arc.duration < FAR)
            .map(|arc| i64::from(arc.duration));
        let distances = &mut arcs
            .filter(|arc| arc.duration < FAR)
            .map(|arc| i64::from(arc.distance));
        Self {
            time: (arc / mean(times)).max(1),
            load: (0..problem.n_dims()).map(load).collect(),
            distance: (arc / mean(distances)).max(1),
        }
    }

    /// All weights times `factor`.
    pub(in crate::solver) fn times(&self, factor: i64) -> Self {
        self.map(|weight| weight.saturating_mul(factor).min(WEIGHT_MAX))
    }

    fn scale(&mut self, percent: i64) {
        *self = self.map(|weight| {
            let scaled = weight.saturating_mul(percent) / 100;
            // At least one up or down, or small weights would never change.
            let moved = if percent > 100 {
                scaled.max(weight + 1)
            } else {
                scaled.min(weight - 1)
            };
            moved.clamp(1, WEIGHT_MAX)
        });
    }

    fn map(&self, change: impl Fn(i64) -> i64) -> Self {
        Self {
            time: change(self.time),
            load: self.load.iter().map(|&weight| change(weight)).collect(),
            distance: change(self.distance),
        }
    }
}

/// Largest weight: what is broken times this still fits 64 bits.
const WEIGHT_MAX: i64 = 1 << 30;

/// Penalties that follow what comes out of the search.
#[derive(Clone, Debug)]
pub(in crate::solver) struct Adaptive {
    /// The weights now.
    pub(in crate::solver) weights: Penalties,
    seen: u32,
    feasible: u32,
}

impl Adaptive {
    pub(in crate::solver) fn new(problem: &Problem) -> Self {
        Self {
            weights: Penalties::new(problem),
            seen: 0,
            feasible: 0,
        }
    }

    /// Counts a solution that the local search made.
    pub(in crate::solver) fn register(&mut self, is_feasible: bool) {
        self.seen += 1;
        self.feasible += u32::from(is_feasible);
        if self.seen < REGISTERED {
            return;
        }
        let share = self.feasible * 100 / self.seen;
        if share < *TARGET.start() {
            self.weights.scale(RISE);
        } else if share > *TARGET.end() {
            self.weights.scale(FALL);
        }
        (self.seen, self.feasible) = (0, 0);
    }
}

//! What a plan may put at risk: harm that only whole routes tell, kept within a limit by a toll on it.
//!
//! Source of the toll that follows the limit: the self-adjusting penalties of Vidal et al. (2012), here for a constraint
//! on the sum over all routes, as in Lagrangian relaxation.

use std::fmt::Debug;
use std::sync::Arc;

use super::problem::Problem;

/// Judges routes by what may go wrong on the day.
pub trait Hazard: Debug + Send + Sync {
    /// The harm to be expected at each of `clients` if a vehicle of type `kind` serves them in this sequence, in units of
    /// the judge's own: at least 0, and always the same for the same route. Replaces what `harms` holds.
    fn harms(&self, problem: &Problem, kind: usize, clients: &[u32], harms: &mut Vec<i64>);
}

/// How much harm all routes together may do.
#[derive(Debug)]
pub struct HarmLimit {
    /// Who judges routes.
    pub hazard: Arc<dyn Hazard>,
    /// The most harm allowed.
    pub limit: i64,
    /// What a unit of harm is to cost at first.
    pub toll: i64,
    /// The harm of a client at which things are sure to go wrong.
    pub certain: i64,
    /// The harm that leaving out one client saves, at most: no toll makes up for a client left out, but for those whose
    /// price is stated.
    pub of_client: i64,
}

impl HarmLimit {
    /// The harm beyond what is allowed.
    pub(super) fn excess(&self, harm: i64) -> i64 {
        (harm - self.limit).max(0)
    }

    /// What a unit of harm costs at most.
    pub(super) fn toll_max(&self) -> i64 {
        self.toll.saturating_mul(GROWTH_MAX).max(1)
    }

    /// The toll that leaving out one client saves, at most.
    pub(super) fn toll_of_client(&self) -> i64 {
        self.toll_max().saturating_mul(self.of_client)
    }
}

/// How far the toll may grow from what it is at first.
const GROWTH_MAX: i64 = 12;
/// How fast the toll follows: after this share of the search it has changed by the ratio of harm to limit.
const RESPONSE: f64 = 0.04;
/// The ratio of harm to limit counts as this at most, and as its inverse at least.
const RATIO_MAX: f64 = 4.0;

/// What a unit of harm costs at the moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Toll {
    price: f64,
    /// The share of the search at which it was changed last.
    changed_at: f64,
}

impl Toll {
    pub(super) fn new(problem: &Problem) -> Self {
        Self {
            price: problem.harm_limit().map_or(0.0, |limit| limit.toll as f64),
            changed_at: 0.0,
        }
    }

    /// In units of cost.
    pub(super) fn price(self) -> i64 {
        self.price as i64
    }

    /// Follows what solutions do at the moment, after a share `done` of the search.
    pub(super) fn follow(&mut self, harm: i64, limit: &HarmLimit, done: f64) {
        let ratio = (harm as f64 + 1.0) / (limit.limit as f64 + 1.0);
        let share = ((done - self.changed_at) / RESPONSE).clamp(0.0, 1.0);
        self.price *= ratio.clamp(1.0 / RATIO_MAX, RATIO_MAX).powf(share);
        self.price = self.price.clamp(1.0, limit.toll_max() as f64);
        self.changed_at = done;
    }
}

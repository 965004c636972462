//! What a plan may put at risk: harm that only whole routes tell, kept within a limit by a toll on it.
//!
//! Source of the toll that follows the limit: the self-adjusting penalties of Vidal et al. (2012), here for a constraint
//! on the sum over all routes, as in Lagrangian relaxation.

use std::fmt::Debug;
use std::sync::Arc;

use super::problem::Problem;
use super::solution::Solution;

/// Judges routes by what may go wrong on the day.
pub trait Hazard: Debug + Send + Sync {
    /// The harm to be expected at each of `clients` if a vehicle of type `kind` serves them in this sequence, in units of
    /// the judge's own: at least 0, and always the same for the same route. Replaces what `harms` holds.
    fn harms(&self, problem: &Problem, kind: usize, clients: &[u32], harms: &mut Vec<i64>);
}

/// Judges whole solutions more surely than a search has the time for, by what it was not made for.
#[derive(Debug)]
pub struct Audit {
    /// Who judges, in units of its own.
    pub hazard: Arc<dyn Hazard>,
    /// The most harm allowed, in these units.
    pub limit: i64,
}

/// How much harm all routes together may do.
#[derive(Debug)]
pub struct HarmLimit {
    /// Who judges routes: quick, and asked about every change.
    pub hazard: Arc<dyn Hazard>,
    /// The most harm allowed as `hazard` sees it, until audits tell how much that is worth.
    pub limit: i64,
    /// Who has the last word about solutions to keep.
    pub audit: Audit,
    /// What a unit of harm is to cost at first.
    ///
    /// From nothing, best far less than in the end: a search that pays too much early has no freedom left, and what it
    /// then keeps is dear. From a solution that is good already, rather what it will cost in the end.
    pub toll: i64,
    /// What it is to cost at most.
    pub toll_max: i64,
    /// The harm of a client at which things are sure to go wrong.
    pub certain: i64,
    /// The harm that leaving out one client saves, at most: no toll makes up for a client left out, but for those whose
    /// price is stated.
    pub of_client: i64,
}

impl Audit {
    /// The harm that all routes of a solution do.
    pub(super) fn harm(&self, problem: &Problem, solution: &Solution) -> i64 {
        let (mut clients, mut harms) = (Vec::new(), Vec::new());
        let mut harm = 0;
        for route in &solution.routes {
            clients.clear();
            clients.extend(route.clients.iter().map(|&client| client as u32));
            let kind = route.kind;
            self.hazard.harms(problem, kind, &clients, &mut harms);
            harm += harms.iter().sum::<i64>();
        }
        harm
    }
}

impl HarmLimit {
    /// The toll that leaving out one client saves, at most.
    pub(super) fn toll_of_client(&self) -> i64 {
        self.toll_max.saturating_mul(self.of_client)
    }
}

/// How fast the toll follows at first: after this share of the search it has changed by the ratio of harm to limit.
const RESPONSE: f64 = 0.4;
/// The share of that time which is gone at the end of the search, when the limit has to be met.
const HURRY: f64 = 0.95;
/// The ratio of harm to limit counts as this at most, and as its inverse at least.
const RATIO_MAX: f64 = 4.0;
/// Beyond the limit it counts as this at least, and within it as the inverse at most: so the toll goes to and fro about
/// what it takes to keep the limit, and a limit that is nearly kept is kept in time.
const RATIO_MIN: f64 = 1.3;

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

    /// Follows what solutions do at the moment, after a share `done` of the search, where `allowed` is the most harm that
    /// they may.
    pub(super) fn follow(&mut self, harm: i64, allowed: i64, limit: &HarmLimit, done: f64) {
        let ratio = (harm as f64 + 1.0) / (allowed as f64 + 1.0);
        let ratio = if ratio > 1.0 {
            ratio.max(RATIO_MIN)
        } else {
            ratio.min(1.0 / RATIO_MIN)
        };
        let response = RESPONSE * (1.0 - HURRY * done);
        let share = ((done - self.changed_at) / response).clamp(0.0, 1.0);
        self.price *= ratio.clamp(1.0 / RATIO_MAX, RATIO_MAX).powf(share);
        self.price = self.price.clamp(1.0, limit.toll_max.max(1) as f64);
        self.changed_at = done;
    }
}

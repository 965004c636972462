//! A limit on harm: the toll that follows it, and the solution to keep.
//!
//! Annealing goes by cost and toll; what is handed out in the end is the best solution seen that keeps the limit. What
//! annealing is told of harm is quick but flattering, for solutions fit what they are made for; so what is kept is
//! audited, and what audits find beyond that is taken off the limit that annealing goes by.

use super::{Scheme, Search};
use crate::solver::hazard::HarmLimit;
use crate::solver::solution::Solution;

/// How often the solution at hand is audited, whether or not it is to be kept.
const AUDITS: u32 = 64;
/// How much the last audit counts, compared with those before it.
const AUDIT_WEIGHT: f64 = 0.25;
/// Audited harm is as much as this times the harm that annealing sees at most, and as little as its inverse at least.
const BIAS_MAX: f64 = 2.0;

/// The solution that would be handed out.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) solution: Solution,
    /// Its harm as audited.
    harm: i64,
}

/// What audits have found so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Audited {
    /// How much more of what is allowed solutions use up by their audits than annealing sees.
    bias: f64,
    /// Audits of the solution at hand.
    number: u32,
}

impl Audited {
    pub(super) fn new() -> Self {
        Self {
            bias: 1.0,
            number: 0,
        }
    }

    /// The most harm that annealing may see.
    fn allowed(self, limit: &HarmLimit) -> i64 {
        (limit.limit as f64 / self.bias) as i64
    }

    /// What an audit is likely to find where annealing sees `harm`.
    fn expected(self, harm: i64, limit: &HarmLimit) -> i64 {
        let share = (harm as f64 + 1.0) / (limit.limit as f64 + 1.0);
        (share * self.bias * (limit.audit.limit as f64 + 1.0)) as i64
    }

    /// Learns from an audit that found `found` where annealing sees `seen`.
    fn learn(&mut self, found: i64, seen: i64, limit: &HarmLimit) {
        let share = |harm: i64, limit: i64| (harm as f64 + 1.0) / (limit as f64 + 1.0);
        let bias = share(found, limit.audit.limit) / share(seen, limit.limit);
        self.bias += AUDIT_WEIGHT * (bias.clamp(1.0 / BIAS_MAX, BIAS_MAX) - self.bias);
    }
}

/// What comes before what: clients that are served, then harm that is not done, then cost.
type Rank = (i64, i64, i64);

impl Search<'_> {
    /// What a solution costs with the toll on its harm.
    pub(super) fn value(&self, solution: &Solution) -> i64 {
        solution.cost + self.toll.price() * solution.harm
    }

    /// Lets the toll follow the harm that is being done.
    pub(super) fn follow_harm(&mut self, done: f64) {
        let Some(limit) = self.problem.harm_limit() else {
            return;
        };
        let due = (done * f64::from(AUDITS)) as u32;
        if due > self.audited.number {
            self.audited.number = due;
            let found = limit.audit.harm(self.problem, &self.best);
            self.audited.learn(found, self.best.harm, limit);
        }
        let harms = self.lanes.iter().map(|lane| lane.state.harm());
        let harm = match self.scheme {
            Scheme::Chains => harms.min().unwrap_or(0),
            Scheme::Parts(_) => harms.sum(),
        };
        let allowed = self.audited.allowed(limit);
        self.toll.follow(harm, allowed, limit, done);
    }

    /// Whether a solution of this cost, tolls included, may turn out to be one to keep.
    pub(super) fn is_keeper(&self, cost: i64, harm: i64, absent: &[u32]) -> bool {
        let Some(limit) = self.problem.harm_limit() else {
            return false;
        };
        let absent = absent.iter().map(|&client| client as usize);
        let expected = self.audited.expected(harm, limit);
        let cost = cost - self.toll.price() * harm;
        self.precedes(self.rank(absent, expected, cost, limit), limit)
    }

    /// Keeps a solution if an audit agrees that it is to be kept.
    pub(super) fn keep(&mut self, solution: Solution) {
        let Some(limit) = self.problem.harm_limit() else {
            return;
        };
        let harm = limit.audit.harm(self.problem, &solution);
        self.audited.learn(harm, solution.harm, limit);
        let absent = solution.absent.iter().copied();
        if self.precedes(self.rank(absent, harm, solution.cost, limit), limit) {
            self.kept = Some(Kept { solution, harm });
        }
    }

    /// Keeps the best solution for annealing if it is to be kept.
    pub(super) fn keep_best(&mut self) {
        if self.is_keeper(self.value(&self.best), self.best.harm, &self.absent) {
            self.keep(self.best.clone());
        }
    }

    /// Whether what has this rank is to be kept instead of what is.
    fn precedes(&self, rank: Rank, limit: &HarmLimit) -> bool {
        self.kept.as_ref().is_none_or(|kept| {
            let Solution { absent, cost, .. } = &kept.solution;
            rank < self.rank(absent.iter().copied(), kept.harm, *cost, limit)
        })
    }

    fn rank(
        &self,
        absent: impl Iterator<Item = usize>,
        harm: i64,
        cost: i64,
        limit: &HarmLimit,
    ) -> Rank {
        let dropped = absent.map(|client| self.problem.drop_cost(client)).sum();
        (dropped, (harm - limit.audit.limit).max(0), cost)
    }
}

//! A limit on harm: the toll that follows it, and the solution to keep.
//!
//! Annealing goes by cost and toll; what is handed out in the end is the best solution seen that keeps the limit.

use super::{Scheme, Search};
use crate::solver::solution::Solution;

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
        let harms = self.lanes.iter().map(|lane| lane.state.harm());
        let harm = match self.scheme {
            Scheme::Chains => harms.min().unwrap_or(0),
            Scheme::Parts(_) => harms.sum(),
        };
        self.toll.follow(harm, limit, done);
    }

    /// Whether a solution of this cost, tolls included, is to be kept: for the clients it serves, then for the harm it
    /// does not do, then for its cost.
    pub(super) fn is_keeper(&self, cost: i64, harm: i64, absent: &[u32]) -> bool {
        let Some(limit) = self.problem.harm_limit() else {
            return false;
        };
        let rank = |dropped: i64, harm: i64, cost: i64| (dropped, limit.excess(harm), cost);
        let drop_cost = |client: usize| self.problem.drop_cost(client);
        self.kept.as_ref().is_none_or(|kept| {
            let of_kept = kept.absent.iter().map(|&client| drop_cost(client)).sum();
            let new = absent
                .iter()
                .map(|&client| drop_cost(client as usize))
                .sum();
            rank(new, harm, cost - self.toll.price() * harm) < rank(of_kept, kept.harm, kept.cost)
        })
    }

    /// Keeps the best solution for annealing if it is to be kept.
    pub(super) fn keep_best(&mut self) {
        if self.is_keeper(self.value(&self.best), self.best.harm, &self.absent) {
            self.kept = Some(self.best.clone());
        }
    }
}

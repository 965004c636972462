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
        self.toll.follow(harm, limit.limit, done);
    }

    /// Whether a solution of this cost, tolls included, is to be kept: for the clients it serves, then for the harm it
    /// does not do, then for its cost.
    pub(super) fn is_keeper(&self, cost: i64, harm: i64, absent: &[u32]) -> bool {
        let Some(limit) = self.problem.harm_limit() else {
            return false;
        };
        let dropped = |absent: &mut dyn Iterator<Item = usize>| -> i64 {
            absent.map(|client| self.problem.drop_cost(client)).sum()
        };
        let rank =
            |dropped: i64, harm: i64, cost: i64| (dropped, (harm - limit.limit).max(0), cost);
        self.kept.as_ref().is_none_or(|kept| {
            let of_kept = dropped(&mut kept.absent.iter().copied());
            let new = dropped(&mut absent.iter().map(|&client| client as usize));
            rank(new, harm, cost - self.toll.price() * harm) < rank(of_kept, kept.harm, kept.cost)
        })
    }

    /// Keeps a solution if it is to be kept.
    pub(super) fn keep(&mut self, solution: &Solution) {
        let absent: Vec<u32> = solution
            .absent
            .iter()
            .map(|&client| client as u32)
            .collect();
        if self.is_keeper(self.value(solution), solution.harm, &absent) {
            self.kept = Some(solution.clone());
        }
    }
}

//! How often each operator was tried and what came of it: evidence for whoever tunes the search.
//!
//! Only what ended in time is counted, so that a search that is made again counts the same.

use std::ops::AddAssign;

/// How often something was tried, and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    /// Times it was tried.
    pub tried: u64,
    /// Times that its result was gone on from.
    pub accepted: u64,
    /// Times that its result was better than what it was made of.
    pub improved: u64,
}

impl Attempts {
    /// Counts one attempt.
    pub(super) fn count(&mut self, is_accepted: bool, is_improved: bool) {
        self.tried += 1;
        self.accepted += u64::from(is_accepted);
        self.improved += u64::from(is_improved);
    }
}

impl AddAssign for Attempts {
    fn add_assign(&mut self, other: Self) {
        self.tried += other.tried;
        self.accepted += other.accepted;
        self.improved += other.improved;
    }
}

/// What has come of all operators so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Operators {
    /// Exchanges of tails between two routes, a handful at a time.
    pub tails: Attempts,
    /// Ruin and recreate.
    pub ruins: Attempts,
    /// Children of the population: accepted if the local search made them feasible, or if there is none; improved if
    /// they are better than the best solution so far.
    pub children: Attempts,
    /// Rounds of looking for a way to do with fewer vehicles: accepted and improved if they saved one.
    pub fleet: Attempts,
}

impl AddAssign for Operators {
    fn add_assign(&mut self, other: Self) {
        self.tails += other.tails;
        self.ruins += other.ruins;
        self.children += other.children;
        self.fleet += other.fleet;
    }
}

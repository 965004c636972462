//! The local search on its own, for measuring how fast it is.

use super::descent::{Descent, NEIGHBORS, RELOCATE, RELOCATE_2, SWAP, SWAP_2};
use super::operators::{Operator, TwoOpt, TwoOptStar, evaluate};
use super::penalty::Penalties;
use super::segment::TimeSegment;
use super::tour::Tour;
use crate::solver::neighborhood::Neighborhood;
use crate::solver::problem::Problem;
use crate::solver::state::{NONE, Route};

/// Moves of one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// One client behind another.
    Relocate,
    /// Two clients behind another.
    RelocatePair,
    /// One client for one.
    Swap,
    /// Two clients for two.
    SwapPairs,
    /// A part of a route backwards.
    TwoOpt,
    /// Ends of two routes exchanged.
    TwoOptStar,
}

impl Family {
    /// Every family.
    pub const ALL: [Self; 6] = [
        Self::Relocate,
        Self::RelocatePair,
        Self::Swap,
        Self::SwapPairs,
        Self::TwoOpt,
        Self::TwoOptStar,
    ];
}

/// A problem with a first solution, made by inserting one client after the other.
#[derive(Debug)]
pub struct LocalSearch<'p> {
    tour: Tour<'p>,
    neighborhood: Neighborhood,
    first: Vec<Route>,
    descent: Descent,
}

impl<'p> LocalSearch<'p> {
    /// Makes the first solution.
    #[must_use]
    pub fn new(problem: &'p Problem) -> Self {
        let neighborhood = Neighborhood::new(problem, NEIGHBORS, NEIGHBORS, &|| false);
        let mut tour = Tour::new(problem, Penalties::new(problem));
        tour.load(&[]);
        for client in 0..problem.n_clients() as u32 {
            tour.insert(&neighborhood, client);
        }
        Self {
            first: tour.to_routes(),
            tour,
            neighborhood,
            descent: Descent::default(),
        }
    }

    /// Evaluates one move of each client with each of its neighbors; returns how many, and how many would pay off.
    #[must_use]
    pub fn evaluate(&self, family: Family) -> (u64, u64) {
        match family {
            Family::Relocate => self.evaluate_all(RELOCATE),
            Family::RelocatePair => self.evaluate_all(RELOCATE_2),
            Family::Swap => self.evaluate_all(SWAP),
            Family::SwapPairs => self.evaluate_all(SWAP_2),
            Family::TwoOpt => self.evaluate_all(TwoOpt),
            Family::TwoOptStar => self.evaluate_all(TwoOptStar),
        }
    }

    fn evaluate_all(&self, operator: impl Operator) -> (u64, u64) {
        let (mut tried, mut better) = (0, 0);
        for u in 0..self.tour.problem.n_clients() as u32 {
            for &v in self.neighborhood.insertion(u) {
                if self.tour.node(u).route == NONE || self.tour.node(v).route == NONE {
                    continue;
                }
                tried += 1;
                better += u64::from(evaluate(&operator, &self.tour, u, v).is_some());
            }
        }
        (tried, better)
    }

    /// Descends from the first solution; returns the cost before and after, penalties included.
    pub fn descend(&mut self) -> (i64, i64) {
        self.tour.load(&self.first);
        let before = self.tour.cost();
        let all: Vec<u32> = (0..self.tour.problem.n_clients() as u32).collect();
        self.descent
            .run(&mut self.tour, &self.neighborhood, &all, &|| false);
        (before, self.tour.cost())
    }
}

/// Joins `count` visits one after the other; returns the time warp of the whole.
#[must_use]
pub fn join_visits(count: i32) -> i32 {
    let visit = |number: i32| {
        TimeSegment::visit(300, number * 37 % 9_000, number * 53 % 9_000 + 9_000, None)
    };
    let all = (1..count).fold(visit(0), |all, number| {
        all.then(number * 7 % 900, visit(number))
    });
    all.total_warp()
}

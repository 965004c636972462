//! The descent: tries moves of clients whose surroundings changed until none of them pays off.
//!
//! First improvement; a client is tried with its granular neighbors, and with a pair of routes only if one of the two
//! changed since.

use std::collections::VecDeque;

use super::operators::{Operator, Relocate, Swap, TwoOpt, TwoOptStar, evaluate};
use super::tour::Tour;
use crate::solver::neighborhood::Neighborhood;
use crate::solver::state::NONE;

/// Granular neighbors that a client is tried with.
pub(super) const NEIGHBORS: usize = 30;

/// Descends tours. Keeps what it needs between descents.
#[derive(Debug, Default)]
pub(in crate::solver) struct Descent {
    queue: VecDeque<u32>,
    is_queued: Vec<bool>,
    /// For each client, how many changes there had been when it was last tried.
    tried: Vec<u32>,
}

impl Descent {
    /// Makes moves until none pays off for any client of `dirty` or of those that the moves touch, or until `stop`.
    pub(in crate::solver) fn run(
        &mut self,
        tour: &mut Tour<'_>,
        neighborhood: &Neighborhood,
        dirty: &[u32],
        stop: &(dyn Fn() -> bool + Sync),
    ) {
        let n = tour.problem.n_clients();
        self.queue.clear();
        self.is_queued.clear();
        self.is_queued.resize(n, false);
        self.tried.clear();
        self.tried.resize(n, 0);
        tour.touched.clear();
        for &client in dirty {
            self.push(client);
        }
        let mut round = 0_u32;
        while let Some(client) = self.queue.pop_front() {
            self.is_queued[client as usize] = false;
            round += 1;
            if round.is_multiple_of(64) && stop() {
                return;
            }
            while tour.node(client).route != NONE && self.improve(tour, neighborhood, client) {
                self.requeue(tour);
            }
        }
    }

    fn push(&mut self, client: u32) {
        if !std::mem::replace(&mut self.is_queued[client as usize], true) {
            self.queue.push_back(client);
        }
    }

    /// Queues what the last move touched, and whole routes that break something.
    fn requeue(&mut self, tour: &mut Tour<'_>) {
        let mut touched = std::mem::take(&mut tour.touched);
        for &client in &touched {
            self.push(client);
        }
        for &client in &touched {
            let route = tour.route(client);
            if route.price.penalty > 0 {
                for &other in &route.clients {
                    self.push(other);
                }
            }
        }
        touched.clear();
        tour.touched = touched;
    }

    /// Makes the first move of `u` that pays off.
    fn improve(&mut self, tour: &mut Tour<'_>, neighborhood: &Neighborhood, u: u32) -> bool {
        let tried = self.tried[u as usize];
        let now = tour.now;
        for &v in neighborhood.insertion(u).iter().take(NEIGHBORS) {
            if tour.node(v).route == NONE {
                continue;
            }
            let stamp = tour.route(u).stamp.max(tour.route(v).stamp);
            if stamp <= tried && tried > 0 {
                continue;
            }
            if self.try_pair(tour, u, v) {
                return true;
            }
        }
        for route in 0..tour.routes.len() as u32 {
            if tour.routes[route as usize].clients.is_empty() && tour.is_available(route) {
                let start = tour.start(route);
                if self.attempt(tour, RELOCATE, u, start)
                    || self.attempt(tour, TwoOptStar, u, start)
                {
                    return true;
                }
            }
        }
        self.tried[u as usize] = now;
        false
    }

    fn try_pair(&self, tour: &mut Tour<'_>, u: u32, v: u32) -> bool {
        let before = tour.node(v).pred;
        if self.attempt(tour, RELOCATE, u, v)
            || self.attempt(tour, RELOCATE, u, before)
            || self.attempt(tour, RELOCATE_2, u, v)
            || self.attempt(tour, RELOCATE_2, u, before)
            || self.attempt(tour, RELOCATE_2_REVERSED, u, v)
            || self.attempt(tour, RELOCATE_2_REVERSED, u, before)
        {
            return true;
        }
        if tour.node(u).route == tour.node(v).route {
            let (first, last) = if tour.node(u).at < tour.node(v).at {
                (u, v)
            } else {
                (v, u)
            };
            return self.attempt(tour, TwoOpt, last, first)
                || self.attempt(tour, TwoOpt, last, tour.node(first).pred);
        }
        self.attempt(tour, TwoOptStar, u, before)
            || self.attempt(tour, TwoOptStar, v, tour.node(u).pred)
            || self.attempt(tour, SWAP, u, v)
            || self.attempt(tour, SWAP_2_1, u, v)
            || self.attempt(tour, SWAP_1_2, u, v)
            || self.attempt(tour, SWAP_2, u, v)
    }

    #[inline]
    fn attempt(&self, tour: &mut Tour<'_>, operator: impl Operator, u: u32, v: u32) -> bool {
        let Some((_, change)) = evaluate(&operator, tour, u, v) else {
            return false;
        };
        tour.apply(&change);
        true
    }
}

pub(super) const RELOCATE: Relocate = Relocate {
    length: 1,
    is_reversed: false,
};
pub(super) const RELOCATE_2: Relocate = Relocate {
    length: 2,
    is_reversed: false,
};
const RELOCATE_2_REVERSED: Relocate = Relocate {
    length: 2,
    is_reversed: true,
};
pub(super) const SWAP: Swap = Swap {
    first: 1,
    second: 1,
};
const SWAP_2_1: Swap = Swap {
    first: 2,
    second: 1,
};
const SWAP_1_2: Swap = Swap {
    first: 1,
    second: 2,
};
pub(super) const SWAP_2: Swap = Swap {
    first: 2,
    second: 2,
};

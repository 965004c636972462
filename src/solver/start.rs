//! Where a search starts from, if not from nothing: given routes, parts of which may be locked.

use super::fit::fit;
use super::problem::Problem;
use super::solution::Solution;
use super::state::Route;

/// One route to start from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartRoute {
    /// Vehicle type.
    pub kind: usize,
    /// Clients in sequence.
    pub clients: Vec<usize>,
    /// How many of the first clients stay in this route, in this sequence, before all others.
    pub locked: usize,
}

/// A solution to start from: given routes, mended where they break constraints.
#[derive(Clone, Debug)]
pub struct Start {
    routes: Vec<Route>,
    absent: Vec<u32>,
    displaced: Vec<usize>,
}

impl Start {
    /// Takes routes over; what breaks a constraint is left out, of each route as few clients as possible.
    ///
    /// The sequence within a route is kept and windows are chosen for it. Locked clients are not left out, unless they
    /// break a constraint by themselves: then the whole route is. So is a route for which no vehicle of its type is
    /// left. A client that is named again counts where it is named first.
    ///
    /// # Panics
    /// If a vehicle type or a client does not exist.
    #[must_use]
    pub fn new(problem: &Problem, routes: &[StartRoute]) -> Self {
        let mut free: Vec<u32> = problem.types().iter().map(|kind| kind.count).collect();
        let mut is_absent = vec![true; problem.n_clients()];
        let mut is_named = vec![false; problem.n_clients()];
        let mut start = Self {
            routes: Vec::new(),
            absent: Vec::new(),
            displaced: Vec::new(),
        };
        for route in routes {
            let is_first = |&client: &usize| !std::mem::replace(&mut is_named[client], true);
            let clients: Vec<usize> = route.clients.iter().copied().filter(is_first).collect();
            let fitted = if free[route.kind] > 0 {
                let locked = route.locked.min(clients.len());
                fit(problem, route.kind, &clients, locked)
            } else {
                None
            };
            let visits = fitted.unwrap_or_default();
            for &(client, _) in &visits {
                is_absent[client as usize] = false;
            }
            let misses = |client: &usize| is_absent[*client];
            start.displaced.extend(clients.into_iter().filter(misses));
            if !visits.is_empty() {
                free[route.kind] -= 1;
                start.routes.push(Route {
                    slot: start.routes.len() as u32,
                    kind: route.kind as u32,
                    previous: None,
                    version: 0,
                    locked: route.locked.min(visits.len()) as u32,
                    visits,
                });
            }
        }
        start.displaced.sort_unstable();
        start.absent = (0..)
            .zip(&is_absent)
            .filter_map(|(client, &is_absent)| is_absent.then_some(client))
            .collect();
        start
    }

    /// Clients that were in a route and did not fit there, ascending.
    #[must_use]
    pub fn displaced(&self) -> &[usize] {
        &self.displaced
    }

    /// The routes as mended, all other clients left out: no search from here ends with a solution that costs more.
    ///
    /// `problem` must be the one that the start was made for.
    #[must_use]
    pub fn solution(&self, problem: &Problem) -> Solution {
        Solution::new(problem, &self.routes, &self.absent)
    }

    pub(super) fn routes(&self) -> &[Route] {
        &self.routes
    }

    pub(super) fn absent(&self) -> &[u32] {
        &self.absent
    }
}

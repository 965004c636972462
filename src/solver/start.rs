//! Where a search starts from, if not from nothing: given routes, parts of which may be locked.

use super::fit::fit;
use super::problem::Problem;
use super::solution::{ReloadAfter, Solution, Trip, evaluate_trips};
use super::state::Route;

/// One route to start from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartRoute {
    /// Vehicle type.
    pub kind: usize,
    /// Clients in sequence.
    pub clients: Vec<usize>,
    /// Where one trip ends and the next begins, in sequence.
    pub reloads: Vec<ReloadAfter>,
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
    /// The sequence within a route is kept and windows are chosen for it. Trips are kept where all of them can be driven
    /// in the first window of each client; otherwise their clients make one trip. Locked clients are not left out, unless they
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
            let trips = trips_of(route);
            if trips.len() > 1
                && clients.len() == route.clients.len()
                && free[route.kind] > 0
                && evaluate_trips(problem, route.kind, &trips).is_some()
            {
                for &client in &clients {
                    is_absent[client] = false;
                }
                free[route.kind] -= 1;
                start.push_trips(route, trips);
                continue;
            }
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

    fn push_trips(&mut self, route: &StartRoute, trips: Vec<Trip>) {
        let mut locked = route.locked;
        for trip in trips {
            let slot = self.routes.len() as u32;
            let of_trip = locked.min(trip.visits.len());
            locked -= of_trip;
            self.routes.push(Route {
                slot,
                kind: route.kind as u32,
                previous: trip.reload.map(|reload| (slot - 1, reload)),
                version: 0,
                locked: of_trip as u32,
                visits: trip.visits,
            });
        }
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

/// The trips of a route, each client in its first window.
fn trips_of(route: &StartRoute) -> Vec<Trip> {
    let firsts = route.reloads.iter().map(|after| Some(after.reload as u8));
    let bounds: Vec<usize> = std::iter::once(0)
        .chain(route.reloads.iter().map(|after| after.n_before))
        .chain([route.clients.len()])
        .map(|position| position.min(route.clients.len()))
        .collect();
    let trips = std::iter::once(None).chain(firsts).zip(bounds.windows(2));
    let trip = |(reload, bounds): (Option<u8>, &[usize])| Trip {
        reload,
        visits: (route.clients[bounds[0]..bounds[1].max(bounds[0])].iter())
            .map(|&client| (client as u32, 0))
            .collect(),
    };
    trips.map(trip).collect()
}

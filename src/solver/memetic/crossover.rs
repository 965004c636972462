//! Selective route exchange: a child has the routes of one parent but for a region, where it has those of the other.
//!
//! Source: Nagata, Bräysy and Dullaert (2010), by way of HGS-DIMACS. There routes are ordered by polar angle; here, where
//! there are no coordinates, a region is the routes nearest to a client by travel distance, and the routes that replace
//! them are those that share most clients with them.

use rand::RngExt;

use super::individual::Individual;
use crate::rng::Stream;
use crate::solver::neighborhood::Neighborhood;
use crate::solver::problem::{FAR, Problem};
use crate::solver::solution::evaluate;
use crate::solver::state::{NONE, Route};

/// Routes of a child and the clients that none of them has.
#[derive(Clone, Debug, Default)]
pub(super) struct Child {
    pub(super) routes: Vec<Route>,
    pub(super) missing: Vec<u32>,
}

/// Both children of two parents: one drops clients that it would have twice from the routes it keeps, the other from
/// those it takes. Soft constraints may be broken if `is_soft`. `None` if the parents do not differ where it was looked.
pub(super) fn cross(
    problem: &Problem,
    neighborhood: &Neighborhood,
    rng: &mut Stream,
    base: &Individual,
    donor: &Individual,
    is_soft: bool,
) -> Option<[Child; 2]> {
    let n = problem.n_clients();
    let most = base.routes.len().min(donor.routes.len());
    if most < 2 {
        return None;
    }
    let count = rng.random_range(1..most);
    let seed = rng.random_range(0..n as u32);
    let taken_out = nearest_routes(n, neighborhood.ruin(seed), &base.routes, count);
    let mut is_out = vec![false; n];
    for &route in &taken_out {
        for &(client, _) in &base.routes[route].visits {
            is_out[client as usize] = true;
        }
    }
    let mut put_in: Vec<usize> = (0..donor.routes.len()).collect();
    let shared = |route: &usize| {
        let visits = &donor.routes[*route].visits;
        visits
            .iter()
            .filter(|visit| is_out[visit.0 as usize])
            .count()
    };
    put_in.sort_by_cached_key(|route| (std::cmp::Reverse(shared(route)), *route));
    put_in.truncate(count);
    let kept = |at: &usize| !taken_out.contains(at);
    let kept: Vec<&Route> = (0..base.routes.len())
        .filter(kept)
        .map(|at| &base.routes[at])
        .collect();
    let taken: Vec<&Route> = put_in.iter().map(|&at| &donor.routes[at]).collect();
    let is_same = |route: &&Route| {
        taken_out
            .iter()
            .any(|&at| base.routes[at].visits == route.visits && base.routes[at].kind == route.kind)
    };
    if taken.iter().all(is_same) {
        return None;
    }
    Some([
        assemble(problem, &taken, &kept, is_soft),
        assemble(problem, &kept, &taken, is_soft),
    ])
}

/// The `count` routes that a walk over `near` meets first.
fn nearest_routes(n: usize, near: &[u32], routes: &[Route], count: usize) -> Vec<usize> {
    let mut route_of = vec![NONE; n];
    for (at, route) in (0..).zip(routes) {
        for &(client, _) in &route.visits {
            route_of[client as usize] = at;
        }
    }
    let mut found = Vec::with_capacity(count);
    for &client in near {
        let route = route_of[client as usize];
        if route != NONE && !found.contains(&(route as usize)) {
            found.push(route as usize);
            if found.len() == count {
                break;
            }
        }
    }
    found
}

/// Puts routes together; the clients of `first` are dropped from `second`. Routes that no vehicle is left for, or that
/// do not hold without what was dropped, are taken apart.
fn assemble(problem: &Problem, first: &[&Route], second: &[&Route], is_soft: bool) -> Child {
    let mut has = vec![false; problem.n_clients()];
    let mut free: Vec<u32> = problem.types().iter().map(|kind| kind.count).collect();
    let mut child = Child::default();
    let routes = first.iter().map(|route| (route, false));
    for (route, is_second) in routes.chain(second.iter().map(|route| (route, true))) {
        let mut visits = route.visits.clone();
        if is_second {
            visits.retain(|&(client, _)| !has[client as usize]);
        }
        let kind = route.kind as usize;
        if visits.is_empty() || free[kind] == 0 {
            continue;
        }
        let holds = || {
            if is_soft {
                has_ways(problem, kind, &visits)
            } else {
                evaluate(problem, kind, &visits).is_some()
            }
        };
        if visits.len() < route.visits.len() && !holds() {
            continue;
        }
        free[kind] -= 1;
        for &(client, _) in &visits {
            has[client as usize] = true;
        }
        child.routes.push(Route {
            slot: child.routes.len() as u32,
            kind: route.kind,
            previous: None,
            version: 0,
            locked: 0,
            visits,
        });
    }
    child.missing = (0..has.len() as u32)
        .filter(|&client| !has[client as usize])
        .collect();
    child
}

/// Whether there is a way from each visit to the next.
fn has_ways(problem: &Problem, kind: usize, visits: &[(u32, u8)]) -> bool {
    let profile = problem.types()[kind].profile;
    let clients = visits.iter().map(|&(client, _)| client as usize);
    let from = std::iter::once(problem.start_node(kind)).chain(clients.clone());
    let to = clients.chain(std::iter::once(problem.end_node(kind)));
    from.zip(to)
        .all(|(from, to)| problem.arc(profile, from, to).duration < FAR)
}

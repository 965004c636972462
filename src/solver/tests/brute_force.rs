//! The optimum of a small problem, by trying everything: knows only what a route costs when evaluated from scratch.

use crate::solver::problem::Problem;
use crate::solver::solution::{Trip, evaluate_trips};

/// The least cost, by trying everything.
pub(in crate::solver) fn brute_force(problem: &Problem) -> i64 {
    let mut best = i64::MAX;
    extend(problem, 0, &mut Vec::new(), 0, &mut best);
    best
}

/// Inserts client `next` and those after it everywhere: into every trip, in trips of their own, in new routes of each
/// type; and leaves them out.
fn extend(
    problem: &Problem,
    next: usize,
    routes: &mut Vec<(usize, Vec<Trip>)>,
    dropped: i64,
    best: &mut i64,
) {
    if next == problem.n_clients() {
        let cost = routes.iter().try_fold(dropped, |sum, (kind, trips)| {
            Some(sum + evaluate_trips(problem, *kind, trips)?.cost)
        });
        *best = cost.unwrap_or(i64::MAX).min(*best);
        return;
    }
    extend(
        problem,
        next + 1,
        routes,
        dropped + problem.drop_cost(next),
        best,
    );
    for window in 0..problem.clients()[next].windows.len() as u8 {
        let visit = (next as u32, window);
        for route in 0..routes.len() {
            for trip in 0..routes[route].1.len() {
                for at in 0..=routes[route].1[trip].visits.len() {
                    routes[route].1[trip].visits.insert(at, visit);
                    extend(problem, next + 1, routes, dropped, best);
                    routes[route].1[trip].visits.remove(at);
                }
            }
            extend_with_trip(problem, visit, routes, route, dropped, best);
        }
        for kind in 0..problem.types().len() {
            if routes.iter().filter(|(other, _)| *other == kind).count()
                < problem.types()[kind].count as usize
            {
                let visits = vec![visit];
                let reload = None;
                routes.push((kind, vec![Trip { reload, visits }]));
                extend(problem, next + 1, routes, dropped, best);
                routes.pop();
            }
        }
    }
}

fn extend_with_trip(
    problem: &Problem,
    visit: (u32, u8),
    routes: &mut Vec<(usize, Vec<Trip>)>,
    route: usize,
    dropped: i64,
    best: &mut i64,
) {
    let reloads = 0..problem.types()[routes[route].0].reloads.len() as u8;
    for (at, reload) in
        (0..=routes[route].1.len()).flat_map(|at| reloads.clone().map(move |r| (at, r)))
    {
        let visits = vec![visit];
        if at == 0 {
            routes[route].1[0].reload = Some(reload);
        }
        let reload = (at > 0).then_some(reload);
        routes[route].1.insert(at, Trip { reload, visits });
        extend(problem, visit.0 as usize + 1, routes, dropped, best);
        routes[route].1.remove(at);
        if at == 0 {
            routes[route].1[0].reload = None;
        }
    }
}

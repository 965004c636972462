//! Fitting a sequence where travel depends on the time of day, or the driver takes breaks.
//!
//! What a client kept means for those to come then depends on more than a label can hold, so that beginnings of the route
//! are compared by the few figures that matter most, and each is evaluated as a route of its own. Correct in what it
//! keeps; it may leave out more clients than necessary.

use std::cmp::Reverse;

use crate::solver::problem::Problem;
use crate::solver::solution::evaluate;

/// Beginnings that survive behind one client with the same number of clients left out.
const BEGINNINGS_MAX: usize = 8;
/// Beginnings with this many clients more left out than the best are given up.
const SKIPS_MAX: usize = 4;

/// A beginning of the route.
#[derive(Clone)]
struct Beginning {
    visits: Vec<(u32, u8)>,
    skipped: usize,
    /// Of the clients left out.
    drop_cost: i64,
    /// From the last client.
    departure: i32,
}

/// As [`super::fit`].
pub(super) fn fit(
    problem: &Problem,
    kind: usize,
    sequence: &[usize],
    locked: usize,
) -> Option<Vec<(u32, u8)>> {
    // The whole may be a route where a beginning is none.
    grow(problem, kind, sequence, sequence.len()).or_else(|| grow(problem, kind, sequence, locked))
}

/// The best route found that has the first `locked` clients.
fn grow(
    problem: &Problem,
    kind: usize,
    sequence: &[usize],
    locked: usize,
) -> Option<Vec<(u32, u8)>> {
    let vehicle = &problem.types()[kind];
    // The goods of what is locked are on board in any case.
    let ready = sequence[..locked].iter();
    let ready = ready.filter_map(|&client| problem.clients()[client].ready);
    let start = ready.fold(vehicle.earliest, i32::max);
    let mut beginnings = vec![Beginning {
        visits: Vec::new(),
        skipped: 0,
        drop_cost: 0,
        departure: start.saturating_add(vehicle.loading),
    }];
    for (position, &client) in sequence.iter().enumerate() {
        let mut longer = Vec::new();
        for beginning in &beginnings {
            let with = with(problem, kind, beginning, client);
            // What is locked counts as a whole: its own beginning need not be a route.
            longer.extend(with.filter(|new| {
                position + 1 < locked || evaluate(problem, kind, &new.visits).is_some()
            }));
            if position >= locked {
                longer.push(without(problem, beginning, client));
            }
        }
        beginnings = survivors(longer);
    }
    let cost = |beginning: &Beginning| {
        let cost = evaluate(problem, kind, &beginning.visits).map_or(0, |found| found.cost);
        cost.saturating_add(beginning.drop_cost)
    };
    let best = beginnings
        .into_iter()
        .min_by_key(|beginning| (beginning.skipped, cost(beginning)));
    best.map(|best| best.visits)
}

/// The beginning with `client` in each of its windows that is not over.
fn with(
    problem: &Problem,
    kind: usize,
    beginning: &Beginning,
    client: usize,
) -> impl Iterator<Item = Beginning> {
    let vehicle = &problem.types()[kind];
    let data = &problem.clients()[client];
    let last = beginning.visits.last();
    let here = last.map_or(problem.start_node(kind), |&(last, _)| last as usize);
    // Goods that are not ready yet hold back the start, and with it everything.
    let departure = data.ready.map_or(beginning.departure, |ready| {
        beginning
            .departure
            .max(ready.saturating_add(vehicle.loading))
    });
    let arrival = problem.arrival(vehicle.profile, here, client, departure);
    let windows = data.windows.iter().enumerate();
    windows
        .filter(move |(_, window)| arrival <= window.end)
        .map(move |(number, window)| {
            let mut new = beginning.clone();
            new.visits.push((client as u32, number as u8));
            new.departure = arrival.max(window.start) + data.service[vehicle.pace];
            new
        })
}

fn without(problem: &Problem, beginning: &Beginning, client: usize) -> Beginning {
    let drop_cost = problem.drop_cost(client);
    Beginning {
        skipped: beginning.skipped + 1,
        drop_cost: beginning.drop_cost.saturating_add(drop_cost),
        ..beginning.clone()
    }
}

/// The earliest to leave, of those with as many clients left out, and not many more than need be.
fn survivors(mut beginnings: Vec<Beginning>) -> Vec<Beginning> {
    beginnings.sort_by_key(|beginning| {
        (
            beginning.skipped,
            beginning.departure,
            Reverse(beginning.visits.len()),
            beginning.drop_cost,
        )
    });
    let least = beginnings.first().map_or(0, |best| best.skipped);
    let mut n_alike = (least, 0);
    beginnings.retain(|beginning| {
        if beginning.skipped != n_alike.0 {
            n_alike = (beginning.skipped, 0);
        }
        n_alike.1 += 1;
        n_alike.1 <= BEGINNINGS_MAX && beginning.skipped <= least + SKIPS_MAX
    });
    beginnings
}

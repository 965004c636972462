//! Solutions as plain sequences, and their evaluation from scratch: the oracle of everything incremental.

use super::duration::duration_cost;
use super::problem::{Arc, FAR, Problem, VehicleType, Window};
use super::state::Route;

/// One vehicle's sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SolutionRoute {
    /// Vehicle type.
    pub kind: usize,
    /// Clients in sequence.
    pub clients: Vec<usize>,
}

/// Routes and the clients that none serves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Solution {
    /// Routes with at least one client.
    pub routes: Vec<SolutionRoute>,
    /// Clients left out, ascending.
    pub absent: Vec<usize>,
    /// Cost of routes and of leaving clients out.
    pub cost: i64,
    /// Total distance.
    pub distance: i64,
}

impl Solution {
    /// Evaluates routes from scratch.
    pub(super) fn new(problem: &Problem, routes: &[Route], absent: &[u32]) -> Self {
        let mut cost: i64 = absent
            .iter()
            .map(|&client| problem.drop_cost(client as usize))
            .sum();
        let mut distance = 0;
        for route in routes {
            let evaluation = evaluate(problem, route.kind as usize, &route.visits)
                .expect("the search keeps routes feasible");
            cost += evaluation.cost;
            distance += evaluation.distance;
        }
        let plain = |route: &Route| SolutionRoute {
            kind: route.kind as usize,
            clients: route
                .visits
                .iter()
                .map(|&(client, _)| client as usize)
                .collect(),
        };
        Self {
            routes: routes.iter().map(plain).collect(),
            absent: absent.iter().map(|&client| client as usize).collect(),
            cost,
            distance,
        }
    }
}

/// What a route costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Evaluation {
    pub(super) cost: i64,
    pub(super) distance: i64,
}

/// Evaluates one route visit by visit; `None` if it breaks any constraint.
///
/// Shape: O(visits). Shares nothing with the incremental evaluation but the problem.
pub(super) fn evaluate(problem: &Problem, kind: usize, visits: &[(u32, u8)]) -> Option<Evaluation> {
    let vehicle = &problem.types()[kind];
    if visits.is_empty() || visits.len() > vehicle.max_clients as usize {
        return None;
    }
    if !visits
        .iter()
        .all(|&(client, _)| problem.admits(kind, client as usize))
        || !loads_fit(problem, kind, visits)
    {
        return None;
    }
    let ready = visits
        .iter()
        .filter_map(|&(client, _)| problem.clients()[client as usize].ready)
        .max();
    let earliest = ready.unwrap_or(i32::MIN).max(vehicle.earliest);
    let legs = legs(problem, kind, visits);
    let windows: Vec<Window> = visits
        .iter()
        .map(|&(client, window)| problem.clients()[client as usize].windows[window as usize])
        .collect();
    let services: Vec<i32> = visits
        .iter()
        .map(|&(client, _)| problem.clients()[client as usize].service[vehicle.pace])
        .collect();
    let run = |start: i32| {
        let mut time = start + vehicle.loading;
        let mut is_late = false;
        for ((leg, window), service) in legs.iter().zip(&windows).zip(&services) {
            time = leg.arrival(time).max(window.start);
            is_late |= time > window.end;
            time += service;
        }
        time = legs[visits.len()].arrival(time);
        (time, is_late || time > vehicle.latest)
    };
    let (end, is_late) = run(earliest);
    if is_late || legs.iter().any(|leg| leg.arc.duration >= FAR) {
        return None;
    }
    let duration = shortest(vehicle, earliest, end, run, problem.features().timed);
    let distance: i64 = legs.iter().map(|leg| i64::from(leg.arc.distance)).sum();
    if duration > vehicle.max_duration || distance > vehicle.max_distance {
        return None;
    }
    let window_cost: i64 = windows.iter().map(|window| window.cost).sum();
    let cost = vehicle.fixed
        + vehicle.per_distance * distance
        + duration_cost(vehicle, duration)
        + window_cost;
    Some(Evaluation { cost, distance })
}

/// The duration of a route that ends at `end` if it starts at `earliest`; `run` tells the end for a start, and whether it
/// is late.
fn shortest(
    vehicle: &VehicleType,
    earliest: i32,
    end: i32,
    run: impl Fn(i32) -> (i32, bool),
    is_timed: bool,
) -> i32 {
    // The latest start that is still in time and ends by a moment, by bisection: both are monotone in the start.
    let last_start = |end: i32| {
        let (mut good, mut bad) = (earliest, vehicle.latest + 1);
        while bad - good > 1 {
            let middle = good + (bad - good) / 2;
            let (its_end, is_late) = run(middle);
            if is_late || its_end > end {
                bad = middle
            } else {
                good = middle
            }
        }
        good
    };
    let last = last_start(vehicle.latest);
    let mut duration = (end - earliest).min(run(last).0 - last);
    if is_timed {
        duration = duration.min(end - last_start(end));
        // The first start that keeps the limit, if those do not.
        let mut start = earliest;
        while duration > vehicle.max_duration && start <= last {
            let its_duration = run(start).0 - start;
            if its_duration <= vehicle.max_duration {
                duration = its_duration;
            }
            start += its_duration - vehicle.max_duration;
        }
    }
    duration
}

/// An arc on the way, at any time of day.
struct Leg {
    arc: Arc,
    /// Work of the arc, and the start and rate of each bucket, where that matters.
    work: Option<(i64, Vec<(i32, i64)>)>,
}

impl Leg {
    /// The first moment at which all the work since `departure` is done, by bisection.
    fn arrival(&self, departure: i32) -> i32 {
        let Some((work, buckets)) = self.work.as_ref().filter(|_| self.arc.duration < FAR) else {
            return departure + self.arc.duration;
        };
        let done_by = |moment: i64| -> i128 {
            let ends = buckets[1..].iter().map(|&(start, _)| i64::from(start));
            let ends = ends.chain(std::iter::once(i64::MAX));
            let amounts = buckets.iter().zip(ends).map(|(&(start, rate), end)| {
                let begin = i64::from(start.max(departure));
                i128::from(rate) * i128::from((moment.min(end) - begin).max(0))
            });
            amounts.sum()
        };
        let (mut early, mut done) = (i64::from(departure) - 1, i64::from(FAR));
        while done - early > 1 {
            let middle = early + (done - early) / 2;
            if done_by(middle) >= i128::from(*work) {
                done = middle;
            } else {
                early = middle;
            }
        }
        done as i32
    }
}

fn legs(problem: &Problem, kind: usize, visits: &[(u32, u8)]) -> Vec<Leg> {
    let vehicle = &problem.types()[kind];
    let nodes = visits.iter().map(|&(client, _)| client as usize);
    let from = std::iter::once(problem.start_node(kind)).chain(nodes.clone());
    let to = nodes.chain(std::iter::once(problem.end_node(kind)));
    let leg = |(from, to)| Leg {
        arc: problem.arc(vehicle.profile, from, to),
        work: problem
            .row_of(vehicle.profile, from, to)
            .and_then(|(row, column)| row.work_and_rates(column)),
    };
    from.zip(to).map(leg).collect()
}

fn loads_fit(problem: &Problem, kind: usize, visits: &[(u32, u8)]) -> bool {
    let clients = || {
        visits
            .iter()
            .map(|&(client, _)| &problem.clients()[client as usize])
    };
    (0..problem.n_dims()).all(|dim| {
        let room = problem.types()[kind].capacity[dim];
        let mut load: i64 = clients().map(|client| client.delivery[dim]).sum();
        let mut fits = load <= room;
        for client in clients() {
            load += client.collection[dim] - client.delivery[dim];
            fits &= load <= room;
        }
        fits
    })
}

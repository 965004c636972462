//! Solutions as plain sequences, and their evaluation from scratch: the oracle of everything incremental.

use std::collections::BTreeMap;

use super::duration::duration_cost;
use super::problem::{Arc, FAR, Problem, VehicleType};
use super::state::Route;
use super::walk::Walk;

/// One vehicle's sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SolutionRoute {
    /// Vehicle type.
    pub kind: usize,
    /// Clients in sequence.
    pub clients: Vec<usize>,
    /// Where one trip ends and the next begins, in sequence.
    pub reloads: Vec<ReloadAfter>,
}

/// A stop at a station to load for the next trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReloadAfter {
    /// How many of the route's clients come before.
    pub n_before: usize,
    /// Which of the type's reloads.
    pub reload: usize,
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
    /// The harm of all routes together; 0 without a limit on it.
    pub harm: i64,
}

impl Solution {
    /// Evaluates routes from scratch.
    pub(super) fn new(problem: &Problem, routes: &[Route], absent: &[u32]) -> Self {
        let mut cost: i64 = absent
            .iter()
            .map(|&client| problem.drop_cost(client as usize))
            .sum();
        let (mut distance, mut harm) = (0, 0);
        let mut harms = Vec::new();
        let routes = assemble(routes);
        for (kind, trips) in &routes {
            let evaluation =
                evaluate_trips(problem, *kind, trips).expect("the search keeps routes feasible");
            cost += evaluation.cost;
            distance += evaluation.distance;
            if let Some(limit) = problem.harm_limit() {
                let clients = plain(*kind, trips).clients;
                let clients: Vec<u32> = clients.iter().map(|&client| client as u32).collect();
                limit.hazard.harms(problem, *kind, &clients, &mut harms);
                harm += harms.iter().sum::<i64>();
            }
        }
        Self {
            routes: (routes.iter())
                .map(|(kind, trips)| plain(*kind, trips))
                .collect(),
            absent: absent.iter().map(|&client| client as usize).collect(),
            cost,
            distance,
            harm,
        }
    }
}

/// A stretch of a route between loading and the next loading or the end.
#[derive(Clone, Debug)]
pub(super) struct Trip {
    /// Which reload it begins with; a first trip begins where the vehicle starts.
    pub(super) reload: Option<u8>,
    /// Clients in sequence with the windows chosen.
    pub(super) visits: Vec<(u32, u8)>,
}

/// Puts the trips of each vehicle in sequence.
pub(super) fn assemble(routes: &[Route]) -> Vec<(usize, Vec<Trip>)> {
    let followers: BTreeMap<u32, &Route> = routes
        .iter()
        .filter_map(|route| Some((route.previous?.0, route)))
        .collect();
    let firsts = routes.iter().filter(|route| route.previous.is_none());
    let chain = |first| {
        let trips = std::iter::successors(Some(first), |trip: &&Route| {
            followers.get(&trip.slot).copied()
        });
        let trip = |trip: &Route| Trip {
            reload: trip.previous.map(|(_, reload)| reload),
            visits: trip.visits.clone(),
        };
        (first.kind as usize, trips.map(trip).collect())
    };
    firsts.map(chain).collect()
}

/// A vehicle's trips as one sequence.
pub(super) fn plain(kind: usize, trips: &[Trip]) -> SolutionRoute {
    let mut route = SolutionRoute {
        kind,
        clients: Vec::new(),
        reloads: Vec::new(),
    };
    for trip in trips {
        if let Some(reload) = trip.reload {
            route.reloads.push(ReloadAfter {
                n_before: route.clients.len(),
                reload: reload as usize,
            });
        }
        let clients = trip.visits.iter().map(|&(client, _)| client as usize);
        route.clients.extend(clients);
    }
    route
}

/// What a route costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Evaluation {
    pub(super) cost: i64,
    pub(super) distance: i64,
}

/// A way, and what happens at its end: at a door, at a depot between two trips, or nothing at the end of the route.
struct Leg {
    arc: Arc,
    /// Work of the arc, and the start and rate of each bucket, where the time of day matters.
    course: Option<(i64, Vec<(i32, i64)>)>,
    /// The window opens, or the goods are ready.
    from: i32,
    /// Latest arrival.
    until: i32,
    /// Service or loading.
    work: i32,
}

/// Evaluates one route of a single trip; `None` if it breaks any constraint.
pub(super) fn evaluate(problem: &Problem, kind: usize, visits: &[(u32, u8)]) -> Option<Evaluation> {
    let trip = Trip {
        reload: None,
        visits: visits.to_vec(),
    };
    evaluate_trips(problem, kind, &[trip])
}

/// Evaluates one route stop by stop; `None` if it breaks any constraint.
///
/// Shape: O(visits). Shares nothing with the incremental evaluation but the problem, and where breaks go.
pub(super) fn evaluate_trips(problem: &Problem, kind: usize, trips: &[Trip]) -> Option<Evaluation> {
    let vehicle = &problem.types()[kind];
    let n_visits: usize = trips.iter().map(|trip| trip.visits.len()).sum();
    let is_sound = |(number, trip): (usize, &Trip)| {
        let (start, end) = ends(problem, kind, trips, number);
        !trip.visits.is_empty()
            && trip.reload.is_some() == (number > 0)
            && loads_fit(problem, kind, &trip.visits)
            && trip.visits.iter().all(|&(client, _)| {
                let data = &problem.clients()[client as usize];
                let may = |stations: &[bool], node: usize| {
                    stations.is_empty() || stations.get(node - problem.n_clients()) == Some(&true)
                };
                problem.admits(kind, client as usize)
                    && may(&data.sources, start)
                    && may(&data.sinks, end)
            })
    };
    if trips.is_empty()
        || trips.len() - 1 > vehicle.max_reloads as usize
        || n_visits > vehicle.max_clients as usize
        || !trips.iter().enumerate().all(is_sound)
    {
        return None;
    }
    let earliest = ready(problem, &trips[0]).max(vehicle.earliest);
    let legs = legs(problem, kind, trips);
    let run = |start: i32| {
        let mut time = start + vehicle.loading;
        let mut is_late = false;
        for leg in &legs {
            time = leg.arrival(time).max(leg.from);
            is_late |= time > leg.until;
            time += leg.work;
        }
        (time, is_late)
    };
    let (end, is_late) = run(earliest);
    if is_late || legs.iter().any(|leg| leg.arc.duration >= FAR) {
        return None;
    }
    let duration = if vehicle.breaks.is_empty() {
        shortest(vehicle, earliest, end, run, problem.features().timed)
    } else {
        Walk::of_trips(problem, kind, trips).shortest()?
    };
    let distance: i64 = legs.iter().map(|leg| i64::from(leg.arc.distance)).sum();
    if duration > vehicle.max_duration || distance > vehicle.max_distance {
        return None;
    }
    let visits = trips.iter().flat_map(|trip| &trip.visits);
    let window_cost: i64 = visits
        .map(|&(client, window)| problem.clients()[client as usize].windows[window as usize].cost)
        .sum();
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

impl Leg {
    /// The first moment at which all the work since `departure` is done, by bisection.
    fn arrival(&self, departure: i32) -> i32 {
        let Some((work, buckets)) = self.course.as_ref().filter(|_| self.arc.duration < FAR) else {
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

fn ready(problem: &Problem, trip: &Trip) -> i32 {
    let ready = trip
        .visits
        .iter()
        .filter_map(|&(client, _)| problem.clients()[client as usize].ready);
    ready.max().unwrap_or(i32::MIN)
}

/// Nodes where trip `number` starts and ends.
fn ends(problem: &Problem, kind: usize, trips: &[Trip], number: usize) -> (usize, usize) {
    let reload = |trip: &Trip| {
        let reload = trip.reload?;
        Some(problem.n_clients() + problem.types()[kind].reloads[reload as usize].station)
    };
    (
        reload(&trips[number]).unwrap_or(problem.start_node(kind)),
        trips
            .get(number + 1)
            .and_then(reload)
            .unwrap_or(problem.end_node(kind)),
    )
}

fn legs(problem: &Problem, kind: usize, trips: &[Trip]) -> Vec<Leg> {
    let vehicle = &problem.types()[kind];
    let mut legs = Vec::new();
    for (number, trip) in trips.iter().enumerate() {
        let (mut here, end) = ends(problem, kind, trips, number);
        for &(client, window) in &trip.visits {
            let data = &problem.clients()[client as usize];
            let window = data.windows[window as usize];
            legs.push(Leg {
                arc: problem.arc(vehicle.profile, here, client as usize),
                course: course(problem, vehicle, here, client as usize),
                from: window.start,
                until: window.end,
                work: data.service[vehicle.pace],
            });
            here = client as usize;
        }
        let next = trips.get(number + 1);
        let reload = next.and_then(|next| next.reload);
        legs.push(Leg {
            arc: problem.arc(vehicle.profile, here, end),
            course: course(problem, vehicle, here, end),
            from: next.map_or(i32::MIN, |next| ready(problem, next)),
            until: vehicle.latest,
            work: reload.map_or(0, |reload| vehicle.reloads[reload as usize].loading),
        });
    }
    legs
}

/// How an arc is covered in the course of time, if that matters.
fn course(
    problem: &Problem,
    vehicle: &VehicleType,
    from: usize,
    to: usize,
) -> Option<(i64, Vec<(i32, i64)>)> {
    if !problem.features().timed {
        return None;
    }
    let (row, column) = problem.row_of(vehicle.profile, from, to)?;
    row.work_and_rates(column)
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

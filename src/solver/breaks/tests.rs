//! The shortest route with breaks is the one found by trying every start with the breaks everywhere.

use proptest::prelude::*;

use super::*;
use crate::rng;
use crate::solver::problem::Break;
use crate::solver::solution::Trip;
use crate::solver::tests::arbitrary::{Timed, Traits, problem, small};
use crate::solver::walk::Walk;
use rand::RngExt;

fn vehicle(breaks: Vec<Break>, max_duration: i32) -> VehicleType {
    VehicleType {
        count: 1,
        capacity: vec![i64::MAX],
        start: 0,
        end: Some(0),
        earliest: 0,
        latest: 300,
        latest_start: i32::MAX,
        loading: 5,
        reloads: Vec::new(),
        max_reloads: 0,
        breaks,
        fixed: 0,
        per_distance: 1,
        per_time: 1,
        per_overtime: 0,
        regular_duration: 300,
        max_clients: u32::MAX,
        max_distance: i64::MAX,
        max_duration,
        profile: 0,
        pace: 0,
    }
}

/// The end of the route that starts at `start` with each break behind so many stops, or not at all; `None` if
/// something is late or a break is owed and not taken.
fn end(
    vehicle: &VehicleType,
    stops: &[Stop],
    start: i32,
    places: &[Option<usize>],
    arrival: impl Fn(usize, i32) -> i32,
) -> Option<i32> {
    let mut now = start + vehicle.loading;
    let mut rested = start;
    // When a break that is not taken would be owed.
    let mut dues = Vec::new();
    let mut next = 0;
    let mut has_worked = false;
    for at in 0..=stops.len() {
        if at > 0 {
            let stop = &stops[at - 1];
            now = arrival(at - 1, now);
            if now > stop.end {
                return None;
            }
            now = now.max(stop.start) + stop.service;
            has_worked |= stop.is_client;
        }
        let may_rest = at == 0 || stops[at - 1].is_client;
        while let Some(place) = places
            .get(next)
            .filter(|place| place.is_none_or(|place| place == at))
        {
            let Break { duration, rule } = vehicle.breaks[next];
            let (from, until) = match rule {
                BreakRule::Window { start, end } => (start, end),
                BreakRule::AfterWork(limit) => (i32::MIN, rested + limit),
            };
            if place.is_some() {
                if !may_rest || matches!(rule, BreakRule::AfterWork(_)) && !has_worked {
                    return None;
                }
                has_worked = false;
                now = now.max(from);
                if now > until {
                    return None;
                }
                now += duration;
                rested = now;
            } else {
                dues.push((rule, until));
            }
            next += 1;
        }
    }
    let end = arrival(stops.len(), now);
    let is_owed = |&(rule, until): &(BreakRule, i32)| {
        let has_begun = matches!(rule, BreakRule::AfterWork(_)) || start < until;
        has_begun && end > until
    };
    (end <= vehicle.latest && !dues.iter().any(is_owed)).then_some(end)
}

/// All ways to take breaks behind so many stops each, or not at all.
fn choices(n_breaks: usize, n_stops: usize) -> Vec<Vec<Option<usize>>> {
    let mut choices: Vec<Vec<Option<usize>>> = vec![Vec::new()];
    for _ in 0..n_breaks {
        let longer = |choice: &Vec<Option<usize>>| {
            let least = choice.iter().flatten().max().copied().unwrap_or(0);
            let places = (least..=n_stops).map(Some).chain([None]);
            let choice = choice.clone();
            places
                .map(move |place| [choice.as_slice(), &[place]].concat())
                .collect::<Vec<_>>()
        };
        choices = choices.iter().flat_map(longer).collect();
    }
    choices
}

/// The shortest duration, by trying every start with the breaks everywhere.
fn slow(vehicle: &VehicleType, stops: &[Stop], back: i32, earliest: i32) -> Option<i32> {
    let arrival = |at: usize, now: i32| now + stops.get(at).map_or(back, |stop| stop.travel);
    let choices = choices(vehicle.breaks.len(), stops.len());
    let durations = choices.iter().flat_map(|choice| {
        let starts = earliest..=vehicle.latest;
        starts.filter_map(|start| Some(end(vehicle, stops, start, choice, arrival)? - start))
    });
    let least = durations.min()?;
    (least <= vehicle.max_duration).then_some(least)
}

fn some_break() -> impl Strategy<Value = (i32, bool, i32)> {
    (1..40_i32, any::<bool>(), 20..120_i32)
}

#[test]
fn a_break_before_the_first_stop_is_not_forgotten_over_others() {
    let stop = |travel, start, end, service| Stop {
        node: 0,
        travel,
        start,
        end,
        service,
        is_client: true,
    };
    let stops = [
        stop(11, 22, 94, 7),
        stop(9, 33, 99, 0),
        stop(1, 124, 129, 13),
    ];
    let lunch = Break {
        duration: 1,
        rule: BreakRule::Window { start: 43, end: 68 },
    };
    let rest = Break {
        duration: 4,
        rule: BreakRule::AfterWork(32),
    };
    // Off at 63, lunch at 68, both stops by 96 and rest there, until the last one is over at 137.
    let vehicle = vehicle(vec![lunch, rest], 100);
    assert_eq!(shortest(&vehicle, &stops, 0, 0), Some(74));
}

proptest! {
    #[test]
    fn breaks_are_where_trying_everything_puts_them(
        stops in prop::collection::vec((1..30_i32, 0..250_i32, 5..120_i32, 0..20_i32, prop::bool::weighted(0.8)), 1..5),
        breaks in prop::collection::vec(some_break(), 1..3),
        back in 0..30_i32,
        earliest in 0..60_i32,
        max_duration in 100..300_i32,
    ) {
        let stops: Vec<Stop> = (stops.iter())
            .map(|&(travel, start, length, service, is_client)| {
                Stop { node: 0, travel, start, end: start + length, service, is_client }
            })
            .collect();
        let mut last = 0;
        let breaks = (breaks.iter())
            .map(|&(duration, is_window, figure)| {
                let rule = if is_window {
                    let start = last + figure;
                    last = start + 25;
                    BreakRule::Window { start, end: last }
                } else {
                    BreakRule::AfterWork(figure)
                };
                Break { duration, rule }
            })
            .collect();
        let vehicle = vehicle(breaks, max_duration);
        prop_assert_eq!(
            shortest(&vehicle, &stops, back, earliest),
            slow(&vehicle, &stops, back, earliest)
        );
    }
}

/// A problem with breaks and reloads at any time of day, and random trips of its two or three clients.
fn timed_day(seed: u64, timed: Timed) -> (crate::solver::problem::Problem, usize, Vec<Trip>) {
    let problem = problem(Traits {
        seed,
        n_clients: 2 + seed as usize / 2 % 2,
        windows: 1,
        limits: false,
        reloads: true,
        timed,
        breaks: true,
        ..small()
    });
    let mut rng = rng::stream(seed, &[9]);
    let mut trips: Vec<Trip> = Vec::new();
    for client in 0..problem.n_clients() as u32 {
        if trips.is_empty() || rng.random_bool(0.3) {
            let reload = (!trips.is_empty()).then_some(0);
            let visits = Vec::new();
            trips.push(Trip { reload, visits });
        }
        let last = trips.last_mut().unwrap();
        last.visits.push((client, 0));
    }
    (problem, rng.random_range(0..3), trips)
}

#[test]
fn breaks_at_any_time_of_day_are_where_trying_everything_puts_them() {
    let (mut n_driven, mut n_shortest, mut n_possible) = (0, 0, 0);
    for seed in 0..400 {
        let timed = [Timed::ByRates, Timed::ByTables][seed as usize % 2];
        let (problem, kind, trips) = timed_day(seed, timed);
        let mut walk = Walk::of_trips(&problem, kind, &trips);
        // Few random windows are open when somebody comes by.
        for stop in walk.stops.iter_mut().filter(|stop| stop.is_client) {
            (stop.start, stop.end) = (stop.start / 2, stop.end + 500);
        }
        let vehicle = walk.vehicle;
        let choices = choices(vehicle.breaks.len(), walk.stops.len());
        let slow = |start: i32| {
            let ends = (choices.iter()).filter_map(|choice| {
                end(vehicle, &walk.stops, start, choice, |at, now| {
                    walk.arrival(at, now)
                })
            });
            ends.min()
        };
        let mut least: Option<i32> = None;
        for start in (walk.earliest..vehicle.latest).step_by(7) {
            let end = slow(start);
            assert_eq!(
                timed::drive(&walk, start).map(|drive| drive.end),
                end,
                "seed {seed}"
            );
            n_driven += usize::from(end.is_some());
            least = least.into_iter().chain(end.map(|end| end - start)).min();
        }
        let found = timed::shortest(&walk);
        n_possible += usize::from(least.is_some());
        n_shortest += usize::from(found.is_some());
        if let Some(found) = found {
            let durations = (walk.earliest..vehicle.latest)
                .filter_map(|start| Some(timed::drive(&walk, start)?.end - start));
            let exact = durations.min();
            assert!(
                exact.is_some_and(|exact| exact <= found),
                "seed {seed}: {found} for {exact:?}"
            );
        }
    }
    assert!(
        n_driven > 80 && n_possible > 5,
        "{n_driven} drives of {n_possible} routes"
    );
    assert!(
        n_shortest * 2 >= n_possible,
        "{n_shortest} of {n_possible} routes were found"
    );
}

//! Vehicles are saved without losing anyone, down to what is known to suffice.

use proptest::prelude::*;
use rand::RngExt;

use super::bound::vehicles_min;
use super::ejection::Ejector;
use super::*;
use crate::solver::insertion::place_in_route;
use crate::solver::lane::Lane;
use crate::solver::neighborhood::Neighborhood;
use crate::solver::problem::{Arc, Client, DropRule, FAR, VehicleType, Window};
use crate::solver::solution::evaluate;
use crate::solver::state::NONE;
use crate::solver::tests::arbitrary::{Traits, problem, single_trips};
use crate::solver::tests::{iterations, run};

/// Routes by plain insertion, those left out, and what inserting needs to know.
fn constructed(problem: &Problem, seed: u64) -> (Vec<Route>, Guide) {
    let n = problem.n_clients();
    let guide = Guide::new(problem, Neighborhood::new(problem, 20, 20, &|| false));
    let mut lane = Lane::new(problem, n, 0.0);
    let clients: Vec<u32> = (0..n as u32).collect();
    let free: Vec<u32> = problem.types().iter().map(|kind| kind.count).collect();
    lane.state.load(&[], &clients, &clients, &free);
    lane.construct(&guide, &clients, &mut rng::stream(seed, &[1]), &|| false);
    (lane.state.routes(), guide)
}

fn served(routes: &[Route]) -> Vec<u32> {
    let visits = routes.iter().flat_map(|route| &route.visits);
    let mut clients: Vec<u32> = visits.map(|&(client, _)| client).collect();
    clients.sort_unstable();
    clients
}

fn by_type(problem: &Problem, routes: &[Route]) -> Vec<usize> {
    let count = |kind| routes.iter().filter(|route| route.kind == kind).count();
    (0..problem.types().len() as u32).map(count).collect()
}

fn are_feasible(problem: &Problem, routes: &[Route]) -> bool {
    let mut routes = routes.iter();
    routes.all(|route| evaluate(problem, route.kind as usize, &route.visits).is_some())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_attempt_loses_nobody_and_breaks_nothing(traits in single_trips()) {
        let problem = problem(traits);
        let (before, guide) = constructed(&problem, traits.seed);
        let clients = served(&before);
        let fewest = vehicles_min(&problem, &clients);
        prop_assert!(fewest <= before.len());
        prop_assume!(before.len() > 1);
        let mut attempt = Attempt::new(&problem, problem.n_clients(), before.clone(), fewest);
        let mut rng = rng::stream(traits.seed, &[2]);
        for _ in 0..300 {
            attempt.run(&guide, Work(u64::MAX), 1, &mut rng, &|| false);
            let routes = attempt.state.routes();
            prop_assert!(are_feasible(&problem, &routes));
            let mut all = served(&routes);
            all.extend_from_slice(attempt.state.absent());
            all.sort_unstable();
            prop_assert_eq!(&all, &clients);
            prop_assert!(routes.len() < attempt.complete().len());
        }
        prop_assert!(are_feasible(&problem, attempt.complete()));
        prop_assert_eq!(served(attempt.complete()), clients);
        prop_assert!(attempt.complete().len() >= fewest);
        let (old, new) = (by_type(&problem, &before), by_type(&problem, attempt.complete()));
        prop_assert!(old.iter().zip(&new).all(|(old, new)| new <= old));
    }

    #[test]
    fn the_easiest_set_is_ejected_and_looking_for_it_changes_nothing(traits in single_trips()) {
        let problem = problem(traits);
        let (routes, _) = constructed(&problem, traits.seed);
        prop_assume!(routes.len() > 1);
        let n = problem.n_clients();
        let mut attempt = Attempt::new(&problem, n, routes, 1);
        let state = &mut attempt.state;
        let mut rng = rng::stream(traits.seed, &[3]);
        let counters: Vec<u64> = (0..n).map(|_| rng.random_range(1..9)).collect();
        let is_plain = !problem.features().are_rich() && !problem.features().distances;
        for client in state.absent().to_vec() {
            for route in state.routes() {
                if place_in_route(state, route.slot, client).after != NONE {
                    continue;
                }
                let before = (state.routes(), state.absent().to_vec(), state.cost());
                let mut ejector = Ejector::default();
                ejector.begin();
                ejector.look_at(state, &counters, route.slot, client);
                prop_assert_eq!(&before, &(state.routes(), state.absent().to_vec(), state.cost()));
                let sum = |set: &[u32]| set.iter().map(|&other| counters[other as usize]).sum::<u64>();
                let found = ejector.best().map(|(_, set)| sum(set));
                if let Some((slot, set)) = ejector.best() {
                    state.remove(slot, set);
                    prop_assert!(place_in_route(state, slot, client).after != NONE);
                    state.undo();
                }
                if is_plain && problem.clients()[client as usize].windows.len() == 1 {
                    let sets = sets_of_three(&route);
                    let fitting = sets.iter().filter(|set| {
                        state.remove(route.slot, set);
                        let fits = place_in_route(state, route.slot, client).after != NONE;
                        state.undo();
                        fits
                    });
                    prop_assert_eq!(found, fitting.map(|set| sum(set)).min());
                }
            }
        }
    }
}

/// All sets of one to three clients of a route that leave at least one.
fn sets_of_three(route: &Route) -> Vec<Vec<u32>> {
    let clients: Vec<u32> = route.visits.iter().map(|&(client, _)| client).collect();
    let subsets = (1_u32..1 << clients.len())
        .filter(|bits| bits.count_ones() <= 3 && (bits.count_ones() as usize) < clients.len());
    let members = |bits: u32| {
        let chosen = (0..clients.len()).filter(move |at| bits & 1 << at != 0);
        chosen.map(|at| clients[at]).collect()
    };
    subsets.map(members).collect()
}

/// A client that takes `load` of a vehicle and can be served within a window.
fn client(load: i64, start: i32, end: i32) -> Client {
    Client {
        windows: vec![Window {
            start,
            end,
            cost: 0,
        }],
        ready: None,
        delivery: vec![load],
        collection: vec![0],
        drop: DropRule::Required,
        service: vec![10],
        admitted: Vec::new(),
        sources: Vec::new(),
        sinks: Vec::new(),
    }
}

/// Clients on a line, served from its end by vehicles that cost more than all driving.
fn on_a_line(clients: Vec<(Client, i32)>, capacity: i64) -> Problem {
    let mut positions: Vec<i32> = clients.iter().map(|&(_, position)| position).collect();
    positions.push(0);
    let n = clients.len();
    let kind = VehicleType {
        count: n as u32,
        capacity: vec![capacity],
        start: 0,
        end: Some(0),
        earliest: 0,
        latest: 10_000,
        latest_start: i32::MAX,
        loading: 0,
        fixed: 1_000_000,
        per_distance: 1,
        per_time: 0,
        per_overtime: 0,
        regular_duration: FAR,
        max_clients: u32::MAX,
        max_distance: i64::MAX,
        max_duration: FAR,
        profile: 0,
        pace: 0,
        reloads: Vec::new(),
        max_reloads: 0,
        breaks: Vec::new(),
    };
    let clients = clients.into_iter().map(|(client, _)| client).collect();
    Problem::new(clients, vec![kind], 1, 1, |_, from, to| {
        let distance = (positions[from] - positions[to]).abs();
        Arc {
            duration: distance,
            distance,
        }
    })
}

/// Eight vehicles with little room left, each cut into three to five loads.
fn packing() -> Problem {
    let mut rng = rng::stream(1, &[]);
    let mut clients = Vec::new();
    for _ in 0..8 {
        let mut left = 100;
        for _ in 0..rng.random_range(2..5) {
            let load = rng.random_range(left / 4..=left / 2);
            left -= load;
            clients.push((client(load, 0, 9_000), rng.random_range(0..100)));
        }
        clients.push((client(left, 0, 9_000), rng.random_range(0..100)));
    }
    on_a_line(clients, 106)
}

/// Six tours, cut into visits whose windows leave little choice; no vehicle can do the visits of two at one time.
fn timetable() -> Problem {
    let mut rng = rng::stream(2, &[]);
    let mut clients = Vec::new();
    for _ in 0..6 {
        let (mut time, mut position) = (0_i32, 0_i32);
        for stop in 0..8 {
            let next = rng.random_range(20..200);
            time += (next - position).abs();
            let (early, late) = (rng.random_range(0..30), rng.random_range(0..30));
            let (start, end) = if stop == 3 {
                (1_000, 1_009)
            } else {
                ((time - early).max(0), time + late)
            };
            time = time.max(start) + 10;
            position = next;
            clients.push((client(1, start, end), next));
        }
    }
    on_a_line(clients, 1_000)
}

#[test]
fn almost_full_vehicles_are_packed_again() {
    let problem = packing();
    let clients: Vec<u32> = (0..problem.n_clients() as u32).collect();
    assert_eq!(vehicles_min(&problem, &clients), 8);
    assert_eq!(
        run(&problem, 2, iterations(60_000)).solution.routes.len(),
        8
    );
}

#[test]
fn a_timetable_takes_as_many_vehicles_as_it_was_cut_from() {
    let problem = timetable();
    let clients: Vec<u32> = (0..problem.n_clients() as u32).collect();
    assert_eq!(vehicles_min(&problem, &clients), 6);
    assert_eq!(
        run(&problem, 2, iterations(60_000)).solution.routes.len(),
        6
    );
}

#[test]
fn threads_do_not_change_which_vehicles_are_saved() {
    for problem in [packing(), timetable()] {
        let one = run(&problem, 1, iterations(20_000));
        for threads in [2, 5] {
            let other = run(&problem, threads, iterations(20_000));
            assert_eq!(other.solution, one.solution, "{threads} threads");
            assert_eq!(other.iterations, one.iterations);
        }
    }
}

#[test]
fn vehicles_are_saved_first_only_if_they_outweigh_driving() {
    let dear = packing();
    assert!(Fleet::new(&dear, 8).is_due(0.0));
    assert!(!Fleet::new(&dear, 8).is_due(0.4));
    assert!(Fleet::new(&dear, 8).is_due(0.5));
    let cheap = problem(Traits {
        n_vehicles: 20,
        ..Traits::plain(1, 20)
    });
    assert!(!Fleet::new(&cheap, 20).is_due(0.0));
}

#[test]
fn attempts_end_at_once_when_they_are_stopped() {
    let problem = packing();
    let (routes, guide) = constructed(&problem, 1);
    let mut fleet = Fleet::new(&problem, problem.n_clients());
    assert!(
        fleet
            .round(&guide, 1, &routes, u64::MAX, &|| true)
            .is_none()
    );
}

//! Properties of searches that start from given routes: never worse, nothing locked ever moved, no client left out
//! without need.

use std::time::Duration;

use proptest::prelude::*;
use rand::RngExt;

use super::control::{Control, Outcome};
use super::fit::fit;
use super::params::SearchParams;
use super::problem::Problem;
use super::search::search_from;
use super::solution::evaluate;
use super::start::{Start, StartRoute};
use super::tests::arbitrary::{Traits, large, problem, single_trips, small, traits};
use super::tests::iterations;
use crate::clock::Clock;
use crate::rng;

fn run_from(problem: &Problem, start: &Start, params: SearchParams) -> Outcome {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(2)
        .build()
        .unwrap();
    let clock = Clock::start();
    pool.install(|| {
        search_from(
            problem,
            &params,
            Some(start),
            &mut Control {
                clock: &clock,
                is_cancelled: &|| false,
                on_progress: &mut |_| {},
            },
        )
    })
}

/// Routes that nobody would choose: clients dealt at random, to more vehicles than there are.
fn random_routes(problem: &Problem, seed: u64) -> Vec<StartRoute> {
    let mut rng = rng::stream(seed, &[2]);
    let n_types = problem.types().len();
    let mut routes: Vec<StartRoute> = (0..=problem.n_clients() / 3)
        .map(|_| StartRoute {
            kind: rng.random_range(0..n_types),
            clients: Vec::new(),
            reloads: Vec::new(),
            locked: 0,
        })
        .collect();
    for client in 0..problem.n_clients() {
        let row = rng.random_range(0..=routes.len());
        if let Some(route) = routes.get_mut(row) {
            let at = rng.random_range(0..=route.clients.len());
            route.clients.insert(at, client);
        }
    }
    routes
}

/// Routes of a short search, cut into what is locked and what is not.
fn good_routes(problem: &Problem, seed: u64) -> Vec<StartRoute> {
    let nothing = Start::new(problem, &[]);
    let solution = run_from(problem, &nothing, iterations(300)).solution;
    let mut rng = rng::stream(seed, &[3]);
    let lock = |route: super::solution::SolutionRoute| StartRoute {
        kind: route.kind,
        locked: rng.random_range(0..=route.clients.len()),
        clients: route.clients,
        reloads: Vec::new(),
    };
    solution.routes.into_iter().map(lock).collect()
}

fn assert_locks_kept(routes: &[StartRoute], outcome: &Outcome) {
    for route in routes.iter().filter(|route| route.locked > 0) {
        let locked = &route.clients[..route.locked];
        let keeps = |found: &super::solution::SolutionRoute| {
            found.kind == route.kind && found.clients.starts_with(locked)
        };
        assert!(outcome.solution.routes.iter().any(keeps), "{locked:?}");
    }
}

#[test]
fn goods_that_are_late_do_not_lead_behind_what_is_locked() {
    let traits = Traits {
        n_vehicles: 6,
        releases: true,
        optional: true,
        ..Traits::plain(10_306_971_775_740_981_977, 24)
    };
    assert_locked_stay(&problem(traits), traits.seed, 1_000);
}

fn assert_locked_stay(problem: &Problem, seed: u64, limit: u64) {
    let routes = good_routes(problem, seed);
    let start = Start::new(problem, &routes);
    assert_eq!(start.displaced(), &[] as &[usize]);
    assert_locks_kept(&routes, &run_from(problem, &start, iterations(limit)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_search_never_ends_above_its_start(traits in traits(), limit in 0..2_000_u64) {
        let problem = problem(traits);
        for routes in [random_routes(&problem, traits.seed), good_routes(&problem, traits.seed)] {
            let start = Start::new(&problem, &routes);
            let outcome = run_from(&problem, &start, iterations(limit));
            prop_assert!(outcome.solution.cost <= start.solution(&problem).cost);
        }
    }

    #[test]
    fn locked_clients_keep_their_places_at_any_time_of_day(traits in traits()) {
        let problem = problem(Traits { reloads: false, limits: false, ..traits });
        assert_locked_stay(&problem, traits.seed, 200);
    }

    #[test]
    fn locked_clients_keep_their_places(traits in single_trips()) {
        let problem = problem(traits);
        assert_locked_stay(&problem, traits.seed, 1_000);
    }

    #[test]
    fn as_few_clients_as_possible_are_left_out(traits in single_trips()) {
        let problem = problem(Traits { n_clients: traits.n_clients.min(7), ..traits });
        let mut rng = rng::stream(traits.seed, &[4]);
        let mut sequence: Vec<usize> = (0..problem.n_clients()).collect();
        for at in (1..sequence.len()).rev() {
            sequence.swap(at, rng.random_range(0..=at));
        }
        for kind in 0..problem.types().len() {
            let kept = fit(&problem, kind, &sequence, 0).unwrap();
            let cost = cheapest(&problem, kind, &kept.iter().map(|&(client, _)| client as usize).collect::<Vec<_>>());
            prop_assert_eq!(cost, evaluate(&problem, kind, &kept).map_or(0, |route| route.cost));
            let most = (0..1_u32 << sequence.len())
                .filter(|set| is_feasible(&problem, kind, &chosen(&sequence, *set)))
                .map(u32::count_ones)
                .max();
            prop_assert_eq!(most, Some(kept.len() as u32));
            let locked = sequence.len().min(2);
            let with_lock = fit(&problem, kind, &sequence, locked);
            let any = (0..1_u32 << sequence.len())
                .filter(|set| set.trailing_ones() as usize >= locked)
                .any(|set| is_feasible(&problem, kind, &chosen(&sequence, set)));
            prop_assert_eq!(with_lock.is_some(), any);
        }
    }
}

fn chosen(sequence: &[usize], set: u32) -> Vec<usize> {
    let clients = sequence.iter().enumerate();
    clients
        .filter(|(at, _)| set >> at & 1 == 1)
        .map(|(_, &client)| client)
        .collect()
}

fn is_feasible(problem: &Problem, kind: usize, clients: &[usize]) -> bool {
    clients.is_empty() || cheapest(problem, kind, clients) < i64::MAX
}

/// The cost of a route under the best of all choices of windows; 0 if it is empty, [`i64::MAX`] if there is none.
fn cheapest(problem: &Problem, kind: usize, clients: &[usize]) -> i64 {
    fn choose(problem: &Problem, kind: usize, rest: &[usize], visits: &mut Vec<(u32, u8)>) -> i64 {
        let Some((&client, rest)) = rest.split_first() else {
            return evaluate(problem, kind, visits).map_or(i64::MAX, |route| route.cost);
        };
        let windows = 0..problem.clients()[client].windows.len() as u8;
        let with = |window| {
            visits.push((client as u32, window));
            let cost = choose(problem, kind, rest, visits);
            visits.pop();
            cost
        };
        windows.map(with).min().unwrap_or(i64::MAX)
    }
    if clients.is_empty() {
        return 0;
    }
    choose(problem, kind, clients, &mut Vec::new())
}

#[test]
fn locks_hold_where_the_solution_is_split() {
    let problem = large();
    let routes = good_routes(&problem, 1);
    assert!(routes.iter().any(|route| route.locked > 0));
    let start = Start::new(&problem, &routes);
    let outcome = run_from(&problem, &start, iterations(8_000));
    assert!(outcome.solution.cost < start.solution(&problem).cost);
    assert_locks_kept(&routes, &outcome);
}

#[test]
fn without_time_the_start_comes_back_no_worse() {
    let problem = large();
    let start = Start::new(&problem, &random_routes(&problem, 1));
    assert!(!start.displaced().is_empty());
    for millis in [0, 1] {
        let params = SearchParams {
            time_limit: Some(Duration::from_millis(millis)),
            iteration_limit: None,
            ..iterations(0)
        };
        assert!(run_from(&problem, &start, params).solution.cost <= start.solution(&problem).cost);
    }
}

#[test]
fn routes_without_a_vehicle_and_clients_named_twice_are_displaced() {
    let problem = problem(Traits {
        n_vehicles: 1,
        mixed: false,
        ..small()
    });
    let route = |clients: &[usize]| StartRoute {
        kind: 0,
        clients: clients.to_vec(),
        reloads: Vec::new(),
        locked: 0,
    };
    let alone = (0..problem.n_clients())
        .find(|&client| is_feasible(&problem, 0, &[client]))
        .unwrap();
    let other = (alone + 1) % problem.n_clients();
    let start = Start::new(&problem, &[route(&[alone, alone]), route(&[other])]);
    assert_eq!(start.displaced(), [other]);
}

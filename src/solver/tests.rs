//! Properties of the search that hold for any problem: what is kept up to date equals what is computed from scratch.

pub(super) mod arbitrary;
pub(super) mod brute_force;

use proptest::prelude::*;

use super::control::{Control, Outcome, SearchEnd, SearchProgress};
use super::lane::{Lane, Orders};
use super::neighborhood::Neighborhood;
use super::params::{SearchParams, Work};
use super::problem::Problem;
use super::recreate::Guide;
use super::ruin::RuinSize;
use super::search::{Search, VERSIONS_MAX, search};
use super::solution::{Solution, SolutionRoute, Trip, evaluate_trips};
use crate::clock::Clock;
use crate::rng;
use arbitrary::{Timed, Traits, large, large_with_reloads, problem, small, traits};

fn cost_from_scratch(problem: &Problem, lane: &Lane<'_>) -> i64 {
    let routes = lane.state.routes();
    Solution::new(problem, &routes, lane.state.absent()).cost
}

pub(super) fn run(problem: &Problem, threads: usize, params: SearchParams) -> Outcome {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    let clock = Clock::start();
    let mut quiet = |_: &SearchProgress<'_>| {};
    pool.install(|| {
        search(
            problem,
            &params,
            &mut Control {
                clock: &clock,
                is_cancelled: &|| false,
                on_progress: &mut quiet,
            },
        )
    })
}

pub(super) fn iterations(limit: u64) -> SearchParams {
    SearchParams {
        seed: 7,
        time_limit: None,
        iteration_limit: Some(limit),
        stagnation_limit: None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_cost_kept_is_the_cost_from_scratch(traits in traits()) {
        assert_cost_kept(traits);
    }

    #[test]
    fn the_outcome_is_feasible_and_costs_what_it_says(traits in traits()) {
        assert_outcome(traits);
    }
}

/// Problems on which the search once went wrong.
#[test]
fn what_once_went_wrong_stays_mended() {
    let plain = Traits {
        n_vehicles: 1,
        optional: true,
        ..Traits::plain(207_223_111_927_892_665, 8)
    };
    let collected = Traits {
        seed: 0,
        n_clients: 1,
        collections: true,
        mixed: true,
        windows: 2,
        optional: false,
        ..plain
    };
    let several_trips = Traits {
        seed: 2_621_705_745_041_919_520,
        n_clients: 16,
        n_vehicles: 6,
        releases: true,
        optional: false,
        reloads: true,
        ..plain
    };
    for traits in [plain, collected, several_trips] {
        assert_cost_kept(traits);
        assert_outcome(traits);
    }
}

/// After every iteration, accepted or undone, the cost kept is the cost of the routes, which break no constraint.
fn assert_cost_kept(traits: Traits) {
    let problem = problem(traits);
    let n_slots = problem.n_clients();
    let guide = Guide::new(&problem, Neighborhood::new(&problem, 20, 20, &|| false));
    let mut lane = Lane::new(&problem, n_slots, 0.05);
    let clients: Vec<u32> = (0..n_slots as u32).collect();
    let free: Vec<u32> = problem.types().iter().map(|kind| kind.count).collect();
    lane.state.load(&[], &clients, &clients, &free);
    let mut rng = rng::stream(traits.seed, &[1]);
    lane.construct(&guide, &clients, &mut rng, &|| false);
    assert_eq!(lane.state.cost(), cost_from_scratch(&problem, &lane));
    let orders = Orders {
        work: Work(u64::MAX),
        iterations: 1,
        temperature: 30.0,
        neighbors: 20,
        toll: 0,
        size: RuinSize::for_length(5.0),
    };
    for bias in [0.0, -3.0, 2.0].into_iter().cycle().take(60) {
        lane.set_bias(bias);
        lane.run(&guide, orders, &mut rng, &|| false);
        assert_eq!(lane.state.cost(), cost_from_scratch(&problem, &lane));
        let served: usize = lane
            .state
            .routes()
            .iter()
            .map(|route| route.visits.len())
            .sum();
        assert_eq!(served + lane.state.absent().len(), n_slots);
    }
}

/// The best solution is what it says it is.
fn assert_outcome(traits: Traits) {
    // All windows of routes of several trips are too many to try.
    let windows = if traits.reloads { 1 } else { traits.windows };
    let problem = problem(Traits { windows, ..traits });
    let solution = run(&problem, 2, iterations(3_000)).solution;
    let mut cost: i64 = solution
        .absent
        .iter()
        .map(|&client| problem.drop_cost(client))
        .sum();
    let mut used = vec![0; problem.types().len()];
    for route in &solution.routes {
        used[route.kind] += 1;
        let windows = problem.clients();
        // The windows chosen are not part of a solution: some choice must fit and none may be cheaper than told.
        let counts: Vec<usize> = (route.clients.iter())
            .map(|&client| windows[client].windows.len())
            .collect();
        if counts.iter().product::<usize>() > CHOICES_MAX {
            // Too many to try them all, and any of the others might be the one that fits.
            return;
        }
        let cheapest = choices(&counts)
            .into_iter()
            .filter_map(|choice| {
                let visits: Vec<(u32, u8)> = route
                    .clients
                    .iter()
                    .map(|&client| client as u32)
                    .zip(choice)
                    .collect();
                evaluate_trips(&problem, route.kind, &trips_of(route, &visits))
            })
            .map(|evaluation| evaluation.cost)
            .min();
        cost += cheapest.expect("some choice of windows fits");
    }
    assert!(cost <= solution.cost);
    for (kind, &used) in problem.types().iter().zip(&used) {
        assert!(used <= kind.count);
    }
}

/// The visits of a route, cut where it reloads.
fn trips_of(route: &SolutionRoute, visits: &[(u32, u8)]) -> Vec<Trip> {
    let starts = route.reloads.iter().map(|reload| reload.n_before);
    let ends: Vec<usize> = starts.clone().chain([visits.len()]).collect();
    let reloads = route.reloads.iter().map(|reload| Some(reload.reload as u8));
    std::iter::once(0)
        .chain(starts)
        .zip(ends)
        .zip(std::iter::once(None).chain(reloads))
        .map(|((from, to), reload)| Trip {
            reload,
            visits: visits[from..to].to_vec(),
        })
        .collect()
}

/// Choices of windows that a test tries for one route, at most.
const CHOICES_MAX: usize = 20_000;

/// All ways to choose one of `counts[i]` windows for each client.
fn choices(counts: &[usize]) -> Vec<Vec<u8>> {
    let mut all = vec![Vec::new()];
    for &count in counts {
        let longer = |choice: Vec<u8>| {
            (0..count as u8).map(move |window| [choice.as_slice(), &[window]].concat())
        };
        all = all.into_iter().flat_map(longer).collect();
    }
    all
}

#[test]
fn threads_do_not_change_the_plan() {
    for problem in [
        large(),
        large_with_reloads(),
        problem(Traits {
            n_clients: 60,
            ..small()
        }),
        problem(Traits {
            n_clients: 60,
            timed: Timed::ByRates,
            ..small()
        }),
        problem(Traits {
            n_clients: 60,
            breaks: true,
            ..small()
        }),
    ] {
        let limit = iterations(8_000);
        let one = run(&problem, 1, limit).solution;
        for threads in [2, 3, 8] {
            assert_eq!(
                run(&problem, threads, limit).solution,
                one,
                "{threads} threads"
            );
        }
    }
}

#[test]
fn as_many_iterations_are_made_as_the_limit_says() {
    let small_one = || {
        problem(Traits {
            n_clients: 60,
            ..small()
        })
    };
    for problem in [
        large(),
        large().with_fleet_first(),
        small_one(),
        small_one().with_fleet_first(),
    ] {
        for limit in [0, 1, 3, 1_001, 5_003] {
            let outcome = run(&problem, 2, iterations(limit));
            assert_eq!(outcome.iterations, limit);
            assert_eq!(outcome.end, SearchEnd::IterationLimit);
        }
    }
}

#[test]
fn a_search_that_stagnates_makes_at_most_twice_the_iterations_after_its_last_improvement() {
    let problem = problem(Traits {
        n_clients: 12,
        ..small()
    });
    let limit = 301;
    let params = SearchParams {
        iteration_limit: None,
        stagnation_limit: Some(limit),
        ..iterations(0)
    };
    let mut improved = (i64::MAX, 0);
    let mut told = |progress: &SearchProgress<'_>| {
        if progress.best.cost < improved.0 {
            improved = (progress.best.cost, progress.iterations);
        }
    };
    let clock = Clock::start();
    let mut control = Control {
        clock: &clock,
        is_cancelled: &|| false,
        on_progress: &mut told,
    };
    let outcome = search(&problem, &params, &mut control);
    assert_eq!(outcome.end, SearchEnd::Stagnated);
    assert_eq!(outcome.iterations, improved.1 + limit);
}

/// Patient searches of small problems end with a population.
#[test]
fn threads_do_not_change_what_a_population_finds() {
    let problem = problem(Traits {
        n_clients: 12,
        ..small()
    });
    let limit = 90_000;
    let one = run(&problem, 1, iterations(limit));
    assert_eq!(one.iterations, limit);
    for threads in [2, 3] {
        let other = run(&problem, threads, iterations(limit)).solution;
        assert_eq!(other, one.solution, "{threads} threads");
    }
}

#[test]
fn versions_begin_anew_before_they_run_out() {
    for problem in [
        large(),
        problem(Traits {
            n_clients: 60,
            ..small()
        }),
    ] {
        let neighborhood = Neighborhood::new(&problem, 20, 20, &|| false);
        let guide = Guide::new(&problem, neighborhood);
        let mut search = Search::new(&problem, &guide, iterations(5_000));
        search.construct(&|| false);
        for (lane, first) in search.lanes.iter_mut().zip(VERSIONS_MAX + 1..) {
            lane.state.number_versions(first, 2);
        }
        search.run(&mut Control {
            clock: &Clock::start(),
            is_cancelled: &|| false,
            on_progress: &mut |_| {},
        });
        assert!(search.next_version() < VERSIONS_MAX);
        for lane in &search.lanes {
            assert_eq!(lane.state.cost(), cost_from_scratch(&problem, lane));
        }
    }
}

#[test]
fn no_more_iterations_are_made_than_allowed() {
    for (problem, lanes) in [(large(), 4), (problem(small()), 2)] {
        for limit in [0, 1, 101, 1_003] {
            let made = run(&problem, 2, iterations(limit)).iterations;
            assert!(
                made <= limit && made + lanes > limit,
                "{made} of {limit} iterations"
            );
        }
    }
}

#[test]
fn more_iterations_do_not_make_it_worse_than_construction() {
    let problem = large();
    let first = run(&problem, 2, iterations(0)).solution.cost;
    let last = run(&problem, 2, iterations(20_000)).solution.cost;
    assert!(last < first, "{last} is not below {first}");
}

#[test]
fn cancelling_before_the_start_still_gives_a_solution() {
    let problem = large();
    let clock = Clock::start();
    let mut quiet = |_: &SearchProgress<'_>| {};
    let mut control = Control {
        clock: &clock,
        is_cancelled: &|| true,
        on_progress: &mut quiet,
    };
    let outcome = search(&problem, &iterations(1_000_000), &mut control);
    assert_eq!(outcome.end, SearchEnd::Cancelled);
    assert_eq!(outcome.iterations, 0);
    assert_eq!(outcome.solution.absent.len(), problem.n_clients());
}

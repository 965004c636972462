//! Small problems are solved to optimality, whatever they have.

use super::tests::arbitrary::{Timed, Traits, problem, small};
use super::tests::brute_force::brute_force;
use super::tests::{iterations, run};

#[test]
fn small_problems_are_solved_to_optimality() {
    assert_optimality(small(), 30);
    for timed in [Timed::ByRates, Timed::ByTables] {
        assert_optimality(Traits { timed, ..small() }, 10);
    }
    let breaks = true;
    assert_optimality(Traits { breaks, ..small() }, 20);
}

/// All of the first `n` random problems but one.
fn assert_optimality(traits: Traits, n: u32) {
    let mut equal = 0;
    for seed in 0..u64::from(n) {
        let problem = problem(Traits {
            seed,
            n_clients: 5,
            n_vehicles: 2,
            windows: 1,
            ..traits
        });
        let found = run(&problem, 1, iterations(4_000)).solution.cost;
        let optimum = brute_force(&problem);
        assert!(
            found >= optimum,
            "seed {seed}: {found} is below the optimum {optimum}"
        );
        equal += u32::from(found == optimum);
    }
    assert!(
        equal + 1 >= n,
        "only {equal} of {n} were solved to optimality ({traits:?})"
    );
}

#[test]
fn small_problems_with_reloads_are_solved_to_optimality() {
    assert!(n_reloads_of_optima(small(), 30) >= 3);
}

#[test]
fn small_problems_with_reloads_breaks_and_times_of_day_are_solved_to_optimality() {
    let mut n_reloads = 0;
    for timed in [Timed::ByRates, Timed::ByTables, Timed::No] {
        for breaks in [true, false] {
            if breaks || timed != Timed::No {
                n_reloads += n_reloads_of_optima(
                    Traits {
                        timed,
                        breaks,
                        ..small()
                    },
                    12,
                );
            }
        }
    }
    assert!(n_reloads >= 2, "only {n_reloads} reloads were of use");
    for timed in [Timed::ByRates, Timed::ByTables] {
        let breaks = true;
        assert_optimality(
            Traits {
                timed,
                breaks,
                ..small()
            },
            10,
        );
    }
}

/// How often the plans for the first `n` random problems with reloads reload, all of which but one in fifteen, or one, are
/// optimal.
fn n_reloads_of_optima(traits: Traits, n: u32) -> usize {
    let (mut equal, mut n_reloads) = (0, 0);
    for seed in 0..u64::from(n) {
        let problem = problem(Traits {
            seed,
            n_clients: 5,
            n_vehicles: 1,
            mixed: false,
            optional: false,
            limits: false,
            windows: 1,
            reloads: true,
            ..traits
        });
        let found = run(&problem, 1, iterations(4_000)).solution;
        let optimum = brute_force(&problem);
        assert!(
            found.cost >= optimum,
            "seed {seed}: {} is below the optimum {optimum} ({traits:?})",
            found.cost
        );
        equal += u32::from(found.cost == optimum);
        n_reloads += found
            .routes
            .iter()
            .map(|route| route.reloads.len())
            .sum::<usize>();
    }
    assert!(
        equal + (n / 15).max(1) >= n,
        "only {equal} of {n} were solved to optimality ({traits:?})"
    );
    n_reloads
}

//! Harm and the toll on it: what they add to costs, and that a limit is kept.

use std::sync::Arc;

use proptest::prelude::*;

use super::hazard::{Audit, HarmLimit, Hazard};
use super::lane::{Lane, Orders};
use super::neighborhood::Neighborhood;
use super::params::Work;
use super::problem::Problem;
use super::recreate::Guide;
use super::ruin::RuinSize;
use super::solution::Solution;
use super::tests::arbitrary::{Traits, problem, single_trips};
use super::tests::{iterations, run};
use crate::rng;

/// Every client beyond the third of a route does harm, the later the more.
#[derive(Debug)]
struct LongRoutes;

impl Hazard for LongRoutes {
    fn harms(&self, _: &Problem, _: usize, clients: &[u32], harms: &mut Vec<i64>) {
        harms.clear();
        harms.extend((0..clients.len()).map(|before| harm(before + 1) - harm(before)));
    }
}

fn harm(length: usize) -> i64 {
    let beyond = length.saturating_sub(3) as i64;
    beyond * (beyond + 1) / 2
}

/// Finds twice as much.
#[derive(Debug)]
struct Severe;

impl Hazard for Severe {
    fn harms(&self, problem: &Problem, kind: usize, clients: &[u32], harms: &mut Vec<i64>) {
        LongRoutes.harms(problem, kind, clients, harms);
        harms.iter_mut().for_each(|harm| *harm *= 2);
    }
}

fn limited(problem: Problem, limit: i64) -> Problem {
    audited(problem, limit, Arc::new(LongRoutes))
}

fn audited(problem: Problem, limit: i64, auditor: Arc<dyn Hazard>) -> Problem {
    problem.with_harm_limit(HarmLimit {
        hazard: Arc::new(LongRoutes),
        limit,
        audit: Audit {
            hazard: auditor,
            limit,
        },
        toll: 20,
        toll_max: 240,
        certain: 4,
        of_client: 40,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_cost_kept_is_that_of_routes_and_tolls(traits in single_trips()) {
        let problem = limited(problem(traits), 0);
        let n = problem.n_clients();
        let guide = Guide::new(&problem, Neighborhood::new(&problem, 20, 20, &|| false));
        let mut lane = Lane::new(&problem, n, 0.05);
        let clients: Vec<u32> = (0..n as u32).collect();
        let free: Vec<u32> = problem.types().iter().map(|kind| kind.count).collect();
        lane.state.load(&[], &clients, &clients, &free);
        let mut rng = rng::stream(traits.seed, &[1]);
        lane.construct(&guide, &clients, &mut rng, &|| false);
        for toll in [0, 5, 5, 40, 1].into_iter().cycle().take(40) {
            let orders = Orders {
                work: Work(u64::MAX),
                iterations: 2,
                temperature: 30.0,
                neighbors: 20,
                toll,
                size: RuinSize::for_length(5.0),
            };
            lane.run(&guide, orders, &mut rng, &|| false);
            let solution = Solution::new(&problem, &lane.state.routes(), lane.state.absent());
            prop_assert_eq!(lane.state.harm(), solution.harm);
            prop_assert_eq!(lane.state.cost(), solution.cost + toll * solution.harm);
        }
    }
}

/// Forty clients for forty vehicles: routes may be as short as one likes.
fn roomy() -> Traits {
    Traits {
        n_vehicles: 40,
        ..Traits::plain(3, 40)
    }
}

#[test]
fn a_limit_on_harm_is_kept_at_a_price() {
    let free = run(&problem(roomy()), 1, iterations(20_000)).solution;
    let harm: i64 = (free.routes.iter())
        .map(|route| harm(route.clients.len()))
        .sum();
    let bound = harm / 2;
    let kept = run(&limited(problem(roomy()), bound), 1, iterations(20_000));
    assert!(
        harm > 0 && kept.solution.harm <= bound,
        "{} of {bound}",
        kept.solution.harm
    );
    assert!(kept.solution.cost > free.cost);
    assert!(kept.toll > 0);
}

#[test]
fn what_an_audit_finds_counts_and_not_what_the_search_is_told() {
    let free = run(&problem(roomy()), 1, iterations(20_000)).solution;
    let told: i64 = (free.routes.iter())
        .map(|route| harm(route.clients.len()))
        .sum();
    let severe = audited(problem(roomy()), told, Arc::new(Severe));
    let kept = run(&severe, 1, iterations(20_000)).solution;
    assert!(2 * kept.harm <= told, "{} of {told}", kept.harm);
}

#[test]
fn a_limit_that_cannot_be_kept_is_come_near_to() {
    let tight = Traits {
        n_vehicles: 8,
        ..Traits::plain(3, 40)
    };
    let free = run(
        &limited(problem(tight), i64::MAX / 2),
        1,
        iterations(20_000),
    )
    .solution;
    let best = run(&limited(problem(tight), 0), 1, iterations(20_000)).solution;
    assert_eq!(best.absent.len(), free.absent.len());
    assert!(
        0 < best.harm && best.harm < free.harm,
        "{} {}",
        best.harm,
        free.harm
    );
}

#[test]
fn the_number_of_threads_makes_no_difference_under_a_limit() {
    let outcome = |threads| run(&limited(problem(roomy()), 20), threads, iterations(4_000));
    let one = outcome(1);
    for threads in [2, 3] {
        let other = outcome(threads);
        assert_eq!(other.solution, one.solution);
        assert_eq!((other.iterations, other.toll), (one.iterations, one.toll));
    }
}

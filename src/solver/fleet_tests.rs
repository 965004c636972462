//! The number of vehicles as the first aim: it outweighs every cost and no client that matters.

use proptest::prelude::*;

use super::problem::DropRule;
use super::tests::arbitrary::{Traits, problem, small, traits};
use super::tests::brute_force::brute_force;
use super::tests::{iterations, run};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_vehicle_outweighs_all_cost_and_no_client_that_matters(traits in traits()) {
        let plain = problem(traits);
        let few = problem(traits).with_fleet_first();
        let solution = run(&plain, 1, iterations(200)).solution;
        let dropped: i64 = solution.absent.iter().map(|&client| plain.drop_cost(client)).sum();
        prop_assert!(solution.cost - dropped < few.vehicle_cost());
        for (number, client) in few.clients().iter().enumerate() {
            let is_traded = matches!(client.drop, DropRule::Priced(_));
            prop_assert!(is_traded || few.drop_cost(number) > few.vehicle_cost());
        }
    }

    #[test]
    fn the_true_cost_is_what_is_left_without_the_vehicles(traits in traits()) {
        let few = problem(traits).with_fleet_first();
        let solution = run(&few, 1, iterations(200)).solution;
        let dropped: i64 = solution.absent.iter().map(|&client| few.drop_cost(client)).sum();
        let cost = solution.cost - dropped - few.vehicle_cost() * solution.routes.len() as i64;
        prop_assert!((0..few.vehicle_cost()).contains(&cost));
    }
}

#[test]
fn few_vehicles_are_found_on_small_problems() {
    let mut equal = 0;
    for seed in 0..20 {
        let problem = problem(Traits {
            seed,
            n_clients: 5,
            n_vehicles: 2,
            windows: 1,
            ..small()
        });
        let problem = problem.with_fleet_first();
        let found = run(&problem, 1, iterations(4_000)).solution.cost;
        let optimum = brute_force(&problem);
        assert!(found >= optimum, "seed {seed}");
        equal += u32::from(found == optimum);
    }
    assert!(equal >= 19, "only {equal} of 20 were solved to optimality");
}

use super::super::Fault;
use super::*;
use crate::clock::Clock;
use crate::solver::control::Control;
use crate::solver::params::SearchParams;
use crate::solver::search::search;
use crate::solver::start::Start;

const MATRIX: &str = "NAME : M\nTYPE : VRPTW\nDIMENSION : 3\nEDGE_WEIGHT_TYPE : EXPLICIT\nVEHICLES : 2\n\
    EDGE_WEIGHT_FORMAT : FULL_MATRIX\nCAPACITY : 10\nEDGE_WEIGHT_SECTION\n0 5 7\n6 0 2\n8 3 0\nDEMAND_SECTION\n1 0\n2 4\n3 5\n\
    DEPOT_SECTION\n1\n-1\nSERVICE_TIME_SECTION\n1 0\n2 10\n3 10\nTIME_WINDOW_SECTION\n1 0 100\n2 20 30\n3 0 90\nEOF\n";

/// Two depots at (0, 0) and (10, 0), clients 2 at (0, 3) and 3 at (10, 4), a vehicle at each depot.
const TWO_DEPOTS: &str = "NAME: D\nTYPE: MDVRPTW\nEDGE_WEIGHT_TYPE: EUC_2D\nDIMENSION: 4\nVEHICLES: 2\nCAPACITY: 10\n\
    VEHICLES_MAX_DURATION: 30\nNODE_COORD_SECTION\n1 0 0\n2 10 0\n3 0 3\n4 10 4\nDEMAND_SECTION\n1 0\n2 0\n3 4\n4 5\n\
    SERVICE_TIME_SECTION\n1 0\n2 0\n3 1\n4 1\nTIME_WINDOW_SECTION\n1 0 100\n2 0 100\n3 50 60\n4 0 90\n\
    VEHICLES_DEPOT_SECTION\n1 1\n2 2\nDEPOT_SECTION\n1\n2\nEOF\n";

/// Five vehicles of three kinds, clients 1 at (3, 4) and 2 at (0, 1); no times.
const FLEET: &str = "NAME: H\nTYPE: HFVRP\nDIMENSION: 3\nVEHICLES: 5\nEDGE_WEIGHT_TYPE: EUC_2D\n\
    NODE_COORD_SECTION\n1 0 0\n2 3 4\n3 0 1\nDEMAND_SECTION\n1 0\n2 4\n3 5\nCAPACITY_SECTION\n1 4\n2 9\n3 4\n4 9\n5 9\n\
    VEHICLES_FIXED_COST_SECTION\n1 7\n2 20\n3 7\n4 20\n5 21\n\
    VEHICLES_UNIT_DISTANCE_COST_SECTION\n1 1\n2 2\n3 1\n4 2\n5 2\nDEPOT_SECTION\n1\nEOF\n";

/// The same two clients with a prize each, of which the second is 0.
const PRIZES: &str = "NAME : P\nTYPE : PCVRPTW\nDIMENSION : 3\nVEHICLES : 2\nCAPACITY : 10\nSERVICE_TIME : 1\n\
    EDGE_WEIGHT_TYPE : EUC_2D\nNODE_COORD_SECTION\n1 0 0\n2 3 4\n3 0 1\nDEMAND_SECTION\n1 0\n2 4\n3 5\n\
    TIME_WINDOW_SECTION\n1 0 100\n2 0 90\n3 0 90\nPRIZE_SECTION\n1 0\n2 8\n3 0\nDEPOT_SECTION\n1\n-1\nEOF\n";

/// One vehicle that holds one of two orders; the goods of client 2, at (0, 1), are there at 10 only.
const TRIPS: &str = "NAME: T\nTYPE: MTVRPTWR\nEDGE_WEIGHT_TYPE: EUC_2D\nDIMENSION: 3\nVEHICLES: 1\nCAPACITY: 5\n\
    SERVICE_TIME: 1\nNODE_COORD_SECTION\n1 0 0\n2 3 4\n3 0 1\nDEMAND_SECTION\n1 0\n2 4\n3 5\n\
    TIME_WINDOW_SECTION\n1 0 24\n2 0 24\n3 0 24\nRELEASE_TIME_SECTION\n1 0\n2 0\n3 10\n\
    VEHICLES_RELOAD_DEPOT_SECTION\n1 1\nDEPOT_SECTION\n1\nEOF\n";

#[test]
fn a_matrix_is_taken_as_given_and_may_be_asymmetric() {
    let instance = read(MATRIX, None).unwrap();
    assert_eq!((instance.distance(1, 2), instance.distance(2, 1)), (2, 3));
    assert_eq!(instance.check(&[vec![1, 2]]), Ok(5 + 2 + 8));
    assert_eq!(instance.check(&[vec![1]]), Err(Fault::Coverage(2)));
}

#[test]
fn coordinates_follow_the_rounding_asked_for() {
    let text = MATRIX
        .replace("EXPLICIT", "EUC_2D")
        .replace("EDGE_WEIGHT_FORMAT : FULL_MATRIX\n", "");
    let text = text.replace(
        "EDGE_WEIGHT_SECTION\n0 5 7\n6 0 2\n8 3 0",
        "NODE_COORD_SECTION\n1 0 0\n2 1 2\n3 2 0",
    );
    let cases = [
        (Rounding::Dimacs, 22),
        (Rounding::Exact, 2_236),
        (Rounding::Round, 2),
    ];
    for (rounding, expected) in cases {
        assert_eq!(
            read(&text, Some(rounding)).unwrap().distance(0, 1),
            expected
        );
    }
    assert!(read(&text, Some(Rounding::None)).is_err());
}

#[test]
fn exact_distances_are_rounded_to_the_nearest_thousandth() {
    let instance = read(&TWO_DEPOTS.replace("4 10 4", "4 3 6"), None).unwrap();
    assert_eq!(instance.rounding, Rounding::Exact);
    // sqrt(45) = 6.7082039... and sqrt(18) = 4.2426406...
    assert_eq!(instance.distance(0, 3), 6_708);
    assert_eq!(instance.distance(2, 3), 4_243);
}

#[test]
fn each_route_begins_and_ends_at_the_depot_of_its_vehicle() {
    let instance = read(TWO_DEPOTS, None).unwrap();
    assert_eq!((instance.n_clients(), instance.n_nodes()), (2, 4));
    assert_eq!(instance.check(&[vec![2], vec![3]]), Ok(6_000 + 8_000));
    assert_eq!(instance.show_cost(14_000), "14000");
    // sqrt(116) = 10.77032... and sqrt(109) = 10.44030...: each client from the other depot.
    let crossed = instance.check(&[vec![3], vec![2]]);
    assert_eq!(crossed, Ok(2 * 10_770 + 2 * 10_440));
}

#[test]
fn a_route_lasts_from_its_latest_possible_start() {
    let instance = read(&TWO_DEPOTS.replace("30\nNODE", "7\nNODE"), None).unwrap();
    // 3 out, 1 at the door, 3 back: the vehicle need not wait at the door from 3 to 50.
    assert_eq!(
        instance.check(&[vec![2], vec![3]]),
        Err(Fault::Duration {
            vehicle: 2,
            excess: 2_000
        })
    );
}

#[test]
fn vehicles_that_are_alike_are_one_kind_and_keep_their_numbers() {
    let instance = read(FLEET, None).unwrap();
    let problem = instance.to_problem();
    let counts: Vec<u32> = problem.types().iter().map(|kind| kind.count).collect();
    assert_eq!(counts, [2, 2, 1]);
    let together = vec![vec![], vec![1, 2]];
    // sqrt(18) = 4.2426...
    let cost = 20_000 + 2 * (5_000 + 4_243 + 1_000);
    assert_eq!(instance.check(&together), Ok(cost));
    let with_small = [vec![1, 2], vec![], vec![]];
    assert_eq!(
        instance.check(&with_small),
        Err(Fault::Overload {
            vehicle: 1,
            excess: 5
        })
    );
    let beyond = [vec![], vec![], vec![], vec![], vec![], vec![1, 2]];
    assert_eq!(instance.check(&beyond), Err(Fault::Vehicles(1)));
}

#[test]
fn clients_without_a_prize_must_be_served_and_others_cost_theirs() {
    let instance = read(PRIZES, None).unwrap();
    assert_eq!(instance.check(&[vec![2]]), Ok(20 + 80));
    assert_eq!(instance.check(&[vec![1, 2]]), Ok(50 + 42 + 10));
    assert_eq!(instance.check(&[vec![1]]), Err(Fault::Coverage(2)));
    assert_eq!(instance.check(&[vec![2], vec![2]]), Err(Fault::Coverage(2)));
    assert_eq!(
        instance.check(&[vec![2, 0]]),
        Err(Fault::Node {
            vehicle: 1,
            node: 0
        })
    );
}

#[test]
fn a_vehicle_serves_only_the_clients_that_it_may() {
    let allowed = "VEHICLES_ALLOWED_CLIENTS_SECTION\n1 3\n2 3 2\nDEPOT_SECTION";
    let text = PRIZES.replace("DEPOT_SECTION", allowed);
    let instance = read(&text, None).unwrap();
    assert_eq!(instance.check(&[vec![2], vec![1]]), Ok(20 + 100));
    assert_eq!(
        instance.check(&[vec![1, 2]]),
        Err(Fault::Admission {
            vehicle: 1,
            node: 1
        })
    );
    let problem = instance.to_problem();
    assert!(problem.admits(1, 0) && !problem.admits(0, 0));
}

#[test]
fn a_vehicle_may_load_for_further_trips() {
    let instance = read(TRIPS, None).unwrap();
    // Out at 0 and back at 11; then out again, and back at 14.
    assert_eq!(instance.check(&[vec![1, 0, 2]]), Ok(100 + 20));
    assert_eq!(instance.show_cost(120), "120");
    assert_eq!(
        instance.check(&[vec![1, 2]]),
        Err(Fault::Overload {
            vehicle: 1,
            excess: 4
        })
    );
    assert_eq!(instance.check(&[vec![1, 0]]), Err(Fault::Coverage(2)));
    let nowhere = TRIPS.replace("1 1\nDEPOT", "1\nDEPOT");
    assert_eq!(
        read(&nowhere, None).unwrap().check(&[vec![1, 0, 2]]),
        Err(Fault::Node {
            vehicle: 1,
            node: 0
        })
    );
}

#[test]
fn a_trip_waits_until_all_its_goods_are_there() {
    // The other way round the first trip leaves at 10 and is back at 13: then it is too late for 11 more.
    let late = TRIPS.replace("1 0 24\n2 0", "1 0 23\n2 0");
    let instance = read(&late, None).unwrap();
    assert_eq!(instance.check(&[vec![1, 0, 2]]), Ok(100 + 20));
    assert_eq!(
        instance.check(&[vec![2, 0, 1]]),
        Err(Fault::Late {
            vehicle: 1,
            node: 0,
            late: 10
        })
    );
    let together = late.replace("CAPACITY: 5", "CAPACITY: 9");
    let instance = read(&together, None).unwrap();
    // 10 + 1 + 1 + 4.2 + 1 + 5, with both on board from the start.
    assert_eq!(instance.check(&[vec![2, 1]]), Ok(10 + 42 + 50));
    let later = together.replace("3 10\nVEH", "3 11\nVEH");
    assert!(read(&later, None).unwrap().check(&[vec![2, 1]]).is_err());
}

#[test]
fn a_search_from_trips_keeps_them() {
    let instance = read(TRIPS, None).unwrap();
    let problem = instance.to_problem();
    let routes = vec![vec![1, 0, 2]];
    let start = instance.start_routes(&routes).unwrap();
    let solution = Start::new(&problem, &start).solution(&problem);
    assert_eq!(instance.routes_of(&solution), routes);
    assert_eq!(solution.cost, 120);
}

#[test]
fn the_search_means_by_cost_what_the_checker_does() {
    let allowed = "VEHICLES_ALLOWED_CLIENTS_SECTION\n1 3\n2 3 2\nDEPOT_SECTION";
    let skills = PRIZES.replace("DEPOT_SECTION", allowed);
    let optimal_costs = [
        (TWO_DEPOTS, 14_000),
        (FLEET, 20_000 + 2 * (5_000 + 4_243 + 1_000)),
        (PRIZES, 100),
        (&skills, 100),
        (TRIPS, 120),
    ];
    for (text, optimum) in optimal_costs {
        let instance = read(text, None).unwrap();
        let params = SearchParams {
            seed: 1,
            time_limit: None,
            iteration_limit: Some(200),
            stagnation_limit: None,
        };
        let outcome = search(
            &instance.to_problem(),
            &params,
            &mut Control {
                clock: &Clock::start(),
                is_cancelled: &|| false,
                on_progress: &mut |_| {},
            },
        );
        let routes = instance.routes_of(&outcome.solution);
        assert_eq!(instance.check(&routes), Ok(outcome.solution.cost));
        assert_eq!(outcome.solution.cost, optimum);
    }
}

#[test]
fn what_is_not_supported_is_refused_by_name() {
    let cases = [
        (
            "CAPACITY : 10",
            "VEHICLES_MAX_RELOADS : 10",
            "line 7: VEHICLES_MAX_RELOADS is not supported",
        ),
        (
            "6 0 2\n",
            "",
            "EDGE_WEIGHT_SECTION has 6 values, expected 9",
        ),
        (
            "3 5\nDEPOT",
            "DEPOT",
            "DEMAND_SECTION has 2 rows, DIMENSION says 3",
        ),
        (
            "DEPOT_SECTION\n1\n",
            "DEPOT_SECTION\n2\n",
            "line 17: depot 2 is not supported",
        ),
        ("0 5 7", "0 -5 7", "a matrix entry of -5 is outside 0 to"),
        ("VEHICLES : 2", "VEHICLES : 0", "VEHICLES is 0"),
    ];
    for (old, new, message) in cases {
        let error = read(&MATRIX.replace(old, new), None)
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(message), "{error}");
    }
}

#[test]
fn what_is_wrong_with_vehicles_is_told() {
    let cases = [
        (
            "5 21\n",
            "",
            "VEHICLES_FIXED_COST_SECTION has 4 rows, VEHICLES says 5",
        ),
        ("2 9\n3 4", "2 9\n4 4", "line 17: expected vehicle 3"),
        (
            "1 1\n2 2\n3 1",
            "1 -1\n2 2\n3 1",
            "the unit distance cost of a vehicle, -1, is outside 0 to 10000",
        ),
        (
            "DEPOT_SECTION\n1\n",
            "VEHICLES_DEPOT_SECTION\n1 1\n2 1\n3 2\n4 1\n5 1\n",
            "line 35: node 2 is no depot: those are 1 to 1",
        ),
    ];
    for (old, new, message) in cases {
        let error = read(&FLEET.replace(old, new), None)
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(message), "{error}");
    }
}

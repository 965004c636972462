//! Parts cost what they cost in the whole, and large searches keep what smaller ones promise.

use proptest::prelude::*;
use rand::RngExt;
use std::sync::atomic::{AtomicU64, Ordering};

use super::fleet::{Need, deal};
use super::*;
use crate::clock::Clock;
use crate::solver::problem::{Arc, Client, FAR};
use crate::solver::solution::{SolutionRoute, Trip, evaluate_trips};
use crate::solver::start::StartRoute;
use crate::solver::tests::arbitrary::{Traits, client, traits, vehicle_type};
use crate::solver::tests::iterations;

/// A random problem that asks for its arcs, on a line of the given length so that there are near and far clients.
fn problem(traits: Traits, length: i32) -> Problem {
    let mut rng = rng::stream(traits.seed, &[]);
    let n_types = if traits.mixed { 3 } else { 1 };
    let n_nodes = traits.n_clients + 2;
    let points: Vec<(i32, i32)> = (0..n_nodes)
        .map(|_| (rng.random_range(0..length), rng.random_range(0..20)))
        .collect();
    let clients = (0..traits.n_clients)
        .map(|_| client(&mut rng, traits, n_types))
        .collect();
    let types = (0..n_types)
        .map(|kind| vehicle_type(&mut rng, traits, kind))
        .collect();
    Problem::without_table(clients, types, 2, 2, move |profile, from, to| {
        let (a, b) = (points[from], points[to]);
        let distance = (a.0 - b.0).abs() + (a.1 - b.1).abs() + i32::from(from < to);
        let is_way = (from + 3 * to) % 17 > 0;
        Arc {
            duration: if is_way {
                distance * (1 + profile as i32)
            } else {
                FAR
            },
            distance,
        }
    })
}

fn many(n_clients: usize, n_vehicles: u32) -> Traits {
    Traits {
        n_vehicles,
        durations: true,
        releases: true,
        collections: true,
        mixed: true,
        windows: 2,
        optional: true,
        ..Traits::plain(11, n_clients)
    }
}

fn run(problem: &Problem, threads: usize, params: &SearchParams) -> Outcome {
    run_from(problem, threads, params, None)
}

fn run_from(
    problem: &Problem,
    threads: usize,
    params: &SearchParams,
    start: Option<&Start>,
) -> Outcome {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.unwrap().install(|| {
        let mut control = Control {
            clock: &Clock::start(),
            is_cancelled: &|| false,
            on_progress: &mut |_| {},
        };
        search(problem, params, start, &mut control)
    })
}

/// One trip, or two: the second begins at a position with a reload.
fn trips(visits: &[(u32, u8)], second: Option<(usize, u8)>) -> Vec<Trip> {
    let at = second.map_or(visits.len(), |(at, _)| at);
    let mut trips = vec![Trip {
        reload: None,
        visits: visits[..at].to_vec(),
    }];
    trips.extend(second.map(|(at, reload)| Trip {
        reload: Some(reload),
        visits: visits[at..].to_vec(),
    }));
    trips
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_part_has_the_arcs_costs_and_rules_of_the_whole(traits in traits()) {
        let whole = problem(traits, 100);
        let mut rng = rng::stream(traits.seed, &[1]);
        let clients: Vec<u32> = (0..traits.n_clients as u32)
            .rev()
            .filter(|_| rng.random_bool(0.6))
            .collect();
        let n_types = whole.types().len() as u32;
        let mut fleet: Vec<(u32, u32)> = (0..n_types).map(|kind| (kind, 1 + kind)).collect();
        let skipped = rng.random_range(0..fleet.len() + 1);
        if fleet.len() > 1 && skipped < fleet.len() {
            fleet.remove(skipped);
        }
        let part = whole.part(clients, &fleet);
        prop_assert_eq!(
            part.problem.arc_cost_mean().to_bits(),
            whole.arc_cost_mean().to_bits()
        );
        for (here, &there) in part.clients.iter().enumerate() {
            prop_assert_eq!(part.problem.drop_cost(here), whole.drop_cost(there as usize));
        }
        for (kind, &(kind_there, count)) in fleet.iter().enumerate() {
            prop_assert_eq!(part.problem.types()[kind].count, count);
            prop_assert_eq!(part.kinds[kind], kind_there);
            // Routes of every length, and windows and sequences that fit and that do not.
            for _ in 0..20 {
                let length = rng.random_range(0..4.min(part.clients.len() + 1));
                let here: Vec<(u32, u8)> = (0..length)
                    .map(|_| {
                        let client = rng.random_range(0..part.clients.len());
                        let windows = part.problem.clients()[client].windows.len();
                        (client as u32, rng.random_range(0..windows) as u8)
                    })
                    .collect();
                let there: Vec<(u32, u8)> = here
                    .iter()
                    .map(|&(client, window)| (part.clients[client as usize], window))
                    .collect();
                let n_reloads = part.problem.types()[kind].reloads.len();
                let second = (n_reloads > 0 && length > 1)
                    .then(|| (rng.random_range(1..length), rng.random_range(0..n_reloads) as u8));
                prop_assert_eq!(
                    evaluate_trips(&part.problem, kind, &trips(&here, second)),
                    evaluate_trips(&whole, kind_there as usize, &trips(&there, second))
                );
            }
        }
    }

    #[test]
    fn every_vehicle_is_dealt_once(
        traits in traits(),
        weights in prop::collection::vec(0..1_000_u64, 1..9),
    ) {
        let problem = problem(traits, 100);
        let free: Vec<u32> = problem.types().iter().map(|kind| kind.count).collect();
        let needs: Vec<Need> = weights
            .iter()
            .map(|&weight| Need { anchor: 0, weight: weight + 1 })
            .collect();
        let fleets = deal(&problem, &needs, &free, &mut rng::stream(traits.seed, &[2]));
        prop_assert_eq!(fleets.len(), needs.len());
        for (kind, &count) in (0..).zip(&free) {
            let of_kind = fleets.iter().flatten().filter(|(other, _)| *other == kind);
            prop_assert_eq!(of_kind.map(|(_, count)| count).sum::<u32>(), count);
        }
    }
}

#[test]
fn vehicles_are_dealt_by_need_and_from_near_stations() {
    let mut traits = many(40, 10);
    traits.mixed = true;
    let problem = problem(traits, 10_000);
    let way = |kind: usize, client: u32| {
        let node = problem.start_node(kind);
        problem.arc(problem.types()[kind].profile, node, client as usize)
    };
    let near = |kind: usize| {
        (0..40)
            .min_by_key(|&client| way(kind, client).distance)
            .unwrap()
    };
    // The first two types start at different stations; each region lies at one of them.
    let needs = [near(0), near(1)].map(|anchor| Need { anchor, weight: 1 });
    let fleets = deal(&problem, &needs, &[10, 10, 0], &mut rng::stream(1, &[]));
    assert_eq!(fleets, [vec![(0, 10)], vec![(1, 10)]]);
    let needs = [(near(0), 3), (near(0), 1)].map(|(anchor, weight)| Need { anchor, weight });
    let fleets = deal(&problem, &needs, &[8, 0, 0], &mut rng::stream(1, &[]));
    assert_eq!(fleets, [vec![(0, 6)], vec![(0, 2)]]);
}

/// Whether the outcome serves or leaves out everyone once, with vehicles there are, at the cost it states.
fn assert_sound(problem: &Problem, outcome: &Outcome) {
    let solution = &outcome.solution;
    let mut seen: Vec<usize> = solution.absent.clone();
    let mut used = vec![0; problem.types().len()];
    for route in &solution.routes {
        seen.extend(&route.clients);
        used[route.kind] += 1;
        assert!(!route.clients.is_empty());
    }
    seen.sort_unstable();
    assert!(seen.iter().copied().eq(0..problem.n_clients()));
    for (kind, used) in problem.types().iter().zip(used) {
        assert!(used <= kind.count);
    }
}

#[test]
fn regions_state_what_their_routes_cost_in_the_whole() {
    for (reloads, n_vehicles) in [(false, 100), (true, 40)] {
        let traits = Traits {
            reloads,
            ..many(900, n_vehicles)
        };
        assert_regions_state_costs(&problem(traits, 3_000));
    }
}

fn assert_regions_state_costs(problem: &Problem) {
    let params = iterations(4_000);
    let mut large = Large::new(problem, params);
    let mut control = Control {
        clock: &Clock::start(),
        is_cancelled: &|| false,
        on_progress: &mut |_| {},
    };
    large.construct(&control);
    for _ in 0..3 {
        for planned in &large.whole.routes {
            let kind = planned.kind as usize;
            let evaluation = evaluate_trips(problem, kind, &planned.trips).unwrap();
            assert_eq!(
                (evaluation.cost, evaluation.distance),
                (planned.cost, planned.distance)
            );
        }
        let vehicles = large.whole.routes.iter().map(|planned| planned.kind);
        for (kind, vehicle) in (0..).zip(problem.types()) {
            let used = vehicles.clone().filter(|other| *other == kind).count() as u32;
            let free = large.whole.free.iter().filter(|(other, _)| *other == kind);
            assert_eq!(
                used + free.map(|(_, count)| count).sum::<u32>(),
                vehicle.count
            );
        }
        assert_eq!(large.whole.n_clients(), 900);
        large.improve(&mut control);
    }
}

#[test]
fn a_large_search_goes_on_from_its_start_and_keeps_what_is_locked() {
    let problem = problem(many(900, 100), 3_000);
    let before = run(&problem, 2, &iterations(2_000)).solution;
    let lock = |route: &SolutionRoute| StartRoute {
        kind: route.kind,
        clients: route.clients.clone(),
        reloads: Vec::new(),
        locked: route.clients.len().min(2),
    };
    let routes: Vec<StartRoute> = before.routes.iter().map(lock).collect();
    let start = Start::new(&problem, &routes);
    assert!(start.displaced().is_empty());
    let after = run_from(&problem, 2, &iterations(4_000), Some(&start)).solution;
    assert!(after.cost <= before.cost);
    for route in &routes {
        let locked = &route.clients[..route.locked];
        let keeps =
            |found: &SolutionRoute| found.kind == route.kind && found.clients.starts_with(locked);
        assert!(after.routes.iter().any(keeps), "{locked:?}");
    }
}

#[test]
fn threads_do_not_change_the_plan_of_a_large_problem() {
    let problem = problem(many(1_600, 150), 5_000);
    let params = iterations(4_000);
    let one = run(&problem, 1, &params);
    assert_sound(&problem, &one);
    assert!(one.iterations <= 4_000);
    assert_eq!(one.end, SearchEnd::IterationLimit);
    for threads in [2, 5] {
        let other = run(&problem, threads, &params);
        assert_eq!(other.solution, one.solution, "{threads} threads");
    }
}

#[test]
fn rounds_improve_on_the_construction_and_serve_more() {
    // Every client is required: leaving one out outweighs all other cost.
    let traits = Traits {
        optional: false,
        ..many(1_500, 150)
    };
    let problem = problem(traits, 4_000);
    let first = run(&problem, 2, &iterations(0)).solution;
    let last = run(&problem, 2, &iterations(12_000)).solution;
    assert!(last.cost < first.cost);
    assert!(last.absent.len() <= first.absent.len());
}

/// Cells get vehicles by their number of clients at first, but some need twice as many as others.
#[test]
fn clients_left_out_for_want_of_vehicles_get_those_of_other_cells() {
    let mut traits = many(1_500, 100);
    (traits.mixed, traits.optional, traits.collections) = (false, false, false);
    (traits.releases, traits.durations, traits.windows) = (false, false, 1);
    let mut rng = rng::stream(3, &[]);
    let places: Vec<(i32, i32)> = (0..1_501)
        .map(|_| (rng.random_range(0..1_000), rng.random_range(0..1_000)))
        .collect();
    let clients = places[..1_500].iter().map(|&(x, _)| {
        let mut client = client(&mut rng, traits, 1);
        client.windows[0].end = 100_000;
        client.delivery = vec![if x < 500 { 2 } else { 1 }, 0];
        client.collection = vec![0, 0];
        client
    });
    let clients: Vec<Client> = clients.collect();
    let load: i64 = clients.iter().map(|client| client.delivery[0]).sum();
    let mut kind = vehicle_type(&mut rng, traits, 0);
    (kind.count, kind.capacity) = (100, vec![load / 85, 0]);
    (kind.earliest, kind.latest) = (0, 200_000);
    let problem = Problem::without_table(clients, vec![kind], 1, 1, move |_, from, to| {
        let (a, b) = (places[from], places[to]);
        let distance = (a.0 - b.0).abs() + (a.1 - b.1).abs();
        Arc {
            duration: distance,
            distance,
        }
    });
    let solution = run(&problem, 2, &iterations(8_000)).solution;
    assert_eq!(solution.absent, Vec::<usize>::new());
}

#[test]
fn a_large_search_that_is_cancelled_ends_at_once_with_what_it_has() {
    let problem = problem(many(1_500, 150), 4_000);
    let params = SearchParams {
        iteration_limit: None,
        ..iterations(0)
    };
    for reports in [0, 1, 3] {
        let seen = AtomicU64::new(0);
        let mut control = Control {
            clock: &Clock::start(),
            is_cancelled: &|| seen.load(Ordering::Relaxed) >= reports,
            on_progress: &mut |progress| {
                assert!((0.0..=1.0).contains(&progress.done));
                seen.fetch_add(1, Ordering::Relaxed);
            },
        };
        let outcome = search(&problem, &params, None, &mut control);
        assert_eq!(outcome.end, SearchEnd::Cancelled);
        assert_sound(&problem, &outcome);
        assert_eq!(reports == 0, outcome.solution.routes.is_empty());
    }
}

#[test]
fn a_large_search_makes_as_many_iterations_as_the_limit_says() {
    let problem = problem(many(200, 30), 1_000);
    for limit in [0, 1, 7, 3_001] {
        let outcome = run(&problem, 2, &iterations(limit));
        assert_eq!(outcome.iterations, limit);
        assert_eq!(outcome.end, SearchEnd::IterationLimit);
    }
}

#[test]
fn a_large_search_stops_at_its_time_limit_or_when_it_stagnates() {
    let problem = problem(many(200, 30), 1_000);
    let in_time = SearchParams {
        iteration_limit: None,
        time_limit: Some(Duration::from_millis(300)),
        ..iterations(0)
    };
    assert_eq!(run(&problem, 2, &in_time).end, SearchEnd::TimeLimit);
    let patient = SearchParams {
        iteration_limit: None,
        stagnation_limit: Some(2_000),
        ..iterations(0)
    };
    let outcome = run(&problem, 2, &patient);
    assert_eq!(outcome.end, SearchEnd::Stagnated);
    assert_sound(&problem, &outcome);
}

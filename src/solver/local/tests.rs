//! Properties of the local search that hold for any problem: what a move is said to change is what it changes.

use proptest::prelude::*;
use rand::RngExt;
use rand::seq::SliceRandom;

use super::descent::Descent;
use super::operators::{Operator, Relocate, Swap, TwoOpt, TwoOptStar, delta, evaluate};
use super::penalty::{Adaptive, Penalties};
use super::sequence::Change;
use super::tour::Tour;
use crate::rng;
use crate::solver::duration::duration_cost;
use crate::solver::neighborhood::Neighborhood;
use crate::solver::problem::Problem;
use crate::solver::solution::evaluate as evaluate_route;
use crate::solver::state::Route;
use crate::solver::tests::arbitrary::{Traits, problem, single_trips};

fn penalties(problem: &Problem) -> Penalties {
    Penalties {
        time: 7,
        load: vec![11; problem.n_dims()],
        distance: 3,
    }
}

/// Clients dealt to vehicles at random, breaking time, load and distance but nothing hard.
fn random_routes(problem: &Problem, rng: &mut rng::Stream) -> Vec<Route> {
    let mut clients: Vec<u32> = (0..problem.n_clients() as u32).collect();
    clients.shuffle(rng);
    let mut routes: Vec<Route> = Vec::new();
    for (kind, vehicle) in (0..).zip(problem.types()) {
        for _ in 0..vehicle.count.min(3) {
            routes.push(Route {
                slot: routes.len() as u32,
                kind,
                previous: None,
                version: 0,
                locked: 0,
                visits: Vec::new(),
            });
        }
    }
    for client in clients {
        let at = rng.random_range(0..routes.len());
        let route = &mut routes[at];
        let kind = route.kind as usize;
        let n_clients = route.visits.len() as u32;
        let windows = problem.clients()[client as usize].windows.len() as u8;
        if problem.admits(kind, client as usize) && n_clients < problem.types()[kind].max_clients {
            route.visits.push((client, rng.random_range(0..windows)));
        }
    }
    routes.retain(|route| !route.visits.is_empty());
    routes
}

/// Time warp and duration of a route, by trying every second as its start.
fn drive(problem: &Problem, route: &Route) -> (i32, i32) {
    let kind = route.kind as usize;
    let vehicle = &problem.types()[kind];
    let run = |start: i32| {
        let (mut time, mut warp, mut duration) = (start, 0, 0);
        let mut visit = |travel: i32, service: i32, opens: i32, closes: i32| {
            let arrival = time + travel;
            let jump = (arrival - closes).max(0);
            let wait = (opens - arrival).max(0);
            time = arrival + wait - jump + service;
            warp += jump;
            duration += travel + wait + service;
        };
        visit(0, vehicle.loading, vehicle.earliest, vehicle.latest);
        let mut place = problem.start_node(kind);
        for &(client, window) in &route.visits {
            let data = &problem.clients()[client as usize];
            let window = data.windows[window as usize];
            let travel = problem
                .arc(vehicle.profile, place, client as usize)
                .duration;
            visit(travel, data.service[vehicle.pace], window.start, window.end);
            place = client as usize;
        }
        let end = problem.end_node(kind);
        let travel = problem.arc(vehicle.profile, place, end).duration;
        visit(travel, 0, vehicle.earliest, vehicle.latest);
        (warp, duration)
    };
    let ready = route.visits.iter();
    let ready = ready
        .filter_map(|&(client, _)| problem.clients()[client as usize].ready)
        .max();
    let starts = vehicle.earliest - 1..=vehicle.latest + 1;
    let least = starts.map(run).min().unwrap();
    let from = ready.unwrap_or(vehicle.earliest);
    let warp = (from..=from.max(vehicle.latest) + 1)
        .map(|start| run(start).0)
        .min()
        .unwrap();
    (warp, least.1)
}

/// What a tour costs, visit by visit.
fn cost_from_scratch(tour: &Tour<'_>) -> i64 {
    let problem = tour.problem;
    let mut cost: i64 = tour
        .absent()
        .iter()
        .map(|&client| problem.drop_cost(client as usize))
        .sum();
    for route in tour.to_routes() {
        let kind = route.kind as usize;
        let vehicle = &problem.types()[kind];
        let (warp, duration) = drive(problem, &route);
        let mut places = vec![problem.start_node(kind)];
        places.extend(route.visits.iter().map(|visit| visit.0 as usize));
        places.push(problem.end_node(kind));
        let legs = places
            .windows(2)
            .map(|leg| problem.arc(vehicle.profile, leg[0], leg[1]));
        let distance: i64 = legs.map(|leg| i64::from(leg.distance)).sum();
        let late = warp + (duration - vehicle.max_duration).max(0);
        cost += vehicle.fixed + vehicle.per_distance * distance + duration_cost(vehicle, duration);
        cost += tour.penalties.time * i64::from(late);
        cost += tour.penalties.distance * (distance - vehicle.max_distance).max(0);
        for dim in 0..problem.n_dims() {
            let clients = || {
                route
                    .visits
                    .iter()
                    .map(|visit| &problem.clients()[visit.0 as usize])
            };
            let mut load: i64 = clients().map(|client| client.delivery[dim]).sum();
            let mut fullest = load;
            for client in clients() {
                load += client.collection[dim] - client.delivery[dim];
                fullest = fullest.max(load);
            }
            cost += tour.penalties.load[dim] * (fullest - vehicle.capacity[dim]).max(0);
        }
        for &(client, window) in &route.visits {
            cost += problem.clients()[client as usize].windows[window as usize].cost;
        }
    }
    cost
}

/// Nothing hard is broken, and every client is in one place.
fn assert_hard_rules(tour: &Tour<'_>, n_planned: usize) {
    let problem = tour.problem;
    let routes = tour.to_routes();
    let mut used = vec![0; problem.types().len()];
    let mut clients = Vec::new();
    for route in &routes {
        let kind = route.kind as usize;
        used[kind] += 1;
        assert!(route.visits.len() <= problem.types()[kind].max_clients as usize);
        for &(client, _) in &route.visits {
            assert!(
                problem.admits(kind, client as usize),
                "{client} in a vehicle of type {kind}"
            );
            clients.push(client);
        }
    }
    for (used, vehicle) in used.iter().zip(problem.types()) {
        assert!(*used <= vehicle.count);
    }
    clients.sort_unstable();
    clients.dedup();
    assert_eq!(clients.len(), n_planned);
}

fn planned(routes: &[Route]) -> usize {
    routes.iter().map(|route| route.visits.len()).sum()
}

/// Makes a change, compares what the tour costs then, and undoes it.
fn assert_change(tour: &mut Tour<'_>, routes: &[Route], detour: i64, change: &Change) {
    let hard = |tour: &Tour<'_>| -> i64 {
        tour.routes
            .iter()
            .map(|route| route.price.cost - route.price.soft)
            .sum()
    };
    let (before, hard_before, delta) = (tour.cost(), hard(tour), delta(tour, change));
    tour.apply(change);
    assert_eq!(tour.cost() - before, delta, "{change:?}");
    assert_eq!(cost_from_scratch(tour), tour.cost(), "{change:?}");
    assert_eq!(hard(tour) - hard_before, detour, "{change:?}");
    assert_hard_rules(tour, planned(routes));
    tour.load(routes);
}

/// Tries one operator on random pairs.
fn assert_operator(traits: Traits, operator: impl Operator + Copy) {
    let problem = problem(traits);
    let mut rng = rng::stream(traits.seed, &[9]);
    let routes = random_routes(&problem, &mut rng);
    let mut tour = Tour::new(&problem, penalties(&problem));
    tour.load(&routes);
    assert_eq!(tour.cost(), cost_from_scratch(&tour));
    let planned: Vec<u32> = routes
        .iter()
        .flat_map(|route| &route.visits)
        .map(|visit| visit.0)
        .collect();
    if planned.is_empty() {
        return;
    }
    for _ in 0..60 {
        let u = planned[rng.random_range(0..planned.len())];
        let v = if rng.random_bool(0.2) {
            tour.start(rng.random_range(0..tour.routes.len()) as u32)
        } else {
            planned[rng.random_range(0..planned.len())]
        };
        let Some(detour) = operator.detour(&tour, u, v) else {
            assert!(evaluate(&operator, &tour, u, v).is_none());
            continue;
        };
        let change = operator.change(&tour, u, v);
        let pays_off = delta(&tour, &change) < 0;
        assert_eq!(
            evaluate(&operator, &tour, u, v).is_some(),
            pays_off,
            "{change:?}"
        );
        assert_change(&mut tour, &routes, detour, &change);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn relocating_changes_the_cost_as_told(traits in single_trips(), length in 1..3_u32, is_reversed in any::<bool>()) {
        assert_operator(traits, Relocate { length, is_reversed });
    }

    #[test]
    fn swapping_changes_the_cost_as_told(traits in single_trips(), first in 1..3_u32, second in 1..3_u32) {
        assert_operator(traits, Swap { first, second });
    }

    #[test]
    fn driving_backwards_changes_the_cost_as_told(traits in single_trips()) {
        assert_operator(traits, TwoOpt);
    }

    #[test]
    fn exchanging_tails_changes_the_cost_as_told(traits in single_trips()) {
        assert_operator(traits, TwoOptStar);
    }

    #[test]
    fn a_descent_ends_cheaper_and_keeps_every_client(traits in single_trips()) {
        let problem = problem(traits);
        let mut rng = rng::stream(traits.seed, &[9]);
        let routes = random_routes(&problem, &mut rng);
        let mut tour = Tour::new(&problem, penalties(&problem));
        tour.load(&routes);
        let before = tour.cost();
        let neighborhood = Neighborhood::new(&problem, 20, 20, &|| false);
        let all: Vec<u32> = (0..problem.n_clients() as u32).collect();
        Descent::default().run(&mut tour, &neighborhood, &all, &|| false);
        prop_assert!(tour.cost() <= before);
        prop_assert_eq!(tour.cost(), cost_from_scratch(&tour));
        assert_hard_rules(&tour, planned(&routes));
    }

    #[test]
    fn inserting_costs_what_it_says_and_no_more_than_leaving_out(traits in single_trips()) {
        let problem = problem(traits);
        let mut tour = Tour::new(&problem, penalties(&problem));
        tour.load(&[]);
        let neighborhood = Neighborhood::new(&problem, 20, 20, &|| false);
        for client in 0..problem.n_clients() as u32 {
            let before = tour.cost();
            tour.insert(&neighborhood, client);
            prop_assert!(tour.cost() <= before);
            prop_assert_eq!(tour.cost(), cost_from_scratch(&tour));
        }
        assert_hard_rules(&tour, problem.n_clients() - tour.absent().len());
    }

    #[test]
    fn a_tour_that_breaks_nothing_costs_what_the_solver_says(traits in single_trips()) {
        let problem = problem(traits);
        let mut rng = rng::stream(traits.seed, &[9]);
        for route in random_routes(&problem, &mut rng) {
            let mut tour = Tour::new(&problem, penalties(&problem));
            tour.load([&route]);
            let left_out: i64 = tour.absent().iter().map(|&client| problem.drop_cost(client as usize)).sum();
            let told = evaluate_route(&problem, route.kind as usize, &route.visits);
            prop_assert_eq!(tour.is_feasible(), told.is_some());
            if let Some(told) = told {
                prop_assert_eq!(tour.cost() - left_out, told.cost);
            }
        }
    }
}

#[test]
fn penalties_rise_while_everything_is_broken_and_fall_while_nothing_is() {
    let problem = problem(Traits::plain(1, 20));
    let mut adaptive = Adaptive::new(&problem);
    let at_first = adaptive.weights.clone();
    (0..640).for_each(|_| adaptive.register(false));
    let risen = adaptive.weights.clone();
    assert!(risen.time > at_first.time && risen.load[0] > at_first.load[0]);
    (0..6_400).for_each(|_| adaptive.register(true));
    assert!(adaptive.weights.time < risen.time && adaptive.weights.time >= 1);
}

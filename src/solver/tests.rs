//! Properties of the search that hold for any problem: what is kept up to date equals what is computed from scratch.

use proptest::prelude::*;
use rand::RngExt;

use super::clockwork::Clockwork;
use super::control::{Control, Outcome, SearchEnd, SearchProgress};
use super::lane::{Lane, Orders};
use super::neighborhood::Neighborhood;
use super::params::{SearchParams, Work};
use super::problem::{
    Arc, Break, BreakRule, Client, DropRule, FAR, Problem, Reload, VehicleType, Window,
};
use super::recreate::Guide;
use super::ruin::RuinSize;
use super::search::{Search, VERSIONS_MAX, search};
use super::solution::{Solution, SolutionRoute, Trip, evaluate_trips};
use crate::clock::Clock;
use crate::rng;

/// What a random problem has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Traits {
    pub(super) seed: u64,
    pub(super) n_clients: usize,
    pub(super) n_vehicles: u32,
    pub(super) durations: bool,
    pub(super) releases: bool,
    pub(super) collections: bool,
    pub(super) limits: bool,
    pub(super) mixed: bool,
    /// Types differ in capacity and cost alone.
    pub(super) alike: bool,
    pub(super) windows: usize,
    pub(super) optional: bool,
    pub(super) reloads: bool,
    pub(super) timed: Timed,
    pub(super) breaks: bool,
}

/// How travel depends on the time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timed {
    No,
    ByRates,
    ByTables,
}

impl Traits {
    /// Of a problem with time windows and loads alone.
    pub(super) fn plain(seed: u64, n_clients: usize) -> Self {
        Self {
            seed,
            n_clients,
            n_vehicles: 10,
            durations: false,
            releases: false,
            collections: false,
            limits: false,
            mixed: false,
            alike: false,
            windows: 1,
            optional: false,
            reloads: false,
            timed: Timed::No,
            breaks: false,
        }
    }
}

pub(super) fn traits() -> impl Strategy<Value = Traits> {
    let flags = (
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
    );
    let timed = prop_oneof![Just(Timed::No), Just(Timed::ByRates), Just(Timed::ByTables)];
    (
        any::<u64>(),
        1..30_usize,
        1..12_u32,
        1..4_usize,
        flags,
        timed,
    )
        .prop_map(|(seed, n_clients, n_vehicles, windows, flags, timed)| {
            let (durations, releases, collections, limits, mixed, alike, optional, reloads, breaks) =
                flags;
            // Reloads, times of day and breaks do not go together.
            let reloads = reloads && timed == Timed::No;
            let breaks = breaks && !reloads && timed == Timed::No;
            Traits {
                seed,
                n_clients,
                n_vehicles,
                durations,
                releases,
                collections,
                limits,
                mixed,
                alike,
                windows,
                optional,
                reloads,
                timed,
                breaks,
            }
        })
}

/// Problems without reloads, times of day and breaks, for what knows routes of one trip only, without breaks, over arcs
/// that take the same time at all times.
pub(super) fn single_trips() -> impl Strategy<Value = Traits> {
    traits().prop_map(|traits| Traits {
        reloads: false,
        timed: Timed::No,
        breaks: false,
        ..traits
    })
}

pub(super) fn problem(traits: Traits) -> Problem {
    let mut rng = rng::stream(traits.seed, &[]);
    let n_types = if traits.mixed { 3 } else { 1 };
    let n_nodes = traits.n_clients + 2;
    let points: Vec<(i32, i32)> = (0..n_nodes)
        .map(|_| (rng.random_range(0..100), rng.random_range(0..100)))
        .collect();
    let detours: Vec<i32> = (0..n_nodes).map(|_| rng.random_range(0..10)).collect();
    let clients = (0..traits.n_clients)
        .map(|_| client(&mut rng, traits, n_types))
        .collect();
    let types: Vec<VehicleType> = (0..n_types)
        .map(|kind| vehicle_type(&mut rng, traits, kind))
        .collect();
    let like_the_first = |kind: VehicleType| VehicleType {
        capacity: kind.capacity,
        fixed: kind.fixed,
        per_distance: kind.per_distance,
        ..types[0].clone()
    };
    let types = if traits.alike {
        types.iter().cloned().map(like_the_first).collect()
    } else {
        types
    };
    let distance = |from: usize, to: usize| {
        let (a, b) = (points[from], points[to]);
        (a.0 - b.0).abs() + (a.1 - b.1).abs() + detours[from] * i32::from(from != to)
    };
    let pace = |profile: usize| 2 + profile as i32;
    // With times of day, arcs of the first profile take at least as long as said here.
    let problem = Problem::new(clients, types, 2, 2, |profile, from, to| Arc {
        duration: distance(from, to) * pace(profile),
        distance: distance(from, to),
    });
    let starts = vec![60, 200, 230, 600];
    match traits.timed {
        Timed::No => problem,
        Timed::ByRates => {
            let rates = (0..5).map(|_| rng.random_range(30..=100)).collect();
            let clock = Clockwork::of_rates(starts, 100, rates);
            problem.with_clock(0, clock, |_, from, to| distance(from, to) * pace(0))
        }
        Timed::ByTables => {
            let paces: Vec<i32> = (0..5).map(|_| rng.random_range(2..7)).collect();
            let clock = Clockwork::of_tables(starts);
            problem.with_clock(0, clock, |bucket, from, to| {
                distance(from, to) * paces[bucket]
            })
        }
    }
}

pub(super) fn client(rng: &mut rng::Stream, traits: Traits, n_types: usize) -> Client {
    let mut windows = Vec::new();
    let mut start = rng.random_range(0..400);
    for number in 0..rng.random_range(1..=traits.windows) {
        let end = start + rng.random_range(20..300);
        windows.push(Window {
            start,
            end,
            cost: i64::from(rng.random_range(0..3_i32)) * 40 * number as i64,
        });
        start = end + rng.random_range(1..100);
    }
    let goes_back = traits.collections && rng.random_bool(0.4);
    let load = vec![rng.random_range(0..6), rng.random_range(0..6)];
    let none = vec![0, 0];
    Client {
        windows,
        ready: (traits.releases && rng.random_bool(0.3)).then(|| rng.random_range(0..300)),
        delivery: if goes_back {
            none.clone()
        } else {
            load.clone()
        },
        collection: if goes_back { load } else { none },
        drop: match rng.random_range(0..4) {
            0 if traits.optional => DropRule::Tiered(rng.random_range(1..50)),
            1 if traits.optional => DropRule::Priced(rng.random_range(0..500)),
            _ => DropRule::Required,
        },
        service: vec![rng.random_range(0..20), rng.random_range(0..40)],
        admitted: if traits.mixed {
            (0..n_types).map(|_| rng.random_bool(0.7)).collect()
        } else {
            Vec::new()
        },
        sources: stations(rng, traits.reloads && !goes_back),
        sinks: stations(rng, traits.reloads && goes_back),
    }
}

/// Both stations, now and then only one of them.
fn stations(rng: &mut rng::Stream, matter: bool) -> Vec<bool> {
    if matter && rng.random_bool(0.2) {
        let first = rng.random_bool(0.5);
        vec![first, !first]
    } else {
        Vec::new()
    }
}

fn reloads(rng: &mut rng::Stream) -> Vec<Reload> {
    let stations = if rng.random_bool(0.5) { 0..1 } else { 0..2 };
    stations
        .map(|station| Reload {
            station,
            loading: rng.random_range(0..20),
        })
        .collect()
}

fn breaks(rng: &mut rng::Stream) -> Vec<Break> {
    let start = rng.random_range(100..400);
    let lunch = Break {
        duration: rng.random_range(1..60),
        rule: BreakRule::Window {
            start,
            end: start + rng.random_range(0..150),
        },
    };
    let rest = |rng: &mut rng::Stream| Break {
        duration: rng.random_range(1..30),
        rule: BreakRule::AfterWork(rng.random_range(60..400)),
    };
    match rng.random_range(0..4) {
        0 => vec![lunch],
        1 => vec![rest(rng)],
        2 => vec![rest(rng), lunch],
        _ => vec![lunch, rest(rng), rest(rng)],
    }
}

pub(super) fn vehicle_type(rng: &mut rng::Stream, traits: Traits, kind: usize) -> VehicleType {
    let earliest = rng.random_range(0..50);
    VehicleType {
        count: traits.n_vehicles,
        capacity: vec![
            rng.random_range(5..20),
            if kind == 1 { i64::MAX } else { 15 },
        ],
        start: kind % 2,
        end: [Some(0), None, Some(1)][kind],
        earliest,
        latest: earliest + rng.random_range(400..1_200),
        loading: rng.random_range(0..20),
        reloads: if traits.reloads {
            reloads(rng)
        } else {
            Vec::new()
        },
        max_reloads: if traits.reloads && traits.limits {
            rng.random_range(0..4)
        } else {
            u32::MAX
        },
        breaks: if traits.breaks {
            breaks(rng)
        } else {
            Vec::new()
        },
        fixed: rng.random_range(0..300),
        per_distance: rng.random_range(1..4),
        per_time: if traits.durations {
            rng.random_range(0..3)
        } else {
            0
        },
        per_overtime: if traits.durations {
            rng.random_range(0..5)
        } else {
            0
        },
        regular_duration: 250,
        max_clients: if traits.limits {
            rng.random_range(1..6)
        } else {
            u32::MAX
        },
        max_distance: if traits.limits {
            rng.random_range(100..400)
        } else {
            i64::MAX
        },
        max_duration: if traits.limits {
            rng.random_range(200..600)
        } else {
            FAR
        },
        profile: kind % 2,
        pace: kind % 2,
    }
}

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
        seed: 207_223_111_927_892_665,
        n_clients: 8,
        n_vehicles: 1,
        durations: false,
        releases: false,
        collections: false,
        limits: false,
        mixed: false,
        alike: false,
        windows: 1,
        optional: true,
        reloads: false,
        timed: Timed::No,
        breaks: false,
    };
    let collected = Traits {
        seed: 0,
        n_clients: 1,
        collections: true,
        mixed: true,
        alike: false,
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
        let cheapest = choices(
            &route
                .clients
                .iter()
                .map(|&client| windows[client].windows.len())
                .collect::<Vec<_>>(),
        )
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

/// All ways to choose one of `counts[i]` windows for each client, but no more than a few thousand.
fn choices(counts: &[usize]) -> Vec<Vec<u8>> {
    let mut all = vec![Vec::new()];
    for &count in counts {
        if all.len() * count > 5_000 {
            all.iter_mut().for_each(|choice| choice.push(0));
        } else {
            let longer = |choice: Vec<u8>| {
                (0..count as u8).map(move |window| [choice.as_slice(), &[window]].concat())
            };
            all = all.into_iter().flat_map(longer).collect();
        }
    }
    all
}

pub(super) fn large() -> Problem {
    problem(large_traits())
}

/// Few vehicles, which have to come back.
fn large_with_reloads() -> Problem {
    problem(Traits {
        n_vehicles: 60,
        releases: true,
        reloads: true,
        ..large_traits()
    })
}

fn large_traits() -> Traits {
    Traits {
        seed: 5,
        n_clients: 700,
        n_vehicles: 200,
        durations: true,
        releases: false,
        collections: true,
        limits: false,
        mixed: true,
        alike: false,
        windows: 2,
        optional: true,
        reloads: false,
        timed: Timed::No,
        breaks: false,
    }
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

/// Patient searches of small problems end with a population.
#[test]
fn threads_do_not_change_what_a_population_finds() {
    let problem = problem(Traits {
        n_clients: 12,
        ..small()
    });
    let limit = 90_000;
    let one = run(&problem, 1, iterations(limit));
    assert!(one.iterations <= limit && one.iterations + 4 > limit);
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

pub(super) fn small() -> Traits {
    Traits {
        seed: 3,
        n_clients: 8,
        n_vehicles: 3,
        durations: true,
        releases: true,
        collections: true,
        limits: true,
        mixed: true,
        alike: false,
        windows: 2,
        optional: true,
        reloads: false,
        timed: Timed::No,
        breaks: false,
    }
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

/// The least cost, by trying everything.
pub(super) fn brute_force(problem: &Problem) -> i64 {
    let mut best = i64::MAX;
    extend(problem, 0, &mut Vec::new(), 0, &mut best);
    best
}

/// Inserts client `next` and those after it everywhere: into every trip, in trips of their own, in new routes of each
/// type; and leaves them out.
fn extend(
    problem: &Problem,
    next: usize,
    routes: &mut Vec<(usize, Vec<Trip>)>,
    dropped: i64,
    best: &mut i64,
) {
    if next == problem.n_clients() {
        let cost = routes.iter().try_fold(dropped, |sum, (kind, trips)| {
            Some(sum + evaluate_trips(problem, *kind, trips)?.cost)
        });
        *best = cost.unwrap_or(i64::MAX).min(*best);
        return;
    }
    extend(
        problem,
        next + 1,
        routes,
        dropped + problem.drop_cost(next),
        best,
    );
    for window in 0..problem.clients()[next].windows.len() as u8 {
        let visit = (next as u32, window);
        for route in 0..routes.len() {
            for trip in 0..routes[route].1.len() {
                for at in 0..=routes[route].1[trip].visits.len() {
                    routes[route].1[trip].visits.insert(at, visit);
                    extend(problem, next + 1, routes, dropped, best);
                    routes[route].1[trip].visits.remove(at);
                }
            }
            extend_with_trip(problem, visit, routes, route, dropped, best);
        }
        for kind in 0..problem.types().len() {
            if routes.iter().filter(|(other, _)| *other == kind).count()
                < problem.types()[kind].count as usize
            {
                let visits = vec![visit];
                let reload = None;
                routes.push((kind, vec![Trip { reload, visits }]));
                extend(problem, next + 1, routes, dropped, best);
                routes.pop();
            }
        }
    }
}

fn extend_with_trip(
    problem: &Problem,
    visit: (u32, u8),
    routes: &mut Vec<(usize, Vec<Trip>)>,
    route: usize,
    dropped: i64,
    best: &mut i64,
) {
    let reloads = 0..problem.types()[routes[route].0].reloads.len() as u8;
    for (at, reload) in
        (0..=routes[route].1.len()).flat_map(|at| reloads.clone().map(move |r| (at, r)))
    {
        let visits = vec![visit];
        if at == 0 {
            routes[route].1[0].reload = Some(reload);
        }
        let reload = (at > 0).then_some(reload);
        routes[route].1.insert(at, Trip { reload, visits });
        extend(problem, visit.0 as usize + 1, routes, dropped, best);
        routes[route].1.remove(at);
        if at == 0 {
            routes[route].1[0].reload = None;
        }
    }
}

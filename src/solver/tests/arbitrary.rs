//! Random problems, each with the traits that a test asks for.
//!
//! Knows what a problem may have; nothing of searching.

use proptest::prelude::*;
use rand::RngExt;

use crate::rng;
use crate::solver::clockwork::Clockwork;
use crate::solver::problem::{
    Arc, Break, BreakRule, Client, DropRule, FAR, Problem, Reload, VehicleType, Window,
};

/// What a random problem has.
#[derive(Clone, Copy, Debug)]
pub(in crate::solver) struct Traits {
    pub(in crate::solver) seed: u64,
    pub(in crate::solver) n_clients: usize,
    pub(in crate::solver) n_vehicles: u32,
    pub(in crate::solver) durations: bool,
    pub(in crate::solver) releases: bool,
    pub(in crate::solver) collections: bool,
    pub(in crate::solver) limits: bool,
    pub(in crate::solver) mixed: bool,
    /// Types differ in capacity and cost alone.
    pub(in crate::solver) alike: bool,
    pub(in crate::solver) windows: usize,
    pub(in crate::solver) optional: bool,
    pub(in crate::solver) reloads: bool,
    pub(in crate::solver) timed: Timed,
    pub(in crate::solver) breaks: bool,
}

/// How travel depends on the time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::solver) enum Timed {
    No,
    ByRates,
    ByTables,
}

impl Traits {
    /// Of a problem with time windows and loads alone.
    pub(in crate::solver) fn plain(seed: u64, n_clients: usize) -> Self {
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

pub(in crate::solver) fn traits() -> impl Strategy<Value = Traits> {
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
pub(in crate::solver) fn single_trips() -> impl Strategy<Value = Traits> {
    traits().prop_map(|traits| Traits {
        reloads: false,
        timed: Timed::No,
        breaks: false,
        ..traits
    })
}

pub(in crate::solver) fn large() -> Problem {
    problem(large_traits())
}

/// Few vehicles, which have to come back.
pub(super) fn large_with_reloads() -> Problem {
    problem(Traits {
        n_vehicles: 60,
        releases: true,
        reloads: true,
        ..large_traits()
    })
}

fn large_traits() -> Traits {
    Traits {
        n_vehicles: 200,
        durations: true,
        collections: true,
        mixed: true,
        windows: 2,
        optional: true,
        ..Traits::plain(5, 700)
    }
}

pub(in crate::solver) fn small() -> Traits {
    Traits {
        n_vehicles: 3,
        durations: true,
        releases: true,
        collections: true,
        limits: true,
        mixed: true,
        windows: 2,
        optional: true,
        ..Traits::plain(3, 8)
    }
}

pub(in crate::solver) fn problem(traits: Traits) -> Problem {
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

pub(in crate::solver) fn client(rng: &mut rng::Stream, traits: Traits, n_types: usize) -> Client {
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

pub(in crate::solver) fn vehicle_type(
    rng: &mut rng::Stream,
    traits: Traits,
    kind: usize,
) -> VehicleType {
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
        latest_start: i32::MAX,
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

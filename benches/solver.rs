//! How fast the search iterates: on the bundled kind of day with all its rules, and on a plain problem where only
//! windows, room and distance matter.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use punctual::clock::Clock;
use punctual::generate::{DaySpec, generate};
use punctual::planner::{Cancel, PlanOptions, plan};
use punctual::solver::control::{Control, SearchProgress};
use punctual::solver::local::measure::{Family, LocalSearch, join_visits};
use punctual::solver::params::SearchParams;
use punctual::solver::problem::{Arc, Client, DropRule, FAR, Problem, VehicleType, Window};
use punctual::solver::search::search;
use punctual::travel::TravelTimes;

const ITERATIONS: u64 = 20_000;

/// 400 clients on a lattice shuffled by multiplication, with two-hour windows over a day.
fn plain() -> Problem {
    let clients = (0..400).map(|number| {
        let start = (number * 37 % 13) * 2_500;
        Client {
            windows: vec![Window {
                start,
                end: start + 7_200,
                cost: 0,
            }],
            ready: None,
            delivery: vec![i64::from(number * 7 % 19 + 1)],
            collection: vec![0],
            drop: DropRule::Required,
            service: vec![300],
            admitted: Vec::new(),
            sources: Vec::new(),
            sinks: Vec::new(),
        }
    });
    let kind = VehicleType {
        count: 100,
        latest_start: i32::MAX,
        capacity: vec![200],
        start: 0,
        end: Some(0),
        earliest: 0,
        latest: 50_000,
        loading: 0,
        reloads: Vec::new(),
        max_reloads: 0,
        breaks: Vec::new(),
        fixed: 0,
        per_distance: 1,
        per_time: 0,
        per_overtime: 0,
        regular_duration: FAR,
        max_clients: u32::MAX,
        max_distance: i64::MAX,
        max_duration: FAR,
        profile: 0,
        pace: 0,
    };
    let coordinate = |value: usize| i32::try_from(value).expect("below 401");
    let point = |node: usize| (coordinate(node * 131 % 401), coordinate(node * 257 % 397));
    Problem::new(clients.collect(), vec![kind], 1, 1, |_, from, to| {
        let (a, b) = (point(from), point(to));
        let length = ((a.0 - b.0).abs() + (a.1 - b.1).abs()) * 5;
        Arc {
            duration: length,
            distance: length,
        }
    })
}

fn search_plain(criterion: &mut Criterion) {
    let problem = plain();
    let params = SearchParams {
        seed: 1,
        time_limit: None,
        iteration_limit: Some(ITERATIONS),
        stagnation_limit: None,
    };
    let mut group = criterion.benchmark_group("search");
    group
        .throughput(Throughput::Elements(ITERATIONS))
        .sample_size(10);
    group.bench_function("plain, 400 clients", |bencher| {
        bencher.iter(|| {
            let clock = Clock::start();
            let mut quiet = |_: &SearchProgress<'_>| {};
            let mut control = Control {
                clock: &clock,
                is_cancelled: &|| false,
                on_progress: &mut quiet,
            };
            black_box(search(&problem, &params, &mut control).solution.cost)
        });
    });
    group.finish();
}

fn plan_day(criterion: &mut Criterion) {
    let problem = generate(&DaySpec::default());
    let travel = TravelTimes::new(&problem);
    let options = PlanOptions {
        time_budget: None,
        iteration_limit: Some(ITERATIONS),
        stagnation_limit: None,
        seed: 1,
        threads: 2,
        ..PlanOptions::default()
    };
    let mut group = criterion.benchmark_group("plan");
    group
        .throughput(Throughput::Elements(ITERATIONS))
        .sample_size(10);
    group.bench_function("generated day, 400 orders, two threads", |bencher| {
        bencher.iter(|| {
            let plan = plan(
                &problem,
                &travel,
                &options,
                &Clock::start(),
                &Cancel::default(),
                &mut |_| {},
            );
            black_box(plan.map(|planned| planned.plan.total_cost()))
        });
    });
    group.finish();
}

fn local_search(criterion: &mut Criterion) {
    const VISITS: i32 = 1_000;
    let mut group = criterion.benchmark_group("local search");
    group.throughput(Throughput::Elements(1_000));
    group.bench_function("join segments", |bencher| {
        bencher.iter(|| join_visits(black_box(VISITS)));
    });
    let problem = plain();
    let mut local = LocalSearch::new(&problem);
    for family in Family::ALL {
        let (evaluations, _) = local.evaluate(family);
        group.throughput(Throughput::Elements(evaluations));
        group.bench_function(format!("evaluate {family:?}"), |bencher| {
            bencher.iter(|| black_box(local.evaluate(family)));
        });
    }
    group.throughput(Throughput::Elements(1));
    group.bench_function("descend, 400 clients", |bencher| {
        bencher.iter(|| black_box(local.descend()));
    });
    group.finish();
}

criterion_group!(benches, search_plain, plan_day, local_search);
criterion_main!(benches);

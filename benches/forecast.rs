//! How many stops a second a forecast simulates, noise and statistics included.
//!
//! Elements are stop-scenarios: one stop on one simulated day. Everything runs on one thread.

mod spirals;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use punctual::forecast::{Rehearsal, Step, forecast};
use punctual::model::*;
use punctual::travel::TravelTimes;
use punctual::units::Seconds;
use spirals::{DAY_START, N_STOPS, id, plan, problem};

const N_ROUTES: u32 = 40;

fn whole_plan(criterion: &mut Criterion) {
    simulate(
        criterion,
        "forecast of 40 routes of 25 stops",
        &problem(N_ROUTES),
    );
}

/// Where nobody names zones, they are the cells of a grid: some forty here. This is the same day without them.
fn plan_in_one_zone(criterion: &mut Criterion) {
    let mut problem = problem(N_ROUTES);
    for place in &mut problem.places {
        place.zone = Some(id(ZoneId::parse, 0));
    }
    simulate(criterion, "forecast of a plan in one zone", &problem);
}

fn simulate(criterion: &mut Criterion, name: &str, problem: &Problem) {
    let travel = TravelTimes::new(problem);
    let plan = plan(problem);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let pool = pool.expect("one thread can be had");
    let mut group = criterion.benchmark_group(name);
    for scenarios in [256, 1_024, 4_096] {
        let options = ForecastOptions {
            scenarios,
            ..ForecastOptions::default()
        };
        let n_stops = u64::from(N_ROUTES * N_STOPS);
        group.throughput(Throughput::Elements(n_stops * u64::from(scenarios)));
        group.bench_function(format!("{scenarios} scenarios"), |bencher| {
            pool.install(|| {
                bencher.iter(|| forecast(black_box(problem), &travel, black_box(&plan), &options));
            });
        });
    }
    group.finish();
}

/// Tries routes out on days drawn before: what a search under a target does with every change.
fn rehearsal(criterion: &mut Criterion) {
    let problem = problem(N_ROUTES);
    let noise = NoiseModel::default();
    let steps = |orders: std::ops::Range<u32>| -> Vec<Step> {
        let step = |order: u32| Step {
            order,
            travel: 240 + 10 * (order % 30) as i32,
            service: 420,
        };
        orders.map(step).collect()
    };
    let mut group = criterion.benchmark_group("rehearsal");
    let new = |days| Rehearsal::new(&problem, &noise, Seconds::ZERO, days, 1, DAY_START);
    let mut late = Vec::new();
    let (few, two_tails) = (new(128), steps(0..24));
    group.throughput(Throughput::Elements(24 * 128));
    group.bench_function("a_move_of_24_stops_on_128_days", |bencher| {
        bencher.iter(|| few.late_days(0, 0, black_box(&two_tails), &mut late));
    });
    let many = new(1_024);
    let routes: Vec<Vec<Step>> = (0..N_ROUTES)
        .map(|route| steps(route * N_STOPS..(route + 1) * N_STOPS))
        .collect();
    group.throughput(Throughput::Elements(u64::from(N_ROUTES * N_STOPS) * 1_024));
    group.bench_function("a_plan_of_1000_stops_on_1024_days", |bencher| {
        bencher.iter(|| {
            for (courier, steps) in routes.iter().enumerate() {
                many.late_days(courier, 0, black_box(steps), &mut late);
            }
        });
    });
    group.finish();
}

criterion_group!(benches, whole_plan, plan_in_one_zone, rehearsal);
criterion_main!(benches);

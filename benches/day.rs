//! How fast a report becomes a new risk: a day of 5,000 orders in 200 routes, reported as it was lived, event by event.
//!
//! Elements are reports. Everything runs on one thread. Before the throughput, the percentiles of single reports are
//! printed.

mod spirals;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use punctual::clock::Clock;
use punctual::day::{Event, LiveDay, LiveTerms, Report};
use punctual::forecast::realize;
use punctual::model::*;
use punctual::travel::TravelTimes;
use punctual::units::{Seconds, Timestamp};
use spirals::{DAY_START, id, plan, problem};

const N_ROUTES: u32 = 200;

fn number(count: usize) -> u32 {
    u32::try_from(count).expect("days are short")
}

/// What couriers report of a day: departures, arrivals and deliveries, in the sequence of time.
fn reports(problem: &Problem, plan: &Plan) -> Vec<Report> {
    let travel = TravelTimes::new(problem);
    let routes = realize(problem, &travel, plan, &NoiseModel::default(), 7, 0);
    let mut reports = Vec::new();
    let mut tell = |at: Timestamp, event: Event| {
        reports.push(Report {
            id: id(EventId::parse, number(reports.len())),
            at,
            reported_at: at,
            event,
        });
    };
    for route in &routes {
        let courier = || route.courier.clone();
        tell(route.departure, Event::Departed { courier: courier() });
        for stop in &route.stops {
            let RecordedPurpose::Order(order) = &stop.purpose else {
                continue;
            };
            let order = || order.id.clone();
            tell(
                stop.arrival,
                Event::Arrived {
                    courier: courier(),
                    order: order(),
                },
            );
            let started = Event::ServiceStarted {
                courier: courier(),
                order: order(),
            };
            tell(stop.service_start, started);
            tell(
                stop.departure,
                Event::Delivered {
                    courier: courier(),
                    order: order(),
                },
            );
        }
    }
    reports.sort_by_key(|report| report.at);
    reports
}

/// The duration, in milliseconds, that so many percent are not longer than.
fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    sorted[(sorted.len() - 1) * percent / 100].as_secs_f64() * 1e3
}

fn day_of_reports(criterion: &mut Criterion) {
    let problem = Arc::new(problem(N_ROUTES));
    let plan = plan(&problem);
    let reports = reports(&problem, &plan);
    let fresh = || LiveDay::new(Arc::clone(&problem), &plan, &LiveTerms::default());
    let mut day = fresh();
    let mut times = Vec::with_capacity(reports.len());
    let mut n_alerts = 0;
    let whole = Clock::start();
    for report in &reports {
        let clock = Clock::start();
        let answer = day.report(report.clone()).expect("the day takes it");
        times.push(clock.elapsed());
        n_alerts += answer.alerts.len();
    }
    let seconds = whole.elapsed().as_secs_f64();
    times.sort_unstable();
    let [p50, p99, most] = [50, 99, 100].map(|percent| percentile(&times, percent));
    println!(
        "{} reports, {:.0} a second: p50 {p50:.3} ms, p99 {p99:.3} ms, most {most:.3} ms; {n_alerts} alerts",
        times.len(),
        times.len() as f64 / seconds,
    );
    let mut half = fresh();
    let (first, _) = reports.split_at(reports.len() / 2);
    for report in first {
        half.report(report.clone()).expect("the day takes it");
    }
    let now = first.last().map_or(DAY_START, |report| report.at) + Seconds(60);
    let clock = Clock::start();
    let changes = half.tick(now).len();
    println!(
        "everybody looked at again: {:.1} ms, {changes} changes",
        clock.elapsed().as_secs_f64() * 1e3
    );

    let mut group = criterion.benchmark_group("day");
    group.throughput(Throughput::Elements(1));
    let mut day = fresh();
    let mut next = 0;
    group.bench_function("a report of a day of 5,000 orders", |bencher| {
        bencher.iter(|| {
            if next == reports.len() {
                (day, next) = (fresh(), 0);
            }
            next += 1;
            black_box(day.report(reports[next - 1].clone()))
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(8));
    targets = day_of_reports
}
criterion_main!(benches);

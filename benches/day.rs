//! How fast a report becomes a new risk: a day of 5,000 orders in 200 routes, reported as it was lived, event by event.
//!
//! Elements are reports. Everything runs on one thread. Before the throughput, the percentiles of single reports are
//! printed.

use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use punctual::clock::Clock;
use punctual::day::{Event, LiveDay, LiveTerms, Report};
use punctual::forecast::realize;
use punctual::model::*;
use punctual::travel::TravelTimes;
use punctual::units::{BasisPoints, Seconds, Timestamp};

const N_ROUTES: u32 = 200;
const N_STOPS: u32 = 25;
const DAY_START: Timestamp = Timestamp(1_760_000_000);

fn id<T>(parse: impl Fn(&str) -> Result<T, MalformedId>, number: u32) -> T {
    parse(&format!("id-{number}")).expect("letters, digits and a hyphen")
}

/// Places on a spiral around the depot, a kilometer or two from stop to stop.
fn place(number: u32) -> Place {
    let angle = f64::from(number) * 0.37;
    let radius = 0.02 + 0.1 * f64::from(number % N_STOPS) / f64::from(N_STOPS);
    Place {
        id: None,
        location: Some(GeoPoint {
            latitude: 55.75 + radius * angle.sin(),
            longitude: 37.62 + radius * angle.cos(),
        }),
        address: String::new(),
        zone: None,
    }
}

fn order(number: u32) -> Order {
    let opens = DAY_START + Seconds(i64::from(number % N_STOPS) * 1_200);
    Order {
        id: id(OrderId::parse, number),
        kind: OrderKind::Delivery,
        place: PlaceIdx(number + 1),
        loads: BTreeMap::new(),
        service: Seconds(420),
        ready: None,
        windows: Vec::new(),
        promise: Some(Promise {
            window: TimeWindow {
                start: opens,
                end: opens + Seconds(7_200),
            },
            promised_at: None,
            stated_probability: None,
        }),
        preference: None,
        required_skills: BTreeSet::new(),
        allowed_couriers: BTreeSet::new(),
        forbidden_couriers: BTreeSet::new(),
        depots: BTreeSet::new(),
        drop_policy: DropPolicy::MustServe,
        contact: Contact::default(),
        entry_notes: String::new(),
        parcels: None,
        payment_note: String::new(),
        notes: String::new(),
    }
}

fn courier(number: u32) -> Courier {
    Courier {
        id: id(CourierId::parse, number),
        name: String::new(),
        phone: String::new(),
        profile: id(ProfileId::parse, 0),
        capacities: BTreeMap::new(),
        skills: BTreeSet::new(),
        shift: TimeWindow {
            start: DAY_START,
            end: DAY_START + Seconds(14 * 3_600),
        },
        start: RouteStart::Place(PlaceIdx(0)),
        end: RouteEnd::Place(PlaceIdx(0)),
        costs: Costs::default(),
        limits: Limits::default(),
        speed_factor: BasisPoints::ONE,
        service_factor: BasisPoints::ONE,
        reload_depots: BTreeSet::new(),
        max_reloads: None,
        breaks: Vec::new(),
    }
}

fn problem() -> Problem {
    Problem {
        places: (0..=N_ROUTES * N_STOPS).map(place).collect(),
        couriers: (0..N_ROUTES).map(courier).collect(),
        orders: (0..N_ROUTES * N_STOPS).map(order).collect(),
        profiles: vec![TravelProfile {
            id: id(ProfileId::parse, 0),
            source: TravelSource::Geo(GeoTravel {
                speed_kmh: 25.0,
                detour_factor: 1.3,
            }),
            buckets: Vec::new(),
        }],
        ..Problem::default()
    }
}

/// A stop of which only the order matters.
fn stop(order: &Order) -> Stop {
    Stop {
        order: order.id.clone(),
        arrival: DAY_START,
        service_start: DAY_START,
        departure: DAY_START,
        slack: Seconds::ZERO,
        leg_distance: Default::default(),
        leg_duration: Seconds::ZERO,
        load_after: BTreeMap::new(),
        lateness: Seconds::ZERO,
    }
}

fn plan(problem: &Problem) -> Plan {
    let sequences = problem.orders.chunks(N_STOPS as usize);
    let routes = problem.couriers.iter().zip(sequences);
    Plan {
        routes: routes
            .map(|(courier, orders)| Route {
                courier: courier.id.clone(),
                stops: orders.iter().map(stop).collect(),
                start: DAY_START,
                departure: DAY_START,
                end: DAY_START,
                distance: Default::default(),
                travel: Seconds::ZERO,
                service: Seconds::ZERO,
                waiting: Seconds::ZERO,
                load_at_start: BTreeMap::new(),
                peak_load: BTreeMap::new(),
                cost: CostBreakdown::default(),
                return_distance: Default::default(),
                return_duration: Seconds::ZERO,
                reloads: Vec::new(),
                breaks: Vec::new(),
            })
            .collect(),
        unserved: Vec::new(),
        provenance: Provenance {
            stop_reason: StopReason::NotSearched,
            seed: 0,
            threads: 1,
            iterations: 0,
            elapsed: Duration::ZERO,
            input_digest: String::new(),
        },
        verdict: Verdict::default(),
    }
}

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
    let problem = Arc::new(problem());
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

//! How many stops a second a forecast simulates, noise and statistics included.
//!
//! Elements are stop-scenarios: one stop on one simulated day. Everything runs on one thread.

use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use punctual::forecast::{Rehearsal, Step, forecast};
use punctual::model::*;
use punctual::travel::TravelTimes;
use punctual::units::{BasisPoints, Seconds, Timestamp};

const N_ROUTES: u32 = 40;
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

fn whole_plan(criterion: &mut Criterion) {
    simulate(criterion, "forecast of 40 routes of 25 stops", &problem());
}

/// Where nobody names zones, they are the cells of a grid: some forty here. This is the same day without them.
fn plan_in_one_zone(criterion: &mut Criterion) {
    let mut problem = problem();
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
    let problem = problem();
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

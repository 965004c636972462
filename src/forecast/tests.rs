//! What a forecast promises to its readers.

use proptest::prelude::*;

use super::fixture::{at, calm, courier_id, day, options, order, plan, reload};
use super::*;
use crate::model::{
    BiasCell, Break, BreakStart, CourierBreak, CourierEffect, LogFactor, NoiseModel, PlaceIdx,
    RouteStart, SpreadSource, TimeWindow, TravelBucket, TravelPace,
};
use crate::units::{BasisPoints, Seconds, Timestamp};

const MINUTE: i64 = 60;

fn simulate(problem: &Problem, plan: &Plan, options: &ForecastOptions) -> PlanForecast {
    forecast(problem, &TravelTimes::new(problem), plan, options)
}

/// `n` orders ten minutes apart with five minutes of service, promised until a while after the planned arrival.
fn chain(n: u32, n_couriers: u32, leeway: i64) -> Problem {
    let orders = (1..=n).map(|number| {
        let per_courier = i64::from(n.div_ceil(n_couriers));
        let position = i64::from(number - 1) % per_courier;
        let arrival = at(8, 20) + Seconds(position * 15 * MINUTE);
        let window = (at(8, 0), arrival + Seconds(leeway));
        order(number, 5 * MINUTE, &[window])
    });
    day(orders.collect(), n_couriers, |_, _| Some(10 * MINUTE))
}

#[test]
fn without_noise_the_day_goes_as_planned() {
    let orders = vec![
        order(1, 300, &[(at(9, 0), at(9, 30))]),
        order(2, 600, &[(at(8, 0), at(9, 9)), (at(10, 0), at(11, 0))]),
        order(3, 60, &[(at(8, 0), at(10, 12))]),
        order(4, 60, &[(at(8, 0), at(10, 13))]),
    ];
    let problem = day(orders, 1, |from, to| Some(i64::from(from + to) * 100));
    let forecast = simulate(
        &problem,
        &plan(&[(0, at(8, 0), &[1, 2, 3, 4])]),
        &ForecastOptions {
            grace: Seconds(16 * MINUTE),
            ..options(256, calm())
        },
    );
    let route = &forecast.routes[0];
    // Ten minutes of loading; waits at the first stop; misses the first window of the second and waits for the next.
    let arrivals = [
        at(8, 10) + Seconds(100),
        at(9, 5) + Seconds(300),
        at(10, 10) + Seconds(500),
        at(10, 11) + Seconds(1_200),
    ];
    for (stop, arrival) in route.stops.iter().zip(arrivals) {
        assert_eq!(stop.arrival_p10, arrival);
        assert_eq!(stop.arrival_p50, arrival);
        assert_eq!(stop.arrival_p90, arrival);
        assert_eq!(stop.arrival_p98_1, arrival);
    }
    let rates: Vec<f64> = route.stops.iter().map(|s| s.on_time.estimate).collect();
    assert_eq!(rates, [1.0, 1.0, 1.0, 0.0]);
    // Within the grace a day counts as on time and adds no lateness; beyond it all of the lateness counts.
    let lateness = |stop: usize| route.stops[stop].expected_lateness;
    assert_eq!([lateness(2), lateness(3)], [Seconds(0), Seconds(1_080)]);
    assert_eq!(route.end_p50, at(10, 12) + Seconds(1_600));
    assert_eq!(forecast.realized_p5.to_bits(), 0.75_f64.to_bits());
    assert_eq!(forecast.expected_on_time_error.to_bits(), 0);
}

#[test]
fn without_noise_a_reload_takes_the_way_the_wait_and_the_loading() {
    let mut orders: Vec<_> = (1..=3)
        .map(|n| order(n, 300, &[(at(8, 0), at(12, 0))]))
        .collect();
    orders[2].ready = Some(at(9, 0));
    let problem = day(orders, 1, |_, _| Some(600));
    let mut plan = plan(&[(0, at(8, 0), &[1, 2, 3])]);
    plan.routes[0].reloads = [1, 2].map(reload).into();
    let forecast = simulate(&problem, &plan, &options(256, calm()));
    let route = &forecast.routes[0];
    // Off at 8:10, first stop until 8:25, at the depot from 8:35 to 8:45, second stop until 9:00, at the depot from 9:10
    // to 9:20: its goods have been ready since 9:00.
    let arrivals: Vec<_> = route.stops.iter().map(|stop| stop.arrival_p50).collect();
    assert_eq!(arrivals, [at(8, 20), at(8, 55), at(9, 30)]);
    assert_eq!(route.end_p50, at(9, 45));
    assert_eq!(forecast.expected_kept.to_bits(), 1.0_f64.to_bits());
    // The last stop by 12:00, so off to it by 11:50, so off from the second stop by 11:30.
    assert_eq!(route.stops[1].leave_by, Some(at(11, 30)));

    let mut late = problem.clone();
    late.orders[2].ready = Some(at(10, 0));
    let route = &simulate(&late, &plan, &options(256, calm())).routes[0];
    assert_eq!(route.stops[2].arrival_p50, at(10, 20));
}

#[test]
fn without_noise_a_break_takes_its_time_late_or_not() {
    let orders = (1..=2).map(|n| order(n, 300, &[(at(8, 0), at(12, 0))]));
    let mut problem = day(orders.collect(), 1, |_, _| Some(600));
    let mut plan = plan(&[(0, at(8, 0), &[1, 2])]);
    plan.routes[0].breaks = vec![Break {
        number: 0,
        n_before: 1,
        start: at(0, 0),
        end: at(0, 0),
    }];
    // Off at 8:10, first stop from 8:20 until 8:25.
    for (from, to, second) in [
        (at(8, 40), at(9, 0), at(9, 10)),
        (at(8, 0), at(8, 10), at(8, 55)),
    ] {
        problem.couriers[0].breaks = vec![CourierBreak {
            duration: Seconds(1_200),
            start: BreakStart::Within(TimeWindow {
                start: from,
                end: to,
            }),
        }];
        let route = &simulate(&problem, &plan, &options(256, calm())).routes[0];
        let arrivals: Vec<_> = route.stops.iter().map(|stop| stop.arrival_p50).collect();
        assert_eq!(arrivals, [at(8, 20), second]);
        assert_eq!(route.end_p50, second + Seconds(900));
        // The second stop by 12:00, so off to it by 11:50, so ready for the break by 11:30.
        assert_eq!(route.stops[0].leave_by, Some(at(11, 30)));
    }
}

#[test]
fn without_noise_leave_by_is_the_slack_of_the_plan() {
    let orders = vec![
        order(1, 300, &[(at(9, 0), at(12, 0))]),
        order(2, 300, &[(at(8, 0), at(9, 20)), (at(10, 0), at(11, 0))]),
        order(3, 300, &[(at(8, 0), at(10, 0))]),
    ];
    let problem = day(orders, 1, |_, _| Some(600));
    let sequence = plan(&[(0, at(8, 0), &[1, 2, 3])]);
    let forecast = simulate(&problem, &sequence, &options(256, calm()));
    let route = &forecast.routes[0];
    // The third by 10:00, so off from the second by 9:50, so there by 9:45; its first window closes at 9:20 already.
    assert_eq!(route.stops[1].leave_by, Some(at(9, 50)));
    assert_eq!(route.stops[0].leave_by, Some(at(9, 10)));
    assert_eq!(route.leave_by, at(8, 55));
    assert_eq!(route.stops[2].leave_by, None);
}

#[test]
fn without_noise_a_day_with_a_slow_hour_goes_as_planned() {
    let orders = vec![
        order(1, 300, &[(at(8, 0), at(12, 0))]),
        order(2, 300, &[(at(8, 0), at(9, 5))]),
    ];
    let mut problem = day(orders, 1, |_, _| Some(600));
    let bucket = |start, factor| TravelBucket {
        start,
        pace: TravelPace::Speed(BasisPoints(factor)),
    };
    problem.profiles[0].buckets = vec![bucket(at(8, 15), 5_000), bucket(at(9, 0), 10_000)];
    let sequence = plan(&[(0, at(8, 0), &[1, 2])]);
    let forecast = simulate(&problem, &sequence, &options(256, calm()));
    let route = &forecast.routes[0];
    // Half of the first way until 8:15, the other half at half the speed; all of the second way at half the speed.
    let arrivals = [at(8, 25), at(8, 50)];
    for (stop, arrival) in route.stops.iter().zip(arrivals) {
        assert_eq!([stop.arrival_p10, stop.arrival_p90], [arrival; 2]);
        assert_eq!(stop.on_time.estimate.to_bits(), 1.0_f64.to_bits());
    }
    // Back from 8:55: a quarter of the way by nine.
    assert_eq!(route.end_p50, at(9, 0) + Seconds(450));
    // There by 9:05: half of the way after nine, half of it from 8:50 on.
    assert_eq!(route.stops[0].leave_by, Some(at(8, 50)));
    assert_eq!(route.leave_by, at(8, 25));
}

#[test]
fn without_noise_a_break_before_a_reload_in_a_slow_hour_goes_as_planned() {
    let orders = (1..=2).map(|n| order(n, 300, &[(at(8, 0), at(12, 0))]));
    let mut problem = day(orders.collect(), 1, |_, _| Some(600));
    let bucket = |start, factor| TravelBucket {
        start,
        pace: TravelPace::Speed(BasisPoints(factor)),
    };
    problem.profiles[0].buckets = vec![bucket(at(8, 15), 5_000), bucket(at(9, 0), 10_000)];
    problem.couriers[0].breaks = vec![CourierBreak {
        duration: Seconds(1_200),
        start: BreakStart::AfterWork(Seconds(3_600)),
    }];
    let mut plan = plan(&[(0, at(8, 0), &[1, 2])]);
    plan.routes[0].reloads = vec![reload(1)];
    plan.routes[0].breaks = vec![Break {
        number: 0,
        n_before: 1,
        start: at(0, 0),
        end: at(0, 0),
    }];
    let route = &simulate(&problem, &plan, &options(256, calm())).routes[0];
    // The first stop from 8:25 until 8:30, the break until 8:50, half of the way to the depot by nine, there until 9:15.
    let arrivals: Vec<_> = route.stops.iter().map(|stop| stop.arrival_p50).collect();
    assert_eq!(arrivals, [at(8, 25), at(9, 25)]);
    assert_eq!(route.end_p50, at(9, 40));
}

#[test]
fn a_route_that_no_departure_can_save_is_to_leave_at_its_start() {
    let orders = vec![
        order(1, 300, &[(at(10, 0), at(12, 0))]),
        order(2, 300, &[(at(8, 0), at(9, 0))]),
    ];
    let problem = day(orders, 1, |_, _| Some(600));
    let sequence = plan(&[(0, at(8, 0), &[1, 2])]);
    let forecast = simulate(&problem, &sequence, &options(256, calm()));
    assert_eq!(forecast.routes[0].leave_by, at(8, 0));
    assert_eq!(forecast.routes[0].stops[0].leave_by, Some(at(8, 50)));
}

#[test]
fn leaving_by_the_stated_time_keeps_the_rest_at_the_stated_confidence() {
    // Without traffic of the hour, the noise of a shortened route is that of the whole one.
    let noise = NoiseModel {
        hour_sigma: 0.0,
        start_delay: Seconds::ZERO,
        ..NoiseModel::default()
    };
    let options = options(2_048, noise);
    let problem = chain(40, 1, 90 * MINUTE);
    let sequence: Vec<u32> = (1..=40).collect();
    let whole = simulate(&problem, &plan(&[(0, at(8, 0), &sequence)]), &options);
    for stop in [3, 20, 36] {
        let leave_by = whole.routes[0].stops[stop].leave_by.unwrap();
        let chance_when_leaving = |moment| {
            let mut rest = problem.clone();
            rest.couriers[0].start = RouteStart::Place(PlaceIdx(sequence[stop]));
            let plan = plan(&[(0, moment, &sequence[stop + 1..])]);
            simulate(&rest, &plan, &options).routes[0]
                .all_on_time
                .estimate
        };
        assert!(chance_when_leaving(leave_by) >= LEAVE_BY_CONFIDENCE);
        assert!(chance_when_leaving(leave_by + Seconds(15)) < LEAVE_BY_CONFIDENCE);
    }
}

#[test]
fn an_order_keeps_its_noise_wherever_it_goes() {
    let noise = NoiseModel {
        service_sigma: 0.5,
        ..calm()
    };
    let always = (at(0, 0), at(23, 0));
    let orders = vec![order(1, 600, &[always]), order(2, 1_800, &[always])];
    let problem = day(orders, 2, |_, _| Some(0));
    let end = |routes: &[(u32, Timestamp, &[u32])], route: usize| {
        let forecast = simulate(&problem, &plan(routes), &options(1_024, noise.clone()));
        (
            forecast.routes[route].end_p50,
            forecast.routes[route].end_p90,
        )
    };
    let start = at(8, 0);
    assert_eq!(
        end(&[(0, start, &[1, 2])], 0),
        end(&[(0, start, &[2, 1])], 0)
    );
    assert_eq!(
        end(&[(0, start, &[1])], 0),
        end(&[(0, start, &[2]), (1, start, &[1])], 1)
    );
}

#[test]
fn a_change_later_in_the_plan_changes_nothing_before_it() {
    let problem = chain(24, 2, 20 * MINUTE);
    let options = ForecastOptions::default();
    let (first, second): (Vec<u32>, Vec<u32>) = (1..=24).partition(|number| *number <= 12);
    let routes = [(0, at(8, 0), &first[..]), (1, at(8, 0), &second[..])];
    let before = simulate(&problem, &plan(&routes), &options);
    let moved = [routes[0], (1, at(8, 0), &second[..6])];
    let after = simulate(&problem, &plan(&moved), &options);
    assert_eq!(before.routes[0], after.routes[0]);
    for (before, after) in before.routes[1].stops.iter().zip(&after.routes[1].stops) {
        assert_eq!(before.on_time, after.on_time);
    }
    let swapped = simulate(&problem, &plan(&[routes[1], routes[0]]), &options);
    assert_eq!(before.routes[0], swapped.routes[1]);
    assert_eq!(
        before.expected_on_time.to_bits(),
        swapped.expected_on_time.to_bits()
    );
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let problem = chain(60, 5, 20 * MINUTE);
    let numbers: Vec<u32> = (1..=60).collect();
    let sequences = numbers.chunks(12).zip(0..);
    let routes: Vec<_> = sequences
        .map(|(s, courier)| (courier, at(8, 0), s))
        .collect();
    let forecast_with = |n_threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(n_threads)
            .build();
        let options = options(1_024, NoiseModel::default());
        pool.unwrap()
            .install(|| simulate(&problem, &plan(&routes), &options))
    };
    let alone = forecast_with(1);
    for n_threads in [2, 3, 8] {
        assert_eq!(alone, forecast_with(n_threads), "{n_threads} threads");
    }
}

#[test]
fn shared_factors_make_promises_fail_together() {
    let problem = chain(100, 5, 15 * MINUTE);
    let numbers: Vec<u32> = (1..=100).collect();
    let sequences = numbers.chunks(20).zip(0..);
    let routes: Vec<_> = sequences
        .map(|(s, courier)| (courier, at(8, 0), s))
        .collect();
    let forecast = simulate(&problem, &plan(&routes), &ForecastOptions::default());
    let p = forecast.expected_on_time;
    let binomial_width = 2.0 * 1.645 * (p * (1.0 - p) / 100.0).sqrt();
    let width = forecast.realized_p95 - forecast.realized_p5;
    assert!((0.5..0.95).contains(&p), "{p}");
    assert!(
        width > 1.5 * binomial_width,
        "{width} against {binomial_width}"
    );
}

#[test]
fn the_stated_sampling_error_covers_what_other_seeds_say() {
    let problem = chain(30, 2, 15 * MINUTE);
    let numbers: Vec<u32> = (1..=30).collect();
    let plan = plan(&[(0, at(8, 0), &numbers[..15]), (1, at(8, 0), &numbers[15..])]);
    let with = |seed, scenarios| {
        let options = ForecastOptions {
            seed,
            scenarios,
            ..ForecastOptions::default()
        };
        simulate(&problem, &plan, &options)
    };
    let truth = with(1_000, 65_536).expected_on_time;
    let covers = |seed| {
        let forecast = with(seed, 512);
        (forecast.expected_on_time - truth).abs() <= forecast.expected_on_time_error
    };
    let n_covering = (0..100).filter(|seed| covers(*seed)).count();
    assert!((88..=100).contains(&n_covering), "{n_covering} of 100");
}

#[test]
fn no_promise_is_kept_where_there_is_no_way() {
    let mut problem = chain(4, 1, 60 * MINUTE);
    let n_places = problem.places.len();
    let crate::model::TravelSource::Matrix(matrix) = &mut problem.profiles[0].source else {
        unreachable!("the fixture makes matrices");
    };
    matrix.durations[2 * n_places + 3] = None;
    let numbers = [1, 2, 3, 4];
    let forecast = simulate(
        &problem,
        &plan(&[(0, at(8, 0), &numbers)]),
        &options(256, calm()),
    );
    let rates = forecast.routes[0].stops.iter().map(|s| s.on_time.estimate);
    assert_eq!(rates.collect::<Vec<_>>(), [1.0, 1.0, 0.0, 0.0]);
    assert_eq!(forecast.routes[0].stops[1].leave_by, None);
    assert_eq!(forecast.routes[0].leave_by, at(9, 10));
}

#[test]
fn unknown_ids_and_missing_windows_keep_no_promise() {
    let mut problem = chain(2, 1, 60 * MINUTE);
    problem.orders[0].windows.clear();
    let options = ForecastOptions::default();
    let strangers = [
        (7, at(8, 0), &[2][..]),
        (0, Timestamp(i64::MAX), &[1, 99, 2]),
    ];
    let forecast = simulate(&problem, &plan(&strangers), &options);
    assert_eq!(forecast.expected_on_time.to_bits(), 0.0_f64.to_bits());
    assert_eq!(forecast.routes[0].courier, courier_id(7));
}

#[test]
fn a_plan_without_stops_breaks_nothing_and_keeps_nothing() {
    let problem = chain(2, 1, 0);
    let forecast = simulate(&problem, &plan(&[]), &ForecastOptions::default());
    assert_eq!(forecast.expected_on_time.to_bits(), 1.0_f64.to_bits());
    assert_eq!(forecast.expected_on_time_error.to_bits(), 0.0_f64.to_bits());
    assert_eq!(forecast.realized_p5.to_bits(), 1.0_f64.to_bits());
    assert_eq!(forecast.expected_kept.to_bits(), 0.0_f64.to_bits());
    let no_orders = simulate(&Problem::default(), &plan(&[]), &ForecastOptions::default());
    assert_eq!(no_orders.expected_kept.to_bits(), 1.0_f64.to_bits());
}

#[test]
fn orders_left_out_count_as_not_kept() {
    let problem = chain(4, 1, 60 * MINUTE);
    let forecast = simulate(
        &problem,
        &plan(&[(0, at(8, 0), &[1])]),
        &options(256, calm()),
    );
    assert_eq!(forecast.expected_on_time.to_bits(), 1.0_f64.to_bits());
    assert_eq!(forecast.expected_kept.to_bits(), 0.25_f64.to_bits());
}

#[test]
fn the_answer_says_where_the_spread_comes_from() {
    let problem = chain(1, 1, 0);
    let plan = plan(&[(0, at(8, 0), &[1])]);
    let default = simulate(&problem, &plan, &ForecastOptions::default());
    assert_eq!(default.spread_source, SpreadSource::Default);
    assert_eq!(default.noise_version, "default");
    let noise = NoiseModel {
        version: Some("moscow-2026-10".to_owned()),
        ..NoiseModel::default()
    };
    let configured = ForecastOptions {
        is_configured: true,
        ..options(300, noise.clone())
    };
    let configured = simulate(&problem, &plan, &configured);
    assert_eq!(configured.spread_source, SpreadSource::Configured);
    assert_eq!(configured.noise_version, "moscow-2026-10");
    let request = simulate(&problem, &plan, &options(300, noise));
    assert_eq!(request.spread_source, SpreadSource::Request);
    assert_eq!(request.noise_version, "moscow-2026-10");
    assert_eq!(request.scenarios, 512);
    assert_eq!(request.routes, {
        let options = options(512, NoiseModel::default());
        simulate(&problem, &plan, &options).routes
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn figures_are_in_order_whatever_the_day(
        legs in prop::collection::vec(prop::option::weighted(0.95, 0..7_200_i64), 64),
        windows in prop::collection::vec((0..800_i64, 0..300_i64, 0..300_i64), 7),
        service in 0..3_600_i64,
        start in -100_000..100_000_i64,
        seed: u64,
    ) {
        let orders = (1..).zip(&windows).map(|(number, &(opens, pause, length))| {
            let first = (at(6, opens), at(6, opens + length));
            let second = (first.1 + Seconds(pause), first.1 + Seconds(pause + 600));
            order(number, service, &[first, second])
        });
        let problem = day(orders.collect(), 2, |from, to| legs[(from * 8 + to) as usize]);
        let start = at(8, 0) + Seconds(start);
        let plan = plan(&[(0, start, &[3, 1, 4]), (1, start, &[7, 2, 6, 5])]);
        let options = ForecastOptions { seed, scenarios: 256, ..ForecastOptions::default() };
        let forecast = simulate(&problem, &plan, &options);
        prop_assert!(forecast.realized_p5 <= forecast.realized_p95);
        prop_assert!((0.0..=1.0).contains(&forecast.expected_kept));
        for route in &forecast.routes {
            prop_assert!(route.on_time_p5 <= 1.0 && route.end_p50 <= route.end_p90);
            prop_assert!(route.all_on_time.estimate <= route.expected_on_time + 1e-12);
            for stop in &route.stops {
                prop_assert!(stop.arrival_p10 <= stop.arrival_p50);
                prop_assert!(stop.arrival_p50 <= stop.arrival_p90);
                prop_assert!(route.all_on_time.estimate <= stop.on_time.estimate);
                prop_assert!(stop.on_time.low <= stop.on_time.estimate);
                prop_assert!(stop.on_time.estimate <= stop.on_time.high);
                prop_assert!(stop.expected_lateness >= Seconds::ZERO);
            }
        }
    }
}

/// Couriers, traffic and services of whom history says something.
fn learnt() -> NoiseModel {
    let factor = |mean, sigma| LogFactor { mean, sigma };
    let anna = CourierEffect {
        drive: Some(factor(0.1, 0.05)),
        service: Some(factor(-0.2, 0.1)),
    };
    let everywhere = BiasCell {
        zone: None,
        hour: None,
    };
    NoiseModel {
        couriers: [(courier_id(0), anna)].into(),
        travel_biases: [(everywhere, factor(0.15, 0.1))].into(),
        service_biases: [(None, factor(0.1, 0.2))].into(),
        ..NoiseModel::default()
    }
}

#[test]
fn a_rehearsal_finds_stops_as_late_as_a_forecast_does() {
    // Windows that end twice: the second one of every third order is a gap later.
    let mut problem = chain(20, 1, 10 * MINUTE);
    for order in problem.orders.iter_mut().step_by(3) {
        let end = order.windows[0].end;
        let [start, end] = [20 * MINUTE, 30 * MINUTE].map(|wait| end + Seconds(wait));
        order.windows.push(TimeWindow { start, end });
    }
    let numbers: Vec<u32> = (1..=20).collect();
    let plan = plan(&[(0, at(8, 0), &numbers)]);
    let step = |order: u32| Step {
        order,
        travel: 600,
        service: 300,
    };
    let steps: Vec<Step> = (0..20).map(step).collect();
    for noise in [NoiseModel::default(), learnt()] {
        let forecast = simulate(&problem, &plan, &options(16_384, noise.clone()));
        let rehearsal = Rehearsal::new(&problem, &noise, Seconds::ZERO, 16_384, 1, at(7, 0));
        let mut late = Vec::new();
        rehearsal.late_days(0, 3_600 + 600, &steps, &mut late);
        assert_eq!(late.len(), 20);
        for (stop, late) in forecast.routes[0].stops.iter().zip(late) {
            let (p, q) = (1.0 - stop.on_time.estimate, f64::from(late) / 16_384.0);
            let error = (2.0 * p * (1.0 - p) / 16_384.0).sqrt();
            assert!((p - q).abs() <= 3.0 * error + 1e-4, "{p} against {q}");
        }
    }
}

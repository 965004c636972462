//! What a forecast says of what makes promises fail, of known couriers, biases and delays.

use std::collections::BTreeMap;

use super::fixture::{at, calm, courier_id, day, options, order, plan};
use super::*;
use crate::model::{BiasCell, CourierEffect, DepotId, LogFactor};

/// Twelve orders of two couriers, five minutes of service and ten minutes apart, due so many seconds after they are
/// planned.
fn chain(leeway: i64) -> (Problem, Plan) {
    let orders = (0..12).map(|number| {
        let arrival = at(8, 20) + Seconds(i64::from(number % 6) * 900);
        order(number + 1, 300, &[(at(8, 0), arrival + Seconds(leeway))])
    });
    let problem = day(orders.collect(), 2, |_, _| Some(600));
    let numbers: Vec<u32> = (1..=12).collect();
    let routes = [(0, at(8, 0), &numbers[..6]), (1, at(8, 0), &numbers[6..])];
    (problem, plan(&routes))
}

fn simulate(leeway: i64, noise: NoiseModel) -> PlanForecast {
    let (problem, plan) = chain(leeway);
    let options = ForecastOptions {
        causes: true,
        ..options(1_024, noise)
    };
    forecast(&problem, &TravelTimes::new(&problem), &plan, &options)
}

#[test]
fn the_only_thing_that_varies_is_the_cause_of_everything() {
    let alone = |change: fn(&mut NoiseModel)| {
        let mut noise = calm();
        change(&mut noise);
        simulate(60, noise).causes.unwrap()
    };
    let regained = |causes: &CauseSplit| {
        let CauseSplit {
            traffic,
            courier,
            service,
            start,
            ..
        } = *causes;
        [traffic, courier, service, start]
    };
    let traffic = alone(|noise| noise.day_sigma = 0.2);
    let courier = alone(|noise| noise.courier_service_sigma = 0.3);
    let service = alone(|noise| noise.service_sigma = 0.5);
    let start = alone(|noise| noise.start_delay = Seconds(50));
    for (number, causes) in [traffic, courier, service, start].iter().enumerate() {
        assert!(causes.expected_on_time < 0.99, "{causes:?}");
        for (other, points) in regained(causes).into_iter().enumerate() {
            let expected = if other == number {
                1.0 - causes.expected_on_time
            } else {
                0.0
            };
            assert!((points - expected).abs() < 1e-12, "{other} in {causes:?}");
        }
    }
}

#[test]
fn an_incident_held_at_its_mean_takes_its_mean_everywhere() {
    let noise = NoiseModel {
        incident_probability: 0.1,
        incident_mean: Seconds(600),
        ..calm()
    };
    // A minute for every stop before: five at the last one.
    let short = simulate(299, noise.clone()).causes.unwrap();
    let long = simulate(301, noise).causes.unwrap();
    assert!((short.expected_on_time + short.service - 5.0 / 6.0).abs() < 1e-12);
    assert!((long.expected_on_time + long.service - 1.0).abs() < 1e-12);
}

#[test]
fn causes_are_told_only_if_asked_for_and_change_nothing_else() {
    let (problem, plan) = chain(300);
    let plain = options(2_048, NoiseModel::default());
    let asked = ForecastOptions {
        causes: true,
        ..plain.clone()
    };
    let travel = TravelTimes::new(&problem);
    let plain = forecast(&problem, &travel, &plan, &plain);
    let asked = forecast(&problem, &travel, &plan, &asked);
    assert_eq!(plain.causes, None);
    assert_eq!(asked.causes.unwrap().scenarios, 1_024);
    assert_eq!(plain.routes, asked.routes);
}

#[test]
fn a_known_courier_is_as_known_and_others_are_as_before() {
    let known = CourierEffect {
        drive: Some(LogFactor {
            mean: std::f64::consts::LN_2,
            sigma: 0.0,
        }),
        service: None,
    };
    let before = simulate(600, calm());
    let after = simulate(
        600,
        NoiseModel {
            couriers: BTreeMap::from([(courier_id(0), known)]),
            ..calm()
        },
    );
    // Twenty minutes for every way instead of ten.
    assert_eq!(after.routes[0].stops[1].arrival_p50, at(8, 55));
    assert_eq!(before.routes[0].stops[1].arrival_p50, at(8, 35));
    assert_eq!(before.routes[1], after.routes[1]);
}

#[test]
fn the_narrowest_bias_counts_alone() {
    let doubled = |cells: &[Option<u8>]| {
        let cell = |&hour: &Option<u8>| (BiasCell { zone: None, hour }, hour);
        let factor = |hour: Option<u8>| LogFactor {
            mean: hour.map_or(2.0, f64::from).ln(),
            sigma: 0.0,
        };
        let biases = cells.iter().map(cell);
        let noise = NoiseModel {
            travel_biases: biases.map(|(cell, hour)| (cell, factor(hour))).collect(),
            ..calm()
        };
        simulate(600, noise).routes[0].stops[0].arrival_p50
    };
    // Ten minutes of loading and a way of ten minutes times the bias, which is the hour here: the route leaves at 8:10.
    assert_eq!(doubled(&[]), at(8, 20));
    assert_eq!(doubled(&[None]), at(8, 30));
    assert_eq!(doubled(&[None, Some(8)]), at(9, 30));
    assert_eq!(doubled(&[None, Some(9)]), at(8, 30));
}

#[test]
fn delays_follow_the_quantiles_of_their_depot() {
    let forecast = simulate(
        600,
        NoiseModel {
            start_delays: BTreeMap::from([(
                DepotId::parse("depot").unwrap(),
                [0, 600, 3_600].map(Seconds).into(),
            )]),
            ..calm()
        },
    );
    let first = &forecast.routes[0].stops[0];
    let late = |moment: crate::units::Timestamp| (moment - at(8, 20)).0;
    assert!((late(first.arrival_p10) - 120).abs() < 40);
    assert!((late(first.arrival_p50) - 600).abs() < 60);
    assert!((late(first.arrival_p90) - 3_000).abs() < 300);
}

#[test]
fn waves_of_routes_have_at_most_so_many_legs_or_one_route() {
    let (problem, plan) = chain(600);
    let travel = TravelTimes::new(&problem);
    let spread = Spread::new(&calm());
    let timetable = Timetable::new(&problem, &travel, &spread, Seconds::ZERO);
    let routes: Vec<Itinerary> = (0..5)
        .map(|number| timetable.itinerary(&plan.routes[number % 2]))
        .collect();
    let sizes = |legs_max| -> Vec<usize> {
        let waves = waves(&routes, legs_max).into_iter();
        waves.map(<[Itinerary]>::len).collect()
    };
    assert_eq!(sizes(100), [5]);
    assert_eq!(sizes(14), [2, 2, 1]);
    assert_eq!(sizes(0), [1; 5]);
}

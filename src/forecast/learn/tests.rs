use super::*;
use crate::forecast::fixture::{at, day, order, plan};
use crate::forecast::realize;
use crate::model::{Problem, RecordedStop, ZoneId};
use crate::travel::TravelTimes;
use crate::units::Timestamp;

/// Couriers of the recorded days, and stops of each.
const N_COURIERS: u32 = 20;
const N_STOPS: u32 = 12;

/// Twenty couriers with twelve stops each, three to thirty minutes apart, in four zones.
fn problem() -> Problem {
    let order = |number| {
        order(
            number,
            300 + 60 * i64::from(number % 6),
            &[(at(7, 0), at(23, 0))],
        )
    };
    let leg = |from: u32, to: u32| Some(180 + i64::from((from * 7 + to * 13) % 10) * 180);
    let mut problem = day(
        (1..=N_COURIERS * N_STOPS).map(order).collect(),
        N_COURIERS,
        leg,
    );
    for (number, place) in problem.places.iter_mut().enumerate() {
        // Couriers begin in different zones, lest zones be hours.
        let zone = (number / 3 + number / N_STOPS as usize) % 4;
        place.zone = ZoneId::parse(&format!("zone-{zone}")).ok();
    }
    problem
}

/// What happened on `n_days` days under `noise` to the first `n_couriers`.
fn recorded(noise: &NoiseModel, n_days: u32, n_couriers: u32) -> History {
    let problem = problem();
    let orders = |courier: u32| (1..=N_STOPS).map(move |stop| courier * N_STOPS + stop);
    let orders: Vec<Vec<u32>> = (0..n_couriers).map(|c| orders(c).collect()).collect();
    let routes: Vec<_> = (0..)
        .zip(&orders)
        .map(|(c, orders)| (c, at(8, 0), &orders[..]))
        .collect();
    let plan = plan(&routes);
    let travel = TravelTimes::new(&problem);
    let days = (0..n_days).flat_map(|day| realize(&problem, &travel, &plan, noise, 11, day));
    History {
        routes: days.collect(),
    }
}

fn close(name: &str, learnt: f64, truth: f64, tolerance: f64) {
    assert!(
        (learnt - truth).abs() <= tolerance,
        "{name}: {learnt} instead of {truth}"
    );
}

/// Expects every number that was learnt to be within `errors` standard errors of the truth, as stated with it.
fn expect_truth(learnt: &Learnt, truth: &NoiseModel, errors: f64) {
    for lesson in &learnt.lessons {
        assert!(lesson.is_learnt(), "{lesson:?}");
        let expected = lesson.part.value(truth);
        let error = lesson.error.unwrap_or(0.0);
        assert!(
            (lesson.value - expected).abs() <= errors * error,
            "{expected} was to be found: {lesson:?}"
        );
    }
}

#[test]
fn the_default_noise_is_found_again_in_sixty_days() {
    let truth = NoiseModel::default();
    let learnt = learn(&recorded(&truth, 60, N_COURIERS), &LearnOptions::default());
    assert!(learnt.is_calibrated());
    expect_truth(&learnt, &truth, 3.0);
    // Stated errors are of use only if they are small.
    let error = |part: Part| {
        let lessons = learnt.lessons.iter();
        let mut of_part = lessons.filter(|lesson| lesson.part == part);
        of_part.next().unwrap().error.unwrap()
    };
    for (part, largest) in [
        (Part::DayTraffic, 0.025),
        (Part::HourTraffic, 0.015),
        (Part::CourierDrive, 0.02),
        (Part::CourierDriveDaily, 0.01),
        (Part::CourierService, 0.05),
        (Part::CourierServiceDaily, 0.015),
        (Part::ServiceSpread, 0.01),
        (Part::IncidentChance, 0.01),
        (Part::IncidentMean, 100.0),
        (Part::Start, 30.0),
        (Part::TravelBias, 0.03),
        (Part::ServiceBias, 0.05),
    ] {
        let error = error(part);
        assert!((0.0..largest).contains(&error), "{part}: {error}");
    }
}

#[test]
fn noise_that_differs_in_every_number_is_found_in_sixty_days() {
    let truth = changed();
    let learnt = learn(&recorded(&truth, 60, N_COURIERS), &LearnOptions::default());
    assert!(learnt.is_calibrated());
    expect_truth(&learnt, &truth, 3.0);
}

#[test]
fn strong_traffic_of_the_day_and_biased_plans_are_found() {
    let all = BiasCell {
        zone: None,
        hour: None,
    };
    let slow = LogFactor {
        mean: 0.3,
        sigma: 0.0,
    };
    let truth = NoiseModel {
        day_sigma: 0.2,
        hour_sigma: 0.0,
        courier_drive_sigma: 0.05,
        courier_service_sigma: 0.08,
        travel_biases: [(all.clone(), slow)].into(),
        service_biases: [(None, slow)].into(),
        ..NoiseModel::default()
    };
    let noise = learn(&recorded(&truth, 60, N_COURIERS), &LearnOptions::default()).noise;
    close("day", noise.day_sigma.hypot(noise.hour_sigma), 0.2, 0.06);
    // Sixty days with a standard deviation of 0.2 tell their mean to 0.026.
    let learnt = noise.travel_biases[&all];
    close("bias of travel", learnt.mean, 0.3, 0.08);
    close("its standard error", learnt.sigma, 0.026, 0.01);
    close(
        "bias of service",
        noise.service_biases[&None].mean,
        0.3,
        0.03,
    );
}

#[test]
fn a_thin_history_leaves_the_noise_as_it_was_and_says_so() {
    let prior = NoiseModel::default();
    let options = LearnOptions::default();
    let nothing = learn(&History::default(), &options);
    assert_eq!(nothing.noise, prior);
    assert!(!nothing.is_calibrated() && !nothing.lessons.iter().any(Lesson::is_learnt));
    let one_day = learn(&recorded(&prior, 1, 2), &options);
    assert_eq!(one_day.noise, prior);
    assert!(!one_day.is_calibrated());
}

#[test]
fn one_courier_does_not_tell_how_couriers_differ() {
    let prior = NoiseModel::default();
    let learnt = learn(&recorded(&prior, 60, 1), &LearnOptions::default());
    let unlearnt = learnt.lessons.iter().filter(|lesson| !lesson.is_learnt());
    let unlearnt: Vec<Part> = unlearnt.map(|lesson| lesson.part).collect();
    for part in [Part::DayTraffic, Part::CourierDrive, Part::CourierService] {
        assert!(unlearnt.contains(&part), "{part}");
    }
    assert!(!learnt.is_calibrated());
    assert!((learnt.noise.day_sigma - prior.day_sigma).abs() < 1e-12);
}

/// A noise model that differs from the default in every number.
fn changed() -> NoiseModel {
    let everywhere = BiasCell {
        zone: None,
        hour: None,
    };
    let bias = |mean| LogFactor { mean, sigma: 0.0 };
    NoiseModel {
        version: None,
        day_sigma: 0.1,
        hour_sigma: 0.12,
        hour_time_constant: Seconds(2 * 3_600),
        city_share: 0.7,
        courier_drive_sigma: 0.12,
        courier_drive_daily_sigma: 0.08,
        courier_service_sigma: 0.25,
        courier_service_daily_sigma: 0.12,
        couriers: std::collections::BTreeMap::new(),
        travel_biases: [(everywhere, bias(0.2))].into(),
        service_biases: [(None, bias(-0.1))].into(),
        leg_variance: 0.02,
        leg_variance_minutes: 0.6,
        service_sigma: 0.3,
        incident_probability: 0.06,
        incident_mean: Seconds(800),
        start_delay: Seconds(600),
        start_delays: std::collections::BTreeMap::new(),
    }
}

/// The history of the default noise with the actual times of every stop changed.
fn retimed(change: impl Fn(&mut RecordedStop)) -> History {
    let mut history = recorded(&NoiseModel::default(), 30, N_COURIERS);
    for route in &mut history.routes {
        route.departure = route.planned_departure;
        for stop in &mut route.stops {
            change(stop);
        }
    }
    history
}

fn set(stop: &mut RecordedStop, arrival: Timestamp) {
    stop.arrival = arrival;
    stop.service_start = arrival;
    stop.departure = arrival + stop.planned_service;
}

#[test]
fn days_that_go_as_planned_have_no_noise() {
    let history = retimed(|stop| set(stop, stop.planned_arrival));
    let learnt = learn(&history, &LearnOptions::default());
    assert!(learnt.is_calibrated());
    let noise = learnt.noise;
    for (name, sigma) in [
        ("day", noise.day_sigma),
        ("hour", noise.hour_sigma),
        ("drive", noise.courier_drive_sigma),
        ("pace", noise.courier_service_sigma),
        ("leg", noise.leg_variance + noise.leg_variance_minutes),
        ("service", noise.service_sigma),
        ("start", noise.start_delay.0 as f64),
    ] {
        assert!(sigma < 0.02, "{name}: {sigma}");
    }
    for bias in (noise.travel_biases.values()).chain(noise.service_biases.values()) {
        assert!(bias.mean.abs() < 1e-3, "{bias:?}");
    }
}

#[test]
fn days_that_are_always_late_have_a_bias_and_no_noise() {
    // Every way takes one and a half times as long as planned.
    let mut history = retimed(|_| ());
    for route in &mut history.routes {
        let mut clock = route.departure;
        for stop in &mut route.stops {
            set(stop, clock + Seconds(stop.planned_travel.0 * 3 / 2));
            clock = stop.departure;
        }
    }
    let noise = learn(&history, &LearnOptions::default()).noise;
    let everywhere = BiasCell {
        zone: None,
        hour: None,
    };
    close(
        "bias",
        noise.travel_biases[&everywhere].mean,
        1.5_f64.ln(),
        0.01,
    );
    assert!(noise.day_sigma.max(noise.hour_sigma) < 0.02, "{noise:?}");
}

#[test]
fn wild_days_are_learnt_within_what_a_noise_model_may_hold() {
    let ten = NoiseModel {
        day_sigma: 10.0,
        hour_sigma: 10.0,
        city_share: 10.0,
        courier_drive_sigma: 10.0,
        courier_service_sigma: 10.0,
        leg_variance: 10.0,
        leg_variance_minutes: 10.0,
        service_sigma: 10.0,
        incident_probability: 10.0,
        ..NoiseModel::default()
    };
    let zero = NoiseModel {
        day_sigma: 0.0,
        hour_sigma: 0.0,
        city_share: 0.0,
        courier_drive_sigma: 0.0,
        courier_drive_daily_sigma: 0.0,
        courier_service_sigma: 0.0,
        courier_service_daily_sigma: 0.0,
        leg_variance: 0.0,
        leg_variance_minutes: 0.0,
        service_sigma: 0.0,
        incident_probability: 0.0,
        incident_mean: Seconds(0),
        hour_time_constant: Seconds(1),
        start_delay: Seconds(0),
        ..NoiseModel::default()
    };
    for lived in [&ten, &zero] {
        let history = recorded(lived, 20, N_COURIERS);
        for prior in [&ten, &zero] {
            let options = LearnOptions {
                prior: prior.clone(),
                version: None,
            };
            let noise = learn(&history, &options).noise;
            let shares = [
                noise.day_sigma,
                noise.hour_sigma,
                noise.city_share,
                noise.courier_drive_sigma,
                noise.courier_drive_daily_sigma,
                noise.courier_service_sigma,
                noise.courier_service_daily_sigma,
                noise.leg_variance,
                noise.leg_variance_minutes / 10.0,
                noise.service_sigma / 2.0,
                noise.incident_probability,
                noise.start_delay.0 as f64 / 86_400.0,
                noise.incident_mean.0 as f64 / 86_400.0,
                noise.hour_time_constant.0 as f64 / 86_400.0,
            ];
            assert!(
                shares.iter().all(|share| (0.0..=1.0).contains(share)),
                "{shares:?}"
            );
            let factors = noise
                .travel_biases
                .values()
                .chain(noise.service_biases.values());
            for factor in factors {
                assert!(factor.mean.abs() <= 2.0 && (0.0..=1.0).contains(&factor.sigma));
            }
        }
    }
}

#[test]
fn one_day_teaches_no_variance() {
    let prior = NoiseModel::default();
    let learnt = learn(&recorded(&prior, 1, N_COURIERS), &LearnOptions::default());
    assert!(!learnt.is_calibrated());
    let shortage = learnt.shortages[0];
    assert_eq!((shortage.part, shortage.have, shortage.need), (None, 1, 20));
    for lesson in learnt.lessons.iter().filter(|lesson| !lesson.is_learnt()) {
        assert_eq!(
            lesson.value.to_bits(),
            lesson.before.to_bits(),
            "{lesson:?}"
        );
        assert!(lesson.error.is_none());
    }
}

#[test]
fn hours_and_zones_that_are_slow_are_found() {
    let north = ZoneId::parse("zone-1").unwrap();
    let cell = |zone: Option<&ZoneId>, hour| BiasCell {
        zone: zone.cloned(),
        hour,
    };
    let bias = |mean| LogFactor { mean, sigma: 0.0 };
    let truth = NoiseModel {
        travel_biases: [
            (cell(Some(&north), None), bias(0.2)),
            (cell(None, Some(9)), bias(0.3)),
            (cell(Some(&north), Some(9)), bias(0.5)),
        ]
        .into(),
        service_biases: [(Some(north.clone()), bias(0.3))].into(),
        ..NoiseModel::default()
    };
    let noise = learn(&recorded(&truth, 60, N_COURIERS), &LearnOptions::default()).noise;
    let travel = |zone: Option<&ZoneId>, hour| noise.travel_biases[&cell(zone, hour)].mean;
    let other = ZoneId::parse("zone-3").unwrap();
    let zone = travel(Some(&north), None) - travel(Some(&other), None);
    close("zone", zone, 0.2, 0.06);
    let hour = travel(None, Some(9)) - travel(None, Some(8));
    close("hour", hour, 0.3, 0.08);
    let both = travel(Some(&north), Some(9)) - travel(Some(&other), Some(8));
    close("both", both, 0.5, 0.1);
    let service = |zone: &ZoneId| noise.service_biases[&Some(zone.clone())].mean;
    close("service", service(&north) - service(&other), 0.3, 0.05);
    close("day", noise.day_sigma.hypot(noise.hour_sigma), 0.094, 0.03);
}

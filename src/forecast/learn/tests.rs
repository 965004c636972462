use super::*;
use crate::forecast::fixture::{at, day, order, plan};
use crate::forecast::realize;
use crate::model::{Problem, ZoneId};
use crate::travel::TravelTimes;

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
        place.zone = ZoneId::parse(&format!("zone-{}", number / 3 % 4)).ok();
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

#[test]
fn the_default_noise_is_found_again_in_sixty_days() {
    let truth = NoiseModel::default();
    let history = recorded(&truth, 60, N_COURIERS);
    let Learnt {
        noise,
        lessons,
        is_calibrated,
    } = learn(&history, &LearnOptions::default());
    assert!(is_calibrated && lessons.iter().all(Lesson::is_learnt));
    // About three standard errors each.
    let traffic = |noise: &NoiseModel| noise.day_sigma.hypot(noise.hour_sigma);
    close("traffic", traffic(&noise), traffic(&truth), 0.03);
    close("drive", noise.courier_drive_sigma, 0.078, 0.025);
    close("drive by day", noise.courier_drive_daily_sigma, 0.05, 0.012);
    close("pace", noise.courier_service_sigma, 0.17, 0.065);
    close(
        "pace by day",
        noise.courier_service_daily_sigma,
        0.08,
        0.018,
    );
    close("service", noise.service_sigma, 0.45, 0.01);
    let leg = |noise: &NoiseModel| noise.leg_variance + noise.leg_variance_minutes / 10.0;
    close("leg of ten minutes", leg(&noise), leg(&truth), 0.006);
    close(
        "chance of incidents",
        noise.incident_probability,
        0.03,
        0.013,
    );
    close(
        "mean of incidents",
        noise.incident_mean.0 as f64,
        540.0,
        120.0,
    );
    close("start", noise.start_delay.0 as f64, 360.0, 35.0);
    let travel = noise.travel_biases.values();
    for bias in travel.chain(noise.service_biases.values()) {
        close("bias", bias.mean, 0.0, 0.075);
    }
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
    assert!(!nothing.is_calibrated && !nothing.lessons.iter().any(Lesson::is_learnt));
    let one_day = learn(&recorded(&prior, 1, 2), &options);
    assert_eq!(one_day.noise, prior);
    assert!(!one_day.is_calibrated);
}

#[test]
fn one_courier_does_not_tell_how_couriers_differ() {
    let prior = NoiseModel::default();
    let learnt = learn(&recorded(&prior, 60, 1), &LearnOptions::default());
    let unlearnt = learnt.lessons.iter().filter(|lesson| !lesson.is_learnt());
    let unlearnt: Vec<Part> = unlearnt.map(|lesson| lesson.part).collect();
    for part in [Part::Traffic, Part::CourierDrive, Part::CourierService] {
        assert!(unlearnt.contains(&part), "{part}");
    }
    assert!(!learnt.is_calibrated);
    assert!((learnt.noise.day_sigma - prior.day_sigma).abs() < 1e-12);
}

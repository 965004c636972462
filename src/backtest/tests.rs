use super::*;
use crate::analysis::calibration::Coverage;
use crate::forecast::fixture::{at, calm, day, options, order, plan};
use crate::forecast::learn::{LearnOptions, learn};
use crate::forecast::realize;
use crate::model::{LogFactor, NoiseModel, RecordedPurpose, ZoneId};
use crate::travel::TravelTimes;

/// Stops of a courier.
const N_STOPS: u32 = 12;

/// Seconds from place to place: three to thirty minutes.
fn leg(from: u32, to: u32) -> i64 {
    180 + i64::from((from * 7 + to * 13) % 10) * 180
}

/// What happened to `n_couriers` on `n_days` days. Windows open twenty minutes before the planned arrivals and close forty
/// to seventy minutes after them, so that about 97 % of promises are kept: as in plans for a target.
fn recorded(noise: &NoiseModel, n_couriers: u32, n_days: u32, seed: u64) -> History {
    let service = |number: u32| 300 + 60 * i64::from(number % 6);
    let mut orders = Vec::new();
    for courier in 0..n_couriers {
        let (mut place, mut clock) = (0, at(8, 10));
        for number in (1..=N_STOPS).map(|stop| courier * N_STOPS + stop) {
            clock = clock + Seconds(leg(place, number));
            let end = clock + Seconds(2_400 + 450 * i64::from(number % 5));
            orders.push(order(
                number,
                service(number),
                &[(clock - Seconds(1_200), end)],
            ));
            clock = clock + Seconds(service(number));
            place = number;
        }
    }
    let mut problem = day(orders, n_couriers, |from, to| Some(leg(from, to)));
    for (number, place) in problem.places.iter_mut().enumerate() {
        place.zone = ZoneId::parse(&format!("zone-{}", number / 3 % 4)).ok();
    }
    let stops = |courier: u32| (1..=N_STOPS).map(move |stop| courier * N_STOPS + stop);
    let stops: Vec<Vec<u32>> = (0..n_couriers).map(|c| stops(c).collect()).collect();
    let routes: Vec<_> = (0..)
        .zip(&stops)
        .map(|(c, stops)| (c, at(8, 0), &stops[..]))
        .collect();
    let plan = plan(&routes);
    let travel = TravelTimes::new(&problem);
    let days = (0..n_days).flat_map(|day| realize(&problem, &travel, &plan, noise, seed, day));
    History {
        routes: days.collect(),
    }
}

/// The calibration of forecasts under the options.
fn calibrated(history: &History, options: &ForecastOptions) -> Option<Calibration> {
    calibrate(history, options, &|| false)
}

/// The default noise with couriers who are new every day: couriers who always are the same twenty are not the average
/// courier, and forecasts would be off by what they are off.
fn truth() -> NoiseModel {
    let noise = NoiseModel::default();
    NoiseModel {
        courier_drive_daily_sigma: noise.courier_drive_sigma,
        courier_service_daily_sigma: noise.courier_service_sigma,
        ..noise
    }
}

#[test]
fn parameters_learnt_from_sixty_days_forecast_sixty_others() {
    let truth = truth();
    let (mut days, mut error, mut by_chance) = (Vec::new(), 0.0, 0.0);
    for seed in 0..5 {
        let mut history = recorded(&truth, 12, 120, seed);
        let held_out = history.routes.split_off(60 * 12);
        let learnt = learn(&history, &LearnOptions::default());
        assert!(learnt.is_calibrated());
        let options = options(512, learnt.noise);
        let held_out = History { routes: held_out };
        let mut promises = Vec::new();
        for routes in by_day(&held_out).values() {
            let (day, of_day) = this_morning(routes, &options);
            days.extend(day);
            promises.extend(of_day);
        }
        let reliability = judge(&promises).unwrap().reliability;
        error += reliability.error / 5.0;
        by_chance += reliability.error_by_chance.unwrap() / 5.0;
    }
    // Chance alone makes half of it, by what 60 days differ from 60 others in how they go.
    assert!(error <= 0.01, "{error}");
    assert!(
        by_chance > 0.003 && by_chance < error + 0.002,
        "{by_chance}"
    );
    // Of 300 days, 90 % are held with a standard error of 1.7 points.
    let ranks: Vec<Rank> = days.iter().map(|day| day.rank).collect();
    let coverage = Coverage::of(&ranks, 0.9).unwrap();
    assert!((0.86..=0.94).contains(&coverage.held), "{coverage:?}");
}

#[test]
fn forecasts_by_the_true_law_are_sound_and_sharper_on_the_way() {
    let found = calibrated(&recorded(&truth(), 10, 60, 7), &options(512, truth())).unwrap();
    assert_eq!(found.standing(), Standing::Sound, "{found}");
    let names: Vec<&str> = found
        .by_lead
        .iter()
        .map(|group| group.name.as_str())
        .collect();
    let expected = [
        "morning",
        "120 minutes before",
        "60 minutes before",
        "30 minutes before",
    ];
    assert_eq!(names, expected);
    for group in &found.by_lead {
        let reliability = &group.judgement.reliability;
        assert!(
            reliability.error < 0.02,
            "{}: {}",
            group.name,
            reliability.error
        );
    }
    // The shorter before, the sharper.
    let scores = found.by_lead.iter().map(|group| group.judgement.crps);
    assert!(scores.is_sorted_by(|a, b| a > b));
    assert_eq!(found.by_zone.len(), 4);
    assert_eq!(found.by_courier.len(), 10);
    for groups in [&found.by_zone, &found.by_courier, &found.by_slot] {
        let n: usize = groups
            .iter()
            .map(|group| group.judgement.reliability.n)
            .sum();
        assert_eq!(n, 10 * 12 * 60);
    }
}

#[test]
fn services_that_take_a_quarter_longer_raise_the_alarm() {
    let mut slow = truth();
    let longer = LogFactor {
        mean: 1.25_f64.ln(),
        sigma: 0.0,
    };
    slow.service_biases.insert(None, longer);
    let found = calibrated(&recorded(&slow, 6, 30, 1), &options(256, truth())).unwrap();
    assert_eq!(found.standing(), Standing::Alarm, "{found}");
    assert!(found.to_string().contains("do not agree"));
    assert_eq!(found.overall.histogram.is_flat(), Some(false));
    assert!(found.days.happened < found.days.predicted);
}

/// Everything in a judgement that is a number is one.
fn is_finite(found: &Judgement) -> bool {
    let reliability = &found.reliability;
    let correction = &found.recalibration;
    [
        reliability.error,
        reliability.brier,
        reliability.brier_reliability,
        reliability.brier_resolution,
        correction.intercept,
        correction.slope,
        found.crps,
    ]
    .iter()
    .chain(found.coverage.iter().map(|coverage| &coverage.held))
    .chain(&found.histogram.statistic)
    .all(|number| number.is_finite())
}

#[test]
fn odd_histories_give_finite_answers() {
    let promised = |history: &mut History, shift: i64| {
        for stop in history.routes.iter_mut().flat_map(|route| &mut route.stops) {
            if let RecordedPurpose::Order(order) = &mut stop.purpose {
                order.promised_end = order.promised_end + Seconds(shift);
            }
        }
    };
    let mut on_time = recorded(&truth(), 2, 21, 3);
    promised(&mut on_time, 80_000);
    let mut late = recorded(&truth(), 2, 21, 3);
    promised(&mut late, -80_000);
    let one_day = recorded(&truth(), 30, 1, 3);
    let one_courier = recorded(&truth(), 1, 30, 3);
    for (name, history, share) in [
        ("on time", &on_time, Some(1.0)),
        ("late", &late, Some(0.0)),
        ("one day", &one_day, None),
        ("one courier", &one_courier, None),
    ] {
        let noise = [truth(), calm()];
        for noise in noise {
            let found = calibrated(history, &options(256, noise)).unwrap();
            let groups = [
                &found.by_lead,
                &found.by_zone,
                &found.by_slot,
                &found.by_courier,
            ];
            let groups = groups.into_iter().flatten();
            let judgements = groups.map(|group| &group.judgement).chain([&found.overall]);
            for judgement in judgements {
                assert!(is_finite(judgement), "{name}: {judgement:?}");
            }
            let days = &found.days;
            assert!(
                days.predicted.is_finite() && days.apart.is_finite(),
                "{name}"
            );
            if let Some(share) = share {
                assert!((found.overall.reliability.happened - share).abs() < 1e-12);
                assert!((days.happened - share).abs() < 1e-12);
                assert_eq!(found.standing(), Standing::Sound, "{name}: {found}");
            }
        }
    }
    assert_eq!(
        calibrated(&History::default(), &options(256, truth())),
        None
    );
}

#[test]
fn too_few_days_are_too_thin_to_judge_by() {
    let found = calibrated(&recorded(&truth(), 30, 1, 3), &options(256, truth())).unwrap();
    assert_eq!(found.standing(), Standing::TooThin);
    assert_eq!(
        found.to_string(),
        "The history is too thin to judge forecasts by: 360 promises of 1 days, and it takes 300 of 20."
    );
}

#[test]
fn a_late_service_within_the_grace_is_on_time() {
    let mut history = recorded(&calm(), 2, 2, 1);
    for stop in history.routes.iter_mut().flat_map(|route| &mut route.stops) {
        if let RecordedPurpose::Order(order) = &mut stop.purpose {
            order.promised_end = stop.arrival - Seconds(60);
        }
    }
    let kept = |grace: i64| {
        let options = ForecastOptions {
            grace: Seconds(grace),
            ..options(256, calm())
        };
        calibrated(&history, &options).unwrap().overall.reliability
    };
    assert!(kept(59).happened < 1e-12 && kept(59).predicted < 1e-12);
    assert!(kept(60).happened > 1.0 - 1e-12 && kept(60).predicted > 1.0 - 1e-12);
}

#[test]
fn a_calibration_that_nobody_wants_any_more_ends() {
    let history = recorded(&calm(), 2, 2, 1);
    assert_eq!(calibrate(&history, &options(256, calm()), &|| true), None);
}

use rand::RngExt;

use super::*;
use crate::rng;

/// Chances near 1 on days of 50 orders, with outcomes by a true chance whose logit is `a + b * logit`.
fn outcomes(seed: u64, n_days: i64, a: f64, b: f64) -> Vec<Outcome> {
    let mut random = rng::stream(seed, &[1]);
    let mut outcomes = Vec::new();
    for day in 0..n_days {
        for _ in 0..50 {
            let logit: f64 = random.random_range(0.0..4.0);
            let chance = |x: f64| 1.0 / (1.0 + (-x).exp());
            outcomes.push(Outcome {
                day,
                predicted: chance(logit),
                happened: random.random::<f64>() < chance(a + b * logit),
            });
        }
    }
    outcomes
}

#[test]
fn true_chances_are_found_reliable() {
    let outcomes = outcomes(1, 400, 0.0, 1.0);
    let report = Reliability::of(&outcomes).unwrap();
    assert!(report.error < 0.01, "{}", report.error);
    assert!((report.design_effect.unwrap() - 1.0).abs() < 0.3);
    let correction = Recalibration::of(&outcomes);
    assert!(correction.is_judged && !correction.is_alarming());
    assert!(correction.intercept.abs() < 0.15 && (correction.slope - 1.0).abs() < 0.1);
}

#[test]
fn chances_that_are_too_sure_or_too_high_raise_the_alarm() {
    let too_sure = Recalibration::of(&outcomes(2, 200, 0.0, 0.6));
    assert!(
        too_sure.is_alarming() && too_sure.slope < 0.75,
        "{too_sure:?}"
    );
    let too_high = Recalibration::of(&outcomes(3, 200, -0.6, 1.0));
    assert!(too_high.is_alarming() && too_high.intercept < -0.4);
    assert!(too_high.corrected(0.9) < 0.87);
}

#[test]
fn chances_all_alike_raise_the_alarm_if_they_are_wrong_and_only_then() {
    let alike = |predicted: f64, every: i64| -> Vec<Outcome> {
        let outcome = |i: i64| Outcome {
            day: i / 20,
            predicted,
            happened: i % every == 0,
        };
        (0..600).map(outcome).collect()
    };
    assert!(Recalibration::of(&alike(0.0, 1)).is_alarming());
    assert!(Recalibration::of(&alike(0.9, 2)).is_alarming());
    assert!(!Recalibration::of(&alike(0.5, 2)).is_alarming());
}

#[test]
fn false_alarms_are_rare() {
    let alarms = (0..100).filter(|&seed| {
        let outcomes = outcomes(100 + seed, 30, 0.0, 1.0);
        Recalibration::of(&outcomes).is_alarming()
    });
    assert!(alarms.count() <= 10);
}

#[test]
fn the_brier_score_is_split_as_murphy_says() {
    let outcomes: Vec<Outcome> = (0..100_i64)
        .map(|i| Outcome {
            day: i % 4,
            predicted: if i < 50 { 0.6 } else { 0.96 },
            happened: i % 5 != 0,
        })
        .collect();
    let report = Reliability::of(&outcomes).unwrap();
    let sum = report.brier_reliability - report.brier_resolution + report.brier_uncertainty;
    assert!((report.brier - sum).abs() < 1e-12);
    assert!((report.error - (0.2 + 0.16) / 2.0).abs() < 1e-12);
    assert_eq!(report.bins.len(), 2);
}

#[test]
fn the_design_effect_tells_days_that_stand_or_fall_together() {
    let outcomes: Vec<Outcome> = (0..400_i64)
        .map(|i| Outcome {
            day: i / 20,
            predicted: 0.5,
            happened: (i / 20) % 2 == 0,
        })
        .collect();
    let report = Reliability::of(&outcomes).unwrap();
    assert!((report.design_effect.unwrap() - 20.0 * 20.0 / 19.0).abs() < 1e-9);
    let bin = &report.bins[0];
    let by_days = bin.by_days.unwrap();
    assert!(by_days.high - by_days.low > 3.0 * (bin.wilson.high - bin.wilson.low));
}

#[test]
fn extremes_give_finite_answers() {
    for n_days in [1, 25] {
        for (predicted, happened) in [(1.0, true), (1.0, false), (0.0, true), (0.0, false)] {
            let all: Vec<Outcome> = (0..500)
                .map(|i| Outcome {
                    day: i % n_days,
                    predicted,
                    happened,
                })
                .collect();
            let report = Reliability::of(&all).unwrap();
            assert!(report.error.is_finite() && report.brier.is_finite());
            assert!(report.design_effect.is_none());
            let correction = Recalibration::of(&all);
            assert!(correction.intercept.is_finite() && correction.slope.is_finite());
            assert_eq!(correction.is_judged, n_days >= 20);
        }
    }
    assert_eq!(Reliability::of(&[]), None);
    assert!(Recalibration::of(&[]).intercept.abs() < 1e-12);
}

/// Ranks of a normal-like truth with the given spread in samples of spread 1, tied to whole numbers.
fn ranks(seed: u64, spread: f64) -> Vec<Rank> {
    let mut random = rng::stream(seed, &[2]);
    let mut draw = |spread: f64| {
        let sum: f64 = (0..12).map(|_| random.random::<f64>()).sum();
        (6.0 * spread * (sum - 6.0)).round()
    };
    let mut ranks = Vec::new();
    for i in 0..2_000 {
        let mut sample: Vec<f64> = (0..100).map(|_| draw(1.0)).collect();
        sample.sort_by(f64::total_cmp);
        ranks.push(Rank::of(i / 10, &sample, draw(spread)));
    }
    ranks
}

#[test]
fn ranks_in_true_distributions_are_flat_and_bands_hold_what_they_state() {
    let ranks = ranks(1, 1.0);
    let histogram = Histogram::of(&ranks).unwrap();
    assert_eq!(histogram.is_flat(), Some(true), "{histogram:?}");
    for stated in BANDS {
        let coverage = Coverage::of(&ranks, stated).unwrap();
        assert!((coverage.held - stated).abs() < 0.03, "{coverage:?}");
    }
}

#[test]
fn distributions_that_are_too_narrow_are_found_out() {
    let ranks = ranks(2, 1.5);
    assert_eq!(Histogram::of(&ranks).unwrap().is_flat(), Some(false));
    let coverage = Coverage::of(&ranks, 0.9).unwrap();
    assert!(coverage.interval.unwrap().high < 0.9);
}

#[test]
fn stated_intervals_cover_the_truth_as_often_as_they_say() {
    let covered = (0..1_000).filter(|&seed| {
        let mut random = rng::stream(seed, &[3]);
        let hits = (0..200).filter(|_| random.random::<f64>() < 0.9).count();
        let bounds = wilson(hits as f64, 200.0);
        bounds.low <= 0.9 && 0.9 <= bounds.high
    });
    let covered = covered.count();
    assert!((930..=970).contains(&covered), "{covered}");
}

#[test]
fn the_ranked_score_is_that_of_the_definition() {
    let sample = [1.0, 2.0, 4.0];
    // Mean distance to 3 is 4/3; of all nine pairs the mean distance is 12/9.
    assert!((crps(&sample, 3.0).unwrap() - (4.0 / 3.0 - 12.0 / 18.0)).abs() < 1e-12);
    assert_eq!(crps(&[], 1.0), None);
}

#[test]
fn groups_are_judged_apart() {
    let outcomes = outcomes(4, 3, 0.0, 1.0);
    let by_day = groups(&outcomes, |outcome| outcome.day);
    assert_eq!(by_day.len(), 3);
    assert!(by_day.values().all(|of_day| of_day.len() == 50));
}

/// Outcomes of 40 days, each with 20 promises that are kept with a chance of the day, 0.9 on average.
fn days_that_differ(seed: u64) -> Vec<Outcome> {
    let mut random = rng::stream(seed, &[4]);
    let mut outcomes = Vec::new();
    for day in 0..40 {
        let chance = 0.9 + random.random_range(-0.1..0.1);
        outcomes.extend((0..20).map(|_| Outcome {
            day,
            predicted: 0.9,
            happened: random.random::<f64>() < chance,
        }));
    }
    outcomes
}

#[test]
fn intervals_over_days_cover_the_truth_as_often_as_they_say() {
    let (mut of_share, mut of_bin, mut of_band) = (0, 0, 0);
    let (mut error, mut by_chance) = (0.0, 0.0);
    for seed in 0..1_000 {
        let outcomes = days_that_differ(seed);
        let holds = |bounds: Bounds| bounds.low <= 0.9 && 0.9 <= bounds.high;
        let report = Reliability::of(&outcomes).unwrap();
        error += report.error / 1_000.0;
        by_chance += report.error_by_chance.unwrap() / 1_000.0;
        of_share += usize::from(holds(report.happened_by_days.unwrap()));
        of_bin += usize::from(holds(report.bins[0].by_days.unwrap()));
        // A rank within the middle 90 % where the promise was kept, outside where it was not.
        let sample: Vec<f64> = (0..100).map(f64::from).collect();
        let ranks = outcomes.iter().map(|outcome| {
            let happened = if outcome.happened { 50.5 } else { -1.0 };
            Rank::of(outcome.day, &sample, happened)
        });
        let ranks: Vec<Rank> = ranks.collect();
        of_band += usize::from(holds(Coverage::of(&ranks, 0.9).unwrap().interval.unwrap()));
    }
    // As forecasts are right, chance makes all of the error.
    assert!((error / by_chance - 1.0).abs() < 0.1, "{error} {by_chance}");
    // The standard error is 0.7 points.
    for covered in [of_share, of_bin, of_band] {
        assert!(
            (930..=970).contains(&covered),
            "{of_share} {of_bin} {of_band}"
        );
    }
}

//! What plots show beyond summaries and comparisons: shares over days by chance, hour, courier and day.

use std::collections::BTreeMap;

use crate::analysis::calibration::EDGES;
use crate::analysis::resample::estimate;
use crate::analysis::study::{Group, Outcome};

/// A share of promises over days.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Share {
    /// Promises.
    pub(super) n: usize,
    /// The share of them, 0 to 1.
    pub(super) mean: f64,
    /// Its 95 % interval over days; `None` if fewer than two have any.
    pub(super) interval: Option<(f64, f64)>,
}

/// Promises of one predicted class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Class {
    /// Which, from the least likely ones.
    pub(super) number: usize,
    /// The mean chance that was predicted.
    pub(super) predicted: f64,
    /// The share that was kept.
    pub(super) kept: Share,
}

/// The share of `kept` promises, of days with so many kept and so many in all; `None` without a promise.
///
/// The interval is that of a ratio of sums over days: days are drawn again as wholes, because what happens on a day
/// happens to many promises at once.
fn share(days: &[(f64, usize)]) -> Option<Share> {
    let n: usize = days.iter().map(|(_, n)| n).sum();
    if n == 0 {
        return None;
    }
    let mean = days.iter().map(|(kept, _)| kept).sum::<f64>() / n as f64;
    let n_mean = n as f64 / days.len() as f64;
    let by_day: Vec<f64> = days
        .iter()
        .map(|&(kept, n)| mean + (kept - mean * n as f64) / n_mean)
        .collect();
    let is_known = days.iter().filter(|(_, n)| *n > 0).count() >= 2;
    let interval = estimate(&by_day).filter(|_| is_known);
    let interval = interval.map(|found| (found.low.clamp(0.0, 1.0), found.high.clamp(0.0, 1.0)));
    Some(Share { n, mean, interval })
}

/// What was predicted, and what came of it.
pub(super) fn reliability(outcomes: &[&Outcome]) -> Vec<Class> {
    let classes = 0..=EDGES.len();
    classes
        .filter_map(|number| {
            let mut predicted = 0.0;
            let by_day = outcomes.iter().map(|outcome| {
                let stops = outcome.stops.iter();
                let stops = stops
                    .filter(|stop| EDGES.partition_point(|edge| *edge <= stop.predicted) == number);
                stops.fold((0.0, 0), |(kept, n), stop| {
                    predicted += stop.predicted;
                    (kept + stop.kept, n + 1)
                })
            });
            let by_day: Vec<(f64, usize)> = by_day.collect();
            let kept = share(&by_day)?;
            Some(Class {
                number,
                predicted: predicted / kept.n as f64,
                kept,
            })
        })
        .collect()
}

/// The words for a class: "95 to 98".
pub(super) fn class_name(number: usize) -> String {
    let percent = |edge: usize| super::plot::trimmed(100.0 * EDGES[edge], 1);
    match number {
        0 => format!("below {}", percent(0)),
        number if number == EDGES.len() => format!("{} or more", percent(number - 1)),
        number => format!("{} to {}", percent(number - 1), percent(number)),
    }
}

/// Shares by hour.
pub(super) fn hours(outcomes: &[&Outcome]) -> BTreeMap<String, Share> {
    let groups = outcomes.iter().flat_map(|outcome| &outcome.hours);
    let names: std::collections::BTreeSet<&String> = groups.map(|group| &group.name).collect();
    let of = |name: &String| {
        let by_day = outcomes.iter().map(|outcome| {
            let groups = outcome.hours.iter().filter(|group| group.name == *name);
            groups.fold((0.0, 0), |(kept, n), group: &Group| {
                (
                    kept + group.kept * group.promises as f64,
                    n + group.promises,
                )
            })
        });
        share(&by_day.collect::<Vec<_>>())
    };
    names
        .into_iter()
        .filter_map(|name| Some((name.clone(), of(name)?)))
        .collect()
}

/// Every courier of every day with anything to keep, from the one who keeps least: the share kept, day and courier.
pub(super) fn couriers<'a>(outcomes: &[&'a Outcome]) -> Vec<(f64, &'a str, &'a Group)> {
    let all = outcomes.iter().flat_map(|outcome| {
        let groups = outcome.couriers.iter().filter(|group| group.promises > 0);
        groups.map(|group| (group.kept, outcome.day.as_str(), group))
    });
    let mut all: Vec<(f64, &str, &Group)> = all.collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all
}

/// The share of simulated days on which at least the share `rate` of promises is kept, all days alike.
pub(super) fn days_with(outcomes: &[&Outcome], rate: f64) -> f64 {
    let shares = outcomes
        .iter()
        .map(|outcome| above(&outcome.day_rates, rate));
    shares.sum::<f64>() / outcomes.len().max(1) as f64
}

/// The share of a distribution, given by quantiles in equal steps, that is at least `value`: interpolated between them.
fn above(quantiles: &[f64], value: f64) -> f64 {
    let steps = quantiles
        .windows(2)
        .map(|step| match (step[0] >= value, step[1] >= value) {
            (true, true) => 1.0,
            (false, true) => (step[1] - value) / (step[1] - step[0]),
            _ => 0.0,
        });
    // What a day keeps at best may be the value itself: all promises, for example.
    steps.sum::<f64>() / (quantiles.len() - 1).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::study::fixture::sample;

    #[test]
    fn a_share_weighs_promises_and_not_days() {
        let found = share(&[(9.0, 10), (50.0, 90), (0.0, 0)]).unwrap();
        assert!((found.mean - 0.59).abs() < 1e-12);
        let (low, high) = found.interval.unwrap();
        assert!(low < 0.59 && high > 0.59);
        assert_eq!(share(&[(0.0, 0)]), None);
        assert_eq!(share(&[(3.0, 4), (0.0, 0)]).unwrap().interval, None);
        let sure = share(&[(4.0, 4), (5.0, 5)]).unwrap();
        assert_eq!((sure.mean, sure.interval), (1.0, Some((1.0, 1.0))));
    }

    #[test]
    fn every_stop_is_in_one_class() {
        let study = sample();
        let outcomes = study.outcomes_of("nominal", "base");
        let classes = reliability(&outcomes);
        assert_eq!(classes.iter().map(|class| class.kept.n).sum::<usize>(), 48);
        for class in classes {
            let low = class.number.checked_sub(1).map_or(0.0, |edge| EDGES[edge]);
            assert!(
                low <= class.predicted
                    && class.predicted <= EDGES.get(class.number).copied().unwrap_or(1.0)
            );
        }
    }

    #[test]
    fn hours_and_couriers_hold_every_promise() {
        let study = sample();
        let outcomes = study.outcomes_of("98.1", "base");
        assert_eq!(
            hours(&outcomes)
                .values()
                .map(|share| share.n)
                .sum::<usize>(),
            48
        );
        let ranked = couriers(&outcomes);
        assert_eq!(ranked.len(), 8);
        assert!(ranked.is_sorted_by(|a, b| a.0 <= b.0));
    }

    #[test]
    fn quantiles_tell_how_many_days_are_as_good() {
        let quantiles: Vec<f64> = (0..=100)
            .map(|percent| f64::from(percent) / 100.0)
            .collect();
        assert!((above(&quantiles, 0.25) - 0.75).abs() < 1e-9);
        assert!((above(&quantiles, 0.0) - 1.0).abs() < 1e-9);
        assert!((above(&[1.0; 101], 1.0) - 1.0).abs() < 1e-12);
        assert!(above(&[0.5; 101], 0.6).abs() < 1e-12);
    }
}

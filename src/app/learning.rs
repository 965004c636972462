//! Learning a noise model from a history, and whether it forecasts better than the one before.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::analysis::calibration::crps;
use crate::analysis::resample::{self, Estimate};
use crate::forecast::forecast_recorded;
use crate::forecast::learn::{LearnOptions, learn};
use crate::model::{
    CourierId, ForecastOptions, History, NoiseModel, RecordedPurpose, RecordedRoute,
};
use crate::units::Timestamp;

pub use crate::forecast::learn::{Evidence, Learnt, Lesson, Part, Shortage};

/// The share of days on which noise models are compared, if nobody says.
pub const HELD_OUT_SHARE: f64 = 1.0 / 3.0;

/// Simulated days for each recorded day on which noise models are compared.
const SCENARIOS: u32 = 512;

/// Every answer is the same every time.
const SEED: u64 = 1;

/// What to learn from.
#[derive(Clone, Debug)]
pub struct Lecture {
    /// What happened.
    pub history: History,
    /// The noise model so far, to compare with and to keep where the history says too little; `None` for what the
    /// process is configured with, or else the built-in defaults.
    pub current: Option<NoiseModel>,
    /// The share of the days, the last ones, on which noise models are compared, between 0 and 1.
    pub held_out: f64,
}

/// What came of learning.
#[derive(Clone, Debug, PartialEq)]
pub struct Taught {
    /// The noise model learnt from all days, with what it rests on.
    pub learnt: Learnt,
    /// How it compares with the one so far.
    pub promotion: Promotion,
    /// What it was learnt from.
    pub extent: Extent,
}

/// How much a history holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Days with at least one route.
    pub days: usize,
    /// Couriers.
    pub couriers: usize,
    /// Routes.
    pub routes: usize,
    /// Stops for orders.
    pub orders: usize,
    /// The first day and the last one; `None` without routes.
    pub period: Option<(Timestamp, Timestamp)>,
}

/// Whether to put what was learnt in the place of the noise model so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It forecasts better.
    Better,
    /// It is not shown to forecast better, nor worse.
    Open,
    /// It forecasts worse.
    Worse,
    /// There are too few days to tell.
    Unknown,
}

/// What was learnt from the first days, compared with the noise model so far on the last days.
///
/// The score is the continuous ranked probability score of arrivals in seconds; less is better.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Promotion {
    /// Days learnt from for the comparison.
    pub days_learnt: usize,
    /// Days compared on.
    pub days_held_out: usize,
    /// Arrivals compared.
    pub arrivals: usize,
    /// Routes compared: what counts as independent.
    pub routes: usize,
    /// Mean score of the noise model so far, over routes.
    pub current_score: f64,
    /// Mean score of what was learnt.
    pub learnt_score: f64,
    /// The mean difference, learnt less current, over routes, with the interval by the bootstrap over them; `None` of
    /// fewer than two.
    pub difference: Option<Estimate>,
}

impl Promotion {
    /// What follows.
    ///
    /// Source of the rule: only a difference whose 95 % interval excludes zero counts.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self.difference {
            None => Verdict::Unknown,
            Some(difference) if difference.high < 0.0 => Verdict::Better,
            Some(difference) if difference.low > 0.0 => Verdict::Worse,
            Some(_) => Verdict::Open,
        }
    }
}

/// Learns from a history; `current` is the noise model so far.
pub(super) fn taught(history: &History, current: &NoiseModel, held_out: f64) -> Taught {
    let learn_from = |history: &History, version: Option<String>| {
        let options = LearnOptions {
            prior: current.clone(),
            version,
        };
        learn(history, &options)
    };
    let promotion = promotion(history, current, held_out, |history| {
        learn_from(history, None).noise
    });
    Taught {
        learnt: learn_from(history, Some(version(history))),
        promotion,
        extent: extent(history),
    }
}

fn extent(history: &History) -> Extent {
    let routes = || history.routes.iter();
    let days: BTreeSet<Timestamp> = routes().map(|route| route.day).collect();
    let couriers: BTreeSet<&CourierId> = routes().map(|route| &route.courier).collect();
    Extent {
        days: days.len(),
        couriers: couriers.len(),
        routes: history.routes.len(),
        orders: routes().map(|route| arrivals(route).count()).sum(),
        period: days.first().copied().zip(days.last().copied()),
    }
}

/// Arrivals at orders, by index of the stop, in seconds since the planned departure.
fn arrivals(route: &RecordedRoute) -> impl Iterator<Item = (usize, f64)> {
    let stops = route.stops.iter().enumerate();
    stops.filter_map(|(at, stop)| match stop.purpose {
        RecordedPurpose::Order(_) => Some((at, (stop.arrival - route.planned_departure).0 as f64)),
        RecordedPurpose::Reload | RecordedPurpose::Break => None,
    })
}

/// Compares what `learn` makes of the first days with `current` on the last ones.
fn promotion(
    history: &History,
    current: &NoiseModel,
    held_out: f64,
    learn: impl Fn(&History) -> NoiseModel,
) -> Promotion {
    let mut days: BTreeMap<Timestamp, Vec<&RecordedRoute>> = BTreeMap::new();
    for route in &history.routes {
        days.entry(route.day).or_default().push(route);
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a number of days"
    )]
    let n_held_out = (days.len() as f64 * held_out.clamp(0.0, 1.0)).round() as usize;
    let n_learnt = days.len() - n_held_out;
    let mut days: Vec<Vec<&RecordedRoute>> = days.into_values().collect();
    let last = days.split_off(n_learnt);
    let first = History {
        routes: days.into_iter().flatten().cloned().collect(),
    };
    let learnt = learn(&first);
    let mut promotion = Promotion {
        days_learnt: n_learnt,
        days_held_out: n_held_out,
        arrivals: 0,
        routes: 0,
        current_score: 0.0,
        learnt_score: 0.0,
        difference: None,
    };
    let mut differences = Vec::new();
    for routes in &last {
        let scores = [current, &learnt].map(|noise| scores(routes, noise));
        for (current, learnt) in scores[0].iter().zip(&scores[1]) {
            let (Some(current), Some(learnt)) = (current.mean(), learnt.mean()) else {
                continue;
            };
            promotion.current_score += current;
            promotion.learnt_score += learnt;
            differences.push(learnt - current);
        }
        promotion.arrivals += scores[0].iter().map(|score| score.n).sum::<usize>();
    }
    promotion.routes = differences.len();
    promotion.current_score /= differences.len().max(1) as f64;
    promotion.learnt_score /= differences.len().max(1) as f64;
    // Days have their traffic in common: a single one proves nothing.
    promotion.difference = resample::estimate(&differences).filter(|_| n_held_out >= 2);
    promotion
}

/// Scores of a route in the making.
#[derive(Clone, Copy, Debug, Default)]
struct Score {
    sum: f64,
    n: usize,
}

impl Score {
    fn mean(self) -> Option<f64> {
        (self.n > 0).then(|| self.sum / self.n as f64)
    }
}

/// Scores of the arrivals of each of the `routes` of a day, forecast by `noise`.
fn scores(routes: &[&RecordedRoute], noise: &NoiseModel) -> Vec<Score> {
    let options = ForecastOptions {
        scenarios: SCENARIOS,
        seed: SEED,
        noise: Some(noise.clone()),
        ..ForecastOptions::default()
    };
    let happened: Vec<BTreeMap<usize, f64>> = (routes.iter())
        .map(|route| arrivals(route).collect())
        .collect();
    let mut scores = vec![Score::default(); routes.len()];
    for promise in forecast_recorded(routes, &options).promises {
        let sample: Vec<f64> = promise.arrivals.iter().copied().map(f64::from).collect();
        let arrival = happened[promise.route].get(&promise.stop);
        if let Some(score) = arrival.and_then(|arrival| crps(&sample, *arrival)) {
            scores[promise.route].sum += score;
            scores[promise.route].n += 1;
        }
    }
    scores
}

/// Name of what is learnt from `history`: its last day, and a digest of all it says.
fn version(history: &History) -> String {
    let last = history.routes.iter().map(|route| route.day).max();
    let date = last.and_then(|day| jiff::Timestamp::from_second(day.0).ok());
    let date = date.map_or_else(
        || "never".to_owned(),
        |date| date.strftime("%Y-%m-%d").to_string(),
    );
    let digest = digest(history);
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{date}-{digest}")
}

/// First bytes of the SHA-256 of everything in `history`.
fn digest(history: &History) -> [u8; 4] {
    let mut digest = Sha256::new();
    let mut text = |text: &str| {
        digest.update((text.len() as u64).to_le_bytes());
        digest.update(text);
    };
    for route in &history.routes {
        text(route.courier.as_str());
        text(route.depot.as_ref().map_or("", |depot| depot.as_str()));
        let mut numbers = vec![route.day.0, route.planned_departure.0, route.departure.0];
        for stop in &route.stops {
            match &stop.purpose {
                RecordedPurpose::Order(order) => {
                    text(order.id.as_str());
                    text(order.zone.as_str());
                    numbers.extend([order.promised_start.0, order.promised_end.0]);
                }
                RecordedPurpose::Reload => text("reload"),
                RecordedPurpose::Break => text("break"),
            }
            numbers.extend([
                stop.planned_travel.0,
                stop.planned_service.0,
                stop.planned_arrival.0,
                stop.arrival.0,
                stop.service_start.0,
                stop.departure.0,
            ]);
        }
        for number in numbers {
            text(&number.to_string());
        }
    }
    let digest = digest.finalize();
    std::array::from_fn(|at| digest[at])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BiasCell, OrderId, RecordedOrder, RecordedStop, ZoneId};
    use crate::rng;
    use crate::units::Seconds;
    use rand::RngExt;

    /// Four couriers with ten stops a day each, who take `travel` times as long on the way as planned, and serve as long as
    /// planned, give or take.
    fn history(n_days: i64, travel: f64) -> History {
        let mut draws = rng::stream(3, &[n_days.cast_unsigned()]);
        let mut factor = |sigma: f64| {
            let sum: f64 = (0..12).map(|_| draws.random_range(-0.5..0.5)).sum();
            (sigma * sum).exp()
        };
        #[expect(clippy::cast_possible_truncation, reason = "seconds of a test")]
        let seconds = |value: f64| Seconds(value.round() as i64);
        let mut routes = Vec::new();
        for (day, courier) in (0..n_days).flat_map(|day| (0..4).map(move |courier| (day, courier)))
        {
            let start = Timestamp(day * 86_400 + 8 * 3_600);
            let departure = start + seconds(200.0 * factor(1.0));
            let mut clock = departure;
            let mut planned = start;
            let stop = |at: i64| {
                let before = clock;
                let arrival = before + seconds(900.0 * travel * factor(0.25));
                let departure = arrival + seconds(400.0 * factor(0.4));
                planned = planned + Seconds(if at == 0 { 900 } else { 1_300 });
                clock = departure;
                RecordedStop {
                    purpose: RecordedPurpose::Order(RecordedOrder {
                        id: OrderId::parse(&format!("o-{courier}-{at}")).unwrap(),
                        zone: ZoneId::parse(["north", "south"][usize::from(at < 5)]).unwrap(),
                        promised_start: start,
                        promised_end: start + Seconds(36_000),
                    }),
                    planned_travel: Seconds(900),
                    planned_service: Seconds(400),
                    planned_arrival: planned,
                    arrival,
                    service_start: arrival,
                    departure,
                }
            };
            routes.push(RecordedRoute {
                day: Timestamp(day * 86_400),
                courier: CourierId::parse(&format!("c-{courier}")).unwrap(),
                depot: None,
                planned_departure: start,
                departure,
                stops: (0..10).map(stop).collect(),
            });
        }
        History { routes }
    }

    fn teach(history: &History, current: &NoiseModel) -> Taught {
        taught(history, current, HELD_OUT_SHARE)
    }

    #[test]
    fn what_forecasts_slow_travel_better_is_promoted() {
        let history = history(36, 1.3);
        let taught = teach(&history, &NoiseModel::default());
        let promotion = taught.promotion;
        assert_eq!(promotion.verdict(), Verdict::Better, "{promotion:?}");
        assert_eq!((promotion.days_learnt, promotion.days_held_out), (24, 12));
        assert_eq!((promotion.routes, promotion.arrivals), (48, 480));
        assert!(promotion.learnt_score < promotion.current_score);
        let everywhere = BiasCell {
            zone: None,
            hour: None,
        };
        let bias = taught.learnt.noise.travel_biases[&everywhere];
        assert!((bias.mean - 1.3_f64.ln()).abs() < 0.05, "{bias:?}");
        // Taught again, it has nothing new to say.
        let again = teach(&history, &taught.learnt.noise);
        assert_eq!(again.promotion.verdict(), Verdict::Open, "{again:?}");
    }

    #[test]
    fn what_forecasts_the_last_days_worse_is_not_promoted() {
        let mut history = history(36, 1.0);
        let good = teach(&history, &NoiseModel::default()).learnt.noise;
        // On the first two thirds of the days the way took twice as long.
        let slow = super::tests::history(24, 2.0);
        history.routes.splice(..96, slow.routes);
        let promotion = teach(&history, &good).promotion;
        assert_eq!(promotion.verdict(), Verdict::Worse, "{promotion:?}");
    }

    #[test]
    fn histories_without_a_day_to_compare_on_are_not_judged() {
        for n_days in [0, 1, 2, 4] {
            let taught = teach(&history(n_days, 1.0), &NoiseModel::default());
            assert_eq!(taught.promotion.verdict(), Verdict::Unknown, "{n_days}");
            assert!(!taught.learnt.is_calibrated());
            let learnt = &taught.learnt.noise;
            assert_eq!(learnt.day_sigma.to_bits(), 0.05_f64.to_bits());
        }
    }

    #[test]
    fn a_version_names_the_last_day_and_changes_with_the_history() {
        let history = history(12, 1.0);
        let named = version(&history);
        assert!(named.starts_with("1970-01-12-"), "{named}");
        assert_eq!(named, version(&history.clone()));
        let mut other = history;
        other.routes[0].stops[0].arrival = other.routes[0].stops[0].arrival + Seconds(1);
        assert_ne!(named, version(&other));
        assert_eq!(version(&History::default()), "never-e3b0c442");
    }

    #[test]
    fn biases_of_zones_are_learnt_and_forecast() {
        let mut history = history(36, 1.0);
        for route in &mut history.routes {
            let mut late = Seconds(0);
            for stop in &mut route.stops {
                let RecordedPurpose::Order(order) = &stop.purpose else {
                    continue;
                };
                if order.zone.as_str() == "north" {
                    late += Seconds(300);
                }
                for moment in [
                    &mut stop.arrival,
                    &mut stop.service_start,
                    &mut stop.departure,
                ] {
                    *moment = *moment + late;
                }
            }
        }
        let taught = teach(&history, &NoiseModel::default());
        let bias = |zone: &str| {
            let cell = BiasCell {
                zone: ZoneId::parse(zone).ok(),
                hour: None,
            };
            taught.learnt.noise.travel_biases[&cell]
        };
        let apart = bias("north").mean - bias("south").mean;
        assert!((apart - (4.0_f64 / 3.0).ln()).abs() < 0.05, "{apart}");
        assert_eq!(taught.promotion.verdict(), Verdict::Better);
    }
}

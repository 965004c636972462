//! Travel: the bias of planned times, traffic of day and hour, couriers' driving, and single legs.

use std::collections::BTreeMap;

use super::moments::{Equation, Nested, Pairs, Value, fit};
use super::observe::Leg;
use crate::forecast::spread::SLOT;
use crate::model::NoiseModel;
use crate::units::Seconds;

/// Residuals farther out than so many robust standard deviations are cut off there.
const CUT: f64 = 5.0;

/// A robust standard deviation is the median distance from the median times this: right for the normal law.
const MAD_TO_SIGMA: f64 = 1.482_6;

/// Time constants that are tried, in slots of half an hour.
const MEMORIES: [f64; 8] = [1.0, 2.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0];

/// Rounds of estimating the mean of logarithms from the variance of legs and the variance from the mean.
const ROUNDS: usize = 4;

/// Variances of logarithms of travel times, and their mean.
#[derive(Clone, Debug)]
pub(super) struct Travel {
    /// Mean logarithm of actual by planned times of an average courier, each corrected for the variance of its own leg.
    pub(super) center: f64,
    pub(super) day: f64,
    pub(super) hour_city: f64,
    pub(super) hour_zone: f64,
    pub(super) memory: Seconds,
    /// `None` if couriers cannot be told apart.
    pub(super) lasting: Option<f64>,
    pub(super) daily: f64,
    /// The part of legs that does not depend on their length, and the part that falls with it.
    pub(super) leg: [f64; 2],
    /// Mean residual and number of legs by courier.
    pub(super) couriers: Vec<(f64, usize)>,
}

/// The variance of a leg.
fn leg_variance(leg: &Leg, [fixed, per_minute]: [f64; 2]) -> f64 {
    (fixed + per_minute / leg.minutes).min(1.0)
}

/// Estimates everything from `legs`, starting at what `prior` says of legs.
pub(super) fn travel(legs: &[Leg], n_couriers: usize, prior: &NoiseModel) -> Travel {
    let mut spread = [prior.leg_variance, prior.leg_variance_minutes];
    let logs = trimmed(legs, spread);
    let mut travel = None;
    for _ in 0..ROUNDS {
        let found = round(legs, &logs, spread, n_couriers);
        spread = found.leg;
        travel = Some(found);
    }
    travel.unwrap_or_else(|| round(legs, &logs, spread, n_couriers))
}

/// The logarithms with outliers cut off.
fn trimmed(legs: &[Leg], spread: [f64; 2]) -> Vec<f64> {
    let sigma = |leg: &Leg| leg_variance(leg, spread).sqrt().max(0.05);
    let scaled: Vec<f64> = legs.iter().map(|leg| leg.log / sigma(leg)).collect();
    let center = median(scaled.clone());
    let distances = scaled.iter().map(|value| (value - center).abs()).collect();
    let reach = CUT * (MAD_TO_SIGMA * median(distances)).max(0.2);
    let cut = |(value, leg): (&f64, &Leg)| value.clamp(center - reach, center + reach) * sigma(leg);
    scaled.iter().zip(legs).map(cut).collect()
}

/// The middle value; 0 of none.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

fn round(legs: &[Leg], logs: &[f64], spread: [f64; 2], n_couriers: usize) -> Travel {
    let corrected = (legs.iter().zip(logs)).map(|(leg, log)| log + leg_variance(leg, spread) / 2.0);
    let corrected: Vec<f64> = corrected.collect();
    let center = corrected.iter().sum::<f64>() / corrected.len().max(1) as f64;
    let residuals: Vec<f64> = corrected.iter().map(|value| value - center).collect();
    let values = legs.iter().zip(&residuals).map(|(leg, value)| Value {
        day: leg.day,
        courier: leg.courier,
        value: *value,
    });
    let nested = Nested::of(values);
    let shared = Shared::of(legs, &residuals, &nested);
    let common = nested.apart + nested.lasting.unwrap_or(0.0) + shared.sum();
    let mut sums = vec![(0.0, 0); n_couriers];
    for (leg, value) in legs.iter().zip(&residuals) {
        let (sum, n) = &mut sums[leg.courier];
        *sum += value;
        *n += 1;
    }
    let mean = |(sum, n): (f64, usize)| (sum / n.max(1) as f64, n);
    Travel {
        center,
        day: shared.day,
        hour_city: shared.hour_city,
        hour_zone: shared.hour_zone,
        memory: shared.memory,
        lasting: nested.lasting,
        daily: shared.courier,
        leg: leg_spread(legs, &residuals, common, spread),
        couriers: sums.into_iter().map(mean).collect(),
    }
}

/// What is left of the variance of legs besides what they have in `common`, split by their length.
fn leg_spread(legs: &[Leg], residuals: &[f64], common: f64, before: [f64; 2]) -> [f64; 2] {
    let equations = legs.iter().zip(residuals).map(|(leg, residual)| {
        let expected = leg_variance(leg, before) + common.max(0.0);
        Equation {
            terms: [1.0, 1.0 / leg.minutes],
            value: residual * residual - common,
            weight: 1.0 / (expected * expected).max(1e-8),
        }
    });
    fit(&equations.collect::<Vec<_>>()).0
}

/// What legs of one day have in common.
#[derive(Clone, Copy, Debug, Default)]
struct Shared {
    day: f64,
    hour_city: f64,
    hour_zone: f64,
    /// Of one courier on the day only.
    courier: f64,
    memory: Seconds,
}

impl Shared {
    fn sum(&self) -> f64 {
        self.day + self.hour_city + self.hour_zone + self.courier
    }

    /// Products of residuals of one day tell apart what depends on the time between, on zone and on courier.
    fn of(legs: &[Leg], residuals: &[f64], nested: &Nested) -> Self {
        let classes = same_day(legs, residuals);
        let lasting = nested.lasting.unwrap_or(0.0);
        let fits = MEMORIES.iter().map(|memory| {
            let equations = classes.iter().filter_map(|(class, pairs)| {
                let is = |is: bool| f64::from(u8::from(is));
                let fading = (-(class.lag as f64) / memory).exp();
                let courier = is(class.is_same_courier);
                Some(Equation {
                    terms: [1.0, courier, fading, fading * is(class.is_same_zone)],
                    value: pairs.mean()? - nested.apart - lasting * courier,
                    weight: pairs.n,
                })
            });
            (memory, fit(&equations.collect::<Vec<_>>()))
        });
        let best = fits.min_by(|(_, (_, a)), (_, (_, b))| a.total_cmp(b));
        let Some((memory, ([day, courier, hour_city, hour_zone], _))) = best else {
            return Self::default();
        };
        #[expect(clippy::cast_possible_truncation, reason = "a few slots")]
        let slots = *memory as i64;
        Self {
            day,
            hour_city,
            hour_zone,
            courier,
            memory: Seconds(SLOT * slots),
        }
    }
}

/// What two legs of one day have in common besides the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Class {
    /// Slots between their planned departures.
    lag: u64,
    is_same_courier: bool,
    is_same_zone: bool,
}

/// Products of residuals of two legs of one day, by what else they share.
///
/// Shape: time in the square of the legs of a day.
fn same_day(legs: &[Leg], residuals: &[f64]) -> BTreeMap<Class, Pairs> {
    let mut days: BTreeMap<usize, Vec<(&Leg, f64)>> = BTreeMap::new();
    for (leg, residual) in legs.iter().zip(residuals) {
        days.entry(leg.day).or_default().push((leg, *residual));
    }
    let mut classes: BTreeMap<Class, Pairs> = BTreeMap::new();
    for legs in days.values() {
        for (at, (leg, residual)) in legs.iter().enumerate() {
            for (other, other_residual) in &legs[..at] {
                let class = Class {
                    lag: leg.slot.abs_diff(other.slot),
                    is_same_courier: leg.courier == other.courier,
                    is_same_zone: leg.zone == other.zone,
                };
                let pairs = classes.entry(class).or_default();
                pairs.sum += residual * other_residual;
                pairs.n += 1.0;
            }
        }
    }
    classes
}

//! Travel: the bias of planned times, traffic of day and hour, couriers' driving, and single legs.

use std::collections::BTreeMap;

use super::cells::{Sample, effects};
use super::moments::{Equation, Nested, Pairs, Value, fit};
use super::observe::Leg;
use super::traffic::{Context, Traffic, traffic};
use super::whole;
use crate::forecast::spread::SLOT;
use crate::model::{LogFactor, NoiseModel};
use crate::units::Seconds;

/// Residuals farther out than so many robust standard deviations are cut off there.
const CUT: f64 = 5.0;

/// A robust standard deviation is the median distance from the median times this: right for the normal law.
const MAD_TO_SIGMA: f64 = 1.482_6;

/// Rounds of estimating the mean of logarithms from the variance of legs and the variance from the mean.
const ROUNDS: usize = 4;

/// Rounds of estimating what zones and couriers have in common from the memory of the hour's traffic, and the memory from
/// that.
const MEMORY_ROUNDS: usize = 2;

/// Variances of logarithms of travel times, and their mean.
#[derive(Clone, Debug)]
pub(super) struct Travel {
    /// Mean logarithm of actual by planned times of an average courier, each corrected for the variance of its own leg.
    pub(super) center: f64,
    /// How far zones and hours are off that.
    pub(super) cells: Cells,
    pub(super) traffic: Traffic,
    /// Share of the variance of the hour's traffic that the city has in common; `None` if there is none.
    pub(super) city_share: Option<f64>,
    /// `None` if couriers cannot be told apart.
    pub(super) lasting: Option<f64>,
    pub(super) daily: f64,
    /// The part of legs that does not depend on their length, and the part that falls with it.
    pub(super) leg: [f64; 2],
    /// Mean residual and number of legs by courier.
    pub(super) couriers: Vec<(f64, usize)>,
}

/// How far single zones and hours are off the average: each adds to those before.
#[derive(Clone, Debug, Default)]
pub(super) struct Cells {
    pub(super) zones: BTreeMap<usize, LogFactor>,
    pub(super) hours: BTreeMap<u8, LogFactor>,
    pub(super) both: BTreeMap<(usize, u8), LogFactor>,
}

impl Cells {
    fn of(legs: &[Leg], values: &[f64]) -> Self {
        let mut cells = Self::default();
        cells.zones = effects(&cells.samples(legs, values, |leg| leg.zone));
        cells.hours = effects(&cells.samples(legs, values, |leg| leg.hour));
        cells.both = effects(&cells.samples(legs, values, |leg| (leg.zone, leg.hour)));
        cells
    }

    /// What is left of `values` besides the effects so far, by cell.
    fn samples<K>(&self, legs: &[Leg], values: &[f64], cell: fn(&Leg) -> K) -> Vec<Sample<K>> {
        let samples = legs.iter().zip(values).map(|(leg, value)| Sample {
            cell: cell(leg),
            day: leg.day,
            courier: leg.courier,
            value: value - self.effect(leg.zone, leg.hour).mean,
        });
        samples.collect()
    }

    /// How far a zone at an hour is off the average.
    pub(super) fn effect(&self, zone: usize, hour: u8) -> LogFactor {
        let parts = [
            self.zones.get(&zone),
            self.hours.get(&hour),
            self.both.get(&(zone, hour)),
        ];
        let parts = || parts.iter().flatten();
        LogFactor {
            mean: parts().map(|part| part.mean).sum(),
            sigma: parts().map(|part| part.sigma.powi(2)).sum::<f64>().sqrt(),
        }
    }
}

/// The variance of a leg.
pub(super) fn leg_variance(leg: &Leg, [fixed, per_minute]: [f64; 2]) -> f64 {
    (fixed + per_minute / leg.minutes).min(1.0)
}

/// Estimates everything from `legs`, starting at what `prior` says of legs.
pub(super) fn travel(legs: &[Leg], n_couriers: usize, prior: &NoiseModel) -> Travel {
    let mut spread = [prior.leg_variance, prior.leg_variance_minutes];
    let logs = trimmed(legs, spread);
    let memory = prior.hour_time_constant;
    let mut found = round(legs, &logs, spread, n_couriers, memory, None);
    for _ in 1..ROUNDS {
        spread = found.leg;
        found = round(legs, &logs, spread, n_couriers, memory, None);
    }
    for _ in 0..MEMORY_ROUNDS {
        let (_, residuals) = centered(residuals(legs, &logs, spread, &found.cells));
        let context = Context {
            residuals: &residuals,
            couriers: &found.couriers,
            spread: found.leg,
            city_share: found.city_share.unwrap_or(prior.city_share),
            daily: found.daily,
            memory: prior.hour_time_constant,
        };
        let traffic = traffic(legs, &context);
        spread = found.leg;
        let again = round(
            legs,
            &logs,
            spread,
            n_couriers,
            whole(traffic.memory.value),
            None,
        );
        found = Travel { traffic, ..again };
    }
    found
}

/// The same from some of the legs that `all` rests on, traffic and biases of cells taken from there.
pub(super) fn again(legs: &[Leg], n_couriers: usize, prior: &NoiseModel, all: &Travel) -> Travel {
    let logs = trimmed(legs, [prior.leg_variance, prior.leg_variance_minutes]);
    let memory = whole(all.traffic.memory.value);
    let found = round(legs, &logs, all.leg, n_couriers, memory, Some(&all.cells));
    Travel {
        traffic: all.traffic,
        ..found
    }
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

/// The logarithms with half of the variance of each leg added, less what its cell is off.
fn residuals(legs: &[Leg], logs: &[f64], spread: [f64; 2], cells: &Cells) -> Vec<f64> {
    let residual = |(leg, log): (&Leg, &f64)| {
        log + leg_variance(leg, spread) / 2.0 - cells.effect(leg.zone, leg.hour).mean
    };
    legs.iter().zip(logs).map(residual).collect()
}

/// Mean of values, and how far each is off it.
fn centered(mut values: Vec<f64>) -> (f64, Vec<f64>) {
    let center = values.iter().sum::<f64>() / values.len().max(1) as f64;
    values.iter_mut().for_each(|value| *value -= center);
    (center, values)
}

fn round(
    legs: &[Leg],
    logs: &[f64],
    spread: [f64; 2],
    n_couriers: usize,
    memory: Seconds,
    known: Option<&Cells>,
) -> Travel {
    let cells = match known {
        Some(cells) => cells.clone(),
        None => Cells::of(legs, &residuals(legs, logs, spread, &Cells::default())),
    };
    let (center, residuals) = centered(residuals(legs, logs, spread, &cells));
    let values = legs.iter().zip(&residuals).map(|(leg, value)| Value {
        day: leg.day,
        courier: leg.courier,
        value: *value,
    });
    let nested = Nested::of(values);
    let shared = Shared::of(legs, &residuals, &nested, memory);
    let common = nested.apart + nested.lasting.unwrap_or(0.0) + shared.sum();
    let mut sums = vec![(0.0, 0); n_couriers];
    for (leg, value) in legs.iter().zip(&residuals) {
        let (sum, n) = &mut sums[leg.courier];
        *sum += value;
        *n += 1;
    }
    let mean = |(sum, n): (f64, usize)| (sum / n.max(1) as f64, n);
    let hour = shared.hour_city + shared.hour_zone;
    Travel {
        center,
        cells,
        traffic: Traffic::default(),
        city_share: (hour > 0.0).then(|| shared.hour_city / hour),
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

/// Variances of what legs of one day have in common.
#[derive(Clone, Copy, Debug, Default)]
struct Shared {
    day: f64,
    hour_city: f64,
    hour_zone: f64,
    /// Of one courier on the day only.
    courier: f64,
}

impl Shared {
    fn sum(&self) -> f64 {
        self.day + self.hour_city + self.hour_zone + self.courier
    }

    /// Products of residuals of one day tell apart what depends on the time between, on zone and on courier, where the
    /// hour's traffic forgets in `memory`.
    fn of(legs: &[Leg], residuals: &[f64], nested: &Nested, memory: Seconds) -> Self {
        let slots = memory.0.max(1) as f64 / SLOT as f64;
        let lasting = nested.lasting.unwrap_or(0.0);
        let classes = same_day(legs, residuals);
        let equations = classes.iter().flat_map(|(lag, of_lag)| {
            let fading = (-(*lag as f64) / slots).exp();
            of_lag.classes().into_iter().filter_map(move |class| {
                let [courier, zone] = [class.is_same_courier, class.is_same_zone];
                let [courier, zone] = [courier, zone].map(|is| f64::from(u8::from(is)));
                Some(Equation {
                    terms: [1.0, courier, fading, fading * zone],
                    value: class.pairs.mean()? - nested.apart - lasting * courier,
                    weight: class.pairs.n,
                })
            })
        });
        let equations: Vec<Equation<4>> = equations.collect();
        let ([day, courier, hour_city, hour_zone], _) = fit(&equations);
        Self {
            day,
            hour_city,
            hour_zone,
            courier,
        }
    }
}

/// Products of residuals of two legs of one day with so many slots between them, by what else they share.
#[derive(Clone, Copy, Debug, Default)]
struct Lag {
    any: Pairs,
    courier: Pairs,
    zone: Pairs,
    both: Pairs,
}

/// Products of two legs of one day that share the same besides the day.
#[derive(Clone, Copy, Debug)]
struct Class {
    is_same_courier: bool,
    is_same_zone: bool,
    pairs: Pairs,
}

impl Lag {
    /// The pairs that share exactly so much.
    fn classes(&self) -> [Class; 4] {
        let class = |is_same_courier, is_same_zone, pairs| Class {
            is_same_courier,
            is_same_zone,
            pairs,
        };
        let none = (self.any.without(self.courier).without(self.zone)).with(self.both);
        [
            class(true, true, self.both),
            class(true, false, self.courier.without(self.both)),
            class(false, true, self.zone.without(self.both)),
            class(false, false, none),
        ]
    }
}

/// Products of residuals of two legs of one day, by the slots between their planned departures.
///
/// Shape: time in the number of legs, and in the square of the slots of a day in which there are any, for each courier and
/// zone.
fn same_day(legs: &[Leg], residuals: &[f64]) -> BTreeMap<u64, Lag> {
    let mut lags: BTreeMap<u64, Lag> = BTreeMap::new();
    lagged(legs, residuals, |_| 0, &mut lags, |lag| &mut lag.any);
    let courier = |leg: &Leg| leg.courier;
    lagged(legs, residuals, courier, &mut lags, |lag| &mut lag.courier);
    lagged(
        legs,
        residuals,
        |leg| leg.zone,
        &mut lags,
        |lag| &mut lag.zone,
    );
    let both = |leg: &Leg| (leg.courier, leg.zone);
    lagged(legs, residuals, both, &mut lags, |lag| &mut lag.both);
    lags
}

/// Adds to a part of each of `lags` the products of all two legs of one day that have the same key.
fn lagged<K: Ord>(
    legs: &[Leg],
    residuals: &[f64],
    key: impl Fn(&Leg) -> K,
    lags: &mut BTreeMap<u64, Lag>,
    part: impl Fn(&mut Lag) -> &mut Pairs,
) {
    let mut groups: BTreeMap<(usize, K), BTreeMap<i64, [f64; 3]>> = BTreeMap::new();
    for (leg, residual) in legs.iter().zip(residuals) {
        let slots = groups.entry((leg.day, key(leg))).or_default();
        let [n, sum, squares] = slots.entry(leg.slot).or_default();
        *n += 1.0;
        *sum += residual;
        *squares += residual * residual;
    }
    for slots in groups.into_values() {
        let slots: Vec<(i64, [f64; 3])> = slots.into_iter().collect();
        for (at, (slot, [n, sum, squares])) in slots.iter().enumerate() {
            let own = part(lags.entry(0).or_default());
            own.sum += (sum * sum - squares) / 2.0;
            own.n += n * (n - 1.0) / 2.0;
            for (before, [other_n, other_sum, _]) in &slots[..at] {
                let pairs = part(lags.entry(slot.abs_diff(*before)).or_default());
                pairs.sum += sum * other_sum;
                pairs.n += n * other_n;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pairs_of_a_day_agree_with_multiplying_them_out(
            legs in prop::collection::vec((0..2_usize, 0..3_usize, 0..2_usize, 0..4_i64, -1.0..1.0), 1..30)
        ) {
            let leg = |&(day, courier, zone, slot, log): &(usize, usize, usize, i64, f64)| Leg {
                day, courier, zone, slot, hour: 0, minutes: 5.0, log,
            };
            let legs: Vec<Leg> = legs.iter().map(leg).collect();
            let residuals: Vec<f64> = legs.iter().map(|leg| leg.log).collect();
            let mut slow: BTreeMap<(u64, bool, bool), Pairs> = BTreeMap::new();
            for (at, leg) in legs.iter().enumerate() {
                for other in legs[..at].iter().filter(|other| other.day == leg.day) {
                    let lag = leg.slot.abs_diff(other.slot);
                    let key = (lag, leg.courier == other.courier, leg.zone == other.zone);
                    let pairs = slow.entry(key).or_default();
                    pairs.sum += leg.log * other.log;
                    pairs.n += 1.0;
                }
            }
            for (lag, of_lag) in same_day(&legs, &residuals) {
                for class in of_lag.classes() {
                    let key = (lag, class.is_same_courier, class.is_same_zone);
                    let expected = slow.get(&key).copied().unwrap_or_default();
                    prop_assert!((class.pairs.n - expected.n).abs() < 1e-9);
                    prop_assert!((class.pairs.sum - expected.sum).abs() < 1e-9);
                }
            }
        }
    }
}

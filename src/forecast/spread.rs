//! The noise model as the simulation uses it: single precision, sane values only.

use std::collections::BTreeMap;

use super::draws;
use crate::model::{BiasCell, CourierId, DepotId, LogFactor, NoiseModel};
use crate::units::Seconds;

/// Length of a slot of the hour's traffic in seconds.
pub(super) const SLOT: i64 = 30 * 60;

/// The largest standard deviation of a logarithm that is simulated.
const SIGMA_MAX: f64 = 2.0;

/// The largest variance of a leg's logarithm: very short legs are noisy, but not without limit.
const LEG_VARIANCE_MAX: f64 = 1.0;

/// Durations beyond this (ten years) are not simulated.
const SECONDS_MAX: f64 = 3e8;

/// The largest mean of a logarithm that is simulated, either way.
const LOG_MEAN_MAX: f64 = 3.0;

/// A factor: mean and standard deviation of its logarithm before the correction that makes its mean `exp(mean)`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Factor {
    pub(super) mean: f32,
    pub(super) sigma: f32,
}

impl Factor {
    fn of(factor: LogFactor) -> Self {
        Self {
            mean: narrow(factor.mean.clamp(-LOG_MEAN_MAX, LOG_MEAN_MAX)).max(f32::MIN),
            sigma: narrow(within(factor.sigma, SIGMA_MAX)),
        }
    }

    /// The same factor, varying by `sigma` on top.
    fn widened(self, sigma: f32) -> Self {
        Self {
            sigma: (self.sigma * self.sigma + sigma * sigma).sqrt(),
            ..self
        }
    }
}

/// A learnt bias: a factor with the key of the noise that says how far off it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bias {
    pub(super) key: u64,
    pub(super) factor: Factor,
}

/// A group of factors that can be held at its mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// Traffic and single legs.
    Traffic,
    /// Couriers' driving and pace.
    Courier,
    /// Services and incidents.
    Service,
    /// Delays at the start.
    Start,
}

/// The law of delays at the start.
#[derive(Clone, Copy, Debug)]
pub(super) enum StartDelay<'a> {
    /// A gamma distribution whose mean, in seconds, is its standard deviation: the exponential.
    Exponential(f32),
    /// Seconds at equally spaced probabilities from 0 to 1, two at least, with straight lines between them.
    Quantiles(&'a [f32]),
}

/// What a courier's whole shift has in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct CourierSpread<'a> {
    pub(super) drive: Factor,
    pub(super) pace: Factor,
    pub(super) start_delay: StartDelay<'a>,
}

/// A noise model made ready for simulation.
///
/// Whatever the model says, values are finite and inside the range that the arithmetic is made for: what is negative
/// or not a number counts as zero, what is too large as the largest.
#[derive(Clone, Debug)]
pub(super) struct Spread {
    pub(super) day: f32,
    /// The hour's traffic that the whole city has in common.
    pub(super) hour_city: f32,
    /// The hour's traffic that a zone has of its own.
    pub(super) hour_zone: f32,
    /// Correlation of the hour's traffic from one slot to the next.
    pub(super) hour_memory: f32,
    pub(super) service: f32,
    /// Logarithm of the chance of an incident.
    pub(super) incident_ln: f32,
    /// Seconds.
    pub(super) incident_mean: f32,
    /// Seconds that every service takes on top: those of incidents where they are held at their mean.
    pub(super) incident_sure: f32,
    leg_variance: f64,
    leg_variance_minutes: f64,
    /// Of couriers of whom nothing is known.
    drive: Factor,
    pace: Factor,
    couriers: BTreeMap<CourierId, (Factor, Factor)>,
    travel_biases: BTreeMap<BiasKey, Bias>,
    service_biases: BTreeMap<Option<u64>, Bias>,
    /// Seconds.
    start_delay: f32,
    /// Where delays are held at their mean: that of `start_delay`, as quantiles.
    start_sure: Option<[f32; 2]>,
    start_delays: BTreeMap<DepotId, Vec<f32>>,
}

/// Key of a zone, if not all, and hour of the day in UTC, if not all.
type BiasKey = (Option<u64>, Option<u8>);

impl Spread {
    pub(super) fn new(noise: &NoiseModel) -> Self {
        let sigma = |value| narrow(within(value, SIGMA_MAX));
        let seconds = |span: Seconds| narrow(within(span.0 as f64, SECONDS_MAX));
        let memory = noise.hour_time_constant.0.max(0) as f64;
        let share = within(noise.city_share, 1.0);
        let hour = within(noise.hour_sigma, SIGMA_MAX);
        Self {
            day: sigma(noise.day_sigma),
            hour_city: narrow(hour * share.sqrt()),
            hour_zone: narrow(hour * (1.0 - share).sqrt()),
            hour_memory: narrow((-(SLOT as f64) / memory).exp()),
            service: sigma(noise.service_sigma),
            incident_ln: narrow(within(noise.incident_probability, 1.0).ln()).max(f32::MIN),
            incident_mean: seconds(noise.incident_mean),
            incident_sure: 0.0,
            leg_variance: within(noise.leg_variance, LEG_VARIANCE_MAX),
            leg_variance_minutes: within(noise.leg_variance_minutes, f64::MAX),
            drive: Factor::default().widened(sigma(noise.courier_drive_sigma)),
            pace: Factor::default().widened(sigma(noise.courier_service_sigma)),
            couriers: known_couriers(noise),
            travel_biases: (noise.travel_biases.iter())
                .map(|(cell, factor)| (bias_key(cell), Bias::of(cell, *factor)))
                .collect(),
            service_biases: (noise.service_biases.iter())
                .map(|(zone, factor)| {
                    let cell = BiasCell {
                        zone: zone.clone(),
                        hour: None,
                    };
                    (bias_key(&cell).0, Bias::of(&cell, *factor))
                })
                .collect(),
            start_delay: seconds(noise.start_delay),
            start_sure: None,
            start_delays: (noise.start_delays.iter())
                .filter(|(_, quantiles)| quantiles.len() > 1)
                .map(|(depot, quantiles)| {
                    let quantiles = quantiles.iter().copied().map(seconds).collect();
                    (depot.clone(), quantiles)
                })
                .collect(),
        }
    }

    /// What the whole shift of `courier` has in common if it begins at `depot`.
    pub(super) fn courier(
        &self,
        courier: &CourierId,
        depot: Option<&DepotId>,
    ) -> CourierSpread<'_> {
        let unknown = (self.drive, self.pace);
        let (drive, pace) = self.couriers.get(courier).copied().unwrap_or(unknown);
        let of_depot = depot.and_then(|depot| self.start_delays.get(depot));
        let sure = self.start_sure.as_ref().map(<[f32; 2]>::as_slice);
        let quantiles = of_depot.map(Vec::as_slice).or(sure);
        CourierSpread {
            drive,
            pace,
            start_delay: match quantiles {
                Some(quantiles) => StartDelay::Quantiles(quantiles),
                None => StartDelay::Exponential(self.start_delay),
            },
        }
    }

    /// The same spread with one group of factors held at its mean.
    pub(super) fn without(&self, cause: Cause) -> Self {
        let mut calm = self.clone();
        match cause {
            Cause::Traffic => {
                (calm.day, calm.hour_city, calm.hour_zone) = (0.0, 0.0, 0.0);
                (calm.leg_variance, calm.leg_variance_minutes) = (0.0, 0.0);
                let biases = calm.travel_biases.values_mut();
                biases.for_each(|bias| bias.factor.sigma = 0.0);
            }
            Cause::Courier => {
                let known = calm.couriers.values_mut();
                let known = known.flat_map(|(drive, pace)| [drive, pace]);
                let factors = known.chain([&mut calm.drive, &mut calm.pace]);
                factors.for_each(|factor| factor.sigma = 0.0);
            }
            Cause::Service => {
                calm.service = 0.0;
                calm.incident_sure = calm.incident_ln.exp() * calm.incident_mean;
                calm.incident_mean = 0.0;
                let biases = calm.service_biases.values_mut();
                biases.for_each(|bias| bias.factor.sigma = 0.0);
            }
            Cause::Start => {
                let laws = calm.start_delays.values_mut();
                laws.for_each(|quantiles| {
                    let mean = mean_between(quantiles);
                    quantiles.fill(mean);
                });
                calm.start_sure = Some([self.start_delay; 2]);
            }
        }
        calm
    }

    /// Whether it matters to travel in which zone a stop lies.
    pub(super) fn has_zones(&self) -> bool {
        let mut cells = self.travel_biases.keys();
        self.hour_zone > 0.0 || cells.any(|(zone, _)| zone.is_some())
    }

    /// The bias of ways into the zone with key `zone` at an hour of the day.
    pub(super) fn travel_bias(&self, zone: u64, hour: u8) -> Option<Bias> {
        let cells = [
            (Some(zone), Some(hour)),
            (Some(zone), None),
            (None, Some(hour)),
            (None, None),
        ];
        let mut found = cells.iter().filter_map(|cell| self.travel_biases.get(cell));
        found.next().copied()
    }

    /// The bias of services in the zone with key `zone`.
    pub(super) fn service_bias(&self, zone: u64) -> Option<Bias> {
        let cells = [Some(zone), None];
        let mut found = cells
            .iter()
            .filter_map(|cell| self.service_biases.get(cell));
        found.next().copied()
    }

    /// Standard deviation of the logarithm of a leg planned to take `seconds`; legs under a minute count as a minute.
    pub(super) fn leg(&self, seconds: i64) -> f32 {
        let minutes = (seconds as f64 / 60.0).max(1.0);
        let variance = self.leg_variance + self.leg_variance_minutes / minutes;
        narrow(variance.min(LEG_VARIANCE_MAX).sqrt())
    }
}

/// The mean of a law with straight lines between these quantiles at equally spaced probabilities.
fn mean_between(quantiles: &[f32]) -> f32 {
    let pairs = quantiles.windows(2);
    let n_pairs = pairs.len().max(1) as f32;
    pairs.map(|pair| (pair[0] + pair[1]) / 2.0).sum::<f32>() / n_pairs
}

impl Bias {
    /// By how much services or ways are longer than planned, on average.
    pub(super) fn mean_factor(self) -> f32 {
        self.factor.mean.exp()
    }

    fn of(cell: &BiasCell, factor: LogFactor) -> Self {
        let zone = cell.zone.as_ref().map_or("", |zone| zone.as_str());
        let hour = cell.hour.map_or(String::new(), |hour| hour.to_string());
        Self {
            key: draws::key(&format!("{zone} {hour}")),
            factor: Factor::of(factor),
        }
    }
}

fn bias_key(cell: &BiasCell) -> BiasKey {
    let zone = cell.zone.as_ref().map(|zone| draws::key(zone.as_str()));
    (zone, cell.hour)
}

/// Factors on travel and on service of the couriers of whom something is known: that, and what changes from day to day.
fn known_couriers(noise: &NoiseModel) -> BTreeMap<CourierId, (Factor, Factor)> {
    let factor = |known: Option<LogFactor>, whole: f64, daily: f64| {
        let [whole, daily] = [whole, daily].map(|sigma| narrow(within(sigma, SIGMA_MAX)));
        match known {
            Some(known) => Factor::of(known).widened(daily),
            None => Factor::default().widened(whole),
        }
    };
    let couriers = noise.couriers.iter().map(|(id, effect)| {
        let drive = factor(
            effect.drive,
            noise.courier_drive_sigma,
            noise.courier_drive_daily_sigma,
        );
        let pace = factor(
            effect.service,
            noise.courier_service_sigma,
            noise.courier_service_daily_sigma,
        );
        (id.clone(), (drive, pace))
    });
    couriers.collect()
}

/// `value` cut to 0 and `max`; 0 if it is not a number.
fn within(value: f64, max: f64) -> f64 {
    value.max(0.0).min(max)
}

#[expect(clippy::cast_possible_truncation, reason = "loses digits, not range")]
fn narrow(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn short_legs_are_noisier_up_to_a_limit() {
        let spread = Spread::new(&NoiseModel::default());
        assert!((spread.leg(600).powi(2) - 0.076).abs() < 1e-6);
        assert!((spread.leg(0).powi(2) - 0.40).abs() < 1e-6);
        let wild = Spread::new(&NoiseModel {
            leg_variance_minutes: 10.0,
            ..NoiseModel::default()
        });
        assert!((wild.leg(60) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn nonsense_becomes_something_finite() {
        let spread = Spread::new(&NoiseModel {
            day_sigma: f64::NAN,
            hour_sigma: f64::INFINITY,
            hour_time_constant: Seconds(-1),
            incident_probability: 0.0,
            leg_variance_minutes: f64::NAN,
            start_delay: Seconds(i64::MAX),
            ..NoiseModel::default()
        });
        assert_eq!(spread.day.to_bits(), 0.0_f32.to_bits());
        assert!(spread.hour_zone <= 2.0 && spread.hour_memory.to_bits() == 0);
        assert!(spread.incident_ln.is_finite() && spread.start_delay.is_finite());
        assert!(spread.leg(0).is_finite());
    }
}

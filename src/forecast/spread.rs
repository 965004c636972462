//! The noise model as the simulation uses it: single precision, sane values only.

use crate::model::NoiseModel;

/// Length of a slot of the hour's traffic in seconds.
pub(super) const SLOT: i64 = 30 * 60;

/// The largest standard deviation of a logarithm that is simulated.
const SIGMA_MAX: f64 = 2.0;

/// The largest variance of a leg's logarithm: very short legs are noisy, but not without limit.
const LEG_VARIANCE_MAX: f64 = 1.0;

/// Durations beyond this (ten years) are not simulated.
const SECONDS_MAX: f64 = 3e8;

/// A noise model made ready for simulation.
///
/// Whatever the model says, values are finite and inside the range that the arithmetic is made for: what is negative
/// or not a number counts as zero, what is too large as the largest.
#[derive(Clone, Debug)]
pub(super) struct Spread {
    pub(super) day: f32,
    pub(super) hour: f32,
    /// Correlation of the hour's traffic from one slot to the next.
    pub(super) hour_memory: f32,
    pub(super) drive: f32,
    pub(super) pace: f32,
    pub(super) service: f32,
    /// Logarithm of the chance of an incident.
    pub(super) incident_ln: f32,
    /// Seconds.
    pub(super) incident_mean: f32,
    /// Seconds.
    pub(super) start_delay: f32,
    leg_variance: f64,
    leg_variance_minutes: f64,
}

impl Spread {
    pub(super) fn new(noise: &NoiseModel) -> Self {
        let sigma = |value| narrow(within(value, SIGMA_MAX));
        let seconds = |span: crate::units::Seconds| narrow(within(span.0 as f64, SECONDS_MAX));
        let memory = noise.hour_time_constant.0.max(0) as f64;
        Self {
            day: sigma(noise.day_sigma),
            hour: sigma(noise.hour_sigma),
            hour_memory: narrow((-(SLOT as f64) / memory).exp()),
            drive: sigma(noise.courier_drive_sigma),
            pace: sigma(noise.courier_service_sigma),
            service: sigma(noise.service_sigma),
            incident_ln: narrow(within(noise.incident_probability, 1.0).ln()).max(f32::MIN),
            incident_mean: seconds(noise.incident_mean),
            start_delay: seconds(noise.start_delay),
            leg_variance: within(noise.leg_variance, LEG_VARIANCE_MAX),
            leg_variance_minutes: within(noise.leg_variance_minutes, f64::MAX),
        }
    }

    /// Standard deviation of the logarithm of a leg planned to take `seconds`; legs under a minute count as a minute.
    pub(super) fn leg(&self, seconds: i64) -> f32 {
        let minutes = (seconds as f64 / 60.0).max(1.0);
        let variance = self.leg_variance + self.leg_variance_minutes / minutes;
        narrow(variance.min(LEG_VARIANCE_MAX).sqrt())
    }
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
    use crate::units::Seconds;

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
        assert!(spread.hour <= 2.0 && spread.hour_memory.to_bits() == 0);
        assert!(spread.incident_ln.is_finite() && spread.start_delay.is_finite());
        assert!(spread.leg(0).is_finite());
    }
}

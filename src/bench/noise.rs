//! Stresses: the same noise, but more of it.

use crate::analysis::study::Stress;
use crate::model::{BiasCell, LogFactor, NoiseModel};
use crate::units::Seconds;

/// `noise` under `stress`.
///
/// What is known of couriers and biases stays as sure as it is; standard deviations that the simulation has no room for
/// are cut by it.
#[must_use]
pub fn stressed(noise: &NoiseModel, stress: &Stress) -> NoiseModel {
    let mut noise = noise.clone();
    for sigma in [
        &mut noise.day_sigma,
        &mut noise.hour_sigma,
        &mut noise.courier_drive_sigma,
        &mut noise.courier_drive_daily_sigma,
        &mut noise.courier_service_sigma,
        &mut noise.courier_service_daily_sigma,
        &mut noise.service_sigma,
    ] {
        *sigma *= stress.spread;
    }
    for variance in [&mut noise.leg_variance, &mut noise.leg_variance_minutes] {
        *variance *= stress.spread * stress.spread;
    }
    if is_change(stress.travel) {
        let everywhere = BiasCell {
            zone: None,
            hour: None,
        };
        noise.travel_biases.entry(everywhere).or_default();
        noise
            .travel_biases
            .values_mut()
            .for_each(|bias| shift(bias, stress.travel));
    }
    if is_change(stress.service) {
        noise.service_biases.entry(None).or_default();
        noise
            .service_biases
            .values_mut()
            .for_each(|bias| shift(bias, stress.service));
    }
    noise.incident_probability = (noise.incident_probability * stress.incidents).min(1.0);
    scale(&mut noise.start_delay, stress.start_delay);
    let delays = noise.start_delays.values_mut().flatten();
    delays.for_each(|delay| scale(delay, stress.start_delay));
    scale(&mut noise.hour_time_constant, stress.memory);
    noise
}

/// Whether a factor changes anything: exactly 1 does not.
fn is_change(factor: f64) -> bool {
    factor.to_bits() != 1.0_f64.to_bits()
}

fn shift(bias: &mut LogFactor, factor: f64) {
    bias.mean += factor.ln();
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "spans of a day, by factors that are bounded"
)]
fn scale(span: &mut Seconds, factor: f64) {
    if is_change(factor) {
        span.0 = (span.0 as f64 * factor).round() as i64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ZoneId;

    #[test]
    fn without_a_stress_nothing_changes() {
        let noise = NoiseModel::default();
        assert_eq!(stressed(&noise, &Stress::default()), noise);
    }

    #[test]
    fn longer_travel_is_longer_everywhere() {
        let center = BiasCell {
            zone: Some(ZoneId::parse("center").unwrap()),
            hour: None,
        };
        let known = LogFactor {
            mean: 0.2,
            sigma: 0.1,
        };
        let noise = NoiseModel {
            travel_biases: [(center.clone(), known)].into(),
            ..NoiseModel::default()
        };
        let stress = Stress {
            travel: 1.05,
            ..Stress::default()
        };
        let biases = stressed(&noise, &stress).travel_biases;
        let mean = |cell: &BiasCell| biases[cell].mean;
        let everywhere = BiasCell {
            zone: None,
            hour: None,
        };
        assert!((mean(&center) - 0.2 - 1.05_f64.ln()).abs() < 1e-12);
        assert!((mean(&everywhere) - 1.05_f64.ln()).abs() < 1e-12);
        assert!((biases[&center].sigma - 0.1).abs() < 1e-12);
    }

    #[test]
    fn spread_multiplies_standard_deviations_and_incidents_stay_a_chance() {
        let stress = Stress {
            spread: 2.0,
            incidents: 100.0,
            memory: 0.5,
            start_delay: 1.5,
            ..Stress::default()
        };
        let noise = stressed(&NoiseModel::default(), &stress);
        assert!((noise.service_sigma - 0.9).abs() < 1e-12);
        assert!((noise.leg_variance - 0.16).abs() < 1e-12);
        assert!((noise.incident_probability - 1.0).abs() < 1e-12);
        assert_eq!(noise.hour_time_constant, Seconds(2 * 3_600));
        assert_eq!(noise.start_delay, Seconds(540));
    }
}

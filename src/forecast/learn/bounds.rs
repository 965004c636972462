//! What a noise model may hold: the bounds that are told wherever one is read.

use crate::model::NoiseModel;
use crate::units::Seconds;

/// The longest time that a noise model holds.
const DAY: Seconds = Seconds(86_400);

/// The largest mean of a logarithm that a noise model holds, either way.
const LOG_MEAN_MAX: f64 = 2.0;

/// Cuts every number to what a noise model may hold.
pub(super) fn bound(noise: &mut NoiseModel) {
    let sigmas = [
        &mut noise.day_sigma,
        &mut noise.hour_sigma,
        &mut noise.city_share,
        &mut noise.courier_drive_sigma,
        &mut noise.courier_drive_daily_sigma,
        &mut noise.courier_service_sigma,
        &mut noise.courier_service_daily_sigma,
        &mut noise.leg_variance,
        &mut noise.incident_probability,
    ];
    sigmas
        .into_iter()
        .for_each(|sigma| *sigma = sigma.clamp(0.0, 1.0));
    noise.leg_variance_minutes = noise.leg_variance_minutes.clamp(0.0, 10.0);
    noise.service_sigma = noise.service_sigma.clamp(0.0, 2.0);
    let constant = noise.hour_time_constant;
    noise.hour_time_constant = constant.clamp(Seconds(1), DAY);
    let delays = noise.start_delays.values_mut().flatten();
    let spans = delays.chain([&mut noise.incident_mean, &mut noise.start_delay]);
    spans.for_each(|span| *span = (*span).clamp(Seconds::ZERO, DAY));
    let effects = noise.couriers.values_mut();
    let effects = effects.flat_map(|effect| [&mut effect.drive, &mut effect.service]);
    let factors = (effects.flatten())
        .chain(noise.travel_biases.values_mut())
        .chain(noise.service_biases.values_mut());
    for factor in factors {
        factor.mean = factor.mean.clamp(-LOG_MEAN_MAX, LOG_MEAN_MAX);
        factor.sigma = factor.sigma.clamp(0.0, 1.0);
    }
}

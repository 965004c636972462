//! Standard errors of what is learnt, by leaving out groups of days, and of couriers, in turn.
//!
//! Days are independent of each other, and couriers, but stops of one day or courier are not: the larger of the two errors
//! counts. Source: the delete-a-group jackknife, Kott (2001).

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::lesson::Part;
use super::observe::Observations;
use super::{Found, service, start, travel};
use crate::model::NoiseModel;

/// Groups that days and couriers are dealt into.
const GROUPS: usize = 10;

/// Standard errors of the numbers in `found`, as far as there are days and couriers to leave out.
pub(super) fn errors(
    observations: &Observations,
    found: &Found,
    prior: &NoiseModel,
) -> BTreeMap<Part, f64> {
    let n_couriers = observations.couriers.len();
    let by_day = variances(observations, found, prior, observations.n_days, |day, _| {
        day
    });
    let by_courier = variances(observations, found, prior, n_couriers, |_, courier| courier);
    let mut errors: BTreeMap<Part, f64> = BTreeMap::new();
    for (part, variance) in by_day.into_iter().chain(by_courier) {
        let error = errors.entry(part).or_default();
        *error = error.max(variance.sqrt());
    }
    // Of few couriers who happen to be alike, each says the same.
    let lasting = [
        (Part::CourierDrive, found.travel.lasting),
        (Part::CourierService, found.pace.lasting),
    ];
    let found_again = numbers(found);
    for (part, lasting) in lasting {
        let spread = lasting.unwrap_or(0.0) * (2.0 / (n_couriers.max(2) as f64 - 1.0)).sqrt();
        let least = spread / (2.0 * found_again[&part]).max(1e-6);
        let error = errors.entry(part).or_default();
        *error = error.max(least);
    }
    // Nor do days on which city and zones happened to vary alike.
    if let Some(share) = found.travel.city_share {
        let n_days = observations.n_days.max(1) as f64;
        let n_zones = observations.zones.len().max(2) as f64;
        // The share found and that before are equally likely to tell how well it can be found.
        let share = f64::midpoint(share, prior.city_share);
        let least = share * (1.0 - share) * (2.0 / n_days * (1.0 + 1.0 / (n_zones - 1.0))).sqrt();
        let error = errors.entry(Part::CityShare).or_default();
        *error = error.max(least);
    }
    let traffic = found.travel.traffic;
    let of_traffic = [
        (Part::DayTraffic, traffic.day.error),
        (Part::HourTraffic, traffic.hour.error),
        (Part::HourMemory, traffic.memory.error),
    ];
    errors.extend(of_traffic);
    errors
}

/// Variances of the numbers in `found` with `unit`, of which there are `n_units`, as what is independent; none if there are
/// fewer than two.
fn variances(
    observations: &Observations,
    found: &Found,
    prior: &NoiseModel,
    n_units: usize,
    unit: fn(usize, usize) -> usize,
) -> BTreeMap<Part, f64> {
    let n_groups = n_units.min(GROUPS);
    if n_groups < 2 {
        return BTreeMap::new();
    }
    let replicates: Vec<BTreeMap<Part, f64>> = (0..n_groups)
        .into_par_iter()
        .map(|group| {
            let rest = observations.without(|day, courier| unit(day, courier) % n_groups == group);
            let n_couriers = rest.couriers.len();
            numbers(&Found {
                travel: travel::again(&rest.legs, n_couriers, prior, &found.travel),
                pace: service::again(&rest.services, &found.pace),
                start: start::mean_delay(&rest),
            })
        })
        .collect();
    let parts = replicates[0].keys();
    let variance = |part: &Part| {
        let values: Vec<f64> = (replicates.iter())
            .filter_map(|numbers| numbers.get(part).copied())
            .collect();
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares = values.iter().map(|value| (value - mean).powi(2));
        (*part, (n - 1.0) / n * squares.sum::<f64>())
    };
    parts.map(variance).collect()
}

/// The numbers in `found` that are estimated each time.
fn numbers(found: &Found) -> BTreeMap<Part, f64> {
    let (travel, pace) = (&found.travel, &found.pace);
    let daily = pace.daily.unwrap_or(0.0);
    let numbers = [
        (Part::CourierDriveDaily, travel.daily.sqrt()),
        (
            Part::CourierDrive,
            (travel.lasting.unwrap_or(0.0) + travel.daily).sqrt(),
        ),
        (Part::LegVariance, travel.leg[0]),
        (Part::ShortLegVariance, travel.leg[1]),
        (Part::ServiceSpread, pace.own.sqrt()),
        (Part::CourierServiceDaily, daily.sqrt()),
        (
            Part::CourierService,
            (pace.lasting.unwrap_or(0.0) + daily).sqrt(),
        ),
        (Part::IncidentChance, pace.incident_probability),
        (Part::IncidentMean, pace.incident_mean),
        (Part::Start, found.start),
    ];
    let share = travel.city_share.map(|share| (Part::CityShare, share));
    numbers.into_iter().chain(share).collect()
}

//! What a history says of how days vary: a noise model for forecasts.
//!
//! # How
//! * Travel: logarithms of actual by planned times. Products of two of them tell what both have in common: a time of the
//!   day, a zone, a courier. What is left is the single leg's, split by how long legs are. Traffic of day and hour are told
//!   apart by how likely they make the half hours of a day, with a prior on how fast the hour's forgets (`traffic`).
//! * Service: a body whose logarithm is normal plus rare exponential incidents, told apart by expectation and
//!   maximization; couriers' pace by products, as for travel.
//! * Zones and hours that differ from the average by more than chance explains have biases of their own (`cells`).
//! * Couriers, zones and hours are drawn towards the average of all, the more the less is known of them.
//! * Starts: quantiles of delays by depot, or their mean.
//! * Standard errors: by leaving out days and couriers (`errors`).
//!
//! What a history says too little of stays as it was, and the answer says so.

mod bounds;
mod cells;
mod errors;
mod lesson;
mod moments;
mod observe;
mod service;
mod start;
#[cfg(test)]
mod tests;
mod traffic;
mod travel;

use std::collections::BTreeSet;

use crate::model::{BiasCell, CourierEffect, CourierId, History, LogFactor, NoiseModel};
use crate::units::Seconds;
pub use lesson::{Evidence, Learnt, Lesson, Part, Shortage};
use observe::Observations;
use service::Pace;
use travel::Travel;

/// Days from which traffic is learnt: ten tell a variance to within about half of it.
pub const DAYS_MIN: usize = 10;

/// Ways, or services, from which biases of single zones and hours are looked for.
pub const CELL_LEGS_MIN: usize = 600;

/// Couriers from which it is learnt how much couriers differ.
pub const COURIERS_MIN: usize = 5;

/// Ways from which the variance of legs and the bias of travel times are learnt.
pub const LEGS_MIN: usize = 300;

/// Services from which their law is learnt.
pub const SERVICES_MIN: usize = 300;

/// Incidents from which their mean is learnt.
pub const INCIDENTS_MIN: usize = 20;

/// Starts from which the mean delay is learnt.
pub const STARTS_MIN: usize = 30;

/// Ways, or services, of one courier from which the courier counts as known.
pub const COURIER_STOPS_MIN: usize = 10;

/// Days from which a noise model counts as calibrated, if everything but couriers' differences was learnt.
pub const CALIBRATED_DAYS_MIN: usize = 20;

/// How much the city's share of the hour's traffic differs between operators, as a standard deviation.
const CITY_SHARE_DOUBT: f64 = 0.25;

/// How to learn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LearnOptions {
    /// What holds where the history says too little.
    pub prior: NoiseModel,
    /// Name and version of what is learnt.
    pub version: Option<String>,
}

/// Learns from a history how much days vary.
///
/// Numbers are cut to what a noise model may hold. Runs in the caller's rayon pool; the answer does not depend on the
/// number of threads.
///
/// # Errors
/// None: of a history that says nothing, `options.prior` is left, and the answer is not calibrated.
///
/// Shape: time in proportion to stops, some dozen times over.
/// Source: variance components by moments of pairs (Henderson 1953); shrinkage by empirical Bayes (Robbins 1956).
#[must_use]
pub fn learn(history: &History, options: &LearnOptions) -> Learnt {
    let observations = Observations::new(history);
    let n_couriers = observations.couriers.len();
    let mut found = Found {
        travel: travel::travel(&observations.legs, n_couriers, &options.prior),
        pace: service::pace(&observations.services, n_couriers, &options.prior),
        start: start::mean_delay(&observations),
    };
    let mut errors = errors::errors(&observations, &found, &options.prior);
    if let (Some(share), Some(error)) = (
        &mut found.travel.city_share,
        errors.get_mut(&Part::CityShare),
    ) {
        let before = options.prior.city_share;
        let doubt = CITY_SHARE_DOUBT * CITY_SHARE_DOUBT;
        let weight = doubt / (doubt + *error * *error);
        *share = before + weight * (*share - before);
        *error *= weight.sqrt();
    }
    let mut learning = Learning {
        observations: &observations,
        noise: options.prior.clone(),
        lessons: Vec::new(),
    };
    learning.noise.version.clone_from(&options.version);
    learning.travel(&found.travel);
    learning.service(&found.pace);
    learning.start(found.start);
    let Learning {
        mut noise,
        mut lessons,
        ..
    } = learning;
    bounds::bound(&mut noise);
    errors.extend(bias_errors(&noise, n_couriers));
    for lesson in &mut lessons {
        lesson.before = lesson.part.value(&options.prior);
        lesson.value = lesson.part.value(&noise);
        let error = errors.get(&lesson.part).copied();
        lesson.error = error.filter(|_| lesson.is_learnt());
    }
    lessons.sort_by_key(|lesson| lesson.part);
    Learnt {
        shortages: shortages(&lessons, observations.n_days),
        noise,
        lessons,
    }
}

/// What is estimated from a history, enough of it or not.
#[derive(Clone, Debug)]
struct Found {
    travel: Travel,
    pace: Pace,
    /// Mean delay at the start in seconds.
    start: f64,
}

/// What keeps forecasts from being trusted.
fn shortages(lessons: &[Lesson], n_days: usize) -> Vec<Shortage> {
    let thin = (n_days < CALIBRATED_DAYS_MIN).then_some(Shortage {
        part: None,
        evidence: Evidence::Days,
        have: n_days,
        need: CALIBRATED_DAYS_MIN,
    });
    let unlearnt = lessons
        .iter()
        .filter(|lesson| !lesson.is_learnt() && !lesson.part.is_optional())
        .map(|lesson| Shortage {
            part: Some(lesson.part),
            evidence: lesson.evidence,
            have: lesson.have,
            need: lesson.need,
        });
    thin.into_iter().chain(unlearnt).collect()
}

/// Standard errors of the biases of all ways and services: as far as the model says, and as far as the `n_couriers` of the
/// history are not all that there could be.
fn bias_errors(noise: &NoiseModel, n_couriers: usize) -> impl Iterator<Item = (Part, f64)> {
    let travel = noise.travel_biases.get(&BiasCell {
        zone: None,
        hour: None,
    });
    let service = noise.service_biases.get(&None);
    let lasting = |whole: f64, daily: f64| whole * whole - daily * daily;
    let drive = lasting(noise.courier_drive_sigma, noise.courier_drive_daily_sigma);
    let pace = lasting(
        noise.courier_service_sigma,
        noise.courier_service_daily_sigma,
    );
    let errors = [
        (Part::TravelBias, travel, drive),
        (Part::ServiceBias, service, pace),
    ];
    let errors = errors.map(|(part, bias, lasting)| {
        let of_couriers = lasting.max(0.0) / n_couriers.max(1) as f64;
        Some((part, (bias?.sigma.powi(2) + of_couriers).sqrt()))
    });
    errors.into_iter().flatten()
}

/// A noise model in the making.
struct Learning<'a> {
    observations: &'a Observations,
    noise: NoiseModel,
    lessons: Vec<Lesson>,
}

impl Learning<'_> {
    /// Notes whether there is enough to learn `part`: of everything in `needs`, with what is there and what is needed.
    fn is_enough(&mut self, part: Part, needs: &[(Evidence, usize, usize)]) -> bool {
        let scarcest = needs
            .iter()
            .min_by(|(_, have, need), (_, other, other_need)| {
                (have * other_need).cmp(&(other * need))
            });
        let Some(&(evidence, have, need)) = scarcest else {
            return true;
        };
        let lesson = Lesson {
            part,
            evidence,
            have,
            need,
            before: 0.0,
            value: 0.0,
            error: None,
        };
        self.lessons.push(lesson);
        lesson.is_learnt()
    }

    fn days(&self) -> (Evidence, usize, usize) {
        (Evidence::Days, self.observations.n_days, DAYS_MIN)
    }

    fn couriers(&self, need: usize) -> (Evidence, usize, usize) {
        (Evidence::Couriers, self.observations.couriers.len(), need)
    }

    fn zones(&self) -> (Evidence, usize, usize) {
        (Evidence::Zones, self.observations.zones.len(), 2)
    }

    fn travel(&mut self, found: &Travel) {
        let enough = (Evidence::Legs, self.observations.legs.len(), LEGS_MIN);
        let (days, several) = (self.days(), self.couriers(2));
        let [fixed, falling] = found.leg;
        if self.is_enough(Part::LegVariance, &[enough, days]) {
            self.noise.leg_variance = fixed;
        }
        if self.is_enough(Part::ShortLegVariance, &[enough, days]) {
            self.noise.leg_variance_minutes = falling;
        }
        if self.is_enough(Part::DayTraffic, &[enough, days, several]) {
            self.noise.day_sigma = found.traffic.day.value;
        }
        if self.is_enough(Part::HourTraffic, &[enough, days, several]) {
            self.noise.hour_sigma = found.traffic.hour.value;
        }
        if self.is_enough(Part::HourMemory, &[enough, days, several]) {
            self.noise.hour_time_constant = whole(found.traffic.memory.value);
        }
        let zones = self.zones();
        if self.is_enough(Part::CityShare, &[enough, days, several, zones]) {
            self.noise.city_share = found.city_share.unwrap_or(self.noise.city_share);
        }
        let before = [
            self.noise.courier_drive_sigma,
            self.noise.courier_drive_daily_sigma,
        ];
        let parts = [Part::CourierDrive, Part::CourierDriveDaily];
        let learnt = [found.lasting, Some(found.daily)];
        let [lasting, daily] = self.of_couriers(parts, before, learnt, &[enough, days, several]);
        self.noise.courier_drive_daily_sigma = daily.sqrt();
        self.noise.courier_drive_sigma = (lasting + daily).sqrt();
        if self.is_enough(Part::TravelBias, &[enough, days]) {
            self.travel_bias(found, lasting, daily);
        }
        let cell = (Evidence::Legs, self.observations.legs.len(), CELL_LEGS_MIN);
        if self.is_enough(Part::TravelCells, &[cell, days]) {
            self.travel_cells(found);
        }
    }

    /// The variances of what a courier keeps and of what changes from day to day: `learnt` as far as there is enough, or
    /// else those `before`, given as the standard deviations of both together and of what changes.
    fn of_couriers(
        &mut self,
        [whole, daily]: [Part; 2],
        [sigma_before, daily_before]: [f64; 2],
        [lasting_learnt, daily_learnt]: [Option<f64>; 2],
        needs: &[(Evidence, usize, usize)],
    ) -> [f64; 2] {
        let changing = daily_before * daily_before;
        let kept = (sigma_before * sigma_before - changing).max(0.0);
        let is_daily_learnt = self.is_enough(daily, needs);
        let needs = [needs, &[self.couriers(COURIERS_MIN)]].concat();
        let is_learnt = self.is_enough(whole, &needs);
        [
            lasting_learnt.filter(|_| is_learnt).unwrap_or(kept),
            daily_learnt.filter(|_| is_daily_learnt).unwrap_or(changing),
        ]
    }

    /// The bias of all ways, and what is known of couriers' driving.
    fn travel_bias(&mut self, found: &Travel, lasting: f64, daily: f64) {
        let noise = &self.noise;
        let day = noise.day_sigma * noise.day_sigma;
        let hour = noise.hour_sigma * noise.hour_sigma;
        let n_days = self.observations.n_days as f64;
        let legs = &self.observations.legs;
        let own = noise.leg_variance + noise.leg_variance_minutes / 5.0;
        // Logarithms lie below the logarithm of the mean by half of the variance.
        let mean = found.center + (day + hour + daily + lasting) / 2.0;
        let n_couriers = self.observations.couriers.len().max(1) as f64;
        let error = (day + hour / 2.0 + daily / n_couriers) / n_days + own / legs.len() as f64;
        let bias = LogFactor {
            mean,
            sigma: error.sqrt(),
        };
        let everywhere = BiasCell {
            zone: None,
            hour: None,
        };
        self.noise.travel_biases = [(everywhere, bias)].into();
        for (courier, (residual, n)) in self.observations.couriers.iter().zip(&found.couriers) {
            let error = daily / n_days + own / (*n).max(1) as f64;
            let effect = effect(*residual, *n, lasting, error);
            self.known(courier).drive = effect;
        }
    }

    /// The biases of zones and hours, on top of that of all ways. As the narrowest that is stated counts alone, a zone at an
    /// hour is stated wherever both its zone and its hour have something to say.
    fn travel_cells(&mut self, found: &Travel) {
        let everywhere = BiasCell {
            zone: None,
            hour: None,
        };
        let Some(all) = self.noise.travel_biases.get(&everywhere).copied() else {
            return;
        };
        let cells = &found.cells;
        let zone = |zone: usize| Some(self.observations.zones[zone].clone());
        let mut biases: Vec<(BiasCell, LogFactor)> = Vec::new();
        for (&at, &effect) in &cells.zones {
            let cell = BiasCell {
                zone: zone(at),
                hour: None,
            };
            biases.push((cell, effect));
        }
        for (&hour, &effect) in &cells.hours {
            let cell = BiasCell {
                zone: None,
                hour: Some(hour),
            };
            biases.push((cell, effect));
        }
        let legs = self.observations.legs.iter();
        let pairs: BTreeSet<(usize, u8)> = legs.map(|leg| (leg.zone, leg.hour)).collect();
        for (at, hour) in pairs {
            let is_both = cells.zones.contains_key(&at) && cells.hours.contains_key(&hour);
            if is_both || cells.both.contains_key(&(at, hour)) {
                let cell = BiasCell {
                    zone: zone(at),
                    hour: Some(hour),
                };
                biases.push((cell, cells.effect(at, hour)));
            }
        }
        let added = biases
            .into_iter()
            .map(|(cell, effect)| (cell, sum(all, effect)));
        self.noise.travel_biases.extend(added);
    }

    /// What is known of a courier.
    fn known(&mut self, courier: &CourierId) -> &mut CourierEffect {
        self.noise.couriers.entry(courier.clone()).or_default()
    }

    fn service(&mut self, found: &Pace) {
        let n_services = self.observations.services.len();
        let enough = (Evidence::Services, n_services, SERVICES_MIN);
        let days = self.days();
        let before = [
            self.noise.courier_service_sigma,
            self.noise.courier_service_daily_sigma,
        ];
        let parts = [Part::CourierService, Part::CourierServiceDaily];
        let learnt = [found.lasting, found.daily];
        let [lasting, daily] = self.of_couriers(parts, before, learnt, &[enough, days]);
        self.noise.courier_service_daily_sigma = daily.sqrt();
        self.noise.courier_service_sigma = (lasting + daily).sqrt();
        if self.is_enough(Part::IncidentChance, &[enough]) {
            self.noise.incident_probability = found.incident_probability;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count of a history"
        )]
        let n_incidents = found.n_incidents as usize;
        let incidents = (Evidence::Incidents, n_incidents, INCIDENTS_MIN);
        if self.is_enough(Part::IncidentMean, &[enough, incidents]) {
            self.noise.incident_mean = whole(found.incident_mean);
        }
        if self.is_enough(Part::ServiceSpread, &[enough, days]) {
            self.noise.service_sigma = found.own.sqrt();
        }
        if self.is_enough(Part::ServiceBias, &[enough, days]) {
            self.service_bias(found, lasting, daily);
        }
        let cell = (Evidence::Services, n_services, CELL_LEGS_MIN);
        let zones = self.zones();
        if self.is_enough(Part::ServiceZones, &[cell, days, zones]) {
            self.service_zones(found);
        }
    }

    /// The bias of all services, and what is known of couriers' pace.
    fn service_bias(&mut self, found: &Pace, lasting: f64, daily: f64) {
        let n_days = self.observations.n_days as f64;
        let n = self.observations.services.len() as f64;
        let n_couriers = self.observations.couriers.len().max(1) as f64;
        let error = daily / (n_days * n_couriers) + found.own / n;
        let bias = LogFactor {
            mean: found.center + (found.own + daily + lasting) / 2.0,
            sigma: error.sqrt(),
        };
        self.noise.service_biases = [(None, bias)].into();
        for (courier, (residual, n)) in self.observations.couriers.iter().zip(&found.couriers) {
            let error = daily / n_days + found.own / (*n).max(1) as f64;
            let effect = effect(*residual, *n, lasting, error);
            self.known(courier).service = effect;
        }
    }

    /// The biases of zones, on top of that of all services.
    fn service_zones(&mut self, found: &Pace) {
        let Some(all) = self.noise.service_biases.get(&None).copied() else {
            return;
        };
        for (zone, effect) in &found.zones {
            let zone = Some(self.observations.zones[*zone].clone());
            self.noise.service_biases.insert(zone, sum(all, *effect));
        }
    }

    fn start(&mut self, mean: f64) {
        let n_starts = self.observations.starts.len();
        if self.is_enough(Part::Start, &[(Evidence::Starts, n_starts, STARTS_MIN)]) {
            self.noise.start_delay = whole(mean);
            self.noise.start_delays = start::tables(self.observations);
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "seconds of a history")]
fn whole(seconds: f64) -> Seconds {
    Seconds(seconds.round() as i64)
}

/// Two factors one on top of the other.
fn sum(one: LogFactor, other: LogFactor) -> LogFactor {
    LogFactor {
        mean: one.mean + other.mean,
        sigma: one.sigma.hypot(other.sigma),
    }
}

/// What is known of a courier whose logarithms lie `residual` above the average, on `n` stops, where couriers differ by the
/// variance `lasting` and `error` is the variance of the residual if the courier is given; `None` of a courier seen too
/// rarely.
///
/// A factor has mean `exp(mean)`, so half of the variance of what is known goes with the mean; an average courier's factor
/// has the mean 1, not the logarithm 0.
fn effect(residual: f64, n: usize, lasting: f64, error: f64) -> Option<LogFactor> {
    if n < COURIER_STOPS_MIN {
        return None;
    }
    let weight = lasting / (lasting + error).max(1e-12);
    Some(LogFactor {
        mean: weight * (residual - lasting / 2.0),
        sigma: (lasting * (1.0 - weight)).sqrt(),
    })
}

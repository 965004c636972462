//! What a history says of how days vary: a noise model for forecasts.
//!
//! # How
//! * Travel: logarithms of actual by planned times. Products of two of them tell what both have in common: a day, a
//!   time of it, a zone, a courier. What is left is the single leg's, split by how long legs are.
//! * Service: a body whose logarithm is normal plus rare exponential incidents, told apart by expectation and
//!   maximization; couriers' pace by products, as for travel.
//! * Couriers are drawn towards the average of all, the more the less is known of them.
//! * Starts: quantiles of delays by depot, or their mean.
//!
//! What a history says too little of stays as it was, and the answer says so.

mod moments;
mod observe;
mod service;
mod start;
#[cfg(test)]
mod tests;
mod travel;

use std::fmt;

use crate::model::{BiasCell, CourierEffect, History, LogFactor, NoiseModel};
use crate::units::Seconds;
use observe::Observations;
use service::Pace;
use travel::Travel;

/// Days from which traffic is learnt: ten tell a variance to within about half of it.
pub const DAYS_MIN: usize = 10;

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

/// How to learn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LearnOptions {
    /// What holds where the history says too little.
    pub prior: NoiseModel,
    /// Name and version of what is learnt.
    pub version: Option<String>,
}

/// A part of a noise model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// How far planned travel times are off on average.
    TravelBias,
    /// Traffic of day and hour.
    Traffic,
    /// How much couriers' driving differs, from one courier to the next.
    CourierDrive,
    /// How much a courier's driving differs from day to day.
    CourierDriveDaily,
    /// Variance of single legs.
    Legs,
    /// How far planned service times are off on average, and the spread of single services.
    Service,
    /// How much couriers' pace at the door differs, from one courier to the next.
    CourierService,
    /// How much a courier's pace differs from day to day.
    CourierServiceDaily,
    /// Chance of incidents.
    IncidentChance,
    /// Mean time of incidents.
    IncidentMean,
    /// Delays at the start.
    Start,
    /// The share of traffic that zones have in common.
    CityShare,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TravelBias => "bias of travel",
            Self::Traffic => "traffic of day and hour",
            Self::CourierDrive => "couriers' driving",
            Self::CourierDriveDaily => "couriers' driving by day",
            Self::Legs => "single legs",
            Self::Service => "bias and spread of service",
            Self::CourierService => "couriers' pace",
            Self::CourierServiceDaily => "couriers' pace by day",
            Self::IncidentChance => "chance of incidents",
            Self::IncidentMean => "mean of incidents",
            Self::Start => "delay at the start",
            Self::CityShare => "share of the city in traffic",
        })
    }
}

/// What learning takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Different days.
    Days,
    /// Different couriers.
    Couriers,
    /// Ways to orders.
    Legs,
    /// Services at the door.
    Services,
    /// Incidents, as far as they can be told.
    Incidents,
    /// Starts of routes.
    Starts,
    /// Different zones.
    Zones,
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Days => "days",
            Self::Couriers => "couriers",
            Self::Legs => "legs",
            Self::Services => "services",
            Self::Incidents => "incidents",
            Self::Starts => "starts",
            Self::Zones => "zones",
        })
    }
}

/// What became of one part of the noise model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// The part.
    pub part: Part,
    /// What it takes that the history has least of, measured by what is needed.
    pub evidence: Evidence,
    /// How much of it the history has.
    pub have: usize,
    /// How much is needed.
    pub need: usize,
}

impl Lesson {
    /// Whether the part was learnt; if not, it is as it was before.
    #[must_use]
    pub fn is_learnt(&self) -> bool {
        self.have >= self.need
    }
}

/// A noise model with what it rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Learnt {
    /// The noise model.
    pub noise: NoiseModel,
    /// What was learnt, and what was not and why, one for each part.
    pub lessons: Vec<Lesson>,
    /// Whether days, stops and starts are enough to trust forecasts.
    pub is_calibrated: bool,
}

/// Learns from a history how much days vary.
///
/// # Errors
/// None: of a history that says nothing, `options.prior` is left, and the answer is not calibrated.
///
/// Shape: time in the square of the stops of a day.
/// Source: variance components by moments of pairs (Henderson 1953); shrinkage by empirical Bayes (Robbins 1956).
#[must_use]
pub fn learn(history: &History, options: &LearnOptions) -> Learnt {
    let observations = Observations::new(history);
    let mut learning = Learning {
        observations: &observations,
        noise: options.prior.clone(),
        lessons: Vec::new(),
    };
    learning.noise.version.clone_from(&options.version);
    learning.travel();
    learning.service();
    learning.start();
    let optional = |part| {
        use Part::{CityShare, CourierDrive, CourierService, IncidentMean};
        matches!(
            part,
            CityShare | CourierDrive | CourierService | IncidentMean
        )
    };
    let mut lessons = learning.lessons.iter();
    Learnt {
        is_calibrated: observations.n_days >= CALIBRATED_DAYS_MIN
            && lessons.all(|lesson| lesson.is_learnt() || optional(lesson.part)),
        noise: learning.noise,
        lessons: learning.lessons,
    }
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

    fn travel(&mut self) {
        let legs = &self.observations.legs;
        let n_couriers = self.observations.couriers.len();
        let found = travel::travel(legs, n_couriers, &self.noise);
        let enough = (Evidence::Legs, legs.len(), LEGS_MIN);
        let days = self.days();
        if self.is_enough(Part::Legs, &[enough, days]) {
            [self.noise.leg_variance, self.noise.leg_variance_minutes] = found.leg;
        }
        if self.is_enough(Part::Traffic, &[enough, days, self.couriers(2)]) {
            let hour = found.hour_city + found.hour_zone;
            self.noise.day_sigma = found.day.sqrt();
            self.noise.hour_sigma = hour.sqrt();
            if hour > 0.0 {
                self.noise.hour_time_constant = found.memory;
            }
        }
        let zones = (Evidence::Zones, self.observations.n_zones, 2);
        if self.is_enough(Part::CityShare, &[enough, days, self.couriers(2), zones]) {
            let hour = found.hour_city + found.hour_zone;
            if hour > 0.0 {
                self.noise.city_share = found.hour_city / hour;
            }
        }
        let [before, before_daily] = [
            self.noise.courier_drive_sigma,
            self.noise.courier_drive_daily_sigma,
        ];
        let mut lasting = (before * before - before_daily * before_daily).max(0.0);
        let mut daily = before_daily * before_daily;
        if self.is_enough(Part::CourierDriveDaily, &[enough, days, self.couriers(2)]) {
            daily = found.daily;
        }
        if self.is_enough(
            Part::CourierDrive,
            &[enough, days, self.couriers(COURIERS_MIN)],
        ) {
            lasting = found.lasting.unwrap_or(lasting);
        }
        self.noise.courier_drive_daily_sigma = daily.sqrt();
        self.noise.courier_drive_sigma = (lasting + daily).sqrt();
        if self.is_enough(Part::TravelBias, &[enough, days]) {
            self.travel_bias(&found, lasting, daily);
        }
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
        let all = BiasCell {
            zone: None,
            hour: None,
        };
        let bias = LogFactor {
            mean,
            sigma: error.sqrt(),
        };
        self.noise.travel_biases = [(all, bias)].into();
        for (courier, (residual, n)) in self.observations.couriers.iter().zip(&found.couriers) {
            let error = daily / n_days + own / (*n).max(1) as f64;
            let effect = effect(*residual, *n, lasting, error);
            self.known(courier).drive = effect;
        }
    }

    /// What is known of a courier.
    fn known(&mut self, courier: &crate::model::CourierId) -> &mut CourierEffect {
        self.noise.couriers.entry(courier.clone()).or_default()
    }

    fn service(&mut self) {
        let services = &self.observations.services;
        let n_couriers = self.observations.couriers.len();
        let found = service::pace(services, n_couriers, &self.noise);
        let enough = (Evidence::Services, services.len(), SERVICES_MIN);
        let days = self.days();
        let [before, before_daily] = [
            self.noise.courier_service_sigma,
            self.noise.courier_service_daily_sigma,
        ];
        let mut lasting = (before * before - before_daily * before_daily).max(0.0);
        let mut daily = before_daily * before_daily;
        if self.is_enough(Part::CourierServiceDaily, &[enough, days]) {
            daily = found.daily.unwrap_or(daily);
        }
        if self.is_enough(
            Part::CourierService,
            &[enough, days, self.couriers(COURIERS_MIN)],
        ) {
            lasting = found.lasting.unwrap_or(lasting);
        }
        self.noise.courier_service_daily_sigma = daily.sqrt();
        self.noise.courier_service_sigma = (lasting + daily).sqrt();
        if self.is_enough(Part::IncidentChance, &[enough]) {
            self.noise.incident_probability = found.incident_probability;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "counts and seconds of a history"
        )]
        let (n_incidents, mean) = (
            found.n_incidents as usize,
            found.incident_mean.round() as i64,
        );
        let incidents = (Evidence::Incidents, n_incidents, INCIDENTS_MIN);
        if self.is_enough(Part::IncidentMean, &[enough, incidents]) {
            self.noise.incident_mean = Seconds(mean);
        }
        if self.is_enough(Part::Service, &[enough, days]) {
            self.noise.service_sigma = found.own.sqrt();
            self.service_bias(&found, lasting, daily);
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

    fn start(&mut self) {
        let n_starts = self.observations.starts.len();
        if self.is_enough(Part::Start, &[(Evidence::Starts, n_starts, STARTS_MIN)]) {
            let mean = start::mean_delay(self.observations).round();
            #[expect(clippy::cast_possible_truncation, reason = "seconds of a history")]
            let mean = Seconds(mean as i64);
            self.noise.start_delay = mean;
            self.noise.start_delays = start::tables(self.observations);
        }
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

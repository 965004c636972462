//! What became of each part of a noise model, and on what it rests.

use std::fmt;

use crate::model::{BiasCell, NoiseModel};

/// A part of a noise model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// How far planned travel times are off on average.
    TravelBias,
    /// How far travel in single zones and hours is off that.
    TravelCells,
    /// Traffic of the day.
    DayTraffic,
    /// Traffic of the hour.
    HourTraffic,
    /// Time in which the hour's traffic forgets.
    HourMemory,
    /// The share of the hour's traffic that zones have in common.
    CityShare,
    /// How much couriers' driving differs, from one courier to the next and from day to day.
    CourierDrive,
    /// How much a courier's driving differs from day to day.
    CourierDriveDaily,
    /// Variance of single legs.
    LegVariance,
    /// The part of it that short legs have more of.
    ShortLegVariance,
    /// How far planned service times are off on average.
    ServiceBias,
    /// How far service in single zones is off that.
    ServiceZones,
    /// Spread of single services.
    ServiceSpread,
    /// How much couriers' pace at the door differs, from one courier to the next and from day to day.
    CourierService,
    /// How much a courier's pace differs from day to day.
    CourierServiceDaily,
    /// Chance of incidents.
    IncidentChance,
    /// Mean time of incidents.
    IncidentMean,
    /// Delays at the start.
    Start,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TravelBias => "bias of travel",
            Self::TravelCells => "biases of travel by zone and hour",
            Self::DayTraffic => "traffic of the day",
            Self::HourTraffic => "traffic of the hour",
            Self::HourMemory => "memory of the hour's traffic",
            Self::CityShare => "share of the city in it",
            Self::CourierDrive => "couriers' driving",
            Self::CourierDriveDaily => "couriers' driving by day",
            Self::LegVariance => "single legs",
            Self::ShortLegVariance => "short legs",
            Self::ServiceBias => "bias of service",
            Self::ServiceZones => "biases of service by zone",
            Self::ServiceSpread => "single services",
            Self::CourierService => "couriers' pace",
            Self::CourierServiceDaily => "couriers' pace by day",
            Self::IncidentChance => "chance of incidents",
            Self::IncidentMean => "mean of incidents",
            Self::Start => "delay at the start",
        })
    }
}

impl Part {
    /// The value of this part in `noise`: a bias as its logarithm, biases by zone and hour as their number, times in
    /// seconds, a chance from 0 to 1.
    #[must_use]
    pub fn value(self, noise: &NoiseModel) -> f64 {
        let everywhere = BiasCell {
            zone: None,
            hour: None,
        };
        let mean = |bias: Option<&crate::model::LogFactor>| bias.map_or(0.0, |bias| bias.mean);
        let travel = noise.travel_biases.get(&everywhere);
        let service = noise.service_biases.get(&None);
        match self {
            Self::TravelBias => mean(travel),
            Self::TravelCells => (noise.travel_biases.len() - usize::from(travel.is_some())) as f64,
            Self::DayTraffic => noise.day_sigma,
            Self::HourTraffic => noise.hour_sigma,
            Self::HourMemory => noise.hour_time_constant.0 as f64,
            Self::CityShare => noise.city_share,
            Self::CourierDrive => noise.courier_drive_sigma,
            Self::CourierDriveDaily => noise.courier_drive_daily_sigma,
            Self::LegVariance => noise.leg_variance,
            Self::ShortLegVariance => noise.leg_variance_minutes,
            Self::ServiceBias => mean(service),
            Self::ServiceZones => {
                (noise.service_biases.len() - usize::from(service.is_some())) as f64
            }
            Self::ServiceSpread => noise.service_sigma,
            Self::CourierService => noise.courier_service_sigma,
            Self::CourierServiceDaily => noise.courier_service_daily_sigma,
            Self::IncidentChance => noise.incident_probability,
            Self::IncidentMean => noise.incident_mean.0 as f64,
            Self::Start => noise.start_delay.0 as f64,
        }
    }

    /// Whether forecasts can be trusted without this part having been learnt.
    pub(super) fn is_optional(self) -> bool {
        matches!(
            self,
            Self::CityShare
                | Self::CourierDrive
                | Self::CourierService
                | Self::IncidentMean
                | Self::TravelCells
                | Self::ServiceZones
        )
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
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lesson {
    /// The part.
    pub part: Part,
    /// What it takes that the history has least of, measured by what is needed.
    pub evidence: Evidence,
    /// How much of it the history has.
    pub have: usize,
    /// How much is needed.
    pub need: usize,
    /// Its value before, as [`Part::value`] tells it.
    pub before: f64,
    /// Its value now.
    pub value: f64,
    /// The standard error of what was learnt; `None` of what was not, and of a number of biases.
    pub error: Option<f64>,
}

impl Lesson {
    /// Whether the part was learnt; if not, it is as it was before.
    #[must_use]
    pub fn is_learnt(&self) -> bool {
        self.have >= self.need
    }
}

/// A reason not to trust forecasts yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// The part that was not learnt; `None` if it is the history as a whole that is too thin.
    pub part: Option<Part>,
    /// What there is too little of.
    pub evidence: Evidence,
    /// How much there is.
    pub have: usize,
    /// How much is needed.
    pub need: usize,
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            part,
            evidence,
            have,
            need,
        } = self;
        match part {
            Some(part) => write!(f, "{part}: {have} {evidence} of {need}"),
            None => write!(f, "{have} {evidence} of {need}"),
        }
    }
}

/// A noise model with what it rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Learnt {
    /// The noise model.
    pub noise: NoiseModel,
    /// What was learnt, and what was not and why, one for each part.
    pub lessons: Vec<Lesson>,
    /// Why forecasts by this noise cannot be trusted; none if they can.
    pub shortages: Vec<Shortage>,
}

impl Learnt {
    /// Whether days, stops and starts are enough to trust forecasts.
    #[must_use]
    pub fn is_calibrated(&self) -> bool {
        self.shortages.is_empty()
    }
}

//! How much a day varies, and what a forecast says about a plan.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{CourierId, DepotId, OrderId, ZoneId};
use crate::units::{Cost, Seconds, Timestamp};

/// A factor known with uncertainty: mean and standard deviation of its logarithm.
///
/// The standard deviation says how little is known, and is corrected for: the factor has the mean `exp(mean)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LogFactor {
    /// Of the logarithm: 0 means as planned, 0.1 about 10 % more.
    pub mean: f64,
    /// Of the logarithm.
    pub sigma: f64,
}

/// What is known of a courier from history; what is `None` is as of couriers of whom nothing is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CourierEffect {
    /// Factor on travel times, the same every day.
    pub drive: Option<LogFactor>,
    /// Factor on service times, the same every day.
    pub service: Option<LogFactor>,
}

/// Where and when a learnt bias of travel times holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BiasCell {
    /// Ways to stops in this zone; `None` for all zones.
    pub zone: Option<ZoneId>,
    /// Departures in this hour of the day in UTC, 0 to 23; `None` for all hours.
    pub hour: Option<u8>,
}

/// How much the day varies: standard deviations of logarithms of factors with mean 1, unless stated otherwise.
///
/// Source of the defaults: published traffic and delivery data (loop detectors, taxi trips, home delivery instances),
/// combined by hand; they are plausible, not calibrated for anyone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoiseModel {
    /// Name and version; `None` for values that do not come from history.
    pub version: Option<String>,
    /// Traffic of the whole day, all couriers alike.
    pub day_sigma: f64,
    /// Traffic of the hour, all couriers alike.
    pub hour_sigma: f64,
    /// Time in which the hour's traffic forgets.
    pub hour_time_constant: Seconds,
    /// Share of the variance of the hour's traffic that the whole city has in common, 0 to 1; the rest is the zone's own.
    pub city_share: f64,
    /// A courier's driving on the day, for couriers of whom nothing is known.
    pub courier_drive_sigma: f64,
    /// The part of it that changes from day to day, at most `courier_drive_sigma`: all that is left of a known courier.
    pub courier_drive_daily_sigma: f64,
    /// A courier's pace at the door on the day, for couriers of whom nothing is known.
    pub courier_service_sigma: f64,
    /// The part of it that changes from day to day, at most `courier_service_sigma`.
    pub courier_service_daily_sigma: f64,
    /// Couriers of whom something is known.
    pub couriers: BTreeMap<CourierId, CourierEffect>,
    /// Factors on planned travel times. Of the cells that a leg lies in, the narrowest counts alone: zone and hour, then
    /// zone, then hour, then all.
    #[serde(with = "super::pairs")]
    pub travel_biases: BTreeMap<BiasCell, LogFactor>,
    /// Factors on planned service times by zone, incidents not included; `None` for zones that are not named.
    #[serde(with = "super::pairs")]
    pub service_biases: BTreeMap<Option<ZoneId>, LogFactor>,
    /// Variance of one leg, the part that does not depend on its length.
    pub leg_variance: f64,
    /// Variance of one leg times its planned minutes, the part that short legs have more of.
    pub leg_variance_minutes: f64,
    /// One service.
    pub service_sigma: f64,
    /// Chance of an incident at the door, 0 to 1.
    pub incident_probability: f64,
    /// Mean time an incident costs.
    pub incident_mean: Seconds,
    /// Mean and standard deviation of the gamma-distributed delay at the start.
    pub start_delay: Seconds,
    /// Delays at the start by depot instead of `start_delay`: quantiles at equally spaced probabilities from 0 to 1, not
    /// decreasing, between which the law is linear.
    pub start_delays: BTreeMap<DepotId, Vec<Seconds>>,
}

impl Default for NoiseModel {
    fn default() -> Self {
        Self {
            version: None,
            day_sigma: 0.05,
            hour_sigma: 0.08,
            hour_time_constant: Seconds(4 * 3_600),
            city_share: 0.5,
            courier_drive_sigma: 0.078,
            courier_drive_daily_sigma: 0.05,
            courier_service_sigma: 0.17,
            courier_service_daily_sigma: 0.08,
            couriers: BTreeMap::new(),
            travel_biases: BTreeMap::new(),
            service_biases: BTreeMap::new(),
            leg_variance: 0.04,
            leg_variance_minutes: 0.36,
            service_sigma: 0.45,
            incident_probability: 0.03,
            incident_mean: Seconds(540),
            start_delay: Seconds(360),
            start_delays: BTreeMap::new(),
        }
    }
}

/// How to simulate.
#[derive(Clone, Debug, PartialEq)]
pub struct ForecastOptions {
    /// Simulated days: a multiple of 256, 256 to 65,536.
    pub scenarios: u32,
    /// Random seed.
    pub seed: u64,
    /// How much the day varies; `None` for the built-in defaults.
    pub noise: Option<NoiseModel>,
    /// Whether `noise` is what this process is configured with, not what the caller said.
    pub is_configured: bool,
    /// Whether to find out what makes promises fail, too.
    pub causes: bool,
    /// Lateness that still counts as on time.
    pub grace: Seconds,
}

impl ForecastOptions {
    /// Where the spread comes from.
    #[must_use]
    pub fn spread_source(&self) -> SpreadSource {
        match (&self.noise, self.is_configured) {
            (None, _) => SpreadSource::Default,
            (Some(_), true) => SpreadSource::Configured,
            (Some(_), false) => SpreadSource::Request,
        }
    }

    /// What the noise model is called in answers.
    #[must_use]
    pub fn noise_version(&self) -> String {
        match self.noise.as_ref().map(|noise| &noise.version) {
            None => "default".to_owned(),
            Some(None) if self.is_configured => "configured".to_owned(),
            Some(None) => "request".to_owned(),
            Some(Some(version)) => version.clone(),
        }
    }
}

impl Default for ForecastOptions {
    fn default() -> Self {
        Self {
            scenarios: 4_096,
            seed: 1,
            noise: None,
            is_configured: false,
            causes: false,
            grace: Seconds::ZERO,
        }
    }
}

/// How many promises a plan is to keep, on average over all days.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct OnTimeTarget {
    /// Expected share of all promises kept, at least, 0 to 1.
    pub expected: f64,
    /// Chance of each promise, at least, 0 to 1; `None` for no floor.
    pub floor: Option<f64>,
}

/// Whether a plan reaches its target, on days it was not made for.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetOutcome {
    /// The target.
    pub target: OnTimeTarget,
    /// Expected share of all promises kept, 0 to 1.
    pub expected: f64,
    /// Orders whose promise is less likely to be kept than the floor, the least likely first.
    pub below_floor: Vec<OrderId>,
    /// What the last promise cost that is kept on average because of the target.
    pub promise_cost: Cost,
}

impl TargetOutcome {
    /// How `forecast` compares with `target`.
    #[must_use]
    pub fn of(target: OnTimeTarget, forecast: &PlanForecast, promise_cost: Cost) -> Self {
        let floor = target.floor.unwrap_or(0.0);
        let stops = forecast.routes.iter().flat_map(|route| &route.stops);
        let mut below: Vec<&StopForecast> =
            stops.filter(|stop| stop.on_time.estimate < floor).collect();
        below.sort_by(|a, b| a.on_time.estimate.total_cmp(&b.on_time.estimate));
        Self {
            target,
            expected: forecast.expected_kept,
            below_floor: below.into_iter().map(|stop| stop.order.clone()).collect(),
            promise_cost,
        }
    }

    /// Whether the plan does what was asked for.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.expected >= self.target.expected && self.below_floor.is_empty()
    }
}

/// Where the spread of a forecast comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpreadSource {
    /// Built-in defaults.
    Default,
    /// The noise model that this process is configured with.
    Configured,
    /// The caller's noise model.
    Request,
}

/// A chance with its sampling error (95 % Wilson interval), each 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Probability {
    /// Estimate.
    pub estimate: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// One stop of a forecast.
#[derive(Clone, Debug, PartialEq)]
pub struct StopForecast {
    /// The order.
    pub order: OrderId,
    /// Chance that service starts by the last moment (plus grace).
    pub on_time: Probability,
    /// Arrival that 10 % of days come before.
    pub arrival_p10: Timestamp,
    /// Median arrival.
    pub arrival_p50: Timestamp,
    /// Arrival that 80 % of days come before.
    pub arrival_p80: Timestamp,
    /// Arrival that 90 % of days come before.
    pub arrival_p90: Timestamp,
    /// Arrival that 95 % of days come before.
    pub arrival_p95: Timestamp,
    /// Arrival that 98.1 % of days come before.
    pub arrival_p98_1: Timestamp,
    /// Mean lateness, zero on days in time.
    pub expected_lateness: Seconds,
    /// Latest departure that keeps every later promise at the stated confidence; `None` at the last stop.
    pub leave_by: Option<Timestamp>,
}

/// One route of a forecast.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteForecast {
    /// The courier.
    pub courier: CourierId,
    /// Stops in the sequence of the plan.
    pub stops: Vec<StopForecast>,
    /// Expected share of promises kept, 0 to 1.
    pub expected_on_time: f64,
    /// Share kept on the worst 5 % of days, at best, 0 to 1.
    pub on_time_p5: f64,
    /// Chance that all of them are kept.
    pub all_on_time: Probability,
    /// Latest departure from the start that keeps every promise at the stated confidence.
    pub leave_by: Timestamp,
    /// Median end of the route.
    pub end_p50: Timestamp,
    /// End that 90 % of days come before.
    pub end_p90: Timestamp,
}

/// What makes promises fail: by how much the expected on-time rate rises when one group of factors alone is held at its
/// mean on every simulated day, as a share. What groups do together is in none of them; a share may be negative where
/// luck keeps what the plan does not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CauseSplit {
    /// The expected on-time rate with everything varying, over the days that the split was computed on, 0 to 1.
    pub expected_on_time: f64,
    /// Traffic: of the day, the hour and single legs, and how little is known of its biases.
    pub traffic: f64,
    /// Couriers' driving and pace.
    pub courier: f64,
    /// Services, with incidents and how little is known of their biases.
    pub service: f64,
    /// Late starts.
    pub start: f64,
    /// Simulated days that the split was computed on.
    pub scenarios: u32,
}

/// How likely a plan is to keep its promises.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanForecast {
    /// Routes in the order of the plan.
    pub routes: Vec<RouteForecast>,
    /// Expected share of promises kept among the orders served, 0 to 1.
    pub expected_on_time: f64,
    /// Half the width of its 95 % confidence interval from sampling.
    pub expected_on_time_error: f64,
    /// The 5 % quantile of the rate realized on a day, 0 to 1.
    pub realized_p5: f64,
    /// The 95 % quantile.
    pub realized_p95: f64,
    /// Expected share of promises kept among all orders, unserved ones counting as not kept, 0 to 1.
    pub expected_kept: f64,
    /// Simulated days.
    pub scenarios: u32,
    /// Random seed.
    pub seed: u64,
    /// Where the spread comes from.
    pub spread_source: SpreadSource,
    /// Version of the noise model; "default" for the built-in one.
    pub noise_version: String,
    /// The confidence of every leave-by time, 0 to 1.
    pub leave_by_confidence: f64,
    /// Lateness that counts as on time.
    pub grace: Seconds,
    /// What makes promises fail; `None` if that was not asked for.
    pub causes: Option<CauseSplit>,
}

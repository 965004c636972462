//! How much a day varies, and what a forecast says about a plan.

use super::{CourierId, OrderId};
use crate::units::{Cost, Seconds, Timestamp};

/// How much the day varies: standard deviations of logarithms of factors with mean 1, unless stated otherwise.
///
/// Source of the defaults: published traffic and delivery data (loop detectors, taxi trips, home delivery instances),
/// combined by hand; they are plausible, not calibrated for anyone.
#[derive(Clone, Debug, PartialEq)]
pub struct NoiseModel {
    /// Name and version; `None` for values that do not come from history.
    pub version: Option<String>,
    /// Traffic of the whole day, all couriers alike.
    pub day_sigma: f64,
    /// Traffic of the hour, all couriers alike.
    pub hour_sigma: f64,
    /// Time in which the hour's traffic forgets.
    pub hour_time_constant: Seconds,
    /// A courier's driving on the day.
    pub courier_drive_sigma: f64,
    /// A courier's pace at the door on the day.
    pub courier_service_sigma: f64,
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
}

impl Default for NoiseModel {
    fn default() -> Self {
        Self {
            version: None,
            day_sigma: 0.05,
            hour_sigma: 0.08,
            hour_time_constant: Seconds(4 * 3_600),
            courier_drive_sigma: 0.078,
            courier_service_sigma: 0.17,
            leg_variance: 0.04,
            leg_variance_minutes: 0.36,
            service_sigma: 0.45,
            incident_probability: 0.03,
            incident_mean: Seconds(540),
            start_delay: Seconds(360),
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
    /// Lateness that still counts as on time.
    pub grace: Seconds,
}

impl Default for ForecastOptions {
    fn default() -> Self {
        Self {
            scenarios: 4_096,
            seed: 1,
            noise: None,
            grace: Seconds::ZERO,
        }
    }
}

/// How many promises a plan is to keep, on average over all days.
#[derive(Clone, Copy, Debug, PartialEq)]
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
    /// The caller's noise model.
    Request,
}

/// A chance with its sampling error (95 % Wilson interval), each 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
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
    /// Arrival that 90 % of days come before.
    pub arrival_p90: Timestamp,
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
}

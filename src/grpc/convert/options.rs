//! How to search and how to forecast.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::noise::read_noise;
use super::read::{At, Sink};
use super::target::read_target;
use crate::app::{OnInvalidOrder, SolveOptions};
use crate::config::{self, PlanningConfig};
use crate::grpc::pb;
use crate::model::{Finding, ForecastOptions, Reason};
use crate::units::Seconds;

/// Simulated days that a request may ask for, and the block they come in.
const SCENARIOS: RangeInclusive<i32> = 128..=65_536;
const SCENARIO_BLOCK: u32 = 256;
/// Search threads that a request may ask for.
const THREADS: RangeInclusive<i32> = 1..=256;
/// Random seed, if the request has none.
const SEED_DEFAULT: u64 = 1;
/// Longest span in a noise model: a day.
const DAY: Seconds = Seconds(86_400);

/// Reads how to search; paths start with `options`.
///
/// # Errors
/// Everything that is out of bounds.
pub(super) fn read_solve_options(
    options: Option<&pb::SolveOptions>,
    config: &PlanningConfig,
) -> Result<SolveOptions, Vec<Finding>> {
    let absent = pb::SolveOptions::default();
    let options = options.unwrap_or(&absent);
    let sink = Sink::default();
    let root = At::root(&sink);
    let at = root.field("options");
    let budget = read_budget(&at, options, config);
    let threads = match options.threads {
        Some(threads) => at.whole("threads", threads, THREADS).map(Some),
        None => Some(None),
    };
    let on_invalid_order = read_on_invalid_order(&at, options.on_invalid_order);
    let forecast = read_forecast_at(&at.field("forecast"), options.forecast.as_ref());
    let target = read_target(&at.field("on_time_target"), options.on_time_target.as_ref());
    let read = || {
        Some(SolveOptions {
            time_budget: budget?,
            iteration_limit: options.iteration_limit,
            stagnation_limit: options.stagnation_limit,
            seed: options.seed.unwrap_or(SEED_DEFAULT),
            threads: config.threads_granted(threads?.and_then(|wanted| wanted.try_into().ok())),
            fleet_first: options.fleet_first,
            on_invalid_order: on_invalid_order?,
            forecast: forecast?,
            target: target?,
        })
    };
    read().ok_or_else(|| sink.take())
}

/// Reads how to forecast; paths start with `field`.
///
/// # Errors
/// Everything that is out of bounds.
pub(super) fn read_forecast_options(
    field: &'static str,
    options: Option<&pb::ForecastOptions>,
) -> Result<ForecastOptions, Vec<Finding>> {
    let sink = Sink::default();
    let read = read_forecast_at(&At::root(&sink).field(field), options);
    read.ok_or_else(|| sink.take())
}

fn read_budget(
    at: &At<'_>,
    options: &pb::SolveOptions,
    config: &PlanningConfig,
) -> Option<Duration> {
    let wanted = at.fine_span_if_any(
        "time_budget_duration",
        options.time_budget_duration.as_ref(),
    )?;
    let max = config::millis(config.time_budget_max_ms);
    let budget = wanted.unwrap_or(config::millis(config.time_budget_default_ms));
    if budget > max {
        let message = format!("the longest search allowed takes {} s", max.as_secs_f64());
        at.field("time_budget_duration")
            .report(Reason::OutOfRange, message);
        return None;
    }
    Some(budget)
}

fn read_on_invalid_order(at: &At<'_>, value: i32) -> Option<OnInvalidOrder> {
    use pb::OnInvalidOrder as Wire;
    match Wire::try_from(value) {
        Ok(Wire::Unspecified | Wire::Reject) => Some(OnInvalidOrder::Reject),
        Ok(Wire::SetAside) => Some(OnInvalidOrder::SetAside),
        Err(_) => {
            at.field("on_invalid_order")
                .report(Reason::UnknownName, "there is no such choice");
            None
        }
    }
}

/// Reads how many days to simulate.
///
/// # Errors
/// If the number is out of bounds.
pub fn read_scenarios(wanted: Option<i32>) -> Result<u32, Vec<Finding>> {
    let sink = Sink::default();
    read_scenarios_at(&At::root(&sink), wanted).ok_or_else(|| sink.take())
}

fn read_scenarios_at(at: &At<'_>, wanted: Option<i32>) -> Option<u32> {
    match wanted {
        Some(wanted) => at
            .whole("scenarios", wanted, SCENARIOS)
            .map(|wanted| wanted.unsigned_abs().next_multiple_of(SCENARIO_BLOCK)),
        None => Some(ForecastOptions::default().scenarios),
    }
}

fn read_forecast_at(at: &At<'_>, options: Option<&pb::ForecastOptions>) -> Option<ForecastOptions> {
    let default = ForecastOptions::default();
    let Some(options) = options else {
        return Some(default);
    };
    let scenarios = read_scenarios_at(at, options.scenarios);
    let noise = match &options.noise {
        Some(noise) => read_noise(&at.field("noise"), noise).map(Some),
        None => Some(None),
    };
    let grace = at.short_span(
        "grace_duration",
        options.grace_duration.as_ref(),
        Seconds::ZERO,
        default.grace,
    );
    Some(ForecastOptions {
        scenarios: scenarios?,
        seed: options.seed.unwrap_or(SEED_DEFAULT),
        noise: noise?,
        is_configured: false,
        causes: options.causes,
        grace: grace?,
    })
}

impl At<'_> {
    /// A whole number within bounds.
    pub(super) fn whole(
        &self,
        field: &'static str,
        value: i32,
        bounds: RangeInclusive<i32>,
    ) -> Option<i32> {
        if bounds.contains(&value) {
            return Some(value);
        }
        let message = format!(
            "{value} is not between {} and {}",
            bounds.start(),
            bounds.end()
        );
        self.field(field).report(Reason::OutOfRange, message);
        None
    }

    /// A span of at most a day, or the default.
    pub(super) fn short_span(
        &self,
        field: &'static str,
        value: Option<&prost_types::Duration>,
        min: Seconds,
        default: Seconds,
    ) -> Option<Seconds> {
        let span = self.span_if_any(field, value)?.unwrap_or(default);
        if (min..=DAY).contains(&span) {
            return Some(span);
        }
        let message = format!("the duration is not between {min} s and one day");
        self.field(field).report(Reason::OutOfRange, message);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(findings: &[Finding]) -> Vec<&str> {
        findings
            .iter()
            .map(|finding| finding.field.as_str())
            .collect()
    }

    #[test]
    fn absent_options_are_the_defaults() {
        let config = PlanningConfig::default();
        let options = read_solve_options(None, &config).unwrap();
        assert_eq!(options.time_budget, Duration::from_secs(30));
        assert_eq!(options.seed, SEED_DEFAULT);
        assert_eq!(options.on_invalid_order, OnInvalidOrder::Reject);
        assert_eq!(options.forecast, ForecastOptions::default());
    }

    #[test]
    fn everything_out_of_bounds_is_reported_at_once() {
        let options = pb::SolveOptions {
            time_budget_duration: Some(prost_types::Duration {
                seconds: -1,
                nanos: 0,
            }),
            threads: Some(0),
            on_invalid_order: 77,
            forecast: Some(pb::ForecastOptions {
                scenarios: Some(1_000_000),
                noise: Some(pb::NoiseModel {
                    day_sigma: Some(f64::NAN),
                    incident_percent: Some(101.0),
                    ..pb::NoiseModel::default()
                }),
                grace_duration: Some(prost_types::Duration {
                    seconds: -5,
                    nanos: 0,
                }),
                ..pb::ForecastOptions::default()
            }),
            ..pb::SolveOptions::default()
        };
        let findings = read_solve_options(Some(&options), &PlanningConfig::default()).unwrap_err();
        assert_eq!(
            paths(&findings),
            [
                "options.time_budget_duration",
                "options.threads",
                "options.on_invalid_order",
                "options.forecast.scenarios",
                "options.forecast.noise.day_sigma",
                "options.forecast.noise.incident_percent",
                "options.forecast.grace_duration",
            ]
        );
    }

    #[test]
    fn scenarios_come_in_whole_blocks() {
        let options = pb::ForecastOptions {
            scenarios: Some(300),
            ..pb::ForecastOptions::default()
        };
        let read = read_forecast_options("forecast", Some(&options)).unwrap();
        assert_eq!(read.scenarios, 512);
    }
}

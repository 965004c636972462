//! Calibrations, both ways: the request with its history, and the answer.

use super::history::read_recorded_routes;
use super::options::read_forecast_options;
use super::request::pair;
use super::scalar::{count, percent};
use crate::analysis::calibration::{
    Bin, Bounds, Coverage, DayJudgement, Histogram, Judgement, Recalibration,
};
use crate::app::Refusal;
use crate::backtest::{Calibration, Group, Standing};
use crate::grpc::pb;
use crate::model::{Finding, ForecastOptions, History, Reason, RecordedPurpose};

/// Simulated days for each recorded one, if the request does not say.
const SCENARIOS_DEFAULT: i32 = 1_024;

/// Most simulated days for each recorded one.
const SCENARIOS_MAX: i32 = 4_096;

/// Reads a request for a calibration.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_calibration_request(
    request: &pb::GetCalibrationRequest,
) -> Result<(History, ForecastOptions), Refusal> {
    let history = read_recorded_routes("routes", &request.routes).and_then(|history| {
        let stops = history.routes.iter().flat_map(|route| &route.stops);
        let mut purposes = stops.map(|stop| &stop.purpose);
        if purposes.any(|purpose| matches!(purpose, RecordedPurpose::Order(_))) {
            return Ok(history);
        }
        let message = "at least one stop for an order is required";
        Err(vec![Finding::new(
            "routes",
            "",
            Reason::MissingField,
            message,
        )])
    });
    let mut wanted = request.options.clone().unwrap_or_default();
    let scenarios = *wanted.scenarios.get_or_insert(SCENARIOS_DEFAULT);
    let options = read_forecast_options("options", Some(&wanted)).and_then(|options| {
        if scenarios <= SCENARIOS_MAX {
            return Ok(options);
        }
        let message = format!("{scenarios} is more than the {SCENARIOS_MAX} that are allowed here");
        let field = "options.scenarios";
        Err(vec![Finding::new(field, "", Reason::OutOfRange, message)])
    });
    pair(history, options).map_err(Refusal::Invalid)
}

/// The message for a calibration of forecasts that were made under `options`.
#[must_use]
pub fn calibration_message(
    calibration: &Calibration,
    options: &ForecastOptions,
) -> pb::Calibration {
    let standing = match calibration.standing() {
        Standing::TooThin => pb::CalibrationStanding::TooThin,
        Standing::Alarm => pb::CalibrationStanding::Alarm,
        Standing::Sound => pb::CalibrationStanding::Sound,
    };
    let groups = |groups: &[Group]| groups.iter().map(group_message).collect();
    pb::Calibration {
        standing: standing as i32,
        summary: calibration.to_string(),
        overall: Some(judgement_message(&calibration.overall)),
        days: Some(day_message(&calibration.days)),
        leads: groups(&calibration.by_lead),
        zones: groups(&calibration.by_zone),
        slots: groups(&calibration.by_slot),
        couriers: groups(&calibration.by_courier),
        scenarios: count(options.scenarios),
        seed: options.seed,
        noise_version: options.noise_version(),
    }
}

fn group_message(group: &Group) -> pb::JudgedGroup {
    pb::JudgedGroup {
        name: group.name.clone(),
        judgement: Some(judgement_message(&group.judgement)),
    }
}

fn judgement_message(judgement: &Judgement) -> pb::ForecastJudgement {
    let reliability = &judgement.reliability;
    pb::ForecastJudgement {
        promises: whole(reliability.n),
        days: count(reliability.n_days),
        predicted_percent: percent(reliability.predicted),
        kept_percent: percent(reliability.happened),
        kept_interval: reliability.happened_by_days.map(interval_message),
        bins: reliability.bins.iter().map(bin_message).collect(),
        error_points: percent(reliability.error),
        error_by_chance_points: reliability.error_by_chance.map(percent),
        brier_score: reliability.brier,
        brier_reliability: reliability.brier_reliability,
        brier_resolution: reliability.brier_resolution,
        brier_uncertainty: reliability.brier_uncertainty,
        design_effect: reliability.design_effect,
        recalibration: Some(recalibration_message(&judgement.recalibration)),
        tenths_percent: tenths(&judgement.histogram),
        is_flat: judgement.histogram.is_flat(),
        bands: judgement.coverage.iter().map(band_message).collect(),
        crps_seconds: judgement.crps,
    }
}

fn day_message(days: &DayJudgement) -> pb::DayJudgement {
    pb::DayJudgement {
        days: count(days.n),
        predicted_percent: percent(days.predicted),
        kept_percent: percent(days.happened),
        apart_points: percent(days.apart),
        difference_error_points: days.margin.map(percent),
        tenths_percent: tenths(&days.histogram),
        is_flat: days.histogram.is_flat(),
        bands: days.coverage.iter().map(band_message).collect(),
    }
}

fn bin_message(bin: &Bin) -> pb::ReliabilityBin {
    pb::ReliabilityBin {
        from_percent: percent(bin.from),
        to_percent: percent(bin.to),
        promises: whole(bin.n),
        predicted_percent: percent(bin.predicted),
        kept_percent: percent(bin.happened),
        independent_interval: Some(interval_message(bin.wilson)),
        kept_interval: bin.by_days.map(interval_message),
    }
}

fn recalibration_message(correction: &Recalibration) -> pb::Recalibration {
    pb::Recalibration {
        intercept: correction.intercept,
        slope: correction.slope,
        is_judged: correction.is_judged,
        is_significant: correction.is_significant,
        is_alarming: correction.is_alarming(),
    }
}

fn band_message(band: &Coverage) -> pb::BandCoverage {
    pb::BandCoverage {
        stated_percent: percent(band.stated),
        held_percent: percent(band.held),
        held_interval: band.interval.map(interval_message),
    }
}

fn tenths(histogram: &Histogram) -> Vec<f64> {
    histogram.shares.iter().copied().map(percent).collect()
}

fn interval_message(bounds: Bounds) -> pb::PercentInterval {
    pb::PercentInterval {
        low_percent: percent(bounds.low),
        high_percent: percent(bounds.high),
    }
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

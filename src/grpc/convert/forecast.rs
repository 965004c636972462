//! Forecasts, both ways.

use super::enums::{read_spread_source, write_spread_source};
use super::read::{At, Sink};
use super::scalar::{count, moment, percent, span};
use crate::grpc::pb;
use crate::model::{
    CauseSplit, CourierId, Finding, OrderId, PlanForecast, Probability, Reason, RouteForecast,
    StopForecast,
};
use crate::units::Seconds;

/// The message for a forecast.
#[must_use]
pub fn forecast_message(forecast: &PlanForecast) -> pb::PlanForecast {
    pb::PlanForecast {
        routes: forecast.routes.iter().map(route_message).collect(),
        expected_on_time_percent: percent(forecast.expected_on_time),
        expected_on_time_error_points: percent(forecast.expected_on_time_error),
        realized_on_time_p5_percent: percent(forecast.realized_p5),
        realized_on_time_p95_percent: percent(forecast.realized_p95),
        expected_kept_percent: percent(forecast.expected_kept),
        definition: definition(forecast.grace),
        scenarios: count(forecast.scenarios),
        seed: forecast.seed,
        spread_source: write_spread_source(forecast.spread_source),
        noise_version: forecast.noise_version.clone(),
        leave_by_confidence_percent: percent(forecast.leave_by_confidence),
        causes: forecast.causes.as_ref().map(causes_message),
    }
}

fn causes_message(causes: &CauseSplit) -> pb::CauseSplit {
    pb::CauseSplit {
        traffic_points: percent(causes.traffic),
        courier_points: percent(causes.courier),
        service_points: percent(causes.service),
        start_points: percent(causes.start),
        expected_on_time_percent: percent(causes.expected_on_time),
        scenarios: count(causes.scenarios),
    }
}

/// What is counted as on time, in words.
fn definition(grace: Seconds) -> String {
    format!(
        "An order is on time if its service starts no later than the end of its promised window plus {grace} s; \
         couriers who come early wait; the end of the window is still on time."
    )
}

fn route_message(route: &RouteForecast) -> pb::RouteForecast {
    pb::RouteForecast {
        courier_id: route.courier.to_string(),
        stops: route.stops.iter().map(stop_message).collect(),
        expected_on_time_percent: percent(route.expected_on_time),
        on_time_p5_percent: percent(route.on_time_p5),
        all_on_time: Some(probability_message(route.all_on_time)),
        leave_by_time: moment(route.leave_by),
        end_p50_time: moment(route.end_p50),
        end_p90_time: moment(route.end_p90),
    }
}

fn stop_message(stop: &StopForecast) -> pb::StopForecast {
    pb::StopForecast {
        order_id: stop.order.to_string(),
        on_time: Some(probability_message(stop.on_time)),
        arrival_p10_time: moment(stop.arrival_p10),
        arrival_p50_time: moment(stop.arrival_p50),
        arrival_p80_time: moment(stop.arrival_p80),
        arrival_p90_time: moment(stop.arrival_p90),
        arrival_p95_time: moment(stop.arrival_p95),
        arrival_p98_1_time: moment(stop.arrival_p98_1),
        expected_lateness_duration: span(stop.expected_lateness),
        leave_by_time: stop.leave_by.and_then(moment),
    }
}

pub(super) fn probability_message(chance: Probability) -> pb::Probability {
    pb::Probability {
        percent: percent(chance.estimate),
        low_percent: percent(chance.low),
        high_percent: percent(chance.high),
    }
}

/// Reads a forecast; paths start at the forecast.
///
/// The grace is not on the wire as a number and is read as zero: it matters only while forecasting.
///
/// # Errors
/// Everything that could not be read.
pub(super) fn read_forecast(forecast: &pb::PlanForecast) -> Result<PlanForecast, Vec<Finding>> {
    let sink = Sink::default();
    let at = At::root(&sink);
    let routes = at.all("routes", &forecast.routes, |at, route| {
        read_route(&at.about(&route.courier_id), route)
    });
    let scenarios = at.count_if_any("scenarios", Some(forecast.scenarios));
    let spread_source = read_spread_source(forecast.spread_source);
    if spread_source.is_none() {
        at.field("spread_source")
            .report(Reason::MissingField, "where does the spread come from?");
    }
    let error = forecast.expected_on_time_error_points;
    let on_time = at.share(
        "expected_on_time_percent",
        forecast.expected_on_time_percent,
    );
    let error = at.share("expected_on_time_error_points", error);
    let p5 = at.share(
        "realized_on_time_p5_percent",
        forecast.realized_on_time_p5_percent,
    );
    let p95 = at.share(
        "realized_on_time_p95_percent",
        forecast.realized_on_time_p95_percent,
    );
    let kept = at.share("expected_kept_percent", forecast.expected_kept_percent);
    let confidence = at.share(
        "leave_by_confidence_percent",
        forecast.leave_by_confidence_percent,
    );
    let causes = match &forecast.causes {
        Some(causes) => read_causes(&at.field("causes"), causes).map(Some),
        None => Some(None),
    };
    let read = || {
        Some(PlanForecast {
            routes: routes?,
            expected_on_time: on_time?,
            expected_on_time_error: error?,
            realized_p5: p5?,
            realized_p95: p95?,
            expected_kept: kept?,
            scenarios: scenarios?.unwrap_or_default(),
            seed: forecast.seed,
            spread_source: spread_source?,
            noise_version: forecast.noise_version.clone(),
            leave_by_confidence: confidence?,
            grace: Seconds::ZERO,
            causes: causes?,
        })
    };
    read().ok_or_else(|| sink.take())
}

fn read_causes(at: &At<'_>, causes: &pb::CauseSplit) -> Option<CauseSplit> {
    let traffic = at.points("traffic_points", causes.traffic_points);
    let courier = at.points("courier_points", causes.courier_points);
    let service = at.points("service_points", causes.service_points);
    let start = at.points("start_points", causes.start_points);
    let expected = at.share("expected_on_time_percent", causes.expected_on_time_percent);
    let scenarios = at.count_if_any("scenarios", Some(causes.scenarios));
    Some(CauseSplit {
        expected_on_time: expected?,
        traffic: traffic?,
        courier: courier?,
        service: service?,
        start: start?,
        scenarios: scenarios?.unwrap_or_default(),
    })
}

fn read_route(at: &At<'_>, route: &pb::RouteForecast) -> Option<RouteForecast> {
    let courier = at.id("courier_id", &route.courier_id, CourierId::parse);
    let stops = at.all("stops", &route.stops, |at, stop| {
        read_stop(&at.about(&stop.order_id), stop)
    });
    let on_time = at.share("expected_on_time_percent", route.expected_on_time_percent);
    let p5 = at.share("on_time_p5_percent", route.on_time_p5_percent);
    let all_on_time = at.probability("all_on_time", route.all_on_time.as_ref());
    let leave_by = at.moment("leave_by_time", route.leave_by_time.as_ref());
    let end_p50 = at.moment("end_p50_time", route.end_p50_time.as_ref());
    let end_p90 = at.moment("end_p90_time", route.end_p90_time.as_ref());
    Some(RouteForecast {
        courier: courier?,
        stops: stops?,
        expected_on_time: on_time?,
        on_time_p5: p5?,
        all_on_time: all_on_time?,
        leave_by: leave_by?,
        end_p50: end_p50?,
        end_p90: end_p90?,
    })
}

fn read_stop(at: &At<'_>, stop: &pb::StopForecast) -> Option<StopForecast> {
    let order = at.id("order_id", &stop.order_id, OrderId::parse);
    let on_time = at.probability("on_time", stop.on_time.as_ref());
    let p10 = at.moment("arrival_p10_time", stop.arrival_p10_time.as_ref());
    let p50 = at.moment("arrival_p50_time", stop.arrival_p50_time.as_ref());
    let p80 = at.moment("arrival_p80_time", stop.arrival_p80_time.as_ref());
    let p90 = at.moment("arrival_p90_time", stop.arrival_p90_time.as_ref());
    let p95 = at.moment("arrival_p95_time", stop.arrival_p95_time.as_ref());
    let p98_1 = at.moment("arrival_p98_1_time", stop.arrival_p98_1_time.as_ref());
    let lateness = at.span(
        "expected_lateness_duration",
        stop.expected_lateness_duration.as_ref(),
    );
    let leave_by = at.moment_if_any("leave_by_time", stop.leave_by_time.as_ref());
    Some(StopForecast {
        order: order?,
        on_time: on_time?,
        arrival_p10: p10?,
        arrival_p50: p50?,
        arrival_p80: p80?,
        arrival_p90: p90?,
        arrival_p95: p95?,
        arrival_p98_1: p98_1?,
        expected_lateness: lateness?,
        leave_by: leave_by?,
    })
}

impl At<'_> {
    fn probability(
        &self,
        field: &'static str,
        chance: Option<&pb::Probability>,
    ) -> Option<Probability> {
        let chance = self.required(field, chance)?;
        let at = self.field(field);
        let estimate = at.share("percent", chance.percent);
        let low = at.share("low_percent", chance.low_percent);
        let high = at.share("high_percent", chance.high_percent);
        Some(Probability {
            estimate: estimate?,
            low: low?,
            high: high?,
        })
    }

    /// A percentage as a share of one.
    fn share(&self, field: &'static str, percent: f64) -> Option<f64> {
        if (0.0..=100.0).contains(&percent) {
            return Some(percent / 100.0);
        }
        self.field(field)
            .report(Reason::OutOfRange, "a percentage is between 0 and 100");
        None
    }

    /// Percentage points as a share of one, negative ones too.
    fn points(&self, field: &'static str, points: f64) -> Option<f64> {
        if (-100.0..=100.0).contains(&points) {
            return Some(points / 100.0);
        }
        self.field(field).report(
            Reason::OutOfRange,
            "percentage points are between -100 and 100",
        );
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SpreadSource;

    fn forecast(causes: Option<CauseSplit>) -> PlanForecast {
        PlanForecast {
            routes: Vec::new(),
            expected_on_time: 0.875,
            expected_on_time_error: 0.0,
            realized_p5: 0.5,
            realized_p95: 1.0,
            expected_kept: 0.875,
            scenarios: 256,
            seed: 3,
            spread_source: SpreadSource::Default,
            noise_version: "default".to_owned(),
            leave_by_confidence: 0.9,
            grace: Seconds::ZERO,
            causes,
        }
    }

    const CAUSES: CauseSplit = CauseSplit {
        expected_on_time: 0.875,
        traffic: 0.0625,
        courier: 0.03125,
        service: 0.125,
        start: -0.25,
        scenarios: 256,
    };

    #[test]
    fn a_forecast_is_read_back_as_it_was_written_with_its_causes() {
        for causes in [None, Some(CAUSES)] {
            let written = forecast(causes);
            assert_eq!(read_forecast(&forecast_message(&written)), Ok(written));
        }
    }

    #[test]
    fn causes_that_cannot_be_are_refused_by_path() {
        let mut message = forecast_message(&forecast(Some(CAUSES)));
        let causes = message.causes.as_mut().unwrap();
        (causes.start_points, causes.traffic_points) = (-101.0, f64::NAN);
        causes.scenarios = -1;
        let refused = read_forecast(&message).unwrap_err();
        let fields: Vec<_> = refused
            .iter()
            .map(|finding| finding.field.as_str())
            .collect();
        assert_eq!(
            fields,
            [
                "causes.traffic_points",
                "causes.start_points",
                "causes.scenarios"
            ]
        );
    }
}

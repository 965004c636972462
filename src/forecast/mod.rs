//! Stands in until the forecast is there.

use crate::model::*;
use crate::travel::TravelTimes;
use crate::units::{Seconds, Timestamp};

/// Forecasts `plan`.
#[must_use]
pub fn forecast(
    problem: &Problem,
    travel: &TravelTimes<'_>,
    plan: &Plan,
    options: &ForecastOptions,
) -> PlanForecast {
    let _ = (problem, travel);
    let chance = |estimate: f64| Probability {
        estimate,
        low: estimate - 0.01,
        high: estimate + 0.005,
    };
    let routes = plan
        .routes
        .iter()
        .map(|route| RouteForecast {
            courier: route.courier.clone(),
            stops: route
                .stops
                .iter()
                .enumerate()
                .map(|(i, stop)| StopForecast {
                    order: stop.order.clone(),
                    on_time: chance(if stop.lateness.0 > 0 {
                        0.1
                    } else {
                        0.95 - i as f64 * 0.001
                    }),
                    arrival_p10: Timestamp(stop.arrival.0 - 300),
                    arrival_p50: stop.arrival,
                    arrival_p90: Timestamp(stop.arrival.0 + 600),
                    expected_lateness: Seconds(12),
                    leave_by: (i + 1 < route.stops.len())
                        .then_some(Timestamp(stop.departure.0 + 300)),
                })
                .collect(),
            expected_on_time: 0.95,
            on_time_p5: 0.8,
            all_on_time: chance(0.7),
            leave_by: route.departure,
            end_p50: route.end,
            end_p90: Timestamp(route.end.0 + 900),
        })
        .collect();
    PlanForecast {
        routes,
        expected_on_time: 0.95,
        expected_on_time_error: 0.002,
        realized_p5: 0.88,
        realized_p95: 0.99,
        expected_kept: 0.94,
        scenarios: options.scenarios,
        seed: options.seed,
        spread_source: if options.noise.is_some() {
            SpreadSource::Request
        } else {
            SpreadSource::Default
        },
        noise_version: options
            .noise
            .as_ref()
            .and_then(|n| n.version.clone())
            .unwrap_or_else(|| "default".to_owned()),
        leave_by_confidence: 0.9,
        grace: options.grace,
    }
}

//! Plans and forecasts as tables and sentences for people.

use std::fmt::Display;

use comfy_table::{CellAlignment, Table, presets};

use super::Done;
use crate::grpc::pb;

/// Lines of each kind before the rest is only counted.
const LINES_MAX: usize = 20;
/// Loads of a route before the rest is only counted.
const LOADS_MAX: usize = 3;

/// A text that may come from anywhere, without characters that would steer a terminal or turn its text around.
pub(super) fn plain(text: &str) -> String {
    let steers = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.replace(steers, "\u{fffd}")
}

/// Meters as kilometers.
pub(super) fn kilometers(meters: i64) -> f64 {
    // Distances of a day are far below 2^53 meters.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let meters = meters as f64;
    meters / 1_000.0
}

/// Everything about a planned day, as it is printed.
pub(super) fn day(plan: &pb::Plan, forecast: &pb::PlanForecast) -> String {
    let parts = [
        route_table(plan, forecast),
        plan_summary(plan) + &violations(plan) + &forecast_summary(plan, forecast),
    ];
    parts.join("\n").trim_end().to_owned()
}

/// The routes as a table: who, how much, how far, how long, how surely.
pub(super) fn route_table(plan: &pb::Plan, forecast: &pb::PlanForecast) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header([
        "courier",
        "stops",
        "load",
        "km",
        "hours",
        "on time",
        "worst stop",
    ]);
    for route in &plan.routes {
        let found = forecast
            .routes
            .iter()
            .find(|f| f.courier_id == route.courier_id);
        table.add_row([
            route.courier_id.clone(),
            route.stops.len().to_string(),
            loads(route),
            format!("{:.1}", kilometers(route.distance_meters)),
            format!("{:.1}", hours(route)),
            found
                .map(|f| percent(f.expected_on_time_percent))
                .unwrap_or_default(),
            found.and_then(worst_stop).unwrap_or_default(),
        ]);
    }
    for index in [1, 3, 4, 5] {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    plain(&table.to_string())
}

/// Loads, as many as a table has room for.
fn loads(route: &pb::Route) -> String {
    let loads = route.peak_load.iter();
    let mut loads: Vec<String> = loads.map(|(name, load)| format!("{load} {name}")).collect();
    let n_more = loads.len().saturating_sub(LOADS_MAX);
    if n_more > 0 {
        loads.truncate(LOADS_MAX);
        loads.push(format!("{n_more} more"));
    }
    loads.join(", ")
}

fn hours(route: &pb::Route) -> f64 {
    let second =
        |moment: &Option<prost_types::Timestamp>| moment.map_or(0, |moment| moment.seconds);
    #[expect(
        clippy::cast_precision_loss,
        reason = "a shift is far below 2^53 seconds"
    )]
    let seconds = (second(&route.end_time) - second(&route.start_time)) as f64;
    seconds / 3_600.0
}

fn worst_stop(route: &pb::RouteForecast) -> Option<String> {
    let chance = |stop: &pb::StopForecast| stop.on_time.map_or(100.0, |on_time| on_time.percent);
    let worst = route
        .stops
        .iter()
        .min_by(|a, b| chance(a).total_cmp(&chance(b)))?;
    Some(format!("{} {}", worst.order_id, percent(chance(worst))))
}

/// `count` with the name of what is counted.
pub(super) fn counted<N: PartialEq + From<u8> + Display>(count: N, noun: &str) -> String {
    let ending = if count == N::from(1) { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

fn percent(percent: f64) -> String {
    format!("{percent:.1} %")
}

/// What the plan comes to, in sentences.
fn plan_summary(plan: &pb::Plan) -> String {
    let stops: usize = plan.routes.iter().map(|route| route.stops.len()).sum();
    let reloads: usize = plan.routes.iter().map(|route| route.reloads.len()).sum();
    let provenance = plan.provenance.clone().unwrap_or_default();
    let breaks: usize = plan.routes.iter().map(|route| route.breaks.len()).sum();
    let if_any = |count: usize, noun: &str| match count {
        0 => String::new(),
        count => format!(", {}", counted(count, noun)),
    };
    let others = if_any(reloads, "reload") + &if_any(breaks, "break");
    let mut text = format!(
        "Plan {}: {}, {}{others}, {:.1} km, cost {}; {} unserved, {} broken.\n",
        plan.version,
        counted(plan.routes.len(), "route"),
        counted(stops, "stop"),
        kilometers(plan.distance_meters),
        plan.cost.map_or(0, |cost| cost.total_cost),
        counted(plan.unserved_orders.len(), "order"),
        counted(plan.broken_promises, "promise"),
    );
    if provenance.stop_reason() != pb::StopReason::Unspecified {
        let reason = provenance.stop_reason().as_str_name();
        text += &format!(
            "Search: {}, {}, seed {}, ended by {}.\n",
            counted(provenance.iterations, "iteration"),
            counted(provenance.threads, "thread"),
            provenance.seed,
            reason.strip_prefix("STOP_REASON_").unwrap_or(reason),
        );
    }
    let unserved = plan.unserved_orders.iter().map(|unserved| {
        let why = match (&unserved.relaxation, unserved.obstacles.first()) {
            (Some(relaxation), _) => relaxation.message.as_str(),
            (None, Some(nearest)) => nearest.message.as_str(),
            (None, None) => "nothing that keeps it out was looked for or found",
        };
        format!("unserved: {} ({why})", unserved.order_id)
    });
    text += &list(unserved.collect());
    text += &list(
        plan.set_aside_order_ids
            .iter()
            .map(|id| format!("set aside: {id}"))
            .collect(),
    );
    plain(&text)
}

/// What the day's promises are worth, in sentences.
pub(super) fn forecast_summary(plan: &pb::Plan, forecast: &pb::PlanForecast) -> String {
    let spread = match forecast.spread_source() {
        pb::SpreadSource::Request | pb::SpreadSource::Configured => {
            format!(
                "The spread comes from the noise model {:?}.",
                forecast.noise_version
            )
        }
        pb::SpreadSource::Default | pb::SpreadSource::Unspecified => {
            "The spread is a built-in default, not learned from your history: uncalibrated."
                .to_owned()
        }
    };
    let n_served: usize = plan.routes.iter().map(|route| route.stops.len()).sum();
    let n_planned = (n_served + plan.unserved_orders.len()) as f64;
    let n_orders = n_planned + plan.set_aside_order_ids.len() as f64;
    plain(&format!(
        "Predicted on-time rate of the orders served: {:.2} % (+-{:.2} points of simulation error, {} simulated days).\n\
         The rate realized on a day will lie between {:.1} % and {:.1} % on 90 days of 100 (5-95 % range).\n\
         Of all orders, those unserved or set aside counted as not kept: {:.2} %.\n{}{spread}\n",
        forecast.expected_on_time_percent,
        forecast.expected_on_time_error_points,
        forecast.scenarios,
        forecast.realized_on_time_p5_percent,
        forecast.realized_on_time_p95_percent,
        forecast.expected_kept_percent * n_planned / n_orders.max(1.0),
        forecast.causes.as_ref().map(causes).unwrap_or_default(),
    ))
}

/// What became of the target, in a sentence or two.
pub(super) fn target(outcome: &pb::TargetOutcome) -> String {
    let price = outcome.promise_cost;
    plain(&if outcome.is_met {
        format!(
            "The target is met. Keeping one promise more, on average, costs about {price} at this plan."
        )
    } else {
        format!(
            "The target is not met: {}. The search would have paid about {price} for one promise more, on average.",
            outcome.reason
        )
    })
}

/// What makes promises fail, in a sentence and a line break.
fn causes(causes: &pb::CauseSplit) -> String {
    format!(
        "Points regained if only this went as planned on average: traffic {:+.2}, couriers {:+.2}, services {:+.2}, \
         starts {:+.2} ({} simulated days).\n",
        causes.traffic_points,
        causes.courier_points,
        causes.service_points,
        causes.start_points,
        causes.scenarios,
    )
}

/// What the plan breaks, one line each; empty if nothing.
fn violations(plan: &pb::Plan) -> String {
    let verdict = plan.verdict.clone().unwrap_or_default();
    let lines = verdict.violations.iter().map(|violation| {
        let kind = violation.constraint().as_str_name();
        format!(
            "broken: {}: {}",
            kind.strip_prefix("CONSTRAINT_KIND_").unwrap_or(kind),
            violation.message,
        )
    });
    plain(&list(lines.collect()))
}

/// Whether the plan is all that one would wish.
pub(super) fn judge(plan: &pb::Plan) -> Done {
    let is_feasible = plan
        .verdict
        .as_ref()
        .is_some_and(|verdict| verdict.feasible);
    if is_feasible && plan.broken_promises == 0 && plan.set_aside_order_ids.is_empty() {
        Done::Fully
    } else {
        Done::InPart
    }
}

fn list(lines: Vec<String>) -> String {
    let rest = lines.len().saturating_sub(LINES_MAX);
    let mut text: String = lines
        .iter()
        .take(LINES_MAX)
        .map(|line| format!("  {line}\n"))
        .collect();
    if rest > 0 {
        text += &format!("  ... and {rest} more\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_cannot_steer_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\u{202e}c\n"), "a\u{fffd}[2Jb\u{fffd}c\n");
    }

    #[test]
    fn loads_that_a_table_has_no_room_for_are_counted() {
        let route = |n: i64| pb::Route {
            peak_load: (1..=n).map(|load| (format!("d{load}"), load)).collect(),
            ..pb::Route::default()
        };
        assert_eq!(loads(&route(3)), "1 d1, 2 d2, 3 d3");
        assert_eq!(loads(&route(5)), "1 d1, 2 d2, 3 d3, 2 more");
    }

    #[test]
    fn reloads_and_breaks_are_told_if_there_are_any() {
        let plan = pb::Plan {
            routes: vec![pb::Route {
                reloads: vec![pb::Reload::default(); 2],
                breaks: vec![pb::Break::default()],
                ..pb::Route::default()
            }],
            ..pb::Plan::default()
        };
        let summary = plan_summary(&plan);
        assert!(
            summary.contains("1 route, 0 stops, 2 reloads, 1 break, "),
            "{summary}"
        );
        let summary = plan_summary(&pb::Plan::default());
        assert!(!summary.contains("reload") && !summary.contains("break"));
    }

    #[test]
    fn an_order_that_only_nobody_was_given_is_said_to_be_possible() {
        let plan = pb::Plan {
            unserved_orders: vec![pb::UnservedOrder {
                order_id: "a".to_owned(),
                ..pb::UnservedOrder::default()
            }],
            ..pb::Plan::default()
        };
        let summary = plan_summary(&plan);
        assert!(summary.contains("0 routes, 0 stops"), "{summary}");
        assert!(summary.contains("1 order unserved"), "{summary}");
        assert!(
            summary.contains("unserved: a (nothing that keeps it out was looked for or found)"),
            "{summary}"
        );
    }

    #[test]
    fn the_worst_stop_is_the_least_likely_one() {
        let stop = |id: &str, percent| pb::StopForecast {
            order_id: id.to_owned(),
            on_time: Some(pb::Probability {
                percent,
                ..pb::Probability::default()
            }),
            ..pb::StopForecast::default()
        };
        let route = pb::RouteForecast {
            stops: vec![stop("a", 99.0), stop("b", 71.26), stop("c", 80.0)],
            ..pb::RouteForecast::default()
        };
        assert_eq!(worst_stop(&route).as_deref(), Some("b 71.3 %"));
    }

    #[test]
    fn a_broken_promise_or_a_broken_constraint_is_a_partial_result() {
        let good = pb::Plan {
            verdict: Some(pb::Verdict {
                feasible: true,
                violations: Vec::new(),
            }),
            ..pb::Plan::default()
        };
        assert_eq!(judge(&good), Done::Fully);
        assert_eq!(
            judge(&pb::Plan {
                broken_promises: 1,
                ..good.clone()
            }),
            Done::InPart
        );
        assert_eq!(
            judge(&pb::Plan {
                verdict: None,
                ..good
            }),
            Done::InPart
        );
    }
}

//! Frontiers: the request, progress and the plans.

use std::ops::RangeInclusive;

use super::finding::findings_message;
use super::read::{At, Sink};
use super::request::read_solve_request;
use super::scalar::{count, percent, span};
use super::target::{outcome_message, read_target, target_findings};
use super::{forecast_message, plan_message, progress_message};
use crate::app::{
    Aims, FRONTIER_POINTS_MAX, Frontier, FrontierPoint, FrontierView, Order, Refusal,
};
use crate::config::PlanningConfig;
use crate::grpc::pb;
use crate::model::{Finding, Reason};
use crate::units::Seconds;

/// Plans that can be asked for by their number.
const POINTS: RangeInclusive<i32> = 2..=10;

/// Reads what to plan a frontier of.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_frontier_request(
    request: &pb::PlanFrontierRequest,
    config: &PlanningConfig,
) -> Result<(Order, Aims), Refusal> {
    let (problem, options) = (request.problem.as_ref(), request.options.as_ref());
    let order = read_solve_request(problem, options, None, config);
    let aims = read_aims(request);
    match (order, aims) {
        (Ok(order), Ok(aims)) => {
            let field = if request.points.is_some() {
                "points"
            } else {
                "target_percents"
            };
            let found = target_findings(&order.accepted.problem);
            let found: Vec<Finding> = found
                .into_iter()
                .map(|finding| Finding {
                    field: field.to_owned(),
                    ..finding
                })
                .collect();
            if found.is_empty() {
                Ok((order, aims))
            } else {
                Err(Refusal::Invalid(found))
            }
        }
        (Ok(_), Err(found)) => Err(Refusal::Invalid(found)),
        (Err(Refusal::Invalid(mut found)), aims) => {
            found.extend(aims.err().unwrap_or_default());
            Err(Refusal::Invalid(found))
        }
        (Err(refusal), _) => Err(refusal),
    }
}

/// What to plan for.
fn read_aims(request: &pb::PlanFrontierRequest) -> Result<Aims, Vec<Finding>> {
    let sink = Sink::default();
    let at = At::root(&sink);
    let given = request.options.as_ref();
    if given.is_some_and(|options| options.on_time_target.is_some()) {
        let options = at.field("options");
        let message = "a frontier has several targets: leave this one out";
        options
            .field("on_time_target")
            .report(Reason::Conflict, message);
    }
    let mut floor = None;
    let mut expected = Vec::new();
    // Without a target of its own, a floor is read beside one that can be asked for.
    let percents: &[f64] = match request.target_percents.as_slice() {
        [] => &[90.0],
        percents => percents,
    };
    for &expected_percent in percents {
        let target = pb::OnTimeTarget {
            expected_percent,
            floor_percent: request.floor_percent,
        };
        let found = Sink::default();
        if let Some(Some(target)) = read_target(&At::root(&found), Some(&target)) {
            floor = target.floor;
            expected.push(target.expected);
        }
        for finding in found.take() {
            let field = match finding.field.as_str() {
                "expected_percent" => "target_percents",
                _ => "floor_percent",
            };
            at.field(field).report(finding.reason, finding.message);
        }
    }
    let n_targets = request.target_percents.len();
    let aims = match request.points {
        Some(_) if n_targets > 0 => {
            let message = "it is either this or target_percents";
            at.field("points").report(Reason::Conflict, message);
            None
        }
        Some(points) => at
            .whole("points", points, POINTS)
            .map(|points| Aims::Points {
                n: points.unsigned_abs() as usize,
                floor,
            }),
        None if n_targets == 0 => {
            let message = "target_percents or points is required";
            at.field("target_percents")
                .report(Reason::MissingField, message);
            None
        }
        None if n_targets > FRONTIER_POINTS_MAX => {
            let message = format!("{n_targets} are more than the {FRONTIER_POINTS_MAX} allowed");
            at.field("target_percents")
                .report(Reason::TooLarge, message);
            None
        }
        None => Some(Aims::Targets { expected, floor }),
    };
    match (aims, sink.take()) {
        (Some(aims), found) if found.is_empty() => Ok(aims),
        (_, found) => Err(found),
    }
}

/// The message for how far a frontier is.
#[must_use]
pub fn frontier_progress_message(view: &FrontierView) -> pb::FrontierProgress {
    let search = view.search.as_ref();
    pb::FrontierProgress {
        point: count(view.number),
        points: count(view.of),
        search: search.map(|search| progress_message(Some(search))),
    }
}

/// The message for a frontier.
#[must_use]
pub fn frontier_message(frontier: &Frontier) -> pb::Frontier {
    let points = frontier.points.iter();
    pb::Frontier {
        points: points.map(|point| point_message(frontier, point)).collect(),
        warnings: findings_message(&frontier.warnings),
    }
}

fn point_message(frontier: &Frontier, point: &FrontierPoint) -> pb::FrontierPoint {
    let FrontierPoint {
        plan,
        forecast,
        target_outcome: outcome,
        marginal_cost,
    } = point;
    let driving: Seconds = plan.routes.iter().map(|route| route.travel).sum();
    let outcome = outcome.as_ref();
    pb::FrontierPoint {
        target_percent: outcome.map(|outcome| percent(outcome.target.expected)),
        is_met: outcome.is_none_or(crate::model::TargetOutcome::is_met),
        expected_kept_percent: percent(forecast.expected_kept),
        expected_error_points: percent(forecast.expected_on_time_error),
        day_p5_percent: percent(forecast.realized_p5),
        cost: plan.total_cost().0,
        driving_duration: span(driving),
        distance_meters: plan.distance().0,
        couriers: count(plan.routes.len()),
        marginal_promise_cost: *marginal_cost,
        solved: Some(pb::SolvedPlan {
            plan: Some(plan_message(&frontier.problem, plan, &frontier.set_aside)),
            forecast: Some(forecast_message(forecast)),
            warnings: Vec::new(),
            target_outcome: outcome.map(outcome_message),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_plans_can_be_asked_for_by_number_as_by_target() {
        assert_eq!(usize::try_from(*POINTS.end()), Ok(FRONTIER_POINTS_MAX));
    }
}

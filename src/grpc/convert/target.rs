//! What a plan is to reach on average over all days, and whether it does.

use super::read::At;
use super::scalar::percent;
use crate::app::TARGET_ORDERS_MAX;
use crate::grpc::pb;
use crate::model::{Courier, Finding, OnTimeTarget, Problem, Reason, TargetOutcome};

/// The shares of promises that can be asked for, in percent: on some day in a thousand, everything goes wrong.
pub const EXPECTED_PERCENT: std::ops::RangeInclusive<f64> = 50.0..=99.9;
/// The bounds of the share of days on which each promise is to be kept.
pub const FLOOR_PERCENT: std::ops::RangeInclusive<f64> = 1.0..=99.0;
/// Orders below the floor that are named.
const NAMED_MAX: usize = 100;

/// Reads a target, if there is one.
pub(super) fn read_target(
    at: &At<'_>,
    target: Option<&pb::OnTimeTarget>,
) -> Option<Option<OnTimeTarget>> {
    let Some(target) = target else {
        return Some(None);
    };
    let share = |field: &'static str, value: f64, bounds: &std::ops::RangeInclusive<f64>| {
        if bounds.contains(&value) {
            return Some(value / 100.0);
        }
        let message = format!(
            "{value} is out of range: it must be {} to {}",
            bounds.start(),
            bounds.end()
        );
        at.field(field).report(Reason::OutOfRange, message);
        None
    };
    let expected = share(
        "expected_percent",
        target.expected_percent,
        &EXPECTED_PERCENT,
    );
    let floor = match target.floor_percent {
        Some(floor) => share("floor_percent", floor, &FLOOR_PERCENT).map(Some),
        None => Some(None),
    };
    Some(Some(OnTimeTarget {
        expected: expected?,
        floor: floor?,
    }))
}

/// What of a day keeps the search from looking at its promises.
pub(super) fn target_findings(problem: &Problem) -> Vec<Finding> {
    let finding =
        |message: String| Finding::new("options.on_time_target", "", Reason::Conflict, message);
    let mut findings = Vec::new();
    let names = |is_such: fn(&&Courier) -> bool| problem.couriers.iter().find(is_such);
    if let Some(courier) = names(|courier| courier.may_reload()) {
        findings.push(finding(format!(
            "a target cannot be planned for where couriers may reload, as `{}` may: leave the target out, or the reloads",
            courier.id
        )));
    }
    if let Some(courier) = names(|courier| !courier.breaks.is_empty()) {
        findings.push(finding(format!(
            "a target cannot be planned for where couriers take breaks, as `{}` does: leave the target out, or the breaks",
            courier.id
        )));
    }
    if problem.orders.len() > TARGET_ORDERS_MAX {
        findings.push(finding(format!(
            "a target can be planned for with up to {TARGET_ORDERS_MAX} orders, and there are {}",
            problem.orders.len()
        )));
    }
    findings
}

/// The message for what became of a target.
pub(super) fn outcome_message(outcome: &TargetOutcome) -> pb::TargetOutcome {
    let below = outcome.below_floor.iter().take(NAMED_MAX);
    pb::TargetOutcome {
        target: Some(pb::OnTimeTarget {
            expected_percent: percent(outcome.target.expected),
            floor_percent: outcome.target.floor.map(percent),
        }),
        is_met: outcome.is_met(),
        expected_percent: percent(outcome.expected),
        below_floor_order_ids: below.map(ToString::to_string).collect(),
        reason: reason(outcome),
        promise_cost: outcome.promise_cost.0,
    }
}

/// Why the target is not met, in words; empty if it is.
fn reason(outcome: &TargetOutcome) -> String {
    let mut parts = Vec::new();
    if outcome.expected < outcome.target.expected {
        parts.push(format!(
            "the best plan found keeps {:.2} % of all promises on average, not {:.2} %",
            100.0 * outcome.expected,
            100.0 * outcome.target.expected
        ));
    }
    if let (Some(floor), Some(worst)) = (outcome.target.floor, outcome.below_floor.first()) {
        parts.push(format!(
            "{} of its promises are less likely to be kept than {:.1} %, that of order `{worst}` least of all",
            outcome.below_floor.len(),
            100.0 * floor
        ));
    }
    parts.join("; ")
}

//! Plans, from the model to the wire.

use std::collections::BTreeMap;

use super::enums::{write_constraint, write_stop_reason};
use super::scalar::{count, fine_span, moment, span};
use super::target::outcome_message;
use crate::app::Solved;
use crate::grpc::{pb, plan_version};
use crate::model::{
    Break, ConstraintKind, CostBreakdown, Obstacle, Plan, Problem, Relaxation, Reload, Route, Stop,
    UnservedOrder, Violation,
};
use crate::units::Load;

/// The message for a plan of `problem`.
#[must_use]
pub fn plan_message(problem: &Problem, plan: &Plan, set_aside: &[String]) -> pb::Plan {
    let routes: Vec<pb::Route> = plan.routes.iter().map(route_message).collect();
    let provenance = &plan.provenance;
    pb::Plan {
        version: plan_version(&routes),
        routes,
        unserved_orders: plan.unserved.iter().map(unserved_message).collect(),
        set_aside_order_ids: set_aside.to_vec(),
        cost: Some(cost_message(&plan.cost())),
        broken_promises: count(plan.broken_promises()),
        drop_penalty: crate::app::drop_penalty(problem, plan),
        distance_meters: plan.distance().0,
        provenance: Some(pb::Provenance {
            stop_reason: write_stop_reason(provenance.stop_reason),
            seed: provenance.seed,
            threads: count(provenance.threads),
            iterations: provenance.iterations,
            search_duration: fine_span(provenance.elapsed),
            solver_version: env!("CARGO_PKG_VERSION").to_owned(),
            input_digest: provenance.input_digest.clone(),
        }),
        verdict: Some(pb::Verdict {
            feasible: plan.verdict.is_feasible(),
            violations: plan
                .verdict
                .violations
                .iter()
                .map(violation_message)
                .collect(),
        }),
    }
}

/// A solved problem as a message that is complete in itself.
#[must_use]
pub fn planned_day(solved: &Solved) -> pb::PlannedDay {
    pb::PlannedDay {
        problem: Some(super::problem_message(&solved.problem)),
        plan: Some(plan_message(
            &solved.problem,
            &solved.plan,
            &solved.set_aside,
        )),
        forecast: Some(super::forecast_message(&solved.forecast)),
        target_outcome: solved.target_outcome.as_ref().map(outcome_message),
    }
}

fn route_message(route: &Route) -> pb::Route {
    pb::Route {
        courier_id: route.courier.to_string(),
        stops: route.stops.iter().map(stop_message).collect(),
        start_time: moment(route.start),
        departure_time: moment(route.departure),
        end_time: moment(route.end),
        distance_meters: route.distance.0,
        travel_duration: span(route.travel),
        service_duration: span(route.service),
        waiting_duration: span(route.waiting),
        load_at_start: loads_message(&route.load_at_start),
        peak_load: loads_message(&route.peak_load),
        cost: Some(cost_message(&route.cost)),
        return_distance_meters: route.return_distance.0,
        return_duration: span(route.return_duration),
        reloads: route.reloads.iter().map(reload_message).collect(),
        breaks: route.breaks.iter().map(break_message).collect(),
    }
}

fn break_message(pause: &Break) -> pb::Break {
    pb::Break {
        number: count(pause.number),
        after_stops: count(pause.n_before),
        start_time: moment(pause.start),
        end_time: moment(pause.end),
    }
}

fn reload_message(reload: &Reload) -> pb::Reload {
    pb::Reload {
        depot_id: reload.depot.to_string(),
        after_stops: count(reload.n_before),
        arrival_time: moment(reload.arrival),
        loading_time: moment(reload.loading_start),
        departure_time: moment(reload.departure),
        leg_distance_meters: reload.leg_distance.0,
        leg_duration: span(reload.leg_duration),
        load_at_departure: loads_message(&reload.load_at_departure),
    }
}

fn stop_message(stop: &Stop) -> pb::Stop {
    pb::Stop {
        order_id: stop.order.to_string(),
        arrival_time: moment(stop.arrival),
        service_start_time: moment(stop.service_start),
        departure_time: moment(stop.departure),
        waiting_duration: span(stop.waiting()),
        slack_duration: span(stop.slack),
        leg_distance_meters: stop.leg_distance.0,
        leg_duration: span(stop.leg_duration),
        load_after: loads_message(&stop.load_after),
        lateness_duration: span(stop.lateness),
    }
}

pub(super) fn loads_message(loads: &BTreeMap<String, Load>) -> BTreeMap<String, i64> {
    loads
        .iter()
        .map(|(name, load)| (name.clone(), load.0))
        .collect()
}

fn cost_message(cost: &CostBreakdown) -> pb::CostBreakdown {
    pb::CostBreakdown {
        fixed_cost: cost.fixed.rounded().0,
        distance_cost: cost.distance.rounded().0,
        time_cost: cost.time.rounded().0,
        overtime_cost: cost.overtime.rounded().0,
        preference_cost: cost.preference.rounded().0,
        total_cost: cost.total().rounded().0,
    }
}

fn unserved_message(unserved: &UnservedOrder) -> pb::UnservedOrder {
    pb::UnservedOrder {
        order_id: unserved.order.to_string(),
        must_serve: unserved.must_serve,
        obstacles: unserved.obstacles.iter().map(obstacle_message).collect(),
        relaxation: unserved.relaxation.as_ref().map(relaxation_message),
    }
}

fn obstacle_message(obstacle: &Obstacle) -> pb::Obstacle {
    let shortfall = amount_in_words(obstacle.constraint, obstacle.shortfall, &obstacle.subject);
    pb::Obstacle {
        courier_id: obstacle.courier.to_string(),
        constraint: write_constraint(obstacle.constraint),
        shortfall: obstacle.shortfall,
        subject: obstacle.subject.clone(),
        message: format!("{}: {shortfall}", obstacle.courier),
    }
}

fn relaxation_message(relaxation: &Relaxation) -> pb::Relaxation {
    let place = match &relaxation.after {
        Some(order) => format!("after {order}"),
        None => "as the first stop".to_owned(),
    };
    let amount = amount_in_words(
        relaxation.constraint,
        relaxation.amount,
        &relaxation.subject,
    );
    pb::Relaxation {
        constraint: write_constraint(relaxation.constraint),
        amount: relaxation.amount,
        courier_id: relaxation.courier.to_string(),
        after_order_id: relaxation
            .after
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        subject: relaxation.subject.clone(),
        message: format!(
            "{} could take it {place} but for this: {amount}",
            relaxation.courier
        ),
    }
}

pub(super) fn violation_message(violation: &Violation) -> pb::Violation {
    pb::Violation {
        constraint: write_constraint(violation.constraint),
        courier_id: violation
            .courier
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        order_id: violation
            .order
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        amount: violation.amount,
        subject: violation.subject.clone(),
        message: violation.message.clone(),
    }
}

/// What is missing, and how much of it.
fn amount_in_words(constraint: ConstraintKind, amount: i64, subject: &str) -> String {
    match constraint {
        ConstraintKind::TimeWindow => format!("service would start {amount} s late"),
        ConstraintKind::LaterStop => format!("a later stop would be {amount} s late"),
        ConstraintKind::ShiftEnd => format!("the shift would end {amount} s late"),
        ConstraintKind::Capacity => format!("the vehicle lacks room for {amount} {subject}"),
        ConstraintKind::Skill => format!("the skill {subject} is missing"),
        ConstraintKind::CourierForbidden => "the order's lists exclude the courier".to_owned(),
        ConstraintKind::Depot => "the depot of the trip does not have the goods".to_owned(),
        ConstraintKind::MaxStops if amount == 1 => "one stop too many".to_owned(),
        ConstraintKind::MaxStops => format!("{amount} stops too many"),
        ConstraintKind::MaxDistance => format!("{amount} m too far"),
        ConstraintKind::MaxDuty => format!("the duty would be {amount} s too long"),
        ConstraintKind::Unreachable => "there is no way to the place".to_owned(),
        ConstraintKind::NotReady => format!("the goods are ready {amount} s after loading"),
        ConstraintKind::Inconsistent => format!("figures differ by {amount}"),
        ConstraintKind::MaxReloads if amount == 1 => "one reload too many".to_owned(),
        ConstraintKind::MaxReloads => format!("{amount} reloads too many"),
        ConstraintKind::Break => format!("a break would begin {amount} s late"),
        ConstraintKind::Coverage => "the order is not served exactly once".to_owned(),
        ConstraintKind::Locked => "the stop is not where it is locked".to_owned(),
    }
}

//! Plans, from the wire to the model.
//!
//! Figures are taken as they stand: a plan that comes back is printed and forecast, not believed. Sums (of cost, of
//! distance) are computed anew.

use std::collections::BTreeMap;

use super::enums::{read_constraint, read_stop_reason};
use super::read::{At, Sink};
use crate::grpc::pb;
use crate::model::{
    Break, ConstraintKind, CostBreakdown, CourierId, DepotId, Finding, Obstacle, OrderId, Plan,
    Provenance, Reason, Relaxation, Reload, Route, Stop, UnservedOrder, Verdict, Violation,
};
use crate::units::{Cost, ExactCost, Load, Meters};

/// Largest cost of a route, so that sums over a thousand routes stay exact.
const COST_MAX: i64 = 100_000_000_000;

/// Reads a plan; paths start at the plan.
///
/// # Errors
/// Everything that could not be read.
pub(super) fn read_plan(plan: &pb::Plan) -> Result<Plan, Vec<Finding>> {
    let sink = Sink::default();
    let at = At::root(&sink);
    let routes = at.all("routes", &plan.routes, |at, route| {
        read_route(&at.about(&route.courier_id), route)
    });
    let unserved = at.all("unserved_orders", &plan.unserved_orders, |at, unserved| {
        read_unserved(&at.about(&unserved.order_id), unserved)
    });
    let verdict = plan.verdict.clone().unwrap_or_default();
    let verdict_at = at.field("verdict");
    let violations = verdict_at.all("violations", &verdict.violations, |at, violation| {
        read_violation(&at, violation)
    });
    let read = || {
        Some(Plan {
            routes: routes?,
            unserved: unserved?,
            provenance: read_provenance(plan.provenance.as_ref()),
            verdict: Verdict {
                violations: violations?,
            },
        })
    };
    read().ok_or_else(|| sink.take())
}

fn read_route(at: &At<'_>, route: &pb::Route) -> Option<Route> {
    let courier = at.id("courier_id", &route.courier_id, CourierId::parse);
    let stops: Option<Vec<Stop>> = at.all("stops", &route.stops, |at, stop| {
        read_stop(&at.about(&stop.order_id), stop)
    });
    if route.stops.is_empty() {
        at.field("stops")
            .report(Reason::MissingField, "a route has at least one stop");
    }
    let reloads = at.all("reloads", &route.reloads, |at, reload| {
        read_reload(&at.about(&reload.depot_id), reload, route.stops.len())
    });
    let breaks = at.all("breaks", &route.breaks, |at, pause| {
        read_break(&at, pause, route.stops.len())
    });
    let start = at.moment("start_time", route.start_time.as_ref());
    let departure = at.moment("departure_time", route.departure_time.as_ref());
    let end = at.moment("end_time", route.end_time.as_ref());
    let travel = at.span("travel_duration", route.travel_duration.as_ref());
    let service = at.span("service_duration", route.service_duration.as_ref());
    let waiting = at.span("waiting_duration", route.waiting_duration.as_ref());
    let return_duration = at.span("return_duration", route.return_duration.as_ref());
    Some(Route {
        courier: courier?,
        stops: stops.filter(|stops| !stops.is_empty())?,
        start: start?,
        departure: departure?,
        end: end?,
        distance: Meters(route.distance_meters),
        travel: travel?,
        service: service?,
        waiting: waiting?,
        load_at_start: read_loads(&route.load_at_start),
        peak_load: read_loads(&route.peak_load),
        cost: read_cost(&at.field("cost"), route.cost.as_ref())?,
        return_distance: Meters(route.return_distance_meters),
        return_duration: return_duration?,
        reloads: reloads?,
        breaks: breaks?,
    })
}

fn read_break(at: &At<'_>, pause: &pb::Break, n_stops: usize) -> Option<Break> {
    let number = usize::try_from(pause.number).ok();
    if number.is_none() {
        at.field("number")
            .report(Reason::OutOfRange, "breaks are counted from 0");
    }
    let n_before = usize::try_from(pause.after_stops).ok();
    let n_before = n_before.filter(|n_before| *n_before <= n_stops);
    if n_before.is_none() {
        let message = format!(
            "{} is out of range: a break comes after 0 to {n_stops} stops",
            pause.after_stops
        );
        at.field("after_stops").report(Reason::OutOfRange, message);
    }
    let start = at.moment("start_time", pause.start_time.as_ref());
    let end = at.moment("end_time", pause.end_time.as_ref());
    Some(Break {
        number: number?,
        n_before: n_before?,
        start: start?,
        end: end?,
    })
}

fn read_reload(at: &At<'_>, reload: &pb::Reload, n_stops: usize) -> Option<Reload> {
    let depot = at.id("depot_id", &reload.depot_id, DepotId::parse);
    let n_before = read_after_stops(at, reload.after_stops, n_stops);
    let arrival = at.moment("arrival_time", reload.arrival_time.as_ref());
    let loading_start = at.moment("loading_time", reload.loading_time.as_ref());
    let departure = at.moment("departure_time", reload.departure_time.as_ref());
    let leg_duration = at.span("leg_duration", reload.leg_duration.as_ref());
    Some(Reload {
        depot: depot?,
        n_before: n_before?,
        arrival: arrival?,
        loading_start: loading_start?,
        departure: departure?,
        leg_distance: Meters(reload.leg_distance_meters),
        leg_duration: leg_duration?,
        load_at_departure: read_loads(&reload.load_at_departure),
    })
}

/// Reads how many of `n_stops` stops come before a reload.
pub(super) fn read_after_stops(at: &At<'_>, after_stops: i32, n_stops: usize) -> Option<usize> {
    let n_before = usize::try_from(after_stops).ok();
    let n_before = n_before.filter(|n_before| (1..n_stops.max(1)).contains(n_before));
    if n_before.is_none() {
        let message = format!(
            "{after_stops} is out of range: a reload comes after 1 stop at least and before the last of {n_stops}"
        );
        at.field("after_stops").report(Reason::OutOfRange, message);
    }
    n_before
}

fn read_stop(at: &At<'_>, stop: &pb::Stop) -> Option<Stop> {
    let order = at.id("order_id", &stop.order_id, OrderId::parse);
    let arrival = at.moment("arrival_time", stop.arrival_time.as_ref());
    let service_start = at.moment("service_start_time", stop.service_start_time.as_ref());
    let departure = at.moment("departure_time", stop.departure_time.as_ref());
    let slack = at.span("slack_duration", stop.slack_duration.as_ref());
    let leg_duration = at.span("leg_duration", stop.leg_duration.as_ref());
    let lateness = at.span("lateness_duration", stop.lateness_duration.as_ref());
    Some(Stop {
        order: order?,
        arrival: arrival?,
        service_start: service_start?,
        departure: departure?,
        slack: slack?,
        leg_distance: Meters(stop.leg_distance_meters),
        leg_duration: leg_duration?,
        load_after: read_loads(&stop.load_after),
        lateness: lateness?,
    })
}

fn read_loads(loads: &BTreeMap<String, i64>) -> BTreeMap<String, Load> {
    loads
        .iter()
        .map(|(name, &load)| (name.clone(), Load(load)))
        .collect()
}

fn read_cost(at: &At<'_>, cost: Option<&pb::CostBreakdown>) -> Option<CostBreakdown> {
    let Some(cost) = cost else {
        return Some(CostBreakdown::default());
    };
    let component = |field, cost: i64| {
        if (-COST_MAX..=COST_MAX).contains(&cost) {
            return Some(ExactCost::from_cost(Cost(cost)));
        }
        at.field(field)
            .report(Reason::OutOfRange, "the cost is too large");
        None
    };
    let fixed = component("fixed_cost", cost.fixed_cost);
    let distance = component("distance_cost", cost.distance_cost);
    let time = component("time_cost", cost.time_cost);
    let overtime = component("overtime_cost", cost.overtime_cost);
    let preference = component("preference_cost", cost.preference_cost);
    Some(CostBreakdown {
        fixed: fixed?,
        distance: distance?,
        time: time?,
        overtime: overtime?,
        preference: preference?,
    })
}

fn read_unserved(at: &At<'_>, unserved: &pb::UnservedOrder) -> Option<UnservedOrder> {
    let order = at.id("order_id", &unserved.order_id, OrderId::parse);
    let obstacles = at.all("obstacles", &unserved.obstacles, |at, obstacle| {
        let courier = at.id("courier_id", &obstacle.courier_id, CourierId::parse);
        let constraint = at.constraint(obstacle.constraint);
        Some(Obstacle {
            courier: courier?,
            constraint: constraint?,
            shortfall: obstacle.shortfall,
            subject: obstacle.subject.clone(),
        })
    });
    let relaxation = match &unserved.relaxation {
        Some(relaxation) => read_relaxation(&at.field("relaxation"), relaxation).map(Some),
        None => Some(None),
    };
    Some(UnservedOrder {
        order: order?,
        must_serve: unserved.must_serve,
        obstacles: obstacles?,
        relaxation: relaxation?,
    })
}

fn read_relaxation(at: &At<'_>, relaxation: &pb::Relaxation) -> Option<Relaxation> {
    let courier = at.id("courier_id", &relaxation.courier_id, CourierId::parse);
    let constraint = at.constraint(relaxation.constraint);
    let after = at.id_if_any("after_order_id", &relaxation.after_order_id, OrderId::parse);
    Some(Relaxation {
        constraint: constraint?,
        amount: relaxation.amount,
        courier: courier?,
        after: after?,
        subject: relaxation.subject.clone(),
    })
}

fn read_violation(at: &At<'_>, violation: &pb::Violation) -> Option<Violation> {
    let constraint = at.constraint(violation.constraint);
    let courier = at.id_if_any("courier_id", &violation.courier_id, CourierId::parse);
    let order = at.id_if_any("order_id", &violation.order_id, OrderId::parse);
    Some(Violation {
        constraint: constraint?,
        courier: courier?,
        order: order?,
        amount: violation.amount,
        subject: violation.subject.clone(),
        message: violation.message.clone(),
    })
}

fn read_provenance(provenance: Option<&pb::Provenance>) -> Provenance {
    let provenance = provenance.cloned().unwrap_or_default();
    let elapsed = provenance.search_duration.unwrap_or_default();
    Provenance {
        stop_reason: read_stop_reason(provenance.stop_reason),
        seed: provenance.seed,
        threads: usize::try_from(provenance.threads).unwrap_or_default(),
        iterations: provenance.iterations,
        elapsed: elapsed.try_into().unwrap_or_default(),
        input_digest: provenance.input_digest,
    }
}

impl At<'_> {
    fn constraint(&self, value: i32) -> Option<ConstraintKind> {
        let constraint = read_constraint(value);
        if constraint.is_none() {
            self.field("constraint")
                .report(Reason::UnknownName, "there is no such constraint");
        }
        constraint
    }

    /// An id that may be empty, which means none.
    fn id_if_any<T>(
        &self,
        field: &'static str,
        text: &str,
        parse: fn(&str) -> Result<T, crate::model::MalformedId>,
    ) -> Option<Option<T>> {
        match text {
            "" => Some(None),
            text => self.id(field, text, parse).map(Some),
        }
    }
}

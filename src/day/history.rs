//! What happened on a day, as a history to learn from.

use std::collections::BTreeMap;

use super::courier::{CourierState, StopRecord};
use super::state::Day;
use crate::model::{
    Courier, Order, Plan, Problem, RecordedOrder, RecordedPurpose, RecordedRoute, RecordedStop,
    Route, RouteStart, Stop,
};
use crate::units::Timestamp;

impl Day {
    /// The routes that were made as `plan`, which is one of `problem`, has them, and whose departure, arrivals and ends were
    /// all reported; those with returns to a depot or breaks, of which nothing is reported, are left out. `date` is midnight
    /// UTC of the calendar day that they count to.
    #[must_use]
    pub fn history(&self, problem: &Problem, plan: &Plan, date: Timestamp) -> Vec<RecordedRoute> {
        let orders = problem.orders.iter();
        let orders: BTreeMap<_, &Order> = orders.map(|order| (&order.id, order)).collect();
        let recorded = plan.routes.iter().filter_map(|route| {
            let state = self.courier(&route.courier)?;
            let couriers = &mut problem.couriers.iter();
            let courier = couriers.find(|courier| courier.id == route.courier)?;
            recorded_route(problem, &orders, courier, route, state, date)
        });
        recorded.collect()
    }
}

fn recorded_route(
    problem: &Problem,
    orders: &BTreeMap<&crate::model::OrderId, &Order>,
    courier: &Courier,
    route: &Route,
    state: &CourierState,
    date: Timestamp,
) -> Option<RecordedRoute> {
    let is_as_planned = state.visited.iter().copied().eq(0..route.stops.len());
    if !is_as_planned || !route.reloads.is_empty() || !route.breaks.is_empty() {
        return None;
    }
    let stops = route.stops.iter().zip(&state.stops);
    let stops = stops.map(|(planned, record)| {
        recorded_stop(
            problem,
            orders.get(&planned.order).copied()?,
            planned,
            record,
        )
    });
    Some(RecordedRoute {
        day: date,
        courier: courier.id.clone(),
        depot: match &courier.start {
            RouteStart::Depot(depot) => Some(depot.clone()),
            RouteStart::Place(_) => None,
        },
        planned_departure: route.departure,
        departure: state.departure()?,
        stops: stops.collect::<Option<_>>()?,
    })
}

fn recorded_stop(
    problem: &Problem,
    order: &Order,
    planned: &Stop,
    record: &StopRecord,
) -> Option<RecordedStop> {
    let windows = order.service_windows();
    let (arrival, departure) = (record.arrival?, record.end?);
    let promised = (windows.first()?.start, windows.last()?.end);
    let service_start = record.service_start;
    let service_start = service_start.unwrap_or(arrival.max(promised.0).min(departure));
    Some(RecordedStop {
        purpose: RecordedPurpose::Order(RecordedOrder {
            id: order.id.clone(),
            zone: problem.place(order.place).zone(),
            promised_start: promised.0,
            promised_end: promised.1,
        }),
        planned_travel: planned.leg_duration,
        planned_service: planned.departure - planned.service_start,
        planned_arrival: planned.arrival,
        arrival,
        service_start,
        departure,
    })
}

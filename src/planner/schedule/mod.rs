//! Times given sequences: when to start, when to be where, what is on board, what it costs.
//!
//! Does not search and does not judge: a sequence that cannot be on time is timed all the same, with its lateness.

mod book;
mod start;
mod tour;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Finding, OrderKind, Problem, Reason, Route, RouteSketch, Stop};
use crate::travel::TravelTimes;
use crate::units::{Load, Seconds, Timestamp};

pub(super) use book::Book;
pub(super) use tour::{Tour, Visit};

/// Sequences with times.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// Routes with at least one stop, in the order of the couriers.
    pub routes: Vec<Route>,
    /// Positions of the orders that are in no route, ascending.
    pub unserved: Vec<usize>,
}

/// Times `sketches`.
///
/// Without a given start, loading starts as late as costs neither lateness nor longer duty: of all starts that keep
/// every window and the end of the shift, the earliest with the shortest duty, exactly, at any time of day; if there is
/// none, as early as shift and ready times allow, and stops say how late they are. Service starts at the earliest moment of a window that is not
/// before the arrival, or on arrival if every window is over. A way that does not exist counts as no time and no
/// distance.
///
/// The problem must have passed [`Problem::validate`] and the sketches [`sketch_findings`].
///
/// Shape: O(orders + stops), more where travel depends on the time of day; and see [`TravelTimes::way`].
#[must_use]
pub fn schedule(problem: &Problem, travel: &TravelTimes<'_>, sketches: &[RouteSketch]) -> Schedule {
    let book = Book::new(problem, travel);
    let mut is_served = vec![false; problem.orders.len()];
    let mut routes = BTreeMap::new();
    for sketch in sketches {
        let Some(courier) = book.courier(&sketch.courier) else {
            continue;
        };
        let positions: Vec<usize> = (sketch.orders.iter())
            .filter_map(|id| book.order(id))
            .collect();
        if positions.is_empty() {
            continue;
        }
        for &position in &positions {
            is_served[position] = true;
        }
        let tour = Tour::new(&book, &problem.couriers[courier], &positions, sketch.start);
        routes.insert(courier, route(&tour));
    }
    let is_unserved = |&position: &usize| !is_served[position];
    Schedule {
        routes: routes.into_values().collect(),
        unserved: (0..problem.orders.len()).filter(is_unserved).collect(),
    }
}

/// What is wrong with `sketches`: unknown couriers and orders, and those that are named twice.
///
/// Paths start at the list of sketches, as in `routes[1].order_ids[4]`.
#[must_use]
pub fn sketch_findings(problem: &Problem, sketches: &[RouteSketch]) -> Vec<Finding> {
    let couriers: BTreeSet<_> = problem.couriers.iter().map(|courier| &courier.id).collect();
    let orders: BTreeSet<_> = problem.orders.iter().map(|order| &order.id).collect();
    let mut driven = BTreeMap::new();
    let mut served = BTreeMap::new();
    let mut findings = Vec::new();
    for (row, sketch) in sketches.iter().enumerate() {
        let path = format!("routes[{row}].courier_id");
        let courier = &sketch.courier;
        if !couriers.contains(courier) {
            findings.push(unknown(path, "courier", courier.as_str()));
        } else if let Some(first) = driven.insert(courier, row) {
            findings.push(twice(
                path,
                "courier",
                courier.as_str(),
                &format!("routes[{first}]"),
            ));
        }
        for (column, order) in sketch.orders.iter().enumerate() {
            let path = format!("routes[{row}].order_ids[{column}]");
            if !orders.contains(order) {
                findings.push(unknown(path, "order", order.as_str()));
            } else if let Some(first) = served.insert(order, path.clone()) {
                findings.push(twice(path, "order", order.as_str(), &first));
            }
        }
        if let Some(start) = sketch.start
            && !(Timestamp(0)..=Timestamp::LAST).contains(&start)
        {
            findings.push(Finding::new(
                format!("routes[{row}].start_time"),
                courier.as_str(),
                Reason::OutOfRange,
                "the start is not between the years 1970 and 9999",
            ));
        }
    }
    findings
}

fn unknown(path: String, noun: &str, id: &str) -> Finding {
    let message = format!("the problem has no {noun} `{id}`: name one of its {noun}s");
    Finding::new(path, id, Reason::UnknownReference, message)
}

fn twice(path: String, noun: &str, id: &str, first: &str) -> Finding {
    let message = format!("{noun} `{id}` is already in {first}: name it once");
    Finding::new(path, id, Reason::DuplicateId, message)
}

/// The tour with every figure stated.
fn route(tour: &Tour<'_>) -> Route {
    let start = tour.start();
    let stops = stops(tour, start);
    let departure = start + tour.loading;
    let left = stops.last().map_or(departure, |stop| stop.departure);
    let return_duration = tour.back.duration(left);
    let (load_at_start, peak_load) = loads_at_start_and_peak(tour, &stops);
    Route {
        courier: tour.courier.id.clone(),
        start,
        departure,
        end: tour.end(start),
        distance: tour.distance(),
        travel: stops.iter().map(|stop| stop.leg_duration).sum::<Seconds>() + return_duration,
        service: tour.visits.iter().map(|visit| visit.service).sum(),
        waiting: stops.iter().map(Stop::waiting).sum(),
        load_at_start,
        peak_load,
        cost: tour.cost(start),
        return_distance: tour.back.distance,
        return_duration,
        stops,
    }
}

fn stops(tour: &Tour<'_>, start: Timestamp) -> Vec<Stop> {
    let duty_end = tour.courier.limits.max_duty.map(|duty| start + duty);
    let end = duty_end.map_or(tour.shift_end, |end| end.min(tour.shift_end));
    let mut load = load_at_start(tour);
    let mut left = start + tour.loading;
    let moments = tour.moments(start).zip(tour.latest_services(end));
    (tour.visits.iter().zip(moments))
        .map(|(visit, (moments, latest))| {
            exchange(&mut load, visit);
            let slack = latest.map_or(Seconds::ZERO, |latest| latest - moments.service_start);
            let leg_duration = moments.arrival - left;
            left = moments.departure;
            Stop {
                order: visit.order.id.clone(),
                arrival: moments.arrival,
                service_start: moments.service_start,
                departure: moments.departure,
                slack: slack.max(Seconds::ZERO),
                leg_distance: visit.way.distance,
                leg_duration,
                load_after: load.clone(),
                lateness: visit.lateness(moments.service_start),
            }
        })
        .collect()
}

/// Every delivery on board; zero in the other dimensions that the tour's orders have.
fn load_at_start(tour: &Tour<'_>) -> BTreeMap<String, Load> {
    let mut total = BTreeMap::new();
    for visit in &tour.visits {
        for (dimension, &load) in &visit.order.loads {
            let entry: &mut Load = total.entry(dimension.clone()).or_default();
            if visit.order.kind == OrderKind::Delivery {
                *entry += load;
            }
        }
    }
    total
}

/// Hands over or takes on what the visit is about.
fn exchange(load: &mut BTreeMap<String, Load>, visit: &Visit<'_>) {
    for (dimension, &amount) in &visit.order.loads {
        let entry = load.entry(dimension.clone()).or_default();
        match visit.order.kind {
            OrderKind::Delivery => *entry -= amount,
            OrderKind::Collection => *entry += amount,
        }
    }
}

fn loads_at_start_and_peak(
    tour: &Tour<'_>,
    stops: &[Stop],
) -> (BTreeMap<String, Load>, BTreeMap<String, Load>) {
    let at_start = load_at_start(tour);
    let peak = (at_start.iter())
        .map(|(dimension, &load)| {
            let later = stops
                .iter()
                .filter_map(|stop| stop.load_after.get(dimension));
            (dimension.clone(), later.copied().fold(load, Load::max))
        })
        .collect();
    (at_start, peak)
}

#[cfg(test)]
mod sketch_tests {
    use super::*;
    use crate::model::fixture::{Fixture, at, sketch};

    fn day() -> Problem {
        Fixture::new()
            .courier("anna", |_| {})
            .courier("boris", |_| {})
            .order("a", (10, 0), |_| {})
            .order("b", (20, 0), |_| {})
            .build()
    }

    fn paths(sketches: &[RouteSketch]) -> Vec<(String, Reason)> {
        let findings = sketch_findings(&day(), sketches).into_iter();
        findings
            .map(|finding| (finding.field, finding.reason))
            .collect()
    }

    #[test]
    fn sound_sketches_have_no_findings() {
        assert_eq!(
            paths(&[sketch("boris", &["b", "a"]), sketch("anna", &[])]),
            []
        );
    }

    #[test]
    fn unknown_and_repeated_names_are_found_where_they_stand() {
        let mut second = sketch("anna", &["b", "x", "a"]);
        second.start = Some(Timestamp(-1));
        let expected = [
            ("routes[1].courier_id", Reason::DuplicateId),
            ("routes[1].order_ids[1]", Reason::UnknownReference),
            ("routes[1].order_ids[2]", Reason::DuplicateId),
            ("routes[1].start_time", Reason::OutOfRange),
            ("routes[2].courier_id", Reason::UnknownReference),
        ];
        let found = paths(&[sketch("anna", &["a"]), second, sketch("olga", &[])]);
        let found: Vec<_> = found
            .iter()
            .map(|(path, reason)| (path.as_str(), *reason))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn routes_come_in_the_order_of_couriers_and_the_rest_is_unserved() {
        let day = day();
        let travel = TravelTimes::new(&day);
        let mut late = sketch("anna", &["b"]);
        late.start = Some(at(12, 0));
        let plan = schedule(&day, &travel, &[sketch("boris", &[]), late]);
        assert_eq!(plan.routes.len(), 1);
        assert_eq!(plan.routes[0].start, at(12, 0));
        assert_eq!(plan.unserved, [0]);
    }
}

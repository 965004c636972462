//! Times given sequences: when to start, when to be where, what is on board, what it costs.
//!
//! Does not search and does not judge: a sequence that cannot be on time is timed all the same, with its lateness.

mod book;
mod breaks;
mod start;
mod tour;
mod visit;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Break, Calendar, Depot, Finding, Order, OrderKind, Problem, Reason, Reload, Route, RouteSketch,
    Stop,
};
use crate::travel::TravelTimes;
use crate::units::{Load, Seconds, Timestamp};

pub(super) use book::Book;
use breaks::{Pause, PauseMoments};
pub(super) use tour::Tour;
use visit::Moments;
pub(super) use visit::{Errand, Visit};

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
/// none, as early as shift and ready times allow, and stops say how late they are. Breaks that are owed are put where
/// they cost least, or, if the route is late wherever they are, at the last place where they are not late themselves. Service starts at the earliest moment of a window that is not
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
        let reloads: Vec<_> = sketch.reloads_by_position().collect();
        let tour = Tour::new(
            &book,
            &problem.couriers[courier],
            &positions,
            &reloads,
            sketch.start,
        );
        routes.insert(courier, route(&tour));
    }
    let is_unserved = |&position: &usize| !is_served[position];
    Schedule {
        routes: routes.into_values().collect(),
        unserved: (0..problem.orders.len()).filter(is_unserved).collect(),
    }
}

/// What is wrong with `sketches`: unknown couriers and orders, those that are named twice, and starts that are days away
/// from the shifts.
///
/// Paths start at the list of sketches, as in `routes[1].order_ids[4]`.
#[must_use]
pub fn sketch_findings(problem: &Problem, sketches: &[RouteSketch]) -> Vec<Finding> {
    let couriers: BTreeSet<_> = problem.couriers.iter().map(|courier| &courier.id).collect();
    let orders: BTreeSet<_> = problem.orders.iter().map(|order| &order.id).collect();
    let mut driven = BTreeMap::new();
    let mut served = BTreeMap::new();
    let mut findings = Vec::new();
    let calendar = Calendar::new(problem);
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
        findings.extend(reload_findings(problem, row, sketch));
        if let Some(message) = sketch.start.and_then(|start| calendar.objection(start)) {
            let path = format!("routes[{row}].start_time");
            let id = courier.as_str();
            findings.push(Finding::new(path, id, Reason::OutOfRange, message));
        }
    }
    findings
}

/// Unknown depots, and reloads that are not in sequence with an order between any two, before and after.
fn reload_findings(problem: &Problem, row: usize, sketch: &RouteSketch) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut last = 0;
    for (number, reload) in sketch.reloads.iter().enumerate() {
        let path = format!("routes[{row}].reloads[{number}]");
        let depot = &reload.depot;
        if problem.depot(depot).is_none() {
            findings.push(unknown(format!("{path}.depot_id"), "depot", depot.as_str()));
        }
        if !(last + 1..sketch.orders.len()).contains(&reload.n_before) {
            let message = format!(
                "a reload after {} stops is out of place: it needs a stop before it, behind the reload before, and one after it",
                reload.n_before
            );
            findings.push(Finding::new(
                format!("{path}.after_stops"),
                depot.as_str(),
                Reason::OutOfRange,
                message,
            ));
        }
        last = last.max(reload.n_before);
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
    let departure = start + tour.loading;
    let log = Log::of(tour, start);
    let return_duration = tour.back.duration(log.left);
    let (stops, reloads) = (log.stops, log.reloads);
    let at_doors = tour.visits.iter().filter(|visit| visit.order().is_some());
    Route {
        courier: tour.courier.id.clone(),
        start,
        departure,
        end: tour.end(start),
        distance: tour.distance(),
        travel: log.travel + return_duration,
        service: at_doors.map(|visit| visit.service).sum(),
        waiting: stops.iter().map(Stop::waiting).sum::<Seconds>()
            + reloads.iter().map(Reload::waiting).sum::<Seconds>()
            + log.waiting,
        load_at_start: log.load_at_start,
        peak_load: log.peak_load,
        cost: tour.cost(start),
        return_distance: tour.back.distance,
        return_duration,
        stops,
        reloads,
        breaks: log.breaks,
    }
}

type Loads = BTreeMap<String, Load>;

/// What happens on a tour, in sequence.
struct Log {
    stops: Vec<Stop>,
    reloads: Vec<Reload>,
    breaks: Vec<Break>,
    load_at_start: Loads,
    peak_load: Loads,
    /// Last departure so far.
    left: Timestamp,
    /// Time on the way so far.
    travel: Seconds,
    /// Time waited for breaks so far.
    waiting: Seconds,
}

impl Log {
    fn of(tour: &Tour<'_>, start: Timestamp) -> Self {
        let duty_end = tour.courier.limits.max_duty.map(|duty| start + duty);
        let end = duty_end.map_or(tour.shift_end, |end| end.min(tour.shift_end));
        let end = end.min(tour.due(start));
        let pauses = tour.pause_moments(start);
        let breaks_until: Vec<Timestamp> = pauses.iter().map(|moments| moments.until).collect();
        let pauses: Vec<_> = tour.rests.pauses.iter().zip(pauses).collect();
        let mut load = loads_of_trip(tour, 0);
        let mut log = Self {
            stops: Vec::new(),
            reloads: Vec::new(),
            breaks: Vec::new(),
            load_at_start: load.clone(),
            peak_load: load.clone(),
            left: start + tour.loading,
            travel: Seconds::ZERO,
            waiting: Seconds::ZERO,
        };
        let moments = tour
            .moments(start)
            .zip(tour.latest_services(end, &breaks_until));
        for (at, (visit, (moments, latest))) in tour.visits.iter().zip(moments).enumerate() {
            log.rest(&pauses, at);
            match visit.errand {
                Errand::Order(order) => {
                    exchange(&mut load, order);
                    log.stop(visit, order, moments, latest, &load);
                }
                Errand::Reload(depot) => {
                    load = loads_of_trip(tour, at + 1);
                    log.reload(visit, depot, moments, &load);
                }
            }
            log.travel += moments.arrival - log.left;
            log.left = moments.departure;
            for (dimension, &load) in &load {
                let peak = log.peak_load.entry(dimension.clone()).or_default();
                *peak = load.max(*peak);
            }
        }
        log.rest(&pauses, tour.visits.len());
        log
    }

    /// Takes the breaks after `n_visits` visits.
    fn rest(&mut self, pauses: &[(&Pause, PauseMoments)], n_visits: usize) {
        let here = pauses
            .iter()
            .filter(|(pause, _)| pause.n_before == n_visits);
        for (pause, moments) in here {
            self.waiting += moments.begin - self.left;
            self.left = moments.end;
            self.breaks.push(Break {
                number: pause.number,
                n_before: self.stops.len(),
                start: moments.begin,
                end: moments.end,
            });
        }
    }

    fn stop(
        &mut self,
        visit: &Visit<'_>,
        order: &Order,
        moments: Moments,
        latest: Option<Timestamp>,
        load: &Loads,
    ) {
        let slack = latest.map_or(Seconds::ZERO, |latest| latest - moments.service_start);
        self.stops.push(Stop {
            order: order.id.clone(),
            arrival: moments.arrival,
            service_start: moments.service_start,
            departure: moments.departure,
            slack: slack.max(Seconds::ZERO),
            leg_distance: visit.way.distance,
            leg_duration: moments.arrival - self.left,
            load_after: load.clone(),
            lateness: visit.lateness(moments.service_start),
        });
    }

    fn reload(&mut self, visit: &Visit<'_>, depot: &Depot, moments: Moments, load: &Loads) {
        self.reloads.push(Reload {
            depot: depot.id.clone(),
            n_before: self.stops.len(),
            arrival: moments.arrival,
            loading_start: moments.service_start,
            departure: moments.departure,
            leg_distance: visit.way.distance,
            leg_duration: moments.arrival - self.left,
            load_at_departure: load.clone(),
        });
    }
}

/// Every delivery on board of the trip whose first visit is at `from`; zero in the other dimensions that the trip's
/// orders have.
fn loads_of_trip(tour: &Tour<'_>, from: usize) -> Loads {
    let mut total = BTreeMap::new();
    for order in tour.visits[from..].iter().map_while(Visit::order) {
        for (dimension, &load) in &order.loads {
            let entry: &mut Load = total.entry(dimension.clone()).or_default();
            if order.kind == OrderKind::Delivery {
                *entry += load;
            }
        }
    }
    total
}

/// Hands over or takes on what the order is about.
fn exchange(load: &mut Loads, order: &Order) {
    for (dimension, &amount) in &order.loads {
        let entry = load.entry(dimension.clone()).or_default();
        match order.kind {
            OrderKind::Delivery => *entry -= amount,
            OrderKind::Collection => *entry += amount,
        }
    }
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
    fn a_start_days_away_from_the_shifts_is_found() {
        let mut route = sketch("anna", &["a"]);
        for days in [-3_650, -8, 8, 3_650] {
            route.start = Some(at(24 * days, 0));
            let expected = [("routes[0].start_time".to_owned(), Reason::OutOfRange)];
            assert_eq!(paths(std::slice::from_ref(&route)), expected);
        }
        route.start = Some(at(-24, 0));
        assert_eq!(paths(&[route]), []);
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

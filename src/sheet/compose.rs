//! From a plan and its forecast to sheets.

use std::collections::BTreeMap;

use super::checksum::checksum;
use super::{RouteSheet, SheetBreak, SheetReload, SheetStop};
use crate::model::{
    Break, Contact, Courier, CourierId, Order, OrderId, OrderKind, PlaceIdx, Plan, PlanForecast,
    Problem, Reload, Route, RouteEnd, RouteForecast, RouteStart, SpreadSource, Stop, StopForecast,
    TimeWindow,
};
use crate::units::BasisPoints;

/// One sheet a route, in the order of the plan.
///
/// Shape: only the routes of `couriers`, or all of them if `couriers` is empty. A route whose courier the problem does
/// not have is left out; an order that the problem does not have is printed with its id and times. Bands and leave-by
/// times are empty where the forecast does not speak of the same courier and order.
#[must_use]
pub fn sheets(
    problem: &Problem,
    plan: &Plan,
    forecast: &PlanForecast,
    plan_version: &str,
    couriers: &[CourierId],
) -> Vec<RouteSheet> {
    let day = Day {
        problem,
        orders: problem
            .orders
            .iter()
            .map(|order| (&order.id, order))
            .collect(),
        forecast,
        plan_version,
    };
    plan.routes
        .iter()
        .filter(|route| couriers.is_empty() || couriers.contains(&route.courier))
        .filter_map(|route| Some(day.sheet(problem.courier(&route.courier)?, route)))
        .collect()
}

/// What all sheets of a day have in common.
struct Day<'a> {
    problem: &'a Problem,
    orders: BTreeMap<&'a OrderId, &'a Order>,
    forecast: &'a PlanForecast,
    plan_version: &'a str,
}

impl Day<'_> {
    fn sheet(&self, courier: &Courier, route: &Route) -> RouteSheet {
        let forecast = self
            .forecast
            .routes
            .iter()
            .find(|forecast| forecast.courier == route.courier);
        let mut sheet = RouteSheet {
            day_name: self.problem.name.clone(),
            time_zone: self.zone(),
            courier: courier.id.clone(),
            courier_name: or_else(&courier.name, courier.id.as_str()),
            courier_phone: courier.phone.clone(),
            start_place: self.start_place(courier),
            loading: route.start,
            departure: route.departure,
            leave_by: forecast.map(|forecast| forecast.leave_by),
            load_at_start: route.load_at_start.clone(),
            parcels_at_start: self.parcels_of_trip(route, 0),
            end_place: self.end_place(courier),
            end: route.end,
            distance: route.distance,
            stops: self.stops(route, forecast),
            reloads: self.reloads(route),
            breaks: breaks(route),
            plan_version: self.plan_version.to_owned(),
            checksum: String::new(),
            leave_by_confidence: BasisPoints::of_share(self.forecast.leave_by_confidence),
            spread_is_default: self.forecast.spread_source == SpreadSource::Default,
        };
        sheet.checksum = checksum(&sheet);
        sheet
    }

    fn zone(&self) -> String {
        or_else(&self.problem.time_zone, "UTC")
    }

    /// Parcels of the deliveries from the stop at position `from` to the next reload.
    fn parcels_of_trip(&self, route: &Route, from: usize) -> u32 {
        let later = route.reloads.iter().map(|reload| reload.n_before);
        let to = later.filter(|&n_before| n_before > from).min();
        let to = to.unwrap_or(usize::MAX).min(route.stops.len());
        route.stops[from.min(to)..to]
            .iter()
            .filter_map(|stop| self.orders.get(&stop.order))
            .filter(|order| order.kind == OrderKind::Delivery)
            .filter_map(|order| order.parcels)
            .fold(0, u32::saturating_add)
    }

    fn reloads(&self, route: &Route) -> Vec<SheetReload> {
        let line = |reload: &Reload| SheetReload {
            after_stop: u32::try_from(reload.n_before).unwrap_or(u32::MAX),
            place: self.depot_label(&reload.depot),
            arrival: reload.arrival,
            loading: reload.loading_start,
            departure: reload.departure,
            load_at_departure: reload.load_at_departure.clone(),
            parcels_at_departure: self.parcels_of_trip(route, reload.n_before),
        };
        route.reloads.iter().map(line).collect()
    }

    fn start_place(&self, courier: &Courier) -> String {
        match &courier.start {
            RouteStart::Depot(id) => self.depot_label(id),
            RouteStart::Place(place) => self.place_label(*place),
        }
    }

    fn end_place(&self, courier: &Courier) -> String {
        match &courier.end {
            RouteEnd::Depot(id) => self.depot_label(id),
            RouteEnd::Place(place) => self.place_label(*place),
            RouteEnd::Open => String::new(),
        }
    }

    fn depot_label(&self, id: &crate::model::DepotId) -> String {
        let Some(depot) = self.problem.depot(id) else {
            return id.to_string();
        };
        let name = or_else(&depot.name, id.as_str());
        match self.place_label(depot.place) {
            address if address.is_empty() => name,
            address => format!("{name}, {address}"),
        }
    }

    /// The address, or what else tells where the place is: its coordinates, its id, nothing.
    fn place_label(&self, place: PlaceIdx) -> String {
        let place = self.problem.place(place);
        if !place.address.trim().is_empty() {
            return place.address.clone();
        }
        match (place.location, &place.id) {
            (Some(at), _) => format!("{:.5}, {:.5}", at.latitude, at.longitude),
            (None, Some(id)) => id.to_string(),
            (None, None) => String::new(),
        }
    }

    fn stops(&self, route: &Route, forecast: Option<&RouteForecast>) -> Vec<SheetStop> {
        let mut stops: Vec<SheetStop> = route
            .stops
            .iter()
            .enumerate()
            .zip(1..)
            .map(|((position, stop), number)| {
                // A forecast has the stops of its plan in the same sequence; anything else is not this plan's.
                let forecast = forecast
                    .and_then(|forecast| forecast.stops.get(position))
                    .filter(|forecast| forecast.order == stop.order);
                let mut line = planned_line(number, stop, forecast);
                if let Some(order) = self.orders.get(&stop.order) {
                    self.add_order(&mut line, order, stop);
                }
                line
            })
            .collect();
        if let Some(last) = stops.last_mut() {
            last.leave_by = None;
        }
        stops
    }

    fn add_order(&self, line: &mut SheetStop, order: &Order, stop: &Stop) {
        line.kind = order.kind;
        line.window = told_window(order, stop);
        line.address = self.place_label(order.place);
        line.contact = order.contact.clone();
        line.entry_notes.clone_from(&order.entry_notes);
        line.parcels = order.parcels;
        line.loads.clone_from(&order.loads);
        line.payment_note.clone_from(&order.payment_note);
        line.notes.clone_from(&order.notes);
    }
}

fn breaks(route: &Route) -> Vec<SheetBreak> {
    let line = |pause: &Break| SheetBreak {
        after_stop: u32::try_from(pause.n_before).unwrap_or(u32::MAX),
        start: pause.start,
        end: pause.end,
    };
    route.breaks.iter().map(line).collect()
}

/// A line with what the plan and the forecast know of it.
fn planned_line(number: u32, stop: &Stop, forecast: Option<&StopForecast>) -> SheetStop {
    SheetStop {
        number,
        order: stop.order.clone(),
        kind: OrderKind::Delivery,
        window: None,
        arrival: stop.arrival,
        arrival_band: forecast.map(|forecast| TimeWindow {
            start: forecast.arrival_p10,
            end: forecast.arrival_p90,
        }),
        leave_by: forecast.and_then(|forecast| forecast.leave_by),
        address: String::new(),
        contact: Contact::default(),
        entry_notes: String::new(),
        parcels: None,
        loads: BTreeMap::new(),
        payment_note: String::new(),
        notes: String::new(),
    }
}

/// The promised window; without a promise the access window that the plan serves in, or the last one if it is late.
fn told_window(order: &Order, stop: &Stop) -> Option<TimeWindow> {
    if let Some(promise) = &order.promise {
        return Some(promise.window);
    }
    let windows = order.service_windows();
    windows
        .iter()
        .find(|window| stop.service_start <= window.end)
        .or(windows.last())
        .copied()
}

fn or_else(text: &str, fallback: &str) -> String {
    if text.trim().is_empty() {
        fallback.to_owned()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheet::sample::at;
    use crate::sheet::sample_day::{forecast, plan, problem, window};

    fn all() -> Vec<RouteSheet> {
        sheets(&problem(), &plan(), &forecast(), "v1", &[])
    }

    #[test]
    fn a_sheet_says_what_the_plan_and_the_forecast_say() {
        let sheet = &all()[0];
        assert_eq!(sheet.courier_name, "a");
        assert_eq!(sheet.time_zone, "UTC");
        assert_eq!(sheet.start_place, "Store, Quay 1");
        assert_eq!(sheet.end_place, "");
        assert_eq!(sheet.parcels_at_start, 2);
        assert_eq!(sheet.leave_by, Some(at(7, 55)));
        assert_eq!(sheet.leave_by_confidence, BasisPoints(9_000));
        assert!(sheet.spread_is_default);
        let numbers: Vec<u32> = sheet.stops.iter().map(|stop| stop.number).collect();
        assert_eq!(numbers, [1, 2]);
        assert_eq!(sheet.stops[0].address, "55.75000, 37.60000");
        assert_eq!(sheet.stops[0].leave_by, Some(at(8, 30)));
        assert_eq!(
            sheet.stops[1].leave_by, None,
            "nothing follows the last stop"
        );
    }

    #[test]
    fn the_window_is_the_promise_or_else_the_one_served_in() {
        let sheet = &all()[0];
        assert_eq!(sheet.stops[0].window, Some(window(8, 10)));
        assert_eq!(sheet.stops[1].window, Some(window(12, 13)));
    }

    #[test]
    fn collected_parcels_are_not_on_board_at_departure() {
        let sheet = &all()[1];
        assert_eq!(sheet.parcels_at_start, 0);
        assert_eq!(sheet.stops[0].kind, OrderKind::Collection);
    }

    #[test]
    fn what_the_forecast_or_the_problem_does_not_know_stays_empty() {
        let sheet = &all()[1];
        assert_eq!(sheet.leave_by, None);
        assert_eq!(sheet.stops[0].arrival_band, None);
        assert_eq!(sheet.stops[1].order.as_str(), "unheard-of");
        assert_eq!(sheet.stops[1].window, None);
    }

    #[test]
    fn only_the_couriers_asked_for_get_a_sheet() {
        let wanted = [CourierId::parse("b").expect("an id")];
        let sheets = sheets(&problem(), &plan(), &forecast(), "v1", &wanted);
        assert_eq!(sheets.len(), 1);
        assert_eq!(sheets[0].courier, wanted[0]);
    }

    #[test]
    fn a_reload_says_where_to_go_and_what_to_load() {
        let mut plan = plan();
        plan.routes[0].reloads.push(crate::model::Reload {
            depot: crate::model::DepotId::parse("d").expect("an id"),
            n_before: 1,
            arrival: at(9, 0),
            loading_start: at(9, 10),
            departure: at(9, 20),
            leg_distance: crate::units::Meters(100),
            leg_duration: crate::units::Seconds(60),
            load_at_departure: BTreeMap::new(),
        });
        let mut day = problem();
        day.orders[1].parcels = Some(5);
        let sheet = &sheets(&day, &plan, &forecast(), "v1", &[])[0];
        assert_eq!(sheet.parcels_at_start, 2);
        let reload = &sheet.reloads[0];
        assert_eq!((reload.after_stop, reload.parcels_at_departure), (1, 5));
        assert_eq!(reload.place, "Store, Quay 1");
        assert_eq!((reload.loading, reload.departure), (at(9, 10), at(9, 20)));
        assert_ne!(sheet.checksum, all()[0].checksum);
    }

    #[test]
    fn a_break_is_a_line_of_its_own() {
        let mut plan = plan();
        plan.routes[0].breaks.push(Break {
            number: 0,
            n_before: 1,
            start: at(9, 0),
            end: at(9, 30),
        });
        let sheet = &sheets(&problem(), &plan, &forecast(), "v1", &[])[0];
        let expected = SheetBreak {
            after_stop: 1,
            start: at(9, 0),
            end: at(9, 30),
        };
        assert_eq!(sheet.breaks, [expected]);
        assert_ne!(sheet.checksum, all()[0].checksum);
    }

    #[test]
    fn the_plan_version_is_part_of_the_checksum() {
        let other = sheets(&problem(), &plan(), &forecast(), "v2", &[]);
        assert_ne!(all()[0].checksum, other[0].checksum);
        assert_eq!(all()[0].checksum, all()[0].checksum);
    }
}

//! From a plan and its forecast to sheets.

use std::collections::BTreeMap;

use super::changes::mark;
use super::checksum::checksum;
use super::leave_by::LeaveBy;
use super::{LeaveByBasis, RouteSheet, SheetBreak, SheetReload, SheetStop};
use crate::model::{
    Break, Contact, Courier, CourierId, DepotId, GeoPoint, Order, OrderId, OrderKind, PlaceIdx,
    Plan, PlanForecast, Problem, Reload, Route, RouteEnd, RouteForecast, RouteStart, SpreadSource,
    Stop, StopForecast, TimeWindow,
};
use crate::units::{BasisPoints, Timestamp};

/// A day, its plan, and what is known of how it will go.
#[derive(Clone, Copy, Debug)]
pub struct PlannedDay<'a> {
    /// The day.
    pub problem: &'a Problem,
    /// Its plan.
    pub plan: &'a Plan,
    /// The plan's forecast; without one, sheets have no bands, and leave-by times follow from the plan's slack.
    pub forecast: Option<&'a PlanForecast>,
    /// Version of the plan.
    pub version: &'a str,
}

/// Which sheets are wanted. The default is all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Selection<'a> {
    /// Only these couriers; empty means every courier.
    pub couriers: &'a [CourierId],
    /// Only sheets of which the courier has to know a change. Without an earlier plan every sheet is one.
    pub changed_only: bool,
}

/// One sheet a route, in the order of the plan, with what is another than in the plan `before`, if there is one; couriers
/// of that plan who drive no more follow.
///
/// Shape: a route whose courier the problem does not have is left out; an order that the problem does not have is printed
/// with its id and times. Bands are empty, and leave-by times follow from the plan's slack, where the forecast does not
/// speak of the same courier; they are empty where it does not speak of the same order.
#[must_use]
pub fn sheets(
    day: &PlannedDay<'_>,
    before: Option<&PlannedDay<'_>>,
    selection: &Selection<'_>,
) -> Vec<RouteSheet> {
    let mut sheets = all_sheets(day);
    if let Some(before) = before {
        mark(&mut sheets, &all_sheets(before), before.version);
        for withdrawn in &mut sheets {
            // A plan without any route has a version all the same.
            day.version.clone_into(&mut withdrawn.plan_version);
        }
    }
    let Selection {
        couriers,
        changed_only,
    } = *selection;
    let is_changed = |sheet: &RouteSheet| {
        let changes = sheet.changes.as_ref();
        changes.is_none_or(|changes| changes.is_changed)
    };
    sheets.retain(|sheet| couriers.is_empty() || couriers.contains(&sheet.courier));
    sheets.retain(|sheet| !changed_only || is_changed(sheet));
    for sheet in &mut sheets {
        sheet.checksum = checksum(sheet);
    }
    sheets
}

/// The sheets of all couriers, without checksums.
fn all_sheets(day: &PlannedDay<'_>) -> Vec<RouteSheet> {
    let problem = day.problem;
    let orders = problem.orders.iter();
    let forecasts = day.forecast.iter().flat_map(|forecast| &forecast.routes);
    let all = Day {
        problem,
        orders: orders.map(|order| (&order.id, order)).collect(),
        forecast: day.forecast,
        forecasts: forecasts.map(|route| (&route.courier, route)).collect(),
        plan_version: day.version,
    };
    let routes = day.plan.routes.iter();
    routes
        .filter_map(|route| Some(all.sheet(problem.courier(&route.courier)?, route)))
        .collect()
}

/// What all sheets of a day have in common.
struct Day<'a> {
    problem: &'a Problem,
    orders: BTreeMap<&'a OrderId, &'a Order>,
    forecast: Option<&'a PlanForecast>,
    forecasts: BTreeMap<&'a CourierId, &'a RouteForecast>,
    plan_version: &'a str,
}

impl Day<'_> {
    fn sheet(&self, courier: &Courier, route: &Route) -> RouteSheet {
        let forecast = self.forecasts.get(&route.courier).copied();
        let profile = self.problem.profile(&courier.profile);
        let slack = LeaveBy::new(
            route,
            profile.is_some_and(|profile| !profile.buckets.is_empty()),
        );
        let confidence = self
            .forecast
            .map_or(0.0, |forecast| forecast.leave_by_confidence);
        let spread = self.forecast.map(|forecast| forecast.spread_source);
        let (start_place, start_location) = self.start_place(courier);
        let (end_place, end_location) = self.end_place(courier);
        RouteSheet {
            day_name: self.problem.name.clone(),
            time_zone: self.zone(),
            courier: courier.id.clone(),
            courier_name: or_else(&courier.name, courier.id.as_str()),
            courier_phone: courier.phone.clone(),
            start_place,
            start_location,
            loading: route.start,
            departure: route.departure,
            leave_by: match forecast {
                Some(forecast) => Some(forecast.leave_by),
                None => slack.start(),
            },
            load_at_start: route.load_at_start.clone(),
            parcels_at_start: self.parcels_of_trip(route, 0),
            end_place,
            end_location,
            end: route.end,
            distance: route.distance,
            stops: self.stops(route, forecast, &slack),
            reloads: self.reloads(route),
            breaks: breaks(route),
            plan_version: self.plan_version.to_owned(),
            checksum: String::new(),
            leave_by_basis: match forecast {
                Some(_) => LeaveByBasis::SimulatedDays,
                None => LeaveByBasis::Slack,
            },
            leave_by_confidence: BasisPoints::of_share(confidence),
            spread_is_default: forecast.is_some() && spread == Some(SpreadSource::Default),
            changes: None,
        }
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
            location: self.depot_location(&reload.depot),
            arrival: reload.arrival,
            loading: reload.loading_start,
            departure: reload.departure,
            load_at_departure: reload.load_at_departure.clone(),
            parcels_at_departure: self.parcels_of_trip(route, reload.n_before),
        };
        route.reloads.iter().map(line).collect()
    }

    fn start_place(&self, courier: &Courier) -> (String, Option<GeoPoint>) {
        match &courier.start {
            RouteStart::Depot(id) => (self.depot_label(id), self.depot_location(id)),
            RouteStart::Place(place) => (self.place_label(*place), self.location(*place)),
        }
    }

    fn end_place(&self, courier: &Courier) -> (String, Option<GeoPoint>) {
        match &courier.end {
            RouteEnd::Depot(id) => (self.depot_label(id), self.depot_location(id)),
            RouteEnd::Place(place) => (self.place_label(*place), self.location(*place)),
            RouteEnd::Open => (String::new(), None),
        }
    }

    fn location(&self, place: PlaceIdx) -> Option<GeoPoint> {
        self.problem.place(place).location
    }

    fn depot_location(&self, id: &DepotId) -> Option<GeoPoint> {
        self.location(self.problem.depot(id)?.place)
    }

    fn depot_label(&self, id: &DepotId) -> String {
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

    fn stops(
        &self,
        route: &Route,
        forecast: Option<&RouteForecast>,
        slack: &LeaveBy<'_>,
    ) -> Vec<SheetStop> {
        let mut stops: Vec<SheetStop> = route
            .stops
            .iter()
            .enumerate()
            .zip(1..)
            .map(|((position, stop), number)| {
                // A forecast has the stops of its plan in the same sequence; anything else is not this plan's.
                let of_stop = forecast
                    .and_then(|forecast| forecast.stops.get(position))
                    .filter(|forecast| forecast.order == stop.order);
                let mut line = planned_line(number, stop, of_stop);
                if forecast.is_none() {
                    line.leave_by = slack.stop(position);
                }
                if let Some(order) = self.orders.get(&stop.order) {
                    self.add_order(&mut line, order, stop);
                }
                line
            })
            .collect();
        if let Some(last) = stops.last_mut() {
            last.leave_by = None;
            last.is_leave_by_planned = false;
        }
        stops
    }

    fn add_order(&self, line: &mut SheetStop, order: &Order, stop: &Stop) {
        line.kind = order.kind;
        line.reference.clone_from(&order.reference);
        line.window = told_window(order, stop);
        line.address = self.place_label(order.place);
        line.location = self.location(order.place);
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

/// The latest departure, and whether it is only the planned one: a time that passes before the courier is done at the door
/// helps nobody.
fn latest(stop: &Stop, forecast: &StopForecast) -> (Option<Timestamp>, bool) {
    match forecast.leave_by {
        Some(leave_by) if leave_by < stop.departure => (Some(stop.departure), true),
        leave_by => (leave_by, false),
    }
}

/// A line with what the plan and the forecast know of it.
fn planned_line(number: u32, stop: &Stop, forecast: Option<&StopForecast>) -> SheetStop {
    let (leave_by, is_leave_by_planned) = forecast
        .map(|forecast| latest(stop, forecast))
        .unwrap_or_default();
    SheetStop {
        number,
        order: stop.order.clone(),
        reference: String::new(),
        kind: OrderKind::Delivery,
        window: None,
        arrival: stop.arrival,
        arrival_band: forecast.map(|forecast| TimeWindow {
            start: forecast.arrival_p10,
            end: forecast.arrival_p90,
        }),
        leave_by,
        is_leave_by_planned,
        address: String::new(),
        location: None,
        contact: Contact::default(),
        entry_notes: String::new(),
        parcels: None,
        loads: BTreeMap::new(),
        payment_note: String::new(),
        notes: String::new(),
        changes: Vec::new(),
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
    use crate::units::Seconds;

    fn made_of(problem: &Problem, plan: &Plan, version: &str) -> Vec<RouteSheet> {
        let forecast = forecast();
        let day = PlannedDay {
            problem,
            plan,
            forecast: Some(&forecast),
            version,
        };
        sheets(&day, None, &Selection::default())
    }

    fn all() -> Vec<RouteSheet> {
        made_of(&problem(), &plan(), "first")
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
        assert_eq!(sheet.leave_by_basis, LeaveByBasis::Slack);
        assert!(!sheet.spread_is_default);
        assert_eq!(sheet.stops[0].arrival_band, None);
        assert_eq!(sheet.stops[1].order.as_str(), "unheard-of");
        assert_eq!(sheet.stops[1].window, None);
    }

    #[test]
    fn without_a_forecast_leave_by_times_follow_from_the_slack() {
        let (problem, mut plan) = (problem(), plan());
        plan.routes[0].stops[0].slack = Seconds(600);
        plan.routes[0].stops[1].slack = Seconds(1_200);
        let day = PlannedDay {
            problem: &problem,
            plan: &plan,
            forecast: None,
            version: "first",
        };
        let sheet = &sheets(&day, None, &Selection::default())[0];
        assert_eq!(sheet.leave_by_basis, LeaveByBasis::Slack);
        assert_eq!(sheet.leave_by, Some(at(7, 50)));
        assert_eq!(sheet.stops[0].leave_by, Some(at(8, 30)));
        assert_eq!(sheet.stops[1].leave_by, None);
        assert_eq!(sheet.stops[0].arrival_band, None);
    }

    #[test]
    fn a_leave_by_time_that_no_departure_keeps_is_the_planned_one_and_says_so() {
        let (problem, plan) = (problem(), plan());
        let planned = plan.routes[0].stops[0].departure;
        let with = |leave_by| {
            let mut forecast = forecast();
            forecast.routes[0].stops[0].leave_by = Some(leave_by);
            let day = PlannedDay {
                problem: &problem,
                plan: &plan,
                forecast: Some(&forecast),
                version: "first",
            };
            let sheet = sheets(&day, None, &Selection::default()).remove(0);
            (sheet.stops[0].leave_by, sheet.stops[0].is_leave_by_planned)
        };
        assert_eq!(with(planned), (Some(planned), false));
        for too_early in [planned - Seconds(1), plan.routes[0].start] {
            assert_eq!(with(too_early), (Some(planned), true));
        }
    }

    #[test]
    fn only_changed_sheets_are_given_if_only_those_are_wanted() {
        let (problem, before) = (problem(), plan());
        let mut now = before.clone();
        now.routes[1].stops.remove(1);
        let day = |plan, version| PlannedDay {
            problem: &problem,
            plan,
            forecast: None,
            version,
        };
        let wanted = |changed_only| Selection {
            couriers: &[],
            changed_only,
        };
        let (now, before) = (day(&now, "second"), day(&before, "first"));
        let all = sheets(&now, Some(&before), &wanted(false));
        assert_eq!(all.len(), 2);
        let changed = sheets(&now, Some(&before), &wanted(true));
        assert_eq!(changed.len(), 1);
        assert_eq!(changed[0].courier.as_str(), "b");
        let changes = changed[0].changes.as_ref().expect("it was compared");
        assert_eq!(changes.since_version, "first");
        assert_eq!(changes.removed[0].order.as_str(), "unheard-of");
        let back = sheets(&before, Some(&before), &wanted(true));
        assert_eq!(back, []);
    }

    #[test]
    fn only_the_couriers_asked_for_get_a_sheet() {
        let wanted = [CourierId::parse("b").expect("an id")];
        let (problem, plan) = (problem(), plan());
        let day = PlannedDay {
            problem: &problem,
            plan: &plan,
            forecast: None,
            version: "first",
        };
        let selection = Selection {
            couriers: &wanted,
            changed_only: true,
        };
        let sheets = sheets(&day, None, &selection);
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
        let sheet = &made_of(&day, &plan, "first")[0];
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
        let sheet = &made_of(&problem(), &plan, "first")[0];
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
        let other = made_of(&problem(), &plan(), "second");
        assert_ne!(all()[0].checksum, other[0].checksum);
        assert_eq!(all()[0].checksum, all()[0].checksum);
    }
}

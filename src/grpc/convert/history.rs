//! Recorded routes.

use std::collections::BTreeSet;

use prost_types::Timestamp as Moment;

use super::read::{At, Sink};
use crate::grpc::pb::{self, RecordedStopKind as Kind};
use crate::model::{
    CourierId, DepotId, Finding, History, OrderId, Reason, RecordedOrder, RecordedPurpose,
    RecordedRoute, RecordedStop, ZoneId,
};
use crate::units::{Seconds, Timestamp};

/// Times further than this from the day they count to are absurd.
const FROM_DAY_MAX: Seconds = Seconds(3 * DAY);

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Stops that one request may have.
const STOPS_MAX: usize = 250_000;

/// Reads the recorded routes in `field` of a request; routes are sorted by day, then by courier.
///
/// # Errors
/// Everything that is missing, malformed, stated twice, reversed or absurd in them. Too many are not read at all.
pub fn read_recorded_routes(
    field: &'static str,
    routes: &[pb::RecordedRoute],
) -> Result<History, Vec<Finding>> {
    let sink = Sink::default();
    let at = At::root(&sink);
    let n_stops: usize = routes.iter().map(|route| route.stops.len()).sum();
    if n_stops > STOPS_MAX || routes.len() > STOPS_MAX {
        let message = format!(
            "{} routes with {n_stops} stops are more than the {STOPS_MAX} that a request may have",
            routes.len()
        );
        at.field(field).report(Reason::TooLarge, message);
        return Err(sink.take());
    }
    let read: Option<Vec<RecordedRoute>> = at.all(field, routes, |at, route| {
        read_route(&at.about(&route.courier_id), route)
    });
    repeated(&at, field, routes);
    match (read, sink.take()) {
        (Some(mut routes), found) if found.is_empty() => {
            routes.sort_by(|a, b| (a.day, &a.courier).cmp(&(b.day, &b.courier)));
            Ok(History { routes })
        }
        (_, found) => Err(found),
    }
}

/// Reports couriers with two routes on a day, and orders with two stops.
fn repeated(at: &At<'_>, field: &'static str, routes: &[pb::RecordedRoute]) {
    let (mut couriers, mut orders) = (BTreeSet::new(), BTreeSet::new());
    for (index, route) in routes.iter().enumerate() {
        let at = at.item(field, index).about(&route.courier_id);
        if !couriers.insert((&route.date, &route.courier_id)) {
            at.field("courier_id").report(
                Reason::DuplicateId,
                "the courier has a route on this day before; one is needed",
            );
        }
        for (number, stop) in route.stops.iter().enumerate() {
            if !stop.order_id.is_empty() && !orders.insert((&route.date, &stop.order_id)) {
                let at = at.item("stops", number);
                at.about(&stop.order_id).field("order_id").report(
                    Reason::DuplicateId,
                    "the order has a stop on this day before; one is needed",
                );
            }
        }
    }
}

fn read_route(at: &At<'_>, route: &pb::RecordedRoute) -> Option<RecordedRoute> {
    let day = read_date(at, &route.date);
    let courier = at.id("courier_id", &route.courier_id, CourierId::parse);
    let depot = match route.depot_id.as_str() {
        "" => Some(None),
        id => at.id("depot_id", id, DepotId::parse).map(Some),
    };
    let planned_departure = at.near(
        "planned_departure_time",
        route.planned_departure_time.as_ref(),
        day,
    );
    let departure = at.near("departure_time", route.departure_time.as_ref(), day);
    let stops: Option<Vec<Stop>> = at.all("stops", &route.stops, |at, stop| {
        read_stop(&at.about(&stop.order_id), stop, day)
    });
    let (planned_departure, departure) = (planned_departure?, departure?);
    let (mut planned_before, mut before) = (planned_departure, departure);
    let (mut recorded, mut is_sound) = (Vec::new(), true);
    for (number, stop) in stops?.into_iter().enumerate() {
        let at = at.item("stops", number);
        let arrivals = [
            ("planned_arrival_time", stop.planned.arrival, planned_before),
            ("arrival_time", stop.actual.arrival, before),
        ];
        for (field, arrival, before) in arrivals {
            if arrival < before {
                let message = "is before the departure of what comes before it";
                at.field(field).report(Reason::Conflict, message);
                is_sound = false;
            }
        }
        let planned_travel = stop.planned.arrival - planned_before;
        (planned_before, before) = (stop.planned.departure, stop.actual.departure);
        recorded.push(RecordedStop {
            purpose: stop.purpose,
            planned_travel,
            planned_service: stop.planned.departure - stop.planned.service_start,
            planned_arrival: stop.planned.arrival,
            arrival: stop.actual.arrival,
            service_start: stop.actual.service_start,
            departure: stop.actual.departure,
        });
    }
    let route = RecordedRoute {
        day: day?,
        courier: courier?,
        depot: depot?,
        planned_departure,
        departure,
        stops: recorded,
    };
    is_sound.then_some(route)
}

/// Midnight of a calendar day.
fn read_date(at: &At<'_>, text: &str) -> Option<Timestamp> {
    let at = at.field("date");
    if text.is_empty() {
        let message = "this field is required: a date like 2026-11-23";
        at.report(Reason::MissingField, message);
        return None;
    }
    let date = text.parse::<jiff::civil::Date>();
    let midnight = date.and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC));
    if midnight.is_err() {
        let message = format!("{text:?} is no date; one looks like 2026-11-23");
        at.report(Reason::OutOfRange, message);
    }
    midnight
        .ok()
        .map(|midnight| Timestamp(midnight.timestamp().as_second()))
}

/// A stop by itself.
struct Stop {
    purpose: RecordedPurpose,
    planned: Times,
    actual: Times,
}

/// The times of a stop.
struct Times {
    arrival: Timestamp,
    service_start: Timestamp,
    departure: Timestamp,
}

fn read_stop(at: &At<'_>, stop: &pb::RecordedStop, day: Option<Timestamp>) -> Option<Stop> {
    let purpose = match Kind::try_from(stop.kind) {
        Ok(Kind::Order) => read_order(at, stop).map(RecordedPurpose::Order),
        Ok(Kind::Reload) => not_an_order(at, stop).then_some(RecordedPurpose::Reload),
        Ok(Kind::Break) => not_an_order(at, stop).then_some(RecordedPurpose::Break),
        Ok(Kind::Unspecified) | Err(_) => {
            let message = "an order, a reload or a break is needed";
            at.field("kind").report(Reason::MissingField, message);
            None
        }
    };
    let open = match &purpose {
        Some(RecordedPurpose::Order(order)) => Some(order.promised_start),
        _ => None,
    };
    let planned = read_times(
        at,
        [
            "planned_arrival_time",
            "planned_service_start_time",
            "planned_departure_time",
        ],
        [
            stop.planned_arrival_time.as_ref(),
            stop.planned_service_start_time.as_ref(),
            stop.planned_departure_time.as_ref(),
        ],
        day,
        open,
    );
    let actual = read_times(
        at,
        ["arrival_time", "service_start_time", "departure_time"],
        [
            stop.arrival_time.as_ref(),
            stop.service_start_time.as_ref(),
            stop.departure_time.as_ref(),
        ],
        day,
        open,
    );
    Some(Stop {
        purpose: purpose?,
        planned: planned?,
        actual: actual?,
    })
}

fn read_order(at: &At<'_>, stop: &pb::RecordedStop) -> Option<RecordedOrder> {
    let id = at.id("order_id", &stop.order_id, OrderId::parse);
    let zone = at.id("zone", &stop.zone, ZoneId::parse);
    let promise = at.required("promise", stop.promise.as_ref())?;
    let at = at.field("promise");
    let start = at.moment("start_time", promise.start_time.as_ref());
    let end = at.moment("end_time", promise.end_time.as_ref());
    let (start, end) = (start?, end?);
    if end < start {
        let message = "is before start_time; it must not be";
        at.field("end_time").report(Reason::BadWindow, message);
        return None;
    }
    Some(RecordedOrder {
        id: id?,
        zone: zone?,
        promised_start: start,
        promised_end: end,
    })
}

/// Whether a stop that is not for an order says nothing of one; reports what it says.
fn not_an_order(at: &At<'_>, stop: &pb::RecordedStop) -> bool {
    let fields = [
        ("order_id", !stop.order_id.is_empty()),
        ("zone", !stop.zone.is_empty()),
        ("promise", stop.promise.is_some()),
    ];
    for (field, _) in fields.iter().filter(|(_, is_there)| *is_there) {
        let message = "only stops for an order have this field";
        at.field(field).report(Reason::Conflict, message);
    }
    fields.iter().all(|(_, is_there)| !is_there)
}

/// Arrival, start of service and departure, none before the one before it, and a day long at most; a stop that opens at
/// `open` is waited for.
fn read_times(
    at: &At<'_>,
    [first, middle, last]: [&'static str; 3],
    [arrival, service_start, departure]: [Option<&Moment>; 3],
    day: Option<Timestamp>,
    open: Option<Timestamp>,
) -> Option<Times> {
    let arrival = at.near(first, arrival, day);
    let stated = match service_start {
        Some(moment) => at.near(middle, Some(moment), day).map(Some),
        None => Some(None),
    };
    let departure = at.near(last, departure, day);
    let (arrival, stated, departure) = (arrival?, stated?, departure?);
    if departure < arrival {
        let message = format!("is before {first}; it must not be");
        at.field(last).report(Reason::Conflict, message);
        return None;
    }
    // Who left without having waited for the promise did not wait.
    let waited = open.map_or(arrival, |open| arrival.max(open));
    let unstated = if waited > departure { arrival } else { waited };
    let service_start = stated.unwrap_or(unstated);
    if !(arrival..=departure).contains(&service_start) {
        let message = format!("is not between {first} and {last}");
        at.field(middle).report(Reason::Conflict, message);
        return None;
    }
    if (departure - arrival).0 > DAY {
        let message = format!("is more than one day after {first}");
        at.field(last).report(Reason::OutOfRange, message);
        return None;
    }
    Some(Times {
        arrival,
        service_start,
        departure,
    })
}

impl At<'_> {
    /// A moment that must be there and lie near `day`.
    fn near(
        &self,
        field: &'static str,
        value: Option<&Moment>,
        day: Option<Timestamp>,
    ) -> Option<Timestamp> {
        let moment = self.moment(field, value)?;
        let is_near = day.is_none_or(|day| (moment - day).0.abs() <= FROM_DAY_MAX.0);
        if !is_near {
            let message = "is more than three days from the date of the route";
            self.field(field).report(Reason::OutOfRange, message);
        }
        is_near.then_some(moment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Midnight of 2026-11-23.
    const MIDNIGHT: i64 = 1_795_392_000;

    fn at(hour: i64, minute: i64) -> Option<Moment> {
        Some(Moment {
            seconds: MIDNIGHT + hour * 3_600 + minute * 60,
            nanos: 0,
        })
    }

    fn stop(order: &str, hour: i64) -> pb::RecordedStop {
        pb::RecordedStop {
            kind: Kind::Order as i32,
            order_id: order.to_owned(),
            zone: "north".to_owned(),
            promise: Some(pb::TimeWindow {
                start_time: at(hour, 0),
                end_time: at(hour + 1, 0),
            }),
            planned_arrival_time: at(hour, 5),
            planned_departure_time: at(hour, 10),
            arrival_time: at(hour - 1, 50),
            departure_time: at(hour, 15),
            ..pb::RecordedStop::default()
        }
    }

    fn route() -> pb::RecordedRoute {
        pb::RecordedRoute {
            date: "2026-11-23".to_owned(),
            courier_id: "anna".to_owned(),
            planned_departure_time: at(8, 0),
            departure_time: at(8, 10),
            stops: vec![stop("o-1", 9), stop("o-2", 10)],
            ..pb::RecordedRoute::default()
        }
    }

    fn wrong(routes: &[pb::RecordedRoute]) -> Vec<(String, Reason)> {
        let found = read_recorded_routes("routes", routes).unwrap_err();
        let found = found.into_iter();
        found
            .map(|finding| (finding.field, finding.reason))
            .collect()
    }

    #[test]
    fn who_comes_early_waits_for_the_promise() {
        let history = read_recorded_routes("routes", &[route()]).unwrap();
        let route = &history.routes[0];
        assert_eq!(route.day, Timestamp(MIDNIGHT));
        let stop = &route.stops[0];
        assert_eq!(stop.planned_travel, Seconds(65 * 60));
        assert_eq!(stop.planned_service, Seconds(300));
        assert_eq!(stop.service_start, Timestamp(MIDNIGHT + 9 * 3_600));
        assert_eq!(route.stops[1].planned_travel, Seconds(55 * 60));
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let mut bad = route();
        bad.stops[0].departure_time = at(7, 0);
        bad.stops[1].zone = "not an id".to_owned();
        bad.stops[1].planned_service_start_time = at(12, 0);
        bad.stops[1].departure_time = at(24 * 9, 0);
        let mut other = route();
        other.courier_id = String::new();
        other.date = "yesterday".to_owned();
        other.stops[0].kind = 7;
        other.stops[1].kind = Kind::Break as i32;
        let found = wrong(&[bad, other, route()]);
        for (field, reason) in [
            ("routes[0].stops[0].departure_time", Reason::Conflict),
            ("routes[0].stops[1].zone", Reason::MalformedId),
            (
                "routes[0].stops[1].planned_service_start_time",
                Reason::Conflict,
            ),
            ("routes[0].stops[1].departure_time", Reason::OutOfRange),
            ("routes[1].courier_id", Reason::MissingField),
            ("routes[1].date", Reason::OutOfRange),
            ("routes[1].stops[0].kind", Reason::MissingField),
            ("routes[1].stops[1].promise", Reason::Conflict),
            ("routes[2].courier_id", Reason::DuplicateId),
            ("routes[2].stops[0].order_id", Reason::DuplicateId),
        ] {
            assert!(found.contains(&(field.to_owned(), reason)), "{field}");
        }
    }

    #[test]
    fn a_stop_before_the_departure_of_the_one_before_is_refused() {
        let mut bad = route();
        bad.stops.swap(0, 1);
        let found = wrong(&[bad]);
        let fields: Vec<&str> = found.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "routes[0].stops[1].planned_arrival_time",
                "routes[0].stops[1].arrival_time"
            ]
        );
    }
}

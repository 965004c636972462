//! Histories as CSV: planned and actual times of past days, one row for each start of a route and each stop.
//!
//! | column | what it says |
//! |---|---|
//! | `day` | the calendar day that the route counts to, as in `2026-11-23` |
//! | `courier` | who drove |
//! | `depot` | where the route began; in the row of its start, empty if not at a depot |
//! | `kind` | `start`, `order`, `reload` or `break` |
//! | `order`, `zone`, `promised_start`, `promised_end` | of an order |
//! | `planned_arrival`, `planned_departure`, `arrival`, `departure` | of a stop; a start has departures only |
//! | `planned_service_start`, `service_start` | may be empty: the arrival then, or the start of the promise if that is later |
//!
//! Times are RFC 3339, as in `2026-11-23T08:30:00+03:00`; fractions of a second are cut off. Columns may stand in any
//! sequence; the stops of a route stand in the sequence in which they were made.

mod read;
mod row;
#[cfg(test)]
mod tests;

use crate::model::{Finding, History, RecordedPurpose, RecordedRoute, RecordedStop};
use crate::units::Timestamp;

pub use read::read_history;

/// All columns, in the sequence in which they are written.
const COLUMNS: [&str; 14] = [
    "day",
    "courier",
    "depot",
    "kind",
    "order",
    "zone",
    "promised_start",
    "promised_end",
    "planned_arrival",
    "planned_service_start",
    "planned_departure",
    "arrival",
    "service_start",
    "departure",
];

/// What to do about rows that cannot be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnBadRow {
    /// Refuse the history.
    Reject,
    /// Leave out the row and the rest of its route, for the way from there on is not known.
    SetAside,
}

/// A history with what was left out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadHistory {
    /// What could be read.
    pub history: History,
    /// What is wrong with the rows that were set aside, and columns that are not known.
    pub warnings: Vec<Finding>,
    /// Rows left out, those after a bad one on the same route included.
    pub set_aside: usize,
}

/// Writes a history, with a line for the names of the columns.
///
/// Times of planned departures follow from the planned arrival and travel of the next stop.
#[must_use]
pub fn write_history(history: &History) -> String {
    let mut text = COLUMNS.join(",") + "\n";
    for route in &history.routes {
        write_route(&mut text, route);
    }
    text
}

fn write_route(text: &mut String, route: &RecordedRoute) {
    let day = moment(route.day);
    let day = day.split('T').next().unwrap_or_default();
    let head = format!("{day},{}", route.courier);
    let depot = route.depot.as_ref().map_or("", |depot| depot.as_str());
    let (planned, actual) = (moment(route.planned_departure), moment(route.departure));
    *text += &format!("{head},{depot},start,,,,,,,{planned},,,{actual}\n");
    for (at, stop) in route.stops.iter().enumerate() {
        let planned_departure = match route.stops.get(at + 1) {
            Some(next) => next.planned_arrival - next.planned_travel,
            None => stop.planned_arrival.max(open(stop)) + stop.planned_service,
        };
        let what = match &stop.purpose {
            RecordedPurpose::Order(order) => format!(
                "order,{},{},{},{}",
                order.id,
                order.zone,
                moment(order.promised_start),
                moment(order.promised_end)
            ),
            RecordedPurpose::Reload => "reload,,,,".to_owned(),
            RecordedPurpose::Break => "break,,,,".to_owned(),
        };
        let times = [
            stop.planned_arrival,
            planned_departure - stop.planned_service,
            planned_departure,
            stop.arrival,
            stop.service_start,
            stop.departure,
        ];
        *text += &format!("{head},,{what},{}\n", times.map(moment).join(","));
    }
}

/// The first moment at which service at `stop` may begin.
fn open(stop: &RecordedStop) -> Timestamp {
    match &stop.purpose {
        RecordedPurpose::Order(order) => order.promised_start,
        RecordedPurpose::Reload | RecordedPurpose::Break => stop.planned_arrival,
    }
}

/// A moment as text; those beyond the calendar as its ends.
fn moment(at: Timestamp) -> String {
    let limit = if at.0 < 0 {
        jiff::Timestamp::MIN
    } else {
        jiff::Timestamp::MAX
    };
    jiff::Timestamp::from_second(at.0)
        .unwrap_or(limit)
        .to_string()
}

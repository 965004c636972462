//! From rows to routes.

use std::collections::{BTreeMap, BTreeSet};

use csv::{ReaderBuilder, StringRecord, Trim};

use super::row::{Columns, Content, Row, Times, place, read_row};
use super::{COLUMNS, OnBadRow, ReadHistory};
use crate::model::{
    CourierId, Finding, History, OrderId, Reason, RecordedPurpose, RecordedRoute, RecordedStop,
};
use crate::units::Timestamp;

/// Columns that need not be there.
const OPTIONAL: [&str; 2] = ["planned_service_start", "service_start"];

/// Reads a history in the form that README describes under "Histories".
///
/// # Errors
/// Everything that is wrong with it, by line and column; with [`OnBadRow::SetAside`], only what leaves nothing to read:
/// no columns, or none of the required ones.
pub fn read_history(text: &str, on_bad_row: OnBadRow) -> Result<ReadHistory, Vec<Finding>> {
    // Windows editors begin files with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = ReaderBuilder::new()
        .flexible(true)
        .trim(Trim::All)
        .from_reader(text.as_bytes());
    let header = reader.headers().cloned().unwrap_or_default();
    let (columns, mut warnings) = columns(&header)?;
    let mut found = Vec::new();
    let mut set_aside = 0;
    let mut routes: BTreeMap<(Timestamp, CourierId), Vec<Row>> = BTreeMap::new();
    for (number, record) in reader.records().enumerate() {
        let record = record.unwrap_or_default();
        let line = record
            .position()
            .map_or(number as u64 + 2, csv::Position::line);
        match read_row(&columns, &record, line, &mut found) {
            Some(row) => {
                let route = routes.entry((row.day, row.courier.clone()));
                route.or_default().push(row);
            }
            None => set_aside += 1,
        }
    }
    let mut orders = BTreeSet::new();
    let mut history = History::default();
    for rows in routes.into_values() {
        let n_rows = rows.len();
        let route = read_route(rows, &mut orders, &mut found);
        let n_read = route.as_ref().map_or(0, |route| route.stops.len() + 1);
        set_aside += n_rows - n_read;
        history.routes.extend(route);
    }
    if on_bad_row == OnBadRow::Reject && !found.is_empty() {
        return Err(found);
    }
    warnings.extend(found);
    Ok(ReadHistory {
        history,
        warnings,
        set_aside,
    })
}

/// Where the columns stand, with a warning for each that is not known.
fn columns(header: &StringRecord) -> Result<(Columns, Vec<Finding>), Vec<Finding>> {
    let mut columns = Vec::new();
    let mut found = Vec::new();
    for name in COLUMNS {
        let mut places = header.iter().enumerate().filter(|(_, text)| *text == name);
        match (places.next(), places.next()) {
            (Some((at, _)), None) => columns.push((name, at)),
            (Some(_), Some(_)) => {
                let message = "there are two columns of this name; one is needed";
                found.push(Finding::new(
                    place(1, name),
                    "",
                    Reason::DuplicateId,
                    message,
                ));
            }
            (None, _) if OPTIONAL.contains(&name) => {}
            (None, _) => {
                let message = "there is no such column; it is needed";
                found.push(Finding::new(
                    place(1, name),
                    "",
                    Reason::MissingField,
                    message,
                ));
            }
        }
    }
    if !found.is_empty() {
        return Err(found);
    }
    let unknown = header.iter().filter(|name| !COLUMNS.contains(name));
    let warnings = unknown.map(|name| {
        let message = "this column is not known and is passed over";
        Finding::new(place(1, name), "", Reason::UnknownName, message)
    });
    Ok((Columns(columns), warnings.collect()))
}

/// The route that the rows of one courier on one day make, up to the first that is wrong; `None` without a start.
fn read_route(
    rows: Vec<Row>,
    orders: &mut BTreeSet<(Timestamp, OrderId)>,
    found: &mut Vec<Finding>,
) -> Option<RecordedRoute> {
    let mut assembly = Assembly {
        route: None,
        planned_before: Timestamp(0),
        is_whole: true,
        orders,
        found,
    };
    for row in rows {
        assembly.add(row);
    }
    assembly.route
}

/// A route that grows row by row.
struct Assembly<'a> {
    route: Option<RecordedRoute>,
    /// Planned departure of the row before.
    planned_before: Timestamp,
    /// Whether nothing was wrong so far.
    is_whole: bool,
    /// Orders that have had a row on their day.
    orders: &'a mut BTreeSet<(Timestamp, OrderId)>,
    found: &'a mut Vec<Finding>,
}

impl Assembly<'_> {
    fn add(&mut self, row: Row) {
        match row.content {
            Some(Content::Start {
                depot,
                planned_departure,
                departure,
            }) => {
                if self.route.is_some() {
                    let message = "the courier has started on this day before; one start is needed";
                    let subject = row.courier.as_str();
                    self.report(row.line, "kind", subject, Reason::DuplicateId, message);
                } else if self.is_whole {
                    self.planned_before = planned_departure;
                    self.route = Some(RecordedRoute {
                        day: row.day,
                        courier: row.courier,
                        depot,
                        planned_departure,
                        departure,
                        stops: Vec::new(),
                    });
                }
            }
            Some(Content::Stop {
                purpose,
                planned,
                actual,
            }) => {
                let subject = match &purpose {
                    RecordedPurpose::Order(order) => order.id.to_string(),
                    RecordedPurpose::Reload | RecordedPurpose::Break => row.courier.to_string(),
                };
                if let RecordedPurpose::Order(order) = &purpose
                    && !self.orders.insert((row.day, order.id.clone()))
                {
                    let message = "the order has a row on this day before; one is needed";
                    self.report(row.line, "order", &subject, Reason::DuplicateId, message);
                }
                self.stop(row.line, &subject, purpose, &planned, &actual);
            }
            None => self.is_whole = false,
        }
    }

    fn stop(
        &mut self,
        line: u64,
        subject: &str,
        purpose: RecordedPurpose,
        planned: &Times,
        actual: &Times,
    ) {
        let Some(route) = &mut self.route else {
            // A start that could not be read has been reported.
            if self.is_whole {
                let message = "there is no row of kind start before this one";
                self.report(line, "kind", subject, Reason::MissingField, message);
            }
            return;
        };
        if let Some(column) = reversed(route, self.planned_before, planned, actual)
            && self.is_whole
        {
            let message = "is before the departure of the row before it";
            self.report(line, column, subject, Reason::Conflict, message);
        } else if self.is_whole {
            route.stops.push(RecordedStop {
                purpose,
                planned_travel: planned.arrival - self.planned_before,
                planned_service: planned.departure - planned.service_start,
                planned_arrival: planned.arrival,
                arrival: actual.arrival,
                service_start: actual.service_start,
                departure: actual.departure,
            });
            self.planned_before = planned.departure;
        }
    }

    fn report(&mut self, line: u64, column: &str, subject: &str, reason: Reason, message: &str) {
        let finding = Finding::new(place(line, column), subject, reason, message);
        self.found.push(finding);
        self.is_whole = false;
    }
}

/// The column in which a stop of `route`, so far whole, is earlier than what comes before it.
fn reversed(
    route: &RecordedRoute,
    planned_before: Timestamp,
    planned: &Times,
    actual: &Times,
) -> Option<&'static str> {
    let before = route
        .stops
        .last()
        .map_or(route.departure, |stop| stop.departure);
    if planned.arrival < planned_before {
        Some("planned_arrival")
    } else {
        (actual.arrival < before).then_some("arrival")
    }
}

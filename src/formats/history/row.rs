//! One row of a history, and what is wrong with it.

use csv::StringRecord;

use crate::model::{
    CourierId, DepotId, Finding, MalformedId, OrderId, Reason, RecordedOrder, RecordedPurpose,
    ZoneId,
};
use crate::units::{Seconds, Timestamp};

/// Times further than this from the day they count to are absurd.
const FROM_DAY_MAX: Seconds = Seconds(3 * 86_400);

/// Where the columns stand in the file.
pub(super) struct Columns(pub(super) Vec<(&'static str, usize)>);

/// A row that says whose it is.
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) day: Timestamp,
    pub(super) courier: CourierId,
    /// `None` if something is wrong with it, which has been reported.
    pub(super) content: Option<Content>,
}

/// What a row tells.
pub(super) enum Content {
    Start {
        depot: Option<DepotId>,
        planned_departure: Timestamp,
        departure: Timestamp,
    },
    Stop {
        purpose: RecordedPurpose,
        planned: Times,
        actual: Times,
    },
}

/// The times of a stop.
pub(super) struct Times {
    pub(super) arrival: Timestamp,
    pub(super) service_start: Timestamp,
    pub(super) departure: Timestamp,
}

/// A row being read.
struct Reader<'a> {
    columns: &'a Columns,
    record: &'a StringRecord,
    line: u64,
    found: &'a mut Vec<Finding>,
}

/// Reads a row; without a day or a courier it is none.
pub(super) fn read_row(
    columns: &Columns,
    record: &StringRecord,
    line: u64,
    found: &mut Vec<Finding>,
) -> Option<Row> {
    let mut reader = Reader {
        columns,
        record,
        line,
        found,
    };
    let day = reader.day();
    let courier = reader.id("courier", CourierId::parse);
    let content = match reader.text("kind") {
        "start" => reader.start(day),
        "order" => {
            let order = reader.order();
            reader.stop(day, order)
        }
        "reload" => reader.stop(day, Some(RecordedPurpose::Reload)),
        "break" => reader.stop(day, Some(RecordedPurpose::Break)),
        "" => reader.missing("kind", "start, order, reload or break"),
        _ => {
            let message = "is none of start, order, reload and break";
            reader.wrong("kind", Reason::UnknownName, message)
        }
    };
    Some(Row {
        line,
        day: day?,
        courier: courier?,
        content,
    })
}

impl Reader<'_> {
    fn text(&self, column: &str) -> &str {
        let known = self.columns.0.iter().find(|(name, _)| *name == column);
        let text = known.and_then(|(_, at)| self.record.get(*at));
        text.unwrap_or_default().trim()
    }

    /// Whose row it is, for people: the order, or else the courier.
    fn subject(&self) -> String {
        let texts = ["order", "courier"].map(|column| self.text(column));
        let text = texts.iter().find(|text| !text.is_empty());
        text.copied().unwrap_or_default().to_owned()
    }

    fn wrong<T>(&mut self, column: &str, reason: Reason, message: &str) -> Option<T> {
        let message = match self.text(column) {
            "" => message.to_owned(),
            text => format!("{text:?} {message}"),
        };
        let finding = Finding::new(place(self.line, column), self.subject(), reason, message);
        self.found.push(finding);
        None
    }

    fn missing<T>(&mut self, column: &str, right: &str) -> Option<T> {
        let message = format!("is empty; {right} is needed");
        self.wrong(column, Reason::MissingField, &message)
    }

    fn id<T>(&mut self, column: &str, parse: fn(&str) -> Result<T, MalformedId>) -> Option<T> {
        match parse(self.text(column)) {
            Ok(id) => Some(id),
            Err(MalformedId) if self.text(column).is_empty() => self.missing(column, "an id"),
            Err(malformed) => {
                let message = format!("is no id: {malformed}");
                self.wrong(column, Reason::MalformedId, &message)
            }
        }
    }

    fn day(&mut self) -> Option<Timestamp> {
        let date = self.text("day").parse::<jiff::civil::Date>();
        let midnight = date.map(|date| date.to_zoned(jiff::tz::TimeZone::UTC));
        match midnight {
            Ok(Ok(midnight)) => Some(Timestamp(midnight.timestamp().as_second())),
            _ if self.text("day").is_empty() => self.missing("day", "a date like 2026-11-23"),
            _ => {
                let message = "is no date; one looks like 2026-11-23";
                self.wrong("day", Reason::OutOfRange, message)
            }
        }
    }

    fn time(&mut self, column: &str, day: Option<Timestamp>) -> Option<Timestamp> {
        const EXAMPLE: &str = "a time like 2026-11-23T08:30:00+03:00";
        let text = self.text(column);
        if text.is_empty() {
            return self.missing(column, EXAMPLE);
        }
        let Ok(time) = text.parse::<jiff::Timestamp>() else {
            let message = format!("is no time; {EXAMPLE} is needed");
            return self.wrong(column, Reason::OutOfRange, &message);
        };
        let time = Timestamp(time.as_second());
        let is_far = day.is_some_and(|day| (time - day).0.abs() > FROM_DAY_MAX.0);
        if is_far {
            let message = "is more than three days from the day of the row";
            return self.wrong(column, Reason::OutOfRange, message);
        }
        Some(time)
    }

    fn time_or(
        &mut self,
        column: &str,
        day: Option<Timestamp>,
        default: Option<Timestamp>,
    ) -> Option<Timestamp> {
        if self.text(column).is_empty() {
            default
        } else {
            self.time(column, day)
        }
    }

    fn start(&mut self, day: Option<Timestamp>) -> Option<Content> {
        let depot = match self.text("depot") {
            "" => Some(None),
            _ => self.id("depot", DepotId::parse).map(Some),
        };
        let planned_departure = self.time("planned_departure", day);
        let departure = self.time("departure", day);
        Some(Content::Start {
            depot: depot?,
            planned_departure: planned_departure?,
            departure: departure?,
        })
    }

    fn order(&mut self) -> Option<RecordedPurpose> {
        let id = self.id("order", OrderId::parse);
        let zone = self.id("zone", ZoneId::parse);
        let promised_start = self.time("promised_start", None);
        let promised_end = self.time("promised_end", None);
        let (promised_start, promised_end) = (promised_start?, promised_end?);
        if promised_end < promised_start {
            let message = "is before promised_start; it must not be";
            return self.wrong("promised_end", Reason::BadWindow, message);
        }
        Some(RecordedPurpose::Order(RecordedOrder {
            id: id?,
            zone: zone?,
            promised_start,
            promised_end,
        }))
    }

    fn stop(&mut self, day: Option<Timestamp>, of: Option<RecordedPurpose>) -> Option<Content> {
        let open = match &of {
            Some(RecordedPurpose::Order(order)) => Some(order.promised_start),
            _ => None,
        };
        const PLANNED: [&str; 3] = [
            "planned_arrival",
            "planned_service_start",
            "planned_departure",
        ];
        const ACTUAL: [&str; 3] = ["arrival", "service_start", "departure"];
        let planned = self.times(PLANNED, day, open);
        let actual = self.times(ACTUAL, day, open);
        Some(Content::Stop {
            purpose: of?,
            planned: planned?,
            actual: actual?,
        })
    }

    /// Arrival, start of service and departure, none before the one before it, and a day long at most.
    fn times(
        &mut self,
        columns: [&str; 3],
        day: Option<Timestamp>,
        open: Option<Timestamp>,
    ) -> Option<Times> {
        let [first, middle, last] = columns;
        let arrival = self.time(first, day);
        let waited = arrival.map(|arrival| open.map_or(arrival, |open| arrival.max(open)));
        let is_stated = !self.text(middle).is_empty();
        let service_start = self.time_or(middle, day, waited);
        let departure = self.time(last, day);
        let (arrival, departure) = (arrival?, departure?);
        // Who left without having waited for the promise did not wait.
        let service_start = match service_start? {
            start if !is_stated && start > departure => arrival,
            start => start,
        };
        if departure < arrival {
            let message = format!("is before {first}; it must not be");
            return self.wrong(last, Reason::Conflict, &message);
        }
        if !(arrival..=departure).contains(&service_start) {
            let message = format!("is not between {first} and {last}");
            return self.wrong(middle, Reason::Conflict, &message);
        }
        if (departure - arrival).0 > 86_400 {
            let message = format!("is more than one day after {first}");
            return self.wrong(last, Reason::OutOfRange, &message);
        }
        Some(Times {
            arrival,
            service_start,
            departure,
        })
    }
}

/// Where a finding is.
pub(super) fn place(line: u64, column: &str) -> String {
    format!("line {line}, column {column}")
}

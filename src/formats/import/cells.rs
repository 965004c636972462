//! The cells of one row, with everything that is wrong with them.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::fault::{RowFault, RowFaults};
use super::field::Field;
use super::heading::{Column, Columns};
use super::moment::{self, Calendar};
use super::{latin, number, pause};
use crate::formats::table::{Row, UNCOMPUTED};
use crate::model::{CourierBreak, MalformedId, TimeWindow};
use crate::units::{Load, Seconds, Timestamp};

/// Bytes of a cell at most: Excel takes as many characters.
const CELL_BYTES_MAX: usize = 32_767;
/// Characters of a value that are kept to be reported.
const VALUE_CHARS_MAX: usize = 200;
/// Largest load and capacity.
const LOAD_MAX: i64 = 1_000_000_000;
/// What spreadsheets show where a formula has no value.
const ERRORS: [&str; 14] = [
    "#N/A",
    "#REF!",
    "#VALUE!",
    "#DIV/0!",
    "#NAME?",
    "#NUM!",
    "#NULL!",
    "#Н/Д",
    "#ССЫЛКА!",
    "#ЗНАЧ!",
    "#ДЕЛ/0!",
    "#ИМЯ?",
    "#ЧИСЛО!",
    "#ПУСТО!",
];

/// A row being read: what is wrong is noted, and reading goes on.
pub(super) struct Cells<'a> {
    pub(super) columns: &'a Columns,
    pub(super) row: &'a Row,
    pub(super) date: Option<Date>,
    pub(super) zone: &'a TimeZone,
    faults: &'a mut RowFaults,
}

impl<'a> Cells<'a> {
    /// The cells of `row`; `None` if they cannot be what somebody typed, which is noted.
    pub(super) fn new(
        columns: &'a Columns,
        row: &'a Row,
        date: Option<Date>,
        zone: &'a TimeZone,
        faults: &'a mut RowFaults,
    ) -> Option<Self> {
        let mut cells = Self {
            columns,
            row,
            date,
            zone,
            faults,
        };
        let before = cells.faults.n_faults;
        cells.check_row();
        (cells.faults.n_faults == before).then_some(cells)
    }

    fn check_row(&mut self) {
        if let Some(long) = self
            .row
            .cells
            .iter()
            .find(|cell| cell.len() > CELL_BYTES_MAX)
        {
            let message = "this cell is longer than 32,767 bytes: is a quotation mark missing?";
            self.note("", &long.clone(), message);
        }
        let columns = self.columns;
        let mut beyond = self.row.cells.iter().skip(columns.width);
        if let Some(cell) = beyond.find(|cell| !cell.is_empty()) {
            let message = "stands beyond the last heading: is a text with a delimiter in it without quotation marks?";
            self.note("", cell, message);
        }
        for column in columns.all() {
            let Some(cell) = self.row.cells.get(column.place) else {
                continue;
            };
            if cell == UNCOMPUTED {
                let message = "has a formula that was never computed; open the workbook in Excel and save it there";
                self.note(&column.heading, "", message);
            } else if ERRORS.contains(&cell.as_str()) {
                let message = "is an error of the spreadsheet; correct its formula";
                self.note(&column.heading, cell, message);
            } else if cell.contains('\u{fffd}') {
                let message = "has bytes that are no letters in the file's encoding; --encoding names another";
                self.note(&column.heading, cell, message);
            }
        }
        // The date of the row counts for all of its times.
        if !self.text(Field::Date).is_empty() {
            match moment::date(self.text(Field::Date)) {
                Some(date) => self.date = Some(date),
                None => {
                    self.fault::<()>(
                        Field::Date,
                        "is no date; one is like 26.11.2026 or 2026-11-26",
                    );
                }
            }
        }
    }

    fn note(&mut self, column: &str, value: &str, message: impl Into<String>) {
        self.faults.add(RowFault {
            row: self.row.number,
            column: column.to_owned(),
            value: value.chars().take(VALUE_CHARS_MAX).collect(),
            message: message.into(),
        });
    }

    /// Notes that `message` is true of a cell.
    pub(super) fn fault<T>(&mut self, field: Field, message: impl Into<String>) -> Option<T> {
        let columns = self.columns;
        let heading = columns.of(field).map(|column| column.heading.as_str());
        let value = self.text(field);
        self.note(heading.unwrap_or(columns.name(field)), value, message);
        None
    }

    /// Notes that `message` is true of the row.
    pub(super) fn row_fault<T>(&mut self, message: impl Into<String>) -> Option<T> {
        self.note("", "", message);
        None
    }

    /// What a cell says; nothing if there is no such column.
    pub(super) fn text(&self, field: Field) -> &'a str {
        let column = self.columns.of(field);
        let cell = column.and_then(|column| self.row.cells.get(column.place));
        cell.map_or("", String::as_str)
    }

    /// A text as it is.
    pub(super) fn owned(&self, field: Field) -> String {
        self.text(field).to_owned()
    }

    /// A text that `read` reads; `None` inside for an empty cell.
    pub(super) fn if_any<T>(
        &mut self,
        field: Field,
        read: impl FnOnce(&mut Self, &'a str) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.text(field) {
            "" => Some(None),
            text => read(self, text).map(Some),
        }
    }

    /// An id that must be there, in the letters of ids.
    pub(super) fn id<T>(
        &mut self,
        field: Field,
        parse: fn(&str) -> Result<T, MalformedId>,
    ) -> Option<T> {
        match parse(&latin::id_for(self.text(field))) {
            Ok(id) => Some(id),
            Err(MalformedId) if self.text(field).is_empty() => {
                self.fault(field, "is empty; an id is needed")
            }
            Err(malformed) => self.fault(field, format!("is no id: {malformed}")),
        }
    }

    /// What an id is called, if that is not what the id says; empty otherwise.
    pub(super) fn reference(&self, field: Field) -> String {
        let text = self.text(field);
        match latin::id_for(text) == text {
            true => String::new(),
            false => text.to_owned(),
        }
    }

    /// What a cell says, or else what the id is called.
    pub(super) fn name(&self, field: Field) -> String {
        match self.text(field) {
            "" => self.reference(Field::Id),
            name => name.to_owned(),
        }
    }

    /// Ids that are separated by commas, semicolons or blanks.
    pub(super) fn ids<T: Ord>(
        &mut self,
        field: Field,
        parse: fn(&str) -> Result<T, MalformedId>,
    ) -> Option<BTreeSet<T>> {
        let parts = self.text(field).split([',', ';', ' ', '\n']);
        let ids = parts.map(str::trim).filter(|part| !part.is_empty());
        match ids.map(|id| parse(&latin::id_for(id))).collect() {
            Ok(ids) => Some(ids),
            Err(malformed) => self.fault(field, format!("has no ids: {malformed}")),
        }
    }

    /// Words that are separated by commas or semicolons.
    pub(super) fn words(&self, field: Field) -> BTreeSet<String> {
        let parts = self.text(field).split([',', ';', '\n']).map(str::trim);
        parts
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// A number between bounds, in units of 10^-`digits`; `None` inside for an empty cell.
    pub(super) fn scaled(
        &mut self,
        field: Field,
        digits: usize,
        bounds: std::ops::RangeInclusive<i64>,
    ) -> Option<Option<i64>> {
        self.if_any(field, |cells, text| {
            let read = match digits {
                0 => number::whole(text),
                digits => number::scaled(text, digits),
            };
            if let Some(value) = read.filter(|value| bounds.contains(value)) {
                return Some(value);
            }
            let unit = (0..digits).fold(1.0, |unit, _| unit * 10.0);
            #[expect(clippy::cast_precision_loss, reason = "bounds are far below 2^53")]
            let [least, most] = [bounds.start(), bounds.end()].map(|bound| *bound as f64 / unit);
            let kind = if digits == 0 {
                "whole number"
            } else {
                "number"
            };
            let hint = without_unit(text);
            cells.fault(field, format!("is no {kind} from {least} to {most}{hint}"))
        })
    }

    /// A span stated in units of `unit` seconds, with fractions.
    pub(super) fn span(
        &mut self,
        field: Field,
        unit: i64,
        most: Seconds,
    ) -> Option<Option<Seconds>> {
        self.if_any(field, |cells, text| {
            let seconds = number::scaled(text, 6).and_then(|value| {
                let scaled = i128::from(value) * i128::from(unit);
                i64::try_from((scaled + 500_000).div_euclid(1_000_000)).ok()
            });
            if let Some(seconds) = seconds.filter(|seconds| (0..=most.0).contains(seconds)) {
                return Some(Seconds(seconds));
            }
            let hint = without_unit(text);
            cells.fault(
                field,
                format!("is no number from 0 to {}{hint}", most.0 / unit),
            )
        })
    }

    /// A ratio in basis points, 0.1 to 10; 1 for an empty cell.
    pub(super) fn ratio(&mut self, field: Field) -> Option<i64> {
        let ratio = self.scaled(field, 4, 1_000..=100_000);
        ratio.map(|ratio| ratio.unwrap_or(10_000))
    }

    /// What a number of columns say about loads or capacities, by dimension.
    pub(super) fn loads(&mut self) -> Option<std::collections::BTreeMap<String, Load>> {
        let mut loads = std::collections::BTreeMap::new();
        let units = [
            (Field::WeightKg, 3, "grams"),
            (Field::WeightG, 0, "grams"),
            (Field::VolumeM3, 3, "liters"),
            (Field::VolumeL, 0, "liters"),
        ];
        let mut is_good = true;
        for (field, digits, dimension) in units {
            match self.scaled(field, digits, 0..=LOAD_MAX) {
                Some(Some(load)) => {
                    loads.insert(dimension.to_owned(), Load(load));
                }
                Some(None) => {}
                None => is_good = false,
            }
        }
        let columns = self.columns;
        for (dimension, column) in &columns.dimensions {
            match self.load(column) {
                Some(Some(load)) => {
                    loads.insert(dimension.clone(), load);
                }
                Some(None) => {}
                None => is_good = false,
            }
        }
        is_good.then_some(loads)
    }

    fn load(&mut self, column: &Column) -> Option<Option<Load>> {
        let cell = self.row.cells.get(column.place).map_or("", String::as_str);
        if cell.is_empty() {
            return Some(None);
        }
        let load = number::whole(cell).filter(|load| (0..=LOAD_MAX).contains(load));
        if load.is_none() {
            let hint = without_unit(cell);
            let message = format!("is no whole number from 0 to {LOAD_MAX}{hint}");
            self.note(&column.heading, cell, message);
        }
        load.map(|load| Some(Load(load)))
    }

    /// A moment; `None` inside for an empty cell.
    pub(super) fn moment(&mut self, field: Field) -> Option<Option<Timestamp>> {
        self.if_any(field, |cells, text| {
            match moment::moment(text, &cells.calendar()) {
                Ok(moment) => Some(moment),
                Err(message) => cells.fault(field, message),
            }
        })
    }

    fn calendar(&self) -> Calendar<'a> {
        Calendar {
            date: self.date,
            zone: self.zone,
        }
    }

    /// Windows of a list; none for an empty cell.
    pub(super) fn windows(&mut self, field: Field) -> Option<Vec<TimeWindow>> {
        match moment::windows(self.text(field), &self.calendar()) {
            Ok(windows) => Some(windows),
            Err(message) => self.fault(field, message),
        }
    }

    /// Breaks of a list; none for an empty cell.
    pub(super) fn breaks(&mut self, field: Field) -> Option<Vec<CourierBreak>> {
        match pause::breaks(self.text(field), &self.calendar()) {
            Ok(breaks) => Some(breaks),
            Err(message) => self.fault(field, message),
        }
    }

    /// The window that start and end say, or one cell; `None` inside if they are empty.
    pub(super) fn window(&mut self) -> Option<Option<TimeWindow>> {
        let start = self.moment(Field::From);
        let end = self.moment(Field::To);
        let whole = self.if_any(Field::Window, |cells, text| {
            match moment::window(text, &cells.calendar()) {
                Ok(window) => Some(window),
                Err(message) => cells.fault(Field::Window, message),
            }
        });
        match (start?, end?, whole?) {
            (None, None, whole) => Some(whole),
            (Some(start), Some(end), whole) => {
                let window = match moment::between(start, end) {
                    Ok(window) => window,
                    Err(message) => return self.fault(Field::To, message),
                };
                if whole.is_some_and(|whole| whole != window) {
                    let message =
                        "is another window than start and end say; leave one of them empty";
                    return self.fault(Field::Window, message);
                }
                Some(Some(window))
            }
            (Some(_), None, _) => self.fault(Field::To, "is empty although there is a start"),
            (None, Some(_), _) => self.fault(Field::From, "is empty although there is an end"),
        }
    }
}

/// What to do about a number with letters after it.
fn without_unit(text: &str) -> &'static str {
    let is_number = text.starts_with(|c: char| c.is_ascii_digit());
    if is_number && text.ends_with(|c: char| c.is_alphabetic() || c == '.') {
        "; leave the unit out"
    } else {
        ""
    }
}

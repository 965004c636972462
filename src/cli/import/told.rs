//! What an import has to say: how files were read, what is wrong with which rows.

use std::path::Path;

use super::Arguments;
use crate::cli::{Failure, console, report};
use crate::formats::{DayFault, ImportedDay, Part, RowFault, TableNote, csv_text};

/// Faults shown; a report in a file has all.
const SHOWN_MAX: usize = 1_000;
/// Warnings shown.
const WARNINGS_MAX: usize = 20;

/// Everything to be told.
pub(super) struct Told<'a> {
    arguments: &'a Arguments,
    day: &'a ImportedDay,
    /// With the table that they are in.
    faults: Vec<(String, &'a RowFault)>,
}

impl<'a> Told<'a> {
    pub(super) fn new(arguments: &'a Arguments, day: &'a ImportedDay) -> Self {
        let named = |fault: &'a DayFault| (arguments.label(fault), &fault.fault);
        Self {
            arguments,
            day,
            faults: day.faults.iter().map(named).collect(),
        }
    }

    /// Says how the tables were read.
    pub(super) fn note_tables(&self, tables: &[TableNote]) {
        for table in tables {
            let noun = match table.part {
                Part::Depot => "depot",
                Part::Courier => "courier",
                Part::Order => "order",
                Part::Way => "way",
            };
            let items = report::counted(table.n_items as u64, noun);
            let name = self.arguments.table_name(table.part);
            let mut note = format!("{name}: {}: {items}", table.source);
            if table.n_bad_rows > 0 {
                let bad = report::counted(table.n_bad_rows as u64, "bad row");
                note += &format!(", {bad}");
            }
            if !table.passed_over.is_empty() {
                let headings: Vec<String> = (table.passed_over.iter())
                    .map(|heading| format!("{heading:?}"))
                    .collect();
                note += &format!("; columns passed over: {}", headings.join(", "));
            }
            if let Some((text, id)) = &table.rewritten.first {
                let n = report::counted(table.rewritten.n as u64, "id");
                note += &format!("; {n} written in the letters of ids, the first {text:?} as {id}");
            }
            console::note(report::plain(&note));
        }
    }

    fn lines(&self) -> Vec<String> {
        let lines = self.faults.iter();
        lines.map(|(table, fault)| line(table, fault)).collect()
    }

    /// Shows what is suspicious.
    pub(super) fn warn(&self) {
        let warnings = &self.day.warnings;
        for warning in warnings.iter().take(WARNINGS_MAX) {
            let line = line(&self.arguments.label(warning), &warning.fault);
            console::note(format_args!("warning: {line}"));
        }
        if let Some(more @ 1..) = warnings.len().checked_sub(WARNINGS_MAX) {
            console::note(format_args!("warning: and {more} more"));
        }
    }

    /// Everything wrong, for people.
    fn shown(&self, report: Option<&Path>) -> Vec<String> {
        let mut lines = self.lines();
        let n_left = self.day.n_faults() - lines.len().min(SHOWN_MAX);
        lines.truncate(SHOWN_MAX);
        if n_left > 0 {
            let place = match report {
                Some(path) => format!("{} has them", path.display()),
                None => "--report FILE.csv writes them".to_owned(),
            };
            lines.push(format!("and {n_left} more; {place}"));
        }
        lines
    }

    /// Why nothing is written.
    pub(super) fn failure(&self, action: &str, report: Option<&Path>) -> Failure {
        let n_faults = self.day.n_faults();
        let failure = Failure::listed(action, self.shown(report));
        if n_faults > 1 && !self.day.is_fatal {
            return failure.with_detail("nothing is written; --keep-good writes the good rows");
        }
        failure
    }

    /// Shows the rows that were left out.
    pub(super) fn tell_left_out(&self, report: Option<&Path>) {
        for line in self.shown(report) {
            console::note(format_args!("left out: {line}"));
        }
    }

    /// Everything wrong as a table.
    pub(super) fn as_csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut rows = vec![["table", "row", "column", "value", "problem"].map(str::to_owned)];
        rows.extend(self.faults.iter().map(|(table, fault)| {
            [
                table.clone(),
                fault.row.to_string(),
                fault.column.clone(),
                fault.value.clone(),
                fault.message.clone(),
            ]
        }));
        for row in rows {
            let cells = row.each_ref().map(|cell| csv_text(cell));
            writer
                .write_record(cells.iter().map(|cell| cell.as_bytes()))
                .expect("memory takes what is written");
        }
        let bytes = writer.into_inner().expect("memory takes what is written");
        "\u{feff}".to_owned() + &String::from_utf8_lossy(&bytes)
    }
}

/// What is wrong with a row of `table`, or where there is none, with the command line or the day as a whole.
fn line(table: &str, fault: &RowFault) -> String {
    let line = match (fault.row, fault.column.as_str()) {
        (0, "") => format!("{table}: {}", fault.message),
        (0, column) => format!("{table}: {column}: {}", fault.message),
        _ => format!("{table}: {fault}"),
    };
    report::plain(&line)
}

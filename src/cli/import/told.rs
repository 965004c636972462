//! What an import has to say: how files were read, what is wrong with which rows.

use std::path::Path;

use crate::cli::{Failure, console, report};
use crate::formats::{Imported, RowFault, csv_text, place_finding};
use crate::model::Finding;

/// Faults shown; a report in a file has all.
const SHOWN_MAX: usize = 1_000;
/// Warnings shown.
const WARNINGS_MAX: usize = 20;

/// Everything to be told.
#[derive(Default)]
pub(super) struct Told {
    /// With the table that they are in.
    faults: Vec<(String, RowFault)>,
    /// Faults that were only counted.
    n_more: usize,
    /// Whether rows of depots or couriers are wrong.
    pub(super) is_fleet_faulty: bool,
    warnings: Vec<String>,
    /// Whether there is no day even without the rows that are wrong.
    pub(super) is_fatal: bool,
}

impl Told {
    /// Takes what came of `table`, a table of things called `noun`, and says how it was read.
    pub(super) fn take<T>(
        &mut self,
        table: &str,
        read: Imported<T>,
        noun: &str,
    ) -> (Vec<T>, Vec<u64>) {
        let items = report::counted(read.items.len() as u64, noun);
        let mut note = format!("{table}: {}: {items}", read.source);
        if !read.faults.is_empty() {
            let bad = report::counted(read.faults.n_rows as u64, "bad row");
            note += &format!(", {bad}");
        }
        if !read.passed_over.is_empty() {
            let headings: Vec<String> = (read.passed_over.iter())
                .map(|heading| format!("{heading:?}"))
                .collect();
            note += &format!("; columns passed over: {}", headings.join(", "));
        }
        if let Some((text, id)) = &read.rewritten.first {
            let n = report::counted(read.rewritten.n as u64, "id");
            note += &format!("; {n} written in the letters of ids, the first {text:?} as {id}");
        }
        console::note(report::plain(&note));
        self.n_more += read.faults.n_faults - read.faults.kept.len();
        let faults = read.faults.kept.into_iter();
        self.faults
            .extend(faults.map(|fault| (table.to_owned(), fault)));
        (read.items, read.rows)
    }

    /// How many things are wrong.
    pub(super) fn n_faults(&self) -> usize {
        self.faults.len() + self.n_more
    }

    /// Adds what is wrong with a day as a whole, at the row of `rows` where it comes from.
    pub(super) fn add_finding(&mut self, table: &str, rows: &[u64], finding: &Finding) {
        let (position, field) = match place_finding(finding) {
            Some((_, position, field)) => (rows.get(position).copied(), field),
            None => (None, finding.field.as_str()),
        };
        let fault = RowFault {
            row: position.unwrap_or_default(),
            column: field.to_owned(),
            value: String::new(),
            message: finding.message.clone(),
        };
        self.faults.push((table.to_owned(), fault));
    }

    /// Adds what is suspicious about a day as a whole.
    pub(super) fn add_warning(&mut self, table: &str, rows: &[u64], finding: &Finding) {
        let mut one = Self::default();
        one.add_finding(table, rows, finding);
        self.warnings.extend(one.lines());
    }

    fn lines(&self) -> Vec<String> {
        let lines = self.faults.iter().map(|(table, fault)| {
            let line = match fault.row {
                // Of the command line, or of the day as a whole.
                0 => format!("{table}: {}: {}", fault.column, fault.message),
                _ => format!("{table}: {fault}"),
            };
            report::plain(&line)
        });
        lines.collect()
    }

    /// Shows what is suspicious.
    pub(super) fn warn(&self) {
        for warning in self.warnings.iter().take(WARNINGS_MAX) {
            console::note(format_args!("warning: {warning}"));
        }
        if let Some(more @ 1..) = self.warnings.len().checked_sub(WARNINGS_MAX) {
            console::note(format_args!("warning: and {more} more"));
        }
    }

    /// Everything wrong, for people.
    fn shown(&self, report: Option<&Path>) -> Vec<String> {
        let mut lines = self.lines();
        let n_left = self.n_faults() - lines.len().min(SHOWN_MAX);
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
        let n_faults = self.n_faults();
        let failure = Failure::listed(action, self.shown(report));
        if n_faults > 1 && !self.is_fatal {
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

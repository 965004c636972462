//! What is wrong with the rows of a table.

use std::fmt;

/// Characters of a value that are shown.
const VALUE_CHARS_MAX: usize = 60;
/// RowFaults that are kept to be told; further ones are only counted.
const KEPT_MAX: usize = 100_000;

/// One thing that is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowFault {
    /// The row, as a spreadsheet counts.
    pub row: u64,
    /// The heading of the column, or the name of a field; empty if it concerns the whole row.
    pub column: String,
    /// What stands there.
    pub value: String,
    /// What is wrong with it and what would be right.
    pub message: String,
}

impl fmt::Display for RowFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {}", self.row)?;
        if !self.column.is_empty() {
            write!(f, ", {}", shown(&self.column))?;
        }
        if !self.value.is_empty() {
            write!(f, " = {}", shown(&self.value))?;
        }
        write!(f, ": {}", self.message)
    }
}

/// A text of the table in quotes, cut off when it is long.
pub(super) fn shown(text: &str) -> String {
    format!("\"{}\"", cut(text))
}

/// A text on one line, cut off when it is long.
fn cut(text: &str) -> String {
    let end = match text.chars().nth(VALUE_CHARS_MAX) {
        Some(_) => "…",
        None => "",
    };
    let start: String = text.chars().take(VALUE_CHARS_MAX).collect();
    start.replace(char::is_control, " ") + end
}

/// Everything that is wrong with a table, row by row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowFaults {
    /// The first 100,000.
    pub kept: Vec<RowFault>,
    /// How many there are.
    pub n_faults: usize,
    /// How many rows have some.
    pub n_rows: usize,
    last_row: u64,
}

impl RowFaults {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.n_faults == 0
    }

    pub(super) fn add(&mut self, fault: RowFault) {
        self.n_faults += 1;
        if fault.row != self.last_row {
            self.n_rows += 1;
            self.last_row = fault.row;
        }
        if self.kept.len() < KEPT_MAX {
            self.kept.push(fault);
        }
    }
}

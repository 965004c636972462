//! Texts of the research community: Solomon and VRPLIB instances in, VRPLIB solutions out. And histories of past days
//! as CSV, both ways. And what dispatchers keep: tables of orders, couriers and depots in (CSV, Excel), plans out (CSV,
//! Excel, GeoJSON, GPX).
//!
//! An [`Instance`] is plain arrays as read; it turns itself into a [`solver::problem::Problem`](crate::solver::problem)
//! and checks solutions by its own arithmetic.

mod export;
mod history;
mod import;
mod instance;
mod solomon;
mod solution;
mod table;
mod vrplib;

pub use export::{
    ExportDay, ExportError, ExportFormat, ExportLanguage, NotShown, export_plan, not_shown,
};
pub use history::{OnBadRow, ReadHistory, read_history, write_history};
pub use import::{
    DayFault, DayImportError, DayParts, DayRules, DayTables, ImportDefaults, ImportError,
    ImportTable, Imported, ImportedDay, Located, Part, RowFault, RowFaults, TableFile, TableNote,
    WayTable, check_import_field, import_day, place_finding, read_coordinates, read_couriers,
    read_date, read_depots, read_orders, read_ways,
};
pub use instance::{Fault, Instance, Misfit, Plain, PlainNode, Rank, Rounding};
pub use solution::{WrittenSolution, read_solution, write_solution};
pub use table::{
    Row, RowSink, Source, TableError, TableLimits, TableOptions, TextEncoding, csv_text, read_table,
};

/// What is wrong with an instance text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// A line that cannot be read.
    #[error("line {line}: {what}")]
    Line {
        /// Number of the line, from 1.
        line: usize,
        /// What is wrong and what would be right.
        what: String,
    },
    /// Something is missing, contradictory or not supported.
    #[error("{0}")]
    Content(String),
}

/// Reads an instance: VRPLIB if there is a `DIMENSION`, Solomon's format otherwise.
///
/// `rounding` of `None` means what is usual: `none` where there is a matrix, `exact` for the types MDVRPTW, SDVRPTW and
/// HFVRP, `dimacs` for all others.
///
/// # Errors
/// If the text is not an instance of either format, or needs what is not supported.
pub fn read_instance(text: &str, rounding: Option<Rounding>) -> Result<Instance, FormatError> {
    if text
        .lines()
        .any(|line| line.trim_start().starts_with("DIMENSION"))
    {
        vrplib::read(text, rounding)
    } else {
        solomon::read(text, rounding)
    }
}

/// Reads one number of `line` (counted from 1).
fn number<T: std::str::FromStr>(word: &str, line: usize) -> Result<T, FormatError> {
    word.parse().map_err(|_| FormatError::Line {
        line,
        what: format!("{word:?} is not a number of the kind expected here"),
    })
}

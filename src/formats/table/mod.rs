//! Tables as people keep them: CSV in whatever encoding and with whatever delimiter, and Excel workbooks.
//!
//! Knows rows, cells and where they stand; nothing of what they mean. Rows are handed over one by one, so that a large
//! CSV file never lies in memory as a whole. Cells are texts: numbers with a decimal point, dates and times of Excel as
//! `2026-11-26`, `18:00:00` or `2026-11-26T18:00:00`, formulas as the value last computed, [`UNCOMPUTED`] if there is none.
//!
//! Merged cells below the headings all have the value of the top left one; a row that has no value of its own is blank,
//! and blank rows are passed over.

mod cell;
mod delimited;
mod encoding;
mod guard;
mod merged;
#[cfg(test)]
pub(in crate::formats) mod tests;
mod workbook;

use std::io::{Read, Seek, SeekFrom};

pub use delimited::csv_text;
pub use encoding::TextEncoding;

/// Rows looked at when searching for the one with the headings.
const SEARCHED_ROWS: usize = 20;
/// Columns that a row has at most: as many as in Excel.
const COLUMNS_MAX: usize = 16_384;

/// What a cell of a workbook says whose formula was never computed: the program that wrote it leaves that to others.
pub(super) const UNCOMPUTED: &str = "#UNCOMPUTED!";

/// How to read a table; what is `None` is found out.
#[derive(Clone, Debug, Default)]
pub struct TableOptions {
    /// What stands between the cells of a CSV file.
    pub delimiter: Option<u8>,
    /// The encoding of a CSV file.
    pub encoding: Option<TextEncoding>,
    /// The sheet of a workbook; by default the first that is not hidden.
    pub sheet: Option<String>,
    /// How large it may be.
    pub limits: TableLimits,
}

/// How large a table may be that a stranger sent; without bounds by default.
#[derive(Clone, Copy, Debug)]
pub struct TableLimits {
    /// Number of its last row.
    pub rows_max: u64,
    /// Bytes of a workbook once unpacked.
    pub unpacked_bytes_max: u64,
    /// Bytes of all cells together: a workbook can name one text, or merge one cell, a million times.
    pub text_bytes_max: u64,
}

impl Default for TableLimits {
    fn default() -> Self {
        Self {
            rows_max: u64::MAX,
            unpacked_bytes_max: u64::MAX,
            text_bytes_max: u64::MAX,
        }
    }
}

/// What a table may still have.
struct Budget {
    limits: TableLimits,
    text_bytes: u64,
}

impl Budget {
    fn new(limits: TableLimits) -> Self {
        Self {
            limits,
            text_bytes: 0,
        }
    }

    /// Takes a row into account.
    fn charge(&mut self, number: u64, cells: &[String]) -> Result<(), TableError> {
        let TableLimits {
            rows_max,
            text_bytes_max,
            ..
        } = self.limits;
        if number > rows_max {
            return Err(TableError::TooLong { max: rows_max });
        }
        // An empty cell counts, too.
        let bytes: usize = cells.iter().map(|cell| cell.len() + 1).sum();
        self.text_bytes += bytes as u64;
        if self.text_bytes > text_bytes_max {
            let max = text_bytes_max;
            return Err(TableError::TooMuchText { max });
        }
        Ok(())
    }
}

/// One row with something in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number as a spreadsheet counts, from 1.
    pub number: u64,
    /// Its cells from the first column on, without blanks around them. In a CSV file there may be more than headings; in a
    /// workbook there are not.
    pub cells: Vec<String>,
}

/// What a table is told to.
pub trait RowSink {
    /// Takes the headings; `false` ends the reading.
    fn headings(&mut self, row: &Row) -> bool;

    /// Takes a row below the headings.
    fn row(&mut self, row: Row);
}

/// What a table turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A text.
    Text {
        /// Its encoding.
        encoding: TextEncoding,
        /// What stands between its cells.
        delimiter: u8,
    },
    /// A workbook.
    Workbook {
        /// The sheet that was read.
        sheet: String,
        /// The names of the others.
        others: Vec<String>,
    },
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text {
                encoding,
                delimiter,
            } => {
                let delimiter = match delimiter {
                    b',' => "commas".to_owned(),
                    b';' => "semicolons".to_owned(),
                    b'\t' => "tabs".to_owned(),
                    other => format!("`{}`", char::from(*other)),
                };
                write!(f, "{encoding}, separated by {delimiter}")
            }
            Self::Workbook { sheet, others } if others.is_empty() => {
                write!(f, "sheet \"{sheet}\"")
            }
            Self::Workbook { sheet, others } => {
                let others: Vec<String> = others.iter().map(|name| format!("{name:?}")).collect();
                write!(f, "sheet \"{sheet}\" (others: {})", others.join(", "))
            }
        }
    }
}

/// Why a table cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The rows of the text cannot be read.
    #[error(transparent)]
    Csv(#[from] csv::Error),
    /// The workbook is damaged.
    #[error("the workbook cannot be read: {0}")]
    Workbook(#[from] calamine::XlsxError),
    /// The workbook is no archive.
    #[error("the workbook cannot be read: {0}")]
    Archive(#[from] zip::result::ZipError),
    /// The workbook has more texts than can be read, or says so.
    #[error("the workbook has too many texts, or says so; save it anew, or save the sheet as CSV")]
    Oversized,
    /// The workbook is larger than it may be once unpacked.
    #[error("the workbook has more than {max} bytes once unpacked")]
    Unpacked {
        /// How many it may have.
        max: u64,
    },
    /// There is more in its cells than there may be.
    #[error("the cells have more than {max} bytes together; at most so many are read")]
    TooMuchText {
        /// How many they may have.
        max: u64,
    },
    /// There are more rows than there may be.
    #[error("there are rows beyond {max}; at most so many are read")]
    TooLong {
        /// Number of the last row that is read.
        max: u64,
    },
    /// The rows of the workbook's sheet do not follow each other.
    #[error("row {0} of the sheet stands after a later one; save the workbook anew")]
    RowSequence(u64),
    /// Too many merged ranges cross one row.
    #[error("more than {max} merged ranges cross row {row}; unmerge them")]
    Merged {
        /// The row.
        row: u64,
        /// How many may do so.
        max: usize,
    },
    /// It is a workbook of a kind that is not read.
    #[error(
        "this is an Excel file of the old kind (.xls) or one with a password; save it as .xlsx without one"
    )]
    OldWorkbook,
    /// There is no such sheet.
    #[error("there is no sheet {asked:?}; there are {}", .known.join(", "))]
    NoSheet {
        /// What was asked for.
        asked: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// There is no row.
    #[error("there is nothing in it; a row of headings is needed")]
    Empty,
}

impl TableError {
    /// Whether the table is larger than it may be.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        matches!(
            self,
            Self::Oversized
                | Self::Unpacked { .. }
                | Self::TooMuchText { .. }
                | Self::TooLong { .. }
        )
    }
}

/// Reads the table in `file` and tells it to `sink`.
///
/// The headings are the row, among the first 20 that are not blank, in which most cells are headings that `knows`; without
/// any, the first row.
///
/// # Errors
/// If nothing can be read. What is wrong with rows is for `sink` to say.
pub fn read_table<F: Read + Seek>(
    file: &mut F,
    options: &TableOptions,
    knows: &dyn Fn(&str) -> bool,
    sink: &mut dyn RowSink,
) -> Result<Source, TableError> {
    let mut magic = Vec::new();
    file.by_ref().take(8).read_to_end(&mut magic)?;
    file.seek(SeekFrom::Start(0))?;
    if magic.starts_with(b"PK\x03\x04") {
        guard::check(file, options.limits.unpacked_bytes_max)?;
        workbook::read(file, options, knows, sink)
    } else if magic.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        Err(TableError::OldWorkbook)
    } else {
        delimited::read(file, options, knows, sink)
    }
}

/// Which of the first rows has the headings, and how many known ones.
fn find_headings(rows: &[Row], knows: &dyn Fn(&str) -> bool) -> Option<(u64, usize)> {
    let known = |row: &Row| row.cells.iter().filter(|cell| knows(cell)).count();
    let scored = rows.iter().map(|row| (row.number, known(row)));
    // The first of equals.
    scored.reduce(|best, next| if next.1 > best.1 { next } else { best })
}

/// How many cells there are up to the last in which something stands.
pub(super) fn width(cells: &[String]) -> usize {
    let last = cells.iter().rposition(|cell| !cell.is_empty());
    last.map_or(0, |last| last + 1)
}

/// Whether nothing stands in any cell.
fn is_blank(cells: &[String]) -> bool {
    cells.iter().all(String::is_empty)
}

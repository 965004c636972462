//! CSV texts: encoding and delimiter found out, rows read one by one.

use std::borrow::Cow;
use std::io::{Read, Seek, SeekFrom};

use csv::{ReaderBuilder, StringRecord};

use super::encoding::{self, Decoded};
use super::{
    Budget, COLUMNS_MAX, Row, RowSink, SEARCHED_ROWS, Source, TableError, TableOptions,
    find_headings, is_blank,
};

/// What may stand between cells, unless the caller says.
const DELIMITERS: [u8; 3] = *b",;\t";
/// How much of a text is looked at to find out its delimiter, in bytes.
const SAMPLE_BYTES: u64 = 256 << 10;

/// Reads a CSV text.
pub(super) fn read<F: Read + Seek>(
    file: &mut F,
    options: &TableOptions,
    knows: &dyn Fn(&str) -> bool,
    sink: &mut dyn RowSink,
) -> Result<Source, TableError> {
    let encoding = match options.encoding {
        Some(encoding) => encoding,
        None => encoding::detect(file)?,
    };
    let mut sample = Vec::new();
    Decoded::new(&mut *file, encoding)
        .take(SAMPLE_BYTES)
        .read_to_end(&mut sample)?;
    file.seek(SeekFrom::Start(0))?;
    // The sample may end within a letter.
    let sample = String::from_utf8_lossy(&sample);
    let (delimiter, heading_row) =
        find_layout(&sample, options.delimiter, knows).ok_or(TableError::Empty)?;
    let mut budget = Budget::new(options.limits);
    let mut charged = Ok(());
    each_row(Decoded::new(file, encoding), delimiter, &mut |row| {
        charged = budget.charge(row.number, &row.cells);
        if charged.is_err() {
            return false;
        }
        if row.number < heading_row {
            return true;
        }
        if row.number == heading_row {
            return sink.headings(&row);
        }
        sink.row(row);
        true
    })?;
    charged?;
    Ok(Source::Text {
        encoding,
        delimiter,
    })
}

/// The delimiter by which most headings are known, and failing that, which makes most cells; with the row of the headings.
fn find_layout(sample: &str, asked: Option<u8>, knows: &dyn Fn(&str) -> bool) -> Option<(u8, u64)> {
    let candidates = asked.map_or(DELIMITERS.to_vec(), |delimiter| vec![delimiter]);
    let mut best: Option<((usize, usize), u8, u64)> = None;
    for delimiter in candidates {
        let mut rows = Vec::new();
        let read = each_row(sample.as_bytes(), delimiter, &mut |row| {
            rows.push(row);
            rows.len() < SEARCHED_ROWS
        });
        let Some((heading_row, n_known)) = find_headings(&rows, knows) else {
            continue;
        };
        // Reading from memory does not fail; a text it cannot read has no layout.
        if read.is_err() {
            continue;
        }
        let headings = rows.iter().find(|row| row.number == heading_row);
        let n_cells = headings.map_or(0, |row| row.cells.len());
        if best.is_none_or(|(score, ..)| (n_known, n_cells) > score) {
            best = Some(((n_known, n_cells), delimiter, heading_row));
        }
    }
    best.map(|(_, delimiter, heading_row)| (delimiter, heading_row))
}

/// Tells `visit` the rows that are not blank until it says that this is enough.
fn each_row<R: Read>(
    text: R,
    delimiter: u8,
    visit: &mut dyn FnMut(Row) -> bool,
) -> Result<(), TableError> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text);
    let mut record = StringRecord::new();
    let mut counter = Counter::default();
    while reader.read_record(&mut record)? {
        let number = counter.number(reader.position().line(), &record);
        let cells: Vec<String> = record.iter().take(COLUMNS_MAX).map(unescaped).collect();
        if !is_blank(&cells) && !visit(Row { number, cells }) {
            break;
        }
    }
    Ok(())
}

/// Counts rows as spreadsheets do: a cell may have several lines, and an empty line is a row.
#[derive(Default)]
struct Counter {
    last: u64,
    /// Line feeds within cells so far.
    n_inner: u64,
}

impl Counter {
    /// The number of `record`, after which the line `next_line` begins.
    fn number(&mut self, next_line: u64, record: &StringRecord) -> u64 {
        let feeds = record.as_slice().bytes().filter(|byte| *byte == b'\n');
        self.n_inner += feeds.count() as u64;
        self.last = next_line
            .saturating_sub(1 + self.n_inner)
            .max(self.last + 1);
        self.last
    }
}

/// A cell without the apostrophe that keeps spreadsheets from taking it for a formula, and without blanks around it.
fn unescaped(cell: &str) -> String {
    let cell = cell.trim();
    match cell.strip_prefix('\'') {
        Some(rest) if looks_like_formula(rest) => rest.to_owned(),
        Some(_) | None => cell.to_owned(),
    }
}

/// A text as a cell of a CSV file, with an apostrophe before it if a spreadsheet could take it for a formula: one that a
/// stranger wrote must not compute anything on the dispatcher's machine.
#[must_use]
pub fn csv_text(text: &str) -> Cow<'_, str> {
    if looks_like_formula(text) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Whether a spreadsheet that opens a CSV file could take `cell` for a formula, or an apostrophe before it away.
fn looks_like_formula(cell: &str) -> bool {
    cell.trim_start_matches('\'')
        .starts_with(['=', '+', '-', '@', '\t', '\r', '\n'])
}

//! Exported tables: one as CSV, three as a workbook.

use std::io::Write;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use super::ExportError;
use super::column::{self, Column, Left, OfOrder};
use super::value::Value;
use super::view::{View, Visit};
use crate::formats::table::csv_text;

/// Characters of a cell at most, in the units of UTF-16 that Excel counts.
const CELL_UNITS_MAX: usize = 32_767;
const LOAD_WIDTH: f64 = 12.0;

/// Writes one row a stop.
pub(super) fn write_csv(view: &View<'_>, sink: &mut dyn Write) -> Result<(), ExportError> {
    // Excel takes a text without a byte order mark for one in an old encoding.
    sink.write_all("\u{feff}".as_bytes())?;
    let mut writer = csv::WriterBuilder::new()
        .delimiter(view.words.delimiter)
        .terminator(csv::Terminator::CRLF)
        .from_writer(sink);
    let table = Table::new(view, column::stops());
    writer.write_record(table.headings(view))?;
    for (route, courier) in view.routes() {
        for visit in view.visits(route, courier) {
            let cells = table.cells(view, &visit);
            writer.write_record(cells.map(|value| csv_cell(view, &value)))?;
        }
    }
    Ok(writer.flush()?)
}

fn csv_cell(view: &View<'_>, value: &Value) -> String {
    match value {
        Value::Empty => String::new(),
        Value::Text(text) => csv_text(text).into_owned(),
        Value::Number(number) if view.words.decimal_comma => number.to_string().replace('.', ","),
        Value::Number(number) => number.to_string(),
        Value::Moment(moment) => {
            let clock = view.clock(*moment);
            clock.strftime(view.words.moment).to_string()
        }
    }
}

/// Columns with a column for every dimension of loads.
struct Table<'a, R> {
    columns: Vec<Column<R>>,
    dimensions: Vec<&'a str>,
    load: fn(&R, &str) -> Value,
}

impl<'a, R: OfOrder> Table<'a, R> {
    fn new(view: &View<'a>, columns: Vec<Column<R>>) -> Self {
        Self {
            columns,
            dimensions: view.dimensions(),
            load: |row, dimension| {
                let load = row.order().loads.get(dimension);
                load.map_or(Value::Empty, |load| Value::whole(load.0))
            },
        }
    }
}

impl<R> Table<'_, R> {
    fn headings(&self, view: &View<'_>) -> Vec<String> {
        let columns = self.columns.iter();
        let headings = columns.map(|column| column.heading(view.language).to_owned());
        let dimensions = self.dimensions.iter();
        let loads = dimensions.map(|dimension| format!("{} {dimension}", view.words.load));
        headings.chain(loads).collect()
    }

    fn widths(&self) -> impl Iterator<Item = f64> {
        let columns = self.columns.iter().map(|column| column.width);
        columns.chain(self.dimensions.iter().map(|_| LOAD_WIDTH))
    }

    fn cells(&self, view: &View<'_>, row: &R) -> impl Iterator<Item = Value> {
        let columns = self.columns.iter();
        let loads = self.dimensions.iter();
        columns
            .map(move |column| (column.value)(view, row))
            .chain(loads.map(move |dimension| (self.load)(row, dimension)))
    }
}

/// Writes a workbook with stops, routes and the orders that are not served.
pub(super) fn write_workbook(view: &View<'_>, sink: &mut dyn Write) -> Result<(), ExportError> {
    let mut workbook = Workbook::new();
    // The clock must not make files of equal plans differ.
    let made = view.day.plan.routes.iter().map(|route| route.start).min();
    if let Some(made) = made.and_then(|made| ExcelDateTime::from_timestamp(made.0).ok()) {
        workbook.set_properties(&DocProperties::new().set_creation_datetime(&made));
    }
    let style = Style {
        heading: Format::new().set_bold(),
        moment: Format::new().set_num_format(view.words.excel_moment),
    };
    let stops = Table::new(view, column::stops());
    let visits = view
        .routes()
        .flat_map(|(route, courier)| view.visits(route, courier));
    let sheet = workbook.add_worksheet();
    fill::<Visit<'_>>(sheet, view.words.stops, view, &stops, visits, &style)?;
    let routes = Table {
        columns: column::routes(),
        dimensions: Vec::new(),
        load: |_, _| Value::Empty,
    };
    let sheet = workbook.add_worksheet();
    fill(
        sheet,
        view.words.routes,
        view,
        &routes,
        view.routes(),
        &style,
    )?;
    let unserved = Table::new(view, column::unserved());
    let left = view.day.plan.unserved.iter().filter_map(|unserved| {
        let order = view.order(&unserved.order)?;
        Some(Left {
            unserved,
            order,
            place: view.problem().place(order.place),
        })
    });
    let sheet = workbook.add_worksheet();
    fill(sheet, view.words.unserved, view, &unserved, left, &style)?;
    // Built in memory first: the archive is written by going back and forth.
    sink.write_all(&workbook.save_to_buffer()?)?;
    Ok(())
}

struct Style {
    heading: Format,
    moment: Format,
}

/// Fills a sheet: headings that stay in view, rows below them.
fn fill<R>(
    sheet: &mut Worksheet,
    name: &str,
    view: &View<'_>,
    table: &Table<'_, R>,
    rows: impl Iterator<Item = R>,
    style: &Style,
) -> Result<(), ExportError> {
    sheet.set_name(name)?;
    sheet.set_freeze_panes(1, 0)?;
    for (at, (heading, width)) in table.headings(view).iter().zip(table.widths()).enumerate() {
        let at = index(at)?;
        #[expect(clippy::cast_precision_loss, reason = "headings are short")]
        let heading_width = heading.chars().count() as f64 + 1.0;
        sheet.set_column_width(at, width.max(heading_width))?;
        sheet.write_string_with_format(0, at, cut(heading), &style.heading)?;
    }
    for (number, row) in rows.enumerate() {
        let number = u32::try_from(number + 1).map_err(|_| XlsxError::RowColumnLimitError)?;
        for (at, value) in table.cells(view, &row).enumerate() {
            let at = index(at)?;
            match value {
                Value::Empty => {}
                Value::Text(text) => {
                    sheet.write_string(number, at, cut(&text))?;
                }
                Value::Number(value) => {
                    sheet.write_number(number, at, value)?;
                }
                Value::Moment(moment) => match excel_moment(view, moment) {
                    Some(value) => {
                        sheet.write_datetime_with_format(number, at, &value, &style.moment)?;
                    }
                    None => {
                        sheet.write_string(number, at, view.exact(moment))?;
                    }
                },
            }
        }
    }
    Ok(())
}

fn index(at: usize) -> Result<u16, XlsxError> {
    u16::try_from(at).map_err(|_| XlsxError::RowColumnLimitError)
}

/// A text that fits into a cell.
fn cut(text: &str) -> String {
    let mut n_units = 0;
    let fits = text.chars().take_while(|letter| {
        n_units += letter.len_utf16();
        n_units <= CELL_UNITS_MAX
    });
    fits.collect()
}

/// A moment as a cell that Excel can count with; `None` before 1900.
fn excel_moment(view: &View<'_>, moment: crate::units::Timestamp) -> Option<ExcelDateTime> {
    let clock = view.clock(moment);
    let year = u16::try_from(clock.year()).ok()?;
    let [month, day, hour, minute, second] = [
        clock.month(),
        clock.day(),
        clock.hour(),
        clock.minute(),
        clock.second(),
    ]
    .map(i8::unsigned_abs);
    let date = ExcelDateTime::from_ymd(year, month, day).ok()?;
    date.and_hms(u16::from(hour), minute, second).ok()
}

//! Excel workbooks, read cell by cell.

use std::io::{Read, Seek};

use calamine::{DataRef, Reader, SheetType, SheetVisible, Xlsx};

use super::merged::Merged;
use super::{
    Budget, COLUMNS_MAX, Row, RowSink, SEARCHED_ROWS, Source, TableError, TableOptions, UNCOMPUTED,
    cell, find_headings, is_blank, width,
};

/// Reads one sheet of a workbook.
pub(super) fn read<F: Read + Seek>(
    file: &mut F,
    options: &TableOptions,
    knows: &dyn Fn(&str) -> bool,
    sink: &mut dyn RowSink,
) -> Result<Source, TableError> {
    let mut workbook = Xlsx::new(file)?;
    let sheet = choose_sheet(&workbook, options.sheet.as_deref())?;
    let mut sample = Vec::new();
    each_row(&mut workbook, &sheet, &mut |number, cells| {
        if !is_blank(&cells) {
            sample.push(Row {
                number: u64::from(number) + 1,
                cells,
            });
        }
        Ok(sample.len() < SEARCHED_ROWS)
    })?;
    let (heading_row, _) = find_headings(&sample, knows).ok_or(TableError::Empty)?;
    // Rows are counted in 32 bits there.
    let heading_index = u32::try_from(heading_row - 1).unwrap_or(u32::MAX);
    let mut table_width = COLUMNS_MAX;
    let mut merged = Merged::new(
        workbook.merge_cells_by_sheet_name(&sheet)?,
        heading_index.saturating_add(1),
    );
    let mut budget = Budget::new(options.limits);
    each_row(&mut workbook, &sheet, &mut |number, mut cells| {
        if number < heading_index || is_blank(&cells) {
            budget.charge(u64::from(number) + 1, &cells)?;
            return Ok(true);
        }
        merged.fill(number, &mut cells)?;
        budget.charge(u64::from(number) + 1, &cells)?;
        // What people write beside a table is no part of it.
        cells.truncate(table_width);
        let row = Row {
            number: u64::from(number) + 1,
            cells,
        };
        if number == heading_index {
            table_width = width(&row.cells);
            return Ok(sink.headings(&row));
        }
        sink.row(row);
        Ok(true)
    })?;
    let names = workbook.sheet_names();
    let others = names.into_iter().filter(|name| *name != sheet).collect();
    Ok(Source::Workbook { sheet, others })
}

fn choose_sheet<F: Read + Seek>(
    workbook: &Xlsx<F>,
    asked: Option<&str>,
) -> Result<String, TableError> {
    let sheets = workbook.sheets_metadata().iter();
    let mut sheets = sheets.filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let chosen = match asked {
        Some(name) => sheets.find(|sheet| sheet.name == name),
        None => sheets.find(|sheet| sheet.visible == SheetVisible::Visible),
    };
    match (chosen, asked) {
        (Some(sheet), _) => Ok(sheet.name.clone()),
        (None, None) => Err(TableError::Empty),
        (None, Some(asked)) => Err(TableError::NoSheet {
            asked: asked.to_owned(),
            known: workbook.sheet_names(),
        }),
    }
}

/// Tells `visit` the rows that have cells, with their index, until it says that this is enough.
fn each_row<F: Read + Seek>(
    workbook: &mut Xlsx<F>,
    sheet: &str,
    visit: &mut dyn FnMut(u32, Vec<String>) -> Result<bool, TableError>,
) -> Result<(), TableError> {
    let mut reader = workbook.worksheet_cells_reader(sheet)?;
    let mut cells: Vec<String> = Vec::new();
    let mut current = 0;
    while let Some(next) = reader.next_cell_with_formula_metadata()? {
        let (row, column) = next.pos;
        if row < current {
            return Err(TableError::RowSequence(u64::from(row) + 1));
        }
        if row > current {
            let is_enough = !cells.is_empty() && !visit(current, std::mem::take(&mut cells))?;
            if is_enough {
                return Ok(());
            }
            current = row;
        }
        let column = column as usize;
        if column >= COLUMNS_MAX {
            continue;
        }
        if cells.len() <= column {
            cells.resize(column + 1, String::new());
        }
        cells[column] = match (&next.value, &next.formula) {
            // A program that does not compute wrote it; where a formula gives an empty text, that is the value.
            (DataRef::Empty, Some(_)) => UNCOMPUTED.to_owned(),
            (value, _) => cell::text(value),
        };
    }
    if !cells.is_empty() {
        visit(current, cells)?;
    }
    Ok(())
}

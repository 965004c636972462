//! Merged cells: only the top left one is stored with a value, all are meant.

use calamine::Dimensions;

use super::{COLUMNS_MAX, TableError};

/// Ranges that cross one row at most.
const ACTIVE_MAX: usize = 1_000;

/// The merged ranges of a sheet, met row by row.
pub(super) struct Merged {
    /// Those that begin further down, the next one last.
    ahead: Vec<Dimensions>,
    /// Those that cross the row just met, with their value.
    active: Vec<(Dimensions, String)>,
}

impl Merged {
    /// Ranges that begin in the row `first` (counted from 0) or below; those above have headings or titles in them.
    pub(super) fn new(mut ranges: Vec<Dimensions>, first: u32) -> Self {
        ranges.retain(|range| range.start.0 >= first && range.start.0 <= range.end.0);
        ranges.sort_unstable_by_key(|range| std::cmp::Reverse(range.start));
        Self {
            ahead: ranges,
            active: Vec::new(),
        }
    }

    /// Fills the empty cells of the row `row`, the next one that has cells.
    pub(super) fn fill(&mut self, row: u32, cells: &mut Vec<String>) -> Result<(), TableError> {
        self.active.retain(|(range, _)| range.end.0 >= row);
        while let Some(range) = self.ahead.pop_if(|range| range.start.0 <= row) {
            // One whose first row has no cells has no value.
            if range.start.0 == row {
                let value = cells.get(range.start.1 as usize);
                self.active
                    .push((range, value.cloned().unwrap_or_default()));
            }
            if self.active.len() > ACTIVE_MAX {
                return Err(TableError::Merged {
                    row: u64::from(row) + 1,
                    max: ACTIVE_MAX,
                });
            }
        }
        for (range, value) in self.active.iter().filter(|(_, value)| !value.is_empty()) {
            let columns = range.start.1 as usize..=(range.end.1 as usize).min(COLUMNS_MAX - 1);
            if cells.len() <= *columns.end() {
                cells.resize(columns.end() + 1, String::new());
            }
            for column in columns {
                if cells[column].is_empty() {
                    cells[column].clone_from(value);
                }
            }
        }
        Ok(())
    }
}

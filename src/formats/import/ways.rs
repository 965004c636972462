//! A table of ways: how long it takes from place to place, and how far it is.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::io::{Read, Seek};

use jiff::tz::TimeZone;

use super::cells::Cells;
use super::field::{self, Field};
use super::{Frame, ImportError, ImportTable, Imported, import};
use crate::model::{Matrix, PlaceId};
use crate::units::{Meters, Seconds};

/// Longest way, as problems have them.
const DURATION_MAX: Seconds = Seconds(1_000_000);
const DISTANCE_MAX: i64 = 10_000_000;

/// What a table says about ways.
#[derive(Clone, Debug, Default)]
pub struct WayTable {
    places: HashMap<PlaceId, u32>,
    /// By the numbers of both places, with the row that a way stands in.
    ways: HashMap<(u32, u32), (Seconds, Meters, u64)>,
}

impl WayTable {
    /// How many ways there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ways.len()
    }

    /// Whether there is no way.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ways.is_empty()
    }

    fn number(&mut self, place: PlaceId) -> u32 {
        let next = u32::try_from(self.places.len()).expect("no table has 2^32 rows");
        *self.places.entry(place).or_insert(next)
    }

    /// The matrix of those of `places` that the table names. Where it says nothing, there is no way; staying where one is
    /// takes no time.
    ///
    /// # Errors
    /// If it says nothing about more than half of the ways: such a table is not what was meant, and its matrix could take
    /// any amount of room.
    pub fn matrix(&self, places: &BTreeSet<PlaceId>) -> Result<Matrix, String> {
        let known = places.iter().filter_map(|place| {
            let number = self.places.get(place)?;
            Some((place.clone(), *number))
        });
        let (place_ids, numbers): (Vec<PlaceId>, Vec<u32>) = known.unzip();
        let pairs = || {
            let from = numbers.iter().enumerate();
            from.flat_map(|(row, from)| {
                let to = numbers.iter().enumerate();
                to.map(move |(column, to)| ((row, column), (*from, *to)))
            })
        };
        let used: BTreeSet<u32> = numbers.iter().copied().collect();
        let is_counted =
            |(from, to): &(u32, u32)| from != to && used.contains(from) && used.contains(to);
        let n_stated = self.ways.keys().filter(|pair| is_counted(pair)).count();
        let n_ways = numbers.len() * numbers.len().saturating_sub(1);
        if n_stated < n_ways.div_ceil(2) {
            let is_missing = |pair: (u32, u32)| pair.0 != pair.1 && !self.ways.contains_key(&pair);
            let missing = pairs().find(|(_, pair)| is_missing(*pair));
            let ((from, to), _) = missing.expect("some way is not stated");
            return Err(format!(
                "only {n_stated} of {n_ways} ways are stated, and that from `{}` to `{}` is not; a table states most of them, in \
                 both directions",
                place_ids[from], place_ids[to]
            ));
        }
        let legs = pairs().map(|(_, pair)| match self.ways.get(&pair) {
            Some((duration, distance, _)) => (Some(*duration), *distance),
            None if pair.0 == pair.1 => (Some(Seconds::ZERO), Meters::ZERO),
            None => (None, Meters::ZERO),
        });
        let (durations, distances) = legs.unzip();
        Ok(Matrix {
            place_ids,
            durations,
            distances,
        })
    }
}

/// Reads ways, one a row.
///
/// # Errors
/// If the table has no rows, or not the columns that ways need.
pub fn read_ways<F: Read + Seek>(
    file: &mut F,
    how: &ImportTable,
) -> Result<(WayTable, Imported<()>), ImportError> {
    let mut table = WayTable::default();
    let frame = Frame {
        kind: &field::WAYS,
        missing: &missing,
        choices: &how.columns,
        date: None,
        zone: &TimeZone::UTC,
        read: &mut |cells| read(cells, &mut table),
    };
    let read = import(file, &how.table, frame)?;
    Ok((table, read))
}

/// The headings that are missing for rows to be ways.
fn missing(has: &dyn Fn(Field) -> bool) -> Vec<&'static str> {
    let mut missing = Vec::new();
    if !has(Field::From) || !has(Field::To) {
        missing.push("from and to (\"откуда\", \"куда\")");
    }
    if !has(Field::Minutes) && !has(Field::Seconds) {
        missing.push("minutes (\"минут\") or seconds");
    }
    if !has(Field::Kilometers) && !has(Field::Meters) {
        missing.push("km (\"км\") or meters");
    }
    missing
}

/// Takes the way in a row.
fn read(cells: &mut Cells<'_>, table: &mut WayTable) -> Option<()> {
    let from = cells.id(Field::From, PlaceId::parse);
    let to = cells.id(Field::To, PlaceId::parse);
    let minutes = cells.span(Field::Minutes, 60, DURATION_MAX);
    let seconds = cells.span(Field::Seconds, 1, DURATION_MAX);
    let kilometers = cells.scaled(Field::Kilometers, 3, 0..=DISTANCE_MAX);
    let meters = cells.scaled(Field::Meters, 0, 0..=DISTANCE_MAX);
    let duration = one_of(
        cells,
        (Field::Minutes, minutes?),
        (Field::Seconds, seconds?),
    );
    let distance = one_of(
        cells,
        (Field::Kilometers, kilometers?),
        (Field::Meters, meters?),
    );
    let (duration, distance) = (duration?, Meters(distance?));
    let pair = (table.number(from?), table.number(to?));
    match table.ways.entry(pair) {
        Entry::Occupied(first) => {
            let row = first.get().2;
            cells.row_fault(format!("the same way stands in row {row}, too"))
        }
        Entry::Vacant(entry) => {
            entry.insert((duration, distance, cells.row.number));
            Some(())
        }
    }
}

/// What one of two cells says that mean the same in different units.
fn one_of<T>(
    cells: &mut Cells<'_>,
    (field, first): (Field, Option<T>),
    (other, second): (Field, Option<T>),
) -> Option<T> {
    match (first, second) {
        (Some(value), None) | (None, Some(value)) => Some(value),
        (None, None) => {
            let field = if cells.columns.has(field) {
                field
            } else {
                other
            };
            cells.fault(field, "is empty; leave the row out where there is no way")
        }
        (Some(_), Some(_)) => cells.fault(other, "says the same in another unit; leave one empty"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::formats::import::RowFault;

    fn ways(text: &str) -> (WayTable, Vec<String>) {
        let (table, read) = read_ways(&mut Cursor::new(text), &ImportTable::default()).unwrap();
        let faults = read.faults.kept.iter().map(RowFault::to_string);
        (table, faults.collect())
    }

    fn places(ids: &[&str]) -> BTreeSet<PlaceId> {
        ids.iter().map(|id| PlaceId::parse(id).unwrap()).collect()
    }

    #[test]
    fn ways_become_a_matrix_of_the_places_that_are_used() {
        let (table, faults) = ways(
            "Откуда;Куда;Мин;Км\nstore;A;5,5;2,25\nA;store;6;2,3\nB;A;1;1\nA;B;1;1\nB;store;9;4\n",
        );
        assert_eq!(faults, Vec::<String>::new());
        let matrix = table.matrix(&places(&["store", "A", "C"])).unwrap();
        let ids: Vec<&str> = matrix.place_ids.iter().map(PlaceId::as_str).collect();
        assert_eq!(ids, ["A", "store"]);
        let durations = [0, 360, 330, 0].map(|seconds| Some(Seconds(seconds)));
        assert_eq!(matrix.durations, durations);
        assert_eq!(matrix.distances, [0, 2_300, 2_250, 0].map(Meters));
        let all = table.matrix(&places(&["store", "A", "B"])).unwrap();
        assert_eq!(all.durations.iter().filter(|way| way.is_none()).count(), 1);
    }

    #[test]
    fn ways_that_are_wrong_are_told_by_row() {
        let (table, faults) = ways(
            "from,to,minutes,seconds,km\nA,B,1,,1\nA,B,2,,1\nA,,1,,1\nA,C,-1,,1\nB,A,,,1\nB,A,1,60,1\nB,A,,61,x\n",
        );
        assert_eq!(table.len(), 1);
        assert_eq!(
            faults,
            [
                "row 3: the same way stands in row 2, too",
                "row 4, \"to\": is empty; an id is needed",
                "row 5, \"minutes\" = \"-1\": is no number from 0 to 16666",
                "row 6, \"minutes\": is empty; leave the row out where there is no way",
                "row 7, \"seconds\" = \"60\": says the same in another unit; leave one empty",
                "row 8, \"km\" = \"x\": is no number from 0 to 10000",
            ]
        );
    }

    #[test]
    fn a_table_with_few_of_the_ways_is_refused() {
        let (table, _) = ways("from,to,min,km\nA,B,1,1\nB,C,1,1\n");
        let message = table.matrix(&places(&["A", "B", "C"])).unwrap_err();
        assert!(
            message.starts_with("only 2 of 6 ways are stated, and that from `A` to `C` is not"),
            "{message}"
        );
        let error = read_ways(&mut Cursor::new("from,to\nA,B\n"), &ImportTable::default());
        let message = error.unwrap_err().to_string();
        assert!(
            message.contains("no column says minutes (\"минут\") or seconds; nor km"),
            "{message}"
        );
    }
}

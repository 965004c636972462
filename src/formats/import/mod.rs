//! Orders, couriers and depots from tables that people keep.
//!
//! Columns are known by their headings, Russian or English, or named by the caller; every row is taken or reported, with
//! everything that is wrong with it. What rows mean together (references, reachability) is judged by
//! [`Problem::validate`](crate::model::Problem::validate) afterwards; [`place_finding`] says which row a finding is about.
//!
//! Weights are stated in kilograms or grams and become the load `grams`, volumes in cubic meters or liters the load
//! `liters`; headings like `load crates` name any other dimension.

mod cells;
mod courier;
mod day;
mod fault;
mod field;
mod heading;
mod latin;
mod moment;
mod number;
mod order;
mod pause;
mod place;
#[cfg(test)]
mod tests;
mod ways;

use std::collections::HashMap;
use std::io::{Read, Seek};

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::table::{Row, RowSink, Source, TableError, TableOptions, read_table};
use crate::model::{Courier, Depot, DepotId, Finding, GeoPoint, Order, Place, ProfileId};
use crate::units::{Cost, Seconds};
use cells::Cells;
pub use day::{
    DayFault, DayImportError, DayParts, DayRules, DayTables, ImportedDay, TableFile, TableNote,
    import_day,
};
pub use fault::{RowFault, RowFaults};
use field::{Field, Kind};
use heading::Columns;
use place::PlaceRules;
pub use ways::{WayTable, read_ways};

/// How to read one table.
#[derive(Clone, Debug, Default)]
pub struct ImportTable {
    /// The file.
    pub table: TableOptions,
    /// Fields with the headings of their columns, where these are not to be guessed; an empty heading for no column.
    pub columns: Vec<(String, String)>,
}

/// What rows do not say.
#[derive(Clone, Debug)]
pub struct ImportDefaults {
    /// The day of times of day.
    pub date: Option<Date>,
    /// Where the clocks are that times are read off.
    pub zone: TimeZone,
    /// Time at the door of orders.
    pub service: Seconds,
    /// What a service outside the windows that an order prefers costs.
    pub preference_cost: Option<Cost>,
    /// Whether things need coordinates: not where a table says how long ways are.
    pub needs_location: bool,
}

/// Something with the place that it is at.
#[derive(Clone, Debug, PartialEq)]
pub struct Located<T> {
    /// The thing, whose own place means nothing.
    pub item: T,
    /// Where it is.
    pub place: Place,
}

/// What came of a table.
#[derive(Clone, Debug)]
pub struct Imported<T> {
    /// What the good rows say.
    pub items: Vec<T>,
    /// The numbers of these rows.
    pub rows: Vec<u64>,
    /// What is wrong with the others.
    pub faults: RowFaults,
    /// How the table was read.
    pub source: Source,
    /// Headings of columns that were not used.
    pub passed_over: Vec<String>,
    /// Ids that had to be written in other letters.
    pub rewritten: Rewritten,
}

/// Ids of good rows that had to be written in other letters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewritten {
    /// How many.
    pub n: usize,
    /// What stands in the table and the id, of the first one.
    pub first: Option<(String, String)>,
}

impl Rewritten {
    fn note(&mut self, text: &str, id: &str) {
        if id != text {
            self.n += 1;
            let first = || (text.to_owned(), id.to_owned());
            self.first.get_or_insert_with(first);
        }
    }
}

/// Why no row of a table can be read.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// There are no rows.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The columns are not what is needed.
    #[error("row {row}: {}; the headings seen are: {}", .problems.join("; "), .seen.join(", "))]
    Headings {
        /// The row with the headings.
        row: u64,
        /// What is wrong with them.
        problems: Vec<String>,
        /// The headings there.
        seen: Vec<String>,
    },
}

impl ImportError {
    /// Whether the table is larger than it may be.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        match self {
            Self::Table(error) => error.is_too_large(),
            Self::Headings { .. } => false,
        }
    }
}

/// Reads orders; `near` are the depots.
///
/// # Errors
/// If the table has no rows, or not the columns that orders need.
pub fn read_orders<F: Read + Seek>(
    file: &mut F,
    how: &ImportTable,
    defaults: &ImportDefaults,
    near: &[GeoPoint],
) -> Result<Imported<Located<Order>>, ImportError> {
    let needs_location = defaults.needs_location;
    let rules = order::Rules {
        places: PlaceRules {
            near,
            needs_location,
        },
        defaults,
    };
    let mut read = |cells: &mut Cells<'_>| order::read(cells, &rules);
    let frame = Frame {
        kind: &field::ORDERS,
        missing: &|has| order::missing(has, needs_location),
        choices: &how.columns,
        date: defaults.date,
        zone: &defaults.zone,
        read: &mut read,
    };
    import(file, &how.table, frame)
}

/// Reads couriers who travel by `profile`; each starts at one of `depots`.
///
/// # Errors
/// If the table has no rows, or not the columns that couriers need.
pub fn read_couriers<F: Read + Seek>(
    file: &mut F,
    how: &ImportTable,
    defaults: &ImportDefaults,
    depots: &[DepotId],
    profile: &ProfileId,
) -> Result<Imported<Courier>, ImportError> {
    let mut read = |cells: &mut Cells<'_>| courier::read(cells, depots, profile);
    let frame = Frame {
        kind: &field::COURIERS,
        missing: &courier::missing,
        choices: &how.columns,
        date: defaults.date,
        zone: &defaults.zone,
        read: &mut read,
    };
    import(file, &how.table, frame)
}

/// Reads depots, which have coordinates if these are needed.
///
/// # Errors
/// If the table has no rows, or not the columns that depots need.
pub fn read_depots<F: Read + Seek>(
    file: &mut F,
    how: &ImportTable,
    needs_location: bool,
) -> Result<Imported<Located<Depot>>, ImportError> {
    let frame = Frame {
        kind: &field::DEPOTS,
        missing: &|has| courier::missing_of_depots(has, needs_location),
        choices: &how.columns,
        date: None,
        zone: &TimeZone::UTC,
        read: &mut |cells| courier::read_depot(cells, needs_location),
    };
    import(file, &how.table, frame)
}

/// Whether rows about a part of a day have a field called `name`, for [`ImportTable::columns`].
///
/// # Errors
/// If not: the names of those they have.
pub fn check_import_field(part: Part, name: &str) -> Result<(), String> {
    let kind = match part {
        Part::Depot => &field::DEPOTS,
        Part::Courier => &field::COURIERS,
        Part::Order => &field::ORDERS,
        Part::Way => &field::WAYS,
    };
    heading::check_name(kind, name)
}

/// Reads latitude and longitude as they stand in one cell: `55.7558,37.6173`.
#[must_use]
pub fn read_coordinates(text: &str) -> Option<GeoPoint> {
    let (latitude, longitude) = place::pair(text)?;
    let point = GeoPoint {
        latitude,
        longitude,
    };
    place::is_on_globe(point).then_some(point)
}

/// Reads a date: `2026-11-26` or `26.11.2026`.
#[must_use]
pub fn read_date(text: &str) -> Option<Date> {
    moment::date(text)
}

/// Says which headings are missing, by whether a field has one.
type Missing<'a> = dyn Fn(&dyn Fn(Field) -> bool) -> Vec<&'static str> + 'a;

/// How the rows of a kind are read.
struct Frame<'a, T> {
    kind: &'static Kind,
    missing: &'a Missing<'a>,
    choices: &'a [(String, String)],
    date: Option<Date>,
    zone: &'a TimeZone,
    read: &'a mut dyn FnMut(&mut Cells<'_>) -> Option<T>,
}

fn import<F: Read + Seek, T>(
    file: &mut F,
    options: &TableOptions,
    frame: Frame<'_, T>,
) -> Result<Imported<T>, ImportError> {
    let kind = frame.kind;
    let chosen: Vec<String> = (frame.choices.iter())
        .map(|(_, heading)| heading::plain(heading))
        .collect();
    let knows = |text: &str| {
        heading::is_known(kind, text)
            || (!text.is_empty() && chosen.contains(&heading::plain(text)))
    };
    let mut intake = Intake {
        frame,
        columns: None,
        seen: HashMap::new(),
        items: Vec::new(),
        rows: Vec::new(),
        faults: RowFaults::default(),
        rewritten: Rewritten::default(),
    };
    let source = read_table(file, options, &knows, &mut intake)?;
    let columns = match intake.columns {
        Some(columns) => columns?,
        None => return Err(TableError::Empty.into()),
    };
    Ok(Imported {
        items: intake.items,
        rows: intake.rows,
        faults: intake.faults,
        source,
        passed_over: columns.passed_over,
        rewritten: intake.rewritten,
    })
}

/// Takes the rows of a table in.
struct Intake<'a, T> {
    frame: Frame<'a, T>,
    /// `None` until the headings have come.
    columns: Option<Result<Columns, ImportError>>,
    /// Ids with the rows that they stand in first, and what stands there.
    seen: HashMap<String, (u64, String)>,
    items: Vec<T>,
    rows: Vec<u64>,
    faults: RowFaults,
    rewritten: Rewritten,
}

impl<T> RowSink for Intake<'_, T> {
    fn headings(&mut self, row: &Row) -> bool {
        let Frame { kind, choices, .. } = self.frame;
        let found = Columns::find(kind, &row.cells, choices).and_then(|columns| {
            let missing = (self.frame.missing)(&|field| columns.has(field));
            match missing.is_empty() {
                true => Ok(columns),
                false => Err(vec![format!("no column says {}", missing.join("; nor "))]),
            }
        });
        let seen = row.cells.iter().filter(|cell| !cell.is_empty());
        let columns = found.map_err(|problems| ImportError::Headings {
            row: row.number,
            problems,
            seen: seen.map(|cell| fault::shown(cell)).collect(),
        });
        let is_good = columns.is_ok();
        self.columns = Some(columns);
        is_good
    }

    fn row(&mut self, row: Row) {
        let Some(Ok(columns)) = &self.columns else {
            return;
        };
        let Frame { date, zone, .. } = self.frame;
        let before = self.faults.n_faults;
        let Some(mut cells) = Cells::new(columns, &row, date, zone, &mut self.faults) else {
            return;
        };
        let text = cells.text(Field::Id).to_owned();
        let id = latin::id_for(&text).into_owned();
        match self.seen.get(&id) {
            Some((first, before)) if *before == text => {
                let message = format!("stands in row {first}, too; ids must differ");
                cells.fault::<()>(Field::Id, message);
            }
            Some((first, _)) => {
                let message =
                    format!("is {id} in the letters of ids, as is row {first}; ids must differ");
                cells.fault::<()>(Field::Id, message);
            }
            None if text.is_empty() => {}
            None => {
                self.seen.insert(id.clone(), (row.number, text.clone()));
            }
        }
        let item = (self.frame.read)(&mut cells);
        if let Some(item) = item
            && self.faults.n_faults == before
        {
            self.items.push(item);
            self.rows.push(row.number);
            self.rewritten.note(&text, &id);
        }
    }
}

/// What part of a day a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A depot.
    Depot,
    /// A courier.
    Courier,
    /// An order.
    Order,
    /// A way from place to place.
    Way,
}

/// The position in its list and the rest of the path of what `finding` is about; `None` if it is about the whole day.
#[must_use]
pub fn place_finding(finding: &Finding) -> Option<(Part, usize, &str)> {
    let lists = [
        ("orders[", Part::Order),
        ("couriers[", Part::Courier),
        ("depots[", Part::Depot),
    ];
    lists.into_iter().find_map(|(list, part)| {
        let rest = finding.field.strip_prefix(list)?;
        let (position, rest) = rest.split_once(']')?;
        Some((part, position.parse().ok()?, rest.trim_start_matches('.')))
    })
}

//! A whole day from its tables: read in turn, put together, and judged, with everything that is wrong at its row.

use std::collections::{BTreeSet, HashMap};
use std::io::{Read, Seek};

use super::{
    ImportDefaults, ImportError, ImportTable, Imported, Located, Part, Rewritten, RowFault,
    WayTable, place_finding, read_couriers, read_depots, read_orders, read_ways,
};
use crate::formats::table::Source;
use crate::model::{
    Courier, Depot, DepotId, Finding, GeoPoint, GeoTravel, Order, Place, PlaceId, PlaceIdx,
    Problem, ProfileId, TravelProfile, TravelSource,
};

/// A table to be read.
#[derive(Clone, Debug)]
pub struct TableFile<F> {
    /// The file.
    pub file: F,
    /// How to read it.
    pub how: ImportTable,
}

/// The tables of a day.
#[derive(Clone, Debug)]
pub struct DayTables<F> {
    /// What is to be done.
    pub orders: TableFile<F>,
    /// Who drives.
    pub couriers: TableFile<F>,
    /// Where couriers start, beside `own_depots`.
    pub depots: Option<TableFile<F>>,
    /// Depots that stand in no table.
    pub own_depots: Vec<Located<Depot>>,
    /// How long ways are; without it they are measured by coordinates.
    pub ways: Option<TableFile<F>>,
}

/// What the tables of a day do not say.
#[derive(Clone, Debug)]
pub struct DayRules {
    /// Name of the day.
    pub name: String,
    /// IANA name of the time zone.
    pub time_zone: String,
    /// What rows do not say. Whether coordinates are needed follows from the tables.
    pub defaults: ImportDefaults,
    /// How couriers travel if there is no table of ways.
    pub travel: GeoTravel,
    /// Whether good rows count although others are wrong.
    pub keeps_good: bool,
}

/// How a table was read.
#[derive(Clone, Debug)]
pub struct TableNote {
    /// What its rows are.
    pub part: Part,
    /// What it turned out to be.
    pub source: Source,
    /// How many good rows there are.
    pub n_items: usize,
    /// How many rows are wrong.
    pub n_bad_rows: usize,
    /// Headings of columns that were not used.
    pub passed_over: Vec<String>,
    /// Ids that had to be written in other letters.
    pub rewritten: Rewritten,
}

/// What is wrong with a row, or with the day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayFault {
    /// The table; `None` for the day as a whole.
    pub part: Option<Part>,
    /// What is wrong; row 0 if it is not about any row.
    pub fault: RowFault,
}

/// What came of the tables of a day.
#[derive(Clone, Debug, Default)]
pub struct ImportedDay {
    /// The day that the good rows make.
    pub problem: Problem,
    /// How the tables were read, in the order in which they were.
    pub tables: Vec<TableNote>,
    /// What is wrong.
    pub faults: Vec<DayFault>,
    /// Faults that were only counted.
    pub n_more_faults: usize,
    /// What is suspicious.
    pub warnings: Vec<DayFault>,
    /// Whether there is no day even without the rows that are wrong.
    pub is_fatal: bool,
    keeps_good: bool,
    /// Whether rows of depots, couriers or ways are wrong.
    is_frame_faulty: bool,
}

impl ImportedDay {
    /// How many things are wrong.
    #[must_use]
    pub fn n_faults(&self) -> usize {
        self.faults.len() + self.n_more_faults
    }

    /// Whether the day is one to be used: nothing is wrong, or what is may be left out.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        !self.is_fatal && (self.keeps_good || self.n_faults() == 0)
    }

    /// Whether what follows from depots, couriers and ways can be said.
    fn goes_on(&self) -> bool {
        !self.is_frame_faulty || self.keeps_good
    }

    fn take<T>(&mut self, part: Part, read: Imported<T>) -> (Vec<T>, Vec<u64>) {
        self.is_frame_faulty |= part != Part::Order && !read.faults.is_empty();
        self.n_more_faults += read.faults.n_faults - read.faults.kept.len();
        self.tables.push(TableNote {
            part,
            source: read.source,
            n_items: read.items.len(),
            n_bad_rows: read.faults.n_rows,
            passed_over: read.passed_over,
            rewritten: read.rewritten,
        });
        let faults = read.faults.kept.into_iter();
        self.faults.extend(faults.map(|fault| DayFault {
            part: Some(part),
            fault,
        }));
        (read.items, read.rows)
    }
}

/// Why there is no day at all.
#[derive(Debug, thiserror::Error)]
pub enum DayImportError {
    /// A table cannot be read.
    #[error("{source}")]
    Table {
        /// What its rows would be.
        part: Part,
        /// What is wrong with it.
        source: ImportError,
    },
    /// There is no depot.
    #[error("there is no depot; give a table of depots, or some beside it")]
    NoDepot,
}

/// Reads the tables of a day, puts it together and judges it.
///
/// # Errors
/// If a table has no rows or not the columns needed, or there is no depot.
pub fn import_day<F: Read + Seek>(
    tables: DayTables<F>,
    rules: &DayRules,
) -> Result<ImportedDay, DayImportError> {
    let mut day = ImportedDay {
        keeps_good: rules.keeps_good,
        ..ImportedDay::default()
    };
    let rows = fill(&mut day, tables, rules)?;
    // Whether orders refer to couriers that exist cannot be said if rows of couriers are not good.
    if day.goes_on() && !day.is_fatal {
        judge(&mut day, &rows);
    }
    Ok(day)
}

/// Rows of a problem's depots (0 for those in no table), couriers and orders.
struct Rows {
    depots: Vec<u64>,
    couriers: Vec<u64>,
    orders: Vec<u64>,
}

impl Rows {
    fn of(&self, part: Part) -> &[u64] {
        match part {
            Part::Depot => &self.depots,
            Part::Courier => &self.couriers,
            Part::Order => &self.orders,
            Part::Way => &[],
        }
    }
}

/// Reads every table and puts what is good together.
fn fill<F: Read + Seek>(
    day: &mut ImportedDay,
    mut tables: DayTables<F>,
    rules: &DayRules,
) -> Result<Rows, DayImportError> {
    let failed = |part| move |source| DayImportError::Table { part, source };
    let profile = ProfileId::parse("car").expect("a plain word is an id");
    let defaults = ImportDefaults {
        needs_location: tables.ways.is_none(),
        ..rules.defaults.clone()
    };
    let mut depots = tables.own_depots;
    let mut depot_rows = vec![0; depots.len()];
    if let Some(TableFile { file, how }) = &mut tables.depots {
        let read = read_depots(file, how, defaults.needs_location).map_err(failed(Part::Depot))?;
        let (items, rows) = day.take(Part::Depot, read);
        depots.extend(items);
        depot_rows.extend(rows);
    }
    if depots.is_empty() && !day.is_frame_faulty {
        return Err(DayImportError::NoDepot);
    }
    let ids: Vec<DepotId> = depots.iter().map(|depot| depot.item.id.clone()).collect();
    let (couriers, courier_rows) = if day.goes_on() {
        let TableFile { file, how } = &mut tables.couriers;
        let read = read_couriers(file, how, &defaults, &ids, &profile);
        day.take(Part::Courier, read.map_err(failed(Part::Courier))?)
    } else {
        // What is wrong with couriers may follow from what is wrong with depots.
        (Vec::new(), Vec::new())
    };
    let mut ways = None;
    if let Some(TableFile { file, how }) = &mut tables.ways {
        let (table, read) = read_ways(file, how).map_err(failed(Part::Way))?;
        day.take(Part::Way, read);
        ways = Some(table);
    }
    let near = depots.iter().filter_map(|depot| depot.place.location);
    let near: Vec<GeoPoint> = near.collect();
    let TableFile { file, how } = &mut tables.orders;
    let read = read_orders(file, how, &defaults, &near).map_err(failed(Part::Order))?;
    let (orders, order_rows) = day.take(Part::Order, read);
    let parts = DayParts {
        name: rules.name.clone(),
        time_zone: rules.time_zone.clone(),
        depots,
        couriers,
        orders,
        profile,
        travel: rules.travel,
    };
    day.problem = parts.assemble();
    if let Some(ways) = ways.filter(|_| day.goes_on()) {
        travel_by(day, &ways);
    }
    Ok(Rows {
        depots: depot_rows,
        couriers: courier_rows,
        orders: order_rows,
    })
}

/// Lets couriers travel as `ways` say.
fn travel_by(day: &mut ImportedDay, ways: &WayTable) {
    let problem = &mut day.problem;
    name_places(problem);
    let ids = problem.places.iter().filter_map(|place| place.id.clone());
    match ways.matrix(&ids.collect::<BTreeSet<PlaceId>>()) {
        Ok(matrix) => {
            for profile in &mut problem.profiles {
                profile.source = TravelSource::Matrix(matrix.clone());
            }
        }
        Err(message) => {
            day.is_fatal = true;
            day.faults.push(DayFault {
                part: Some(Part::Way),
                fault: RowFault {
                    row: 0,
                    column: String::new(),
                    value: String::new(),
                    message,
                },
            });
        }
    }
}

/// Calls every place that has no name as what is there.
fn name_places(problem: &mut Problem) {
    let depots = problem.depots.iter();
    let depots = depots.map(|depot| (depot.place, depot.id.as_str()));
    let orders = problem.orders.iter();
    let orders = orders.map(|order| (order.place, order.id.as_str()));
    let names: HashMap<PlaceIdx, PlaceId> = depots
        .chain(orders)
        .filter_map(|(place, id)| Some((place, PlaceId::parse(id).ok()?)))
        .collect();
    for (place, name) in names {
        let place = &mut problem.places[place.index()];
        place.id.get_or_insert(name);
    }
}

/// Looks at the day as a whole, and leaves out the orders that cannot be right if only good ones are to be kept.
fn judge(day: &mut ImportedDay, rows: &Rows) {
    let found = day.problem.validate();
    let mut bad = Vec::new();
    for finding in &found.errors {
        match place_finding(finding) {
            Some((Part::Order, position, _)) => bad.push(position),
            Some((Part::Courier | Part::Depot | Part::Way, ..)) | None => day.is_fatal = true,
        }
        // That there are no orders only follows from what is wrong with each.
        let is_news = finding.field != "orders" || day.n_faults() == 0;
        if is_news {
            day.faults.push(at_row(rows, finding));
        }
    }
    let warnings = found.warnings.iter();
    day.warnings = warnings.map(|finding| at_row(rows, finding)).collect();
    if day.keeps_good && !bad.is_empty() {
        let mut position = 0;
        day.problem.orders.retain(|_| {
            position += 1;
            bad.binary_search(&(position - 1)).is_err()
        });
        day.is_fatal |= day.problem.orders.is_empty();
    }
}

/// What is said of the day as a whole, at the row where it comes from.
fn at_row(rows: &Rows, finding: &Finding) -> DayFault {
    let (part, row, column) = match place_finding(finding) {
        Some((part, position, field)) => {
            let row = rows.of(part).get(position).copied();
            (Some(part), row.unwrap_or_default(), field)
        }
        None => (None, 0, finding.field.as_str()),
    };
    DayFault {
        part,
        fault: RowFault {
            row,
            column: column.to_owned(),
            // Without a row, what it is about has to be said.
            value: if row == 0 {
                finding.subject.clone()
            } else {
                String::new()
            },
            message: finding.message.clone(),
        },
    }
}

/// A day before it is put together.
#[derive(Clone, Debug)]
pub struct DayParts {
    /// Name of the day.
    pub name: String,
    /// IANA name of the time zone.
    pub time_zone: String,
    /// Depots.
    pub depots: Vec<Located<Depot>>,
    /// Couriers.
    pub couriers: Vec<Courier>,
    /// Orders.
    pub orders: Vec<Located<Order>>,
    /// The travel profile of all couriers.
    pub profile: ProfileId,
    /// How they travel.
    pub travel: GeoTravel,
}

impl DayParts {
    /// The day.
    #[must_use]
    pub fn assemble(self) -> Problem {
        let mut problem = Problem {
            name: self.name,
            time_zone: self.time_zone,
            couriers: self.couriers,
            profiles: vec![TravelProfile {
                id: self.profile,
                source: TravelSource::Geo(self.travel),
                buckets: Vec::new(),
            }],
            ..Problem::default()
        };
        let mut settle = |place: Place| {
            problem.places.push(place);
            let index = problem.places.len() - 1;
            PlaceIdx(u32::try_from(index).expect("no table has 2^32 rows"))
        };
        let depots = self.depots.into_iter().map(|depot| Depot {
            place: settle(depot.place),
            ..depot.item
        });
        problem.depots = depots.collect();
        let orders = self.orders.into_iter().map(|order| Order {
            place: settle(order.place),
            ..order.item
        });
        problem.orders = orders.collect();
        problem
    }
}

//! `punctual import`: a day from spreadsheets.

mod arguments;
mod told;

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;

use jiff::tz::TimeZone;

pub(super) use arguments::Arguments;
use told::Told;

use super::{Done, Failure, console, day_file, report};
use crate::formats::{
    DayParts, ImportDefaults, ImportError, Imported, Located, Part, place_finding, read_couriers,
    read_depots, read_orders,
};
use crate::grpc::{convert, json};
use crate::model::{
    Courier, Depot, DepotId, Finding, GeoPoint, GeoTravel, Order, Place, PlaceIdx, Problem,
    ProfileId,
};
use crate::units::Seconds;

/// Everything that the tables say.
struct Tables {
    depots: Vec<Located<Depot>>,
    /// Rows of depots; those of the command line come first and have none.
    depot_rows: Vec<u64>,
    couriers: Vec<Courier>,
    courier_rows: Vec<u64>,
    orders: Vec<Located<Order>>,
    order_rows: Vec<u64>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Done, Failure> {
    day_file::expect_writable(&arguments.output)?;
    if let Some(path) = &arguments.report {
        day_file::expect_writable(path)?;
    }
    let action = format!("import {}", arguments.orders.display());
    let mut told = Told::default();
    let (mut problem, rows) = read(arguments, &mut told)?;
    // Whether orders refer to couriers that exist cannot be said if rows of couriers are not good.
    if !told.is_fleet_faulty || arguments.keep_good {
        judge(arguments, &mut problem, &rows, &mut told);
    }
    if let Some(path) = &arguments.report {
        let text = told.as_csv();
        day_file::write_text(path, text.as_bytes())?;
    }
    told.warn();
    if told.is_fatal || (told.n_faults() > 0 && !arguments.keep_good) {
        return Err(told.failure(&action, arguments.report.as_deref()));
    }
    write(&arguments.output, &problem)?;
    console::say(format_args!(
        "{}: {}, {}, {}",
        arguments.output.display(),
        report::counted(problem.orders.len() as u64, "order"),
        report::counted(problem.couriers.len() as u64, "courier"),
        report::counted(problem.depots.len() as u64, "depot"),
    ))?;
    if told.n_faults() == 0 {
        return Ok(Done::Fully);
    }
    told.tell_left_out(arguments.report.as_deref());
    Ok(Done::InPart)
}

/// The day that the good rows make, with where they stand.
fn read(arguments: &Arguments, told: &mut Told) -> Result<(Problem, Rows), Failure> {
    let zone = TimeZone::get(&arguments.time_zone);
    let zone = zone.map_err(|error| Failure::usage("find --time-zone", error))?;
    let profile = ProfileId::parse("car").expect("a plain word is an id");
    let defaults = ImportDefaults {
        date: arguments.date,
        zone,
        service: Seconds(i64::from(arguments.service) * 60),
    };
    let tables = read_tables(arguments, &defaults, &profile, told)?;
    let rows = Rows {
        depots: tables.depot_rows,
        couriers: tables.courier_rows,
        orders: tables.order_rows,
    };
    let date = arguments.date.map(|date| date.to_string());
    let day = DayParts {
        name: arguments.name.clone().or(date).unwrap_or_default(),
        time_zone: arguments.time_zone.clone(),
        depots: tables.depots,
        couriers: tables.couriers,
        orders: tables.orders,
        profile,
        travel: GeoTravel {
            speed_kmh: arguments.speed,
            detour_factor: arguments.detour,
        },
    };
    Ok((day.assemble(), rows))
}

/// The rows of a problem's depots, couriers and orders.
struct Rows {
    depots: Vec<u64>,
    couriers: Vec<u64>,
    orders: Vec<u64>,
}

fn read_tables(
    arguments: &Arguments,
    defaults: &ImportDefaults,
    profile: &ProfileId,
    told: &mut Told,
) -> Result<Tables, Failure> {
    let mut depots: Vec<Located<Depot>> = arguments.depot.iter().map(depot).collect();
    let mut depot_rows = vec![0; depots.len()];
    if let Some(path) = &arguments.depots {
        let read = open(path, |file| {
            let how = arguments.table(&arguments.depots_sheet, &arguments.depots_column);
            read_depots(file, &how)
        })?;
        let label = label(path, &arguments.depots_sheet);
        told.is_fleet_faulty |= !read.faults.is_empty();
        let (items, rows) = told.take(&label, read, "depot");
        depots.extend(items);
        depot_rows.extend(rows);
    }
    if depots.is_empty() && !told.is_fleet_faulty {
        let cause = "give --depots FILE or --depot ID=LATITUDE,LONGITUDE";
        return Err(Failure::usage("find where couriers start", cause));
    }
    let ids: Vec<_> = depots.iter().map(|depot| depot.item.id.clone()).collect();
    let (couriers, courier_rows) = if !told.is_fleet_faulty || arguments.keep_good {
        let path = &arguments.couriers;
        let read = open(path, |file| {
            let how = arguments.table(&arguments.couriers_sheet, &arguments.couriers_column);
            read_couriers(file, &how, defaults, &ids, profile)
        })?;
        told.is_fleet_faulty |= !read.faults.is_empty();
        told.take(&label(path, &arguments.couriers_sheet), read, "courier")
    } else {
        // What is wrong with couriers may follow from what is wrong with depots.
        (Vec::new(), Vec::new())
    };
    let near = depots.iter().filter_map(|depot| depot.place.location);
    let near: Vec<GeoPoint> = near.collect();
    let read = open(&arguments.orders, |file| {
        let how = arguments.table(&arguments.sheet, &arguments.column);
        read_orders(file, &how, defaults, &near)
    })?;
    let label = label(&arguments.orders, &arguments.sheet);
    let (orders, order_rows) = told.take(&label, read, "order");
    Ok(Tables {
        depots,
        depot_rows,
        couriers,
        courier_rows,
        orders,
        order_rows,
    })
}

/// What to call a table: its file, and its sheet if one was chosen.
fn label(path: &Path, sheet: &Option<String>) -> String {
    match sheet {
        Some(sheet) => format!("{} ({sheet})", path.display()),
        None => path.display().to_string(),
    }
}

/// A depot of the command line.
fn depot((id, point): &(DepotId, GeoPoint)) -> Located<Depot> {
    Located {
        item: Depot {
            id: id.clone(),
            name: String::new(),
            place: PlaceIdx(0),
            loading: Seconds::ZERO,
        },
        place: Place {
            id: None,
            location: Some(*point),
            address: String::new(),
            zone: None,
        },
    }
}

/// Opens a file and reads a table from it.
fn open<T>(
    path: &Path,
    read: impl FnOnce(&mut BufReader<File>) -> Result<Imported<T>, ImportError>,
) -> Result<Imported<T>, Failure> {
    let action = || format!("read {}", path.display());
    let file = File::open(path).map_err(|error| Failure::new(action(), error))?;
    read(&mut BufReader::new(file))
        .map_err(|error| Failure::new(action(), report::plain(&error.to_string())))
}

/// Looks at the day as a whole, and leaves out the orders that cannot be right if only good ones are to be kept.
fn judge(arguments: &Arguments, problem: &mut Problem, rows: &Rows, told: &mut Told) {
    let found = problem.validate();
    let mut bad = Vec::new();
    for finding in &found.errors {
        match place_finding(finding) {
            Some((Part::Order, position, _)) => bad.push(position),
            Some((Part::Courier | Part::Depot, ..)) | None => told.is_fatal = true,
        }
        // That there are no orders only follows from what is wrong with each.
        let is_news = finding.field != "orders" || told.n_faults() == 0;
        if is_news {
            let (table, rows) = table_of(arguments, rows, finding);
            told.add_finding(&table, rows, finding);
        }
    }
    for finding in &found.warnings {
        let (table, rows) = table_of(arguments, rows, finding);
        told.add_warning(&table, rows, finding);
    }
    if arguments.keep_good && !bad.is_empty() {
        let mut position = 0;
        problem.orders.retain(|_| {
            position += 1;
            bad.binary_search(&(position - 1)).is_err()
        });
        told.is_fatal |= problem.orders.is_empty();
    }
}

/// The table that `finding` is about, with the rows of what is in it; the day itself has none.
fn table_of<'a>(arguments: &Arguments, rows: &'a Rows, finding: &Finding) -> (String, &'a [u64]) {
    match (place_finding(finding), &arguments.depots) {
        (Some((Part::Order, ..)), _) => {
            let table = label(&arguments.orders, &arguments.sheet);
            (table, &rows.orders)
        }
        (Some((Part::Courier, ..)), _) => {
            let table = label(&arguments.couriers, &arguments.couriers_sheet);
            (table, &rows.couriers)
        }
        (Some((Part::Depot, ..)), Some(depots)) => {
            (label(depots, &arguments.depots_sheet), &rows.depots)
        }
        (Some((Part::Depot, ..)), None) => ("--depot".to_owned(), &rows.depots),
        (None, _) => (arguments.output.display().to_string(), &[]),
    }
}

fn write(path: &Path, problem: &Problem) -> Result<(), Failure> {
    let failed = |error| Failure::new(format!("write {}", path.display()), error);
    let mut file = BufWriter::new(File::create(path).map_err(failed)?);
    let frame = convert::problem_frame(problem);
    json::write_problem(&frame, convert::order_messages(problem), &mut file).map_err(failed)?;
    file.flush().map_err(failed)
}

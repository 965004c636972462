//! `punctual import`: a day from spreadsheets.

mod arguments;
mod told;

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

pub(super) use arguments::Arguments;
use told::Told;

use super::{Done, Failure, console, day_file, report};
use crate::formats::{
    DayImportError, DayRules, DayTables, ImportDefaults, ImportedDay, Located, Part, TableFile,
    import_day,
};
use crate::grpc::{convert, json};
use crate::model::{Depot, DepotId, GeoPoint, GeoTravel, Place, PlaceIdx, Problem};
use crate::units::{Cost, Seconds};

pub(super) fn run(arguments: &Arguments) -> Result<Done, Failure> {
    day_file::expect_writable(&arguments.output)?;
    if let Some(path) = &arguments.report {
        day_file::expect_writable(path)?;
    }
    let action = format!("import {}", arguments.orders.display());
    let day = read(arguments)?;
    let told = Told::new(arguments, &day);
    told.note_tables(&day.tables);
    if let Some(path) = &arguments.report {
        let text = told.as_csv();
        day_file::write_text(path, text.as_bytes())?;
    }
    told.warn();
    if !day.is_usable() {
        return Err(told.failure(&action, arguments.report.as_deref()));
    }
    write(&arguments.output, &day.problem)?;
    console::say(format_args!(
        "{}: {}, {}, {}",
        arguments.output.display(),
        report::counted(day.problem.orders.len() as u64, "order"),
        report::counted(day.problem.couriers.len() as u64, "courier"),
        report::counted(day.problem.depots.len() as u64, "depot"),
    ))?;
    if day.n_faults() == 0 {
        return Ok(Done::Fully);
    }
    told.tell_left_out(arguments.report.as_deref());
    Ok(Done::InPart)
}

/// What the tables say.
fn read(arguments: &Arguments) -> Result<ImportedDay, Failure> {
    let zone = TimeZone::get(&arguments.time_zone);
    let zone = zone.map_err(|error| Failure::usage("find --time-zone", error))?;
    let date = arguments.date.map(|date| date.to_string());
    let rules = DayRules {
        name: arguments.name.clone().or(date).unwrap_or_default(),
        time_zone: arguments.time_zone.clone(),
        defaults: ImportDefaults {
            date: arguments.date,
            zone,
            service: Seconds(i64::from(arguments.service) * 60),
            preference_cost: arguments.preference_cost.map(Cost),
            needs_location: arguments.matrix.is_none(),
        },
        travel: GeoTravel {
            speed_kmh: arguments.speed,
            detour_factor: arguments.detour,
        },
        keeps_good: arguments.keep_good,
    };
    let table = |part: Part, path: &Path| {
        let file = File::open(path);
        let file = file.map_err(|error| Failure::new(format!("read {}", path.display()), error))?;
        Ok(TableFile {
            file: BufReader::new(file),
            how: arguments.how(part),
        })
    };
    let if_any = |part: Part, path: &Option<PathBuf>| {
        let path = path.as_ref();
        path.map(|path| table(part, path)).transpose()
    };
    let tables = DayTables {
        orders: table(Part::Order, &arguments.orders)?,
        couriers: table(Part::Courier, &arguments.couriers)?,
        depots: if_any(Part::Depot, &arguments.depots)?,
        own_depots: arguments.depot.iter().map(depot).collect(),
        ways: if_any(Part::Way, &arguments.matrix)?,
    };
    import_day(tables, &rules).map_err(|error| match error {
        DayImportError::NoDepot => {
            let cause = "give --depots FILE or --depot ID=LATITUDE,LONGITUDE";
            Failure::usage("find where couriers start", cause)
        }
        DayImportError::Table { part, source } => {
            let action = format!("read {}", arguments.path(part).display());
            Failure::new(action, report::plain(&source.to_string()))
        }
    })
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

fn write(path: &Path, problem: &Problem) -> Result<(), Failure> {
    let failed = |error| Failure::new(format!("write {}", path.display()), error);
    let mut file = BufWriter::new(File::create(path).map_err(failed)?);
    let frame = convert::problem_frame(problem);
    json::write_problem(&frame, convert::order_messages(problem), &mut file).map_err(failed)?;
    file.flush().map_err(failed)
}

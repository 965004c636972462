//! `punctual export`: plans for spreadsheets, maps and navigators.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{Done, Failure, console, day_file, report};
use crate::formats::{ExportDay, ExportFormat, ExportLanguage, NotShown, export_plan, not_shown};
use crate::grpc::convert::{self, SheetDay};
use crate::grpc::{json, pb};

/// Writes a plan as a table (CSV, Excel), as a map (GeoJSON) or as routes for navigation (GPX).
///
/// The times and chances written are those in the file: only sequences are compared with the day.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The planned day: the JSON form of `punctual.v1.PlannedDay`, or of `punctual.v1.Plan` with --day.
    #[arg(value_name = "PLAN.json")]
    plan: PathBuf,
    /// The day that the plan is of, instead of the one in its file: the JSON form of `punctual.v1.Problem`.
    #[arg(long, value_name = "DAY.json")]
    day: Option<PathBuf>,
    /// The format; by default what the name of the output ends with.
    #[arg(long, value_name = "FORMAT", value_enum)]
    format: Option<Format>,
    /// Language of headings and words; in Russian, CSV has semicolons between cells and commas in numbers.
    #[arg(long, alias = "lang", value_name = "LANGUAGE", value_enum, default_value_t = Language::En)]
    language: Language,
    /// Only this courier's route; may be repeated.
    #[arg(long = "courier", value_name = "ID")]
    couriers: Vec<String>,
    /// Where to write it.
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
}

/// A format of exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table with one row a stop.
    Csv,
    /// An Excel workbook with stops, routes and orders that are not served.
    Xlsx,
    /// A map with routes as lines.
    Geojson,
    /// Routes for navigation, one a courier.
    Gpx,
}

/// A language of exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Language {
    /// English.
    En,
    /// Russian.
    Ru,
}

pub(super) fn run(arguments: &Arguments) -> Result<Done, Failure> {
    let format = format(arguments)?;
    day_file::expect_writable(&arguments.output)?;
    let message = read(arguments)?;
    let mut day =
        convert::read_planned_day(&message, &day_file::local_limits()).map_err(|refusal| {
            Failure::refused(format!("read {}", arguments.plan.display()), &refusal)
        })?;
    choose_routes(&mut day, &arguments.couriers)?;
    let language = match arguments.language {
        Language::En => ExportLanguage::En,
        Language::Ru => ExportLanguage::Ru,
    };
    let missing = write(&arguments.output, &day, format, language)?;
    let routes = day.plan.routes.iter();
    let n_stops: usize = routes.map(|route| route.stops.len()).sum();
    console::say(format_args!(
        "{}: {}, {}",
        arguments.output.display(),
        report::counted(day.plan.routes.len() as u64, "route"),
        report::counted(n_stops as u64, "stop"),
    ))?;
    tell_what_is_missing(missing);
    Ok(Done::Fully)
}

fn format(arguments: &Arguments) -> Result<ExportFormat, Failure> {
    let by_name = || {
        let extension = arguments.output.extension()?.to_str()?;
        Format::from_str(extension, true).ok()
    };
    match arguments.format.or_else(by_name) {
        Some(Format::Csv) => Ok(ExportFormat::Csv),
        Some(Format::Xlsx) => Ok(ExportFormat::Xlsx),
        Some(Format::Geojson) => Ok(ExportFormat::GeoJson),
        Some(Format::Gpx) => Ok(ExportFormat::Gpx),
        None => Err(Failure::usage(
            "choose a format",
            "give --format csv, xlsx, geojson or gpx, or an output of such a name",
        )),
    }
}

/// The plan with its day.
fn read(arguments: &Arguments) -> Result<pb::PlannedDay, Failure> {
    let path = &arguments.plan;
    let text = day_file::read_text(path)?;
    let failed = |error| Failure::new(format!("read {}", path.display()), error);
    let value = serde_json::from_str::<serde_json::Value>(&text);
    let is_day = value.is_ok_and(|value| value.get("plan").is_some());
    let mut day: pb::PlannedDay = if is_day {
        json::read(&text).map_err(failed)?
    } else {
        pb::PlannedDay {
            plan: Some(json::read(&text).map_err(failed)?),
            ..pb::PlannedDay::default()
        }
    };
    if let Some(path) = &arguments.day {
        day.problem = Some(day_file::read(path)?);
    } else if day.problem.is_none() {
        let cause = "the file has a plan only; --day DAY.json names the day that it is of";
        return Err(Failure::usage(format!("read {}", path.display()), cause));
    }
    Ok(day)
}

/// Leaves only the routes of `couriers`, if there are any.
fn choose_routes(day: &mut SheetDay, couriers: &[String]) -> Result<(), Failure> {
    let routes = &mut day.plan.routes;
    for courier in couriers {
        if !routes.iter().any(|route| route.courier.as_str() == courier) {
            let known: Vec<&str> = routes.iter().map(|route| route.courier.as_str()).collect();
            let cause = format!("these couriers have routes: {}", known.join(", "));
            return Err(Failure::usage(format!("find --courier {courier}"), cause));
        }
    }
    let is_chosen = |id: &str| couriers.is_empty() || couriers.iter().any(|courier| courier == id);
    routes.retain(|route| is_chosen(route.courier.as_str()));
    Ok(())
}

fn write(
    path: &Path,
    day: &SheetDay,
    format: ExportFormat,
    language: ExportLanguage,
) -> Result<NotShown, Failure> {
    let action = || format!("write {}", path.display());
    let file = File::create(path).map_err(|error| Failure::new(action(), error))?;
    let mut file = BufWriter::new(file);
    let day = ExportDay {
        problem: &day.problem,
        plan: &day.plan,
        forecast: day.forecast.as_ref(),
        version: &day.plan_version,
    };
    export_plan(&day, format, language, &mut file)
        .map_err(|error| Failure::new(action(), error))?;
    file.flush()
        .map_err(|error| Failure::new(action(), error))?;
    Ok(not_shown(&day, format))
}

/// Says what somebody who reads the file only does not see.
fn tell_what_is_missing(missing: NotShown) {
    if missing.n_unserved > 0 {
        let orders = report::counted(missing.n_unserved as u64, "order");
        console::note(format_args!(
            "warning: {orders} not served and not in the file; xlsx and geojson have them"
        ));
    }
    if missing.n_stops > 0 {
        let stops = report::counted(missing.n_stops as u64, "stop");
        console::note(format_args!(
            "warning: {stops} without coordinates, which no map can show"
        ));
    }
}

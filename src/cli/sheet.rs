//! `punctual sheet`: route sheets from a plan.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{Done, Failure, console, day_file};
use crate::grpc::convert;
use crate::grpc::pb;
use crate::sheet::{self, Format, Language, RouteSheet};

/// Writes one printable sheet for every courier of a plan.
///
/// The times, loads and chances printed are those in the file: only sequences are compared with the day. A plan that was
/// edited, or made for another state of the day, is checked by `punctual evaluate`. Without a forecast in the file, times
/// to leave by follow from what the plan has to spare.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The planned day: the JSON form of `punctual.v1.PlannedDay`.
    #[arg(value_name = "PLAN.json")]
    plan: PathBuf,
    /// Folder to write the sheets to; with `--merge` the file.
    #[arg(long, value_name = "PATH")]
    output: PathBuf,
    /// Language of the headings: en or ru.
    #[arg(
        long,
        value_name = "LANGUAGE",
        default_value = "en",
        visible_alias = "lang"
    )]
    language: Language,
    /// What to write: HTML for a browser to print, or PDF. [default: html; pdf with --merge]
    #[arg(long, value_name = "FORMAT")]
    format: Option<FormatName>,
    /// Write all sheets to one PDF file, each from a new page on.
    #[arg(long)]
    merge: bool,
    /// The day with an earlier plan: only sheets with a change that the courier has to know are written, with what is new,
    /// moved, at another time or dropped marked as such. Couriers who drive no more get a sheet that says so.
    #[arg(long, value_name = "PLAN.json")]
    since: Option<PathBuf>,
    /// With `--since`, write the sheets without a change, too.
    #[arg(long, requires = "since")]
    all: bool,
    /// Only this courier; may be repeated.
    #[arg(long = "courier", value_name = "ID")]
    couriers: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FormatName {
    Html,
    Pdf,
}

impl Arguments {
    fn format(&self) -> Result<Format, Failure> {
        match (self.format, self.merge) {
            (Some(FormatName::Html), true) => Err(Failure::usage(
                "merge the sheets",
                "--merge goes with --format pdf only",
            )),
            (Some(FormatName::Pdf), _) | (None, true) => Ok(Format::Pdf),
            (Some(FormatName::Html) | None, false) => Ok(Format::Html),
        }
    }
}

pub(super) fn run(arguments: Arguments) -> Result<Done, Failure> {
    let format = arguments.format()?;
    let is_pdf = arguments
        .output
        .extension()
        .is_some_and(|ending| ending == "pdf");
    if !arguments.merge && is_pdf && !arguments.output.is_dir() {
        return Err(Failure::usage(
            format!("write to {}", arguments.output.display()),
            "a folder is needed; --merge writes all sheets to one file",
        ));
    }
    if arguments.merge {
        day_file::expect_writable(&arguments.output)?;
    }
    let sheets = read(&arguments)?;
    if !arguments.merge {
        day_file::ready_folder(&arguments.output)?;
    }
    if sheets.is_empty() {
        let why = match arguments.since {
            Some(_) => "nothing changed that a courier has to know",
            None => "the plan has no routes",
        };
        console::note(format_args!("no sheet was written: {why}"))
    } else if arguments.merge {
        write_merged(&arguments, &sheets)?;
    } else {
        write_each(&arguments, &sheets, format)?;
    }
    Ok(Done::Fully)
}

fn read(arguments: &Arguments) -> Result<Vec<RouteSheet>, Failure> {
    let day: pb::PlannedDay = day_file::read(&arguments.plan)?;
    let since: Option<pb::PlannedDay> =
        arguments.since.as_deref().map(day_file::read).transpose()?;
    expect_routes(&arguments.couriers, &day, since.as_ref())?;
    if since.is_none() && is_empty(&day) {
        return Ok(Vec::new());
    }
    let order = convert::read_sheet_order(
        Some(&day),
        since.as_ref(),
        &arguments.couriers,
        &day_file::local_limits(),
    );
    let order = order.map_err(|refusal| Failure::refused(reading(arguments), &refusal))?;
    Ok(order.sheets(!arguments.all))
}

/// Whether nobody has anything to do on a day, as when it was closed without a promise.
fn is_empty(day: &pb::PlannedDay) -> bool {
    let problem = day.problem.as_ref();
    let has_orders = problem.is_none_or(|problem| !problem.orders.is_empty());
    let plan = day.plan.as_ref();
    !has_orders && plan.is_some_and(|plan| plan.routes.is_empty())
}

/// What was being read, for a message.
fn reading(arguments: &Arguments) -> String {
    match &arguments.since {
        Some(since) => format!(
            "read {} (day) and {} (previous)",
            arguments.plan.display(),
            since.display()
        ),
        None => format!("read {}", arguments.plan.display()),
    }
}

/// Couriers asked for by name have to have a route, now or earlier.
fn expect_routes(
    couriers: &[String],
    day: &pb::PlannedDay,
    since: Option<&pb::PlannedDay>,
) -> Result<(), Failure> {
    let plans = [Some(day), since];
    let plans = plans.into_iter().flatten().flat_map(|day| &day.plan);
    let mut with_routes: Vec<&str> = Vec::new();
    for route in plans.flat_map(|plan| &plan.routes) {
        let id = route.courier_id.as_str();
        if !with_routes.contains(&id) {
            with_routes.push(id);
        }
    }
    match couriers
        .iter()
        .find(|courier| !with_routes.contains(&courier.as_str()))
    {
        None => Ok(()),
        Some(stranger) => {
            let cause = format!("these couriers have routes: {}", with_routes.join(", "));
            Err(Failure::usage(format!("find --courier {stranger}"), cause))
        }
    }
}

fn write_merged(arguments: &Arguments, sheets: &[RouteSheet]) -> Result<(), Failure> {
    let document = sheet::pdf::render(sheets, arguments.language);
    day_file::write_text(&arguments.output, &document)?;
    console::say(arguments.output.display())
}

fn write_each(arguments: &Arguments, sheets: &[RouteSheet], format: Format) -> Result<(), Failure> {
    let folder: &Path = &arguments.output;
    let name = |sheet: &RouteSheet| sheet::file_name(sheet, format);
    let names: Vec<String> = sheets.iter().map(name).collect();
    for (sheet, name) in sheets.iter().zip(&names) {
        let path = folder.join(name);
        let document = sheet::render(sheet, format, arguments.language);
        day_file::write_text(&path, &document)?;
        console::say(path.display())?;
    }
    day_file::warn_of_other_sheets(folder, &names, format);
    Ok(())
}

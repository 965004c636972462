//! `punctual sheet`: route sheets from a plan.

use std::path::PathBuf;

use clap::Args;

use super::{Done, Failure, console, day_file};
use crate::grpc::convert::{self, SheetDay};
use crate::grpc::pb;
use crate::sheet::{self, Language};

/// Writes one printable sheet for every courier of a plan.
///
/// The times, loads and chances printed are those in the file: only sequences are compared with the day. A plan that was
/// edited, or made for another state of the day, is checked by `punctual evaluate`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The planned day: the JSON form of `punctual.v1.PlannedDay`.
    #[arg(value_name = "PLAN.json")]
    plan: PathBuf,
    /// Folder to write the sheets to.
    #[arg(long, value_name = "DIRECTORY")]
    output: PathBuf,
    /// Language of the headings: en or ru.
    #[arg(long, value_name = "LANGUAGE", default_value = "en")]
    lang: Language,
    /// Only this courier; may be repeated.
    #[arg(long = "courier", value_name = "ID")]
    couriers: Vec<String>,
}

pub(super) fn run(arguments: Arguments) -> Result<Done, Failure> {
    let day: pb::PlannedDay = day_file::read(&arguments.plan)?;
    let routes = day.plan.iter().flat_map(|plan| &plan.routes);
    let with_routes: Vec<&str> = routes.map(|route| route.courier_id.as_str()).collect();
    for courier in &arguments.couriers {
        if !with_routes.contains(&courier.as_str()) {
            let cause = format!("these couriers have routes: {}", with_routes.join(", "));
            return Err(Failure::usage(format!("find --courier {courier}"), cause));
        }
    }
    let SheetDay {
        problem,
        plan,
        forecast,
        plan_version,
        couriers,
    } = convert::read_sheet_day(Some(&day), &arguments.couriers, &day_file::local_limits())
        .map_err(|refusal| {
            Failure::refused(format!("read {}", arguments.plan.display()), &refusal)
        })?;
    day_file::ready_folder(&arguments.output)?;
    let sheets = sheet::sheets(&problem, &plan, &forecast, &plan_version, &couriers);
    let names: Vec<String> = sheets.iter().map(sheet::file_name).collect();
    for (sheet, name) in sheets.iter().zip(&names) {
        let path = arguments.output.join(name);
        day_file::write_text(&path, sheet::render(sheet, arguments.lang).as_bytes())?;
        console::say(path.display())?;
    }
    day_file::warn_of_other_sheets(&arguments.output, &names);
    Ok(Done::Fully)
}

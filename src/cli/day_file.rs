//! Files with days and plans in them, and what local commands need to work on them.

use std::fmt::Display;
use std::fs;
use std::path::Path;

use tokio::runtime::Runtime;

use super::{Failure, console, report};
use crate::app::App;
use crate::config::PlanningConfig;
use crate::grpc::json::{self, JsonError, JsonMessage};
use crate::grpc::noise_file::read_noise_file;
use crate::grpc::pb;
use crate::sheet::Format;
use crate::telemetry;

/// Reads a message from a JSON file.
pub(super) fn read<M: JsonMessage>(path: &Path) -> Result<M, Failure> {
    let text = read_text(path)?;
    json::read(&text).map_err(|error| Failure::new(format!("read {}", path.display()), error))
}

/// Reads a text file, without a byte order mark.
pub(super) fn read_text(path: &Path) -> Result<String, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("read {}", path.display()), error))?;
    // Windows editors begin files with a byte order mark.
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

/// Routes that somebody wants to know something about.
pub(super) enum Routes {
    /// As sequences.
    Sketched(Box<pb::EvaluatePlanRequest>),
    /// As a plan, of which the sequences and the start times count.
    Planned(Box<pb::Plan>),
}

/// Reads routes: a request to evaluate some, a plan, or the plan of a planned day.
pub(super) fn read_routes(path: &Path) -> Result<Routes, Failure> {
    let text = read_text(path)?;
    let read = || match plan_in(&text)? {
        Some(plan) => Ok(Routes::Planned(Box::new(plan))),
        None => Ok(Routes::Sketched(Box::new(json::read(&text)?))),
    };
    read().map_err(|error: JsonError| Failure::new(format!("read {}", path.display()), error))
}

/// The plan in `text`, if that is a planned day or a plan.
fn plan_in(text: &str) -> Result<Option<pb::Plan>, JsonError> {
    let Ok(value) = serde_json::from_str::<serde_json::Value>(text) else {
        return Ok(None);
    };
    if value.get("plan").is_some() {
        let day: pb::PlannedDay = json::read(text)?;
        return Ok(Some(day.plan.unwrap_or_default()));
    }
    let routes = value.get("routes").and_then(serde_json::Value::as_array);
    let has_stops = |route: &serde_json::Value| route.get("stops").is_some();
    match routes.is_some_and(|routes| routes.iter().any(has_stops)) {
        true => json::read(text).map(Some),
        false => Ok(None),
    }
}

/// Reads a plan to start from: an initial plan, a plan, or the plan of a planned day.
pub(super) fn read_initial_plan(path: &Path) -> Result<pb::InitialPlan, Failure> {
    let text = read_text(path)?;
    let failed = |error| Failure::new(format!("read {}", path.display()), error);
    let Some(plan) = plan_in(&text).map_err(failed)? else {
        return json::read(&text).map_err(failed);
    };
    let routes = plan.routes.into_iter();
    Ok(pb::InitialPlan {
        routes: routes
            .map(|route| pb::RouteSketch {
                courier_id: route.courier_id,
                order_ids: route.stops.into_iter().map(|stop| stop.order_id).collect(),
                start_time: route.start_time,
                // Whoever starts from a plan chooses reloads anew.
                reloads: Vec::new(),
            })
            .collect(),
        locks: Vec::new(),
    })
}

/// Writes a message to a JSON file.
pub(super) fn write<M: JsonMessage>(path: &Path, message: &M) -> Result<(), Failure> {
    write_text(path, json::write(message).as_bytes())
}

/// Writes a file.
pub(super) fn write_text(path: &Path, text: &[u8]) -> Result<(), Failure> {
    fs::write(path, text).map_err(|error| Failure::new(format!("write {}", path.display()), error))
}

/// Finds out before long work whether its result, the file `path`, can be written. What is in the file stays there.
pub(super) fn expect_writable(path: &Path) -> Result<(), Failure> {
    let failed = |cause: &dyn Display| Failure::new(format!("write {}", path.display()), cause);
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let text = path.to_string_lossy();
    if path.is_dir() || text.ends_with(std::path::is_separator) {
        return Err(failed(&"it is a folder"));
    }
    if !folder.is_dir() {
        return Err(failed(&"its folder does not exist"));
    }
    let mut options = fs::OpenOptions::new();
    let probed = match fs::metadata(path) {
        Ok(there) if there.is_file() => options.append(true).open(path).map(drop),
        // To open a pipe might wait for somebody to read from it.
        Ok(_) => Ok(()),
        // A link to where nothing is yet.
        Err(_) if fs::symlink_metadata(path).is_ok() => Ok(()),
        Err(_) => {
            let made = options.write(true).create_new(true).open(path);
            made.and_then(|_| fs::remove_file(path))
        }
    };
    probed.map_err(|error| failed(&error))
}

/// Makes a folder, unless it is there already, and finds out whether files can be written to it.
pub(super) fn ready_folder(path: &Path) -> Result<(), Failure> {
    if path.is_file() {
        let action = format!("make the folder {}", path.display());
        return Err(Failure::new(action, "it is a file"));
    }
    fs::create_dir_all(path)
        .map_err(|error| Failure::new(format!("make the folder {}", path.display()), error))?;
    let probe = path.join(format!(".punctual-{}", std::process::id()));
    let made = fs::write(&probe, "").and_then(|()| fs::remove_file(&probe));
    made.map_err(|error| Failure::new(format!("write to {}", path.display()), error))
}

/// Warns of sheets in `folder` besides those just written, lest couriers get sheets of another plan. Where only some couriers
/// were asked for, the others' sheets may be of the same one.
pub(super) fn warn_of_other_sheets(folder: &Path, written: &[String], format: Format) {
    let ending = format!(".{}", format.extension());
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let n_others = names
        .filter(|name| name.ends_with(&ending) && !written.contains(name))
        .count();
    if n_others > 0 {
        console::note(format_args!(
            "warning: {} has {} from before: still the same plan?",
            folder.display(),
            report::counted(n_others as u64, &format!("{ending} file")),
        ));
    }
}

/// The async runtime of a command; problems are logged to standard error.
pub(super) fn runtime(log: &str) -> Result<Runtime, Failure> {
    telemetry::init(log).map_err(|error| Failure::usage("start logging", error))?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("start the runtime", error))
}

/// What local commands log.
pub(super) const LOCAL_LOG: &str = "warn";

/// The limits of local commands: whoever starts them decides how much their machine bears.
pub(super) fn local_limits() -> PlanningConfig {
    PlanningConfig {
        time_budget_max_ms: 86_400_000,
        orders_max: 100_000,
        couriers_max: 100_000,
        profiles_max: 1_000,
        ..PlanningConfig::default()
    }
}

/// An application for a local command, which is told by a file how much days vary, or not at all.
pub(super) fn local_app(noise: Option<&Path>) -> Result<App, Failure> {
    let noise = noise.map(read_noise_file).transpose();
    let noise = noise.map_err(|error| Failure::new("read", error))?;
    App::new(local_limits(), noise)
        .map_err(|error| Failure::new("start the threads for computations", error))
}

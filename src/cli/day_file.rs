//! Files with days and plans in them, and what local commands need to work on them.

use std::fs;
use std::path::Path;

use tokio::runtime::Runtime;

use super::{Failure, console};
use crate::app::App;
use crate::config::PlanningConfig;
use crate::grpc::json::{self, JsonMessage};
use crate::grpc::noise_file::read_noise_file;
use crate::grpc::pb;
use crate::telemetry;

/// Reads a message from a JSON file.
pub(super) fn read<M: JsonMessage>(path: &Path) -> Result<M, Failure> {
    let text = read_text(path)?;
    json::read(&text).map_err(|error| Failure::new(format!("read {}", path.display()), error))
}

/// Reads a text file.
pub(super) fn read_text(path: &Path) -> Result<String, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("read {}", path.display()), error))?;
    // Windows editors begin files with a byte order mark.
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

/// Reads a plan to start from: an initial plan, or the plan of a planned day.
pub(super) fn read_initial_plan(path: &Path) -> Result<pb::InitialPlan, Failure> {
    let action = || format!("read {}", path.display());
    let text = read_text(path)?;
    let failed = |error| Failure::new(action(), error);
    let is_day = match serde_json::from_str(&text) {
        Ok(serde_json::Value::Object(fields)) => fields.contains_key("plan"),
        _ => false,
    };
    if !is_day {
        return json::read(&text).map_err(failed);
    }
    let day: pb::PlannedDay = json::read(&text).map_err(failed)?;
    let routes = day.plan.unwrap_or_default().routes.into_iter();
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

/// Finds out before long work whether there is a folder to write its result, the file `path`, to.
pub(super) fn expect_folder(path: &Path) -> Result<(), Failure> {
    let failed = |cause| Failure::new(format!("write {}", path.display()), cause);
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if path.is_dir() {
        return Err(failed("it is a folder"));
    }
    if !folder.is_dir() {
        return Err(failed("its folder does not exist"));
    }
    Ok(())
}

/// Makes a folder, unless it is there already.
pub(super) fn make_folder(path: &Path) -> Result<(), Failure> {
    fs::create_dir_all(path)
        .map_err(|error| Failure::new(format!("make the folder {}", path.display()), error))
}

/// Warns of sheets in `folder` besides those just written, lest couriers get sheets of another plan.
pub(super) fn warn_of_other_sheets(folder: &Path, written: &[String]) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let n_others = names
        .filter(|name| name.ends_with(".html") && !written.contains(name))
        .count();
    if n_others > 0 {
        console::note(format_args!(
            "warning: {} has {n_others} more .html files, which are not of this plan",
            folder.display()
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

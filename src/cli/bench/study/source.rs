//! Days and given plans from files: everything that is wrong with any of them, at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::definition::{Spec, Suite};
use crate::analysis::study::{DayRef, Definition, Way, WaySource};
use crate::app::Refusal;
use crate::bench::{Bench, Day, Given, can_simulate, day_of_instance, digest, routes_of_nodes};
use crate::cli::bench::{read_instance, read_text};
use crate::cli::failure::finding_line;
use crate::cli::{Failure, day_file};

use crate::formats;
use crate::grpc::{convert, json, noise_file, pb};
use crate::model::{NoiseModel, RouteSketch};
use crate::planner::schedule::sketch_findings;

/// Everything that is wrong, each with its path in the definition.
type Faults = Vec<String>;

/// The bench that `spec` asks for.
pub(super) fn bench(spec: &Spec, threads: usize) -> Result<Bench, Failure> {
    let mut faults = Faults::new();
    let ways = ways(spec, &mut faults);
    let stresses = spec.stresses();
    for (number, stress) in stresses.iter().enumerate() {
        let found = stress.faults().into_iter();
        faults.extend(found.map(|(field, fault)| format!("stresses[{number}].{field}: {fault}")));
    }
    let names = stresses.iter().map(|stress| stress.name.as_str());
    faults.extend(name_faults("stresses", names));
    let noise = noise(spec, &mut faults);
    let scenarios = spec.scenarios.unwrap_or(SCENARIOS_DEFAULT);
    if !can_simulate(scenarios) {
        faults.push(format!(
            "scenarios: {scenarios} is not a multiple of 256 from 256 to 65536"
        ));
    }
    let has_target = |way: &Way| matches!(&way.source, WaySource::Planned(settings) if settings.on_time_percent.is_some());
    let days = days(spec, ways.iter().any(has_target), &mut faults);
    let names = days.iter().map(|(day, _)| day.about.name.as_str());
    faults.extend(name_faults("days", names));
    let given = given(&ways, &days, &mut faults);
    if !faults.is_empty() {
        return Err(Failure::listed("define the study", faults));
    }
    let days: Vec<Day> = days.into_iter().map(|(day, _)| day).collect();
    let (noise_message, noise) = noise;
    Ok(Bench {
        definition: Definition {
            days: days.iter().map(|day| day.about.clone()).collect(),
            ways,
            stresses,
            noise: noise_message,
            scenarios,
            seed: spec.seed.unwrap_or(1),
        },
        days,
        given,
        noise,
        threads,
    })
}

/// Simulated days of a study that does not say.
const SCENARIOS_DEFAULT: u32 = 8_192;

fn ways(spec: &Spec, faults: &mut Faults) -> Vec<Way> {
    if spec.ways.is_empty() {
        faults.push("ways: there are none: give at least one".to_owned());
    }
    faults.extend(name_faults(
        "ways",
        spec.ways.iter().map(|way| way.name.as_str()),
    ));
    let mut ways = Vec::new();
    for (number, way) in spec.ways.iter().enumerate() {
        match way.source() {
            Ok(source) => ways.push(Way {
                name: way.name.clone(),
                source,
            }),
            Err(found) => faults.extend(
                found
                    .into_iter()
                    .map(|fault| format!("ways[{number}].{fault}")),
            ),
        }
    }
    ways
}

/// Names that are empty or used twice.
fn name_faults<'a>(list: &str, names: impl Iterator<Item = &'a str>) -> Faults {
    let mut known = BTreeSet::new();
    let fault = |(number, name): (usize, &'a str)| {
        let what = match name {
            "" => "a name is needed".to_owned(),
            name if known.insert(name) => return None,
            name => format!("{name:?} is a name already: each needs one of its own"),
        };
        Some(format!("{list}[{number}].name: {what}"))
    };
    names.enumerate().filter_map(fault).collect()
}

/// The noise before any stress, as it is written into the study and as the simulation uses it.
fn noise(spec: &Spec, faults: &mut Faults) -> (Option<serde_json::Value>, NoiseModel) {
    let Some(value) = &spec.noise else {
        return (None, NoiseModel::default());
    };
    let read = || -> Result<_, String> {
        let text = match value.as_str() {
            Some(path) => {
                fs::read_to_string(path).map_err(|error| format!("read {path}: {error}"))?
            }
            None => value.to_string(),
        };
        let model = noise_file::read_noise(&text).map_err(|error| error.to_string())?;
        let value = serde_json::from_str(text.trim_start_matches('\u{feff}'))
            .map_err(|error| error.to_string())?;
        Ok((Some(value), model))
    };
    read().unwrap_or_else(|fault| {
        faults.push(format!("noise: {fault}"));
        (None, NoiseModel::default())
    })
}

/// A day with its message, which given plans are read against.
type Loaded = (Day, pb::Problem);

fn days(spec: &Spec, has_target: bool, faults: &mut Faults) -> Vec<Loaded> {
    if spec.days.is_empty() {
        faults.push("days: there are none: give at least one".to_owned());
    }
    let mut days = Vec::new();
    for (number, path) in spec.days.iter().enumerate() {
        let files = files(Path::new(path));
        match files {
            Ok(files) if files.is_empty() => {
                faults.push(format!("days[{number}]: {path} has no days in it"))
            }
            Ok(files) => {
                for file in files {
                    match day(&file, spec.suite, has_target) {
                        Ok(day) => days.push(day),
                        Err(found) => {
                            faults.extend(found.into_iter().map(|fault| {
                                format!("days[{number}]: {}: {fault}", file.display())
                            }))
                        }
                    }
                }
            }
            Err(error) => faults.push(format!("days[{number}]: read {path}: {error}")),
        }
    }
    days
}

/// The file itself, or the days in the folder, by name.
fn files(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        let extension = path
            .extension()
            .map(|extension| extension.to_ascii_lowercase());
        let is_day = extension.is_some_and(|extension| {
            ["json", "txt", "vrp"]
                .iter()
                .any(|known| extension == *known)
        });
        if is_day && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn name_of(path: &Path) -> String {
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn is_json(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}

fn day(path: &Path, suite: Option<Suite>, has_target: bool) -> Result<Loaded, Faults> {
    let one = |fault: &dyn std::fmt::Display| vec![fault.to_string()];
    let (message, is_set_aside) = if is_json(path) {
        if suite.is_some() {
            return Err(one(&"a suite has benchmark instances for days"));
        }
        problem(path)?
    } else {
        let instance = read_instance(path, None).map_err(|error| one(&error))?;
        let plain = instance.plain().map_err(|error| one(&error))?;
        if suite.is_some_and(|suite| plain.has_matrix != (suite == Suite::Ortec)) {
            return Err(one(
                &"instances of GH-S have coordinates, those of ORTEC-S a matrix of seconds",
            ));
        }
        let problem = day_of_instance(&name_of(path), &instance).map_err(|error| one(&error))?;
        (convert::problem_message(&problem), false)
    };
    let on_invalid_order = if is_set_aside {
        pb::OnInvalidOrder::SetAside
    } else {
        pb::OnInvalidOrder::Reject
    };
    let options = pb::SolveOptions {
        on_invalid_order: on_invalid_order as i32,
        // Whether the day can be planned for a target at all.
        on_time_target: has_target.then_some(pb::OnTimeTarget {
            expected_percent: 90.0,
            floor_percent: None,
        }),
        ..pb::SolveOptions::default()
    };
    let order = convert::read_solve_request(
        Some(&message),
        Some(&options),
        None,
        &day_file::local_limits(),
    );
    let order = order.map_err(|refusal| lines(&refusal))?;
    let problem = order.accepted.problem;
    let day = Day {
        about: DayRef {
            name: name_of(path),
            path: path.display().to_string(),
            digest: order.input_digest,
            n_orders: problem.orders.len(),
            n_couriers: problem.couriers.len(),
        },
        problem,
    };
    Ok((day, message))
}

/// The problem of a day, and whether its plan set orders aside.
fn problem(path: &Path) -> Result<(pb::Problem, bool), Faults> {
    let read = || -> Result<_, String> {
        let text = read_text(path).map_err(|error| error.to_string())?;
        let text = text.trim_start_matches('\u{feff}');
        let is_planned = serde_json::from_str::<serde_json::Value>(text)
            .is_ok_and(|value| value.get("problem").is_some());
        if !is_planned {
            return Ok((json::read(text).map_err(|error| error.to_string())?, false));
        }
        let day: pb::PlannedDay = json::read(text).map_err(|error| error.to_string())?;
        let is_set_aside = day
            .plan
            .is_some_and(|plan| !plan.set_aside_order_ids.is_empty());
        Ok((day.problem.unwrap_or_default(), is_set_aside))
    };
    read().map_err(|fault| vec![fault])
}

/// Everything that a refusal says, line by line.
fn lines(refusal: &Refusal) -> Faults {
    match refusal {
        Refusal::Invalid(findings) => findings.iter().map(finding_line).collect(),
        Refusal::Busy
        | Refusal::UnknownJob(_)
        | Refusal::RequestIdReused(_)
        | Refusal::ShuttingDown
        | Refusal::TooLate
        | Refusal::Fault(_) => vec![refusal.to_string()],
    }
}

fn given(ways: &[Way], days: &[Loaded], faults: &mut Faults) -> BTreeMap<(String, String), Given> {
    let mut all = BTreeMap::new();
    for way in ways {
        let WaySource::Given { path } = &way.source else {
            continue;
        };
        for (day, message) in days {
            let name = &day.about.name;
            match plan_file(Path::new(path), name, days.len())
                .and_then(|file| routes(&file, day, message))
            {
                Ok(given) => {
                    all.insert((name.clone(), way.name.clone()), given);
                }
                Err(found) => faults.extend(
                    found
                        .into_iter()
                        .map(|fault| format!("plans of {} for {name}: {fault}", way.name)),
                ),
            }
        }
    }
    all
}

/// The file that has the plan for a day.
fn plan_file(path: &Path, day: &str, n_days: usize) -> Result<PathBuf, Faults> {
    if !path.is_dir() {
        return match n_days {
            1 => Ok(path.to_owned()),
            n => Err(vec![format!(
                "{} is one file, but there are {n} days: name a folder",
                path.display()
            )]),
        };
    }
    let candidates = ["json", "sol"].map(|extension| path.join(format!("{day}.{extension}")));
    let found = candidates.into_iter().find(|file| file.is_file());
    found.ok_or_else(|| {
        vec![format!(
            "{} has neither {day}.json nor {day}.sol",
            path.display()
        )]
    })
}

/// Routes that somebody else planned, found to be of the day.
fn routes(path: &Path, day: &Day, message: &pb::Problem) -> Result<Given, Faults> {
    let at = |fault: String| format!("{}: {fault}", path.display());
    let all = |found: Faults| -> Faults { found.into_iter().map(at).collect() };
    let text = read_text(path).map_err(|error| vec![error.to_string()])?;
    let routes = if is_json(path) {
        json_routes(text.trim_start_matches('\u{feff}'), message).map_err(all)?
    } else {
        let solution =
            formats::read_solution(&text).map_err(|error| all(vec![error.to_string()]))?;
        routes_of_nodes(&solution.routes)
    };
    let findings = sketch_findings(&day.problem, &routes);
    if !findings.is_empty() {
        return Err(all(findings.iter().map(finding_line).collect()));
    }
    let digest = digest([text.as_str()]);
    Ok(Given { digest, routes })
}

fn json_routes(text: &str, message: &pb::Problem) -> Result<Vec<RouteSketch>, Faults> {
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|error| vec![error.to_string()])?;
    let has_stops = |route: &serde_json::Value| route.get("stops").is_some();
    let is_plan = value
        .get("routes")
        .and_then(serde_json::Value::as_array)
        .is_some_and(|routes| routes.iter().any(has_stops));
    let problem = Some(message.clone());
    let limits = day_file::local_limits();
    let malformed = |error: json::JsonError| vec![error.to_string()];
    let plan = if value.get("plan").is_some() {
        json::read::<pb::PlannedDay>(text).map_err(malformed)?.plan
    } else if is_plan {
        Some(json::read::<pb::Plan>(text).map_err(malformed)?)
    } else {
        None
    };
    let read = match plan {
        Some(plan) => {
            let request = pb::ForecastPlanRequest {
                problem,
                plan: Some(plan),
                options: None,
            };
            convert::read_forecast_request(&request, &limits)
        }
        None => {
            let request: pb::EvaluatePlanRequest = json::read(text).map_err(malformed)?;
            convert::read_evaluate_request(&pb::EvaluatePlanRequest { problem, ..request }, &limits)
        }
    };
    read.map(|routes| routes.sketches)
        .map_err(|refusal| lines(&refusal))
}

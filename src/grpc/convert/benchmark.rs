//! Studies.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::options::read_solve_options;
use super::read::{At, Sink};
use super::scalar::{count, fine_span, percent, span};
use super::sketch::read_sketches;
use super::target::target_findings;
use super::{noise, prefixed, progress_message, read_problem};
use crate::analysis::study::{
    DayRef, Definition, Group, Outcome, Settings, StopOutcome, Stress, Study, Way, WaySource,
};
use crate::app::{BenchView, OnInvalidOrder, Refusal};
use crate::bench::{Bench, Day, Given, can_simulate};
use crate::config::PlanningConfig;
use crate::grpc::{input_digest, pb};
use crate::model::{Finding, NoiseModel, Reason};
use crate::planner::schedule::sketch_findings;
use crate::units::Seconds;

const DAYS_MAX: usize = 50;
const WAYS_MAX: usize = 20;
const STRESSES_MAX: usize = 20;
/// Simulated days of a study that does not say.
const SCENARIOS_DEFAULT: u32 = 4_096;
/// Stop-scenarios that are expected to be simulated in a millisecond, on the slow side.
const SIMULATED_PER_MS: u64 = 50_000;

/// Reads a study to run; `configured` is the noise of requests that have none.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_benchmark_request(
    request: &pb::RunBenchmarkRequest,
    config: &PlanningConfig,
    configured: Option<NoiseModel>,
) -> Result<Bench, Refusal> {
    let sink = Sink::default();
    let at = At::root(&sink);
    let scenarios = request.scenarios.unwrap_or(SCENARIOS_DEFAULT);
    if !can_simulate(scenarios) {
        at.field("scenarios").report(
            Reason::OutOfRange,
            "it must be a multiple of 256 from 256 to 65536",
        );
    }
    let noise = match &request.noise {
        Some(message) => noise::read_noise(&at.field("noise"), message),
        None => Some(configured.unwrap_or_default()),
    };
    let (days, ways) = (&request.days, &request.ways);
    check_list(&at, "days", (1, DAYS_MAX), days.iter().map(|day| &day.name));
    check_list(&at, "ways", (1, WAYS_MAX), ways.iter().map(|way| &way.name));
    let names = request.stresses.iter().map(|stress| &stress.name);
    check_list(&at, "stresses", (0, STRESSES_MAX), names);
    let stresses = read_stresses(&at, &request.stresses);
    let mut found = sink.take();
    // A list that is too long is not read.
    let is_small = days.len() <= DAYS_MAX && ways.len() <= WAYS_MAX;
    let days = if is_small {
        read_days(days, config, &mut found)
    } else {
        Vec::new()
    };
    let mut given = BTreeMap::new();
    let ways = if is_small {
        read_ways(ways, &days, config, &mut given, &mut found)
    } else {
        Vec::new()
    };
    found.extend(target_conflicts(&days, &ways));
    found.extend(too_long(&days, &ways, stresses.len(), scenarios, config));
    let (true, Some(noise)) = (found.is_empty(), noise) else {
        return Err(Refusal::Invalid(found));
    };
    let wanted = request.threads.and_then(|threads| threads.try_into().ok());
    Ok(Bench {
        definition: Definition {
            days: days.iter().map(|day| day.about.clone()).collect(),
            ways,
            stresses,
            noise: None,
            scenarios,
            seed: request.seed.unwrap_or(1),
        },
        days,
        given,
        noise,
        threads: config.threads_granted(wanted),
    })
}

/// Reports a list that is too short or too long, and names in it that are missing or used twice.
fn check_list<'a>(
    at: &At<'_>,
    list: &'static str,
    (least, most): (usize, usize),
    names: impl ExactSizeIterator<Item = &'a String>,
) {
    if !(least..=most).contains(&names.len()) {
        let message = format!("there are {}: give {least} to {most}", names.len());
        at.field(list).report(Reason::TooLarge, message);
        return;
    }
    let mut known = BTreeSet::new();
    for (index, name) in names.enumerate() {
        let at = at.item(list, index);
        if name.is_empty() {
            at.field("name")
                .report(Reason::MissingField, "a name is required here");
        } else if !known.insert(name) {
            at.about(name).field("name").report(
                Reason::DuplicateId,
                "the name is used before: give each its own",
            );
        }
    }
}

fn read_stresses(at: &At<'_>, messages: &[pb::BenchmarkStress]) -> Vec<Stress> {
    if messages.is_empty() {
        return vec![Stress::default()];
    }
    let read = |(index, message): (usize, &pb::BenchmarkStress)| {
        let stress = Stress {
            name: message.name.clone(),
            spread: message.spread.unwrap_or(1.0),
            travel: message.travel.unwrap_or(1.0),
            service: message.service.unwrap_or(1.0),
            incidents: message.incidents.unwrap_or(1.0),
            start_delay: message.start_delay.unwrap_or(1.0),
            memory: message.memory.unwrap_or(1.0),
        };
        for (field, fault) in stress.faults() {
            at.item("stresses", index)
                .field(field)
                .report(Reason::OutOfRange, fault);
        }
        stress
    };
    messages.iter().enumerate().map(read).collect()
}

fn read_days(
    messages: &[pb::BenchmarkDay],
    config: &PlanningConfig,
    found: &mut Vec<Finding>,
) -> Vec<Day> {
    let mut days = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        let path = format!("days[{index}].problem");
        let Some(problem) = &message.problem else {
            found.extend(super::missing(&path));
            continue;
        };
        match read_problem(problem).accept(config, OnInvalidOrder::Reject) {
            Ok(accepted) => days.push(Day {
                about: DayRef {
                    name: message.name.clone(),
                    path: String::new(),
                    digest: input_digest(problem),
                    n_orders: accepted.problem.orders.len(),
                    n_couriers: accepted.problem.couriers.len(),
                },
                problem: accepted.problem,
            }),
            Err(errors) => found.extend(prefixed(&path, errors)),
        }
    }
    days
}

fn read_ways(
    messages: &[pb::BenchmarkWay],
    days: &[Day],
    config: &PlanningConfig,
    given: &mut BTreeMap<(String, String), Given>,
    found: &mut Vec<Finding>,
) -> Vec<Way> {
    use pb::benchmark_way::Source;
    let mut ways = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        let path = format!("ways[{index}]");
        let source = match &message.source {
            None => Err(super::missing("source")),
            Some(Source::Search(options)) => read_settings(options, config),
            Some(Source::Given(plans)) => {
                read_given(&message.name, plans, days, given).map(|()| WaySource::Given {
                    path: String::new(),
                })
            }
        };
        match source {
            Ok(source) => ways.push(Way {
                name: message.name.clone(),
                source,
            }),
            Err(errors) => found.extend(prefixed(&path, errors)),
        }
    }
    ways
}

fn read_settings(
    options: &pb::SolveOptions,
    config: &PlanningConfig,
) -> Result<WaySource, Vec<Finding>> {
    let read = read_solve_options(Some(options), config).map_err(|mut errors| {
        for error in &mut errors {
            error.field = error.field.replacen("options", "search", 1);
        }
        errors
    })?;
    let target = options.on_time_target.as_ref();
    Ok(WaySource::Planned(Settings {
        time_ms: u64::try_from(read.time_budget.as_millis()).ok(),
        iterations: read.iteration_limit,
        on_time_percent: target.map(|target| target.expected_percent),
        floor_percent: target.and_then(|target| target.floor_percent),
        fleet_first: read.fleet_first,
        seed: read.seed,
    }))
}

/// Reads the given plans of a way; every day needs one.
fn read_given(
    way: &str,
    message: &pb::GivenPlans,
    days: &[Day],
    given: &mut BTreeMap<(String, String), Given>,
) -> Result<(), Vec<Finding>> {
    let mut found = Vec::new();
    for (index, plan) in message.plans.iter().enumerate() {
        let path = format!("given.plans[{index}]");
        let Some(day) = days.iter().find(|day| day.about.name == plan.day) else {
            let message = format!("there is no sound day `{}`", plan.day);
            found.push(Finding::new(
                format!("{path}.day"),
                &plan.day,
                Reason::UnknownReference,
                message,
            ));
            continue;
        };
        let read = read_sketches(&plan.routes).and_then(|routes| {
            let errors = sketch_findings(&day.problem, &routes);
            if errors.is_empty() {
                Ok(routes)
            } else {
                Err(errors)
            }
        });
        match read {
            Ok(routes) => {
                // The study is not continued, so that nothing is compared with the digest.
                let plan = Given {
                    digest: String::new(),
                    routes,
                };
                given.insert((day.about.name.clone(), way.to_owned()), plan);
            }
            Err(errors) => found.extend(prefixed(&path, errors)),
        }
    }
    let names = days.iter().map(|day| &day.about.name);
    for day in names.filter(|name| !message.plans.iter().any(|plan| plan.day == **name)) {
        let message = format!("there is no plan for the day `{day}`");
        found.push(Finding::new(
            "given.plans",
            day,
            Reason::MissingField,
            message,
        ));
    }
    if found.is_empty() { Ok(()) } else { Err(found) }
}

/// What of the days keeps targets from being planned for, if there are any.
fn target_conflicts(days: &[Day], ways: &[Way]) -> Vec<Finding> {
    let has_target = |way: &Way| matches!(&way.source, WaySource::Planned(settings) if settings.on_time_percent.is_some());
    if !ways.iter().any(has_target) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (index, day) in days.iter().enumerate() {
        for mut finding in target_findings(&day.problem) {
            finding.field = format!("days[{index}].problem");
            found.push(finding);
        }
    }
    found
}

/// A study that would take longer than a search may.
fn too_long(
    days: &[Day],
    ways: &[Way],
    n_stresses: usize,
    scenarios: u32,
    config: &PlanningConfig,
) -> Option<Finding> {
    let budgets = ways.iter().map(|way| match &way.source {
        WaySource::Planned(settings) => settings.time_ms.unwrap_or(0),
        WaySource::Given { .. } => 0,
    });
    let searches = (days.len() as u64).saturating_mul(budgets.fold(0, u64::saturating_add));
    let orders: u64 = days.iter().map(|day| day.about.n_orders as u64).sum();
    let stops = orders * ways.len() as u64 * (n_stresses as u64 + 1);
    let total = searches.saturating_add(stops * u64::from(scenarios) / SIMULATED_PER_MS);
    (total > config.time_budget_max_ms).then(|| {
        let message = format!(
            "the study would take about {} s, and at most {} s are allowed: give fewer days, ways, stresses or scenarios, or less time",
            Duration::from_millis(total).as_secs(),
            Duration::from_millis(config.time_budget_max_ms).as_secs(),
        );
        Finding::new("ways", "", Reason::TooLarge, message)
    })
}

/// How far a study is.
#[must_use]
pub fn benchmark_progress_message(view: &BenchView) -> pb::BenchmarkProgress {
    pb::BenchmarkProgress {
        plan: count(view.number),
        plans: count(view.of),
        day: view.day.clone(),
        way: view.way.clone(),
        search: view
            .search
            .as_ref()
            .map(|search| progress_message(Some(search))),
    }
}

/// The message for a study.
#[must_use]
pub fn study_message(study: &Study) -> pb::BenchmarkStudy {
    pb::BenchmarkStudy {
        outcomes: study.outcomes.iter().map(outcome_message).collect(),
        version: study.punctual.clone(),
    }
}

fn outcome_message(outcome: &Outcome) -> pb::BenchmarkOutcome {
    let percents = |shares: &[f64]| shares.iter().copied().map(percent).collect();
    let groups = |groups: &[Group]| groups.iter().map(group_message).collect();
    pb::BenchmarkOutcome {
        day: outcome.day.clone(),
        way: outcome.way.clone(),
        stress: outcome.stress.clone(),
        feasible: outcome.is_feasible,
        cost: outcome.cost,
        driving_duration: span(Seconds(outcome.driving_seconds)),
        distance_meters: outcome.distance_meters,
        couriers_used: count(outcome.couriers_used),
        served_orders: count(outcome.served),
        unserved_orders: count(outcome.unserved),
        search_duration: fine_span(Duration::from_secs_f64(outcome.solve_seconds.max(0.0))),
        expected_kept_percent: percent(outcome.expected_kept),
        expected_kept_error_percent: percent(outcome.expected_error),
        batch_kept_percent: percents(&outcome.batches),
        day_kept_percent: percents(&outcome.day_rates),
        worst_stop_percent: percent(outcome.worst_stop),
        hours: groups(&outcome.hours),
        couriers: groups(&outcome.couriers),
        stops: outcome.stops.iter().map(stop_message).collect(),
    }
}

fn group_message(group: &Group) -> pb::BenchmarkGroup {
    pb::BenchmarkGroup {
        name: group.name.clone(),
        promises: count(group.promises),
        kept_percent: percent(group.kept),
    }
}

fn stop_message(stop: &StopOutcome) -> pb::BenchmarkStop {
    pb::BenchmarkStop {
        order_id: stop.order.clone(),
        courier_id: stop.courier.clone(),
        predicted_percent: percent(stop.predicted),
        kept_percent: percent(stop.kept),
    }
}

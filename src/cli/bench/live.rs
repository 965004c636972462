//! `punctual bench live`: what alerts and remedies bring on days that go wrong.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};
use indicatif::ProgressBar;
use rayon::prelude::*;
use serde::Serialize;

use super::alert_rules::{self, NamedRules};
use crate::analysis::resample::{Estimate, estimate};
use crate::analysis::study::Stress;
use crate::bench::{
    Contrast, FillingSpec, Handling, LiveRun, LiveSpec, LiveTotals, hindsight, stressed,
};
use crate::cli::{Done, Failure, argument, console, day_file};
use crate::day::AlertRules;
use crate::generate::{self, DaySpec};
use crate::grpc::convert::{self, Routes};
use crate::grpc::pb;
use crate::model::{NoiseModel, OnTimeTarget, Plan, Problem};
use crate::planner;
use crate::travel::TravelTimes;
use crate::units::Seconds;
use crate::world::Severity;

/// Runs simulated days on which things go wrong (a jam at five, breakdowns, couriers held up, devices out of reach,
/// customers who are not there) in three ways on the same random numbers: the plan followed blindly, promises at risk told,
/// and remedies applied as well.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The planned day: the JSON form of `punctual.v1.PlannedDay`; by default a generated day, planned for --on-time.
    #[arg(value_name = "PLAN.json")]
    plan: Option<PathBuf>,
    /// Days.
    #[arg(long, value_name = "NUMBER", default_value_t = 20, value_parser = clap::value_parser!(u32).range(2..=10_000))]
    days: u32,
    /// Orders of the generated day.
    #[arg(long, value_name = "NUMBER", default_value_t = 400, value_parser = clap::value_parser!(u32).range(1..=5_000))]
    orders: u32,
    /// Couriers of the generated day.
    #[arg(long, value_name = "NUMBER", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    couriers: u32,
    /// Expected share of promises to be kept of the plan for the generated day, in percent.
    #[arg(long, value_name = "PERCENT", default_value_t = 95.0, value_parser = argument::expected_percent)]
    on_time: f64,
    /// Wall time of a search for it.
    #[arg(long, value_name = "TIME", default_value = "20s", value_parser = argument::planning_time)]
    time_limit: Duration,
    /// Traffic jams.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(0..=100))]
    jams: u32,
    /// Vehicles that break down.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(0..=100))]
    breakdowns: u32,
    /// Couriers held up who do not say so.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(0..=100))]
    hold_ups: u32,
    /// Couriers whose devices are out of reach.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(0..=100))]
    silences: u32,
    /// Factor on the standard deviations of how days vary in truth, which the forecast does not know of.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    spread: f64,
    /// Promises with a smaller chance than this are at risk, in percent.
    #[arg(long, value_name = "PERCENT", default_value_t = 60.0)]
    alert_below: f64,
    /// They are not any more with this chance, in percent.
    #[arg(long, value_name = "PERCENT", default_value_t = 80.0)]
    clear_from: f64,
    /// How long before the end of its window a promise at risk has to be known to be.
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = argument::planning_time)]
    notice: Duration,
    /// Compare alert rules instead: what would have been told by each on the same days, the plan followed blindly, as
    /// `NAME: below=60, clear=80, moved=15m, grave=25`; what is left out is as by default. May be given several
    /// times.
    #[arg(long = "rules", value_name = "NAME: ...", value_parser = alert_rules::rules)]
    compared: Vec<NamedRules>,
    /// Simulated days that live forecasts look at.
    #[arg(long, value_name = "NUMBER", default_value_t = 256, value_parser = clap::value_parser!(u32).range(128..=2_048))]
    scenarios: u32,
    /// Tell promises at risk only, without remedies.
    #[arg(long)]
    without_remedies: bool,
    #[command(flatten)]
    random: argument::Random,
    /// Print everything as JSON instead of tables.
    #[arg(long)]
    json: bool,
}

/// Everything found.
#[derive(Debug, Serialize)]
struct Report {
    days: u32,
    promises: usize,
    blind: WayRow,
    told: WayRow,
    remedied: Option<RemediedRow>,
}

/// What came of all days in one way.
#[derive(Debug, Serialize)]
struct WayRow {
    on_time_percent: f64,
    broken: usize,
    announced_percent: Option<f64>,
    alerted: usize,
    false_alarms: usize,
    false_alarm_percent: Option<f64>,
    raised_per_order: Option<f64>,
    told_per_order: Option<f64>,
}

#[derive(Debug, Serialize)]
struct RemediedRow {
    way: WayRow,
    on_time_up_points: f64,
    on_time_up_low: f64,
    on_time_up_high: f64,
    avoided: usize,
    avoided_percent: f64,
    avoided_or_announced_percent: f64,
    harmed: usize,
    harmed_announced: usize,
    remedies: usize,
    repairs: usize,
    moved: usize,
}

pub(super) fn run(args: &Arguments) -> Result<Done, Failure> {
    let alerts = rules(args)?;
    let (problem, plan) = planned(args)?;
    let nature = stressed(
        &NoiseModel::default(),
        &Stress {
            spread: args.spread,
            ..Stress::default()
        },
    );
    let spec = LiveSpec {
        problem: Arc::new(problem),
        plan,
        nature,
        noise: NoiseModel::default(),
        severity: Severity {
            jams: args.jams,
            breakdowns: args.breakdowns,
            hold_ups: args.hold_ups,
            silences: args.silences,
            ..Severity::default()
        },
        alerts,
        scenarios: args.scenarios,
        seed: args.random.seed,
    };
    if !args.compared.is_empty() {
        return compare(args, &spec);
    }
    let bar = ProgressBar::new(u64::from(args.days));
    let day = |number: u32| {
        let told = spec.run(number, Handling::Told)?;
        let remedied = match args.without_remedies {
            true => None,
            false => Some(spec.run(number, Handling::Remedied)?),
        };
        bar.inc(1);
        Ok((told, remedied))
    };
    let days: Result<Vec<_>, crate::model::MalformedId> =
        (0..args.days).into_par_iter().map(day).collect();
    let days = days.map_err(|error| Failure::new("run a day", error))?;
    bar.finish_and_clear();
    let report = report(&days);
    if args.json {
        let text = serde_json::to_string_pretty(&report);
        console::say(text.map_err(|error| Failure::new("write JSON", error))?)?;
    } else {
        console::say(table(&report))?;
        if let Some(remedied) = &report.remedied {
            console::say(summary(&report, remedied))?;
        }
    }
    Ok(Done::Fully)
}

/// Says what would have been told by each of the rules.
fn compare(args: &Arguments, spec: &LiveSpec) -> Result<Done, Failure> {
    let rules: Vec<AlertRules> = args.compared.iter().map(|named| named.rules).collect();
    let bar = ProgressBar::new(u64::from(args.days));
    let day = |number: u32| {
        let runs = spec.compare(number, &rules);
        bar.inc(1);
        runs
    };
    let days: Result<Vec<_>, crate::model::MalformedId> =
        (0..args.days).into_par_iter().map(day).collect();
    let days = days.map_err(|error| Failure::new("run a day", error))?;
    bar.finish_and_clear();
    let row = |(number, named): (usize, &NamedRules)| {
        let mut totals = LiveTotals::default();
        days.iter().for_each(|runs| totals.add(&runs[number]));
        alert_rules::Row::new(&named.name, &totals)
    };
    let rows: Vec<_> = args.compared.iter().enumerate().map(row).collect();
    if args.json {
        let text = serde_json::to_string_pretty(&rows);
        console::say(text.map_err(|error| Failure::new("write JSON", error))?)?;
    } else {
        console::say(alert_rules::table(&rows))?;
    }
    Ok(Done::Fully)
}

fn rules(args: &Arguments) -> Result<AlertRules, Failure> {
    let is_sound = (0.0..=100.0).contains(&args.alert_below)
        && (args.alert_below..=100.0).contains(&args.clear_from)
        && (0.1..=5.0).contains(&args.spread);
    if !is_sound {
        return Err(Failure::usage(
            "read the arguments",
            "--alert-below and --clear-from are percentages, the first not above the second; --spread is 0.1 to 5",
        ));
    }
    Ok(AlertRules {
        threshold: args.alert_below / 100.0,
        clear: args.clear_from / 100.0,
        notice: Seconds(i64::try_from(args.notice.as_secs()).unwrap_or(i64::MAX)),
        ..AlertRules::default()
    })
}

/// The day with its plan.
fn planned(args: &Arguments) -> Result<(Problem, Plan), Failure> {
    let Some(path) = &args.plan else {
        return generated(args);
    };
    let day: pb::PlannedDay = day_file::read(path)?;
    let request = pb::ForecastPlanRequest {
        problem: day.problem,
        plan: day.plan,
        options: None,
    };
    let read = convert::read_forecast_request(&request, &day_file::local_limits());
    let Routes {
        problem, sketches, ..
    } = read.map_err(|refusal| Failure::refused(format!("read {}", path.display()), &refusal))?;
    let plan = planner::evaluate(&problem, &TravelTimes::new(&problem), &sketches);
    Ok((problem, plan))
}

fn generated(args: &Arguments) -> Result<(Problem, Plan), Failure> {
    let spec = FillingSpec {
        problem: generate::generate(&DaySpec {
            seed: args.random.seed,
            orders: args.orders,
            couriers: args.couriers,
            ..DaySpec::default()
        }),
        target: Some(OnTimeTarget {
            expected: args.on_time / 100.0,
            floor: None,
        }),
        noise: NoiseModel::default(),
        scenarios: 512,
        iterations: 0,
        seed: args.random.seed,
        threads: super::threads(None)?.current_num_threads(),
    };
    let known = hindsight(&spec, args.time_limit, |_, _| ());
    let known = known.map_err(|error| Failure::new("plan the day", error))?;
    console::note(format!(
        "The generated day: {} orders in {} routes, {:.1} % expected on time",
        known.served,
        known.plan.routes.len(),
        100.0 * known.forecast.expected_on_time
    ));
    let mut problem = spec.problem;
    let served = |order: &crate::model::Order| {
        let mut stops = known.plan.routes.iter().flat_map(|route| &route.stops);
        stops.any(|stop| stop.order == order.id)
    };
    problem.orders.retain(served);
    Ok((problem, known.plan))
}

fn report(days: &[(LiveRun, Option<LiveRun>)]) -> Report {
    let (mut told, mut remedied) = (LiveTotals::default(), LiveTotals::default());
    let mut contrast = Contrast::default();
    let mut differences = Vec::new();
    let (mut n_remedies, mut repairs, mut moved) = (0, 0, 0);
    for (blind, other) in days {
        told.add(blind);
        let Some(other) = other else { continue };
        remedied.add(other);
        contrast = contrast.plus(Contrast::of(blind, other));
        differences.push(100.0 * (rate(other) - rate(blind)));
        n_remedies += other.remedies;
        repairs += other.repairs;
        moved += other.moved;
    }
    let up = estimate(&differences);
    Report {
        days: u32::try_from(days.len()).unwrap_or(u32::MAX),
        promises: told.promises,
        blind: WayRow {
            announced_percent: None,
            alerted: 0,
            false_alarms: 0,
            false_alarm_percent: None,
            raised_per_order: None,
            told_per_order: None,
            ..way(&told)
        },
        told: way(&told),
        remedied: up.map(
            |Estimate {
                 mean, low, high, ..
             }| RemediedRow {
                way: way(&remedied),
                on_time_up_points: mean,
                on_time_up_low: low,
                on_time_up_high: high,
                avoided: contrast.avoided,
                avoided_percent: percent(contrast.avoided, contrast.broken),
                avoided_or_announced_percent: percent(
                    contrast.avoided + contrast.announced,
                    contrast.broken,
                ),
                harmed: contrast.harmed,
                harmed_announced: contrast.harmed_announced,
                remedies: n_remedies,
                repairs,
                moved,
            },
        ),
    }
}

fn rate(run: &LiveRun) -> f64 {
    let kept = run.fates.values().filter(|fate| fate.truth.is_kept());
    kept.count() as f64 / run.fates.len().max(1) as f64
}

fn way(totals: &LiveTotals) -> WayRow {
    let per_order =
        |count: u32| (totals.alerted > 0).then(|| f64::from(count) / totals.alerted as f64);
    WayRow {
        on_time_percent: percent(totals.kept, totals.promises),
        broken: totals.broken,
        announced_percent: Some(percent(totals.announced, totals.broken)),
        alerted: totals.alerted,
        false_alarms: totals.alerted_kept,
        false_alarm_percent: Some(percent(totals.alerted_kept, totals.alerted)),
        raised_per_order: per_order(totals.raised),
        told_per_order: per_order(totals.told),
    }
}

fn percent(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}

fn table(report: &Report) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header([
        "way",
        "on time",
        "broken",
        "announced in time",
        "alerted",
        "kept all the same",
        "raised per order",
        "told per order",
    ]);
    let mut rows = vec![("blindly", &report.blind), ("told", &report.told)];
    rows.extend((report.remedied.as_ref()).map(|remedied| ("remedied", &remedied.way)));
    for (name, row) in rows {
        let share = |value: Option<f64>| value.map_or_else(String::new, |v| format!("{v:.1} %"));
        let count = |value: Option<f64>| value.map_or_else(String::new, |v| format!("{v:.2}"));
        let alerted = row
            .raised_per_order
            .map_or_else(String::new, |_| row.alerted.to_string());
        table.add_row([
            name.to_owned(),
            format!("{:.2} %", row.on_time_percent),
            row.broken.to_string(),
            share(row.announced_percent),
            alerted,
            share(row.false_alarm_percent),
            count(row.raised_per_order),
            count(row.told_per_order),
        ]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn summary(report: &Report, remedied: &RemediedRow) -> String {
    format!(
        "{} days, {} promises. With remedies {:+.2} points on time (95 % interval {:+.2} to {:+.2}).\n\
         Of the promises that the plan followed blindly breaks, {:.1} % are kept, {:.1} % kept or announced in time; {} \
         others are broken, {} of them announced in time.\n\
         {} remedies and {} repairs were applied; {} stops changed courier.",
        report.days,
        report.promises,
        remedied.on_time_up_points,
        remedied.on_time_up_low,
        remedied.on_time_up_high,
        remedied.avoided_percent,
        remedied.avoided_or_announced_percent,
        remedied.harmed,
        remedied.harmed_announced,
        remedied.remedies,
        remedied.repairs,
        remedied.moved,
    )
}

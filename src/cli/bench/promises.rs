//! `punctual bench promises`: fills days one customer at a time.

use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};
use indicatif::ProgressBar;
use serde::Serialize;

use crate::bench::{FilledPromise, Filling, FillingSpec, Hindsight, fill, hindsight};
use crate::cli::{Done, Failure, argument, console};
use crate::generate::{self, DaySpec};
use crate::model::{NoiseModel, OnTimeTarget};

/// Edges of the chances that promises are grouped by.
const EDGES: [f64; 9] = [0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 1.0];

/// Fills generated days one customer at a time, improving the plan between customers, and compares.
///
/// Each customer wants the window that the generated day has for it, and is lost if it is not offered. With --hindsight
/// the same days are planned with all customers known. Chances quoted are compared with what the final plans keep on other
/// simulated days.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Days, generated with the seeds from --seed on.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    days: u64,
    /// Customers who ask on each day.
    #[arg(long, value_name = "NUMBER", default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    orders: u32,
    /// Couriers of each day.
    #[arg(long, value_name = "NUMBER", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    couriers: u32,
    /// Expected share of promises to be kept, in percent, 50 to 99.9.
    #[arg(long, value_name = "PERCENT", default_value_t = 98.1)]
    on_time: f64,
    /// Chance of each promise, at least, in percent, 1 to 99.
    #[arg(long, value_name = "PERCENT")]
    floor: Option<f64>,
    /// Iterations of the search for a better plan after each promise; 0 never searches.
    #[arg(long, value_name = "NUMBER", default_value_t = 5_000)]
    iterations: u64,
    /// Simulated days that quotes look at.
    #[arg(long, value_name = "NUMBER", default_value_t = 512, value_parser = clap::value_parser!(u32).range(128..=2_048))]
    scenarios: u32,
    /// Also plan each day with all customers known, in searches of this time each.
    #[arg(long, value_name = "TIME", value_parser = argument::duration)]
    hindsight: Option<Duration>,
    /// Search threads, 1 to 256; by default one for every processor.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    #[command(flatten)]
    random: argument::Random,
    /// Print everything as JSON instead of tables.
    #[arg(long)]
    json: bool,
}

/// One day.
#[derive(Debug, Serialize)]
struct DayRow {
    seed: u64,
    asked: usize,
    promised: usize,
    without_room: usize,
    for_target: usize,
    couriers: usize,
    cost: i64,
    expected_percent: f64,
    hindsight: Option<HindsightRow>,
    quote_p50_ms: f64,
    quote_p99_ms: f64,
}

#[derive(Debug, Serialize)]
struct HindsightRow {
    served: usize,
    expected_percent: f64,
    couriers: usize,
    cost: i64,
}

/// One promise.
#[derive(Debug, Serialize)]
struct PromiseRow {
    seed: u64,
    order: String,
    before: usize,
    used_percent: f64,
    quoted_percent: f64,
    at_close_percent: Option<f64>,
    kept_percent: f64,
}

/// Promises of about the same quoted chance.
#[derive(Debug, Serialize)]
struct Bucket {
    from: f64,
    to: f64,
    promises: usize,
    quoted_percent: f64,
    at_close_percent: f64,
    kept_percent: f64,
}

impl PromiseRow {
    fn of(seed: u64, promise: &FilledPromise) -> Self {
        Self {
            seed,
            order: promise.order.to_string(),
            before: promise.before,
            used_percent: 100.0 * promise.used,
            quoted_percent: 100.0 * promise.quoted,
            at_close_percent: promise.at_close.map(|chance| 100.0 * chance),
            kept_percent: 100.0 * promise.kept,
        }
    }
}

pub(super) fn run(args: &Arguments) -> Result<Done, Failure> {
    let threads = super::threads(args.threads)?.current_num_threads();
    let target = target(args)?;
    let mut rows = Vec::new();
    let mut promises = Vec::new();
    let mut each = Vec::new();
    for seed in (args.random.seed..).take(usize::try_from(args.days).unwrap_or(usize::MAX)) {
        let spec = FillingSpec {
            problem: day(args, seed),
            target: Some(target),
            noise: NoiseModel::default(),
            scenarios: args.scenarios.next_multiple_of(128),
            iterations: args.iterations,
            seed,
            threads,
        };
        let failed = |error| Failure::new("fill a day", error);
        let bar = ProgressBar::new(u64::from(args.orders));
        let filling = fill(&spec, |asked, promised| {
            bar.set_position(asked as u64);
            bar.set_message(format!("day {seed}: {promised} promises"));
        });
        let filling = filling.map_err(failed)?;
        bar.finish_and_clear();
        let known = args
            .hindsight
            .map(|budget| hindsight(&spec, budget, |_, _| ()));
        let known = known.transpose().map_err(failed)?;
        rows.push(row(seed, &filling, known.as_ref()));
        each.extend(
            filling
                .promises
                .iter()
                .map(|promise| PromiseRow::of(seed, promise)),
        );
        promises.extend(filling.promises);
    }
    let buckets = buckets(&promises);
    if args.json {
        #[derive(Serialize)]
        struct Report<'a> {
            days: &'a [DayRow],
            reliability: &'a [Bucket],
            promises: &'a [PromiseRow],
        }
        let report = Report {
            days: &rows,
            reliability: &buckets,
            promises: &each,
        };
        let text = serde_json::to_string_pretty(&report);
        console::say(text.map_err(|error| Failure::new("write JSON", error))?)?;
    } else {
        console::say(days_table(&rows))?;
        console::say(buckets_table(&buckets))?;
    }
    Ok(Done::Fully)
}

fn target(args: &Arguments) -> Result<OnTimeTarget, Failure> {
    let is_sound = (50.0..=99.9).contains(&args.on_time)
        && args.floor.is_none_or(|floor| (1.0..=99.0).contains(&floor));
    if !is_sound {
        return Err(Failure::usage(
            "read the target",
            "--on-time is a share of 50 to 99.9 percent, --floor one of 1 to 99",
        ));
    }
    Ok(OnTimeTarget {
        expected: args.on_time / 100.0,
        floor: args.floor.map(|floor| floor / 100.0),
    })
}

fn day(args: &Arguments, seed: u64) -> crate::model::Problem {
    generate::generate(&DaySpec {
        seed,
        orders: args.orders,
        couriers: args.couriers,
        ..DaySpec::default()
    })
}

fn row(seed: u64, filling: &Filling, hindsight: Option<&Hindsight>) -> DayRow {
    let quantile = |share: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a position in a list"
        )]
        let at = (filling.quotes.len() as f64 * share) as usize;
        let quote = filling
            .quotes
            .get(at.min(filling.quotes.len().saturating_sub(1)));
        quote.map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
    };
    DayRow {
        seed,
        asked: filling.asked,
        promised: filling.promises.len(),
        without_room: filling.without_room,
        for_target: filling.for_target,
        couriers: filling.plan.routes.len(),
        cost: filling.plan.total_cost().0,
        expected_percent: 100.0 * filling.forecast.expected_on_time,
        hindsight: hindsight.map(|known| HindsightRow {
            served: known.served,
            expected_percent: 100.0 * known.forecast.expected_on_time,
            couriers: known.plan.routes.len(),
            cost: known.plan.total_cost().0,
        }),
        quote_p50_ms: quantile(0.5),
        quote_p99_ms: quantile(0.99),
    }
}

fn buckets(promises: &[FilledPromise]) -> Vec<Bucket> {
    let bucket = |edges: &[f64]| {
        let (from, to) = (edges[0], edges[1]);
        let is_in = |promise: &&FilledPromise| {
            let quoted = promise.quoted;
            quoted >= from && (quoted < to || (to >= 1.0 && quoted <= 1.0))
        };
        let inside: Vec<&FilledPromise> = promises.iter().filter(is_in).collect();
        let mean = |value: fn(&FilledPromise) -> f64| {
            let sum: f64 = inside.iter().map(|promise| value(promise)).sum();
            100.0 * sum / inside.len() as f64
        };
        (!inside.is_empty()).then(|| Bucket {
            from,
            to,
            promises: inside.len(),
            quoted_percent: mean(|promise| promise.quoted),
            at_close_percent: mean(|promise| promise.at_close.unwrap_or(promise.quoted)),
            kept_percent: mean(|promise| promise.kept),
        })
    };
    EDGES.windows(2).filter_map(bucket).collect()
}

fn days_table(rows: &[DayRow]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header([
        "day",
        "asked",
        "promised",
        "no room",
        "target",
        "couriers",
        "on time",
        "known: served",
        "on time",
        "share",
        "quote p50",
        "p99",
    ]);
    for row in rows {
        let known = row.hindsight.as_ref();
        let share = |known: &HindsightRow| {
            format!(
                "{:.1} %",
                100.0 * row.promised as f64 / known.served.max(1) as f64
            )
        };
        table.add_row([
            row.seed.to_string(),
            row.asked.to_string(),
            row.promised.to_string(),
            row.without_room.to_string(),
            row.for_target.to_string(),
            row.couriers.to_string(),
            format!("{:.2} %", row.expected_percent),
            known.map_or_else(String::new, |known| known.served.to_string()),
            known.map_or_else(String::new, |known| {
                format!("{:.2} %", known.expected_percent)
            }),
            known.map_or_else(String::new, share),
            format!("{:.2} ms", row.quote_p50_ms),
            format!("{:.2} ms", row.quote_p99_ms),
        ]);
    }
    right(table)
}

fn buckets_table(buckets: &[Bucket]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header([
        "quoted",
        "promises",
        "mean quoted",
        "expected at the end",
        "kept by the final plan",
    ]);
    for bucket in buckets {
        table.add_row([
            format!("{:.1} to {:.1} %", 100.0 * bucket.from, 100.0 * bucket.to),
            bucket.promises.to_string(),
            format!("{:.2} %", bucket.quoted_percent),
            format!("{:.2} %", bucket.at_close_percent),
            format!("{:.2} %", bucket.kept_percent),
        ]);
    }
    right(table)
}

fn right(mut table: Table) -> Table {
    for column in table.column_iter_mut() {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

//! `punctual bench solver`: searches a panel of instances with several seeds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};

use super::{read_instance, read_text, threads};
use crate::analysis::panel::{Comparison, Measured, Panel, Run};
use crate::analysis::{Interval, interval};
use crate::cli::{Done, Failure, argument, console};
use crate::clock::Clock;
use crate::formats::{Instance, Rounding};
use crate::solver::control::Control;
use crate::solver::params::SearchParams;
use crate::solver::search::search;

/// Searches each instance with each seed, one after the other, checks every solution, and prints what came of it.
///
/// Intervals are those of Student's t distribution, 95 %, over instances.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The instances.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// How many seeds: 1 to this number.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    seeds: u64,
    /// Wall time of each search, as in 10s, 500ms or 1m; by default 10s, or none if iterations are limited.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = argument::duration)]
    time_limit: Option<Duration>,
    /// Largest number of iterations of each search.
    #[arg(long, value_name = "NUMBER")]
    iterations: Option<u64>,
    /// Search threads, 1 to 256; by default one for every processor.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// How real numbers become integers; by default as for solve.
    #[arg(long, value_name = "RULE", value_enum)]
    rounding: Option<Rounding>,
    /// A CSV file with the columns instance and distance (or cost), to which costs are compared.
    #[arg(long, value_name = "FILE")]
    reference: Option<PathBuf>,
    /// Print everything as JSON instead of a table.
    #[arg(long)]
    json: bool,
    /// What --json printed earlier, to compare with run by run.
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
}

pub(super) fn run(args: &Arguments) -> Result<Done, Failure> {
    let instances: Vec<Instance> = args
        .files
        .iter()
        .map(|path| read_instance(path, args.rounding))
        .collect::<Result<_, _>>()?;
    let references = match &args.reference {
        Some(path) => references(path)?,
        None => BTreeMap::new(),
    };
    let earlier = args.against.as_deref().map(earlier).transpose()?;
    let pool = threads(args.threads)?;
    let default_limit = (args.iterations.is_none()).then_some(Duration::from_secs(10));
    let mut panel = Panel {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        time_limit_ms: None,
        iteration_limit: args.iterations,
        threads: pool.current_num_threads(),
        instances: Vec::new(),
    };
    let time_limit = args.time_limit.or(default_limit);
    panel.time_limit_ms = time_limit.and_then(|limit| u64::try_from(limit.as_millis()).ok());
    for (path, instance) in args.files.iter().zip(&instances) {
        let name = name_of(path);
        let runs = (1..=args.seeds).map(|seed| {
            let params = SearchParams {
                seed,
                time_limit,
                iteration_limit: args.iterations,
                stagnation_limit: None,
            };
            pool.install(|| measure(&name, instance, &params))
        });
        panel.instances.push(Measured {
            reference: references.get(&name).copied(),
            runs: runs.collect(),
            instance: name,
        });
    }
    let comparison = earlier.map(|earlier| panel.against(&earlier));
    if args.json {
        let text = serde_json::to_string_pretty(&panel)
            .map_err(|error| Failure::new("write the panel", error))?;
        console::say(text)?;
    } else {
        console::say(table(&panel))?;
        console::say(summary(&panel))?;
    }
    if let Some(comparison) = comparison {
        let text = difference(&comparison);
        if args.json {
            console::note(text);
        } else {
            console::say(text)?;
        }
    }
    Ok(match panel.n_infeasible() {
        0 => Done::Fully,
        _ => Done::InPart,
    })
}

/// The instance as results call it: the name of its file, for names inside files are not always unique.
fn name_of(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// One search, judged by the instance's checker.
fn measure(name: &str, instance: &Instance, params: &SearchParams) -> Run {
    let clock = Clock::start();
    let outcome = search(
        &instance.to_problem(),
        params,
        &mut Control {
            clock: &clock,
            is_cancelled: &|| false,
            on_progress: &mut |_| {},
        },
    );
    let seconds = clock.elapsed().as_secs_f64();
    let routes = instance.routes_of(&outcome.solution);
    let verdict = instance.check(&routes);
    if let Err(fault) = &verdict {
        console::note(format_args!("{name}, seed {}: {fault}", params.seed));
    }
    Run {
        seed: params.seed,
        cost: instance.cost_in_unit(instance.cost(&routes)),
        is_feasible: verdict.is_ok(),
        iterations: outcome.iterations,
        seconds,
    }
}

/// Reads what costs to compare with, by instance.
fn references(path: &Path) -> Result<BTreeMap<String, f64>, Failure> {
    let failed = |cause: String| Failure::new(format!("read {}", path.display()), cause);
    let text = read_text(path)?;
    let mut lines = (1..).zip(text.lines());
    let header = lines.next().map(|(_, line)| line).unwrap_or_default();
    let column = |names: &[&str]| {
        let at = header
            .split(',')
            .position(|name| names.contains(&name.trim()));
        at.ok_or_else(|| failed(format!("there is no column {}", names.join(" or "))))
    };
    let (instance, cost) = (column(&["instance"])?, column(&["distance", "cost"])?);
    let mut references = BTreeMap::new();
    for (number, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        let (Some(instance), Some(cost)) = (cells.get(instance), cells.get(cost)) else {
            return Err(failed(format!("line {number} has too few columns")));
        };
        match cost.parse::<f64>() {
            Ok(cost) if cost > 0.0 && cost.is_finite() => {
                references.insert((*instance).to_owned(), cost);
            }
            _ => return Err(failed(format!("line {number}: {cost:?} is no cost"))),
        }
    }
    Ok(references)
}

/// Reads a panel that was printed earlier.
fn earlier(path: &Path) -> Result<Panel, Failure> {
    serde_json::from_str(&read_text(path)?)
        .map_err(|error| Failure::new(format!("read {}", path.display()), error))
}

fn table(panel: &Panel) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header(["instance", "runs", "mean", "best", "worst", "gap %"]);
    for measured in &panel.instances {
        let mut row = vec![measured.instance.clone(), measured.runs.len().to_string()];
        match measured.summary() {
            Some(summary) => {
                let costs = [summary.mean, summary.best, summary.worst];
                row.extend(costs.map(|cost| format!("{cost:.1}")));
                row.push(
                    summary
                        .gap
                        .map_or_else(String::new, |gap| format!("{gap:.3}")),
                );
            }
            None => row.extend(["not feasible", "", "", ""].map(str::to_owned)),
        }
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn summary(panel: &Panel) -> String {
    let gaps = panel.gaps();
    let gap = match interval(&gaps) {
        Some(gap) => format!("mean gap {} over {} instances", show(gap), gaps.len()),
        None => "no mean gap: fewer than two instances have a reference".to_owned(),
    };
    let pace = panel.pace().unwrap_or(0.0);
    let mut text = format!("{gap}\n{pace:.0} iterations/s (geometric mean)");
    if panel.n_infeasible() > 0 {
        text += &format!("\n{} runs are not feasible", panel.n_infeasible());
    }
    text
}

fn difference(comparison: &Comparison) -> String {
    let mut text = String::new();
    for (instance, mean) in &comparison.instances {
        text += &format!("{instance}: {mean:+.3} %\n");
    }
    let mean = match comparison.interval() {
        Some(interval) => format!("mean difference {}", show(interval)),
        None => "no mean difference: fewer than two instances are in both".to_owned(),
    };
    let Comparison {
        n_pairs,
        n_wins,
        n_losses,
        ..
    } = comparison;
    text + &format!("{mean}, {n_wins} wins and {n_losses} losses in {n_pairs} pairs of runs")
}

fn show(interval: Interval) -> String {
    format!("{:+.3} % ± {:.3}", interval.mean, interval.margin)
}

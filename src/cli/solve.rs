//! `punctual solve`: solves a benchmark instance.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;

use crate::clock::Clock;
use crate::formats::{self, Instance, Rounding};
use crate::solver::params::SearchParams;
use crate::solver::search::{Control, SearchProgress, search};
use crate::solver::solution::Solution;

/// Solve a benchmark instance (Solomon text, or VRPLIB VRPTW with EUC_2D or EXPLICIT FULL_MATRIX).
#[derive(Debug, clap::Args)]
pub struct SolveArgs {
    /// The instance.
    file: PathBuf,
    /// Wall time, as in 10s, 500ms or 1m; counts from the start of reading.
    #[arg(long, value_parser = super::parse_duration, default_value = "10s")]
    time_limit: Duration,
    /// Iterations after which to stop; makes the result independent of time and threads if the time suffices.
    #[arg(long)]
    iterations: Option<u64>,
    /// Search threads; the processors by default.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Random seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How real numbers become integers; by default dimacs for coordinates and none for a matrix.
    #[arg(long, value_enum)]
    rounding: Option<Rounding>,
    /// Where to write the solution in VRPLIB format.
    #[arg(long)]
    output: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// If the instance cannot be read or the solution cannot be written.
pub fn run(args: &SolveArgs) -> anyhow::Result<ExitCode> {
    let clock = Clock::start();
    let text =
        fs::read_to_string(&args.file).with_context(|| format!("read {}", args.file.display()))?;
    let instance = formats::read_instance(&text, args.rounding)
        .with_context(|| format!("read {}", args.file.display()))?;
    let mut pool = rayon::ThreadPoolBuilder::new();
    if let Some(threads) = args.threads {
        pool = pool.num_threads(usize::from(threads));
    }
    let pool = pool.build().context("start search threads")?;
    let params = SearchParams {
        seed: args.seed,
        time_limit: Some(args.time_limit),
        iteration_limit: args.iterations,
        stagnation_limit: None,
    };
    let outcome = pool.install(|| {
        let problem = instance.to_problem();
        let mut quiet = |_: &SearchProgress<'_>| {};
        let mut control = Control {
            clock: &clock,
            is_cancelled: &|| false,
            on_progress: &mut quiet,
        };
        search(&problem, &params, &mut control)
    });
    let routes = nodes(&outcome.solution);
    let verdict = instance.check(&routes);
    let cost = match &verdict {
        Ok(cost) => *cost,
        Err(_) => outcome.solution.distance,
    };
    if let Some(path) = &args.output {
        let text = formats::write_solution(&routes, &instance.show_cost(cost));
        fs::write(path, text).with_context(|| format!("write {}", path.display()))?;
    }
    report(
        &instance,
        &outcome.solution,
        verdict.is_ok(),
        cost,
        outcome.iterations,
        clock.elapsed(),
    );
    Ok(match verdict {
        Ok(_) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("not feasible: {fault}");
            ExitCode::from(super::EXIT_PARTIAL)
        }
    })
}

/// Nodes as the instance numbers them: client 0 is node 1.
fn nodes(solution: &Solution) -> Vec<Vec<usize>> {
    solution
        .routes
        .iter()
        .map(|route| route.clients.iter().map(|client| client + 1).collect())
        .collect()
}

fn report(
    instance: &Instance,
    solution: &Solution,
    feasible: bool,
    cost: i64,
    iterations: u64,
    elapsed: Duration,
) {
    println!(
        "cost={} routes={} feasible={feasible} iterations={iterations} seconds={:.2}",
        instance.show_cost(cost),
        solution.routes.len(),
        elapsed.as_secs_f64(),
    );
}

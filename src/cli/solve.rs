//! `punctual solve`: solves a benchmark instance.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Done, Failure, argument, console, day_file};
use crate::clock::Clock;
use crate::formats::{self, Instance, Rounding};
use crate::solver::control::{Control, SearchProgress};
use crate::solver::params::SearchParams;
use crate::solver::search::search_from;
use crate::solver::solution::Solution;
use crate::solver::start::{Start, StartRoute};

/// Solves a benchmark instance (Solomon text, or VRPLIB VRPTW with EUC_2D or EXPLICIT FULL_MATRIX).
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The instance.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Wall time, as in 10s, 500ms or 1m; counts from the start of reading.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = argument::duration, default_value = "10s")]
    time_limit: Duration,
    /// Largest number of iterations; unless the time is over first, the solution is then the same for any number of
    /// threads.
    #[arg(long, value_name = "NUMBER")]
    iterations: Option<u64>,
    /// Search threads, 1 to 256; by default one for every processor.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Random seed.
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 1,
        allow_negative_numbers = true
    )]
    seed: u64,
    /// How real numbers become integers; by default dimacs for coordinates and none for a matrix.
    #[arg(long, value_name = "RULE", value_enum)]
    rounding: Option<Rounding>,
    /// The solution to start from, in VRPLIB format, which the one found is no worse than.
    #[arg(long, value_name = "FILE")]
    initial: Option<PathBuf>,
    /// Use as few vehicles as possible, whatever that costs.
    #[arg(long)]
    fleet_first: bool,
    /// Where to write the solution in VRPLIB format.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(args: &Arguments) -> Result<Done, Failure> {
    let clock = Clock::start();
    let name = args.file.display();
    let text = fs::read_to_string(&args.file)
        .map_err(|error| Failure::new(format!("read {name}"), error))?;
    let instance = formats::read_instance(&text, args.rounding)
        .map_err(|error| Failure::new(format!("read {name}"), error))?;
    if let Some(path) = &args.output {
        day_file::expect_folder(path)?;
    }
    let initial = args
        .initial
        .as_deref()
        .map(|path| read_initial(path, &instance));
    let initial = initial.transpose()?;
    let mut pool = rayon::ThreadPoolBuilder::new();
    if let Some(threads) = args.threads {
        pool = pool.num_threads(usize::from(threads));
    }
    let pool = pool
        .build()
        .map_err(|error| Failure::new("start search threads", error))?;
    let params = SearchParams {
        seed: args.seed,
        time_limit: Some(args.time_limit),
        iteration_limit: args.iterations,
        stagnation_limit: None,
    };
    let outcome = pool.install(|| {
        let problem = match args.fleet_first {
            true => instance.to_problem().with_fleet_first(),
            false => instance.to_problem(),
        };
        let start = initial.map(|routes| Start::new(&problem, &routes));
        let mut quiet = |_: &SearchProgress<'_>| {};
        let mut control = Control {
            clock: &clock,
            is_cancelled: &|| false,
            on_progress: &mut quiet,
        };
        search_from(&problem, &params, start.as_ref(), &mut control)
    });
    let routes = nodes(&outcome.solution);
    let verdict = instance.check(&routes);
    let cost = verdict
        .as_ref()
        .copied()
        .unwrap_or(outcome.solution.distance);
    if let Some(path) = &args.output {
        let text = formats::write_solution(&routes, &instance.show_cost(cost));
        day_file::write_text(path, text.as_bytes())?;
    }
    console::say(format_args!(
        "cost={} routes={} feasible={} iterations={} seconds={:.2}",
        instance.show_cost(cost),
        routes.len(),
        verdict.is_ok(),
        outcome.iterations,
        clock.elapsed().as_secs_f64(),
    ))?;
    Ok(match verdict {
        Ok(_) => Done::Fully,
        Err(fault) => {
            console::note(format_args!("not feasible: {fault}"));
            Done::InPart
        }
    })
}

/// Reads the routes to start from.
fn read_initial(path: &Path, instance: &Instance) -> Result<Vec<StartRoute>, Failure> {
    let action = || format!("read {}", path.display());
    let text = fs::read_to_string(path).map_err(|error| Failure::new(action(), error))?;
    let routes = formats::read_solution(&text, instance.n_nodes())
        .map_err(|error| Failure::new(action(), error))?;
    let route = |nodes: Vec<usize>| StartRoute {
        kind: 0,
        clients: nodes.into_iter().map(|node| node - 1).collect(),
        locked: 0,
    };
    Ok(routes.into_iter().map(route).collect())
}

/// Nodes as the instance numbers them: client 0 is node 1.
fn nodes(solution: &Solution) -> Vec<Vec<usize>> {
    solution
        .routes
        .iter()
        .map(|route| route.clients.iter().map(|client| client + 1).collect())
        .collect()
}

//! `punctual solve`: solves a benchmark instance.

use std::path::PathBuf;
use std::time::Duration;

use super::{Done, Failure, argument, bench, console, day_file};
use crate::clock::Clock;
use crate::formats::{self, Rounding};
use crate::solver::control::{Control, SearchProgress};
use crate::solver::params::SearchParams;
use crate::solver::search::search;

/// Solves a benchmark instance: Solomon text, or VRPLIB of the types VRPTW, MDVRPTW, SDVRPTW, HFVRP and PCVRPTW with
/// EUC_2D or EXPLICIT FULL_MATRIX.
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
    /// How real numbers become integers; by default none for a matrix, exact for MDVRPTW, SDVRPTW and HFVRP, and dimacs
    /// for all else.
    #[arg(long, value_name = "RULE", value_enum)]
    rounding: Option<Rounding>,
    /// Where to write the solution in VRPLIB format; where vehicles differ, with a route for each, empty ones included.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(args: &Arguments) -> Result<Done, Failure> {
    let clock = Clock::start();
    let instance = bench::read_instance(&args.file, args.rounding)?;
    if let Some(path) = &args.output {
        day_file::expect_folder(path)?;
    }
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
        let problem = instance.to_problem();
        let mut quiet = |_: &SearchProgress<'_>| {};
        let mut control = Control {
            clock: &clock,
            is_cancelled: &|| false,
            on_progress: &mut quiet,
        };
        search(&problem, &params, &mut control)
    });
    let routes = instance.routes_of(&outcome.solution);
    let verdict = instance.check(&routes);
    let cost = instance.cost(&routes);
    if let Some(path) = &args.output {
        let text = formats::write_solution(&routes, &instance.show_cost(cost));
        day_file::write_text(path, text.as_bytes())?;
    }
    console::say(format_args!(
        "cost={} routes={} feasible={} iterations={} seconds={:.2}",
        instance.show_cost(cost),
        outcome.solution.routes.len(),
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

//! `punctual solve`: solves a benchmark instance.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::interrupt::Interrupt;
use super::trace::{Recorded, Start, Trace};
use super::{Done, Failure, argument, bench, console, day_file};
use crate::clock::Clock;
use crate::formats::{self, Instance, Rounding};
use crate::solver::control::{Control, Outcome, SearchProgress};
use crate::solver::params::SearchParams;
use crate::solver::search::{search_again, search_from};
use crate::solver::start::{Start as StartSolution, StartRoute};

/// Solves a benchmark instance: Solomon text, or VRPLIB of the types VRPTW, MDVRPTW, SDVRPTW, HFVRP, PCVRPTW and MTVRPTWR
/// with EUC_2D or EXPLICIT FULL_MATRIX. Ctrl-C ends the search with the best solution.
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
    #[command(flatten)]
    random: argument::Random,
    /// How real numbers become integers; by default none for a matrix, exact for MDVRPTW, SDVRPTW and HFVRP, and dimacs
    /// for all else.
    #[arg(long, value_name = "RULE", value_enum)]
    rounding: Option<Rounding>,
    /// The solution to start from, in VRPLIB format, which the one found is no worse than, unless it breaks a limit and has
    /// to be mended.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["trace", "replay"])]
    initial: Option<PathBuf>,
    /// Use as few vehicles as possible, whatever that costs; where clients have prizes, to collect these comes first.
    #[arg(long, conflicts_with_all = ["trace", "replay"])]
    fleet_first: bool,
    /// Where to write the solution in VRPLIB format; where vehicles differ, with a route for each, empty ones included.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Where to write how the search went, as lines of JSON.
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// A trace of this instance whose search is to be made again, step by step and without a clock; fails if it comes to
    /// another cost, as it may for instances of more than 4000 customers.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["time_limit", "iterations", "seed", "rounding"])]
    replay: Option<PathBuf>,
}

pub(super) fn run(args: &Arguments) -> Result<Done, Failure> {
    let clock = Clock::start();
    let interrupt = Interrupt::listen()?;
    let text = bench::read_text(&args.file)?;
    let recorded = recorded(args, &text)?;
    let params = params(args, recorded.as_ref().map(|(recorded, _)| recorded));
    let rounding = recorded.as_ref().map(|(_, rounding)| *rounding);
    let instance = formats::read_instance(&text, rounding.or(args.rounding))
        .map_err(|error| Failure::new(format!("read {}", args.file.display()), error))?;
    for path in [&args.output, &args.trace].into_iter().flatten() {
        day_file::expect_writable(path)?;
    }
    let initial = args.initial.as_deref();
    let initial = initial
        .map(|path| Initial::read(path, &instance))
        .transpose()?;
    let pool = bench::threads(args.threads)?;
    let start = || {
        let threads = pool.current_num_threads();
        Start::new(&instance.name, &text, instance.rounding, &params, threads)
    };
    let mut trace = args.trace.as_ref().map(|_| Trace::new(start()));
    let outcome = pool.install(|| {
        let problem = match args.fleet_first {
            true => instance.to_problem_fleet_first(),
            false => instance.to_problem(),
        };
        let start = initial
            .as_ref()
            .map(|initial| StartSolution::new(&problem, &initial.start));
        let mut on_progress = |progress: &SearchProgress<'_>| {
            if let Some(trace) = &mut trace {
                trace.tell(progress, clock.elapsed());
            }
        };
        let mut control = Control {
            clock: &clock,
            is_cancelled: &|| interrupt.is_asked(),
            on_progress: &mut on_progress,
        };
        match &recorded {
            Some((recorded, _)) => search_again(&problem, &params, recorded.replay(), &mut control),
            None => search_from(&problem, &params, start.as_ref(), &mut control),
        }
    });
    if let (Some(path), Some(trace)) = (&args.trace, trace) {
        trace.write(path, &outcome, clock.elapsed())?;
    }
    if interrupt.is_asked() {
        console::note("ended early by Ctrl-C: the solution is the best one so far");
    }
    let routes = match initial {
        Some(initial) => initial.or_better(&instance, &outcome, args.fleet_first),
        None => instance.routes_of(&outcome.solution),
    };
    let done = tell(
        args,
        &instance,
        &routes,
        outcome.iterations,
        clock.elapsed(),
    )?;
    match recorded.and_then(|(recorded, _)| recorded.difference(&outcome)) {
        Some(difference) => Err(Failure::new("repeat the search", difference)),
        None => Ok(done),
    }
}

/// What the search is told.
fn params(args: &Arguments, recorded: Option<&Recorded>) -> SearchParams {
    match recorded {
        Some(recorded) => recorded.params(),
        None => SearchParams {
            seed: args.random.seed,
            time_limit: Some(args.time_limit),
            iteration_limit: args.iterations,
            stagnation_limit: None,
        },
    }
}

/// The search to be made again, if that is asked for, and the rounding in which it read the instance in `text`.
fn recorded(args: &Arguments, text: &str) -> Result<Option<(Recorded, Rounding)>, Failure> {
    let Some(path) = &args.replay else {
        return Ok(None);
    };
    let failed = |cause: String| Failure::new(format!("read {}", path.display()), cause);
    let recorded = Recorded::read(&bench::read_text(path)?).map_err(failed)?;
    if !recorded.is_of(text) {
        let cause = format!(
            "its search was on another text than {}",
            args.file.display()
        );
        return Err(failed(cause));
    }
    let rounding = recorded.rounding().map_err(failed)?;
    Ok(Some((recorded, rounding)))
}

/// Checks the solution, writes it and says how it is.
fn tell(
    args: &Arguments,
    instance: &Instance,
    routes: &[Vec<usize>],
    iterations: u64,
    elapsed: Duration,
) -> Result<Done, Failure> {
    let verdict = instance.check(routes);
    let cost = instance.show_cost(instance.cost(routes));
    if let Some(path) = &args.output {
        day_file::write_text(path, formats::write_solution(routes, &cost).as_bytes())?;
    }
    console::say(format_args!(
        "cost={cost} routes={} feasible={} iterations={iterations} seconds={:.2}",
        routes.iter().filter(|route| !route.is_empty()).count(),
        verdict.is_ok(),
        elapsed.as_secs_f64(),
    ))?;
    Ok(match verdict {
        Ok(_) => Done::Fully,
        Err(fault) => {
            console::note(format_args!(
                "not feasible: {fault}{}",
                bench::show_unserved(instance, routes)
            ));
            Done::InPart
        }
    })
}

/// A solution to start from.
struct Initial {
    routes: Vec<Vec<usize>>,
    start: Vec<StartRoute>,
    is_feasible: bool,
}

impl Initial {
    /// Reads one; says so if it breaks a limit.
    fn read(path: &Path, instance: &Instance) -> Result<Self, Failure> {
        let action = || format!("start from {}", path.display());
        let solution = formats::read_solution(&bench::read_text(path)?)
            .map_err(|error| Failure::new(format!("read {}", path.display()), error))?;
        let start = instance.start_routes(&solution.routes).map_err(|misfits| {
            let misfits = misfits.iter().map(ToString::to_string);
            Failure::listed(action(), misfits.collect())
        })?;
        let verdict = instance.check(&solution.routes);
        if let Err(fault) = &verdict {
            console::note(format_args!(
                "warning: {} is not feasible and will be mended: {fault}",
                path.display()
            ));
        }
        Ok(Self {
            routes: solution.routes,
            start,
            is_feasible: verdict.is_ok(),
        })
    }

    /// The routes found, or those to start from if they are better: the search may read them in another way, as where two
    /// depots follow each other in a route.
    fn or_better(
        self,
        instance: &Instance,
        outcome: &Outcome,
        is_fleet_first: bool,
    ) -> Vec<Vec<usize>> {
        let found = instance.routes_of(&outcome.solution);
        let rank = |routes: &[Vec<usize>]| instance.rank(routes, is_fleet_first);
        let is_better = self.is_feasible
            && (instance.check(&found).is_err() || rank(&self.routes) < rank(&found));
        match is_better {
            true => self.routes,
            false => found,
        }
    }
}

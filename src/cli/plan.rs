//! `punctual plan`: plans a day in this process.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::failure::finding_line;
use super::progress::Display;
use super::{Done, Failure, argument, console, day_file, frontier, report};
use crate::app::{Outcome, Run, Solved};
use crate::clock::Clock;
use crate::grpc::{convert, pb};
use crate::model::Finding;

/// Plans a day and writes the plan, with problem and forecast, as JSON. Ctrl-C ends the search with the best plan.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("aims").multiple(true).args(["on_time", "frontier", "frontier_points"]))]
pub(super) struct Arguments {
    /// The day: the JSON form of `punctual.v1.Problem`.
    #[arg(value_name = "DAY.json")]
    pub(super) day: PathBuf,
    /// Where to write the plan: the JSON form of `punctual.v1.PlannedDay`. With a frontier, the folder for its plans.
    #[arg(long, value_name = "FILE")]
    pub(super) output: PathBuf,
    /// Wall time for the search, or for all searches of a frontier together, up to 24h.
    #[arg(long, value_name = "TIME", default_value = "30s", allow_hyphen_values = true, value_parser = argument::planning_time)]
    time_limit: Duration,
    /// Search threads, 1 to 256 and no more than there are processors; by default one for every processor.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i32).range(1..=256))]
    threads: Option<i32>,
    #[command(flatten)]
    random: argument::Random,
    /// Largest number of iterations; unless the time is over first, the plan is then the same for any number of
    /// threads.
    #[arg(long, value_name = "NUMBER")]
    iterations: Option<u64>,
    /// Set invalid orders aside and plan the others.
    #[arg(long)]
    set_aside: bool,
    /// The plan to start from, which the new one is no worse than, and meets the target no less well: what `punctual plan`
    /// wrote, or the JSON form of `punctual.v1.InitialPlan`, which can lock stops.
    #[arg(long, value_name = "PLAN.json")]
    from: Option<PathBuf>,
    /// Use as few couriers as possible, whatever that costs.
    #[arg(long)]
    fleet_first: bool,
    /// Find the cheapest plan that keeps at least this share of all promises on average over simulated days: 50 to 99.9.
    #[arg(long, value_name = "PERCENT", allow_negative_numbers = true, value_parser = argument::expected_percent)]
    on_time: Option<f64>,
    /// Make a plan for each of these expected shares of all promises kept and tell what more promises cost: up to ten, each
    /// 50 to 99.9, as in 90,95,98.1.
    #[arg(long, value_name = "PERCENTS", value_delimiter = ',', allow_negative_numbers = true, value_parser = argument::expected_percent, conflicts_with_all = ["on_time", "from"])]
    pub(super) frontier: Vec<f64>,
    /// Likewise, so many plans, 2 to 10: the first as if nothing varied, the others for targets up to 99.5 %.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i32).range(2..=10), conflicts_with_all = ["on_time", "from", "frontier"])]
    pub(super) frontier_points: Option<i32>,
    /// With a target: let every single promise be kept on at least this share of days: 1 to 99.
    #[arg(long, value_name = "PERCENT", requires = "aims", allow_negative_numbers = true, value_parser = argument::floor_percent)]
    pub(super) floor: Option<f64>,
    #[command(flatten)]
    pub(super) noise: argument::Noise,
}

pub(super) fn run(arguments: Arguments) -> Result<Done, Failure> {
    let problem: pb::Problem = day_file::read(&arguments.day)?;
    if arguments.frontier_points.is_some() || !arguments.frontier.is_empty() {
        return frontier::run(problem, &arguments);
    }
    day_file::expect_writable(&arguments.output)?;
    let solved = solve(&problem, &arguments)?;
    warn(&solved.warnings);
    let day = convert::planned_day(&solved);
    day_file::write(&arguments.output, &day)?;
    let plan = day.plan.unwrap_or_default();
    let forecast = day.forecast.unwrap_or_default();
    console::say(report::day(&plan, &forecast))?;
    let Some(outcome) = day.target_outcome else {
        return Ok(report::judge(&plan));
    };
    console::say(report::target(&outcome))?;
    Ok(if outcome.is_met {
        report::judge(&plan)
    } else {
        Done::InPart
    })
}

/// Shows what deserves a look.
pub(super) fn warn(warnings: &[Finding]) {
    for warning in warnings {
        console::note(report::plain(&format!(
            "warning: {}",
            finding_line(warning)
        )));
    }
}

fn solve(problem: &pb::Problem, arguments: &Arguments) -> Result<Solved, Failure> {
    let action = || format!("plan {}", arguments.day.display());
    let options = options(arguments);
    let initial = arguments.from.as_deref().map(day_file::read_initial_plan);
    let initial = initial.transpose()?;
    let limits = day_file::local_limits();
    let order =
        convert::read_solve_request(Some(problem), Some(&options), initial.as_ref(), &limits)
            .map_err(|refusal| Failure::refused(action(), &refusal))?;
    let runtime = day_file::runtime(day_file::LOCAL_LOG)?;
    runtime.block_on(async {
        let app = day_file::local_app(arguments.noise.file.as_deref())?;
        let place = app
            .enter()
            .map_err(|refusal| Failure::refused(action(), &refusal))?;
        let outcome = watch(app.launch(place, order, Clock::start(), None)).await;
        match outcome {
            Some(Outcome::Solved(solved) | Outcome::Cancelled(Some(solved))) => Ok(solved),
            Some(Outcome::Failed(fault)) => Err(Failure::new(action(), fault)),
            Some(Outcome::Cancelled(None) | Outcome::TooLate) | None => {
                Err(Failure::new(action(), "stopped before there was any plan"))
            }
        }
    })
}

/// How to search.
pub(super) fn options(arguments: &Arguments) -> pb::SolveOptions {
    let on_invalid_order = if arguments.set_aside {
        pb::OnInvalidOrder::SetAside
    } else {
        pb::OnInvalidOrder::Reject
    };
    pb::SolveOptions {
        time_budget_duration: argument::wire(arguments.time_limit),
        iteration_limit: arguments.iterations,
        seed: Some(arguments.random.seed),
        threads: arguments.threads,
        on_invalid_order: on_invalid_order as i32,
        fleet_first: arguments.fleet_first,
        on_time_target: arguments.on_time.map(|expected_percent| pb::OnTimeTarget {
            expected_percent,
            floor_percent: arguments.floor,
        }),
        ..pb::SolveOptions::default()
    }
}

/// Shows the search until it has ended.
async fn watch(mut run: Run) -> Option<Outcome> {
    let mut display = Display::start();
    let outcome = loop {
        let view = run.view.borrow_and_update().clone();
        if let Some(progress) = &view.progress {
            display.show(&convert::progress_message(Some(progress)));
        }
        if let Some(outcome) = view.outcome() {
            break Some(Outcome::clone(outcome));
        }
        tokio::select! {
            changed = run.view.changed() => if changed.is_err() { break None },
            interrupted = tokio::signal::ctrl_c() => if interrupted.is_ok() { run.stop.cancel() },
        }
    };
    display.finish();
    outcome
}

//! `punctual simulate`: a made-up history.

use std::path::PathBuf;

use clap::Args;

use super::{Done, Failure, argument, console, day_file};
use crate::formats::write_history;
use crate::grpc::convert::{self, Routes};
use crate::grpc::pb;

/// Carries a plan out on many days in a row, which vary as forecasts assume, and writes what would have been recorded:
/// planned and actual times as CSV.
///
/// Couriers keep on all days what lasts of their pace.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The planned day: the JSON form of `punctual.v1.PlannedDay`.
    #[arg(value_name = "PLAN.json")]
    plan: PathBuf,
    /// Days in a row, the first of them that of the plan.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=3_660))]
    days: u32,
    #[command(flatten)]
    random: argument::Random,
    /// Where to write the history.
    #[arg(long, value_name = "FILE.csv")]
    output: PathBuf,
    #[command(flatten)]
    noise: argument::Noise,
}

pub(super) fn run(arguments: Arguments) -> Result<Done, Failure> {
    day_file::expect_writable(&arguments.output)?;
    let day: pb::PlannedDay = day_file::read(&arguments.plan)?;
    let request = pb::ForecastPlanRequest {
        problem: day.problem,
        plan: day.plan,
        options: Some(pb::ForecastOptions {
            seed: Some(arguments.random.seed),
            ..pb::ForecastOptions::default()
        }),
    };
    let action = || format!("simulate {}", arguments.plan.display());
    let refused = |refusal| Failure::refused(action(), &refusal);
    let Routes {
        problem,
        sketches,
        options,
        ..
    } = convert::read_forecast_request(&request, &day_file::local_limits()).map_err(refused)?;
    let app = day_file::local_app(arguments.noise.file.as_deref())?;
    let simulated = app.simulate(problem, sketches, options, arguments.days);
    let history = day_file::runtime(day_file::LOCAL_LOG)?.block_on(simulated);
    let history = history.map_err(refused)?;
    day_file::write_text(&arguments.output, write_history(&history).as_bytes())?;
    let n_stops: usize = history.routes.iter().map(|route| route.stops.len()).sum();
    console::say(format_args!(
        "{}: {} days, {} routes, {n_stops} stops",
        arguments.output.display(),
        arguments.days,
        history.routes.len(),
    ))?;
    Ok(Done::Fully)
}

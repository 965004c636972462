//! `punctual forecast`: how likely a plan is to keep its promises.

use std::path::PathBuf;

use clap::Args;

use super::{Done, Failure, argument, console, day_file, report};
use crate::grpc::convert::{self, Routes};
use crate::grpc::pb;

/// Forecasts a plan that `punctual plan` or `punctual evaluate` wrote.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The planned day: the JSON form of `punctual.v1.PlannedDay`.
    #[arg(value_name = "PLAN.json")]
    plan: PathBuf,
    /// Simulated days, 128 to 65536, rounded up to a multiple of 256; by default 4096.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i32).range(128..=65_536))]
    scenarios: Option<i32>,
    #[command(flatten)]
    random: argument::Random,
    /// Where to write the forecast: the JSON form of `punctual.v1.PlanForecast`.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Find out what makes promises fail, too.
    #[arg(long)]
    causes: bool,
    #[command(flatten)]
    noise: argument::Noise,
}

pub(super) fn run(arguments: Arguments) -> Result<Done, Failure> {
    if let Some(path) = &arguments.output {
        day_file::expect_writable(path)?;
    }
    let day: pb::PlannedDay = day_file::read(&arguments.plan)?;
    let set_aside = match &day.plan {
        Some(plan) => plan.set_aside_order_ids.clone(),
        None => Vec::new(),
    };
    let request = pb::ForecastPlanRequest {
        problem: day.problem,
        plan: day.plan,
        options: Some(pb::ForecastOptions {
            scenarios: arguments.scenarios,
            causes: arguments.causes,
            seed: Some(arguments.random.seed),
            ..pb::ForecastOptions::default()
        }),
    };
    let action = || format!("forecast {}", arguments.plan.display());
    let refused = |refusal| Failure::refused(action(), &refusal);
    let Routes {
        problem,
        sketches,
        options,
        ..
    } = convert::read_forecast_request(&request, &day_file::local_limits()).map_err(refused)?;
    let app = day_file::local_app(arguments.noise.file.as_deref())?;
    let evaluated =
        day_file::runtime(day_file::LOCAL_LOG)?.block_on(app.evaluate(problem, sketches, options));
    let (problem, plan, forecast) = evaluated.map_err(refused)?;
    let forecast = convert::forecast_message(&forecast);
    let plan = convert::plan_message(&problem, &plan, &set_aside);
    console::say(report::route_table(&plan, &forecast))?;
    console::say(report::forecast_summary(&plan, &forecast).trim_end())?;
    if let Some(path) = &arguments.output {
        day_file::write(path, &forecast)?;
    }
    Ok(Done::Fully)
}

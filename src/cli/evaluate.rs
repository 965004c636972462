//! `punctual evaluate`: what given routes would mean.

use std::path::PathBuf;

use clap::Args;

use super::{Done, Failure, argument, console, day_file, report};
use crate::grpc::convert::{self, Routes};
use crate::grpc::pb;

/// Times, checks and forecasts given routes without any search; exits with 2 if they break a constraint or leave a
/// promised order out.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The day: the JSON form of `punctual.v1.Problem`.
    #[arg(value_name = "DAY.json")]
    day: PathBuf,
    /// The routes: {"routes": [{"courierId": "...", "orderIds": ["...", "..."]}]}.
    #[arg(long, value_name = "FILE")]
    routes: PathBuf,
    /// Where to write the routes with their times, with problem and forecast: the JSON form of
    /// `punctual.v1.PlannedDay`.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    noise: argument::Noise,
}

pub(super) fn run(arguments: Arguments) -> Result<Done, Failure> {
    let problem: pb::Problem = day_file::read(&arguments.day)?;
    let routes: pb::EvaluatePlanRequest = day_file::read(&arguments.routes)?;
    let request = pb::EvaluatePlanRequest {
        problem: Some(problem),
        ..routes
    };
    let action = || format!("evaluate {}", arguments.routes.display());
    let refused = |refusal| Failure::refused(action(), &refusal);
    let Routes {
        problem,
        sketches,
        options,
        input_digest,
    } = convert::read_evaluate_request(&request, &day_file::local_limits()).map_err(refused)?;
    let app = day_file::local_app(arguments.noise.file.as_deref())?;
    let evaluated =
        day_file::runtime(day_file::LOCAL_LOG)?.block_on(app.evaluate(problem, sketches, options));
    let (problem, mut plan, forecast) = evaluated.map_err(refused)?;
    plan.provenance.input_digest = input_digest;
    let plan = convert::plan_message(&problem, &plan, &[]);
    let forecast = convert::forecast_message(&forecast);
    console::say(report::day(&plan, &forecast))?;
    let done = report::judge(&plan);
    if let Some(path) = &arguments.output {
        let day = pb::PlannedDay {
            problem: request.problem,
            plan: Some(plan),
            forecast: Some(forecast),
            target_outcome: None,
        };
        day_file::write(path, &day)?;
    }
    Ok(done)
}

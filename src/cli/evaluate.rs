//! `punctual evaluate`: what given routes would mean.

use std::path::PathBuf;

use clap::Args;

use super::{Done, Failure, argument, console, day_file, report};
use crate::app::Refusal;
use crate::grpc::convert::{self, Routes};
use crate::grpc::pb;

/// Times, checks and forecasts given routes without any search; exits with 2 if they break a constraint or leave a
/// promised order out.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The day: the JSON form of `punctual.v1.Problem`.
    #[arg(value_name = "DAY.json")]
    day: PathBuf,
    /// The routes: {"routes": [{"courierId": "...", "orderIds": ["...", "..."]}]}, or what `punctual plan` or `punctual
    /// evaluate` wrote, of which sequences and start times count.
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
    if let Some(path) = &arguments.output {
        day_file::expect_writable(path)?;
    }
    let routes = day_file::read_routes(&arguments.routes)?;
    let set_aside = match &routes {
        day_file::Routes::Planned(plan) => plan.set_aside_order_ids.clone(),
        day_file::Routes::Sketched(_) => Vec::new(),
    };
    let action = || format!("evaluate {}", arguments.routes.display());
    let refused = |refusal| Failure::refused(action(), &refusal);
    let Routes {
        problem: accepted,
        sketches,
        options,
        input_digest,
    } = read(&problem, routes).map_err(refused)?;
    let app = day_file::local_app(arguments.noise.file.as_deref())?;
    let evaluated =
        day_file::runtime(day_file::LOCAL_LOG)?.block_on(app.evaluate(accepted, sketches, options));
    let (planned, mut plan, forecast) = evaluated.map_err(refused)?;
    plan.provenance.input_digest = input_digest;
    let plan = convert::plan_message(&planned, &plan, &set_aside);
    let forecast = convert::forecast_message(&forecast);
    console::say(report::day(&plan, &forecast))?;
    let done = report::judge(&plan);
    if let Some(path) = &arguments.output {
        let day = pb::PlannedDay {
            problem: Some(problem),
            plan: Some(plan),
            forecast: Some(forecast),
            target_outcome: None,
        };
        day_file::write(path, &day)?;
    }
    Ok(done)
}

/// Reads routes together with the day that they are for.
fn read(problem: &pb::Problem, routes: day_file::Routes) -> Result<Routes, Refusal> {
    let problem = Some(problem.clone());
    let limits = day_file::local_limits();
    match routes {
        day_file::Routes::Sketched(request) => {
            let request = pb::EvaluatePlanRequest {
                problem,
                ..*request
            };
            convert::read_evaluate_request(&request, &limits)
        }
        day_file::Routes::Planned(plan) => {
            let request = pb::ForecastPlanRequest {
                problem,
                plan: Some(*plan),
                options: None,
            };
            convert::read_forecast_request(&request, &limits)
        }
    }
}

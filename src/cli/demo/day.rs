//! `punctual demo day`: a simulated day in fast time against the running service.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::sync::oneshot;
use tonic::transport::Channel;

use super::play::Play;
use super::script::script;
use super::{connect, local_config, name_of, read_day, solve, start_server};
use crate::cli::{Done, Failure, argument, console, day_file, serve};
use crate::config::Config;
use crate::grpc::convert::{self, Routes};
use crate::grpc::pb;
use crate::grpc::pb::day_service_client::DayServiceClient;
use crate::model::{DayId, NoiseModel, Plan, Problem};
use crate::planner;
use crate::travel::TravelTimes;
use crate::world::World;

/// Plays a day through the service: it is planned, couriers leave, there is a jam at five in the afternoon, a vehicle breaks
/// down; promises at risk are told, remedies are applied, and the rest of the day is repaired. At the end it says what came
/// of it, who was told what, what was done and what that costs, and what would have come of it had the plan been followed
/// blindly.
///
/// Without --server, the service runs in this process on a loopback port. The dispatcher's page follows the day.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Seconds of the day in one second; 0 is as fast as possible.
    #[arg(long, value_name = "NUMBER", default_value_t = 600.0)]
    speed: f64,
    /// A running service to play against, as `http://HOST:PORT`.
    #[arg(long, value_name = "URL", conflicts_with_all = ["data", "stay"])]
    server: Option<String>,
    /// Directory where the service of this process keeps what it is told; by default it forgets everything at the end.
    #[arg(long, value_name = "DIRECTORY")]
    data: Option<PathBuf>,
    /// Keep serving after the day until Ctrl-C, the dispatcher's page included.
    #[arg(long)]
    stay: bool,
    /// Another day: the JSON form of `punctual.v1.Problem`.
    #[arg(long, value_name = "FILE")]
    day: Option<PathBuf>,
    /// Name of the live day. A day of this name that the service has already is not played again.
    #[arg(long, value_name = "NAME", default_value = "demo-day")]
    name: String,
    /// Share of promises that the plan is to keep, in percent, 50 to 99.9.
    #[arg(long, value_name = "PERCENT", default_value_t = 95.0, value_parser = argument::expected_percent)]
    on_time: f64,
    /// Wall time for planning, up to 60m.
    #[arg(long, value_name = "TIME", default_value = "20s", allow_hyphen_values = true, value_parser = argument::service_time)]
    time_limit: Duration,
    #[command(flatten)]
    random: argument::Random,
}

pub(super) fn run(arguments: Arguments) -> Result<Done, Failure> {
    if !(arguments.speed >= 0.0 && arguments.speed.is_finite()) {
        return Err(Failure::usage(
            "read the arguments",
            "--speed is a number of seconds, 0 or more",
        ));
    }
    if let Err(error) = DayId::parse(&arguments.name) {
        return Err(Failure::usage("read --name", error));
    }
    let problem = read_day(arguments.day.as_deref())?;
    day_file::runtime(day_file::LOCAL_LOG)?.block_on(demonstrate(problem, arguments))
}

async fn demonstrate(problem: pb::Problem, arguments: Arguments) -> Result<Done, Failure> {
    if let Some(url) = &arguments.server {
        let channel = connect(url).await?;
        play(channel, problem, &arguments).await?;
        return Ok(Done::Fully);
    }
    let (end, ended) = oneshot::channel::<()>();
    let mut config = local_config();
    if let Some(data) = &arguments.data {
        config = Config {
            data: data.clone(),
            store: String::new(),
            ..config
        };
    }
    let (address, serving) = start_server(&config, ended).await?;
    console::say(format_args!(
        "The service listens on {address}; the dispatcher's page is at http://{address}/."
    ))?;
    let channel = connect(&format!("http://{address}")).await?;
    play(channel, problem, &arguments).await?;
    if arguments.stay {
        console::say(format_args!("Still serving on {address} until Ctrl-C."))?;
        serve::shutdown_signal()?.await;
    }
    // An error means that the server has ended already, and why comes next.
    let _ = end.send(());
    let served = serving.await;
    let served = served.map_err(|error| Failure::new("serve", error))?;
    served.map_err(|error| Failure::new("serve", error))?;
    Ok(Done::Fully)
}

/// Plans the day, plays it, and says what came of it.
async fn play(
    channel: Channel,
    problem: pb::Problem,
    arguments: &Arguments,
) -> Result<(), Failure> {
    free_name(channel.clone(), &arguments.name).await?;
    console::say(format_args!(
        "Planning {}: {} orders, {} couriers, {} s.",
        name_of(&problem),
        problem.orders.len(),
        problem.couriers.len(),
        arguments.time_limit.as_secs_f64()
    ))?;
    let options = pb::SolveOptions {
        time_budget_duration: argument::wire(arguments.time_limit),
        on_time_target: Some(pb::OnTimeTarget {
            expected_percent: arguments.on_time,
            ..pb::OnTimeTarget::default()
        }),
        ..pb::SolveOptions::default()
    };
    // The same name with another time or target is another plan.
    let request_id = format!(
        "plan of {} for {} % in {} ms",
        arguments.name,
        arguments.on_time,
        arguments.time_limit.as_millis()
    );
    let solved = solve(channel.clone(), problem.clone(), options, &request_id).await?;
    let expected = solved.forecast.as_ref();
    console::say(format_args!(
        "{} routes; {:.1} % of promises expected on time by the plan.",
        solved.plan.as_ref().map_or(0, |plan| plan.routes.len()),
        expected.map_or(0.0, |forecast| forecast.expected_on_time_percent)
    ))?;
    let day = pb::PlannedDay {
        problem: Some(problem),
        plan: solved.plan,
        forecast: None,
        target_outcome: None,
    };
    let (problem, plan) = read_plan(&day)?;
    let problem = Arc::new(problem);
    let seed = arguments.random.seed;
    let world = || {
        let trouble = script(&problem, &plan, seed);
        let noise = NoiseModel::default();
        World::new(Arc::clone(&problem), &plan, &noise, trouble, seed)
    };
    let ending = Play::start(channel, &arguments.name, day, world(), arguments.speed)
        .await?
        .run()
        .await?;
    let mut blind = world();
    while let Some(next) = blind.next_moment() {
        blind.pass(next);
    }
    console::say(ending.figures(&blind))
}

/// Sees that there is no live day of this name yet, before anything is planned for it.
async fn free_name(channel: Channel, name: &str) -> Result<(), Failure> {
    let mut client = DayServiceClient::new(channel);
    let days = client.list_live_days(pb::ListLiveDaysRequest {}).await;
    let days = days.map_err(|status| Failure::status("list the live days", &status))?;
    if days.into_inner().live_day_ids.iter().any(|day| day == name) {
        let why = format!("there is one called {name} already; give another --name");
        return Err(Failure::new("start the live day", why));
    }
    Ok(())
}

/// The problem and the plan of a planned day.
pub(super) fn read_plan(day: &pb::PlannedDay) -> Result<(Problem, Plan), Failure> {
    let request = pb::ForecastPlanRequest {
        problem: day.problem.clone(),
        plan: day.plan.clone(),
        options: None,
    };
    let read = convert::read_forecast_request(&request, &day_file::local_limits());
    let Routes {
        problem, sketches, ..
    } = read.map_err(|refusal| Failure::refused("read the plan".to_owned(), &refusal))?;
    let plan = planner::evaluate(&problem, &TravelTimes::new(&problem), &sketches);
    Ok((problem, plan))
}

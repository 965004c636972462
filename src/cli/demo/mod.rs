//! `punctual demo`: the whole service at work on the bundled day, through a real client.

mod day;
mod ear;
mod ending;
mod morning;
mod play;
mod promises;
mod script;
mod tally;
mod verdict;
mod visit;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::transport::Channel;

use super::progress::Display;
use super::{ANSWER_BYTES_MAX, Done, Failure, argument, console, day_file, report, serve};
use crate::config::Config;
use crate::grpc::pb::planning_service_client::PlanningServiceClient;
use crate::grpc::pb::route_sheet_service_client::RouteSheetServiceClient;
use crate::grpc::server::{Server, ServerError};
use crate::grpc::{json, pb};
use crate::sheet::{Format, Language};

/// Where the bundled day lies in the project.
const BUNDLED_PATH: &str = "data/moscow-day.json";
/// The bundled day, for when the program runs elsewhere.
const BUNDLED: &str = include_str!("../../../data/moscow-day.json");

/// Starts the service on a loopback port, plans the bundled day through a gRPC client, shows routes and on-time
/// forecast, and writes every courier's route sheet.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Keep serving until Ctrl-C, the dispatcher's page included.
    #[arg(long)]
    stay: bool,
    /// Another day: the JSON form of `punctual.v1.Problem`.
    #[arg(long, value_name = "FILE")]
    day: Option<PathBuf>,
    /// Folder to write the sheets to.
    #[arg(long, value_name = "DIRECTORY", default_value = "demo-out")]
    output: PathBuf,
    /// Wall time for the search, up to 60m.
    #[arg(long, value_name = "TIME", default_value = "20s", allow_hyphen_values = true, value_parser = argument::service_time)]
    time_limit: Duration,
    /// Language of the route sheets: en or ru.
    #[arg(long, value_name = "LANGUAGE", default_value = "en")]
    lang: Language,
    #[command(flatten)]
    noise: argument::Noise,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Day(day::Arguments),
    Promises(Box<promises::Arguments>),
}

pub(super) fn run(mut arguments: Arguments) -> Result<Done, Failure> {
    match arguments.command.take() {
        Some(Command::Day(arguments)) => return day::run(arguments),
        Some(Command::Promises(arguments)) => return promises::run(*arguments),
        None => {}
    }
    let problem = read_day(arguments.day.as_deref())?;
    day_file::ready_folder(&arguments.output)?;
    day_file::runtime(day_file::LOCAL_LOG)?.block_on(demonstrate(problem, arguments))
}

fn read_day(path: Option<&Path>) -> Result<pb::Problem, Failure> {
    let bundled = Path::new(BUNDLED_PATH);
    match path {
        Some(path) => day_file::read(path),
        None if bundled.exists() => day_file::read(bundled),
        None => json::read(BUNDLED).map_err(|error| Failure::new("read the bundled day", error)),
    }
}

async fn demonstrate(problem: pb::Problem, arguments: Arguments) -> Result<Done, Failure> {
    let (end, ended) = oneshot::channel::<()>();
    let config = Config {
        noise: arguments.noise.file.clone(),
        ..local_config()
    };
    let (address, serving) = start_server(&config, ended).await?;
    console::say(format_args!("The service listens on {address}."))?;
    let channel = connect(&format!("http://{address}")).await?;
    let name = name_of(&problem);
    console::say(format_args!(
        "Sending {name}: {} orders, {} couriers, {} s to plan.",
        problem.orders.len(),
        problem.couriers.len(),
        arguments.time_limit.as_secs_f64()
    ))?;
    let options = pb::SolveOptions {
        time_budget_duration: argument::wire(arguments.time_limit),
        ..pb::SolveOptions::default()
    };
    let solved = solve(channel.clone(), problem.clone(), options, "demo").await?;
    let plan = solved.plan.unwrap_or_default();
    let forecast = solved.forecast.unwrap_or_default();
    console::say(report::day(&plan, &forecast))?;
    let day = pb::PlannedDay {
        problem: Some(problem),
        plan: Some(plan),
        forecast: Some(forecast),
        target_outcome: solved.target_outcome,
    };
    write_sheets(channel, day, &arguments).await?;
    if arguments.stay {
        say_how_to_call(address)?;
        serve::shutdown_signal()?.await;
    }
    // An error means that the server has ended already, and why comes next.
    let _ = end.send(());
    let served = serving
        .await
        .map_err(|error| Failure::new("serve", error))?;
    served.map_err(|error| Failure::new("serve", error))?;
    Ok(Done::Fully)
}

/// A client of the service at `url`.
async fn connect(url: &str) -> Result<Channel, Failure> {
    Channel::from_shared(url.to_owned())
        .map_err(|error| Failure::new("make a client", error))?
        .connect()
        .await
        .map_err(|_| {
            let why = "nobody answers there: is `punctual serve` running?";
            Failure::new(format!("connect to {url}"), why)
        })
}

/// What the day is called.
fn name_of(problem: &pb::Problem) -> String {
    match problem.name.as_str() {
        "" => "the day".to_owned(),
        name => report::plain(name),
    }
}

/// How a service of this process is configured that only it knows: on a free port, forgetting everything at the end.
fn local_config() -> Config {
    Config {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        store: "memory".to_owned(),
        ..Config::default()
    }
}

async fn start_server(
    config: &Config,
    ended: oneshot::Receiver<()>,
) -> Result<(SocketAddr, JoinHandle<Result<(), ServerError>>), Failure> {
    let server = Server::bind(config)
        .await
        .map_err(|error| Failure::new("start the service", error))?;
    let server = serve::with_pages(server, config).await?;
    let address = server.address();
    let serving = tokio::spawn(server.serve(async {
        // A sender that is gone means that the demonstration has failed.
        let _ = ended.await;
    }));
    Ok((address, serving))
}

/// Plans the day as a job, so that the dispatcher's page has it.
async fn solve(
    channel: Channel,
    problem: pb::Problem,
    options: pb::SolveOptions,
    request_id: &str,
) -> Result<pb::SolvedPlan, Failure> {
    let failed = |status: tonic::Status| Failure::status("plan the day", &status);
    let mut client =
        PlanningServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX);
    let request = pb::StartPlanRequest {
        problem: Some(problem),
        options: Some(options),
        request_id: request_id.to_owned(),
        initial_plan: None,
    };
    let started = client.start_plan(request).await.map_err(failed)?;
    let job_id = started.into_inner().job_id;
    let watched = client.watch_plan(pb::WatchPlanRequest { job_id }).await;
    let mut events = watched.map_err(failed)?.into_inner();
    let mut display = Display::start();
    let mut last = pb::WatchPlanResponse::default();
    while let Some(message) = events.message().await.map_err(failed)? {
        if let Some(progress) = &message.progress {
            display.show(progress);
        }
        last = message;
    }
    display.finish();
    last.solved
        .ok_or_else(|| Failure::new("plan the day", last.failure))
}

async fn write_sheets(
    channel: Channel,
    day: pb::PlannedDay,
    arguments: &Arguments,
) -> Result<(), Failure> {
    let language = match arguments.lang {
        Language::En => pb::Language::En,
        Language::Ru => pb::Language::Ru,
    };
    let request = pb::RenderRouteSheetRequest {
        day: Some(day),
        courier_ids: Vec::new(),
        language: language as i32,
        ..pb::RenderRouteSheetRequest::default()
    };
    let rendered = RouteSheetServiceClient::new(channel)
        .max_decoding_message_size(ANSWER_BYTES_MAX)
        .render_route_sheet(request)
        .await
        .map_err(|status| Failure::status("render the route sheets", &status))?
        .into_inner();
    let mut written = Vec::new();
    for sheet in &rendered.sheets {
        // The name comes over the wire: whatever it says, the file stays in the folder.
        let name = Path::new(&sheet.file_name).file_name();
        let name = name.ok_or_else(|| Failure::new("write a sheet", "it has no file name"))?;
        day_file::write_text(&arguments.output.join(name), &sheet.content)?;
        written.push(name.to_string_lossy().into_owned());
    }
    day_file::warn_of_other_sheets(&arguments.output, &written, Format::Html);
    console::say(format_args!(
        "{} route sheets are in {}.",
        rendered.sheets.len(),
        arguments.output.display()
    ))
}

fn say_how_to_call(address: SocketAddr) -> Result<(), Failure> {
    console::say(format_args!(
        "Still serving on {address} until Ctrl-C; the page is at http://{address}/. For example:\n  \
         grpcurl -plaintext {address} list\n  \
         grpcurl -plaintext {address} describe punctual.v1.PlanningService\n  \
         grpcurl -plaintext -d '{{\"service\": \"punctual.v1.PlanningService\"}}' {address} \
         grpc.health.v1.Health/Check"
    ))
}

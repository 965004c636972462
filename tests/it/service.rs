//! A server on a port of its own and clients for it.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use punctual::app::{App, Occupancy};
use punctual::config::Config;
use punctual::grpc::pb::benchmark_service_client::BenchmarkServiceClient;
use punctual::grpc::pb::day_service_client::DayServiceClient;
use punctual::grpc::pb::forecast_service_client::ForecastServiceClient;
use punctual::grpc::pb::planning_service_client::PlanningServiceClient;
use punctual::grpc::pb::promise_service_client::PromiseServiceClient;
use punctual::grpc::pb::route_sheet_service_client::RouteSheetServiceClient;
use punctual::grpc::pb::{self, solve_plan_response::Event};
use punctual::grpc::server::{Server, ServerError};
use punctual::web::{self, Secret};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::Streaming;
use tonic::transport::Channel;

/// Longest wait for anything that should happen soon, on a machine that is busy with other things.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A running server. Dropping it ends it.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    pub(crate) pages_address: SocketAddr,
    pub(crate) app: Arc<App>,
    end: Option<oneshot::Sender<()>>,
    serving: JoinHandle<Result<(), ServerError>>,
}

impl Service {
    pub(crate) async fn start() -> Self {
        Self::with(|_| ()).await
    }

    /// A server whose configuration is the default but for what `change` changes.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::bind(change, false).await
    }

    /// The same, serving browsers, too.
    pub(crate) async fn with_pages(change: impl FnOnce(&mut Config)) -> Self {
        Self::bind(change, true).await
    }

    async fn bind(change: impl FnOnce(&mut Config), has_pages: bool) -> Self {
        let mut config = Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            store: "memory".to_owned(),
            ..Config::default()
        };
        config.planning.threads_per_plan_max = 2;
        change(&mut config);
        let mut server = Server::bind(&config).await.unwrap();
        if has_pages {
            let drawn = Secret::draw().unwrap();
            let secret = server.secret(Secret::NAME, drawn).await.unwrap();
            let pages = web::router(server.api(), secret.into(), &config);
            server = server.with_pages(pages);
        }
        let pages_address = server.pages_address();
        let (end, ended) = oneshot::channel();
        let (address, app) = (server.address(), server.app());
        let serving = tokio::spawn(server.serve(async {
            let _ = ended.await;
        }));
        Self {
            address,
            pages_address,
            app,
            end: Some(end),
            serving,
        }
    }

    pub(crate) async fn channel(&self) -> Channel {
        let endpoint = Channel::from_shared(format!("http://{}", self.address)).unwrap();
        endpoint.connect().await.unwrap()
    }

    pub(crate) async fn planning(&self) -> PlanningServiceClient<Channel> {
        PlanningServiceClient::new(self.channel().await)
    }

    pub(crate) async fn forecasting(&self) -> ForecastServiceClient<Channel> {
        ForecastServiceClient::new(self.channel().await)
    }

    pub(crate) async fn benchmarking(&self) -> BenchmarkServiceClient<Channel> {
        BenchmarkServiceClient::new(self.channel().await)
    }

    pub(crate) async fn promises(&self) -> PromiseServiceClient<Channel> {
        PromiseServiceClient::new(self.channel().await)
    }

    pub(crate) async fn live_days(&self) -> DayServiceClient<Channel> {
        DayServiceClient::new(self.channel().await)
    }

    pub(crate) async fn sheets(&self) -> RouteSheetServiceClient<Channel> {
        RouteSheetServiceClient::new(self.channel().await)
    }

    /// Asks the server to end, without waiting.
    pub(crate) fn shut_down(&mut self) {
        if let Some(end) = self.end.take() {
            end.send(()).unwrap();
        }
    }

    /// Waits until the server has ended.
    pub(crate) async fn ended(self) -> Result<(), ServerError> {
        within(self.serving).await.unwrap()
    }

    /// Waits until so many plans run and wait.
    pub(crate) async fn reaches(&self, running: usize, waiting: usize) {
        let expected = Occupancy { running, waiting };
        within(async {
            while self.app.occupancy() != expected {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await;
    }
}

/// The result of `future`, which must not take forever.
pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    let waited = tokio::time::timeout(PATIENCE, future).await;
    waited.expect("this should have happened long ago")
}

/// A request to plan `problem` in about `millis` milliseconds.
pub(crate) fn solve_request(problem: pb::Problem, millis: u64) -> pb::SolvePlanRequest {
    pb::SolvePlanRequest {
        problem: Some(problem),
        options: Some(budget(millis)),
        initial_plan: None,
    }
}

/// Options with a time budget.
pub(crate) fn budget(millis: u64) -> pb::SolveOptions {
    pb::SolveOptions {
        time_budget_duration: Duration::from_millis(millis).try_into().ok(),
        threads: Some(1),
        ..pb::SolveOptions::default()
    }
}

/// Everything that comes before the end of a stream, and the plan at its end.
pub(crate) async fn read_to_end(
    mut events: Streaming<pb::SolvePlanResponse>,
) -> Result<(Vec<pb::Progress>, pb::SolvedPlan), tonic::Status> {
    let mut progress = Vec::new();
    let mut solved = None;
    while let Some(message) = within(events.message()).await? {
        assert!(solved.is_none(), "the plan is the last message");
        match message.event.expect("a message says something") {
            Event::Progress(news) => progress.push(news),
            Event::Solved(plan) => solved = Some(plan),
        }
    }
    Ok((
        progress,
        solved.expect("a stream without error ends with a plan"),
    ))
}

/// Waits for the first plan of a search.
pub(crate) async fn first_plan(events: &mut Streaming<pb::SolvePlanResponse>) {
    loop {
        let message = within(events.message()).await.unwrap().unwrap();
        if let Some(Event::Progress(progress)) = message.event
            && !progress.queued
        {
            return;
        }
    }
}

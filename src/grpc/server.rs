//! The server: every service on one port, every limit set explicitly, an end that does not hang.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::response::IntoResponse;
use tokio::net::TcpListener;
use tonic::service::Routes;
use tonic::transport::Server as Transport;
use tonic::transport::server::Router;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tower::layer::util::{Identity, Stack};

use super::benchmarking::Benchmarking;
use super::calls::CallLayer;
use super::convert::TableBounds;
use super::exchanging::Exchanging;
use super::following::Following;
use super::forecasting::Forecasting;
use super::local::Api;
use super::noise_file::{NoiseFileError, read_noise_file};
use super::pb::benchmark_service_server::BenchmarkServiceServer;
use super::pb::day_service_server::DayServiceServer;
use super::pb::exchange_service_server::ExchangeServiceServer;
use super::pb::forecast_service_server::ForecastServiceServer;
use super::pb::planning_service_server::PlanningServiceServer;
use super::pb::promise_service_server::PromiseServiceServer;
use super::pb::route_sheet_service_server::RouteSheetServiceServer;
use super::planning::Planning;
use super::promising::Promising;
use super::sheets::Sheets;
use super::{FILE_DESCRIPTOR_SET, connections, health};
use crate::app::{App, LiveSetup, PromisesSetup};
use crate::clock::WallClock;
use crate::config::{self, Config, PagesAt, PlanningConfig, ServerConfig};
use crate::store::{MalformedUrl, Owner, Store, StoreError, StoreUrl};

/// Streams that a peer may have reset before they were accepted. The library's default, pinned against upgrades.
const RESET_STREAMS_PENDING_MAX: usize = 20;
/// Streams that we may have reset because of a peer's errors. The library's default, pinned against upgrades.
const RESET_STREAMS_LOCAL_MAX: usize = 1_024;
/// Largest HTTP/2 frame in bytes: the protocol's default.
const FRAME_BYTES_MAX: u32 = 16_384;
/// Flow-control windows in bytes: what a peer may send on a stream and on a connection before it is read.
const STREAM_WINDOW_BYTES: u32 = 1 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 2 << 20;

/// Why the server does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address cannot be listened on.
    #[error("listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
    /// The application's threads did not start.
    #[error("start the threads for computations: {0}")]
    Threads(#[source] io::Error),
    /// The configured noise model is not usable.
    #[error("read {0}")]
    Noise(#[from] NoiseFileError),
    /// The configured store is none.
    #[error("read the setting `store`: {0}")]
    StoreUrl(#[from] MalformedUrl),
    /// The ledger of promises cannot be kept.
    #[error("open the store {url}: {source}")]
    Store {
        /// Where it is.
        url: StoreUrl,
        /// What stands against it.
        source: StoreError,
    },
    /// The embedded descriptors are not usable.
    #[error("describe the services: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The transport failed.
    #[error("serve: {0}")]
    Transport(#[from] tonic::transport::Error),
}

/// A server that listens.
pub struct Server {
    app: Arc<App>,
    config: ServerConfig,
    planning: PlanningConfig,
    calls: CallLayer,
    listener: TcpListener,
    address: SocketAddr,
    /// Where pages are served if not on the same port.
    pages_listener: Option<(TcpListener, SocketAddr)>,
    /// What browsers are served.
    pages: Option<axum::Router>,
    store: Store,
    store_url: StoreUrl,
}

impl Server {
    /// Listens on the configured address; callers wait until [`Server::serve`].
    ///
    /// # Errors
    /// If the configured noise model or store is not usable, the address cannot be listened on, or threads do not start.
    pub async fn bind(config: &Config) -> Result<Self, ServerError> {
        let noise = config.noise.as_deref().map(read_noise_file).transpose()?;
        let app = App::new(config.planning.clone(), noise).map_err(ServerError::Threads)?;
        let (store_url, store) = open_store(config).await?;
        let (listener, address) = listen(config.listen).await?;
        let pages_listener = match config.http {
            PagesAt::Address(address) => Some(listen(address).await?),
            PagesAt::SamePort | PagesAt::Nowhere => None,
        };
        let (owner, clock) = (owner(config, address), WallClock::system());
        let live = LiveSetup {
            store: store.clone(),
            owner: owner.clone(),
            clock: clock.clone(),
            lease_lasts: config::millis(config.promises.lease_ms),
            config: config.live.clone(),
        };
        let setup = PromisesSetup {
            store: store.clone(),
            owner,
            clock,
            config: config.promises.clone(),
        };
        app.keep_promises(setup).map_err(ServerError::Threads)?;
        app.follow_days(live).map_err(ServerError::Threads)?;
        Ok(Self {
            app: Arc::new(app),
            config: config.server.clone(),
            planning: config.planning.clone(),
            calls: CallLayer::new(&config.server),
            listener,
            address,
            pages_listener,
            pages: None,
            store,
            store_url,
        })
    }

    /// The secret called `name` that is kept where promises are: `drawn` if there was none.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub async fn secret(&self, name: &str, drawn: [u8; 32]) -> Result<[u8; 32], ServerError> {
        let secret = self.store.secret(name, drawn).await;
        secret.map_err(|source| ServerError::Store {
            url: self.store_url.clone(),
            source,
        })
    }

    /// Serves browsers, too: on the address for pages, or else on the same port.
    #[must_use]
    pub fn with_pages(mut self, pages: axum::Router) -> Self {
        self.pages = Some(pages);
        self
    }

    /// The address that pages are served on if there are any.
    #[must_use]
    pub fn pages_address(&self) -> SocketAddr {
        let own = self.pages_listener.as_ref();
        own.map_or(self.address, |(_, address)| *address)
    }

    /// The API for callers within the process.
    #[must_use]
    pub fn api(&self) -> Api {
        Api::new(
            self.planning_service(),
            self.promise_service(),
            self.day_service(),
            &self.calls,
        )
    }

    /// The address listened on, with the port that the system chose if none was configured.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The application behind the services.
    #[must_use]
    pub fn app(&self) -> Arc<App> {
        Arc::clone(&self.app)
    }

    /// Serves until `shutdown` is ready and the calls then running have ended, or the time for that is over.
    ///
    /// After `shutdown`, health checks say that nothing is served, no connection is accepted, new plans are refused,
    /// and running searches end at once with their best plan.
    ///
    /// # Errors
    /// If the transport fails.
    pub async fn serve(
        self,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServerError> {
        self.take_up();
        let health = HealthReporter::new();
        health::report(&health, ServingStatus::Serving).await;
        let router = self.router(&health)?;
        let alone = self.pages.clone().filter(|_| self.pages_listener.is_some());
        let alone = alone.map(|pages| {
            let routes = Routes::from(pages.fallback(lost));
            let transport = self.transport(true).layer(self.calls.clone());
            { transport }.add_routes(routes)
        });
        let incoming = connections::accept(
            self.listener,
            config::count(self.config.connections_max),
            config::millis(self.config.handshake_ms),
        );
        tracing::info!(
            address = %self.address,
            request_memory_bytes = self.config.request_memory_bytes(),
            "serving"
        );
        let (sender, asked) = tokio::sync::oneshot::channel();
        let (pages_sender, pages_closing) = tokio::sync::watch::channel(false);
        let app = Arc::clone(&self.app);
        let followed = (self.store.clone(), health.clone(), pages_closing.clone());
        tokio::spawn(health::follow(followed.0, followed.1, followed.2));
        let closing = async move {
            shutdown.await;
            tracing::info!("shutting down");
            pages_sender.send_replace(true);
            health::report(&health, ServingStatus::NotServing).await;
            app.shut_down();
            // An error means that the server has ended already.
            let _ = sender.send(());
        };
        let serving = router.serve_with_incoming_shutdown(incoming, closing);
        let pages_listener = self.pages_listener.map(|(listener, _)| listener);
        let pages = Self::serve_pages(alone, pages_listener, &self.config, pages_closing);
        let both = async { tokio::try_join!(async { Ok(serving.await?) }, pages) };
        let drain = config::millis(self.config.drain_ms);
        tokio::select! {
            served = both => {
                served?;
            }
            () = overdue(asked, drain) => tracing::warn!("some calls did not end in time"),
        }
        Ok(())
    }

    /// Takes up days that are under way and that nobody has, as long as the server lasts, beside everything else.
    fn take_up(&self) {
        let app = Arc::downgrade(&self.app);
        tokio::spawn(async move {
            let mut is_away = false;
            loop {
                let Some(app) = app.upgrade() else { return };
                let Some(live) = app.live_days() else { return };
                match live.take_up().await {
                    Ok(()) => is_away = false,
                    Err(error) if !is_away => {
                        tracing::warn!("live days are taken up only when asked for: {error}");
                        is_away = true;
                    }
                    Err(_) => {}
                }
                let pause = live.take_up_every();
                drop(app);
                tokio::time::sleep(pause).await;
            }
        });
    }

    fn planning_service(&self) -> PlanningServiceServer<Planning> {
        let app = Arc::clone(&self.app);
        PlanningServiceServer::new(Planning { app })
            .max_decoding_message_size(config::count(self.config.message_bytes_max))
            .max_encoding_message_size(config::count(self.config.answer_bytes_max))
    }

    fn promise_service(&self) -> PromiseServiceServer<Promising> {
        let app = Arc::clone(&self.app);
        PromiseServiceServer::new(Promising { app })
            .max_decoding_message_size(config::count(self.config.message_bytes_max))
            .max_encoding_message_size(config::count(self.config.answer_bytes_max))
    }

    fn day_service(&self) -> DayServiceServer<Following> {
        let app = Arc::clone(&self.app);
        DayServiceServer::new(Following { app })
            .max_decoding_message_size(config::count(self.config.message_bytes_max))
            .max_encoding_message_size(config::count(self.config.answer_bytes_max))
    }

    fn routes(&self, health: &HealthReporter) -> Result<Routes, ServerError> {
        let app = || Arc::clone(&self.app);
        let request_max = config::count(self.config.message_bytes_max);
        let answer_max = config::count(self.config.answer_bytes_max);
        let forecasting = ForecastServiceServer::new(Forecasting { app: app() })
            .max_decoding_message_size(request_max)
            .max_encoding_message_size(answer_max);
        let sheets = RouteSheetServiceServer::new(Sheets { app: app() })
            .max_decoding_message_size(request_max)
            .max_encoding_message_size(answer_max);
        let benchmarking = BenchmarkServiceServer::new(Benchmarking { app: app() })
            .max_decoding_message_size(request_max)
            .max_encoding_message_size(answer_max);
        let exchanging = Exchanging {
            app: app(),
            bounds: TableBounds::new(&self.config, &self.planning),
        };
        let exchanging = ExchangeServiceServer::new(exchanging)
            .max_decoding_message_size(request_max)
            .max_encoding_message_size(answer_max);
        let health = tonic_health::server::HealthService::from_health_reporter(health.clone());
        let health = tonic_health::pb::health_server::HealthServer::new(health);
        let reflection = || {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        };
        Ok(Routes::new(self.planning_service())
            .add_service(forecasting)
            .add_service(sheets)
            .add_service(benchmarking)
            .add_service(exchanging)
            .add_service(self.promise_service())
            .add_service(self.day_service())
            .add_service(health)
            .add_service(reflection().build_v1()?)
            .add_service(reflection().build_v1alpha()?))
    }

    /// The services, and the pages if they share the port.
    fn router(&self, health: &HealthReporter) -> Result<Router<Layers>, ServerError> {
        let routes = self.routes(health)?;
        let shared = self.pages.clone();
        let shared = shared.filter(|_| self.pages_listener.is_none());
        let (routes, has_pages) = match shared {
            Some(pages) => (Routes::from(with_both(routes, pages)), true),
            None => (routes, false),
        };
        Ok(self
            .transport(has_pages)
            .layer(self.calls.clone())
            .add_routes(routes))
    }

    /// Serves pages on an address of their own until `closing` is ready; never ends if they have none.
    async fn serve_pages(
        router: Option<Router<Layers>>,
        listener: Option<TcpListener>,
        config: &ServerConfig,
        mut closing: tokio::sync::watch::Receiver<bool>,
    ) -> Result<(), ServerError> {
        let (Some(router), Some(listener)) = (router, listener) else {
            return Ok(());
        };
        let incoming = connections::accept(
            listener,
            config::count(config.connections_max),
            config::millis(config.handshake_ms),
        );
        let closed = async move {
            // An error means that the server is gone, which ends it, too.
            let _ = closing.wait_for(|is_closing| *is_closing).await;
        };
        Ok(router
            .serve_with_incoming_shutdown(incoming, closed)
            .await?)
    }

    fn transport(&self, has_pages: bool) -> Transport {
        let config = &self.config;
        let bits = |knob: u64| u32::try_from(knob).unwrap_or(u32::MAX);
        // A stream may live for as long as a plan may be searched for; a connection past its age waits for that.
        let longest_plan = config::millis(self.planning.time_budget_max_ms);
        Transport::builder()
            .max_concurrent_streams(bits(config.streams_per_connection_max))
            .http2_max_header_list_size(bits(config.header_bytes_max))
            .http2_max_pending_accept_reset_streams(Some(RESET_STREAMS_PENDING_MAX))
            .http2_max_local_error_reset_streams(Some(RESET_STREAMS_LOCAL_MAX))
            .http2_keepalive_interval(Some(config::millis(config.keepalive_interval_ms)))
            .http2_keepalive_timeout(Some(config::millis(config.keepalive_timeout_ms)))
            .http2_adaptive_window(Some(false))
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .max_frame_size(FRAME_BYTES_MAX)
            .max_connection_age(config::millis(config.connection_age_ms))
            .max_connection_age_grace(longest_plan)
            .accept_http1(has_pages)
    }
}

/// Listens on an address; the other one is that with the port that the system chose if it was to.
async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServerError> {
    let failed = |source| ServerError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// Services and pages on one port.
fn with_both(services: Routes, pages: axum::Router) -> axum::Router {
    services.into_axum_router().merge(pages).fallback(lost)
}

/// Answers a caller of nothing: one of gRPC with its status, a browser with words.
async fn lost(request: axum::extract::Request) -> axum::response::Response {
    let kind = request.headers().get(http::header::CONTENT_TYPE);
    let is_grpc = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"));
    if is_grpc {
        let answer = tonic::Status::unimplemented("").into_http::<axum::body::Body>();
        return answer;
    }
    (http::StatusCode::NOT_FOUND, "There is nothing here.\n").into_response()
}

/// Opens the store of the ledger.
async fn open_store(config: &Config) -> Result<(StoreUrl, Store), ServerError> {
    let url = match config.store.as_str() {
        "" => StoreUrl::Sqlite(config.data.clone()),
        text => text.parse()?,
    };
    match Store::open(&url).await {
        Ok(store) => Ok((url, store)),
        Err(source) => Err(ServerError::Store { url, source }),
    }
}

/// This process, as other processes on the same store see it.
fn owner(config: &Config, address: SocketAddr) -> Owner {
    let address = match config.advertise.as_str() {
        "" => address.to_string(),
        advertised => advertised.to_owned(),
    };
    // A directory belongs to one process at a time, which after a restart takes its days at once.
    let is_shared = config.store.starts_with("postgres");
    let name = if is_shared {
        format!("{:032x}", crate::rng::unguessable())
    } else {
        "this process".to_owned()
    };
    Owner { name, address }
}

type Layers = Stack<CallLayer, Identity>;

/// Ready when the end was asked for and the time for it is over.
async fn overdue(asked: tokio::sync::oneshot::Receiver<()>, drain: Duration) {
    if asked.await.is_err() {
        // The server ends by itself.
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(drain).await;
}

//! The server: every service on one port, every limit set explicitly, an end that does not hang.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tonic::transport::Server as Transport;
use tonic::transport::server::Router;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tower::layer::util::{Identity, Stack};

use super::benchmarking::Benchmarking;
use super::calls::CallLayer;
use super::forecasting::Forecasting;
use super::noise_file::{NoiseFileError, read_noise_file};
use super::pb::benchmark_service_server::BenchmarkServiceServer;
use super::pb::forecast_service_server::ForecastServiceServer;
use super::pb::planning_service_server::PlanningServiceServer;
use super::pb::promise_service_server::PromiseServiceServer;
use super::pb::route_sheet_service_server::RouteSheetServiceServer;
use super::planning::Planning;
use super::promising::Promising;
use super::sheets::Sheets;
use super::{FILE_DESCRIPTOR_SET, connections};
use crate::app::{App, PromisesSetup};
use crate::clock::WallClock;
use crate::config::{self, Config, PlanningConfig, ServerConfig};
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

/// Names of the services whose health is told, beside the whole process (the empty name).
const SERVICES: [&str; 5] = [
    super::pb::planning_service_server::SERVICE_NAME,
    super::pb::forecast_service_server::SERVICE_NAME,
    super::pb::route_sheet_service_server::SERVICE_NAME,
    super::pb::benchmark_service_server::SERVICE_NAME,
    super::pb::promise_service_server::SERVICE_NAME,
];

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
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Listens on the configured address; callers wait until [`Server::serve`].
    ///
    /// # Errors
    /// If the configured noise model or store is not usable, the address cannot be listened on, or threads do not start.
    pub async fn bind(config: &Config) -> Result<Self, ServerError> {
        let noise = config.noise.as_deref().map(read_noise_file).transpose()?;
        let app = App::new(config.planning.clone(), noise).map_err(ServerError::Threads)?;
        let failed = |source| ServerError::Listen {
            address: config.listen,
            source,
        };
        let store = open_store(config).await?;
        let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let setup = PromisesSetup {
            store,
            owner: owner(config, address),
            clock: WallClock::system(),
            config: config.promises.clone(),
        };
        app.keep_promises(setup).map_err(ServerError::Threads)?;
        Ok(Self {
            app: Arc::new(app),
            config: config.server.clone(),
            planning: config.planning.clone(),
            listener,
            address,
        })
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
        let health = HealthReporter::new();
        report(&health, ServingStatus::Serving).await;
        let router = self.router(&health)?;
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
        let app = Arc::clone(&self.app);
        let closing = async move {
            shutdown.await;
            tracing::info!("shutting down");
            report(&health, ServingStatus::NotServing).await;
            app.shut_down();
            // An error means that the server has ended already.
            let _ = sender.send(());
        };
        let serving = router.serve_with_incoming_shutdown(incoming, closing);
        let drain = config::millis(self.config.drain_ms);
        tokio::select! {
            served = serving => served?,
            () = overdue(asked, drain) => tracing::warn!("some calls did not end in time"),
        }
        Ok(())
    }

    fn router(&self, health: &HealthReporter) -> Result<Router<Layers>, ServerError> {
        let app = || Arc::clone(&self.app);
        let request_max = config::count(self.config.message_bytes_max);
        let answer_max = config::count(self.config.answer_bytes_max);
        let planning = PlanningServiceServer::new(Planning { app: app() })
            .max_decoding_message_size(request_max)
            .max_encoding_message_size(answer_max);
        let forecasting = ForecastServiceServer::new(Forecasting { app: app() })
            .max_decoding_message_size(request_max)
            .max_encoding_message_size(answer_max);
        let sheets = RouteSheetServiceServer::new(Sheets { app: app() })
            .max_decoding_message_size(request_max)
            .max_encoding_message_size(answer_max);
        let benchmarking = BenchmarkServiceServer::new(Benchmarking { app: app() })
            .max_decoding_message_size(request_max)
            .max_encoding_message_size(answer_max);
        let promising = PromiseServiceServer::new(Promising { app: app() })
            .max_decoding_message_size(request_max)
            .max_encoding_message_size(answer_max);
        let health = tonic_health::server::HealthService::from_health_reporter(health.clone());
        let health = tonic_health::pb::health_server::HealthServer::new(health);
        let reflection = || {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        };
        Ok(self
            .transport()
            .layer(CallLayer::new(&self.config))
            .add_service(planning)
            .add_service(forecasting)
            .add_service(sheets)
            .add_service(benchmarking)
            .add_service(promising)
            .add_service(health)
            .add_service(reflection().build_v1()?)
            .add_service(reflection().build_v1alpha()?))
    }

    fn transport(&self) -> Transport {
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
            .accept_http1(false)
    }
}

/// Opens the store of the ledger.
async fn open_store(config: &Config) -> Result<Store, ServerError> {
    let url = match config.store.as_str() {
        "" => StoreUrl::Sqlite(config.data.clone()),
        text => text.parse()?,
    };
    let store = Store::open(&url).await;
    store.map_err(|source| ServerError::Store { url, source })
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

async fn report(health: &HealthReporter, status: ServingStatus) {
    for service in SERVICES.into_iter().chain([""]) {
        health.set_service_status(service, status).await;
    }
}

/// Ready when the end was asked for and the time for it is over.
async fn overdue(asked: tokio::sync::oneshot::Receiver<()>, drain: Duration) {
    if asked.await.is_err() {
        // The server ends by itself.
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(drain).await;
}

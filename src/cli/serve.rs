//! `punctual serve`: the gRPC service, and the dispatcher's page.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::{Done, EXIT_FAILURE, Failure, argument, console, day_file};
use crate::config::{Config, PagesAt};
use crate::grpc::server::Server;
use crate::web::{self, Secret};

/// Serves the API over gRPC, and the dispatcher's page to browsers, until SIGINT or SIGTERM; a second signal ends the
/// process at once.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Address and port to listen on, instead of the configured one.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Configuration in TOML; environment variables PUNCTUAL_* win over it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print the configuration in force, with the meaning and bounds of every setting, and exit.
    #[arg(long)]
    show_config: bool,
    /// Directory where the ledger of promises and the records of live days are kept, unless `--store` says otherwise; made if
    /// it is not there. By default `punctual-data`.
    #[arg(long, value_name = "DIRECTORY")]
    data: Option<PathBuf>,
    /// Where the ledger of promises is kept instead: `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, `sqlite:DIRECTORY`, or
    /// `memory`, which forgets it at the end. Better given as PUNCTUAL_STORE if there is a password in it.
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
    /// Where to serve the dispatcher's page instead of on the port of the API: an address with a port, or `off`.
    #[arg(long, value_name = "ADDRESS")]
    http: Option<PagesAt>,
    #[command(flatten)]
    noise: argument::Noise,
}

pub(super) fn run(arguments: Arguments) -> Result<Done, Failure> {
    let config = load(&arguments)?;
    if arguments.show_config {
        console::say(config.to_toml().trim_end())?;
        return Ok(Done::Fully);
    }
    let runtime = day_file::runtime(&config.log)?;
    runtime.block_on(async {
        let ended = shutdown_signal()?;
        let server = Server::bind(&config)
            .await
            .map_err(|error| Failure::new("start the server", error))?;
        console::say(format_args!("serving on {}", server.address()))?;
        let server = with_pages(server, &config).await?;
        if config.http != PagesAt::Nowhere {
            let pages = reachable(server.pages_address());
            console::note(format_args!("dispatcher's page: http://{pages}/"));
        }
        server
            .serve(ended)
            .await
            .map_err(|error| Failure::new("serve", error))?;
        Ok(Done::Fully)
    })
}

/// The server with pages, unless they are switched off.
pub(super) async fn with_pages(server: Server, config: &Config) -> Result<Server, Failure> {
    if config.http == PagesAt::Nowhere {
        return Ok(server);
    }
    let drawn = Secret::draw().map_err(|error| Failure::new("start the server", error))?;
    // Couriers' pages outlive the process as their days do, and are the same on every server of these days.
    let secret = server.secret(Secret::NAME, drawn).await;
    let secret = secret.map_err(|error| Failure::new("start the server", error))?;
    let pages = web::router(server.api(), secret.into(), config);
    Ok(server.with_pages(pages))
}

/// An address to type into a browser here: one that stands for all addresses is none.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip().is_unspecified() {
        true => SocketAddr::new(std::net::Ipv4Addr::LOCALHOST.into(), address.port()),
        false => address,
    }
}

fn load(arguments: &Arguments) -> Result<Config, Failure> {
    let text = match &arguments.config {
        Some(path) => Some(
            std::fs::read_to_string(path)
                .map_err(|error| Failure::usage(format!("read {}", path.display()), error))?,
        ),
        None => None,
    };
    let mut config = Config::load(text.as_deref())
        .map_err(|error| Failure::usage("read the configuration", error))?;
    let noise = arguments.noise.file.clone();
    config.noise = noise.or(config.noise);
    config.data = arguments.data.clone().unwrap_or(config.data);
    config.store = arguments.store.clone().unwrap_or(config.store);
    config.listen = arguments.listen.unwrap_or(config.listen);
    config.http = arguments.http.unwrap_or(config.http);
    Ok(config)
}

/// Ready at the first SIGINT or SIGTERM; the second ends the process.
pub(super) fn shutdown_signal() -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    let listen = |kind| signal(kind).map_err(|error| Failure::new("listen for signals", error));
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            process::exit(i32::from(EXIT_FAILURE));
        });
    })
}

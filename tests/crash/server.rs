//! Server processes that can be killed, and the way to them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use punctual::grpc::pb::day_service_client::DayServiceClient;
use punctual::grpc::pb::planning_service_client::PlanningServiceClient;
use punctual::grpc::pb::promise_service_client::PromiseServiceClient;
use tonic::transport::{Channel, Endpoint};

/// Largest answer taken.
const ANSWER_BYTES_MAX: usize = 256 * 1_048_576;

/// A running `punctual serve`.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts the built binary on `store`; what it logs is appended to the file at `path`. Returns when it listens.
    pub(crate) fn start(store: &str, path: &Path) -> Self {
        let log = File::options()
            .create(true)
            .append(true)
            .open(path)
            .unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_punctual"))
            .args(["serve", "--listen", "127.0.0.1:0", "--store", store])
            // It refuses settings that it does not know.
            .env_remove("PUNCTUAL_CRASH_CYCLES")
            .env_remove("PUNCTUAL_CRASH_EVENTS")
            .env_remove("PUNCTUAL_TEST_POSTGRES")
            // Better plans come often, so that kills meet them being taken over.
            .env("PUNCTUAL_PROMISES_IMPROVE_MS", "100")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("serving on ");
        let address = address.unwrap_or_else(|| {
            let log = std::fs::read_to_string(path).unwrap_or_default();
            let last: Vec<&str> = log.lines().rev().take(5).collect();
            panic!("the server did not start: {last:?}")
        });
        Self {
            address: address.parse().unwrap(),
            child,
        }
    }

    /// Ends the process as SIGKILL does: at any instruction.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What customers share: where servers are, and whether the cycle is over.
pub(crate) struct Line {
    addresses: Mutex<BTreeMap<usize, SocketAddr>>,
    is_over: AtomicBool,
    /// Changes acknowledged.
    pub(crate) acknowledged: AtomicU64,
    /// Changes refused for good.
    pub(crate) refused: AtomicU64,
    /// Calls that had no answer, or one that says nothing.
    pub(crate) unanswered: AtomicU64,
    /// Answers that came again as they were.
    pub(crate) replayed: AtomicU64,
    /// The server that acknowledged last, and when.
    last: Mutex<(usize, Instant)>,
    violations: Mutex<Vec<String>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Line {
    pub(crate) fn new() -> Self {
        Self {
            addresses: Mutex::default(),
            is_over: AtomicBool::new(true),
            acknowledged: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            unanswered: AtomicU64::new(0),
            replayed: AtomicU64::new(0),
            last: Mutex::new((0, Instant::now())),
            violations: Mutex::default(),
        }
    }

    pub(crate) fn connect(&self, number: usize, address: SocketAddr) {
        locked(&self.addresses).insert(number, address);
    }

    pub(crate) fn disconnect(&self, number: usize) {
        locked(&self.addresses).remove(&number);
    }

    /// The server that a customer asks at the `turn`-th attempt.
    pub(crate) fn address(&self, turn: usize) -> Option<(usize, SocketAddr)> {
        let addresses = locked(&self.addresses);
        let nth = turn.checked_rem(addresses.len())?;
        let (number, address) = addresses.iter().nth(nth)?;
        Some((*number, *address))
    }

    pub(crate) fn set_over(&self, is_over: bool) {
        self.is_over.store(is_over, Ordering::SeqCst);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    pub(crate) fn acknowledge(&self, server: usize) {
        self.acknowledged.fetch_add(1, Ordering::SeqCst);
        *locked(&self.last) = (server, Instant::now());
    }

    /// The server that acknowledged last, and when.
    pub(crate) fn last(&self) -> (usize, Instant) {
        *locked(&self.last)
    }

    /// Something that must never happen.
    pub(crate) fn violated(&self, what: String) {
        locked(&self.violations).push(what);
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        locked(&self.violations).clone()
    }
}

/// Clients of one server.
#[derive(Clone)]
pub(crate) struct Clients {
    pub(crate) promises: PromiseServiceClient<Channel>,
    pub(crate) planning: PlanningServiceClient<Channel>,
    pub(crate) live: DayServiceClient<Channel>,
}

impl Clients {
    /// Clients of the server at `address`, which are connected when they are used.
    pub(crate) fn of(address: SocketAddr) -> Self {
        let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
        let channel = endpoint
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(30))
            .connect_lazy();
        Self {
            promises: PromiseServiceClient::new(channel.clone())
                .max_decoding_message_size(ANSWER_BYTES_MAX),
            live: DayServiceClient::new(channel.clone())
                .max_decoding_message_size(ANSWER_BYTES_MAX),
            planning: PlanningServiceClient::new(channel)
                .max_decoding_message_size(ANSWER_BYTES_MAX)
                .max_encoding_message_size(ANSWER_BYTES_MAX),
        }
    }
}

//! The same day over gRPC.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use punctual::clock::Clock;
use punctual::grpc::pb::promise_service_client::PromiseServiceClient;
use punctual::grpc::status::quote_in;
use punctual::grpc::{convert, pb};
use punctual::promise::{Booking, DayTerms};
use tonic::transport::Channel;

use super::server::Service;
use super::{LATER, ORDERS, percentiles};

const CLIENTS: usize = 8;
/// How long quotes are asked for.
const QUOTING: Duration = Duration::from_secs(15);
/// Quotes a second that are asked for in all where clients do not ask as fast as they can.
const PACE: u32 = 500;
/// Holds of each client.
const HOLDS: usize = 100;

#[derive(Clone)]
struct Client {
    promises: PromiseServiceClient<Channel>,
    day: String,
    number: usize,
}

impl Client {
    async fn hold(
        &mut self,
        order: &pb::Order,
        window: &str,
    ) -> Result<pb::PromiseRecord, tonic::Status> {
        let request = pb::HoldWindowRequest {
            request_id: format!("hold-{}-{window}", order.id),
            day_id: self.day.clone(),
            order: Some(order.clone()),
            window_id: window.to_owned(),
            ..pb::HoldWindowRequest::default()
        };
        let held = self.promises.hold_window(request).await?;
        Ok(held.into_inner().promise.unwrap_or_default())
    }

    async fn quote(&mut self, order: &pb::Order) -> Vec<pb::WindowQuote> {
        let request = pb::QuoteWindowsRequest {
            day_id: self.day.clone(),
            order: Some(order.clone()),
            load_spreads: BTreeMap::new(),
        };
        let quote = self.promises.quote_windows(request).await;
        quote.expect("a quote").into_inner().windows
    }

    /// Takes any window and confirms it; whether there was one.
    async fn promise(&mut self, order: &pb::Order, window: &str) -> bool {
        let held = match self.hold(order, window).await {
            Ok(held) => held,
            Err(status) => {
                let other = quote_in(&status).and_then(|quote| {
                    let mut windows = quote.windows.into_iter();
                    windows.find(|window| window.is_offered)
                });
                let Some(other) = other else {
                    return false;
                };
                match self.hold(order, &other.window_id).await {
                    Ok(held) => held,
                    Err(_) => return false,
                }
            }
        };
        let request = pb::ConfirmHoldRequest {
            request_id: format!("confirm-{}", held.promise_id),
            day_id: self.day.clone(),
            promise_id: held.promise_id,
        };
        self.promises.confirm_hold(request).await.is_ok()
    }
}

/// Each client does `work` with its share of `orders`.
async fn all<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    clients: &[Client],
    orders: &[pb::Order],
    work: impl Fn(Client, Vec<pb::Order>) -> F,
) -> Vec<T> {
    let share = |number: usize| orders.iter().skip(number).step_by(CLIENTS).cloned();
    let working: Vec<_> = clients
        .iter()
        .map(|client| tokio::spawn(work(client.clone(), share(client.number).collect())))
        .collect();
    let mut done = Vec::new();
    for task in working {
        done.push(task.await.expect("a client does not panic"));
    }
    done
}

/// How long the disk takes to sync one page.
fn syncs(folder: &Path) -> Vec<Duration> {
    let mut file = File::create(folder.join("probe")).expect("a file beside the store");
    let sync = |_| {
        let begun = Clock::start();
        let written = file.write_all(&[7; 4096]).and_then(|()| file.sync_data());
        written.expect("a page can be written");
        begun.elapsed()
    };
    (0..200).map(sync).collect()
}

/// Fills the day.
async fn fill(clients: &[Client], terms: &pb::DayTerms, orders: &[pb::Order]) {
    let begun = Clock::start();
    let promised = Arc::new(AtomicUsize::new(0));
    let windows: Vec<String> = terms.windows.iter().map(|w| w.id.clone()).collect();
    all(clients, orders, |mut client, orders| {
        let (promised, windows) = (promised.clone(), windows.clone());
        async move {
            for (nth, order) in orders.iter().enumerate() {
                if promised.load(Ordering::SeqCst) >= ORDERS {
                    return;
                }
                if client
                    .promise(order, &windows[(nth * 7) % windows.len()])
                    .await
                {
                    promised.fetch_add(1, Ordering::SeqCst);
                }
            }
        }
    })
    .await;
    println!(
        "over gRPC: {} orders promised in {:.0?}",
        promised.load(Ordering::SeqCst),
        begun.elapsed()
    );
}

async fn quotes(clients: &[Client], orders: &[pb::Order]) {
    let begun = Clock::start();
    let times = all(clients, orders, |mut client, orders| async move {
        let mut times = Vec::new();
        for order in orders.iter().cycle() {
            if begun.elapsed() > QUOTING {
                break;
            }
            let begun = Clock::start();
            client.quote(order).await;
            times.push(begun.elapsed());
        }
        times
    })
    .await
    .concat();
    println!(
        "over gRPC: {CLIENTS} clients have {:.0} quotes a second: {}",
        times.len() as f64 / begun.elapsed().as_secs_f64(),
        percentiles(times)
    );
}

/// Quotes at a steady pace, whatever the server does: the time of each counts from when it was due.
async fn paced_quotes(clients: &[Client], orders: &[pb::Order]) {
    let every = Duration::from_secs(CLIENTS as u64) / PACE;
    let begun = Clock::start();
    let times = all(clients, orders, |mut client, orders| async move {
        let mut times = Vec::new();
        // Clients take turns.
        let mut due = every.mul_f64(client.number as f64 / CLIENTS as f64);
        for order in orders.iter().cycle() {
            if due > QUOTING {
                break;
            }
            tokio::time::sleep(due.saturating_sub(begun.elapsed())).await;
            client.quote(order).await;
            times.push(begun.elapsed().saturating_sub(due));
            due += every;
        }
        times
    })
    .await
    .concat();
    println!(
        "over gRPC: {CLIENTS} clients ask for {PACE} quotes a second and have {:.0}: {}",
        times.len() as f64 / begun.elapsed().as_secs_f64(),
        percentiles(times)
    );
}

/// Holds of windows that were offered right before, each let go after.
async fn holds(clients: &[Client], orders: &[pb::Order]) {
    let begun = Clock::start();
    let times = all(clients, orders, |mut client, orders| async move {
        let mut times = Vec::new();
        for order in orders.iter().take(HOLDS) {
            let windows = client.quote(order).await;
            let Some(window) = windows.iter().find(|window| window.is_offered) else {
                continue;
            };
            let begun = Clock::start();
            let held = client.hold(order, &window.window_id).await;
            let took = begun.elapsed();
            let Ok(held) = held else {
                continue;
            };
            times.push(took);
            let request = pb::ReleaseHoldRequest {
                request_id: format!("release-{}", held.promise_id),
                day_id: client.day.clone(),
                promise_id: held.promise_id,
            };
            let released = client.promises.release_hold(request).await;
            released.expect("a hold can be released");
        }
        times
    })
    .await
    .concat();
    println!(
        "over gRPC: {} holds of {CLIENTS} clients, {:.0} a second with a quote before and a release after each: {}",
        times.len(),
        times.len() as f64 / begun.elapsed().as_secs_f64(),
        percentiles(times)
    );
}

/// Measures a server process.
pub(crate) fn over_grpc(terms: &DayTerms, customers: &[Booking]) {
    let runtime = tokio::runtime::Runtime::new().expect("threads for clients");
    let folder = tempfile::tempdir().expect("a folder for the store");
    let service = Service::start(folder.path());
    let terms = convert::terms_message(terms);
    let orders: Vec<pb::Order> = customers.iter().map(convert::booking_message).collect();
    runtime.block_on(async {
        let mut clients = Vec::new();
        for number in 0..CLIENTS {
            let client = PromiseServiceClient::connect(service.url.clone()).await;
            clients.push(Client {
                promises: client.expect("the server listens"),
                day: terms.day_id.clone(),
                number,
            });
        }
        let request = pb::OpenDayRequest {
            request_id: "open".to_owned(),
            terms: Some(terms.clone()),
        };
        let opened = clients[0].promises.open_day(request).await;
        opened.expect("the day opens");
        let (first, later) = orders.split_at(orders.len() - LATER);
        fill(&clients, &terms, first).await;
        quotes(&clients, later).await;
        paced_quotes(&clients, later).await;
        println!(
            "the disk syncs a page: {}",
            percentiles(syncs(folder.path()))
        );
        holds(&clients, later).await;
    });
}

//! How long it takes from an event to its acknowledgment with the new risk of its courier: a day of 5,000 orders in 200
//! routes, over gRPC, from eight clients at once, against the built binary with its embedded store.
//!
//! Half of the day is reported beforehand. Then each client reports for its couriers what comes next and, four times as
//! often, where they are: one event in each call, 50 in each call, and one by one in streams.

mod server;
mod spirals;

use std::collections::BTreeMap;
use std::time::Duration;

use punctual::app::Observed;
use punctual::clock::Clock;
use punctual::day::Event;
use punctual::forecast::realize;
use punctual::grpc::pb::day_service_client::DayServiceClient;
use punctual::grpc::{convert, pb};
use punctual::model::*;
use punctual::travel::TravelTimes;
use punctual::units::{Seconds, Timestamp};
use server::Service;
use spirals::{DAY_START, plan, problem};
use tokio_stream::StreamExt;
use tonic::transport::Channel;

const N_ROUTES: u32 = 200;
const CLIENTS: usize = 8;
/// Until when the day is reported beforehand.
const NOON: Timestamp = Timestamp(DAY_START.0 + 4 * 3_600);
/// Positions for each other event.
const POSITIONS: usize = 4;
/// Events of a stream that wait for their answers.
const WINDOW: usize = 64;

async fn client(service: &Service) -> DayServiceClient<Channel> {
    let client = DayServiceClient::connect(service.url.clone()).await;
    let client = client.expect("the server listens");
    client.max_encoding_message_size(256 << 20)
}

/// What couriers do on a day, in the sequence of time.
fn lived(problem: &Problem, plan: &Plan) -> Vec<(Timestamp, Event)> {
    let travel = TravelTimes::new(problem);
    let routes = realize(problem, &travel, plan, &NoiseModel::default(), 7, 0);
    let mut events = Vec::new();
    for route in &routes {
        let courier = || route.courier.clone();
        events.push((route.departure, Event::Departed { courier: courier() }));
        for stop in &route.stops {
            let RecordedPurpose::Order(order) = &stop.purpose else {
                continue;
            };
            let (courier, order) = (courier(), order.id.clone());
            let arrived = Event::Arrived {
                courier: courier.clone(),
                order: order.clone(),
            };
            events.push((stop.arrival, arrived));
            events.push((stop.departure, Event::Delivered { courier, order }));
        }
    }
    events.sort_by_key(|(at, _)| *at);
    events
}

/// What each client reports: of its couriers what comes after noon, and their positions.
fn to_report(events: &[(Timestamp, Event)]) -> Vec<Vec<Event>> {
    let mut couriers: BTreeMap<&CourierId, usize> = BTreeMap::new();
    let mut clients = vec![Vec::new(); CLIENTS];
    for (number, (_, event)) in events.iter().enumerate() {
        let Some(courier) = event.courier() else {
            continue;
        };
        let next = couriers.len();
        let client = *couriers.entry(courier).or_insert(next) % CLIENTS;
        clients[client].push(event.clone());
        for nth in 0..POSITIONS {
            clients[client].push(Event::Position {
                courier: courier.clone(),
                location: GeoPoint {
                    latitude: 55.7 + (number % 97) as f64 * 1e-3,
                    longitude: 37.6 + nth as f64 * 1e-3,
                },
            });
        }
    }
    clients
}

fn message(name: String, at: Timestamp, event: Event) -> pb::LiveEvent {
    convert::event_message(&Observed {
        id: EventId::parse(&name).expect("letters, hyphens, digits"),
        at,
        event,
    })
}

fn moment(at: Timestamp) -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp {
        seconds: at.0,
        nanos: 0,
    })
}

/// Starts a day and reports it until noon.
async fn begin(
    service: &Service,
    day: &str,
    planned: &pb::PlannedDay,
    events: &[(Timestamp, Event)],
) {
    let mut client = client(service).await;
    let request = pb::StartLiveDayRequest {
        request_id: day.to_owned(),
        terms: Some(pb::LiveDayTerms {
            live_day_id: day.to_owned(),
            is_simulated: true,
            ..pb::LiveDayTerms::default()
        }),
        source: Some(pb::start_live_day_request::Source::Plan(planned.clone())),
        as_of_time: moment(DAY_START - Seconds(3_600)),
    };
    client.start_live_day(request).await.expect("it starts");
    let messages = events.iter().enumerate();
    let messages =
        messages.map(|(nth, (at, event))| message(format!("m-{nth}"), *at, event.clone()));
    let messages: Vec<pb::LiveEvent> = messages.collect();
    for batch in messages.chunks(1_000) {
        let request = pb::ReportEventsRequest {
            live_day_id: day.to_owned(),
            events: batch.to_vec(),
            as_of_time: moment(NOON),
        };
        let answer = client.report_events(request).await.expect("it is taken");
        let answers = answer.into_inner().answers;
        let refused = |answer: &&pb::EventAnswer| answer.outcome() == pb::EventOutcome::Refused;
        assert_eq!(answers.iter().filter(refused).count(), 0);
    }
}

/// Calls with so many events each; how long each took.
async fn call(
    mut client: DayServiceClient<Channel>,
    day: String,
    number: usize,
    events: Vec<Event>,
    size: usize,
    clock: Clock,
) -> Vec<Duration> {
    let mut times = Vec::new();
    for (nth, batch) in events.chunks(size).enumerate() {
        let now = NOON + Seconds(i64::try_from(clock.elapsed().as_secs()).unwrap_or(0));
        let batch = batch.iter().enumerate();
        let events =
            batch.map(|(of, event)| message(format!("r-{number}-{nth}-{of}"), now, event.clone()));
        let request = pb::ReportEventsRequest {
            live_day_id: day.clone(),
            events: events.collect(),
            as_of_time: moment(now),
        };
        let begun = Clock::start();
        let answer = client.report_events(request).await.expect("it is taken");
        times.push(begun.elapsed());
        let answer = answer.into_inner();
        assert!(!answer.couriers.is_empty(), "the risk comes along");
    }
    times
}

/// A stream with some events on the way; how long each took from being sent to its answer.
async fn stream(
    mut client: DayServiceClient<Channel>,
    day: String,
    number: usize,
    events: Vec<Event>,
    clock: Clock,
) -> Vec<Duration> {
    let count = events.len();
    let (sender, messages) = tokio::sync::mpsc::channel(1);
    let (begun, mut begins) = tokio::sync::mpsc::channel(WINDOW);
    tokio::spawn(async move {
        for (nth, event) in events.into_iter().enumerate() {
            let now = NOON + Seconds(i64::try_from(clock.elapsed().as_secs()).unwrap_or(0));
            let message = pb::StreamEventsRequest {
                live_day_id: day.clone(),
                event: Some(message(format!("s-{number}-{nth}"), now, event)),
                as_of_time: moment(now),
            };
            let sent = begun.send(Clock::start()).await.is_ok();
            if !sent || sender.send(message).await.is_err() {
                return;
            }
        }
    });
    let messages = tokio_stream::wrappers::ReceiverStream::new(messages);
    let answers = client.stream_events(messages).await.expect("it is open");
    let mut answers = answers.into_inner();
    let mut times = Vec::with_capacity(count);
    while let Some(told) = answers.next().await {
        let told = told.expect("it is taken");
        assert!(told.courier.is_some(), "the risk comes along");
        let sent = begins.recv().await.expect("it was sent");
        times.push(sent.elapsed());
    }
    assert_eq!(times.len(), count);
    times
}

fn told(what: &str, n_events: usize, took: Duration, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    println!(
        "{what}: {n_events} events, {:.0} a second; p50 {:.2} ms, p99 {:.2} ms, most {:.2} ms",
        n_events as f64 / took.as_secs_f64(),
        at(50),
        at(99),
        at(100),
    );
}

#[tokio::main]
async fn main() {
    let problem = problem(N_ROUTES);
    let plan = plan(&problem);
    let planned = pb::PlannedDay {
        problem: Some(convert::problem_message(&problem)),
        plan: Some(convert::plan_message(&problem, &plan, &[])),
        forecast: None,
        target_outcome: None,
    };
    let events = lived(&problem, &plan);
    let (before, after) = events.split_at(events.partition_point(|(at, _)| *at <= NOON));
    let reports = to_report(after);
    let n_events: usize = reports.iter().map(Vec::len).sum();
    println!("{} events before noon, {n_events} after", before.len());
    let folder = tempfile::tempdir().expect("a folder for the store");
    let service = Service::start(folder.path());
    for (what, size) in [("one a call", 1), ("50 a call", 50), ("streams", 0)] {
        let day = format!("day-{size}");
        begin(&service, &day, &planned, before).await;
        let clock = Clock::start();
        let mut tasks = Vec::new();
        for (number, events) in reports.iter().cloned().enumerate() {
            let client = client(&service).await;
            let day = day.clone();
            tasks.push(tokio::spawn(async move {
                match size {
                    0 => stream(client, day, number, events, clock).await,
                    size => call(client, day, number, events, size, clock).await,
                }
            }));
        }
        let mut times = Vec::new();
        for task in tasks {
            times.extend(task.await.expect("it ends"));
        }
        told(what, n_events, clock.elapsed(), times);
    }
}

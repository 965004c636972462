//! Couriers report while the server is killed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use punctual::config::Config;
use punctual::day::{LiveDay, Outcome};
use punctual::generate::{DaySpec, generate};
use punctual::grpc::pb::live_event::Event;
use punctual::grpc::{convert, pb};
use punctual::model::{Problem, RouteSketch};
use punctual::planner;
use punctual::travel::TravelTimes;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tonic::Status;

use crate::customer::Dice;
use crate::server::{Clients, Line, Server};
use crate::{ONE_AT_A_TIME, PATIENCE, seed};

const DAY: &str = "monday";
/// Who report at the same time.
const CLIENTS: usize = 4;
/// Events of one client that wait for their answers.
const WINDOW: usize = 200;
/// Kills while everything is reported.
const KILLS: usize = 5;

fn n_events() -> usize {
    let said = std::env::var("PUNCTUAL_CRASH_EVENTS").ok();
    said.map_or(1_500, |text| {
        text.parse().expect("PUNCTUAL_CRASH_EVENTS is a number")
    })
}

/// A day with a plan: orders go round among couriers, by the end of their windows.
fn planned(seed: u64) -> pb::PlannedDay {
    let mut problem = generate(&DaySpec {
        seed: 1 + seed % 1_000,
        orders: 96,
        couriers: 8,
        ..DaySpec::small()
    });
    // What keeps orders from couriers does not matter here.
    for order in &mut problem.orders {
        order.required_skills.clear();
        order.allowed_couriers.clear();
        order.forbidden_couriers.clear();
        order.depots.clear();
    }
    let due = |order: &punctual::model::Order| order.service_windows().last().map(|w| w.end);
    problem.orders.sort_by_key(due);
    planned_in_turn(&problem)
}

/// A day with a plan: each courier in turn has the next order.
pub(crate) fn planned_in_turn(problem: &Problem) -> pb::PlannedDay {
    let n_couriers = problem.couriers.len();
    let couriers = problem.couriers.iter().enumerate();
    let sketches = couriers.map(|(number, courier)| {
        let orders = problem.orders.iter().skip(number).step_by(n_couriers);
        RouteSketch {
            courier: courier.id.clone(),
            orders: orders.map(|order| order.id.clone()).collect(),
            start: None,
            reloads: Vec::new(),
        }
    });
    let sketches: Vec<RouteSketch> = sketches.collect();
    let plan = planner::evaluate(problem, &TravelTimes::new(problem), &sketches);
    pb::PlannedDay {
        problem: Some(convert::problem_message(problem)),
        plan: Some(convert::plan_message(problem, &plan, &[])),
        forecast: None,
        target_outcome: None,
    }
}

/// What couriers of these routes report: they leave, come, and deliver, and in between are seen, `count` times in all.
fn events(routes: &[pb::Route], count: usize, dice: &mut Dice) -> Vec<pb::LiveEvent> {
    let mut events = Vec::with_capacity(count);
    for (number, route) in routes.iter().enumerate() {
        let share = count / routes.len() + usize::from(number < count % routes.len());
        let begun = route.departure_time.unwrap().seconds;
        let courier_id = || route.courier_id.clone();
        let between = share / (route.stops.len() * 2 + 1);
        for step in 0..share {
            let (stop, is_visit) = (step / between.max(1), step % between.max(1) == 0);
            let order = route.stops.get(stop.saturating_sub(1) / 2);
            let order_id = || order.map(|stop| stop.order_id.clone()).unwrap_or_default();
            let what = match (is_visit, stop) {
                (true, 0) => Event::Departed(pb::CourierDeparted {
                    courier_id: courier_id(),
                }),
                (true, odd) if odd % 2 == 1 && order.is_some() => {
                    Event::Arrived(pb::CourierArrived {
                        courier_id: courier_id(),
                        order_id: order_id(),
                    })
                }
                (true, _) if order.is_some() => Event::Delivered(pb::OrderDelivered {
                    courier_id: courier_id(),
                    order_id: order_id(),
                }),
                _ => Event::Position(pb::CourierPosition {
                    courier_id: courier_id(),
                    location: Some(pb::GeoPoint {
                        latitude: Some(55.0 + dice.below(1_000) as f64 / 1_000.0),
                        longitude: Some(37.0 + dice.below(1_000) as f64 / 1_000.0),
                    }),
                }),
            };
            let seconds = begun + i64::try_from(step * 36_000 / share).unwrap();
            events.push(pb::LiveEvent {
                event_id: format!("{}-{step}", route.courier_id),
                event_time: Some(prost_types::Timestamp { seconds, nanos: 0 }),
                event: Some(what),
            });
        }
    }
    events.sort_by_key(|event| event.event_time.unwrap().seconds);
    events
}

/// What clients have heard.
#[derive(Default)]
struct Heard {
    /// Ids acknowledged as taken.
    acknowledged: Mutex<BTreeSet<String>>,
    count: AtomicUsize,
    repeated: AtomicUsize,
    broken: AtomicUsize,
}

/// Reports `events` by streams, again and again from the first one that was not acknowledged, until all are.
async fn report(events: Vec<pb::LiveEvent>, line: Arc<Line>, heard: Arc<Heard>) {
    let begun = Instant::now();
    let mut next = 0;
    while next < events.len() {
        assert!(begun.elapsed() < PATIENCE * 10, "nothing goes on");
        let Some((_, address)) = line.address(0) else {
            sleep(Duration::from_millis(10)).await;
            continue;
        };
        let mut clients = Clients::of(address);
        if let Err(status) = stream(&events, &mut next, &mut clients, &heard).await {
            assert!(is_of_a_kill(&status), "{status:?}");
            heard.broken.fetch_add(1, Ordering::SeqCst);
            sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Whether a server that is gone, or just comes, may have this said of it.
fn is_of_a_kill(status: &Status) -> bool {
    use tonic::Code::{Cancelled, DeadlineExceeded, Unavailable, Unknown};
    matches!(
        status.code(),
        Unavailable | Unknown | Cancelled | DeadlineExceeded
    )
}

async fn stream(
    events: &[pb::LiveEvent],
    next: &mut usize,
    clients: &mut Clients,
    heard: &Heard,
) -> Result<(), Status> {
    let (sender, messages) = tokio::sync::mpsc::channel(WINDOW);
    let rest = events[*next..].to_vec();
    let sending = tokio::spawn(async move {
        for event in rest {
            let message = pb::StreamEventsRequest {
                live_day_id: DAY.to_owned(),
                as_of_time: event.event_time,
                event: Some(event),
            };
            if sender.send(message).await.is_err() {
                return;
            }
        }
    });
    let messages = tokio_stream::wrappers::ReceiverStream::new(messages);
    let answered = clients.live.stream_events(messages).await;
    let mut answers = answered?.into_inner();
    while let Some(told) = answers.message().await? {
        let answer = told.answer.unwrap();
        assert_eq!(answer.event_id, events[*next].event_id, "in their sequence");
        match answer.outcome() {
            pb::EventOutcome::Taken | pb::EventOutcome::Contradiction => {}
            pb::EventOutcome::Repeated => {
                heard.repeated.fetch_add(1, Ordering::SeqCst);
            }
            pb::EventOutcome::Refused | pb::EventOutcome::Unspecified => panic!("{answer:?}"),
        }
        heard.acknowledged.lock().await.insert(answer.event_id);
        heard.count.fetch_add(1, Ordering::SeqCst);
        *next += 1;
    }
    sending.abort();
    Ok(())
}

/// The whole record.
async fn record(clients: &mut Clients) -> Vec<pb::RecordEntry> {
    let mut entries = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = pb::ListReportsRequest {
            live_day_id: DAY.to_owned(),
            page_size: 1_000,
            page_token,
        };
        let page = clients
            .live
            .list_reports(request)
            .await
            .unwrap()
            .into_inner();
        entries.extend(page.entries);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return entries;
        }
    }
}

/// The day that a record tells of.
fn replayed(record: &[pb::RecordEntry]) -> LiveDay {
    let limits = Config::default().planning;
    let first = convert::read_record_entry(&record[0], None, &limits).unwrap();
    let (_, mut day) = LiveDay::replay([first]).unwrap();
    for entry in &record[1..] {
        let roster = Arc::clone(day.day().roster());
        let entry = convert::read_record_entry(entry, Some(&roster), &limits).unwrap();
        day.apply(entry).unwrap();
    }
    day
}

/// Compares the day that the record tells of with the day that the service shows.
fn compare(day: &LiveDay, shown: &pb::GetLiveDayResponse) {
    let summary = shown.live_day.as_ref().unwrap();
    let (tally, said) = (day.tally(), summary.tally.unwrap());
    let counts = [
        tally.open,
        tally.kept,
        tally.late,
        tally.absent,
        tally.not_delivered,
        tally.overdue,
    ];
    let said = [
        said.open,
        said.kept,
        said.late,
        said.customer_absent,
        said.not_delivered,
        said.overdue,
    ];
    assert_eq!(counts.map(|count| i32::try_from(count).unwrap()), said);
    let open = day.alerts().open().values();
    let open: Vec<_> = open
        .map(|a| (a.order.to_string(), a.since.0, a.told_at.0))
        .collect();
    let alerts = shown.alerts.iter().map(|alert| {
        let seconds = |at: Option<prost_types::Timestamp>| at.unwrap().seconds;
        let (since, told) = (seconds(alert.since_time), seconds(alert.told_time));
        (alert.order_id.clone(), since, told)
    });
    assert_eq!(open, alerts.collect::<Vec<_>>());
    for (number, courier) in shown.couriers.iter().enumerate() {
        let state = &day.day().couriers()[number];
        let heard = courier.last_heard_time.map(|at| at.seconds);
        assert_eq!(state.last_heard.map(|at| at.0), heard);
        assert_eq!(state.contradictions.len(), courier.contradictions.len());
        for (stop, told) in courier.stops.iter().enumerate() {
            let record = &state.stops[stop];
            let at = |told: Option<prost_types::Timestamp>| told.map(|at| at.seconds);
            assert_eq!(record.arrival.map(|at| at.0), at(told.arrival_time));
            assert_eq!(record.end.map(|at| at.0), at(told.departure_time));
            let outcome = day.day().outcome(number, stop);
            let by = if let Outcome::Late { by, .. } = outcome {
                Some(by.0)
            } else {
                None
            };
            assert_eq!(by, told.late_duration.map(|late| late.seconds));
        }
        // What is to be expected follows from the state.
        let expected = day.outlook(number, day.now());
        let risk = courier.risk.as_ref().unwrap();
        if risk.as_of_time.unwrap().seconds == day.now().0 {
            let chances = expected.stops.iter().map(|stop| stop.on_time * 100.0);
            let told = risk.stops.iter().map(|stop| stop.on_time_percent);
            assert_eq!(chances.collect::<Vec<_>>(), told.collect::<Vec<_>>());
        }
    }
}

/// Asks for the day of `planned`.
fn start(planned: pb::PlannedDay) -> pb::StartLiveDayRequest {
    pb::StartLiveDayRequest {
        request_id: "start".to_owned(),
        terms: Some(pb::LiveDayTerms {
            live_day_id: DAY.to_owned(),
            scenarios: Some(128),
            is_simulated: true,
            ..pb::LiveDayTerms::default()
        }),
        source: Some(pb::start_live_day_request::Source::Plan(planned)),
        as_of_time: None,
    }
}

/// Waits until so many events have been answered.
async fn progress(heard: &Heard, reporting: &[JoinHandle<()>], count: usize) {
    while heard.count.load(Ordering::SeqCst) < count {
        let is_over = reporting.iter().all(JoinHandle::is_finished);
        assert!(!is_over, "killed before all is said");
        sleep(Duration::from_millis(2)).await;
    }
}

/// Kills the server and starts it again at the same store, with the same log: nothing acknowledged may be missing then.
async fn restart(mut server: Server, place: (&str, &Path), line: &Line, heard: &Heard) -> Server {
    server.kill();
    line.disconnect(0);
    let acknowledged = heard.acknowledged.lock().await.clone();
    let server = Server::start(place.0, place.1);
    line.connect(0, server.address);
    let on_record = record(&mut Clients::of(server.address)).await;
    let ids: BTreeSet<String> = on_record.iter().filter_map(event_id).collect();
    let lost: Vec<&String> = acknowledged.difference(&ids).collect();
    assert!(lost.is_empty(), "SEED={} lost: {lost:?}", seed());
    server
}

/// The day as the service shows it.
async fn shown(clients: &mut Clients) -> pb::GetLiveDayResponse {
    let request = pb::GetLiveDayRequest {
        live_day_id: DAY.to_owned(),
        with_couriers: true,
        ..pb::GetLiveDayRequest::default()
    };
    let read = clients.live.get_live_day(request).await;
    read.unwrap().into_inner()
}

/// The record has each event once, as it was sent.
fn is_all_of(record: &[pb::RecordEntry], sent: &BTreeMap<String, pb::LiveEvent>) {
    let mut ids: Vec<String> = record.iter().filter_map(event_id).collect();
    ids.sort_unstable();
    assert!(ids.iter().eq(sent.keys()), "each event is on record once");
    for entry in record {
        if let Some(pb::record_entry::Entry::Reported(event)) = &entry.entry {
            assert_eq!(event, &sent[&event.event_id], "as it was sent");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_acknowledged_event_is_lost_when_the_server_is_killed() {
    let _one = ONE_AT_A_TIME.lock().await;
    let folder = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", folder.path().join("store").display());
    let log = folder.path().join("log");
    let (seed, total) = (seed(), n_events());
    let mut dice = Dice::new(seed, &[7]);
    let planned = planned(seed);
    let routes = planned.plan.clone().unwrap().routes;
    let mut server = Server::start(&store, &log);
    let line = Arc::new(Line::new());
    line.connect(0, server.address);
    Clients::of(server.address)
        .live
        .start_live_day(start(planned))
        .await
        .unwrap();

    let begun = Instant::now();
    let heard = Arc::new(Heard::default());
    let mut sent = BTreeMap::new();
    let mut reporting = Vec::new();
    for number in 0..CLIENTS {
        let own: Vec<pb::Route> = routes
            .iter()
            .skip(number)
            .step_by(CLIENTS)
            .cloned()
            .collect();
        let share = total / CLIENTS + usize::from(number < total % CLIENTS);
        let events = events(&own, share, &mut dice);
        sent.extend(
            events
                .iter()
                .map(|event| (event.event_id.clone(), event.clone())),
        );
        let (line, heard) = (Arc::clone(&line), Arc::clone(&heard));
        reporting.push(tokio::spawn(report(events, line, heard)));
    }
    for kill in 1..=KILLS {
        progress(&heard, &reporting, total * kill / (KILLS + 1)).await;
        sleep(Duration::from_millis(dice.below(30) as u64)).await;
        server = restart(server, (&store, &log), &line, &heard).await;
    }
    for task in reporting {
        task.await.unwrap();
    }
    let took = begun.elapsed();

    let mut clients = Clients::of(server.address);
    let shown = shown(&mut clients).await;
    let entries = record(&mut clients).await;
    is_all_of(&entries, &sent);
    compare(&replayed(&entries), &shown);
    server.kill();
    let server = Server::start(&store, &log);
    let again = self::shown(&mut Clients::of(server.address)).await;
    compare(&replayed(&entries), &again);
    let log = std::fs::read_to_string(&log).unwrap_or_default();
    assert!(!log.contains("panicked"), "{log}");
    println!(
        "{total} events by {CLIENTS} clients in {took:.1?} with {KILLS} kills: {} streams broken, {} events sent again \
         that were on record; {} entries in the record, {} alerts open",
        heard.broken.load(Ordering::SeqCst),
        heard.repeated.load(Ordering::SeqCst),
        entries.len(),
        shown.alerts.len(),
    );
}

fn event_id(entry: &pb::RecordEntry) -> Option<String> {
    if let Some(pb::record_entry::Entry::Reported(event)) = &entry.entry {
        Some(event.event_id.clone())
    } else {
        None
    }
}

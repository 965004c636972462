//! Days under way through a real server and a real client: started, reported, read, played back, taken up again.

use punctual::config::Config;
use punctual::day::LiveDay;
use punctual::generate::{DaySpec, generate};
use punctual::grpc::pb::day_service_client::DayServiceClient;
use punctual::grpc::pb::live_event::Event;
use punctual::grpc::pb::start_live_day_request::Source;
use punctual::grpc::{convert, pb};
use punctual::model::RouteSketch;
use punctual::planner;
use punctual::store::{Store, StoreError, StoreUrl};
use punctual::travel::TravelTimes;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::days::moment;
use crate::promises::Shop;
use crate::service::Service;

/// Name of the live day.
pub(crate) const DAY: &str = "tuesday";

/// A small day with a plan: every courier has every second order.
pub(crate) fn planned() -> pb::PlannedDay {
    planned_of(&DaySpec::small())
}

/// The same of another day.
pub(crate) fn planned_of(spec: &DaySpec) -> pb::PlannedDay {
    let mut problem = generate(spec);
    // What keeps orders from couriers does not matter here.
    for order in &mut problem.orders {
        order.required_skills.clear();
        order.allowed_couriers.clear();
        order.forbidden_couriers.clear();
        order.depots.clear();
    }
    problem.couriers.truncate(2);
    let due = |order: &punctual::model::Order| order.service_windows().last().map(|w| w.end);
    problem.orders.sort_by_key(due);
    let sketches = problem
        .couriers
        .iter()
        .enumerate()
        .map(|(number, courier)| {
            let orders = problem.orders.iter().skip(number).step_by(2);
            RouteSketch {
                courier: courier.id.clone(),
                orders: orders.map(|order| order.id.clone()).collect(),
                start: None,
                reloads: Vec::new(),
            }
        });
    let sketches: Vec<RouteSketch> = sketches.collect();
    let travel = TravelTimes::new(&problem);
    let plan = planner::evaluate(&problem, &travel, &sketches);
    pb::PlannedDay {
        problem: Some(convert::problem_message(&problem)),
        plan: Some(convert::plan_message(&problem, &plan, &[])),
        forecast: None,
        target_outcome: None,
    }
}

pub(crate) fn terms() -> pb::LiveDayTerms {
    pb::LiveDayTerms {
        live_day_id: DAY.to_owned(),
        scenarios: Some(128),
        is_simulated: true,
        ..pb::LiveDayTerms::default()
    }
}

pub(crate) fn start_request() -> pb::StartLiveDayRequest {
    pb::StartLiveDayRequest {
        request_id: "start".to_owned(),
        terms: Some(terms()),
        source: Some(Source::Plan(planned())),
        as_of_time: None,
    }
}

/// The routes of the plan.
pub(crate) fn routes() -> Vec<pb::Route> {
    planned().plan.unwrap().routes
}

/// When the courier with this number leaves, in seconds since 1970.
pub(crate) fn departure(courier: usize) -> i64 {
    routes()[courier].departure_time.unwrap().seconds
}

pub(crate) fn courier_id(courier: usize) -> String {
    routes()[courier].courier_id.clone()
}

pub(crate) fn order_id(courier: usize, stop: usize) -> String {
    routes()[courier].stops[stop].order_id.clone()
}

pub(crate) fn event(id: &str, at: i64, event: Event) -> pb::LiveEvent {
    pb::LiveEvent {
        event_id: id.to_owned(),
        event_time: moment(at),
        event: Some(event),
    }
}

pub(crate) fn departed(courier: usize) -> Event {
    Event::Departed(pb::CourierDeparted {
        courier_id: courier_id(courier),
    })
}

pub(crate) fn arrived(courier: usize, stop: usize) -> Event {
    Event::Arrived(pb::CourierArrived {
        courier_id: courier_id(courier),
        order_id: order_id(courier, stop),
    })
}

pub(crate) fn delivered(courier: usize, stop: usize) -> Event {
    Event::Delivered(pb::OrderDelivered {
        courier_id: courier_id(courier),
        order_id: order_id(courier, stop),
    })
}

/// A live day with a client.
pub(crate) struct Day {
    pub(crate) client: DayServiceClient<Channel>,
    pub(crate) service: Service,
}

impl Day {
    pub(crate) async fn start() -> Self {
        Self::with(|_| ()).await
    }

    pub(crate) async fn with(config: impl FnOnce(&mut Config)) -> Self {
        let service = Service::with(config).await;
        let mut day = Self {
            client: service.live_days().await,
            service,
        };
        day.client.start_live_day(start_request()).await.unwrap();
        day
    }

    pub(crate) async fn report(
        &mut self,
        as_of: i64,
        events: Vec<pb::LiveEvent>,
    ) -> Result<pb::ReportEventsResponse, Status> {
        let request = pb::ReportEventsRequest {
            live_day_id: DAY.to_owned(),
            events,
            as_of_time: moment(as_of),
        };
        Ok(self.client.report_events(request).await?.into_inner())
    }

    pub(crate) async fn read(&mut self) -> pb::GetLiveDayResponse {
        let request = pb::GetLiveDayRequest {
            live_day_id: DAY.to_owned(),
            with_couriers: true,
            with_terms: true,
            with_plan: true,
        };
        self.client
            .get_live_day(request)
            .await
            .unwrap()
            .into_inner()
    }

    /// The whole record, by pages of so many entries.
    pub(crate) async fn record(&mut self, page_size: i32) -> Vec<pb::RecordEntry> {
        let mut entries = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = pb::ListReportsRequest {
                live_day_id: DAY.to_owned(),
                page_size,
                page_token,
            };
            let page = self
                .client
                .list_reports(request)
                .await
                .unwrap()
                .into_inner();
            assert!(page.entries.len() <= usize::try_from(page_size).unwrap());
            entries.extend(page.entries);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return entries;
            }
        }
    }

    /// A morning: both leave late, the first one visits two customers, and the traffic is bad.
    pub(crate) async fn morning(&mut self) {
        let leaves = departure(0).max(departure(1)) + 900;
        let jam = Event::Traffic(pb::TrafficChange {
            factor: Some(2.5),
            ..pb::TrafficChange::default()
        });
        let late = pb::CustomerRating {
            order_id: order_id(0, 0),
            stars: 2,
            words: "late".to_owned(),
            reason: String::new(),
        };
        let events = [
            (0, departed(0)),
            (0, departed(1)),
            (300, jam),
            (1_500, arrived(0, 0)),
            (1_900, delivered(0, 0)),
            (4_500, arrived(0, 1)),
            (4_800, delivered(0, 1)),
            (5_000, Event::Rating(late)),
        ];
        for (number, (after, what)) in events.into_iter().enumerate() {
            let at = leaves + after;
            let taken = self.report(at, vec![event(&format!("e-{number}"), at, what)]);
            let answer = taken.await.unwrap().answers.pop().unwrap();
            assert_eq!(answer.outcome(), pb::EventOutcome::Taken, "{answer:?}");
        }
        self.report(leaves + 7_200, Vec::new()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_started_reported_and_read() {
    let mut day = Day::start().await;
    let before = day.read().await;
    let summary = before.live_day.unwrap();
    assert_eq!(summary.tally.unwrap().open, summary.stops);
    assert_eq!(summary.couriers, 2);
    assert!(!summary.is_calibrated && summary.noise_version == "default");
    let planned = planned();
    let (problem, plan) = (planned.problem.unwrap(), planned.plan.unwrap());
    let shown = before.plan.unwrap();
    assert_eq!(shown.problem.unwrap(), problem);
    let visits = |plan: &pb::Plan| {
        let routes = plan.routes.iter();
        let stops = routes.flat_map(|route| &route.stops);
        stops
            .map(|stop| (stop.order_id.clone(), stop.arrival_time))
            .collect::<Vec<_>>()
    };
    assert_eq!(visits(&shown.plan.unwrap()), visits(&plan));

    let leaves = departure(0);
    let seen = Event::Position(pb::CourierPosition {
        courier_id: courier_id(0),
        location: Some(pb::GeoPoint {
            latitude: Some(55.75),
            longitude: Some(37.6),
        }),
    });
    let answer = day.report(leaves, vec![event("seen", leaves, seen.clone())]);
    let answer = answer.await.unwrap();
    assert_eq!(answer.answers[0].outcome(), pb::EventOutcome::Taken);
    let [risk] = &answer.couriers[..] else {
        panic!("one courier, not {}", answer.couriers.len());
    };
    assert_eq!(risk.courier_id, courier_id(0));
    assert_eq!(risk.stops.len(), plan.routes[0].stops.len());
    assert!(risk.stops.iter().all(|stop| stop.arrival.is_some()));

    let again = day.report(leaves + 60, vec![event("seen", leaves, seen)]);
    let again = again.await.unwrap();
    assert_eq!(again.answers[0].outcome(), pb::EventOutcome::Repeated);

    day.morning().await;
    let read = day.read().await;
    let summary = read.live_day.unwrap();
    let tally = summary.tally.unwrap();
    assert_eq!(tally.kept + tally.late, 2);
    assert_eq!(tally.open + tally.overdue, summary.stops - 2);
    assert_eq!(summary.ratings.unwrap().count, 1);
    assert_eq!(i32::try_from(read.alerts.len()), Ok(summary.open_alerts));
    let first = &read.couriers[0];
    assert_eq!(first.whereabouts(), pb::LiveWhereabouts::OnTheWay);
    assert_eq!(first.order_id, order_id(0, 2));
    assert_eq!(first.stops[0].state(), pb::LiveStopState::Delivered);
    assert_eq!(first.stops[0].rating.as_ref().unwrap().stars, 2);
    let ids = day.client.list_live_days(pb::ListLiveDaysRequest {}).await;
    assert_eq!(ids.unwrap().into_inner().live_day_ids, [DAY]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_is_read_by_pages_and_played_back_gives_the_day() {
    let mut day = Day::start().await;
    day.morning().await;
    let record = day.record(3).await;
    assert_eq!(record, day.record(1_000).await);
    let limits = Config::default().planning;
    let first = convert::read_record_entry(&record[0], None, &limits).unwrap();
    let (_, begun) = LiveDay::replay([first.clone()]).unwrap();
    let roster = begun.day().roster();
    let rest = record[1..]
        .iter()
        .map(|entry| convert::read_record_entry(entry, Some(roster), &limits).unwrap());
    let entries: Vec<_> = std::iter::once(first).chain(rest).collect();
    let live = day.service.app.live_days().unwrap();
    let id = punctual::model::DayId::parse(DAY).unwrap();
    let stored = live.record(&id, 1, 1_000).await.unwrap();
    assert_eq!(
        entries[1..],
        stored,
        "what is told of entries says all of them"
    );
    let (_, again) = LiveDay::replay(entries).unwrap();
    let again = std::sync::Arc::new(again);
    let same = live.look(&id, move |state| {
        let couriers = 0..state.day.day().couriers().len();
        let later = state.day.now() + punctual::units::Seconds(600);
        state.day.day() == again.day()
            && state.day.alerts() == again.alerts()
            && couriers
                .clone()
                .all(|c| state.day.outlook(c, later) == again.outlook(c, later))
    });
    assert!(same.await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_taken_up_again_as_it_was_when_the_server_is_started_again() {
    let directory = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", directory.path().display());
    let mut day = Day::with(|config| config.store.clone_from(&store)).await;
    day.morning().await;
    let before = day.read().await;
    assert!(before.live_day.as_ref().unwrap().open_alerts > 0);
    let Day {
        client,
        mut service,
    } = day;
    drop(client);
    service.shut_down();
    service.ended().await.unwrap();
    // Threads let the directory go a moment after the server has ended.
    let url: StoreUrl = store.parse().unwrap();
    while let Err(StoreError::InUse(_)) = Store::open(&url).await {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let service = Service::with(|config| config.store = store).await;
    let mut day = Day {
        client: service.live_days().await,
        service,
    };
    let mut after = day.read().await;
    // Everybody is looked at when the day is read; before, some were when they were last heard of.
    let now = before.live_day.as_ref().unwrap().as_of_time;
    for (courier, before) in after.couriers.iter_mut().zip(&before.couriers) {
        assert_eq!(courier.risk.as_ref().unwrap().as_of_time, now);
        courier.risk.clone_from(&before.risk);
    }
    let summary = after.live_day.as_mut().unwrap();
    summary.expected_on_time_percent = before.live_day.as_ref().unwrap().expected_on_time_percent;
    assert_eq!(after, before);
    let at = now.unwrap().seconds + 60;
    let answer = day.report(at, vec![event("more", at, arrived(0, 2))]).await;
    assert_eq!(
        answer.unwrap().answers[0].outcome(),
        pb::EventOutcome::Taken
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_started_once() {
    let mut day = Day::start().await;
    let mut start = async |change: fn(&mut pb::StartLiveDayRequest)| {
        let mut request = start_request();
        change(&mut request);
        let started = day.client.start_live_day(request).await;
        started.map(|started| started.into_inner().live_day.unwrap())
    };
    let first = start(|_| ()).await.unwrap();
    let same = start(|request| request.request_id = "another".to_owned()).await;
    assert_eq!(same.unwrap(), first);
    let reused = start(|request| request.as_of_time = moment(departure(0))).await;
    let reused = reused.unwrap_err();
    assert_eq!(reused.code(), Code::AlreadyExists);
    assert_eq!(
        reused.get_details_error_info().unwrap().reason,
        "REQUEST_ID_REUSED"
    );
    let other = start(|request| {
        request.request_id = "other".to_owned();
        request.terms.as_mut().unwrap().seed = Some(9);
    });
    let other = other.await.unwrap_err();
    assert_eq!(other.code(), Code::AlreadyExists);
    assert_eq!(other.get_details_error_info().unwrap().reason, "DAY_EXISTS");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_promises_is_followed_once_it_is_closed() {
    let mut shop = Shop::open(|_| ()).await;
    for number in 0..4 {
        shop.promise_any(number).await;
    }
    let mut client = shop.service().live_days().await;
    let request = |id: &str| pb::StartLiveDayRequest {
        request_id: id.to_owned(),
        terms: Some(terms()),
        source: Some(Source::PromiseDayId(crate::promises::day_id())),
        as_of_time: None,
    };
    let open = client.start_live_day(request("early")).await.unwrap_err();
    assert_eq!(open.code(), Code::FailedPrecondition);
    assert_eq!(open.get_details_error_info().unwrap().reason, "DAY_OPEN");
    shop.close().await.unwrap();
    let started = client.start_live_day(request("late")).await.unwrap();
    assert_eq!(started.into_inner().live_day.unwrap().stops, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_answered_event_by_event_in_its_sequence() {
    let mut day = Day::start().await;
    let leaves = departure(0);
    let message = |number: i64| {
        let at = leaves + number * 10;
        let position = Event::Position(pb::CourierPosition {
            courier_id: courier_id(0),
            location: Some(pb::GeoPoint {
                latitude: Some(55.75),
                longitude: Some(37.6),
            }),
        });
        let what = match number {
            0 => departed(0),
            7 => arrived(1, 0),
            8 => Event::Departed(pb::CourierDeparted::default()),
            _ => position,
        };
        pb::StreamEventsRequest {
            live_day_id: if number == 0 {
                DAY.to_owned()
            } else {
                String::new()
            },
            event: Some(event(&format!("s-{number}"), at, what)),
            as_of_time: moment(leaves + number / 50 * 600 + 600),
        }
    };
    let messages: Vec<_> = (0..300).map(message).collect();
    let answers = day.client.stream_events(tokio_stream::iter(messages)).await;
    let mut answers = answers.unwrap().into_inner();
    for number in 0..300 {
        let told = answers.message().await.unwrap().unwrap();
        let answer = told.answer.unwrap();
        assert_eq!(answer.event_id, format!("s-{number}"));
        if number == 8 {
            assert_eq!(answer.outcome(), pb::EventOutcome::Refused);
            assert_eq!(answer.findings[0].field, "event.departed.courier_id");
            assert!(told.courier.is_none());
        } else {
            assert_eq!(answer.outcome(), pb::EventOutcome::Taken, "{answer:?}");
            let courier = usize::from(number == 7);
            assert_eq!(told.courier.unwrap().courier_id, courier_id(courier));
        }
    }
    assert!(answers.message().await.unwrap().is_none());
    let entries = day.read().await.live_day.unwrap().entries;
    assert!(entries >= 300, "{entries}");
}

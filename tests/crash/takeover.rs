//! A day under way goes on when its server is killed, though nobody asks for it.

use std::time::Instant;

use punctual::clock::WallClock;
use punctual::generate::{DaySpec, generate};
use punctual::grpc::pb;
use punctual::grpc::pb::day_service_client::DayServiceClient;
use punctual::model::Problem;
use punctual::units::{Seconds, Timestamp};
use sqlx::{Connection, PgConnection};
use tokio::time::sleep;
use tonic::transport::{Channel, Endpoint};

use crate::live::planned_in_turn;
use crate::postgres::Postgres;
use crate::server::Server;
use crate::{ONE_AT_A_TIME, PATIENCE, TAKEOVER_MAX};

const DAY: &str = "today";

/// A day that is under way now: everybody began two hours ago.
fn planned(now: Timestamp) -> pb::PlannedDay {
    let mut problem: Problem = generate(&DaySpec::small());
    let first = problem.couriers.iter().map(|courier| courier.shift.start);
    let by = now - Seconds(7_200) - first.min().unwrap();
    for courier in &mut problem.couriers {
        courier.shift.start = courier.shift.start + by;
        courier.shift.end = courier.shift.end + by;
        courier.breaks.clear();
    }
    for order in &mut problem.orders {
        // What keeps orders from couriers does not matter here.
        order.required_skills.clear();
        order.allowed_couriers.clear();
        order.forbidden_couriers.clear();
        order.depots.clear();
        (order.preference, order.ready) = (None, None);
        let promised = order.promise.as_mut().map(|promise| {
            promise.promised_at = None;
            &mut promise.window
        });
        for window in order.windows.iter_mut().chain(promised) {
            (window.start, window.end) = (window.start + by, window.end + by);
        }
    }
    planned_in_turn(&problem)
}

async fn client(server: &Server) -> DayServiceClient<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address)).unwrap();
    DayServiceClient::new(endpoint.connect().await.unwrap())
}

/// Which server had the lease of the day last, as the database has it.
async fn owner(database: &mut PgConnection) -> String {
    let (owner,): (String,) =
        sqlx::query_as("SELECT owner_name FROM days WHERE day_id = 'live/today'")
            .fetch_one(database)
            .await
            .unwrap();
    owner
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_under_way_is_taken_up_by_another_server_though_nobody_asks() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let url = postgres.url();
    let mut first = Server::start(&url, &log);
    let second = Server::start(&url, &log);
    let now = WallClock::system().now();
    let request = pb::StartLiveDayRequest {
        request_id: "start".to_owned(),
        terms: Some(pb::LiveDayTerms {
            live_day_id: DAY.to_owned(),
            scenarios: Some(128),
            ..pb::LiveDayTerms::default()
        }),
        source: Some(pb::start_live_day_request::Source::Plan(planned(now))),
        as_of_time: None,
    };
    let mut asking = client(&first).await;
    asking.start_live_day(request).await.unwrap();
    let mut database = PgConnection::connect(&url).await.unwrap();
    let before = owner(&mut database).await;
    // As long as its server answers, nobody takes it.
    sleep(TAKEOVER_MAX).await;
    assert_eq!(owner(&mut database).await, before);
    let courier_id = {
        let request = pb::GetLiveDayRequest {
            live_day_id: DAY.to_owned(),
            with_couriers: true,
            ..pb::GetLiveDayRequest::default()
        };
        let day = asking.get_live_day(request).await.unwrap().into_inner();
        day.couriers[0].courier_id.clone()
    };
    let departed = pb::live_event::Event::Departed(pb::CourierDeparted { courier_id });
    let event_time = prost_types::Timestamp {
        seconds: WallClock::system().now().0,
        nanos: 0,
    };
    let report = pb::ReportEventsRequest {
        live_day_id: DAY.to_owned(),
        events: vec![pb::LiveEvent {
            event_id: "left".to_owned(),
            event_time: Some(event_time),
            event: Some(departed),
        }],
        as_of_time: None,
    };
    asking.report_events(report.clone()).await.unwrap();

    first.kill();
    let killed = Instant::now();
    while owner(&mut database).await == before {
        assert!(killed.elapsed() < PATIENCE, "nobody takes the day up");
        sleep(std::time::Duration::from_millis(50)).await;
    }
    println!("taken up after {:.1} s", killed.elapsed().as_secs_f64());
    assert!(killed.elapsed() < TAKEOVER_MAX);
    // With everything that was acknowledged.
    let mut asking = client(&second).await;
    let again = asking.report_events(report).await.unwrap().into_inner();
    assert_eq!(again.answers[0].outcome(), pb::EventOutcome::Repeated);
}

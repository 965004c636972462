//! What browsers are given of a day under way, and a day to look at.

use punctual::grpc::pb::day_service_client::DayServiceClient;
use punctual::grpc::pb::live_event::Event;
use punctual::grpc::{json, pb};
use serde_json::Value;
use tonic::transport::Channel;

use crate::days::{self, moment};
use crate::http::{get, send};
use crate::pages::planned_for;
use crate::service::Service;

/// A live day on a clock of its own, started from a plan that was searched for.
pub(crate) struct Followed {
    client: DayServiceClient<Channel>,
    pub(crate) plan: pb::Plan,
    /// What time it is.
    now: i64,
    next: u32,
}

fn at(moment: Option<&prost_types::Timestamp>) -> i64 {
    moment.unwrap().seconds
}

impl Followed {
    pub(crate) const ID: &'static str = "today";

    pub(crate) async fn start(service: &Service, problem: pb::Problem) -> Self {
        let job_id = planned_for(600, service, problem).await;
        let request = pb::GetPlanRequest {
            job_id,
            with_problem: true,
        };
        let mut planning = service.planning().await;
        let job = planning.get_plan(request).await.unwrap().into_inner();
        let plan = job.solved.unwrap().plan.unwrap();
        let mut client = DayServiceClient::new(service.channel().await);
        let request = pb::StartLiveDayRequest {
            request_id: "start".to_owned(),
            terms: Some(pb::LiveDayTerms {
                live_day_id: Self::ID.to_owned(),
                is_simulated: true,
                ..pb::LiveDayTerms::default()
            }),
            as_of_time: None,
            source: Some(pb::start_live_day_request::Source::Plan(pb::PlannedDay {
                problem: job.problem,
                plan: Some(plan.clone()),
                ..pb::PlannedDay::default()
            })),
        };
        client.start_live_day(request).await.unwrap();
        let starts = plan
            .routes
            .iter()
            .map(|route| at(route.start_time.as_ref()));
        let now = starts.min().unwrap();
        Self {
            client,
            plan,
            now,
            next: 0,
        }
    }

    /// Reports what happened at `moment`, when that is or right now.
    pub(crate) async fn report(&mut self, seconds: i64, event: Event) {
        self.now = self.now.max(seconds);
        self.next += 1;
        let request = pb::ReportEventsRequest {
            live_day_id: Self::ID.to_owned(),
            events: vec![pb::LiveEvent {
                event_id: format!("event-{}", self.next),
                event_time: moment(seconds),
                event: Some(event),
            }],
            as_of_time: moment(self.now),
        };
        let reported = self.client.report_events(request).await.unwrap();
        let answer = &reported.into_inner().answers[0];
        assert_eq!(answer.outcome(), pb::EventOutcome::Taken, "{answer:?}");
    }

    fn route(&self, route: usize) -> pb::Route {
        self.plan.routes[route].clone()
    }

    /// A courier leaves as planned.
    pub(crate) async fn depart(&mut self, route: usize) {
        let route = self.route(route);
        let courier_id = route.courier_id;
        let departed = Event::Departed(pb::CourierDeparted { courier_id });
        let seconds = at(route.departure_time.as_ref());
        self.report(seconds, departed).await;
    }

    /// A courier hands everything over at a stop as planned.
    pub(crate) async fn deliver(&mut self, route: usize, stop: usize) {
        let route = self.route(route);
        let (courier_id, stop) = (route.courier_id, &route.stops[stop]);
        let order_id = stop.order_id.clone();
        let arrived = pb::CourierArrived {
            courier_id: courier_id.clone(),
            order_id: order_id.clone(),
        };
        let seconds = at(stop.arrival_time.as_ref());
        self.report(seconds, Event::Arrived(arrived)).await;
        let started = pb::ServiceStarted {
            courier_id: courier_id.clone(),
            order_id: order_id.clone(),
        };
        let seconds = at(stop.service_start_time.as_ref());
        self.report(seconds, Event::ServiceStarted(started)).await;
        let delivered = pb::OrderDelivered {
            courier_id,
            order_id,
        };
        let seconds = at(stop.departure_time.as_ref());
        self.report(seconds, Event::Delivered(delivered)).await;
    }

    /// The vehicle of a courier breaks down now, for so many seconds.
    pub(crate) async fn break_down(&mut self, route: usize, seconds: i64) {
        let broken = pb::VehicleBrokenDown {
            courier_id: self.route(route).courier_id,
            until_time: moment(self.now + seconds),
            note: "battery".to_owned(),
        };
        self.report(self.now, Event::BrokenDown(broken)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn live_days_are_given_as_the_api_gives_them() {
    let service = Service::with_pages(|_| ()).await;
    assert_eq!(get(service.address, "/api/live").body.trim(), "{}");
    let mut day = Followed::start(&service, days::small()).await;
    day.depart(0).await;
    day.deliver(0, 0).await;
    let listed = get(service.address, "/api/live").json();
    assert_eq!(listed["liveDayIds"][0], Followed::ID);
    let request = pb::GetLiveDayRequest {
        live_day_id: Followed::ID.to_owned(),
        with_couriers: true,
        with_plan: true,
        ..pb::GetLiveDayRequest::default()
    };
    let read = day.client.get_live_day(request).await.unwrap();
    let mut expected = read.into_inner();
    let plan = expected.plan.as_mut().unwrap();
    plan.problem.as_mut().unwrap().travel_profiles.clear();
    let said: Value = serde_json::from_str(&json::write(&expected)).unwrap();
    assert_eq!(get(service.address, "/api/live/today").json(), said);
    let now = get(service.address, "/api/live/today/now").json();
    assert_eq!(now["couriers"], said["couriers"]);
    assert_eq!(now["plan"], Value::Null);
    let summary = get(service.address, "/api/live/today/summary").json();
    assert_eq!(summary["liveDay"], said["liveDay"]);
    assert_eq!(summary["liveDay"]["tally"]["kept"], 1);
    assert_eq!(summary["couriers"], Value::Null);
    for path in ["", "/now", "/summary", "/watch", "/links"] {
        let reply = get(service.address, &format!("/api/live/tomorrow{path}"));
        assert_eq!(reply.status, 404, "{path}: {}", reply.body);
    }
    let links = get(service.address, "/api/live/today/links").json();
    let courier = &day.plan.routes[0].courier_id;
    let link = links["links"][courier].as_str().unwrap();
    let route = get(service.address, &format!("{link}/route")).json();
    assert_eq!(route["plan"]["routes"][0]["courierId"], courier.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_changed_by_nobody_but_a_page_of_this_server() {
    let service = Service::with_pages(|_| ()).await;
    let day = Followed::start(&service, days::small()).await;
    let order = &day.plan.routes[0].stops[0].order_id;
    let path = format!("/api/live/today/remedies/{order}");
    let suggested = get(service.address, &path).json();
    assert!(suggested["remedies"].is_array());
    // A form or a script of another site can send this much, which is not enough.
    let posted = |path| {
        let host = service.address.to_string();
        send(service.address, "POST", path, &host, "{}").status
    };
    assert_eq!(posted("/api/live/today/apply"), 415);
    let summary = get(service.address, "/api/live/today/summary").json();
    assert_eq!(summary["liveDay"]["planVersion"], Value::Null);
}

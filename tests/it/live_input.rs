//! What is reported wrongly from a day under way: each event is judged by itself, with its path and its id.

use punctual::grpc::pb;
use punctual::grpc::pb::EventOutcome;
use punctual::grpc::pb::live_event::Event;
use punctual::grpc::pb::start_live_day_request::Source;
use tonic::Code;
use tonic_types::StatusExt;

use crate::days::moment;
use crate::live::{
    DAY, Day, arrived, courier_id, delivered, departed, departure, event, order_id, planned_of,
    start_request,
};

/// Everything said of an answer: `events[0].arrived.order_id order-9: the day has no order order-9`.
fn said(answer: &pb::EventAnswer) -> String {
    let lines = answer.findings.iter().map(|finding| {
        let pb::Finding {
            field,
            subject_id,
            message,
            ..
        } = finding;
        format!("{field} {subject_id}: {message}")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Two good events among ten that are not, for as many reasons.
fn odd_events(now: i64) -> Vec<pb::LiveEvent> {
    let nobody = Event::Departed(pb::CourierDeparted {
        courier_id: "nobody".to_owned(),
    });
    let nothing = Event::Arrived(pb::CourierArrived {
        courier_id: courier_id(0),
        order_id: "nothing".to_owned(),
    });
    let foreign = Event::Arrived(pb::CourierArrived {
        courier_id: courier_id(0),
        order_id: order_id(1, 0),
    });
    let stars = Event::Rating(pb::CustomerRating {
        order_id: order_id(0, 0),
        stars: 6,
        ..pb::CustomerRating::default()
    });
    let empty = Event::DeliveredInPart(pb::OrderDeliveredInPart {
        courier_id: courier_id(0),
        order_id: order_id(0, 0),
        refused: Vec::new(),
    });
    vec![
        event("good", now, departed(0)),
        event("nobody", now, nobody),
        event("nothing", now, nothing),
        event("foreign", now, foreign),
        event("future", now + 3_600, departed(1)),
        event("not an id", now, departed(1)),
        event("stars", now, stars),
        event("empty", now, empty),
        pb::LiveEvent {
            event_id: "blank".to_owned(),
            ..pb::LiveEvent::default()
        },
        event("good", now, departed(1)),
        event("far", now - 90 * 86_400, departed(1)),
        event("also-good", now, departed(1)),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_judged_by_itself() {
    let mut day = Day::start().await;
    let now = departure(0) + 3_600;
    let answer = day.report(now, odd_events(now)).await.unwrap();
    let taken = |answer: &pb::EventAnswer| answer.outcome() == EventOutcome::Taken;
    let good: Vec<&str> = (answer.answers.iter().filter(|answer| taken(answer)))
        .map(|answer| answer.event_id.as_str())
        .collect();
    assert_eq!(good, ["good", "also-good"]);
    let refused = answer.answers.iter().filter(|answer| !taken(answer));
    assert!({ refused }.all(|answer| answer.outcome() == EventOutcome::Refused));
    let expected = [
        (
            1,
            "events[1].departed.courier_id nobody: the day has no courier nobody",
        ),
        (
            2,
            "events[2].arrived.order_id nothing: the day has no order nothing",
        ),
        (3, "the order is in the route of courier"),
        (4, "events[4].event_time future: happened at"),
        (4, "seems to be 1 h fast, as in another time zone"),
        (5, "events[5].event_id not an id: "),
        (6, "events[6].rating.stars"),
        (7, "events[7].delivered_in_part.refused"),
        (8, "events[8].event_time blank: this field is required"),
        (8, "events[8].event blank: say what happened"),
        (9, "events[9].event_id good: event id good was used before"),
        (10, "events[10].event_time far: must be from "),
    ];
    for (number, text) in expected {
        let said = said(&answer.answers[number]);
        assert!(said.contains(text), "{text}\n{said}");
    }
    let named: Vec<&str> = answer
        .couriers
        .iter()
        .map(|c| c.courier_id.as_str())
        .collect();
    assert_eq!(named, [courier_id(0), courier_id(1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_may_come_late_and_what_contradicts_is_on_record_without_effect() {
    let mut day = Day::start().await;
    let leaves = departure(0);
    let later = leaves + 7_200;
    // The wrong way round: the delivery is heard of first.
    let events = vec![
        event("done", leaves + 1_800, delivered(0, 0)),
        event("left", leaves, departed(0)),
        event("there", leaves + 1_200, arrived(0, 0)),
        event("again", leaves + 2_400, arrived(0, 0)),
    ];
    let answer = day.report(later, events).await.unwrap();
    let outcomes: Vec<EventOutcome> = (answer.answers.iter())
        .map(pb::EventAnswer::outcome)
        .collect();
    let taken = EventOutcome::Taken;
    assert_eq!(outcomes, [taken, taken, taken, EventOutcome::Contradiction]);
    assert!(said(&answer.answers[3]).starts_with("events[3].arrived."));
    let courier = &day.read().await.couriers[0];
    assert_eq!(courier.contradictions[0].event_id, "again");
    let stop = &courier.stops[0];
    assert_eq!(stop.arrival_time, moment(leaves + 1_200));
    assert_eq!(stop.departure_time, moment(leaves + 1_800));
    let record = day.record(1_000).await;
    let reported = record
        .iter()
        .filter(|entry| matches!(&entry.entry, Some(pb::record_entry::Entry::Reported(_))));
    assert_eq!(reported.count(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_wrong_as_a_whole_change_nothing() {
    let mut day = Day::start().await;
    let now = departure(0);
    let fine = || vec![event("fine", now, departed(0))];
    let request = |id: &str, events, as_of_time| pb::ReportEventsRequest {
        live_day_id: id.to_owned(),
        events,
        as_of_time,
    };
    let many = (0..1_001).map(|number| event(&format!("m-{number}"), now, departed(0)));
    for (request, code, field) in [
        (
            request("wednesday", fine(), moment(now)),
            Code::NotFound,
            "",
        ),
        (
            request("", fine(), moment(now)),
            Code::InvalidArgument,
            "live_day_id",
        ),
        (
            request(DAY, fine(), None),
            Code::InvalidArgument,
            "as_of_time",
        ),
        (
            request(DAY, fine(), moment(now + 90 * 86_400)),
            Code::InvalidArgument,
            "as_of_time",
        ),
        (
            request(DAY, many.collect(), moment(now)),
            Code::InvalidArgument,
            "events",
        ),
    ] {
        let status = day.client.report_events(request).await.unwrap_err();
        assert_eq!(status.code(), code, "{status:?}");
        if code == Code::NotFound {
            assert_eq!(
                status.get_details_error_info().unwrap().reason,
                "UNKNOWN_DAY"
            );
        } else {
            let violations = status.get_details_bad_request().unwrap().field_violations;
            assert!(
                violations.iter().any(|found| found.field == field),
                "{violations:?}"
            );
        }
    }
    let record = day.record(1_000).await;
    let is_of_the_start = |entry: &pb::RecordEntry| {
        use pb::record_entry::Entry;
        matches!(entry.entry, Some(Entry::Started(_) | Entry::Alerted(_)))
    };
    assert!(record.iter().all(is_of_the_start), "{record:?}");
    let unknown = pb::GetLiveDayRequest {
        live_day_id: "wednesday".to_owned(),
        ..pb::GetLiveDayRequest::default()
    };
    let status = day.client.get_live_day(unknown).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    let unknown = pb::ListReportsRequest {
        live_day_id: "wednesday".to_owned(),
        ..pb::ListReportsRequest::default()
    };
    let status = day.client.list_reports(unknown).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_day_by_the_clock_nobody_says_what_time_it_is() {
    let mut day = Day::start().await;
    let mut start = start_request();
    start.request_id = "by-the-clock".to_owned();
    let terms = start.terms.as_mut().unwrap();
    terms.live_day_id = "real".to_owned();
    terms.is_simulated = false;
    let mut told = start.clone();
    told.request_id = "told".to_owned();
    told.as_of_time = moment(departure(0));
    let status = day.client.start_live_day(told).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let spec = punctual::generate::DaySpec {
        date: jiff::civil::date(2001, 1, 3),
        ..punctual::generate::DaySpec::small()
    };
    // Nothing that happens now could be reported of a day that is over.
    let mut over = start.clone();
    over.request_id = "over".to_owned();
    over.source = Some(Source::Plan(planned_of(&spec)));
    let status = day.client.start_live_day(over).await.unwrap_err();
    let violations = status.get_details_bad_request().unwrap().field_violations;
    assert_eq!(violations[0].field, "terms.is_simulated");
    assert!(violations[0].description.contains("is over"));
    let spec = punctual::generate::DaySpec {
        date: jiff::civil::date(2101, 1, 3),
        ..spec
    };
    start.source = Some(Source::Plan(planned_of(&spec)));
    day.client.start_live_day(start).await.unwrap();
    let mut request = pb::ReportEventsRequest {
        live_day_id: "real".to_owned(),
        events: Vec::new(),
        as_of_time: None,
    };
    let status = day.client.report_events(request.clone()).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "nothing is reported");
    request
        .events
        .push(event("left", departure(0), departed(0)));
    request.as_of_time = moment(departure(0));
    let status = day.client.report_events(request).await.unwrap_err();
    let violations = status.get_details_bad_request().unwrap().field_violations;
    assert_eq!(violations[0].field, "as_of_time");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_wrong_with_a_start_is_told_at_once() {
    let mut day = Day::start().await;
    let mut request = start_request();
    request.request_id = String::new();
    let terms = request.terms.as_mut().unwrap();
    terms.live_day_id = "not an id".to_owned();
    terms.alert_below_percent = Some(90.0);
    terms.clear_from_percent = Some(80.0);
    terms.grave_below_percent = Some(95.0);
    terms.scenarios = Some(500);
    terms.grace_duration = Some(prost_types::Duration {
        seconds: -1,
        nanos: 0,
    });
    let Some(Source::Plan(plan)) = &mut request.source else {
        panic!("from a plan");
    };
    plan.plan.as_mut().unwrap().routes[0].courier_id = "nobody".to_owned();
    let status = day.client.start_live_day(request).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let violations = status.get_details_bad_request().unwrap().field_violations;
    for field in [
        "request_id",
        "terms.live_day_id",
        "terms.clear_from_percent",
        "terms.grave_below_percent",
        "terms.scenarios",
        "terms.grace_duration",
        "plan.plan.routes[0].courier_id",
    ] {
        assert!(
            violations.iter().any(|found| found.field == field),
            "{field}: {violations:?}"
        );
    }
    let nothing = pb::StartLiveDayRequest {
        request_id: "nothing".to_owned(),
        terms: start_request().terms,
        ..pb::StartLiveDayRequest::default()
    };
    let status = day.client.start_live_day(nothing).await.unwrap_err();
    let violations = status.get_details_bad_request().unwrap().field_violations;
    assert_eq!(violations[0].field, "plan");
}

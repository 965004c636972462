//! Watching a day under way: alerts told once, with the reason in words, in time; watchers who are too slow.

use punctual::grpc::pb;
use punctual::grpc::pb::live_event::Event;
use punctual::grpc::pb::watch_risk_response::Told;
use tonic::{Code, Streaming};
use tonic_types::StatusExt;

use crate::live::{DAY, Day, arrived, delivered, departed, departure, event, order_id};

async fn watch(day: &mut Day) -> Streaming<pb::WatchRiskResponse> {
    let request = pb::WatchRiskRequest {
        live_day_id: DAY.to_owned(),
    };
    day.client.watch_risk(request).await.unwrap().into_inner()
}

async fn next(watching: &mut Streaming<pb::WatchRiskResponse>) -> Told {
    loop {
        let told = tokio::time::timeout(crate::service::PATIENCE, watching.message());
        let told = told.await.expect("nothing more is told");
        let told = told.unwrap().unwrap().told.unwrap();
        // On a simulated day, every minute is told.
        if !matches!(told, Told::Heartbeat(_)) {
            return told;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_of_a_simulated_day_hears_that_time_has_passed_after_what_changed_until_then() {
    let mut day = Day::start().await;
    let mut watching = watch(&mut day).await;
    let leaves = departure(0);
    let traffic = Event::Traffic(pb::TrafficChange {
        factor: Some(10.0),
        ..pb::TrafficChange::default()
    });
    day.report(leaves, vec![event("t-1", leaves, traffic)])
        .await
        .unwrap();
    let open = day.read().await.alerts.len();
    assert!(open > 0);
    let mut raised = 0;
    loop {
        let told = watching.message().await.unwrap().unwrap().told.unwrap();
        match told {
            Told::Open(first) => raised += first.alerts.len(),
            Told::Change(change) => {
                raised += usize::from(change.kind() == pb::AlertChangeKind::Raised);
            }
            Told::Heartbeat(beat) => {
                assert_eq!(beat.as_of_time.unwrap().seconds, leaves);
                break;
            }
        }
    }
    assert_eq!(raised, open);
}

/// Lets the day go on until an alert about this order is told.
async fn alert(
    watching: &mut Streaming<pb::WatchRiskResponse>,
    order: &str,
) -> (pb::AlertChangeKind, pb::LiveAlert) {
    loop {
        if let Told::Change(change) = next(watching).await
            && change.alert.as_ref().unwrap().order_id == order
        {
            return (change.kind(), change.alert.unwrap());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_courier_is_told_once_with_the_reason_and_ends_at_the_door() {
    let mut day = Day::start().await;
    let mut watching = watch(&mut day).await;
    let Told::Open(open) = next(&mut watching).await else {
        panic!("first what is open");
    };
    let order = order_id(0, 0);
    assert!(open.alerts.iter().all(|alert| alert.order_id != order));
    let leaves = departure(0);
    day.report(leaves, vec![event("left", leaves, departed(0))])
        .await
        .unwrap();
    // Nothing is heard for hours.
    for minutes in 1..240 {
        day.report(leaves + minutes * 60, Vec::new()).await.unwrap();
    }
    let (kind, told) = alert(&mut watching, &order).await;
    assert_eq!(kind, pb::AlertChangeKind::Raised);
    assert_eq!(told.causes[0].cause(), pb::DelayCause::Silence);
    let [english, russian] = &told.words[..] else {
        panic!("two languages, not {}", told.words.len());
    };
    assert!(
        english
            .text
            .starts_with("We have no news of your courier: "),
        "{english:?}"
    );
    assert!(
        russian.text.starts_with("От курьера нет вестей: "),
        "{russian:?}"
    );
    assert!(told.on_time_percent < 75.0);
    let at = leaves + 240 * 60;
    let shown = day.read().await.alerts;
    assert!(shown.iter().any(|alert| alert.order_id == order));
    day.report(at, vec![event("there", at, arrived(0, 0))])
        .await
        .unwrap();
    day.report(at + 60, vec![event("done", at + 60, delivered(0, 0))])
        .await
        .unwrap();
    let ended = loop {
        let (kind, told) = alert(&mut watching, &order).await;
        assert_ne!(kind, pb::AlertChangeKind::Raised, "told once");
        if kind == pb::AlertChangeKind::Ended {
            break told;
        }
    };
    assert!(ended.words.is_empty());
    assert_eq!(ended.since_time, told.since_time);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_who_comes_later_hears_first_what_is_open() {
    let mut day = Day::start().await;
    day.morning().await;
    let read = day.read().await;
    let mut watching = watch(&mut day).await;
    let Told::Open(open) = next(&mut watching).await else {
        panic!("first what is open");
    };
    assert_eq!(open.alerts, read.alerts);
    assert_eq!(open.as_of_time, read.live_day.unwrap().as_of_time);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_who_is_too_slow_is_told_to_ask_again_and_holds_up_nobody() {
    let mut day = Day::with(|config| config.live.changes_behind_max = 1).await;
    let mut watching = watch(&mut day).await;
    let leaves = departure(0);
    // Reads nothing while everything goes from bad to good and back.
    for turn in 0..40 {
        let traffic = Event::Traffic(pb::TrafficChange {
            factor: Some(if turn % 2 == 0 { 10.0 } else { 0.1 }),
            ..pb::TrafficChange::default()
        });
        let at = leaves + turn * 60;
        day.report(at, vec![event(&format!("t-{turn}"), at, traffic)])
            .await
            .unwrap();
    }
    let slow = loop {
        match watching.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the stream ended without a word"),
            Err(status) => break status,
        }
    };
    assert_eq!(slow.code(), Code::ResourceExhausted);
    assert_eq!(slow.get_details_error_info().unwrap().reason, "TOO_SLOW");
}

#[tokio::test(flavor = "multi_thread")]
async fn watchers_and_streams_end_when_the_server_does() {
    let mut day = Day::start().await;
    let mut watching = watch(&mut day).await;
    next(&mut watching).await;
    day.service.shut_down();
    let ended = watching.message().await.unwrap_err();
    assert_eq!(ended.code(), Code::Unavailable);
}

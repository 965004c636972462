//! Remedies and repair through a real server and a real client: suggested, applied, recorded, refused.

use punctual::config::Config;
use punctual::day::LiveDay;
use punctual::grpc::convert;
use punctual::grpc::pb;
use punctual::grpc::pb::live_event::Event;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::days::moment;
use crate::live::{DAY, Day, courier_id, event, order_id, planned};

/// Couriers need nothing for an order that they do not have.
fn everywhere() -> Option<pb::RemedyTerms> {
    Some(pb::RemedyTerms {
        goods: pb::GoodsPlace::Everywhere as i32,
        handover_duration: None,
    })
}

async fn suggest(day: &mut Day, order_id: &str) -> Result<Vec<pb::Remedy>, Status> {
    let request = pb::SuggestRemediesRequest {
        live_day_id: DAY.to_owned(),
        order_id: order_id.to_owned(),
        terms: everywhere(),
    };
    let found = day.client.suggest_remedies(request).await?;
    Ok(found.into_inner().remedies)
}

async fn apply(
    day: &mut Day,
    request_id: &str,
    change: Option<pb::PlanChange>,
) -> Result<pb::LiveDaySummary, Status> {
    let request = pb::ApplyRemedyRequest {
        request_id: request_id.to_owned(),
        live_day_id: DAY.to_owned(),
        change,
        as_of_time: None,
    };
    let applied = day.client.apply_remedy(request).await?;
    Ok(applied.into_inner().live_day.unwrap())
}

fn reason(status: &Status) -> String {
    status.get_details_error_info().unwrap().reason.clone()
}

/// The same day played back from its record, and whether all is as it is.
async fn plays_back(day: &mut Day) -> bool {
    let record = day.record(100).await;
    let limits = Config::default().planning;
    let first = convert::read_record_entry(&record[0], None, &limits).unwrap();
    let (_, mut again) = LiveDay::replay([first]).unwrap();
    for entry in &record[1..] {
        let roster = std::sync::Arc::clone(again.day().roster());
        let entry = convert::read_record_entry(entry, Some(&roster), &limits).unwrap();
        again.apply(entry).unwrap();
    }
    let live = day.service.app.live_days().unwrap();
    let id = punctual::model::DayId::parse(DAY).unwrap();
    let same = live.look(&id, move |state| {
        let couriers = 0..state.day.day().couriers().len();
        let later = state.day.now() + punctual::units::Seconds(600);
        let is_as_expected = couriers
            .clone()
            .all(|courier| state.day.outlook(courier, later) == again.outlook(courier, later));
        state.day.day() == again.day()
            && state.day.alerts() == again.alerts()
            && state.day.version() == again.version()
            && is_as_expected
    });
    same.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remedy_is_suggested_applied_once_and_on_record() {
    let mut day = Day::start().await;
    day.morning().await;
    let alerts = day.read().await.alerts;
    let helps =
        |remedy: &pb::Remedy| remedy.on_time_after_percent > remedy.on_time_before_percent + 1.0;
    // Something can be done about one of them.
    let mut open = alerts.iter().rev();
    let remedies = loop {
        let alert = open.next().expect("nothing helps anybody");
        let remedies = suggest(&mut day, &alert.order_id).await.unwrap();
        if remedies.iter().any(helps) {
            break remedies;
        }
    };
    let has = |kind| remedies.iter().any(|remedy| remedy.kind() == kind);
    assert!(has(pb::RemedyKind::TellCustomer), "{remedies:?}");
    let loss = |remedy: &pb::Remedy| {
        let after = remedy.after.as_ref().unwrap();
        let waiting = after.expected_delay_duration.unwrap().seconds as f64 / 36_000.0;
        after.expected_late + waiting + 1.2 * f64::from(after.unserved)
    };
    let losses: Vec<f64> = remedies.iter().map(loss).collect();
    assert!(
        losses.windows(2).all(|pair| pair[0] <= pair[1] + 0.012),
        "{losses:?}"
    );
    let best = remedies
        .iter()
        .find(|remedy| helps(remedy))
        .unwrap()
        .clone();
    // Nothing has changed yet.
    assert_eq!(day.read().await.live_day.unwrap().plan_version, 0);

    let applied = apply(&mut day, "apply-1", best.change.clone())
        .await
        .unwrap();
    assert_eq!(applied.plan_version, 1);
    let again = apply(&mut day, "apply-1", best.change.clone())
        .await
        .unwrap();
    assert_eq!(again, applied);
    let stale = apply(&mut day, "apply-2", best.change.clone())
        .await
        .unwrap_err();
    assert_eq!(
        (stale.code(), reason(&stale).as_str()),
        (Code::FailedPrecondition, "STALE_PLAN")
    );
    let mut others = remedies.iter().map(|remedy| remedy.change.clone());
    let other = others.find(|change| *change != best.change).unwrap();
    let reused = apply(&mut day, "apply-1", other).await.unwrap_err();
    assert_eq!(reason(&reused), "REQUEST_ID_REUSED");

    let read = day.read().await;
    assert_eq!(read.live_day.unwrap().plan_version, 1);
    let changed = &best.change.unwrap().routes;
    for route in changed {
        let plan = read.plan.as_ref().unwrap().plan.as_ref().unwrap();
        let shown = plan
            .routes
            .iter()
            .find(|it| it.courier_id == route.courier_id);
        let shown = shown.unwrap().stops.iter().map(|stop| &stop.order_id);
        assert!(shown.eq(&route.order_ids), "{route:?}");
    }
    let record = day.record(100).await;
    let is_change = |entry: &&pb::RecordEntry| {
        matches!(entry.entry, Some(pb::record_entry::Entry::Replanned(_)))
    };
    assert_eq!(record.iter().filter(is_change).count(), 1);
    assert!(plays_back(&mut day).await);
}

/// An order that comes at `now`, for the next six hours.
fn late_order(now: i64) -> pb::Order {
    let problem = planned().problem.unwrap();
    pb::Order {
        id: "late-order".to_owned(),
        promise: None,
        preference: None,
        ready_time: None,
        windows: vec![pb::TimeWindow {
            start_time: moment(now),
            end_time: moment(now + 6 * 3_600),
        }],
        ..problem.orders[0].clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_repaired_after_a_breakdown_within_its_budget() {
    let mut day = Day::start().await;
    day.morning().await;
    let now = day
        .read()
        .await
        .live_day
        .unwrap()
        .as_of_time
        .unwrap()
        .seconds;
    let broken = Event::BrokenDown(pb::VehicleBrokenDown {
        courier_id: courier_id(0),
        ..pb::VehicleBrokenDown::default()
    });
    let answer = day.report(now, vec![event("broken", now, broken)]).await;
    assert_eq!(
        answer.unwrap().answers[0].outcome(),
        pb::EventOutcome::Taken
    );
    let request = pb::RepairPlanRequest {
        live_day_id: DAY.to_owned(),
        new_orders: vec![late_order(now)],
        cancelled_order_ids: vec![order_id(1, 11)],
        moves_max: Some(3),
        iteration_limit: Some(200),
        terms: everywhere(),
        ..pb::RepairPlanRequest::default()
    };
    let found = day
        .client
        .repair_plan(request.clone())
        .await
        .unwrap()
        .into_inner();
    let same = day.client.repair_plan(request).await.unwrap().into_inner();
    assert_eq!(found, same);
    assert!(found.is_changed && found.moved_stops <= 3, "{found:?}");
    let [before, after] = [&found.before, &found.after].map(|figures| figures.as_ref().unwrap());
    assert!(after.expected_late < before.expected_late, "{found:?}");
    let why = |id: &str| {
        let change = found.changes.iter().find(|change| change.order_id == id);
        change.map(pb::OrderChange::reason)
    };
    assert_eq!(why("late-order"), Some(pb::ChangeReason::New));
    assert_eq!(why(&order_id(1, 11)), Some(pb::ChangeReason::Cancelled));
    let saved = found.changes.iter();
    let saved = saved.filter(|change| change.reason() == pb::ChangeReason::Breakdown);
    assert!(
        saved
            .clone()
            .all(|change| change.from_courier_id == courier_id(0))
    );
    assert!(saved.count() > 0);
    apply(&mut day, "repair", found.change).await.unwrap();
    let read = day.read().await;
    let second = &read.couriers[1].stops;
    let is_there = |id: &str| {
        let stop = second.iter().find(|stop| stop.order_id == id);
        stop.is_some_and(|stop| stop.state() == pb::LiveStopState::ToCome)
    };
    assert!(is_there("late-order") && !is_there(&order_id(1, 11)));
    assert!(plays_back(&mut day).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_changes_nothing_leaves_the_plan_and_who_has_lost_it_asks_by_its_id() {
    let mut day = Day::start().await;
    day.morning().await;
    let alerts = day.read().await.alerts;
    let remedies = suggest(&mut day, &alerts[0].order_id).await.unwrap();
    let mut told = remedies.iter();
    let told = told.find(|it| it.kind() == pb::RemedyKind::TellCustomer);
    let applied = apply(&mut day, "tell", told.unwrap().change.clone()).await;
    let applied = applied.unwrap();
    assert_eq!(applied.plan_version, 0);
    let asked = apply(&mut day, "tell", None).await.unwrap();
    assert_eq!(asked, applied);
    let never = apply(&mut day, "never", None).await.unwrap_err();
    assert_eq!(never.code(), Code::InvalidArgument);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_request_is_said_by_path_and_id() {
    let mut day = Day::start().await;
    let unknown = suggest(&mut day, "nobody").await.unwrap_err();
    assert_eq!(unknown.code(), Code::InvalidArgument);
    assert!(unknown.message().starts_with("order_id: "), "{unknown}");
    for change in [
        None,
        Some(pb::PlanChange {
            change: b"{\"routes\": 3}".to_vec(),
            ..pb::PlanChange::default()
        }),
    ] {
        let wrong = apply(&mut day, "wrong", change).await.unwrap_err();
        assert_eq!(wrong.code(), Code::InvalidArgument);
        assert!(wrong.message().starts_with("change.change: "), "{wrong}");
    }
    let order = planned().problem.unwrap().orders[0].clone();
    let request = pb::RepairPlanRequest {
        live_day_id: DAY.to_owned(),
        new_orders: vec![order.clone()],
        cancelled_order_ids: vec!["nobody".to_owned()],
        outages: vec![pb::OutageChange {
            courier_id: "ghost".to_owned(),
            until_time: None,
        }],
        time_limit_duration: Some(prost_types::Duration {
            seconds: 1,
            nanos: 0,
        }),
        ..pb::RepairPlanRequest::default()
    };
    let wrong = day.client.repair_plan(request.clone()).await.unwrap_err();
    assert_eq!(wrong.code(), Code::InvalidArgument);
    let found = wrong.get_details_bad_request().unwrap().field_violations;
    let mut fields: Vec<&str> = found.iter().map(|it| it.field.as_str()).collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        [
            "cancelled_order_ids[0]",
            "new_orders[0].id",
            "outages[0].courier_id"
        ]
    );
    let endless = pb::RepairPlanRequest {
        time_limit_duration: Some(prost_types::Duration {
            seconds: 3_600,
            nanos: 0,
        }),
        ..request
    };
    let endless = day.client.repair_plan(endless).await.unwrap_err();
    assert!(
        endless.message().starts_with("time_limit_duration: "),
        "{endless}"
    );
    let elsewhere = pb::SuggestRemediesRequest {
        live_day_id: "wednesday".to_owned(),
        order_id: order.id,
        terms: None,
    };
    let elsewhere = day.client.suggest_remedies(elsewhere).await.unwrap_err();
    assert_eq!(reason(&elsewhere), "UNKNOWN_DAY");
}

//! What more promises cost: several plans in one call.

use punctual::grpc::pb::{self, plan_frontier_response::Event};
use tonic::{Code, Streaming};
use tonic_types::StatusExt;

use crate::days;
use crate::service::{Service, budget, within};

fn request(targets: &[f64]) -> pb::PlanFrontierRequest {
    pb::PlanFrontierRequest {
        problem: Some(days::small()),
        options: Some(pb::SolveOptions {
            iteration_limit: Some(3_000),
            ..budget(20_000)
        }),
        target_percents: targets.to_vec(),
        ..pb::PlanFrontierRequest::default()
    }
}

async fn read(
    mut events: Streaming<pb::PlanFrontierResponse>,
) -> (Vec<pb::FrontierProgress>, pb::Frontier) {
    let mut progress = Vec::new();
    let mut found = None;
    while let Some(message) = within(events.message()).await.unwrap() {
        assert!(found.is_none(), "the frontier is the last message");
        match message.event.unwrap() {
            Event::Progress(news) => progress.push(news),
            Event::Frontier(frontier) => found = Some(frontier),
        }
    }
    (progress, found.unwrap())
}

async fn frontier(request: pb::PlanFrontierRequest) -> (Vec<pb::FrontierProgress>, pb::Frontier) {
    let service = Service::start().await;
    let mut client = service.planning().await;
    read(client.plan_frontier(request).await.unwrap().into_inner()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_plan_of_a_frontier_is_beaten_by_one_for_a_harder_target() {
    let (progress, found) = frontier(request(&[97.0, 90.0])).await;
    let targets: Vec<f64> = found
        .points
        .iter()
        .filter_map(|point| point.target_percent)
        .collect();
    assert!((targets[0] - 90.0).abs() < 1e-9 && (targets[1] - 97.0).abs() < 1e-9);
    let [soft, hard] = &found.points[..] else {
        panic!("two targets were asked for");
    };
    assert!(soft.cost <= hard.cost);
    for point in &found.points {
        // Whether so few iterations reach a target is not what this is about.
        let target = point.target_percent.unwrap();
        assert_eq!(point.is_met, point.expected_kept_percent >= target - 1e-9);
        let solved = point.solved.as_ref().unwrap();
        let plan = solved.plan.as_ref().unwrap();
        assert!(plan.verdict.as_ref().unwrap().feasible);
        assert_eq!(plan.cost.as_ref().unwrap().total_cost, point.cost);
        let forecast = solved.forecast.as_ref().unwrap();
        assert!((forecast.expected_kept_percent - point.expected_kept_percent).abs() < 1e-9);
        assert!(!plan.provenance.as_ref().unwrap().input_digest.is_empty());
    }
    assert_eq!(found.points[0].marginal_promise_cost, None);
    let last = progress.last().unwrap();
    assert_eq!((last.point, last.points), (2, 2));
    assert!(progress.is_sorted_by_key(|news| news.point));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_of_points_begins_with_the_plan_made_as_if_nothing_varied() {
    let (_, found) = frontier(pb::PlanFrontierRequest {
        points: Some(3),
        ..request(&[])
    })
    .await;
    assert_eq!(found.points.len(), 3);
    assert_eq!(found.points[0].target_percent, None);
    assert!(found.points[0].is_met);
    assert!((found.points[2].target_percent.unwrap() - 99.5).abs() < 1e-6);
    let costs: Vec<i64> = found.points.iter().map(|point| point.cost).collect();
    assert!(costs[0] <= costs[1], "{costs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_frontier_is_found_again() {
    let once = frontier(request(&[95.0, 98.0])).await.1;
    let again = frontier(request(&[95.0, 98.0])).await.1;
    let versions = |found: &pb::Frontier| -> Vec<String> {
        let solved = found.points.iter().filter_map(|point| point.solved.clone());
        solved.map(|solved| solved.plan.unwrap().version).collect()
    };
    assert_eq!(versions(&once), versions(&again));
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_wrong_with_a_frontier_is_told_at_once() {
    let service = Service::start().await;
    let mut client = service.planning().await;
    let mut refused = async |request: pb::PlanFrontierRequest| -> Vec<String> {
        let status = client.plan_frontier(request).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        let violations = status.get_details_bad_request().unwrap().field_violations;
        violations.into_iter().map(|found| found.field).collect()
    };
    assert_eq!(refused(request(&[])).await, ["target_percents"]);
    let mut bad = request(&[40.0, 95.0]);
    bad.floor_percent = Some(100.0);
    bad.options.as_mut().unwrap().on_time_target = Some(pb::OnTimeTarget {
        expected_percent: 95.0,
        floor_percent: None,
    });
    bad.points = Some(3);
    let fields = refused(bad).await;
    for field in [
        "target_percents",
        "floor_percent",
        "options.on_time_target",
        "points",
    ] {
        assert!(
            fields.iter().any(|found| found == field),
            "{field}: {fields:?}"
        );
    }
    let many = pb::PlanFrontierRequest {
        points: Some(11),
        ..request(&[])
    };
    assert_eq!(refused(many).await, ["points"]);
    let reloads = pb::PlanFrontierRequest {
        problem: Some(days::with_reloads()),
        ..request(&[95.0])
    };
    assert_eq!(refused(reloads).await, ["target_percents"]);
    assert_eq!(
        refused(pb::PlanFrontierRequest::default()).await[0],
        "problem"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frontier_that_nobody_waits_for_ends() {
    let service = Service::start().await;
    let mut client = service.planning().await;
    let long = pb::PlanFrontierRequest {
        problem: Some(days::busy()),
        options: Some(budget(25_000)),
        ..request(&[90.0, 95.0])
    };
    let mut events = client.plan_frontier(long).await.unwrap().into_inner();
    within(events.message()).await.unwrap().unwrap();
    service.reaches(1, 0).await;
    drop(events);
    service.reaches(0, 0).await;
}

//! `SolvePlan`: a stream of progress that ends with a plan, on time, and stops with its caller.

use std::time::Duration;

use punctual::clock::Clock;
use punctual::grpc::pb;
use tonic::{Code, Request};
use tonic_types::StatusExt;

use crate::days;
use crate::service::{PATIENCE, Service, budget, first_plan, read_to_end, solve_request, within};

#[tokio::test(flavor = "multi_thread")]
async fn a_search_streams_progress_and_then_its_plan() {
    let service = Service::start().await;
    let day = days::small();
    let mut client = service.planning().await;
    let events = client
        .solve_plan(solve_request(day.clone(), 500))
        .await
        .unwrap();
    let (progress, solved) = read_to_end(events.into_inner()).await.unwrap();
    assert!(!progress.is_empty());
    let plan = solved.plan.unwrap();
    let served: usize = plan.routes.iter().map(|route| route.stops.len()).sum();
    assert_eq!(served + plan.unserved_orders.len(), day.orders.len());
    assert!(plan.verdict.unwrap().feasible);
    assert_eq!(plan.version.len(), 16);
    let provenance = plan.provenance.unwrap();
    assert_eq!(provenance.input_digest, punctual::grpc::input_digest(&day));
    assert_eq!(provenance.threads, 1);
    assert_eq!(provenance.seed, 1);
    assert_ne!(provenance.stop_reason(), pb::StopReason::Unspecified);
    let forecast = solved.forecast.unwrap();
    assert_eq!(forecast.routes.len(), plan.routes.len());
    assert_eq!(forecast.spread_source(), pb::SpreadSource::Default);
    assert!(!forecast.definition.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_comes_within_a_budget_of_one_second() {
    let service = Service::start().await;
    let mut client = service.planning().await;
    let clock = Clock::start();
    let events = client
        .solve_plan(solve_request(days::busy(), 1_000))
        .await
        .unwrap();
    let (_, solved) = read_to_end(events.into_inner()).await.unwrap();
    // Generous, because tests run without optimization beside other tests: no search of this day ends by itself so soon.
    assert!(
        clock.elapsed() < Duration::from_secs(15),
        "{:?}",
        clock.elapsed()
    );
    assert!(solved.plan.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_shorter_than_the_budget_wins() {
    let service = Service::start().await;
    let mut client = service.planning().await;
    let mut request = Request::new(solve_request(days::busy(), 60_000));
    request.set_timeout(Duration::from_millis(1_500));
    let clock = Clock::start();
    let events = client.solve_plan(request).await.unwrap();
    let (_, solved) = read_to_end(events.into_inner()).await.unwrap();
    assert!(
        clock.elapsed() < Duration::from_secs(30),
        "{:?}",
        clock.elapsed()
    );
    let provenance = solved.plan.unwrap().provenance.unwrap();
    assert_eq!(provenance.stop_reason(), pb::StopReason::Deadline);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_that_passes_in_the_queue_is_deadline_exceeded() {
    let service = Service::with(|config| config.planning.plans_running_max = 1).await;
    let mut client = service.planning().await;
    let first = client
        .solve_plan(solve_request(days::busy(), 60_000))
        .await
        .unwrap();
    service.reaches(1, 0).await;
    let mut request = Request::new(solve_request(days::small(), 60_000));
    request.set_timeout(Duration::from_millis(400));
    let waiting = client.solve_plan(request).await.unwrap();
    let refused = read_to_end(waiting.into_inner()).await.unwrap_err();
    assert_eq!(refused.code(), Code::DeadlineExceeded, "{refused}");
    service.reaches(1, 0).await;
    drop(first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_goes_away_frees_the_threads_within_a_tenth_of_a_second() {
    let service = Service::start().await;
    let mut client = service.planning().await;
    let request = solve_request(days::busy(), 60_000);
    let mut events = client.solve_plan(request).await.unwrap().into_inner();
    first_plan(&mut events).await;
    service.reaches(1, 0).await;
    let clock = Clock::start();
    drop(events);
    service.reaches(0, 0).await;
    // A hundred times the promise, for machines that do other things at the same time; the search had a minute.
    assert!(
        clock.elapsed() < Duration::from_secs(10),
        "{:?}",
        clock.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_frees_the_threads_too() {
    let service = Service::start().await;
    let call = {
        let mut client = service.planning().await;
        let request = solve_request(days::busy(), 60_000);
        tokio::spawn(async move {
            let mut events = client.solve_plan(request).await.unwrap().into_inner();
            while events.message().await.unwrap().is_some() {}
        })
    };
    service.reaches(1, 0).await;
    call.abort();
    assert!(within(call).await.unwrap_err().is_cancelled());
    service.reaches(0, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses_at_once_and_says_when_to_return() {
    let service = Service::with(|config| {
        config.planning.plans_running_max = 1;
        config.planning.plans_queued_max = 1;
    })
    .await;
    let mut client = service.planning().await;
    let running = client
        .solve_plan(solve_request(days::busy(), 60_000))
        .await
        .unwrap();
    service.reaches(1, 0).await;
    let mut waiting = client
        .solve_plan(solve_request(days::small(), 200))
        .await
        .unwrap()
        .into_inner();
    service.reaches(1, 1).await;
    let queued = within(waiting.message()).await.unwrap().unwrap();
    match queued.event.unwrap() {
        pb::solve_plan_response::Event::Progress(progress) => assert!(progress.queued),
        pb::solve_plan_response::Event::Solved(_) => panic!("it cannot have run"),
    }
    let clock = Clock::start();
    let refused = client
        .solve_plan(solve_request(days::small(), 200))
        .await
        .unwrap_err();
    assert!(
        clock.elapsed() < Duration::from_secs(10),
        "{:?}",
        clock.elapsed()
    );
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(refused.get_details_retry_info().is_some());
    assert_eq!(refused.get_details_error_info().unwrap().reason, "BUSY");
    drop(running);
    read_to_end(waiting).await.unwrap();
    service.reaches(0, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_iteration_limit_gives_the_same_plan_for_any_number_of_threads() {
    let service = Service::start().await;
    let mut client = service.planning().await;
    let mut versions = Vec::new();
    for threads in [1, 2] {
        let options = pb::SolveOptions {
            iteration_limit: Some(200),
            threads: Some(threads),
            ..budget(u64::try_from(PATIENCE.as_millis()).unwrap())
        };
        let request = pb::SolvePlanRequest {
            problem: Some(days::small()),
            options: Some(options),
            initial_plan: None,
        };
        let events = client.solve_plan(request).await.unwrap().into_inner();
        let (_, solved) = read_to_end(events).await.unwrap();
        versions.push(solved.plan.unwrap().version);
    }
    assert_eq!(versions[0], versions[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_made_for_a_target_keeps_more_promises_at_a_price() {
    let service = Service::start().await;
    let mut client = service.planning().await;
    let mut solve = async |target: Option<pb::OnTimeTarget>| {
        let request = pb::SolvePlanRequest {
            problem: Some(days::small()),
            options: Some(pb::SolveOptions {
                iteration_limit: Some(3_000),
                on_time_target: target,
                ..budget(u64::try_from(PATIENCE.as_millis()).unwrap())
            }),
            initial_plan: None,
        };
        let events = client.solve_plan(request).await.unwrap().into_inner();
        read_to_end(events).await.unwrap().1
    };
    let nominal = solve(None).await;
    let target = pb::OnTimeTarget {
        expected_percent: 96.5,
        floor_percent: None,
    };
    let safe = solve(Some(target)).await;
    let kept = |solved: &pb::SolvedPlan| solved.forecast.as_ref().unwrap().expected_kept_percent;
    assert!(
        kept(&safe) > kept(&nominal),
        "{} {}",
        kept(&safe),
        kept(&nominal)
    );
    assert!(
        safe.plan
            .as_ref()
            .unwrap()
            .verdict
            .as_ref()
            .unwrap()
            .feasible
    );
    assert_eq!(nominal.target_outcome, None);
    let outcome = safe.target_outcome.clone().unwrap();
    assert!(outcome.is_met, "{outcome:?}");
    assert_eq!(
        (outcome.target, outcome.reason.as_str()),
        (Some(target), "")
    );
    assert!(outcome.expected_percent >= 96.5 && outcome.promise_cost >= 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_cannot_be_met_gets_the_best_plan_and_the_reason() {
    let service = Service::start().await;
    let mut client = service.planning().await;
    let mut day = days::small();
    for order in &mut day.orders {
        let window = order.promise.as_mut().unwrap().window.as_mut().unwrap();
        // Nobody can be sure to come within one minute.
        window.end_time = window.start_time.map(|start| prost_types::Timestamp {
            seconds: start.seconds + 60,
            ..start
        });
        order.windows.clear();
    }
    let mut request = solve_request(day, 300);
    request.options.as_mut().unwrap().on_time_target = Some(pb::OnTimeTarget {
        expected_percent: 99.0,
        floor_percent: Some(90.0),
    });
    let events = client.solve_plan(request).await.unwrap().into_inner();
    let (_, solved) = read_to_end(events).await.unwrap();
    let outcome = solved.target_outcome.unwrap();
    assert!(!outcome.is_met && outcome.expected_percent < 99.0);
    assert!(
        outcome.reason.contains("on average, not 99.00 %"),
        "{}",
        outcome.reason
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_out_of_reason_is_refused_by_path() {
    let service = Service::start().await;
    let mut client = service.planning().await;
    let mut request = solve_request(days::small(), 300);
    request.options.as_mut().unwrap().on_time_target = Some(pb::OnTimeTarget {
        expected_percent: f64::NAN,
        floor_percent: Some(100.0),
    });
    let refused = client.solve_plan(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let details = refused.get_details_bad_request().unwrap();
    let paths: Vec<&str> = details
        .field_violations
        .iter()
        .map(|v| v.field.as_str())
        .collect();
    assert_eq!(
        paths,
        [
            "options.on_time_target.expected_percent",
            "options.on_time_target.floor_percent"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_orders_are_set_aside_on_request_and_listed() {
    let service = Service::start().await;
    let mut client = service.planning().await;
    let mut day = days::small();
    day.orders[2].place = None;
    day.orders[5].windows = vec![pb::TimeWindow {
        start_time: days::moment(100),
        end_time: days::moment(50),
    }];
    let ids = [day.orders[2].id.clone(), day.orders[5].id.clone()];
    let mut request = solve_request(day, 300);
    let refused = client.solve_plan(request.clone()).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    request.options.as_mut().unwrap().on_invalid_order = pb::OnInvalidOrder::SetAside as i32;
    let events = client.solve_plan(request).await.unwrap().into_inner();
    let (_, solved) = read_to_end(events).await.unwrap();
    assert_eq!(solved.plan.unwrap().set_aside_order_ids, ids);
    let about = |path: &str| solved.warnings.iter().any(|w| w.field.starts_with(path));
    assert!(about("problem.orders[2].place"), "{:?}", solved.warnings);
    assert!(
        about("problem.orders[5].windows[0]"),
        "{:?}",
        solved.warnings
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn shutting_down_answers_running_calls_with_the_best_plan() {
    let mut service = Service::start().await;
    let mut client = service.planning().await;
    let request = solve_request(days::busy(), 60_000);
    let mut events = client.solve_plan(request).await.unwrap().into_inner();
    first_plan(&mut events).await;
    service.shut_down();
    let (_, solved) = read_to_end(events).await.unwrap();
    let provenance = solved.plan.unwrap().provenance.unwrap();
    assert_eq!(provenance.stop_reason(), pb::StopReason::Cancelled);
    drop(client);
    service.ended().await.unwrap();
}

//! Jobs: started once, read, watched and stopped.

use punctual::grpc::pb;
use punctual::grpc::pb::JobState;
use tonic::Code;
use tonic_types::StatusExt;

use crate::days;
use crate::service::{Service, budget, within};

fn start_request(id: &str, millis: u64) -> pb::StartPlanRequest {
    pb::StartPlanRequest {
        problem: Some(days::small()),
        options: Some(budget(millis)),
        request_id: id.to_owned(),
        initial_plan: None,
    }
}

/// Watches a job to its end.
async fn watch(service: &Service, job_id: &str) -> Vec<pb::WatchPlanResponse> {
    let mut client = service.planning().await;
    let request = pb::WatchPlanRequest {
        job_id: job_id.to_owned(),
    };
    let mut events = client.watch_plan(request).await.unwrap().into_inner();
    let mut seen = Vec::new();
    while let Some(event) = within(events.message()).await.unwrap() {
        seen.push(event);
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_start_gives_the_same_job_and_another_body_is_refused() {
    let service = Service::start().await;
    let mut client = service.planning().await;
    let first = client
        .start_plan(start_request("r-1", 300))
        .await
        .unwrap()
        .into_inner();
    let again = client
        .start_plan(start_request("r-1", 300))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(first, again);
    let other = client
        .start_plan(start_request("r-1", 301))
        .await
        .unwrap_err();
    assert_eq!(other.code(), Code::AlreadyExists);
    assert_eq!(
        other.get_details_error_info().unwrap().reason,
        "REQUEST_ID_REUSED"
    );
    let next = client
        .start_plan(start_request("r-2", 300))
        .await
        .unwrap()
        .into_inner();
    assert_ne!(first, next);
    let nameless = client.start_plan(start_request("", 300)).await.unwrap_err();
    assert_eq!(nameless.code(), Code::InvalidArgument);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_watched_to_its_plan_and_read_afterwards() {
    let service = Service::start().await;
    let mut client = service.planning().await;
    let job = client
        .start_plan(start_request("r", 400))
        .await
        .unwrap()
        .into_inner();
    let seen = watch(&service, &job.job_id).await;
    let last = seen.last().unwrap();
    assert_eq!(last.state(), JobState::Done);
    assert!(last.solved.is_some());
    assert!(
        seen[..seen.len() - 1]
            .iter()
            .all(|event| event.solved.is_none())
    );
    let last_job = job.job_id;
    let request = pb::GetPlanRequest {
        job_id: last_job.clone(),
        with_problem: true,
    };
    let read = client.get_plan(request).await.unwrap().into_inner();
    assert_eq!(read.state(), JobState::Done);
    assert_eq!(read.solved, last.solved);
    assert!(read.progress.is_some());
    let problem = read.problem.expect("it was asked for");
    assert_eq!(problem.orders.len(), days::small().orders.len());
    let listed = client.list_plans(pb::ListPlansRequest {}).await.unwrap();
    let [only] = &listed.into_inner().jobs[..] else {
        panic!("one job was started");
    };
    assert_eq!(only.job_id, last_job);
    assert_eq!(only.state(), JobState::Done);
    assert_eq!(only.orders, 24);
    assert!(only.started_time.is_some() && only.failure.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_job_ends_with_the_best_plan_it_had() {
    let service = Service::start().await;
    let mut client = service.planning().await;
    let job_id = client
        .start_plan(start_request("r", 60_000))
        .await
        .unwrap()
        .into_inner()
        .job_id;
    service.reaches(1, 0).await;
    has_progress(&service, &job_id).await;
    let request = pb::CancelPlanRequest {
        job_id: job_id.clone(),
    };
    client.cancel_plan(request.clone()).await.unwrap();
    let seen = watch(&service, &job_id).await;
    let last = seen.last().unwrap();
    assert_eq!(last.state(), JobState::Cancelled);
    let plan = last.solved.clone().unwrap().plan.unwrap();
    assert_eq!(
        plan.provenance.unwrap().stop_reason(),
        pb::StopReason::Cancelled
    );
    service.reaches(0, 0).await;
    let again = client.cancel_plan(request).await.unwrap().into_inner();
    assert_eq!(again.state(), JobState::Cancelled);
}

/// Waits for the first plan of a job.
async fn has_progress(service: &Service, job_id: &str) {
    let request = pb::WatchPlanRequest {
        job_id: job_id.to_owned(),
    };
    let mut client = service.planning().await;
    let mut stream = client.watch_plan(request).await.unwrap().into_inner();
    while let Some(event) = within(stream.message()).await.unwrap() {
        if event.progress.is_some() {
            return;
        }
    }
    panic!("the job ended before it had a plan");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_cancelled_at_once_says_that_it_has_no_plan_unless_it_tried_every_order() {
    let service = Service::start().await;
    let mut client = service.planning().await;
    for number in 0..5 {
        let started = client
            .start_plan(start_request(&format!("r{number}"), 60_000))
            .await;
        let job_id = started.unwrap().into_inner().job_id;
        let request = pb::CancelPlanRequest {
            job_id: job_id.clone(),
        };
        client.cancel_plan(request).await.unwrap();
        let seen = watch(&service, &job_id).await;
        let last = seen.last().unwrap();
        assert_eq!(last.state(), JobState::Cancelled);
        match &last.solved {
            Some(solved) => assert_eq!(solved.plan.as_ref().unwrap().broken_promises, 0),
            None => assert!(last.failure.contains("no plan"), "{}", last.failure),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_cancelled_in_the_queue_never_runs() {
    let service = Service::with(|config| config.planning.plans_running_max = 1).await;
    let mut client = service.planning().await;
    let running = client
        .start_plan(start_request("a", 60_000))
        .await
        .unwrap()
        .into_inner();
    service.reaches(1, 0).await;
    let waiting = client
        .start_plan(start_request("b", 60_000))
        .await
        .unwrap()
        .into_inner();
    service.reaches(1, 1).await;
    let request = pb::CancelPlanRequest {
        job_id: waiting.job_id.clone(),
    };
    client.cancel_plan(request).await.unwrap();
    service.reaches(1, 0).await;
    let seen = watch(&service, &waiting.job_id).await;
    assert_eq!(seen.last().unwrap().state(), JobState::Cancelled);
    assert!(seen.last().unwrap().solved.is_none());
    let request = pb::CancelPlanRequest {
        job_id: running.job_id,
    };
    client.cancel_plan(request).await.unwrap();
    service.reaches(0, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_who_goes_away_does_not_stop_the_job() {
    let service = Service::start().await;
    let mut client = service.planning().await;
    let job_id = client
        .start_plan(start_request("r", 600))
        .await
        .unwrap()
        .into_inner()
        .job_id;
    let request = pb::WatchPlanRequest {
        job_id: job_id.clone(),
    };
    let mut events = client.watch_plan(request).await.unwrap().into_inner();
    within(events.message()).await.unwrap().unwrap();
    drop(events);
    let seen = watch(&service, &job_id).await;
    assert_eq!(seen.last().unwrap().state(), JobState::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_job_is_not_found() {
    let service = Service::start().await;
    let mut client = service.planning().await;
    let job_id = "job-0".to_owned();
    let read = client
        .get_plan(pb::GetPlanRequest {
            job_id: job_id.clone(),
            with_problem: false,
        })
        .await;
    let cancelled = client
        .cancel_plan(pb::CancelPlanRequest {
            job_id: job_id.clone(),
        })
        .await;
    let watched = client.watch_plan(pb::WatchPlanRequest { job_id }).await;
    for status in [
        read.unwrap_err(),
        cancelled.unwrap_err(),
        watched.map(|_| ()).unwrap_err(),
    ] {
        assert_eq!(status.code(), Code::NotFound);
        assert_eq!(
            status.get_details_error_info().unwrap().reason,
            "UNKNOWN_JOB"
        );
    }
}

//! Studies through the service.

use punctual::grpc::pb::{self, benchmark_way::Source, run_benchmark_response::Event};
use tonic::Code;
use tonic_types::StatusExt;

use crate::days;
use crate::service::{Service, within};

fn search(iterations: u64, percent: Option<f64>) -> Source {
    Source::Search(pb::SolveOptions {
        iteration_limit: Some(iterations),
        on_time_target: percent.map(|expected_percent| pb::OnTimeTarget {
            expected_percent,
            floor_percent: None,
        }),
        ..pb::SolveOptions::default()
    })
}

fn way(name: &str, source: Source) -> pb::BenchmarkWay {
    pb::BenchmarkWay {
        name: name.to_owned(),
        source: Some(source),
    }
}

fn request() -> pb::RunBenchmarkRequest {
    pb::RunBenchmarkRequest {
        days: vec![pb::BenchmarkDay {
            name: "monday".to_owned(),
            problem: Some(days::small()),
        }],
        ways: vec![
            way("nominal", search(200, None)),
            way("98", search(200, Some(98.0))),
        ],
        stresses: [("base", None), ("rough", Some(1.5))]
            .map(|(name, spread)| pb::BenchmarkStress {
                name: name.to_owned(),
                spread,
                ..pb::BenchmarkStress::default()
            })
            .into(),
        scenarios: Some(256),
        ..pb::RunBenchmarkRequest::default()
    }
}

async fn study(service: &Service, request: pb::RunBenchmarkRequest) -> pb::BenchmarkStudy {
    let mut client = service.benchmarking().await;
    let mut events = client.run_benchmark(request).await.unwrap().into_inner();
    let mut study = None;
    while let Some(message) = within(events.message()).await.unwrap() {
        assert!(study.is_none(), "the study is the last message");
        match message.event.unwrap() {
            Event::Progress(progress) => assert!(progress.plan <= progress.plans),
            Event::Study(found) => study = Some(found),
        }
    }
    study.expect("a stream without error ends with a study")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_study_has_an_outcome_for_each_day_way_and_stress() {
    let service = Service::start().await;
    let mut request = request();
    let found = study(&service, request.clone()).await;
    let names: Vec<(&str, &str)> = (found.outcomes.iter())
        .map(|outcome| (&*outcome.way, &*outcome.stress))
        .collect();
    assert_eq!(
        names,
        [
            ("nominal", "base"),
            ("nominal", "rough"),
            ("98", "base"),
            ("98", "rough")
        ]
    );
    let first = &found.outcomes[0];
    assert_eq!(
        (first.batch_kept_percent.len(), first.day_kept_percent.len()),
        (16, 101)
    );
    assert!(first.expected_kept_percent > found.outcomes[1].expected_kept_percent);

    // The nominal plan, given back as routes, scores the same.
    let mut routes: Vec<pb::RouteSketch> = Vec::new();
    for stop in &first.stops {
        match routes.last_mut() {
            Some(route) if route.courier_id == stop.courier_id => {
                route.order_ids.push(stop.order_id.clone())
            }
            _ => routes.push(pb::RouteSketch {
                courier_id: stop.courier_id.clone(),
                order_ids: vec![stop.order_id.clone()],
                ..pb::RouteSketch::default()
            }),
        }
    }
    let plans = vec![pb::GivenPlan {
        day: "monday".to_owned(),
        routes,
    }];
    request.ways = vec![way("theirs", Source::Given(pb::GivenPlans { plans }))];
    let theirs = study(&service, request).await;
    let nameless = |outcome: &pb::BenchmarkOutcome| pb::BenchmarkOutcome {
        way: String::new(),
        search_duration: None,
        ..outcome.clone()
    };
    assert_eq!(nameless(&theirs.outcomes[1]), nameless(&found.outcomes[1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_wrong_with_a_study_is_said_at_once() {
    let service = Service::start().await;
    let mut bad = request();
    bad.scenarios = Some(7);
    bad.days.push(pb::BenchmarkDay {
        name: "monday".to_owned(),
        problem: None,
    });
    bad.ways[1] = way("98", search(200, Some(20.0)));
    bad.ways
        .push(way("theirs", Source::Given(pb::GivenPlans::default())));
    bad.stresses[1].travel = Some(9.0);
    let status = service
        .benchmarking()
        .await
        .run_benchmark(bad)
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let violations = status.get_details_bad_request().unwrap().field_violations;
    let fields: Vec<&str> = violations
        .iter()
        .map(|violation| violation.field.as_str())
        .collect();
    assert_eq!(
        fields,
        [
            "scenarios",
            "days[1].name",
            "stresses[1].travel",
            "days[1].problem",
            "ways[1].search.on_time_target.expected_percent",
            "ways[2].given.plans",
        ]
    );

    let mut long = request();
    long.ways[0] = way("long", Source::Search(crate::service::budget(3_600_000)));
    let status = service
        .benchmarking()
        .await
        .run_benchmark(long)
        .await
        .unwrap_err();
    let violations = status.get_details_bad_request().unwrap().field_violations;
    assert!(
        violations[0]
            .description
            .contains("at most 3600 s are allowed"),
        "{violations:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_study_takes_the_place_of_a_plan_and_ends_with_its_call() {
    let service = Service::with(|config| {
        config.planning.plans_running_max = 1;
        config.planning.plans_queued_max = 0;
    })
    .await;
    let mut long = request();
    long.ways = vec![way("long", Source::Search(crate::service::budget(60_000)))];
    let mut client = service.benchmarking().await;
    let events = client.run_benchmark(long).await.unwrap().into_inner();
    service.reaches(1, 0).await;
    let status = client.run_benchmark(request()).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    drop(events);
    service.reaches(0, 0).await;
}

//! Learning from histories: the command, and the service.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use prost_types::Timestamp;
use punctual::app::Part;
use punctual::grpc::noise_file::read_noise_file;
use punctual::grpc::pb::{self, NoiseVerdict, RecordedStopKind};
use punctual::grpc::{convert, json};
use tempfile::TempDir;
use tonic::Code;
use tonic_types::StatusExt;

use crate::service::{Service, within};

/// Midnight of 2026-11-02.
const FIRST_DAY: i64 = 1_793_577_600;

/// Numbers from 0 to 1 in a sequence that looks random.
struct Luck(u64);

impl Luck {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(self.0 >> 33).unwrap()) / f64::from(u32::MAX >> 1)
    }

    /// `seconds` times a factor that is 1 on average, and up to a third more or less.
    fn about(&mut self, seconds: f64) -> i64 {
        let wide: f64 = (0..4).map(|_| self.next() - 0.5).sum();
        #[expect(clippy::cast_possible_truncation, reason = "seconds of a day")]
        let seconds = (seconds * (1.0 + wide / 6.0)).round() as i64;
        seconds
    }
}

fn moment(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanos: 0 })
}

/// Five couriers with twelve stops a day, who take `travel` times as long on the way as planned.
fn routes(n_days: i64, travel: f64) -> Vec<pb::RecordedRoute> {
    let mut luck = Luck(5);
    let mut routes = Vec::new();
    for (day, courier) in (0..n_days).flat_map(|day| (0..5).map(move |courier| (day, courier))) {
        let start = FIRST_DAY + day * 86_400 + 8 * 3_600;
        let date = format!("2026-{:02}-{:02}", 11 + (day + 1) / 30, 1 + (day + 1) % 30);
        let departure = start + luck.about(300.0);
        let (mut planned, mut clock) = (start, departure);
        let stops = (0..12).map(|stop| {
            let planned_arrival = planned + 600;
            let arrival = clock + luck.about(600.0 * travel);
            planned = planned_arrival + 300;
            clock = arrival + luck.about(300.0);
            pb::RecordedStop {
                kind: RecordedStopKind::Order as i32,
                order_id: format!("o-{courier}-{stop}"),
                zone: format!("zone-{}", (courier + stop) % 3),
                promise: Some(pb::TimeWindow {
                    start_time: moment(start),
                    end_time: moment(start + 36_000),
                }),
                planned_arrival_time: moment(planned_arrival),
                planned_departure_time: moment(planned),
                arrival_time: moment(arrival),
                departure_time: moment(clock),
                ..pb::RecordedStop::default()
            }
        });
        let stops = stops.collect();
        routes.push(pb::RecordedRoute {
            date,
            courier_id: format!("c-{courier}"),
            planned_departure_time: moment(start),
            departure_time: moment(departure),
            stops,
            ..pb::RecordedRoute::default()
        });
    }
    routes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_learns_what_a_history_says_and_promotes_it() {
    let service = Service::start().await;
    let request = pb::LearnNoiseRequest {
        routes: routes(28, 1.4),
        ..pb::LearnNoiseRequest::default()
    };
    let mut client = service.forecasting().await;
    let learnt = within(client.learn_noise(request.clone()))
        .await
        .unwrap()
        .into_inner();
    assert!(learnt.is_calibrated, "{:?}", learnt.shortages);
    let extent = learnt.extent.unwrap();
    assert_eq!(
        [extent.days, extent.couriers, extent.routes, extent.orders],
        [28, 5, 140, 1_680]
    );
    let promotion = learnt.promotion.unwrap();
    assert_eq!(promotion.verdict(), NoiseVerdict::Better);
    assert_eq!((promotion.days_learnt, promotion.days_held_out), (19, 9));
    assert!(promotion.difference_high_seconds.unwrap() < 0.0);
    let bias = learnt.lessons.iter();
    let mut bias = bias.filter(|lesson| lesson.part() == pb::NoisePart::TravelBias);
    let bias = bias.next().unwrap();
    assert!((bias.value - 1.4_f64.ln()).abs() < 0.05, "{bias:?}");
    assert!(bias.is_learnt && bias.standard_error.unwrap() < 0.05);

    // What was learnt is a noise model like any other, and has a name.
    let noise = learnt.noise.unwrap();
    assert!(
        noise.version.starts_with("2026-11-29-"),
        "{}",
        noise.version
    );
    assert!(convert::read_noise_model(&noise).is_ok());
    let again = pb::LearnNoiseRequest {
        current: Some(noise.clone()),
        ..request
    };
    let again = within(client.learn_noise(again))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(again.noise.unwrap().version, noise.version);
    assert_eq!(again.promotion.unwrap().verdict(), NoiseVerdict::Open);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thin_history_keeps_everything_and_says_why() {
    let service = Service::start().await;
    let request = pb::LearnNoiseRequest {
        routes: routes(1, 1.0),
        ..pb::LearnNoiseRequest::default()
    };
    let mut client = service.forecasting().await;
    let learnt = within(client.learn_noise(request))
        .await
        .unwrap()
        .into_inner();
    assert!(!learnt.is_calibrated);
    assert_eq!(learnt.shortages[0], "1 days of 20");
    assert_eq!(learnt.promotion.unwrap().verdict(), NoiseVerdict::Unknown);
    assert!(
        learnt
            .lessons
            .iter()
            .all(|lesson| !lesson.is_learnt && lesson.have < lesson.need)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_wrong_in_a_history_is_told_at_once() {
    let service = Service::start().await;
    let mut routes = routes(2, 1.0);
    routes[0].stops[3].arrival_time = moment(FIRST_DAY);
    routes[1].stops[0].departure_time = None;
    routes[2].stops[0].planned_arrival_time = moment(0);
    routes[4].courier_id = "c-0".to_owned();
    let request = pb::LearnNoiseRequest {
        routes,
        held_out_percent: Some(99.0),
        ..pb::LearnNoiseRequest::default()
    };
    let mut client = service.forecasting().await;
    let status = within(client.learn_noise(request)).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let found = status.get_details_bad_request().unwrap().field_violations;
    let fields: Vec<&str> = found.iter().map(|found| found.field.as_str()).collect();
    for field in [
        "held_out_percent",
        "routes[0].stops[3].arrival_time",
        "routes[1].stops[0].departure_time",
        "routes[2].stops[0].planned_arrival_time",
        "routes[4].courier_id",
    ] {
        assert!(fields.contains(&field), "{field} in {fields:?}");
    }
}

fn learn(folder: &Path, arguments: &[&str]) -> Assert {
    let mut command = Command::cargo_bin("punctual").unwrap();
    command
        .current_dir(folder)
        .args(
            [
                &["learn", "history.csv", "--output", "noise.json"],
                arguments,
            ]
            .concat(),
        )
        .timeout(crate::service::PATIENCE)
        .assert()
}

/// A folder with the history of `routes`, and what is changed in it as text.
fn folder(routes: &[pb::RecordedRoute], change: impl Fn(String) -> String) -> TempDir {
    let history = convert::read_recorded_routes("routes", routes).unwrap();
    let folder = TempDir::new().unwrap();
    let text = change(punctual::formats::write_history(&history));
    fs::write(folder.path().join("history.csv"), text).unwrap();
    folder
}

fn printed(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_noise_model_is_learnt_and_used_and_then_has_nothing_to_add() {
    let folder = folder(&routes(28, 1.4), |text| text);
    let assert = learn(folder.path(), &[]).success();
    let told = printed(&assert.get_output().stdout);
    assert!(told.contains("Promoted: it forecasts better."), "{told}");
    assert!(
        told.contains("28 days, 5 couriers, 140 routes, 1680 orders."),
        "{told}"
    );
    let noise = read_noise_file(&folder.path().join("noise.json")).unwrap();
    assert!((Part::TravelBias.value(&noise) - 1.4_f64.ln()).abs() < 0.05);
    let version = noise.version.unwrap();
    assert!(
        version.starts_with("2026-11-29-") && told.contains(&version),
        "{told}"
    );

    let current = folder.path().join("current.json");
    fs::rename(folder.path().join("noise.json"), &current).unwrap();
    let assert = learn(folder.path(), &["--current", "current.json", "--json"]).code(2);
    let answer: pb::LearnNoiseResponse = json::read(&printed(&assert.get_output().stdout)).unwrap();
    assert_eq!(answer.promotion.unwrap().verdict(), NoiseVerdict::Open);
    assert!(!folder.path().join("noise.json").exists());
}

#[test]
fn a_thin_history_is_written_only_by_force() {
    let folder = folder(&routes(3, 1.0), |text| text);
    let assert = learn(folder.path(), &[]).code(2);
    let told = printed(&assert.get_output().stdout);
    assert!(told.contains("Not calibrated: 3 days of 20."), "{told}");
    assert!(told.contains("kept: 3 days of 10"), "{told}");
    assert!(!folder.path().join("noise.json").exists());
    learn(folder.path(), &["--force"]).success();
    assert!(read_noise_file(&folder.path().join("noise.json")).is_ok());
}

#[test]
fn rows_that_cannot_be_right_are_refused_or_set_aside() {
    let folder = folder(&routes(3, 1.0), |text| {
        text.replacen("T08:10:00Z,", "T19:10:00Z,", 1).replacen(
            "c-1,,order,o-1-0,zone-1",
            "c-1,,order,o-1-0,",
            1,
        )
    });
    let assert = learn(folder.path(), &["--force"]).code(1);
    let told = printed(&assert.get_output().stderr);
    assert!(
        told.contains("2 problems") && told.contains("column zone"),
        "{told}"
    );
    let assert = learn(folder.path(), &["--force", "--on-bad-row", "set-aside"]).success();
    let told = printed(&assert.get_output().stderr);
    assert!(told.contains("rows set aside"), "{told}");
}

#[test]
fn an_empty_history_is_refused() {
    let folder = folder(&[], |_| String::new());
    let assert = learn(folder.path(), &["--force"]).code(1);
    let told = printed(&assert.get_output().stderr);
    assert!(told.contains("there is no such column"), "{told}");
    let names = punctual::formats::write_history(&punctual::model::History::default());
    fs::write(folder.path().join("history.csv"), names).unwrap();
    let assert = learn(folder.path(), &["--force"]).code(1);
    let told = printed(&assert.get_output().stderr);
    assert!(told.contains("there is no route in it"), "{told}");
}

//! The days in `data/`: made by the generator, sound, and good to plan.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use punctual::generate::{DaySpec, bookings, day_terms, generate};
use punctual::grpc::{convert, json, pb};
use tempfile::TempDir;

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data")
}

fn bundled(name: &str) -> String {
    fs::read_to_string(data().join(name)).unwrap()
}

#[test]
fn the_bundled_days_are_what_the_generator_makes() {
    for (name, spec) in [
        ("moscow-day.json", DaySpec::default()),
        ("small-day.json", DaySpec::small()),
    ] {
        let made = json::write(&convert::problem_message(&generate(&spec)));
        assert!(
            made == bundled(name),
            "data/{name} is out of date: make it again as data/SOURCES.md says"
        );
    }
}

#[test]
fn the_bundled_day_to_be_promised_is_what_the_generator_makes() {
    let spec = DaySpec::default();
    let terms = json::write(&convert::terms_message(&day_terms(&spec)));
    let customer = json::write(&convert::booking_message(&bookings(&spec)[0]));
    for (name, made) in [
        ("promise-day.json", terms),
        ("promise-order.json", customer),
    ] {
        assert!(
            made == bundled(name),
            "data/{name} is out of date: make it again as data/SOURCES.md says"
        );
    }
}

#[test]
fn every_bundled_file_has_its_source() {
    let sources = bundled("SOURCES.md");
    for file in fs::read_dir(data()).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(
            name == "SOURCES.md" || sources.contains(&format!("`{name}`")),
            "data/SOURCES.md does not say where {name} comes from"
        );
    }
}

#[test]
fn generated_days_have_neither_errors_nor_warnings() {
    let rush_hours = DaySpec {
        rush_hours: true,
        ..DaySpec::default()
    };
    let all = DaySpec {
        reloads: true,
        breaks: true,
        ..rush_hours.clone()
    };
    for preset in [DaySpec::default(), DaySpec::small(), rush_hours, all] {
        for seed in 1..=8 {
            let spec = DaySpec {
                seed,
                ..preset.clone()
            };
            let found = generate(&spec).validate();
            assert!(
                found.errors.is_empty() && found.warnings.is_empty(),
                "{} orders, seed {seed}: {found:?}",
                spec.orders
            );
        }
    }
}

#[test]
fn the_small_day_is_planned_with_every_order_in_place() {
    let folder = TempDir::new().unwrap();
    let plan = folder.path().join("plan.json");
    Command::cargo_bin("punctual")
        .unwrap()
        .arg("plan")
        .arg(data().join("small-day.json"))
        .arg("--output")
        .arg(&plan)
        .args(["--iterations", "500", "--threads", "1"])
        .timeout(crate::service::PATIENCE)
        .assert()
        .success();
    let day: pb::PlannedDay = json::read(&fs::read_to_string(&plan).unwrap()).unwrap();
    let orders = day.problem.unwrap().orders.len();
    let plan = day.plan.unwrap();
    let stops: usize = plan.routes.iter().map(|route| route.stops.len()).sum();
    assert_eq!(stops, orders);
    assert!(plan.unserved_orders.is_empty() && plan.set_aside_order_ids.is_empty());
    let verdict = plan.verdict.unwrap();
    assert!(verdict.feasible, "{:?}", verdict.violations);
}

#[test]
fn under_an_iteration_limit_neither_threads_nor_the_clock_change_the_plan() {
    let folder = TempDir::new().unwrap();
    let output = folder.path().join("plan.json");
    let version = |threads: &str, time_limit: &str| {
        let mut command = Command::cargo_bin("punctual").unwrap();
        command
            .arg("plan")
            .arg(data().join("moscow-day.json"))
            .arg("--output")
            .arg(&output)
            .args(["--iterations", "2000", "--threads", threads])
            .args(["--time-limit", time_limit])
            .timeout(crate::service::PATIENCE);
        // So few iterations may leave orders out, which is exit code 2; the plan is there all the same.
        command.output().unwrap();
        let day: pb::PlannedDay = json::read(&fs::read_to_string(&output).unwrap()).unwrap();
        let plan = day.plan.unwrap();
        let reason = plan.provenance.unwrap().stop_reason();
        assert_eq!(reason, pb::StopReason::IterationLimit);
        plan.version
    };
    let first = version("1", "1m");
    assert_eq!(version("2", "1m"), first);
    assert_eq!(version("1", "1h"), first);
}

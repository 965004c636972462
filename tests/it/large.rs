//! Days and instances too large for a table of all travel times.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use assert_cmd::Command;
use punctual::clock::Clock;
use punctual::grpc::{json, pb};
use tempfile::TempDir;

/// More than a table is kept for.
const MANY: usize = 4_100;

/// Runs the command and gives its exit code and what it wrote.
fn punctual(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::cargo_bin("punctual").unwrap();
    let output = command
        .current_dir(folder)
        .args(arguments)
        .timeout(Duration::from_secs(150))
        .output()
        .unwrap();
    let told = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(told).unwrap())
}

/// Clients on a spiral around the depot, with windows that a vehicle straight from the depot keeps.
fn instance() -> String {
    let mut text = format!("MANY\n\nVEHICLE\nNUMBER CAPACITY\n{MANY} 30\n\n");
    writeln!(text, "0 500 500 0 0 4000 0").unwrap();
    for client in 1..=MANY {
        let turn = client as f64 * 2.4;
        let far = 7.0 * (client as f64).sqrt();
        let (x, y) = (500.0 + far * turn.cos(), 500.0 + far * turn.sin());
        let start = client * 7 % 2_000;
        let end = start + 900;
        writeln!(text, "{client} {x:.0} {y:.0} 2 {start} {end} 5").unwrap();
    }
    text
}

#[test]
fn a_large_instance_is_solved_and_the_time_limit_holds_even_before_the_first_solution() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("many.txt"), instance()).unwrap();
    let clock = Clock::start();
    let (code, told) = punctual(
        folder.path(),
        &["solve", "many.txt", "--time-limit", "300ms"],
    );
    assert!([Some(0), Some(2)].contains(&code), "{told}");
    // Generous, because tests run without optimization beside other tests.
    assert!(clock.elapsed().as_secs() < 6, "{:?}", clock.elapsed());
    let iterations = ["--time-limit", "60s", "--iterations", "3000"];
    let (code, told) = punctual(
        folder.path(),
        &[&["solve", "many.txt"][..], &iterations].concat(),
    );
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("feasible=true"), "{told}");
}

#[test]
fn a_large_day_is_planned_and_checked() {
    let folder = TempDir::new().unwrap();
    let (orders, couriers) = (MANY.to_string(), "250");
    let size = ["--orders", &orders, "--couriers", couriers];
    let generate = [&["generate", "--output", "day.json"][..], &size].concat();
    assert_eq!(punctual(folder.path(), &generate).0, Some(0));
    let plan = [
        "plan",
        "day.json",
        "--output",
        "plan.json",
        "--time-limit",
        "60s",
        "--iterations",
        "2000",
    ];
    let (code, told) = punctual(folder.path(), &plan);
    assert!([Some(0), Some(2)].contains(&code), "{told}");
    let text = fs::read_to_string(folder.path().join("plan.json")).unwrap();
    let planned: pb::PlannedDay = json::read(&text).unwrap();
    let plan = planned.plan.unwrap();
    assert!(plan.verdict.unwrap().feasible);
    let served: usize = plan.routes.iter().map(|route| route.stops.len()).sum();
    assert_eq!(served + plan.unserved_orders.len(), MANY);
    assert!(served > MANY / 2, "{served} orders are served");
}

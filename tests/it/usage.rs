//! What people get wrong on the command line is found at once, before any work, and said in one way.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use punctual::grpc::{json, pb};
use tempfile::TempDir;

use crate::days;

fn punctual(folder: &Path, arguments: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = Command::cargo_bin("punctual").unwrap();
    command
        .current_dir(folder)
        .args(arguments)
        .timeout(crate::service::PATIENCE)
        .assert()
}

fn complaints(run: &assert_cmd::assert::Assert) -> String {
    String::from_utf8(run.get_output().stderr.clone()).unwrap()
}

fn printed(run: &assert_cmd::assert::Assert) -> String {
    String::from_utf8(run.get_output().stdout.clone()).unwrap()
}

/// A folder with a small day and its plan in it.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("day.json"), json::write(&days::small())).unwrap();
    let plan = ["plan", "day.json", "--output", "plan.json"];
    let limit = ["--iterations", "500"];
    punctual(folder.path(), &[&plan[..], &limit].concat()).success();
    folder
}

#[test]
fn arguments_out_of_bounds_exit_with_64_whatever_the_command() {
    let folder = TempDir::new().unwrap();
    let plan = ["plan", "day.json", "--output", "p.json"];
    let study = ["bench", "study", "day.json", "--way"];
    let cases: [(&[&str], &[&str], &str); 13] = [
        (&plan, &["--on-time", "49"], "a number from 50 to 99.9"),
        (&plan, &["--on-time", "100"], "a number from 50 to 99.9"),
        (&plan, &["--on-time", "-5"], "a number from 50 to 99.9"),
        (&plan, &["--on-time", "NaN"], "a number from 50 to 99.9"),
        (
            &plan,
            &["--on-time", "90", "--floor", "100"],
            "a number from 1 to 99",
        ),
        (&plan, &["--time-limit", "25h"], "takes 24 h"),
        (&["demo"], &["--time-limit", "2h"], "takes 1 h"),
        (
            &["forecast", "plan.json"],
            &["--scenarios", "127"],
            "128..=65536",
        ),
        (
            &study,
            &["a: time=1s", "--scenarios", "100"],
            "a multiple of 256",
        ),
        (&study, &["a: on-time=20"], "on_time: it must be 50 to 99.9"),
        (&study, &["a: floor=90"], "floor: it goes with on_time only"),
        (
            &study,
            &["a: time=1s", "--stress", "s: travel=9"],
            "travel: 9 is outside",
        ),
        (&["bench", "study"], &["day.json"], "name a day and a way"),
    ];
    // No file is there: arguments are looked at first.
    for (command, arguments, said) in cases {
        let run = punctual(folder.path(), &[command, arguments].concat()).code(64);
        let complaints = complaints(&run);
        assert!(complaints.contains(said), "{arguments:?}: {complaints}");
    }
}

#[test]
fn every_command_finds_out_first_where_it_cannot_write() {
    let folder = folder();
    let folder = folder.path();
    let instance = [
        "bench",
        "instance",
        "--clients",
        "20",
        "--style",
        "R1",
        "--output",
    ];
    punctual(folder, &[&instance[..], &["a.txt"]].concat()).success();
    fs::create_dir(folder.join("there")).unwrap();
    fs::write(folder.join("file"), "kept").unwrap();
    let commands: [&[&str]; 8] = [
        &["plan", "day.json", "--time-limit", "10m", "--output"],
        &["evaluate", "day.json", "--routes", "plan.json", "--output"],
        &["forecast", "plan.json", "--scenarios", "65536", "--output"],
        &["simulate", "plan.json", "--days", "3660", "--output"],
        &["generate", "--output"],
        &["solve", "a.txt", "--time-limit", "10m", "--output"],
        &["solve", "a.txt", "--time-limit", "10m", "--trace"],
        &[
            "bench",
            "study",
            "day.json",
            "--way",
            "a: time=10m",
            "--output",
        ],
    ];
    let outputs = [
        ("there", "write there: it is a folder"),
        ("not/", "write not/: it is a folder"),
        ("not/there", "write not/there: its folder does not exist"),
        ("file/there", "write file/there: its folder does not exist"),
    ];
    for command in commands.iter().chain([&&instance[..]]) {
        for (output, said) in outputs {
            let run = punctual(folder, &[command, &[output][..]].concat()).code(1);
            assert!(printed(&run).is_empty(), "{command:?}");
            let complaints = complaints(&run);
            assert!(complaints.contains(said), "{command:?}: {complaints}");
        }
    }
    let of_folders: [&[&str]; 2] = [
        &["demo", "--time-limit", "10m", "--output", "file"],
        &["sheet", "plan.json", "--output", "file"],
    ];
    for command in of_folders {
        let run = punctual(folder, command).code(1);
        assert!(printed(&run).is_empty(), "{command:?}");
        let complaints = complaints(&run);
        assert!(complaints.contains("make the folder file"), "{complaints}");
    }
    assert_eq!(fs::read_to_string(folder.join("file")).unwrap(), "kept");
    assert!(!folder.join("not").exists());
}

#[test]
fn what_is_in_a_file_stays_there_when_a_command_fails() {
    let folder = folder();
    let folder = folder.path();
    fs::write(folder.join("bad.json"), "{}").unwrap();
    fs::write(folder.join("kept.json"), "yesterday's plan").unwrap();
    punctual(folder, &["plan", "bad.json", "--output", "kept.json"]).code(1);
    punctual(folder, &["plan", "bad.json", "--output", "new.json"]).code(1);
    let kept = fs::read_to_string(folder.join("kept.json")).unwrap();
    assert_eq!(kept, "yesterday's plan");
    assert!(!folder.join("new.json").exists());
}

#[test]
fn a_word_that_is_no_level_is_no_log_filter() {
    let mut command = Command::cargo_bin("punctual").unwrap();
    let run = command
        .args(["serve", "--listen", "127.0.0.1:0"])
        .env("PUNCTUAL_LOG", "loud")
        .timeout(crate::service::PATIENCE)
        .assert()
        .code(64);
    let complaints = complaints(&run);
    let said = "PUNCTUAL_LOG: \"loud\" is not a log filter: give one of off, error, warn, info,";
    assert!(complaints.contains(said), "{complaints}");
}

#[test]
fn routes_to_evaluate_are_taken_from_a_plan_as_well() {
    let folder = folder();
    let folder = folder.path();
    let read = |name: &str| -> pb::PlannedDay {
        json::read(&fs::read_to_string(folder.join(name)).unwrap()).unwrap()
    };
    let planned = read("plan.json").plan.unwrap();
    fs::write(folder.join("bare.json"), json::write(&planned)).unwrap();
    for routes in ["plan.json", "bare.json"] {
        let evaluate = ["evaluate", "day.json", "--routes", routes];
        let output = ["--output", "again.json"];
        punctual(folder, &[&evaluate[..], &output].concat()).success();
        let again = read("again.json");
        assert_eq!(again.plan.unwrap().version, planned.version);
        assert_eq!(again.problem, Some(days::small()));
    }
    let mut other = planned;
    other.routes[0].stops[1].order_id = "nobody".to_owned();
    fs::write(folder.join("bare.json"), json::write(&other)).unwrap();
    let run = punctual(folder, &["evaluate", "day.json", "--routes", "bare.json"]).code(1);
    let complaints = complaints(&run);
    let path = "plan.routes[0].stops[1].order_id";
    assert!(complaints.contains(path), "{complaints}");
}

#[test]
fn a_day_of_which_no_order_is_left_is_refused_with_what_is_wrong_with_each() {
    let folder = TempDir::new().unwrap();
    let mut day = days::small();
    day.orders.truncate(2);
    for order in &mut day.orders {
        order.loads.insert("kg".to_owned(), -1);
    }
    fs::write(folder.path().join("day.json"), json::write(&day)).unwrap();
    let plan = ["plan", "day.json", "--output", "p.json", "--set-aside"];
    let complaints = complaints(&punctual(folder.path(), &plan).code(1));
    assert!(
        complaints.contains("problem.orders: all 2 orders are invalid"),
        "{complaints}"
    );
    assert!(
        complaints.contains("problem.orders[1].loads"),
        "{complaints}"
    );
    assert!(!complaints.contains("there are no orders"), "{complaints}");
}

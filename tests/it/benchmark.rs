//! Benchmark instances on the command line: solving, repeating a search, measuring.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use tempfile::TempDir;

fn punctual(folder: &Path, arguments: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = Command::cargo_bin("punctual").unwrap();
    command
        .current_dir(folder)
        .args(arguments)
        .timeout(crate::service::PATIENCE)
        .assert()
}

fn printed(run: &assert_cmd::assert::Assert) -> String {
    String::from_utf8(run.get_output().stdout.clone()).unwrap()
}

/// A folder with two instances in it.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    for (style, name) in [("R1", "a.txt"), ("C2", "b.txt")] {
        let make = [
            "bench",
            "instance",
            "--clients",
            "60",
            "--style",
            style,
            "--output",
            name,
        ];
        punctual(folder.path(), &make).success();
    }
    folder
}

#[test]
fn a_search_that_the_clock_ended_can_be_made_again() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    let timed = [
        "solve",
        "a.txt",
        "--time-limit",
        "700ms",
        "--threads",
        "2",
        "--seed",
        "5",
    ];
    let files = ["--output", "first.sol", "--trace", "trace.jsonl"];
    punctual(folder.path(), &[&timed[..], &files].concat()).success();
    let again = [
        "solve",
        "a.txt",
        "--replay",
        "trace.jsonl",
        "--threads",
        "1",
    ];
    let again = [
        &again[..],
        &["--output", "second.sol", "--trace", "again.jsonl"],
    ]
    .concat();
    punctual(folder.path(), &again).success();
    let read = |name: &str| fs::read_to_string(at(name)).unwrap();
    assert_eq!(read("first.sol"), read("second.sol"));
    let trace = read("trace.jsonl");
    let lines: Vec<serde_json::Value> = trace
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let (first, last) = (&lines[0], lines.last().unwrap());
    assert_eq!(first["kind"], "start");
    assert_eq!(first["time_limit_ms"], 700);
    assert_eq!(
        (&last["kind"], &last["reason"]),
        (&"end".into(), &"time_limit".into())
    );
    assert_eq!(
        last["shares"].as_array().unwrap().len() as u64,
        last["epochs"]
    );
    let epochs = &lines[1..lines.len() - 1];
    assert!(!epochs.is_empty() && epochs.iter().all(|line| line["kind"] == "epoch"));
    let costs: Vec<i64> = epochs
        .iter()
        .map(|line| line["best_cost"].as_i64().unwrap())
        .collect();
    assert!(costs.is_sorted_by(|before, after| before >= after));
    let ruins = &epochs.last().unwrap()["operators"]["ruins"];
    let counts = ["tried", "accepted", "improved"].map(|count| ruins[count].as_u64().unwrap());
    assert!(
        counts.is_sorted_by(|more, less| more >= less) && counts[2] > 0,
        "{counts:?}"
    );
    let remade = read("again.jsonl");
    let operators = |text: &str| -> serde_json::Value {
        let last = text.lines().rev().nth(1).unwrap();
        serde_json::from_str::<serde_json::Value>(last).unwrap()["operators"].take()
    };
    assert_eq!(operators(&trace), operators(&remade));
}

#[test]
fn a_search_is_made_again_only_on_its_own_instance() {
    let folder = folder();
    let trace = [
        "solve",
        "a.txt",
        "--iterations",
        "500",
        "--trace",
        "trace.jsonl",
    ];
    punctual(folder.path(), &trace).success();
    let refused = punctual(
        folder.path(),
        &["solve", "b.txt", "--replay", "trace.jsonl"],
    )
    .code(1);
    let error = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    assert!(
        error.contains("its search was on another text than b.txt"),
        "{error}"
    );
    punctual(folder.path(), &["solve", "a.txt", "--replay", "a.txt"]).code(1);
    let both = ["solve", "a.txt", "--replay", "trace.jsonl", "--seed", "3"];
    punctual(folder.path(), &both).code(64);
    punctual(
        folder.path(),
        &["solve", "a.txt", "--replay", "trace.jsonl"],
    )
    .success();
}

#[test]
fn a_panel_is_measured_and_compared_with_an_earlier_one() {
    let folder = folder();
    fs::write(
        folder.path().join("reference.csv"),
        "instance,family,distance\na,x,1000\nb,x,500\n",
    )
    .unwrap();
    let panel = [
        "bench",
        "solver",
        "a.txt",
        "b.txt",
        "--seeds",
        "2",
        "--iterations",
    ];
    let before = punctual(folder.path(), &[&panel[..], &["300", "--json"]].concat()).success();
    fs::write(folder.path().join("before.json"), printed(&before)).unwrap();
    let compare = [
        "3000",
        "--reference",
        "reference.csv",
        "--against",
        "before.json",
    ];
    let after = punctual(folder.path(), &[&panel[..], &compare].concat()).success();
    let after = printed(&after);
    for expected in [
        "mean gap +",
        "iterations/s",
        "mean difference -",
        "0 losses in 4 pairs",
    ] {
        assert!(after.contains(expected), "{expected}: {after}");
    }
    let none = ["bench", "solver", "a.txt", "--reference", "a.txt"];
    punctual(folder.path(), &none).code(1);
}

#[test]
fn a_solution_is_judged_whoever_wrote_it() {
    let folder = folder();
    let solve = ["solve", "a.txt", "--iterations", "500", "--output", "a.sol"];
    let solved = printed(&punctual(folder.path(), &solve).success());
    let cost = solved.split(' ').next().unwrap();
    let judged = printed(&punctual(folder.path(), &["bench", "check", "a.txt", "a.sol"]).success());
    assert!(judged.starts_with(cost), "{judged} {solved}");
    fs::write(folder.path().join("bad.sol"), "Route #1: 1 2 3\nCost 1\n").unwrap();
    punctual(folder.path(), &["bench", "check", "a.txt", "bad.sol"]).code(2);
}

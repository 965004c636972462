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

/// Three customers on a line and two vehicles that hold two of them.
const SMALL: &str = "small\n\nVEHICLE\nNUMBER CAPACITY\n2 2\n\nCUSTOMER\n\
    CUST NO. XCOORD. YCOORD. DEMAND READY DUE SERVICE\n\
    0 0 0 0 0 1000 0\n1 10 0 1 0 1000 10\n2 20 0 1 0 1000 10\n3 -30 0 1 0 1000 10\n";

fn complaints(run: &assert_cmd::assert::Assert) -> String {
    String::from_utf8(run.get_output().stderr.clone()).unwrap()
}

#[test]
fn a_solution_that_states_a_wrong_cost_or_none_is_not_right() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("small.txt"), SMALL).unwrap();
    let check = |solution: &str, code: i32| {
        fs::write(folder.path().join("small.sol"), solution).unwrap();
        let check = ["bench", "check", "small.txt", "small.sol"];
        let run = punctual(folder.path(), &check).code(code);
        (printed(&run), complaints(&run))
    };
    let routes = "Route #1: 1 2\nRoute #2: 3\n";
    let right = check(&format!("{routes}Cost 100.0\n"), 0);
    assert_eq!(right.0, "cost=100.0 stated=100.0 routes=2 feasible=true\n");
    assert_eq!(right.1, "");
    check(&format!("{routes}Cost 100\n"), 0);
    let wrong = check(&format!("{routes}Cost 99.9\n"), 2);
    assert_eq!(wrong.0, "cost=100.0 stated=99.9 routes=2 feasible=true\n");
    assert_eq!(wrong.1, "the solution costs 100.0, not 99.9\n");
    let silent = check(routes, 2);
    assert_eq!(silent.0, "cost=100.0 stated=none routes=2 feasible=true\n");
    assert_eq!(silent.1, "the solution states no cost\n");
    let partial = check("Route #1: 1\nCost 20\n", 2);
    let said = "not feasible: client 2 is not served exactly once; 2 clients that must be served are in no route\n";
    assert_eq!(partial.1, said);
}

#[test]
fn a_search_starts_from_a_solution_of_its_instance_only() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("small.txt"), SMALL).unwrap();
    let start = |solution: &str| {
        fs::write(folder.path().join("small.sol"), solution).unwrap();
        let limit = ["solve", "small.txt", "--iterations", "101", "--initial"];
        punctual(folder.path(), &[&limit[..], &["small.sol"]].concat())
    };
    let run = start("Route #1: 2 9\nRoute #2: 1 2 1\nRoute #3: 0\n").code(1);
    let said = complaints(&run);
    for line in [
        "start from small.sol: 6 problems",
        "route 1: 9 is no customer of the instance, whose customers are 1 to 3",
        "customer 2 is in route 1 and again in route 2",
        "customer 1 is in route 2 and again in the same",
        "there is no vehicle for route 3: the instance has 2",
        "route 3: 0 is no customer of the instance",
        "customer 3 is in no route",
    ] {
        assert!(said.contains(line), "{line} is not in\n{said}");
    }
    // Too much in one vehicle: of the instance, but to be mended.
    let run = start("Route #1: 1 2 3\n").success();
    let said = complaints(&run);
    assert!(
        said.contains("small.sol is not feasible and will be mended: route 1 carries 1 too much"),
        "{said}"
    );
    assert!(printed(&run).contains("feasible=true iterations=101"));
    let run = start("Route #1: 1 2\nRoute #2: 3\n").success();
    assert_eq!(complaints(&run), "");
}

#[test]
fn a_search_of_what_cannot_be_served_says_how_many_are_left_out() {
    let folder = TempDir::new().unwrap();
    let one = SMALL.replace("\n2 2\n", "\n1 2\n");
    fs::write(folder.path().join("small.txt"), one).unwrap();
    let run = punctual(folder.path(), &["solve", "small.txt", "--iterations", "9"]).code(2);
    let said = complaints(&run);
    assert!(
        said.contains("; 1 client that must be served is in no route"),
        "{said}"
    );
}

/// Three clients with prizes below what it takes to go there; a vehicle holds two of them.
const PRIZES: &str = "NAME : P\nTYPE : PCVRPTW\nDIMENSION : 4\nVEHICLES : 3\nCAPACITY : 10\nSERVICE_TIME : 1\n\
    EDGE_WEIGHT_TYPE : EUC_2D\nNODE_COORD_SECTION\n1 0 0\n2 30 40\n3 0 50\n4 -30 40\nDEMAND_SECTION\n1 0\n2 5\n3 5\n4 5\n\
    TIME_WINDOW_SECTION\n1 0 999\n2 0 900\n3 0 900\n4 0 900\nPRIZE_SECTION\n1 0\n2 8\n3 5\n4 2\n\
    DEPOT_SECTION\n1\n-1\nEOF\n";

#[test]
fn few_vehicles_come_after_prizes() {
    let folder = TempDir::new().unwrap();
    let solve = |text: &str, options: &[&str]| {
        fs::write(folder.path().join("prizes.vrp"), text).unwrap();
        let solve = ["solve", "prizes.vrp", "--iterations", "501"];
        printed(&punctual(folder.path(), &[&solve[..], options].concat()).success())
    };
    assert!(solve(PRIZES, &[]).contains("cost=150 routes=0 feasible=true"));
    assert!(solve(PRIZES, &["--fleet-first"]).contains("routes=2 feasible=true"));
    // With one vehicle, the two largest prizes are collected.
    let one = PRIZES.replace("VEHICLES : 3", "VEHICLES : 1");
    let text = solve(&one, &["--fleet-first", "--output", "prizes.sol"]);
    assert!(text.contains("routes=1 feasible=true"), "{text}");
    let solution = fs::read_to_string(folder.path().join("prizes.sol")).unwrap();
    assert!(
        solution.starts_with("Route #1: 1 2\n") || solution.starts_with("Route #1: 2 1\n"),
        "{solution}"
    );
}

/// Two depots in a row in a route, the second of them far away: an empty trip that no search makes.
#[test]
fn a_solution_to_start_from_is_given_back_if_nothing_better_is_found() {
    let folder = TempDir::new().unwrap();
    let instance = "NAME: T\nTYPE: MTVRPTWR\nEDGE_WEIGHT_TYPE: EUC_2D\nDIMENSION: 3\nVEHICLES: 1\nCAPACITY: 5\n\
        SERVICE_TIME: 1\nNODE_COORD_SECTION\n1 0 0\n2 3 4\n3 0 1\nDEMAND_SECTION\n1 0\n2 4\n3 5\n\
        TIME_WINDOW_SECTION\n1 0 24\n2 0 24\n3 0 24\nRELEASE_TIME_SECTION\n1 0\n2 0\n3 10\n\
        VEHICLES_RELOAD_DEPOT_SECTION\n1 1\nDEPOT_SECTION\n1\nEOF\n";
    fs::write(folder.path().join("trips.vrp"), instance).unwrap();
    fs::write(
        folder.path().join("trips.sol"),
        "Route #1: 1 0 0 2\nCost 120\n",
    )
    .unwrap();
    let check = ["bench", "check", "trips.vrp", "trips.sol"];
    punctual(folder.path(), &check).success();
    let solve = [
        "solve",
        "trips.vrp",
        "--initial",
        "trips.sol",
        "--iterations",
        "0",
    ];
    let run = punctual(folder.path(), &solve).success();
    assert!(printed(&run).starts_with("cost=120 "), "{}", printed(&run));
}

#[test]
fn an_instance_made_up_is_named() {
    let folder = TempDir::new().unwrap();
    let make = [
        "bench",
        "instance",
        "--style",
        "R1",
        "--clients",
        "7",
        "--output",
        "r.txt",
    ];
    let run = punctual(folder.path(), &make).success();
    assert_eq!(printed(&run), "r.txt: 7 customers\n");
}

#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_ends_a_search_with_the_best_solution() {
    let folder = folder();
    let binary = assert_cmd::cargo::cargo_bin("punctual");
    let child = std::process::Command::new(binary)
        .current_dir(folder.path())
        .args(["solve", "a.txt", "--time-limit", "10m", "--output", "a.sol"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // Until the process catches SIGINT, the second signal.
    let status = format!("/proc/{}/status", child.id());
    let catches = || {
        let status = fs::read_to_string(&status).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        u64::from_str_radix(caught.unwrap().trim(), 16).unwrap() & 2 > 0
    };
    while !catches() {
        std::thread::yield_now();
    }
    let kill = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(kill.success());
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(said.starts_with("ended early by Ctrl-C"), "{said}");
    // Nothing may have been planned yet, but what is there is written.
    assert!([Some(0), Some(2)].contains(&ended.status.code()), "{said}");
    assert!(folder.path().join("a.sol").exists());
}

//! The `punctual` command: files in, files out, exit codes.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use assert_cmd::Command;
use punctual::grpc::{json, pb};
use tempfile::TempDir;

use crate::days;

pub(crate) fn punctual(folder: &Path, arguments: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = Command::cargo_bin("punctual").unwrap();
    command
        .current_dir(folder)
        .args(arguments)
        .timeout(crate::service::PATIENCE)
        .assert()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A folder with a small day in it, `day.json`.
pub(crate) fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("day.json"), json::write(&days::small())).unwrap();
    folder
}

/// Plans `day.json` in a blink.
pub(crate) const PLAN: [&str; 6] = [
    "plan",
    "day.json",
    "--output",
    "plan.json",
    "--time-limit",
    "200ms",
];

#[test]
fn a_day_is_generated_planned_forecast_and_printed() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let generate = ["generate", "--preset", "small", "--seed", "7", "--output"];
    punctual(folder.path(), &[&generate[..], &["day.json"]].concat()).success();
    punctual(folder.path(), &[&generate[..], &["again.json"]].concat()).success();
    assert_eq!(
        fs::read(at("day.json")).unwrap(),
        fs::read(at("again.json")).unwrap()
    );
    let plan = [
        "plan",
        "day.json",
        "--output",
        "plan.json",
        "--time-limit",
        "500ms",
    ];
    let printed = punctual(folder.path(), &plan).get_output().stdout.clone();
    let printed = text(&printed);
    assert!(printed.contains("Predicted on-time rate"), "{printed}");
    assert!(printed.contains("built-in default"), "{printed}");
    let day: pb::PlannedDay = json::read(&fs::read_to_string(at("plan.json")).unwrap()).unwrap();
    let plan = day.plan.unwrap();
    punctual(
        folder.path(),
        &["forecast", "plan.json", "--scenarios", "256"],
    )
    .success();
    punctual(
        folder.path(),
        &["sheet", "plan.json", "--output", "sheets", "--lang", "ru"],
    )
    .success();
    let sheets = fs::read_dir(at("sheets")).unwrap().count();
    assert_eq!(sheets, plan.routes.len());
}

#[test]
fn a_noise_model_from_a_file_is_named_in_the_forecast() {
    let folder = folder();
    let noise = r#"{"version": "mine-7", "citySigma": 1}"#;
    fs::write(folder.path().join("bad.json"), noise).unwrap();
    let noise = r#"{"version": "mine-7", "daySigma": 0.4}"#;
    fs::write(folder.path().join("noise.json"), noise).unwrap();
    let plan = [&PLAN[..], &["--noise", "noise.json"]].concat();
    let printed = text(&punctual(folder.path(), &plan).get_output().stdout);
    assert!(printed.contains("the noise model \"mine-7\""), "{printed}");
    let forecast = ["forecast", "plan.json", "--causes", "--noise", "noise.json"];
    let printed = text(&punctual(folder.path(), &forecast).get_output().stdout);
    assert!(printed.contains("the noise model \"mine-7\""), "{printed}");
    assert!(printed.contains("traffic +"), "{printed}");
    let forecast = ["forecast", "plan.json", "--noise", "bad.json"];
    let assert = punctual(folder.path(), &forecast).code(1);
    let errors = text(&assert.get_output().stderr);
    assert!(
        errors.contains("bad.json") && errors.contains("citySigma"),
        "{errors}"
    );
}

#[test]
fn a_frontier_is_a_folder_of_plans() {
    let folder = folder();
    let plan = [
        "plan",
        "day.json",
        "--frontier",
        "96.5,90",
        "--iterations",
        "2000",
        "--output",
        "plans",
    ];
    let assert = punctual(folder.path(), &plan).success();
    let printed = text(&assert.get_output().stdout);
    assert!(printed.contains("1-on-time-90.json"), "{printed}");
    let read = |name: &str| fs::read_to_string(folder.path().join("plans").join(name)).unwrap();
    let frontier: pb::Frontier = json::read(&read("frontier.json")).unwrap();
    assert_eq!(frontier.points.len(), 2);
    let day: pb::PlannedDay = json::read(&read("2-on-time-96.5.json")).unwrap();
    assert!(day.target_outcome.unwrap().is_met);
    assert_eq!(
        day.plan.unwrap().cost.unwrap().total_cost,
        frontier.points[1].cost
    );
    for wrong in [["--on-time", "95"], ["--frontier-points", "3"]] {
        punctual(folder.path(), &[&plan[..], &wrong].concat()).code(64);
    }
    let low = ["plan", "day.json", "--output", "p", "--frontier", "40"];
    punctual(folder.path(), &low).code(64);
}

#[test]
fn a_day_with_rush_hours_reloads_and_breaks_is_planned_and_breaks_nothing() {
    assert_planned(&["--rush-hours", "--reloads", "--breaks"]);
}

#[test]
fn a_day_with_rush_hours_is_planned_and_breaks_nothing() {
    assert_planned(&["--rush-hours"]);
}

fn assert_planned(kind: &[&str]) {
    let folder = TempDir::new().unwrap();
    let generate = ["generate", "--preset", "small", "--output", "day.json"];
    punctual(folder.path(), &[&generate[..], kind].concat()).success();
    let plan = ["plan", "day.json", "--output", "plan.json"];
    let limit = ["--time-limit", "500ms"];
    let assert = punctual(folder.path(), &[&plan[..], &limit].concat()).success();
    let printed = text(&assert.get_output().stdout);
    assert!(printed.contains("0 promises broken"), "{printed}");
    let planned = fs::read_to_string(folder.path().join("plan.json")).unwrap();
    let day: pb::PlannedDay = json::read(&planned).unwrap();
    assert_eq!(day.problem.unwrap().travel_profiles[0].buckets.len(), 6);
    assert!(day.plan.unwrap().verdict.unwrap().violations.is_empty());
}

#[test]
fn sheets_are_written_as_pdf_each_alone_or_all_in_one_file() {
    let folder = folder();
    punctual(folder.path(), &PLAN).success();
    let at = |name: &str| folder.path().join(name);
    let sheet = ["sheet", "plan.json", "--language", "ru", "--output"];
    let apart = [&sheet[..], &["sheets", "--format", "pdf"]].concat();
    punctual(folder.path(), &apart).success();
    for entry in fs::read_dir(at("sheets")).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(path.extension().unwrap(), "pdf");
        assert!(fs::read(path).unwrap().starts_with(b"%PDF-"));
    }
    punctual(
        folder.path(),
        &[&sheet[..], &["all.pdf", "--merge"]].concat(),
    )
    .success();
    assert!(fs::read(at("all.pdf")).unwrap().starts_with(b"%PDF-"));
    let html = [&sheet[..], &["all.html", "--merge", "--format", "html"]].concat();
    let assert = punctual(folder.path(), &html).code(64);
    let error = text(&assert.get_output().stderr);
    assert!(error.contains("--merge goes with --format pdf"), "{error}");
}

#[test]
fn only_what_changed_since_an_earlier_plan_is_written() {
    let folder = folder();
    punctual(folder.path(), &PLAN).success();
    let at = |name: &str| folder.path().join(name);
    let since = ["sheet", "plan.json", "--since", "plan.json", "--output"];
    let assert = punctual(folder.path(), &[&since[..], &["same"]].concat()).success();
    let note = text(&assert.get_output().stderr);
    assert!(note.contains("nothing changed"), "{note}");
    let mut day: pb::PlannedDay =
        json::read(&fs::read_to_string(at("plan.json")).unwrap()).unwrap();
    let stop = &mut day.plan.as_mut().unwrap().routes[0].stops[0];
    stop.arrival_time.as_mut().unwrap().seconds += 120;
    fs::write(at("late.json"), json::write(&day)).unwrap();
    let since = ["sheet", "late.json", "--since", "plan.json", "--output"];
    let assert = punctual(folder.path(), &[&since[..], &["changed"]].concat()).success();
    let printed = text(&assert.get_output().stdout);
    assert_eq!(printed.lines().count(), 1, "{printed}");
    let html = fs::read_to_string(folder.path().join(printed.trim())).unwrap();
    assert!(html.contains("Time, was "));
    punctual(folder.path(), &[&since[..], &["all", "--all"]].concat()).success();
    let n_all = fs::read_dir(at("all")).unwrap().count();
    assert_eq!(n_all, day.plan.unwrap().routes.len());
}

#[test]
fn sheets_of_another_plan_in_the_folder_are_warned_of() {
    let folder = folder();
    punctual(folder.path(), &PLAN).success();
    fs::create_dir(folder.path().join("sheets")).unwrap();
    fs::write(folder.path().join("sheets/sheet-old.html"), "yesterday").unwrap();
    let sheet = ["sheet", "plan.json", "--output", "sheets"];
    let assert = punctual(folder.path(), &sheet).success();
    let warned = text(&assert.get_output().stderr);
    assert!(
        warned.contains("sheets has 1 .html file from before: still the same plan?"),
        "{warned}"
    );
    for (output, why, code) in [
        ("plan.json", "make the folder plan.json: it is a file", 1),
        ("all.pdf", "--merge writes all sheets to one file", 64),
    ] {
        let to = ["sheet", "plan.json", "--output", output];
        let said = text(&punctual(folder.path(), &to).code(code).get_output().stderr);
        assert!(said.contains(why), "{said}");
    }
    let assert = punctual(
        folder.path(),
        &[&sheet[..], &["--courier", "nobody"]].concat(),
    )
    .code(64);
    let error = text(&assert.get_output().stderr);
    assert!(error.contains("these couriers have routes:"), "{error}");
}

#[test]
fn orders_set_aside_count_as_not_kept() {
    let folder = folder();
    let mut day = days::small();
    let n_orders = day.orders.len();
    for order in &mut day.orders[n_orders / 2..] {
        order.required_skills = vec!["fly".to_owned()];
    }
    fs::write(folder.path().join("day.json"), json::write(&day)).unwrap();
    let set_aside = [&PLAN[..], &["--set-aside"]].concat();
    let assert = punctual(folder.path(), &set_aside).code(2);
    let printed = text(&assert.get_output().stdout);
    let kept = printed
        .split("set aside counted as not kept: ")
        .nth(1)
        .unwrap();
    let percent: f64 = kept.split_whitespace().next().unwrap().parse().unwrap();
    assert!(percent <= 51.0, "{printed}");
}

#[test]
fn values_out_of_bounds_on_the_command_line_exit_with_64() {
    let folder = folder();
    for (arguments, said) in [
        (
            &["generate", "--output", "g.json", "--date", "0001-01-01"][..],
            "1971 to 9998",
        ),
        (
            &[
                "plan",
                "day.json",
                "--output",
                "p.json",
                "--time-limit",
                "-1s",
            ],
            "above 0",
        ),
        (
            &["plan", "day.json", "--output", "p.json", "--seed", "-1"],
            "invalid digit",
        ),
    ] {
        let assert = punctual(folder.path(), arguments).code(64);
        let error = text(&assert.get_output().stderr);
        assert!(error.contains(said), "{arguments:?}: {error}");
    }
}

#[test]
fn a_byte_order_mark_is_no_error() {
    let folder = folder();
    let day = "\u{feff}".to_owned() + &json::write(&days::small());
    fs::write(folder.path().join("day.json"), day).unwrap();
    punctual(folder.path(), &PLAN).success();
}

#[test]
fn routes_that_break_something_exit_with_2() {
    let folder = folder();
    let day = days::small();
    let mut order_ids: Vec<String> = day.orders.iter().map(|order| order.id.clone()).collect();
    order_ids.reverse();
    let routes = pb::EvaluatePlanRequest {
        routes: vec![pb::RouteSketch {
            courier_id: day.couriers[0].id.clone(),
            order_ids,
            start_time: None,
            reloads: Vec::new(),
        }],
        ..pb::EvaluatePlanRequest::default()
    };
    fs::write(folder.path().join("routes.json"), json::write(&routes)).unwrap();
    let evaluate = [
        "evaluate",
        "day.json",
        "--routes",
        "routes.json",
        "--output",
        "plan.json",
    ];
    let assert = punctual(folder.path(), &evaluate).code(2);
    let printed = text(&assert.get_output().stdout);
    assert!(printed.contains("broken: TIME_WINDOW"), "{printed}");
    punctual(folder.path(), &["sheet", "plan.json", "--output", "."]).success();
}

#[test]
fn a_plan_is_taken_up_again_and_gets_no_worse() {
    let folder = folder();
    let read = |name: &str| -> pb::PlannedDay {
        json::read(&fs::read_to_string(folder.path().join(name)).unwrap()).unwrap()
    };
    punctual(folder.path(), &PLAN).success();
    let again = [
        "plan",
        "day.json",
        "--from",
        "plan.json",
        "--output",
        "again.json",
        "--time-limit",
        "1ms",
    ];
    punctual(folder.path(), &again).success();
    let cost = |day: &pb::PlannedDay| day.plan.clone().unwrap().cost.unwrap().total_cost;
    let (first, second) = (read("plan.json"), read("again.json"));
    assert!(cost(&second) <= cost(&first));
    let route = &first.plan.unwrap().routes[0];
    let locked = pb::InitialPlan {
        routes: vec![pb::RouteSketch {
            courier_id: route.courier_id.clone(),
            order_ids: vec![route.stops[0].order_id.clone(), "cancelled".to_owned()],
            start_time: None,
            reloads: Vec::new(),
        }],
        locks: vec![pb::StopLock {
            order_id: "cancelled".to_owned(),
            lock: pb::Lock::Done as i32,
        }],
    };
    fs::write(folder.path().join("plan.json"), json::write(&locked)).unwrap();
    let refused = punctual(folder.path(), &again).code(1);
    let told = text(&refused.get_output().stderr);
    assert!(
        told.contains("initial_plan.locks[0].order_id (cancelled)"),
        "{told}"
    );
}

#[test]
fn a_benchmark_solution_is_taken_up_again() {
    let folder = TempDir::new().unwrap();
    let instance = "small\n\nVEHICLE\nNUMBER CAPACITY\n3 10\n\nCUSTOMER\n\
        CUST NO. XCOORD. YCOORD. DEMAND READY DUE SERVICE\n\
        0 0 0 0 0 1000 0\n1 10 0 1 0 1000 10\n2 20 0 1 0 1000 10\n3 -30 0 1 0 1000 10\n";
    fs::write(folder.path().join("small.txt"), instance).unwrap();
    let solution = "Route #1: 2 1\nRoute #2: 3\nCost 100\n";
    fs::write(folder.path().join("small.sol"), solution).unwrap();
    let solve = |options: &[&str]| {
        let start = [
            "solve",
            "small.txt",
            "--initial",
            "small.sol",
            "--iterations",
        ];
        let done = punctual(folder.path(), &[&start[..], options].concat()).success();
        text(&done.get_output().stdout)
    };
    assert!(solve(&["0"]).contains("cost=100.0 routes=2 feasible=true"));
    assert!(solve(&["1000", "--fleet-first"]).contains("cost=100.0 routes=1 feasible=true"));
}

#[test]
fn an_invalid_day_exits_with_1_and_lists_every_problem() {
    let folder = folder();
    let mut day = days::small();
    day.orders[0].place = None;
    day.orders[1].loads.insert("kg".to_owned(), -4);
    fs::write(folder.path().join("day.json"), json::write(&day)).unwrap();
    let assert = punctual(folder.path(), &PLAN).code(1);
    let errors = text(&assert.get_output().stderr);
    assert!(
        errors.contains("orders[0]") && errors.contains("orders[1]"),
        "{errors}"
    );
    assert!(!folder.path().join("plan.json").exists());
    let assert = punctual(folder.path(), &[&PLAN[..], &["--set-aside"]].concat()).code(2);
    let printed = text(&assert.get_output().stdout);
    assert!(printed.contains("set aside: "), "{printed}");
}

#[test]
fn a_file_that_is_not_a_day_exits_with_1_and_names_the_line() {
    let folder = folder();
    fs::write(folder.path().join("day.json"), "{\n\"orders\": 7}").unwrap();
    let assert = punctual(folder.path(), &["plan", "day.json", "--output", "x"]).code(1);
    let errors = text(&assert.get_output().stderr);
    assert!(
        errors.contains("orders") && errors.contains("line 2"),
        "{errors}"
    );
    punctual(folder.path(), &["plan", "nothing.json", "--output", "x"]).code(1);
}

#[test]
fn a_place_that_cannot_be_written_to_is_found_before_the_search() {
    let folder = folder();
    // The search would take longer than this waits for the command.
    for output in ["missing/plan.json", "."] {
        let plan = [
            "plan",
            "day.json",
            "--output",
            output,
            "--time-limit",
            "10m",
        ];
        let assert = punctual(folder.path(), &plan).code(1);
        let errors = text(&assert.get_output().stderr);
        assert!(errors.contains(&format!("write {output}")), "{errors}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_nobody_can_take_is_an_error_and_no_panic() {
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let binary = assert_cmd::cargo::cargo_bin("punctual");
    let ended = std::process::Command::new(binary)
        .args(["serve", "--show-config"])
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let errors = text(&ended.stderr);
    assert!(
        errors.starts_with("punctual: write to standard output"),
        "{errors}"
    );
}

#[test]
fn a_reader_that_has_enough_ends_the_command_without_a_word() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let ended = std::process::Command::new(assert_cmd::cargo::cargo_bin("punctual"))
        .args(["serve", "--show-config"])
        .stdout(writer)
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert_eq!(text(&ended.stderr), "");
}

#[test]
fn wrong_usage_exits_with_64_and_help_with_0() {
    let folder = folder();
    punctual(folder.path(), &[]).code(64);
    punctual(folder.path(), &["fly"]).code(64);
    punctual(folder.path(), &["plan", "day.json"]).code(64);
    punctual(
        folder.path(),
        &["plan", "day.json", "--output", "x", "--time-limit", "soon"],
    )
    .code(64);
    for wrong in [
        &["plan", "day.json", "--output", "x", "--threads", "0"][..],
        &["forecast", "plan.json", "--scenarios", "5"],
        &["generate", "--output", "x", "--orders", "0"],
        &["serve", "--listen", "nowhere"],
    ] {
        punctual(folder.path(), wrong).code(64);
    }
    punctual(folder.path(), &["--help"]).success();
    punctual(folder.path(), &["--version"]).success();
    fs::write(
        folder.path().join("bad.toml"),
        "[server]\nport = 1\ndrain_ms = \"x\"",
    )
    .unwrap();
    let assert = punctual(folder.path(), &["serve", "--config", "bad.toml"]).code(64);
    let errors = text(&assert.get_output().stderr);
    assert!(
        errors.contains("server.port") && errors.contains("server.drain_ms"),
        "{errors}"
    );
}

#[test]
fn the_demo_runs_anywhere_and_leaves_a_sheet_for_every_route() {
    let folder = folder();
    let demo = [
        "demo",
        "--day",
        "day.json",
        "--time-limit",
        "500ms",
        "--lang",
        "ru",
    ];
    let assert = punctual(folder.path(), &demo).success();
    let printed = text(&assert.get_output().stdout);
    assert!(printed.contains("5-95 % range"), "{printed}");
    assert!(
        fs::read_dir(folder.path().join("demo-out"))
            .unwrap()
            .count()
            > 0
    );
    punctual(
        folder.path(),
        &["demo", "--time-limit", "300ms", "--output", "bundled"],
    )
    .success();
}

#[cfg(unix)]
#[test]
fn the_service_ends_with_0_when_asked_to() {
    let folder = TempDir::new().unwrap();
    let binary = assert_cmd::cargo::cargo_bin("punctual");
    let mut child = std::process::Command::new(binary)
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder.path().join("ledger"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut first_line = String::new();
    let stdout = child.stdout.take().unwrap();
    BufReader::new(stdout).read_line(&mut first_line).unwrap();
    assert!(
        first_line.starts_with("serving on 127.0.0.1:"),
        "{first_line}"
    );
    let kill = std::process::Command::new("kill")
        .arg(child.id().to_string())
        .status()
        .unwrap();
    assert!(kill.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

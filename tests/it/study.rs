//! Studies on the command line: defining, running, stopping and repeating them.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use punctual::analysis::study::{self, Outcome, Study};
use punctual::grpc::json;
use tempfile::TempDir;

use crate::days;

fn study(folder: &Path, arguments: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = Command::cargo_bin("punctual").unwrap();
    command
        .current_dir(folder)
        .args(["bench", "study", "--threads", "2"])
        .args(arguments)
        .timeout(crate::service::PATIENCE)
        .assert()
}

fn read(folder: &Path, name: &str) -> Study {
    study::read(&fs::read_to_string(folder.join(name)).unwrap()).unwrap()
}

fn printed(run: &assert_cmd::assert::Assert) -> String {
    String::from_utf8(run.get_output().stdout.clone()).unwrap()
}

fn complaints(run: &assert_cmd::assert::Assert) -> String {
    String::from_utf8(run.get_output().stderr.clone()).unwrap()
}

/// Outcomes without what clocks have to say.
fn timeless(study: &Study) -> Vec<Outcome> {
    let outcomes = study.outcomes.iter().map(|outcome| Outcome {
        solve_seconds: 0.0,
        ..outcome.clone()
    });
    outcomes.collect()
}

const QUICK: [&str; 6] = [
    "--scenarios",
    "256",
    "--way",
    "nominal: iterations=200",
    "--way",
    "98: iterations=200, on-time=98",
];

#[test]
fn a_study_goes_on_where_it_was_and_is_made_again_from_its_file() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    fs::write(folder.join("day.json"), json::write(&days::small())).unwrap();
    let arguments = [&["day.json"][..], &QUICK].concat();
    let run = study(folder, &arguments).success();
    let table = printed(&run);
    assert!(
        table.contains("incidents x2") && table.contains("Differences from nominal"),
        "{table}"
    );
    let whole = read(folder, "study.json");
    assert!(whole.is_finished());

    // Half of it is lost: the rest is made again, and what was there stays.
    let mut half = whole.clone();
    half.plans.truncate(1);
    half.outcomes.truncate(4);
    fs::write(folder.join("study.json"), study::write(&half).unwrap()).unwrap();
    study(folder, &arguments).success();
    let resumed = read(folder, "study.json");
    assert_eq!(resumed.plans[0], whole.plans[0]);
    assert_eq!(timeless(&resumed), timeless(&whole));

    let again = ["--definition", "study.json", "--output", "again.json"];
    study(folder, &again).success();
    let again = read(folder, "again.json");
    assert_eq!(again.definition, whole.definition);
    assert_eq!(timeless(&again), timeless(&whole));
}

#[test]
fn routes_of_others_are_read_from_solutions_and_plans() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let punctual = |arguments: &[&str]| {
        let mut command = Command::cargo_bin("punctual").unwrap();
        let run = command.current_dir(folder).args(arguments);
        run.timeout(crate::service::PATIENCE).assert().success();
    };
    let instance = ["--clients", "40", "--style", "RC1", "--output", "rc.txt"];
    punctual(&[&["bench", "instance"][..], &instance].concat());
    fs::create_dir(folder.join("theirs")).unwrap();
    let solve = [
        "solve",
        "rc.txt",
        "--iterations",
        "200",
        "--output",
        "theirs/rc.sol",
    ];
    punctual(&solve);
    let way = ["--way", "ours: iterations=200", "--plans", "theirs=theirs"];
    let suite = ["rc.txt", "--suite", "GH-S", "--scenarios", "256"];
    study(folder, &[&suite[..], &way].concat()).success();
    let found = read(folder, "study.json");
    let stresses: Vec<&str> = found
        .definition
        .stresses
        .iter()
        .map(|stress| stress.name.as_str())
        .collect();
    assert_eq!(stresses, ["calm", "base", "rough"]);
    let kept = |stress| found.outcome("rc", "theirs", stress).unwrap().expected_kept;
    assert!(kept("calm") > kept("base") && kept("base") > kept("rough"));
    let theirs = found.plan("rc", "theirs").unwrap();
    assert_eq!((theirs.violations.len(), theirs.iterations), (0, 0));

    let other = ["rc.txt", "--suite", "ORTEC-S", "--way", "ours: time=1s"];
    let run = study(folder, &[&other[..], &["--output", "other.json"]].concat()).code(1);
    assert!(complaints(&run).contains("those of ORTEC-S a matrix of seconds"));

    // The same routes as JSON score the same.
    let routes: Vec<serde_json::Value> = (theirs.routes.iter())
        .map(|route| serde_json::json!({"courierId": route.courier, "orderIds": route.orders}))
        .collect();
    let text = serde_json::json!({"routes": routes}).to_string();
    fs::write(folder.join("rc.json"), text).unwrap();
    let both = [
        "--plans",
        "theirs=theirs",
        "--plans",
        "json=rc.json",
        "--output",
        "both.json",
    ];
    study(folder, &[&suite[..], &both].concat()).success();
    let both = read(folder, "both.json");
    let nameless = |way| Outcome {
        way: String::new(),
        ..both.outcome("rc", way, "rough").unwrap().clone()
    };
    assert_eq!(nameless("theirs"), nameless("json"));
}

#[test]
fn everything_wrong_with_a_definition_is_said_at_once() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let mut bad = days::small();
    bad.orders[1].service_duration = Some(prost_types::Duration {
        seconds: -5,
        nanos: 0,
    });
    fs::write(folder.join("bad.json"), json::write(&bad)).unwrap();
    fs::write(folder.join("day.json"), json::write(&days::small())).unwrap();
    fs::create_dir(folder.join("theirs")).unwrap();
    let definition = r#"
        days = ["day.json", "bad.json", "none.json"]
        scenarios = 100
        noise = "nowhere.json"
        [[ways]]
        name = "a"
        time = "soon"
        [[ways]]
        name = "a"
        time = "1s"
        floor = 90
        [[ways]]
        name = "theirs"
        plans = "theirs"
        [[stresses]]
        name = "odd"
        travel = 0.0
    "#;
    fs::write(folder.join("study.toml"), definition).unwrap();
    let run = study(folder, &["--definition", "study.toml"]).code(1);
    let said = complaints(&run);
    for expected in [
        "ways[0].time: ",
        "ways[1].name: \"a\" is a name already",
        "ways[1].floor: ",
        "stresses[0].travel: ",
        "noise: read nowhere.json",
        "scenarios: 100",
        "days[1]: bad.json: problem.orders[1].service_duration",
        "days[2]: none.json: ",
        "plans of theirs for day: theirs has neither day.json nor day.sol",
    ] {
        assert!(said.contains(expected), "{expected} is not in\n{said}");
    }
    assert!(!folder.join("study.json").exists());

    let unknown = definition.replace("scenarios", "scenarois");
    fs::write(folder.join("study.toml"), unknown).unwrap();
    let run = study(folder, &["--definition", "study.toml"]).code(1);
    assert!(complaints(&run).contains("scenarois"));
}

#[test]
fn what_is_no_study_is_not_written_over() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let day = json::write(&days::small());
    fs::write(folder.join("day.json"), &day).unwrap();
    let arguments = [&["day.json", "--output", "day.json"][..], &QUICK].concat();
    let run = study(folder, &arguments).code(1);
    assert!(complaints(&run).contains("go on with day.json"));
    assert_eq!(fs::read_to_string(folder.join("day.json")).unwrap(), day);
}

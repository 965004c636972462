//! Days played through the service, and what playing many of them says.

use std::path::Path;

use crate::command::{folder, punctual, text};

/// A small day at full speed, kept in `ledger`.
const PLAYED: [&str; 10] = [
    "demo",
    "day",
    "--day",
    "day.json",
    "--time-limit",
    "500ms",
    "--speed",
    "0",
    "--data",
    "ledger",
];

/// How many promises the line that begins with `name` is about.
fn promises(printed: &str, name: &str) -> u32 {
    let line = printed.lines().find(|line| line.starts_with(name));
    let words: Vec<&str> = line.unwrap().split_whitespace().collect();
    let at = words.iter().position(|word| *word == "promises").unwrap();
    words[at - 1].parse().unwrap()
}

#[test]
fn a_day_is_played_to_its_end_through_the_service_and_compared() {
    let folder = folder();
    let assert = punctual(folder.path(), &PLAYED).success();
    let printed = text(&assert.get_output().stdout);
    assert!(printed.contains(" leaves\n"), "{printed}");
    assert!(printed.contains("expected on time"), "{printed}");
    let [played, blind] =
        ["As it was played", "With the plan followed blindly"].map(|name| promises(&printed, name));
    assert!(played > 0 && played == blind, "{printed}");
    // What was played is on record: it is not played a second time.
    let again = punctual(folder.path(), &PLAYED).code(1);
    let errors = text(&again.get_output().stderr);
    assert!(errors.contains("another --name"), "{errors}");
}

fn bench(folder: &Path) -> serde_json::Value {
    let assert = punctual(
        folder,
        &[
            "bench",
            "live",
            "plan.json",
            "--days",
            "2",
            "--scenarios",
            "128",
            "--json",
        ],
    );
    let assert = assert.success();
    serde_json::from_slice(&assert.get_output().stdout).unwrap()
}

#[test]
fn days_run_in_several_ways_add_up_and_are_the_same_every_time() {
    let folder = folder();
    punctual(folder.path(), &crate::command::PLAN);
    let report = bench(folder.path());
    let count = |path: &str| report.pointer(path).unwrap().as_u64().unwrap();
    let promises = count("/promises");
    assert!(promises > 0);
    for way in ["/blind", "/told", "/remedied/way"] {
        let kept = report.pointer(&format!("{way}/on_time_percent")).unwrap();
        let broken = count(&format!("{way}/broken")) as f64;
        let expected = 100.0 * (promises as f64 - broken) / promises as f64;
        assert!((kept.as_f64().unwrap() - expected).abs() < 1e-6, "{report}");
    }
    // Remedies change broken promises by those that they avoid and those that they harm.
    assert_eq!(
        count("/blind/broken") + count("/remedied/harmed"),
        count("/remedied/way/broken") + count("/remedied/avoided"),
    );
    assert_eq!(count("/blind/broken"), count("/told/broken"));
    assert_eq!(report, bench(folder.path()));
}

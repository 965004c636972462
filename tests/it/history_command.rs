//! The commands that make histories and judge forecasts by them.

use std::fs;

use punctual::formats;
use punctual::grpc::{json, pb};
use punctual::units::Seconds;

use crate::command::{PLAN, folder, punctual, text};

#[test]
fn a_plan_is_carried_out_on_many_days() {
    let folder = folder();
    punctual(folder.path(), &PLAN).success();
    let simulate = ["simulate", "plan.json", "--days", "3", "--output"];
    for output in ["history.csv", "again.csv"] {
        punctual(folder.path(), &[&simulate[..], &[output]].concat()).success();
    }
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let text = read("history.csv");
    assert_eq!(text, read("again.csv"));
    let history = formats::read_history(&text, formats::OnBadRow::Reject).unwrap();
    let routes = history.history.routes;
    let planned = fs::read_to_string(folder.path().join("plan.json")).unwrap();
    let day: pb::PlannedDay = json::read(&planned).unwrap();
    assert_eq!(routes.len(), 3 * day.plan.unwrap().routes.len());
    assert_eq!(
        routes[routes.len() - 1].day - routes[0].day,
        Seconds(2 * 86_400)
    );
}

#[test]
fn forecasts_of_a_history_are_judged() {
    let folder = folder();
    punctual(folder.path(), &PLAN).success();
    // Couriers who are new every day: the same few for all days need not be average ones.
    let noise = r#"{"courierDriveDailySigma": 0.078, "courierServiceDailySigma": 0.17}"#;
    fs::write(folder.path().join("noise.json"), noise).unwrap();
    let simulate = |days: &str, output: &str| {
        let arguments = [
            "simulate",
            "plan.json",
            "--noise",
            "noise.json",
            "--days",
            days,
            "--output",
            output,
        ];
        punctual(folder.path(), &arguments).success();
    };
    simulate("40", "long.csv");
    simulate("3", "short.csv");
    let calibrate = |history: &str, more: &[&str]| {
        let arguments = [
            "calibrate",
            history,
            "--scenarios",
            "256",
            "--noise",
            "noise.json",
        ];
        punctual(folder.path(), &[&arguments[..], more].concat())
    };
    let files = ["--json", "found.json", "--html", "found.html"];
    let assert = calibrate("long.csv", &files).success();
    let printed = text(&assert.get_output().stdout);
    for words in [
        "Forecasts agree",
        "forecast %",
        "morning",
        "30 minutes before",
        "courier-0",
    ] {
        assert!(printed.contains(words), "{words}: {printed}");
    }
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let found: pb::Calibration = json::read(&read("found.json")).unwrap();
    assert_eq!(found.standing(), pb::CalibrationStanding::Sound);
    assert!(printed.contains(&found.summary));
    let page = read("found.html");
    assert!(
        page.contains(&found.summary) && page.contains("<svg"),
        "{page}"
    );

    let assert = calibrate("short.csv", &[]).code(2);
    let printed = text(&assert.get_output().stdout);
    assert!(printed.contains("too thin"), "{printed}");

    // Doors that take twice as long as the forecasts believe.
    let slow = noise.replace('}', r#", "serviceBiases": [{"factor": {"logMean": 0.7}}]}"#);
    fs::write(folder.path().join("noise.json"), slow).unwrap();
    simulate("40", "slow.csv");
    fs::write(folder.path().join("noise.json"), noise).unwrap();
    let assert = calibrate("slow.csv", &[]).code(2);
    let printed = text(&assert.get_output().stdout);
    assert!(printed.contains("do not agree"), "{printed}");
}

#[test]
fn bad_rows_of_a_history_are_refused_or_set_aside() {
    let folder = folder();
    punctual(folder.path(), &PLAN).success();
    let simulate = [
        "simulate",
        "plan.json",
        "--days",
        "2",
        "--output",
        "history.csv",
    ];
    punctual(folder.path(), &simulate).success();
    let path = folder.path().join("history.csv");
    let good = fs::read_to_string(&path).unwrap();
    fs::write(&path, good.replacen(",start,", ",strat,", 1)).unwrap();
    let assert = punctual(folder.path(), &["calibrate", "history.csv"]).code(1);
    let errors = text(&assert.get_output().stderr);
    assert!(
        errors.contains("history.csv") && errors.contains("line "),
        "{errors}"
    );
    let set_aside = ["calibrate", "history.csv", "--on-bad-row", "set-aside"];
    let assert = punctual(folder.path(), &set_aside).code(2);
    let errors = text(&assert.get_output().stderr);
    assert!(
        errors.contains("warning: ") && errors.contains("set aside"),
        "{errors}"
    );
}

//! Reports of studies on the command line.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use punctual::analysis::study;
use tempfile::TempDir;

fn report(folder: &Path, arguments: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = Command::cargo_bin("punctual").unwrap();
    command
        .current_dir(folder)
        .args(["bench", "report"])
        .args(arguments)
        .timeout(crate::service::PATIENCE)
        .assert()
}

fn sample() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/study/study.json");
    fs::read_to_string(path).unwrap()
}

#[test]
fn a_study_becomes_a_page_and_rows() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    fs::write(folder.join("study.json"), sample()).unwrap();
    let all = [
        "study.json",
        "--html",
        "report.html",
        "--csv",
        "rows",
        "--parquet",
        "rows",
    ];
    report(folder, &all).success();
    let page = fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("would have kept more promises"));
    let outcomes = fs::read_to_string(folder.join("rows/outcomes.csv")).unwrap();
    assert_eq!(outcomes.lines().count(), 13);
    for name in ["outcomes.parquet", "stops.parquet"] {
        assert!(
            fs::read(folder.join("rows").join(name))
                .unwrap()
                .starts_with(b"PAR1"),
            "{name}"
        );
    }
}

#[test]
fn an_unfinished_study_is_reported_in_part() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let mut half = study::read(&sample()).unwrap();
    half.outcomes.truncate(4);
    fs::write(folder.join("half.json"), study::write(&half).unwrap()).unwrap();
    report(folder, &["half.json", "--html", "half.html"]).code(2);
    let page = fs::read_to_string(folder.join("half.html")).unwrap();
    assert!(page.contains("4 of 12 results are there"));
}

#[test]
fn a_report_needs_a_study_and_something_to_write() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    fs::write(folder.join("study.json"), sample()).unwrap();
    report(folder, &["study.json"]).code(64);
    fs::write(folder.join("other.json"), "{}").unwrap();
    report(folder, &["other.json", "--csv", "rows"]).code(1);
    assert!(!folder.join("rows").exists());
    report(folder, &["study.json", "--html", "nowhere/report.html"]).code(1);
}

//! What the README shows must be so.

use std::fs;
use std::path::Path;

use punctual::config::PlanningConfig;
use punctual::grpc::{convert, json, pb};

fn project(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

#[test]
fn the_day_in_the_readme_can_be_planned() {
    let readme = project("README.md");
    let (_, after) = readme.split_once("```json\n").unwrap();
    let (text, _) = after.split_once("```").unwrap();
    let day: pb::Problem = json::read(text).unwrap();
    let order =
        convert::read_solve_request(Some(&day), None, None, &PlanningConfig::default()).unwrap();
    assert!(
        order.accepted.warnings.is_empty(),
        "{:?}",
        order.accepted.warnings
    );
}

#[test]
fn the_noise_model_in_the_readme_can_be_read() {
    let readme = project("README.md");
    let model = readme.split("```json\n").nth(2).unwrap();
    let (text, _) = model.split_once("```").unwrap();
    let model = convert::read_noise_model(&json::read(text).unwrap()).unwrap();
    assert_eq!(model.version.as_deref(), Some("store-7"));
    assert_eq!(model.travel_biases.len(), 1);
}

#[test]
fn the_table_of_errors_is_that_of_the_code() {
    let readme = project("README.md");
    let code = project("src/grpc/status.rs");
    let rows = code.lines().filter_map(|line| line.strip_prefix("//! |"));
    let mut table = String::new();
    for row in rows {
        table += &format!("|{row}\n");
    }
    assert!(table.lines().count() > 2 && readme.contains(&table));
}

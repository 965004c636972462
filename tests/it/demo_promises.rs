//! A morning of customers at the service, and what its promises were worth.

use crate::command::{folder, punctual, text};

/// A small day in two seconds, kept in `ledger`.
const MORNING: [&str; 12] = [
    "demo",
    "promises",
    "--day",
    "day.json",
    "--lasts",
    "2s",
    "--looks",
    "2",
    "--data",
    "ledger",
    "--output",
    "closed.json",
];

/// The number right before `word` in `line`.
fn before(line: &str, word: &str) -> usize {
    let words: Vec<&str> = line.split_whitespace().collect();
    let at = words.iter().position(|found| found.starts_with(word));
    words[at.unwrap() - 1].parse().unwrap()
}

#[test]
fn a_morning_of_customers_ends_in_a_plan_with_every_promise() {
    let folder = folder();
    let assert = punctual(folder.path(), &MORNING).success();
    let printed = text(&assert.get_output().stdout);
    // One line for each quarter of an hour, with everybody who came in it.
    let quarters: Vec<Vec<&str>> = (printed.lines())
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|words| {
            words
                .first()
                .is_some_and(|word| word.len() == 5 && word.contains(':'))
        })
        .collect();
    assert_eq!(quarters.len(), 16, "{printed}");
    assert_eq!(quarters[0][0], "08:15");
    let visits: usize = quarters
        .iter()
        .map(|words| words[1].parse::<usize>().unwrap())
        .sum();
    let line = |what: &str| {
        let line = printed.lines().find(|line| line.contains(what));
        line.unwrap_or_else(|| panic!("{what}: {printed}"))
    };
    assert_eq!(before(line("saw an open window"), "visits"), visits);
    let promised = before(line(" is closed: "), "promise");
    assert!(promised > 0, "{printed}");
    assert!(
        line(" is closed: ").contains("Each is in the plan"),
        "{printed}"
    );
    let all = line("        all ");
    assert_eq!(
        all.split_whitespace().nth(1),
        Some(promised.to_string().as_str()),
        "{printed}"
    );
    // What is written is the plan that couriers get.
    punctual(
        folder.path(),
        &["sheet", "closed.json", "--output", "sheets"],
    )
    .success();
    // What was played is in the ledger: it is not played a second time.
    let again = punctual(folder.path(), &MORNING).code(1);
    let errors = text(&again.get_output().stderr);
    assert!(errors.contains("another --name"), "{errors}");
}

#[test]
fn a_day_that_cannot_be_played_is_refused_before_any_work() {
    let folder = folder();
    let demo = |arguments: &[&str]| {
        let arguments = [&["demo", "promises"], arguments].concat();
        punctual(folder.path(), &arguments)
    };
    demo(&["--on-time", "101"]).code(64);
    demo(&["--server", "http://127.0.0.1:1", "--stay"]).code(64);
    let missing = demo(&["--output", "nowhere/plan.json"]).code(1);
    let errors = text(&missing.get_output().stderr);
    assert!(errors.contains("its folder does not exist"), "{errors}");
}

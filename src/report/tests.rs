//! The report: as approved, complete in itself, and safe with any study.

use std::fs;
use std::path::Path;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};

use super::*;
use crate::analysis::study::fixture::sample;
use crate::analysis::study::{Definition, Group};

/// Line ends after closing tags, so that a change of the golden file is a readable difference.
fn lines(html: &str) -> String {
    html.replace("><", ">\n<")
}

/// What the report of a study begins with.
fn answer_of(study: &Study) -> String {
    answer::answer(&Subject::new(study))
}

#[test]
fn the_report_of_the_sample_is_as_approved() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let golden = root.join("tests/data/report/sample.html");
    let actual = lines(&html(&sample()));
    if fs::read_to_string(&golden).is_ok_and(|expected| expected == actual) {
        return;
    }
    let found = root.join("target/golden");
    fs::create_dir_all(&found).unwrap();
    let found = found.join("report.html");
    fs::write(&found, actual).unwrap();
    panic!(
        "the report changed: look at {} and, if it is meant, copy it to {}",
        found.display(),
        golden.display()
    );
}

#[test]
fn a_report_asks_nothing_of_the_network_and_runs_nothing() {
    let html = html(&sample());
    for banned in [
        "<script", "http://", "https://", "url(", "@import", "src=", "<link", "href", "onload",
    ] {
        assert!(!html.contains(banned), "{banned}");
    }
}

#[test]
fn the_first_sentence_names_the_setting_and_its_cost() {
    let answer = answer_of(&sample());
    assert!(
        answer.starts_with(
            "“98.1” would have kept more promises: 98.02 % instead of 95.05 % with “nominal”"
        ),
        "{answer}"
    );
    // 200 of 10,000 on one day and of 10,400 on the other.
    assert!(answer.contains("at a cost 1.96 % higher"), "{answer}");
    assert!(
        answer.contains("more on 2 of 2 days") && answer.contains("does not reach the 98.1 %"),
        "{answer}"
    );
}

#[test]
fn the_cheapest_way_that_reaches_the_reference_is_recommended() {
    let mut study = sample();
    for outcome in &mut study.outcomes {
        match outcome.way.as_str() {
            "98.1" => outcome.expected_kept = 0.985,
            "dispatcher" => outcome.expected_kept = 0.999,
            _ => (),
        }
    }
    let answer = answer_of(&study);
    assert!(
        answer.starts_with("“98.1” would") && answer.contains("That reaches the 98.1 %"),
        "{answer}"
    );
}

#[test]
fn a_first_way_that_keeps_most_is_not_talked_down() {
    let mut study = sample();
    for outcome in study
        .outcomes
        .iter_mut()
        .filter(|outcome| outcome.way != "nominal")
    {
        outcome.expected_kept = 0.5;
    }
    let answer = answer_of(&study);
    assert!(
        answer.starts_with("No other way would have kept more promises: “nominal” keeps 95.05 %"),
        "{answer}"
    );
}

#[test]
fn names_cannot_become_markup() {
    let mut study = sample();
    let hostile = "<script>alert(1)</script>\"'&\u{202e}";
    study.definition.ways[1].name = hostile.to_owned();
    for outcome in study
        .outcomes
        .iter_mut()
        .filter(|outcome| outcome.way == "98.1")
    {
        outcome.way = hostile.to_owned();
        for group in outcome.couriers.iter_mut().chain(&mut outcome.hours) {
            group.name = "</svg><img onerror=x>".to_owned();
        }
    }
    study.definition.stresses[0].name = "<b>base".to_owned();
    study.definition.days[0].path = "<i>".to_owned();
    study.definition.noise = Some(serde_json::json!({"version": "</pre><u>"}));
    for outcome in study
        .outcomes
        .iter_mut()
        .filter(|outcome| outcome.stress == "base")
    {
        outcome.stress = "<b>base".to_owned();
    }
    let html = html(&study);
    for markup in ["<script", "<img", "<b>base", "<i>", "<u>", "\u{202e}"] {
        assert!(!html.contains(markup), "{markup}");
    }
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(html.contains("&lt;b&gt;base"));
}

/// Whether every number in a drawing is one.
fn expect_sound(html: &str) {
    for broken in ["NaN", "inf"] {
        let is_word = html
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| word == broken);
        assert!(!is_word, "{broken}");
    }
    assert_eq!(html.matches("<svg").count(), html.matches("</svg>").count());
    assert!(html.contains("How to make this again"));
}

#[test]
fn a_study_of_nothing_has_a_report() {
    let mut nothing = sample();
    nothing.outcomes.clear();
    let page = html(&nothing);
    expect_sound(&page);
    assert!(page.contains("Nothing has been tried out yet.") && page.contains("0 of 12 results"));

    let blank = Study::new(Definition {
        days: Vec::new(),
        ways: Vec::new(),
        stresses: Vec::new(),
        noise: None,
        scenarios: 256,
        seed: 1,
    });
    expect_sound(&html(&blank));
}

#[test]
fn an_unfinished_study_says_so() {
    let mut study = sample();
    study.outcomes.truncate(3);
    let page = html(&study);
    expect_sound(&page);
    assert!(page.contains("3 of 12 results are there"));
}

#[test]
fn one_day_alone_has_no_intervals_and_proves_nothing() {
    let mut study = sample();
    study.definition.days.truncate(1);
    study.outcomes.retain(|outcome| outcome.day == "monday");
    let page = html(&study);
    expect_sound(&page);
    assert!(page.contains("This is one day alone"));
}

#[test]
fn one_way_alone_is_compared_with_nothing() {
    let mut study = sample();
    study.definition.ways.truncate(1);
    study.outcomes.retain(|outcome| outcome.way == "nominal");
    let page = html(&study);
    expect_sound(&page);
    assert!(
        page.contains("there is no other way") && !page.contains("How sure are the differences?")
    );
}

#[test]
fn promises_that_are_all_kept_or_all_broken_are_drawn() {
    for rate in [0.0, 1.0] {
        let mut study = sample();
        for outcome in &mut study.outcomes {
            (outcome.expected_kept, outcome.worst_stop) = (rate, rate);
            outcome.batches.fill(rate);
            outcome.day_rates.fill(rate);
            for group in outcome.hours.iter_mut().chain(&mut outcome.couriers) {
                group.kept = rate;
            }
            for stop in &mut outcome.stops {
                (stop.predicted, stop.kept) = (rate, rate);
            }
        }
        expect_sound(&html(&study));
    }
}

#[test]
fn a_hundred_couriers_and_twenty_ways_fit() {
    let mut study = sample();
    let couriers = (0..100).map(|number| Group {
        name: format!("courier-{number}"),
        promises: number % 40,
        kept: 0.9 + 0.001 * (number % 97) as f64,
    });
    let couriers: Vec<Group> = couriers.collect();
    for number in 3..20 {
        let way = format!("way {number}");
        let copies = study
            .outcomes
            .iter()
            .filter(|outcome| outcome.way == "nominal")
            .cloned();
        let copies: Vec<_> = copies
            .map(|mut outcome| {
                outcome.way.clone_from(&way);
                outcome.couriers.clone_from(&couriers);
                outcome
            })
            .collect();
        study.outcomes.extend(copies);
        let mut copy = study.definition.ways[0].clone();
        copy.name = way;
        study.definition.ways.push(copy);
    }
    let page = html(&study);
    expect_sound(&page);
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
}

#[test]
fn parquet_has_what_csv_has() {
    let folder = tempfile::TempDir::new().unwrap();
    let study = sample();
    write_csv(&study, folder.path()).unwrap();
    write_parquet(&study, folder.path()).unwrap();
    for (name, n_rows) in [("outcomes", 12), ("stops", 12 * 24)] {
        let mut csv = csv::Reader::from_path(folder.path().join(format!("{name}.csv"))).unwrap();
        let heads: Vec<String> = csv.headers().unwrap().iter().map(str::to_owned).collect();
        let records: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
        let file = fs::File::open(folder.path().join(format!("{name}.parquet"))).unwrap();
        let reader = SerializedFileReader::new(file).unwrap();
        let rows: Vec<Row> = reader
            .get_row_iter(None)
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!((records.len(), rows.len()), (n_rows, n_rows));
        for (record, row) in records.iter().zip(&rows) {
            for (at, (column, field)) in row.get_column_iter().enumerate() {
                assert_eq!(*column, heads[at]);
                if let Field::Double(number) = field {
                    assert!((record[at].parse::<f64>().unwrap() - number).abs() < 1e-12);
                } else if let Field::Str(text) = field {
                    assert_eq!(record[at], *text, "{column}");
                } else {
                    assert_eq!(record[at], field.to_string(), "{column}");
                }
            }
        }
    }
}

#[test]
fn rows_tell_what_the_study_tells() {
    let study = sample();
    let rows = outcome_rows(&study);
    let last = rows.last().unwrap();
    assert_eq!(
        (&*last.day, &*last.way, &*last.stress),
        ("tuesday", "dispatcher", "noise x1.3")
    );
    assert_eq!(
        (last.cost, last.scenarios, last.served),
        (10_750, 4_096, 24)
    );
    assert!((last.day_p50_share - study.outcomes[11].day_rates[50]).abs() < 1e-12);
    let stops = stop_rows(&study);
    assert_eq!((stops[5].visit, stops[6].visit), (6, 1));
    assert_eq!(
        (&*stops[6].courier, &*stops[6].order),
        ("courier-2", "order-02")
    );
}

#[test]
fn rows_of_nothing_have_columns_all_the_same() {
    let folder = tempfile::TempDir::new().unwrap();
    let mut study = sample();
    study.outcomes.clear();
    write_csv(&study, &folder.path().join("new")).unwrap();
    write_parquet(&study, &folder.path().join("new")).unwrap();
    let text = fs::read_to_string(folder.path().join("new/stops.csv")).unwrap();
    assert_eq!(
        text,
        "day,way,stress,courier,visit,order,predicted_share,kept_share\n"
    );
    let file = fs::File::open(folder.path().join("new/outcomes.parquet")).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    assert_eq!(reader.metadata().file_metadata().num_rows(), 0);
}

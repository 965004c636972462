//! Days under way from the command line.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use punctual::grpc::pb::live_event::Event;
use punctual::grpc::{json, pb};
use tempfile::TempDir;

use crate::live::{arrived, delivered, departed, departure, event, order_id, planned};
use crate::service::Service;

fn run(folder: &Path, arguments: &str) -> Assert {
    let mut command = Command::cargo_bin("punctual").unwrap();
    command
        .current_dir(folder)
        .args(arguments.split_whitespace())
        .timeout(crate::service::PATIENCE)
        .assert()
}

fn printed(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

fn said(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}

/// Writes events, one in a line.
fn write(folder: &Path, name: &str, events: &[pb::LiveEvent]) {
    let lines: Vec<String> = events.iter().map(json::write_line).collect();
    fs::write(folder.join(name), lines.join("\n")).unwrap();
}

/// Plays back a record in `folder` of a day on which somebody left at `leaves`.
fn play_back(folder: &Path, leaves: i64) {
    let replayed = run(folder, "day replay record.jsonl --history history.csv").success();
    let told = printed(&replayed);
    assert!(
        told.starts_with("tuesday: ") && told.contains("Ratings: "),
        "{told}"
    );
    assert!(told.contains("1 late") || told.contains("1 kept"), "{told}");
    assert!(
        fs::read_to_string(folder.join("history.csv"))
            .unwrap()
            .lines()
            .count()
            >= 1
    );
    let at = jiff::Timestamp::from_second(leaves).unwrap();
    let earlier = run(folder, &format!("day replay record.jsonl --at {at}")).success();
    assert!(
        printed(&earlier).contains("0 kept, 0 late"),
        "{}",
        printed(&earlier)
    );
    let none = run(folder, "day replay record.jsonl --at 2001-01-01T00:00:00Z").code(1);
    assert!(said(&none).contains("begins later"));

    // A record with a line missing is none.
    let text = fs::read_to_string(folder.join("record.jsonl")).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.remove(1);
    fs::write(folder.join("record.jsonl"), lines.join("\n")).unwrap();
    let gap = run(folder, "day replay record.jsonl").code(1);
    assert!(said(&gap).contains("is missing"), "{}", said(&gap));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_followed_and_played_back_from_the_command_line() {
    let service = Service::start().await;
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let day = |arguments: &str| {
        run(
            folder,
            &format!("day {arguments} --server {}", service.address),
        )
    };
    fs::write(folder.join("plan.json"), json::write(&planned())).unwrap();
    let started = day("start tuesday --plan plan.json --simulated").success();
    assert!(
        printed(&started).starts_with("tuesday at "),
        "{}",
        printed(&started)
    );
    assert!(printed(&started).contains("uncalibrated"));
    assert_eq!(printed(&day("risk").success()), "tuesday\n");

    let leaves = departure(0) + 2_400;
    let late = pb::CustomerRating {
        order_id: order_id(0, 0),
        stars: 2,
        ..pb::CustomerRating::default()
    };
    let good = [
        event("left", leaves, departed(0)),
        event("there", leaves + 1_500, arrived(0, 0)),
        event("done", leaves + 9_000, delivered(0, 0)),
        event("rated", leaves + 9_600, Event::Rating(late)),
    ];
    write(folder, "good.jsonl", &good);
    let reported = day("report tuesday good.jsonl").success();
    assert_eq!(
        printed(&reported),
        "4 taken, 0 repeated, 0 without effect since they contradict others, 0 refused\n"
    );
    let again = day("report tuesday good.jsonl").success();
    assert!(printed(&again).starts_with("0 taken, 4 repeated"));
    fs::write(folder.join("bad.jsonl"), "{\"eventId\": \"odd\"}\n").unwrap();
    let refused = day("report tuesday bad.jsonl --as-of 2026-11-23T12:00:00Z").code(2);
    assert!(said(&refused).contains("odd: event.event_time: this field is required"));
    fs::write(folder.join("bad.jsonl"), "{\"eventid\": 1}\n").unwrap();
    // Neither a line that is none nor an event of another year keeps the others from being taken.
    let far = event("far", leaves + 40 * 86_400, departed(1));
    let other = event("other", leaves + 9_700, departed(1));
    let mut lines = vec!["{\"eventid\": 1}".to_owned()];
    lines.extend([far, other].map(|event| json::write_line(&event)));
    fs::write(folder.join("bad.jsonl"), lines.join("\n")).unwrap();
    let unread = day("report tuesday bad.jsonl").code(2);
    let notes = said(&unread);
    assert!(notes.contains("line 1: ") && notes.contains("far: as_of_time: must be from"));
    assert!(printed(&unread).starts_with("1 taken"), "{notes}");
    fs::write(folder.join("none.jsonl"), "").unwrap();
    day("report tuesday none.jsonl --as-of 2026-11-23T20:00:00Z").success();
    assert!(printed(&day("risk tuesday").success()).contains("tuesday at 2026-11-23 "));

    let risk = day("risk tuesday").success();
    assert!(
        printed(&risk).contains("promised until"),
        "{}",
        printed(&risk)
    );
    let unknown = day("risk wednesday").code(1);
    assert!(said(&unknown).contains("there is no live day wednesday"));

    day("record tuesday --output record.jsonl").success();
    play_back(folder, leaves);
    day("start tuesday").code(64);
}

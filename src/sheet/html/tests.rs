//! The printed sheet: as approved, complete in itself, and safe with any text.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::sheet::StopChange;
use crate::sheet::sample::{self, check_golden};
use crate::units::Load;

/// Line ends after closing tags, so that a change of the golden file is a readable difference.
fn lines(html: &str) -> String {
    html.replace("><", ">\n<")
}

fn check(name: &str, sheet: &RouteSheet, language: Language) {
    check_golden(name, &lines(&render(sheet, language)));
}

#[test]
fn the_small_sheet_is_as_approved_in_russian() {
    check("small-ru.html", &sample::small(), Language::Ru);
}

#[test]
fn the_small_sheet_is_as_approved_in_english() {
    check("small-en.html", &sample::small(), Language::En);
}

#[test]
fn the_changed_sheet_is_as_approved() {
    check("changed-en.html", &sample::changed(), Language::En);
}

#[test]
fn a_sheet_asks_nothing_of_the_network_and_runs_nothing() {
    let html = render(&sample::long(60), Language::Ru);
    for banned in [
        "<script", "http://", "https://", "url(", "@import", "src=", "<link",
    ] {
        assert!(!html.contains(banned), "{banned}");
    }
}

#[test]
fn the_repeated_table_head_names_courier_plan_and_checksum() {
    let html = render(&sample::long(60), Language::En);
    let head = html
        .split_once("<thead>")
        .and_then(|(_, rest)| rest.split_once("</thead>"))
        .map(|(head, _)| head)
        .expect("the table has a head");
    let sheet = sample::long(60);
    for part in [
        "Синичкин",
        &sheet.plan_version,
        &sheet.checksum,
        "23 November 2026",
    ] {
        assert!(head.contains(part), "{part}");
    }
    assert_eq!(html.matches("<table").count(), 1);
}

#[test]
fn a_stop_that_is_late_on_more_than_one_day_in_ten_is_marked() {
    let mut sheet = sample::small();
    let mark = "<span class=\"mark\">may be late</span>";
    let n_before = render(&sheet, Language::En).matches(mark).count();
    let (window, band) = (
        sheet.stops[0].window.unwrap(),
        sheet.stops[0].arrival_band.unwrap(),
    );
    assert!(band.end <= window.end);
    sheet.stops[0].arrival_band = Some(TimeWindow {
        end: window.end + crate::units::Seconds(60),
        ..band
    });
    assert_eq!(
        render(&sheet, Language::En).matches(mark).count(),
        n_before + 1
    );
}

#[test]
fn a_time_to_leave_that_is_too_late_for_a_stop_is_said_to_be_for_the_next_ones() {
    let mut sheet = sample::small();
    let window = sheet.stops[0].window.unwrap();
    let late = window.end + crate::units::Seconds(60);
    sheet.stops[0].leave_by = Some(late);
    assert!(!render(&sheet, Language::En).contains("leave by (next)"));
    sheet.stops[0].arrival_band = Some(TimeWindow {
        start: window.start,
        end: late,
    });
    let html = render(&sheet, Language::En);
    assert!(html.contains("leave by (next)"));
    assert!(html.contains("is for the promises after a stop that may be late itself"));
}

#[test]
fn right_to_left_text_stands_by_itself_so_that_a_phone_after_it_keeps_its_digits_in_sequence() {
    let mut sheet = sample::small();
    sheet.stops[0].contact.name = "דנה כהן".into();
    sheet.stops[0].contact.phone = "+972 50-000-0000".into();
    let html = render(&sheet, Language::En);
    let phone = "+972 50-000-0000";
    assert!(html.contains(&format!(
        "<bdi>דנה כהן</bdi> <b class=\"nowrap\">{phone}</b>"
    )));
}

#[test]
fn a_calibrated_sheet_does_not_call_itself_uncalibrated() {
    let mut sheet = sample::small();
    assert!(render(&sheet, Language::En).contains("Uncalibrated"));
    sheet.spread_is_default = false;
    assert!(!render(&sheet, Language::En).contains("Uncalibrated"));
}

#[test]
fn where_nothing_is_sure_enough_the_planned_departure_is_named_and_explained() {
    let mut sheet = sample::small();
    let html = render(&sheet, Language::En);
    assert!(html.contains("leave (plan) </span><b class=\"nowrap\">09:07"));
    assert!(html.contains("“Leave (plan)” is"));
    for stop in &mut sheet.stops {
        stop.is_leave_by_planned = false;
    }
    assert!(!render(&sheet, Language::En).contains("(plan)"));
}

#[test]
fn page_numbers_are_counted_by_the_browser() {
    assert_eq!(
        css_content("Page {page} of \"{pages}\""),
        r#""Page " counter(page) " of \"" counter(pages) "\"""#
    );
}

#[test]
fn changes_are_marked_and_what_is_dropped_is_listed() {
    let html = render(&sample::changed(), Language::En);
    for part in [
        "Changes since plan p-20261123-2",
        "Dropped: stop 2",
        "now Воробьёв",
        "From Воробьёв",
        "Time, was 08:01",
        "Details changed",
    ] {
        assert!(html.contains(part), "{part}");
    }
    assert!(!render(&sample::small(), Language::En).contains("class=\"mark\""));
}

#[test]
fn a_withdrawn_route_has_nothing_to_load_sign_or_scan() {
    let mut sheet = sample::changed();
    sheet.stops.clear();
    if let Some(changes) = &mut sheet.changes {
        changes.is_withdrawn = true;
    }
    let html = render(&sheet, Language::En);
    assert!(html.contains("Withdrawn: this route is not driven."));
    for part in ["Check before leaving", "Refused and returned", "Code 1"] {
        assert!(!html.contains(part), "{part}");
    }
}

#[test]
fn the_sketch_and_the_codes_are_pictures_with_a_name() {
    let html = render(&sample::small(), Language::En);
    assert_eq!(html.matches("<svg").count(), 2);
    assert_eq!(html.matches("role=\"img\" aria-label=").count(), 2);
    assert!(html.contains("aria-label=\"Code 1 of 1\""));
}

fn with_text(text: &str) -> RouteSheet {
    let mut sheet = sample::small();
    sheet.courier_name = text.into();
    sheet.plan_version = text.into();
    sheet.day_name = text.into();
    sheet.load_at_start = BTreeMap::from([(text.into(), Load(1))]);
    sheet.stops[0].address = text.into();
    sheet.stops[0].notes = text.into();
    sheet.stops[0].changes = vec![StopChange::Moved { from: text.into() }];
    sheet
}

proptest! {
    #[test]
    fn no_text_escapes_from_its_place(text in "[<>&\"'a-zа-я \\u{0}-\\u{1f}\\u{202e}]{0,40}") {
        let harmless = clean(&text).replace(|c: char| !c.is_alphanumeric() && c != ' ', "x");
        let html = render(&with_text(&text), Language::Ru);
        let tags = |html: &str| html.matches('<').count();
        prop_assert_eq!(tags(&html), tags(&render(&with_text(&harmless), Language::Ru)));
        let has_control = html.contains(|c: char| c == '\u{202e}' || (c.is_control() && c != '\n'));
        prop_assert!(!has_control);
    }
}

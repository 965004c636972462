//! The pages as laid out: as approved, within the paper, and with every stop once.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::sheet::sample::{self, check_golden};
use crate::sheet::{RemovedStop, SheetChanges, StopChange};
use crate::units::Load;

/// What stands on the pages, page by page, each mark of text as a line, in the sequence it is drawn.
fn text(pages: &[Page]) -> String {
    let mut all = String::new();
    for (page, number) in pages.iter().zip(1..) {
        all.push_str(&format!("--- page {number}\n"));
        for item in &page.items {
            if let Item::Text { text, .. } = item {
                all.push_str(text);
                all.push('\n');
            }
        }
    }
    all
}

/// The edges of what a mark covers: left, top, right, bottom.
fn extent(item: &Item) -> [f32; 4] {
    match item {
        Item::Text {
            at, style, text, ..
        } => [
            at[0],
            at[1] - style.size,
            at[0] + style.width(text),
            at[1] + style.size * 0.25,
        ],
        Item::Line { from, to, .. } => [
            from[0].min(to[0]),
            from[1].min(to[1]),
            from[0].max(to[0]),
            from[1].max(to[1]),
        ],
        Item::Frame { at, size, .. } | Item::Block { at, size } => {
            [at[0], at[1], at[0] + size[0], at[1] + size[1]]
        }
        Item::Dot { at, radius } => [
            at[0] - radius,
            at[1] - radius,
            at[0] + radius,
            at[1] + radius,
        ],
        Item::Code { at, side, .. } => [at[0], at[1], at[0] + side, at[1] + side],
    }
}

/// A printer's edge: nothing is printed nearer than 8 mm to the edge of the paper.
fn assert_within(pages: &[Page]) {
    let edge = 8.0 * page::MM;
    for item in pages.iter().flat_map(|page| &page.items) {
        let [left, top, right, bottom] = extent(item);
        let is_inside =
            left >= edge && top >= edge && right <= PAPER[0] - edge && bottom <= PAPER[1] - edge;
        assert!(is_inside, "{item:?}");
    }
}

/// Numbers of stops and the signs of other rows, in sequence.
fn numbers(pages: &[Page]) -> Vec<String> {
    let items = pages.iter().flat_map(|page| &page.items);
    let number = |item: &Item| {
        let Item::Text {
            at, style, text, ..
        } = item
        else {
            return None;
        };
        let is_sign = |c: char| c.is_ascii_digit() || "↺‖".contains(c);
        let is_number = style.size >= 11.0 && at[0] < LEFT + 10.0 && text.chars().all(is_sign);
        is_number.then(|| text.clone())
    };
    items.filter_map(number).collect()
}

/// What a sheet says, with a space for every end of a line.
fn said(sheet: &RouteSheet, language: Language) -> String {
    text(&lay_out(sheet, language)).replace('\n', " ")
}

fn check(name: &str, sheet: &RouteSheet, language: Language) {
    check_golden(name, &text(&lay_out(sheet, language)));
}

#[test]
fn the_text_of_the_small_sheet_is_as_approved() {
    check("small-ru.pdf.txt", &sample::small(), Language::Ru);
}

#[test]
fn the_text_of_the_changed_sheet_is_as_approved() {
    check("changed-en.pdf.txt", &sample::changed(), Language::En);
}

#[test]
fn every_stop_is_on_one_row_and_in_sequence() {
    for count in [1, 3, 60, 200] {
        let pages = lay_out(&sample::long(count), Language::Ru);
        let found = numbers(&pages);
        let stops: Vec<&String> = found
            .iter()
            .filter(|sign| *sign != "↺" && *sign != "‖")
            .collect();
        let expected: Vec<String> = (1..=count).map(|number| number.to_string()).collect();
        assert_eq!(stops, expected.iter().collect::<Vec<_>>());
        assert_within(&pages);
    }
}

#[test]
fn breaks_and_reloads_are_rows_of_their_own_where_they_happen() {
    let pages = lay_out(&sample::small(), Language::En);
    assert_eq!(numbers(&pages), ["1", "2", "‖", "↺", "3"]);
}

#[test]
fn every_page_says_whose_it_is_which_one_and_of_which_plan() {
    let sheet = sample::long(60);
    let pages = lay_out(&sheet, Language::En);
    assert!(pages.len() > 3);
    for (page, number) in pages.iter().zip(1..) {
        let text = text(std::slice::from_ref(page));
        let of = format!("Page {number} of {}", pages.len());
        let name = format!("Синичкин Пётр, trip {}", if number == 1 { 1 } else { 2 });
        for part in [of.as_str(), &name, &sheet.plan_version, &sheet.checksum] {
            assert_eq!(
                text.matches(part).count(),
                2,
                "{part} above and below: {text}"
            );
        }
    }
}

#[test]
fn three_stops_stand_on_one_page_with_their_code() {
    for language in [Language::En, Language::Ru] {
        let mut sheet = sample::long(3);
        sheet.reloads.clear();
        sheet.breaks.clear();
        for stop in &mut sheet.stops {
            stop.notes.clear();
            stop.payment_note.clear();
        }
        let pages = lay_out(&sheet, language);
        assert_eq!(pages.len(), 1, "{}", text(&pages));
        assert_within(&pages);
        let codes = pages[0].items.iter();
        assert_eq!(
            codes
                .filter(|item| matches!(item, Item::Code { .. }))
                .count(),
            1
        );
    }
}

#[test]
fn no_page_has_nothing_but_codes() {
    for count in (1..70).step_by(3) {
        let pages = lay_out(&sample::long(count), Language::En);
        assert_within(&pages);
        let has_code = |page: &&Page| {
            let mut items = page.items.iter();
            items.any(|item| matches!(item, Item::Code { .. }))
        };
        for page in pages.iter().filter(has_code) {
            let text = text(std::slice::from_ref(page));
            assert!(
                text.contains("Refused and returned"),
                "{count} stops: {text}"
            );
        }
    }
}

#[test]
fn long_routes_have_more_lines_for_what_is_refused() {
    let lines = |count| {
        let pages = lay_out(&sample::long(count), Language::En);
        text(&pages).matches("Reason").count()
    };
    assert_eq!(lines(3), 3);
    let long: Vec<usize> = (57..65).map(lines).collect();
    assert!(long.contains(&10), "{long:?}");
}

#[test]
fn the_columns_have_heads_on_every_page_with_stops() {
    for page in lay_out(&sample::long(60), Language::En) {
        let text = text(&[page]);
        let has_stops = text.contains("Sign.");
        let heads = text.matches("Where and whom").count();
        assert_eq!(heads, usize::from(has_stops), "{text}");
    }
}

#[test]
fn a_stop_of_more_than_a_page_goes_on_with_a_note() {
    let mut sheet = sample::small();
    sheet.stops[0].notes = "очень длинное примечание ".repeat(800);
    let pages = lay_out(&sheet, Language::Ru);
    assert_within(&pages);
    assert_eq!(numbers(&pages), ["1", "2", "‖", "↺", "3"]);
    let text = text(&pages);
    assert!(text.contains("продолжение"));
    let words = text.matches("длинное").count();
    assert_eq!(words, 800, "nothing of it is lost");
}

#[test]
fn absurdly_long_names_do_not_push_anything_off_the_paper() {
    let sheet = with_text(&"длинно ".repeat(2_000));
    let pages = lay_out(&sheet, Language::Ru);
    assert_within(&pages);
    assert!(text(&pages[..1]).contains('…'));
}

#[test]
fn what_is_not_known_leaves_no_label() {
    let mut sheet = sample::small();
    sheet.stops = vec![sheet.stops.remove(2)];
    sheet.stops[0].number = 1;
    sheet.reloads.clear();
    sheet.breaks.clear();
    sheet.courier_phone.clear();
    sheet.end_place.clear();
    sheet.leave_by = None;
    let text = said(&sheet, Language::En);
    for label in [
        "Entry:",
        "Note:",
        "Payment:",
        "likely",
        "leave by",
        "Leave by",
        "Finish",
        "trip",
        "lie to each other",
    ] {
        assert!(!text.contains(label), "{label}");
    }
    assert!(text.contains("Address missing: call the dispatcher"));
}

#[test]
fn changes_are_marked_and_what_is_dropped_is_listed() {
    let text = said(&sample::changed(), Language::En);
    for part in [
        "Changes since plan p-20261123-2",
        "Dropped: stop 2",
        "Заказ-99, ул.\u{a0}Липовая, д.\u{a0}7, now Воробьёв",
        "From Воробьёв",
        "Time, was 08:01",
        "Details changed",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn a_withdrawn_route_has_nothing_to_load_sign_or_scan() {
    let mut sheet = sample::changed();
    sheet.stops.clear();
    sheet.reloads.clear();
    sheet.breaks.clear();
    if let Some(changes) = &mut sheet.changes {
        changes.is_withdrawn = true;
    }
    let text = said(&sheet, Language::En);
    assert!(text.contains("Withdrawn: this route is not driven."));
    assert!(text.contains("Dropped: stop 2"));
    for part in ["Check before leaving", "Refused and returned", "Code 1"] {
        assert!(!text.contains(part), "{part}");
    }
}

#[test]
fn sheets_in_one_document_have_page_numbers_of_their_own() {
    let sheets = [sample::small(), sample::long(20)];
    let apart: usize = sheets
        .iter()
        .map(|sheet| lay_out(sheet, Language::Ru).len())
        .sum();
    let document = render(&sheets, Language::Ru);
    let count = format!("/Count {apart}");
    let is_there = document
        .windows(count.len())
        .any(|part| part == count.as_bytes());
    assert!(is_there, "{apart} pages in all");
    assert_eq!(
        document,
        render(&sheets, Language::Ru),
        "equal sheets, equal bytes"
    );
}

#[test]
fn a_document_without_sheets_is_an_empty_page() {
    assert!(render(&[], Language::En).starts_with(b"%PDF-"));
}

#[test]
fn scripts_and_signs_the_fonts_lack_can_be_seen_to_be_missing() {
    let mut sheet = sample::small();
    sheet.stops[0].address = "<script>alert(1)</script> 房 🦀 שלום עולם \u{202e}x\u{7}".into();
    let text = said(&sheet, Language::En);
    assert!(
        text.contains("<script>alert(1)</script> \u{fffd} "),
        "{text}"
    );
    assert!(text.contains("שלום"));
    assert!(!text.contains(['\u{202e}', '\u{7}']));
    assert!(render(&[sheet], Language::En).starts_with(b"%PDF-"));
}

fn with_text(text: &str) -> RouteSheet {
    let mut sheet = sample::changed();
    for place in [
        &mut sheet.courier_name,
        &mut sheet.courier_phone,
        &mut sheet.plan_version,
        &mut sheet.day_name,
        &mut sheet.start_place,
        &mut sheet.end_place,
        &mut sheet.checksum,
    ] {
        text.clone_into(place);
    }
    sheet.load_at_start = BTreeMap::from([(text.into(), Load(1))]);
    sheet.reloads[0].place = text.into();
    sheet.reloads[0].load_at_departure = BTreeMap::from([(text.into(), Load(i64::MAX))]);
    for stop in &mut sheet.stops {
        for place in [
            &mut stop.address,
            &mut stop.entry_notes,
            &mut stop.notes,
            &mut stop.payment_note,
            &mut stop.contact.name,
            &mut stop.contact.phone,
        ] {
            text.clone_into(place);
        }
        stop.loads = BTreeMap::from([(text.into(), Load(1))]);
        stop.changes = vec![StopChange::Moved { from: text.into() }];
    }
    sheet.changes = Some(SheetChanges {
        since_version: text.into(),
        is_changed: true,
        is_withdrawn: false,
        removed: vec![RemovedStop {
            number: u32::MAX,
            order: sheet.stops[0].order.clone(),
            reference: text.into(),
            address: text.into(),
            taken_by: text.into(),
        }],
    });
    sheet
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn no_text_leaves_the_paper_or_stops_the_printer(
        text in prop_oneof![any::<String>(), "[א-ת ]{0,90}", "[A-Za-zА-я\u{a0}]{0,300}"],
    ) {
        let pages = lay_out(&with_text(&text), Language::Ru);
        assert_within(&pages);
        let document = write::document(&pages, vec![(text.clone(), 0)], &text, "ru");
        prop_assert!(document.starts_with(b"%PDF-"));
    }
}

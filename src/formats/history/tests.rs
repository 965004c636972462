use super::*;
use crate::model::Reason;
use crate::units::Seconds;

const HEADER: &str = "day,courier,depot,kind,order,zone,promised_start,promised_end,planned_arrival,\
    planned_service_start,planned_departure,arrival,service_start,departure\n";
const START: &str =
    "2026-11-23,anna,store,start,,,,,,,2026-11-23T08:00:00Z,,,2026-11-23T08:05:00Z\n";

/// A stop of Anna's for an order promised from nine to eleven, planned from 08:30 to 09:10.
fn stop(order: &str, arrival: &str, departure: &str) -> String {
    format!(
        "2026-11-23,anna,,order,{order},north,2026-11-23T09:00:00Z,2026-11-23T11:00:00Z,\
         2026-11-23T08:30:00Z,,2026-11-23T09:10:00Z,2026-11-23T{arrival}Z,,2026-11-23T{departure}Z\n"
    )
}

fn found(text: &str) -> Vec<(String, String, Reason)> {
    let findings = read_history(text, OnBadRow::Reject).unwrap_err();
    let parts = findings.into_iter();
    parts
        .map(|finding| (finding.field, finding.subject, finding.reason))
        .collect()
}

fn one(field: &str, subject: &str, reason: Reason) -> Vec<(String, String, Reason)> {
    vec![(field.to_owned(), subject.to_owned(), reason)]
}

#[test]
fn times_become_durations_and_who_is_early_waits() {
    let text = [HEADER, START, &stop("o-1", "08:40:00", "09:15:30")].concat();
    let read = read_history(&text, OnBadRow::Reject).unwrap();
    let route = &read.history.routes[0];
    assert_eq!(route.departure - route.planned_departure, Seconds(300));
    let stop = &route.stops[0];
    assert_eq!(stop.planned_travel, Seconds(1_800));
    assert_eq!(stop.planned_service, Seconds(600));
    assert_eq!(stop.departure - stop.service_start, Seconds(930));
    assert_eq!((read.set_aside, read.warnings.len()), (0, 0));
}

#[test]
fn what_is_written_is_read_again() {
    let stops = [
        stop("o-1", "08:40:00", "09:15:30"),
        "2026-11-23,anna,,break,,,,,2026-11-23T09:30:00Z,,2026-11-23T10:00:00Z,2026-11-23T09:40:00Z,,\
         2026-11-23T10:10:00Z\n"
            .to_owned(),
    ];
    let text = [HEADER, START, &stops.concat()].concat();
    let read = read_history(&text, OnBadRow::Reject).unwrap().history;
    let again = read_history(&write_history(&read), OnBadRow::Reject).unwrap();
    assert_eq!(again.history, read);
}

#[test]
fn columns_may_stand_in_any_sequence_and_a_missing_one_is_named() {
    assert_eq!(
        found(""),
        COLUMNS
            .iter()
            .filter(|c| !c.ends_with("service_start"))
            .map(|column| {
                (
                    format!("line 1, column {column}"),
                    String::new(),
                    Reason::MissingField,
                )
            })
            .collect::<Vec<_>>()
    );
    let swapped = HEADER.replace("day,courier", "note,courier,day");
    let start = START.replace("2026-11-23,anna", "late,anna,2026-11-23");
    let read = read_history(&[swapped, start].concat(), OnBadRow::Reject).unwrap();
    assert_eq!(read.history.routes.len(), 1);
    assert_eq!(read.warnings[0].field, "line 1, column note");
}

#[test]
fn a_history_without_rows_is_empty() {
    let read = read_history(HEADER, OnBadRow::Reject).unwrap();
    assert!(read.history.routes.is_empty());
}

#[test]
fn a_departure_before_the_arrival_is_refused() {
    let text = [HEADER, START, &stop("o-1", "09:40:00", "09:15:00")].concat();
    let expected = one("line 3, column departure", "o-1", Reason::Conflict);
    assert_eq!(found(&text), expected);
}

#[test]
fn an_arrival_before_the_departure_before_it_is_refused() {
    let text = [HEADER, START, &stop("o-1", "08:01:00", "09:15:00")].concat();
    assert_eq!(
        found(&text),
        one("line 3, column arrival", "o-1", Reason::Conflict)
    );
}

#[test]
fn an_order_has_one_row_a_day_and_a_courier_one_start() {
    let stop = stop("o-1", "08:40:00", "09:15:00");
    let other = (START.to_owned() + &stop).replace("anna", "boris");
    let text = [HEADER, START, &stop, &other].concat();
    assert_eq!(
        found(&text),
        one("line 5, column order", "o-1", Reason::DuplicateId)
    );
    let text = [HEADER, START, START].concat();
    assert_eq!(
        found(&text),
        one("line 3, column kind", "anna", Reason::DuplicateId)
    );
}

#[test]
fn absurd_and_missing_times_are_refused_all_at_once() {
    let year =
        stop("o-1", "08:40:00", "09:15:00").replace("Z,2026-11-23T08:40", "Z,2062-11-23T08:40");
    let empty = stop("o-2", "09:20:00", "09:30:00").replace("2026-11-23T09:10:00Z", "");
    let text = [HEADER, START, &year, &empty].concat();
    assert_eq!(
        found(&text),
        [
            one("line 3, column arrival", "o-1", Reason::OutOfRange),
            one(
                "line 4, column planned_departure",
                "o-2",
                Reason::MissingField
            ),
        ]
        .concat()
    );
    let text = [HEADER, &stop("o-1", "08:40:00", "09:15:00")].concat();
    assert_eq!(
        found(&text),
        one("line 2, column kind", "o-1", Reason::MissingField)
    );
}

#[test]
fn a_bad_row_is_set_aside_with_the_rest_of_its_route() {
    let bad = stop("o-1", "09:40:00", "09:15:00");
    let good = (START.to_owned() + &stop("o-2", "08:40:00", "09:15:00")).replace("anna", "boris");
    let text = [
        HEADER,
        START,
        &bad,
        &stop("o-3", "09:50:00", "10:00:00"),
        &good,
    ]
    .concat();
    let read = read_history(&text, OnBadRow::SetAside).unwrap();
    let stops: Vec<usize> = read.history.routes.iter().map(|r| r.stops.len()).collect();
    assert_eq!(stops, [0, 1]);
    assert_eq!((read.set_aside, read.warnings.len()), (2, 1));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(rows in "[a-z0-9,:TZ\\n\"-]{0,200}") {
        let _ = read_history(&[HEADER, START, &rows].concat(), OnBadRow::SetAside);
        let _ = read_history(&rows, OnBadRow::Reject);
    }
}

//! What holds of a day with its forecast and its alerts.

use std::sync::Arc;

use proptest::prelude::*;

use super::tests::{any_reports, arrived, delivered, departed, planned, report};
use super::*;
use crate::forecast::fixture::{at, calm, courier_id};
use crate::forecast::{RouteOutlook, StopOutlook};
use crate::model::NoiseModel;
use crate::units::{BasisPoints, Seconds, Timestamp};

fn live(noise: NoiseModel) -> LiveDay {
    let (problem, plan) = planned();
    let terms = LiveTerms {
        noise,
        days: 256,
        ..LiveTerms::default()
    };
    LiveDay::new(Arc::new(problem), &plan, &terms)
}

/// The day after events of the given ids, moments and kinds, reported as they happened.
fn lived(noise: NoiseModel, events: &[(&str, Timestamp, Event)]) -> LiveDay {
    let mut day = live(noise);
    for (id, at, event) in events {
        day.report(report(id, *at, event.clone())).unwrap();
    }
    day
}

/// What is expected at `now` of the stop with this number of the first courier.
fn stop(day: &LiveDay, now: Timestamp, stop: usize) -> StopOutlook {
    let outlook = day.outlook(0, now);
    let found = outlook.stops.iter().find(|found| found.stop == stop);
    *found.unwrap()
}

fn p50(day: &LiveDay, now: Timestamp, number: usize) -> Timestamp {
    stop(day, now, number).arrival.unwrap().p50
}

#[test]
fn where_nothing_varies_the_rest_follows_from_the_last_event() {
    // Left ten minutes late; each way takes ten minutes, each service five, and windows open at nine.
    let day = lived(calm(), &[("a", at(9, 0), departed(0))]);
    let minutes = [10, 25, 40, 55];
    for (number, minute) in minutes.into_iter().enumerate() {
        let found = stop(&day, at(9, 1), number);
        let band = found.arrival.unwrap();
        assert_eq!((band.p10, band.p90), (at(9, minute), at(9, minute)));
        // Something that holds up a courier on the way may always happen.
        assert!(found.on_time > 0.99);
        assert_eq!(found.causes.start, Seconds(600));
        assert_eq!(found.causes.total(), Seconds(600));
    }
    // Where services do not vary, one that takes twice as long has had an incident.
    let day = lived(
        calm(),
        &[
            ("a", at(9, 0), departed(0)),
            ("b", at(9, 10), arrived(0, 1)),
            ("c", at(9, 20), delivered(0, 1)),
        ],
    );
    let found = stop(&day, at(9, 20), 3);
    assert_eq!(found.arrival.unwrap().p50, at(10, 0));
    assert_eq!(
        (found.causes.start, found.causes.incident),
        (Seconds(600), Seconds(300))
    );
}

#[test]
fn a_courier_of_whom_nothing_is_heard_comes_ever_later_and_less_surely() {
    let day = lived(NoiseModel::default(), &[("a", at(9, 10), departed(0))]);
    let mut before = stop(&day, at(9, 10), 2);
    assert_eq!(before.causes.silence, Seconds::ZERO);
    for minute in [25, 28, 31, 34] {
        let found = stop(&day, at(9, minute), 2);
        assert!(found.on_time < before.on_time, "{minute}: {found:?}");
        assert!(found.arrival.unwrap().p50 > before.arrival.unwrap().p50);
        assert!(found.causes.silence > before.causes.silence);
        before = found;
    }
    assert!(day.outlook(0, at(9, 30)).overdue > Seconds::ZERO);
}

#[test]
fn silence_alone_raises_an_alert_with_notice() {
    let mut day = lived(NoiseModel::default(), &[("a", at(8, 50), departed(0))]);
    let mut raised = Vec::new();
    for minute in 0..30 {
        for change in day.tick(at(9, minute)) {
            if let AlertChange::Raised(alert) = change
                && alert.stop == (0, 3)
            {
                raised.push(alert);
            }
        }
    }
    let [alert] = &raised[..] else {
        panic!("{} alerts", raised.len())
    };
    assert!(alert.notice() >= day.alerts().rules().notice, "{alert:?}");
    assert_eq!(alert.causes[0].0, Cause::Silence, "{alert:?}");
    let total: i64 = alert.causes.iter().map(|(_, part)| part.0).sum();
    let late = alert.arrival.unwrap().p50 - alert.planned_arrival;
    assert!((total - late.0).abs() <= 6, "{alert:?}");
}

#[test]
fn a_jam_that_is_reported_puts_promises_at_risk_and_is_named() {
    let mut day = lived(NoiseModel::default(), &[("a", at(8, 52), departed(0))]);
    let before = stop(&day, at(8, 52), 3);
    let jam = Event::Traffic {
        area: None,
        factor: BasisPoints(30_000),
        until: None,
    };
    let answer = day.report(report("b", at(8, 53), jam)).unwrap();
    let found = stop(&day, at(8, 53), 3);
    assert!(found.on_time < before.on_time - 0.3, "{found:?}");
    assert!(found.causes.traffic > Seconds(1_200), "{found:?}");
    assert!(
        answer.alerts.iter().any(|change| matches!(
            change,
            AlertChange::Raised(alert) if alert.stop == (0, 3) && alert.causes[0].0 == Cause::Traffic
        )),
        "{:?}",
        answer.alerts
    );
    let over = Event::Traffic {
        area: None,
        factor: BasisPoints(10_000),
        until: None,
    };
    day.report(report("c", at(8, 54), over)).unwrap();
    assert!(stop(&day, at(8, 54), 3).on_time > found.on_time + 0.2);
}

#[test]
fn nobody_comes_after_a_breakdown_until_it_is_known_when() {
    let broken = |until| Event::BrokenDown {
        courier: courier_id(0),
        until,
        note: "gearbox".to_owned(),
    };
    let mut day = lived(calm(), &[("a", at(8, 50), departed(0))]);
    let answer = day.report(report("b", at(8, 55), broken(None))).unwrap();
    let found = stop(&day, at(8, 55), 0);
    assert_eq!((found.on_time, found.arrival), (0.0, None));
    let raised = answer.alerts.iter().filter(|change| {
        matches!(change, AlertChange::Raised(alert) if alert.causes == [(Cause::Incident, Seconds::ZERO)])
    });
    assert_eq!(raised.count(), 4);
    // Half of the way is left when the van goes on.
    let repaired = broken(Some(at(9, 15)));
    day.report(report("c", at(8, 56), repaired)).unwrap();
    let found = stop(&day, at(8, 56), 0);
    let expected = at(9, 19);
    assert!(
        (found.arrival.unwrap().p50 - expected).0.abs() <= 60,
        "{found:?}"
    );
    assert!(found.causes.incident > Seconds(1_000), "{found:?}");
}

#[test]
fn stops_made_in_another_sequence_are_expected_in_that_sequence() {
    let skipped = Event::Skipped {
        courier: courier_id(0),
        order: crate::forecast::fixture::order_id(2),
    };
    let day = lived(
        calm(),
        &[
            ("a", at(8, 50), departed(0)),
            ("b", at(9, 0), arrived(0, 3)),
            ("c", at(9, 5), delivered(0, 3)),
            ("d", at(9, 6), skipped),
        ],
    );
    let outlook = day.outlook(0, at(9, 6));
    let stops: Vec<(usize, Option<Timestamp>)> = (outlook.stops.iter())
        .map(|found| (found.stop, found.arrival.map(|band| band.p50)))
        .collect();
    // Nobody comes to who was skipped.
    let expected = [(0, Some(at(9, 15))), (3, Some(at(9, 30))), (1, None)];
    assert_eq!(stops, expected);
}

#[test]
fn a_courier_who_is_slow_at_every_door_is_expected_to_stay_slow() {
    let slow = |minutes: i64| {
        let events = [
            ("a", at(8, 50), departed(0)),
            ("b", at(9, 0), arrived(0, 1)),
            ("c", at(9, minutes), delivered(0, 1)),
            ("d", at(9, 10 + minutes), arrived(0, 2)),
            ("e", at(9, 10 + 2 * minutes), delivered(0, 2)),
        ];
        let day = lived(NoiseModel::default(), &events);
        let now = at(9, 10 + 2 * minutes);
        p50(&day, now, 3) - now
    };
    assert!(slow(9) > slow(5) + Seconds(20), "{} {}", slow(9), slow(5));
}

#[test]
fn a_position_near_the_door_brings_the_arrival_nearer() {
    let (mut problem, plan) = planned();
    for (number, place) in problem.places.iter_mut().enumerate() {
        place.location = Some(crate::model::GeoPoint {
            latitude: 55.0 + number as f64 * 0.03,
            longitude: 37.0,
        });
    }
    let seen = |latitude: f64| Event::Position {
        courier: courier_id(0),
        location: crate::model::GeoPoint {
            latitude,
            longitude: 37.0,
        },
    };
    let mut day = LiveDay::new(Arc::new(problem), &plan, &LiveTerms::default());
    day.report(report("a", at(8, 50), departed(0))).unwrap();
    day.report(report("b", at(8, 58), seen(55.003))).unwrap();
    let far = p50(&day, at(8, 58), 0);
    day.report(report("c", at(8, 59), seen(55.027))).unwrap();
    let near = p50(&day, at(8, 59), 0);
    assert!(near < far - Seconds(240), "{near:?} {far:?}");
    assert!(near < at(9, 2), "{near:?}");
}

#[test]
fn a_report_sent_twice_tells_nothing_twice() {
    let mut day = lived(NoiseModel::default(), &[("a", at(9, 40), departed(0))]);
    let open = day.alerts().clone();
    assert!(!open.open().is_empty());
    let again = day.report(report("a", at(9, 40), departed(0))).unwrap();
    assert!(again.taken.is_repeated && again.alerts.is_empty());
    assert_eq!(day.alerts(), &open);
}

fn outlooks(day: &LiveDay, now: Timestamp) -> Vec<RouteOutlook> {
    let couriers = day.day().roster().routes().len();
    (0..couriers)
        .map(|courier| day.outlook(courier, now))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_expected_does_not_depend_on_the_sequence_of_reports(
        (first, second) in any_reports()
            .prop_flat_map(|reports| (Just(reports.clone()), Just(reports).prop_shuffle())),
    ) {
        let mut days = [live(NoiseModel::default()), live(NoiseModel::default())];
        for (day, reports) in days.iter_mut().zip([&first, &second]) {
            for report in reports {
                day.report(report.clone()).unwrap();
            }
        }
        let [one, other] = days;
        prop_assert_eq!(one.day(), other.day());
        prop_assert_eq!(outlooks(&one, at(10, 40)), outlooks(&other, at(10, 40)));
    }

    #[test]
    fn every_stop_to_come_has_a_chance_a_band_and_causes_that_add_up(reports in any_reports()) {
        let mut day = live(NoiseModel::default());
        for report in reports {
            let now = report.reported_at;
            let answer = day.report(report).unwrap();
            let Some(courier) = answer.taken.courier else { continue };
            let state = &day.day().couriers()[courier];
            let outlook = answer.outlook.unwrap();
            let stops: Vec<usize> = outlook.stops.iter().map(|found| found.stop).collect();
            let skipped = state.stops.iter().enumerate();
            let skipped = skipped.filter(|(_, stop)| stop.state == StopState::Skipped);
            let expected = state.ahead().chain(skipped.map(|(number, _)| number));
            prop_assert_eq!(stops, expected.collect::<Vec<_>>());
            let (_, look) = day.look(courier).unwrap();
            prop_assert_eq!(look, &outlook);
            for found in &outlook.stops {
                prop_assert!((0.0..=1.0).contains(&found.on_time));
                let Some(band) = found.arrival else {
                    prop_assert!(found.on_time.abs() < 1e-9);
                    continue;
                };
                prop_assert!(band.p10 <= band.p50 && band.p50 <= band.p90);
                // The past is over: nobody comes before now.
                prop_assert!(band.p10 >= now - Seconds(1), "{:?} {:?}", band, now);
                let delay = (band.p50 - found.planned_arrival).0.max(0);
                let total = found.causes.total().0;
                prop_assert!((delay - total).abs() <= 6, "{} {}", delay, total);
            }
        }
    }
}

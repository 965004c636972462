//! What holds of a day whose plan changes under way.

use std::sync::Arc;

use proptest::prelude::*;

use super::replan::after;
use super::tests::{any_reports, arrived, delivered, departed, planned, report};
use super::*;
use crate::forecast::RouteOutlook;
use crate::forecast::fixture::{at, calm, courier_id, order, order_id};
use crate::model::{NoiseModel, Promise, Reason, TimeWindow};
use crate::units::{Seconds, Timestamp};

fn live(noise: NoiseModel) -> LiveDay {
    let (problem, plan) = planned();
    let terms = LiveTerms {
        noise,
        days: 256,
        ..LiveTerms::default()
    };
    LiveDay::new(Arc::new(problem), &plan, &terms)
}

fn route(courier: u32, orders: &[u32]) -> NewRoute {
    NewRoute {
        courier: courier_id(courier),
        orders: orders.iter().map(|order| order_id(*order)).collect(),
        start: None,
        reloads: Vec::new(),
        breaks: Vec::new(),
    }
}

/// The last order of the first courier goes with the second.
fn handover() -> Replan {
    Replan {
        at: at(8, 45),
        routes: vec![route(0, &[1, 2, 3]), route(1, &[5, 6, 4, 7, 8])],
        ..Replan::default()
    }
}

fn outlooks(day: &LiveDay, now: Timestamp) -> Vec<RouteOutlook> {
    let couriers = day.day().roster().routes().len();
    (0..couriers)
        .map(|courier| day.outlook(courier, now))
        .collect()
}

fn ahead(day: &LiveDay, courier: usize) -> Vec<String> {
    let stops = &day.day().roster().routes()[courier].stops;
    let ahead = day.day().couriers()[courier].ahead();
    ahead.map(|stop| stops[stop].order.to_string()).collect()
}

/// What came of the order, as a word.
fn outcome(day: &LiveDay, number: u32) -> Option<String> {
    let outcomes = day.day().outcomes();
    let found: Vec<_> = (outcomes.iter())
        .filter(|found| found.order == order_id(number))
        .collect();
    assert!(found.len() <= 1, "{found:?}");
    let word = format!("{:?}", found.first()?.outcome);
    word.split([' ', '(']).next().map(str::to_owned)
}

#[test]
fn an_order_that_changes_courier_is_expected_from_the_new_one() {
    let mut day = live(calm());
    day.replan(&handover()).unwrap();
    assert_eq!(ahead(&day, 0), ["order-1", "order-2", "order-3"]);
    assert_eq!(day.version(), 1);
    let mine = &day.day().roster().routes()[0].stops[3];
    assert!(mine.is_former && mine.order == order_id(4));
    assert_eq!(day.day().couriers()[0].stops[3].state, StopState::Moved);
    // As planned: nobody knows of a delay.
    let found = day.outlook(1, at(8, 46)).stops;
    let minutes: Vec<Timestamp> = found.iter().map(|stop| stop.arrival.unwrap().p50).collect();
    let expected = [at(9, 0), at(9, 15), at(9, 30), at(9, 45), at(10, 0)];
    assert_eq!(minutes, expected);
}

#[test]
fn who_delivered_an_order_that_had_gone_to_somebody_else_did_deliver_it() {
    let mut day = live(calm());
    day.replan(&handover()).unwrap();
    day.report(report("a", at(8, 50), departed(0))).unwrap();
    let late = day.report(report("b", at(9, 10), delivered(0, 4))).unwrap();
    assert_eq!(late.taken.contradiction, None);
    assert_eq!(outcome(&day, 4).as_deref(), Some("Kept"));
    assert_eq!(ahead(&day, 1), ["order-5", "order-6", "order-7", "order-8"]);
    // The other one says so too, later: one of the two is mistaken.
    let again = day.report(report("c", at(9, 30), delivered(1, 4))).unwrap();
    let finding = again.taken.contradiction.unwrap();
    assert_eq!(finding.field, "delivered.order_id");
    assert!(finding.message.contains("courier-0"), "{finding:?}");
    assert_eq!(outcome(&day, 4).as_deref(), Some("Kept"));
}

#[test]
fn a_promise_that_is_moved_is_judged_by_what_was_told_first() {
    let mut day = live(calm());
    let told = TimeWindow {
        start: at(9, 30),
        end: at(11, 0),
    };
    let moved = crate::model::Order {
        windows: Vec::new(),
        promise: Some(Promise {
            window: told,
            promised_at: None,
            stated_probability: None,
        }),
        ..order(4, 300, &[])
    };
    let replan = Replan {
        orders: vec![moved],
        ..Replan::default()
    };
    day.replan(&replan).unwrap();
    let stop = day.day().roster().routes()[0].stops[3].clone();
    assert_eq!((stop.windows[0].end, stop.told), (at(10, 0), vec![told]));
    // In time by what was told last: no alert; not by what was told first.
    day.report(report("a", at(9, 35), departed(0))).unwrap();
    assert!(!day.alerts().open().contains_key(&(0, 3)));
    day.report(report("b", at(10, 30), arrived(0, 4))).unwrap();
    day.report(report("c", at(10, 35), delivered(0, 4)))
        .unwrap();
    assert_eq!(outcome(&day, 4).as_deref(), Some("Late"));
}

#[test]
fn new_orders_are_served_cancelled_ones_are_not_and_left_ones_count_as_not_delivered() {
    let mut day = live(calm());
    let replan = Replan {
        cancelled: vec![order_id(2)],
        orders: vec![order(9, 300, &[(at(9, 0), at(12, 0))])],
        routes: vec![route(0, &[1, 9, 3])],
        ..Replan::default()
    };
    day.replan(&replan).unwrap();
    assert_eq!(ahead(&day, 0), ["order-1", "order-9", "order-3"]);
    assert_eq!(outcome(&day, 2), None);
    assert_eq!(outcome(&day, 9).as_deref(), Some("Open"));
    assert_eq!(outcome(&day, 4).as_deref(), Some("NotDelivered"));
    // Handed over all the same, before the courier heard of it.
    day.report(report("a", at(9, 20), delivered(0, 2))).unwrap();
    assert_eq!(outcome(&day, 2).as_deref(), Some("Kept"));
}

#[test]
fn alerts_stay_with_their_orders() {
    let mut day = live(NoiseModel::default());
    day.report(report("a", at(9, 25), departed(0))).unwrap();
    assert!(day.alerts().open().contains_key(&(0, 3)));
    let replan = Replan {
        at: at(9, 26),
        routes: vec![route(0, &[1, 2]), route(1, &[4, 5, 6, 7, 8])],
        ..Replan::default()
    };
    let changes = day.replan(&replan).unwrap();
    let told = |kind: &str, number: u32| {
        let said = changes.iter().map(|change| format!("{change:?}"));
        let name = format!("\"order-{number}\"");
        said.filter(|said| said.starts_with(kind) && said.contains(&name))
            .count()
    };
    // Nobody visits order 3 any more.
    assert_eq!(told("Ended", 3), 1, "{changes:?}");
    assert_eq!(told("Raised", 4), 0, "{changes:?}");
    let open = day.alerts().open();
    assert!(open.iter().all(|(stop, alert)| *stop == alert.stop));
    let at_first = open.get(&(1, 0)).map(|alert| alert.order.clone());
    assert!(at_first.is_none_or(|order| order == order_id(4)));
}

#[test]
fn a_change_of_another_version_is_refused() {
    let mut day = live(calm());
    day.replan(&handover()).unwrap();
    let again = day.replan(&handover()).unwrap_err();
    assert_eq!(again, ReplanRefusal::Stale { of: 0, is: 1 });
}

#[test]
fn what_has_happened_is_not_moved() {
    let mut day = live(calm());
    for (id, moment, event) in [
        ("a", at(8, 50), departed(0)),
        ("b", at(9, 0), arrived(0, 4)),
    ] {
        day.report(report(id, moment, event)).unwrap();
    }
    let ReplanRefusal::Overtaken(findings) = day.replan(&handover()).unwrap_err() else {
        panic!("not what has happened");
    };
    let [finding] = &findings[..] else {
        panic!("{findings:?}")
    };
    assert_eq!(
        (finding.field.as_str(), finding.subject.as_str()),
        ("routes[0].order_ids", "order-4")
    );
}

#[test]
fn everything_that_is_wrong_with_a_change_is_said_at_once() {
    let mut day = live(calm());
    let replan = Replan {
        cancelled: vec![order_id(7), order_id(77)],
        orders: vec![order(9, 300, &[(at(9, 0), at(8, 0))])],
        routes: vec![
            route(0, &[1, 1, 5, 66, 7]),
            route(0, &[2]),
            route(8, &[]),
            NewRoute {
                reloads: vec![NewReload {
                    depot: crate::model::DepotId::parse("nowhere").unwrap(),
                    n_before: 3,
                }],
                ..route(2, &[3])
            },
        ],
        ..Replan::default()
    };
    let ReplanRefusal::Invalid(findings) = day.replan(&replan).unwrap_err() else {
        panic!("not wrong by itself");
    };
    let mut found: Vec<(&str, &str, Reason)> = (findings.iter())
        .map(|it| (it.field.as_str(), it.subject.as_str(), it.reason))
        .collect();
    found.sort_unstable();
    let expected = [
        ("cancelled_order_ids[0]", "order-7", Reason::Conflict),
        (
            "cancelled_order_ids[1]",
            "order-77",
            Reason::UnknownReference,
        ),
        (
            "orders[0].windows[0].end_time",
            "order-9",
            Reason::BadWindow,
        ),
        ("routes[0].courier_id", "courier-0", Reason::DuplicateId),
        ("routes[0].order_ids[1]", "order-1", Reason::DuplicateId),
        ("routes[0].order_ids[2]", "order-5", Reason::Conflict),
        (
            "routes[0].order_ids[3]",
            "order-66",
            Reason::UnknownReference,
        ),
        ("routes[0].order_ids[4]", "order-7", Reason::Conflict),
        (
            "routes[2].courier_id",
            "courier-8",
            Reason::UnknownReference,
        ),
        (
            "routes[3].reloads[0].after_stops",
            "nowhere",
            Reason::OutOfRange,
        ),
        (
            "routes[3].reloads[0].depot_id",
            "nowhere",
            Reason::UnknownReference,
        ),
        ("routes[3].start_time", "courier-2", Reason::MissingField),
    ];
    assert_eq!(found, expected);
    assert_eq!(day.version(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_state_depends_on_the_reports_and_the_change_not_on_which_came_first(
        (first, second) in any_reports()
            .prop_flat_map(|reports| (Just(reports.clone()), Just(reports).prop_shuffle())),
        places in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
    ) {
        let (problem, plan) = planned();
        let replan = handover();
        let roster = Arc::new(Roster::new(&problem, &plan));
        let changed = after(&problem, &roster, &replan).unwrap();
        let lived = |reports: &[Report], place: usize| {
            let mut day = Day::new(Arc::clone(&roster), Rules::default());
            for (number, report) in reports.iter().enumerate() {
                if number == place {
                    day.replan(&problem, &changed, &replan);
                }
                day.report(report.clone()).unwrap();
            }
            day
        };
        let one = lived(&first, places.0.index(first.len()));
        let other = lived(&second, places.1.index(second.len()));
        prop_assert_eq!(&one, &other);
        // Every promise is judged once.
        let orders = one.outcomes();
        prop_assert_eq!(orders.len(), 9);
    }

    #[test]
    fn a_change_that_changes_nothing_leaves_every_outlook_as_it_was(reports in any_reports()) {
        let mut day = live(NoiseModel::default());
        for report in reports {
            day.report(report).unwrap();
        }
        let now = day.now() + Seconds(90);
        day.tick(now);
        let before = (outlooks(&day, now), day.alerts().clone());
        let same = Replan { at: now, ..Replan::default() };
        prop_assert_eq!(day.replan(&same).unwrap(), []);
        prop_assert_eq!((outlooks(&day, now), day.alerts().clone()), before);
    }

    #[test]
    fn a_day_played_back_with_its_changes_is_the_day_that_was(
        reports in any_reports(),
        place in any::<prop::sample::Index>(),
    ) {
        let mut day = live(NoiseModel::default());
        let mut record = Vec::new();
        let place = place.index(reports.len());
        for (number, report) in reports.into_iter().enumerate() {
            if number == place && day.replan(&handover()).is_ok() {
                let stored = serde_json::to_string(&handover()).unwrap();
                record.push((None, Some(stored)));
            }
            record.push((Some(report.clone()), None));
            day.report(report).unwrap();
        }
        let mut again = live(NoiseModel::default());
        for entry in record {
            match entry {
                (Some(report), _) => {
                    again.report(report).unwrap();
                }
                (None, replan) => {
                    let replan: Replan = serde_json::from_str(&replan.unwrap()).unwrap();
                    again.replan(&replan).unwrap();
                }
            }
        }
        prop_assert_eq!(again.day(), day.day());
        prop_assert_eq!(again.alerts(), day.alerts());
        let now = day.now();
        prop_assert_eq!(outlooks(&again, now), outlooks(&day, now));
    }
}

//! Terms and orders that cannot be, and what is said of them.

use super::*;
use crate::generate::{DaySpec, generate};
use crate::model::{BreakStart, CourierBreak, DayId, NoiseModel, Promise, TimeWindow, WindowId};

/// A day that can be promised, and its first customer.
fn day() -> (DayTerms, Booking) {
    let mut base = generate(&DaySpec::small());
    let mut order = base.orders[0].clone();
    let window = order.promise.take().unwrap().window;
    order.drop_policy = DropPolicy::MustServe;
    let place = base.place(order.place).clone();
    base.orders.clear();
    let terms = DayTerms {
        id: DayId::parse("monday").unwrap(),
        base,
        windows: vec![OfferedWindow {
            id: WindowId::parse("w1").unwrap(),
            window,
            cut_off: Some(window.start),
        }],
        area: None,
        target: None,
        hold_duration: Seconds(600),
        noise: NoiseModel::default(),
        drift: None,
        is_calibrated: false,
        grace: Seconds::ZERO,
        scenarios: 512,
        seed: 1,
    };
    (terms, Booking { order, place })
}

fn paths(found: &[Finding]) -> Vec<(&str, Reason)> {
    found
        .iter()
        .map(|finding| (finding.field.as_str(), finding.reason))
        .collect()
}

fn moscow(radius: f64) -> ServiceArea {
    ServiceArea::Circle {
        center: DaySpec::small().center,
        radius,
    }
}

#[test]
fn sound_terms_and_orders_have_no_findings() {
    let (terms, booking) = day();
    assert_eq!(terms.findings(), []);
    assert_eq!(base_findings(&terms.base), []);
    assert_eq!(booking.findings(&terms), []);
}

#[test]
fn everything_wrong_with_windows_is_said_at_once() {
    let (mut terms, _) = day();
    let good = terms.windows[0].clone();
    let TimeWindow { start, end } = good.window;
    let with = |window, cut_off| OfferedWindow {
        window,
        cut_off,
        ..good.clone()
    };
    let id = |id, mut window: OfferedWindow| {
        window.id = WindowId::parse(id).unwrap();
        window
    };
    let backwards = TimeWindow {
        start: end,
        end: start,
    };
    let week = Seconds(9 * 86_400);
    let far = TimeWindow {
        start: start + week,
        end: end + week,
    };
    let night = TimeWindow {
        start: start + Seconds(86_400 / 2),
        end: end + Seconds(86_400 / 2),
    };
    terms.windows = vec![
        good.clone(),
        good.clone(),
        id("w2", with(backwards, None)),
        id("w3", with(good.window, Some(end + Seconds(1)))),
        id("w4", with(far, None)),
        id("w5", with(night, None)),
    ];
    let found = terms.findings();
    assert_eq!(
        paths(&found),
        [
            ("windows[1].id", Reason::DuplicateId),
            ("windows[2].window.end_time", Reason::BadWindow),
            ("windows[3].cut_off_time", Reason::BadWindow),
            ("windows[4].window", Reason::BadWindow),
            ("windows[5].window", Reason::BadWindow),
        ]
    );
    assert!(
        found[4].message.contains("no courier works"),
        "{}",
        found[4].message
    );
    terms.windows.clear();
    assert_eq!(
        paths(&terms.findings()),
        [("windows", Reason::MissingField)]
    );
}

#[test]
fn numbers_of_terms_have_bounds() {
    let (mut terms, _) = day();
    terms.hold_duration = Seconds(9);
    terms.scenarios = 500;
    terms.area = Some(moscow(0.0));
    assert_eq!(
        paths(&terms.findings()),
        [
            ("area.circle.radius_meters", Reason::OutOfRange),
            ("hold_duration", Reason::OutOfRange),
            ("scenarios", Reason::OutOfRange),
        ]
    );
    let nowhere = GeoPoint {
        latitude: f64::NAN,
        longitude: 0.0,
    };
    terms.area = Some(ServiceArea::Polygon(vec![nowhere]));
    let found = terms.findings();
    assert_eq!(
        paths(&found)[..2],
        [
            ("area.polygon.corners[0]", Reason::OutOfRange),
            ("area.polygon.corners", Reason::OutOfRange)
        ]
    );
}

#[test]
fn what_cannot_be_promised_against_yet_is_named() {
    let (terms, _) = day();
    let mut base = generate(&DaySpec {
        rush_hours: true,
        ..DaySpec::small()
    });
    base.couriers[0]
        .reload_depots
        .insert(terms.base.depots[0].id.clone());
    base.couriers[1].breaks = vec![CourierBreak {
        duration: Seconds(60),
        start: BreakStart::AfterWork(Seconds(60)),
    }];
    let found = base_findings(&base);
    let has = |path: &str| found.iter().any(|finding| finding.field == path);
    assert!(has("couriers[0].reload_depot_ids") && has("couriers[1].breaks"));
    let buckets = found
        .iter()
        .find(|finding| finding.field.ends_with(".buckets"));
    assert!(
        buckets
            .unwrap()
            .message
            .contains("cannot be promised against yet")
    );
}

#[test]
fn chances_drift_to_a_chance_and_no_farther() {
    let (mut terms, _) = day();
    assert_eq!(terms.findings(), []);
    terms.drift = Some(Drift {
        toward: 1.0,
        pull_empty: 1.5,
        pull_full: f64::NAN,
    });
    let out = |field| (field, Reason::OutOfRange);
    assert_eq!(
        paths(&terms.findings()),
        [
            out("drift.toward_percent"),
            out("drift.pull_empty"),
            out("drift.pull_full")
        ]
    );
}

#[test]
fn an_order_elsewhere_is_told_how_far_it_is() {
    let (mut terms, mut booking) = day();
    booking.place.location = Some(GeoPoint {
        latitude: 59.93,
        longitude: 30.33,
    });
    terms.area = Some(moscow(13_000.0));
    let found = booking.findings(&terms);
    assert_eq!(paths(&found), [("place", Reason::OutOfRange)]);
    assert!(
        found[0]
            .message
            .contains("km from its center; its radius is 13.0 km")
    );
    let center = DaySpec::small().center;
    let corner = |north, east| GeoPoint {
        latitude: center.latitude + north,
        longitude: center.longitude + east,
    };
    let square = vec![
        corner(-0.1, -0.1),
        corner(0.1, -0.1),
        corner(0.1, 0.1),
        corner(-0.1, 0.1),
    ];
    terms.area = Some(ServiceArea::Polygon(square));
    // A tenth of a degree beyond the northern side: 11.1 km.
    booking.place.location = Some(corner(0.2, 0.0));
    let found = booking.findings(&terms);
    assert!(
        found[0].message.contains("about 11.1 km from its border"),
        "{}",
        found[0].message
    );
}

#[test]
fn an_order_must_be_locatable_unpromised_and_not_optional() {
    let (mut terms, mut booking) = day();
    booking.place.location = None;
    booking.order.drop_policy = DropPolicy::MayDrop { penalty: 1 };
    booking.order.promise = Some(Promise {
        window: terms.windows[0].window,
        promised_at: None,
        stated_probability: None,
    });
    terms.area = Some(moscow(13_000.0));
    assert_eq!(
        paths(&booking.findings(&terms)),
        [
            ("place.location", Reason::MissingField),
            ("promise", Reason::Conflict),
            ("may_drop", Reason::Conflict),
        ]
    );
}

#[test]
fn an_empty_basket_is_a_basket_and_a_negative_one_is_not() {
    let (terms, mut booking) = day();
    booking.order.loads.clear();
    booking.order.service = Seconds::ZERO;
    assert_eq!(booking.findings(&terms), []);
    booking
        .order
        .loads
        .insert("kg".to_owned(), crate::units::Load(-1));
    assert_eq!(
        paths(&booking.findings(&terms)),
        [("loads[\"kg\"]", Reason::OutOfRange)]
    );
    // A basket that no vehicle holds is sound: its windows are refused, and say by how much.
    booking
        .order
        .loads
        .insert("kg".to_owned(), crate::units::Load(1_000_000));
    assert_eq!(booking.findings(&terms), []);
}

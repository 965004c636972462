//! Terms and orders, both ways, and what is wrong with them.

use super::*;
use crate::config::PlanningConfig;
use crate::generate::{DaySpec, generate};
use crate::grpc::{convert, json, pb};
use crate::model::{Finding, NoiseModel, Reason};
use crate::promise::{Booking, DayTerms};
use crate::units::{BasisPoints, Load};

/// The small day as terms with two windows, and its first customer's order without promise.
fn day() -> (pb::DayTerms, pb::Order) {
    let mut problem = convert::problem_message(&generate(&DaySpec::small()));
    let mut order = problem.orders.swap_remove(0);
    problem.orders.clear();
    order.drop_policy = None;
    let window = order.promise.take().unwrap().window;
    let offered = |id: &str| pb::OfferedWindow {
        id: id.to_owned(),
        window,
        cut_off_time: window.unwrap().start_time,
    };
    let terms = pb::DayTerms {
        day_id: "monday".to_owned(),
        problem: Some(problem),
        windows: vec![offered("b"), offered("a")],
        ..pb::DayTerms::default()
    };
    (terms, order)
}

fn read(terms: &pb::DayTerms) -> Result<DayTerms, Vec<Finding>> {
    read_terms(terms, None, &PlanningConfig::default())
}

fn booked(order: &pb::Order, spreads: &[(&str, f64)]) -> Result<Booking, Vec<Finding>> {
    let spreads = spreads
        .iter()
        .map(|(name, spread)| ((*name).to_owned(), *spread));
    let read = read_booking(Some(order), &spreads.collect(), &read(&day().0).unwrap());
    read.map(|(booking, _)| booking)
}

fn paths(found: &[Finding]) -> Vec<&str> {
    found.iter().map(|finding| finding.field.as_str()).collect()
}

#[test]
fn absent_fields_of_terms_are_the_defaults() {
    let terms = read(&day().0).unwrap();
    assert_eq!(terms.hold_duration.0, 600);
    assert_eq!((terms.scenarios, terms.seed, terms.grace.0), (512, 1, 0));
    assert_eq!(terms.noise, NoiseModel::default());
    assert!(!terms.is_calibrated && terms.target.is_none() && terms.area.is_none());
    assert_eq!(terms.windows[0].id.as_str(), "a", "windows are sorted");
}

#[test]
fn terms_come_back_as_they_went() {
    let (mut terms, _) = day();
    terms.on_time_target = Some(pb::OnTimeTarget {
        expected_percent: 98.1,
        floor_percent: Some(90.0),
    });
    let center = pb::GeoPoint {
        latitude: Some(55.75),
        longitude: Some(37.61),
    };
    let circle = pb::AreaCircle {
        center: Some(center),
        radius_meters: 13_000.0,
    };
    terms.area = Some(pb::ServiceArea {
        shape: Some(pb::service_area::Shape::Circle(circle)),
    });
    terms.noise = Some(convert::noise_message(&NoiseModel::default()));
    let model = read(&terms).unwrap();
    assert!(model.is_calibrated);
    let message = terms_message(&model);
    assert_eq!(read(&message), Ok(model));
    let text = json::write(&message);
    assert_eq!(json::read::<pb::DayTerms>(&text).unwrap(), message);
}

#[test]
fn a_process_with_a_noise_model_lends_it_to_days_without() {
    let own = NoiseModel {
        version: Some("store-7".to_owned()),
        ..NoiseModel::default()
    };
    let terms = read_terms(&day().0, Some(&own), &PlanningConfig::default()).unwrap();
    assert_eq!(terms.noise_version(), "store-7");
}

#[test]
fn everything_wrong_with_terms_is_said_at_once() {
    let (mut terms, order) = day();
    terms.day_id = "a b".to_owned();
    terms.scenarios = Some(-1);
    terms.on_time_target = Some(pb::OnTimeTarget {
        expected_percent: 101.0,
        floor_percent: None,
    });
    terms.area = Some(pb::ServiceArea { shape: None });
    terms.windows[1].window = None;
    let problem = terms.problem.as_mut().unwrap();
    problem.orders.push(order);
    problem.couriers[1].id.clear();
    problem.couriers[2].reload_depot_ids = vec!["store-1".to_owned()];
    let found = read(&terms).unwrap_err();
    let paths = paths(&found);
    for path in [
        "day_id",
        "scenarios",
        "on_time_target.expected_percent",
        "area",
        "windows[1].window",
        "problem.couriers[1].id",
        "problem.couriers[2].reload_depot_ids",
        "problem.orders",
    ] {
        assert!(paths.contains(&path), "{path} in {paths:?}");
    }
    assert_eq!(
        self::paths(&read(&pb::DayTerms::default()).unwrap_err()),
        ["day_id", "problem", "windows"]
    );
    let (mut terms, _) = day();
    terms.on_time_target = Some(pb::OnTimeTarget {
        expected_percent: 150.0,
        floor_percent: None,
    });
    terms.scenarios = Some(100);
    terms.windows[1].id = terms.windows[0].id.clone();
    assert_eq!(
        self::paths(&read(&terms).unwrap_err()),
        [
            "on_time_target.expected_percent",
            "windows[1].id",
            "scenarios"
        ]
    );
}

#[test]
fn an_order_without_drop_policy_must_be_served() {
    let (_, order) = day();
    let booking = booked(&order, &[]).unwrap();
    assert_eq!(
        booking.order.drop_policy,
        crate::model::DropPolicy::MustServe
    );
    assert_eq!(booking.place.address, order.place.unwrap().address);
}

#[test]
fn an_estimated_basket_is_planned_with_what_is_enough_in_95_percent_of_cases() {
    let (_, mut order) = day();
    order.loads = [("kg".to_owned(), 10), ("crates".to_owned(), 2)].into();
    let booking = booked(&order, &[("kg", 2.0)]).unwrap();
    assert_eq!(booking.order.load("kg"), Load(14), "10 + 3.29, rounded up");
    assert_eq!(booking.order.load("crates"), Load(2));
    let thousandth = booked(&order, &[("kg", 1_000.0)]).unwrap();
    assert_eq!(
        thousandth.order.load("kg"),
        Load(1_655),
        "10 + 1645 exactly"
    );
    for (bad, why) in [("kg", -1.0), ("kg", f64::NAN), ("liters", 1.0), ("kg", 2e9)] {
        let found = booked(&order, &[(bad, why)]).unwrap_err();
        assert_eq!(paths(&found), ["load_spreads"]);
    }
}

#[test]
fn what_is_wrong_with_an_order_is_said_below_its_field() {
    let (terms, mut order) = day();
    order.promise = Some(pb::Promise {
        window: terms.windows[0].window,
        ..pb::Promise::default()
    });
    order.loads.insert("kg".to_owned(), -4);
    order.place.as_mut().unwrap().location = None;
    let found = booked(&order, &[]).unwrap_err();
    let paths = paths(&found);
    assert_eq!(
        paths,
        [
            "order.place.location",
            "order.loads[\"kg\"]",
            "order.promise"
        ]
    );
    assert!(found.iter().all(|finding| finding.subject == order.id));
    let terms = read(&terms).unwrap();
    let absent = read_booking(None, &std::collections::BTreeMap::new(), &terms).unwrap_err();
    assert_eq!(absent[0].field, "order");
}

#[test]
fn a_hold_and_an_amendment_are_read_with_everything_wrong_at_once() {
    let (terms, order) = day();
    let terms = read(&terms).unwrap();
    let hold = read_hold(
        &pb::HoldWindowRequest {
            window_id: "a".to_owned(),
            order: Some(order.clone()),
            least_percent: Some(95.0),
            ..pb::HoldWindowRequest::default()
        },
        &terms,
    );
    assert_eq!(hold.ok().unwrap().least, Some(BasisPoints(9_500)));
    let found = read_hold(
        &pb::HoldWindowRequest {
            least_percent: Some(100.5),
            ..pb::HoldWindowRequest::default()
        },
        &terms,
    );
    assert_eq!(
        paths(&found.err().unwrap()),
        ["window_id", "least_percent", "order"]
    );
    let amend = |request: pb::AmendPromiseRequest| read_amendment(&request, &terms);
    let found = amend(pb::AmendPromiseRequest::default()).err().unwrap();
    assert_eq!(paths(&found), ["window_id"]);
    let window = amend(pb::AmendPromiseRequest {
        window_id: "b".to_owned(),
        ..pb::AmendPromiseRequest::default()
    });
    let window = window.ok().unwrap();
    assert!(window.booking.is_none() && window.window.is_some());
    let both = amend(pb::AmendPromiseRequest {
        order: Some(order),
        ..pb::AmendPromiseRequest::default()
    });
    assert!(both.ok().unwrap().booking.is_some());
}

#[test]
fn ids_pages_and_states_have_their_bounds() {
    let long = "x".repeat(129);
    let found = request_findings(RequestFields {
        request_id: Some(&long),
        day_id: Some(""),
        promise_id: Some("a b"),
    });
    let reasons: Vec<Reason> = found.iter().map(|finding| finding.reason).collect();
    assert_eq!(
        reasons,
        [
            Reason::MalformedId,
            Reason::MissingField,
            Reason::MalformedId
        ]
    );
    assert_eq!(page_size(0).unwrap(), 100);
    assert!(page_size(-1).is_err() && page_size(1_001).is_err());
    assert_eq!(entry_number("17"), Ok(17));
    assert!(entry_number("x").is_err());
    assert!(read_promise_states(&[1, 5]).is_ok());
    let found = read_promise_states(&[1, 0, 77]).unwrap_err();
    assert_eq!(paths(&found), ["states[1]", "states[2]"]);
}

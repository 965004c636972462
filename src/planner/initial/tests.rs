//! What can be wrong with an initial plan, and what it comes to.

use super::*;
use crate::model::RouteSketch;
use crate::model::fixture::{Fixture, at, courier_id, initial_plan, sketch};

fn day() -> Problem {
    Fixture::new()
        .courier("anna", |_| {})
        .courier("boris", |courier| {
            courier.skills.insert("cold".to_owned());
        })
        .order("a", (10, 0), |_| {})
        .order("b", (20, 0), |_| {})
        .order("c", (30, 0), |_| {})
        .order("cold", (40, 0), |order| {
            order.required_skills.insert("cold".to_owned());
        })
        .build()
}

type Told = Vec<(String, Reason)>;

/// Paths and reasons of errors, then of warnings.
fn found(routes: &[RouteSketch], locks: &[(&str, Lock)]) -> (Told, Told) {
    let findings = initial_findings(&day(), &initial_plan(routes, locks));
    let told = |findings: Vec<Finding>| {
        let findings = findings.into_iter();
        findings.map(|it| (it.field, it.reason)).collect()
    };
    (told(findings.errors), told(findings.warnings))
}

fn told(expected: &[(&str, Reason)]) -> Told {
    let expected = expected.iter();
    expected
        .map(|&(path, reason)| (path.to_owned(), reason))
        .collect()
}

#[test]
fn every_sequence_of_locks_that_only_loosens_is_sound() {
    let route = sketch("boris", &["a", "b", "c", "cold"]);
    let locks = [
        ("a", Lock::Done),
        ("b", Lock::InProgress),
        ("c", Lock::FixedCourierAndOrder),
        ("cold", Lock::FixedCourier),
    ];
    for n_locked in 0..=locks.len() {
        let found = found(std::slice::from_ref(&route), &locks[..n_locked]);
        assert_eq!(found, (Vec::new(), Vec::new()));
    }
}

#[test]
fn what_was_cancelled_is_told_and_is_no_error() {
    let routes = [sketch("anna", &["gone", "a"]), sketch("olga", &["b"])];
    let (errors, warnings) = found(&routes, &[("a", Lock::Done)]);
    assert_eq!(errors, []);
    let expected = [
        ("routes[0].order_ids[0]", Reason::UnknownReference),
        ("routes[1].courier_id", Reason::UnknownReference),
    ];
    assert_eq!(warnings, told(&expected));
}

#[test]
fn everything_wrong_is_found_at_once_where_it_stands() {
    let routes = [
        sketch("anna", &["a", "cold", "a"]),
        sketch("olga", &["b"]),
        sketch("anna", &[]),
    ];
    let locks = [
        ("cold", Lock::FixedCourier),
        ("b", Lock::FixedCourier),
        ("c", Lock::Done),
        ("gone", Lock::Done),
        ("cold", Lock::Done),
    ];
    let expected = [
        ("routes[0].order_ids[2]", Reason::DuplicateId),
        ("routes[2].courier_id", Reason::DuplicateId),
        ("routes[1].courier_id", Reason::UnknownReference),
        ("locks[0].lock", Reason::Conflict),
        ("locks[2].order_id", Reason::UnknownReference),
        ("locks[3].order_id", Reason::UnknownReference),
        ("locks[3].order_id", Reason::UnknownReference),
        ("locks[4].order_id", Reason::DuplicateId),
    ];
    assert_eq!(found(&routes, &locks).0, told(&expected));
}

#[test]
fn a_stop_cannot_keep_its_place_behind_one_that_does_not() {
    let routes = [sketch("anna", &["a", "b", "c"])];
    let conflict = |locks: &[(&str, Lock)], row: usize| {
        let path = format!("locks[{row}].lock");
        assert_eq!(found(&routes, locks).0, told(&[(&path, Reason::Conflict)]));
    };
    conflict(&[("b", Lock::FixedCourierAndOrder)], 0);
    conflict(&[("a", Lock::FixedCourier), ("b", Lock::Done)], 1);
    conflict(&[("a", Lock::InProgress), ("b", Lock::InProgress)], 1);
    conflict(&[("b", Lock::Done), ("a", Lock::InProgress)], 0);
}

#[test]
fn routes_resolve_to_what_is_left_of_them() {
    let day = day();
    let mut route = sketch("boris", &["gone", "b", "c", "a"]);
    route.start = Some(at(9, 0));
    let locks = [("b", Lock::Done), ("a", Lock::FixedCourier)];
    let plan = initial_plan(&[route.clone(), sketch("olga", &["cold"])], &locks);
    let pin = Pin {
        locked: 1,
        start: Some(at(9, 0)),
    };
    let routes = resolve(&day, &plan);
    let expected = InitialRoute {
        courier: 1,
        orders: vec![1, 2, 0],
        pin,
        bound: vec![1, 0],
    };
    assert_eq!(routes, [expected]);
    let pins = pins(&day, &routes);
    assert_eq!(pins.of(&courier_id("boris")), pin);
    assert_eq!(pins.of(&courier_id("anna")), Pin::default());
    // A start that has not happened is the planner's to choose.
    let routes = resolve(&day, &initial_plan(&[route], &locks[1..]));
    assert_eq!(routes[0].pin, Pin::default());
}

//! Breaks: when they are owed, where they go, and what the checker says of those that are not as they should be.

use super::{broken, judge, plan};
use crate::model::fixture::{Fixture, at, hours, sketch};
use crate::model::{
    Break, BreakStart, ConstraintKind, Courier, CourierBreak, Plan, Problem, TimeWindow,
};
use crate::units::Seconds;

const HALF_AN_HOUR: Seconds = Seconds(1_800);

/// Half an hour that begins between 12:00 and 12:30.
fn lunch() -> CourierBreak {
    CourierBreak {
        duration: HALF_AN_HOUR,
        start: BreakStart::Within(TimeWindow {
            start: at(12, 0),
            end: at(12, 30),
        }),
    }
}

/// A quarter of an hour that begins after an hour of work at most.
fn rest() -> CourierBreak {
    CourierBreak {
        duration: Seconds(900),
        start: BreakStart::AfterWork(Seconds(3_600)),
    }
}

/// Two orders ten minutes apart, with these hours.
fn day(breaks: &[CourierBreak], a: (i64, i64), b: (i64, i64)) -> Problem {
    Fixture::new()
        .courier("anna", |courier| courier.breaks = breaks.to_vec())
        .order("a", (600, 0), |order| order.windows = vec![hours(a.0, a.1)])
        .order("b", (1_200, 0), |order| {
            order.windows = vec![hours(b.0, b.1)]
        })
        .build()
}

/// Three orders, each half an hour behind the one before.
fn long_ways(breaks: &[CourierBreak]) -> Problem {
    Fixture::new()
        .courier("anna", |courier| courier.breaks = breaks.to_vec())
        .order("a", (1_800, 0), |_| {})
        .order("b", (3_600, 0), |_| {})
        .order("c", (5_400, 0), |_| {})
        .build()
}

/// The places and times of the breaks of a plan that breaks nothing.
fn breaks(day: &Problem, orders: &[&str]) -> Vec<Break> {
    let plan = plan(day, &[sketch("anna", orders)]);
    assert_eq!(judge(day, &plan).violations, []);
    plan.routes[0].breaks.clone()
}

#[test]
fn a_lunch_break_begins_in_its_window_and_takes_none_of_the_time_for_waiting() {
    let with = day(&[lunch()], (10, 11), (13, 14));
    let expected = Break {
        number: 0,
        n_before: 1,
        start: at(12, 0),
        end: at(12, 30),
    };
    assert_eq!(breaks(&with, &["a", "b"]), [expected]);
    let without = day(&[], (10, 11), (13, 14));
    let plans = [with, without].map(|day| plan(&day, &[sketch("anna", &["a", "b"])]));
    let [with, without] = plans.map(|plan| plan.routes[0].clone());
    assert_eq!((with.start, with.end), (without.start, without.end));
    assert_eq!(with.waiting + HALF_AN_HOUR, without.waiting);
    assert_eq!(with.stops[1].arrival, at(12, 40));
}

#[test]
fn a_route_that_is_over_before_lunch_or_begins_after_it_owes_no_break() {
    for (a, b) in [
        ((8, 10), (8, 12)),
        ((13, 14), (13, 15)),
        ((14, 15), (14, 15)),
    ] {
        let day = day(&[lunch()], a, b);
        assert_eq!(breaks(&day, &["a", "b"]), [], "{a:?} {b:?}");
    }
    // The end of the window is the last moment to come back, and the first to start.
    let day = day(&[lunch()], (8, 20), (8, 20));
    for (start, n_breaks) in [
        (at(11, 48), 0),
        (at(11, 48) + Seconds(1), 1),
        (at(12, 30) - Seconds(1), 1),
        (at(12, 30), 0),
    ] {
        let mut route = sketch("anna", &["a", "b"]);
        route.start = Some(start);
        let plan = plan(&day, &[route]);
        assert_eq!(plan.routes[0].breaks.len(), n_breaks, "{start:?}");
        assert_eq!(judge(&day, &plan).violations, []);
    }
}

#[test]
fn a_break_before_the_first_stop_is_taken_once_the_goods_are_loaded() {
    let mut day = day(&[lunch()], (12, 20), (12, 20));
    day.depots[0].loading = Seconds(600);
    let mut route = sketch("anna", &["a", "b"]);
    route.start = Some(at(12, 15));
    day.orders[0].service = Seconds(3_600);
    let plan = plan(&day, &[route]);
    let expected = Break {
        number: 0,
        n_before: 0,
        start: at(12, 25),
        end: at(12, 55),
    };
    assert_eq!(plan.routes[0].breaks, [expected]);
    assert_eq!(plan.routes[0].stops[0].arrival, at(13, 5));
    assert_eq!(judge(&day, &plan).violations, []);
}

#[test]
fn breaks_after_so_much_work_come_before_it_is_done_and_behind_a_stop() {
    let places = |breaks: &[Break]| -> Vec<usize> { breaks.iter().map(|it| it.n_before).collect() };
    let orders = ["a", "b", "c"];
    let one = breaks(&long_ways(&[rest()]), &orders);
    assert_eq!(places(&one), [1]);
    let two = breaks(&long_ways(&[rest(), rest()]), &orders);
    assert_eq!(places(&two), [1, 2]);
    // From the end of the first break to the second: half an hour of driving, a minute at the door.
    assert_eq!(two[1].start - two[0].end, Seconds(1_860));
    let short = Fixture::new()
        .courier("anna", |courier| courier.breaks = vec![rest()])
        .order("a", (1_770, 0), |_| {})
        .build();
    assert_eq!(breaks(&short, &["a"]), [], "an hour is not too long");
}

#[test]
fn work_is_counted_from_the_break_before() {
    // Lunch is at 12:00 at the earliest: by then the work of the morning is longer than an hour.
    let day = day(&[lunch(), rest()], (10, 11), (13, 14));
    let all = breaks(&day, &["a", "b"]);
    let places: Vec<_> = all.iter().map(|it| (it.number, it.n_before)).collect();
    // The route ends at 13:21, less than an hour after lunch.
    assert_eq!(places, [(0, 1)]);
}

#[test]
fn a_break_that_is_missing_early_late_or_too_short_is_reported() {
    let day = day(&[lunch()], (10, 11), (13, 14));
    let broken_by = |change: &dyn Fn(&mut Plan)| -> Vec<(ConstraintKind, i64)> {
        let mut plan = plan(&day, &[sketch("anna", &["a", "b"])]);
        change(&mut plan);
        let violations = judge(&day, &plan).violations.into_iter();
        violations.map(|it| (it.constraint, it.amount)).collect()
    };
    let shift = |by: i64| {
        move |plan: &mut Plan| {
            let pause = &mut plan.routes[0].breaks[0];
            (pause.start, pause.end) = (pause.start + Seconds(by), pause.end + Seconds(by));
        }
    };
    let missing = broken_by(&|plan| plan.routes[0].breaks.clear());
    assert!(
        missing.contains(&(ConstraintKind::Break, 51 * 60)),
        "{missing:?}"
    );
    let early = broken_by(&shift(-60));
    assert!(early.contains(&(ConstraintKind::Break, 60)), "{early:?}");
    let late = broken_by(&shift(31 * 60));
    assert!(late.contains(&(ConstraintKind::Break, 60)), "{late:?}");
    let short = broken_by(&|plan| plan.routes[0].breaks[0].end.0 -= 60);
    assert!(
        short.contains(&(ConstraintKind::Inconsistent, 60)),
        "{short:?}"
    );
    let unknown = broken_by(&|plan| plan.routes[0].breaks[0].number = 1);
    assert_eq!(unknown, [(ConstraintKind::Inconsistent, 1)]);
}

#[test]
fn a_route_that_must_be_late_still_has_its_breaks() {
    let day = Fixture::new()
        .courier("anna", |courier| courier.breaks = vec![lunch()])
        .order("a", (600, 0), |order| {
            order.windows = vec![hours(9, 9)];
            order.service = Seconds(6 * 3_600);
        })
        .build();
    // From 12:30 on ten minutes to the door: three hours and forty minutes late.
    assert_eq!(broken(&day, &["a"]), [(ConstraintKind::TimeWindow, 13_200)]);
}

#[test]
fn a_break_that_cannot_be_in_time_is_reported() {
    let day = Fixture::new()
        .courier("anna", |courier: &mut Courier| {
            courier.breaks = vec![rest()]
        })
        .order("a", (3_700, 0), |_| {})
        .build();
    assert_eq!(broken(&day, &["a"]), [(ConstraintKind::Break, 160)]);
}

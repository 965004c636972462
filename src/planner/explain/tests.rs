//! Explanations and the last sweep, held against trying everything through the scheduler and the checker.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{SweepTerms, explain, last_sweep};
use crate::check::check;
use crate::model::fixture::{Fixture, arbitrary, at, courier_id, hours, order_id, sketch};
use crate::model::{
    BreakStart, ConstraintKind, CourierBreak, OrderId, Plan, Problem, Provenance, Relaxation,
    RouteSketch, TimeWindow, UnservedOrder, Verdict, Violation,
};
use crate::planner::initial::UNPINNED;
use crate::planner::schedule::schedule;
use crate::travel::TravelTimes;
use crate::units::{Load, Meters, Seconds};

/// Nothing is locked.
static FREE: SweepTerms<'_> = SweepTerms {
    pins: &UNPINNED,
    fleet_first: false,
};

/// What the checker says about `sketches`, coverage apart.
fn violations(problem: &Problem, sketches: &[RouteSketch]) -> Vec<Violation> {
    let travel = TravelTimes::new(problem);
    let plan = Plan {
        routes: schedule(problem, &travel, sketches).routes,
        unserved: Vec::new(),
        provenance: Provenance::not_searched(),
        verdict: Verdict::default(),
    };
    let mut violations = check(problem, &travel, &plan).violations;
    violations.retain(|violation| violation.constraint != ConstraintKind::Coverage);
    violations
}

fn explained(problem: &Problem, sketches: &[RouteSketch]) -> Vec<UnservedOrder> {
    let travel = TravelTimes::new(problem);
    let plan = schedule(problem, &travel, sketches);
    explain(problem, &travel, &plan.routes, &plan.unserved, &UNPINNED)
}

/// The only relaxation for the only order left out of `sketches`, as constraint, amount and subject.
fn relaxation(problem: &Problem, sketches: &[RouteSketch]) -> (ConstraintKind, i64, String) {
    let [unserved] = <[_; 1]>::try_from(explained(problem, sketches)).expect("one is left out");
    let relaxation = unserved.relaxation.expect("a single change does it");
    (relaxation.constraint, relaxation.amount, relaxation.subject)
}

#[test]
fn a_window_that_is_missed_is_to_end_as_much_later() {
    let day = Fixture::new()
        .courier("anna", |_| {})
        .order("a", (3_700, 0), |order| order.windows = vec![hours(8, 9)])
        .build();
    let [unserved] = <[_; 1]>::try_from(explained(&day, &[])).expect("one is left out");
    assert_eq!(unserved.obstacles[0].constraint, ConstraintKind::TimeWindow);
    assert_eq!(unserved.obstacles[0].shortfall, 100);
    assert_eq!(
        relaxation(&day, &[]),
        (ConstraintKind::TimeWindow, 100, String::new())
    );
}

#[test]
fn the_first_of_two_windows_can_be_the_one_to_end_later() {
    let day = Fixture::new()
        .courier("anna", |courier| courier.shift = hours(8, 12))
        .order("a", (3_700, 0), |order| {
            order.windows = vec![hours(8, 9), hours(14, 15)]
        })
        .build();
    assert_eq!(
        relaxation(&day, &[]),
        (ConstraintKind::TimeWindow, 100, String::new())
    );
}

#[test]
fn a_break_that_finds_no_place_is_what_stands_in_the_way() {
    let rest = CourierBreak {
        duration: Seconds(900),
        start: BreakStart::AfterWork(Seconds(3_600)),
    };
    let day = Fixture::new()
        .courier("anna", |courier| courier.breaks = vec![rest])
        .order("a", (3_700, 0), |_| {})
        .build();
    let [unserved] = <[_; 1]>::try_from(explained(&day, &[])).expect("one is left out");
    let obstacle = &unserved.obstacles[0];
    assert_eq!(
        (obstacle.constraint, obstacle.shortfall),
        (ConstraintKind::Break, 160)
    );
    assert_eq!(
        unserved.relaxation, None,
        "nobody is told to work on without it"
    );
}

#[test]
fn breaks_make_room_for_an_order_where_they_can() {
    let lunch = CourierBreak {
        duration: Seconds(1_800),
        start: BreakStart::Within(hours(12, 13)),
    };
    let day = Fixture::new()
        .courier("anna", |courier| courier.breaks = vec![lunch])
        .order("a", (600, 0), |order| order.windows = vec![hours(11, 12)])
        .order("b", (1_200, 0), |order| order.windows = vec![hours(13, 14)])
        .order("c", (1_200, 0), |order| {
            order.windows = vec![TimeWindow {
                start: at(12, 0),
                end: at(12, 20),
            }]
        })
        .build();
    let [unserved] = <[_; 1]>::try_from(explained(&day, &[sketch("anna", &["a", "b"])]))
        .expect("one is left out");
    assert_eq!((unserved.obstacles, unserved.relaxation), (vec![], None));
}

#[test]
fn a_full_vehicle_is_short_of_capacity() {
    let day = Fixture::new()
        .courier("anna", |courier| {
            courier.capacities.insert("kg".to_owned(), Load(5));
        })
        .order("a", (10, 0), |order| {
            order.loads.entry("kg".to_owned()).or_default().0 = 4
        })
        .order("b", (20, 0), |order| {
            order.loads.entry("kg".to_owned()).or_default().0 = 3
        })
        .build();
    let expected = (ConstraintKind::Capacity, 2, "kg".to_owned());
    assert_eq!(relaxation(&day, &[sketch("anna", &["a"])]), expected);
}

#[test]
fn a_short_time_comes_before_other_changes_and_a_long_one_after_them() {
    let day = |x| {
        Fixture::new()
            .courier("anna", |courier| courier.limits.max_stops = Some(0))
            .courier("boris", |courier| courier.shift = hours(8, 9))
            .order("a", (x, 0), |_| {})
            .build()
    };
    assert_eq!(
        relaxation(&day(2_000), &[]),
        (ConstraintKind::ShiftEnd, 460, String::new())
    );
    assert_eq!(
        relaxation(&day(9_000), &[]),
        (ConstraintKind::MaxStops, 1, String::new())
    );
}

#[test]
fn a_missing_skill_and_a_ban_are_told_apart() {
    let day = Fixture::new()
        .courier("anna", |_| {})
        .order("a", (10, 0), |order| {
            order.required_skills.insert("stairs".to_owned());
        })
        .order("b", (10, 0), |order| {
            order.forbidden_couriers.insert(courier_id("anna"));
        })
        .build();
    let found = explained(&day, &[]);
    let kinds: Vec<_> = found
        .iter()
        .map(|order| order.obstacles[0].constraint)
        .collect();
    assert_eq!(
        kinds,
        [ConstraintKind::Skill, ConstraintKind::CourierForbidden]
    );
    let subjects = found.iter().filter_map(|order| order.relaxation.as_ref());
    let subjects: Vec<_> = subjects.map(|change| change.subject.as_str()).collect();
    assert_eq!(subjects, ["stairs", ""]);
}

#[test]
fn two_constraints_in_the_way_have_no_single_change() {
    let day = Fixture::new()
        .courier("anna", |courier| {
            courier.limits.max_stops = Some(0);
            courier.limits.max_distance = Some(Meters(5));
        })
        .order("a", (10, 0), |_| {})
        .build();
    let [unserved] = <[_; 1]>::try_from(explained(&day, &[])).expect("one is left out");
    assert_eq!(unserved.relaxation, None);
    assert_eq!(unserved.obstacles[0].constraint, ConstraintKind::MaxStops);
}

#[test]
fn a_place_without_a_way_is_unreachable() {
    let day = Fixture::new()
        .courier("anna", |_| {})
        .order("a", (10, 0), |_| {})
        .no_way("depot", "a")
        .build();
    let [unserved] = <[_; 1]>::try_from(explained(&day, &[])).expect("one is left out");
    assert_eq!(
        unserved.obstacles[0].constraint,
        ConstraintKind::Unreachable
    );
}

#[test]
fn the_five_nearest_couriers_are_told_nearest_first() {
    let day = (0..7).fold(Fixture::new(), |day, number| {
        let mut day = day;
        let home = day.place(&format!("home-{number}"), (10 * (7 - number), 0));
        day.courier(&format!("c{number}"), |courier| {
            courier.start = crate::model::RouteStart::Place(home);
            courier.limits.max_stops = Some(0);
        })
    });
    let day = day.order("a", (5, 0), |_| {}).build();
    let [unserved] = <[_; 1]>::try_from(explained(&day, &[])).expect("one is left out");
    let couriers: Vec<_> = unserved
        .obstacles
        .iter()
        .map(|o| o.courier.as_str())
        .collect();
    assert_eq!(couriers, ["c6", "c5", "c4", "c3", "c2"]);
}

#[test]
fn a_change_says_after_which_stop_the_order_would_go() {
    let day = Fixture::new()
        .courier("anna", |courier| courier.limits.max_stops = Some(1))
        .order("a", (10, 0), |order| order.windows = vec![hours(8, 9)])
        .order("b", (20, 0), |order| order.windows = vec![hours(10, 11)])
        .build();
    let [unserved] = <[_; 1]>::try_from(explained(&day, &[sketch("anna", &["a"])])).expect("one");
    assert_eq!(unserved.order, order_id("b"));
    let relaxation = unserved.relaxation.expect("one more stop does it");
    assert_eq!(relaxation.after, Some(order_id("a")));
}

/// The routes of a day on which nothing is planned yet after a sweep over the orders at the positions `left`, and who is
/// left out then.
fn swept(day: &Problem, mut left: Vec<usize>) -> (Vec<RouteSketch>, Vec<usize>) {
    let mut sketches = Vec::new();
    let travel = TravelTimes::new(day);
    last_sweep(day, &travel, &mut sketches, &mut left, &FREE);
    (sketches, left)
}

#[test]
fn an_order_that_fits_is_explained_by_nothing_and_swept_in() {
    let day = Fixture::new()
        .courier("anna", |_| {})
        .order("a", (10, 0), |_| {})
        .build();
    let [unserved] = <[_; 1]>::try_from(explained(&day, &[])).expect("one is left out");
    assert_eq!((unserved.obstacles.len(), unserved.relaxation), (0, None));
    assert_eq!(swept(&day, vec![0]), (vec![sketch("anna", &["a"])], vec![]));
}

#[test]
fn required_orders_are_swept_in_first() {
    let day = Fixture::new()
        .courier("anna", |courier| courier.limits.max_stops = Some(1))
        .order("a", (10, 0), |order| {
            order.drop_policy = crate::model::DropPolicy::MayDrop { penalty: 1_000 };
        })
        .order("b", (900, 0), |_| {})
        .build();
    assert_eq!(
        swept(&day, vec![0, 1]),
        (vec![sketch("anna", &["b"])], vec![0])
    );
}

/// The sketches without the routes that break something.
fn sound(problem: &Problem, sketches: &[RouteSketch]) -> Vec<RouteSketch> {
    let is_sound =
        |sketch: &&RouteSketch| violations(problem, std::slice::from_ref(*sketch)).is_empty();
    sketches.iter().filter(is_sound).cloned().collect()
}

/// The sketch of `courier` with `order` after `after`, alone.
fn with_order(sketches: &[RouteSketch], relaxation: &Relaxation, order: &OrderId) -> RouteSketch {
    let known = sketches
        .iter()
        .find(|sketch| sketch.courier == relaxation.courier);
    let mut sketch = known.cloned().unwrap_or(RouteSketch {
        courier: relaxation.courier.clone(),
        orders: Vec::new(),
        start: None,
        reloads: Vec::new(),
    });
    let is_before = |id: &OrderId| Some(id) == relaxation.after.as_ref();
    let at = sketch
        .orders
        .iter()
        .position(is_before)
        .map_or(0, |at| at + 1);
    sketch.orders.insert(at, order.clone());
    sketch
}

/// The problems that `relaxation` of `order` by `amount` may mean: one for each window that could end later.
fn relaxed(
    problem: &Problem,
    order: &OrderId,
    relaxation: &Relaxation,
    amount: i64,
) -> Vec<Problem> {
    let mut day = problem.clone();
    let courier = day
        .couriers
        .iter_mut()
        .find(|courier| courier.id == relaxation.courier);
    let courier = courier.expect("named by the relaxation");
    let change = |limit: &mut Option<Seconds>| limit.iter_mut().for_each(|limit| limit.0 += amount);
    match relaxation.constraint {
        ConstraintKind::ShiftEnd => courier.shift.end.0 += amount,
        ConstraintKind::MaxDuty => change(&mut courier.limits.max_duty),
        ConstraintKind::MaxDistance => {
            courier
                .limits
                .max_distance
                .iter_mut()
                .for_each(|limit| limit.0 += amount);
        }
        ConstraintKind::MaxStops => {
            let more = u32::try_from(amount).expect("stops are few");
            courier
                .limits
                .max_stops
                .iter_mut()
                .for_each(|limit| *limit += more);
        }
        ConstraintKind::Capacity => {
            courier
                .capacities
                .get_mut(&relaxation.subject)
                .expect("limited")
                .0 += amount;
        }
        ConstraintKind::Skill => courier
            .skills
            .extend((amount > 0).then(|| relaxation.subject.clone())),
        ConstraintKind::TimeWindow => {
            let position = day.orders.iter().position(|other| other.id == *order);
            let position = position.expect("taken from the problem");
            let later = |window| {
                let mut day = day.clone();
                let window: &mut TimeWindow = &mut day.orders[position].windows[window];
                window.end.0 += amount;
                day
            };
            return (0..day.orders[position].windows.len()).map(later).collect();
        }
        ConstraintKind::LaterStop
        | ConstraintKind::CourierForbidden
        | ConstraintKind::Depot
        | ConstraintKind::Unreachable
        | ConstraintKind::NotReady
        | ConstraintKind::Inconsistent
        | ConstraintKind::Coverage
        | ConstraintKind::Locked
        | ConstraintKind::MaxReloads
        | ConstraintKind::Break => {}
    }
    vec![day]
}

proptest! {
    #[test]
    fn every_relaxation_admits_the_order_and_a_smaller_one_does_not(
        (problem, sketches) in arbitrary::sketched_day()
    ) {
        let sketches = sound(&problem, &sketches);
        for unserved in explained(&problem, &sketches) {
            let Some(change) = unserved.relaxation else { continue };
            let route = [with_order(&sketches, &change, &unserved.order)];
            let admits = |amount| {
                let days = relaxed(&problem, &unserved.order, &change, amount);
                days.iter().any(|day| violations(day, &route).is_empty())
            };
            prop_assert!(admits(change.amount), "{change:?}");
            // Breaks may find their places with less of another window.
            let courier = problem.courier(&change.courier).expect("named by the relaxation");
            let order = problem.order(&unserved.order).expect("left out of the problem's plan");
            if courier.breaks.is_empty() || order.service_windows().len() == 1 {
                prop_assert!(!admits(change.amount - 1), "{change:?}");
            }
        }
    }

    #[test]
    fn the_last_sweep_breaks_no_trip((problem, sketches) in arbitrary::trips_day()) {
        let travel = TravelTimes::new(&problem);
        let mut sketches = sound(&problem, &sketches);
        let mut unserved = schedule(&problem, &travel, &sketches).unserved;
        last_sweep(&problem, &travel, &mut sketches, &mut unserved, &FREE);
        prop_assert_eq!(violations(&problem, &sketches), []);
        prop_assert_eq!(&schedule(&problem, &travel, &sketches).unserved, &unserved);
    }

    #[test]
    fn after_the_last_sweep_nothing_can_be_inserted_and_nothing_is_broken(
        (problem, sketches) in arbitrary::sketched_day()
    ) {
        let travel = TravelTimes::new(&problem);
        let mut sketches = sound(&problem, &sketches);
        let mut unserved = schedule(&problem, &travel, &sketches).unserved;
        last_sweep(&problem, &travel, &mut sketches, &mut unserved, &FREE);
        prop_assert_eq!(violations(&problem, &sketches), []);
        prop_assert_eq!(&schedule(&problem, &travel, &sketches).unserved, &unserved);
        let routes: BTreeMap<_, _> = sketches.iter().map(|sketch| (&sketch.courier, sketch)).collect();
        for position in unserved {
            for courier in &problem.couriers {
                let orders = routes.get(&courier.id).map_or(vec![], |sketch| sketch.orders.clone());
                for at in 0..=orders.len() {
                    let mut orders = orders.clone();
                    orders.insert(at, problem.orders[position].id.clone());
                    let route = RouteSketch { courier: courier.id.clone(), orders, start: None, reloads: Vec::new() };
                    prop_assert!(!violations(&problem, &[route]).is_empty());
                }
            }
        }
    }
}

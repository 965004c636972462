//! Plans from initial plans: never worse, locks kept, few couriers where few are wanted.

use std::time::Duration;

use proptest::prelude::*;

use super::initial::initial_findings;
use super::reliability::Reliability;
use super::translate::{Fixed, Translation};
use super::{Cancel, PlanOptions, PlanProgress, Planned, evaluate, plan};
use crate::check::check_locks;
use crate::clock::Clock;
use crate::model::fixture::{Fixture, arbitrary, at, hours, initial_plan, sketch};
use crate::model::{
    BreakStart, ConstraintKind, CourierBreak, DropPolicy, InitialPlan, Lock, NoiseModel,
    OnTimeTarget, Plan, Problem, RouteSketch, StopLock, TimeWindow,
};
use crate::solver::control::Control;
use crate::solver::params::SearchParams;
use crate::solver::search::search_from;
use crate::travel::TravelTimes;
use crate::units::{Cost, ExactCost, Seconds};

fn options(iterations: u64) -> PlanOptions {
    PlanOptions {
        iteration_limit: Some(iterations),
        seed: 1,
        threads: 1,
        ..PlanOptions::default()
    }
}

fn planned(problem: &Problem, options: &PlanOptions) -> Planned {
    let travel = TravelTimes::new(problem);
    let (clock, cancel) = (Clock::start(), Cancel::default());
    plan(problem, &travel, options, &clock, &cancel, &mut |_| {}).unwrap()
}

fn from(problem: &Problem, initial: &InitialPlan, options: PlanOptions) -> Planned {
    let found = initial_findings(problem, initial);
    assert_eq!(found.errors, []);
    planned(
        problem,
        &PlanOptions {
            initial: Some(initial.clone()),
            ..options
        },
    )
}

fn sketches(plan: &Plan) -> Vec<RouteSketch> {
    let sketch = |route: &crate::model::Route| RouteSketch {
        courier: route.courier.clone(),
        orders: route.stops.iter().map(|stop| stop.order.clone()).collect(),
        start: Some(route.start),
        reloads: Vec::new(),
    };
    plan.routes.iter().map(sketch).collect()
}

/// What the strict tiers compare: promises broken, penalties, cost.
fn rank(problem: &Problem, plan: &Plan) -> (usize, i64, i64) {
    let penalty = |order: &crate::model::UnservedOrder| {
        let of = problem.orders.iter().find(|other| other.id == order.order);
        match of.unwrap().drop_policy {
            DropPolicy::MustServe => 0,
            DropPolicy::MayDrop { penalty } => penalty,
        }
    };
    let penalties = plan.unserved.iter().map(penalty).sum();
    (plan.broken_promises(), penalties, plan.cost().total().0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_plan_never_gets_worse_and_keeps_its_locks(
        (problem, sketches) in arbitrary::sketched_day(),
        iterations in 0..400_u64,
        choice in any::<u64>(),
    ) {
        // What the checker finds sound, whether a search or a dispatcher made it.
        let given = evaluate(&problem, &TravelTimes::new(&problem), &sketches);
        let searched = planned(&problem, &options(50)).plan;
        for plan in [given, searched] {
            let routes = self::sketches(&plan);
            let mut initial = InitialPlan { locks: some_locks(&routes, choice), routes };
            if !initial_findings(&problem, &initial).errors.is_empty() {
                initial.locks.clear();
            }
            let again = from(&problem, &initial, options(iterations));
            prop_assert_eq!(check_locks(&initial, &again.plan), []);
            if plan.verdict.is_feasible() {
                prop_assert!(again.plan.verdict.is_feasible());
                prop_assert!(rank(&problem, &again.plan) <= rank(&problem, &plan));
                prop_assert_eq!(again.notes, []);
            }
        }
    }
}

/// Locks that only loosen along each route, chosen by the bits of `choice`.
fn some_locks(routes: &[RouteSketch], choice: u64) -> Vec<StopLock> {
    let mut locks = Vec::new();
    for (row, route) in routes.iter().enumerate() {
        let choice = choice.rotate_left(7 * u32::try_from(row).unwrap());
        let n_locked = usize::try_from(choice % 8).unwrap();
        for (place, order) in route.orders.iter().take(n_locked).enumerate() {
            let lock = match (choice >> 8) % 3 {
                0 => Lock::Done,
                1 if place == 0 => Lock::InProgress,
                1 => Lock::FixedCourierAndOrder,
                _ => Lock::FixedCourier,
            };
            locks.push(StopLock {
                order: order.clone(),
                lock,
            });
        }
    }
    locks
}

/// Two couriers, a line of orders.
fn line() -> Fixture {
    Fixture::new()
        .courier("anna", |_| {})
        .courier("boris", |_| {})
        .order("a", (100, 0), |_| {})
        .order("b", (200, 0), |_| {})
        .order("c", (300, 0), |_| {})
}

#[test]
fn new_orders_are_inserted_even_without_time() {
    let day = line().build();
    let given = initial_plan(&[sketch("boris", &["a", "c"])], &[]);
    let no_time = PlanOptions {
        time_budget: Some(Duration::ZERO),
        iteration_limit: None,
        ..options(0)
    };
    let planned = from(&day, &given, no_time);
    assert_eq!(planned.plan.unserved, []);
    assert_eq!(planned.plan.routes[0].courier.as_str(), "boris");
    assert_eq!(planned.notes, []);
}

#[test]
fn couriers_keep_the_routes_they_had() {
    let day = line().build();
    let plan = from(
        &day,
        &initial_plan(&[sketch("boris", &["a", "b", "c"])], &[]),
        options(500),
    )
    .plan;
    let couriers: Vec<&str> = plan
        .routes
        .iter()
        .map(|route| route.courier.as_str())
        .collect();
    assert_eq!(couriers, ["boris"]);
}

#[test]
fn what_does_not_fit_any_more_is_named_and_placed_anew() {
    let day = line()
        .order("early", (0, 500), |order| order.windows = vec![hours(8, 9)])
        .build();
    // Nobody can be at the far end at nine with the whole morning before it.
    let late = Fixture::new()
        .courier("anna", |courier| courier.limits.max_stops = Some(2))
        .courier("boris", |_| {})
        .order("a", (100, 0), |_| {})
        .order("b", (200, 0), |_| {})
        .order("c", (300, 0), |_| {})
        .build();
    let planned = from(
        &late,
        &initial_plan(&[sketch("anna", &["a", "b", "c"])], &[]),
        options(500),
    );
    assert_eq!(planned.plan.unserved, []);
    assert_eq!(planned.notes.len(), 1);
    assert!(planned.notes[0].field.starts_with("routes[0].order_ids["));
    assert!(planned.notes[0].message.contains("anna"));
    assert!(planned.plan.verdict.is_feasible());
    let fits = from(
        &day,
        &initial_plan(&[sketch("anna", &["a", "early"])], &[]),
        options(100),
    );
    assert_eq!(fits.notes, []);
}

#[test]
fn a_locked_prefix_stays_though_it_costs_more() {
    let day = line().build();
    let route = sketch("anna", &["c", "a", "b"]);
    let free = from(
        &day,
        &initial_plan(std::slice::from_ref(&route), &[]),
        options(500),
    )
    .plan;
    let locks = [
        ("c", Lock::FixedCourierAndOrder),
        ("a", Lock::FixedCourierAndOrder),
    ];
    let locked = from(&day, &initial_plan(&[route], &locks), options(500)).plan;
    assert!(locked.total_cost() > free.total_cost());
    let orders: Vec<&str> = locked.routes[0]
        .stops
        .iter()
        .map(|stop| stop.order.as_str())
        .collect();
    assert_eq!(orders[..2], ["c", "a"]);
    assert!(locked.verdict.is_feasible());
}

#[test]
fn a_late_stop_that_is_done_is_borne_and_the_rest_is_planned() {
    let day = Fixture::new()
        .courier("anna", |_| {})
        .order("late", (100, 0), |order| order.windows = vec![hours(8, 9)])
        .order("b", (200, 0), |_| {})
        .build();
    let mut route = sketch("anna", &["late"]);
    route.start = Some(at(9, 30));
    let planned = from(
        &day,
        &initial_plan(&[route], &[("late", Lock::Done)]),
        options(200),
    );
    let plan = planned.plan;
    assert_eq!(plan.routes[0].start, at(9, 30));
    assert_eq!(plan.unserved, []);
    let kinds: Vec<_> = plan
        .verdict
        .violations
        .iter()
        .map(|it| it.constraint)
        .collect();
    assert_eq!(kinds, [ConstraintKind::TimeWindow]);
}

#[test]
fn locked_stops_that_cannot_be_are_kept_and_nothing_is_added_to_them() {
    let day = line()
        .courier("vera", |courier| courier.limits.max_stops = Some(1))
        .build();
    let route = sketch("vera", &["a", "b"]);
    let locks = [("a", Lock::Done), ("b", Lock::InProgress)];
    let planned = from(
        &day,
        &initial_plan(std::slice::from_ref(&route), &locks),
        options(200),
    );
    let kept = planned
        .plan
        .routes
        .iter()
        .find(|it| it.courier == route.courier)
        .unwrap();
    assert_eq!(kept.stops.len(), 2);
    assert_eq!(planned.plan.unserved, []);
    assert_eq!(planned.notes.len(), 1);
    assert_eq!(planned.notes[0].field, "routes[0]");
    assert!(!planned.plan.verdict.is_feasible());
}

#[test]
fn who_has_started_can_neither_load_what_came_later_nor_forget_a_break() {
    let pause = CourierBreak {
        duration: Seconds(1_800),
        start: BreakStart::Within(TimeWindow {
            start: at(8, 50),
            end: at(9, 10),
        }),
    };
    let day = Fixture::new()
        .courier("anna", |courier| courier.breaks = vec![pause])
        .courier("boris", |_| {})
        .order("a", (100, 0), |order| order.windows = vec![hours(10, 11)])
        .order("b", (110, 0), |order| order.ready = Some(at(9, 5)))
        .build();
    let route = RouteSketch {
        start: Some(at(9, 0)),
        ..sketch("anna", &["a"])
    };
    let planned = from(
        &day,
        &initial_plan(&[route], &[("a", Lock::InProgress)]),
        options(200),
    );
    assert!(planned.plan.verdict.is_feasible());
    let of: Vec<_> = (planned.plan.routes.iter())
        .map(|route| (route.courier.as_str(), route.breaks.len()))
        .collect();
    assert_eq!(of, [("anna", 1), ("boris", 0)]);
}

#[test]
fn a_bound_order_stays_with_its_courier_though_the_other_is_there_already() {
    let day = Fixture::new()
        .courier("anna", |_| {})
        .courier("boris", |_| {})
        .order("a", (1_000, 0), |_| {})
        .order("b", (1_001, 0), |_| {})
        .build();
    let routes = [sketch("anna", &["a"]), sketch("boris", &["b"])];
    let free = from(&day, &initial_plan(&routes, &[]), options(300)).plan;
    assert_eq!(free.routes.len(), 1);
    let locks = [("a", Lock::FixedCourier), ("b", Lock::FixedCourier)];
    let bound = from(&day, &initial_plan(&routes, &locks), options(300)).plan;
    assert_eq!(bound.routes.len(), 2);
}

#[test]
fn fewer_couriers_come_before_cost_only_if_that_is_asked_for() {
    // Far apart, on both sides of the depot: one courier for both is on the road for longer and pays overtime.
    let day = Fixture::new()
        .courier("anna", |courier| {
            courier.limits.regular_duty = Some(Seconds(3_000));
            courier.costs.overtime_per_hour = Cost(10_000);
        })
        .courier("boris", |courier| {
            courier.limits.regular_duty = Some(Seconds(3_000));
            courier.costs.overtime_per_hour = Cost(10_000);
        })
        .order("east", (1_400, 0), |_| {})
        .order("west", (-1_400, 0), |_| {})
        .order("drop", (0, 50), |order| {
            order.drop_policy = DropPolicy::MayDrop { penalty: 1 };
        })
        .build();
    let cheap = planned(&day, &options(500)).plan;
    let few = PlanOptions {
        fleet_first: true,
        ..options(500)
    };
    let small = planned(&day, &few).plan;
    assert_eq!((cheap.routes.len(), small.routes.len()), (2, 1));
    assert_eq!((cheap.unserved.len(), small.unserved.len()), (0, 0));
    assert!(small.total_cost() > cheap.total_cost());
}

/// One courier, paid by the hour, and a first door that is open for `minutes`.
fn paid_day(minutes: i64) -> Problem {
    let first = TimeWindow {
        start: at(14, 0),
        end: at(14, minutes),
    };
    Fixture::new()
        .courier("anna", |courier| courier.costs.per_hour = Cost(1_000))
        .order("a", (600, 0), |order| order.windows = vec![first])
        .order("b", (1_200, 0), |order| order.windows = vec![hours(15, 17)])
        .build()
}

fn for_target(expected: f64, iterations: u64) -> PlanOptions {
    PlanOptions {
        reliability: Some(Reliability {
            target: OnTimeTarget {
                expected,
                floor: None,
            },
            noise: NoiseModel::default(),
            grace: Seconds::ZERO,
        }),
        ..options(iterations)
    }
}

#[test]
fn a_plan_sent_back_for_a_target_keeps_the_early_starts_that_it_needs() {
    let day = paid_day(5);
    let first = planned(&day, &for_target(0.999, 20));
    let late = planned(&day, &options(20)).plan;
    assert!(first.plan.routes[0].start < late.routes[0].start);
    let initial = initial_plan(&sketches(&first.plan), &[]);
    let again = from(&day, &initial, for_target(0.999, 20));
    assert_eq!(again.plan.routes, first.plan.routes);
    assert_eq!(again.rehearsed, first.rehearsed);
    let initial = initial_plan(&sketches(&late), &[]);
    let mended = from(&day, &initial, for_target(0.999, 20));
    assert_eq!(mended.plan.routes, first.plan.routes);
}

#[test]
fn an_earlier_start_than_the_rule_has_is_kept_if_it_brings_the_plan_nearer_to_the_target() {
    let day = paid_day(5);
    let mut route = sketch("anna", &["a", "b"]);
    route.start = Some(at(13, 0));
    let again = from(&day, &initial_plan(&[route], &[]), for_target(0.999, 20));
    assert_eq!(again.plan.routes[0].start, at(13, 0));
}

#[test]
fn a_target_that_is_met_anyway_costs_nothing() {
    let day = paid_day(59);
    let cheap = planned(&day, &options(20)).plan;
    let reliable = planned(&day, &for_target(0.5, 20));
    assert!(
        reliable.rehearsed.unwrap() > 0.5,
        "{:?}",
        reliable.rehearsed
    );
    assert_eq!(reliable.plan.total_cost(), cheap.total_cost());
    assert_eq!(reliable.plan.routes[0].start, cheap.routes[0].start);
    assert_eq!(reliable.plan.routes, cheap.routes);
}

#[test]
fn progress_for_a_target_tells_the_cost_with_the_starts_that_it_takes() {
    let day = paid_day(5);
    let first = planned(&day, &for_target(0.999, 20)).plan;
    let travel = TravelTimes::new(&day);
    let (clock, cancel) = (Clock::start(), Cancel::default());
    let mut told = Vec::new();
    let mut tell = |progress: &PlanProgress| told.push(progress.cost);
    // Sent back, the plan is the first one that is told of.
    let options = PlanOptions {
        initial: Some(initial_plan(&sketches(&first), &[])),
        ..for_target(0.999, 20)
    };
    let again = plan(&day, &travel, &options, &clock, &cancel, &mut tell).unwrap();
    assert_eq!(again.plan.total_cost(), first.total_cost());
    assert_eq!(told.first(), Some(&first.total_cost()), "{told:?}");
}

#[test]
fn a_search_cancelled_before_it_began_has_a_plan_only_if_one_was_given() {
    let day = line().build();
    let travel = TravelTimes::new(&day);
    let (clock, cancel) = (Clock::start(), Cancel::default());
    cancel.cancel();
    let planned =
        |options: &PlanOptions| plan(&day, &travel, options, &clock, &cancel, &mut |_| {}).unwrap();
    assert!(!planned(&options(20)).is_usable);
    let given = PlanOptions {
        initial: Some(initial_plan(&[sketch("anna", &["a", "b"])], &[])),
        ..options(20)
    };
    let kept = planned(&given);
    assert!(kept.is_usable);
    assert_eq!(kept.plan.routes[0].stops.len(), 2);
    assert_eq!(kept.plan.broken_promises(), 1);
}

#[test]
fn a_courier_who_began_before_the_shift_keeps_all_stops() {
    let day = Fixture::new()
        .courier("anna", |courier| courier.shift = hours(9, 18))
        .courier("boris", |_| {})
        .order("a", (100, 0), |order| order.windows = vec![hours(8, 10)])
        .order("b", (200, 0), |_| {})
        .order("c", (300, 0), |_| {})
        .build();
    let mut route = sketch("anna", &["a", "b", "c"]);
    route.start = Some(at(8, 30));
    let planned = from(
        &day,
        &initial_plan(&[route], &[("a", Lock::Done)]),
        options(100),
    );
    assert_eq!(planned.notes, []);
    let plan = planned.plan;
    assert_eq!((plan.routes.len(), plan.routes[0].stops.len()), (1, 3));
    assert_eq!(plan.routes[0].start, at(8, 30));
    let kinds: Vec<_> = plan
        .verdict
        .violations
        .iter()
        .map(|it| it.constraint)
        .collect();
    assert_eq!(kinds, [ConstraintKind::Inconsistent]);
}

#[test]
fn stops_behind_locked_ones_that_cannot_be_are_named() {
    let day = line()
        .courier("vera", |courier| courier.limits.max_stops = Some(1))
        .build();
    let route = sketch("vera", &["a", "b", "c"]);
    let locks = [("a", Lock::Done), ("b", Lock::InProgress)];
    let planned = from(&day, &initial_plan(&[route], &locks), options(200));
    let named: Vec<(&str, &str)> = (planned.notes.iter())
        .map(|note| (note.field.as_str(), note.subject.as_str()))
        .collect();
    assert_eq!(
        named,
        [("routes[0].order_ids[2]", "c"), ("routes[0]", "vera")]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_is_searched_for_holds_and_costs_no_more_than_the_search_said(
        mut problem in prop_oneof![
            arbitrary::day(),
            arbitrary::trips_day().prop_map(|(problem, _)| problem),
        ]
    ) {
        // The search may wait for a preferred window where the schedule does not.
        for order in &mut problem.orders {
            order.preference = None;
        }
        let travel = TravelTimes::new(&problem);
        let translation = Translation::new(&problem, &travel, &Fixed::default(), &|| false);
        let params = SearchParams {
            seed: 1,
            time_limit: None,
            iteration_limit: Some(200),
            stagnation_limit: None,
        };
        let mut control = Control {
            clock: &Clock::start(),
            is_cancelled: &|| false,
            on_progress: &mut |_| {},
        };
        let found = search_from(&translation.target, &params, None, &mut control).solution;
        let sketches = translation.sketches(&problem, &found, &[]);
        let absent = found.absent.iter();
        let dropped: i64 = absent.map(|&client| translation.target.drop_cost(client)).sum();
        let plan = evaluate(&problem, &travel, &sketches);
        let cost: ExactCost = plan.routes.iter().map(|route| route.cost.total()).sum();
        prop_assert!(cost.0 <= found.cost - dropped);
        prop_assert_eq!(plan.verdict.violations, []);
    }
}

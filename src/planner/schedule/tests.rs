//! Scheduled plans before the independent checker: sound ones hold, and whatever is broken in them is found.

mod breaks;
mod figures;

use super::schedule;
use crate::check::check;
use crate::model::fixture::{Fixture, at, courier_id, depot_id, hours, order_id, sketch};
use crate::model::{
    ConstraintKind, Plan, Problem, Provenance, ReloadSketch, RouteSketch, UnservedOrder, Verdict,
};
use crate::travel::TravelTimes;
use crate::units::{ExactCost, Load, Meters, Seconds};

fn plan(problem: &Problem, sketches: &[RouteSketch]) -> Plan {
    let schedule = schedule(problem, &TravelTimes::new(problem), sketches);
    let unserved = schedule.unserved.iter();
    let unserved = unserved.map(|&position| UnservedOrder::unexplained(&problem.orders[position]));
    Plan {
        routes: schedule.routes,
        unserved: unserved.collect(),
        provenance: Provenance::not_searched(),
        verdict: Verdict::default(),
    }
}

fn judge(problem: &Problem, plan: &Plan) -> Verdict {
    check(problem, &TravelTimes::new(problem), plan)
}

/// What is broken when `orders` are served in this sequence, as pairs of constraint and amount.
fn broken(problem: &Problem, orders: &[&str]) -> Vec<(ConstraintKind, i64)> {
    let verdict = judge(problem, &plan(problem, &[sketch("anna", orders)]));
    let pair = |violation: &crate::model::Violation| (violation.constraint, violation.amount);
    verdict.violations.iter().map(pair).collect()
}

#[test]
fn late_stop_is_reported_with_its_size() {
    let day = Fixture::new()
        .courier("anna", |_| {})
        .order("a", (3_660, 0), |order| order.windows = vec![hours(8, 9)])
        .build();
    let verdict = judge(&day, &plan(&day, &[sketch("anna", &["a"])]));
    let violation = &verdict.violations[0];
    assert_eq!(violation.constraint, ConstraintKind::TimeWindow);
    assert_eq!(violation.amount, 60);
    assert_eq!(violation.order, Some(order_id("a")));
    assert_eq!(
        violation.message,
        "courier `anna`, order `a`: service starts 60 s after the last window"
    );
}

#[test]
fn a_route_beyond_the_shift_is_reported() {
    let day = Fixture::new()
        .courier("anna", |courier| courier.shift = hours(8, 9))
        .order("a", (2_000, 0), |_| {})
        .build();
    assert_eq!(broken(&day, &["a"]), [(ConstraintKind::ShiftEnd, 460)]);
}

#[test]
fn every_limit_is_reported_with_its_excess() {
    let day = Fixture::new()
        .courier("anna", |courier| {
            courier.limits.max_stops = Some(1);
            courier.limits.max_distance = Some(Meters(1_500));
            courier.limits.max_duty = Some(Seconds(300));
            courier.capacities.insert("kg".to_owned(), Load(1));
        })
        .order("a", (50, 0), |_| {})
        .order("b", (100, 0), |_| {})
        .build();
    assert_eq!(
        broken(&day, &["a", "b"]),
        [
            (ConstraintKind::Capacity, 1),
            (ConstraintKind::MaxStops, 1),
            (ConstraintKind::MaxDistance, 500),
            (ConstraintKind::MaxDuty, 20),
        ]
    );
}

#[test]
fn a_courier_who_may_not_serve_an_order_is_reported() {
    let day = Fixture::new()
        .depot("other", (5, 5))
        .courier("anna", |_| {})
        .order("a", (50, 0), |order| {
            order.required_skills.insert("stairs".to_owned());
            order.forbidden_couriers.insert(courier_id("anna"));
            order
                .depots
                .insert(crate::model::fixture::depot_id("other"));
        })
        .build();
    let kinds: Vec<_> = broken(&day, &["a"])
        .into_iter()
        .map(|(kind, _)| kind)
        .collect();
    let expected = [
        ConstraintKind::Skill,
        ConstraintKind::CourierForbidden,
        ConstraintKind::Depot,
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn a_way_that_does_not_exist_is_reported_once() {
    let day = Fixture::new()
        .courier("anna", |_| {})
        .order("a", (50, 0), |_| {})
        .no_way("a", "depot")
        .build();
    assert_eq!(broken(&day, &["a"]), [(ConstraintKind::Unreachable, 1)]);
}

#[test]
fn loading_before_the_goods_are_ready_is_reported() {
    let day = Fixture::new()
        .courier("anna", |_| {})
        .order("a", (50, 0), |order| order.ready = Some(at(9, 0)))
        .build();
    let mut early = sketch("anna", &["a"]);
    early.start = Some(at(8, 58));
    let verdict = judge(&day, &plan(&day, &[early]));
    assert_eq!(verdict.violations.len(), 1);
    assert_eq!(verdict.violations[0].constraint, ConstraintKind::NotReady);
    assert_eq!(verdict.violations[0].amount, 120);
}

/// Two orders of 3 kg, of which the vehicle holds 4 kg, and a minute of loading.
fn two_trips() -> (Problem, RouteSketch) {
    let heavy = |order: &mut crate::model::Order| {
        order.loads.insert("kg".to_owned(), Load(3));
    };
    let day = Fixture::new()
        .loading(Seconds(60))
        .courier("anna", |courier| {
            courier.capacities.insert("kg".to_owned(), Load(4));
            courier.reload_depots.insert(depot_id("depot"));
        })
        .order("a", (50, 0), heavy)
        .order("b", (0, 20), |order| {
            heavy(order);
            order.ready = Some(at(9, 0));
        })
        .build();
    let mut route = sketch("anna", &["a", "b"]);
    route.reloads.push(ReloadSketch {
        depot: depot_id("depot"),
        n_before: 1,
    });
    (day, route)
}

#[test]
fn between_two_trips_the_courier_drives_back_waits_for_the_goods_and_loads() {
    let (day, mut route) = two_trips();
    route.start = Some(at(8, 50));
    let plan = plan(&day, &[route]);
    assert_eq!(judge(&day, &plan).violations, []);
    let route = &plan.routes[0];
    let [reload] = &route.reloads[..] else {
        panic!("there is one reload");
    };
    assert_eq!(reload.arrival, at(8, 51) + Seconds(50 + 60 + 50));
    assert_eq!(reload.loading_start, at(9, 0));
    assert_eq!(reload.departure, at(9, 1));
    assert_eq!(reload.load_at_departure["kg"], Load(3));
    assert_eq!(route.stops[0].load_after["kg"], Load(0));
    assert_eq!(route.peak_load["kg"], Load(3));
    assert_eq!(route.distance, Meters(10 * (50 + 50 + 20 + 20)));
    assert_eq!(route.waiting, at(9, 0) - reload.arrival);
    assert_eq!(route.end, at(9, 1) + Seconds(20 + 60 + 20));
}

#[test]
fn a_route_of_two_trips_starts_as_late_as_costs_no_time() {
    let (day, route) = two_trips();
    let plan = plan(&day, &[route]);
    assert_eq!(judge(&day, &plan).violations, []);
    assert_eq!(plan.routes[0].waiting, Seconds(0));
    assert_eq!(plan.routes[0].reloads[0].arrival, at(9, 0));
}

#[test]
fn a_reload_that_the_courier_may_not_make_is_reported() {
    let (mut day, route) = two_trips();
    day.couriers[0].max_reloads = Some(0);
    day.couriers[0].reload_depots.clear();
    let kinds: Vec<_> = judge(&day, &plan(&day, &[route]))
        .violations
        .into_iter()
        .map(|violation| violation.constraint)
        .collect();
    assert_eq!(kinds, [ConstraintKind::Depot, ConstraintKind::MaxReloads]);
}

#[test]
fn goods_must_be_stocked_where_their_trip_begins() {
    let (mut day, route) = two_trips();
    day.orders[1].depots.insert(depot_id("other"));
    let verdict = judge(&day, &plan(&day, &[route]));
    assert_eq!(verdict.violations.len(), 1);
    assert_eq!(verdict.violations[0].constraint, ConstraintKind::Depot);
    assert_eq!(verdict.violations[0].order, Some(order_id("b")));
}

#[test]
fn a_reload_that_is_not_between_two_stops_is_reported() {
    let (day, route) = two_trips();
    let mut plan = plan(&day, &[route]);
    plan.routes[0].reloads[0].n_before = 2;
    let verdict = judge(&day, &plan);
    assert_eq!(verdict.violations.len(), 1);
    assert_eq!(
        verdict.violations[0].constraint,
        ConstraintKind::Inconsistent
    );
}

#[test]
fn waiting_longer_than_needed_is_allowed() {
    let day = Fixture::new()
        .courier("anna", |_| {})
        .order("a", (50, 0), |_| {})
        .build();
    let mut plan = plan(&day, &[sketch("anna", &["a"])]);
    let idle = Seconds(100);
    let route = &mut plan.routes[0];
    let stop = &mut route.stops[0];
    stop.service_start = stop.service_start + idle;
    stop.departure = stop.departure + idle;
    stop.slack -= idle;
    route.end = route.end + idle;
    route.waiting += idle;
    route.cost.time = ExactCost::of_time(route.end - route.start, crate::units::Cost(100));
    assert_eq!(judge(&day, &plan).violations, []);
}

#[test]
fn an_order_served_twice_or_forgotten_is_reported() {
    let day = Fixture::new()
        .courier("anna", |_| {})
        .order("a", (50, 0), |_| {})
        .order("b", (60, 0), |_| {})
        .build();
    let mut plan = plan(&day, &[sketch("anna", &["a", "a"])]);
    plan.unserved.clear();
    let messages: Vec<_> = judge(&day, &plan)
        .violations
        .into_iter()
        .map(|v| v.message)
        .collect();
    assert_eq!(
        messages,
        [
            "order `a` is served 2 times",
            "order `b` is neither served nor listed as unserved"
        ]
    );
}

#[test]
fn figures_at_the_ends_of_time_are_refused_without_a_panic() {
    let day = Fixture::new()
        .courier("anna", |_| {})
        .order("a", (50, 0), |_| {})
        .build();
    let mut plan = plan(&day, &[sketch("anna", &["a"])]);
    plan.routes[0].end.0 = i64::MAX;
    plan.routes[0].distance.0 = i64::MIN;
    assert!(!judge(&day, &plan).is_feasible());
}

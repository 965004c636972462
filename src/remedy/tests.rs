//! What holds of remedies and repairs, on generated days under way.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use proptest::prelude::*;

use super::*;
use crate::clock::Clock;
use crate::day::{Event, LiveDay, LiveTerms, Report, StopState, Whereabouts};
use crate::forecast::realize;
use crate::generate::{DaySpec, generate};
use crate::model::{
    CourierId, EventId, NoiseModel, Order, OrderId, Plan, Problem, Reason, RecordedPurpose,
    TimeWindow,
};
use crate::planner::{Cancel, PlanOptions, plan};
use crate::travel::TravelTimes;
use crate::units::{Seconds, Timestamp};

/// A generated day with a plan.
pub(super) fn planned() -> &'static (Arc<Problem>, Plan) {
    static PLANNED: OnceLock<(Arc<Problem>, Plan)> = OnceLock::new();
    PLANNED.get_or_init(|| {
        let problem = generate(&DaySpec {
            orders: 60,
            couriers: 6,
            ..DaySpec::small()
        });
        let options = PlanOptions {
            iteration_limit: Some(300),
            threads: 1,
            seed: 1,
            ..PlanOptions::default()
        };
        let travel = TravelTimes::new(&problem);
        let cancel = Cancel::default();
        let found = plan(
            &problem,
            &travel,
            &options,
            &Clock::start(),
            &cancel,
            &mut |_| {},
        );
        let plan = found.unwrap().plan;
        (Arc::new(problem), plan)
    })
}

/// What couriers report of the day up to `until`, which comes as `seed` says.
fn reports(until: Timestamp, seed: u64) -> Vec<Report> {
    let (problem, plan) = planned();
    let travel = TravelTimes::new(problem);
    let noise = NoiseModel::default();
    let mut events = Vec::new();
    for route in realize(problem, &travel, plan, &noise, seed, 0) {
        let courier = || route.courier.clone();
        events.push((route.departure, Event::Departed { courier: courier() }));
        for stop in &route.stops {
            let RecordedPurpose::Order(order) = &stop.purpose else {
                continue;
            };
            let order = || order.id.clone();
            let arrived = Event::Arrived {
                courier: courier(),
                order: order(),
            };
            let delivered = Event::Delivered {
                courier: courier(),
                order: order(),
            };
            events.push((stop.arrival, arrived));
            events.push((stop.departure, delivered));
        }
    }
    events.sort_by_key(|(at, _)| *at);
    let events = events.into_iter().filter(|(at, _)| *at <= until);
    let report = |(number, (at, event)): (usize, (Timestamp, Event))| Report {
        id: EventId::parse(&format!("event-{number}")).unwrap(),
        at,
        reported_at: at,
        event,
    };
    events.enumerate().map(report).collect()
}

/// The day as it is at `now`.
pub(super) fn lived(now: Timestamp, seed: u64) -> LiveDay {
    let (problem, plan) = planned();
    let terms = LiveTerms {
        days: 128,
        ..LiveTerms::default()
    };
    let mut live = LiveDay::new(Arc::clone(problem), plan, &terms);
    for report in reports(now, seed) {
        live.report(report).unwrap();
    }
    live.tick(now);
    live
}

/// The moment at which this share of the day is over.
pub(super) fn moment(share: f64) -> Timestamp {
    let (_, plan) = planned();
    let start = plan.routes.iter().map(|route| route.start).min().unwrap();
    let end = plan.routes.iter().map(|route| route.end).max().unwrap();
    #[expect(clippy::cast_possible_truncation, reason = "days are short")]
    let passed = (share * (end - start).0 as f64) as i64;
    start + Seconds(passed)
}

pub(super) fn broken(live: &mut LiveDay, courier: &CourierId) {
    let at = live.now();
    let event = Event::BrokenDown {
        courier: courier.clone(),
        until: None,
        note: String::new(),
    };
    let id = EventId::parse("broken").unwrap();
    let report = Report {
        id,
        at,
        reported_at: at,
        event,
    };
    live.report(report).unwrap();
}

/// The courier with most stops to come of those who have left.
pub(super) fn busiest(live: &LiveDay) -> Option<CourierId> {
    let day = live.day();
    let couriers = day.couriers().iter().zip(day.roster().routes());
    let busy = couriers.filter(|(state, _)| state.departure().is_some());
    let busy = busy.max_by_key(|(state, _)| state.ahead().count());
    let (state, route) = busy?;
    (state.ahead().count() > 1).then(|| route.courier.clone())
}

/// By order: who is to come.
pub(super) fn drivers(live: &LiveDay) -> BTreeMap<OrderId, CourierId> {
    let day = live.day();
    let mut drivers = BTreeMap::new();
    for (state, route) in day.couriers().iter().zip(day.roster().routes()) {
        for stop in state.ahead() {
            drivers.insert(route.stops[stop].order.clone(), route.courier.clone());
        }
    }
    drivers
}

/// Promises expected to be broken of those that are still to come.
fn late(live: &LiveDay) -> f64 {
    let couriers = 0..live.day().roster().routes().len();
    let outlooks = couriers.map(|courier| live.outlook(courier, live.now()));
    let stops = outlooks.flat_map(|outlook| outlook.stops);
    stops.map(|stop| 1.0 - stop.on_time).sum()
}

pub(super) fn request(moves_max: usize) -> RepairRequest {
    RepairRequest {
        moves_max,
        time_limit: None,
        iteration_limit: Some(60),
        ..RepairRequest::default()
    }
}

fn any_goods() -> impl Strategy<Value = Goods> {
    prop_oneof![
        Just(Goods::OnBoard),
        Just(Goods::AtDepot),
        Just(Goods::Everywhere)
    ]
}

#[test]
fn what_a_broken_down_vehicle_had_on_board_is_taken_over_where_it_stands() {
    let mut live = lived(moment(0.3), 1);
    let courier = busiest(&live).unwrap();
    broken(&mut live, &courier);
    let number = live.day().roster().courier(&courier).unwrap();
    let waiting = live.day().couriers()[number].ahead().count();
    let found = repair(&live, &request(20)).unwrap();
    assert!(found.before.late >= waiting as f64);
    assert!(found.after.late < found.before.late - 1.0, "{found:#?}");
    let meetings = found.replan.routes.iter().flat_map(|route| &route.reloads);
    assert!(meetings.count() > 0);
    assert_eq!(found.replan.depots.len(), 1);
    let saved = found
        .changes
        .iter()
        .filter(|change| change.why == Why::Breakdown);
    for change in saved {
        assert_eq!(change.from.as_ref(), Some(&courier));
        assert!(change.on_time_before < 1e-9 && change.arrival_before.is_none());
        assert!(change.arrival_after.is_some());
    }
    let expected = found.after.late - found.before.late;
    let before = late(&live);
    live.replan(&found.replan).unwrap();
    // What was promised of the change is what the day then expects.
    assert!((late(&live) - before - expected).abs() < 0.6, "{expected}");
}

#[test]
fn late_in_the_day_as_many_are_saved_as_shifts_have_time_for() {
    let mut saved = 0;
    for (share, seed) in [(0.55, 1), (0.6, 2), (0.65, 3), (0.7, 4)] {
        let mut live = lived(moment(share), seed);
        let Some(courier) = busiest(&live) else {
            continue;
        };
        broken(&mut live, &courier);
        let asked = RepairRequest {
            iteration_limit: Some(200),
            ..request(20)
        };
        let found = repair(&live, &asked).unwrap();
        let over = |verdict: &crate::model::Verdict| -> i64 {
            let late = verdict
                .violations
                .iter()
                .filter(|violation| violation.constraint == crate::model::ConstraintKind::ShiftEnd);
            late.map(|violation| violation.amount).sum()
        };
        assert!(over(&found.verdict) <= over(&found.verdict_before));
        saved += found.before.unserved - found.after.unserved;
    }
    assert!(saved > 0, "nobody comes to any of the vehicles");
}

#[test]
fn nothing_leaves_a_vehicle_that_goes_on_unless_goods_can_be_had_elsewhere() {
    let live = lived(moment(0.35), 2);
    let found = repair(&live, &request(20)).unwrap();
    let loaded = |change: &&Change| {
        let from = change
            .from
            .as_ref()
            .and_then(|from| live.day().courier(from));
        from.is_some_and(|state| state.departure().is_some()) && change.from != change.to
    };
    let orders = &live.problem().orders;
    for change in found.changes.iter().filter(loaded) {
        let order = orders
            .iter()
            .find(|order| order.id == change.order)
            .unwrap();
        assert_eq!(
            order.kind,
            crate::model::OrderKind::Collection,
            "{change:?}"
        );
    }
}

#[test]
fn new_orders_find_a_place_and_cancelled_ones_leave_theirs() {
    let mut live = lived(moment(0.3), 3);
    let (victim, courier) = drivers(&live).into_iter().nth(5).unwrap();
    let template = live.problem().order(&victim).unwrap().clone();
    let end = moment(0.95);
    let order = Order {
        id: OrderId::parse("new-1").unwrap(),
        windows: vec![TimeWindow {
            start: live.now(),
            end,
        }],
        promise: None,
        ready: None,
        preference: None,
        ..template
    };
    let asked = RepairRequest {
        orders: vec![order],
        cancelled: vec![victim.clone()],
        terms: Terms {
            goods: Goods::Everywhere,
            ..Terms::default()
        },
        ..request(5)
    };
    let found = repair(&live, &asked).unwrap();
    let why = |id: &OrderId| {
        let change = found.changes.iter().find(|change| change.order == *id);
        change.map(|change| (change.why, change.from.clone(), change.to.is_some()))
    };
    assert_eq!(why(&victim), Some((Why::Cancelled, Some(courier), false)));
    let new = OrderId::parse("new-1").unwrap();
    assert_eq!(why(&new), Some((Why::New, None, true)));
    live.replan(&found.replan).unwrap();
    let drivers = drivers(&live);
    assert!(drivers.contains_key(&new) && !drivers.contains_key(&victim));
}

#[test]
fn everything_wrong_with_a_request_is_said_by_path_and_id() {
    let live = lived(moment(0.3), 1);
    let known = live.problem().orders[0].clone();
    let mut bad = known.clone();
    bad.id = OrderId::parse("bad").unwrap();
    bad.service = Seconds(-1);
    let asked = RepairRequest {
        orders: vec![known.clone()],
        cancelled: vec![OrderId::parse("nobody").unwrap()],
        outages: vec![OutageChange {
            courier: CourierId::parse("ghost").unwrap(),
            until: None,
        }],
        windows: vec![MovedWindow {
            order: known.id.clone(),
            window: TimeWindow {
                start: Timestamp(10),
                end: Timestamp(5),
            },
        }],
        time_limit: None,
        iteration_limit: None,
        ..RepairRequest::default()
    };
    let found = repair(&live, &asked).unwrap_err();
    let found: Vec<(&str, &str, Reason)> = (found.iter())
        .map(|it| (it.field.as_str(), it.subject.as_str(), it.reason))
        .collect();
    let expected = [
        ("new_orders[0].id", known.id.as_str(), Reason::DuplicateId),
        ("cancelled_order_ids[0]", "nobody", Reason::UnknownReference),
        ("outages[0].courier_id", "ghost", Reason::UnknownReference),
        (
            "windows[0].window.end_time",
            known.id.as_str(),
            Reason::BadWindow,
        ),
        ("time_limit_duration", "", Reason::MissingField),
    ];
    assert_eq!(found, expected);
    let asked = RepairRequest {
        orders: vec![bad],
        ..request(1)
    };
    let found = repair(&live, &asked).unwrap_err();
    assert!(
        found
            .iter()
            .any(|it| it.field.starts_with("new_orders[0].") && it.subject == "bad"),
        "{found:?}"
    );
}

#[test]
fn remedies_are_ranked_and_do_what_they_say() {
    let mut live = lived(moment(0.35), 4);
    let courier = busiest(&live).unwrap();
    // Held up for an hour and a half.
    let at = live.now();
    live.report(Report {
        id: EventId::parse("held").unwrap(),
        at,
        reported_at: at,
        event: Event::Unavailable {
            courier: courier.clone(),
            until: Some(at + Seconds(5_400)),
            note: String::new(),
        },
    })
    .unwrap();
    let number = live.day().roster().courier(&courier).unwrap();
    let outlook = live.outlook(number, at);
    let worst = outlook.stops.iter().skip(1);
    let worst = worst
        .min_by(|a, b| a.on_time.total_cmp(&b.on_time))
        .unwrap();
    assert!(worst.on_time < 0.75, "{worst:?}");
    let order = live.day().roster().routes()[number].stops[worst.stop]
        .order
        .clone();
    let terms = Terms {
        goods: Goods::Everywhere,
        ..Terms::default()
    };
    let found = remedies(&live, &order, &terms).unwrap();
    let kinds: Vec<&RemedyKind> = found.iter().map(|remedy| &remedy.kind).collect();
    let has = |is: fn(&RemedyKind) -> bool| kinds.iter().any(|kind| is(kind));
    assert!(
        has(|kind| matches!(kind, RemedyKind::TellCustomer)),
        "{kinds:?}"
    );
    assert!(
        has(|kind| matches!(
            kind,
            RemedyKind::HandOver { .. } | RemedyKind::SendSpare { .. }
        )),
        "{kinds:?}"
    );
    let losses: Vec<i64> = (found.iter())
        .map(|remedy| worth::hundredths(remedy.after.loss()))
        .collect();
    assert!(losses.is_sorted(), "{losses:?}");
    for remedy in &found {
        assert!((remedy.on_time_before - worst.on_time).abs() < 1e-9);
        assert!(live.try_replan(&remedy.replan).is_ok(), "{remedy:?}");
    }
    let best = &found[0];
    live.replan(&best.replan).unwrap();
    let (courier, stop) = live.day().roster().order(&order).unwrap().unwrap();
    let outlook = live.outlook(courier, live.now());
    let after = outlook
        .stops
        .iter()
        .find(|found| found.stop == stop)
        .unwrap();
    assert!(
        (after.on_time - best.on_time_after).abs() < 0.05,
        "{best:?} {after:?}"
    );
    // It was for the plan before.
    assert!(live.replan(&best.replan).is_err());
}

#[test]
fn an_order_that_is_done_or_unknown_has_no_remedies() {
    let live = lived(moment(0.5), 1);
    let unknown = OrderId::parse("nobody").unwrap();
    let wrong = remedies(&live, &unknown, &Terms::default()).unwrap_err().0;
    assert_eq!(wrong.reason, Reason::UnknownReference);
    let day = live.day();
    let mut couriers = day.couriers().iter().zip(day.roster().routes());
    let done = couriers.find_map(|(state, route)| {
        let stop = state.visited.first()?;
        Some(route.stops[*stop].order.clone())
    });
    let wrong = remedies(&live, &done.unwrap(), &Terms::default())
        .unwrap_err()
        .0;
    assert_eq!(
        (wrong.field.as_str(), wrong.reason),
        ("order_id", Reason::Conflict)
    );
}

/// Not more loss; and if not less, not more orders without anybody; and so on to the cost.
fn is_no_worse(after: &Figures, before: &Figures) -> bool {
    let fewer = before.loss() - after.loss();
    let rank = |figures: &Figures| (figures.unserved, figures.delay, figures.cost);
    fewer > 1e-9 || (fewer > -1e-9 && rank(after) <= rank(before))
}

/// What must stay where it is.
fn fixed(live: &LiveDay) -> BTreeMap<OrderId, CourierId> {
    let day = live.day();
    let mut fixed = BTreeMap::new();
    for (state, route) in day.couriers().iter().zip(day.roster().routes()) {
        let next = match state.whereabouts {
            Whereabouts::OnTheWay { to, .. } => Some(to),
            Whereabouts::AtStart | Whereabouts::AtDoor { .. } | Whereabouts::Finished { .. } => {
                None
            }
        };
        let next = next.filter(|_| state.outage.is_none());
        for (stop, record) in state.stops.iter().enumerate() {
            let is_there = record.state == StopState::AtDoor || record.state.is_done();
            if is_there || next == Some(stop) {
                fixed.insert(route.stops[stop].order.clone(), route.courier.clone());
            }
        }
    }
    fixed
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_repair_keeps_what_has_happened_the_budget_and_the_windows_and_is_never_worse(
        share in 0.05..0.8_f64,
        seed in 0..1000_u64,
        moves_max in 0..8_usize,
        breaks in any::<bool>(),
        goods in any_goods(),
    ) {
        let mut live = lived(moment(share), seed);
        if let (true, Some(courier)) = (breaks, busiest(&live)) {
            broken(&mut live, &courier);
        }
        let asked = RepairRequest {
            terms: Terms { goods, ..Terms::default() },
            ..request(moves_max)
        };
        let found = repair(&live, &asked).unwrap();
        // The same request has the same answer.
        prop_assert_eq!(&found, &repair(&live, &asked).unwrap());
        prop_assert!(is_no_worse(&found.after, &found.before), "{:?} {:?}", found.before, found.after);
        prop_assert_eq!(found.is_changed, !found.replan.routes.is_empty());
        for violation in &found.verdict.violations {
            let is_worse = found.verdict_before.violations.iter()
                .all(|before| before.constraint != violation.constraint);
            let is_window = violation.constraint == crate::model::ConstraintKind::TimeWindow;
            prop_assert!(is_window || !is_worse, "{:?}", violation);
        }
        let (before, fixed) = (drivers(&live), fixed(&live));
        let told: Vec<_> = live.problem().orders.iter().map(Order::service_windows).collect();
        live.replan(&found.replan).unwrap();
        let after = drivers(&live);
        let moved = before.iter().filter(|(order, courier)| after.get(*order) != Some(*courier));
        prop_assert_eq!(moved.clone().count(), found.moved);
        prop_assert!(found.moved <= moves_max);
        let told_now: Vec<_> = live.problem().orders.iter().map(Order::service_windows).collect();
        prop_assert_eq!(told, told_now);
        let roster = live.day().roster();
        for (order, courier) in fixed {
            let (number, _) = roster.order(&order).unwrap().unwrap();
            prop_assert_eq!(&roster.routes()[number].courier, &courier);
        }
        // Nobody who was to be visited is forgotten.
        prop_assert_eq!(before.len(), after.len());
        // Sent back unchanged, it is not made worse, and nothing is moved without gain.
        let again = repair(&live, &RepairRequest { moves_max: 0, iteration_limit: Some(1), ..asked }).unwrap();
        prop_assert!(is_no_worse(&again.after, &again.before));
    }
}

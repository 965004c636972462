//! How fast a day is repaired, and remedies are priced: a generated day of 400 orders, a vehicle that breaks down under way.
//!
//! Not a benchmark of criterion's kind: a repair takes as long as it may. Prints what it found.

use std::sync::Arc;
use std::time::Duration;

use punctual::clock::Clock;
use punctual::day::{Event, LiveDay, LiveTerms, Report};
use punctual::forecast::realize;
use punctual::generate::{DaySpec, generate};
use punctual::model::*;
use punctual::planner::{Cancel, PlanOptions, plan};
use punctual::remedy::{Goods, RepairRequest, Terms, remedies, repair};
use punctual::travel::TravelTimes;
use punctual::units::{Seconds, Timestamp};

/// What is reported of a simulated day up to `until`.
fn reports(problem: &Problem, plan: &Plan, until: Timestamp) -> Vec<Report> {
    let travel = TravelTimes::new(problem);
    let mut events = Vec::new();
    for route in realize(problem, &travel, plan, &NoiseModel::default(), 7, 0) {
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
        id: EventId::parse(&format!("event-{number}")).expect("is an id"),
        at,
        reported_at: at,
        event,
    };
    events.enumerate().map(report).collect()
}

/// The courier under way with most stops to come.
fn busiest(live: &LiveDay) -> CourierId {
    let day = live.day();
    let couriers = day.couriers().iter().zip(day.roster().routes());
    let busy = couriers.filter(|(state, _)| state.departure().is_some());
    let busy = busy.max_by_key(|(state, _)| state.ahead().count());
    busy.map(|(_, route)| route.courier.clone())
        .expect("somebody is under way")
}

fn show(live: &LiveDay, goods: Goods, moves_max: usize, seconds: f64) {
    let request = RepairRequest {
        moves_max,
        time_limit: Some(Duration::from_secs_f64(seconds)),
        terms: Terms {
            goods,
            ..Terms::default()
        },
        ..RepairRequest::default()
    };
    let clock = Clock::start();
    let found = repair(live, &request).expect("nothing is wrong with it");
    println!(
        "{goods:?}, at most {moves_max} moves, {seconds} s: {:.2} s, {} iterations; expected late {:.2} -> {:.2}, unserved {} -> {}, lowest chance {:.2} -> {:.2}, cost {} -> {}, moved {}, violations {} -> {}",
        clock.elapsed().as_secs_f64(),
        found.iterations,
        found.before.late,
        found.after.late,
        found.before.unserved,
        found.after.unserved,
        found.before.lowest,
        found.after.lowest,
        found.before.cost,
        found.after.cost,
        found.moved,
        found.verdict_before.violations.len(),
        found.verdict.violations.len(),
    );
    let kinds: Vec<String> = (found.verdict.violations.iter())
        .map(|violation| format!("{:?} {}", violation.constraint, violation.amount))
        .collect();
    println!("    left broken by expected times: {kinds:?}");
}

/// Prices remedies for each of `orders`, and says how long that takes.
fn price(live: &LiveDay, orders: &[OrderId]) {
    for goods in [Goods::OnBoard, Goods::Everywhere] {
        let terms = Terms {
            goods,
            ..Terms::default()
        };
        let mut times = Vec::new();
        let mut n_found = 0;
        for order in orders {
            let clock = Clock::start();
            n_found += remedies(live, order, &terms).map_or(0, |found| found.len());
            times.push(clock.elapsed());
        }
        times.sort_unstable();
        if let (Some(middle), Some(most)) = (times.get(times.len() / 2), times.last()) {
            println!(
                "{goods:?}: {n_found} remedies for {} orders; median {:.1} ms, most {:.1} ms",
                orders.len(),
                middle.as_secs_f64() * 1e3,
                most.as_secs_f64() * 1e3
            );
        }
    }
}

fn main() {
    let problem = Arc::new(generate(&DaySpec::default()));
    let travel = TravelTimes::new(&problem);
    let options = PlanOptions {
        iteration_limit: Some(20_000),
        threads: 2,
        seed: 1,
        ..PlanOptions::default()
    };
    let cancel = Cancel::default();
    let found = plan(
        &problem,
        &travel,
        &options,
        &Clock::start(),
        &cancel,
        &mut |_| {},
    );
    let plan = found.expect("threads are given").plan;
    let start = plan.routes.iter().map(|route| route.start).min();
    let now = start.expect("somebody drives") + Seconds(5 * 3_600);
    let mut live = LiveDay::new(Arc::clone(&problem), &plan, &LiveTerms::default());
    for report in reports(&problem, &plan, now) {
        live.report(report).expect("the day takes it");
    }
    live.tick(now);
    println!(
        "{} routes, {} alerts",
        plan.routes.len(),
        live.alerts().open().len()
    );
    let orders: Vec<OrderId> = (live.alerts().open().values())
        .map(|alert| alert.order.clone())
        .collect();
    price(&live, &orders);
    show(&live, Goods::OnBoard, 10, 2.0);
    show(&live, Goods::Everywhere, 10, 2.0);
    let courier = busiest(&live);
    let report = Report {
        id: EventId::parse("broken").expect("is an id"),
        at: now,
        reported_at: now,
        event: Event::BrokenDown {
            courier: courier.clone(),
            until: None,
            note: String::new(),
        },
    };
    live.report(report).expect("the day takes it");
    println!("{courier} breaks down");
    for goods in [Goods::OnBoard, Goods::AtDepot, Goods::Everywhere] {
        show(&live, goods, 30, 2.0);
    }
    show(&live, Goods::OnBoard, 30, 0.5);
    show(&live, Goods::OnBoard, 10, 2.0);
    show(&live, Goods::OnBoard, 30, 10.0);
}

//! Stands in until the planner is there.
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Cancel, PlanOptions, PlanProgress};
use crate::clock::Clock;
use crate::model::*;
use crate::travel::TravelTimes;
use crate::units::{ExactCost, Load, Meters, Seconds, Timestamp};

pub(super) fn plan(
    problem: &Problem,
    travel: &TravelTimes<'_>,
    options: &PlanOptions,
    clock: &Clock,
    cancel: &Cancel,
    on_progress: &mut (dyn FnMut(&PlanProgress) + Send),
) -> Plan {
    let sketches = construct(problem, travel);
    let mut plan = evaluate(problem, travel, &sketches);
    let mut iterations = 0;
    let limit = options.iteration_limit.unwrap_or(u64::MAX);
    let stop_reason = loop {
        let budget = options.time_budget.unwrap_or(Duration::MAX);
        on_progress(&PlanProgress {
            elapsed: clock.elapsed(),
            done: 0.5,
            iterations,
            broken_promises: plan.broken_promises(),
            unserved: plan.unserved.len(),
            routes: plan.routes.len(),
            distance: plan.distance(),
            cost: plan.total_cost(),
        });
        if cancel.is_cancelled() {
            break StopReason::Cancelled;
        }
        if iterations >= limit {
            break StopReason::IterationLimit;
        }
        if clock.elapsed() >= budget {
            break StopReason::Deadline;
        }
        std::thread::sleep(Duration::from_millis(5));
        iterations += 1;
    };
    plan.provenance.stop_reason = stop_reason;
    plan.provenance.seed = options.seed;
    plan.provenance.threads = options.threads;
    plan.provenance.iterations = iterations;
    plan.provenance.elapsed = clock.elapsed();
    plan
}

fn construct(problem: &Problem, travel: &TravelTimes<'_>) -> Vec<RouteSketch> {
    let mut orders: Vec<&Order> = problem.orders.iter().collect();
    orders.sort_by_key(|order| order.last_moment());
    let mut sketches: Vec<RouteSketch> = Vec::new();
    let mut served: BTreeSet<&OrderId> = BTreeSet::new();
    for courier in &problem.couriers {
        let mut sketch = RouteSketch {
            courier: courier.id.clone(),
            orders: Vec::new(),
            start: None,
        };
        for order in &orders {
            if served.contains(&order.id) || !courier.may_serve(order) {
                continue;
            }
            sketch.orders.push(order.id.clone());
            if feasible(problem, travel, courier, &sketch.orders) {
                served.insert(&order.id);
            } else {
                sketch.orders.pop();
            }
        }
        if !sketch.orders.is_empty() {
            sketches.push(sketch);
        }
    }
    sketches
}

fn feasible(
    problem: &Problem,
    travel: &TravelTimes<'_>,
    courier: &Courier,
    orders: &[OrderId],
) -> bool {
    let route = time(problem, travel, courier, orders, None);
    let fits = courier.capacities.iter().all(|(dimension, capacity)| {
        orders
            .iter()
            .filter_map(|id| problem.order(id))
            .map(|o| o.load(dimension).0)
            .sum::<i64>()
            <= capacity.0
    });
    fits && route
        .stops
        .iter()
        .all(|stop| stop.lateness == Seconds::ZERO)
        && route.end <= courier.shift.end
        && courier
            .limits
            .max_stops
            .is_none_or(|max| orders.len() <= max as usize)
}

fn time(
    problem: &Problem,
    travel: &TravelTimes<'_>,
    courier: &Courier,
    orders: &[OrderId],
    start: Option<Timestamp>,
) -> Route {
    let start = start.unwrap_or(courier.shift.start);
    let departure = start + problem.loading(courier);
    let mut load: BTreeMap<String, Load> = BTreeMap::new();
    for id in orders {
        for (name, amount) in &problem.order(id).expect("known").loads {
            *load.entry(name.clone()).or_default() += *amount;
        }
    }
    let load_at_start = load.clone();
    let (mut now, mut at) = (departure, problem.start_place(courier).expect("known"));
    let (mut stops, mut distance, mut drive, mut service, mut waiting) = (
        Vec::new(),
        Meters::ZERO,
        Seconds::ZERO,
        Seconds::ZERO,
        Seconds::ZERO,
    );
    for id in orders {
        let order = problem.order(id).expect("known");
        let leg = travel
            .leg(courier, at, order.place)
            .unwrap_or(crate::travel::Leg {
                duration: Seconds(1_000_000),
                distance: Meters(0),
            });
        let arrival = now + leg.duration;
        let windows = order.service_windows();
        let begin = windows
            .iter()
            .find(|w| w.end >= arrival)
            .map_or(arrival, |w| arrival.max(w.start));
        for (name, amount) in &order.loads {
            let entry = load.entry(name.clone()).or_default();
            *entry -= *amount;
        }
        now = begin + courier.service_time(order);
        at = order.place;
        distance += leg.distance;
        drive += leg.duration;
        service += courier.service_time(order);
        waiting += begin - arrival;
        stops.push(Stop {
            order: id.clone(),
            arrival,
            service_start: begin,
            departure: now,
            slack: Seconds((order.last_moment() - begin).0.max(0)),
            leg_distance: leg.distance,
            leg_duration: leg.duration,
            load_after: load.clone(),
            lateness: Seconds((begin - order.last_moment()).0.max(0)),
        });
    }
    let back = problem
        .end_place(courier)
        .and_then(|end| travel.leg(courier, at, end))
        .unwrap_or(crate::travel::Leg::NONE);
    let end = now + back.duration;
    Route {
        courier: courier.id.clone(),
        stops,
        start,
        departure,
        end,
        distance: distance + back.distance,
        travel: drive + back.duration,
        service,
        waiting,
        peak_load: load_at_start.clone(),
        load_at_start,
        cost: CostBreakdown {
            fixed: ExactCost::from_cost(courier.costs.fixed),
            distance: courier.distance_cost(distance + back.distance),
            time: courier.time_cost(end - start),
            overtime: courier.overtime_cost(end - start),
            preference: ExactCost::ZERO,
        },
        return_distance: back.distance,
        return_duration: back.duration,
    }
}

pub(super) fn evaluate(
    problem: &Problem,
    travel: &TravelTimes<'_>,
    sketches: &[RouteSketch],
) -> Plan {
    let routes: Vec<Route> = sketches
        .iter()
        .filter(|s| !s.orders.is_empty())
        .map(|sketch| {
            time(
                problem,
                travel,
                problem.courier(&sketch.courier).expect("known"),
                &sketch.orders,
                sketch.start,
            )
        })
        .collect();
    let served: BTreeSet<&OrderId> = sketches.iter().flat_map(|s| &s.orders).collect();
    let unserved = problem
        .orders
        .iter()
        .filter(|o| !served.contains(&o.id))
        .map(|o| UnservedOrder {
            order: o.id.clone(),
            must_serve: o.drop_policy == DropPolicy::MustServe,
            obstacles: vec![Obstacle {
                courier: problem.couriers[0].id.clone(),
                constraint: ConstraintKind::TimeWindow,
                shortfall: 60,
                subject: String::new(),
            }],
            relaxation: Some(Relaxation {
                constraint: ConstraintKind::TimeWindow,
                amount: 60,
                courier: problem.couriers[0].id.clone(),
                after: None,
                subject: String::new(),
            }),
        })
        .collect();
    let violations = routes
        .iter()
        .flat_map(|route| {
            route
                .stops
                .iter()
                .filter(|s| s.lateness.0 > 0)
                .map(|stop| Violation {
                    constraint: ConstraintKind::TimeWindow,
                    courier: Some(route.courier.clone()),
                    order: Some(stop.order.clone()),
                    amount: stop.lateness.0,
                    subject: String::new(),
                    message: format!("service starts {} s late", stop.lateness),
                })
        })
        .collect();
    Plan {
        routes,
        unserved,
        provenance: Provenance {
            stop_reason: StopReason::NotSearched,
            seed: 0,
            threads: 0,
            iterations: 0,
            elapsed: Duration::ZERO,
            input_digest: String::new(),
        },
        verdict: Verdict { violations },
    }
}

pub(super) fn sketch_findings(problem: &Problem, sketches: &[RouteSketch]) -> Vec<Finding> {
    let mut found = Vec::new();
    for (i, sketch) in sketches.iter().enumerate() {
        if problem.courier(&sketch.courier).is_none() {
            found.push(Finding::new(
                format!("routes[{i}].courier_id"),
                sketch.courier.as_str(),
                Reason::UnknownReference,
                "there is no such courier",
            ));
        }
        for (j, order) in sketch.orders.iter().enumerate() {
            if problem.order(order).is_none() {
                found.push(Finding::new(
                    format!("routes[{i}].order_ids[{j}]"),
                    order.as_str(),
                    Reason::UnknownReference,
                    "there is no such order",
                ));
            }
        }
    }
    found
}

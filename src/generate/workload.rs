//! How hard a generated day is, by a planner simple enough to be read at a glance: every order goes where it adds the
//! least working time, farthest first, and is never moved again.

use std::cmp::Reverse;

use super::basket::{CRATES, KG};
use crate::model::{Courier, Order, OrderKind, PlaceIdx, Problem};
use crate::travel::TravelTimes;
use crate::units::{Meters, Seconds, Timestamp};

/// What the simple planner achieves.
#[derive(Debug)]
pub(super) struct Workload {
    /// Orders that found a place.
    pub(super) served: usize,
    /// Share of all shifts spent loading, driving and at doors, in percent.
    pub(super) busy_percent: i64,
    /// Share of all crates that the vehicles could carry at once, in percent.
    pub(super) crates_percent: i64,
}

struct Greedy<'a> {
    problem: &'a Problem,
    travel: TravelTimes<'a>,
    routes: Vec<Vec<&'a Order>>,
}

/// Runs the simple planner.
pub(super) fn workload(problem: &Problem) -> Workload {
    let mut greedy = Greedy {
        problem,
        travel: TravelTimes::new(problem),
        routes: vec![Vec::new(); problem.couriers.len()],
    };
    let mut orders: Vec<&Order> = problem.orders.iter().collect();
    orders.sort_by_key(|order| (Reverse(greedy.way_out(order)), &order.id));
    let served = orders.iter().filter(|order| greedy.insert(order)).count();
    let couriers = problem.couriers.iter().zip(&greedy.routes);
    let busy: Seconds = couriers
        .filter_map(|(courier, route)| greedy.busy(courier, route))
        .sum();
    let shifts: Seconds = problem
        .couriers
        .iter()
        .map(|courier| courier.shift.end - courier.shift.start)
        .sum();
    let crates: i64 = problem
        .orders
        .iter()
        .map(|order| order.load(CRATES).0)
        .sum();
    let room: i64 = problem
        .couriers
        .iter()
        .map(|courier| courier.capacities[CRATES].0)
        .sum();
    Workload {
        served,
        busy_percent: busy.0 * 100 / shifts.0.max(1),
        crates_percent: crates * 100 / room.max(1),
    }
}

impl<'a> Greedy<'a> {
    fn way_out(&self, order: &Order) -> Option<Meters> {
        let courier = self.problem.couriers.first()?;
        let way = self.travel.way(courier, PlaceIdx(0), order.place)?;
        Some(way.distance)
    }

    fn insert(&mut self, order: &'a Order) -> bool {
        let mut best: Option<(Seconds, usize, usize)> = None;
        for (index, courier) in self.problem.couriers.iter().enumerate() {
            let Some(before) = self.busy(courier, &self.routes[index]) else {
                continue;
            };
            for position in 0..=self.routes[index].len() {
                let mut route = self.routes[index].clone();
                route.insert(position, order);
                if let Some(after) = self.busy(courier, &route) {
                    let candidate = (after - before, index, position);
                    best = Some(best.map_or(candidate, |best| best.min(candidate)));
                }
            }
        }
        let Some((_, index, position)) = best else {
            return false;
        };
        self.routes[index].insert(position, order);
        true
    }

    /// Loading, driving and service; `None` if the route cannot be driven.
    fn busy(&self, courier: &Courier, route: &[&Order]) -> Option<Seconds> {
        if route.is_empty() {
            return Some(Seconds::ZERO);
        }
        if !route.iter().all(|order| courier.may_serve(order)) || !fits(courier, route) {
            return None;
        }
        let loading = self.problem.loading(courier);
        let ready = route.iter().filter_map(|order| order.ready).max();
        let start = ready.map_or(courier.shift.start, |ready| ready.max(courier.shift.start));
        let (mut now, mut here, mut busy) = (start + loading, PlaceIdx(0), loading);
        for order in route {
            let way = self.travel.way(courier, here, order.place)?;
            busy += way.duration(now) + courier.service_time(order);
            let begin = first_opening(order, way.arrival(now))?;
            now = begin + courier.service_time(order);
            here = order.place;
        }
        let way_back = self.travel.way(courier, here, PlaceIdx(0))?;
        let back = way_back.duration(now);
        let end = now + back;
        let duty = courier.limits.max_duty?;
        (end <= courier.shift.end && end - start <= duty).then_some(busy + back)
    }
}

fn first_opening(order: &Order, arrival: Timestamp) -> Option<Timestamp> {
    let windows = order.service_windows();
    let open = windows.iter().find(|window| arrival <= window.end)?;
    Some(arrival.max(open.start))
}

fn fits(courier: &Courier, route: &[&Order]) -> bool {
    [KG, CRATES].iter().all(|dimension| {
        let total = |kind| -> i64 {
            let of_kind = route.iter().filter(|order| order.kind == kind);
            of_kind.map(|order| order.load(dimension).0).sum()
        };
        // Collections are counted as if they were on board all day, which is a little too strict.
        let all = total(OrderKind::Delivery) + total(OrderKind::Collection);
        all <= courier.capacities[*dimension].0
    })
}

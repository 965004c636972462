//! Whether a plan keeps what an initial plan locks.

use std::collections::HashMap;

use super::Report;
use crate::model::{ConstraintKind, CourierId, InitialPlan, Lock, OrderId, Plan, Violation};

/// Every lock of `initial` that `plan` does not keep: stops that moved in their route, orders with another courier,
/// and starts that changed though they have happened.
///
/// An order that is only bound to its courier may be left out. Locks of orders that neither plan serves are not judged.
#[must_use]
pub fn check_locks(initial: &InitialPlan, plan: &Plan) -> Vec<Violation> {
    let locks: HashMap<&OrderId, Lock> = initial
        .locks
        .iter()
        .map(|stop| (&stop.order, stop.lock))
        .collect();
    let lock = |order: &OrderId| locks.get(order).copied().unwrap_or_default();
    let mut served: HashMap<&OrderId, (&CourierId, usize)> = HashMap::new();
    for route in &plan.routes {
        let places = route.stops.iter().zip(0..);
        served.extend(places.map(|(stop, place)| (&stop.order, (&route.courier, place))));
    }
    let mut violations = Vec::new();
    for sketch in &initial.routes {
        let mut report = Report::new(&sketch.courier, &mut violations);
        let is_in_plan = |order: &&OrderId| {
            served.contains_key(order) || plan.unserved.iter().any(|left| left.order == **order)
        };
        let kept = sketch
            .orders
            .iter()
            .filter(|order| lock(order).keeps_place());
        for (order, place) in kept.filter(is_in_plan).zip(0..) {
            if served.get(order) != Some(&(&sketch.courier, place)) {
                let message = format!("is not stop {} of the route, where it is locked", place + 1);
                report.stop(order, ConstraintKind::Locked, 1, &message);
            }
        }
        let bound = sketch
            .orders
            .iter()
            .filter(|order| lock(order) == Lock::FixedCourier);
        for order in bound {
            if served
                .get(order)
                .is_some_and(|(courier, _)| **courier != sketch.courier)
            {
                let message = "is served by another courier than it is locked to";
                report.stop(order, ConstraintKind::Locked, 1, message);
            }
        }
        let has_begun = sketch.orders.iter().any(|order| lock(order).has_begun());
        let route = plan
            .routes
            .iter()
            .find(|route| route.courier == sketch.courier);
        if let (true, Some(start), Some(route)) = (has_begun, sketch.start, route) {
            let difference = (route.start - start).0.abs();
            if difference > 0 {
                let message = format!("starts {difference} s from when it did start");
                report.route(ConstraintKind::Locked, difference, &message);
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixture::{Fixture, at, order_id, sketch};
    use crate::model::{RouteSketch, StopLock};
    use crate::planner::evaluate;
    use crate::travel::TravelTimes;

    fn broken(locks: &[(&str, Lock)], initial: &RouteSketch, plan: &[RouteSketch]) -> Vec<String> {
        let day = Fixture::new()
            .courier("anna", |_| {})
            .courier("boris", |_| {})
            .order("a", (10, 0), |_| {})
            .order("b", (20, 0), |_| {})
            .build();
        let plan = evaluate(&day, &TravelTimes::new(&day), plan);
        let lock = |&(order, lock): &(&str, Lock)| StopLock {
            order: order_id(order),
            lock,
        };
        let initial = InitialPlan {
            routes: vec![initial.clone()],
            locks: locks.iter().map(lock).collect(),
        };
        let violations = check_locks(&initial, &plan).into_iter();
        violations
            .map(|violation| {
                violation
                    .order
                    .map_or("start".to_owned(), |id| id.to_string())
            })
            .collect()
    }

    #[test]
    fn a_locked_stop_must_be_where_it_was() {
        let initial = sketch("anna", &["a", "b"]);
        let locks = [("a", Lock::Done), ("b", Lock::FixedCourierAndOrder)];
        assert_eq!(
            broken(&locks, &initial, &[sketch("anna", &["a", "b"])]),
            [""; 0]
        );
        assert_eq!(
            broken(&locks, &initial, &[sketch("anna", &["b", "a"])]),
            ["a", "b"]
        );
        assert_eq!(
            broken(&locks[..1], &initial, &[sketch("anna", &["b", "a"])]),
            ["a"]
        );
        assert_eq!(
            broken(&locks[..1], &initial, &[sketch("anna", &["b"])]),
            ["a"]
        );
    }

    #[test]
    fn an_order_bound_to_its_courier_may_move_or_be_left_out_but_not_change_hands() {
        let initial = sketch("anna", &["a", "b"]);
        let locks = [("b", Lock::FixedCourier)];
        assert_eq!(
            broken(&locks, &initial, &[sketch("anna", &["b", "a"])]),
            [""; 0]
        );
        assert_eq!(broken(&locks, &initial, &[sketch("anna", &["a"])]), [""; 0]);
        assert_eq!(broken(&locks, &initial, &[sketch("boris", &["b"])]), ["b"]);
    }

    #[test]
    fn a_route_that_has_begun_keeps_its_start() {
        let mut initial = sketch("anna", &["a", "b"]);
        initial.start = Some(at(9, 0));
        let mut later = initial.clone();
        later.start = Some(at(9, 1));
        let done = [("a", Lock::Done)];
        assert_eq!(broken(&done, &initial, &[initial.clone()]), [""; 0]);
        assert_eq!(broken(&done, &initial, &[later.clone()]), ["start"]);
        assert_eq!(broken(&[], &initial, &[later]), [""; 0]);
    }
}

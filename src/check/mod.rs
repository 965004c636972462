//! Judges plans with arithmetic of its own: whether every claim of a plan holds for its problem.
//!
//! Knows problems, travel times and plans; nothing of how plans are made. It shares no code with the solver or the
//! scheduler, so that a mistake there cannot hide here. Nothing is searched and nothing repaired.

mod breaks;
mod clock;
mod load;
mod locks;
mod route;
mod time;
mod trip;

use std::collections::{BTreeMap, HashMap};

pub use locks::check_locks;

use crate::model::{
    ConstraintKind, Courier, CourierId, DropPolicy, Order, OrderId, Plan, Problem, Verdict,
    Violation,
};
use crate::travel::TravelTimes;

/// Everything that `plan` breaks or states wrongly.
///
/// Verifies that every order is served once or listed as unserved, that no courier drives twice, and for every route:
/// times, windows, ready times, shift, reloads, breaks, loads and capacities, skills, lists and depots, limits, ways,
/// totals, slack and cost. Times are followed from the plan's own figures, so that one wrong figure is reported where it is wrong. A
/// courier may wait longer than needed. Unserved orders alone break nothing.
///
/// Violations come in the order of the routes and stops, then of the orders. The problem must have passed
/// [`Problem::validate`]; the plan may be anything.
///
/// Shape: O(orders + stops) look-ups, each followed by a bisection over the time that the way takes.
#[must_use]
pub fn check(problem: &Problem, travel: &TravelTimes<'_>, plan: &Plan) -> Verdict {
    let couriers: HashMap<&CourierId, &Courier> = problem
        .couriers
        .iter()
        .map(|courier| (&courier.id, courier))
        .collect();
    let orders: HashMap<&OrderId, &Order> = problem
        .orders
        .iter()
        .map(|order| (&order.id, order))
        .collect();
    let mut violations = Vec::new();
    let mut routes_of: BTreeMap<&CourierId, i64> = BTreeMap::new();
    for route in &plan.routes {
        *routes_of.entry(&route.courier).or_default() += 1;
        let mut report = Report::new(&route.courier, &mut violations);
        let Some(courier) = couriers.get(&route.courier) else {
            report.route(
                ConstraintKind::Inconsistent,
                1,
                "the problem has no such courier",
            );
            continue;
        };
        match route::Drive::new(problem, travel, courier, route, &orders) {
            Ok(drive) => drive.check(&mut report),
            Err(order) => report.stop(
                order,
                ConstraintKind::Inconsistent,
                1,
                "the problem has no such order, so that the rest of the route is not judged",
            ),
        }
    }
    for (courier, count) in routes_of.into_iter().filter(|(_, count)| *count > 1) {
        let message = format!("drives {count} routes instead of one");
        Report::new(courier, &mut violations).route(ConstraintKind::Coverage, count - 1, &message);
    }
    check_coverage(problem, &orders, plan, &mut violations);
    Verdict { violations }
}

/// Every order is served once or listed as unserved once.
fn check_coverage(
    problem: &Problem,
    orders: &HashMap<&OrderId, &Order>,
    plan: &Plan,
    violations: &mut Vec<Violation>,
) {
    let mut mentions: HashMap<&OrderId, (i64, i64)> = HashMap::new();
    for stop in plan.routes.iter().flat_map(|route| &route.stops) {
        mentions.entry(&stop.order).or_default().0 += 1;
    }
    for unserved in &plan.unserved {
        mentions.entry(&unserved.order).or_default().1 += 1;
    }
    for order in &problem.orders {
        let message = match mentions.get(&order.id).copied().unwrap_or_default() {
            (1, 0) | (0, 1) => continue,
            (0, 0) => "is neither served nor listed as unserved".to_owned(),
            (served, 0) => format!("is served {served} times"),
            (0, listed) => format!("is listed as unserved {listed} times"),
            _ => "is served and also listed as unserved".to_owned(),
        };
        violations.push(about_order(&order.id, ConstraintKind::Coverage, &message));
    }
    for unserved in &plan.unserved {
        let message = match orders.get(&unserved.order) {
            None => "is listed as unserved, but the problem has no such order",
            Some(order) if unserved.must_serve != (order.drop_policy == DropPolicy::MustServe) => {
                "is listed as unserved with another drop policy than the problem gives it"
            }
            Some(_) => continue,
        };
        violations.push(about_order(
            &unserved.order,
            ConstraintKind::Inconsistent,
            message,
        ));
    }
}

fn about_order(order: &OrderId, constraint: ConstraintKind, message: &str) -> Violation {
    Violation {
        constraint,
        courier: None,
        order: Some(order.clone()),
        amount: 1,
        subject: String::new(),
        message: format!("order `{order}` {message}"),
    }
}

/// Collects what is wrong with one courier's route.
struct Report<'a> {
    courier: &'a CourierId,
    violations: &'a mut Vec<Violation>,
}

impl<'a> Report<'a> {
    fn new(courier: &'a CourierId, violations: &'a mut Vec<Violation>) -> Self {
        Self {
            courier,
            violations,
        }
    }

    /// Something about the whole route.
    fn route(&mut self, constraint: ConstraintKind, amount: i64, message: &str) {
        self.add(None, constraint, amount, "", message);
    }

    /// Something about one stop.
    fn stop(&mut self, order: &OrderId, constraint: ConstraintKind, amount: i64, message: &str) {
        self.add(Some(order), constraint, amount, "", message);
    }

    /// A stated figure that must equal the `due` one.
    fn figure(&mut self, order: Option<&OrderId>, what: &str, unit: &str, stated: i64, due: i64) {
        let difference = stated.saturating_sub(due).saturating_abs();
        if difference != 0 {
            let direction = if stated > due { "more" } else { "less" };
            let message = format!(
                "the stated {what} is {difference} {unit} {direction} than what follows from the problem"
            );
            self.add(
                order,
                ConstraintKind::Inconsistent,
                difference,
                "",
                &message,
            );
        }
    }

    fn add(
        &mut self,
        order: Option<&OrderId>,
        constraint: ConstraintKind,
        amount: i64,
        subject: &str,
        message: &str,
    ) {
        let place = order.map_or_else(String::new, |order| format!(", order `{order}`"));
        self.violations.push(Violation {
            constraint,
            courier: Some(self.courier.clone()),
            order: order.cloned(),
            amount,
            subject: subject.to_owned(),
            message: format!("courier `{}`{place}: {message}", self.courier),
        });
    }
}

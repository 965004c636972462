//! Given sequences under the rule of starts that plans for a target follow, so that plans can be compared under one rule
//! whoever made them.

use std::collections::{BTreeMap, BTreeSet};

use super::evaluate;
use super::reliability::early_start;
use super::translate::{Fixed, Translation};
use crate::model::{CourierId, NoiseModel, Plan, Problem, RouteSketch};
use crate::travel::TravelTimes;
use crate::units::Seconds;

/// Times, prices, explains and checks given sequences, as [`evaluate`] does, with starts that are early enough where days
/// vary as `noise` says: the earliest that plans made for a target have, see [`super::reliability`]. Starts in `sketches`
/// do not count.
///
/// A route starts by the planner's rule where an early start would break it (too long a duty), where it is broken
/// anyway, and where there are reloads or breaks, for which no target can be planned either.
///
/// The problem must have passed [`Problem::validate`] and the sketches [`super::schedule::sketch_findings`].
#[must_use]
pub fn evaluate_early(
    problem: &Problem,
    travel: &TravelTimes<'_>,
    sketches: &[RouteSketch],
    noise: &NoiseModel,
) -> Plan {
    let mut sketches = sketches.to_vec();
    for sketch in &mut sketches {
        sketch.start = None;
    }
    let late = evaluate(problem, travel, &sketches);
    let mut left_alone = broken(&late);
    for route in &late.routes {
        if !route.reloads.is_empty() || has_breaks(problem, &route.courier) {
            left_alone.insert(route.courier.clone());
        }
    }
    start_early(problem, travel, &mut sketches, noise, &left_alone);
    let early = evaluate(problem, travel, &sketches);
    let broken = &broken(&early) - &left_alone;
    if broken.is_empty() {
        return early;
    }
    for sketch in &mut sketches {
        if broken.contains(&sketch.courier) {
            sketch.start = None;
        }
    }
    evaluate(problem, travel, &sketches)
}

/// Couriers whose routes break a constraint.
fn broken(plan: &Plan) -> BTreeSet<CourierId> {
    let violations = plan.verdict.violations.iter();
    violations
        .filter_map(|violation| violation.courier.clone())
        .collect()
}

fn has_breaks(problem: &Problem, courier: &CourierId) -> bool {
    let courier = problem.courier(courier);
    courier.is_some_and(|courier| !courier.breaks.is_empty())
}

/// Gives early starts to all routes but those of the couriers in `left_alone`.
fn start_early(
    problem: &Problem,
    travel: &TravelTimes<'_>,
    sketches: &mut [RouteSketch],
    noise: &NoiseModel,
    left_alone: &BTreeSet<CourierId>,
) {
    let translation = Translation::new(problem, travel, &Fixed::default(), &|| false);
    let orders: BTreeMap<_, usize> = (problem.orders.iter().enumerate())
        .map(|(position, order)| (&order.id, position))
        .collect();
    let couriers: BTreeMap<_, usize> = (problem.couriers.iter().enumerate())
        .map(|(position, courier)| (&courier.id, position))
        .collect();
    for sketch in sketches {
        let courier = couriers.get(&sketch.courier);
        let kind = courier.and_then(|&courier| translation.kind_of(courier));
        let Some(kind) = kind.filter(|_| !left_alone.contains(&sketch.courier)) else {
            continue;
        };
        let clients = sketch.orders.iter().filter_map(|id| orders.get(id));
        let clients: Vec<usize> = clients.copied().collect();
        if !clients.is_empty() {
            let start = early_start(&translation.target, kind, &clients, noise);
            sketch.start = Some(translation.origin() + Seconds(i64::from(start)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::model::OnTimeTarget;
    use crate::model::fixture::{Fixture, at, hours, sketch};
    use crate::planner::reliability::Reliability;
    use crate::planner::{Cancel, PlanOptions, plan};
    use crate::units::Cost;

    /// Two orders in the afternoon, couriers paid by the kilometer.
    fn day(change: impl Fn(&mut crate::model::Courier)) -> Problem {
        Fixture::new()
            .courier("anna", |courier| {
                courier.costs.per_hour = Cost(0);
                change(courier);
            })
            .order("a", (600, 0), |order| order.windows = vec![hours(14, 15)])
            .order("b", (1_200, 0), |order| order.windows = vec![hours(15, 16)])
            .build()
    }

    fn start(problem: &Problem) -> crate::units::Timestamp {
        let travel = TravelTimes::new(problem);
        let sketches = [sketch("anna", &["a", "b"])];
        let plan = evaluate_early(problem, &travel, &sketches, &NoiseModel::default());
        assert!(plan.verdict.is_feasible(), "{:?}", plan.verdict);
        plan.routes[0].start
    }

    #[test]
    fn a_courier_is_at_the_first_door_when_it_opens_with_delays_to_spare() {
        // Ten minutes on the way and three delays of six minutes, as leaving early costs nothing.
        assert_eq!(start(&day(|_| {})), at(13, 32));
        let paid = day(|courier| courier.costs.per_hour = Cost(1_000));
        assert!(start(&paid) > at(14, 0), "waiting is paid for");
    }

    #[test]
    fn a_start_that_would_break_the_route_is_as_late_as_it_must_be() {
        let short = day(|courier| courier.limits.max_duty = Some(Seconds(80 * 60)));
        assert!(start(&short) > at(13, 32));
    }

    #[test]
    fn goods_that_are_ready_late_are_waited_for() {
        let mut late = day(|_| {});
        late.orders[1].ready = Some(at(14, 5));
        assert_eq!(start(&late), at(14, 5));
    }

    #[test]
    fn a_plan_for_a_target_keeps_its_starts() {
        let problem = day(|_| {});
        let travel = TravelTimes::new(&problem);
        let reliability = Reliability {
            target: OnTimeTarget {
                expected: 0.9,
                floor: None,
            },
            noise: NoiseModel::default(),
            grace: Seconds::ZERO,
        };
        let options = PlanOptions {
            iteration_limit: Some(20),
            threads: 1,
            reliability: Some(reliability),
            ..PlanOptions::default()
        };
        let (clock, cancel) = (Clock::start(), Cancel::default());
        let planned = plan(&problem, &travel, &options, &clock, &cancel, &mut |_| {}).unwrap();
        let sketches: Vec<RouteSketch> = (planned.plan.routes.iter())
            .map(|route| RouteSketch {
                courier: route.courier.clone(),
                orders: route.stops.iter().map(|stop| stop.order.clone()).collect(),
                start: None,
                reloads: Vec::new(),
            })
            .collect();
        let again = evaluate_early(&problem, &travel, &sketches, &NoiseModel::default());
        assert_eq!(again.routes, planned.plan.routes);
        assert!(planned.rehearsed.is_some_and(|share| share > 0.9));
    }
}

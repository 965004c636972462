//! What holds of orders that nobody comes for, of vehicles that stand far away, and of who pays for a remedy.

use std::sync::Arc;

use super::tests::{broken, busiest, drivers, lived, moment, planned, request};
use super::*;
use crate::day::{Entry, Event, LiveDay, LiveTerms, Recorded, Report};
use crate::model::{CourierId, EventId, GeoPoint, OrderId};
use crate::units::Seconds;

fn report(live: &LiveDay, id: &str, event: Event) -> Report {
    Report {
        id: EventId::parse(id).unwrap(),
        at: live.now(),
        reported_at: live.now(),
        event,
    }
}

/// The last order to come of the courier.
fn last_of(live: &LiveDay, courier: &CourierId) -> OrderId {
    let number = live.day().roster().courier(courier).unwrap();
    let stops = &live.day().roster().routes()[number].stops;
    let last = live.day().couriers()[number].ahead().last().unwrap();
    stops[last].order.clone()
}

#[test]
fn an_order_that_was_skipped_is_first_in_line_for_a_repair() {
    let mut live = lived(moment(0.3), 1);
    let courier = busiest(&live).unwrap();
    let order = last_of(&live, &courier);
    let event = Event::Skipped {
        courier: courier.clone(),
        order: order.clone(),
    };
    let skip = report(&live, "skip", event);
    live.report(skip).unwrap();
    let found = repair(&live, &request(5)).unwrap();
    assert!(found.before.unserved > found.after.unserved, "{found:#?}");
    let change = found.changes.iter().find(|change| change.order == order);
    let change = change.unwrap();
    // The goods are in the van of who skipped it.
    assert_eq!((change.why, &change.from), (Why::LeftOut, &None));
    assert_eq!(change.to.as_ref(), Some(&courier));
    assert_eq!(found.replan.resumed, std::slice::from_ref(&order));
    live.replan(&found.replan).unwrap();
    assert_eq!(drivers(&live).get(&order), Some(&courier));
    assert!(!live.day().left_out().contains(&order));
    // And so says what is suggested for the order itself.
    let expected = found.before.late;
    let mut before = lived(moment(0.3), 1);
    let skip = report(
        &before,
        "skip",
        Event::Skipped {
            courier,
            order: order.clone(),
        },
    );
    before.report(skip).unwrap();
    let suggested = remedies(&before, &order, &Terms::default()).unwrap();
    assert!((suggested[0].before.late - expected).abs() < 1e-6);
    assert!(suggested.iter().any(|remedy| remedy.on_time_after > 0.0));
}

#[test]
fn orders_that_the_plan_leaves_out_are_counted_and_found_somebody_for() {
    let (problem, plan) = planned();
    let mut plan = plan.clone();
    let gone = plan.routes.pop().unwrap();
    let terms = LiveTerms {
        days: 128,
        ..LiveTerms::default()
    };
    let mut live = LiveDay::new(Arc::clone(problem), &plan, &terms);
    live.tick(moment(0.0));
    let left = live.day().left_out();
    assert!(gone.stops.iter().all(|stop| left.contains(&stop.order)));
    let planned: usize = plan.routes.iter().map(|route| route.stops.len()).sum();
    assert_eq!(live.tally().all(), planned + left.len());
    let found = repair(&live, &request(0)).unwrap();
    assert_eq!(found.before.unserved, left.len());
    assert!(found.after.unserved < left.len(), "{found:#?}");
    live.replan(&found.replan).unwrap();
    assert_eq!(live.day().left_out().len(), found.after.unserved);
}

/// A day on which a vehicle breaks down that was seen last so many degrees north of its last door.
fn stranded(degrees: f64) -> (LiveDay, CourierId) {
    let mut live = lived(moment(0.3), 1);
    let courier = busiest(&live).unwrap();
    let place = live.problem().places[0].location.unwrap();
    let location = GeoPoint {
        latitude: place.latitude + degrees,
        ..place
    };
    let event = Event::Position {
        courier: courier.clone(),
        location,
    };
    // As records have it that were written when any position was taken.
    let seen = report(&live, "seen", event);
    let entry = Entry {
        number: 1,
        at: live.now(),
        what: Recorded::Reported(seen),
    };
    live.apply(entry).unwrap();
    broken(&mut live, &courier);
    (live, courier)
}

#[test]
fn goods_of_a_vehicle_that_broke_down_are_had_by_going_there_alone() {
    for degrees in [0.1, 1.5, -50.0] {
        let (live, courier) = stranded(degrees);
        let found = repair(&live, &request(20)).unwrap();
        for place in &found.replan.places {
            assert!(live.day().roster().is_near(place.location.unwrap()));
        }
        let saved = |change: &&Change| change.why == Why::Breakdown && change.to != change.from;
        for change in found.changes.iter().filter(saved) {
            let order = live.problem().order(&change.order).unwrap();
            if order.kind == crate::model::OrderKind::Collection {
                continue;
            }
            assert_eq!(change.from.as_ref(), Some(&courier));
            let mut routes = found.replan.routes.iter();
            let route = routes.find(|route| Some(&route.courier) == change.to.as_ref());
            let route = route.unwrap();
            let at = route.orders.iter().position(|id| *id == change.order);
            let mut reloads = route.reloads.iter();
            let is_met = |depot: &crate::model::DepotId| {
                found.replan.depots.iter().any(|it| it.id == *depot)
            };
            let met = reloads.any(|it| Some(it.n_before) <= at && is_met(&it.depot));
            assert!(met, "{degrees}: {change:?} {route:?}");
        }
    }
}

#[test]
fn no_promise_that_would_be_kept_is_given_up_for_a_little() {
    let mut live = lived(moment(0.35), 4);
    live.tick(live.now() + Seconds(60));
    let chances = |live: &LiveDay| {
        let couriers = live.day().roster().routes().iter().enumerate();
        let chances = couriers.flat_map(|(courier, route)| {
            let stops = live.outlook(courier, live.now()).stops;
            let chance = move |found: crate::forecast::StopOutlook| {
                (route.stops[found.stop].order.clone(), found.on_time)
            };
            stops.into_iter().map(chance).collect::<Vec<_>>()
        });
        chances.collect::<std::collections::BTreeMap<_, _>>()
    };
    let before = chances(&live);
    let mut worst: Vec<(&OrderId, &f64)> = before.iter().collect();
    worst.sort_by(|a, b| a.1.total_cmp(b.1));
    let mut tried = 0;
    for (order, _) in worst.into_iter().take(4) {
        for remedy in remedies(&live, order, &Terms::default()).unwrap() {
            if remedy.replan.is_nothing() || remedy.after.late <= remedy.before.late - 0.5 {
                continue;
            }
            let mut then = live.clone();
            then.replan(&remedy.replan).unwrap();
            let after = chances(&then);
            for (other, chance) in before.iter().filter(|(_, chance)| **chance >= 0.75) {
                let after = after.get(other).copied().unwrap_or(1.0);
                assert!(after >= 0.35, "{remedy:?}: {other} {chance} {after}");
            }
            tried += 1;
        }
    }
    assert!(tried > 0);
}

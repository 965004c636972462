//! A dispatcher who does what is proposed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::live::Running;
use crate::day::{AlertChange, LiveDay, Replan};
use crate::model::{OrderId, Route};
use crate::remedy::{Remedy, RemedyKind, RepairRequest, Terms, remedies, repair};
use crate::units::{Seconds, Timestamp};

/// Promises expected to be broken have to become fewer by this for somebody to be disturbed.
const GAIN_MIN: f64 = 0.1;

/// For a promise that stays at risk, remedies are looked for again after this.
const AGAIN: Seconds = Seconds(15 * 60);

/// Iterations of a repair.
const ITERATIONS: u64 = 300;

/// Stops that may change courier in a repair.
const MOVES_MAX: usize = 60;

/// What was done on a day.
#[derive(Debug, Default)]
pub(super) struct Dispatcher {
    /// Remedies applied.
    pub(super) remedies: usize,
    /// Repairs applied.
    pub(super) repairs: usize,
    /// Stops that changed courier.
    pub(super) moved: usize,
    /// When remedies were looked for last, by order.
    looked: BTreeMap<OrderId, Timestamp>,
    /// Couriers after whose breakdown the day was repaired.
    repaired: BTreeSet<usize>,
}

impl Dispatcher {
    /// Does what there is to be done after `changes`.
    pub(super) fn act(&mut self, running: &mut Running, changes: &[AlertChange], now: Timestamp) {
        if !changes.is_empty() {
            self.repair(running, now);
        }
        let mut at_risk: Vec<OrderId> = Vec::new();
        let open = running.live.alerts().open().values();
        let due = open.filter(|alert| {
            let looked = self.looked.get(&alert.order);
            alert.promised_end > now && looked.is_none_or(|looked| *looked + AGAIN <= now)
        });
        at_risk.extend(due.map(|alert| alert.order.clone()));
        for order in at_risk {
            self.looked.insert(order.clone(), now);
            let found = remedies(&running.live, &order, &Terms::default());
            // What comes after telling the customer is worse than that.
            let found = found.unwrap_or_default().into_iter();
            let mut better = found.take_while(|remedy| remedy.kind != RemedyKind::TellCustomer);
            let best = better.find(is_worth_it);
            if let Some(remedy) = best
                && take(running, &remedy.replan, now)
            {
                self.remedies += 1;
                self.moved += remedy.moved;
            }
        }
    }

    /// Repairs the day if a vehicle has broken down for good since the last time.
    fn repair(&mut self, running: &mut Running, now: Timestamp) {
        let couriers = running.live.day().couriers().iter().enumerate();
        let lost = couriers.filter(|(number, state)| {
            let is_lost = (state.outage).is_some_and(|outage| outage.until.is_none());
            is_lost && !self.repaired.contains(number)
        });
        let lost: Vec<usize> = lost.map(|(number, _)| number).collect();
        if lost.is_empty() {
            return;
        }
        self.repaired.extend(lost);
        let request = RepairRequest {
            moves_max: MOVES_MAX,
            time_limit: None,
            iteration_limit: Some(ITERATIONS),
            ..RepairRequest::default()
        };
        if let Ok(found) = repair(&running.live, &request)
            && found.is_changed
            && take(running, &found.replan, now)
        {
            self.repairs += 1;
            self.moved += found.moved;
        }
    }
}

/// Whether to apply it without asking anybody: customers are not told another window.
fn is_worth_it(remedy: &Remedy) -> bool {
    let is_ours = match remedy.kind {
        RemedyKind::Reorder
        | RemedyKind::LeaveEarlier { .. }
        | RemedyKind::HandOver { .. }
        | RemedyKind::SendSpare { .. } => true,
        RemedyKind::DropStop { .. } | RemedyKind::MoveWindow { .. } | RemedyKind::TellCustomer => {
            false
        }
    };
    is_ours && remedy.before.late - remedy.after.late >= GAIN_MIN
}

/// Changes the plan, for the live day and for couriers; returns whether it could be.
fn take(running: &mut Running, replan: &Replan, now: Timestamp) -> bool {
    let Ok(changes) = running.live.replan(replan) else {
        return false;
    };
    running.note(&changes);
    let problem = Arc::clone(running.live.problem());
    running.world.follow(problem, &routes(&running.live), now);
    true
}

/// The routes as they are now.
fn routes(live: &LiveDay) -> Vec<Route> {
    let routes = live.day().roster().routes().iter();
    let routes = routes.filter_map(|route| {
        let orders = route.stops[..route.n_current()].iter();
        let breaks = route.breaks.iter();
        Some(Route::sketched(
            route.courier.clone(),
            route.start?,
            orders.map(|stop| stop.order.clone()),
            &route.reloads,
            breaks.map(|pause| (pause.number, pause.n_before)),
        ))
    });
    routes.collect()
}

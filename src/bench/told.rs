//! What customers hear of promises at risk on a day that is run: how often, how early, and whether it was so.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::live::Fate;
use crate::day::{Alert, AlertChange, AlertRules, Alerts, LiveDay};
use crate::forecast::RouteOutlook;
use crate::model::OrderId;
use crate::units::{Seconds, Timestamp};
use crate::world::{Truth, World};

/// How long before the end of a window it is seen whether an alert is open.
pub const LEADS: [Seconds; 3] = [Seconds(20 * 60), Seconds(30 * 60), Seconds(60 * 60)];

/// What was told of promises, by order.
#[derive(Clone, Debug, Default)]
pub(super) struct Tales(BTreeMap<OrderId, Tale>);

/// What was told of one promise.
#[derive(Clone, Debug, Default)]
struct Tale {
    raised: u32,
    told: u32,
    /// When the open alert was raised first.
    open_since: Option<Timestamp>,
    /// Whether an alert was open as long before the end of the window as alerts are to be.
    is_announced: bool,
    /// The same for each lead.
    open_at: [bool; LEADS.len()],
    /// How long each alert was open that was cleared.
    cleared_after: Vec<Seconds>,
}

impl Tales {
    /// Notes what was told at `now`.
    pub(super) fn note(&mut self, changes: &[AlertChange], now: Timestamp) {
        for change in changes {
            let tale = self.0.entry(change.alert().order.clone()).or_default();
            match change {
                AlertChange::Raised(Alert { since, .. }) => {
                    tale.raised += 1;
                    tale.told += 1;
                    tale.open_since = Some(*since);
                }
                AlertChange::Moved(_) => tale.told += 1,
                AlertChange::Cleared(Alert { since, .. }) => {
                    tale.told += 1;
                    tale.open_since = None;
                    tale.cleared_after.push(now - *since);
                }
                AlertChange::Ended(_) => tale.open_since = None,
            }
        }
    }

    /// Notes whose alert is open at the last moment that leaves enough notice; `step` is how far apart moments are looked
    /// at.
    pub(super) fn note_open(
        &mut self,
        world: &World,
        notice: Seconds,
        now: Timestamp,
        step: Seconds,
    ) {
        for (order, tale) in &mut self.0 {
            let (Some(since), Some(end)) = (tale.open_since, world.promised_end(order)) else {
                continue;
            };
            let note = |lead: Seconds, was_open: &mut bool| {
                let latest = end - lead;
                if since <= latest && now <= latest + step {
                    *was_open = now + step > latest;
                }
            };
            note(notice, &mut tale.is_announced);
            for (lead, was_open) in LEADS.into_iter().zip(&mut tale.open_at) {
                note(lead, was_open);
            }
        }
    }

    /// What came of a promise, with what was told of it.
    pub(super) fn fate(&self, order: &OrderId, truth: Truth) -> Fate {
        let tale = self.0.get(order).cloned().unwrap_or_default();
        Fate {
            truth,
            is_announced: tale.is_announced,
            open_at: tale.open_at,
            raised: tale.raised,
            told: tale.told,
            cleared_after: tale.cleared_after,
        }
    }
}

/// Somebody who follows a day that others run, by alert rules of their own.
pub(super) struct Bystander {
    alerts: Alerts,
    tales: Tales,
    /// By courier: what was seen last.
    seen: Vec<Option<Arc<RouteOutlook>>>,
}

impl Bystander {
    pub(super) fn new(rules: AlertRules) -> Self {
        Self {
            alerts: Alerts::new(rules),
            tales: Tales::default(),
            seen: Vec::new(),
        }
    }

    /// Looks at everybody at whom `live` has looked since the last time. The plan of the day must not change.
    pub(super) fn look(&mut self, live: &LiveDay) {
        let routes = live.day().roster().routes();
        self.seen.resize(routes.len(), None);
        for (courier, route) in routes.iter().enumerate() {
            let Some((at, outlook)) = live.look(courier) else {
                continue;
            };
            let seen = &mut self.seen[courier];
            if seen.as_ref().is_some_and(|seen| Arc::ptr_eq(seen, outlook)) {
                continue;
            }
            *seen = Some(Arc::clone(outlook));
            let changes = self.alerts.review(courier, route, outlook, at);
            self.tales.note(&changes, at);
        }
    }

    pub(super) fn note_open(&mut self, world: &World, now: Timestamp, step: Seconds) {
        let notice = self.alerts.rules().notice;
        self.tales.note_open(world, notice, now, step);
    }

    pub(super) fn tales(&self) -> &Tales {
        &self.tales
    }
}

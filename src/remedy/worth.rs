//! What a plan for the rest of the day is worth, by the forecast of now.

use std::sync::Arc;

use super::draft::Draft;
use super::residual::{Account, Residual};
use super::scene::Scene;
use crate::day::Outcome;
use crate::forecast::{ArrivalBand, WhatIf};
use crate::units::ExactCost;

/// What is to be expected of one order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sight {
    /// Position of the order.
    pub(super) order: usize,
    /// Chance that its promise is kept.
    pub(super) on_time: f64,
    /// When somebody comes.
    pub(super) arrival: Option<ArrivalBand>,
}

/// A draft with what is to be expected of it.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub(super) draft: Draft,
    /// By courier: the orders to come, in sequence.
    pub(super) sights: Vec<Arc<Vec<Sight>>>,
    /// By courier.
    accounts: Vec<Arc<Account>>,
    pub(super) total: Account,
    /// Promises expected to be broken on the whole day.
    pub(super) late: f64,
}

/// What plans are compared by: less is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Worth {
    /// Promises expected to be broken, in hundredths.
    pub(super) late: i64,
    /// Orders that nobody comes for.
    pub(super) unserved: usize,
    pub(super) cost: ExactCost,
}

impl Judged {
    pub(super) fn worth(&self) -> Worth {
        Worth {
            late: hundredths(self.late),
            unserved: self.unserved(),
            cost: self.total.cost,
        }
    }

    /// What is to be expected of `order`; `None` if nobody comes.
    pub(super) fn sight(&self, order: usize) -> Option<(usize, Sight)> {
        let couriers = self.sights.iter().enumerate();
        let mut found = couriers.filter_map(|(courier, sights)| {
            let sight = sights.iter().find(|sight| sight.order == order)?;
            Some((courier, *sight))
        });
        found.next()
    }

    /// Orders that nobody comes for.
    pub(super) fn unserved(&self) -> usize {
        let all = self.sights.iter().flat_map(|sights| sights.iter());
        self.draft.pool.len() + all.filter(|sight| sight.arrival.is_none()).count()
    }

    /// The smallest chance left to anyone; 1 without orders to come.
    pub(super) fn lowest(&self) -> f64 {
        if !self.draft.pool.is_empty() {
            return 0.0;
        }
        let all = self.sights.iter().flat_map(|sights| sights.iter());
        all.map(|sight| sight.on_time).fold(1.0, f64::min)
    }
}

/// Judges drafts.
pub(super) struct Judge<'a> {
    pub(super) scene: &'a Scene<'a>,
    pub(super) residual: Residual,
    /// Promises that are broken already.
    so_far: f64,
}

impl<'a> Judge<'a> {
    pub(super) fn new(scene: &'a Scene<'a>, pool: &[usize]) -> Self {
        let outcomes = scene.live.day().outcomes();
        let is_broken =
            |outcome: &Outcome| matches!(outcome, Outcome::Late { .. } | Outcome::NotDelivered(_));
        let so_far = outcomes.iter().filter(|order| {
            // Those that may still be served count by their chance.
            let number = scene.number_of.get(&order.order);
            is_broken(&order.outcome) && number.is_none_or(|number| !pool.contains(number))
        });
        Self {
            residual: Residual::new(scene, pool),
            so_far: so_far.count() as f64,
            scene,
        }
    }

    /// A draft by itself.
    pub(super) fn first(&self, draft: Draft) -> Judged {
        let couriers = 0..draft.tails.len();
        let sights: Vec<_> = couriers.clone().map(|it| self.sights(&draft, it)).collect();
        let account = |it| Arc::new(self.residual.account(self.scene, &draft, &[it]));
        let accounts: Vec<_> = couriers.map(account).collect();
        self.judged(draft, sights, accounts)
    }

    /// A draft that differs from `before`: only routes that do are looked at.
    pub(super) fn next(&self, before: &Judged, draft: Draft) -> Judged {
        let mut sights = before.sights.clone();
        let mut accounts = before.accounts.clone();
        for courier in draft.changed(&before.draft) {
            sights[courier] = self.sights(&draft, courier);
            let account = self.residual.account(self.scene, &draft, &[courier]);
            accounts[courier] = Arc::new(account);
        }
        self.judged(draft, sights, accounts)
    }

    /// Whether `judged` breaks no constraint more than `before`, windows apart.
    pub(super) fn is_sound(before: &Judged, judged: &Judged) -> bool {
        judged.total.is_as_sound_as(&before.total)
    }

    fn judged(
        &self,
        draft: Draft,
        sights: Vec<Arc<Vec<Sight>>>,
        accounts: Vec<Arc<Account>>,
    ) -> Judged {
        let mut total = Account::default();
        for account in &accounts {
            total.add(account);
        }
        let chances = sights.iter().flat_map(|sights| sights.iter());
        let to_come: f64 = chances.map(|sight| 1.0 - sight.on_time).sum();
        Judged {
            late: self.so_far + to_come + draft.pool.len() as f64,
            draft,
            sights,
            accounts,
            total,
        }
    }

    fn sights(&self, draft: &Draft, courier: usize) -> Arc<Vec<Sight>> {
        Arc::new(self.sights_by(&self.scene.what_if, draft, courier))
    }

    /// What is to be expected of the route to come of a courier.
    pub(super) fn sights_by(
        &self,
        what_if: &WhatIf<'_>,
        draft: &Draft,
        courier: usize,
    ) -> Vec<Sight> {
        let orders = draft.tails[courier].iter();
        let orders: Vec<usize> = orders.filter_map(|halt| halt.order()).collect();
        if orders.is_empty() {
            return Vec::new();
        }
        let trial = self.scene.trial(draft, courier);
        let first = trial.orders.len() - orders.len();
        let outlook = what_if.outlook(courier, &trial, self.scene.now);
        let stops = outlook.stops.iter().filter_map(|stop| {
            Some(Sight {
                order: *orders.get(stop.stop.checked_sub(first)?)?,
                on_time: stop.on_time,
                arrival: stop.arrival,
            })
        });
        stops.collect()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "days are short")]
pub(super) fn hundredths(promises: f64) -> i64 {
    (promises * 100.0).round() as i64
}

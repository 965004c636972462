//! Couriers whom no order is for: probably their skills, their depot or the day of their shift is wrong.

use super::service::{Fleet, Obstacle};
use super::{Context, Findings, Subject};
use crate::model::{Order, Reason};

/// Couriers tried with orders before this is given up: the courier that most orders are not for is seen to be of use
/// sooner or later, and it is only a warning.
const TRIES_MAX: u64 = 2_000_000;

/// The couriers that no order tried so far is for.
pub(super) struct Idle<'a> {
    context: &'a Context<'a>,
    /// By position, with the number of orders that each obstacle keeps the courier from.
    left: Vec<(usize, [u32; Obstacle::ALL.len()])>,
    n_orders: u32,
    tries: u64,
}

impl<'a> Idle<'a> {
    pub(super) fn new(context: &'a Context<'a>) -> Self {
        let couriers = 0..context.problem.couriers.len();
        Self {
            context,
            left: couriers
                .map(|position| (position, Default::default()))
                .collect(),
            n_orders: 0,
            tries: 0,
        }
    }

    /// Takes out the couriers who could serve `order`, which has no errors.
    pub(super) fn try_order(&mut self, fleet: &Fleet<'_>, order: &Order) {
        self.tries += self.left.len() as u64;
        if self.left.is_empty() || self.tries > TRIES_MAX {
            return;
        }
        self.n_orders += 1;
        let windows = order.service_windows();
        self.left.retain_mut(|(position, counts)| {
            let obstacle = fleet.obstacle(*position, order, &windows);
            if let Some(obstacle) = obstacle {
                counts[obstacle as usize] += 1;
            }
            obstacle.is_some()
        });
    }

    /// Warns of those left, unless it is said already that their shift is on another day.
    pub(super) fn tell(&self, findings: &mut Findings) {
        if self.n_orders == 0 || self.tries > TRIES_MAX {
            return;
        }
        for (position, counts) in &self.left {
            let courier = &self.context.problem.couriers[*position];
            let path = format!("couriers[{position}]");
            let shift = format!("{path}.shift");
            if findings.warnings.iter().any(|told| told.field == shift) {
                continue;
            }
            let kept_from = Obstacle::ALL.iter().zip(counts);
            let kept_from: Vec<String> = kept_from
                .filter(|(_, count)| **count > 0)
                .map(|(obstacle, count)| format!("{} ({count})", obstacle.name()))
                .collect();
            let message = format!(
                "this courier can serve none of the orders that somebody can serve: in the way are {}",
                kept_from.join(", ")
            );
            let mut subject = Subject::new(findings, path, courier.id.as_str());
            subject.warning("id", Reason::Conflict, message);
        }
    }
}

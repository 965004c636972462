//! Trips: where a route is cut by returns to a depot, and whether the courier may do that.

use super::route::{Drive, Visit};
use super::{Report, clock};
use crate::model::{ConstraintKind, Depot, DepotId, OrderKind, Reload};
use crate::travel::{Leg, Way};
use crate::units::Timestamp;

/// A stated reload beside what the problem says about it.
pub(super) struct Halt<'a> {
    pub(super) reload: &'a Reload,
    pub(super) depot: &'a Depot,
    /// The way from the stop before; `None` if there is none.
    pub(super) way: Option<Way<'a>>,
    /// When the courier leaves the stop before, as stated.
    pub(super) left: Timestamp,
}

impl Halt<'_> {
    /// The way from the stop before, nothing where there is no way.
    pub(super) fn way(&self) -> Way<'_> {
        self.way.unwrap_or(Way::NONE)
    }

    /// What the way amounts to at the time it is begun.
    pub(super) fn leg(&self) -> Leg {
        clock::leg(&self.way(), self.left)
    }
}

/// Whether there is a stop before the first of `reloads`, between any two, and after the last.
pub(super) fn are_in_place(reloads: &[Reload], n_stops: usize) -> bool {
    let mut least = 1;
    reloads.iter().all(|reload| {
        let is_in_place = (least..n_stops).contains(&reload.n_before);
        least = reload.n_before + 1;
        is_in_place
    })
}

impl<'a> Drive<'a> {
    /// The reload right before the stop at `position`.
    pub(super) fn halt_before(&self, position: usize) -> Option<&Halt<'a>> {
        self.halts
            .iter()
            .find(|halt| halt.reload.n_before == position)
    }

    /// The stops of each trip with the reloads before and after it.
    pub(super) fn trips(&self) -> impl Iterator<Item = Trip<'_, 'a>> {
        (0..=self.halts.len()).map(|number| {
            let (before, after) = (
                number.checked_sub(1).map(|before| &self.halts[before]),
                self.halts.get(number),
            );
            let from = before.map_or(0, |halt| halt.reload.n_before);
            let to = after.map_or(self.visits.len(), |halt| halt.reload.n_before);
            Trip {
                before,
                after,
                visits: &self.visits[from..to],
            }
        })
    }

    /// Depots of trips, and whether and how often the courier may reload.
    pub(super) fn check_trips(&self, report: &mut Report<'_>) {
        for trip in self.trips() {
            let start = trip.before.map_or(self.courier.start_depot(), Halt::id);
            let end = trip.after.map_or(self.courier.end_depot(), Halt::id);
            for visit in trip.visits {
                let stocks = match visit.order.kind {
                    OrderKind::Delivery => start,
                    OrderKind::Collection => end,
                };
                let depots = &visit.order.depots;
                if !depots.is_empty() && stocks.is_none_or(|id| !depots.contains(id)) {
                    let message = "the trip does not start (delivery) or end (collection) at a depot that stocks the goods";
                    report.stop(&visit.order.id, ConstraintKind::Depot, 1, message);
                }
            }
        }
        for halt in &self.halts {
            if !self.courier.reload_depots.contains(&halt.depot.id) {
                let message = format!("the courier may not reload at depot `{}`", halt.depot.id);
                report.route(ConstraintKind::Depot, 1, &message);
            }
            if halt.way.is_none() {
                let message = format!("there is no way to reload at depot `{}`", halt.depot.id);
                report.route(ConstraintKind::Unreachable, 1, &message);
            }
        }
        let excess = match self.courier.max_reloads {
            Some(most) => self.halts.len().saturating_sub(most as usize),
            None => 0,
        };
        if excess > 0 {
            let message = format!("{excess} reloads more than the courier's limit");
            let excess = i64::try_from(excess).unwrap_or(i64::MAX);
            report.route(ConstraintKind::MaxReloads, excess, &message);
        }
    }

    /// Follows the clock over a reload; returns the departure.
    pub(super) fn check_halt(
        &self,
        halt: &Halt<'_>,
        left: Timestamp,
        report: &mut Report<'_>,
    ) -> Timestamp {
        let (reload, leg) = (halt.reload, halt.leg());
        let due = [
            ("arrival", "s", reload.arrival.0, (left + leg.duration).0),
            (
                "departure",
                "s",
                reload.departure.0,
                (reload.loading_start + halt.depot.loading).0,
            ),
            ("travel time", "s", reload.leg_duration.0, leg.duration.0),
            ("distance", "m", reload.leg_distance.0, leg.distance.0),
        ];
        for (what, unit, stated, due) in due {
            let what = format!("{what} at reload after stop {}", reload.n_before);
            report.figure(None, &what, unit, stated, due);
        }
        if reload.loading_start < reload.arrival {
            let early = (reload.arrival - reload.loading_start).0;
            let message = format!("loading starts {early} s before the arrival at the depot");
            report.route(ConstraintKind::Inconsistent, early, &message);
        }
        reload.departure
    }
}

impl<'a> Halt<'a> {
    fn id(halt: &Self) -> Option<&'a DepotId> {
        Some(&halt.depot.id)
    }
}

/// The stops between two reloads, or between one and the start or the end of the route.
pub(super) struct Trip<'r, 'a> {
    pub(super) before: Option<&'r Halt<'a>>,
    pub(super) after: Option<&'r Halt<'a>>,
    pub(super) visits: &'r [Visit<'a>],
}

impl Trip<'_, '_> {
    /// When all its goods are ready, if that is stated.
    pub(super) fn ready(&self) -> Option<Timestamp> {
        let deliveries = self
            .visits
            .iter()
            .filter(|visit| visit.order.kind == OrderKind::Delivery);
        deliveries.filter_map(|visit| visit.order.ready).max()
    }
}

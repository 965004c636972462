//! Loads: what is on board after every stop, at most, and whether it fits.

use std::collections::{BTreeMap, BTreeSet};

use super::Report;
use super::route::Drive;
use crate::model::{ConstraintKind, OrderKind};
use crate::units::Load;

impl Drive<'_> {
    /// Deliveries are on board from the start to their stop, collections from their stop to the end.
    pub(super) fn check_loads(&self, report: &mut Report<'_>) {
        for dimension in self.dimensions() {
            let amounts = |kind: OrderKind| {
                let visits = self
                    .visits
                    .iter()
                    .filter(move |visit| visit.order.kind == kind);
                visits.map(|visit| visit.order.load(dimension))
            };
            let at_start: Load = amounts(OrderKind::Delivery).sum();
            let stated = stated(&self.route.load_at_start, dimension);
            report.figure(
                None,
                &format!("load at the start ({dimension})"),
                "units",
                stated,
                at_start.0,
            );
            let peak = self.follow(dimension, at_start, report);
            self.check_peak(dimension, peak, report);
        }
    }

    /// Every dimension that an order or a figure of the route names.
    fn dimensions(&self) -> BTreeSet<&str> {
        let of_orders = self
            .visits
            .iter()
            .flat_map(|visit| visit.order.loads.keys());
        let of_stops = self
            .visits
            .iter()
            .flat_map(|visit| visit.stop.load_after.keys());
        let of_route = self
            .route
            .load_at_start
            .keys()
            .chain(self.route.peak_load.keys());
        of_orders
            .chain(of_stops)
            .chain(of_route)
            .map(String::as_str)
            .collect()
    }

    /// Compares the load after every stop; returns the largest.
    fn follow(&self, dimension: &str, at_start: Load, report: &mut Report<'_>) -> Load {
        let (mut load, mut peak) = (at_start, at_start);
        for visit in &self.visits {
            let amount = visit.order.load(dimension);
            match visit.order.kind {
                OrderKind::Delivery => load -= amount,
                OrderKind::Collection => load += amount,
            }
            peak = peak.max(load);
            let stated = stated(&visit.stop.load_after, dimension);
            let what = format!("load after the stop ({dimension})");
            report.figure(Some(&visit.order.id), &what, "units", stated, load.0);
        }
        peak
    }

    fn check_peak(&self, dimension: &str, peak: Load, report: &mut Report<'_>) {
        let stated = stated(&self.route.peak_load, dimension);
        report.figure(
            None,
            &format!("largest load ({dimension})"),
            "units",
            stated,
            peak.0,
        );
        let Some(&capacity) = self.courier.capacities.get(dimension) else {
            return;
        };
        if peak > capacity {
            let message =
                format!("up to {peak} {dimension} on board, where the vehicle holds {capacity}");
            report.add(
                None,
                ConstraintKind::Capacity,
                (peak - capacity).0,
                dimension,
                &message,
            );
        }
    }
}

/// What a plan says about `dimension`; leaving it out means zero.
fn stated(loads: &BTreeMap<String, Load>, dimension: &str) -> i64 {
    loads.get(dimension).map_or(0, |load| load.0)
}

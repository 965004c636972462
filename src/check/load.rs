//! Loads: what is on board after every stop, at most, and whether it fits.

use std::collections::{BTreeMap, BTreeSet};

use super::Report;
use super::route::{Drive, Visit};
use crate::model::{ConstraintKind, OrderKind};
use crate::units::Load;

impl Drive<'_> {
    /// Deliveries are on board from the start of the trip to their stop, collections from their stop to its end.
    pub(super) fn check_loads(&self, report: &mut Report<'_>) {
        for dimension in self.dimensions() {
            let mut peak = Load::ZERO;
            for trip in self.trips() {
                let deliveries = trip
                    .visits
                    .iter()
                    .filter(|visit| visit.order.kind == OrderKind::Delivery);
                let at_start: Load = deliveries.map(|visit| visit.order.load(dimension)).sum();
                let (what, loads) = match trip.before {
                    None => ("load at the start".to_owned(), &self.route.load_at_start),
                    Some(halt) => (
                        format!("load after the reload behind stop {}", halt.reload.n_before),
                        &halt.reload.load_at_departure,
                    ),
                };
                let what = format!("{what} ({dimension})");
                report.figure(None, &what, "units", stated(loads, dimension), at_start.0);
                peak = peak.max(follow(trip.visits, dimension, at_start, report));
            }
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
        let of_reloads = (self.halts.iter()).flat_map(|halt| halt.reload.load_at_departure.keys());
        of_orders
            .chain(of_stops)
            .chain(of_reloads)
            .chain(of_route)
            .map(String::as_str)
            .collect()
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

/// Compares the load after every stop of a trip; returns the largest.
fn follow(visits: &[Visit<'_>], dimension: &str, at_start: Load, report: &mut Report<'_>) -> Load {
    let (mut load, mut peak) = (at_start, at_start);
    for visit in visits {
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

/// What a plan says about `dimension`; leaving it out means zero.
fn stated(loads: &BTreeMap<String, Load>, dimension: &str) -> i64 {
    loads.get(dimension).map_or(0, |load| load.0)
}

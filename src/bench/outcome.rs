//! From a plan and its simulated days to an outcome.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use crate::analysis::study::{
    BATCHES, DAY_QUANTILES, Group, Outcome, PlanRecord, StopOutcome, Stress, scenario_error,
};
use crate::forecast;
use crate::model::{Order, Plan, PlanForecast, Problem};
use crate::units::Seconds;

const _: () = assert!(BATCHES == forecast::BATCHES);

/// A plan on the simulated days of one stress.
pub(super) struct Trial<'a> {
    pub(super) problem: &'a Problem,
    pub(super) record: &'a PlanRecord,
    pub(super) plan: &'a Plan,
    /// Without any stress, on other simulated days.
    pub(super) predicted: &'a PlanForecast,
    pub(super) stress: &'a Stress,
    pub(super) simulated: &'a PlanForecast,
    /// Promises kept on each simulated day.
    pub(super) kept: &'a [u32],
}

impl Trial<'_> {
    /// What came of it.
    pub(super) fn outcome(&self) -> Outcome {
        let Self { record, plan, .. } = self;
        let stops = self.stops();
        let batches = self.batches();
        let expected_kept = batches.iter().sum::<f64>() / BATCHES as f64;
        let chances = stops.iter().map(|stop| stop.kept);
        let served: usize = plan.routes.iter().map(|route| route.stops.len()).sum();
        let driving: Seconds = plan.routes.iter().map(|route| route.travel).sum();
        Outcome {
            day: record.day.clone(),
            way: record.way.clone(),
            stress: self.stress.name.clone(),
            is_feasible: plan.verdict.is_feasible(),
            cost: plan.total_cost().0,
            driving_seconds: driving.0,
            distance_meters: plan.distance().0,
            couriers_used: plan.routes.len(),
            served,
            unserved: self.problem.orders.len() - served,
            solve_seconds: record.solve_seconds,
            expected_kept,
            expected_error: scenario_error(&batches),
            day_rates: self.day_rates(),
            worst_stop: if served < self.problem.orders.len() {
                0.0
            } else {
                chances.fold(1.0, f64::min)
            },
            hours: self.hours(&stops),
            couriers: self.couriers(),
            batches,
            stops,
        }
    }

    fn n_orders(&self) -> f64 {
        self.problem.orders.len().max(1) as f64
    }

    /// The share of promises kept in each batch.
    fn batches(&self) -> Vec<f64> {
        let mut totals = vec![0_u64; BATCHES];
        for days in self.kept.chunks(BATCHES) {
            for (total, &kept) in totals.iter_mut().zip(days) {
                *total += u64::from(kept);
            }
        }
        let n_days = (self.kept.len() / BATCHES).max(1) as f64;
        let rate = |total: u64| total as f64 / (n_days * self.n_orders());
        totals.into_iter().map(rate).collect()
    }

    /// Quantiles of the share of promises kept on a day: the smallest value that so many days do not exceed.
    fn day_rates(&self) -> Vec<f64> {
        let mut kept = self.kept.to_vec();
        kept.sort_unstable();
        let n = kept.len();
        let steps = DAY_QUANTILES - 1;
        let rank = |percent: usize| (n * percent).div_ceil(steps).clamp(1, n.max(1)) - 1;
        (0..DAY_QUANTILES)
            .map(|percent| kept.get(rank(percent)).copied().unwrap_or(0))
            .map(|kept| rounded(f64::from(kept) / self.n_orders()))
            .collect()
    }

    fn stops(&self) -> Vec<StopOutcome> {
        let predicted = self.predicted.routes.iter().flat_map(|route| &route.stops);
        let routes = self.simulated.routes.iter();
        let stops = routes.flat_map(|route| route.stops.iter().map(move |stop| (route, stop)));
        stops
            .zip(predicted)
            .map(|((route, stop), predicted)| StopOutcome {
                order: stop.order.to_string(),
                courier: route.courier.to_string(),
                predicted: rounded(predicted.on_time.estimate),
                kept: rounded(stop.on_time.estimate),
            })
            .collect()
    }

    /// By the hour in which the promised time begins.
    fn hours(&self, stops: &[StopOutcome]) -> Vec<Group> {
        let zone = TimeZone::get(&self.problem.time_zone).unwrap_or(TimeZone::UTC);
        let chances: BTreeMap<&str, f64> =
            stops.iter().map(|stop| (&*stop.order, stop.kept)).collect();
        let mut hours: BTreeMap<String, (usize, f64)> = BTreeMap::new();
        for order in &self.problem.orders {
            let (count, kept) = hours.entry(hour(order, &zone)).or_default();
            *count += 1;
            *kept += chances.get(order.id.as_str()).copied().unwrap_or(0.0);
        }
        let group = |(name, (promises, kept)): (String, (usize, f64))| Group {
            name,
            promises,
            kept: rounded(kept / promises as f64),
        };
        hours.into_iter().map(group).collect()
    }

    fn couriers(&self) -> Vec<Group> {
        let routes = self.simulated.routes.iter();
        routes
            .map(|route| Group {
                name: route.courier.to_string(),
                promises: route.stops.len(),
                kept: rounded(route.expected_on_time),
            })
            .collect()
    }
}

/// The hour of the day in which an order's promised time begins.
fn hour(order: &Order, zone: &TimeZone) -> String {
    let windows = order.service_windows();
    let start = order.promise.map_or_else(
        || windows.first().map(|window| window.start),
        |promise| Some(promise.window.start),
    );
    let moment = jiff::Timestamp::from_second(start.unwrap_or_default().0).unwrap_or_default();
    format!("{:02}", moment.to_zoned(zone.clone()).hour())
}

/// A share with six decimals: finer than 65,536 simulated days can tell, and short to write.
fn rounded(share: f64) -> f64 {
    (share * 1e6).round() / 1e6
}

//! How a caller wants a plan searched for, and how the time for it is divided.

use std::time::Duration;

use super::OnInvalidOrder;
use crate::forecast;
use crate::model::{ForecastOptions, InitialPlan, OnTimeTarget, Problem};
use crate::planner::PlanOptions;
use crate::planner::reliability::{self, Reliability};

/// Orders with which a plan can be made for a target.
pub const TARGET_ORDERS_MAX: usize = reliability::ORDERS_MAX;
/// Stop-scenarios that a forecast is expected to simulate in a second, on the slow side.
const FORECAST_RATE: u64 = 50_000_000;

/// How a caller wants a plan searched for.
#[derive(Clone, Debug, PartialEq)]
pub struct SolveOptions {
    /// Wall time, from the start of the search to the answer.
    pub time_budget: Duration,
    /// Largest number of iterations.
    pub iteration_limit: Option<u64>,
    /// Ends the search after so many iterations without improvement.
    pub stagnation_limit: Option<u64>,
    /// Random seed.
    pub seed: u64,
    /// Search threads, as granted.
    pub threads: usize,
    /// Whether the number of couriers who drive comes before cost.
    pub fleet_first: bool,
    /// What to do with invalid orders.
    pub on_invalid_order: OnInvalidOrder,
    /// How to forecast the plan.
    pub forecast: ForecastOptions,
    /// How many promises the plan is to keep on the days of the forecast.
    pub target: Option<OnTimeTarget>,
}

impl SolveOptions {
    /// The target with the days that it is meant for.
    fn reliability(&self) -> Option<Reliability> {
        self.target.map(|target| Reliability {
            target,
            noise: self.forecast.noise.clone().unwrap_or_default(),
            grace: self.forecast.grace,
        })
    }

    /// What the planner is told for a search that begins `now`, with its forecast and answer in the time `available`.
    pub(super) fn plan_options(
        &self,
        problem: &Problem,
        now: Duration,
        available: Duration,
        initial: Option<InitialPlan>,
    ) -> PlanOptions {
        PlanOptions {
            time_budget: Some(now + search_time(available, problem, &self.forecast)),
            iteration_limit: self.iteration_limit,
            stagnation_limit: self.stagnation_limit,
            seed: self.seed,
            threads: self.threads,
            fleet_first: self.fleet_first,
            reliability: self.reliability(),
            initial,
        }
    }
}

/// The part of `available` that the search may use; the rest is for the forecast and for writing the answer.
///
/// At least half of the time is for the search.
fn search_time(available: Duration, problem: &Problem, options: &ForecastOptions) -> Duration {
    let stops = problem.orders.len() as u64;
    let scenarios = u64::from(forecast::simulated_days(options));
    let simulation = Duration::from_millis(stops * scenarios * 1_000 / FORECAST_RATE);
    let finish = Duration::from_millis(20) + simulation;
    available - finish.min(available / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_keeps_at_least_half_of_the_time() {
        let second = Duration::from_secs(1);
        let light = ForecastOptions::default();
        assert_eq!(
            search_time(second, &Problem::default(), &light),
            Duration::from_millis(980)
        );
        let tiny = Duration::from_millis(10);
        assert_eq!(search_time(tiny, &Problem::default(), &light), tiny / 2);
        assert_eq!(
            search_time(Duration::ZERO, &Problem::default(), &light),
            Duration::ZERO
        );
    }
}

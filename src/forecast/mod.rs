//! How likely a plan is to keep its promises: the day simulated many times over.
//!
//! Knows orders, couriers, travel times and how much they vary; nothing of how plans are found, of the wire or of time
//! zones. A plan's sequences and start times are used, everything else in it is computed anew.
//!
//! # What is simulated
//! A courier loads, leaves late by a random delay, travels, waits for the first moment in a window of the order, serves,
//! and goes on. Travel takes its planned time multiplied by factors of mean 1: one for the day and one for the half
//! hour, which all couriers share, one for the courier and one for the leg. Where travel depends on the time of day, the
//! factors multiply the way itself, which is then covered at the pace of the moments at which it really is: who runs late
//! meets the rush hour. Service takes its planned time multiplied
//! by one factor for the courier and one for the service, plus now and then an incident. Because most factors are
//! shared, promises fail together: the rate realized on a day varies much more than if they failed independently.
//!
//! A promise is kept if service starts by the last moment of the order's windows, plus grace. An early courier waits.
//!
//! # How
//! Noise is keyed by order and courier (`draws`), traffic is spread evenly (`factors`), a route is an array of
//! planned times (`itinerary`), a block of 256 scenarios moves along it in single precision (`kernel`), and one thread
//! sums up a route (`route`, `quantiles`, `statistics`). Numbers of promises are summed as integers, so that the answer
//! has the same bits for any number of threads.

mod draws;
mod elementary;
mod factors;
#[cfg(test)]
mod fixture;
mod itinerary;
mod kernel;
mod quantiles;
mod rehearsal;
mod route;
mod spread;
mod statistics;
#[cfg(test)]
mod tests;

use rayon::prelude::*;

use crate::model::{ForecastOptions, Plan, PlanForecast, Problem, RouteForecast, SpreadSource};
use crate::rng;
use crate::travel::TravelTimes;
use draws::BLOCK;
use factors::Traffic;
use itinerary::{Itinerary, Timetable};
pub use rehearsal::{Rehearsal, Step};
use route::{Day, Simulator};
use spread::Spread;
use statistics::{KeptCounts, rate};

/// The share of simulated days in which leaving at a leave-by time keeps every later promise.
const LEAVE_BY_CONFIDENCE: f64 = 0.9;

/// The number of simulated days is a multiple of this.
const SCENARIOS_STEP: u32 = 256;

/// Largest number of simulated days.
const SCENARIOS_MAX: u32 = 65_536;

/// Sets the scenarios of reports apart from those that a plan may have been optimized against under the same seed:
/// a plan looks better on the days it was made for.
const REPORT: u64 = 0x7265_706f_7274;

/// The scenarios that plans are optimized against.
const TRAINING: u64 = 0x0074_7261_696e;

/// Simulates `plan` and counts the promises it keeps.
///
/// Runs in the caller's rayon pool; the answer depends on the arguments alone, not on the number of threads. Scenarios
/// are rounded up to a multiple of 256 and cut to 256 to 65,536; the answer tells how many there were.
///
/// # What the figures mean
/// * Rates of a plan (or route) without stops are 100 %, without sampling error, since no promise is broken;
///   `expected_kept` is 0 as soon as the problem has an order.
/// * From the first stop that cannot be reached on, no promise is kept; the missing way takes no time, and the lateness
///   of these stops is not counted. The same holds for ids that the problem does not know.
/// * Lateness is measured from the last moment of the windows, on days on which it exceeds the grace.
/// * A leave-by time is the latest moment such that a courier who departs right then keeps every later promise of the
///   route with a chance of at least `leave_by_confidence`: the departure is certain, all that comes after varies. It
///   may lie before the plan's own departure, or before the route's start. If no departure, however early, reaches the
///   confidence, because a window opens too late for the next one, it is the start of the route. `None` means that no
///   later promise can be kept, or that there is none; a route without a promise to keep is to leave as planned.
///
/// Shape: time in proportion to stops times scenarios; memory for each thread in proportion to scenarios.
#[must_use]
pub fn forecast(
    problem: &Problem,
    travel: &TravelTimes<'_>,
    plan: &Plan,
    options: &ForecastOptions,
) -> PlanForecast {
    let noise = options.noise.clone().unwrap_or_default();
    let spread = Spread::new(&noise);
    let seed = rng::hash(options.seed, &[REPORT]);
    let scenarios = options.scenarios.clamp(1, SCENARIOS_MAX);
    let scenarios = scenarios.next_multiple_of(SCENARIOS_STEP);
    let n_blocks = scenarios as usize / BLOCK;

    let timetable = Timetable::new(problem, travel, &spread, options.grace);
    let routes = plan.routes.par_iter();
    let itineraries: Vec<_> = routes.map(|route| timetable.itinerary(route)).collect();
    let first_shift = problem.couriers.iter().map(|courier| courier.shift.start);
    let last_departure = itineraries.iter().map(|route| route.last_departure());
    let traffic = Traffic::new(
        seed,
        &spread,
        first_shift.min().unwrap_or_default(),
        last_departure.max().unwrap_or_default(),
        n_blocks,
    );
    let day = Day {
        seed,
        spread: &spread,
        traffic: &traffic,
        n_blocks,
    };
    let simulated = itineraries
        .par_iter()
        .fold(|| Part::new(&day), Part::with)
        .map(|part| part.tally)
        .reduce(|| Tally::new(n_blocks), Tally::merged);
    let n_served = plan.routes.iter().map(|route| route.stops.len()).sum();
    let counts = KeptCounts::new(&simulated.kept, n_served);
    PlanForecast {
        expected_on_time: counts.mean_rate(),
        expected_on_time_error: counts.sampling_error(),
        realized_p5: counts.rate_quantile(0.05),
        realized_p95: counts.rate_quantile(0.95),
        expected_kept: rate(counts.total(), scenarios as usize * problem.orders.len()).min(1.0),
        routes: simulated.routes,
        scenarios,
        seed: options.seed,
        spread_source: match options.noise {
            Some(_) => SpreadSource::Request,
            None => SpreadSource::Default,
        },
        noise_version: noise.version.unwrap_or_else(|| {
            let name = if options.noise.is_some() {
                "request"
            } else {
                "default"
            };
            name.to_owned()
        }),
        leave_by_confidence: LEAVE_BY_CONFIDENCE,
        grace: options.grace,
    }
}

/// What is known of some neighboring routes of a plan.
struct Tally {
    routes: Vec<RouteForecast>,
    /// Promises kept, by scenario.
    kept: Vec<u32>,
}

impl Tally {
    fn new(n_blocks: usize) -> Self {
        Self {
            routes: Vec::new(),
            kept: vec![0; n_blocks * BLOCK],
        }
    }

    fn add(&mut self, kept: &[u32]) {
        for (total, kept) in self.kept.iter_mut().zip(kept) {
            *total += kept;
        }
    }

    fn merged(mut self, next: Self) -> Self {
        self.routes.extend(next.routes);
        self.add(&next.kept);
        self
    }
}

/// The routes that one thread simulates in a row, in the same memory.
struct Part<'a> {
    simulator: Simulator<'a>,
    tally: Tally,
}

impl<'a> Part<'a> {
    fn new(day: &'a Day<'a>) -> Self {
        Self {
            simulator: Simulator::new(day),
            tally: Tally::new(day.n_blocks),
        }
    }

    fn with(mut self, route: &Itinerary) -> Self {
        self.tally.routes.push(self.simulator.forecast(route));
        self.tally.add(self.simulator.kept());
        self
    }
}

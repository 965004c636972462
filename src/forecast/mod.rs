//! How likely a plan is to keep its promises: the day simulated many times over.
//!
//! Knows orders, couriers, travel times and how much they vary; nothing of how plans are found, of the wire or of time
//! zones. A plan's sequences and start times are used, everything else in it is computed anew.
//!
//! # What is simulated
//! A courier loads, leaves late by a random delay, travels, waits for the first moment in a window of the order, serves,
//! and goes on. Travel takes its planned time multiplied by factors of mean 1: one for the day and one for the half
//! hour (of which a part is the city's and a part the zone's that the leg leads into), which all couriers share, one for
//! the courier and one for the leg; and by the bias learnt for zone and hour, if there is one, whose mean is not 1. Half
//! hours are those of the planned departures. Where travel depends on the time of day, the
//! factors multiply the way itself, which is then covered at the pace of the moments at which it really is: who runs late
//! meets the rush hour. Service takes its planned time multiplied
//! by one factor for the courier and one for the service, and by the zone's bias, plus now and then an incident. Of a known
//! courier, the factors are those learnt, as surely as they are known. Because most factors are
//! shared, promises fail together: the rate realized on a day varies much more than if they failed independently.
//!
//! A promise is kept if service starts by the last moment of the order's windows, plus grace. An early courier waits.
//!
//! # How
//! Noise is keyed by order and courier (`draws`), traffic is spread evenly (`factors`), a route is an array of
//! planned times (`itinerary`), a block of 128 scenarios moves along it in single precision (`kernel`), and one thread
//! sums up a route (`route`, `quantiles`, `statistics`). Numbers of promises are summed as integers, so that the answer
//! has the same bits for any number of threads.

#[cfg(test)]
mod cause_tests;
mod draws;
mod elementary;
mod factors;
#[cfg(test)]
pub(crate) mod fixture;
mod itinerary;
mod kernel;
pub mod learn;
mod live;
mod quantiles;
mod realize;
mod recorded;
mod rehearsal;
mod route;
#[cfg(test)]
mod slow;
mod spread;
mod statistics;
#[cfg(test)]
mod tests;
mod under_way;

use rayon::prelude::*;

use crate::model::{
    CauseSplit, ForecastOptions, NoiseModel, Plan, PlanForecast, Probability, Problem,
    RouteForecast,
};
use crate::rng;
use crate::travel::TravelTimes;
use crate::units::Seconds;
use draws::BLOCK;
pub use factors::BATCHES;
use factors::Traffic;
use itinerary::{Itinerary, Timetable};
pub use live::{LiveCourier, LiveDays, LiveDoor, LiveStep, LiveStop};
pub use realize::realize;
pub use recorded::{RecordedForecast, RecordedPromise, forecast_recorded, forecast_recorded_ahead};
pub use rehearsal::{Rehearsal, Step};
use route::{Day, Simulator};
use spread::{Cause, Spread};
use statistics::{KeptCounts, rate};
pub use under_way::{
    ArrivalBand, DayUnderWay, DelayCauses, Hold, RouteOutlook, RouteProgress, StopOutlook, Tempo,
    TrafficShift, Trial, VisitTimes, WhatIf,
};

/// The share of simulated days in which leaving at a leave-by time keeps every later promise.
const LEAVE_BY_CONFIDENCE: f64 = 0.9;

/// The number of simulated days is a multiple of this.
pub const SCENARIOS_STEP: u32 = 256;

/// Largest number of simulated days.
pub const SCENARIOS_MAX: u32 = 65_536;

/// The largest number of simulated days on which the causes of broken promises are looked for.
const CAUSES_SCENARIOS_MAX: u32 = 1_024;

/// Numbers that traffic may take up at a time: 256 MiB.
const TRAFFIC_MAX: usize = 64 << 20;

/// Sets the scenarios of reports apart from those that a plan may have been optimized against under the same seed:
/// a plan looks better on the days it was made for.
const REPORT: u64 = 0x7265_706f_7274;

/// Sets the days that recorded days are forecast on apart from others under the same seed.
const RECORDED: u64 = 0x7265_636f_7264;

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
    forecast_days(problem, travel, plan, options).0
}

/// As [`forecast`], and the number of promises kept on each simulated day.
///
/// Day `d` belongs to batch `d % BATCHES`. Under equal options the days of two plans are the same days.
#[must_use]
pub fn forecast_days(
    problem: &Problem,
    travel: &TravelTimes<'_>,
    plan: &Plan,
    options: &ForecastOptions,
) -> (PlanForecast, Vec<u32>) {
    let noise = options.noise.as_ref();
    let spread = noise.map_or_else(|| Spread::new(&NoiseModel::default()), Spread::new);
    let scenarios = options.scenarios.clamp(1, SCENARIOS_MAX);
    let scenarios = scenarios.next_multiple_of(SCENARIOS_STEP);
    let simulation = Simulation {
        problem,
        travel,
        plan,
        seed: rng::hash(options.seed, &[REPORT]),
        grace: options.grace,
    };
    let simulated = simulation.run(&spread, scenarios);
    let causes = options.causes.then(|| {
        let scenarios = scenarios.min(CAUSES_SCENARIOS_MAX);
        simulation.causes(&spread, &simulated.kept, scenarios)
    });
    let counts = KeptCounts::new(&simulated.kept, simulation.n_served());
    let forecast = PlanForecast {
        expected_on_time: counts.mean_rate(),
        expected_on_time_error: counts.sampling_error(),
        realized_p5: counts.rate_quantile(0.05),
        realized_p95: counts.rate_quantile(0.95),
        expected_kept: rate(counts.total(), scenarios as usize * problem.orders.len()).min(1.0),
        routes: simulated.routes,
        scenarios,
        seed: options.seed,
        spread_source: options.spread_source(),
        noise_version: options.noise_version(),
        leave_by_confidence: LEAVE_BY_CONFIDENCE,
        grace: options.grace,
        causes,
    };
    (forecast, simulated.kept)
}

/// The chance of a promise that was kept on `kept` of `days` simulated days, with its 95 % interval.
#[must_use]
pub fn chance(kept: u32, days: u32) -> Probability {
    statistics::wilson(kept as usize, days as usize)
}

/// Days that a forecast simulates, those for the causes of broken promises included.
#[must_use]
pub fn simulated_days(options: &ForecastOptions) -> u32 {
    let scenarios = options.scenarios.min(SCENARIOS_MAX);
    let for_causes = 4 * scenarios.min(CAUSES_SCENARIOS_MAX);
    scenarios + if options.causes { for_causes } else { 0 }
}

/// What is simulated, whatever it varies by.
struct Simulation<'a> {
    problem: &'a Problem,
    travel: &'a TravelTimes<'a>,
    plan: &'a Plan,
    seed: u64,
    grace: Seconds,
}

impl Simulation<'_> {
    fn n_served(&self) -> usize {
        self.plan.routes.iter().map(|route| route.stops.len()).sum()
    }

    /// Simulates all routes.
    ///
    /// Routes are simulated in waves, each with the traffic that its legs need, so that memory for traffic is bounded.
    fn run(&self, spread: &Spread, scenarios: u32) -> Tally {
        let n_blocks = scenarios as usize / BLOCK;
        let timetable = Timetable::new(self.problem, self.travel, spread, self.grace);
        let routes = self.plan.routes.par_iter();
        let itineraries: Vec<_> = routes.map(|route| timetable.itinerary(route)).collect();
        let shifts = self.problem.couriers.iter().map(|courier| courier.shift);
        let first_shift = shifts.map(|shift| shift.start).min().unwrap_or_default();
        let mut tally = Tally::new(n_blocks);
        for wave in waves(&itineraries, TRAFFIC_MAX / scenarios as usize) {
            let legs = wave.iter().flat_map(Itinerary::legs);
            let departures = legs.map(|leg| (leg.zone, leg.departure));
            let traffic = Traffic::new(self.seed, spread, first_shift, departures, n_blocks);
            let day = Day {
                seed: self.seed,
                spread,
                traffic: &traffic,
                n_blocks,
            };
            let simulated = (wave.par_iter())
                .fold(|| Part::new(&day), Part::with)
                .map(|part| part.tally)
                .reduce(|| Tally::new(n_blocks), Tally::merged);
            tally = tally.merged(simulated);
        }
        tally
    }

    /// What makes promises fail on the first `scenarios` days, of which `kept` tells the promises kept.
    fn causes(&self, spread: &Spread, kept: &[u32], scenarios: u32) -> CauseSplit {
        let rate = |kept: &[u32]| KeptCounts::new(kept, self.n_served()).mean_rate();
        let expected_on_time = rate(&kept[..scenarios as usize]);
        let regained = |cause| {
            let calm = self.run(&spread.without(cause), scenarios);
            rate(&calm.kept) - expected_on_time
        };
        CauseSplit {
            expected_on_time,
            traffic: regained(Cause::Traffic),
            courier: regained(Cause::Courier),
            service: regained(Cause::Service),
            start: regained(Cause::Start),
            scenarios,
        }
    }
}

/// Cuts routes into as few runs as there are with at most `legs_max` legs each, or one route.
fn waves(routes: &[Itinerary], legs_max: usize) -> Vec<&[Itinerary]> {
    let mut waves = Vec::new();
    let (mut first, mut n_legs) = (0, 0);
    for (at, route) in routes.iter().enumerate() {
        let n_more = route.legs().count();
        if at > first && n_legs + n_more > legs_max {
            waves.push(&routes[first..at]);
            (first, n_legs) = (at, 0);
        }
        n_legs += n_more;
    }
    waves.push(&routes[first..]);
    waves
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

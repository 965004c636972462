//! Saving vehicles: at times the search stops annealing and looks for a way to serve the same clients with fewer routes.
//!
//! Annealing gives up a route only when that is cheap at every step. An attempt ([`attempt`]) gives one up first and then
//! looks for places for its clients, no matter at what cost ([`ejection`]), down to what is needed in any case
//! ([`bound`]). Several attempts are made side by side; how many depends on nothing, so that the result is the same for
//! any number of threads.

mod attempt;
mod bound;
mod ejection;

#[cfg(test)]
mod tests;

use rayon::prelude::*;

use super::params::Work;
use super::problem::Problem;
use super::recreate::Guide;
use super::search::stream;
use super::state::Route;
use crate::rng;
use attempt::Attempt;

/// Attempts side by side.
const ATTEMPTS: usize = 2;
/// When the search saves vehicles, in shares of its limits: at first for long, as everything else rests on it.
const WINDOWS: [(f64, f64); 3] = [(0.0, 0.3), (0.5, 0.55), (0.75, 0.8)];
/// A round makes no more than one in so many of the iterations left, so that windows end about when they should.
const ROUND_SHARE: u64 = 16;
/// Rounds without success after which a campaign ends, at least.
const PATIENCE: u64 = 100;
/// How many times the rounds up to the last success it goes on for, at least.
const PERSISTENCE: u64 = 10;

/// When vehicles are saved, and how far that is.
#[derive(Debug)]
pub(super) struct Fleet<'p> {
    problem: &'p Problem,
    n_slots: usize,
    /// Windows that are not over.
    windows: &'static [(f64, f64)],
    campaign: Option<Campaign<'p>>,
    campaigns: u64,
    /// Share of the search that the first campaign took.
    head_start: f64,
}

/// What a round of attempts came to.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) iterations: u64,
    /// Routes for the same clients, if there are fewer than before.
    pub(super) routes: Option<Vec<Route>>,
}

impl<'p> Fleet<'p> {
    pub(super) fn new(problem: &'p Problem, n_slots: usize) -> Self {
        Self {
            problem,
            n_slots,
            windows: if is_worth_it(problem) { &WINDOWS } else { &[] },
            campaign: None,
            campaigns: 0,
            head_start: 0.0,
        }
    }

    /// Whether it is time to save vehicles after a share `done` of the search.
    pub(super) fn is_due(&mut self, done: f64) -> bool {
        while let Some(&(start, end)) = self.windows.first() {
            let is_over = self.campaign.as_ref().is_some_and(Campaign::is_over);
            if done < end && !is_over {
                return done >= start;
            }
            if self.campaign.take().is_some() && start <= 0.0 {
                self.head_start = done;
            }
            self.windows = &self.windows[1..];
        }
        false
    }

    /// The share of annealing that is done after a share `done` of the search.
    pub(super) fn annealed(&self, done: f64) -> f64 {
        ((done - self.head_start) / (1.0 - self.head_start).max(1e-9)).clamp(0.0, 1.0)
    }

    /// Goes on with the attempts, or begins with those at `routes`; makes few of the `iterations` that are left. `None` if
    /// `stop` ended it early.
    pub(super) fn round(
        &mut self,
        guide: &Guide,
        seed: u64,
        routes: &[Route],
        iterations: u64,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Option<Round> {
        let campaign = self.campaign.get_or_insert_with(|| {
            self.campaigns += 1;
            Campaign::new(self.problem, self.n_slots, routes, seed, self.campaigns)
        });
        let each = (iterations / ROUND_SHARE / ATTEMPTS as u64).max(1);
        campaign.round(guide, each, iterations, stop)
    }
}

/// Whether a vehicle costs more than driving to all clients: only then is it worth any detour. Attempts know routes of
/// one trip only, without breaks, and arcs that take the same time at all times of day.
fn is_worth_it(problem: &Problem) -> bool {
    let features = problem.features();
    if features.reloads || features.timed || features.breaks {
        return false;
    }
    let driving = problem.arc_cost_mean() * problem.n_clients() as f64;
    let fixed = problem.types().iter().map(|kind| kind.fixed);
    fixed.min().is_some_and(|least| least as f64 > driving)
}

/// Attempts side by side, from the same routes.
#[derive(Debug)]
struct Campaign<'p> {
    attempts: Vec<Attempt<'p>>,
    vehicles_min: usize,
    /// Fewest routes so far.
    fewest: usize,
    seed: u64,
    number: u64,
    rounds: u64,
    succeeded_at: u64,
}

impl<'p> Campaign<'p> {
    fn new(problem: &'p Problem, n_slots: usize, routes: &[Route], seed: u64, number: u64) -> Self {
        let planned = routes.iter().flat_map(|route| &route.visits);
        let clients: Vec<u32> = planned.map(|&(client, _)| client).collect();
        // Routes with locked clients cannot be given up.
        let n_locked = routes.iter().filter(|route| route.locked > 0).count();
        let vehicles_min = bound::vehicles_min(problem, &clients).max(n_locked);
        let attempt = |_| Attempt::new(problem, n_slots, nameless(routes), vehicles_min);
        Self {
            attempts: (0..ATTEMPTS).map(attempt).collect(),
            vehicles_min,
            fewest: routes.len(),
            seed,
            number,
            rounds: 0,
            succeeded_at: 0,
        }
    }

    /// Whether there is nothing to be saved, or not with the means that seem due.
    fn is_over(&self) -> bool {
        let patience = PATIENCE.max(PERSISTENCE * self.succeeded_at);
        self.fewest <= self.vehicles_min.max(1) || self.rounds - self.succeeded_at > patience
    }

    /// Lets every attempt make so many iterations `each`, and all together no more than `iterations`.
    fn round(
        &mut self,
        guide: &Guide,
        each: u64,
        iterations: u64,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Option<Round> {
        self.rounds += 1;
        let (seed, key) = (self.seed, [stream::FLEET, self.number, self.rounds]);
        let attempts = self.attempts.par_iter_mut().enumerate();
        let made: Vec<Option<u64>> = attempts
            .map(|(number, attempt)| {
                let key = [key.as_slice(), &[number as u64]].concat();
                let mut rng = rng::stream(seed, &key);
                let of_others = each * number as u64;
                let own = each.min(iterations.saturating_sub(of_others));
                attempt.run(guide, Work::of_lane(ATTEMPTS), own, &mut rng, stop)
            })
            .collect();
        Some(Round {
            iterations: made.into_iter().sum::<Option<u64>>()?,
            routes: self.take_success(),
        })
    }

    /// The routes of the first attempt that needs fewer than any before, from which then all go on.
    fn take_success(&mut self) -> Option<Vec<Route>> {
        let complete = self.attempts.iter().map(Attempt::complete);
        let routes = nameless(complete.min_by_key(|routes| routes.len())?);
        if routes.len() >= self.fewest {
            return None;
        }
        self.fewest = routes.len();
        self.succeeded_at = self.rounds;
        for attempt in &mut self.attempts {
            if attempt.complete().len() > routes.len() {
                attempt.go_on_from(routes.clone());
            }
        }
        Some(routes)
    }
}

/// The routes without versions, which mean nothing outside the state they come from.
fn nameless(routes: &[Route]) -> Vec<Route> {
    let mut routes = routes.to_vec();
    for route in &mut routes {
        route.version = 0;
    }
    routes
}

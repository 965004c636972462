//! Problems too large for a table of all arcs: cut into regions, each a problem of its own, round after round.
//!
//! Nothing here takes time or memory beyond proportion to the number of clients, but for sorting. Clients are cut into
//! cells, each with a share of the vehicles, and each cell is planned by itself. Then, in rounds, the routes are cut
//! into regions, each time along other lines, and every region is annealed at the temperature of the round; clients
//! left out and free vehicles are dealt anew each time. What a round does depends on the problem, the seed and the
//! round only, not on the threads that do it.
//!
//! In reading order: [`mod@cut`] (regions), [`fleet`] (their vehicles), [`region`] (work on one), then the rounds here.

mod cut;
mod fleet;
mod region;

#[cfg(test)]
mod tests;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rayon::prelude::*;

use super::control::{Control, Outcome, SearchEnd, SearchProgress};
use super::cooling;
use super::params::{self, SearchParams};
use super::problem::Problem;
use super::ruin::RuinSize;
use super::search::COOLED;
use super::solution::{Solution, plain};
use super::start::Start;
use super::success::Operators;
use crate::rng;
use cut::{CutKey, Item, cut};
use fleet::{Need, deal};
use region::{Planned, Region, Round, Scale};

/// Clients of a cell of the construction, about.
const CELL_CLIENTS: usize = 500;
/// Clients of a region of a round, about, unless that is too few routes: what it takes into the processor's caches is
/// quicker to anneal.
const REGION_CLIENTS_MIN: usize = 500;
/// Clients of a region of a round, at most, however long its routes are.
const REGION_CLIENTS_MAX: usize = 2_000;
/// Routes of a region, at least.
const REGION_ROUTES: f64 = 12.0;
/// How often clients left out by the construction are dealt again before the first round.
const SECOND_CHANCES: u64 = 3;
/// Rounds that a search is made of where neither of the next two forbids it.
const ROUNDS: f64 = 16.0;
/// Iterations a client and round, at least: making a region's table of arcs takes as long as a few.
const PER_CLIENT_MIN: f64 = 12.0;
/// Iterations a client and round, at most.
const PER_CLIENT_MAX: f64 = 60.0;
/// Iterations a second and thread, until they have been counted.
const PACE: f64 = 30_000.0;
/// Temperatures in a round.
const STEPS: u32 = 4;
/// End temperature as a share of the mean cost of an arc to a near neighbor, for short routes.
const END_HEAT: f64 = 1.0 / 300.0;
/// Start temperature divided by end temperature, of a search with little time.
///
/// Source, as for the next two: single searches of three instances of 10,000 clients in the style of Gehring and
/// Homberger.
const HASTY_COOLING: f64 = 60.0;
/// The same of a search with [`PATIENT_BUDGET`].
const PATIENT_COOLING: f64 = 300.0;
/// Iterations a client of a search with the time to cool slowly; one with a tenth of it has little time.
const PATIENT_BUDGET: f64 = 1_000.0;
/// How much more a client left out counts than one in a route when vehicles are dealt.
const ABSENT_CLAIM: u64 = 1_000;

/// Streams of random numbers; none is used elsewhere in the search of a large problem.
mod stream {
    pub(super) const CELLS: u64 = 101;
    pub(super) const CUT: u64 = 102;
    pub(super) const FLEET: u64 = 103;
    pub(super) const CONSTRUCT: u64 = 104;
    pub(super) const ANNEAL: u64 = 105;
}

/// As [`search_from`](super::search::search_from), for a problem without a table of arcs.
pub(super) fn search(
    problem: &Problem,
    params: &SearchParams,
    start: Option<&Start>,
    control: &mut Control<'_>,
) -> Outcome {
    let mut large = Large::new(problem, *params);
    if let Some(start) = start {
        large.resume(start);
    }
    large.construct(control);
    let is_built = !(control.is_cancelled)();
    let end = loop {
        let done = large.done(large.iterations, control.clock.elapsed());
        (control.on_progress)(&SearchProgress {
            done,
            iterations: large.iterations,
            temperature: large.temperature,
            best: &large.best,
            operators: large.operators,
            penalties: None,
        });
        if let Some(end) = large.end(control) {
            break end;
        }
        large.improve(control);
    };
    Outcome {
        toll: 0,
        solution: large.best,
        is_built,
        iterations: large.iterations,
        end,
    }
}

struct Large<'p> {
    problem: &'p Problem,
    params: SearchParams,
    /// The solution being annealed, as one region.
    whole: Region,
    best: Solution,
    iterations: u64,
    operators: Operators,
    improved_at: u64,
    round: u64,
    /// Whether a round has made no iteration: none of its regions had clients and a vehicle for them.
    is_spent: bool,
    /// Time at the end of the construction.
    constructed_at: Duration,
    scale: Scale,
    /// Share of the cooling that counts as done at the start.
    cooled: f64,
    /// That of the last round in the beginning, in units of cost.
    temperature: f64,
}

impl<'p> Large<'p> {
    fn new(problem: &'p Problem, params: SearchParams) -> Self {
        let free = (0..).zip(problem.types().iter().map(|kind| kind.count));
        Self {
            problem,
            params,
            whole: Region {
                routes: Vec::new(),
                absent: (0..problem.n_clients() as u32).collect(),
                free: free.collect(),
            },
            best: Solution::default(),
            iterations: 0,
            operators: Operators::default(),
            improved_at: 0,
            round: 0,
            is_spent: false,
            constructed_at: Duration::ZERO,
            scale: Scale::default(),
            cooled: 0.0,
            temperature: 0.0,
        }
    }

    /// Goes on from `start` instead of from nothing, at the temperature of a search that has got so far.
    fn resume(&mut self, start: &Start) {
        self.whole.routes = Planned::all(self.problem, start.routes());
        self.whole.absent = start.absent().to_vec();
        for planned in &self.whole.routes {
            self.whole.free[planned.kind as usize].1 -= 1;
        }
        self.cooled = COOLED;
    }

    /// Plans each cell by itself, then gives clients left out a second chance in other company.
    fn construct(&mut self, control: &Control<'_>) {
        let stop = self.stop(control);
        for chance in 0..=SECOND_CHANCES {
            let n_absent = self.whole.absent.len();
            if n_absent == 0 || stop() {
                break;
            }
            let mut regions = self.regions(CELL_CLIENTS, stream::CELLS, chance, &stop);
            let (problem, seed) = (self.problem, self.params.seed);
            let scales = regions.par_iter_mut().enumerate().map(|(cell, region)| {
                if region.absent.is_empty() {
                    return Scale::default();
                }
                let mut rng = rng::stream(seed, &[stream::CONSTRUCT, chance, cell as u64]);
                region.construct(problem, &mut rng, &stop)
            });
            let scales: Vec<Scale> = scales.collect();
            if chance == 0 {
                scales.into_iter().for_each(|scale| self.scale.add(scale));
            }
            self.join(regions);
            if self.whole.absent.len() == n_absent {
                break;
            }
        }
        self.take_best();
        self.constructed_at = control.clock.elapsed();
    }

    /// One round: cuts, anneals every region and puts them together.
    fn improve(&mut self, control: &mut Control<'_>) {
        let elapsed = control.clock.elapsed();
        let stop = self.stop(control);
        let regions = self.regions(self.region_clients(), stream::CUT, self.round, &stop);
        let round = self.plan_round(elapsed, &stop);
        self.temperature = round.temperatures[0];
        let shares = shares(round.iterations, &regions);
        let made = Mutex::new((self.iterations, self.operators, &mut *control.on_progress));
        let (this, clock) = (&*self, control.clock);
        let regions: Vec<Region> = regions
            .into_par_iter()
            .zip(shares)
            .enumerate()
            .map(|(number, (mut region, share))| {
                let key = [stream::ANNEAL, this.round, number as u64];
                let mut rng = rng::stream(this.params.seed, &key);
                let (iterations, counts) = region.anneal(&round, share, &mut rng);
                let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
                let (total, operators, report) = &mut *made;
                *total += iterations;
                *operators += counts;
                report(&SearchProgress {
                    done: this.done(*total, clock.elapsed()),
                    iterations: *total,
                    temperature: this.temperature,
                    best: &this.best,
                    operators: *operators,
                    penalties: None,
                });
                region
            })
            .collect();
        let made = made.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.is_spent = made.0 == self.iterations;
        (self.iterations, self.operators, _) = made;
        self.round += 1;
        self.join(regions);
        if self.whole.cost(self.problem) < self.best.cost {
            self.take_best();
        }
    }

    /// Whether to end early, as `control` and the time limit have it.
    fn stop<'a>(&self, control: &Control<'a>) -> impl Fn() -> bool + Sync + use<'a> {
        let (clock, is_cancelled) = (control.clock, control.is_cancelled);
        let time_limit = self.params.time_limit;
        move || is_cancelled() || time_limit.is_some_and(|limit| clock.elapsed() >= limit)
    }

    /// Cuts the whole into regions of about so many clients, each with its share of the free vehicles.
    fn regions(
        &mut self,
        n_clients: usize,
        stream: u64,
        round: u64,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Vec<Region> {
        let mut whole = std::mem::take(&mut self.whole);
        let n_routes = whole.routes.len() as u32;
        let routes = (0..).zip(&whole.routes);
        let routes = routes.map(|(name, planned)| {
            let clients: Vec<u32> = planned.clients().collect();
            Item::of_route(name, &clients)
        });
        let absent = (n_routes..).zip(&whole.absent);
        let absent = absent.map(|(name, &client)| Item::of_client(name, client));
        let items = routes.chain(absent).collect();
        let n_regions = (self.problem.n_clients() as f64 / n_clients as f64).round() as usize;
        let seed = self.params.seed;
        let key = CutKey {
            seed,
            stream,
            round,
        };
        let groups = cut(self.problem, items, n_regions, key, stop);
        let mut routes: Vec<Option<Planned>> = whole.routes.drain(..).map(Some).collect();
        let mut regions: Vec<Region> = Vec::with_capacity(groups.len());
        let mut needs = Vec::with_capacity(groups.len());
        for group in &groups {
            let mut region = Region::default();
            for item in group {
                match routes.get_mut(item.name as usize) {
                    Some(route) => region.routes.extend(route.take()),
                    None => region
                        .absent
                        .push(whole.absent[(item.name - n_routes) as usize]),
                }
            }
            needs.push(Need {
                anchor: group[group.len() / 2].anchor(),
                weight: region.n_clients() as u64 + ABSENT_CLAIM * region.absent.len() as u64,
            });
            regions.push(region);
        }
        let mut free = vec![0; self.problem.types().len()];
        for (kind, count) in whole.free {
            free[kind as usize] += count;
        }
        let mut rng = rng::stream(seed, &[stream::FLEET, stream, round]);
        let fleets = deal(self.problem, &needs, &free, &mut rng);
        for (region, fleet) in regions.iter_mut().zip(fleets) {
            region.free = fleet;
        }
        regions
    }

    /// Puts regions together to the whole.
    fn join(&mut self, regions: Vec<Region>) {
        for region in regions {
            self.whole.routes.extend(region.routes);
            self.whole.absent.extend(region.absent);
            self.whole.free.extend(region.free);
        }
    }

    /// What regions are told: temperatures by the progress that this round is to make, and iterations so that the
    /// rounds to come are equally long.
    fn plan_round<'a>(&self, elapsed: Duration, stop: &'a (dyn Fn() -> bool + Sync)) -> Round<'a>
    where
        'p: 'a,
    {
        let n_clients = self.problem.n_clients() as f64;
        let left = self.iterations_left(elapsed) / n_clients;
        let budget = left + self.iterations as f64 / n_clients;
        let wanted = (budget / ROUNDS).clamp(PER_CLIENT_MIN, PER_CLIENT_MAX);
        let rounds_left = (left / wanted).round().max(1.0);
        let done = self.done(self.iterations, elapsed);
        let step = (1.0 - done) / rounds_left / f64::from(STEPS);
        let length = self.route_length();
        let cooling = cooling_for_budget(budget);
        let long = cooling::start_heat(length, 0.0) / cooling::start_heat(1.0, 0.0);
        let heat = self.scale.mean() * END_HEAT * long * cooling;
        let cooled = |done: f64| self.cooled + (1.0 - self.cooled) * done;
        let temperature = |number: u32| {
            let done = done + step * (f64::from(number) + 0.5);
            heat * cooling::share(cooling, cooled(done))
        };
        Round {
            problem: self.problem,
            temperatures: (0..STEPS).map(temperature).collect(),
            iterations: if left.is_finite() {
                (left * n_clients / rounds_left).round() as u64
            } else {
                (wanted * n_clients) as u64
            },
            neighbors: params::neighbors(length, cooled(done)),
            size: RuinSize::for_length(length),
            stop,
        }
    }

    /// Mean number of clients of the best solution's routes.
    fn route_length(&self) -> f64 {
        let n_planned = self.problem.n_clients() - self.best.absent.len();
        n_planned as f64 / self.best.routes.len().max(1) as f64
    }

    fn region_clients(&self) -> usize {
        let wanted = (REGION_ROUTES * self.route_length()) as usize;
        wanted.clamp(REGION_CLIENTS_MIN, REGION_CLIENTS_MAX)
    }

    /// Iterations that the limits still allow: estimated from the pace so far where time is the limit.
    fn iterations_left(&self, elapsed: Duration) -> f64 {
        match (self.params.iteration_limit, self.params.time_limit) {
            (Some(limit), _) => limit.saturating_sub(self.iterations) as f64,
            (None, Some(limit)) => {
                let so_far = elapsed.saturating_sub(self.constructed_at).as_secs_f64();
                let pace = if self.iterations > 0 {
                    self.iterations as f64 / so_far.max(1e-9)
                } else {
                    PACE * rayon::current_num_threads() as f64
                };
                pace * limit.saturating_sub(elapsed).as_secs_f64()
            }
            (None, None) => f64::INFINITY,
        }
    }

    /// Share of the limit used up: of the iterations if they are limited, so that the clock has no say then.
    fn done(&self, iterations: u64, elapsed: Duration) -> f64 {
        let share = match (self.params.iteration_limit, self.params.time_limit) {
            (Some(limit), _) => iterations as f64 / limit.max(1) as f64,
            (None, Some(limit)) => elapsed.as_secs_f64() / limit.as_secs_f64().max(1e-9),
            (None, None) => 0.0,
        };
        share.clamp(0.0, 1.0)
    }

    fn end(&self, control: &Control<'_>) -> Option<SearchEnd> {
        let params = &self.params;
        if (control.is_cancelled)() {
            return Some(SearchEnd::Cancelled);
        }
        let is_over = |limit| control.clock.elapsed() >= limit;
        if params.time_limit.is_some_and(is_over) {
            return Some(SearchEnd::TimeLimit);
        }
        if self.problem.types().iter().all(|kind| kind.count == 0) {
            return Some(SearchEnd::Trivial);
        }
        let is_reached = |limit| self.is_spent || self.iterations >= limit;
        if params.iteration_limit.is_some_and(is_reached) {
            return Some(SearchEnd::IterationLimit);
        }
        let stagnated = |limit| self.iterations - self.improved_at >= limit;
        let is_stagnated = params.stagnation_limit.is_some_and(stagnated);
        is_stagnated.then_some(SearchEnd::Stagnated)
    }

    /// Keeps the current solution, which costs less than the best one or is the first.
    fn take_best(&mut self) {
        let whole = &self.whole;
        let mut absent: Vec<usize> = whole.absent.iter().map(|&client| client as usize).collect();
        absent.sort_unstable();
        self.best = Solution {
            harm: 0,
            routes: (whole.routes.iter())
                .map(|planned| plain(planned.kind as usize, &planned.trips))
                .collect(),
            absent,
            cost: whole.cost(self.problem),
            distance: whole.routes.iter().map(|planned| planned.distance).sum(),
        };
        self.improved_at = self.iterations;
    }
}

/// Iterations in parts proportional to the numbers of clients, for regions where there is something to do.
fn shares(iterations: u64, regions: &[Region]) -> Vec<u64> {
    let size = |region: &Region| match region.is_workable() {
        true => region.n_clients() as u128,
        false => 0,
    };
    let sizes = regions.iter().map(size);
    let all = sizes.clone().sum::<u128>().max(1);
    let (mut before, mut given) = (0, 0);
    let share = |size| {
        before += size;
        let due = (u128::from(iterations) * before / all) as u64;
        due - std::mem::replace(&mut given, due)
    };
    sizes.map(share).collect()
}

/// Start temperature divided by end temperature for so many iterations a client: a hot start is lost on those who have
/// no time to cool.
fn cooling_for_budget(budget: f64) -> f64 {
    let patience = (budget / PATIENT_BUDGET).log10().clamp(-1.0, 0.0) + 1.0;
    HASTY_COOLING * (PATIENT_COOLING / HASTY_COOLING).powf(patience)
}

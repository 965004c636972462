//! The search as a whole: construction, then epochs of annealing in parallel lanes until time or iterations run out.
//!
//! What the lanes are depends on the problem only, never on the number of threads: a large solution is split into
//! parts of neighboring routes, anew for each epoch; a small one is annealed as a whole by several lanes with different
//! random numbers, which all go on from the best solution now and then. A patient search of a small solution anneals
//! several on their own and then recombines them. Annealing accepts by the difference of cost alone, so parts can anneal
//! at a common temperature as if they were one.

mod chains;
mod harm;
mod parts;

use super::control::{Control, Outcome, SearchEnd, SearchProgress};
use super::cooling;
use super::decompose::Part;
use super::fleet::Fleet;
use super::hazard::Toll;
use super::insertion::Memory;
use super::lane::{Lane, Orders};
use super::large;
use super::memetic::Memetic;
use super::neighborhood::Neighborhood;
use super::params::{self, BLINK, INSERTION_NEIGHBORS, RUIN_NEIGHBORS, SearchParams, Work};
use super::problem::Problem;
use super::recreate::Guide;
use super::ruin::RuinSize;
use super::schedule::{Replay, Schedule};
use super::solution::Solution;
use super::start::Start;
use super::state::Route;
use super::success::Operators;
use crate::rng;
use chains::FOUNDERS;
use harm::{Audited, Kept};

/// Largest number of parts a solution is split into.
const PARTS_MAX: usize = 64;
/// Clients per part, at least.
const CLIENTS_PER_PART: usize = 200;
/// Smaller solutions are not split: what a cut forbids costs more than a second lane gains.
const PARTS_CLIENTS_MIN: usize = 600;
/// Routes per part, at least.
const ROUTES_PER_PART: usize = 8;
/// Lanes that anneal a small solution as a whole.
const CHAINS: usize = 2;
/// Versions are renewed between epochs once they are beyond this, which leaves more than an epoch can use.
pub(super) const VERSIONS_MAX: u32 = 1 << 31;

/// Share of the search after which the start temperature is settled.
const CALIBRATION: f64 = 0.02;
/// How often chains go on from the best solution.
const GATHERINGS: u32 = 16;
/// Start temperature divided by end temperature, for parts.
const PART_COOLING: f64 = 300.0;
/// The same for whole solutions.
const CHAIN_COOLING: f64 = 60.0;
/// How much hotter annealing is where harm is limited, from nothing.
const TOLLED_HEAT: f64 = 2.0;
/// Share of the cooling that a search from a given solution leaves out: it would only undo what is good already.
pub(super) const COOLED: f64 = 0.5;

/// Streams of random numbers, so that no two uses share one.
pub(super) mod stream {
    pub(super) const CUT: u64 = 1;
    pub(super) const LANE: u64 = 2;
    pub(super) const CONSTRUCT: u64 = 3;
    pub(in crate::solver) const FLEET: u64 = 4;
}

/// Searches for the solution of least cost, on the threads of the current rayon pool.
///
/// With an iteration limit alone the result depends on the problem, the limit and the seed, and on nothing else.
pub fn search(problem: &Problem, params: &SearchParams, control: &mut Control<'_>) -> Outcome {
    search_from(problem, params, None, control)
}

/// As [`search`], from given routes if there are any: locked clients keep their places, and the solution found costs no
/// more than [`Start::solution`], whatever the limits.
pub fn search_from(
    problem: &Problem,
    params: &SearchParams,
    start: Option<&Start>,
    control: &mut Control<'_>,
) -> Outcome {
    search_by(problem, params, start, None, control)
}

/// Makes a [`search`] again that a time limit ended: same problem, same parameters, and what the clock decided then.
pub fn search_again(
    problem: &Problem,
    params: &SearchParams,
    replay: Replay,
    control: &mut Control<'_>,
) -> Outcome {
    search_by(problem, params, None, Some(replay), control)
}

fn search_by(
    problem: &Problem,
    params: &SearchParams,
    start: Option<&Start>,
    replay: Option<Replay>,
    control: &mut Control<'_>,
) -> Outcome {
    if problem.has_no_table() {
        return large::search(problem, params, start, control);
    }
    let neighborhood = Neighborhood::new(
        problem,
        INSERTION_NEIGHBORS,
        RUIN_NEIGHBORS,
        control.is_cancelled,
    );
    let guide = Guide::new(problem, neighborhood);
    let mut search = Search::new(problem, &guide, *params);
    if let Some(start) = start {
        search.resume(start);
    }
    search.schedule = Schedule::new(params, replay);
    search.construct(control.is_cancelled);
    let is_built = !(control.is_cancelled)();
    let end = search.run(control);
    Outcome {
        is_built,
        toll: search.toll.price(),
        solution: search.kept.map_or(search.best, |kept| kept.solution),
        iterations: search.iterations,
        end,
    }
}

pub(super) struct Search<'p> {
    problem: &'p Problem,
    guide: &'p Guide,
    params: SearchParams,
    schedule: Schedule,
    pub(super) lanes: Vec<Lane<'p>>,
    scheme: Scheme,
    /// The solution that is being annealed; with chains, the best one.
    routes: Vec<Route>,
    absent: Vec<u32>,
    n_slots: usize,
    memories: Vec<Memory>,
    best: Solution,
    iterations: u64,
    operators: Operators,
    improved_at: u64,
    epoch: u64,
    /// Whether what the limits still allow cannot be made.
    is_spent: bool,
    /// How often chains have gone on from the best solution.
    gatherings: u32,
    /// Start temperature as a share of the mean arc cost.
    heat: f64,
    /// Share of the cooling that counts as done at the start.
    cooled: f64,
    fleet: Fleet<'p>,
    /// Whether it is decided if there will be a population.
    is_settled: bool,
    /// Share of the search in which lanes anneal; a population has the rest.
    annealing: f64,
    population: Option<Memetic<'p>>,
    /// That of the last epoch, in units of cost.
    temperature: f64,
    /// What a unit of harm costs in this epoch.
    toll: Toll,
    /// The cheapest solution that does no more harm than allowed, or else the one that does least; only with a limit.
    kept: Option<Kept>,
    audited: Audited,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    /// Each lane has the whole solution.
    Chains,
    /// Each lane has one of so many parts.
    Parts(usize),
}

impl Scheme {
    /// Start temperature divided by end temperature.
    fn cooling(self) -> f64 {
        match self {
            Self::Chains => CHAIN_COOLING,
            Self::Parts(_) => PART_COOLING,
        }
    }
}

impl<'p> Search<'p> {
    pub(super) fn new(problem: &'p Problem, guide: &'p Guide, params: SearchParams) -> Self {
        let n_vehicles: u64 = problem
            .types()
            .iter()
            .map(|kind| u64::from(kind.count))
            .sum();
        let n_trips = if problem.features().reloads {
            usize::MAX
        } else {
            usize::try_from(n_vehicles).unwrap_or(usize::MAX)
        };
        let n_slots = n_trips.min(problem.n_clients().max(1));
        Self {
            problem,
            guide,
            params,
            schedule: Schedule::new(&params, None),
            lanes: vec![Lane::new(problem, n_slots, BLINK)],
            scheme: Scheme::Chains,
            routes: Vec::new(),
            absent: (0..problem.n_clients() as u32).collect(),
            n_slots,
            memories: vec![Memory::default(); problem.n_clients()],
            best: Solution::default(),
            iterations: 0,
            operators: Operators::default(),
            improved_at: 0,
            epoch: 0,
            is_spent: false,
            gatherings: 0,
            heat: 0.0,
            cooled: 0.0,
            fleet: Fleet::new(problem, n_slots),
            is_settled: false,
            annealing: 1.0,
            population: None,
            temperature: 0.0,
            toll: Toll::new(problem),
            kept: None,
            audited: Audited::new(),
        }
    }

    /// Goes on from `start` instead of from nothing, at the temperature of a search that has got so far.
    pub(super) fn resume(&mut self, start: &Start) {
        self.routes = start.routes().to_vec();
        self.absent = start.absent().to_vec();
        self.cooled = COOLED;
    }

    /// Builds a first solution by inserting the clients left out by the end of their windows, then chooses the scheme.
    pub(super) fn construct(&mut self, is_cancelled: &(dyn Fn() -> bool + Sync)) {
        let mut order = self.absent.clone();
        let closing = |client: u32| {
            self.problem.clients()[client as usize]
                .windows
                .iter()
                .map(|window| window.end)
                .max()
        };
        order.sort_by_key(|&client| (closing(client), client));
        let mut parts = vec![Part {
            routes: std::mem::take(&mut self.routes),
            ..Part::default()
        }];
        self.deal(&mut parts);
        self.hand_over(0, &parts[0]);
        let part = &parts[0];
        self.lanes[0].state.load(
            &part.routes,
            &part.absent,
            &part.free_slots,
            &part.free_vehicles,
        );
        let mut rng = rng::stream(self.params.seed, &[stream::CONSTRUCT]);
        if part.routes.is_empty() {
            self.lanes[0].construct(self.guide, &order, &mut rng, is_cancelled);
        } else {
            self.lanes[0].complete(self.guide, &order, &mut rng, is_cancelled);
        }
        self.unload();
        self.take_best();
        let n_clients = self.problem.n_clients();
        let firsts = self.routes.iter().filter(|trip| trip.previous.is_none());
        let n_vehicles = firsts.count();
        let n_parts = (n_clients / CLIENTS_PER_PART)
            .min(n_vehicles / ROUTES_PER_PART)
            .min(PARTS_MAX);
        let n_lanes = if n_parts >= 2 && n_clients >= PARTS_CLIENTS_MIN {
            let n_parts = 1 << n_parts.ilog2();
            self.scheme = Scheme::Parts(n_parts);
            n_parts
        } else {
            CHAINS
        };
        while self.lanes.len() < n_lanes {
            self.lanes
                .push(Lane::new(self.problem, self.n_slots, BLINK));
        }
        match self.scheme {
            Scheme::Chains => self.restart_chains(),
            Scheme::Parts(_) => {
                let bias = parts::route_bias(self.problem);
                self.lanes.iter_mut().for_each(|lane| lane.set_bias(bias));
            }
        }
    }

    pub(super) fn run(&mut self, control: &mut Control<'_>) -> SearchEnd {
        if self.problem.n_clients() == 0 {
            return SearchEnd::Trivial;
        }
        loop {
            let elapsed = control.clock.elapsed();
            let done = self.schedule.done(self.epoch, self.iterations, elapsed);
            (control.on_progress)(&SearchProgress {
                done,
                iterations: self.iterations,
                temperature: self.temperature,
                best: self.kept.as_ref().map_or(&self.best, |kept| &kept.solution),
                operators: self.operators,
                penalties: self.population.as_ref().map(Memetic::penalties),
            });
            if let Some(end) = self.end(control) {
                return end;
            }
            self.renew_versions();
            let time_limit = self.schedule.time_limit();
            let is_cancelled = control.is_cancelled;
            let clock = control.clock;
            let stop =
                move || is_cancelled() || time_limit.is_some_and(|limit| clock.elapsed() >= limit);
            if self.fleet.is_due(done) {
                self.save_vehicles(&stop);
            } else {
                self.anneal(done, &stop);
            }
            self.epoch += 1;
        }
    }

    /// One epoch of annealing, or a generation of the population, after a share `done` of the search.
    fn anneal(&mut self, done: f64, stop: &(dyn Fn() -> bool + Sync)) {
        let annealed = self.fleet.annealed(done);
        let budget = self.schedule.budget(done, self.iterations);
        let orders = self.orders(annealed, budget / self.problem.n_clients().max(1) as f64);
        self.temperature = orders.temperature;
        self.follow_harm(done);
        let orders = Orders {
            toll: self.toll.price(),
            ..orders
        };
        let (before, left) = (self.iterations, self.iterations_left());
        let n_lanes = self.lanes.len() as u64;
        let spare = left % n_lanes;
        match self.scheme {
            Scheme::Chains if annealed >= self.annealing => self.breed(orders, spare, stop),
            Scheme::Chains => self.anneal_chains(orders, spare, stop),
            Scheme::Parts(n_parts) => self.anneal_parts(n_parts, orders, spare, stop),
        }
        // The few lanes that could still have made an iteration may all have been without clients.
        self.is_spent = self.iterations == before && left < n_lanes;
    }

    /// Looks for a while for a way to serve the same clients with fewer vehicles.
    fn save_vehicles(&mut self, stop: &(dyn Fn() -> bool + Sync)) {
        let (seed, left) = (self.params.seed, self.iterations_left());
        let Some(round) = self.fleet.round(self.guide, seed, &self.routes, left, stop) else {
            return;
        };
        self.iterations += round.iterations;
        // It is not for lack of improvement by annealing that these were made.
        self.improved_at += round.iterations;
        let is_saved = round.routes.is_some();
        self.operators.fleet.count(is_saved, is_saved);
        let Some(routes) = round.routes else {
            return;
        };
        let found = Solution::new(self.problem, &routes, &self.absent);
        if self.value(&found) < self.value(&self.best) {
            self.routes = routes;
            self.take_best();
            if self.scheme == Scheme::Chains {
                self.restart_chains();
            }
        }
    }

    /// Counts what lanes have done in an epoch that ended in time.
    fn count(&mut self, iterations: u64) {
        self.iterations += iterations;
        for lane in &mut self.lanes {
            self.operators += lane.take_operators();
        }
    }

    /// Iterations that the limits still allow if nothing improves.
    fn iterations_left(&self) -> u64 {
        let left = |limit: Option<u64>, made: u64| {
            limit.map_or(u64::MAX, |limit| limit.saturating_sub(made))
        };
        let idle = self.iterations - self.improved_at;
        left(self.params.iteration_limit, self.iterations)
            .min(left(self.params.stagnation_limit, idle))
    }

    fn end(&self, control: &Control<'_>) -> Option<SearchEnd> {
        if (control.is_cancelled)() {
            return Some(SearchEnd::Cancelled);
        }
        let elapsed = control.clock.elapsed();
        if self.schedule.is_time_over(self.epoch, elapsed) {
            return Some(SearchEnd::TimeLimit);
        }
        let is_reached = |limit| self.is_spent || self.iterations >= limit;
        if self.params.iteration_limit.is_some_and(is_reached) {
            return Some(SearchEnd::IterationLimit);
        }
        let stagnated = |limit| self.is_spent || self.iterations - self.improved_at >= limit;
        self.params
            .stagnation_limit
            .is_some_and(stagnated)
            .then_some(SearchEnd::Stagnated)
    }

    /// What lanes are to do after a share `done` of annealing, when limits allow `budget` iterations per client in all.
    fn orders(&mut self, done: f64, budget: f64) -> Orders {
        let planned = self.problem.n_clients() - self.absent.len();
        let length = planned as f64 / self.routes.len().max(1) as f64;
        if done < CALIBRATION {
            self.heat = cooling::start_heat(length, budget);
        } else {
            self.settle(budget);
        }
        let gatherings = (done * f64::from(GATHERINGS)) as u32;
        let is_gathering = self.scheme == Scheme::Chains && self.lanes.len() < FOUNDERS;
        if gatherings > self.gatherings && is_gathering {
            self.restart_chains();
        }
        self.gatherings = gatherings;
        let cooled = self.cooled + (1.0 - self.cooled) * (done / self.annealing).min(1.0);
        let lanes = self.lanes.len() as u64;
        Orders {
            work: Work::of_lane(self.lanes.len()),
            iterations: self.iterations_left() / lanes,
            temperature: self.heat
                * self.tolled_heat()
                * self.problem.arc_cost_mean()
                * cooling::share(self.scheme.cooling(), cooled),
            neighbors: params::neighbors(length, cooled),
            toll: 0,
            size: RuinSize::for_length(length),
        }
    }

    /// By how much annealing is hotter for a toll: what a change does to harm comes on top of what it does to cost. A
    /// search that goes on from a solution would only lose it.
    fn tolled_heat(&self) -> f64 {
        if self.problem.harm_limit().is_some() && self.cooled == 0.0 {
            TOLLED_HEAT
        } else {
            1.0
        }
    }

    /// From here on, no route has had any version.
    pub(super) fn next_version(&self) -> u32 {
        let next = self.lanes.iter().map(|lane| lane.state.next_version());
        next.max().unwrap_or(1)
    }

    /// Gives each lane versions of its own, which no route has had before.
    fn number_versions(&mut self) {
        let first = self.next_version();
        let n_lanes = self.lanes.len() as u32;
        for (number, lane) in (0..).zip(&mut self.lanes) {
            lane.state.number_versions(first + number, n_lanes);
        }
    }

    /// Begins anew with versions before they run out, and forgets all places remembered of the old ones.
    fn renew_versions(&mut self) {
        if self.next_version() <= VERSIONS_MAX {
            return;
        }
        self.memories.fill(Memory::default());
        for route in &mut self.routes {
            route.version = 0;
        }
        let n_lanes = self.lanes.len() as u32;
        for (number, lane) in (0..).zip(&mut self.lanes) {
            lane.memories.fill(Memory::default());
            lane.state.number_versions(1 + number, n_lanes);
            lane.state.renew_versions();
        }
    }

    /// Keeps the current solution, which costs less than the best one or is the first.
    fn take_best(&mut self) {
        self.best = Solution::new(self.problem, &self.routes, &self.absent);
        self.keep_best();
        self.improved_at = self.iterations;
    }
}

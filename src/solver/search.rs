//! The search as a whole: construction, then epochs of annealing in parallel lanes until time or iterations run out.
//!
//! What the lanes are depends on the problem only, never on the number of threads: a large solution is split into
//! parts of neighboring routes, anew for each epoch; a small one is annealed as a whole by several lanes with different
//! random numbers, which all go on from the best solution now and then. Annealing accepts by the difference of cost
//! alone, so parts can anneal at a common temperature as if they were one.

use std::time::Duration;

use super::control::{Control, Outcome, SearchEnd, SearchProgress};
use super::cooling;
use super::decompose::{self, Part};
use super::insertion::Memory;
use super::lane::{Lane, Orders};
use super::large;
use super::neighborhood::Neighborhood;
use super::params::{
    BLINK, INSERTION_NEIGHBORS, RUIN_NEIGHBORS, SearchParams, Work, neighbors_for_length,
};
use super::problem::Problem;
use super::recreate::Guide;
use super::ruin::RuinSize;
use super::solution::Solution;
use super::state::Route;
use super::turns::{self, Epoch};
use crate::rng;

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

/// Streams of random numbers, so that no two uses share one.
mod stream {
    pub(super) const CUT: u64 = 1;
    pub(super) const LANE: u64 = 2;
    pub(super) const CONSTRUCT: u64 = 3;
}

/// Searches for the solution of least cost, on the threads of the current rayon pool.
///
/// With an iteration limit alone the result depends on the problem, the limit and the seed, and on nothing else.
pub fn search(problem: &Problem, params: &SearchParams, control: &mut Control<'_>) -> Outcome {
    if problem.has_no_table() {
        return large::search(problem, params, control);
    }
    let neighborhood = Neighborhood::new(
        problem,
        INSERTION_NEIGHBORS,
        RUIN_NEIGHBORS,
        control.is_cancelled,
    );
    let guide = Guide::new(problem, neighborhood);
    let mut search = Search::new(problem, &guide, *params);
    search.construct(control.is_cancelled);
    let end = search.run(control);
    Outcome {
        solution: search.best,
        iterations: search.iterations,
        end,
    }
}

pub(super) struct Search<'p> {
    problem: &'p Problem,
    guide: &'p Guide,
    params: SearchParams,
    pub(super) lanes: Vec<Lane<'p>>,
    scheme: Scheme,
    /// The solution that is being annealed; with chains, the best one.
    routes: Vec<Route>,
    absent: Vec<u32>,
    n_slots: usize,
    memories: Vec<Memory>,
    best: Solution,
    iterations: u64,
    improved_at: u64,
    epoch: u64,
    /// How often chains have gone on from the best solution.
    gatherings: u32,
    /// Start temperature as a share of the mean arc cost.
    heat: f64,
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
        let n_slots = usize::try_from(n_vehicles)
            .unwrap_or(usize::MAX)
            .min(problem.n_clients().max(1));
        Self {
            problem,
            guide,
            params,
            lanes: vec![Lane::new(problem, n_slots, BLINK)],
            scheme: Scheme::Chains,
            routes: Vec::new(),
            absent: (0..problem.n_clients() as u32).collect(),
            n_slots,
            memories: vec![Memory::default(); problem.n_clients()],
            best: Solution::default(),
            iterations: 0,
            improved_at: 0,
            epoch: 0,
            gatherings: 0,
            heat: 0.0,
        }
    }

    /// Builds a first solution by inserting clients by the end of their windows, then chooses the scheme.
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
        let mut parts = vec![Part::default()];
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
        self.lanes[0].construct(self.guide, &order, &mut rng, is_cancelled);
        self.unload();
        self.take_best();
        let n_clients = self.problem.n_clients();
        let n_parts = (n_clients / CLIENTS_PER_PART)
            .min(self.routes.len() / ROUTES_PER_PART)
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
        if self.scheme == Scheme::Chains {
            self.restart_chains();
        }
    }

    pub(super) fn run(&mut self, control: &mut Control<'_>) -> SearchEnd {
        if self.problem.n_clients() == 0 {
            return SearchEnd::Trivial;
        }
        loop {
            let done = self.done(control.clock.elapsed());
            (control.on_progress)(&SearchProgress {
                done,
                iterations: self.iterations,
                best: &self.best,
            });
            if let Some(end) = self.end(control) {
                return end;
            }
            self.renew_versions();
            let time_limit = self.params.time_limit;
            let is_cancelled = control.is_cancelled;
            let clock = control.clock;
            let stop =
                move || is_cancelled() || time_limit.is_some_and(|limit| clock.elapsed() >= limit);
            let orders = self.orders(done, clock.elapsed());
            match self.scheme {
                Scheme::Chains => self.anneal_chains(orders, &stop),
                Scheme::Parts(n_parts) => self.anneal_parts(n_parts, orders, &stop),
            }
            self.epoch += 1;
        }
    }

    fn end(&self, control: &Control<'_>) -> Option<SearchEnd> {
        if (control.is_cancelled)() {
            return Some(SearchEnd::Cancelled);
        }
        if self
            .params
            .time_limit
            .is_some_and(|limit| control.clock.elapsed() >= limit)
        {
            return Some(SearchEnd::TimeLimit);
        }
        // What is less than one iteration for each lane is left undone.
        let next = self.iterations + self.lanes.len() as u64;
        if self
            .params
            .iteration_limit
            .is_some_and(|limit| next > limit)
        {
            return Some(SearchEnd::IterationLimit);
        }
        let stagnated = |limit| self.iterations - self.improved_at >= limit;
        self.params
            .stagnation_limit
            .is_some_and(stagnated)
            .then_some(SearchEnd::Stagnated)
    }

    /// Share of the limit used up: of the iterations if they are limited, so that the clock has no say then.
    fn done(&self, elapsed: Duration) -> f64 {
        let share = match (self.params.iteration_limit, self.params.time_limit) {
            (Some(limit), _) => self.iterations as f64 / limit.max(1) as f64,
            (None, Some(limit)) => elapsed.as_secs_f64() / limit.as_secs_f64().max(1e-9),
            (None, None) => 0.0,
        };
        share.clamp(0.0, 1.0)
    }

    fn orders(&mut self, done: f64, elapsed: Duration) -> Orders {
        let planned = self.problem.n_clients() - self.absent.len();
        let length = planned as f64 / self.routes.len().max(1) as f64;
        if done < CALIBRATION {
            self.heat = cooling::start_heat(length, self.budget(elapsed));
        }
        let gatherings = (done * f64::from(GATHERINGS)) as u32;
        if gatherings > self.gatherings && self.scheme == Scheme::Chains {
            self.restart_chains();
        }
        self.gatherings = gatherings;
        let lanes = self.lanes.len() as u64;
        let left = self.params.iteration_limit.map_or(u64::MAX, |limit| {
            limit.saturating_sub(self.iterations) / lanes
        });
        Orders {
            work: Work::of_lane(self.lanes.len()),
            iterations: left,
            temperature: self.heat
                * self.problem.arc_cost_mean()
                * cooling::share(self.scheme.cooling(), done),
            neighbors: neighbors_for_length(length),
            size: RuinSize::for_length(length),
        }
    }

    /// Iterations per client that the limits will allow: estimated from the pace so far where time is the limit.
    fn budget(&self, elapsed: Duration) -> f64 {
        let iterations = match (self.params.iteration_limit, self.params.time_limit) {
            (Some(limit), _) => limit as f64,
            (None, Some(limit)) => {
                let pace = self.iterations as f64 / elapsed.as_secs_f64().max(1e-9);
                pace * limit.as_secs_f64()
            }
            (None, None) => f64::INFINITY,
        };
        iterations / self.problem.n_clients().max(1) as f64
    }

    /// Lets all chains go on from the best solution.
    fn restart_chains(&mut self) {
        let mut routes = self.routes.clone();
        for route in &mut routes {
            // What one chain remembers of a version means nothing to another.
            route.version = 0;
        }
        let mut parts = vec![Part {
            routes,
            ..Part::default()
        }];
        self.deal(&mut parts);
        let part = &parts[0];
        self.number_versions();
        for lane in &mut self.lanes {
            lane.state.load(
                &part.routes,
                &part.absent,
                &part.free_slots,
                &part.free_vehicles,
            );
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

    /// Lets each lane anneal the whole solution; what is not finished because of `stop` is dropped.
    fn anneal_chains(&mut self, orders: Orders, stop: &(dyn Fn() -> bool + Sync)) {
        let (seed, number, best) = (self.params.seed, self.epoch, self.best.cost);
        let epoch = Epoch {
            guide: self.guide,
            orders,
            stop,
        };
        let iterations = turns::run(&epoch, &mut self.lanes, |chain, lane| {
            lane.watch(best);
            rng::stream(seed, &[stream::LANE, number, chain as u64])
        });
        let Some(iterations) = iterations else {
            return;
        };
        self.iterations += iterations;
        let found = self.lanes.iter_mut().filter_map(Lane::take_found);
        if let Some(winner) = found.min_by_key(|found| found.cost) {
            self.routes = winner.routes;
            self.absent = winner.absent;
            self.take_best();
        }
    }

    /// Splits the solution, lets each lane anneal one part, and puts them together; what is not finished because of
    /// `stop` is dropped.
    fn anneal_parts(&mut self, n_parts: usize, orders: Orders, stop: &(dyn Fn() -> bool + Sync)) {
        let (seed, number) = (self.params.seed, self.epoch);
        let mut rng = rng::stream(seed, &[stream::CUT, number]);
        let mut parts = decompose::split(self.problem, self.routes.clone(), n_parts, &mut rng);
        self.deal(&mut parts);
        self.number_versions();
        for (lane, part) in parts.iter().enumerate() {
            self.hand_over(lane, part);
        }
        let epoch = Epoch {
            guide: self.guide,
            orders,
            stop,
        };
        let iterations = turns::run(&epoch, &mut self.lanes, |part, lane| {
            let rng = rng::stream(seed, &[stream::LANE, number, part as u64]);
            let part = &parts[part];
            lane.state.load(
                &part.routes,
                &part.absent,
                &part.free_slots,
                &part.free_vehicles,
            );
            rng
        });
        let Some(iterations) = iterations else {
            return;
        };
        self.iterations += iterations;
        let cost = self.unload();
        if cost < self.best.cost {
            self.take_best();
        }
    }

    /// Gives the parts, whose routes are set, their clients left out, slots and vehicles.
    fn deal(&self, parts: &mut [Part]) {
        let mut rng = rng::stream(self.params.seed, &[stream::CUT, self.epoch, 1]);
        let mut is_used = vec![false; self.n_slots];
        let mut free_vehicles: Vec<u32> =
            self.problem.types().iter().map(|kind| kind.count).collect();
        for route in parts.iter().flat_map(|part| &part.routes) {
            is_used[route.slot as usize] = true;
            free_vehicles[route.kind as usize] -= 1;
        }
        let free_slots: Vec<u32> = (0..is_used.len() as u32)
            .filter(|&slot| !is_used[slot as usize])
            .collect();
        decompose::deal(
            parts,
            &self.guide.neighborhood,
            &self.absent,
            &free_slots,
            &free_vehicles,
            &mut rng,
        );
    }

    /// Gives a lane everything that belongs to a part, for the lane to load it on its own thread.
    fn hand_over(&mut self, lane: usize, part: &Part) {
        let lane = &mut self.lanes[lane];
        let planned = part.routes.iter().flat_map(|route| &route.visits);
        let clients = planned.map(|&(client, _)| client);
        for client in clients.chain(part.absent.iter().copied()) {
            std::mem::swap(
                &mut lane.memories[client as usize],
                &mut self.memories[client as usize],
            );
        }
    }

    /// Puts the parts of all lanes together and gives what they cost.
    fn unload(&mut self) -> i64 {
        self.routes.clear();
        self.absent.clear();
        let mut cost = 0;
        for lane in &mut self.lanes {
            cost += lane.state.cost();
            self.routes.extend(lane.state.routes());
            self.absent.extend_from_slice(lane.state.absent());
            for &client in lane.state.clients() {
                std::mem::swap(
                    &mut lane.memories[client as usize],
                    &mut self.memories[client as usize],
                );
            }
        }
        self.routes.sort_unstable_by_key(|route| route.slot);
        self.absent.sort_unstable();
        cost
    }

    /// Keeps the current solution, which costs less than the best one or is the first.
    fn take_best(&mut self) {
        self.best = Solution::new(self.problem, &self.routes, &self.absent);
        self.improved_at = self.iterations;
    }
}

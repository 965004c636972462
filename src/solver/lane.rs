//! One lane: anneals one part of a solution by ruin and recreate, on one thread.

use rand::RngExt;

use super::insertion::Memory;
use super::params::{TAIL_TRIES, Work};
use super::problem::Problem;
use super::recreate::{Guide, Recreate};
use super::ruin::{Ruin, RuinSize};
use super::state::{Route, State};
use super::success::Operators;
use super::tails::TailExchange;
use crate::rng::Stream;

/// A part of the solution with everything needed to improve it.
///
/// Aligned so that no two lanes, which different threads change, share a cache line.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Lane<'p> {
    /// The part.
    pub(super) state: State<'p>,
    /// Remembered places of the part's clients; the rows of other clients are empty.
    pub(super) memories: Vec<Memory>,
    ruin: Ruin,
    recreate: Recreate,
    tails: TailExchange,
    pool: Vec<u32>,
    operators: Operators,
    /// What a route costs on top of everything else, in temperatures.
    bias: f64,
    bar: i64,
    found: Option<Found>,
}

/// A solution found on the way.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) cost: i64,
    pub(super) routes: Vec<Route>,
    pub(super) absent: Vec<u32>,
}

/// What to do in an epoch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Orders {
    /// Work to do, at least.
    pub(super) work: Work,
    /// Iterations, at most.
    pub(super) iterations: u64,
    /// Temperature, in units of cost.
    pub(super) temperature: f64,
    /// How many neighbors an insertion looks at.
    pub(super) neighbors: usize,
    /// What a unit of harm costs.
    pub(super) toll: i64,
    /// How much to ruin.
    pub(super) size: RuinSize,
}

impl Orders {
    /// The orders of one lane where the first `spare` lanes may make one iteration more than all others.
    pub(super) fn of_lane(self, lane: usize, spare: u64) -> Self {
        let more = u64::from((lane as u64) < spare);
        Self {
            iterations: self.iterations + more,
            ..self
        }
    }
}

/// Chance that routes go to smaller vehicles before clients are put back.
const SHRINK: f64 = 0.5;
/// Chance that two of them exchange their vehicles.
const SWAP: f64 = 0.2;

/// How often a lane looks whether to stop.
const STOP_CHECK_ITERATIONS: u64 = 32;

impl<'p> Lane<'p> {
    pub(super) fn new(problem: &'p Problem, n_slots: usize, blink: f64) -> Self {
        Self {
            state: State::new(problem, n_slots),
            memories: vec![Memory::default(); problem.n_clients()],
            ruin: Ruin::new(n_slots),
            recreate: Recreate::new(n_slots, blink),
            tails: TailExchange::default(),
            pool: Vec::new(),
            operators: Operators::default(),
            bias: 0.0,
            bar: i64::MIN,
            found: None,
        }
    }

    /// Anneals from now on as if a route cost so many temperatures more.
    pub(super) fn set_bias(&mut self, temperatures: f64) {
        self.bias = temperatures;
    }

    /// Looks out for solutions that cost less than `bar` from now on.
    pub(super) fn watch(&mut self, bar: i64) {
        self.bar = bar;
        self.found = None;
    }

    /// The best solution found that costs less than the bar.
    pub(super) fn take_found(&mut self) -> Option<Found> {
        self.found.take()
    }

    /// What has come of the operators since this was asked last.
    pub(super) fn take_operators(&mut self) -> Operators {
        std::mem::take(&mut self.operators)
    }

    /// Anneals until the work is done or the iterations are made; returns the number of iterations, or `None` if `stop`
    /// ended it early.
    pub(super) fn run(
        &mut self,
        guide: &Guide,
        orders: Orders,
        rng: &mut Stream,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Option<u64> {
        if self.state.clients().is_empty() {
            return Some(0);
        }
        self.state.set_toll(orders.toll);
        // Of several trips in one vehicle only the first would have to be biased.
        let temperatures = if self.state.is_chained() {
            0.0
        } else {
            self.bias
        };
        self.state
            .set_bias((temperatures * orders.temperature) as i64);
        let iterations = self.anneal(guide, orders, rng, stop);
        self.state.set_bias(0);
        iterations
    }

    fn anneal(
        &mut self,
        guide: &Guide,
        orders: Orders,
        rng: &mut Stream,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Option<u64> {
        self.recreate.finder.neighbors = orders.neighbors;
        self.recreate.finder.work = Work::default();
        let mut iterations = 0;
        while self.recreate.finder.work < orders.work && iterations < orders.iterations {
            if iterations % STOP_CHECK_ITERATIONS == 0 && stop() {
                return None;
            }
            iterations += 1;
            self.recreate.finder.work.0 += Work::ITERATION;
            self.iterate(guide, orders, rng);
            let cost = self.state.unbiased_cost();
            if cost < self.bar {
                self.bar = cost;
                self.found = Some(Found {
                    cost,
                    routes: self.state.routes(),
                    absent: self.state.absent().to_vec(),
                });
            }
        }
        Some(iterations)
    }

    /// An exchange of tails if one is found, otherwise one ruin and recreate, undone unless accepted.
    ///
    /// The number that decides on acceptance is drawn first, so that recreating stops as soon as it cannot be accepted
    /// any more.
    fn iterate(&mut self, guide: &Guide, orders: Orders, rng: &mut Stream) {
        let uniform = 1.0 - rng.random::<f64>();
        let cost = self.state.cost();
        // With the bias a cost may be negative: only what is free of cost without it counts as such.
        let of_bias = cost - self.state.unbiased_cost();
        let limit = (cost + (-orders.temperature * uniform.ln()) as i64).max(of_bias + 1);
        let (state, neighborhood) = (&mut self.state, &guide.neighborhood);
        let is_exchanged = self
            .tails
            .apply(state, neighborhood, TAIL_TRIES, rng, limit);
        let is_better = is_exchanged && self.state.cost() < cost;
        self.operators.tails.count(is_exchanged, is_better);
        if is_exchanged {
            self.state.commit();
            return;
        }
        self.pool.clear();
        self.ruin.apply(
            &mut self.state,
            &guide.neighborhood,
            orders.size,
            rng,
            &mut self.pool,
        );
        self.change_vehicles(rng);
        let is_accepted = !self.state.is_broken()
            && self.recreate.apply(
                &mut self.state,
                guide,
                &mut self.memories,
                rng,
                &mut self.pool,
                limit,
            )
            && self.state.appraise(limit);
        let is_better = is_accepted && self.state.cost() < cost;
        self.operators.ruins.count(is_accepted, is_better);
        if is_accepted {
            self.state.commit();
        } else {
            self.state.undo();
        }
    }

    /// Lets some of the routes just ruined go to smaller vehicles, or exchange theirs.
    fn change_vehicles(&mut self, rng: &mut Stream) {
        if !self.state.problem.features().siblings {
            return;
        }
        let slots = self.ruin.slots();
        if rng.random_bool(SHRINK) {
            for &slot in slots {
                self.state.right_size(slot);
            }
        }
        if let [first, second, ..] = *slots
            && [first, second]
                .iter()
                .all(|&slot| self.state.head(slot).count > 0)
            && rng.random_bool(SWAP)
        {
            self.state.swap_vehicles(first, second);
        }
    }

    /// As [`Lane::construct`] for a few clients that are new to a solution: none of them is passed over by rule.
    pub(super) fn complete(
        &mut self,
        guide: &Guide,
        order: &[u32],
        rng: &mut Stream,
        is_cancelled: &(dyn Fn() -> bool + Sync),
    ) {
        self.recreate.draw_blink(rng);
        self.construct(guide, order, rng, is_cancelled);
    }

    /// Inserts every client that is left out, in the given order; those not reached when `is_cancelled` says so stay
    /// out.
    pub(super) fn construct(
        &mut self,
        guide: &Guide,
        order: &[u32],
        rng: &mut Stream,
        is_cancelled: &(dyn Fn() -> bool + Sync),
    ) {
        for batch in order.chunks(STOP_CHECK_ITERATIONS as usize) {
            if is_cancelled() {
                break;
            }
            for &client in batch {
                self.state.take_back(client);
            }
            let (state, memories) = (&mut self.state, &mut self.memories);
            self.recreate
                .insert_all(state, guide, memories, rng, batch, i64::MAX);
            self.state.appraise(i64::MAX);
            self.state.commit();
        }
    }
}

//! Several lanes on one whole solution: chains that go on from the best one now and then, or found a population.
//!
//! Knows when a search is patient enough for a population; neither the schedule nor how parts are cut.

use super::{Scheme, Search, stream};
use crate::rng;
use crate::solver::decompose::Part;
use crate::solver::lane::{Lane, Orders};
use crate::solver::memetic::{Memetic, Season};
use crate::solver::params::BLINK;
use crate::solver::solution::Solution;
use crate::solver::turns::{self, Epoch};

/// Lanes that anneal on their own, and children in a generation, where chains found a population.
pub(super) const FOUNDERS: usize = 4;
/// Iterations per client from which on chains found a population: less, and they do better going on from the best.
const FOUNDING_BUDGET: f64 = 6_000.0;
/// Share of the search in which founders anneal.
const FOUNDING: f64 = 0.6;
/// What a route costs on top of everything else in each chain in turn, in temperatures.
///
/// Chains left to themselves freeze with too few routes where these are long: there are more ways to fill few routes.
/// Chains that are paid for routes come to other numbers of them; as they cool, the pay vanishes.
const ROUTE_BIASES: [f64; FOUNDERS] = [0.0, -3.0, -6.0, -10.0];
/// The same in all chains where harm is limited: time to spare is found in one route more sooner than in better routes, but
/// no cheaper in the end.
const TOLLED_ROUTE_BIAS: f64 = 3.0;

impl<'p> Search<'p> {
    /// Decides, once the pace is known, whether chains found a population: `budget` is the number of iterations per client
    /// that the limits will allow.
    pub(super) fn settle(&mut self, budget: f64) {
        let is_settled = std::mem::replace(&mut self.is_settled, true);
        // What is locked stays where it is only in ruin and recreate, and crossing knows routes of one trip only, without
        // breaks, over arcs that take the same time at all times of day.
        let is_free = self.routes.iter().all(|route| route.locked == 0);
        let features = self.problem.features();
        let is_simple =
            !features.reloads && !features.timed && !features.breaks && !features.hazards;
        let is_patient = budget >= FOUNDING_BUDGET;
        if is_settled || self.scheme != Scheme::Chains || !is_free || !is_simple || !is_patient {
            return;
        }
        self.annealing = FOUNDING;
        while self.lanes.len() < FOUNDERS {
            self.lanes
                .push(Lane::new(self.problem, self.n_slots, BLINK));
        }
        self.restart_chains();
    }

    /// Lets all chains go on from the best solution.
    pub(super) fn restart_chains(&mut self) {
        let is_tolled = self.problem.harm_limit().is_some();
        for (lane, &bias) in self.lanes.iter_mut().zip(&ROUTE_BIASES) {
            lane.set_bias(if is_tolled { TOLLED_ROUTE_BIAS } else { bias });
        }
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

    /// Lets each lane anneal the whole solution; what is not finished because of `stop` is dropped.
    pub(super) fn anneal_chains(
        &mut self,
        orders: Orders,
        spare: u64,
        stop: &(dyn Fn() -> bool + Sync),
    ) {
        let (seed, number, best) = (self.params.seed, self.epoch, self.value(&self.best));
        let epoch = Epoch {
            guide: self.guide,
            orders,
            spare,
            stop,
        };
        let iterations = turns::run(&epoch, &mut self.lanes, |chain, lane| {
            lane.watch(best);
            rng::stream(seed, &[stream::LANE, number, chain as u64])
        });
        let Some(iterations) = iterations else {
            return;
        };
        self.count(iterations);
        let found = self.lanes.iter_mut().filter_map(Lane::take_found);
        if let Some(winner) = found.min_by_key(|found| found.cost) {
            self.routes = winner.routes;
            self.absent = winner.absent;
            self.absent.sort_unstable();
            self.take_best();
        }
        self.keep_chains();
    }

    /// Keeps what chains have come to, where it does no more harm than allowed.
    fn keep_chains(&mut self) {
        for number in 0..self.lanes.len() {
            let state = &self.lanes[number].state;
            if self.is_keeper(state.unbiased_cost(), state.harm(), state.absent()) {
                let mut absent = state.absent().to_vec();
                absent.sort_unstable();
                let found = Solution::new(self.problem, &state.routes(), &absent);
                self.keep(found);
            }
        }
    }

    /// Lets the population have children, each raised in a lane; what is not finished because of `stop` is dropped.
    pub(super) fn breed(&mut self, orders: Orders, spare: u64, stop: &(dyn Fn() -> bool + Sync)) {
        let mut memetic = self.population.take().unwrap_or_else(|| self.found());
        let (seed, number) = (self.params.seed, self.epoch);
        let season = Season {
            guide: self.guide,
            orders: Orders {
                temperature: self.heat * self.problem.arc_cost_mean(),
                ..orders
            },
            spare,
            stop,
        };
        let iterations = memetic.breed(&mut self.lanes, &season, |child| {
            rng::stream(seed, &[stream::LANE, number, child as u64])
        });
        if let Some(iterations) = iterations {
            self.count(iterations);
            self.operators.children += memetic.take_children();
        }
        if let Some(best) = memetic.best()
            && best.cost < self.value(&self.best)
        {
            self.routes.clone_from(&best.routes);
            self.absent.clone_from(&best.absent);
            self.take_best();
        }
        self.population = Some(memetic);
    }

    /// A population of what the chains have come to, and of the best solution.
    fn found(&mut self) -> Memetic<'p> {
        let mut memetic = Memetic::new(self.problem, self.lanes.len());
        for lane in &mut self.lanes {
            lane.set_bias(0.0);
            let state = &lane.state;
            memetic.join(state.cost(), state.routes(), state.absent().to_vec());
        }
        memetic.join(self.best.cost, self.routes.clone(), self.absent.clone());
        memetic
    }
}

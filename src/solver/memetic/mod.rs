//! The memetic layer: good solutions recombined, educated and taken back into a population.
//!
//! In reading order: `individual` (a solution and its distance from others), `population` (who stays, who has
//! children), `crossover` (what a child has of whom), `education` (what becomes of it). Children come in batches whose
//! size does not depend on the number of threads, each with its own random numbers, and are taken in in their order.

mod crossover;
mod education;
mod individual;
mod population;

use rand::RngExt;
use rayon::prelude::*;

use super::lane::{Lane, Orders};
use super::local;
use super::local::penalty::{Adaptive, Penalties};
use super::params::Work;
use super::problem::Problem;
use super::recreate::Guide;
use super::state::Route;
use super::success::Attempts;
use crate::rng::Stream;
use education::Educator;
use individual::Individual;
use population::Population;

/// Iterations at the end of an education.
///
/// Source, as for the temperature: chosen from a few runs on ORTEC instances, one seed each; not settled.
const BURST: u64 = 3_000;
/// What the start temperature of the search is divided by for them.
const COLD: std::ops::Range<f64> = 40.0..80.0;

/// A population and what makes it grow.
#[derive(Debug)]
pub(super) struct Memetic<'p> {
    problem: &'p Problem,
    population: Population,
    penalties: Adaptive,
    /// One for each child of a generation.
    educators: Vec<Educator<'p>>,
    children: Attempts,
}

/// What a generation is made with.
pub(super) struct Season<'a> {
    pub(super) guide: &'a Guide,
    pub(super) orders: Orders,
    /// The first so many children may take one iteration more.
    pub(super) spare: u64,
    pub(super) stop: &'a (dyn Fn() -> bool + Sync),
}

impl<'p> Memetic<'p> {
    /// An empty population that has `batch` children at a time.
    pub(super) fn new(problem: &'p Problem, batch: usize) -> Self {
        let penalties = Adaptive::new(problem);
        let uses_local = local::expresses(problem);
        let educator = || Educator::new(problem, &penalties.weights, uses_local);
        let educators = (0..batch).map(|_| educator()).collect();
        Self {
            problem,
            population: Population::default(),
            penalties,
            educators,
            children: Attempts::default(),
        }
    }

    /// Takes a solution in.
    pub(super) fn join(&mut self, cost: i64, routes: Vec<Route>, absent: Vec<u32>) {
        let n = self.problem.n_clients();
        self.population
            .insert(Individual::new(n, cost, routes, absent));
    }

    /// What breaking something costs in the local search at the moment.
    pub(super) fn penalties(&self) -> &Penalties {
        &self.penalties.weights
    }

    /// What has come of children since this was asked last.
    pub(super) fn take_children(&mut self) -> Attempts {
        std::mem::take(&mut self.children)
    }

    /// The cheapest solution.
    pub(super) fn best(&self) -> Option<&Individual> {
        self.population.best()
    }

    /// Has as many children as there are lanes with iterations left for them; returns the iterations made, or `None` if `stop` ended it early.
    pub(super) fn breed(
        &mut self,
        lanes: &mut [Lane<'p>],
        season: &Season<'_>,
        stream: impl Fn(usize) -> Stream + Sync,
    ) -> Option<u64> {
        let (population, weights) = (&self.population, &self.penalties.weights);
        let may_have = |index: usize| season.orders.of_lane(index, season.spare).iterations > 0;
        let n_children = (0..lanes.len())
            .take_while(|&index| may_have(index))
            .count();
        let lanes = &mut lanes[..n_children];
        let pairs = lanes.par_iter_mut().zip(&mut self.educators).enumerate();
        let children: Vec<_> = pairs
            .map(|(index, (lane, educator))| {
                let mut rng = stream(index);
                let mut orders = season.orders.of_lane(index, season.spare);
                orders.work = Work(u64::MAX);
                orders.iterations = orders.iterations.min(BURST);
                orders.temperature /= rng.random_range(COLD);
                let season = Season { orders, ..*season };
                educator.raise(population, weights, lane, &season, &mut rng)
            })
            .collect();
        if children.iter().any(Option::is_none) {
            return None;
        }
        let mut iterations = 0;
        for child in children.into_iter().flatten() {
            iterations += child.iterations;
            let best = self.population.best().map_or(i64::MAX, |best| best.cost);
            let is_improved = child.individual.cost < best;
            self.children
                .count(child.is_feasible.unwrap_or(true), is_improved);
            if let Some(is_feasible) = child.is_feasible {
                self.penalties.register(is_feasible);
            }
            self.population.insert(child.individual);
        }
        Some(iterations)
    }
}

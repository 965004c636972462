//! Education of a child: what its parents left out is put in, a local search makes the seams smooth, and a short ruin
//! and recreate ends it.

use rand::seq::SliceRandom;

use super::Season;
use super::crossover::{Child, cross};
use super::individual::Individual;
use super::population::Population;
use crate::rng::Stream;
use crate::solver::lane::Lane;
use crate::solver::local::descent::Descent;
use crate::solver::local::penalty::Penalties;
use crate::solver::local::tour::Tour;
use crate::solver::problem::Problem;

/// Raises children, one at a time; keeps what it needs between them.
#[derive(Debug)]
pub(super) struct Educator<'p> {
    problem: &'p Problem,
    /// `None` where there is something that the local search cannot express.
    local: Option<(Tour<'p>, Descent)>,
}

/// A child that was raised.
pub(super) struct Raised {
    pub(super) individual: Individual,
    /// Iterations that it took.
    pub(super) iterations: u64,
    /// Whether the local search found a solution that breaks nothing; `None` if it did not run.
    pub(super) is_feasible: Option<bool>,
}

/// What crossover and local search count as, in iterations.
const CROSSING: u64 = 200;
/// How often parents are drawn before giving up on finding some that differ.
const TRIES: usize = 10;
/// How much more breaking something costs when a child is to be repaired.
const REPAIR: i64 = 10;

impl<'p> Educator<'p> {
    pub(super) fn new(problem: &'p Problem, penalties: &Penalties, uses_local: bool) -> Self {
        let tour = || Tour::new(problem, penalties.clone());
        Self {
            problem,
            local: uses_local.then(|| (tour(), Descent::default())),
        }
    }

    /// Makes a child of the population and improves it; `None` if `stop` ended that early.
    pub(super) fn raise(
        &mut self,
        population: &Population,
        penalties: &Penalties,
        lane: &mut Lane<'p>,
        season: &Season<'_>,
        rng: &mut Stream,
    ) -> Option<Raised> {
        let neighborhood = &season.guide.neighborhood;
        let is_soft = self.local.is_some();
        let mut orders = season.orders;
        let may_cross = orders.iterations > CROSSING;
        let tries = if may_cross { TRIES } else { 0 };
        let children = (0..tries).find_map(|_| {
            let (base, donor) = population.parents(rng)?;
            cross(self.problem, neighborhood, rng, base, donor, is_soft)
        });
        let mut is_feasible = None;
        let child = match (children, &mut self.local) {
            (Some(children), Some((tour, descent))) => {
                tour.set_penalties(penalties.clone());
                let children = children
                    .into_iter()
                    .map(|child| complete(tour, season, child, rng));
                let child = children.min_by_key(|child| child.0)?.1;
                tour.load(&child.routes);
                let all: Vec<u32> = (0..self.problem.n_clients() as u32).collect();
                descent.run(tour, neighborhood, &all, season.stop);
                is_feasible = Some(tour.is_feasible());
                if !tour.is_feasible() {
                    tour.set_penalties(penalties.times(REPAIR));
                    descent.run(tour, neighborhood, &all, season.stop);
                    tour.strip();
                }
                Child {
                    routes: tour.to_routes(),
                    missing: tour.absent(),
                }
            }
            (Some(children), None) => {
                children
                    .into_iter()
                    .map(|child| {
                        recreate(self.problem, lane, season, child, rng);
                        (lane.state.cost(), child_of(lane))
                    })
                    .min_by_key(|child| child.0)?
                    .1
            }
            (None, _) => {
                let best = population.best()?;
                Child {
                    routes: best.routes.clone(),
                    missing: best.absent.clone(),
                }
            }
        };
        recreate(self.problem, lane, season, child, rng);
        lane.watch(i64::MAX);
        let crossing = if may_cross { CROSSING } else { 0 };
        orders.iterations -= crossing;
        let iterations = lane.run(season.guide, orders, rng, season.stop)?;
        let n = self.problem.n_clients();
        let individual = match lane.take_found() {
            Some(found) => Individual::new(n, found.cost, found.routes, found.absent),
            None => {
                let child = child_of(lane);
                Individual::new(n, lane.state.cost(), child.routes, child.missing)
            }
        };
        Some(Raised {
            individual,
            iterations: iterations + crossing,
            is_feasible,
        })
    }
}

/// Puts missing clients into a child where that costs least, and tells what it costs then.
fn complete(
    tour: &mut Tour<'_>,
    season: &Season<'_>,
    mut child: Child,
    rng: &mut Stream,
) -> (i64, Child) {
    tour.load(&child.routes);
    child.missing.shuffle(rng);
    for &client in &child.missing {
        tour.insert(&season.guide.neighborhood, client);
    }
    let routes = tour.to_routes();
    let missing = tour.absent();
    (tour.cost(), Child { routes, missing })
}

/// Puts missing clients into a child by recreating it in a lane.
fn recreate(
    problem: &Problem,
    lane: &mut Lane<'_>,
    season: &Season<'_>,
    child: Child,
    rng: &mut Stream,
) {
    let n_slots = lane.state.n_slots() as u32;
    let mut free_vehicles: Vec<u32> = problem.types().iter().map(|kind| kind.count).collect();
    for route in &child.routes {
        free_vehicles[route.kind as usize] -= 1;
    }
    let is_used = |slot: &u32| child.routes.iter().any(|route| route.slot == *slot);
    let free: Vec<u32> = (0..n_slots).rev().filter(|slot| !is_used(slot)).collect();
    lane.state
        .load(&child.routes, &child.missing, &free, &free_vehicles);
    let mut order = child.missing;
    order.shuffle(rng);
    lane.construct(season.guide, &order, rng, &|| false);
}

fn child_of(lane: &Lane<'_>) -> Child {
    Child {
        routes: lane.state.routes(),
        missing: lane.state.absent().to_vec(),
    }
}

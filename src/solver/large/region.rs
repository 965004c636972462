//! One region: some routes, clients left out and vehicles, worked on as a problem of their own.

use std::collections::BTreeMap;

use super::fleet::Fleet;
use crate::rng::Stream;
use crate::solver::lane::{Lane, Orders};
use crate::solver::neighborhood::Neighborhood;
use crate::solver::params::{BLINK, INSERTION_NEIGHBORS, RUIN_NEIGHBORS, Work};
use crate::solver::problem::{FAR, Part, Problem};
use crate::solver::recreate::Guide;
use crate::solver::ruin::RuinSize;
use crate::solver::solution::{Trip, assemble, evaluate_trips};
use crate::solver::state::Route;
use crate::solver::success::Operators;

/// A route in indices of the whole, and what it costs.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    /// Vehicle type.
    pub(super) kind: u32,
    /// How many clients of the first trip stay there, in this sequence.
    pub(super) locked: u32,
    /// Its trips, at least one.
    pub(super) trips: Vec<Trip>,
    pub(super) cost: i64,
    pub(super) distance: i64,
}

impl Planned {
    /// The routes of a state; the problem is the one that the state is of.
    pub(super) fn all(problem: &Problem, routes: &[Route]) -> Vec<Self> {
        // Trips are assembled in the sequence of the first trips.
        let firsts = routes.iter().filter(|route| route.previous.is_none());
        let planned = |((kind, trips), first): ((usize, Vec<Trip>), &Route)| {
            let evaluation =
                evaluate_trips(problem, kind, &trips).expect("the search keeps routes feasible");
            Self {
                kind: kind as u32,
                locked: first.locked,
                trips,
                cost: evaluation.cost,
                distance: evaluation.distance,
            }
        };
        assemble(routes)
            .into_iter()
            .zip(firsts)
            .map(planned)
            .collect()
    }

    /// Clients in sequence.
    pub(super) fn clients(&self) -> impl Iterator<Item = u32> + '_ {
        let visits = self.trips.iter().flat_map(|trip| &trip.visits);
        visits.map(|&(client, _)| client)
    }

    /// The same with other numbers for clients and types.
    fn renumbered(self, kind: u32, mut client: impl FnMut(u32) -> u32) -> Self {
        let mut trip = |trip: Trip| Trip {
            visits: (trip.visits.into_iter())
                .map(|(number, window)| (client(number), window))
                .collect(),
            ..trip
        };
        Self {
            kind,
            trips: self.trips.into_iter().map(&mut trip).collect(),
            ..self
        }
    }
}

/// A part of the whole solution; indices are those of the whole.
#[derive(Clone, Debug, Default)]
pub(super) struct Region {
    pub(super) routes: Vec<Planned>,
    /// Clients left out.
    pub(super) absent: Vec<u32>,
    /// Vehicles that drive no route.
    pub(super) free: Fleet,
}

/// What all regions are told in a round.
pub(super) struct Round<'a> {
    pub(super) problem: &'a Problem,
    /// Temperatures, in units of cost, one after the other for equally many iterations.
    pub(super) temperatures: Vec<f64>,
    /// Iterations of all regions together.
    pub(super) iterations: u64,
    /// How many neighbors an insertion looks at.
    pub(super) neighbors: usize,
    /// How much to ruin.
    pub(super) size: RuinSize,
    /// Whether to end early.
    pub(super) stop: &'a (dyn Fn() -> bool + Sync),
}

/// Costs of arcs to neighbors, to scale the temperature by.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scale {
    sum: f64,
    count: f64,
}

impl Scale {
    /// Takes over what another region has seen.
    pub(super) fn add(&mut self, other: Self) {
        self.sum += other.sum;
        self.count += other.count;
    }

    /// The mean; 1 if nothing was seen.
    pub(super) fn mean(self) -> f64 {
        if self.count > 0.0 {
            (self.sum / self.count).max(1.0)
        } else {
            1.0
        }
    }

    /// Arcs from each client to its `NEAR`th neighbor.
    fn of(problem: &Problem, guide: &Guide) -> Self {
        const NEAR: usize = 20;
        let mut scale = Self::default();
        let profile = problem.types()[0].profile;
        for client in 0..problem.n_clients() {
            let near = guide.neighborhood.ruin(client as u32);
            let Some(&neighbor) = near.get(NEAR.min(near.len().saturating_sub(1))) else {
                continue;
            };
            let arc = problem.arc(profile, client, neighbor as usize);
            if arc.duration < FAR {
                scale.sum += problem.arc_cost(0, arc) as f64;
                scale.count += 1.0;
            }
        }
        scale
    }
}

impl Region {
    /// Number of clients.
    pub(super) fn n_clients(&self) -> usize {
        let planned = self.routes.iter().map(|planned| planned.clients().count());
        planned.sum::<usize>() + self.absent.len()
    }

    /// Whether there is anything to anneal: clients, and a vehicle for them.
    pub(super) fn is_workable(&self) -> bool {
        let has_vehicle = !self.routes.is_empty() || self.free.iter().any(|&(_, count)| count > 0);
        has_vehicle && self.n_clients() > 0
    }

    /// Cost of routes and of clients left out.
    pub(super) fn cost(&self, problem: &Problem) -> i64 {
        let routes: i64 = self.routes.iter().map(|planned| planned.cost).sum();
        let absent = self.absent.iter();
        routes
            + absent
                .map(|&client| problem.drop_cost(client as usize))
                .sum::<i64>()
    }

    /// Inserts the clients left out by the end of their windows, and says what scale the arcs have.
    pub(super) fn construct(
        &mut self,
        problem: &Problem,
        rng: &mut Stream,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Scale {
        let Some(stage) = Stage::new(problem, self, stop) else {
            return Scale::default();
        };
        let mut lane = stage.lane();
        let mut order = stage.absent.clone();
        let closing = |client: u32| {
            let windows = &stage.part.problem.clients()[client as usize].windows;
            windows.iter().map(|window| window.end).max()
        };
        order.sort_by_key(|&client| (closing(client), client));
        lane.construct(&stage.guide, &order, rng, stop);
        let scale = Scale::of(&stage.part.problem, &stage.guide);
        *self = stage.result(&lane);
        scale
    }

    /// Anneals the region for so many iterations; returns how many were made, and what came of the operators. If it was
    /// to stop early, the region is as good as before at least.
    pub(super) fn anneal(
        &mut self,
        round: &Round<'_>,
        iterations: u64,
        rng: &mut Stream,
    ) -> (u64, Operators) {
        if iterations == 0 {
            return (0, Operators::default());
        }
        let Some(stage) = Stage::new(round.problem, self, round.stop) else {
            return (0, Operators::default());
        };
        let mut lane = stage.lane();
        let n_steps = round.temperatures.len() as u64;
        let mut made = 0;
        for (step, &temperature) in (1..).zip(&round.temperatures) {
            let orders = Orders {
                work: Work(u64::MAX),
                iterations: iterations * step / n_steps - made,
                temperature,
                neighbors: round.neighbors,
                toll: 0,
                size: round.size,
            };
            let Some(iterations) = lane.run(&stage.guide, orders, rng, round.stop) else {
                if lane.state.cost() < self.cost(round.problem) {
                    *self = stage.result(&lane);
                }
                return (made, lane.take_operators());
            };
            made += iterations;
        }
        *self = stage.result(&lane);
        (made, lane.take_operators())
    }
}

/// A region as a problem of its own.
struct Stage {
    part: Part,
    guide: Guide,
    routes: Vec<Route>,
    absent: Vec<u32>,
    /// Vehicles that drive no route, by type of the part.
    free: Vec<u32>,
}

impl Stage {
    /// `None` if there is nothing to do, or no time for it.
    fn new(whole: &Problem, region: &Region, stop: &(dyn Fn() -> bool + Sync)) -> Option<Self> {
        let mut fleet: BTreeMap<u32, u32> = region.free.iter().copied().collect();
        for planned in &region.routes {
            *fleet.entry(planned.kind).or_insert(0) += 1;
        }
        let fleet: Fleet = fleet.into_iter().filter(|&(_, count)| count > 0).collect();
        if fleet.is_empty() || region.n_clients() == 0 || stop() {
            return None;
        }
        let kind_here = |kind: u32| fleet.partition_point(|&(other, _)| other < kind) as u32;
        let mut clients = Vec::with_capacity(region.n_clients());
        let mut renumber = |client: u32| {
            clients.push(client);
            clients.len() as u32 - 1
        };
        let mut routes = Vec::with_capacity(region.routes.len());
        let mut free: Vec<u32> = fleet.iter().map(|&(_, count)| count).collect();
        for planned in &region.routes {
            let kind = kind_here(planned.kind);
            free[kind as usize] -= 1;
            let planned = planned.clone().renumbered(kind, &mut renumber);
            for (number, trip) in planned.trips.into_iter().enumerate() {
                let slot = routes.len() as u32;
                routes.push(Route {
                    slot,
                    kind,
                    previous: trip.reload.map(|reload| (slot - 1, reload)),
                    version: 0,
                    locked: if number == 0 { planned.locked } else { 0 },
                    visits: trip.visits,
                });
            }
        }
        let absent = region.absent.iter().map(|&client| renumber(client));
        let absent = absent.collect();
        let part = whole.part(clients, &fleet);
        let neighborhood =
            Neighborhood::on_this_thread(&part.problem, INSERTION_NEIGHBORS, RUIN_NEIGHBORS, stop);
        if stop() {
            return None;
        }
        let guide = Guide::new(&part.problem, neighborhood);
        Some(Self {
            part,
            guide,
            routes,
            absent,
            free,
        })
    }

    /// A lane that has loaded the region.
    fn lane(&self) -> Lane<'_> {
        let problem = &self.part.problem;
        let n_vehicles: u64 = problem
            .types()
            .iter()
            .map(|kind| u64::from(kind.count))
            .sum();
        // A trip takes a slot, and a vehicle that reloads may make as many trips as there are clients.
        let n_slots = if problem.features().reloads {
            problem.n_clients() as u32
        } else {
            n_vehicles.min(problem.n_clients() as u64) as u32
        };
        let mut lane = Lane::new(problem, n_slots as usize, BLINK);
        // Slots are taken from the end: the lowest numbers first.
        let free_slots: Vec<u32> = (self.routes.len() as u32..n_slots).rev().collect();
        lane.state
            .load(&self.routes, &self.absent, &free_slots, &self.free);
        lane
    }

    /// What the lane has, in indices of the whole.
    fn result(&self, lane: &Lane<'_>) -> Region {
        let mut left: BTreeMap<u32, u32> = (self.part.kinds.iter().copied())
            .zip(self.part.problem.types().iter().map(|kind| kind.count))
            .collect();
        let part = &self.part;
        let planned = |planned: Planned| {
            let kind = part.kinds[planned.kind as usize];
            left.entry(kind).and_modify(|count| *count -= 1);
            planned.renumbered(kind, |client| part.clients[client as usize])
        };
        let routes = Planned::all(&part.problem, &lane.state.routes());
        let routes = routes.into_iter().map(planned).collect();
        let absent = lane.state.absent().iter();
        Region {
            routes,
            absent: absent
                .map(|&client| self.part.clients[client as usize])
                .collect(),
            free: left.into_iter().collect(),
        }
    }
}

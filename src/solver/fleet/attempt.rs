//! One attempt at serving the clients of given routes with fewer vehicles.
//!
//! A route is given up and its clients are left out; ruin and recreate, which opens no routes, brings them back in.
//! Counters say how hard each client has been to bring in: a change is accepted if it leaves out fewer clients, or easier
//! ones. Where that goes nowhere, a client is forced in and the easiest ones in its way are taken out.
//!
//! Sources: the fleet minimization of Christiaens and Vanden Berghe (2020), and the guided ejection search of Nagata and
//! Bräysy (2009).

use rand::{Rng, RngExt};

use super::ejection::Ejector;
use crate::rng::Stream;
use crate::solver::insertion::{Memory, place_in_route};
use crate::solver::params::{BLINK, Work};
use crate::solver::problem::Problem;
use crate::solver::recreate::{Guide, Recreate};
use crate::solver::ruin::{Ruin, RuinSize};
use crate::solver::search::VERSIONS_MAX;
use crate::solver::state::{NONE, Route, State};

/// How often an attempt looks whether to stop.
const STOP_CHECK_ITERATIONS: u64 = 32;
/// Iterations between two clients forced in.
const FORCE_EVERY: u64 = 100;
/// Chance of ruining near a client left out instead of anywhere.
const FOCUS: f64 = 0.5;
/// Temperature for changes that leave out the same clients, as a share of the mean arc cost.
const HEAT: f64 = 0.05;

/// Routes on the way to one fewer, with everything needed to get there.
///
/// Aligned so that no two attempts, which different threads make, share a cache line.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Attempt<'p> {
    pub(super) state: State<'p>,
    memories: Vec<Memory>,
    ruin: Ruin,
    recreate: Recreate,
    ejector: Ejector,
    /// How often each client was left out, plus one.
    counters: Vec<u64>,
    pool: Vec<u32>,
    /// The routes last found that leave nobody out.
    complete: Vec<Route>,
    vehicles_min: usize,
    /// Iterations since a client was forced in.
    unforced: u64,
}

/// Who is left out: how many, and the sum of their counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Absence {
    clients: usize,
    sum: u64,
}

impl Absence {
    fn add(&mut self, counter: u64) {
        self.clients += 1;
        self.sum += counter;
    }

    /// Whether this is a step forward from `other`.
    fn is_better_than(self, other: Self) -> bool {
        self.clients < other.clients || self.sum < other.sum
    }
}

impl<'p> Attempt<'p> {
    /// An attempt from `routes`, which is over when there are only `vehicles_min` of them.
    pub(super) fn new(
        problem: &'p Problem,
        n_slots: usize,
        routes: Vec<Route>,
        vehicles_min: usize,
    ) -> Self {
        let mut attempt = Self {
            state: State::new(problem, n_slots),
            memories: vec![Memory::default(); problem.n_clients()],
            ruin: Ruin::new(n_slots),
            recreate: Recreate::new(n_slots, BLINK),
            ejector: Ejector::default(),
            counters: vec![1; problem.n_clients()],
            pool: Vec::new(),
            complete: Vec::new(),
            vehicles_min: vehicles_min.max(1),
            unforced: 0,
        };
        attempt.recreate.finder.keeps_vehicles = true;
        attempt.go_on_from(routes);
        attempt
    }

    /// The routes last found that leave nobody out.
    pub(super) fn complete(&self) -> &[Route] {
        &self.complete
    }

    /// Gives up one of these routes, which serve the same clients as those before.
    pub(super) fn go_on_from(&mut self, routes: Vec<Route>) {
        self.complete = routes;
        self.give_up_route();
    }

    /// Goes on until the work is done, the iterations are made or no vehicle can be spared; returns the number of
    /// iterations, or `None` if `stop` ended it early.
    pub(super) fn run(
        &mut self,
        guide: &Guide,
        work: Work,
        iterations: u64,
        rng: &mut Stream,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Option<u64> {
        self.recreate.finder.work = Work::default();
        let mut made = 0;
        while self.complete.len() > self.vehicles_min
            && self.recreate.finder.work < work
            && made < iterations
        {
            if made % STOP_CHECK_ITERATIONS == 0 && stop() {
                return None;
            }
            made += 1;
            self.recreate.finder.work.0 += Work::ITERATION;
            self.renew_versions();
            self.iterate(guide, rng);
            if self.state.absent().is_empty() {
                self.complete = self.state.routes();
                self.give_up_route();
                continue;
            }
            for &client in self.state.absent() {
                self.counters[client as usize] += 1;
            }
            self.unforced += 1;
            if self.unforced >= FORCE_EVERY {
                self.unforced = 0;
                self.force_in(guide, rng);
            }
        }
        Some(made)
    }

    /// Leaves out the clients of the route whose clients are easiest to bring in elsewhere.
    fn give_up_route(&mut self) {
        let ease = |route: &&Route| {
            let counters = route.visits.iter();
            let sum: u64 = counters
                .map(|&(client, _)| self.counters[client as usize])
                .sum();
            (sum, route.slot)
        };
        let free = self.complete.iter().filter(|route| route.locked == 0);
        let Some(easiest) = free.min_by_key(ease) else {
            return;
        };
        let absent: Vec<u32> = easiest.visits.iter().map(|&(client, _)| client).collect();
        let slot = easiest.slot;
        let others = self.complete.iter().filter(|route| route.slot != slot);
        let kept: Vec<Route> = others.cloned().collect();
        let none_free = vec![0; self.state.problem.types().len()];
        self.state.load(&kept, &absent, &[], &none_free);
        self.unforced = 0;
    }

    /// Begins anew with versions before they run out.
    fn renew_versions(&mut self) {
        if self.state.next_version() <= VERSIONS_MAX {
            return;
        }
        self.memories.fill(Memory::default());
        for route in &mut self.complete {
            route.version = 0;
        }
        self.state.number_versions(1, 1);
        self.state.renew_versions();
    }

    /// One ruin and recreate without new routes, undone unless accepted.
    fn iterate(&mut self, guide: &Guide, rng: &mut Stream) {
        let before = self.absence();
        let cost = self.state.cost();
        let planned = self.state.clients().len() - before.clients;
        let length = planned as f64 / f64::from(self.state.used_slots().max(1));
        let seed = rng.random_bool(FOCUS).then(|| self.near_absent(guide, rng));
        self.pool.clear();
        self.ruin.apply_near(
            &mut self.state,
            &guide.neighborhood,
            seed,
            RuinSize::for_length(length),
            rng,
            &mut self.pool,
        );
        if self.state.is_broken() {
            self.state.undo();
            return;
        }
        while let Some(&client) = self.state.absent().last() {
            self.state.take_back(client);
            self.pool.push(client);
        }
        self.recreate.sort(guide, rng, &mut self.pool);
        let uniform = 1.0 - rng.random::<f64>();
        let is_accepted = self.put_back(guide, before, rng).is_some_and(|after| {
            let heat = HEAT * self.state.problem.arc_cost_mean();
            let limit = cost + (-heat * uniform.ln()) as i64;
            after.is_better_than(before) || after == before && self.state.cost() < limit
        });
        if is_accepted {
            self.state.commit();
        } else {
            self.state.undo();
        }
    }

    fn absence(&self) -> Absence {
        let mut absence = Absence::default();
        for &client in self.state.absent() {
            absence.add(self.counters[client as usize]);
        }
        absence
    }

    fn random_absent(&self, rng: &mut impl Rng) -> u32 {
        let absent = self.state.absent();
        absent[rng.random_range(0..absent.len())]
    }

    /// A client that a client left out may be inserted next to.
    fn near_absent(&self, guide: &Guide, rng: &mut impl Rng) -> u32 {
        let client = self.random_absent(rng);
        match guide.neighborhood.insertion(client) {
            [] => client,
            near => near[rng.random_range(0..near.len())],
        }
    }

    /// Puts the clients of the pool into routes, or leaves them out; `None`, and not finished, once those left out are
    /// more than `before` and harder to bring in.
    fn put_back(&mut self, guide: &Guide, before: Absence, rng: &mut Stream) -> Option<Absence> {
        let mut absence = Absence::default();
        let state = &mut self.state;
        for &client in &self.pool {
            let memory = &mut self.memories[client as usize];
            let blink = || rng.random_bool(BLINK);
            let finder = &mut self.recreate.finder;
            let place = finder.best(state, &guide.neighborhood, memory, client, i64::MAX, blink);
            if place.after != NONE {
                state.insert(client, place.after, place.window);
            } else if let Some((_, kind, window)) = guide.alone.best(state, client, || false) {
                // Only the vehicle of a route that was emptied since the last load can be free.
                let slot = state.open(kind);
                state.insert(client, state.sentinel(slot), window);
            } else {
                state.leave_out(client);
                absence.add(self.counters[client as usize]);
                if absence.clients >= before.clients && absence.sum > before.sum {
                    return None;
                }
            }
        }
        Some(absence)
    }

    /// Puts a client left out into a route, and leaves out instead what is in its way and easiest to bring in.
    fn force_in(&mut self, guide: &Guide, rng: &mut impl Rng) {
        let client = self.random_absent(rng);
        let neighbors = guide.neighborhood.insertion(client).iter();
        let mut slots: Vec<u32> = neighbors
            .map(|&neighbor| self.state.route_of(neighbor))
            .filter(|&slot| slot != NONE)
            .collect();
        slots.sort_unstable();
        slots.dedup();
        if slots.is_empty() {
            return;
        }
        // The first of equals is taken: begin with any.
        let first = rng.random_range(0..slots.len());
        slots.rotate_left(first);
        self.ejector.begin();
        for slot in slots {
            let (state, counters) = (&mut self.state, &self.counters);
            self.ejector.look_at(state, counters, slot, client);
        }
        self.recreate.finder.work.0 += self.ejector.take_work();
        let Some((slot, ejected)) = self.ejector.best() else {
            return;
        };
        self.state.remove(slot, ejected);
        let place = place_in_route(&self.state, slot, client);
        if place.after == NONE || self.state.is_broken() {
            self.state.undo();
            return;
        }
        self.state.take_back(client);
        self.state.insert(client, place.after, place.window);
        for &other in ejected {
            self.state.leave_out(other);
        }
        self.state.commit();
    }
}

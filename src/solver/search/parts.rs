//! A solution in parts: cut, dealt to the lanes with everything that belongs to each part, and put together again.
//!
//! Knows one epoch; neither when it is time for one nor what comes of it.

use super::{Search, stream};
use crate::rng;
use crate::solver::decompose::{self, Part};
use crate::solver::lane::Orders;
use crate::solver::problem::{Client, Problem, VehicleType};
use crate::solver::solution::Solution;
use crate::solver::turns::{self, Epoch};

/// What a route costs on top of everything else while parts are annealed, in temperatures, where all windows are narrow.
///
/// Annealing left to itself freezes with too few routes: there are more ways to fill few of them. The pay makes up for
/// that, and vanishes as parts cool. Where clients can be served at any time, few routes are best anyway.
const ROUTE_BIAS: f64 = -4.0;
/// A window is narrow if it is at most this share of the longest shift.
const NARROW: f64 = 1.0 / 3.0;

/// What a route costs on top of everything else while parts of the problem are annealed, in temperatures.
///
/// Source: fitted on Gehring-Homberger instances of 1,000 clients: all of it if all windows are narrow, nothing if half
/// of them are.
pub(super) fn route_bias(problem: &Problem) -> f64 {
    let shift = |kind: &VehicleType| f64::from(kind.latest) - f64::from(kind.earliest);
    let longest = problem.types().iter().map(shift).fold(0.0, f64::max);
    let width = |client: &Client| -> f64 {
        let windows = client.windows.iter();
        windows
            .map(|window| f64::from(window.end) - f64::from(window.start))
            .sum()
    };
    let narrow = problem.clients().iter();
    let narrow = narrow.filter(|client| width(client) <= NARROW * longest);
    let share = narrow.count() as f64 / problem.n_clients().max(1) as f64;
    ROUTE_BIAS * (2.0 * share - 1.0).max(0.0)
}

impl Search<'_> {
    /// Splits the solution, lets each lane anneal one part, and puts them together; what is not finished because of
    /// `stop` is dropped.
    pub(super) fn anneal_parts(
        &mut self,
        n_parts: usize,
        orders: Orders,
        spare: u64,
        stop: &(dyn Fn() -> bool + Sync),
    ) {
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
            spare,
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
        self.count(iterations);
        let (cost, harm) = self.unload();
        if cost < self.value(&self.best) {
            self.take_best();
        } else if self.is_keeper(cost, harm, &self.absent) {
            self.keep(Solution::new(self.problem, &self.routes, &self.absent));
        }
    }

    /// Gives the parts, whose routes are set, their clients left out, slots and vehicles.
    pub(super) fn deal(&self, parts: &mut [Part]) {
        let mut rng = rng::stream(self.params.seed, &[stream::CUT, self.epoch, 1]);
        let mut is_used = vec![false; self.n_slots];
        let mut free_vehicles: Vec<u32> =
            self.problem.types().iter().map(|kind| kind.count).collect();
        for route in parts.iter().flat_map(|part| &part.routes) {
            is_used[route.slot as usize] = true;
            free_vehicles[route.kind as usize] -= u32::from(route.previous.is_none());
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
    pub(super) fn hand_over(&mut self, lane: usize, part: &Part) {
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

    /// Puts the parts of all lanes together and gives what they cost, and the harm that they do.
    pub(super) fn unload(&mut self) -> (i64, i64) {
        self.routes.clear();
        self.absent.clear();
        let (mut cost, mut harm) = (0, 0);
        for lane in &mut self.lanes {
            cost += lane.state.cost();
            harm += lane.state.harm();
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
        (cost, harm)
    }
}

//! Splits a solution into parts of neighboring routes that can be annealed at the same time.
//!
//! The cut follows travel distances, not coordinates: routes are ordered by how much nearer they are to one of two
//! distant clients than to the other (one axis of FastMap, Faloutsos and Lin, 1995) and cut at half of the clients.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use rand::RngExt;

use super::neighborhood::Neighborhood;
use super::problem::Problem;
use super::state::Route;
use crate::rng::Stream;

/// One part of a solution.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// Its routes.
    pub(super) routes: Vec<Route>,
    /// Its share of the clients left out.
    pub(super) absent: Vec<u32>,
    /// Slots it may open routes in.
    pub(super) free_slots: Vec<u32>,
    /// Vehicles it may open routes with, by type.
    pub(super) free_vehicles: Vec<u32>,
}

/// Splits routes into `n_parts` (a power of two) parts of about equally many clients.
pub(super) fn split(
    problem: &Problem,
    routes: Vec<Route>,
    n_parts: usize,
    rng: &mut Stream,
) -> Vec<Part> {
    let mut groups = vec![routes];
    while groups.len() < n_parts {
        groups = groups
            .into_iter()
            .flat_map(|group| bisect(problem, group, rng))
            .collect();
    }
    groups
        .into_iter()
        .map(|routes| Part {
            routes,
            ..Part::default()
        })
        .collect()
}

fn bisect(problem: &Problem, mut routes: Vec<Route>, rng: &mut Stream) -> [Vec<Route>; 2] {
    let clients: Vec<u32> = routes
        .iter()
        .flat_map(|route| route.visits.iter().map(|&(client, _)| client))
        .collect();
    if routes.len() < 2 {
        return [routes, Vec::new()];
    }
    let profile = problem.types()[0].profile;
    let pivot = clients[rng.random_range(0..clients.len())];
    // A random direction: the far pole is the farthest of a few, not of all, so that cuts differ from epoch to epoch.
    let candidates: Vec<u32> = (0..4)
        .map(|_| clients[rng.random_range(0..clients.len())])
        .collect();
    let row = problem.distances(profile, pivot as usize);
    let pole = candidates
        .into_iter()
        .max_by_key(|&client| (row[2 * client as usize], client))
        .unwrap_or(pivot);
    let other = problem.distances(profile, pole as usize);
    let chain_of = chains(&routes);
    let key = |route: &Route| {
        let side = |client: u32| {
            i64::from(row[2 * client as usize]) - i64::from(other[2 * client as usize])
        };
        let sum: i64 = route.visits.iter().map(|&(client, _)| side(client)).sum();
        (sum, route.visits.len() as i64)
    };
    let mut totals: BTreeMap<u32, (i64, i64)> = BTreeMap::new();
    for route in &routes {
        let (sum, count) = key(route);
        let total = totals.entry(chain_of[&route.slot]).or_default();
        *total = (total.0 + sum, total.1 + count);
    }
    routes.sort_by_cached_key(|route| {
        let chain = chain_of[&route.slot];
        let (sum, count) = totals[&chain];
        (sum * 16 / count.max(1), chain, route.slot)
    });
    let mut before = 0;
    let half = clients.len() / 2;
    let cut = routes.iter().position(|route| {
        before += route.visits.len();
        before > half
    });
    let cut = cut.unwrap_or(routes.len() - 1).clamp(1, routes.len() - 1);
    // The trips of a vehicle stay together.
    let vehicle = |at: usize| chain_of[&routes[at].slot];
    let is_between = |&at: &usize| vehicle(at - 1) != vehicle(at);
    let cut = (1..=cut).rev().find(is_between);
    let cut = cut.or_else(|| (1..routes.len()).find(is_between));
    let rest = routes.split_off(cut.unwrap_or(routes.len()));
    [routes, rest]
}

/// For each slot the slot of its vehicle's first trip.
fn chains(trips: &[Route]) -> BTreeMap<u32, u32> {
    let previous: BTreeMap<u32, u32> = trips
        .iter()
        .filter_map(|trip| Some((trip.slot, trip.previous?.0)))
        .collect();
    let first = |trip: &Route| {
        let mut slot = trip.slot;
        while let Some(&before) = previous.get(&slot) {
            slot = before;
        }
        (trip.slot, slot)
    };
    trips.iter().map(first).collect()
}

/// Gives each part its share of what is free, and the clients left out to the part that has most of their neighbors.
pub(super) fn deal(
    parts: &mut [Part],
    neighborhood: &Neighborhood,
    absent: &[u32],
    free_slots: &[u32],
    free_vehicles: &[u32],
    rng: &mut Stream,
) {
    let n_parts = parts.len();
    if !absent.is_empty() {
        deal_absent(parts, neighborhood, absent);
    }
    for (at, &slot) in free_slots.iter().enumerate() {
        parts[at % n_parts].free_slots.push(slot);
    }
    for part in parts.iter_mut() {
        // Slots are taken from the end: the lowest numbers first.
        part.free_slots.reverse();
        part.free_vehicles = free_vehicles
            .iter()
            .map(|&free| free / n_parts as u32)
            .collect();
    }
    for (kind, &free) in free_vehicles.iter().enumerate() {
        let start = rng.random_range(0..n_parts);
        for extra in 0..free as usize % n_parts {
            parts[(start + extra) % n_parts].free_vehicles[kind] += 1;
        }
    }
}

fn deal_absent(parts: &mut [Part], neighborhood: &Neighborhood, absent: &[u32]) {
    let mut part_of = BTreeMap::new();
    for (number, part) in parts.iter().enumerate() {
        let planned = part.routes.iter().flat_map(|route| &route.visits);
        part_of.extend(planned.map(|&(client, _)| (client, number)));
    }
    for &client in absent {
        let mut votes = vec![0_u32; parts.len()];
        let neighbors = neighborhood.ruin(client).iter();
        for &part in neighbors
            .filter_map(|neighbor| part_of.get(neighbor))
            .take(8)
        {
            votes[part] += 1;
        }
        let winner = (0..parts.len()).max_by_key(|&part| (votes[part], Reverse(part)));
        parts[winner.unwrap_or(0)].absent.push(client);
    }
}

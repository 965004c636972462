//! Recreate: puts clients back one by one, each into its best place but for a few blinks.
//!
//! Source: Christiaens and Vanden Berghe (2020), section 5.3, with the orders of insertion of its time window variant.

use rand::{Rng, RngExt};

use super::insertion::{Alone, Finder, Memory, Place, vehicle_for};
use super::neighborhood::Neighborhood;
use super::problem::{DropRule, Problem};
use super::state::{NONE, State};
use super::trip;

/// Chance of starting a route with the next cheapest vehicle type instead of the cheapest.
const OTHER_VEHICLE: f64 = 0.2;

/// The same where types may take over each other's routes: then the cheapest is soon found again.
const OTHER_SIBLING: f64 = 0.7;

/// Chance that new routes count as cheaper than they are while clients are put back, where types may take over each
/// other's routes: what a route is worth shows only when it is full.
const CHEAP_ROUTES: f64 = 0.3;
/// A new route that counts in full costs so many shares.
const SHARES: u32 = 256;

/// Chance of starting a route for clients that are left out for a price.
const NEW_ROUTE: f64 = 0.02;
/// Chance of starting it with another vehicle type than the cheapest.
const NEW_ROUTE_OTHER: f64 = 0.5;
/// How many of them may join the first one.
const NEW_ROUTE_CLIENTS: usize = 60;

/// What inserting needs to know of the problem, shared by all parts.
#[derive(Debug)]
pub(super) struct Guide {
    pub(super) neighborhood: Neighborhood,
    pub(super) alone: Alone,
    keys: Vec<Keys>,
    /// Whether some clients may be left out for a price.
    has_prices: bool,
}

/// What clients are sorted by.
#[derive(Clone, Copy, Debug)]
struct Keys {
    size: i64,
    remoteness: i64,
    width: i64,
    opening: i64,
    closing: i64,
    choice: i64,
}

impl Guide {
    pub(super) fn new(problem: &Problem, neighborhood: Neighborhood) -> Self {
        let keys = (0..problem.n_clients())
            .map(|client| Keys::new(problem, client))
            .collect();
        Self {
            neighborhood,
            alone: Alone::new(problem),
            keys,
            has_prices: problem
                .clients()
                .iter()
                .any(|client| matches!(client.drop, DropRule::Priced(_))),
        }
    }
}

impl Keys {
    fn new(problem: &Problem, client: usize) -> Self {
        let data = &problem.clients()[client];
        let kind = &problem.types()[0];
        // Dimensions differ in unit: each load counts as a share of the largest vehicle's room.
        let share = |dim: usize| {
            let room = problem
                .types()
                .iter()
                .map(|kind| kind.capacity[dim])
                .max()
                .unwrap_or(i64::MAX)
                .max(1);
            i128::from(data.delivery[dim] + data.collection[dim]) * 1_000_000 / i128::from(room)
        };
        let admitted = (0..problem.types().len()).filter(|&kind| problem.admits(kind, client));
        let windows = || data.windows.iter();
        Self {
            size: (0..problem.n_dims()).map(share).sum::<i128>() as i64,
            remoteness: i64::from(
                problem
                    .arc(kind.profile, problem.start_node(0), client)
                    .distance,
            ),
            width: windows()
                .map(|window| i64::from(window.end) - i64::from(window.start))
                .sum(),
            opening: windows()
                .map(|window| i64::from(window.start))
                .min()
                .unwrap_or(0),
            closing: windows()
                .map(|window| i64::from(window.end))
                .max()
                .unwrap_or(0),
            choice: admitted
                .map(|kind| i64::from(problem.types()[kind].count))
                .sum(),
        }
    }
}

/// Puts clients back. One per part; keeps what it needs between calls.
#[derive(Debug)]
pub(super) struct Recreate {
    pub(super) finder: Finder,
    order: Vec<(i64, u32)>,
    blink: f64,
    /// Offers to accept until the next one is passed over: one draw a blink, not one a place.
    until_blink: u32,
    /// Of [`SHARES`], how many a new route counts.
    share: u32,
}

impl Recreate {
    pub(super) fn new(n_slots: usize, blink: f64) -> Self {
        Self {
            finder: Finder::new(n_slots),
            order: Vec::new(),
            blink,
            until_blink: 0,
            share: SHARES,
        }
    }

    /// Draws when to blink first: without this, the very first offer is passed over.
    pub(super) fn draw_blink(&mut self, rng: &mut impl Rng) {
        self.until_blink = next_blink(self.blink, rng);
    }

    /// Inserts or leaves out every client of `pool`; false, and not finished, once the cost reaches `limit`.
    pub(super) fn apply(
        &mut self,
        state: &mut State<'_>,
        guide: &Guide,
        memories: &mut [Memory],
        rng: &mut impl Rng,
        pool: &mut Vec<u32>,
        limit: i64,
    ) -> bool {
        self.share = if state.problem.features().siblings && rng.random_bool(CHEAP_ROUTES) {
            rng.random_range(0..=SHARES)
        } else {
            SHARES
        };
        if guide.has_prices && !state.absent().is_empty() && rng.random_bool(NEW_ROUTE) {
            start_route(state, guide, rng, pool);
        }
        self.sort(guide, rng, pool);
        let is_done = self.insert_all(state, guide, memories, rng, pool, limit);
        self.share = SHARES;
        is_done
    }

    /// Inserts or leaves out every client of `pool` in the order given.
    pub(super) fn insert_all(
        &mut self,
        state: &mut State<'_>,
        guide: &Guide,
        memories: &mut [Memory],
        rng: &mut impl Rng,
        pool: &[u32],
        limit: i64,
    ) -> bool {
        let other_vehicle = if state.problem.features().siblings {
            OTHER_SIBLING
        } else {
            OTHER_VEHICLE
        };
        for &client in pool {
            let bound = state
                .problem
                .drop_cost(client as usize)
                .min(limit.saturating_sub(state.cost()));
            let (blink, until_blink) = (self.blink, &mut self.until_blink);
            let pass_over = || {
                if *until_blink > 0 {
                    *until_blink -= 1;
                    return false;
                }
                *until_blink = next_blink(blink, rng);
                true
            };
            let memory = &mut memories[client as usize];
            let place =
                self.finder
                    .best(state, &guide.neighborhood, memory, client, bound, pass_over);
            let trip = trip::best(state, client, place.delta, rng);
            let bound = trip.map_or(place.delta, |trip| trip.delta);
            match guide
                .alone
                .best(state, client, || rng.random_bool(other_vehicle))
            {
                Some((cost, kind, window)) if self.share_of(cost) + state.bias() < bound => {
                    let slot = state.open(kind);
                    state.insert(client, state.sentinel(slot), window);
                }
                _ => match trip {
                    Some(trip) => {
                        state.open_trip(trip.gap, client, trip.window);
                    }
                    None if place.after != NONE => put(state, client, place),
                    None => state.leave_out(client),
                },
            }
            if state.cost() >= limit {
                return false;
            }
        }
        true
    }

    /// What a new route counts, compared with other places.
    fn share_of(&self, cost: i64) -> i64 {
        if self.share == SHARES {
            return cost;
        }
        (i128::from(cost) * i128::from(self.share) / i128::from(SHARES)) as i64
    }

    /// Sorts by a criterion drawn at random.
    pub(super) fn sort(&mut self, guide: &Guide, rng: &mut impl Rng, pool: &mut Vec<u32>) {
        let criterion = rng.random_range(0..18_u32);
        self.order.clear();
        for &client in pool.iter() {
            let keys = &guide.keys[client as usize];
            let key = match criterion {
                0..4 => i64::from(rng.random::<u32>()),
                4..8 => -keys.size,
                8..10 => -keys.remoteness,
                10 => keys.remoteness,
                11..13 => keys.width,
                13..15 => keys.opening,
                15..17 => -keys.closing,
                _ => keys.choice,
            };
            self.order.push((key, client));
        }
        self.order.sort_unstable();
        pool.clear();
        pool.extend(self.order.iter().map(|&(_, client)| client));
    }
}

/// Starts a route for one client that is left out, and takes up others near it: none of them might be worth a route of
/// its own, but all of them together.
fn start_route(state: &mut State<'_>, guide: &Guide, rng: &mut impl Rng, pool: &mut Vec<u32>) {
    let seed = state.absent()[rng.random_range(0..state.absent().len())];
    let Some((_, kind, window)) = guide
        .alone
        .best(state, seed, || rng.random_bool(NEW_ROUTE_OTHER))
    else {
        return;
    };
    state.take_back(seed);
    let slot = state.open(kind);
    state.insert(seed, state.sentinel(slot), window);
    let mut n_taken = 0;
    for &client in guide.neighborhood.ruin(seed) {
        if n_taken == NEW_ROUTE_CLIENTS {
            break;
        }
        if state.is_absent(client) {
            state.take_back(client);
            pool.push(client);
            n_taken += 1;
        }
    }
}

/// Puts a client into a route, which goes to the cheapest vehicle for it.
fn put(state: &mut State<'_>, client: u32, place: Place) {
    if state.problem.features().siblings {
        let slot = state.slot_of(place.after);
        if let Some(vehicle) = vehicle_for(state, slot, client, place) {
            state.retype(slot, vehicle.kind);
        }
        state.insert(client, place.after, place.window);
        state.right_size(slot);
    } else {
        state.insert(client, place.after, place.window);
    }
}

/// Number of offers until the next blink: geometrically distributed.
fn next_blink(blink: f64, rng: &mut impl Rng) -> u32 {
    let uniform = 1.0 - rng.random::<f64>();
    (uniform.ln() / (1.0 - blink).ln()) as u32
}

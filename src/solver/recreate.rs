//! Recreate: puts clients back one by one, each into its best place but for a few blinks.
//!
//! Source: Christiaens and Vanden Berghe (2020), section 5.3, with the orders of insertion of its time window variant.

use rand::{Rng, RngExt};

use super::insertion::{Alone, Finder, Memory};
use super::neighborhood::Neighborhood;
use super::problem::Problem;
use super::state::{NONE, State};
use super::trip;

/// Chance of starting a route with the next cheapest vehicle type instead of the cheapest.
const OTHER_VEHICLE: f64 = 0.2;

/// What inserting needs to know of the problem, shared by all parts.
#[derive(Debug)]
pub(super) struct Guide {
    pub(super) neighborhood: Neighborhood,
    pub(super) alone: Alone,
    keys: Vec<Keys>,
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
}

impl Recreate {
    pub(super) fn new(n_slots: usize, blink: f64) -> Self {
        Self {
            finder: Finder::new(n_slots),
            order: Vec::new(),
            blink,
            until_blink: 0,
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
        self.sort(guide, rng, pool);
        self.insert_all(state, guide, memories, rng, pool, limit)
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
                .best(state, client, || rng.random_bool(OTHER_VEHICLE))
            {
                Some((cost, kind, window)) if cost < bound => {
                    let slot = state.open(kind);
                    state.insert(client, state.sentinel(slot), window);
                }
                _ => match trip {
                    Some(trip) => {
                        state.open_trip(trip.gap, client, trip.window);
                    }
                    None if place.after != NONE => {
                        state.insert(client, place.after, place.window);
                    }
                    None => state.leave_out(client),
                },
            }
            if state.cost() >= limit {
                return false;
            }
        }
        true
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

/// Number of offers until the next blink: geometrically distributed.
fn next_blink(blink: f64, rng: &mut impl Rng) -> u32 {
    let uniform = 1.0 - rng.random::<f64>();
    (uniform.ln() / (1.0 - blink).ln()) as u32
}

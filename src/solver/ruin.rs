//! Ruin: takes strings of clients near each other out of a few routes.
//!
//! Source: Christiaens and Vanden Berghe, "Slack Induction by String Removals" (2020), sections 5.1 and 5.2.

use rand::{Rng, RngExt};

use super::neighborhood::Neighborhood;
use super::state::{NONE, State};

/// How much a ruin takes out.
#[derive(Clone, Copy, Debug)]
pub(super) struct RuinSize {
    /// Mean number of clients removed.
    pub(super) clients: f64,
    /// Longest string removed from one route.
    pub(super) string_max: f64,
}

impl RuinSize {
    /// The size that suits routes of `route_length` clients on average.
    ///
    /// Source: fitted; short routes (15 clients or fewer) want 10 and 10, long ones (40 and more) 15 and 20.
    pub(super) fn for_length(route_length: f64) -> Self {
        Self {
            clients: (8.0 + 0.15 * route_length).clamp(10.0, 15.0),
            string_max: (0.5 * route_length).clamp(10.0, 30.0),
        }
    }
}

/// Chance that a string keeps some clients in its middle.
const SPLIT: f64 = 0.5;
/// Chance that the kept part stops growing by each client.
const SPLIT_STOP: f64 = 0.01;
/// How many clients left out are taken up by one ruin.
const TAKE_BACK: usize = 10;

/// Ruins states. One per part; keeps what it needs between ruins.
#[derive(Debug)]
pub(super) struct Ruin {
    ruined: Vec<u32>,
    round: u32,
    sequence: Vec<u32>,
    string: Vec<u32>,
    slots: Vec<u32>,
}

impl Ruin {
    pub(super) fn new(n_slots: usize) -> Self {
        Self {
            ruined: vec![0; n_slots],
            round: 0,
            sequence: Vec::new(),
            string: Vec::new(),
            slots: Vec::new(),
        }
    }

    /// Removes strings around a random client and takes up clients left out near it; `pool` receives all of them.
    pub(super) fn apply(
        &mut self,
        state: &mut State<'_>,
        neighborhood: &Neighborhood,
        size: RuinSize,
        rng: &mut impl Rng,
        pool: &mut Vec<u32>,
    ) {
        self.apply_near(state, neighborhood, None, size, rng, pool);
    }

    /// The slots that the last ruin took clients from; a route that has none left is closed.
    pub(super) fn slots(&self) -> &[u32] {
        &self.slots
    }

    /// As [`Ruin::apply`], around the client `seed` if there is one.
    pub(super) fn apply_near(
        &mut self,
        state: &mut State<'_>,
        neighborhood: &Neighborhood,
        seed: Option<u32>,
        size: RuinSize,
        rng: &mut impl Rng,
        pool: &mut Vec<u32>,
    ) {
        self.round = self.round.wrapping_add(1);
        let routes = state.used_slots();
        let n_planned = state.clients().len() - state.absent().len();
        let mean_length = n_planned as f64 / f64::from(routes.max(1));
        let string_max = size.string_max.min(mean_length);
        let routes_max = 4.0 * size.clients / (1.0 + string_max) - 1.0;
        let n_routes =
            ((1.0 + rng.random::<f64>() * routes_max.max(0.0)) as u32).clamp(1, routes.max(1));
        let seed =
            seed.unwrap_or_else(|| state.clients()[rng.random_range(0..state.clients().len())]);
        let mut n_ruined = 0;
        self.slots.clear();
        for &client in neighborhood.ruin(seed) {
            if n_ruined == n_routes {
                break;
            }
            let slot = state.route_of(client);
            if slot == NONE || self.ruined[slot as usize] == self.round {
                continue;
            }
            self.ruined[slot as usize] = self.round;
            self.slots.push(slot);
            n_ruined += 1;
            self.remove_string(state, slot, client, string_max, rng);
            pool.extend_from_slice(&self.string);
        }
        take_back(state, neighborhood, seed, rng, pool);
    }

    /// Removes a string of `slot` that contains `client`, or one that surrounds a kept middle; nothing that is locked.
    fn remove_string(
        &mut self,
        state: &mut State<'_>,
        slot: u32,
        client: u32,
        string_max: f64,
        rng: &mut impl Rng,
    ) {
        self.sequence.clear();
        self.string.clear();
        self.sequence.extend(state.free_clients_of(slot));
        let length = self.sequence.len();
        if length == 0 {
            return;
        }
        let count =
            ((1.0 + rng.random::<f64>() * string_max.min(length as f64)) as usize).clamp(1, length);
        let mut kept = 0;
        if count > 1 && count < length && rng.random_bool(SPLIT) {
            kept = 1;
            while count + kept < length && !rng.random_bool(SPLIT_STOP) {
                kept += 1;
            }
        }
        let span = count + kept;
        let at = self
            .sequence
            .iter()
            .position(|&other| other == client)
            .unwrap_or(0);
        let first = rng.random_range((at + 1).saturating_sub(span)..=at.min(length - span));
        let keep_from = first
            + if kept > 0 {
                rng.random_range(0..=count)
            } else {
                0
            };
        let removed = (first..first + span)
            .filter(|position| !(keep_from..keep_from + kept).contains(position));
        self.string
            .extend(removed.map(|position| self.sequence[position]));
        if self.string.len() == length && !state.may_empty(slot) {
            self.string.pop();
        }
        if self.string.is_empty() {
            return;
        }
        state.remove(slot, &self.string);
    }
}

/// Takes up clients left out: those near `seed`, then any.
fn take_back(
    state: &mut State<'_>,
    neighborhood: &Neighborhood,
    seed: u32,
    rng: &mut impl Rng,
    pool: &mut Vec<u32>,
) {
    if state.absent().is_empty() {
        return;
    }
    let start = pool.len();
    for &client in neighborhood.ruin(seed) {
        if pool.len() - start >= TAKE_BACK / 2 {
            break;
        }
        if state.is_absent(client) {
            state.take_back(client);
            pool.push(client);
        }
    }
    while pool.len() - start < TAKE_BACK && !state.absent().is_empty() {
        let client = state.absent()[rng.random_range(0..state.absent().len())];
        state.take_back(client);
        pool.push(client);
    }
}

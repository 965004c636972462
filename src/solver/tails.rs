//! Tail exchange: two routes swap what comes after a pair of neighboring clients.
//!
//! Ruin and recreate moves strings of limited length; it cannot lead half a route into another one. Between ruins, a
//! few random exchanges are therefore tried, each in constant time until its detour and its arrivals look right.
//! Source of the move, known as 2-opt*: Potvin and Rousseau (1995).

use rand::{Rng, RngExt};

use super::neighborhood::Neighborhood;
use super::problem::Arc;
use super::state::{NONE, State, Visit};

/// Neighbors of a client that may come to follow it.
const NEIGHBORS: usize = 20;

/// Exchanges tails. One per part; keeps what it needs between exchanges.
#[derive(Debug, Default)]
pub(super) struct TailExchange {
    behind_u: Vec<u32>,
    from_v: Vec<u32>,
}

/// Let `v` follow `u`, and what followed `u` follow what came before `v`.
#[derive(Clone, Copy, Debug)]
struct Exchange {
    u: u32,
    v: u32,
    after_u: u32,
    before_v: u32,
    /// Slots of `u` and `v`.
    slots: [u32; 2],
    /// From `u` to `v`.
    arc: Arc,
    /// From what came before `v` to what came after `u`; none where the route of `v` would be empty.
    other: Option<Arc>,
}

impl TailExchange {
    /// Tries up to `tries` random exchanges and makes the first that is feasible and leaves the cost below `limit`;
    /// false, and nothing changed, if there was none.
    ///
    /// The state must have nothing to undo.
    pub(super) fn apply(
        &mut self,
        state: &mut State<'_>,
        neighborhood: &Neighborhood,
        tries: u32,
        rng: &mut impl Rng,
        limit: i64,
    ) -> bool {
        // What lies behind a node is a route's end only where a route is a single trip.
        if state.used_slots() < 2 || state.is_chained() {
            return false;
        }
        for _ in 0..tries {
            let u = state.clients()[rng.random_range(0..state.clients().len())];
            let neighbors = neighborhood.insertion(u);
            if neighbors.is_empty() {
                continue;
            }
            let v = neighbors[rng.random_range(0..neighbors.len().min(NEIGHBORS))];
            let promising = Exchange::new(state, u, v)
                .filter(|exchange| exchange.looks_right(state, limit - state.cost()));
            if promising.is_some_and(|exchange| self.make(state, exchange, limit)) {
                return true;
            }
        }
        false
    }

    /// Makes the exchange and finds out exactly what it is worth; undone if it is not feasible or costs too much.
    fn make(&mut self, state: &mut State<'_>, exchange: Exchange, limit: i64) -> bool {
        self.behind_u.clear();
        self.behind_u.extend(state.clients_from(exchange.after_u));
        self.from_v.clear();
        self.from_v.extend(state.clients_from(exchange.v));
        let [slot_u, slot_v] = exchange.slots;
        let (behind_u, from_v) = (&self.behind_u, &self.from_v);
        let are_free =
            !behind_u.contains(&state.gate(slot_u)) && !from_v.contains(&state.gate(slot_v));
        // Other vehicles may take the routes over: then it is they who must have room.
        let may_change = state.problem.features().siblings;
        let has_room = || {
            state.has_room_for_tail(slot_u, behind_u, from_v)
                && state.has_room_for_tail(slot_v, from_v, behind_u)
        };
        if !are_free || !(may_change || has_room()) {
            return false;
        }
        let nodes = [exchange.u, exchange.before_v];
        state.exchange_tails(exchange.slots, nodes, [behind_u, from_v]);
        let is_kept = (!may_change || state.settle(exchange.slots))
            && state.cost() < limit
            && state.is_feasible(slot_u)
            && (exchange.other.is_none() || state.is_feasible(slot_v))
            && state.appraise(limit);
        if !is_kept {
            state.undo();
        }
        is_kept
    }
}

impl Exchange {
    /// The exchange that lets `v` follow `u`; `None` if they are not in two routes of vehicles that are alike.
    fn new(state: &State<'_>, u: u32, v: u32) -> Option<Self> {
        let slots = [state.route_of(u), state.route_of(v)];
        if slots.contains(&NONE) || slots[0] == slots[1] {
            return None;
        }
        let problem = state.problem;
        let [kind, other_kind] = slots.map(|slot| state.head(slot).kind);
        if !problem.are_alike(kind as usize, other_kind as usize) {
            return None;
        }
        let (after_u, before_v) = (state.visit(u).succ, state.visit(v).pred);
        let profile = problem.types()[kind as usize].profile;
        let is_emptied = !state.is_client(after_u) && !state.is_client(before_v);
        let other = (!is_emptied).then(|| {
            let from = state.origin(before_v, other_kind);
            problem.arc(profile, from, state.destination(after_u, other_kind))
        });
        Some(Self {
            u,
            v,
            after_u,
            before_v,
            slots,
            arc: problem.arc(profile, u as usize, v as usize),
            other,
        })
    }

    /// Whether the growth of arc costs stays below `room` and both tails are reached in time, as far as earliest
    /// departures tell.
    fn looks_right(&self, state: &State<'_>, room: i64) -> bool {
        let problem = state.problem;
        let kinds = self.slots.map(|slot| state.head(slot).kind as usize);
        let (at_u, at_w) = (state.visit(self.u), state.visit(self.before_v));
        let arc = |visit: &Visit| Arc {
            duration: visit.travel,
            distance: visit.distance,
        };
        let new = problem.arc_cost(kinds[0], self.arc)
            + self.other.map_or_else(
                || -problem.types()[kinds[1]].fixed - state.bias(),
                |other| problem.arc_cost(kinds[1], other),
            );
        let old = problem.arc_cost(kinds[0], arc(at_u)) + problem.arc_cost(kinds[1], arc(at_w));
        new - old < room
            && at_u.departure + self.arc.duration <= state.visit(self.v).latest
            && self.other.is_none_or(|other| {
                at_w.departure + other.duration <= state.visit(self.after_u).latest
            })
    }
}

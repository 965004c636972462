//! The best gap of a route whose driver takes breaks.
//!
//! Without its breaks a route takes no longer and is nowhere later. So the test whether a gap takes the client is done as
//! if there were none, in constant time. What the duration grows is estimated as if they took the same time before and
//! after; the gaps with the least estimates are then tried exactly.

use super::Place;
use super::query::{Gap, Query};
use super::shortlist::Shortlist;
use crate::solver::duration::{Carry, duration_cost};
use crate::solver::state::State;
use crate::solver::walk::Walk;

/// Gaps of a route that are tried exactly, at most.
const TRIES: usize = 6;

impl Query<'_> {
    /// As [`Query::scan`].
    pub(super) fn scan_breaks(&self, state: &State<'_>, slot: u32) -> Place {
        let mut shortlist = Shortlist::new();
        let of_breaks = self.cost_of_breaks(state, slot);
        for node in self.gaps(state, slot) {
            self.list_gap_beside_breaks(state, slot, node, of_breaks, &mut shortlist);
        }
        shortlist.best(|place| {
            self.exact_growth(state, slot, |_| {
                Walk::with_client(state, slot, self.client, place).shortest()
            })
        })
    }

    /// What the route costs as it is more than without its breaks.
    fn cost_of_breaks(&self, state: &State<'_>, slot: u32) -> i64 {
        let vehicle = &self.problem.types()[self.kind as usize];
        if state.head(slot).count == 0 {
            return 0;
        }
        if state.is_chained() {
            let Carry {
                before,
                after,
                duration,
            } = state.carry(slot);
            let whole = before.then(state.segment(slot)).then(after);
            let last = state.trips_from(slot).last().unwrap_or(slot);
            let without = whole.duration(state.arrival(last), vehicle.latest);
            return duration_cost(vehicle, duration) - duration_cost(vehicle, without);
        }
        let whole = &state.head(slot).duration;
        let last = state.visit(state.visit(state.sentinel(slot)).pred);
        let at = &state.durations[state.visit(state.sentinel(slot)).pred as usize];
        let end = last.departure + last.travel;
        let latest_start = at.latest_start.min(vehicle.latest - whole.work);
        let without = whole.work.max(end - latest_start);
        duration_cost(vehicle, whole.duration) - duration_cost(vehicle, without)
    }

    /// Lists the gap behind `u` with every window in which it takes the client.
    fn list_gap_beside_breaks(
        &self,
        state: &State<'_>,
        slot: u32,
        u: u32,
        of_breaks: i64,
        shortlist: &mut Shortlist<TRIES>,
    ) {
        let before = state.visit(u);
        let x = before.succ;
        let (from, to) = (
            2 * state.origin(u, self.kind) + 1,
            2 * state.destination(x, self.kind),
        );
        let distance = self.distances[from] + self.distances[to] - before.distance;
        let detour = self.per_distance * i64::from(distance);
        let (travel_in, travel_out) = (self.durations[from], self.durations[to]);
        let arrival = self.departure_of(state, slot, u) + travel_in;
        let windows = &self.problem.clients()[self.client as usize].windows;
        for (number, window) in windows.iter().enumerate() {
            let leave = arrival.max(window.start) + self.service;
            if arrival > window.end || leave + travel_out > state.visit(x).latest {
                continue;
            }
            let gap = Gap {
                u,
                x,
                travel_in,
                travel_out,
                leave,
                window_end: window.end,
            };
            let Some(growth) = self.growth(state, slot, &gap) else {
                continue;
            };
            let fixed = detour + window.cost;
            let place = Place {
                delta: fixed + growth + of_breaks,
                after: u,
                window: number as u8,
            };
            shortlist.offer(place, fixed);
        }
    }
}

//! The best gap of a route whose driver takes breaks.
//!
//! Without its breaks a route takes no longer and is nowhere later. So the test whether a gap takes the client, and what
//! the duration grows, are done as if there were none, which gives a least cost in constant time; the gaps of least cost
//! are then tried exactly.

use super::{Gap, Place, Query};
use crate::solver::breaks;
use crate::solver::problem::Problem;
use crate::solver::state::State;
use crate::solver::timed::Shortlist;

/// Gaps of a route that are tried exactly, at most.
const TRIES: usize = 6;

impl Query<'_> {
    /// As [`Query::scan`].
    pub(super) fn scan_breaks(&self, state: &State<'_>, slot: u32) -> Place {
        let problem: &Problem = self.problem;
        let windows = &problem.clients()[self.client as usize].windows;
        let last = windows.iter().map(|window| window.end).max().unwrap_or(0);
        let mut shortlist = Shortlist::<TRIES>::new();
        let mut node = state.gate(slot);
        loop {
            let visit = state.visit(node);
            if visit.departure > last {
                break;
            }
            let next = visit.succ;
            self.list_gap_of_least(state, slot, node, &mut shortlist);
            if !state.is_client(next) {
                break;
            }
            node = next;
        }
        shortlist.best(|place, fixed| breaks::growth(state, slot, self.client, place, fixed))
    }

    /// Lists the gap behind `u` with every window in which it takes the client, at the least that this can cost.
    fn list_gap_of_least(
        &self,
        state: &State<'_>,
        slot: u32,
        u: u32,
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
                delta: fixed + growth,
                after: u,
                window: number as u8,
            };
            shortlist.offer(place, fixed);
        }
    }
}

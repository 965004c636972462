//! The best gap of a route where travel depends on the time of day.
//!
//! The test whether a gap takes the client is exact and constant in time as ever, because earliest departures and latest
//! arrivals are. What the duration grows is estimated as if the rest of the route kept its travel times, then computed
//! exactly for the best few gaps.

use super::Place;
use super::query::{Gap, Query};
use super::shortlist::Shortlist;
use crate::solver::duration::{Carry, duration_cost};
use crate::solver::state::State;
use crate::solver::timed::duration_with;
use crate::solver::walk::Walk;

/// Gaps of a route that are tried exactly, at most.
const TRIES: usize = 3;

impl Query<'_> {
    /// As [`Query::scan`].
    pub(super) fn scan_timed(&self, state: &State<'_>, slot: u32) -> Place {
        let mut shortlist = Shortlist::new();
        for node in self.gaps(state, slot) {
            self.list_gap(state, slot, node, &mut shortlist);
        }
        // Without durations and ready times the estimates are exact and the test was all there is to it.
        let has_breaks = !self.problem.types()[self.kind as usize].breaks.is_empty();
        let is_certain = state.durations.is_empty() || !self.minds_time(state, slot);
        shortlist.best(|place| {
            if is_certain {
                return Some(0);
            }
            self.exact_growth(state, slot, |earliest| {
                if state.is_chained() || has_breaks {
                    Walk::with_client(state, slot, self.client, place).shortest()
                } else {
                    duration_with(state, slot, self.client, place, earliest)
                }
            })
        })
    }

    /// Whether more than windows decides on a place in `slot`: the duration, or goods that hold the start back.
    fn minds_time(&self, state: &State<'_>, slot: u32) -> bool {
        let vehicle = &self.problem.types()[self.kind as usize];
        vehicle.minds_duration()
            || !vehicle.breaks.is_empty()
            || self.ready > state.head(slot).duration.start
    }

    /// Lists the gap behind `u` with every window in which it takes the client.
    fn list_gap(&self, state: &State<'_>, slot: u32, u: u32, shortlist: &mut Shortlist<TRIES>) {
        let vehicle = &self.problem.types()[self.kind as usize];
        let before = state.visit(u);
        let x = before.succ;
        if state.profile.is_kept()
            && !state
                .profile
                .fits(self.problem, &vehicle.capacity, self.client, u)
        {
            return;
        }
        let (from, to) = (
            2 * state.origin(u, self.kind) + 1,
            2 * state.destination(x, self.kind),
        );
        let distance = self.distances[from] + self.distances[to] - before.distance;
        let detour = self.per_distance * i64::from(distance);
        let row = self.problem.row(vehicle.profile, self.client as usize);
        let arrival = row.arrival(from, before.departure);
        let windows = &self.problem.clients()[self.client as usize].windows;
        for (number, window) in windows.iter().enumerate() {
            if arrival > window.end {
                continue;
            }
            let leave = arrival.max(window.start) + self.service;
            let onward = row.arrival(to, leave);
            if onward > state.visit(x).latest {
                continue;
            }
            let fixed = detour + window.cost;
            let gap = Gap {
                u,
                x,
                travel_in: arrival - before.departure,
                travel_out: onward - leave,
                leave,
                window_end: window.end,
            };
            let place = Place {
                delta: fixed + self.estimate(state, slot, &gap),
                after: u,
                window: number as u8,
            };
            shortlist.offer(place, fixed);
        }
    }

    /// About how much more the route's duration costs with the client in a gap.
    fn estimate(&self, state: &State<'_>, slot: u32, gap: &Gap) -> i64 {
        if state.durations.is_empty() {
            return 0;
        }
        let vehicle = &self.problem.types()[self.kind as usize];
        let old = &state.head(slot).duration;
        let at = &state.durations[gap.u as usize];
        let between = state.visit(gap.u).travel;
        let latest = gap
            .window_end
            .min(state.visit(gap.x).latest - gap.travel_out - self.service);
        let latest_start = at.latest_start.min(latest - at.work - gap.travel_in);
        let mut end = gap.leave + gap.travel_out + old.work - at.work - between;
        if state.is_client(gap.x) {
            end = end.max(state.durations[gap.x as usize].end);
        }
        let work = old.work + gap.travel_in + self.service + gap.travel_out - between;
        let Carry {
            before,
            after,
            duration: old,
        } = state.carry(slot);
        let whole = before.work + work + after.work;
        let end = (end + after.work).max(after.end);
        let latest_start = before.latest_start.min(latest_start - before.work);
        let duration = whole.max(end - latest_start);
        duration_cost(vehicle, duration) - duration_cost(vehicle, old)
    }
}

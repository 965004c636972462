//! A client before the gaps of one route: which of them take it, and which is the best.
//!
//! A gap between `u` and `x` takes client `c` if `c` can be reached from the earliest departure of `u` within its
//! window and `x` from there before its latest arrival; what it costs is the detour plus what the duration grows.
//! Source of the constant-time test: Savelsbergh (1992). Knows neither loads, unless goods are brought back, nor whom a
//! vehicle may serve.

use super::Place;
use super::fear::Fear;
use crate::solver::duration::{Carry, duration_cost};
use crate::solver::problem::{Problem, Window};
use crate::solver::state::{NONE, State};

/// A client to be inserted into routes of one vehicle type: everything a gap test reads, at hand.
pub(super) struct Query<'a> {
    pub(super) problem: &'a Problem,
    pub(super) client: u32,
    pub(super) kind: u32,
    pub(super) distances: &'a [i32],
    pub(super) durations: &'a [i32],
    pub(super) service: i32,
    pub(super) per_distance: i64,
    pub(super) ready: i32,
    /// What harm costs; `None` where there is none.
    pub(super) fear: Option<Fear>,
}

impl<'a> Query<'a> {
    pub(super) fn new(problem: &'a Problem, client: u32, kind: u32) -> Self {
        let vehicle = &problem.types()[kind as usize];
        let data = &problem.clients()[client as usize];
        Self {
            problem,
            client,
            kind,
            distances: problem.distances(vehicle.profile, client as usize),
            durations: problem.durations(vehicle.profile, client as usize),
            service: data.service[vehicle.pace],
            per_distance: vehicle.per_distance,
            ready: data.ready.unwrap_or(i32::MIN),
            fear: None,
        }
    }

    /// The cost of going behind `u` if that is below `best.delta`; otherwise `best`.
    #[inline]
    fn try_gap(&self, state: &State<'_>, slot: u32, u: u32, best: Place) -> Place {
        let before = state.visit(u);
        let x = before.succ;
        let (from, to) = (
            2 * state.origin(u, self.kind) + 1,
            2 * state.destination(x, self.kind),
        );
        let (distance_in, distance_out) = (self.distances[from], self.distances[to]);
        let detour = self.per_distance * i64::from(distance_in + distance_out - before.distance);
        let windows = &self.problem.clients()[self.client as usize].windows;
        if detour + windows[0].cost >= best.delta && windows.len() == 1 {
            return best;
        }
        let (travel_in, travel_out) = (self.durations[from], self.durations[to]);
        let latest_next = state.visit(x).latest;
        let rich = !state.durations.is_empty();
        let departure = if rich {
            self.departure_of(state, slot, u)
        } else {
            before.departure
        };
        let arrival = departure + travel_in;
        let mut best = best;
        for (number, window) in windows.iter().enumerate() {
            if detour + window.cost >= best.delta || arrival > window.end {
                continue;
            }
            let leave = arrival.max(window.start) + self.service;
            if leave + travel_out > latest_next {
                continue;
            }
            let mut delta = detour + window.cost;
            let gap = Gap {
                u,
                x,
                travel_in,
                travel_out,
                leave,
                window_end: window.end,
            };
            if rich {
                match self.growth(state, slot, &gap) {
                    Some(growth) => delta += growth,
                    None => continue,
                }
            }
            if let Some(fear) = &self.fear
                && delta < best.delta
            {
                delta += fear.of_gap(state, self, &gap);
            }
            if delta < best.delta {
                best = Place {
                    delta,
                    after: u,
                    window: number as u8,
                };
            }
        }
        best
    }

    /// Earliest departure of `u` once the client's goods are on board.
    pub(super) fn departure_of(&self, state: &State<'_>, slot: u32, u: u32) -> i32 {
        let departure = state.visit(u).departure;
        if self.ready <= state.head(slot).duration.start {
            return departure;
        }
        departure.max(self.ready + state.durations[u as usize].work)
    }

    /// How much more the route's duration costs with the client in a gap; `None` if the route becomes too long, too
    /// full or cannot start in time.
    pub(super) fn growth(&self, state: &State<'_>, slot: u32, gap: &Gap) -> Option<i64> {
        let vehicle = &self.problem.types()[self.kind as usize];
        let old = &state.head(slot).duration;
        let at = &state.durations[gap.u as usize];
        let between = state.visit(gap.u).travel;
        let latest = gap
            .window_end
            .min(state.visit(gap.x).latest - gap.travel_out - self.service);
        let latest_start = at.latest_start.min(latest - at.work - gap.travel_in);
        if self.ready.max(old.start) > latest_start {
            return None;
        }
        if state.profile.is_kept()
            && !state
                .profile
                .fits(self.problem, &vehicle.capacity, self.client, gap.u)
        {
            return None;
        }
        let rest = old.work - at.work - between;
        let mut end = gap.leave + gap.travel_out + rest;
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
        (duration <= vehicle.max_duration)
            .then(|| duration_cost(vehicle, duration) - duration_cost(vehicle, old))
    }

    /// The best gap of a whole route behind what is locked.
    pub(super) fn scan(&self, state: &State<'_>, slot: u32) -> Place {
        if self.problem.features().timed {
            return self.scan_timed(state, slot);
        }
        if !self.problem.types()[self.kind as usize].breaks.is_empty() {
            return self.scan_breaks(state, slot);
        }
        let windows = &self.problem.clients()[self.client as usize].windows;
        if let [window] = windows.as_slice()
            && !self.problem.features().are_weighed()
        {
            let is_ready =
                self.ready <= state.head(slot).duration.start || state.durations.is_empty();
            match (&self.fear, is_ready) {
                (None, true) => return self.scan_plain(state, slot, window),
                (None, false) => return self.scan_later(state, slot, window),
                (Some(fear), true) => return self.scan_fearful(state, slot, window, fear),
                (Some(_), false) => {}
            }
        }
        let last = self.last_closing();
        let mut best = Place::NOWHERE;
        let mut node = state.gate(slot);
        // Not by `gaps`: for most days this is the innermost loop, and by an iterator it takes a third longer.
        loop {
            let visit = state.visit(node);
            if visit.departure > last {
                break;
            }
            let next = visit.succ;
            best = self.try_gap(state, slot, node, best);
            if !state.is_client(next) {
                break;
            }
            node = next;
        }
        best
    }

    /// When the client's last window closes.
    fn last_closing(&self) -> i32 {
        let windows = &self.problem.clients()[self.client as usize].windows;
        windows.iter().map(|window| window.end).max().unwrap_or(0)
    }

    /// Nodes of a route, from what is locked on, that are left before the client's last window closes.
    pub(super) fn gaps<'s>(
        &self,
        state: &'s State<'_>,
        slot: u32,
    ) -> impl Iterator<Item = u32> + use<'s, '_> {
        let last = self.last_closing();
        std::iter::once(state.gate(slot))
            .chain(state.free_clients_of(slot))
            .take_while(move |&node| state.visit(node).departure <= last)
    }

    /// How much more the route's duration costs with one more client, by a way to find the shortest one from a start no
    /// earlier than told; `None` if that finds none.
    pub(super) fn exact_growth(
        &self,
        state: &State<'_>,
        slot: u32,
        shortest: impl FnOnce(i32) -> Option<i32>,
    ) -> Option<i64> {
        let vehicle = &self.problem.types()[self.kind as usize];
        let start = state.head(slot).duration.start;
        let duration = shortest(self.ready.max(start))?;
        let old = state.carry(slot).duration;
        Some(duration_cost(vehicle, duration) - duration_cost(vehicle, old))
    }

    /// As [`Query::scan`], where only detours and one window matter: the innermost loop of the search, so it reads
    /// every node and arc once.
    fn scan_plain(&self, state: &State<'_>, slot: u32, window: &Window) -> Place {
        let (distances, durations) = (self.distances, self.durations);
        let mut node = state.gate(slot);
        let mut visit = *state.visit(node);
        let column = 2 * state.origin(node, self.kind);
        let (mut distance_in, mut travel_in) = (distances[column + 1], durations[column + 1]);
        let (mut best, mut after) = (i32::MAX, NONE);
        while visit.departure <= window.end {
            let next = visit.succ;
            let column = 2 * state.destination(next, self.kind);
            let next_visit = *state.visit(next);
            let detour = distance_in + distances[column] - visit.distance;
            if detour < best {
                let arrival = visit.departure + travel_in;
                let leave = arrival.max(window.start) + self.service;
                if arrival <= window.end && leave + durations[column] <= next_visit.latest {
                    (best, after) = (detour, node);
                }
            }
            if !state.is_client(next) {
                break;
            }
            (distance_in, travel_in) = (distances[column + 1], durations[column + 1]);
            (node, visit) = (next, next_visit);
        }
        self.place_by_detour(after, best, window)
    }

    /// As [`Query::scan_plain`] where harm costs, too.
    fn scan_fearful(&self, state: &State<'_>, slot: u32, window: &Window, fear: &Fear) -> Place {
        let (distances, durations) = (self.distances, self.durations);
        let mut node = state.gate(slot);
        let mut visit = *state.visit(node);
        let column = 2 * state.origin(node, self.kind);
        let (mut distance_in, mut travel_in) = (distances[column + 1], durations[column + 1]);
        let mut best = Place::NOWHERE;
        while visit.departure <= window.end {
            let next = visit.succ;
            let column = 2 * state.destination(next, self.kind);
            let next_visit = *state.visit(next);
            let detour = distance_in + distances[column] - visit.distance;
            let delta = self.per_distance * i64::from(detour) + window.cost;
            if delta < best.delta {
                let arrival = visit.departure + travel_in;
                let leave = arrival.max(window.start) + self.service;
                if arrival <= window.end && leave + durations[column] <= next_visit.latest {
                    let gap = Gap {
                        u: node,
                        x: next,
                        travel_in,
                        travel_out: durations[column],
                        leave,
                        window_end: window.end,
                    };
                    let delta = delta + fear.of_gap(state, self, &gap);
                    if delta < best.delta {
                        best = Place {
                            delta,
                            after: node,
                            window: 0,
                        };
                    }
                }
            }
            if !state.is_client(next) {
                break;
            }
            (distance_in, travel_in) = (distances[column + 1], durations[column + 1]);
            (node, visit) = (next, next_visit);
        }
        best
    }

    /// As [`Query::scan_plain`] in a trip that the client's goods let begin later.
    fn scan_later(&self, state: &State<'_>, slot: u32, window: &Window) -> Place {
        let (distances, durations) = (self.distances, self.durations);
        let mut node = state.gate(slot);
        let (mut best, mut after) = (i32::MAX, NONE);
        loop {
            let (visit, at) = (state.visit(node), &state.durations[node as usize]);
            let departure = visit.departure.max(self.ready + at.work);
            if departure > window.end || self.ready > at.latest_start {
                break;
            }
            let next = visit.succ;
            let from = 2 * state.origin(node, self.kind) + 1;
            let to = 2 * state.destination(next, self.kind);
            let detour = distances[from] + distances[to] - visit.distance;
            let arrival = departure + durations[from];
            let leave = arrival.max(window.start) + self.service;
            if detour < best
                && arrival <= window.end
                && leave + durations[to] <= state.visit(next).latest
            {
                (best, after) = (detour, node);
            }
            if !state.is_client(next) {
                break;
            }
            node = next;
        }
        self.place_by_detour(after, best, window)
    }

    /// The place behind `after`, if there is one, where nothing but the detour and the client's only window costs.
    #[inline]
    fn place_by_detour(&self, after: u32, detour: i32, window: &Window) -> Place {
        if after == NONE {
            return Place::NOWHERE;
        }
        Place {
            delta: self.per_distance * i64::from(detour) + window.cost,
            after,
            window: 0,
        }
    }
}

/// A gap as far as its duration goes.
pub(super) struct Gap {
    pub(super) u: u32,
    pub(super) x: u32,
    pub(super) travel_in: i32,
    pub(super) travel_out: i32,
    pub(super) leave: i32,
    pub(super) window_end: i32,
}

//! The best place for a client in a trip of its own: between, before or behind the trips of a vehicle on its way.
//!
//! A vehicle comes back to a station between two trips, so it does not matter where its trips go, only when there is
//! time for one more: vehicles to look at are drawn at random.

use rand::{Rng, RngExt};

use super::clockwork::Row;
use super::duration::{Segment, duration_cost};
use super::problem::{Problem, VehicleType};
use super::state::{NONE, State, TripGap};
use super::walk::{self, Walk};

/// Clients drawn to name the vehicles that are looked at.
const DRAWS: usize = 8;

/// A place for a trip with one client, and what it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TripPlace {
    /// Growth of the cost.
    pub(super) delta: i64,
    /// Where the trip goes.
    pub(super) gap: TripGap,
    /// The window to choose.
    pub(super) window: u8,
}

/// The best trip for `client` alone that costs less than `bound`, in the vehicles of a few planned clients.
pub(super) fn best(
    state: &State<'_>,
    client: u32,
    bound: i64,
    rng: &mut impl Rng,
) -> Option<TripPlace> {
    if !state.is_chained() || !state.has_free_slot() {
        return None;
    }
    let mut best = None;
    let mut bound = bound;
    let (mut seen, mut n_seen) = ([NONE; DRAWS], 0);
    for _ in 0..DRAWS {
        let other = state.clients()[rng.random_range(0..state.clients().len())];
        let slot = state.route_of(other);
        if slot == NONE {
            continue;
        }
        let first = state.first_trip(slot);
        if seen[..n_seen].contains(&first) {
            continue;
        }
        seen[n_seen] = first;
        n_seen += 1;
        let Some(query) = Query::new(state, client, first) else {
            continue;
        };
        let gaps = std::iter::once((NONE, first)).chain(
            state
                .trips_from(first)
                .map(|slot| (slot, state.link_of(slot).next)),
        );
        // Nothing may come before what is locked.
        let is_free =
            |&(_, next): &(u32, u32)| next == NONE || state.gate(next) == state.sentinel(next);
        for (previous, next) in gaps.filter(is_free) {
            for gap in query.choices(previous, next) {
                if let Some(place) = query.try_gap(gap, bound) {
                    bound = place.delta;
                    best = Some(place);
                }
            }
        }
    }
    best
}

/// A client to be served by a trip of one vehicle.
struct Query<'a, 'p> {
    state: &'a State<'p>,
    problem: &'p Problem,
    vehicle: &'p VehicleType,
    client: u32,
    kind: u32,
    /// The vehicle's first trip.
    first: u32,
    distances: &'p [i32],
    row: Row<'p>,
    ready: i32,
}

/// One end of a trip: a station and what it means for the trip before or after.
struct End {
    node: usize,
    loading: i32,
    /// How much longer the neighbor's way becomes.
    distance: i32,
    duration: i32,
    /// When the trip may begin, or must have ended.
    time: i32,
}

impl<'a, 'p> Query<'a, 'p> {
    /// `None` if the vehicle may not serve the client or has reloaded often enough.
    fn new(state: &'a State<'p>, client: u32, first: u32) -> Option<Self> {
        let problem = state.problem;
        let kind = state.head(first).kind;
        let vehicle = &problem.types()[kind as usize];
        let data = &problem.clients()[client as usize];
        let holds = |loads: &[i64]| {
            loads
                .iter()
                .zip(&vehicle.capacity)
                .all(|(load, room)| load <= room)
        };
        let may = vehicle.may_reload()
            && problem.admits(kind as usize, client as usize)
            && state.route_count(first) < vehicle.max_clients
            && holds(&data.delivery)
            && holds(&data.collection)
            && state.trips_from(first).count() <= vehicle.max_reloads as usize;
        may.then(|| Self {
            state,
            problem,
            vehicle,
            client,
            kind,
            first,
            distances: problem.distances(vehicle.profile, client as usize),
            row: problem.row(vehicle.profile, client as usize),
            ready: data.ready.unwrap_or(i32::MIN),
        })
    }

    /// Ways to put a trip between two others: one of the stations that they would share is where they met before.
    fn choices(&self, previous: u32, next: u32) -> impl Iterator<Item = TripGap> + use<> {
        let n_reloads = self.vehicle.reloads.len() as u8;
        let old = if previous == NONE || next == NONE {
            None
        } else {
            Some(self.state.link_of(next).reload)
        };
        let both = (0..n_reloads).flat_map(move |reload| {
            let (a, b) = match old {
                None => ((reload, reload), None),
                Some(old) if old == reload => ((old, old), None),
                Some(old) => ((old, reload), Some((reload, old))),
            };
            std::iter::once(a).chain(b)
        });
        both.map(move |(enter, leave)| TripGap {
            previous,
            next,
            enter,
            leave,
        })
    }

    /// The trip's start, and what it means for the trip before.
    fn start(&self, gap: TripGap) -> Option<End> {
        let (state, vehicle) = (self.state, self.vehicle);
        if gap.previous == NONE {
            return Some(End {
                node: self.problem.start_node(self.kind as usize),
                loading: vehicle.loading,
                distance: 0,
                duration: 0,
                time: vehicle.earliest,
            });
        }
        let node = state.reload_node(self.kind, gap.enter);
        let last = state.visit(state.sentinel(gap.previous)).pred;
        let visit = state.visit(last);
        let arc = if state.link_of(gap.previous).end == node {
            (visit.distance, visit.travel)
        } else {
            let start = state.link_of(gap.previous).start;
            if !state.may_run(gap.previous, start, node) {
                return None;
            }
            let (problem, from, to) = (self.problem, last as usize, node as usize);
            let arc = problem.arc(vehicle.profile, from, to);
            let travel = if problem.features().timed {
                problem.arrival(vehicle.profile, from, to, visit.departure) - visit.departure
            } else {
                arc.duration
            };
            (arc.distance, travel)
        };
        Some(End {
            node: node as usize,
            loading: vehicle.reloads[gap.enter as usize].loading,
            distance: arc.0 - visit.distance,
            duration: arc.1 - visit.travel,
            time: visit.departure + arc.1,
        })
    }

    /// The trip's end, and what it means for the trip after.
    fn end(&self, gap: TripGap) -> Option<End> {
        let (state, vehicle) = (self.state, self.vehicle);
        if gap.next == NONE {
            return Some(End {
                node: self.problem.end_node(self.kind as usize),
                loading: 0,
                distance: 0,
                duration: 0,
                time: vehicle.latest,
            });
        }
        let node = state.reload_node(self.kind, gap.leave);
        let link = state.link_of(gap.next);
        let visit = state.visit(state.sentinel(gap.next));
        let is_moved = link.start != node;
        let arc = if is_moved {
            if !state.may_run(gap.next, node, link.end) {
                return None;
            }
            let arc = self
                .problem
                .arc(vehicle.profile, node as usize, visit.succ as usize);
            (arc.distance, arc.duration)
        } else {
            (visit.distance, visit.travel)
        };
        let loading = vehicle.reloads[gap.leave as usize].loading;
        let first = visit.succ;
        let leave = if self.problem.features().timed {
            let (from, to) = (node as usize, first as usize);
            (self.problem).departure(vehicle.profile, from, to, state.visit(first).latest)
        } else {
            state.visit(first).latest - arc.1
        };
        let latest = leave - loading;
        (link.ready <= latest).then_some(End {
            node: node as usize,
            loading,
            distance: arc.0 - visit.distance,
            duration: arc.1 - visit.travel + loading - link.loading,
            time: latest,
        })
    }

    /// The trip in a gap, if it fits there and costs less than `bound`.
    fn try_gap(&self, gap: TripGap, bound: i64) -> Option<TripPlace> {
        let (state, vehicle) = (self.state, self.vehicle);
        let (start, end) = (self.start(gap)?, self.end(gap)?);
        let (out, back) = (2 * start.node + 1, 2 * end.node);
        let detour = i64::from(self.distances[out])
            + i64::from(self.distances[back])
            + i64::from(start.distance)
            + i64::from(end.distance);
        let cost = vehicle.per_distance * detour;
        let data = &self.problem.clients()[self.client as usize];
        if cost >= bound && data.windows.len() == 1 && data.windows[0].cost >= 0 {
            return None;
        }
        if !state.may_pass(self.client, start.node as u32, end.node as u32)
            || (self.problem.features().distances
                && state.route_distance(self.first) + detour > vehicle.max_distance)
        {
            return None;
        }
        let service = data.service[vehicle.pace];
        let left = start.time.max(self.ready) + start.loading;
        let arrival = self.row.arrival(out, left);
        let mut best: Option<TripPlace> = None;
        for (number, window) in data.windows.iter().enumerate() {
            let leave = arrival.max(window.start) + service;
            if arrival > window.end || self.row.arrival(back, leave) > end.time {
                continue;
            }
            let bound = best.map_or(bound, |best| best.delta);
            let limit = bound.saturating_sub(cost + window.cost);
            let Some(growth) = self.growth(gap, [&start, &end], number as u8, limit) else {
                continue;
            };
            let delta = cost + window.cost + growth;
            if delta < bound {
                best = Some(TripPlace {
                    delta,
                    gap,
                    window: number as u8,
                });
            }
        }
        best
    }

    /// How much more the route's duration costs; `None` if the route becomes too long, or for certain by `limit` or more.
    fn growth(&self, gap: TripGap, ends: [&End; 2], window: u8, limit: i64) -> Option<i64> {
        if !self.problem.features().durations {
            return Some(0);
        }
        let vehicle = self.vehicle;
        let old = self.state.carry(self.first).duration;
        let growth = |duration: i32| {
            let growth = duration_cost(vehicle, duration) - duration_cost(vehicle, old);
            Some(growth).filter(|_| duration <= vehicle.max_duration)
        };
        if !walk::is_needed(self.problem, vehicle) {
            return growth(self.duration(gap, ends, window));
        }
        // Without its breaks a route takes no longer.
        if !self.problem.features().timed && growth(self.duration(gap, ends, window))? >= limit {
            return None;
        }
        growth(Walk::with_trip(self.state, gap, self.client, window).shortest()?)
    }

    /// How long the route takes with the trip, breaks and the time of day apart.
    fn duration(&self, gap: TripGap, [start, end]: [&End; 2], window: u8) -> i32 {
        let data = &self.problem.clients()[self.client as usize];
        let window = &data.windows[window as usize];
        let durations = self.row.durations;
        let out = start.loading + durations[2 * start.node + 1];
        let back = data.service[self.vehicle.pace] + durations[2 * end.node];
        let work = out + back;
        let trip = Segment {
            work,
            latest_start: window.end - out,
            end: (window.start + back).max(self.ready.saturating_add(work)),
        };
        self.state
            .duration_with(gap, trip, start.duration, end.duration)
    }
}

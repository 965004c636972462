//! Durations of routes where travel depends on the time of day.
//!
//! There, a later start is not only a matter of less waiting: it can save time by missing a rush hour, or cost time by
//! meeting one. Finding the best start takes more than constant time, so gaps are ranked by an estimate in constant time,
//! the best few of a route are tried exactly, and the duration of every route that changes is computed anew.
//!
//! The duration of a route is the shortest for four starts: the earliest possible one, the last one that ends as early,
//! the last one in time, and the one midway between the last two. Where that is longer than allowed, it is that of the first
//! start that is not. The planner may find a better start, never a worse one.

use super::duration::duration_cost;
use super::insertion::Place;
use super::problem::{Problem, VehicleType};
use super::state::State;

/// Gaps of a route that are tried exactly, at most.
const SHORTLIST: usize = 3;

/// A client's stop as far as the clock goes.
#[derive(Clone, Copy, Debug)]
struct Stop {
    node: usize,
    start: i32,
    end: i32,
    service: i32,
}

/// A sequence of stops of one vehicle.
pub(super) struct Trial<'p> {
    problem: &'p Problem,
    vehicle: &'p VehicleType,
    ends: (usize, usize),
    stops: Vec<Stop>,
}

impl<'p> Trial<'p> {
    /// The route in `slot` as it is.
    pub(super) fn of_route(state: &State<'p>, slot: u32) -> Self {
        Self::new(state, slot, None)
    }

    /// The route in `slot` with `client` in `place`.
    fn with(state: &State<'p>, slot: u32, client: u32, place: Place) -> Self {
        Self::new(state, slot, Some((client, place)))
    }

    fn new(state: &State<'p>, slot: u32, added: Option<(u32, Place)>) -> Self {
        let problem = state.problem;
        let head = state.head(slot);
        let vehicle = &problem.types()[head.kind as usize];
        let mut stops = Vec::with_capacity(head.count as usize + 1);
        let insert = |stops: &mut Vec<Stop>, behind: u32| {
            if let Some((client, place)) = added.filter(|(_, place)| place.after == behind) {
                let data = &problem.clients()[client as usize];
                let window = data.windows[place.window as usize];
                stops.push(Stop {
                    node: client as usize,
                    start: window.start,
                    end: window.end,
                    service: data.service[vehicle.pace],
                });
            }
        };
        insert(&mut stops, state.sentinel(slot));
        for client in state.clients_of(slot) {
            let visit = state.visit(client);
            stops.push(Stop {
                node: client as usize,
                start: visit.start,
                end: visit.end,
                service: state.service(client, head.kind),
            });
            insert(&mut stops, client);
        }
        Self {
            problem,
            vehicle,
            ends: (
                problem.start_node(head.kind as usize),
                problem.end_node(head.kind as usize),
            ),
            stops,
        }
    }

    /// How long the route takes if it starts no earlier than `earliest`; `None` if it is late even then, or longer than
    /// allowed. Nothing without a stop, or where nobody minds.
    ///
    /// Shape: O(stops), several times over.
    pub(super) fn duration(&self, earliest: i32) -> Option<i32> {
        if self.stops.is_empty() {
            return Some(0);
        }
        let end = self.end(earliest)?;
        if !self.vehicle.minds_duration() {
            return Some(0);
        }
        let as_early = self.latest_start(end);
        let mut duration = end - as_early;
        let last = self.latest_start(self.vehicle.latest);
        for start in [last, as_early + (last - as_early) / 2] {
            if let Some(end) = self.end(start) {
                duration = duration.min(end - start);
            }
        }
        if duration <= self.vehicle.max_duration {
            Some(duration)
        } else {
            self.first_within_limit(earliest, last)
        }
    }

    /// How long the route takes for the first start, of those up to `last`, that keeps it within the vehicle's limit.
    fn first_within_limit(&self, earliest: i32, last: i32) -> Option<i32> {
        let mut start = earliest;
        while start <= last {
            let duration = self.end(start)? - start;
            let excess = duration - self.vehicle.max_duration;
            if excess <= 0 {
                return Some(duration);
            }
            // A later start ends no earlier: it must make up for all of the excess.
            start += excess;
        }
        None
    }

    /// When the route ends that starts at `start`; `None` if it is late anywhere.
    fn end(&self, start: i32) -> Option<i32> {
        let profile = self.vehicle.profile;
        let (mut time, mut here) = (start + self.vehicle.loading, self.ends.0);
        for stop in &self.stops {
            let arrival = self.problem.arrival(profile, here, stop.node, time);
            if arrival > stop.end {
                return None;
            }
            time = arrival.max(stop.start) + stop.service;
            here = stop.node;
        }
        let end = self.problem.arrival(profile, here, self.ends.1, time);
        (end <= self.vehicle.latest).then_some(end)
    }

    /// The last start in time that ends by `end`, which some start in time must do.
    fn latest_start(&self, end: i32) -> i32 {
        let profile = self.vehicle.profile;
        let (mut time, mut next) = (end, self.ends.1);
        for stop in self.stops.iter().rev() {
            let departure = self.problem.departure(profile, stop.node, next, time);
            time = (departure - stop.service).min(stop.end);
            next = stop.node;
        }
        self.problem.departure(profile, self.ends.0, next, time) - self.vehicle.loading
    }
}

/// Growth of the cost of the route in `slot` with `client` in `place`, whose detour and window cost `fixed`; `None` if
/// the route would break a limit.
pub(super) fn growth(
    state: &State<'_>,
    slot: u32,
    client: u32,
    place: Place,
    fixed: i64,
) -> Option<i64> {
    let old = &state.head(slot).duration;
    let trial = Trial::with(state, slot, client, place);
    let ready = state.problem.clients()[client as usize].ready;
    let duration = trial.duration(ready.unwrap_or(old.start).max(old.start))?;
    let cost = |duration| duration_cost(trial.vehicle, duration);
    Some(fixed + cost(duration) - cost(old.duration))
}

/// The few places of a route with the least estimates, ascending.
pub(super) struct Shortlist {
    places: [(Place, i64); SHORTLIST],
}

impl Shortlist {
    pub(super) fn new() -> Self {
        Self {
            places: [(Place::NOWHERE, 0); SHORTLIST],
        }
    }

    /// Lists a place, whose `delta` is an estimate of which `fixed` is certain, if it is among the best.
    pub(super) fn offer(&mut self, place: Place, fixed: i64) {
        let last = SHORTLIST - 1;
        if place.delta < self.places[last].0.delta {
            self.places[last] = (place, fixed);
            self.places.sort_by_key(|(place, _)| place.delta);
        }
    }

    /// The best place by its exact `growth`.
    pub(super) fn best(&self, growth: impl Fn(Place, i64) -> Option<i64>) -> Place {
        let mut best = Place::NOWHERE;
        for &(place, fixed) in &self.places {
            if place.delta >= best.delta {
                break;
            }
            if let Some(delta) = growth(place, fixed).filter(|&delta| delta < best.delta) {
                best = Place { delta, ..place };
            }
        }
        best
    }
}

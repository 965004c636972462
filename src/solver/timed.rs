//! Durations of routes where travel depends on the time of day.
//!
//! There, a later start is not only a matter of less waiting: it can save time by missing a rush hour, or cost time by
//! meeting one. Finding the best start takes more than constant time, so gaps are ranked by an estimate in constant time,
//! the best few of a route are tried exactly, and the duration of every route that changes is computed anew.
//!
//! The duration of a route is the shorter of those for two starts: the last one that ends as early as possible, and the
//! last one in time. Where that is longer than allowed, it is that of the first start for which it is not. The planner may
//! find a better start, never a worse one.

use super::insertion::Place;
use super::problem::{Problem, VehicleType};
use super::state::State;
use super::walk::Walk;

/// A client's stop as far as the clock goes.
#[derive(Clone, Copy, Debug)]
struct Stop {
    node: usize,
    start: i32,
    end: i32,
    service: i32,
}

/// A sequence of stops of one vehicle, and what the state already knows of its times.
pub(super) struct Trial<'p> {
    problem: &'p Problem,
    vehicle: &'p VehicleType,
    ends: (usize, usize),
    stops: Vec<Stop>,
    /// A start, and for it the stops whose times are known, with the departure from the last of them.
    start: i32,
    known: usize,
    departure: i32,
    /// The latest arrival is known at the stop of this index, or at the end.
    rest: usize,
    latest: i32,
}

impl<'p> Trial<'p> {
    /// The route in `slot` as it is, which has a client.
    pub(super) fn of_route(state: &State<'p>, slot: u32) -> Self {
        let sentinel = state.visit(state.sentinel(slot));
        let mut trial = Self::new(state, slot, None);
        trial.known = trial.stops.len();
        trial.departure = state.visit(sentinel.pred).departure;
        trial.latest = state.visit(sentinel.succ).latest;
        trial
    }

    /// The route in `slot` with `client` in `place`.
    fn with(state: &State<'p>, slot: u32, client: u32, place: Place) -> Self {
        let mut trial = Self::new(state, slot, Some((client, place)));
        let is_new = |stop: &Stop| stop.node == client as usize;
        let before = state.visit(place.after);
        trial.known = trial.stops.iter().position(is_new).unwrap_or(0);
        trial.departure = before.departure;
        trial.rest = trial.known + 1;
        trial.latest = state.visit(before.succ).latest;
        trial
    }

    /// A route of which nothing is known yet.
    pub(super) fn of_walk(walk: &Walk<'p>) -> Self {
        let stop = |stop: &super::walk::Stop| Stop {
            node: stop.node,
            start: stop.start,
            end: stop.end,
            service: stop.service,
        };
        Self {
            problem: walk.problem,
            vehicle: walk.vehicle,
            ends: walk.ends,
            stops: walk.stops.iter().map(stop).collect(),
            start: walk.earliest,
            known: 0,
            departure: walk.earliest + walk.vehicle.loading,
            rest: walk.stops.len(),
            latest: walk.vehicle.latest,
        }
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
            start: head.duration.start,
            known: 0,
            departure: head.duration.start + vehicle.loading,
            rest: 0,
            latest: vehicle.latest,
        }
    }

    /// How long the route takes if it starts no earlier than `earliest`; `None` if it is late even then, or longer than
    /// allowed. Nothing without a stop, or where nobody minds.
    ///
    /// Shape: O(stops), about three times over.
    pub(super) fn duration(&self, earliest: i32) -> Option<i32> {
        if self.stops.is_empty() {
            return Some(0);
        }
        let end = if earliest == self.start {
            self.end_from(self.known, self.departure)?
        } else {
            self.end(earliest)?
        };
        if !self.vehicle.minds_duration() {
            return Some(0);
        }
        let as_early = self.latest_start(self.stops.len(), end);
        let last = self.latest_start(self.rest, self.latest);
        let mut duration = end - as_early;
        if last > as_early
            && let Some(end) = self.end(last)
        {
            duration = duration.min(end - last);
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
        self.end_from(0, start + self.vehicle.loading)
    }

    /// When the route ends if the place before the stop at `index` is left at `departure`; `None` if it is late from there
    /// on.
    fn end_from(&self, index: usize, departure: i32) -> Option<i32> {
        let profile = self.vehicle.profile;
        let before = index.checked_sub(1).map(|before| self.stops[before].node);
        let (mut time, mut here) = (departure, before.unwrap_or(self.ends.0));
        for stop in &self.stops[index..] {
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

    /// The last start in time that arrives at the stop at `index`, or at the end, by `arrival`; some start must do.
    fn latest_start(&self, index: usize, arrival: i32) -> i32 {
        let profile = self.vehicle.profile;
        let there = self.stops.get(index).map_or(self.ends.1, |stop| stop.node);
        let (mut time, mut next) = (arrival, there);
        for stop in self.stops[..index].iter().rev() {
            let departure = self.problem.departure(profile, stop.node, next, time);
            time = (departure - stop.service).min(stop.end);
            next = stop.node;
        }
        self.problem.departure(profile, self.ends.0, next, time) - self.vehicle.loading
    }
}

/// How long the route in `slot` takes with `client` in `place`, from a start no earlier than `earliest`; `None` if it
/// would break a limit.
pub(super) fn duration_with(
    state: &State<'_>,
    slot: u32,
    client: u32,
    place: Place,
    earliest: i32,
) -> Option<i32> {
    Trial::with(state, slot, client, place).duration(earliest)
}

//! A vehicle's whole route as one sequence of stops: its clients, and the stations where it loads again.
//!
//! What a state keeps for each stop tells in constant time whether a gap takes a client, and how long a route takes where
//! it has several trips, or travel depends on the time of day, or its driver takes breaks. Where two of these meet, those
//! figures are only bounds, and the route is walked from its start to its end.

use super::breaks;
use super::insertion::Place;
use super::problem::{Problem, VehicleType};
use super::solution::Trip;
use super::state::{NONE, State, TripGap};
use super::timed::Trial;

/// A stop as far as the clock goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stop {
    /// Node of the problem.
    pub(super) node: usize,
    /// Shortest travel time to get there.
    pub(super) travel: i32,
    /// The window opens, or the goods of the trip to come are ready.
    pub(super) start: i32,
    /// Latest arrival.
    pub(super) end: i32,
    /// Service or loading.
    pub(super) service: i32,
    /// Whether it is a client, behind which a break may be taken, and not a station.
    pub(super) is_client: bool,
}

/// The stops of one vehicle in sequence.
pub(super) struct Walk<'p> {
    pub(super) problem: &'p Problem,
    pub(super) vehicle: &'p VehicleType,
    /// Nodes where the route starts and ends.
    pub(super) ends: (usize, usize),
    pub(super) stops: Vec<Stop>,
    /// Earliest start: the vehicle is there and the goods of its first trip are ready.
    pub(super) earliest: i32,
    /// Where the current trip was loaded, as an index of `stops`; `None` at the start.
    loaded_at: Option<usize>,
}

/// What is to be different from the route as it is.
#[derive(Clone, Copy)]
enum Change {
    Nothing,
    Client(u32, Place),
    Trip(u32, u8, TripGap),
}

/// Whether a route of `vehicle` has to be walked to tell how long it takes, several trips being no hindrance by
/// themselves.
pub(super) fn is_needed(problem: &Problem, vehicle: &VehicleType) -> bool {
    problem.features().timed || !vehicle.breaks.is_empty()
}

impl<'p> Walk<'p> {
    /// The trips of a vehicle of type `kind`.
    pub(super) fn of_trips(problem: &'p Problem, kind: usize, trips: &[Trip]) -> Self {
        let mut walk = Self::new(
            problem,
            kind,
            trips.iter().map(|trip| trip.visits.len()).sum(),
        );
        for trip in trips {
            if let Some(reload) = trip.reload {
                walk.load(reload);
            }
            for &(client, window) in &trip.visits {
                walk.serve_in(client, window);
            }
        }
        walk
    }

    /// The whole route that has the trip in `slot`.
    pub(super) fn of_route(state: &State<'p>, slot: u32) -> Self {
        Self::changed(state, slot, Change::Nothing)
    }

    /// The same with `client` in `place`, which is in that route.
    pub(super) fn with_client(state: &State<'p>, slot: u32, client: u32, place: Place) -> Self {
        Self::changed(state, slot, Change::Client(client, place))
    }

    /// The route that has `gap` with a trip there that serves `client` alone, in its window number `window`.
    pub(super) fn with_trip(state: &State<'p>, gap: TripGap, client: u32, window: u8) -> Self {
        let slot = if gap.previous == NONE {
            gap.next
        } else {
            gap.previous
        };
        Self::changed(state, slot, Change::Trip(client, window, gap))
    }

    fn changed(state: &State<'p>, slot: u32, change: Change) -> Self {
        let head = state.head(slot);
        let length = state.route_count(slot) as usize + 1;
        let mut walk = Self::new(state.problem, head.kind as usize, length);
        for slot in state.trips_from(state.first_trip(slot)) {
            walk.begin_trip(state, slot, change);
            walk.pass(state.sentinel(slot), change);
            for client in state.clients_of(slot) {
                let visit = state.visit(client);
                walk.serve(client, visit.start, visit.end);
                walk.pass(client, change);
            }
            if let Change::Trip(client, window, gap) = change
                && gap.next == NONE
                && gap.previous == slot
            {
                walk.load(gap.enter);
                walk.serve_in(client, window);
            }
        }
        walk
    }

    /// Loads for the trip in `slot`, behind a new one that comes before it.
    fn begin_trip(&mut self, state: &State<'p>, slot: u32, change: Change) {
        if !state.is_chained() {
            return;
        }
        let link = state.link_of(slot);
        match change {
            Change::Trip(client, window, gap) if gap.next == slot => {
                if gap.previous != NONE {
                    self.load(gap.enter);
                }
                self.serve_in(client, window);
                self.load(gap.leave);
            }
            Change::Nothing | Change::Client(..) | Change::Trip(..) => {
                if link.previous != NONE {
                    self.load(link.reload);
                }
            }
        }
    }

    /// Serves the new client if it comes behind `node`.
    fn pass(&mut self, node: u32, change: Change) {
        if let Change::Client(client, place) = change
            && place.after == node
        {
            self.serve_in(client, place.window);
        }
    }

    fn new(problem: &'p Problem, kind: usize, length: usize) -> Self {
        let vehicle = &problem.types()[kind];
        Self {
            problem,
            vehicle,
            ends: (problem.start_node(kind), problem.end_node(kind)),
            stops: Vec::with_capacity(length),
            earliest: vehicle.earliest,
            loaded_at: None,
        }
    }

    fn load(&mut self, reload: u8) {
        let reload = self.vehicle.reloads[reload as usize];
        let node = self.problem.n_clients() + reload.station;
        self.loaded_at = Some(self.stops.len());
        self.stops.push(Stop {
            node,
            travel: self.travel_to(node),
            start: i32::MIN,
            end: self.vehicle.latest,
            service: reload.loading,
            is_client: false,
        });
    }

    fn serve_in(&mut self, client: u32, window: u8) {
        let window = self.problem.clients()[client as usize].windows[window as usize];
        self.serve(client, window.start, window.end);
    }

    fn serve(&mut self, client: u32, start: i32, end: i32) {
        let data = &self.problem.clients()[client as usize];
        if let Some(ready) = data.ready {
            let start = match self.loaded_at {
                Some(at) => &mut self.stops[at].start,
                None => &mut self.earliest,
            };
            *start = ready.max(*start);
        }
        let node = client as usize;
        self.stops.push(Stop {
            node,
            travel: self.travel_to(node),
            start,
            end,
            service: data.service[self.vehicle.pace],
            is_client: true,
        });
    }

    fn travel_to(&self, node: usize) -> i32 {
        let here = self.stops.last().map_or(self.ends.0, |stop| stop.node);
        let arc = self.problem.arc(self.vehicle.profile, here, node);
        arc.duration
    }

    /// Shortest travel time from the last stop to the end.
    pub(super) fn back(&self) -> i32 {
        self.travel_to(self.ends.1)
    }

    /// How long the route takes; `None` if it is late, without one of its breaks, or longer than allowed.
    ///
    /// Exact where travel takes the same time at all times; see `timed` and `breaks` for what it means otherwise.
    ///
    /// Shape: O(stops), several times over.
    pub(super) fn shortest(&self) -> Option<i32> {
        match (
            self.vehicle.breaks.is_empty(),
            self.problem.features().timed,
        ) {
            (true, _) => Trial::of_walk(self).duration(self.earliest),
            (false, false) => {
                breaks::shortest(self.vehicle, &self.stops, self.back(), self.earliest)
            }
            (false, true) => breaks::timed::shortest(self),
        }
    }

    /// When who leaves the stop before that at `index` at `departure` arrives there; with the number of stops, at the
    /// end.
    pub(super) fn arrival(&self, index: usize, departure: i32) -> i32 {
        let (from, to) = self.arc_to(index);
        let profile = self.vehicle.profile;
        self.problem.arrival(profile, from, to, departure)
    }

    /// When one has to leave the stop before that at `index` at the latest to be there by `arrival`.
    pub(super) fn departure(&self, index: usize, arrival: i32) -> i32 {
        let (from, to) = self.arc_to(index);
        let profile = self.vehicle.profile;
        self.problem.departure(profile, from, to, arrival)
    }

    fn arc_to(&self, index: usize) -> (usize, usize) {
        let before = index.checked_sub(1).map(|before| self.stops[before].node);
        let there = self.stops.get(index).map(|stop| stop.node);
        (before.unwrap_or(self.ends.0), there.unwrap_or(self.ends.1))
    }
}

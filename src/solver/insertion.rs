//! The best place for a client: in constant time a gap, and remembered per route until the route changes.
//!
//! A `query` finds the best gap of one route; here are the limits that do not depend on the gap, and the search through
//! the routes of a client's neighbors.

mod alone;
mod breaks;
mod fear;
mod memory;
mod query;
mod shortlist;
mod timed;

use super::neighborhood::Neighborhood;
use super::params::Work;
use super::state::{NONE, Offer, State};
pub(super) use alone::Alone;
use fear::Fear;
pub(super) use memory::Memory;
use query::Query;

/// A place for a client, and what going there costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Growth of the cost; `i64::MAX` if the client does not fit.
    pub(super) delta: i64,
    /// The node to go behind, or [`NONE`].
    pub(super) after: u32,
    /// The window to choose.
    pub(super) window: u8,
}

impl Place {
    /// No place.
    pub(super) const NOWHERE: Self = Self {
        delta: i64::MAX,
        after: NONE,
        window: 0,
    };
}

/// Whether a route has room for `client`, wherever it would go.
fn has_room(state: &State<'_>, slot: u32, client: u32) -> bool {
    holds(state, slot, client) && may_serve(state, slot, client)
}

/// Whether the vehicle is large enough.
fn holds(state: &State<'_>, slot: u32, client: u32) -> bool {
    let vehicle = &state.problem.types()[state.head(slot).kind as usize];
    let loads = state.loads(slot).iter();
    loads
        .zip(state.problem.delivery(client as usize))
        .zip(&vehicle.capacity)
        .all(|((load, more), room)| load + more <= *room)
}

/// Whether the vehicle may serve one client more, and this one.
fn may_serve(state: &State<'_>, slot: u32, client: u32) -> bool {
    let problem = state.problem;
    let head = state.head(slot);
    let vehicle = &problem.types()[head.kind as usize];
    state.route_count(slot) < vehicle.max_clients
        && problem.admits(head.kind as usize, client as usize)
        && state.may_join(slot, client)
}

/// How much longer the route becomes with `client` behind node `after`.
fn detour(state: &State<'_>, client: u32, after: u32) -> i64 {
    let kind = state.head(state.slot_of(after)).kind;
    let profile = state.problem.types()[kind as usize].profile;
    let distances = state.problem.distances(profile, client as usize);
    let visit = state.visit(after);
    let arc_in = distances[2 * state.origin(after, kind) + 1];
    let arc_out = distances[2 * state.destination(visit.succ, kind)];
    i64::from(arc_in + arc_out - visit.distance)
}

/// The vehicle that has to take over the route for `client` to go to a place that was found for it regardless of loads;
/// the one that the route has, where it is large enough. `None` if there is none.
pub(super) fn vehicle_for(
    state: &State<'_>,
    slot: u32,
    client: u32,
    place: Place,
) -> Option<Offer> {
    if holds(state, slot, client) {
        let kind = state.head(slot).kind;
        return Some(Offer { kind, growth: 0 });
    }
    state.vehicle_with(slot, client, detour(state, client, place.after))
}

/// The best place for `client` in the route of `slot`.
fn best_in_route(state: &State<'_>, slot: u32, client: u32) -> Place {
    let head = state.head(slot);
    let mut query = Query::new(state.problem, client, head.kind);
    query.fear = Fear::of_route(state, slot);
    let place = query.scan(state, slot);
    if state.problem.features().distances && place.delta < i64::MAX {
        let vehicle = &state.problem.types()[head.kind as usize];
        let detour = detour(state, client, place.after);
        if state.route_distance(slot) + detour > vehicle.max_distance {
            return Place::NOWHERE;
        }
    }
    place
}

/// The best place for `client` in the route of `slot`, if it fits there.
pub(super) fn place_in_route(state: &State<'_>, slot: u32, client: u32) -> Place {
    if has_room(state, slot, client) {
        best_in_route(state, slot, client)
    } else {
        Place::NOWHERE
    }
}

/// A place that was found regardless of loads, at the cost of the vehicle that it takes.
fn grown(state: &State<'_>, slot: u32, client: u32, place: Place) -> Place {
    match vehicle_for(state, slot, client, place) {
        Some(vehicle) => Place {
            delta: place.delta + vehicle.growth,
            ..place
        },
        None => Place::NOWHERE,
    }
}

/// Looks for places. One per part; keeps what it needs between queries.
#[derive(Debug)]
pub(super) struct Finder {
    /// Which slots the current query has seen.
    seen: Vec<u32>,
    query: u32,
    /// How many neighbors are looked at.
    pub(super) neighbors: usize,
    /// Whether routes keep their vehicles: otherwise what does not fit into one may go with a larger one.
    pub(super) keeps_vehicles: bool,
    /// What was done so far.
    pub(super) work: Work,
}

impl Finder {
    pub(super) fn new(n_slots: usize) -> Self {
        Self {
            seen: vec![0; n_slots],
            query: 0,
            neighbors: usize::MAX,
            keeps_vehicles: false,
            work: Work::default(),
        }
    }

    /// The best place for `client` in any route that has one of its neighbors, below `bound`.
    ///
    /// `pass_over` is asked each time a route offers something better than all before; if it says yes, the offer is
    /// ignored (a blink).
    pub(super) fn best(
        &mut self,
        state: &State<'_>,
        neighborhood: &Neighborhood,
        memory: &mut Memory,
        client: u32,
        bound: i64,
        mut pass_over: impl FnMut() -> bool,
    ) -> Place {
        self.query = self.query.wrapping_add(1);
        let mut best = Place {
            delta: bound,
            ..Place::NOWHERE
        };
        self.work.0 += Work::INSERTION;
        let mut unseen = state.used_slots();
        let grows = state.problem.features().siblings && !self.keeps_vehicles;
        for &neighbor in neighborhood.insertion(client).iter().take(self.neighbors) {
            if unseen == 0 {
                break;
            }
            let slot = state.route_of(neighbor);
            if slot == NONE || self.seen[slot as usize] == self.query {
                continue;
            }
            self.seen[slot as usize] = self.query;
            unseen -= 1;
            self.work.0 += Work::ROUTE;
            let version = state.head(slot).version;
            let place = if let Some(place) = memory.get(slot, version) {
                place
            } else {
                let is_open = if grows {
                    may_serve(state, slot, client)
                } else {
                    has_room(state, slot, client)
                };
                let place = if is_open {
                    self.work.0 += Work::GAP * u64::from(state.head(slot).count);
                    best_in_route(state, slot, client)
                } else {
                    Place::NOWHERE
                };
                memory.set(slot, version, place);
                place
            };
            let place = match grows && place.delta < best.delta {
                true => grown(state, slot, client, place),
                false => place,
            };
            if place.delta < best.delta && !pass_over() {
                best = place;
            }
        }
        best
    }
}

//! Which clients to take out of a route so that another one fits in.
//!
//! Source: Nagata and Bräysy, "A powerful route minimization heuristic for the vehicle routing problem with time
//! windows" (2009): the set of few clients with the smallest sum of counters, by lexicographic enumeration.

use crate::solver::insertion::place_in_route;
use crate::solver::params::Work;
use crate::solver::state::{NONE, State};

/// Clients taken out at once, at most.
const SET_MAX: usize = 3;
/// Gaps looked at in one enumeration, at most.
const GAPS_MAX: u64 = 20_000;
/// Sets of one route that are tried by taking them out, at most.
const TRIALS_MAX: usize = 60;

/// Looks for ejections. Keeps what it needs between queries.
#[derive(Debug, Default)]
pub(super) struct Ejector {
    /// The best set found, in sequence, of one route.
    set: Vec<u32>,
    slot: u32,
    /// Sum of the counters of a set that would be no better.
    bar: u64,
    stack: Vec<u32>,
    /// Gaps looked at in this enumeration.
    gaps: u64,
    /// What was done since it was last asked for.
    work: u64,
}

/// A place in the enumeration: what was decided up to a gap.
#[derive(Clone, Copy)]
struct Branch {
    /// The node before the gap, clients taken out left aside, and the earliest departure from there.
    node: u32,
    departure: i32,
    /// The node after the gap in the route as it is.
    next: u32,
    /// Sum of the counters of what was taken out.
    sum: u64,
    is_inserted: bool,
}

/// What an enumeration looks at.
struct Query<'a, 'p> {
    state: &'a State<'p>,
    counters: &'a [u64],
    client: u32,
    slot: u32,
    kind: u32,
    set_max: usize,
}

impl Ejector {
    /// Begins a query.
    pub(super) fn begin(&mut self) {
        self.bar = u64::MAX;
        self.set.clear();
    }

    /// The best set since [`Ejector::begin`]: of which slot, and its clients in sequence.
    pub(super) fn best(&self) -> Option<(u32, &[u32])> {
        (!self.set.is_empty()).then_some((self.slot, self.set.as_slice()))
    }

    /// What was done since this was last asked for, in the unit of [`Work`].
    pub(super) fn take_work(&mut self) -> u64 {
        std::mem::take(&mut self.work)
    }

    /// Looks at the route of `slot` for a set that is better than all before: with it taken out, `client` fits in.
    ///
    /// The state must be committed; it is the same afterwards.
    pub(super) fn look_at(
        &mut self,
        state: &mut State<'_>,
        counters: &[u64],
        slot: u32,
        client: u32,
    ) {
        let head = state.head(slot);
        // A route emptied would no longer be there to take the client.
        let set_max = SET_MAX.min((head.count as usize).saturating_sub(1));
        if set_max == 0 || !state.problem.admits(head.kind as usize, client as usize) {
            return;
        }
        self.gaps = 0;
        self.stack.clear();
        if !is_plain(state, client) {
            self.try_sets(state, counters, slot, client, set_max);
            return;
        }
        let query = Query {
            state,
            counters,
            client,
            slot,
            kind: head.kind,
            set_max,
        };
        let gate = state.gate(slot);
        let visit = state.visit(gate);
        let start = Branch {
            node: gate,
            departure: visit.departure,
            next: visit.succ,
            sum: 0,
            is_inserted: false,
        };
        self.enumerate(&query, start);
        self.work += self.gaps * Work::GAP;
    }

    /// Walks along the route: into each gap the client may go, and each client behind a gap may be taken out.
    fn enumerate(&mut self, query: &Query<'_, '_>, mut at: Branch) {
        let state = query.state;
        loop {
            self.gaps += 1;
            if self.gaps > GAPS_MAX {
                return;
            }
            let arrival = at.departure + query.travel(at.node, at.next);
            let visit = state.visit(at.next);
            if at.is_inserted {
                if arrival <= visit.latest && query.has_room(&self.stack) {
                    self.keep(query, at.sum);
                    return;
                }
            } else if let Some(departure) = query.serve_client(at) {
                let inserted = Branch {
                    node: query.client,
                    departure,
                    is_inserted: true,
                    ..at
                };
                self.enumerate(query, inserted);
            } else if at.departure > query.closing() {
                return;
            }
            if !state.is_client(at.next) {
                return;
            }
            let sum = at.sum + query.counters[at.next as usize];
            if self.stack.len() < query.set_max && sum < self.bar {
                let without = Branch {
                    next: visit.succ,
                    sum,
                    ..at
                };
                self.stack.push(at.next);
                self.enumerate(query, without);
                self.stack.pop();
            }
            if arrival > visit.end || at.sum >= self.bar {
                return;
            }
            at.departure = arrival.max(visit.start) + state.service(at.next, query.kind);
            at.node = at.next;
            at.next = visit.succ;
        }
    }

    fn keep(&mut self, query: &Query<'_, '_>, sum: u64) {
        if sum < self.bar && !self.stack.is_empty() {
            self.bar = sum;
            self.slot = query.slot;
            self.set.clone_from(&self.stack);
        }
    }

    /// Takes sets of one or two out, those with small counters first, looks whether the client fits, and puts all back:
    /// for routes of which more matters than an enumeration can follow.
    fn try_sets(
        &mut self,
        state: &mut State<'_>,
        counters: &[u64],
        slot: u32,
        client: u32,
        set_max: usize,
    ) {
        let clients: Vec<u32> = state.free_clients_of(slot).collect();
        let counter = |at: usize| counters[clients[at] as usize];
        let mut sets = Vec::new();
        for last in 0..clients.len() {
            sets.push((counter(last), last, last));
            if set_max >= 2 {
                sets.extend((0..last).map(|first| (counter(first) + counter(last), first, last)));
            }
        }
        sets.sort_unstable();
        for (sum, first, last) in sets.into_iter().take(TRIALS_MAX) {
            if sum >= self.bar {
                break;
            }
            self.stack.clear();
            self.stack.push(clients[first]);
            if last > first {
                self.stack.push(clients[last]);
            }
            self.work += Work::INSERTION + Work::GAP * clients.len() as u64;
            state.remove(slot, &self.stack);
            let place = place_in_route(state, slot, client);
            state.undo();
            if place.after != NONE {
                self.bar = sum;
                self.slot = slot;
                self.set.clone_from(&self.stack);
                break;
            }
        }
    }
}

impl Query<'_, '_> {
    /// Travel time between nodes of the route, or the client.
    fn travel(&self, from: u32, to: u32) -> i32 {
        let problem = self.state.problem;
        let profile = problem.types()[self.kind as usize].profile;
        let (from, to) = (
            self.state.origin(from, self.kind),
            self.state.destination(to, self.kind),
        );
        problem.arc(profile, from, to).duration
    }

    /// When the client's window ends.
    fn closing(&self) -> i32 {
        self.state.problem.clients()[self.client as usize].windows[0].end
    }

    /// When the client is left if it is visited next; `None` if it is too late for that.
    fn serve_client(&self, at: Branch) -> Option<i32> {
        let window = self.state.problem.clients()[self.client as usize].windows[0];
        let arrival = at.departure + self.travel(at.node, self.client);
        let service = self.state.service(self.client, self.kind);
        (arrival <= window.end).then(|| arrival.max(window.start) + service)
    }

    /// Whether the route has room for the client once `ejected` are gone.
    fn has_room(&self, ejected: &[u32]) -> bool {
        let problem = self.state.problem;
        let vehicle = &problem.types()[self.kind as usize];
        let load_fits = |dim: usize| {
            let delivery = |client: u32| problem.delivery(client as usize)[dim];
            let gone: i64 = ejected.iter().map(|&client| delivery(client)).sum();
            let load = self.state.loads(self.slot)[dim];
            load - gone + delivery(self.client) <= vehicle.capacity[dim]
        };
        let count = self.state.head(self.slot).count as usize + 1 - ejected.len();
        count <= vehicle.max_clients as usize && (0..problem.n_dims()).all(load_fits)
    }
}

/// Whether times and loads at the start are all that matters of a route with the client in it.
fn is_plain(state: &State<'_>, client: u32) -> bool {
    let features = state.problem.features();
    !features.are_rich()
        && !features.distances
        && state.problem.clients()[client as usize].windows.len() == 1
}

//! The search state: routes as linked lists with earliest departures and latest arrivals, changed in place and undone
//! from a journal.
//!
//! Nothing here chooses anything; `ruin`, `insertion` and `recreate` do. Source of the journal in place of solution
//! copies: Accorsi and Vigo, FILO2 (2024).

mod chain;
mod chain_times;
mod change;
mod hazard;
mod journal;
mod kinds;
mod limits;
mod timed;
mod times;

pub(super) use chain::{Link, TripGap};
use hazard::Stake;
use journal::Journal;
pub(super) use kinds::Offer;

use super::duration::{Carry, DurationAt, RouteDuration};
use super::loads::LoadProfile;
use super::problem::Problem;

/// No route, no node.
pub(super) const NONE: u32 = u32::MAX;

/// One node in its route. Clients are nodes `0..n`; slot `r` has node `n + r`, which is its start and its end.
///
/// Invariant: `departure` is the earliest departure given what comes before, `latest` the latest arrival that keeps
/// everything after in time; a route is in time exactly if `departure` of each node plus travel is at most `latest` of
/// the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(align(32))]
pub(super) struct Visit {
    /// Node before.
    pub(super) pred: u32,
    /// Node after.
    pub(super) succ: u32,
    /// Earliest departure.
    pub(super) departure: i32,
    /// Latest arrival.
    pub(super) latest: i32,
    /// Distance to `succ`.
    pub(super) distance: i32,
    /// Travel time to `succ`.
    pub(super) travel: i32,
    /// Start of the window chosen.
    pub(super) start: i32,
    /// End of the window chosen.
    pub(super) end: i32,
}

impl Visit {
    /// An empty route: begins and ends at itself.
    fn alone(node: u32) -> Self {
        Self {
            pred: node,
            succ: node,
            departure: 0,
            latest: 0,
            distance: 0,
            travel: 0,
            start: 0,
            end: 0,
        }
    }
}

/// What is known of a route as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Vehicle type; meaningless while the slot is free.
    pub(super) kind: u32,
    /// Number of clients.
    pub(super) count: u32,
    /// Changes whenever the route does and never returns, except by undoing; no two routes have the same.
    pub(super) version: u32,
    /// Total distance.
    pub(super) distance: i64,
    /// What matters where durations or ready times do.
    pub(super) duration: RouteDuration,
    /// The harm it does, or [`hazard::UNKNOWN`].
    pub(super) harm: i64,
}

/// A trip taken out of a state: a whole route unless vehicles reload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) slot: u32,
    pub(super) kind: u32,
    /// Slot of the trip before in the same vehicle, and the reload it begins with; `None` for a first trip.
    pub(super) previous: Option<(u32, u8)>,
    /// Its version, or 0 to be given a new one.
    pub(super) version: u32,
    /// How many of its first clients stay there, in this sequence.
    pub(super) locked: u32,
    /// Clients in sequence with the windows chosen.
    pub(super) visits: Vec<(u32, u8)>,
}

/// The routes of one part of a solution.
#[derive(Debug)]
pub(super) struct State<'p> {
    pub(super) problem: &'p Problem,
    n: u32,
    visits: Vec<Visit>,
    route_of: Vec<u32>,
    window_of: Vec<u8>,
    heads: Vec<Head>,
    /// For each slot the node of its route behind which anything may change.
    gates: Vec<u32>,
    /// Empty unless routes may have several trips.
    links: Vec<Link>,
    next_version: u32,
    version_step: u32,
    loads: Vec<i64>,
    /// Empty unless the problem has durations, ready times or collections.
    pub(super) durations: Vec<DurationAt>,
    pub(super) profile: LoadProfile,
    cost: i64,
    /// See [`State::set_bias`].
    bias: i64,
    harm: i64,
    /// What is at stake from each client on; empty without a limit on harm.
    stakes: Vec<Stake>,
    /// See [`State::set_toll`].
    toll: i64,
    free_slots: Vec<u32>,
    free_vehicles: Vec<u32>,
    used_slots: u32,
    clients: Vec<u32>,
    absent: Vec<u32>,
    absent_at: Vec<u32>,
    journal: Journal,
    sequence: Vec<u32>,
    harms: Vec<i64>,
    changed: Vec<u32>,
    trips: Vec<(u32, Carry)>,
}

impl<'p> State<'p> {
    /// An empty state with room for `n_slots` routes.
    pub(super) fn new(problem: &'p Problem, n_slots: usize) -> Self {
        let n = problem.n_clients();
        let rich = problem.features().are_rich();
        let head = Head {
            kind: 0,
            count: 0,
            version: 0,
            distance: 0,
            duration: RouteDuration::default(),
            harm: hazard::UNKNOWN,
        };
        Self {
            problem,
            n: n as u32,
            visits: (0..(n + n_slots) as u32).map(Visit::alone).collect(),
            route_of: vec![NONE; n],
            window_of: vec![0; n],
            heads: vec![head; n_slots],
            gates: (n as u32..(n + n_slots) as u32).collect(),
            links: vec![
                Link::NONE;
                if problem.features().reloads {
                    n_slots
                } else {
                    0
                }
            ],
            next_version: 1,
            version_step: 1,
            loads: vec![0; n_slots * problem.n_dims()],
            durations: vec![DurationAt::default(); if rich { n + n_slots } else { 0 }],
            profile: LoadProfile::new(problem, n + n_slots),
            cost: 0,
            bias: 0,
            harm: 0,
            stakes: vec![Stake::default(); if problem.features().hazards { n } else { 0 }],
            toll: 0,
            free_slots: Vec::new(),
            free_vehicles: vec![0; problem.types().len()],
            used_slots: 0,
            clients: Vec::new(),
            absent: Vec::new(),
            absent_at: vec![NONE; n],
            journal: Journal::default(),
            sequence: Vec::new(),
            harms: Vec::new(),
            changed: Vec::new(),
            trips: Vec::new(),
        }
    }

    /// Takes over routes, clients left out, free slots and free vehicles; forgets what was there before.
    pub(super) fn load(
        &mut self,
        routes: &[Route],
        absent: &[u32],
        free_slots: &[u32],
        free_vehicles: &[u32],
    ) {
        for index in 0..self.clients.len() {
            let client = self.clients[index] as usize;
            self.route_of[client] = NONE;
            self.absent_at[client] = NONE;
        }
        self.clients.clear();
        self.absent.clear();
        self.cost = 0;
        self.harm = 0;
        self.used_slots = 0;
        self.free_slots.clear();
        self.free_slots.extend_from_slice(free_slots);
        for &slot in free_slots {
            // Undoing looks at slots that were opened: they must not lead into routes they once held.
            let node = self.sentinel(slot);
            self.visits[node as usize] = Visit::alone(node);
            if let Some(link) = self.links.get_mut(slot as usize) {
                *link = Link::NONE;
            }
        }
        self.free_vehicles.copy_from_slice(free_vehicles);
        if self.is_chained() {
            self.load_trips(routes);
        } else {
            for route in routes {
                self.load_route(route);
            }
        }
        for &client in absent {
            self.clients.push(client);
            self.leave_out(client);
        }
        self.commit();
    }

    fn load_route(&mut self, route: &Route) {
        let slot = route.slot;
        self.reset_slot(slot, route.kind);
        self.used_slots += 1;
        self.cost += self.problem.types()[route.kind as usize].fixed + self.bias;
        let mut last = self.sentinel(slot);
        for &(client, window) in &route.visits {
            self.clients.push(client);
            self.link(client, last, window);
            last = client;
        }
        self.set_gate(route);
        let sentinel = self.sentinel(slot);
        self.refresh(slot, sentinel, sentinel);
        if route.version > 0 {
            self.heads[slot as usize].version = route.version;
        }
        if self.problem.features().hazards {
            self.find_harm(slot);
        }
    }

    /// Keeps the locked clients of a route where they are.
    fn set_gate(&mut self, route: &Route) {
        if let Some(last) = route.locked.checked_sub(1) {
            self.gates[route.slot as usize] = route.visits[last as usize].0;
        }
    }

    /// Routes with clients, by slot.
    pub(super) fn routes(&self) -> Vec<Route> {
        let mut slots: Vec<u32> = self
            .clients
            .iter()
            .map(|&client| self.route_of(client))
            .filter(|&slot| slot != NONE)
            .collect();
        slots.sort_unstable();
        slots.dedup();
        let take = |slot: u32| {
            let head = self.head(slot);
            let visits = self
                .clients_of(slot)
                .map(|client| (client, self.window_of[client as usize]))
                .collect();
            Route {
                slot,
                kind: head.kind,
                previous: self.previous_of(slot),
                version: head.version,
                locked: head.count - self.free_clients_of(slot).count() as u32,
                visits,
            }
        };
        slots.into_iter().map(take).collect()
    }

    fn previous_of(&self, slot: u32) -> Option<(u32, u8)> {
        let link = self.links.get(slot as usize)?;
        (link.previous != NONE).then_some((link.previous, link.reload))
    }

    /// The next version that a route would get.
    pub(super) fn next_version(&self) -> u32 {
        self.next_version
    }

    /// Makes every `step`th number from `first` on the versions handed out from now on.
    pub(super) fn number_versions(&mut self, first: u32, step: u32) {
        self.next_version = first;
        self.version_step = step;
    }

    /// Gives every route a new version.
    pub(super) fn renew_versions(&mut self) {
        for index in 0..self.clients.len() {
            let slot = self.route_of(self.clients[index]);
            if slot != NONE {
                self.bump(slot);
            }
        }
    }

    /// Clients of a route in sequence.
    pub(super) fn clients_of(&self, slot: u32) -> impl Iterator<Item = u32> + '_ {
        self.clients_behind(self.sentinel(slot))
    }

    /// Clients of a route that are not locked, in sequence.
    pub(super) fn free_clients_of(&self, slot: u32) -> impl Iterator<Item = u32> + '_ {
        self.clients_behind(self.gate(slot))
    }

    fn clients_behind(&self, mut node: u32) -> impl Iterator<Item = u32> + '_ {
        std::iter::from_fn(move || {
            node = self.visit(node).succ;
            (node < self.n).then_some(node)
        })
    }

    /// Clients from `node` on to the end of its route.
    pub(super) fn clients_from(&self, node: u32) -> impl Iterator<Item = u32> + '_ {
        std::iter::successors(Some(node), |&node| Some(self.visit(node).succ))
            .take_while(|&node| node < self.n)
    }

    /// The node of a route behind which anything may change: its last locked client, or else its start.
    ///
    /// Whatever removes, inserts or swaps must leave the route as it is up to here.
    #[inline]
    pub(super) fn gate(&self, slot: u32) -> u32 {
        self.gates[slot as usize]
    }

    /// The node that is start and end of `slot`.
    pub(super) fn sentinel(&self, slot: u32) -> u32 {
        self.n + slot
    }

    /// The slot of a route's node.
    pub(super) fn slot_of(&self, node: u32) -> u32 {
        if node < self.n {
            self.route_of(node)
        } else {
            node - self.n
        }
    }

    /// Whether `node` is a client.
    pub(super) fn is_client(&self, node: u32) -> bool {
        node < self.n
    }

    /// The node's place in its route.
    #[inline]
    pub(super) fn visit(&self, node: u32) -> &Visit {
        &self.visits[node as usize]
    }

    /// The slot of a client's route, or [`NONE`].
    #[inline]
    pub(super) fn route_of(&self, client: u32) -> u32 {
        self.route_of[client as usize]
    }

    /// The window chosen for a client.
    pub(super) fn window_of(&self, client: u32) -> u8 {
        self.window_of[client as usize]
    }

    /// What is known of the route in `slot`.
    #[inline]
    pub(super) fn head(&self, slot: u32) -> &Head {
        &self.heads[slot as usize]
    }

    /// Loads on board at the start of the route (deliveries), by dimension.
    #[inline]
    pub(super) fn loads(&self, slot: u32) -> &[i64] {
        let dims = self.problem.n_dims();
        &self.loads[slot as usize * dims..(slot as usize + 1) * dims]
    }

    /// Cost of routes, with the bias, and of clients left out.
    #[inline]
    pub(super) fn cost(&self) -> i64 {
        self.cost
    }

    /// Cost of routes and of clients left out, without the bias.
    #[inline]
    pub(super) fn unbiased_cost(&self) -> i64 {
        self.cost - self.bias * i64::from(self.used_slots)
    }

    /// What [`State::set_bias`] was told last; 0 at first.
    #[inline]
    pub(super) fn bias(&self) -> i64 {
        self.bias
    }

    /// Makes every route cost so much more, or less, for as long as this is not changed again.
    ///
    /// The state must have nothing to undo.
    pub(super) fn set_bias(&mut self, bias: i64) {
        self.cost += (bias - self.bias) * i64::from(self.used_slots);
        self.bias = bias;
        self.commit();
    }

    /// Slots there are, free or not.
    pub(super) fn n_slots(&self) -> usize {
        self.heads.len()
    }

    /// Routes in use.
    pub(super) fn used_slots(&self) -> u32 {
        self.used_slots
    }

    /// Every client that is here, in routes or left out.
    pub(super) fn clients(&self) -> &[u32] {
        &self.clients
    }

    /// Clients left out.
    pub(super) fn absent(&self) -> &[u32] {
        &self.absent
    }

    /// Whether the client is here and left out.
    pub(super) fn is_absent(&self, client: u32) -> bool {
        self.absent_at[client as usize] != NONE
    }

    /// Vehicles of type `kind` that drive no route.
    #[inline]
    pub(super) fn free_vehicles(&self, kind: usize) -> u32 {
        if self.free_slots.is_empty() {
            0
        } else {
            self.free_vehicles[kind]
        }
    }

    /// The problem's node that `node` departs from, for a vehicle of type `kind`.
    #[inline]
    pub(super) fn origin(&self, node: u32, kind: u32) -> usize {
        if node < self.n {
            node as usize
        } else if let Some(link) = self.links.get((node - self.n) as usize) {
            link.start as usize
        } else {
            self.problem.start_node(kind as usize)
        }
    }

    /// The problem's node that arriving at `node` means.
    #[inline]
    pub(super) fn destination(&self, node: u32, kind: u32) -> usize {
        if node < self.n {
            node as usize
        } else if let Some(link) = self.links.get((node - self.n) as usize) {
            link.end as usize
        } else {
            self.problem.end_node(kind as usize)
        }
    }

    /// Time at the door of `client` with a vehicle of type `kind`.
    #[inline]
    pub(super) fn service(&self, client: u32, kind: u32) -> i32 {
        self.problem.clients()[client as usize].service[self.problem.types()[kind as usize].pace]
    }
}

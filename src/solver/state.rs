//! The search state: routes as linked lists with earliest departures and latest arrivals, changed in place and undone
//! from a journal.
//!
//! Nothing here chooses anything; `ruin`, `insertion` and `recreate` do. Source of the journal in place of solution
//! copies: Accorsi and Vigo, FILO2 (2024).

use super::duration::{DurationAt, RouteDuration};
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
    /// Changes whenever the route does and never returns, except by undoing: equal versions, equal routes.
    pub(super) version: u32,
    /// Total distance.
    pub(super) distance: i64,
    /// What matters where durations or ready times do.
    pub(super) duration: RouteDuration,
}

/// A route taken out of a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) slot: u32,
    pub(super) kind: u32,
    /// Its version, or 0 to be given a new one.
    pub(super) version: u32,
    /// Clients in sequence with the windows chosen.
    pub(super) visits: Vec<(u32, u8)>,
}

/// How a slot changed hands, for undoing.
#[derive(Clone, Copy, Debug)]
enum SlotChange {
    Opened { slot: u32, kind: u32 },
    Closed { kind: u32 },
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
    next_version: Vec<u32>,
    loads: Vec<i64>,
    /// Empty unless the problem has durations, ready times or collections.
    pub(super) durations: Vec<DurationAt>,
    pub(super) profile: LoadProfile,
    cost: i64,
    free_slots: Vec<u32>,
    free_vehicles: Vec<u32>,
    used_slots: u32,
    clients: Vec<u32>,
    absent: Vec<u32>,
    absent_at: Vec<u32>,
    journal: Journal,
    sequence: Vec<u32>,
}

/// Old values in the order they were overwritten.
#[derive(Debug, Default)]
struct Journal {
    visits: Vec<(u32, Visit)>,
    places: Vec<(u32, u32, u8)>,
    heads: Vec<(u32, Head)>,
    loads: Vec<i64>,
    slots: Vec<SlotChange>,
    cost: i64,
    absent: Option<Vec<u32>>,
    spare: Vec<u32>,
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
        };
        Self {
            problem,
            n: n as u32,
            visits: (0..(n + n_slots) as u32).map(Visit::alone).collect(),
            route_of: vec![NONE; n],
            window_of: vec![0; n],
            heads: vec![head; n_slots],
            next_version: vec![1; n_slots],
            loads: vec![0; n_slots * problem.n_dims()],
            durations: vec![DurationAt::default(); if rich { n + n_slots } else { 0 }],
            profile: LoadProfile::new(problem, n + n_slots),
            cost: 0,
            free_slots: Vec::new(),
            free_vehicles: vec![0; problem.types().len()],
            used_slots: 0,
            clients: Vec::new(),
            absent: Vec::new(),
            absent_at: vec![NONE; n],
            journal: Journal::default(),
            sequence: Vec::new(),
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
        self.used_slots = 0;
        self.free_slots.clear();
        self.free_slots.extend_from_slice(free_slots);
        for &slot in free_slots {
            // Undoing looks at slots that were opened: they must not lead into routes they once held.
            let node = self.sentinel(slot);
            self.visits[node as usize] = Visit::alone(node);
        }
        self.free_vehicles.copy_from_slice(free_vehicles);
        for route in routes {
            self.load_route(route);
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
        self.cost += self.problem.types()[route.kind as usize].fixed;
        let mut last = self.sentinel(slot);
        for &(client, window) in &route.visits {
            self.clients.push(client);
            self.link(client, last, window);
            last = client;
        }
        let sentinel = self.sentinel(slot);
        self.refresh(slot, sentinel, sentinel);
        if route.version > 0 {
            let next = &mut self.next_version[slot as usize];
            *next = route.version.wrapping_add(1).max(*next);
            self.heads[slot as usize].version = route.version;
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
                version: head.version,
                visits,
            }
        };
        slots.into_iter().map(take).collect()
    }

    /// The next version that slot's route would get.
    pub(super) fn next_version(&self, slot: u32) -> u32 {
        self.next_version[slot as usize]
    }

    /// Makes sure that versions of `slot` handed out from now on are at least `version`.
    pub(super) fn raise_version(&mut self, slot: u32, version: u32) {
        let next = &mut self.next_version[slot as usize];
        *next = version.max(*next);
    }

    /// Clients of a route in sequence.
    pub(super) fn clients_of(&self, slot: u32) -> impl Iterator<Item = u32> + '_ {
        let mut node = self.sentinel(slot);
        std::iter::from_fn(move || {
            node = self.visit(node).succ;
            (node < self.n).then_some(node)
        })
    }

    /// The node that is start and end of `slot`.
    pub(super) fn sentinel(&self, slot: u32) -> u32 {
        self.n + slot
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

    /// Cost of routes and of clients left out.
    #[inline]
    pub(super) fn cost(&self) -> i64 {
        self.cost
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
        } else {
            self.problem.start_node(kind as usize)
        }
    }

    /// The problem's node that arriving at `node` means.
    #[inline]
    pub(super) fn destination(&self, node: u32, kind: u32) -> usize {
        if node < self.n {
            node as usize
        } else {
            self.problem.end_node(kind as usize)
        }
    }

    /// Time at the door of `client` with a vehicle of type `kind`.
    #[inline]
    pub(super) fn service(&self, client: u32, kind: u32) -> i32 {
        self.problem.clients()[client as usize].service[self.problem.types()[kind as usize].pace]
    }

    /// Forgets the old values: the state cannot be undone behind this point.
    pub(super) fn commit(&mut self) {
        let journal = &mut self.journal;
        journal.visits.clear();
        journal.places.clear();
        journal.heads.clear();
        journal.loads.clear();
        journal.slots.clear();
        journal.cost = self.cost;
        if let Some(list) = journal.absent.take() {
            journal.spare = list;
        }
    }

    /// Returns to the state at the last [`State::commit`].
    pub(super) fn undo(&mut self) {
        let mut journal = std::mem::take(&mut self.journal);
        while let Some((node, visit)) = journal.visits.pop() {
            self.visits[node as usize] = visit;
        }
        while let Some((client, slot, window)) = journal.places.pop() {
            self.route_of[client as usize] = slot;
            self.window_of[client as usize] = window;
        }
        let dims = self.problem.n_dims();
        while let Some((slot, head)) = journal.heads.pop() {
            self.heads[slot as usize] = head;
            let old = journal.loads.len() - dims;
            self.loads[slot as usize * dims..(slot as usize + 1) * dims]
                .copy_from_slice(&journal.loads[old..]);
            journal.loads.truncate(old);
            if self.is_rich() && journal.heads.iter().all(|&(other, _)| other != slot) {
                self.redo_derived(slot);
            }
        }
        while let Some(change) = journal.slots.pop() {
            self.revert_slot(change);
        }
        self.cost = journal.cost;
        if let Some(list) = journal.absent.take() {
            for &client in &self.absent {
                self.absent_at[client as usize] = NONE;
            }
            for (at, &client) in list.iter().enumerate() {
                self.absent_at[client as usize] = at as u32;
            }
            journal.spare = std::mem::replace(&mut self.absent, list);
        }
        self.journal = journal;
    }

    fn revert_slot(&mut self, change: SlotChange) {
        match change {
            SlotChange::Opened { slot, kind } => {
                self.free_slots.push(slot);
                self.used_slots -= 1;
                self.free_vehicles[kind as usize] += 1;
            }
            SlotChange::Closed { kind } => {
                self.free_slots.pop();
                self.used_slots += 1;
                self.free_vehicles[kind as usize] -= 1;
            }
        }
    }

    /// Starts an empty route for a free vehicle of type `kind` and returns its slot.
    ///
    /// # Panics
    /// If [`State::free_vehicles`] says that there is none.
    pub(super) fn open(&mut self, kind: u32) -> u32 {
        let slot = self
            .free_slots
            .pop()
            .expect("the caller has seen a free vehicle");
        self.keep_head(slot);
        self.free_vehicles[kind as usize] -= 1;
        self.used_slots += 1;
        self.cost += self.problem.types()[kind as usize].fixed;
        self.reset_slot(slot, kind);
        self.journal.slots.push(SlotChange::Opened { slot, kind });
        slot
    }

    fn reset_slot(&mut self, slot: u32, kind: u32) {
        let node = self.sentinel(slot);
        let vehicle = &self.problem.types()[kind as usize];
        let (departure, latest) = (vehicle.earliest + vehicle.loading, vehicle.latest);
        self.keep_visit(node);
        self.visits[node as usize] = Visit {
            departure,
            latest,
            start: departure,
            end: latest,
            ..Visit::alone(node)
        };
        let dims = self.problem.n_dims();
        self.loads[slot as usize * dims..(slot as usize + 1) * dims].fill(0);
        let head = &mut self.heads[slot as usize];
        *head = Head {
            kind,
            count: 0,
            version: 0,
            distance: 0,
            duration: RouteDuration::default(),
        };
        self.bump(slot);
        if self.is_rich() {
            self.refresh_durations(slot);
        }
        self.profile
            .refresh(self.problem, slot, self.n, &self.visits, &self.loads);
    }

    fn close(&mut self, slot: u32) {
        let kind = self.head(slot).kind;
        self.cost -= self.problem.types()[kind as usize].fixed;
        self.free_vehicles[kind as usize] += 1;
        self.used_slots -= 1;
        self.free_slots.push(slot);
        self.journal.slots.push(SlotChange::Closed { kind });
    }

    /// Puts `client` behind node `after`, in its window number `window`.
    ///
    /// The position must have been found feasible; the state does not look again.
    pub(super) fn insert(&mut self, client: u32, after: u32, window: u8) {
        self.link(client, after, window);
        let slot = self.route_of(client);
        let Visit { pred, succ, .. } = *self.visit(client);
        self.refresh(slot, pred, succ);
    }

    /// Takes clients out of one route; `removed` must be clients of `slot` in sequence.
    pub(super) fn remove(&mut self, slot: u32, removed: &[u32]) {
        let first = self.visit(removed[0]).pred;
        let mut last = first;
        for &client in removed {
            last = self.visit(client).succ;
            self.unlink(client);
        }
        self.refresh(slot, first, last);
        if self.head(slot).count == 0 {
            self.close(slot);
        }
    }

    /// Leaves out a client that has no route.
    pub(super) fn leave_out(&mut self, client: u32) {
        self.keep_absent();
        self.absent_at[client as usize] = self.absent.len() as u32;
        self.absent.push(client);
        self.cost += self.problem.drop_cost(client as usize);
    }

    /// Takes a client that was left out back into consideration.
    pub(super) fn take_back(&mut self, client: u32) {
        self.keep_absent();
        let at = self.absent_at[client as usize] as usize;
        self.absent.swap_remove(at);
        if let Some(&moved) = self.absent.get(at) {
            self.absent_at[moved as usize] = at as u32;
        }
        self.absent_at[client as usize] = NONE;
        self.cost -= self.problem.drop_cost(client as usize);
    }

    fn link(&mut self, client: u32, after: u32, window: u8) {
        let slot = if after < self.n {
            self.route_of(after)
        } else {
            after - self.n
        };
        let kind = self.head(slot).kind;
        let vehicle = &self.problem.types()[kind as usize];
        let before = self.visit(after).succ;
        let arc_in = self
            .problem
            .arc(vehicle.profile, self.origin(after, kind), client as usize);
        let arc_out = self.problem.arc(
            vehicle.profile,
            client as usize,
            self.destination(before, kind),
        );
        let chosen = self.problem.clients()[client as usize].windows[window as usize];
        self.keep_head(slot);
        let detour = i64::from(arc_in.distance) + i64::from(arc_out.distance)
            - i64::from(self.visit(after).distance);
        self.cost += vehicle.per_distance * detour + chosen.cost;
        self.journal
            .places
            .push((client, self.route_of(client), self.window_of(client)));
        self.route_of[client as usize] = slot;
        self.window_of[client as usize] = window;
        self.write(after, |visit| {
            visit.succ = client;
            visit.distance = arc_in.distance;
            visit.travel = arc_in.duration;
        });
        self.write(before, |visit| visit.pred = client);
        self.write(client, |visit| {
            *visit = Visit {
                pred: after,
                succ: before,
                departure: visit.departure,
                latest: visit.latest,
                distance: arc_out.distance,
                travel: arc_out.duration,
                start: chosen.start,
                end: chosen.end,
            };
        });
        let head = &mut self.heads[slot as usize];
        head.count += 1;
        head.distance += detour;
        let dims = self.problem.n_dims();
        for (load, delivery) in self.loads[slot as usize * dims..]
            .iter_mut()
            .zip(self.problem.delivery(client as usize))
        {
            *load += delivery;
        }
    }

    fn unlink(&mut self, client: u32) {
        let slot = self.route_of(client);
        let Visit {
            pred,
            succ,
            distance,
            ..
        } = *self.visit(client);
        let kind = self.head(slot).kind;
        let vehicle = &self.problem.types()[kind as usize];
        let arc = self.problem.arc(
            vehicle.profile,
            self.origin(pred, kind),
            self.destination(succ, kind),
        );
        let window = self.window_of(client);
        self.keep_head(slot);
        let saved =
            i64::from(self.visit(pred).distance) + i64::from(distance) - i64::from(arc.distance);
        let chosen = self.problem.clients()[client as usize].windows[window as usize];
        self.cost -= vehicle.per_distance * saved + chosen.cost;
        self.journal.places.push((client, slot, window));
        self.route_of[client as usize] = NONE;
        self.write(pred, |visit| {
            visit.succ = succ;
            visit.distance = arc.distance;
            visit.travel = arc.duration;
        });
        self.write(succ, |visit| visit.pred = pred);
        let head = &mut self.heads[slot as usize];
        head.count -= 1;
        head.distance -= saved;
        let dims = self.problem.n_dims();
        for (load, delivery) in self.loads[slot as usize * dims..]
            .iter_mut()
            .zip(self.problem.delivery(client as usize))
        {
            *load -= delivery;
        }
    }

    /// Whether there is more to a route than earliest departures and latest arrivals.
    fn is_rich(&self) -> bool {
        !self.durations.is_empty()
    }

    /// Brings times up to date after a change of what lies between `first` and `last`, and everything derived from
    /// them.
    fn refresh(&mut self, slot: u32, first: u32, last: u32) {
        if !self.is_rich() {
            self.push_departures(slot, first, last);
            self.push_latest(slot, last, first);
        } else {
            self.refresh_start(slot);
            let sentinel = self.sentinel(slot);
            self.push_departures(slot, sentinel, sentinel);
            self.push_latest(slot, sentinel, sentinel);
        }
        self.redo_after_change(slot);
    }

    fn redo_after_change(&mut self, slot: u32) {
        self.bump(slot);
        if self.is_rich() {
            let old = self.duration_cost(slot);
            self.refresh_durations(slot);
            self.cost += self.duration_cost(slot) - old;
        }
        self.profile
            .refresh(self.problem, slot, self.n, &self.visits, &self.loads);
    }

    fn redo_derived(&mut self, slot: u32) {
        if self.is_rich() {
            self.refresh_durations(slot);
        }
        self.profile
            .refresh(self.problem, slot, self.n, &self.visits, &self.loads);
    }

    /// Earliest departures from behind `from` on, until the end of the route or, once past `through`, a value that
    /// does not change.
    fn push_departures(&mut self, slot: u32, from: u32, through: u32) {
        let kind = self.head(slot).kind;
        let mut past = through >= self.n;
        let mut node = from;
        loop {
            let Visit {
                succ,
                departure,
                travel,
                ..
            } = *self.visit(node);
            if succ >= self.n {
                break;
            }
            let next = self.visit(succ);
            let value = (departure + travel).max(next.start) + self.service(succ, kind);
            past |= succ == through;
            if value != next.departure {
                self.write(succ, |visit| visit.departure = value);
            } else if past && through < self.n {
                break;
            }
            node = succ;
        }
    }

    /// Latest arrivals from before `from` on, until the start or, once past `through`, a value that does not change.
    fn push_latest(&mut self, slot: u32, from: u32, through: u32) {
        let kind = self.head(slot).kind;
        let mut past = through >= self.n;
        let mut node = from;
        loop {
            let Visit { pred, latest, .. } = *self.visit(node);
            if pred >= self.n {
                break;
            }
            let before = self.visit(pred);
            let value = (latest - before.travel - self.service(pred, kind)).min(before.end);
            past |= pred == through;
            if value != before.latest {
                self.write(pred, |visit| visit.latest = value);
            } else if past && through < self.n {
                break;
            }
            node = pred;
        }
    }

    /// Moves the start of the route to the moment when everything on board is ready.
    fn refresh_start(&mut self, slot: u32) {
        let vehicle = &self.problem.types()[self.head(slot).kind as usize];
        let mut start = vehicle.earliest;
        if self.problem.features().releases {
            let ready = self
                .clients_of(slot)
                .filter_map(|client| self.problem.clients()[client as usize].ready);
            start = start.max(ready.max().unwrap_or(start));
        }
        let departure = start + vehicle.loading;
        let node = self.sentinel(slot);
        if self.visit(node).departure != departure {
            self.write(node, |visit| visit.departure = departure);
        }
    }

    fn refresh_durations(&mut self, slot: u32) {
        let mut nodes = std::mem::take(&mut self.sequence);
        nodes.clear();
        nodes.extend(self.clients_of(slot));
        let duration = RouteDuration::refresh(self, slot, &nodes);
        self.heads[slot as usize].duration = duration;
        self.sequence = nodes;
    }

    fn duration_cost(&self, slot: u32) -> i64 {
        let head = self.head(slot);
        head.duration
            .cost(&self.problem.types()[head.kind as usize])
    }

    fn bump(&mut self, slot: u32) {
        let next = &mut self.next_version[slot as usize];
        self.heads[slot as usize].version = *next;
        *next = next.wrapping_add(1);
    }

    #[inline]
    fn write(&mut self, node: u32, change: impl FnOnce(&mut Visit)) {
        self.keep_visit(node);
        change(&mut self.visits[node as usize]);
    }

    #[inline]
    fn keep_visit(&mut self, node: u32) {
        self.journal.visits.push((node, self.visits[node as usize]));
    }

    fn keep_head(&mut self, slot: u32) {
        self.journal.heads.push((slot, self.heads[slot as usize]));
        let dims = self.problem.n_dims();
        self.journal
            .loads
            .extend_from_slice(&self.loads[slot as usize * dims..(slot as usize + 1) * dims]);
    }

    fn keep_absent(&mut self) {
        if self.journal.absent.is_none() {
            let mut list = std::mem::take(&mut self.journal.spare);
            list.clone_from(&self.absent);
            self.journal.absent = Some(list);
        }
    }
}

//! Changes of routes: opening and closing, putting clients in and taking them out.

use super::hazard::UNKNOWN;
use super::journal::SlotChange;
use super::{Head, NONE, State, TripGap, Visit};
use crate::solver::duration::RouteDuration;

impl State<'_> {
    /// Starts an empty route for a free vehicle of type `kind` and returns its slot.
    ///
    /// # Panics
    /// If [`State::free_vehicles`] says that there is none.
    pub(in crate::solver) fn open(&mut self, kind: u32) -> u32 {
        let slot = self
            .free_slots
            .pop()
            .expect("the caller has seen a free vehicle");
        self.keep_head(slot);
        self.free_vehicles[kind as usize] -= 1;
        self.used_slots += 1;
        self.cost += self.problem.types()[kind as usize].fixed + self.bias;
        if self.is_chained() {
            self.keep_link(slot);
        }
        self.link_slot(slot, kind, TripGap::ALONE);
        self.reset_slot(slot, kind);
        self.journal.slots.push(SlotChange::Opened { slot, kind });
        slot
    }

    pub(super) fn reset_slot(&mut self, slot: u32, kind: u32) {
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
        self.gates[slot as usize] = node;
        let dims = self.problem.n_dims();
        self.loads[slot as usize * dims..(slot as usize + 1) * dims].fill(0);
        let head = &mut self.heads[slot as usize];
        *head = Head {
            kind,
            count: 0,
            version: 0,
            distance: 0,
            duration: RouteDuration::default(),
            harm: UNKNOWN,
        };
        self.bump(slot);
        if self.is_rich() {
            self.refresh_durations(slot);
        }
        self.profile
            .refresh(self.problem, slot, self.n, &self.visits, &self.loads);
    }

    pub(super) fn close(&mut self, slot: u32) {
        let kind = self.head(slot).kind;
        self.cost -= self.problem.types()[kind as usize].fixed + self.bias;
        self.free_vehicles[kind as usize] += 1;
        self.used_slots -= 1;
        self.free_slots.push(slot);
        self.journal.slots.push(SlotChange::Closed { kind });
    }

    /// Puts `client` behind node `after`, in its window number `window`.
    ///
    /// The position must have been found feasible; the state does not look again.
    pub(in crate::solver) fn insert(&mut self, client: u32, after: u32, window: u8) {
        self.link(client, after, window);
        let slot = self.route_of(client);
        let Visit { pred, succ, .. } = *self.visit(client);
        self.refresh(slot, pred, succ);
    }

    /// Takes clients out of one route; `removed` must be clients of `slot` in sequence, and not all of them unless
    /// [`State::may_empty`] says so.
    ///
    /// Where detours can be shorter than direct ways, what is left may be too late or too long: see
    /// [`State::is_broken`].
    pub(in crate::solver) fn remove(&mut self, slot: u32, removed: &[u32]) {
        let first = self.visit(removed[0]).pred;
        let mut last = first;
        for &client in removed {
            last = self.visit(client).succ;
            self.unlink(client);
        }
        let is_empty = self.head(slot).count == 0;
        if is_empty && self.is_joined(slot) {
            let neighbor = self.close_trip(slot);
            self.journal.is_broken |= !self.keeps_limits(neighbor);
            return;
        }
        self.refresh(slot, first, last);
        if is_empty {
            self.close(slot);
        } else {
            self.journal.is_broken |= !self.keeps_limits(slot);
        }
    }

    /// Lets two routes exchange what comes behind a node each; `tails` are the clients there. A route left without
    /// clients is closed.
    ///
    /// Whether the result is feasible is found out with [`State::is_feasible`].
    pub(in crate::solver) fn exchange_tails(
        &mut self,
        slots: [u32; 2],
        nodes: [u32; 2],
        tails: [&[u32]; 2],
    ) {
        for &client in tails.iter().flat_map(|tail| tail.iter().rev()) {
            self.unlink(client);
        }
        for (node, tail) in nodes.into_iter().zip([tails[1], tails[0]]) {
            let mut last = node;
            for &client in tail {
                self.link(client, last, self.window_of(client));
                last = client;
            }
        }
        for slot in slots {
            let sentinel = self.sentinel(slot);
            self.refresh(slot, sentinel, sentinel);
            if self.head(slot).count == 0 {
                self.close(slot);
            }
        }
    }

    /// Leaves out a client that has no route.
    pub(in crate::solver) fn leave_out(&mut self, client: u32) {
        self.keep_absent();
        self.absent_at[client as usize] = self.absent.len() as u32;
        self.absent.push(client);
        self.cost += self.problem.drop_cost(client as usize);
    }

    /// Takes a client that was left out back into consideration.
    pub(in crate::solver) fn take_back(&mut self, client: u32) {
        self.keep_absent();
        let at = self.absent_at[client as usize] as usize;
        self.absent.swap_remove(at);
        if let Some(&moved) = self.absent.get(at) {
            self.absent_at[moved as usize] = at as u32;
        }
        self.absent_at[client as usize] = NONE;
        self.cost -= self.problem.drop_cost(client as usize);
    }

    pub(super) fn link(&mut self, client: u32, after: u32, window: u8) {
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

    pub(super) fn unlink(&mut self, client: u32) {
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
}

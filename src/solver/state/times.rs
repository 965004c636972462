//! Times of routes, kept up to date: earliest departures, latest arrivals, and what rests on them.

use super::{State, Visit};
use crate::solver::duration::RouteDuration;
use crate::solver::timed::Trial;
use crate::solver::walk::Walk;

impl State<'_> {
    /// Whether there is more to a route than earliest departures and latest arrivals.
    pub(super) fn is_rich(&self) -> bool {
        !self.durations.is_empty()
    }

    /// Brings times up to date after a change of what lies between `first` and `last`, and everything derived from
    /// them.
    pub(super) fn refresh(&mut self, slot: u32, first: u32, last: u32) {
        if self.is_chained() {
            self.refresh_trips(slot, slot);
            return;
        }
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

    pub(super) fn redo_after_change(&mut self, slot: u32) {
        self.bump(slot);
        if self.is_rich() {
            let old = self.duration_cost(slot);
            self.refresh_durations(slot);
            self.cost += self.duration_cost(slot) - old;
        }
        self.profile
            .refresh(self.problem, slot, self.n, &self.visits, &self.loads);
    }

    pub(super) fn redo_derived(&mut self, slot: u32) {
        if self.is_rich() {
            let duration = self.head(slot).duration;
            self.refresh_nodes(slot);
            // Undone together with the head, and not as quick to compute where travel depends on the time of day.
            self.heads[slot as usize].duration = duration;
        }
        self.profile
            .refresh(self.problem, slot, self.n, &self.visits, &self.loads);
    }

    /// Earliest departures from behind `from` on, until the end of the route or, once past `through`, a value that
    /// does not change.
    pub(super) fn push_departures(&mut self, slot: u32, from: u32, through: u32) {
        if self.problem.features().timed {
            return self.push_timed_departures(slot, from, through);
        }
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
    pub(super) fn push_latest(&mut self, slot: u32, from: u32, through: u32) {
        if self.problem.features().timed {
            return self.push_timed_latest(slot, from, through);
        }
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
    pub(super) fn refresh_start(&mut self, slot: u32) {
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

    pub(super) fn refresh_durations(&mut self, slot: u32) {
        self.refresh_nodes(slot);
        if self.is_chained() || self.head(slot).count == 0 {
            // How long a route of several trips takes is found out for all of them together.
            return;
        }
        let vehicle = &self.problem.types()[self.head(slot).kind as usize];
        if !vehicle.breaks.is_empty() {
            // One that counts as feasible nowhere, if a break finds no place.
            let duration = Walk::of_route(self, slot).shortest();
            self.heads[slot as usize].duration.duration =
                duration.unwrap_or(vehicle.max_duration + 1);
        } else if self.problem.features().timed {
            let start = self.head(slot).duration.start;
            let duration = Trial::of_route(self, slot).duration(start);
            let duration = duration.unwrap_or_else(|| self.duration_beyond(slot));
            self.heads[slot as usize].duration.duration = duration;
        }
    }

    /// A duration for a route that is late or too long: longer than allowed, so that it counts as feasible nowhere.
    fn duration_beyond(&self, slot: u32) -> i32 {
        let vehicle = &self.problem.types()[self.head(slot).kind as usize];
        // With a limit beyond the shift it is lateness that tells.
        let limit = vehicle.max_duration.min(vehicle.latest - vehicle.earliest);
        (limit + 1).max(self.head(slot).duration.duration)
    }

    /// What the nodes of a route mean for its duration, and the duration where travel is the same at all times.
    fn refresh_nodes(&mut self, slot: u32) {
        let mut nodes = std::mem::take(&mut self.sequence);
        nodes.clear();
        nodes.extend(self.clients_of(slot));
        let duration = RouteDuration::refresh(self, slot, &nodes);
        self.heads[slot as usize].duration = duration;
        self.sequence = nodes;
    }

    pub(super) fn duration_cost(&self, slot: u32) -> i64 {
        let head = self.head(slot);
        head.duration
            .cost(&self.problem.types()[head.kind as usize])
    }

    pub(super) fn bump(&mut self, slot: u32) {
        self.heads[slot as usize].version = self.next_version;
        self.next_version += self.version_step;
    }
}

//! Routes of several trips: slots in a chain, each trip beginning where the one before it ends.
//!
//! A trip is a slot like any other: inside it, earliest departures and latest arrivals are kept as if it were a route.
//! What ties it to its neighbors is the start, at which the trip before must have arrived and the goods must be ready,
//! and the end, from which the next trip must still begin in time. A change travels along the chain until a trip's
//! times stay as they are; every trip that it reaches gets a new version.

use std::collections::BTreeMap;

use super::journal::SlotChange;
use super::{NONE, Route, State};
use crate::solver::duration::Carry;

/// How a trip hangs together with its neighbors, and what the route as a whole means to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::solver) struct Link {
    /// Slot of the trip before, or [`NONE`].
    pub(in crate::solver) previous: u32,
    /// Slot of the trip after, or [`NONE`].
    pub(in crate::solver) next: u32,
    /// Which of the vehicle's reloads the trip begins with; meaningless without a trip before.
    pub(in crate::solver) reload: u8,
    /// Node of the problem where the trip starts.
    pub(in crate::solver) start: u32,
    /// Node of the problem where it ends.
    pub(in crate::solver) end: u32,
    /// Time to load at its start.
    pub(in crate::solver) loading: i32,
    /// When all its goods are ready; `i32::MIN` if they always are.
    pub(in crate::solver) ready: i32,
    /// Clients of the whole route; kept only where it matters.
    pub(in crate::solver) count: u32,
    /// Distance of the whole route; kept only where it matters.
    pub(in crate::solver) distance: i64,
    /// What the trips before and after mean for the duration; kept only where durations matter.
    pub(in crate::solver) carry: Carry,
    /// Cost of the whole route's duration if the trip is the first one, else nothing.
    pub(super) charge: i64,
}

impl Link {
    /// No trip.
    pub(super) const NONE: Self = Self {
        previous: NONE,
        next: NONE,
        reload: 0,
        start: 0,
        end: 0,
        loading: 0,
        ready: i32::MIN,
        count: 0,
        distance: 0,
        carry: Carry::alone(0),
        charge: 0,
    };
}

/// Where to start a trip in a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::solver) struct TripGap {
    /// Slot of the trip before, or [`NONE`].
    pub(in crate::solver) previous: u32,
    /// Slot of the trip after, or [`NONE`]; there is a trip before or after.
    pub(in crate::solver) next: u32,
    /// Which reload to begin with, if there is a trip before.
    pub(in crate::solver) enter: u8,
    /// Which reload the trip after begins with.
    pub(in crate::solver) leave: u8,
}

impl TripGap {
    /// No trip before and none after.
    pub(super) const ALONE: Self = Self {
        previous: NONE,
        next: NONE,
        enter: 0,
        leave: 0,
    };
}

impl State<'_> {
    /// Whether routes may have several trips.
    #[inline]
    pub(in crate::solver) fn is_chained(&self) -> bool {
        !self.links.is_empty()
    }

    /// How the trip in `slot` hangs together with others; only where routes may have several.
    #[inline]
    pub(in crate::solver) fn link_of(&self, slot: u32) -> &Link {
        &self.links[slot as usize]
    }

    /// First trip of the route that has `slot`.
    pub(in crate::solver) fn first_trip(&self, mut slot: u32) -> u32 {
        if self.is_chained() {
            while self.link_of(slot).previous != NONE {
                slot = self.link_of(slot).previous;
            }
        }
        slot
    }

    /// Whether there is a trip before or after the one in `slot`.
    pub(super) fn is_joined(&self, slot: u32) -> bool {
        self.is_chained()
            && (self.link_of(slot).previous != NONE || self.link_of(slot).next != NONE)
    }

    /// The trips from `slot` to the last of its route.
    pub(in crate::solver) fn trips_from(&self, slot: u32) -> impl Iterator<Item = u32> + '_ {
        let next = |&slot: &u32| {
            let next = self.links.get(slot as usize)?.next;
            Some(next).filter(|&next| next != NONE)
        };
        std::iter::successors(Some(slot), next)
    }

    /// Node of the problem where a trip begins that starts with reload number `reload` of type `kind`.
    #[inline]
    pub(in crate::solver) fn reload_node(&self, kind: u32, reload: u8) -> u32 {
        self.n + self.problem.types()[kind as usize].reloads[reload as usize].station as u32
    }

    /// Earliest arrival at the end of a trip.
    #[inline]
    pub(in crate::solver) fn arrival(&self, slot: u32) -> i32 {
        let last = self.visit(self.visit(self.sentinel(slot)).pred);
        last.departure + last.travel
    }

    /// Latest moment at which the loading of a trip may begin.
    #[inline]
    pub(in crate::solver) fn latest_begin(&self, slot: u32) -> i32 {
        let sentinel = self.visit(self.sentinel(slot));
        let (first, link) = (sentinel.succ, self.link_of(slot));
        let latest = self.visit(first).latest;
        let leave = if self.problem.features().timed {
            let profile = self.problem.types()[self.head(slot).kind as usize].profile;
            (self.problem).departure(profile, link.start as usize, first as usize, latest)
        } else {
            latest - sentinel.travel
        };
        leave - link.loading
    }

    /// Clients in the route that has `slot`.
    #[inline]
    pub(in crate::solver) fn route_count(&self, slot: u32) -> u32 {
        if self.is_chained() {
            self.link_of(slot).count
        } else {
            self.head(slot).count
        }
    }

    /// Distance of the route that has `slot`.
    #[inline]
    pub(in crate::solver) fn route_distance(&self, slot: u32) -> i64 {
        if self.is_chained() {
            self.link_of(slot).distance
        } else {
            self.head(slot).distance
        }
    }

    /// What the route's other trips mean for the duration of the one in `slot`.
    #[inline]
    pub(in crate::solver) fn carry(&self, slot: u32) -> Carry {
        if self.is_chained() {
            self.link_of(slot).carry
        } else {
            Carry::alone(self.head(slot).duration.duration)
        }
    }

    /// Whether the goods of `client` may be loaded at node `start` and unloaded at node `end` of the problem.
    pub(in crate::solver) fn may_pass(&self, client: u32, start: u32, end: u32) -> bool {
        if !self.problem.features().stations {
            return true;
        }
        let client = &self.problem.clients()[client as usize];
        let is_one_of = |stations: &[bool], node: u32| {
            stations.is_empty()
                || stations
                    .get((node - self.n) as usize)
                    .is_some_and(|&may| may)
        };
        is_one_of(&client.sources, start) && is_one_of(&client.sinks, end)
    }

    /// Whether the goods of `client` may be loaded and unloaded where the trip in `slot` starts and ends.
    pub(in crate::solver) fn may_join(&self, slot: u32, client: u32) -> bool {
        if !self.problem.features().stations {
            return true;
        }
        let (kind, node) = (self.head(slot).kind, self.sentinel(slot));
        let (start, end) = (self.origin(node, kind), self.destination(node, kind));
        self.may_pass(client, start as u32, end as u32)
    }

    /// Whether the trip in `slot`, with all its clients, may start and end there.
    pub(in crate::solver) fn may_run(&self, slot: u32, start: u32, end: u32) -> bool {
        !self.problem.features().stations
            || self
                .clients_of(slot)
                .all(|client| self.may_pass(client, start, end))
    }

    /// Whether the route still holds together without the trip in `slot`.
    pub(in crate::solver) fn may_empty(&self, slot: u32) -> bool {
        !self.is_chained() || self.heal(slot).is_some()
    }

    /// How the neighbors of the trip in `slot` would meet without it: the reload that the trip after would begin with,
    /// if there are neighbors on both sides. `None` if their goods forbid it.
    fn heal(&self, slot: u32) -> Option<u8> {
        let Link {
            previous,
            next,
            reload,
            ..
        } = *self.link_of(slot);
        let kind = self.head(slot).kind;
        let problem = self.problem;
        match (previous != NONE, next != NONE) {
            (false, false) => Some(0),
            (true, false) => {
                let end = problem.end_node(kind as usize) as u32;
                self.may_run(previous, self.link_of(previous).start, end)
                    .then_some(0)
            }
            (false, true) => {
                let start = problem.start_node(kind as usize) as u32;
                self.may_run(next, start, self.link_of(next).end)
                    .then_some(0)
            }
            (true, true) => {
                let options = [reload, self.link_of(next).reload];
                let fits = |&reload: &u8| {
                    let node = self.reload_node(kind, reload);
                    self.may_run(previous, self.link_of(previous).start, node)
                        && self.may_run(next, node, self.link_of(next).end)
                };
                let detour = |reload: &u8| {
                    let node = self.reload_node(kind, *reload) as usize;
                    let profile = problem.types()[kind as usize].profile;
                    let last = self.visit(self.sentinel(previous)).pred as usize;
                    let first = self.visit(self.sentinel(next)).succ as usize;
                    i64::from(problem.arc(profile, last, node).distance)
                        + i64::from(problem.arc(profile, node, first).distance)
                };
                options.into_iter().filter(fits).min_by_key(detour)
            }
        }
    }

    /// Starts a trip with `client` alone in a route and returns its slot.
    ///
    /// # Panics
    /// If there is no free slot, which [`State::has_free_slot`] tells.
    pub(in crate::solver) fn open_trip(&mut self, gap: TripGap, client: u32, window: u8) -> u32 {
        let slot = self
            .free_slots
            .pop()
            .expect("the caller has seen a free slot");
        let TripGap { previous, next, .. } = gap;
        let kind = self
            .head(if previous == NONE { next } else { previous })
            .kind;
        self.keep_head(slot);
        self.keep_link(slot);
        self.used_slots += 1;
        self.journal.slots.push(SlotChange::Joined { slot });
        self.link_slot(slot, kind, gap);
        self.reset_slot(slot, kind);
        if previous != NONE {
            self.keep_link(previous);
            self.links[previous as usize].next = slot;
            self.move_end(previous, self.reload_node(kind, gap.enter));
        }
        if next != NONE {
            self.keep_link(next);
            self.links[next as usize].previous = slot;
            self.begin_with(next, kind, gap.leave);
        }
        self.link(client, self.sentinel(slot), window);
        let from = if previous == NONE { slot } else { previous };
        let to = if next == NONE { slot } else { next };
        self.refresh_trips(from, to);
        slot
    }

    /// Whether a trip can be added.
    pub(in crate::solver) fn has_free_slot(&self) -> bool {
        !self.free_slots.is_empty()
    }

    /// Sets how a slot hangs together with its neighbors, which are not told.
    pub(super) fn link_slot(&mut self, slot: u32, kind: u32, gap: TripGap) {
        if !self.is_chained() {
            return;
        }
        let vehicle = &self.problem.types()[kind as usize];
        let (start, loading) = if gap.previous == NONE {
            (
                self.problem.start_node(kind as usize) as u32,
                vehicle.loading,
            )
        } else {
            (
                self.reload_node(kind, gap.enter),
                vehicle.reloads[gap.enter as usize].loading,
            )
        };
        let end = if gap.next == NONE {
            self.problem.end_node(kind as usize) as u32
        } else {
            self.reload_node(kind, gap.leave)
        };
        self.links[slot as usize] = Link {
            previous: gap.previous,
            next: gap.next,
            reload: gap.enter,
            start,
            end,
            loading,
            ..Link::NONE
        };
    }

    /// Takes an empty trip out of its route and joins its neighbors, of which there is at least one; returns the slot of
    /// one.
    pub(super) fn close_trip(&mut self, slot: u32) -> u32 {
        let reload = self
            .heal(slot)
            .expect("the caller has asked whether the trip may be empty");
        let kind = self.head(slot).kind;
        let Link {
            previous,
            next,
            charge,
            ..
        } = *self.link_of(slot);
        self.keep_link(slot);
        self.cost -= charge;
        self.links[slot as usize] = Link::NONE;
        if previous != NONE {
            self.keep_link(previous);
            self.links[previous as usize].next = next;
            let end = if next == NONE {
                self.problem.end_node(kind as usize) as u32
            } else {
                self.reload_node(kind, reload)
            };
            self.move_end(previous, end);
        }
        if next != NONE {
            self.keep_link(next);
            self.links[next as usize].previous = previous;
            if previous == NONE {
                let vehicle = &self.problem.types()[kind as usize];
                let start = self.problem.start_node(kind as usize) as u32;
                self.move_start(next, start, vehicle.loading);
            } else {
                self.begin_with(next, kind, reload);
            }
        }
        self.used_slots -= 1;
        self.free_slots.push(slot);
        self.journal.slots.push(SlotChange::Left);
        let from = if previous == NONE { next } else { previous };
        let to = if next == NONE { previous } else { next };
        self.refresh_trips(from, to);
        from
    }

    /// Takes over trips and the routes they make.
    pub(super) fn load_trips(&mut self, trips: &[Route]) {
        let mut gaps: BTreeMap<u32, TripGap> = trips
            .iter()
            .map(|trip| (trip.slot, TripGap::ALONE))
            .collect();
        for trip in trips {
            let Some((previous, reload)) = trip.previous else {
                continue;
            };
            for (slot, is_before) in [(previous, true), (trip.slot, false)] {
                let Some(gap) = gaps.get_mut(&slot) else {
                    continue;
                };
                if is_before {
                    (gap.next, gap.leave) = (trip.slot, reload);
                } else {
                    (gap.previous, gap.enter) = (previous, reload);
                }
            }
        }
        for trip in trips {
            self.link_slot(trip.slot, trip.kind, gaps[&trip.slot]);
            self.reset_slot(trip.slot, trip.kind);
            self.used_slots += 1;
            let mut last = self.sentinel(trip.slot);
            for &(client, window) in &trip.visits {
                self.clients.push(client);
                self.link(client, last, window);
                last = client;
            }
            self.set_gate(trip);
        }
        for trip in trips.iter().filter(|trip| trip.previous.is_none()) {
            self.cost += self.problem.types()[trip.kind as usize].fixed + self.bias;
            let last = self.trips_from(trip.slot).last().unwrap_or(trip.slot);
            self.refresh_trips(trip.slot, last);
        }
        for trip in trips.iter().filter(|trip| trip.version > 0) {
            self.heads[trip.slot as usize].version = trip.version;
        }
    }

    fn begin_with(&mut self, slot: u32, kind: u32, reload: u8) {
        let loading = self.problem.types()[kind as usize].reloads[reload as usize].loading;
        self.links[slot as usize].reload = reload;
        self.move_start(slot, self.reload_node(kind, reload), loading);
    }

    /// Lets a trip with clients, whose link has been kept, start elsewhere.
    fn move_start(&mut self, slot: u32, start: u32, loading: i32) {
        self.links[slot as usize].loading = loading;
        if self.links[slot as usize].start == start {
            return;
        }
        self.links[slot as usize].start = start;
        let first = self.visit(self.sentinel(slot)).succ;
        self.redraw(slot, self.sentinel(slot), start as usize, first as usize);
    }

    /// Lets a trip with clients, whose link has been kept, end elsewhere.
    fn move_end(&mut self, slot: u32, end: u32) {
        if self.links[slot as usize].end == end {
            return;
        }
        self.links[slot as usize].end = end;
        let last = self.visit(self.sentinel(slot)).pred;
        self.redraw(slot, last, last as usize, end as usize);
    }

    /// Puts another arc behind `node`.
    fn redraw(&mut self, slot: u32, node: u32, from: usize, to: usize) {
        let vehicle = &self.problem.types()[self.head(slot).kind as usize];
        let arc = self.problem.arc(vehicle.profile, from, to);
        let growth = i64::from(arc.distance) - i64::from(self.visit(node).distance);
        self.keep_head(slot);
        self.cost += vehicle.per_distance * growth;
        self.heads[slot as usize].distance += growth;
        self.write(node, |visit| {
            visit.distance = arc.distance;
            visit.travel = arc.duration;
        });
    }

    pub(super) fn keep_link(&mut self, slot: u32) {
        self.journal.links.push((slot, self.links[slot as usize]));
    }
}

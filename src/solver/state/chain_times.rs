//! Times of routes of several trips: changes travel from trip to trip until they change nothing any more.

use super::{Link, NONE, State, TripGap};
use crate::solver::duration::{Carry, Segment, duration_cost};
use crate::solver::walk::{self, Walk};

impl State<'_> {
    /// When the loading of a trip begins at the earliest but for its goods, and how long it takes.
    pub(in crate::solver) fn begin(&self, slot: u32) -> (i32, i32) {
        let vehicle = &self.problem.types()[self.head(slot).kind as usize];
        if !self.is_chained() {
            return (vehicle.earliest, vehicle.loading);
        }
        let link = self.link_of(slot);
        let earliest = if link.previous == NONE {
            vehicle.earliest
        } else {
            self.arrival(link.previous)
        };
        (earliest, link.loading)
    }

    /// Brings times up to date after changes in the trips `from` to `to` of one route, and everything that rests on
    /// them in the whole route.
    pub(super) fn refresh_trips(&mut self, from: u32, to: u32) {
        let mut changed = std::mem::take(&mut self.changed);
        changed.clear();
        self.refresh_forward(from, to, &mut changed);
        self.refresh_backward(from, to, &mut changed);
        for &slot in &changed {
            self.keep_head(slot);
            self.bump(slot);
            if self.is_rich() {
                self.refresh_durations(slot);
            }
            self.profile
                .refresh(self.problem, slot, self.n, &self.visits, &self.loads);
        }
        self.changed = changed;
        let features = self.problem.features();
        if features.durations || features.distances || features.counts || features.timed {
            self.refresh_route(from);
        }
    }

    fn refresh_forward(&mut self, from: u32, to: u32, changed: &mut Vec<u32>) {
        let (mut slot, mut is_inside) = (from, true);
        while slot != NONE {
            if is_inside {
                self.note_ready(slot);
            }
            let link = *self.link_of(slot);
            let (earliest, loading) = self.begin(slot);
            let departure = earliest.max(link.ready) + loading;
            let sentinel = self.sentinel(slot);
            let is_moved = self.visit(sentinel).departure != departure;
            if !is_inside && !is_moved {
                break;
            }
            if is_moved {
                self.write(sentinel, |visit| visit.departure = departure);
            }
            changed.push(slot);
            let through = if is_inside {
                sentinel
            } else {
                self.visit(sentinel).succ
            };
            self.push_departures(slot, sentinel, through);
            is_inside &= slot != to;
            slot = link.next;
        }
    }

    fn refresh_backward(&mut self, from: u32, to: u32, changed: &mut Vec<u32>) {
        let (mut slot, mut is_inside) = (to, true);
        while slot != NONE {
            let link = *self.link_of(slot);
            let latest = if link.next == NONE {
                self.problem.types()[self.head(slot).kind as usize].latest
            } else {
                self.latest_begin(link.next)
            };
            let sentinel = self.sentinel(slot);
            let is_moved = self.visit(sentinel).latest != latest;
            if !is_inside && !is_moved {
                break;
            }
            if is_moved {
                self.write(sentinel, |visit| visit.latest = latest);
            }
            if !is_inside {
                changed.push(slot);
            }
            let through = if is_inside {
                sentinel
            } else {
                self.visit(sentinel).pred
            };
            self.push_latest(slot, sentinel, through);
            is_inside &= slot != from;
            slot = link.previous;
        }
    }

    fn note_ready(&mut self, slot: u32) {
        if !self.problem.features().releases {
            return;
        }
        let ready = self
            .clients_of(slot)
            .filter_map(|client| self.problem.clients()[client as usize].ready)
            .max()
            .unwrap_or(i32::MIN);
        if self.link_of(slot).ready != ready {
            self.keep_link(slot);
            self.links[slot as usize].ready = ready;
        }
    }

    /// The trip in `slot` as a stretch of its route.
    pub(in crate::solver) fn segment(&self, slot: u32) -> Segment {
        let sentinel = self.visit(self.sentinel(slot));
        let work = self.head(slot).duration.work;
        let ready = self.link_of(slot).ready;
        Segment {
            work,
            latest_start: self.durations[sentinel.pred as usize].latest_start,
            end: self.durations[sentinel.succ as usize]
                .end
                .max(ready.saturating_add(work)),
        }
    }

    /// Recomputes what a route as a whole means to its trips, and what its duration costs.
    fn refresh_route(&mut self, slot: u32) {
        let first = self.first_trip(slot);
        let kind = self.head(first).kind;
        let vehicle = &self.problem.types()[kind as usize];
        let mut trips = std::mem::take(&mut self.trips);
        trips.clear();
        trips.extend(self.trips_from(first).map(|slot| (slot, Carry::alone(0))));
        let (mut count, mut distance) = (0, 0);
        for &(slot, _) in &trips {
            count += self.head(slot).count;
            distance += self.head(slot).distance;
        }
        let mut charge = 0;
        let is_walked = walk::is_needed(self.problem, vehicle);
        if self.problem.features().durations {
            let mut before = Segment::EMPTY;
            for (slot, carry) in &mut trips {
                carry.before = before;
                before = before.then(self.segment(*slot));
            }
            let mut after = Segment::EMPTY;
            for (slot, carry) in trips.iter_mut().rev() {
                carry.after = after;
                after = self.segment(*slot).then(after);
            }
            let end = trips.last().map_or(0, |&(slot, _)| self.arrival(slot));
            let mut duration = before.duration(end, vehicle.latest);
            if is_walked && count > 0 {
                // One that counts as feasible nowhere, if the route is late or a break finds no place.
                let shortest = Walk::of_route(self, first).shortest();
                duration = shortest.unwrap_or(vehicle.max_duration + 1);
            }
            charge = if count == 0 {
                0
            } else {
                duration_cost(vehicle, duration)
            };
            for (_, carry) in &mut trips {
                carry.duration = duration;
            }
        }
        for &(slot, carry) in &trips {
            let new = Link {
                count,
                distance,
                carry,
                charge: if slot == first { charge } else { 0 },
                ..*self.link_of(slot)
            };
            // What a change somewhere in a route that is walked means elsewhere is more than links tell.
            if is_walked || new != *self.link_of(slot) {
                self.cost += new.charge - self.link_of(slot).charge;
                self.keep_link(slot);
                self.links[slot as usize] = new;
                self.keep_head(slot);
                self.bump(slot);
            }
        }
        self.trips = trips;
    }

    /// What inserting a trip between two others would make of the route's duration; see [`TripGap`].
    ///
    /// `trip` is the new trip, `before` and `after` how much longer the ways at its neighbors take.
    pub(in crate::solver) fn duration_with(
        &self,
        gap: TripGap,
        trip: Segment,
        before: i32,
        after: i32,
    ) -> i32 {
        let some = if gap.previous == NONE {
            gap.next
        } else {
            gap.previous
        };
        let first = self.first_trip(some);
        let vehicle = &self.problem.types()[self.head(first).kind as usize];
        let mut whole = Segment::EMPTY;
        let mut start = vehicle.earliest;
        if gap.previous == NONE {
            whole = trip;
        } else {
            start = start.max(self.link_of(first).ready);
        }
        for slot in self.trips_from(first) {
            let mut segment = self.segment(slot);
            if slot == gap.next {
                // A longer way at the start leaves what the windows say about the end as it is.
                segment.work += after;
                segment.latest_start -= after;
                let first = self.visit(self.sentinel(slot)).succ;
                let ready = self.link_of(slot).ready.saturating_add(segment.work);
                segment.end = self.durations[first as usize].end.max(ready);
            }
            if slot == gap.previous {
                segment.work += before;
                segment.end += before;
                whole = whole.then(segment).then(trip);
            } else {
                whole = whole.then(segment);
            }
        }
        let end = (start + whole.work).max(whole.end);
        whole.duration(end, vehicle.latest)
    }
}

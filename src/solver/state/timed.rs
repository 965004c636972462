//! Times of routes where travel depends on the time of day: as in `times`, but how long an arc takes changes with them.

use super::{State, Visit};

impl State<'_> {
    /// Earliest departures from behind `from` on, and the travel times that go with them; ends as
    /// [`State::push_departures`] does.
    pub(super) fn push_timed_departures(&mut self, slot: u32, from: u32, through: u32) {
        let kind = self.head(slot).kind;
        let profile = self.problem.types()[kind as usize].profile;
        let mut past = through >= self.n;
        let mut node = from;
        loop {
            let Visit {
                succ,
                departure,
                travel,
                ..
            } = *self.visit(node);
            let ends = (self.origin(node, kind), self.destination(succ, kind));
            let arrival = self.problem.arrival(profile, ends.0, ends.1, departure);
            if arrival - departure != travel {
                self.write(node, |visit| visit.travel = arrival - departure);
            }
            if succ >= self.n {
                break;
            }
            let next = self.visit(succ);
            let value = arrival.max(next.start) + self.service(succ, kind);
            past |= succ == through;
            if value != next.departure {
                self.write(succ, |visit| visit.departure = value);
            } else if past && through < self.n {
                break;
            }
            node = succ;
        }
    }

    /// Latest arrivals from before `from` on; ends as [`State::push_latest`] does.
    pub(super) fn push_timed_latest(&mut self, slot: u32, from: u32, through: u32) {
        let kind = self.head(slot).kind;
        let profile = self.problem.types()[kind as usize].profile;
        let mut past = through >= self.n;
        let mut node = from;
        loop {
            let Visit { pred, latest, .. } = *self.visit(node);
            if pred >= self.n {
                break;
            }
            let ends = (self.origin(pred, kind), self.destination(node, kind));
            let departure = self.problem.departure(profile, ends.0, ends.1, latest);
            let before = self.visit(pred);
            let value = (departure - self.service(pred, kind)).min(before.end);
            past |= pred == through;
            if value != before.latest {
                self.write(pred, |visit| visit.latest = value);
            } else if past && through < self.n {
                break;
            }
            node = pred;
        }
    }
}

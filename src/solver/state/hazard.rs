//! The harm that routes do, tolled, as a part of the cost that is found out late.
//!
//! A route that is changed does no harm until [`State::appraise`]: as no harm is below zero, the cost is a lower bound
//! until then, and most changes are refused without a look at what they put at risk.

use super::State;

/// The harm that a client and those behind it in its route do, when they were last looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::solver) struct Stake {
    pub(in crate::solver) harm: i64,
    /// The earliest arrival at the client then.
    pub(in crate::solver) arrival: i32,
}

/// The harm of a route that has changed.
pub(super) const UNKNOWN: i64 = -1;

impl State<'_> {
    /// Forgets the harm of a route, because the route is about to change.
    #[inline]
    pub(super) fn forget_harm(&mut self, slot: u32) {
        let head = &mut self.heads[slot as usize];
        let known = head.harm.max(0);
        head.harm = UNKNOWN;
        self.harm -= known;
        self.cost -= known * self.toll;
    }

    /// Finds out the harm of the routes changed since the last commit; false, and not finished, once the cost reaches
    /// `limit`.
    pub(in crate::solver) fn appraise(&mut self, limit: i64) -> bool {
        if !self.problem.features().hazards {
            return true;
        }
        for index in 0..self.journal.heads.len() {
            if self.cost >= limit {
                return false;
            }
            let (slot, _) = self.journal.heads[index];
            self.find_harm(slot);
        }
        self.cost < limit
    }

    /// Finds out the harm of a route if it is not known.
    pub(super) fn find_harm(&mut self, slot: u32) {
        let Some(limit) = self.problem.harm_limit() else {
            return;
        };
        let head = self.heads[slot as usize];
        if head.harm != UNKNOWN || head.count == 0 {
            return;
        }
        let mut sequence = std::mem::take(&mut self.sequence);
        sequence.clear();
        sequence.extend(self.clients_of(slot));
        let kind = head.kind as usize;
        let mut harms = std::mem::take(&mut self.harms);
        limit
            .hazard
            .harms(self.problem, kind, &sequence, &mut harms);
        let harm = harms.iter().sum::<i64>();
        self.note_stakes(slot, &sequence, &harms, harm);
        self.sequence = sequence;
        self.harms = harms;
        self.heads[slot as usize].harm = harm;
        self.harm += harm;
        self.cost += harm * self.toll;
    }

    /// Notes what is at stake from each client of a route on, for when the change is kept.
    fn note_stakes(&mut self, slot: u32, sequence: &[u32], harms: &[i64], harm: i64) {
        let mut node = self.sentinel(slot);
        let mut left = harm;
        for (&client, harm) in sequence.iter().zip(harms) {
            let before = self.visit(node);
            let stake = Stake {
                harm: left,
                arrival: before.departure + before.travel,
            };
            self.journal.stakes.push((client, stake));
            left -= harm;
            node = client;
        }
    }

    /// What is at stake from `client` on.
    pub(in crate::solver) fn stake(&self, client: u32) -> Stake {
        self.stakes[client as usize]
    }

    /// What a unit of harm costs.
    pub(in crate::solver) fn toll(&self) -> i64 {
        self.toll
    }

    /// The harm of all routes together.
    pub(in crate::solver) fn harm(&self) -> i64 {
        self.harm
    }

    /// What a unit of harm costs from now on. The state must have nothing to undo.
    pub(in crate::solver) fn set_toll(&mut self, toll: i64) {
        if toll != self.toll {
            self.cost += (toll - self.toll) * self.harm;
            self.toll = toll;
            self.commit();
        }
    }
}

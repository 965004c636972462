//! Old values in the order they were overwritten, and the way back to them.

use super::hazard::Stake;
use super::{Head, Link, NONE, State, Visit};

/// How a slot changed hands, for undoing.
#[derive(Clone, Copy, Debug)]
pub(super) enum SlotChange {
    Opened { slot: u32, kind: u32 },
    Closed { kind: u32 },
    Joined { slot: u32 },
    Left,
    Retyped { from: u32, to: u32 },
}

/// Old values in the order they were overwritten.
#[derive(Debug, Default)]
pub(super) struct Journal {
    pub(super) visits: Vec<(u32, Visit)>,
    pub(super) places: Vec<(u32, u32, u8)>,
    pub(super) heads: Vec<(u32, Head)>,
    pub(super) loads: Vec<i64>,
    pub(super) links: Vec<(u32, Link)>,
    pub(super) slots: Vec<SlotChange>,
    pub(super) cost: i64,
    pub(super) harm: i64,
    /// What is at stake in the routes that have changed, once that is kept.
    pub(super) stakes: Vec<(u32, Stake)>,
    /// Whether a route no longer keeps its limits.
    pub(super) is_broken: bool,
    pub(super) absent: Option<Vec<u32>>,
    pub(super) spare: Vec<u32>,
}

impl State<'_> {
    /// Forgets the old values: the state cannot be undone behind this point.
    pub(in crate::solver) fn commit(&mut self) {
        let journal = &mut self.journal;
        journal.visits.clear();
        journal.places.clear();
        journal.heads.clear();
        journal.loads.clear();
        journal.links.clear();
        journal.slots.clear();
        for (client, stake) in journal.stakes.drain(..) {
            self.stakes[client as usize] = stake;
        }
        debug_assert!(!journal.is_broken, "nobody keeps a broken route");
        journal.cost = self.cost;
        journal.harm = self.harm;
        if let Some(list) = journal.absent.take() {
            journal.spare = list;
        }
    }

    /// Returns to the state at the last [`State::commit`].
    pub(in crate::solver) fn undo(&mut self) {
        let mut journal = std::mem::take(&mut self.journal);
        journal.stakes.clear();
        while let Some((node, visit)) = journal.visits.pop() {
            self.visits[node as usize] = visit;
        }
        while let Some((client, slot, window)) = journal.places.pop() {
            self.route_of[client as usize] = slot;
            self.window_of[client as usize] = window;
        }
        while let Some((slot, link)) = journal.links.pop() {
            self.links[slot as usize] = link;
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
        self.harm = journal.harm;
        journal.is_broken = false;
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

    pub(super) fn revert_slot(&mut self, change: SlotChange) {
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
            SlotChange::Joined { slot } => {
                self.free_slots.push(slot);
                self.used_slots -= 1;
            }
            SlotChange::Left => {
                self.free_slots.pop();
                self.used_slots += 1;
            }
            SlotChange::Retyped { from, to } => {
                self.free_vehicles[from as usize] -= 1;
                self.free_vehicles[to as usize] += 1;
            }
        }
    }

    #[inline]
    pub(super) fn write(&mut self, node: u32, change: impl FnOnce(&mut Visit)) {
        self.keep_visit(node);
        change(&mut self.visits[node as usize]);
    }

    #[inline]
    pub(super) fn keep_visit(&mut self, node: u32) {
        self.journal.visits.push((node, self.visits[node as usize]));
    }

    pub(super) fn keep_head(&mut self, slot: u32) {
        self.journal.heads.push((slot, self.heads[slot as usize]));
        let dims = self.problem.n_dims();
        self.journal
            .loads
            .extend_from_slice(&self.loads[slot as usize * dims..(slot as usize + 1) * dims]);
        if self.problem.features().hazards {
            self.forget_harm(slot);
        }
    }

    pub(super) fn keep_absent(&mut self) {
        if self.journal.absent.is_none() {
            let mut list = std::mem::take(&mut self.journal.spare);
            list.clone_from(&self.absent);
            self.journal.absent = Some(list);
        }
    }
}

//! Routes change hands: between vehicle types that drive alike, it is load and distance that tell which is cheapest.

use super::State;
use super::journal::SlotChange;

/// A vehicle for a route, and what it costs to let it drive the route instead of the vehicle that does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::solver) struct Offer {
    /// The type of the vehicle that takes the route over.
    pub(in crate::solver) kind: u32,
    /// Growth of the cost.
    pub(in crate::solver) growth: i64,
}

impl State<'_> {
    /// The cheapest vehicle for the route of `slot` with `client` added for a detour: its own, or a free one of a type
    /// that drives alike. `None` if no vehicle is large enough.
    pub(in crate::solver) fn vehicle_with(
        &self,
        slot: u32,
        client: u32,
        detour: i64,
    ) -> Option<Offer> {
        let more = self.problem.delivery(client as usize);
        self.cheapest(slot, detour, more, Some(client))
    }

    /// Gives the route of `slot` to the cheapest vehicle for it, if that is a free one.
    pub(in crate::solver) fn right_size(&mut self, slot: u32) {
        if self.head(slot).count == 0 {
            return;
        }
        if let Some(Offer { kind, .. }) = self.cheapest(slot, 0, &[], None) {
            self.retype(slot, kind);
        }
    }

    /// Finds vehicles for two routes that have been changed: each other's, if that is better, and free ones. False if one
    /// of the routes then has a vehicle that may not drive it.
    pub(in crate::solver) fn settle(&mut self, slots: [u32; 2]) -> bool {
        let [first, second] = slots;
        if slots.iter().all(|&slot| self.head(slot).count > 0) {
            self.swap_if_better(first, second);
        }
        slots.iter().all(|&slot| {
            self.head(slot).count == 0 || {
                self.right_size(slot);
                self.is_manned(slot)
            }
        })
    }

    /// Lets two routes exchange their vehicles, if that is cheaper or they could not be driven otherwise.
    fn swap_if_better(&mut self, first: u32, second: u32) {
        let [kind, other] = [first, second].map(|slot| self.head(slot).kind);
        let types = self.problem.types();
        let (old, new) = (&types[kind as usize], &types[other as usize]);
        let distances = self.head(first).distance - self.head(second).distance;
        let growth = (new.per_distance - old.per_distance) * distances;
        let are_manned = self.is_manned(first) && self.is_manned(second);
        if growth < 0 || !are_manned {
            self.swap_vehicles(first, second);
        }
    }

    /// Lets two routes exchange their vehicles, which must drive alike and be large enough.
    pub(in crate::solver) fn swap_vehicles(&mut self, first: u32, second: u32) {
        let [kind, other] = [first, second].map(|slot| self.head(slot).kind);
        let are_siblings = self.problem.siblings(kind as usize).contains(&other);
        if kind == other || !are_siblings || self.is_locked(first) || self.is_locked(second) {
            return;
        }
        let crossed = [(first, other), (second, kind)];
        if crossed.iter().all(|&(slot, kind)| self.suits(slot, kind)) {
            for (slot, kind) in crossed {
                self.hand_over(slot, kind);
            }
        }
    }

    /// Whether the vehicle of `slot` holds and may serve all clients there.
    fn is_manned(&self, slot: u32) -> bool {
        self.suits(slot, self.head(slot).kind)
    }

    /// Whether a vehicle of type `kind`, which drives as the one of `slot` does, holds and may serve all clients there.
    fn suits(&self, slot: u32, kind: u32) -> bool {
        let vehicle = &self.problem.types()[kind as usize];
        let mut loads = self.loads(slot).iter().zip(&vehicle.capacity);
        self.head(slot).count <= vehicle.max_clients
            && loads.all(|(load, room)| load <= room)
            && self.admits_all(kind as usize, slot, None)
    }

    fn is_locked(&self, slot: u32) -> bool {
        self.gate(slot) != self.sentinel(slot)
    }

    /// The cheapest vehicle for the route of `slot` if it carries `more` and drives `detour` further; on equal terms, the
    /// one that it has.
    fn cheapest(&self, slot: u32, detour: i64, more: &[i64], client: Option<u32>) -> Option<Offer> {
        let problem = self.problem;
        let head = self.head(slot);
        let own = &problem.types()[head.kind as usize];
        let distance = head.distance + detour;
        let more = |dim: usize| more.get(dim).copied().unwrap_or(0);
        let mut best: Option<Offer> = None;
        for &kind in problem.siblings(head.kind as usize) {
            let vehicle = &problem.types()[kind as usize];
            let is_own = kind == head.kind;
            let growth =
                vehicle.fixed - own.fixed + (vehicle.per_distance - own.per_distance) * distance;
            let is_better = match best {
                None => true,
                Some(best) => growth < best.growth || (growth == best.growth && is_own),
            };
            let holds = |(dim, load): (usize, &i64)| load + more(dim) <= vehicle.capacity[dim];
            if is_better
                && (is_own || (self.free_vehicles[kind as usize] > 0 && !self.is_locked(slot)))
                && self.loads(slot).iter().enumerate().all(holds)
                && self.admits_all(kind as usize, slot, client)
            {
                best = Some(Offer { kind, growth });
            }
        }
        best
    }

    fn admits_all(&self, kind: usize, slot: u32, client: Option<u32>) -> bool {
        !self.problem.features().admissions
            || (self.clients_of(slot).chain(client))
                .all(|client| self.problem.admits(kind, client as usize))
    }

    /// Gives the route of `slot` to a free vehicle of a type that drives alike.
    ///
    /// The caller has found out that it may serve and hold all clients of the route.
    pub(in crate::solver) fn retype(&mut self, slot: u32, kind: u32) {
        let from = self.head(slot).kind;
        if from == kind {
            return;
        }
        self.free_vehicles[from as usize] += 1;
        self.free_vehicles[kind as usize] -= 1;
        self.journal
            .slots
            .push(SlotChange::Retyped { from, to: kind });
        self.hand_over(slot, kind);
    }

    /// Gives the route of `slot` to a vehicle of type `kind`, whosesoever it was.
    fn hand_over(&mut self, slot: u32, kind: u32) {
        let from = self.head(slot).kind;
        let (old, new) = (
            &self.problem.types()[from as usize],
            &self.problem.types()[kind as usize],
        );
        self.keep_head(slot);
        self.cost += new.fixed - old.fixed
            + (new.per_distance - old.per_distance) * self.head(slot).distance;
        self.heads[slot as usize].kind = kind;
        self.bump(slot);
    }
}

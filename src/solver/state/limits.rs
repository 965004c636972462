//! Whether routes keep all their limits: for changes too large to be tested beforehand.

use super::State;

impl State<'_> {
    /// Whether the vehicle of `slot` may take the clients `new` in exchange for `old`, as far as that does not depend
    /// on their sequence.
    pub(in crate::solver) fn has_room_for_tail(&self, slot: u32, old: &[u32], new: &[u32]) -> bool {
        let head = self.head(slot);
        let vehicle = &self.problem.types()[head.kind as usize];
        let load = |clients: &[u32], dim: usize| -> i64 {
            let of = |&client: &u32| self.problem.delivery(client as usize)[dim];
            clients.iter().map(of).sum()
        };
        head.count as usize + new.len() <= vehicle.max_clients as usize + old.len()
            && (0..self.problem.n_dims()).all(|dim| {
                self.loads(slot)[dim] - load(old, dim) + load(new, dim) <= vehicle.capacity[dim]
            })
            && new
                .iter()
                .all(|&client| self.problem.admits(head.kind as usize, client as usize))
    }

    /// Whether a removal has left a route that does not keep its limits, so that everything must be undone.
    pub(in crate::solver) fn is_broken(&self) -> bool {
        self.journal.is_broken
    }

    /// Whether the route of the trip in `slot` is still in time and not too long, all its times being up to date.
    ///
    /// Shape: O(1). One leg tells for all: earliest departures know what comes before it, latest arrivals what comes
    /// after.
    pub(super) fn keeps_limits(&self, slot: u32) -> bool {
        let vehicle = &self.problem.types()[self.head(slot).kind as usize];
        let features = self.problem.features();
        let visit = self.visit(self.sentinel(slot));
        visit.departure + visit.travel <= self.visit(visit.succ).latest
            && (!features.distances || self.route_distance(slot) <= vehicle.max_distance)
            && (!features.durations || self.carry(slot).duration <= vehicle.max_duration)
    }

    /// Whether the route of `slot`, whose vehicle may take all its clients, is in time, and not too long or too full.
    pub(in crate::solver) fn is_feasible(&self, slot: u32) -> bool {
        let head = self.head(slot);
        let vehicle = &self.problem.types()[head.kind as usize];
        let sentinel = self.sentinel(slot);
        let is_punctual = |node: u32| {
            let visit = self.visit(node);
            visit.departure + visit.travel <= self.visit(visit.succ).latest
        };
        let mut nodes = std::iter::once(sentinel).chain(self.clients_of(slot));
        nodes.all(is_punctual)
            && head.distance <= vehicle.max_distance
            && head.duration.duration <= vehicle.max_duration
            && (!self.profile.is_kept() || self.profile.peak_fits(sentinel, &vehicle.capacity))
    }
}

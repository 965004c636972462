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

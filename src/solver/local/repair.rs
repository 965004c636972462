//! Makes tours feasible by leaving clients out.

use super::sequence::{Piece, Sequence};
use super::tour::{Tour, TourRoute};
use crate::solver::problem::FAR;
use crate::solver::state::NONE;

impl Tour<'_> {
    /// Takes clients out of routes that break something until none does, those first that cost most where they are.
    pub(in crate::solver) fn strip(&mut self) {
        for route in 0..self.routes.len() as u32 {
            while self.routes[route as usize].price.penalty > 0 {
                let worst = self.worst_client(route);
                let clients = &self.routes[route as usize].clients;
                let is_out = |client: u32| worst.is_none_or(|worst| worst == client);
                let (out, kept) = clients.iter().copied().partition(|&client| is_out(client));
                self.set_clients(route, kept);
                let out: Vec<u32> = out;
                for client in out {
                    let node = &mut self.nodes[client as usize];
                    (node.route, node.pred, node.succ) = (NONE, NONE, NONE);
                }
            }
        }
        self.touched.clear();
        self.offer_vehicles();
    }

    /// The client without which a route costs least.
    fn worst_client(&self, route: u32) -> Option<u32> {
        let TourRoute { kind, clients, .. } = &self.routes[route as usize];
        let rest = |&client: &u32| {
            let (before, after) = (self.node(client).pred, self.node(client).succ);
            let is_way = clients.len() == 1 || self.distance(*kind, before, after) < i64::from(FAR);
            let pieces = [Piece::Head(before), Piece::Tail(after)];
            let cost = self.price(&Sequence::new(route, &pieces)).cost;
            is_way.then_some((cost, client))
        };
        let worst = clients.iter().filter_map(rest).min();
        worst.map(|(_, client)| client)
    }
}

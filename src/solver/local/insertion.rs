//! Puts clients into tours where that costs least, broken constraints included.

use super::descent::NEIGHBORS;
use super::sequence::{Piece, Sequence};
use super::tour::Tour;
use crate::solver::neighborhood::Neighborhood;
use crate::solver::problem::FAR;
use crate::solver::state::NONE;

/// A place for a client.
struct Place {
    delta: i64,
    after: u32,
    window: u8,
}

impl Tour<'_> {
    /// Puts `client`, which no route has, next to one of its neighbors or into an empty route, unless leaving it out
    /// costs less; in the window that suits best there.
    pub(in crate::solver) fn insert(&mut self, neighborhood: &Neighborhood, client: u32) {
        let mut best = Place {
            delta: self.problem.drop_cost(client as usize),
            after: NONE,
            window: 0,
        };
        for &neighbor in neighborhood.insertion(client).iter().take(NEIGHBORS) {
            if self.node(neighbor).route != NONE {
                self.try_place(client, neighbor, &mut best);
                self.try_place(client, self.node(neighbor).pred, &mut best);
            }
        }
        for route in 0..self.routes.len() as u32 {
            if self.routes[route as usize].clients.is_empty() && self.is_available(route) {
                self.try_place(client, self.start(route), &mut best);
            }
        }
        if best.after == NONE {
            return;
        }
        self.windows[client as usize] = best.window;
        let route = self.node(best.after).route;
        let mut clients = self.routes[route as usize].clients.clone();
        clients.insert(self.node(best.after).at as usize, client);
        self.set_clients(route, clients);
        self.offer_vehicles();
    }

    fn try_place(&mut self, client: u32, after: u32, best: &mut Place) {
        let (route, next) = (self.node(after).route, self.node(after).succ);
        let target = &self.routes[route as usize];
        let (kind, old) = (target.kind, target.price);
        let vehicle = &self.problem.types()[kind as usize];
        if target.clients.len() as u32 >= vehicle.max_clients
            || !self.problem.admits(kind as usize, client as usize)
        {
            return;
        }
        let added = self.distance(kind, after, client) + self.distance(kind, client, next);
        let detour = added - self.distance(kind, after, next);
        // What the route costs beyond distance may fall by all of it.
        if added >= i64::from(FAR) || vehicle.per_distance * detour - old.soft >= best.delta {
            return;
        }
        let pieces = [
            Piece::Head(after),
            Piece::Span(client, client),
            Piece::Tail(next),
        ];
        let sequence = Sequence::new(route, &pieces);
        let windows = &self.problem.clients()[client as usize].windows;
        for (number, window) in (0..).zip(windows) {
            self.windows[client as usize] = number;
            let delta = self.price(&sequence).cost - old.cost + window.cost;
            if delta < best.delta {
                *best = Place {
                    delta,
                    after,
                    window: number,
                };
            }
        }
    }
}

//! A solution in a population, and how far two of them are apart.

use crate::solver::state::{NONE, Route};

/// A solution with what comparing it to others needs.
#[derive(Clone, Debug)]
pub(in crate::solver) struct Individual {
    /// Cost of routes and of leaving clients out.
    pub(in crate::solver) cost: i64,
    /// Routes with clients.
    pub(in crate::solver) routes: Vec<Route>,
    /// Clients left out.
    pub(in crate::solver) absent: Vec<u32>,
    /// The client after each one; `NONE` for the last of a route.
    succ: Vec<u32>,
    /// Whether each client is the first of its route.
    is_first: Vec<bool>,
}

impl Individual {
    /// A solution to a problem of `n` clients.
    pub(in crate::solver) fn new(
        n: usize,
        cost: i64,
        routes: Vec<Route>,
        absent: Vec<u32>,
    ) -> Self {
        let mut succ = vec![NONE; n];
        let mut is_first = vec![false; n];
        for route in &routes {
            for pair in route.visits.windows(2) {
                succ[pair[0].0 as usize] = pair[1].0;
            }
            if let Some(&(client, _)) = route.visits.first() {
                is_first[client as usize] = true;
            }
        }
        Self {
            cost,
            routes,
            absent,
            succ,
            is_first,
        }
    }

    /// Legs of this solution that the other does not have, a thousandth of the number of clients each.
    ///
    /// Source: broken pairs distance (Prins, 2009), directed.
    pub(super) fn distance(&self, other: &Self) -> u32 {
        let ways = self.succ.iter().zip(&other.succ);
        let broken = ways.filter(|(a, b)| a != b).count();
        let starts = self.is_first.iter().zip(&other.is_first);
        let moved = starts.filter(|&(&a, &b)| a && !b).count();
        ((broken + moved) * 1_000 / self.succ.len().max(1)) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn individual(routes: &[&[u32]]) -> Individual {
        let route = |clients: &&[u32]| Route {
            slot: 0,
            kind: 0,
            previous: None,
            version: 0,
            locked: 0,
            visits: clients.iter().map(|&client| (client, 0)).collect(),
        };
        Individual::new(4, 0, routes.iter().map(route).collect(), Vec::new())
    }

    #[test]
    fn solutions_are_as_far_apart_as_legs_differ() {
        let one = individual(&[&[0, 1], &[2, 3]]);
        assert_eq!(one.distance(&one), 0);
        assert_eq!(one.distance(&individual(&[&[2, 3], &[0, 1]])), 0);
        // The leg from 0 to 1 turned round, and 0 is no longer first.
        assert_eq!(one.distance(&individual(&[&[1, 0], &[2, 3]])), 750);
    }
}

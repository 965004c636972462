//! What is on board along a route when goods are also collected.
//!
//! Deliveries are on board from the start to their client, collections from their client to the end; a client fits
//! between two nodes if the fullest moment before leaves room for its delivery and the fullest after for its
//! collection. Without collections the start is the fullest moment and nothing is kept here.

use super::problem::Problem;
use super::state::Visit;

/// The fullest moments before and after each node, by dimension.
#[derive(Debug)]
pub(super) struct LoadProfile {
    dims: usize,
    /// Fullest from the start up to leaving the node.
    before: Vec<i64>,
    /// Fullest from leaving the node on.
    after: Vec<i64>,
}

impl LoadProfile {
    /// Room for `n_nodes` nodes, or for none if nothing is collected.
    pub(super) fn new(problem: &Problem, n_nodes: usize) -> Self {
        let dims = problem.n_dims();
        let size = if problem.features().collections {
            n_nodes * dims
        } else {
            0
        };
        Self {
            dims,
            before: vec![0; size],
            after: vec![0; size],
        }
    }

    /// Whether anything is kept.
    pub(super) fn is_kept(&self) -> bool {
        !self.before.is_empty()
    }

    /// Recomputes the nodes of `slot`.
    pub(super) fn refresh(
        &mut self,
        problem: &Problem,
        slot: u32,
        n: u32,
        visits: &[Visit],
        loads: &[i64],
    ) {
        if !self.is_kept() {
            return;
        }
        let sentinel = n + slot;
        for dim in 0..self.dims {
            let mut load = loads[slot as usize * self.dims + dim];
            let mut fullest = load;
            let mut node = sentinel;
            loop {
                self.before[node as usize * self.dims + dim] = fullest;
                self.after[node as usize * self.dims + dim] = load;
                node = visits[node as usize].succ;
                if node >= n {
                    break;
                }
                let client = &problem.clients()[node as usize];
                load += client.collection[dim] - client.delivery[dim];
                fullest = fullest.max(load);
            }
            let mut fullest = i64::MIN;
            let mut node = visits[sentinel as usize].pred;
            loop {
                let after = &mut self.after[node as usize * self.dims + dim];
                fullest = fullest.max(*after);
                *after = fullest;
                if node >= n {
                    break;
                }
                node = visits[node as usize].pred;
            }
        }
    }

    /// Whether the fullest moment of the route that starts at `sentinel` fits.
    pub(super) fn peak_fits(&self, sentinel: u32, capacity: &[i64]) -> bool {
        let at = sentinel as usize * self.dims;
        let peaks = &self.after[at..at + self.dims];
        peaks.iter().zip(capacity).all(|(peak, room)| peak <= room)
    }

    /// Whether `client` fits behind `node` in a vehicle with `capacity`.
    #[inline]
    pub(super) fn fits(&self, problem: &Problem, capacity: &[i64], client: u32, node: u32) -> bool {
        let client = &problem.clients()[client as usize];
        (0..self.dims).all(|dim| {
            let at = node as usize * self.dims + dim;
            self.before[at] + client.delivery[dim] <= capacity[dim]
                && self.after[at] + client.collection[dim] <= capacity[dim]
        })
    }
}

//! A part of a problem as a problem of its own, with a table of its arcs.

use super::arcs::Arcs;
use super::{Client, Problem, Reload, VehicleType};

/// Some clients and vehicles of a problem.
///
/// A route has the same cost here and in the whole, and so has leaving a client out: indices are all that differs.
#[derive(Debug)]
pub(in crate::solver) struct Part {
    /// The part, whose clients and types are numbered anew.
    pub(in crate::solver) problem: Problem,
    /// Clients of the whole, by their number here.
    pub(in crate::solver) clients: Vec<u32>,
    /// Types of the whole, by their number here.
    pub(in crate::solver) kinds: Vec<u32>,
}

impl Problem {
    /// The problem of serving `clients` with so many vehicles of each of `fleet`'s types, which must not be none.
    ///
    /// Shape: time and memory grow with the square of the number of clients.
    pub(in crate::solver) fn part(&self, clients: Vec<u32>, fleet: &[(u32, u32)]) -> Part {
        let stations = self.stations(fleet);
        let nowhere = self.n_nodes - 1;
        let nodes: Vec<usize> = clients
            .iter()
            .map(|&client| client as usize)
            .chain(stations.iter().copied())
            .chain([nowhere])
            .collect();
        let profiles: Vec<usize> = (0..self.n_profiles)
            .filter(|&profile| {
                let mut types = fleet.iter().map(|&(kind, _)| &self.types[kind as usize]);
                types.any(|kind| kind.profile == profile)
            })
            .collect();
        let station = |node: usize| stations.iter().position(|&other| other == node);
        let kind = |&(kind, count): &(u32, u32)| {
            let whole = &self.types[kind as usize];
            VehicleType {
                count,
                capacity: whole.capacity.clone(),
                start: station(self.start_node(kind as usize)).unwrap_or(0),
                // Open ends have no station, and get the one behind all others.
                end: station(self.end_node(kind as usize)).or(Some(stations.len())),
                profile: profiles.partition_point(|&other| other < whole.profile),
                reloads: (whole.reloads.iter())
                    .map(|reload| Reload {
                        station: station(self.clients.len() + reload.station).unwrap_or(0),
                        ..*reload
                    })
                    .collect(),
                breaks: whole.breaks.clone(),
                ..*whole
            }
        };
        let client = |&client: &u32| self.client_of_part(client, fleet, &stations);
        let mut problem = Self::assemble(
            clients.iter().map(client).collect(),
            fleet.iter().map(kind).collect(),
            nodes.len(),
            profiles.len(),
        );
        let arcs = |&profile: &usize| {
            Arcs::between(clients.len(), &nodes, |from, to| {
                self.arc(profile, from, to)
            })
        };
        problem.arcs = profiles.iter().map(arcs).collect();
        problem.arc_cost_mean = self.arc_cost_mean;
        problem.drop_cost = clients
            .iter()
            .map(|&client| self.drop_cost[client as usize])
            .collect();
        Part {
            problem,
            clients,
            kinds: fleet.iter().map(|&(kind, _)| kind).collect(),
        }
    }

    /// Nodes where vehicles of the types start and end, ascending.
    fn stations(&self, fleet: &[(u32, u32)]) -> Vec<usize> {
        let nodes = fleet.iter().flat_map(|&(kind, _)| {
            let reloads = self.types[kind as usize].reloads.iter();
            let reloads = reloads.map(|reload| self.clients.len() + reload.station);
            [self.start_node(kind as usize), self.end_node(kind as usize)]
                .into_iter()
                .chain(reloads)
        });
        let mut stations: Vec<usize> = nodes.filter(|&node| node + 1 < self.n_nodes).collect();
        stations.sort_unstable();
        stations.dedup();
        stations
    }

    fn client_of_part(&self, client: u32, fleet: &[(u32, u32)], stations: &[usize]) -> Client {
        let whole = &self.clients[client as usize];
        let admitted = if whole.admitted.contains(&false) {
            let admits = |&(kind, _): &(u32, u32)| self.admits(kind as usize, client as usize);
            fleet.iter().map(admits).collect()
        } else {
            Vec::new()
        };
        // By the stations of the part, in their new sequence; where open ends lead is none of them.
        let of_part = |allowed: &[bool]| -> Vec<bool> {
            let is_allowed = |node: &usize| allowed.get(node - self.clients.len()) == Some(&true);
            match allowed {
                [] => Vec::new(),
                _ => stations.iter().map(is_allowed).collect(),
            }
        };
        Client {
            admitted,
            sources: of_part(&whole.sources),
            sinks: of_part(&whole.sinks),
            windows: whole.windows.clone(),
            delivery: whole.delivery.clone(),
            collection: whole.collection.clone(),
            service: whole.service.clone(),
            ..*whole
        }
    }
}

//! The routing problem in dense indices: clients, vehicle types, arcs.
//!
//! Knows no ids, no calendar and no currency: times are `i32` seconds since an origin the caller chose, costs `i64` in
//! a unit the caller chose.

mod arcs;
mod client;
mod costs;
mod features;
mod part;
mod siblings;
mod vehicle;

use super::hazard::HarmLimit;
pub use arcs::Arc;
use arcs::{ArcFunction, Arcs, TimedArcs, arc_or_nowhere};
pub use client::{Client, DropRule, Window};
pub(super) use features::Features;
pub(super) use part::Part;
pub use vehicle::{Break, BreakRule, Reload, VehicleType};

/// A time or distance that no route can have: stands for "no way".
pub const FAR: i32 = 1 << 28;

/// Largest number of clients a problem may have.
pub const CLIENTS_MAX: usize = 200_000;

/// Problems with more clients keep no table of arcs, whose size grows with the square of their number, and are solved
/// in parts.
pub const TABLE_CLIENTS_MAX: usize = 4_000;

/// A routing problem.
///
/// Nodes are clients `0..n_clients`, then stations. Built once, read by all threads.
///
/// Shape: up to [`TABLE_CLIENTS_MAX`] clients it holds all arcs, 8 bytes a pair of clients and profile (16 if travel
/// times are no distances); beyond, a few hundred bytes a client, and arcs are asked for.
#[derive(Debug)]
pub struct Problem {
    clients: Vec<Client>,
    types: Vec<VehicleType>,
    n_nodes: usize,
    n_dims: usize,
    n_profiles: usize,
    /// By profile; empty if `arc_function` is there instead.
    arcs: Vec<Arcs>,
    arc_function: Option<ArcFunction>,
    /// By profile, how travel changes in the course of time; empty if it never does.
    timed: Vec<Option<TimedArcs>>,
    /// What clients have delivered, row by row.
    deliveries: Vec<i64>,
    drop_cost: Vec<i64>,
    arc_cost_mean: f64,
    vehicle_cost: i64,
    features: Features,
    harm_limit: Option<HarmLimit>,
    /// For each type those that may take over its routes.
    siblings: Vec<Vec<u32>>,
}

impl Problem {
    /// Builds a problem of any size: with a table of arcs if it is small enough for one, or else with `arc` itself.
    ///
    /// `arc(profile, from, to)` must always give the same answer, and gives it the quicker the better: a search asks
    /// again and again. Otherwise as [`Problem::new`].
    ///
    /// # Panics
    /// As [`Problem::new`].
    pub fn of_any_size(
        clients: Vec<Client>,
        types: Vec<VehicleType>,
        n_stations: usize,
        n_profiles: usize,
        arc: impl Fn(usize, usize, usize) -> Arc + Send + Sync + 'static,
    ) -> Self {
        if clients.len() <= TABLE_CLIENTS_MAX {
            Self::new(clients, types, n_stations, n_profiles, arc)
        } else {
            Self::without_table(clients, types, n_stations, n_profiles, arc)
        }
    }

    /// Builds a problem that asks `arc` whenever it needs an arc.
    pub(super) fn without_table(
        clients: Vec<Client>,
        mut types: Vec<VehicleType>,
        n_stations: usize,
        n_profiles: usize,
        arc: impl Fn(usize, usize, usize) -> Arc + Send + Sync + 'static,
    ) -> Self {
        let n_nodes = add_nowhere(&clients, &mut types, n_stations);
        let mut problem = Self::assemble(clients, types, n_nodes, n_profiles);
        let arc = move |profile, from, to| {
            arc_or_nowhere(n_nodes - 1, from, to, |from, to| arc(profile, from, to))
        };
        problem.arc_function = Some(ArcFunction(Box::new(arc)));
        problem.settle_costs();
        problem
    }

    /// Builds a problem with a table of all arcs; `arc(profile, from, to)` is asked once for every pair of nodes with a client in it.
    ///
    /// `n_stations` stations follow the clients in the numbering of nodes. Open ends are given a station of their own.
    ///
    /// # Panics
    /// If there are more than [`CLIENTS_MAX`] clients, no vehicle type, an index out of range, or both reloads and breaks:
    /// the caller validates.
    pub fn new(
        clients: Vec<Client>,
        mut types: Vec<VehicleType>,
        n_stations: usize,
        n_profiles: usize,
        arc: impl Fn(usize, usize, usize) -> Arc + Sync,
    ) -> Self {
        let n_nodes = add_nowhere(&clients, &mut types, n_stations);
        let arc = |profile, from, to| {
            arc_or_nowhere(n_nodes - 1, from, to, |from, to| arc(profile, from, to))
        };
        let arcs = (0..n_profiles)
            .map(|p| Arcs::new(clients.len(), n_nodes, |a, b| arc(p, a, b)))
            .collect();
        let mut problem = Self::assemble(clients, types, n_nodes, n_profiles);
        problem.arcs = arcs;
        problem.settle_costs();
        problem
    }

    /// A problem without arcs and without what rests on them.
    fn assemble(
        clients: Vec<Client>,
        types: Vec<VehicleType>,
        n_nodes: usize,
        n_profiles: usize,
    ) -> Self {
        let mut features = Features::of(&clients, &types);
        let siblings = siblings::siblings(&types, features);
        features.siblings = siblings.iter().any(|siblings| !siblings.is_empty());
        let n_dims = types[0].capacity.len();
        let deliveries = clients
            .iter()
            .flat_map(|client| client.delivery.iter().copied())
            .collect();
        Self {
            clients,
            types,
            n_nodes,
            n_dims,
            n_profiles,
            arcs: Vec::new(),
            arc_function: None,
            timed: Vec::new(),
            deliveries,
            drop_cost: Vec::new(),
            arc_cost_mean: 0.0,
            vehicle_cost: 0,
            features,
            harm_limit: None,
            siblings,
        }
    }

    fn settle_costs(&mut self) {
        self.arc_cost_mean = self.sample_arc_cost();
        self.drop_cost = self.drop_costs();
    }

    /// Limits the harm that all routes together may do.
    ///
    /// # Panics
    /// If vehicles may reload, for it is trips that the search looks at, or there is no table of arcs. The caller
    /// validates.
    #[must_use]
    pub fn with_harm_limit(mut self, limit: HarmLimit) -> Self {
        assert!(
            !self.features.reloads && !self.has_no_table(),
            "the caller validates that no vehicle reloads and that there are not too many clients"
        );
        self.harm_limit = Some(limit);
        self.features.hazards = true;
        self.drop_cost = self.drop_costs();
        self
    }

    /// The limit on harm, if there is one.
    pub(super) fn harm_limit(&self) -> Option<&HarmLimit> {
        self.harm_limit.as_ref()
    }

    /// Whether arcs are asked for instead of read from a table: only parts of such a problem can be annealed.
    pub(super) fn has_no_table(&self) -> bool {
        self.arc_function.is_some()
    }

    /// The same problem with the number of vehicles as the first aim, and cost as the second.
    ///
    /// Every route costs so much more that, as far as 64 bits reach, no saving of other cost is worth a route;
    /// a `Tiered` or `Required` client still is. What a route costs for this reason is [`Problem::vehicle_cost`].
    #[must_use]
    pub fn with_fleet_first(mut self) -> Self {
        let cost = self.solution_cost_bound();
        self.vehicle_cost += cost;
        for kind in &mut self.types {
            kind.fixed += cost;
        }
        self.drop_cost = self.drop_costs();
        self
    }

    /// The part of every route's fixed cost that stands for the aim of few vehicles and is no cost to anyone.
    #[must_use]
    pub fn vehicle_cost(&self) -> i64 {
        self.vehicle_cost
    }

    /// Number of clients.
    #[must_use]
    pub fn n_clients(&self) -> usize {
        self.clients.len()
    }

    /// Number of load dimensions.
    #[must_use]
    pub fn n_dims(&self) -> usize {
        self.n_dims
    }

    /// The clients.
    #[must_use]
    pub fn clients(&self) -> &[Client] {
        &self.clients
    }

    /// The vehicle types.
    #[must_use]
    pub fn types(&self) -> &[VehicleType] {
        &self.types
    }

    /// Node of a type's start station.
    #[must_use]
    pub fn start_node(&self, kind: usize) -> usize {
        self.clients.len() + self.types[kind].start
    }

    /// Node of a type's end station.
    #[must_use]
    pub fn end_node(&self, kind: usize) -> usize {
        self.clients.len() + self.types[kind].end.unwrap_or(0)
    }

    /// What is delivered to `client`, by dimension.
    #[inline]
    pub(super) fn delivery(&self, client: usize) -> &[i64] {
        &self.deliveries[client * self.n_dims..(client + 1) * self.n_dims]
    }

    /// What the problem has beyond the plain.
    pub(super) fn features(&self) -> Features {
        self.features
    }

    /// What leaving `client` out costs, on one scale with all other costs.
    #[must_use]
    pub fn drop_cost(&self, client: usize) -> i64 {
        self.drop_cost[client]
    }

    /// Mean cost of an arc between two random clients, driven by the first vehicle type.
    pub fn arc_cost_mean(&self) -> f64 {
        self.arc_cost_mean
    }

    /// Whether vehicles of type `kind` may serve `client`.
    #[must_use]
    pub fn admits(&self, kind: usize, client: usize) -> bool {
        !self.features.admissions
            || self.clients[client]
                .admitted
                .get(kind)
                .copied()
                .unwrap_or(true)
    }

    /// The types whose vehicles may take over routes of `kind` as they are, itself included; none if there is no other.
    #[inline]
    pub(super) fn siblings(&self, kind: usize) -> &[u32] {
        &self.siblings[kind]
    }

    /// Whether vehicles of two types drive alike: between the same stations, over the same arcs, at the same pace.
    pub(super) fn are_alike(&self, kind: usize, other: usize) -> bool {
        let way = |kind: usize| {
            let kind = &self.types[kind];
            (kind.profile, kind.pace, kind.start, kind.end)
        };
        kind == other || way(kind) == way(other)
    }

    /// Number of profiles.
    pub(super) fn n_profiles(&self) -> usize {
        self.n_profiles
    }
}

/// Gives open ends a station of their own, the last node, and returns the number of nodes.
fn add_nowhere(clients: &[Client], types: &mut [VehicleType], n_stations: usize) -> usize {
    assert!(
        clients.len() <= CLIENTS_MAX && !types.is_empty(),
        "the caller validates the size"
    );
    for kind in types {
        kind.end.get_or_insert(n_stations);
    }
    clients.len() + n_stations + 1
}

//! The routing problem in dense indices: clients, vehicle types, arcs.
//!
//! Knows no ids, no calendar and no currency: times are `i32` seconds since an origin the caller chose, costs `i64` in
//! a unit the caller chose.

mod costs;
mod part;
mod siblings;

use std::fmt;

use super::clockwork::{Clockwork, Row};
pub(super) use part::Part;

/// A time or distance that no route can have: stands for "no way".
pub const FAR: i32 = 1 << 28;

/// Largest number of clients a problem may have.
pub const CLIENTS_MAX: usize = 200_000;

/// Problems with more clients keep no table of arcs, whose size grows with the square of their number, and are solved
/// in parts.
pub const TABLE_CLIENTS_MAX: usize = 4_000;

/// When service may start, and what choosing this window costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// First second.
    pub start: i32,
    /// Last second.
    pub end: i32,
    /// Cost of starting service in this window.
    pub cost: i64,
}

/// What leaving a client out means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropRule {
    /// Outweighs everything else.
    Required,
    /// Outweighs every cost; the sum of these weights over the clients left out is minimized before cost.
    Tiered(u32),
    /// Costs this much, traded against other costs.
    Priced(i64),
}

/// One order to be served.
#[derive(Clone, Debug)]
pub struct Client {
    /// Windows to choose from, at least one.
    pub windows: Vec<Window>,
    /// The trip with this client begins to load no earlier.
    pub ready: Option<i32>,
    /// On board from the start of the trip to this client, by dimension.
    pub delivery: Vec<i64>,
    /// On board from this client to the end of the trip, by dimension.
    pub collection: Vec<i64>,
    /// What leaving it out means.
    pub drop: DropRule,
    /// Service time by pace (see [`VehicleType::pace`]).
    pub service: Vec<i32>,
    /// For each vehicle type whether it may serve the client; empty if all may.
    pub admitted: Vec<bool>,
    /// For each station whether the trip that serves the client may start there; empty if it may start anywhere.
    pub sources: Vec<bool>,
    /// For each station whether the trip that serves the client may end there; empty if it may end anywhere.
    pub sinks: Vec<bool>,
}

/// A station where a vehicle may end one trip and load for the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reload {
    /// Which station.
    pub station: usize,
    /// Time between beginning to load, when the vehicle is there and all goods of the trip are ready, and leaving.
    pub loading: i32,
}

/// When a driver's break has to begin, if it is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BreakRule {
    /// In a window; owed by a route that starts before its end and ends after it.
    Window {
        /// First second.
        start: i32,
        /// Last second.
        end: i32,
    },
    /// No later than this much after the end of the break before, or the start of the route if there was none, with a client
    /// in between; owed by a route that ends later than that.
    AfterWork(i32),
}

/// A break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Break {
    /// How long it takes.
    pub duration: i32,
    /// When it has to begin.
    pub rule: BreakRule,
}

/// Vehicles that are alike.
#[derive(Clone, Debug)]
pub struct VehicleType {
    /// How many there are.
    pub count: u32,
    /// What one holds, by dimension; `i64::MAX` for no limit.
    pub capacity: Vec<i64>,
    /// Station where routes start.
    pub start: usize,
    /// Station where routes end; `None` to end at the last client.
    pub end: Option<usize>,
    /// Earliest start.
    pub earliest: i32,
    /// Latest end.
    pub latest: i32,
    /// Time between the start and leaving the start station.
    pub loading: i32,
    /// Where it may load for further trips, 255 stations at most.
    pub reloads: Vec<Reload>,
    /// Largest number of further trips.
    pub max_reloads: u32,
    /// Breaks, taken in this sequence, behind the loading at the start or the service of a client.
    pub breaks: Vec<Break>,
    /// Cost of a route with any client.
    pub fixed: i64,
    /// Cost of one unit of distance.
    pub per_distance: i64,
    /// Cost of one second from start to end.
    pub per_time: i64,
    /// Cost of one second beyond `regular_duration`, on top.
    pub per_overtime: i64,
    /// Duration without overtime.
    pub regular_duration: i32,
    /// Largest number of clients.
    pub max_clients: u32,
    /// Largest distance.
    pub max_distance: i64,
    /// Longest time from start to end.
    pub max_duration: i32,
    /// Which arcs it drives on.
    pub profile: usize,
    /// Which of the clients' service times it has.
    pub pace: usize,
}

impl VehicleType {
    /// Whether its routes may have several trips.
    #[must_use]
    pub fn may_reload(&self) -> bool {
        !self.reloads.is_empty() && self.max_reloads > 0
    }
}

/// Travel time and distance of one arc.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arc {
    /// Seconds.
    pub duration: i32,
    /// Units of distance.
    pub distance: i32,
}

/// The arcs of one profile, seen from each client: `[out, in]` pairs, so that everything an insertion needs stands in
/// one row.
///
/// Shape: `n_clients` rows of `2 * n_nodes` values; durations share the distances' table when both are equal.
#[derive(Debug)]
struct Arcs {
    distance: Vec<i32>,
    duration: Option<Vec<i32>>,
}

/// Gives the arc of a profile from one node to another.
struct ArcFunction(Box<dyn Fn(usize, usize, usize) -> Arc + Send + Sync>);

impl fmt::Debug for ArcFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ArcFunction")
    }
}

/// How the arcs of one profile change in the course of time.
#[derive(Debug)]
struct TimedArcs {
    clock: Clockwork,
    /// Rows as those of [`Arcs`].
    tables: Vec<Vec<i32>>,
}

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
    /// For each type those that may take over its routes.
    siblings: Vec<Vec<u32>>,
}

/// What a problem has beyond time windows and deliveries; what is absent costs nothing to search.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Features {
    /// Duration costs, overtime, duration limits, or breaks.
    pub(super) durations: bool,
    /// Clients that are not ready at the start.
    pub(super) releases: bool,
    /// Goods brought back.
    pub(super) collections: bool,
    /// Distance limits.
    pub(super) distances: bool,
    /// Clients that not every vehicle may serve.
    pub(super) admissions: bool,
    /// Travel that depends on the time of day.
    pub(super) timed: bool,
    /// Vehicle types that may take over each other's routes.
    pub(super) siblings: bool,
    /// Limits on the number of clients.
    pub(super) counts: bool,
    /// Routes of several trips.
    pub(super) reloads: bool,
    /// Clients whose trips may not start or end everywhere.
    pub(super) stations: bool,
    /// Drivers who take breaks.
    pub(super) breaks: bool,
}

impl Features {
    /// Whether routes carry more than earliest departures and latest arrivals.
    pub(super) fn are_rich(self) -> bool {
        self.durations || self.releases || self.collections
    }

    /// Whether more than times and detours decides where a client fits.
    pub(super) fn are_weighed(self) -> bool {
        self.durations || self.collections
    }
}

impl VehicleType {
    /// Whether it matters how long its routes take.
    pub(super) fn minds_duration(&self) -> bool {
        self.per_time > 0
            || self.per_overtime > 0
            || self.max_duration < self.latest - self.earliest
    }
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
        assert!(
            !features.reloads || !features.breaks,
            "the caller validates that nobody takes breaks where vehicles reload"
        );
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
            siblings,
        }
    }

    fn settle_costs(&mut self) {
        self.arc_cost_mean = self.sample_arc_cost();
        self.drop_cost = self.drop_costs();
    }

    /// Whether arcs are asked for instead of read from a table: only parts of such a problem can be annealed.
    pub(super) fn has_no_table(&self) -> bool {
        self.arc_function.is_some()
    }

    /// Lets travel of `profile` depend on the time of day; `value(table, from, to)` is asked for every pair of nodes with
    /// a client in it, as the arcs were, and every table of `clock`.
    ///
    /// The durations given for the arcs must be the shortest at any time.
    ///
    /// # Panics
    /// If vehicles may reload or drivers take breaks: both take every arc to be the same at all times. The caller
    /// validates.
    #[must_use]
    pub fn with_clock(
        mut self,
        profile: usize,
        clock: Clockwork,
        value: impl Fn(usize, usize, usize) -> i32 + Sync,
    ) -> Self {
        assert!(
            !self.features.reloads && !self.features.breaks,
            "the caller validates that no vehicle reloads and no driver takes breaks"
        );
        let nowhere = self.n_nodes - 1;
        let value = |table, from, to| match (from == nowhere, to == nowhere) {
            (false, false) => value(table, from, to),
            (false, true) => 0,
            (true, _) => FAR,
        };
        let tables = (0..clock.n_tables())
            .map(|table| self.fill(|from, to| value(table, from, to)))
            .collect();
        self.timed.resize_with(self.arcs.len(), || None);
        self.timed[profile] = Some(TimedArcs { clock, tables });
        self.features.timed = true;
        self
    }

    /// A table with rows as those of [`Arcs`].
    fn fill(&self, value: impl Fn(usize, usize) -> i32 + Sync) -> Vec<i32> {
        use rayon::prelude::*;
        let width = 2 * self.n_nodes;
        let mut table = vec![0; self.clients.len() * width];
        let rows = table.par_chunks_mut(width.max(1)).enumerate();
        rows.for_each(|(client, row)| {
            for node in 0..self.n_nodes {
                row[2 * node] = value(client, node).min(FAR);
                row[2 * node + 1] = value(node, client).min(FAR);
            }
        });
        table
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
    pub(super) fn arc_cost_mean(&self) -> f64 {
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

    /// The arc between two nodes of which at least one is a client; nothing between two stations.
    ///
    /// Where travel depends on the time of day, its duration is the shortest at any time: enough to rule arcs out, not to
    /// tell when a vehicle arrives.
    #[must_use]
    pub fn arc(&self, profile: usize, from: usize, to: usize) -> Arc {
        let n = self.clients.len();
        if from >= n && to >= n {
            return Arc {
                duration: 0,
                distance: 0,
            };
        }
        if let Some(ArcFunction(arc)) = &self.arc_function {
            return arc(profile, from, to);
        }
        let (row, column) = if from < n {
            (from, 2 * to)
        } else {
            (to, 2 * from + 1)
        };
        Arc {
            duration: self.durations(profile, row)[column],
            distance: self.distances(profile, row)[column],
        }
    }

    /// Distances from and to `client`: `[out, in]` for each node.
    pub(super) fn distances(&self, profile: usize, client: usize) -> &[i32] {
        let width = 2 * self.n_nodes;
        &self.arcs[profile].distance[client * width..(client + 1) * width]
    }

    /// Travel times from and to `client`: `[out, in]` for each node.
    pub(super) fn durations(&self, profile: usize, client: usize) -> &[i32] {
        let width = 2 * self.n_nodes;
        let table = self.arcs[profile]
            .duration
            .as_ref()
            .unwrap_or(&self.arcs[profile].distance);
        &table[client * width..(client + 1) * width]
    }

    /// The arcs of `client` at any time of day.
    pub(super) fn row(&self, profile: usize, client: usize) -> Row<'_> {
        let timed = self.timed.get(profile).and_then(Option::as_ref);
        let width = 2 * self.n_nodes;
        Row {
            durations: self.durations(profile, client),
            timed: timed.map(|timed| (&timed.clock, timed.tables.as_slice(), client * width)),
        }
    }

    /// When who leaves `from` at `departure` arrives at `to`; at once between two stations.
    pub(super) fn arrival(&self, profile: usize, from: usize, to: usize, departure: i32) -> i32 {
        if self.timed.is_empty() {
            return departure + self.arc(profile, from, to).duration;
        }
        self.row_of(profile, from, to)
            .map_or(departure, |(row, column)| row.arrival(column, departure))
    }

    /// When one has to leave `from` at the latest to arrive at `to` by `arrival`.
    pub(super) fn departure(&self, profile: usize, from: usize, to: usize, arrival: i32) -> i32 {
        if self.timed.is_empty() {
            return arrival - self.arc(profile, from, to).duration;
        }
        self.row_of(profile, from, to)
            .map_or(arrival, |(row, column)| row.departure(column, arrival))
    }

    /// The row and column of an arc; `None` between two stations.
    pub(super) fn row_of(
        &self,
        profile: usize,
        from: usize,
        to: usize,
    ) -> Option<(Row<'_>, usize)> {
        let n = self.clients.len();
        if from < n {
            Some((self.row(profile, from), 2 * to))
        } else if to < n {
            Some((self.row(profile, to), 2 * from + 1))
        } else {
            None
        }
    }

    /// Number of profiles.
    pub(super) fn n_profiles(&self) -> usize {
        self.n_profiles
    }

    /// Cost of driving `arc` with `kind`, its duration included.
    pub(super) fn arc_cost(&self, kind: usize, arc: Arc) -> i64 {
        let kind = &self.types[kind];
        kind.per_distance * i64::from(arc.distance) + kind.per_time * i64::from(arc.duration)
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

/// The arc between two nodes that may be the station of open ends: it is reached at once, and nothing starts there.
fn arc_or_nowhere(
    nowhere: usize,
    from: usize,
    to: usize,
    arc: impl Fn(usize, usize) -> Arc,
) -> Arc {
    let all = |value| Arc {
        duration: value,
        distance: value,
    };
    match (from == nowhere, to == nowhere) {
        (false, false) => limited(arc(from, to)),
        (false, true) => all(0),
        (true, _) => all(FAR),
    }
}

/// An arc with nothing beyond [`FAR`].
fn limited(arc: Arc) -> Arc {
    let is_way = arc.duration < FAR;
    Arc {
        duration: arc.duration.min(FAR),
        distance: if is_way { arc.distance.min(FAR) } else { FAR },
    }
}

impl Arcs {
    fn new(n_clients: usize, n_nodes: usize, arc: impl Fn(usize, usize) -> Arc + Sync) -> Self {
        use rayon::prelude::*;
        let width = 2 * n_nodes;
        let mut distance = vec![0; n_clients * width];
        let mut duration = vec![0; n_clients * width];
        let rows = distance
            .par_chunks_mut(width)
            .zip(duration.par_chunks_mut(width));
        rows.enumerate()
            .for_each(|(client, (distances, durations))| {
                for node in 0..n_nodes {
                    for (column, arc) in [
                        (2 * node, arc(client, node)),
                        (2 * node + 1, arc(node, client)),
                    ] {
                        distances[column] = arc.distance;
                        durations[column] = arc.duration;
                    }
                }
            });
        let differ = duration != distance;
        Self {
            distance,
            duration: differ.then_some(duration),
        }
    }
}

impl Features {
    fn of(clients: &[Client], types: &[VehicleType]) -> Self {
        Self {
            durations: types
                .iter()
                .any(|kind| kind.minds_duration() || !kind.breaks.is_empty()),
            releases: clients.iter().any(|client| client.ready.is_some()),
            collections: clients
                .iter()
                .any(|client| client.collection.iter().any(|&load| load > 0)),
            distances: types.iter().any(|kind| kind.max_distance < i64::MAX),
            admissions: clients
                .iter()
                .any(|client| client.admitted.contains(&false)),
            timed: false,
            siblings: false,
            counts: types.iter().any(|kind| kind.max_clients < u32::MAX),
            reloads: types.iter().any(VehicleType::may_reload),
            stations: clients
                .iter()
                .any(|client| !client.sources.is_empty() || !client.sinks.is_empty()),
            breaks: types.iter().any(|kind| !kind.breaks.is_empty()),
        }
    }
}

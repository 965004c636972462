//! The arcs of a problem: how far it is from node to node, and how long it takes, at any time of day.
//!
//! Knows nodes and profiles, and of vehicles what it costs them to drive along an arc; nothing of windows and goods.

use std::fmt;

use super::{FAR, Problem};
use crate::solver::breaks::timed::BREAKS_MAX;
use crate::solver::clockwork::{Clockwork, Row};

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
pub(super) struct Arcs {
    distance: Vec<i32>,
    duration: Option<Vec<i32>>,
}

impl Arcs {
    /// All arcs between `n_nodes` nodes, the first `n_clients` of which are clients; `arc` is asked on many threads.
    pub(super) fn new(
        n_clients: usize,
        n_nodes: usize,
        arc: impl Fn(usize, usize) -> Arc + Sync,
    ) -> Self {
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

    /// The arcs between `nodes`, the first `n_clients` of which are clients; `arc` is asked once for each.
    ///
    /// On the calling thread alone: parts are many, and each has a thread.
    pub(super) fn between(
        n_clients: usize,
        nodes: &[usize],
        arc: impl Fn(usize, usize) -> Arc,
    ) -> Self {
        let width = 2 * nodes.len();
        let mut distance = vec![0; n_clients * width];
        let mut duration = vec![0; n_clients * width];
        let mut set = |at: usize, arc: Arc| {
            distance[at] = arc.distance;
            duration[at] = arc.duration;
        };
        for (row, &from) in nodes.iter().enumerate() {
            for (column, &to) in nodes.iter().enumerate() {
                if row >= n_clients && column >= n_clients {
                    continue;
                }
                let arc = arc(from, to);
                if row < n_clients {
                    set(row * width + 2 * column, arc);
                }
                if column < n_clients {
                    set(column * width + 2 * row + 1, arc);
                }
            }
        }
        let differ = duration != distance;
        Self {
            distance,
            duration: differ.then_some(duration),
        }
    }
}

/// Gives the arc of a profile from one node to another.
pub(super) struct ArcFunction(pub(super) Box<dyn Fn(usize, usize, usize) -> Arc + Send + Sync>);

impl fmt::Debug for ArcFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ArcFunction")
    }
}

/// How the arcs of one profile change in the course of time.
#[derive(Debug)]
pub(super) struct TimedArcs {
    clock: Clockwork,
    /// Rows as those of [`Arcs`].
    tables: Vec<Vec<i32>>,
}

impl Problem {
    /// Lets travel of `profile` depend on the time of day; `value(table, from, to)` is asked for every pair of nodes with
    /// a client in it, as the arcs were, and every table of `clock`.
    ///
    /// The durations given for the arcs must be the shortest at any time.
    ///
    /// # Panics
    /// If some driver takes more than `BREAKS_MAX` breaks. The caller validates.
    #[must_use]
    pub fn with_clock(
        mut self,
        profile: usize,
        clock: Clockwork,
        value: impl Fn(usize, usize, usize) -> i32 + Sync,
    ) -> Self {
        assert!(
            (self.types.iter()).all(|kind| kind.breaks.len() <= BREAKS_MAX),
            "the caller validates the number of breaks"
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
    pub(in crate::solver) fn distances(&self, profile: usize, client: usize) -> &[i32] {
        let width = 2 * self.n_nodes;
        &self.arcs[profile].distance[client * width..(client + 1) * width]
    }

    /// Travel times from and to `client`: `[out, in]` for each node.
    pub(in crate::solver) fn durations(&self, profile: usize, client: usize) -> &[i32] {
        let width = 2 * self.n_nodes;
        let table = self.arcs[profile]
            .duration
            .as_ref()
            .unwrap_or(&self.arcs[profile].distance);
        &table[client * width..(client + 1) * width]
    }

    /// The arcs of `client` at any time of day.
    pub(in crate::solver) fn row(&self, profile: usize, client: usize) -> Row<'_> {
        let timed = self.timed.get(profile).and_then(Option::as_ref);
        let width = 2 * self.n_nodes;
        Row {
            durations: self.durations(profile, client),
            timed: timed.map(|timed| (&timed.clock, timed.tables.as_slice(), client * width)),
        }
    }

    /// When who leaves `from` at `departure` arrives at `to`; at once between two stations.
    #[must_use]
    pub fn arrival(&self, profile: usize, from: usize, to: usize, departure: i32) -> i32 {
        if self.timed.is_empty() {
            return departure + self.arc(profile, from, to).duration;
        }
        self.row_of(profile, from, to)
            .map_or(departure, |(row, column)| row.arrival(column, departure))
    }

    /// When one has to leave `from` at the latest to arrive at `to` by `arrival`.
    pub(in crate::solver) fn departure(
        &self,
        profile: usize,
        from: usize,
        to: usize,
        arrival: i32,
    ) -> i32 {
        if self.timed.is_empty() {
            return arrival - self.arc(profile, from, to).duration;
        }
        self.row_of(profile, from, to)
            .map_or(arrival, |(row, column)| row.departure(column, arrival))
    }

    /// The row and column of an arc; `None` between two stations.
    pub(in crate::solver) fn row_of(
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

    /// Cost of driving `arc` with `kind`, its duration included.
    pub(in crate::solver) fn arc_cost(&self, kind: usize, arc: Arc) -> i64 {
        let kind = &self.types[kind];
        kind.per_distance * i64::from(arc.distance) + kind.per_time * i64::from(arc.duration)
    }

    /// The longest arc that is a way. Without a table, at least that as far as no detour is shorter than the direct
    /// way: twice the longest of some clients.
    pub(super) fn longest_arc(&self, profile: usize) -> i32 {
        const PIVOTS: usize = 16;
        let ways = |value: &i32| *value < FAR;
        if let Some(arcs) = self.arcs.get(profile) {
            return arcs
                .distance
                .iter()
                .copied()
                .filter(ways)
                .max()
                .unwrap_or(0);
        }
        let n = self.clients.len();
        let pivots = (0..n).step_by(n.div_ceil(PIVOTS).max(1));
        let arcs = pivots.flat_map(|pivot| {
            (0..self.n_nodes).flat_map(move |node| [(pivot, node), (node, pivot)])
        });
        let longest = arcs
            .map(|(from, to)| self.arc(profile, from, to).distance)
            .filter(ways)
            .max();
        2 * longest.unwrap_or(0)
    }
}

/// The arc between two nodes that may be the station of open ends: it is reached at once, and nothing starts there.
pub(super) fn arc_or_nowhere(
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

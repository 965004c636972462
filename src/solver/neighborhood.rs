//! Granular neighborhoods: for each client the few others it makes sense to be next to.
//!
//! Source: Vidal et al. (2013), section 4.2: directed proximity of travel and unavoidable waiting.

use rayon::prelude::*;

use super::problem::{Arc, Client, FAR, Problem};

/// Neighbor lists of every client, nearest first, ties by index.
#[derive(Debug)]
pub(super) struct Neighborhood {
    insertion: Lists,
    ruin: Lists,
}

/// Lists of equal shape in one allocation.
#[derive(Debug)]
struct Lists {
    starts: Vec<u32>,
    items: Vec<u32>,
}

impl Lists {
    fn new(lists: Vec<Vec<u32>>) -> Self {
        let mut starts = Vec::with_capacity(lists.len() + 1);
        let mut items = Vec::with_capacity(lists.iter().map(Vec::len).sum());
        for list in &lists {
            starts.push(items.len() as u32);
            items.extend_from_slice(list);
        }
        starts.push(items.len() as u32);
        Self { starts, items }
    }

    fn get(&self, client: usize) -> &[u32] {
        &self.items[self.starts[client] as usize..self.starts[client + 1] as usize]
    }
}

impl Neighborhood {
    /// The `n_insertion` best neighbors for insertion and the `n_ruin` nearest for ruin; lists still to be made when
    /// `is_cancelled` says so stay empty.
    pub(super) fn new(
        problem: &Problem,
        n_insertion: usize,
        n_ruin: usize,
        is_cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Self {
        let n = problem.n_clients();
        let spans = Span::all(problem);
        let insertion = (0..n).into_par_iter().map(|client| {
            if is_cancelled() {
                return Vec::new();
            }
            let others = (0..n).filter(|&other| other != client);
            let scored = others.filter_map(|other| {
                let proximity = proximity(problem, &spans, client, other)?;
                Some((proximity, other as u32))
            });
            nearest(scored.collect(), n_insertion)
        });
        let ruin = (0..n).into_par_iter().map(|client| {
            if is_cancelled() {
                return Vec::new();
            }
            // The client itself comes first: a ruin starts with it.
            let scored = (0..n).map(|other| {
                (
                    if other == client {
                        -1
                    } else {
                        distance(problem, client, other)
                    },
                    other as u32,
                )
            });
            nearest(scored.collect(), n_ruin)
        });
        Self {
            insertion: Lists::new(insertion.collect()),
            ruin: Lists::new(ruin.collect()),
        }
    }

    /// Clients that `client` may be inserted next to.
    pub(super) fn insertion(&self, client: u32) -> &[u32] {
        self.insertion.get(client as usize)
    }

    /// Clients near `client`, itself first.
    pub(super) fn ruin(&self, client: u32) -> &[u32] {
        self.ruin.get(client as usize)
    }
}

fn nearest(mut scored: Vec<(i64, u32)>, count: usize) -> Vec<u32> {
    if scored.len() > count {
        scored.select_nth_unstable(count);
        scored.truncate(count);
    }
    scored.sort_unstable();
    scored.into_iter().map(|(_, client)| client).collect()
}

/// The shorter way between two clients, over all profiles.
fn distance(problem: &Problem, a: usize, b: usize) -> i64 {
    let ways = (0..problem.n_profiles()).flat_map(|profile| {
        let row = problem.distances(profile, a);
        [row[2 * b], row[2 * b + 1]]
    });
    i64::from(ways.min().unwrap_or(FAR))
}

/// When a client can be served and left, whatever window and vehicle.
#[derive(Clone, Copy)]
struct Span {
    opening: i32,
    closing: i32,
    service: i32,
}

impl Span {
    /// The span of each client.
    fn all(problem: &Problem) -> Vec<Self> {
        let span = |client: &Client| {
            let windows = || client.windows.iter();
            Self {
                opening: windows().map(|window| window.start).min().unwrap_or(0),
                closing: windows().map(|window| window.end).max().unwrap_or(0),
                service: client.service.iter().copied().min().unwrap_or(0),
            }
        };
        problem.clients().iter().map(span).collect()
    }
}

/// How little it costs to visit `b` right after `a` or the other way round; `None` if neither is possible.
fn proximity(problem: &Problem, spans: &[Span], a: usize, b: usize) -> Option<i64> {
    let profiles = 0..problem.n_profiles();
    profiles
        .flat_map(|profile| {
            // Both ways stand in the row of `a`, next to those of the last call and the next.
            let distances = problem.distances(profile, a);
            let durations = problem.durations(profile, a);
            let arc = |column: usize| Arc {
                duration: durations[column],
                distance: distances[column],
            };
            [
                directed(arc(2 * b), spans[a], spans[b]),
                directed(arc(2 * b + 1), spans[b], spans[a]),
            ]
        })
        .flatten()
        .min()
}

/// Distance plus a fifth of the waiting that cannot be avoided, in tenths, so that all of it is whole.
fn directed(arc: Arc, before: Span, after: Span) -> Option<i64> {
    let earliest = before.opening + before.service + arc.duration;
    let latest = before.closing + before.service + arc.duration;
    if arc.duration >= FAR || earliest > after.closing {
        return None;
    }
    Some(10 * i64::from(arc.distance) + 2 * i64::from((after.opening - latest).max(0)))
}

//! Instances that are as plain as a delivery day: one depot, vehicles that are alike, time windows.

use super::Instance;
use crate::formats::FormatError;

/// A vehicle routing problem with time windows and nothing else. Node 0 is the depot; numbers are in integer units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plain {
    /// Integer units per unit of the text.
    pub scale: i64,
    /// Whether ways are given as a matrix; otherwise they are as long as the straight line.
    pub has_matrix: bool,
    /// Vehicles there are.
    pub n_vehicles: usize,
    /// What a vehicle holds.
    pub capacity: i64,
    /// Longest time from leaving the depot to being back, if it is limited.
    pub max_duration: Option<i64>,
    /// The nodes, the depot first.
    pub nodes: Vec<PlainNode>,
}

/// A node of a plain instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlainNode {
    /// What it takes of a vehicle's capacity.
    pub demand: i64,
    /// First and last moment at which service may start.
    pub window: (i64, i64),
    /// How long service takes.
    pub service: i64,
}

impl Instance {
    /// The instance if it is plain.
    ///
    /// # Errors
    /// If it is not: everything that it has beyond.
    pub fn plain(&self) -> Result<Plain, FormatError> {
        let kind = self.fleet.vehicle(0);
        let beyond = [
            (self.n_depots > 1, "several depots"),
            (self.fleet.is_mixed(), "vehicles that differ"),
            (!kind.reloads.is_empty(), "several trips"),
            (
                kind.clients.is_some(),
                "clients that not every vehicle may serve",
            ),
            (
                self.prizes.iter().any(|&prize| prize > 0),
                "optional clients",
            ),
            (
                self.releases.iter().any(|&release| release > 0),
                "release times",
            ),
            (self.windows.is_none(), "no time windows"),
        ];
        let beyond: Vec<&str> = beyond
            .into_iter()
            .filter_map(|(has, what)| has.then_some(what))
            .collect();
        let windows = match &self.windows {
            Some(windows) if beyond.is_empty() => windows,
            _ => {
                let what = format!(
                    "an instance of a delivery day has one depot, vehicles that are alike and time windows; this one has {}",
                    beyond.join(", ")
                );
                return Err(FormatError::Content(what));
            }
        };
        let node = |at: usize| PlainNode {
            demand: self.demand[at],
            window: windows[at],
            service: self.service[at],
        };
        Ok(Plain {
            scale: self.rounding.scale(),
            has_matrix: matches!(*self.distances, super::Distances::Matrix(_)),
            n_vehicles: self.fleet.n_vehicles(),
            capacity: kind.capacity,
            max_duration: kind.max_duration,
            nodes: (0..self.n_nodes()).map(node).collect(),
        })
    }
}

//! A vehicle routing problem as arrays, in the integer convention of its benchmark.

mod check;
mod fit;
mod fleet;
mod plain;
mod problem;
mod rounding;

pub use check::Fault;
pub use fit::{Misfit, Rank};
pub(super) use fleet::{Fleet, Kind};
pub use plain::{Plain, PlainNode};
pub use rounding::Rounding;

use std::sync::Arc;

use super::FormatError;
use crate::solver::problem::CLIENTS_MAX;

/// Where distances come from.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Distances {
    /// Euclidean between these points.
    Points(Vec<(f64, f64)>),
    /// Row-major.
    Matrix(Vec<i64>),
}

impl Distances {
    fn between(&self, n_nodes: usize, rounding: Rounding, from: usize, to: usize) -> i64 {
        match self {
            Self::Points(points) => rounding.distance(points[from], points[to]),
            Self::Matrix(values) => values[from * n_nodes + to],
        }
    }
}

/// How costs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CostUnit {
    /// In units of the text, with decimals.
    Text,
    /// In integer units.
    Integer,
}

/// A vehicle routing problem. Nodes are numbered from 0: first the depots, then the clients. All numbers are in integer
/// units.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    /// Name in the file.
    pub name: String,
    /// How its numbers became integers.
    pub rounding: Rounding,
    pub(super) cost_unit: CostUnit,
    pub(super) fleet: Fleet,
    pub(super) n_depots: usize,
    pub(super) demand: Vec<i64>,
    /// `None` where time does not matter.
    pub(super) windows: Option<Vec<(i64, i64)>>,
    pub(super) service: Vec<i64>,
    /// When the trip that serves a client may leave its depot; 0 for always.
    pub(super) releases: Vec<i64>,
    /// What it costs not to serve a client; 0 if it must be served.
    pub(super) prizes: Vec<i64>,
    pub(super) distances: Arc<Distances>,
}

/// Largest time, distance or demand that is accepted, in integer units; sums of two stay below the solver's limit.
pub(super) const VALUE_MAX: i64 = 100_000_000;
/// Largest prize and fixed cost, in integer units, and largest cost of a unit of distance; no sum over a solution
/// reaches the limit of 64 bits.
const COST_MAX: i64 = 100_000_000_000;
const UNIT_COST_MAX: i64 = 10_000;
/// Most depots that a vehicle may reload at.
const RELOADS_MAX: i64 = 255;

impl Instance {
    /// Number of nodes, the depots included.
    #[must_use]
    pub fn n_nodes(&self) -> usize {
        self.demand.len()
    }

    /// Number of clients.
    #[must_use]
    pub fn n_clients(&self) -> usize {
        self.n_nodes() - self.n_depots
    }

    /// The distance and travel time from one node to another.
    #[must_use]
    pub fn distance(&self, from: usize, to: usize) -> i64 {
        let n_nodes = self.n_nodes();
        self.distances.between(n_nodes, self.rounding, from, to)
    }

    /// A cost as the solutions of this kind of instance state it: in units of the text with the decimals of the
    /// convention, or in integer units.
    #[must_use]
    pub fn show_cost(&self, cost: i64) -> String {
        match self.cost_unit {
            CostUnit::Integer => cost.to_string(),
            CostUnit::Text => {
                format!("{:.*}", self.rounding.decimals(), self.cost_in_unit(cost))
            }
        }
    }

    /// The same as a number, for statistics.
    #[must_use]
    pub fn cost_in_unit(&self, cost: i64) -> f64 {
        match self.cost_unit {
            CostUnit::Integer => cost as f64,
            CostUnit::Text => cost as f64 / self.rounding.scale() as f64,
        }
    }

    /// Refuses sizes and values that the solver has no room for.
    pub(super) fn check_bounds(&self) -> Result<(), FormatError> {
        if self.n_nodes() <= self.n_depots {
            return Err(FormatError::Content("there are no clients".to_owned()));
        }
        if self.n_clients() > CLIENTS_MAX {
            return Err(FormatError::Content(format!(
                "more than {CLIENTS_MAX} clients"
            )));
        }
        let of_nodes = (0..self.n_nodes()).flat_map(|node| self.faults_of(node));
        let faults: Vec<String> = of_nodes.chain(self.faults_of_fleet()).collect();
        if !faults.is_empty() {
            return Err(FormatError::Content(faults.join("\n")));
        }
        let in_matrix = match &*self.distances {
            Distances::Matrix(values) => values.as_slice(),
            Distances::Points(points) => {
                let bound = VALUE_MAX as f64 / self.rounding.scale() as f64 / 4.0;
                if points
                    .iter()
                    .any(|(x, y)| !(x.abs() <= bound && y.abs() <= bound))
                {
                    return Err(FormatError::Content(format!(
                        "a coordinate is not a number up to {bound}"
                    )));
                }
                &[]
            }
        };
        match in_matrix
            .iter()
            .find(|&&value| !(0..=VALUE_MAX).contains(&value))
        {
            Some(value) => Err(FormatError::Content(format!(
                "a matrix entry of {value} is outside 0 to {VALUE_MAX}"
            ))),
            None => Ok(()),
        }
    }

    /// What is wrong with the demand, the times and the prize of `node`.
    fn faults_of(&self, node: usize) -> Vec<String> {
        let name = match (node, self.n_depots) {
            (0, 1) => "the depot".to_owned(),
            (depot, n) if depot < n => format!("depot {depot}"),
            (client, _) => format!("client {client}"),
        };
        let scale = self.rounding.scale();
        let window = self.windows.as_ref().map(|windows| windows[node]);
        let (start, end) = window.unwrap_or((0, 0));
        let values = [
            ("demand", self.demand[node], 1, VALUE_MAX),
            ("service time", self.service[node], scale, VALUE_MAX),
            ("release time", self.releases[node], scale, VALUE_MAX),
            ("start of the window", start, scale, VALUE_MAX),
            ("end of the window", end, scale, VALUE_MAX),
            ("prize", self.prizes[node], scale, COST_MAX),
        ];
        let mut faults: Vec<String> = values
            .into_iter()
            .filter_map(|(what, value, scale, most)| {
                Some(format!("{name}: {}", outside(what, value, scale, most)?))
            })
            .collect();
        if faults.is_empty() && end < start {
            faults.push(format!(
                "{name}: the window ends at {} before it begins at {}",
                end / scale,
                start / scale
            ));
        }
        faults
    }

    /// What is wrong with the vehicles. Their capacity may be anything.
    fn faults_of_fleet(&self) -> Vec<String> {
        let scale = self.rounding.scale();
        let faults = self.fleet.kinds.iter().flat_map(|(kind, _)| {
            let duration = kind.max_duration.unwrap_or(0);
            let n_reloads = kind.reloads.len() as i64;
            [
                outside("fixed cost of a vehicle", kind.fixed, scale, COST_MAX),
                outside(
                    "unit distance cost of a vehicle",
                    kind.per_distance,
                    1,
                    UNIT_COST_MAX,
                ),
                outside("maximum duration", duration, scale, VALUE_MAX),
                outside("number of depots to reload at", n_reloads, 1, RELOADS_MAX),
            ]
        });
        faults.flatten().collect()
    }
}

/// Says that `value` is not between 0 and `most`, both shown in units of the text, if that is so.
fn outside(what: &str, value: i64, scale: i64, most: i64) -> Option<String> {
    (!(0..=most).contains(&value)).then(|| {
        let (value, most) = (value / scale, most / scale);
        format!("the {what}, {value}, is outside 0 to {most}")
    })
}

//! A vehicle routing problem with time windows as arrays, in the integer convention of its benchmark.

use std::sync;

use super::FormatError;
use crate::solver::problem::{
    Arc, CLIENTS_MAX, Client, DropRule, FAR, Problem, VehicleType, Window,
};

/// How real-valued data become integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Rounding {
    /// Ten times the distance, truncated; times and durations times ten (DIMACS challenge: one decimal).
    Dimacs,
    /// A thousand times the distance, truncated; times and durations times a thousand.
    Exact,
    /// Distances rounded to the nearest whole number; times as given.
    Round,
    /// Everything as given; distances must be whole numbers already.
    None,
}

impl Rounding {
    /// Integer units per unit of the text.
    #[must_use]
    pub fn scale(self) -> i64 {
        match self {
            Self::Dimacs => 10,
            Self::Exact => 1_000,
            Self::Round | Self::None => 1,
        }
    }

    /// Decimals of a cost in units of the text.
    #[must_use]
    pub fn decimals(self) -> usize {
        match self {
            Self::Dimacs => 1,
            Self::Exact => 3,
            Self::Round | Self::None => 0,
        }
    }

    /// The distance between two points.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "coordinates are bounded when they are read"
    )]
    fn distance(self, from: (f64, f64), to: (f64, f64)) -> i64 {
        let (dx, dy) = (from.0 - to.0, from.1 - to.1);
        let distance = (dx * dx + dy * dy).sqrt();
        match self {
            Self::Dimacs | Self::Exact | Self::None => {
                (self.scale() as f64 * distance).floor() as i64
            }
            Self::Round => distance.round() as i64,
        }
    }
}

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

/// A vehicle routing problem with time windows: node 0 is the depot. All numbers are in integer units.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    /// Name in the file.
    pub name: String,
    /// How its numbers became integers.
    pub rounding: Rounding,
    pub(super) n_vehicles: u32,
    pub(super) capacity: i64,
    pub(super) demand: Vec<i64>,
    pub(super) windows: Vec<(i64, i64)>,
    pub(super) service: Vec<i64>,
    pub(super) distances: sync::Arc<Distances>,
}

/// Why routes are not a solution.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A client is not served exactly once.
    #[error("client {0} is not served exactly once")]
    Coverage(usize),
    /// A client or the depot is reached too late.
    #[error("node {node} is reached {late} too late")]
    Late {
        /// Which node.
        node: usize,
        /// By how much.
        late: i64,
    },
    /// A route carries too much.
    #[error("a route carries {0} too much")]
    Overload(i64),
    /// There are more routes than vehicles.
    #[error("{0} routes more than vehicles")]
    Vehicles(usize),
}

/// Largest time, distance or demand that is accepted, in integer units; sums of two stay below the solver's limit.
const VALUE_MAX: i64 = 100_000_000;

impl Instance {
    /// Number of nodes, the depot included.
    #[must_use]
    pub fn n_nodes(&self) -> usize {
        self.demand.len()
    }

    /// The distance and travel time from one node to another.
    #[must_use]
    pub fn distance(&self, from: usize, to: usize) -> i64 {
        let n_nodes = self.n_nodes();
        self.distances.between(n_nodes, self.rounding, from, to)
    }

    /// Refuses sizes and values that the solver has no room for.
    pub(super) fn check_bounds(&self) -> Result<(), FormatError> {
        if self.n_nodes() < 2 {
            return Err(FormatError::Content("there are no clients".to_owned()));
        }
        if self.n_nodes() > CLIENTS_MAX + 1 {
            return Err(FormatError::Content(format!(
                "more than {CLIENTS_MAX} clients"
            )));
        }
        let faults: Vec<String> = (0..self.n_nodes())
            .flat_map(|node| self.faults_of(node))
            .collect();
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

    /// What is wrong with the demand and the times of `node`.
    fn faults_of(&self, node: usize) -> Vec<String> {
        let name = match node {
            0 => "the depot".to_owned(),
            client => format!("client {client}"),
        };
        let scale = self.rounding.scale();
        let (start, end) = self.windows[node];
        let values = [
            ("demand", self.demand[node], 1),
            ("service time", self.service[node], scale),
            ("start of the window", start, scale),
            ("end of the window", end, scale),
        ];
        let mut faults: Vec<String> = values
            .into_iter()
            .filter(|(_, value, _)| !(0..=VALUE_MAX).contains(value))
            .map(|(what, value, scale)| {
                let (value, most) = (value / scale, VALUE_MAX / scale);
                format!("{name}: the {what}, {value}, is outside 0 to {most}")
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

    /// The problem for the solver: distance is cost, every client is required.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "values have been bounded by VALUE_MAX when reading"
    )]
    pub fn to_problem(&self) -> Problem {
        let client = |node: usize| Client {
            windows: vec![Window {
                start: self.windows[node].0 as i32,
                end: self.windows[node].1 as i32,
                cost: 0,
            }],
            ready: None,
            delivery: vec![self.demand[node]],
            collection: vec![0],
            drop: DropRule::Required,
            service: vec![self.service[node] as i32],
            admitted: Vec::new(),
        };
        let kind = VehicleType {
            count: self.n_vehicles,
            capacity: vec![self.capacity],
            start: 0,
            end: Some(0),
            earliest: self.windows[0].0 as i32,
            latest: self.windows[0].1 as i32,
            loading: 0,
            fixed: 0,
            per_distance: 1,
            per_time: 0,
            per_overtime: 0,
            regular_duration: FAR,
            max_clients: u32::MAX,
            max_distance: i64::MAX,
            max_duration: FAR,
            profile: 0,
            pace: 0,
        };
        // The solver numbers clients first and the depot last.
        let n_clients = self.n_nodes() - 1;
        let node = move |index: usize| if index < n_clients { index + 1 } else { 0 };
        let (distances, rounding) = (sync::Arc::clone(&self.distances), self.rounding);
        Problem::of_any_size(
            (1..self.n_nodes()).map(client).collect(),
            vec![kind],
            1,
            1,
            move |_, from, to| {
                let value = distances.between(n_clients + 1, rounding, node(from), node(to)) as i32;
                Arc {
                    duration: value,
                    distance: value,
                }
            },
        )
    }

    /// Checks routes (sequences of nodes without the depot) and gives their total distance in integer units.
    ///
    /// # Errors
    /// The first fault found.
    pub fn check(&self, routes: &[Vec<usize>]) -> Result<i64, Fault> {
        let mut visits = vec![0_u32; self.n_nodes()];
        let mut total = 0;
        for route in routes {
            let load: i64 = route.iter().map(|&node| self.demand[node]).sum();
            if load > self.capacity {
                return Err(Fault::Overload(load - self.capacity));
            }
            let mut time = self.windows[0].0;
            let mut last = 0;
            for &node in route.iter().chain(&[0]) {
                let leg = self.distance(last, node);
                total += leg;
                time = (time + leg).max(self.windows[node].0);
                if time > self.windows[node].1 {
                    return Err(Fault::Late {
                        node,
                        late: time - self.windows[node].1,
                    });
                }
                time += self.service[node];
                visits[node] += 1;
                last = node;
            }
        }
        if let Some(client) = (1..self.n_nodes()).find(|&client| visits[client] != 1) {
            return Err(Fault::Coverage(client));
        }
        let used = routes.iter().filter(|route| !route.is_empty()).count();
        if used > self.n_vehicles as usize {
            return Err(Fault::Vehicles(used - self.n_vehicles as usize));
        }
        Ok(total)
    }

    /// A cost in units of the text, with the decimals of the convention.
    #[must_use]
    pub fn show_cost(&self, cost: i64) -> String {
        format!(
            "{:.*}",
            self.rounding.decimals(),
            cost as f64 / self.rounding.scale() as f64
        )
    }
}

//! Studies: days planned in several ways, each plan tried out under several stresses on the same simulated days.
//!
//! A [`Study`] is what `study.json` holds: everything that tables, reports and later runs are made from. It knows ids,
//! sequences and figures; how they come about is not its business.
//!
//! What a study says is told by [`summaries`] of ways, [`comparisons`] with the first way day by day, ways
//! [`on_equal_terms`] with frontiers, and the [`optimism`] of plans for a target. There are two kinds of uncertainty, which
//! are never mixed: how much days differ (intervals over days) and how many days were simulated (sampling error).

mod contrast;
mod file;
#[cfg(test)]
pub(crate) mod fixture;
mod frontier;
mod summary;

use serde::{Deserialize, Serialize};

pub use contrast::{Comparison, Contrast, comparisons};
pub use file::{StudyError, read, write};
pub use frontier::{AtEqual, EqualTerms, frontiers, on_equal_terms};
pub use summary::{Optimism, Summary, optimism, scenario_error, summaries};

/// Batches of simulated days that are independent of each other; the same ones for every way.
pub const BATCHES: usize = 16;

/// Quantiles of a day's rate that an outcome tells: 0 %, 1 % and so on to 100 %.
pub const DAY_QUANTILES: usize = 101;

/// What was compared, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Study {
    /// Version of the program.
    pub punctual: String,
    /// What is compared.
    pub definition: Definition,
    /// The plans, one for each day and way, day by day; fewer while the study is not finished.
    pub plans: Vec<PlanRecord>,
    /// What the plans come to, one outcome for each day, way and stress, in that order.
    pub outcomes: Vec<Outcome>,
}

/// What a study compares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// The days, each with a name of its own.
    pub days: Vec<DayRef>,
    /// The ways to plan them, each with a name of its own. The first one is what others are compared with.
    pub ways: Vec<Way>,
    /// What plans are tried out under, each with a name of its own.
    pub stresses: Vec<Stress>,
    /// How much days vary before any stress, the JSON form of `punctual.v1.NoiseModel`, which targets are planned for,
    /// too; `None` for built-in values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<serde_json::Value>,
    /// Simulated days for each outcome.
    pub scenarios: u32,
    /// Seed of the simulated days.
    pub seed: u64,
}

/// A day of a study.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DayRef {
    /// Its name: that of its file without the extension.
    pub name: String,
    /// Its file, as the user named it; empty if the day came with a request.
    pub path: String,
    /// SHA-256 of the problem, in hexadecimal.
    pub digest: String,
    /// Orders.
    pub n_orders: usize,
    /// Couriers there are, whether they drive or not.
    pub n_couriers: usize,
}

/// A way to plan days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Way {
    /// Its name.
    pub name: String,
    /// Where its plans come from.
    pub source: WaySource,
}

/// Where the plans of a way come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum WaySource {
    /// From a search of this program.
    Planned(Settings),
    /// From another program or from people: files, matched to days by their names.
    Given {
        /// The file or folder, as the user named it.
        path: String,
    },
}

/// How to search.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Wall time of each search, all cores; `None` for no limit.
    pub time_ms: Option<u64>,
    /// Largest number of iterations; with it alone, the same plans are found again. `None` for no limit.
    pub iterations: Option<u64>,
    /// Expected share of promises kept that plans must reach, in percent; `None` to plan as if nothing varied.
    pub on_time_percent: Option<f64>,
    /// Share of days on which every single promise must be kept, in percent; only with a target.
    pub floor_percent: Option<f64>,
    /// Whether the number of couriers who drive comes before cost.
    pub fleet_first: bool,
    /// Random seed of the search.
    pub seed: u64,
}

/// What plans are tried out under: factors on the noise before any stress, 1 where nothing changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Stress {
    /// Its name, as in "base" or "noise x1.3".
    pub name: String,
    /// Factor on every standard deviation: of traffic, couriers, legs and services.
    pub spread: f64,
    /// Factor on all travel times.
    pub travel: f64,
    /// Factor on all service times, incidents apart.
    pub service: f64,
    /// Factor on the chance of an incident at the door.
    pub incidents: f64,
    /// Factor on the delay at the start.
    pub start_delay: f64,
    /// Factor on the time in which the hour's traffic forgets.
    pub memory: f64,
}

impl Default for Stress {
    /// Nothing changes.
    fn default() -> Self {
        Self {
            name: "base".to_owned(),
            spread: 1.0,
            travel: 1.0,
            service: 1.0,
            incidents: 1.0,
            start_delay: 1.0,
            memory: 1.0,
        }
    }
}

impl Stress {
    /// Whether it changes nothing.
    #[must_use]
    pub fn is_neutral(&self) -> bool {
        let neutral = Self {
            name: self.name.clone(),
            ..Self::default()
        };
        *self == neutral
    }

    /// What is out of bounds, by field.
    #[must_use]
    pub fn faults(&self) -> Vec<(&'static str, String)> {
        let bounds = [
            ("spread", self.spread, 0.0, 4.0),
            ("travel", self.travel, 0.25, 4.0),
            ("service", self.service, 0.25, 4.0),
            ("incidents", self.incidents, 0.0, 30.0),
            ("start_delay", self.start_delay, 0.0, 10.0),
            ("memory", self.memory, 0.05, 20.0),
        ];
        bounds
            .into_iter()
            .filter(|(_, value, low, high)| !(low..=high).contains(&value))
            .map(|(field, value, low, high)| (field, format!("{value} is outside {low} to {high}")))
            .collect()
    }
}

/// The plan that a way has for a day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanRecord {
    /// The day.
    pub day: String,
    /// The way.
    pub way: String,
    /// SHA-256 of what the plan was made from: the day and the way or given routes, in hexadecimal.
    pub digest: String,
    /// Wall time of the search in seconds; 0 for given plans.
    pub solve_seconds: f64,
    /// Search threads; 0 for given plans.
    pub threads: usize,
    /// Iterations of the search; 0 for given plans.
    pub iterations: u64,
    /// Expected share of promises kept on the days that the plan was made for, 0 to 1, where it was made for a target:
    /// what it does better there than on others is its optimism.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rehearsed: Option<f64>,
    /// What the checker has against the plan; empty if it is feasible.
    pub violations: Vec<String>,
    /// Its routes.
    pub routes: Vec<RouteRecord>,
}

/// One courier's orders in the sequence of visits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteRecord {
    /// The courier.
    pub courier: String,
    /// Orders.
    pub orders: Vec<String>,
    /// Returns to a depot between two trips: after how many orders, and to which depot.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reloads: Vec<(usize, String)>,
}

/// What a way's plan for a day comes to under a stress.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// The day.
    pub day: String,
    /// The way.
    pub way: String,
    /// The stress.
    pub stress: String,
    /// Whether the checker accepts the plan.
    pub is_feasible: bool,
    /// What the plan costs, in currency units.
    pub cost: i64,
    /// Planned time on the way.
    pub driving_seconds: i64,
    /// Planned way.
    pub distance_meters: i64,
    /// Couriers who drive.
    pub couriers_used: usize,
    /// Orders served.
    pub served: usize,
    /// Orders left out.
    pub unserved: usize,
    /// Wall time of the search in seconds; 0 for given plans.
    pub solve_seconds: f64,
    /// Expected share of promises kept among all orders, unserved ones counting as not kept, 0 to 1.
    pub expected_kept: f64,
    /// Half the width of the 95 % interval of `expected_kept` from sampling days.
    pub expected_error: f64,
    /// The share of promises kept in each of [`BATCHES`] batches of simulated days: the same days for all ways, so that
    /// differences between ways are differences of plans.
    pub batches: Vec<f64>,
    /// Quantiles 0 %, 1 % to 100 % of the share of promises kept on one day ([`DAY_QUANTILES`] of them).
    pub day_rates: Vec<f64>,
    /// The smallest chance of any promise, 0 to 1; 0 if an order is left out.
    pub worst_stop: f64,
    /// By the hour, in the day's time zone, in which the promised time begins: "08" to "23" and so on, all orders.
    pub hours: Vec<Group>,
    /// By courier who drives.
    pub couriers: Vec<Group>,
    /// Every stop, courier by courier in the sequence of visits.
    pub stops: Vec<StopOutcome>,
}

/// Promises that have something in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// What they have in common.
    pub name: String,
    /// How many there are.
    pub promises: usize,
    /// Expected share of them that is kept, 0 to 1.
    pub kept: f64,
}

/// What becomes of one promise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopOutcome {
    /// The order.
    pub order: String,
    /// Who serves it.
    pub courier: String,
    /// The chance that was predicted, 0 to 1: without any stress, on other simulated days.
    pub predicted: f64,
    /// The share of days, under the stress, on which it is kept, 0 to 1.
    pub kept: f64,
}

impl Study {
    /// A study of which nothing is done.
    #[must_use]
    pub fn new(definition: Definition) -> Self {
        Self {
            punctual: env!("CARGO_PKG_VERSION").to_owned(),
            definition,
            plans: Vec::new(),
            outcomes: Vec::new(),
        }
    }

    /// The plan of `way` for `day`, if it is there.
    #[must_use]
    pub fn plan(&self, day: &str, way: &str) -> Option<&PlanRecord> {
        let mut plans = self.plans.iter();
        plans.find(|plan| plan.day == day && plan.way == way)
    }

    /// The outcome of `way` for `day` under `stress`, if it is there.
    #[must_use]
    pub fn outcome(&self, day: &str, way: &str, stress: &str) -> Option<&Outcome> {
        let mut outcomes = self.outcomes.iter();
        outcomes
            .find(|outcome| (&*outcome.day, &*outcome.way, &*outcome.stress) == (day, way, stress))
    }

    /// The outcomes of `way` under `stress`, day by day.
    #[must_use]
    pub fn outcomes_of(&self, way: &str, stress: &str) -> Vec<&Outcome> {
        let outcomes = self.outcomes.iter();
        outcomes
            .filter(|outcome| outcome.way == way && outcome.stress == stress)
            .collect()
    }

    /// Whether every day has an outcome for every way and stress.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        let Definition {
            days,
            ways,
            stresses,
            ..
        } = &self.definition;
        self.outcomes.len() == days.len() * ways.len() * stresses.len()
    }
}

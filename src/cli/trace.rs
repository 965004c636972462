//! Traces of searches: lines of JSON that tell how a search went, and all that it takes to make it again.
//!
//! The first line says what was searched and how, the last one how it ended; between them stand improvements of the
//! best cost, and epochs at least a thousandth of the search apart.

use std::path::Path;
use std::time::Duration;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Failure, day_file};
use crate::formats::Rounding;
use crate::solver::control::{Outcome, SearchEnd, SearchProgress};
use crate::solver::params::SearchParams;
use crate::solver::schedule::{Recorder, Replay};
use crate::solver::success::{Attempts, Operators};

/// Share of the search between two epochs that are told without need.
const TOLD_EVERY: f64 = 0.001;

/// One line of a trace.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    /// The first one.
    Start(Start),
    /// The beginning of an epoch.
    Epoch {
        elapsed_ms: u64,
        iterations: u64,
        best_cost: i64,
        temperature: f64,
        done: f64,
        /// What has come of each operator since the beginning.
        operators: OperatorCounts,
        /// While there is a population: what breaking something costs in its local search.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        penalties: Option<PenaltyWeights>,
    },
    /// The last one.
    End(End),
}

/// What has come of all operators.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OperatorCounts {
    tails: Counts,
    ruins: Counts,
    children: Counts,
    fleet: Counts,
}

/// How often something was tried, and what came of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Counts {
    tried: u64,
    accepted: u64,
    improved: u64,
}

/// Costs of a second, of units of load by dimension, and of a unit of distance too much.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PenaltyWeights {
    time: i64,
    load: Vec<i64>,
    distance: i64,
}

impl From<Operators> for OperatorCounts {
    fn from(operators: Operators) -> Self {
        let counts = |attempts: Attempts| Counts {
            tried: attempts.tried,
            accepted: attempts.accepted,
            improved: attempts.improved,
        };
        Self {
            tails: counts(operators.tails),
            ruins: counts(operators.ruins),
            children: counts(operators.children),
            fleet: counts(operators.fleet),
        }
    }
}

/// What was searched, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Start {
    /// Of the program.
    version: String,
    /// Name of the instance.
    pub(super) instance: String,
    /// SHA-256 of its text.
    digest: String,
    rounding: String,
    seed: u64,
    threads: usize,
    time_limit_ms: Option<u64>,
    iteration_limit: Option<u64>,
}

/// How the search ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    reason: String,
    elapsed_ms: u64,
    pub(super) iterations: u64,
    pub(super) best_cost: i64,
    /// Finished epochs.
    epochs: u64,
    /// Share of the time that was over when each of them began, in millionths; none if iterations were limited.
    shares: Vec<u32>,
}

impl Start {
    /// What a search is told.
    pub(super) fn new(
        instance: &str,
        text: &str,
        rounding: Rounding,
        params: &SearchParams,
        threads: usize,
    ) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            instance: instance.to_owned(),
            digest: digest(text),
            rounding: name_of(rounding),
            seed: params.seed,
            threads,
            time_limit_ms: params.time_limit.map(millis),
            iteration_limit: params.iteration_limit,
        }
    }
}

/// Collects the lines of a trace.
#[derive(Debug)]
pub(super) struct Trace {
    lines: Vec<String>,
    recorder: Recorder,
    is_timed: bool,
    told: Option<(f64, i64)>,
}

impl Trace {
    pub(super) fn new(start: Start) -> Self {
        let mut trace = Self {
            lines: Vec::new(),
            recorder: Recorder::default(),
            is_timed: start.iteration_limit.is_none(),
            told: None,
        };
        trace.push(&Line::Start(start));
        trace
    }

    fn push(&mut self, line: &Line) {
        let text = serde_json::to_string(line).expect("numbers and texts can be written");
        self.lines.push(text);
    }

    /// To be told before every epoch how far the search is.
    pub(super) fn tell(&mut self, progress: &SearchProgress<'_>, elapsed: Duration) {
        self.recorder.tell(progress.done, progress.iterations);
        let cost = progress.best.cost;
        let is_news = self
            .told
            .is_none_or(|(done, best)| cost < best || progress.done >= done + TOLD_EVERY);
        if is_news {
            self.told = Some((progress.done, cost));
            self.push(&Line::Epoch {
                elapsed_ms: millis(elapsed),
                iterations: progress.iterations,
                best_cost: cost,
                temperature: progress.temperature,
                done: progress.done,
                operators: progress.operators.into(),
                penalties: progress.penalties.map(|weights| PenaltyWeights {
                    time: weights.time,
                    load: weights.load.clone(),
                    distance: weights.distance,
                }),
            });
        }
    }

    /// Ends the trace and writes it.
    pub(super) fn write(
        mut self,
        path: &Path,
        outcome: &Outcome,
        elapsed: Duration,
    ) -> Result<(), Failure> {
        let replay = std::mem::take(&mut self.recorder).into_replay();
        self.push(&Line::End(End {
            reason: reason(outcome.end).to_owned(),
            elapsed_ms: millis(elapsed),
            iterations: outcome.iterations,
            best_cost: outcome.solution.cost,
            epochs: replay.n_epochs,
            shares: if self.is_timed {
                replay.shares
            } else {
                Vec::new()
            },
        }));
        day_file::write_text(path, (self.lines.join("\n") + "\n").as_bytes())
    }
}

/// A search that is to be made again.
#[derive(Debug)]
pub(super) struct Recorded {
    start: Start,
    pub(super) end: End,
}

impl Recorded {
    /// Reads the first and the last line of a trace.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let line = |number: usize, text: &str| {
            serde_json::from_str::<Line>(text).map_err(|error| format!("line {number}: {error}"))
        };
        let n_lines = text.lines().count();
        let first = text.lines().next().map(|text| line(1, text)).transpose()?;
        let last = text.lines().next_back();
        let last = last.map(|text| line(n_lines, text)).transpose()?;
        match (first, last) {
            (Some(Line::Start(start)), Some(Line::End(end))) => Ok(Self { start, end }),
            _ => {
                Err("a trace begins with a line of kind start and ends with one of kind end".into())
            }
        }
    }

    /// Whether the recorded search was on the instance in `text`.
    pub(super) fn is_of(&self, text: &str) -> bool {
        self.start.digest == digest(text)
    }

    /// The rounding in which the instance was read.
    pub(super) fn rounding(&self) -> Result<Rounding, String> {
        Rounding::from_str(&self.start.rounding, false)
    }

    /// What the search was told.
    pub(super) fn params(&self) -> SearchParams {
        SearchParams {
            seed: self.start.seed,
            time_limit: self.start.time_limit_ms.map(Duration::from_millis),
            iteration_limit: self.start.iteration_limit,
            stagnation_limit: None,
        }
    }

    /// What the clock decided.
    pub(super) fn replay(&self) -> Replay {
        Replay {
            n_epochs: self.end.epochs,
            shares: self.end.shares.clone(),
        }
    }

    /// What differs from the record in how the repetition came out.
    pub(super) fn difference(&self, outcome: &Outcome) -> Option<String> {
        let (cost, iterations) = (outcome.solution.cost, outcome.iterations);
        ((cost, iterations) != (self.end.best_cost, self.end.iterations)).then(|| {
            format!(
                "the search came to {cost} in {iterations} iterations, on record are {} in {} by version {}",
                self.end.best_cost, self.end.iterations, self.start.version
            )
        })
    }
}

fn reason(end: SearchEnd) -> &'static str {
    match end {
        SearchEnd::Trivial => "trivial",
        SearchEnd::Stagnated => "stagnated",
        SearchEnd::TimeLimit => "time_limit",
        SearchEnd::Cancelled => "cancelled",
        SearchEnd::IterationLimit => "iteration_limit",
    }
}

fn name_of(rounding: Rounding) -> String {
    let value = rounding.to_possible_value();
    value.map_or_else(String::new, |value| value.get_name().to_owned())
}

fn digest(text: &str) -> String {
    format!("{:x}", Sha256::digest(text.as_bytes()))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

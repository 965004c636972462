//! Panels: several instances, each searched with several seeds.

use serde::{Deserialize, Serialize};

use super::{Interval, geometric_mean, interval, mean};

/// What was measured, and how.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Panel {
    /// Version of the program.
    pub version: String,
    /// Wall time of each search; `None` for no limit.
    pub time_limit_ms: Option<u64>,
    /// Iterations of each search; `None` for no limit.
    pub iteration_limit: Option<u64>,
    /// Search threads.
    pub threads: usize,
    /// The instances in the order of the command line.
    pub instances: Vec<Measured>,
}

/// All runs on one instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// Its name.
    pub instance: String,
    /// Cost to compare with, if one is known.
    pub reference: Option<f64>,
    /// One for each seed.
    pub runs: Vec<Run>,
}

/// One search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Its seed.
    pub seed: u64,
    /// Cost of the solution, in the unit in which solutions of the instance state it.
    pub cost: f64,
    /// Whether the instance's checker accepts the solution.
    pub is_feasible: bool,
    /// Iterations made.
    pub iterations: u64,
    /// Wall time.
    pub seconds: f64,
}

/// What the runs on one instance come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Mean cost.
    pub mean: f64,
    /// Least cost.
    pub best: f64,
    /// Largest cost.
    pub worst: f64,
    /// By how many percent the mean is above the reference.
    pub gap: Option<f64>,
}

impl Measured {
    /// What the feasible runs come to; `None` if there are none.
    #[must_use]
    pub fn summary(&self) -> Option<Summary> {
        let costs: Vec<f64> = self.feasible().map(|run| run.cost).collect();
        let mean = mean(&costs)?;
        Some(Summary {
            mean,
            best: costs.iter().copied().fold(f64::INFINITY, f64::min),
            worst: costs.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            gap: self.reference.map(|reference| percent(mean, reference)),
        })
    }

    fn feasible(&self) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(|run| run.is_feasible)
    }
}

impl Panel {
    /// Gaps of the instances with a reference.
    #[must_use]
    pub fn gaps(&self) -> Vec<f64> {
        let summaries = self.instances.iter().filter_map(Measured::summary);
        summaries.filter_map(|summary| summary.gap).collect()
    }

    /// Geometric mean of the iterations a second of all runs.
    #[must_use]
    pub fn pace(&self) -> Option<f64> {
        let runs = self.instances.iter().flat_map(|measured| &measured.runs);
        let paces: Vec<f64> = runs
            .filter(|run| run.iterations > 0 && run.seconds > 0.0)
            .map(|run| run.iterations as f64 / run.seconds)
            .collect();
        geometric_mean(&paces)
    }

    /// Runs whose solution the checker does not accept.
    #[must_use]
    pub fn n_infeasible(&self) -> usize {
        let runs = self.instances.iter().flat_map(|measured| &measured.runs);
        runs.filter(|run| !run.is_feasible).count()
    }

    /// Compares with an earlier panel, run by run of the same instance and seed.
    #[must_use]
    pub fn against(&self, earlier: &Self) -> Comparison {
        let mut comparison = Comparison::default();
        for measured in &self.instances {
            let mut old = earlier.instances.iter();
            let Some(old) = old.find(|old| old.instance == measured.instance) else {
                continue;
            };
            let differences: Vec<f64> = measured
                .feasible()
                .filter_map(|run| {
                    let before = old.feasible().find(|before| before.seed == run.seed)?;
                    Some(percent(run.cost, before.cost))
                })
                .collect();
            comparison.n_pairs += differences.len();
            comparison.n_wins += differences.iter().filter(|&&d| d < 0.0).count();
            comparison.n_losses += differences.iter().filter(|&&d| d > 0.0).count();
            if let Some(mean) = mean(&differences) {
                comparison.instances.push((measured.instance.clone(), mean));
            }
        }
        comparison
    }
}

/// How one panel differs from another; below 0 the first one is better.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// Instances in both panels, with the mean difference of their runs in percent of the second panel's cost.
    pub instances: Vec<(String, f64)>,
    /// Runs of the same instance and seed, feasible in both.
    pub n_pairs: usize,
    /// Those in which the first panel costs less.
    pub n_wins: usize,
    /// Those in which it costs more.
    pub n_losses: usize,
}

impl Comparison {
    /// Mean difference over the instances; seeds of one instance are no independent measurements, so that they count
    /// as one.
    #[must_use]
    pub fn interval(&self) -> Option<Interval> {
        let means: Vec<f64> = self.instances.iter().map(|&(_, mean)| mean).collect();
        interval(&means)
    }
}

/// By how many percent `value` is above `base`.
fn percent(value: f64, base: f64) -> f64 {
    100.0 * (value - base) / base
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(instance: &str, costs: &[f64]) -> Measured {
        let runs = (1..).zip(costs).map(|(seed, &cost)| Run {
            seed,
            cost,
            is_feasible: cost > 0.0,
            iterations: 1_000,
            seconds: 2.0,
        });
        Measured {
            instance: instance.to_owned(),
            reference: Some(100.0),
            runs: runs.collect(),
        }
    }

    fn panel(instances: Vec<Measured>) -> Panel {
        Panel {
            instances,
            ..Panel::default()
        }
    }

    #[test]
    fn the_gap_is_that_of_the_mean_over_feasible_runs() {
        let panel = panel(vec![measured("A", &[101.0, 103.0, -1.0])]);
        let summary = panel.instances[0].summary().unwrap();
        assert!((summary.mean - 102.0).abs() < 1e-9 && (summary.best - 101.0).abs() < 1e-9);
        assert!((summary.gap.unwrap() - 2.0).abs() < 1e-9);
        assert_eq!(panel.n_infeasible(), 1);
        assert!((panel.pace().unwrap() - 500.0).abs() < 1e-9);
    }

    #[test]
    fn runs_are_compared_with_those_of_the_same_instance_and_seed() {
        let new = panel(vec![
            measured("A", &[90.0, 100.0]),
            measured("B", &[202.0]),
            measured("C", &[1.0]),
        ]);
        let old = panel(vec![
            measured("B", &[200.0, 7.0]),
            measured("A", &[100.0, 100.0]),
        ]);
        let comparison = new.against(&old);
        assert_eq!(
            (comparison.n_pairs, comparison.n_wins, comparison.n_losses),
            (3, 1, 1)
        );
        let means: Vec<f64> = comparison.instances.iter().map(|&(_, mean)| mean).collect();
        assert!((means[0] + 5.0).abs() < 1e-9 && (means[1] - 1.0).abs() < 1e-9);
        assert!((comparison.interval().unwrap().mean + 2.0).abs() < 1e-9);
    }
}

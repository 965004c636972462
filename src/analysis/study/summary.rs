//! What each way comes to under each stress, over all days.

use super::{BATCHES, Outcome, Study};
use crate::analysis::{interval, mean};

/// A way under a stress: means over the days that are done, unless stated otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The way.
    pub way: String,
    /// The stress.
    pub stress: String,
    /// Days.
    pub n_days: usize,
    /// Days whose plan the checker accepts.
    pub n_feasible: usize,
    /// Cost, in currency units.
    pub cost: f64,
    /// Planned hours on the way.
    pub driving_hours: f64,
    /// Planned kilometers.
    pub kilometers: f64,
    /// Couriers who drive.
    pub couriers: f64,
    /// Orders left out on all days together.
    pub unserved: usize,
    /// Expected share of promises kept, 0 to 1.
    pub kept: f64,
    /// Half the width of its 95 % interval from sampling simulated days; how much days differ is not in it.
    pub kept_error: f64,
    /// The share of promises kept that is reached on 19 of 20 days.
    pub day_p5: f64,
    /// The smallest chance of any promise on any day.
    pub worst_stop: f64,
    /// Wall time of the search in seconds.
    pub solve_seconds: f64,
}

/// What plans for a target keep less of on days that they were not made for, without any stress.
#[derive(Clone, Debug, PartialEq)]
pub struct Optimism {
    /// The way.
    pub way: String,
    /// Days.
    pub n_days: usize,
    /// Mean share of promises kept on the days that plans were made for, 0 to 1.
    pub rehearsed: f64,
    /// Mean share kept on others.
    pub kept: f64,
}

/// Summaries by stress, then by way, in the order of the definition; without those of which no day is done.
#[must_use]
pub fn summaries(study: &Study) -> Vec<Summary> {
    let definition = &study.definition;
    let pairs = definition
        .stresses
        .iter()
        .flat_map(|stress| definition.ways.iter().map(move |way| (way, stress)));
    pairs
        .filter_map(|(way, stress)| {
            summary(
                &way.name,
                &stress.name,
                &study.outcomes_of(&way.name, &stress.name),
            )
        })
        .collect()
}

fn summary(way: &str, stress: &str, outcomes: &[&Outcome]) -> Option<Summary> {
    let over_days = |figure: &dyn Fn(&Outcome) -> f64| {
        let figures: Vec<f64> = outcomes.iter().map(|outcome| figure(outcome)).collect();
        mean(&figures)
    };
    let batches: Vec<f64> = (0..BATCHES)
        .filter_map(|batch| over_days(&|outcome| outcome.batches[batch]))
        .collect();
    let worst = outcomes.iter().map(|outcome| outcome.worst_stop);
    Some(Summary {
        way: way.to_owned(),
        stress: stress.to_owned(),
        n_days: outcomes.len(),
        n_feasible: outcomes
            .iter()
            .filter(|outcome| outcome.is_feasible)
            .count(),
        cost: over_days(&|outcome| outcome.cost as f64)?,
        driving_hours: over_days(&|outcome| outcome.driving_seconds as f64 / 3_600.0)?,
        kilometers: over_days(&|outcome| outcome.distance_meters as f64 / 1_000.0)?,
        couriers: over_days(&|outcome| outcome.couriers_used as f64)?,
        unserved: outcomes.iter().map(|outcome| outcome.unserved).sum(),
        kept: over_days(&|outcome| outcome.expected_kept)?,
        kept_error: scenario_error(&batches),
        day_p5: over_days(&|outcome| outcome.day_rates[5])?,
        worst_stop: worst.fold(1.0, f64::min),
        solve_seconds: over_days(&|outcome| outcome.solve_seconds)?,
    })
}

/// Half the width of the 95 % interval of the mean of independent batches of simulated days; 0 of fewer than two.
#[must_use]
pub fn scenario_error(batches: &[f64]) -> f64 {
    interval(batches).map_or(0.0, |interval| interval.margin)
}

/// The optimism of the ways with a target, where the study has a stress that changes nothing.
#[must_use]
pub fn optimism(study: &Study) -> Vec<Optimism> {
    let Some(base) = study
        .definition
        .stresses
        .iter()
        .find(|stress| stress.is_neutral())
    else {
        return Vec::new();
    };
    let ways = study.definition.ways.iter();
    ways.filter_map(|way| {
        let pairs = study
            .outcomes_of(&way.name, &base.name)
            .into_iter()
            .filter_map(|outcome| {
                let rehearsed = study.plan(&outcome.day, &way.name)?.rehearsed?;
                Some((rehearsed, outcome.expected_kept))
            });
        let (rehearsed, kept): (Vec<f64>, Vec<f64>) = pairs.unzip();
        Some(Optimism {
            way: way.name.clone(),
            n_days: rehearsed.len(),
            rehearsed: mean(&rehearsed)?,
            kept: mean(&kept)?,
        })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::super::fixture::sample;
    use super::*;

    #[test]
    fn a_summary_is_the_mean_over_days() {
        let study = sample();
        let summaries = summaries(&study);
        assert_eq!(summaries.len(), 6);
        let target = &summaries[1];
        assert_eq!(
            (&*target.way, &*target.stress, target.n_days),
            ("98.1", "base", 2)
        );
        // 1.8 % of promises are broken on the first day and 1.2 times as many on the second.
        assert!((target.kept - (1.0 - 0.018 * 1.1)).abs() < 1e-5);
        assert!((target.cost - 10_400.0).abs() < 1e-9);
        // Batches are evenly spread by 0.2 points either way.
        assert!(
            (target.kept_error - 2.131_449_546 / 4.0 * 0.001_269_6).abs() < 1e-5,
            "{}",
            target.kept_error
        );
    }

    #[test]
    fn optimism_is_known_of_plans_for_a_target_alone() {
        let found = optimism(&sample());
        assert_eq!(found.len(), 1);
        assert_eq!((&*found[0].way, found[0].n_days), ("98.1", 2));
        assert!((found[0].rehearsed - 0.984).abs() < 1e-12);
        let mut stressed = sample();
        stressed.definition.stresses[0].travel = 1.05;
        assert_eq!(optimism(&stressed), []);
    }
}

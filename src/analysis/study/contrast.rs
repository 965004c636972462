//! Ways compared with the first one, day by day.

use super::summary::scenario_error;
use super::{Outcome, Study};
use crate::analysis::mean;
use crate::analysis::resample::{Estimate, estimate, holm};

/// A way compared with the first way under a stress, over the days on which both have a plan that the checker accepts.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The way.
    pub way: String,
    /// The first way.
    pub against: String,
    /// The stress.
    pub stress: String,
    /// Days compared.
    pub n_days: usize,
    /// Days left out because a plan is missing or not accepted.
    pub n_left_out: usize,
    /// Difference of the expected share of promises kept, in points; more is better.
    pub kept: Contrast,
    /// Half the width of the 95 % interval of that difference from sampling simulated days, in points; what days differ by
    /// is in the interval of `kept`.
    pub kept_error: f64,
    /// Difference of the cost, in percent; less is better.
    pub cost: Contrast,
    /// Difference of the planned time on the way, in percent; less is better.
    pub driving: Contrast,
    /// Difference of the number of couriers who drive; fewer is better.
    pub couriers: Contrast,
}

/// The difference of one figure, over days.
#[derive(Clone, Debug, PartialEq)]
pub struct Contrast {
    /// Mean; 0 without any day.
    pub mean: f64,
    /// Its 95 % interval over days and its p-value; `None` with fewer than two days.
    pub estimate: Option<Estimate>,
    /// The p-value adjusted for as many comparisons as there are ways to compare with the first one (Holm); the same as
    /// before if there is one.
    pub adjusted_p: Option<f64>,
    /// Days on which the way is better than the first one.
    pub wins: usize,
    /// Days on which they do not differ: of promises kept, by no more than sampling explains.
    pub ties: usize,
    /// Days on which it is worse.
    pub losses: usize,
}

/// Comparisons by stress, then by way, in the order of the definition.
#[must_use]
pub fn comparisons(study: &Study) -> Vec<Comparison> {
    let definition = &study.definition;
    let Some((first, others)) = definition.ways.split_first() else {
        return Vec::new();
    };
    let mut comparisons = Vec::new();
    for stress in &definition.stresses {
        let mut of_stress: Vec<Comparison> = others
            .iter()
            .map(|way| comparison(study, &way.name, &first.name, &stress.name))
            .collect();
        adjust(&mut of_stress, |comparison| &mut comparison.kept);
        adjust(&mut of_stress, |comparison| &mut comparison.cost);
        adjust(&mut of_stress, |comparison| &mut comparison.driving);
        adjust(&mut of_stress, |comparison| &mut comparison.couriers);
        comparisons.extend(of_stress);
    }
    comparisons
}

/// Adjusts the p-values of one figure.
fn adjust(comparisons: &mut [Comparison], figure: fn(&mut Comparison) -> &mut Contrast) {
    let mut contrasts: Vec<&mut Contrast> = comparisons.iter_mut().map(figure).collect();
    contrasts.retain(|contrast| contrast.estimate.is_some());
    let p_values: Vec<f64> = contrasts
        .iter()
        .filter_map(|contrast| Some(contrast.estimate?.p))
        .collect();
    for (contrast, p) in contrasts.into_iter().zip(holm(&p_values)) {
        contrast.adjusted_p = Some(p);
    }
}

/// The outcomes of both ways on the days that they can be compared on.
pub(super) fn pairs<'a>(
    study: &'a Study,
    way: &str,
    against: &str,
    stress: &str,
) -> Vec<(&'a Outcome, &'a Outcome)> {
    let ours = study.outcomes_of(way, stress).into_iter();
    let theirs = study.outcomes_of(against, stress);
    ours.filter_map(|ours| {
        let mut theirs = theirs.iter().filter(|theirs| theirs.day == ours.day);
        let theirs: &Outcome = theirs.next()?;
        (ours.is_feasible && theirs.is_feasible).then_some((ours, theirs))
    })
    .collect()
}

fn comparison(study: &Study, way: &str, against: &str, stress: &str) -> Comparison {
    let pairs = pairs(study, way, against, stress);
    let relative = |figure: fn(&Outcome) -> i64| {
        let differences = pairs
            .iter()
            .map(|(ours, theirs)| percent(figure(ours) as f64, figure(theirs) as f64));
        Contrast::of(differences.map(|difference| (-difference, 0.0, difference)))
    };
    let more_couriers = pairs
        .iter()
        .map(|(ours, theirs)| ours.couriers_used as f64 - theirs.couriers_used as f64);
    let kept = pairs.iter().map(|(ours, theirs)| {
        let difference = 100.0 * (ours.expected_kept - theirs.expected_kept);
        (
            difference,
            scenario_error(&batch_differences(&[(ours, theirs)])),
            difference,
        )
    });
    Comparison {
        way: way.to_owned(),
        against: against.to_owned(),
        stress: stress.to_owned(),
        n_days: pairs.len(),
        n_left_out: study.definition.days.len() - pairs.len(),
        kept: Contrast::of(kept),
        kept_error: scenario_error(&batch_differences(&pairs)),
        cost: relative(|outcome| outcome.cost),
        driving: relative(|outcome| outcome.driving_seconds),
        couriers: Contrast::of(more_couriers.map(|difference| (-difference, 0.0, difference))),
    }
}

/// By how many points the share of promises kept differs in each batch of simulated days, on average over days.
fn batch_differences(pairs: &[(&Outcome, &Outcome)]) -> Vec<f64> {
    let n_batches = pairs.first().map_or(0, |(ours, _)| ours.batches.len());
    let of_batch = |batch: usize| {
        let differences = pairs
            .iter()
            .map(|(ours, theirs)| ours.batches[batch] - theirs.batches[batch]);
        100.0 * differences.sum::<f64>() / pairs.len() as f64
    };
    (0..n_batches).map(of_batch).collect()
}

impl Contrast {
    /// Of days, each with how much better it is, how much of that may be luck, and the difference itself.
    fn of(days: impl Iterator<Item = (f64, f64, f64)>) -> Self {
        let days: Vec<(f64, f64, f64)> = days.collect();
        let differences: Vec<f64> = days.iter().map(|&(_, _, difference)| difference).collect();
        let count = |is_so: fn(f64, f64) -> bool| {
            days.iter()
                .filter(|&&(better, luck, _)| is_so(better, luck))
                .count()
        };
        let (wins, losses) = (
            count(|better, luck| better > luck),
            count(|better, luck| better < -luck),
        );
        Self {
            mean: mean(&differences).unwrap_or(0.0),
            estimate: estimate(&differences),
            adjusted_p: None,
            wins,
            ties: days.len() - wins - losses,
            losses,
        }
    }
}

/// By how many percent `value` is above `base`; what costs nothing is not exceeded.
pub(super) fn percent(value: f64, base: f64) -> f64 {
    if base > 0.0 {
        100.0 * (value - base) / base
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::sample;
    use super::*;

    #[test]
    fn ways_are_compared_on_the_same_days_and_batches() {
        let study = sample();
        let found = comparisons(&study);
        assert_eq!(found.len(), 4);
        let target = &found[0];
        assert_eq!(
            (&*target.way, &*target.against, &*target.stress),
            ("98.1", "nominal", "base")
        );
        assert_eq!((target.n_days, target.n_left_out), (2, 0));
        // 2.7 points on the first day and 1.2 times as many on the second; batches move together.
        assert!(
            (target.kept.mean - 2.97).abs() < 1e-3,
            "{}",
            target.kept.mean
        );
        assert!(target.kept_error < 1e-3);
        assert_eq!(
            (target.kept.wins, target.kept.ties, target.kept.losses),
            (2, 0, 0)
        );
        assert_eq!(
            (target.cost.wins, target.cost.ties, target.cost.losses),
            (0, 0, 2)
        );
        assert_eq!(target.couriers.ties, 2);
        // Two days have four patterns of signs, and there are two comparisons.
        assert!((target.kept.estimate.unwrap().p - 0.5).abs() < 1e-12);
        assert!((target.kept.adjusted_p.unwrap() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_difference_within_sampling_error_is_a_tie() {
        let mut study = sample();
        for outcome in study
            .outcomes
            .iter_mut()
            .filter(|outcome| outcome.way == "98.1")
        {
            let mut ours = outcome.batches.clone();
            ours.reverse();
            outcome.batches = ours;
        }
        let nominal = study
            .outcome("monday", "nominal", "base")
            .unwrap()
            .expected_kept;
        for outcome in study
            .outcomes
            .iter_mut()
            .filter(|outcome| outcome.way == "98.1")
        {
            outcome.expected_kept = nominal + 0.0005;
        }
        let found = comparisons(&study);
        assert!(found[0].kept_error > 0.1);
        assert_eq!(found[0].kept.ties, 1);
    }

    #[test]
    fn plans_that_break_constraints_are_left_out() {
        let mut study = sample();
        study.outcomes[0].is_feasible = false;
        let found = comparisons(&study);
        assert_eq!((found[0].n_days, found[0].n_left_out), (1, 1));
        assert_eq!(found[0].kept.estimate, None);
    }
}

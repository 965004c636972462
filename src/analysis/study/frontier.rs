//! Frontiers: the same settings with several targets trade cost for promises kept, and other ways are compared with them
//! on equal terms.

use super::contrast::percent;
use super::{Outcome, Settings, Study, WaySource};
use crate::analysis::resample::{Estimate, estimate};

/// A way compared with a frontier under a stress: where it keeps as many promises, and where it costs as much.
#[derive(Clone, Debug, PartialEq)]
pub struct EqualTerms {
    /// The way.
    pub way: String,
    /// The ways that make up the frontier, in the order of the definition.
    pub frontier: Vec<String>,
    /// The stress.
    pub stress: String,
    /// How much more the way costs than the frontier where that keeps as many promises, in percent.
    pub cost: AtEqual,
    /// How many points more the way keeps than the frontier where that costs as much.
    pub kept: AtEqual,
}

/// A difference on equal terms.
#[derive(Clone, Debug, PartialEq)]
pub struct AtEqual {
    /// Days on which the frontier reaches as far as the way; the others are not in the mean.
    pub n_days: usize,
    /// Mean over these; `None` if there are none.
    pub mean: Option<f64>,
    /// Its 95 % interval over days; `None` with fewer than two.
    pub estimate: Option<Estimate>,
}

impl AtEqual {
    fn of(differences: &[f64]) -> Self {
        Self {
            n_days: differences.len(),
            mean: crate::analysis::mean(differences),
            estimate: estimate(differences),
        }
    }
}

/// Every way against every frontier that it is no part of, by stress.
#[must_use]
pub fn on_equal_terms(study: &Study) -> Vec<EqualTerms> {
    let mut found = Vec::new();
    for stress in &study.definition.stresses {
        for frontier in frontiers(study) {
            let others = study.definition.ways.iter();
            let others = others.filter(|way| !frontier.contains(&way.name));
            found.extend(others.map(|way| compare(study, &way.name, &frontier, &stress.name)));
        }
    }
    found
}

/// Names of the ways that differ from each other by their targets alone, two or more together.
#[must_use]
pub fn frontiers(study: &Study) -> Vec<Vec<String>> {
    let mut families: Vec<(Settings, Vec<String>)> = Vec::new();
    for way in &study.definition.ways {
        let WaySource::Planned(settings) = &way.source else {
            continue;
        };
        let settings = Settings {
            on_time_percent: None,
            floor_percent: None,
            ..settings.clone()
        };
        match families.iter_mut().find(|(family, _)| *family == settings) {
            Some((_, names)) => names.push(way.name.clone()),
            None => families.push((settings, vec![way.name.clone()])),
        }
    }
    let families = families.into_iter().map(|(_, names)| names);
    families.filter(|names| names.len() > 1).collect()
}

fn compare(study: &Study, way: &str, frontier: &[String], stress: &str) -> EqualTerms {
    let point = |outcome: &Outcome| (100.0 * outcome.expected_kept, outcome.cost as f64);
    let (mut cost, mut kept) = (Vec::new(), Vec::new());
    for day in &study.definition.days {
        let of = |way: &str| {
            let outcome = study.outcome(&day.name, way, stress);
            outcome.filter(|outcome| outcome.is_feasible).map(point)
        };
        let Some((own_kept, own_cost)) = of(way) else {
            continue;
        };
        let curve = efficient(frontier.iter().filter_map(|name| of(name)).collect());
        if let Some(base) = interpolate(&curve, own_kept) {
            cost.push(percent(own_cost, base));
        }
        let turned: Vec<(f64, f64)> = curve.iter().map(|&(kept, cost)| (cost, kept)).collect();
        if let Some(base) = interpolate(&turned, own_cost) {
            kept.push(own_kept - base);
        }
    }
    EqualTerms {
        way: way.to_owned(),
        frontier: frontier.to_vec(),
        stress: stress.to_owned(),
        cost: AtEqual::of(&cost),
        kept: AtEqual::of(&kept),
    }
}

/// The points (kept, cost) that no other beats in both, by promises kept and so by cost.
fn efficient(mut points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    // From the most promises down, a point counts if it is cheaper than all that keep more.
    points.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.total_cmp(&b.1)));
    let mut cheapest = f64::INFINITY;
    points.retain(|&(_, cost)| {
        let is_cheaper = cost < cheapest;
        cheapest = cheapest.min(cost);
        is_cheaper
    });
    points.reverse();
    points
}

/// The height of a curve of straight lines at `x`; `None` beyond its ends.
fn interpolate(curve: &[(f64, f64)], x: f64) -> Option<f64> {
    let pieces = curve
        .windows(2)
        .find(|piece| (piece[0].0..=piece[1].0).contains(&x));
    pieces.map(|piece| {
        let ((x0, y0), (x1, y1)) = (piece[0], piece[1]);
        y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::sample;
    use super::*;

    #[test]
    fn beaten_points_are_not_on_the_frontier() {
        let points = vec![
            (97.0, 100.0),
            (98.0, 103.0),
            (97.5, 104.0),
            (99.0, 110.0),
            (99.0, 111.0),
        ];
        assert_eq!(
            efficient(points),
            [(97.0, 100.0), (98.0, 103.0), (99.0, 110.0)]
        );
    }

    #[test]
    fn between_two_points_a_frontier_is_straight_and_beyond_it_is_not_known() {
        let curve = [(97.0, 100.0), (98.0, 103.0), (99.0, 110.0)];
        assert!((interpolate(&curve, 98.5).unwrap() - 106.5).abs() < 1e-9);
        assert_eq!(interpolate(&curve, 96.9), None);
        assert_eq!(interpolate(&curve[..1], 97.0), None);
    }

    #[test]
    fn others_are_compared_with_the_frontier_where_it_reaches() {
        let mut study = sample();
        assert_eq!(frontiers(&study), [["nominal", "98.1"]]);
        // The dispatcher keeps fewer promises than any plan on the frontier: only equal cost is out of reach, too.
        let found = on_equal_terms(&study);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].cost.n_days, found[0].kept.n_days), (0, 0));
        // Halfway between the two plans in promises, and 1 % dearer than the frontier there.
        for outcome in study
            .outcomes
            .iter_mut()
            .filter(|outcome| outcome.way == "dispatcher")
        {
            let is_first = outcome.day == "monday";
            let scale = if is_first { 1.0 } else { 1.2 };
            outcome.expected_kept = 1.0 - 0.0315 * scale;
            outcome.cost = if is_first { 10_201 } else { 10_605 };
        }
        let found = on_equal_terms(&study);
        let at = &found[0];
        assert_eq!((&*at.way, at.cost.n_days), ("dispatcher", 2));
        assert!((at.cost.mean.unwrap() - 1.0).abs() < 0.01, "{:?}", at.cost);
        // On Monday it costs more than any plan on the frontier.
        assert_eq!(at.kept.n_days, 0);
    }
}

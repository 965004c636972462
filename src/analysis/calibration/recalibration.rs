//! What would have to be done to chances for them to agree with what happened.

use std::collections::BTreeMap;

use super::Outcome;

/// Outcomes below which nothing is judged.
pub const MIN_OUTCOMES: usize = 300;

/// Days below which nothing is judged: what happens on one day has its causes in common.
pub const MIN_DAYS: usize = 20;

/// Chances count as no closer than this to 0 and 1, where their logit is infinite.
const LEAST_CHANCE: f64 = 0.000_5;

/// Outcomes at which a fitted correction counts half.
const HALF_WEIGHT: f64 = 300.0;

/// The 95 % quantile of the chi-square law with two degrees of freedom.
const CHI_SQUARE_2: f64 = 5.991;

/// Newton steps at most; a handful suffice, as the function is concave.
const MAX_STEPS: usize = 50;

/// The logistic correction `logit(corrected) = intercept + slope * logit(forecast)`, shrunk to no correction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recalibration {
    /// 0 where nothing is to be corrected.
    pub intercept: f64,
    /// 1 where nothing is to be corrected, below 1 where forecasts are too sure.
    pub slope: f64,
    /// Whether there are at least [`MIN_OUTCOMES`] outcomes of [`MIN_DAYS`] days.
    pub is_judged: bool,
    /// Whether the fit differs from no correction by more than chance explains (Wald's test at 5 %, taking whole days).
    pub is_significant: bool,
}

impl Recalibration {
    /// Fits the correction; no correction at all of nothing.
    ///
    /// A normal prior of standard deviation 1 around no correction keeps the fit finite where everything, or nothing,
    /// happened. The fit counts with weight `n / (n + 300)`.
    #[must_use]
    pub fn of(outcomes: &[Outcome]) -> Self {
        let points: Vec<Point> = outcomes.iter().map(Point::of).collect();
        let fit = fit(&points);
        let n = outcomes.len() as f64;
        let weight = n / (n + HALF_WEIGHT);
        let (n_days, wald) = wald(&points, fit);
        Self {
            intercept: weight * fit[0],
            slope: 1.0 + weight * (fit[1] - 1.0),
            is_judged: outcomes.len() >= MIN_OUTCOMES && n_days >= MIN_DAYS,
            is_significant: wald > CHI_SQUARE_2,
        }
    }

    /// Whether somebody should look: the correction is large (beyond 0.2 in the intercept, or a slope outside 0.8 to
    /// 1.2), there is enough to judge by, and chance does not explain it.
    #[must_use]
    pub fn is_alarming(&self) -> bool {
        let is_large = self.intercept.abs() > 0.2 || !(0.8..=1.2).contains(&self.slope);
        is_large && self.is_judged && self.is_significant
    }

    /// What a forecast chance would be corrected to.
    #[must_use]
    pub fn corrected(&self, chance: f64) -> f64 {
        logistic(self.intercept + self.slope * logit(chance))
    }
}

struct Point {
    day: i64,
    logit: f64,
    hit: f64,
}

impl Point {
    fn of(outcome: &Outcome) -> Self {
        Self {
            day: outcome.day,
            logit: logit(outcome.predicted),
            hit: f64::from(u8::from(outcome.happened)),
        }
    }
}

/// The intercept and slope of the greatest posterior density, by Newton's method with halved steps.
fn fit(points: &[Point]) -> [f64; 2] {
    let mut at = [0.0, 1.0];
    for _ in 0..MAX_STEPS {
        let (gradient, curvature) = derivatives(points, at);
        let step = solved(curvature, gradient);
        let value = density(points, at);
        let mut share = 1.0;
        let mut next = [at[0] + step[0], at[1] + step[1]];
        while density(points, next) < value && share > 1e-6 {
            share /= 2.0;
            next = [at[0] + share * step[0], at[1] + share * step[1]];
        }
        at = next;
        if step[0].abs().max(step[1].abs()) < 1e-9 {
            break;
        }
    }
    at
}

/// Logarithm of the posterior density, but for a constant.
fn density(points: &[Point], at: [f64; 2]) -> f64 {
    let likelihood: f64 = points
        .iter()
        .map(|point| {
            let x = at[0] + at[1] * point.logit;
            let chance = logistic(if point.hit > 0.5 { x } else { -x });
            chance.max(f64::MIN_POSITIVE).ln()
        })
        .sum();
    likelihood - (at[0].powi(2) + (at[1] - 1.0).powi(2)) / 2.0
}

/// Gradient, and the negative second derivatives `[aa, ab, bb]`, which are positive definite by the prior.
fn derivatives(points: &[Point], at: [f64; 2]) -> ([f64; 2], [f64; 3]) {
    let mut gradient = [-at[0], 1.0 - at[1]];
    let mut curvature = [1.0, 0.0, 1.0];
    for point in points {
        let chance = logistic(at[0] + at[1] * point.logit);
        let (residual, weight) = (point.hit - chance, chance * (1.0 - chance));
        gradient[0] += residual;
        gradient[1] += residual * point.logit;
        curvature[0] += weight;
        curvature[1] += weight * point.logit;
        curvature[2] += weight * point.logit * point.logit;
    }
    (gradient, curvature)
}

/// Number of days, and Wald's statistic of the fit against no correction; 0 of fewer than two days.
///
/// The variance is the sandwich of the curvature around the gradients of whole days.
fn wald(points: &[Point], fit: [f64; 2]) -> (usize, f64) {
    let mut days: BTreeMap<i64, [f64; 2]> = BTreeMap::new();
    for point in points {
        let residual = point.hit - logistic(fit[0] + fit[1] * point.logit);
        let day = days.entry(point.day).or_default();
        day[0] += residual;
        day[1] += residual * point.logit;
    }
    let mut meat = [0.0; 3];
    for day in days.values() {
        meat[0] += day[0] * day[0];
        meat[1] += day[0] * day[1];
        meat[2] += day[1] * day[1];
    }
    let determinant = meat[0] * meat[2] - meat[1] * meat[1];
    if days.len() < 2 {
        return (days.len(), 0.0);
    }
    if determinant <= 1e-12 * meat[0] * meat[2] {
        return (days.len(), score_of_totals(points));
    }
    let n = days.len() as f64;
    let (_, c) = derivatives(points, fit);
    let off = [fit[0], fit[1] - 1.0];
    let score = [c[0] * off[0] + c[1] * off[1], c[1] * off[0] + c[2] * off[1]];
    let solved = solved(meat, score);
    let wald = (score[0] * solved[0] + score[1] * solved[1]) * (n - 1.0) / n;
    (days.len(), wald)
}

/// The score statistic of how often things happen in all, against no correction: where all chances are alike, a slope
/// cannot be told from an intercept, and the total is all there is to judge by.
fn score_of_totals(points: &[Point]) -> f64 {
    let mut days: BTreeMap<i64, f64> = BTreeMap::new();
    for point in points {
        *days.entry(point.day).or_default() += point.hit - logistic(point.logit);
    }
    let total: f64 = days.values().sum();
    let squares: f64 = days.values().map(|day| day * day).sum();
    if squares > 0.0 {
        total * total / squares
    } else {
        0.0
    }
}

/// Solves the symmetric system `[aa, ab, bb] x = right`.
fn solved(matrix: [f64; 3], right: [f64; 2]) -> [f64; 2] {
    let determinant = matrix[0] * matrix[2] - matrix[1] * matrix[1];
    [
        (matrix[2] * right[0] - matrix[1] * right[1]) / determinant,
        (matrix[0] * right[1] - matrix[1] * right[0]) / determinant,
    ]
}

fn logit(chance: f64) -> f64 {
    let chance = chance.clamp(LEAST_CHANCE, 1.0 - LEAST_CHANCE);
    (chance / (1.0 - chance)).ln()
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

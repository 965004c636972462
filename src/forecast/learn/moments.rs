//! Moments of pairs and least squares: what variance components are told apart by.

use std::collections::BTreeMap;

/// Products of two different values of one group, over all ordered pairs.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pairs {
    pub(super) sum: f64,
    pub(super) n: f64,
}

impl Pairs {
    /// All pairs within groups of values with the same key, in time linear in the number of values.
    pub(super) fn within<K: Ord>(values: impl Iterator<Item = (K, f64)>) -> Self {
        let mut groups: BTreeMap<K, [f64; 3]> = BTreeMap::new();
        for (key, value) in values {
            let [n, sum, squares] = groups.entry(key).or_default();
            *n += 1.0;
            *sum += value;
            *squares += value * value;
        }
        let mut pairs = Self::default();
        for [n, sum, squares] in groups.into_values() {
            pairs.sum += sum * sum - squares;
            pairs.n += n * (n - 1.0);
        }
        pairs
    }

    /// The pairs of these that are not among `others`.
    pub(super) fn without(self, others: Self) -> Self {
        Self {
            sum: self.sum - others.sum,
            n: self.n - others.n,
        }
    }

    pub(super) fn with(self, others: Self) -> Self {
        Self {
            sum: self.sum + others.sum,
            n: self.n + others.n,
        }
    }

    /// The mean product; `None` without pairs.
    pub(super) fn mean(self) -> Option<f64> {
        (self.n > 0.5).then(|| self.sum / self.n)
    }
}

/// A value of one courier on one day.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value {
    pub(super) day: usize,
    pub(super) courier: usize,
    pub(super) value: f64,
}

/// What values of the same courier have in common.
///
/// Values may be centered anywhere: what any two of them have in common, which includes how far the center is off, is
/// taken away.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Nested {
    /// Mean product of values of different couriers on different days.
    pub(super) apart: f64,
    /// Variance of what a courier keeps on all days; `None` if it cannot be told.
    pub(super) lasting: Option<f64>,
    /// Variance of what a courier has in common on one day only, what all couriers share on it included; `None` if it
    /// cannot be told.
    pub(super) daily: Option<f64>,
}

impl Nested {
    pub(super) fn of(values: impl Iterator<Item = Value> + Clone) -> Self {
        let all = Pairs::within(values.clone().map(|v| ((), v.value)));
        let day = Pairs::within(values.clone().map(|v| (v.day, v.value)));
        let courier = Pairs::within(values.clone().map(|v| (v.courier, v.value)));
        let both = Pairs::within(values.map(|v| ((v.day, v.courier), v.value)));
        let apart = all.without(day).without(courier).with(both).mean();
        let lasting = courier.without(both).mean();
        let daily = both.mean();
        let gap = |upper: Option<f64>, lower: Option<f64>| Some((upper? - lower?).max(0.0));
        Self {
            apart: apart.or(lasting).unwrap_or(0.0),
            lasting: gap(lasting, apart),
            daily: gap(daily, lasting),
        }
    }
}

/// One equation of a least-squares fit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Equation<const K: usize> {
    pub(super) terms: [f64; K],
    pub(super) value: f64,
    pub(super) weight: f64,
}

/// The coefficients, none of them negative, that fit best, with the weighted sum of squared errors.
///
/// A term that the others imply counts as 0, so that the earlier terms explain what they can. Negative coefficients are
/// set to 0 one after the other, the most negative first, which is exact in all but contrived cases.
pub(super) fn fit<const K: usize>(equations: &[Equation<K>]) -> ([f64; K], f64) {
    let mut is_used = [true; K];
    let coefficients = loop {
        let coefficients = solve(equations, is_used);
        let lowest = (0..K).min_by(|&a, &b| coefficients[a].total_cmp(&coefficients[b]));
        match lowest.filter(|&at| coefficients[at] < 0.0) {
            Some(at) => is_used[at] = false,
            None => break coefficients,
        }
    };
    let error = |equation: &Equation<K>| {
        let terms = equation.terms.iter().zip(&coefficients);
        let fitted: f64 = terms.map(|(term, coefficient)| term * coefficient).sum();
        equation.weight * (equation.value - fitted).powi(2)
    };
    (coefficients, equations.iter().map(error).sum())
}

/// Solves the normal equations by elimination.
fn solve<const K: usize>(equations: &[Equation<K>], mut is_used: [bool; K]) -> [f64; K] {
    let mut matrix = [[0.0; K]; K];
    let mut right = [0.0; K];
    for equation in equations {
        for (row, term) in equation.terms.iter().enumerate() {
            for (column, other) in equation.terms.iter().enumerate() {
                matrix[row][column] += equation.weight * term * other;
            }
            right[row] += equation.weight * term * equation.value;
        }
    }
    let sizes: [f64; K] = std::array::from_fn(|at| matrix[at][at]);
    for pivot in 0..K {
        is_used[pivot] &= matrix[pivot][pivot] > 1e-9 * sizes[pivot];
        if !is_used[pivot] {
            continue;
        }
        for row in (0..K).filter(|row| *row != pivot) {
            let share = matrix[row][pivot] / matrix[pivot][pivot];
            let pivot_row = matrix[pivot];
            for (value, other) in matrix[row].iter_mut().zip(pivot_row) {
                *value -= share * other;
            }
            right[row] -= share * right[pivot];
        }
    }
    std::array::from_fn(|at| {
        if is_used[at] {
            right[at] / matrix[at][at]
        } else {
            0.0
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_within_groups_agree_with_multiplying_them_out() {
        let values = [(1, 2.0), (1, 3.0), (2, 5.0), (1, -1.0)];
        let pairs = Pairs::within(values.into_iter());
        assert!((pairs.sum - 2.0 * (6.0 - 2.0 - 3.0)).abs() < 1e-12);
        assert!((pairs.n - 6.0).abs() < 1e-12);
        assert!(Pairs::within([(1, 2.0)].into_iter()).mean().is_none());
    }

    #[test]
    fn a_fit_finds_the_coefficients_and_keeps_them_from_being_negative() {
        let equation = |x: f64, value| Equation {
            terms: [1.0, x],
            value,
            weight: 1.0,
        };
        let line: Vec<_> = (0..5)
            .map(|x| equation(f64::from(x), 2.0 + 3.0 * f64::from(x)))
            .collect();
        let ([offset, slope], error) = fit(&line);
        assert!((offset - 2.0).abs() < 1e-9 && (slope - 3.0).abs() < 1e-9 && error < 1e-9);
        let falling: Vec<_> = (0..5)
            .map(|x| equation(f64::from(x), 2.0 - f64::from(x) / 10.0))
            .collect();
        let ([offset, slope], _) = fit(&falling);
        assert!((offset - 1.8).abs() < 1e-9 && slope.abs() < 1e-12);
    }

    #[test]
    fn a_term_that_others_imply_counts_as_nothing() {
        let equations = [1.0, 2.0].map(|value| Equation {
            terms: [1.0, 1.0],
            value,
            weight: 1.0,
        });
        let ([first, second], _) = fit(&equations);
        assert!((first - 1.5).abs() < 1e-9 && second.abs() < 1e-12);
    }
}

//! Means and their intervals.

/// A mean and the 95 % interval around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The mean.
    pub mean: f64,
    /// Half the width of the interval.
    pub margin: f64,
}

/// Quantiles 0.975 of Student's t distribution for 1 to 30 degrees of freedom.
const T_QUANTILES: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042,
];

/// The mean; `None` of nothing.
#[must_use]
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The geometric mean of positive values; `None` of nothing.
#[must_use]
pub fn geometric_mean(values: &[f64]) -> Option<f64> {
    let logarithms: Vec<f64> = values.iter().map(|value| value.ln()).collect();
    mean(&logarithms).map(f64::exp)
}

/// The mean with the 95 % interval of Student's t distribution; `None` of fewer than two values.
///
/// Holds where the values are independent and not too skewed.
#[must_use]
pub fn interval(values: &[f64]) -> Option<Interval> {
    let mean = mean(values).filter(|_| values.len() >= 2)?;
    let n = values.len() as f64;
    let squares = values.iter().map(|value| (value - mean).powi(2));
    let deviation = (squares.sum::<f64>() / (n - 1.0)).sqrt();
    let margin = t_quantile(values.len() - 1) * deviation / n.sqrt();
    Some(Interval { mean, margin })
}

/// Quantile 0.975 of Student's t distribution.
///
/// Source: beyond 30 degrees of freedom the first three terms of the expansion by Fisher (1925), good to 0.001.
pub(super) fn t_quantile(degrees: usize) -> f64 {
    let normal: f64 = 1.959_964;
    let expansion = || {
        let n = degrees as f64;
        let first = (normal.powi(3) + normal) / 4.0;
        let second = (5.0 * normal.powi(5) + 16.0 * normal.powi(3) + 3.0 * normal) / 96.0;
        normal + first / n + second / (n * n)
    };
    T_QUANTILES
        .get(degrees.wrapping_sub(1))
        .copied()
        .unwrap_or_else(expansion)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_as_wide_as_the_t_distribution_says() {
        let of_three = interval(&[1.0, 2.0, 3.0]).unwrap();
        assert!((of_three.mean - 2.0).abs() < 1e-12);
        assert!((of_three.margin - 4.303 / 3.0_f64.sqrt()).abs() < 1e-9);
        assert_eq!(interval(&[1.0]), None);
        assert!((t_quantile(60) - 2.000).abs() < 0.001);
        assert!((t_quantile(31) - 2.040).abs() < 0.001);
    }

    #[test]
    fn a_geometric_mean_weighs_ratios() {
        assert!((geometric_mean(&[1.0, 100.0]).unwrap() - 10.0).abs() < 1e-9);
        assert_eq!(geometric_mean(&[]), None);
    }
}

//! Delays at the start of routes.

use std::collections::BTreeMap;

use super::observe::Observations;
use crate::model::DepotId;
use crate::units::Seconds;

/// A depot has a table of its own from so many starts on.
pub(super) const TABLE_STARTS_MIN: usize = 100;

/// Steps between the quantiles of a table.
const STEPS: usize = 20;

/// Mean delay of all starts in seconds; 0 of none.
pub(super) fn mean_delay(observations: &Observations) -> f64 {
    let delays = observations.starts.iter().map(|start| start.delay);
    delays.sum::<f64>() / observations.starts.len().max(1) as f64
}

/// Quantiles of the delays of each depot that has enough of them.
pub(super) fn tables(observations: &Observations) -> BTreeMap<DepotId, Vec<Seconds>> {
    let mut depots: BTreeMap<&DepotId, Vec<f64>> = BTreeMap::new();
    for start in &observations.starts {
        if let Some(depot) = &start.depot {
            depots.entry(depot).or_default().push(start.delay);
        }
    }
    depots.retain(|_, delays| delays.len() >= TABLE_STARTS_MIN);
    let tables = depots.into_iter();
    tables
        .map(|(depot, delays)| (depot.clone(), table(delays)))
        .collect()
}

/// Quantiles at equally spaced probabilities from 0 to 1. The last is not the longest delay, which is a matter of luck, but
/// such that a law with straight lines between the quantiles has the mean of `delays`.
fn table(mut delays: Vec<f64>) -> Vec<Seconds> {
    delays.sort_by(f64::total_cmp);
    let last = delays.len() - 1;
    let mut quantiles: Vec<f64> = (0..STEPS)
        .map(|step| delays[(last * step + STEPS / 2) / STEPS])
        .collect();
    let mean = delays.iter().sum::<f64>() / delays.len() as f64;
    let inner = quantiles.iter().sum::<f64>() - quantiles[0] / 2.0;
    let highest = quantiles[STEPS - 1].max(2.0 * (STEPS as f64 * mean - inner));
    quantiles.push(highest);
    #[expect(clippy::cast_possible_truncation, reason = "seconds of a history")]
    let whole = |seconds: f64| Seconds(seconds.round() as i64);
    quantiles.into_iter().map(whole).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_keeps_the_mean_and_does_not_decrease() {
        // Quantiles of the exponential law with mean 360.
        let delays = (0..1_000).map(|at| -360.0 * (1.0 - (f64::from(at) + 0.5) / 1_000.0).ln());
        let table = table(delays.collect());
        assert_eq!(table.len(), STEPS + 1);
        assert!(table.is_sorted());
        let pairs = table
            .windows(2)
            .map(|pair| (pair[0].0 + pair[1].0) as f64 / 2.0);
        let mean = pairs.sum::<f64>() / STEPS as f64;
        assert!((mean - 360.0).abs() < 2.0, "{mean}");
        let median = table[STEPS / 2].0 as f64;
        assert!((median - 360.0 * 2.0_f64.ln()).abs() < 3.0, "{median}");
    }
}

//! How far single zones and hours are off the average, shrunk by empirical Bayes.
//!
//! What a courier has in common on a day, traffic of the day included, is taken out first, so that a zone that only one
//! courier visits is not taken for the courier, nor the courier for the zone.

use std::collections::BTreeMap;

use crate::model::LogFactor;

/// Values from which the bias of a cell is learnt.
const CELL_VALUES_MIN: usize = 100;

/// Days on which a cell must have values.
const CELL_DAYS_MIN: usize = 10;

/// Rounds of estimating effects of couriers' days from those of cells, and the other way round.
const ROUNDS: usize = 12;

/// How far, in standard deviations, the spread of cells must be from what chance makes of equal cells that are independent.
/// Hours of one day are not quite.
const ALARM: f64 = 5.0;

/// One value of a cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample<K> {
    pub(super) cell: K,
    pub(super) day: usize,
    pub(super) courier: usize,
    pub(super) value: f64,
}

/// What is known of a cell before it is shrunk.
#[derive(Clone, Debug, Default)]
struct Cell {
    n: usize,
    mean: f64,
    /// Sums of what is left, by day.
    days: BTreeMap<usize, f64>,
}

impl Cell {
    fn is_known(&self) -> bool {
        self.n >= CELL_VALUES_MIN && self.days.len() >= CELL_DAYS_MIN
    }

    /// Variance of the mean, with days as the units that are independent.
    fn error(&self) -> f64 {
        let n_days = self.days.len() as f64;
        let squares: f64 = self.days.values().map(|sum| sum * sum).sum();
        let n = self.n as f64;
        (n_days / (n_days - 1.0) * squares / (n * n)).max(1e-8)
    }
}

/// How far the mean of each cell is off the average, drawn towards it as far as chance explains the distance; none if
/// chance explains all of them, or of cells with too few values.
pub(super) fn effects<K: Ord + Copy>(samples: &[Sample<K>]) -> BTreeMap<K, LogFactor> {
    let mut cells: BTreeMap<K, Cell> = BTreeMap::new();
    for sample in samples {
        let cell = cells.entry(sample.cell).or_default();
        cell.n += 1;
        cell.days.insert(sample.day, 0.0);
    }
    cells.retain(|_, cell| cell.is_known());
    if cells.len() < 2 {
        return BTreeMap::new();
    }
    let groups = separate(samples, &mut cells);
    for sample in samples {
        if let Some(cell) = cells.get_mut(&sample.cell) {
            let rest = sample.value - groups[&(sample.courier, sample.day)].mean() - cell.mean;
            *cell.days.entry(sample.day).or_default() += rest;
        }
    }
    shrunk(&cells)
}

/// A mean in the making.
#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    sum: f64,
    n: f64,
}

impl Mean {
    fn mean(self) -> f64 {
        self.sum / self.n.max(1.0)
    }

    fn add(&mut self, value: f64) {
        self.sum += value;
        self.n += 1.0;
    }
}

/// Tells the means of cells from those of couriers' days, which are returned.
fn separate<K: Ord + Copy>(
    samples: &[Sample<K>],
    cells: &mut BTreeMap<K, Cell>,
) -> BTreeMap<(usize, usize), Mean> {
    let mut groups: BTreeMap<(usize, usize), Mean> = BTreeMap::new();
    for _ in 0..ROUNDS {
        groups.clear();
        for sample in samples {
            let of_cell = cells.get(&sample.cell).map_or(0.0, |cell| cell.mean);
            let group = groups.entry((sample.courier, sample.day)).or_default();
            group.add(sample.value - of_cell);
        }
        let mut means: BTreeMap<K, Mean> = BTreeMap::new();
        for sample in samples {
            let of_group = groups[&(sample.courier, sample.day)].mean();
            let mean = means.entry(sample.cell).or_default();
            mean.add(sample.value - of_group);
        }
        let known = cells.keys().map(|key| means[key]);
        let [sum, n] = known.fold([0.0; 2], |[sum, n], mean| [sum + mean.sum, n + mean.n]);
        for (key, cell) in cells.iter_mut() {
            cell.mean = means[key].mean() - sum / n.max(1.0);
        }
    }
    groups
}

/// Source: Morris (1983), the estimate by moments.
fn shrunk<K: Ord + Copy>(cells: &BTreeMap<K, Cell>) -> BTreeMap<K, LogFactor> {
    let n_cells = cells.len() as f64;
    let ratios = cells.values().map(|cell| cell.mean.powi(2) / cell.error());
    if ratios.sum::<f64>() <= n_cells - 1.0 + ALARM * (2.0 * (n_cells - 1.0)).sqrt() {
        return BTreeMap::new();
    }
    let excess = cells.values().map(|cell| cell.mean.powi(2) - cell.error());
    let spread = (excess.sum::<f64>() / (n_cells - 1.0)).max(0.0);
    let effect = |(key, cell): (&K, &Cell)| {
        let weight = spread / (spread + cell.error());
        let factor = LogFactor {
            mean: weight * cell.mean,
            sigma: (spread * (1.0 - weight)).sqrt(),
        };
        (*key, factor)
    };
    cells.iter().map(effect).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng;
    use rand::RngExt;

    /// Values of ten couriers in `n_cells` cells on forty days, each cell off by the number that `off` gives it.
    fn samples(n_cells: usize, off: impl Fn(usize) -> f64) -> Vec<Sample<usize>> {
        let mut draws = rng::stream(5, &[n_cells as u64]);
        let mut noise = || (0..12).map(|_| draws.random_range(-0.5..0.5)).sum::<f64>();
        let mut samples = Vec::new();
        for (day, courier) in (0..40).flat_map(|day| (0..10).map(move |courier| (day, courier))) {
            let common = 0.3 * noise();
            for cell in 0..n_cells {
                let value = 0.2 + common + off(cell) + 0.3 * noise();
                samples.push(Sample {
                    cell,
                    day,
                    courier,
                    value,
                });
            }
        }
        samples
    }

    #[test]
    fn cells_that_differ_are_told_from_the_average() {
        let off = |cell| [0.2, -0.1, 0.0, -0.1][cell];
        let found = effects(&samples(4, off));
        for (cell, effect) in &found {
            // Four hundred values with a standard deviation of 0.3, less what is shrunk.
            assert!((effect.mean - off(*cell)).abs() < 0.05, "{cell} {effect:?}");
            assert!((0.008..0.03).contains(&effect.sigma), "{effect:?}");
        }
        assert_eq!(found.len(), 4);
    }

    #[test]
    fn equal_cells_have_no_biases() {
        assert!(effects(&samples(6, |_| 0.0)).is_empty());
    }

    #[test]
    fn a_cell_with_few_values_is_left_out() {
        let mut all = samples(3, |cell| cell as f64 / 5.0);
        all.retain(|sample| sample.cell != 2 || sample.day < 5);
        let found = effects(&all);
        assert_eq!(found.keys().copied().collect::<Vec<_>>(), [0, 1]);
        assert!((found[&1].mean - found[&0].mean - 0.2).abs() < 0.07);
    }
}

//! Order statistics of many numbers, found by counting.
//!
//! Numbers are never moved: each pass counts those up to a guess, which is vector code, and a guess by interpolation
//! comes close in a few passes. Only whole seconds are asked for, so the search ends as soon as both ends of the
//! interval round to the same one.

use super::draws::Block;
use super::elementary::{larger, smaller};

/// Counters side by side, so that one vector instruction serves several.
const LANES: usize = 16;

/// The values at the given indices of the sorted `values`, rounded by `round`, which must not change their order.
///
/// Values may be infinite, but not NaN; indices must be smaller than the number of values.
#[inline(always)]
pub(super) fn order_statistics<const N: usize>(
    values: &[Block],
    ranks: [usize; N],
    round: impl Fn(f32) -> f32,
) -> [f32; N] {
    let range = Range::of(values);
    let mut searches = ranks.map(|rank| Search::new(rank, &range));
    let mut pass = 0;
    while searches.iter().any(|search| !search.is_done(&round)) {
        let guesses = searches.map(|search| search.guess(pass));
        let counts = count_up_to(values, guesses);
        for number in 0..N {
            if !searches[number].is_done(&round) {
                searches[number].narrow(guesses[number], counts[number]);
            }
        }
        pass += 1;
    }
    searches.map(|search| round(search.high))
}

/// The interval that holds one order statistic: above `low`, up to `high`.
#[derive(Clone, Copy)]
struct Search {
    rank: usize,
    low: f32,
    high: f32,
    /// Values up to `low`: at most `rank`.
    n_low: usize,
    /// Values up to `high`: more than `rank`.
    n_high: usize,
}

impl Search {
    #[inline(always)]
    fn new(rank: usize, range: &Range) -> Self {
        let (low, high, n_low, n_high) = if rank < range.n_below {
            (f32::NEG_INFINITY, f32::NEG_INFINITY, 0, range.n_below)
        } else if rank < range.n_up_to_highest {
            let low = range.lowest.next_down();
            (low, range.highest, range.n_below, range.n_up_to_highest)
        } else {
            (
                f32::INFINITY,
                f32::INFINITY,
                range.n_up_to_highest,
                usize::MAX,
            )
        };
        Self {
            rank,
            low,
            high,
            n_low,
            n_high,
        }
    }

    #[inline(always)]
    fn is_done(&self, round: &impl Fn(f32) -> f32) -> bool {
        let is_one_number = self.low.next_up() >= self.high;
        is_one_number || round(self.low) >= round(self.high)
    }

    /// A number inside the interval: mostly where a straight line through its ends reaches the rank, now and then the
    /// middle, lest one end stays where it is.
    #[inline(always)]
    fn guess(&self, pass: usize) -> f32 {
        let share = if pass % 4 == 3 {
            0.5
        } else {
            ((self.rank - self.n_low) as f32 + 0.5) / (self.n_high - self.n_low) as f32
        };
        let guess = self.low + (self.high - self.low) * share;
        smaller(larger(guess, self.low.next_up()), self.high.next_down())
    }

    #[inline(always)]
    fn narrow(&mut self, guess: f32, n_up_to_guess: usize) {
        if n_up_to_guess > self.rank {
            (self.high, self.n_high) = (guess, n_up_to_guess);
        } else {
            (self.low, self.n_low) = (guess, n_up_to_guess);
        }
    }
}

/// Where the values lie that are not infinite, and how many lie below and up to there.
struct Range {
    lowest: f32,
    highest: f32,
    n_below: usize,
    n_up_to_highest: usize,
}

impl Range {
    #[inline(always)]
    fn of(values: &[Block]) -> Self {
        let (mut lowest, mut highest) = ([f32::MAX; LANES], [f32::MIN; LANES]);
        for values in values.as_flattened().as_chunks::<LANES>().0 {
            // New arrays, not elements set where needed: those would be masked stores, which are slow.
            let finite_below = values.map(|value| if value < f32::MIN { f32::MAX } else { value });
            let finite_above = values.map(|value| if value > f32::MAX { f32::MIN } else { value });
            lowest = std::array::from_fn(|lane| smaller(lowest[lane], finite_below[lane]));
            highest = std::array::from_fn(|lane| larger(highest[lane], finite_above[lane]));
        }
        let [n_below, n_up_to_highest] = count_up_to(values, [f32::NEG_INFINITY, f32::MAX]);
        Self {
            lowest: lowest.into_iter().fold(f32::MAX, smaller),
            highest: highest.into_iter().fold(f32::MIN, larger),
            n_below,
            n_up_to_highest,
        }
    }
}

/// How many values are at most as large as each of the `limits`.
#[inline(always)]
fn count_up_to<const N: usize>(values: &[Block], limits: [f32; N]) -> [usize; N] {
    limits.map(|limit| {
        let are_up_to = values.as_flattened().iter().map(|value| *value <= limit);
        are_up_to.map(u32::from).sum::<u32>() as usize
    })
}

#[cfg(test)]
#[expect(
    clippy::float_cmp,
    reason = "what is found is one of the numbers, not one near it"
)]
mod tests {
    use super::*;
    use crate::forecast::draws::BLOCK;
    use proptest::prelude::*;

    fn sorted(values: &[f32]) -> Vec<f32> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f32::total_cmp);
        sorted
    }

    proptest! {
        #[test]
        fn order_statistics_are_those_of_the_sorted_values(
            mut values in prop::collection::vec(-1e6_f32..1e6, 2 * BLOCK),
            n_infinite in 0..BLOCK,
            spread in prop::sample::select(vec![1e-6_f32, 1e-3, 1.0]),
        ) {
            // Halves, so that ties are rounded too.
            values.iter_mut().for_each(|value| *value = (*value * spread * 2.0).round() / 2.0);
            values[..n_infinite / 2].fill(f32::NEG_INFINITY);
            values[n_infinite / 2..n_infinite].fill(f32::INFINITY);
            let n = values.len();
            let ranks = [0, n / 10, n / 2, n - 1];
            let blocks = values.as_chunks::<BLOCK>().0;
            let truth = ranks.map(|rank| sorted(&values)[rank]);
            for round in [f32::round_ties_even, f32::floor, |value| value] {
                let found = order_statistics(blocks, ranks, round);
                for (truth, found) in truth.into_iter().zip(found) {
                    prop_assert!(round(truth) == found, "{truth} {found}");
                }
            }
        }
    }

    #[test]
    fn equal_values_are_their_own_order_statistics() {
        for value in [f32::NEG_INFINITY, -3.5, 0.0, 7.0, f32::INFINITY] {
            let found = order_statistics(&[[value; BLOCK]], [0, BLOCK - 1], f32::floor);
            assert!(found.iter().all(|found| *found == value.floor()), "{value}");
        }
    }
}

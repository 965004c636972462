//! Order statistics of many numbers in linear time.

use super::draws::{BLOCK, Block};
use super::elementary::{larger, smaller};

/// Counters looked at together when a rank is searched for.
const CHUNK: usize = 64;

/// Finds order statistics; keeps its memory from one row of values to the next.
#[derive(Default)]
pub(super) struct Quantiles {
    keys: Vec<i32>,
    counts: Vec<u32>,
}

impl Quantiles {
    /// The values at the given strictly ascending indices of the sorted `values`, which hold no NaN.
    ///
    /// Indices must be smaller than the number of values.
    pub(super) fn at<const N: usize>(&mut self, values: &[f32], ranks: [usize; N]) -> [f32; N] {
        self.keys.clear();
        self.keys.extend(values.iter().copied().map(ordered));
        let mut found = [0.0; N];
        select(&mut self.keys, 0, &ranks, &mut found);
        found
    }

    /// The same, rounded to whole numbers.
    ///
    /// Values that lie close together for their number are counted by the whole number they round to, which takes half
    /// the time; rounding keeps their order, so the result is the same.
    pub(super) fn rounded_at<const N: usize>(
        &mut self,
        values: &[Block],
        ranks: [usize; N],
    ) -> [f32; N] {
        let (lowest, highest) = range(values);
        let width_max = (16 * values.len() * BLOCK) as f32;
        if highest - lowest <= width_max {
            self.count(values, lowest);
            ranks.map(|rank| lowest + self.counted(rank) as f32)
        } else {
            self.at(values.as_flattened(), ranks)
                .map(f32::round_ties_even)
        }
    }

    /// Counts the values by their whole distance from `lowest`, which is an even number not above any of them.
    fn count(&mut self, values: &[Block], lowest: f32) {
        /// `2^23`: adding it rounds to a whole number, ties to even, which then stands in the low bits.
        const ROUNDER: f32 = 8_388_608.0;
        self.counts.clear();
        for block in values {
            let buckets = block.map(|value| (value - lowest + ROUNDER).to_bits() & 0x7f_ffff);
            for bucket in buckets {
                let bucket = bucket as usize;
                if bucket >= self.counts.len() {
                    self.counts.resize((bucket + 1).next_multiple_of(CHUNK), 0);
                }
                self.counts[bucket] += 1;
            }
        }
    }

    /// The bucket that holds the value of index `rank`.
    fn counted(&self, rank: usize) -> usize {
        let mut n_before = 0;
        let mut bucket = 0;
        for chunk in self.counts.chunks_exact(CHUNK) {
            let n_in_chunk = chunk.iter().sum::<u32>() as usize;
            if n_before + n_in_chunk > rank {
                break;
            }
            n_before += n_in_chunk;
            bucket += CHUNK;
        }
        for count in self.counts.iter().skip(bucket) {
            n_before += *count as usize;
            if n_before > rank {
                break;
            }
            bucket += 1;
        }
        bucket
    }
}

/// Whole numbers that enclose all values; the lower one is even, so that differences from it round as values do.
fn range(values: &[Block]) -> (f32, f32) {
    let (mut lowest, mut highest) = ([f32::INFINITY; CHUNK], [f32::NEG_INFINITY; CHUNK]);
    for values in values.as_flattened().as_chunks::<CHUNK>().0 {
        for lane in 0..CHUNK {
            lowest[lane] = smaller(lowest[lane], values[lane]);
            highest[lane] = larger(highest[lane], values[lane]);
        }
    }
    (
        2.0 * (lowest.into_iter().fold(f32::INFINITY, smaller) / 2.0).floor(),
        highest.into_iter().fold(f32::NEG_INFINITY, larger).ceil(),
    )
}

/// Splits at the middle rank first, which halves the work for each of the others.
fn select(keys: &mut [i32], n_before: usize, ranks: &[usize], found: &mut [f32]) {
    let middle = ranks.len() / 2;
    let Some(&rank) = ranks.get(middle) else {
        return;
    };
    let (below, key, above) = keys.select_nth_unstable(rank - n_before);
    found[middle] = unordered(*key);
    select(below, n_before, &ranks[..middle], &mut found[..middle]);
    let (ranks_above, found_above) = (&ranks[middle + 1..], &mut found[middle + 1..]);
    select(above, rank + 1, ranks_above, found_above);
}

/// An integer for each float, in the same order.
fn ordered(value: f32) -> i32 {
    let bits = value.to_bits().cast_signed();
    bits ^ ((bits >> 31).cast_unsigned() >> 1).cast_signed()
}

/// The float that has the integer `key`.
fn unordered(key: i32) -> f32 {
    f32::from_bits((key ^ ((key >> 31).cast_unsigned() >> 1).cast_signed()).cast_unsigned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn order_statistics_are_those_of_the_sorted_values(
            mut values in prop::collection::vec(-1e6_f32..1e6, 3..600),
        ) {
            values.extend([f32::INFINITY, f32::NEG_INFINITY, 0.0, -0.0]);
            let n = values.len();
            let ranks = [n / 10, n / 2, n - 1];
            let found = Quantiles::default().at(&values, ranks);
            values.sort_by(f32::total_cmp);
            for (rank, found) in ranks.into_iter().zip(found) {
                prop_assert_eq!(values[rank].to_bits(), found.to_bits());
            }
        }

        #[test]
        fn counting_and_selecting_give_the_same_whole_numbers(
            halves in prop::collection::vec(-6_000..6_000_i16, 512),
            n_blocks in 1..3_usize,
        ) {
            // Halves, so that ties are rounded too; one block is too few to be counted, two are not.
            let values: Vec<f32> = halves.into_iter().map(|half| f32::from(half) / 2.0).collect();
            let blocks = &values.as_chunks::<BLOCK>().0[..n_blocks];
            let n = n_blocks * BLOCK;
            let ranks = [0, n / 2, n - 1];
            let mut quantiles = Quantiles::default();
            let selected = quantiles.at(blocks.as_flattened(), ranks).map(f32::round_ties_even);
            let counted = quantiles.rounded_at(blocks, ranks);
            prop_assert!(counted.iter().zip(&selected).all(|(a, b)| (a - b).abs() < 1e-9));
        }
    }

    #[test]
    fn values_without_end_are_selected() {
        let mut values = [5.0; BLOCK];
        values[7] = f32::INFINITY;
        let [middle, last] = Quantiles::default().rounded_at(&[values], [128, 255]);
        assert!((middle - 5.0).abs() < 1e-9 && last == f32::INFINITY);
    }
}

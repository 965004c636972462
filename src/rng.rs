//! The only source of randomness: reproducible streams keyed by what they are for, never by who draws from them.

use rand_pcg::Pcg64Mcg;

/// A stream of random numbers that is the same on every platform and version.
pub type Stream = Pcg64Mcg;

/// The stream for `key` under `seed`.
///
/// Equal keys give equal streams; streams of different keys are independent for all practical purposes. Keys are small
/// tuples of what the numbers are used for, for example `[epoch, part]`.
#[must_use]
pub fn stream(seed: u64, key: &[u64]) -> Stream {
    let low = hash(seed, key);
    let high = hash(low ^ 0x9e37_79b9_7f4a_7c15, key);
    Pcg64Mcg::new((u128::from(high) << 64) | u128::from(low))
}

/// Mixes `seed` and `key` into 64 bits that all depend on all of it.
///
/// Source: the finalizer is `SplitMix64` (Steele, Lea and Flood, 2014).
#[must_use]
pub fn hash(seed: u64, key: &[u64]) -> u64 {
    key.iter().fold(mix(seed), |state, word| {
        mix(state ^ word.wrapping_mul(0xd6e8_feb8_6659_fd93))
    })
}

/// A number from the operating system's randomness, for names that nobody should guess. Never for results.
#[must_use]
pub fn unguessable() -> u128 {
    use std::hash::{BuildHasher, RandomState};
    let draw = || u128::from(RandomState::new().hash_one(()));
    (draw() << 64) | draw()
}

fn mix(word: u64) -> u64 {
    let mut z = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn a_key_always_names_the_same_stream() {
        let draw = |seed, key: &[u64]| stream(seed, key).next_u64();
        assert_eq!(draw(1, &[2, 3]), draw(1, &[2, 3]));
        assert_ne!(draw(1, &[2, 3]), draw(1, &[3, 2]));
        assert_ne!(draw(1, &[2, 3]), draw(2, &[2, 3]));
    }
}

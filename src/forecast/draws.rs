//! Random numbers for simulated days, keyed by what they are for.
//!
//! A key is made of ids, never of positions: an order that moves to another place in the plan keeps its noise on every
//! simulated day, so that two plans differ by what was changed and not by luck. Scenarios come in blocks; within a
//! block the second half mirrors the first (antithetic pairs): a slow leg on one day is a fast one on its partner.

use super::elementary::{normal_pair, unit};
use crate::rng;

/// Scenarios simulated together.
pub(super) const BLOCK: usize = 128;

/// One number for each scenario of a block.
pub(super) type Block = [f32; BLOCK];

/// Generators side by side, so that one vector instruction serves several.
const LANES: usize = 16;

/// What numbers are used for, as part of their key.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// Traffic of the day and of the hour that the whole city has in common.
    Traffic = 1,
    /// A courier's driving, pace and start.
    Courier = 2,
    /// The leg into an order and the service there.
    Stop = 3,
    /// The leg back from the last stop.
    Return = 4,
    /// Traffic of the hour that a zone has of its own.
    Zone = 5,
    /// How far off a learnt bias of travel times is.
    TravelBias = 6,
    /// How far off a learnt bias of service times is.
    ServiceBias = 7,
}

/// The key of an id.
pub(super) fn key(id: &str) -> u64 {
    id.as_bytes()
        .chunks(8)
        .fold(id.len() as u64, |state, chunk| {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            rng::hash(state, &[u64::from_le_bytes(word)])
        })
}

/// A stream of random blocks: the first block holds the first scenarios, however many follow.
///
/// Source: the generator is sfc32 (Doty-Humphrey, `PractRand`), which needs no multiplication.
pub(super) struct Draws {
    a: [u32; LANES],
    b: [u32; LANES],
    c: [u32; LANES],
    counter: [u32; LANES],
}

impl Draws {
    /// The stream for `purpose` of the thing whose id has `key`.
    pub(super) fn new(seed: u64, purpose: Purpose, key: u64) -> Self {
        let base = rng::hash(seed, &[purpose as u64, key]);
        let mut draws = Self {
            a: [0; LANES],
            b: [0; LANES],
            c: [0; LANES],
            counter: [1; LANES],
        };
        for lane in 0..LANES {
            let word = rng::hash(base, &[lane as u64]);
            (draws.a[lane], draws.b[lane]) = halves(word);
            draws.c[lane] = halves(rng::hash(word, &[])).0;
        }
        draws
    }

    /// Two independent standard normal numbers for each scenario of the next block.
    #[inline(always)]
    pub(super) fn normals(&mut self, first: &mut Block, second: &mut Block) {
        let (first, first_mirrored) = first.split_at_mut(BLOCK / 2);
        let (second, second_mirrored) = second.split_at_mut(BLOCK / 2);
        for at in (0..BLOCK / 2).step_by(LANES) {
            let (radius, angle) = (self.bits(), self.bits());
            let (mut x, mut y) = ([0.0; LANES], [0.0; LANES]);
            for lane in 0..LANES {
                (x[lane], y[lane]) = normal_pair(unit(radius[lane]), unit(angle[lane]));
            }
            first[at..at + LANES].copy_from_slice(&x);
            second[at..at + LANES].copy_from_slice(&y);
            first_mirrored[at..at + LANES].copy_from_slice(&x.map(|x| -x));
            second_mirrored[at..at + LANES].copy_from_slice(&y.map(|y| -y));
        }
    }

    /// A number strictly between 0 and 1 for each scenario of the next block.
    #[inline(always)]
    pub(super) fn uniforms(&mut self, numbers: &mut Block) {
        let (numbers, mirrored) = numbers.split_at_mut(BLOCK / 2);
        for at in (0..BLOCK / 2).step_by(LANES) {
            let u = self.bits().map(unit);
            numbers[at..at + LANES].copy_from_slice(&u);
            mirrored[at..at + LANES].copy_from_slice(&u.map(|u| 1.0 - u));
        }
    }

    #[inline(always)]
    fn bits(&mut self) -> [u32; LANES] {
        let mut out = [0; LANES];
        for (lane, out) in out.iter_mut().enumerate() {
            let (a, b, c) = (self.a[lane], self.b[lane], self.c[lane]);
            *out = a.wrapping_add(b).wrapping_add(self.counter[lane]);
            self.counter[lane] = self.counter[lane].wrapping_add(1);
            self.a[lane] = b ^ (b >> 9);
            self.b[lane] = c.wrapping_add(c << 3);
            self.c[lane] = c.rotate_left(21).wrapping_add(*out);
        }
        out
    }
}

#[expect(clippy::cast_possible_truncation, reason = "takes 64 bits apart")]
fn halves(word: u64) -> (u32, u32) {
    (word as u32, (word >> 32) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normals(seed: u64, id: &str, n_blocks: usize) -> Vec<[Block; 2]> {
        let mut draws = Draws::new(seed, Purpose::Stop, key(id));
        let mut block = [[0.0; BLOCK]; 2];
        (0..n_blocks)
            .map(|_| {
                let [first, second] = &mut block;
                draws.normals(first, second);
                block
            })
            .collect()
    }

    fn moment(blocks: &[[Block; 2]], f: impl Fn(f64, f64) -> f64) -> f64 {
        let pairs = blocks.iter().flat_map(|[x, y]| x.iter().zip(y));
        let n = (blocks.len() * BLOCK) as f64;
        pairs
            .map(|(x, y)| f(f64::from(*x), f64::from(*y)))
            .sum::<f64>()
            / n
    }

    #[test]
    fn normal_numbers_have_the_moments_of_the_normal_law() {
        let blocks = normals(1, "order", 2_000);
        assert!(moment(&blocks, |x, _| x).abs() < 1e-6);
        assert!((moment(&blocks, |x, _| x * x) - 1.0).abs() < 0.008);
        assert!((moment(&blocks, |_, y| y.powi(4)) - 3.0).abs() < 0.08);
        assert!(moment(&blocks, |x, y| x * y).abs() < 0.006);
        let beyond_two = moment(&blocks, |x, _| f64::from(u8::from(x > 2.0)));
        assert!((beyond_two - 0.022_75).abs() < 0.001, "{beyond_two}");
    }

    #[test]
    fn streams_of_different_keys_are_uncorrelated() {
        let (first, second) = (normals(1, "a1", 1_000), normals(1, "a2", 1_000));
        let crossed: Vec<_> = first
            .iter()
            .zip(&second)
            .map(|(a, b)| [a[0], b[0]])
            .collect();
        assert!(moment(&crossed, |x, y| x * y).abs() < 0.008);
    }

    #[test]
    fn more_blocks_leave_the_first_ones_as_they_are() {
        assert_eq!(normals(3, "x", 2)[..], normals(3, "x", 5)[..2]);
        assert_ne!(normals(3, "x", 1), normals(4, "x", 1));
    }

    #[test]
    fn the_second_half_of_a_block_mirrors_the_first() {
        let mut numbers = [0.0; BLOCK];
        Draws::new(1, Purpose::Return, 7).uniforms(&mut numbers);
        let (first, second) = numbers.split_at(BLOCK / 2);
        assert!(!second.is_empty());
        for (u, mirrored) in first.iter().zip(second) {
            assert_eq!((1.0 - u).to_bits(), mirrored.to_bits());
        }
    }

    #[test]
    fn ids_that_differ_have_keys_that_differ() {
        let ids = ["a", "b", "aa", "12345678", "123456789", "12345678:"];
        let keys: std::collections::BTreeSet<u64> = ids.iter().map(|id| key(id)).collect();
        assert_eq!(keys.len(), ids.len());
    }
}

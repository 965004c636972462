//! Random choices, each from a stream of its own.

use rand::{Rng, RngExt};

use crate::rng::{self, Stream};

/// What a stream is for. The numbers are part of every generated day: append, never renumber.
#[derive(Clone, Copy)]
#[repr(u64)]
pub(super) enum Purpose {
    Landscape = 1,
    District = 2,
    Street = 3,
    Store = 4,
    Building = 5,
    Address = 6,
    Customer = 7,
    Window = 8,
    Basket = 9,
    Payment = 10,
    Wishes = 11,
    Courier = 12,
}

/// The stream for the `number`-th thing of a kind.
pub(super) fn stream(seed: u64, purpose: Purpose, number: u64) -> Stream {
    rng::stream(seed, &[purpose as u64, number])
}

/// One of `weights`' positions, in proportion to the weights; the last one if they add up to nothing.
pub(super) fn weighted(random: &mut impl Rng, weights: &[f64]) -> usize {
    let mut rest = random.random::<f64>() * weights.iter().sum::<f64>();
    let found = weights.iter().position(|weight| {
        rest -= weight;
        rest < 0.0
    });
    found.unwrap_or(weights.len().saturating_sub(1))
}

/// One of `items`, each as likely.
pub(super) fn pick<'a, T: ?Sized>(random: &mut impl Rng, items: &[&'a T]) -> &'a T {
    items[random.random_range(0..items.len())]
}

/// True with a probability of `share`; shares beyond 0 to 1 mean never and always.
pub(super) fn happens(random: &mut impl Rng, share: f64) -> bool {
    random.random::<f64>() < share
}

/// `value` to the nearest 1/`parts`.
pub(super) fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_respected() {
        let mut random = stream(1, Purpose::Window, 0);
        let mut counts = [0; 3];
        for _ in 0..10_000 {
            counts[weighted(&mut random, &[1.0, 0.0, 3.0])] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((2_300..2_700).contains(&counts[0]), "{counts:?}");
    }

    #[test]
    fn no_weight_at_all_still_gives_a_position() {
        let mut random = stream(1, Purpose::Window, 0);
        assert_eq!(weighted(&mut random, &[0.0, 0.0]), 1);
        assert_eq!(weighted(&mut random, &[f64::NAN]), 0);
    }
}

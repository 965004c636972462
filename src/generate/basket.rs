//! What is carried to a door and how long that takes.

use std::collections::BTreeMap;

use rand::{Rng, RngExt};
use rand_distr::{Distribution, LogNormal};

use super::DaySpec;
use super::city::Door;
use crate::units::{Load, Seconds};

/// Load dimension: weight in whole kilograms.
pub(super) const KG: &str = "kg";

/// Load dimension: stackable crates.
pub(super) const CRATES: &str = "crates";

/// From this weight on, in kilograms, a courier with the skill is asked for.
pub(super) const HEAVY_KG: u32 = 35;

/// The heaviest basket, in kilograms.
const BASKET_KG_MAX: f64 = 90.0;

/// What one order weighs and fills.
#[derive(Clone, Copy, Debug)]
pub(super) struct Basket {
    pub(super) kg: u32,
    pub(super) crates: u32,
    pub(super) parcels: u32,
}

impl Basket {
    /// A delivery: the weight is lognormal with the specification's median and sigma, at most 90 kg; a crate holds
    /// 9 kg, a bag 4 to 6 kg.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 1..=90; NaN becomes 0 and is raised to 1"
    )]
    pub(super) fn delivery(spec: &DaySpec, random: &mut impl Rng) -> Self {
        let median = spec.basket_median_kg.max(0.1).ln();
        let weight = LogNormal::new(median, spec.basket_sigma)
            .map_or(spec.basket_median_kg, |weights| weights.sample(random));
        let kg = (weight.ceil().clamp(1.0, BASKET_KG_MAX) as u32).max(1);
        Self {
            kg,
            crates: kg.div_ceil(9),
            parcels: kg.div_ceil(random.random_range(4..=6)),
        }
    }

    /// Empty bottles: one to three crates of 4 kg.
    pub(super) fn bottles(random: &mut impl Rng) -> Self {
        let crates = random.random_range(1..=3);
        Self {
            kg: crates * 4,
            crates,
            parcels: crates,
        }
    }

    /// The loads by dimension.
    pub(super) fn loads(self) -> BTreeMap<String, Load> {
        BTreeMap::from([
            (KG.to_owned(), Load(i64::from(self.kg))),
            (CRATES.to_owned(), Load(i64::from(self.crates))),
        ])
    }

    /// Time at the door, rounded up to ten seconds: four minutes to park, to find the entrance and to hand over; the
    /// way up and down once for every three crates (70 seconds by lift, 20 a floor on foot); 25 seconds a
    /// parcel; `extra` for paying and checking.
    pub(super) fn service(self, door: &Door, extra: Seconds) -> Seconds {
        let ways = i64::from(self.crates.div_ceil(3));
        let climb = if door.has_lift && door.floor > 1 {
            70
        } else {
            20 * i64::from(door.floor - 1)
        };
        let total = 240 + ways * climb + 25 * i64::from(self.parcels) + extra.0;
        Seconds((total + 9) / 10 * 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::draw::{Purpose, stream};

    #[test]
    fn half_of_the_baskets_are_below_the_median_and_few_are_heavy() {
        let spec = DaySpec::default();
        let mut random = stream(1, Purpose::Basket, 1);
        let baskets: Vec<Basket> = (0..4_000)
            .map(|_| Basket::delivery(&spec, &mut random))
            .collect();
        let light = baskets.iter().filter(|basket| basket.kg <= 9).count();
        let heavy = baskets
            .iter()
            .filter(|basket| basket.kg >= HEAVY_KG)
            .count();
        assert!((1_880..2_120).contains(&light), "{light}");
        assert!((20..120).contains(&heavy), "{heavy}");
    }

    #[test]
    fn senseless_parameters_still_give_baskets() {
        let spec = DaySpec {
            basket_median_kg: f64::NAN,
            basket_sigma: -1.0,
            ..DaySpec::default()
        };
        let mut random = stream(1, Purpose::Basket, 0);
        assert_eq!(Basket::delivery(&spec, &mut random).crates, 1);
    }
}

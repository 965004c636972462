//! Quantities as integer newtypes, so that the compiler tells seconds from meters.
//!
//! Knows nothing of the business. Every bound below is enforced by validation before a value reaches a computation, so
//! plain `i64` arithmetic on sums of them cannot overflow.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use serde::{Deserialize, Serialize};

macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone,
            Copy,
            Debug,
            Default,
            PartialEq,
            Eq,
            PartialOrd,
            Ord,
            Hash,
            Serialize,
            Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(0);
        }

        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }

        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                self.0 += other.0;
            }
        }

        impl Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }

        impl SubAssign for $name {
            fn sub_assign(&mut self, other: Self) {
                self.0 -= other.0;
            }
        }

        impl Neg for $name {
            type Output = Self;
            fn neg(self) -> Self {
                Self(-self.0)
            }
        }

        impl Sum for $name {
            fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
                items.fold(Self::ZERO, |total, item| total + item)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

quantity!(
    /// A span of time in whole seconds.
    Seconds
);
quantity!(
    /// A distance in whole meters.
    Meters
);
quantity!(
    /// An amount of goods in the unit of its dimension.
    Load
);
quantity!(
    /// An amount of money in the caller's smallest currency unit.
    Cost
);
quantity!(
    /// An amount of money in 1/18,000 of the caller's smallest currency unit.
    ///
    /// Costs per kilometer and per hour are charged in proportion to meters and seconds; 18,000 is the least common
    /// multiple of 1,000 and 3,600, so every such cost is a whole number and sums are exact in any order.
    ExactCost
);

impl ExactCost {
    /// Parts of one currency unit.
    pub const PER_UNIT: i64 = 18_000;

    /// A whole amount.
    #[must_use]
    pub fn from_cost(cost: Cost) -> Self {
        Self(cost.0 * Self::PER_UNIT)
    }

    /// What `distance` costs at `rate` currency units a kilometer.
    #[must_use]
    pub fn of_distance(distance: Meters, rate: Cost) -> Self {
        Self(distance.0 * rate.0 * (Self::PER_UNIT / 1_000))
    }

    /// What `time` costs at `rate` currency units an hour.
    #[must_use]
    pub fn of_time(time: Seconds, rate: Cost) -> Self {
        Self(time.0 * rate.0 * (Self::PER_UNIT / 3_600))
    }

    /// The amount in whole currency units, rounded half up.
    #[must_use]
    pub fn rounded(self) -> Cost {
        Cost((self.0 + Self::PER_UNIT / 2).div_euclid(Self::PER_UNIT))
    }
}

/// A moment in whole seconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// 9999-12-31T23:59:59Z, the last moment that the API can say.
    pub const LAST: Self = Self(253_402_300_799);
}

impl Add<Seconds> for Timestamp {
    type Output = Self;
    fn add(self, span: Seconds) -> Self {
        Self(self.0 + span.0)
    }
}

impl Sub<Seconds> for Timestamp {
    type Output = Self;
    fn sub(self, span: Seconds) -> Self {
        Self(self.0 - span.0)
    }
}

impl Sub for Timestamp {
    type Output = Seconds;
    fn sub(self, other: Self) -> Seconds {
        Seconds(self.0 - other.0)
    }
}

/// A ratio in hundredths of a percent: 10,000 is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BasisPoints(pub u32);

impl BasisPoints {
    /// One.
    pub const ONE: Self = Self(10_000);

    /// The ratio nearest to `share`, which becomes 0 to 1; what is no number becomes 0.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 0..=10,000; NaN becomes 0"
    )]
    pub fn of_share(share: f64) -> Self {
        Self((share * 10_000.0).round().clamp(0.0, 10_000.0) as u32)
    }

    /// `span` times this ratio, rounded up.
    #[must_use]
    pub fn scale(self, span: Seconds) -> Seconds {
        Seconds((span.0 * i64::from(self.0) + 9_999).div_euclid(10_000))
    }

    /// `span` divided by this ratio, rounded up. The ratio must not be zero.
    #[must_use]
    pub fn divide(self, span: Seconds) -> Seconds {
        let ratio = i64::from(self.0);
        Seconds((span.0 * 10_000 + ratio - 1).div_euclid(ratio))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_charged_in_exact_proportion() {
        let one_meter = ExactCost::of_distance(Meters(1), Cost(1));
        let one_second = ExactCost::of_time(Seconds(1), Cost(1));
        assert_eq!(
            (0..1_000).map(|_| one_meter).sum::<ExactCost>().rounded(),
            Cost(1)
        );
        assert_eq!(
            (0..3_600).map(|_| one_second).sum::<ExactCost>().rounded(),
            Cost(1)
        );
    }

    #[test]
    fn half_a_unit_rounds_up() {
        assert_eq!(ExactCost(8_999).rounded(), Cost(0));
        assert_eq!(ExactCost(9_000).rounded(), Cost(1));
        assert_eq!(ExactCost(-9_001).rounded(), Cost(-1));
    }

    #[test]
    fn scaling_never_promises_less_time_than_needed() {
        assert_eq!(BasisPoints(12_000).scale(Seconds(61)), Seconds(74));
        assert_eq!(BasisPoints(11_000).divide(Seconds(60)), Seconds(55));
        assert_eq!(BasisPoints::ONE.divide(Seconds(59)), Seconds(59));
    }
}

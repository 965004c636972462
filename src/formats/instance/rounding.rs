//! How real-valued data become integers.

/// How real-valued data become integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Rounding {
    /// Ten times the distance, truncated; times, durations and costs times ten (DIMACS challenge: one decimal).
    Dimacs,
    /// A thousand times the distance, to the nearest whole number; times, durations and costs times a thousand.
    Exact,
    /// Distances rounded to the nearest whole number; all else as given.
    Round,
    /// Everything as given; distances must be whole numbers already.
    None,
}

impl Rounding {
    /// Integer units per unit of the text.
    #[must_use]
    pub fn scale(self) -> i64 {
        match self {
            Self::Dimacs => 10,
            Self::Exact => 1_000,
            Self::Round | Self::None => 1,
        }
    }

    /// Decimals of a cost in units of the text.
    #[must_use]
    pub fn decimals(self) -> usize {
        match self {
            Self::Dimacs => 1,
            Self::Exact => 3,
            Self::Round | Self::None => 0,
        }
    }

    /// The distance between two points.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "coordinates are bounded when they are read"
    )]
    pub(super) fn distance(self, from: (f64, f64), to: (f64, f64)) -> i64 {
        let (dx, dy) = (from.0 - to.0, from.1 - to.1);
        let distance = self.scale() as f64 * (dx * dx + dy * dy).sqrt();
        match self {
            Self::Dimacs | Self::None => distance.floor() as i64,
            Self::Exact | Self::Round => distance.round() as i64,
        }
    }
}

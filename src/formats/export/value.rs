//! Values of cells, before they are written in one format or another.

use crate::units::{Seconds, Timestamp};

/// What a cell says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Empty,
    Text(String),
    Number(f64),
    Moment(Timestamp),
}

impl Value {
    pub(super) fn text(text: &str) -> Self {
        if text.is_empty() {
            Self::Empty
        } else {
            Self::Text(text.to_owned())
        }
    }

    /// A whole number.
    #[expect(
        clippy::cast_precision_loss,
        reason = "figures of a day are far below 2^53"
    )]
    pub(super) fn whole(number: i64) -> Self {
        Self::Number(number as f64)
    }

    /// A count.
    pub(super) fn count(count: usize) -> Self {
        Self::whole(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// Minutes to two digits: enough to say each second.
    pub(super) fn minutes(span: Seconds) -> Self {
        Self::ratio(span.0, 60)
    }

    /// `part / unit` to two digits.
    #[expect(
        clippy::cast_precision_loss,
        reason = "figures of a day are far below 2^53"
    )]
    pub(super) fn ratio(part: i64, unit: i64) -> Self {
        Self::Number((part as f64 * 100.0 / unit as f64).round() / 100.0)
    }

    /// A share in percent, to one digit.
    pub(super) fn percent(share: f64) -> Self {
        Self::Number((share * 1_000.0).round() / 10.0)
    }

    pub(super) fn moment(moment: Option<Timestamp>) -> Self {
        moment.map_or(Self::Empty, Self::Moment)
    }
}

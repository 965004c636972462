//! Moments, spans, ratios and counts on the wire.

use prost_types::{Duration, Timestamp as Moment};

use super::read::{At, Sink};
use crate::model::{Finding, Reason};
use crate::units::{BasisPoints, Seconds, Timestamp};

/// First and last moment that protobuf's Timestamp can name: the years 1 to 9999.
const MOMENTS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
/// Longest span that protobuf's Duration can hold, either way.
const SPAN_MAX: i64 = 315_576_000_000;

/// A moment.
pub(in crate::grpc) fn moment(at: Timestamp) -> Option<Moment> {
    Some(Moment {
        seconds: at.0,
        nanos: 0,
    })
}

/// A moment that may stand in `field` of a request.
///
/// # Errors
/// If it is none that the model can hold.
pub(in crate::grpc) fn moment_of(
    field: &'static str,
    value: Option<&Moment>,
) -> Result<Option<Timestamp>, Vec<Finding>> {
    let sink = Sink::default();
    let moment = At::root(&sink).moment_if_any(field, value);
    moment.ok_or_else(|| sink.take())
}

/// A span of whole seconds.
pub(super) fn span(seconds: Seconds) -> Option<Duration> {
    Some(Duration {
        seconds: seconds.0,
        nanos: 0,
    })
}

/// A span with fractions of a second.
pub(super) fn fine_span(elapsed: std::time::Duration) -> Option<Duration> {
    Duration::try_from(elapsed).ok()
}

/// A probability or share, 0 to 1, in percent.
pub(super) fn percent(share: f64) -> f64 {
    share * 100.0
}

impl At<'_> {
    /// A moment that must be there.
    pub(super) fn moment(&self, field: &'static str, value: Option<&Moment>) -> Option<Timestamp> {
        let moment = self.required(field, value)?;
        self.field(field).read_moment(moment)
    }

    /// A moment that may be there.
    pub(super) fn moment_if_any(
        &self,
        field: &'static str,
        value: Option<&Moment>,
    ) -> Option<Option<Timestamp>> {
        match value {
            Some(moment) => self.field(field).read_moment(moment).map(Some),
            None => Some(None),
        }
    }

    fn read_moment(&self, moment: &Moment) -> Option<Timestamp> {
        if moment.nanos == 0 && MOMENTS.contains(&moment.seconds) {
            return Some(Timestamp(moment.seconds));
        }
        self.report(
            Reason::OutOfRange,
            "a moment must be a whole second of the years 1 to 9999",
        );
        None
    }

    /// A span that may be there.
    pub(super) fn span_if_any(
        &self,
        field: &'static str,
        value: Option<&Duration>,
    ) -> Option<Option<Seconds>> {
        let Some(span) = value else {
            return Some(None);
        };
        if span.nanos == 0 && (-SPAN_MAX..=SPAN_MAX).contains(&span.seconds) {
            return Some(Some(Seconds(span.seconds)));
        }
        self.field(field).report(
            Reason::OutOfRange,
            "a duration must be a whole number of seconds",
        );
        None
    }

    /// A span; none where there is nothing.
    pub(super) fn span(&self, field: &'static str, value: Option<&Duration>) -> Option<Seconds> {
        self.span_if_any(field, value)
            .map(Option::unwrap_or_default)
    }

    /// A positive span with fractions of a second that may be there.
    pub(super) fn fine_span_if_any(
        &self,
        field: &'static str,
        value: Option<&Duration>,
    ) -> Option<Option<std::time::Duration>> {
        let Some(span) = value else {
            return Some(None);
        };
        match std::time::Duration::try_from(*span) {
            Ok(duration) if !duration.is_zero() => Some(Some(duration)),
            _ => {
                self.field(field)
                    .report(Reason::OutOfRange, "a duration above 0 is needed here");
                None
            }
        }
    }

    /// A ratio; one where there is nothing. The model holds hundredths of a percent.
    pub(super) fn ratio(&self, field: &'static str, value: Option<f64>) -> Option<BasisPoints> {
        let scaled = value.map_or(10_000.0, |ratio| (ratio * 10_000.0).round());
        self.field(field).basis_points(scaled)
    }

    /// A percentage that may be there.
    pub(super) fn percent_if_any(
        &self,
        field: &'static str,
        value: Option<f64>,
    ) -> Option<Option<BasisPoints>> {
        match value {
            Some(percent) => {
                let scaled = (percent * 100.0).round();
                self.field(field).basis_points(scaled).map(Some)
            }
            None => Some(None),
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be between 0 and 2^32 - 1"
    )]
    fn basis_points(&self, scaled: f64) -> Option<BasisPoints> {
        if (0.0..=f64::from(u32::MAX)).contains(&scaled) {
            return Some(BasisPoints(scaled as u32));
        }
        self.report(Reason::OutOfRange, "a number of at least 0 is needed here");
        None
    }

    /// A count that may be there.
    pub(super) fn count_if_any(
        &self,
        field: &'static str,
        value: Option<i32>,
    ) -> Option<Option<u32>> {
        let Some(value) = value else {
            return Some(None);
        };
        let count = u32::try_from(value).ok();
        if count.is_none() {
            self.field(field)
                .report(Reason::OutOfRange, "a number of at least 0 is needed here");
        }
        count.map(Some)
    }
}

/// A count on the wire; counts of things in memory are far below its largest value.
pub(in crate::grpc) fn count(number: impl TryInto<i32>) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::read::Sink;
    use super::*;

    #[test]
    fn fractions_of_a_second_are_refused_rather_than_cut() {
        let sink = Sink::default();
        let at = At::root(&sink);
        let half = Moment {
            seconds: 5,
            nanos: 500_000_000,
        };
        assert_eq!(at.moment("t", Some(&half)), None);
        assert_eq!(
            at.moment("t", moment(Timestamp(5)).as_ref()),
            Some(Timestamp(5))
        );
        assert_eq!(at.span("d", None), Some(Seconds::ZERO));
        assert_eq!(sink.into_inner().len(), 1);
    }

    #[test]
    fn no_number_at_all_is_out_of_range() {
        let sink = Sink::default();
        let at = At::root(&sink);
        for bad in [f64::NAN, f64::INFINITY, -0.1] {
            assert_eq!(at.ratio("speed_factor", Some(bad)), None);
        }
        assert_eq!(at.ratio("speed_factor", None), Some(BasisPoints::ONE));
        assert_eq!(
            at.ratio("speed_factor", Some(1.1)),
            Some(BasisPoints(11_000))
        );
        assert_eq!(sink.into_inner().len(), 3);
    }
}

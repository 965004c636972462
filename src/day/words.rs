//! Moments and clocks in words, for refusals and contradictions.

use super::event::Report;
use crate::model::TimeWindow;
use crate::units::{Seconds, Timestamp};

/// A clock counts as set to another time zone if it is off by whole half hours, give or take this.
const ZONE_SLACK: i64 = 180;

/// The largest difference between time zones that are next to each other in practice.
const ZONE_MAX: i64 = 14 * 3_600;

/// Day and time, in UTC.
pub(super) fn clock(moment: Timestamp) -> String {
    let known = jiff::Timestamp::from_second(moment.0);
    known.map_or_else(
        |_| format!("second {}", moment.0),
        |at| at.strftime("%F %T UTC").to_string(),
    )
}

/// Between which moments something may happen on a day.
pub(crate) fn bounds(span: TimeWindow) -> String {
    format!(
        "must be from {} to {}: from a day before the first shift to a day after the last one",
        clock(span.start),
        clock(span.end)
    )
}

/// A span of time.
pub(super) fn span(span: Seconds) -> String {
    let seconds = span.0.abs();
    if seconds >= 2 * 86_400 {
        return format!("{} days", seconds / 86_400);
    }
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// By how many whole half hours, at least one hour, a clock seems to be off that is `ahead` of ours.
pub(super) fn skew(ahead: Seconds) -> Option<Seconds> {
    const HALF_HOUR: i64 = 1_800;
    let steps = (ahead.0 + HALF_HOUR / 2).div_euclid(HALF_HOUR);
    let whole = steps.saturating_mul(HALF_HOUR);
    let is_whole = (ahead.0 - whole).abs() <= ZONE_SLACK;
    (is_whole && (2 * HALF_HOUR..=ZONE_MAX).contains(&whole.abs())).then_some(Seconds(whole))
}

/// What there is to say of the time between an event that does not fit and its report, as the end of a sentence.
pub(super) fn lag(report: &Report) -> String {
    match skew(report.at - report.reported_at) {
        Some(skew) if skew.0 < 0 => format!(
            "; it was reported {} after it is said to have happened: is the device's clock {} slow?",
            span(report.reported_at - report.at),
            span(skew)
        ),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_off_by_hours_only_if_it_is_by_whole_ones() {
        assert_eq!(skew(Seconds(3_600 + 100)), Some(Seconds(3_600)));
        assert_eq!(skew(Seconds(-2 * 3_600 - 60)), Some(Seconds(-7_200)));
        assert_eq!(skew(Seconds(5 * 3_600 + 1_700)), Some(Seconds(19_800)));
        for other in [0, 200, 1_800, 3_000, 4_500, 20 * 3_600] {
            assert_eq!(skew(Seconds(other)), None, "{other}");
        }
    }

    #[test]
    fn spans_read_like_spans() {
        let words = [59, 60, 95, 3_600, 5_400, 200_000].map(|seconds| span(Seconds(seconds)));
        let expected = ["59 s", "1 min", "1 min 35 s", "1 h", "1 h 30 min", "2 days"];
        assert_eq!(words, expected);
    }
}

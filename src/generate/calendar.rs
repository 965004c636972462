//! The generated day on the clock.

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, civil::DateTime};

use crate::model::TimeWindow;
use crate::units::Timestamp;

/// One date in one time zone.
pub(super) struct Calendar {
    date: Date,
    zone: TimeZone,
}

impl Calendar {
    /// An unknown zone is read as UTC; the problem that names it is refused by validation.
    pub(super) fn new(date: Date, time_zone: &str) -> Self {
        Self {
            date,
            zone: TimeZone::get(time_zone).unwrap_or(TimeZone::UTC),
        }
    }

    /// The moment at which clocks show `minutes` after midnight; negative minutes reach into the days before.
    pub(super) fn at(&self, minutes: i64) -> Timestamp {
        let clock = self
            .date
            .to_datetime(jiff::civil::Time::midnight())
            .saturating_add(SignedDuration::from_mins(minutes));
        // Only the first and the last day of the calendar have moments that no zone can tell.
        self.zone
            .to_timestamp(clock)
            .map_or_else(|_| utc(clock), |at| Timestamp(at.as_second()))
    }

    /// From one clock time to another, both in minutes after midnight.
    pub(super) fn window(&self, from: i64, to: i64) -> TimeWindow {
        TimeWindow {
            start: self.at(from),
            end: self.at(to),
        }
    }
}

fn utc(clock: DateTime) -> Timestamp {
    let epoch = date(1970, 1, 1).to_datetime(jiff::civil::Time::midnight());
    Timestamp(clock.duration_since(epoch).as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Seconds;

    #[test]
    fn clocks_show_what_was_asked_for_even_when_they_change() {
        // On 29 March 2026 clocks in Berlin go from 02:00 to 03:00.
        let calendar = Calendar::new(date(2026, 3, 29), "Europe/Berlin");
        assert_eq!(calendar.at(4 * 60) - calendar.at(0), Seconds(3 * 3_600));
        assert_eq!(calendar.at(-60) + Seconds(3_600), calendar.at(0));
    }

    #[test]
    fn the_ends_of_the_calendar_do_not_stop_it() {
        for day in [Date::MIN, Date::MAX] {
            let calendar = Calendar::new(day, "Europe/Moscow");
            assert!(calendar.at(-3_000) <= calendar.at(3_000));
        }
    }
}

//! Moments as people read them: wall-clock times in the day's time zone.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::messages::Messages;
use crate::model::TimeWindow;
use crate::units::{Seconds, Timestamp};

/// Prints moments of one day.
pub(super) struct ClockFace<'a> {
    zone: TimeZone,
    day: Date,
    words: &'a Messages,
}

/// Which way to go when a moment is not a whole minute.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Round {
    /// To the minute that has begun: nobody who goes by it is late.
    Down,
    /// To the next whole minute.
    Up,
}

impl<'a> ClockFace<'a> {
    /// A face in the zone called `time_zone` for the day that `day_of` falls on.
    pub(super) fn new(time_zone: &str, day_of: Timestamp, words: &'a Messages) -> Self {
        let zone = zone_of(time_zone);
        Self {
            day: local(&zone, day_of).date(),
            zone,
            words,
        }
    }

    /// The day in full, as in "Monday, 23 November 2026".
    pub(super) fn date(&self) -> String {
        self.words.date(self.day)
    }

    /// The time as HH:MM, with the date before it on any other day.
    pub(super) fn time(&self, moment: Timestamp, round: Round) -> String {
        let moment = match round {
            Round::Down => moment,
            Round::Up => moment + Seconds(59),
        };
        let at = local(&self.zone, moment);
        let time = format!("{:02}:{:02}", at.hour(), at.minute());
        if at.date() == self.day {
            time
        } else {
            format!("{}\u{a0}{time}", self.words.short_date(at.date()))
        }
    }

    /// Both ends, the later one rounded as told.
    pub(super) fn window(&self, window: TimeWindow, round_end: Round) -> String {
        format!(
            "{}–{}",
            self.time(window.start, Round::Down),
            self.time(window.end, round_end)
        )
    }
}

/// An unknown zone is read as UTC.
pub(super) fn zone_of(time_zone: &str) -> TimeZone {
    TimeZone::get(time_zone).unwrap_or(TimeZone::UTC)
}

/// Moments that the calendar does not reach are printed as its first moment: validation keeps them out.
pub(super) fn local(zone: &TimeZone, moment: Timestamp) -> DateTime {
    jiff::Timestamp::from_second(moment.0).map_or(DateTime::MIN, |at| zone.to_datetime(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheet::Language;

    /// 2026-11-23T05:04:30Z.
    const MORNING: Timestamp = Timestamp(1_795_410_270);

    fn face(zone: &str, language: Language) -> ClockFace<'static> {
        ClockFace::new(zone, MORNING, Messages::of(language))
    }

    #[test]
    fn times_are_those_of_the_days_zone() {
        let down = |zone| face(zone, Language::En).time(MORNING, Round::Down);
        assert_eq!(down("Europe/Moscow"), "08:04");
        assert_eq!(down("Asia/Vladivostok"), "15:04");
        assert_eq!(down(""), "05:04");
        assert_eq!(down("Mars/Olympus"), "05:04");
    }

    #[test]
    fn deadlines_round_down_and_late_ends_round_up() {
        let face = face("UTC", Language::En);
        assert_eq!(face.time(MORNING, Round::Up), "05:05");
        assert_eq!(face.time(MORNING - Seconds(30), Round::Up), "05:04");
    }

    #[test]
    fn another_date_is_named() {
        let next_night = MORNING + Seconds(19 * 3_600);
        let time = |language| face("UTC", language).time(next_night, Round::Down);
        assert_eq!(time(Language::En), "24\u{a0}Nov\u{a0}00:04");
        assert_eq!(time(Language::Ru), "24\u{a0}ноя\u{a0}00:04");
        assert_eq!(
            face("UTC", Language::Ru).date(),
            "Понедельник, 23 ноября 2026"
        );
        assert_eq!(face("UTC", Language::En).date(), "Monday, 23 November 2026");
    }

    #[test]
    fn moments_beyond_the_calendar_do_not_stop_the_printer() {
        let face = ClockFace::new("UTC", Timestamp(i64::MAX - 60), Messages::of(Language::Ru));
        assert_eq!(face.time(Timestamp(i64::MIN), Round::Up), "00:00");
    }
}

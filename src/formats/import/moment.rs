//! Dates, times of day and windows as people write them.

use std::cmp::Ordering;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use super::number;
use crate::model::TimeWindow;
use crate::units::{Seconds, Timestamp};

const DAY: i64 = 86_400;
/// Farthest offset from UTC, in seconds.
const OFFSET_MAX: i64 = 14 * 3_600;

/// What a text says about a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spoken {
    pub(super) date: Option<Date>,
    /// Seconds since midnight; 24:00 is the end of the day.
    pub(super) time: Option<i64>,
    /// Seconds that the clock meant is ahead of UTC.
    pub(super) offset: Option<i64>,
}

/// Where clocks are and which day it is where nobody says.
pub(super) struct Calendar<'a> {
    pub(super) date: Option<Date>,
    pub(super) zone: &'a TimeZone,
}

/// Why a text is no moment, with what would be right.
pub(super) const NO_MOMENT: &str =
    "is no time; one is like 18:00 or 2026-11-26 18:00 or 26.11.2026 18:00";
const NO_DATE: &str =
    "is a time of day, and nothing says of which day; give --date or a column with the date";
const NO_TIME: &str = "is a date without a time of day; one is like 26.11.2026 18:00";
const OFF_CALENDAR: &str = "is a time beyond the calendar";
/// Why a text is no window, with what would be right.
pub(super) const NO_WINDOW: &str = "is no window; one is like 18:00-20:00";
const REVERSED: &str = "ends before it starts; the start comes first";
const NO_LENGTH: &str = "ends when it starts; a window has some length";

/// Reads a moment.
pub(super) fn moment(text: &str, calendar: &Calendar<'_>) -> Result<Timestamp, &'static str> {
    calendar.resolve(&spoken(text).ok_or(NO_MOMENT)?)
}

/// Reads a date.
pub(super) fn date(text: &str) -> Option<Date> {
    let spoken = spoken(text)?;
    let is_midnight = spoken.time.is_none_or(|time| time == 0);
    spoken.date.filter(|_| is_midnight)
}

/// Reads a window, as in `18:00-20:00` or `с 18 до 20`.
pub(super) fn window(text: &str, calendar: &Calendar<'_>) -> Result<TimeWindow, &'static str> {
    let lower = text.trim().to_lowercase();
    let mut scan = Scan { rest: &lower };
    let (start, mut end) = scan.window().ok_or(NO_WINDOW)?;
    end.date = end.date.or(start.date);
    between(calendar.resolve(&start)?, calendar.resolve(&end)?)
}

/// The window from `start` to `end`.
pub(super) fn between(start: Timestamp, end: Timestamp) -> Result<TimeWindow, &'static str> {
    match start.cmp(&end) {
        Ordering::Less => Ok(TimeWindow { start, end }),
        Ordering::Equal => Err(NO_LENGTH),
        Ordering::Greater => Err(REVERSED),
    }
}

/// Reads windows that are separated by semicolons, commas or line breaks.
pub(super) fn windows(
    text: &str,
    calendar: &Calendar<'_>,
) -> Result<Vec<TimeWindow>, &'static str> {
    let parts = text.split([';', ',', '\n']).map(str::trim);
    let parts = parts.filter(|part| !part.is_empty());
    parts.map(|part| window(part, calendar)).collect()
}

impl Calendar<'_> {
    fn resolve(&self, spoken: &Spoken) -> Result<Timestamp, &'static str> {
        let time = spoken.time.ok_or(NO_TIME)?;
        let date = spoken.date.or(self.date).ok_or(NO_DATE)?;
        let midnight = |date: Date| DateTime::from_parts(date, Time::midnight());
        if let Some(offset) = spoken.offset {
            let utc = midnight(date).to_zoned(TimeZone::UTC);
            let utc = utc.map_err(|_| OFF_CALENDAR)?.timestamp().as_second();
            return Ok(Timestamp(utc + time - offset));
        }
        // Clocks may be changed during the day, so that what they show is not the time since midnight.
        let (date, time) = match time {
            DAY => (date.tomorrow().map_err(|_| OFF_CALENDAR)?, 0),
            time => (date, time),
        };
        let shown = midnight(date).saturating_add(jiff::SignedDuration::from_secs(time));
        let zoned = shown.to_zoned(self.zone.clone());
        let moment = zoned.map_err(|_| OFF_CALENDAR)?.timestamp();
        Ok(Timestamp(0) + Seconds(moment.as_second()))
    }
}

fn spoken(text: &str) -> Option<Spoken> {
    let lower = text.trim().to_lowercase();
    let mut scan = Scan { rest: &lower };
    match scan.moment() {
        Some(spoken) if scan.rest.is_empty() => Some(spoken),
        Some(_) | None => serial(text),
    }
}

/// A moment as Excel stores it, days since 1899-12-30, if a cell is not formatted as a date: years 1954 to 2119.
fn serial(text: &str) -> Option<Spoken> {
    const DIGITS: usize = 9;
    const UNIT: i64 = 1_000_000_000;
    let value =
        number::scaled(text, DIGITS).filter(|_| text.contains(['.', ',']) || text.len() == 5)?;
    let (days, part) = (value.div_euclid(UNIT), value.rem_euclid(UNIT));
    let seconds = (part * DAY + UNIT / 2) / UNIT;
    match days {
        0 => Some(Spoken {
            time: Some(seconds),
            ..Spoken::default()
        }),
        20_000..=80_000 => {
            let epoch = Date::constant(1899, 12, 30);
            let date = epoch.saturating_add(jiff::SignedDuration::from_hours(24 * days));
            Some(Spoken {
                date: Some(date),
                time: (part != 0).then_some(seconds),
                offset: None,
            })
        }
        _ => None,
    }
}

/// A text in lower case, read from its start.
struct Scan<'a> {
    rest: &'a str,
}

impl Scan<'_> {
    /// Goes past `prefix` if the rest starts with it.
    fn takes(&mut self, prefix: &str) -> bool {
        let rest = self.rest.strip_prefix(prefix);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// A number of up to `max` digits, with how many it has; the rest stays if it has more, or none.
    fn digits(&mut self, max: usize) -> Option<(i64, usize)> {
        let n = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        if n == 0 || n > max {
            return None;
        }
        let (digits, rest) = self.rest.split_at(n);
        self.rest = rest;
        Some((digits.parse().ok()?, n))
    }

    /// What `read` reads; the rest stays if that is nothing.
    fn attempt<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let before = self.rest;
        let found = read(self);
        if found.is_none() {
            self.rest = before;
        }
        found
    }

    fn moment(&mut self) -> Option<Spoken> {
        let Some(date) = self.attempt(Self::date) else {
            return self.attempt(Self::time).map(|time| Spoken {
                time: Some(time),
                ..Spoken::default()
            });
        };
        let after_date = self.rest;
        let is_strict = self.takes("t");
        let is_apart = is_strict || self.takes(",") || self.rest.starts_with([' ', '\u{a0}']);
        self.skip_blanks();
        let time = is_apart.then(|| self.attempt(Self::time)).flatten();
        let offset = time.and_then(|_| is_strict.then(|| self.attempt(Self::offset)).flatten());
        if time.is_none() {
            self.rest = after_date;
        }
        Some(Spoken {
            date: Some(date),
            time,
            offset,
        })
    }

    fn date(&mut self) -> Option<Date> {
        let (first, n_first) = self.digits(4)?;
        let separator = if self.takes("-") {
            "-"
        } else if self.takes(".") {
            "."
        } else {
            return None;
        };
        let (month, _) = self.digits(2)?;
        if !self.takes(separator) {
            return None;
        }
        let (last, n_last) = self.digits(4)?;
        let (year, day) = match (separator, n_first, n_last) {
            ("-", 4, 1 | 2) => (first, last),
            (".", 1 | 2, 4) => (last, first),
            (".", 1 | 2, 2) => (2_000 + last, first),
            _ => return None,
        };
        let year = i16::try_from(year).ok()?;
        let [month, day] = [month, day].map(i8::try_from);
        Date::new(year, month.ok()?, day.ok()?).ok()
    }

    /// Seconds since midnight: `18`, `18:00`, `18.00`, `18:00:30`, with a fraction that is cut off.
    fn time(&mut self) -> Option<i64> {
        let (hour, _) = self.digits(2)?;
        let minute = self.attempt(|scan| {
            let is_part = scan.takes(":") || (hour > 0 && scan.takes("."));
            scan.digits(2).filter(|(_, n)| is_part && *n == 2)
        });
        let second = self.attempt(|scan| {
            let is_part = minute.is_some() && scan.takes(":");
            scan.digits(2).filter(|(_, n)| is_part && *n == 2)
        });
        if second.is_some() && self.takes(".") {
            self.digits(9)?;
        }
        // "0.75" is no time but three quarters of a day.
        if minute.is_none() && self.rest.starts_with(['.', ',', ':']) {
            return None;
        }
        let (minute, second) = (minute.unwrap_or_default().0, second.unwrap_or_default().0);
        let time = hour * 3_600 + minute * 60 + second;
        (minute < 60 && second < 60 && time <= DAY).then_some(time)
    }

    fn offset(&mut self) -> Option<i64> {
        if self.takes("z") {
            return Some(0);
        }
        let sign = if self.takes("+") {
            1
        } else if self.takes("-") || self.takes("\u{2212}") {
            -1
        } else {
            return None;
        };
        let (hours, _) = self.digits(2)?;
        let is_apart = self.takes(":");
        let (minutes, _) = self.digits(2).filter(|_| is_apart)?;
        let offset = hours * 3_600 + minutes * 60;
        (minutes < 60 && offset <= OFFSET_MAX).then_some(sign * offset)
    }

    fn window(&mut self) -> Option<(Spoken, Spoken)> {
        // A Latin letter c looks like the Russian word.
        let _ = ["from ", "с ", "c "].iter().any(|word| self.takes(word));
        self.skip_blanks();
        let start = self.moment()?;
        self.skip_blanks();
        let is_apart = ["-", "–", "—", "\u{2212}", "до", "по", "to", "..."]
            .iter()
            .any(|word| self.takes(word));
        self.skip_blanks();
        let end = self.moment().filter(|_| is_apart)?;
        self.rest.is_empty().then_some((start, end))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn moscow() -> TimeZone {
        TimeZone::get("Europe/Moscow").unwrap()
    }

    fn read(text: &str) -> Result<String, &'static str> {
        let calendar = Calendar {
            date: Some(Date::constant(2026, 11, 26)),
            zone: &moscow(),
        };
        moment(text, &calendar).map(|moment| {
            let moment = jiff::Timestamp::from_second(moment.0).unwrap();
            moment.to_zoned(moscow()).datetime().to_string()
        })
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, time) in [
            ("18:00", "2026-11-26T18:00:00"),
            ("9", "2026-11-26T09:00:00"),
            ("9.30", "2026-11-26T09:30:00"),
            ("18:00:30", "2026-11-26T18:00:30"),
            ("24:00", "2026-11-27T00:00:00"),
            ("0.75", "2026-11-26T18:00:00"),
            ("0,5", "2026-11-26T12:00:00"),
            ("27.11.2026 18:00", "2026-11-27T18:00:00"),
            ("7.1.27, 8:05", "2027-01-07T08:05:00"),
            ("2026-11-27 18:00", "2026-11-27T18:00:00"),
            ("2026-11-27T18:00:00.250", "2026-11-27T18:00:00"),
            ("2026-11-27T18:00:00Z", "2026-11-27T21:00:00"),
            ("2026-11-27T18:00:00+05:00", "2026-11-27T16:00:00"),
            ("46353.75", "2026-11-27T18:00:00"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(time), "{text}");
        }
        for bad in [
            "",
            "soon",
            "25:00",
            "24:01",
            "12:60",
            "18:0",
            "1800",
            "31.02.2026 10:00",
            "18:00 x",
            "11/26/2026 18:00",
            "-1",
            "99999.5",
        ] {
            assert_eq!(read(bad), Err(NO_MOMENT), "{bad}");
        }
        assert_eq!(read("26.11.2026"), Err(NO_TIME));
        let undated = Calendar {
            date: None,
            zone: &TimeZone::UTC,
        };
        assert_eq!(moment("18:00", &undated), Err(NO_DATE));
    }

    #[test]
    fn dates_are_read_in_both_sequences() {
        let day = Some(Date::constant(2026, 11, 26));
        for text in [
            "26.11.2026",
            "26.11.26",
            "2026-11-26",
            "2026-11-26T00:00:00",
            "46352",
        ] {
            assert_eq!(date(text), day, "{text}");
        }
        for bad in [
            "26.11",
            "11/26/2026",
            "26.13.2026",
            "2026-11-26 18:00",
            "18:00",
        ] {
            assert_eq!(date(bad), None, "{bad}");
        }
    }

    #[test]
    fn windows_are_read_as_people_write_them() {
        let calendar = Calendar {
            date: Some(Date::constant(2026, 11, 26)),
            zone: &TimeZone::UTC,
        };
        let expected = window("18:00-20:00", &calendar).unwrap();
        assert_eq!((expected.end - expected.start).0, 7_200);
        for text in [
            "18:00 - 20:00",
            "18–20",
            "с 18 до 20",
            "C 18.00 по 20.00",
            "from 18:00 to 20:00",
            "26.11.2026 18:00-20:00",
            "2026-11-26 18:00 - 2026-11-26 20:00",
            "2026-11-26T18:00:00-2026-11-26T20:00:00",
        ] {
            assert_eq!(window(text, &calendar), Ok(expected), "{text}");
        }
        assert_eq!(window("20:00-18:00", &calendar), Err(REVERSED));
        assert_eq!(window("18:00 - 18:00", &calendar), Err(NO_LENGTH));
        for bad in [
            "",
            "18:00",
            "18:00-",
            "-20:00",
            "18:00 20:00",
            "18:00-20:00-22:00",
        ] {
            assert_eq!(window(bad, &calendar), Err(NO_WINDOW), "{bad}");
        }
        let two = windows("9-12; 14:00-18:00", &calendar).unwrap();
        assert_eq!(two.len(), 2);
    }

    #[test]
    fn times_of_day_follow_the_clocks_of_the_day() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let calendar = Calendar {
            date: Some(Date::constant(2026, 3, 29)),
            zone: &berlin,
        };
        // The clocks are put forward at 02:00.
        let window = window("01:00-24:00", &calendar).unwrap();
        assert_eq!((window.end - window.start).0, 22 * 3_600);
    }

    proptest! {
        #[test]
        fn texts_of_any_kind_are_read_or_refused(text in "[0-9tz:. ,+с–-]{0,24}", other in ".{0,12}") {
            let calendar = Calendar { date: Date::new(9999, 12, 31).ok(), zone: &moscow() };
            for text in [&text, &other] {
                let _ = (moment(text, &calendar), date(text), windows(text, &calendar));
            }
        }
    }
}

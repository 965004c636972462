//! Breaks as people write them: `30 min 12:00-14:00`, `15 мин после 4 ч`.

use super::moment::{self, Calendar};
use super::number;
use crate::model::{BreakStart, CourierBreak};
use crate::units::Seconds;

/// Why a text is no break, with what would be right.
const NO_BREAK: &str = "is no break; one is like 30 min 12:00-14:00, which begins in that window, or 15 min after 4 h, which begins after so \
                        much work at the latest";
/// Longest break, in minutes.
const MINUTES_MAX: i64 = 1_440;
/// Longest work before a break, in hours.
const HOURS_MAX: i64 = 366 * 24;
const MINUTES: [&str; 7] = ["minutes", "min", "минуты", "минут", "мин", "m", "м"];
const HOURS: [&str; 7] = ["hours", "hour", "h", "часов", "часа", "час", "ч"];
const AFTER: [&str; 3] = ["after ", "после ", "через "];

/// Reads breaks that are separated by semicolons or line breaks.
pub(super) fn breaks(
    text: &str,
    calendar: &Calendar<'_>,
) -> Result<Vec<CourierBreak>, &'static str> {
    let parts = text.split([';', '\n']).map(str::trim);
    let parts = parts.filter(|part| !part.is_empty());
    parts.map(|part| one(part, calendar)).collect()
}

fn one(text: &str, calendar: &Calendar<'_>) -> Result<CourierBreak, &'static str> {
    let lower = text.to_lowercase();
    let (duration, rest) = quantity(&lower, &MINUTES, 60, MINUTES_MAX).ok_or(NO_BREAK)?;
    // Without a blank, "13:00-14:00" would be a break of 13 minutes.
    let rest = rest.strip_prefix([':', ',']).unwrap_or(rest);
    if duration == Seconds::ZERO || !rest.starts_with([' ', '\u{a0}']) {
        return Err(NO_BREAK);
    }
    let rest = rest.trim_start();
    let after = AFTER.iter().find_map(|word| rest.strip_prefix(word));
    let start = match after {
        Some(rest) => {
            let work = quantity(rest.trim_start(), &HOURS, 3_600, HOURS_MAX);
            let (work, rest) = work.ok_or(NO_BREAK)?;
            let is_whole = ["", "of work", "работы"].contains(&rest.trim());
            BreakStart::AfterWork(is_whole.then_some(work).ok_or(NO_BREAK)?)
        }
        None => match moment::window(rest, calendar) {
            Err(moment::NO_WINDOW | moment::NO_MOMENT) => return Err(NO_BREAK),
            window => BreakStart::Within(window?),
        },
    };
    Ok(CourierBreak { duration, start })
}

/// A number up to `most`, with or without one of the words for its unit of `unit` seconds, and what stands behind it.
fn quantity<'a>(text: &'a str, words: &[&str], unit: i64, most: i64) -> Option<(Seconds, &'a str)> {
    let is_part = |c: char| c.is_ascii_digit() || c == '.' || c == ',';
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    // A comma or point behind the number is no part of it.
    let digits = text[..end].trim_end_matches(['.', ',']);
    let thousandths = number::scaled(digits, 3)?;
    if thousandths > most * 1_000 {
        return None;
    }
    let rest = &text[digits.len()..];
    let named = rest.trim_start();
    let behind = words.iter().find_map(|word| {
        let behind = named.strip_prefix(word)?;
        let behind = behind.strip_prefix('.').unwrap_or(behind);
        (!behind.starts_with(char::is_alphabetic)).then_some(behind)
    });
    let seconds = (thousandths * unit + 500) / 1_000;
    Some((Seconds(seconds), behind.unwrap_or(rest)))
}

#[cfg(test)]
mod tests {
    use jiff::civil::Date;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;

    fn calendar() -> Calendar<'static> {
        Calendar {
            date: Some(Date::constant(2026, 11, 26)),
            zone: const { &TimeZone::UTC },
        }
    }

    #[test]
    fn breaks_have_a_window_or_come_after_work() {
        let noon = moment::window("12:00-14:00", &calendar()).unwrap();
        for text in [
            "30 min 12:00-14:00",
            "30 12:00-14:00",
            "30min. 12-14",
            "30: 12.00 - 14.00",
            "30 мин с 12 до 14",
            "0.5 min 12:00-14:00",
        ] {
            let [pause] = breaks(text, &calendar()).unwrap()[..] else {
                panic!("{text}");
            };
            assert_eq!(pause.start, BreakStart::Within(noon), "{text}");
            let seconds = if text.starts_with("0.5") { 30 } else { 1_800 };
            assert_eq!(pause.duration, Seconds(seconds), "{text}");
        }
        for text in [
            "15 min after 4.5 h",
            "15 after 4,5",
            "15 мин после 4,5 часов работы",
            "15 мин. через 4,5 ч.",
        ] {
            let [pause] = breaks(text, &calendar()).unwrap()[..] else {
                panic!("{text}");
            };
            assert_eq!(
                pause.start,
                BreakStart::AfterWork(Seconds(16_200)),
                "{text}"
            );
        }
        let two = breaks("30 min 12-14;\n15 min after 4 h", &calendar()).unwrap();
        assert_eq!(two.len(), 2);
        assert_eq!(breaks("", &calendar()), Ok(Vec::new()));
    }

    #[test]
    fn what_could_mean_something_else_is_no_break() {
        for bad in [
            "13:00-14:00",
            "13.00-14.00",
            "13 - 14",
            "lunch",
            "30 min",
            "30 min 14",
            "0 min 12-14",
            "1441 12-14",
            "30 min after",
            "30 min after 4 days",
            "30 min after lunch",
            "30 minutes12-14",
        ] {
            assert_eq!(breaks(bad, &calendar()), Err(NO_BREAK), "{bad}");
        }
        let reversed = breaks("30 min 14:00-12:00", &calendar()).unwrap_err();
        assert!(reversed.contains("ends before it starts"), "{reversed}");
    }

    proptest! {
        #[test]
        fn texts_of_any_kind_are_read_or_refused(text in "[0-9 .,:;-]{0,12}(min|мин|after|после|ч| )[0-9 .,:h-]{0,12}", other in ".{0,12}") {
            let _ = (breaks(&text, &calendar()), breaks(&other, &calendar()));
        }
    }
}

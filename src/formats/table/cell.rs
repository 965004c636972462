//! Cells of workbooks as texts.

use calamine::{DataRef, ExcelDateTime};
use jiff::SignedDuration;
use jiff::civil;

/// What a cell says, without blanks around it.
pub(super) fn text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number_text(*number),
        DataRef::String(text) => text.trim().to_owned(),
        DataRef::SharedString(text) => text.trim().to_owned(),
        DataRef::Bool(value) => if *value { "TRUE" } else { "FALSE" }.to_owned(),
        DataRef::DateTime(moment) => moment_text(moment),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.trim().to_owned(),
        DataRef::Error(error) => error.to_string(),
        DataRef::Empty => String::new(),
    }
}

/// A number as Excel shows it: with 15 digits, beyond which sums of fractions are not exact.
fn number_text(number: f64) -> String {
    let rounded: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    rounded.to_string()
}

/// A date, a time of day, or both; to the second.
fn moment_text(moment: &ExcelDateTime) -> String {
    let days = moment.as_f64();
    if moment.is_duration() {
        return duration_text(days);
    }
    if !(0.0..2_958_466.0).contains(&days) {
        return number_text(days);
    }
    let (year, month, day, hour, minute, second, millis) = moment.to_ymd_hms_milli();
    // All are small numbers: a year has four digits.
    let [month, day, hour, minute, second] =
        [month, day, hour, minute, second].map(|part| i8::try_from(part).unwrap_or(-1));
    let year = i16::try_from(year).unwrap_or(-1);
    let Ok(moment) = civil::DateTime::new(year, month, day, hour, minute, second, 0) else {
        // 29 February 1900, which Excel believes in.
        return number_text(days);
    };
    let up = SignedDuration::from_secs(i64::from(millis >= 500));
    let moment = moment.saturating_add(up);
    if days < 1.0 {
        moment.time().to_string()
    } else if moment.time() == civil::Time::midnight() {
        moment.date().to_string()
    } else {
        moment.to_string()
    }
}

/// A span as a clock shows it: beyond 24 hours, too.
fn duration_text(days: f64) -> String {
    let seconds = (days * 86_400.0).round();
    if !(0.0..1e9).contains(&seconds) {
        return number_text(days);
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "between 0 and 1e9, and whole"
    )]
    let seconds = seconds as i64;
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}")
}

#[cfg(test)]
mod tests {
    use calamine::ExcelDateTimeType;

    use super::*;

    #[test]
    fn numbers_are_shown_as_excel_shows_them() {
        let shown = [0.1 + 0.2, 79_001_234_567.0, 55.75, -3.0, 1e15].map(number_text);
        assert_eq!(
            shown,
            ["0.3", "79001234567", "55.75", "-3", "1000000000000000"]
        );
    }

    #[test]
    fn dates_and_times_are_told_apart_and_rounded_to_the_second() {
        let shown = |days, kind| moment_text(&ExcelDateTime::new(days, kind, false));
        let moment = |days| shown(days, ExcelDateTimeType::DateTime);
        assert_eq!(moment(46_352.0), "2026-11-26");
        assert_eq!(moment(46_352.75), "2026-11-26T18:00:00");
        assert_eq!(moment(0.75), "18:00:00");
        // 18:20, which no fraction of a day says exactly.
        assert_eq!(moment(18.0 / 24.0 + 20.0 / 1_440.0), "18:20:00");
        assert_eq!(moment(60.0), "60");
        assert_eq!(moment(-1.0), "-1");
        assert_eq!(moment(1e300), number_text(1e300));
        assert_eq!(shown(1.25, ExcelDateTimeType::TimeDelta), "30:00:00");
    }
}

//! Values that people type.

use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::civil::Date;

use crate::formats::read_date;
use crate::grpc::convert::{EXPECTED_PERCENT, FLOOR_PERCENT};

/// What makes a run repeatable.
#[derive(Debug, clap::Args)]
pub(super) struct Random {
    /// Random seed.
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 1,
        allow_negative_numbers = true
    )]
    pub(super) seed: u64,
}

/// Reads a span of time as people write it: `30s`, `500ms`, `2m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let span: jiff::SignedDuration = text
        .parse()
        .map_err(|_| "a time is a number with a unit: 30s, 500ms, 2m".to_owned())?;
    match Duration::try_from(span) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err("a time above 0 is needed".to_owned()),
    }
}

/// Longest search of a day that `punctual plan` makes, and that the service makes unless it is configured otherwise.
pub(super) const PLANNING_MAX: Duration = Duration::from_secs(24 * 60 * 60);
const SERVICE_MAX: Duration = Duration::from_secs(60 * 60);

/// The wall time of a search of a day.
pub(super) fn planning_time(text: &str) -> Result<Duration, String> {
    time_up_to(text, PLANNING_MAX)
}

/// The wall time of a search by a service with the default configuration.
pub(super) fn service_time(text: &str) -> Result<Duration, String> {
    time_up_to(text, SERVICE_MAX)
}

fn time_up_to(text: &str, longest: Duration) -> Result<Duration, String> {
    let hours = longest.as_secs() / 3_600;
    match duration(text)? {
        time if time > longest => Err(format!("the longest search allowed takes {hours} h")),
        time => Ok(time),
    }
}

/// What share of promises to keep on average.
pub(super) fn expected_percent(text: &str) -> Result<f64, String> {
    percent(text, &EXPECTED_PERCENT)
}

/// On what share of days to keep each promise.
pub(super) fn floor_percent(text: &str) -> Result<f64, String> {
    percent(text, &FLOOR_PERCENT)
}

fn percent(text: &str, bounds: &RangeInclusive<f64>) -> Result<f64, String> {
    match text.parse() {
        Ok(value) if bounds.contains(&value) => Ok(value),
        _ => Err(format!(
            "a number from {} to {} is needed",
            bounds.start(),
            bounds.end()
        )),
    }
}

/// Reads a date as tables have it, `2026-11-26` or `26.11.2026`, with all of its days and zones on the calendar.
pub(super) fn date(text: &str) -> Result<Date, String> {
    let date = read_date(text).filter(|date| (1971..=9998).contains(&date.year()));
    date.ok_or_else(|| {
        "a date in the years 1971 to 9998 is needed, as in 2026-11-26 or 26.11.2026".to_owned()
    })
}

/// A duration on the wire.
pub(super) fn wire(duration: Duration) -> Option<prost_types::Duration> {
    duration.try_into().ok()
}

/// How much days vary, as an argument.
#[derive(Debug, clap::Args)]
pub(super) struct Noise {
    /// How much days vary, where a request does not say: the JSON form of `punctual.v1.NoiseModel`; by default built-in
    /// values.
    #[arg(long = "noise", value_name = "FILE")]
    pub(super) file: Option<std::path::PathBuf>,
}

/// A name with settings.
pub(super) type Named<'a> = (String, Vec<(&'a str, &'a str)>);

/// Takes `NAME: key=value, key` apart.
pub(super) fn named(text: &str) -> Result<Named<'_>, String> {
    let (name, rest) = text.split_once(':').unwrap_or((text, ""));
    if name.trim().is_empty() {
        return Err("expected NAME: and what it is".to_owned());
    }
    let parts = rest
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    let pairs = parts.map(|part| {
        part.split_once('=')
            .map_or((part, ""), |(key, value)| (key.trim(), value.trim()))
    });
    Ok((name.trim().to_owned(), pairs.collect()))
}

/// Reads a number that was given for `key`.
pub(super) fn number<T: std::str::FromStr>(key: &str, value: &str) -> Result<T, String> {
    value
        .parse()
        .map_err(|_| format!("{key}: {value:?} is not a number of the kind expected here"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_units() {
        assert_eq!(duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1m 30s"), Ok(Duration::from_secs(90)));
        for bad in ["30", "-5s", "0s", "soon", ""] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn shares_and_times_keep_to_their_bounds() {
        assert_eq!(expected_percent("98.1"), Ok(98.1));
        for bad in ["49.9", "100", "nan", "most", ""] {
            assert!(expected_percent(bad).is_err(), "{bad}");
        }
        assert_eq!(floor_percent("1"), Ok(1.0));
        assert!(floor_percent("99.5").is_err());
        assert_eq!(planning_time("24h"), Ok(PLANNING_MAX));
        assert!(planning_time("25h").is_err() && service_time("61m").is_err());
    }

    #[test]
    fn the_longest_searches_are_those_of_the_configurations() {
        use crate::config::{PlanningConfig, millis};
        let service = PlanningConfig::default().time_budget_max_ms;
        assert_eq!(SERVICE_MAX, millis(service));
        let local = crate::cli::day_file::local_limits().time_budget_max_ms;
        assert_eq!(PLANNING_MAX, millis(local));
    }
}

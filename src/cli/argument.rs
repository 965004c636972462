//! Values that people type.

use std::time::Duration;

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
}

//! The command line, one file a subcommand.

pub mod solve;

use std::time::Duration;

/// Exit status for a result that is there but not whole.
pub const EXIT_PARTIAL: u8 = 2;

/// Reads a span of time as in `10s`, `500ms` or `1m`.
///
/// # Errors
/// If the text is no span, or a negative one.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let span: jiff::SignedDuration = text
        .parse()
        .map_err(|_| "expected a time such as 10s, 500ms or 1m".to_owned())?;
    Duration::try_from(span).map_err(|_| "a time cannot be negative".to_owned())
}

//! Log lines and what happens to a panic.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// The log filter is not in the syntax of `tracing`.
#[derive(Debug, thiserror::Error)]
#[error("{filter:?} is not a log filter")]
pub struct BadFilter {
    filter: String,
    source: tracing_subscriber::filter::ParseError,
}

/// Writes log lines that pass `filter` to standard error, in color only on a terminal, and turns every panic into one of them.
///
/// Only the first call of a process has an effect.
///
/// # Errors
/// If `filter` is malformed.
pub fn init(filter: &str) -> Result<(), BadFilter> {
    let parsed = EnvFilter::builder()
        .parse(filter)
        .map_err(|source| BadFilter {
            filter: filter.to_owned(),
            source,
        })?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(parsed)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    if subscriber.try_init().is_ok() {
        log_panics();
    }
    Ok(())
}

/// Sends panics to the log, so that they have a time, a level and a place among the other lines.
fn log_panics() {
    std::panic::set_hook(Box::new(|info| {
        let payload = info.payload();
        let message = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("a panic without a message");
        let thread = std::thread::current();
        tracing::error!(
            location = info.location().map(ToString::to_string),
            thread = thread.name(),
            "panicked: {message}"
        );
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_malformed_filter_is_refused() {
        assert!(init("punctual=shout").is_err());
    }
}

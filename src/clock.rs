//! The only source of time: everything else is handed a [`Clock`].

use std::time::{Duration, Instant};

/// Tells how much time has passed.
///
/// Shared between the search and whoever started it, so that both mean the same moment by "elapsed".
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started: Instant,
}

impl Clock {
    /// Starts a clock now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is where time enters")]
    pub fn start() -> Self {
        Self {
            started: Instant::now(),
        }
    }

    /// Time since the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

//! The only source of time: everything else is handed a [`Clock`].

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::units::Timestamp;

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

/// Tells what time it is.
///
/// It never goes back: where the system's clock is set back, it goes on from where it was, at the pace at which time
/// passes. Where the system's clock is set forward, it follows.
#[derive(Clone, Debug)]
pub struct WallClock(Source);

#[derive(Clone, Debug)]
enum Source {
    System(Arc<Mutex<Last>>),
    Manual(Arc<AtomicI64>),
}

/// What was told last, in nanoseconds since 1970, and when.
#[derive(Debug)]
struct Last {
    told: i128,
    at: Instant,
}

impl Last {
    /// What to tell now if the system's clock says `wall`.
    fn next(&mut self, wall: i128, at: Instant) -> i128 {
        let passed = at.saturating_duration_since(self.at).as_nanos();
        let steady = self.told + i128::try_from(passed).unwrap_or(0);
        self.told = wall.max(steady);
        self.at = at;
        self.told
    }
}

impl WallClock {
    /// The system's clock.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is where time enters")]
    pub fn system() -> Self {
        let last = Last {
            told: 0,
            at: Instant::now(),
        };
        Self(Source::System(Arc::new(Mutex::new(last))))
    }

    /// A clock that stands still at `moment` until it is [set](Self::set): for tests and simulations.
    #[must_use]
    pub fn manual(moment: Timestamp) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(moment.0))))
    }

    /// Sets a manual clock, unless it is later already; the system's clock stays as it is.
    pub fn set(&self, moment: Timestamp) {
        if let Source::Manual(now) = &self.0 {
            now.fetch_max(moment.0, Ordering::SeqCst);
        }
    }

    /// The present moment, in whole seconds.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is where time enters")]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::Manual(now) => Timestamp(now.load(Ordering::SeqCst)),
            Source::System(last) => {
                let wall = SystemTime::now().duration_since(UNIX_EPOCH);
                let wall = wall.unwrap_or_default().as_nanos();
                let wall = i128::try_from(wall).unwrap_or(0);
                let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
                let told = last.next(wall, Instant::now());
                Timestamp(i64::try_from(told / 1_000_000_000).unwrap_or(0))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_never_goes_back_and_never_stands_still() {
        let clock = Clock::start();
        let start = clock.started;
        let mut last = Last { told: 0, at: start };
        let second = 1_000_000_000;
        assert_eq!(last.next(100 * second, start), 100 * second);
        let later = start + Duration::from_secs(5);
        assert_eq!(last.next(20 * second, later), 105 * second, "set back");
        let later = later + Duration::from_secs(1);
        assert_eq!(last.next(200 * second, later), 200 * second, "set forward");
    }

    #[test]
    fn a_manual_clock_tells_what_it_was_set_to() {
        let clock = WallClock::manual(Timestamp(10));
        clock.set(Timestamp(20));
        clock.set(Timestamp(15));
        assert_eq!(clock.clone().now(), Timestamp(20));
    }
}

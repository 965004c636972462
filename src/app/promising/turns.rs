//! Who goes first: requests, before the search for better plans.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use crate::clock::Clock;

/// How long the search waits for requests to end before it gets a turn all the same.
const WAIT_MAX: Duration = Duration::from_millis(20);
/// How long that turn lasts: under load without a gap the search has about a tenth of a processor.
const TURN: Duration = Duration::from_millis(2);
/// How often it looks while it waits.
const LOOK: Duration = Duration::from_micros(500);

/// Requests that are being served.
#[derive(Debug, Default)]
pub(super) struct Calls(AtomicUsize);

/// A request that is being served, until this is dropped.
pub(super) struct Call<'a>(&'a Calls);

impl Calls {
    /// A request comes.
    pub(super) fn begin(&self) -> Call<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Call(self)
    }

    fn is_any(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        let Self(Calls(under_way)) = self;
        under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The search's turns.
#[derive(Debug)]
pub(super) struct Turns {
    calls: Arc<Calls>,
    clock: Clock,
    /// The end of the turn, in microseconds by `clock`.
    until: AtomicU64,
}

impl Turns {
    pub(super) fn new(calls: Arc<Calls>) -> Self {
        Self {
            calls,
            clock: Clock::start(),
            until: AtomicU64::new(0),
        }
    }

    /// Returns at once during a turn or without requests; else when they have ended, or the wait has been long enough.
    pub(super) fn wait(&self) {
        let begun = self.clock.elapsed();
        if !self.calls.is_any() || micros(begun) < self.until.load(Ordering::Relaxed) {
            return;
        }
        while self.calls.is_any() && self.clock.elapsed() < begun + WAIT_MAX {
            std::thread::sleep(LOOK);
        }
        let until = micros(self.clock.elapsed() + TURN);
        self.until.store(until, Ordering::Relaxed);
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_waits_while_requests_are_under_way_but_not_for_ever() {
        let calls = Arc::new(Calls::default());
        let turns = Turns::new(Arc::clone(&calls));
        let call = calls.begin();
        let clock = Clock::start();
        turns.wait();
        assert!(clock.elapsed() >= WAIT_MAX);
        drop(call);
        assert!(!calls.is_any());
    }

    #[test]
    fn nobody_waits_where_there_is_no_request() {
        let turns = Turns::new(Arc::default());
        turns.wait();
        assert_eq!(turns.until.load(Ordering::Relaxed), 0);
    }
}

//! How far a search is: as its limits and the clock have it, or as they had it in a search that is repeated.
//!
//! Where time is the limit, the clock decides how fast the search cools and after which epoch it ends. Both are
//! recorded in a [`Replay`], with which the same search can be made again without a clock.

use std::time::Duration;

use super::params::SearchParams;

/// One, in the shares that are recorded.
const WHOLE: u32 = 1_000_000;

/// What the clock decided in a search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replay {
    /// Epochs that were finished.
    pub n_epochs: u64,
    /// Share of the time that was over when each of them began, in millionths; not looked at if iterations were
    /// limited.
    pub shares: Vec<u32>,
}

/// Tells how far a search is.
#[derive(Debug)]
pub(super) struct Schedule {
    time_limit: Option<Duration>,
    iteration_limit: Option<u64>,
    replay: Option<Replay>,
}

impl Schedule {
    /// As the limits and the clock will have it, or as `replay` says.
    pub(super) fn new(params: &SearchParams, replay: Option<Replay>) -> Self {
        Self {
            time_limit: params.time_limit.filter(|_| replay.is_none()),
            iteration_limit: params.iteration_limit,
            replay,
        }
    }

    /// The time limit, unless the end is known already.
    pub(super) fn time_limit(&self) -> Option<Duration> {
        self.time_limit
    }

    /// Whether the time is over when epoch number `epoch` would begin.
    pub(super) fn is_time_over(&self, epoch: u64, elapsed: Duration) -> bool {
        match &self.replay {
            Some(replay) => epoch >= replay.n_epochs,
            None => self.time_limit.is_some_and(|limit| elapsed >= limit),
        }
    }

    /// Share of the limit used up: of the iterations if they are limited, so that the clock has no say then.
    pub(super) fn done(&self, epoch: u64, iterations: u64, elapsed: Duration) -> f64 {
        let share = if let Some(limit) = self.iteration_limit {
            iterations as f64 / limit.max(1) as f64
        } else {
            let millionths = match &self.replay {
                Some(replay) => recorded(replay, epoch),
                None => self
                    .time_limit
                    .map_or(0, |limit| millionths(elapsed, limit)),
            };
            f64::from(millionths) / f64::from(WHOLE)
        };
        share.clamp(0.0, 1.0)
    }

    /// Iterations that the limits will allow: estimated from the pace so far where time is the limit.
    pub(super) fn budget(&self, done: f64, iterations: u64) -> f64 {
        match self.iteration_limit {
            Some(limit) => limit as f64,
            None if self.time_limit.is_some() || self.replay.is_some() => {
                iterations as f64 / done.max(1e-9)
            }
            None => f64::INFINITY,
        }
    }
}

fn recorded(replay: &Replay, epoch: u64) -> u32 {
    let share = usize::try_from(epoch)
        .ok()
        .and_then(|epoch| replay.shares.get(epoch));
    share.copied().unwrap_or(WHOLE)
}

fn millionths(elapsed: Duration, limit: Duration) -> u32 {
    let share = elapsed.as_nanos() * u128::from(WHOLE) / limit.as_nanos().max(1);
    share.min(u128::from(WHOLE)) as u32
}

/// Records what the clock decides, epoch by epoch.
#[derive(Debug, Default)]
pub struct Recorder {
    shares: Vec<u32>,
    /// Iterations made before the last and the last but one of these epochs.
    iterations: [u64; 2],
}

impl Recorder {
    /// To be told before every epoch, and once at the end, how far the search is and how many iterations it has made.
    pub fn tell(&mut self, done: f64, iterations: u64) {
        self.shares.push((done * f64::from(WHOLE)).round() as u32);
        self.iterations = [self.iterations[1], iterations];
    }

    /// What there is to know for a repetition, of a search that has ended.
    #[must_use]
    pub fn into_replay(mut self) -> Replay {
        // What was told last was the end of an epoch only, and that epoch counts only if it was not broken off.
        self.shares.pop();
        if self.iterations[0] == self.iterations[1] {
            self.shares.pop();
        }
        Replay {
            n_epochs: self.shares.len() as u64,
            shares: self.shares,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMED: SearchParams = SearchParams {
        seed: 1,
        time_limit: Some(Duration::from_secs(8)),
        iteration_limit: None,
        stagnation_limit: None,
    };

    #[test]
    fn a_repetition_hears_of_the_same_shares_whatever_the_clock_says() {
        let schedule = Schedule::new(&TIMED, None);
        let mut recorder = Recorder::default();
        let told: Vec<f64> = (0..4_u64)
            .map(|epoch| {
                let done = schedule.done(epoch, epoch * 10, Duration::from_millis(1_234 * epoch));
                recorder.tell(done, epoch * 10);
                done
            })
            .collect();
        assert!(told[3] > told[2] && told[2] > 0.3);
        let replay = recorder.into_replay();
        assert_eq!(replay.n_epochs, 3);
        let again = Schedule::new(&TIMED, Some(replay));
        for epoch in 0..3 {
            let done = again.done(epoch, 0, Duration::from_secs(100));
            assert!((done - told[epoch as usize]).abs() < f64::EPSILON);
            assert!(!again.is_time_over(epoch, Duration::from_secs(100)));
        }
        assert!(again.is_time_over(3, Duration::ZERO));
        assert_eq!(again.time_limit(), None);
    }

    #[test]
    fn an_epoch_that_was_broken_off_is_not_repeated() {
        let mut recorder = Recorder::default();
        for (done, iterations) in [(0.0, 0), (0.4, 70), (0.8, 140), (1.0, 140)] {
            recorder.tell(done, iterations);
        }
        let replay = recorder.into_replay();
        assert_eq!(replay.n_epochs, 2);
        assert_eq!(replay.shares, [0, 400_000]);
    }

    #[test]
    fn iterations_decide_alone_where_they_are_limited() {
        let params = SearchParams {
            iteration_limit: Some(200),
            ..TIMED
        };
        let schedule = Schedule::new(&params, None);
        assert!((schedule.done(0, 50, Duration::from_secs(7)) - 0.25).abs() < f64::EPSILON);
        assert!((schedule.budget(0.25, 50) - 200.0).abs() < f64::EPSILON);
        assert!(schedule.is_time_over(0, Duration::from_secs(8)));
    }
}

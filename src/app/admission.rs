//! Who may search: at most so many plans at once, at most so many waiting, everyone else refused at once.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many plans run and wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occupancy {
    /// Plans being searched for.
    pub running: usize,
    /// Plans that have a place and wait for their turn.
    pub waiting: usize,
}

/// The two counters behind admission: places (running and waiting) and turns (running).
///
/// Invariant: whoever holds a turn holds a place, so there are never more turns taken than places.
pub struct Admission {
    places: Arc<Semaphore>,
    turns: Arc<Semaphore>,
    places_max: usize,
    running_max: usize,
}

impl Admission {
    /// Room for `running_max` plans at once and `waiting_max` more in the queue.
    #[must_use]
    pub fn new(running_max: usize, waiting_max: usize) -> Self {
        let places_max = running_max
            .saturating_add(waiting_max)
            .min(Semaphore::MAX_PERMITS);
        Self {
            places: Arc::new(Semaphore::new(places_max)),
            turns: Arc::new(Semaphore::new(running_max)),
            places_max,
            running_max,
        }
    }

    /// A place, or `None` if all are taken. Never waits.
    #[must_use]
    pub fn enter(&self) -> Option<Place> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        Some(Place {
            place,
            turns: Arc::clone(&self.turns),
        })
    }

    /// Plans running and waiting at this moment.
    #[must_use]
    pub fn occupancy(&self) -> Occupancy {
        let running = self.running_max - self.turns.available_permits();
        let taken = self.places_max - self.places.available_permits();
        Occupancy {
            running,
            waiting: taken.saturating_sub(running),
        }
    }
}

/// A place in the queue; given back when dropped.
pub struct Place {
    place: OwnedSemaphorePermit,
    turns: Arc<Semaphore>,
}

impl Place {
    /// The turn, if nobody has to wait for one now.
    ///
    /// # Errors
    /// The place again, if all turns are taken.
    pub fn turn_now(self) -> Result<Turn, Self> {
        // Turns that become free go to those who wait, so this never overtakes anyone.
        match Arc::clone(&self.turns).try_acquire_owned() {
            Ok(turn) => Ok(Turn {
                _turn: turn,
                _place: self.place,
            }),
            Err(_) => Err(self),
        }
    }

    /// Waits until this plan may run. Turns come in the order of asking.
    pub async fn turn(self) -> Turn {
        let turn = self.turns.acquire_owned().await;
        Turn {
            _turn: turn.expect("the semaphore of turns is never closed"),
            _place: self.place,
        }
    }
}

/// The right to search; given back, with its place, when dropped.
pub struct Turn {
    _turn: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn beyond_the_queue_everyone_is_refused_at_once() {
        let admission = Admission::new(1, 1);
        let running = admission.enter().unwrap().turn().await;
        let waiting = admission.enter().unwrap();
        assert!(admission.enter().is_none());
        assert_eq!(
            admission.occupancy(),
            Occupancy {
                running: 1,
                waiting: 1
            }
        );
        drop(running);
        let running = waiting.turn().await;
        assert_eq!(
            admission.occupancy(),
            Occupancy {
                running: 1,
                waiting: 0
            }
        );
        assert!(admission.enter().is_some());
        drop(running);
        assert_eq!(
            admission.occupancy(),
            Occupancy {
                running: 0,
                waiting: 0
            }
        );
    }

    #[tokio::test]
    async fn a_place_that_is_given_up_while_waiting_leaves_no_trace() {
        let admission = Admission::new(1, 1);
        let running = admission.enter().unwrap().turn().await;
        let waiting = tokio::spawn(admission.enter().unwrap().turn());
        waiting.abort();
        assert!(waiting.await.is_err());
        assert_eq!(
            admission.occupancy(),
            Occupancy {
                running: 1,
                waiting: 0
            }
        );
        drop(running);
    }
}

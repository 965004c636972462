//! Lanes side by side on the threads of the pool, in short turns.
//!
//! Cores are not equally fast all the time: other work may share them. A lane that keeps its thread for a whole epoch
//! would let all others wait for the slowest core at the end. Lanes therefore run in turns, and after each the next
//! free thread takes over. What a lane does depends on its own random numbers only, so that it makes no difference
//! which thread does it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rayon::ScopeFifo;

use super::lane::{Lane, Orders};
use super::params::Work;
use super::recreate::Guide;
use crate::rng::Stream;

/// Turns of a lane in an epoch.
const TURNS: u64 = 8;

/// What all lanes of an epoch have in common.
pub(super) struct Epoch<'a> {
    pub(super) guide: &'a Guide,
    pub(super) orders: Orders,
    /// Of the first so many lanes each may make one iteration more.
    pub(super) spare: u64,
    /// Whether to end early.
    pub(super) stop: &'a (dyn Fn() -> bool + Sync),
}

/// What all turns report to.
#[derive(Default)]
struct Tally {
    iterations: AtomicU64,
    is_stopped: AtomicBool,
}

/// Lets all lanes do what the orders say, each with its own random numbers; `prepare` is called for each first, with
/// its number. Returns the iterations that all made, or `None` if the epoch ended early.
pub(super) fn run<'p>(
    epoch: &Epoch<'_>,
    lanes: &mut [Lane<'p>],
    prepare: impl Fn(usize, &mut Lane<'p>) -> Stream + Sync,
) -> Option<u64> {
    let tally = Tally::default();
    rayon::scope_fifo(|scope| {
        for (number, lane) in lanes.iter_mut().enumerate() {
            let (prepare, tally) = (&prepare, &tally);
            scope.spawn_fifo(move |scope| {
                let rng = prepare(number, lane);
                let left = epoch.orders.of_lane(number, epoch.spare);
                take_turn(scope, epoch, tally, Turn { lane, rng, left });
            });
        }
    });
    let is_finished = !tally.is_stopped.into_inner();
    is_finished.then(|| tally.iterations.into_inner())
}

/// A lane and how far it is.
struct Turn<'a, 'p> {
    lane: &'a mut Lane<'p>,
    rng: Stream,
    left: Orders,
}

/// Runs a lane for one turn and queues it for the next one.
fn take_turn<'a, 'p: 'a>(
    scope: &ScopeFifo<'a>,
    epoch: &'a Epoch<'a>,
    tally: &'a Tally,
    mut turn: Turn<'a, 'p>,
) {
    let orders = Orders {
        work: Work(epoch.orders.work.0.div_ceil(TURNS)).min(turn.left.work),
        ..turn.left
    };
    let Some(iterations) = turn
        .lane
        .run(epoch.guide, orders, &mut turn.rng, epoch.stop)
    else {
        tally.is_stopped.store(true, Ordering::Relaxed);
        return;
    };
    tally.iterations.fetch_add(iterations, Ordering::Relaxed);
    turn.left.work.0 -= orders.work.0;
    turn.left.iterations -= iterations;
    if turn.left.work.0 > 0 && turn.left.iterations > 0 {
        scope.spawn_fifo(move |scope| take_turn(scope, epoch, tally, turn));
    }
}

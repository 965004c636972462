//! How long ways take at the time they are begun, by counting the work done between two moments.

use crate::travel::{Leg, Way};
use crate::units::{Seconds, Timestamp};

/// What `way` amounts to for who leaves at `left`.
pub(super) fn leg(way: &Way<'_>, left: Timestamp) -> Leg {
    Leg {
        duration: least_span(way, |span| (left, left + span)),
        distance: way.distance,
    }
}

/// The last moment to leave at to arrive by `arrival`.
pub(super) fn latest_departure(way: &Way<'_>, arrival: Timestamp) -> Timestamp {
    arrival - least_span(way, |span| (arrival - span, arrival))
}

/// The shortest span for which all work of `way` is done between the moments that `between` gives for it.
fn least_span(way: &Way<'_>, between: impl Fn(Seconds) -> (Timestamp, Timestamp)) -> Seconds {
    let is_enough = |span: i64| {
        let (from, to) = between(Seconds(span));
        work_done(way, from, to) >= i128::from(way.work())
    };
    if is_enough(0) {
        return Seconds::ZERO;
    }
    let (mut short, mut enough) = (0, 1);
    while !is_enough(enough) {
        (short, enough) = (enough, 2 * enough);
    }
    while enough - short > 1 {
        let middle = short + (enough - short) / 2;
        if is_enough(middle) {
            enough = middle;
        } else {
            short = middle;
        }
    }
    Seconds(enough)
}

/// Work of `way` done from one moment to another.
fn work_done(way: &Way<'_>, from: Timestamp, to: Timestamp) -> i128 {
    let mut stretches = way.stretches().peekable();
    let mut total = 0;
    while let Some(stretch) = stretches.next() {
        let begin = stretch.start.map_or(from, |start| start.max(from));
        let next = stretches.peek().and_then(|next| next.start);
        let end = next.map_or(to, |next| next.min(to));
        total += i128::from(stretch.rate) * i128::from((end - begin).0.max(0));
    }
    total
}

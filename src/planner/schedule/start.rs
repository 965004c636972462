//! The best start where travel depends on the time of day.
//!
//! Leaving later can take less time even where nobody waits, and leaving earlier too: duty is no longer flat between the
//! windows. What still holds is that a later start never ends earlier, and that rules most starts out unseen.

use super::tour::{MOMENT, Tour};
use crate::units::{Seconds, Timestamp};

impl Tour<'_> {
    /// The earliest of the starts from `earliest` to `latest` with the shortest duty, exactly.
    ///
    /// `latest` must be the last start that keeps every window and the shift, and `earliest` not be after it.
    ///
    /// Shape: O(visits) for every start looked at. After one whose duty is longer than the best by `g` seconds, the next
    /// `g` seconds are passed over: a start among them ends no earlier and so is no better. Where the whole tour moves
    /// along within its buckets and windows, none of the moves is looked at.
    pub(super) fn shortest_start(&self, earliest: Timestamp, latest: Timestamp) -> Timestamp {
        let (mut least, mut best) = (self.end(earliest) - earliest, earliest);
        let mut start = earliest;
        while start <= latest {
            let end = self.end(start);
            let last = self.latest_start(end).unwrap_or(start).min(latest);
            if end - last < least {
                (least, best) = (end - last, last);
            }
            // From here on the tour ends a second later at least.
            let sooner = end + MOMENT - least + MOMENT;
            start = (last + self.free_move(last) + MOMENT).max(sooner);
        }
        best
    }

    /// By how much the start `start` may move so that every moment of the tour moves by as much.
    fn free_move(&self, start: Timestamp) -> Seconds {
        let mut room = Seconds(i64::MAX);
        let mut left = start + self.loading;
        for (visit, moments) in self.visits.iter().zip(self.moments(start)) {
            let window = visit.window_at(moments.arrival);
            if moments.service_start != moments.arrival {
                return Seconds::ZERO;
            }
            let in_window = window.map_or(Seconds::ZERO, |window| window.end - moments.arrival);
            room = room.min(visit.way.free_move(left)).min(in_window);
            left = moments.departure;
        }
        room.min(self.back.free_move(left))
    }
}

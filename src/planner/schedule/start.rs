//! The best start where travel depends on the time of day.
//!
//! Leaving later can take less time even where nobody waits, and leaving earlier too: duty is no longer flat between the
//! windows. What still holds is that a later start never ends earlier, and that rules most starts out unseen.

use super::tour::{MOMENT, Tour};
use crate::units::{Seconds, Timestamp};

/// Starts of a tour with breaks that are looked at.
const STARTS_MAX: u32 = 2_000;

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

    /// As [`Tour::shortest_start`], of the starts that leave no break late and owe none that has no place; `None` if none of
    /// those looked at is one.
    ///
    /// Looks at [`STARTS_MAX`] starts at most, and at the last one.
    pub(super) fn shortest_rested_start(
        &self,
        earliest: Timestamp,
        latest: Timestamp,
    ) -> Option<Timestamp> {
        let mut best: Option<(Seconds, Timestamp)> = None;
        let mut consider = |start: Timestamp, end: Timestamp| {
            let is_better = best.is_none_or(|best| (end - start, start) < best);
            if is_better && self.is_rested(start) {
                best = Some((end - start, start));
            }
            best.map(|(least, _)| least)
        };
        let mut next = self.first_rested(earliest, latest);
        let mut left = STARTS_MAX;
        while let Some(start) = next.filter(|_| left > 0) {
            left -= 1;
            let end = self.end(start);
            consider(start, end);
            let last = self.latest_start(end).unwrap_or(start).min(latest);
            let last = last.max(start);
            let least = consider(last, end);
            // Where the last one will not do, those before it may: they end as early.
            let (last, next_end) = if self.is_rested(last) {
                (last, end + MOMENT)
            } else {
                (start, end)
            };
            let sooner = least.map_or(start, |least| next_end - least + MOMENT);
            let after = (last + self.free_move(last) + MOMENT).max(sooner);
            next = self.first_rested(after, latest);
        }
        if left == 0 && earliest <= latest {
            consider(latest, self.end(latest));
        }
        best.map(|(_, start)| start)
    }

    /// By how much the start `start` may move so that every moment of the tour moves by as much.
    fn free_move(&self, start: Timestamp) -> Seconds {
        let mut room = Seconds(i64::MAX);
        let mut left = start + self.loading;
        for (at, (visit, moments)) in self.visits.iter().zip(self.moments(start)).enumerate() {
            let Some(free) = self.rests.pass_at_once(at, left) else {
                return Seconds::ZERO;
            };
            left = free;
            let window = visit.window_at(moments.arrival);
            if moments.service_start != moments.arrival {
                return Seconds::ZERO;
            }
            let in_window = window.map_or(Seconds::ZERO, |window| window.end - moments.arrival);
            room = room.min(visit.way.free_move(left)).min(in_window);
            left = moments.departure;
        }
        match self.rests.pass_at_once(self.visits.len(), left) {
            Some(left) => room.min(self.back.free_move(left)),
            None => Seconds::ZERO,
        }
    }
}

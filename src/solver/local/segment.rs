//! Segments of routes: what of a sequence of visits matters to whatever it is joined with, in constant size.
//!
//! Two segments are joined in constant time, and joining is associative, so that a changed route is priced from a few
//! ready-made pieces instead of visit by visit.

/// No bound on a time; adding any route's duration to it does not overflow.
const UNBOUNDED: i32 = 1 << 29;

/// The times of a sequence of visits that may start late or too late: lateness is taken back by *time warp*, a jump to
/// the end of the window missed.
///
/// Units: seconds. Invariant: `early <= late`; `warp` is never negative.
/// Source: Vidal et al. (2013), section 4.4, with release times as in PyVRP's `DurationSegment` (Wouda et al., 2024).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::solver) struct TimeSegment {
    /// Shortest time from start to end, service, travel and waiting, on a clock that warp does not set back.
    pub(super) duration: i32,
    /// Least time warp.
    pub(super) warp: i32,
    /// Earliest start for which duration and warp are both least.
    early: i32,
    /// Latest start for which duration and warp are both least.
    late: i32,
    /// Earliest start of a route with these visits.
    release: i32,
}

impl TimeSegment {
    /// A visit that takes no time and can be at any.
    pub(super) const NOTHING: Self = Self {
        duration: 0,
        warp: 0,
        early: -UNBOUNDED,
        late: UNBOUNDED,
        release: -UNBOUNDED,
    };

    /// One visit, or the start or end of a route.
    pub(super) fn visit(service: i32, start: i32, end: i32, ready: Option<i32>) -> Self {
        Self {
            duration: service,
            warp: 0,
            early: start.clamp(-UNBOUNDED, UNBOUNDED),
            late: end.clamp(-UNBOUNDED, UNBOUNDED),
            release: ready.unwrap_or(-UNBOUNDED),
        }
    }

    /// This segment, `travel` seconds on the way, then `next`.
    #[inline]
    pub(super) fn then(self, travel: i32, next: Self) -> Self {
        // From the start of this segment to the start of the next one, on the clock that warp sets back.
        let delta = self.duration - self.warp + travel;
        let wait = (next.early - delta - self.late).max(0);
        let warp = (self.early + delta - next.late).max(0);
        Self {
            duration: self.duration + next.duration + travel + wait,
            warp: self.warp + next.warp + warp,
            early: self.early.max(next.early - delta) - wait,
            late: self.late.min(next.late - delta) + warp,
            release: self.release.max(next.release),
        }
    }

    /// Time warp of a whole route: what its visits need, and what starting once all its goods are ready adds.
    #[inline]
    pub(super) fn total_warp(&self) -> i32 {
        self.warp + (self.release - self.late).max(0)
    }
}

/// What is on board along a sequence of visits, in one dimension.
///
/// Source: PyVRP's `LoadSegment` (Wouda et al., 2024), there as delivery, pickup and load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::solver) struct LoadSegment {
    /// On board at the start.
    pub(super) start: i64,
    /// How much more is on board at the end.
    net: i64,
    /// How much more is on board at the fullest moment.
    rise: i64,
}

impl LoadSegment {
    /// One visit.
    pub(super) fn visit(delivery: i64, collection: i64) -> Self {
        Self {
            start: delivery,
            net: collection - delivery,
            rise: (collection - delivery).max(0),
        }
    }

    /// This segment, then `next`.
    #[inline]
    pub(super) fn then(self, next: Self) -> Self {
        Self {
            start: self.start + next.start,
            net: self.net + next.net,
            rise: self.rise.max(self.net + next.rise),
        }
    }

    /// What is on board at the fullest moment.
    #[inline]
    pub(super) fn fullest(&self) -> i64 {
        self.start + self.rise
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A visit: service, start of the window, its width, when its goods are ready, and travel from the visit before.
    type Stop = (i32, i32, i32, Option<i32>, i32);

    fn stop() -> impl Strategy<Value = Stop> {
        let ready = proptest::option::weighted(0.2, 0..300_i32);
        (0..30_i32, 0..400_i32, 0..200_i32, ready, 0..60_i32)
    }

    fn segment(stop: Stop) -> TimeSegment {
        TimeSegment::visit(stop.0, stop.1, stop.1 + stop.2, stop.3)
    }

    fn join(stops: &[Stop]) -> TimeSegment {
        let first = segment(stops[0]);
        stops[1..]
            .iter()
            .fold(first, |all, &stop| all.then(stop.4, segment(stop)))
    }

    /// Duration and warp of driving the sequence from `start` on, visit by visit.
    fn drive(stops: &[Stop], start: i32) -> (i32, i32) {
        let (mut time, mut warp, mut duration) = (start, 0, 0);
        for (number, stop) in stops.iter().enumerate() {
            let travel = if number == 0 { 0 } else { stop.4 };
            let arrival = time + travel;
            let wait = (stop.1 - arrival).max(0);
            let jump = (arrival - stop.1 - stop.2).max(0);
            time = arrival + wait - jump + stop.0;
            warp += jump;
            duration += travel + wait + stop.0;
        }
        (duration, warp)
    }

    proptest! {
        #[test]
        fn a_joined_segment_is_what_driving_it_at_the_best_time_gives(stops in proptest::collection::vec(stop(), 1..8)) {
            let whole = join(&stops);
            let best = (-200..900).map(|start| drive(&stops, start));
            let by_warp = best.clone().map(|(duration, warp)| (warp, duration)).min();
            prop_assert_eq!(by_warp, Some((whole.warp, whole.duration)));
            for start in [whole.early, whole.late] {
                prop_assert_eq!(drive(&stops, start), (whole.duration, whole.warp));
            }
            for start in [whole.early - 1, whole.late + 1] {
                prop_assert_ne!(drive(&stops, start), (whole.duration, whole.warp));
            }
        }

        #[test]
        fn a_route_released_too_late_warps_back(stops in proptest::collection::vec(stop(), 1..8)) {
            let whole = join(&stops);
            let released = stops.iter().filter_map(|stop| stop.3).max();
            let start = whole.early.max(released.unwrap_or(i32::MIN));
            prop_assert_eq!(whole.total_warp(), drive(&stops, start).1);
        }

        #[test]
        fn joining_is_associative(stops in proptest::collection::vec(stop(), 3..9), cut in any::<(usize, usize)>()) {
            let first = 1 + cut.0 % (stops.len() - 2);
            let second = first + 1 + cut.1 % (stops.len() - first - 1);
            let parts = [join(&stops[..first]), join(&stops[first..second]), join(&stops[second..])];
            let (to_second, to_third) = (stops[first].4, stops[second].4);
            let left = parts[0].then(to_second, parts[1]).then(to_third, parts[2]);
            let right = parts[0].then(to_second, parts[1].then(to_third, parts[2]));
            prop_assert_eq!(left, right);
            prop_assert_eq!(left, join(&stops));
        }

        #[test]
        fn a_joined_load_is_what_loading_visit_by_visit_gives(visits in proptest::collection::vec((0..9_i64, 0..9_i64), 1..8)) {
            let parts = visits.iter().map(|&(delivery, collection)| LoadSegment::visit(delivery, collection));
            let whole = parts.reduce(LoadSegment::then).unwrap();
            let mut load: i64 = visits.iter().map(|visit| visit.0).sum();
            let mut fullest = load;
            for (delivery, collection) in visits {
                load += collection - delivery;
                fullest = fullest.max(load);
            }
            prop_assert_eq!(whole.fullest(), fullest);
        }
    }
}

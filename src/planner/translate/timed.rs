//! Travel at any time of day in the solver's terms.

use super::narrow;
use super::scene::Scene;
use crate::model::{PlaceIdx, ProfileId};
use crate::solver::clockwork::Clockwork;
use crate::solver::problem::{FAR, Problem};
use crate::travel::{TravelTimes, Way};
use crate::units::{BasisPoints, Seconds};

/// Travel of one profile at a multiple of its speed.
pub(super) struct Timing<'a> {
    scene: &'a Scene<'a>,
    travel: &'a TravelTimes<'a>,
    profile: &'a ProfileId,
    speed_factor: BasisPoints,
    places: &'a [PlaceIdx],
    /// Factors by bucket, the first one being before all of them; `None` if some bucket has durations of its own.
    speeds: Option<&'a [i64]>,
}

impl<'a> Timing<'a> {
    /// `None` if travel under the profile is the same at all times.
    pub(super) fn new(
        scene: &'a Scene<'a>,
        travel: &'a TravelTimes<'a>,
        (profile, speed_factor): &'a (ProfileId, BasisPoints),
        places: &'a [PlaceIdx],
    ) -> Option<Self> {
        if travel.changes(profile).is_empty() {
            return None;
        }
        Some(Self {
            scene,
            travel,
            profile,
            speed_factor: *speed_factor,
            places,
            speeds: travel.speeds(profile),
        })
    }

    /// The shortest time at any moment for a way that takes `own` seconds at the profile's own pace.
    pub(super) fn shortest(&self, own: i32, from: usize, to: usize) -> i32 {
        match self.speeds {
            Some(speeds) => {
                let fastest = speeds.iter().copied().max().unwrap_or(1);
                let rate = fastest * i64::from(self.speed_factor.0);
                narrow((i64::from(own) * self.unit() + rate - 1) / rate)
            }
            None => self.way(from, to).map_or(FAR, |way| {
                let shortest = way.durations().min();
                narrow(shortest.unwrap_or_default().0)
            }),
        }
    }

    /// Lets travel of the solver's profile number `number` depend on the time of day.
    fn apply(
        &self,
        problem: Problem,
        number: usize,
        own: impl Fn(usize, usize) -> Option<i32> + Sync,
    ) -> Problem {
        let changes = self.travel.changes(self.profile).iter();
        let starts = changes
            .map(|&start| narrow(self.scene.time(start)))
            .collect();
        match self.speeds {
            Some(speeds) => {
                let factor = i64::from(self.speed_factor.0);
                let rates = speeds.iter().map(|speed| speed * factor).collect();
                let clock = Clockwork::of_rates(starts, self.unit(), rates);
                problem.with_clock(number, clock, |_, from, to| own(from, to).unwrap_or(FAR))
            }
            None => problem.with_clock(number, Clockwork::of_tables(starts), |bucket, from, to| {
                let duration = self
                    .way(from, to)
                    .and_then(|way| way.durations().nth(bucket));
                duration.map_or(FAR, |Seconds(seconds)| narrow(seconds))
            }),
        }
    }

    /// Work of a second at the profile's own pace.
    fn unit(&self) -> i64 {
        let one = i64::from(BasisPoints::ONE.0);
        one * one
    }

    fn way(&self, from: usize, to: usize) -> Option<Way<'_>> {
        let (from, to) = (self.places[from], self.places[to]);
        self.travel
            .profile_way(self.profile, self.speed_factor, from, to)
    }
}

/// Lets travel of the solver's profiles depend on the time of day as their timings say; `own` are the seconds that a way
/// takes at the profile's own pace, by the profile's number.
pub(super) fn apply_all(
    problem: Problem,
    timings: &[Option<Timing<'_>>],
    own: impl Fn(usize, usize, usize) -> Option<i32> + Sync,
) -> Problem {
    let apply = |problem, (number, timing): (usize, &Option<Timing<'_>>)| match timing {
        Some(timing) => timing.apply(problem, number, |from, to| own(number, from, to)),
        None => problem,
    };
    timings.iter().enumerate().fold(problem, apply)
}

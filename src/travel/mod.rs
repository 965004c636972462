//! How long it takes to get from one place to another, per courier and at any time of day.
//!
//! Knows places, profiles and speeds; nothing of orders, routes or plans.

mod great_circle;
mod points;
#[cfg(test)]
mod tests;
mod timed;

use std::collections::HashMap;

pub use great_circle::GeoWays;
pub use points::{Point, PointWays};

use crate::model::{Courier, Matrix, Place, PlaceId, PlaceIdx, Problem, ProfileId, TravelSource};
use crate::units::{BasisPoints, Meters, Seconds, Timestamp};
use timed::Clock;

pub use timed::{Stretch, Way};

/// One way from one place to another, without regard to the time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leg {
    /// Travel time.
    pub duration: Seconds,
    /// Distance.
    pub distance: Meters,
}

impl Leg {
    /// Staying where one is.
    pub const NONE: Self = Self {
        duration: Seconds::ZERO,
        distance: Meters::ZERO,
    };
}

/// Travel times between all places of a problem.
///
/// Shape: borrows the problem; a look-up is O(1) for matrices and one great-circle distance otherwise.
pub struct TravelTimes<'a> {
    places: &'a [Place],
    profiles: HashMap<&'a ProfileId, Network<'a>>,
}

/// The ways of one profile.
struct Network<'a> {
    source: Source<'a>,
    /// `None` if times never change.
    clock: Option<Clock<'a>>,
}

enum Source<'a> {
    Matrix {
        matrix: &'a Matrix,
        /// Row of each place of the problem; `None` for places that the matrix does not name.
        rows: Vec<Option<usize>>,
    },
    Geo(great_circle::GreatCircle),
}

impl<'a> TravelTimes<'a> {
    /// Travel times for a problem that has passed validation.
    #[must_use]
    pub fn new(problem: &'a Problem) -> Self {
        let profiles = problem.profiles.iter().map(|profile| {
            let (source, matrix) = match &profile.source {
                TravelSource::Matrix(matrix) => {
                    let rows = rows(matrix, &problem.places);
                    (Source::Matrix { matrix, rows }, Some(matrix))
                }
                TravelSource::Geo(geo) => (Source::Geo(great_circle::GreatCircle::new(*geo)), None),
            };
            let clock = Clock::new(&profile.buckets, matrix);
            (&profile.id, Network { source, clock })
        });
        Self {
            places: &problem.places,
            profiles: profiles.collect(),
        }
    }

    /// The ways between `places` under `profile`; `None` unless it measures along the great circle and all of them
    /// have coordinates.
    #[must_use]
    pub fn geo_ways(&self, profile: &ProfileId, places: &[PlaceIdx]) -> Option<GeoWays> {
        let Source::Geo(geo) = self.profiles.get(profile)?.source else {
            return None;
        };
        let located = |&place: &PlaceIdx| Some((place, self.places[place.index()].location?));
        let places: Option<Vec<_>> = places.iter().map(located).collect();
        Some(GeoWays::new(geo, places?))
    }

    /// The way of `courier` from `from` to `to`; `None` if there is none.
    ///
    /// Where times never change, it takes the profile's duration divided by the courier's speed factor, rounded up to
    /// whole seconds; otherwise see [`Way`].
    #[must_use]
    pub fn way(&self, courier: &Courier, from: PlaceIdx, to: PlaceIdx) -> Option<Way<'_>> {
        self.profile_way(&courier.profile, courier.speed_factor, from, to)
    }

    /// The way under `profile` at a multiple of its speed; `None` if there is none.
    #[must_use]
    pub fn profile_way(
        &self,
        profile: &ProfileId,
        speed_factor: BasisPoints,
        from: PlaceIdx,
        to: PlaceIdx,
    ) -> Option<Way<'_>> {
        let network = self.profiles.get(profile)?;
        let (leg, cell) = self.leg_and_cell(network, from, to)?;
        Some(match &network.clock {
            Some(clock) => clock.way(leg, cell, speed_factor),
            None => Way::steady(leg.at_speed(speed_factor)),
        })
    }

    /// The way under `profile`, at the profile's own speed and pace; `None` if there is none.
    #[must_use]
    pub fn profile_leg(&self, profile: &ProfileId, from: PlaceIdx, to: PlaceIdx) -> Option<Leg> {
        let network = self.profiles.get(profile)?;
        self.leg_and_cell(network, from, to).map(|(leg, _)| leg)
    }

    /// When the pace of `profile` changes; nothing if its times never do.
    #[must_use]
    pub fn changes(&self, profile: &ProfileId) -> &[Timestamp] {
        let network = self.profiles.get(profile);
        let clock = network.and_then(|network| network.clock.as_ref());
        clock.map_or(&[], Clock::starts)
    }

    /// Speeds of the stretches of time of a profile relative to its own, in basis points, the first one being before all
    /// changes; `None` if some stretch has durations of its own, or nothing ever changes.
    #[must_use]
    pub fn speeds(&self, profile: &ProfileId) -> Option<&[i64]> {
        self.profiles.get(profile)?.clock.as_ref()?.speeds()
    }

    /// The profile's own leg, and the cell of its matrix that it stands in.
    fn leg_and_cell(
        &self,
        network: &Network<'a>,
        from: PlaceIdx,
        to: PlaceIdx,
    ) -> Option<(Leg, usize)> {
        match &network.source {
            Source::Matrix { matrix, rows } => {
                let cell = rows[from.index()]? * matrix.place_ids.len() + rows[to.index()]?;
                let leg = Leg {
                    duration: matrix.durations[cell]?,
                    distance: matrix.distances[cell],
                };
                Some((leg, cell))
            }
            Source::Geo(_) if from == to => Some((Leg::NONE, 0)),
            Source::Geo(geo) => {
                let leg = geo.leg(
                    self.places[from.index()].location?,
                    self.places[to.index()].location?,
                );
                Some((leg, 0))
            }
        }
    }
}

fn rows(matrix: &Matrix, places: &[Place]) -> Vec<Option<usize>> {
    let row_of: HashMap<&PlaceId, usize> = matrix
        .place_ids
        .iter()
        .enumerate()
        .map(|(row, id)| (id, row))
        .collect();
    places
        .iter()
        .map(|place| row_of.get(place.id.as_ref()?).copied())
        .collect()
}

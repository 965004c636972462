//! How long it takes to get from one place to another, per courier.
//!
//! Knows places, profiles and speeds; nothing of orders, routes or plans.

mod great_circle;

use std::collections::HashMap;

pub use great_circle::GeoWays;

use crate::model::{Courier, Matrix, Place, PlaceId, PlaceIdx, Problem, ProfileId, TravelSource};
use crate::units::{Meters, Seconds};

/// One way from one place to another.
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
    profiles: HashMap<&'a ProfileId, Source<'a>>,
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
            let source = match &profile.source {
                TravelSource::Matrix(matrix) => Source::Matrix {
                    matrix,
                    rows: rows(matrix, &problem.places),
                },
                TravelSource::Geo(geo) => Source::Geo(great_circle::GreatCircle::new(*geo)),
            };
            (&profile.id, source)
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
        let Source::Geo(geo) = self.profiles.get(profile)? else {
            return None;
        };
        let located = |&place: &PlaceIdx| Some((place, self.places[place.index()].location?));
        let places: Option<Vec<_>> = places.iter().map(located).collect();
        Some(GeoWays::new(*geo, places?))
    }

    /// The way of `courier` from `from` to `to`; `None` if there is none.
    ///
    /// Units: the duration is the profile's divided by the courier's speed factor, rounded up to whole seconds.
    #[must_use]
    pub fn leg(&self, courier: &Courier, from: PlaceIdx, to: PlaceIdx) -> Option<Leg> {
        let leg = self.profile_leg(&courier.profile, from, to)?;
        Some(Leg {
            duration: courier.speed_factor.divide(leg.duration),
            ..leg
        })
    }

    /// The way under `profile`, at the profile's own speed; `None` if there is none.
    #[must_use]
    pub fn profile_leg(&self, profile: &ProfileId, from: PlaceIdx, to: PlaceIdx) -> Option<Leg> {
        match self.profiles.get(profile)? {
            Source::Matrix { matrix, rows } => {
                let cell = rows[from.index()]? * matrix.place_ids.len() + rows[to.index()]?;
                Some(Leg {
                    duration: matrix.durations[cell]?,
                    distance: matrix.distances[cell],
                })
            }
            Source::Geo(geo) => {
                if from == to {
                    return Some(Leg::NONE);
                }
                Some(geo.leg(
                    self.places[from.index()].location?,
                    self.places[to.index()].location?,
                ))
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

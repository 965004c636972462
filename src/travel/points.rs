//! Ways between places that come and go: nothing is borrowed, and places need no list.

use std::collections::HashMap;

use super::Leg;
use super::great_circle::GreatCircle;
use crate::model::{Matrix, Place, PlaceId, ProfileId, Spot, TravelProfile, TravelSource};
use crate::units::BasisPoints;

/// A place prepared for many questions, by [`PointWays::point`].
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    spot: Option<Spot>,
    /// By profile: its row in the profile's matrix.
    rows: Vec<Option<usize>>,
}

/// The ways of some profiles whose times do not depend on the time of day.
pub struct PointWays {
    ids: Vec<ProfileId>,
    networks: Vec<Network>,
}

enum Network {
    Matrix {
        matrix: Matrix,
        rows: HashMap<PlaceId, usize>,
    },
    Geo(GreatCircle),
}

impl PointWays {
    /// The ways of `profiles`, each as if its times never changed.
    #[must_use]
    pub fn new(profiles: &[TravelProfile]) -> Self {
        let network = |profile: &TravelProfile| match &profile.source {
            TravelSource::Matrix(matrix) => Network::Matrix {
                rows: matrix.place_ids.iter().cloned().zip(0..).collect(),
                matrix: matrix.clone(),
            },
            TravelSource::Geo(geo) => Network::Geo(GreatCircle::new(*geo)),
        };
        Self {
            ids: profiles.iter().map(|profile| profile.id.clone()).collect(),
            networks: profiles.iter().map(network).collect(),
        }
    }

    /// The number of the profile called `id`.
    #[must_use]
    pub fn profile(&self, id: &ProfileId) -> Option<usize> {
        self.ids.iter().position(|known| known == id)
    }

    /// Whether the way back takes as long as the way there, for all ways of a profile.
    #[must_use]
    pub fn is_symmetric(&self, profile: usize) -> bool {
        matches!(self.networks[profile], Network::Geo(_))
    }

    /// Prepares `place`.
    #[must_use]
    pub fn point(&self, place: &Place) -> Point {
        let row = |network: &Network| match network {
            Network::Matrix { rows, .. } => rows.get(place.id.as_ref()?).copied(),
            Network::Geo(_) => None,
        };
        Point {
            spot: place.location.map(|location| location.spot()),
            rows: self.networks.iter().map(row).collect(),
        }
    }

    /// The way under a profile at its own speed; `None` if there is none. The same as
    /// [`TravelTimes::profile_leg`](super::TravelTimes::profile_leg) gives for two places of a problem.
    #[must_use]
    pub fn leg(&self, profile: usize, from: &Point, to: &Point) -> Option<Leg> {
        match &self.networks[profile] {
            Network::Matrix { matrix, .. } => {
                let cell = from.rows[profile]? * matrix.place_ids.len() + to.rows[profile]?;
                Some(Leg {
                    duration: matrix.durations[cell]?,
                    distance: matrix.distances[cell],
                })
            }
            Network::Geo(circle) => {
                let (from, to) = (from.spot.as_ref()?, to.spot.as_ref()?);
                Some(circle.leg_of(from.meters_to(to)))
            }
        }
    }
}

impl Leg {
    /// The way at a multiple of the profile's speed.
    #[must_use]
    pub fn at_speed(self, speed_factor: BasisPoints) -> Self {
        Self {
            duration: speed_factor.divide(self.duration),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixture::{Fixture, arbitrary};
    use crate::travel::TravelTimes;
    use proptest::prelude::*;

    fn agree(problem: &crate::model::Problem) {
        let travel = TravelTimes::new(problem);
        let ways = PointWays::new(&problem.profiles);
        let points: Vec<Point> = problem
            .places
            .iter()
            .map(|place| ways.point(place))
            .collect();
        for profile in &problem.profiles {
            let number = ways.profile(&profile.id).unwrap();
            for (from, to) in (0..points.len()).flat_map(|a| (0..points.len()).map(move |b| (a, b)))
            {
                let place = |at: usize| crate::model::PlaceIdx(u32::try_from(at).unwrap());
                assert_eq!(
                    ways.leg(number, &points[from], &points[to]),
                    travel.profile_leg(&profile.id, place(from), place(to)),
                    "{from} to {to}"
                );
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn ways_between_points_are_those_of_the_problem(problem in arbitrary::day()) {
            agree(&problem);
        }
    }

    #[test]
    fn a_place_without_coordinates_or_row_has_no_ways() {
        let day = Fixture::new().courier("anna", |_| {}).build();
        let ways = PointWays::new(&day.profiles);
        let nowhere = ways.point(&Place {
            id: None,
            location: None,
            address: String::new(),
            zone: None,
        });
        let somewhere = ways.point(&day.places[0]);
        assert_eq!(ways.leg(0, &nowhere, &somewhere), None);
    }
}

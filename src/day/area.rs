//! Where a day is: positions that cannot be meant are told from those that can.

use crate::model::{GeoPoint, Problem};

/// Couriers of a day are not farther than this from where its places are, in degrees of latitude: 200 km.
const MARGIN: f64 = 1.8;

/// The part of the world that holds all places of a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    south: f64,
    north: f64,
    /// Longitude in the middle of it, and how far it goes from there to both sides.
    middle: f64,
    reach: f64,
}

impl Area {
    /// Where the places of `problem` are; `None` if that is not known of any.
    pub(super) fn of(problem: &Problem) -> Option<Self> {
        let mut points = problem.places.iter().filter_map(|place| place.location);
        let first = points.next()?;
        let mut area = Self {
            south: first.latitude,
            north: first.latitude,
            middle: first.longitude,
            reach: 0.0,
        };
        for point in points {
            area.south = area.south.min(point.latitude);
            area.north = area.north.max(point.latitude);
            let off = around(point.longitude - area.middle);
            let beyond = (off.abs() - area.reach).max(0.0) / 2.0;
            area.middle = around(area.middle + beyond.copysign(off));
            area.reach += beyond;
        }
        Some(area)
    }

    /// Whether a courier of the day may be at `point`.
    pub(super) fn is_near(&self, point: GeoPoint) -> bool {
        let (south, north) = (self.south - MARGIN, self.north + MARGIN);
        // Degrees of longitude are shorter the farther they are from the equator.
        let farthest = south.abs().max(north.abs()).min(89.0);
        let margin = MARGIN / farthest.to_radians().cos();
        let off = around(point.longitude - self.middle).abs();
        (south..=north).contains(&point.latitude) && off <= self.reach + margin
    }
}

/// `degrees` of longitude as a number from -180 to 180.
fn around(degrees: f64) -> f64 {
    (degrees + 180.0).rem_euclid(360.0) - 180.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(points: &[(f64, f64)]) -> Area {
        let places = points.iter().map(|&(latitude, longitude)| {
            let location = Some(GeoPoint {
                latitude,
                longitude,
            });
            crate::model::Place {
                id: None,
                location,
                address: String::new(),
                zone: None,
            }
        });
        let mut problem = crate::forecast::fixture::day(Vec::new(), 1, |_, _| Some(600));
        problem.places = places.collect();
        Area::of(&problem).unwrap()
    }

    fn at(latitude: f64, longitude: f64) -> GeoPoint {
        GeoPoint {
            latitude,
            longitude,
        }
    }

    #[test]
    fn the_next_city_is_near_and_the_classic_faults_are_not() {
        let moscow = area(&[(55.6, 37.4), (55.9, 37.8), (55.7, 37.2)]);
        for near in [at(55.75, 37.6), at(54.2, 37.6), at(56.0, 40.4)] {
            assert!(moscow.is_near(near), "{near:?}");
        }
        for far in [
            at(0.0, 0.0),
            at(-89.9, 179.0),
            at(37.6, 55.7),
            at(59.9, 30.3),
        ] {
            assert!(!moscow.is_near(far), "{far:?}");
        }
    }

    #[test]
    fn a_day_on_both_sides_of_the_date_line_is_in_one_piece() {
        let fiji = area(&[(-16.5, 179.8), (-16.9, -179.9), (-17.0, 179.2)]);
        assert!(fiji.is_near(at(-16.8, 180.0)) && fiji.is_near(at(-16.8, -179.0)));
        assert!(!fiji.is_near(at(-16.8, 0.0)) && !fiji.is_near(at(-16.8, 170.0)));
    }
}

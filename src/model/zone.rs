//! Parts of the city that have traffic of their own.

use super::problem::{EARTH_RADIUS, Place};
use super::{GeoPoint, ZoneId};

/// Side of a grid cell in meters.
const CELL: f64 = 3_000.0;

/// The zone of places of which nothing is known.
const UNPLACED: &str = "unplaced";

impl Place {
    /// The part of the city that the place lies in: what the caller says; otherwise the cell, about 3 km wide, of a grid
    /// over the globe, named `cell_<row>_<column>` after its distance from equator and meridian; otherwise `unplaced`,
    /// which all places have in common that have neither zone nor location.
    #[must_use]
    pub fn zone(&self) -> ZoneId {
        let name = match (&self.zone, self.location) {
            (Some(zone), _) => return zone.clone(),
            (None, Some(location)) => cell(location),
            (None, None) => UNPLACED.to_owned(),
        };
        ZoneId::parse(&name).expect("letters, digits, underscores and signs")
    }
}

fn cell(location: GeoPoint) -> String {
    let row = (EARTH_RADIUS * location.latitude.to_radians() / CELL).floor();
    // Columns are as wide as in the middle of their row, so that a cell has straight sides.
    let middle = (row + 0.5) * CELL / EARTH_RADIUS;
    let parallel = EARTH_RADIUS * middle.cos().max(0.0);
    let column = (parallel * location.longitude.to_radians() / CELL).floor();
    format!("cell_{}_{}", whole(row), whole(column))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a whole number below 10,000, or of a location that is none"
)]
fn whole(number: f64) -> i64 {
    number as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(latitude: f64, longitude: f64) -> Place {
        Place {
            id: None,
            location: Some(GeoPoint {
                latitude,
                longitude,
            }),
            address: String::new(),
            zone: None,
        }
    }

    #[test]
    fn a_cell_is_three_kilometers_wide_anywhere() {
        for (latitude, longitude) in [(55.75, 37.62), (-33.9, 151.2), (0.0, 0.0), (70.0, -150.0)] {
            let east = |meters: f64| {
                let circle = EARTH_RADIUS * f64::to_radians(latitude).cos();
                at(latitude, longitude + (meters / circle).to_degrees()).zone()
            };
            let names: std::collections::BTreeSet<_> = (0..100_u8)
                .map(|step| east(f64::from(step) * 300.0))
                .collect();
            assert!((10..=11).contains(&names.len()), "{names:?}");
        }
        assert_eq!(at(55.75, 37.62).zone().as_str(), "cell_2066_784");
    }

    #[test]
    fn the_poles_have_zones_too() {
        for latitude in [-90.0, 90.0] {
            assert_eq!(at(latitude, 179.0).zone(), at(latitude, 179.0).zone());
        }
    }

    #[test]
    fn what_the_caller_says_comes_first_and_nothing_is_a_zone_too() {
        let mut place = at(55.75, 37.62);
        place.zone = Some(ZoneId::parse("center").unwrap());
        assert_eq!(place.zone().as_str(), "center");
        place.zone = None;
        place.location = None;
        assert_eq!(place.zone().as_str(), UNPLACED);
    }
}

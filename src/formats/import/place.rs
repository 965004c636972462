//! Where things are: coordinates, and what their places are called.

use super::cells::Cells;
use super::field::Field;
use super::number;
use crate::model::{GeoPoint, Place, PlaceId, ZoneId};

/// What places have to be like.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlaceRules<'a> {
    /// Places that they should not be far from.
    pub(super) near: &'a [GeoPoint],
    /// Whether ways are measured by coordinates.
    pub(super) needs_location: bool,
}

/// The headings that are missing for rows to say where something is.
pub(super) fn missing(has: &dyn Fn(Field) -> bool) -> Option<&'static str> {
    let is_there = has(Field::Coordinates) || (has(Field::Latitude) && has(Field::Longitude));
    let wanted = "latitude and longitude (\"широта\", \"долгота\"), or coordinates";
    (!is_there).then_some(wanted)
}

impl Cells<'_> {
    /// The place in a row.
    pub(super) fn place(&mut self, rules: PlaceRules<'_>) -> Option<Place> {
        let zone = self.if_any(Field::Zone, |cells, _| cells.id(Field::Zone, ZoneId::parse));
        let id = self.if_any(Field::PlaceId, |cells, _| {
            cells.id(Field::PlaceId, PlaceId::parse)
        });
        let fields = [Field::Latitude, Field::Longitude, Field::Coordinates];
        let says_where = fields.into_iter().any(|field| !self.text(field).is_empty());
        let location = match says_where || rules.needs_location {
            true => self.location(rules.near).map(Some),
            false => Some(None),
        };
        Some(Place {
            id: id?,
            location: location?,
            address: self.owned(Field::Address),
            zone: zone?,
        })
    }

    fn location(&mut self, near: &[GeoPoint]) -> Option<GeoPoint> {
        let both = self.text(Field::Coordinates);
        let is_split = !self.text(Field::Latitude).is_empty() || both.is_empty();
        let field = if is_split {
            Field::Latitude
        } else {
            Field::Coordinates
        };
        let (latitude, longitude) = if is_split {
            let latitude = self.degrees(Field::Latitude);
            let longitude = self.degrees(Field::Longitude);
            (latitude?, longitude?)
        } else if let Some(pair) = pair(both) {
            pair
        } else {
            let message = "is no latitude and longitude; they are like 55.7558, 37.6173";
            return self.fault(field, message);
        };
        let point = GeoPoint {
            latitude,
            longitude,
        };
        if latitude == 0.0 && longitude == 0.0 {
            return self.fault(
                field,
                "is 0, and so is the longitude: the address was not found",
            );
        }
        if is_swapped(point, near) {
            return self.fault(
                field,
                "seems to be a longitude: latitude and longitude are swapped",
            );
        }
        if !is_on_globe(point) {
            let field = if is_split && latitude.abs() <= 90.0 {
                Field::Longitude
            } else {
                field
            };
            let message = "is off the globe; latitudes are -90 to 90, longitudes -180 to 180";
            return self.fault(field, message);
        }
        Some(point)
    }

    fn degrees(&mut self, field: Field) -> Option<f64> {
        match (self.text(field), number::float(self.text(field))) {
            ("", _) => self.fault(field, "is empty; degrees are needed, like 55.7558"),
            (_, Some(degrees)) => Some(degrees),
            (_, None) => self.fault(
                field,
                "is no number of degrees; one is like 55.7558 or 55,7558",
            ),
        }
    }
}

/// Latitude and longitude in one cell: `55.75, 37.61`, `55,75; 37,61` or `55.75 37.61`.
pub(super) fn pair(text: &str) -> Option<(f64, f64)> {
    let separators: [&str; 3] = [";", ", ", ","];
    let separator = separators
        .into_iter()
        .find(|separator| text.contains(separator));
    let (latitude, longitude) = match separator {
        Some(separator) if text.matches(separator).count() == 1 => text.split_once(separator)?,
        Some(_) | None => text.trim().split_once(' ')?,
    };
    Some((number::float(latitude)?, number::float(longitude)?))
}

/// Whether degrees are within their bounds.
pub(super) fn is_on_globe(point: GeoPoint) -> bool {
    point.latitude.abs() <= 90.0 && point.longitude.abs() <= 180.0
}

/// Whether a place is off the globe or far from all of `near`, and would not be with latitude and longitude swapped.
/// Where there is nothing near, any place on the globe will do.
fn is_swapped(point: GeoPoint, near: &[GeoPoint]) -> bool {
    const FAR: f64 = 300_000.0;
    const CLOSE: f64 = 150_000.0;
    let swapped = GeoPoint {
        latitude: point.longitude,
        longitude: point.latitude,
    };
    if !is_on_globe(swapped) {
        return false;
    }
    let nearest = |point: GeoPoint| {
        let distances = near.iter().map(|other| point.meters_to(*other));
        distances.fold(f64::INFINITY, f64::min)
    };
    let is_right_now = is_on_globe(point) && (near.is_empty() || nearest(point) <= FAR);
    !is_right_now && (near.is_empty() || nearest(swapped) < CLOSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_stand_in_one_cell_in_several_ways() {
        for text in [
            "55.75, 37.61",
            "55.75,37.61",
            "55,75; 37,61",
            "55.75 37.61",
            "55,75 37,61",
        ] {
            assert_eq!(pair(text), Some((55.75, 37.61)), "{text}");
        }
        for bad in ["", "55.75", "55,75,37,61", "north, east"] {
            assert_eq!(pair(bad), None, "{bad}");
        }
    }
}

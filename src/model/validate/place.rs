//! Places, and the ways between them as the profiles know them.

use std::collections::{BTreeSet, HashMap};
use std::ops::RangeInclusive;

use super::Subject;
use super::profile;
use crate::model::{
    GeoPoint, GeoTravel, Matrix, Place, PlaceId, PlaceIdx, Problem, Reason, TravelBucket,
    TravelPace, TravelSource,
};
use crate::units::Seconds;

const LATITUDE: RangeInclusive<f64> = -90.0..=90.0;
const LONGITUDE: RangeInclusive<f64> = -180.0..=180.0;

/// Every place and profile of a problem.
pub(super) struct Atlas<'a> {
    places: &'a [Place],
    /// In the order of the problem's profiles.
    networks: Vec<Network<'a>>,
    /// The first location that each id comes with.
    locations: HashMap<&'a PlaceId, GeoPoint>,
}

struct Network<'a> {
    id: &'a str,
    source: Source<'a>,
    buckets: &'a [TravelBucket],
    /// Whether ways can be looked up.
    is_sound: bool,
}

enum Source<'a> {
    Matrix {
        matrix: &'a Matrix,
        /// Row of each place of the problem.
        rows: Vec<Option<usize>>,
    },
    Geo(GeoTravel),
}

/// What is known about a way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// There is one, and it takes so long at the profile's own speed, at the best time of day.
    Takes(Seconds),
    /// There is none.
    None,
    /// Errors reported elsewhere leave it open.
    Unknown,
}

impl<'a> Atlas<'a> {
    pub(super) fn new(problem: &'a Problem) -> Self {
        let networks = problem.profiles.iter().map(|profile| Network {
            id: profile.id.as_str(),
            source: match &profile.source {
                TravelSource::Matrix(matrix) => Source::Matrix {
                    matrix,
                    rows: rows(matrix, &problem.places),
                },
                TravelSource::Geo(geo) => Source::Geo(*geo),
            },
            buckets: &profile.buckets,
            is_sound: profile::is_sound(profile),
        });
        let mut locations = HashMap::new();
        for place in &problem.places {
            if let (Some(id), Some(location)) = (&place.id, place.location) {
                locations.entry(id).or_insert(location);
            }
        }
        Self {
            places: &problem.places,
            networks: networks.collect(),
            locations,
        }
    }

    /// The ways to `place`, which is the only place, by the profiles of a problem that has been judged already: none is
    /// judged again.
    pub(super) fn of_place(problem: &'a Problem, place: &'a Place) -> Self {
        let row = |matrix: &Matrix| {
            let id = place.id.as_ref()?;
            matrix.place_ids.iter().position(|row| row == id)
        };
        let networks = problem.profiles.iter().map(|profile| Network {
            id: profile.id.as_str(),
            source: match &profile.source {
                TravelSource::Matrix(matrix) => Source::Matrix {
                    matrix,
                    rows: vec![row(matrix)],
                },
                TravelSource::Geo(geo) => Source::Geo(*geo),
            },
            buckets: &profile.buckets,
            is_sound: true,
        });
        let known = problem.places.iter().find(|known| known.id == place.id);
        let location = known.and_then(|known| Some((known.id.as_ref()?, known.location?)));
        Self {
            places: std::slice::from_ref(place),
            networks: networks.collect(),
            locations: location.into_iter().collect(),
        }
    }

    /// Reports what is wrong with a place from which couriers travel by `profiles`.
    pub(super) fn check_place(
        &self,
        subject: &mut Subject<'_>,
        field: &str,
        idx: PlaceIdx,
        profiles: &BTreeSet<usize>,
    ) {
        let Some(place) = self.places.get(idx.index()) else {
            subject.error(field, Reason::MissingField, "the place is missing");
            return;
        };
        if let Some(location) = place.location {
            self.check_location(subject, field, place, location);
        }
        // What several profiles miss is missing once.
        let (mut misses_location, mut misses_id) = (false, false);
        for network in profiles.iter().map(|&profile| &self.networks[profile]) {
            match (&network.source, &place.id) {
                (Source::Geo(_), _) if place.location.is_none() => {
                    if std::mem::replace(&mut misses_location, true) {
                        continue;
                    }
                    let message = format!(
                        "profile `{}` measures ways by coordinates: give them",
                        network.id
                    );
                    subject.error(format!("{field}.location"), Reason::MissingField, message);
                }
                (Source::Matrix { .. }, None) => {
                    if std::mem::replace(&mut misses_id, true) {
                        continue;
                    }
                    let message = format!(
                        "profile `{}` is a matrix: name the place as its rows do",
                        network.id
                    );
                    subject.error(format!("{field}.id"), Reason::MissingField, message);
                }
                (Source::Matrix { matrix, rows }, Some(id)) if rows[idx.index()].is_none() => {
                    let message = format!(
                        "the matrix of profile `{}` has no row for `{id}` among its {}: add it",
                        network.id,
                        matrix.place_ids.len()
                    );
                    subject.error(format!("{field}.id"), Reason::UnknownReference, message);
                }
                (Source::Geo(_) | Source::Matrix { .. }, _) => {}
            }
        }
    }

    fn check_location(
        &self,
        subject: &mut Subject<'_>,
        field: &str,
        place: &Place,
        location: GeoPoint,
    ) {
        let n_errors = subject.n_errors();
        let field = format!("{field}.location");
        subject.real(
            format!("{field}.latitude"),
            location.latitude,
            LATITUDE,
            "degrees",
        );
        subject.real(
            format!("{field}.longitude"),
            location.longitude,
            LONGITUDE,
            "degrees",
        );
        let first = place.id.as_ref().and_then(|id| self.locations.get(id));
        if subject.n_errors() == n_errors && first.is_some_and(|first| *first != location) {
            let message =
                "the same place id comes with another location before: one place has one location";
            subject.error(field, Reason::Conflict, message);
        }
    }

    /// The way from `from` to `to` by the profile at `profile`.
    pub(super) fn way(&self, profile: usize, from: PlaceIdx, to: PlaceIdx) -> Way {
        let network = &self.networks[profile];
        if !network.is_sound {
            return Way::Unknown;
        }
        match &network.source {
            Source::Matrix { matrix, rows } => {
                let row = |place: PlaceIdx| rows.get(place.index()).copied().flatten();
                let Some((from, to)) = row(from).zip(row(to)) else {
                    return Way::Unknown;
                };
                let cell = from * matrix.place_ids.len() + to;
                match matrix.durations[cell] {
                    Some(own) => Way::Takes(shortest(network.buckets, own, cell)),
                    None => Way::None,
                }
            }
            Source::Geo(geo) => {
                let location = |place: PlaceIdx| {
                    let location = self.places.get(place.index())?.location?;
                    let is_sound = LATITUDE.contains(&location.latitude)
                        && LONGITUDE.contains(&location.longitude);
                    is_sound.then_some(location)
                };
                let Some((from, to)) = location(from).zip(location(to)) else {
                    return Way::Unknown;
                };
                match travel_time(geo, from, to) {
                    Some(own) => Way::Takes(shortest(network.buckets, own, 0)),
                    None => Way::Unknown,
                }
            }
        }
    }
}

/// How long the way at `cell` takes in the fastest bucket, the time before the first one included.
fn shortest(buckets: &[TravelBucket], own: Seconds, cell: usize) -> Seconds {
    let durations = buckets.iter().map(|bucket| match &bucket.pace {
        TravelPace::Speed(factor) => factor.divide(own),
        TravelPace::Durations(durations) => durations[cell].unwrap_or(own),
    });
    durations.fold(own, Seconds::min)
}

/// How long the way takes; `None` if a coordinate is not a number.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the cast saturates, and the sound range is below 2^31"
)]
fn travel_time(geo: &GeoTravel, from: GeoPoint, to: GeoPoint) -> Option<Seconds> {
    let seconds = from.meters_to(to) * geo.detour_factor * 3.6 / geo.speed_kmh;
    seconds.is_finite().then(|| Seconds(seconds.round() as i64))
}

fn rows(matrix: &Matrix, places: &[Place]) -> Vec<Option<usize>> {
    let row_of: HashMap<&PlaceId, usize> = matrix.place_ids.iter().zip(0..).collect();
    let rows = places
        .iter()
        .map(|place| row_of.get(place.id.as_ref()?).copied());
    rows.collect()
}

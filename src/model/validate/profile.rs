//! Travel profiles: the size and values of matrices, the speed of great-circle travel.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use super::{Context, Findings, Subject, bucket, check_unique};
use crate::model::{GeoTravel, Matrix, PlaceId, Reason, TravelProfile, TravelSource};
use crate::units::Seconds;

const SPEED: RangeInclusive<f64> = 1.0..=200.0;
const DETOUR: RangeInclusive<f64> = 1.0..=5.0;
pub(super) const DURATION: RangeInclusive<i64> = 0..=1_000_000;
const DISTANCE: RangeInclusive<i64> = 0..=10_000_000;

/// Whether ways can be looked up in `profile`.
pub(super) fn is_sound(profile: &TravelProfile) -> bool {
    let is_source_sound = match &profile.source {
        TravelSource::Matrix(matrix) => {
            let cells = n_cells(matrix);
            cells == Some(matrix.durations.len())
                && cells == Some(matrix.distances.len())
                && bad_durations(&matrix.durations).next().is_none()
        }
        TravelSource::Geo(geo) => {
            SPEED.contains(&geo.speed_kmh) && DETOUR.contains(&geo.detour_factor)
        }
    };
    is_source_sound && bucket::are_sound(profile)
}

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for (position, profile) in context.problem.profiles.iter().enumerate() {
        let path = format!("travel_profiles[{position}]");
        let mut subject = Subject::new(findings, path, profile.id.as_str());
        check_unique(
            &mut subject,
            "travel_profiles",
            &context.profiles,
            &profile.id,
            position,
        );
        match &profile.source {
            TravelSource::Matrix(matrix) => check_matrix(&mut subject, matrix),
            TravelSource::Geo(geo) => check_geo(&mut subject, geo),
        }
        bucket::check(context, &mut subject, profile);
        let couriers = &context.problem.couriers;
        let is_known = couriers
            .iter()
            .all(|courier| context.profiles.contains_key(&courier.profile));
        // A courier whose profile is unknown may mean this one.
        if is_known
            && !couriers.is_empty()
            && couriers.iter().all(|courier| courier.profile != profile.id)
        {
            let message =
                "no courier travels by this profile: leave it out, or name it in a courier";
            subject.warning("id", Reason::UnknownReference, message);
        }
    }
}

fn check_geo(subject: &mut Subject<'_>, geo: &GeoTravel) {
    subject.real("geo.speed_kmh", geo.speed_kmh, SPEED, "km/h");
    subject.real("geo.detour_factor", geo.detour_factor, DETOUR, "");
}

fn check_matrix(subject: &mut Subject<'_>, matrix: &Matrix) {
    let mut rows: HashMap<&PlaceId, usize> = HashMap::new();
    for (row, id) in matrix.place_ids.iter().enumerate() {
        if let Some(first) = rows.get(id) {
            let message = format!("place `{id}` already has row {first}: name each place once");
            subject.error(
                format!("matrix.place_ids[{row}]"),
                Reason::DuplicateId,
                message,
            );
        } else {
            rows.insert(id, row);
        }
    }
    let cells = n_cells(matrix);
    for (field, length) in [
        ("matrix.duration_seconds", matrix.durations.len()),
        ("matrix.distance_meters", matrix.distances.len()),
    ] {
        if cells != Some(length) {
            let places = matrix.place_ids.len();
            let message = format!(
                "{length} values for {places} places: there must be {places} times {places}, row by row"
            );
            subject.error(field, Reason::MatrixShape, message);
        }
    }
    let distances = matrix
        .distances
        .iter()
        .enumerate()
        .filter(|(cell, distance)| {
            let has_way = matrix.durations.get(*cell).is_none_or(Option::is_some);
            has_way && !DISTANCE.contains(&distance.0)
        });
    let distances = distances.map(|(cell, distance)| (cell, distance.0));
    check_cells(
        subject,
        "matrix.duration_seconds",
        matrix,
        bad_durations(&matrix.durations),
        &DURATION,
    );
    check_cells(
        subject,
        "matrix.distance_meters",
        matrix,
        distances,
        &DISTANCE,
    );
}

pub(super) fn n_cells(matrix: &Matrix) -> Option<usize> {
    matrix.place_ids.len().checked_mul(matrix.place_ids.len())
}

/// Cells and values of the durations that are out of bounds.
pub(super) fn bad_durations(durations: &[Option<Seconds>]) -> impl Iterator<Item = (usize, i64)> {
    let cells = durations.iter().enumerate();
    cells.filter_map(|(cell, duration)| {
        let duration = duration.as_ref()?.0;
        (!DURATION.contains(&duration)).then_some((cell, duration))
    })
}

/// Reports the first of the cells that are out of `bounds`, and how many more there are: they tend to come in thousands.
pub(super) fn check_cells(
    subject: &mut Subject<'_>,
    field: &str,
    matrix: &Matrix,
    mut bad: impl Iterator<Item = (usize, i64)>,
    bounds: &RangeInclusive<i64>,
) {
    let Some((cell, value)) = bad.next() else {
        return;
    };
    let size = matrix.place_ids.len().max(1);
    let message = format!(
        "{value} from `{}` to `{}` is out of range: it must be {} to {}{}",
        name(matrix, cell / size),
        name(matrix, cell % size),
        bounds.start(),
        bounds.end(),
        match bad.count() {
            0 => String::new(),
            more => format!(" (and {more} more such values)"),
        }
    );
    subject.error(format!("{field}[{cell}]"), Reason::OutOfRange, message);
}

/// What a row is called.
pub(super) fn name(matrix: &Matrix, row: usize) -> &str {
    matrix.place_ids.get(row).map_or("?", PlaceId::as_str)
}

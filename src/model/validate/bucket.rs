//! Buckets of time: their sequence, their speeds, and the shape and values of their durations.

use std::ops::RangeInclusive;

use super::profile::{DURATION, bad_durations, check_cells, n_cells, name};
use super::{Context, Subject};
use crate::model::{Matrix, Reason, TravelBucket, TravelPace, TravelProfile, TravelSource};
use crate::units::{BasisPoints, Seconds};

/// Most buckets of a profile: more than one for every hour of a week.
const BUCKETS_MAX: usize = 200;
/// Most orders of a day with buckets: the search then keeps a table of all travel times.
const ORDERS_MAX: usize = 4_000;
const SPEED_FACTOR: RangeInclusive<f64> = 0.1..=10.0;

/// Whether the shortest time of a way can be told from the buckets of `profile`.
pub(super) fn are_sound(profile: &TravelProfile) -> bool {
    profile.buckets.iter().all(|bucket| match &bucket.pace {
        TravelPace::Speed(factor) => SPEED_FACTOR.contains(&ratio(*factor)),
        TravelPace::Durations(durations) => match &profile.source {
            TravelSource::Matrix(matrix) => {
                durations.len() == matrix.durations.len()
                    && bad_durations(durations).next().is_none()
            }
            TravelSource::Geo(_) => false,
        },
    })
}

pub(super) fn check(context: &Context<'_>, subject: &mut Subject<'_>, profile: &TravelProfile) {
    let buckets = &profile.buckets;
    if buckets.len() > BUCKETS_MAX {
        let message = format!("{} buckets: at most {BUCKETS_MAX}", buckets.len());
        subject.error("buckets", Reason::TooLarge, message);
    }
    let n_orders = context.problem.orders.len();
    if !buckets.is_empty() && n_orders > ORDERS_MAX {
        let message = format!(
            "{n_orders} orders: travel times can depend on the time of day for at most {ORDERS_MAX}; leave out the buckets \
             or plan fewer orders at once"
        );
        subject.error("buckets", Reason::TooLarge, message);
    }
    for (position, bucket) in buckets.iter().enumerate() {
        let field = format!("buckets[{position}].start_time");
        let is_sound = context.calendar.check(subject, &field, bucket.start);
        let before = position.checked_sub(1).map(|before| &buckets[before]);
        if is_sound && before.is_some_and(|before| bucket.start <= before.start) {
            let message = format!(
                "the bucket starts no later than buckets[{}]: give them by ascending start",
                position - 1
            );
            subject.error(field, Reason::Conflict, message);
        }
        check_pace(subject, profile, position, bucket);
    }
}

fn check_pace(
    subject: &mut Subject<'_>,
    profile: &TravelProfile,
    position: usize,
    bucket: &TravelBucket,
) {
    let field = format!("buckets[{position}]");
    match (&bucket.pace, &profile.source) {
        (TravelPace::Speed(factor), _) => {
            let field = format!("{field}.speed_factor");
            subject.real(field, ratio(*factor), SPEED_FACTOR, "");
        }
        (TravelPace::Durations(_), TravelSource::Geo(_)) => {
            let message = "the profile measures ways by coordinates, so that no matrix says which ways these are: give a speed factor";
            subject.error(format!("{field}.durations"), Reason::Conflict, message);
        }
        (TravelPace::Durations(durations), TravelSource::Matrix(matrix)) => {
            let field = format!("{field}.durations.duration_seconds");
            check_durations(subject, &field, matrix, durations);
        }
    }
}

fn check_durations(
    subject: &mut Subject<'_>,
    field: &str,
    matrix: &Matrix,
    durations: &[Option<Seconds>],
) {
    if n_cells(matrix) != Some(durations.len()) {
        let places = matrix.place_ids.len();
        let message = format!(
            "{} values for {places} places: there must be {places} times {places}, row by row",
            durations.len()
        );
        subject.error(field, Reason::MatrixShape, message);
        return;
    }
    check_cells(subject, field, matrix, bad_durations(durations), &DURATION);
    if n_cells(matrix) != Some(matrix.durations.len()) {
        // Which ways the matrix has is open.
        return;
    }
    let pairs = || durations.iter().zip(&matrix.durations);
    let differs =
        |(own, base): &(&Option<Seconds>, &Option<Seconds>)| own.is_some() != base.is_some();
    if let Some(cell) = pairs().position(|pair| differs(&pair)) {
        let size = matrix.place_ids.len().max(1);
        let message = format!(
            "a way from `{}` to `{}` is in one of bucket and matrix only: ways must be the same at all times (of {} that differ, the first)",
            name(matrix, cell / size),
            name(matrix, cell % size),
            pairs().filter(differs).count()
        );
        subject.error(format!("{field}[{cell}]"), Reason::Conflict, message);
    }
}

fn ratio(factor: BasisPoints) -> f64 {
    f64::from(factor.0) / f64::from(BasisPoints::ONE.0)
}

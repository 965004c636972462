//! Ways that take longer at some times of day than at others.
//!
//! While a bucket of time lasts, a vehicle covers a fixed share of its way each second; it arrives when the shares add
//! up to the whole way. Whoever leaves later is therefore never overtaken (Ichoua, Gendreau and Potvin, 2003). All of it
//! is exact: a way is a whole amount of work, a bucket a whole rate of work a second, and only the arrival is rounded,
//! up to the next second.
//!
//! | buckets | work | rate |
//! |---|---|---|
//! | none | seconds of the way | 1 |
//! | speed factors alone | seconds of the way at the profile's own speed, times 10^8 | factor of the bucket times factor of the courier, both in hundredths of a percent |
//! | some with durations of their own | 10^14 | 10^14 divided by the seconds that the whole way takes in the bucket, rounded up |
//!
//! In the last case a way that lies within one bucket takes exactly the bucket's seconds, for they are at most 10^7. A
//! duration of zero counts as one second, unless it is zero in every bucket.

use super::Leg;
use crate::model::{Matrix, TravelBucket, TravelPace};
use crate::units::{BasisPoints, Meters, Seconds, Timestamp};

/// One in the unit of a bucket's factor times a courier's.
const FACTOR_ONE: i64 = 100_000_000;
/// The work of a way whose buckets have durations of their own.
const WHOLE: i64 = 100_000_000_000_000;

/// When a profile's pace changes, and to what.
pub(super) struct Clock<'a> {
    /// Starts of the buckets but the first one, which has none.
    starts: Vec<Timestamp>,
    paces: Paces<'a>,
}

enum Paces<'a> {
    /// Factors by bucket.
    Speeds(Vec<i64>),
    /// By bucket, durations and a factor on the speed that they stand for.
    Tables(Vec<(&'a [Option<Seconds>], i64)>),
}

impl<'a> Clock<'a> {
    /// The clock of a profile, whose matrix is `matrix` if it has one; `None` if its times never change.
    ///
    /// Durations without a matrix, which validation refuses, are ignored.
    pub(super) fn new(buckets: &'a [TravelBucket], matrix: Option<&'a Matrix>) -> Option<Self> {
        if buckets.is_empty() {
            return None;
        }
        let own = matrix.map_or(&[][..], |matrix| &matrix.durations);
        let unit = i64::from(BasisPoints::ONE.0);
        let has_tables = buckets
            .iter()
            .any(|bucket| matches!(bucket.pace, TravelPace::Durations(_)));
        let entry = |bucket: &'a TravelBucket| match &bucket.pace {
            TravelPace::Speed(factor) => (own, i64::from(factor.0)),
            TravelPace::Durations(durations) => (durations.as_slice(), unit),
        };
        let entries = || std::iter::once((own, unit)).chain(buckets.iter().map(entry));
        Some(Self {
            starts: buckets.iter().map(|bucket| bucket.start).collect(),
            paces: if has_tables && matrix.is_some() {
                Paces::Tables(entries().collect())
            } else {
                Paces::Speeds(entries().map(|(_, factor)| factor).collect())
            },
        })
    }

    /// Factors by bucket, the first one being before all of them; `None` if there are tables.
    pub(super) fn speeds(&self) -> Option<&[i64]> {
        match &self.paces {
            Paces::Speeds(speeds) => Some(speeds),
            Paces::Tables(_) => None,
        }
    }

    /// Starts of the buckets but the first one.
    pub(super) fn starts(&self) -> &[Timestamp] {
        &self.starts
    }

    /// The way at `cell` of the matrices that takes `own` seconds at the profile's own speed, for a courier.
    pub(super) fn way(&'a self, own: Leg, cell: usize, speed_factor: BasisPoints) -> Way<'a> {
        let factor = i64::from(speed_factor.0);
        let (work, course) = match &self.paces {
            Paces::Speeds(speeds) => (
                own.duration.0 * FACTOR_ONE,
                Course::Speeds {
                    starts: &self.starts,
                    speeds,
                    factor,
                },
            ),
            Paces::Tables(tables) => {
                let is_instant = |(durations, _): &(&[Option<Seconds>], i64)| {
                    durations[cell].is_none_or(|duration| duration == Seconds::ZERO)
                };
                let work = if tables.iter().all(is_instant) {
                    0
                } else {
                    WHOLE
                };
                let course = Course::Tables {
                    starts: &self.starts,
                    tables,
                    cell,
                    factor,
                };
                (work, course)
            }
        };
        Way {
            distance: own.distance,
            work,
            course,
        }
    }
}

/// One way from one place to another, for one courier.
#[derive(Clone, Copy)]
pub struct Way<'a> {
    /// Distance, the same at all times.
    pub distance: Meters,
    work: i64,
    course: Course<'a>,
}

/// How the rate of work changes.
#[derive(Clone, Copy)]
enum Course<'a> {
    /// A unit of work each second, at all times.
    Steady,
    Speeds {
        starts: &'a [Timestamp],
        speeds: &'a [i64],
        factor: i64,
    },
    Tables {
        starts: &'a [Timestamp],
        tables: &'a [(&'a [Option<Seconds>], i64)],
        cell: usize,
        factor: i64,
    },
}

/// A stretch of time in which a way is covered at one rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// First moment; `None` if it has always been so.
    pub start: Option<Timestamp>,
    /// Work done each second, at least 1.
    pub rate: i64,
}

impl Way<'_> {
    /// Staying where one is.
    pub const NONE: Self = Self::steady(Leg::NONE);

    /// A way that takes the same time whenever it begins.
    #[must_use]
    pub const fn steady(leg: Leg) -> Self {
        Self {
            distance: leg.distance,
            work: leg.duration.0,
            course: Course::Steady,
        }
    }

    /// Whether it takes the same time whenever it begins.
    #[must_use]
    pub fn is_steady(&self) -> bool {
        matches!(self.course, Course::Steady)
    }

    /// Work of the whole way, in the unit of the stretches' rates.
    #[must_use]
    pub fn work(&self) -> i64 {
        self.work
    }

    /// The stretches that time falls into for this way, in sequence; the last one never ends.
    pub fn stretches(&self) -> impl Iterator<Item = Stretch> {
        (0..=self.starts().len()).map(|bucket| Stretch {
            start: bucket.checked_sub(1).map(|before| self.starts()[before]),
            rate: self.rate(bucket),
        })
    }

    /// How long the way takes that lies within one stretch, for each of them in sequence.
    pub fn durations(&self) -> impl Iterator<Item = Seconds> {
        self.stretches()
            .map(|stretch| Seconds(ceil_div(self.work, stretch.rate)))
    }

    /// The shortest time that the way can take.
    #[must_use]
    pub fn shortest(&self) -> Seconds {
        self.durations().min().unwrap_or(Seconds::ZERO)
    }

    /// When who leaves at `departure` arrives.
    ///
    /// Never decreases with the departure. Shape: O(buckets touched), after a binary search for the first of them.
    #[must_use]
    pub fn arrival(&self, departure: Timestamp) -> Timestamp {
        let starts = self.starts();
        let mut bucket = starts.partition_point(|start| *start <= departure);
        let (mut now, mut left) = (departure.0, self.work);
        loop {
            let rate = self.rate(bucket);
            let arrival = now.saturating_add(ceil_div(left, rate));
            match starts.get(bucket) {
                Some(next) if arrival > next.0 => {
                    left -= rate * (next.0 - now);
                    now = next.0;
                    bucket += 1;
                }
                _ => return Timestamp(arrival),
            }
        }
    }

    /// When one has to leave at the latest to arrive by `arrival`.
    ///
    /// The exact inverse of [`Way::arrival`]: leaving at a moment arrives by `arrival` if and only if the moment is not
    /// after this one. Shape: as there.
    #[must_use]
    pub fn latest_departure(&self, arrival: Timestamp) -> Timestamp {
        let starts = self.starts();
        // Work is done until the arrival and not at it.
        let mut bucket = starts.partition_point(|start| *start < arrival);
        let (mut now, mut left) = (arrival.0, self.work);
        loop {
            let rate = self.rate(bucket);
            let departure = now.saturating_sub(ceil_div(left, rate));
            match bucket.checked_sub(1).map(|before| starts[before].0) {
                Some(start) if departure < start => {
                    left -= rate * (now - start);
                    now = start;
                    bucket -= 1;
                }
                _ => return Timestamp(departure),
            }
        }
    }

    /// By how much later than `departure` one may leave to arrive just as much later, as far as one bucket allows.
    #[must_use]
    pub fn free_move(&self, departure: Timestamp) -> Seconds {
        let starts = self.starts();
        let next = starts.get(starts.partition_point(|start| *start <= departure));
        let arrival = self.arrival(departure);
        next.map_or(Seconds(i64::MAX), |next| {
            (*next - arrival).max(Seconds::ZERO)
        })
    }

    /// How long the way takes who leaves at `departure`.
    #[must_use]
    pub fn duration(&self, departure: Timestamp) -> Seconds {
        Seconds(self.arrival(departure).0.saturating_sub(departure.0))
    }

    fn starts(&self) -> &[Timestamp] {
        match self.course {
            Course::Steady => &[],
            Course::Speeds { starts, .. } | Course::Tables { starts, .. } => starts,
        }
    }

    fn rate(&self, bucket: usize) -> i64 {
        match self.course {
            Course::Steady => 1,
            Course::Speeds { speeds, factor, .. } => speeds[bucket] * factor,
            Course::Tables {
                tables,
                cell,
                factor,
                ..
            } => {
                let (durations, speed) = tables[bucket];
                // Validation lets no bucket lack a way that another one has.
                let own = durations[cell].map_or(0, |duration| duration.0);
                let seconds = ceil_div(own * FACTOR_ONE, speed * factor).max(1);
                ceil_div(WHOLE, seconds)
            }
        }
    }
}

fn ceil_div(amount: i64, rate: i64) -> i64 {
    (amount + rate - 1) / rate
}

//! Travel that depends on the time of day: arrivals and their inverse in whole seconds, exactly.
//!
//! While a bucket of time lasts, an arc is covered at the bucket's rate; it is covered once the work done since the
//! departure is all of the arc's. So nobody arrives earlier by leaving later (Ichoua, Gendreau and Potvin, 2003), and the
//! earliest departures and latest arrivals of a route stay as exact as without times of day.

/// Work of a whole arc where every bucket has a table of its own.
pub(super) const WHOLE: i64 = 100_000_000_000_000;

/// How the arcs of a profile are covered in the course of time.
///
/// Invariant: starts ascend; there is one more bucket than there are starts, the first one being before all of them.
#[derive(Clone, Debug)]
pub struct Clockwork {
    pub(super) starts: Vec<i32>,
    pub(super) pace: Pace,
}

/// What a bucket's pace is.
#[derive(Clone, Debug)]
pub(super) enum Pace {
    /// All arcs slow down alike: an arc's work is `unit` times its value in the only table.
    Rates {
        unit: i64,
        rates: Vec<i64>,
        /// Work done from the first start to each start.
        done: Vec<i64>,
        /// Seconds for a value of one at each rate, in units of 2^-24, rounded.
        pace: Vec<i64>,
    },
    /// A table of durations for each bucket; an arc takes no time in all of them or in none.
    Tables,
}

impl Clockwork {
    /// Arcs with values in one table: the work of an arc is `unit` times its value, and a bucket does `rates` (at least 1)
    /// of it each second.
    ///
    /// # Panics
    /// If there is not one more rate than there are starts: the caller makes both from the same buckets.
    #[must_use]
    pub fn of_rates(starts: Vec<i32>, unit: i64, rates: Vec<i64>) -> Self {
        assert_eq!(starts.len() + 1, rates.len(), "a bucket has a rate");
        let lengths = starts.windows(2).map(|pair| i64::from(pair[1] - pair[0]));
        let mut sum = 0;
        let mut done = vec![0];
        for (length, rate) in lengths.zip(&rates[1..]) {
            sum += length * rate;
            done.push(sum);
        }
        let pace = rates.iter().map(|rate| (unit << 24) / rate).collect();
        Self {
            starts,
            pace: Pace::Rates {
                unit,
                rates,
                done,
                pace,
            },
        }
    }

    /// Arcs with a duration of their own in each bucket.
    #[must_use]
    pub fn of_tables(starts: Vec<i32>) -> Self {
        Self {
            starts,
            pace: Pace::Tables,
        }
    }

    /// Tables that the arcs of the profile have.
    pub(super) fn n_tables(&self) -> usize {
        match self.pace {
            Pace::Rates { .. } => 1,
            Pace::Tables => self.starts.len() + 1,
        }
    }

    /// When an arc is covered that is left at `departure`; `value` is what its table says for a bucket.
    #[inline]
    pub(super) fn arrival(&self, value: impl Fn(usize) -> i32, departure: i32) -> i32 {
        let bucket = self.starts.partition_point(|&start| start <= departure);
        match &self.pace {
            Pace::Rates {
                unit,
                rates,
                done,
                pace,
            } => {
                let value = i64::from(value(0));
                let work = unit * value;
                let seconds = seconds_about(work, rates[bucket], value * pace[bucket]);
                let arrival = departure + seconds;
                if self.starts.get(bucket).is_none_or(|&next| arrival <= next) {
                    return arrival;
                }
                let goal = self.done_by(rates, done, bucket, departure) + work;
                let bucket = done.partition_point(|&done| done < goal);
                let rate = rates[bucket];
                let origin = bucket.saturating_sub(1);
                let rest = goal - done[origin];
                self.starts[origin] + (-(-rest).div_euclid(rate)) as i32
            }
            Pace::Tables => self.arrival_by_tables(value, bucket, departure),
        }
    }

    /// When an arc has to be left at the latest for it to be covered at `arrival`.
    #[inline]
    pub(super) fn departure(&self, value: impl Fn(usize) -> i32, arrival: i32) -> i32 {
        match &self.pace {
            Pace::Rates {
                unit,
                rates,
                done,
                pace,
            } => {
                let bucket = self.starts.partition_point(|&start| start < arrival);
                let value = i64::from(value(0));
                let work = unit * value;
                let seconds = seconds_about(work, rates[bucket], value * pace[bucket]);
                let departure = arrival - seconds;
                if bucket == 0 || departure >= self.starts[bucket - 1] {
                    return departure;
                }
                let goal = self.done_by(rates, done, bucket, arrival) - work;
                let bucket = done.partition_point(|&done| done <= goal);
                let origin = bucket.saturating_sub(1);
                let rest = goal - done[origin];
                self.starts[origin] + rest.div_euclid(rates[bucket]) as i32
            }
            Pace::Tables => self.departure_by_tables(value, arrival),
        }
    }

    /// Work done from the first start to `moment`, which lies in `bucket`; negative before the first start.
    #[inline]
    fn done_by(&self, rates: &[i64], done: &[i64], bucket: usize, moment: i32) -> i64 {
        let origin = bucket.saturating_sub(1);
        done[origin] + rates[bucket] * (i64::from(moment) - i64::from(self.starts[origin]))
    }

    fn arrival_by_tables(
        &self,
        value: impl Fn(usize) -> i32,
        mut bucket: usize,
        departure: i32,
    ) -> i32 {
        let mut arrival = departure + value(bucket);
        let (mut now, mut left) = (departure, WHOLE);
        while let Some(&next) = self.starts.get(bucket).filter(|&&next| arrival > next) {
            left -= rate(value(bucket)) * i64::from(next - now);
            now = next;
            bucket += 1;
            arrival = now + seconds(left, rate(value(bucket)));
        }
        arrival
    }

    fn departure_by_tables(&self, value: impl Fn(usize) -> i32, arrival: i32) -> i32 {
        let mut bucket = self.starts.partition_point(|&start| start < arrival);
        let mut departure = arrival - value(bucket);
        let (mut now, mut left) = (arrival, WHOLE);
        while bucket > 0 && departure < self.starts[bucket - 1] {
            left -= rate(value(bucket)) * i64::from(now - self.starts[bucket - 1]);
            now = self.starts[bucket - 1];
            bucket -= 1;
            departure = now - seconds(left, rate(value(bucket)));
        }
        departure
    }
}

/// Work a second of an arc that takes `duration` seconds.
fn rate(duration: i32) -> i64 {
    let duration = i64::from(duration.max(1));
    (WHOLE + duration - 1) / duration
}

/// Seconds for `work` at `rate`, which are about `guess` units of 2^-24; a division would take longer than the rest.
#[inline]
fn seconds_about(work: i64, rate: i64, guess: i64) -> i32 {
    let mut seconds = guess >> 24;
    while seconds * rate < work {
        seconds += 1;
    }
    seconds as i32
}

/// Seconds for `work` at `rate`.
fn seconds(work: i64, rate: i64) -> i32 {
    ((work + rate - 1) / rate) as i32
}

/// A client's arcs, `[out, in]` for each node.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    /// Shortest durations at any time.
    pub(super) durations: &'a [i32],
    /// How they change, the tables of all clients, and where this client's row begins in each.
    pub(super) timed: Option<(&'a Clockwork, &'a [Vec<i32>], usize)>,
}

impl Row<'_> {
    /// When the arc in `column` is covered that is left at `departure`.
    #[inline]
    pub(super) fn arrival(&self, column: usize, departure: i32) -> i32 {
        let shortest = self.durations[column];
        match self.timed {
            Some((clock, tables, first)) if shortest < super::problem::FAR => {
                clock.arrival(|bucket| tables[bucket][first + column], departure)
            }
            _ => departure + shortest,
        }
    }

    /// When the arc in `column` has to be left at the latest for it to be covered at `arrival`.
    #[inline]
    pub(super) fn departure(&self, column: usize, arrival: i32) -> i32 {
        let shortest = self.durations[column];
        match self.timed {
            Some((clock, tables, first)) if shortest < super::problem::FAR => {
                clock.departure(|bucket| tables[bucket][first + column], arrival)
            }
            _ => arrival - shortest,
        }
    }
}

impl Row<'_> {
    /// The work of the arc in `column`, and each bucket's start and rate, the first one since ever; `None` where the arc
    /// takes the same time at all times.
    pub(super) fn work_and_rates(&self, column: usize) -> Option<(i64, Vec<(i32, i64)>)> {
        let (clock, tables, first) = self.timed?;
        let starts = std::iter::once(i32::MIN).chain(clock.starts.iter().copied());
        let values = || tables.iter().map(|table| table[first + column]);
        Some(match &clock.pace {
            Pace::Rates { unit, rates, .. } => {
                let work = values().map(|value| unit * i64::from(value)).sum();
                (work, starts.zip(rates.iter().copied()).collect())
            }
            Pace::Tables => {
                let work = if values().all(|value| value == 0) {
                    0
                } else {
                    WHOLE
                };
                (work, starts.zip(values().map(rate)).collect())
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn clock(starts: &[i32], rates: &[i64], is_table: bool) -> Clockwork {
        if is_table {
            Clockwork::of_tables(starts.to_vec())
        } else {
            Clockwork::of_rates(starts.to_vec(), 1_000, rates.to_vec())
        }
    }

    /// Counts the work second by second.
    fn slow_arrival(clock: &Clockwork, values: &[i32], departure: i32) -> i32 {
        let (mut left, rates) = match &clock.pace {
            Pace::Rates { unit, rates, .. } => (unit * i64::from(values[0]), rates.clone()),
            Pace::Tables => (WHOLE, values.iter().map(|&value| rate(value)).collect()),
        };
        let mut now = departure;
        while left > 0 {
            left -= rates[clock.starts.iter().filter(|&&start| start <= now).count()];
            now += 1;
        }
        now
    }

    proptest! {
        #[test]
        fn arrivals_are_counted_right_and_departures_are_their_inverse(
            lengths in prop::collection::vec(1..400_i32, 1..5),
            rates in prop::collection::vec(300..4_000_i64, 6),
            values in prop::collection::vec(1..600_i32, 6),
            moment in -900..2_500_i32,
            is_table: bool,
        ) {
            let starts: Vec<i32> = (lengths.iter())
                .scan(0, |start, length| { *start += length; Some(*start) })
                .collect();
            let clock = clock(&starts, &rates[..=starts.len()], is_table);
            let value = |bucket: usize| values[bucket];
            let mut before = i32::MIN;
            for departure in moment..moment + 20 {
                let arrival = clock.arrival(value, departure);
                prop_assert_eq!(arrival, slow_arrival(&clock, &values, departure));
                prop_assert!(arrival >= before);
                before = arrival;
            }
            let latest = clock.departure(value, moment);
            prop_assert!(clock.arrival(value, latest) <= moment);
            prop_assert!(clock.arrival(value, latest + 1) > moment);
        }

        #[test]
        fn an_arc_that_takes_no_time_takes_none_at_any_time(moment in -100..500_i32, is_table: bool) {
            let clock = clock(&[0, 200], &[1, 2, 3], is_table);
            prop_assert_eq!(clock.arrival(|_| 0, moment), moment);
            prop_assert_eq!(clock.departure(|_| 0, moment), moment);
        }
    }
}

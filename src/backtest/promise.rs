//! Promises of one recorded day with what was forecast of each.

use std::fmt;

use rayon::prelude::*;

use crate::analysis::calibration::{Case, Outcome, Rank, crps};
use crate::forecast::RecordedPromise;
use crate::model::{CourierId, RecordedOrder, RecordedPurpose, RecordedRoute, ZoneId};
use crate::units::{Seconds, Timestamp};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// A promise, its forecast and what came of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Promise<'a> {
    pub(super) case: Case,
    pub(super) zone: &'a ZoneId,
    pub(super) slot: Slot,
    pub(super) courier: &'a CourierId,
}

/// A promised window, as the time of day in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Slot {
    /// From one second of the day to another, of the next day if it is less.
    Times(i64, i64),
    /// A day or longer.
    Long,
}

impl Slot {
    fn of(order: &RecordedOrder) -> Self {
        let (start, end) = (order.promised_start.0, order.promised_end.0);
        if end.saturating_sub(start) < DAY {
            Self::Times(start.rem_euclid(DAY), end.rem_euclid(DAY))
        } else {
            Self::Long
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Times(start, end) => {
                let [from, to] = [start, end].map(|second| (second / 3_600, second % 3_600 / 60));
                write!(f, "{:02}:{:02}-{:02}:{:02}", from.0, from.1, to.0, to.1)
            }
            Self::Long => f.write_str("a day or longer"),
        }
    }
}

/// The promises of `routes`, all of one day, that were forecast.
pub(super) fn read<'a>(
    routes: &[&'a RecordedRoute],
    forecast: &[RecordedPromise],
    grace: Seconds,
) -> Vec<Promise<'a>> {
    let read = |promise: &RecordedPromise| {
        let route = *routes.get(promise.route)?;
        let stop = route.stops.get(promise.stop)?;
        let RecordedPurpose::Order(order) = &stop.purpose else {
            return None;
        };
        let arrivals: Vec<f64> = promise.arrivals.iter().copied().map(f64::from).collect();
        let arrival = (stop.arrival - route.planned_departure).0 as f64;
        let deadline = order.promised_end.0.saturating_add(grace.0.max(0));
        Some(Promise {
            case: Case {
                outcome: Outcome {
                    day: route.day.0,
                    predicted: promise.on_time,
                    happened: stop.service_start <= Timestamp(deadline),
                },
                rank: Rank::of(route.day.0, &arrivals, arrival),
                crps: crps(&arrivals, arrival)?,
            },
            zone: &order.zone,
            slot: Slot::of(order),
            courier: &route.courier,
        })
    };
    forecast.par_iter().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::OrderId;

    fn slot(start: i64, end: i64) -> String {
        let order = RecordedOrder {
            id: OrderId::parse("a").unwrap(),
            zone: ZoneId::parse("north").unwrap(),
            promised_start: Timestamp(start),
            promised_end: Timestamp(end),
        };
        Slot::of(&order).to_string()
    }

    #[test]
    fn windows_are_named_by_their_time_of_day() {
        let midnight = 20_000 * DAY;
        assert_eq!(slot(midnight + 8 * 3_600, midnight + 37_800), "08:00-10:30");
        assert_eq!(slot(midnight - 3_600, midnight + 3_600), "23:00-01:00");
        assert_eq!(slot(0, Timestamp::LAST.0), "a day or longer");
    }
}

//! Days whose windows are to be promised, and the customers who ask for them.

use super::calendar::Calendar;
use super::{DaySpec, generate};
use crate::model::{
    DayId, DropPolicy, NoiseModel, OnTimeTarget, Order, PlaceIdx, Problem, TimeWindow, WindowId,
};
use crate::promise::{Booking, DayTerms, OfferedWindow, ServiceArea};
use crate::units::Seconds;

/// Hours at which the windows start; each lasts two hours.
const STARTS: [u32; 6] = [10, 12, 14, 16, 18, 20];
const WINDOW_HOURS: u32 = 2;
/// How long before its start a window can be promised.
const CUT_OFF: Seconds = Seconds(2 * 3_600);
/// What the promises of the day are to reach together.
const TARGET: OnTimeTarget = OnTimeTarget {
    expected: 0.981,
    floor: Some(0.9),
};
/// How far beyond the last customers deliveries are made.
const MARGIN_KM: f64 = 0.5;

/// The terms of the day that [`generate`] makes: its couriers, without its orders. The same `spec` gives the same terms.
#[must_use]
pub fn day_terms(spec: &DaySpec) -> DayTerms {
    let mut base = generate(spec);
    base.orders.clear();
    base.places.truncate(1);
    let calendar = Calendar::new(spec.date, &spec.time_zone);
    let windows = STARTS.map(|start| {
        let end = start + WINDOW_HOURS;
        let window = TimeWindow {
            start: calendar.at(i64::from(start) * 60),
            end: calendar.at(i64::from(end) * 60),
        };
        OfferedWindow {
            id: WindowId::parse(&format!("{start}-{end}")).expect("digits and a hyphen"),
            window,
            cut_off: Some(window.start - CUT_OFF),
        }
    });
    DayTerms {
        id: DayId::parse(&spec.date.to_string()).expect("a date has digits and hyphens"),
        base,
        windows: windows.to_vec(),
        area: Some(ServiceArea::Circle {
            center: spec.center,
            radius: (spec.radius_km + MARGIN_KM) * 1_000.0,
        }),
        target: Some(TARGET),
        hold_duration: Seconds(600),
        noise: NoiseModel::default(),
        drift: None,
        is_calibrated: false,
        grace: Seconds::ZERO,
        scenarios: 512,
        seed: spec.seed,
    }
}

/// The customers of the day that [`generate`] makes: what they want, but not yet when, in the sequence in which they ask.
#[must_use]
pub fn bookings(spec: &DaySpec) -> Vec<Booking> {
    let day = generate(spec);
    day.orders
        .iter()
        .map(|order| booking(&day, order))
        .collect()
}

fn booking(day: &Problem, order: &Order) -> Booking {
    Booking {
        order: Order {
            place: PlaceIdx(0),
            promise: None,
            preference: None,
            drop_policy: DropPolicy::MustServe,
            ..order.clone()
        },
        place: day.place(order.place).clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promise::base_findings;

    #[test]
    fn made_days_can_be_promised_to_their_customers() {
        for spec in [DaySpec::default(), DaySpec::small()] {
            let terms = day_terms(&spec);
            assert_eq!(terms.findings(), []);
            assert_eq!(base_findings(&terms.base), []);
            for booking in bookings(&spec) {
                assert_eq!(booking.findings(&terms), [], "{}", booking.order.id);
            }
        }
    }
}

//! The same day on another date.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};
use prost_types::Timestamp;

use crate::grpc::pb;

/// Moves shifts, windows and orders by whole days, so that the first window opens on `date`; clocks show the same times then.
/// Where id or name have the date from before, they have the new one.
///
/// # Errors
/// If there is no window, or a moment that calendars cannot tell.
pub(in crate::cli) fn to_date(terms: &mut pb::DayTerms, date: Date) -> Result<(), String> {
    let zone = match &terms.problem {
        Some(problem) if !problem.time_zone.is_empty() => TimeZone::get(&problem.time_zone)
            .map_err(|error| format!("the time zone {}: {error}", problem.time_zone))?,
        _ => TimeZone::UTC,
    };
    let starts = terms
        .windows
        .iter()
        .filter_map(|offered| offered.window?.start_time);
    let first = starts.min_by_key(|start| start.seconds);
    let first = first.ok_or("no window says when the day is")?;
    let before = local(&first, &zone)?.date();
    let days = (date - before).get_days().days();
    if let Some(problem) = &mut terms.problem {
        for courier in &mut problem.couriers {
            move_window(courier.shift.as_mut(), days, &zone)?;
        }
        for order in &mut problem.orders {
            move_moment(order.ready_time.as_mut(), days, &zone)?;
            for window in &mut order.windows {
                move_window(Some(window), days, &zone)?;
            }
        }
        problem.name = problem.name.replace(&before.to_string(), &date.to_string());
    }
    for offered in &mut terms.windows {
        move_window(offered.window.as_mut(), days, &zone)?;
        move_moment(offered.cut_off_time.as_mut(), days, &zone)?;
    }
    terms.day_id = terms.day_id.replace(&before.to_string(), &date.to_string());
    Ok(())
}

fn move_window(
    window: Option<&mut pb::TimeWindow>,
    days: Span,
    zone: &TimeZone,
) -> Result<(), String> {
    let Some(window) = window else {
        return Ok(());
    };
    move_moment(window.start_time.as_mut(), days, zone)?;
    move_moment(window.end_time.as_mut(), days, zone)
}

fn move_moment(moment: Option<&mut Timestamp>, days: Span, zone: &TimeZone) -> Result<(), String> {
    let Some(moment) = moment else {
        return Ok(());
    };
    let moved = local(moment, zone)?.checked_add(days);
    let moved = moved.map_err(|error| error.to_string())?;
    moment.seconds = moved.timestamp().as_second();
    Ok(())
}

fn local(moment: &Timestamp, zone: &TimeZone) -> Result<jiff::Zoned, String> {
    let instant = jiff::Timestamp::from_second(moment.seconds);
    let instant = instant.map_err(|error| error.to_string())?;
    Ok(instant.to_zoned(zone.clone()))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::generate::{DaySpec, day_terms};
    use crate::grpc::convert;

    fn terms(spec: &DaySpec) -> pb::DayTerms {
        convert::terms_message(&day_terms(spec))
    }

    #[test]
    fn a_moved_day_is_the_day_made_for_that_date() {
        let spec = DaySpec {
            time_zone: "Europe/Berlin".to_owned(),
            date: date(2027, 3, 25),
            ..DaySpec::small()
        };
        // Clocks go forward in between.
        let later = DaySpec {
            date: date(2027, 4, 2),
            ..spec.clone()
        };
        let mut moved = terms(&spec);
        to_date(&mut moved, later.date).unwrap();
        let made = terms(&later);
        assert_eq!(moved, made);
        to_date(&mut moved, spec.date).unwrap();
        assert_eq!(moved, terms(&spec));
    }

    #[test]
    fn a_day_without_windows_is_on_no_date() {
        assert!(to_date(&mut pb::DayTerms::default(), date(2027, 1, 1)).is_err());
    }
}

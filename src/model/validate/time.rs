//! Moments and windows: in a sane range, near each other, and the right way round.

use super::{Findings, Subject};
use crate::model::{Problem, Reason, TimeWindow};
use crate::units::Timestamp;

/// A day in seconds.
pub(super) const DAY: i64 = 86_400;

/// Farthest that a time of the problem lies from the middle shift start, in seconds.
///
/// With it, differences between any two times fit 32 bits with room for a thousand travel times; and forecasts, which
/// reckon in single precision, hold them to an eighth of a second.
const SPREAD_MAX: i64 = 7 * DAY;

/// Longest duty that can be stated, in seconds; longer ones would not limit anything.
pub(super) const DUTY_MAX: i64 = 366 * DAY;

/// Knows around when the problem takes place.
#[derive(Clone, Copy, Debug)]
pub struct Calendar {
    /// The middle one of the shift starts, which a few wrong ones do not move far.
    middle: Option<Timestamp>,
}

impl Calendar {
    /// The calendar of `problem`, which need not be valid.
    #[must_use]
    pub fn new(problem: &Problem) -> Self {
        let starts = problem.couriers.iter().map(|courier| courier.shift.start);
        let mut starts: Vec<_> = starts.filter(|start| is_date(*start)).collect();
        starts.sort_unstable();
        Self {
            middle: starts.get(starts.len() / 2).copied(),
        }
    }

    /// What is wrong with `moment` as a time of the problem, or of a plan for it; `None` if nothing is.
    #[must_use]
    pub fn objection(&self, moment: Timestamp) -> Option<String> {
        if !is_date(moment) {
            return Some("the time is not between the years 1970 and 9999".to_owned());
        }
        let middle = self.middle?;
        let distance = (moment - middle).0.abs();
        (distance > SPREAD_MAX).then(|| {
            format!(
                "{} is {} days away from the couriers' shifts (around {}): it must be within 7 days",
                clock(moment),
                distance / DAY,
                clock(middle)
            )
        })
    }

    /// Whether `moment` is one the problem may have; reported otherwise.
    pub(super) fn check(&self, subject: &mut Subject<'_>, field: &str, moment: Timestamp) -> bool {
        let objection = self.objection(moment);
        let is_sound = objection.is_none();
        if let Some(message) = objection {
            subject.error(field, Reason::OutOfRange, message);
        }
        is_sound
    }

    /// Whether `window` is sound; reported otherwise.
    pub(super) fn check_window(
        &self,
        subject: &mut Subject<'_>,
        field: &str,
        window: TimeWindow,
    ) -> bool {
        let is_start_sound = self.check(subject, &format!("{field}.start_time"), window.start);
        let is_end_sound = self.check(subject, &format!("{field}.end_time"), window.end);
        if window.end < window.start {
            let message = format!(
                "the window ends at {}, before it starts at {}: it must end at or after its start",
                clock(window.end),
                clock(window.start)
            );
            subject.error(format!("{field}.end_time"), Reason::BadWindow, message);
            return false;
        }
        is_start_sound && is_end_sound
    }

    /// Whether `window` is sound, without a report.
    pub(super) fn is_sound(&self, window: TimeWindow) -> bool {
        let mut findings = Findings::default();
        let mut subject = Subject::new(&mut findings, String::new(), "");
        self.check_window(&mut subject, "", window)
    }

    /// Whether every window of the list at `field` is sound and none overlaps another; reported otherwise.
    ///
    /// Windows may touch: one may end at the moment at which the next starts.
    pub(super) fn check_windows(
        &self,
        subject: &mut Subject<'_>,
        field: &str,
        windows: &[TimeWindow],
    ) -> bool {
        let mut sorted: Vec<(TimeWindow, usize)> = Vec::with_capacity(windows.len());
        for (position, &window) in windows.iter().enumerate() {
            if self.check_window(subject, &format!("{field}[{position}]"), window) {
                sorted.push((window, position));
            }
        }
        let mut is_sound = sorted.len() == windows.len();
        sorted.sort_unstable();
        for pair in sorted.windows(2) {
            let [(first, earlier), (second, later)] = [pair[0], pair[1]];
            if second.start < first.end || first == second {
                let message = format!(
                    "the window overlaps {field}[{earlier}], which ends at {}: it must start then or later",
                    clock(first.end)
                );
                subject.error(format!("{field}[{later}]"), Reason::BadWindow, message);
                is_sound = false;
            }
        }
        is_sound
    }
}

/// Whether `moment` can be said as a date by every program.
fn is_date(moment: Timestamp) -> bool {
    (Timestamp(0)..=Timestamp::LAST).contains(&moment)
}

/// `moment` as people write it, in UTC.
fn clock(moment: Timestamp) -> String {
    match jiff::Timestamp::from_second(moment.0) {
        Ok(moment) => moment.to_string(),
        Err(_) => format!("{} s after 1970", moment.0),
    }
}

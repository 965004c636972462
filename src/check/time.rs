//! Times: every moment follows from the one before, lies in its window, and the slack is what it is said to be.

use super::route::{Drive, Visit};
use super::{Report, clock};
use crate::model::{ConstraintKind, OrderKind, TimeWindow};
use crate::units::{Seconds, Timestamp};

impl Drive<'_> {
    /// Follows the clock from the stated start to the stated end.
    pub(super) fn check_times(&self, report: &mut Report<'_>) {
        self.check_start(report);
        let mut left = self.route.departure;
        for (position, visit) in self.visits.iter().enumerate() {
            left = self.check_breaks_after(position, left, report);
            if let Some(halt) = self.halt_before(position) {
                left = self.check_halt(halt, left, report);
            }
            let (id, stop) = (Some(&visit.order.id), visit.stop);
            let service = self.courier.service_time(visit.order);
            let arrival = left + visit.leg().duration;
            let departure = stop.service_start + service;
            report.figure(id, "arrival", "s", stop.arrival.0, arrival.0);
            report.figure(id, "departure", "s", stop.departure.0, departure.0);
            if stop.service_start < stop.arrival {
                let early = (stop.arrival - stop.service_start).0;
                let message = format!("service starts {early} s before the arrival");
                report.stop(
                    &visit.order.id,
                    ConstraintKind::Inconsistent,
                    early,
                    &message,
                );
            }
            check_window(visit, report);
            left = stop.departure;
        }
        let left = self.check_breaks_after(self.visits.len(), left, report);
        let end = left + self.return_leg().duration;
        report.figure(None, "end", "s", self.route.end.0, end.0);
        let overrun = (self.route.end - self.courier.shift.end).0;
        if overrun > 0 {
            let message = format!("the route ends {overrun} s after the shift");
            report.route(ConstraintKind::ShiftEnd, overrun, &message);
        }
    }

    /// Shift, ready times and loading.
    fn check_start(&self, report: &mut Report<'_>) {
        let start = self.route.start;
        let early = (self.courier.shift.start - start).0;
        if early > 0 {
            let message = format!("loading starts {early} s before the shift");
            report.route(ConstraintKind::Inconsistent, early, &message);
        }
        let departure = start + self.loading;
        report.figure(
            None,
            "departure from the start",
            "s",
            self.route.departure.0,
            departure.0,
        );
        for trip in self.trips() {
            let start = trip.before.map_or(start, |halt| halt.reload.loading_start);
            for visit in trip.visits {
                let Some(ready) = visit.order.ready else {
                    continue;
                };
                if visit.order.kind == OrderKind::Delivery && start < ready {
                    let early = (ready - start).0;
                    let message = format!("loading starts {early} s before the goods are ready");
                    report.stop(&visit.order.id, ConstraintKind::NotReady, early, &message);
                }
            }
        }
    }

    /// Delays every stop as far as what follows allows, from the end backward.
    pub(super) fn check_slack(&self, report: &mut Report<'_>) {
        let duty_end = self
            .courier
            .limits
            .max_duty
            .map(|duty| self.route.start + duty);
        let end = duty_end.map_or(self.courier.shift.end, |end| {
            end.min(self.courier.shift.end)
        });
        let end = self.end_without_breaks().map_or(end, |due| end.min(due));
        let mut leave_by = Some(clock::latest_departure(&self.return_way(), end));
        let trips: Vec<_> = self.trips().collect();
        let mut n_stops = self.visits.len();
        for trip in trips.iter().rev() {
            for visit in trip.visits.iter().rev() {
                leave_by = leave_by.and_then(|moment| self.free_by(n_stops, moment));
                n_stops -= 1;
                let service = self.courier.service_time(visit.order);
                let latest = leave_by.and_then(|moment| last_service(visit, moment - service));
                let slack =
                    latest.map_or(Seconds::ZERO, |latest| latest - visit.stop.service_start);
                let slack = slack.max(Seconds::ZERO);
                report.figure(
                    Some(&visit.order.id),
                    "slack",
                    "s",
                    visit.stop.slack.0,
                    slack.0,
                );
                leave_by = latest.map(|latest| clock::latest_departure(&visit.way(), latest));
            }
            if let Some(halt) = trip.before {
                let begin_by = leave_by.map(|moment| moment - halt.depot.loading);
                let is_ready =
                    |moment: &Timestamp| trip.ready().is_none_or(|ready| ready <= *moment);
                leave_by = begin_by
                    .filter(is_ready)
                    .map(|moment| clock::latest_departure(&halt.way(), moment));
            }
        }
    }
}

/// The last moment up to `bound` in a window of the order.
fn last_service(visit: &Visit<'_>, bound: Timestamp) -> Option<Timestamp> {
    let windows = visit.order.service_windows().into_iter();
    let open = windows.filter(|window| window.start <= bound);
    open.map(|window| window.end.min(bound)).max()
}

fn check_window(visit: &Visit<'_>, report: &mut Report<'_>) {
    let (id, start) = (&visit.order.id, visit.stop.service_start);
    let windows = visit.order.service_windows();
    let last = windows
        .iter()
        .map(|window| window.end)
        .max()
        .unwrap_or(start);
    let late = (start - last).0.max(0);
    report.figure(Some(id), "lateness", "s", visit.stop.lateness.0, late);
    if late > 0 {
        let message = format!("service starts {late} s after the last window");
        report.stop(id, ConstraintKind::TimeWindow, late, &message);
    } else if let Some(early) = time_until_open(&windows, start) {
        let message = format!("service starts {early} s before a window opens");
        report.stop(id, ConstraintKind::TimeWindow, early.0, &message);
    }
}

/// How long after `moment` the next window opens; `None` if one is open.
fn time_until_open(windows: &[TimeWindow], moment: Timestamp) -> Option<Seconds> {
    if windows.iter().any(|window| window.contains(moment)) {
        return None;
    }
    let waits = windows.iter().map(|window| window.start - moment);
    waits.filter(|wait| *wait > Seconds::ZERO).min()
}

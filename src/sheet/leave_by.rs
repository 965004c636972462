//! Leave-by times that follow from the plan alone, for days without a forecast.

use crate::model::Route;
use crate::units::{Seconds, Timestamp};

/// The latest departures of one route that keep every later promise if all goes as planned from there on.
///
/// Leaving stop `i` later by `d` is made good first by what is waited for goods at a reload before the next stop, then by
/// what is waited at the next stop, and the rest must not be more than the slack of the next stop's service: the latest
/// departure is that of the plan plus these three. The slack of the plan looks beyond promises: it keeps the shift, the
/// longest duty and the breaks, too.
///
/// Where more than that is at stake it is less than the latest: with a break before the next stop, or with travel times
/// that depend on the time of day, it is the departure of the plan plus the slack of the stop that is left, which heeds
/// all of them but also that stop's own window.
///
/// A stop that is late already has no slack: the latest departure is then the planned one.
pub(super) struct LeaveBy<'a> {
    route: &'a Route,
    /// Whether a later departure may take longer.
    is_timed: bool,
}

impl<'a> LeaveBy<'a> {
    pub(super) fn new(route: &'a Route, is_timed: bool) -> Self {
        Self { route, is_timed }
    }

    /// From the start; `None` if the plan does not tell, which is so with a break before the first stop and with travel
    /// times that depend on the time of day.
    pub(super) fn start(&self) -> Option<Timestamp> {
        if self.is_timed || self.has_break(0) {
            return None;
        }
        let first = self.route.stops.first()?;
        let spare = first.waiting().0.saturating_add(first.slack.0);
        Some(later(self.route.departure, spare))
    }

    /// From the stop at `position`; `None` at the last one.
    pub(super) fn stop(&self, position: usize) -> Option<Timestamp> {
        let stop = self.route.stops.get(position)?;
        let next = self.route.stops.get(position + 1)?;
        let spare = if self.is_timed || self.has_break(position + 1) {
            stop.slack.0
        } else {
            let reloads = self.route.reloads.iter();
            let waited = reloads
                .filter(|reload| reload.n_before == position + 1)
                .map(|reload| reload.waiting().0);
            waited
                .chain([next.waiting().0, next.slack.0])
                .fold(0, i64::saturating_add)
        };
        Some(later(stop.departure, spare))
    }

    fn has_break(&self, n_before: usize) -> bool {
        let mut breaks = self.route.breaks.iter();
        breaks.any(|pause| pause.n_before == n_before)
    }
}

/// `spare` seconds later, but not earlier.
fn later(departure: Timestamp, spare: i64) -> Timestamp {
    // A plan may state any number of seconds; more than a year of slack is as good as none stated.
    departure + Seconds(spare.clamp(0, 366 * 86_400))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Break, Reload};
    use crate::sheet::sample::at;
    use crate::sheet::sample_day::{depot, plan};

    /// Leaves the first stop at 8:10, is at the second at 12:05, waits there for 20 minutes and has half an hour to spare.
    fn route() -> Route {
        let mut route = plan().routes.remove(0);
        route.stops[0].slack = Seconds(600);
        route.stops[1].service_start = at(12, 25);
        route.stops[1].slack = Seconds(1_800);
        route
    }

    #[test]
    fn a_late_departure_uses_up_waiting_and_slack_of_the_next_stop() {
        let route = route();
        let leave_by = LeaveBy::new(&route, false);
        assert_eq!(leave_by.stop(0), Some(at(9, 0)));
        assert_eq!(leave_by.stop(1), None, "nothing follows the last stop");
        assert_eq!(leave_by.start(), Some(at(7, 50)));
    }

    #[test]
    fn waiting_for_goods_at_a_reload_gives_time_too() {
        let mut route = route();
        route.reloads.push(Reload {
            depot: depot(),
            n_before: 1,
            arrival: at(10, 0),
            loading_start: at(10, 5),
            departure: at(10, 20),
            leg_distance: crate::units::Meters::ZERO,
            leg_duration: Seconds::ZERO,
            load_at_departure: std::collections::BTreeMap::new(),
        });
        assert_eq!(LeaveBy::new(&route, false).stop(0), Some(at(9, 5)));
    }

    #[test]
    fn before_a_break_and_in_changing_traffic_only_the_stops_own_slack_counts() {
        let mut route = route();
        assert_eq!(LeaveBy::new(&route, true).stop(0), Some(at(8, 20)));
        assert_eq!(LeaveBy::new(&route, true).start(), None);
        for n_before in [0, 1] {
            route.breaks.push(Break {
                number: 0,
                n_before,
                start: at(11, 0),
                end: at(11, 20),
            });
        }
        assert_eq!(LeaveBy::new(&route, false).stop(0), Some(at(8, 20)));
        assert_eq!(LeaveBy::new(&route, false).start(), None);
    }

    #[test]
    fn a_late_plan_gives_no_time_and_absurd_slack_does_no_harm() {
        let mut route = route();
        route.stops[1].service_start = route.stops[1].arrival;
        route.stops[1].slack = Seconds(-50);
        let planned = route.stops[0].departure;
        assert_eq!(LeaveBy::new(&route, false).stop(0), Some(planned));
        route.stops[1].slack = Seconds(i64::MAX);
        let latest = planned + Seconds(366 * 86_400);
        assert_eq!(LeaveBy::new(&route, false).stop(0), Some(latest));
    }
}

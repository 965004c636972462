//! Why a courier is behind the plan: what each cause has contributed, and is to contribute up to each stop.
//!
//! Minutes are carried along the route. What a leg or a service takes longer than planned is laid to its causes; where the
//! courier waits, or is quicker than planned, what they have contributed shrinks together, so that their sum is always the
//! delay there is.

use super::evidence::Evidence;
use super::path::{Path, whole};
use super::{DelayCauses, RouteProgress};

/// What causes have contributed so far, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Ledger {
    pub(super) traffic: f64,
    pub(super) courier: f64,
    pub(super) service: f64,
    pub(super) start: f64,
    pub(super) incident: f64,
    pub(super) silence: f64,
    pub(super) usual: f64,
}

impl Ledger {
    fn parts(&mut self) -> [&mut f64; 7] {
        [
            &mut self.traffic,
            &mut self.courier,
            &mut self.service,
            &mut self.start,
            &mut self.incident,
            &mut self.silence,
            &mut self.usual,
        ]
    }

    /// Makes the sum `delay`: nothing if there is none. What explains none of it is laid to `rest`.
    pub(super) fn settle(&mut self, delay: f64, rest: fn(&mut Self) -> &mut f64) {
        if delay <= 0.0 {
            *self = Self::default();
            return;
        }
        let sum: f64 = self.parts().into_iter().map(|part| part.max(0.0)).sum();
        for part in self.parts() {
            *part = part.max(0.0);
        }
        if sum < 1.0 {
            *rest(self) += delay - sum;
            return;
        }
        for part in self.parts() {
            *part *= delay / sum;
        }
    }

    /// Causes of a courier who has not gone yet: nothing is known of how fast they are today.
    pub(super) fn before_going(mut self) -> Self {
        self.usual += self.courier + self.service;
        (self.courier, self.service) = (0.0, 0.0);
        self
    }

    pub(super) fn causes(self) -> DelayCauses {
        DelayCauses {
            traffic: whole(self.traffic),
            courier: whole(self.courier),
            service: whole(self.service),
            start: whole(self.start),
            incident: whole(self.incident),
            silence: whole(self.silence),
            usual: whole(self.usual),
        }
    }
}

/// What is known of a courier, beside the events.
pub(super) struct Habits<'a> {
    /// Logarithm of the courier's level on the way, compared with others.
    pub(super) drive: f64,
    /// And at the door.
    pub(super) pace: f64,
    /// Logarithm of the shared level of traffic in a zone and half hour, what was said of it included.
    pub(super) traffic: &'a dyn Fn(usize, usize) -> f64,
}

/// What has contributed to the delay at the last place that was left, or at the door where the courier is.
pub(super) fn so_far(
    path: &Path,
    progress: &RouteProgress,
    evidence: &Evidence,
    habits: &Habits<'_>,
) -> Ledger {
    let mut ledger = Ledger::default();
    let planned = f64::from(path.itinerary.departure);
    if let Some(departure) = progress.departure {
        ledger.settle(path.seconds(departure) - planned, |ledger| {
            &mut ledger.start
        });
    }
    let mut ways = evidence
        .ways
        .iter()
        .zip(&evidence.way_lesson.weights)
        .peekable();
    let services = evidence.services.iter();
    let mut services = services.zip(&evidence.service_lesson.weights).peekable();
    for (times, &visit) in progress.visits.iter().zip(&path.visits) {
        let door = &path.itinerary.visits[visit];
        if let Some((seen, weight)) = ways.next_if(|(seen, _)| seen.visit == visit) {
            let planned = seen.observed.planned;
            let over = planned * (seen.observed.log.exp() - 1.0);
            ledger.way(planned, over, *weight, seen.zone, seen.slot, habits);
        }
        let planned = path.seconds(path.planned_arrival(visit));
        if let Some(arrival) = times.arrival {
            ledger.settle(path.seconds(arrival) - planned, |ledger| {
                &mut ledger.traffic
            });
        }
        let planned_start = path.service_start(visit, planned);
        if let Some(start) = times.service_start.or(times.arrival) {
            let start = path.service_start(visit, path.seconds(start));
            ledger.settle(start - planned_start, |ledger| &mut ledger.service);
        }
        let Some(end) = times.end else { continue };
        let planned = f64::from(door.service);
        if let Some((seen, weight)) = services.next_if(|(seen, _)| seen.visit == visit) {
            ledger.service(planned, seen.over(), *weight, habits);
        }
        let over = path.seconds(end) - (planned_start + planned);
        ledger.settle(over, |ledger| &mut ledger.service);
    }
    ledger
}

impl Ledger {
    /// A way planned to take `planned` seconds took `over` more; `weight` is the chance that nothing happened on it.
    fn way(
        &mut self,
        planned: f64,
        over: f64,
        weight: f64,
        zone: usize,
        slot: usize,
        habits: &Habits<'_>,
    ) {
        let traffic = planned * ((habits.traffic)(zone, slot).exp() - 1.0);
        let courier = planned * (habits.drive.exp() - 1.0);
        self.courier += courier;
        if weight < 0.5 {
            self.traffic += traffic;
            self.incident += over - traffic - courier;
        } else {
            // Single ways vary with the traffic on them.
            self.traffic += over - courier;
        }
    }

    /// A service planned to take `planned` seconds took `over` more; `weight` is the chance that nothing happened at it.
    fn service(&mut self, planned: f64, over: f64, weight: f64, habits: &Habits<'_>) {
        let courier = planned * (habits.pace.exp() - 1.0);
        self.courier += courier;
        if weight < 0.5 {
            self.incident += over - courier;
        } else {
            self.service += over - courier;
        }
    }

    /// A way to come, planned to take `planned` seconds, with a shared level of traffic whose logarithm is `traffic`.
    pub(super) fn way_ahead(&mut self, planned: f64, traffic: f64, habits: &Habits<'_>) {
        self.traffic += planned * (traffic.exp() - 1.0);
        self.courier += planned * traffic.exp() * (habits.drive.exp() - 1.0);
    }

    /// A service to come, planned to take `planned` seconds.
    pub(super) fn service_ahead(&mut self, planned: f64, habits: &Habits<'_>) {
        self.courier += planned * (habits.pace.exp() - 1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_add_up_to_the_delay_and_waiting_takes_off_all_of_them() {
        let mut ledger = Ledger {
            traffic: 600.0,
            start: 300.0,
            courier: -100.0,
            ..Ledger::default()
        };
        ledger.settle(450.0, |ledger| &mut ledger.service);
        assert!((ledger.traffic - 300.0).abs() < 1e-9);
        assert!((ledger.start - 150.0).abs() < 1e-9);
        assert!(ledger.courier.abs() < 1e-9);
        ledger.settle(-20.0, |ledger| &mut ledger.service);
        assert_eq!(ledger, Ledger::default());
        ledger.settle(60.0, |ledger| &mut ledger.service);
        assert!((ledger.service - 60.0).abs() < 1e-9);
    }
}

//! Which promises are at risk, told once, in time, with the reason.
//!
//! An alert is raised when the chance of a promise falls under a threshold, and cleared when it has risen over a higher
//! one: between the two nothing changes, so that alerts do not flap. An open alert is told again only if what was told does
//! not hold any more: the courier is expected outside of the times that were told, or what may be late is late almost for
//! sure. It ends when the courier is at the door, or will not go there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::roster::RosterRoute;
use crate::forecast::{ArrivalBand, DelayCauses, RouteOutlook, StopOutlook};
use crate::model::OrderId;
use crate::units::{Seconds, Timestamp};

/// When alerts are raised and cleared.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertRules {
    /// A promise with a smaller chance than this is at risk, 0 to 1.
    pub threshold: f64,
    /// One with at least this chance is not any more; at least the threshold.
    pub clear: f64,
    /// How long before the end of the window a customer is to be told.
    pub notice: Seconds,
    /// An open alert is told again if the courier is expected outside of the band that was told, and by more than this
    /// earlier or later than was told.
    pub moved: Seconds,
    /// It is also told again once the chance falls under this, 0 to 1: what was at risk is as good as broken.
    #[serde(default)]
    pub grave: f64,
}

impl Default for AlertRules {
    /// On simulated days on which things go wrong, half of the promises that are raised by these rules are broken then, and
    /// more than nine of ten that are broken are known to be at risk half an hour ahead; by a threshold of 75 % hardly more
    /// are, and three of five are raised for nothing (`punctual bench live --rules`).
    fn default() -> Self {
        Self {
            threshold: 0.6,
            clear: 0.8,
            notice: Seconds(30 * 60),
            moved: Seconds(10 * 60),
            grave: 0.25,
        }
    }
}

/// What makes a courier late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Cause {
    /// Traffic.
    Traffic,
    /// The courier is slower than others.
    Courier,
    /// Services that took longer.
    Service,
    /// A late start.
    Start,
    /// An accident, an incident or a breakdown.
    Incident,
    /// Nothing is heard of the courier.
    Silence,
}

/// A promise at risk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Numbers of the courier and of the stop in the plan.
    pub stop: (usize, usize),
    /// The order.
    pub order: OrderId,
    /// The last moment promised.
    pub promised_end: Timestamp,
    /// Since when the promise is at risk.
    pub since: Timestamp,
    /// When it was told last.
    pub told_at: Timestamp,
    /// The chance that it is kept, 0 to 1, to a hundredth of a percent.
    pub on_time: f64,
    /// When the courier comes; `None` if nobody is on the way.
    pub arrival: Option<ArrivalBand>,
    /// When the courier was to come by the plan.
    pub planned_arrival: Timestamp,
    /// What makes the courier late, with what each contributes, the largest first. Empty if the courier is not expected
    /// later than planned, or not by more than couriers of any day are, so that only the plan leaves too little room;
    /// without arrival, there is only the incident, of unknown length, zero here.
    pub causes: Vec<(Cause, Seconds)>,
}

impl Alert {
    /// What makes the courier late at a stop, with what each contributes, the largest first.
    #[must_use]
    pub fn causes_of(found: &StopOutlook) -> Vec<(Cause, Seconds)> {
        causes(found)
    }

    /// The same alert, with what is `found` now.
    #[must_use]
    pub fn seen(&self, found: &StopOutlook) -> Self {
        Self {
            on_time: hundredths(found.on_time),
            arrival: found.arrival,
            planned_arrival: found.planned_arrival,
            causes: causes(found),
            ..self.clone()
        }
    }

    /// How long before the end of the window the promise was known to be at risk.
    #[must_use]
    pub fn notice(&self) -> Seconds {
        self.promised_end - self.since
    }
}

/// What is to be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AlertChange {
    /// A promise is at risk.
    Raised(Alert),
    /// It still is, and what was told does not hold any more: the courier is expected at another time, or the chance has
    /// become next to none.
    Moved(Alert),
    /// It is not at risk any more.
    Cleared(Alert),
    /// The courier is at the door, or will not go there: there is nothing more to expect.
    Ended(Alert),
}

impl AlertChange {
    /// The alert that it is about.
    #[must_use]
    pub fn alert(&self) -> &Alert {
        match self {
            Self::Raised(alert)
            | Self::Moved(alert)
            | Self::Cleared(alert)
            | Self::Ended(alert) => alert,
        }
    }
}

/// The open alerts of a day.
#[derive(Clone, Debug, PartialEq)]
pub struct Alerts {
    rules: AlertRules,
    open: BTreeMap<(usize, usize), Alert>,
}

impl Alerts {
    /// None yet.
    #[must_use]
    pub fn new(rules: AlertRules) -> Self {
        Self {
            rules,
            open: BTreeMap::new(),
        }
    }

    /// When they are raised and cleared.
    #[must_use]
    pub fn rules(&self) -> AlertRules {
        self.rules
    }

    /// Open alerts, by courier and stop.
    #[must_use]
    pub fn open(&self) -> &BTreeMap<(usize, usize), Alert> {
        &self.open
    }

    /// Looks at what is to be expected at `now` of the courier with number `courier`, whose route is `route`; gives what is to
    /// be told.
    pub fn review(
        &mut self,
        courier: usize,
        route: &RosterRoute,
        outlook: &RouteOutlook,
        now: Timestamp,
    ) -> Vec<AlertChange> {
        let mut changes = Vec::new();
        let of_courier = self.open.range((courier, 0)..(courier + 1, 0));
        let ended = of_courier.map(|(stop, _)| *stop);
        let ended = ended.filter(|(_, stop)| outlook.stops.iter().all(|found| found.stop != *stop));
        for stop in ended.collect::<Vec<_>>() {
            changes.extend(self.open.remove(&stop).map(AlertChange::Ended));
        }
        for found in &outlook.stops {
            let planned = &route.stops[found.stop];
            let Some(window) = planned.told.last() else {
                continue;
            };
            let key = (courier, found.stop);
            let before = self.open.get(&key);
            let since = before.map_or(now, |before| before.since);
            let alert = Alert {
                stop: key,
                order: planned.order.clone(),
                promised_end: window.end,
                since,
                told_at: before.map_or(now, |before| before.told_at),
                on_time: hundredths(found.on_time),
                arrival: found.arrival,
                planned_arrival: found.planned_arrival,
                causes: causes(found),
            };
            changes.extend(self.change(alert, now));
        }
        changes
    }

    /// Takes up that the plan has changed: stops have other numbers, `place` tells where an order is now. Alerts of orders
    /// that nobody visits any more end.
    pub(super) fn replan(
        &mut self,
        place: impl Fn(&OrderId) -> Option<(usize, usize)>,
    ) -> Vec<AlertChange> {
        let mut ended = Vec::new();
        for (_, mut alert) in std::mem::take(&mut self.open) {
            match place(&alert.order) {
                Some(stop) => {
                    alert.stop = stop;
                    self.open.insert(stop, alert);
                }
                None => ended.push(AlertChange::Ended(alert)),
            }
        }
        ended
    }

    /// Does again what was told before.
    pub(super) fn restore(&mut self, change: &AlertChange) {
        match change {
            AlertChange::Raised(alert) | AlertChange::Moved(alert) => {
                self.open.insert(alert.stop, alert.clone());
            }
            AlertChange::Cleared(alert) | AlertChange::Ended(alert) => {
                // Where the plan has changed, another order may have the place.
                let open = self.open.get(&alert.stop);
                if open.is_some_and(|open| open.order == alert.order) {
                    self.open.remove(&alert.stop);
                }
            }
        }
    }

    /// What is to be told of a promise, of which `alert` is known now.
    fn change(&mut self, mut alert: Alert, now: Timestamp) -> Option<AlertChange> {
        let rules = self.rules;
        let Some(told) = self.open.get(&alert.stop) else {
            if alert.on_time >= rules.threshold {
                return None;
            }
            self.open.insert(alert.stop, alert.clone());
            return Some(AlertChange::Raised(alert));
        };
        if alert.on_time >= rules.clear {
            self.open.remove(&alert.stop);
            return Some(AlertChange::Cleared(alert));
        }
        let is_grave = alert.on_time < rules.grave && told.on_time >= rules.grave;
        if !is_grave && !is_elsewhen(told.arrival, alert.arrival, rules.moved) {
            return None;
        }
        alert.told_at = now;
        self.open.insert(alert.stop, alert.clone());
        Some(AlertChange::Moved(alert))
    }
}

/// A chance to a hundredth of a percent.
fn hundredths(chance: f64) -> f64 {
    (chance * 10_000.0).round() / 10_000.0
}

/// Whether the courier comes at another time than was told, or does not come, or comes after all.
fn is_elsewhen(told: Option<ArrivalBand>, now: Option<ArrivalBand>, moved: Seconds) -> bool {
    match (told, now) {
        (Some(told), Some(now)) => {
            let is_outside = now.p50 < told.p10 || now.p50 > told.p90;
            is_outside && (now.p50 - told.p50).0.abs() > moved.0
        }
        (None, None) => false,
        (Some(_), None) | (None, Some(_)) => true,
    }
}

/// What makes the courier late at a stop.
fn causes(found: &StopOutlook) -> Vec<(Cause, Seconds)> {
    if found.arrival.is_none() {
        return vec![(Cause::Incident, Seconds::ZERO)];
    }
    let DelayCauses {
        traffic,
        courier,
        service,
        start,
        incident,
        silence,
        usual,
    } = found.causes;
    // What is no news is no cause either.
    if usual.0 * 2 > found.causes.total().0 {
        return Vec::new();
    }
    let mut causes = vec![
        (Cause::Traffic, traffic),
        (Cause::Courier, courier),
        (Cause::Service, service),
        (Cause::Start, start),
        (Cause::Incident, incident),
        (Cause::Silence, silence),
    ];
    causes.retain(|(_, part)| *part > Seconds::ZERO);
    causes.sort_by_key(|(cause, part)| (-*part, *cause));
    causes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TimeWindow;
    use crate::model::fixture::{at, order_id};

    fn route() -> RosterRoute {
        RosterRoute {
            courier: crate::model::fixture::courier_id("anna"),
            start: None,
            stops: vec![super::super::roster::RosterStop {
                order: order_id("a"),
                kind: crate::model::OrderKind::Delivery,
                windows: vec![TimeWindow {
                    start: at(9, 0),
                    end: at(10, 0),
                }],
                told: vec![TimeWindow {
                    start: at(9, 0),
                    end: at(10, 0),
                }],
                loads: BTreeMap::new(),
                is_former: false,
                is_left_on_board: false,
                resumed: None,
            }],
            reloads: Vec::new(),
            breaks: Vec::new(),
        }
    }

    fn outlook(on_time: f64, minute: i64) -> RouteOutlook {
        let p50 = at(9, minute);
        RouteOutlook {
            stops: vec![StopOutlook {
                stop: 0,
                on_time,
                late: Seconds::ZERO,
                arrival: Some(ArrivalBand {
                    p10: p50 - Seconds(300),
                    p50,
                    p90: p50 + Seconds(300),
                }),
                planned_arrival: at(9, 30),
                causes: DelayCauses {
                    traffic: Seconds(120),
                    silence: Seconds(600),
                    ..DelayCauses::default()
                },
            }],
            overdue: Seconds::ZERO,
        }
    }

    /// Raised below 75 %, cleared from 87.5 % on.
    fn rules() -> AlertRules {
        AlertRules {
            threshold: 0.75,
            clear: 0.875,
            ..AlertRules::default()
        }
    }

    /// What is told as chances and expected minutes change from minute to minute.
    fn told(looks: &[(f64, i64)]) -> Vec<String> {
        let mut alerts = Alerts::new(rules());
        let mut told = Vec::new();
        for (minute, (on_time, expected)) in looks.iter().enumerate() {
            let now = at(8, i64::try_from(minute).unwrap());
            for change in alerts.review(0, &route(), &outlook(*on_time, *expected), now) {
                let name = format!("{change:?}");
                let name = name.split('(').next().unwrap();
                told.push(format!("{name} {minute}"));
            }
        }
        told
    }

    #[test]
    fn a_chance_that_wavers_about_the_threshold_is_told_once() {
        let looks = [0.9, 0.74, 0.76, 0.74, 0.8, 0.7, 0.86, 0.74].map(|chance| (chance, 50));
        assert_eq!(told(&looks), ["Raised 1"]);
    }

    #[test]
    fn a_promise_that_is_safe_again_is_cleared_and_may_be_raised_again() {
        let looks = [0.6, 0.88, 0.8, 0.7].map(|chance| (chance, 50));
        assert_eq!(told(&looks), ["Raised 0", "Cleared 1", "Raised 3"]);
    }

    #[test]
    fn an_open_alert_is_told_again_only_if_the_arrival_moves_far() {
        let looks = [(0.6, 40), (0.5, 48), (0.4, 51), (0.4, 55), (0.4, 40)];
        assert_eq!(told(&looks), ["Raised 0", "Moved 2", "Moved 4"]);
    }

    #[test]
    fn a_courier_who_comes_within_the_times_that_were_told_is_no_news() {
        let wide = |minute: i64| {
            let mut wide = outlook(0.6, minute);
            let p50 = at(9, minute);
            wide.stops[0].arrival = Some(ArrivalBand {
                p10: p50 - Seconds(1_200),
                p50,
                p90: p50 + Seconds(1_500),
            });
            wide
        };
        let mut alerts = Alerts::new(rules());
        let told =
            |alerts: &mut Alerts, minute| alerts.review(0, &route(), &wide(minute), at(8, 0)).len();
        assert_eq!(told(&mut alerts, 30), 1);
        // Told were 9:10 to 9:55.
        for minute in [55, 11, 30, 54] {
            assert_eq!(told(&mut alerts, minute), 0, "{minute}");
        }
        assert_eq!(told(&mut alerts, 56), 1);
    }

    #[test]
    fn what_has_become_as_good_as_broken_is_told_once_more() {
        let looks = [0.6, 0.3, 0.2, 0.05, 0.3, 0.2].map(|chance| (chance, 50));
        assert_eq!(told(&looks), ["Raised 0", "Moved 2"]);
        // One that was so from the beginning is not.
        let looks = [0.1, 0.3, 0.1].map(|chance| (chance, 50));
        assert_eq!(told(&looks), ["Raised 0"]);
    }

    #[test]
    fn an_alert_says_since_when_and_why_the_largest_cause_first() {
        let mut alerts = Alerts::new(rules());
        alerts.review(0, &route(), &outlook(0.5, 50), at(8, 0));
        alerts.review(0, &route(), &outlook(0.2, 59), at(8, 20));
        let alert = &alerts.open()[&(0, 0)];
        assert_eq!((alert.since, alert.notice()), (at(8, 0), Seconds(7_200)));
        assert_eq!(
            alert.causes,
            [
                (Cause::Silence, Seconds(600)),
                (Cause::Traffic, Seconds(120))
            ]
        );
        let done = alerts.review(0, &route(), &RouteOutlook::default(), at(9, 0));
        assert!(matches!(done[..], [AlertChange::Ended(_)]));
        assert!(alerts.open().is_empty());
    }
}

//! Breaks: each one that is owed is there, in time and long enough, and nothing else happens meanwhile.

use super::Report;
use super::route::Drive;
use crate::model::{Break, BreakStart, ConstraintKind, CourierBreak, Route};
use crate::units::{Seconds, Timestamp};

/// When the courier leaves the breaks after `n_stops` stops, as stated, being free at `free`.
pub(super) fn left(route: &Route, n_stops: usize, free: Timestamp) -> Timestamp {
    let mut here = route.breaks.iter().rev();
    let last = here.find(|pause| pause.n_before == n_stops);
    last.map_or(free, |pause| pause.end)
}

impl<'a> Drive<'a> {
    /// Whether the stated breaks are some of the courier's, in sequence, each behind a stop or the start, and with a stop
    /// right before those that follow work.
    pub(super) fn has_breaks_in_place(&self) -> bool {
        let (mut next, mut first) = (0, 0);
        self.route.breaks.iter().all(|pause| {
            let Some(rule) = self.courier.breaks.get(pause.number) else {
                return false;
            };
            let n_stops_more = match rule.start {
                BreakStart::Within(_) => 0,
                BreakStart::AfterWork(_) => 1,
            };
            let places = first + n_stops_more..=self.visits.len();
            let is_in_place = pause.number >= next && places.contains(&pause.n_before);
            (next, first) = (pause.number + 1, pause.n_before);
            is_in_place
        })
    }

    fn breaks_after(&self, n_stops: usize) -> impl Iterator<Item = &'a Break> {
        let breaks = self.route.breaks.iter();
        breaks.filter(move |pause| pause.n_before == n_stops)
    }

    /// Time waited for breaks to begin, as stated.
    pub(super) fn waiting_for_breaks(&self) -> Seconds {
        let places = 0..=self.visits.len();
        let waiting = places.map(|n_stops| {
            let mut free = match n_stops.checked_sub(1) {
                Some(last) => self.visits[last].stop.departure,
                None => self.route.departure,
            };
            let mut total = Seconds::ZERO;
            for pause in self.breaks_after(n_stops) {
                total += pause.start - free;
                free = pause.end;
            }
            total
        });
        waiting.sum()
    }

    /// The break's rule, and the last moment at which it may begin.
    fn rule_of(&self, pause: &Break) -> (&'a CourierBreak, Timestamp) {
        let rule = &self.courier.breaks[pause.number];
        (rule, self.begin_by(pause.number, rule))
    }

    /// The last moment at which the break of a number may begin: the end of its window, or so long after the break before.
    fn begin_by(&self, number: usize, rule: &CourierBreak) -> Timestamp {
        match rule.start {
            BreakStart::Within(window) => window.end,
            BreakStart::AfterWork(limit) => {
                let mut before = self.route.breaks.iter().rev();
                let before = before.find(|pause| pause.number < number);
                before.map_or(self.route.start, |pause| pause.end) + limit
            }
        }
    }

    /// Follows the clock over the breaks after `n_stops` stops; returns the moment at which the courier leaves.
    pub(super) fn check_breaks_after(
        &self,
        n_stops: usize,
        free: Timestamp,
        report: &mut Report<'_>,
    ) -> Timestamp {
        let mut left = free;
        for pause in self.breaks_after(n_stops) {
            let (rule, until) = self.rule_of(pause);
            let name = format!("break {}", pause.number);
            if pause.start < left {
                let early = (left - pause.start).0;
                let message = format!("{name} begins {early} s before the courier is free");
                report.route(ConstraintKind::Inconsistent, early, &message);
            }
            let end = pause.start + rule.duration;
            let what = format!("end of {name}");
            report.figure(None, &what, "s", pause.end.0, end.0);
            if let BreakStart::Within(window) = rule.start
                && pause.start < window.start
            {
                let early = (window.start - pause.start).0;
                let message = format!("{name} begins {early} s before its window");
                report.route(ConstraintKind::Break, early, &message);
            }
            if pause.start > until {
                let late = (pause.start - until).0;
                let message = format!("{name} begins {late} s too late");
                report.route(ConstraintKind::Break, late, &message);
            }
            left = pause.end;
        }
        left
    }

    /// Reports breaks that are owed and not there.
    pub(super) fn check_owed_breaks(&self, report: &mut Report<'_>) {
        for (number, until) in self.breaks_left_out() {
            let excess = (self.route.end - until).0;
            if excess > 0 {
                let message = format!(
                    "break {number} is missing: the route ends {excess} s after the last moment for it"
                );
                report.route(ConstraintKind::Break, excess, &message);
            }
        }
    }

    /// The last moment at which the route may end without owing a break that is not there, if there is one.
    pub(super) fn end_without_breaks(&self) -> Option<Timestamp> {
        self.breaks_left_out().map(|(_, until)| until).min()
    }

    /// Breaks that are not there, with the moment after which the route must not end without them; but for those whose
    /// window is over when the route starts.
    fn breaks_left_out(&self) -> impl Iterator<Item = (usize, Timestamp)> {
        let rules = self.courier.breaks.iter().enumerate();
        rules.filter_map(|(number, rule)| {
            let until = self.begin_by(number, rule);
            let is_taken = self.route.breaks.iter().any(|pause| pause.number == number);
            let is_over = matches!(rule.start, BreakStart::Within(_)) && self.route.start >= until;
            (!is_taken && !is_over).then_some((number, until))
        })
    }

    /// When the courier has to be free for the breaks after `n_stops` stops to leave by `bound`; `None` if a window is
    /// not open by then.
    pub(super) fn free_by(&self, n_stops: usize, bound: Timestamp) -> Option<Timestamp> {
        let here: Vec<&Break> = self.breaks_after(n_stops).collect();
        here.into_iter().rev().try_fold(bound, |bound, pause| {
            let (rule, until) = self.rule_of(pause);
            let begin = (bound - rule.duration).min(until);
            match rule.start {
                BreakStart::Within(window) if begin < window.start => None,
                BreakStart::Within(_) | BreakStart::AfterWork(_) => Some(begin),
            }
        })
    }
}

//! What HTML and PDF say alike.

use std::collections::BTreeMap;

use super::clock_face::{ClockFace, Round};
use super::messages::{Language, Messages};
use super::text::{bind, clean, isolated};
use super::{LeaveByBasis, RemovedStop, RouteSheet, SheetStop, StopChange};
use crate::units::{Load, Timestamp};

/// Lines for refusals that every sheet has, and that a long one has at most.
pub(super) const REFUSAL_LINES_MIN: usize = 3;
const REFUSAL_LINES_MAX: usize = 12;
/// Stops for which there is one line more.
const STOPS_A_REFUSAL: usize = 8;

/// A sheet with the words and the clock it is printed with.
pub(super) struct Wording<'a> {
    pub(super) sheet: &'a RouteSheet,
    pub(super) words: &'static Messages,
    pub(super) clock: ClockFace<'static>,
}

impl<'a> Wording<'a> {
    pub(super) fn new(sheet: &'a RouteSheet, language: Language) -> Self {
        let words = Messages::of(language);
        let clock = ClockFace::new(&sheet.time_zone, sheet.loading, words);
        Self {
            sheet,
            words,
            clock,
        }
    }

    pub(super) fn time(&self, moment: Timestamp) -> String {
        self.clock.time(moment, Round::Down)
    }

    pub(super) fn leave_by_start(&self, leave_by: Timestamp) -> String {
        if leave_by <= self.sheet.loading {
            self.words.no_slack.clone()
        } else {
            self.time(leave_by)
        }
    }

    /// What stands before a leave-by time.
    pub(super) fn leave_by_label(&self, stop: &SheetStop) -> &'static str {
        if stop.is_leave_by_planned {
            &self.words.leave_planned
        } else if Self::is_leave_by_for_next(stop) {
            &self.words.leave_next
        } else {
            &self.words.leave_by
        }
    }

    /// "kg: 41".
    pub(super) fn amount(&self, dimension: &str, load: Load) -> String {
        let dimension = isolated(&clean(self.words.dimension(dimension)));
        format!("{dimension}: {load}")
    }

    /// What has to be on board: parcels, then loads by dimension. Empty if nothing is stated.
    pub(super) fn on_board(&self, parcels: u32, loads: &BTreeMap<String, Load>) -> Vec<String> {
        let parcels = (parcels > 0).then(|| self.words.parcels(parcels));
        let loads = present(loads).into_iter();
        let loads = loads.map(|(dimension, load)| self.amount(dimension, load));
        parcels.into_iter().chain(loads).collect()
    }

    /// What leave-by times mean; `None` if the sheet has neither them nor bands.
    pub(super) fn legend(&self) -> Option<String> {
        let (sheet, words) = (self.sheet, self.words);
        let has_times = sheet.leave_by.is_some()
            || sheet
                .stops
                .iter()
                .any(|stop| stop.arrival_band.is_some() || stop.leave_by.is_some());
        let means = match sheet.leave_by_basis {
            LeaveByBasis::SimulatedDays => words.confidence(sheet.leave_by_confidence),
            LeaveByBasis::Slack => words.slack.clone(),
        };
        let is_planned = |stop: &SheetStop| stop.is_leave_by_planned;
        let planned = sheet.stops.iter().any(is_planned);
        let planned = planned.then_some(words.leave_planned_means.as_str());
        let is_for_next =
            |stop: &SheetStop| !stop.is_leave_by_planned && Self::is_leave_by_for_next(stop);
        let next = sheet.stops.iter().any(is_for_next);
        let next = next.then_some(words.leave_next_means.as_str());
        let all = [Some(means.as_str()), planned, next, Some(&words.early)];
        has_times.then(|| all.into_iter().flatten().collect::<Vec<_>>().join(" "))
    }

    /// "Time, was 08:10".
    pub(super) fn change(&self, change: &StopChange) -> String {
        let words = self.words;
        match change {
            StopChange::New => words.change_new.clone(),
            StopChange::Moved { from } if from.is_empty() => words.change_moved.clone(),
            StopChange::Moved { from } => words.moved_from(&isolated(&bind(from))),
            StopChange::Retimed { arrival } => words.retimed(&self.time(*arrival)),
            StopChange::Edited => words.change_edited.clone(),
        }
    }

    /// "order-0104, Main St 5, now Anna".
    pub(super) fn removed_detail(&self, stop: &RemovedStop) -> String {
        let mut parts = vec![isolated(&bind(stop.label()))];
        if has_text(&stop.address) {
            parts.push(isolated(&bind(&stop.address)));
        }
        if has_text(&stop.taken_by) {
            parts.push(self.words.removed_to(&isolated(&bind(&stop.taken_by))));
        }
        parts.join(", ")
    }

    /// Whether a leave-by time lies after the window of a stop that may be late: it does nothing for that promise.
    fn is_leave_by_for_next(stop: &SheetStop) -> bool {
        let after = stop.window.zip(stop.leave_by);
        Self::is_at_risk(stop) && after.is_some_and(|(window, leave_by)| leave_by > window.end)
    }

    /// Whether the courier comes after the promised window on more than one of ten simulated days.
    pub(super) fn is_at_risk(stop: &SheetStop) -> bool {
        let promised = stop.window.zip(stop.arrival_band);
        promised.is_some_and(|(window, band)| band.end > window.end)
    }

    /// Lines for what customers refuse: the longer the route, the more.
    pub(super) fn refusal_lines(&self) -> usize {
        (2 + self.sheet.stops.len().div_ceil(STOPS_A_REFUSAL))
            .clamp(REFUSAL_LINES_MIN, REFUSAL_LINES_MAX)
    }

    pub(super) fn is_withdrawn(&self) -> bool {
        let changes = self.sheet.changes.as_ref();
        changes.is_some_and(|changes| changes.is_withdrawn)
    }
}

/// Loads that are not nothing.
pub(super) fn present(loads: &BTreeMap<String, Load>) -> Vec<(&str, Load)> {
    loads
        .iter()
        .filter(|(_, load)| **load != Load::ZERO)
        .map(|(dimension, load)| (dimension.as_str(), *load))
        .collect()
}

/// Whether anything of `text` prints.
pub(super) fn has_text(text: &str) -> bool {
    !clean(text).trim().is_empty()
}

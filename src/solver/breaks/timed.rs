//! Breaks where travel depends on the time of day: a few starts are tried, and for each the earliest end is found.
//!
//! For a given start the breaks are placed by the same dynamic program as ever, only that a label holds moments in place of
//! bounds on the start. Starts tried are the earliest, the last that would be in time without breaks, and those from which
//! on the break of a window is not owed; if none will do, some in between. Each of them is then put off as far as the
//! breaks in their places allow without a later end. So a route that is accepted can be driven as said; that it takes a
//! little less from another start, or can be driven only from one, is possible.

use crate::solver::problem::BreakRule;
use crate::solver::walk::Walk;

use super::LABELS_MAX;

/// Breaks of a driver, at most.
pub(in crate::solver) const BREAKS_MAX: usize = 3;

/// Parts into which the time between the first and the last start is cut for more of them.
const PARTS: i32 = 5;

/// How many stops come before each break, or [`NOWHERE`] if it is not taken.
type Places = [u32; BREAKS_MAX];

const NOWHERE: u32 = u32::MAX;

/// A choice for the first `decided` breaks, and what it means up to here for one start.
#[derive(Clone, Copy, Debug)]
struct Label {
    decided: usize,
    departure: i32,
    /// End of the last break, or the start.
    rested: i32,
    /// Latest end of the route.
    due: i32,
    /// Whether a client was served since the last break.
    has_worked: bool,
    places: Places,
}

/// A route driven from one start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Drive {
    pub(super) end: i32,
    places: Places,
}

/// How long the route takes from the best of the starts tried; `None` if it is late, without one of its breaks, or longer
/// than allowed from each.
pub(in crate::solver) fn shortest(walk: &Walk<'_>) -> Option<i32> {
    let vehicle = walk.vehicle;
    let (first, last) = (
        walk.earliest,
        put_off(walk, &[NOWHERE; BREAKS_MAX], vehicle.latest)?.min(vehicle.latest_start),
    );
    if last < first {
        return None;
    }
    let over = vehicle.breaks.iter().filter_map(|pause| match pause.rule {
        BreakRule::Window { end, .. } => Some(end).filter(|end| (first + 1..last).contains(end)),
        BreakRule::AfterWork(_) => None,
    });
    let mut best: Option<i32> = None;
    for start in [first, last].into_iter().chain(over) {
        best = shorter(best, try_start(walk, start));
        if best.is_some() && !vehicle.minds_duration() {
            return best;
        }
    }
    let mut between = (1..PARTS).map(|part| first + (last - first) / PARTS * part);
    while best.is_none()
        && let Some(start) = between.next()
    {
        best = try_start(walk, start);
    }
    best.filter(|&duration| duration <= vehicle.max_duration)
}

fn shorter(one: Option<i32>, other: Option<i32>) -> Option<i32> {
    one.into_iter().chain(other).min()
}

/// How long the route takes from `start`, or from a later start that ends no later.
fn try_start(walk: &Walk<'_>, start: i32) -> Option<i32> {
    let drive = drive(walk, start)?;
    let later = put_off(walk, &drive.places, drive.end);
    let later = later.map(|later| later.min(walk.vehicle.latest_start));
    let later = later.filter(|&later| later > start);
    let put_off = later.and_then(|later| Some(self::drive(walk, later)?.end - later));
    shorter(Some(drive.end - start), put_off)
}

/// The last start by which the route ends by `end` with its breaks in `places`, whatever work allows; `None` if there is
/// none.
fn put_off(walk: &Walk<'_>, places: &Places, end: i32) -> Option<i32> {
    let breaks = &walk.vehicle.breaks;
    let mut bound = walk.departure(walk.stops.len(), end);
    for at in (0..=walk.stops.len()).rev() {
        let here = (0..breaks.len())
            .rev()
            .filter(|&number| places[number] == at as u32);
        for number in here {
            bound -= breaks[number].duration;
            if let BreakRule::Window { start, end } = breaks[number].rule {
                bound = bound.min(end);
                if bound < start {
                    return None;
                }
            }
        }
        let Some(before) = at.checked_sub(1) else {
            break;
        };
        let stop = &walk.stops[before];
        let begin = (bound - stop.service).min(stop.end);
        if begin < stop.start {
            return None;
        }
        bound = walk.departure(before, begin);
    }
    Some(bound - walk.vehicle.loading)
}

/// The route from `start` to its earliest end; `None` if it is late, or without a break that it owes, wherever they go.
pub(super) fn drive(walk: &Walk<'_>, start: i32) -> Option<Drive> {
    let breaks = &walk.vehicle.breaks;
    let mut front = Front {
        walk,
        start,
        labels: Vec::with_capacity(2 * LABELS_MAX),
    };
    front.add(Label {
        decided: 0,
        departure: start + walk.vehicle.loading,
        rested: start,
        due: walk.vehicle.latest,
        has_worked: false,
        places: [NOWHERE; BREAKS_MAX],
    });
    front.rest(0);
    for (at, stop) in walk.stops.iter().enumerate() {
        let before = std::mem::take(&mut front.labels);
        for label in before {
            let arrival = walk.arrival(at, label.departure);
            if arrival <= stop.end {
                front.add(Label {
                    departure: arrival.max(stop.start) + stop.service,
                    has_worked: label.has_worked || stop.is_client,
                    ..label
                });
            }
        }
        if stop.is_client {
            front.rest(at as u32 + 1);
        }
        if front.labels.is_empty() {
            return None;
        }
    }
    let decided = front
        .labels
        .iter()
        .filter(|label| label.decided == breaks.len());
    let drives = decided.filter_map(|label| {
        let end = walk.arrival(walk.stops.len(), label.departure);
        (end <= label.due).then_some(Drive {
            end,
            places: label.places,
        })
    });
    drives.min_by_key(|drive| (drive.end, drive.places))
}

/// The labels behind one stop.
struct Front<'a, 'p> {
    walk: &'a Walk<'p>,
    start: i32,
    labels: Vec<Label>,
}

impl Front<'_, '_> {
    /// Adds a label, and all that follow from it by not taking the breaks to come.
    fn add(&mut self, label: Label) {
        let breaks = &self.walk.vehicle.breaks;
        let rest_matters = (breaks[label.decided..].iter())
            .any(|pause| matches!(pause.rule, BreakRule::AfterWork(_)));
        if label.departure > label.due
            || (self.labels.iter()).any(|other| dominates(other, &label, rest_matters))
        {
            return;
        }
        self.labels
            .retain(|other| !dominates(&label, other, rest_matters));
        let alike = self.labels.iter();
        let alike = alike.filter(|other| other.decided == label.decided);
        if alike.count() >= LABELS_MAX {
            return;
        }
        self.labels.push(label);
        let Some(pause) = breaks.get(label.decided) else {
            return;
        };
        let due = match pause.rule {
            BreakRule::Window { end, .. } if self.start >= end => label.due,
            BreakRule::Window { end, .. } => label.due.min(end),
            BreakRule::AfterWork(limit) => label.due.min(label.rested.saturating_add(limit)),
        };
        self.add(Label {
            decided: label.decided + 1,
            due,
            ..label
        });
    }

    /// Adds all labels that follow by taking breaks behind `at` stops.
    fn rest(&mut self, at: u32) {
        for decided in 0..self.walk.vehicle.breaks.len() {
            let pause = &self.walk.vehicle.breaks[decided];
            let alike = self.labels.iter();
            let alike: Vec<Label> = alike
                .filter(|label| label.decided == decided)
                .copied()
                .collect();
            for label in alike {
                let (from, until) = match pause.rule {
                    BreakRule::Window { start, end } => (start, end),
                    BreakRule::AfterWork(_) if !label.has_worked => continue,
                    BreakRule::AfterWork(limit) => (i32::MIN, label.rested.saturating_add(limit)),
                };
                let begin = label.departure.max(from);
                if begin > until {
                    continue;
                }
                let mut places = label.places;
                places[decided] = at;
                self.add(Label {
                    decided: decided + 1,
                    departure: begin + pause.duration,
                    rested: begin + pause.duration,
                    has_worked: false,
                    places,
                    ..label
                });
            }
        }
    }
}

/// Whether `other` can be forgotten: it is not better in anything that still matters.
fn dominates(label: &Label, other: &Label, rest_matters: bool) -> bool {
    label.decided == other.decided
        && label.departure <= other.departure
        && label.due >= other.due
        && (!rest_matters || label.has_worked >= other.has_worked && label.rested >= other.rested)
}

//! Breaks: when a given sequence of clients can be driven with every break that is owed, and how long it takes then.
//!
//! A break is taken where the vehicle stands: at the start once it is loaded, or at a client once it is served, but not
//! where it reloads. It begins as soon as its window allows. Where the breaks of a route go is not part of a route: it follows from the
//! sequence, by a dynamic program over labels, each of which is a choice for the breaks so far. As everywhere (see
//! `duration`), the moment at which a stretch is left is `max(start + work, end)`, and a later start makes nothing take
//! longer. So all that a label asks of the start are bounds, and the last start that it allows is the best one.
//!
//! Earliest departures and latest arrivals in the state know nothing of breaks: there they are bounds that rule out
//! most gaps in constant time. What is left is tried exactly, a few gaps in a route.

#[cfg(test)]
mod tests;
pub(super) mod timed;

use super::problem::{BreakRule, FAR, VehicleType};
use super::walk::Stop;

/// Choices that survive behind one client with the same number of breaks decided.
const LABELS_MAX: usize = 16;

/// A choice for the first `decided` breaks, and what it means up to here.
#[derive(Clone, Copy, Debug)]
struct Label {
    decided: usize,
    /// Loading, travel, service and breaks so far.
    work: i32,
    /// Earliest departure from here.
    departure: i32,
    /// Bounds of the start.
    earliest_start: i32,
    latest_start: i32,
    /// Latest end of the route.
    latest_end: i32,
    /// The same as a bound that depends on the start: the route ends by `max(start + due.0, due.1)`.
    due: (i32, i32),
    /// Work at the end of the last break, and its earliest end; those of the start before there is one.
    rested: (i32, i32),
    /// Whether a client was served since.
    has_worked: bool,
}

/// A bound far beyond every moment, with room to add to it.
const NEVER: i32 = FAR * 2;

impl Label {
    /// Behind the loading at the start.
    fn at_start(vehicle: &VehicleType, earliest: i32) -> Self {
        Self {
            decided: 0,
            work: vehicle.loading,
            departure: earliest + vehicle.loading,
            earliest_start: earliest,
            latest_start: vehicle.latest_start.min(vehicle.latest),
            latest_end: vehicle.latest,
            due: (NEVER, NEVER),
            rested: (0, -NEVER),
            has_worked: false,
        }
    }

    /// Behind `stop`; `None` if it is late there for every start that is left.
    fn serve(&self, stop: &Stop) -> Option<Self> {
        let (work, arrival) = (self.work + stop.travel, self.departure + stop.travel);
        let next = Self {
            work: work + stop.service,
            departure: arrival.max(stop.start) + stop.service,
            latest_start: self.latest_start.min(stop.end - work),
            has_worked: self.has_worked || stop.is_client,
            ..*self
        };
        (arrival <= stop.end && next.is_possible()).then_some(next)
    }

    /// Whether some start is left, and the route need not be over by now.
    fn is_possible(&self) -> bool {
        self.earliest_start <= self.latest_start
            && self.departure <= self.latest_end
            && self.work <= self.due.0
            && self.departure <= self.due.1.max(self.latest_start + self.due.0)
    }

    /// With the next break taken here; `None` if it would begin too late or without any work before.
    fn rest(&self, vehicle: &VehicleType) -> Option<Self> {
        let pause = &vehicle.breaks[self.decided];
        let mut next = *self;
        match pause.rule {
            BreakRule::Window { start, end } => {
                next.departure = self.departure.max(start);
                next.latest_start = self.latest_start.min(end - self.work);
                if next.departure > end {
                    return None;
                }
            }
            BreakRule::AfterWork(_) if !self.has_worked => return None,
            BreakRule::AfterWork(limit) => next.keep_within(limit)?,
        }
        next.work += pause.duration;
        next.departure += pause.duration;
        next.rested = (next.work, next.departure);
        next.has_worked = false;
        next.decided += 1;
        next.is_possible().then_some(next)
    }

    /// Lets no more than `limit` pass from the last break, or the start, to here.
    fn keep_within(&mut self, limit: i32) -> Option<()> {
        let (work, end) = self.rested;
        if self.work - work > limit {
            return None;
        }
        // Waiting is all that can be saved, by a later start, unless the break before did not depend on the start.
        if end < self.departure - limit {
            self.earliest_start = self.earliest_start.max(self.departure - limit - work);
        }
        Some(())
    }

    /// With the next break not taken, in each way in which it is not owed.
    fn forgo(&self, vehicle: &VehicleType) -> impl Iterator<Item = Self> {
        let decided = self.decided + 1;
        let ways = match vehicle.breaks[self.decided].rule {
            BreakRule::Window { end, .. } => [
                Some(Self {
                    decided,
                    latest_end: self.latest_end.min(end),
                    ..*self
                }),
                Some(Self {
                    decided,
                    earliest_start: self.earliest_start.max(end),
                    ..*self
                }),
            ],
            BreakRule::AfterWork(limit) => {
                let (work, end) = self.rested;
                let due = (self.due.0.min(work + limit), self.due.1.min(end + limit));
                [
                    Some(Self {
                        decided,
                        due,
                        ..*self
                    }),
                    None,
                ]
            }
        };
        ways.into_iter().flatten().filter(Self::is_possible)
    }

    /// The shortest time from start to end with `back` still to go, and whether all limits but the duration's are kept.
    fn finish(&self, back: i32) -> Option<i32> {
        let (work, end) = (self.work + back, self.departure + back);
        let start = self.latest_start.min(self.latest_end - work);
        let is_due = work <= self.due.0 && end <= self.due.1.max(start + self.due.0);
        (end <= self.latest_end && self.earliest_start <= start && is_due)
            .then(|| work.max(end - start))
    }

    /// Whether `other` can be forgotten: it is not better in anything that still matters.
    fn dominates(&self, other: &Self, rest_matters: bool) -> bool {
        let rest = |label: &Self| label.rested;
        self.decided == other.decided
            && self.work <= other.work
            && self.departure <= other.departure
            && self.earliest_start <= other.earliest_start
            && self.latest_start >= other.latest_start
            && self.latest_end >= other.latest_end
            && self.due.0 >= other.due.0
            && self.due.1 >= other.due.1
            && (!rest_matters
                || self.has_worked >= other.has_worked
                    && rest(self).0 >= rest(other).0
                    && rest(self).1 >= rest(other).1)
    }
}

/// The labels behind one client.
struct Front<'p> {
    vehicle: &'p VehicleType,
    labels: Vec<Label>,
    /// Those behind the client before.
    before: Vec<Label>,
}

impl Front<'_> {
    /// Adds a label, and all that follow from it by not taking the breaks to come.
    fn add(&mut self, label: Label) {
        let breaks = &self.vehicle.breaks;
        let to_come = &breaks[label.decided..];
        let rest_matters = to_come
            .iter()
            .any(|pause| matches!(pause.rule, BreakRule::AfterWork(_)));
        let (mut alike, mut is_better) = (0, false);
        for other in &self.labels {
            if other.dominates(&label, rest_matters) {
                return;
            }
            alike += usize::from(other.decided == label.decided);
            is_better |= label.dominates(other, rest_matters);
        }
        if is_better {
            self.labels
                .retain(|other| !label.dominates(other, rest_matters));
        } else if alike >= LABELS_MAX {
            let worst = (0..self.labels.len())
                .filter(|&number| self.labels[number].decided == label.decided)
                .max_by_key(|&number| self.labels[number].departure);
            match worst {
                Some(worst) if self.labels[worst].departure > label.departure => {
                    self.labels.remove(worst);
                }
                Some(_) => return,
                None => {}
            }
        }
        self.labels.push(label);
        if label.decided < breaks.len() {
            for next in label.forgo(self.vehicle) {
                self.add(next);
            }
        }
    }

    /// Adds all labels that follow by taking breaks here.
    fn rest(&mut self) {
        for decided in 0..self.vehicle.breaks.len() {
            // What is added has more breaks decided, and replaces nothing with fewer.
            let mut n_rested = 0;
            while let Some(label) = self.nth_with(decided, n_rested) {
                n_rested += 1;
                if let Some(next) = label.rest(self.vehicle) {
                    self.add(next);
                }
            }
        }
    }

    /// One of the labels with so many breaks decided.
    fn nth_with(&self, decided: usize, n: usize) -> Option<Label> {
        let mut labels = self.labels.iter().filter(|label| label.decided == decided);
        labels.nth(n).copied()
    }

    /// Moves on behind `stop`.
    fn serve(&mut self, stop: &Stop) {
        std::mem::swap(&mut self.labels, &mut self.before);
        self.labels.clear();
        for number in 0..self.before.len() {
            if let Some(next) = self.before[number].serve(stop) {
                self.add(next);
            }
        }
    }
}

/// The shortest time from start to end of a route with its breaks, starting no earlier than `earliest`; `None` if it is
/// late, without one of its breaks, or longer than allowed, wherever the breaks go.
///
/// Shape: O(stops), times a few choices.
pub(super) fn shortest(
    vehicle: &VehicleType,
    stops: &[Stop],
    back: i32,
    earliest: i32,
) -> Option<i32> {
    let mut front = Front {
        vehicle,
        labels: Vec::with_capacity(2 * LABELS_MAX),
        before: Vec::with_capacity(2 * LABELS_MAX),
    };
    front.add(Label::at_start(vehicle, earliest));
    front.rest();
    for stop in stops {
        front.serve(stop);
        if stop.is_client {
            front.rest();
        }
        if front.labels.is_empty() {
            return None;
        }
    }
    let all = vehicle.breaks.len();
    let decided = front.labels.iter().filter(|label| label.decided == all);
    let least = decided.filter_map(|label| label.finish(back)).min()?;
    (least <= vehicle.max_duration).then_some(least)
}

//! Where the breaks of a tour go.
//!
//! Tries places as long as that may lead to a tour in time, and keeps those that cost least. A tour that is late
//! wherever its breaks go takes each of them at the last place where it is not late itself.

use super::tour::{MOMENT, Tour};
use crate::model::BreakStart;
use crate::units::{ExactCost, Seconds, Timestamp};

/// Ways to place the breaks of one tour that are timed, at most.
const PLACEMENTS_MAX: usize = 2_000;

/// A break in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::planner) struct Pause {
    /// Which of the courier's breaks.
    pub(super) number: usize,
    /// How many visits come before.
    pub(super) n_before: usize,
    duration: Seconds,
    start: BreakStart,
}

/// The moments of a break.
#[derive(Clone, Copy)]
pub(super) struct PauseMoments {
    /// When the courier comes to it.
    pub(super) free: Timestamp,
    pub(super) begin: Timestamp,
    pub(super) end: Timestamp,
    /// Latest begin.
    pub(super) until: Timestamp,
}

/// The breaks of a tour in their places, and what lets the others be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::planner) struct Rests {
    /// By place, those of one place in sequence.
    pub(super) pauses: Vec<Pause>,
    /// The tour starts no earlier, so that breaks whose windows are over then are not owed.
    pub(super) start_from: Option<Timestamp>,
    /// The tour ends no later, so that breaks whose windows end later are not owed.
    end_by: Option<Timestamp>,
    /// When loading starts if the tour cannot be in time.
    pub(super) late_start: Option<Timestamp>,
}

impl Pause {
    /// When it begins for who comes to it at `moment`, late or not.
    pub(super) fn begin(&self, moment: Timestamp) -> Timestamp {
        match self.start {
            BreakStart::Within(window) => moment.max(window.start),
            BreakStart::AfterWork(_) => moment,
        }
    }

    /// When it ends for who comes to it at `moment`.
    pub(super) fn end(&self, moment: Timestamp) -> Timestamp {
        self.begin(moment) + self.duration
    }
}

impl Rests {
    /// The moment from which on the courier is free to leave behind the breaks after `n_before` visits.
    pub(super) fn pass(&self, n_before: usize, moment: Timestamp) -> Timestamp {
        self.at(n_before)
            .fold(moment, |moment, pause| pause.end(moment))
    }

    /// When the courier has to be free for the breaks after `n_before` visits so as to leave by `bound` and have each
    /// begin by what `until` gives for its position in the list; `None` if that is before a window opens.
    pub(super) fn retreat(
        &self,
        n_before: usize,
        bound: Timestamp,
        until: impl Fn(usize) -> Timestamp,
    ) -> Option<Timestamp> {
        let pauses = self.pauses.iter().enumerate().rev();
        let mut here = pauses.filter(|(_, pause)| pause.n_before == n_before);
        here.try_fold(bound, |bound, (position, pause)| {
            let begin = (bound - pause.duration).min(until(position));
            (pause.begin(begin) == begin).then_some(begin)
        })
    }

    /// As [`Rests::pass`]; `None` if a break is waited for, so that who comes a little later leaves no later.
    pub(super) fn pass_at_once(&self, n_before: usize, moment: Timestamp) -> Option<Timestamp> {
        self.at(n_before).try_fold(moment, |moment, pause| {
            (pause.begin(moment) == moment).then(|| pause.end(moment))
        })
    }

    fn at(&self, n_before: usize) -> impl Iterator<Item = &Pause> {
        let pauses = self.pauses.iter();
        pauses.filter(move |pause| pause.n_before == n_before)
    }

    /// The end of the window of the break at a position of the list; there is none after so much work.
    pub(super) fn window_end(&self, position: usize) -> Timestamp {
        match self.pauses[position].start {
            BreakStart::Within(window) => window.end,
            BreakStart::AfterWork(_) => Timestamp::LAST,
        }
    }
}

impl Tour<'_> {
    /// The moments of all breaks if loading starts at `start`.
    pub(super) fn pause_moments(&self, start: Timestamp) -> Vec<PauseMoments> {
        if self.rests.pauses.is_empty() {
            return Vec::new();
        }
        let mut pauses = self.rests.pauses.iter().peekable();
        let mut all = Vec::with_capacity(self.rests.pauses.len());
        let mut rested = start;
        let departures = self.moments(start).map(|moments| moments.departure);
        let free = std::iter::once(start + self.loading).chain(departures);
        for (n_before, mut clock) in free.enumerate() {
            while let Some(pause) = pauses.next_if(|pause| pause.n_before == n_before) {
                let until = match pause.start {
                    BreakStart::Within(window) => window.end,
                    BreakStart::AfterWork(limit) => rested + limit,
                };
                let moments = PauseMoments {
                    free: clock,
                    begin: pause.begin(clock),
                    end: pause.end(clock),
                    until,
                };
                (clock, rested) = (moments.end, moments.end);
                all.push(moments);
            }
        }
        all
    }

    /// The first start after `start` from which breaks may go on no longer after the rest before them than they should, if
    /// `start` lets them: a later start lets nobody come to a break earlier, so the rest before it must end later. `None` if
    /// there is none by `latest`.
    pub(super) fn first_rested(&self, start: Timestamp, latest: Timestamp) -> Option<Timestamp> {
        let mut start = start;
        while start <= latest {
            let Some((anchor, needed)) = self.overlong_work(start) else {
                return Some(start);
            };
            let ends = |start| match anchor {
                Some(pause) => self.pause_moments(start)[pause].end,
                None => start,
            };
            let (mut short, mut enough) = (start, latest);
            if ends(enough) < needed {
                return None;
            }
            while enough - short > MOMENT {
                let middle = short + Seconds((enough - short).0 / 2);
                if ends(middle) < needed {
                    short = middle;
                } else {
                    enough = middle;
                }
            }
            start = enough;
        }
        None
    }

    /// A stretch of work that is too long if loading starts at `start`: the break at whose end it begins, by its position in
    /// the list, or the start, and when that would have to be.
    fn overlong_work(&self, start: Timestamp) -> Option<(Option<usize>, Timestamp)> {
        let pauses = self.pause_moments(start);
        let mut taken = self.rests.pauses.iter().zip(&pauses).enumerate().peekable();
        let (mut anchor, mut rested) = (None, start);
        for (number, rule) in self.courier.breaks.iter().enumerate() {
            let here = taken.next_if(|(_, (pause, _))| pause.number == number);
            if let BreakStart::AfterWork(limit) = rule.start {
                let begin = here.map(|(_, (_, moments))| moments.begin);
                let begin = begin.unwrap_or_else(|| self.end(start));
                if begin > rested + limit {
                    return Some((anchor, begin - limit));
                }
            }
            if let Some((position, (_, moments))) = here {
                (anchor, rested) = (Some(position), moments.end);
            }
        }
        None
    }

    /// The latest end for which no break is owed that has no place, if loading starts at `start`.
    pub(super) fn due(&self, start: Timestamp) -> Timestamp {
        let mut taken = (self.rests.pauses.iter().zip(self.pause_moments(start))).peekable();
        let mut rested = start;
        let mut due = Timestamp::LAST;
        for (number, rule) in self.courier.breaks.iter().enumerate() {
            if let Some((_, moments)) = taken.next_if(|(pause, _)| pause.number == number) {
                rested = moments.end;
                continue;
            }
            due = match rule.start {
                BreakStart::Within(window) if start >= window.end => due,
                BreakStart::Within(window) => due.min(window.end),
                BreakStart::AfterWork(limit) => due.min(rested + limit),
            };
        }
        due
    }

    /// By how much a break begins too late, or the tour goes on too long without one, at worst.
    pub(in crate::planner) fn break_excess(&self, start: Timestamp) -> Seconds {
        if self.courier.breaks.is_empty() {
            return Seconds::ZERO;
        }
        let late = self.pause_moments(start).into_iter();
        let late = late.map(|moments| moments.begin - moments.until);
        let owed = self.end(start) - self.due(start);
        late.chain([owed]).fold(Seconds::ZERO, Seconds::max)
    }

    /// The latest end of the tour that keeps it from owing breaks whose windows end later.
    pub(super) fn latest_end(&self) -> Timestamp {
        let end_by = self.rests.end_by.unwrap_or(self.shift_end);
        end_by.min(self.shift_end)
    }

    /// The tour without its breaks, nowhere later than with them.
    pub(in crate::planner) fn without_breaks(&self) -> Self {
        Self {
            rests: Rests::default(),
            ..self.clone()
        }
    }

    /// Puts the courier's breaks where they cost least.
    pub(in crate::planner) fn place_breaks(&mut self) {
        self.rests = Rests::default();
        if self.courier.breaks.is_empty() || self.visits.is_empty() {
            return;
        }
        let earliest = self.given_start.unwrap_or_else(|| self.earliest_start());
        let mut search = Search {
            tour: self.clone(),
            left: PLACEMENTS_MAX,
            best: None,
        };
        search.descend(Walk {
            n_before: 0,
            free: earliest + self.loading,
            next: 0,
            is_new: true,
            work: self.loading,
        });
        match search.best {
            Some((_, rests)) => self.rests = rests,
            None => self.place_late(earliest),
        }
    }

    /// Whether a break may be taken after so many visits: at the start or behind an order, not where the courier reloads.
    fn may_rest(&self, n_before: usize) -> bool {
        let before = n_before.checked_sub(1).map(|last| &self.visits[last]);
        before.is_none_or(|visit| visit.order().is_some())
    }

    /// Places the breaks that the tour owes if it starts at `start`, each at the last place where it is not late, or else
    /// the first that is left.
    fn place_late(&mut self, start: Timestamp) {
        self.rests.late_start = Some(start);
        let mut rested = start;
        for (number, rule) in self.courier.breaks.iter().enumerate() {
            let until = match rule.start {
                BreakStart::Within(window) if start >= window.end => continue,
                BreakStart::Within(window) => window.end,
                BreakStart::AfterWork(limit) => rested + limit,
            };
            if self.end(start) <= until {
                continue;
            }
            let last = self.rests.pauses.last();
            let first = rule.first_place(last.map(|pause| pause.n_before));
            let departures = self.moments(start).map(|moments| moments.departure);
            let free: Vec<Timestamp> = std::iter::once(start + self.loading)
                .chain(departures)
                .enumerate()
                .map(|(n_before, moment)| self.rests.pass(n_before, moment))
                .collect();
            let places = (first..free.len()).filter(|&place| self.may_rest(place));
            let mut in_time = places.clone().filter(|&place| free[place] <= until);
            let Some(n_before) = in_time.next_back().or_else(|| places.min()) else {
                continue;
            };
            self.rests.pauses.push(Pause {
                number,
                n_before,
                duration: rule.duration,
                start: rule.start,
            });
            rested = self
                .pause_moments(start)
                .last()
                .map_or(rested, |last| last.end);
        }
    }
}

/// Tries places for breaks, from the start of a tour to its end.
struct Search<'a> {
    tour: Tour<'a>,
    /// Placements that may still be timed.
    left: usize,
    best: Option<(Rank, Rests)>,
}

/// Duty beyond the limit, cost, duty and start of a tour: less is better.
type Rank = (Seconds, ExactCost, Seconds, Timestamp);

/// How far a search has got in a tour that starts as early as it may.
#[derive(Clone, Copy)]
struct Walk {
    /// Visits so far.
    n_before: usize,
    /// When the courier is free to leave.
    free: Timestamp,
    /// The next break.
    next: usize,
    /// Whether it has just become the next.
    is_new: bool,
    /// Time since the last break, or the start, without waiting, at least.
    work: Seconds,
}

impl Search<'_> {
    fn descend(&mut self, walk: Walk) {
        let breaks = &self.tour.courier.breaks;
        let rule = breaks.get(walk.next).copied();
        if self.left == 0 {
            return;
        }
        let is_too_late = match rule.map(|rule| rule.start) {
            Some(BreakStart::Within(window)) => walk.free > window.end,
            Some(BreakStart::AfterWork(limit)) => walk.work > limit,
            None => false,
        };
        // Late breaks first: there the tour has most work behind it.
        if !is_too_late {
            self.drive_on(walk);
        }
        let Some(rule) = rule else {
            return;
        };
        let last = self.tour.rests.pauses.last();
        if !is_too_late
            && self.tour.may_rest(walk.n_before)
            && walk.n_before >= rule.first_place(last.map(|last| last.n_before))
        {
            let pause = Pause {
                number: walk.next,
                n_before: walk.n_before,
                duration: rule.duration,
                start: rule.start,
            };
            self.tour.rests.pauses.push(pause);
            self.descend(Walk {
                free: pause.end(walk.free),
                next: walk.next + 1,
                is_new: true,
                work: Seconds::ZERO,
                ..walk
            });
            self.tour.rests.pauses.pop();
        }
        if walk.is_new {
            self.forgo(walk, rule.start);
        }
    }

    /// Leaves the next break out, in each way in which it is not owed.
    fn forgo(&mut self, walk: Walk, start: BreakStart) {
        let next = Walk {
            next: walk.next + 1,
            ..walk
        };
        let BreakStart::Within(window) = start else {
            // Whether it is owed shows in the end.
            self.descend(next);
            return;
        };
        let rests = &self.tour.rests;
        let (start_from, end_by) = (rests.start_from, rests.end_by);
        self.tour.rests.end_by = Some(end_by.map_or(window.end, |end| end.min(window.end)));
        self.descend(next);
        self.tour.rests.end_by = end_by;
        self.tour.rests.start_from = start_from.max(Some(window.end));
        self.descend(next);
        self.tour.rests.start_from = start_from;
    }

    /// Goes on to the next visit, or to the end.
    fn drive_on(&mut self, walk: Walk) {
        let Some(visit) = self.tour.visits.get(walk.n_before) else {
            if walk.next == self.tour.courier.breaks.len() {
                self.finish();
            }
            return;
        };
        let arrival = visit.way.arrival(walk.free);
        let service_start = visit.service_start(arrival);
        let free = service_start + visit.service;
        if visit.lateness(service_start) > Seconds::ZERO || free > self.tour.latest_end() {
            return;
        }
        self.descend(Walk {
            n_before: walk.n_before + 1,
            free,
            is_new: false,
            work: walk.work + visit.way.shortest() + visit.service,
            ..walk
        });
    }

    /// Keeps the placement if the tour is in time with it, at less cost than before.
    fn finish(&mut self) {
        self.left -= 1;
        let Some(start) = self.tour.sound_start() else {
            return;
        };
        let duty = self.tour.end(start) - start;
        let limit = self.tour.courier.limits.max_duty.unwrap_or(duty);
        let excess = Seconds::ZERO.max(duty - limit);
        let rank = (excess, self.tour.cost(start).total(), duty, start);
        if self.best.as_ref().is_none_or(|(best, _)| rank < *best) {
            self.best = Some((rank, self.tour.rests.clone()));
        }
    }
}

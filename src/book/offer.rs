//! What promising a window to an order would mean, and taking the order in.

use std::sync::Arc;

use super::insertion::{Candidate, Miss, Survey, exclusion, survey, with_stop};
use super::route::{LiveRoute, Obstacle};
use super::{BROKEN_STOPS, Book, Caller, Stop, Totals};
use crate::model::{ConstraintKind, TimeWindow};
use crate::promise::{Offer, OfferedWindow, RouteChange, Shortfall, WindowQuote};
use crate::units::Timestamp;

/// An order taken in.
#[derive(Debug)]
pub struct Taken {
    /// The book with it.
    pub book: Book,
    /// What it means.
    pub offer: Offer,
    /// The route that changed.
    pub change: RouteChange,
}

/// A position tried in full.
struct Tried {
    route: LiveRoute,
    totals: Totals,
    offer: Offer,
    verdict: Verdict,
    /// Cost, and what the promises put at risk count as.
    score: f64,
}

/// Whether the day's target stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Stands,
    ExpectedMissed,
    FloorMissed,
}

impl Book {
    /// What can be promised to `caller` at `now`, for each of `windows`.
    #[must_use]
    pub fn quote(
        &self,
        caller: &Arc<Caller>,
        windows: &[OfferedWindow],
        now: Timestamp,
    ) -> Vec<WindowQuote> {
        let open: Vec<&OfferedWindow> = (windows.iter())
            .filter(|window| now <= window.last_call())
            .collect();
        let stops: Vec<Arc<Stop>> = (open.iter())
            .map(|window| Stop::new(&self.site, caller, &window.id, window.window))
            .collect();
        let ranges: Vec<Vec<TimeWindow>> = stops.iter().map(|stop| stop.windows.clone()).collect();
        let surveys = survey(self, caller, &ranges);
        let mut outcomes = (surveys.iter().zip(&stops)).map(|(survey, stop)| {
            let tried = open_door(stop).and_then(|()| self.best(survey, stop));
            tried.and_then(|tried| tried.outcome(self))
        });
        let quote = |window: &OfferedWindow| WindowQuote {
            id: window.id.clone(),
            window: window.window,
            outcome: if now <= window.last_call() {
                outcomes.next().unwrap_or_else(|| Err(self.nobody()))
            } else {
                let cut_off = window.last_call();
                Err(Shortfall::PastCutOff { cut_off })
            },
        };
        windows.iter().map(quote).collect()
    }

    /// Takes `caller` in, in `window`, where that costs least.
    ///
    /// # Errors
    /// Why the window cannot be promised.
    pub fn take(&self, caller: &Arc<Caller>, window: &OfferedWindow) -> Result<Taken, Shortfall> {
        let tried = self.try_in(caller, window)?;
        if tried.verdict != Verdict::Stands {
            return Err(tried.shortfall(self));
        }
        Ok(self.taken(tried))
    }

    /// Takes `caller` in although the day's target may be missed: it has been promised already.
    ///
    /// # Errors
    /// Why there is no room.
    pub(super) fn take_anyway(
        &self,
        caller: &Arc<Caller>,
        window: &OfferedWindow,
    ) -> Result<Taken, Shortfall> {
        let tried = self.try_in(caller, window)?;
        Ok(self.taken(tried))
    }

    fn try_in(&self, caller: &Arc<Caller>, window: &OfferedWindow) -> Result<Tried, Shortfall> {
        let stop = Stop::new(&self.site, caller, &window.id, window.window);
        open_door(&stop)?;
        let ranges = [stop.windows.clone()];
        let surveys = survey(self, caller, &ranges);
        self.best(&surveys[0], &stop)
    }

    fn taken(&self, tried: Tried) -> Taken {
        Taken {
            change: tried.route.change(&self.site),
            book: self.with(tried.route),
            offer: tried.offer,
        }
    }

    /// The best position of a survey for `stop`, or why there is none.
    ///
    /// Rehearsing takes most of the time of a quote: what could not be the best even if it broke no promise is not.
    fn best(&self, survey: &Survey, stop: &Arc<Stop>) -> Result<Tried, Shortfall> {
        let candidates = survey.candidates();
        let drafts = candidates
            .iter()
            .enumerate()
            .filter_map(|(rank, candidate)| {
                let draft = self.draft(*candidate, stop).ok()?;
                Some((self.bound(&draft), rank, draft))
            });
        let mut drafts: Vec<(f64, usize, LiveRoute)> = drafts.collect();
        drafts.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut best: Option<(usize, Tried)> = None;
        for (bound, rank, draft) in drafts {
            if let Some((_, best)) = &best
                && best.verdict == Verdict::Stands
                && bound > best.score
            {
                break;
            }
            let tried = self.rehearse(draft, candidates[rank].position);
            let is_better = best.as_ref().is_none_or(|(before, best)| {
                let by_score = tried.score.total_cmp(&best.score);
                let order = tried.verdict.cmp(&best.verdict).then(by_score);
                order.then(rank.cmp(before)).is_lt()
            });
            if is_better {
                best = Some((rank, tried));
            }
        }
        if let Some((_, best)) = best {
            return Ok(best);
        }
        match (&survey.miss, candidates.first()) {
            (Some(miss), _) => Err(self.short(miss, stop)),
            // Room in time and load, but a limit on duty or distance is in the way.
            (None, Some(candidate)) => Err(self.limited(*candidate, stop)),
            (None, None) => Err(self.nobody()),
        }
    }

    /// Times and prices a route with `stop` in it.
    fn draft(&self, candidate: Candidate, stop: &Arc<Stop>) -> Result<LiveRoute, Obstacle> {
        let Candidate {
            driver, position, ..
        } = candidate;
        let stops = with_stop(&self.routes[driver], position, stop);
        LiveRoute::drafted(&self.site, driver, stops)
    }

    /// The least that the score of a drafted route could be when it has been rehearsed: if its courier broke no promise any
    /// more, and its start stayed as it is.
    fn bound(&self, draft: &LiveRoute) -> f64 {
        let before = &self.routes[draft.driver()];
        let cost = (self.totals.cost - before.cost() + draft.cost()).0 as f64;
        let broken: u32 = before.late_days().iter().sum();
        let broken = f64::from(broken) / f64::from(self.site.days().days());
        let share = BROKEN_STOPS * broken / (self.totals.stops + 1) as f64;
        // Where a promise broken counts as more than everything costs, a dearer route may have the lower score.
        if share >= 1.0 || draft.has_preferences() {
            return f64::NEG_INFINITY;
        }
        cost - self.totals.cost.0 as f64 - share * cost
    }

    /// Rehearses a drafted route with the order at `position`.
    fn rehearse(&self, draft: LiveRoute, position: usize) -> Tried {
        let route = draft.rehearsed(&self.site);
        let before = &self.routes[route.driver()];
        let totals = self.totals.replacing(&self.site, before, &route);
        let added_cost = totals.cost - self.totals.cost;
        let late = route.late_days();
        let own = late[position];
        let lowest = (0..late.len()).max_by_key(|&at| (late[at], at == position));
        let lowest = lowest.unwrap_or(position);
        let days = f64::from(self.site.days().days());
        let others = totals.broken as i64 - self.totals.broken as i64 - i64::from(own);
        let added_broken = (totals.broken as f64 - self.totals.broken as f64) / days;
        let offer = Offer {
            probability: self.site.chance(own),
            at_close: self.at_close(self.site.chance(own).estimate),
            added_cost: added_cost.rounded(),
            added_late: others as f64 / days,
            lowest: (
                self.site.chance(late[lowest]).estimate,
                route.stops()[lowest].order().clone(),
            ),
            courier: route.courier(&self.site).clone(),
            service_start: route.services()[position],
        };
        Tried {
            verdict: self.verdict(totals),
            score: added_cost.0 as f64 + totals.broken_price() * added_broken,
            route,
            totals,
            offer,
        }
    }

    /// Whether the day's target stands with `totals`; what is missed already may not get worse.
    fn verdict(&self, totals: Totals) -> Verdict {
        let Some(target) = self.site.terms().target else {
            return Verdict::Stands;
        };
        if totals.below_floor > self.totals.below_floor {
            return Verdict::FloorMissed;
        }
        let (before, after) = (self.expected(), self.site.expected(totals));
        if after < target.expected && after < before {
            Verdict::ExpectedMissed
        } else {
            Verdict::Stands
        }
    }

    /// Why nothing came of a survey's nearest miss; what it says would be possible has been tried.
    fn short(&self, miss: &Miss, stop: &Arc<Stop>) -> Shortfall {
        let own = &self.site.drivers()[miss.driver];
        if let Some(obstacle) = exclusion(&self.site, &own.courier, &stop.caller) {
            return Shortfall::NoCourier {
                constraint: obstacle.constraint,
                courier: Some(own.courier.id.clone()),
                subject: obstacle.subject,
                amount: obstacle.amount,
            };
        }
        let possible_from = miss.possible_from.filter(|from| {
            let longer = TimeWindow {
                start: *from,
                end: *from,
            };
            let later = Stop::new(&self.site, &stop.caller, &stop.window, longer);
            let stops = with_stop(&self.routes[miss.driver], miss.position, &later);
            LiveRoute::new(&self.site, miss.driver, stops).is_ok()
        });
        Shortfall::NoRoom {
            constraint: miss.obstacle.constraint,
            courier: own.courier.id.clone(),
            amount: miss.obstacle.amount,
            subject: miss.obstacle.subject.clone(),
            possible_from,
        }
    }

    fn limited(&self, candidate: Candidate, stop: &Arc<Stop>) -> Shortfall {
        let own = &self.site.drivers()[candidate.driver];
        let obstacle = match self.draft(candidate, stop) {
            Err(obstacle) => obstacle,
            Ok(_) => Obstacle::new(ConstraintKind::TimeWindow, 0),
        };
        Shortfall::NoRoom {
            constraint: obstacle.constraint,
            courier: own.courier.id.clone(),
            amount: obstacle.amount,
            subject: obstacle.subject,
            possible_from: None,
        }
    }

    /// There are no couriers.
    fn nobody(&self) -> Shortfall {
        Shortfall::NoCourier {
            constraint: ConstraintKind::CourierForbidden,
            courier: None,
            subject: String::new(),
            amount: 0,
        }
    }
}

/// Refuses windows in which the door is never open.
fn open_door(stop: &Stop) -> Result<(), Shortfall> {
    if !stop.windows.is_empty() {
        return Ok(());
    }
    let mut open = stop.caller.booking().order.windows.clone();
    open.sort_unstable();
    Err(Shortfall::DoorClosed { open })
}

impl Tried {
    fn outcome(self, book: &Book) -> Result<Offer, Shortfall> {
        match self.verdict {
            Verdict::Stands => Ok(self.offer),
            Verdict::ExpectedMissed | Verdict::FloorMissed => Err(self.shortfall(book)),
        }
    }

    fn shortfall(self, book: &Book) -> Shortfall {
        Shortfall::Target {
            expected: book.site.expected(self.totals),
            is_expected_missed: self.verdict == Verdict::ExpectedMissed,
            offer: Box::new(self.offer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::Site;
    use crate::generate::{DaySpec, bookings, day_terms};

    /// Every position is rehearsed.
    fn exhaustive(book: &Book, survey: &Survey, stop: &Arc<Stop>) -> Option<Tried> {
        let candidates = survey.candidates();
        let tried = candidates.iter().filter_map(|candidate| {
            let draft = book.draft(*candidate, stop).ok()?;
            Some(book.rehearse(draft, candidate.position))
        });
        tried.min_by(|a, b| {
            let by_score = a.score.total_cmp(&b.score);
            a.verdict.cmp(&b.verdict).then(by_score)
        })
    }

    #[test]
    fn what_is_not_rehearsed_would_not_have_been_the_best() {
        for seed in 1..=3 {
            let spec = DaySpec {
                seed,
                orders: 60,
                ..DaySpec::small()
            };
            let terms = Arc::new(day_terms(&spec));
            let mut book = Book::new(Arc::new(Site::new(Arc::clone(&terms))));
            for (number, booking) in bookings(&spec).into_iter().enumerate() {
                let caller = Caller::new(book.site(), Arc::new(booking));
                for window in &terms.windows {
                    let stop = Stop::new(&book.site, &caller, &window.id, window.window);
                    let surveys = survey(&book, &caller, std::slice::from_ref(&stop.windows));
                    let all = exhaustive(&book, &surveys[0], &stop);
                    let best = book.best(&surveys[0], &stop).ok();
                    let said = |tried: Option<Tried>| tried.map(|tried| tried.offer);
                    assert_eq!(said(best), said(all), "seed {seed}, {}", window.id);
                }
                let window = &terms.windows[number % terms.windows.len()];
                if let Ok(taken) = book.take(&caller, window) {
                    book = taken.book;
                }
            }
            assert!(book.totals().stops > 10, "seed {seed}");
        }
    }
}

//! What can be done to a day, and what it comes to: entries for the ledger and the book after them.

use std::sync::Arc;

use crate::book::{Book, Caller};
use crate::model::{PromiseId, WindowId};
use crate::promise::{
    Booking, Day, End, Event, OfferedWindow, PromiseRecord, PromiseState, Quote, Refusal,
    Shortfall, Statement,
};
use crate::units::{BasisPoints, Seconds, Timestamp};

/// A wish to change a day.
#[derive(Clone, Debug)]
pub(super) enum Command {
    /// Keep a window for an order.
    Hold {
        booking: Box<Booking>,
        window: WindowId,
        /// The smallest chance that the caller accepts.
        least: Option<BasisPoints>,
    },
    /// Make a hold a promise.
    Confirm(PromiseId),
    /// Let a hold go.
    Release(PromiseId),
    /// Take a promise back.
    Cancel(PromiseId),
    /// Give a promise another window, another content, or both.
    Amend {
        promise: PromiseId,
        window: Option<WindowId>,
        booking: Option<Box<Booking>>,
        least: Option<BasisPoints>,
    },
    /// Take over what is better in another book for about the same orders.
    TakeOver(Box<Book>),
    /// Take no more orders.
    Close,
}

/// What a command comes to.
#[derive(Debug)]
pub(super) struct Decision {
    /// What to write; nothing if nothing changes.
    pub(super) events: Vec<Event>,
    /// The book after it.
    pub(super) book: Book,
    /// The promise that the answer is about.
    pub(super) about: Option<PromiseId>,
}

/// A day as commands see it.
pub(super) struct Desk<'a> {
    pub(super) day: &'a Day,
    pub(super) book: &'a Book,
    pub(super) now: Timestamp,
    /// How long a quote is good for.
    pub(super) quote_lasts: Seconds,
}

impl Desk<'_> {
    /// What can be promised to an order.
    pub(super) fn quote(&self, caller: &Arc<Caller>) -> Quote {
        let terms = self.day.terms();
        Quote {
            windows: self.book.quote(caller, &terms.windows, self.now),
            plan_version: self.day.plan_version(),
            noise_version: terms.noise_version().to_owned(),
            at: self.now,
            expires_at: self.now + self.quote_lasts,
        }
    }

    /// What `command` comes to. A hold is to be called `fresh`.
    pub(super) fn decide(&self, command: Command, fresh: PromiseId) -> Result<Decision, Refusal> {
        if let Command::Close = command {
            return self.close();
        }
        self.day.check_open()?;
        match command {
            Command::Hold {
                booking,
                window,
                least,
            } => self.hold(booking, &window, least, fresh),
            Command::Confirm(promise) => self.confirm(promise),
            Command::Release(promise) => self.release(promise),
            Command::Cancel(promise) => self.cancel(promise),
            Command::Amend {
                promise,
                window,
                booking,
                least,
            } => self.amend(promise, window, booking, least),
            Command::TakeOver(better) => Ok(self.take_over(&better)),
            Command::Close => self.close(),
        }
    }

    fn hold(
        &self,
        booking: Box<Booking>,
        window: &WindowId,
        least: Option<BasisPoints>,
        fresh: PromiseId,
    ) -> Result<Decision, Refusal> {
        self.day.check_free(&booking.order.id)?;
        let offered = self.day.offered(window, self.now)?;
        let caller = Caller::new(self.book.site(), Arc::new(booking.as_ref().clone()));
        let taken = self.take(self.book, &caller, offered, least)?;
        let event = Event::Held {
            promise: fresh.clone(),
            statement: self.statement(offered, taken.offer.probability.estimate),
            booking,
            window: window.clone(),
            expires_at: self.now + self.day.terms().hold_duration,
            routes: vec![taken.change],
        };
        Ok(Decision {
            events: vec![event],
            book: taken.book,
            about: Some(fresh),
        })
    }

    /// Takes an order in, or refuses with everything that could be had instead.
    fn take(
        &self,
        book: &Book,
        caller: &Arc<Caller>,
        offered: &OfferedWindow,
        least: Option<BasisPoints>,
    ) -> Result<crate::book::Taken, Refusal> {
        let alternatives = || {
            let desk = Desk { book, ..*self };
            Box::new(desk.quote(caller))
        };
        let window = offered.id.clone();
        let taken = match book.take(caller, offered) {
            Ok(taken) => taken,
            Err(Shortfall::PastCutOff { cut_off }) => {
                return Err(Refusal::PastCutOff { window, cut_off });
            }
            Err(_) => {
                return Err(Refusal::NotPossible {
                    window,
                    alternatives: alternatives(),
                });
            }
        };
        let chance = BasisPoints::of_share(taken.offer.probability.estimate);
        if least.is_some_and(|least| chance < least) {
            return Err(Refusal::LessLikely {
                window,
                alternatives: alternatives(),
            });
        }
        Ok(taken)
    }

    fn statement(&self, offered: &OfferedWindow, probability: f64) -> Statement {
        let days = f64::from(self.day.terms().scenarios.max(1));
        let variance = probability * (1.0 - probability) / days;
        Statement {
            window: offered.window,
            probability: BasisPoints::of_share(probability),
            at_close: self.book.at_close(probability).map(BasisPoints::of_share),
            error: BasisPoints::of_share(variance.sqrt()),
            plan_version: self.day.plan_version(),
            noise_version: self.day.terms().noise_version().to_owned(),
        }
    }

    fn confirm(&self, promise: PromiseId) -> Result<Decision, Refusal> {
        let record = self.live(&promise, "confirmed")?;
        if record.state == PromiseState::Confirmed {
            return Ok(self.unchanged(promise));
        }
        let (chance, offered) = (self.chance(record), self.day.terms().window(&record.window));
        let statement = match offered {
            Some(offered) => self.statement(offered, chance),
            None => record.last.0.clone(),
        };
        let event = Event::Confirmed {
            promise: promise.clone(),
            statement,
        };
        Ok(Decision {
            events: vec![event],
            ..self.unchanged(promise)
        })
    }

    /// Nothing changes.
    fn unchanged(&self, promise: PromiseId) -> Decision {
        Decision {
            events: Vec::new(),
            book: self.book.clone(),
            about: Some(promise),
        }
    }

    /// The chance that the present plan keeps a promise.
    fn chance(&self, record: &PromiseRecord) -> f64 {
        let order = &record.booking.order.id;
        let standing = self
            .day
            .courier_of(order)
            .and_then(|courier| self.book.standing(courier, order));
        standing.map_or(0.0, |standing| standing.0.estimate)
    }

    fn live(&self, id: &PromiseId, wanted: &'static str) -> Result<&Arc<PromiseRecord>, Refusal> {
        let record = self.day.live_promise(id, wanted, self.now);
        record.map_err(|refusal| {
            if let Refusal::HoldExpired { promise, at, .. } = refusal {
                let record = self.day.promises().get(&promise);
                let alternatives = record.map(|record| {
                    let booking = Arc::new(record.booking.clone());
                    let caller = Caller::new(self.book.site(), booking);
                    Box::new(self.quote(&caller))
                });
                Refusal::HoldExpired {
                    promise,
                    at,
                    alternatives,
                }
            } else {
                refusal
            }
        })
    }

    fn release(&self, promise: PromiseId) -> Result<Decision, Refusal> {
        let record = self.day.promise(&promise)?;
        if matches!(record.state, PromiseState::Released | PromiseState::Expired) {
            return Ok(self.unchanged(promise));
        }
        if record.state != PromiseState::Held {
            return Err(Refusal::WrongState {
                promise,
                state: record.state,
                wanted: "released",
            });
        }
        Ok(self.end(record, End::Released))
    }

    fn cancel(&self, promise: PromiseId) -> Result<Decision, Refusal> {
        let record = self.day.promise(&promise)?;
        match record.state {
            PromiseState::Confirmed => Ok(self.end(record, End::Cancelled)),
            PromiseState::Cancelled => Ok(self.unchanged(promise)),
            state @ (PromiseState::Held | PromiseState::Released | PromiseState::Expired) => {
                Err(Refusal::WrongState {
                    promise,
                    state,
                    wanted: "cancelled",
                })
            }
        }
    }

    /// Takes an order out.
    fn end(&self, record: &PromiseRecord, end: End) -> Decision {
        let order = &record.booking.order.id;
        let moved = self
            .day
            .courier_of(order)
            .and_then(|courier| self.book.without(courier, order));
        let (book, routes) = match moved {
            Some(moved) => (moved.book, moved.changes),
            None => (self.book.clone(), Vec::new()),
        };
        let event = Event::Ended {
            promise: record.id.clone(),
            end,
            routes,
        };
        Decision {
            events: vec![event],
            book,
            about: Some(record.id.clone()),
        }
    }

    /// Ends the holds that have run out, one at a time: the first of them.
    pub(super) fn expire(&self) -> Option<Decision> {
        if self.day.check_open().is_err() {
            return None;
        }
        let record = self.day.expired(self.now).next()?;
        Some(self.end(record, End::Expired))
    }

    fn amend(
        &self,
        promise: PromiseId,
        window: Option<WindowId>,
        booking: Option<Box<Booking>>,
        least: Option<BasisPoints>,
    ) -> Result<Decision, Refusal> {
        let record = self.live(&promise, "amended")?;
        let window = window.unwrap_or_else(|| record.window.clone());
        let offered = if window == record.window {
            // What is promised may be changed after the cut-off, as long as the window stays.
            let known = self.day.terms().window(&window);
            match known {
                Some(offered) => OfferedWindow {
                    cut_off: Some(Timestamp::LAST),
                    ..offered.clone()
                },
                None => self.day.offered(&window, self.now)?.clone(),
            }
        } else {
            self.day.offered(&window, self.now)?.clone()
        };
        let booking = booking.unwrap_or_else(|| Box::new(record.booking.clone()));
        let order = &record.booking.order.id;
        let courier = self.day.courier_of(order);
        let without = courier.and_then(|courier| self.book.without(courier, order));
        let (book, mut routes) = match without {
            Some(moved) => (moved.book, moved.changes),
            None => (self.book.clone(), Vec::new()),
        };
        let caller = Caller::new(self.book.site(), Arc::new(booking.as_ref().clone()));
        let taken = self.take(&book, &caller, &offered, least)?;
        routes.retain(|change| change.courier != taken.change.courier);
        routes.push(taken.change);
        let event = Event::Amended {
            promise: promise.clone(),
            statement: self.statement(&offered, taken.offer.probability.estimate),
            booking,
            window,
            routes,
        };
        Ok(Decision {
            events: vec![event],
            book: taken.book,
            about: Some(promise),
        })
    }

    fn take_over(&self, better: &Book) -> Decision {
        match self.book.catching_up(better) {
            Some(moved) => Decision {
                events: vec![Event::Replanned {
                    routes: moved.changes,
                }],
                book: moved.book,
                about: None,
            },
            None => Decision {
                events: Vec::new(),
                book: self.book.clone(),
                about: None,
            },
        }
    }

    /// Ends all holds, which nobody could confirm any more, and the day.
    fn close(&self) -> Result<Decision, Refusal> {
        self.day.check_open()?;
        let mut events = Vec::new();
        let mut book = self.book.clone();
        let promises = self.day.live().values();
        let promises = promises.filter_map(|id| self.day.promises().get(id));
        for record in promises.filter(|record| record.state == PromiseState::Held) {
            let desk = Desk {
                book: &book,
                ..*self
            };
            let decision = desk.end(record, End::Released);
            events.extend(decision.events);
            book = decision.book;
        }
        events.push(Event::Closed);
        Ok(Decision {
            events,
            book,
            about: None,
        })
    }
}

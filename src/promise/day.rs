//! The state of a day: what all entries of its ledger together say.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Booking, DayTerms, End, Entry, Event, OfferedWindow, Refusal, RouteChange, Statement};
use crate::model::{CourierId, OrderId, PromiseId, WindowId};
use crate::units::Timestamp;

/// Whether a day takes orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DayState {
    /// It does.
    Open,
    /// It does not any more; its plan is final.
    Closed,
}

/// What has become of a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PromiseState {
    /// It keeps its place in the plan until it is confirmed or expires.
    Held,
    /// It is to be kept.
    Confirmed,
    /// The hold was let go.
    Released,
    /// The hold ran out.
    Expired,
    /// It was taken back after it had been confirmed.
    Cancelled,
}

impl PromiseState {
    /// Whether the order is in the plan.
    #[must_use]
    pub fn is_live(self) -> bool {
        matches!(self, Self::Held | Self::Confirmed)
    }
}

impl fmt::Display for PromiseState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Held => "held",
            Self::Confirmed => "confirmed",
            Self::Released => "released",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        })
    }
}

/// Everything that is known of a promise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PromiseRecord {
    /// Identifies the promise.
    pub id: PromiseId,
    /// For what.
    pub booking: Booking,
    /// In which window.
    pub window: WindowId,
    /// What has become of it.
    pub state: PromiseState,
    /// The last moment at which the hold can be confirmed.
    pub expires_at: Timestamp,
    /// What was said first, and when: at the confirmation, or before it at the hold. Amendments do not change it: this is
    /// the promise by which the day is judged.
    pub first: (Statement, Timestamp),
    /// What was said last, and when.
    pub last: (Statement, Timestamp),
    /// How often it was amended.
    pub amendments: u32,
    /// Numbers of its entries in the ledger.
    pub entries: Vec<u64>,
}

/// Orders in the sequence of visits, and when loading starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// The orders; at least one.
    pub orders: Vec<OrderId>,
    /// The start; `None` leaves it to the planner's rule.
    pub start: Option<Timestamp>,
}

/// An entry does not fit the entries before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {number} of the ledger does not fit: {reason}")]
pub struct Unfit {
    /// The entry.
    pub number: u64,
    /// What does not fit.
    pub reason: String,
}

/// A day as its ledger says it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Day {
    terms: Arc<DayTerms>,
    state: DayState,
    /// Entries so far.
    length: u64,
    last_at: Timestamp,
    plan_version: u64,
    promises: BTreeMap<PromiseId, Arc<PromiseRecord>>,
    /// Holds that can still be confirmed, by the moment at which they run out.
    holds: BTreeSet<(Timestamp, PromiseId)>,
    /// Promises of orders in the plan.
    live: BTreeMap<OrderId, PromiseId>,
    routes: BTreeMap<CourierId, Sequence>,
    /// Whose route an order is in.
    courier_of: BTreeMap<OrderId, CourierId>,
}

impl Day {
    /// The day that `entry` opens.
    ///
    /// # Errors
    /// If it is not the first entry of a ledger.
    pub fn open(entry: &Entry) -> Result<Self, Unfit> {
        let Event::Opened(terms) = &entry.event else {
            return Err(unfit(entry, "the day is not open yet"));
        };
        if entry.number != 0 {
            return Err(unfit(entry, "a day is opened by entry 0"));
        }
        Ok(Self {
            terms: Arc::new(terms.as_ref().clone()),
            state: DayState::Open,
            length: 1,
            last_at: entry.at,
            plan_version: 0,
            promises: BTreeMap::new(),
            holds: BTreeSet::new(),
            live: BTreeMap::new(),
            routes: BTreeMap::new(),
            courier_of: BTreeMap::new(),
        })
    }

    /// The day that a whole ledger makes.
    ///
    /// # Errors
    /// If an entry does not fit.
    pub fn replay(entries: &[Entry]) -> Result<Self, Unfit> {
        let Some((first, rest)) = entries.split_first() else {
            return Err(Unfit {
                number: 0,
                reason: "the ledger is empty".to_owned(),
            });
        };
        let mut day = Self::open(first)?;
        rest.iter().try_for_each(|entry| day.apply(entry))?;
        Ok(day)
    }

    /// The terms.
    #[must_use]
    pub fn terms(&self) -> &Arc<DayTerms> {
        &self.terms
    }

    /// Whether it takes orders.
    #[must_use]
    pub fn state(&self) -> DayState {
        self.state
    }

    /// How many entries the ledger has: the number of the next one.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The moment of the last entry.
    #[must_use]
    pub fn last_at(&self) -> Timestamp {
        self.last_at
    }

    /// The number of the entry that changed routes last.
    #[must_use]
    pub fn plan_version(&self) -> u64 {
        self.plan_version
    }

    /// All promises there ever were.
    #[must_use]
    pub fn promises(&self) -> &BTreeMap<PromiseId, Arc<PromiseRecord>> {
        &self.promises
    }

    /// Promises in the plan, by order.
    #[must_use]
    pub fn live(&self) -> &BTreeMap<OrderId, PromiseId> {
        &self.live
    }

    /// Routes with at least one stop.
    #[must_use]
    pub fn routes(&self) -> &BTreeMap<CourierId, Sequence> {
        &self.routes
    }

    /// Who visits `order`, if it is in the plan.
    #[must_use]
    pub fn courier_of(&self, order: &OrderId) -> Option<&CourierId> {
        self.courier_of.get(order)
    }

    /// The promise called `id`.
    ///
    /// # Errors
    /// If there is none.
    pub fn promise(&self, id: &PromiseId) -> Result<&Arc<PromiseRecord>, Refusal> {
        let promise = self.promises.get(id);
        promise.ok_or_else(|| Refusal::UnknownPromise(id.clone()))
    }

    /// Holds that have run out by `now`, the first of them first.
    pub fn expired(&self, now: Timestamp) -> impl Iterator<Item = &Arc<PromiseRecord>> {
        let expired = self.holds.iter();
        let expired = expired.take_while(move |(expires_at, _)| *expires_at < now);
        expired.filter_map(|(_, id)| self.promises.get(id))
    }

    /// Checks that the day takes changes.
    ///
    /// # Errors
    /// If it is closed.
    pub fn check_open(&self) -> Result<(), Refusal> {
        match self.state {
            DayState::Open => Ok(()),
            DayState::Closed => Err(Refusal::DayClosed(self.terms.id.clone())),
        }
    }

    /// The window `id`, if it can still be promised at `now`.
    ///
    /// # Errors
    /// If the day does not offer it, or not any more.
    pub fn offered(&self, id: &WindowId, now: Timestamp) -> Result<&OfferedWindow, Refusal> {
        let Some(window) = self.terms.window(id) else {
            let names = self.terms.windows.iter().map(|window| window.id.as_str());
            return Err(Refusal::UnknownWindow {
                window: id.clone(),
                offered: names.collect::<Vec<_>>().join(", "),
            });
        };
        if now > window.last_call() {
            return Err(Refusal::PastCutOff {
                window: id.clone(),
                cut_off: window.last_call(),
            });
        }
        Ok(window)
    }

    /// Checks that `order` has no promise yet.
    ///
    /// # Errors
    /// If it has.
    pub fn check_free(&self, order: &OrderId) -> Result<(), Refusal> {
        match self.live.get(order) {
            None => Ok(()),
            Some(promise) => Err(Refusal::OrderTaken {
                order: order.clone(),
                promise: promise.clone(),
            }),
        }
    }

    /// The promise `id`, which someone wants to be `wanted`, if it is in the plan at `now`.
    ///
    /// # Errors
    /// If it is not known, has ended, or is a hold that has run out.
    pub fn live_promise(
        &self,
        id: &PromiseId,
        wanted: &'static str,
        now: Timestamp,
    ) -> Result<&Arc<PromiseRecord>, Refusal> {
        let promise = self.promise(id)?;
        let has_run_out = promise.state == PromiseState::Held && promise.expires_at < now;
        if promise.state == PromiseState::Expired || has_run_out {
            return Err(Refusal::HoldExpired {
                promise: id.clone(),
                at: promise.expires_at,
                alternatives: None,
            });
        }
        if !promise.state.is_live() {
            return Err(Refusal::WrongState {
                promise: id.clone(),
                state: promise.state,
                wanted,
            });
        }
        Ok(promise)
    }

    /// Takes the next entry.
    ///
    /// # Errors
    /// If it does not fit; then nothing has changed.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), Unfit> {
        let reject = |reason: String| Unfit {
            number: entry.number,
            reason,
        };
        if entry.number != self.length {
            return Err(reject(format!("the next entry has number {}", self.length)));
        }
        if entry.at < self.last_at {
            return Err(reject("it was written before the entry before".to_owned()));
        }
        if self.state == DayState::Closed {
            return Err(reject("the day is closed".to_owned()));
        }
        let changed = self.changed_promise(entry).map_err(reject)?;
        self.check_routes(entry.event.routes(), changed.as_ref())
            .map_err(reject)?;
        self.take(entry, changed);
        Ok(())
    }

    /// The promise that `entry` is about, as it is afterwards.
    fn changed_promise(&self, entry: &Entry) -> Result<Option<PromiseRecord>, String> {
        let said = entry.event.statement().map(|said| (said.clone(), entry.at));
        let known = |id: &PromiseId| {
            let promise = self.promises.get(id);
            promise.ok_or_else(|| format!("there is no promise {id}"))
        };
        let live = |id: &PromiseId| {
            let promise = known(id)?;
            if promise.state.is_live() {
                Ok(PromiseRecord::clone(promise))
            } else {
                Err(format!("promise {id} is {} already", promise.state))
            }
        };
        let mut promise = match &entry.event {
            Event::Opened(_) => return Err("the day is open already".to_owned()),
            Event::Replanned { .. } | Event::Closed => return Ok(None),
            Event::Held { .. } => self.held_promise(entry)?,
            Event::Confirmed { promise, .. } => {
                let mut promise = live(promise)?;
                if promise.state != PromiseState::Held {
                    return Err(format!("promise {} is confirmed already", promise.id));
                }
                promise.state = PromiseState::Confirmed;
                if let Some(said) = &said {
                    promise.first = said.clone();
                }
                promise
            }
            Event::Amended {
                promise,
                booking,
                window,
                ..
            } => {
                let mut promise = live(promise)?;
                if promise.booking.order.id != booking.order.id {
                    return Err("an amendment keeps the order's id".to_owned());
                }
                promise.booking = booking.as_ref().clone();
                promise.window = window.clone();
                promise.amendments += 1;
                promise
            }
            Event::Ended { promise, end, .. } => {
                let mut promise = live(promise)?;
                promise.state = match (end, promise.state) {
                    (End::Released, PromiseState::Held) => PromiseState::Released,
                    (End::Expired, PromiseState::Held) => PromiseState::Expired,
                    (End::Cancelled, PromiseState::Confirmed) => PromiseState::Cancelled,
                    (_, state) => return Err(format!("a {state} promise does not end like that")),
                };
                promise
            }
        };
        if self.terms.window(&promise.window).is_none() {
            return Err(format!("the day has no window {}", promise.window));
        }
        if let Some(said) = said {
            promise.last = said;
        }
        promise.entries.push(entry.number);
        Ok(Some(promise))
    }

    /// The promise of a hold.
    fn held_promise(&self, entry: &Entry) -> Result<PromiseRecord, String> {
        let Event::Held {
            promise,
            booking,
            window,
            statement,
            expires_at,
            ..
        } = &entry.event
        else {
            return Err("it is no hold".to_owned());
        };
        if self.promises.contains_key(promise) {
            return Err(format!("there is a promise {promise} already"));
        }
        if self.live.contains_key(&booking.order.id) {
            return Err(format!("order {} has a promise already", booking.order.id));
        }
        let said = (statement.clone(), entry.at);
        Ok(PromiseRecord {
            id: promise.clone(),
            booking: booking.as_ref().clone(),
            window: window.clone(),
            state: PromiseState::Held,
            expires_at: *expires_at,
            first: said.clone(),
            last: said,
            amendments: 0,
            entries: Vec::new(),
        })
    }

    /// Checks that after `changes` every promise in the plan has exactly one place, and nothing else has one.
    fn check_routes(
        &self,
        changes: &[RouteChange],
        changed: Option<&PromiseRecord>,
    ) -> Result<(), String> {
        let mut place_of: BTreeMap<&OrderId, &CourierId> = BTreeMap::new();
        let mut couriers = BTreeMap::new();
        for change in changes {
            let courier = &change.courier;
            if self.terms.base.courier(courier).is_none() {
                return Err(format!("there is no courier {courier}"));
            }
            if couriers.insert(courier, ()).is_some() {
                return Err(format!("the route of courier {courier} changes twice"));
            }
            for order in &change.orders {
                if place_of.insert(order, courier).is_some() {
                    return Err(format!("order {order} has two places"));
                }
            }
        }
        let is_live = |order: &OrderId| match changed {
            Some(promise) if promise.booking.order.id == *order => promise.state.is_live(),
            _ => self.live.contains_key(order),
        };
        for order in place_of.keys() {
            if !is_live(order) {
                return Err(format!("order {order} has a place, but no promise"));
            }
            let before = self.courier_of.get(*order);
            if before.is_some_and(|courier| !couriers.contains_key(courier)) {
                return Err(format!("order {order} has a place already"));
            }
        }
        // Whoever had a place in a changed route, and the changed promise itself, must have one now if live.
        let routes = couriers
            .keys()
            .filter_map(|courier| self.routes.get(*courier));
        let before = routes.flat_map(|route| &route.orders);
        let own = changed.map(|promise| &promise.booking.order.id);
        for order in before.chain(own) {
            let has_place = place_of.contains_key(order)
                || (self.courier_of.get(order))
                    .is_some_and(|courier| !couriers.contains_key(courier));
            if has_place != is_live(order) {
                let lacks = if has_place {
                    "a place too many"
                } else {
                    "no place"
                };
                return Err(format!("order {order} has {lacks}"));
            }
        }
        Ok(())
    }

    /// Does what `entry` says, which fits.
    fn take(&mut self, entry: &Entry, changed: Option<PromiseRecord>) {
        for change in entry.event.routes() {
            if let Some(route) = self.routes.remove(&change.courier) {
                for order in &route.orders {
                    self.courier_of.remove(order);
                }
            }
        }
        for change in entry.event.routes() {
            for order in &change.orders {
                self.courier_of
                    .insert(order.clone(), change.courier.clone());
            }
            if !change.orders.is_empty() {
                let sequence = Sequence {
                    orders: change.orders.clone(),
                    start: change.start,
                };
                self.routes.insert(change.courier.clone(), sequence);
            }
            self.plan_version = entry.number;
        }
        if let Some(promise) = changed {
            // A hold runs out at the same moment as long as it is one.
            let hold = (promise.expires_at, promise.id.clone());
            if promise.state == PromiseState::Held {
                self.holds.insert(hold);
            } else {
                self.holds.remove(&hold);
            }
            let order = &promise.booking.order.id;
            if promise.state.is_live() {
                self.live.insert(order.clone(), promise.id.clone());
            } else {
                self.live.remove(order);
            }
            self.promises.insert(promise.id.clone(), Arc::new(promise));
        }
        if entry.event == Event::Closed {
            self.state = DayState::Closed;
        }
        self.length += 1;
        self.last_at = entry.at;
    }
}

fn unfit(entry: &Entry, reason: &str) -> Unfit {
    Unfit {
        number: entry.number,
        reason: reason.to_owned(),
    }
}

//! The audit: the whole ledger read back and added up naively, against what customers were told and against the plan.
//!
//! Shares nothing with the code that keeps days: it knows the wire alone.

use std::collections::{BTreeMap, BTreeSet};

use punctual::grpc::pb::{self, EntryKind};
use tonic::Status;

use crate::customer::{Deed, Ticket};
use crate::server::Clients;

/// What was found, one line each; nothing if all is well.
pub(crate) type Findings = Vec<String>;

/// A day as it is read from outside. The ledger is read last, so it has everything that the others know.
pub(crate) struct Reading {
    day: pb::DaySummary,
    terms: pb::DayTerms,
    plan: pb::PlannedDay,
    evaluated: pb::Plan,
    promises: Vec<pb::PromiseRecord>,
    pub(crate) ledger: Vec<pb::LedgerEntry>,
}

impl Reading {
    /// Reads a day.
    pub(crate) async fn of(day_id: &str, clients: &mut Clients) -> Result<Self, Status> {
        let request = pb::GetDayRequest {
            day_id: day_id.to_owned(),
            with_terms: true,
            with_plan: true,
            scenarios: Some(128),
        };
        let read = clients.promises.get_day(request).await?.into_inner();
        let plan = read.plan.unwrap_or_default();
        let request = pb::EvaluatePlanRequest {
            problem: plan.problem.clone(),
            routes: sketches(&plan),
            forecast: None,
        };
        // Without orders there is no problem to plan.
        let evaluated = if sketches(&plan).is_empty() {
            plan.plan.clone().unwrap_or_default()
        } else {
            let evaluated = clients.planning.evaluate_plan(request).await?;
            evaluated.into_inner().plan.unwrap_or_default()
        };
        Ok(Self {
            day: read.day.unwrap_or_default(),
            terms: read.terms.unwrap_or_default(),
            plan,
            evaluated,
            promises: promises(day_id, clients).await?,
            ledger: entries(day_id, clients).await?,
        })
    }

    /// Everything that is not as it should be.
    pub(crate) fn audit(&self, tickets: &[Ticket]) -> Findings {
        let mut found = Findings::new();
        let Some((summed, rest)) = self.replay(&mut found) else {
            return found;
        };
        self.audit_plan(&summed, &mut found);
        self.audit_promises(&rest, &mut found);
        for ticket in tickets {
            let kept = rest.histories.get(&ticket.order.id);
            let kept = kept.map_or(&[][..], Vec::as_slice);
            if let Err(what) = self.audit_ticket(ticket, kept, &rest) {
                let order = &ticket.order.id;
                found.push(format!(
                    "order {order}: {what}\n  told: {:?}\n  unanswered: {:?}\n  ledger: {kept:?}",
                    ticket.deeds, ticket.unknown
                ));
            }
        }
        let known: BTreeSet<&String> = tickets.iter().map(|ticket| &ticket.order.id).collect();
        for order in rest.histories.keys().filter(|order| !known.contains(order)) {
            found.push(format!(
                "order {order} is in the ledger; nobody asked for it"
            ));
        }
        found
    }

    /// Adds the ledger up: as far as the plan was read, and to its end.
    fn replay(&self, found: &mut Findings) -> Option<(Sum, Sum)> {
        let mut sum = Sum::default();
        let mut at_plan = None;
        for (number, entry) in (0..).zip(&self.ledger) {
            if entry.number != number {
                found.push(format!("entry {number} has number {}", entry.number));
                return None;
            }
            if (entry.kind() == EntryKind::Opened) != (number == 0) {
                found.push(format!("entry {number} opens the day"));
            }
            sum.add(entry, found);
            sum.check_places(number, found);
            if number + 1 == self.day.entries {
                at_plan = Some(sum.clone());
            }
        }
        if at_plan.is_none() {
            found.push(format!(
                "the ledger has not even {} entries",
                self.day.entries
            ));
        }
        Some((at_plan?, sum))
    }

    fn audit_plan(&self, sum: &Sum, found: &mut Findings) {
        let plan = self.plan.plan.clone().unwrap_or_default();
        for (what, plan) in [("GetDay", &plan), ("EvaluatePlan", &self.evaluated)] {
            let verdict = plan.verdict.clone().unwrap_or_default();
            if !verdict.feasible || plan.broken_promises > 0 || !plan.unserved_orders.is_empty() {
                found.push(format!("{what}: the plan is broken: {verdict:?}"));
            }
        }
        let routes = plan.routes.iter().map(|route| {
            let stops = route.stops.iter().map(|stop| stop.order_id.clone());
            (route.courier_id.clone(), stops.collect())
        });
        let routes: BTreeMap<String, Vec<String>> = routes.collect();
        if routes != sum.routes {
            found.push(format!(
                "the plan is {routes:?}, the ledger says {:?}",
                sum.routes
            ));
        }
        let counts = self.day.counts.unwrap_or_default();
        let counted = |kind| -> i64 {
            let states = sum.states.values();
            states.map(|state| i64::from(state.kind == kind)).sum()
        };
        let held = counted(EntryKind::Held);
        let confirmed = counted(EntryKind::Confirmed);
        if (i64::from(counts.held), i64::from(counts.confirmed)) != (held, confirmed) {
            found.push(format!("counts are {counts:?}, not {held} and {confirmed}"));
        }
        let problem = self.plan.problem.clone().unwrap_or_default();
        for route in &plan.routes {
            let courier = problem.couriers.iter().find(|c| c.id == route.courier_id);
            match courier {
                None => found.push(format!("there is no courier {}", route.courier_id)),
                Some(courier) => self.audit_route(route, courier, sum, found),
            }
        }
    }

    /// Windows and loads of one route, from what the ledger says of its orders.
    fn audit_route(
        &self,
        route: &pb::Route,
        courier: &pb::Courier,
        sum: &Sum,
        found: &mut Findings,
    ) {
        for stop in &route.stops {
            let window = sum.live.get(&stop.order_id).and_then(|promise| {
                let state = &sum.states[promise];
                let offered = self.terms.windows.iter().find(|w| w.id == state.window);
                offered?.window
            });
            let is_kept = window.is_some_and(|window| {
                let service = seconds(stop.service_start_time);
                (seconds(window.start_time)..=seconds(window.end_time)).contains(&service)
            });
            if !is_kept {
                found.push(format!("{stop:?} is not in its window {window:?}"));
            }
        }
        for (dimension, capacity) in &courier.capacities {
            let load = |order_id: &String, is_collected: bool| {
                let order = sum.orders.get(order_id).cloned().unwrap_or_default();
                let is_collection = order.kind() == pb::OrderKind::Collection;
                let load = order.loads.get(dimension).copied().unwrap_or(0);
                if is_collection == is_collected {
                    load
                } else {
                    0
                }
            };
            let stops = route.stops.iter().map(|stop| &stop.order_id);
            let mut on_board: i64 = stops.clone().map(|order| load(order, false)).sum();
            let mut peak = on_board;
            for order in stops {
                on_board += load(order, true) - load(order, false);
                peak = peak.max(on_board);
            }
            if peak > *capacity {
                let courier = &courier.id;
                found.push(format!(
                    "{courier} carries {peak} {dimension} of {capacity}"
                ));
            }
        }
    }

    /// What the service says of every promise is what its entries say.
    fn audit_promises(&self, sum: &Sum, found: &mut Findings) {
        let listed: BTreeSet<&String> = self.promises.iter().map(|p| &p.promise_id).collect();
        if listed.len() != self.promises.len() {
            found.push("a promise is listed twice".to_owned());
        }
        for promise in &self.promises {
            let numbers: BTreeSet<u64> = promise.entry_numbers.iter().copied().collect();
            let last = numbers
                .last()
                .and_then(|number| usize::try_from(*number).ok());
            let entry = last.and_then(|number| self.ledger.get(number));
            let state = match promise.state() {
                pb::PromiseState::Held => EntryKind::Held,
                pb::PromiseState::Confirmed => EntryKind::Confirmed,
                pb::PromiseState::Released => EntryKind::Released,
                pb::PromiseState::Expired => EntryKind::Expired,
                pb::PromiseState::Cancelled => EntryKind::Cancelled,
                pb::PromiseState::Unspecified => EntryKind::Unspecified,
            };
            let is_right = entry.is_some_and(|entry| {
                let is_state = entry.kind() == state || entry.kind() == EntryKind::Amended;
                is_state && entry.promise_id == promise.promise_id
            });
            if !is_right || numbers.len() != promise.entry_numbers.len() {
                found.push(format!("{promise:?} does not follow from {entry:?}"));
            }
        }
        let known = sum
            .states
            .keys()
            .filter(|promise| !listed.contains(promise));
        for promise in known {
            // Nothing is held between the two readings: customers are quiet.
            found.push(format!(
                "promise {promise} is in the ledger, but not listed"
            ));
        }
    }

    /// The history of one order in the ledger is what its customer was told, and at most the one change without an answer.
    fn audit_ticket(&self, ticket: &Ticket, kept: &[Event], sum: &Sum) -> Result<(), String> {
        let mut events = kept.iter().peekable();
        let mut told: Vec<(&Deed, bool)> = ticket.deeds.iter().map(|deed| (deed, true)).collect();
        told.extend(ticket.unknown.iter().map(|deed| (deed, false)));
        for (deed, is_acknowledged) in told {
            while events
                .next_if(|event| event.happens_by_itself(deed))
                .is_some()
            {}
            let is_there = events.next_if(|event| event.is(deed)).is_some();
            if is_acknowledged && !is_there {
                return Err(match events.peek() {
                    None => format!("lost: {deed:?}"),
                    Some(event) => format!("{event:?} in place of {deed:?}"),
                });
            }
        }
        let rest = events.filter(|event| {
            // Closing releases what is only held.
            let is_closed = event.deed.kind == EntryKind::Released && sum.is_closed;
            !(event.deed.kind == EntryKind::Expired || is_closed)
        });
        match rest.collect::<Vec<_>>().as_slice() {
            [] => Ok(()),
            more => Err(format!("nobody asked for {more:?}")),
        }
    }
}

/// An event of an order's history.
#[derive(Clone, Debug)]
struct Event {
    /// Of the entry; for messages.
    #[expect(dead_code, reason = "shown where an audit fails")]
    number: u64,
    deed: Deed,
}

impl Event {
    fn is(&self, deed: &Deed) -> bool {
        let is_promise = deed.promise.is_empty() || deed.promise == self.deed.promise;
        is_promise && self.deed.kind == deed.kind && self.deed.window == deed.window
    }

    /// Whether it is the end of a hold that ran out before `next`, which nobody has to ask for.
    fn happens_by_itself(&self, next: &Deed) -> bool {
        self.deed.kind == EntryKind::Expired && next.kind != EntryKind::Expired
    }
}

/// What has become of a promise.
#[derive(Clone, Debug)]
struct State {
    order: String,
    /// The kind of the entry that made it what it is; amendments do not.
    kind: EntryKind,
    window: String,
    expiry: i64,
}

/// Entries added up.
#[derive(Clone, Default)]
struct Sum {
    states: BTreeMap<String, State>,
    orders: BTreeMap<String, pb::Order>,
    /// Promises of orders in the plan.
    live: BTreeMap<String, String>,
    routes: BTreeMap<String, Vec<String>>,
    histories: BTreeMap<String, Vec<Event>>,
    is_closed: bool,
    written: i64,
}

impl Sum {
    fn add(&mut self, entry: &pb::LedgerEntry, found: &mut Findings) {
        let written = seconds(entry.written_time);
        if written < self.written || self.is_closed {
            found.push(format!("{entry:?} comes too late"));
        }
        self.written = written;
        let promise = &entry.promise_id;
        let kind = entry.kind();
        match kind {
            EntryKind::Held => self.hold(entry, found),
            EntryKind::Confirmed
            | EntryKind::Amended
            | EntryKind::Released
            | EntryKind::Expired
            | EntryKind::Cancelled => match self.states.get_mut(promise) {
                None => found.push(format!("{entry:?} is about nothing")),
                Some(state) => {
                    let is_right = match kind {
                        EntryKind::Amended => {
                            matches!(state.kind, EntryKind::Held | EntryKind::Confirmed)
                        }
                        EntryKind::Cancelled => state.kind == EntryKind::Confirmed,
                        EntryKind::Expired => {
                            state.kind == EntryKind::Held && written > state.expiry
                        }
                        EntryKind::Confirmed | EntryKind::Released => state.kind == EntryKind::Held,
                        EntryKind::Held
                        | EntryKind::Opened
                        | EntryKind::Replanned
                        | EntryKind::Closed
                        | EntryKind::Unspecified => false,
                    };
                    if !is_right {
                        found.push(format!("{entry:?} after {state:?}"));
                    }
                    if kind == EntryKind::Amended {
                        state.window = entry.window_id.clone();
                        let order = entry.order.clone().unwrap_or_default();
                        self.orders.insert(state.order.clone(), order);
                    } else {
                        state.kind = kind;
                    }
                    if !matches!(kind, EntryKind::Confirmed | EntryKind::Amended) {
                        self.live.remove(&state.order);
                    }
                }
            },
            EntryKind::Closed => self.is_closed = true,
            EntryKind::Opened | EntryKind::Replanned | EntryKind::Unspecified => {}
        }
        if let Some(state) = self.states.get(promise) {
            let deed = Deed {
                kind,
                promise: promise.clone(),
                window: entry.window_id.clone(),
            };
            let history = self.histories.entry(state.order.clone()).or_default();
            history.push(Event {
                number: entry.number,
                deed,
            });
        }
        for change in &entry.routes {
            self.routes.remove(&change.courier_id);
            if !change.order_ids.is_empty() {
                self.routes
                    .insert(change.courier_id.clone(), change.order_ids.clone());
            }
        }
    }

    fn hold(&mut self, entry: &pb::LedgerEntry, found: &mut Findings) {
        let order = entry.order.clone().unwrap_or_default();
        let state = State {
            order: order.id.clone(),
            kind: EntryKind::Held,
            window: entry.window_id.clone(),
            expiry: seconds(entry.expiry_time),
        };
        if self
            .states
            .insert(entry.promise_id.clone(), state)
            .is_some()
        {
            found.push(format!("promise {} is made twice", entry.promise_id));
        }
        if let Some(other) = self.live.insert(order.id.clone(), entry.promise_id.clone()) {
            found.push(format!(
                "order {} is promised twice, {other} is live",
                order.id
            ));
        }
        self.orders.insert(order.id.clone(), order);
    }

    /// Every live promise has exactly one place, and nothing else has one.
    fn check_places(&self, number: u64, found: &mut Findings) {
        let mut places: Vec<&String> = self.routes.values().flatten().collect();
        places.sort();
        if !places.iter().copied().eq(self.live.keys()) {
            let live = &self.live;
            found.push(format!(
                "after entry {number}: live {live:?}, in the plan {places:?}"
            ));
        }
    }
}

fn seconds(moment: Option<prost_types::Timestamp>) -> i64 {
    moment.unwrap_or_default().seconds
}

fn sketches(plan: &pb::PlannedDay) -> Vec<pb::RouteSketch> {
    let routes = plan.plan.iter().flat_map(|plan| &plan.routes);
    let sketch = |route: &pb::Route| pb::RouteSketch {
        courier_id: route.courier_id.clone(),
        order_ids: route.stops.iter().map(|s| s.order_id.clone()).collect(),
        start_time: route.start_time,
        reloads: Vec::new(),
    };
    routes.map(sketch).collect()
}

async fn promises(day_id: &str, clients: &mut Clients) -> Result<Vec<pb::PromiseRecord>, Status> {
    let mut all = Vec::new();
    let mut request = pb::ListPromisesRequest {
        day_id: day_id.to_owned(),
        page_size: 1_000,
        ..pb::ListPromisesRequest::default()
    };
    loop {
        let page = clients
            .promises
            .list_promises(request.clone())
            .await?
            .into_inner();
        all.extend(page.promises);
        if page.next_page_token.is_empty() {
            return Ok(all);
        }
        request.page_token = page.next_page_token;
    }
}

async fn entries(day_id: &str, clients: &mut Clients) -> Result<Vec<pb::LedgerEntry>, Status> {
    let mut all = Vec::new();
    let mut request = pb::ListEntriesRequest {
        day_id: day_id.to_owned(),
        page_size: 1_000,
        ..pb::ListEntriesRequest::default()
    };
    loop {
        let page = clients
            .promises
            .list_entries(request.clone())
            .await?
            .into_inner();
        all.extend(page.entries);
        if page.next_page_token.is_empty() {
            return Ok(all);
        }
        request.page_token = page.next_page_token;
    }
}

//! Customers: each holds, confirms, releases, cancels and amends its own orders at random, repeats what was not answered
//! under the same request id, and remembers everything that was acknowledged.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use punctual::grpc::pb::{self, EntryKind};
use punctual::rng;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::server::{Clients, Line};

/// Pause after a call without an answer.
const PAUSE: Duration = Duration::from_millis(20);
/// Acknowledged changes that each customer remembers whole, to ask for them again.
const REMEMBERED: usize = 32;

/// Random choices that follow from a seed.
pub(crate) struct Dice {
    seed: u64,
    thrown: u64,
}

impl Dice {
    pub(crate) fn new(seed: u64, key: &[u64]) -> Self {
        Self {
            seed: rng::hash(seed, key),
            thrown: 0,
        }
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.thrown += 1;
        let draw = rng::hash(self.seed, &[self.thrown]);
        usize::try_from(draw % bound.max(1) as u64).unwrap()
    }
}

/// What the ledger must say of an acknowledged change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deed {
    pub(crate) kind: EntryKind,
    /// Empty if it is not known: the hold was not answered.
    pub(crate) promise: String,
    /// The window held or amended to; empty for other kinds.
    pub(crate) window: String,
}

/// An order, and what was done for it.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    pub(crate) order: pb::Order,
    /// Acknowledged, in sequence.
    pub(crate) deeds: Vec<Deed>,
    /// The promise as it is known, while it is live.
    live: Option<pb::PromiseRecord>,
    /// A change without an answer that was given up.
    pub(crate) unknown: Option<Deed>,
}

/// A request for a change.
#[derive(Clone, Debug)]
enum Ask {
    Hold(pb::HoldWindowRequest),
    Confirm(pb::ConfirmHoldRequest),
    Release(pb::ReleaseHoldRequest),
    Cancel(pb::CancelPromiseRequest),
    Amend(pb::AmendPromiseRequest),
}

impl Ask {
    fn deed(&self) -> Deed {
        let deed = |kind, promise: &str, window: &str| Deed {
            kind,
            promise: promise.to_owned(),
            window: window.to_owned(),
        };
        match self {
            Self::Hold(ask) => deed(EntryKind::Held, "", &ask.window_id),
            Self::Confirm(ask) => deed(EntryKind::Confirmed, &ask.promise_id, ""),
            Self::Release(ask) => deed(EntryKind::Released, &ask.promise_id, ""),
            Self::Cancel(ask) => deed(EntryKind::Cancelled, &ask.promise_id, ""),
            Self::Amend(ask) => deed(EntryKind::Amended, &ask.promise_id, &ask.window_id),
        }
    }

    async fn send(&self, clients: &mut Clients) -> Result<pb::PromiseRecord, Status> {
        let promises = &mut clients.promises;
        let promise = match self.clone() {
            Self::Hold(ask) => promises.hold_window(ask).await?.into_inner().promise,
            Self::Confirm(ask) => promises.confirm_hold(ask).await?.into_inner().promise,
            Self::Release(ask) => promises.release_hold(ask).await?.into_inner().promise,
            Self::Cancel(ask) => promises.cancel_promise(ask).await?.into_inner().promise,
            Self::Amend(ask) => promises.amend_promise(ask).await?.into_inner().promise,
        };
        Ok(promise.unwrap())
    }

    /// Whether the service may refuse it for `reason`; anything else would mean that it has lost or doubled something.
    fn may_be_refused(&self, reason: &str) -> bool {
        match self {
            Self::Hold(_) => reason == "WINDOW_NOT_POSSIBLE",
            Self::Confirm(_) => reason == "HOLD_EXPIRED",
            Self::Amend(_) => matches!(reason, "WINDOW_NOT_POSSIBLE" | "HOLD_EXPIRED"),
            Self::Release(_) | Self::Cancel(_) => false,
        }
    }
}

/// Somebody who shops.
pub(crate) struct Customer {
    name: String,
    day: String,
    windows: Vec<String>,
    dice: Dice,
    pub(crate) tickets: Vec<Ticket>,
    /// A change that has no answer yet, and its ticket.
    pending: Option<(usize, Ask)>,
    answered: Vec<(Ask, pb::PromiseRecord)>,
    asked: u64,
    connected: Option<(SocketAddr, Clients)>,
    turn: usize,
}

impl Customer {
    pub(crate) fn new(
        name: String,
        terms: &pb::DayTerms,
        orders: Vec<pb::Order>,
        dice: Dice,
    ) -> Self {
        let ticket = |order| Ticket {
            order,
            deeds: Vec::new(),
            live: None,
            unknown: None,
        };
        Self {
            name,
            day: terms.day_id.clone(),
            windows: terms.windows.iter().map(|w| w.id.clone()).collect(),
            dice,
            tickets: orders.into_iter().map(ticket).collect(),
            pending: None,
            answered: Vec::new(),
            asked: 0,
            connected: None,
            turn: 0,
        }
    }

    /// The tickets, with what has no answer yet as unknown.
    pub(crate) fn accounts(&self) -> Vec<Ticket> {
        let mut tickets = self.tickets.clone();
        if let Some((number, ask)) = &self.pending {
            tickets[*number].unknown = Some(ask.deed());
        }
        tickets
    }

    /// Shops until the cycle is over.
    pub(crate) async fn shop(&mut self, line: &Line) {
        if self.dice.below(8) == 0
            && let Some((number, ask)) = self.pending.take()
        {
            // Never asked about again: it may have happened once, or not at all.
            self.tickets[number].unknown = Some(ask.deed());
        }
        while !line.is_over() {
            if self.pending.is_none() && self.dice.below(10) == 0 {
                self.ask_again(line).await;
            }
            if self.pending.is_none() {
                self.pending = self.choose(line).await;
            }
            if self.pending.is_some() {
                self.send(line).await;
            }
        }
    }

    fn clients(&mut self, line: &Line) -> Option<(usize, Clients)> {
        let (number, address) = line.address(self.turn)?;
        match &self.connected {
            Some((connected, clients)) if *connected == address => Some((number, clients.clone())),
            _ => {
                let clients = Clients::of(address);
                self.connected = Some((address, clients.clone()));
                Some((number, clients))
            }
        }
    }

    /// Whatever was said, it settles nothing: try elsewhere, or here again.
    async fn unanswered(&mut self, line: &Line, status: Option<&Status>) {
        line.unanswered.fetch_add(1, Ordering::SeqCst);
        let says_who_is = status.is_some_and(|status| reason(status).is_some());
        if !says_who_is {
            self.connected = None;
        }
        self.turn += 1;
        tokio::time::sleep(PAUSE).await;
    }

    fn request_id(&mut self) -> String {
        self.asked += 1;
        format!("{}-{}", self.name, self.asked)
    }

    /// The next thing to ask for.
    async fn choose(&mut self, line: &Line) -> Option<(usize, Ask)> {
        let number = self.dice.below(self.tickets.len());
        let ticket = self.tickets[number].clone();
        if ticket.unknown.is_some() {
            tokio::task::yield_now().await;
            return None;
        }
        let Some(live) = ticket.live else {
            let window = self.window(line, &ticket.order).await?;
            let hold = pb::HoldWindowRequest {
                request_id: self.request_id(),
                day_id: self.day.clone(),
                order: Some(ticket.order),
                window_id: window,
                ..pb::HoldWindowRequest::default()
            };
            return Some((number, Ask::Hold(hold)));
        };
        let (request_id, day_id) = (self.request_id(), self.day.clone());
        let promise_id = live.promise_id.clone();
        let choice = self.dice.below(10);
        let ask = match (live.state(), choice) {
            (_, 0..=2) => Ask::Amend(pb::AmendPromiseRequest {
                request_id,
                day_id,
                promise_id,
                window_id: self.windows[self.dice.below(self.windows.len())].clone(),
                order: (choice == 0).then(|| larger(live.order.unwrap_or_default())),
                ..pb::AmendPromiseRequest::default()
            }),
            (pb::PromiseState::Held, 3..=6) => Ask::Confirm(pb::ConfirmHoldRequest {
                request_id,
                day_id,
                promise_id,
            }),
            (pb::PromiseState::Held, 7..=8) => Ask::Release(pb::ReleaseHoldRequest {
                request_id,
                day_id,
                promise_id,
            }),
            (pb::PromiseState::Confirmed, 3..=4) => Ask::Cancel(pb::CancelPromiseRequest {
                request_id,
                day_id,
                promise_id,
            }),
            _ => return None,
        };
        Some((number, ask))
    }

    /// A window for an order: mostly one that is offered.
    async fn window(&mut self, line: &Line, order: &pb::Order) -> Option<String> {
        let any = self.windows[self.dice.below(self.windows.len())].clone();
        if self.dice.below(4) == 0 {
            return Some(any);
        }
        let Some((_, mut clients)) = self.clients(line) else {
            self.unanswered(line, None).await;
            return None;
        };
        let request = pb::QuoteWindowsRequest {
            day_id: self.day.clone(),
            order: Some(order.clone()),
            load_spreads: BTreeMap::new(),
        };
        match clients.promises.quote_windows(request).await {
            Ok(quote) => {
                let windows = quote.into_inner().windows;
                let offered: Vec<_> = windows.into_iter().filter(|w| w.is_offered).collect();
                let chosen = offered.get(self.dice.below(offered.len()));
                Some(chosen.map_or(any, |window| window.window_id.clone()))
            }
            Err(status) => {
                if is_final(&status) {
                    line.violated(format!("a quote was refused: {status:?}"));
                }
                self.unanswered(line, Some(&status)).await;
                None
            }
        }
    }

    /// Sends what is pending and notes what comes of it.
    async fn send(&mut self, line: &Line) {
        let (Some((number, ask)), Some((server, mut clients))) =
            (self.pending.clone(), self.clients(line))
        else {
            self.unanswered(line, None).await;
            return;
        };
        match ask.send(&mut clients).await {
            Ok(record) => {
                line.acknowledge(server);
                self.pending = None;
                if let Err(what) = self.settle(number, &ask, &record) {
                    line.violated(format!(
                        "{}: {what}; asked {ask:?}, had {record:?}",
                        self.name
                    ));
                }
                if self.answered.len() == REMEMBERED {
                    self.answered.remove(0);
                }
                self.answered.push((ask, record));
            }
            Err(status) if is_final(&status) => {
                line.refused.fetch_add(1, Ordering::SeqCst);
                let reason = reason(&status).unwrap_or_default();
                if !ask.may_be_refused(&reason) {
                    let deeds = &self.tickets[number].deeds;
                    line.violated(format!(
                        "{}: refused for {reason} ({}); asked {ask:?} after {deeds:?}",
                        self.name,
                        status.message()
                    ));
                }
                if reason == "HOLD_EXPIRED" {
                    self.tickets[number].live = None;
                }
                self.pending = None;
            }
            Err(status) => self.unanswered(line, Some(&status)).await,
        }
    }

    /// Notes an acknowledged change.
    fn settle(
        &mut self,
        number: usize,
        ask: &Ask,
        record: &pb::PromiseRecord,
    ) -> Result<(), String> {
        let ticket = &mut self.tickets[number];
        let mut deed = ask.deed();
        if record.order.as_ref().map(|order| &order.id) != Some(&ticket.order.id) {
            return Err("the answer is about another order".to_owned());
        }
        if deed.promise.is_empty() {
            deed.promise = record.promise_id.clone();
        }
        let is_said = match (deed.kind, record.state()) {
            (EntryKind::Held, pb::PromiseState::Held)
            | (EntryKind::Confirmed, pb::PromiseState::Confirmed)
            | (EntryKind::Amended, pb::PromiseState::Held | pb::PromiseState::Confirmed) => {
                ticket.live = Some(record.clone());
                true
            }
            (EntryKind::Released, pb::PromiseState::Released)
            | (EntryKind::Cancelled, pb::PromiseState::Cancelled) => {
                ticket.live = None;
                true
            }
            (EntryKind::Released, pb::PromiseState::Expired) => {
                // Nothing was left to release.
                ticket.live = None;
                return Ok(());
            }
            _ => false,
        };
        let is_window_said = deed.window.is_empty() || deed.window == record.window_id;
        if !is_said || !is_window_said || deed.promise != record.promise_id {
            return Err("the answer is not to the question".to_owned());
        }
        ticket.deeds.push(deed);
        Ok(())
    }

    /// Asks for something that was answered before: the answer must be the same.
    async fn ask_again(&mut self, line: &Line) {
        let nth = self.dice.below(self.answered.len());
        let Some((ask, first)) = self.answered.get(nth).cloned() else {
            return;
        };
        let Some((_, mut clients)) = self.clients(line) else {
            return;
        };
        match ask.send(&mut clients).await {
            Ok(again) if again == first => {
                line.replayed.fetch_add(1, Ordering::SeqCst);
            }
            Err(status) if !is_final(&status) => self.unanswered(line, Some(&status)).await,
            other => line.violated(format!(
                "{}: asked again {ask:?}: had {first:?}, now {other:?}",
                self.name
            )),
        }
    }
}

/// The same order, larger.
fn larger(mut order: pb::Order) -> pb::Order {
    if let Some(load) = order.loads.values_mut().next() {
        *load += 1;
    }
    order
}

/// Why the service says no; `None` if it was not the service that said something.
fn reason(status: &Status) -> Option<String> {
    let info = status.get_details_error_info()?;
    (info.domain == "punctual").then_some(info.reason)
}

/// Whether an answer settles a request: it came from the service, and not because something is away.
fn is_final(status: &Status) -> bool {
    let is_away = matches!(
        status.code(),
        Code::Unavailable | Code::ResourceExhausted | Code::DeadlineExceeded | Code::Cancelled
    );
    !is_away && reason(status).is_some()
}

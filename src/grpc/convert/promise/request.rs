//! What is asked of days and promises: ids, orders, limits.

use std::collections::BTreeMap;

use super::order::read_booking_at;
use crate::grpc::convert::enums::read_promise_state;
use crate::grpc::convert::prefixed;
use crate::grpc::convert::read::{At, Sink};
use crate::grpc::pb;
use crate::model::{DayId, Finding, MalformedId, PromiseId, Reason, WindowId};
use crate::promise::{Booking, DayTerms, PromiseState};
use crate::units::BasisPoints;

/// Lengths of a request id, in bytes.
const REQUEST_ID_BYTES: std::ops::RangeInclusive<usize> = 1..=128;
/// Entries of a list in one answer, and how many come if the request does not say.
const PAGE_MAX: i32 = 1_000;
const PAGE_DEFAULT: usize = 100;

/// A window to hold for an order.
pub struct Hold {
    /// The order.
    pub booking: Booking,
    /// The window.
    pub window: WindowId,
    /// The least chance of keeping the promise that will do.
    pub least: Option<BasisPoints>,
}

/// A change to a promise.
pub struct Amendment {
    /// The window from now on, if it changes.
    pub window: Option<WindowId>,
    /// The order from now on, if it changes.
    pub booking: Option<Booking>,
    /// The least chance of keeping the promise that will do.
    pub least: Option<BasisPoints>,
}

/// The fields that tell whom a request is about; what a request does not have is `None`.
#[derive(Clone, Copy, Default)]
pub struct RequestFields<'a> {
    /// The request's id.
    pub request_id: Option<&'a str>,
    /// The day's id.
    pub day_id: Option<&'a str>,
    /// The promise's id.
    pub promise_id: Option<&'a str>,
}

/// What is wrong with the ids of a request.
#[must_use]
pub fn request_findings(fields: RequestFields<'_>) -> Vec<Finding> {
    let sink = Sink::default();
    let at = At::root(&sink);
    if let Some(id) = fields.request_id {
        let at = at.field("request_id");
        match id.len() {
            0 => at.report(Reason::MissingField, "this field is required"),
            length if REQUEST_ID_BYTES.contains(&length) => {}
            _ => at.report(Reason::MalformedId, "a request id has at most 128 bytes"),
        }
    }
    if let Some(id) = fields.day_id {
        at.id("day_id", id, DayId::parse);
    }
    if let Some(id) = fields.promise_id {
        at.id("promise_id", id, PromiseId::parse);
    }
    sink.into_inner()
}

/// An id.
///
/// # Errors
/// If it is none.
pub fn id_of<T>(
    field: &'static str,
    text: &str,
    parse: fn(&str) -> Result<T, MalformedId>,
) -> Result<T, Vec<Finding>> {
    let sink = Sink::default();
    let id = At::root(&sink).id(field, text, parse);
    id.ok_or_else(|| sink.take())
}

/// Reads an order that asks for a window of a day; with what is allowed about it but probably not meant.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_booking(
    order: Option<&pb::Order>,
    spreads: &BTreeMap<String, f64>,
    terms: &DayTerms,
) -> Result<(Booking, Vec<Finding>), Vec<Finding>> {
    let sink = Sink::default();
    let booking = read_booking_at(&At::root(&sink), order, spreads);
    judged(booking, terms, &sink)
}

/// Reads which window to hold for which order.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_hold(request: &pb::HoldWindowRequest, terms: &DayTerms) -> Result<Hold, Vec<Finding>> {
    let sink = Sink::default();
    let at = At::root(&sink);
    let window = at.id("window_id", &request.window_id, WindowId::parse);
    let least = read_least(&at, request.least_percent);
    let booking = read_booking_at(&at, request.order.as_ref(), &request.load_spreads);
    let (booking, _) = judged(booking, terms, &sink)?;
    let read = || {
        Some(Hold {
            booking,
            window: window?,
            least: least?,
        })
    };
    read().ok_or_else(|| sink.take())
}

/// Reads how to change a promise.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_amendment(
    request: &pb::AmendPromiseRequest,
    terms: &DayTerms,
) -> Result<Amendment, Vec<Finding>> {
    let sink = Sink::default();
    let at = At::root(&sink);
    let window = match request.window_id.as_str() {
        "" => Some(None),
        id => at.id("window_id", id, WindowId::parse).map(Some),
    };
    let least = read_least(&at, request.least_percent);
    let booking = if request.order.is_some() {
        let booking = read_booking_at(&at, request.order.as_ref(), &request.load_spreads);
        Some(judged(booking, terms, &sink)?.0)
    } else {
        if !request.load_spreads.is_empty() {
            at.field("load_spreads")
                .report(Reason::Conflict, "spreads belong to an order: give it, too");
        }
        if request.window_id.is_empty() {
            at.field("window_id").report(
                Reason::MissingField,
                "one of window_id and order is required",
            );
        }
        None
    };
    if !sink.borrow().is_empty() {
        return Err(sink.into_inner());
    }
    let read = || {
        Some(Amendment {
            window: window?,
            booking,
            least: least?,
        })
    };
    read().ok_or_else(|| sink.take())
}

/// The booking with warnings, if nothing at all was found to be wrong.
fn judged(
    booking: Option<Booking>,
    terms: &DayTerms,
    sink: &Sink,
) -> Result<(Booking, Vec<Finding>), Vec<Finding>> {
    let mut found = sink.take();
    let Some(booking) = booking else {
        return Err(found);
    };
    let judged = booking.judged(terms);
    found.extend(prefixed("order", judged.errors));
    if found.is_empty() {
        Ok((booking, prefixed("order", judged.warnings)))
    } else {
        Err(found)
    }
}

fn read_least(at: &At<'_>, percent: Option<f64>) -> Option<Option<BasisPoints>> {
    let least = at.percent_if_any("least_percent", percent)?;
    if least.is_some_and(|least| least > BasisPoints::ONE) {
        at.field("least_percent")
            .report(Reason::OutOfRange, "a chance is 0 to 100 percent");
        return None;
    }
    Some(least)
}

/// How many entries of a list to answer with.
///
/// # Errors
/// If it is out of bounds.
pub fn page_size(wanted: i32) -> Result<usize, Vec<Finding>> {
    match wanted {
        0 => Ok(PAGE_DEFAULT),
        1..=PAGE_MAX => Ok(usize::try_from(wanted).unwrap_or(PAGE_DEFAULT)),
        _ => {
            let message = format!("{wanted} is not between 0 and {PAGE_MAX}");
            let finding = Finding::new("page_size", "", Reason::OutOfRange, message);
            Err(vec![finding])
        }
    }
}

/// The number of the entry at which a list goes on; the first one if the token is empty.
///
/// # Errors
/// If the token is none.
pub fn entry_number(token: &str) -> Result<u64, Vec<Finding>> {
    if token.is_empty() {
        return Ok(0);
    }
    token.parse().map_err(|_| {
        let message = "this is no token of an answer before";
        vec![Finding::new("page_token", "", Reason::MalformedId, message)]
    })
}

/// States of promises.
///
/// # Errors
/// Those that are none.
pub fn read_promise_states(states: &[i32]) -> Result<Vec<PromiseState>, Vec<Finding>> {
    let sink = Sink::default();
    let states = At::root(&sink).all("states", states, |at, &state| {
        let state = read_promise_state(state);
        if state.is_none() {
            at.report(Reason::UnknownName, "there is no such state");
        }
        state
    });
    states.ok_or_else(|| sink.take())
}

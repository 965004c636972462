//! Statuses of requests about days and promises.

use std::time::Duration;

use prost::Message;
use prost_types::Any;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::{DETAILS_BYTES_MAX, error_info, invalid, of, short_name};
use crate::app::{Fault, PromiseError, Refusal as AppRefusal};
use crate::grpc::convert::{Clocks, quote_message};
use crate::grpc::pb::ErrorReason;
use crate::grpc::{PACKAGE, pb};
use crate::promise::{Quote, Refusal};

/// The status for `error`; clock times in it are those of `clocks`.
#[must_use]
pub fn of_promise(error: &PromiseError, clocks: &Clocks) -> Status {
    let message = error.to_string();
    match error {
        PromiseError::Refused(refusal) => of_refusal(refusal, clocks),
        PromiseError::NotOwner {
            address,
            retry_after,
        } => {
            let details = error_info(ErrorReason::NotOwner, [("owner", address.as_str())]);
            unavailable(message, details, *retry_after)
        }
        PromiseError::Unavailable {
            is_outcome_known,
            retry_after,
            ..
        } => {
            let outcome = if *is_outcome_known {
                "not_made"
            } else {
                "unknown"
            };
            let details = error_info(ErrorReason::StoreUnavailable, [("outcome", outcome)]);
            unavailable(message, details, *retry_after)
        }
        PromiseError::Busy => of(&AppRefusal::Busy),
        PromiseError::ShuttingDown => of(&AppRefusal::ShuttingDown),
        PromiseError::Fault(Fault { id }) => of(&AppRefusal::Fault(Fault { id: id.clone() })),
    }
}

fn unavailable(message: String, mut details: ErrorDetails, retry_after: Duration) -> Status {
    details.set_retry_info(Some(retry_after));
    Status::with_error_details(Code::Unavailable, message, details)
}

fn of_refusal(refusal: &Refusal, clocks: &Clocks) -> Status {
    let (code, reason) = match kind(refusal) {
        Ok(kind) => kind,
        Err(status) => return status,
    };
    let metadata = metadata(refusal, clocks);
    let metadata = metadata.iter().map(|(key, value)| (*key, value.as_str()));
    let details = error_info(reason, metadata);
    let status = Status::with_error_details(code, in_words(refusal, clocks), details);
    match quote_of(refusal) {
        Some(quote) => with_quote(&status, quote, clocks),
        None => status,
    }
}

/// Code and reason of a refusal.
///
/// # Errors
/// The whole status of one that is no other than refusals elsewhere.
fn kind(refusal: &Refusal) -> Result<(Code, ErrorReason), Status> {
    use ErrorReason as Reason;
    Ok(match refusal {
        Refusal::Invalid(findings) => return Err(invalid(findings)),
        Refusal::RequestIdReused(id) => {
            return Err(of(&AppRefusal::RequestIdReused(id.clone())));
        }
        Refusal::UnknownDay(_) => (Code::NotFound, Reason::UnknownDay),
        Refusal::UnknownPromise(_) => (Code::NotFound, Reason::UnknownPromise),
        Refusal::DayExists(_) => (Code::AlreadyExists, Reason::DayExists),
        Refusal::OrderTaken { .. } => (Code::AlreadyExists, Reason::OrderTaken),
        Refusal::UnknownWindow { .. } => (Code::InvalidArgument, Reason::WindowNotOffered),
        Refusal::DayClosed(_) => (Code::FailedPrecondition, Reason::DayClosed),
        Refusal::PastCutOff { .. } => (Code::FailedPrecondition, Reason::PastCutOff),
        Refusal::HoldExpired { .. } => (Code::FailedPrecondition, Reason::HoldExpired),
        Refusal::WrongState { .. } => (Code::FailedPrecondition, Reason::WrongState),
        Refusal::NotPossible { .. } => (Code::FailedPrecondition, Reason::WindowNotPossible),
        Refusal::LessLikely { .. } => (Code::Aborted, Reason::LessLikely),
    })
}

/// What a refusal is about.
fn metadata(refusal: &Refusal, clocks: &Clocks) -> Vec<(&'static str, String)> {
    match refusal {
        Refusal::Invalid(_) | Refusal::RequestIdReused(_) => Vec::new(),
        Refusal::UnknownDay(day) | Refusal::DayExists(day) | Refusal::DayClosed(day) => {
            vec![("day", day.to_string())]
        }
        Refusal::UnknownPromise(promise) => vec![("promise", promise.to_string())],
        Refusal::OrderTaken { order, promise } => vec![
            ("order", order.to_string()),
            ("promise", promise.to_string()),
        ],
        Refusal::UnknownWindow { window, offered } => vec![
            ("window", window.to_string()),
            ("offered", cut(offered).to_owned()),
        ],
        Refusal::PastCutOff { window, cut_off } => vec![
            ("window", window.to_string()),
            ("cut_off", clocks.date(*cut_off)),
        ],
        Refusal::HoldExpired { promise, at, .. } => vec![
            ("promise", promise.to_string()),
            ("expired", clocks.date(*at)),
        ],
        Refusal::WrongState { promise, state, .. } => vec![
            ("promise", promise.to_string()),
            ("state", state.to_string()),
        ],
        Refusal::NotPossible { window, .. } | Refusal::LessLikely { window, .. } => {
            vec![("window", window.to_string())]
        }
    }
}

/// A refusal in words, with moments and reasons where it knows them.
fn in_words(refusal: &Refusal, clocks: &Clocks) -> String {
    if let Refusal::PastCutOff { window, cut_off } = refusal {
        let date = clocks.date(*cut_off);
        return format!("window {window} could be promised until {date} only");
    }
    if let Refusal::NotPossible {
        window,
        alternatives,
    } = refusal
    {
        let mut quoted = alternatives.windows.iter();
        let quoted = quoted.find(|quoted| quoted.id == *window);
        if let Some(Err(short)) = quoted.map(|quoted| &quoted.outcome) {
            return format!("{refusal}: {}", clocks.in_words(short));
        }
    }
    if let Refusal::UnknownWindow { window, offered } = refusal {
        return format!("the day has no window {window}; it offers {}", cut(offered));
    }
    refusal.to_string()
}

/// What can be promised instead, where it is known.
fn quote_of(refusal: &Refusal) -> Option<&Quote> {
    match refusal {
        Refusal::HoldExpired { alternatives, .. } => alternatives.as_deref(),
        Refusal::NotPossible { alternatives, .. } | Refusal::LessLikely { alternatives, .. } => {
            Some(alternatives)
        }
        Refusal::Invalid(_)
        | Refusal::RequestIdReused(_)
        | Refusal::UnknownDay(_)
        | Refusal::DayExists(_)
        | Refusal::DayClosed(_)
        | Refusal::UnknownPromise(_)
        | Refusal::OrderTaken { .. }
        | Refusal::UnknownWindow { .. }
        | Refusal::PastCutOff { .. }
        | Refusal::WrongState { .. } => None,
    }
}

/// The beginning of a long text.
fn cut(text: &str) -> &str {
    const BYTES_MAX: usize = 1_024;
    // Names of windows are ASCII.
    text.get(..BYTES_MAX).unwrap_or(text)
}

/// `status` with the windows of a quote among its details, as many as fit: those refused go first, from the last on.
fn with_quote(status: &Status, quote: &Quote, clocks: &Clocks) -> Status {
    let Ok(mut body) = tonic_types::pb::Status::decode(status.details()) else {
        return status.clone();
    };
    let room = DETAILS_BYTES_MAX.saturating_sub(status.details().len());
    let mut message = quote_message(quote, clocks);
    while message.encoded_len() > room && !message.windows.is_empty() {
        let refused = message
            .windows
            .iter()
            .rposition(|window| !window.is_offered);
        message
            .windows
            .remove(refused.unwrap_or(message.windows.len() - 1));
    }
    body.details.push(Any {
        type_url: format!("type.googleapis.com/{PACKAGE}.QuoteWindowsResponse"),
        value: message.encode_to_vec(),
    });
    Status::with_details(status.code(), status.message(), body.encode_to_vec().into())
}

/// The quote among the details of a status, if there is one.
#[must_use]
pub fn quote_in(status: &Status) -> Option<pb::QuoteWindowsResponse> {
    let body = tonic_types::pb::Status::decode(status.details()).ok()?;
    let is_quote = |any: &&Any| any.type_url.ends_with(".QuoteWindowsResponse");
    let any = body.details.iter().find(is_quote)?;
    pb::QuoteWindowsResponse::decode(any.value.as_slice()).ok()
}

/// The status of a process that keeps no promises.
#[must_use]
pub fn no_ledger() -> Status {
    Status::with_error_details(
        Code::FailedPrecondition,
        "this process keeps no promises: ask a server",
        ErrorDetails::with_error_info(
            short_name(ErrorReason::NoLedger),
            super::ERROR_DOMAIN,
            std::collections::HashMap::new(),
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        ConstraintKind, CourierId, DayId, OrderId, Probability, PromiseId, TimeWindow, WindowId,
    };
    use crate::promise::{Offer, PromiseState, Shortfall, WindowQuote};
    use crate::units::{Cost, Timestamp};

    fn moscow() -> Clocks {
        Clocks::new("Europe/Moscow")
    }

    fn window_id(number: i64) -> WindowId {
        WindowId::parse(&format!("window-{number}")).unwrap()
    }

    /// A quote of many windows, every third of them offered.
    fn quote(windows: i64) -> Quote {
        let courier = CourierId::parse("courier-07").unwrap();
        let offer = || Offer {
            probability: Probability {
                estimate: 0.97,
                low: 0.95,
                high: 0.98,
            },
            at_close: Some(0.98),
            added_cost: Cost(1_234),
            added_late: 0.125,
            lowest: (0.9, OrderId::parse("order-1").unwrap()),
            courier: courier.clone(),
            service_start: Timestamp(1_795_430_000),
        };
        let short = || Shortfall::NoRoom {
            constraint: ConstraintKind::TimeWindow,
            courier: courier.clone(),
            amount: 600,
            subject: String::new(),
            possible_from: None,
        };
        let at = |number: i64| Timestamp(1_795_430_000 + number * 3_600);
        let window = |number| WindowQuote {
            id: window_id(number),
            window: TimeWindow {
                start: at(number),
                end: at(number + 1),
            },
            outcome: if number % 3 == 0 {
                Ok(offer())
            } else {
                Err(short())
            },
        };
        Quote {
            windows: (0..windows).map(window).collect(),
            plan_version: 7,
            noise_version: "default".to_owned(),
            at: at(0),
            expires_at: at(1),
        }
    }

    fn refused(refusal: Refusal) -> Status {
        of_promise(&refusal.into(), &moscow())
    }

    fn reason(status: &Status) -> String {
        status.get_details_error_info().unwrap().reason
    }

    #[test]
    fn a_window_that_is_not_possible_says_why_and_what_is() {
        let status = refused(Refusal::NotPossible {
            window: window_id(1),
            alternatives: Box::new(quote(6)),
        });
        assert_eq!(status.code(), Code::FailedPrecondition);
        assert_eq!(reason(&status), "WINDOW_NOT_POSSIBLE");
        assert!(status.message().contains("courier-07 is 10 min short"));
        let quote = quote_in(&status).unwrap();
        assert_eq!(quote.windows.len(), 6);
        assert!(quote.windows[0].is_offered && quote.windows[3].is_offered);
    }

    #[test]
    fn alternatives_stay_within_the_headers_and_offers_stay_longest() {
        let status = refused(Refusal::LessLikely {
            window: window_id(0),
            alternatives: Box::new(quote(90)),
        });
        assert_eq!(status.code(), Code::Aborted);
        assert!(status.details().len() <= DETAILS_BYTES_MAX + 100);
        let quote = quote_in(&status).unwrap();
        let offered = quote.windows.iter().filter(|window| window.is_offered);
        assert!(offered.count() >= 15, "{} windows", quote.windows.len());
        assert_eq!(quote.windows[0].window_id, "window-0");
    }

    #[test]
    fn every_refusal_has_a_code_and_a_reason_of_its_own() {
        let promise = || PromiseId::parse("p-1").unwrap();
        let day = || DayId::parse("monday").unwrap();
        let said = |refusal: Refusal| {
            let status = refused(refusal);
            assert!(!status.message().is_empty());
            (status.code(), reason(&status))
        };
        let is = |code, name: &str| (code, name.to_owned());
        let (missing, exists) = (Code::NotFound, Code::AlreadyExists);
        let state = Code::FailedPrecondition;
        assert_eq!(said(Refusal::UnknownDay(day())), is(missing, "UNKNOWN_DAY"));
        let unknown = said(Refusal::UnknownPromise(promise()));
        assert_eq!(unknown, is(missing, "UNKNOWN_PROMISE"));
        assert_eq!(said(Refusal::DayExists(day())), is(exists, "DAY_EXISTS"));
        assert_eq!(said(Refusal::DayClosed(day())), is(state, "DAY_CLOSED"));
        let window = said(Refusal::UnknownWindow {
            window: window_id(9),
            offered: "a, b".to_owned(),
        });
        assert_eq!(window, is(Code::InvalidArgument, "WINDOW_NOT_OFFERED"));
        let past = said(Refusal::PastCutOff {
            window: window_id(9),
            cut_off: Timestamp(0),
        });
        assert_eq!(past, is(state, "PAST_CUT_OFF"));
        let taken = said(Refusal::OrderTaken {
            order: OrderId::parse("o").unwrap(),
            promise: promise(),
        });
        assert_eq!(taken, is(exists, "ORDER_TAKEN"));
        let expired = said(Refusal::HoldExpired {
            promise: promise(),
            at: Timestamp(0),
            alternatives: None,
        });
        assert_eq!(expired, is(state, "HOLD_EXPIRED"));
        let wrong = said(Refusal::WrongState {
            promise: promise(),
            state: PromiseState::Released,
            wanted: "confirmed",
        });
        assert_eq!(wrong, is(state, "WRONG_STATE"));
        let reused = said(Refusal::RequestIdReused("r".to_owned()));
        assert_eq!(reused, is(exists, "REQUEST_ID_REUSED"));
    }

    #[test]
    fn who_cannot_serve_now_says_when_to_come_back_and_what_became_of_the_change() {
        let second = Duration::from_secs(1);
        let away = |is_outcome_known| PromiseError::Unavailable {
            what: "the disk is full".to_owned(),
            is_outcome_known,
            retry_after: second,
        };
        for (error, key, value) in [
            (away(true), "outcome", "not_made"),
            (away(false), "outcome", "unknown"),
            (
                PromiseError::NotOwner {
                    address: "10.0.0.2:50061".to_owned(),
                    retry_after: second,
                },
                "owner",
                "10.0.0.2:50061",
            ),
        ] {
            let status = of_promise(&error, &moscow());
            assert_eq!(status.code(), Code::Unavailable);
            let details = status.get_error_details();
            assert_eq!(details.error_info().unwrap().metadata[key], value);
            assert_eq!(details.retry_info().unwrap().retry_delay, Some(second));
        }
    }
}

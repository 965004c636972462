//! One visit to the shop, as its checkout talks to the service.

use std::time::Duration;

use tonic::transport::Channel;
use tonic::{Code, Status};

use super::morning::{Visitor, choice};
use crate::cli::Failure;
use crate::clock::Clock;
use crate::grpc::pb;
use crate::grpc::pb::promise_service_client::PromiseServiceClient;
use crate::grpc::status::quote_in;

/// By how much the chance of a window may have fallen since the quote for the hold to do, in percentage points.
const GIVE: f64 = 5.0;
/// How long a checkout waits before it asks again when the service has too much to do, in milliseconds, time after time.
const PAUSES: [u64; 5] = [50, 150, 500, 1_500, 4_000];
/// Windows that somebody tries to hold, one after the other, when the ones before are gone.
const HOLDS_MAX: usize = 3;

/// A shop with one day to promise.
#[derive(Clone)]
pub(super) struct Shop {
    pub(super) promises: PromiseServiceClient<Channel>,
    pub(super) day: String,
    /// Begins the ids of requests.
    pub(super) run: String,
}

/// What came of a visit.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    /// Somebody looked.
    Looked,
    /// No window could be promised, or none that suits; why not the one that was wanted.
    Refused(Box<pb::WindowRefusal>),
    /// Every window that suits was gone when it was to be held.
    Gone,
    /// The hold was let go.
    LetGo,
    /// A promise.
    Promised {
        window: usize,
        /// Chance stated, and the one expected at the close of the day, in percent.
        percent: f64,
        at_close: f64,
        /// Why it is not the window that was wanted.
        instead: Option<Box<pb::WindowRefusal>>,
    },
}

/// A visit.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    pub(super) visitor: Visitor,
    pub(super) wanted: usize,
    /// How many windows were open.
    pub(super) open: usize,
    pub(super) outcome: Outcome,
    /// How long the quote took.
    pub(super) quoted: Duration,
    /// How long the hold took, if one was granted.
    pub(super) held: Option<Duration>,
    /// Requests that were refused because the service had too much to do, and made again.
    pub(super) again: usize,
}

/// A window on offer: its number, its id, and the chance that it is kept, in percent.
struct Open {
    number: usize,
    id: String,
    percent: f64,
}

fn open(windows: &[pb::WindowQuote]) -> Vec<Open> {
    let offers = windows.iter().enumerate().filter_map(|(number, window)| {
        let offer = window.offer.as_ref()?;
        Some(Open {
            number,
            id: window.window_id.clone(),
            percent: offer.probability.map_or(0.0, |chance| chance.percent),
        })
    });
    offers.collect()
}

impl Shop {
    /// Lets `visitor`, who wants window number `wanted` for `order`, look, choose, hold and confirm.
    pub(super) async fn serve(
        self,
        visitor: Visitor,
        order: pb::Order,
        wanted: usize,
    ) -> Result<Visit, Failure> {
        let clock = Clock::start();
        let request = pb::QuoteWindowsRequest {
            day_id: self.day.clone(),
            order: Some(order.clone()),
            ..pb::QuoteWindowsRequest::default()
        };
        let mut again = 0;
        let quote = patiently(&mut again, || {
            let (mut promises, request) = (self.promises.clone(), request.clone());
            async move { promises.quote_windows(request).await }
        });
        let quote = quote.await.map_err(failed("quote windows"))?;
        let mut visit = Visit {
            visitor,
            wanted,
            open: open(&quote.windows).len(),
            outcome: Outcome::Looked,
            quoted: clock.elapsed(),
            held: None,
            again,
        };
        if visitor.is_buyer {
            visit.outcome = self.buy(&mut visit, order, quote.windows).await?;
        }
        Ok(visit)
    }

    async fn buy(
        &self,
        visit: &mut Visit,
        order: pb::Order,
        mut windows: Vec<pb::WindowQuote>,
    ) -> Result<Outcome, Failure> {
        for attempt in 0..HOLDS_MAX {
            let offers = open(&windows);
            let numbers: Vec<usize> = offers.iter().map(|offer| offer.number).collect();
            let refusal = windows.get(visit.wanted);
            let refusal = refusal.and_then(|window| window.refusal.clone());
            let chosen = choice(&numbers, visit.wanted, visit.visitor.reach);
            let Some(chosen) = offers.iter().find(|offer| Some(offer.number) == chosen) else {
                return Ok(Outcome::Refused(Box::new(refusal.unwrap_or_default())));
            };
            let clock = Clock::start();
            let request = pb::HoldWindowRequest {
                request_id: format!("{} hold {} {attempt}", self.run, order.id),
                day_id: self.day.clone(),
                order: Some(order.clone()),
                window_id: chosen.id.clone(),
                least_percent: Some((chosen.percent - GIVE).max(0.0)),
                ..pb::HoldWindowRequest::default()
            };
            let held = patiently(&mut visit.again, || {
                let (mut promises, request) = (self.promises.clone(), request.clone());
                async move { promises.hold_window(request).await }
            });
            match held.await {
                Ok(held) => {
                    visit.held = Some(clock.elapsed());
                    let held = held.promise.unwrap_or_default();
                    return self.end(visit, held, chosen.number, refusal).await;
                }
                // Somebody was faster: the answer says what there is now.
                Err(status) => match quote_in(&status) {
                    Some(quote) => windows = quote.windows,
                    None => return Err(failed("hold a window")(status)),
                },
            }
        }
        Ok(Outcome::Gone)
    }

    /// Confirms a hold, or lets it go.
    async fn end(
        &self,
        visit: &mut Visit,
        held: pb::PromiseRecord,
        window: usize,
        refusal: Option<pb::WindowRefusal>,
    ) -> Result<Outcome, Failure> {
        let (day_id, promise_id) = (self.day.clone(), held.promise_id);
        if visit.visitor.lets_go {
            let request = pb::ReleaseHoldRequest {
                request_id: format!("{} release {promise_id}", self.run),
                day_id,
                promise_id,
            };
            let released = patiently(&mut visit.again, || {
                let (mut promises, request) = (self.promises.clone(), request.clone());
                async move { promises.release_hold(request).await }
            });
            released.await.map_err(failed("let a hold go"))?;
            return Ok(Outcome::LetGo);
        }
        let request = pb::ConfirmHoldRequest {
            request_id: format!("{} confirm {promise_id}", self.run),
            day_id,
            promise_id,
        };
        let confirmed = patiently(&mut visit.again, || {
            let (mut promises, request) = (self.promises.clone(), request.clone());
            async move { promises.confirm_hold(request).await }
        });
        let confirmed = confirmed.await.map_err(failed("confirm a hold"))?;
        let stated = confirmed
            .promise
            .and_then(|promise| promise.first_statement);
        let stated = stated.unwrap_or_default();
        let percent = stated.probability_percent;
        Ok(Outcome::Promised {
            window,
            percent,
            at_close: stated.at_close_percent.unwrap_or(percent),
            instead: (refusal.filter(|_| window != visit.wanted)).map(Box::new),
        })
    }
}

/// Makes a call, again after a while where the service has too much to do; the request's id makes that safe. Counts how often.
async fn patiently<T, Calling>(again: &mut usize, call: impl Fn() -> Calling) -> Result<T, Status>
where
    Calling: Future<Output = Result<tonic::Response<T>, Status>>,
{
    for pause in PAUSES {
        match call().await {
            Err(status) if status.code() == Code::ResourceExhausted => {
                *again += 1;
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
            answered => return answered.map(tonic::Response::into_inner),
        }
    }
    call().await.map(tonic::Response::into_inner)
}

/// What the failure of a call means for the demonstration.
pub(super) fn failed(action: &'static str) -> impl Fn(Status) -> Failure {
    move |status| Failure::status(action, &status)
}

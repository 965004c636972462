//! Promises through a real server and a real client: every call, every refusal, replays.

use std::collections::BTreeMap;

use prost_types::Duration;
use punctual::config::Config;
use punctual::generate::{DaySpec, bookings, day_terms};
use punctual::grpc::pb::promise_service_client::PromiseServiceClient;
use punctual::grpc::status::quote_in;
use punctual::grpc::{convert, pb};
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::service::Service;

/// A day far in the future, so that no cut-off has passed.
fn spec() -> DaySpec {
    DaySpec {
        date: jiff::civil::date(2035, 6, 5),
        ..DaySpec::small()
    }
}

pub(crate) fn terms() -> pb::DayTerms {
    pb::DayTerms {
        on_time_target: None,
        scenarios: Some(128),
        ..convert::terms_message(&day_terms(&spec()))
    }
}

/// The order of customer `number`.
pub(crate) fn order(number: usize) -> pb::Order {
    convert::booking_message(&bookings(&spec())[number])
}

pub(crate) fn day_id() -> String {
    terms().day_id
}

/// A client of a service of its own.
pub(crate) struct Shop {
    pub(crate) client: PromiseServiceClient<Channel>,
    /// Ends with the shop.
    service: Service,
    next: u32,
}

impl Shop {
    /// A shop whose day is open, on terms that `change` changes.
    pub(crate) async fn open(change: impl FnOnce(&mut pb::DayTerms)) -> Self {
        Self::with(|_| (), change).await
    }

    pub(crate) async fn with(
        config: impl FnOnce(&mut Config),
        change: impl FnOnce(&mut pb::DayTerms),
    ) -> Self {
        Self::at(Service::with(config).await, change).await
    }

    /// A shop at a service of the test's own.
    pub(crate) async fn at(service: Service, change: impl FnOnce(&mut pb::DayTerms)) -> Self {
        let mut shop = Self {
            client: service.promises().await,
            service,
            next: 0,
        };
        let mut terms = terms();
        change(&mut terms);
        shop.open_day("open", terms).await.unwrap();
        shop
    }

    pub(crate) async fn open_day(
        &mut self,
        request_id: &str,
        terms: pb::DayTerms,
    ) -> Result<pb::DaySummary, Status> {
        let request = pb::OpenDayRequest {
            request_id: request_id.to_owned(),
            terms: Some(terms),
        };
        let opened = self.client.open_day(request).await?;
        Ok(opened.into_inner().day.unwrap())
    }

    pub(crate) fn service(&self) -> &Service {
        &self.service
    }

    /// Promises the first window that is offered to a customer.
    pub(crate) async fn promise_any(&mut self, number: usize) {
        let held = self.hold_any(number).await;
        self.confirm(&held.promise_id).await.unwrap();
    }

    fn fresh(&mut self) -> String {
        self.next += 1;
        format!("request-{}", self.next)
    }

    pub(crate) async fn quote(
        &mut self,
        order: pb::Order,
    ) -> Result<pb::QuoteWindowsResponse, Status> {
        let request = pb::QuoteWindowsRequest {
            day_id: day_id(),
            order: Some(order),
            load_spreads: BTreeMap::new(),
        };
        Ok(self.client.quote_windows(request).await?.into_inner())
    }

    fn hold_request(&mut self, order: pb::Order, window: &str) -> pb::HoldWindowRequest {
        pb::HoldWindowRequest {
            request_id: self.fresh(),
            day_id: day_id(),
            order: Some(order),
            window_id: window.to_owned(),
            ..pb::HoldWindowRequest::default()
        }
    }

    pub(crate) async fn send_hold(
        &mut self,
        request: pb::HoldWindowRequest,
    ) -> Result<pb::PromiseRecord, Status> {
        let held = self.client.hold_window(request).await?;
        Ok(held.into_inner().promise.unwrap())
    }

    pub(crate) async fn hold(
        &mut self,
        order: pb::Order,
        window: &str,
    ) -> Result<pb::PromiseRecord, Status> {
        let request = self.hold_request(order, window);
        self.send_hold(request).await
    }

    /// Holds the first window that is offered.
    pub(crate) async fn hold_any(&mut self, number: usize) -> pb::PromiseRecord {
        let quote = self.quote(order(number)).await.unwrap();
        let offered = quote.windows.iter().find(|window| window.is_offered);
        let window = offered.unwrap().window_id.clone();
        self.hold(order(number), &window).await.unwrap()
    }

    pub(crate) async fn confirm(&mut self, promise: &str) -> Result<pb::PromiseRecord, Status> {
        let request = pb::ConfirmHoldRequest {
            request_id: self.fresh(),
            day_id: day_id(),
            promise_id: promise.to_owned(),
        };
        let confirmed = self.client.confirm_hold(request).await?;
        Ok(confirmed.into_inner().promise.unwrap())
    }

    async fn release(&mut self, promise: &str) -> Result<pb::PromiseRecord, Status> {
        let request = pb::ReleaseHoldRequest {
            request_id: self.fresh(),
            day_id: day_id(),
            promise_id: promise.to_owned(),
        };
        let released = self.client.release_hold(request).await?;
        Ok(released.into_inner().promise.unwrap())
    }

    async fn cancel(&mut self, promise: &str) -> Result<pb::PromiseRecord, Status> {
        let request = pb::CancelPromiseRequest {
            request_id: self.fresh(),
            day_id: day_id(),
            promise_id: promise.to_owned(),
        };
        let cancelled = self.client.cancel_promise(request).await?;
        Ok(cancelled.into_inner().promise.unwrap())
    }

    pub(crate) async fn close(&mut self) -> Result<pb::DaySummary, Status> {
        let request = pb::CloseDayRequest {
            request_id: self.fresh(),
            day_id: day_id(),
        };
        let closed = self.client.close_day(request).await?;
        Ok(closed.into_inner().day.unwrap())
    }

    async fn day(&mut self, with_plan: bool) -> pb::GetDayResponse {
        let request = pb::GetDayRequest {
            day_id: day_id(),
            with_terms: true,
            with_plan,
            scenarios: Some(256),
        };
        self.client.get_day(request).await.unwrap().into_inner()
    }
}

/// The code and the reason of a refusal.
fn why<T: std::fmt::Debug>(refused: Result<T, Status>) -> (Code, String) {
    let status = refused.unwrap_err();
    let info = status.get_details_error_info().unwrap();
    assert_eq!(info.domain, "punctual");
    (status.code(), info.reason)
}

fn is(code: Code, reason: &str) -> (Code, String) {
    (code, reason.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_is_quoted_held_confirmed_and_planned() {
    let mut shop = Shop::open(|_| ()).await;
    let quote = shop.quote(order(0)).await.unwrap();
    assert_eq!(quote.windows.len(), 6);
    assert_eq!(quote.noise_version, "default");
    let offered = quote.windows.iter().find(|window| window.is_offered);
    let (window, offer) = offered
        .map(|w| (w.window_id.clone(), w.offer.clone().unwrap()))
        .unwrap();
    let probability = offer.probability.unwrap();
    assert!((0.0..=100.0).contains(&probability.percent) && offer.added_cost > 0);

    let held = shop.hold(order(0), &window).await.unwrap();
    assert_eq!(held.state(), pb::PromiseState::Held);
    assert_eq!((&held.window_id, &held.day_id), (&window, &day_id()));
    assert_eq!(held.order.as_ref().unwrap().place, order(0).place);
    let standing = held.standing.clone().unwrap();
    assert_eq!(standing.courier_id, offer.courier_id);

    let confirmed = shop.confirm(&held.promise_id).await.unwrap();
    assert_eq!(confirmed.state(), pb::PromiseState::Confirmed);
    assert_eq!(confirmed.entry_numbers.len(), 2);

    let read = shop.day(true).await;
    let day = read.day.unwrap();
    assert_eq!(day.counts.unwrap().confirmed, 1);
    assert_eq!((day.state(), day.couriers), (pb::DayState::Open, 1));
    assert!(!day.is_calibrated && day.time_zone == "Europe/Moscow");
    assert_eq!(read.terms.unwrap().windows, terms().windows);
    let plan = read.plan.unwrap();
    let stops: Vec<_> = plan
        .plan
        .unwrap()
        .routes
        .into_iter()
        .flat_map(|r| r.stops)
        .collect();
    assert_eq!(stops.len(), 1);
    assert_eq!(stops[0].order_id, order(0).id);
    assert_eq!(plan.problem.unwrap().orders.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_is_answered_as_before_and_another_body_is_refused() {
    let mut shop = Shop::open(|_| ()).await;
    let request = {
        let held = shop.hold_any(0).await;
        shop.release(&held.promise_id).await.unwrap();
        shop.hold_request(order(1), &held.window_id)
    };
    let first = shop.send_hold(request.clone()).await.unwrap();
    shop.confirm(&first.promise_id).await.unwrap();
    let again = shop.send_hold(request.clone()).await.unwrap();
    assert_eq!(
        again, first,
        "the first answer, although it is confirmed by now"
    );
    let other = pb::HoldWindowRequest {
        least_percent: Some(1.0),
        ..request.clone()
    };
    let reused = is(Code::AlreadyExists, "REQUEST_ID_REUSED");
    assert_eq!(why(shop.send_hold(other).await), reused);
    let confirm = pb::ConfirmHoldRequest {
        request_id: request.request_id,
        day_id: day_id(),
        promise_id: first.promise_id,
    };
    assert_eq!(why(shop.client.confirm_hold(confirm).await), reused);
    assert!(shop.open_day("open", terms()).await.is_ok(), "opening, too");
    let other = pb::DayTerms {
        scenarios: Some(256),
        ..terms()
    };
    assert_eq!(why(shop.open_day("open", other.clone()).await), reused);
    assert_eq!(
        why(shop.open_day("anew", other).await),
        is(Code::AlreadyExists, "DAY_EXISTS")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_known_is_not_found() {
    let mut shop = Shop::open(|_| ()).await;
    let nowhere = pb::QuoteWindowsRequest {
        day_id: "never".to_owned(),
        order: Some(order(0)),
        ..pb::QuoteWindowsRequest::default()
    };
    let unknown = why(shop.client.quote_windows(nowhere).await);
    assert_eq!(unknown, is(Code::NotFound, "UNKNOWN_DAY"));
    let day = shop.client.get_day(pb::GetDayRequest {
        day_id: "never".to_owned(),
        ..pb::GetDayRequest::default()
    });
    assert_eq!(why(day.await), is(Code::NotFound, "UNKNOWN_DAY"));
    let nobody = is(Code::NotFound, "UNKNOWN_PROMISE");
    assert_eq!(why(shop.confirm("p-0").await), nobody);
    assert_eq!(why(shop.release("p-0").await), nobody);
    assert_eq!(why(shop.cancel("p-0").await), nobody);
    let entries = shop.client.list_entries(pb::ListEntriesRequest {
        day_id: day_id(),
        promise_id: "p-0".to_owned(),
        ..pb::ListEntriesRequest::default()
    });
    assert_eq!(why(entries.await), nobody);
    let refused = shop.hold(order(0), "03-04").await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let info = refused.get_details_error_info().unwrap();
    assert_eq!(info.reason, "WINDOW_NOT_OFFERED");
    assert!(info.metadata["offered"].contains("10-12"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promise_changes_only_in_the_states_that_allow_it() {
    let mut shop = Shop::open(|_| ()).await;
    let held = shop.hold_any(0).await;
    let taken = shop.hold(order(0), &held.window_id).await;
    assert_eq!(why(taken), is(Code::AlreadyExists, "ORDER_TAKEN"));
    let wrong = is(Code::FailedPrecondition, "WRONG_STATE");
    assert_eq!(why(shop.cancel(&held.promise_id).await), wrong, "a hold");
    shop.confirm(&held.promise_id).await.unwrap();
    let twice = shop.confirm(&held.promise_id).await.unwrap();
    assert_eq!(twice.state(), pb::PromiseState::Confirmed);
    assert_eq!(
        why(shop.release(&held.promise_id).await),
        wrong,
        "a promise"
    );
    let cancelled = shop.cancel(&held.promise_id).await.unwrap();
    assert_eq!(cancelled.state(), pb::PromiseState::Cancelled);
    assert!(cancelled.standing.is_none());
    assert_eq!(
        why(shop.confirm(&held.promise_id).await),
        wrong,
        "cancelled"
    );
    let other = shop.hold_any(1).await;
    shop.release(&other.promise_id).await.unwrap();
    assert_eq!(
        why(shop.confirm(&other.promise_id).await),
        wrong,
        "released"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_amendment_keeps_what_was_promised_first() {
    let mut shop = Shop::open(|_| ()).await;
    let held = shop.hold_any(0).await;
    let confirmed = shop.confirm(&held.promise_id).await.unwrap();
    let quote = shop.quote(order(1)).await.unwrap();
    let mut offered = quote.windows.iter().filter(|window| window.is_offered);
    let other = offered.find(|window| window.window_id != held.window_id);
    let amend = |window_id: &str, order: Option<pb::Order>| pb::AmendPromiseRequest {
        request_id: format!("amend {window_id}"),
        day_id: day_id(),
        promise_id: held.promise_id.clone(),
        window_id: window_id.to_owned(),
        order,
        ..pb::AmendPromiseRequest::default()
    };
    let window = &other.unwrap().window_id;
    let amended = shop
        .client
        .amend_promise(amend(window, None))
        .await
        .unwrap();
    let amended = amended.into_inner().promise.unwrap();
    assert_eq!((amended.amendments, &amended.window_id), (1, window));
    assert_eq!(amended.first_statement, confirmed.first_statement);
    assert_ne!(amended.last_statement, amended.first_statement);
    let mut larger = order(0);
    larger.parcels = Some(7);
    let amended = shop
        .client
        .amend_promise(amend("", Some(larger.clone())))
        .await
        .unwrap();
    let amended = amended.into_inner().promise.unwrap();
    assert_eq!(amended.order.unwrap().parcels, Some(7));
    assert_eq!(amended.amendments, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_that_ran_out_is_answered_with_what_there_is_now() {
    let mut shop = Shop::open(|terms| {
        terms.hold_duration = Some(Duration {
            seconds: 10,
            nanos: 0,
        });
    })
    .await;
    let held = shop.hold_any(0).await;
    // The clock is the system's: wait until the day has noticed.
    let states = vec![pb::PromiseState::Expired as i32];
    let list = pb::ListPromisesRequest {
        day_id: day_id(),
        states,
        ..pb::ListPromisesRequest::default()
    };
    crate::service::within(async {
        loop {
            let listed = shop.client.list_promises(list.clone()).await.unwrap();
            if !listed.into_inner().promises.is_empty() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    })
    .await;
    let refused = shop.confirm(&held.promise_id).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert_eq!(
        refused.get_details_error_info().unwrap().reason,
        "HOLD_EXPIRED"
    );
    let quote = quote_in(&refused).unwrap();
    assert!(quote.windows.iter().any(|window| window.is_offered));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_is_not_possible_says_why_and_what_is() {
    let mut shop = Shop::open(|_| ()).await;
    let mut large = order(0);
    large.loads = [("kg".to_owned(), 1_000_000)].into();
    let quote = shop.quote(large.clone()).await.unwrap();
    for window in &quote.windows {
        let refusal = window.refusal.as_ref().unwrap();
        assert!(!window.is_offered);
        assert_eq!(refusal.reason(), pb::WindowRefusalReason::NoCourier);
        assert_eq!(refusal.constraint(), pb::ConstraintKind::Capacity);
        assert!(
            refusal.message.contains("kg too large"),
            "{}",
            refusal.message
        );
    }
    let refused = shop.hold(large, "10-12").await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert_eq!(
        refused.get_details_error_info().unwrap().reason,
        "WINDOW_NOT_POSSIBLE"
    );
    assert_eq!(quote_in(&refused).unwrap().windows.len(), 6);

    let mut skilled = order(0);
    skilled.required_skills.push("fly".to_owned());
    let quote = shop.quote(skilled).await.unwrap();
    let refusal = quote.windows[0].refusal.clone().unwrap();
    assert_eq!(refusal.constraint(), pb::ConstraintKind::Skill);

    let offered = shop.quote(order(0)).await.unwrap();
    let offered = offered.windows.iter().find(|window| window.is_offered);
    let window = offered.unwrap().window_id.clone();
    let picky = pb::HoldWindowRequest {
        least_percent: Some(100.0),
        ..shop.hold_request(order(0), &window)
    };
    match shop.send_hold(picky).await {
        Ok(held) => assert!(held.last_statement.unwrap().probability_percent > 99.99),
        Err(refused) => {
            assert_eq!(refused.code(), Code::Aborted);
            assert!(quote_in(&refused).is_some());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn past_the_cut_off_a_window_is_quoted_as_such_and_not_held() {
    let mut shop = Shop::open(|terms| {
        terms.windows[0].cut_off_time = Some(prost_types::Timestamp {
            seconds: 1_700_000_000,
            nanos: 0,
        });
    })
    .await;
    let quote = shop.quote(order(0)).await.unwrap();
    let refusal = quote.windows[0].refusal.clone().unwrap();
    assert_eq!(refusal.reason(), pb::WindowRefusalReason::PastCutOff);
    assert!(
        refusal.message.contains("2023-11-15 01:13"),
        "{}",
        refusal.message
    );
    let refused = shop.hold(order(0), "10-12").await;
    assert_eq!(why(refused), is(Code::FailedPrecondition, "PAST_CUT_OFF"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_day_takes_nothing_and_its_plan_makes_sheets() {
    let mut shop = Shop::open(|_| ()).await;
    let kept = shop.hold_any(0).await;
    shop.confirm(&kept.promise_id).await.unwrap();
    let unconfirmed = shop.hold_any(1).await;
    let closed = shop.close().await.unwrap();
    assert_eq!(closed.state(), pb::DayState::Closed);
    let counts = closed.counts.unwrap();
    assert_eq!((counts.confirmed, counts.held, counts.released), (1, 0, 1));
    let over = is(Code::FailedPrecondition, "DAY_CLOSED");
    assert_eq!(why(shop.quote(order(2)).await), over);
    assert_eq!(why(shop.hold(order(2), "10-12").await), over);
    assert_eq!(why(shop.confirm(&unconfirmed.promise_id).await), over);
    assert_eq!(why(shop.close().await), over);
    let mut sheets = shop.service.sheets().await;
    let rendered = sheets.render_route_sheet(pb::RenderRouteSheetRequest {
        day: shop.day(true).await.plan,
        courier_ids: Vec::new(),
        language: pb::Language::En as i32,
        ..pb::RenderRouteSheetRequest::default()
    });
    assert_eq!(rendered.await.unwrap().into_inner().sheets.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn promises_and_the_ledger_are_listed_page_by_page() {
    let mut shop = Shop::open(|_| ()).await;
    let mut ids = Vec::new();
    for number in 0..3 {
        ids.push(shop.hold_any(number).await.promise_id);
    }
    shop.confirm(&ids[0]).await.unwrap();
    ids.sort();
    let mut request = pb::ListPromisesRequest {
        day_id: day_id(),
        page_size: 2,
        ..pb::ListPromisesRequest::default()
    };
    let first = shop
        .client
        .list_promises(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(first.promises.len(), 2);
    request.page_token = first.next_page_token;
    let second = shop
        .client
        .list_promises(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert!(second.next_page_token.is_empty());
    let all = first.promises.iter().chain(&second.promises);
    let listed: Vec<&str> = all.map(|promise| promise.promise_id.as_str()).collect();
    assert_eq!(listed, ids);
    request.page_token.clear();
    request.states = vec![pb::PromiseState::Confirmed as i32];
    let confirmed = shop
        .client
        .list_promises(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(confirmed.promises.len(), 1);

    let mut request = pb::ListEntriesRequest {
        day_id: day_id(),
        page_size: 2,
        ..pb::ListEntriesRequest::default()
    };
    let mut entries = Vec::new();
    loop {
        let page = shop
            .client
            .list_entries(request.clone())
            .await
            .unwrap()
            .into_inner();
        entries.extend(page.entries);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    let kinds: Vec<pb::EntryKind> = entries.iter().map(pb::LedgerEntry::kind).collect();
    assert_eq!(kinds[0], pb::EntryKind::Opened);
    let count = |kind| kinds.iter().filter(|found| **found == kind).count();
    assert_eq!(
        (count(pb::EntryKind::Held), count(pb::EntryKind::Confirmed)),
        (3, 1)
    );
    let numbers = entries.iter().map(|entry| entry.number);
    assert!(numbers.eq(0..entries.len() as u64));
    let days = shop.client.list_days(pb::ListDaysRequest {}).await.unwrap();
    assert_eq!(days.into_inner().day_ids, [day_id()]);
}

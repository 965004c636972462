//! `PromiseService`.

use std::sync::Arc;

use prost::Message;
use tonic::{Request, Response, Status};

use super::convert::{self, Clocks, RequestFields};
use super::{digest, pb, status};
use crate::app::{
    App, DayPlan, Fault, PromiseError, PromiseView, Promises, Refusal as AppRefusal, RequestKey,
};
use crate::model::{DayId, Finding, PromiseId};
use crate::promise::{DayTerms, Refusal};

/// Serves `PromiseService` from the application.
pub(super) struct Promising {
    pub(super) app: Arc<App>,
}

/// A request for a change: its id can be taken out of it.
trait Change: Message + Sized {
    /// Name of the call.
    const CALL: &'static str;

    fn request_id(&mut self) -> &mut String;

    /// The request's key, for which its id is taken out.
    fn key(&mut self) -> RequestKey {
        let id = std::mem::take(self.request_id());
        RequestKey {
            body: digest::call_body(Self::CALL, self),
            id,
        }
    }
}

macro_rules! changes {
    ($($request:ident $call:literal),+ $(,)?) => {
        $(impl Change for pb::$request {
            const CALL: &'static str = $call;

            fn request_id(&mut self) -> &mut String {
                &mut self.request_id
            }
        })+
    };
}

changes!(
    OpenDayRequest "OpenDay",
    CloseDayRequest "CloseDay",
    HoldWindowRequest "HoldWindow",
    ConfirmHoldRequest "ConfirmHold",
    ReleaseHoldRequest "ReleaseHold",
    AmendPromiseRequest "AmendPromise",
    CancelPromiseRequest "CancelPromise",
);

/// What stands against a request, and by which clocks to say so.
struct Objection {
    error: PromiseError,
    clocks: Clocks,
}

impl From<PromiseError> for Objection {
    fn from(error: PromiseError) -> Self {
        Self {
            error,
            clocks: Clocks::new(""),
        }
    }
}

impl From<Vec<Finding>> for Objection {
    fn from(findings: Vec<Finding>) -> Self {
        PromiseError::from(Refusal::Invalid(findings)).into()
    }
}

impl From<Objection> for Status {
    fn from(objection: Objection) -> Self {
        status::of_promise(&objection.error, &objection.clocks)
    }
}

type Answer<T> = Result<T, Objection>;

/// A computation failed.
fn fault(refusal: AppRefusal) -> Objection {
    let fault = if let AppRefusal::Fault(fault) = refusal {
        fault
    } else {
        Fault::log("read a request", &refusal)
    };
    PromiseError::from(fault).into()
}

/// By the clocks of a day's city.
fn by_clocks(terms: &DayTerms) -> impl Fn(PromiseError) -> Objection {
    let clocks = Clocks::new(&terms.base.time_zone);
    move |error| Objection {
        error,
        clocks: clocks.clone(),
    }
}

/// Which promise of which day, if that is well said.
fn named(fields: RequestFields<'_>) -> Answer<(DayId, PromiseId)> {
    let found = convert::request_findings(fields);
    if !found.is_empty() {
        return Err(found.into());
    }
    let day = fields.day_id.unwrap_or_default();
    let promise = fields.promise_id.unwrap_or_default();
    Ok((
        convert::id_of("day_id", day, DayId::parse)?,
        convert::id_of("promise_id", promise, PromiseId::parse)?,
    ))
}

/// The day's terms, and a request read by them. Everything that is wrong with ids and request is reported at once.
async fn read_by_terms<T>(
    promises: &Promises,
    fields: RequestFields<'_>,
    read: impl FnOnce(&DayTerms) -> Result<T, Vec<Finding>>,
) -> Answer<(Arc<DayTerms>, DayId, T)> {
    let mut found = convert::request_findings(fields);
    let Ok(day) = DayId::parse(fields.day_id.unwrap_or_default()) else {
        return Err(found.into());
    };
    let terms = match promises.terms(&day).await {
        Ok(terms) => terms,
        Err(_) if !found.is_empty() => return Err(found.into()),
        Err(error) => return Err(error.into()),
    };
    match read(&terms) {
        Ok(read) if found.is_empty() => Ok((terms, day, read)),
        Ok(_) => Err(found.into()),
        Err(more) => {
            found.extend(more);
            Err(found.into())
        }
    }
}

impl Promising {
    fn promises(&self) -> Result<&Promises, Status> {
        self.app.promises().ok_or_else(status::no_ledger)
    }

    async fn open(
        &self,
        promises: &Promises,
        mut request: pb::OpenDayRequest,
    ) -> Answer<pb::DaySummary> {
        let mut found = convert::request_findings(RequestFields {
            request_id: Some(&request.request_id),
            ..RequestFields::default()
        });
        let (config, noise) = (self.app.config().clone(), self.app.noise().cloned());
        let read = self.app.compute().run("read a day's terms", move || {
            let key = request.key();
            let terms = match &request.terms {
                Some(terms) => convert::read_terms(terms, noise.as_ref(), &config)
                    .map_err(|found| convert::prefixed("terms", found)),
                None => Err(convert::missing("terms")),
            };
            (key, terms)
        });
        let (key, terms) = read.await.map_err(fault)?;
        match terms {
            Ok(terms) if found.is_empty() => {
                Ok(convert::day_message(&promises.open(key, terms).await?))
            }
            Ok(_) => Err(found.into()),
            Err(more) => {
                found.extend(more);
                Err(found.into())
            }
        }
    }

    async fn day(
        &self,
        promises: &Promises,
        request: pb::GetDayRequest,
    ) -> Answer<pb::GetDayResponse> {
        let mut found = convert::request_findings(RequestFields {
            day_id: Some(&request.day_id),
            ..RequestFields::default()
        });
        let scenarios = convert::read_scenarios(request.scenarios);
        found.extend(scenarios.as_ref().err().cloned().unwrap_or_default());
        let (Ok(day), Ok(scenarios), true) =
            (DayId::parse(&request.day_id), scenarios, found.is_empty())
        else {
            return Err(found.into());
        };
        let (view, plan) = if request.with_plan {
            let DayPlan {
                view,
                problem,
                plan,
                forecast,
            } = promises.plan(&day, scenarios).await?;
            let plan = pb::PlannedDay {
                problem: Some(convert::problem_message(&problem)),
                plan: Some(convert::plan_message(&problem, &plan, &[])),
                forecast: Some(convert::forecast_message(&forecast)),
                target_outcome: None,
            };
            (view, Some(plan))
        } else {
            (promises.day(&day).await?, None)
        };
        let terms = request
            .with_terms
            .then(|| convert::terms_message(&view.terms));
        Ok(pb::GetDayResponse {
            day: Some(convert::day_message(&view)),
            terms,
            plan,
        })
    }

    async fn close(
        &self,
        promises: &Promises,
        mut request: pb::CloseDayRequest,
    ) -> Answer<pb::DaySummary> {
        let found = convert::request_findings(RequestFields {
            request_id: Some(&request.request_id),
            day_id: Some(&request.day_id),
            promise_id: None,
        });
        if !found.is_empty() {
            return Err(found.into());
        }
        let day = convert::id_of("day_id", &request.day_id, DayId::parse)?;
        Ok(convert::day_message(
            &promises.close(request.key(), &day).await?,
        ))
    }

    async fn quote(
        &self,
        promises: &Promises,
        request: pb::QuoteWindowsRequest,
    ) -> Answer<pb::QuoteWindowsResponse> {
        let fields = RequestFields {
            day_id: Some(&request.day_id),
            ..RequestFields::default()
        };
        let read = |terms: &DayTerms| {
            convert::read_booking(request.order.as_ref(), &request.load_spreads, terms)
        };
        let (terms, day, (booking, warnings)) = read_by_terms(promises, fields, read).await?;
        let quote = promises.quote(&day, booking).await;
        let quote = quote.map_err(by_clocks(&terms))?;
        let clocks = Clocks::new(&terms.base.time_zone);
        Ok(pb::QuoteWindowsResponse {
            warnings: convert::findings_message(&warnings),
            ..convert::quote_message(&quote, &clocks)
        })
    }

    async fn hold(
        &self,
        promises: &Promises,
        mut request: pb::HoldWindowRequest,
    ) -> Answer<pb::PromiseRecord> {
        let fields = RequestFields {
            request_id: Some(&request.request_id),
            day_id: Some(&request.day_id),
            promise_id: None,
        };
        let read = |terms: &DayTerms| convert::read_hold(&request, terms);
        let (terms, day, hold) = read_by_terms(promises, fields, read).await?;
        let key = request.key();
        let held = promises
            .hold(key, &day, hold.booking, &hold.window, hold.least)
            .await;
        let held = held.map_err(by_clocks(&terms))?;
        Ok(convert::promise_message(&day, &held))
    }

    async fn amend(
        &self,
        promises: &Promises,
        mut request: pb::AmendPromiseRequest,
    ) -> Answer<pb::PromiseRecord> {
        let fields = RequestFields {
            request_id: Some(&request.request_id),
            day_id: Some(&request.day_id),
            promise_id: Some(&request.promise_id),
        };
        let read = |terms: &DayTerms| convert::read_amendment(&request, terms);
        let (terms, day, change) = read_by_terms(promises, fields, read).await?;
        let promise = convert::id_of("promise_id", &request.promise_id, PromiseId::parse)?;
        let key = request.key();
        let amended = promises
            .amend(
                key,
                &day,
                &promise,
                change.window,
                change.booking,
                change.least,
            )
            .await;
        let amended = amended.map_err(by_clocks(&terms))?;
        Ok(convert::promise_message(&day, &amended))
    }

    /// What a change of one promise comes to.
    async fn changed(
        &self,
        promises: &Promises,
        day: &DayId,
        changed: Result<PromiseView, PromiseError>,
    ) -> Answer<pb::PromiseRecord> {
        match changed {
            Ok(view) => Ok(convert::promise_message(day, &view)),
            Err(error) => Err(match promises.terms(day).await {
                Ok(terms) => by_clocks(&terms)(error),
                Err(_) => error.into(),
            }),
        }
    }

    async fn list(
        &self,
        promises: &Promises,
        request: &pb::ListPromisesRequest,
    ) -> Answer<pb::ListPromisesResponse> {
        let mut found = convert::request_findings(RequestFields {
            day_id: Some(&request.day_id),
            ..RequestFields::default()
        });
        let size = convert::page_size(request.page_size);
        let states = convert::read_promise_states(&request.states);
        let after = match request.page_token.as_str() {
            "" => Ok(None),
            token => convert::id_of("page_token", token, PromiseId::parse).map(Some),
        };
        found.extend(size.as_ref().err().cloned().unwrap_or_default());
        found.extend(states.as_ref().err().cloned().unwrap_or_default());
        found.extend(after.as_ref().err().cloned().unwrap_or_default());
        let (Ok(day), Ok(size), Ok(states), Ok(after), true) = (
            DayId::parse(&request.day_id),
            size,
            states,
            after,
            found.is_empty(),
        ) else {
            return Err(found.into());
        };
        // One more than asked for tells whether there are more.
        let mut views = promises
            .list(&day, after.as_ref(), size + 1, &states)
            .await?;
        let has_more = views.len() > size;
        views.truncate(size);
        let last = views.last().filter(|_| has_more);
        let next_page_token = last.map(|view| view.record.id.to_string());
        Ok(pb::ListPromisesResponse {
            promises: views
                .iter()
                .map(|view| convert::promise_message(&day, view))
                .collect(),
            next_page_token: next_page_token.unwrap_or_default(),
        })
    }

    async fn entries(
        &self,
        promises: &Promises,
        request: &pb::ListEntriesRequest,
    ) -> Answer<pb::ListEntriesResponse> {
        let promise_id = Some(request.promise_id.as_str()).filter(|id| !id.is_empty());
        let mut found = convert::request_findings(RequestFields {
            day_id: Some(&request.day_id),
            promise_id,
            request_id: None,
        });
        let size = convert::page_size(request.page_size);
        let from = convert::entry_number(&request.page_token);
        found.extend(size.as_ref().err().cloned().unwrap_or_default());
        found.extend(from.as_ref().err().cloned().unwrap_or_default());
        let (Ok(day), Ok(size), Ok(from), true) =
            (DayId::parse(&request.day_id), size, from, found.is_empty())
        else {
            return Err(found.into());
        };
        let promise = promise_id.and_then(|id| PromiseId::parse(id).ok());
        // One more than asked for tells whether there are more.
        let entries = promises.ledger(&day, promise.as_ref(), from, size + 1);
        let entries = entries.await?;
        let next = entries.get(size).map(|entry| entry.number.to_string());
        let page = entries.iter().take(size);
        Ok(pb::ListEntriesResponse {
            entries: page.map(convert::entry_message).collect(),
            next_page_token: next.unwrap_or_default(),
        })
    }
}

/// Which promise of which day a request for a change is about, and its key.
macro_rules! change_of {
    ($request:expr) => {{
        let mut request = $request.into_inner();
        let (day, promise) = named(RequestFields {
            request_id: Some(&request.request_id),
            day_id: Some(&request.day_id),
            promise_id: Some(&request.promise_id),
        })?;
        (request.key(), day, promise)
    }};
}

#[tonic::async_trait]
impl pb::promise_service_server::PromiseService for Promising {
    async fn open_day(
        &self,
        request: Request<pb::OpenDayRequest>,
    ) -> Result<Response<pb::OpenDayResponse>, Status> {
        let day = Some(self.open(self.promises()?, request.into_inner()).await?);
        Ok(Response::new(pb::OpenDayResponse { day }))
    }

    async fn list_days(
        &self,
        _: Request<pb::ListDaysRequest>,
    ) -> Result<Response<pb::ListDaysResponse>, Status> {
        let days = self.promises()?.days().await.map_err(Objection::from)?;
        let day_ids = days.iter().map(ToString::to_string).collect();
        Ok(Response::new(pb::ListDaysResponse { day_ids }))
    }

    async fn get_day(
        &self,
        request: Request<pb::GetDayRequest>,
    ) -> Result<Response<pb::GetDayResponse>, Status> {
        let day = self.day(self.promises()?, request.into_inner()).await?;
        Ok(Response::new(day))
    }

    async fn close_day(
        &self,
        request: Request<pb::CloseDayRequest>,
    ) -> Result<Response<pb::CloseDayResponse>, Status> {
        let day = Some(self.close(self.promises()?, request.into_inner()).await?);
        Ok(Response::new(pb::CloseDayResponse { day }))
    }

    async fn quote_windows(
        &self,
        request: Request<pb::QuoteWindowsRequest>,
    ) -> Result<Response<pb::QuoteWindowsResponse>, Status> {
        let quote = self.quote(self.promises()?, request.into_inner()).await?;
        Ok(Response::new(quote))
    }

    async fn hold_window(
        &self,
        request: Request<pb::HoldWindowRequest>,
    ) -> Result<Response<pb::HoldWindowResponse>, Status> {
        let promise = Some(self.hold(self.promises()?, request.into_inner()).await?);
        Ok(Response::new(pb::HoldWindowResponse { promise }))
    }

    async fn confirm_hold(
        &self,
        request: Request<pb::ConfirmHoldRequest>,
    ) -> Result<Response<pb::ConfirmHoldResponse>, Status> {
        let promises = self.promises()?;
        let (key, day, promise) = change_of!(request);
        let changed = promises.confirm(key, &day, &promise).await;
        let promise = Some(self.changed(promises, &day, changed).await?);
        Ok(Response::new(pb::ConfirmHoldResponse { promise }))
    }

    async fn release_hold(
        &self,
        request: Request<pb::ReleaseHoldRequest>,
    ) -> Result<Response<pb::ReleaseHoldResponse>, Status> {
        let promises = self.promises()?;
        let (key, day, promise) = change_of!(request);
        let changed = promises.release(key, &day, &promise).await;
        let promise = Some(self.changed(promises, &day, changed).await?);
        Ok(Response::new(pb::ReleaseHoldResponse { promise }))
    }

    async fn get_promise(
        &self,
        request: Request<pb::GetPromiseRequest>,
    ) -> Result<Response<pb::GetPromiseResponse>, Status> {
        let promises = self.promises()?;
        let (day, promise) = named(RequestFields {
            request_id: None,
            day_id: Some(&request.get_ref().day_id),
            promise_id: Some(&request.get_ref().promise_id),
        })?;
        let view = promises.promise(&day, &promise).await;
        let view = view.map_err(Objection::from)?;
        let promise = Some(convert::promise_message(&day, &view));
        Ok(Response::new(pb::GetPromiseResponse { promise }))
    }

    async fn list_promises(
        &self,
        request: Request<pb::ListPromisesRequest>,
    ) -> Result<Response<pb::ListPromisesResponse>, Status> {
        let list = self.list(self.promises()?, request.get_ref()).await?;
        Ok(Response::new(list))
    }

    async fn amend_promise(
        &self,
        request: Request<pb::AmendPromiseRequest>,
    ) -> Result<Response<pb::AmendPromiseResponse>, Status> {
        let promise = Some(self.amend(self.promises()?, request.into_inner()).await?);
        Ok(Response::new(pb::AmendPromiseResponse { promise }))
    }

    async fn cancel_promise(
        &self,
        request: Request<pb::CancelPromiseRequest>,
    ) -> Result<Response<pb::CancelPromiseResponse>, Status> {
        let promises = self.promises()?;
        let (key, day, promise) = change_of!(request);
        let changed = promises.cancel(key, &day, &promise).await;
        let promise = Some(self.changed(promises, &day, changed).await?);
        Ok(Response::new(pb::CancelPromiseResponse { promise }))
    }

    async fn list_entries(
        &self,
        request: Request<pb::ListEntriesRequest>,
    ) -> Result<Response<pb::ListEntriesResponse>, Status> {
        let entries = self.entries(self.promises()?, request.get_ref()).await?;
        Ok(Response::new(entries))
    }
}

//! `DayService`.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::convert::{self, LiveSource, RequestFields, prefixed};
use super::pb::start_live_day_request::Source;
use super::pb::watch_risk_response::Told as WireTold;
use super::{digest, mending, pb, status};
use crate::app::{
    App, DayPlan, Fault, LiveDays, LiveError, LiveView, Look, News, Observed, PromiseError,
    Refusal as AppRefusal, RequestKey, Watch,
};
use crate::config::PlanningConfig;
use crate::day::{Refusal, Start, Taken};
use crate::model::{DayId, Finding, Plan, Problem, Reason};
use crate::promise::DayState;
use crate::units::Timestamp;

/// Events of one request.
const EVENTS_MAX: usize = 1_000;
/// Events of a stream that are taken together if they are there already.
const GROUP_MAX: usize = 64;
/// Answers of a stream that wait to be read.
const ANSWERS_MAX: usize = 256;
/// A watcher hears that nothing has changed after so long.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Simulated days of the forecast that comes with the plan of a promised day, of which nothing is used.
const SCENARIOS_MIN: u32 = 128;

/// Serves `DayService` from the application.
pub(super) struct Following {
    pub(super) app: Arc<App>,
}

pub(super) type Answer<T> = Result<T, LiveError>;

fn refused(error: LiveError) -> Status {
    status::of_live(&error)
}

/// A computation failed.
pub(super) fn fault(refusal: AppRefusal) -> LiveError {
    if let AppRefusal::Fault(fault) = refusal {
        fault.into()
    } else {
        Fault::log("read a request", &refusal).into()
    }
}

pub(super) fn day_id(id: &str) -> Answer<DayId> {
    Ok(convert::id_of("live_day_id", id, DayId::parse)?)
}

/// What time it is on a simulated day, if that is said.
pub(super) fn as_of(
    moment: Option<&prost_types::Timestamp>,
) -> Result<Option<Timestamp>, Vec<Finding>> {
    convert::moment_of("as_of_time", moment)
}

impl Following {
    fn live_days(&self) -> Result<&LiveDays, Status> {
        self.app.live_days().ok_or_else(status::no_ledger)
    }

    async fn start(
        &self,
        live: &LiveDays,
        mut request: pb::StartLiveDayRequest,
    ) -> Answer<LiveView> {
        let mut found = convert::request_findings(RequestFields {
            request_id: Some(&request.request_id),
            ..RequestFields::default()
        });
        let at = as_of(request.as_of_time.as_ref());
        found.extend(at.as_ref().err().cloned().unwrap_or_default());
        let promised = match &request.source {
            Some(Source::PromiseDayId(id)) => Some(self.promised(id).await),
            Some(Source::Plan(_)) | None => None,
        };
        let promised = promised.transpose()?;
        let (config, noise) = (self.app.config().clone(), self.app.noise().cloned());
        let read = self.app.compute().run("read a plan to follow", move || {
            let id = std::mem::take(&mut request.request_id);
            let body = digest::call_body("StartLiveDay", &request);
            let key = RequestKey { id, body };
            let terms = request
                .terms
                .as_ref()
                .ok_or_else(|| convert::missing("terms"));
            let of_promises = promised.as_ref().map(|day| &*day.view.terms);
            let terms = terms.and_then(|terms| {
                let read = convert::read_live_terms(terms, of_promises, noise.as_ref());
                read.map_err(|found| prefixed("terms", found))
            });
            let plan = planned(request.source.as_ref(), promised, &config);
            (key, convert::pair(terms, plan))
        });
        let (key, read) = read.await.map_err(fault)?;
        match (read, at) {
            (Ok((source, (problem, plan))), Ok(at)) if found.is_empty() => {
                live.start(key, started(source, problem, plan), at).await
            }
            (read, _) => {
                found.extend(read.err().unwrap_or_default());
                Err(found.into())
            }
        }
    }

    /// The plan of a closed day of promises.
    async fn promised(&self, id: &str) -> Answer<DayPlan> {
        let id = convert::id_of("promise_day_id", id, DayId::parse)?;
        let Some(promises) = self.app.promises() else {
            return Err(PromiseError::from(crate::promise::Refusal::UnknownDay(id)).into());
        };
        if promises.day(&id).await?.state == DayState::Open {
            return Err(LiveError::DayOpen(id));
        }
        Ok(promises.plan(&id, SCENARIOS_MIN).await?)
    }

    async fn day(
        &self,
        live: &LiveDays,
        request: pb::GetLiveDayRequest,
    ) -> Answer<pb::GetLiveDayResponse> {
        let id = day_id(&request.live_day_id)?;
        live.look(&id, move |state| {
            let couriers = 0..state.day.day().couriers().len();
            let couriers = couriers.filter(|_| request.with_couriers);
            let open = state.open();
            let alerts = open.iter();
            let alerts = alerts.map(|alert| convert::open_alert_message(&state.start, alert));
            pb::GetLiveDayResponse {
                live_day: Some(convert::live_day_message(&LiveView::of(state))),
                alerts: alerts.collect(),
                couriers: couriers
                    .map(|courier| convert::courier_message(state, courier))
                    .collect(),
                terms: (request.with_terms)
                    .then(|| convert::live_terms_message(&convert::source_of(&state.start))),
                plan: (request.with_plan)
                    .then(|| convert::plan_now_message(state.day.problem(), &state.plan())),
            }
        })
        .await
    }

    async fn record(
        &self,
        live: &LiveDays,
        request: &pb::ListReportsRequest,
    ) -> Answer<pb::ListReportsResponse> {
        let id = convert::id_of("live_day_id", &request.live_day_id, DayId::parse);
        let size = convert::page_size(request.page_size);
        let from = convert::entry_number(&request.page_token);
        let read = convert::pair(convert::pair(id, size), from);
        let ((id, size), from) = read?;
        // One more than asked for tells whether there are more.
        let entries = live.record(&id, from, size + 1).await?;
        let next = entries.get(size).map(|entry| entry.number.to_string());
        // Alerts are told by the terms and the clocks of the day.
        let start = live.start_of(&id).await?;
        let work = move || {
            let page = entries.iter().take(size);
            let messages = page.map(|entry| convert::record_entry_message(&start, entry));
            messages.collect()
        };
        let entries = self.app.compute().run("write a record", work);
        Ok(pb::ListReportsResponse {
            entries: entries.await.map_err(fault)?,
            next_page_token: next.unwrap_or_default(),
        })
    }
}

/// The problem and the plan that a day is started from.
fn planned(
    source: Option<&Source>,
    promised: Option<DayPlan>,
    config: &PlanningConfig,
) -> Result<(Problem, Plan), Vec<Finding>> {
    let wrong =
        |field: &str, reason, message: &str| Err(vec![Finding::new(field, "", reason, message)]);
    match (source, promised) {
        (_, Some(day)) if day.problem.orders.is_empty() => {
            let message = "the day has no promises: there is nothing to follow";
            wrong("promise_day_id", Reason::Conflict, message)
        }
        (_, Some(day)) => Ok((day.problem, day.plan)),
        (Some(Source::Plan(plan)), None) => {
            convert::read_day_in("plan", plan, config).map(|day| (day.problem, day.plan))
        }
        (Some(Source::PromiseDayId(_)) | None, None) => {
            let message = "one of plan and promise_day_id is required";
            wrong("plan", Reason::MissingField, message)
        }
    }
}

fn started(source: LiveSource, problem: Problem, plan: Plan) -> Start {
    Start {
        id: source.id,
        terms: source.terms,
        is_calibrated: source.is_calibrated,
        is_simulated: source.is_simulated,
        problem: Arc::new(problem),
        plan: Arc::new(plan),
    }
}

/// Events as they stood in a request: those that could be read, and the answers to those that could not.
struct Read {
    events: Vec<Observed>,
    /// By position in the request: the id, and what is wrong with it.
    positions: Vec<(String, Option<Vec<Finding>>)>,
}

impl Read {
    /// Reads events that stand in the fields named by `field`.
    fn of<'a>(
        events: impl IntoIterator<Item = &'a pb::LiveEvent>,
        field: impl Fn(usize) -> String,
    ) -> Self {
        let mut read = Self {
            events: Vec::new(),
            positions: Vec::new(),
        };
        for (number, event) in events.into_iter().enumerate() {
            let id = event.event_id.clone();
            match convert::read_event(&field(number), event) {
                Ok(observed) => {
                    read.events.push(observed);
                    read.positions.push((id, None));
                }
                Err(found) => read.positions.push((id, Some(found))),
            }
        }
        read
    }
}

/// What to answer to each event in the sequence of the request, with the number of the courier whom it is about.
fn answers(
    positions: Vec<(String, Option<Vec<Finding>>)>,
    outcomes: &[Result<Taken, Refusal>],
    field: impl Fn(usize) -> String,
) -> Vec<(pb::EventAnswer, Option<usize>)> {
    let refused = |event_id, found: &[Finding]| pb::EventAnswer {
        event_id,
        outcome: pb::EventOutcome::Refused as i32,
        findings: convert::findings_message(found),
    };
    let mut taken = outcomes.iter();
    let answer = |(number, (id, found)): (usize, (String, Option<Vec<Finding>>))| match found {
        Some(found) => (refused(id, &found), None),
        None => match taken.next() {
            Some(Ok(taken)) => {
                let answer = convert::event_answer(&field(number), id, taken);
                (answer, taken.courier)
            }
            Some(Err(refusal)) => {
                let found = convert::refusal_findings(&field(number), refusal);
                (refused(id, &found), None)
            }
            None => (refused(id, &[]), None),
        },
    };
    positions.into_iter().enumerate().map(answer).collect()
}

async fn report(
    live: &LiveDays,
    request: pb::ReportEventsRequest,
) -> Answer<pb::ReportEventsResponse> {
    let id = convert::id_of("live_day_id", &request.live_day_id, DayId::parse);
    let at = as_of(request.as_of_time.as_ref());
    let n_events = match request.events.len() {
        0..=EVENTS_MAX => Ok(()),
        count => {
            let message = format!("{count} events; at most {EVENTS_MAX} are taken at once");
            Err(vec![Finding::new("events", "", Reason::TooLarge, message)])
        }
    };
    let ((id, at), ()) = convert::pair(convert::pair(id, at), n_events)?;
    let field = |number| format!("events[{number}]");
    let Read { events, positions } = Read::of(&request.events, field);
    if events.is_empty() && !positions.is_empty() {
        // Nothing of it can be reported; the day has to be there all the same.
        let as_of_time = live.look(&id, |state| state.day.now()).await?;
        let answers = answers(positions, &[], field);
        return Ok(pb::ReportEventsResponse {
            answers: answers.into_iter().map(|(answer, _)| answer).collect(),
            couriers: Vec::new(),
            as_of_time: convert::moment(as_of_time),
        });
    }
    let reported = live.report(&id, events, at).await?;
    let answers = answers(positions, &reported.answers, field);
    let look = |look: &Look| convert::courier_risk_message(&reported.roster, look);
    let mut couriers: Vec<pb::CourierRisk> = reported.looks.iter().map(look).collect();
    couriers.sort_by(|a, b| a.courier_id.cmp(&b.courier_id));
    Ok(pb::ReportEventsResponse {
        answers: answers.into_iter().map(|(answer, _)| answer).collect(),
        couriers,
        as_of_time: convert::moment(reported.as_of),
    })
}

/// Answers the events of a stream, those together that are there already, until it ends or something stands against it.
struct Conversation {
    app: Arc<App>,
    messages: Streaming<pb::StreamEventsRequest>,
    answers: mpsc::Sender<Result<pb::StreamEventsResponse, Status>>,
    day: Option<DayId>,
    /// Read, but not part of the group before.
    next: Option<pb::StreamEventsRequest>,
}

impl Conversation {
    async fn run(mut self) {
        let mut closing = self.app.closing();
        let ended = tokio::select! {
            ended = self.converse() => ended,
            _ = closing.wait_for(|is_closing| *is_closing) => {
                Err(refused(PromiseError::ShuttingDown.into()))
            }
        };
        if let Err(status) = ended {
            // Who does not listen any more does not hear it.
            drop(self.answers.send(Err(status)).await);
        }
    }

    async fn converse(&mut self) -> Result<(), Status> {
        while let Some(group) = self.group().await? {
            for answer in self.answer(group).await.map_err(refused)? {
                if self.answers.send(Ok(answer)).await.is_err() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The next message, and those after it that are there already and say the same time.
    async fn group(&mut self) -> Result<Option<Vec<pb::StreamEventsRequest>>, Status> {
        let first = match self.next.take() {
            Some(next) => Some(next),
            None => self.messages.message().await?,
        };
        let Some(first) = first else { return Ok(None) };
        let as_of_time = first.as_of_time;
        // An event that is missing lets time pass, by itself.
        let is_alone = first.event.is_none();
        let mut group = vec![first];
        while !is_alone && group.len() < GROUP_MAX {
            let ready = tokio::time::timeout(Duration::ZERO, self.messages.message());
            let Ok(message) = ready.await else { break };
            let Some(message) = message? else { break };
            if message.as_of_time != as_of_time || message.event.is_none() {
                self.next = Some(message);
                break;
            }
            group.push(message);
        }
        Ok(Some(group))
    }

    async fn answer(
        &mut self,
        group: Vec<pb::StreamEventsRequest>,
    ) -> Answer<Vec<pb::StreamEventsResponse>> {
        for message in &group {
            self.name(&message.live_day_id)?;
        }
        let (Some(live), Some(day)) = (self.app.live_days(), self.day.clone()) else {
            return Err(convert::missing("live_day_id").into());
        };
        let field = |_| "event".to_owned();
        let events = group.iter().filter_map(|message| message.event.as_ref());
        let Read { events, positions } = Read::of(events, field);
        let at = as_of(group.first().and_then(|first| first.as_of_time.as_ref()));
        let at = match at {
            Err(found) if !positions.is_empty() => {
                return all_refused(live, &day, positions, &found).await;
            }
            at => at?,
        };
        let is_nothing = events.is_empty() && !positions.is_empty();
        let (outcomes, looks, as_of) = if is_nothing {
            let now = live.look(&day, |state| state.day.now()).await?;
            (Vec::new(), Vec::new(), now)
        } else {
            let reported = match live.report(&day, events, at).await {
                // What is wrong with the time of some does not keep others from being taken.
                Err(error) if error.findings().is_some() && !positions.is_empty() => {
                    let found = error.findings().unwrap_or_default();
                    return all_refused(live, &day, positions, found).await;
                }
                reported => reported?,
            };
            let risk = |look: &Look| {
                let risk = convert::courier_risk_message(&reported.roster, look);
                (look.courier, risk)
            };
            let looks = reported.looks.iter().map(risk).collect();
            (reported.answers, looks, reported.as_of)
        };
        let as_of_time = convert::moment(as_of);
        if positions.is_empty() {
            return Ok(vec![pb::StreamEventsResponse {
                answer: None,
                courier: None,
                as_of_time,
            }]);
        }
        let risk = |courier: usize| {
            let found = looks.iter().find(|(of, _): &&(usize, _)| *of == courier)?;
            Some(found.1.clone())
        };
        let answers = answers(positions, &outcomes, field).into_iter();
        let answers = answers.map(|(answer, courier)| pb::StreamEventsResponse {
            answer: Some(answer),
            courier: courier.and_then(risk),
            as_of_time,
        });
        Ok(answers.collect())
    }

    /// Takes note of which day a message is about.
    fn name(&mut self, id: &str) -> Answer<()> {
        match &self.day {
            None => self.day = Some(day_id(id)?),
            Some(day) if id.is_empty() || day.as_str() == id => {}
            Some(day) => {
                let message = format!("the stream is about live day {day}: open another one");
                let finding = Finding::new("live_day_id", id, Reason::Conflict, message);
                return Err(vec![finding].into());
            }
        }
        Ok(())
    }
}

/// Refuses events of a stream for what is wrong with their messages, besides what is wrong with themselves.
async fn all_refused(
    live: &LiveDays,
    day: &DayId,
    positions: Vec<(String, Option<Vec<Finding>>)>,
    found: &[Finding],
) -> Answer<Vec<pb::StreamEventsResponse>> {
    let now = live.look(day, |state| state.day.now()).await?;
    let as_of_time = convert::moment(now);
    let positions = positions.into_iter().map(|(id, own)| {
        let all = own.into_iter().flatten().chain(found.iter().cloned());
        (id, Some(all.collect()))
    });
    let answers = answers(positions.collect(), &[], |_| "event".to_owned());
    let answers = answers
        .into_iter()
        .map(|(answer, _)| pb::StreamEventsResponse {
            answer: Some(answer),
            courier: None,
            as_of_time,
        });
    Ok(answers.collect())
}

fn news_message(watch: &Watch, news: &News) -> WireTold {
    match news {
        News::Alert(told) => {
            let mut change = convert::alert_change_message(&watch.start, &told.change, told.at);
            if let Some(alert) = &mut change.alert {
                alert.courier_id = told.courier.to_string();
            }
            WireTold::Change(change)
        }
        News::Passed(at) => WireTold::Heartbeat(pb::RiskHeartbeat {
            as_of_time: convert::moment(*at),
        }),
    }
}

/// Tells a watcher what changes, until the watcher goes away or something stands against it.
async fn tell(
    mut watch: Watch,
    mut closing: tokio::sync::watch::Receiver<bool>,
    answers: mpsc::Sender<Result<pb::WatchRiskResponse, Status>>,
) {
    let open = watch.open.iter();
    let open = open.map(|alert| convert::open_alert_message(&watch.start, alert));
    let mut next = WireTold::Open(pb::OpenAlerts {
        alerts: open.collect(),
        as_of_time: convert::moment(watch.at),
    });
    let ended = loop {
        let told = pb::WatchRiskResponse { told: Some(next) };
        if answers.send(Ok(told)).await.is_err() {
            return;
        }
        next = tokio::select! {
            change = watch.changes.recv() => match change {
                Ok(news) => news_message(&watch, &news),
                Err(broadcast::error::RecvError::Lagged(_)) => break LiveError::TooSlow,
                Err(broadcast::error::RecvError::Closed) => break LiveError::let_go(),
            },
            () = tokio::time::sleep(HEARTBEAT) => WireTold::Heartbeat(pb::RiskHeartbeat {
                as_of_time: convert::moment(watch.now()),
            }),
            () = answers.closed() => return,
            _ = closing.wait_for(|is_closing| *is_closing) => {
                break PromiseError::ShuttingDown.into();
            }
        };
    };
    // Who does not listen any more does not hear it.
    drop(answers.send(Err(refused(ended))).await);
}

#[tonic::async_trait]
impl pb::day_service_server::DayService for Following {
    async fn start_live_day(
        &self,
        request: Request<pb::StartLiveDayRequest>,
    ) -> Result<Response<pb::StartLiveDayResponse>, Status> {
        let view = self.start(self.live_days()?, request.into_inner()).await;
        let live_day = Some(convert::live_day_message(&view.map_err(refused)?));
        Ok(Response::new(pb::StartLiveDayResponse { live_day }))
    }

    async fn list_live_days(
        &self,
        _: Request<pb::ListLiveDaysRequest>,
    ) -> Result<Response<pb::ListLiveDaysResponse>, Status> {
        let days = self.live_days()?.days().await.map_err(refused)?;
        let live_day_ids = days.iter().map(ToString::to_string).collect();
        Ok(Response::new(pb::ListLiveDaysResponse { live_day_ids }))
    }

    async fn get_live_day(
        &self,
        request: Request<pb::GetLiveDayRequest>,
    ) -> Result<Response<pb::GetLiveDayResponse>, Status> {
        let day = self.day(self.live_days()?, request.into_inner()).await;
        day.map(Response::new).map_err(refused)
    }

    async fn report_events(
        &self,
        request: Request<pb::ReportEventsRequest>,
    ) -> Result<Response<pb::ReportEventsResponse>, Status> {
        let reported = report(self.live_days()?, request.into_inner()).await;
        reported.map(Response::new).map_err(refused)
    }

    type StreamEventsStream = ReceiverStream<Result<pb::StreamEventsResponse, Status>>;

    async fn stream_events(
        &self,
        request: Request<Streaming<pb::StreamEventsRequest>>,
    ) -> Result<Response<Self::StreamEventsStream>, Status> {
        self.live_days()?;
        let (answers, receiver) = mpsc::channel(ANSWERS_MAX);
        let conversation = Conversation {
            app: Arc::clone(&self.app),
            messages: request.into_inner(),
            answers,
            day: None,
            next: None,
        };
        tokio::spawn(conversation.run());
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn list_reports(
        &self,
        request: Request<pb::ListReportsRequest>,
    ) -> Result<Response<pb::ListReportsResponse>, Status> {
        let record = self.record(self.live_days()?, request.get_ref()).await;
        record.map(Response::new).map_err(refused)
    }

    async fn suggest_remedies(
        &self,
        request: Request<pb::SuggestRemediesRequest>,
    ) -> Result<Response<pb::SuggestRemediesResponse>, Status> {
        let found = mending::suggest(&self.app, self.live_days()?, request.into_inner()).await;
        found.map(Response::new).map_err(refused)
    }

    async fn apply_remedy(
        &self,
        request: Request<pb::ApplyRemedyRequest>,
    ) -> Result<Response<pb::ApplyRemedyResponse>, Status> {
        let view = mending::apply(self.live_days()?, request.into_inner()).await;
        let live_day = Some(convert::live_day_message(&view.map_err(refused)?));
        Ok(Response::new(pb::ApplyRemedyResponse { live_day }))
    }

    async fn repair_plan(
        &self,
        request: Request<pb::RepairPlanRequest>,
    ) -> Result<Response<pb::RepairPlanResponse>, Status> {
        let found = mending::mend(&self.app, self.live_days()?, request.into_inner()).await;
        found.map(Response::new).map_err(refused)
    }

    type WatchRiskStream = ReceiverStream<Result<pb::WatchRiskResponse, Status>>;

    async fn watch_risk(
        &self,
        request: Request<pb::WatchRiskRequest>,
    ) -> Result<Response<Self::WatchRiskStream>, Status> {
        let id = day_id(&request.get_ref().live_day_id).map_err(refused)?;
        let watch = self.live_days()?.watch(&id).await.map_err(refused)?;
        // What the watcher does not read waits here, and what waits too long is let go, with the watcher.
        let (answers, receiver) = mpsc::channel(1);
        tokio::spawn(tell(watch, self.app.closing(), answers));
        Ok(Response::new(ReceiverStream::new(receiver)))
    }
}

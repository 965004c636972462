//! The day as it is played: what happens is reported, what is at risk is told, and what helps is done.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use tonic::transport::Channel;
use tonic::{Code, Status};

use super::day::read_plan;
use super::ear::Ear;
use super::ending::{Deeds, Ending};
use crate::app::Observed;
use crate::cli::{ANSWER_BYTES_MAX, Failure, console, report};
use crate::clock::Clock;
use crate::day::Event;
use crate::grpc::convert;
use crate::grpc::pb;
use crate::grpc::pb::AlertChangeKind as Kind;
use crate::grpc::pb::day_service_client::DayServiceClient;
use crate::model::{CourierId, EventId};
use crate::units::{Seconds, Timestamp};
use crate::world::{Happening, World};

/// Promises expected to be broken have to become fewer by this for somebody to be disturbed.
const GAIN_MIN: f64 = 0.1;

/// For what stays at risk, something is looked for again after so many seconds.
const AGAIN: i64 = 15 * 60;

/// Events that one request reports, at most.
const EVENTS_MAX: usize = 1_000;

/// A day that is being played.
pub(super) struct Play {
    client: DayServiceClient<Channel>,
    id: String,
    zone: TimeZone,
    world: World,
    now: Timestamp,
    /// Seconds of the day in one second; 0 without pauses.
    speed: f64,
    n_events: usize,
    n_changes: usize,
    ear: Ear,
    /// When remedies were looked for last, by order.
    looked: BTreeMap<String, i64>,
    /// Couriers who have left.
    left: BTreeSet<CourierId>,
    /// When the rest of the day is to be repaired next, if a vehicle has broken down.
    repair_due: Option<i64>,
    deeds: Deeds,
}

impl Play {
    /// Starts the live day called `id` from its plan.
    pub(super) async fn start(
        channel: Channel,
        id: &str,
        day: pb::PlannedDay,
        world: World,
        speed: f64,
    ) -> Result<Self, Failure> {
        let time_zone = day.problem.as_ref().map(|day| day.time_zone.clone());
        let starts = day.plan.iter().flat_map(|plan| &plan.routes);
        let starts = starts.filter_map(|route| route.start_time.as_ref());
        let first = starts.map(|start| start.seconds).min().unwrap_or_default();
        let mut client = DayServiceClient::new(channel)
            .max_decoding_message_size(ANSWER_BYTES_MAX)
            .max_encoding_message_size(ANSWER_BYTES_MAX);
        let request = pb::StartLiveDayRequest {
            request_id: format!("start of {id}"),
            terms: Some(pb::LiveDayTerms {
                live_day_id: id.to_owned(),
                is_simulated: true,
                ..pb::LiveDayTerms::default()
            }),
            source: Some(pb::start_live_day_request::Source::Plan(day)),
            as_of_time: None,
        };
        let started = client.start_live_day(request).await;
        started.map_err(failed("start the live day"))?;
        Ok(Self {
            ear: Ear::new(client.clone(), id).await?,
            client,
            id: id.to_owned(),
            zone: TimeZone::get(&time_zone.unwrap_or_default()).unwrap_or(TimeZone::UTC),
            world,
            now: Timestamp(first.div_euclid(60) * 60),
            speed,
            n_events: 0,
            n_changes: 0,
            looked: BTreeMap::new(),
            left: BTreeSet::new(),
            repair_due: None,
            deeds: Deeds::default(),
        })
    }

    /// Plays it to the end, minute by minute.
    pub(super) async fn run(mut self) -> Result<Ending, Failure> {
        let clock = Clock::start();
        let first = self.now;
        while self.world.next_moment().is_some() {
            self.now = self.now + Seconds(60);
            if self.speed > 0.0 {
                let due = Duration::from_secs_f64((self.now - first).0 as f64 / self.speed);
                tokio::time::sleep(due.saturating_sub(clock.elapsed())).await;
            }
            let happenings = self.world.pass(self.now);
            self.report(&happenings).await?;
            self.tell_traffic(&happenings)?;
            for happening in &happenings {
                self.tell(happening)?;
                if matches!(happening.event, Event::BrokenDown { until: None, .. }) {
                    self.repair_due = Some(self.now.0);
                }
            }
            if self.repair_due.is_some_and(|due| due <= self.now.0) {
                self.repair().await?;
            }
            for change in self.ear.hear(self.now).await? {
                self.say_change(&change)?;
            }
            self.take_care().await?;
            if self.now.0 % 3_600 == 0 {
                let day = self.look(false).await?;
                self.sum_up(&day)?;
            }
        }
        let summary = self.look(false).await?.live_day.unwrap_or_default();
        Ok(Ending {
            world: self.world,
            deeds: self.deeds,
            tales: self.ear.tales(),
            stars: summary.ratings.and_then(|ratings| ratings.mean_stars),
        })
    }

    /// Reports what happened; with nothing, only time passes.
    async fn report(&mut self, happenings: &[Happening]) -> Result<(), Failure> {
        let mut events = Vec::with_capacity(happenings.len());
        for happening in happenings {
            self.n_events += 1;
            let id = EventId::parse(&format!("event-{}", self.n_events));
            events.push(convert::event_message(&Observed {
                id: id.map_err(|error| Failure::new("name an event", error))?,
                at: happening.at,
                event: happening.event.clone(),
            }));
        }
        loop {
            let rest = events.split_off(events.len().min(EVENTS_MAX));
            let request = pb::ReportEventsRequest {
                live_day_id: self.id.clone(),
                events,
                as_of_time: self.moment(),
            };
            let answer = self.client.report_events(request).await;
            answer.map_err(failed("report events"))?;
            if rest.is_empty() {
                return Ok(());
            }
            events = rest;
        }
    }

    async fn look(&mut self, with_plan: bool) -> Result<pb::GetLiveDayResponse, Failure> {
        let request = pb::GetLiveDayRequest {
            live_day_id: self.id.clone(),
            with_plan,
            ..pb::GetLiveDayRequest::default()
        };
        let day = self.client.get_live_day(request).await;
        Ok(day.map_err(failed("read the live day"))?.into_inner())
    }

    /// Applies what helps promises at risk.
    async fn take_care(&mut self) -> Result<(), Failure> {
        for order in self.ear.at_risk() {
            let looked = self.looked.get(&order).copied();
            if looked.is_none_or(|looked| looked + AGAIN <= self.now.0) {
                self.looked.insert(order.clone(), self.now.0);
                self.remedy(&order).await?;
            }
        }
        Ok(())
    }

    /// Says what a customer is told.
    fn say_change(&self, change: &pb::AlertChange) -> Result<(), Failure> {
        let Some(alert) = &change.alert else {
            return Ok(());
        };
        let english = |words: &&pb::CustomerWords| words.language() == pb::Language::En;
        let words = alert.words.iter().find(english);
        let words = words.map_or("", |words| words.text.as_str());
        let (order, chance) = (&alert.order_id, alert.on_time_percent);
        match change.kind() {
            Kind::Raised => {
                let end = alert.promised_end_time.as_ref();
                let end = end.map_or_else(String::new, |end| {
                    format!(", promised by {}", self.clock_at(Timestamp(end.seconds)))
                });
                self.say(format_args!(
                    "At risk: {order} ({}{end}), {chance:.0} %. The customer is told: {words}",
                    alert.courier_id
                ))
            }
            Kind::Moved => self.say(format_args!(
                "Still at risk: {order}, {chance:.0} %. The customer is told: {words}"
            )),
            Kind::Cleared => self.say(format_args!(
                "Safe again: {order}, {chance:.0} %. The customer is told."
            )),
            Kind::Ended | Kind::Unspecified => Ok(()),
        }
    }

    /// Applies the best remedy for a promise, if one is worth it.
    async fn remedy(&mut self, order: &str) -> Result<(), Failure> {
        let request = pb::SuggestRemediesRequest {
            live_day_id: self.id.clone(),
            order_id: order.to_owned(),
            terms: None,
        };
        let found = match self.client.suggest_remedies(request).await {
            Ok(found) => found.into_inner(),
            // The courier has come meanwhile.
            Err(status) if status.code() == Code::FailedPrecondition => return Ok(()),
            Err(status) => return Err(failed("look for remedies")(status)),
        };
        // What comes after telling the customer is worse than that.
        let remedies = found.remedies.into_iter();
        let mut better =
            remedies.take_while(|remedy| remedy.kind() != pb::RemedyKind::TellCustomer);
        let Some(remedy) = better.find(is_worth_it) else {
            return Ok(());
        };
        let change = remedy.change.clone();
        if self.apply(change).await? {
            self.deeds.remedies += 1;
            self.deeds.moved += i64::from(remedy.moved_stops);
            self.count(remedy.before.as_ref(), remedy.after.as_ref());
            let done = match remedy.kind() {
                pb::RemedyKind::LeaveEarlier => "the courier leaves earlier".to_owned(),
                pb::RemedyKind::HandOver | pb::RemedyKind::SendSpare => format!(
                    "{} goes with {}",
                    remedy.moved_order_id, remedy.to_courier_id
                ),
                pb::RemedyKind::Unspecified
                | pb::RemedyKind::Reorder
                | pb::RemedyKind::DropStop
                | pb::RemedyKind::MoveWindow
                | pb::RemedyKind::TellCustomer => {
                    "the courier makes the stops in another sequence".to_owned()
                }
            };
            self.say(format_args!(
                "Remedy for {order}: {done}; {:.0} % instead of {:.0} %, {}, cost {:+}",
                remedy.on_time_after_percent,
                remedy.on_time_before_percent,
                broken(remedy.before.as_ref(), remedy.after.as_ref()),
                remedy.cost_difference,
            ))?;
        }
        Ok(())
    }

    /// Repairs the rest of the day; again later, if there still are orders that nobody comes for.
    async fn repair(&mut self) -> Result<(), Failure> {
        let request = pb::RepairPlanRequest {
            live_day_id: self.id.clone(),
            moves_max: Some(60),
            ..pb::RepairPlanRequest::default()
        };
        let found = self.client.repair_plan(request).await;
        let found = found.map_err(failed("repair the plan"))?.into_inner();
        let is_whole = unserved(found.after.as_ref()) == 0;
        self.repair_due = (!is_whole).then_some(self.now.0 + AGAIN);
        if found.is_changed && self.apply(found.change).await? {
            self.deeds.repairs += 1;
            self.deeds.moved += i64::from(found.moved_stops);
            self.count(found.before.as_ref(), found.after.as_ref());
            let waiting = unserved(found.before.as_ref());
            let served = waiting - unserved(found.after.as_ref());
            let served = match waiting {
                0 => String::new(),
                _ => format!(
                    " orders that nobody came for and that are served now: {served} of {waiting};"
                ),
            };
            self.say(format_args!(
                "Repair: stops that change courier: {};{served} {}",
                found.moved_stops,
                broken(found.before.as_ref(), found.after.as_ref()),
            ))?;
        }
        Ok(())
    }

    /// Counts what a change was expected to save, and what it costs.
    fn count(&mut self, before: Option<&pb::DayFigures>, after: Option<&pb::DayFigures>) {
        let (Some(before), Some(after)) = (before, after) else {
            return;
        };
        self.deeds.saved += before.expected_late - after.expected_late;
        self.deeds.cost += after.cost - before.cost;
    }

    /// Changes the plan, for the service and for couriers; returns whether it could be.
    async fn apply(&mut self, change: Option<pb::PlanChange>) -> Result<bool, Failure> {
        self.n_changes += 1;
        let request = pb::ApplyRemedyRequest {
            request_id: format!("change {} of {}", self.n_changes, self.id),
            live_day_id: self.id.clone(),
            change,
            as_of_time: self.moment(),
        };
        match self.client.apply_remedy(request).await {
            Ok(_) => {}
            Err(status) if status.code() == Code::FailedPrecondition => return Ok(false),
            Err(status) => return Err(failed("change the plan")(status)),
        }
        let plan = self.look(true).await?.plan.unwrap_or_default();
        let (problem, plan) = read_plan(&plan)?;
        self.world.follow(Arc::new(problem), &plan.routes, self.now);
        Ok(true)
    }

    /// Says what happened, if it is worth a line.
    fn tell(&mut self, happening: &Happening) -> Result<(), Failure> {
        match &happening.event {
            Event::Departed { courier } if self.left.insert(courier.clone()) => {
                self.say(format_args!("{courier} leaves"))
            }
            Event::Departed { courier } => self.say(format_args!("{courier} has loaded again")),
            Event::BrokenDown { courier, note, .. } => self.say(format_args!(
                "{courier} has broken down: {}",
                report::plain(note)
            )),
            Event::Traffic { .. }
            | Event::Arrived { .. }
            | Event::ServiceStarted { .. }
            | Event::Delivered { .. }
            | Event::DeliveredInPart { .. }
            | Event::Failed { .. }
            | Event::Skipped { .. }
            | Event::Position { .. }
            | Event::Unavailable { .. }
            | Event::Rating { .. } => Ok(()),
        }
    }

    /// Says what is said of the traffic, all areas at once.
    fn tell_traffic(&self, happenings: &[Happening]) -> Result<(), Failure> {
        let mut notes = Vec::new();
        for happening in happenings {
            if let Event::Traffic { factor, until, .. } = &happening.event {
                notes.push((*factor, *until));
            }
        }
        let Some((factor, until)) = notes.first() else {
            return Ok(());
        };
        let until = until.map_or_else(String::new, |until| {
            format!(" until {}", self.clock_at(until))
        });
        self.say(format_args!(
            "Traffic: ways into {} areas take {:.1} times as long{until}",
            notes.len(),
            f64::from(factor.0) / 10_000.0
        ))
    }

    /// Says how the day stands.
    fn sum_up(&self, day: &pb::GetLiveDayResponse) -> Result<(), Failure> {
        let Some(summary) = &day.live_day else {
            return Ok(());
        };
        let tally = summary.tally.unwrap_or_default();
        self.say(format_args!(
            "-- {} kept, {} late, {} not at home, {} to come, {} at risk; {:.1} % expected on time",
            tally.kept,
            tally.late,
            tally.customer_absent,
            tally.open,
            summary.open_alerts,
            summary.expected_on_time_percent.unwrap_or_default(),
        ))
    }

    fn say(&self, what: std::fmt::Arguments<'_>) -> Result<(), Failure> {
        console::say(format_args!("{} {what}", self.clock_at(self.now)))
    }

    /// A moment as the clocks of the city show it.
    fn clock_at(&self, moment: Timestamp) -> String {
        let moment = jiff::Timestamp::from_second(moment.0).unwrap_or_default();
        let moment = moment.to_zoned(self.zone.clone());
        format!("{:02}:{:02}", moment.hour(), moment.minute())
    }

    fn moment(&self) -> Option<prost_types::Timestamp> {
        Some(prost_types::Timestamp {
            seconds: self.now.0,
            nanos: 0,
        })
    }
}

/// Whether to apply it without asking anybody: customers are not told another window, and nobody is left out.
fn is_worth_it(remedy: &pb::Remedy) -> bool {
    let is_ours = matches!(
        remedy.kind(),
        pb::RemedyKind::Reorder
            | pb::RemedyKind::LeaveEarlier
            | pb::RemedyKind::HandOver
            | pb::RemedyKind::SendSpare
    );
    let late = |figures: Option<&pb::DayFigures>| figures.map_or(0.0, |it| it.expected_late);
    is_ours && late(remedy.before.as_ref()) - late(remedy.after.as_ref()) >= GAIN_MIN
}

/// How many promises are expected to be broken, before and after.
fn broken(before: Option<&pb::DayFigures>, after: Option<&pb::DayFigures>) -> String {
    let late = |figures: Option<&pb::DayFigures>| figures.map_or(0.0, |it| it.expected_late);
    format!(
        "{:.1} promises expected to be broken instead of {:.1}",
        late(after),
        late(before)
    )
}

fn unserved(figures: Option<&pb::DayFigures>) -> i32 {
    figures.map_or(0, |it| it.unserved)
}

pub(super) fn failed(action: &'static str) -> impl Fn(Status) -> Failure {
    move |status| Failure::status(action, &status)
}

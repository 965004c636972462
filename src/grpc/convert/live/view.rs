//! What is known of a live day, and what is to be expected of it.

use crate::app::{LiveState, LiveView, Look, OpenAlert};
use crate::day::{
    Alert, AlertChange, ArrivalBand, Cause, CourierState, Day, Outcome, Roster, RosterRoute,
    RouteOutlook, Start, StopOutlook, StopState, Taken, Whereabouts,
};
use crate::grpc::convert::enums::{read_delay_cause, write_delay_cause, write_failure_reason};
use crate::grpc::convert::findings_message;
use crate::grpc::convert::place::{point_message, window_message};
use crate::grpc::convert::plan::loads_message;
use crate::grpc::convert::read::{At, Sink};
use crate::grpc::convert::scalar::{count, moment, percent, span};
use crate::grpc::pb;
use crate::model::{Finding, OrderId, Reason, TimeWindow};
use crate::sheet::{Coming, Delay, Language, delay_words, in_time_words};
use crate::units::{Seconds, Timestamp};

/// The message for a live day in short.
#[must_use]
pub fn live_day_message(view: &LiveView) -> pb::LiveDaySummary {
    let tally = view.tally;
    pb::LiveDaySummary {
        live_day_id: view.id.to_string(),
        name: view.name.clone(),
        time_zone: view.time_zone.clone(),
        is_simulated: view.is_simulated,
        as_of_time: moment(view.as_of),
        couriers: count(view.couriers),
        stops: count(view.stops),
        tally: Some(pb::LiveTally {
            open: count(tally.open),
            kept: count(tally.kept),
            late: count(tally.late),
            customer_absent: count(tally.absent),
            not_delivered: count(tally.not_delivered),
            overdue: count(tally.overdue),
        }),
        on_time_percent: view.on_time.map(percent),
        expected_on_time_percent: view.expected.map(percent),
        left_out: count(view.left_out),
        open_alerts: count(view.open_alerts),
        ratings: Some(pb::LiveRatings {
            count: count(view.ratings.count),
            mean_stars: view.ratings.mean,
            kept_mean_stars: view.ratings.kept_mean,
            late_mean_stars: view.ratings.late_mean,
        }),
        entries: view.entries,
        changed_time: moment(view.changed_at),
        noise_version: view.noise_version.clone(),
        is_calibrated: view.is_calibrated,
        plan_version: view.plan_version,
    }
}

/// The message for what became of an event that was taken and stands in `field` of the request.
#[must_use]
pub fn event_answer(field: &str, event_id: String, taken: &Taken) -> pb::EventAnswer {
    let contradiction = taken.contradiction.clone();
    let outcome = match (&contradiction, taken.is_repeated) {
        (_, true) => pb::EventOutcome::Repeated,
        (Some(_), false) => pb::EventOutcome::Contradiction,
        (None, false) => pb::EventOutcome::Taken,
    };
    let findings = super::super::prefixed(field, contradiction.into_iter().collect());
    pb::EventAnswer {
        event_id,
        outcome: outcome as i32,
        findings: findings_message(&findings),
    }
}

/// The message for what is to be expected of a courier.
#[must_use]
pub fn courier_risk_message(roster: &Roster, look: &Look) -> pb::CourierRisk {
    risk_message(&roster.routes()[look.courier], look.at, &look.outlook)
}

fn risk_message(route: &RosterRoute, at: Timestamp, outlook: &RouteOutlook) -> pb::CourierRisk {
    let stop = |found: &StopOutlook| {
        let causes = Alert::causes_of(found);
        pb::StopRisk {
            order_id: route.stops[found.stop].order.to_string(),
            on_time_percent: percent(found.on_time),
            arrival: found.arrival.map(band_message),
            planned_arrival_time: moment(found.planned_arrival),
            causes: causes_message(&causes),
        }
    };
    pb::CourierRisk {
        courier_id: route.courier.to_string(),
        as_of_time: moment(at),
        overdue_duration: span(outlook.overdue),
        stops: outlook.stops.iter().map(stop).collect(),
    }
}

pub(super) fn band_message(band: ArrivalBand) -> pb::ArrivalBand {
    pb::ArrivalBand {
        arrival_p10_time: moment(band.p10),
        arrival_p50_time: moment(band.p50),
        arrival_p90_time: moment(band.p90),
    }
}

fn causes_message(causes: &[(Cause, Seconds)]) -> Vec<pb::DelayPart> {
    let part = |(cause, part): &(Cause, Seconds)| pb::DelayPart {
        cause: write_delay_cause(*cause),
        delay_duration: span(*part),
    };
    causes.iter().map(part).collect()
}

/// The message for an open alert.
#[must_use]
pub fn open_alert_message(start: &Start, open: &OpenAlert) -> pb::LiveAlert {
    pb::LiveAlert {
        told_arrival: open.told.map(band_message),
        ..alert_message(start, open.courier.to_string(), &open.now)
    }
}

/// The message for an alert about the route of `courier_id`, as it is told.
fn alert_message(start: &Start, courier_id: String, alert: &Alert) -> pb::LiveAlert {
    let words = |language| Some(delay_words(language, delay(alert), coming(start, alert)));
    alert_with(start, courier_id, alert, words)
}

/// The message for a change of an alert that was found at `at`.
#[must_use]
pub fn alert_change_message(start: &Start, change: &AlertChange, at: Timestamp) -> pb::AlertChange {
    use pb::AlertChangeKind as Kind;
    let alert = change.alert();
    let courier = start.problem.couriers.get(alert.stop.0);
    let courier_id = courier.map(|courier| courier.id.to_string());
    let courier_id = courier_id.unwrap_or_default();
    let (kind, alert) = match change {
        AlertChange::Raised(alert) => (Kind::Raised, alert_message(start, courier_id, alert)),
        AlertChange::Moved(alert) => (Kind::Moved, alert_message(start, courier_id, alert)),
        AlertChange::Cleared(alert) => {
            let words = |language| in_time_words(language, coming(start, alert));
            (Kind::Cleared, alert_with(start, courier_id, alert, words))
        }
        AlertChange::Ended(alert) => (Kind::Ended, alert_with(start, courier_id, alert, |_| None)),
    };
    pb::AlertChange {
        kind: kind as i32,
        alert: Some(alert),
        as_of_time: moment(at),
    }
}

fn alert_with(
    start: &Start,
    courier_id: String,
    alert: &Alert,
    words: impl Fn(Language) -> Option<String>,
) -> pb::LiveAlert {
    let said = Language::ALL.iter().filter_map(|&language| {
        let name = format!("LANGUAGE_{}", language.code().to_uppercase());
        Some(pb::CustomerWords {
            language: pb::Language::from_str_name(&name).unwrap_or_default() as i32,
            text: words(language)?,
        })
    });
    pb::LiveAlert {
        order_id: alert.order.to_string(),
        courier_id,
        promised_end_time: moment(alert.promised_end),
        since_time: moment(alert.since),
        told_time: moment(alert.told_at),
        notice_duration: span(alert.notice()),
        is_in_time: alert.notice() >= start.terms.alerts.notice,
        on_time_percent: percent(alert.on_time),
        arrival: alert.arrival.map(band_message),
        planned_arrival_time: moment(alert.planned_arrival),
        causes: causes_message(&alert.causes),
        words: said.collect(),
        told_arrival: alert.arrival.map(band_message),
    }
}

/// What makes the courier late most.
fn delay(alert: &Alert) -> Delay {
    match alert.causes.first() {
        None => Delay::Tight,
        Some((Cause::Traffic, _)) => Delay::Traffic,
        Some((Cause::Courier, _)) => Delay::Courier,
        Some((Cause::Service, _)) => Delay::Service,
        Some((Cause::Start, _)) => Delay::Start,
        Some((Cause::Incident, _)) => Delay::Incident,
        Some((Cause::Silence, _)) => Delay::Silence,
    }
}

fn coming<'a>(start: &'a Start, alert: &Alert) -> Coming<'a> {
    Coming {
        arrival: alert.arrival.map(|band| TimeWindow {
            start: band.p10,
            end: band.p90,
        }),
        planned: alert.planned_arrival,
        time_zone: &start.problem.time_zone,
    }
}

/// Reads a change of an alert of the day of `roster`.
///
/// # Errors
/// Everything that is wrong with it.
pub(super) fn read_alert_change(
    roster: &Roster,
    change: &pb::AlertChange,
) -> Result<AlertChange, Vec<Finding>> {
    use pb::AlertChangeKind as Kind;
    let sink = Sink::default();
    let at = At::root(&sink);
    let alert = at.required("alert", change.alert.as_ref());
    let alert = alert.and_then(|alert| read_alert(&at.field("alert"), roster, alert));
    let read = || {
        let alert = alert?;
        Some(match Kind::try_from(change.kind).ok()? {
            Kind::Unspecified => return None,
            Kind::Raised => AlertChange::Raised(alert),
            Kind::Moved => AlertChange::Moved(alert),
            Kind::Cleared => AlertChange::Cleared(alert),
            Kind::Ended => AlertChange::Ended(alert),
        })
    };
    read().ok_or_else(|| {
        if sink.borrow().is_empty() {
            at.field("kind")
                .report(Reason::UnknownName, "there is no such kind");
        }
        sink.take()
    })
}

fn read_alert(at: &At<'_>, roster: &Roster, alert: &pb::LiveAlert) -> Option<Alert> {
    let order = at.id("order_id", &alert.order_id, OrderId::parse)?;
    // Who visits it no more was the last to.
    let place = roster.order(&order).flatten();
    let Some(stop) = place.or(roster.former(&order).last().copied()) else {
        at.field("order_id")
            .report(Reason::UnknownReference, "the day has no such stop");
        return None;
    };
    let causes: Option<Vec<(Cause, Seconds)>> = at.all("causes", &alert.causes, |at, part| {
        let cause = read_delay_cause(part.cause);
        if cause.is_none() {
            at.field("cause")
                .report(Reason::UnknownName, "there is no such cause");
        }
        Some((
            cause?,
            at.span("delay_duration", part.delay_duration.as_ref())?,
        ))
    });
    let arrival = match &alert.arrival {
        None => None,
        Some(band) => {
            let at = at.field("arrival");
            Some(ArrivalBand {
                p10: at.moment("arrival_p10_time", band.arrival_p10_time.as_ref())?,
                p50: at.moment("arrival_p50_time", band.arrival_p50_time.as_ref())?,
                p90: at.moment("arrival_p90_time", band.arrival_p90_time.as_ref())?,
            })
        }
    };
    Some(Alert {
        stop,
        order,
        promised_end: at.moment("promised_end_time", alert.promised_end_time.as_ref())?,
        since: at.moment("since_time", alert.since_time.as_ref())?,
        told_at: at.moment("told_time", alert.told_time.as_ref())?,
        // Chances of alerts are whole hundredths of a percent.
        on_time: (alert.on_time_percent * 100.0).round() / 10_000.0,
        arrival,
        planned_arrival: at.moment("planned_arrival_time", alert.planned_arrival_time.as_ref())?,
        causes: causes?,
    })
}

/// The message for the courier with number `courier`.
#[must_use]
pub fn courier_message(state: &LiveState, courier: usize) -> pb::LiveCourier {
    let day = state.day.day();
    let route = &day.roster().routes()[courier];
    let so_far = &day.couriers()[courier];
    let place = place(route, so_far);
    let risk = state.day.look(courier).filter(|_| !route.stops.is_empty());
    let risk = risk.map(|(at, outlook)| risk_message(route, at, outlook));
    let contradictions = so_far.contradictions.iter();
    pb::LiveCourier {
        courier_id: route.courier.to_string(),
        whereabouts: place.whereabouts as i32,
        since_time: place.since.and_then(moment),
        order_id: place.order,
        is_in_service: place.is_in_service,
        outage: so_far.outage.map(|outage| pb::LiveOutage {
            since_time: moment(outage.since),
            until_time: outage.until.and_then(moment),
            is_breakdown: outage.is_breakdown,
        }),
        location: so_far.position.map(|(_, point)| point_message(point)),
        location_time: so_far.position.and_then(|(at, _)| moment(at)),
        last_heard_time: so_far.last_heard.and_then(moment),
        departure_times: so_far
            .departures
            .iter()
            .filter_map(|at| moment(*at))
            .collect(),
        stops: (0..route.stops.len())
            .map(|stop| stop_message(day, courier, stop))
            .collect(),
        on_board: loads_message(&so_far.on_board(route)),
        contradictions: contradictions
            .map(|(event, finding)| pb::LiveContradiction {
                event_id: event.to_string(),
                finding: findings_message(std::slice::from_ref(finding)).pop(),
            })
            .collect(),
        risk,
    }
}

/// Where a courier is.
struct Standing {
    whereabouts: pb::LiveWhereabouts,
    since: Option<Timestamp>,
    order: String,
    is_in_service: bool,
}

fn place(route: &RosterRoute, state: &CourierState) -> Standing {
    use pb::LiveWhereabouts as Wire;
    let order = |stop: usize| route.stops[stop].order.to_string();
    let (whereabouts, since, order, is_in_service) = match state.whereabouts {
        Whereabouts::AtStart => (Wire::AtStart, None, String::new(), false),
        Whereabouts::OnTheWay { to, since } => (Wire::OnTheWay, Some(since), order(to), false),
        Whereabouts::AtDoor {
            stop,
            since,
            in_service,
        } => (Wire::AtDoor, Some(since), order(stop), in_service),
        Whereabouts::Finished { since } => (Wire::Finished, Some(since), String::new(), false),
    };
    Standing {
        whereabouts,
        since,
        order,
        is_in_service,
    }
}

fn stop_message(day: &Day, courier: usize, number: usize) -> pb::LiveStop {
    use pb::LiveStopState as Wire;
    let planned = &day.roster().routes()[courier].stops[number];
    let record = &day.couriers()[courier].stops[number];
    let (state, reason) = match record.state {
        StopState::ToCome => (Wire::ToCome, None),
        StopState::AtDoor => (Wire::AtDoor, None),
        StopState::Delivered => (Wire::Delivered, None),
        StopState::DeliveredInPart => (Wire::DeliveredInPart, None),
        StopState::Failed(reason) => (Wire::Failed, Some(reason)),
        StopState::Skipped => (Wire::Skipped, None),
        StopState::Unreported => (Wire::Unreported, None),
        StopState::Moved => (Wire::Moved, None),
    };
    let (outcome, at, late) = outcome(day.outcome(courier, number));
    let rating = day.rating(&planned.order).map(|rating| pb::LiveRating {
        event_time: moment(rating.at),
        stars: i32::from(rating.stars),
        words: rating.words.clone(),
        reason: rating.reason.clone(),
    });
    pb::LiveStop {
        order_id: planned.order.to_string(),
        state: state as i32,
        windows: planned
            .windows
            .iter()
            .map(|window| window_message(*window))
            .collect(),
        told_windows: (planned
            .told
            .iter()
            .filter(|_| planned.told != planned.windows))
        .map(|window| window_message(*window))
        .collect(),
        arrival_time: record.arrival.and_then(moment),
        service_start_time: record.service_start.and_then(moment),
        departure_time: record.end.and_then(moment),
        skipped_time: record.skipped.and_then(moment),
        failure_reason: reason.map(write_failure_reason).unwrap_or_default(),
        refused: record
            .refused
            .iter()
            .map(super::event::item_message)
            .collect(),
        outcome: outcome as i32,
        outcome_time: at.and_then(moment),
        late_duration: late.and_then(span),
        rating,
    }
}

/// What came of a promise, when, and how late.
fn outcome(outcome: Outcome) -> (pb::PromiseOutcome, Option<Timestamp>, Option<Seconds>) {
    use pb::PromiseOutcome as Wire;
    match outcome {
        Outcome::Open => (Wire::Open, None, None),
        Outcome::Kept { at, .. } => (Wire::Kept, Some(at), None),
        Outcome::Late { at, by, .. } => (Wire::Late, Some(at), Some(by)),
        Outcome::CustomerAbsent { at } => (Wire::CustomerAbsent, Some(at), None),
        Outcome::NotDelivered(_) => (Wire::NotDelivered, None, None),
    }
}

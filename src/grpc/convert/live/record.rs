//! The record of a live day, written and read back.

use std::sync::Arc;

use super::event::{event_message, read_event};
use super::remedy::{plan_change_message, read_plan_change};
use super::terms::{LiveSource, live_terms_message, read_live_terms};
use super::view::{alert_change_message, read_alert_change};
use crate::app::Observed;
use crate::config::PlanningConfig;
use crate::day::{Entry, Recorded, Report, Roster, Start};
use crate::grpc::convert::read::{At, Sink};
use crate::grpc::convert::scalar::moment;
use crate::grpc::convert::{missing, plan_message, prefixed, problem_message, read_day_in};
use crate::grpc::pb;
use crate::grpc::pb::record_entry::Entry as Wire;
use crate::model::{Finding, Plan, Problem, Reason};

/// The message for an entry of the record that `start` begins.
#[must_use]
pub fn record_entry_message(start: &Start, entry: &Entry) -> pb::RecordEntry {
    let what = match &entry.what {
        Recorded::Started(start) => Wire::Started(started_message(start)),
        Recorded::Reported(report) => Wire::Reported(event_message(&Observed {
            id: report.id.clone(),
            at: report.at,
            event: report.event.clone(),
        })),
        Recorded::Passed => Wire::Passed(pb::LiveTimePassed {}),
        Recorded::Alerted(change) => Wire::Alerted(alert_change_message(start, change, entry.at)),
        Recorded::Replanned(replan) => Wire::Replanned(plan_change_message(&start.problem, replan)),
    };
    pb::RecordEntry {
        number: entry.number,
        written_time: moment(entry.at),
        entry: Some(what),
    }
}

/// How a live day is followed, of one that was started.
#[must_use]
pub fn source_of(start: &Start) -> LiveSource {
    LiveSource {
        id: start.id.clone(),
        terms: start.terms.clone(),
        is_calibrated: start.is_calibrated,
        is_simulated: start.is_simulated,
    }
}

fn started_message(start: &Start) -> pb::LiveDayStarted {
    pb::LiveDayStarted {
        terms: Some(live_terms_message(&source_of(start))),
        plan: Some(started_plan_message(start)),
    }
}

/// The plan that a live day was started from.
#[must_use]
fn started_plan_message(start: &Start) -> pb::PlannedDay {
    pb::PlannedDay {
        problem: Some(problem_message(&start.problem)),
        plan: Some(plan_message(&start.problem, &start.plan, &[])),
        forecast: None,
        target_outcome: None,
    }
}

/// The plan of a live day as it is now.
#[must_use]
pub fn plan_now_message(problem: &Problem, plan: &Plan) -> pb::PlannedDay {
    pb::PlannedDay {
        problem: Some(problem_message(problem)),
        plan: Some(plan_message(problem, plan, &[])),
        forecast: None,
        target_outcome: None,
    }
}

/// Reads an entry of a record; `roster` is that of the day, `None` for the first entry.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_record_entry(
    entry: &pb::RecordEntry,
    roster: Option<&Roster>,
    config: &PlanningConfig,
) -> Result<Entry, Vec<Finding>> {
    let sink = Sink::default();
    let at = At::root(&sink).moment("written_time", entry.written_time.as_ref());
    let at = at.ok_or_else(|| sink.take())?;
    let what = match (&entry.entry, roster) {
        (None, _) => return Err(missing("entry")),
        (Some(Wire::Started(started)), _) => {
            Recorded::Started(Box::new(read_started(started, config)?))
        }
        (Some(Wire::Reported(event)), _) => {
            let Observed { id, at: of, event } = read_event("reported", event)?;
            Recorded::Reported(Report {
                id,
                at: of,
                reported_at: at,
                event,
            })
        }
        (Some(Wire::Passed(_)), _) => Recorded::Passed,
        (Some(Wire::Replanned(change)), _) => {
            let replan = read_plan_change(Some(change));
            Recorded::Replanned(Box::new(
                replan.map_err(|found| prefixed("replanned", found))?,
            ))
        }
        (Some(Wire::Alerted(change)), Some(roster)) => {
            let change = read_alert_change(roster, change);
            Recorded::Alerted(change.map_err(|found| prefixed("alerted", found))?)
        }
        (Some(Wire::Alerted(_)), None) => {
            let message = "the first entry of a record starts the day";
            let finding = Finding::new("alerted", "", Reason::Conflict, message);
            return Err(vec![finding]);
        }
    };
    Ok(Entry {
        number: entry.number,
        at,
        what,
    })
}

fn read_started(
    started: &pb::LiveDayStarted,
    config: &PlanningConfig,
) -> Result<Start, Vec<Finding>> {
    let terms = started
        .terms
        .as_ref()
        .ok_or_else(|| missing("started.terms"))?;
    let source = read_live_terms(terms, None, None);
    let source = source.map_err(|found| prefixed("started.terms", found))?;
    let plan = started
        .plan
        .as_ref()
        .ok_or_else(|| missing("started.plan"))?;
    let day = read_day_in("started.plan", plan, config)?;
    Ok(Start {
        id: source.id,
        terms: source.terms,
        is_calibrated: source.is_calibrated,
        is_simulated: source.is_simulated,
        problem: Arc::new(day.problem),
        plan: Arc::new(day.plan),
    })
}

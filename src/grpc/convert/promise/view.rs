//! Days, promises and the ledger as they stand.

use super::order::booking_message;
use super::terms::target_message;
use crate::app::{Counts, DayView, PromiseView, Standing};
use crate::grpc::convert::enums::{write_entry_kind, write_promise_state};
use crate::grpc::convert::forecast::probability_message;
use crate::grpc::convert::place::window_message;
use crate::grpc::convert::scalar::{count, moment, percent};
use crate::grpc::pb;
use crate::model::{DayId, Problem, TimeWindow};
use crate::promise::{DayState, Entry, Event, RouteChange, Statement};
use crate::units::{BasisPoints, Timestamp};

/// The message for a day.
#[must_use]
pub fn day_message(view: &DayView) -> pb::DaySummary {
    let terms = &view.terms;
    let state = match view.state {
        DayState::Open => pb::DayState::Open,
        DayState::Closed => pb::DayState::Closed,
    };
    let lowest = view.lowest.as_ref();
    pb::DaySummary {
        day_id: terms.id.to_string(),
        name: terms.base.name.clone(),
        state: state as i32,
        counts: Some(counts_message(view.counts)),
        expected_on_time_percent: percent(view.expected),
        lowest_order_id: lowest.map(|(id, _)| id.to_string()).unwrap_or_default(),
        lowest_percent: lowest.map(|(_, chance)| percent(*chance)),
        on_time_target: terms.target.map(target_message),
        couriers: count(view.couriers),
        couriers_in_all: count(terms.base.couriers.len()),
        cost: view.cost.0,
        distance_meters: view.distance.0,
        plan_version: view.plan_version,
        entries: view.entries,
        changed_time: moment(view.changed_at),
        noise_version: terms.noise_version().to_owned(),
        is_calibrated: terms.is_calibrated,
        time_zone: terms.base.time_zone.clone(),
        work_window: work_window(&terms.base).map(window_message),
    }
}

/// From the first start of a shift to the last end.
fn work_window(base: &Problem) -> Option<TimeWindow> {
    let shifts = || base.couriers.iter().map(|courier| courier.shift);
    Some(TimeWindow {
        start: shifts().map(|shift| shift.start).min()?,
        end: shifts().map(|shift| shift.end).max()?,
    })
}

fn counts_message(counts: Counts) -> pb::PromiseCounts {
    pb::PromiseCounts {
        held: count(counts.held),
        confirmed: count(counts.confirmed),
        released: count(counts.released),
        expired: count(counts.expired),
        cancelled: count(counts.cancelled),
    }
}

/// The message for a promise of `day`.
#[must_use]
pub fn promise_message(day: &DayId, view: &PromiseView) -> pb::PromiseRecord {
    let record = &view.record;
    let said = |(statement, at): &(Statement, Timestamp)| statement_message(statement, *at);
    pb::PromiseRecord {
        promise_id: record.id.to_string(),
        day_id: day.to_string(),
        state: write_promise_state(record.state),
        order: Some(booking_message(&record.booking)),
        window_id: record.window.to_string(),
        window: Some(window_message(view.window)),
        expiry_time: moment(record.expires_at),
        first_statement: Some(said(&record.first)),
        last_statement: Some(said(&record.last)),
        amendments: count(record.amendments),
        standing: view.standing.as_ref().map(standing_message),
        entry_numbers: record.entries.clone(),
    }
}

fn standing_message(standing: &Standing) -> pb::PromiseStanding {
    pb::PromiseStanding {
        probability: Some(probability_message(standing.probability)),
        courier_id: standing.courier.to_string(),
        service_start_time: moment(standing.service_start),
        plan_version: standing.plan_version,
    }
}

fn statement_message(statement: &Statement, at: Timestamp) -> pb::PromiseStatement {
    let percent = |share: BasisPoints| f64::from(share.0) / 100.0;
    pb::PromiseStatement {
        stated_time: moment(at),
        window: Some(window_message(statement.window)),
        probability_percent: percent(statement.probability),
        probability_error_points: percent(statement.error),
        plan_version: statement.plan_version,
        noise_version: statement.noise_version.clone(),
        at_close_percent: statement.at_close.map(percent),
    }
}

/// The message for a line of the ledger.
#[must_use]
pub fn entry_message(entry: &Entry) -> pb::LedgerEntry {
    let event = &entry.event;
    let message = pb::LedgerEntry {
        number: entry.number,
        written_time: moment(entry.at),
        kind: write_entry_kind(event),
        promise_id: event.promise().map(ToString::to_string).unwrap_or_default(),
        statement: event
            .statement()
            .map(|statement| statement_message(statement, entry.at)),
        routes: event.routes().iter().map(change_message).collect(),
        ..pb::LedgerEntry::default()
    };
    match event {
        Event::Held {
            booking,
            window,
            expires_at,
            ..
        } => pb::LedgerEntry {
            order: Some(booking_message(booking)),
            window_id: window.to_string(),
            expiry_time: moment(*expires_at),
            ..message
        },
        Event::Amended {
            booking, window, ..
        } => pb::LedgerEntry {
            order: Some(booking_message(booking)),
            window_id: window.to_string(),
            ..message
        },
        Event::Opened(_)
        | Event::Confirmed { .. }
        | Event::Ended { .. }
        | Event::Replanned { .. }
        | Event::Closed => message,
    }
}

fn change_message(change: &RouteChange) -> pb::RouteChange {
    pb::RouteChange {
        courier_id: change.courier.to_string(),
        order_ids: change.orders.iter().map(ToString::to_string).collect(),
        start_time: change.start.and_then(moment),
    }
}

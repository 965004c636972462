//! Events.

use crate::app::Observed;
use crate::day::{Event, FailureReason, Refusal, RefusedItem};
use crate::grpc::convert::enums::{read_failure_reason, write_failure_reason};
use crate::grpc::convert::place::{point_message, read_point};
use crate::grpc::convert::plan::loads_message;
use crate::grpc::convert::prefixed;
use crate::grpc::convert::read::{At, Sink};
use crate::grpc::convert::scalar::{count, moment};
use crate::grpc::pb;
use crate::grpc::pb::live_event::Event as Wire;
use crate::model::{CourierId, EventId, Finding, OrderId, Reason, ZoneId};
use crate::units::Load;

/// Reads an event that stands in `field` of a request.
///
/// # Errors
/// Everything that is wrong with its shape; what it means is judged by the day.
pub fn read_event(field: &str, event: &pb::LiveEvent) -> Result<Observed, Vec<Finding>> {
    let sink = Sink::default();
    let observed = read(&At::root(&sink).about(&event.event_id), event);
    observed.ok_or_else(|| prefixed(field, sink.take()))
}

fn read(at: &At<'_>, event: &pb::LiveEvent) -> Option<Observed> {
    let id = at.id("event_id", &event.event_id, EventId::parse);
    let happened = at.moment("event_time", event.event_time.as_ref());
    let what = match &event.event {
        Some(what) => read_what(at, what),
        None => {
            at.field("event")
                .report(Reason::MissingField, "say what happened");
            None
        }
    };
    Some(Observed {
        id: id?,
        at: happened?,
        event: what?,
    })
}

/// A courier and an order of an event in `field`.
fn visit(at: &At<'_>, courier: &str, order: &str) -> Option<(CourierId, OrderId)> {
    let courier = at.id("courier_id", courier, CourierId::parse);
    let order = at.id("order_id", order, OrderId::parse);
    Some((courier?, order?))
}

fn read_what(at: &At<'_>, what: &Wire) -> Option<Event> {
    match what {
        Wire::Departed(event) => {
            let at = at.field("departed");
            let courier = at.id("courier_id", &event.courier_id, CourierId::parse)?;
            Some(Event::Departed { courier })
        }
        Wire::Arrived(event) => {
            let at = at.field("arrived");
            let (courier, order) = visit(&at, &event.courier_id, &event.order_id)?;
            Some(Event::Arrived { courier, order })
        }
        Wire::ServiceStarted(event) => {
            let at = at.field("service_started");
            let (courier, order) = visit(&at, &event.courier_id, &event.order_id)?;
            Some(Event::ServiceStarted { courier, order })
        }
        Wire::Delivered(event) => {
            let at = at.field("delivered");
            let (courier, order) = visit(&at, &event.courier_id, &event.order_id)?;
            Some(Event::Delivered { courier, order })
        }
        Wire::DeliveredInPart(event) => {
            let at = at.field("delivered_in_part");
            let names = visit(&at, &event.courier_id, &event.order_id);
            let refused = at.all("refused", &event.refused, |at, item| read_item(&at, item));
            if event.refused.is_empty() {
                at.field("refused")
                    .report(Reason::MissingField, "say what was refused");
                return None;
            }
            let (courier, order) = names?;
            Some(Event::DeliveredInPart {
                courier,
                order,
                refused: refused?,
            })
        }
        Wire::Failed(event) => read_failed(&at.field("failed"), event),
        Wire::Skipped(event) => {
            let at = at.field("skipped");
            let (courier, order) = visit(&at, &event.courier_id, &event.order_id)?;
            Some(Event::Skipped { courier, order })
        }
        Wire::Position(event) => read_position(&at.field("position"), event),
        Wire::Unavailable(event) => {
            let at = at.field("unavailable");
            let courier = at.id("courier_id", &event.courier_id, CourierId::parse);
            let until = at.moment_if_any("until_time", event.until_time.as_ref());
            Some(Event::Unavailable {
                courier: courier?,
                until: until?,
                note: event.note.clone(),
            })
        }
        Wire::BrokenDown(event) => {
            let at = at.field("broken_down");
            let courier = at.id("courier_id", &event.courier_id, CourierId::parse);
            let until = at.moment_if_any("until_time", event.until_time.as_ref());
            Some(Event::BrokenDown {
                courier: courier?,
                until: until?,
                note: event.note.clone(),
            })
        }
        Wire::Traffic(event) => read_traffic(&at.field("traffic"), event),
        Wire::Rating(event) => read_rating(&at.field("rating"), event),
    }
}

fn read_position(at: &At<'_>, event: &pb::CourierPosition) -> Option<Event> {
    let courier = at.id("courier_id", &event.courier_id, CourierId::parse);
    let location = at.required("location", event.location.as_ref());
    let location = location.and_then(|point| read_point(&at.field("location"), point));
    Some(Event::Position {
        courier: courier?,
        location: location?,
    })
}

fn read_failed(at: &At<'_>, event: &pb::DeliveryFailed) -> Option<Event> {
    let names = visit(at, &event.courier_id, &event.order_id);
    let reason: Option<FailureReason> = read_failure_reason(event.reason);
    if reason.is_none() {
        let (reason, message) = match event.reason {
            0 => (Reason::MissingField, "this field is required"),
            _ => (Reason::UnknownName, "there is no such reason"),
        };
        at.field("reason").report(reason, message);
    }
    let (courier, order) = names?;
    Some(Event::Failed {
        courier,
        order,
        reason: reason?,
        note: event.note.clone(),
    })
}

fn read_traffic(at: &At<'_>, event: &pb::TrafficChange) -> Option<Event> {
    let area = match event.area_id.as_str() {
        "" => Some(None),
        id => at.id("area_id", id, ZoneId::parse).map(Some),
    };
    let factor = at.required("factor", event.factor.as_ref());
    let factor = factor.and_then(|factor| at.ratio("factor", Some(*factor)));
    let until = at.moment_if_any("until_time", event.until_time.as_ref());
    Some(Event::Traffic {
        area: area?,
        factor: factor?,
        until: until?,
    })
}

fn read_rating(at: &At<'_>, event: &pb::CustomerRating) -> Option<Event> {
    let order = at.id("order_id", &event.order_id, OrderId::parse);
    let stars = u8::try_from(event.stars).ok();
    if stars.is_none() {
        let message = format!("{} is not from 1 to 5", event.stars);
        at.field("stars").report(Reason::OutOfRange, message);
    }
    Some(Event::Rating {
        order: order?,
        stars: stars?,
        words: event.words.clone(),
        reason: event.reason.clone(),
    })
}

fn read_item(at: &At<'_>, item: &pb::RefusedItem) -> Option<RefusedItem> {
    let count = at.count_if_any("count", Some(item.count))?;
    let loads = item.loads.iter();
    Some(RefusedItem {
        name: item.name.clone(),
        count: count.unwrap_or_default(),
        loads: loads
            .map(|(name, &load)| (name.clone(), Load(load)))
            .collect(),
        reason: item.reason.clone(),
    })
}

/// Why an event that stands in `field` of a request was refused.
#[must_use]
pub fn refusal_findings(field: &str, refusal: &Refusal) -> Vec<Finding> {
    match refusal {
        Refusal::Invalid(findings) => prefixed(field, findings.clone()),
        Refusal::IdReused(id) => {
            let message = refusal.to_string();
            let finding = Finding::new("event_id", id.as_str(), Reason::DuplicateId, message);
            prefixed(field, vec![finding])
        }
    }
}

/// The message for an event.
#[must_use]
pub fn event_message(observed: &Observed) -> pb::LiveEvent {
    pb::LiveEvent {
        event_id: observed.id.to_string(),
        event_time: moment(observed.at),
        event: Some(what_message(&observed.event)),
    }
}

fn what_message(event: &Event) -> Wire {
    let courier_id = event.courier().map(ToString::to_string).unwrap_or_default();
    let order_id = event.order().map(ToString::to_string).unwrap_or_default();
    match event {
        Event::Departed { .. } => Wire::Departed(pb::CourierDeparted { courier_id }),
        Event::Arrived { .. } => Wire::Arrived(pb::CourierArrived {
            courier_id,
            order_id,
        }),
        Event::ServiceStarted { .. } => Wire::ServiceStarted(pb::ServiceStarted {
            courier_id,
            order_id,
        }),
        Event::Delivered { .. } => Wire::Delivered(pb::OrderDelivered {
            courier_id,
            order_id,
        }),
        Event::DeliveredInPart { refused, .. } => Wire::DeliveredInPart(pb::OrderDeliveredInPart {
            courier_id,
            order_id,
            refused: refused.iter().map(item_message).collect(),
        }),
        Event::Failed { reason, note, .. } => Wire::Failed(pb::DeliveryFailed {
            courier_id,
            order_id,
            reason: write_failure_reason(*reason),
            note: note.clone(),
        }),
        Event::Skipped { .. } => Wire::Skipped(pb::StopSkipped {
            courier_id,
            order_id,
        }),
        Event::Position { location, .. } => Wire::Position(pb::CourierPosition {
            courier_id,
            location: Some(point_message(*location)),
        }),
        Event::Unavailable { until, note, .. } => Wire::Unavailable(pb::CourierUnavailable {
            courier_id,
            until_time: until.and_then(moment),
            note: note.clone(),
        }),
        Event::BrokenDown { until, note, .. } => Wire::BrokenDown(pb::VehicleBrokenDown {
            courier_id,
            until_time: until.and_then(moment),
            note: note.clone(),
        }),
        Event::Traffic {
            area,
            factor,
            until,
        } => Wire::Traffic(pb::TrafficChange {
            area_id: area.as_ref().map(ToString::to_string).unwrap_or_default(),
            factor: Some(f64::from(factor.0) / 10_000.0),
            until_time: until.and_then(moment),
        }),
        Event::Rating {
            stars,
            words,
            reason,
            ..
        } => Wire::Rating(pb::CustomerRating {
            order_id,
            stars: i32::from(*stars),
            words: words.clone(),
            reason: reason.clone(),
        }),
    }
}

/// The message for what a customer did not take.
pub(super) fn item_message(item: &RefusedItem) -> pb::RefusedItem {
    pb::RefusedItem {
        name: item.name.clone(),
        count: count(item.count),
        loads: loads_message(&item.loads),
        reason: item.reason.clone(),
    }
}

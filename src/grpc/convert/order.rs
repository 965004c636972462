//! Orders.

use super::enums::{read_order_kind, write_order_kind};
use super::place::{Places, place_message, read_window, window_message};
use super::read::At;
use super::scalar::{count, moment, span};
use crate::grpc::pb;
use crate::model::{
    Contact, CourierId, DepotId, DropPolicy, Order, OrderId, OrderKind, Preference, Problem,
    Promise, Reason,
};
use crate::units::{Cost, Load};

pub(super) fn read_order(at: At<'_>, order: &pb::Order, places: &mut Places) -> Option<Order> {
    let id = at.id("id", &order.id, OrderId::parse);
    let kind = read_kind(&at, order.kind);
    let place = places.read(&at, "place", order.place.as_ref());
    let service = at.span("service_duration", order.service_duration.as_ref());
    let ready = at.moment_if_any("ready_time", order.ready_time.as_ref());
    let windows = at.all("windows", &order.windows, read_window);
    let promise = read_promise(&at.field("promise"), order.promise.as_ref());
    let preference = read_preference(&at.field("preference"), order.preference.as_ref());
    let allowed = at.ids(
        "allowed_courier_ids",
        &order.allowed_courier_ids,
        CourierId::parse,
    );
    let forbidden = at.ids(
        "forbidden_courier_ids",
        &order.forbidden_courier_ids,
        CourierId::parse,
    );
    let depots = at.ids("depot_ids", &order.depot_ids, DepotId::parse);
    let drop_policy = read_drop_policy(&at, order.drop_policy.as_ref());
    let parcels = at.count_if_any("parcels", order.parcels);
    let loads = order.loads.iter();
    Some(Order {
        id: id?,
        reference: order.reference.clone(),
        kind: kind?,
        place: place?,
        loads: loads
            .map(|(name, &load)| (name.clone(), Load(load)))
            .collect(),
        service: service?,
        ready: ready?,
        windows: windows?,
        promise: promise?,
        preference: preference?,
        required_skills: order.required_skills.iter().cloned().collect(),
        allowed_couriers: allowed?,
        forbidden_couriers: forbidden?,
        depots: depots?,
        drop_policy: drop_policy?,
        contact: order.contact.as_ref().map(read_contact).unwrap_or_default(),
        entry_notes: order.entry_notes.clone(),
        parcels: parcels?,
        payment_note: order.payment_note.clone(),
        notes: order.notes.clone(),
    })
}

fn read_kind(at: &At<'_>, kind: i32) -> Option<OrderKind> {
    if kind == pb::OrderKind::Unspecified as i32 {
        return Some(OrderKind::Delivery);
    }
    let known = read_order_kind(kind);
    if known.is_none() {
        at.field("kind")
            .report(Reason::UnknownName, "there is no such kind of order");
    }
    known
}

fn read_promise(at: &At<'_>, promise: Option<&pb::Promise>) -> Option<Option<Promise>> {
    let Some(promise) = promise else {
        return Some(None);
    };
    let window = at
        .required("window", promise.window.as_ref())
        .and_then(|window| read_window(at.field("window"), window));
    let promised_at = at.moment_if_any("promised_time", promise.promised_time.as_ref());
    let stated = at.percent_if_any(
        "stated_probability_percent",
        promise.stated_probability_percent,
    );
    Some(Some(Promise {
        window: window?,
        promised_at: promised_at?,
        stated_probability: stated?,
    }))
}

fn read_preference(at: &At<'_>, preference: Option<&pb::Preference>) -> Option<Option<Preference>> {
    let Some(preference) = preference else {
        return Some(None);
    };
    Some(Some(Preference {
        windows: at.all("windows", &preference.windows, read_window)?,
        miss_cost: Cost(preference.miss_cost),
    }))
}

fn read_drop_policy(at: &At<'_>, policy: Option<&pb::order::DropPolicy>) -> Option<DropPolicy> {
    match policy {
        Some(pb::order::DropPolicy::MustServe(pb::MustServe {})) => Some(DropPolicy::MustServe),
        Some(pb::order::DropPolicy::MayDrop(pb::MayDrop { penalty })) => {
            Some(DropPolicy::MayDrop { penalty: *penalty })
        }
        None => {
            at.report(
                Reason::MissingField,
                "one of must_serve and may_drop is required",
            );
            None
        }
    }
}

fn read_contact(contact: &pb::Contact) -> Contact {
    Contact {
        name: contact.name.clone(),
        phone: contact.phone.clone(),
    }
}

pub(super) fn contact_message(contact: &Contact) -> Option<pb::Contact> {
    (*contact != Contact::default()).then(|| pb::Contact {
        name: contact.name.clone(),
        phone: contact.phone.clone(),
    })
}

pub(super) fn order_message(problem: &Problem, order: &Order) -> pb::Order {
    order_at(order, place_message(problem, order.place))
}

/// The message for an order whose door is at `place`.
pub(super) fn order_at(order: &Order, place: Option<pb::Place>) -> pb::Order {
    let ids =
        |ids: &std::collections::BTreeSet<CourierId>| ids.iter().map(ToString::to_string).collect();
    pb::Order {
        id: order.id.to_string(),
        kind: write_order_kind(order.kind),
        place,
        loads: order
            .loads
            .iter()
            .map(|(name, load)| (name.clone(), load.0))
            .collect(),
        service_duration: span(order.service),
        ready_time: order.ready.and_then(moment),
        windows: order.windows.iter().copied().map(window_message).collect(),
        promise: order.promise.as_ref().map(|promise| pb::Promise {
            window: Some(window_message(promise.window)),
            promised_time: promise.promised_at.and_then(moment),
            stated_probability_percent: promise
                .stated_probability
                .map(|chance| f64::from(chance.0) / 100.0),
        }),
        preference: order.preference.as_ref().map(|preference| pb::Preference {
            windows: preference
                .windows
                .iter()
                .copied()
                .map(window_message)
                .collect(),
            miss_cost: preference.miss_cost.0,
        }),
        required_skills: order.required_skills.iter().cloned().collect(),
        allowed_courier_ids: ids(&order.allowed_couriers),
        forbidden_courier_ids: ids(&order.forbidden_couriers),
        depot_ids: order.depots.iter().map(ToString::to_string).collect(),
        drop_policy: Some(match order.drop_policy {
            DropPolicy::MustServe => pb::order::DropPolicy::MustServe(pb::MustServe {}),
            DropPolicy::MayDrop { penalty } => {
                pb::order::DropPolicy::MayDrop(pb::MayDrop { penalty })
            }
        }),
        contact: contact_message(&order.contact),
        entry_notes: order.entry_notes.clone(),
        parcels: order.parcels.map(count),
        payment_note: order.payment_note.clone(),
        notes: order.notes.clone(),
        reference: order.reference.clone(),
    }
}

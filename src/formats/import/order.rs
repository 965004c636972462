//! Rows of orders.

use super::cells::Cells;
use super::field::Field;
use super::place::{self, PlaceRules};
use super::{ImportDefaults, Located};
use crate::model::{
    Contact, CourierId, DepotId, DropPolicy, Order, OrderId, OrderKind, PlaceIdx, Preference,
    Promise,
};
use crate::units::{Cost, Seconds};

/// Words for the kinds of orders.
const DELIVERIES: [&str; 3] = ["", "delivery", "доставка"];
const COLLECTIONS: [&str; 4] = ["collection", "pickup", "забор", "вывоз"];

/// Largest cost of missing a preference.
const MISS_COST_MAX: i64 = 1_000_000_000;

/// Rules for rows of orders.
pub(super) struct Rules<'a> {
    pub(super) places: PlaceRules<'a>,
    pub(super) defaults: &'a ImportDefaults,
}

/// The headings that are missing for rows to be orders.
pub(super) fn missing(has: &dyn Fn(Field) -> bool, needs_location: bool) -> Vec<&'static str> {
    let mut missing = Vec::new();
    if !has(Field::Id) {
        missing.push("id (\"order\", \"номер заказа\")");
    }
    missing.extend(place::missing(has).filter(|_| needs_location));
    let has_window = has(Field::Window) || (has(Field::From) && has(Field::To));
    if !has_window && !has(Field::Access) {
        missing.push("from and to (\"с\", \"до\"), or window (\"интервал\"), or access");
    }
    missing
}

/// The order in a row.
pub(super) fn read(cells: &mut Cells<'_>, rules: &Rules<'_>) -> Option<Located<Order>> {
    let id = cells.id(Field::Id, OrderId::parse);
    let place = cells.place(rules.places);
    let kind = kind(cells);
    let loads = cells.loads();
    let service = cells.span(Field::Service, 60, Seconds(86_400));
    let ready = cells.moment(Field::Ready);
    let promise = cells.window();
    let windows = cells.windows(Field::Access);
    let preference = preference(cells, rules.defaults.preference_cost);
    let allowed = cells.ids(Field::AllowedCouriers, CourierId::parse);
    let forbidden = cells.ids(Field::ForbiddenCouriers, CourierId::parse);
    let depots = cells.ids(Field::Depots, DepotId::parse);
    let penalty = cells.scaled(Field::Penalty, 0, 1..=1_000_000);
    let parcels = cells.scaled(Field::Parcels, 0, 0..=1_000_000);
    let (promise, windows) = (promise?, windows?);
    if promise.is_none() && windows.is_empty() {
        return cells.row_fault("nothing says when to come; a window is needed");
    }
    let order = Order {
        id: id?,
        reference: cells.reference(Field::Id),
        kind: kind?,
        place: PlaceIdx(0),
        loads: loads?,
        service: service?.unwrap_or(rules.defaults.service),
        ready: ready?,
        windows,
        promise: promise.map(|window| Promise {
            window,
            promised_at: None,
            stated_probability: None,
        }),
        preference: preference?,
        required_skills: cells.words(Field::Skills),
        allowed_couriers: allowed?,
        forbidden_couriers: forbidden?,
        depots: depots?,
        drop_policy: match penalty? {
            Some(penalty) => DropPolicy::MayDrop { penalty },
            None => DropPolicy::MustServe,
        },
        contact: Contact {
            name: cells.owned(Field::Name),
            phone: cells.owned(Field::Phone),
        },
        entry_notes: cells.owned(Field::EntryNotes),
        parcels: parcels?.and_then(|parcels| u32::try_from(parcels).ok()),
        payment_note: cells.owned(Field::Payment),
        notes: cells.owned(Field::Notes),
    };
    Some(Located {
        item: order,
        place: place?,
    })
}

fn kind(cells: &mut Cells<'_>) -> Option<OrderKind> {
    let word = cells.text(Field::Kind).to_lowercase();
    if DELIVERIES.contains(&word.as_str()) {
        Some(OrderKind::Delivery)
    } else if COLLECTIONS.contains(&word.as_str()) {
        Some(OrderKind::Collection)
    } else {
        cells.fault(Field::Kind, "is neither delivery nor collection")
    }
}

/// The windows preferred, with what missing them costs: `otherwise` unless the row says.
fn preference(cells: &mut Cells<'_>, otherwise: Option<Cost>) -> Option<Option<Preference>> {
    let windows = cells.windows(Field::Preferred);
    let cost = cells.scaled(Field::PreferenceCost, 0, 1..=MISS_COST_MAX);
    let (windows, cost) = (windows?, cost?);
    match (windows.is_empty(), cost.map(Cost).or(otherwise)) {
        (false, Some(miss_cost)) => Some(Some(Preference { windows, miss_cost })),
        (true, _) if cost.is_some() => cells.fault(
            Field::Preferred,
            "is empty although missing it costs something",
        ),
        (true, _) => Some(None),
        (false, None) => {
            let message = "is preferred, and nothing says what missing it costs; give a column preference_cost, or \
                           --preference-cost";
            cells.fault(Field::Preferred, message)
        }
    }
}

//! Orders that ask for a window.

use std::collections::BTreeMap;

use crate::grpc::convert::order::{order_at, read_order};
use crate::grpc::convert::place::{Places, message_of_place};
use crate::grpc::convert::read::At;
use crate::grpc::pb;
use crate::model::{Order, PlaceIdx, Reason};
use crate::promise::Booking;
use crate::units::Load;

/// Standard deviations above the mean that are enough in 95 % of cases.
const QUANTILE_95: f64 = 1.645;
/// Largest standard deviation of a load.
const SPREAD_MAX: f64 = 1e9;

/// Reads an order with the spreads of its loads, which stand beside it.
pub(super) fn read_booking_at(
    at: &At<'_>,
    order: Option<&pb::Order>,
    spreads: &BTreeMap<String, f64>,
) -> Option<Booking> {
    let message = at.required("order", order)?;
    let must_serve;
    let message = if message.drop_policy.is_some() {
        message
    } else {
        must_serve = pb::Order {
            drop_policy: Some(pb::order::DropPolicy::MustServe(pb::MustServe {})),
            ..message.clone()
        };
        &must_serve
    };
    let mut places = Places::default();
    let order = read_order(at.field("order").about(&message.id), message, &mut places);
    let loads = planned_loads(
        &at.field("load_spreads").about(&message.id),
        message,
        spreads,
    );
    let place = places.into_list().into_iter().next();
    Some(Booking {
        order: Order {
            loads: loads?,
            place: PlaceIdx(0),
            ..order?
        },
        place: place?,
    })
}

/// Loads that are enough in 95 % of cases.
fn planned_loads(
    at: &At<'_>,
    order: &pb::Order,
    spreads: &BTreeMap<String, f64>,
) -> Option<BTreeMap<String, Load>> {
    let mut is_sound = true;
    for (dimension, spread) in spreads {
        let message = if !order.loads.contains_key(dimension) {
            format!("the order has no load {dimension:?} that could vary")
        } else if !(0.0..=SPREAD_MAX).contains(spread) {
            format!("{spread} is out of range for {dimension:?}: it must be 0 to 1000000000")
        } else {
            continue;
        };
        at.report(Reason::OutOfRange, message);
        is_sound = false;
    }
    let planned = |(dimension, &load): (&String, &i64)| {
        let spread = spreads.get(dimension).copied().unwrap_or_default();
        (dimension.clone(), Load(load.saturating_add(margin(spread))))
    };
    is_sound.then(|| order.loads.iter().map(planned).collect())
}

/// What is added to a load that varies by `spread`, which is within its bounds.
#[expect(clippy::cast_possible_truncation, reason = "at most 1.645e9")]
fn margin(spread: f64) -> i64 {
    // A spread given in decimals must not be rounded up for the last bit of the product alone.
    (QUANTILE_95 * spread - 1e-9).ceil() as i64
}

/// The message for an order that asked for a window.
#[must_use]
pub fn booking_message(booking: &Booking) -> pb::Order {
    order_at(&booking.order, Some(message_of_place(&booking.place)))
}

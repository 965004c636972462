//! Route sheets: what a courier works from on paper, when no screen can be relied on.
//!
//! Knows plans and forecasts as plain data; nothing of how they were made, of the wire, or of the disk. [`sheets`] says
//! what is on the paper, [`html`] and [`pdf`] how it looks, [`Language`] in which words. [`stop_codes()`] is the part of it
//! that machines read back from the paper alone. The languages also have what customers are told: [`delay_words`].

mod alert;
mod changes;
mod checksum;
mod clock_face;
mod compose;
mod format;
pub mod html;
mod leave_by;
mod messages;
pub mod pdf;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod sample_day;
mod sketch;
mod stop_codes;
mod text;
mod wording;

use std::collections::BTreeMap;

use crate::model::{Contact, CourierId, GeoPoint, OrderId, OrderKind, TimeWindow};
use crate::units::{BasisPoints, Load, Meters, Timestamp};

pub use alert::{Coming, Delay, delay_words, in_time_words};
pub use compose::{PlannedDay, Selection, sheets};
pub use format::{Format, file_name, render};
pub use messages::{Language, UnknownLanguage};
pub use stop_codes::{StopCode, stop_code_texts, stop_codes};

/// Everything on one courier's sheet. Texts are as in the problem.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteSheet {
    /// Name of the day.
    pub day_name: String,
    /// IANA name of the time zone that times are printed in.
    pub time_zone: String,
    /// The courier.
    pub courier: CourierId,
    /// The courier's name, or id.
    pub courier_name: String,
    /// The courier's phone; may be empty.
    pub courier_phone: String,
    /// Where the route starts.
    pub start_place: String,
    /// Where that is on the globe.
    pub start_location: Option<GeoPoint>,
    /// When loading starts.
    pub loading: Timestamp,
    /// When the courier leaves.
    pub departure: Timestamp,
    /// Latest departure that keeps every promise, as [`LeaveByBasis`] says; `None` if that is not known.
    pub leave_by: Option<Timestamp>,
    /// What must be on board at departure, by dimension.
    pub load_at_start: BTreeMap<String, Load>,
    /// Parcels that must be on board at departure: the sum over the deliveries that state them.
    pub parcels_at_start: u32,
    /// Where the route ends; empty with an open end.
    pub end_place: String,
    /// Where that is on the globe.
    pub end_location: Option<GeoPoint>,
    /// When it ends.
    pub end: Timestamp,
    /// Total distance.
    pub distance: Meters,
    /// Stops in sequence.
    pub stops: Vec<SheetStop>,
    /// Returns to a depot between the stops, in sequence.
    pub reloads: Vec<SheetReload>,
    /// Breaks, in sequence.
    pub breaks: Vec<SheetBreak>,
    /// Version of the plan.
    pub plan_version: String,
    /// Eight hexadecimal digits over everything else on the sheet: sheets with equal checksums say the same.
    pub checksum: String,
    /// What every leave-by time follows from.
    pub leave_by_basis: LeaveByBasis,
    /// The confidence of every leave-by time that follows from simulated days.
    pub leave_by_confidence: BasisPoints,
    /// Whether the spread behind bands and leave-by times is a built-in default, not learned from history.
    pub spread_is_default: bool,
    /// How the sheet differs from the one of an earlier plan; `None` if it was not compared with any.
    pub changes: Option<SheetChanges>,
}

/// What leave-by times follow from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaveByBasis {
    /// The forecast: leaving at that time keeps every later promise of the route on the stated share of simulated days.
    SimulatedDays,
    /// The plan alone: leaving at that time keeps every later promise, and the end of the shift, if all goes as planned
    /// from there on.
    Slack,
}

/// How a sheet differs from the one of an earlier plan.
#[derive(Clone, Debug, PartialEq)]
pub struct SheetChanges {
    /// Version of the earlier plan.
    pub since_version: String,
    /// Whether the courier has to know: a stop is marked or removed, or start, end, loads, reloads or breaks are others.
    pub is_changed: bool,
    /// Whether the courier drives no more; such a sheet has no stops.
    pub is_withdrawn: bool,
    /// Stops of the earlier sheet that are not on this one, in their sequence there.
    pub removed: Vec<RemovedStop>,
}

/// A stop that the courier need not make any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovedStop {
    /// Its number on the earlier sheet.
    pub number: u32,
    /// The order.
    pub order: OrderId,
    /// What the order is called, where its id does not say it; may be empty.
    pub reference: String,
    /// Postal address.
    pub address: String,
    /// Name of the courier who makes it now; empty if nobody does.
    pub taken_by: String,
}

/// How a stop differs from the same order's stop in an earlier plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopChange {
    /// The order was in no route.
    New,
    /// It was in the route of the courier of this name, or, if that is empty, elsewhere in this route's sequence.
    Moved {
        /// Name of the courier.
        from: String,
    },
    /// The printed minute of its planned arrival, its window, or by five minutes or more its leave-by time is another.
    Retimed {
        /// Planned arrival in the earlier plan.
        arrival: Timestamp,
    },
    /// Address, contact, notes, goods or payment are others.
    Edited,
}

/// A line between two stops: back to a depot, where the goods of the next stops are loaded.
#[derive(Clone, Debug, PartialEq)]
pub struct SheetReload {
    /// Number of the stop before.
    pub after_stop: u32,
    /// Where the depot is.
    pub place: String,
    /// Where that is on the globe.
    pub location: Option<GeoPoint>,
    /// Planned arrival.
    pub arrival: Timestamp,
    /// When loading starts.
    pub loading: Timestamp,
    /// When the courier leaves.
    pub departure: Timestamp,
    /// What must be on board at departure, by dimension.
    pub load_at_departure: BTreeMap<String, Load>,
    /// Parcels that must be on board at departure: the sum over the trip's deliveries that state them.
    pub parcels_at_departure: u32,
}

/// A line behind a stop: a break, at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SheetBreak {
    /// Number of the stop before; 0 for a break before the first stop.
    pub after_stop: u32,
    /// Planned start.
    pub start: Timestamp,
    /// Planned end.
    pub end: Timestamp,
}

/// One line of a sheet.
#[derive(Clone, Debug, PartialEq)]
pub struct SheetStop {
    /// 1 for the first stop.
    pub number: u32,
    /// The order.
    pub order: OrderId,
    /// What the order is called, where its id does not say it; may be empty.
    pub reference: String,
    /// Delivery or collection.
    pub kind: OrderKind,
    /// The window the customer was told; without a promise, the window the plan serves in.
    pub window: Option<TimeWindow>,
    /// Planned arrival.
    pub arrival: Timestamp,
    /// When 10 % and 90 % of simulated days have arrived; `None` if there is no forecast.
    pub arrival_band: Option<TimeWindow>,
    /// Latest departure that keeps every later promise, as [`LeaveByBasis`] says; `None` at the last stop.
    pub leave_by: Option<Timestamp>,
    /// Whether that is only the planned departure, as no departure from then on has the stated confidence: leaving by then
    /// keeps the chances that the plan has.
    pub is_leave_by_planned: bool,
    /// Postal address.
    pub address: String,
    /// Where that is on the globe.
    pub location: Option<GeoPoint>,
    /// Whom to call.
    pub contact: Contact,
    /// How to get to the door.
    pub entry_notes: String,
    /// Parcels to hand over or take.
    pub parcels: Option<u32>,
    /// Room the goods take, by dimension.
    pub loads: BTreeMap<String, Load>,
    /// What is to be paid at the door.
    pub payment_note: String,
    /// Anything else.
    pub notes: String,
    /// How it differs from the earlier plan that the sheet was compared with.
    pub changes: Vec<StopChange>,
}

impl SheetStop {
    /// What the order is called.
    fn label(&self) -> &str {
        label(&self.reference, &self.order)
    }
}

impl RemovedStop {
    /// What the order is called.
    fn label(&self) -> &str {
        label(&self.reference, &self.order)
    }
}

fn label<'a>(reference: &'a str, order: &'a OrderId) -> &'a str {
    match reference.trim() {
        "" => order.as_str(),
        reference => reference,
    }
}

//! Route sheets: what a courier works from on paper, when no screen can be relied on.
//!
//! Knows plans and forecasts as plain data; nothing of how they were made, of the wire, or of the disk. [`sheets`] says
//! what is on the paper, [`render`] how it looks, [`Language`] in which words.

mod checksum;
mod clock_face;
mod compose;
mod file_name;
mod html;
mod messages;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod sample_day;
mod text;

use std::collections::BTreeMap;

use crate::model::{Contact, CourierId, OrderId, OrderKind, TimeWindow};
use crate::units::{BasisPoints, Load, Meters, Timestamp};

pub use compose::sheets;
pub use file_name::file_name;
pub use html::{CONTENT_TYPE, render};
pub use messages::{Language, UnknownLanguage};

/// Everything on one courier's sheet. Texts are as in the problem.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// When loading starts.
    pub loading: Timestamp,
    /// When the courier leaves.
    pub departure: Timestamp,
    /// Latest departure that keeps every promise at the stated confidence; `None` if there is no forecast.
    pub leave_by: Option<Timestamp>,
    /// What must be on board at departure, by dimension.
    pub load_at_start: BTreeMap<String, Load>,
    /// Parcels that must be on board at departure: the sum over the deliveries that state them.
    pub parcels_at_start: u32,
    /// Where the route ends; empty with an open end.
    pub end_place: String,
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
    /// The confidence of every leave-by time.
    pub leave_by_confidence: BasisPoints,
    /// Whether the spread behind bands and leave-by times is a built-in default, not learned from history.
    pub spread_is_default: bool,
}

/// A line between two stops: back to a depot, where the goods of the next stops are loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetReload {
    /// Number of the stop before.
    pub after_stop: u32,
    /// Where the depot is.
    pub place: String,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetStop {
    /// 1 for the first stop.
    pub number: u32,
    /// The order.
    pub order: OrderId,
    /// Delivery or collection.
    pub kind: OrderKind,
    /// The window the customer was told; without a promise, the window the plan serves in.
    pub window: Option<TimeWindow>,
    /// Planned arrival.
    pub arrival: Timestamp,
    /// When 10 % and 90 % of simulated days have arrived; `None` if there is no forecast.
    pub arrival_band: Option<TimeWindow>,
    /// Latest departure that keeps every later promise at the stated confidence; `None` at the last stop.
    pub leave_by: Option<Timestamp>,
    /// Postal address.
    pub address: String,
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
}

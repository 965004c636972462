//! Stands in until the sheets are there.

use std::collections::BTreeMap;

use crate::model::{Contact, CourierId, OrderId, OrderKind, TimeWindow};
use crate::units::{BasisPoints, Load, Meters, Timestamp};

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
    /// Version of the plan.
    pub plan_version: String,
    /// Eight hexadecimal digits over everything else on the sheet: sheets with equal checksums say the same.
    pub checksum: String,
    /// The confidence of every leave-by time.
    pub leave_by_confidence: BasisPoints,
    /// Whether the spread behind bands and leave-by times is a built-in default, not learned from history.
    pub spread_is_default: bool,
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

use crate::model::{Plan, PlanForecast, Problem, SpreadSource};

/// MIME type of what [`render`] gives.
pub const CONTENT_TYPE: &str = "text/html; charset=utf-8";

/// Language of a sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    En,
    /// Russian.
    Ru,
}

/// A language code that no language has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no language {asked:?}; known are en, ru")]
pub struct UnknownLanguage {
    /// What was asked for.
    pub asked: String,
}

impl std::str::FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(code: &str) -> Result<Self, UnknownLanguage> {
        match code {
            "en" => Ok(Self::En),
            "ru" => Ok(Self::Ru),
            _ => Err(UnknownLanguage {
                asked: code.to_owned(),
            }),
        }
    }
}

/// The sheets of `couriers`; of all with a route if the list is empty.
#[must_use]
pub fn sheets(
    problem: &Problem,
    plan: &Plan,
    forecast: &PlanForecast,
    plan_version: &str,
    couriers: &[CourierId],
) -> Vec<RouteSheet> {
    plan.routes
        .iter()
        .filter(|r| couriers.is_empty() || couriers.contains(&r.courier))
        .map(|route| RouteSheet {
            day_name: problem.name.clone(),
            time_zone: problem.time_zone.clone(),
            courier: route.courier.clone(),
            courier_name: route.courier.to_string(),
            courier_phone: String::new(),
            start_place: "depot".to_owned(),
            loading: route.start,
            departure: route.departure,
            leave_by: Some(route.departure),
            load_at_start: route.load_at_start.clone(),
            parcels_at_start: 0,
            end_place: String::new(),
            end: route.end,
            distance: route.distance,
            stops: route
                .stops
                .iter()
                .zip(1..)
                .map(|(stop, number)| SheetStop {
                    number,
                    order: stop.order.clone(),
                    kind: OrderKind::Delivery,
                    window: None,
                    arrival: stop.arrival,
                    arrival_band: None,
                    leave_by: None,
                    address: String::new(),
                    contact: Contact::default(),
                    entry_notes: String::new(),
                    parcels: None,
                    loads: BTreeMap::new(),
                    payment_note: String::new(),
                    notes: String::new(),
                })
                .collect(),
            plan_version: plan_version.to_owned(),
            checksum: "00000000".to_owned(),
            leave_by_confidence: BasisPoints(9_000),
            spread_is_default: forecast.spread_source == SpreadSource::Default,
        })
        .collect()
}

/// The sheet as a printable document.
#[must_use]
pub fn render(sheet: &RouteSheet, language: Language) -> String {
    format!(
        "<!DOCTYPE html><html lang=\"{}\"><p>{}",
        if language == Language::Ru { "ru" } else { "en" },
        sheet.courier
    )
}

/// A safe file name for the sheet.
#[must_use]
pub fn file_name(sheet: &RouteSheet) -> String {
    format!("{}.html", sheet.courier.as_str().replace(':', "_"))
}

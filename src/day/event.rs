//! What is reported from a day under way. The serialized form is what is stored: fields are added with a default, never
//! renamed or removed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{CourierId, EventId, GeoPoint, OrderId, ZoneId};
use crate::units::{BasisPoints, Load, Timestamp};

/// Something that happened, as somebody reported it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Identifies it: a report that is sent again has the id that it had.
    pub id: EventId,
    /// When it happened, by the clock of whoever saw it.
    pub at: Timestamp,
    /// When it was reported, by the clock of whoever takes reports.
    pub reported_at: Timestamp,
    /// What happened.
    pub event: Event,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The courier left the depot, or wherever the route starts; again after each reload.
    Departed {
        /// Who.
        courier: CourierId,
    },
    /// The courier came to the door.
    Arrived {
        /// Who.
        courier: CourierId,
        /// Whose door.
        order: OrderId,
    },
    /// The customer opened, and service began.
    ServiceStarted {
        /// Who.
        courier: CourierId,
        /// For which order.
        order: OrderId,
    },
    /// Everything was handed over, and the courier left the door.
    Delivered {
        /// Who.
        courier: CourierId,
        /// Which order.
        order: OrderId,
    },
    /// A part was handed over, and the courier left the door with the rest.
    DeliveredInPart {
        /// Who.
        courier: CourierId,
        /// Which order.
        order: OrderId,
        /// What the customer did not take; at least one item.
        refused: Vec<RefusedItem>,
    },
    /// Nothing was handed over, and the courier left the door.
    Failed {
        /// Who.
        courier: CourierId,
        /// Which order.
        order: OrderId,
        /// Why.
        reason: FailureReason,
        /// The same in words.
        note: String,
    },
    /// The courier will not go to the door, at least not now.
    Skipped {
        /// Who.
        courier: CourierId,
        /// Which order.
        order: OrderId,
    },
    /// The courier was seen.
    Position {
        /// Who.
        courier: CourierId,
        /// Where.
        location: GeoPoint,
    },
    /// The courier cannot go on: ill, held up, off duty.
    Unavailable {
        /// Who.
        courier: CourierId,
        /// When the courier goes on; `None` if that is not known.
        until: Option<Timestamp>,
        /// Why.
        note: String,
    },
    /// The vehicle cannot go on.
    BrokenDown {
        /// Whose.
        courier: CourierId,
        /// When it goes on; `None` if that is not known.
        until: Option<Timestamp>,
        /// What is wrong with it.
        note: String,
    },
    /// Ways take longer than planned, or less long: replaces what was said of the same area before.
    Traffic {
        /// Ways to stops in this part of the city; `None` for all of which nothing is said by itself.
        area: Option<ZoneId>,
        /// On travel times: 15,000 means half as long again; 10,000 ends it.
        factor: BasisPoints,
        /// The last moment at which that holds; `None` for the rest of the day.
        until: Option<Timestamp>,
    },
    /// What the customer thought of it.
    Rating {
        /// Of which order.
        order: OrderId,
        /// 1 to 5, the best.
        stars: u8,
        /// In words.
        words: String,
        /// The reason that the customer chose.
        reason: String,
    },
}

/// Something that a customer did not take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedItem {
    /// What.
    pub name: String,
    /// How many.
    pub count: u32,
    /// Room that all of them take in the vehicle again, by dimension.
    pub loads: BTreeMap<String, Load>,
    /// Why.
    pub reason: String,
}

/// Why nothing was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FailureReason {
    /// Nobody opened: the promise was kept if the courier was there in time.
    CustomerAbsent,
    /// The customer did not want any of it.
    Refused,
    /// The door could not be found, or not be reached.
    NoAccess,
    /// Goods were damaged, or not in the vehicle.
    GoodsMissing,
    /// The courier had no time for it.
    NoTime,
    /// Something else.
    Other,
}

impl Event {
    /// Whose route it is about, if it is about one.
    #[must_use]
    pub fn courier(&self) -> Option<&CourierId> {
        match self {
            Self::Departed { courier }
            | Self::Arrived { courier, .. }
            | Self::ServiceStarted { courier, .. }
            | Self::Delivered { courier, .. }
            | Self::DeliveredInPart { courier, .. }
            | Self::Failed { courier, .. }
            | Self::Skipped { courier, .. }
            | Self::Position { courier, .. }
            | Self::Unavailable { courier, .. }
            | Self::BrokenDown { courier, .. } => Some(courier),
            Self::Traffic { .. } | Self::Rating { .. } => None,
        }
    }

    /// Which order it is about, if it is about one.
    #[must_use]
    pub fn order(&self) -> Option<&OrderId> {
        match self {
            Self::Arrived { order, .. }
            | Self::ServiceStarted { order, .. }
            | Self::Delivered { order, .. }
            | Self::DeliveredInPart { order, .. }
            | Self::Failed { order, .. }
            | Self::Skipped { order, .. }
            | Self::Rating { order, .. } => Some(order),
            Self::Departed { .. }
            | Self::Position { .. }
            | Self::Unavailable { .. }
            | Self::BrokenDown { .. }
            | Self::Traffic { .. } => None,
        }
    }

    /// Whether it says that a courier was at a door, or will not go there.
    pub(super) fn is_visit(&self) -> bool {
        self.courier().is_some() && self.order().is_some()
    }

    /// Whether it says that something was handed over.
    pub(super) fn is_delivery(&self) -> bool {
        matches!(self, Self::Delivered { .. } | Self::DeliveredInPart { .. })
    }

    /// Its kind, as fields of the protocol are named.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Departed { .. } => "departed",
            Self::Arrived { .. } => "arrived",
            Self::ServiceStarted { .. } => "service_started",
            Self::Delivered { .. } => "delivered",
            Self::DeliveredInPart { .. } => "delivered_in_part",
            Self::Failed { .. } => "failed",
            Self::Skipped { .. } => "skipped",
            Self::Position { .. } => "position",
            Self::Unavailable { .. } => "unavailable",
            Self::BrokenDown { .. } => "broken_down",
            Self::Traffic { .. } => "traffic",
            Self::Rating { .. } => "rating",
        }
    }

    /// Whether it says how things stand with a courier, whatever was done in the same second: clocks of devices tell no
    /// finer.
    pub(super) fn is_standing(&self) -> bool {
        match self {
            Self::Position { .. } | Self::Unavailable { .. } | Self::BrokenDown { .. } => true,
            Self::Departed { .. }
            | Self::Arrived { .. }
            | Self::ServiceStarted { .. }
            | Self::Delivered { .. }
            | Self::DeliveredInPart { .. }
            | Self::Failed { .. }
            | Self::Skipped { .. }
            | Self::Traffic { .. }
            | Self::Rating { .. } => false,
        }
    }

    /// Where it stands among events of the same stop and moment.
    pub(super) fn step(&self) -> u8 {
        match self {
            Self::Departed { .. } => 0,
            Self::Skipped { .. } => 1,
            Self::Arrived { .. } => 2,
            Self::ServiceStarted { .. } => 3,
            Self::Failed { .. } => 4,
            Self::DeliveredInPart { .. } => 5,
            Self::Delivered { .. } => 6,
            Self::Position { .. } => 7,
            Self::Unavailable { .. } => 8,
            Self::BrokenDown { .. } => 9,
            Self::Traffic { .. } => 10,
            Self::Rating { .. } => 11,
        }
    }
}

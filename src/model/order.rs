//! Orders: what a customer was promised and what it takes to keep it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{CourierId, DepotId, OrderId, PlaceIdx, TimeWindow};
use crate::units::{BasisPoints, Cost, Load, Seconds, Timestamp};

/// Whether goods go to the customer or come from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderKind {
    /// Loaded at the start of the trip, handed over at the door.
    Delivery,
    /// Taken at the door, brought to the end of the trip.
    Collection,
}

/// The window a customer was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// Service starts in it if the promise is kept.
    pub window: TimeWindow,
    /// When the customer was told.
    pub promised_at: Option<Timestamp>,
    /// Chance of keeping it that was stated then.
    pub stated_probability: Option<BasisPoints>,
}

/// Windows that are better than others, for a price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preference {
    /// What is preferred.
    pub windows: Vec<TimeWindow>,
    /// Cost of a service that starts outside all of them.
    pub miss_cost: Cost,
}

/// What happens when not every order can be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DropPolicy {
    /// Leaving the order out breaks a promise.
    MustServe,
    /// The order may be left out.
    MayDrop {
        /// What that weighs against leaving out other orders.
        penalty: i64,
    },
}

/// Whom to call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Name.
    pub name: String,
    /// Phone.
    pub phone: String,
}

/// One customer's delivery or collection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// Identifies the order.
    pub id: OrderId,
    /// What people call the order, where its id cannot say it: shown instead of the id. May be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reference: String,
    /// Delivery or collection.
    pub kind: OrderKind,
    /// Where the door is.
    pub place: PlaceIdx,
    /// Room the goods take, by dimension.
    pub loads: BTreeMap<String, Load>,
    /// Time at the door.
    pub service: Seconds,
    /// When the goods are ready for loading.
    pub ready: Option<Timestamp>,
    /// When service may start.
    pub windows: Vec<TimeWindow>,
    /// What the customer was told.
    pub promise: Option<Promise>,
    /// What would be better.
    pub preference: Option<Preference>,
    /// Skills the courier must have.
    pub required_skills: BTreeSet<String>,
    /// Only these couriers; empty means any.
    pub allowed_couriers: BTreeSet<CourierId>,
    /// Not these couriers.
    pub forbidden_couriers: BTreeSet<CourierId>,
    /// Depots that stock the goods; empty means any.
    pub depots: BTreeSet<DepotId>,
    /// What happens when not every order can be served.
    pub drop_policy: DropPolicy,
    /// Whom to call.
    pub contact: Contact,
    /// How to get to the door.
    pub entry_notes: String,
    /// Parcels to hand over.
    pub parcels: Option<u32>,
    /// What is to be paid.
    pub payment_note: String,
    /// Anything else.
    pub notes: String,
}

impl Order {
    /// What the order is called: its reference, or else its id.
    #[must_use]
    pub fn label(&self) -> &str {
        match self.reference.trim() {
            "" => self.id.as_str(),
            reference => reference,
        }
    }

    /// When service may start, as sorted windows: the access windows cut to the promise. Empty if nothing is left.
    #[must_use]
    pub fn service_windows(&self) -> Vec<TimeWindow> {
        let mut windows = match (&self.promise, self.windows.is_empty()) {
            (Some(promise), true) => vec![promise.window],
            (Some(promise), false) => self
                .windows
                .iter()
                .filter_map(|window| window.intersection(promise.window))
                .collect(),
            (None, _) => self.windows.clone(),
        };
        windows.sort_unstable();
        windows
    }

    /// The last moment at which service may start. The order must have a window.
    #[must_use]
    pub fn last_moment(&self) -> Timestamp {
        self.service_windows()
            .last()
            .map_or(Timestamp(i64::MIN), |window| window.end)
    }

    /// What service starting at `moment` costs because it was preferred at another time.
    #[must_use]
    pub fn preference_cost(&self, moment: Timestamp) -> Cost {
        match &self.preference {
            Some(preference)
                if !preference
                    .windows
                    .iter()
                    .any(|window| window.contains(moment)) =>
            {
                preference.miss_cost
            }
            _ => Cost::ZERO,
        }
    }

    /// Whether a trip from the depot `start` to the depot `end` (if these are depots) loads a delivery, or unloads a
    /// collection, where the goods are stocked.
    #[must_use]
    pub fn is_stocked_by(&self, start: Option<&DepotId>, end: Option<&DepotId>) -> bool {
        let depot = match self.kind {
            OrderKind::Delivery => start,
            OrderKind::Collection => end,
        };
        self.depots.is_empty() || depot.is_some_and(|id| self.depots.contains(id))
    }

    /// What the goods take in `dimension`.
    #[must_use]
    pub fn load(&self, dimension: &str) -> Load {
        self.loads.get(dimension).copied().unwrap_or_default()
    }
}

//! What callers see of days and promises.

use std::sync::Arc;

use crate::model::{
    CourierId, Finding, OrderId, Plan, PlanForecast, Probability, Problem, TimeWindow,
};
use crate::promise::{DayState, DayTerms, PromiseRecord};
use crate::units::{Cost, Meters, Timestamp};

/// A promise as it stands now.
#[derive(Clone, Debug, PartialEq)]
pub struct PromiseView {
    /// Its record.
    pub record: Arc<PromiseRecord>,
    /// The window as the day offers it.
    pub window: TimeWindow,
    /// Where it stands in the plan; `None` if it is not in it (any more).
    pub standing: Option<Standing>,
}

/// Where a promise stands in the plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Chance that it is kept by the present plan.
    pub probability: Probability,
    /// Who comes.
    pub courier: CourierId,
    /// When service starts, as planned.
    pub service_start: Timestamp,
    /// The version of the plan.
    pub plan_version: u64,
}

/// How many promises are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Held.
    pub held: usize,
    /// Confirmed.
    pub confirmed: usize,
    /// Let go before they were confirmed.
    pub released: usize,
    /// Run out before they were confirmed.
    pub expired: usize,
    /// Taken back after they were confirmed.
    pub cancelled: usize,
}

/// A day as it stands now.
#[derive(Clone, Debug, PartialEq)]
pub struct DayView {
    /// Its terms.
    pub terms: Arc<DayTerms>,
    /// Whether it takes orders.
    pub state: DayState,
    /// Its promises.
    pub counts: Counts,
    /// The version of its plan: the number of the ledger's entry that changed routes last.
    pub plan_version: u64,
    /// Entries in the ledger.
    pub entries: u64,
    /// The moment of the last one.
    pub changed_at: Timestamp,
    /// Expected share of the promises in the plan that are kept, 0 to 1; 1 without any.
    pub expected: f64,
    /// The least likely promise, if there is any.
    pub lowest: Option<(OrderId, f64)>,
    /// Couriers with a stop.
    pub couriers: usize,
    /// Cost of the plan.
    pub cost: Cost,
    /// Its distance.
    pub distance: Meters,
}

/// A day with its plan in full.
#[derive(Clone, Debug, PartialEq)]
pub struct DayPlan {
    /// The day.
    pub view: DayView,
    /// Its depots and couriers, with the orders of its promises.
    pub problem: Problem,
    /// The plan.
    pub plan: Plan,
    /// How likely it is to keep its promises.
    pub forecast: PlanForecast,
    /// What deserves a look.
    pub warnings: Vec<Finding>,
}

//! What callers see of days and promises.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::book::Book;
use crate::model::{
    CourierId, OrderId, Plan, PlanForecast, Probability, Problem, PromiseId, TimeWindow,
};
use crate::promise::{Day, DayState, DayTerms, PromiseRecord, PromiseState, Refusal};
use crate::units::{Cost, Meters, Timestamp};

/// A promise as it stands now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PromiseView {
    /// Its record.
    pub record: Arc<PromiseRecord>,
    /// The window as the day offers it.
    pub window: TimeWindow,
    /// Where it stands in the plan; `None` if it is not in it (any more).
    pub standing: Option<Standing>,
}

/// Where a promise stands in the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// How likely it is to keep its promises, on other days than those that quotes look at.
    pub forecast: PlanForecast,
}

impl PromiseView {
    /// The promise called `id`, as it stands.
    pub(super) fn of(day: &Day, book: &Book, id: &PromiseId) -> Result<Self, Refusal> {
        let record = Arc::clone(day.promise(id)?);
        let order = &record.booking.order.id;
        let standing = (record.state.is_live())
            .then(|| {
                let courier = day.courier_of(order)?;
                let (probability, service_start) = book.standing(courier, order)?;
                Some(Standing {
                    probability,
                    courier: courier.clone(),
                    service_start,
                    plan_version: day.plan_version(),
                })
            })
            .flatten();
        let offered = day.terms().window(&record.window);
        Ok(Self {
            window: offered.map_or(record.last.0.window, |offered| offered.window),
            standing,
            record,
        })
    }
}

impl DayView {
    /// The day as it stands.
    pub(super) fn of(day: &Day, book: &Book) -> Self {
        let mut counts = Counts::default();
        for promise in day.promises().values() {
            *match promise.state {
                PromiseState::Held => &mut counts.held,
                PromiseState::Confirmed => &mut counts.confirmed,
                PromiseState::Released => &mut counts.released,
                PromiseState::Expired => &mut counts.expired,
                PromiseState::Cancelled => &mut counts.cancelled,
            } += 1;
        }
        let totals = book.totals();
        let least_likely = book.least_likely();
        Self {
            terms: Arc::clone(day.terms()),
            state: day.state(),
            counts,
            plan_version: day.plan_version(),
            entries: day.length(),
            changed_at: day.last_at(),
            expected: book.expected(),
            lowest: least_likely.map(|(order, chance)| (order.clone(), chance.estimate)),
            couriers: usize::try_from(totals.routes).unwrap_or(usize::MAX),
            cost: totals.cost.rounded(),
            distance: totals.distance,
        }
    }
}

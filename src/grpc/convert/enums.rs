//! Enumerations of the wire and of the model, one to one.

use crate::day;
use crate::grpc::pb;
use crate::model;
use crate::promise;

/// Two enumerations with the same cases.
macro_rules! same_cases {
    ($write:ident, $read:ident, $wire:path, $model:path: $($case:ident),+ $(,)?) => {
        /// The case on the wire.
        pub(super) fn $write(value: $model) -> i32 {
            use $model as Model;
            use $wire as Wire;
            match value {
                $(Model::$case => Wire::$case as i32,)+
            }
        }

        /// The case in the model; `None` if the wire has none, or one that this version does not know.
        pub(super) fn $read(value: i32) -> Option<$model> {
            use $model as Model;
            use $wire as Wire;
            match Wire::try_from(value) {
                $(Ok(Wire::$case) => Some(Model::$case),)+
                Ok(Wire::Unspecified) | Err(_) => None,
            }
        }
    };
}

same_cases!(write_constraint, read_constraint, pb::ConstraintKind, model::ConstraintKind:
    TimeWindow, LaterStop, ShiftEnd, Capacity, Skill, CourierForbidden, Depot, MaxStops, MaxDistance, MaxDuty,
    Unreachable, NotReady, Inconsistent, Coverage, Locked, MaxReloads, Break);

same_cases!(write_order_kind, read_order_kind, pb::OrderKind, model::OrderKind: Delivery, Collection);

same_cases!(write_spread_source, read_spread_source, pb::SpreadSource, model::SpreadSource: Default, Configured, Request);

same_cases!(write_promise_state, read_promise_state, pb::PromiseState, promise::PromiseState:
    Held, Confirmed, Released, Expired, Cancelled);

same_cases!(write_failure_reason, read_failure_reason, pb::DeliveryFailureReason, day::FailureReason:
    CustomerAbsent, Refused, NoAccess, GoodsMissing, NoTime, Other);

same_cases!(write_delay_cause, read_delay_cause, pb::DelayCause, day::Cause:
    Traffic, Courier, Service, Start, Incident, Silence);

/// What an entry of a ledger says.
pub(super) fn write_entry_kind(event: &promise::Event) -> i32 {
    use pb::EntryKind as Wire;
    use promise::{End, Event};
    let wire = match event {
        Event::Opened(_) => Wire::Opened,
        Event::Held { .. } => Wire::Held,
        Event::Confirmed { .. } => Wire::Confirmed,
        Event::Amended { .. } => Wire::Amended,
        Event::Ended { end, .. } => match end {
            End::Released => Wire::Released,
            End::Expired => Wire::Expired,
            End::Cancelled => Wire::Cancelled,
        },
        Event::Replanned { .. } => Wire::Replanned,
        Event::Closed => Wire::Closed,
    };
    wire as i32
}

/// How firmly a stop stands; unset means not at all, and `None` a case that this version does not know.
pub(super) fn read_lock(value: i32) -> Option<model::Lock> {
    use model::Lock as Model;
    use pb::Lock as Wire;
    match Wire::try_from(value) {
        Ok(Wire::Unspecified | Wire::Free) => Some(Model::Free),
        Ok(Wire::FixedCourier) => Some(Model::FixedCourier),
        Ok(Wire::FixedCourierAndOrder) => Some(Model::FixedCourierAndOrder),
        Ok(Wire::InProgress) => Some(Model::InProgress),
        Ok(Wire::Done) => Some(Model::Done),
        Err(_) => None,
    }
}

/// Why a search ended, on the wire.
pub(super) fn write_stop_reason(reason: model::StopReason) -> i32 {
    use model::StopReason as Model;
    use pb::StopReason as Wire;
    let wire = match reason {
        Model::NotSearched => Wire::Unspecified,
        Model::TargetReached => Wire::TargetReached,
        Model::Stagnated => Wire::Stagnated,
        Model::Deadline => Wire::Deadline,
        Model::Cancelled => Wire::Cancelled,
        Model::IterationLimit => Wire::IterationLimit,
    };
    wire as i32
}

/// Why a search ended; a reason that this version does not know is read as none.
pub(super) fn read_stop_reason(value: i32) -> model::StopReason {
    use model::StopReason as Model;
    use pb::StopReason as Wire;
    match Wire::try_from(value) {
        Ok(Wire::TargetReached) => Model::TargetReached,
        Ok(Wire::Stagnated) => Model::Stagnated,
        Ok(Wire::Deadline) => Model::Deadline,
        Ok(Wire::Cancelled) => Model::Cancelled,
        Ok(Wire::IterationLimit) => Model::IterationLimit,
        Ok(Wire::Unspecified) | Err(_) => Model::NotSearched,
    }
}

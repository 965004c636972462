//! Progress and the end of a search.

use super::scalar::{count, fine_span};
use super::target::outcome_message;
use crate::app::Solved;
use crate::grpc::pb;
use crate::planner::PlanProgress;

/// The message for a search's progress; without any, it says that the search waits for its turn.
#[must_use]
pub fn progress_message(progress: Option<&PlanProgress>) -> pb::Progress {
    let Some(progress) = progress else {
        return pb::Progress {
            queued: true,
            ..pb::Progress::default()
        };
    };
    pb::Progress {
        elapsed_duration: fine_span(progress.elapsed),
        done_percent: super::scalar::percent(progress.done),
        iterations: progress.iterations,
        broken_promises: count(progress.broken_promises),
        unserved_orders: count(progress.unserved),
        routes: count(progress.routes),
        distance_meters: progress.distance.0,
        cost: progress.cost.0,
        queued: false,
    }
}

/// The message for the end of a search.
#[must_use]
pub fn solved_message(solved: &Solved) -> pb::SolvedPlan {
    pb::SolvedPlan {
        plan: Some(super::plan_message(
            &solved.problem,
            &solved.plan,
            &solved.set_aside,
        )),
        forecast: Some(super::forecast_message(&solved.forecast)),
        warnings: super::findings_message(&solved.warnings),
        target_outcome: solved.target_outcome.as_ref().map(outcome_message),
    }
}

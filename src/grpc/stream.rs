//! Streams of what happens to a search.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio_stream::Stream;
use tokio_stream::wrappers::WatchStream;
use tonic::Status;

use super::convert::{
    self, frontier_message, frontier_progress_message, problem_message, progress_message,
    solved_message,
};
use super::{pb, status};
use crate::app::{
    FrontierRun, FrontierView, JobEntry, JobOrigin, Outcome, Phase, Refusal, Run, RunView, Stop,
};

/// Ends a search when the call that wants its plan goes away.
struct StopOnDrop(Stop);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

/// The answer to `SolvePlan`: progress, then the plan. Dropping it ends the search.
///
/// A slow reader misses progress in between, never the latest, and never the first plan's.
pub(super) struct SolveStream {
    views: WatchStream<RunView>,
    ended: Option<Result<pb::SolvePlanResponse, Status>>,
    is_over: bool,
    _stop: StopOnDrop,
}

impl SolveStream {
    pub(super) fn new(run: Run) -> Self {
        Self {
            views: WatchStream::new(run.view),
            ended: None,
            is_over: false,
            _stop: StopOnDrop(run.stop),
        }
    }
}

impl Stream for SolveStream {
    type Item = Result<pb::SolvePlanResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(ended) = self.ended.take() {
                self.is_over = true;
                return Poll::Ready(Some(ended));
            }
            if self.is_over {
                return Poll::Ready(None);
            }
            let Some(view) = ready!(Pin::new(&mut self.views).poll_next(cx)) else {
                return Poll::Ready(None);
            };
            self.ended = view.outcome().map(|outcome| solve_end(outcome));
            let is_news = match view.phase {
                Phase::Queued => true,
                Phase::Running | Phase::Ended(_) => view.progress.is_some(),
            };
            if is_news {
                let progress = progress_message(view.progress.as_ref());
                return Poll::Ready(Some(Ok(solve_event(
                    pb::solve_plan_response::Event::Progress(progress),
                ))));
            }
        }
    }
}

fn solve_event(event: pb::solve_plan_response::Event) -> pb::SolvePlanResponse {
    pb::SolvePlanResponse { event: Some(event) }
}

fn solve_end(outcome: &Outcome) -> Result<pb::SolvePlanResponse, Status> {
    match outcome {
        Outcome::Solved(solved) | Outcome::Cancelled(Some(solved)) => Ok(solve_event(
            pb::solve_plan_response::Event::Solved(solved_message(solved)),
        )),
        // The caller cannot have cancelled: it is still here.
        Outcome::Cancelled(None) => Err(status::of(&Refusal::ShuttingDown)),
        Outcome::TooLate => Err(status::of(&Refusal::TooLate)),
        Outcome::Failed(fault) => Err(status::of(&Refusal::Fault(fault.clone()))),
    }
}

/// The answer to `WatchPlan`: every change until the end. Dropping it changes nothing.
pub(super) struct JobStream {
    views: WatchStream<RunView>,
    is_over: bool,
}

impl JobStream {
    pub(super) fn new(run: Run) -> Self {
        Self {
            views: WatchStream::new(run.view),
            is_over: false,
        }
    }
}

impl Stream for JobStream {
    type Item = Result<pb::WatchPlanResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let Some(view) = ready!(Pin::new(&mut self.views).poll_next(cx)) else {
            return Poll::Ready(None);
        };
        self.is_over = view.outcome().is_some();
        let job = job_message(&view);
        Poll::Ready(Some(Ok(pb::WatchPlanResponse {
            state: job.state,
            progress: job.progress,
            solved: job.solved,
            failure: job.failure,
        })))
    }
}

/// The answer to `PlanFrontier`: progress, then the frontier. Dropping it ends the search.
pub(super) struct FrontierStream {
    views: WatchStream<FrontierView>,
    is_over: bool,
}

impl FrontierStream {
    pub(super) fn new(run: FrontierRun) -> Self {
        Self {
            views: WatchStream::new(run.view),
            is_over: false,
        }
    }
}

impl Stream for FrontierStream {
    type Item = Result<pb::PlanFrontierResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        use pb::plan_frontier_response::Event;
        if self.is_over {
            return Poll::Ready(None);
        }
        let Some(view) = ready!(Pin::new(&mut self.views).poll_next(cx)) else {
            return Poll::Ready(None);
        };
        self.is_over = view.ended.is_some();
        let event = match &view.ended {
            None => Event::Progress(frontier_progress_message(&view)),
            Some(Ok(frontier)) => Event::Frontier(frontier_message(frontier)),
            Some(Err(refusal)) => return Poll::Ready(Some(Err(status::of(refusal)))),
        };
        Poll::Ready(Some(Ok(pb::PlanFrontierResponse { event: Some(event) })))
    }
}
/// Why a job that was cancelled has no plan.
const NO_PLAN_YET: &str = "cancelled before every order had been tried: there is no plan";

/// Why a job has no plan, in words; empty if it has one, or may have.
fn failure(view: &RunView) -> String {
    match view.outcome().map(|outcome| &**outcome) {
        Some(Outcome::Failed(fault)) => fault.to_string(),
        Some(Outcome::TooLate) => Refusal::TooLate.to_string(),
        Some(Outcome::Cancelled(None)) => NO_PLAN_YET.to_owned(),
        Some(Outcome::Solved(_) | Outcome::Cancelled(Some(_))) | None => String::new(),
    }
}

/// A job as it is now.
pub(super) fn job_message(view: &RunView) -> pb::GetPlanResponse {
    let solved = match view.outcome().map(|outcome| &**outcome) {
        Some(Outcome::Solved(solved) | Outcome::Cancelled(Some(solved))) => {
            Some(solved_message(solved))
        }
        Some(Outcome::Failed(_) | Outcome::TooLate | Outcome::Cancelled(None)) | None => None,
    };
    pb::GetPlanResponse {
        state: job_state(view) as i32,
        progress: view
            .progress
            .as_ref()
            .map(|progress| progress_message(Some(progress))),
        solved,
        failure: failure(view),
        problem: None,
    }
}

/// The problem that a job's plan is for, once there is one.
pub(super) fn job_problem(view: &RunView) -> Option<pb::Problem> {
    match view.outcome().map(|outcome| &**outcome) {
        Some(Outcome::Solved(solved) | Outcome::Cancelled(Some(solved))) => {
            Some(problem_message(&solved.problem))
        }
        Some(Outcome::Failed(_) | Outcome::TooLate | Outcome::Cancelled(None)) | None => None,
    }
}

/// A job in short.
pub(super) fn job_summary(entry: JobEntry) -> pb::JobSummary {
    let JobEntry { id, subject, view } = entry;
    pb::JobSummary {
        job_id: id,
        state: job_state(&view) as i32,
        started_time: convert::moment(subject.started_at),
        orders: convert::count(subject.n_orders),
        couriers: convert::count(subject.n_couriers),
        name: subject.name,
        progress: (view.progress.as_ref()).map(|progress| progress_message(Some(progress))),
        failure: failure(&view),
        origin: match subject.origin {
            JobOrigin::Job => pb::JobOrigin::Started,
            JobOrigin::Solve => pb::JobOrigin::Solved,
            JobOrigin::Frontier => pb::JobOrigin::Frontier,
        } as i32,
        target_percent: subject.target.map(|share| 100.0 * share),
    }
}

pub(super) fn job_state(view: &RunView) -> pb::JobState {
    match &view.phase {
        Phase::Queued => pb::JobState::Queued,
        Phase::Running => pb::JobState::Running,
        Phase::Ended(outcome) => match **outcome {
            Outcome::Solved(_) => pb::JobState::Done,
            Outcome::Cancelled(_) => pb::JobState::Cancelled,
            Outcome::TooLate | Outcome::Failed(_) => pb::JobState::Failed,
        },
    }
}

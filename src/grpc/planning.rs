//! `PlanningService`.

use std::sync::Arc;
use std::time::Duration;

use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};

use super::convert::{self, Routes, missing, prefixed};
use super::stream::{
    FrontierStream, JobStream, SolveStream, job_message, job_problem, job_state, job_summary,
};
use super::{calls, digest, pb, status};
use crate::app::{self, App, FrontierRun, Refusal, RequestKey};
use crate::clock::Clock;
use crate::config;
use crate::model::{Finding, Findings, Reason};

/// Serves `PlanningService` from the application.
pub(super) struct Planning {
    pub(super) app: Arc<App>,
}

impl Planning {
    /// Reads and checks what to search for, on the threads for computations.
    async fn order(
        &self,
        problem: Option<pb::Problem>,
        options: Option<pb::SolveOptions>,
        initial: Option<pb::InitialPlan>,
    ) -> Result<app::Order, Refusal> {
        let config = self.app.config().clone();
        self.app
            .compute()
            .run("read a problem", move || {
                convert::read_solve_request(
                    problem.as_ref(),
                    options.as_ref(),
                    initial.as_ref(),
                    &config,
                )
            })
            .await?
    }

    /// The moment, on a clock that starts now, at which an answer must be ready for its caller.
    fn answer_by(&self, metadata: &MetadataMap) -> Option<Duration> {
        let left = calls::time_left(metadata.as_ref())?;
        let reserve = config::millis(self.app.config().deadline_reserve_ms);
        Some(left.saturating_sub(reserve))
    }

    async fn start(&self, request: pb::StartPlanRequest) -> Result<String, Refusal> {
        let clock = Clock::start();
        let key = request_key(&request)?;
        if let Some(id) = self.app.find_job(&key)? {
            return Ok(id);
        }
        let place = self.app.enter()?;
        let order = self
            .order(request.problem, request.options, request.initial_plan)
            .await?;
        self.app.start_job(key, place, order, clock)
    }

    /// Reads what to plan a frontier of, on the threads for computations, and starts it.
    async fn frontier(
        &self,
        request: pb::PlanFrontierRequest,
        clock: Clock,
        answer_by: Option<Duration>,
    ) -> Result<FrontierRun, Refusal> {
        // The place first: a busy server refuses before it reads.
        let place = self.app.enter()?;
        let config = self.app.config().clone();
        let read = self.app.compute().run("read a problem", move || {
            convert::read_frontier_request(&request, &config)
        });
        let (order, aims) = read.await??;
        Ok((self.app).launch_frontier(place, order, aims, clock, answer_by))
    }

    async fn evaluate(
        &self,
        request: pb::EvaluatePlanRequest,
    ) -> Result<pb::EvaluatePlanResponse, Refusal> {
        let config = self.app.config().clone();
        let read = self.app.compute().run("read routes", move || {
            convert::read_evaluate_request(&request, &config)
        });
        let Routes {
            problem,
            sketches,
            options,
            input_digest,
        } = read.await??;
        let (problem, mut plan, forecast) = self.app.evaluate(problem, sketches, options).await?;
        plan.provenance.input_digest = input_digest;
        Ok(pb::EvaluatePlanResponse {
            plan: Some(convert::plan_message(&problem, &plan, &[])),
            forecast: Some(convert::forecast_message(&forecast)),
        })
    }
}

fn request_key(request: &pb::StartPlanRequest) -> Result<RequestKey, Refusal> {
    let id = &request.request_id;
    let findings = match id.len() {
        0 => missing("request_id"),
        1..=128 => {
            return Ok(RequestKey {
                id: id.clone(),
                body: digest::request_body(request),
            });
        }
        _ => {
            let message = "a request id has at most 128 bytes";
            vec![Finding::new("request_id", "", Reason::MalformedId, message)]
        }
    };
    Err(Refusal::Invalid(findings))
}

#[tonic::async_trait]
impl pb::planning_service_server::PlanningService for Planning {
    type SolvePlanStream = SolveStream;
    type WatchPlanStream = JobStream;
    type PlanFrontierStream = FrontierStream;

    async fn validate_problem(
        &self,
        request: Request<pb::ValidateProblemRequest>,
    ) -> Result<Response<pb::ValidateProblemResponse>, Status> {
        let config = self.app.config().clone();
        let problem = request.into_inner().problem;
        let validate = move || match &problem {
            Some(problem) => {
                let found = convert::read_problem(problem).findings(&config);
                convert::validation_message(&Findings {
                    errors: prefixed("problem", found.errors),
                    warnings: prefixed("problem", found.warnings),
                })
            }
            None => convert::validation_message(&Findings {
                errors: missing("problem"),
                warnings: Vec::new(),
            }),
        };
        let found = self.app.compute().run("validate a problem", validate).await;
        found
            .map(Response::new)
            .map_err(|refusal| status::of(&refusal))
    }

    async fn solve_plan(
        &self,
        request: Request<pb::SolvePlanRequest>,
    ) -> Result<Response<SolveStream>, Status> {
        let clock = Clock::start();
        let answer_by = self.answer_by(request.metadata());
        let request = request.into_inner();
        let solve = async {
            // The place first: a busy server refuses before it reads.
            let place = self.app.enter()?;
            let order = self
                .order(request.problem, request.options, request.initial_plan)
                .await?;
            Ok(self.app.launch_kept(place, order, clock, answer_by))
        };
        let run: Result<_, Refusal> = solve.await;
        run.map(|run| Response::new(SolveStream::new(run)))
            .map_err(|refusal| status::of(&refusal))
    }

    async fn start_plan(
        &self,
        request: Request<pb::StartPlanRequest>,
    ) -> Result<Response<pb::StartPlanResponse>, Status> {
        let started = self.start(request.into_inner()).await;
        started
            .map(|job_id| Response::new(pb::StartPlanResponse { job_id }))
            .map_err(|refusal| status::of(&refusal))
    }

    async fn get_plan(
        &self,
        request: Request<pb::GetPlanRequest>,
    ) -> Result<Response<pb::GetPlanResponse>, Status> {
        let request = request.into_inner();
        let run = self.app.job(&request.job_id);
        let run = run.map_err(|refusal| status::of(&refusal))?;
        let view = run.view.borrow().clone();
        let mut job = job_message(&view);
        if request.with_problem {
            job.problem = job_problem(&view);
        }
        Ok(Response::new(job))
    }

    async fn list_plans(
        &self,
        _: Request<pb::ListPlansRequest>,
    ) -> Result<Response<pb::ListPlansResponse>, Status> {
        let jobs = self.app.jobs().into_iter().map(job_summary).collect();
        Ok(Response::new(pb::ListPlansResponse { jobs }))
    }

    async fn watch_plan(
        &self,
        request: Request<pb::WatchPlanRequest>,
    ) -> Result<Response<JobStream>, Status> {
        let run = self.app.job(&request.get_ref().job_id);
        run.map(|run| Response::new(JobStream::new(run)))
            .map_err(|refusal| status::of(&refusal))
    }

    async fn cancel_plan(
        &self,
        request: Request<pb::CancelPlanRequest>,
    ) -> Result<Response<pb::CancelPlanResponse>, Status> {
        let run = self.app.job(&request.get_ref().job_id);
        let run = run.map_err(|refusal| status::of(&refusal))?;
        run.stop.cancel();
        let state = job_state(&run.view.borrow()) as i32;
        Ok(Response::new(pb::CancelPlanResponse { state }))
    }

    async fn plan_frontier(
        &self,
        request: Request<pb::PlanFrontierRequest>,
    ) -> Result<Response<FrontierStream>, Status> {
        let clock = Clock::start();
        let answer_by = self.answer_by(request.metadata());
        let run = self.frontier(request.into_inner(), clock, answer_by).await;
        run.map(|run| Response::new(FrontierStream::new(run)))
            .map_err(|refusal| status::of(&refusal))
    }

    async fn evaluate_plan(
        &self,
        request: Request<pb::EvaluatePlanRequest>,
    ) -> Result<Response<pb::EvaluatePlanResponse>, Status> {
        let evaluated = self.evaluate(request.into_inner()).await;
        evaluated
            .map(Response::new)
            .map_err(|refusal| status::of(&refusal))
    }
}

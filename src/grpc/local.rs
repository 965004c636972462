//! The API for callers within the process: the same services, limits and errors as over the wire, without a connection.

use http::StatusCode;
use serde_json::json;
use tonic::{Status, Streaming};
use tonic_types::StatusExt;

use super::calls::{CallLayer, Calls};
use super::following::Following;
use super::pb::day_service_client::DayServiceClient;
use super::pb::day_service_server::DayServiceServer;
use super::pb::planning_service_client::PlanningServiceClient;
use super::pb::planning_service_server::PlanningServiceServer;
use super::pb::promise_service_client::PromiseServiceClient;
use super::pb::promise_service_server::PromiseServiceServer;
use super::planning::Planning;
use super::promising::Promising;
use super::{pb, status};
use tower::Layer;

/// Holds that are read at once.
const HOLDS_A_PAGE: i32 = 1_000;

/// What to read of a live day besides its summary and its alerts.
#[derive(Clone, Copy, Debug, Default)]
pub struct LiveParts {
    /// Every courier.
    pub couriers: bool,
    /// The plan.
    pub plan: bool,
}

/// Calls the services of this process. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    planning: PlanningServiceClient<Calls<PlanningServiceServer<Planning>>>,
    promising: PromiseServiceClient<Calls<PromiseServiceServer<Promising>>>,
    following: DayServiceClient<Calls<DayServiceServer<Following>>>,
}

/// A call was refused or failed: what the status says, for those who speak plain HTTP.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{json}")]
pub struct ApiError {
    /// The code of HTTP.
    pub http: StatusCode,
    /// Code, message and, if there is one, reason of the status, as JSON.
    pub json: String,
}

impl From<Status> for ApiError {
    fn from(status: Status) -> Self {
        let (code, http) = status::over_http(status.code());
        let mut json = json!({"code": code, "message": status.message()});
        if let Some(info) = status.get_details_error_info() {
            json["reason"] = info.reason.into();
        }
        Self {
            http,
            json: json.to_string(),
        }
    }
}

/// What a call streams: the progress of a job, the risks of a live day.
pub struct Watch<T>(Streaming<T>);

impl<T> Watch<T> {
    /// What happened next; `None` after the end.
    pub async fn next(&mut self) -> Option<Result<T, ApiError>> {
        self.0.message().await.map_err(ApiError::from).transpose()
    }
}

impl Api {
    pub(super) fn new(
        planning: PlanningServiceServer<Planning>,
        promising: PromiseServiceServer<Promising>,
        following: DayServiceServer<Following>,
        calls: &CallLayer,
    ) -> Self {
        // Answers are limited where they are made.
        Self {
            planning: PlanningServiceClient::new(calls.layer(planning))
                .max_decoding_message_size(usize::MAX),
            promising: PromiseServiceClient::new(calls.layer(promising))
                .max_decoding_message_size(usize::MAX),
            following: DayServiceClient::new(calls.layer(following))
                .max_decoding_message_size(usize::MAX),
        }
    }

    /// `PlanningService.ListPlans`.
    ///
    /// # Errors
    /// As the call.
    pub async fn list_plans(&self) -> Result<pb::ListPlansResponse, ApiError> {
        let mut client = self.planning.clone();
        let listed = client.list_plans(pb::ListPlansRequest {}).await?;
        Ok(listed.into_inner())
    }

    /// `PlanningService.GetPlan` of the job, with its problem if that is wanted.
    ///
    /// # Errors
    /// As the call.
    pub async fn plan(
        &self,
        job_id: String,
        with_problem: bool,
    ) -> Result<pb::GetPlanResponse, ApiError> {
        let request = pb::GetPlanRequest {
            job_id,
            with_problem,
        };
        Ok(self.planning.clone().get_plan(request).await?.into_inner())
    }

    /// `PlanningService.WatchPlan` of the job.
    ///
    /// # Errors
    /// As the call.
    pub async fn watch_plan(
        &self,
        job_id: String,
    ) -> Result<Watch<pb::WatchPlanResponse>, ApiError> {
        let request = pb::WatchPlanRequest { job_id };
        let watched = self.planning.clone().watch_plan(request).await?;
        Ok(Watch(watched.into_inner()))
    }

    /// `PromiseService.ListDays`.
    ///
    /// # Errors
    /// As the call.
    pub async fn list_days(&self) -> Result<pb::ListDaysResponse, ApiError> {
        let mut client = self.promising.clone();
        let listed = client.list_days(pb::ListDaysRequest {}).await?;
        Ok(listed.into_inner())
    }

    /// `PromiseService.GetDay`, with plan and forecast if they are wanted.
    ///
    /// # Errors
    /// As the call.
    pub async fn day(
        &self,
        day_id: String,
        with_plan: bool,
    ) -> Result<pb::GetDayResponse, ApiError> {
        let request = pb::GetDayRequest {
            day_id,
            with_plan,
            ..pb::GetDayRequest::default()
        };
        Ok(self.promising.clone().get_day(request).await?.into_inner())
    }

    /// The orders of a day's holds: `PromiseService.ListPromises`, all pages of it.
    ///
    /// # Errors
    /// As the call.
    pub async fn held_orders(&self, day_id: String) -> Result<Vec<String>, ApiError> {
        let mut client = self.promising.clone();
        let mut orders = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = pb::ListPromisesRequest {
                day_id: day_id.clone(),
                page_size: HOLDS_A_PAGE,
                page_token,
                states: vec![pb::PromiseState::Held.into()],
            };
            let page = client.list_promises(request).await?.into_inner();
            let promised = page.promises.into_iter();
            orders.extend(promised.filter_map(|promise| Some(promise.order?.id)));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(orders);
            }
        }
    }

    /// `DayService.ListLiveDays`.
    ///
    /// # Errors
    /// As the call.
    pub async fn list_live_days(&self) -> Result<pb::ListLiveDaysResponse, ApiError> {
        let mut client = self.following.clone();
        let listed = client.list_live_days(pb::ListLiveDaysRequest {}).await?;
        Ok(listed.into_inner())
    }

    /// `DayService.GetLiveDay` without terms.
    ///
    /// # Errors
    /// As the call.
    pub async fn live_day(
        &self,
        live_day_id: String,
        with: LiveParts,
    ) -> Result<pb::GetLiveDayResponse, ApiError> {
        let request = pb::GetLiveDayRequest {
            live_day_id,
            with_couriers: with.couriers,
            with_plan: with.plan,
            ..pb::GetLiveDayRequest::default()
        };
        let read = self.following.clone().get_live_day(request).await?;
        Ok(read.into_inner())
    }

    /// `DayService.SuggestRemedies` on the default terms.
    ///
    /// # Errors
    /// As the call.
    pub async fn suggest_remedies(
        &self,
        live_day_id: String,
        order_id: String,
    ) -> Result<pb::SuggestRemediesResponse, ApiError> {
        let request = pb::SuggestRemediesRequest {
            live_day_id,
            order_id,
            terms: None,
        };
        let suggested = self.following.clone().suggest_remedies(request).await?;
        Ok(suggested.into_inner())
    }

    /// `DayService.ApplyRemedy`.
    ///
    /// # Errors
    /// As the call.
    pub async fn apply_remedy(
        &self,
        request: pb::ApplyRemedyRequest,
    ) -> Result<pb::ApplyRemedyResponse, ApiError> {
        let applied = self.following.clone().apply_remedy(request).await?;
        Ok(applied.into_inner())
    }

    /// `DayService.WatchRisk`.
    ///
    /// # Errors
    /// As the call.
    pub async fn watch_risk(
        &self,
        live_day_id: String,
    ) -> Result<Watch<pb::WatchRiskResponse>, ApiError> {
        let request = pb::WatchRiskRequest { live_day_id };
        let watched = self.following.clone().watch_risk(request).await?;
        Ok(Watch(watched.into_inner()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Refusal;

    #[test]
    fn an_error_says_over_http_what_the_status_says() {
        let error = ApiError::from(status::of(&Refusal::UnknownJob("job-1".to_owned())));
        assert_eq!(error.http, StatusCode::NOT_FOUND);
        let said: serde_json::Value = serde_json::from_str(&error.json).unwrap();
        assert_eq!(said["code"], "NOT_FOUND");
        assert_eq!(said["reason"], "UNKNOWN_JOB");
        assert_eq!(
            said["message"],
            "there is no job \"job-1\"; finished jobs are kept for a while only"
        );
    }
}

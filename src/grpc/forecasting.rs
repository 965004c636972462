//! `ForecastService`.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::convert::{self, Routes};
use super::{pb, status};
use crate::app::{App, Refusal};

/// Serves `ForecastService` from the application.
pub(super) struct Forecasting {
    pub(super) app: Arc<App>,
}

impl Forecasting {
    async fn forecast(
        &self,
        request: pb::ForecastPlanRequest,
    ) -> Result<pb::ForecastPlanResponse, Refusal> {
        let config = self.app.config().clone();
        let read = self.app.compute().run("read a plan", move || {
            convert::read_forecast_request(&request, &config)
        });
        let Routes {
            problem,
            sketches,
            options,
            ..
        } = read.await??;
        let (_, _, forecast) = self.app.evaluate(problem, sketches, options).await?;
        Ok(pb::ForecastPlanResponse {
            forecast: Some(convert::forecast_message(&forecast)),
        })
    }

    async fn learn(
        &self,
        request: pb::LearnNoiseRequest,
    ) -> Result<pb::LearnNoiseResponse, Refusal> {
        let read = self.app.compute().run("read a history", move || {
            convert::read_learn_request(&request)
        });
        let taught = self.app.learn(read.await??).await?;
        Ok(convert::taught_message(&taught))
    }

    async fn calibration(
        &self,
        request: pb::GetCalibrationRequest,
    ) -> Result<pb::GetCalibrationResponse, Refusal> {
        let read = self.app.compute().run("read a history", move || {
            convert::read_calibration_request(&request)
        });
        let (history, options) = read.await??;
        let calibrated = self.app.calibrate(history, options).await?;
        let calibration = calibrated.calibration.as_ref();
        Ok(pb::GetCalibrationResponse {
            calibration: calibration
                .map(|found| convert::calibration_message(found, &calibrated.options)),
        })
    }
}

#[tonic::async_trait]
impl pb::forecast_service_server::ForecastService for Forecasting {
    async fn forecast_plan(
        &self,
        request: Request<pb::ForecastPlanRequest>,
    ) -> Result<Response<pb::ForecastPlanResponse>, Status> {
        let forecast = self.forecast(request.into_inner()).await;
        forecast
            .map(Response::new)
            .map_err(|refusal| status::of(&refusal))
    }

    async fn learn_noise(
        &self,
        request: Request<pb::LearnNoiseRequest>,
    ) -> Result<Response<pb::LearnNoiseResponse>, Status> {
        let learnt = self.learn(request.into_inner()).await;
        learnt
            .map(Response::new)
            .map_err(|refusal| status::of(&refusal))
    }

    async fn get_calibration(
        &self,
        request: Request<pb::GetCalibrationRequest>,
    ) -> Result<Response<pb::GetCalibrationResponse>, Status> {
        let calibration = self.calibration(request.into_inner()).await;
        calibration
            .map(Response::new)
            .map_err(|refusal| status::of(&refusal))
    }
}

//! `RouteSheetService`.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::convert::{self, SheetDay};
use super::{pb, status};
use crate::app::{App, Refusal};
use crate::config::PlanningConfig;
use crate::sheet::{self, RouteSheet};

/// Serves `RouteSheetService` from the application.
pub(super) struct Sheets {
    pub(super) app: Arc<App>,
}

impl Sheets {
    async fn get(
        &self,
        request: pb::GetRouteSheetRequest,
    ) -> Result<pb::GetRouteSheetResponse, Refusal> {
        let config = self.app.config().clone();
        let make = move || {
            let sheets = sheets(request.day.as_ref(), &request.courier_ids, &config)?;
            Ok(pb::GetRouteSheetResponse {
                sheets: sheets.iter().map(convert::sheet_message).collect(),
            })
        };
        self.app.compute().run("make route sheets", make).await?
    }

    async fn render(
        &self,
        request: pb::RenderRouteSheetRequest,
    ) -> Result<pb::RenderRouteSheetResponse, Refusal> {
        let config = self.app.config().clone();
        let make = move || {
            let language = convert::language(request.language).map_err(Refusal::Invalid)?;
            let sheets = sheets(request.day.as_ref(), &request.courier_ids, &config)?;
            let render = |sheet: &RouteSheet| pb::RenderedSheet {
                courier_id: sheet.courier.to_string(),
                file_name: sheet::file_name(sheet),
                content_type: sheet::CONTENT_TYPE.to_owned(),
                content: sheet::render(sheet, language).into_bytes(),
            };
            Ok(pb::RenderRouteSheetResponse {
                sheets: sheets.iter().map(render).collect(),
            })
        };
        self.app.compute().run("render route sheets", make).await?
    }
}

fn sheets(
    day: Option<&pb::PlannedDay>,
    courier_ids: &[String],
    config: &PlanningConfig,
) -> Result<Vec<RouteSheet>, Refusal> {
    let SheetDay {
        problem,
        plan,
        forecast,
        plan_version,
        couriers,
    } = convert::read_sheet_day(day, courier_ids, config)?;
    Ok(sheet::sheets(
        &problem,
        &plan,
        &forecast,
        &plan_version,
        &couriers,
    ))
}

#[tonic::async_trait]
impl pb::route_sheet_service_server::RouteSheetService for Sheets {
    async fn get_route_sheet(
        &self,
        request: Request<pb::GetRouteSheetRequest>,
    ) -> Result<Response<pb::GetRouteSheetResponse>, Status> {
        let sheets = self.get(request.into_inner()).await;
        sheets
            .map(Response::new)
            .map_err(|refusal| status::of(&refusal))
    }

    async fn render_route_sheet(
        &self,
        request: Request<pb::RenderRouteSheetRequest>,
    ) -> Result<Response<pb::RenderRouteSheetResponse>, Status> {
        let sheets = self.render(request.into_inner()).await;
        sheets
            .map(Response::new)
            .map_err(|refusal| status::of(&refusal))
    }
}

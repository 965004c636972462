//! `ExchangeService`.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::convert::{self, TableBounds};
use super::{pb, status};
use crate::app::{App, Fault, Refusal};
use crate::formats::{ExportDay, ExportFormat, export_plan, import_day, not_shown};

/// Serves `ExchangeService` from the application.
pub(super) struct Exchanging {
    pub(super) app: Arc<App>,
    pub(super) bounds: TableBounds,
}

impl Exchanging {
    async fn import(
        &self,
        request: pb::ImportDayRequest,
    ) -> Result<pb::ImportDayResponse, Refusal> {
        let bounds = self.bounds;
        let make = move || {
            let import = convert::read_day_import(&request, &bounds).map_err(Refusal::Invalid)?;
            let day = import_day(import.tables, &import.rules)
                .map_err(|error| Refusal::Invalid(convert::day_import_findings(&error)))?;
            Ok(convert::imported_day_message(&day))
        };
        self.app.compute().run("import tables", make).await?
    }

    async fn export(
        &self,
        request: pb::ExportPlanRequest,
    ) -> Result<pb::ExportPlanResponse, Refusal> {
        let config = self.app.config().clone();
        let make = move || {
            let export = convert::read_plan_export(&request, &config).map_err(Refusal::Invalid)?;
            let day = ExportDay {
                problem: &export.day.problem,
                plan: &export.day.plan,
                forecast: export.day.forecast.as_ref(),
                version: &export.day.plan_version,
            };
            let mut content = Vec::new();
            export_plan(&day, export.format, export.language, &mut content)
                .map_err(|error| Fault::log("export a plan", &error))?;
            let missing = not_shown(&day, export.format);
            let (file_name, content_type) = kind(export.format);
            Ok(pb::ExportPlanResponse {
                file_name: file_name.to_owned(),
                content_type: content_type.to_owned(),
                content,
                unserved_not_shown: convert::count(missing.n_unserved),
                stops_not_shown: convert::count(missing.n_stops),
            })
        };
        self.app.compute().run("export a plan", make).await?
    }
}

/// What files of a format are called, and their MIME type.
fn kind(format: ExportFormat) -> (&'static str, &'static str) {
    match format {
        ExportFormat::Csv => ("plan.csv", "text/csv; charset=utf-8"),
        ExportFormat::Xlsx => (
            "plan.xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        ExportFormat::GeoJson => ("plan.geojson", "application/geo+json"),
        ExportFormat::Gpx => ("plan.gpx", "application/gpx+xml"),
    }
}

#[tonic::async_trait]
impl pb::exchange_service_server::ExchangeService for Exchanging {
    async fn import_day(
        &self,
        request: Request<pb::ImportDayRequest>,
    ) -> Result<Response<pb::ImportDayResponse>, Status> {
        let day = self.import(request.into_inner()).await;
        day.map(Response::new)
            .map_err(|refusal| status::of(&refusal))
    }

    async fn export_plan(
        &self,
        request: Request<pb::ExportPlanRequest>,
    ) -> Result<Response<pb::ExportPlanResponse>, Status> {
        let plan = self.export(request.into_inner()).await;
        plan.map(Response::new)
            .map_err(|refusal| status::of(&refusal))
    }
}

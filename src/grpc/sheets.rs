//! `RouteSheetService`.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::convert;
use super::{pb, status};
use crate::app::{App, Refusal};
use crate::model::{Finding, Reason};
use crate::sheet::{self, Format, Language, RouteSheet};

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
            let order = convert::read_sheet_order(
                request.day.as_ref(),
                request.previous.as_ref(),
                &request.courier_ids,
                &config,
            )?;
            let sheets = order.sheets(request.changed_only);
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
            let (language, format) = printing(&request)?;
            let order = convert::read_sheet_order(
                request.day.as_ref(),
                request.previous.as_ref(),
                &request.courier_ids,
                &config,
            )?;
            let sheets = order.sheets(request.changed_only);
            let render = |sheet: &RouteSheet| pb::RenderedSheet {
                courier_id: sheet.courier.to_string(),
                file_name: sheet::file_name(sheet, format),
                content_type: format.content_type().to_owned(),
                content: sheet::render(sheet, format, language),
            };
            Ok(pb::RenderRouteSheetResponse {
                sheets: if request.merge {
                    merged(&sheets, language).into_iter().collect()
                } else {
                    sheets.iter().map(render).collect()
                },
            })
        };
        self.app.compute().run("render route sheets", make).await?
    }
}

/// In which language and format to print.
fn printing(request: &pb::RenderRouteSheetRequest) -> Result<(Language, Format), Refusal> {
    let language = convert::language(request.language);
    let format = convert::sheet_format(request.format).and_then(|format| {
        if request.merge && format != Format::Pdf {
            let message = "only PDF sheets can be merged";
            return Err(vec![Finding::new("merge", "", Reason::Conflict, message)]);
        }
        Ok(format)
    });
    match (language, format) {
        (Ok(language), Ok(format)) => Ok((language, format)),
        (language, format) => {
            let found = [language.err(), format.err()].into_iter().flatten();
            Err(Refusal::Invalid(found.flatten().collect()))
        }
    }
}

/// All sheets in one document; none if there are none.
fn merged(sheets: &[RouteSheet], language: Language) -> Option<pb::RenderedSheet> {
    (!sheets.is_empty()).then(|| pb::RenderedSheet {
        courier_id: String::new(),
        file_name: "sheets.pdf".to_owned(),
        content_type: Format::Pdf.content_type().to_owned(),
        content: sheet::pdf::render(sheets, language),
    })
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

//! What `DayService` does about promises at risk: remedies, repair, and changes of the plan.

use super::convert::{self, RequestFields};
use super::following::{Answer, as_of, day_id, fault};
use super::{digest, pb};
use crate::app::{App, LiveDays, LiveView, RequestKey, remedies, repair};
use crate::model::{DayId, OrderId};

/// Remedies for the promise of one order.
pub(super) async fn suggest(
    app: &App,
    live: &LiveDays,
    request: pb::SuggestRemediesRequest,
) -> Answer<pb::SuggestRemediesResponse> {
    let id = convert::id_of("live_day_id", &request.live_day_id, DayId::parse);
    let order = convert::id_of("order_id", &request.order_id, OrderId::parse);
    let terms = convert::read_remedy_terms(request.terms.as_ref());
    let ((id, order), terms) = convert::pair(convert::pair(id, order), terms)?;
    let day = live.snapshot(&id).await?;
    let work = move || {
        let found = remedies(&day, &order, &terms).map_err(|unknown| vec![unknown.0])?;
        let message = |remedy| convert::remedy_message(day.problem(), remedy);
        Ok::<_, Vec<_>>(found.iter().map(message).collect())
    };
    let found = app.compute().run("find remedies", work).await;
    let remedies = found.map_err(fault)??;
    Ok(pb::SuggestRemediesResponse { remedies })
}

/// A better plan for the rest of the day.
pub(super) async fn mend(
    app: &App,
    live: &LiveDays,
    request: pb::RepairPlanRequest,
) -> Answer<pb::RepairPlanResponse> {
    let id = day_id(&request.live_day_id)?;
    let day = live.snapshot(&id).await?;
    let work = move || {
        let asked = convert::read_repair_request(&request, day.problem())?;
        let found = repair(&day, &asked)?;
        Ok::<_, Vec<_>>(convert::repair_message(day.problem(), &found))
    };
    let found = app.compute().run("repair a plan", work).await;
    Ok(found.map_err(fault)??)
}

/// Changes the plan.
pub(super) async fn apply(
    live: &LiveDays,
    mut request: pb::ApplyRemedyRequest,
) -> Answer<LiveView> {
    let found = convert::request_findings(RequestFields {
        request_id: Some(&request.request_id),
        ..RequestFields::default()
    });
    let found = if found.is_empty() { Ok(()) } else { Err(found) };
    let id = convert::id_of("live_day_id", &request.live_day_id, DayId::parse);
    let at = as_of(request.as_of_time.as_ref());
    let change = convert::read_plan_change(request.change.as_ref());
    let read = convert::pair(convert::pair(id, at), convert::pair(change, found));
    let ((id, at), (change, ())) = match read {
        Err(found) if request.change.is_none() && !request.request_id.is_empty() => {
            let id = convert::id_of("live_day_id", &request.live_day_id, DayId::parse)?;
            let answered = live.answered(&request.request_id, &id).await?;
            return answered.ok_or_else(|| found.into());
        }
        read => read?,
    };
    let request_id = std::mem::take(&mut request.request_id);
    let body = digest::call_body("ApplyRemedy", &request);
    let key = RequestKey {
        id: request_id,
        body,
    };
    live.replan(key, &id, change, at).await
}

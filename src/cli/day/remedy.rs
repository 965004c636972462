//! What can be done about promises at risk: remedies, and repair of the rest of a day.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;

use super::client::{self, Client, Keyed, Server};
use super::{Done, Failure, console, day_file, tables};
use crate::grpc::pb;

/// Where goods can be had that a courier has departed with.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Goods {
    /// In the vehicle that was loaded with them.
    #[default]
    OnBoard,
    /// At the depot again, too.
    AtDepot,
    /// Couriers need nothing for an order that they do not have anyhow.
    Everywhere,
}

impl Goods {
    fn terms(self) -> pb::RemedyTerms {
        let goods = match self {
            Self::OnBoard => pb::GoodsPlace::OnBoard,
            Self::AtDepot => pb::GoodsPlace::AtDepot,
            Self::Everywhere => pb::GoodsPlace::Everywhere,
        };
        pb::RemedyTerms {
            goods: goods as i32,
            handover_duration: None,
        }
    }
}

/// Says what can be done about the promise of an order of a day under way, the best first; with `--apply`, does it.
#[derive(Debug, Args)]
pub(super) struct Remedies {
    /// The live day.
    day: String,
    /// The order.
    order: String,
    /// Where goods can be had that couriers have departed with.
    #[arg(long, value_enum, default_value_t)]
    goods: Goods,
    /// Apply the remedy with this number in the list, counted from 1.
    #[arg(long, value_name = "NUMBER")]
    apply: Option<usize>,
    #[command(flatten)]
    keyed: Keyed,
    #[command(flatten)]
    server: Server,
}

/// Searches for a better plan for the rest of a day under way; with `--apply`, makes it the plan.
#[derive(Debug, Args)]
pub(super) struct Repair {
    /// The live day.
    day: String,
    /// What has changed (new, cancelled and moved orders, couriers), the JSON form of `punctual.v1.RepairPlanRequest`.
    #[arg(long, value_name = "FILE")]
    request: Option<PathBuf>,
    /// How many stops may change courier. By default 10, or what the request says.
    #[arg(long, value_name = "STOPS")]
    moves: Option<i32>,
    /// How long to search, in seconds, up to 60. By default 2, or what the request says.
    #[arg(long, value_name = "SECONDS")]
    time: Option<i64>,
    /// Where goods can be had that couriers have departed with. By default in their vehicles, or what the request says.
    #[arg(long, value_enum)]
    goods: Option<Goods>,
    /// Make it the plan, if it is better.
    #[arg(long)]
    apply: bool,
    #[command(flatten)]
    keyed: Keyed,
    #[command(flatten)]
    server: Server,
}

pub(super) async fn remedies(remedies: Remedies) -> Result<Done, Failure> {
    let mut client = Client::connect(&remedies.server).await?;
    if remedies.apply.is_some()
        && let Some(done) = applied_before(&mut client, &remedies.keyed, &remedies.day).await?
    {
        return Ok(done);
    }
    let zone = zone(&mut client, &remedies.day).await?;
    let request = pb::SuggestRemediesRequest {
        live_day_id: remedies.day.clone(),
        order_id: remedies.order.clone(),
        terms: Some(remedies.goods.terms()),
    };
    let found = client.live.suggest_remedies(request).await;
    let found = found.map_err(|status| Failure::status("find remedies", &status))?;
    let found = found.into_inner();
    let Some(number) = remedies.apply else {
        return client.tell(&found, |found| listed(found, &remedies.order, &zone));
    };
    let chosen = number.checked_sub(1);
    let chosen = chosen.and_then(|at| found.remedies.into_iter().nth(at));
    let Some(chosen) = chosen else {
        let why = "there is no remedy of this number in the list";
        return Err(Failure::new(format!("apply remedy {number}"), why));
    };
    if !client.is_json() {
        let line = format!("applied: {}", line(number, &remedies.order, &chosen, &zone));
        console::say(crate::cli::report::plain(&line))?;
    }
    apply(&mut client, &remedies.keyed, &remedies.day, chosen.change).await
}

pub(super) async fn repair(repair: Repair) -> Result<Done, Failure> {
    let mut request: pb::RepairPlanRequest = match &repair.request {
        Some(path) => day_file::read(path)?,
        None => pb::RepairPlanRequest::default(),
    };
    let mut client = Client::connect(&repair.server).await?;
    if repair.apply
        && let Some(done) = applied_before(&mut client, &repair.keyed, &repair.day).await?
    {
        return Ok(done);
    }
    let zone = zone(&mut client, &repair.day).await?;
    request.live_day_id.clone_from(&repair.day);
    request.moves_max = repair.moves.or(request.moves_max);
    if let Some(seconds) = repair.time {
        request.time_limit_duration = Some(prost_types::Duration { seconds, nanos: 0 });
    }
    if let Some(goods) = repair.goods {
        request.terms = Some(goods.terms());
    }
    let found = client.live.repair_plan(request).await;
    let found = found.map_err(|status| Failure::status("repair the plan", &status))?;
    let mut found = found.into_inner();
    if !repair.apply {
        return client.tell(&found, |found| told(found, &zone));
    }
    if !client.is_json() {
        console::say(crate::cli::report::plain(&told(&found, &zone)))?;
    }
    let is_asked = found.change.as_ref().is_some_and(|change| {
        !(change.new_order_ids.is_empty()
            && change.cancelled_order_ids.is_empty()
            && change.windows.is_empty())
    });
    if !found.is_changed && !is_asked {
        if client.is_json() {
            return client.tell(&found, |found| told(found, &zone));
        }
        console::say("nothing was applied")?;
        return Ok(Done::Fully);
    }
    let change = found.change.take();
    apply(&mut client, &repair.keyed, &repair.day, change).await
}

/// What a change under the same id came to, if it was made before: it is not looked for anew, since something else would be
/// found.
async fn applied_before(
    client: &mut Client,
    keyed: &Keyed,
    day: &str,
) -> Result<Option<Done>, Failure> {
    let Some(id) = keyed.given() else {
        return Ok(None);
    };
    let request = pb::ApplyRemedyRequest {
        request_id: id.to_owned(),
        live_day_id: day.to_owned(),
        change: None,
        as_of_time: None,
    };
    match client.live.apply_remedy(request).await {
        Ok(applied) => {
            let day = applied.into_inner().live_day.unwrap_or_default();
            client.tell(&day, tables::live_day).map(Some)
        }
        Err(status) if status.code() == tonic::Code::InvalidArgument => Ok(None),
        Err(status) => Err(client::failed("change the plan", id, &status)),
    }
}

async fn apply(
    client: &mut Client,
    keyed: &Keyed,
    day: &str,
    change: Option<pb::PlanChange>,
) -> Result<Done, Failure> {
    let request_id = keyed.id();
    let request = pb::ApplyRemedyRequest {
        request_id: request_id.clone(),
        live_day_id: day.to_owned(),
        change,
        as_of_time: None,
    };
    let applied = client.live.apply_remedy(request).await;
    let applied =
        applied.map_err(|status| client::failed("change the plan", &request_id, &status))?;
    let day = applied.into_inner().live_day.unwrap_or_default();
    client.tell(&day, tables::live_day)
}

/// The time zone of a live day.
async fn zone(client: &mut Client, day: &str) -> Result<TimeZone, Failure> {
    let request = pb::GetLiveDayRequest {
        live_day_id: day.to_owned(),
        ..pb::GetLiveDayRequest::default()
    };
    let read = client.live.get_live_day(request).await;
    let read = read.map_err(|status| Failure::status("read the day", &status))?;
    let day = read.into_inner().live_day.unwrap_or_default();
    Ok(TimeZone::get(&day.time_zone).unwrap_or(TimeZone::UTC))
}

/// Remedies, one in a line.
fn listed(found: &pb::SuggestRemediesResponse, order: &str, zone: &TimeZone) -> String {
    let lines = (1..).zip(&found.remedies);
    let lines = lines.map(|(number, remedy)| line(number, order, remedy, zone));
    lines.collect::<Vec<_>>().join("\n")
}

/// A remedy with its number in the list.
fn line(number: usize, order: &str, remedy: &pb::Remedy, zone: &TimeZone) -> String {
    let [before, after] = [&remedy.before, &remedy.after].map(|it| it.unwrap_or_default());
    let is_worse = after.expected_late > before.expected_late + 0.005;
    format!(
        "{number}. {}: {} {} -> {} on time, late on the whole day {:.2} -> {:.2}, cost {:+}{}",
        what(remedy, zone),
        order,
        tables::percent(remedy.on_time_before_percent),
        tables::percent(remedy.on_time_after_percent),
        before.expected_late,
        after.expected_late,
        remedy.cost_difference,
        if is_worse {
            "; worse for the day than to do nothing"
        } else {
            ""
        },
    )
}

/// What a remedy is, in words.
fn what(remedy: &pb::Remedy, zone: &TimeZone) -> String {
    let (order, courier) = (&remedy.moved_order_id, &remedy.to_courier_id);
    match remedy.kind() {
        pb::RemedyKind::Reorder => {
            let routes = remedy.change.iter().flat_map(|change| &change.routes);
            let sequence: Vec<&str> = routes
                .flat_map(|route| route.order_ids.iter().map(String::as_str))
                .collect();
            format!(
                "make the stops in another sequence ({})",
                sequence.join(", ")
            )
        }
        pb::RemedyKind::LeaveEarlier => {
            format!("start at {}", tables::minute(remedy.start_time, zone))
        }
        pb::RemedyKind::HandOver => format!("hand {order} over to {courier}"),
        pb::RemedyKind::SendSpare => format!("send {courier}, who is free, to {order}"),
        pb::RemedyKind::DropStop => format!("drop {order}"),
        pb::RemedyKind::MoveWindow => {
            let window = remedy.window.unwrap_or_default();
            format!(
                "offer {} to {}",
                tables::minute(window.start_time, zone),
                tables::minute(window.end_time, zone)
            )
        }
        pb::RemedyKind::TellCustomer => "tell the customer".to_owned(),
        pb::RemedyKind::Unspecified => "unknown".to_owned(),
    }
}

/// A repair: what changes, and what it brings.
fn told(found: &pb::RepairPlanResponse, zone: &TimeZone) -> String {
    let [before, after] = [&found.before, &found.after].map(|figures| figures.unwrap_or_default());
    let mut lines = vec![format!(
        "late on the whole day {:.2} -> {:.2}, unserved {} -> {}, cost of the rest {} -> {}; {} stops change courier",
        before.expected_late,
        after.expected_late,
        before.unserved,
        after.unserved,
        before.cost,
        after.cost,
        found.moved_stops
    )];
    if !found.is_changed {
        lines.push("nothing better was found than to go on as before".to_owned());
    }
    lines.extend(found.changes.iter().map(|change| changed(change, zone)));
    lines.join("\n")
}

fn changed(change: &pb::OrderChange, zone: &TimeZone) -> String {
    let nobody = |courier: &String| match courier.as_str() {
        "" => "nobody".to_owned(),
        courier => courier.to_owned(),
    };
    let arrival = |band: &Option<pb::ArrivalBand>| {
        let expected = band.as_ref().and_then(|band| band.arrival_p50_time);
        expected.map_or("never".to_owned(), |at| tables::minute(Some(at), zone))
    };
    let why = match change.reason() {
        pb::ChangeReason::New => "new",
        pb::ChangeReason::Cancelled => "cancelled",
        pb::ChangeReason::Breakdown => "breakdown",
        pb::ChangeReason::AtRisk => "at risk",
        pb::ChangeReason::MakesRoom => "makes room",
        pb::ChangeReason::LeftOut => "left out",
        pb::ChangeReason::Unspecified => "unknown",
    };
    let id = &change.order_id;
    if change.reason() == pb::ChangeReason::Cancelled {
        return format!(
            "{id}: cancelled; {} was to come, expected {}",
            nobody(&change.from_courier_id),
            arrival(&change.arrival_before)
        );
    }
    if change.to_courier_id.is_empty() && change.from_courier_id.is_empty() {
        return format!("{id}: nobody who can would come ({why})");
    }
    format!(
        "{id}: {} -> {}, expected {} -> {}, {} -> {} on time ({why})",
        nobody(&change.from_courier_id),
        nobody(&change.to_courier_id),
        arrival(&change.arrival_before),
        arrival(&change.arrival_after),
        tables::percent(change.on_time_before_percent),
        tables::percent(change.on_time_after_percent),
    )
}

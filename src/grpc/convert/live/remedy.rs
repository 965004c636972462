//! Remedies, repairs and changes of the plan.

use super::view::band_message;
use crate::app::{
    Change, Figures, Goods, OutageChange, Quote, Remedy, RemedyKind, RemedyTerms, Repair,
    RepairRequest, ToldWindow, Why,
};
use crate::day::Replan;
use crate::grpc::convert::courier::read_courier;
use crate::grpc::convert::order::read_order;
use crate::grpc::convert::place::{Places, read_window, window_message};
use crate::grpc::convert::plan::violation_message;
use crate::grpc::convert::read::{At, Sink};
use crate::grpc::convert::scalar::{count, moment, percent, span};
use crate::grpc::pb;
use crate::model::{
    CourierId, Finding, OrderId, Place, PlaceIdx, Problem, Reason, RouteEnd, RouteStart,
};
use crate::units::Seconds;

/// Longest search.
const SEARCH_MAX: Seconds = Seconds(60);
/// Most iterations of a search.
const ITERATIONS_MAX: i64 = 1_000_000;
/// New orders, or couriers, of one request.
const LIST_MAX: usize = 1_000;
/// Largest change, in bytes.
const CHANGE_MAX: usize = 8 << 20;

/// Reads what remedies go by.
///
/// # Errors
/// Everything that is wrong with it; paths are from the request down.
pub fn read_remedy_terms(terms: Option<&pb::RemedyTerms>) -> Result<RemedyTerms, Vec<Finding>> {
    let sink = Sink::default();
    let terms = terms_at(&At::root(&sink).field("terms"), terms);
    terms.ok_or_else(|| sink.take())
}

fn terms_at(at: &At<'_>, terms: Option<&pb::RemedyTerms>) -> Option<RemedyTerms> {
    let mut read = RemedyTerms::default();
    let Some(terms) = terms else {
        return Some(read);
    };
    read.goods = match pb::GoodsPlace::try_from(terms.goods) {
        Ok(pb::GoodsPlace::Unspecified | pb::GoodsPlace::OnBoard) => Goods::OnBoard,
        Ok(pb::GoodsPlace::AtDepot) => Goods::AtDepot,
        Ok(pb::GoodsPlace::Everywhere) => Goods::Everywhere,
        Err(_) => {
            at.field("goods")
                .report(Reason::UnknownName, "there is no such place");
            return None;
        }
    };
    if let Some(handover) = &terms.handover_duration {
        read.handover = bounded(at, "handover_duration", handover, Seconds(3_600))?;
    }
    Some(read)
}

/// A span of time from none to `max`.
fn bounded(
    at: &At<'_>,
    field: &'static str,
    span: &prost_types::Duration,
    max: Seconds,
) -> Option<Seconds> {
    let span = at.span(field, Some(span))?;
    if span < Seconds::ZERO || span > max {
        let message = format!("{} s is not from 0 to {} s", span.0, max.0);
        at.field(field).report(Reason::OutOfRange, message);
        return None;
    }
    Some(span)
}

/// Reads what a repair of the day of `problem` is asked for.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_repair_request(
    request: &pb::RepairPlanRequest,
    problem: &Problem,
) -> Result<RepairRequest, Vec<Finding>> {
    let sink = Sink::default();
    let at = At::root(&sink);
    let read = read_repair(&at, request);
    let found = sink.borrow().is_empty();
    match read {
        Some((mut read, places)) if found => {
            settle(&mut read, places, problem);
            Ok(read)
        }
        Some(_) | None => Err(sink.take()),
    }
}

fn read_repair(
    at: &At<'_>,
    request: &pb::RepairPlanRequest,
) -> Option<(RepairRequest, Vec<Place>)> {
    for (field, length) in [
        ("new_orders", request.new_orders.len()),
        ("spare_couriers", request.spare_couriers.len()),
    ] {
        if length > LIST_MAX {
            let message = format!("{length}; at most {LIST_MAX} are taken");
            at.field(field).report(Reason::TooLarge, message);
            return None;
        }
    }
    let mut places = Places::default();
    let orders: Option<Vec<_>> = at.all("new_orders", &request.new_orders, |at, order| {
        read_order(at.about(&order.id), order, &mut places)
    });
    let spares: Option<Vec<_>> = at.all("spare_couriers", &request.spare_couriers, |at, it| {
        read_courier(at.about(&it.id), it, &mut places)
    });
    let cancelled = at.ids(
        "cancelled_order_ids",
        &request.cancelled_order_ids,
        OrderId::parse,
    );
    let outages = at.all("outages", &request.outages, |at, outage| {
        Some(OutageChange {
            courier: at.id("courier_id", &outage.courier_id, CourierId::parse)?,
            until: at.moment_if_any("until_time", outage.until_time.as_ref())?,
        })
    });
    let windows = at.all("windows", &request.windows, |at, moved| {
        let window = at.required("window", moved.window.as_ref())?;
        Some(ToldWindow {
            order: at.id("order_id", &moved.order_id, OrderId::parse)?,
            window: read_window(at.field("window"), window)?,
        })
    });
    let terms = terms_at(&at.field("terms"), request.terms.as_ref());
    let mut read = RepairRequest {
        orders: orders?,
        spares: spares?,
        cancelled: cancelled?,
        outages: outages?,
        windows: windows?,
        terms: terms?,
        seed: request.seed.unwrap_or(1),
        ..RepairRequest::default()
    };
    if let Some(moves) = at.count_if_any("moves_max", request.moves_max)? {
        read.moves_max = moves as usize;
    }
    if let Some(shift) = &request.window_shift_max_duration {
        read.shift_max = bounded(at, "window_shift_max_duration", shift, Seconds(86_400))?;
    }
    if let Some(limit) = request.iteration_limit {
        if !(1..=ITERATIONS_MAX).contains(&limit) {
            let message = format!("{limit} is not from 1 to {ITERATIONS_MAX}");
            at.field("iteration_limit")
                .report(Reason::OutOfRange, message);
            return None;
        }
        read.iteration_limit = u64::try_from(limit).ok();
        // Nothing goes on for ever.
        read.time_limit = None;
    }
    if let Some(limit) = &request.time_limit_duration {
        let limit = bounded(at, "time_limit_duration", limit, SEARCH_MAX)?;
        let seconds = u64::try_from(limit.0).unwrap_or(0);
        read.time_limit = Some(std::time::Duration::from_secs(seconds));
    }
    Some((read, places.into_list()))
}

/// Puts new places behind those of the problem, but for those that it has.
fn settle(request: &mut RepairRequest, places: Vec<Place>, problem: &Problem) {
    let mut numbers = Vec::with_capacity(places.len());
    for place in places {
        let known = problem.places.iter().position(|known| *known == place);
        let number = known.unwrap_or_else(|| {
            request.places.push(place);
            problem.places.len() + request.places.len() - 1
        });
        numbers.push(PlaceIdx(u32::try_from(number).unwrap_or(u32::MAX)));
    }
    let settled = |place: &mut PlaceIdx| *place = numbers[place.index()];
    for order in &mut request.orders {
        settled(&mut order.place);
    }
    for courier in &mut request.spares {
        if let RouteStart::Place(place) = &mut courier.start {
            settled(place);
        }
        if let RouteEnd::Place(place) = &mut courier.end {
            settled(place);
        }
    }
}

/// The message for a change of the plan of `problem`.
#[must_use]
pub(super) fn plan_change_message(problem: &Problem, replan: &Replan) -> pb::PlanChange {
    let orders = replan.orders.iter();
    let (known, new): (Vec<_>, Vec<_>) =
        orders.partition(|order| problem.order(&order.id).is_some());
    let is_told = |order: &&&crate::model::Order| {
        let before = problem.order(&order.id);
        before.is_some_and(|before| before.service_windows() != order.service_windows())
    };
    let told = known.iter().filter(is_told).filter_map(|order| {
        let promise = order.promise.as_ref()?;
        Some(pb::MovedWindow {
            order_id: order.id.to_string(),
            window: Some(window_message(promise.window)),
        })
    });
    pb::PlanChange {
        plan_version: replan.version,
        routes: (replan.routes.iter())
            .map(|route| pb::ChangedRoute {
                courier_id: route.courier.to_string(),
                order_ids: route.orders.iter().map(ToString::to_string).collect(),
            })
            .collect(),
        new_order_ids: new.iter().map(|order| order.id.to_string()).collect(),
        cancelled_order_ids: replan.cancelled.iter().map(ToString::to_string).collect(),
        windows: told.collect(),
        meeting_names: replan
            .depots
            .iter()
            .map(|depot| depot.name.clone())
            .collect(),
        change: serde_json::to_vec(replan).unwrap_or_default(),
    }
}

/// Reads a change of the plan.
///
/// # Errors
/// What is wrong with it.
pub fn read_plan_change(change: Option<&pb::PlanChange>) -> Result<Replan, Vec<Finding>> {
    let wrong = |reason, message: &str| vec![Finding::new("change.change", "", reason, message)];
    let Some(change) = change.filter(|change| !change.change.is_empty()) else {
        return Err(wrong(
            Reason::MissingField,
            "give the change as it was suggested",
        ));
    };
    if change.change.len() > CHANGE_MAX {
        return Err(wrong(Reason::TooLarge, "at most 8 MiB are taken"));
    }
    let replan: Result<Replan, _> = serde_json::from_slice(&change.change);
    replan.map_err(|_| {
        let message = "is not a change as it was suggested: give all of it back";
        wrong(Reason::Conflict, message)
    })
}

/// The message for a remedy on the day of `problem`.
#[must_use]
pub fn remedy_message(problem: &Problem, remedy: &Remedy) -> pb::Remedy {
    use pb::RemedyKind as Kind;
    let mut message = pb::Remedy {
        on_time_before_percent: percent(remedy.on_time_before),
        on_time_after_percent: percent(remedy.on_time_after),
        arrival: remedy.arrival_after.map(band_message),
        before: Some(figures_message(&remedy.before)),
        after: Some(figures_message(&remedy.after)),
        cost_difference: remedy.cost_difference.0,
        moved_stops: count(remedy.moved),
        later_windows: remedy.quotes.iter().map(quote_message).collect(),
        change: Some(plan_change_message(problem, &remedy.replan)),
        ..pb::Remedy::default()
    };
    let kind = match &remedy.kind {
        RemedyKind::Reorder => Kind::Reorder,
        RemedyKind::LeaveEarlier { start } => {
            message.start_time = moment(*start);
            Kind::LeaveEarlier
        }
        RemedyKind::HandOver { order, to } => {
            message.moved_order_id = order.to_string();
            message.to_courier_id = to.to_string();
            Kind::HandOver
        }
        RemedyKind::SendSpare { order, to } => {
            message.moved_order_id = order.to_string();
            message.to_courier_id = to.to_string();
            Kind::SendSpare
        }
        RemedyKind::DropStop { order } => {
            message.moved_order_id = order.to_string();
            Kind::DropStop
        }
        RemedyKind::MoveWindow { window } => {
            message.window = Some(window_message(*window));
            Kind::MoveWindow
        }
        RemedyKind::TellCustomer => Kind::TellCustomer,
    };
    message.kind = kind as i32;
    message
}

fn quote_message(quote: &Quote) -> pb::LaterWindow {
    pb::LaterWindow {
        window: Some(window_message(quote.window)),
        on_time_percent: percent(quote.on_time),
    }
}

fn figures_message(figures: &Figures) -> pb::DayFigures {
    pb::DayFigures {
        expected_late: (figures.late * 1_000.0).round() / 1_000.0,
        lowest_percent: percent(figures.lowest),
        unserved: count(figures.unserved),
        cost: figures.cost.0,
        expected_delay_duration: span(figures.delay),
    }
}

/// The message for a repair of the day of `problem`.
#[must_use]
pub fn repair_message(problem: &Problem, repair: &Repair) -> pb::RepairPlanResponse {
    pb::RepairPlanResponse {
        is_changed: repair.is_changed,
        before: Some(figures_message(&repair.before)),
        after: Some(figures_message(&repair.after)),
        changes: repair.changes.iter().map(change_message).collect(),
        moved_stops: count(repair.moved),
        violations: (repair.verdict.violations.iter())
            .map(violation_message)
            .collect(),
        violations_before: count(repair.verdict_before.violations.len()),
        iterations: i64::try_from(repair.iterations).unwrap_or(i64::MAX),
        change: Some(plan_change_message(problem, &repair.replan)),
    }
}

fn change_message(change: &Change) -> pb::OrderChange {
    use pb::ChangeReason as Reason;
    let id = |courier: &Option<CourierId>| {
        let courier = courier.as_ref();
        courier.map_or_else(String::new, ToString::to_string)
    };
    let reason = match change.why {
        Why::New => Reason::New,
        Why::Cancelled => Reason::Cancelled,
        Why::Breakdown => Reason::Breakdown,
        Why::AtRisk => Reason::AtRisk,
        Why::MakesRoom => Reason::MakesRoom,
        Why::LeftOut => Reason::LeftOut,
    };
    pb::OrderChange {
        order_id: change.order.to_string(),
        from_courier_id: id(&change.from),
        to_courier_id: id(&change.to),
        arrival_before: change.arrival_before.map(band_message),
        arrival_after: change.arrival_after.map(band_message),
        on_time_before_percent: percent(change.on_time_before),
        on_time_after_percent: percent(change.on_time_after),
        window: change.window.map(window_message),
        reason: reason as i32,
    }
}

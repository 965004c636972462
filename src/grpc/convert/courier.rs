//! Depots and couriers.

use super::place::{Places, place_message, read_window, window_message};
use super::read::At;
use super::scalar::{count, span};
use crate::grpc::pb;
use crate::model::{
    BreakStart, Costs, Courier, CourierBreak, CourierId, Depot, DepotId, Limits, Problem,
    ProfileId, Reason, RouteEnd, RouteStart,
};
use crate::units::{BasisPoints, Cost, Load, Meters};

pub(super) fn read_depot(at: At<'_>, depot: &pb::Depot, places: &mut Places) -> Option<Depot> {
    let id = at.id("id", &depot.id, DepotId::parse);
    let place = places.read(&at, "place", depot.place.as_ref());
    let loading = at.span("loading_duration", depot.loading_duration.as_ref());
    Some(Depot {
        id: id?,
        name: depot.name.clone(),
        place: place?,
        loading: loading?,
    })
}

pub(super) fn depot_message(problem: &Problem, depot: &Depot) -> pb::Depot {
    pb::Depot {
        id: depot.id.to_string(),
        name: depot.name.clone(),
        place: place_message(problem, depot.place),
        loading_duration: span(depot.loading),
    }
}

pub(super) fn read_courier(
    at: At<'_>,
    courier: &pb::Courier,
    places: &mut Places,
) -> Option<Courier> {
    let id = at.id("id", &courier.id, CourierId::parse);
    let profile = at.id("profile_id", &courier.profile_id, ProfileId::parse);
    let shift = at
        .required("shift", courier.shift.as_ref())
        .and_then(|shift| read_window(at.field("shift"), shift));
    let start = read_start(&at, courier, places);
    let end = read_end(&at, courier, places);
    let limits = read_limits(&at.field("limits"), courier.limits.as_ref());
    let speed_factor = at.ratio("speed_factor", courier.speed_factor);
    let service_factor = at.ratio("service_factor", courier.service_factor);
    let reload_depots = at.ids(
        "reload_depot_ids",
        &courier.reload_depot_ids,
        DepotId::parse,
    );
    let max_reloads = at.count_if_any("max_reloads", courier.max_reloads);
    let breaks = at.all("breaks", &courier.breaks, |at, pause| {
        read_break(&at, pause)
    });
    let capacities = courier.capacities.iter();
    Some(Courier {
        id: id?,
        name: courier.name.clone(),
        phone: courier.phone.clone(),
        profile: profile?,
        capacities: capacities
            .map(|(name, &room)| (name.clone(), Load(room)))
            .collect(),
        skills: courier.skills.iter().cloned().collect(),
        shift: shift?,
        start: start?,
        end: end?,
        costs: courier.costs.as_ref().map(read_costs).unwrap_or_default(),
        limits: limits?,
        speed_factor: speed_factor?,
        service_factor: service_factor?,
        reload_depots: reload_depots?,
        max_reloads: max_reloads?,
        breaks: breaks?,
    })
}

fn read_break(at: &At<'_>, pause: &pb::CourierBreak) -> Option<CourierBreak> {
    use pb::courier_break::Start;
    let duration = at.span("break_duration", pause.break_duration.as_ref());
    let start = match &pause.start {
        Some(Start::StartWindow(window)) => {
            read_window(at.field("start_window"), window).map(BreakStart::Within)
        }
        Some(Start::AfterWorkDuration(limit)) => at
            .span("after_work_duration", Some(limit))
            .map(BreakStart::AfterWork),
        None => {
            at.report(
                Reason::MissingField,
                "one of start_window and after_work_duration is required",
            );
            None
        }
    };
    Some(CourierBreak {
        duration: duration?,
        start: start?,
    })
}

fn read_start(at: &At<'_>, courier: &pb::Courier, places: &mut Places) -> Option<RouteStart> {
    use pb::courier::Start;
    match &courier.start {
        Some(Start::StartDepotId(id)) => at
            .id("start_depot_id", id, DepotId::parse)
            .map(RouteStart::Depot),
        Some(Start::StartPlace(place)) => places
            .read(at, "start_place", Some(place))
            .map(RouteStart::Place),
        None => {
            at.report(
                Reason::MissingField,
                "one of start_depot_id and start_place is required",
            );
            None
        }
    }
}

fn read_end(at: &At<'_>, courier: &pb::Courier, places: &mut Places) -> Option<RouteEnd> {
    use pb::courier::End;
    match &courier.end {
        Some(End::EndDepotId(id)) => at
            .id("end_depot_id", id, DepotId::parse)
            .map(RouteEnd::Depot),
        Some(End::EndPlace(place)) => places
            .read(at, "end_place", Some(place))
            .map(RouteEnd::Place),
        Some(End::OpenEnd(pb::OpenEnd {})) => Some(RouteEnd::Open),
        None => {
            at.report(
                Reason::MissingField,
                "one of end_depot_id, end_place and open_end is required",
            );
            None
        }
    }
}

fn read_costs(costs: &pb::CourierCosts) -> Costs {
    Costs {
        fixed: Cost(costs.fixed_cost),
        per_km: Cost(costs.cost_per_km),
        per_hour: Cost(costs.cost_per_hour),
        overtime_per_hour: Cost(costs.overtime_cost_per_hour),
    }
}

fn read_limits(at: &At<'_>, limits: Option<&pb::CourierLimits>) -> Option<Limits> {
    let Some(limits) = limits else {
        return Some(Limits::default());
    };
    let max_stops = at.count_if_any("max_stops", limits.max_stops);
    let max_duty = at.span_if_any("max_duty_duration", limits.max_duty_duration.as_ref());
    let regular_duty = at.span_if_any("regular_duration", limits.regular_duration.as_ref());
    Some(Limits {
        max_stops: max_stops?,
        max_distance: limits.max_distance_meters.map(Meters),
        max_duty: max_duty?,
        regular_duty: regular_duty?,
    })
}

pub(super) fn courier_message(problem: &Problem, courier: &Courier) -> pb::Courier {
    use pb::courier::{End, Start};
    let place = |place| place_message(problem, place);
    let start = match &courier.start {
        RouteStart::Depot(id) => Some(Start::StartDepotId(id.to_string())),
        RouteStart::Place(at) => place(*at).map(Start::StartPlace),
    };
    let end = match &courier.end {
        RouteEnd::Depot(id) => Some(End::EndDepotId(id.to_string())),
        RouteEnd::Place(at) => place(*at).map(End::EndPlace),
        RouteEnd::Open => Some(End::OpenEnd(pb::OpenEnd {})),
    };
    let capacities = courier.capacities.iter();
    pb::Courier {
        id: courier.id.to_string(),
        name: courier.name.clone(),
        phone: courier.phone.clone(),
        profile_id: courier.profile.to_string(),
        capacities: capacities
            .map(|(name, room)| (name.clone(), room.0))
            .collect(),
        skills: courier.skills.iter().cloned().collect(),
        shift: Some(window_message(courier.shift)),
        start,
        end,
        costs: Some(pb::CourierCosts {
            fixed_cost: courier.costs.fixed.0,
            cost_per_km: courier.costs.per_km.0,
            cost_per_hour: courier.costs.per_hour.0,
            overtime_cost_per_hour: courier.costs.overtime_per_hour.0,
        }),
        limits: Some(limits_message(&courier.limits)),
        speed_factor: Some(factor(courier.speed_factor)),
        service_factor: Some(factor(courier.service_factor)),
        reload_depot_ids: courier
            .reload_depots
            .iter()
            .map(ToString::to_string)
            .collect(),
        max_reloads: courier.max_reloads.map(count),
        breaks: courier.breaks.iter().map(break_message).collect(),
    }
}

fn break_message(pause: &CourierBreak) -> pb::CourierBreak {
    use pb::courier_break::Start;
    pb::CourierBreak {
        break_duration: span(pause.duration),
        start: match pause.start {
            BreakStart::Within(window) => Some(Start::StartWindow(window_message(window))),
            BreakStart::AfterWork(limit) => span(limit).map(Start::AfterWorkDuration),
        },
    }
}

fn limits_message(limits: &Limits) -> pb::CourierLimits {
    pb::CourierLimits {
        max_stops: limits.max_stops.map(count),
        max_distance_meters: limits.max_distance.map(|distance| distance.0),
        max_duty_duration: limits.max_duty.and_then(span),
        regular_duration: limits.regular_duty.and_then(span),
    }
}

fn factor(ratio: BasisPoints) -> f64 {
    f64::from(ratio.0) / 10_000.0
}

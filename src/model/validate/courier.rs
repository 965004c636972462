//! Couriers: references, shift, figures.

use std::collections::BTreeSet;

use super::time::DUTY_MAX;
use super::{Context, Findings, Subject, check_unique};
use crate::model::{BreakStart, Courier, DepotId, Order, Reason, RouteEnd, RouteStart, TimeWindow};
use crate::units::Timestamp;

/// Most depots at which a courier may reload: more are told apart by nobody.
const RELOAD_DEPOTS_MAX: usize = 250;

/// Most breaks of a courier.
const BREAKS_MAX: usize = 3;

/// Bounds of speed and service factors, in basis points.
const FACTOR: std::ops::RangeInclusive<i64> = 1_000..=100_000;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    let opening_times = opening_times(context);
    for (position, courier) in context.problem.couriers.iter().enumerate() {
        let path = format!("couriers[{position}]");
        let mut subject = Subject::new(findings, path, courier.id.as_str());
        check_unique(
            &mut subject,
            "couriers",
            &context.couriers,
            &courier.id,
            position,
        );
        check_profile(context, &mut subject, courier);
        for (dimension, capacity) in &courier.capacities {
            subject.range(
                format!("capacities[{dimension:?}]"),
                capacity.0,
                0..=i64::MAX,
                "",
            );
        }
        if context
            .calendar
            .check_window(&mut subject, "shift", courier.shift)
        {
            check_shift_is_of_use(&mut subject, courier, &opening_times);
        }
        check_ends(context, &mut subject, courier);
        check_reloads(context, &mut subject, courier);
        check_breaks(context, &mut subject, courier);
        check_figures(&mut subject, courier);
    }
}

/// Whether bounds and windows of `courier` are such that times can be computed with it.
pub(super) fn is_computable(context: &Context<'_>, courier: &Courier) -> bool {
    let mut findings = Findings::default();
    let mut subject = Subject::new(&mut findings, String::new(), "");
    context
        .calendar
        .check_window(&mut subject, "shift", courier.shift);
    check_figures(&mut subject, courier);
    findings.errors.is_empty()
}

fn check_profile(context: &Context<'_>, subject: &mut Subject<'_>, courier: &Courier) {
    // That there are none at all is said already.
    if !context.profiles.is_empty() && !context.profiles.contains_key(&courier.profile) {
        subject.unknown("profile_id", "travel profile", &courier.profile);
    }
}

/// Where the shift starts and ends.
fn check_ends(context: &Context<'_>, subject: &mut Subject<'_>, courier: &Courier) {
    let profiles: BTreeSet<usize> = context
        .profiles
        .get(&courier.profile)
        .copied()
        .into_iter()
        .collect();
    let check_depot = |subject: &mut Subject<'_>, field, id: &DepotId| {
        if !context.depots.contains_key(id) {
            subject.unknown(field, "depot", id);
        }
    };
    match &courier.start {
        RouteStart::Depot(id) => check_depot(subject, "start_depot_id", id),
        RouteStart::Place(place) => {
            context
                .atlas
                .check_place(subject, "start_place", *place, &profiles);
        }
    }
    match &courier.end {
        RouteEnd::Depot(id) => check_depot(subject, "end_depot_id", id),
        RouteEnd::Place(place) => {
            context
                .atlas
                .check_place(subject, "end_place", *place, &profiles)
        }
        RouteEnd::Open => {}
    }
}

/// Where and how often the courier may reload.
fn check_reloads(context: &Context<'_>, subject: &mut Subject<'_>, courier: &Courier) {
    let depots = &courier.reload_depots;
    for id in depots.iter().filter(|id| !context.depots.contains_key(id)) {
        subject.unknown("reload_depot_ids", "depot", id);
    }
    if depots.len() > RELOAD_DEPOTS_MAX {
        let message = format!(
            "{} depots are too many: a courier reloads at up to {RELOAD_DEPOTS_MAX}",
            depots.len()
        );
        subject.error("reload_depot_ids", Reason::TooLarge, message);
    }
    if depots.is_empty() && courier.max_reloads.is_some_and(|max| max > 0) {
        let message =
            "no depot is given where the courier may reload, so that this changes nothing";
        subject.warning("max_reloads", Reason::Conflict, message);
    }
    if let Some(timed) = timed(context).filter(|_| courier.may_reload()) {
        let message = format!(
            "reloads do not go together with travel times that depend on the time of day, as profile `{}` of courier `{}` has them: let nobody reload, or leave out its buckets",
            timed.profile, timed.id
        );
        subject.error("reload_depot_ids", Reason::Conflict, message);
    }
}

/// Windows and number of the courier's breaks, and what they do not go together with.
fn check_breaks(context: &Context<'_>, subject: &mut Subject<'_>, courier: &Courier) {
    let breaks = &courier.breaks;
    if breaks.len() > BREAKS_MAX {
        let message = format!(
            "{} breaks are too many: a courier has up to {BREAKS_MAX}",
            breaks.len()
        );
        subject.error("breaks", Reason::TooLarge, message);
    }
    let mut last: Option<TimeWindow> = None;
    for (number, pause) in breaks.iter().enumerate() {
        let BreakStart::Within(window) = pause.start else {
            continue;
        };
        let field = format!("breaks[{number}].start_window");
        if !context.calendar.check_window(subject, &field, window) {
            continue;
        }
        if last.is_some_and(|last| window.start < last.end) {
            let message = "the window begins before that of an earlier break is over: give the breaks in the sequence in which they are taken, with windows that do not overlap";
            subject.error(field, Reason::BadWindow, message.to_owned());
        }
        last = Some(window);
    }
    if breaks.is_empty() {
        return;
    }
    let couriers = &context.problem.couriers;
    if let Some(other) = couriers.iter().find(|courier| courier.may_reload()) {
        let message = format!(
            "breaks do not go together with reloads, as courier `{}` may make them: let nobody take breaks, or nobody reload",
            other.id
        );
        subject.error("breaks", Reason::Conflict, message);
    }
    if let Some(timed) = timed(context) {
        let message = format!(
            "breaks do not go together with travel times that depend on the time of day, as profile `{}` of courier `{}` has them: let nobody take breaks, or leave out its buckets",
            timed.profile, timed.id
        );
        subject.error("breaks", Reason::Conflict, message);
    }
}

/// The first courier whose travel times depend on the time of day.
fn timed<'a>(context: &Context<'a>) -> Option<&'a Courier> {
    context.problem.couriers.iter().find(|courier| {
        let profile = context.problem.profile(&courier.profile);
        profile.is_some_and(|profile| !profile.buckets.is_empty())
    })
}

/// Costs, limits, factors and lengths of breaks.
fn check_figures(subject: &mut Subject<'_>, courier: &Courier) {
    let (costs, limits) = (&courier.costs, &courier.limits);
    subject.range("costs.fixed_cost", costs.fixed.0, 0..=1_000_000_000, "");
    let rates = [
        ("costs.cost_per_km", costs.per_km),
        ("costs.cost_per_hour", costs.per_hour),
        ("costs.overtime_cost_per_hour", costs.overtime_per_hour),
    ];
    for (field, rate) in rates {
        subject.range(field, rate.0, 0..=1_000_000, "");
    }
    if let Some(distance) = limits.max_distance {
        subject.range("limits.max_distance_meters", distance.0, 0..=i64::MAX, "m");
    }
    let durations = [
        ("limits.max_duty_duration", limits.max_duty),
        ("limits.regular_duration", limits.regular_duty),
    ];
    for (field, duration) in durations {
        if let Some(duration) = duration {
            subject.range(field, duration.0, 0..=DUTY_MAX, "s");
        }
    }
    if costs.overtime_per_hour.0 != 0 && limits.regular_duty.is_none() {
        let message =
            "overtime costs something, but nothing says when it begins: give the regular duration";
        subject.error("limits.regular_duration", Reason::MissingField, message);
    }
    for (number, pause) in courier.breaks.iter().enumerate() {
        let field = format!("breaks[{number}].break_duration");
        subject.range(field, pause.duration.0, 1..=86_400, "s");
        if let BreakStart::AfterWork(limit) = pause.start {
            let field = format!("breaks[{number}].after_work_duration");
            subject.range(field, limit.0, 0..=DUTY_MAX, "s");
        }
    }
    for (field, factor) in [
        ("speed_factor", courier.speed_factor),
        ("service_factor", courier.service_factor),
    ] {
        if !FACTOR.contains(&i64::from(factor.0)) {
            let message = format!(
                "{} is out of range: it must be 0.1 to 10",
                f64::from(factor.0) / 1e4
            );
            subject.error(field, Reason::OutOfRange, message);
        }
    }
}

/// When some order may be served, as sorted windows without overlaps; none if errors leave that open.
fn opening_times(context: &Context<'_>) -> Vec<TimeWindow> {
    let orders = &context.problem.orders;
    let promised = |order: &Order| order.promise.map(|promise| promise.window);
    let is_sound = |window: &TimeWindow| context.calendar.is_sound(*window);
    if !orders
        .iter()
        .all(|order| order.windows.iter().chain(&promised(order)).all(is_sound))
    {
        return Vec::new();
    }
    let mut windows: Vec<_> = orders.iter().flat_map(Order::service_windows).collect();
    windows.sort_unstable();
    let mut merged: Vec<TimeWindow> = Vec::new();
    for window in windows {
        match merged.last_mut() {
            Some(last) if window.start <= last.end => last.end = last.end.max(window.end),
            Some(_) | None => merged.push(window),
        }
    }
    merged
}

/// A shift in which no order may be served is probably on the wrong day.
fn check_shift_is_of_use(
    subject: &mut Subject<'_>,
    courier: &Courier,
    opening_times: &[TimeWindow],
) {
    let shift = courier.shift;
    let is_over = |window: &TimeWindow| window.end < shift.start;
    let next: Option<Timestamp> =
        (opening_times.get(opening_times.partition_point(is_over))).map(|window| window.start);
    if !opening_times.is_empty() && next.is_none_or(|next| next > shift.end) {
        let message =
            "no order has a window within this shift: check day and time zone of the shift";
        subject.warning("shift", Reason::BadWindow, message);
    }
}

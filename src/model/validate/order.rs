//! Orders: references, windows, figures; who could serve them is judged in `service`.

use std::collections::{BTreeMap, BTreeSet};

use super::idle::Idle;
use super::service::Fleet;
use super::time::DAY;
use super::{Context, Findings, Subject, check_unique};
use crate::model::{DropPolicy, Order, OrderKind, Problem, Reason, TimeWindow};

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    let profiles = context.profiles_of(|_| true);
    let mut fleet = Fleet::new(context, findings);
    let mut idle = Idle::new(context);
    let n_before = findings.errors.len();
    for (position, order) in context.problem.orders.iter().enumerate() {
        let path = format!("orders[{position}]");
        let mut subject = Subject::new(findings, path, order.id.as_str());
        let (n_errors, n_warnings) = (subject.n_errors(), subject.n_warnings());
        check_unique(&mut subject, "orders", &context.orders, &order.id, position);
        context
            .atlas
            .check_place(&mut subject, "place", order.place, &profiles);
        check_figures(&mut subject, order);
        check_ready_time(context, &mut subject, order);
        check_windows(context, &mut subject, order);
        check_preference(context, &mut subject, order);
        check_skills(context, &mut subject, order);
        check_references(context, &mut subject, order);
        if subject.n_errors() == n_errors {
            fleet.check(&mut subject, order);
            // What is said of an order that nobody can serve need not be said of everybody.
            if (subject.n_errors(), subject.n_warnings()) == (n_errors, n_warnings) {
                idle.try_order(&fleet, order);
            }
        }
    }
    check_dimensions(context, findings);
    if findings.errors.len() == n_before {
        idle.tell(findings);
    }
}

/// Warns of loads that nothing limits although couriers state what they hold of something, once for each dimension:
/// probably its name is another one than the couriers'.
fn check_dimensions(context: &Context<'_>, findings: &mut Findings) {
    let limited = limited(context.problem);
    if limited.is_empty() {
        return;
    }
    let mut unlimited: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (position, order) in context.problem.orders.iter().enumerate() {
        for (dimension, load) in &order.loads {
            if let Some((_, n_orders)) = unlimited.get_mut(dimension.as_str()) {
                *n_orders += usize::from(load.0 > 0);
            } else if load.0 > 0 && !limited.contains(dimension.as_str()) {
                unlimited.insert(dimension, (position, 1));
            }
        }
    }
    for (dimension, (position, n_orders)) in unlimited {
        let order = &context.problem.orders[position];
        let path = format!("orders[{position}]");
        let mut subject = Subject::new(findings, path, order.id.as_str());
        let more = match n_orders - 1 {
            0 => String::new(),
            more => format!(" (and {more} more orders with such loads)"),
        };
        let field = format!("loads[{dimension:?}]");
        subject.warning(field, Reason::UnknownName, unlimited_load(dimension, &more));
    }
}

/// The dimensions of which some courier states how much the vehicle holds.
fn limited(problem: &Problem) -> BTreeSet<&str> {
    let capacities = problem.couriers.iter();
    let capacities = capacities.flat_map(|courier| courier.capacities.keys());
    capacities.map(String::as_str).collect()
}

fn unlimited_load(dimension: &str, more: &str) -> String {
    format!(
        "no courier states how much `{dimension}` the vehicle holds, so that nothing limits this load{more}"
    )
}

/// Warns of loads of `order` that nothing limits, as [`check_dimensions`] does.
pub(super) fn check_limits(problem: &Problem, subject: &mut Subject<'_>, order: &Order) {
    let limited = limited(problem);
    for (dimension, load) in &order.loads {
        if load.0 > 0 && !limited.is_empty() && !limited.contains(dimension.as_str()) {
            let field = format!("loads[{dimension:?}]");
            subject.warning(field, Reason::UnknownName, unlimited_load(dimension, ""));
        }
    }
}

pub(super) fn check_figures(subject: &mut Subject<'_>, order: &Order) {
    for (dimension, load) in &order.loads {
        subject.range(
            format!("loads[{dimension:?}]"),
            load.0,
            0..=1_000_000_000,
            "",
        );
    }
    subject.range("service_duration", order.service.0, 0..=DAY, "s");
    if let DropPolicy::MayDrop { penalty } = order.drop_policy {
        subject.range("may_drop.penalty", penalty, 1..=1_000_000, "");
    }
    let stated = order.promise.and_then(|promise| promise.stated_probability);
    if stated.is_some_and(|probability| probability.0 > 10_000) {
        let message = "a chance is 0 to 100 percent";
        subject.error(
            "promise.stated_probability_percent",
            Reason::OutOfRange,
            message,
        );
    }
}

pub(super) fn check_ready_time(context: &Context<'_>, subject: &mut Subject<'_>, order: &Order) {
    let Some(ready) = order.ready else {
        return;
    };
    context.calendar.check(subject, "ready_time", ready);
    if order.kind == OrderKind::Collection {
        let message =
            "a collection is not loaded at the start: use windows to say when the goods are ready";
        subject.error("ready_time", Reason::Conflict, message);
    }
}

fn check_windows(context: &Context<'_>, subject: &mut Subject<'_>, order: &Order) {
    let mut is_sound = context
        .calendar
        .check_windows(subject, "windows", &order.windows);
    if let Some(promise) = order.promise {
        is_sound &= context
            .calendar
            .check_window(subject, "promise.window", promise.window);
    } else if order.windows.is_empty() {
        let message = "nothing says when service may start: give windows, a promise, or both";
        subject.error("windows", Reason::MissingField, message);
    }
    if is_sound && order.promise.is_some() && order.service_windows().is_empty() {
        let message = "no moment of the promise lies in one of the order's windows: promise and windows must overlap";
        subject.error("promise.window", Reason::BadWindow, message);
    }
}

pub(super) fn check_preference(context: &Context<'_>, subject: &mut Subject<'_>, order: &Order) {
    let Some(preference) = &order.preference else {
        return;
    };
    let (field, windows) = ("preference.windows", &preference.windows);
    subject.range(
        "preference.miss_cost",
        preference.miss_cost.0,
        1..=1_000_000_000,
        "",
    );
    if windows.is_empty() {
        let message = "a preference without windows prefers nothing: give at least one";
        subject.error(field, Reason::MissingField, message);
    }
    let n_errors = subject.n_errors();
    context.calendar.check_windows(subject, field, windows);
    let hard = order.service_windows();
    if n_errors < subject.n_errors() || hard.is_empty() || windows.is_empty() {
        return;
    }
    let is_preferred =
        |window: &TimeWindow, hard: &TimeWindow| window.intersection(*hard).is_some();
    let covers = |window: &TimeWindow, hard: &TimeWindow| window.intersection(*hard) == Some(*hard);
    if !hard
        .iter()
        .any(|hard| windows.iter().any(|window| is_preferred(window, hard)))
    {
        let message =
            "service cannot start at a preferred time, so that every plan pays for missing it";
        subject.warning(field, Reason::BadWindow, message);
    } else if hard
        .iter()
        .all(|hard| windows.iter().any(|window| covers(window, hard)))
    {
        let message =
            "service can only start at preferred times, so that the preference changes nothing";
        subject.warning(field, Reason::BadWindow, message);
    }
}

fn check_skills(context: &Context<'_>, subject: &mut Subject<'_>, order: &Order) {
    if context.problem.couriers.is_empty() {
        // That there is nobody is said already.
        return;
    }
    for skill in &order.required_skills {
        if !context.skills.contains(skill.as_str()) {
            let message =
                format!("no courier has the skill `{skill}`: give it to one or do not require it");
            subject.error("required_skills", Reason::UnknownSkill, message);
        }
    }
}

pub(super) fn check_references(context: &Context<'_>, subject: &mut Subject<'_>, order: &Order) {
    if context.problem.couriers.is_empty() {
        return check_depots(context, subject, order);
    }
    for (field, couriers) in [
        ("allowed_courier_ids", &order.allowed_couriers),
        ("forbidden_courier_ids", &order.forbidden_couriers),
    ] {
        for id in couriers
            .iter()
            .filter(|id| !context.couriers.contains_key(id))
        {
            subject.unknown(field, "courier", id);
        }
    }
    for id in order
        .allowed_couriers
        .intersection(&order.forbidden_couriers)
    {
        let message = format!("courier `{id}` is both allowed and forbidden, and so is forbidden");
        subject.warning("allowed_courier_ids", Reason::Conflict, message);
    }
    check_depots(context, subject, order);
}

fn check_depots(context: &Context<'_>, subject: &mut Subject<'_>, order: &Order) {
    for id in order
        .depots
        .iter()
        .filter(|id| !context.depots.contains_key(id))
    {
        subject.unknown("depot_ids", "depot", id);
    }
}

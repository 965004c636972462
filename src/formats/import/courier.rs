//! Rows of couriers, and of depots.

use super::Located;
use super::cells::Cells;
use super::field::Field;
use super::latin;
use super::place::{self, PlaceRules};
use crate::model::{
    Costs, Courier, CourierId, Depot, DepotId, Limits, PlaceIdx, ProfileId, RouteEnd, RouteStart,
};
use crate::units::{BasisPoints, Cost, Meters, Seconds};

/// Words for a route that ends at its last stop.
const OPEN: [&str; 3] = ["open", "нет", "без возврата"];
/// Longest duty, in seconds.
const DUTY_MAX: Seconds = Seconds(366 * 86_400);
const FIXED_COST_MAX: i64 = 1_000_000_000;
const RATE_MAX: i64 = 1_000_000;

/// The headings that are missing for rows to be couriers.
pub(super) fn missing(has: &dyn Fn(Field) -> bool) -> Vec<&'static str> {
    let mut missing = Vec::new();
    if !has(Field::Id) {
        missing.push("id (\"courier id\", \"код\")");
    }
    let has_window = has(Field::Window) || (has(Field::From) && has(Field::To));
    if !has_window {
        missing.push("from and to (\"смена с\", \"смена до\"), or shift (\"смена\")");
    }
    missing
}

/// The headings that are missing for rows to be depots.
pub(super) fn missing_of_depots(
    has: &dyn Fn(Field) -> bool,
    needs_location: bool,
) -> Vec<&'static str> {
    let mut missing = Vec::new();
    if !has(Field::Id) {
        missing.push("id (\"depot id\", \"код\")");
    }
    missing.extend(place::missing(has).filter(|_| needs_location));
    missing
}

/// The courier in a row, who starts at the only one of `depots` unless the row names another.
pub(super) fn read(
    cells: &mut Cells<'_>,
    depots: &[DepotId],
    profile: &ProfileId,
) -> Option<Courier> {
    let id = cells.id(Field::Id, CourierId::parse);
    let capacities = cells.loads();
    let shift = match cells.window() {
        Some(None) => cells.row_fault("nothing says when the courier works; a shift is needed"),
        shift => shift.flatten(),
    };
    let start = depot(cells, Field::Depots, depots, None);
    let end = if OPEN.contains(&cells.text(Field::EndDepot).to_lowercase().as_str()) {
        Some(RouteEnd::Open)
    } else {
        depot(cells, Field::EndDepot, depots, start.as_ref()).map(RouteEnd::Depot)
    };
    let reload_depots = cells.ids(Field::ReloadDepots, DepotId::parse);
    let max_reloads = cells.scaled(Field::MaxReloads, 0, 0..=1_000_000);
    let breaks = cells.breaks(Field::Breaks);
    let limits = limits(cells);
    let costs = costs(cells);
    let speed = cells.ratio(Field::SpeedFactor);
    let service = cells.ratio(Field::ServiceFactor);
    Some(Courier {
        id: id?,
        name: cells.name(Field::Name),
        phone: cells.owned(Field::Phone),
        profile: profile.clone(),
        capacities: capacities?,
        skills: cells.words(Field::Skills),
        shift: shift?,
        start: RouteStart::Depot(start?),
        end: end?,
        costs: costs?,
        limits: limits?,
        speed_factor: basis_points(speed?),
        service_factor: basis_points(service?),
        reload_depots: reload_depots?,
        max_reloads: max_reloads?.and_then(|reloads| u32::try_from(reloads).ok()),
        breaks: breaks?,
    })
}

fn basis_points(value: i64) -> BasisPoints {
    BasisPoints(value.try_into().unwrap_or(BasisPoints::ONE.0))
}

/// The depot that a cell names; for an empty one `otherwise`, or the only one there is.
fn depot(
    cells: &mut Cells<'_>,
    field: Field,
    depots: &[DepotId],
    otherwise: Option<&DepotId>,
) -> Option<DepotId> {
    let text = cells.text(field);
    let id = latin::id_for(text);
    if let Some(depot) = depots.iter().find(|depot| depot.as_str() == id) {
        return Some(depot.clone());
    }
    let known: Vec<&str> = depots.iter().map(DepotId::as_str).collect();
    match (text, otherwise, depots) {
        ("", Some(depot), _) | ("", None, [depot]) => Some(depot.clone()),
        // The end of a courier whose start is wrong.
        ("", None, _) if field == Field::EndDepot => None,
        ("", None, _) => cells.fault(field, format!("is empty; there are {}", known.join(", "))),
        _ => cells.fault(
            field,
            format!("is no depot; there are {}", known.join(", ")),
        ),
    }
}

fn limits(cells: &mut Cells<'_>) -> Option<Limits> {
    let max_stops = cells.scaled(Field::MaxStops, 0, 0..=1_000_000);
    let max_distance = cells.scaled(Field::MaxDistance, 3, 0..=1_000_000_000);
    let max_duty = cells.span(Field::MaxDuty, 3_600, DUTY_MAX);
    let regular_duty = cells.span(Field::RegularDuty, 3_600, DUTY_MAX);
    Some(Limits {
        max_stops: max_stops?.and_then(|stops| u32::try_from(stops).ok()),
        max_distance: max_distance?.map(Meters),
        max_duty: max_duty?,
        regular_duty: regular_duty?,
    })
}

fn costs(cells: &mut Cells<'_>) -> Option<Costs> {
    let mut cost = |field, most| {
        let cost = cells.scaled(field, 0, 0..=most);
        cost.map(|cost| Cost(cost.unwrap_or_default()))
    };
    let fixed = cost(Field::FixedCost, FIXED_COST_MAX);
    let per_km = cost(Field::CostPerKm, RATE_MAX);
    let per_hour = cost(Field::CostPerHour, RATE_MAX);
    let overtime_per_hour = cost(Field::OvertimeCost, RATE_MAX);
    Some(Costs {
        fixed: fixed?,
        per_km: per_km?,
        per_hour: per_hour?,
        overtime_per_hour: overtime_per_hour?,
    })
}

/// The depot in a row.
pub(super) fn read_depot(cells: &mut Cells<'_>, needs_location: bool) -> Option<Located<Depot>> {
    let id = cells.id(Field::Id, DepotId::parse);
    let place = cells.place(PlaceRules {
        near: &[],
        needs_location,
    });
    let loading = cells.span(Field::Loading, 60, Seconds(86_400));
    let depot = Depot {
        id: id?,
        name: cells.name(Field::Name),
        place: PlaceIdx(0),
        loading: loading?.unwrap_or_default(),
    };
    Some(Located {
        item: depot,
        place: place?,
    })
}

//! Vehicles: what all have in common stands behind keys, what differs in sections with a row a vehicle.

use std::ops::Range;

use super::super::instance::{Fleet, Kind};
use super::super::{FormatError, number};
use super::content;
use super::parts::{Parts, Subject};

/// The clients that each vehicle may serve.
const ALLOWED_CLIENTS: &str = "VEHICLES_ALLOWED_CLIENTS_SECTION";
/// The depots where each vehicle may load for further trips.
const RELOAD_DEPOTS: &str = "VEHICLES_RELOAD_DEPOT_SECTION";

/// A number that all vehicles have in common, or one for each.
enum Values {
    Same(i64),
    Each(Vec<i64>),
}

impl Values {
    /// Reads `KEY` or `KEY_SECTION`, times `scale`; `missing` if there is neither.
    fn read(
        parts: &Parts<'_>,
        key: &str,
        n_vehicles: usize,
        scale: i64,
        missing: i64,
    ) -> Result<Self, FormatError> {
        let section = format!("{key}_SECTION");
        if let Some(values) = parts.column(&section, Subject::Vehicle, n_vehicles, 0, scale)? {
            return Ok(Self::Each(values));
        }
        let same = parts.number::<i64>(key)?;
        Ok(Self::Same(
            same.map_or(missing, |value| value.saturating_mul(scale)),
        ))
    }

    fn of(&self, vehicle: usize) -> i64 {
        match self {
            Self::Same(value) => *value,
            Self::Each(values) => values[vehicle],
        }
    }

    fn differ(&self) -> bool {
        matches!(self, Self::Each(_))
    }
}

/// Reads the vehicles of an instance with `n_nodes` nodes, of which `n_depots` are depots.
pub(super) fn read(
    parts: &Parts<'_>,
    n_nodes: usize,
    n_depots: usize,
    scale: i64,
) -> Result<Fleet, FormatError> {
    const NO_LIMIT: i64 = -1;
    let count: u32 = match parts.number("VEHICLES")? {
        Some(count) => count,
        None => u32::try_from(n_nodes).unwrap_or(u32::MAX),
    };
    if count == 0 {
        return Err(content("VEHICLES is 0"));
    }
    let n = count as usize;
    let is_capacity_known =
        parts.number::<i64>("CAPACITY")?.is_some() || parts.rows("CAPACITY_SECTION").is_some();
    if !is_capacity_known {
        return Err(content("CAPACITY is missing"));
    }
    let capacity = Values::read(parts, "CAPACITY", n, 1, 0)?;
    let fixed = Values::read(parts, "VEHICLES_FIXED_COST", n, scale, 0)?;
    let per_distance = Values::read(parts, "VEHICLES_UNIT_DISTANCE_COST", n, 1, 1)?;
    let duration = Values::read(parts, "VEHICLES_MAX_DURATION", n, scale, NO_LIMIT)?;
    let depots = depots(parts, n, n_depots)?;
    let clients = nodes(parts, ALLOWED_CLIENTS, n, n_depots..n_nodes, "client")?;
    let reloads = nodes(parts, RELOAD_DEPOTS, n, 0..n_depots, "depot")?;
    let reloads_of = |vehicle: usize| reloads.as_ref().map(|reloads| reloads[vehicle].clone());
    let vehicle = |vehicle: usize| Kind {
        depot: depots.as_ref().map_or(0, |depots| depots[vehicle]),
        capacity: capacity.of(vehicle),
        fixed: fixed.of(vehicle),
        per_distance: per_distance.of(vehicle),
        max_duration: Some(duration.of(vehicle)).filter(|&longest| longest != NO_LIMIT),
        clients: clients.as_ref().map(|clients| clients[vehicle].clone()),
        reloads: reloads_of(vehicle).unwrap_or_default(),
    };
    let may_differ = [&capacity, &fixed, &per_distance, &duration]
        .into_iter()
        .any(Values::differ)
        || depots.is_some()
        || clients.is_some()
        || reloads.is_some();
    Ok(if may_differ {
        Fleet::of((0..n).map(vehicle))
    } else {
        Fleet::uniform(vehicle(0), count)
    })
}

/// The depot of each vehicle.
fn depots(
    parts: &Parts<'_>,
    n_vehicles: usize,
    n_depots: usize,
) -> Result<Option<Vec<usize>>, FormatError> {
    const SECTION: &str = "VEHICLES_DEPOT_SECTION";
    let Some(rows) = parts.rows_of(SECTION, Subject::Vehicle, n_vehicles)? else {
        return Ok(None);
    };
    let depots = rows.into_iter().map(|(line, words)| match words {
        [word] => node(word, line, 0..n_depots, "depot"),
        _ => Err(FormatError::Line {
            line,
            what: "expected a vehicle and its depot".to_owned(),
        }),
    });
    depots.collect::<Result<_, _>>().map(Some)
}

/// The nodes that `section` names for each vehicle, ascending; each must be one of `all`, which is what `what` calls
/// them.
fn nodes(
    parts: &Parts<'_>,
    section: &str,
    n_vehicles: usize,
    all: Range<usize>,
    what: &str,
) -> Result<Option<Vec<Vec<usize>>>, FormatError> {
    let Some(rows) = parts.rows_of(section, Subject::Vehicle, n_vehicles)? else {
        return Ok(None);
    };
    let of_vehicle = |(line, words): (usize, &[&str])| {
        let nodes = words.iter().map(|word| node(word, line, all.clone(), what));
        let mut nodes: Vec<usize> = nodes.collect::<Result<_, _>>()?;
        nodes.sort_unstable();
        nodes.dedup();
        Ok(nodes)
    };
    rows.into_iter()
        .map(of_vehicle)
        .collect::<Result<_, _>>()
        .map(Some)
}

/// A node, which the text counts from 1.
fn node(word: &str, line: usize, range: Range<usize>, what: &str) -> Result<usize, FormatError> {
    let node: usize = number(word, line)?;
    match node.checked_sub(1).filter(|node| range.contains(node)) {
        Some(node) => Ok(node),
        None => Err(FormatError::Line {
            line,
            what: format!(
                "node {node} is no {what}: those are {} to {}",
                range.start + 1,
                range.end
            ),
        }),
    }
}

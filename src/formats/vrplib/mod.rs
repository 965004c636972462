//! VRPLIB, in the dialect of PyVRP's benchmarks: capacities and time windows, several depots, mixed fleets, clients that
//! only some vehicles may serve, prizes, several trips with release times; coordinates (`EUC_2D`) or a full matrix (`EXPLICIT`, `FULL_MATRIX`).

mod fleet;
mod parts;

use super::instance::{CostUnit, Distances, Instance, Rounding, VALUE_MAX};
use super::{FormatError, number};
use crate::solver::problem::CLIENTS_MAX;
use parts::{Parts, Subject};

/// Reads an instance in VRPLIB format.
pub(super) fn read(text: &str, rounding: Option<Rounding>) -> Result<Instance, FormatError> {
    let parts = Parts::of(text)?;
    let n: usize = parts
        .number("DIMENSION")?
        .ok_or_else(|| content("DIMENSION is missing"))?;
    if n == 0 || n > CLIENTS_MAX {
        return Err(content(&format!(
            "DIMENSION is {n}; it must be 1 to {CLIENTS_MAX}"
        )));
    }
    let kind = parts.text("TYPE").unwrap_or_default();
    let is_explicit = is_explicit(&parts)?;
    let rounding = rounding.unwrap_or(if is_explicit {
        Rounding::None
    } else {
        usual_rounding(kind)
    });
    if !is_explicit && rounding == Rounding::None {
        return Err(content(
            "EUC_2D distances are no whole numbers: choose the rounding dimacs, exact or round",
        ));
    }
    let scale = rounding.scale();
    let distances = if is_explicit {
        matrix(&parts, n, scale)?
    } else {
        points(&parts, n)?
    };
    let of_node = |section, column, scale| parts.column(section, Subject::Node, n, column, scale);
    let demand = of_node("DEMAND_SECTION", 0, 1)?;
    let n_depots = n_depots(&parts, n)?;
    let mut prizes = of_node("PRIZE_SECTION", 0, scale)?.unwrap_or_else(|| vec![0; n]);
    prizes[..n_depots].fill(0);
    let mut releases = of_node("RELEASE_TIME_SECTION", 0, scale)?.unwrap_or_else(|| vec![0; n]);
    releases[..n_depots].fill(0);
    let instance = Instance {
        name: parts.text("NAME").unwrap_or_default().to_owned(),
        rounding,
        cost_unit: cost_unit(kind),
        fleet: fleet::read(&parts, n, n_depots, scale)?,
        n_depots,
        demand: demand.ok_or_else(|| content("DEMAND_SECTION is missing"))?,
        windows: windows(&parts, n, scale)?,
        service: service(&parts, n, n_depots, scale)?,
        releases,
        prizes,
        distances: distances.into(),
    };
    instance.check_bounds()?;
    Ok(instance)
}

/// The rounding of coordinates that solutions of such instances are compared in.
///
/// Source: the best known solutions published with each set of instances.
fn usual_rounding(kind: &str) -> Rounding {
    match kind {
        "MDVRPTW" | "SDVRPTW" | "HFVRP" => Rounding::Exact,
        _ => Rounding::Dimacs,
    }
}

/// How published solutions of such instances state their cost.
fn cost_unit(kind: &str) -> CostUnit {
    match kind {
        "MDVRPTW" | "SDVRPTW" | "HFVRP" | "PCVRPTW" | "MTVRPTWR" => CostUnit::Integer,
        _ => CostUnit::Text,
    }
}

fn content(what: &str) -> FormatError {
    FormatError::Content(what.to_owned())
}

fn is_explicit(parts: &Parts<'_>) -> Result<bool, FormatError> {
    let is_explicit = match parts.text("EDGE_WEIGHT_TYPE") {
        Some("EXPLICIT") => true,
        Some("EUC_2D") => false,
        other => {
            return Err(content(&format!(
                "EDGE_WEIGHT_TYPE is {other:?}; EUC_2D and EXPLICIT are supported"
            )));
        }
    };
    if is_explicit && parts.text("EDGE_WEIGHT_FORMAT") != Some("FULL_MATRIX") {
        return Err(content(
            "an EXPLICIT instance needs EDGE_WEIGHT_FORMAT : FULL_MATRIX",
        ));
    }
    Ok(is_explicit)
}

fn points(parts: &Parts<'_>, n: usize) -> Result<Distances, FormatError> {
    let rows = parts
        .rows_of("NODE_COORD_SECTION", Subject::Node, n)?
        .ok_or_else(|| content("NODE_COORD_SECTION is missing"))?;
    let point = |(line, words): (usize, &[&str])| match words {
        [x, y] => Ok((number(x, line)?, number(y, line)?)),
        _ => Err(FormatError::Line {
            line,
            what: "expected a node with two coordinates".to_owned(),
        }),
    };
    Ok(Distances::Points(
        rows.into_iter().map(point).collect::<Result<_, _>>()?,
    ))
}

fn matrix(parts: &Parts<'_>, n: usize, scale: i64) -> Result<Distances, FormatError> {
    let rows = parts
        .rows("EDGE_WEIGHT_SECTION")
        .ok_or_else(|| content("EDGE_WEIGHT_SECTION is missing"))?;
    let mut values = Vec::with_capacity(n * n);
    for (line, words) in rows {
        for word in words {
            values.push(number::<i64>(word, *line)?.saturating_mul(scale));
        }
    }
    if values.len() != n * n {
        return Err(content(&format!(
            "EDGE_WEIGHT_SECTION has {} values, expected {}",
            values.len(),
            n * n
        )));
    }
    Ok(Distances::Matrix(values))
}

/// When nodes may be visited. Without windows time matters only if durations are limited or goods are late.
fn windows(
    parts: &Parts<'_>,
    n: usize,
    scale: i64,
) -> Result<Option<Vec<(i64, i64)>>, FormatError> {
    const SECTION: &str = "TIME_WINDOW_SECTION";
    let start = parts.column(SECTION, Subject::Node, n, 0, scale)?;
    let end = parts.column(SECTION, Subject::Node, n, 1, scale)?;
    if let (Some(start), Some(end)) = (start, end) {
        return Ok(Some(start.into_iter().zip(end).collect()));
    }
    let is_limited = parts.text("VEHICLES_MAX_DURATION").is_some()
        || parts.rows("VEHICLES_MAX_DURATION_SECTION").is_some()
        || parts.rows("RELEASE_TIME_SECTION").is_some();
    Ok(is_limited.then(|| vec![(0, VALUE_MAX); n]))
}

/// Service times; depots have none.
fn service(
    parts: &Parts<'_>,
    n: usize,
    n_depots: usize,
    scale: i64,
) -> Result<Vec<i64>, FormatError> {
    let same: i64 = parts.number("SERVICE_TIME")?.unwrap_or(0);
    let mut service = parts
        .column("SERVICE_TIME_SECTION", Subject::Node, n, 0, scale)?
        .unwrap_or_else(|| vec![same.saturating_mul(scale); n]);
    service[..n_depots].fill(0);
    Ok(service)
}

/// Number of depots, which must be the first nodes.
fn n_depots(parts: &Parts<'_>, n: usize) -> Result<usize, FormatError> {
    let rows = parts.rows("DEPOT_SECTION").unwrap_or_default();
    let words = rows
        .iter()
        .flat_map(|(line, words)| words.iter().map(move |word| (*line, *word)));
    let mut n_depots = 0;
    for (line, word) in words.take_while(|&(_, word)| word != "-1") {
        n_depots += 1;
        if number::<usize>(word, line)? != n_depots {
            let what = format!(
                "depot {word} is not supported: depots must be the first nodes, in ascending order"
            );
            return Err(FormatError::Line { line, what });
        }
    }
    Ok(n_depots.clamp(1, n))
}

#[cfg(test)]
mod tests;

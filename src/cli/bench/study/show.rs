//! A study as tables.

use comfy_table::{CellAlignment, Table, presets};

use crate::analysis::resample::Estimate;
use crate::analysis::study::{
    AtEqual, Contrast, Study, comparisons, on_equal_terms, optimism, summaries,
};

/// All that a study says.
pub(super) fn study(study: &Study) -> String {
    let mut parts = vec![overview(study)];
    let definition = &study.definition;
    if definition.ways.len() > 1 {
        parts.push(differences(study));
    }
    parts.extend(equal_terms(study));
    for found in optimism(study) {
        parts.push(format!(
            "{}: {:.2} % of promises kept on the days it was planned for, {:.2} % on others.",
            found.way,
            100.0 * found.rehearsed,
            100.0 * found.kept,
        ));
    }
    parts.join("\n")
}

fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header(header);
    for at in 2..N {
        if let Some(column) = table.column_mut(at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// Means over days.
fn overview(study: &Study) -> String {
    let header = [
        "stress", "way", "feasible", "cost", "drive h", "couriers", "unserved", "kept %",
        "day p5 %", "worst %", "solve s",
    ];
    let mut table = table(header);
    for row in summaries(study) {
        table.add_row([
            row.stress,
            row.way,
            format!("{}/{}", row.n_feasible, row.n_days),
            format!("{:.0}", row.cost),
            format!("{:.2}", row.driving_hours),
            format!("{:.1}", row.couriers),
            row.unserved.to_string(),
            format!("{:.2} ±{:.2}", 100.0 * row.kept, 100.0 * row.kept_error),
            format!("{:.1}", 100.0 * row.day_p5),
            format!("{:.1}", 100.0 * row.worst_stop),
            format!("{:.1}", row.solve_seconds),
        ]);
    }
    let definition = &study.definition;
    let n_orders: usize = definition.days.iter().map(|day| day.n_orders).sum();
    format!(
        "{} days, {n_orders} orders, {} simulated days each. Means over days; ± is the error of simulating.\n{table}",
        definition.days.len(),
        definition.scenarios,
    )
}

/// Differences from the first way.
fn differences(study: &Study) -> String {
    let header = [
        "stress",
        "way",
        "days",
        "kept points",
        "±sim",
        "w/t/l",
        "p",
        "cost %",
        "w/t/l",
        "p",
        "drive %",
        "couriers",
    ];
    let mut table = table(header);
    for row in comparisons(study) {
        table.add_row([
            row.stress,
            row.way,
            row.n_days.to_string(),
            interval(row.kept.mean, row.kept.estimate),
            format!("{:.2}", row.kept_error),
            record(&row.kept),
            p_value(&row.kept),
            interval(row.cost.mean, row.cost.estimate),
            record(&row.cost),
            p_value(&row.cost),
            interval(row.driving.mean, row.driving.estimate),
            interval(row.couriers.mean, row.couriers.estimate),
        ]);
    }
    let first = study.definition.ways.first().map(|way| way.name.as_str());
    format!(
        "Differences from {}, with 95 % intervals over days; w/t/l are days better, alike and worse.\n{table}",
        first.unwrap_or_default()
    )
}

fn record(contrast: &Contrast) -> String {
    format!("{}/{}/{}", contrast.wins, contrast.ties, contrast.losses)
}

fn p_value(contrast: &Contrast) -> String {
    contrast
        .adjusted_p
        .map(|p| format!("{p:.3}"))
        .unwrap_or_default()
}

fn interval(mean: f64, estimate: Option<Estimate>) -> String {
    match estimate {
        Some(estimate) => format!("{mean:+.2} [{:+.2}, {:+.2}]", estimate.low, estimate.high),
        None => format!("{mean:+.2}"),
    }
}

/// Ways against frontiers, if there are both.
fn equal_terms(study: &Study) -> Option<String> {
    let rows = on_equal_terms(study);
    if rows.is_empty() {
        return None;
    }
    let mut table = table([
        "stress",
        "way",
        "frontier",
        "cost % at equal kept",
        "days",
        "kept points at equal cost",
        "days",
    ]);
    for row in rows {
        let at = |found: &AtEqual| {
            found
                .mean
                .map(|mean| interval(mean, found.estimate))
                .unwrap_or_default()
        };
        table.add_row([
            row.stress,
            row.way,
            row.frontier.join(", "),
            at(&row.cost),
            row.cost.n_days.to_string(),
            at(&row.kept),
            row.kept.n_days.to_string(),
        ]);
    }
    Some(format!(
        "On equal terms with frontiers, on the days that these reach.\n{table}"
    ))
}

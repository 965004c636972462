//! Alert rules to be compared, and how they compare.

use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use crate::bench::{LEADS, LiveTotals};
use crate::cli::argument;
use crate::day::AlertRules;
use crate::units::Seconds;

/// Rules with a name.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct NamedRules {
    pub(super) name: String,
    pub(super) rules: AlertRules,
}

/// Reads rules from an argument: `NAME: below=60, clear=80, moved=15m, grave=25, notice=30m`.
pub(super) fn rules(text: &str) -> Result<NamedRules, String> {
    let (name, settings) = argument::named(text)?;
    let mut rules = AlertRules::default();
    let mut clear = None;
    for (key, value) in settings {
        match key {
            "below" => rules.threshold = share(key, value)?,
            "clear" => clear = Some(share(key, value)?),
            "grave" => rules.grave = share(key, value)?,
            "moved" => rules.moved = span(key, value)?,
            "notice" => rules.notice = span(key, value)?,
            _ => {
                return Err(format!(
                    "{key:?} is none of below, clear, grave, moved, notice"
                ));
            }
        }
    }
    rules.clear = clear.unwrap_or(f64::midpoint(rules.threshold, 1.0));
    if rules.clear < rules.threshold {
        return Err("clear is less than below: alerts would be raised and cleared at once".into());
    }
    if rules.grave > rules.threshold {
        return Err("grave is more than below: what is as good as broken is at risk".into());
    }
    Ok(NamedRules { name, rules })
}

fn share(key: &str, value: &str) -> Result<f64, String> {
    let percent: f64 = argument::number(key, value)?;
    if (0.0..=100.0).contains(&percent) {
        Ok(percent / 100.0)
    } else {
        Err(format!("{key}: it must be 0 to 100 percent"))
    }
}

fn span(key: &str, value: &str) -> Result<Seconds, String> {
    const LONGEST: Duration = Duration::from_secs(24 * 3_600);
    if value == "0" {
        return Ok(Seconds::ZERO);
    }
    let span = argument::duration(value).map_err(|fault| format!("{key}: {fault}"))?;
    if span > LONGEST {
        return Err(format!("{key}: it must be up to 24h"));
    }
    Ok(Seconds(i64::try_from(span.as_secs()).unwrap_or(i64::MAX)))
}

/// What would have been told by some rules.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    name: String,
    promises: usize,
    broken: usize,
    /// By lead: of the promises broken, the share whose alert was open, in percent.
    recall_percent: [f64; LEADS.len()],
    /// By lead: of the promises whose alert was open, the share broken, in percent.
    precision_percent: [f64; LEADS.len()],
    raised_per_100_orders: f64,
    false_alarm_percent: f64,
    raised_per_order: f64,
    told_per_order: f64,
    minutes_to_clear: Option<i64>,
}

impl Row {
    pub(super) fn new(name: &str, totals: &LiveTotals) -> Self {
        let alerted = totals.alerted.max(1) as f64;
        let percent = |shares: [f64; LEADS.len()]| shares.map(|share| 100.0 * share);
        Self {
            name: name.to_owned(),
            promises: totals.promises,
            broken: totals.broken,
            recall_percent: percent(totals.recall()),
            precision_percent: percent(totals.precision()),
            raised_per_100_orders: 100.0 * f64::from(totals.raised) / totals.promises.max(1) as f64,
            false_alarm_percent: 100.0 * totals.alerted_kept as f64 / alerted,
            raised_per_order: f64::from(totals.raised) / alerted,
            told_per_order: f64::from(totals.told) / alerted,
            minutes_to_clear: totals.time_to_clear().map(|span| span.0 / 60),
        }
    }
}

/// How rules compare.
pub(super) fn table(rows: &[Row]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    let leads = LEADS.map(|lead| (lead.0 / 60).to_string()).join("/");
    table.set_header([
        "rules".to_owned(),
        format!("recall {leads} min"),
        format!("precision {leads} min"),
        "raised per 100 orders".to_owned(),
        "kept all the same".to_owned(),
        "raised per order".to_owned(),
        "told per order".to_owned(),
        "open until cleared".to_owned(),
    ]);
    let shares = |shares: &[f64]| {
        let shares = shares.iter().map(|share| format!("{share:.1}"));
        format!("{} %", shares.collect::<Vec<_>>().join("/"))
    };
    for row in rows {
        table.add_row([
            row.name.clone(),
            shares(&row.recall_percent),
            shares(&row.precision_percent),
            format!("{:.1}", row.raised_per_100_orders),
            format!("{:.1} %", row.false_alarm_percent),
            format!("{:.2}", row.raised_per_order),
            format!("{:.2}", row.told_per_order),
            row.minutes_to_clear
                .map_or_else(String::new, |minutes| format!("{minutes} min")),
        ]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_as_people_write_them() {
        let read = rules("calm: below=60, moved=15m, grave=20").unwrap();
        let expected = AlertRules {
            threshold: 0.6,
            clear: 0.8,
            moved: Seconds(900),
            grave: 0.2,
            ..AlertRules::default()
        };
        assert_eq!((read.name.as_str(), read.rules), ("calm", expected));
        for bad in [
            "",
            "a: below=101",
            "a: below=60, clear=50",
            "a: below=20, grave=30",
            "a: moved=soon",
            "a: moved=25h",
            "a: tempo=1",
        ] {
            assert!(rules(bad).is_err(), "{bad}");
        }
    }
}

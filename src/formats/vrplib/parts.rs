//! A VRPLIB text taken apart: `KEY : value` lines, and sections of rows.

use std::collections::BTreeMap;

use super::super::{FormatError, number};

/// A row of a section: the number of its line, from 1, and its words.
pub(super) type Row<'a> = (usize, Vec<&'a str>);

/// The same without the number of what the row is about.
pub(super) type Values<'r, 'a> = (usize, &'r [&'a str]);

/// A text taken apart.
#[derive(Default)]
pub(super) struct Parts<'a> {
    keys: BTreeMap<&'a str, (usize, &'a str)>,
    sections: BTreeMap<&'a str, Vec<Row<'a>>>,
}

/// Keys that change nothing, and keys that are read.
const KEYS: [&str; 12] = [
    "NAME",
    "COMMENT",
    "TYPE",
    "DIMENSION",
    "VEHICLES",
    "CAPACITY",
    "EDGE_WEIGHT_TYPE",
    "EDGE_WEIGHT_FORMAT",
    "SERVICE_TIME",
    "VEHICLES_MAX_DURATION",
    "VEHICLES_FIXED_COST",
    "VEHICLES_UNIT_DISTANCE_COST",
];
const SECTIONS: [&str; 15] = [
    "NODE_COORD_SECTION",
    "DEMAND_SECTION",
    "TIME_WINDOW_SECTION",
    "SERVICE_TIME_SECTION",
    "RELEASE_TIME_SECTION",
    "EDGE_WEIGHT_SECTION",
    "DEPOT_SECTION",
    "PRIZE_SECTION",
    "CAPACITY_SECTION",
    "VEHICLES_DEPOT_SECTION",
    "VEHICLES_MAX_DURATION_SECTION",
    "VEHICLES_FIXED_COST_SECTION",
    "VEHICLES_UNIT_DISTANCE_COST_SECTION",
    "VEHICLES_ALLOWED_CLIENTS_SECTION",
    "VEHICLES_RELOAD_DEPOT_SECTION",
];

/// What the rows of a section belong to, counted from 1.
#[derive(Clone, Copy, Debug)]
pub(super) enum Subject {
    Node,
    Vehicle,
}

impl Subject {
    fn name(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Vehicle => "vehicle",
        }
    }

    /// The key that says how many there are.
    fn counted_by(self) -> &'static str {
        match self {
            Self::Node => "DIMENSION",
            Self::Vehicle => "VEHICLES",
        }
    }
}

impl<'a> Parts<'a> {
    /// Takes `text` apart.
    pub(super) fn of(text: &'a str) -> Result<Self, FormatError> {
        let mut parts = Self::default();
        let mut section = None;
        for (line, content) in text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line.trim()))
        {
            if content.is_empty() {
                continue;
            }
            if content == "EOF" {
                break;
            }
            if content.ends_with("_SECTION") {
                let name = known(&SECTIONS, content, line)?;
                section = Some(name);
                parts.sections.entry(name).or_default();
            } else if let Some((key, value)) = content.split_once(':') {
                let key = known(&KEYS, key.trim(), line)?;
                parts.keys.insert(key, (line, value.trim()));
            } else if let Some(rows) = section.and_then(|name| parts.sections.get_mut(name)) {
                rows.push((line, content.split_whitespace().collect()));
            } else {
                return Err(FormatError::Line {
                    line,
                    what: "expected KEY : value or a section".to_owned(),
                });
            }
        }
        Ok(parts)
    }

    /// What stands behind `key`.
    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.keys.get(key).map(|&(_, value)| value)
    }

    /// The number behind `key`.
    pub(super) fn number<T: std::str::FromStr>(&self, key: &str) -> Result<Option<T>, FormatError> {
        self.keys
            .get(key)
            .map(|&(line, value)| number(value, line))
            .transpose()
    }

    /// The rows of a section, whatever they are.
    pub(super) fn rows(&self, section: &str) -> Option<&[Row<'a>]> {
        self.sections.get(section).map(Vec::as_slice)
    }

    /// The rows of a section with a row for each of `n` subjects, without the numbers of the subjects; `None` if there
    /// is no such section.
    pub(super) fn rows_of(
        &self,
        section: &str,
        subject: Subject,
        n: usize,
    ) -> Result<Option<Vec<Values<'_, 'a>>>, FormatError> {
        let Some(rows) = self.rows(section) else {
            return Ok(None);
        };
        if rows.len() != n {
            return Err(super::content(&format!(
                "{section} has {} rows, {} says {n}",
                rows.len(),
                subject.counted_by()
            )));
        }
        let rows = rows.iter().enumerate().map(|(index, (line, words))| {
            let line = *line;
            if number::<usize>(words[0], line)? != index + 1 {
                let what = format!("expected {} {}", subject.name(), index + 1);
                return Err(FormatError::Line { line, what });
            }
            Ok((line, &words[1..]))
        });
        rows.collect::<Result<_, _>>().map(Some)
    }

    /// Value number `column`, from 0, of each row of a section, times `scale`; `None` if there is no such section.
    pub(super) fn column(
        &self,
        section: &str,
        subject: Subject,
        n: usize,
        column: usize,
        scale: i64,
    ) -> Result<Option<Vec<i64>>, FormatError> {
        let Some(rows) = self.rows_of(section, subject, n)? else {
            return Ok(None);
        };
        let values = rows.into_iter().map(|(line, words)| {
            let short = || FormatError::Line {
                line,
                what: format!("{section} needs more columns"),
            };
            let value: i64 = number(words.get(column).ok_or_else(short)?, line)?;
            Ok(value.saturating_mul(scale))
        });
        values.collect::<Result<_, _>>().map(Some)
    }
}

/// The one of `names` that is `name`.
fn known(
    names: &'static [&'static str],
    name: &str,
    line: usize,
) -> Result<&'static str, FormatError> {
    names
        .iter()
        .find(|known| **known == name)
        .copied()
        .ok_or_else(|| FormatError::Line {
            line,
            what: format!(
                "{name} is not supported; supported are {}",
                names.join(", ")
            ),
        })
}

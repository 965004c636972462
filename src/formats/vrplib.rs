//! VRPLIB, the VRPTW subset: coordinates (`EUC_2D`) or a full matrix (`EXPLICIT`, `FULL_MATRIX`).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::instance::{Distances, Instance, Rounding};
use super::{FormatError, number};
use crate::solver::problem::CLIENTS_MAX;

/// A text taken apart: `KEY : value` lines and sections of numbers.
#[derive(Default)]
struct Parts<'a> {
    keys: BTreeMap<&'a str, (usize, &'a str)>,
    sections: BTreeMap<&'a str, Vec<(usize, Vec<&'a str>)>>,
}

/// Keys that change nothing, and keys that are read.
const KEYS: [&str; 9] = [
    "NAME",
    "COMMENT",
    "TYPE",
    "DIMENSION",
    "VEHICLES",
    "CAPACITY",
    "EDGE_WEIGHT_TYPE",
    "EDGE_WEIGHT_FORMAT",
    "SERVICE_TIME",
];
const SECTIONS: [&str; 6] = [
    "NODE_COORD_SECTION",
    "DEMAND_SECTION",
    "TIME_WINDOW_SECTION",
    "SERVICE_TIME_SECTION",
    "EDGE_WEIGHT_SECTION",
    "DEPOT_SECTION",
];

/// Reads a VRPTW instance in VRPLIB format.
pub(super) fn read(text: &str, rounding: Option<Rounding>) -> Result<Instance, FormatError> {
    let parts = Parts::of(text)?;
    let n = parts.dimension()?;
    let explicit = match parts.text("EDGE_WEIGHT_TYPE") {
        Some("EXPLICIT") => true,
        Some("EUC_2D") => false,
        other => {
            return Err(content(&format!(
                "EDGE_WEIGHT_TYPE is {other:?}; EUC_2D and EXPLICIT are supported"
            )));
        }
    };
    if explicit && parts.text("EDGE_WEIGHT_FORMAT") != Some("FULL_MATRIX") {
        return Err(content(
            "an EXPLICIT instance needs EDGE_WEIGHT_FORMAT : FULL_MATRIX",
        ));
    }
    let rounding = rounding.unwrap_or(if explicit {
        Rounding::None
    } else {
        Rounding::Dimacs
    });
    if !explicit && rounding == Rounding::None {
        return Err(content(
            "EUC_2D distances are no whole numbers: choose the rounding dimacs, exact or round",
        ));
    }
    let scale = rounding.scale();
    let distances = if explicit {
        parts.matrix(n, scale)?
    } else {
        parts.points(n)?
    };
    let demand = parts
        .column(n, "DEMAND_SECTION", 1, 1)?
        .ok_or_else(|| content("DEMAND_SECTION is missing"))?;
    let start = parts.column(n, "TIME_WINDOW_SECTION", 1, scale)?;
    let end = parts.column(n, "TIME_WINDOW_SECTION", 2, scale)?;
    let windows: Vec<(i64, i64)> = match (start, end) {
        (Some(start), Some(end)) => start.into_iter().zip(end).collect(),
        _ => return Err(content("TIME_WINDOW_SECTION is missing")),
    };
    let same: i64 = parts.number("SERVICE_TIME")?.unwrap_or(0);
    let mut service = parts
        .column(n, "SERVICE_TIME_SECTION", 1, scale)?
        .unwrap_or_else(|| vec![same * scale; n]);
    if let Some(depot) = service.first_mut() {
        *depot = 0;
    }
    parts.check_depot()?;
    let instance = Instance {
        name: parts.text("NAME").unwrap_or_default().to_owned(),
        rounding,
        n_vehicles: parts
            .number("VEHICLES")?
            .unwrap_or(u32::try_from(n).unwrap_or(u32::MAX)),
        capacity: parts
            .number("CAPACITY")?
            .ok_or_else(|| content("CAPACITY is missing"))?,
        demand,
        windows,
        service,
        distances: Arc::new(distances),
    };
    instance.check_bounds()?;
    Ok(instance)
}

fn content(what: &str) -> FormatError {
    FormatError::Content(what.to_owned())
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Result<Self, FormatError> {
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
                let Some(name) = SECTIONS.into_iter().find(|name| *name == content) else {
                    let what = format!(
                        "{content} is not supported; supported are {}",
                        SECTIONS.join(", ")
                    );
                    return Err(FormatError::Line { line, what });
                };
                section = Some(name);
                parts.sections.entry(name).or_default();
            } else if let Some((key, value)) = content.split_once(':') {
                let Some(key) = KEYS.into_iter().find(|known| *known == key.trim()) else {
                    let what = format!(
                        "{} is not supported; supported are {}",
                        key.trim(),
                        KEYS.join(", ")
                    );
                    return Err(FormatError::Line { line, what });
                };
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

    fn dimension(&self) -> Result<usize, FormatError> {
        let n: usize = self
            .number("DIMENSION")?
            .ok_or_else(|| content("DIMENSION is missing"))?;
        if n > CLIENTS_MAX + 1 {
            let most = CLIENTS_MAX + 1;
            return Err(content(&format!("DIMENSION is larger than {most}")));
        }
        Ok(n)
    }

    fn text(&self, key: &str) -> Option<&'a str> {
        self.keys.get(key).map(|&(_, value)| value)
    }

    fn number<T: std::str::FromStr>(&self, key: &str) -> Result<Option<T>, FormatError> {
        self.keys
            .get(key)
            .map(|&(line, value)| number(value, line))
            .transpose()
    }

    /// Column `column` of a section with a row per node, times `scale`; `None` if there is no such section.
    fn column(
        &self,
        n: usize,
        section: &str,
        column: usize,
        scale: i64,
    ) -> Result<Option<Vec<i64>>, FormatError> {
        let Some(rows) = self.sections.get(section) else {
            return Ok(None);
        };
        self.expect_rows(n, section)?;
        let values = rows.iter().enumerate().map(|(index, (line, words))| {
            let short = || FormatError::Line {
                line: *line,
                what: format!("{section} needs more columns"),
            };
            if number::<usize>(words[0], *line)? != index + 1 {
                return Err(FormatError::Line {
                    line: *line,
                    what: format!("expected node {}", index + 1),
                });
            }
            let value: i64 = number(words.get(column).ok_or_else(short)?, *line)?;
            Ok(value.saturating_mul(scale))
        });
        values.collect::<Result<_, _>>().map(Some)
    }

    fn expect_rows(&self, n: usize, section: &str) -> Result<(), FormatError> {
        let found = self.sections.get(section).map_or(0, Vec::len);
        if found == n {
            Ok(())
        } else {
            Err(content(&format!(
                "{section} has {found} rows, DIMENSION says {n}"
            )))
        }
    }

    fn points(&self, n: usize) -> Result<Distances, FormatError> {
        self.expect_rows(n, "NODE_COORD_SECTION")?;
        let rows = &self.sections["NODE_COORD_SECTION"];
        let point = |(line, words): &(usize, Vec<&str>)| match words.as_slice() {
            [_, x, y] => Ok((number(x, *line)?, number(y, *line)?)),
            _ => Err(FormatError::Line {
                line: *line,
                what: "expected a node with two coordinates".to_owned(),
            }),
        };
        Ok(Distances::Points(
            rows.iter().map(point).collect::<Result<_, _>>()?,
        ))
    }

    fn matrix(&self, n: usize, scale: i64) -> Result<Distances, FormatError> {
        let rows = self
            .sections
            .get("EDGE_WEIGHT_SECTION")
            .ok_or_else(|| content("EDGE_WEIGHT_SECTION is missing"))?;
        let n_values = rows.iter().map(|(_, words)| words.len()).sum();
        let mut values = Vec::with_capacity(n_values);
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

    /// The depot must be node 1, as in every file of this family.
    fn check_depot(&self) -> Result<(), FormatError> {
        let rows = self.sections.get("DEPOT_SECTION").into_iter().flatten();
        match rows
            .flat_map(|(line, words)| words.iter().map(move |word| (*line, *word)))
            .find(|(_, word)| !["1", "-1"].contains(word))
        {
            Some((line, word)) => {
                let what = format!(
                    "depot {word} is not supported: there must be one depot, and it must be node 1"
                );
                Err(FormatError::Line { line, what })
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MATRIX: &str = "NAME : M\nTYPE : VRPTW\nDIMENSION : 3\nEDGE_WEIGHT_TYPE : EXPLICIT\nVEHICLES : 2\n\
        EDGE_WEIGHT_FORMAT : FULL_MATRIX\nCAPACITY : 10\nEDGE_WEIGHT_SECTION\n0 5 7\n6 0 2\n8 3 0\nDEMAND_SECTION\n1 0\n2 4\n3 5\n\
        DEPOT_SECTION\n1\n-1\nSERVICE_TIME_SECTION\n1 0\n2 10\n3 10\nTIME_WINDOW_SECTION\n1 0 100\n2 20 30\n3 0 90\nEOF\n";

    #[test]
    fn a_matrix_is_taken_as_given_and_may_be_asymmetric() {
        let instance = read(MATRIX, None).unwrap();
        assert_eq!((instance.distance(1, 2), instance.distance(2, 1)), (2, 3));
        assert_eq!(instance.check(&[vec![1, 2]]), Ok(5 + 2 + 8));
        assert_eq!(
            instance.check(&[vec![1]]),
            Err(super::super::Fault::Coverage(2))
        );
    }

    #[test]
    fn coordinates_follow_the_rounding_asked_for() {
        let text = MATRIX
            .replace("EXPLICIT", "EUC_2D")
            .replace("EDGE_WEIGHT_FORMAT : FULL_MATRIX\n", "");
        let text = text.replace(
            "EDGE_WEIGHT_SECTION\n0 5 7\n6 0 2\n8 3 0",
            "NODE_COORD_SECTION\n1 0 0\n2 1 1\n3 2 0",
        );
        let cases = [
            (Rounding::Dimacs, 14),
            (Rounding::Exact, 1_414),
            (Rounding::Round, 1),
        ];
        for (rounding, expected) in cases {
            assert_eq!(
                read(&text, Some(rounding)).unwrap().distance(0, 1),
                expected
            );
        }
        assert!(read(&text, Some(Rounding::None)).is_err());
    }

    #[test]
    fn what_is_not_supported_is_refused_by_name() {
        let cases = [
            (
                "CAPACITY : 10",
                "VEHICLES_MAX_DURATION : 10",
                "line 7: VEHICLES_MAX_DURATION is not supported",
            ),
            (
                "6 0 2\n",
                "",
                "EDGE_WEIGHT_SECTION has 6 values, expected 9",
            ),
            (
                "3 5\nDEPOT",
                "DEPOT",
                "DEMAND_SECTION has 2 rows, DIMENSION says 3",
            ),
            (
                "DEPOT_SECTION\n1\n",
                "DEPOT_SECTION\n2\n",
                "line 17: depot 2 is not supported",
            ),
            ("0 5 7", "0 -5 7", "a matrix entry of -5 is outside 0 to"),
        ];
        for (old, new, message) in cases {
            let error = read(&MATRIX.replace(old, new), None)
                .unwrap_err()
                .to_string();
            assert!(error.starts_with(message), "{error}");
        }
    }
}

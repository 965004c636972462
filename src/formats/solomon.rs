//! Solomon's text format (Solomon, 1987; Gehring and Homberger, 1999).

use std::sync::Arc;

use super::instance::{CostUnit, Distances, Fleet, Instance, Kind, Rounding};
use super::{FormatError, number};

/// Reads an instance in Solomon's format.
pub(super) fn read(text: &str, rounding: Option<Rounding>) -> Result<Instance, FormatError> {
    let rounding = rounding.unwrap_or(Rounding::Dimacs);
    let name = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default()
        .to_owned();
    let mut fleet = None;
    let mut nodes: Vec<[f64; 7]> = Vec::new();
    for (number_of_line, line) in text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
    {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words
            .first()
            .is_none_or(|word| word.parse::<f64>().is_err())
        {
            if words.is_empty() || nodes.is_empty() {
                continue;
            }
            let start: String = line.trim().chars().take(40).collect();
            let what = format!("expected a row of seven numbers, found {start:?}");
            return Err(FormatError::Line {
                line: number_of_line,
                what,
            });
        }
        match (words.len(), fleet) {
            (2, None) => {
                fleet = Some((
                    number(words[0], number_of_line)?,
                    number(words[1], number_of_line)?,
                ))
            }
            (7, Some(_)) => nodes.push(node(&words, number_of_line, nodes.len())?),
            _ => {
                let what = "expected the number of vehicles and their capacity, then seven columns a client".to_owned();
                return Err(FormatError::Line {
                    line: number_of_line,
                    what,
                });
            }
        }
    }
    let missing = || {
        FormatError::Content(
            "there is no line with the number of vehicles and their capacity".to_owned(),
        )
    };
    let (n_vehicles, capacity) = fleet.ok_or_else(missing)?;
    let instance = instance(name, rounding, n_vehicles, capacity, &nodes);
    instance.check_bounds()?;
    Ok(instance)
}

/// The instance of so many vehicles and these rows, the depot's first.
fn instance(
    name: String,
    rounding: Rounding,
    n_vehicles: u32,
    capacity: i64,
    nodes: &[[f64; 7]],
) -> Instance {
    let scaled = |value: f64| whole(value * rounding.scale() as f64);
    let kind = Kind {
        capacity,
        per_distance: 1,
        ..Kind::default()
    };
    let windows = nodes.iter().map(|node| (scaled(node[4]), scaled(node[5])));
    Instance {
        name,
        rounding,
        cost_unit: CostUnit::Text,
        fleet: Fleet::uniform(kind, n_vehicles),
        n_depots: 1,
        demand: nodes.iter().map(|node| whole(node[3])).collect(),
        windows: Some(windows.collect()),
        service: nodes.iter().map(|node| scaled(node[6])).collect(),
        releases: vec![0; nodes.len()],
        prizes: vec![0; nodes.len()],
        distances: Arc::new(Distances::Points(
            nodes.iter().map(|node| (node[1], node[2])).collect(),
        )),
    }
}

fn node(words: &[&str], line: usize, expected: usize) -> Result<[f64; 7], FormatError> {
    let mut columns = [0.0_f64; 7];
    for (column, word) in columns.iter_mut().zip(words) {
        *column = number(word, line)?;
        if !column.is_finite() {
            let what = format!("{word:?} is not a finite number");
            return Err(FormatError::Line { line, what });
        }
    }
    if columns[3].fract() != 0.0 {
        let what = format!("the demand {} is not a whole number", words[3]);
        return Err(FormatError::Line { line, what });
    }
    if number::<usize>(words[0], line)? != expected {
        return Err(FormatError::Line {
            line,
            what: format!("expected customer {expected}, found {}", words[0]),
        });
    }
    Ok(columns)
}

/// The integer part; far too large values stay too large, for the bounds to be refused.
#[expect(
    clippy::cast_possible_truncation,
    reason = "casts from floats saturate"
)]
fn whole(value: f64) -> i64 {
    value as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    const TINY: &str = "TINY\n\nVEHICLE\nNUMBER     CAPACITY\n  2         10\n\nCUSTOMER\nCUST NO.  XCOORD. YCOORD. DEMAND READY DUE SERVICE\n\n\
                        0 0 0 0 0 100 0\n1 3 4 5 10 20 2\n2 1 1 6 0 50 2\n";

    #[test]
    fn distances_are_truncated_to_one_decimal() {
        let instance = read(TINY, None).unwrap();
        assert_eq!((instance.n_nodes(), instance.n_clients()), (3, 2));
        assert_eq!((instance.distance(0, 1), instance.distance(0, 2)), (50, 14));
        assert_eq!(
            instance.windows.as_deref(),
            Some(&[(0, 1_000), (100, 200), (0, 500)][..])
        );
        assert_eq!(instance.check(&[vec![1], vec![2]]), Ok(128));
        assert_eq!(instance.show_cost(128), "12.8");
    }

    #[test]
    fn a_bad_line_is_named() {
        let bad = TINY.replace("1 3 4 5", "1 3 four 5");
        assert_eq!(
            read(&bad, None).unwrap_err().to_string(),
            "line 11: \"four\" is not a number of the kind expected here"
        );
        let short = TINY.replace("2 1 1 6 0 50 2", "2 1 1 6 0 50");
        assert!(
            read(&short, None)
                .unwrap_err()
                .to_string()
                .starts_with("line 12: expected")
        );
        assert!(read("nothing here", None).is_err());
        for (old, new) in [
            ("2 1 1 6", "2O 1 1 6"),
            ("2 1 1 6 0 50 2\n", "2 1 1 6 0 50 2\nthe end"),
            ("2 1 1 6", "2 1 1 NaN"),
            ("2 1 1 6", "2 1 1 6.5"),
        ] {
            let error = read(&TINY.replace(old, new), None).unwrap_err();
            assert!(error.to_string().starts_with("line 1"), "{new}: {error}");
        }
    }

    #[test]
    fn windows_that_end_before_they_begin_are_all_told() {
        let bad = TINY
            .replace("10 20 2", "20 10 2")
            .replace("0 50 2", "50 0 2");
        assert_eq!(
            read(&bad, None).unwrap_err().to_string(),
            "client 1: the window ends at 10 before it begins at 20\n\
             client 2: the window ends at 0 before it begins at 50"
        );
        assert!(read(&TINY.replace(" 100 0\n", " 1e300 0\n"), None).is_err());
    }
}

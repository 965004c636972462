//! VRPLIB solutions.

use std::fmt::Write;

use super::{FormatError, number};

/// The text of a solution: a line a route, numbered from 1, with nodes as the instance numbers them (the first depot
/// being 0; a depot within a route begins another trip), then the cost.
#[must_use]
pub fn write_solution(routes: &[Vec<usize>], cost: &str) -> String {
    let mut text = String::new();
    for (index, route) in routes.iter().enumerate() {
        let nodes: Vec<String> = route.iter().map(usize::to_string).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "Route #{}: {}", index + 1, nodes.join(" "));
    }
    let _ = writeln!(text, "Cost {cost}");
    text
}

/// A solution as its text tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WrittenSolution {
    /// Nodes in sequence, without the depots at both ends, for each route number that was given a line.
    pub routes: Vec<Vec<usize>>,
    /// The cost as it is stated, if it is.
    pub cost: Option<String>,
}

/// Reads the text of a solution: `Route #1: 5 3` lines numbered from 1 without gaps, and a `Cost` line. An `Optimal` line
/// says how good others think it is, and is passed over.
///
/// # Errors
/// At the first line that is none of these.
pub fn read_solution(text: &str) -> Result<WrittenSolution, FormatError> {
    let mut solution = WrittenSolution::default();
    for (line, content) in (1..).zip(text.lines().map(str::trim)) {
        if let Some(route) = content.strip_prefix("Route #") {
            let expected = solution.routes.len() + 1;
            let bad = || FormatError::Line {
                line,
                what: format!("expected Route #{expected}: and its nodes"),
            };
            let (route, nodes) = route.split_once(':').ok_or_else(bad)?;
            if number::<usize>(route.trim(), line)? != expected {
                return Err(bad());
            }
            let nodes = nodes.split_whitespace().map(|word| number(word, line));
            solution.routes.push(nodes.collect::<Result<_, _>>()?);
        } else if let Some(cost) = content.strip_prefix("Cost") {
            solution.cost = Some(cost.trim_start_matches(':').trim().to_owned());
        } else if !content.is_empty() && !content.starts_with("Optimal:") {
            let what = "expected a line Route #1: and its nodes, or Cost".to_owned();
            return Err(FormatError::Line { line, what });
        }
    }
    Ok(solution)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_numbered_from_one_and_the_cost_stands_last() {
        assert_eq!(
            write_solution(&[vec![5, 3], vec![1]], "2698.6"),
            "Route #1: 5 3\nRoute #2: 1\nCost 2698.6\n"
        );
    }

    #[test]
    fn a_solution_is_read_as_it_was_written() {
        let routes = vec![vec![5, 3], vec![], vec![1]];
        let read = read_solution(&write_solution(&routes, "17")).unwrap();
        assert_eq!(read.routes, routes);
        assert_eq!(read.cost.as_deref(), Some("17"));
        let spaced = read_solution("Route #1: 2 1 \n\nCost: 6655548\nOptimal: True\n").unwrap();
        assert_eq!(spaced.routes, vec![vec![2, 1]]);
        assert_eq!(spaced.cost.as_deref(), Some("6655548"));
    }

    #[test]
    fn lines_of_another_kind_are_refused_by_their_number() {
        for (text, message) in [
            ("Route #2: 1\n", "line 1: expected Route #1:"),
            ("Route #1: 1\nRoute #2 1\n", "line 2: expected Route #2:"),
            ("Route #1: 1 two\n", "line 1: \"two\" is not a number"),
            ("1 2 3\n", "line 1: expected a line Route #1:"),
        ] {
            let error = read_solution(text).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
    }
}

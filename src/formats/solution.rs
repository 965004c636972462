//! VRPLIB solutions.

use std::fmt::Write;

use super::{FormatError, number};

/// The text of a solution: a line a route, numbered from 1, with nodes as the instance numbers its customers (the depot
/// being 0), then the cost.
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

/// The routes of a solution of an instance with `n_nodes` nodes, the depot included.
///
/// # Errors
/// If a line is neither a route of its customers nor the cost.
pub fn read_solution(text: &str, n_nodes: usize) -> Result<Vec<Vec<usize>>, FormatError> {
    let mut routes = Vec::new();
    for (index, content) in text.lines().enumerate() {
        let line = index + 1;
        let refuse = |what: String| FormatError::Line { line, what };
        let content = content.trim();
        if content.is_empty() || content.to_ascii_lowercase().starts_with("cost") {
            continue;
        }
        let nodes = content
            .strip_prefix("Route")
            .and_then(|rest| rest.split_once(':'));
        let Some((_, nodes)) = nodes else {
            return Err(refuse("neither `Route #1: ...` nor `Cost ...`".to_owned()));
        };
        let mut route = Vec::new();
        for word in nodes.split_whitespace() {
            let node: usize = number(word, line)?;
            if !(1..n_nodes).contains(&node) {
                return Err(refuse(format!("{node} is no customer of the instance")));
            }
            route.push(node);
        }
        routes.push(route);
    }
    Ok(routes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_solution_written_is_read_again() {
        let routes = vec![vec![5, 3], vec![1]];
        assert_eq!(
            read_solution(&write_solution(&routes, "2698.6"), 6),
            Ok(routes)
        );
    }

    #[test]
    fn lines_that_are_no_routes_are_refused_by_number() {
        let fault = |text| read_solution(text, 6).unwrap_err().to_string();
        assert!(fault("Route #1: 1\nRoute #2: 6").starts_with("line 2: 6 is no customer"));
        assert!(fault("Route #1: 1 x").starts_with("line 1"));
        assert!(fault("1 2 3").starts_with("line 1: neither"));
    }

    #[test]
    fn routes_are_numbered_from_one_and_the_cost_stands_last() {
        assert_eq!(
            write_solution(&[vec![5, 3], vec![1]], "2698.6"),
            "Route #1: 5 3\nRoute #2: 1\nCost 2698.6\n"
        );
    }
}

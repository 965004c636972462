//! VRPLIB solutions.

use std::fmt::Write;

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
}

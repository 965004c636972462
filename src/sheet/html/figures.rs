//! Pictures within the page: the sketch of the route and the codes to scan.

use std::fmt::Write as _;

use maud::{Markup, html};

use crate::sheet::StopCode;
use crate::sheet::sketch::{MarkKind, Sketch};

/// The sketch; `size` is what it was drawn into.
pub(super) fn sketch_picture(sketch: &Sketch, size: [f32; 2], label: &str) -> Markup {
    let number = |at: f32| format!("{at:.1}");
    html! {
        svg viewBox={ "0 0 " (size[0]) " " (size[1]) } role="img" aria-label=(label) {
            @for leg in &sketch.legs {
                line x1=(number(leg.from[0])) y1=(number(leg.from[1]))
                    x2=(number(leg.to[0])) y2=(number(leg.to[1]))
                    stroke="#000" stroke-width="0.7"
                    stroke-dasharray=[(!leg.is_whole).then_some("2 2")] {}
            }
            @for mark in &sketch.marks {
                @match mark.kind {
                    MarkKind::Base => rect x=(number(mark.at[0] - 3.5)) y=(number(mark.at[1] - 3.5))
                        width="7" height="7" {},
                    MarkKind::Stop => circle cx=(number(mark.at[0])) cy=(number(mark.at[1])) r="1.9" {},
                }
                @if let Some((text, [x, middle])) = &mark.label {
                    text x=(number(*x)) y=(number(middle + 2.4)) font-size="6.5" font-weight="bold" { (text) }
                }
            }
        }
    }
}

/// A code, one unit a module.
pub(super) fn code_picture(code: &StopCode, label: &str) -> Markup {
    // Four light modules around a code belong to it.
    let side = code.side + 8;
    html! {
        svg.code viewBox={ "-4 -4 " (side) " " (side) } shape-rendering="crispEdges" role="img" aria-label=(label) {
            // Lines that overlap by a hair leave no light seams between rows.
            path d=(modules(code)) stroke="#000" stroke-width="1.02" {}
        }
    }
}

/// Lines along the middles of the rows through the dark modules, neighbors together.
fn modules(code: &StopCode) -> String {
    let mut path = String::new();
    for (y, row) in code.dark.chunks(code.side).enumerate() {
        let mut x = 0;
        for stretch in row.chunk_by(|a, b| a == b) {
            let width = stretch.len();
            if stretch[0] {
                // Writing to a String cannot fail.
                let _ = write!(path, "M{x} {y}.5h{width}");
            }
            x += width;
        }
    }
    path
}

//! Plots as SVG: panels with axes, points, lines and intervals; no knowledge of studies.

use maud::{Markup, html};

/// Shapes of points, so that ways can be told apart without color, too.
const SHAPES: usize = 4;
/// Colors in the style sheet, `s0` to `s7`.
const COLORS: usize = 8;
/// Room for a character of a label, in units of the drawing.
const CHARACTER: f64 = 6.4;
const TOP: f64 = 28.0;
const RIGHT: f64 = 16.0;
const BOTTOM: f64 = 46.0;

/// How values become positions.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scale {
    /// In equal steps from the first value to the second, which may be the smaller one.
    Linear(f64, f64),
    /// Shares from the first to the second, stretched towards 0 and 1: half as many misses are always equally far.
    Logit(f64, f64),
}

/// One side of a panel.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub(super) label: String,
    pub(super) scale: Scale,
    /// Values and what is written at them; `None` for round numbers.
    pub(super) ticks: Option<Vec<(f64, String)>>,
}

/// One thing in a panel.
#[derive(Clone, Debug)]
pub(super) enum Mark {
    /// A line through points.
    Line {
        series: usize,
        points: Vec<(f64, f64)>,
    },
    /// A point with the ends of its intervals, and what it says when pointed at.
    Point {
        series: usize,
        at: (f64, f64),
        x_interval: Option<(f64, f64)>,
        y_interval: Option<(f64, f64)>,
        says: String,
    },
    /// A dashed line across the panel from one point to another, with words at its upper end.
    Reference {
        from: (f64, f64),
        to: (f64, f64),
        words: String,
    },
}

/// A plot.
#[derive(Clone, Debug)]
pub(super) struct Panel {
    pub(super) title: String,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) marks: Vec<Mark>,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Scale {
    /// The position of `value` from 0 to 1; what is beyond an end is drawn at the end.
    fn at(self, value: f64) -> f64 {
        let logit = |share: f64| {
            let share = share.clamp(1e-6, 1.0 - 1e-6);
            (share / (1.0 - share)).ln()
        };
        let (low, high, value) = match self {
            Self::Linear(low, high) => (low, high, value),
            Self::Logit(low, high) => (logit(low), logit(high), logit(value)),
        };
        ((value - low) / (high - low)).clamp(0.0, 1.0)
    }

    fn ticks(self) -> Vec<(f64, String)> {
        match self {
            Self::Linear(low, high) => round_numbers(low.min(high), low.max(high)),
            Self::Logit(low, high) => {
                let shares = [
                    0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995,
                    0.999,
                ];
                let inside = shares
                    .into_iter()
                    .filter(|share| (low..=high).contains(share));
                inside
                    .map(|share| (share, trimmed(100.0 * share, 1)))
                    .collect()
            }
        }
    }
}

/// Up to eight round numbers between two others.
fn round_numbers(low: f64, high: f64) -> Vec<(f64, String)> {
    let rough = (high - low).max(1e-9) / 7.0;
    let magnitude = 10.0_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * magnitude);
    let step = step
        .into_iter()
        .find(|step| *step >= rough * 0.999)
        .unwrap_or(magnitude);
    let first = (low / step - 1e-6).ceil();
    let numbers = (0..12).map(|number| (first + f64::from(number)) * step);
    let inside = numbers.filter(|value| *value <= high + step * 1e-6);
    inside.map(|value| (value, trimmed(value, 3))).collect()
}

/// A number with at most so many decimals and a true minus sign.
pub(super) fn trimmed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    match text.strip_prefix('-') {
        Some("0") => "0".to_owned(),
        Some(digits) => format!("−{digits}"),
        None => text.to_owned(),
    }
}

/// The mark of a series, for points and legends, around a position.
fn marker(series: usize, x: f64, y: f64) -> Markup {
    let path = |d: String| html! { path d=(d) {} };
    match series % SHAPES {
        0 => html! { circle cx=(number(x)) cy=(number(y)) r="4" {} },
        1 => html! { rect x=(number(x - 3.7)) y=(number(y - 3.7)) width="7.4" height="7.4" {} },
        2 => path(format!("M{} {}l4.8 8.4h-9.6z", number(x), number(y - 5.2))),
        _ => path(format!(
            "M{} {}l5.2 5.2l-5.2 5.2l-5.2 -5.2z",
            number(x),
            number(y - 5.2)
        )),
    }
}

fn class(series: usize) -> String {
    format!("s{}", series % COLORS)
}

/// What each series is called.
pub(super) fn legend(names: &[String]) -> Markup {
    html! {
        ul.legend {
            @for (series, name) in names.iter().enumerate() {
                li {
                    svg viewBox="0 0 14 14" width="14" height="14" aria-hidden="true" {
                        g class=(class(series)) { (marker(series, 7.0, 7.0)) }
                    }
                    " " (name)
                }
            }
        }
    }
}

/// One decimal is a tenth of a pixel.
fn number(value: f64) -> String {
    format!("{value:.1}")
}

impl Panel {
    /// The panel as an SVG element.
    pub(super) fn draw(&self) -> Markup {
        let size = format!("0 0 {:.0} {:.0}", self.width, self.height);
        html! {
            svg.plot viewBox=(size) style=(format!("max-width:{:.0}px", self.width)) role="img" aria-label=(self.title) {
                text.title x=(number(self.title_left())) y="16" { (self.title) }
                (self.axes())
                @for mark in &self.marks { (self.mark(mark)) }
            }
        }
    }

    /// Where the title begins: above the plot, or further left if it is long.
    fn title_left(&self) -> f64 {
        let width = 1.2 * CHARACTER * self.title.chars().count() as f64;
        self.left().min(self.width - width).max(4.0)
    }

    /// Room for the labels of the upright axis.
    fn left(&self) -> f64 {
        let longest = self
            .y_ticks()
            .iter()
            .map(|(_, words)| words.chars().count())
            .max();
        let label = if self.y.label.is_empty() { 12.0 } else { 28.0 };
        label + CHARACTER * longest.unwrap_or(0) as f64
    }

    fn y_ticks(&self) -> Vec<(f64, String)> {
        self.y.ticks.clone().unwrap_or_else(|| self.y.scale.ticks())
    }

    fn x(&self, value: f64) -> f64 {
        let left = self.left();
        left + self.x.scale.at(value) * (self.width - left - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        self.bottom() - self.y.scale.at(value) * (self.bottom() - TOP)
    }

    fn bottom(&self) -> f64 {
        self.height - BOTTOM
    }

    fn axes(&self) -> Markup {
        let (left, right, bottom) = (self.left(), self.width - RIGHT, self.bottom());
        let x_ticks = self.x.ticks.clone().unwrap_or_else(|| self.x.scale.ticks());
        let width = |words: &str| CHARACTER * words.chars().count() as f64 + 8.0;
        let x_ticks = x_ticks
            .into_iter()
            .map(|(value, words)| (self.x(value), width(&words), words));
        let y_ticks = self
            .y_ticks()
            .into_iter()
            .map(|(value, words)| (self.y(value), 14.0, words));
        let middle = (TOP + bottom) / 2.0;
        html! {
            g.grid {
                @for (at, words) in apart(x_ticks) {
                    line x1=(number(at)) x2=(number(at)) y1=(number(TOP)) y2=(number(bottom)) {}
                    text x=(number(at)) y=(number(bottom + 16.0)) text-anchor="middle" { (words) }
                }
                @for (at, words) in apart(y_ticks) {
                    line x1=(number(left)) x2=(number(right)) y1=(number(at)) y2=(number(at)) {}
                    text x=(number(left - 6.0)) y=(number(at + 4.0)) text-anchor="end" { (words) }
                }
                text x=(number((left + right) / 2.0)) y=(number(self.height - 8.0)) text-anchor="middle" { (self.x.label) }
                text x="12" y=(number(middle)) text-anchor="middle"
                    transform=(format!("rotate(-90 12 {})", number(middle))) { (self.y.label) }
            }
        }
    }

    fn mark(&self, mark: &Mark) -> Markup {
        match mark {
            Mark::Line { series, points } => {
                let points = points
                    .iter()
                    .map(|&(x, y)| format!("{},{}", number(self.x(x)), number(self.y(y))));
                let points: Vec<String> = points.collect();
                html! { polyline.line.(class(*series)) points=(points.join(" ")) {} }
            }
            Mark::Point {
                series,
                at,
                x_interval,
                y_interval,
                says,
            } => {
                let (x, y) = (self.x(at.0), self.y(at.1));
                html! {
                    g class=(class(*series)) {
                        title { (says) }
                        @if let Some((low, high)) = x_interval { (segment((self.x(*low), y), (self.x(*high), y))) }
                        @if let Some((low, high)) = y_interval { (segment((x, self.y(*low)), (x, self.y(*high)))) }
                        (marker(*series, x, y))
                    }
                }
            }
            Mark::Reference { from, to, words } => {
                let (from, to) = (
                    (self.x(from.0), self.y(from.1)),
                    (self.x(to.0), self.y(to.1)),
                );
                // Words go to the side with more room.
                let is_right = to.0 > self.width / 2.0;
                let (anchor, shift) = if is_right {
                    ("end", -5.0)
                } else {
                    ("start", 5.0)
                };
                html! {
                    g.reference {
                        (segment(from, to))
                        text x=(number(to.0 + shift)) y=(number(to.1 + 12.0)) text-anchor=(anchor) { (words) }
                    }
                }
            }
        }
    }
}

fn segment(from: (f64, f64), to: (f64, f64)) -> Markup {
    html! { line x1=(number(from.0)) y1=(number(from.1)) x2=(number(to.0)) y2=(number(to.1)) {} }
}

/// Labels, by position and size, without those that would run into the one before.
fn apart(ticks: impl Iterator<Item = (f64, f64, String)>) -> Vec<(f64, String)> {
    let mut kept: Vec<(f64, f64, String)> = Vec::new();
    for (at, size, words) in ticks {
        let is_free = kept
            .last()
            .is_none_or(|(last, width, _)| (at - last).abs() >= f64::midpoint(*width, size));
        if is_free {
            kept.push((at, size, words));
        }
    }
    kept.into_iter().map(|(at, _, words)| (at, words)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_beyond_an_axis_are_drawn_at_its_end() {
        let scale = Scale::Logit(0.5, 0.999);
        assert!((scale.at(1.0) - 1.0).abs() < 1e-12);
        assert!(scale.at(0.0).abs() < 1e-12);
        assert!((Scale::Linear(10.0, 0.0).at(2.5) - 0.75).abs() < 1e-12);
    }

    #[test]
    fn ticks_are_round_and_inside() {
        let words = |scale: Scale| -> Vec<String> {
            scale.ticks().into_iter().map(|(_, words)| words).collect()
        };
        assert_eq!(words(Scale::Linear(-2.0, 2.4)), ["−2", "−1", "0", "1", "2"]);
        assert_eq!(
            words(Scale::Linear(95.1, 96.0)),
            ["95.2", "95.4", "95.6", "95.8", "96"]
        );
        assert_eq!(
            words(Scale::Logit(0.5, 0.99)),
            ["50", "70", "80", "90", "95", "98", "99"]
        );
    }

    #[test]
    fn labels_do_not_run_into_each_other() {
        let ticks = (0..100).map(|tick| (f64::from(tick), 20.0, tick.to_string()));
        let kept = apart(ticks);
        assert_eq!(kept.len(), 5);
    }
}

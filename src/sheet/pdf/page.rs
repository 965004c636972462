//! Pages as they are laid out: marks on paper with their places, in points (1/72 inch) from the top left corner.

use std::sync::Arc;

use super::font::Weight;
use crate::sheet::StopCode;

/// A4, in points.
pub(super) const PAPER: [f32; 2] = [595.276, 841.89];

/// Points in a millimeter.
pub(super) const MM: f32 = 72.0 / 25.4;

/// Left and right edge of everything printed.
pub(super) const LEFT: f32 = 11.0 * MM;
pub(super) const RIGHT: f32 = PAPER[0] - LEFT;

/// Width of everything printed.
pub(super) const WIDTH: f32 = RIGHT - LEFT;

/// Size and weight of text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Style {
    pub(super) size: f32,
    pub(super) weight: Weight,
}

impl Style {
    pub(super) const fn regular(size: f32) -> Self {
        let weight = Weight::Regular;
        Self { size, weight }
    }

    pub(super) const fn bold(size: f32) -> Self {
        let weight = Weight::Bold;
        Self { size, weight }
    }

    /// Width of printable text.
    pub(super) fn width(self, text: &str) -> f32 {
        self.weight.face().width(text) * self.size
    }

    /// From the top of a line to its baseline.
    pub(super) fn ascent(self) -> f32 {
        self.size * 0.95
    }

    /// From one baseline to the next.
    pub(super) fn line_height(self) -> f32 {
        self.size * 1.22
    }
}

/// A mark on paper.
#[derive(Clone, Debug)]
pub(super) enum Item {
    /// A line of text from the left end of its baseline on.
    Text {
        at: [f32; 2],
        style: Style,
        text: String,
        /// Whether the text that it is part of is read from right to left.
        is_backward: bool,
    },
    /// A straight line.
    Line {
        from: [f32; 2],
        to: [f32; 2],
        width: f32,
        is_dashed: bool,
    },
    /// The edges of a box.
    Frame {
        at: [f32; 2],
        size: [f32; 2],
        width: f32,
    },
    /// A black box.
    Block { at: [f32; 2], size: [f32; 2] },
    /// A black disk.
    Dot { at: [f32; 2], radius: f32 },
    /// A QR code of so many points along each side.
    Code {
        at: [f32; 2],
        side: f32,
        code: Arc<StopCode>,
    },
}

impl Item {
    /// A line across from `from` to `to`.
    pub(super) fn rule(from: f32, to: f32, y: f32, width: f32) -> Self {
        Self::Line {
            from: [from, y],
            to: [to, y],
            width,
            is_dashed: false,
        }
    }

    fn moved(mut self, by: [f32; 2]) -> Self {
        let shift = |at: &mut [f32; 2]| {
            at[0] += by[0];
            at[1] += by[1];
        };
        match &mut self {
            Self::Text { at, .. }
            | Self::Frame { at, .. }
            | Self::Block { at, .. }
            | Self::Dot { at, .. }
            | Self::Code { at, .. } => shift(at),
            Self::Line { from, to, .. } => {
                shift(from);
                shift(to);
            }
        }
        self
    }
}

/// Marks that stay together, with places from their own top left corner.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    pub(super) height: f32,
    pub(super) items: Vec<Item>,
}

impl Block {
    /// Adds another block with its corner at `at`, and grows to hold it.
    pub(super) fn put(&mut self, at: [f32; 2], block: Self) {
        self.height = self.height.max(at[1] + block.height);
        let items = block.items.into_iter();
        self.items.extend(items.map(|item| item.moved(at)));
    }
}

/// One printed side.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    pub(super) items: Vec<Item>,
}

impl Page {
    /// Puts a block with its corner at `at`.
    pub(super) fn put(&mut self, at: [f32; 2], block: Block) {
        let items = block.items.into_iter();
        self.items.extend(items.map(|item| item.moved(at)));
    }
}

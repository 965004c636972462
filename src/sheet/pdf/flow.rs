//! Rows of cells, and how they come to stand on pages.

use super::cell::Cell;
use super::page::{Block, Item, LEFT, PAPER, Page, RIGHT};

/// Space above and below what is in a row.
const PADDING: f32 = 4.5;

/// Cells side by side.
#[derive(Debug)]
pub(super) struct Row {
    /// Each with the place of its left edge.
    pub(super) cells: Vec<(f32, Cell)>,
    /// Width of the rule above; 0 for none.
    pub(super) rule_above: f32,
    /// Width of the rule below; 0 for none.
    pub(super) rule_below: f32,
    /// Whether a bar along the left edge sets the row off.
    pub(super) has_bar: bool,
}

impl Row {
    /// The row as blocks of at most `room` points, of which there is one unless the row is higher.
    pub(super) fn blocks(mut self, room: f32) -> Vec<Block> {
        let mut blocks = Vec::new();
        loop {
            let parts: Vec<(f32, Cell)> = self
                .cells
                .iter_mut()
                .map(|(x, cell)| (*x, cell.split(room - 2.0 * PADDING)))
                .collect();
            let is_last = self.cells.iter().all(|(_, cell)| cell.is_empty());
            blocks.push(self.block(&parts, is_last));
            if is_last {
                return blocks;
            }
        }
    }

    fn block(&self, parts: &[(f32, Cell)], is_last: bool) -> Block {
        let mut block = Block::default();
        for (x, cell) in parts {
            block.put([*x, PADDING], cell.block());
        }
        block.height += PADDING;
        let height = block.height;
        if self.has_bar {
            block.items.push(Item::Block {
                at: [LEFT, 0.0],
                size: [4.0, height],
            });
        }
        if self.rule_above > 0.0 {
            let rule = Item::rule(LEFT, RIGHT, 0.0, self.rule_above);
            block.items.push(rule);
        }
        if self.rule_below > 0.0 && is_last {
            let rule = Item::rule(LEFT, RIGHT, height, self.rule_below);
            block.items.push(rule);
        }
        block
    }
}

/// A block in the sequence of a sheet.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) block: Block,
    /// Whether the heads of the columns stand above it, on each page.
    pub(super) has_heads: bool,
    /// The trip it belongs to, from 1.
    pub(super) trip: u32,
}

/// First and last place of what flows over pages; heads and feet of pages are outside.
pub(super) const BODY_TOP: f32 = 58.0;
pub(super) const BODY_BOTTOM: f32 = PAPER[1] - 48.0;

/// A page and the trip that its first entry belongs to.
pub(super) struct Sheet {
    pub(super) page: Page,
    pub(super) trip: u32,
}

/// How many pages entries of these `heights` fill, as [`paginate`] puts them there; whether the heads of the columns stand
/// above an entry comes with its height.
pub(super) fn page_count(heights: impl Iterator<Item = (f32, bool)>, heads: f32) -> usize {
    let (mut count, mut y, mut had_heads) = (1, BODY_TOP, false);
    for (height, has_heads) in heights {
        let above = |had_heads: bool| if has_heads && !had_heads { heads } else { 0.0 };
        if y + above(had_heads) + height > BODY_BOTTOM && y > BODY_TOP {
            count += 1;
            y = BODY_TOP;
            had_heads = false;
        }
        y += above(had_heads) + height;
        had_heads = has_heads;
    }
    count
}

/// Puts entries on pages, one below the other, without heads and feet of the pages. There is always one page.
pub(super) fn paginate(entries: Vec<Entry>, heads: &Block) -> Vec<Sheet> {
    let mut pages = Vec::new();
    let mut page: Option<Sheet> = None;
    let mut y = BODY_TOP;
    let mut has_heads = false;
    for entry in entries {
        let with_heads = |has_heads: bool| {
            if entry.has_heads && !has_heads {
                heads.height
            } else {
                0.0
            }
        };
        let is_full = y + with_heads(has_heads) + entry.block.height > BODY_BOTTOM;
        if is_full && y > BODY_TOP {
            pages.extend(page.take());
            y = BODY_TOP;
            has_heads = false;
        }
        let sheet = page.get_or_insert_with(|| Sheet {
            page: Page::default(),
            trip: entry.trip,
        });
        if with_heads(has_heads) > 0.0 {
            sheet.page.put([0.0, y], heads.clone());
            y += heads.height;
        }
        has_heads = entry.has_heads;
        let height = entry.block.height;
        sheet.page.put([0.0, y], entry.block);
        y += height;
    }
    pages.extend(page);
    pages
}

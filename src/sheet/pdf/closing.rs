//! What stands after the stops: refusals and the recount, and the codes to scan.

use std::sync::Arc;

use super::cell::Cell;
use super::flow::{BODY_BOTTOM, BODY_TOP, Entry, page_count};
use super::page::{Block, Item, LEFT, MM, RIGHT, Style, WIDTH};
use super::table;
use crate::sheet::StopCode;
use crate::sheet::wording::{REFUSAL_LINES_MIN, Wording};

const LABEL: Style = Style::regular(7.5);

/// Space above what follows the rows.
const ABOVE: f32 = 10.0;

/// Codes beside each other, and the space between them.
const CODES_IN_ROW: usize = 4;

/// How large codes and their modules are at most.
#[derive(Clone, Copy, Debug)]
struct CodeSize {
    side: f32,
    module: f32,
}

/// As any phone reads them.
const LARGE: CodeSize = CodeSize {
    side: 45.0 * MM,
    module: 0.55 * MM,
};
/// Where that saves a page.
const SMALL: CodeSize = CodeSize {
    side: 38.0 * MM,
    module: 0.46 * MM,
};

/// Everything after the rows, the way that fills the fewest pages behind `before`, the heights of what stands before it;
/// and how many pages that makes.
pub(super) fn entries(
    wording: &Wording<'_>,
    codes: &[Arc<StopCode>],
    before: &[(f32, bool)],
    heads: f32,
) -> (Vec<Entry>, usize) {
    let ways = [
        (wording.refusal_lines(), LARGE),
        (REFUSAL_LINES_MIN, LARGE),
        (REFUSAL_LINES_MIN, SMALL),
    ];
    let pages = |entries: &Vec<Entry>| -> usize {
        let heights = entries.iter().map(|entry| (entry.block.height, false));
        page_count(before.iter().copied().chain(heights), heads)
    };
    let made = ways.map(|(n_lines, size)| closed(wording, codes, n_lines, size));
    // The first of equals has the most room to write on.
    let best = made.into_iter().min_by_key(&pages).unwrap_or_default();
    let trip = u32::try_from(wording.sheet.reloads.len()).unwrap_or(u32::MAX - 1) + 1;
    let on_trip = |entry: Entry| Entry { trip, ..entry };
    let n_pages = pages(&best);
    (best.into_iter().map(on_trip).collect(), n_pages)
}

/// Refusals and codes: together if they have room on a page, so that no page has nothing but codes.
fn closed(
    wording: &Wording<'_>,
    codes: &[Arc<StopCode>],
    n_lines: usize,
    size: CodeSize,
) -> Vec<Entry> {
    let entry = |block| Entry {
        block,
        has_heads: false,
        trip: 1,
    };
    if let ([code], false) = (codes, wording.is_withdrawn()) {
        return vec![entry(side_by_side(wording, code, n_lines, size))];
    }
    let mut blocks = Vec::new();
    if !wording.is_withdrawn() {
        blocks.push(refusals(wording, n_lines, WIDTH));
    }
    blocks.extend(scanned(wording, codes, size));
    let height: f32 = blocks.iter().map(|block| block.height).sum();
    if height > BODY_BOTTOM - BODY_TOP {
        return blocks.into_iter().map(entry).collect();
    }
    let mut all = Block::default();
    for block in blocks {
        let at = [0.0, all.height];
        all.put(at, block);
    }
    (all.height > 0.0).then(|| entry(all)).into_iter().collect()
}

/// The only code, beside the refusals.
fn side_by_side(
    wording: &Wording<'_>,
    code: &Arc<StopCode>,
    n_lines: usize,
    size: CodeSize,
) -> Block {
    let gap = 4.0 * MM;
    let mut block = refusals(wording, n_lines, WIDTH - size.side - gap);
    let mut right = Cell::new(size.side);
    right.text(&wording.words.codes, LABEL);
    let mut right = right.block();
    let height = right.height;
    right.put([0.0, height], picture(code, "", size));
    block.put([RIGHT - size.side, ABOVE], right);
    block
}

/// Lines to write on, `width` wide, with space above.
fn refusals(wording: &Wording<'_>, n_lines: usize, width: f32) -> Block {
    let words = wording.words;
    let padding = 6.0;
    let inner = width - 2.0 * padding;
    let mut block = Block::default();
    let mut title = Cell::new(inner);
    title.text(&words.refusals, Style::bold(10.0));
    block.put([padding, padding], title.block());
    let mut lines = vec![
        vec![
            (&words.refused_order, 2.0),
            (&words.refused_parcels, 1.0),
            (&words.refused_reason, 4.0)
        ];
        n_lines
    ];
    lines.push(vec![(&words.recount, 5.0), (&words.recount_collected, 3.0)]);
    lines.push(vec![(&words.handed_over, 1.0), (&words.received, 1.0)]);
    for line in lines {
        let gap = 10.0;
        let shares: f32 = line.iter().map(|(_, share)| share).sum();
        let unit = (inner - gap * (line.len() as f32 - 1.0)) / shares;
        let (mut x, y) = (padding, block.height);
        for (label, share) in line {
            let mut cell = Cell::new(unit * share);
            cell.blank(label, LABEL);
            block.put([x, y], cell.block());
            x += unit * share + gap;
        }
    }
    block.height += padding;
    block.items.push(Item::Frame {
        at: [0.6, 0.6],
        size: [width - 1.2, block.height - 1.2],
        width: 1.2,
    });
    let mut placed = Block::default();
    placed.put([LEFT, ABOVE], block);
    placed
}

/// Rows of codes, the first with the title.
fn scanned(wording: &Wording<'_>, codes: &[Arc<StopCode>], size: CodeSize) -> Vec<Block> {
    let words = wording.words;
    let count = codes.len();
    let gap = (WIDTH - CODES_IN_ROW as f32 * LARGE.side) / (CODES_IN_ROW as f32 - 1.0);
    let numbered: Vec<(usize, &Arc<StopCode>)> = (1..).zip(codes).collect();
    let mut blocks = Vec::new();
    for row in numbered.chunks(CODES_IN_ROW) {
        let mut block = Block::default();
        if blocks.is_empty() {
            block = table::line(&words.codes, Style::bold(9.0), ABOVE).block;
        }
        let top = block.height + 4.0;
        for (place, (number, code)) in row.iter().enumerate() {
            let x = LEFT + place as f32 * (size.side + gap);
            block.put(
                [x, top],
                picture(code, &words.code_of(*number, count), size),
            );
        }
        block.height += 4.0;
        blocks.push(block);
    }
    blocks
}

/// A code below its caption.
fn picture(code: &Arc<StopCode>, caption: &str, size: CodeSize) -> Block {
    let side = size.side.min(size.module * code.side as f32);
    let mut cell = Cell::new(size.side);
    cell.text(caption, LABEL);
    let mut picture = cell.block();
    let at = [0.0, picture.height + 3.0];
    picture.height = at[1] + side;
    picture.items.push(Item::Code {
        at,
        side,
        code: Arc::clone(code),
    });
    picture
}

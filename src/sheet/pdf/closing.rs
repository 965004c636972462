//! What stands after the stops: refusals and the recount, and the codes to scan.

use std::sync::Arc;

use super::cell::Cell;
use super::flow::Entry;
use super::page::{Block, Item, LEFT, MM, Style, WIDTH};
use super::table;
use crate::sheet::StopCode;
use crate::sheet::wording::Wording;

const LABEL: Style = Style::regular(7.5);

/// Lines for refusals.
const REFUSAL_LINES: usize = 3;

/// Codes beside each other, the space between them, and how large they and their modules are at most.
const CODES_IN_ROW: usize = 4;
const CODE_SIDE: f32 = 45.0 * MM;
const CODE_GAP: f32 = (WIDTH - CODES_IN_ROW as f32 * CODE_SIDE) / (CODES_IN_ROW as f32 - 1.0);
const MODULE: f32 = 0.55 * MM;

/// Everything after the rows.
pub(super) fn entries(wording: &Wording<'_>, codes: Vec<StopCode>) -> Vec<Entry> {
    let trip = u32::try_from(wording.sheet.reloads.len()).unwrap_or(u32::MAX - 1) + 1;
    let mut entries = Vec::new();
    if !wording.is_withdrawn() {
        entries.push(Entry {
            block: refusals(wording),
            has_heads: false,
            trip,
        });
    }
    entries.extend(scanned(wording, codes));
    for entry in &mut entries {
        entry.trip = trip;
    }
    entries
}

fn refusals(wording: &Wording<'_>) -> Block {
    let words = wording.words;
    let padding = 6.0;
    let inner = WIDTH - 2.0 * padding;
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
        REFUSAL_LINES
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
        size: [WIDTH - 1.2, block.height - 1.2],
        width: 1.2,
    });
    let mut placed = Block::default();
    placed.put([LEFT, 10.0], block);
    placed
}

fn scanned(wording: &Wording<'_>, codes: Vec<StopCode>) -> Vec<Entry> {
    let words = wording.words;
    let count = codes.len();
    let numbered: Vec<(usize, StopCode)> = (1..).zip(codes).collect();
    let mut entries = Vec::new();
    for row in numbered.chunks(CODES_IN_ROW) {
        let mut block = Block::default();
        // The first row has the title, so that it is not left alone at the end of a page.
        if entries.is_empty() {
            block = table::line(&words.codes, Style::bold(9.0), 10.0).block;
        }
        let top = block.height + 4.0;
        for (place, (number, code)) in row.iter().enumerate() {
            let x = LEFT + place as f32 * (CODE_SIDE + CODE_GAP);
            let side = CODE_SIDE.min(MODULE * code.side as f32);
            let mut caption = Cell::new(CODE_SIDE);
            caption.text(&words.code_of(*number, count), LABEL);
            let mut picture = caption.block();
            let at = [0.0, picture.height + 3.0];
            picture.height = at[1] + side;
            picture.items.push(Item::Code {
                at,
                side,
                code: Arc::new(code.clone()),
            });
            block.put([x, top], picture);
        }
        block.height += 4.0;
        entries.push(Entry {
            block,
            has_heads: false,
            trip: 1,
        });
    }
    entries
}

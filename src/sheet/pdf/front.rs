//! What stands before the stops: whose route it is, when and from where, what must be on board, and where it goes.

use super::cell::Cell;
use super::flow::Entry;
use super::page::{Block, Item, LEFT, MM, RIGHT, Style, WIDTH};
use super::table;
use crate::sheet::sketch::{MarkKind, Sketch, sketch};
use crate::sheet::text::{bind, clean};
use crate::sheet::wording::{Wording, has_text};

const LABEL: Style = Style::regular(7.5);
const PLAIN: Style = Style::regular(8.5);
const FACT: Style = Style::bold(12.0);

/// How high each part of the title and each place may be: what is absurdly long ends in an ellipsis.
const ROOM: f32 = 150.0;

/// Width of the sketch, and of what stands to its left.
const SKETCH_WIDTH: f32 = 78.0 * MM;
const BESIDE: f32 = WIDTH - SKETCH_WIDTH - 5.0 * MM;

/// Sizes of the sketch, the best first.
pub(super) const SKETCHES: [[f32; 2]; 2] = [[SKETCH_WIDTH, 58.0 * MM], [SKETCH_WIDTH, 40.0 * MM]];

/// Everything before the rows, with a sketch of that size.
pub(super) fn entries(wording: &Wording<'_>, sketch: [f32; 2]) -> Vec<Entry> {
    let mut blocks = vec![title(wording)];
    if !wording.is_withdrawn() {
        blocks.push(facts(wording));
        blocks.push(check_and_sketch(wording, sketch));
    }
    let entry = |block| Entry {
        block,
        has_heads: false,
        trip: 1,
    };
    let mut entries: Vec<Entry> = blocks.into_iter().map(entry).collect();
    entries.extend(changes(wording));
    entries
}

fn title(wording: &Wording<'_>) -> Block {
    let (sheet, words) = (wording.sheet, wording.words);
    let right_width = 62.0 * MM;
    let mut left = Cell::new(WIDTH - right_width - 4.0 * MM);
    left.text(&words.title.to_uppercase(), Style::regular(8.0));
    left.text(&bind(&sheet.courier_name), Style::bold(17.0));
    left.text(&clean(&sheet.courier_phone), Style::bold(11.0));
    let mut right = Cell::new(right_width);
    right.text(&wording.clock.date(), Style::bold(10.0));
    right.text(&bind(&sheet.day_name), PLAIN);
    right.text(&words.stops(sheet.stops.len()), PLAIN);
    let mut block = Block::default();
    let [left, right] = [left, right].map(|cell| cell.capped(ROOM, PLAIN).block());
    block.put([LEFT, 4.0], left);
    block.put([RIGHT - right_width, 4.0], right);
    block.height += 4.0;
    block
}

fn facts(wording: &Wording<'_>) -> Block {
    let (sheet, words) = (wording.sheet, wording.words);
    let mut facts = vec![
        (&words.loading, wording.time(sheet.loading)),
        (&words.departure, wording.time(sheet.departure)),
    ];
    if let Some(leave_by) = sheet.leave_by {
        facts.push((&words.leave_by_start, wording.leave_by_start(leave_by)));
    }
    facts.push((&words.end, wording.time(sheet.end)));
    facts.push((&words.distance, words.kilometers(sheet.distance)));
    let mut block = Block::default();
    let column = WIDTH / 5.0;
    for (place, (label, value)) in facts.into_iter().enumerate() {
        let mut cell = Cell::new(column - 6.0);
        cell.text(label, LABEL);
        cell.text(&value, FACT);
        block.put([LEFT + place as f32 * column, 2.0], cell.block());
    }
    let places = [
        (&words.start, &sheet.start_place),
        (&words.finish, &sheet.end_place),
    ];
    let top = block.height + 4.0;
    for (place, (label, text)) in places.into_iter().enumerate() {
        if has_text(text) {
            let mut cell = Cell::new(WIDTH / 2.0 - 8.0);
            cell.text(label, LABEL);
            cell.text(&bind(text), PLAIN);
            let cell = cell.capped(ROOM, PLAIN);
            block.put([LEFT + place as f32 * WIDTH / 2.0, top], cell.block());
        }
    }
    block.height += 5.0;
    let rule = Item::rule(LEFT, RIGHT, block.height, 1.7);
    block.items.push(rule);
    block.height += 6.0;
    block
}

/// The load check and the legend, with the sketch beside them if there is one.
fn check_and_sketch(wording: &Wording<'_>, size: [f32; 2]) -> Block {
    let sketch = sketch(wording.sheet, size);
    let width = if sketch.is_some() { BESIDE } else { WIDTH };
    let check = load_check(wording, width);
    let mut legend = Cell::new(width);
    if let Some(text) = wording.legend() {
        legend.text(&text, Style::regular(7.0));
    }
    if wording.sheet.spread_is_default && !legend.is_empty() {
        legend.gap(2.0);
        legend.framed(&wording.words.uncalibrated, Style::bold(7.0));
    }
    let mut block = Block::default();
    let check_height = check.height;
    block.put([LEFT, 0.0], check);
    block.put([LEFT, check_height + 5.0], legend.block());
    if let Some(sketch) = sketch {
        block.put([RIGHT - size[0], 0.0], picture(wording, &sketch, size));
    }
    block.height += 7.0;
    block
}

fn load_check(wording: &Wording<'_>, width: f32) -> Block {
    let (sheet, words) = (wording.sheet, wording.words);
    let padding = 6.0;
    let mut cell = Cell::new(width - 2.0 * padding);
    cell.text(&words.load_check, Style::bold(10.0));
    cell.gap(3.0);
    let goods = wording.on_board(sheet.parcels_at_start, &sheet.load_at_start);
    for line in &goods {
        cell.tick(line, Style::regular(10.5));
    }
    if goods.is_empty() {
        cell.text(&words.load_nothing, PLAIN);
    }
    let cell = cell.capped(2.0 * ROOM, PLAIN);
    let mut block = Block::default();
    block.put([LEFT_OF_BOX + padding, padding], cell.block());
    block.height += padding;
    let size = [width, block.height];
    block.items.push(Item::Frame {
        at: [LEFT_OF_BOX + 0.6, 0.6],
        size: size.map(|side| side - 1.2),
        width: 1.2,
    });
    block
}

/// Boxes are laid out from their own corner.
const LEFT_OF_BOX: f32 = 0.0;

fn picture(wording: &Wording<'_>, sketch: &Sketch, area: [f32; 2]) -> Block {
    let mut block = Block::default();
    for leg in &sketch.legs {
        block.items.push(Item::Line {
            from: leg.from,
            to: leg.to,
            width: 0.7,
            is_dashed: !leg.is_whole,
        });
    }
    for mark in &sketch.marks {
        let at = mark.at;
        block.items.push(match mark.kind {
            MarkKind::Base => Item::Block {
                at: at.map(|side| side - 3.5),
                size: [7.0; 2],
            },
            MarkKind::Stop => Item::Dot { at, radius: 1.9 },
        });
        if let Some((text, [x, middle])) = &mark.label {
            block.items.push(Item::Text {
                at: [*x, middle + 2.4],
                style: Style::bold(6.5),
                text: text.clone(),
                is_backward: false,
            });
        }
    }
    block.items.push(Item::Frame {
        at: [0.3, 0.3],
        size: area.map(|side| side - 0.6),
        width: 0.6,
    });
    let mut caption = Cell::new(area[0]);
    caption.text(&wording.words.sketch, Style::regular(6.5));
    block.put([0.0, area[1] + 1.5], caption.block());
    block
}

/// What is another than on an earlier sheet.
fn changes(wording: &Wording<'_>) -> Vec<Entry> {
    let words = wording.words;
    let Some(changes) = &wording.sheet.changes else {
        return Vec::new();
    };
    let title = words.changes(&clean(&changes.since_version));
    let mut entries = vec![table::line(&title, Style::bold(10.0), 2.0)];
    if changes.is_withdrawn {
        entries.push(table::line(&words.withdrawn, Style::bold(14.0), 4.0));
    } else if !changes.is_changed {
        entries.push(table::line(&words.no_changes, PLAIN, 0.0));
    }
    entries.extend(table::removed(wording, &changes.removed));
    entries.push(table::line("", PLAIN, 4.0));
    entries
}

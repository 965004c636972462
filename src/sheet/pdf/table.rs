//! The rows of a sheet: stops, breaks, returns to the depot, and what was dropped.

use super::cell::Cell;
use super::flow::{BODY_BOTTOM, BODY_TOP, Entry, Row};
use super::page::{Block, Item, LEFT, MM, RIGHT, Style, WIDTH};
use crate::model::{OrderKind, TimeWindow};
use crate::sheet::clock_face::Round;
use crate::sheet::text::{bind, clean};
use crate::sheet::wording::{Wording, has_text, present};
use crate::sheet::{RemovedStop, SheetBreak, SheetReload, SheetStop};

/// Left edges of the columns.
const COLUMNS: [f32; 5] = [
    LEFT,
    LEFT + 14.5 * MM,
    LEFT + 56.0 * MM,
    LEFT + 121.0 * MM,
    LEFT + 153.0 * MM,
];

const NUMBER: Style = Style::bold(17.0);
const WINDOW: Style = Style::bold(12.0);
const STRONG: Style = Style::bold(10.0);
const PLAIN: Style = Style::regular(8.5);
const BOLD: Style = Style::bold(8.5);
const LABEL: Style = Style::regular(7.0);
const MARK: Style = Style::bold(9.0);

/// Space between columns.
const GUTTER: f32 = 6.0;

fn cell(column: usize, until: usize) -> (f32, Cell) {
    let right = COLUMNS.get(until).map_or(RIGHT, |next| next - GUTTER);
    (COLUMNS[column], Cell::new(right - COLUMNS[column]))
}

/// The heads of the columns.
pub(super) fn heads(wording: &Wording<'_>) -> Block {
    let words = wording.words;
    let texts = [
        &words.column_number,
        &words.column_time,
        &words.column_where,
        &words.column_goods,
        &words.column_fact,
    ];
    let mut block = Block::default();
    block.items.push(Item::rule(LEFT, RIGHT, 0.5, 1.0));
    for (column, text) in texts.into_iter().enumerate() {
        let (x, mut cell) = cell(column, column + 1);
        cell.text(text, LABEL);
        block.put([x, 2.0], cell.block());
    }
    block.height += 2.5;
    let rule = Item::rule(LEFT, RIGHT, block.height, 1.0);
    block.items.push(rule);
    block
}

/// All rows, in the sequence they are driven.
pub(super) fn rows(wording: &Wording<'_>, heads: &Block) -> Vec<Entry> {
    let sheet = wording.sheet;
    let mut table = Table {
        wording,
        room: BODY_BOTTOM - BODY_TOP - heads.height,
        trip: 1,
        entries: Vec::new(),
    };
    table.breaks_after(0);
    for stop in &sheet.stops {
        table.stop(stop);
        table.breaks_after(stop.number);
        let reloads = sheet.reloads.iter();
        for reload in reloads.filter(|reload| reload.after_stop == stop.number) {
            table.reload(reload);
            table.trip += 1;
        }
    }
    table.entries
}

/// What the courier need not do any more, below its title.
pub(super) fn removed(wording: &Wording<'_>, stops: &[RemovedStop]) -> Vec<Entry> {
    let entries = stops.iter().flat_map(|stop| {
        let mut mark = Cell::new(COLUMNS[2] - GUTTER - LEFT);
        mark.text(&wording.words.removed(stop.number), BOLD);
        let (x, mut what) = cell(2, 5);
        what.text(&wording.removed_detail(stop), PLAIN);
        let row = Row {
            cells: vec![(LEFT, mark), (x, what)],
            rule_above: 0.0,
            rule_below: 0.4,
            has_bar: false,
        };
        row.blocks(BODY_BOTTOM - BODY_TOP)
    });
    let entry = |block| Entry {
        block,
        has_heads: false,
        trip: 1,
    };
    entries.map(entry).collect()
}

struct Table<'a, 'b> {
    wording: &'a Wording<'b>,
    room: f32,
    trip: u32,
    entries: Vec<Entry>,
}

impl Table<'_, '_> {
    fn push(&mut self, row: Row) {
        let trip = self.trip;
        let blocks = row.blocks(self.room).into_iter().enumerate();
        self.entries.extend(blocks.map(|(part, mut block)| {
            if part > 0 {
                // A row of more than a page: the number stands at its beginning only.
                let (x, mut note) = cell(1, 2);
                note.text(&self.wording.words.continued, LABEL);
                block.put([x, 4.5], note.block());
            }
            Entry {
                block,
                has_heads: true,
                trip,
            }
        }));
    }

    fn stop(&mut self, stop: &SheetStop) {
        let is_collection = stop.kind == OrderKind::Collection;
        let (mut x, mut number) = cell(0, 1);
        if is_collection {
            x += 7.0;
        }
        let digits = stop.number.to_string();
        // Three digits and more are set smaller, so that they stay in the column.
        let size = NUMBER.size.min(45.0 / digits.len() as f32);
        number.text(&digits, Style::bold(size));
        let words = self.wording.words;
        let (facts_x, mut facts) = cell(4, 5);
        for label in [&words.actual_time, &words.signature, &words.refused] {
            facts.blank(label, LABEL);
        }
        self.push(Row {
            cells: vec![
                (x, number),
                self.times(stop),
                self.place(stop),
                self.goods(stop),
                (facts_x, facts),
            ],
            rule_above: 0.0,
            rule_below: 0.7,
            has_bar: is_collection,
        });
    }

    fn times(&self, stop: &SheetStop) -> (f32, Cell) {
        let (wording, words) = (self.wording, self.wording.words);
        let (x, mut cell) = cell(1, 2);
        if let Some(window) = stop.window {
            cell.text(&wording.clock.window(window, Round::Down), WINDOW);
        }
        if Wording::is_at_risk(stop) {
            cell.framed(&words.at_risk, MARK);
        }
        let arrival = wording.time(stop.arrival);
        cell.parts(&[(&words.planned, LABEL), (&arrival, STRONG)]);
        if let Some(band) = stop.arrival_band {
            let band = wording.clock.window(band, Round::Up);
            cell.parts(&[(&words.band, LABEL), (&band, PLAIN)]);
        }
        if let Some(leave_by) = stop.leave_by {
            let leave_by = wording.time(leave_by);
            cell.parts(&[(wording.leave_by_label(stop), LABEL), (&leave_by, STRONG)]);
        }
        (x, cell)
    }

    fn place(&self, stop: &SheetStop) -> (f32, Cell) {
        let words = self.wording.words;
        let (x, mut cell) = cell(2, 3);
        for change in &stop.changes {
            cell.framed(&self.wording.change(change), MARK);
        }
        cell.gap(if stop.changes.is_empty() { 0.0 } else { 1.5 });
        if has_text(&stop.address) {
            cell.text(&bind(&stop.address), STRONG);
        } else {
            cell.text(&words.no_address, STRONG);
        }
        labelled(&mut cell, &words.entry, &stop.entry_notes);
        let contact = &stop.contact;
        cell.gap(1.0);
        cell.parts(&[
            (&bind(&contact.name), Style::regular(9.5)),
            (&clean(&contact.phone).replace(' ', "\u{a0}"), BOLD),
        ]);
        labelled(&mut cell, &words.notes, &stop.notes);
        cell.gap(1.0);
        cell.parts(&[(&words.order, LABEL), (&bind(stop.label()), LABEL)]);
        (x, cell)
    }

    fn goods(&self, stop: &SheetStop) -> (f32, Cell) {
        let (wording, words) = (self.wording, self.wording.words);
        let (x, mut cell) = cell(3, 4);
        if stop.kind == OrderKind::Collection {
            cell.framed(&words.collection.to_uppercase(), MARK);
            cell.gap(1.5);
        }
        if let Some(parcels) = stop.parcels {
            cell.text(&words.parcels(parcels), Style::bold(11.0));
        }
        for (dimension, load) in present(&stop.loads) {
            cell.text(&wording.amount(dimension, load), PLAIN);
        }
        if has_text(&stop.payment_note) {
            cell.gap(1.5);
            let label = format!("{}:", words.payment);
            cell.parts(&[(&label, LABEL), (&bind(&stop.payment_note), BOLD)]);
        }
        (x, cell)
    }

    /// A return to a depot, marked so that nobody drives past it.
    fn reload(&mut self, reload: &SheetReload) {
        let (wording, words) = (self.wording, self.wording.words);
        let (x, mut mark) = cell(0, 1);
        mark.text("↺", NUMBER);
        let (times_x, mut times) = cell(1, 2);
        let lines = [
            (&words.planned, reload.arrival),
            (&words.loading, reload.loading),
            (&words.departure, reload.departure),
        ];
        for (label, moment) in lines {
            times.parts(&[(label, LABEL), (&wording.time(moment), STRONG)]);
        }
        let (place_x, mut place) = cell(2, 3);
        place.framed(&words.reload.to_uppercase(), MARK);
        place.gap(1.5);
        place.text(&bind(&reload.place), STRONG);
        place.text(&words.reload_unload, PLAIN);
        let (load_x, mut load) = cell(3, 5);
        load.text(&format!("{}:", words.reload_load), STRONG);
        load.gap(2.0);
        let goods = wording.on_board(reload.parcels_at_departure, &reload.load_at_departure);
        for line in &goods {
            load.tick(line, PLAIN);
        }
        if goods.is_empty() {
            load.text(&words.load_nothing, PLAIN);
        }
        self.push(Row {
            cells: vec![
                (x, mark),
                (times_x, times),
                (place_x, place),
                (load_x, load),
            ],
            rule_above: 2.0,
            rule_below: 2.0,
            has_bar: false,
        });
    }

    fn breaks_after(&mut self, number: u32) {
        let breaks = self.wording.sheet.breaks.iter();
        for pause in breaks.filter(|pause| pause.after_stop == number) {
            self.pause(*pause);
        }
    }

    fn pause(&mut self, SheetBreak { start, end, .. }: SheetBreak) {
        let wording = self.wording;
        let (x, mut mark) = cell(0, 1);
        mark.text("‖", NUMBER);
        let (times_x, mut times) = cell(1, 2);
        let window = TimeWindow { start, end };
        times.text(&wording.clock.window(window, Round::Up), WINDOW);
        let (word_x, mut word) = cell(2, 5);
        word.framed(&wording.words.pause.to_uppercase(), MARK);
        self.push(Row {
            cells: vec![(x, mark), (times_x, times), (word_x, word)],
            rule_above: 0.0,
            rule_below: 0.7,
            has_bar: false,
        });
    }
}

/// A labelled text, or nothing at all.
fn labelled(cell: &mut Cell, label: &str, text: &str) {
    if has_text(text) {
        cell.gap(1.0);
        cell.parts(&[(&format!("{label}:"), LABEL), (&bind(text), PLAIN)]);
    }
}

/// A line of text over the whole width, as a block with space above it.
pub(super) fn line(text: &str, style: Style, above: f32) -> Entry {
    let mut cell = Cell::new(WIDTH);
    cell.text(text, style);
    let mut block = Block::default();
    block.put([LEFT, above], cell.capped(100.0, style).block());
    block.height += 2.0;
    Entry {
        block,
        has_heads: false,
        trip: 1,
    }
}

//! Sheets as PDF: A4, black on white, with fonts embedded.
//!
//! A sheet is laid out as pages of marks with places first, which is all that tests look at; a file is written of them
//! last. Every page has a head with courier, trip, page number, plan version and checksum, and the heads of the columns
//! above its stops. A stop is never broken over two pages unless it is higher than a page.

mod cell;
mod closing;
mod flow;
mod font;
mod front;
mod page;
mod table;
#[cfg(test)]
mod tests;
mod write;

use std::sync::Arc;

use super::RouteSheet;
use super::messages::Language;
use super::stop_codes::{StopCode, stop_codes};
use super::text::{bind, clean, isolated};
use super::wording::Wording;
use cell::cut;
use flow::paginate;
use font::reads_backward;
use page::{Item, LEFT, PAPER, Page, RIGHT, Style, WIDTH};

/// MIME type of [`render`]'s documents.
pub const CONTENT_TYPE: &str = "application/pdf";

/// One document with all `sheets`, each from a new page on, with page numbers and a bookmark of its own.
///
/// Equal sheets give equal bytes. Without sheets the document is one empty page, as PDF needs one.
#[must_use]
pub fn render(sheets: &[RouteSheet], language: Language) -> Vec<u8> {
    let mut pages: Vec<Page> = Vec::new();
    let mut bookmarks = Vec::new();
    for sheet in sheets {
        bookmarks.push((clean(&sheet.courier_name), pages.len()));
        pages.extend(lay_out(sheet, language));
    }
    if pages.is_empty() {
        pages.push(Page::default());
    }
    let title = title(sheets, language);
    write::document(&pages, bookmarks, &title, language.code())
}

/// Names the one sheet that a document has, or the day of all.
fn title(sheets: &[RouteSheet], language: Language) -> String {
    let Some(first) = sheets.first() else {
        return String::new();
    };
    let wording = Wording::new(first, language);
    let who = if sheets.len() == 1 {
        clean(&first.courier_name)
    } else {
        wording.clock.date()
    };
    format!("{} · {who}", wording.words.title)
}

/// The pages of one sheet.
fn lay_out(sheet: &RouteSheet, language: Language) -> Vec<Page> {
    let wording = Wording::new(sheet, language);
    let heads = table::heads(&wording);
    let codes: Vec<Arc<StopCode>> = stop_codes(sheet).into_iter().map(Arc::new).collect();
    let rows = table::rows(&wording, &heads);
    // A smaller sketch where that saves a page.
    let ways = front::SKETCHES.map(|size| {
        let front = front::entries(&wording, size);
        let before = front.iter().chain(&rows);
        let before = before.map(|entry| (entry.block.height, entry.has_heads));
        let before: Vec<(f32, bool)> = before.collect();
        let closing = closing::entries(&wording, &codes, &before, heads.height);
        (front, closing)
    });
    let best = ways.into_iter().min_by_key(|(_, (_, n_pages))| *n_pages);
    let (front, (closing, _)) = best.expect("there is more than one size");
    let entries = front.into_iter().chain(rows).chain(closing);
    let pages = paginate(entries.collect(), &heads);
    let count = pages.len();
    let numbered = pages.into_iter().zip(1..);
    numbered
        .map(|(flow::Sheet { mut page, trip }, number)| {
            add_head_and_foot(&mut page, &wording, trip, [number, count]);
            page
        })
        .collect()
}

/// What every page says about the sheet it belongs to.
fn add_head_and_foot(page: &mut Page, wording: &Wording<'_>, trip: u32, number: [usize; 2]) {
    let (sheet, words) = (wording.sheet, wording.words);
    let [strong, plain] = [Style::bold(9.0), Style::regular(7.5)];
    let number = words.page_of(number[0], number[1]);
    let mut name = isolated(&bind(&sheet.courier_name));
    if !sheet.reloads.is_empty() {
        name = format!("{}, {}", cut(&name, strong, WIDTH / 2.0), words.trip(trip));
    }
    let version = format!(
        "{} {} · {} {}",
        words.plan,
        clean(&sheet.plan_version),
        words.checksum,
        sheet.checksum
    );
    let date = wording.clock.date();
    let [top, bottom] = [38.0, PAPER[1] - 30.0];
    let room = WIDTH - strong.width(&number) - 12.0;
    put_left(page, &cut(&name, strong, room), strong, top);
    put_right(page, &number, strong, top);
    let room = WIDTH - plain.width(&date) - 12.0;
    put_left(page, &cut(&version, plain, room), plain, top + 11.0);
    put_right(page, &date, plain, top + 11.0);
    let foot = format!("{} · {name} · {number}", words.title);
    put_left(page, &cut(&foot, plain, WIDTH * 0.55), plain, bottom);
    put_right(page, &cut(&version, plain, WIDTH * 0.43), plain, bottom);
    let rule = Item::rule(LEFT, RIGHT, top + 15.0, 0.5);
    page.items.push(rule);
    let rule = Item::rule(LEFT, RIGHT, bottom - 10.0, 0.5);
    page.items.push(rule);
}

fn put_left(page: &mut Page, text: &str, style: Style, baseline: f32) {
    page.items.push(Item::Text {
        at: [LEFT, baseline],
        style,
        text: text.to_owned(),
        is_backward: reads_backward(text),
    });
}

fn put_right(page: &mut Page, text: &str, style: Style, baseline: f32) {
    page.items.push(Item::Text {
        at: [RIGHT - style.width(text), baseline],
        style,
        text: text.to_owned(),
        is_backward: reads_backward(text),
    });
}

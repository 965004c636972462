//! Sheets as HTML for paper: one self-contained document, no script, no request to anywhere.
//!
//! What repeats on every page stands in the head of the table of stops, which every browser prints anew on each page:
//! courier, day, plan version and checksum. The page number needs the browser's own count and stands in a margin box
//! of `@page`; a browser without margin boxes still prints everything else. Everything after the stops is the last row
//! of the same table, so that no page is without its head.

mod figures;
#[cfg(test)]
mod tests;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::clock_face::Round;
use super::messages::Language;
use super::sketch::sketch;
use super::stop_codes::{StopCode, stop_codes};
use super::text::{bind, clean, is_backward, isolated};
use super::wording::{Wording, has_text, present};
use super::{RouteSheet, SheetBreak, SheetChanges, SheetReload, SheetStop};
use crate::model::{OrderKind, TimeWindow};
use figures::{code_picture, sketch_picture};

/// MIME type of [`render`]'s documents.
pub const CONTENT_TYPE: &str = "text/html; charset=utf-8";

/// What the sketch is drawn into, in the units of its picture.
const SKETCH: [f32; 2] = [220.0, 150.0];

/// The printable document: complete in itself, A4, readable in black and white.
#[must_use]
pub fn render(sheet: &RouteSheet, language: Language) -> String {
    let page = Page(Wording::new(sheet, language));
    page.document(language).into_string()
}

struct Page<'a>(Wording<'a>);

impl Page<'_> {
    fn document(&self, language: Language) -> Markup {
        let sheet = self.0.sheet;
        html! {
            (DOCTYPE)
            html lang=(language.code()) {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy"
                        content="default-src 'none'; style-src 'unsafe-inline'";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    // Browsers that print their own page heads print the title: it tells the sheets apart, too.
                    title {
                        (isolated(&clean(&sheet.courier_name))) " · " (self.0.words.plan) " " (clean(&sheet.plan_version))
                        " · " (sheet.checksum)
                    }
                    style { (PreEscaped(style(&self.0.words.page))) }
                }
                body {
                    (self.header())
                    @if !self.0.is_withdrawn() {
                        div.before {
                            div { (self.load_check()) (self.legend()) }
                            (self.sketch())
                        }
                    }
                    @if let Some(changes) = &sheet.changes { (self.changes(changes)) }
                    (self.stops())
                }
            }
        }
    }

    fn header(&self) -> Markup {
        let (sheet, words) = (self.0.sheet, self.0.words);
        html! {
            header {
                div.top {
                    div {
                        div.kind { (words.title) }
                        h1 { (by_itself(&bind(&sheet.courier_name))) }
                        @if has_text(&sheet.courier_phone) {
                            span.phone { (clean(&sheet.courier_phone)) }
                        }
                    }
                    div.day {
                        b { (self.0.clock.date()) }
                        @if has_text(&sheet.day_name) { div { (by_itself(&bind(&sheet.day_name))) } }
                        div { (words.stops(sheet.stops.len())) }
                    }
                }
                @if !self.0.is_withdrawn() { dl.facts {
                    (fact(&words.loading, &self.0.time(sheet.loading)))
                    (fact(&words.departure, &self.0.time(sheet.departure)))
                    @if let Some(leave_by) = sheet.leave_by {
                        (fact(&words.leave_by_start, &self.0.leave_by_start(leave_by)))
                    }
                    (fact(&words.end, &self.0.time(sheet.end)))
                    (fact(&words.distance, &words.kilometers(sheet.distance)))
                } }
                dl.places {
                    @if has_text(&sheet.start_place) { (fact(&words.start, &isolated(&bind(&sheet.start_place)))) }
                    @if has_text(&sheet.end_place) { (fact(&words.finish, &isolated(&bind(&sheet.end_place)))) }
                }
            }
        }
    }

    fn load_check(&self) -> Markup {
        let (sheet, words) = (self.0.sheet, self.0.words);
        let goods = self
            .0
            .on_board(sheet.parcels_at_start, &sheet.load_at_start);
        html! {
            section.check {
                strong { (words.load_check) }
                @for line in &goods { (tick(line)) }
                @if goods.is_empty() { span { (words.load_nothing) } }
            }
        }
    }

    fn legend(&self) -> Markup {
        html! {
            @if let Some(legend) = self.0.legend() {
                p.legend {
                    (legend)
                    @if self.0.sheet.spread_is_default { " " b { (self.0.words.uncalibrated) } }
                }
            }
        }
    }

    fn sketch(&self) -> Markup {
        let caption = &self.0.words.sketch;
        html! {
            @if let Some(sketch) = sketch(self.0.sheet, SKETCH) {
                figure.sketch {
                    (sketch_picture(&sketch, SKETCH, caption))
                    figcaption { (caption) }
                }
            }
        }
    }

    /// What is another than on an earlier sheet.
    fn changes(&self, changes: &SheetChanges) -> Markup {
        let words = self.0.words;
        html! {
            section.changes {
                strong { (words.changes(&clean(&changes.since_version))) }
                @if changes.is_withdrawn {
                    p.withdrawn { (words.withdrawn) }
                } @else if !changes.is_changed {
                    p { (words.no_changes) }
                }
                @for stop in &changes.removed {
                    p { b { (words.removed(stop.number)) } " " (self.0.removed_detail(stop)) }
                }
            }
        }
    }

    fn stops(&self) -> Markup {
        let words = self.0.words;
        let codes = stop_codes(self.0.sheet);
        html! {
            table.stops {
                colgroup {
                    col.c1; col.c2; col; col.c4; col.c5;
                }
                thead {
                    tr.identity { th colspan="5" { (self.identity()) } }
                    tr.heads {
                        th { (words.column_number) }
                        th { (words.column_time) }
                        th { (words.column_where) }
                        th { (words.column_goods) }
                        th { (words.column_fact) }
                    }
                }
                tbody {
                    @for pause in self.breaks_after(0) { (self.pause(pause)) }
                    @for stop in &self.0.sheet.stops {
                        (self.stop(stop))
                        @for pause in self.breaks_after(stop.number) { (self.pause(pause)) }
                        @for reload in self.reloads_after(stop.number) { (self.reload(reload)) }
                    }
                    tr.closing {
                        td colspan="5" {
                            // The only code stands beside the refusals.
                            div.beside[codes.len() == 1] {
                                @if !self.0.is_withdrawn() { (self.refusals()) }
                                (self.codes(&codes))
                            }
                        }
                    }
                }
            }
        }
    }

    /// What every printed page says about the sheet it belongs to.
    fn identity(&self) -> Markup {
        let (sheet, words) = (self.0.sheet, self.0.words);
        html! {
            span { (words.courier) ": " b { (by_itself(&bind(&sheet.courier_name))) } }
            span.nowrap { (self.0.clock.date()) }
            span { (words.plan) ": " b { (clean(&sheet.plan_version)) } }
            span.nowrap { (words.checksum) ": " b { (sheet.checksum) } }
        }
    }

    fn stop(&self, stop: &SheetStop) -> Markup {
        let is_collection = stop.kind == OrderKind::Collection;
        html! {
            tr.collection[is_collection] {
                td.number { (stop.number) }
                td { (self.times(stop)) }
                td { (self.place(stop)) }
                td { (self.goods(stop)) }
                td.fact {
                    (blank(&self.0.words.actual_time))
                    (blank(&self.0.words.signature))
                    (blank(&self.0.words.refused))
                }
            }
        }
    }

    fn reloads_after(&self, number: u32) -> impl Iterator<Item = &SheetReload> {
        let reloads = self.0.sheet.reloads.iter();
        reloads.filter(move |reload| reload.after_stop == number)
    }

    /// The row for a return to a depot, marked so that nobody drives past it.
    fn reload(&self, reload: &SheetReload) -> Markup {
        let words = self.0.words;
        let goods = self
            .0
            .on_board(reload.parcels_at_departure, &reload.load_at_departure);
        html! {
            tr.reload {
                td.number { "↺" }
                td {
                    span.line {
                        span.label { (words.planned) " " }
                        span.plan.nowrap { (self.0.time(reload.arrival)) }
                    }
                    span.line {
                        span.label { (words.loading) " " }
                        b.nowrap { (self.0.time(reload.loading)) }
                    }
                    span.line {
                        span.label { (words.departure) " " }
                        b.nowrap { (self.0.time(reload.departure)) }
                    }
                }
                td {
                    span.collect { (words.reload) }
                    div.address { (by_itself(&bind(&reload.place))) }
                    div.minor { (words.reload_unload) }
                }
                td colspan="2" {
                    strong { (words.reload_load) ": " }
                    @for line in &goods { " " (tick(line)) }
                    @if goods.is_empty() { span { (words.load_nothing) } }
                }
            }
        }
    }

    fn breaks_after(&self, number: u32) -> impl Iterator<Item = &SheetBreak> {
        let breaks = self.0.sheet.breaks.iter();
        breaks.filter(move |pause| pause.after_stop == number)
    }

    /// The row for a break.
    fn pause(&self, pause: &SheetBreak) -> Markup {
        let SheetBreak { start, end, .. } = *pause;
        html! {
            tr.pause {
                td.number { "‖" }
                td { b.nowrap { (self.0.clock.window(TimeWindow { start, end }, Round::Up)) } }
                td colspan="3" { span.collect { (self.0.words.pause) } }
            }
        }
    }

    fn times(&self, stop: &SheetStop) -> Markup {
        let words = self.0.words;
        html! {
            @if let Some(window) = stop.window {
                span.line.window { (self.0.clock.window(window, Round::Down)) }
            }
            @if Wording::is_at_risk(stop) { span.mark { (words.at_risk) } }
            span.line {
                span.label { (words.planned) " " }
                span.plan.nowrap { (self.0.time(stop.arrival)) }
            }
            @if let Some(band) = stop.arrival_band {
                span.line {
                    span.label { (words.band) " " }
                    span.nowrap { (self.0.clock.window(band, Round::Up)) }
                }
            }
            @if let Some(leave_by) = stop.leave_by {
                span.line {
                    span.label { (self.0.leave_by_label(stop)) " " }
                    b.nowrap { (self.0.time(leave_by)) }
                }
            }
        }
    }

    fn place(&self, stop: &SheetStop) -> Markup {
        let words = self.0.words;
        let contact = &stop.contact;
        html! {
            @for change in &stop.changes { span.mark { (self.0.change(change)) } }
            @if has_text(&stop.address) {
                div.address { (by_itself(&bind(&stop.address))) }
            } @else {
                div.address { (words.no_address) }
            }
            (labelled("minor", &words.entry, &stop.entry_notes))
            @if has_text(&contact.name) || has_text(&contact.phone) {
                div.contact {
                    (by_itself(&bind(&contact.name)))
                    @if has_text(&contact.name) && has_text(&contact.phone) { " " }
                    b.nowrap { (clean(&contact.phone)) }
                }
            }
            (labelled("minor", &words.notes, &stop.notes))
            div.order { (words.order) " " (by_itself(&bind(stop.label()))) }
        }
    }

    fn goods(&self, stop: &SheetStop) -> Markup {
        let words = self.0.words;
        html! {
            @if stop.kind == OrderKind::Collection { span.collect { (words.collection) } }
            @if let Some(parcels) = stop.parcels { div.parcels { (words.parcels(parcels)) } }
            @for (dimension, load) in present(&stop.loads) {
                div { (self.0.amount(dimension, load)) }
            }
            @if has_text(&stop.payment_note) {
                div.payment { (words.payment) ": " (by_itself(&bind(&stop.payment_note))) }
            }
        }
    }

    fn refusals(&self) -> Markup {
        let words = self.0.words;
        html! {
            div.refusals {
                strong { (words.refusals) }
                @for _ in 0..self.0.refusal_lines() {
                    div.row {
                        (blank(&words.refused_order))
                        (blank(&words.refused_parcels))
                        (blank(&words.refused_reason))
                    }
                }
                div.recount { (blank(&words.recount)) (blank(&words.recount_collected)) }
                div.hands { (blank(&words.handed_over)) (blank(&words.received)) }
            }
        }
    }

    fn codes(&self, codes: &[StopCode]) -> Markup {
        let words = self.0.words;
        let count = codes.len();
        html! {
            @if count > 0 {
                section.codes {
                    strong { (words.codes) }
                    @for (number, code) in (1..).zip(codes) {
                        @let label = words.code_of(number, count);
                        figure { figcaption { (label) } (code_picture(code, &label)) }
                    }
                }
            }
        }
    }
}

/// The style sheet with the page number in the language's words.
fn style(page_pattern: &str) -> String {
    include_str!("sheet.css").replace("/*page*/", &css_content(page_pattern))
}

/// "Page {page} of {pages}" as the value of a CSS `content` property.
fn css_content(pattern: &str) -> String {
    let quoted = pattern.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{quoted}\"")
        .replace("{page}", "\" counter(page) \"")
        .replace("{pages}", "\" counter(pages) \"")
}

fn fact(label: &str, value: &str) -> Markup {
    html! { div { dt { (label) } dd { (value) } } }
}

fn tick(text: &str) -> Markup {
    html! { span.item { span.box {} (text) } }
}

/// A text that does not change the places of what stands around it when it is read from right to left.
fn by_itself(text: &str) -> Markup {
    html! { @if text.contains(is_backward) { bdi { (text) } } @else { (text) } }
}

/// A label with a line to write on.
fn blank(label: &str) -> Markup {
    html! { div.blank { (label) i {} } }
}

/// A labelled text, or nothing at all.
fn labelled(class: &str, label: &str, text: &str) -> Markup {
    html! {
        @if has_text(text) {
            div class=(class) { span.label { (label) ": " } (by_itself(&bind(text))) }
        }
    }
}

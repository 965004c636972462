//! Pages as a PDF file.

use krilla::Document;
use krilla::color::luma;
use krilla::destination::XyzDestination;
use krilla::geom::{Path, PathBuilder, Point, Rect, Transform};
use krilla::metadata::Metadata;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke, StrokeDash};
use krilla::surface::Surface;

use super::page::{Item, PAPER, Page};
use crate::sheet::StopCode;

/// A place in a document that readers list: what it is called, and its page from 0.
pub(super) type Bookmark = (String, usize);

/// Writes pages to a document that carries its fonts with it. Equal pages give equal bytes.
pub(super) fn document(
    pages: &[Page],
    bookmarks: Vec<Bookmark>,
    title: &str,
    language: &str,
) -> Vec<u8> {
    let mut document = Document::new();
    document.set_metadata(
        Metadata::new()
            .title(title.to_owned())
            .language(language.to_owned()),
    );
    for page in pages {
        let settings = PageSettings::from_wh(PAPER[0], PAPER[1]).expect("A4 has a size");
        let mut side = document.start_page_with(settings);
        let mut surface = side.surface();
        for item in &page.items {
            draw(&mut surface, item);
        }
        surface.finish();
        side.finish();
    }
    let mut outline = Outline::new();
    for (name, page) in bookmarks {
        let top = XyzDestination::new(page, Point::from_xy(0.0, 0.0));
        outline.push_child(OutlineNode::new(name, top));
    }
    document.set_outline(outline);
    document
        .finish()
        .expect("no standard is asked for that it could break, and the fonts are sound")
}

fn draw(surface: &mut Surface<'_>, item: &Item) {
    match item {
        Item::Text {
            at,
            style,
            text,
            is_backward,
        } => {
            let face = style.weight.face();
            fill(surface);
            let [mut x, y] = *at;
            for (run, glyphs) in face.set(text, *is_backward) {
                let start = Point::from_xy(x, y);
                let font = face.embedded.clone();
                surface.draw_glyphs(start, &glyphs, font, run, style.size, false);
                x += style.size * glyphs.iter().map(|glyph| glyph.x_advance).sum::<f32>();
            }
        }
        Item::Line {
            from,
            to,
            width,
            is_dashed,
        } => {
            let mut path = PathBuilder::new();
            path.move_to(from[0], from[1]);
            path.line_to(to[0], to[1]);
            stroke(surface, *width, *is_dashed);
            draw_path(surface, path.finish());
        }
        Item::Frame { at, size, width } => {
            stroke(surface, *width, false);
            draw_path(surface, rectangle(*at, *size));
        }
        Item::Block { at, size } => {
            fill(surface);
            draw_path(surface, rectangle(*at, *size));
        }
        Item::Dot { at, radius } => {
            fill(surface);
            draw_path(surface, disk(*at, *radius));
        }
        Item::Code { at, side, code } => {
            // Lines that overlap by a hair leave no light seams between rows, and take a third of the room of boxes.
            stroke(surface, 1.02, false);
            let module = side / code.side as f32;
            let onto_paper = Transform::from_row(module, 0.0, 0.0, module, at[0], at[1]);
            surface.push_transform(&onto_paper);
            draw_path(surface, modules(code));
            surface.pop();
        }
    }
}

/// What cannot be drawn (a line of no length, say) is left out.
fn draw_path(surface: &mut Surface<'_>, path: Option<Path>) {
    if let Some(path) = path {
        surface.draw_path(&path);
    }
}

fn fill(surface: &mut Surface<'_>) {
    surface.set_stroke(None);
    surface.set_fill(Some(Fill {
        paint: luma::Color::black().into(),
        ..Fill::default()
    }));
}

fn stroke(surface: &mut Surface<'_>, width: f32, is_dashed: bool) {
    surface.set_fill(None);
    surface.set_stroke(Some(Stroke {
        paint: luma::Color::black().into(),
        width,
        dash: is_dashed.then(|| StrokeDash {
            array: vec![2.0, 2.0],
            offset: 0.0,
        }),
        ..Stroke::default()
    }));
}

fn rectangle(at: [f32; 2], size: [f32; 2]) -> Option<Path> {
    let mut path = PathBuilder::new();
    path.push_rect(Rect::from_xywh(at[0], at[1], size[0], size[1])?);
    path.finish()
}

/// A circle of four curves.
fn disk([x, y]: [f32; 2], radius: f32) -> Option<Path> {
    // How far the handles of a quarter circle reach.
    let reach = radius * 0.552_3;
    let mut path = PathBuilder::new();
    path.move_to(x + radius, y);
    path.cubic_to(x + radius, y + reach, x + reach, y + radius, x, y + radius);
    path.cubic_to(x - reach, y + radius, x - radius, y + reach, x - radius, y);
    path.cubic_to(x - radius, y - reach, x - reach, y - radius, x, y - radius);
    path.cubic_to(x + reach, y - radius, x + radius, y - reach, x + radius, y);
    path.close();
    path.finish()
}

/// The dark modules as one path of lines along the middles of the rows, neighbors together. One unit a module.
fn modules(code: &StopCode) -> Option<Path> {
    let mut path = PathBuilder::new();
    for (row, dark) in code.dark.chunks(code.side).enumerate() {
        let mut column = 0;
        for stretch in dark.chunk_by(|a, b| a == b) {
            let from = column as f32;
            column += stretch.len();
            if stretch[0] {
                path.move_to(from, row as f32 + 0.5);
                path.line_to(column as f32, row as f32 + 0.5);
            }
        }
    }
    path.finish()
}

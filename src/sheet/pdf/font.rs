//! The two faces that sheets are set in, and how wide text is in them.
//!
//! Most text is set glyph by glyph as the font's character map has them. Scripts that are written from right to left, and
//! characters that join or combine, are shaped first; what is written in both directions is put in sequence part by part.

use std::sync::LazyLock;

use krilla::text::{Font, GlyphId, KrillaGlyph};
use rustybuzz::ttf_parser::{self, Face};
use rustybuzz::{Direction, UnicodeBuffer};
use unicode_bidi::{BidiInfo, Level};

use crate::sheet::text;

/// What is printed for a character that the font does not have.
const REPLACEMENT: char = '\u{fffd}';

/// Weight of a face.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// A face of DejaVu Sans.
pub(super) struct Typeface {
    face: rustybuzz::Face<'static>,
    em: f32,
    /// The same face as the document embeds it.
    pub(super) embedded: Font,
}

static REGULAR: LazyLock<Typeface> =
    LazyLock::new(|| Typeface::read(include_bytes!("../../../data/fonts/DejaVuSans.ttf")));
static BOLD: LazyLock<Typeface> =
    LazyLock::new(|| Typeface::read(include_bytes!("../../../data/fonts/DejaVuSans-Bold.ttf")));

impl Weight {
    pub(super) fn face(self) -> &'static Typeface {
        match self {
            Self::Regular => &REGULAR,
            Self::Bold => &BOLD,
        }
    }
}

impl Typeface {
    fn read(data: &'static [u8]) -> Self {
        let face = rustybuzz::Face::from_slice(data, 0).expect("the font in the program is sound");
        let em = f32::from(ttf_parser::Face::units_per_em(&face));
        let embedded =
            Font::new(data.to_vec().into(), 0).expect("the font in the program is sound");
        Self { face, em, embedded }
    }

    fn glyphs(&self) -> &Face<'static> {
        &self.face
    }

    /// `text` with what the font lacks replaced by a visible mark, and without what has no width of its own.
    pub(super) fn printable(&self, text: &str) -> String {
        let shown = text.chars().filter(|c| !is_selector(*c));
        shown
            .map(|c| match self.glyphs().glyph_index(c) {
                Some(_) => c,
                None if text::is_isolate(c) => c,
                None => REPLACEMENT,
            })
            .collect()
    }

    /// How wide printable `text` is at a size of 1.
    pub(super) fn width(&self, text: &str) -> f32 {
        let runs = runs(text, reads_backward(text));
        runs.iter().map(|run| self.run_width(run)).sum()
    }

    fn run_width(&self, run: &Run<'_>) -> f32 {
        if run.is_complex {
            self.shape(run).iter().map(|glyph| glyph.x_advance).sum()
        } else {
            run.text.chars().map(|c| self.advance(c)).sum()
        }
    }

    fn advance(&self, c: char) -> f32 {
        if text::is_isolate(c) {
            return 0.0;
        }
        let glyph = self.glyphs().glyph_index(c);
        let units = glyph.and_then(|glyph| self.glyphs().glyph_hor_advance(glyph));
        f32::from(units.unwrap_or(0)) / self.em
    }

    /// The glyphs of printable `text` from left to right, at a size of 1, run by run with the text of each run; `is_backward`
    /// says whether the whole that `text` is part of is read from right to left.
    pub(super) fn set<'a>(
        &self,
        text: &'a str,
        is_backward: bool,
    ) -> Vec<(&'a str, Vec<KrillaGlyph>)> {
        let glyphs = |run: Run<'a>| {
            let glyphs = if run.is_complex {
                self.shape(&run)
            } else {
                self.plain(run.text)
            };
            (run.text, glyphs)
        };
        runs(text, is_backward).into_iter().map(glyphs).collect()
    }

    fn plain(&self, text: &str) -> Vec<KrillaGlyph> {
        let glyph = |(start, c): (usize, char)| {
            let glyph = self.glyphs().glyph_index(c).unwrap_or_default();
            KrillaGlyph::new(
                GlyphId::new(u32::from(glyph.0)),
                self.advance(c),
                0.0,
                0.0,
                0.0,
                start..start + c.len_utf8(),
                None,
            )
        };
        let shown = text.char_indices();
        let shown = shown.filter(|(_, c)| !text::is_isolate(*c));
        shown.map(glyph).collect()
    }

    fn shape(&self, run: &Run<'_>) -> Vec<KrillaGlyph> {
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(run.text);
        buffer.guess_segment_properties();
        buffer.set_direction(match run.is_backward {
            true => Direction::RightToLeft,
            false => Direction::LeftToRight,
        });
        let shaped = rustybuzz::shape(&self.face, &[], buffer);
        let starts: Vec<usize> = shaped
            .glyph_infos()
            .iter()
            .map(|info| info.cluster as usize)
            .collect();
        // A cluster ends where the next one in the text begins.
        let end = |start: usize| {
            let later = starts.iter().filter(|other| **other > start);
            later.min().copied().unwrap_or(run.text.len())
        };
        let places = shaped.glyph_infos().iter().zip(shaped.glyph_positions());
        places
            .map(|(info, at)| {
                let start = info.cluster as usize;
                let units = |units: i32| units as f32 / self.em;
                KrillaGlyph::new(
                    GlyphId::new(info.glyph_id),
                    units(at.x_advance),
                    units(at.x_offset),
                    units(at.y_offset),
                    units(at.y_advance),
                    start..end(start),
                    None,
                )
            })
            .collect()
    }
}

/// Part of a text that is set in one go.
struct Run<'a> {
    text: &'a str,
    is_complex: bool,
    /// Whether it is read from right to left.
    is_backward: bool,
}

/// Whether `text`, on its own, is read from right to left: whether its first letter is.
pub(super) fn reads_backward(text: &str) -> bool {
    unicode_bidi::get_base_direction(text) == unicode_bidi::Direction::Rtl
}

/// Parts of `text` from left to right, as they stand on a line of text that is read from right to left or not.
///
/// Source: Unicode Standard Annex 9, the bidirectional algorithm.
fn runs(text: &str, is_backward: bool) -> Vec<Run<'_>> {
    let run = |text, is_backward| Run {
        text,
        is_complex: is_backward || str::contains(text, is_complex),
        is_backward,
    };
    if !is_backward && !text.contains(text::is_backward) {
        return vec![run(text, false)];
    }
    let level = if is_backward {
        Level::rtl()
    } else {
        Level::ltr()
    };
    let order = BidiInfo::new(text, Some(level));
    let mut all = Vec::new();
    for paragraph in &order.paragraphs {
        let (levels, parts) = order.visual_runs(paragraph, paragraph.range.clone());
        all.extend(parts.into_iter().map(|part| {
            let is_backward = levels[part.start].is_rtl();
            run(&text[part], is_backward)
        }));
    }
    all
}

/// Whether characters like this one join or combine with their neighbors: combining marks and the scripts of South and
/// Southeast Asia. The font lacks most of the latter.
fn is_complex(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{900}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// Characters that choose among forms of the one before.
fn is_selector(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_faces_have_the_letters_and_signs_of_sheets() {
        for weight in [Weight::Regular, Weight::Bold] {
            let text = "Привет, Ёжик! Grüße, żółć №1 ₽ € « » “ ” ↺ ‖ … – — □ ☐ \u{a0}\u{fffd}";
            assert_eq!(weight.face().printable(text), text);
        }
    }

    #[test]
    fn what_the_font_lacks_is_replaced_where_one_can_see_it() {
        let face = Weight::Regular.face();
        assert_eq!(face.printable("房間 7"), "\u{fffd}\u{fffd} 7");
        assert!(face.width(&face.printable("房")) > 0.5);
        assert_eq!(face.printable("☺\u{fe0f}"), "☺");
    }

    /// The parts of `text` from left to right, those that are read from right to left in brackets.
    fn parts(text: &str) -> Vec<String> {
        let runs = runs(text, reads_backward(text)).into_iter();
        let shown = runs.map(|run| match run.is_backward {
            true => format!("[{}]", run.text),
            false => run.text.to_owned(),
        });
        shown.collect()
    }

    #[test]
    fn right_to_left_words_are_one_run_and_shown_backwards() {
        let text = "дом שלום עולם, да";
        assert_eq!(parts(text), ["дом ", "[שלום עולם]", ", да"]);
        let glyphs = &Weight::Regular.face().set(text, false)[1].1;
        let first = glyphs.first().map(|glyph| glyph.text_range.clone());
        let last = "שלום עולם".len();
        assert_eq!(first, Some(last - 2..last), "the last letter is leftmost");
    }

    #[test]
    fn numbers_in_right_to_left_text_stand_left_of_the_words_before_them() {
        assert_eq!(
            parts("רחוב הרצל 45, דירה 3"),
            ["3", "[, דירה ]", "45", "[רחוב הרצל ]"]
        );
        assert_eq!(parts("קוד 1234#!"), ["[!]", "1234#", "[קוד ]"]);
        assert_eq!(parts("Main St 5"), ["Main St 5"]);
    }

    #[test]
    fn isolates_keep_what_follows_in_its_place_and_are_not_printed() {
        let isolated = format!("Sheet · {} · 5", text::isolated("שלום"));
        let face = Weight::Regular.face();
        let plain = "Sheet ·  · 5";
        let width = face.width(plain) + face.width("שלום");
        assert!((face.width(&face.printable(&isolated)) - width).abs() < 0.01);
        let shown = parts(&isolated);
        assert!(shown.last().unwrap().ends_with(" · 5"), "{shown:?}");
        let glyphs = face.set(&isolated, false).into_iter();
        let n: usize = glyphs.map(|(_, glyphs)| glyphs.len()).sum();
        assert_eq!(n, plain.chars().count() + 4);
    }

    proptest! {
        #[test]
        fn runs_are_the_whole_text(text in any::<String>(), is_backward in any::<bool>()) {
            let mut runs = runs(&text, is_backward);
            runs.sort_by_key(|run| run.text.as_ptr());
            let joined: String = runs.iter().map(|run| run.text).collect();
            prop_assert_eq!(joined, text);
        }

        #[test]
        fn any_text_can_be_set_and_is_as_wide_as_measured(text in any::<String>()) {
            let face = Weight::Bold.face();
            let text = face.printable(&text);
            let set = face.set(&text, reads_backward(&text));
            let glyphs = set.iter().flat_map(|(_, glyphs)| glyphs);
            let width: f32 = glyphs.map(|glyph| glyph.x_advance).sum();
            prop_assert!((width - face.width(&text)).abs() < 0.01);
            for (run, glyphs) in &set {
                for glyph in glyphs {
                    prop_assert!(run.get(glyph.text_range.clone()).is_some());
                }
            }
        }
    }
}

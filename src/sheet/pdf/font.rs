//! The two faces that sheets are set in, and how wide text is in them.
//!
//! Most text is set glyph by glyph as the font's character map has them. Scripts that are written from right to left, and
//! characters that join or combine, are shaped first.

use std::sync::LazyLock;

use krilla::text::{Font, GlyphId, KrillaGlyph};
use rustybuzz::ttf_parser::{self, Face};
use rustybuzz::{Direction, UnicodeBuffer};

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
                None => REPLACEMENT,
            })
            .collect()
    }

    /// How wide printable `text` is at a size of 1.
    pub(super) fn width(&self, text: &str) -> f32 {
        runs(text).map(|run| self.run_width(&run)).sum()
    }

    fn run_width(&self, run: &Run<'_>) -> f32 {
        if run.is_complex {
            self.shape(run).iter().map(|glyph| glyph.x_advance).sum()
        } else {
            run.text.chars().map(|c| self.advance(c)).sum()
        }
    }

    fn advance(&self, c: char) -> f32 {
        let glyph = self.glyphs().glyph_index(c);
        let units = glyph.and_then(|glyph| self.glyphs().glyph_hor_advance(glyph));
        f32::from(units.unwrap_or(0)) / self.em
    }

    /// The glyphs of printable `text` from left to right, at a size of 1, run by run with the text of each run.
    pub(super) fn set<'a>(&self, text: &'a str) -> Vec<(&'a str, Vec<KrillaGlyph>)> {
        let glyphs = |run: Run<'a>| {
            let glyphs = if run.is_complex {
                self.shape(&run)
            } else {
                self.plain(run.text)
            };
            (run.text, glyphs)
        };
        runs(text).map(glyphs).collect()
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
        text.char_indices().map(glyph).collect()
    }

    fn shape(&self, run: &Run<'_>) -> Vec<KrillaGlyph> {
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(run.text);
        buffer.guess_segment_properties();
        if !run.is_backward {
            buffer.set_direction(Direction::LeftToRight);
        }
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

/// Parts of `text` in the sequence in which they stand on the line, which runs from left to right.
///
/// A stretch of right-to-left letters with the spaces and signs between them is one run, as in a line of Latin or Cyrillic
/// text that quotes it. Numbers inside such a stretch end it.
fn runs(text: &str) -> impl Iterator<Item = Run<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let len = if is_backward(first) {
            backward_len(rest)
        } else {
            rest.find(is_backward).unwrap_or(rest.len())
        };
        let (part, later) = rest.split_at(len);
        rest = later;
        Some(Run {
            text: part,
            is_complex: is_backward(first) || part.chars().any(is_complex),
            is_backward: is_backward(first),
        })
    })
}

/// Bytes from a right-to-left letter to the last one before anything that is read from left to right.
fn backward_len(text: &str) -> usize {
    let mut len = 0;
    for (start, c) in text.char_indices() {
        if is_backward(c) {
            len = start + c.len_utf8();
        } else if c.is_alphanumeric() {
            break;
        }
    }
    len
}

/// Hebrew, Arabic and their neighbors, with their presentation forms.
fn is_backward(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' | '\u{10800}'..='\u{10fff}')
        && !matches!(c, '\u{660}'..='\u{669}' | '\u{6f0}'..='\u{6f9}')
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

    #[test]
    fn right_to_left_words_are_one_run_and_shown_backwards() {
        let text = "дом שלום עולם 5";
        let parts: Vec<(&str, bool)> = runs(text).map(|run| (run.text, run.is_backward)).collect();
        assert_eq!(parts, [("дом ", false), ("שלום עולם", true), (" 5", false)]);
        let glyphs = &Weight::Regular.face().set(text)[1].1;
        let first = glyphs.first().map(|glyph| glyph.text_range.clone());
        let last = "שלום עולם".len();
        assert_eq!(first, Some(last - 2..last), "the last letter is leftmost");
    }

    proptest! {
        #[test]
        fn runs_are_the_whole_text(text in any::<String>()) {
            let joined: String = runs(&text).map(|run| run.text).collect();
            prop_assert_eq!(joined, text);
        }

        #[test]
        fn any_text_can_be_set_and_is_as_wide_as_measured(text in any::<String>()) {
            let face = Weight::Bold.face();
            let text = face.printable(&text);
            let set = face.set(&text);
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

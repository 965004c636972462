//! Text broken into lines, and the lines of a cell.

use super::font::reads_backward;
use super::page::{Block, Item, Style};

/// Part of a line in one style, with the place of its left end.
#[derive(Clone, Debug)]
struct Span {
    x: f32,
    text: String,
    style: Style,
    /// Whether the text that it is part of is read from right to left.
    is_backward: bool,
}

/// A line of text.
#[derive(Clone, Debug, Default)]
struct Line {
    spans: Vec<Span>,
    width: f32,
}

impl Line {
    fn height(&self) -> f32 {
        let heights = self.spans.iter().map(|span| span.style.line_height());
        heights.fold(0.0, f32::max)
    }

    fn ascent(&self) -> f32 {
        let ascents = self.spans.iter().map(|span| span.style.ascent());
        ascents.fold(0.0, f32::max)
    }

    /// Adds a word of a text that is read from right to left or not, with the space before it if there is one.
    fn push(&mut self, word: &str, style: Style, is_backward: bool, space: f32) {
        let width = style.width(word);
        match self.spans.last_mut() {
            Some(last) if last.style == style && last.is_backward == is_backward && space > 0.0 => {
                last.text.push(' ');
                last.text.push_str(word);
            }
            _ => self.spans.push(Span {
                x: self.width + space,
                text: word.to_owned(),
                style,
                is_backward,
            }),
        }
        self.width += space + width;
    }

    fn block(&self, x: f32) -> Block {
        let baseline = self.ascent();
        let item = |span: &Span| Item::Text {
            at: [x + span.x, baseline],
            style: span.style,
            text: span.text.clone(),
            is_backward: span.is_backward,
        };
        Block {
            height: self.height(),
            items: self.spans.iter().map(item).collect(),
        }
    }
}

/// Sums of widths differ by less than this from the width of the whole.
const HAIR: f32 = 0.01;

/// Breaks `parts` into lines of at most `width`, at spaces between words and between parts, and within words that are
/// wider than a line. No-break spaces do not break.
fn wrap(parts: &[(&str, Style)], width: f32) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut line = Line::default();
    for (text, style) in parts {
        let printable = style.weight.face().printable(text);
        let is_backward = reads_backward(&printable);
        for word in printable.split(' ').filter(|word| !word.is_empty()) {
            let mut word = word;
            let space = style.width(" ");
            let is_first = line.spans.is_empty();
            let space = if is_first { 0.0 } else { space };
            if !is_first && line.width + space + style.width(word) > width + HAIR {
                lines.push(std::mem::take(&mut line));
            }
            while line.spans.is_empty() && style.width(word) > width + HAIR {
                let (head, tail) = word.split_at(break_of(word, *style, width));
                line.push(head, *style, is_backward, 0.0);
                if tail.is_empty() {
                    word = tail;
                    break;
                }
                lines.push(std::mem::take(&mut line));
                word = tail;
            }
            if !word.is_empty() {
                let space = if line.spans.is_empty() { 0.0 } else { space };
                line.push(word, *style, is_backward, space);
            }
        }
    }
    if !line.spans.is_empty() {
        lines.push(line);
    }
    lines
}

/// Where a word that is wider than `width` is best broken: after the last dash that fits, or else the last no-break space,
/// or else after as much of it as fits.
fn break_of(word: &str, style: Style, width: f32) -> usize {
    let end = fitting(word, style, width);
    if end == word.len() {
        return end;
    }
    let after = |sign: char| word[..end].rfind(sign).map(|at| at + sign.len_utf8());
    after('–').or_else(|| after('\u{a0}')).unwrap_or(end)
}

/// Bytes of the longest beginning of `word` that fits in `width`, but at least one character.
fn fitting(word: &str, style: Style, width: f32) -> usize {
    let first = word.chars().next().map_or(0, char::len_utf8);
    let mut ends = word.char_indices().map(|(start, c)| start + c.len_utf8());
    // Letters that join may be narrower or wider together than alone: the estimate is checked.
    let mut sum = 0.0;
    let mut end = first;
    let mut start = 0;
    for next in ends.by_ref() {
        sum += style.width(&word[start..next]);
        start = next;
        if sum > width {
            break;
        }
        end = next;
    }
    while end > first && style.width(&word[..end]) > width {
        end = word[..end]
            .char_indices()
            .last()
            .map_or(first, |(at, _)| at);
    }
    end.max(first)
}

/// `text` on one line of at most `width`, cut with an ellipsis if it is longer.
pub(super) fn cut(text: &str, style: Style, width: f32) -> String {
    let text = style.weight.face().printable(text);
    if style.width(&text) <= width {
        return text;
    }
    let end = fitting(&text, style, width - style.width("…"));
    format!("{}…", text[..end].trim_end())
}

/// What stands in a cell, line by line.
#[derive(Clone, Debug)]
enum Row {
    Text(Line),
    /// Lines in a box.
    Framed(Vec<Line>),
    /// An empty box to tick, and what it is for.
    Tick(Line),
    /// A label and a rule to write on.
    Blank(Line),
    /// Nothing.
    Gap(f32),
}

const FRAME_PADDING: f32 = 3.0;
const TICK: f32 = 11.0;
const FRAMED_LINES_MAX: usize = 8;

impl Row {
    fn height(&self) -> f32 {
        match self {
            Self::Text(line) => line.height(),
            Self::Framed(lines) => {
                let heights = lines.iter().map(Line::height);
                heights.sum::<f32>() + 2.0 * FRAME_PADDING
            }
            Self::Tick(line) => line.height().max(TICK) + 3.0,
            Self::Blank(_) => 19.0,
            Self::Gap(height) => *height,
        }
    }

    fn block(&self, width: f32) -> Block {
        let mut block = Block::default();
        match self {
            Self::Text(line) => block = line.block(0.0),
            Self::Framed(lines) => {
                let widths = lines.iter().map(|line| line.width);
                let inner = widths.fold(0.0, f32::max) + 2.0 * FRAME_PADDING;
                let mut y = FRAME_PADDING / 2.0 + 0.6;
                for line in lines {
                    block.put([FRAME_PADDING, y], line.block(0.0));
                    y += line.height();
                }
                block.items.push(Item::Frame {
                    at: [0.6, 0.6],
                    size: [inner.min(width) - 1.2, y + FRAME_PADDING / 2.0 - 0.6],
                    width: 1.2,
                });
            }
            Self::Tick(line) => {
                block.items.push(Item::Frame {
                    at: [0.5, 0.5],
                    size: [TICK - 1.0; 2],
                    width: 1.0,
                });
                let y = (TICK - line.height()).max(0.0) / 2.0;
                block.put([TICK + 5.0, y], line.block(0.0));
            }
            Self::Blank(label) => {
                let baseline = self.height() - 3.0;
                block.put([0.0, baseline - label.ascent()], label.block(0.0));
                let from = label.width + 3.0;
                if from < width {
                    block
                        .items
                        .push(Item::rule(from, width, baseline + 0.5, 0.6));
                }
            }
            Self::Gap(_) => {}
        }
        block.height = self.height();
        block
    }
}

/// A column of lines of one width.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    width: f32,
    rows: Vec<Row>,
}

impl Cell {
    pub(super) fn new(width: f32) -> Self {
        let rows = Vec::new();
        Self { width, rows }
    }

    /// Text in one style; nothing if it is empty.
    pub(super) fn text(&mut self, text: &str, style: Style) {
        self.parts(&[(text, style)]);
    }

    /// Parts in styles of their own, with spaces between them.
    pub(super) fn parts(&mut self, parts: &[(&str, Style)]) {
        let lines = wrap(parts, self.width);
        self.rows.extend(lines.into_iter().map(Row::Text));
    }

    /// Text in a box.
    pub(super) fn framed(&mut self, text: &str, style: Style) {
        let lines = wrap(&[(text, style)], self.width - 2.0 * FRAME_PADDING);
        // A box of more lines than a mark ever has would not fit on a page.
        let boxes = lines.chunks(FRAMED_LINES_MAX);
        self.rows
            .extend(boxes.map(|lines| Row::Framed(lines.to_vec())));
    }

    /// A box to tick with what it is for.
    pub(super) fn tick(&mut self, text: &str, style: Style) {
        let lines = wrap(&[(text, style)], self.width - TICK - 5.0);
        let mut lines = lines.into_iter();
        self.rows.extend(lines.next().map(Row::Tick));
        self.rows.extend(lines.map(Row::Text));
    }

    /// A label with a rule behind it to write on.
    pub(super) fn blank(&mut self, label: &str, style: Style) {
        let lines = wrap(&[(label, style)], self.width * 0.75);
        self.rows.extend(lines.into_iter().map(Row::Blank));
    }

    /// Empty space, unless the cell is empty.
    pub(super) fn gap(&mut self, height: f32) {
        if !self.rows.is_empty() {
            self.rows.push(Row::Gap(height));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Splits off the first lines that fit in `room`; at least one if there is any.
    pub(super) fn split(&mut self, room: f32) -> Self {
        let mut height = 0.0;
        let fits = |row: &&Row| {
            height += row.height();
            height <= room
        };
        let n = self.rows.iter().take_while(fits).count();
        let n = n.max(1).min(self.rows.len());
        let later = self.rows.split_off(n);
        Self {
            width: self.width,
            rows: std::mem::replace(&mut self.rows, later),
        }
    }

    /// At most about `room` points of it, with an ellipsis for what is left out.
    pub(super) fn capped(mut self, room: f32, style: Style) -> Self {
        let mut kept = self.split(room);
        if !self.is_empty() {
            kept.text("…", style);
        }
        kept
    }

    pub(super) fn block(&self) -> Block {
        let mut block = Block::default();
        for row in &self.rows {
            block.put([0.0, block.height], row.block(self.width));
        }
        block
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STYLE: Style = Style::regular(10.0);

    fn lines(text: &str, width: f32) -> Vec<String> {
        let join = |line: &Line| {
            let spans = line.spans.iter().map(|span| span.text.as_str());
            spans.collect::<Vec<_>>().join(" ")
        };
        wrap(&[(text, STYLE)], width).iter().map(join).collect()
    }

    #[test]
    fn lines_break_at_spaces_but_not_at_those_that_bind() {
        let width = STYLE.width("ул. Медвяная,");
        assert_eq!(
            lines("ул. Медвяная, д.\u{a0}125, кв.\u{a0}3456", width),
            ["ул. Медвяная,", "д.\u{a0}125,", "кв.\u{a0}3456"]
        );
    }

    #[test]
    fn words_wider_than_a_line_are_broken_inside() {
        let found = lines("Длиннофамильная", 40.0);
        assert!(found.len() > 1);
        assert_eq!(found.concat(), "Длиннофамильная");
    }

    #[test]
    fn a_window_with_dates_breaks_after_its_dash() {
        assert_eq!(
            lines("24\u{a0}Nov\u{a0}07:09–24\u{a0}Nov\u{a0}07:30", 100.0),
            ["24\u{a0}Nov\u{a0}07:09–", "24\u{a0}Nov\u{a0}07:30"]
        );
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(cut("short", STYLE, 100.0), "short");
        let long = cut("a text that is longer than that", STYLE, 60.0);
        assert!(long.ends_with('…') && STYLE.width(&long) <= 60.0);
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_its_cell_and_no_letter_is_lost(
            text in "[a-zа-яא-תب-ي .,0-9\\u{300}\u{a0}]{0,80}", width in 30.0..200.0_f32,
        ) {
            let wrapped = wrap(&[(&text, STYLE)], width);
            for line in &wrapped {
                prop_assert!(line.width <= width + 0.01);
                for span in &line.spans {
                    prop_assert!(span.x + span.style.width(&span.text) <= width + 0.01);
                }
            }
            let letters = |text: &str| text.replace(' ', "");
            let printed = STYLE.weight.face().printable(&text);
            prop_assert_eq!(letters(&lines(&text, width).concat()), letters(&printed));
        }
    }
}

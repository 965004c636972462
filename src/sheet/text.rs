//! Making other people's text fit for paper.

/// Space that does not break a line.
const NO_BREAK: char = '\u{a0}';

/// Abbreviations that belong to the number after them.
const BEFORE_NUMBER: [&str; 32] = [
    "кв.",
    "кв",
    "д.",
    "дом",
    "корп.",
    "корп",
    "к.",
    "стр.",
    "стр",
    "вл.",
    "лит.",
    "под.",
    "подъезд",
    "эт.",
    "этаж",
    "оф.",
    "офис",
    "каб.",
    "пом.",
    "код",
    "№",
    "apt",
    "apt.",
    "flat",
    "fl.",
    "floor",
    "no.",
    "#",
    "bldg.",
    "entrance",
    "code",
    "unit",
];

/// Abbreviations that belong to the word after them.
const BEFORE_WORD: [&str; 9] = [
    "г.", "ул.", "пер.", "пр-т", "б-р", "пл.", "наб.", "ш.", "пр-д",
];

/// Words that belong to the number before them.
const AFTER_NUMBER: [&str; 9] = ["этаж", "подъезд", "₽", "руб.", "р.", "кг", "kg", "%", "шт."];

/// `text` without characters that would not print or would reorder the line: control and formatting characters go,
/// line breaks become spaces, runs of spaces become one.
pub(super) fn clean(text: &str) -> String {
    let printable: String = text
        .chars()
        .map(|c| if is_break(c) { ' ' } else { c })
        .filter(|c| !is_invisible(*c))
        .collect();
    // Non-breaking spaces of the author survive; only plain white space is folded.
    printable
        .split(|c: char| c.is_whitespace() && c != NO_BREAK)
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// [`clean`]ed text in which numbers stay on the line of the word they belong to, as in "кв. 3" and "2 этаж".
pub(super) fn bind(text: &str) -> String {
    let text = clean(text);
    let mut words = text.split(' ').peekable();
    let mut bound = String::with_capacity(text.len() + 8);
    while let Some(word) = words.next() {
        bound.push_str(word);
        if let Some(next) = words.peek() {
            bound.push(if belong_together(word, next) {
                NO_BREAK
            } else {
                ' '
            });
        }
    }
    bound
}

fn belong_together(word: &str, next: &str) -> bool {
    let has_number = |word: &str| word.starts_with(|c: char| c.is_numeric());
    let is_in = |list: &[&str], word: &str| {
        let word = word
            .trim_matches(|c: char| ",;(".contains(c))
            .to_lowercase();
        list.contains(&word.as_str())
    };
    (is_in(&BEFORE_NUMBER, word) && has_number(next))
        || is_digit_group(word, next)
        || is_in(&BEFORE_WORD, word)
        || (has_number(word) && !word.ends_with([',', ';', '.']) && is_in(&AFTER_NUMBER, next))
}

/// Whether a space between the two only groups the digits of one number, as in "12 345,50" and "+7 900 000-00-01".
fn is_digit_group(word: &str, next: &str) -> bool {
    let digits = word.trim_start_matches('+');
    (1..=3).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && next.bytes().take_while(u8::is_ascii_digit).count() == 3
}

/// `text` so that letters read from right to left do not change the places of what stands around it.
pub(super) fn isolated(text: &str) -> String {
    if text.contains(is_backward) {
        format!("{FIRST_STRONG_ISOLATE}{text}{POP_ISOLATE}")
    } else {
        text.to_owned()
    }
}

/// What begins a part with a direction of its own, that of its first letter.
const FIRST_STRONG_ISOLATE: char = '\u{2068}';
/// What ends such a part.
const POP_ISOLATE: char = '\u{2069}';

/// Whether this begins or ends an [`isolated`] part.
pub(super) fn is_isolate(c: char) -> bool {
    [FIRST_STRONG_ISOLATE, POP_ISOLATE].contains(&c)
}

/// Hebrew, Arabic and their neighbors, with their presentation forms.
pub(super) fn is_backward(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' | '\u{10800}'..='\u{10fff}')
        && !matches!(c, '\u{660}'..='\u{669}' | '\u{6f0}'..='\u{6f9}')
}

/// Line and paragraph ends of all kinds.
fn is_break(c: char) -> bool {
    matches!(
        c,
        '\n' | '\r' | '\t' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

/// Controls, bidirectional and other invisible formatting, tags, and the private use areas.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{e000}'..='\u{f8ff}'
                | '\u{feff}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{e0000}'..='\u{10ffff}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_stay_with_their_words() {
        let check = |text: &str, expected: &str| {
            assert_eq!(bind(text).replace(NO_BREAK, "~"), expected);
        };
        check(
            "ул. Медвяная, д. 5, корп. 2, кв. 3",
            "ул.~Медвяная, д.~5, корп.~2, кв.~3",
        );
        check(
            "подъезд 2, 7 этаж, код 12К34",
            "подъезд~2, 7~этаж, код~12К34",
        );
        check("наличные 12 345,50 ₽", "наличные 12~345,50~₽");
        check("звонить +7 900 000-00-01", "звонить +7~900~000-00-01");
        check("дом 5 2026 года", "дом~5 2026 года");
        check(
            "12 Long Lane, apt 4, floor 2",
            "12 Long Lane, apt~4, floor~2",
        );
        check("код домофона спросить", "код домофона спросить");
        check("дом, этаж 3", "дом, этаж~3");
    }

    #[test]
    fn characters_that_reorder_or_hide_text_are_gone() {
        assert_eq!(clean("a\u{202e}b\u{2066}c\u{200b}\u{7}\u{9b}d"), "abcd");
        assert_eq!(
            clean(" two\r\n lines\t and\u{2028}more "),
            "two lines and more"
        );
    }

    proptest! {
        #[test]
        fn cleaning_twice_changes_nothing_more(text in any::<String>()) {
            let once = clean(&text);
            prop_assert_eq!(&clean(&once), &once);
            prop_assert!(!once.chars().any(|c| is_break(c) || is_invisible(c)));
        }

        #[test]
        fn binding_changes_nothing_but_spaces(text in "[а-яa-z0-9., ]{0,60}") {
            prop_assert_eq!(bind(&text).replace(NO_BREAK, " "), clean(&text));
        }
    }
}

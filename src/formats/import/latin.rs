//! Ids in the letters that ids are made of, from what people call things.
//!
//! What is an id already stays as it is. Otherwise Cyrillic letters are written in Latin ones, and any other character is
//! a hyphen, so that `Заказ №17/5` is `Zakaz-N17-5`. The same text always becomes the same id, whichever table it stands
//! in, so that references between tables hold; who reads a table keeps the text beside the id and tells texts apart that
//! become the same one.

use std::borrow::Cow;

/// Characters of an id at most, as for every id.
const ID_CHARS_MAX: usize = 128;

/// Lower-case Cyrillic letters and what they become: as in passports, with the letters of neighbors.
const LETTERS: [(char, &str); 47] = [
    ('а', "a"),
    ('б', "b"),
    ('в', "v"),
    ('г', "g"),
    ('д', "d"),
    ('е', "e"),
    ('ё', "e"),
    ('ж', "zh"),
    ('з', "z"),
    ('и', "i"),
    ('й', "i"),
    ('к', "k"),
    ('л', "l"),
    ('м', "m"),
    ('н', "n"),
    ('о', "o"),
    ('п', "p"),
    ('р', "r"),
    ('с', "s"),
    ('т', "t"),
    ('у', "u"),
    ('ф', "f"),
    ('х', "kh"),
    ('ц', "ts"),
    ('ч', "ch"),
    ('ш', "sh"),
    ('щ', "shch"),
    ('ъ', "ie"),
    ('ы', "y"),
    ('ь', ""),
    ('э', "e"),
    ('ю', "iu"),
    ('я', "ia"),
    ('і', "i"),
    ('ї', "i"),
    ('є', "ie"),
    ('ґ', "g"),
    ('ў', "u"),
    ('ә', "a"),
    ('ғ', "g"),
    ('қ', "q"),
    ('ң', "n"),
    ('ө', "o"),
    ('ұ', "u"),
    ('ү', "u"),
    ('һ', "h"),
    ('№', "N"),
];

/// The id for `text`. It is no id if nothing in `text` can be written in Latin letters and digits, if there are
/// characters in it that nobody sees, or if it is too long.
pub(super) fn id_for(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_.:-".contains(c);
    if text.chars().all(is_plain) || text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let mut id = String::new();
    for c in text.chars() {
        match c {
            _ if is_plain(c) => id.push(c),
            _ => id.push_str(&written(c)),
        }
    }
    let says_something = id.contains(|c: char| c.is_ascii_alphanumeric());
    if says_something && id.len() <= ID_CHARS_MAX {
        Cow::Owned(id)
    } else {
        Cow::Borrowed(text)
    }
}

/// One character in those of ids.
fn written(c: char) -> Cow<'static, str> {
    let lower = c.to_lowercase().next().unwrap_or(c);
    let Some((_, latin)) = LETTERS.iter().find(|(letter, _)| *letter == lower) else {
        return Cow::Borrowed("-");
    };
    let mut letters = latin.chars();
    match letters.next() {
        Some(first) if lower != c => {
            Cow::Owned(first.to_ascii_uppercase().to_string() + letters.as_str())
        }
        _ => Cow::Borrowed(latin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::OrderId;
    use proptest::prelude::*;

    #[test]
    fn what_people_call_things_becomes_an_id_that_they_can_read() {
        for (text, id) in [
            ("Заказ-17", "Zakaz-17"),
            ("ЩУКА №17/5", "ShchUKA-N17-5"),
            ("Подъезд 3", "Podieezd-3"),
            ("order 7", "order-7"),
            ("Café", "Caf-"),
            ("order-7.b:2_X", "order-7.b:2_X"),
        ] {
            assert_eq!(id_for(text), id);
        }
    }

    #[test]
    fn what_nobody_could_read_stays_as_it_is_and_is_refused_as_an_id() {
        let long = "ж".repeat(65);
        for text in ["", "№", "東京", "🚚", "\u{202e}\t", "a\u{0}b", &long] {
            let id = id_for(text);
            if text != "№" {
                assert_eq!(id, text);
                assert!(OrderId::parse(&id).is_err(), "{text:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn an_id_is_kept_and_anything_else_gives_an_id_or_stays(text in "[A-Za-zА-яЁё0-9 _.:/№-]{0,140}") {
            let id = id_for(&text);
            prop_assert_eq!(id_for(&id), id.clone());
            if OrderId::parse(&text).is_ok() {
                prop_assert_eq!(&id, &text);
            }
            if id != text {
                prop_assert!(OrderId::parse(&id).is_ok());
            }
        }
    }
}

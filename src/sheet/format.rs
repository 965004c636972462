//! What sheets are written as, and names of the files.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::{Language, RouteSheet, html, pdf};

/// Longest part of a courier's id that is kept readable, in characters.
const READABLE_LEN: usize = 48;

/// What a sheet is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A page for a browser to print.
    Html,
    /// Pages for any printer.
    Pdf,
}

impl Format {
    /// Ending of file names, without the dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Pdf => "pdf",
        }
    }

    /// MIME type.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Html => html::CONTENT_TYPE,
            Self::Pdf => pdf::CONTENT_TYPE,
        }
    }
}

/// The printable document of one sheet.
#[must_use]
pub fn render(sheet: &RouteSheet, format: Format, language: Language) -> Vec<u8> {
    match format {
        Format::Html => html::render(sheet, language).into_bytes(),
        Format::Pdf => pdf::render(std::slice::from_ref(sheet), language),
    }
}

/// A file name without directory, safe on every common file system and different for different couriers.
///
/// Ids of lower-case letters, digits, `-` and `_` stay as they are. Any other id may clash with another one on a file
/// system that ignores case or forbids `:`, so its readable part is followed by a dot and a hash of the whole id; the
/// dot keeps it apart from every id of the plain kind.
#[must_use]
pub fn file_name(sheet: &RouteSheet, format: Format) -> String {
    let extension = format.extension();
    let id = sheet.courier.as_str();
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    if id.len() <= READABLE_LEN && id.chars().all(is_plain) {
        return format!("sheet-{id}.{extension}");
    }
    let mut name: String = id
        .chars()
        .take(READABLE_LEN)
        .map(|c| c.to_ascii_lowercase())
        .map(|c| if is_plain(c) { c } else { '-' })
        .collect();
    name.push('.');
    for byte in Sha256::digest(id.as_bytes()).iter().take(6) {
        // Writing to a String cannot fail.
        let _ = write!(name, "{byte:02x}");
    }
    format!("sheet-{name}.{extension}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::model::CourierId;
    use crate::sheet::sample;

    fn name_of(id: &str) -> String {
        let mut sheet = sample::small();
        sheet.courier = CourierId::parse(id).expect("a test id");
        file_name(&sheet, Format::Html)
    }

    #[test]
    fn a_plain_id_is_kept() {
        assert_eq!(name_of("courier-01"), "sheet-courier-01.html");
    }

    #[test]
    fn the_ending_tells_the_format() {
        let sheet = sample::small();
        assert_eq!(file_name(&sheet, Format::Pdf), "sheet-courier-07.pdf");
        assert!(render(&sheet, Format::Pdf, Language::Ru).starts_with(b"%PDF-"));
        assert!(render(&sheet, Format::Html, Language::Ru).starts_with(b"<!DOCTYPE"));
    }

    #[test]
    fn ids_that_differ_only_in_case_or_punctuation_get_different_files() {
        let ids = [
            "a", "A", "a:", "a.", "a-", "a_", "aA", "AA", "Aa", "con", "CON", "..",
        ];
        let names: BTreeMap<String, &str> = ids.iter().map(|id| (name_of(id), *id)).collect();
        assert_eq!(names.len(), ids.len(), "{names:?}");
    }

    proptest! {
        #[test]
        fn names_are_short_and_in_the_alphabet_every_file_system_takes(
            id in "[A-Za-z0-9_.:-]{1,128}",
        ) {
            let name = name_of(&id);
            prop_assert!(name.len() <= 100);
            prop_assert!(name.starts_with("sheet-") && name.ends_with(".html"));
            prop_assert!(name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c)));
        }
    }
}

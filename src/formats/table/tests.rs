use std::io::{Cursor, Write};

use calamine::Dimensions;
use encoding_rs::WINDOWS_1251;
use proptest::prelude::*;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::merged::Merged;
use super::*;

/// Everything a table told.
#[derive(Default)]
pub(in crate::formats) struct Heard {
    pub(in crate::formats) headings: Option<Row>,
    pub(in crate::formats) rows: Vec<Row>,
}

impl RowSink for Heard {
    fn headings(&mut self, row: &Row) -> bool {
        assert!(self.headings.is_none(), "headings are told once");
        self.headings = Some(row.clone());
        true
    }

    fn row(&mut self, row: Row) {
        self.rows.push(row);
    }
}

fn hear(bytes: &[u8], options: &TableOptions) -> Result<(Source, Heard), TableError> {
    let knows = |text: &str| ["id", "адрес", "address"].contains(&text);
    let mut heard = Heard::default();
    let mut file = Cursor::new(bytes);
    let source = read_table(&mut file, options, &knows, &mut heard)?;
    Ok((source, heard))
}

fn rows(bytes: &[u8]) -> Vec<(u64, Vec<String>)> {
    let (_, heard) = hear(bytes, &TableOptions::default()).unwrap();
    let headings = heard.headings.into_iter();
    let rows = headings.chain(heard.rows);
    rows.map(|row| (row.number, row.cells)).collect()
}

fn row(number: u64, cells: &[&str]) -> (u64, Vec<String>) {
    (
        number,
        cells.iter().map(|cell| (*cell).to_owned()).collect(),
    )
}

const RUSSIAN: &str = "id;адрес\r\n1;\"Тверская ул., д. 1\"\r\n2;Арбат, д. 2\r\n";

#[test]
fn encodings_are_found_out() {
    let utf_16 = |text: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    };
    let expected = [
        row(1, &["id", "адрес"]),
        row(2, &["1", "Тверская ул., д. 1"]),
        row(3, &["2", "Арбат, д. 2"]),
    ];
    let marked = ["\u{feff}", RUSSIAN].concat();
    let texts = [
        (RUSSIAN.as_bytes().to_vec(), TextEncoding::Utf8),
        (marked.as_bytes().to_vec(), TextEncoding::Utf8),
        (utf_16(&marked, u16::to_le_bytes), TextEncoding::Utf16Le),
        (utf_16(&marked, u16::to_be_bytes), TextEncoding::Utf16Be),
        (utf_16(RUSSIAN, u16::to_le_bytes), TextEncoding::Utf16Le),
        (utf_16(RUSSIAN, u16::to_be_bytes), TextEncoding::Utf16Be),
        (
            WINDOWS_1251.encode(RUSSIAN).0.into_owned(),
            TextEncoding::Windows1251,
        ),
    ];
    for (bytes, expected_encoding) in texts {
        let (source, _) = hear(&bytes, &TableOptions::default()).unwrap();
        let expected_source = Source::Text {
            encoding: expected_encoding,
            delimiter: b';',
        };
        assert_eq!(source, expected_source);
        assert_eq!(rows(&bytes), expected, "{source:?}");
    }
}

#[test]
fn letters_cut_in_two_by_a_chunk_are_no_damage() {
    for shift in 0..3 {
        let text = format!("id,address\n{}{}\n", "x".repeat(shift), "ё€".repeat(60_000));
        let (source, heard) = hear(text.as_bytes(), &TableOptions::default()).unwrap();
        assert!(source.to_string().starts_with("UTF-8"));
        assert!(!heard.rows[0].cells[0].contains('\u{fffd}'));
    }
}

#[test]
fn a_damaged_utf_8_text_stays_utf_8_and_shows_its_damage() {
    let mut bytes = RUSSIAN
        .replace("Арбат", "Арбат".repeat(20).as_str())
        .into_bytes();
    let n = bytes.len();
    bytes[n - 4] = 0xff;
    let (source, heard) = hear(&bytes, &TableOptions::default()).unwrap();
    assert!(source.to_string().starts_with("UTF-8"));
    assert!(heard.rows[1].cells[1].contains('\u{fffd}'));
}

#[test]
fn the_delimiter_is_the_one_that_makes_known_headings() {
    for (delimiter, name) in [(',', "commas"), (';', "semicolons"), ('\t', "tabs")] {
        let text = format!("Заказы, на; сегодня, вот;\nid{delimiter}address\n1{delimiter}x\n");
        let (source, heard) = hear(text.as_bytes(), &TableOptions::default()).unwrap();
        assert_eq!(source.to_string(), format!("UTF-8, separated by {name}"));
        assert_eq!(heard.headings.unwrap().number, 2);
        assert_eq!(heard.rows[0].cells, ["1", "x"]);
    }
    let options = TableOptions {
        delimiter: Some(b'|'),
        ..TableOptions::default()
    };
    let (_, heard) = hear(b"id|address\n1|a,b;c\n", &options).unwrap();
    assert_eq!(heard.rows[0].cells, ["1", "a,b;c"]);
}

#[test]
fn rows_are_counted_as_a_spreadsheet_does() {
    let text = "\nid,address\n\n1,\"two\nlines\"\n2,x\n,\n\n3,y";
    let expected = [
        row(2, &["id", "address"]),
        row(4, &["1", "two\nlines"]),
        row(5, &["2", "x"]),
        row(8, &["3", "y"]),
    ];
    for end in ["\n", "\r\n", "\r"] {
        assert_eq!(
            rows(text.replace('\n', end).as_bytes()),
            expected,
            "{end:?}"
        );
    }
}

#[test]
fn an_apostrophe_before_a_formula_is_taken_away_and_no_other() {
    let text = "id,address\n'=1+1,'s-Hertogenbosch\n''=2,'+7 900\n";
    let expected = [
        row(1, &["id", "address"]),
        row(2, &["=1+1", "'s-Hertogenbosch"]),
        row(3, &["'=2", "+7 900"]),
    ];
    assert_eq!(rows(text.as_bytes()), expected);
}

#[test]
fn an_empty_file_and_an_old_workbook_are_refused() {
    let refusal = |bytes: &[u8]| {
        hear(bytes, &TableOptions::default())
            .map(|_| ())
            .unwrap_err()
    };
    for empty in [&b""[..], b"\n\n", b" \n  ", b"\xef\xbb\xbf"] {
        assert!(matches!(refusal(empty), TableError::Empty), "{empty:?}");
    }
    let old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1...";
    assert!(matches!(refusal(old), TableError::OldWorkbook));
    assert!(matches!(refusal(b"PK\x03\x04..."), TableError::Archive(_)));
}

#[test]
fn a_workbook_that_overstates_its_texts_is_refused() {
    let of = |count: &str| {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default();
        archive.start_file("xl/SharedStrings.xml", options).unwrap();
        let text = format!("<?xml version=\"1.0\"?><sst uniqueCount=\"{count}\"><si/></sst>");
        archive.write_all(text.as_bytes()).unwrap();
        archive.finish().unwrap().into_inner()
    };
    for count in [
        "1000000000000",
        "18446744073709551615",
        "99999999999999999999999",
    ] {
        let refusal = hear(&of(count), &TableOptions::default());
        assert!(matches!(refusal, Err(TableError::Oversized)), "{count}");
    }
    // This one is no workbook for other reasons.
    let refusal = hear(&of("1"), &TableOptions::default());
    assert!(matches!(refusal, Err(TableError::Workbook(_))));
}

/// A workbook with a title, formulas, dates and merged cells.
fn workbook() -> Vec<u8> {
    let mut workbook = Workbook::new();
    let hidden = workbook.add_worksheet();
    hidden.set_name("Old").unwrap().set_hidden(true);
    hidden.write_string(0, 0, "nothing").unwrap();
    let sheet = workbook.add_worksheet();
    let plain = Format::new();
    let moment = Format::new().set_num_format("dd.mm.yyyy hh:mm");
    sheet.set_name("Orders").unwrap().set_active(true);
    sheet
        .merge_range(0, 0, 0, 3, "Orders of today", &plain)
        .unwrap();
    for (column, heading) in ["id", "address", "when", "kg"].iter().enumerate() {
        let column = u16::try_from(column).unwrap();
        sheet.write_string(2, column, *heading).unwrap();
    }
    let id = Formula::new("CONCAT(\"A-\",1)").set_result("A-1");
    sheet.write_formula(3, 0, id).unwrap();
    sheet.merge_range(3, 1, 4, 1, "Same door", &plain).unwrap();
    let evening = ExcelDateTime::parse_from_str("2026-11-26T18:20:00").unwrap();
    sheet
        .write_datetime_with_format(3, 2, &evening, &moment)
        .unwrap();
    let sum = Formula::new("10.1+0.2").set_result("10.299999999999999");
    sheet.write_formula(3, 3, sum).unwrap();
    sheet.write_number(4, 0, 2).unwrap();
    let broken = Formula::new("1/0").set_result("#DIV/0!");
    sheet.write_formula(4, 3, broken).unwrap();
    sheet.write_blank(5, 0, &moment).unwrap();
    sheet.write_string(6, 1, "=1+1").unwrap();
    workbook.save_to_buffer().unwrap()
}

#[test]
fn a_workbook_tells_values_of_formulas_dates_and_merged_cells() {
    let bytes = workbook();
    let (source, _) = hear(&bytes, &TableOptions::default()).unwrap();
    let shown = source.to_string();
    assert_eq!(shown, "sheet \"Orders\" (others: \"Old\")");
    let expected = [
        row(3, &["id", "address", "when", "kg"]),
        row(4, &["A-1", "Same door", "2026-11-26T18:20:00", "10.3"]),
        row(5, &["2", "Same door", "", "#DIV/0!"]),
        row(7, &["", "=1+1"]),
    ];
    assert_eq!(rows(&bytes), expected);
}

/// `workbook` as a program writes it that computes nothing, without the value 7777 wherever it stands; the text "nothing" is
/// an empty one.
pub(in crate::formats) fn uncomputed(workbook: &[u8]) -> Vec<u8> {
    let mut whole = zip::ZipArchive::new(Cursor::new(workbook)).unwrap();
    let mut bare = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..whole.len() {
        let mut part = whole.by_index(index).unwrap();
        let mut text = Vec::new();
        part.read_to_end(&mut text).unwrap();
        if let Ok(xml) = std::str::from_utf8(&text) {
            let bare = xml.replace("<v>7777</v>", "<v />");
            text = bare.replace("<v>nothing</v>", "<v></v>").into_bytes();
        }
        bare.start_file(part.name().unwrap(), SimpleFileOptions::default())
            .unwrap();
        bare.write_all(&text).unwrap();
    }
    bare.finish().unwrap().into_inner()
}

#[test]
fn a_formula_without_a_value_is_told_apart_from_one_that_gives_nothing() {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.write_string(0, 0, "id").unwrap();
    sheet.write_string(0, 1, "address").unwrap();
    sheet.write_string(1, 0, "A-1").unwrap();
    let never = Formula::new("10+2.4").set_result("7777");
    sheet.write_formula(1, 1, never).unwrap();
    sheet.write_string(2, 0, "A-2").unwrap();
    let nothing = Formula::new("IF(1,\"\",2)").set_result("nothing");
    sheet.write_formula(2, 1, nothing).unwrap();
    let bytes = uncomputed(&workbook.save_to_buffer().unwrap());
    let expected = [
        row(1, &["id", "address"]),
        row(2, &["A-1", UNCOMPUTED]),
        row(3, &["A-2", ""]),
    ];
    assert_eq!(rows(&bytes), expected);
}

#[test]
fn a_sheet_is_chosen_by_its_name() {
    let bytes = workbook();
    let of = |name: &str| TableOptions {
        sheet: Some(name.to_owned()),
        ..TableOptions::default()
    };
    let (_, heard) = hear(&bytes, &of("Old")).unwrap();
    assert_eq!(heard.headings.unwrap().cells, ["nothing"]);
    let refusal = hear(&bytes, &of("New")).map(|_| ()).unwrap_err();
    let shown = "there is no sheet \"New\"; there are Old, Orders";
    assert_eq!(refusal.to_string(), shown);
}

#[test]
fn merged_ranges_that_would_take_for_ever_are_refused() {
    let range = Dimensions::new((1, 0), (1_000_000, 16_000));
    let mut merged = Merged::new(vec![range; 5_000], 1);
    let refusal = merged.fill(1, &mut vec!["x".to_owned()]).unwrap_err();
    assert!(matches!(refusal, TableError::Merged { row: 2, .. }));
}

#[test]
fn tables_larger_than_they_may_be_are_refused() {
    let limited = |limits: TableLimits| TableOptions {
        limits,
        ..TableOptions::default()
    };
    let few_rows = limited(TableLimits {
        rows_max: 2,
        ..TableLimits::default()
    });
    let little_text = limited(TableLimits {
        text_bytes_max: 20,
        ..TableLimits::default()
    });
    let small = limited(TableLimits {
        unpacked_bytes_max: 1_000,
        ..TableLimits::default()
    });
    let text = b"id,address\n1,Arbat\n2,Arbat\n".to_vec();
    for bytes in [text.clone(), workbook()] {
        let refusal = |options: &TableOptions| hear(&bytes, options).map(|_| ()).unwrap_err();
        assert!(matches!(refusal(&few_rows), TableError::TooLong { max: 2 }));
        let refused = refusal(&little_text);
        assert!(matches!(refused, TableError::TooMuchText { max: 20 }));
        assert!(refused.is_too_large());
    }
    assert!(hear(&text, &small).is_ok(), "a text is packed as it is");
    let refused = hear(&workbook(), &small).map(|_| ()).unwrap_err();
    assert!(matches!(refused, TableError::Unpacked { max: 1_000 }));
}

proptest! {
    #[test]
    fn bytes_of_any_kind_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = hear(&bytes, &TableOptions::default());
    }

    #[test]
    fn rows_keep_their_sequence(text in "[a-zё,;\t\"'\r\n=]{0,200}") {
        if let Ok((_, heard)) = hear(text.as_bytes(), &TableOptions::default()) {
            let numbers: Vec<u64> = heard.rows.iter().map(|row| row.number).collect();
            prop_assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(heard.rows.iter().all(|row| !is_blank(&row.cells)));
        }
    }

    #[test]
    fn a_damaged_workbook_is_read_or_refused(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = workbook();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = hear(&bytes, &TableOptions::default());
    }
}

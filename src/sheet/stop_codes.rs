//! The stops of a sheet as QR codes, so that a device without any server can read the list back from the paper.
//!
//! Every code holds lines of text in UTF-8, with the fields of a line apart by tabs; a spreadsheet takes it as it is. The
//! lines of all codes of a sheet in sequence, without the first of each, are the list:
//!
//! ```text
//! PUNCTUAL  3f9a12cd  1/2                    checksum of the sheet, number of the code, codes in all
//! C  courier-07  Anna  2026-11-23  Europe/Moscow  5be1…    courier: id, name, day, time zone, plan version
//! S  1  order-0101  D  08:00-10:00  08:10  08:31  3  +7 900 000-01-01  Main St 5   a stop
//! R  10:00  10:15  Store, Quay 1             a reload: loading starts, departure, where
//! B  09:06  09:21                            a break: start, end
//! ```
//!
//! A stop has its number, its order, `D` for a delivery or `C` for a collection, the window told, the planned arrival, the
//! leave-by time, the number of parcels, the phone and the address. What is not known is empty. Times are those of the
//! clock in the day's time zone, with the date before them (`2026-11-24T00:05`) on any other day. Texts are cleaned as
//! for printing, and what is longer than 160 bytes is cut and ends in "…".

use std::fmt::Write as _;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use qrcode::bits::Bits;
use qrcode::{Color, EcLevel, QrCode, Version};

use super::clock_face::{local, zone_of};
use super::text::clean;
use super::{RouteSheet, SheetBreak, SheetReload, SheetStop};
use crate::model::{OrderKind, TimeWindow};
use crate::units::Timestamp;

/// Longest text in a field: 80 Cyrillic letters. With it every line fits in a code of its own.
const TEXT_BYTES: usize = 160;

/// Bytes that a code of the largest size used, version 25 with level M, holds besides the note that they are UTF-8.
///
/// Printed 45 mm wide, its modules are 0.38 mm: what a telephone reads from office paper.
/// Source: ISO/IEC 18004, table 7.
const CODE_BYTES: usize = 995;

/// The number of UTF-8 among character sets.
/// Source: AIM ECI assignments.
const UTF_8: u32 = 26;

/// One QR code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StopCode {
    /// What it says.
    pub text: String,
    /// Modules along each side.
    pub side: usize,
    /// Whether each module is dark, row by row from the top left.
    pub dark: Vec<bool>,
}

/// The codes of `sheet`, of which each can be read alone; none if it has no stops.
#[must_use]
pub fn stop_codes(sheet: &RouteSheet) -> Vec<StopCode> {
    let texts = stop_code_texts(sheet).into_iter();
    texts.filter_map(encode).collect()
}

/// What the codes of `sheet` say.
#[must_use]
pub fn stop_code_texts(sheet: &RouteSheet) -> Vec<String> {
    if sheet.stops.is_empty() {
        return Vec::new();
    }
    let mut parts = vec![String::new()];
    // The first line with room for four digits of either number.
    let head_bytes = format!("PUNCTUAL\t{}\t0000/0000", sheet.checksum).len();
    for line in lines(sheet) {
        let last = parts.len() - 1;
        if head_bytes + parts[last].len() + 1 + line.len() > CODE_BYTES {
            parts.push(String::new());
        }
        let last = parts.len() - 1;
        parts[last].push('\n');
        parts[last].push_str(&line);
    }
    let n_parts = parts.len();
    let numbered = parts.into_iter().zip(1..);
    numbered
        .map(|(part, number)| format!("PUNCTUAL\t{}\t{number}/{n_parts}{part}", sheet.checksum))
        .collect()
}

/// `None` cannot happen: [`stop_code_texts`] are short enough for the largest size used.
///
/// The text is one stretch of bytes, and is said to be UTF-8: a mixture of modes would be shorter, but could take two bytes
/// of UTF-8 for a Japanese character.
fn encode(text: String) -> Option<StopCode> {
    let fitting = |version: &i16| -> Option<QrCode> {
        let mut bits = Bits::new(Version::Normal(*version));
        bits.push_eci_designator(UTF_8).ok()?;
        bits.push_byte_data(text.as_bytes()).ok()?;
        bits.push_terminator(EcLevel::M).ok()?;
        QrCode::with_bits(bits, EcLevel::M).ok()
    };
    // Sizes in steps, so that few attempts are made; a larger one than needed does no harm.
    let code = [5, 9, 13, 17, 21, 25].iter().find_map(fitting)?;
    let side = code.width();
    let dark = code.into_colors().into_iter();
    Some(StopCode {
        text,
        side,
        dark: dark.map(|color| color == Color::Dark).collect(),
    })
}

fn lines(sheet: &RouteSheet) -> Vec<String> {
    let zone = zone_of(&sheet.time_zone);
    let day = local(&zone, sheet.loading).date();
    let clock = Clock { zone, day };
    let courier = [
        "C".to_owned(),
        sheet.courier.to_string(),
        short(&sheet.courier_name),
        day.to_string(),
        short(&sheet.time_zone),
        short(&sheet.plan_version),
    ];
    let mut lines = vec![courier.join("\t")];
    let breaks_after = |number| {
        let breaks = sheet.breaks.iter();
        breaks.filter(move |pause| pause.after_stop == number)
    };
    lines.extend(breaks_after(0).map(|pause| clock.pause(pause)));
    for stop in &sheet.stops {
        lines.push(clock.stop(stop));
        lines.extend(breaks_after(stop.number).map(|pause| clock.pause(pause)));
        let reloads = sheet.reloads.iter();
        let reloads = reloads.filter(|reload| reload.after_stop == stop.number);
        lines.extend(reloads.map(|reload| clock.reload(reload)));
    }
    lines
}

struct Clock {
    zone: TimeZone,
    day: Date,
}

impl Clock {
    fn time(&self, moment: Timestamp) -> String {
        let at = local(&self.zone, moment);
        let mut text = String::new();
        // Writing to a String cannot fail.
        if at.date() != self.day {
            let _ = write!(text, "{}T", at.date());
        }
        let _ = write!(text, "{:02}:{:02}", at.hour(), at.minute());
        text
    }

    fn window(&self, window: TimeWindow) -> String {
        format!("{}-{}", self.time(window.start), self.time(window.end))
    }

    fn stop(&self, stop: &SheetStop) -> String {
        let kind = match stop.kind {
            OrderKind::Delivery => "D",
            OrderKind::Collection => "C",
        };
        let fields = [
            "S".to_owned(),
            stop.number.to_string(),
            stop.order.to_string(),
            kind.to_owned(),
            stop.window
                .map_or_else(String::new, |window| self.window(window)),
            self.time(stop.arrival),
            stop.leave_by.map_or_else(String::new, |at| self.time(at)),
            stop.parcels.map_or_else(String::new, |n| n.to_string()),
            short(&stop.contact.phone),
            short(&stop.address),
        ];
        fields.join("\t")
    }

    fn reload(&self, reload: &SheetReload) -> String {
        let times = [reload.loading, reload.departure].map(|at| self.time(at));
        format!("R\t{}\t{}", times.join("\t"), short(&reload.place))
    }

    fn pause(&self, pause: &SheetBreak) -> String {
        format!("B\t{}\t{}", self.time(pause.start), self.time(pause.end))
    }
}

/// Clean text of at most [`TEXT_BYTES`], without tabs and line ends.
fn short(text: &str) -> String {
    let text = clean(text);
    if text.len() <= TEXT_BYTES {
        return text;
    }
    let room = TEXT_BYTES - '…'.len_utf8();
    let kept = text.char_indices();
    let kept = kept.take_while(|(start, c)| start + c.len_utf8() <= room);
    kept.map(|(_, c)| c).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sheet::sample;

    /// The list that the texts of all codes hold, in whichever sequence they were read.
    fn decoded(mut texts: Vec<String>) -> Vec<Vec<String>> {
        let number = |text: &String| -> usize {
            let head = text.lines().next().expect("a head");
            let numbers = head.split('\t').nth(2).expect("numbers");
            let (number, _) = numbers.split_once('/').expect("of how many");
            number.parse().expect("a number")
        };
        texts.sort_by_key(number);
        let fields = |line: &str| line.split('\t').map(str::to_owned).collect();
        let lines = texts.iter().flat_map(|text| text.lines().skip(1));
        lines.map(fields).collect()
    }

    #[test]
    fn the_list_reads_as_documented() {
        let mut sheet = sample::small();
        sheet.checksum = "3f9a12cd".into();
        let expected = "PUNCTUAL\t3f9a12cd\t1/1\n\
            C\tcourier-07\tСиничкин Пётр\t2026-11-23\tEurope/Moscow\tp-20261123-3\n\
            S\t1\torder-0101\tD\t08:00-10:00\t08:10\t08:31\t3\t+7 900 000-01-01\tул. Медвяная, д. 12, корп. 2, кв. 34\n\
            S\t2\torder-0102\tC\t08:00-10:00\t09:02\t09:07\t1\t+7 900 000-01-02\tРомашковый пер., д. 5, кв. 3\n\
            B\t09:06\t09:21\n\
            R\t10:00\t10:15\tМагазин «Амбар», Ветряная ул., д. 3\n\
            S\t3\torder-0103\tD\t\t2026-11-24T00:05\t\t\t\t";
        assert_eq!(stop_code_texts(&sheet), [expected]);
    }

    #[test]
    fn a_long_route_takes_several_codes_that_may_be_read_in_any_sequence() {
        let sheet = sample::long(60);
        let mut texts = stop_code_texts(&sheet);
        assert!(texts.len() > 1);
        texts.reverse();
        let lines = decoded(texts);
        let stops = lines.iter().filter(|line| line[0] == "S");
        let numbers: Vec<&str> = stops.map(|line| line[1].as_str()).collect();
        let expected: Vec<String> = (1..=60).map(|number| number.to_string()).collect();
        assert_eq!(numbers, expected);
    }

    #[test]
    fn codes_are_squares_of_the_sizes_that_can_be_printed() {
        for code in stop_codes(&sample::long(200)) {
            assert!(code.side <= 117, "{}", code.side);
            assert_eq!(code.dark.len(), code.side * code.side);
        }
    }

    #[test]
    fn a_sheet_without_stops_has_no_code() {
        let mut sheet = sample::small();
        sheet.stops.clear();
        assert_eq!(stop_codes(&sheet), []);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn any_text_comes_back_clean_and_in_its_field(address in any::<String>(), phone in "\\PC*") {
            let mut sheet = sample::long(9);
            for stop in &mut sheet.stops {
                stop.address.clone_from(&address);
                stop.contact.phone.clone_from(&phone);
            }
            let codes = stop_codes(&sheet);
            let said = stop_code_texts(&sheet);
            prop_assert_eq!(codes.len(), said.len());
            let lines = decoded(said);
            let stops: Vec<_> = lines.iter().filter(|line| line[0] == "S").collect();
            prop_assert_eq!(stops.len(), 9);
            for stop in stops {
                prop_assert_eq!(&stop[8], &short(&phone));
                prop_assert_eq!(&stop[9], &short(&address));
            }
        }
    }
}

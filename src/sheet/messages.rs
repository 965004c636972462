//! The words on a sheet and for customers, one file a language.
//!
//! A new language is a file in `data/messages/` and a line in the table below; nothing else changes, unless its plurals
//! follow a rule that [`PluralRule`] does not have yet. (The API names languages by an enum, which gets a value, too.)

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::civil::Date;
use serde::Deserialize;

macro_rules! languages {
    ($($(#[$doc:meta])* $name:ident = $file:literal;)+) => {
        /// A language that sheets are printed in.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Language {
            $($(#[$doc])* $name,)+
        }

        impl Language {
            /// Every language there is.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            fn source(self) -> &'static str {
                match self {
                    $(Self::$name => include_str!($file),)+
                }
            }
        }
    };
}

languages! {
    /// English.
    En = "../../data/messages/en.toml";
    /// Russian.
    Ru = "../../data/messages/ru.toml";
}

/// A language code that no language has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no language {asked:?}; known are {known}", known = Language::codes())]
pub struct UnknownLanguage {
    /// What was asked for.
    pub asked: String,
}

impl Language {
    /// The code, as in "ru".
    #[must_use]
    pub fn code(self) -> &'static str {
        &Messages::of(self).code
    }

    fn codes() -> String {
        let codes: Vec<&str> = Self::ALL.iter().map(|language| language.code()).collect();
        codes.join(", ")
    }
}

impl std::str::FromStr for Language {
    type Err = UnknownLanguage;

    /// Reads a code, as in "ru"; case does not matter.
    fn from_str(code: &str) -> Result<Self, UnknownLanguage> {
        Self::ALL
            .iter()
            .copied()
            .find(|language| language.code().eq_ignore_ascii_case(code))
            .ok_or_else(|| UnknownLanguage {
                asked: code.to_owned(),
            })
    }
}

/// How a language chooses the form of a noun after a whole number.
///
/// Source: Unicode CLDR, cardinal plural rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum PluralRule {
    /// 1 stop, 2 stops: English, German, Spanish and many more.
    OneOther,
    /// 1 and 21 остановка, 2 and 24 остановки, 5 and 12 остановок: Russian, Ukrainian, Belarusian.
    EastSlavic,
}

/// The forms of one noun with its number; a language fills in those that its rule asks for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PluralForms {
    one: String,
    few: Option<String>,
    many: Option<String>,
    other: Option<String>,
}

impl PluralForms {
    fn of(&self, rule: PluralRule, count: u64) -> &str {
        let chosen = match (rule, count % 10, count % 100) {
            (PluralRule::OneOther, ..) if count == 1 => Some(&self.one),
            (PluralRule::OneOther, ..) => self.other.as_ref(),
            (PluralRule::EastSlavic, _, 11..=14) => self.many.as_ref(),
            (PluralRule::EastSlavic, 1, _) => Some(&self.one),
            (PluralRule::EastSlavic, 2..=4, _) => self.few.as_ref(),
            (PluralRule::EastSlavic, ..) => self.many.as_ref(),
        };
        chosen.unwrap_or(&self.one)
    }
}

/// All words of one language. The field names say where each stands on the sheet.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Messages {
    pub(super) code: String,
    plural_rule: PluralRule,
    decimal_separator: String,
    pub(super) title: String,
    pub(super) courier: String,
    pub(super) start: String,
    pub(super) loading: String,
    pub(super) departure: String,
    pub(super) leave_by_start: String,
    pub(super) finish: String,
    pub(super) end: String,
    pub(super) distance: String,
    kilometers: String,
    pub(super) page: String,
    pub(super) plan: String,
    pub(super) checksum: String,
    pub(super) load_check: String,
    pub(super) load_nothing: String,
    pub(super) column_number: String,
    pub(super) column_time: String,
    pub(super) column_where: String,
    pub(super) column_goods: String,
    pub(super) column_fact: String,
    pub(super) at_risk: String,
    pub(super) planned: String,
    pub(super) band: String,
    pub(super) leave_by: String,
    pub(super) leave_planned: String,
    pub(super) leave_next: String,
    pub(super) no_slack: String,
    pub(super) collection: String,
    pub(super) pause: String,
    pub(super) reload: String,
    pub(super) reload_load: String,
    pub(super) reload_unload: String,
    pub(super) order: String,
    pub(super) entry: String,
    pub(super) notes: String,
    pub(super) payment: String,
    pub(super) no_address: String,
    pub(super) actual_time: String,
    pub(super) signature: String,
    pub(super) refused: String,
    pub(super) refusals: String,
    pub(super) refused_order: String,
    pub(super) refused_parcels: String,
    pub(super) refused_reason: String,
    pub(super) recount: String,
    pub(super) recount_collected: String,
    pub(super) handed_over: String,
    pub(super) received: String,
    confidence: String,
    pub(super) slack: String,
    pub(super) leave_planned_means: String,
    pub(super) leave_next_means: String,
    pub(super) early: String,
    pub(super) uncalibrated: String,
    trip: String,
    pub(super) continued: String,
    pub(super) sketch: String,
    changes: String,
    pub(super) no_changes: String,
    pub(super) change_new: String,
    pub(super) change_moved: String,
    change_moved_from: String,
    change_time: String,
    pub(super) change_edited: String,
    removed: String,
    removed_to: String,
    pub(super) withdrawn: String,
    pub(super) codes: String,
    code_of: String,
    pub(super) alert_traffic: String,
    pub(super) alert_courier: String,
    pub(super) alert_service: String,
    pub(super) alert_start: String,
    pub(super) alert_incident: String,
    pub(super) alert_silence: String,
    pub(super) alert_tight: String,
    alert_expected: String,
    alert_unknown: String,
    alert_over: String,
    date: String,
    weekdays: [String; 7],
    months: [String; 12],
    stops: PluralForms,
    parcels: PluralForms,
    dimensions: BTreeMap<String, String>,
}

static CATALOGUES: LazyLock<Vec<Messages>> = LazyLock::new(|| {
    let parse = |language: &Language| {
        toml::from_str(language.source()).expect("a test reads every embedded language file")
    };
    Language::ALL.iter().map(parse).collect()
});

impl Messages {
    /// The words of `language`.
    pub(super) fn of(language: Language) -> &'static Self {
        &CATALOGUES[language as usize]
    }

    /// "3 stops".
    pub(super) fn stops(&self, count: usize) -> String {
        self.counted(&self.stops, count as u64)
    }

    /// "3 parcels".
    pub(super) fn parcels(&self, count: u32) -> String {
        self.counted(&self.parcels, u64::from(count))
    }

    fn counted(&self, forms: &PluralForms, count: u64) -> String {
        let number = count.to_string();
        fill(forms.of(self.plural_rule, count), &[("n", &number)]).replace(' ', "\u{a0}")
    }

    /// The printed name of a load dimension.
    pub(super) fn dimension<'a>(&'a self, name: &'a str) -> &'a str {
        self.dimensions.get(name).map_or(name, String::as_str)
    }

    /// "42.3 km", rounded half up.
    pub(super) fn kilometers(&self, distance: crate::units::Meters) -> String {
        let tenths = (distance.0 + 50) / 100;
        let km = format!("{}{}{}", tenths / 10, self.decimal_separator, tenths % 10);
        fill(&self.kilometers, &[("km", &km)]).replace(' ', "\u{a0}")
    }

    /// What leave-by times mean, at a confidence in percent.
    pub(super) fn confidence(&self, confidence: crate::units::BasisPoints) -> String {
        let (whole, part) = (confidence.0 / 100, confidence.0 % 100);
        let percent = if part == 0 {
            whole.to_string()
        } else {
            let digits = format!("{part:02}");
            format!(
                "{whole}{}{}",
                self.decimal_separator,
                digits.trim_end_matches('0')
            )
        };
        fill(&self.confidence, &[("percent", &percent)])
    }

    /// "Page 1 of 3".
    pub(super) fn page_of(&self, number: usize, count: usize) -> String {
        let [number, count] = [number, count].map(|n| n.to_string());
        fill(&self.page, &[("pages", &count), ("page", &number)])
    }

    /// "trip 2".
    pub(super) fn trip(&self, number: u32) -> String {
        fill(&self.trip, &[("n", &number.to_string())])
    }

    /// "Changes since plan 3f9a".
    pub(super) fn changes(&self, version: &str) -> String {
        fill(&self.changes, &[("version", version)])
    }

    /// "From Anna".
    pub(super) fn moved_from(&self, courier: &str) -> String {
        fill(&self.change_moved_from, &[("courier", courier)])
    }

    /// "Time, was 08:10".
    pub(super) fn retimed(&self, time: &str) -> String {
        fill(&self.change_time, &[("time", time)])
    }

    /// "Dropped: stop 4".
    pub(super) fn removed(&self, number: u32) -> String {
        fill(&self.removed, &[("n", &number.to_string())])
    }

    /// "now Anna".
    pub(super) fn removed_to(&self, courier: &str) -> String {
        fill(&self.removed_to, &[("courier", courier)])
    }

    /// "Code 1 of 2".
    pub(super) fn code_of(&self, number: usize, count: usize) -> String {
        let [number, count] = [number, count].map(|n| n.to_string());
        fill(&self.code_of, &[("n", &number), ("of", &count)])
    }

    /// "Traffic on the way: your courier is expected 20:05 to 20:25 instead of 19:40."
    pub(super) fn expected(&self, why: &str, [from, to]: [&str; 2], planned: &str) -> String {
        let values = [
            ("from", from),
            ("to", to),
            ("planned", planned),
            ("why", why),
        ];
        fill(&self.alert_expected, &values)
    }

    /// "Your courier is held up: your courier does not come at 19:40 as planned; ..."
    pub(super) fn unknown(&self, why: &str, planned: &str) -> String {
        fill(&self.alert_unknown, &[("planned", planned), ("why", why)])
    }

    /// "Your delivery is expected in time again: your courier comes 19:45 to 20:00."
    pub(super) fn over(&self, [from, to]: [&str; 2]) -> String {
        fill(&self.alert_over, &[("from", from), ("to", to)])
    }

    /// "Monday, 23 November 2026".
    pub(super) fn date(&self, date: Date) -> String {
        let weekday = usize::from(date.weekday().to_monday_zero_offset().unsigned_abs());
        fill(
            &self.date,
            &[
                ("weekday", &self.weekdays[weekday]),
                ("day", &date.day().to_string()),
                ("month", self.month(date)),
                ("year", &date.year().to_string()),
            ],
        )
    }

    /// "24 Nov".
    pub(super) fn short_date(&self, date: Date) -> String {
        format!("{}\u{a0}{:.3}", date.day(), self.month(date))
    }

    fn month(&self, date: Date) -> &str {
        &self.months[usize::from(date.month().unsigned_abs()) - 1]
    }
}

/// `pattern` with every `{name}` replaced by its value.
fn fill(pattern: &str, values: &[(&str, &str)]) -> String {
    values
        .iter()
        .fold(pattern.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), value)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{BasisPoints, Meters};

    fn keys(language: Language) -> Vec<String> {
        let table = table(language);
        let dimensions = table["dimensions"].as_table().expect("a table");
        // Plural forms differ from language to language by nature; another test looks at them.
        table.keys().chain(dimensions.keys()).cloned().collect()
    }

    fn table(language: Language) -> toml::Table {
        language.source().parse().expect("valid TOML")
    }

    fn placeholders(text: &str) -> Vec<String> {
        let mut names: Vec<String> = text
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split_once('}'))
            .map(|(name, _)| name.to_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn every_language_has_the_same_keys_and_placeholders() {
        let table =
            |language: Language| -> toml::Table { language.source().parse().expect("valid TOML") };
        let english = table(Language::En);
        for &language in Language::ALL {
            assert_eq!(keys(language), keys(Language::En), "{language:?}");
            for (key, value) in table(language) {
                let (Some(text), Some(original)) = (value.as_str(), english[&key].as_str()) else {
                    continue;
                };
                assert!(!text.trim().is_empty(), "{language:?} {key}");
                assert_eq!(
                    placeholders(text),
                    placeholders(original),
                    "{language:?} {key}"
                );
            }
        }
    }

    #[test]
    fn every_language_has_the_plural_forms_its_rule_asks_for() {
        for &language in Language::ALL {
            let messages = Messages::of(language);
            for forms in [&messages.stops, &messages.parcels] {
                let has = (
                    forms.few.is_some(),
                    forms.many.is_some(),
                    forms.other.is_some(),
                );
                let needed = match messages.plural_rule {
                    PluralRule::OneOther => (false, false, true),
                    PluralRule::EastSlavic => (true, true, false),
                };
                assert_eq!(has, needed, "{language:?}");
            }
        }
    }

    #[test]
    fn stops_are_counted_as_people_say_it() {
        let check = |language, count, expected: &str| {
            assert_eq!(
                Messages::of(language).stops(count).replace('\u{a0}', " "),
                expected
            );
        };
        check(Language::En, 1, "1 stop");
        check(Language::En, 0, "0 stops");
        check(Language::En, 21, "21 stops");
        for (count, form) in [
            (0, "остановок"),
            (1, "остановка"),
            (2, "остановки"),
            (4, "остановки"),
            (5, "остановок"),
            (11, "остановок"),
            (12, "остановок"),
            (14, "остановок"),
            (21, "остановка"),
            (22, "остановки"),
            (60, "остановок"),
            (111, "остановок"),
            (121, "остановка"),
        ] {
            check(Language::Ru, count, &format!("{count} {form}"));
        }
    }

    #[test]
    fn numbers_follow_the_language() {
        let russian = Messages::of(Language::Ru);
        assert_eq!(russian.kilometers(Meters(42_251)), "42,3\u{a0}км");
        assert_eq!(
            Messages::of(Language::En).kilometers(Meters(49)),
            "0.0\u{a0}km"
        );
        assert!(russian.confidence(BasisPoints(9_750)).contains("97,5"));
        assert!(russian.confidence(BasisPoints(9_000)).contains("90\u{a0}%"));
    }

    #[test]
    fn codes_are_read_and_unknown_ones_named() {
        assert_eq!("ru".parse(), Ok(Language::Ru));
        assert_eq!("EN".parse(), Ok(Language::En));
        let error = "xx".parse::<Language>().expect_err("no such language");
        assert_eq!(
            error.to_string(),
            "there is no language \"xx\"; known are en, ru"
        );
    }
}

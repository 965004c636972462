//! What a customer can be told of a promise at risk, in a sentence.

use super::Language;
use super::clock_face::{ClockFace, Round};
use super::messages::Messages;
use crate::model::TimeWindow;
use crate::units::Timestamp;

/// What makes a courier late, as far as a customer is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delay {
    /// Traffic.
    Traffic,
    /// The courier is slower than was planned.
    Courier,
    /// Services before took longer.
    Service,
    /// A late start.
    Start,
    /// An accident, an incident or a breakdown.
    Incident,
    /// Nothing is heard of the courier.
    Silence,
    /// Nothing in particular: the plan has little room.
    Tight,
}

/// When a courier comes, by the clocks of the city.
#[derive(Clone, Copy, Debug)]
pub struct Coming<'a> {
    /// When most likely; `None` if nobody is on the way.
    pub arrival: Option<TimeWindow>,
    /// When by the plan.
    pub planned: Timestamp,
    /// IANA name of the city's time zone.
    pub time_zone: &'a str,
}

/// Times told to customers are whole multiples of this, in seconds: more would only seem to be known.
const STEP: i64 = 300;

impl Coming<'_> {
    /// Planned arrival, and both ends of the likely one, rounded outwards.
    fn times(&self, words: &Messages) -> (String, Option<[String; 2]>) {
        let face = ClockFace::new(self.time_zone, self.planned, words);
        let down = |at: Timestamp| Timestamp(at.0.div_euclid(STEP) * STEP);
        let up = |at: Timestamp| down(Timestamp(at.0 + STEP - 1));
        let time = |at| face.time(at, Round::Down);
        let likely = self.arrival.map(|TimeWindow { start, end }| {
            // Who is expected at one moment comes about then.
            let (from, to) = (down(start), up(end));
            [time(from), time(to.max(from + crate::units::Seconds(STEP)))]
        });
        (time(down(self.planned)), likely)
    }
}

/// Why and when a delivery comes that is not expected in time.
#[must_use]
pub fn delay_words(language: Language, delay: Delay, coming: Coming<'_>) -> String {
    let words = Messages::of(language);
    let why = match delay {
        Delay::Traffic => &words.alert_traffic,
        Delay::Courier => &words.alert_courier,
        Delay::Service => &words.alert_service,
        Delay::Start => &words.alert_start,
        Delay::Incident => &words.alert_incident,
        Delay::Silence => &words.alert_silence,
        Delay::Tight => &words.alert_tight,
    };
    match coming.times(words) {
        (planned, Some([from, to])) => words.expected(why, [&from, &to], &planned),
        (planned, None) => words.unknown(why, &planned),
    }
}

/// When a delivery comes that is expected in time again; nothing if nobody is on the way.
#[must_use]
pub fn in_time_words(language: Language, coming: Coming<'_>) -> Option<String> {
    let words = Messages::of(language);
    let (_, likely) = coming.times(words);
    likely.map(|[from, to]| words.over([&from, &to]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Seconds;

    /// 19:42 in Moscow.
    const PLANNED: Timestamp = Timestamp(1_795_452_120);

    fn coming(minutes: Option<(i64, i64)>) -> Coming<'static> {
        let after = |minutes: i64| PLANNED + Seconds(minutes * 60);
        Coming {
            arrival: minutes.map(|(start, end)| TimeWindow {
                start: after(start),
                end: after(end),
            }),
            planned: PLANNED,
            time_zone: "Europe/Moscow",
        }
    }

    #[test]
    fn a_customer_hears_why_and_when_in_round_times() {
        let late = coming(Some((24, 42)));
        assert_eq!(
            delay_words(Language::En, Delay::Traffic, late),
            "Traffic on the way: your courier is expected 20:05 to 20:25 instead of 19:40."
        );
        assert_eq!(
            delay_words(Language::Ru, Delay::Traffic, late),
            "Пробки на пути: курьера ждём с 20:05 до 20:25 вместо 19:40."
        );
        let lost = delay_words(Language::En, Delay::Incident, coming(None));
        assert!(lost.starts_with("Your courier is held up: ") && lost.contains("19:40"));
        let exact = delay_words(Language::En, Delay::Start, coming(Some((23, 23))));
        assert!(exact.contains("20:05 to 20:10"), "{exact}");
    }

    #[test]
    fn a_promise_that_is_safe_again_is_told_too() {
        let soon = in_time_words(Language::En, coming(Some((0, 10)))).unwrap();
        assert!(
            soon.ends_with("your courier comes 19:40 to 19:55."),
            "{soon}"
        );
        assert_eq!(in_time_words(Language::Ru, coming(None)), None);
    }
}

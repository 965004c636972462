//! Quotes, and refusals of windows in words.

use jiff::tz::TimeZone;

use crate::grpc::convert::enums::write_constraint;
use crate::grpc::convert::forecast::probability_message;
use crate::grpc::convert::place::window_message;
use crate::grpc::convert::scalar::{moment, percent};
use crate::grpc::pb;
use crate::model::{ConstraintKind, CourierId};
use crate::promise::{Offer, Quote, Shortfall, WindowQuote};
use crate::units::Timestamp;

/// Hours of a door that a refusal names.
const HOURS_MAX: usize = 3;

/// Tells clock times as people of a place do.
#[derive(Clone, Debug)]
pub struct Clocks {
    zone: TimeZone,
}

impl Clocks {
    /// Clocks in an IANA time zone; UTC if that is empty or not known.
    #[must_use]
    pub fn new(time_zone: &str) -> Self {
        Self {
            zone: TimeZone::get(time_zone).unwrap_or(TimeZone::UTC),
        }
    }

    /// `10:06`, rounded up to the minute.
    fn minute(&self, at: Timestamp) -> String {
        let up = Timestamp(at.0.saturating_add(59).div_euclid(60).saturating_mul(60));
        self.write(up, "%H:%M")
    }

    /// `10:05`, the minute that has begun.
    fn down(&self, at: Timestamp) -> String {
        self.write(at, "%H:%M")
    }

    /// `2026-11-23 08:00`.
    #[must_use]
    pub fn date(&self, at: Timestamp) -> String {
        self.write(at, "%Y-%m-%d %H:%M")
    }

    /// Why a window cannot be promised, and what would be possible.
    #[must_use]
    pub fn in_words(&self, shortfall: &Shortfall) -> String {
        in_words(shortfall, self)
    }

    fn write(&self, at: Timestamp, format: &str) -> String {
        match jiff::Timestamp::from_second(at.0) {
            Ok(moment) => moment
                .to_zoned(self.zone.clone())
                .strftime(format)
                .to_string(),
            Err(_) => format!("{} s after 1970", at.0),
        }
    }
}

/// The message for a quote.
#[must_use]
pub fn quote_message(quote: &Quote, clocks: &Clocks) -> pb::QuoteWindowsResponse {
    let windows = quote.windows.iter();
    pb::QuoteWindowsResponse {
        windows: windows.map(|window| window_quote(window, clocks)).collect(),
        plan_version: quote.plan_version,
        noise_version: quote.noise_version.clone(),
        quoted_time: moment(quote.at),
        expiry_time: moment(quote.expires_at),
        warnings: Vec::new(),
    }
}

fn window_quote(quote: &WindowQuote, clocks: &Clocks) -> pb::WindowQuote {
    let outcome = quote.outcome.as_ref();
    pb::WindowQuote {
        window_id: quote.id.to_string(),
        window: Some(window_message(quote.window)),
        is_offered: outcome.is_ok(),
        offer: outcome.ok().map(offer_message),
        refusal: outcome.err().map(|short| refusal_message(short, clocks)),
    }
}

fn offer_message(offer: &Offer) -> pb::WindowOffer {
    let (lowest, whose) = &offer.lowest;
    pb::WindowOffer {
        probability: Some(probability_message(offer.probability)),
        added_cost: offer.added_cost.0,
        added_late_orders: offer.added_late,
        lowest_percent: percent(*lowest),
        lowest_order_id: whose.to_string(),
        courier_id: offer.courier.to_string(),
        service_start_time: moment(offer.service_start),
        at_close_percent: offer.at_close.map(percent),
    }
}

fn refusal_message(shortfall: &Shortfall, clocks: &Clocks) -> pb::WindowRefusal {
    use pb::WindowRefusalReason as Reason;
    let named = |courier: &CourierId| courier.to_string();
    let message = in_words(shortfall, clocks);
    match shortfall {
        Shortfall::PastCutOff { cut_off } => pb::WindowRefusal {
            reason: Reason::PastCutOff as i32,
            message,
            cut_off_time: moment(*cut_off),
            ..pb::WindowRefusal::default()
        },
        Shortfall::DoorClosed { .. } => pb::WindowRefusal {
            reason: Reason::DoorClosed as i32,
            message,
            ..pb::WindowRefusal::default()
        },
        Shortfall::NoCourier {
            constraint,
            courier,
            subject,
            amount,
        } => pb::WindowRefusal {
            reason: Reason::NoCourier as i32,
            message,
            constraint: write_constraint(*constraint),
            courier_id: courier.as_ref().map(named).unwrap_or_default(),
            subject: subject.clone(),
            shortfall: *amount,
            ..pb::WindowRefusal::default()
        },
        Shortfall::NoRoom {
            constraint,
            courier,
            amount,
            subject,
            possible_from,
        } => pb::WindowRefusal {
            reason: Reason::NoRoom as i32,
            message,
            constraint: write_constraint(*constraint),
            courier_id: named(courier),
            subject: subject.clone(),
            shortfall: *amount,
            possible_from_time: possible_from.and_then(moment),
            ..pb::WindowRefusal::default()
        },
        Shortfall::Target {
            offer, expected, ..
        } => pb::WindowRefusal {
            reason: Reason::Target as i32,
            message,
            best: Some(offer_message(offer)),
            expected_percent: Some(percent(*expected)),
            ..pb::WindowRefusal::default()
        },
    }
}

/// Why a window cannot be promised, and what would be possible.
fn in_words(shortfall: &Shortfall, clocks: &Clocks) -> String {
    match shortfall {
        Shortfall::PastCutOff { cut_off } => {
            format!("its cut-off, {}, has passed", clocks.date(*cut_off))
        }
        Shortfall::DoorClosed { open } => {
            let hours = open.iter().take(HOURS_MAX).map(|window| {
                let (from, to) = (clocks.minute(window.start), clocks.down(window.end));
                format!("{from} to {to}")
            });
            let more = if open.len() > HOURS_MAX { ", ..." } else { "" };
            let hours = hours.collect::<Vec<_>>().join(", ");
            format!("the door is closed then; by the order's windows it is open {hours}{more}")
        }
        Shortfall::NoCourier {
            constraint,
            courier,
            subject,
            amount,
        } => match courier {
            Some(courier) => format!(
                "no courier can take it; {courier} comes nearest: {}",
                exclusion(*constraint, subject, *amount)
            ),
            None => "no courier can take it: the day has none".to_owned(),
        },
        Shortfall::NoRoom {
            constraint,
            courier,
            amount,
            subject,
            possible_from,
        } => {
            let short = lack(*constraint, subject, *amount);
            match possible_from {
                Some(from) => format!(
                    "{courier} is {short} short; possible from {}",
                    clocks.minute(*from)
                ),
                None => format!("{courier} is {short} short; not possible later either"),
            }
        }
        Shortfall::Target {
            offer,
            expected,
            is_expected_missed,
        } => {
            if *is_expected_missed {
                let percent = percent(*expected);
                format!("only {percent:.2} % of all promises could then be expected to be kept")
            } else {
                let (lowest, whose) = &offer.lowest;
                let percent = percent(*lowest);
                format!("the promise of {whose} would be kept with a chance of {percent:.1} % only")
            }
        }
    }
}

/// What excludes a courier who does nothing else.
fn exclusion(constraint: ConstraintKind, subject: &str, amount: i64) -> String {
    match constraint {
        ConstraintKind::Skill => format!("the skill `{subject}` is missing"),
        ConstraintKind::CourierForbidden => "the order's lists exclude the courier".to_owned(),
        ConstraintKind::Depot => "the goods are not where the route loads or unloads".to_owned(),
        ConstraintKind::Unreachable => "there is no way there".to_owned(),
        ConstraintKind::Capacity => format!("the order is {amount} {subject} too large"),
        ConstraintKind::TimeWindow
        | ConstraintKind::LaterStop
        | ConstraintKind::ShiftEnd
        | ConstraintKind::MaxStops
        | ConstraintKind::MaxDistance
        | ConstraintKind::MaxDuty
        | ConstraintKind::NotReady
        | ConstraintKind::Inconsistent
        | ConstraintKind::Coverage
        | ConstraintKind::Locked
        | ConstraintKind::MaxReloads
        | ConstraintKind::Break => format!("{} short", lack(constraint, subject, amount)),
    }
}

/// By how much somebody falls short, with its unit.
fn lack(constraint: ConstraintKind, subject: &str, amount: i64) -> String {
    match constraint {
        ConstraintKind::TimeWindow
        | ConstraintKind::LaterStop
        | ConstraintKind::ShiftEnd
        | ConstraintKind::MaxDuty
        | ConstraintKind::NotReady
        | ConstraintKind::Break => span(amount),
        ConstraintKind::Capacity => format!("{amount} {subject}"),
        ConstraintKind::MaxDistance => format!("{amount} m"),
        ConstraintKind::MaxStops if amount == 1 => "1 stop".to_owned(),
        ConstraintKind::MaxStops => format!("{amount} stops"),
        ConstraintKind::MaxReloads => format!("{amount} reloads"),
        ConstraintKind::Skill => format!("the skill `{subject}`"),
        ConstraintKind::CourierForbidden
        | ConstraintKind::Depot
        | ConstraintKind::Unreachable
        | ConstraintKind::Inconsistent
        | ConstraintKind::Coverage
        | ConstraintKind::Locked => amount.to_string(),
    }
}

/// Seconds as people say them, rounded up.
fn span(seconds: i64) -> String {
    match seconds {
        ..=90 => format!("{seconds} s"),
        91..=7_200 => format!("{} min", seconds.saturating_add(59) / 60),
        _ => format!("{} h", seconds.saturating_add(3_599) / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::OrderId;

    fn moscow() -> Clocks {
        Clocks::new("Europe/Moscow")
    }

    #[test]
    fn a_refusal_says_who_is_short_and_from_when_on_it_is_possible() {
        let short = Shortfall::NoRoom {
            constraint: ConstraintKind::LaterStop,
            courier: CourierId::parse("courier-07").unwrap(),
            amount: 360,
            subject: String::new(),
            // 2026-11-23, 10:05:01 in Moscow.
            possible_from: Some(Timestamp(1_795_392_000 + 7 * 3_600 + 301)),
        };
        let message = refusal_message(&short, &moscow());
        assert_eq!(
            message.message,
            "courier-07 is 6 min short; possible from 10:06"
        );
        assert_eq!(message.reason(), pb::WindowRefusalReason::NoRoom);
        assert_eq!(message.constraint(), pb::ConstraintKind::LaterStop);
        assert_eq!(message.shortfall, 360);
    }

    #[test]
    fn refusals_read_like_sentences() {
        let courier = CourierId::parse("c1").unwrap();
        let nobody = |constraint, subject: &str, amount| Shortfall::NoCourier {
            constraint,
            courier: Some(courier.clone()),
            subject: subject.to_owned(),
            amount,
        };
        let said = |short: &Shortfall| in_words(short, &moscow());
        assert_eq!(
            said(&nobody(ConstraintKind::Capacity, "kg", 120)),
            "no courier can take it; c1 comes nearest: the order is 120 kg too large"
        );
        assert_eq!(
            said(&nobody(ConstraintKind::Skill, "fly", 0)),
            "no courier can take it; c1 comes nearest: the skill `fly` is missing"
        );
        let cut_off = Timestamp(1_795_392_000 + 5 * 3_600);
        assert_eq!(
            said(&Shortfall::PastCutOff { cut_off }),
            "its cut-off, 2026-11-23 08:00, has passed"
        );
        let open = crate::model::TimeWindow {
            start: cut_off,
            end: Timestamp(cut_off.0 + 300),
        };
        assert_eq!(
            said(&Shortfall::DoorClosed { open: vec![open] }),
            "the door is closed then; by the order's windows it is open 08:00 to 08:05"
        );
        let offer = Box::new(Offer {
            probability: crate::model::Probability {
                estimate: 0.91,
                low: 0.9,
                high: 0.92,
            },
            at_close: None,
            added_cost: crate::units::Cost(5),
            added_late: 0.3,
            lowest: (0.884, OrderId::parse("o-5").unwrap()),
            courier,
            service_start: cut_off,
        });
        let target = |is_expected_missed| Shortfall::Target {
            offer: offer.clone(),
            expected: 0.980_94,
            is_expected_missed,
        };
        assert_eq!(
            said(&target(true)),
            "only 98.09 % of all promises could then be expected to be kept"
        );
        assert_eq!(
            said(&target(false)),
            "the promise of o-5 would be kept with a chance of 88.4 % only"
        );
    }
}

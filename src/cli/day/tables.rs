//! Days, quotes and promises for people.

use comfy_table::{CellAlignment, Table, presets};
use jiff::tz::TimeZone;
use prost_types::Timestamp;

use crate::cli::report::{counted, kilometers};
use crate::grpc::pb;

/// The time zone of a day; UTC if it has none that is known.
pub(super) fn zone(day: &pb::DaySummary) -> TimeZone {
    TimeZone::get(&day.time_zone).unwrap_or(TimeZone::UTC)
}

fn clock(moment: Option<Timestamp>, zone: &TimeZone, format: &str) -> String {
    let moment = moment.and_then(|moment| jiff::Timestamp::from_second(moment.seconds).ok());
    let told = moment.map(|moment| moment.to_zoned(zone.clone()).strftime(format).to_string());
    told.unwrap_or_else(|| "-".to_owned())
}

pub(super) fn minute(moment: Option<Timestamp>, zone: &TimeZone) -> String {
    clock(moment, zone, "%H:%M")
}

fn hours(window: Option<pb::TimeWindow>, zone: &TimeZone) -> String {
    let window = window.unwrap_or_default();
    let (from, until) = (window.start_time, window.end_time);
    format!("{}-{}", minute(from, zone), minute(until, zone))
}

pub(super) fn percent(percent: f64) -> String {
    format!("{percent:.1} %")
}

fn chance(probability: Option<pb::Probability>) -> String {
    probability.map_or_else(|| "-".to_owned(), |chance| percent(chance.percent))
}

fn table<const N: usize>(header: [&str; N], right: &[usize]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header(header);
    for &index in right {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// The time zone called `name`; UTC if there is none.
pub(super) fn zone_called(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// A moment with its date.
pub(super) fn moment(at: crate::units::Timestamp, zone: &TimeZone) -> String {
    let at = Timestamp {
        seconds: at.0,
        nanos: 0,
    };
    clock(Some(at), zone, "%Y-%m-%d %H:%M")
}

/// How a day under way stands.
pub(super) fn live_day(day: &pb::LiveDaySummary) -> String {
    let zone = zone_called(&day.time_zone);
    let tally = day.tally.unwrap_or_default();
    let expected = day
        .expected_on_time_percent
        .map_or_else(String::new, |expected| {
            format!(
                "; {} of all promises are expected to be kept",
                percent(expected)
            )
        });
    let some = |number: i32, what: &str| match number {
        0 => String::new(),
        number => format!(", {number} {what}"),
    };
    let all = tally.open
        + tally.kept
        + tally.late
        + tally.customer_absent
        + tally.not_delivered
        + tally.overdue;
    let mut text = format!(
        "{} at {}: {}, {} kept, {} late, {} not delivered, {} absent{}, {} open{expected}\n{} at risk{}.",
        day.live_day_id,
        clock(day.as_of_time, &zone, "%Y-%m-%d %H:%M"),
        counted(i64::from(all), "order"),
        tally.kept,
        tally.late,
        tally.not_delivered,
        tally.customer_absent,
        some(tally.overdue, "overdue"),
        tally.open,
        counted(i64::from(day.open_alerts), "promise"),
        some(
            day.left_out,
            "left out, for whom nobody comes: see day repair"
        ),
    );
    if !day.is_calibrated {
        text.push_str(
            "\nThe spread is a built-in default, not learned from your history: uncalibrated.",
        );
    }
    text
}

/// How a day under way stands, with the promises at risk.
pub(super) fn risk(read: &pb::GetLiveDayResponse) -> String {
    let day = read.live_day.clone().unwrap_or_default();
    let zone = zone_called(&day.time_zone);
    let lines = read
        .alerts
        .iter()
        .map(|alert| self::alert("at risk", alert, &zone));
    let mut text = vec![live_day(&day)];
    text.extend(lines);
    text.join("\n")
}

/// What is told of a promise, in one word.
pub(super) fn change_kind(change: &pb::AlertChange) -> &'static str {
    match change.kind() {
        pb::AlertChangeKind::Raised => "raised",
        pb::AlertChangeKind::Moved => "moved",
        pb::AlertChangeKind::Cleared => "cleared",
        pb::AlertChangeKind::Ended => "ended",
        pb::AlertChangeKind::Unspecified => "unknown",
    }
}

/// An alert in one line.
pub(super) fn alert(what: &str, alert: &pb::LiveAlert, zone: &TimeZone) -> String {
    let english = pb::Language::En as i32;
    let words = alert.words.iter().find(|words| words.language == english);
    let words = words.map_or("", |words| words.text.as_str());
    format!(
        "{} {what} {}, {}: promised until {}, {} on time. {words}",
        minute(alert.told_time, zone),
        alert.order_id,
        alert.courier_id,
        minute(alert.promised_end_time, zone),
        percent(alert.on_time_percent),
    )
    .trim_end()
    .to_owned()
}

/// How a day stands.
pub(super) fn day(day: &pb::DaySummary) -> String {
    let zone = zone(day);
    let counts = day.counts.unwrap_or_default();
    let state = match day.state() {
        pb::DayState::Open => "open",
        pb::DayState::Closed => "closed",
        pb::DayState::Unspecified => "unknown",
    };
    let target = day.on_time_target.map_or_else(String::new, |target| {
        let floor = target
            .floor_percent
            .map(|floor| format!(", nobody under {floor} %"));
        format!(
            " (target: {} %{})",
            target.expected_percent,
            floor.unwrap_or_default()
        )
    });
    let lowest = day.lowest_percent.map_or_else(String::new, |lowest| {
        format!(
            "; least of all {}, {}",
            day.lowest_order_id,
            percent(lowest)
        )
    });
    let calibrated = if day.is_calibrated {
        format!("Noise model {}.", day.noise_version)
    } else {
        "The spread is a built-in default, not learned from your history: uncalibrated.".to_owned()
    };
    format!(
        "{} is {state}: {} confirmed, {} held; {} released, {} expired, {} cancelled.\n\
         Expected on time: {:.2} %{target}{lowest}.\n\
         {} of {}, {:.1} km, cost {}; plan version {}.\n\
         {} in the ledger, the last one at {}.\n{calibrated}",
        day.day_id,
        counts.confirmed,
        counts.held,
        counts.released,
        counts.expired,
        counts.cancelled,
        day.expected_on_time_percent,
        day.couriers,
        counted(day.couriers_in_all, "courier"),
        kilometers(day.distance_meters),
        day.cost,
        day.plan_version,
        entries_counted(day.entries),
        clock(day.changed_time, &zone, "%Y-%m-%d %H:%M:%S %Z"),
    )
}

fn entries_counted(entries: u64) -> String {
    match entries {
        1 => "1 entry".to_owned(),
        many => format!("{many} entries"),
    }
}

/// What can be promised, and why what cannot.
pub(super) fn quote(quote: &pb::QuoteWindowsResponse, zone: &TimeZone) -> String {
    let header = [
        "window", "hours", "kept", "at close", "cost", "late", "lowest", "courier", "at",
    ];
    let mut table = table(header, &[2, 3, 4, 5, 6]);
    let mut refused = String::new();
    for window in &quote.windows {
        let hours = hours(window.window, zone);
        let id = window.window_id.clone();
        if let Some(offer) = &window.offer {
            table.add_row([
                id,
                hours,
                chance(offer.probability),
                offer
                    .at_close_percent
                    .map_or_else(|| "-".to_owned(), percent),
                format!("{:+}", offer.added_cost),
                format!("{:+.2}", offer.added_late_orders),
                percent(offer.lowest_percent),
                offer.courier_id.clone(),
                minute(offer.service_start_time, zone),
            ]);
        } else {
            let why = window
                .refusal
                .as_ref()
                .map_or("", |refusal| &refusal.message);
            refused += &format!("\n{id} ({hours}) cannot be promised: {why}.");
        }
    }
    let offered = if table.row_count() > 0 {
        table.to_string()
    } else {
        "No window can be promised.".to_owned()
    };
    format!(
        "{offered}{refused}\nGood until {}; plan version {}, noise model {}.",
        clock(quote.expiry_time, zone, "%H:%M:%S %Z"),
        quote.plan_version,
        quote.noise_version
    )
}

fn state(promise: &pb::PromiseRecord) -> &'static str {
    match promise.state() {
        pb::PromiseState::Held => "held",
        pb::PromiseState::Confirmed => "confirmed",
        pb::PromiseState::Released => "released",
        pb::PromiseState::Expired => "expired",
        pb::PromiseState::Cancelled => "cancelled",
        pb::PromiseState::Unspecified => "unknown",
    }
}

/// One promise.
pub(super) fn promise(promise: &pb::PromiseRecord, zone: &TimeZone) -> String {
    let order = promise.order.as_ref().map_or("", |order| &order.id);
    let until = match promise.state() {
        pb::PromiseState::Held => {
            format!(" until {}", clock(promise.expiry_time, zone, "%H:%M:%S %Z"))
        }
        pb::PromiseState::Unspecified
        | pb::PromiseState::Confirmed
        | pb::PromiseState::Released
        | pb::PromiseState::Expired
        | pb::PromiseState::Cancelled => String::new(),
    };
    let said = |statement: &Option<pb::PromiseStatement>| {
        let said = statement.clone().unwrap_or_default();
        format!(
            "{}, {} at {}",
            hours(said.window, zone),
            percent(said.probability_percent),
            clock(said.stated_time, zone, "%Y-%m-%d %H:%M:%S %Z")
        )
    };
    let mut text = format!(
        "{}: {}{until}\n  order {order}, window {} ({})\n  stated {}",
        promise.promise_id,
        state(promise),
        promise.window_id,
        hours(promise.window, zone),
        said(&promise.last_statement),
    );
    if promise.amendments > 0 {
        text += &format!(
            "; first {} ({})",
            said(&promise.first_statement),
            counted(promise.amendments, "amendment")
        );
    }
    if let Some(standing) = &promise.standing {
        text += &format!(
            "\n  now {}: {} comes at {}",
            chance(standing.probability),
            standing.courier_id,
            minute(standing.service_start_time, zone)
        );
    }
    text
}

/// Promises as a table.
pub(super) fn promises(promises: &[pb::PromiseRecord], zone: &TimeZone) -> String {
    let header = [
        "promise", "order", "state", "window", "stated", "now", "courier", "at",
    ];
    let mut table = table(header, &[4, 5]);
    for promise in promises {
        let order = promise.order.as_ref().map_or("", |order| &order.id);
        let stated = promise.first_statement.as_ref();
        let standing = promise.standing.clone();
        let now = standing.as_ref().and_then(|standing| standing.probability);
        let at = standing
            .as_ref()
            .and_then(|standing| standing.service_start_time);
        table.add_row([
            promise.promise_id.clone(),
            order.to_owned(),
            state(promise).to_owned(),
            promise.window_id.clone(),
            stated.map_or_else(|| "-".to_owned(), |said| percent(said.probability_percent)),
            chance(now),
            standing.map_or_else(|| "-".to_owned(), |standing| standing.courier_id),
            minute(at, zone),
        ]);
    }
    table.to_string()
}

/// The ledger as a table.
pub(super) fn entries(entries: &[pb::LedgerEntry], zone: &TimeZone) -> String {
    let header = [
        "entry", "written", "what", "promise", "window", "stated", "routes",
    ];
    let mut table = table(header, &[0, 5]);
    for entry in entries {
        let kind = entry.kind().as_str_name();
        let kind = kind.strip_prefix("ENTRY_KIND_").unwrap_or(kind);
        let couriers: Vec<&str> = (entry.routes.iter())
            .map(|route| route.courier_id.as_str())
            .collect();
        let stated = entry.statement.as_ref();
        table.add_row([
            entry.number.to_string(),
            clock(entry.written_time, zone, "%Y-%m-%d %H:%M:%S %Z"),
            kind.to_lowercase(),
            entry.promise_id.clone(),
            entry.window_id.clone(),
            stated.map_or_else(String::new, |said| percent(said.probability_percent)),
            couriers.join(", "),
        ]);
    }
    table.to_string()
}

//! Sheets for tests.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::checksum::checksum;
use super::{
    LeaveByBasis, RemovedStop, RouteSheet, SheetBreak, SheetChanges, SheetReload, SheetStop,
    StopChange,
};
use crate::model::{Contact, CourierId, GeoPoint, OrderId, OrderKind, TimeWindow};
use crate::units::{BasisPoints, Load, Meters, Seconds, Timestamp};

/// 2026-11-23T00:00 in Moscow.
pub(super) const MIDNIGHT: Timestamp = Timestamp(1_795_381_200);

const STORE: GeoPoint = GeoPoint {
    latitude: 55.75,
    longitude: 37.6,
};

/// Compares with `tests/data/sheet/NAME`; on a difference leaves the new text under `target/golden/` to look at
/// and to copy.
pub(super) fn check_golden(name: &str, actual: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let golden = root.join("tests/data/sheet").join(name);
    if fs::read_to_string(&golden).is_ok_and(|expected| expected == actual) {
        return;
    }
    let found = root.join("target/golden");
    fs::create_dir_all(&found).expect("target is writable");
    let found = found.join(name);
    fs::write(&found, actual).expect("target is writable");
    panic!(
        "the sheet changed: look at {} and, if it is meant, copy it to {}",
        found.display(),
        golden.display()
    );
}

/// `hour`:`minute` of the sample day in Moscow.
pub(super) fn at(hour: i64, minute: i64) -> Timestamp {
    MIDNIGHT + Seconds(hour * 3_600 + minute * 60)
}

/// Three stops: a delivery with every field, a collection and, after a break and a reload, a delivery of which next to
/// nothing is known.
pub(super) fn small() -> RouteSheet {
    let mut sheet = RouteSheet {
        day_name: "2026-11-23 Moscow".into(),
        time_zone: "Europe/Moscow".into(),
        courier: CourierId::parse("courier-07").expect("an id"),
        courier_name: "Синичкин Пётр".into(),
        courier_phone: "+7 900 000-10-07".into(),
        start_place: "Магазин «Амбар», Ветряная ул., д. 3".into(),
        start_location: Some(STORE),
        loading: at(7, 30),
        departure: at(7, 50),
        leave_by: Some(at(8, 4)),
        load_at_start: loads(&[("kg", 41), ("crates", 5)]),
        parcels_at_start: 7,
        end_place: "Магазин «Амбар», Ветряная ул., д. 3".into(),
        end_location: Some(STORE),
        end: at(15, 42),
        distance: Meters(42_251),
        stops: vec![full_stop(), collection(), bare_stop()],
        reloads: vec![SheetReload {
            after_stop: 2,
            place: "Магазин «Амбар», Ветряная ул., д. 3".into(),
            location: Some(STORE),
            arrival: at(9, 40),
            loading: at(10, 0),
            departure: at(10, 15),
            load_at_departure: loads(&[("kg", 12)]),
            parcels_at_departure: 2,
        }],
        breaks: vec![SheetBreak {
            after_stop: 2,
            start: at(9, 6),
            end: at(9, 21),
        }],
        plan_version: "p-20261123-3".into(),
        checksum: String::new(),
        leave_by_basis: LeaveByBasis::SimulatedDays,
        leave_by_confidence: BasisPoints(9_000),
        spread_is_default: true,
        changes: None,
    };
    sheet.checksum = checksum(&sheet);
    sheet
}

/// The small sheet compared with an earlier plan: stops that came from elsewhere, at another time and with other details,
/// and one that was dropped.
pub(super) fn changed() -> RouteSheet {
    let mut sheet = small();
    sheet.stops[0].changes = vec![
        StopChange::Moved {
            from: "Воробьёв".into(),
        },
        StopChange::Retimed { arrival: at(8, 1) },
    ];
    sheet.stops[1].changes = vec![StopChange::Edited];
    sheet.stops[2].changes = vec![StopChange::New];
    sheet.changes = Some(SheetChanges {
        since_version: "p-20261123-2".into(),
        is_changed: true,
        is_withdrawn: false,
        removed: vec![RemovedStop {
            number: 2,
            order: OrderId::parse("order-0099").expect("an id"),
            reference: "Заказ-99".into(),
            address: "ул. Липовая, д. 7".into(),
            taken_by: "Воробьёв".into(),
        }],
    });
    sheet.checksum = checksum(&sheet);
    sheet
}

/// `count` stops, every fifth a collection, every seventh with hardly anything known, every eleventh with texts of
/// absurd length.
pub(super) fn long(count: u32) -> RouteSheet {
    let mut sheet = small();
    sheet.stops = (1..=count)
        .map(|number| {
            let mut stop = match number {
                n if n % 7 == 0 => bare_stop(),
                n if n % 5 == 0 => collection(),
                _ => full_stop(),
            };
            stop.number = number;
            let turn = f64::from(number) * 2.4;
            let away = 0.01 * f64::from(number).sqrt();
            stop.location = stop.location.map(|_| GeoPoint {
                latitude: 55.75 + away * turn.sin(),
                longitude: 37.6 + 2.0 * away * turn.cos(),
            });
            stop.order = OrderId::parse(&format!("order-{number:04}")).expect("an id");
            if number % 11 == 0 {
                stop.address = format!("{} {}", "Очень длинное название".repeat(6), stop.address);
                stop.entry_notes = "вход со двора за шлагбаумом, ".repeat(8);
                stop.contact.name = "Длиннофамильная-Безграничная Анастасия Константиновна".into();
                stop.payment_note = "наличные 12 345,50 ₽, нужна сдача с 15 000".into();
            }
            let shift = Seconds(i64::from(number) * 7 * 60);
            stop.arrival = at(8, 10) + shift;
            stop.leave_by = stop.leave_by.map(|_| at(8, 25) + shift);
            stop.arrival_band = stop.arrival_band.map(|_| TimeWindow {
                start: at(8, 3) + shift,
                end: at(8, 24) + shift,
            });
            stop
        })
        .collect();
    if let Some(last) = sheet.stops.last_mut() {
        last.leave_by = None;
        last.is_leave_by_planned = false;
    }
    sheet.checksum = checksum(&sheet);
    sheet
}

fn full_stop() -> SheetStop {
    SheetStop {
        number: 1,
        order: OrderId::parse("order-0101").expect("an id"),
        reference: String::new(),
        kind: OrderKind::Delivery,
        window: Some(TimeWindow {
            start: at(8, 0),
            end: at(10, 0),
        }),
        arrival: at(8, 10),
        arrival_band: Some(TimeWindow {
            start: at(8, 3),
            end: at(8, 24),
        }),
        leave_by: Some(at(8, 31)),
        is_leave_by_planned: false,
        address: "ул. Медвяная, д. 12, корп. 2, кв. 34".into(),
        location: Some(GeoPoint {
            latitude: 55.77,
            longitude: 37.63,
        }),
        contact: Contact {
            name: "Мария <Облакова> & Ко".into(),
            phone: "+7 900 000-01-01".into(),
        },
        entry_notes: "подъезд 2, 7 этаж, лифт есть, код 34К1208".into(),
        parcels: Some(3),
        loads: loads(&[("kg", 18), ("crates", 2)]),
        payment_note: "наличные 1 250,00 ₽".into(),
        notes: "Не звонить в дверь:\nспит ребёнок".into(),
        changes: Vec::new(),
    }
}

fn collection() -> SheetStop {
    SheetStop {
        number: 2,
        order: OrderId::parse("order-0102").expect("an id"),
        kind: OrderKind::Collection,
        arrival: at(9, 2),
        arrival_band: Some(TimeWindow {
            start: at(8, 49),
            end: at(9, 21),
        }),
        leave_by: Some(at(9, 7)),
        is_leave_by_planned: true,
        address: "Ромашковый пер., д. 5, кв. 3".into(),
        location: Some(GeoPoint {
            latitude: 55.735,
            longitude: 37.66,
        }),
        contact: Contact {
            name: String::new(),
            phone: "+7 900 000-01-02".into(),
        },
        entry_notes: String::new(),
        parcels: Some(1),
        loads: loads(&[("crates", 1)]),
        payment_note: String::new(),
        notes: "Пустые бутылки".into(),
        ..full_stop()
    }
}

fn bare_stop() -> SheetStop {
    SheetStop {
        number: 3,
        order: OrderId::parse("order-0103").expect("an id"),
        window: None,
        arrival: at(24, 5),
        arrival_band: None,
        leave_by: None,
        is_leave_by_planned: false,
        address: String::new(),
        location: None,
        contact: Contact::default(),
        entry_notes: String::new(),
        parcels: None,
        loads: BTreeMap::new(),
        payment_note: String::new(),
        notes: String::new(),
        ..full_stop()
    }
}

fn loads(entries: &[(&str, i64)]) -> BTreeMap<String, Load> {
    entries
        .iter()
        .map(|(dimension, load)| ((*dimension).to_owned(), Load(*load)))
        .collect()
}

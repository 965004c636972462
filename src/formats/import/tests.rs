use std::io::Cursor;

use encoding_rs::WINDOWS_1251;
use proptest::prelude::*;
use rust_xlsxwriter::{Formula, Workbook};

use super::*;
use crate::formats::table::{TextEncoding, tests::Heard, tests::uncomputed};
use crate::model::{DropPolicy, GeoTravel, OrderKind, RouteEnd};
use crate::units::{BasisPoints, Cost, Load, Meters};

const DEPOT: GeoPoint = GeoPoint {
    latitude: 55.75,
    longitude: 37.62,
};

fn defaults() -> ImportDefaults {
    ImportDefaults {
        date: Some(Date::constant(2026, 11, 26)),
        zone: TimeZone::get("Europe/Moscow").unwrap(),
        service: Seconds(300),
        preference_cost: None,
        needs_location: true,
    }
}

fn orders_by(
    text: &[u8],
    columns: &[(&str, &str)],
) -> Result<Imported<Located<Order>>, ImportError> {
    let how = ImportTable {
        columns: (columns.iter())
            .map(|(field, heading)| ((*field).to_owned(), (*heading).to_owned()))
            .collect(),
        ..ImportTable::default()
    };
    read_orders(&mut Cursor::new(text), &how, &defaults(), &[DEPOT])
}

fn orders(text: &str) -> Imported<Located<Order>> {
    orders_by(text.as_bytes(), &[]).unwrap()
}

fn faults(text: &str) -> Vec<String> {
    let faults = orders(text).faults;
    assert_eq!(faults.kept.len(), faults.n_faults);
    faults.kept.iter().map(RowFault::to_string).collect()
}

fn clock(moment: crate::units::Timestamp) -> String {
    let moment = jiff::Timestamp::from_second(moment.0).unwrap();
    let zone = TimeZone::get("Europe/Moscow").unwrap();
    moment.to_zoned(zone).strftime("%d.%m %H:%M").to_string()
}

const RUSSIAN: &str = "№ заказа;Адрес;Широта;Долгота;Интервал;Вес, кг;Обслуживание, мин;Получатель;Телефон;Мест;Оплата;Примечание;Приоритет\n\
    A-1;\"Арбат, д. 1; кв. 2\";55,7520;37,5921;18:00-20:00;12,5;5,5;Анна;+7 900 000-00-01;3;наличные 1 250,00;звонить;1\n\
    A-2;Полянка, д. 4;55,7351;37,6190;с 9 до 12;;;;;;;;\n";

#[test]
fn a_russian_table_becomes_orders() {
    let read = orders(RUSSIAN);
    assert!(read.faults.is_empty(), "{:?}", read.faults);
    assert_eq!(read.rows, [2, 3]);
    assert_eq!(read.passed_over, ["Приоритет"]);
    let Located { item, place } = &read.items[0];
    assert_eq!(item.id.as_str(), "A-1");
    assert_eq!(place.address, "Арбат, д. 1; кв. 2");
    assert_eq!(
        place.location,
        Some(GeoPoint {
            latitude: 55.752,
            longitude: 37.5921,
        })
    );
    let window = item.promise.unwrap().window;
    assert_eq!(
        [window.start, window.end].map(clock),
        ["26.11 18:00", "26.11 20:00"]
    );
    assert_eq!(item.load("grams"), Load(12_500));
    assert_eq!(item.service, Seconds(330));
    assert_eq!(item.contact.phone, "+7 900 000-00-01");
    assert_eq!((item.parcels, item.notes.as_str()), (Some(3), "звонить"));
    assert_eq!(item.payment_note, "наличные 1 250,00");
    let second = &read.items[1].item;
    assert_eq!(second.service, Seconds(300));
    assert_eq!(second.drop_policy, DropPolicy::MustServe);
    assert!(second.loads.is_empty() && second.parcels.is_none());
}

#[test]
fn a_table_in_windows_1251_says_the_same() {
    let bytes = WINDOWS_1251.encode(RUSSIAN).0;
    let read = orders_by(&bytes, &[]).unwrap();
    assert_eq!(read.items, orders(RUSSIAN).items);
    assert_eq!(
        read.source,
        Source::Text {
            encoding: TextEncoding::Windows1251,
            delimiter: b';'
        }
    );
}

#[test]
fn everything_an_order_can_say_is_read() {
    let read = orders(
        "id,coordinates,date,from,to,access,ready,load crates,Volume (m3),kind,skills,allowed couriers,forbidden couriers,\
         depots,penalty,entry notes,zone\n\
         1,\"55.75, 37.61\",27.11.2026,9:00,24:00,\"8-12; 13:00-18:00\",8:30,4,\"0,125\",Забор,\"cold, heavy\",c-1 c-2,c-3,\
         store,50,code 7,north\n",
    );
    assert!(read.faults.is_empty(), "{:?}", read.faults);
    let Located { item, place } = &read.items[0];
    let promise = item.promise.unwrap().window;
    assert_eq!(
        [promise.start, promise.end].map(clock),
        ["27.11 09:00", "28.11 00:00"]
    );
    assert_eq!(item.windows.len(), 2);
    assert_eq!(clock(item.windows[1].end), "27.11 18:00");
    assert_eq!(item.ready.map(clock).as_deref(), Some("27.11 08:30"));
    assert_eq!(
        (item.load("crates"), item.load("liters")),
        (Load(4), Load(125))
    );
    assert_eq!(item.kind, OrderKind::Collection);
    assert_eq!(item.required_skills.len(), 2);
    assert_eq!(item.allowed_couriers.len(), 2);
    assert_eq!(item.forbidden_couriers.len(), 1);
    assert_eq!(item.depots.len(), 1);
    assert_eq!(item.drop_policy, DropPolicy::MayDrop { penalty: 50 });
    assert_eq!(item.entry_notes, "code 7");
    assert_eq!(place.zone.as_ref().unwrap().as_str(), "north");
}

#[test]
fn what_customers_prefer_has_a_price_of_its_row_or_of_the_table() {
    let text = "id;координаты;окно;желаемое время;штраф за неудобное время\n\
        1;55,75 37,61;9-18;10-12, 14:00-15:00;700\n\
        2;55,75 37,61;9-18;10-12;\n\
        3;55,75 37,61;9-18;;\n\
        4;55,75 37,61;9-18;;5\n\
        5;55,75 37,61;9-18;after lunch;5\n";
    assert_eq!(
        faults(text),
        [
            "row 3, \"желаемое время\" = \"10-12\": is preferred, and nothing says what missing it costs; give a column \
             preference_cost, or --preference-cost",
            "row 5, \"желаемое время\": is empty although missing it costs something",
            "row 6, \"желаемое время\" = \"after lunch\": is no window; one is like 18:00-20:00",
        ]
    );
    let defaults = ImportDefaults {
        preference_cost: Some(Cost(300)),
        ..defaults()
    };
    let how = ImportTable::default();
    let read = read_orders(&mut Cursor::new(text), &how, &defaults, &[DEPOT]).unwrap();
    let preferred: Vec<(usize, i64)> = read
        .items
        .iter()
        .filter_map(|order| order.item.preference.as_ref())
        .map(|preference| (preference.windows.len(), preference.miss_cost.0))
        .collect();
    assert_eq!(
        (preferred, read.rows),
        (vec![(2, 700), (1, 300)], vec![2, 3, 4])
    );
}

#[test]
fn coordinates_are_called_swapped_only_if_that_would_help() {
    let text = "id,lat,lon,window\n\
        1,37.6,55.75,9-12\n\
        2,137.6,55.75,9-12\n\
        3,-33.9,18.4,9-12\n\
        4,37.6,155.75,9-12\n";
    let off = "is off the globe; latitudes are -90 to 90, longitudes -180 to 180";
    assert_eq!(
        faults(text),
        [
            "row 2, \"lat\" = \"37.6\": seems to be a longitude: latitude and longitude are swapped".to_owned(),
            format!("row 3, \"lat\" = \"137.6\": {off}"),
        ]
    );
    assert_eq!(
        orders(text).rows,
        [4, 5],
        "far away is no mistake by itself"
    );
    // Without a depot to be near to, any place on the globe will do.
    let depots = "id,lat,lon\na,137.6,55.75\nb,137.6,155.75\n";
    let read = read_depots(&mut Cursor::new(depots), &ImportTable::default(), true).unwrap();
    let said: Vec<String> = read.faults.kept.iter().map(RowFault::to_string).collect();
    assert!(
        said[0].contains("are swapped") && said[1].contains(off),
        "{said:?}"
    );
}

#[test]
fn everything_wrong_with_rows_is_said_at_once() {
    let text = "id,lat,lon,window,weight,parcels\n\
        1,55.75,37.6,18-20,,\n\
        1,55.75,137.6,20-18,many,-1\n\
        ,37.6,55.75,18-20,,\n\
        東京,155.7,37.6,,,\n\
        5,,37.6,later,#N/A,1\n\
        6,0,0,18-20,,\n\
        7,55.75,237.6,18-20,,2.5\n";
    assert_eq!(
        faults(text),
        [
            "row 3, \"id\" = \"1\": stands in row 2, too; ids must differ",
            "row 3, \"weight\" = \"many\": is no number from 0 to 1000000",
            "row 3, \"window\" = \"20-18\": ends before it starts; the start comes first",
            "row 3, \"parcels\" = \"-1\": is no whole number from 0 to 1000000",
            "row 4, \"id\": is empty; an id is needed",
            "row 4, \"lat\" = \"37.6\": seems to be a longitude: latitude and longitude are swapped",
            "row 5, \"id\" = \"東京\": is no id: an id has 1 to 128 characters out of A-Z a-z 0-9 _ . : -",
            "row 5, \"lat\" = \"155.7\": is off the globe; latitudes are -90 to 90, longitudes -180 to 180",
            "row 5: nothing says when to come; a window is needed",
            "row 6, \"weight\" = \"#N/A\": is an error of the spreadsheet; correct its formula",
            "row 7, \"lat\" = \"0\": is 0, and so is the longitude: the address was not found",
            "row 8, \"lon\" = \"237.6\": is off the globe; latitudes are -90 to 90, longitudes -180 to 180",
            "row 8, \"parcels\" = \"2.5\": is no whole number from 0 to 1000000",
        ]
    );
    let read = orders(text);
    assert_eq!((read.rows, read.faults.n_rows), (vec![2], 6));
}

#[test]
fn orders_keep_what_people_call_them_beside_an_id_in_plain_letters() {
    let text = "id,lat,lon,window\n\
        Заказ-17,55.75,37.6,18-20\n\
        18,55.75,37.6,18-20\n\
        Zakaz-17,55.75,37.6,18-20\n";
    let read = orders(text);
    let [first, second] = &read.items[..] else {
        panic!("{read:?}");
    };
    let called = |order: &Located<Order>| {
        let Order { id, reference, .. } = &order.item;
        (id.to_string(), reference.clone())
    };
    assert_eq!(called(first), ("Zakaz-17".into(), "Заказ-17".into()));
    assert_eq!(called(second), ("18".into(), String::new()));
    assert_eq!(first.item.label(), "Заказ-17");
    assert_eq!(second.item.label(), "18");
    assert_eq!(read.rewritten.n, 1);
    assert_eq!(
        faults(text),
        [
            "row 4, \"id\" = \"Zakaz-17\": is Zakaz-17 in the letters of ids, as is row 2; ids must differ"
        ]
    );
}

#[test]
fn a_heading_that_is_missing_is_named_with_those_seen() {
    let error = orders_by("Заявка;Адрес;Широта\n1;x;55\n".as_bytes(), &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "row 1: no column says id (\"order\", \"номер заказа\"); nor latitude and longitude (\"широта\", \"долгота\"), or \
         coordinates; nor from and to (\"с\", \"до\"), or window (\"интервал\"), or access; the headings seen are: \
         \"Заявка\", \"Адрес\", \"Широта\""
    );
}

#[test]
fn columns_are_chosen_by_their_headings() {
    let text = "Заявка;№;Где;Когда;Интервал;Ящики\n a-1;1;55,75 37,61;9-12;soon;3\n".as_bytes();
    let choices = [
        ("id", "Заявка"),
        ("coordinates", "где"),
        ("window", "Когда"),
        ("load:crates", "Ящики"),
    ];
    let read = orders_by(text, &choices).unwrap();
    assert!(read.faults.is_empty(), "{:?}", read.faults);
    assert_eq!(read.items[0].item.id.as_str(), "a-1");
    assert_eq!(read.items[0].item.load("crates"), Load(3));
    assert_eq!(read.passed_over, ["№", "Интервал"]);
    let error = orders_by(text, &[("id", "Заказ"), ("colour", "№")]).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("no column is \"Заказ\""), "{message}");
    assert!(
        message.contains("orders have no field \"colour\"; there are id, address"),
        "{message}"
    );
}

#[test]
fn a_column_is_left_out_by_an_empty_heading() {
    let text = b"id,coordinates,window,weight\n1,55.75 37.61,9-12,heavy\n";
    assert_eq!(orders_by(text, &[]).unwrap().faults.n_rows, 1);
    let read = orders_by(text, &[("weight_kg", "")]).unwrap();
    assert_eq!((read.items.len(), read.passed_over.len()), (1, 1));
}

#[test]
fn the_surest_of_several_headings_counts_and_equal_ones_are_refused() {
    let read = orders("№;Номер заказа;координаты;окно\n1;A-7;55,75 37,61;9-12\n");
    assert_eq!(read.items[0].item.id.as_str(), "A-7");
    let error = orders_by(b"id,ID,coordinates,window\n1,2,55.75 37.61,9-12\n", &[]);
    let message = error.unwrap_err().to_string();
    assert!(message.contains("two columns are \"id\""), "{message}");
}

#[test]
fn bytes_that_were_damaged_are_reported_where_they_stand() {
    let mut bytes = RUSSIAN.as_bytes().to_vec();
    let at = bytes
        .windows(12)
        .position(|part| part == "Полянка".as_bytes()[..12].to_vec());
    bytes[at.unwrap()] = 0xff;
    let read = orders_by(&bytes, &[]).unwrap();
    assert_eq!(read.rows, [2]);
    let fault = read.faults.kept[0].to_string();
    assert!(fault.starts_with("row 3, \"Адрес\""), "{fault}");
}

#[test]
fn cells_beyond_the_last_heading_are_pointed_out() {
    let text = "id,coordinates,window,address,,\n1,55.75 37.61,9-12,Arbat,,\n2,55.75 37.61,9-12,Arbat, 5,\n";
    assert_eq!(orders(text).rows, [2]);
    assert_eq!(
        faults(text),
        [
            "row 3 = \"5\": stands beyond the last heading: is a text with a delimiter in it without quotation marks?"
        ]
    );
}

#[test]
fn notes_beside_the_table_of_a_workbook_are_no_part_of_it() {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (column, (heading, cell)) in (0..).zip([
        ("id", "1"),
        ("coordinates", "55.75 37.61"),
        ("window", "9-12"),
        ("", "call back"),
    ]) {
        sheet.write_string(0, column, heading).unwrap();
        sheet.write_string(1, column, cell).unwrap();
    }
    let read = orders_by(&workbook.save_to_buffer().unwrap(), &[]).unwrap();
    assert_eq!((read.rows, read.faults.is_empty()), (vec![2], true));
}

#[test]
fn a_formula_that_was_never_computed_is_pointed_out() {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (column, heading) in (0..).zip(["id", "lat", "lon", "window", "weight"]) {
        sheet.write_string(0, column, heading).unwrap();
    }
    sheet.write_string(1, 0, "1").unwrap();
    sheet.write_number(1, 1, 55.75).unwrap();
    sheet.write_number(1, 2, 37.6).unwrap();
    sheet.write_string(1, 3, "18-20").unwrap();
    let weight = Formula::new("10+2.4").set_result("7777");
    sheet.write_formula(1, 4, weight).unwrap();
    let read = orders_by(&uncomputed(&workbook.save_to_buffer().unwrap()), &[]).unwrap();
    assert!(read.items.is_empty());
    assert_eq!(
        read.faults.kept[0].to_string(),
        "row 2, \"weight\": has a formula that was never computed; open the workbook in Excel and save it there"
    );
}

#[test]
fn a_quotation_mark_that_never_ends_is_pointed_out() {
    let text = "id,coordinates,window,address\n1,55.75 37.61,9-12,\"Arbat\n".to_owned()
        + &"2,55.75 37.61,9-12,Arbat\n".repeat(2_000);
    assert_eq!(faults(&text).len(), 1);
    assert!(faults(&text)[0].contains("is a quotation mark missing?"));
}

#[test]
fn couriers_and_depots_are_read() {
    let depots = "Код;Название;Координаты;Загрузка, мин\nstore;Склад 1;55,75 37,62;15\n";
    let read = read_depots(&mut Cursor::new(depots), &ImportTable::default(), true).unwrap();
    assert!(read.faults.is_empty(), "{:?}", read.faults);
    assert_eq!(read.items[0].item.loading, Seconds(900));
    let depots = [read.items[0].item.id.clone()];
    let text = "Код;Курьер;Смена;Склад;Склад возврата;Навыки;Грузоподъёмность, кг;Вместимость crates;Остановок до;\
        Часов до;Пробег до, км;За выход;За км;За час;Сверхурочные за час;Норма часов;Коэффициент скорости;Перерывы;Дозагрузок до\n\
        c-1;Анна;9:00-18:00;;;cold;100;20;40;8,5;120,5;180000;2200;45000;22500;8;1,1;\"30 мин 12:00-14:00; 15 мин после 4 ч\";2\n\
        c-2;Борис;9:00-18:00;store;Нет;;;;;;;;;;;;;;\n\
        c-3;Вера;;shop;;;;;;;;;;;;;100;12:00-13:00;\n";
    let profile = ProfileId::parse("car").unwrap();
    let how = ImportTable::default();
    let read = read_couriers(&mut Cursor::new(text), &how, &defaults(), &depots, &profile).unwrap();
    let faults: Vec<String> = read.faults.kept.iter().map(RowFault::to_string).collect();
    assert_eq!(
        faults,
        [
            "row 4: nothing says when the courier works; a shift is needed",
            "row 4, \"Склад\" = \"shop\": is no depot; there are store",
            "row 4, \"Перерывы\" = \"12:00-13:00\": is no break; one is like 30 min 12:00-14:00, which begins in that window, or 15 \
             min after 4 h, which begins after so much work at the latest",
            "row 4, \"Коэффициент скорости\" = \"100\": is no number from 0.1 to 10",
        ]
    );
    let [anna, boris] = read.items.as_slice() else {
        panic!("{:?}", read.items)
    };
    assert_eq!(clock(anna.shift.end), "26.11 18:00");
    assert_eq!(anna.capacities["grams"], Load(100_000));
    assert_eq!(anna.capacities["crates"], Load(20));
    assert_eq!(anna.limits.max_duty, Some(Seconds(30_600)));
    assert_eq!(anna.limits.max_distance, Some(Meters(120_500)));
    assert_eq!(anna.costs.overtime_per_hour, Cost(22_500));
    assert_eq!(anna.speed_factor, BasisPoints(11_000));
    let breaks = anna.breaks.iter().map(|pause| pause.duration.0);
    assert_eq!(breaks.collect::<Vec<_>>(), [1_800, 900]);
    assert_eq!((anna.max_reloads, boris.max_reloads), (Some(2), None));
    assert_eq!(anna.end, RouteEnd::Depot(depots[0].clone()));
    assert_eq!(boris.end, RouteEnd::Open);
}

#[test]
fn what_is_put_together_is_a_sound_day() {
    let depots = "id,lat,lon\nstore,55.75,37.62\n";
    let depots = read_depots(&mut Cursor::new(depots), &ImportTable::default(), true).unwrap();
    let profile = ProfileId::parse("car").unwrap();
    let couriers = "id,from,to\nc-1,8:00,21:00\n";
    let ids = [depots.items[0].item.id.clone()];
    let how = ImportTable::default();
    let couriers = read_couriers(
        &mut Cursor::new(couriers),
        &how,
        &defaults(),
        &ids,
        &profile,
    )
    .unwrap();
    let day = DayParts {
        name: "26.11".to_owned(),
        time_zone: "Europe/Moscow".to_owned(),
        depots: depots.items,
        couriers: couriers.items,
        orders: orders(RUSSIAN).items,
        profile,
        travel: GeoTravel {
            speed_kmh: 22.0,
            detour_factor: 1.3,
        },
    };
    let mut problem = day.assemble();
    let found = problem.validate();
    assert!(
        found.errors.is_empty() && found.warnings.is_empty(),
        "{found:?}"
    );
    assert_eq!(
        problem.place(problem.orders[1].place).address,
        "Полянка, д. 4"
    );
    problem.orders[1].required_skills.insert("fly".to_owned());
    let found = problem.validate();
    assert_eq!(
        place_finding(&found.errors[0]),
        Some((Part::Order, 1, "required_skills"))
    );
}

/// Headings that orders need.
const HEADER: &str = "id,lat,lon,window,weight,date,notes\n";

proptest! {
    #[test]
    fn every_row_is_taken_or_reported(rows in "([a-c1-9]?,(55.7|x|),37[.]6?,(9-12|9|),[0-9,\"]{0,3},,[a-z\"\n]{0,5}\n){0,12}") {
        let text = HEADER.to_owned() + &rows;
        let read = orders(&text);
        let mut heard = Heard::default();
        let source = read_table(&mut Cursor::new(&text), &TableOptions::default(), &|text| text == "id", &mut heard);
        prop_assert_eq!(source.unwrap(), read.source);
        let mut numbers: Vec<u64> = read.faults.kept.iter().map(|fault| fault.row).collect();
        numbers.dedup();
        prop_assert_eq!(numbers.len(), read.faults.n_rows);
        numbers.extend(&read.rows);
        numbers.sort_unstable();
        let expected: Vec<u64> = heard.rows.iter().map(|row| row.number).collect();
        prop_assert_eq!(numbers, expected);
    }

    #[test]
    fn bytes_of_any_kind_below_the_headings_are_taken_or_reported(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let text = [HEADER.as_bytes(), &bytes].concat();
        if let Ok(read) = orders_by(&text, &[]) {
            prop_assert!(read.rows.len() + read.faults.n_rows <= bytes.len());
        }
        let _ = orders_by(&bytes, &[]);
    }
}

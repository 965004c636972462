//! The columns of exported tables. Those that an order brought with it have headings by which the import knows them.

use super::ExportLanguage;
use super::value::Value;
use super::view::{View, Visit, listed};
use super::words;
use crate::model::{Courier, DropPolicy, Order, Place, Route, TimeWindow, UnservedOrder};

/// A column of rows of the kind `R`.
pub(super) struct Column<R> {
    /// English, Russian.
    headings: [&'static str; 2],
    /// In characters.
    pub(super) width: f64,
    pub(super) value: fn(&View<'_>, &R) -> Value,
}

impl<R> Column<R> {
    fn new(headings: [&'static str; 2], width: f64, value: fn(&View<'_>, &R) -> Value) -> Self {
        Self {
            headings,
            width,
            value,
        }
    }

    pub(super) fn heading(&self, language: ExportLanguage) -> &'static str {
        match language {
            ExportLanguage::En => self.headings[0],
            ExportLanguage::Ru => self.headings[1],
        }
    }
}

const ID: f64 = 14.0;
const NAME: f64 = 24.0;
const LONG: f64 = 40.0;
const MOMENT: f64 = 17.0;
const NUMBER: f64 = 12.0;

/// A row that is about an order.
pub(super) trait OfOrder {
    fn order(&self) -> &Order;
    fn place(&self) -> &Place;
}

impl OfOrder for Visit<'_> {
    fn order(&self) -> &Order {
        self.order
    }

    fn place(&self) -> &Place {
        self.place
    }
}

/// An order that is not served.
pub(super) struct Left<'a> {
    pub(super) unserved: &'a UnservedOrder,
    pub(super) order: &'a Order,
    pub(super) place: &'a Place,
}

impl OfOrder for Left<'_> {
    fn order(&self) -> &Order {
        self.order
    }

    fn place(&self) -> &Place {
        self.place
    }
}

/// One row a stop.
pub(super) fn stops<'a>() -> Vec<Column<Visit<'a>>> {
    let mut columns: Vec<Column<Visit<'a>>> = vec![
        Column::new(["Courier", "Курьер"], ID, |_, visit| {
            Value::text(visit.courier.id.as_str())
        }),
        Column::new(
            ["Courier's name", "Имя курьера"],
            NAME,
            |_, visit| Value::text(&visit.courier.name),
        ),
        Column::new(["Trip", "Рейс"], 6.0, |_, visit| {
            Value::count(visit.trip)
        }),
        Column::new(["Stop", "Остановка"], 10.0, |_, visit| {
            Value::count(visit.number)
        }),
    ];
    columns.extend(orders());
    columns.extend(times());
    columns.extend(order_details());
    columns.extend(order_wishes());
    columns
}

/// When a stop is made, and how surely.
fn times<'a>() -> [Column<Visit<'a>>; 12] {
    [
        Column::new(["Arrival", "Прибытие"], MOMENT, |_, visit| {
            Value::Moment(visit.stop.arrival)
        }),
        Column::new(
            ["Service start", "Начало обслуживания"],
            MOMENT,
            |_, visit| Value::Moment(visit.stop.service_start),
        ),
        Column::new(["Departure", "Отъезд"], MOMENT, |_, visit| {
            Value::Moment(visit.stop.departure)
        }),
        Column::new(["On time, %", "Вовремя, %"], NUMBER, |_, visit| {
            let share = visit.forecast.map(|forecast| forecast.on_time.estimate);
            share.map_or(Value::Empty, Value::percent)
        }),
        Column::new(
            ["Arrival P10", "Прибытие P10"],
            MOMENT,
            |_, visit| Value::moment(visit.forecast.map(|forecast| forecast.arrival_p10)),
        ),
        Column::new(
            ["Arrival P90", "Прибытие P90"],
            MOMENT,
            |_, visit| Value::moment(visit.forecast.map(|forecast| forecast.arrival_p90)),
        ),
        Column::new(["Leave by", "Выехать до"], MOMENT, |_, visit| {
            Value::moment(visit.forecast.and_then(|forecast| forecast.leave_by))
        }),
        Column::new(
            ["Waiting, min", "Ожидание, мин"],
            NUMBER,
            |_, visit| Value::minutes(visit.stop.waiting()),
        ),
        Column::new(
            ["Lateness, min", "Опоздание, мин"],
            NUMBER,
            |_, visit| Value::minutes(visit.stop.lateness),
        ),
        Column::new(["Slack, min", "Запас, мин"], NUMBER, |_, visit| {
            Value::minutes(visit.stop.slack)
        }),
        Column::new(["Leg, km", "Перегон, км"], NUMBER, |_, visit| {
            Value::ratio(visit.stop.leg_distance.0, 1_000)
        }),
        Column::new(
            ["Leg, min", "Перегон, мин"],
            NUMBER,
            |_, visit| Value::minutes(visit.stop.leg_duration),
        ),
    ]
}

/// Which order it is, where, and what was promised.
fn orders<R: OfOrder>() -> [Column<R>; 9] {
    [
        Column::new(["Order", "Номер заказа"], ID, |_, row: &R| {
            Value::text(row.order().label())
        }),
        Column::new(
            ["Order kind", "Вид заказа"],
            ID,
            |view, row: &R| Value::text(view.words.kind(row.order().kind)),
        ),
        Column::new(["Address", "Адрес"], LONG, |_, row: &R| {
            Value::text(&row.place().address)
        }),
        Column::new(["Latitude", "Широта"], NUMBER, |_, row: &R| {
            let point = row.place().location;
            point.map_or(Value::Empty, |point| Value::Number(point.latitude))
        }),
        Column::new(["Longitude", "Долгота"], NUMBER, |_, row: &R| {
            let point = row.place().location;
            point.map_or(Value::Empty, |point| Value::Number(point.longitude))
        }),
        Column::new(
            ["Traffic zone", "Зона движения"],
            ID,
            |_, row: &R| Value::text(row.place().zone.as_ref().map_or("", |zone| zone.as_str())),
        ),
        Column::new(["Window from", "Окно с"], MOMENT, |_, row: &R| {
            Value::moment(promised(row).map(|window| window.start))
        }),
        Column::new(["Window to", "Окно до"], MOMENT, |_, row: &R| {
            Value::moment(promised(row).map(|window| window.end))
        }),
        Column::new(
            ["Access hours", "Часы доступа"],
            NAME,
            |view, row: &R| {
                let windows = row.order().windows.iter();
                let windows: Vec<String> =
                    windows.map(|window| view.window_text(*window)).collect();
                Value::text(&windows.join("; "))
            },
        ),
    ]
}

fn promised<R: OfOrder>(row: &R) -> Option<TimeWindow> {
    row.order().promise.map(|promise| promise.window)
}

/// Everything else that an order says, apart from loads.
fn order_details<R: OfOrder>() -> [Column<R>; 13] {
    [
        Column::new(
            ["Service, min", "Обслуживание, мин"],
            NUMBER,
            |_, row: &R| Value::minutes(row.order().service),
        ),
        Column::new(["Ready time", "Готов к"], MOMENT, |_, row: &R| {
            Value::moment(row.order().ready)
        }),
        Column::new(["Parcels", "Мест"], 8.0, |_, row: &R| {
            let parcels = row.order().parcels;
            parcels.map_or(Value::Empty, |parcels| Value::whole(i64::from(parcels)))
        }),
        Column::new(["Contact", "Получатель"], NAME, |_, row: &R| {
            Value::text(&row.order().contact.name)
        }),
        Column::new(["Phone", "Телефон"], 18.0, |_, row: &R| {
            Value::text(&row.order().contact.phone)
        }),
        Column::new(["Payment", "Оплата"], NAME, |_, row: &R| {
            Value::text(&row.order().payment_note)
        }),
        Column::new(
            ["Entry notes", "Как пройти"],
            LONG,
            |_, row: &R| Value::text(&row.order().entry_notes),
        ),
        Column::new(["Notes", "Примечание"], LONG, |_, row: &R| {
            Value::text(&row.order().notes)
        }),
        Column::new(["Skills", "Навыки"], ID, |_, row: &R| {
            Value::text(&listed(&row.order().required_skills))
        }),
        Column::new(
            ["Allowed couriers", "Только курьеры"],
            ID,
            |_, row: &R| Value::text(&listed(&row.order().allowed_couriers)),
        ),
        Column::new(
            ["Forbidden couriers", "Кроме курьеров"],
            ID,
            |_, row: &R| Value::text(&listed(&row.order().forbidden_couriers)),
        ),
        Column::new(["Depots", "Склады"], ID, |_, row: &R| {
            Value::text(&listed(&row.order().depots))
        }),
        Column::new(
            ["Drop penalty", "Штраф за пропуск"],
            NUMBER,
            |_, row: &R| match row.order().drop_policy {
                DropPolicy::MustServe => Value::Empty,
                DropPolicy::MayDrop { penalty } => Value::whole(penalty),
            },
        ),
    ]
}

/// What would be better for the customer, and what a matrix calls the place.
fn order_wishes<R: OfOrder>() -> [Column<R>; 3] {
    [
        Column::new(
            ["Preferred windows", "Желаемое время"],
            NAME,
            |view, row: &R| {
                let preference = row.order().preference.iter();
                let windows = preference.flat_map(|preference| &preference.windows);
                let windows: Vec<String> =
                    windows.map(|window| view.window_text(*window)).collect();
                Value::text(&windows.join("; "))
            },
        ),
        Column::new(
            ["Preference cost", "Цена неудобного времени"],
            NUMBER,
            |_, row: &R| {
                let preference = row.order().preference.as_ref();
                preference.map_or(Value::Empty, |preference| {
                    Value::whole(preference.miss_cost.0)
                })
            },
        ),
        Column::new(["Place id", "Код точки"], ID, |_, row: &R| {
            Value::text(row.place().id.as_ref().map_or("", |id| id.as_str()))
        }),
    ]
}

/// One row a route.
pub(super) fn routes<'a>() -> Vec<Column<(&'a Route, &'a Courier)>> {
    let mut columns: Vec<Column<(&'a Route, &'a Courier)>> = vec![
        Column::new(["Courier", "Курьер"], ID, |_, (_, courier)| {
            Value::text(courier.id.as_str())
        }),
        Column::new(
            ["Courier's name", "Имя курьера"],
            NAME,
            |_, (_, courier)| Value::text(&courier.name),
        ),
        Column::new(["Phone", "Телефон"], 18.0, |_, (_, courier)| {
            Value::text(&courier.phone)
        }),
        Column::new(["Stops", "Остановок"], NUMBER, |_, (route, _)| {
            Value::count(route.stops.len())
        }),
        Column::new(["Trips", "Рейсов"], NUMBER, |_, (route, _)| {
            Value::count(route.reloads.len() + 1)
        }),
        Column::new(["Loading", "Загрузка"], MOMENT, |_, (route, _)| {
            Value::Moment(route.start)
        }),
        Column::new(["Departure", "Выезд"], MOMENT, |_, (route, _)| {
            Value::Moment(route.departure)
        }),
        Column::new(["End", "Окончание"], MOMENT, |_, (route, _)| {
            Value::Moment(route.end)
        }),
    ];
    columns.extend(figures());
    columns
}

/// What a route comes to.
fn figures<'a>() -> Vec<Column<(&'a Route, &'a Courier)>> {
    vec![
        Column::new(
            ["Distance, km", "Пробег, км"],
            NUMBER,
            |_, (route, _)| Value::ratio(route.distance.0, 1_000),
        ),
        Column::new(
            ["Driving, min", "В пути, мин"],
            NUMBER,
            |_, (route, _)| Value::minutes(route.travel),
        ),
        Column::new(
            ["Service, min", "Обслуживание, мин"],
            NUMBER,
            |_, (route, _)| Value::minutes(route.service),
        ),
        Column::new(
            ["Waiting, min", "Ожидание, мин"],
            NUMBER,
            |_, (route, _)| Value::minutes(route.waiting),
        ),
        Column::new(["Cost", "Стоимость"], NUMBER, |_, (route, _)| {
            Value::whole(route.cost.total().rounded().0)
        }),
        Column::new(
            ["On time, %", "Вовремя, %"],
            NUMBER,
            |view, (route, _)| {
                let forecast = view.route_forecast(route);
                let share = forecast.map(|forecast| forecast.expected_on_time);
                share.map_or(Value::Empty, Value::percent)
            },
        ),
        Column::new(
            ["Load at departure", "Груз при выезде"],
            NAME,
            |_, (route, _)| {
                let loads = route.load_at_start.iter();
                Value::text(&listed(loads.map(|(name, load)| format!("{load} {name}"))))
            },
        ),
        Column::new(["Plan", "План"], 18.0, |view, _| {
            Value::text(view.day.version)
        }),
    ]
}

/// One row for an order that is not served.
pub(super) fn unserved<'a>() -> Vec<Column<Left<'a>>> {
    let mut columns: Vec<Column<Left<'a>>> = Vec::new();
    columns.extend(orders());
    columns.push(Column::new(
        ["Must be served", "Обязателен"],
        NUMBER,
        |view, left| Value::text(view.words.claim(left.unserved.must_serve)),
    ));
    columns.push(Column::new(
        ["Why not", "Почему нет"],
        LONG,
        |view, left| {
            let obstacles = left.unserved.obstacles.iter();
            let reasons = obstacles.map(|obstacle| {
                let what = words::constraint(obstacle.constraint, view.language);
                let subject = match obstacle.subject.as_str() {
                    "" => String::new(),
                    subject => format!(" ({subject})"),
                };
                format!(
                    "{}: {what}{subject} {}",
                    obstacle.courier, obstacle.shortfall
                )
            });
            Value::text(&listed(reasons))
        },
    ));
    columns.extend(order_details());
    columns.extend(order_wishes());
    columns
}

//! What the columns of orders, couriers and depots can be, and by which headings they are known.

/// What a column says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Id,
    Name,
    Phone,
    Address,
    Latitude,
    Longitude,
    Coordinates,
    Zone,
    Date,
    From,
    To,
    Window,
    Access,
    Service,
    Ready,
    WeightKg,
    WeightG,
    VolumeM3,
    VolumeL,
    Kind,
    Skills,
    AllowedCouriers,
    ForbiddenCouriers,
    Depots,
    Penalty,
    EntryNotes,
    Parcels,
    Payment,
    Notes,
    EndDepot,
    ReloadDepots,
    MaxStops,
    MaxDistance,
    MaxDuty,
    RegularDuty,
    FixedCost,
    CostPerKm,
    CostPerHour,
    OvertimeCost,
    SpeedFactor,
    ServiceFactor,
    Loading,
    PlaceId,
    Preferred,
    PreferenceCost,
    Breaks,
    MaxReloads,
    Minutes,
    Seconds,
    Kilometers,
    Meters,
}

/// How many fields there are.
pub(super) const N_FIELDS: usize = Field::Meters as usize + 1;

/// A field of a kind of table.
pub(super) struct Known {
    pub(super) field: Field,
    /// What it is called in arguments.
    pub(super) name: &'static str,
    /// Headings it is known by, as [`plain`](super::heading::plain) makes them, the surest first.
    pub(super) headings: &'static [&'static str],
}

const fn known(field: Field, name: &'static str, headings: &'static [&'static str]) -> Known {
    Known {
        field,
        name,
        headings,
    }
}

/// A kind of table.
pub(super) struct Kind {
    /// What its rows are, for messages.
    pub(super) rows: &'static str,
    pub(super) fields: &'static [Known],
    /// What comes before the name of a dimension in headings of loads or capacities.
    pub(super) dimensions: &'static [&'static str],
}

const ADDRESS: Known = known(
    Field::Address,
    "address",
    &["address", "delivery address", "адрес доставки", "адрес"],
);
const LATITUDE: Known = known(Field::Latitude, "latitude", &["latitude", "lat", "широта"]);
const LONGITUDE: Known = known(
    Field::Longitude,
    "longitude",
    &["longitude", "lon", "lng", "long", "долгота"],
);
const COORDINATES: Known = known(
    Field::Coordinates,
    "coordinates",
    &[
        "coordinates",
        "lat lon",
        "location",
        "координаты",
        "широта долгота",
    ],
);
const ZONE: Known = known(
    Field::Zone,
    "zone",
    &["traffic zone", "zone", "зона движения"],
);
const PLACE_ID: Known = known(
    Field::PlaceId,
    "place_id",
    &["place id", "id точки", "код точки"],
);
const PHONE: Known = known(
    Field::Phone,
    "phone",
    &[
        "phone",
        "contact phone",
        "telephone",
        "tel",
        "телефон",
        "тел",
    ],
);
const DATE: Known = known(
    Field::Date,
    "date",
    &["date", "delivery date", "дата доставки", "дата"],
);
const SKILLS: Known = known(
    Field::Skills,
    "skills",
    &["skills", "required skills", "навыки"],
);

/// Orders.
pub(super) const ORDERS: Kind = Kind {
    rows: "orders",
    fields: &[
        known(
            Field::Id,
            "id",
            &[
                "order id",
                "order number",
                "order no",
                "order",
                "id",
                "id заказа",
                "номер заказа",
                "№ заказа",
                "код заказа",
                "заказ",
                "number",
                "номер",
                "№",
            ],
        ),
        ADDRESS,
        LATITUDE,
        LONGITUDE,
        COORDINATES,
        PLACE_ID,
        ZONE,
        DATE,
        known(
            Field::From,
            "from",
            &[
                "window from",
                "window start",
                "delivery from",
                "from",
                "окно с",
                "доставка с",
                "доставить с",
                "начало интервала",
                "интервал с",
                "время с",
                "с",
                "от",
            ],
        ),
        known(
            Field::To,
            "to",
            &[
                "window to",
                "window end",
                "delivery to",
                "to",
                "окно до",
                "доставка до",
                "доставить до",
                "конец интервала",
                "интервал до",
                "время до",
                "время по",
                "до",
                "по",
            ],
        ),
        known(
            Field::Window,
            "window",
            &[
                "time window",
                "delivery window",
                "window",
                "slot",
                "интервал доставки",
                "интервал",
                "окно доставки",
                "окно",
                "слот",
                "время доставки",
                "время",
            ],
        ),
        known(
            Field::Access,
            "access",
            &[
                "access hours",
                "access",
                "часы доступа",
                "часы приема",
                "часы работы",
            ],
        ),
        known(
            Field::Preferred,
            "preferred",
            &[
                "preferred windows",
                "preferred window",
                "preferred time",
                "preferred",
                "желаемый интервал",
                "желаемое время",
                "удобное время",
            ],
        ),
        known(
            Field::PreferenceCost,
            "preference_cost",
            &[
                "preference cost",
                "preference miss cost",
                "штраф за неудобное время",
                "цена неудобного времени",
            ],
        ),
        known(
            Field::Service,
            "service",
            &[
                "service min",
                "service minutes",
                "service",
                "обслуживание мин",
                "время обслуживания мин",
                "время обслуживания",
                "обслуживание",
            ],
        ),
        known(
            Field::Ready,
            "ready",
            &["ready time", "ready", "готов к", "готов с", "готовность"],
        ),
        known(
            Field::WeightKg,
            "weight_kg",
            &[
                "weight kg",
                "weight",
                "вес кг",
                "масса кг",
                "груз кг",
                "вес",
                "масса",
            ],
        ),
        known(
            Field::WeightG,
            "weight_g",
            &["weight g", "вес г", "вес гр", "масса г"],
        ),
        known(
            Field::VolumeM3,
            "volume_m3",
            &["volume m3", "volume", "объем м3", "объем куб м", "объем"],
        ),
        known(
            Field::VolumeL,
            "volume_l",
            &["volume l", "volume liters", "объем л", "объем литров"],
        ),
        known(
            Field::Kind,
            "kind",
            &["order kind", "kind", "вид заказа", "тип заказа"],
        ),
        SKILLS,
        known(
            Field::AllowedCouriers,
            "allowed_couriers",
            &["allowed couriers", "только курьеры"],
        ),
        known(
            Field::ForbiddenCouriers,
            "forbidden_couriers",
            &["forbidden couriers", "кроме курьеров"],
        ),
        known(Field::Depots, "depots", &["depots", "depot", "склады"]),
        known(
            Field::Penalty,
            "penalty",
            &["drop penalty", "penalty", "штраф за пропуск", "штраф"],
        ),
        known(
            Field::Name,
            "name",
            &[
                "contact name",
                "recipient",
                "customer",
                "client",
                "contact",
                "name",
                "получатель",
                "имя получателя",
                "клиент",
                "покупатель",
                "контакт",
                "фио",
                "имя",
            ],
        ),
        PHONE,
        known(
            Field::EntryNotes,
            "entry_notes",
            &["entry notes", "entry", "как пройти", "вход", "подъезд"],
        ),
        known(
            Field::Parcels,
            "parcels",
            &[
                "parcels",
                "packages",
                "pieces",
                "количество мест",
                "кол во мест",
                "мест",
                "места",
                "посылок",
            ],
        ),
        known(
            Field::Payment,
            "payment",
            &["payment note", "payment", "к оплате", "оплата"],
        ),
        known(
            Field::Notes,
            "notes",
            &[
                "notes",
                "note",
                "comment",
                "comments",
                "примечание",
                "примечания",
                "комментарий",
                "комментарии",
            ],
        ),
    ],
    dimensions: &["load", "груз"],
};

/// Couriers.
pub(super) const COURIERS: Kind = Kind {
    rows: "couriers",
    fields: &[
        known(
            Field::Id,
            "id",
            &[
                "courier id",
                "id",
                "id курьера",
                "код курьера",
                "табельный номер",
                "код",
                "номер",
            ],
        ),
        known(
            Field::Name,
            "name",
            &["courier name", "name", "courier", "имя", "фио", "курьер"],
        ),
        PHONE,
        DATE,
        known(
            Field::From,
            "from",
            &[
                "shift from",
                "shift start",
                "from",
                "смена с",
                "начало смены",
                "начало",
                "с",
            ],
        ),
        known(
            Field::To,
            "to",
            &[
                "shift to",
                "shift end",
                "to",
                "смена до",
                "смена по",
                "конец смены",
                "конец",
                "до",
                "по",
            ],
        ),
        known(
            Field::Window,
            "shift",
            &["shift", "working hours", "смена", "часы работы"],
        ),
        known(Field::Depots, "depot", &["start depot", "depot", "склад"]),
        known(
            Field::EndDepot,
            "end_depot",
            &["end depot", "return depot", "склад возврата"],
        ),
        known(
            Field::ReloadDepots,
            "reload_depots",
            &["reload depots", "склады дозагрузки"],
        ),
        known(
            Field::MaxReloads,
            "max_reloads",
            &["max reloads", "дозагрузок до"],
        ),
        known(
            Field::Breaks,
            "breaks",
            &["breaks", "break", "перерывы", "перерыв", "обед"],
        ),
        SKILLS,
        known(
            Field::WeightKg,
            "weight_kg",
            &[
                "max weight kg",
                "max weight",
                "грузоподъемность кг",
                "грузоподъемность",
                "вместимость кг",
            ],
        ),
        known(
            Field::WeightG,
            "weight_g",
            &["max weight g", "грузоподъемность г"],
        ),
        known(
            Field::VolumeM3,
            "volume_m3",
            &[
                "max volume m3",
                "max volume",
                "объем кузова м3",
                "объем кузова",
                "объем до м3",
            ],
        ),
        known(
            Field::VolumeL,
            "volume_l",
            &["max volume l", "объем кузова л", "объем до л"],
        ),
        known(
            Field::MaxStops,
            "max_stops",
            &["max stops", "остановок до", "заказов до"],
        ),
        known(
            Field::MaxDistance,
            "max_distance_km",
            &["max distance km", "max km", "пробег до км"],
        ),
        known(
            Field::MaxDuty,
            "max_duty_hours",
            &["max duty hours", "max hours", "часов до"],
        ),
        known(
            Field::RegularDuty,
            "regular_hours",
            &["regular hours", "норма часов"],
        ),
        known(Field::FixedCost, "fixed_cost", &["fixed cost", "за выход"]),
        known(
            Field::CostPerKm,
            "cost_per_km",
            &["cost per km", "за км", "цена км"],
        ),
        known(
            Field::CostPerHour,
            "cost_per_hour",
            &["cost per hour", "за час", "цена часа"],
        ),
        known(
            Field::OvertimeCost,
            "overtime_cost_per_hour",
            &["overtime cost per hour", "сверхурочные за час"],
        ),
        known(
            Field::SpeedFactor,
            "speed_factor",
            &["speed factor", "коэффициент скорости"],
        ),
        known(
            Field::ServiceFactor,
            "service_factor",
            &["service factor", "коэффициент обслуживания"],
        ),
    ],
    dimensions: &["capacity", "вместимость"],
};

/// Depots.
pub(super) const DEPOTS: Kind = Kind {
    rows: "depots",
    fields: &[
        known(
            Field::Id,
            "id",
            &["depot id", "depot", "id", "id склада", "код склада", "код"],
        ),
        known(
            Field::Name,
            "name",
            &["depot name", "name", "название склада", "название", "склад"],
        ),
        ADDRESS,
        LATITUDE,
        LONGITUDE,
        COORDINATES,
        PLACE_ID,
        ZONE,
        known(
            Field::Loading,
            "loading",
            &[
                "loading min",
                "loading minutes",
                "loading",
                "загрузка мин",
                "загрузка",
            ],
        ),
    ],
    dimensions: &[],
};

/// Ways from place to place.
pub(super) const WAYS: Kind = Kind {
    rows: "ways",
    fields: &[
        known(
            Field::From,
            "from",
            &["from place", "from id", "from", "origin", "откуда", "из"],
        ),
        known(
            Field::To,
            "to",
            &["to place", "to id", "to", "destination", "куда", "в"],
        ),
        known(
            Field::Minutes,
            "minutes",
            &[
                "duration minutes",
                "duration min",
                "time min",
                "minutes",
                "min",
                "время в пути мин",
                "время мин",
                "минут",
                "мин",
            ],
        ),
        known(
            Field::Seconds,
            "seconds",
            &[
                "duration seconds",
                "duration s",
                "seconds",
                "sec",
                "время в пути сек",
                "время сек",
                "секунд",
                "сек",
            ],
        ),
        known(
            Field::Kilometers,
            "km",
            &["distance km", "kilometers", "km", "расстояние км", "км"],
        ),
        known(
            Field::Meters,
            "meters",
            &[
                "distance meters",
                "distance m",
                "meters",
                "расстояние м",
                "метров",
            ],
        ),
    ],
    dimensions: &[],
};

//! What customers want and were told.

use std::collections::BTreeSet;

use rand::{Rng, RngExt};

use super::DaySpec;
use super::basket::{Basket, HEAVY_KG};
use super::calendar::Calendar;
use super::city::{City, Door};
use super::draw::{Purpose, happens, pick, stream, weighted};
use super::{fleet, names};
use crate::model::{
    Contact, CourierId, DropPolicy, Order, OrderId, OrderKind, Place, PlaceIdx, Preference,
    Promise, TimeWindow,
};
use crate::units::{BasisPoints, Cost, Seconds};

/// First hour of each promised window and the share of orders it gets.
const WINDOWS: [(i64, f64); 7] = [
    (8, 0.13),
    (10, 0.16),
    (12, 0.13),
    (14, 0.12),
    (16, 0.14),
    (18, 0.18),
    (20, 0.14),
];

/// Length of a promised window in hours.
const WINDOW_HOURS: i64 = 2;

/// First hour of the windows that the late shift alone serves.
const LATE_HOUR: i64 = 16;

/// When goods that come late are ready, in minutes after midnight: before the late shift begins to load.
const LATE_READY: i64 = 13 * 60 + 20;

/// Rubles that a kilogram of groceries costs on average.
const RUBLES_PER_KG: u32 = 230;

/// The `number`-th order, counted from 0; its place is added to `places`.
pub(super) fn order(
    spec: &DaySpec,
    city: &City,
    calendar: &Calendar,
    number: u32,
    places: &mut Vec<Place>,
) -> Order {
    let door = city.door(number);
    let place = PlaceIdx(u32::try_from(places.len()).unwrap_or(u32::MAX));
    places.push(Place {
        id: None,
        location: Some(city.locate(door.at)),
        address: door.address.clone(),
        zone: None,
    });
    let told = Told::new(spec, calendar, number);
    let goods = Goods::new(spec, number, told.hour);
    let mut wishes = stream(spec.seed, Purpose::Wishes, u64::from(number));
    let access = happens(&mut wishes, spec.access_share).then(|| Access::for_hour(told.hour));
    let prefers_early = happens(&mut wishes, spec.preference_share) && access.is_none();
    let forbidden = happens(&mut wishes, spec.forbidden_courier_share)
        .then(|| unwanted(spec.couriers, &mut wishes))
        .flatten();
    let mut customer = stream(spec.seed, Purpose::Customer, u64::from(number));
    Order {
        id: OrderId::parse(&format!("order-{:04}", number + 1)).expect("letters and digits"),
        reference: String::new(),
        kind: goods.kind,
        place,
        loads: goods.basket.loads(),
        service: goods.basket.service(&door, goods.extra_time),
        ready: goods.comes_late.then(|| calendar.at(LATE_READY)),
        windows: access.map_or_else(Vec::new, |access| access.windows(calendar)),
        promise: Some(told.promise),
        preference: prefers_early.then(|| first_half(calendar, told.hour)),
        required_skills: goods.skills(),
        allowed_couriers: BTreeSet::new(),
        forbidden_couriers: forbidden.into_iter().collect(),
        depots: BTreeSet::new(),
        drop_policy: goods.drop_policy,
        contact: Contact {
            name: names::person(&mut customer),
            phone: names::phone(0, number + 1),
        },
        entry_notes: entry_notes(&door, access, &mut customer),
        parcels: Some(goods.basket.parcels),
        payment_note: goods.payment_note,
        notes: goods.notes,
    }
}

/// What the customer was told, and from which hour on.
struct Told {
    hour: i64,
    promise: Promise,
}

impl Told {
    /// Four of five customers ordered the day before, the others two days before, the later in the day the likelier;
    /// they were told a probability of 92 to 99 %, in half percents.
    fn new(spec: &DaySpec, calendar: &Calendar, number: u32) -> Self {
        let mut random = stream(spec.seed, Purpose::Window, u64::from(number));
        let shares = WINDOWS.map(|(_, share)| share);
        let (hour, _) = WINDOWS[weighted(&mut random, &shares)];
        let days_before = if happens(&mut random, 0.8) { 1 } else { 2 };
        let minute = (0..2)
            .map(|_| random.random_range(8 * 60..24 * 60))
            .max()
            .unwrap_or(0);
        Self {
            hour,
            promise: Promise {
                window: window(calendar, hour, hour + WINDOW_HOURS),
                promised_at: Some(calendar.at(minute - days_before * 24 * 60)),
                stated_probability: Some(BasisPoints(9_200 + 50 * random.random_range(0..=14))),
            },
        }
    }
}

/// What is brought or taken.
struct Goods {
    kind: OrderKind,
    basket: Basket,
    has_alcohol: bool,
    comes_late: bool,
    extra_time: Seconds,
    drop_policy: DropPolicy,
    payment_note: String,
    notes: String,
}

impl Goods {
    fn new(spec: &DaySpec, number: u32, hour: i64) -> Self {
        let mut random = stream(spec.seed, Purpose::Basket, u64::from(number));
        if happens(&mut random, spec.collection_share) {
            return Self::bottles(&mut random);
        }
        let basket = Basket::delivery(spec, &mut random);
        let has_alcohol = happens(&mut random, spec.alcohol_share);
        let comes_late = hour >= LATE_HOUR && happens(&mut random, spec.late_ready_share);
        let mut goods = Self {
            kind: OrderKind::Delivery,
            basket,
            has_alcohol,
            comes_late,
            extra_time: Seconds(if has_alcohol { 40 } else { 0 }),
            drop_policy: DropPolicy::MustServe,
            payment_note: String::new(),
            notes: goods_notes(has_alcohol, comes_late, &mut random),
        };
        goods.settle(spec, number);
        goods
    }

    fn bottles(random: &mut impl Rng) -> Self {
        let basket = Basket::bottles(random);
        Self {
            kind: OrderKind::Collection,
            basket,
            has_alcohol: false,
            comes_late: false,
            extra_time: Seconds::ZERO,
            drop_policy: DropPolicy::MustServe,
            payment_note: String::new(),
            notes: format!("Пустые бутылки, ящиков: {}", basket.crates),
        }
    }

    /// Who pays at the door takes 45 seconds by card (seven of ten) or 75 in cash; an order that may be dropped is
    /// paid at the door, too, and weighs its price in rubles.
    fn settle(&mut self, spec: &DaySpec, number: u32) {
        let mut random = stream(spec.seed, Purpose::Payment, u64::from(number));
        let rubles = self.basket.kg * RUBLES_PER_KG + random.random_range(0..RUBLES_PER_KG);
        let is_unpaid = happens(&mut random, spec.unpaid_share);
        if is_unpaid {
            self.drop_policy = DropPolicy::MayDrop {
                penalty: i64::from(rubles),
            };
        }
        if is_unpaid || happens(&mut random, spec.door_payment_share) {
            let (means, seconds) = if happens(&mut random, 0.7) {
                ("картой", 45)
            } else {
                ("наличными", 75)
            };
            self.payment_note = format!("{means} {} ₽", grouped(rubles));
            self.extra_time += Seconds(seconds);
        }
    }

    fn skills(&self) -> BTreeSet<String> {
        let mut skills = BTreeSet::new();
        if self.has_alcohol {
            skills.insert(fleet::ID_CHECK.to_owned());
        }
        if self.kind == OrderKind::Delivery && self.basket.kg >= HEAVY_KG {
            skills.insert(fleet::HEAVY.to_owned());
        }
        skills
    }
}

/// Hours at which a door opens.
#[derive(Clone, Copy)]
enum Access {
    /// An office with a lunch break: 08:00 to 13:00 and 14:30 to 20:00.
    Office,
    /// A yard whose gate closes at 21:00.
    Yard,
}

impl Access {
    /// Offices are open in every promised window that begins before 20:00 for half an hour at least; later there are
    /// only yards.
    fn for_hour(hour: i64) -> Self {
        if hour < 20 { Self::Office } else { Self::Yard }
    }

    fn windows(self, calendar: &Calendar) -> Vec<TimeWindow> {
        match self {
            Self::Office => vec![
                calendar.window(8 * 60, 13 * 60),
                calendar.window(14 * 60 + 30, 20 * 60),
            ],
            Self::Yard => vec![calendar.window(7 * 60, 21 * 60)],
        }
    }

    fn note(self) -> &'static str {
        match self {
            Self::Office => "проходная, перерыв 13:00–14:30",
            Self::Yard => "ворота двора закрываются в 21:00",
        }
    }
}

fn window(calendar: &Calendar, from_hour: i64, to_hour: i64) -> TimeWindow {
    calendar.window(from_hour * 60, to_hour * 60)
}

fn first_half(calendar: &Calendar, hour: i64) -> Preference {
    Preference {
        windows: vec![window(calendar, hour, hour + WINDOW_HOURS / 2)],
        miss_cost: Cost(3_000),
    }
}

/// Any courier, unless there are so few that each is needed.
fn unwanted(couriers: u32, random: &mut impl Rng) -> Option<CourierId> {
    (couriers > 4).then(|| fleet::courier_id(random.random_range(0..couriers)))
}

fn entry_notes(door: &Door, access: Option<Access>, random: &mut impl Rng) -> String {
    let lift = if door.has_lift {
        "лифт"
    } else {
        "без лифта"
    };
    let mut notes = format!("подъезд {}, этаж {}, {lift}", door.entrance, door.floor);
    if happens(random, 0.6) {
        notes.push_str(&format!(", домофон {}", door.flat));
    }
    if let Some(access) = access {
        notes.push_str(", ");
        notes.push_str(access.note());
    }
    notes
}

/// One note in six deliveries beside what the goods ask for.
fn goods_notes(has_alcohol: bool, comes_late: bool, random: &mut impl Rng) -> String {
    let mut notes = Vec::new();
    if has_alcohol {
        notes.push("18+: проверить паспорт");
    }
    if comes_late {
        notes.push("Свежая выпечка");
    }
    if happens(random, 1.0 / 6.0) {
        notes.push(pick(
            random,
            &[
                "Позвонить за 10 минут",
                "Не звонить в дверь: спит ребёнок",
                "Яйца: не переворачивать",
                "Оставить у консьержа нельзя",
                "Во дворе собака",
            ],
        ));
    }
    notes.join(". ")
}

/// "1 250" with a space before the thousands.
fn grouped(rubles: u32) -> String {
    if rubles < 1_000 {
        rubles.to_string()
    } else {
        format!("{} {:03}", rubles / 1_000, rubles % 1_000)
    }
}

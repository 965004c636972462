//! Stands in until the generator is there.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::model::*;
use crate::units::{BasisPoints, Cost, Load, Seconds, Timestamp};

/// What kind of day to make.
#[derive(Clone, Debug, PartialEq)]
pub struct DaySpec {
    /// Random seed.
    pub seed: u64,
    /// The day.
    pub date: Date,
    /// Orders.
    pub orders: u32,
    /// Couriers.
    pub couriers: u32,
}

impl Default for DaySpec {
    fn default() -> Self {
        Self {
            seed: 1,
            date: jiff::civil::date(2026, 11, 23),
            orders: 400,
            couriers: 16,
        }
    }
}

impl DaySpec {
    /// A small day.
    #[must_use]
    pub fn small() -> Self {
        Self {
            orders: 24,
            couriers: 3,
            ..Self::default()
        }
    }
}

/// Makes the day.
#[must_use]
pub fn generate(spec: &DaySpec) -> Problem {
    let zone = jiff::tz::TimeZone::get("Europe/Moscow").expect("bundled");
    let midnight = spec
        .date
        .to_zoned(zone)
        .expect("in range")
        .timestamp()
        .as_second();
    let at = |hour: i64| Timestamp(midnight + hour * 3_600);
    let place = |n: u32| {
        let h = crate::rng::hash(spec.seed, &[u64::from(n)]);
        let offset = |shift: u32| f64::from(((h >> shift) & 0x3ff) as u16) / 1_024.0 - 0.5;
        Place {
            id: None,
            location: Some(GeoPoint {
                latitude: 55.7558 + offset(0) * 0.12,
                longitude: 37.6173 + offset(20) * 0.2,
            }),
            address: format!("Street {n}"),
        }
    };
    let store = DepotId::parse("store").expect("id");
    let car = ProfileId::parse("car").expect("id");
    let order = |n: u32| {
        let hour = 8 + 2 * i64::from(n % 7);
        Order {
            id: OrderId::parse(&format!("order-{n:04}")).expect("id"),
            kind: OrderKind::Delivery,
            place: PlaceIdx(n),
            loads: [("kg".to_owned(), Load(8))].into(),
            service: Seconds(300),
            ready: None,
            windows: Vec::new(),
            promise: Some(Promise {
                window: TimeWindow {
                    start: at(hour),
                    end: at(hour + 2),
                },
                promised_at: None,
                stated_probability: None,
            }),
            preference: None,
            required_skills: BTreeSet::new(),
            allowed_couriers: BTreeSet::new(),
            forbidden_couriers: BTreeSet::new(),
            depots: BTreeSet::new(),
            drop_policy: DropPolicy::MustServe,
            contact: Contact::default(),
            entry_notes: String::new(),
            parcels: Some(1),
            payment_note: String::new(),
            notes: String::new(),
        }
    };
    let courier = |n: u32| Courier {
        id: CourierId::parse(&format!("courier-{n:02}")).expect("id"),
        name: format!("Courier {n}"),
        phone: String::new(),
        profile: car.clone(),
        capacities: BTreeMap::from([("kg".to_owned(), Load(500))]),
        skills: BTreeSet::new(),
        shift: TimeWindow {
            start: at(7),
            end: at(23),
        },
        start: RouteStart::Depot(store.clone()),
        end: RouteEnd::Depot(store.clone()),
        costs: Costs {
            fixed: Cost(1_000),
            per_km: Cost(20),
            per_hour: Cost(400),
            overtime_per_hour: Cost(0),
        },
        limits: Limits::default(),
        speed_factor: BasisPoints::ONE,
        service_factor: BasisPoints::ONE,
    };
    Problem {
        name: format!("{} Moscow", spec.date),
        time_zone: "Europe/Moscow".to_owned(),
        places: (0..=spec.orders).map(place).collect(),
        depots: vec![Depot {
            id: store.clone(),
            name: "Store".to_owned(),
            place: PlaceIdx(0),
            loading: Seconds(600),
        }],
        couriers: (1..=spec.couriers).map(courier).collect(),
        orders: (1..=spec.orders).map(order).collect(),
        profiles: vec![TravelProfile {
            id: car.clone(),
            source: TravelSource::Geo(GeoTravel {
                speed_kmh: 22.0,
                detour_factor: 1.35,
            }),
        }],
    }
}

//! Who drives: two shifts that overlap in the afternoon, and four kinds of vehicles.

use std::collections::{BTreeMap, BTreeSet};

use rand::{Rng, RngExt};

use super::basket::{CRATES, KG};
use super::calendar::Calendar;
use super::draw::{Purpose, stream};
use super::{DaySpec, names};
use crate::model::{
    BreakStart, Costs, Courier, CourierBreak, CourierId, DepotId, Limits, ProfileId, RouteEnd,
    RouteStart,
};
use crate::units::{BasisPoints, Cost, Load, Meters, Seconds};

/// Travel profile of cars and vans.
pub(super) const CAR: &str = "car";

/// Travel profile of cargo bikes.
pub(super) const BIKE: &str = "bike";

/// Skill: may check the age of the customer.
pub(super) const ID_CHECK: &str = "id_check";

/// Skill: carries heavy baskets.
pub(super) const HEAVY: &str = "heavy";

/// Kind of vehicle.
struct Vehicle {
    profile: &'static str,
    kg: i64,
    crates: i64,
    /// In kopecks.
    fixed_cost: i64,
    /// In kopecks.
    cost_per_km: i64,
    max_distance: Option<Meters>,
    skills: &'static [&'static str],
}

const VAN: Vehicle = Vehicle {
    profile: CAR,
    kg: 900,
    crates: 90,
    fixed_cost: 180_000,
    cost_per_km: 2_200,
    max_distance: None,
    skills: &[ID_CHECK, HEAVY],
};

const ESTATE: Vehicle = Vehicle {
    profile: CAR,
    kg: 480,
    crates: 52,
    fixed_cost: 120_000,
    cost_per_km: 1_500,
    max_distance: None,
    skills: &[],
};

const ESTATE_WITH_CHECK: Vehicle = Vehicle {
    skills: &[ID_CHECK],
    ..ESTATE
};

const COMPACT: Vehicle = Vehicle {
    profile: CAR,
    kg: 360,
    crates: 40,
    fixed_cost: 100_000,
    cost_per_km: 1_300,
    max_distance: None,
    skills: &[],
};

const CARGO_BIKE: Vehicle = Vehicle {
    profile: BIKE,
    kg: 120,
    crates: 14,
    fixed_cost: 40_000,
    cost_per_km: 200,
    max_distance: Some(Meters(60_000)),
    skills: &[],
};

/// One shift, in minutes after midnight.
struct Shift {
    from: i64,
    to: i64,
    /// When a break has to begin; where that is not said, it depends on the work before.
    lunch: Option<(i64, i64)>,
    /// In minutes.
    max_duty: i64,
    /// Vehicles in the order of hiring, over and over.
    vehicles: [&'static Vehicle; 8],
}

const SHIFTS: [Shift; 2] = [
    Shift {
        from: 7 * 60 + 30,
        to: 16 * 60,
        lunch: Some((12 * 60, 14 * 60)),
        max_duty: 8 * 60 + 30,
        vehicles: [
            &VAN,
            &ESTATE,
            &COMPACT,
            &ESTATE_WITH_CHECK,
            &VAN,
            &ESTATE,
            &COMPACT,
            &CARGO_BIKE,
        ],
    },
    Shift {
        from: 13 * 60 + 30,
        to: 22 * 60 + 30,
        lunch: None,
        max_duty: 9 * 60,
        vehicles: [
            &VAN,
            &ESTATE_WITH_CHECK,
            &COMPACT,
            &ESTATE,
            &VAN,
            &ESTATE_WITH_CHECK,
            &COMPACT,
            &ESTATE,
        ],
    },
];

/// The only store.
pub(super) fn depot_id() -> DepotId {
    DepotId::parse("store-1").expect("a plain word")
}

/// The id of a profile of this module.
pub(super) fn profile_id(name: &str) -> ProfileId {
    ProfileId::parse(name).expect("a plain word")
}

/// The id of the `number`-th courier, counted from 0.
pub(super) fn courier_id(number: u32) -> CourierId {
    CourierId::parse(&format!("courier-{:02}", number + 1)).expect("letters and digits")
}

/// The `number`-th courier: even numbers work early, odd ones late. Speed is uniform in 0.94 to 1.06, time at the door
/// in 0.9 to 1.15.
pub(super) fn courier(spec: &DaySpec, calendar: &Calendar, number: u32) -> Courier {
    let mut random = stream(spec.seed, Purpose::Courier, u64::from(number));
    let position = number as usize;
    let shift = &SHIFTS[position % SHIFTS.len()];
    let vehicle = shift.vehicles[position / SHIFTS.len() % shift.vehicles.len()];
    // What a vehicle takes in a day then takes it two trips.
    let share = if spec.reloads { 2 } else { 1 };
    Courier {
        id: courier_id(number),
        name: names::person(&mut random),
        phone: names::phone(1, number + 1),
        profile: profile_id(vehicle.profile),
        capacities: BTreeMap::from([
            (KG.to_owned(), Load(vehicle.kg / share)),
            (CRATES.to_owned(), Load(vehicle.crates / share)),
        ]),
        skills: skills(vehicle.skills),
        shift: calendar.window(shift.from, shift.to),
        start: RouteStart::Depot(depot_id()),
        end: RouteEnd::Depot(depot_id()),
        costs: Costs {
            fixed: Cost(vehicle.fixed_cost),
            per_km: Cost(vehicle.cost_per_km),
            per_hour: Cost(45_000),
            overtime_per_hour: Cost(22_500),
        },
        limits: Limits {
            max_stops: None,
            max_distance: vehicle.max_distance,
            max_duty: Some(Seconds(shift.max_duty * 60)),
            regular_duty: Some(Seconds(8 * 3_600)),
        },
        speed_factor: percent(&mut random, 94, 106),
        service_factor: percent(&mut random, 90, 115),
        reload_depots: spec.reloads.then(depot_id).into_iter().collect(),
        max_reloads: None,
        breaks: if spec.breaks {
            vec![CourierBreak {
                duration: Seconds(30 * 60),
                start: match shift.lunch {
                    Some((from, to)) => BreakStart::Within(calendar.window(from, to)),
                    None => BreakStart::AfterWork(Seconds(4 * 3_600)),
                },
            }]
        } else {
            Vec::new()
        },
    }
}

/// A set of skills from their names.
pub(super) fn skills(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn percent(random: &mut impl Rng, from: u32, to: u32) -> BasisPoints {
    BasisPoints(random.random_range(from..=to) * 100)
}

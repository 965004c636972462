//! Made-up delivery days that behave like real ones: a grocery store delivering to the homes of a city.
//!
//! Knows the model and random streams; nothing of files or of solving. Every name, address and phone is invented.
//! Each random choice draws from a stream keyed by what it is for and by the number of the order, courier or district,
//! so that the same [`DaySpec`] gives the same day, and one more order leaves all others as they are.
//!
//! | what | distribution |
//! |---|---|
//! | where people live | districts scattered over the disc, weights falling with the distance from the center; streets around each district; nobody in the river or in the park (`city`) |
//! | promised windows | seven of two hours, 08:00 to 22:00, with peaks in the late morning and in the early evening (`demand`) |
//! | baskets | lognormal weight; parcels and crates follow from it (`basket`) |
//! | time at the door | from size, floor, lift, payment and age check (`basket`) |
//! | couriers | two overlapping shifts; vans, estate cars, compact cars and a cargo bike (`fleet`) |
//! | travel | along the great circle with a detour; on request slower for cars in the morning and in the evening |

mod basket;
mod benchmark;
mod calendar;
mod city;
mod demand;
mod draw;
mod fleet;
mod names;
mod promised;
#[cfg(test)]
mod workload;

pub use benchmark::{Style, benchmark_instance};
use jiff::civil::Date;
pub use promised::{bookings, day_terms};

use crate::model::{
    Courier, Depot, GeoPoint, GeoTravel, Place, PlaceIdx, Problem, TravelBucket, TravelPace,
    TravelProfile, TravelSource,
};
use crate::units::{BasisPoints, Seconds};

/// What kind of day to make.
///
/// A specification that makes no sense (no couriers, an unknown time zone, a center off the globe) gives a problem
/// that [`Problem::validate`] refuses.
#[derive(Clone, Debug, PartialEq)]
pub struct DaySpec {
    /// Everything random follows from it. Default 1.
    pub seed: u64,
    /// Name of the city, for the name of the day. Default "Moscow".
    pub city: String,
    /// The day. Default 2026-11-23, a Monday.
    pub date: Date,
    /// IANA time zone of the city. Default "Europe/Moscow".
    pub time_zone: String,
    /// Middle of the city. Default 55.7558, 37.6173.
    pub center: GeoPoint,
    /// Nobody lives farther from the center, in kilometers. Default 13.
    pub radius_km: f64,
    /// Clusters that people live in. Default 12.
    pub districts: u32,
    /// Orders. Default 400.
    pub orders: u32,
    /// Couriers: the first works early, the second late, and so on; at least two cover the day. Default 16.
    pub couriers: u32,
    /// Average speed of cars on the way actually driven, in kilometers an hour. Default 22.
    pub car_speed_kmh: f64,
    /// How much longer the way is than the great circle. Default 1.35.
    pub detour_factor: f64,
    /// Whether cars are slow in the morning and in the evening, and fast before and after. Default false.
    pub rush_hours: bool,
    /// Half of the baskets weigh less, in kilograms. Default 9.
    pub basket_median_kg: f64,
    /// Standard deviation of the logarithm of a basket's weight. Default 0.65.
    pub basket_sigma: f64,
    /// Share of deliveries with alcohol, which need a courier who may check ages. Default 0.08.
    pub alcohol_share: f64,
    /// Share of deliveries paid at the door. Default 0.2.
    pub door_payment_share: f64,
    /// Share of deliveries not confirmed by payment, which may be dropped. Default 0.04.
    pub unpaid_share: f64,
    /// Share of orders that are collections of empty bottles. Default 0.03.
    pub collection_share: f64,
    /// Share of doors with access hours of their own. Default 0.06.
    pub access_share: f64,
    /// Share of deliveries promised for 16:00 or later that are ready for loading only at 13:20. Default 0.05.
    pub late_ready_share: f64,
    /// Share of customers who would rather have the first half of their window, where the door has no hours
    /// of its own. Default 0.05.
    pub preference_share: f64,
    /// Share of customers who do not want one certain courier again. Default 0.01.
    pub forbidden_courier_share: f64,
    /// Whether couriers drive several trips: vehicles hold half as much and may load at the store again. Default no.
    pub reloads: bool,
    /// Whether couriers take a break of half an hour: those of the early shift from 12:00 to 14:00, those of the late one
    /// after four hours of work at most. Default no.
    pub breaks: bool,
}

impl Default for DaySpec {
    fn default() -> Self {
        Self {
            seed: 1,
            city: "Moscow".to_owned(),
            date: jiff::civil::date(2026, 11, 23),
            time_zone: "Europe/Moscow".to_owned(),
            center: GeoPoint {
                latitude: 55.755_8,
                longitude: 37.617_3,
            },
            radius_km: 13.0,
            districts: 12,
            orders: 400,
            couriers: 16,
            car_speed_kmh: 22.0,
            detour_factor: 1.35,
            rush_hours: false,
            basket_median_kg: 9.0,
            basket_sigma: 0.65,
            alcohol_share: 0.08,
            door_payment_share: 0.2,
            unpaid_share: 0.04,
            collection_share: 0.03,
            access_share: 0.06,
            late_ready_share: 0.05,
            preference_share: 0.05,
            forbidden_courier_share: 0.01,
            reloads: false,
            breaks: false,
        }
    }
}

impl DaySpec {
    /// A day that is planned in a blink: 24 orders, 3 couriers, a smaller city; for tests and first steps.
    #[must_use]
    pub fn small() -> Self {
        Self {
            orders: 24,
            couriers: 3,
            radius_km: 8.0,
            districts: 5,
            collection_share: 0.08,
            access_share: 0.1,
            ..Self::default()
        }
    }
}

/// Makes the day. The same `spec` gives the same problem.
#[must_use]
pub fn generate(spec: &DaySpec) -> Problem {
    let city = city::City::new(spec);
    let calendar = calendar::Calendar::new(spec.date, &spec.time_zone);
    let store = city.store(spec.seed);
    let mut places = vec![Place {
        id: None,
        location: Some(city.locate(store.at)),
        address: store.address,
        zone: None,
    }];
    let depot = Depot {
        id: fleet::depot_id(),
        name: names::STORE.to_owned(),
        place: PlaceIdx(0),
        loading: Seconds(15 * 60),
    };
    let orders = (0..spec.orders)
        .map(|number| demand::order(spec, &city, &calendar, number, &mut places))
        .collect();
    let couriers: Vec<Courier> = (0..spec.couriers)
        .map(|number| fleet::courier(spec, &calendar, number))
        .collect();
    Problem {
        name: format!("{} {}", spec.date, spec.city),
        time_zone: spec.time_zone.clone(),
        places,
        depots: vec![depot],
        orders,
        profiles: profiles(spec, &calendar, &couriers),
        couriers,
    }
}

/// Speeds of cars from a minute of the day on, in hundredths of a percent of the average: invented, in the shape that
/// big cities report. From 08:00 to 22:00 their mean is the average.
const RUSH_HOURS: [(i64, u32); 6] = [
    (0, 14_000),
    (7 * 60, 8_500),
    (10 * 60, 11_000),
    (16 * 60, 8_000),
    (20 * 60, 12_000),
    (22 * 60, 14_000),
];

fn rush_hours(calendar: &calendar::Calendar) -> Vec<TravelBucket> {
    let bucket = |(minute, speed)| TravelBucket {
        start: calendar.at(minute),
        pace: TravelPace::Speed(BasisPoints(speed)),
    };
    RUSH_HOURS.map(bucket).to_vec()
}

/// The profiles that someone drives by: cars as declared; cargo bikes at two thirds of the speed, with shorter ways.
fn profiles(
    spec: &DaySpec,
    calendar: &calendar::Calendar,
    couriers: &[Courier],
) -> Vec<TravelProfile> {
    let bike_detour = 1.0 + (spec.detour_factor - 1.0) * 0.7;
    [
        (fleet::CAR, spec.car_speed_kmh, spec.detour_factor),
        (fleet::BIKE, spec.car_speed_kmh * 2.0 / 3.0, bike_detour),
    ]
    .map(|(name, speed_kmh, detour_factor)| TravelProfile {
        id: fleet::profile_id(name),
        source: TravelSource::Geo(GeoTravel {
            speed_kmh: draw::rounded(speed_kmh, 10.0),
            detour_factor: draw::rounded(detour_factor, 100.0),
        }),
        buckets: if spec.rush_hours && name == fleet::CAR {
            rush_hours(calendar)
        } else {
            Vec::new()
        },
    })
    .into_iter()
    .filter(|profile| couriers.iter().any(|courier| courier.profile == profile.id))
    .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::model::{DropPolicy, Order, OrderKind};

    fn share(problem: &Problem, is_counted: impl Fn(&Order) -> bool) -> f64 {
        let counted = problem.orders.iter().filter(|order| is_counted(order));
        counted.count() as f64 / problem.orders.len() as f64
    }

    #[test]
    fn the_same_spec_gives_the_same_day_and_another_seed_another() {
        let spec = DaySpec::default();
        assert_eq!(generate(&spec), generate(&spec));
        let other = DaySpec {
            seed: 2,
            ..spec.clone()
        };
        assert_ne!(generate(&spec), generate(&other));
    }

    #[test]
    fn one_more_order_leaves_all_others_as_they_are() {
        let spec = DaySpec::small();
        let more = DaySpec {
            orders: spec.orders + 1,
            ..spec.clone()
        };
        let (day, longer) = (generate(&spec), generate(&more));
        assert_eq!(day.orders, longer.orders[..day.orders.len()]);
        assert_eq!(day.couriers, longer.couriers);
    }

    #[test]
    fn rush_hours_slow_cars_down_and_change_nothing_else() {
        let spec = DaySpec {
            rush_hours: true,
            ..DaySpec::default()
        };
        let (mut day, calm) = (generate(&spec), generate(&DaySpec::default()));
        assert_eq!(day.validate().errors, []);
        let changes: Vec<usize> = (day.profiles.iter_mut())
            .map(|profile| std::mem::take(&mut profile.buckets).len())
            .collect();
        assert_eq!(changes, [6, 0]);
        assert_eq!(day, calm);
    }

    #[test]
    fn ids_are_unique_and_every_skill_is_had_in_both_shifts() {
        let day = generate(&DaySpec::default());
        let ids: BTreeSet<_> = day.orders.iter().map(|order| &order.id).collect();
        assert_eq!(ids.len(), 400);
        for shift in 0..2 {
            let couriers = day.couriers.iter().skip(shift).step_by(2);
            let skills: BTreeSet<_> = couriers.flat_map(|courier| &courier.skills).collect();
            for order in &day.orders {
                assert!(
                    order
                        .required_skills
                        .iter()
                        .all(|skill| skills.contains(skill))
                );
            }
        }
    }

    #[test]
    fn every_door_is_open_for_half_an_hour_of_its_promise_at_least() {
        let spec = DaySpec {
            access_share: 1.0,
            ..DaySpec::default()
        };
        for order in generate(&spec).orders {
            let open: Seconds = order
                .service_windows()
                .iter()
                .map(|window| window.end - window.start)
                .sum();
            assert!(open >= Seconds(1_800), "{}", order.id);
        }
    }

    #[test]
    fn promises_were_made_before_the_day_began() {
        let day = generate(&DaySpec::default());
        let midnight = day.couriers[0].shift.start - Seconds(7 * 3_600 + 1_800);
        for order in &day.orders {
            let promise = order.promise.expect("every order is promised");
            assert!(promise.promised_at.is_some_and(|told| told < midnight));
        }
    }

    #[test]
    fn shares_are_near_what_the_spec_asks_for() {
        let day = generate(&DaySpec {
            orders: 4_000,
            ..DaySpec::default()
        });
        let near = |found: f64, wanted: f64| {
            assert!((found - wanted).abs() < 0.015, "{found} for {wanted}");
        };
        near(
            share(&day, |order| order.kind == OrderKind::Collection),
            0.03,
        );
        near(
            share(&day, |order| order.drop_policy != DropPolicy::MustServe),
            0.04 * 0.97,
        );
        near(
            share(&day, |order| {
                order.required_skills.contains(fleet::ID_CHECK)
            }),
            0.08 * 0.97,
        );
        near(share(&day, |order| !order.windows.is_empty()), 0.06);
        near(share(&day, |order| order.preference.is_some()), 0.05 * 0.94);
        near(share(&day, |order| order.ready.is_some()), 0.05 * 0.46);
    }

    #[test]
    fn the_default_day_is_busy_but_can_be_served() {
        let day = generate(&DaySpec::default());
        let workload = workload::workload(&day);
        // A search places what one pass of insertion leaves: about one order in sixteen.
        assert!(workload.served >= 368, "{workload:?}");
        assert!((70..=85).contains(&workload.busy_percent), "{workload:?}");
        assert!((70..=85).contains(&workload.crates_percent), "{workload:?}");
    }

    #[test]
    fn the_small_day_can_be_served_without_any_search() {
        let workload = workload::workload(&generate(&DaySpec::small()));
        assert_eq!(workload.served, 24, "{workload:?}");
    }

    #[test]
    fn with_breaks_everybody_takes_one_and_nothing_else_changes() {
        let mut day = generate(&DaySpec {
            breaks: true,
            ..DaySpec::small()
        });
        for courier in &mut day.couriers {
            assert_eq!(std::mem::take(&mut courier.breaks).len(), 1);
        }
        assert_eq!(day, generate(&DaySpec::small()));
    }

    #[test]
    fn with_reloads_vehicles_are_half_as_large_and_may_come_back() {
        let (plain, trips) = (
            DaySpec::small(),
            DaySpec {
                reloads: true,
                ..DaySpec::small()
            },
        );
        let (plain, trips) = (generate(&plain), generate(&trips));
        assert_eq!(plain.orders, trips.orders);
        for (one, other) in plain.couriers.iter().zip(&trips.couriers) {
            assert!(!one.may_reload() && other.may_reload());
            assert_eq!(
                one.capacities[basket::KG].0 / 2,
                other.capacities[basket::KG].0
            );
        }
        assert_eq!(trips.validate().errors, []);
    }

    proptest! {
        #[test]
        fn no_spec_stops_the_generator(
            seed in any::<u64>(),
            radius_km in any::<f64>(),
            orders in 0_u32..40,
            couriers in 0_u32..20,
            districts in 0_u32..5,
            basket_sigma in any::<f64>(),
            share in any::<f64>(),
            time_zone in "[A-Za-z/]{0,12}",
            (rush_hours, reloads, breaks) in any::<(bool, bool, bool)>(),
        ) {
            let day = generate(&DaySpec {
                seed,
                radius_km,
                orders,
                couriers,
                districts,
                basket_sigma,
                unpaid_share: share,
                collection_share: share,
                time_zone,
                rush_hours,
                reloads,
                breaks,
                ..DaySpec::default()
            });
            prop_assert_eq!(day.orders.len(), orders as usize);
            prop_assert_eq!(day.couriers.len(), couriers as usize);
        }
    }
}

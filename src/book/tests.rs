//! What a promise book keeps to.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::check::check;
use crate::model::fixture::{Fixture, arbitrary, at, hours};
use crate::model::{
    ConstraintKind, DayId, NoiseModel, OnTimeTarget, Order, Problem, PromiseId, TimeWindow,
    WindowId,
};
use crate::planner;
use crate::promise::{
    Booking, Day, DayTerms, Entry, Event, OfferedWindow, RouteChange, Shortfall, Statement,
};
use crate::travel::TravelTimes;
use crate::units::{BasisPoints, Load, Seconds, Timestamp};

fn window(number: usize, window: TimeWindow) -> OfferedWindow {
    OfferedWindow {
        id: WindowId::parse(&format!("w{number}")).unwrap(),
        window,
        cut_off: None,
    }
}

/// The terms of a day on which the couriers of `problem` keep whatever is promised in `windows`.
fn terms(problem: &Problem, windows: &[TimeWindow]) -> DayTerms {
    let mut base = problem.clone();
    base.orders.clear();
    DayTerms {
        id: DayId::parse("day").unwrap(),
        base,
        windows: (0..)
            .zip(windows)
            .map(|(at, span)| window(at, *span))
            .collect(),
        area: None,
        target: None,
        hold_duration: Seconds(600),
        noise: NoiseModel::default(),
        drift: None,
        is_calibrated: false,
        grace: Seconds::ZERO,
        scenarios: 256,
        seed: 1,
    }
}

fn booking(problem: &Problem, order: &Order) -> Booking {
    Booking {
        order: Order {
            promise: None,
            ..order.clone()
        },
        place: problem.place(order.place).clone(),
    }
}

/// A day with its book, to which promises are added one by one.
struct Desk {
    day: Day,
    book: Book,
}

impl Desk {
    fn open(terms: DayTerms) -> Self {
        let entry = Entry {
            number: 0,
            at: Timestamp(0),
            event: Event::Opened(Box::new(terms)),
        };
        let day = Day::open(&entry).unwrap();
        let site = Arc::new(Site::new(Arc::clone(day.terms())));
        Self {
            day,
            book: Book::new(site),
        }
    }

    fn write(&mut self, event: Event) {
        let entry = Entry {
            number: self.day.length(),
            at: self.day.last_at(),
            event,
        };
        self.day.apply(&entry).unwrap();
    }

    fn promise(&mut self, booking: Booking, window: usize) -> Result<(), Shortfall> {
        let offered = self.day.terms().windows[window].clone();
        let caller = Caller::new(self.book.site(), Arc::new(booking.clone()));
        let taken = self.book.take(&caller, &offered)?;
        self.book = taken.book;
        self.write(Event::Held {
            promise: PromiseId::parse(&format!("p-{}", booking.order.id)).unwrap(),
            booking: Box::new(booking),
            window: offered.id,
            statement: Statement {
                window: offered.window,
                probability: BasisPoints(10_000),
                at_close: None,
                error: BasisPoints(0),
                plan_version: self.day.plan_version(),
                noise_version: "default".to_owned(),
            },
            expires_at: Timestamp::LAST,
            routes: vec![taken.change],
        });
        Ok(())
    }

    /// Everything the book says of itself is what the planner, the checker and a new book say.
    fn audit(&self) {
        let problem = self.book.problem(&self.day);
        let travel = TravelTimes::new(&problem);
        let plan = planner::evaluate(&problem, &travel, &self.book.sketches());
        let verdict = check(&problem, &travel, &plan);
        assert!(verdict.is_feasible(), "{:?}", verdict.violations);
        assert!(plan.unserved.is_empty());
        for route in &plan.routes {
            let driver = self.book.site().driver_of(&route.courier).unwrap();
            let own = &self.book.routes()[driver];
            let services: Vec<Timestamp> =
                route.stops.iter().map(|stop| stop.service_start).collect();
            assert_eq!(own.services(), services);
            assert_eq!(own.distance(), route.distance);
            assert_eq!(own.cost(), route.cost.total());
        }
        assert_eq!(self.book.totals().cost, plan.cost().total());
        assert_eq!(self.book.totals().stops, problem.orders.len() as u64);
        let again = Book::of_day(self.book.site(), &self.day).unwrap();
        assert_eq!(again.totals(), self.book.totals());
    }
}

/// A random day whose couriers drive without breaks, at any time alike.
fn steady_day() -> impl Strategy<Value = Problem> {
    arbitrary::day().prop_map(|mut problem| {
        for courier in &mut problem.couriers {
            courier.breaks.clear();
        }
        for profile in &mut problem.profiles {
            profile.buckets.clear();
        }
        problem
    })
}

/// Windows of two hours over the whole of a random day.
fn two_hours(problem: &Problem) -> Vec<TimeWindow> {
    let shifts = problem.couriers.iter().map(|courier| courier.shift);
    let from = shifts.clone().map(|shift| shift.start.0).min().unwrap();
    let until = shifts.map(|shift| shift.end.0).max().unwrap();
    let step = ((until - from) / 3).max(1);
    let windows = (0..3).map(|number| TimeWindow {
        start: Timestamp(from + number * step),
        end: Timestamp(from + (number + 1) * step),
    });
    windows.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_book_agrees_with_the_planner_and_the_checker(
        problem in steady_day(),
        choices in proptest::collection::vec(0..3_usize, 7),
    ) {
        let mut desk = Desk::open(terms(&problem, &two_hours(&problem)));
        for (order, window) in problem.orders.iter().zip(choices) {
            let _ = desk.promise(booking(&problem, order), window);
            desk.audit();
        }
    }

    #[test]
    fn a_window_is_refused_only_if_no_position_has_room(
        mut problem in steady_day(),
        choices in proptest::collection::vec(0..3_usize, 7),
    ) {
        for courier in &mut problem.couriers {
            // These are looked at in the cheapest positions only.
            courier.limits.max_duty = None;
            courier.limits.max_distance = None;
        }
        let mut desk = Desk::open(terms(&problem, &two_hours(&problem)));
        for (order, window) in problem.orders.iter().zip(choices) {
            let offered = desk.day.terms().windows[window].clone();
            let caller = Caller::new(desk.book.site(), Arc::new(booking(&problem, order)));
            let stop = Stop::new(desk.book.site(), &caller, &offered.id, offered.window);
            let is_possible = desk.book.routes().iter().any(|route| {
                let own = &desk.book.site().drivers()[route.driver()];
                insertion::exclusion(desk.book.site(), &own.courier, &caller).is_none()
                    && (0..=route.stops().len()).any(|position| {
                        let stops = insertion::with_stop(route, position, &stop);
                        LiveRoute::new(desk.book.site(), route.driver(), stops).is_ok()
                    })
            });
            let outcome = desk.promise(booking(&problem, order), window);
            prop_assert_eq!(outcome.is_ok(), is_possible, "{:?}", outcome);
        }
    }

    #[test]
    fn taking_an_order_out_again_leaves_the_others_where_they_were(
        problem in steady_day(),
        choices in proptest::collection::vec(0..3_usize, 7),
        gone in 0..7_usize,
    ) {
        let mut desk = Desk::open(terms(&problem, &two_hours(&problem)));
        for (order, window) in problem.orders.iter().zip(choices) {
            let _ = desk.promise(booking(&problem, order), window);
        }
        let Some((order, promise)) = desk.day.live().iter().nth(gone) else {
            return Ok(());
        };
        let courier = desk.day.courier_of(order).unwrap().clone();
        let before = desk.book.totals();
        let moved = desk.book.without(&courier, order).unwrap();
        prop_assert_eq!(moved.book.totals().stops + 1, before.stops);
        let event = Event::Ended {
            promise: promise.clone(),
            end: crate::promise::End::Released,
            routes: moved.changes,
        };
        desk.book = moved.book;
        desk.write(event);
        let again = Book::of_day(desk.book.site(), &desk.day).unwrap();
        prop_assert_eq!(again.totals(), desk.book.totals());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_is_taken_over_keeps_all_promises_and_no_fewer_of_them_above_the_floor(
        problem in steady_day(),
        choices in proptest::collection::vec(0..3_usize, 7),
        sent in proptest::collection::vec((0..3_usize, 0..100_u8), 7),
    ) {
        let mut terms = terms(&problem, &two_hours(&problem));
        terms.target = Some(OnTimeTarget { expected: 0.5, floor: Some(0.9) });
        let mut desk = Desk::open(terms);
        for (order, window) in problem.orders.iter().zip(choices) {
            let _ = desk.promise(booking(&problem, order), window);
        }
        let mut wanted: Vec<(u8, usize, crate::model::OrderId)> = desk
            .day
            .live()
            .keys()
            .zip(sent)
            .map(|(order, (courier, rank))| (rank, courier % problem.couriers.len(), order.clone()))
            .collect();
        wanted.sort();
        let mut routes = std::collections::BTreeMap::new();
        for (_, courier, id) in wanted {
            let order = problem.orders.iter().find(|order| order.id == id).unwrap();
            let caller = Caller::new(desk.book.site(), Arc::new(booking(&problem, order)));
            let courier = &problem.couriers[courier];
            // Searches send nobody who must not come.
            if insertion::exclusion(desk.book.site(), courier, &caller).is_none() {
                let route = routes.entry(courier.id.clone());
                route.or_insert_with(Vec::new).push(id);
            }
        }
        let before = desk.book.totals();
        let Some(moved) = desk.book.taking_over(&routes) else {
            return Ok(());
        };
        // The same, handed over as a book.
        let caught_up = desk.book.catching_up(&moved.book);
        prop_assert_eq!(caught_up.unwrap().book.totals(), moved.book.totals());
        let after = moved.book.totals();
        prop_assert_eq!(after.stops, before.stops);
        prop_assert!(after.below_floor <= before.below_floor);
        desk.book = moved.book;
        desk.write(Event::Replanned { routes: moved.changes });
        desk.audit();
    }
}

/// Two couriers on a straight road with the depot at its start.
fn road() -> Fixture {
    Fixture::new()
        .courier("anna", |courier| {
            courier.capacities.insert("crates".to_owned(), Load(10));
        })
        .courier("boris", |courier| {
            courier.skills.insert("ladder".to_owned());
            courier.capacities.insert("crates".to_owned(), Load(4));
        })
}

fn quote(desk: &Desk, booking: Booking) -> Vec<Result<crate::promise::Offer, Shortfall>> {
    let caller = Caller::new(desk.book.site(), Arc::new(booking));
    let windows = desk.day.terms().windows.clone();
    let quotes = desk.book.quote(&caller, &windows, at(8, 0));
    quotes.into_iter().map(|quote| quote.outcome).collect()
}

#[test]
fn a_quote_names_what_it_would_mean() {
    let day = road().order("a", (600, 0), |_| {}).build();
    let desk = Desk::open(terms(&day, &[hours(10, 12), hours(12, 14)]));
    for outcome in quote(&desk, booking(&day, &day.orders[0])) {
        let offer = outcome.unwrap();
        assert!(offer.probability.estimate > 0.99);
        assert!(offer.added_late.abs() < 1e-12);
        assert_eq!(offer.lowest.1, day.orders[0].id);
    }
}

#[test]
fn a_basket_that_no_vehicle_holds_is_refused_with_what_it_lacks() {
    let day = road()
        .order("a", (600, 0), |order| {
            order.loads.insert("crates".to_owned(), Load(12));
        })
        .build();
    let desk = Desk::open(terms(&day, &[hours(10, 12)]));
    let Err(Shortfall::NoCourier {
        constraint, amount, ..
    }) = &quote(&desk, booking(&day, &day.orders[0]))[0]
    else {
        panic!("offered");
    };
    assert_eq!((*constraint, *amount), (ConstraintKind::Capacity, 2));
}

#[test]
fn a_window_that_nobody_reaches_in_time_says_from_when_on_somebody_would() {
    let day = road().order("a", (3_000, 0), |_| {}).build();
    let shift = day.couriers[0].shift.start;
    let early = TimeWindow {
        start: shift,
        end: shift + Seconds(600),
    };
    let desk = Desk::open(terms(&day, &[early]));
    let outcome = &quote(&desk, booking(&day, &day.orders[0]))[0];
    let Err(Shortfall::NoRoom {
        constraint: ConstraintKind::TimeWindow,
        amount,
        possible_from: Some(from),
        ..
    }) = outcome
    else {
        panic!("{outcome:?}");
    };
    assert_eq!(*from, early.end + Seconds(*amount));
    // And that is so: a window from then on is offered, one that ends a second before is not.
    let later = |end: Timestamp| TimeWindow {
        start: early.start,
        end,
    };
    let desk = Desk::open(terms(&day, &[later(*from), later(*from - Seconds(1))]));
    let outcomes = quote(&desk, booking(&day, &day.orders[0]));
    assert!(outcomes[0].is_ok() && outcomes[1].is_err());
}

#[test]
fn a_window_is_refused_if_the_floor_would_not_hold() {
    let mut day = road().order("a", (3_000, 0), |_| {}).build();
    day.couriers.truncate(1);
    let shift = day.couriers[0].shift.start;
    // In time on paper, with half a minute to spare.
    let tight = TimeWindow {
        start: shift,
        end: shift + Seconds(3_030),
    };
    let mut terms = terms(&day, &[tight]);
    assert!(quote(&Desk::open(terms.clone()), booking(&day, &day.orders[0]))[0].is_ok());
    terms.target = Some(OnTimeTarget {
        expected: 0.5,
        floor: Some(0.9),
    });
    let desk = Desk::open(terms);
    let outcome = &quote(&desk, booking(&day, &day.orders[0]))[0];
    let Err(Shortfall::Target {
        offer,
        is_expected_missed: false,
        ..
    }) = outcome
    else {
        panic!("{outcome:?}");
    };
    assert!(offer.probability.estimate < 0.9);
}

#[test]
fn a_better_plan_is_taken_over_with_orders_that_came_meanwhile() {
    let mut day = road();
    for (number, id) in ["a", "b", "c", "d"].iter().enumerate() {
        let spot = (600 + 100 * i64::try_from(number).unwrap(), 0);
        day = day.order(id, spot, |_| {});
    }
    let mut day = day.build();
    for courier in &mut day.couriers {
        courier.costs.per_km = crate::units::Cost(10);
        courier.costs.fixed = crate::units::Cost(100);
    }
    let mut desk = Desk::open(terms(&day, &[hours(9, 18)]));
    // Badly planned: each by another courier.
    let site = Arc::clone(desk.book.site());
    let mut book = desk.book.clone();
    for (driver, order) in [(0, 0), (1, 1)] {
        let caller = Caller::new(&site, Arc::new(booking(&day, &day.orders[order])));
        let offered = &desk.day.terms().windows[0];
        let stop = Stop::new(&site, &caller, &offered.id, offered.window);
        book = book.with(LiveRoute::new(&site, driver, vec![stop]).unwrap());
    }
    desk.book = book;
    let bad = desk.book.totals();
    desk.book = {
        let caller = Caller::new(&site, Arc::new(booking(&day, &day.orders[2])));
        desk.book
            .take(&caller, &desk.day.terms().windows[0])
            .unwrap()
            .book
    };
    // Found before `c` came; `d` was cancelled meanwhile.
    let ids: Vec<_> = [1, 0, 3].map(|at: usize| day.orders[at].id.clone()).into();
    let better = std::collections::BTreeMap::from([(day.couriers[0].id.clone(), ids)]);
    let moved = desk.book.taking_over(&better).unwrap();
    assert_eq!(moved.book.totals().stops, 3);
    assert_eq!(moved.book.totals().routes, 1);
    assert!(moved.book.totals().cost < bad.cost + desk.book.totals().cost);
    let changed: Vec<&RouteChange> = moved.changes.iter().collect();
    assert_eq!(
        changed.len(),
        2,
        "anna's route, and Boris's, who stays at home"
    );
    // The same again is no improvement.
    assert!(moved.book.taking_over(&better).is_none());
}

/// The book in which couriers make `stops`: for each of them, orders with the number of the window promised.
fn planned(desk: &Desk, day: &Problem, stops: &[&[(usize, usize)]]) -> Book {
    let mut book = desk.book.clone();
    for (driver, stops) in stops.iter().enumerate() {
        let stop = |(order, window): &(usize, usize)| {
            let booking = booking(day, &day.orders[*order]);
            let caller = Caller::new(desk.book.site(), Arc::new(booking));
            let offered = &desk.day.terms().windows[*window];
            Stop::new(desk.book.site(), &caller, &offered.id, offered.window)
        };
        let stops = stops.iter().map(stop).collect();
        book = book.with(LiveRoute::new(desk.book.site(), driver, stops).unwrap());
    }
    book
}

fn sequences(
    day: &Problem,
    routes: &[&[usize]],
) -> std::collections::BTreeMap<crate::model::CourierId, Vec<crate::model::OrderId>> {
    let couriers = day.couriers.iter().zip(routes);
    let ids = |orders: &&[usize]| orders.iter().map(|at| day.orders[*at].id.clone()).collect();
    couriers
        .map(|(courier, orders)| (courier.id.clone(), ids(orders)))
        .collect()
}

#[test]
fn of_a_plan_that_is_not_better_the_routes_that_are_are_taken_over() {
    let mut day = road();
    for (id, spot) in [
        ("a", (600, 0)),
        ("b", (1_200, 0)),
        ("c", (1_800, 0)),
        ("d", (-1_200, 0)),
        ("e", (-2_400, 0)),
        ("f", (-3_600, 0)),
    ] {
        day = day.order(id, spot, |_| {});
    }
    let mut day = day.build();
    for courier in &mut day.couriers {
        courier.costs.per_km = crate::units::Cost(1_000);
    }
    let mut desk = Desk::open(terms(&day, &[hours(9, 18)]));
    // Anna to and fro, Boris as is best.
    let (anna, boris) = ([(1, 0), (0, 0), (2, 0)], [(3, 0), (4, 0), (5, 0)]);
    desk.book = planned(&desk, &day, &[&anna, &boris]);
    let before = desk.book.totals();
    let worse = desk
        .book
        .taking_over(&sequences(&day, &[&[1, 0, 2], &[4, 3, 5]]));
    assert!(worse.is_none());
    let moved = desk
        .book
        .taking_over(&sequences(&day, &[&[0, 1, 2], &[4, 3, 5]]));
    let moved = moved.unwrap();
    assert!(moved.book.totals().cost < before.cost);
    let changed: Vec<&str> = (moved.changes.iter())
        .map(|change| change.courier.as_str())
        .collect();
    assert_eq!(changed, ["anna"]);
}

#[test]
fn a_plan_that_misses_the_floor_for_one_order_is_taken_over_with_that_order_elsewhere() {
    let day = road()
        .order("a", (3_000, 0), |order| order.service = Seconds(1_800))
        .order("x", (3_000, 60), |_| {});
    let mut day = day.build();
    for courier in &mut day.couriers {
        courier.costs.fixed = crate::units::Cost(1_000_000);
    }
    let shift = day.couriers[0].shift;
    let whole = TimeWindow {
        start: shift.start,
        end: shift.start + Seconds(6 * 3_600),
    };
    let roomy = Desk::open(terms(&day, &[whole]));
    let book = planned(&roomy, &day, &[&[(0, 0), (1, 0)]]);
    // After `a` there is half a minute left for `x` on paper, before it half an hour.
    let tight = TimeWindow {
        start: shift.start,
        end: book.routes()[0].services()[1] + Seconds(30),
    };
    let mut terms = terms(&day, &[whole, tight]);
    terms.target = Some(OnTimeTarget {
        expected: 0.5,
        floor: Some(0.9),
    });
    let mut desk = Desk::open(terms);
    desk.book = planned(&desk, &day, &[&[(0, 0)], &[(1, 1)]]);
    let moved = desk.book.taking_over(&sequences(&day, &[&[0, 1], &[]]));
    let totals = moved.unwrap().book.totals();
    assert_eq!((totals.routes, totals.below_floor), (1, 0));
}

#[test]
fn one_more_courier_never_takes_a_window_away() {
    let mut day = road().order("a", (3_000, 0), |_| {}).build();
    day.couriers.truncate(2);
    let shift = day.couriers[0].shift.start;
    let soon = TimeWindow {
        start: shift + Seconds(2 * 3_600),
        end: shift + Seconds(4 * 3_600),
    };
    // The second one comes to the door half a minute before the window ends.
    day.couriers[1].shift.start = soon.end - Seconds(3_030);
    for courier in &mut day.couriers {
        courier.costs.per_hour = crate::units::Cost(3_600);
    }
    let mut terms = terms(&day, &[soon]);
    terms.target = Some(OnTimeTarget {
        expected: 0.9,
        floor: Some(0.9),
    });
    let outcome = quote(&Desk::open(terms), booking(&day, &day.orders[0])).remove(0);
    let offer = outcome.unwrap();
    assert_eq!(offer.courier, day.couriers[0].id);
    // The way there and back and the time at the door, not the hours until the window opens.
    assert!(
        offer.added_cost < crate::units::Cost(2 * 3_600),
        "{offer:?}"
    );
}

#[test]
fn who_waits_anyway_leaves_early_enough_for_the_promise_before() {
    let day = road()
        .order("a", (600, 0), |_| {})
        .order("b", (700, 0), |_| {})
        .build();
    let mut day = day;
    day.couriers.truncate(1);
    day.couriers[0].costs.per_hour = crate::units::Cost(10);
    let mut desk = Desk::open(terms(&day, &[hours(10, 11), hours(14, 15)]));
    desk.promise(booking(&day, &day.orders[0]), 0).unwrap();
    desk.promise(booking(&day, &day.orders[1]), 1).unwrap();
    let route = &desk.book.routes()[0];
    // A start that saves all waiting would come to the first door when its window ends.
    let days = desk.book.site().days().days();
    assert!(route.late_days()[0] * 50 < days, "{:?}", route.late_days());
}

#[test]
fn a_window_in_which_the_door_is_closed_is_refused_with_its_hours() {
    let day = road().order("a", (600, 0), |order| order.windows = vec![hours(9, 10)]);
    let day = day.build();
    let desk = Desk::open(terms(&day, &[hours(9, 12), hours(12, 14)]));
    let outcomes = quote(&desk, booking(&day, &day.orders[0]));
    assert!(outcomes[0].is_ok());
    let Err(Shortfall::DoorClosed { open }) = &outcomes[1] else {
        panic!("{:?}", outcomes[1]);
    };
    assert_eq!(*open, [hours(9, 10)]);
}

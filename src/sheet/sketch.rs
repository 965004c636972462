//! The shape of a route on paper: where its places lie to each other, without streets.

use super::RouteSheet;
use crate::model::GeoPoint;

/// A small map in units of the paper, with the origin at its top left corner and y downwards.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sketch {
    pub(super) legs: Vec<Leg>,
    pub(super) marks: Vec<Mark>,
}

/// The straight line between two places.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Leg {
    pub(super) from: [f32; 2],
    pub(super) to: [f32; 2],
    /// Whether no stop lies between whose place is not known.
    pub(super) is_whole: bool,
}

/// A place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mark {
    pub(super) at: [f32; 2],
    pub(super) kind: MarkKind,
    /// What is written beside it, and where its left end and its middle line are; `None` where it would cover another one.
    pub(super) label: Option<(String, [f32; 2])>,
}

/// What is at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MarkKind {
    /// A start, an end or a depot.
    Base,
    /// A stop.
    Stop,
}

/// Height of a label and width of a digit in it, as the fonts of sheets have them.
const LABEL_HEIGHT: f32 = 6.5;
const DIGIT_WIDTH: f32 = 4.7;

/// Free space along the edges, so that the outermost marks have their labels inside.
const MARGIN: f32 = 14.0;

/// How far a label is from the middle of its mark.
const LABEL_GAP: f32 = 3.0;

/// Draws `sheet` into a box of `size`; `None` if less than two places are known, or nothing is driven between them.
///
/// Shape: north is up, and one scale holds for both directions (equirectangular around the first place).
pub(super) fn sketch(sheet: &RouteSheet, size: [f32; 2]) -> Option<Sketch> {
    let places = places(sheet);
    let on_plane = project(&places);
    let known = || on_plane.iter().flatten();
    if known().count() < 2 {
        return None;
    }
    let low = known().fold([f64::INFINITY; 2], |low, at| {
        [low[0].min(at[0]), low[1].min(at[1])]
    });
    let high = known().fold([f64::NEG_INFINITY; 2], |high, at| {
        [high[0].max(at[0]), high[1].max(at[1])]
    });
    let extent = [high[0] - low[0], high[1] - low[1]];
    if extent[0] <= 0.0 && extent[1] <= 0.0 {
        return None;
    }
    let room = size.map(|side| f64::from((side - 2.0 * MARGIN).max(1.0)));
    let scale = (room[0] / extent[0]).min(room[1] / extent[1]);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a place on paper needs no more digits"
    )]
    let onto_paper = |at: [f64; 2]| -> [f32; 2] {
        std::array::from_fn(|axis| {
            let middle = f64::midpoint(low[axis], high[axis]);
            (f64::from(size[axis]) / 2.0 + (at[axis] - middle) * scale) as f32
        })
    };
    let points: Vec<Option<[f32; 2]>> = on_plane.iter().map(|at| at.map(onto_paper)).collect();
    let legs = legs(&points);
    let mut marks = marks(&places, &points);
    write_labels(&mut marks, &legs, &places, &points, size);
    Some(Sketch { legs, marks })
}

/// A place of the route in the sequence it is driven.
struct Place {
    location: Option<GeoPoint>,
    /// 0 for a base.
    number: u32,
}

fn places(sheet: &RouteSheet) -> Vec<Place> {
    let base = |location| Place {
        location,
        number: 0,
    };
    let mut places = vec![base(sheet.start_location)];
    for stop in &sheet.stops {
        places.push(Place {
            location: stop.location,
            number: stop.number,
        });
        let reloads = sheet.reloads.iter();
        let reloads = reloads.filter(|reload| reload.after_stop == stop.number);
        places.extend(reloads.map(|reload| base(reload.location)));
    }
    // With an open end nothing is driven after the last stop.
    places.extend(sheet.end_location.map(|location| base(Some(location))));
    places
}

/// East and south of the first known place, in degrees of latitude. Across the date line the shorter way counts.
fn project(places: &[Place]) -> Vec<Option<[f64; 2]>> {
    let known = |place: &Place| place.location.filter(is_on_globe);
    let Some(origin) = places.iter().find_map(known) else {
        return vec![None; places.len()];
    };
    let shrink = origin.latitude.to_radians().cos().max(0.01);
    let project = |at: GeoPoint| {
        let east = (at.longitude - origin.longitude + 540.0).rem_euclid(360.0) - 180.0;
        [east * shrink, origin.latitude - at.latitude]
    };
    let places = places.iter();
    places.map(|place| known(place).map(project)).collect()
}

fn is_on_globe(at: &GeoPoint) -> bool {
    at.latitude.is_finite() && at.longitude.is_finite()
}

fn legs(points: &[Option<[f32; 2]>]) -> Vec<Leg> {
    let mut legs = Vec::with_capacity(points.len());
    let mut last: Option<(usize, [f32; 2])> = None;
    for (index, point) in points.iter().enumerate() {
        let Some(to) = *point else { continue };
        if let Some((before, from)) = last {
            let is_whole = index == before + 1;
            legs.push(Leg { from, to, is_whole });
        }
        last = Some((index, to));
    }
    legs
}

fn marks(places: &[Place], points: &[Option<[f32; 2]>]) -> Vec<Mark> {
    let mark = |(place, point): (&Place, &Option<[f32; 2]>)| {
        Some(Mark {
            at: (*point)?,
            kind: if place.number == 0 {
                MarkKind::Base
            } else {
                MarkKind::Stop
            },
            label: None,
        })
    };
    places.iter().zip(points).filter_map(mark).collect()
}

/// Writes the numbers of the stops where they cover no other number, no mark and if possible no leg, the earliest stops
/// first.
fn write_labels(
    marks: &mut [Mark],
    legs: &[Leg],
    places: &[Place],
    points: &[Option<[f32; 2]>],
    size: [f32; 2],
) {
    let dots: Vec<Area> = marks
        .iter()
        .map(|mark| Area::around(mark.at, 2.0))
        .collect();
    let mut taken: Vec<Area> = Vec::new();
    let known = places.iter().zip(points).filter(|(_, at)| at.is_some());
    for (index, (place, _)) in known.enumerate() {
        if place.number == 0 {
            continue;
        }
        let text = place.number.to_string();
        let width = DIGIT_WIDTH * text.len() as f32;
        let [x, y] = marks[index].at;
        let [right, left] = [x + LABEL_GAP, x - LABEL_GAP - width];
        let middle = x - width / 2.0;
        let above = y - LABEL_GAP - LABEL_HEIGHT / 2.0;
        let below = y + LABEL_GAP + LABEL_HEIGHT / 2.0;
        let tries = [
            [right, y],
            [left, y],
            [middle, above],
            [middle, below],
            [right, above],
            [left, above],
            [right, below],
            [left, below],
        ];
        let area = |[x, y]: [f32; 2]| Area {
            low: [x, y - LABEL_HEIGHT / 2.0],
            high: [x + width, y + LABEL_HEIGHT / 2.0],
        };
        let is_free = |at: &[f32; 2]| {
            let area = area(*at);
            area.low.iter().all(|&at| at >= 0.0)
                && (0..2).all(|axis| area.high[axis] <= size[axis])
                && !taken.iter().chain(&dots).any(|other| other.meets(&area))
        };
        let is_clear = |at: &&[f32; 2]| !legs.iter().any(|leg| area(**at).is_crossed_by(leg));
        let free: Vec<[f32; 2]> = tries.into_iter().filter(is_free).collect();
        let free = free.iter().find(is_clear).or(free.first()).copied();
        taken.extend(free.map(area));
        marks[index].label = free.map(|at| (text, at));
    }
}

#[derive(Clone, Copy)]
struct Area {
    low: [f32; 2],
    high: [f32; 2],
}

impl Area {
    fn around(at: [f32; 2], radius: f32) -> Self {
        Self {
            low: at.map(|at| at - radius),
            high: at.map(|at| at + radius),
        }
    }

    /// Source: Liang and Barsky (1984), "A new concept and method for line clipping".
    fn is_crossed_by(&self, leg: &Leg) -> bool {
        let (mut enters, mut leaves) = (0.0_f32, 1.0_f32);
        for axis in 0..2 {
            let (from, way) = (leg.from[axis], leg.to[axis] - leg.from[axis]);
            if way.abs() < 1e-6 {
                if from < self.low[axis] || from > self.high[axis] {
                    return false;
                }
                continue;
            }
            let at_low = (self.low[axis] - from) / way;
            let at_high = (self.high[axis] - from) / way;
            enters = enters.max(at_low.min(at_high));
            leaves = leaves.min(at_low.max(at_high));
        }
        enters <= leaves
    }

    fn meets(&self, other: &Self) -> bool {
        (0..2).all(|axis| self.low[axis] < other.high[axis] && other.low[axis] < self.high[axis])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sheet::sample;

    const SIZE: [f32; 2] = [200.0, 150.0];

    fn drawn(sheet: &RouteSheet) -> Sketch {
        sketch(sheet, SIZE).expect("there are places")
    }

    #[test]
    fn north_is_up_and_east_is_right() {
        let sketch = drawn(&sample::small());
        let [store, first, second] = [0, 1, 2].map(|index| sketch.marks[index].at);
        assert!(first[1] < store[1] && store[1] < second[1]);
        assert!(store[0] < first[0] && first[0] < second[0]);
    }

    #[test]
    fn legs_past_places_that_are_not_known_are_marked() {
        // The third stop has no place: the way from the reload before it to the end is not the whole truth.
        let whole: Vec<bool> = drawn(&sample::small())
            .legs
            .iter()
            .map(|leg| leg.is_whole)
            .collect();
        assert_eq!(whole, [true, true, true, false]);
    }

    #[test]
    fn a_number_gets_out_of_the_way_of_legs() {
        let sketch = drawn(&sample::long(8));
        for mark in &sketch.marks {
            let Some((text, [x, y])) = &mark.label else {
                continue;
            };
            let area = Area {
                low: [*x, y - LABEL_HEIGHT / 2.0],
                high: [x + DIGIT_WIDTH * text.len() as f32, y + LABEL_HEIGHT / 2.0],
            };
            let crossed = sketch.legs.iter().any(|leg| area.is_crossed_by(leg));
            assert!(!crossed, "{text}");
        }
    }

    #[test]
    fn without_two_places_there_is_nothing_to_draw() {
        let mut sheet = sample::small();
        sheet.reloads.clear();
        for stop in &mut sheet.stops {
            stop.location = None;
        }
        assert_eq!(sketch(&sheet, SIZE), None, "start and end are one place");
        sheet.start_location = None;
        assert_eq!(sketch(&sheet, SIZE), None);
    }

    #[test]
    fn the_date_line_does_not_stretch_a_route() {
        let mut sheet = sample::small();
        sheet.reloads.clear();
        let at = |latitude, longitude| {
            Some(GeoPoint {
                latitude,
                longitude,
            })
        };
        sheet.start_location = at(0.0, 179.9);
        sheet.end_location = at(0.0, 179.9);
        sheet.stops[0].location = at(0.2, -179.9);
        sheet.stops[1].location = at(0.0, -179.9);
        let marks = drawn(&sheet).marks;
        assert!((marks[1].at[1] - 14.0).abs() < 0.01, "{marks:?}");
    }

    proptest! {
        #[test]
        fn marks_and_labels_stay_in_the_box_and_labels_apart(
            places in prop::collection::vec((-89.0..89.0_f64, -180.0..180.0_f64), 2..80),
        ) {
            let mut sheet = sample::long(u32::try_from(places.len()).expect("few"));
            for (stop, (latitude, longitude)) in sheet.stops.iter_mut().zip(&places) {
                stop.location = Some(GeoPoint { latitude: *latitude, longitude: *longitude });
            }
            let sketch = drawn(&sheet);
            let labels: Vec<Area> = sketch.marks.iter().filter_map(|mark| {
                let (text, [x, y]) = mark.label.as_ref()?;
                let width = DIGIT_WIDTH * text.len() as f32;
                let half = LABEL_HEIGHT / 2.0;
                Some(Area { low: [*x, y - half], high: [x + width, y + half] })
            }).collect();
            for (index, label) in labels.iter().enumerate() {
                prop_assert!(label.low[0] >= 0.0 && label.high[0] <= SIZE[0]);
                prop_assert!(label.low[1] >= 0.0 && label.high[1] <= SIZE[1]);
                prop_assert!(labels[..index].iter().all(|other| !other.meets(label)));
            }
            for mark in &sketch.marks {
                let is_inside = (0..2).all(|axis| (0.0..=SIZE[axis]).contains(&mark.at[axis]));
                prop_assert!(is_inside);
            }
        }
    }
}

//! Where people live: districts, streets, houses, and a river and a park where nobody does.

use rand::{Rng, RngExt};
use rand_distr::{Distribution, Normal};

use super::DaySpec;
use super::draw::{Purpose, happens, rounded, stream, weighted};
use super::names;
use crate::model::GeoPoint;

/// Kilometers in a degree of latitude.
const KM_PER_DEGREE: f64 = 111.195;

/// Streets of one district.
const STREETS_PER_DISTRICT: usize = 8;

/// Distance between neighboring house numbers, in kilometers.
const HOUSE_SPACING_KM: f64 = 0.035;

/// How often a place in the river, in the park or out of town is drawn anew.
const TRIES: usize = 200;

/// Flats on one floor of one entrance.
const FLATS_PER_FLOOR: u32 = 4;

/// A point in kilometers east and north of the center.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    x: f64,
    y: f64,
}

impl Point {
    fn distance(self, other: Self) -> f64 {
        (self.x - other.x).hypot(self.y - other.y)
    }

    /// `length` from here in the direction of `angle`.
    fn towards(self, angle: f64, length: f64) -> Self {
        Self {
            x: self.x + angle.cos() * length,
            y: self.y + angle.sin() * length,
        }
    }
}

/// A straight street with houses numbered from its beginning.
struct Street {
    name: String,
    from: Point,
    angle: f64,
    houses: u32,
}

/// The city, as kilometers around its center.
pub(super) struct City {
    seed: u64,
    center: GeoPoint,
    radius: f64,
    /// Weight of each district.
    weights: Vec<f64>,
    /// Streets of all districts, [`STREETS_PER_DISTRICT`] each.
    streets: Vec<Street>,
    /// Where the river enters its sine, in radians.
    river_phase: f64,
    park: Point,
}

/// A house that someone wants something from.
pub(super) struct Door {
    /// Where it is.
    pub(super) at: Point,
    /// Street, house and flat.
    pub(super) address: String,
    /// Entrance, 1 for the first.
    pub(super) entrance: u32,
    /// Floor, 1 for the ground floor.
    pub(super) floor: u32,
    /// Whether there is a lift.
    pub(super) has_lift: bool,
    /// Number of the flat.
    pub(super) flat: u32,
}

/// Where the store is.
pub(super) struct Store {
    /// Where it is.
    pub(super) at: Point,
    /// Street and house.
    pub(super) address: String,
}

impl City {
    /// Districts are uniform over the disc of 90 % of the radius. Their weight is exp(-1.6 distance / radius) times a
    /// factor uniform in 0.5 to 1.5; their streets begin around their middle with a standard deviation of a tenth of
    /// the radius and have 20 to 60 houses each.
    pub(super) fn new(spec: &DaySpec) -> Self {
        let radius = spec.radius_km;
        let mut random = stream(spec.seed, Purpose::Landscape, 0);
        let origin = Point { x: 0.0, y: 0.0 };
        let mut city = Self {
            seed: spec.seed,
            center: spec.center,
            radius,
            weights: Vec::new(),
            streets: Vec::new(),
            river_phase: turn(&mut random),
            park: origin.towards(turn(&mut random), radius * 0.45),
        };
        for district in 0..spec.districts.max(1) {
            let mut random = stream(spec.seed, Purpose::District, u64::from(district));
            let distance = radius * 0.9 * random.random::<f64>().sqrt();
            let middle = origin.towards(turn(&mut random), distance);
            let size = random.random_range(0.5..1.5);
            city.weights.push((-1.6 * distance / radius).exp() * size);
            for _ in 0..STREETS_PER_DISTRICT {
                city.add_street(middle);
            }
        }
        city
    }

    fn add_street(&mut self, middle: Point) {
        let number = self.streets.len();
        let mut random = stream(self.seed, Purpose::Street, number as u64);
        let scatter = Normal::new(0.0, 1.0).expect("the standard normal distribution exists");
        let spread = self.radius * 0.1;
        self.streets.push(Street {
            name: names::street(number),
            from: Point {
                x: middle.x + scatter.sample(&mut random) * spread,
                y: middle.y + scatter.sample(&mut random) * spread,
            },
            angle: turn(&mut random),
            houses: random.random_range(20..=60),
        });
    }

    /// Degrees, to five decimals: about a meter.
    pub(super) fn locate(&self, at: Point) -> GeoPoint {
        let shrink = self.center.latitude.to_radians().cos();
        GeoPoint {
            latitude: rounded(self.center.latitude + at.y / KM_PER_DEGREE, 1e5),
            longitude: rounded(self.center.longitude + at.x / (KM_PER_DEGREE * shrink), 1e5),
        }
    }

    /// The store lies a quarter of the radius from the center.
    pub(super) fn store(&self, seed: u64) -> Store {
        let mut random = stream(seed, Purpose::Store, 0);
        let origin = Point { x: 0.0, y: 0.0 };
        let draw = |random: &mut _| origin.towards(turn(random), self.radius * 0.25);
        let mut at = draw(&mut random);
        for _ in 0..TRIES {
            if self.is_habitable(at) {
                break;
            }
            at = draw(&mut random);
        }
        let nearest = self
            .streets
            .iter()
            .min_by(|a, b| a.from.distance(at).total_cmp(&b.from.distance(at)));
        let street = nearest.map_or("", |street| street.name.as_str());
        Store {
            at,
            address: format!("{street}, д. {}", random.random_range(1..=60)),
        }
    }

    /// The door of the `number`-th order: a district by weight, any of its streets, any house, any flat.
    pub(super) fn door(&self, number: u32) -> Door {
        let mut random = stream(self.seed, Purpose::Address, u64::from(number));
        let (mut street, mut house, mut at) = self.house(&mut random);
        for _ in 0..TRIES {
            if self.is_habitable(at) {
                break;
            }
            (street, house, at) = self.house(&mut random);
        }
        self.flat(street, house, at, &mut random)
    }

    fn house(&self, random: &mut impl Rng) -> (usize, u32, Point) {
        let district = weighted(random, &self.weights);
        let index = district * STREETS_PER_DISTRICT + random.random_range(0..STREETS_PER_DISTRICT);
        let street = &self.streets[index];
        let house = random.random_range(1..=street.houses);
        let along = street
            .from
            .towards(street.angle, f64::from(house) * HOUSE_SPACING_KM);
        // Even numbers stand across the street.
        let side = if house % 2 == 0 { 0.015 } else { -0.015 };
        let at = along.towards(street.angle + std::f64::consts::FRAC_PI_2, side);
        (index, house, at)
    }

    /// Houses have 5, 9, 12 or 17 floors (30, 35, 20 and 15 %), one to four entrances, and a lift above five floors.
    fn flat(&self, street: usize, house: u32, at: Point, random: &mut impl Rng) -> Door {
        let key = street as u64 * 1_000 + u64::from(house);
        let mut building = stream(self.seed, Purpose::Building, key);
        let floors = [5, 9, 12, 17][weighted(&mut building, &[0.30, 0.35, 0.20, 0.15])];
        let entrances = building.random_range(1..=4);
        let block = happens(&mut building, 0.25).then(|| building.random_range(1..=3));
        let flat = random.random_range(1..=floors * entrances * FLATS_PER_FLOOR);
        let per_entrance = floors * FLATS_PER_FLOOR;
        let block = block.map_or_else(String::new, |block: u32| format!(", корп. {block}"));
        Door {
            at,
            address: format!(
                "{}, д. {house}{block}, кв. {flat}",
                self.streets[street].name
            ),
            entrance: (flat - 1) / per_entrance + 1,
            floor: (flat - 1) % per_entrance / FLATS_PER_FLOOR + 1,
            has_lift: floors > 5,
            flat,
        }
    }

    fn is_habitable(&self, at: Point) -> bool {
        let origin = Point { x: 0.0, y: 0.0 };
        // A river of 5 % of the radius in width swings through the city from west to east.
        let river = self.radius * 0.3 * (at.x / (self.radius * 0.35) + self.river_phase).sin();
        let in_river = (at.y - river).abs() < self.radius * 0.025;
        let in_park = at.distance(self.park) < self.radius * 0.12;
        at.distance(origin) <= self.radius && !in_river && !in_park
    }
}

/// Any direction, in radians.
fn turn(random: &mut impl Rng) -> f64 {
    random.random_range(0.0..std::f64::consts::TAU)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_lives_in_the_river_in_the_park_or_out_of_town() {
        let city = City::new(&DaySpec::default());
        for number in 0..2_000 {
            assert!(city.is_habitable(city.door(number).at), "{number}");
        }
    }

    #[test]
    fn density_falls_from_the_center_outwards() {
        let city = City::new(&DaySpec::default());
        let origin = Point { x: 0.0, y: 0.0 };
        let inner = (0..4_000)
            .filter(|number| city.door(*number).at.distance(origin) < city.radius / 2.0)
            .count();
        // A quarter of the area holds clearly more than a quarter of the people.
        assert!(inner > 1_500, "{inner}");
    }

    #[test]
    fn the_flat_tells_entrance_and_floor() {
        let city = City::new(&DaySpec::default());
        let mut random = stream(1, Purpose::Address, 0);
        let origin = Point { x: 0.0, y: 0.0 };
        for _ in 0..200 {
            let door = city.flat(3, 7, origin, &mut random);
            assert!((1..=4).contains(&door.entrance) && (1..=17).contains(&door.floor));
            assert!(door.address.ends_with(&format!("кв. {}", door.flat)));
        }
    }
}

//! Made-up benchmark instances of any size, in the style of Gehring and Homberger (1999).
//!
//! They follow that set in what it looks like with 1000 customers: how dense customers lie, how they gather, what they
//! demand, how wide their windows are and how long the day is. They are not part of that set, and no results on them
//! are comparable with results on it. Coordinates are whole numbers in a square whose side grows with the square root
//! of the number of customers; the day grows with the side.

use std::fmt::Write;

use rand::{Rng, RngExt};

use crate::rng::{self, Stream};

/// Which class of that set an instance looks like: customers at random, in clusters, or half and half; a short day with
/// small vehicles (1) or a long one with large vehicles (2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "UPPER")]
#[expect(missing_docs, reason = "the names are those of the classes")]
pub enum Style {
    R1,
    R2,
    C1,
    C2,
    Rc1,
    Rc2,
}

/// What instances of a class have in common; times and distances are of the instance with 1000 customers.
struct Traits {
    /// Share of customers in clusters.
    clustered: f64,
    /// Customers in a cluster, on average.
    cluster: f64,
    capacity: u32,
    service: f64,
    /// Length of the day: what does not depend on the side of the square, and a share of the side.
    horizon: (f64, f64),
    /// Width of windows: mean and standard deviation.
    window: (f64, f64),
}

impl Style {
    fn traits(self) -> Traits {
        let base = Traits {
            clustered: 0.0,
            cluster: 1.0,
            capacity: 200,
            service: 10.0,
            horizon: (0.0, 3.85),
            window: (60.0, 20.0),
        };
        match self {
            Self::R1 => base,
            Self::R2 => Traits {
                capacity: 1_000,
                horizon: (0.0, 15.4),
                window: (374.0, 170.0),
                ..base
            },
            Self::C1 => Traits {
                clustered: 1.0,
                cluster: 11.0,
                service: 90.0,
                horizon: (1_170.0, 1.31),
                window: (120.0, 20.0),
                ..base
            },
            Self::C2 => Traits {
                clustered: 1.0,
                cluster: 36.0,
                capacity: 700,
                service: 90.0,
                horizon: (3_300.0, 1.23),
                window: (320.0, 20.0),
            },
            Self::Rc1 => Traits {
                clustered: 0.5,
                cluster: 11.0,
                horizon: (0.0, 3.64),
                window: (62.0, 27.0),
                ..base
            },
            Self::Rc2 => Traits {
                clustered: 0.5,
                cluster: 36.0,
                capacity: 1_000,
                horizon: (0.0, 14.6),
                window: (277.0, 154.0),
                ..base
            },
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::R1 => "R1",
            Self::R2 => "R2",
            Self::C1 => "C1",
            Self::C2 => "C2",
            Self::Rc1 => "RC1",
            Self::Rc2 => "RC2",
        }
    }
}

/// How far customers lie from the middle of their cluster: standard deviation along each axis.
const CLUSTER_SPREAD: f64 = 6.0;

/// A customer, in whole numbers.
struct Customer {
    x: f64,
    y: f64,
    demand: u32,
    ready: f64,
    due: f64,
}

/// The text of an instance with `clients` customers, in Solomon's format; the same for the same arguments.
#[must_use]
pub fn benchmark_instance(style: Style, clients: u32, seed: u64) -> String {
    let traits = style.traits();
    let side = (500.0 * (f64::from(clients) / 1_000.0).sqrt()).round();
    let horizon = (traits.horizon.0 + traits.horizon.1 * side).round();
    let depot = (side / 2.0).round();
    let mut text = format!(
        "{}_{clients}_S{seed}\n\nVEHICLE\nNUMBER     CAPACITY\n  {}         {}\n\nCUSTOMER\n\
         CUST NO.  XCOORD.   YCOORD.   DEMAND    READY TIME  DUE DATE   SERVICE TIME\n\n\
         0 {depot} {depot} 0 0 {horizon} 0\n",
        style.name(),
        clients.div_ceil(4).max(1),
        traits.capacity
    );
    let n_clusters = (f64::from(clients) * traits.clustered / traits.cluster).ceil();
    for number in 1..=clients {
        let mut random = rng::stream(seed, &[style as u64, 1, u64::from(number)]);
        let home = random.random_bool(traits.clustered).then(|| {
            let cluster = (random.random::<f64>() * n_clusters).floor();
            rng::stream(seed, &[style as u64, 2, cluster.to_bits()])
        });
        let customer = Customer::draw(&traits, side, horizon, home, &mut random);
        let Customer {
            x,
            y,
            demand,
            ready,
            due,
        } = customer;
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{number} {x} {y} {demand} {ready} {due} {}",
            traits.service
        );
    }
    text
}

impl Customer {
    /// Draws a customer; `home` is the stream of its cluster, if it lives in one.
    fn draw(
        traits: &Traits,
        side: f64,
        horizon: f64,
        home: Option<Stream>,
        random: &mut Stream,
    ) -> Self {
        let is_clustered = home.is_some();
        let anywhere = |random: &mut Stream| (random.random::<f64>(), random.random::<f64>());
        let ((x, y), middle) = match home {
            Some(mut home) => {
                let (x, y) = anywhere(&mut home);
                let spread = (normal(random), normal(random));
                let near = |at: f64, spread: f64| at * side + CLUSTER_SPREAD * spread;
                // A cluster is visited at about one time.
                let middle = home.random::<f64>() + 0.1 * normal(random);
                ((near(x, spread.0), near(y, spread.1)), middle)
            }
            None => {
                let (x, y) = anywhere(random);
                ((x * side, y * side), random.random::<f64>())
            }
        };
        let (x, y) = (x.round().clamp(0.0, side), y.round().clamp(0.0, side));
        let from_depot = (x - side / 2.0).hypot(y - side / 2.0).ceil();
        let (first, last) = (from_depot, horizon - from_depot - traits.service - 1.0);
        let center = first + middle.clamp(0.0, 1.0) * (last - first);
        let width = (traits.window.0 + traits.window.1 * normal(random)).max(2.0);
        let ready = (center - width / 2.0).round().clamp(0.0, last);
        let due = (center + width / 2.0).round().clamp(first.max(ready), last);
        let demand = if is_clustered && traits.clustered >= 1.0 {
            [10, 10, 10, 10, 20, 20, 20, 30, 30, 40][random.random_range(0..10)]
        } else {
            small_demand(18.0 + 8.5 * normal(random))
        };
        Self {
            x,
            y,
            demand,
            ready,
            due,
        }
    }
}

/// The nearest whole demand from 1 to 50.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the value is between 1 and 50"
)]
fn small_demand(drawn: f64) -> u32 {
    drawn.round().clamp(1.0, 50.0) as u32
}

/// A standard normal number.
///
/// Source: the sum of twelve uniform ones, which reaches from -6 to 6.
fn normal(random: &mut impl Rng) -> f64 {
    (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<Vec<f64>> {
        let rows = text.lines().map(|line| {
            let words = line.split_whitespace();
            words.map_while(|word| word.parse().ok()).collect()
        });
        rows.filter(|row: &Vec<f64>| row.len() == 7).collect()
    }

    #[test]
    fn every_customer_can_be_served_alone() {
        for style in [
            Style::R1,
            Style::R2,
            Style::C1,
            Style::C2,
            Style::Rc1,
            Style::Rc2,
        ] {
            let rows = rows(&benchmark_instance(style, 400, 7));
            assert_eq!(rows.len(), 401);
            let depot = rows[0].clone();
            for row in &rows[1..] {
                let way = (row[1] - depot[1]).hypot(row[2] - depot[2]);
                let start = way.max(row[4]);
                assert!(row[4] <= row[5] && start <= row[5], "{style:?} {row:?}");
                assert!(start + row[6] + way <= depot[5], "{style:?} {row:?}");
                assert!(row[3] >= 1.0 && row[3] <= 50.0);
            }
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_instance_and_the_square_grows_with_the_root() {
        let text = benchmark_instance(Style::C1, 100, 1);
        assert_eq!(text, benchmark_instance(Style::C1, 100, 1));
        assert_ne!(text, benchmark_instance(Style::C1, 100, 2));
        let side = |clients| 2.0 * rows(&benchmark_instance(Style::R1, clients, 1))[0][1];
        assert!((side(1_000) - 500.0).abs() < 1.5);
        assert!((side(4_000) - 1_000.0).abs() < 1.5);
    }
}

//! A small population of good solutions that are not all alike.
//!
//! Source: biased fitness and survivor selection from Vidal et al. (2012), sections 4.1 and 4.6.

use rand::RngExt;

use super::individual::Individual;
use crate::rng::Stream;

/// How many survive.
const SURVIVORS: usize = 16;
/// How many more there may be before the worst are removed.
const OFFSPRING: usize = 16;
/// How many of the cheapest are never removed for being alike.
const ELITE: usize = 4;
/// How many nearest others a member is compared to.
const CLOSE: usize = 3;

/// Solutions and how far each pair is apart.
#[derive(Debug, Default)]
pub(super) struct Population {
    members: Vec<Individual>,
    /// Distances by pair.
    distances: Vec<Vec<u32>>,
    /// Biased fitness; less is better.
    fitness: Vec<f64>,
}

impl Population {
    /// The cheapest member.
    pub(super) fn best(&self) -> Option<&Individual> {
        self.members.iter().min_by_key(|member| member.cost)
    }

    /// Takes a solution in; removes the worst when there are too many.
    pub(super) fn insert(&mut self, individual: Individual) {
        let row: Vec<u32> = self
            .members
            .iter()
            .map(|member| {
                individual
                    .distance(member)
                    .max(member.distance(&individual))
            })
            .collect();
        for (distances, &distance) in self.distances.iter_mut().zip(&row) {
            distances.push(distance);
        }
        self.distances.push([row.as_slice(), &[0]].concat());
        self.members.push(individual);
        if self.members.len() > SURVIVORS + OFFSPRING {
            while self.members.len() > SURVIVORS {
                self.remove_worst();
            }
        }
        self.rank();
    }

    /// Two parents that are not alike, if there are any.
    pub(super) fn parents(&self, rng: &mut Stream) -> Option<(&Individual, &Individual)> {
        const TRIES: usize = 10;
        for _ in 0..TRIES {
            let (a, b) = (self.tournament(rng), self.tournament(rng));
            if self.distances[a][b] > 0 {
                return Some((&self.members[a], &self.members[b]));
            }
        }
        None
    }

    fn tournament(&self, rng: &mut Stream) -> usize {
        let a = rng.random_range(0..self.members.len());
        let b = rng.random_range(0..self.members.len());
        if self.fitness[b] < self.fitness[a] {
            b
        } else {
            a
        }
    }

    fn remove_worst(&mut self) {
        self.rank();
        let is_clone = |at: usize| {
            (0..self.members.len()).any(|other| {
                other != at
                    && self.distances[at][other] == 0
                    && (self.members[other].cost, other) < (self.members[at].cost, at)
            })
        };
        let worst = (0..self.members.len()).max_by(|&a, &b| {
            (is_clone(a), self.fitness[a])
                .partial_cmp(&(is_clone(b), self.fitness[b]))
                .unwrap_or(std::cmp::Ordering::Equal)
        });
        let worst = worst.unwrap_or(0);
        self.members.remove(worst);
        self.distances.remove(worst);
        for row in &mut self.distances {
            row.remove(worst);
        }
    }

    /// Ranks by cost and by distance to the nearest others.
    fn rank(&mut self) {
        let n = self.members.len();
        let mut by_cost: Vec<usize> = (0..n).collect();
        by_cost.sort_by_key(|&at| (self.members[at].cost, at));
        let contribution = |at: usize| {
            let mut row: Vec<u32> = (0..n)
                .filter(|&other| other != at)
                .map(|other| self.distances[at][other])
                .collect();
            row.sort_unstable();
            row.truncate(CLOSE);
            row.iter().sum::<u32>()
        };
        let mut by_distance: Vec<usize> = (0..n).collect();
        by_distance.sort_by_cached_key(|&at| (std::cmp::Reverse(contribution(at)), at));
        self.fitness = vec![0.0; n];
        for (rank, &at) in by_cost.iter().enumerate() {
            self.fitness[at] += rank as f64;
        }
        let weight = 1.0 - (ELITE.min(n) as f64) / n as f64;
        for (rank, &at) in by_distance.iter().enumerate() {
            self.fitness[at] += weight * rank as f64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng;
    use crate::solver::state::Route;

    /// A solution that visits all clients in a sequence turned by `turn` and cut into two routes.
    fn individual(cost: i64, turn: u32) -> Individual {
        let clients: Vec<(u32, u8)> = (0..12).map(|at| ((at * 5 + turn) % 12, 0)).collect();
        let route = |visits: &[(u32, u8)]| Route {
            slot: 0,
            kind: 0,
            previous: None,
            version: 0,
            locked: 0,
            visits: visits.to_vec(),
        };
        let (first, second) = clients.split_at(1 + turn as usize % 10);
        Individual::new(12, cost, vec![route(first), route(second)], Vec::new())
    }

    #[test]
    fn the_cheapest_stays_and_the_rest_is_bounded() {
        let mut population = Population::default();
        population.insert(individual(5, 0));
        for number in 0..200 {
            population.insert(individual(10 + i64::from(number * 37 % 101), number));
            assert!(population.members.len() <= SURVIVORS + OFFSPRING);
            assert_eq!(population.best().map(|best| best.cost), Some(5));
        }
    }

    #[test]
    fn the_same_again_goes_first() {
        let mut population = Population::default();
        for _ in 0..SURVIVORS {
            population.insert(individual(5, 0));
        }
        for turn in 1..8 {
            population.insert(individual(100, turn));
            population.insert(individual(5, 0));
        }
        population.insert(individual(100, 8));
        population.insert(individual(100, 9));
        population.insert(individual(100, 10));
        let alike = population.members.iter().filter(|member| member.cost == 5);
        assert!(alike.count() < SURVIVORS);
        assert!(
            population
                .members
                .iter()
                .filter(|member| member.cost == 100)
                .count()
                >= 9
        );
    }

    #[test]
    fn parents_are_never_alike() {
        let mut population = Population::default();
        population.insert(individual(5, 0));
        population.insert(individual(5, 0));
        let mut rng = rng::stream(1, &[]);
        assert!(population.parents(&mut rng).is_none());
        population.insert(individual(7, 3));
        for _ in 0..50 {
            if let Some((a, b)) = population.parents(&mut rng) {
                assert!(a.distance(b) > 0);
            }
        }
    }
}

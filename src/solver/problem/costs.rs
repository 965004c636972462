//! Bounds on costs, and what leaving clients out costs on one scale with them.

use super::{Client, DropRule, FAR, Problem, VehicleType};
use crate::solver::hazard::HarmLimit;

impl Problem {
    pub(super) fn sample_arc_cost(&self) -> f64 {
        let n = self.clients.len();
        let steps = [1, 7, 31, 101, 397, 1_009].map(|step| step % n.max(1));
        let mut sum = 0.0;
        let mut count = 0.0;
        for from in 0..n {
            for to in steps.map(|step| (from + step) % n) {
                let arc = self.arc(self.types[0].profile, from, to);
                if from != to && arc.duration < FAR {
                    sum += self.arc_cost(0, arc) as f64;
                    count += 1.0;
                }
            }
        }
        if count > 0.0 {
            (sum / count).max(1.0)
        } else {
            1.0
        }
    }

    /// Puts dropping on one scale with cost: no saving of cost outweighs a `Tiered` client, and (as far as 64 bits
    /// reach) no set of `Tiered` clients outweighs a `Required` one.
    pub(super) fn drop_costs(&self) -> Vec<i64> {
        let toll = self.harm_limit().map_or(0, HarmLimit::toll_of_client);
        let step = (2 * self.insertion_cost_bound()).saturating_add(toll);
        let heaviest = self
            .clients
            .iter()
            .map(|c| {
                if let DropRule::Tiered(w) = c.drop {
                    w
                } else {
                    0
                }
            })
            .max()
            .unwrap_or(0);
        // A thousandth of the heaviest weight is the finest difference that still counts.
        let scale = |weight: u32| i64::from(weight) * 1_000 / i64::from(heaviest.max(1_000));
        let tiered = |weight| step.saturating_mul(scale(weight).max(1));
        let total = self
            .clients
            .iter()
            .fold(step, |sum, client| match client.drop {
                DropRule::Tiered(weight) => sum.saturating_add(tiered(weight)),
                DropRule::Priced(price) => sum.saturating_add(price),
                DropRule::Required => sum,
            });
        let reach = i64::MAX / 8 / (self.clients.len() as i64 + 1);
        let cost = |client: &Client| match client.drop {
            DropRule::Required => total.min(reach),
            DropRule::Tiered(weight) => tiered(weight).min(reach),
            DropRule::Priced(price) => price,
        };
        self.clients.iter().map(cost).collect()
    }

    /// More than inserting one client can ever cost.
    fn insertion_cost_bound(&self) -> i64 {
        let of_type = |kind: &VehicleType| {
            // Two ways for a client in a trip; a trip of its own may take two more between stations.
            let ways = if kind.may_reload() { 4 } else { 2 };
            kind.fixed + ways * self.longest_cost(kind) + shift_cost(kind) + self.window_cost_max()
        };
        let bound = self.types.iter().map(of_type).max().unwrap_or(0) + 1;
        bound.min(self.bound_max())
    }

    /// More than all routes of any solution can cost.
    pub(super) fn solution_cost_bound(&self) -> i64 {
        let n = self.clients.len() as i64;
        let n_routes = |kind: &VehicleType| i64::from(kind.count).min(n);
        let routes = |kind: &VehicleType| {
            (kind.fixed + self.longest_cost(kind) + shift_cost(kind)).saturating_mul(n_routes(kind))
        };
        let ways = self.types.iter().map(|kind| self.longest_cost(kind));
        let visit = ways.max().unwrap_or(0) + self.window_cost_max();
        let routes = self.types.iter().map(routes).fold(1, i64::saturating_add);
        visit
            .saturating_mul(n)
            .saturating_add(routes)
            .min(self.bound_max())
    }

    /// Bounds on costs stay below this, so that sums of what is derived from them do not overflow.
    fn bound_max(&self) -> i64 {
        i64::MAX / 4_096 / (self.clients.len() as i64 + 1)
    }

    /// What the longest way costs a vehicle of this type, apart from time.
    fn longest_cost(&self, kind: &VehicleType) -> i64 {
        kind.per_distance * i64::from(self.longest_arc(kind.profile))
    }

    fn window_cost_max(&self) -> i64 {
        let windows = self.clients.iter().flat_map(|client| &client.windows);
        windows.map(|window| window.cost).max().unwrap_or(0)
    }
}

/// What the longest route costs a vehicle of this type for time alone.
fn shift_cost(kind: &VehicleType) -> i64 {
    let span = i64::from(kind.latest) - i64::from(kind.earliest);
    (kind.per_time + kind.per_overtime) * span.max(0)
}

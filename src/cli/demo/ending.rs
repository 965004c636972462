//! What came of a day that was played.

use std::collections::BTreeMap;

use super::ear::Tale;
use crate::units::Seconds;
use crate::world::{Truth, World};

/// What was done on a day.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Deeds {
    pub(super) remedies: usize,
    pub(super) repairs: usize,
    /// Stops that changed courier.
    pub(super) moved: i64,
    /// By how much fewer promises were expected to be broken for it.
    pub(super) saved: f64,
    /// What it costs more, by the plan.
    pub(super) cost: i64,
}

/// What came of a day.
pub(super) struct Ending {
    pub(super) world: World,
    pub(super) deeds: Deeds,
    /// What customers were told, by order.
    pub(super) tales: BTreeMap<String, Tale>,
    /// What they thought, on average.
    pub(super) stars: Option<f64>,
}

impl Ending {
    /// What came of the day, and what would have, had the plan been followed `blind`.
    pub(super) fn figures(&self, blind: &World) -> String {
        let stars = self.stars.map_or_else(String::new, |stars| {
            format!("; customers gave {stars:.1} of 5 stars")
        });
        format!(
            "\n{}{stars}.\n{}, on the same random numbers.\n{}\n{}",
            outcome("As it was played", &self.world),
            outcome("With the plan followed blindly", blind),
            self.told(),
            self.done(),
        )
    }

    fn told(&self) -> String {
        let mut broken = (0, 0);
        let mut kept = 0;
        for (order, truth) in self.world.truths() {
            let tale = self.tales.get(order.as_str()).copied().unwrap_or_default();
            if !truth.is_kept() {
                broken = (broken.0 + 1, broken.1 + usize::from(tale.is_announced));
            } else if tale.times > 0 {
                kept += 1;
            }
        }
        let times: usize = self.tales.values().map(|tale| tale.times).sum();
        format!(
            "Told: {} customers, {times} times in all. Of {} promises broken, {} were announced at least 30 min ahead; {kept} \
             that were said to be at risk were kept.",
            self.tales.len(),
            broken.0,
            broken.1,
        )
    }

    fn done(&self) -> String {
        let Deeds {
            remedies,
            repairs,
            moved,
            saved,
            cost,
        } = self.deeds;
        format!(
            "Done: remedies {remedies}, repairs {repairs}, stops that changed courier {moved}. By the forecasts of then, that \
             saved {saved:.1} promises and costs {cost:+}."
        )
    }
}

fn outcome(name: &str, world: &World) -> String {
    let truths = world.truths();
    let late = truths.values().filter_map(|truth| match truth {
        Truth::Late(by) => Some(*by),
        Truth::Kept | Truth::Absent | Truth::Nobody => None,
    });
    let late: Vec<Seconds> = late.collect();
    let kept = truths.values().filter(|truth| truth.is_kept()).count();
    let by = match late.len() {
        0 => String::new(),
        n => {
            let sum: Seconds = late.iter().copied().sum();
            format!(" (by {:.0} min on average)", sum.0 as f64 / 60.0 / n as f64)
        }
    };
    format!(
        "{name}: {:.1} % of {} promises kept, {} late{by}, {} not delivered",
        100.0 * kept as f64 / truths.len().max(1) as f64,
        truths.len(),
        late.len(),
        truths.len() - kept - late.len(),
    )
}

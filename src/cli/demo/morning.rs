//! Who comes on a morning, when, and what suits them.

use crate::rng;

/// How long the morning is, in seconds: from eight to twelve.
pub(super) const MORNING: f64 = 4.0 * 3_600.0;
/// The hour at which it begins.
pub(super) const FIRST_HOUR: u32 = 8;
/// When a newsletter goes out, in seconds from the beginning, and how long people come of it.
const RUSH: (f64, f64) = (2.0 * 3_600.0, 600.0);
/// Share of visits that come of it.
const RUSH_SHARE: f64 = 0.2;
/// Share of those who hold a window and then let it go.
const LET_GO_SHARE: f64 = 0.06;
/// Share of buyers whom only the window will do that they came for; and of those whom a neighboring one will do, too. All
/// others take any.
const ONLY_SHARE: f64 = 0.4;
const NEXT_SHARE: f64 = 0.35;

/// Somebody who visits the shop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Visitor {
    /// When, in seconds from the beginning of the morning.
    pub(super) at: f64,
    /// For which order of the day.
    pub(super) order: usize,
    /// Whether somebody buys, or only looks.
    pub(super) is_buyer: bool,
    /// How many windows away from the one that is wanted another one still suits.
    pub(super) reach: usize,
    /// Whether a hold is let go in the end.
    pub(super) lets_go: bool,
}

/// Everybody who comes, in sequence: one buyer for each of `orders`, and `looks` others for each of them who only look.
pub(super) fn visitors(orders: usize, looks: usize, seed: u64) -> Vec<Visitor> {
    let visitor = |number: usize| {
        let share = |what: u64| {
            // 53 bits make a number from 0 up to, but not including, 1.
            (rng::hash(seed, &[number as u64, what]) >> 11) as f64 / (1_u64 << 53) as f64
        };
        let at = if share(0) < RUSH_SHARE {
            RUSH.0 + RUSH.1 * share(1)
        } else {
            MORNING * share(1)
        };
        let reach = match share(2) {
            only if only < ONLY_SHARE => 0,
            next if next < ONLY_SHARE + NEXT_SHARE => 1,
            _ => usize::MAX,
        };
        Visitor {
            at,
            order: number % orders,
            is_buyer: number < orders,
            reach,
            lets_go: share(3) < LET_GO_SHARE,
        }
    };
    let mut all: Vec<Visitor> = (0..orders * (1 + looks)).map(visitor).collect();
    all.sort_by(|a, b| a.at.total_cmp(&b.at));
    all
}

/// Which of the windows with numbers `offered` somebody takes who came for `wanted`: the nearest within reach, the earlier
/// one of two.
pub(super) fn choice(offered: &[usize], wanted: usize, reach: usize) -> Option<usize> {
    let suitable = offered.iter().copied();
    let suitable = suitable.filter(|window| window.abs_diff(wanted) <= reach);
    suitable.min_by_key(|window| (window.abs_diff(wanted), *window))
}

/// The clock of the morning, `09:15`, `seconds` after its beginning.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a few hours, never negative"
)]
pub(super) fn clock(seconds: f64) -> String {
    let minutes = (seconds.max(0.0) / 60.0) as u32;
    format!("{:02}:{:02}", FIRST_HOUR + minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_is_bought_once_and_looked_at_often() {
        let all = visitors(40, 9, 1);
        assert_eq!(all.len(), 400);
        let mut bought: Vec<usize> = (all.iter())
            .filter(|visitor| visitor.is_buyer)
            .map(|visitor| visitor.order)
            .collect();
        bought.sort_unstable();
        assert_eq!(bought, (0..40).collect::<Vec<_>>());
        assert!(all.is_sorted_by(|a, b| a.at <= b.at));
        assert!(all.iter().all(|one| (0.0..MORNING).contains(&one.at)));
        assert_ne!(all, visitors(40, 9, 2));
    }

    #[test]
    fn the_newsletter_brings_a_rush() {
        let all = visitors(200, 9, 1);
        let in_rush = |one: &&Visitor| (RUSH.0..RUSH.0 + RUSH.1).contains(&one.at);
        let rush = all.iter().filter(in_rush).count();
        // A fifth, and what would have come in these ten minutes anyhow.
        assert!((400..560).contains(&rush), "{rush}");
    }

    #[test]
    fn the_nearest_window_within_reach_is_taken() {
        assert_eq!(choice(&[0, 2, 4], 2, 0), Some(2));
        assert_eq!(choice(&[0, 1, 3], 2, 1), Some(1));
        assert_eq!(choice(&[0, 4], 2, 1), None);
        assert_eq!(choice(&[0, 5], 2, usize::MAX), Some(0));
        assert_eq!(choice(&[], 2, usize::MAX), None);
    }

    #[test]
    fn the_clock_begins_at_eight() {
        assert_eq!(clock(0.0), "08:00");
        assert_eq!(clock(2.5 * 3_600.0), "10:30");
    }
}

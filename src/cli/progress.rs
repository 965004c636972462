//! Live progress: a bar on a terminal, plain lines otherwise.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::console;
use crate::grpc::pb;

/// Time between plain lines.
const LINE_EVERY: Duration = Duration::from_secs(1);
/// Steps of the bar.
const STEPS: u64 = 1_000;

/// Shows how far a search is, on standard error.
pub(super) enum Display {
    /// On a terminal.
    Bar(ProgressBar),
    /// Anywhere else: the moment at which the next line is due.
    Lines(Duration),
}

impl Display {
    /// A display that suits where standard error goes.
    pub(super) fn start() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self::Lines(Duration::ZERO);
        }
        let bar = ProgressBar::new(STEPS);
        let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style);
        Self::Bar(bar)
    }

    /// Shows `progress`.
    pub(super) fn show(&mut self, progress: &pb::Progress) {
        match self {
            Self::Bar(bar) => {
                bar.set_position(steps(progress.done_percent));
                bar.set_message(line(progress));
            }
            Self::Lines(due) => {
                let elapsed = elapsed(progress);
                if elapsed >= *due {
                    console::note(line(progress));
                    *due = elapsed + LINE_EVERY;
                }
            }
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(self) {
        match self {
            Self::Bar(bar) => bar.finish_and_clear(),
            Self::Lines(_) => {}
        }
    }
}

fn elapsed(progress: &pb::Progress) -> Duration {
    let elapsed = progress.elapsed_duration.unwrap_or_default();
    elapsed.try_into().unwrap_or_default()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0 to 1,000"
)]
fn steps(done_percent: f64) -> u64 {
    (done_percent * 10.0).clamp(0.0, 1_000.0) as u64
}

fn line(progress: &pb::Progress) -> String {
    if progress.queued {
        return "waiting for a place among the running plans".to_owned();
    }
    format!(
        "{:.1} s: {}, {}, {} unserved, {:.1} km, cost {}",
        elapsed(progress).as_secs_f64(),
        super::report::counted(progress.iterations, "iteration"),
        super::report::counted(progress.routes, "route"),
        progress.unserved_orders,
        super::report::kilometers(progress.distance_meters),
        progress.cost,
    )
}

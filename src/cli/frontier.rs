//! `punctual plan --frontier`: what more promises cost.

use std::sync::Arc;

use comfy_table::{CellAlignment, Table, presets};

use super::plan::{self, Arguments};
use super::progress::Display;
use super::{Done, Failure, console, day_file, report};
use crate::app::{Frontier, FrontierRun, Refusal};
use crate::clock::Clock;
use crate::grpc::{convert, pb};

/// Makes the plans, writes each to the folder, and `frontier.json` with what they come to.
pub(super) fn run(problem: pb::Problem, arguments: &Arguments) -> Result<Done, Failure> {
    let folder = &arguments.output;
    day_file::ready_folder(folder)?;
    let request = pb::PlanFrontierRequest {
        problem: Some(problem),
        options: Some(plan::options(arguments)),
        target_percents: arguments.frontier.clone(),
        points: arguments.frontier_points,
        floor_percent: arguments.floor,
    };
    let frontier = make(&request, arguments)?;
    plan::warn(&frontier.warnings);
    let mut message = convert::frontier_message(&frontier);
    let problem = convert::problem_message(&frontier.problem);
    let mut done = Done::Fully;
    let mut names = Vec::new();
    for (number, point) in message.points.iter_mut().enumerate() {
        let solved = point.solved.take().unwrap_or_default();
        let name = file_name(number, point.target_percent);
        let day = pb::PlannedDay {
            problem: Some(problem.clone()),
            plan: solved.plan,
            forecast: solved.forecast,
            target_outcome: solved.target_outcome,
        };
        day_file::write(&folder.join(&name), &day)?;
        let judged = report::judge(&day.plan.unwrap_or_default());
        if judged == Done::InPart || !point.is_met {
            done = Done::InPart;
        }
        names.push(name);
    }
    day_file::write(&folder.join("frontier.json"), &message)?;
    console::say(report::plain(&table(&message, &names)))?;
    Ok(done)
}

/// Plans the frontier; Ctrl-C ends it with the plans that there are.
fn make(
    request: &pb::PlanFrontierRequest,
    arguments: &Arguments,
) -> Result<Arc<Frontier>, Failure> {
    let action = || format!("plan {}", arguments.day.display());
    let refused = |refusal: &Refusal| Failure::refused(action(), refusal);
    let limits = day_file::local_limits();
    let (order, aims) =
        convert::read_frontier_request(request, &limits).map_err(|refusal| refused(&refusal))?;
    let runtime = day_file::runtime(day_file::LOCAL_LOG)?;
    runtime.block_on(async {
        let app = day_file::local_app(arguments.noise.file.as_deref())?;
        let place = app.enter().map_err(|refusal| refused(&refusal))?;
        let run = app.launch_frontier(place, order, aims, Clock::start(), None);
        match watch(run).await {
            Some(ended) => ended.map_err(|refusal| refused(&refusal)),
            None => Err(Failure::new(action(), "stopped before there was any plan")),
        }
    })
}

/// Shows the searches until they have ended.
async fn watch(mut run: FrontierRun) -> Option<Result<Arc<Frontier>, Refusal>> {
    let mut display: Option<Display> = None;
    let mut shown = 0;
    let ended = loop {
        let view = run.view.borrow_and_update().clone();
        if view.number != shown {
            shown = view.number;
            if let Some(display) = display.take() {
                display.finish();
            }
            console::note(format_args!("plan {} of {}", view.number, view.of));
        }
        if let Some(search) = &view.search {
            let display = display.get_or_insert_with(Display::start);
            display.show(&convert::progress_message(Some(search)));
        }
        if view.ended.is_some() {
            break view.ended;
        }
        tokio::select! {
            changed = run.view.changed() => if changed.is_err() { break None },
            interrupted = tokio::signal::ctrl_c() => if interrupted.is_ok() { run.cancel.cancel() },
        }
    };
    if let Some(display) = display {
        display.finish();
    }
    ended
}

/// The file of the plan with index `number`.
fn file_name(number: usize, target: Option<f64>) -> String {
    match target {
        // Targets may stand twice, and those that are spread out have many decimals.
        Some(target) => format!("{}-on-time-{}.json", number + 1, rounded(target)),
        None => format!("{}-nominal.json", number + 1),
    }
}

/// A percentage with at most two decimals.
fn rounded(percent: f64) -> String {
    let text = format!("{percent:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What the plans come to.
fn table(frontier: &pb::Frontier, names: &[String]) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header([
        "plan",
        "target %",
        "met",
        "kept %",
        "day p5 %",
        "cost",
        "drive h",
        "km",
        "couriers",
        "one more costs",
    ]);
    for at in 3..10 {
        if let Some(column) = table.column_mut(at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for (point, name) in frontier.points.iter().zip(names) {
        let driving = point.driving_duration.unwrap_or_default().seconds;
        table.add_row([
            name.clone(),
            point.target_percent.map(rounded).unwrap_or_default(),
            if point.is_met { "yes" } else { "no" }.to_owned(),
            format!(
                "{:.2} +-{:.2}",
                point.expected_kept_percent, point.expected_error_points
            ),
            format!("{:.1}", point.day_p5_percent),
            point.cost.to_string(),
            format!("{:.2}", driving as f64 / 3_600.0),
            format!("{:.1}", report::kilometers(point.distance_meters)),
            point.couriers.to_string(),
            (point.marginal_promise_cost.map(|cost| format!("{cost:.0}"))).unwrap_or_default(),
        ]);
    }
    format!(
        "{table}\nPromises kept on simulated days that the plans were not made for. One more, on average, costs so much between a \
         plan and the one above it."
    )
}

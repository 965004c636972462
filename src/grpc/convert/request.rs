//! Whole requests: their parts together, with everything that is wrong with any of them.

use super::sketch::{
    path_in_plan, read_courier_ids, read_initial_plan, read_plan_sketches, read_sketches,
    sketches_of,
};
use super::target::target_findings;
use super::{forecast, options, prefixed, read_plan, read_problem};
use crate::app::{Accepted, OnInvalidOrder, Order, Refusal};
use crate::config::PlanningConfig;
use crate::grpc::{input_digest, pb, plan_version};
use crate::model::{
    Calendar, CourierId, Finding, ForecastOptions, Plan, PlanForecast, Problem, Reason, RouteSketch,
};
use crate::planner::initial::initial_findings;
use crate::planner::schedule;
use crate::sheet::{PlannedDay, RouteSheet, Selection, sheets};
use crate::units::Timestamp;

type Read<T> = Result<T, Vec<Finding>>;

/// Routes to be timed, checked and forecast.
pub struct Routes {
    /// The day.
    pub problem: Problem,
    /// The routes, without times.
    pub sketches: Vec<RouteSketch>,
    /// How to forecast.
    pub options: ForecastOptions,
    /// SHA-256 of the problem as it came.
    pub input_digest: String,
}

/// A planned day to be told in another form.
pub struct SheetDay {
    /// The day.
    pub problem: Problem,
    /// Its plan.
    pub plan: Plan,
    /// The plan's forecast, if it has one.
    pub forecast: Option<PlanForecast>,
    /// Version of the plan, computed from its routes.
    pub plan_version: String,
}

/// Which sheets to make.
pub struct SheetOrder {
    /// The planned day.
    pub day: SheetDay,
    /// The same day with an earlier plan.
    pub previous: Option<SheetDay>,
    /// Whose sheets; empty means all.
    pub couriers: Vec<CourierId>,
}

impl SheetOrder {
    /// The sheets, all that were asked for or only those with a change.
    #[must_use]
    pub fn sheets(&self, changed_only: bool) -> Vec<RouteSheet> {
        let selection = Selection {
            couriers: &self.couriers,
            changed_only,
        };
        let previous = self.previous.as_ref().map(planned);
        sheets(&planned(&self.day), previous.as_ref(), &selection)
    }
}

fn planned(day: &SheetDay) -> PlannedDay<'_> {
    PlannedDay {
        problem: &day.problem,
        plan: &day.plan,
        forecast: day.forecast.as_ref(),
        version: &day.plan_version,
    }
}

/// Reads what to search for.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_solve_request(
    problem: Option<&pb::Problem>,
    options: Option<&pb::SolveOptions>,
    initial: Option<&pb::InitialPlan>,
    config: &PlanningConfig,
) -> Result<Order, Refusal> {
    let options = options::read_solve_options(options, config);
    let on_invalid_order = options
        .as_ref()
        .map_or(OnInvalidOrder::Reject, |options| options.on_invalid_order);
    let accepted = accept(problem, config, on_invalid_order);
    let initial = initial.map(read_initial_plan).transpose();
    let ((mut accepted, options), initial) = all(pair(accepted, options), initial)?;
    if options.target.is_some() {
        refuse_if_any(target_findings(&accepted.problem))?;
    }
    if let Some(initial) = &initial {
        let found = initial_findings(&accepted.problem, initial);
        refuse_if_any(prefixed("initial_plan", found.errors))?;
        let warnings = prefixed("initial_plan", found.warnings);
        accepted.warnings.extend(warnings);
    }
    Ok(Order {
        accepted,
        options,
        initial,
        input_digest: digest_if_any(problem),
    })
}

/// Reads routes to evaluate.
///
/// # Errors
/// Everything that is wrong with them.
pub fn read_evaluate_request(
    request: &pb::EvaluatePlanRequest,
    config: &PlanningConfig,
) -> Result<Routes, Refusal> {
    let accepted = accept(request.problem.as_ref(), config, OnInvalidOrder::Reject);
    let sketches = read_sketches(&request.routes);
    let options = options::read_forecast_options("forecast", request.forecast.as_ref());
    let ((accepted, sketches), options) = all(pair(accepted, sketches), options)?;
    let found = schedule::sketch_findings(&accepted.problem, &sketches);
    refuse_if_any(found)?;
    Ok(Routes {
        problem: accepted.problem,
        sketches,
        options,
        input_digest: digest_if_any(request.problem.as_ref()),
    })
}

/// Reads a plan to forecast: only its sequences and start times count.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_forecast_request(
    request: &pb::ForecastPlanRequest,
    config: &PlanningConfig,
) -> Result<Routes, Refusal> {
    let plan = request.plan.as_ref();
    let accepted = accept(request.problem.as_ref(), config, as_planned(plan));
    let sketches = match plan {
        Some(plan) => read_plan_sketches(&plan.routes).map_err(|errors| prefixed("plan", errors)),
        None => Err(missing("plan")),
    };
    let options = options::read_forecast_options("options", request.options.as_ref());
    let ((accepted, sketches), options) = all(pair(accepted, sketches), options)?;
    refuse_if_any(plan_findings("plan", &accepted.problem, &sketches))?;
    Ok(Routes {
        problem: accepted.problem,
        sketches,
        options,
        input_digest: digest_if_any(request.problem.as_ref()),
    })
}

/// Reads a planned day, the earlier one if there is one, and whose sheets to make.
///
/// # Errors
/// Everything that is wrong with them.
pub fn read_sheet_order(
    day: Option<&pb::PlannedDay>,
    previous: Option<&pb::PlannedDay>,
    courier_ids: &[String],
    config: &PlanningConfig,
) -> Result<SheetOrder, Refusal> {
    let day = match day {
        Some(day) => read_day_in("day", day, config),
        None => Err(missing("day")),
    };
    let previous = previous
        .map(|day| read_day_in("previous", day, config))
        .transpose();
    let ((day, previous), couriers) = all(pair(day, previous), read_courier_ids(courier_ids))?;
    let earlier = previous.as_ref().map(|day| &day.plan);
    refuse_if_any(without_route(&day.plan, earlier, &couriers))?;
    Ok(SheetOrder {
        day,
        previous,
        couriers,
    })
}

/// Reads a plan with its day, which stand in `field` of a request.
///
/// # Errors
/// Everything that is wrong with them.
pub fn read_day_in(
    field: &str,
    day: &pb::PlannedDay,
    config: &PlanningConfig,
) -> Result<SheetDay, Vec<Finding>> {
    let inside = |name: &str| match field {
        "" => name.to_owned(),
        field => format!("{field}.{name}"),
    };
    let accepted = accept(day.problem.as_ref(), config, as_planned(day.plan.as_ref()))
        .map_err(|errors| prefixed(field, errors));
    let in_plan = inside("plan");
    let plan = required(&in_plan, day.plan.as_ref(), read_plan::read_plan);
    let forecast = day
        .forecast
        .as_ref()
        .map(forecast::read_forecast)
        .transpose();
    let forecast = forecast.map_err(|errors| prefixed(&inside("forecast"), errors));
    let ((accepted, plan), forecast) = pair(pair(accepted, plan), forecast)?;
    let mut found = plan_findings(&in_plan, &accepted.problem, &sketches_of(&plan));
    found.extend(prefixed(&in_plan, time_findings(&accepted.problem, &plan)));
    if !found.is_empty() {
        return Err(found);
    }
    let routes = day.plan.as_ref().map(|plan| plan.routes.as_slice());
    Ok(SheetDay {
        problem: accepted.problem,
        plan,
        forecast,
        plan_version: plan_version(routes.unwrap_or_default()),
    })
}

/// Reads a plan with its day; paths start at the day.
///
/// # Errors
/// Everything that is wrong with them.
pub fn read_planned_day(
    day: &pb::PlannedDay,
    config: &PlanningConfig,
) -> Result<SheetDay, Refusal> {
    read_day_in("", day, config).map_err(Refusal::Invalid)
}

/// The finding for a required field that is not there.
#[must_use]
pub fn missing(field: &str) -> Vec<Finding> {
    vec![Finding::new(
        field,
        "",
        Reason::MissingField,
        "this field is required",
    )]
}

/// The problem in the field `problem` of a request.
fn accept(
    problem: Option<&pb::Problem>,
    config: &PlanningConfig,
    on_invalid_order: OnInvalidOrder,
) -> Read<Accepted> {
    let problem = problem.ok_or_else(|| missing("problem"))?;
    let accepted = read_problem(problem)
        .accept(config, on_invalid_order)
        .map_err(|errors| prefixed("problem", errors))?;
    Ok(Accepted {
        warnings: prefixed("problem", accepted.warnings),
        ..accepted
    })
}

/// The digest of the problem of a request, which has one if it was read without errors.
fn digest_if_any(problem: Option<&pb::Problem>) -> String {
    problem.map(input_digest).unwrap_or_default()
}

/// What the search that made `plan` did with invalid orders: the same is done again.
fn as_planned(plan: Option<&pb::Plan>) -> OnInvalidOrder {
    if plan.is_none_or(|plan| plan.set_aside_order_ids.is_empty()) {
        OnInvalidOrder::Reject
    } else {
        OnInvalidOrder::SetAside
    }
}

fn required<M, T>(field: &str, message: Option<&M>, read: fn(&M) -> Read<T>) -> Read<T> {
    match message {
        Some(message) => read(message).map_err(|errors| prefixed(field, errors)),
        None => Err(missing(field)),
    }
}

/// What is wrong with the sequences of a plan that stands in `field`.
fn plan_findings(field: &str, problem: &Problem, sketches: &[RouteSketch]) -> Vec<Finding> {
    let mut found = schedule::sketch_findings(problem, sketches);
    for finding in &mut found {
        finding.field = path_in_plan(&finding.field);
    }
    prefixed(field, found)
}

/// Times of a plan that are days away from the shifts, but for starts, which are judged with the sequences; paths start
/// at the plan.
fn time_findings(problem: &Problem, plan: &Plan) -> Vec<Finding> {
    let calendar = Calendar::new(problem);
    let mut found = Vec::new();
    for (row, route) in plan.routes.iter().enumerate() {
        let mut judge = |path: String, id: &str, times: &[(&str, Timestamp)]| {
            for &(field, moment) in times {
                if let Some(message) = calendar.objection(moment) {
                    let path = format!("routes[{row}].{path}{field}");
                    found.push(Finding::new(path, id, Reason::OutOfRange, message));
                }
            }
        };
        let courier = route.courier.as_str();
        let own = [("departure_time", route.departure), ("end_time", route.end)];
        judge(String::new(), courier, &own);
        for (number, stop) in route.stops.iter().enumerate() {
            let times = [
                ("arrival_time", stop.arrival),
                ("service_start_time", stop.service_start),
                ("departure_time", stop.departure),
            ];
            judge(format!("stops[{number}]."), stop.order.as_str(), &times);
        }
        for (number, reload) in route.reloads.iter().enumerate() {
            let times = [
                ("arrival_time", reload.arrival),
                ("loading_time", reload.loading_start),
                ("departure_time", reload.departure),
            ];
            judge(format!("reloads[{number}]."), reload.depot.as_str(), &times);
        }
        for (number, pause) in route.breaks.iter().enumerate() {
            let times = [("start_time", pause.start), ("end_time", pause.end)];
            judge(format!("breaks[{number}]."), courier, &times);
        }
    }
    found
}

/// Couriers whose sheets are asked for and who have no route, nor had one earlier.
fn without_route(plan: &Plan, earlier: Option<&Plan>, couriers: &[CourierId]) -> Vec<Finding> {
    let routes = || {
        let earlier = earlier.into_iter().flat_map(|plan| &plan.routes);
        plan.routes.iter().chain(earlier)
    };
    let has_route = |courier: &CourierId| routes().any(|route| route.courier == *courier);
    couriers
        .iter()
        .enumerate()
        .filter(|(_, courier)| !has_route(courier))
        .map(|(index, courier)| {
            let field = format!("courier_ids[{index}]");
            let message = "the plan has no route of this courier";
            Finding::new(field, courier.as_str(), Reason::UnknownReference, message)
        })
        .collect()
}

/// Both values, or everything that is wrong with either.
///
/// # Errors
/// If there is anything.
pub fn pair<A, B>(a: Read<A>, b: Read<B>) -> Read<(A, B)> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (a, b) => Err([a.err().unwrap_or_default(), b.err().unwrap_or_default()].concat()),
    }
}

fn all<A, B>(a: Read<A>, b: Read<B>) -> Result<(A, B), Refusal> {
    pair(a, b).map_err(Refusal::Invalid)
}

fn refuse_if_any(findings: Vec<Finding>) -> Result<(), Refusal> {
    if findings.is_empty() {
        Ok(())
    } else {
        Err(Refusal::Invalid(findings))
    }
}

// A planned day as the API gives it (the JSON form of `PlannedDay`), made ready to be shown.
//
// Times are seconds since 1970, distances meters, chances percent. What the API leaves out because it is zero is zero
// here, what it leaves out because there is none is null.

export const moment = (text) => (text === undefined ? null : Math.floor(Date.parse(text) / 1000));
export const seconds = (text) => (text === undefined ? 0 : Number.parseFloat(text));
export const whole = (text) => (text === undefined ? 0 : Number(text));
const window = (given) => [moment(given.startTime), moment(given.endTime)];
const point = (place) =>
  place?.location?.latitude === undefined || place.location.longitude === undefined
    ? null
    : { lat: place.location.latitude, lon: place.location.longitude };

/** How likely a promise must be kept to be called so, best first. */
export const RISKS = [
  { id: "safe", from: 95 },
  { id: "watch", from: 80 },
  { id: "risk", from: 50 },
  { id: "bad", from: 0 },
];

/** The name of the risk of a chance in percent; "none" without a forecast. */
export const riskOf = (chance) => (chance === null ? "none" : RISKS.find(({ from }) => chance >= from).id);

function readOrder(order) {
  const promised = order.promise?.window;
  const windows = promised ? [window(promised)] : (order.windows ?? []).map(window);
  return {
    id: order.id,
    label: order.reference || order.id,
    isCollection: order.kind === "ORDER_KIND_COLLECTION",
    mustServe: order.mustServe !== undefined,
    address: order.place?.address ?? "",
    place: point(order.place),
    windows,
    isPromised: promised !== undefined,
    stated: order.promise?.statedProbabilityPercent ?? null,
    loads: Object.entries(order.loads ?? {}).map(([name, amount]) => ({ name, amount: whole(amount) })),
    service: seconds(order.serviceDuration),
    contact: order.contact?.name ?? "",
    phone: order.contact?.phone ?? "",
    entry: order.entryNotes ?? "",
    payment: order.paymentNote ?? "",
    notes: order.notes ?? "",
    parcels: order.parcels ?? null,
    skills: order.requiredSkills ?? [],
    isHeld: false,
    stop: null,
    unserved: null,
  };
}

function readForecast(stop) {
  if (!stop) return null;
  const lowest = stop.onTime ?? {};
  return {
    chance: lowest.percent ?? 0,
    low: lowest.lowPercent ?? 0,
    high: lowest.highPercent ?? 0,
    p10: moment(stop.arrivalP10Time),
    p50: moment(stop.arrivalP50Time),
    p90: moment(stop.arrivalP90Time),
    p95: moment(stop.arrivalP95Time),
    p98: moment(stop.arrivalP981Time),
    late: seconds(stop.expectedLatenessDuration),
    leaveBy: moment(stop.leaveByTime),
  };
}

/** What the API gives for a leave-by time that no departure reaches is the start of the route. */
function reachable(forecast, start) {
  if (forecast?.leaveBy === start) forecast.leaveBy = null;
  return forecast;
}

/** The latest departure, and whether it is only the planned one, as none from then on is sure enough; as sheets have it. */
function latest(forecast, departure) {
  const leaveBy = moment(forecast?.leaveByTime);
  if (leaveBy === null) return null;
  return leaveBy < departure ? { at: departure, isPlanned: true } : { at: leaveBy, isPlanned: false };
}

function readStop(stop, index, order, route, forecast) {
  const foreseen = reachable(readForecast(forecast), route.start);
  const departure = moment(stop.departureTime);
  const read = {
    number: index + 1,
    order,
    route,
    arrival: moment(stop.arrivalTime),
    start: moment(stop.serviceStartTime),
    departure,
    waiting: seconds(stop.waitingDuration),
    slack: seconds(stop.slackDuration),
    lateness: seconds(stop.latenessDuration),
    legMeters: whole(stop.legDistanceMeters),
    leg: seconds(stop.legDuration),
    forecast: foreseen,
    latest: latest(forecast, departure),
    chance: foreseen ? foreseen.chance : null,
    risk: riskOf(foreseen ? foreseen.chance : null),
  };
  order.stop = read;
  return read;
}

/** The window that a service is judged by: the one it starts in, or else the last one. */
export function windowOf(stop) {
  const { windows } = stop.order;
  return windows.find(([from, to]) => from <= stop.start && stop.start <= to) ?? windows.at(-1) ?? null;
}

function endPlace(courier, depots, id, place) {
  if (courier === undefined) return null;
  if (courier[id]) {
    const depot = depots.get(courier[id]);
    return depot ? { name: depot.name, place: depot.place } : null;
  }
  return courier[place] ? { name: courier[place].address ?? "", place: point(courier[place]) } : null;
}

function readRoute(route, index, given, orders, depots, forecasts) {
  const courier = given.get(route.courierId);
  const forecast = forecasts.get(route.courierId);
  const read = {
    index,
    id: route.courierId,
    name: courier?.name || route.courierId,
    phone: courier?.phone ?? "",
    shift: courier?.shift ? window(courier.shift) : null,
    from: endPlace(courier, depots, "startDepotId", "startPlace"),
    to: endPlace(courier, depots, "endDepotId", "endPlace"),
    start: moment(route.startTime),
    departure: moment(route.departureTime),
    end: moment(route.endTime),
    meters: whole(route.distanceMeters),
    driving: seconds(route.travelDuration),
    service: seconds(route.serviceDuration),
    waiting: seconds(route.waitingDuration),
    loads: Object.entries(route.loadAtStart ?? {}).map(([name, amount]) => ({ name, amount: whole(amount) })),
    breaks: (route.breaks ?? []).map((pause) => ({
      after: whole(pause.afterStops),
      start: moment(pause.startTime),
      end: moment(pause.endTime),
    })),
    reloads: (route.reloads ?? []).map((reload) => ({
      after: whole(reload.afterStops),
      depot: depots.get(reload.depotId) ?? { name: reload.depotId, place: null },
      arrival: moment(reload.arrivalTime),
      departure: moment(reload.departureTime),
    })),
    chance: forecast ? (forecast.expectedOnTimePercent ?? 0) : null,
    leaveBy: null,
    isHopeless: false,
    endP90: moment(forecast?.endP90Time),
    stops: [],
  };
  const leaveBy = moment(forecast?.leaveByTime);
  read.isHopeless = leaveBy !== null && leaveBy === read.start;
  read.leaveBy = read.isHopeless ? null : leaveBy;
  read.stops = (route.stops ?? []).map((stop, at) => {
    if (!orders.has(stop.orderId)) orders.set(stop.orderId, readOrder({ id: stop.orderId }));
    return readStop(stop, at, orders.get(stop.orderId), read, forecast?.stops?.[at]);
  });
  return read;
}

function readUnserved(unserved, orders) {
  const order = orders.get(unserved.orderId) ?? readOrder({ id: unserved.orderId });
  orders.set(order.id, order);
  order.unserved = {
    mustServe: unserved.mustServe ?? false,
    obstacles: (unserved.obstacles ?? []).map((obstacle) => ({
      courier: obstacle.courierId ?? "",
      constraint: obstacle.constraint,
      amount: whole(obstacle.shortfall),
      subject: obstacle.subject ?? "",
      message: obstacle.message ?? "",
    })),
    relaxation: unserved.relaxation
      ? {
          courier: unserved.relaxation.courierId ?? "",
          after: unserved.relaxation.afterOrderId ?? "",
          constraint: unserved.relaxation.constraint,
          amount: whole(unserved.relaxation.amount),
          subject: unserved.relaxation.subject ?? "",
          message: unserved.relaxation.message ?? "",
        }
      : null,
  };
  return order;
}

/** Reads a planned day. Throws what a person can read if it is none. */
export function readDay(planned) {
  const { problem, plan, forecast } = planned ?? {};
  if (typeof problem !== "object" || typeof plan !== "object") throw new Error("no-planned-day");
  const depots = new Map(
    (problem.depots ?? []).map((depot) => [
      depot.id,
      { id: depot.id, name: depot.name || depot.id, place: point(depot.place), address: depot.place?.address ?? "" },
    ]),
  );
  const orders = new Map((problem.orders ?? []).map((order) => [order.id, readOrder(order)]));
  const given = new Map((problem.couriers ?? []).map((courier) => [courier.id, courier]));
  const forecasts = new Map((forecast?.routes ?? []).map((route) => [route.courierId, route]));
  const routes = (plan.routes ?? []).map((route, index) => readRoute(route, index, given, orders, depots, forecasts));
  const stops = routes.flatMap((route) => route.stops);
  const ranked = stops.toSorted((a, b) => (a.chance ?? 101) - (b.chance ?? 101) || b.lateness - a.lateness);
  return {
    name: problem.name ?? "",
    zone: problem.timeZone ?? "",
    version: plan.version ?? "",
    depots: [...depots.values()],
    orders,
    routes,
    ranked,
    unserved: (plan.unservedOrders ?? []).map((order) => readUnserved(order, orders)),
    broken: whole(plan.brokenPromises),
    setAside: plan.setAsideOrderIds ?? [],
    // How many orders are only held; null where there are no promises.
    held: null,
    couriers: given.size,
    meters: whole(plan.distanceMeters),
    cost: plan.cost ? whole(plan.cost.totalCost) : null,
    isFeasible: plan.verdict ? (plan.verdict.feasible ?? false) : null,
    violations: (plan.verdict?.violations ?? []).map((violation) => ({
      courier: violation.courierId ?? "",
      order: violation.orderId ?? "",
      constraint: violation.constraint,
      amount: whole(violation.amount),
      subject: violation.subject ?? "",
      message: violation.message ?? "",
    })),
    expected: forecast ? (forecast.expectedOnTimePercent ?? 0) : null,
    kept: forecast ? (forecast.expectedKeptPercent ?? 0) : null,
    realized: forecast ? [forecast.realizedOnTimeP5Percent ?? 0, forecast.realizedOnTimeP95Percent ?? 0] : null,
    confidence: forecast?.leaveByConfidencePercent ?? 90,
    isCalibrated: forecast ? forecast.spreadSource !== "SPREAD_SOURCE_DEFAULT" : true,
  };
}

/** Marks the orders of a day of promises that are held, and not yet confirmed. */
export function layHolds(day, ids) {
  const held = ids.map((id) => day.orders.get(id)).filter((order) => order?.stop);
  for (const order of held) order.isHeld = true;
  day.held = held.length;
}

/** The first and the last moment of anything that is shown of a day. */
export function extent(day) {
  const moments = day.routes.flatMap((route) => [route.start, route.end, route.endP90, ...route.stops.map((stop) => stop.forecast?.p90)]);
  const known = moments.filter((at) => at !== null && at !== undefined);
  return known.reduce(([from, to], at) => [Math.min(from, at), Math.max(to, at)], [Infinity, -Infinity]);
}

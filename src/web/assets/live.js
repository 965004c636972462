// A live day: what was reported and what is to be expected now, laid over its plan.

import { moment, riskOf, seconds, whole } from "./day.js";
import { clock, duration, language, number, percent, span, t } from "./text.js";

const STATE = "LIVE_STOP_STATE_";
const WHERE = "LIVE_WHEREABOUTS_";
const OUTCOME = "PROMISE_OUTCOME_";
const CAUSE = "DELAY_CAUSE_";

const short = (name, prefix) => (name ?? "").replace(prefix, "");
const point = (location) => (location ? { lat: location.latitude ?? 0, lon: location.longitude ?? 0 } : null);

function readAlert(alert) {
  const words = (alert.words ?? []).map(({ language: name, text }) => [short(name, "LANGUAGE_").toLowerCase(), text]);
  return {
    order: alert.orderId,
    courier: alert.courierId ?? "",
    until: moment(alert.promisedEndTime),
    since: moment(alert.sinceTime),
    chance: alert.onTimePercent ?? 0,
    band: alert.arrival ? [moment(alert.arrival.arrivalP10Time), moment(alert.arrival.arrivalP90Time)] : null,
    planned: moment(alert.plannedArrivalTime),
    isInTime: alert.isInTime ?? false,
    notice: seconds(alert.noticeDuration),
    causes: readCauses(alert.causes),
    words: Object.fromEntries(words),
  };
}

const readCauses = (causes = []) => causes.map(({ cause, delayDuration }) => ({ kind: short(cause, CAUSE), by: seconds(delayDuration) }));

function readCourier(courier) {
  return {
    where: short(courier.whereabouts, WHERE),
    since: moment(courier.sinceTime),
    order: courier.orderId ?? "",
    isInService: courier.isInService ?? false,
    outage: courier.outage ? { since: moment(courier.outage.sinceTime), until: moment(courier.outage.untilTime), isBreakdown: courier.outage.isBreakdown ?? false } : null,
    location: point(courier.location),
    heard: moment(courier.lastHeardTime),
    overdue: seconds(courier.risk?.overdueDuration),
    contradictions: (courier.contradictions ?? []).length,
  };
}

function readStop(stop) {
  const state = short(stop.state, STATE) || "TO_COME";
  return {
    state,
    isOver: state !== "TO_COME" && state !== "AT_DOOR",
    arrival: moment(stop.arrivalTime),
    start: moment(stop.serviceStartTime),
    departure: moment(stop.departureTime),
    outcome: short(stop.outcome, OUTCOME),
    late: seconds(stop.lateDuration),
    outcomeAt: moment(stop.outcomeTime),
    // What was told first, if something else was told since.
    first: stop.toldWindows?.length > 0 ? (stop.windows ?? []).map(({ startTime, endTime }) => [moment(startTime), moment(endTime)]) : [],
    rating: stop.rating ?? null,
    refused: (stop.refused ?? []).length,
    causes: [],
  };
}

/** How a stop looks that needs no chance any more. */
const riskOver = ({ state, outcome }) =>
  outcome === "LATE" || outcome === "NOT_DELIVERED" || state === "FAILED" || state === "SKIPPED" ? "bad" : "done";

function layStop(stop, live, risk) {
  stop.planned ??= { arrival: stop.arrival, start: stop.start, departure: stop.departure };
  Object.assign(stop, stop.planned, { live, chance: null, forecast: null, risk: "none" });
  if (live?.arrival ?? live?.start) {
    stop.arrival = live.arrival ?? live.start;
    stop.start = live.start ?? stop.arrival;
    stop.departure = live.departure ?? Math.max(stop.start, stop.start + stop.planned.departure - stop.planned.start);
    stop.waiting = 0;
    stop.lateness = 0;
  } else if (live?.departure) {
    // When the courier came was not reported.
    stop.departure = live.departure;
    stop.start = live.departure - (stop.planned.departure - stop.planned.start);
    stop.arrival = stop.start;
    stop.waiting = 0;
  }
  if (live?.isOver) stop.risk = riskOver(live);
  if (!risk) return;
  stop.chance = risk.onTimePercent ?? 0;
  stop.risk = riskOf(stop.chance);
  live.causes = readCauses(risk.causes);
  if (risk.arrival) {
    const [p10, p50, p90] = ["P10", "P50", "P90"].map((rank) => moment(risk.arrival[`arrival${rank}Time`]));
    stop.forecast = { chance: stop.chance, p10, p50, p90, p95: null, late: 0, leaveBy: null };
  }
}

/** Where a courier is on the map: where they were seen, or else the door they were at last, or the start. */
function placeOf(route) {
  const { live } = route;
  if (live.location) return { place: live.location, isSeen: true };
  const been = route.stops.filter((stop) => stop.live?.arrival ?? stop.live?.start).at(-1);
  const place = been ? been.order.place : route.from?.place;
  return place ? { place, isSeen: false } : null;
}

/** Whether a live day still goes by the plan that is shown. */
export function isSamePlan(day, answer) {
  if ((answer.liveDay?.planVersion ?? "0") !== day.live.version) return false;
  const shown = day.routes.map(({ id, stops }) => [id, ...stops.map(({ order }) => order.id)].join(" ")).sort();
  const drivers = (answer.couriers ?? []).filter(({ stops }) => stops?.length > 0);
  const given = drivers.map(({ courierId, stops }) => [courierId, ...stops.map(({ orderId }) => orderId)].join(" ")).sort();
  return shown.filter((text) => text.includes(" ")).join("\n") === given.join("\n");
}

/** Lays what GetLiveDay says over the day that was read from its plan. */
export function lay(day, answer) {
  const { liveDay = {}, alerts = [], couriers = [] } = answer;
  const tally = liveDay.tally ?? {};
  const count = (name) => whole(tally[name]);
  const known = ["kept", "late", "customerAbsent", "notDelivered", "overdue"].reduce((n, name) => n + count(name), 0);
  day.live = {
    id: liveDay.liveDayId,
    version: liveDay.planVersion ?? "0",
    asOf: moment(liveDay.asOfTime),
    entries: liveDay.entries ?? "0",
    onTime: liveDay.onTimePercent ?? null,
    expected: liveDay.expectedOnTimePercent ?? null,
    late: count("late"),
    failed: count("notDelivered") + count("customerAbsent") + count("overdue"),
    known,
    all: known + count("open"),
    ratings: whole(liveDay.ratings?.count),
    stars: liveDay.ratings?.meanStars ?? null,
    alerts: alerts.map(readAlert).filter(({ order }) => day.orders.has(order)),
  };
  day.isCalibrated = liveDay.isCalibrated ?? false;
  const byOrder = new Map(day.live.alerts.map((alert) => [alert.order, alert]));
  for (const order of day.orders.values()) order.alert = byOrder.get(order.id) ?? null;
  const given = new Map(couriers.map((courier) => [courier.courierId, courier]));
  for (const route of day.routes) {
    const courier = given.get(route.id) ?? {};
    const stops = new Map((courier.stops ?? []).map((stop) => [stop.orderId, readStop(stop)]));
    const risks = new Map((courier.risk?.stops ?? []).map((risk) => [risk.orderId, risk]));
    for (const stop of route.stops) layStop(stop, stops.get(stop.order.id) ?? readStop({}), risks.get(stop.order.id));
    route.live = readCourier(courier);
    route.live.at = placeOf(route);
    const chances = route.stops.map(({ chance }) => chance).filter((chance) => chance !== null);
    route.chance = chances.length > 0 ? chances.reduce((a, b) => a + b, 0) / chances.length : null;
    route.leaveBy = null;
    route.isHopeless = false;
  }
  const open = day.routes.flatMap((route) => route.stops).filter(({ chance }) => chance !== null);
  day.ranked = open.toSorted((a, b) => a.chance - b.chance);
  day.expected = null;
}

// === In words

/** What makes someone late, the largest part first. */
export const causesText = (causes) => causes.filter(({ by }) => by === 0 || by >= 60).map(({ kind, by }) => (by > 0 ? `${t(`cause-${kind}`)} +${duration(by)}` : t(`cause-${kind}`))).join(", ");

/** What the customer can be told, in the language of the page. */
export const wordsOf = (alert) => alert.words[language()] ?? alert.words.en ?? "";

/** Where a courier is, in words. */
export function whereText(day, route) {
  const { live } = route;
  const order = live.order ? (day.orders.get(live.order)?.label ?? live.order) : "";
  const key = live.where === "AT_DOOR" && live.isInService ? "SERVING" : live.where;
  const parts = [
    live.outage && t(live.outage.isBreakdown ? "broken-down" : "unavailable", { since: clock(live.outage.since, day.zone), until: clock(live.outage.until, day.zone) }),
    t(`where-${key || "AT_START"}`, { order }),
    live.since === null ? null : t("since", { time: clock(live.since, day.zone) }),
    live.overdue > 60 ? t("overdue", { by: duration(live.overdue) }) : null,
  ];
  return parts.filter(Boolean).join(" · ");
}

/** When somebody was at a door, as far as that was reported; null before. */
export function atDoorText(day, { live }) {
  if (!live || live.state === "TO_COME" || live.state === "SKIPPED") return null;
  const from = live.start ?? live.arrival;
  const shown = (at) => (at === null ? "…" : clock(at, day.zone));
  return from === null && live.departure === null ? null : `${shown(from)}–${shown(live.departure)}`;
}

/** What came of a stop, in words; null while it is to come. */
export function outcomeText(day, stop) {
  const { live } = stop;
  if (!live || live.state === "TO_COME") return null;
  const at = live.departure ?? live.outcomeAt;
  const isDone = live.isOver && at !== null;
  const parts = [isDone ? `${t(`state-${live.state}`)} ${clock(at, day.zone)}` : t(`state-${live.state}`)];
  if (live.outcome === "LATE") parts.push(t("was-late", { by: duration(live.late) }));
  if (live.outcome === "KEPT") parts.push(t("was-kept"));
  if (live.outcome === "CUSTOMER_ABSENT") parts.push(t("was-absent"));
  if (live.refused > 0) parts.push(t("was-refused", { n: live.refused }));
  return parts.join(" · ");
}

export function ratingText({ rating }) {
  if (!rating) return null;
  return [`${"★".repeat(rating.stars ?? 0)}${"☆".repeat(5 - (rating.stars ?? 0))}`, rating.reason, rating.words].filter(Boolean).join(" · ");
}

/** A change of an alert, as a line of news. */
export function newsText(day, change) {
  const alert = readAlert(change.alert ?? {});
  const kind = short(change.kind, "ALERT_CHANGE_KIND_");
  const order = day.orders.get(alert.order)?.label ?? alert.order;
  const band = alert.band ? span(alert.band, day.zone) : "–";
  return `${clock(moment(change.asOfTime), day.zone)} ${t(`news-${kind}`, { order, band, until: clock(alert.until, day.zone) })}`;
}

// === What can be done

/** A remedy in words: what is done, and what comes of it for this promise and for the day. */
export function remedyText(day, remedy) {
  const order = day.orders.get(remedy.movedOrderId)?.label ?? remedy.movedOrderId;
  const courier = day.routes.find(({ id }) => id === remedy.toCourierId)?.name ?? remedy.toCourierId;
  const window = remedy.window ? span([moment(remedy.window.startTime), moment(remedy.window.endTime)], day.zone) : "";
  return t(`remedy-${short(remedy.kind, "REMEDY_KIND_")}`, { order, courier, window, time: clock(moment(remedy.startTime), day.zone) });
}

export function remedyFacts(remedy) {
  const late = (figures) => number(figures?.expectedLate ?? 0, 1);
  const cost = whole(remedy.costDifference);
  return [
    t("remedy-chance", { before: percent(remedy.onTimeBeforePercent ?? 0), after: percent(remedy.onTimeAfterPercent ?? 0) }),
    t("remedy-day", { before: late(remedy.before), after: late(remedy.after) }),
    cost === 0 ? null : t("remedy-cost", { by: `${cost > 0 ? "+" : "−"}${number(Math.abs(cost))}` }),
  ].filter(Boolean).join(" · ");
}

/** Whether there is anything to apply. */
export const isAction = (remedy) => remedy.kind !== "REMEDY_KIND_TELL_CUSTOMER" && remedy.change !== undefined;

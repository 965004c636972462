// Why an order is late, unserved or at risk, and what would help: from what plan and forecast say, in words.

import { windowOf } from "./day.js";
import { causesText, outcomeText } from "./live.js";
import { clock, duration, km, number, percent, span, t } from "./text.js";

const KIND = "CONSTRAINT_KIND_";
const SECONDS = ["TIME_WINDOW", "LATER_STOP", "SHIFT_END", "MAX_DUTY", "NOT_READY", "BREAK"];

/** An amount in the unit of its constraint. */
function amount(kind, value, subject) {
  if (SECONDS.includes(kind)) return duration(value);
  if (kind === "MAX_DISTANCE") return km(value);
  if (kind === "CAPACITY") return `${number(value)} ${subject}`;
  return number(value);
}

/** What stands against a courier taking an order, or against a plan; what this page has no words for, in the API's. */
export function obstacleText({ constraint = "", amount: value, subject, message }) {
  const kind = constraint.replace(KIND, "");
  const key = `constraint-${kind}`;
  const text = t(key, { by: amount(kind, value, subject), subject });
  return text === key ? message : text;
}

export function relaxationText(relaxation) {
  const place = relaxation.after ? t("place-after", { order: relaxation.after }) : t("place-first");
  return t("relaxation", { courier: relaxation.courier, place, change: obstacleText(relaxation) });
}

/** The next full five minutes. */
const roundUp = (moment) => Math.ceil(moment / 300) * 300;

function unservedReasons(order) {
  const { obstacles, relaxation } = order.unserved;
  const names = obstacles.map((obstacle) => ({ name: obstacle.courier, text: obstacleText(obstacle) }));
  return {
    headline: t(order.unserved.mustServe ? "unserved-broken" : "unserved"),
    facts: [],
    obstacles: names,
    helps: relaxation ? [relaxationText(relaxation)] : names.length ? [t("no-relaxation")] : [],
    risk: "bad",
  };
}

function headline(stop) {
  if (stop.lateness > 0) return t("late-by-plan", { duration: duration(stop.lateness) });
  if (stop.chance === null) return t("no-forecast");
  return t(`headline-${stop.risk}`, { chance: percent(stop.chance, 0) });
}

function facts(day, stop) {
  const { forecast } = stop;
  const zone = day.zone;
  const told = [];
  const window = windowOf(stop);
  if (window && stop.lateness === 0) {
    const room = window[1] - stop.start;
    told.push(room > 0 ? t("room-in-plan", { start: clock(stop.start, zone), room: duration(room) }) : t("no-room-in-plan", { start: clock(stop.start, zone) }));
  }
  if (forecast) {
    told.push(t("band-fact", { band: span([forecast.p10, forecast.p90], zone) }));
    if (window && forecast.p90 > window[1]) told.push(t("p90-after", { p90: clock(forecast.p90, zone), over: duration(forecast.p90 - window[1]) }));
    if (forecast.late >= 30) told.push(t("mean-lateness", { duration: duration(forecast.late) }));
    if (stop.order.stated !== null && Math.abs(stop.order.stated - stop.chance) >= 3) {
      told.push(t("stated-chance", { stated: percent(stop.order.stated), now: percent(stop.chance) }));
    }
  }
  if (stop.live?.causes.length > 0) told.push(t("because", { causes: causesText(stop.live.causes) }));
  if (stop.risk !== "safe" && stop.number > 1) told.push(t("stops-before", { n: stop.number - 1 }));
  if (stop.leg >= 30 * 60) told.push(t("long-leg", { duration: duration(stop.leg), km: km(stop.legMeters) }));
  const own = day.violations.filter((violation) => violation.order === stop.order.id);
  told.push(...own.map((violation) => t("violated", { what: obstacleText(violation) })));
  return told;
}

function helps(day, stop) {
  const { forecast, route } = stop;
  if (!forecast || stop.risk === "safe") return [];
  const zone = day.zone;
  const advice = [];
  const confidence = percent(day.confidence);
  if (route.leaveBy !== null && route.leaveBy < route.departure) {
    advice.push(t("help-leave", { by: clock(route.leaveBy, zone), planned: clock(route.departure, zone), confidence }));
  }
  const before = route.stops[stop.number - 2];
  const by = before?.forecast?.leaveBy ?? null;
  // Earlier than service begins there would have to be another plan.
  if (by !== null && by > before.start && by < before.departure) {
    advice.push(t("help-leave-stop", { number: before.number, order: before.order.label, by: clock(by, zone), planned: clock(before.departure, zone), confidence }));
  }
  const window = windowOf(stop);
  if (window && forecast.p95 > window[1]) advice.push(t("help-window", { until: clock(roundUp(forecast.p95), zone), chance: percent(95) }));
  const waited = route.stops.filter((other) => other.number < stop.number && other.waiting >= 300);
  if (waited.length > 0) {
    const last = waited.at(-1);
    advice.push(t("help-waiting", { number: last.number, order: last.order.label, duration: duration(last.waiting) }));
  }
  if (stop.number > 1 && !stop.live) advice.push(t("help-move"));
  return advice;
}

/** When a courier has to leave the start so that every promise of the route is kept. */
export function leaveByText(day, route) {
  const confidence = percent(day.confidence);
  if (route.isHopeless) return t("leave-by-never", { confidence });
  return route.leaveBy === null ? null : t("leave-by-confidence", { time: clock(route.leaveBy, day.zone), confidence });
}

/** When a courier has to leave a stop; null at the last one, and without a forecast. */
export function leaveStopText(day, { latest }) {
  return latest && t(latest.isPlanned ? "leave-planned" : "leave-by-short", { time: clock(latest.at, day.zone) });
}

/** Everything there is to say about how surely an order is served. */
export function explain(day, order) {
  if (order.unserved) return unservedReasons(order);
  const { stop } = order;
  if (!stop) return { headline: t("not-planned"), facts: [], obstacles: [], helps: [], risk: "none" };
  if (stop.live?.isOver) return { headline: outcomeText(day, stop), facts: [], obstacles: [], helps: [], risk: stop.risk };
  const risk = stop.lateness > 0 ? "bad" : stop.risk;
  return { headline: headline(stop), facts: facts(day, stop), obstacles: [], helps: helps(day, stop), risk };
}

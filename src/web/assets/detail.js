// What is known of one courier or one order.

import { h, own } from "./dom.js";
import { badge, heldMark, routeMark } from "./charts.js";
import { riskOf, windowOf } from "./day.js";
import { atDoorText, isAction, outcomeText, ratingText, remedyFacts, remedyText, whereText, wordsOf } from "./live.js";
import { explain, leaveByText } from "./reasons.js";
import { clock, duration, km, number, span, t } from "./text.js";

function facts(pairs) {
  const known = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return h("dl", { class: "facts" }, known.map(([name, value]) => h("div", {}, h("dt", {}, t(name)), h("dd", {}, value))));
}

const list = (items) => h("ul", {}, items.map((item) => h("li", {}, item)));

/** A phone number that can be called. */
export function phoneLink(phone) {
  const digits = phone.replace(/[^\d+*#]/g, "");
  return digits.length >= 3 ? h("a", { href: `tel:${digits}` }, own(phone)) : own(phone);
}

function heading(text, close) {
  return h(
    "div",
    { class: "detail-head" },
    h("h2", { tabindex: "-1" }, text),
    h("button", { type: "button", class: "icon", "aria-label": t("close"), title: t("close"), onclick: close }, "✕"),
  );
}

function loadsText(loads) {
  return loads.length === 0 ? null : loads.map(({ name, amount }) => `${number(amount)} ${name}`).join(", ");
}

function reasons(day, order) {
  const { headline, facts: told, obstacles, helps, risk } = explain(day, order);
  const blocked = obstacles.map(({ name, text }) => (text.startsWith(name) || !name ? own(text) : [own(name), ": ", own(text)]));
  return h(
    "section",
    { class: `reasons ${risk}` },
    h("p", { class: "headline" }, headline),
    told.length > 0 && list(told),
    blocked.length > 0 && [h("h3", {}, t("what-blocks")), list(blocked)],
    helps.length > 0 && [h("h3", {}, t("what-helps")), list(helps)],
  );
}

/** A promise at risk: since when, whether that was in time, and what the customer can be told. */
function alarm(day, { alert }) {
  if (!alert) return null;
  const words = wordsOf(alert);
  const notice = duration(alert.notice);
  const told = t(alert.isInTime ? "told-in-time" : alert.notice > 0 ? "told-late" : "told-after", { time: clock(alert.since, day.zone), notice });
  return h("section", { class: "reasons bad", "data-alert": alert.order }, h("p", { class: "headline" }, told), words && [h("h3", {}, t("tell-customer")), h("p", { class: "say" }, own(words))]);
}

/** What can be done about a promise at risk, the best first. */
function remediesOf(day, { alert }, remedies, apply) {
  if (!alert) return null;
  const { list: found, failure } = remedies;
  const line = (remedy) =>
    h(
      "li",
      { "data-remedy": remedy.kind },
      h("strong", {}, remedyText(day, remedy)),
      h("span", { class: "muted" }, remedyFacts(remedy)),
      isAction(remedy) && h("button", { type: "button", "data-apply": true, onclick: () => apply(remedy) }, t("apply")),
    );
  return h(
    "section",
    { class: "remedies" },
    h("h3", {}, t("remedies")),
    failure && h("p", { role: "alert" }, failure),
    found ? h("ol", {}, found.map(line)) : !failure && h("p", { class: "muted" }, t("remedies-sought")),
  );
}

/** An order: first how surely it is served and why, then everything else. */
export function orderDetail(day, order, { close, pickRoute, pickOrder, apply }, remedies = {}) {
  const { stop } = order;
  const zone = day.zone;
  const window = stop ? windowOf(stop) : null;
  const windows = order.windows.map((each) => span(each, zone)).join(", ");
  const step = (by) => {
    const other = stop?.route.stops[stop.number - 1 + by];
    const label = t(by < 0 ? "stop-before" : "stop-after");
    return h("button", { type: "button", disabled: other === undefined, onclick: () => pickOrder(other.order.id) }, label);
  };
  return [
    heading([stop ? badge(stop.chance, stop.risk, order.isHeld) : null, own(order.label), heldMark(order)], close),
    stop && h("p", { class: "under" }, h("button", { type: "button", class: "link", onclick: () => pickRoute(stop.route.id) }, routeMark(stop.route.index), own(stop.route.name)), " · ", t("stop-of", { number: stop.number, n: stop.route.stops.length })),
    order.isHeld && h("p", { class: "hold" }, t("held-note")),
    alarm(day, order),
    remediesOf(day, order, remedies, apply),
    reasons(day, order),
    facts([
      ["live-state", stop && outcomeText(day, stop)],
      ["rating", stop?.live && ratingText(stop.live)],
      [order.isHeld ? "held-window" : order.isPromised ? "promised-window" : "access-windows", window && order.windows.length < 2 ? span(window, zone) : windows],
      ["first-promised", stop?.live?.first.length > 0 && stop.live.first.map((each) => span(each, zone)).join(", ")],
      ["planned-arrival", stop && clock((stop.planned ?? stop).arrival, zone)],
      ["actual-arrival", stop?.live?.arrival && clock(stop.live.arrival, zone)],
      ["arrival-band", stop?.forecast && span([stop.forecast.p10, stop.forecast.p90], zone)],
      ["service", stop?.live && stop.live.state !== "TO_COME" ? atDoorText(day, stop) : stop ? `${span([stop.start, stop.departure], zone)} (${duration(stop.departure - stop.start)})` : duration(order.service)],
      ["waiting", stop?.waiting ? duration(stop.waiting) : null],
      ["leave-by", stop?.latest && (stop.latest.isPlanned ? t("planned-departure", { time: clock(stop.latest.at, zone) }) : clock(stop.latest.at, zone))],
      ["slack", stop ? duration(stop.slack) : null],
      ["address", order.address && own(order.address)],
      ["contact", order.contact && own(order.contact)],
      ["phone", order.phone && phoneLink(order.phone)],
      ["entry", order.entry && own(order.entry)],
      ["loads", loadsText(order.loads)],
      ["parcels", order.parcels === null ? null : number(order.parcels)],
      ["payment", order.payment && own(order.payment)],
      ["notes", order.notes && own(order.notes)],
      ["skills", order.skills.length ? order.skills.join(", ") : null],
    ]),
    stop && h("p", { class: "buttons" }, step(-1), step(1)),
  ];
}

function stopRow(day, stop, pickOrder) {
  const window = windowOf(stop);
  return h(
    "li",
    {},
    h(
      "button",
      { type: "button", class: "row", "data-order": stop.order.id, onclick: () => pickOrder(stop.order.id) },
      h("span", { class: "n" }, String(stop.number)),
      h(
        "span",
        { class: "what" },
        h("strong", {}, own(stop.order.label), heldMark(stop.order)),
        h("span", { class: "muted" }, clock(stop.arrival, day.zone), stop.live && stop.live.state !== "TO_COME" ? ` · ${outcomeText(day, stop)}` : "", window ? ` · ${t("window-short")} ${span(window, day.zone)}` : ""),
        stop.order.address ? h("span", { class: "muted cut" }, own(stop.order.address)) : null,
      ),
      badge(stop.chance, stop.risk, stop.order.isHeld),
    ),
  );
}

/** What happens between two stops: breaks and reloads. */
function between(day, route, after) {
  const pauses = route.breaks.filter((pause) => pause.after === after).map((pause) => `${t("break")} ${span([pause.start, pause.end], day.zone)}`);
  const reloads = route.reloads.filter((reload) => reload.after === after).map((reload) => [t("reload"), " ", own(reload.depot.name), ` ${span([reload.arrival, reload.departure], day.zone)}`]);
  return [...reloads, ...pauses].map((text) => h("li", { class: "between" }, text));
}

/** A courier: the route in figures and its stops in sequence, with the address of the courier's own page. */
export function courierDetail(day, route, link, { close, pickOrder, fit }) {
  const zone = day.zone;
  return [
    heading([badge(route.chance, riskOf(route.chance)), routeMark(route.index), own(route.name)], close),
    h(
      "p",
      { class: "buttons" },
      h("button", { type: "button", onclick: fit }, t("show-on-map")),
      link && h("a", { class: "button", href: link, target: "_blank", rel: "noopener", "data-link": "courier" }, t("courier-page")),
      link && copyButton(link),
    ),
    facts([
      ["live-state", route.live && whereText(day, route)],
      ["last-heard", route.live && clock(route.live.heard, zone)],
      ["contradictions", route.live?.contradictions ? number(route.live.contradictions) : null],
      ["stops-count", number(route.stops.length)],
      ["shift", route.shift && span(route.shift, zone)],
      ["start-of-loading", clock(route.start, zone)],
      ["departure", clock(route.departure, zone)],
      ["leave-by", leaveByText(day, route)],
      ["end", route.endP90 ? t("end-band", { end: clock(route.end, zone), p90: clock(route.endP90, zone) }) : clock(route.end, zone)],
      ["driving", `${duration(route.driving)} · ${km(route.meters)}`],
      ["service", duration(route.service)],
      ["waiting", duration(route.waiting)],
      ["loads", loadsText(route.loads)],
      ["phone", route.phone && phoneLink(route.phone)],
    ]),
    h("ol", { class: "stops" }, between(day, route, 0), route.stops.map((stop) => [stopRow(day, stop, pickOrder), between(day, route, stop.number)])),
  ];
}

function copyButton(link) {
  if (!navigator.clipboard) return null;
  const button = h("button", { type: "button" }, t("copy-link"));
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(new URL(link, location.href).href);
      button.textContent = t("copied");
    } catch {
      button.textContent = t("not-copied");
    }
  });
  return button;
}

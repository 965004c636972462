// The lists beside the map: risky promises first, couriers, and orders that nobody serves.

import { h, own, put } from "./dom.js";
import { badge, heldMark, routeMark } from "./charts.js";
import { riskOf, windowOf } from "./day.js";
import { causesText, whereText } from "./live.js";
import { clock, duration, km, span, t } from "./text.js";

/** Rows shown at first, and more at each click: a day may have thousands. */
const PAGE = 100;

/** Whether an order is what someone looks for. */
function matches(order, words) {
  const courier = order.stop ? `${order.stop.route.id} ${order.stop.route.name}` : "";
  const text = `${order.id} ${order.label} ${order.address} ${order.contact} ${order.phone} ${courier}`.toLocaleLowerCase();
  return words.every((word) => text.includes(word));
}

function riskRow(day, stop, pick) {
  const { order, route } = stop;
  const window = windowOf(stop);
  return h(
    "button",
    { type: "button", class: "row", "data-order": order.id, onclick: () => pick(order.id) },
    badge(stop.chance, stop.risk, order.isHeld),
    h(
      "span",
      { class: "what" },
      h("strong", {}, own(order.label), heldMark(order)),
      h("span", { class: "muted" }, window ? span(window, day.zone) : "–", " · ", t("arrives", { time: clock(stop.arrival, day.zone) })),
      h("span", { class: "muted cut" }, t("stop-number", { number: stop.number }), " · ", routeMark(route.index), own(route.name)),
    ),
  );
}

/** A promise at risk: until when, when the courier is expected, why, and since when that is known. */
function alertRow(day, alert, pick) {
  const order = day.orders.get(alert.order);
  const { stop } = order;
  const route = stop?.route ?? null;
  const expected = alert.band ? t("expected", { band: span(alert.band, day.zone) }) : t("nobody-comes");
  return h(
    "button",
    { type: "button", class: "row", "data-order": order.id, onclick: () => pick(order.id) },
    badge(alert.chance, riskOf(alert.chance)),
    h(
      "span",
      { class: "what" },
      h("strong", {}, own(order.label)),
      h("span", {}, t("promised-until", { time: clock(alert.until, day.zone) }), " · ", expected),
      alert.causes.length > 0 && h("span", { class: "cause" }, causesText(alert.causes)),
      h("span", { class: "muted" }, t("since", { time: clock(alert.since, day.zone) }), route && [" · ", routeMark(route.index), own(route.name)]),
    ),
  );
}

function unservedRow(day, order, pick) {
  const window = order.windows.at(-1);
  return h(
    "button",
    { type: "button", class: "row", "data-order": order.id, onclick: () => pick(order.id) },
    h("span", { class: `badge ${order.unserved.mustServe ? "bad" : "none"}`, "aria-hidden": "true" }, "✕"),
    h(
      "span",
      { class: "what" },
      h("strong", {}, own(order.label)),
      h("span", { class: "muted" }, window ? span(window, day.zone) : "–", order.unserved.mustServe ? ` · ${t("must-serve")}` : ""),
      order.address ? h("span", { class: "muted cut" }, own(order.address)) : null,
    ),
  );
}

function courierRow(day, route, pick) {
  return h(
    "button",
    { type: "button", class: "row", "data-courier": route.id, onclick: () => pick(route.id) },
    badge(route.chance, riskOf(route.chance)),
    h(
      "span",
      { class: "what" },
      h("strong", {}, routeMark(route.index), own(route.name)),
      h("span", { class: "muted" }, t("stops", { n: route.stops.length }), " · ", span([route.start, route.end], day.zone)),
      h("span", { class: "muted" }, route.live ? whereText(day, route) : `${km(route.meters)} · ${duration(route.end - route.start)}`),
    ),
  );
}

export class Lists {
  constructor(root, { pickRoute, pickOrder }) {
    this.root = root;
    this.pickRoute = pickRoute;
    this.pickOrder = pickOrder;
    this.kind = "risk";
    this.words = [];
  }

  show(day) {
    this.day = day;
    this.shown = PAGE;
    this.draw();
  }

  /** Shows the same day with news, from where it is read. */
  update(day) {
    this.day = day;
    const { scrollTop } = this.root;
    this.draw();
    this.root.scrollTop = scrollTop;
  }

  choose(kind) {
    this.kind = kind;
    this.shown = PAGE;
    this.draw();
    this.root.scrollTop = 0;
  }

  search(text) {
    this.words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    this.shown = PAGE;
    this.draw();
  }

  select(route, order) {
    this.selected = { route, order };
    for (const row of this.root.querySelectorAll(".row")) {
      const isIt = row.dataset.order ? row.dataset.order === order?.id : row.dataset.courier === route?.id;
      row.setAttribute("aria-current", String(isIt));
    }
  }

  rows() {
    const { day, words } = this;
    if (this.kind === "couriers") {
      const isMeant = (route) => words.every((word) => `${route.id} ${route.name}`.toLocaleLowerCase().includes(word));
      return day.routes.filter(isMeant).map((route) => () => courierRow(day, route, this.pickRoute));
    }
    if (this.kind === "alerts") {
      const alerts = (day.live?.alerts ?? []).toSorted((a, b) => a.chance - b.chance);
      return alerts.filter((alert) => matches(day.orders.get(alert.order), words)).map((alert) => () => alertRow(day, alert, this.pickOrder));
    }
    if (this.kind === "unserved") {
      return day.unserved.filter((order) => matches(order, words)).map((order) => () => unservedRow(day, order, this.pickOrder));
    }
    return day.ranked.filter((stop) => matches(stop.order, words)).map((stop) => () => riskRow(day, stop, this.pickOrder));
  }

  draw() {
    if (!this.day) return;
    const rows = this.rows();
    const more = rows.length - this.shown;
    const button = h("button", { type: "button", class: "more", onclick: () => this.more() }, t("more", { n: Math.min(more, PAGE) }));
    const none = t(this.words.length ? "none-found" : ({ unserved: "all-served", alerts: "no-alerts", risk: this.day.live ? "all-over" : this.day.held === null ? "nothing" : "no-promises", couriers: this.day.held === null ? "nothing" : "no-promises" }[this.kind] ?? "nothing"));
    put(this.root, rows.length === 0 ? h("p", { class: "empty" }, none) : rows.slice(0, this.shown).map((make) => make()), more > 0 && button);
    if (this.selected) this.select(this.selected.route, this.selected.order);
  }

  more() {
    const at = this.shown;
    this.shown += PAGE;
    this.draw();
    this.root.querySelectorAll(".row")[at]?.focus();
  }
}

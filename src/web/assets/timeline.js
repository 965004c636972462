// The timeline: a row for every courier and, for the one that is marked, a row for every stop.

import { h, own, put, s } from "./dom.js";
import { badge, routeMark } from "./charts.js";
import { extent, riskOf, windowOf } from "./day.js";
import { clock, duration, offset, percent, span, t } from "./text.js";

const HOUR = 3600;
const ROW = 34;
const LINE = 24;
/** Least width of an hour. */
const HOUR_PX = 34;

/** A chance, for those who do not see its badge. */
const kept = (chance) => (chance === null ? null : t("kept-chance", { chance: percent(chance) }));

export class Timeline {
  /** Fills `root`; `pickRoute` and `pickOrder` are called with what was clicked. */
  constructor(root, { pickRoute, pickOrder }) {
    this.root = root;
    this.pickRoute = pickRoute;
    this.pickOrder = pickOrder;
    this.magnified = 1;
    this.selected = { route: null, order: null };
    // Rows are drawn when they come into view: a day may have hundreds.
    this.watcher = new IntersectionObserver((seen) => {
      for (const { target, isIntersecting } of seen) {
        if (!isIntersecting) continue;
        this.watcher.unobserve(target);
        target.drawNow?.();
      }
    }, { root, rootMargin: "200px" });
    new ResizeObserver(() => {
      if (this.day && Math.abs(this.root.clientWidth - this.drawnWidth) > 4) this.rebuild();
    }).observe(root);
  }

  show(day) {
    this.day = day;
    const [from, to] = extent(day);
    const ahead = Number.isFinite(from) ? offset(from, day.zone) : 0;
    this.from = Number.isFinite(from) ? Math.floor((from + ahead) / HOUR) * HOUR - ahead : 0;
    this.to = Number.isFinite(to) ? Math.ceil((to + ahead) / HOUR) * HOUR - ahead : HOUR;
    this.rebuild();
  }

  /** Shows the same day with news. */
  update(day) {
    this.day = day;
    this.rebuild();
  }

  select(route, order) {
    const isOther = route !== this.selected.route;
    this.selected = { route, order };
    if (!this.day) return;
    if (isOther) this.rebuild();
    for (const line of this.root.querySelectorAll(".stop-line")) {
      line.setAttribute("aria-current", line.dataset.order === order?.id ? "true" : "false");
    }
    const row = this.root.querySelector(".stop-line[aria-current=true]") ?? this.root.querySelector(".courier-row.is-open");
    if (row && (isOther || order)) this.reveal(row, order?.stop?.start ?? route?.start);
  }

  /** Scrolls so that a row is seen below the hours, and a moment beside the names. */
  reveal(row, moment) {
    const { root } = this;
    const height = row.offsetHeight;
    const top = row.offsetTop - root.scrollTop;
    if (top < 2 * height || top + 2 * height > root.clientHeight) root.scrollTop = row.offsetTop - Math.max(2 * height, (root.clientHeight - height) / 2);
    const x = this.x(moment) - root.scrollLeft;
    if (x < 0 || x > this.room - 40) root.scrollLeft = this.x(moment) - this.room / 2;
    row.querySelector(".picture")?.drawNow();
  }

  magnify(factor) {
    this.magnified = Math.max(1, Math.min(8, this.magnified * factor));
    this.rebuild();
  }

  x(moment) {
    return ((moment - this.from) / (this.to - this.from)) * this.width;
  }

  rebuild() {
    const { day, root } = this;
    this.drawnWidth = root.clientWidth;
    const hours = Math.max(1, (this.to - this.from) / HOUR);
    const label = root.clientWidth < 600 ? 150 : 210;
    root.style.setProperty("--label", `${label}px`);
    this.room = root.clientWidth - label;
    this.width = Math.max(this.room - 24, hours * HOUR_PX) * this.magnified;
    const top = root.scrollTop;
    const rows = day.routes.flatMap((route) => {
      const isOpen = route === this.selected.route;
      return [this.courierRow(route, isOpen), ...(isOpen ? route.stops.map((stop) => this.stopLine(stop)) : [])];
    });
    if (rows.length === 0) return put(root, h("p", { class: "empty" }, t("no-routes")));
    put(root, this.axis(), ...rows);
    root.scrollTop = top;
  }

  axis() {
    const marks = [];
    const hours = (this.to - this.from) / HOUR;
    const every = [1, 2, 3, 6, 12, 24].find((step) => (this.width / hours) * step >= 60) ?? 24;
    for (let hour = 0; hour <= hours; hour += every) {
      const at = this.from + hour * HOUR;
      const anchor = hour === 0 ? "start" : hour + every > hours ? "end" : "middle";
      marks.push(s("text", { x: this.x(at), y: 15, "text-anchor": anchor }, clock(at, this.day.zone)));
    }
    return h("div", { class: "axis" }, h("div", { class: "label" }), s("svg", { width: this.width, height: 22, "aria-hidden": "true" }, marks));
  }

  grid(height) {
    const lines = [];
    for (let at = this.from; at <= this.to; at += HOUR) lines.push(s("line", { class: "grid", x1: this.x(at), x2: this.x(at), y1: 0, y2: height }));
    const now = this.day.live?.asOf ?? null;
    if (now !== null && now >= this.from && now <= this.to) lines.push(s("line", { class: "now", x1: this.x(now), x2: this.x(now), y1: 0, y2: height }));
    return lines;
  }

  row(name, attributes, label, height, draw) {
    const picture = h("div", { class: "picture" });
    picture.style.width = `${this.width}px`;
    picture.style.height = `${height}px`;
    picture.drawNow = () => put(picture, s("svg", { width: this.width, height, "aria-hidden": "true" }, this.grid(height), draw()));
    this.watcher.observe(picture);
    return h("button", { type: "button", class: name, ...attributes }, h("span", { class: "label" }, label), picture);
  }

  rect(kind, from, to, y, height, title) {
    const x = this.x(from);
    return s("rect", { class: kind, x, y, width: Math.max(this.x(to) - x, 1), height, rx: 1.5 }, title ? s("title", {}, title) : null);
  }

  courierRow(route, isOpen) {
    const zone = this.day.zone;
    const label = [
      h("span", { class: "name" }, routeMark(route.index), own(route.name)),
      badge(route.chance, riskOf(route.chance)),
    ];
    const attributes = {
      "data-courier": route.id,
      "aria-expanded": String(isOpen),
      "aria-label": [t("timeline-row", { courier: route.name, n: route.stops.length, span: span([route.start, route.end], zone) }), kept(route.chance)].filter(Boolean).join(", "),
      onclick: () => this.pickRoute(isOpen ? null : route.id),
    };
    return this.row(`courier-row${isOpen ? " is-open" : ""}`, attributes, label, ROW, () => this.work(route));
  }

  /** Everything that a courier does, in one row. */
  work(route) {
    const zone = this.day.zone;
    const parts = [];
    if (route.shift) parts.push(this.rect("shift", Math.max(route.shift[0], this.from), Math.min(route.shift[1], this.to), 2, ROW - 4, t("shift")));
    parts.push(s("line", { class: `driving route-${route.index % 6}`, x1: this.x(route.departure), x2: this.x(route.end), y1: 17, y2: 17 }));
    if (route.departure > route.start) parts.push(this.rect("loading", route.start, route.departure, 12, 10, t("loading")));
    for (const reload of route.reloads) parts.push(this.rect("loading", reload.arrival, reload.departure, 12, 10, t("reload")));
    for (const stop of route.stops) parts.push(...this.visit(stop, 9, 16));
    for (const pause of route.breaks) parts.push(this.rect("break", pause.start, pause.end, 9, 16, `${t("break")} ${span([pause.start, pause.end], zone)}`));
    for (const stop of route.stops) {
      if (stop.forecast) parts.push(this.rect(`band ${stop.risk}`, stop.forecast.p10, stop.forecast.p90, 28, 3));
    }
    return parts;
  }

  visit(stop, y, height) {
    const zone = this.day.zone;
    const parts = [];
    if (stop.waiting > 0) parts.push(this.rect("waiting", stop.arrival, stop.start, y + 4, height - 8, `${t("waiting")} ${duration(stop.waiting)}`));
    const end = stop.departure > stop.start ? stop.departure : stop.start + 60;
    const title = `${stop.number}. ${stop.order.label} ${clock(stop.arrival, zone)}`;
    parts.push(this.rect(`service ${stop.risk}${stop.order.isHeld ? " held" : ""}`, stop.start, end, y, height, title));
    return parts;
  }

  stopLine(stop) {
    const zone = this.day.zone;
    const label = [
      h("span", { class: "name" }, h("span", { class: "n" }, String(stop.number)), own(stop.order.label)),
      badge(stop.chance, stop.risk, stop.order.isHeld),
    ];
    const window = windowOf(stop);
    const attributes = {
      "data-order": stop.order.id,
      "aria-current": String(stop.order === this.selected.order),
      "aria-label": [
        t(window ? "stop-row" : "stop-row-open", { number: stop.number, order: stop.order.label, arrival: clock(stop.arrival, zone), window: window ? span(window, zone) : "" }),
        stop.order.isHeld && t("held"),
        kept(stop.chance),
      ].filter(Boolean).join(", "),
      onclick: () => this.pickOrder(stop.order.id),
    };
    return this.row("stop-line", attributes, label, LINE, () => this.promise(stop, window));
  }

  /** One stop against its window: the band of arrivals behind the planned visit. */
  promise(stop, window) {
    const zone = this.day.zone;
    const parts = [];
    if (window) {
      const [from, to] = [Math.max(window[0], this.from), Math.min(window[1], this.to)];
      if (to > from) parts.push(this.rect("window", from, to, 3, LINE - 6, `${t("window")} ${span(window, zone)}`));
    }
    if (stop.forecast) {
      const { p10, p50, p90 } = stop.forecast;
      parts.push(this.rect(`band ${stop.risk}`, p10, p90, 7, LINE - 14, `${t("band")} ${span([p10, p90], zone)}`));
      parts.push(s("line", { class: "median", x1: this.x(p50), x2: this.x(p50), y1: 5, y2: LINE - 5 }));
    }
    parts.push(...this.visit(stop, 6, LINE - 12));
    return parts;
  }
}

// Colors and marks, from the style sheet, so that light and dark have their own.

import { h, s } from "./dom.js";
import { number, t } from "./text.js";

/** Colors of routes that people who do not see all colors can tell apart; dashes tell the next ones from them. */
const ROUTE_COLORS = 6;
const DASHES = [[], [9, 5], [2, 4], [12, 4, 2, 4]];

const value = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export const routeColor = (index) => value(`--route-${index % ROUTE_COLORS}`);
export const routeDash = (index) => DASHES[Math.floor(index / ROUTE_COLORS) % DASHES.length];
export const color = (name) => value(`--${name}`);

/** The line that a route has on the map. */
export function routeMark(index) {
  return s(
    "svg",
    { class: "route-mark", width: 26, height: 10, "aria-hidden": "true" },
    s("line", {
      x1: 1, y1: 5, x2: 25, y2: 5,
      class: `route-line route-${index % ROUTE_COLORS}`,
      "stroke-dasharray": routeDash(index).map((length) => length * 0.7).join(" ") || null,
    }),
  );
}

/** Says of an order that it is only held. */
export const heldMark = (order) => (order.isHeld ? h("span", { class: "chip" }, t("held")) : null);

/** A chance in percent, in the color of its risk, only framed by it if nothing is promised yet; what is over has a mark instead. */
export function badge(chance, risk, isHeld = false) {
  const over = { done: "✓", bad: "!" }[risk] ?? "–";
  const shown = chance === null ? over : number(chance < 100 ? Math.min(Math.round(chance), 99) : 100);
  return h("span", { class: `badge ${risk}${isHeld ? " held" : ""}` }, shown, h("small", {}, chance === null ? "" : "%"));
}

/** Calls `then` whenever the browser turns from light to dark or back. */
export function onTheme(then) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", then);
}

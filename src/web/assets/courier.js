// A courier's own route, for a phone: read once, then kept on it, so that it opens without a network.

import { byId, h, own, put } from "./dom.js";
import { readDay, windowOf } from "./day.js";
import { leaveByText, leaveStopText } from "./reasons.js";
import { clock, date, language, languages, km, number, setLanguage, span, t, translate } from "./text.js";

const CACHE = "punctual-routes";
const path = location.pathname.replace(/\/$/, "");
/** When the route was given, in a header that the kept copy has, too. */
const GIVEN = "x-punctual-kept";

let shown = null;

/** Opens a place in whatever navigates: `geo:` (RFC 5870) everywhere but where only its maker's own maps do. */
const isApple = /iPhone|iPad|iPod/.test(navigator.userAgent);
const places = ({ lat, lon }) => (isApple ? `maps:?q=${lat},${lon}` : `geo:${lat},${lon}?q=${lat},${lon}`);

function action(href, text) {
  return h("a", { class: "button", href }, text);
}

function actionsOf(order) {
  const digits = order.phone.replace(/[^\d+*#]/g, "");
  const parts = [
    order.place && action(places(order.place), h("span", {}, t("navigate"))),
    digits.length >= 3 && action(`tel:${digits}`, [h("span", {}, t("call")), own(order.phone)]),
  ].filter(Boolean);
  return parts.length > 0 && h("div", { class: "actions" }, parts);
}

function card(day, stop) {
  const { order } = stop;
  const { zone } = day;
  const window = windowOf(stop);
  const loads = order.loads.filter(({ amount }) => amount > 0).map(({ name, amount }) => `${number(amount)} ${name}`);
  const goods = [order.parcels === null ? null : `${t("parcels")}: ${number(order.parcels)}`, loads.join(", ")].filter(Boolean).join(" · ");
  const note = (name, text, kind = "") => text && h("p", { class: `note ${kind}` }, h("span", { class: "muted" }, `${t(name)}: `), own(text));
  return h(
    "li",
    { class: "card", id: `stop-${stop.number}`, "data-order": order.id },
    h("h2", {}, h("span", { class: "big" }, String(stop.number)), own(order.contact || order.label), order.isCollection && h("span", { class: "badge watch" }, t("collection"))),
    h(
      "p",
      { class: "times" },
      h("span", {}, `${t("window")} `, h("strong", {}, window ? span(window, zone) : "–")),
      h("span", {}, `${t("planned-arrival")} `, h("strong", {}, clock(stop.arrival, zone))),
      stop.latest && h("span", { class: "muted" }, leaveStopText(day, stop)),
    ),
    order.address && h("p", { class: "address" }, own(order.address)),
    note("entry", order.entry),
    note("notes", order.notes),
    note("payment", order.payment, "pay"),
    goods && h("p", { class: "muted" }, goods, order.contact ? [" · ", own(order.label)] : null),
    actionsOf(order),
  );
}

function pauses(day, route, after) {
  const reloads = route.reloads.filter((reload) => reload.after === after).map((reload) => [`${t("reload")} `, own(reload.depot.name), ` ${span([reload.arrival, reload.departure], day.zone)}`]);
  const breaks = route.breaks.filter((pause) => pause.after === after).map((pause) => `${t("break")} ${span([pause.start, pause.end], day.zone)}`);
  return [...reloads, ...breaks].map((text) => h("li", { class: "pause" }, text));
}

function overview(day, route) {
  const loads = route.loads.filter(({ amount }) => amount > 0).map(({ name, amount }) => `${number(amount)} ${name}`).join(", ");
  // That no departure is early enough helps the dispatcher, not who drives.
  const leaveBy = route.isHopeless ? null : leaveByText(day, route);
  const line = (name, value) => value && h("p", {}, h("span", { class: "muted" }, `${t(name)}: `), value);
  const place = (end) => end && own(end.name);
  return h(
    "section",
    { class: "overview" },
    h("h1", {}, own(route.name)),
    h("p", {}, date(route.start, day.zone), " · ", t("stops", { n: route.stops.length }), " · ", km(route.meters)),
    line("start-of-loading", [clock(route.start, day.zone), route.from?.name ? [" · ", place(route.from)] : null]),
    line("departure", clock(route.departure, day.zone)),
    line("leave-by", leaveBy),
    line("load-check", loads),
    line("end", [clock(route.end, day.zone), route.to?.name ? [" · ", place(route.to)] : null]),
    h("p", { class: "muted" }, `${t("plan-version")} ${day.version.slice(0, 8)}`),
  );
}

function draw() {
  translate(document);
  put(byId("language"), languages().map(({ id, name }) => h("option", { value: id, lang: id, selected: id === language() }, name)));
  if (!shown) return;
  const { day, route, given, isKept } = shown;
  document.title = `${route.name} – ${t("my-route")}`;
  const time = clock(given, day.zone);
  const state = byId("state");
  state.className = isKept ? "offline" : "";
  const changed = shown.changed ? t("route-changed", { time: clock(shown.changed, day.zone) }) : "";
  state.classList.toggle("changed", changed !== "");
  state.textContent = isKept ? t("offline-now", { time }) : [changed, t("as-of", { time }), shown.isSaved ? t("offline-ready") : shown.isSaved === false ? t("offline-not") : ""].filter(Boolean).join(". ");
  put(byId("route"), overview(day, route), h("ol", { class: "cards" }, pauses(day, route, 0), route.stops.map((stop) => [card(day, stop), pauses(day, route, stop.number)])));
}

/** The route from the server, or as it was kept; null if there is neither. */
async function read() {
  try {
    const answer = await fetch(`${path}/route`, { cache: "no-store" });
    const kept = answer.headers.get(GIVEN);
    if (answer.ok) return { planned: await answer.json(), given: kept ? Number(kept) : Date.now() / 1000, isKept: kept !== null };
    if (answer.status === 404) return { gone: true };
  } catch {
    // Neither a network nor a kept copy.
  }
  return null;
}

/** How often a page that is looked at asks whether its route is another one. */
const AGAIN_MS = 30_000;
/** Whether the plan may change: that of a job never does. */
const isChanging = /^\/c\/[0-9a-f]{32}(live|day)~/.test(path);

/** Shows the route again if it has changed. */
async function readAgain() {
  if (document.hidden || !shown) return;
  const answer = await read();
  if (!answer?.planned || answer.isKept) return;
  const day = readDay(answer.planned);
  const isOther = day.version !== shown.day.version;
  if (!isOther && !shown.isKept) return;
  const changed = isOther ? answer.given : shown.changed;
  shown = { ...shown, day, route: day.routes[0], given: answer.given, isKept: false, changed };
  draw();
}

/** Keeps the page and everything it needs; false where browsers keep nothing, as without encryption. */
async function save() {
  if (!("serviceWorker" in navigator)) return false;
  try {
    await navigator.serviceWorker.register("/c/worker.js");
    const worker = await navigator.serviceWorker.ready;
    const scripts = performance.getEntriesByType("resource").map(({ name }) => new URL(name)).filter(({ origin }) => origin === location.origin);
    const all = new Set([location.pathname, `${path}/route`, ...scripts.map(({ pathname }) => pathname)]);
    await new Promise((done, failed) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = ({ data }) => (data === "kept" ? done() : failed(new Error("not kept")));
      worker.active.postMessage({ keep: [...all] }, [port2]);
    });
    return true;
  } catch {
    return false;
  }
}

byId("language").addEventListener("change", ({ target }) => {
  setLanguage(target.value);
  draw();
});

draw();
const answer = await read();
if (answer?.gone) {
  byId("state").textContent = t("no-route");
  await globalThis.caches?.open(CACHE).then((cache) => Promise.all([cache.delete(location.pathname), cache.delete(`${path}/route`)])).catch(() => null);
} else if (answer === null) byId("state").textContent = t("not-loaded");
else {
  const day = readDay(answer.planned);
  shown = { day, route: day.routes[0], given: answer.given, isKept: answer.isKept };
  draw();
  if (isChanging) setInterval(readAgain, AGAIN_MS);
  if (!answer.isKept) {
    shown.isSaved = await save();
    document.documentElement.dataset.saved = String(shown.isSaved);
    draw();
  }
}

// The dispatcher's page: which plan is shown, what is marked on it, and what is news.

import { byDate, byWork } from "./choice.js";
import { byId, h, put } from "./dom.js";
import { layHolds, readDay, RISKS } from "./day.js";
import { courierDetail, orderDetail } from "./detail.js";
import { Lists } from "./lists.js";
import { isSamePlan, lay, newsText, remedyText } from "./live.js";
import { RouteMap } from "./map.js";
import { clock, date, km, language, languages, number, percent, sentence, setLanguage, t, translate } from "./text.js";
import { Timeline } from "./timeline.js";

/** How often to ask whether there are other plans. */
const REFRESH_MS = 5_000;

/** Days of promises that are looked into to find today's, if their ids do not say it. */
const LOOKED_INTO_MAX = 20;

const state = { source: null, day: null, links: {}, route: null, order: null, plans: [], days: [], lives: [], dayMark: "", failure: null, request: 0 };

const actions = {
  pickRoute: (id) => select(state.day?.routes.find((route) => route.id === id) ?? null, null),
  pickOrder: (id) => {
    const order = id === null ? null : (state.day?.orders.get(id) ?? null);
    select(order?.stop?.route ?? (order ? null : state.route), order);
    if (order) map.reveal(order);
  },
  close: () => {
    const { order } = state;
    select(order ? (order.stop?.route ?? null) : null, null);
    const row = order ? document.querySelector(`#list [data-order="${CSS.escape(order.id)}"]`) : null;
    (row ?? byId("list").querySelector("button"))?.focus();
  },
  fit: () => map.fit(state.route),
  apply: (remedy) => applyRemedy(remedy),
};

const tiles = document.querySelector("meta[name=tiles]")?.content ?? "";
const map = new RouteMap(byId("map"), { tiles, pick: (id) => actions.pickOrder(id) });
const timeline = new Timeline(byId("timeline"), { pickRoute: actions.pickRoute, pickOrder: actions.pickOrder });
const lists = new Lists(byId("list"), actions);

// === Talking to the server

class ServerError extends Error {}

async function get(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { cache: "no-store", ...options });
  } catch {
    throw new ServerError(t("no-server"));
  }
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new ServerError(body.message || t("server-said", { code: answer.status }));
  return body;
}

/** Everything that can be shown: jobs and days of promises. */
async function refreshSources() {
  try {
    state.plans = (await get("/api/plans")).jobs ?? [];
    say(null);
  } catch (error) {
    say(error.message);
    return;
  }
  try {
    state.days = (await get("/api/days")).dayIds ?? [];
  } catch {
    // A process need not keep promises.
    state.days = [];
  }
  try {
    state.lives = (await get("/api/live")).liveDayIds ?? [];
  } catch {
    state.lives = [];
  }
  showSources();
  if (state.source === null) await chooseFirst();
  await refreshDay();
}

/** A day of promises changes with each of them: it is read again when its ledger has grown. */
async function refreshDay() {
  if (state.source?.kind === "live") return refreshLive(state.source, false);
  if (state.source?.kind !== "day") return;
  const { source } = state;
  try {
    const { day } = await get(`/api/days/${encodeURIComponent(source.id)}/summary`);
    if (state.source === source && state.dayMark !== mark(day)) await load(source, true);
  } catch {
    // The next time will tell.
  }
}

const mark = (summary) => `${summary?.planVersion} ${summary?.entries} ${summary?.state}`;

async function chooseFirst() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  for (const [kind, { mark: name }] of Object.entries(KINDS)) {
    if (wanted.get(name)) return load({ kind, id: wanted.get(name) });
  }
  // What is under way comes first.
  if (state.lives.length > 0) return load({ kind: "live", id: byDate(state.lives) ?? state.lives.at(-1) });
  if (state.plans.length > 0) return load({ kind: "job", id: state.plans[0].jobId });
  if (state.days.length > 0) return load({ kind: "day", id: byDate(state.days) ?? (await dayAtWork()) });
  byId("welcome").hidden = false;
  byId("content").hidden = true;
}

/** The day of promises on which couriers work now or next, among the last ones. */
async function dayAtWork() {
  const last = state.days.slice(-LOOKED_INTO_MAX);
  const read = (id) => get(`/api/days/${encodeURIComponent(id)}/summary`);
  const answers = await Promise.allSettled(last.map(read));
  const summaries = answers.filter(({ status }) => status === "fulfilled").map(({ value }) => value.day);
  return byWork(summaries) ?? last.at(-1);
}

/** What can be shown, how the address names it, and where the server has it. */
const KINDS = {
  job: { mark: "plan", path: "plans" },
  day: { mark: "day", path: "days" },
  live: { mark: "live", path: "live" },
};

let events = null;

/** Shows a plan; what is marked stays so if it is there again. */
async function load(source, isAgain = false) {
  events?.close();
  events = null;
  state.source = source;
  state.request += 1;
  const { request } = state;
  byId("source").value = `${source.kind}:${source.id}`;
  if (!isAgain) {
    progress(null);
    byId("content").setAttribute("aria-busy", "true");
  }
  try {
    const path = `/api/${KINDS[source.kind].path}/${encodeURIComponent(source.id)}`;
    const [answer, holds] = await Promise.all([get(path), source.kind === "day" ? get(`${path}/holds`) : null]);
    if (state.request !== request) return;
    if (source.kind === "job") showJob(source, path, answer);
    else if (source.kind === "live") showLive(source, path, answer);
    else {
      state.dayMark = mark(answer.day);
      showDay(answer.plan, `${path}/links`, (day) => layHolds(day, holds.orderIds));
    }
  } catch (error) {
    if (state.request !== request) return;
    if (!(error instanceof ServerError)) throw error;
    empty(error.message);
  } finally {
    byId("content").removeAttribute("aria-busy");
  }
}

function showJob(source, path, job) {
  const isOver = !["JOB_STATE_QUEUED", "JOB_STATE_RUNNING"].includes(job.state);
  if (!isOver) {
    empty(t("searching"));
    watch(source, path);
    return;
  }
  if (!job.solved) {
    empty(job.failure || t("nothing"));
    return;
  }
  showDay({ problem: job.problem, plan: job.solved.plan, forecast: job.solved.forecast }, `${path}/links`);
}

// === A day under way

/** At most so often is a live day read again. */
const NEWS_MS = 700;

/** How long remedies are good for unless the plan changes, in seconds of the day. */
const REMEDY_S = 300;

/** Lines of news that are seen. */
const NEWS_MAX = 3;

let dueLive = null;

function showLive(source, path, answer) {
  showDay(answer.plan, `${path}/links`, (day) => lay(day, answer));
  watchLive(source, path);
}

/** Hears of alerts as they come. */
function watchLive(source, path) {
  events = new EventSource(`${path}/watch`);
  const stream = events;
  events.onmessage = ({ data }) => {
    const { change } = JSON.parse(data);
    if (!change) return;
    if (state.day?.live) tell(newsText(state.day, change));
    soon(source);
  };
  // What is shown stands still meanwhile; a browser connects again by itself.
  events.onerror = () => stream === events && sayUnheard(source);
  events.onopen = () => stream === events && say(null);
  events.addEventListener("failed", () => {
    stream.close();
    // A server that is not well, or a page that was too slow, is asked again.
    setTimeout(() => stream === events && state.source === source && watchLive(source, path), REFRESH_MS);
  });
}

/** Says since when nothing was heard of a live day. */
function sayUnheard(source) {
  const { day } = state;
  if (state.source === source && day?.live) say(t("not-heard", { time: clock(day.live.asOf, day.zone) }));
}

/** Puts a line of news above those before it. */
function tell(text) {
  const before = [...byId("news").children].slice(0, NEWS_MAX - 1);
  put(byId("news"), h("div", {}, text), before);
}

function soon(source) {
  dueLive ??= setTimeout(() => {
    dueLive = null;
    refreshLive(source, true);
  }, NEWS_MS);
}

/** Reads a live day again, if there is news at all. */
async function refreshLive(source, isNews) {
  const path = `/api/live/${encodeURIComponent(source.id)}`;
  const isShown = () => state.source === source && state.day?.live;
  try {
    if (!isShown()) return;
    if (!isNews) {
      const { liveDay } = await get(`${path}/summary`);
      const { entries, asOf } = state.day.live;
      if (liveDay.entries === entries && Date.parse(liveDay.asOfTime) / 1000 - asOf < 30) return;
    }
    const answer = await get(`${path}/now`);
    if (!isShown()) return;
    if (!isSamePlan(state.day, answer)) return load(source, true);
    lay(state.day, answer);
    redrawLive();
    say(null);
  } catch {
    // The next time will tell more; that what is shown stands still, is said now.
    sayUnheard(source);
  }
}

/** Draws what has changed, and leaves the reader where they are. */
function redrawLive() {
  const { day, route, order } = state;
  const focused = document.activeElement?.closest?.("[data-order], [data-courier]");
  drawHead(day);
  lists.update(day);
  map.update(day);
  timeline.update(day);
  keepingPlace(() => select(route, order, false));
  if (!focused || document.contains(focused)) return;
  const kind = focused.dataset.order ? "order" : "courier";
  const inList = byId("list").querySelector(`[data-${kind}="${CSS.escape(focused.dataset[kind])}"]`);
  inList?.focus({ preventScroll: true });
}

/** Remedies for the order that is looked at: those that are there, while newer ones are asked for. */
let remedies = { order: null, key: "" };

function remediesFor(order) {
  const { day, source } = state;
  if (!day.live || !order.alert) return {};
  // What can be done changes with the plan, and with time.
  const key = `${source.id} ${order.id} ${day.live.version} ${Math.floor(day.live.asOf / REMEDY_S)}`;
  if (remedies.order !== order.id) remedies = { order: order.id, key: "" };
  if (remedies.key !== key) {
    remedies.key = key;
    seekRemedies(source, order.id, key);
  }
  return remedies;
}

async function seekRemedies(source, order, key) {
  let news;
  try {
    const answer = await get(`/api/live/${encodeURIComponent(source.id)}/remedies/${encodeURIComponent(order)}`);
    news = { list: answer.remedies ?? [], failure: null };
  } catch (error) {
    news = { failure: error.message };
  }
  if (remedies.key !== key) return;
  Object.assign(remedies, news);
  if (state.order?.id === order) keepingPlace(() => showDetail(false));
}

/** Changes the plan as a remedy says; what then changes is seen like any other news. */
async function applyRemedy(remedy) {
  const { source } = state;
  const body = JSON.stringify({ requestId: crypto.randomUUID?.() ?? `page-${Date.now()}-${Math.random()}`, change: remedy.change });
  for (const button of document.querySelectorAll("[data-apply]")) button.disabled = true;
  try {
    await get(`/api/live/${encodeURIComponent(source.id)}/apply`, { method: "POST", headers: { "content-type": "application/json" }, body });
    tell(t("remedy-applied", { what: remedyText(state.day, remedy) }));
    await load(source, true);
  } catch (error) {
    // What can be done is looked for anew, and takes the place of what is said there.
    tell(t("remedy-not-applied", { why: error.message }));
    remedies.failure = error.message;
    showDetail(false);
  }
}

/** Does something to the panel of details, and leaves reader and focus where they are. */
function keepingPlace(act) {
  const panel = byId("detail");
  const reachable = () => [...panel.querySelectorAll("button, a, h2")];
  const at = reachable().indexOf(document.activeElement);
  const { scrollTop } = panel;
  act();
  panel.scrollTop = scrollTop;
  if (at >= 0) reachable()[at]?.focus({ preventScroll: true });
}

function watch(source, path) {
  events = new EventSource(`${path}/events`);
  events.onmessage = ({ data }) => {
    const news = JSON.parse(data);
    progress(news);
    if (["JOB_STATE_QUEUED", "JOB_STATE_RUNNING"].includes(news.state)) return;
    events.close();
    if (state.source === source) load(source).then(refreshSources);
  };
  // A browser connects again by itself, unless there is nothing any more to connect to.
  events.onerror = ({ target }) => {
    if (target.readyState === EventSource.CLOSED && state.source === source) load(source);
  };
  events.addEventListener("failed", ({ data }) => {
    events.close();
    empty(JSON.parse(data).message);
  });
}

// === What is shown

function progress(news) {
  const box = byId("progress");
  box.hidden = news === null;
  if (news === null) return;
  const { progress: search = {} } = news;
  const done = search.donePercent ?? 0;
  byId("progress-bar").value = done;
  const parts = [
    search.queued || news.state === "JOB_STATE_QUEUED" ? t("queued") : t("done-so-far", { done: percent(done) }),
    search.cost === undefined ? null : t("best-so-far", { cost: number(Number(search.cost)) }),
    search.routes ? t("routes", { n: search.routes }) : null,
    search.distanceMeters ? km(Number(search.distanceMeters)) : null,
    search.unservedOrders ? t("unserved-count", { n: search.unservedOrders }) : null,
    search.iterations ? t("iterations", { value: number(Number(search.iterations)) }) : null,
  ];
  byId("progress-text").textContent = parts.filter(Boolean).join(" · ");
}

function empty(text) {
  state.day = null;
  state.route = null;
  state.order = null;
  byId("welcome").hidden = true;
  byId("content").hidden = true;
  byId("notice").hidden = false;
  byId("notice").textContent = sentence(text);
  announce(byId("notice").textContent);
  put(byId("summary"));
  document.title = "Punctual";
  state.dayMark = "";
  showSources();
}

/** Tells those who do not see the page what it shows now. */
function announce(text) {
  if (byId("said").textContent !== text) byId("said").textContent = text;
}

/** Shows a planned day, with what `complete` adds to it. */
function showDay(planned, linksPath, complete = () => {}) {
  let day;
  try {
    day = readDay(planned);
    complete(day);
  } catch {
    empty(t("no-planned-day"));
    return;
  }
  const kept = { route: state.route?.id, order: state.order?.id };
  const wanted = new URLSearchParams(location.hash.slice(1));
  state.day = day;
  state.links = {};
  showAlertsTab(day.live !== undefined);
  byId("welcome").hidden = true;
  byId("notice").hidden = true;
  byId("content").hidden = false;
  byId("no-places").hidden = true;
  progress(null);
  announce(day.name || t("unnamed"));
  drawDay();
  byId("no-places").hidden = !map.isEmpty;
  const order = day.orders.get(kept.order ?? wanted.get("order")) ?? null;
  const route = day.routes.find(({ id }) => id === (kept.route ?? wanted.get("courier"))) ?? null;
  select(order?.stop?.route ?? route, order, false);
  if (linksPath) loadLinks(day, linksPath);
}

async function loadLinks(day, path) {
  try {
    const { links } = await get(path);
    if (state.day !== day) return;
    state.links = links ?? {};
    if (state.route && !state.order) showDetail(false);
  } catch {
    // Without links the page is as good as with them otherwise.
  }
}

function drawDay() {
  const { day } = state;
  drawLegend();
  drawHead(day);
  lists.show(day);
  map.show(day);
  timeline.show(day);
}

function drawHead(day) {
  const open = day.live?.alerts.length ?? 0;
  document.title = [open > 0 ? `(${open}) ${day.name}` : day.name, "Punctual"].filter(Boolean).join(" – ");
  byId("day-name").textContent = day.name || t("unnamed");
  drawSummary(day);
  byId("unserved-count").textContent = day.unserved.length > 0 ? number(day.unserved.length) : "";
  byId("alerts-count").textContent = open > 0 ? number(open) : "";
}

function liveFigures({ live, zone, routes }, figure) {
  const under = routes.filter((route) => route.live.where !== "FINISHED").length;
  return [
    figure("as-of-live", clock(live.asOf, zone), t("known-of-all", { known: number(live.known), all: number(live.all) })),
    live.onTime === null ? null : figure("on-time-so-far", percent(live.onTime, 1), t("late-so-far", { late: number(live.late), failed: number(live.failed) })),
    live.expected === null ? null : figure("expected-in-the-end", percent(live.expected, 1), null),
    figure("open-alerts", number(live.alerts.length), null),
    figure("couriers", number(under), t("of-all", { all: number(routes.length) })),
    live.stars === null ? null : figure("mean-rating", `★ ${number(live.stars, 1)}`, t("ratings-count", { n: live.ratings })),
  ];
}

/** What is promised on a day of promises: holds are no promises yet. */
function promiseFigure({ held, routes }, figure) {
  const n = routes.reduce((sum, route) => sum + route.stops.length, 0);
  return figure("promises-confirmed", number(n - held), held > 0 ? t("held-count", { n: held }) : t("none-held"));
}

function drawSummary(day) {
  const served = day.routes.reduce((n, route) => n + route.stops.length, 0);
  const start = day.routes.map((route) => route.start).reduce((a, b) => Math.min(a, b), Infinity);
  const figure = (name, value, more) => h("div", { class: "figure" }, h("dt", {}, t(name)), h("dd", {}, value), more && h("dd", { class: "muted" }, more));
  const figures = day.live ? liveFigures(day, figure) : [
    day.expected === null || served === 0 ? null : figure("expected-on-time", percent(day.expected, 1), t("realized", { from: percent(day.realized[0]), to: percent(day.realized[1]) })),
    day.held !== null ? promiseFigure(day, figure) : figure("orders-served", number(served), day.unserved.length ? t("unserved-count", { n: day.unserved.length }) : t("all-served")),
    figure("couriers", number(day.routes.length), day.couriers > day.routes.length ? t("of-all", { all: number(day.couriers) }) : null),
    figure("distance", km(day.meters), null),
    day.cost === null ? null : figure("cost", number(day.cost), null),
    day.version === "" ? null : figure("plan-version", h("code", {}, day.version.slice(0, 8)), Number.isFinite(start) ? date(start, day.zone) : null),
  ];
  const alarms = [
    day.isFeasible === false && t("not-feasible", { n: day.violations.length }),
    day.broken > 0 && t("broken", { n: day.broken }),
  ].filter(Boolean);
  const hints = [
    day.setAside.length > 0 && t("set-aside", { n: day.setAside.length }),
    !day.isCalibrated && served > 0 && t("not-calibrated"),
  ].filter(Boolean);
  const line = (kind, texts) => (texts.length > 0 ? h("p", { class: kind }, texts.join(" ")) : null);
  put(byId("summary"), h("dl", { class: "figures" }, figures.filter(Boolean)), line("alarms", alarms), line("hints", hints));
}

function select(route, order, isAsked = true) {
  state.route = route;
  state.order = order;
  map.select(route, order);
  timeline.select(route, order);
  lists.select(route, order);
  showDetail(isAsked);
  writeHash();
}

function showDetail(isAsked) {
  const { day, route, order, links } = state;
  const panel = byId("detail");
  const children = order ? orderDetail(day, order, actions, remediesFor(order)) : route ? courierDetail(day, route, links[route.id], actions) : null;
  panel.hidden = children === null;
  byId("content").classList.toggle("has-detail", children !== null);
  put(panel, children ?? []);
  if (children && isAsked) {
    panel.scrollTop = 0;
    panel.querySelector("h2")?.focus({ preventScroll: true });
  }
}

function writeHash() {
  const { source, route, order } = state;
  if (!source || source.kind === "file") return;
  const hash = new URLSearchParams({ [KINDS[source.kind].mark]: source.id });
  if (order) hash.set("order", order.id);
  else if (route) hash.set("courier", route.id);
  history.replaceState(null, "", `#${hash}`);
}

function showSources() {
  const select = byId("source");
  const chosen = state.source ? `${state.source.kind}:${state.source.id}` : "";
  const option = (value, text) => h("option", { value, selected: value === chosen }, text);
  const plan = (job) => {
    const started = job.startedTime ? clock(Date.parse(job.startedTime) / 1000, Intl.DateTimeFormat().resolvedOptions().timeZone) : "";
    const target = job.targetPercent === undefined ? null : t("for-target", { target: percent(job.targetPercent, Number.isInteger(job.targetPercent) ? 0 : 1) });
    return option(`job:${job.jobId}`, [job.name || t("unnamed"), t("orders", { n: job.orders ?? 0 }), target, t(job.state), started].filter(Boolean).join(" · "));
  };
  const groups = [
    state.lives.length > 0 && h("optgroup", { label: t("live-days") }, state.lives.map((id) => option(`live:${id}`, id))),
    state.plans.length > 0 && h("optgroup", { label: t("plans") }, state.plans.map(plan)),
    state.days.length > 0 && h("optgroup", { label: t("promise-days") }, state.days.map((id) => option(`day:${id}`, id))),
    state.source?.kind === "file" && h("optgroup", { label: t("file") }, option(chosen, state.source.id)),
  ];
  // A list that somebody has open is left alone unless there is news.
  const shown = JSON.stringify([groups.map((group) => group && group.textContent), chosen, state.day !== null, language()]);
  if (select.dataset.shown === shown) return;
  select.dataset.shown = shown;
  put(select, groups.some(Boolean) ? groups : option("", t("no-plans")));
  const isListed = [...select.options].some(({ value }) => value === chosen);
  // What the server does not know is no choice.
  if (chosen && !isListed && state.day) select.append(option(chosen, state.day.name || state.source.id));
  else if (chosen && !isListed && groups.some(Boolean)) select.prepend(h("option", { value: "", disabled: true }, t("choose-one")));
  if (chosen) select.value = isListed || state.day ? chosen : "";
  select.disabled = !groups.some(Boolean);
}

function say(text) {
  if (state.failure === text) return;
  state.failure = text;
  byId("failure").hidden = text === null;
  byId("failure").textContent = text ?? "";
}

// === Starting

function drawLegend() {
  const mark = ({ id, from }) => h("span", { class: "key" }, h("span", { class: `shape ${id}` }), t(`legend-${id}`, { from: percent(from) }));
  const held = h("span", { class: "key" }, h("span", { class: "shape held" }), t("legend-held"));
  put(byId("legend"), RISKS.map(mark), state.day?.held > 0 && held);
  const sample = (kind, key) => h("span", { class: "key" }, h("span", { class: `sample ${kind}` }), t(key));
  put(byId("timeline-legend"), sample("service", "service"), sample("waiting", "waiting"), sample("break", "break"), sample("window", "window"), sample("band", "band"));
}

function speak() {
  translate(document);
  drawLegend();
  put(byId("language"), languages().map(({ id, name }) => h("option", { value: id, lang: id, selected: id === language() }, name)));
  showSources();
  if (state.day) {
    drawDay();
    select(state.route, state.order, false);
  }
}

const tabs = [...document.querySelectorAll("[role=tab]")];

function choose(tab) {
  for (const each of tabs) {
    each.setAttribute("aria-selected", String(each === tab));
    each.tabIndex = each === tab ? 0 : -1;
  }
  byId("list").setAttribute("aria-labelledby", tab.id);
  lists.choose(tab.dataset.list);
}

/** Alerts are of live days alone; there they come first. */
function showAlertsTab(isLive) {
  const tab = byId("tab-alerts");
  if (tab.hidden !== isLive) return;
  tab.hidden = !isLive;
  put(byId("news"));
  choose(isLive ? tab : byId("tab-risk"));
}

function listenToTabs() {
  tabs.forEach((tab) => {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", ({ key }) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[key];
      if (!by) return;
      const shown = tabs.filter((each) => !each.hidden);
      const next = shown[(shown.indexOf(tab) + by + shown.length) % shown.length];
      choose(next);
      next.focus();
    });
  });
}

/** Opens what `punctual plan` wrote; the file stays in the browser. */
async function openFile(file) {
  if (!file) return;
  events?.close();
  state.source = { kind: "file", id: file.name };
  state.request += 1;
  let planned = null;
  try {
    planned = JSON.parse(await file.text());
  } catch {
    // What is no JSON is no planned day.
  }
  showDay(planned, null);
  showSources();
}

function listen() {
  byId("source").addEventListener("change", ({ target }) => {
    const [kind, ...rest] = target.value.split(":");
    state.route = null;
    state.order = null;
    history.replaceState(null, "", location.pathname);
    load({ kind, id: rest.join(":") });
  });
  byId("language").addEventListener("change", ({ target }) => {
    setLanguage(target.value);
    speak();
  });
  byId("search").addEventListener("input", ({ target }) => {
    if (!state.day) return;
    lists.search(target.value);
    announce(t("found", { n: lists.rows().length }));
  });
  byId("open").addEventListener("click", () => byId("file").click());
  byId("file").addEventListener("change", ({ target }) => {
    openFile(target.files[0]);
    target.value = "";
  });
  byId("zoom-in").addEventListener("click", () => map.zoomBy(0.5));
  byId("zoom-out").addEventListener("click", () => map.zoomBy(-0.5));
  byId("zoom-fit").addEventListener("click", () => map.fit());
  byId("time-in").addEventListener("click", () => timeline.magnify(1.5));
  byId("time-out").addEventListener("click", () => timeline.magnify(1 / 1.5));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && (state.order || state.route)) actions.close();
  });
  listenToTabs();
}

listen();
speak();
await refreshSources();
setInterval(() => document.hidden || refreshSources(), REFRESH_MS);

// Words, numbers and clock times in the language that was chosen, or else the browser's.

import { EN } from "./words-en.js";
import { RU } from "./words-ru.js";

/** Every language: to add one, write its words and name it here. */
const CATALOGUES = { en: EN, ru: RU };
const KEPT_AS = "punctual.language";

function preferred() {
  let kept = null;
  try {
    kept = localStorage.getItem(KEPT_AS);
  } catch {
    // A browser that keeps nothing asks its own settings each time.
  }
  const wanted = [kept, ...(navigator.languages ?? [])].filter(Boolean);
  const known = wanted.map((tag) => tag.slice(0, 2).toLowerCase()).find((code) => code in CATALOGUES);
  return known ?? "en";
}

let code = preferred();

export const languages = () => Object.entries(CATALOGUES).map(([id, words]) => ({ id, name: words.language }));
export const language = () => code;

export function setLanguage(next) {
  if (!(next in CATALOGUES)) return;
  code = next;
  document.documentElement.lang = next;
  try {
    localStorage.setItem(KEPT_AS, next);
  } catch {
    // It holds for this page at least.
  }
}

/** A text that begins like a sentence: what the server says begins in lower case. */
export const sentence = (text) => text.charAt(0).toLocaleUpperCase(code) + text.slice(1);

const FROM_RIGHT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]/;

/** A value whose direction does not turn what stands around it. */
const isolated = (value) => (typeof value === "string" && FROM_RIGHT.test(value) ? `\u2068${value}\u2069` : value);

/**
 * The text called `key`, with the values put in for their names in braces. A text with forms for numbers is chosen by
 * the value `n`.
 */
export function t(key, values = {}) {
  let text = CATALOGUES[code][key] ?? EN[key] ?? key;
  if (typeof text === "object") {
    const form = new Intl.PluralRules(code).select(values.n);
    text = text[form] ?? text.other;
  }
  return text.replace(/\{(\w+)\}/g, (_, name) => (name === "n" ? number(values.n) : isolated(values[name] ?? "")));
}

/** Puts the texts in place that the page itself names. */
export function translate(root) {
  document.documentElement.lang = code;
  for (const element of root.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of root.querySelectorAll("[data-t-label]")) element.setAttribute("aria-label", t(element.dataset.tLabel));
  for (const element of root.querySelectorAll("[data-t-title]")) element.setAttribute("title", t(element.dataset.tTitle));
  for (const element of root.querySelectorAll("[data-t-hint]")) element.setAttribute("placeholder", t(element.dataset.tHint));
}

export const number = (value, digits = 0) =>
  new Intl.NumberFormat(code, { maximumFractionDigits: digits, minimumFractionDigits: digits }).format(value);

/** A share in percent; what is nearly all is never shown as all. */
export function percent(value, digits = 0) {
  const unit = 10 ** -digits;
  const shown = value < 100 ? Math.min(Number(value.toFixed(digits)), 100 - unit) : 100;
  return `${number(shown, digits)}\u00a0%`;
}

export const km = (meters) => t("km", { value: number(meters / 1000, meters < 100_000 ? 1 : 0) });

/** A stretch of time in hours and minutes. */
export function duration(seconds) {
  const minutes = Math.round(Math.abs(seconds) / 60);
  if (minutes === 0 && seconds !== 0) return t("under-a-minute");
  if (minutes < 60) return t("minutes", { value: number(minutes) });
  const rest = minutes % 60;
  return t(rest ? "hours-minutes" : "hours", { hours: number(Math.floor(minutes / 60)), value: number(rest) });
}

const formats = new Map();

function format(zone, options) {
  const key = `${code} ${zone} ${JSON.stringify(options)}`;
  if (!formats.has(key)) {
    let made;
    try {
      made = new Intl.DateTimeFormat(code === "en" ? "en-GB" : code, { timeZone: zone || "UTC", ...options });
    } catch {
      // A zone that this browser does not know.
      made = new Intl.DateTimeFormat(code === "en" ? "en-GB" : code, { timeZone: "UTC", ...options });
    }
    formats.set(key, made);
  }
  return formats.get(key);
}

/** The clock time of a moment, in seconds since 1970. */
export const clock = (moment, zone) =>
  moment === null || moment === undefined ? "–" : format(zone, { hour: "2-digit", minute: "2-digit" }).format(moment * 1000);

export const date = (moment, zone) =>
  format(zone, { weekday: "short", day: "numeric", month: "long" }).format(moment * 1000);

/** Two clock times. */
export const span = ([from, to], zone) => `${clock(from, zone)}–${clock(to, zone)}`;

/** How far the clock of a zone is ahead of UTC at a moment, in seconds. */
export function offset(moment, zone) {
  const parts = format(zone, { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" })
    .formatToParts(moment * 1000);
  const part = Object.fromEntries(parts.map(({ type, value }) => [type, Number(value)]));
  const local = Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute) / 1000;
  return local - Math.floor(moment / 60) * 60;
}

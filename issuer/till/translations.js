// The page's texts in the chosen language, from translations.en.json and translations.ja.json.

import { element } from "./page.js";
import { storage } from "./storage.js";

const LANGUAGES = ["ja", "en"];
const tables = {};
let chosen = "en";

/** Fetches the texts of both languages, so that switching needs no network. */
export async function loadTranslations() {
  await Promise.all(
    LANGUAGES.map(async (language) => {
      const link = element(`translations-${language}`);
      const answer = await fetch(link.href, { integrity: link.integrity });
      tables[language] = await answer.json();
    }),
  );
  const first = navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => LANGUAGES.includes(tag));
  chosen = LANGUAGES.includes(storage.language) ? storage.language : (first ?? "en");
}

/** Returns the chosen language as a BCP 47 tag. */
export function language() {
  return chosen;
}

/** Switches to the other language. */
export function switchLanguage() {
  chosen = LANGUAGES.find((language) => language !== chosen);
  storage.language = chosen;
}

/** Returns the text with this key, with `values` in place of its {placeholders}. */
export function translate(name, values = {}) {
  const text = tables[chosen][name];
  if (text === undefined) throw new Error(`there is no text ${name}`);
  return text.replace(/\{(\w+)\}/g, (_, value) => values[value]);
}

/** Whether there is a text with this key: the service may give statuses that are newer than this page. */
export function hasTranslation(name) {
  return Object.hasOwn(tables[chosen], name);
}

/** Renders the fixed texts of the page. */
export function renderTranslations() {
  document.documentElement.lang = chosen;
  document.title = translate("page.title");
  for (const [attribute, write] of [
    ["data-text", (it, text) => (it.textContent = text)],
    ["data-text-label", (it, text) => it.setAttribute("aria-label", text)],
    ["data-text-alt", (it, text) => it.setAttribute("alt", text)],
  ]) {
    for (const it of document.querySelectorAll(`[${attribute}]`)) write(it, translate(it.getAttribute(attribute)));
  }
  const other = LANGUAGES.find((language) => language !== chosen);
  const button = element("language");
  button.textContent = translate("page.language");
  button.lang = other;
}

const TIME = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };

const format = (seconds, parts) => new Intl.DateTimeFormat(chosen, parts).format(new Date(seconds * 1000));

/** Formats a Unix time in seconds as a time of day. */
export function formatTime(seconds) {
  return format(seconds, TIME);
}

/** Formats a Unix time in seconds as the shop's local date and time of day. */
export function formatDayAndTime(seconds) {
  return `${format(seconds, { year: "numeric", month: "short", day: "numeric" })} ${format(seconds, TIME)}`;
}

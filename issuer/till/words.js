// Every text of the page, in the language that is chosen. The tables are words.en.json and words.ja.json.

import { element } from "./page.js";
import { kept } from "./kept.js";

const LANGUAGES = ["ja", "en"];
const tables = {};
let chosen = "en";

/** Fetches both tables, so that a switch needs no network. */
export async function loadWords() {
  await Promise.all(
    LANGUAGES.map(async (language) => {
      const link = element(`words-${language}`);
      const answer = await fetch(link.href, { integrity: link.integrity });
      tables[language] = await answer.json();
    }),
  );
  const first = navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => LANGUAGES.includes(tag));
  chosen = LANGUAGES.includes(kept.language) ? kept.language : (first ?? "en");
}

/** The language, as a tag for the page and for `Intl`. */
export function language() {
  return chosen;
}

/** The other language from now on. */
export function switchLanguage() {
  chosen = LANGUAGES.find((language) => language !== chosen);
  kept.language = chosen;
}

/** A text by its name, with values where it has {names}. */
export function word(name, values = {}) {
  const text = tables[chosen][name];
  if (text === undefined) throw new Error(`there is no text ${name}`);
  return text.replace(/\{(\w+)\}/g, (_, value) => values[value]);
}

/** Whether there is a text of this name: what the service answers may be newer than this page. */
export function hasWord(name) {
  return Object.hasOwn(tables[chosen], name);
}

/** Writes the texts that never change into the page. */
export function writeWords() {
  document.documentElement.lang = chosen;
  document.title = word("page.title");
  for (const [attribute, write] of [
    ["data-w", (it, text) => (it.textContent = text)],
    ["data-w-label", (it, text) => it.setAttribute("aria-label", text)],
    ["data-w-alt", (it, text) => it.setAttribute("alt", text)],
  ]) {
    for (const it of document.querySelectorAll(`[${attribute}]`)) write(it, word(it.getAttribute(attribute)));
  }
  const other = LANGUAGES.find((language) => language !== chosen);
  const button = element("language");
  button.textContent = word("page.language");
  button.lang = other;
}

/** A time of day, in seconds since 1970, as a person reads it. */
export function timeOf(seconds) {
  const digits = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  const format = new Intl.DateTimeFormat(chosen, digits);
  return format.format(new Date(seconds * 1000));
}

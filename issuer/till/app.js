// The till: which view is shown, and where keys go. Each view is a file of its own.

import * as api from "./api.js";
import * as camera from "./camera.js";
import * as card from "./card.js";
import * as enrol from "./enrol.js";
import { kept } from "./kept.js";
import { element, pause } from "./page.js";
import * as payments from "./payments.js";
import * as sale from "./sale.js";
import { loadWords, switchLanguage, word, writeWords } from "./words.js";

let view = "enrol";

const VIEWS = { sale, payments, card };

function go(next) {
  if (view === "sale" && next !== "sale") sale.leave();
  view = next;
  write();
  VIEWS[view].open();
}

/** Writes every text, in the language that is chosen. */
function write() {
  writeWords();
  element("bar").hidden = false;
  element("shop").textContent = kept.till ? kept.till.shop : word("page.title");
  element("tabs").hidden = view === "enrol";
  element("sound").setAttribute("aria-pressed", String(kept.sound !== false));
  for (const tab of element("tabs").children) {
    if (tab.dataset.view === view) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
}

function revoked() {
  sale.leave();
  [kept.token, kept.till, view] = [null, null, "enrol"];
  write();
  enrol.open("enrol.revoked");
}

/** Opens the till. One that is known sells at once, and learns meanwhile whether it has another name by now. */
async function start() {
  const isKnown = kept.till !== null;
  if (isKnown) go("sale");
  for (;;) {
    try {
      kept.till = await api.till();
      card.write();
      return isKnown ? write() : go("sale");
    } catch (error) {
      if (api.isRevoked(error)) return revoked();
    }
    await pause(5000);
  }
}

/** A scanner types wherever the focus is: its digits go where digits belong. Its Enter ends what it typed, and nothing else. */
function listenToKeys() {
  let isTyping = false;
  document.addEventListener(
    "keydown",
    (event) => {
      const isDigit = /^[0-9０-９]$/.test(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey;
      const field = view === "sale" ? sale.field() : null;
      const isFree = !element("void").open && view === "sale";
      if (isDigit && isFree && field && document.activeElement !== field) field.focus();
      if (event.key === "Enter" && isTyping && isFree && !field) event.preventDefault();
      if (!["Shift", "Process", "Unidentified"].includes(event.key)) isTyping = isDigit;
    },
    true,
  );
}

async function main() {
  await loadWords();
  element("language").addEventListener("click", () => {
    switchLanguage();
    write();
    for (const part of [enrol, sale, payments, card]) part.write();
  });
  element("sound").addEventListener("click", () => {
    kept.sound = kept.sound === false;
    write();
  });
  for (const tab of element("tabs").children) tab.addEventListener("click", () => go(tab.dataset.view));
  enrol.begin(start);
  for (const part of [sale, payments, card]) part.begin(revoked);
  listenToKeys();
  // Now, and not when the first code is held up: the service may be away by then. If it is, the first look tries again.
  camera.prepareReader().catch(() => {});
  write();
  if (kept.token) return start();
  return enrol.open();
}

main();

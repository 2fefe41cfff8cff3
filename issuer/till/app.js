// The till page: which view is shown. Each view has a file of its own.

import * as api from "./api.js";
import * as camera from "./camera.js";
import * as card from "./card.js";
import * as enrol from "./enrol.js";
import { listenToKeys } from "./keys.js";
import { onStorageFault, storage, storageFault } from "./storage.js";
import { element, pause, show } from "./page.js";
import * as payments from "./payments.js";
import * as sale from "./sale.js";
import { waitForTurn } from "./tabs.js";
import { loadTranslations, switchLanguage, translate, renderTranslations } from "./translations.js";

let view = "enrol";

const VIEWS = { sale, payments, card };

function showView(next) {
  if (view === "sale" && next !== "sale") sale.leave();
  view = next;
  render();
  VIEWS[view].open();
}

/** Renders every text in the chosen language. */
function render() {
  renderTranslations();
  element("bar").hidden = false;
  element("shop").textContent = storage.till ? storage.till.shop : translate("page.title");
  element("tabs").hidden = view === "enrol";
  const fault = storageFault();
  element("notice").hidden = fault === null;
  element("notice").textContent = fault ? translate(`storage.${fault}`) : "";
  element("sound").setAttribute("aria-pressed", String(storage.sound !== false));
  for (const tab of element("tabs").children) {
    if (tab.dataset.view === view) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
}

function handleRevocation() {
  sale.leave();
  storage.token = null;
  storage.till = null;
  view = "enrol";
  render();
  enrol.open("enrol.revoked");
}

/** Opens the till. A till that is known can sell at once; its name is refreshed in the background. */
async function start() {
  const isKnown = storage.till !== null;
  if (isKnown) showView("sale");
  for (;;) {
    try {
      storage.till = await api.till();
      card.render();
      return isKnown ? render() : showView("sale");
    } catch (error) {
      if (api.isRevoked(error)) return handleRevocation();
    }
    await pause(5000);
  }
}

async function main() {
  await loadTranslations();
  element("language").addEventListener("click", () => {
    switchLanguage();
    render();
    for (const part of [enrol, sale, payments, card]) part.render();
  });
  element("sound").addEventListener("click", () => {
    storage.sound = storage.sound === false;
    render();
  });
  for (const tab of element("tabs").children) tab.addEventListener("click", () => showView(tab.dataset.view));
  enrol.begin(start);
  for (const part of [sale, payments, card]) part.begin(handleRevocation);
  listenToKeys(sale, () => view === "sale");
  // Early, since the service may be unreachable when the first code is scanned. The first scan retries if this fails.
  camera.prepareReader().catch(() => {});
  render();
  onStorageFault(render);
  await waitForTurn(() => show("elsewhere"));
  if (storage.token) return start();
  return enrol.open();
}

main();

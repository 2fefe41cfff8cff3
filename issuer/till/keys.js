// Keys for the whole page. A hand scanner types wherever the focus is and ends with Enter, Enter twice, Tab or nothing.

import { isAsking } from "./manager.js";
import { element } from "./page.js";
import { PAUSE } from "./run.js";

/** Milliseconds after an Enter within which another is the same: scanners send CR and LF. */
const SAME_ENTER = 300;

/** Milliseconds after the last character within which Enter or Tab belongs to its run. */
const SUFFIX = 500;

let typedAt = -Infinity;
let enteredAt = -Infinity;

/**
 * Listens to the keys of the page. `sale` takes characters (`type`), and says which field they go to (`field`) and what
 * the end of a run does (`endRun`, true if it was used); `isSelling` says whether the sale is shown.
 */
export function listenToKeys(sale, isSelling) {
  const isFree = () => isSelling() && !element("void").open && !isAsking();
  const handle = { Enter: handleEnter, Tab: handleTab };
  const listener = (event) => {
    const isHandled = (handle[event.key] ?? handleOther)(event, sale, isFree());
    if (!isHandled) return;
    event.preventDefault();
    event.stopPropagation();
  };
  document.addEventListener("keydown", listener, true);
}

/** Keeps an Enter that is the same as the last one, or that ends a run which no field takes, off the buttons. */
function handleEnter({ repeat, timeStamp }, sale, isFree) {
  const isSame = repeat || timeStamp - enteredAt < SAME_ENTER;
  const isOfRun = timeStamp - typedAt < SUFFIX && !document.activeElement?.matches("input");
  enteredAt = timeStamp;
  typedAt = -Infinity;
  if (isOfRun && !isSame && isFree && !sale.field()) sale.endRun();
  return isSame || isOfRun;
}

function handleTab(_, sale, isFree) {
  enteredAt = -Infinity;
  typedAt = -Infinity;
  return isFree && sale.endRun("Tab");
}

function handleOther(event, sale, isFree) {
  const { key, timeStamp, metaKey } = event;
  // AltGr is Control and Alt on Windows, and types characters: the `]` of an identifier, for one.
  const isAltGraph = Boolean(event.getModifierState?.("AltGraph"));
  const [ctrlKey, altKey] = [event.ctrlKey && !isAltGraph, event.altKey && !isAltGraph];
  if (["Alt", "AltGraph", "Control", "Meta", "Shift", "Process", "Unidentified"].includes(key)) return false;
  // A control character of a scanner would be a command of the browser.
  if (ctrlKey || metaKey || altKey) return ctrlKey && isFree && timeStamp - typedAt < PAUSE;
  enteredAt = -Infinity;
  // Within a run a space is of the barcode and presses no button.
  if (key === " ") return timeStamp - typedAt < PAUSE && !document.activeElement?.matches("input");
  if (!/^[^\s\p{C}]$/u.test(key)) return false;
  typedAt = timeStamp;
  const field = isFree ? sale.field() : null;
  if (field && document.activeElement !== field) field.focus();
  if (isFree && !field) sale.type(key, timeStamp);
  return false;
}

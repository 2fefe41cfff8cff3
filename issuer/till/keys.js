// Keys for the whole page. A hand scanner types wherever the focus is and ends with Enter, Enter twice, Tab or nothing.

import { SEPARATOR } from "./entry.js";
import { isAsking } from "./manager.js";
import { element } from "./page.js";
import { PAUSE } from "./run.js";

/** Milliseconds after an Enter within which another is the same: scanners send CR and LF. */
const SAME_ENTER = 300;

/** Milliseconds after the last character within which Enter or Tab belongs to its run. */
const SUFFIX = 500;

let typedAt = -Infinity;
let enteredAt = -Infinity;
let runStep = null; // the step of the sale in which the run of keys began
let keyTime = null; // of a key whose character has not arrived yet

/**
 * Listens to the keys of the page. `sale` takes characters (`type`), and says what step it is in (`stepOfKeys`), which
 * field they go to (`field`) and what the end of a run does (`endRun`, true if it was used); `isSelling` says whether the
 * sale is shown.
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

/** Returns when an input event's key was pressed: a page that is busy sees the event later than that. */
export function takeTime({ inputType, timeStamp }) {
  const time = inputType === "insertText" ? (keyTime ?? timeStamp) : timeStamp;
  keyTime = null;
  return time;
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
  keyTime = null;
  if (key === "Escape") typedAt = -Infinity;
  if (ctrlKey || metaKey || altKey) return ctrlKey && isFree && handleControl(event, sale);
  enteredAt = -Infinity;
  // Within a run a space is of the barcode and presses no button.
  if (key === " ") return timeStamp - typedAt < PAUSE && !document.activeElement?.matches("input");
  if (!/^[^\s\p{C}]$/u.test(key)) return false;
  if (!continueRun(timeStamp, isFree ? sale.stepOfKeys() : null)) return true;
  keyTime = timeStamp;
  const field = isFree ? sale.field() : null;
  if (field && document.activeElement !== field) field.focus();
  if (isFree && !field) sale.type(key, timeStamp);
  return false;
}

/** Notes a key of a run; returns whether the step is still the one that the run began in, and takes the key. */
function continueRun(timeStamp, step) {
  if (timeStamp - typedAt > PAUSE) runStep = step;
  typedAt = timeStamp;
  return step === runStep;
}

/** A control character of a scanner would be a command of the browser. That within a GS1 label is of the barcode. */
function handleControl({ key, code, timeStamp }, sale) {
  if (key !== "]" && code !== "BracketRight") return timeStamp - typedAt < PAUSE;
  if (continueRun(timeStamp, sale.stepOfKeys())) sale.type(SEPARATOR, timeStamp);
  return true;
}

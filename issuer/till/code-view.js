// The field for the code, which takes what a scanner types and what a person reads off the shopper's screen.

import { CODE_DIGITS, digitsIn, groupDigits, hasNonDigits } from "./digits.js";
import { parseCode, withoutIdentifier } from "./entry.js";
import { element } from "./page.js";
import { PAUSE, Run } from "./run.js";
import { translate } from "./translations.js";

/** Fewest characters at a scanner's speed that are a barcode and not a part of a number. */
const SHORTEST_BARCODE = 8;

/** Milliseconds after which nothing more of a barcode comes. */
const REST = 1000;

let run = new Run();
let problem = null;
let timer;
let isCurrent = () => false;
let handleCode = () => {};

/** Sets up the field. `onCode` is called with the code, once for each entry, and only in its step. */
export function begin(isInStep, onCode) {
  isCurrent = isInStep;
  handleCode = onCode;
  const code = element("code");
  code.addEventListener("input", (event) => {
    // An input method repeats what it composes, which says nothing about the speed of keys.
    if (event.isComposing || !event.inputType || event.inputType.startsWith("delete")) run = new Run();
    else run.add(event.data ?? "", event.timeStamp);
    problem = null;
    // Group the digits, unless the cursor is inside them for a correction.
    if (!event.isComposing && !hasNonDigits(code.value) && code.selectionStart === code.value.length) {
      code.value = groupDigits(digitsIn(code.value));
    }
    render();
    clearTimeout(timer);
    // A part of a code is not a code: what is shorter waits for the rest.
    const isWhole = "code" in parseCode(code.value);
    timer = setTimeout(() => run.fast >= SHORTEST_BARCODE && submit(), isWhole ? PAUSE : REST);
  });
  element("scan-form").addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
}

/** Begins an entry. */
export function start() {
  element("code").value = "";
  run = new Run();
  problem = null;
  clearTimeout(timer);
}

/** Submits what a scanner typed when Tab ends it; returns whether it was a scanner. */
export function endRun() {
  const isScanned = run.fast >= SHORTEST_BARCODE || "code" in parseCode(element("code").value);
  if (isScanned) submit();
  return isScanned;
}

/** Renders the message and the number of digits to go. */
export function render() {
  element("code-error").textContent = problem ? translate(problem) : "";
  element("code").setAttribute("aria-invalid", String(problem !== null));
  const count = CODE_DIGITS - digitsIn(withoutIdentifier(element("code").value)).length;
  const text = count < 0 ? translate("scan.over", { count: -count }) : translate("scan.left", { count });
  element("code-count").textContent = count === 0 || count === CODE_DIGITS ? "" : text;
}

function submit() {
  clearTimeout(timer);
  if (!isCurrent()) return;
  const entry = parseCode(element("code").value);
  run = new Run();
  problem = entry.problem ?? null;
  render();
  if (entry.code) handleCode(entry.code);
  // The next reading replaces this one.
  else element("code").select();
}

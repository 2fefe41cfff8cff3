// The field for the code, which takes what a scanner types and what a person reads off the shopper's screen.

import { CODE_DIGITS, digitsIn, groupDigits, hasNonDigits } from "./digits.js";
import { SHORTEST_BARCODE, parseCode, withoutIdentifier } from "./entry.js";
import { takeTime } from "./keys.js";
import { element } from "./page.js";
import { PAUSE, REST, Run } from "./run.js";
import { translate } from "./translations.js";

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
    else run.add(event.data ?? "", takeTime(event));
    // Group the digits, unless the cursor is inside them for a correction.
    if (!event.isComposing && !hasNonDigits(code.value) && code.selectionStart === code.value.length) {
      code.value = groupDigits(digitsIn(code.value));
    }
    handleChange();
  });
  element("scan-form").addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
}

/** Takes a text that arrived at this time in milliseconds. */
export function type(text, time) {
  run.add(text, time);
  element("code").value += text;
  handleChange();
}

function handleChange() {
  problem = null;
  render();
  clearTimeout(timer);
  // A part of a code is not a code: what is shorter waits for the rest.
  const isWhole = "code" in parse();
  timer = setTimeout(() => isScanned() && submit(), isWhole ? PAUSE : REST);
}

const isScanned = () => run.fast() >= SHORTEST_BARCODE;

const parse = () => parseCode(element("code").value);

/** Begins an entry. */
export function start() {
  element("code").value = "";
  run = new Run();
  problem = null;
  clearTimeout(timer);
}

/** Submits what a scanner typed when Tab ends it; returns whether it was a scanner. */
export function endRun() {
  const isUsed = isScanned() || "code" in parse();
  if (isUsed) submit();
  return isUsed;
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
  const entry = parse();
  run = new Run();
  problem = entry.problem ?? null;
  render();
  if (entry.code) handleCode(entry.code);
  // The next reading replaces this one.
  else element("code").select();
}

// The field for the amount. It shows the amount that the typed text makes, or the text as it is if it makes none.

import { isUnfinished } from "./amount.js";
import { CODE_DIGITS } from "./digits.js";
import { codeLength, endsInBarcode, parseEntry } from "./entry.js";
import { takeTime } from "./keys.js";
import { formatAmount } from "./money.js";
import { element } from "./page.js";
import { PAUSE, REST, Run } from "./run.js";
import { storage } from "./storage.js";
import { translate } from "./translations.js";

/** The longest text that a message quotes, in characters. */
const QUOTE = 24;

/** Input that arrives otherwise: a text from an input method with compositionend, a line break as Enter. */
const ELSEWHERE = [
  "insertCompositionText",
  "insertFromComposition",
  "deleteCompositionText",
  "deleteByComposition",
  "insertLineBreak",
];

let run = new Run();
let problem = null;
let quoted = "";
let timer;
let isCurrent = () => false;
let handleEntry = () => {};

/** Sets up the field. `onEntry` is called with the amount and the code, if any: once for each entry, only in its step. */
export function begin(isInStep, onEntry) {
  isCurrent = isInStep;
  handleEntry = onEntry;
  const amount = element("amount");
  amount.addEventListener("beforeinput", (event) => {
    if (ELSEWHERE.includes(event.inputType)) return;
    event.preventDefault();
    if (event.inputType.startsWith("delete")) return change(() => run.removeLast());
    type(event.data ?? event.dataTransfer?.getData("text") ?? "", takeTime(event));
  });
  amount.addEventListener("compositionend", (event) => type(event.data, event.timeStamp));
  // What a browser or an extension fills in by itself was announced by nothing else, and is what the cashier sees.
  amount.addEventListener("input", (event) => {
    if (event.isComposing || event.inputType?.includes("Composition")) return;
    change(() => (run = new Run(amount.value)));
  });
  amount.addEventListener("keydown", (event) => {
    if (event.key === "Escape") change(() => (run = new Run()));
  });
  for (const button of document.querySelectorAll(".keypad button")) {
    // The field keeps the focus, so that Enter never presses a key of the pad.
    button.addEventListener("pointerdown", (event) => event.preventDefault());
    const { digits } = button.dataset;
    const press = (time) => (digits ? type(digits, time) : change(() => run.removeLast()));
    button.addEventListener("click", (event) => press(event.timeStamp));
  }
  element("amount-form").addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
}

/** Takes a text that arrived at this time in milliseconds. */
export function type(text, time) {
  change(() => run.add(text, time));
}

/** Begins an entry with what was typed so far. */
export function start(typed = new Run()) {
  run = typed;
  problem = null;
  clearTimeout(timer);
  if (run.text !== "") wait();
}

/** Returns what the text makes: an amount, with or without a code, or a problem. */
export function parse(typed) {
  const { decimals, prefixes } = storage.till;
  return parseEntry(typed.text, { decimals, prefixes, fast: fastOf(typed) });
}

/** Returns how many characters at the end of what was typed came from a scanner. */
export function fastOf(typed) {
  return typed.fast(codeLength(typed.text));
}

/** Submits a text that is more than an amount when Tab would leave it standing; returns whether it was one. */
export function endRun() {
  const entry = parse(run);
  if (!entry.code && !entry.problem) return false;
  submit();
  return true;
}

/** Submits the entry. */
export function submit() {
  clearTimeout(timer);
  if (!isCurrent()) return;
  const entry = parse(run);
  const { text } = run;
  // The text is used once, whatever comes of it.
  run = new Run(entry.problem || entry.amount === 0 ? "" : String(entry.amount));
  if (entry.problem) return fail(entry.problem, text);
  if (entry.amount === 0) return fail("amount.empty");
  handleEntry(entry);
}

/** Renders the field and its message. */
export function render() {
  const { amount, problem: isNone } = parse(run);
  const field = element("amount");
  field.value = isNone ? run.text : formatAmount(amount, storage.till.currency);
  field.classList.toggle("long", field.value.length > 7);
  field.classList.toggle("longest", field.value.length > 14);
  field.setAttribute("aria-invalid", String(problem !== null));
  element("amount-error").textContent = problem ? translate(problem, { text: quoted }) : "";
}

function change(edit) {
  if (!isCurrent()) return;
  edit();
  problem = null;
  render();
  const { length } = element("amount").value;
  element("amount").setSelectionRange(length, length);
  wait();
}

function wait() {
  clearTimeout(timer);
  const fast = fastOf(run);
  // A part of a code is not a code: what is shorter waits for the rest.
  const isPart = endsInBarcode(run.text, fast) && fast < CODE_DIGITS;
  timer = setTimeout(settle, isPart ? REST : PAUSE);
}

/** After the last key: a scanner's barcode needs no Enter, and what cannot become an amount is said. */
function settle() {
  if (!isCurrent()) return;
  const entry = parse(run);
  // Nothing is left standing of a barcode that is no payment code.
  if (endsInBarcode(run.text, fastOf(run)) && (entry.code || entry.problem)) return submit();
  const { decimals } = storage.till;
  if (entry.problem && !isUnfinished(run.text, decimals)) fail(entry.problem, run.text);
}

function fail(name, text = "") {
  problem = name;
  quoted = text.length > QUOTE ? `${text.slice(0, QUOTE)}…` : text;
  render();
}

// One sale: its amount, its code, its answer. It is kept from the moment that it is asked for, so that a page that was
// closed or a computer that lost its power goes on with the same number.

import * as answers from "./answer.js";
import { Refused, isRevoked } from "./api.js";
import * as camera from "./camera.js";
import { kept } from "./kept.js";
import { money } from "./money.js";
import { element, show } from "./page.js";
import { fresh, settle, takeBack } from "./settle.js";
import { CODE, amountShown, digitsIn, hasOther, inGroups, readRun } from "./typed.js";
import { word } from "./words.js";

/** Milliseconds after which a cashier is told that the answer takes long. */
const LONG = 6000;

let step = "amount"; // or "scan", or "answer"
let run = ""; // the digits typed as an amount
let problem = null;
let sale = null;
let asking = null; // stops the asking that is under way
let revoked = () => {};

/** Listens; `onRevoked` is called when the service knows this till no more. */
export function begin(onRevoked) {
  revoked = onRevoked;
  listenToAmount();
  listenToScan();
  element("answer-first").addEventListener("click", () => act(0));
  element("answer-second").addEventListener("click", () => act(1));
}

/** Shows where the sale is; goes on with one that was broken off. */
export function open() {
  if (!sale && kept.sale) {
    sale = kept.sale;
    return sale.isVoiding ? revert() : pay();
  }
  enter(step);
}

/** Leaves the sale as it is, for another view. */
export function leave() {
  camera.stop();
}

/** The field that digits belong to now, if any: a scanner does not look where the focus is. */
export function field() {
  return { amount: element("amount"), scan: element("code") }[step] ?? null;
}

/** Writes what changes into the page. */
export function write() {
  if (!kept.till) return;
  const error = problem ? word(problem) : "";
  element("amount").value = money(amountShown(run), kept.till.currency);
  element("amount").classList.toggle("long", element("amount").value.length > 7);
  element("amount-error").textContent = step === "amount" ? error : "";
  element("code-error").textContent = step === "scan" ? error : "";
  element("code").setAttribute("aria-invalid", String(step === "scan" && problem !== null));
  writeCount();
  camera.write();
  if (sale) element("scan-amount").textContent = money(sale.amount, sale.currency);
  if (step === "answer") answers.write(sale);
}

function enter(next) {
  step = next;
  problem = null;
  write();
  show(step);
  if (step === "answer") return element("answer-first").focus();
  if (step === "scan") {
    element("code").value = "";
    writeCount();
    camera.look(scanned);
  } else {
    camera.stop();
  }
  field().focus();
}

function fail(name) {
  problem = name;
  write();
}

// The amount.

function listenToAmount() {
  const amount = element("amount");
  const change = (next) => {
    run = next;
    problem = null;
    write();
    amount.setSelectionRange(amount.value.length, amount.value.length);
  };
  // The field shows an amount, and what is typed goes into the run behind it.
  amount.addEventListener("beforeinput", (event) => {
    // What an input method composes comes when it is done; a line break is Enter.
    if (["insertCompositionText", "insertLineBreak"].includes(event.inputType)) return;
    event.preventDefault();
    if (event.inputType.startsWith("delete")) return change(run.slice(0, -1));
    change(run + digitsIn(event.data ?? event.dataTransfer?.getData("text") ?? ""));
  });
  amount.addEventListener("compositionend", (event) => change(run + digitsIn(event.data)));
  amount.addEventListener("keydown", (event) => {
    if (event.key === "Escape") change("");
  });
  for (const button of document.querySelectorAll(".keypad button")) {
    // The field keeps the focus, so that Enter is never a key of the pad.
    button.addEventListener("pointerdown", (event) => event.preventDefault());
    const { digits } = button.dataset;
    button.addEventListener("click", () => change(digits ? run + digits : run.slice(0, -1)));
  }
  element("amount-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const read = readRun(run);
    run = "";
    if (!read) return fail("amount.notone");
    if (read.amount === 0) return fail("amount.empty");
    run = String(read.amount);
    sale = { reference: makeReference(), amount: read.amount, currency: kept.till.currency, began: now() };
    if (read.code) scanned(read.code);
    else enter("scan");
  });
}

/** This sale's own number: when it began, and four letters that make it the only one. */
function makeReference() {
  const [day, time] = new Date(Date.now()).toISOString().split("T");
  return `${day.replaceAll("-", "")}-${time.slice(0, 8).replaceAll(":", "")}-${fresh().slice(0, 4)}`;
}

function now() {
  return Math.floor(Date.now() / 1000);
}

// The code.

function listenToScan() {
  const code = element("code");
  code.addEventListener("input", (event) => {
    problem = null;
    // In groups, unless that would move the cursor from where somebody is correcting.
    if (!event.isComposing && !hasOther(code.value) && code.selectionStart === code.value.length) {
      code.value = inGroups(digitsIn(code.value));
    }
    element("code-error").textContent = "";
    code.removeAttribute("aria-invalid");
    writeCount();
  });
  element("scan-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const digits = digitsIn(code.value);
    if (hasOther(code.value) || digits.length !== CODE) {
      fail("scan.notone");
      return code.select();
    }
    scanned(digits);
  });
  element("scan-back").addEventListener("click", () => enter("amount"));
  element("view-scan").addEventListener("keydown", (event) => {
    if (event.key === "Escape") enter("amount");
  });
  element("camera-switch").addEventListener("click", () => {
    kept.camera = !camera.isWanted();
    if (camera.isWanted()) camera.look(scanned);
    else camera.stop();
    code.focus();
  });
}

function writeCount() {
  const count = CODE - digitsIn(element("code").value).length;
  const text = count < 0 ? word("scan.over", { count: -count }) : word("scan.left", { count });
  element("code-count").textContent = count === 0 || count === CODE ? "" : text;
}

/** A code is there: each code is a payment of its own to the service, under the one reference of the sale. */
function scanned(code) {
  if (step === "answer") return;
  camera.stop();
  // It may be taken back before it arrives, and then with one key, however often that is asked.
  sale = { ...sale, code, key: fresh(), answer: { status: "asking" } };
  pay();
}

// The answer.

/** Waits for an answer, or no more: nothing else is to be looked at meanwhile. */
function wait(controller) {
  asking = controller;
  element("tabs").inert = controller !== null;
}

/** From here on, the sale is kept until it is known how it ended. */
function beginToAsk() {
  step = "answer";
  show(step);
  kept.sale = sale;
  const mine = new AbortController();
  wait(mine);
  return mine;
}

async function pay() {
  const mine = beginToAsk();
  news({ status: "asking" });
  // What is known by then says more.
  const long = setTimeout(() => sale?.answer.status === "asking" && news({ status: "slow" }), LONG);
  let answer;
  try {
    answer = await settle(sale, news, mine.signal);
  } catch (error) {
    if (mine.signal.aborted) return;
    if (isRevoked(error)) return turnedOff();
    if (!(error instanceof Refused)) throw error;
    answer = { status: "refused" };
  } finally {
    clearTimeout(long);
  }
  if (mine.signal.aborted) return;
  finish(answer);
}

/** Takes the sale back, in whatever state it is. */
async function revert() {
  asking?.abort();
  sale = { ...sale, isVoiding: true };
  const mine = beginToAsk();
  news({ status: "voiding" });
  let answer;
  try {
    answer = await takeBack(sale, underWay, mine.signal);
  } catch (error) {
    if (mine.signal.aborted) return;
    if (isRevoked(error)) return turnedOff();
    if (!(error instanceof Refused)) throw error;
    answer = { status: "refused" };
  }
  if (mine.signal.aborted) return;
  finish(answer.status === "declined" ? { ...answer, status: "voided" } : answer);
}

/** The service has it in hand and ends it by itself, however long that takes: nobody has to wait here, nor come back. */
function underWay(answer) {
  kept.sale = null;
  news({ ...answer, status: "reversing" });
}

function finish(answer) {
  wait(null);
  kept.sale = null;
  news(answer);
}

/** Told once for each thing that there is to tell, however often it is asked. */
function news(answer) {
  const isNew = sale.answer?.status !== answer.status || answer.status === "declined";
  sale = { ...sale, answer };
  if (isNew) answers.tell(sale);
  else answers.write(sale);
}

function act(number) {
  const button = answers.buttonsOf(sale.answer)[number];
  if (button === "void") return voidThis();
  if (button === "again") return enter("scan");
  if (!button) return undefined;
  // "later", too: the payment goes on without us, and the list of payments shows how it ended.
  asking?.abort();
  wait(null);
  [kept.sale, sale, run] = [null, null, ""];
  return enter("amount");
}

async function voidThis() {
  const { key } = sale;
  const yes = await confirmVoid(word("void.text.unknown", { amount: money(sale.amount, sale.currency) }));
  // Meanwhile the answer may have come; the cashier said what is to be done then, too.
  if (yes && sale?.key === key) revert();
}

/** Asks once more before a payment is taken back; whether the cashier said yes. */
export function confirmVoid(text) {
  const dialog = element("void");
  element("void-text").textContent = text;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

function turnedOff() {
  wait(null);
  [kept.sale, sale] = [null, null];
  run = "";
  step = "amount";
  revoked();
}

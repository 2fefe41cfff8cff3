// One sale: its amount, its code, its answer. It is stored as soon as the payment is requested, so that a page that was
// closed or a computer that lost power continues with the same idempotency key. Each handler acts in its own step alone.

import * as amountView from "./amount-view.js";
import { RejectionError, isRevoked } from "./api.js";
import * as camera from "./camera.js";
import * as codeView from "./code-view.js";
import * as day from "./day.js";
import { plain } from "./digits.js";
import { SHORTEST_BARCODE } from "./entry.js";
import { NoManagerError } from "./manager.js";
import { formatAmount } from "./money.js";
import * as outcome from "./outcome.js";
import { announce as announceText, element, show } from "./page.js";
import { printReceipt } from "./receipt.js";
import { makeReference } from "./reference.js";
import { randomKey, requestPayment, requestVoid } from "./retry.js";
import { PAUSE, REST, Run } from "./run.js";
import { storage } from "./storage.js";
import { translate } from "./translations.js";

/** Milliseconds after which the page says that the answer takes longer than usual. */
const SLOW_AFTER = 6000;

let step = "amount"; // or "scan", or "answer"
let sale = null;
let ahead = new Run(); // typed while an answer is shown
let aheadTimer;
let pending = null; // aborts the requests under way
let handleRevocation = () => {};

/** Sets up the views; `onRevoked` is called when the service says that this till was revoked. */
export function begin(onRevoked) {
  handleRevocation = onRevoked;
  amountView.begin(() => step === "amount", beginSale);
  codeView.begin(() => step === "scan", useCode);
  listenToScan();
  element("answer-first").addEventListener("click", () => act(0));
  element("answer-second").addEventListener("click", () => act(1));
}

/** Shows the current step; continues a sale that was interrupted. */
export function open() {
  if (!sale && storage.sale) {
    sale = storage.sale;
    return sale.isVoiding ? voidSale() : pay();
  }
  enter(step);
}

/** Leaves the view; the sale stays as it is. */
export function leave() {
  camera.stop();
}

/** Returns the field that takes characters now, if any: a scanner types without regard to the focus. */
export function field() {
  return { amount: element("amount"), scan: element("code") }[step] ?? null;
}

/** Returns the step that takes keys now: a run that began in one is never used in another. */
export function stepOfKeys() {
  return step === "answer" && !outcome.isOver(sale.answer) ? "waiting" : step;
}

/** Takes a character that arrives in no field by itself: behind a final answer it begins the next sale. */
export function type(character, time) {
  const now = stepOfKeys();
  if (now === "amount") return amountView.type(character, time);
  if (now === "scan") return codeView.type(character, time);
  if (now === "waiting") return undefined;
  ahead.add(plain(character), time);
  clearTimeout(aheadTimer);
  // Of a barcode nothing is used, however it is held up.
  aheadTimer = setTimeout(() => useAhead(), ahead.fast() >= SHORTEST_BARCODE ? REST : PAUSE);
  return undefined;
}

/** Ends a run of keys by Enter, or by `Tab` before it moves the focus; returns whether there was one. */
export function endRun(key = "Enter") {
  if (step === "amount") return amountView.endRun();
  if (step === "scan") return codeView.endRun();
  if (ahead.text === "") return false;
  if (useAhead()) {
    if (key === "Enter") amountView.submit();
    else amountView.endRun();
  }
  return true;
}

/** Begins the next sale with what was typed, unless that was a scanner that read something once more. */
function useAhead() {
  clearTimeout(aheadTimer);
  const typed = ahead;
  ahead = new Run();
  if (step !== "answer" || !outcome.isOver(sale.answer) || !/^\d/.test(typed.text)) return false;
  const { amount, problem } = amountView.parse(typed);
  if (amount === 0 || (problem && amountView.fastOf(typed) > 0)) return false;
  endSale();
  enter("amount", typed);
  return true;
}

/** Renders what changes. */
export function render() {
  if (!storage.till) return;
  amountView.render();
  codeView.render();
  camera.render();
  if (sale) element("scan-amount").textContent = formatAmount(sale.amount, sale.currency);
  if (step === "answer") outcome.render(sale);
}

function enter(next, typed) {
  const isNew = typed || step !== next;
  step = next;
  if (step === "amount" && isNew) amountView.start(typed ?? new Run(sale ? String(sale.amount) : ""));
  if (step === "scan") codeView.start();
  render();
  show(step);
  if (step === "answer") return outcome.focus();
  if (step === "scan") camera.scan(useCode);
  else camera.stop();
  field().focus();
}

function beginSale({ amount, code }) {
  sale = { reference: makeReference(), amount, currency: storage.till.currency, began: Math.floor(Date.now() / 1000) };
  if (code) useCode(code);
  else enter("scan");
}

// The code.

function listenToScan() {
  const back = () => step === "scan" && enter("amount");
  element("scan-back").addEventListener("click", back);
  element("view-scan").addEventListener("keydown", (event) => {
    if (event.key === "Escape") back();
  });
  element("camera-switch").addEventListener("click", () => {
    storage.camera = !camera.isOn();
    if (camera.isEnabled() && step === "scan") camera.scan(useCode);
    else camera.stop();
    element("code").focus();
  });
}

/** Requests payment with a code. Each code is a payment of its own at the service, under the sale's one reference. */
function useCode(code) {
  if (step === "answer") return;
  camera.stop();
  // The key also voids a payment that may not have arrived, however often that is repeated.
  sale = { ...sale, code, key: randomKey(), answer: { status: "asking" } };
  pay();
}

// The answer.

/** Sets what aborts the requests under way; the other views are locked meanwhile. */
function setPending(controller) {
  pending = controller;
  element("tabs").inert = controller !== null;
}

/** Stores the sale until its outcome is known. */
function beginRequests() {
  step = "answer";
  // Keys that still arrive belong to no field.
  document.activeElement?.blur();
  show(step);
  storage.sale = sale;
  const own = new AbortController();
  setPending(own);
  return own;
}

async function pay() {
  const own = beginRequests();
  showUpdate({ status: "asking" });
  // A status that arrived by then says more.
  const slow = setTimeout(() => sale?.answer.status === "asking" && showUpdate({ status: "slow" }), SLOW_AFTER);
  let answer;
  try {
    answer = await requestPayment(sale, showUpdate, own.signal);
  } catch (error) {
    if (own.signal.aborted) return;
    if (isRevoked(error)) return resetAndRevoke();
    if (!(error instanceof RejectionError)) throw error;
    answer = { status: "refused", problem: error.problem };
  } finally {
    clearTimeout(slow);
  }
  if (own.signal.aborted) return;
  finish(answer);
}

/** Voids the sale, in whatever state it is. */
async function voidSale() {
  pending?.abort();
  sale = { ...sale, isVoiding: true };
  const own = beginRequests();
  showUpdate({ status: "voiding" });
  let answer;
  try {
    answer = await requestVoid(sale, releaseSale, own.signal);
  } catch (error) {
    if (own.signal.aborted) return;
    if (isRevoked(error)) return resetAndRevoke();
    if (error instanceof NoManagerError) return resumeSale();
    if (!(error instanceof RejectionError)) throw error;
    answer = { status: "refused" };
  }
  if (own.signal.aborted) return;
  finish(answer.status === "declined" ? { ...answer, status: "voided" } : answer);
}

/** The sale is not voided after all: its payment is waited for as before. */
function resumeSale() {
  sale = { ...sale, isVoiding: false };
  pay();
}

/** The service finishes the void by itself, however long that takes: the cashier need not wait. */
function releaseSale(answer) {
  storage.sale = null;
  showUpdate({ ...answer, status: "reversing" });
}

function finish(answer) {
  setPending(null);
  storage.sale = null;
  const { amount, began } = sale;
  day.note([{ time: began, ...answer, amount }]);
  showUpdate(answer);
}

/** Announces an answer once, however often the same one arrives. */
function showUpdate(answer) {
  const isNew = sale.answer?.status !== answer.status || answer.status === "declined";
  sale = { ...sale, answer };
  if (isNew) outcome.announce(sale);
  else outcome.render(sale);
}

function act(number) {
  if (step !== "answer") return undefined;
  const button = outcome.buttonsOf(sale.answer)[number];
  if (button === "void") return askToVoid();
  if (button === "again") return enter("scan");
  if (button === "change") return enter("amount");
  if (button === "receipt") return printSale();
  if (!button) return undefined;
  // Also for "later": the service finishes the payment, and the list of payments shows the result.
  endSale();
  return enter("amount");
}

function endSale() {
  pending?.abort();
  setPending(null);
  storage.sale = null;
  sale = null;
}

async function printSale() {
  try {
    await printReceipt({ ...sale, ...sale.answer });
  } catch (error) {
    if (isRevoked(error)) return resetAndRevoke();
    // The list of payments prints it later, too.
    announceText(translate("payments.unreachable"));
  }
  return outcome.focus();
}

async function askToVoid() {
  const { key } = sale;
  const amount = formatAmount(sale.amount, sale.currency);
  const isConfirmed = await confirmVoid(translate("void.text.unknown", { amount }));
  // The answer may have arrived meanwhile; the cashier's decision holds for it, too.
  if (isConfirmed && sale?.key === key) voidSale();
}

/** Asks the cashier to confirm a void; resolves to whether they did. */
export function confirmVoid(text) {
  const dialog = element("void");
  element("void-text").textContent = text;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

function resetAndRevoke() {
  endSale();
  step = "amount";
  amountView.start();
  handleRevocation();
}

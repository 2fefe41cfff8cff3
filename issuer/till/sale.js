// One sale: its amount, its code, its answer. It is stored as soon as the payment is requested, so that a page that was
// closed or a computer that lost power continues with the same idempotency key.

import { RejectionError, isRevoked } from "./api.js";
import * as camera from "./camera.js";
import { CODE_DIGITS, digitsIn, groupDigits, hasNonDigits, parseEntry, previewAmount } from "./digits.js";
import { formatAmount } from "./money.js";
import * as outcome from "./outcome.js";
import { element, show } from "./page.js";
import { randomKey, requestPayment, requestVoid } from "./retry.js";
import { storage } from "./storage.js";
import { translate } from "./translations.js";

/** Milliseconds after which the page says that the answer takes longer than usual. */
const SLOW_AFTER = 6000;

let step = "amount"; // or "scan", or "answer"
let entry = ""; // digits typed as an amount
let problem = null;
let sale = null;
let pending = null; // aborts the requests under way
let handleRevocation = () => {};

/** Sets up the views; `onRevoked` is called when the service says that this till was revoked. */
export function begin(onRevoked) {
  handleRevocation = onRevoked;
  listenToAmount();
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

/** Returns the field that takes digits now, if any: a scanner types without regard to the focus. */
export function field() {
  return { amount: element("amount"), scan: element("code") }[step] ?? null;
}

/** Renders what changes. */
export function render() {
  if (!storage.till) return;
  const error = problem ? translate(problem) : "";
  element("amount").value = formatAmount(previewAmount(entry), storage.till.currency);
  element("amount").classList.toggle("long", element("amount").value.length > 7);
  element("amount-error").textContent = step === "amount" ? error : "";
  element("code-error").textContent = step === "scan" ? error : "";
  element("code").setAttribute("aria-invalid", String(step === "scan" && problem !== null));
  renderCount();
  camera.render();
  if (sale) element("scan-amount").textContent = formatAmount(sale.amount, sale.currency);
  if (step === "answer") outcome.render(sale);
}

function enter(next) {
  step = next;
  problem = null;
  render();
  show(step);
  if (step === "answer") return element("answer-first").focus();
  if (step === "scan") {
    element("code").value = "";
    renderCount();
    camera.scan(useCode);
  } else {
    camera.stop();
  }
  field().focus();
}

function fail(name) {
  problem = name;
  render();
}

// The amount.

function listenToAmount() {
  const amount = element("amount");
  const change = (next) => {
    entry = next;
    problem = null;
    render();
    amount.setSelectionRange(amount.value.length, amount.value.length);
  };
  // The field shows the formatted amount; what is typed is added to the digits of `entry`.
  amount.addEventListener("beforeinput", (event) => {
    // Text from an input method arrives with compositionend; a line break is Enter.
    if (["insertCompositionText", "insertLineBreak"].includes(event.inputType)) return;
    event.preventDefault();
    if (event.inputType.startsWith("delete")) return change(entry.slice(0, -1));
    change(entry + digitsIn(event.data ?? event.dataTransfer?.getData("text") ?? ""));
  });
  amount.addEventListener("compositionend", (event) => change(entry + digitsIn(event.data)));
  amount.addEventListener("keydown", (event) => {
    if (event.key === "Escape") change("");
  });
  for (const button of document.querySelectorAll(".keypad button")) {
    // The field keeps the focus, so that Enter never presses a key of the pad.
    button.addEventListener("pointerdown", (event) => event.preventDefault());
    const { digits } = button.dataset;
    button.addEventListener("click", () => change(digits ? entry + digits : entry.slice(0, -1)));
  }
  element("amount-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const parsed = parseEntry(entry);
    entry = "";
    if (!parsed) return fail("amount.notone");
    if (parsed.amount === 0) return fail("amount.empty");
    entry = String(parsed.amount);
    sale = { reference: makeReference(), amount: parsed.amount, currency: storage.till.currency, began: now() };
    if (parsed.code) useCode(parsed.code);
    else enter("scan");
  });
}

/** Returns a reference for the receipt: the time at which the sale began and four random hex digits. */
function makeReference() {
  const [day, time] = new Date(Date.now()).toISOString().split("T");
  return `${day.replaceAll("-", "")}-${time.slice(0, 8).replaceAll(":", "")}-${randomKey().slice(0, 4)}`;
}

function now() {
  return Math.floor(Date.now() / 1000);
}

// The code.

function listenToScan() {
  const code = element("code");
  code.addEventListener("input", (event) => {
    problem = null;
    // Group the digits, unless the cursor is inside them for a correction.
    if (!event.isComposing && !hasNonDigits(code.value) && code.selectionStart === code.value.length) {
      code.value = groupDigits(digitsIn(code.value));
    }
    element("code-error").textContent = "";
    code.removeAttribute("aria-invalid");
    renderCount();
  });
  element("scan-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const digits = digitsIn(code.value);
    if (hasNonDigits(code.value) || digits.length !== CODE_DIGITS) {
      fail("scan.notone");
      return code.select();
    }
    useCode(digits);
  });
  element("scan-back").addEventListener("click", () => enter("amount"));
  element("view-scan").addEventListener("keydown", (event) => {
    if (event.key === "Escape") enter("amount");
  });
  element("camera-switch").addEventListener("click", () => {
    storage.camera = !camera.isEnabled();
    if (camera.isEnabled()) camera.scan(useCode);
    else camera.stop();
    code.focus();
  });
}

function renderCount() {
  const count = CODE_DIGITS - digitsIn(element("code").value).length;
  const text = count < 0 ? translate("scan.over", { count: -count }) : translate("scan.left", { count });
  element("code-count").textContent = count === 0 || count === CODE_DIGITS ? "" : text;
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
    answer = { status: "refused" };
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
    if (!(error instanceof RejectionError)) throw error;
    answer = { status: "refused" };
  }
  if (own.signal.aborted) return;
  finish(answer.status === "declined" ? { ...answer, status: "voided" } : answer);
}

/** The service finishes the void by itself, however long that takes: the cashier need not wait. */
function releaseSale(answer) {
  storage.sale = null;
  showUpdate({ ...answer, status: "reversing" });
}

function finish(answer) {
  setPending(null);
  storage.sale = null;
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
  const button = outcome.buttonsOf(sale.answer)[number];
  if (button === "void") return askToVoid();
  if (button === "again") return enter("scan");
  if (!button) return undefined;
  // Also for "later": the service finishes the payment, and the list of payments shows the result.
  pending?.abort();
  setPending(null);
  storage.sale = null;
  sale = null;
  entry = "";
  return enter("amount");
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
  setPending(null);
  storage.sale = null;
  sale = null;
  entry = "";
  step = "amount";
  handleRevocation();
}

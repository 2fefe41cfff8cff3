// The till's recent payments, and voiding one.

import { RejectionError, UnknownOutcomeError, authorisations, isRevoked, voidPayment } from "./api.js";
import { beginShift, matches, note, shiftOf, sumOf } from "./day.js";
import { NoManagerError, withManager } from "./manager.js";
import { formatAmount } from "./money.js";
import { element, show } from "./page.js";
import { isPrintable, printReceipt } from "./receipt.js";
import { confirmVoid } from "./sale.js";
import { storage } from "./storage.js";
import { formatDayAndTime, formatTime, hasTranslation, translate } from "./translations.js";

/** Statuses in which a payment can be voided. */
const VOIDABLE = ["approved", "pending"];

/** Texts for the problems of a void. */
const REFUSALS = { "void-too-old": "payments.voidold" };

let list = [];
let message = null;
let handleRevocation = () => {};

/** Sets up the view; `onRevoked` is called when the service says that this till was revoked. */
export function begin(onRevoked) {
  handleRevocation = onRevoked;
  element("payments-again").addEventListener("click", load);
  element("payments-search").addEventListener("input", render);
  element("shift-begin").addEventListener("click", () => {
    beginShift(list);
    render();
  });
}

/** Shows the view and loads the list. */
export function open() {
  element("payments-search").value = "";
  show("payments");
  element("payments-again").focus();
  return load();
}

async function load() {
  message = "payments.loading";
  render();
  try {
    list = (await authorisations()).authorisations;
    message = list.length === 0 ? "payments.none" : null;
    note(list);
  } catch (error) {
    if (isRevoked(error)) return handleRevocation();
    message = "payments.unreachable";
  }
  render();
}

/** Renders the list. */
export function render() {
  const { decimals, currency } = storage.till ?? {};
  const query = element("payments-search").value;
  const found = list.filter((payment) => matches(payment, query, decimals));
  const isNoneFound = !message && found.length === 0;
  element("payments-says").textContent = message || isNoneFound ? translate(message ?? "payments.notfound") : "";
  element("payments").hidden = found.length === 0;
  element("payments").tBodies[0].replaceChildren(...found.map(row));
  if (!storage.day || !currency) return;
  const text = (name, { sum, count, ...more }) => translate(name, { amount: formatAmount(sum, currency), count, ...more });
  element("payments-sum").textContent = text("payments.sum", sumOf(storage.day));
  const shift = shiftOf(storage.day);
  element("payments-shift").textContent = shift ? text("payments.shiftsum", { ...shift, time: formatTime(shift.began) }) : "";
}

function row(payment) {
  const { amount, currency, reference, status, time } = payment;
  const row = document.createElement("tr");
  const cell = (text, name) => {
    const cell = row.insertCell();
    cell.textContent = text;
    cell.className = name;
    return cell;
  };
  cell(formatDayAndTime(time), "digits");
  cell(formatAmount(amount, currency), "number digits");
  const name = hasTranslation(`status.${status}`) ? status : "other";
  const badge = document.createElement("span");
  badge.textContent = translate(`status.${name}`);
  badge.className = "badge";
  badge.dataset.status = name;
  cell("", "").append(badge);
  cell(reference, "digits reference");
  const button = (name, act) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = translate(name);
    button.setAttribute("aria-label", `${translate(name)}: ${formatAmount(amount, currency)}, ${formatDayAndTime(time)}`);
    button.addEventListener("click", () => act(payment));
    return button;
  };
  const receipts = isPrintable(payment) ? [button("payments.receipt", printListed)] : [];
  const voids = VOIDABLE.includes(status) ? [button("payments.void", voidListed)] : [];
  cell("", "act").append(...voids, ...receipts);
  return row;
}

async function printListed(payment) {
  message = null;
  try {
    await printReceipt(payment);
  } catch (error) {
    if (isRevoked(error)) return handleRevocation();
    message = "payments.unreachable";
  }
  return render();
}

async function voidListed(payment) {
  const { amount, currency, reference, time } = payment;
  const text = translate("void.text", { amount: formatAmount(amount, currency), time: formatDayAndTime(time) });
  if (!(await confirmVoid(text))) return;
  let failed = null;
  try {
    await withManager((manager) => voidPayment({ reference, manager }))();
  } catch (error) {
    if (isRevoked(error)) return handleRevocation();
    if (error instanceof NoManagerError) return element("payments-again").focus();
    if (error instanceof UnknownOutcomeError) failed = "payments.voidunknown";
    else if (error instanceof RejectionError) failed = REFUSALS[error.problem] ?? "payments.voidrefused";
    else throw error;
  }
  await load();
  if (failed) {
    message = failed;
    render();
  }
  element("payments-again").focus();
}

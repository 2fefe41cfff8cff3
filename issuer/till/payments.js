// The till's last payments, and taking one back.

import { Refused, Unclear, authorisations, isRevoked, voidIt } from "./api.js";
import { money } from "./money.js";
import { element, show } from "./page.js";
import { confirmVoid } from "./sale.js";
import { hasWord, timeOf, word } from "./words.js";

/** Statuses that can be taken back. */
const LIVE = ["approved", "pending"];

let list = [];
let says = null;
let revoked = () => {};

/** Listens; `onRevoked` is called when the service knows this till no more. */
export function begin(onRevoked) {
  revoked = onRevoked;
  element("payments-again").addEventListener("click", load);
}

/** Shows the list as it is now. */
export function open() {
  show("payments");
  element("payments-again").focus();
  return load();
}

async function load() {
  says = "payments.loading";
  write();
  try {
    list = (await authorisations()).authorisations;
    says = list.length === 0 ? "payments.none" : null;
  } catch (error) {
    if (isRevoked(error)) return revoked();
    says = "payments.unreachable";
  }
  write();
}

/** Writes the list into the page. */
export function write() {
  element("payments-says").textContent = says ? word(says) : "";
  element("payments").hidden = list.length === 0;
  element("payments").tBodies[0].replaceChildren(...list.map(row));
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
  cell(timeOf(time), "digits");
  cell(money(amount, currency), "number digits");
  const name = hasWord(`status.${status}`) ? status : "other";
  const badge = document.createElement("span");
  badge.textContent = word(`status.${name}`);
  badge.className = "badge";
  badge.dataset.status = name;
  cell("", "").append(badge);
  cell(reference, "digits reference");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = word("payments.void");
  button.setAttribute("aria-label", `${word("payments.void")}: ${money(amount, currency)}, ${timeOf(time)}`);
  button.addEventListener("click", () => take(payment));
  cell("", "act").append(...(LIVE.includes(status) ? [button] : []));
  return row;
}

async function take(payment) {
  const { amount, currency, reference, time } = payment;
  const text = word("void.text", { amount: money(amount, currency), time: timeOf(time) });
  if (!(await confirmVoid(text))) return;
  let failed = null;
  try {
    await voidIt({ reference });
  } catch (error) {
    if (isRevoked(error)) return revoked();
    if (error instanceof Unclear) failed = "payments.voidunknown";
    else if (error instanceof Refused) failed = "payments.voidrefused";
    else throw error;
  }
  await load();
  if (failed) {
    says = failed;
    write();
  }
  element("payments-again").focus();
}

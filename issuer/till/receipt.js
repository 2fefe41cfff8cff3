// A receipt on paper. The browser prints the page, whose style for paper shows the receipt alone.

import { authorisation } from "./api.js";
import { formatAmount } from "./money.js";
import { element } from "./page.js";
import { storage } from "./storage.js";
import { formatDayAndTime, hasTranslation, translate } from "./translations.js";

/** How card brands write their names; another one is shown as the service has it. */
const BRANDS = {
  amex: "American Express",
  diners: "Diners Club",
  discover: "Discover",
  jcb: "JCB",
  mastercard: "Mastercard",
  unionpay: "UnionPay",
  visa: "Visa",
};

/** Statuses of which there is a receipt. */
const PRINTABLE = ["approved", "refunded"];

/** Whether there is a receipt of a payment. */
export function isPrintable({ id, status }) {
  return Boolean(id) && PRINTABLE.includes(status);
}

/**
 * Prints the receipt of a payment. One from the list does not say which card was charged, so the service is asked first:
 * throws UnknownOutcomeError or RejectionError if that fails. A card that its owner has removed is not named.
 */
export async function printReceipt(payment) {
  const { card, ...known } = payment.card ? payment : { ...payment, ...(await authorisation(payment.id)) };
  element("receipt-shop").textContent = storage.till.shop;
  element("receipt-parts").replaceChildren(...partsOf(known, card).flatMap(([name, text]) => part(name, text)));
  window.print();
}

function partsOf({ id, amount, currency, reference, status, time }, card) {
  const brand = card && (Object.hasOwn(BRANDS, card.brand) ? BRANDS[card.brand] : card.brand);
  const name = hasTranslation(`status.${status}`) ? status : "other";
  return [
    ["payments.amount", formatAmount(amount, currency)],
    ["payments.status", translate(`status.${name}`)],
    ["payments.time", formatDayAndTime(time)],
    ...(card ? [["receipt.card", translate("receipt.card.text", { brand, digits: card.last4 })]] : []),
    ["payments.reference", reference],
    ["receipt.number", id],
    ["card.till", storage.till.till],
  ];
}

function part(name, text) {
  const [term, value] = [document.createElement("dt"), document.createElement("dd")];
  term.textContent = translate(name);
  value.textContent = text;
  return [term, value];
}

// What the cashier is told: each way that a sale can stand, with its tone, its words and what can be done then.

import { element, say } from "./page.js";
import { money } from "./money.js";
import { play } from "./sound.js";
import { hasWord, timeOf, word } from "./words.js";

/** Tone, sign and what the buttons do, by status. The first button has the focus. */
const LOOKS = {
  asking: { tone: "quiet", sign: "wait", buttons: [] },
  slow: { tone: "wait", sign: "wait", buttons: ["void"] },
  offline: { tone: "wait", sign: "wait", buttons: ["void"] },
  pending: { tone: "wait", sign: "wait", buttons: ["later", "void"] },
  reversing: { tone: "quiet", sign: "back", buttons: ["later"] },
  voiding: { tone: "quiet", sign: "back", buttons: [] },
  approved: { tone: "good", sign: "yes", buttons: ["next"] },
  declined: { tone: "bad", sign: "no", buttons: ["stop", "again"] },
  voided: { tone: "quiet", sign: "back", buttons: ["next"] },
  refunded: { tone: "quiet", sign: "back", buttons: ["next"] },
  refused: { tone: "bad", sign: "no", buttons: ["next"] },
};

/** Reasons after which the shopper's next code may do. */
const WORTH_ANOTHER = ["used", "not_valid", "try_again"];

/** The status that this page knows for what the service answered. */
export function known(answer) {
  return Object.hasOwn(LOOKS, answer.status) ? answer.status : "refused";
}

/** Without a reason of the service's own, it was the card. */
function reasonOf({ reason = "card" }) {
  return hasWord(`answer.declined.${reason}`) ? reason : "other";
}

/** What the buttons do then, the first one first. */
export function buttonsOf(answer) {
  const { buttons } = LOOKS[known(answer)];
  const isAnother = answer.status === "declined" && WORTH_ANOTHER.includes(answer.reason);
  return isAnother ? ["again", "stop"] : buttons;
}

/** Writes the answer to `sale` into the page. */
export function write(sale) {
  const { answer } = sale;
  const status = known(answer);
  const { tone, sign } = LOOKS[status];
  element("answer").dataset.tone = tone;
  element("answer").dataset.sign = sign;
  element("answer-title").textContent = word(`answer.${status}`);
  element("answer-amount").textContent = money(sale.amount, sale.currency);
  element("answer-text").textContent =
    status === "declined" ? word(`answer.declined.${reasonOf(answer)}`) : word(`answer.${status}.text`);
  const time = timeOf(answer.time ?? sale.began);
  element("answer-small").textContent = word("answer.small", { reference: sale.reference, time });
  const buttons = buttonsOf(answer);
  [element("answer-first"), element("answer-second")].forEach((button, number) => {
    button.hidden = !buttons[number];
    button.textContent = buttons[number] ? word(`answer.${buttons[number]}`) : "";
  });
}

/** Tells it: in words to a screen reader, and by its sound. */
export function tell(sale) {
  write(sale);
  const [title, amount, text] = ["answer-title", "answer-amount", "answer-text"].map((id) => element(id).textContent);
  say(`${title}. ${amount}. ${text}`);
  play(LOOKS[known(sale.answer)].tone);
  element("answer-first").focus();
}

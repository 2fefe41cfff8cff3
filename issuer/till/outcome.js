// What the cashier sees: each outcome of a sale, with its tone, its texts and its buttons.

import { announce as announceText, element } from "./page.js";
import { formatAmount } from "./money.js";
import { play } from "./sound.js";
import { hasTranslation, formatTime, translate } from "./translations.js";

/** Tone, sign and buttons of each status. The first button is highlighted and has the focus; it never voids. */
const APPEARANCES = {
  asking: { tone: "quiet", sign: "wait", buttons: [] },
  slow: { tone: "wait", sign: "wait", buttons: [null, "void"] },
  offline: { tone: "wait", sign: "wait", buttons: [null, "void"] },
  pending: { tone: "wait", sign: "wait", buttons: ["later", "void"] },
  reversing: { tone: "quiet", sign: "back", buttons: ["later"] },
  voiding: { tone: "quiet", sign: "back", buttons: [] },
  approved: { tone: "good", sign: "yes", buttons: ["next", "receipt"] },
  // Paid by an earlier request for the same sale: the cashier has to look.
  repeated: { tone: "wait", sign: "yes", buttons: ["next", "receipt"] },
  declined: { tone: "bad", sign: "no", buttons: ["stop"] },
  voided: { tone: "quiet", sign: "back", buttons: ["next"] },
  refunded: { tone: "quiet", sign: "back", buttons: ["next"] },
  refused: { tone: "bad", sign: "no", buttons: ["next"] },
};

/** Reasons for which the shopper's next code may be accepted. */
const RETRYABLE_REASONS = ["used", "not_valid", "try_again"];

/** Statuses behind which the sale is over, and the next one can begin. */
const OVER = ["approved", "voided", "refunded"];

/** Returns the status of an answer; "refused" for one that this page does not know. */
export function statusOf(answer) {
  if (answer.status === "approved" && answer.repeated) return "repeated";
  return Object.hasOwn(APPEARANCES, answer.status) ? answer.status : "refused";
}

/** Returns the reason of a declined payment. An answer without one means that the card was declined. */
function reasonOf({ reason = "card" }) {
  return hasTranslation(`answer.declined.${reason}`) ? reason : "other";
}

/** Returns the key of the text for a refusal that another amount solves, or null. */
function refusalOf({ status, problem }) {
  const text = `answer.refused.${problem}`;
  return status === "refused" && hasTranslation(text) ? text : null;
}

/** Returns the text of an answer. */
function textOf(answer, time) {
  const status = statusOf(answer);
  if (status === "declined") return translate(`answer.declined.${reasonOf(answer)}`);
  return translate(refusalOf(answer) ?? `answer.${status}.text`, { time });
}

/** Returns the actions of the buttons for an answer, the first button first. */
export function buttonsOf(answer) {
  const { buttons } = APPEARANCES[statusOf(answer)];
  if (refusalOf(answer)) return ["change"];
  if (answer.status !== "declined") return buttons;
  if (RETRYABLE_REASONS.includes(answer.reason)) return ["again", "stop"];
  // With another card chosen in the app, the next code may be paid.
  return reasonOf(answer) === "card" ? ["stop", "again"] : buttons;
}

/** Whether the sale is over with this answer. */
export function isOver(answer) {
  return OVER.includes(answer.status);
}

/** Puts the focus where Enter does what the cashier expects: on the first button, or on the text. */
export function focus() {
  const first = element("answer-first");
  (first.hidden ? element("answer-title") : first).focus();
}

/** Returns the tone of an answer: amber for each that is an earlier request's. */
function toneOf(answer) {
  return answer.repeated ? "wait" : APPEARANCES[statusOf(answer)].tone;
}

/** Renders the answer to `sale`. */
export function render(sale) {
  const { answer } = sale;
  const status = statusOf(answer);
  const { sign } = APPEARANCES[status];
  element("answer").dataset.tone = toneOf(answer);
  element("answer").dataset.sign = sign;
  element("answer-title").textContent = translate(`answer.${status}`);
  element("answer-amount").textContent = formatAmount(sale.amount, sale.currency);
  const time = formatTime(answer.time ?? sale.began);
  element("answer-text").textContent = textOf(answer, time);
  element("answer-small").textContent = translate("answer.small", { reference: sale.reference, time });
  const buttons = buttonsOf(answer);
  [element("answer-first"), element("answer-second")].forEach((button, number) => {
    button.hidden = !buttons[number];
    button.textContent = buttons[number] ? translate(`answer.${buttons[number]}`) : "";
  });
}

/** Renders the answer, announces it to a screen reader and plays its sound. */
export function announce(sale) {
  render(sale);
  const [title, amount, text] = ["answer-title", "answer-amount", "answer-text"].map((id) => element(id).textContent);
  announceText(`${title}. ${amount}. ${text}`);
  play(toneOf(sale.answer));
  focus();
}

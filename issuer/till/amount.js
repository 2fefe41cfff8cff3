// Reading an amount. Nothing is skipped: a character that does not belong to an amount is a problem.

import { plain } from "./digits.js";

/** Most digits of an amount in minor units. The 13 digits of an article's barcode are no amount. */
const AMOUNT_DIGITS = 7;

/**
 * Parses an amount of a currency with this many decimals: `{ amount }` in minor units, or `{ problem }`, the key of a
 * text. Digits alone are minor units. A decimal mark needs all decimals behind it; grouping marks need three digits behind
 * each, and the decimal mark where the currency has one, since 1,200 could be both 12.00 and 1,200.00.
 */
export function parseAmount(text, decimals) {
  const grouped = String.raw`\d{1,3}(?:,\d{3})+`;
  const part = String.raw`\.\d{${decimals}}`;
  const forms = decimals === 0 ? String.raw`\d*|${grouped}` : String.raw`\d*|(?:\d+|${grouped})${part}`;
  const typed = plain(text);
  if (!new RegExp(`^(?:${forms})$`).test(typed)) return { problem: "amount.sign" };
  const digits = typed.replace(/\D/g, "").replace(/^0+/, "");
  return digits.length > AMOUNT_DIGITS ? { problem: "amount.notone" } : { amount: Number(digits) };
}

/** Whether more digits can make an amount of a text that is none yet, such as `12.` or `1,2`. */
export function isUnfinished(text, decimals) {
  const part = decimals > 0 ? `.${"0".repeat(decimals)}` : "";
  const endings = ["0", "00", "000"].flatMap((zeros) => [zeros, `${zeros}${part}`]);
  return [part, ...endings].some((ending) => "amount" in parseAmount(text + ending, decimals));
}

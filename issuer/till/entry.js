// What keys bring: an amount, a payment code, a code right behind an amount, an article's barcode, or none of these.

import { parseAmount } from "./amount.js";
import { CODE_DIGITS, plain, withoutControls } from "./digits.js";

/** What a scanner can send before what it read (ISO/IEC 15424), for Code 128 and QR Code, the wallet's symbols. */
const IDENTIFIER = String.raw`\](?:C[01]|Q[0-6])`;

/** An amount, or nothing, and a code behind it. */
const WITH_CODE = new RegExp(`^(.*?)(?:${IDENTIFIER})?(\\d{${CODE_DIGITS}})$`);

/** An identifier of any kind of barcode. */
const ANY_IDENTIFIER = /\][A-Za-z][0-9A-Za-z]/;

/** Digits of an article's number (GTIN), its check digit included. */
const ARTICLE_DIGITS = [8, 12, 13, 14];

/** Whether the last digit is the check digit of an article's number. */
export function hasCheckDigit(digits) {
  const weighted = Array.from(digits).reverse().map((digit, place) => Number(digit) * (place % 2 === 0 ? 1 : 3));
  return weighted.reduce((sum, value) => sum + value, 0) % 10 === 0;
}

function isArticle(text, decimals) {
  if (!/^\d+$/.test(text) || !ARTICLE_DIGITS.includes(text.length)) return false;
  return hasCheckDigit(text) || "problem" in parseAmount(text, decimals);
}

/**
 * Parses what was typed where an amount is expected: `{ amount, code }`, where the amount may be 0 and the code null, or
 * `{ problem }`, the key of a text. The last `fast` characters were typed at a scanner's speed: more of them than a code
 * has, behind what was typed before, are a longer barcode, whose beginning is no part of the amount.
 */
export function parseEntry(text, { decimals = 0, fast = 0 } = {}) {
  const typed = plain(text);
  const run = withoutControls(typed);
  const [, rest, code] = WITH_CODE.exec(run) ?? [];
  if (code) {
    if (fast > 0 && fast < typed.length && isLonger(typed.slice(-fast))) return { problem: "amount.mixed" };
    const { amount, problem } = parseAmount(rest, decimals);
    if (problem) return { problem: problem === "amount.sign" ? "amount.mixed" : problem };
    return { amount, code };
  }
  if (holdsCode(run)) return { problem: "amount.mixed" };
  if (fast > 0 && isArticle(withoutControls(typed.slice(-fast)), decimals)) return { problem: "amount.article" };
  if (ANY_IDENTIFIER.test(run)) return { problem: "amount.barcode" };
  const { amount, problem } = parseAmount(typed.replace(/^\p{Cc}+|\p{Cc}+$/gu, ""), decimals);
  return problem ? { problem } : { amount, code: null };
}

/** Whether what a scanner sent at once is more than a code. */
function isLonger(sent) {
  return withoutIdentifier(sent).length > CODE_DIGITS;
}

/** Whether a text holds as many digits in a row as a code, and something else with them. */
function holdsCode(text) {
  return new RegExp(`\\d{${CODE_DIGITS}}`).test(text) && /\D/.test(text);
}

/** Returns a text without what a scanner sends before and behind a code. */
export function withoutIdentifier(text) {
  return withoutControls(plain(text)).replace(new RegExp(`^\\s*${IDENTIFIER}`), "");
}

/** Parses what was typed where a code is expected: `{ code }` or `{ problem }`. Spaces and hyphens may group digits. */
export function parseCode(text) {
  const rest = withoutIdentifier(text);
  const digits = rest.replace(/[\s-]/g, "");
  if (/\D/.test(digits)) return { problem: holdsCode(digits) ? "scan.mixed" : "scan.notone" };
  return digits.length === CODE_DIGITS ? { code: digits } : { problem: "scan.notone" };
}

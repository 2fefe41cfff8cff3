// What keys bring: an amount, a payment code, a code right behind an amount, some other barcode, or none of these.

import { parseAmount } from "./amount.js";
import { CODE_DIGITS, plain } from "./digits.js";

/** Fewest characters at a scanner's speed that are a barcode: more than the digits of an amount. */
export const SHORTEST_BARCODE = 8;

/**
 * What a scanner can send before what it read (ISO/IEC 15424), for Code 128 and QR Code, the wallet's symbols. `]C1` and
 * `]Q3` to `]Q6` tell of an FNC1, which makes a label of GS1 or another application: it is never a payment code.
 */
const IDENTIFIER = String.raw`\](?:C0|Q[0-2])`;

/** An identifier of any kind of barcode. */
const ANY_IDENTIFIER = String.raw`\][A-Za-z][0-9A-Za-z]`;

/** What a scanner sends for an FNC1 within a label of GS1. */
export const SEPARATOR = "\x1d";

/** Control characters that a scanner sends around what it read. */
const FRAME = String.raw`[\x00-\x1c\x1e\x1f\x7f-\x9f]*`;

const BEFORE_CODE = `${FRAME}(?:${IDENTIFIER})?${FRAME}`;

/** An amount, or nothing, and a code behind it. */
const WITH_CODE = new RegExp(`^(.*?)${BEFORE_CODE}(\\d{${CODE_DIGITS}})${FRAME}$`, "s");

/** A barcode that is of a known kind and no payment code: the identifier tells, or the separator. */
const OTHER_BARCODE = new RegExp(`^${FRAME}${ANY_IDENTIFIER}|${SEPARATOR}`);

/** Digits of an article's number (GTIN), its check digit included. */
const ARTICLE_DIGITS = [8, 12, 13, 14];

/** Returns how many characters at the end of a text are a code with what a scanner sends around it; 0 for none. */
export function codeLength(text) {
  const typed = plain(text);
  const [whole, rest] = WITH_CODE.exec(typed) ?? [];
  return whole ? typed.length - rest.length : 0;
}

/** Whether the last `fast` characters of a text, typed at a scanner's speed, are a barcode. */
export function endsInBarcode(text, fast) {
  return fast >= SHORTEST_BARCODE || (fast > 0 && OTHER_BARCODE.test(plain(text).slice(-fast)));
}

/**
 * Parses what was typed where an amount is expected: `{ amount, code }`, where the amount may be 0 and the code null, or
 * `{ problem }`, the key of a text. The last `fast` characters were typed at a scanner's speed: they are one barcode and
 * count as a whole. A register may send an amount and a code at once: they are told from a longer barcode by the
 * `prefixes` that this issuer's codes begin with.
 */
export function parseEntry(text, { decimals = 0, fast = 0, prefixes = [] } = {}) {
  const typed = plain(text);
  if (endsInBarcode(text, fast)) {
    const problem = barcodeProblem(typed.slice(-fast), decimals, prefixes);
    if (problem) return { problem };
  }
  const [, rest, code] = WITH_CODE.exec(typed) ?? [];
  if (!code && holdsCode(typed)) return { problem: "amount.mixed" };
  const { amount, problem } = parseAmount(code ? rest : withoutFrame(typed), decimals);
  if (!problem) return { amount, code: code ?? null };
  return { problem: code && problem === "amount.sign" ? "amount.mixed" : problem };
}

/** Returns why a barcode is neither a payment code nor an amount, or null. */
function barcodeProblem(sent, decimals, prefixes) {
  const [, before, code] = WITH_CODE.exec(sent) ?? [];
  if (before === "") return null;
  if (OTHER_BARCODE.test(sent)) return "amount.barcode";
  const isOfIssuer = prefixes.some((prefix) => code?.startsWith(prefix));
  if (isOfIssuer && parseAmount(before, decimals).amount > 0) return null;
  const rest = withoutFrame(sent);
  if (/\D/.test(rest)) return holdsCode(rest) ? "amount.mixed" : null;
  if (ARTICLE_DIGITS.includes(rest.length)) return "amount.article";
  return rest.length >= SHORTEST_BARCODE ? "amount.barcode" : null;
}

/** Whether a text holds as many digits in a row as a code, and something else with them. */
function holdsCode(text) {
  return new RegExp(`\\d{${CODE_DIGITS}}`).test(text) && /\D/.test(text);
}

function withoutFrame(text) {
  return text.replace(new RegExp(`^${FRAME}|${FRAME}$`, "g"), "");
}

/** Returns a text without what a scanner sends before and behind a code. */
export function withoutIdentifier(text) {
  return withoutFrame(plain(text).replace(new RegExp(`^\\s*${BEFORE_CODE}`), ""));
}

/** Parses what was typed where a code is expected: `{ code }` or `{ problem }`. Spaces and hyphens may group digits. */
export function parseCode(text) {
  const rest = withoutIdentifier(text);
  const digits = rest.replace(/[\s-]/g, "");
  if (/\D/.test(digits)) return { problem: holdsCode(digits) ? "scan.mixed" : "scan.notone" };
  return digits.length === CODE_DIGITS ? { code: digits } : { problem: "scan.notone" };
}
